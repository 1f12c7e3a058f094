"""The targets of a fleet, each in a namespace of its own, and the daemons that run there.

    balancer: br1 ==veth== eth0 of node 1        br2 ==veth== eth0 of node 2  ...

The balancer's end is a bridge with a second port, so that it stays up and goes on sending when a node's interface is
deleted: into nothing, as with a detached network interface of a cloud.
"""

import os
import re
import signal
import sys

from lab import hosts
from lab.daemon import Vtapd
from lab.deadline import until
from lab.frames import VXLAN_PORT
from lab.netns import Namespace, wire

SETTLE_S = 1  # [health] settle; as the checker, ten times as fast as by default
JUDGE_S = 1  # the daemon looks at its conditions once a second
PATHS = ("fast path", "fast path", "worker")  # of the nodes, so that what befalls all of them meets both
FASTPATH = {"fast path": "require", "worker": "off"}
CONF = f"""
[daemon]
on-stop = keep

[health]
settle = {SETTLE_S}s
drain-time = 1m

[metrics]
listen = 0.0.0.0:9478

[target default]
underlay = eth0
fastpath = {{fastpath}}

[session web]
vni = 4321
"""


class Node:
    """One target: `name`, `address`, the path of its frames, its namespace, its daemon. `number` is from 1."""

    def __init__(self, balancer_ns, number):
        self.name, self.address, self._number = f"node{number}", f"10.88.{number}.2", number
        self.path = PATHS[number - 1]
        self.bridge = f"br{number}"
        self._balancer_ns, self._router = balancer_ns, f"10.88.{number}.1"
        self._mac, self._router_mac = f"02:00:00:88:{number:02}:02", f"02:00:00:88:{number:02}:01"
        self.ns = Namespace(self.name)
        hosts.quieten(self.ns)
        self.ns.sysctl(net__ipv4__conf__all__rp_filter=0, net__ipv4__conf__default__rp_filter=0)
        balancer_ns.batch([f"link add {self.bridge} address {self._router_mac} type bridge mcast_snooping 0",
                           f"link add stub{number} type veth peer name rest{number}",
                           f"link set stub{number} master {self.bridge} up", f"link set rest{number} up",
                           f"link set {self.bridge} up", f"address add {self._router}/24 dev {self.bridge}",
                           f"neigh replace {self.address} lladdr {self._mac} dev {self.bridge} nud permanent"])
        self.daemon = None
        self.plug()

    def plug(self):
        """Make the underlay (again)."""
        wire(self._balancer_ns, f"port{self._number}", self.ns, "eth0", right_mac=self._mac)
        self._balancer_ns.ip(f"link set port{self._number} master {self.bridge}")
        self.ns.batch([f"address add {self.address}/24 dev eth0",
                       f"neigh replace {self._router} lladdr {self._router_mac} dev eth0 nud permanent",
                       f"route add default via {self._router}"])

    def unplug(self):
        self.ns.ip("link del eth0")

    def is_plugged(self):
        return self.ns.has("eth0")

    def udp(self):
        """The kernel's UDP counters of this host: NoPorts (the port was closed), RcvbufErrors (a socket was full), ..."""
        names, values = re.findall(r"^Udp: (.*)$", self.ns.read("/proc/net/snmp"), re.MULTILINE)
        return dict(zip(names.split(), map(int, values.split())))

    def n_unread(self):
        """Bytes that wait in sockets of the mirror's port."""
        tables = (self.ns.read(f"/proc/net/{name}").splitlines()[1:] for name in ("udp", "udp6"))
        rows = [line.split() for table in tables for line in table]
        return sum(int(row[4].partition(":")[2], 16) for row in rows if row[1].endswith(f":{VXLAN_PORT:04X}"))

    def remove(self):
        self.ns.remove()


class StandIn:
    """In the place of vtapd, where only the lab is proved: a program that listens as vtapd does, and shows nothing.
    What would be its tap is its underlay."""

    tap = "eth0"

    def __init__(self, node):
        self._ns, self._process = node.ns, None

    def start(self):
        program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "standin.py")
        self._process = self._ns.start(sys.executable, program)
        until(lambda: ":4789" in self._ns.run("ss", "-Hltn").stdout, "the stand-in listens", seen=self._process.poll)
        return self

    def kill(self):
        self._process.kill()
        self._process.wait()

    def remove(self, check=True):
        del check
        self.kill()


class Daemon(Vtapd):
    """vtapd on a node."""

    tap = "mirror-web"

    def __init__(self, node):
        super().__init__(node.ns, CONF.format(fastpath=FASTPATH[node.path]))

    def drain(self, *argv, expect=0):
        done = self.ctl("drain", *argv)
        assert done.returncode == expect, f"drain: exit {done.returncode}\n{done.stdout}{done.stderr}{self.log()}"
        return done

    def recover(self):
        """However a test left it: it runs, and does not drain."""
        if not self.is_running():
            self.start()
        self.signal(signal.SIGCONT)
        if self.get("/v1/drain")["draining"]:
            self.undrain()

    def undrain(self):
        done = self.ctl("undrain")
        assert done.returncode == 0, f"undrain: exit {done.returncode}\n{done.stdout}{done.stderr}{self.log()}"
