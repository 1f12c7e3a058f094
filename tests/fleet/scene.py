"""The fleet: a mirror source, the balancer with its checker, three nodes, and captures on every wire and tap.

    source: mir0 --veth-- up0 :balancer (nftables, checker): br1, br2, br3 ==== node1, node2, node3 (vtapd)

One sender goes on from begin to end with numbered frames over FLOWS outer flows, every second one to the other target
group. A flow keeps its target as long as that is healthy, so a node that came back gets nothing until there are new flows:
renew() makes the source another host's.
"""

import mmap
import os
import time

import balancer
import checker
from ledger import VNI, Ledger, Place
from nodes import JUDGE_S, SETTLE_S, Node

from lab import frames, hosts
from lab.deadline import until
from lab.netns import Namespace, wire
from lab.sender import FIRST_FLOW, Sender

RATE = 1200  # frames a second, of both groups
ON_THE_WAY = RATE // 100  # frames that were sent just before an event, and may be in somebody's hands when it begins
FLOWS = 60  # even numbers belong to group tcp, odd ones to http
N_NODES = 3
SOURCE_MAC, BALANCER_MAC = "02:00:00:88:00:02", "02:00:00:88:00:01"
SOURCE_V4, BALANCER_V4 = "10.88.0.2", "10.88.0.1"
MIRRORS_V4 = "10.66.0.0/16"  # the hosts whose traffic is mirrored; all are behind the source's wire
SLACK_S = 1.5  # for a machine with other things to do
HEALTHY_S = SETTLE_S + JUDGE_S + checker.worst_s() + 5  # the longest until a node that is well again is healthy


def group_of(number):
    return balancer.GROUPS[number % FLOWS % 2]


class Traffic:
    """What lab.sender sends: the source host of a flow, by group and generation, in memory shared with the sender."""

    def __init__(self, source_ns):
        self._ns, self._generation = source_ns, mmap.mmap(-1, 1)
        self._socket = None

    def renew(self):
        """From now on all flows are new ones."""
        self._generation[0] += 1

    def mirror(self):
        self._socket = self._ns.packet_socket("mir0", 0)
        return self

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self._socket.close()

    def wrap(self, vni, frame, flow):
        i = (flow - FIRST_FLOW) % 2
        return outer(f"10.66.{i}.{1 + self._generation[0]}", balancer.ADDRESSES[balancer.GROUPS[i]],
                     frames.udp(flow, frames.VXLAN_PORT, frames.vxlan(vni, frame)))

    def send_raw(self, packet):
        hosts.put(self._socket, packet)


def outer(source, destination, payload, protocol=frames.UDP):
    """A packet from the source's wire to the balancer."""
    return frames.ethernet(SOURCE_MAC, BALANCER_MAC, frames.ETH_IPV4,
                           frames.ipv4(source, destination, payload, protocol=protocol))


