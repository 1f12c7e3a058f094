"""Inner frames of any kind, made to be broken."""

from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import ARP, Dot1AD, Dot1Q, Ether, LLC, SNAP
from scapy.layers.vxlan import VXLAN
from scapy.packet import Raw

from . import frames, hosts

ETHER = Ether(src="02:00:00:00:00:0a", dst="02:00:00:00:00:0b")
PING = ETHER / IP(src="192.0.2.1", dst="192.0.2.2") / ICMP() / Raw(b"x" * 56)
TCP_FRAME = ETHER / IP(src="192.0.2.1", dst="192.0.2.2") / TCP(sport=1, dport=2, flags="S") / Raw(b"y" * 900)


def with_macs(source, destination):
    return Ether(src=source, dst=destination) / bytes(PING)[14:]


INNER = {
    "ping": PING,
    "tcp": TCP_FRAME,
    "header alone, 14 bytes": bytes(PING)[:14],
    "15 bytes": bytes(PING)[:15],
    "cut within the IP header": bytes(TCP_FRAME)[:20],
    "cut after 33 bytes": bytes(TCP_FRAME)[:33],
    "cut within TCP": bytes(TCP_FRAME)[:40],
    "cut within the payload": bytes(TCP_FRAME)[:500],
    "zero source MAC": with_macs("00:00:00:00:00:00", "02:00:00:00:00:0b"),
    "group source MAC": with_macs("01:00:5e:00:00:01", "02:00:00:00:00:0b"),
    "broadcast source and destination": with_macs("ff:ff:ff:ff:ff:ff", "ff:ff:ff:ff:ff:ff"),
    "zero destination MAC": with_macs("02:00:00:00:00:0a", "00:00:00:00:00:00"),
    "ARP, 42 bytes": ETHER / ARP(),
    "802.1Q": ETHER / Dot1Q(vlan=42, prio=5) / bytes(PING)[14:],
    "802.1Q, VLAN 0": ETHER / Dot1Q(vlan=0, prio=7) / bytes(PING)[14:],
    "QinQ, 0x88a8": ETHER / Dot1AD(vlan=7) / Dot1Q(vlan=42) / bytes(PING)[14:],
    "QinQ, 0x8100 twice": ETHER / Dot1Q(vlan=7) / Dot1Q(vlan=42) / bytes(PING)[14:],
    "802.1Q tag and two bytes": bytes(ETHER / Dot1Q(vlan=42))[:18] + b"zz",
    "LLDP, 0x88cc": frames.ethernet("02:00:00:00:00:0a", "01:80:c2:00:00:0e", 0x88CC, b"\x02\x07\x04" + b"z" * 60),
    "pause, 0x8808": frames.ethernet("02:00:00:00:00:0a", "01:80:c2:00:00:01", 0x8808, b"\0\1\0\0"),
    "LACP, 0x8809": frames.ethernet("02:00:00:00:00:0a", "01:80:c2:00:00:02", 0x8809, b"\1" * 110),
    "EAPOL, 0x888e": frames.ethernet("02:00:00:00:00:0a", "01:80:c2:00:00:03", 0x888E, b"\1\0\0\0"),
    "MPLS, 0x8847": frames.ethernet("02:00:00:00:00:0a", "02:00:00:00:00:0b", 0x8847, b"\0\1\x01\xff" + b"m" * 60),
    "PPPoE, 0x8864": frames.ethernet("02:00:00:00:00:0a", "02:00:00:00:00:0b", 0x8864, b"\x11\0\0\1" + b"p" * 60),
    "MACsec, 0x88e5": frames.ethernet("02:00:00:00:00:0a", "02:00:00:00:00:0b", 0x88E5, b"s" * 60),
    "EtherType 0xffff": frames.ethernet("02:00:00:00:00:0a", "02:00:00:00:00:0b", 0xFFFF, b"f" * 60),
    "802.3 with LLC and SNAP": ETHER / LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP() / Raw(b"s" * 40),
    "802.3 of length 0": frames.ethernet("02:00:00:00:00:0a", "02:00:00:00:00:0b", 0, b""),
    "IPv6": ETHER / IPv6(src="2001:db8::1", dst="2001:db8::2") / UDP(sport=1, dport=2) / Raw(b"6" * 30),
    "wrong inner checksums": ETHER / IP(dst="192.0.2.2", chksum=1) / UDP(dport=9, chksum=2) / Raw(b"w"),
    "trailing bytes behind IP": bytes(PING) + b"\xEE" * 7,
    "nested VXLAN": ETHER / IP(src="192.0.2.1", dst=hosts.TARGET_V4) / UDP(sport=65408, dport=4789)
                    / VXLAN(vni=4321, flags=8) / PING,
    "nested VXLAN, twice": ETHER / IP(dst=hosts.TARGET_V4) / UDP(dport=4789) / VXLAN(vni=4321, flags=8)
                           / ETHER / IP(dst=hosts.TARGET_V4) / UDP(dport=4789) / VXLAN(vni=4321, flags=8) / PING,
    "GSO-sized, 9,014 bytes": frames.numbered(1, 9014),
}
WITHOUT_IP_HEADER = {"header alone, 14 bytes", "15 bytes", "cut within the IP header", "cut after 33 bytes"}
"""Of an EtherType that says IP, without a whole header of it."""
