"""The law: inner frames from 14 bytes to 65 kB, of any kind, in any legal outer packet, come out as they were."""

import socket
import struct

import pytest
from scapy.layers.inet import IP, TCP, UDP, ICMP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import ARP, Dot1AD, Dot1Q, Ether, LLC, SNAP
from scapy.layers.vxlan import VXLAN
from scapy.packet import Raw

from lab import frames, hosts

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


@pytest.mark.kernel
def test_inner_frames_when_of_any_kind_then_each_is_shown_once_as_it_was(vtapd, mirror, capture, identical):
    tap = capture()
    sent = [bytes(frame) for frame in INNER.values()]
    for frame in sent:
        mirror.send(4321, frame)
    seen = tap.frames(at_least=len(sent))
    assert vtapd.quiet()["received"] == len(sent), "each outer packet is received once"
    assert tap.settled() == seen
    names = [name for name, frame in zip(INNER, sent) if frame not in seen]
    assert not names, f"not shown as they were: {names}"
    identical("crafted inner frames", sent, seen)


@pytest.mark.parametrize("size", range(14, 20))
@pytest.mark.parametrize("ethertype", [0x8100, 0x88A8], ids=hex)
def test_vlan_tag_when_cut_then_the_kernel_hides_the_frame_and_nothing_else_suffers(
        ethertype, size, vtapd, mirror, capture):
    """A limit of the kernel, not of ours: its receive path frees a frame whose VLAN tag and EtherType (6 bytes
    behind the MACs and 0x8100) are not all there, before any tap (net/core/skbuff.c skb_vlan_untag). Only frames
    cut to less than 20 bytes are like that. When this test fails, the limit has gone."""
    tap = capture()
    cut = frames.ethernet("02:00:00:00:00:0a", "02:00:00:00:00:0b", ethertype, b"\0\x2a\x08\0\0\0")[:size]
    mirror.send(4321, cut)
    mirror.send(4321, frames.numbered(1))
    tap.frames(at_least=1)
    assert vtapd.wait_session("web", received=2)["received"] == 2
    assert tap.settled() == [frames.numbered(1)]


def test_session_when_frames_arrive_then_bytes_are_those_of_the_inner_frames(vtapd, mirror):
    for size in (14, 60, 1514, 9014):
        mirror.send(4321, frames.numbered(1, size)[:size])
    assert vtapd.wait_session("web", received=4)["bytes"] == 14 + 60 + 1514 + 9014


def test_outer_header_when_it_is_aws_own_then_the_frame_is_shown(vtapd, mirror, capture):
    """FACTS 1.1: TOS 0, ID 0, DF 0, TTL 255, UDP checksum 0, flags 08; wrap() is that, test_lab proves it."""
    tap = capture()
    mirror.send_raw(mirror.wrap(4321, bytes(PING)))
    assert tap.frames(at_least=1) == [bytes(PING)]
    assert vtapd.target()["reserved_bits"] == 0


@pytest.mark.parametrize("vni", [0, 1, 255, 256, 65535, 65536, 16777214, 16777215])
def test_vni_when_at_a_limit_then_it_is_told_apart(vni, make_vtapd, mirror):
    vtapd = make_vtapd(f"[session edge]\nvni = {vni}\n")
    for other in {vni ^ 1, vni ^ (1 << 8), vni ^ (1 << 23)}:
        mirror.send(other, bytes(PING))
    mirror.send(vni, bytes(PING))
    vtapd.wait_received(4)
    assert vtapd.session("edge")["received"] == 1
    assert vtapd.target()["drops"] == {"unknown-vni": 3}


@pytest.mark.parametrize("header", [
    {"flags": 0x88}, {"flags": 0x0C}, {"flags": 0xFF}, {"flags": 0x09}, {"reserved": b"\x80\0\0"},
    {"reserved": b"\0\x12\x34"}, {"last": 1}, {"last": 0xFF},
    {"flags": 0xFF, "reserved": b"\xff\xff\xff", "last": 0xFF}], ids=str)
def test_reserved_bits_when_set_then_delivered_and_counted(header, vtapd, mirror, capture):
    tap = capture()
    mirror.send(4321, bytes(PING), **header)
    mirror.send(4321, bytes(TCP_FRAME))
    assert tap.frames(at_least=2) == [bytes(PING), bytes(TCP_FRAME)]
    assert vtapd.target()["reserved_bits"] == 1


