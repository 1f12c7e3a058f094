"""The two ends of an underlay: a target where vtapd runs, and a sender that mirrors to it.

The underlay is silent by itself: addresses of the other end are permanent neighbours, router solicitations
and duplicate address detection are off, and the kernel's multicast reports are over before the target is handed out.
So any frame that leaves the target later has been caused by somebody.
"""

import errno
import re
import socket
import struct

from . import frames
from .deadline import steady, until
from .netns import Namespace, wire

TARGET_MAC, SENDER_MAC = "02:00:00:00:77:02", "02:00:00:00:77:01"
SECOND_MAC = "02:00:00:00:78:02"
TARGET_V4, SENDER_V4 = "10.77.0.2", "10.77.0.1"
TARGET_V6, SENDER_V6 = "fd77::2", "fd77::1"
UNDERLAY_MTU = 9200  # a mirrored jumbo frame of 9,001 + 14 bytes and its 50 (70) bytes of outer headers

REPORTS_S = 0.04  # the kernel's multicast reports are 1 ms apart here, in ticks of at most 10 ms


def quieten(ns):
    """No chatter of the namespace's own: no router solicitations, no detection of double addresses, and
    multicast reports at once."""
    ns.sysctl(net__ipv6__conf__default__accept_dad=0, net__ipv6__conf__default__router_solicitations=0,
              net__ipv6__conf__default__mldv2_unsolicited_report_interval=1)
    ns.ip("link set lo up")


class Target:
    """The namespace of vtapd (a new one, if none is given), its underlay `eth0`, and the sender's end of the wire."""

    def __init__(self, sender=None, mtu=UNDERLAY_MTU, ns=None):
        self.ns = ns or Namespace("target")
        self.sender = sender or Namespace("sender")
        self._owns_sender = sender is None
        self.mtu = mtu
        for ns in (self.ns, self.sender):
            quieten(ns)
            ns.sysctl(net__ipv4__conf__all__rp_filter=0, net__ipv4__conf__default__rp_filter=0)
        self.plug()

    def plug(self):
        """Make the underlay (again)."""
        wire(self.sender, "mir0", self.ns, "eth0", SENDER_MAC, TARGET_MAC, self.mtu)
        _address(self.sender, "mir0", SENDER_V4, SENDER_V6, TARGET_V4, TARGET_V6, TARGET_MAC)
        self._address_underlay("eth0")

    def _address_underlay(self, interface):
        _address(self.ns, interface, TARGET_V4, TARGET_V6, SENDER_V4, SENDER_V6, SENDER_MAC)
        self.ns.ip(f"route add default via {SENDER_V4}")
        steady(self.underlay_counts, "the underlay", for_s=REPORTS_S)

    def move_underlay(self, interface):
        """The addresses of eth0 to an interface that stands on it: a VLAN device, a bond."""
        self.ns.ip("address flush dev eth0")
        self._address_underlay(interface)

    def plug_second(self):
        """A second underlay, eth1, for packets to the same address (which stays when eth0 goes): only the MAC and
        the wire differ."""
        self.ns.ip(f"address add {TARGET_V4}/32 dev lo")
        wire(self.sender, "mir1", self.ns, "eth1", "02:00:00:00:78:01", SECOND_MAC, self.mtu)

    def unplug(self):
        self.ns.ip("link del eth0")

    def remove(self):
        self.ns.remove()
        if self._owns_sender:
            self.sender.remove()

    def mirror(self, interface="mir0"):
        return Mirror(self, interface)

    def underlay_counts(self):
        """(packets received, packets sent) by the target's underlay, but for its own multicast reports."""
        row = re.search(r"eth0:\s+\d+ +(\d+)(?: +\d+){7} +(\d+)", self.ns.read("/proc/net/dev"))
        received, sent = map(int, row.groups())
        return received, sent - self._reports()

    def _reports(self):
        """Multicast reports that the kernel sent there (MLDv2): it repeats them when it comes to it."""
        try:
            row = re.search(r"Icmp6OutType143\s+(\d+)", self.ns.read("/proc/net/dev_snmp6/eth0"))
        except FileNotFoundError:  # no IPv6
            row = None
        return int(row.group(1)) if row else 0


