"""A production machine whose traffic the kernel itself mirrors, and the servers that it talks to.

    peer (nginx, dnsmasq) --veth-- source (curl, dig, ping) --veth-- target (vtapd)
                                     eth0  --tc mirred-->  vx0 over mir0

Both directions of the source's eth0 are copied by tc into a kernel vxlan device that sends to the target.
The truth is a capture on that eth0. Offloads are off wherever they would distort it (probed).
All programs run on one core: on two, the copy that tc makes and the one that the capture makes of neighbouring
packets may change places, and the truth would be out of order.
"""

import os
import struct
import subprocess

from . import frames
from .deadline import until
from .hosts import quieten
from .netns import Namespace, wire

VNI = 4321
MTU = 9001
SOURCE_V4, PEER_V4 = "10.0.3.17", "10.0.7.9"
SOURCE_V6, PEER_V6 = "fd03::17", "fd03::9"
SOURCE_MAC, PEER_MAC = "02:00:00:00:03:17", "02:00:00:00:07:09"
HOST_NAME = "server.lab.test"
_ONE_CORE = ("taskset", "-c", str(min(os.sched_getaffinity(0))))
OFFLOADS = "tso off gso off tx off gro off".split()
NGINX = """daemon off; master_process off; worker_processes 1; pid {dir}/nginx.pid; error_log {dir}/nginx.error;
events {{ worker_connections 64; }}
http {{ access_log off; client_body_temp_path {dir}/b; proxy_temp_path {dir}/p; fastcgi_temp_path {dir}/f;
 uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s;
 server {{ listen {v4}:80; listen [{v6}]:80; root {dir}/www; }} }}
"""


class Source:
    """The source host, its peer, and the kernel-made mirror. Wire it to a target with mirror_to()."""

    def __init__(self, directory):
        self.directory = str(directory)
        self.ns, self.peer = Namespace("source"), Namespace("peer")
        self._programs = []
        for ns in (self.ns, self.peer):
            quieten(ns)
        wire(self.ns, "eth0", self.peer, "eth0", SOURCE_MAC, PEER_MAC, MTU)
        for ns, v4, v6 in ((self.ns, SOURCE_V4, SOURCE_V6), (self.peer, PEER_V4, PEER_V6)):
            ns.batch([f"address add {v4}/16 dev eth0", f"address add {v6}/64 dev eth0 nodad"])
            ns.run("ethtool", "-K", "eth0", *OFFLOADS)

    def mirror_to(self, address, underlay="mir0", vni=VNI):
        """The kernel's own mirror: both directions of eth0 into a vxlan device on `underlay`."""
        self.ns.sysctl(net__ipv6__conf__default__disable_ipv6=1)  # the mirror device itself says nothing
        self.ns.ip(f"link add vx0 mtu {MTU} type vxlan id {vni} remote {address} dstport {frames.VXLAN_PORT}"
                   f" dev {underlay} nolearning")
        for device in ("vx0", underlay):
            self.ns.run("ethtool", "-K", device, *OFFLOADS)
        self.ns.ip("link set vx0 up")
        self.ns.run("tc", "qdisc", "add", "dev", "eth0", "clsact")
        for direction in ("ingress", "egress"):
            self.mirror_direction(direction)

    def mirror_direction(self, direction, is_on=True):
        """A filter of the mirror that has this direction, or has not."""
        if not is_on:
            self.ns.run("tc", "filter", "del", "dev", "eth0", direction)
            return
        self.ns.run("tc", *f"filter add dev eth0 {direction} protocol all u32 match u32 0 0"
                           " action mirred egress mirror dev vx0".split())

    def remove(self):
        for program in self._programs:
            program.terminate()
            program.wait(10)
        self.ns.remove()
        self.peer.remove()

    # Servers

    def serve(self):
        """Start nginx and dnsmasq on the peer and wait until they listen."""
        www = os.path.join(self.directory, "www")
        os.makedirs(www, exist_ok=True)
        os.chmod(self.directory, 0o755)
        with open(os.path.join(www, "page"), "wb") as file:
            file.write(bytes(i * 7 % 251 for i in range(300_000)))
        conf = os.path.join(self.directory, "nginx.conf")
        with open(conf, "w", encoding="ascii") as file:
            file.write(NGINX.format(dir=self.directory, v4=PEER_V4, v6=PEER_V6))
        self._start("nginx", "-c", conf, "-p", self.directory, "-e", f"{self.directory}/nginx.error")
        self._start("dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts",
                    "--user=root", "--pid-file=", f"--listen-address={PEER_V4}", "--bind-interfaces",
                    f"--host-record={HOST_NAME},{PEER_V4},{PEER_V6}")
        until(self._listening, "nginx and dnsmasq listen", seen=lambda: self.peer.run("ss", "-Hltun").stdout)

    def _start(self, *argv):
        with open(os.path.join(self.directory, f"{argv[0]}.log"), "wb") as log:
            self._programs.append(self.peer.start(*_ONE_CORE, *argv, stdout=log, stderr=subprocess.STDOUT))

    def _listening(self):
        out = self.peer.run("ss", "-Hltun").stdout
        return all(f"{address} " in out for address in (f"{PEER_V4}:80", f"[{PEER_V6}]:80", f"{PEER_V4}:53"))

    # Clients: real programs, run on the source host

    def http(self, address=PEER_V4):
        host = f"[{address}]" if ":" in address else address
        done = self.ns.run(*_ONE_CORE, "curl", "-sS", "--noproxy", "*", "-o", os.path.join(self.directory, "got"),
                           "-w", "%{http_code} %{size_download}", f"http://{host}/page")
        assert done.stdout == "200 300000", done.stdout

    def dns(self):
        for kind, answer in (("A", PEER_V4), ("AAAA", PEER_V6)):
            got = self.ns.run(*_ONE_CORE, "dig", "+short", "+tries=1", f"@{PEER_V4}", HOST_NAME, kind).stdout.strip()
            assert got == answer, got

    def ping(self, address=PEER_V4, size=56, count=5):
        self.ns.run(*_ONE_CORE, "ping", "-n", "-q", "-i", "0.01", "-c", count, "-s", size, "-M", "do", address)

    # The end of a scene

    def quiet(self):
        """Wait until no connection is on its way (FIN and ACK of the last one are on the wire)."""
        for ns in (self.ns, self.peer):
            until(lambda ns=ns: not ns.run("ss", "-Htn", "state", "connected", "exclude", "time-wait").stdout,
                  f"no connection is open in {ns.label}", seen=lambda ns=ns: ns.run("ss", "-Htan").stdout)

    def mark(self):
        """Send one frame like no other out of eth0; it is mirrored after everything before it. Returns it."""
        frame = frames.ethernet(SOURCE_MAC, PEER_MAC, frames.MARKER_ETHERTYPE, b"vtapd marker" + os.urandom(40))
        with self.ns.packet_socket("eth0", 0) as sock:
            sock.send(frame)
        return frame


def is_ipv6(frame):
    return struct.unpack_from("!H", frame, 12)[0] == frames.ETH_IPV6