def outer_v6(check):
    datagram = frames.udp(65408, frames.VXLAN_PORT, frames.vxlan(4321, bytes(PING)))
    if check:
        datagram = datagram[:6] + struct.pack("!H", frames.udp6_checksum(hosts.SENDER_V6, hosts.TARGET_V6, datagram)) \
            + datagram[8:]
    return frames.ipv6(hosts.SENDER_V6, hosts.TARGET_V6, datagram)


@pytest.mark.parametrize("check", [False, True], ids=["zero checksum", "with checksum"])
def test_underlay_when_ipv6_then_the_frame_is_shown(check, vtapd, mirror, capture):
    tap = capture()
    mirror.send_ip(outer_v6(check))
    assert tap.frames(at_least=1) == [bytes(PING)]
    assert vtapd.session("web")["delivered"] == 1


def test_ipv4_options_when_in_the_outer_header_then_the_frame_is_shown(vtapd, mirror, capture):
    tap = capture()
    datagram = frames.udp(65408, frames.VXLAN_PORT, frames.vxlan(4321, bytes(PING)))
    head = struct.pack("!BBHHHBBH4s4s", 0x47, 0, 28 + len(datagram), 0, 0, 255, 17, 0,
                       socket.inet_aton(hosts.SENDER_V4), socket.inet_aton(hosts.TARGET_V4)) + b"\x01" * 7 + b"\0"
    mirror.send_ip(head[:10] + struct.pack("!H", frames.checksum(head)) + head[12:] + datagram)
    assert tap.frames(at_least=1) == [bytes(PING)]
    assert vtapd.session("web")["delivered"] == 1


def test_trailing_bytes_when_behind_the_outer_packet_then_they_are_not_part_of_the_frame(vtapd, mirror, capture):
    tap = capture()
    mirror.send_raw(mirror.wrap(4321, bytes(PING)) + b"\xEE" * 7)
    assert tap.frames(at_least=1) == [bytes(PING)]
    assert vtapd.session("web")["bytes"] == len(bytes(PING))


LARGEST = 65535 - 20 - 8 - 8  # bytes of inner frame in the largest IPv4 packet


@pytest.mark.parametrize("source", [hosts.SENDER_V4, hosts.SENDER_V6], ids=["ipv4", "ipv6"])
@pytest.mark.parametrize("size", [1500, 20_000, 65_000, LARGEST])
def test_outer_fragments_when_all_arrive_then_the_frame_is_shown(size, source, vtapd, mirror, capture):
    tap = capture(huge=True)
    frame = frames.numbered(1, size)
    assert mirror.send_fragments(4321, frame, ident=77, source=source) >= size // 1500
    assert tap.frames(at_least=1) == [frame]
    assert vtapd.session("web")["bytes"] == size


def test_outer_fragments_when_many_flows_mix_with_whole_packets_then_all_are_shown(vtapd, mirror, capture, identical):
    tap = capture(huge=True, flood=True)
    sent = [frames.numbered(i, 20_000 if i % 5 == 0 else 200) for i in range(200)]
    for i, frame in enumerate(sent):
        if len(frame) > 9000:
            mirror.send_fragments(4321, frame, ident=i)
        else:
            mirror.send(4321, frame)
    seen = tap.frames(at_least=len(sent))
    assert vtapd.session("web")["dropped"] == 0
    identical("outer fragments and whole packets", sorted(sent), sorted(seen))


def test_outer_fragments_when_the_kernel_makes_them_then_the_frame_is_shown(make_target, make_vtapd, capture):
    """An underlay of 1,500 bytes and an ordinary socket: the sender's own stack cuts, ours puts together."""
    target = make_target(mtu=1500)
    vtapd = make_vtapd(ns=target.ns)
    tap = capture(where=target.ns, huge=True)
    frame = frames.numbered(5, 20_000)
    with target.sender.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(frames.vxlan(4321, frame), (hosts.TARGET_V4, frames.VXLAN_PORT))
    assert tap.frames(at_least=1) == [frame]
    assert vtapd.session("web")["delivered"] == 1