class Fleet:
    """Everything, running. `make_daemon(node)` makes what runs on a node: start, kill, signal, remove, `tap`."""

    def __init__(self, directory, make_daemon):
        self.source, self.ns = Namespace("source"), Namespace("balancer")
        self._make_hosts()
        self.nodes = [Node(self.ns, i + 1) for i in range(N_NODES)]
        self.ns.run("nft", "-f", "-", input=balancer.ruleset(self.addresses()))
        for node in self.nodes:
            node.daemon = make_daemon(node).start()
        self.ledger = Ledger(Place(self.source, "mir0", directory, direction="inout"),
                             {node.name: Place(self.ns, node.bridge, directory, direction="out") for node in self.nodes},
                             {node.name: Place(node.ns, node.daemon.tap, directory) for node in self.nodes})
        self.checker = checker.Checker(self.ns, os.path.join(directory, "checks"), self.addresses())
        self.traffic = Traffic(self.source)
        self.sender = Sender(self.traffic, VNI, RATE, FLOWS)
        self.wait_healthy()
        self.sender.start()

    def _make_hosts(self):
        for ns in (self.source, self.ns):
            hosts.quieten(ns)
            ns.sysctl(net__ipv4__conf__all__rp_filter=0, net__ipv4__conf__default__rp_filter=0)
        wire(self.source, "mir0", self.ns, "up0", SOURCE_MAC, BALANCER_MAC)
        self.source.batch([f"address add {SOURCE_V4}/24 dev mir0", f"route add default via {BALANCER_V4}",
                           f"neigh replace {BALANCER_V4} lladdr {BALANCER_MAC} dev mir0 nud permanent"])
        self.ns.batch([f"address add {BALANCER_V4}/24 dev up0", f"route add {MIRRORS_V4} via {SOURCE_V4}",
                       f"neigh replace {SOURCE_V4} lladdr {SOURCE_MAC} dev up0 nud permanent"])
        self.ns.sysctl(net__ipv4__ip_forward=1, net__netfilter__nf_conntrack_udp_timeout=balancer.UDP_IDLE_S,
                       net__netfilter__nf_conntrack_udp_timeout_stream=balancer.UDP_IDLE_S)

    def remove(self, check=True):
        self.sender.stop()
        self.checker.stop()
        try:
            self.ledger.stop(check)
            for node in self.nodes:
                node.daemon.remove(check)
        finally:
            for node in self.nodes:
                node.remove()
            self.ns.remove()
            self.source.remove()

    def addresses(self, without=()):
        return [node.address for node in self.nodes if node not in without]

    # Waiting

    def wait_healthy(self):
        self.checker.wait(self.addresses(), HEALTHY_S)

    def wait_ejected(self, node, wasted=0):
        """Until both groups have taken this node out, and it alone."""
        self.checker.wait(self.addresses(without=[node]), checker.worst_s(wasted) + SLACK_S)

    def wait_sent(self, count):
        """Until so many more frames have been sent."""
        self.sender.wait_sent(self.sender.sent() + count)

    def renew(self, nodes=None):
        """New flows from now on; until each of these nodes (all of them) has shown one of their frames."""
        begin = self.sender.sent() + 1
        self.traffic.renew()
        for node in nodes or self.nodes:
            tap = self.ledger.taps[node.name]
            until(lambda tap=tap: max(tap.read(), default=0) > begin, f"new flows come to {node.name}",
                  seen=lambda: self.ledger.counts(begin))

    def heal(self):
        """However a test ended: all nodes run, plugged, not draining and healthy, and all have flows."""
        for node in self.nodes:
            if not node.is_plugged():
                node.plug()
            node.daemon.recover()
        self.wait_healthy()
        self.renew()

    def event(self, what, node=None):
        return Event(self, what, node)


class Event:
    """What happens to the frames that are sent from its begin to its end; to one node, or to all of them."""

    def __init__(self, fleet, what, node=None):
        self.fleet, self.what, self.path = fleet, what, node.path if node else "both"
        self.begin, self.at, self.end = max(0, fleet.sender.sent() - ON_THE_WAY), time.time(), None
        self._udp = {node: node.udp() for node in fleet.nodes}
        self._n_answers = fleet.ledger.source.n_answers
        self.moved, self.lost_to = {}, {}

    def strikes(self):
        """Now: moves are timed from here."""
        self.at = time.time()

    def measure_move(self, node):
        """How long after the strike each group still sent frames to this node: `moved`, seconds by group. Call it while
        the node gets nothing any more."""
        ledger, end = self.fleet.ledger, self.fleet.sender.sent()
        ledger.wait_for(self.begin, end)
        last = {group: self.at for group in balancer.GROUPS}
        for number, sights in ledger.wires[node.name].seen.items():
            if self.begin <= number < end:
                last[group_of(number)] = max(last[group_of(number)], sights[0].time)
        self.moved = {group: moment - self.at for group, moment in last.items()}
        return self.moved

    def finish(self):
        """Until all that was sent up to now has come where it goes; lost() is the truth from then on."""
        self.end = self.fleet.sender.sent()
        self.fleet.ledger.wait_for(self.begin, self.end)
        return self

    @property
    def sent(self):
        return self.end - self.begin

    def lost(self):
        """{node: [number, ...]} of those nodes that frames were sent to and not shown."""
        lost = self.fleet.ledger.lost(self.begin, self.end)
        return {node: lost[node.name] for node in self.fleet.nodes if lost[node.name]}

    def problems(self):
        return self.fleet.ledger.problems(self.begin, self.end)

    def rise(self, node, counter):
        """How much a UDP counter of the node's kernel rose since the begin."""
        return node.udp()[counter] - self._udp[node][counter]

    def answers(self):
        """ICMP port unreachable that came back to the source since the begin."""
        return self.fleet.ledger.source.n_answers - self._n_answers

    def arrived(self, node):
        """Frames that this node has shown."""
        return sum(self.begin <= number < self.end for number in self.fleet.ledger.taps[node.name].seen)