def is_multicast_report(frame):
    """Of the kernel, which repeats what groups a host is in when it comes to it (MLDv2, RFC 3810 section 5.2.14)."""
    return frame[:6] == b"\x33\x33\x00\x00\x00\x16"


def wait_addresses(ns):
    """Until the underlay has its own link-local address as well, and every one is in use: for those who look whether
    anything changes."""
    def in_use():
        addresses = ns.addresses()
        return "fe80:" in addresses and "tentative" not in addresses
    until(in_use, "the underlay's addresses are in use", seen=ns.addresses)


def _address(ns, interface, v4, v6, peer_v4, peer_v6, peer_mac):
    ns.batch([f"address add {v4}/24 dev {interface}",
              f"address add {v6}/64 dev {interface} nodad",
              f"neigh replace {peer_v4} lladdr {peer_mac} dev {interface} nud permanent",
              f"neigh replace {peer_v6} lladdr {peer_mac} dev {interface} nud permanent"])


def put(sock, frame):
    """Send a frame until it is on the wire: where the other end's queue (the backlog of a core) is full, veth says so,
    and the frame is sent once more."""
    def sent():
        try:
            return sock.send(frame)
        except OSError as error:
            if error.errno != errno.ENOBUFS:
                raise
            return 0
    until(sent, "the other end has room for a frame")


class Mirror:
    """A raw socket on the sender's end: whatever it sends, arrives at the target's underlay as it is."""

    def __init__(self, target, interface="mir0"):
        self._mac = TARGET_MAC if interface == "mir0" else SECOND_MAC
        self._socket = target.sender.packet_socket(interface, 0)
        self._socket.setsockopt(socket.SOL_SOCKET, 32, 1 << 26)  # SO_SNDBUFFORCE

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        self._socket.close()

    def fileno(self):
        return self._socket.fileno()

    def send_raw(self, frame):
        put(self._socket, frame)

    def send_ip(self, packet):
        """An IPv4 or IPv6 packet to the target's MAC."""
        ethertype = frames.ETH_IPV6 if packet[0] >> 4 == 6 else frames.ETH_IPV4
        self.send_raw(frames.ethernet(SENDER_MAC, self._mac, ethertype, packet))

    def send_udp(self, payload, source=SENDER_V4, port=frames.VXLAN_PORT, flow=65408):
        """A UDP payload as AWS wraps it (seen there); `flow` is the outer source port."""
        datagram = frames.udp(flow, port, payload)
        if ":" in source:
            self.send_ip(frames.ipv6(source, TARGET_V6, datagram))
        else:
            self.send_ip(frames.ipv4(source, TARGET_V4, datagram))

    def send(self, vni, frame, source=SENDER_V4, port=frames.VXLAN_PORT, flow=65408, **header):
        """An inner frame in VXLAN. `header`: flags, reserved, last."""
        self.send_udp(frames.vxlan(vni, frame, **header), source, port, flow)

    def wrap(self, vni, frame, flow=65408):
        """The whole outer frame of send(), for those who send thousands."""
        packet = frames.ipv4(SENDER_V4, TARGET_V4, frames.udp(flow, frames.VXLAN_PORT, frames.vxlan(vni, frame)))
        return frames.ethernet(SENDER_MAC, self._mac, frames.ETH_IPV4, packet)

    def send_fragments(self, vni, frame, ident, source=SENDER_V4):
        """An inner frame whose outer packet comes in fragments."""
        datagram = frames.udp(65408, frames.VXLAN_PORT, frames.vxlan(vni, frame))
        if ":" in source:
            check = frames.udp6_checksum(source, TARGET_V6, datagram)
            datagram = datagram[:6] + struct.pack("!H", check) + datagram[8:]
            pieces = frames.fragments6(source, TARGET_V6, datagram, ident)
        else:
            pieces = frames.fragments(source, TARGET_V4, datagram, ident)
        for piece in pieces:
            self.send_ip(piece)
        return len(pieces)
