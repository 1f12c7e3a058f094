"""The law of vxlan mode: `vtapctl match` tells what the kernel does with a packet, of each family of outer packets, and
who gets it where somebody does."""

import collections
import socket

import pytest

from conftest import HEADS, MODES
from lab import frames, hosts

WEB, WEB6 = "[session web]\nvni = 4321\n", "[session web6]\nvni = 4321\nfamily = ipv6\n"
FOUR, SIX = "[session four]\nvni = 4\n", "[session six]\nvni = 6\nfamily = ipv6\n"
HEAD = "VNI 4321 to default, UDP 4789:"
TAKEN = "  from IPv4: session web on mirror-web (names the VNI)"
TAKEN6 = "  from IPv6: session web6 on mirror-web6 (names the VNI)"
DROPPED = "  from {}: nobody, dropped and counted nowhere (no session has this VNI in family = {})"
CLOSED = "  from {}: nobody, answered with ICMP port unreachable{} (no session of this target with family = {} is up)"
NO_CHECKSUM = ", or dropped if its UDP checksum is 0"
CLOSED4, CLOSED6 = CLOSED.format("IPv4", "", "ipv4"), CLOSED.format("IPv6", NO_CHECKSUM, "ipv6")
SOURCES = [hosts.SENDER_V4, "203.0.113.9", hosts.SENDER_V6, "2001:db8::1", "64:ff9b::1", "4000::1", "100::1"]


def lines(vtapd, *argv):
    done = vtapd.ctl("match", *argv)
    return done.returncode, done.stdout.splitlines()


@pytest.mark.parametrize("sessions, status, told", [
    (WEB, 0, [TAKEN, CLOSED6]),
    (WEB6, 0, [CLOSED4, TAKEN6]),
    (WEB + WEB6, 0, [TAKEN, TAKEN6]),
    (WEB + SIX, 0, [TAKEN, DROPPED.format("IPv6", "ipv6")]),
    (FOUR, 1, [DROPPED.format("IPv4", "ipv4"), CLOSED6]),
    (FOUR + SIX, 1, [DROPPED.format("IPv4", "ipv4"), DROPPED.format("IPv6", "ipv6")]),
    ("", 1, [CLOSED4, CLOSED6]),
], ids=["IPv4 only", "IPv6 only", "twins", "another VNI in IPv6", "unknown VNI", "unknown in both", "no session"])
def test_match_when_no_source_is_given_then_one_line_for_each_family(sessions, status, told, make_vtapd):
    vtapd = make_vtapd(HEADS["vxlan"] + sessions)
    assert lines(vtapd, "4321") == (status, [HEAD, *told])


def test_match_when_a_source_is_given_then_its_family_alone_decides(make_vtapd):
    vtapd = make_vtapd(HEADS["vxlan"] + WEB + SIX)
    for source, as_told in (("203.0.113.9", "203.0.113.9"), ("::ffff:203.0.113.9", "203.0.113.9")):
        status, text = lines(vtapd, "4321", source)
        assert (status, text[0]) == (0, f"VNI 4321 from {as_told} to default, UDP 4789: "
                                        "session web on mirror-web (by vni)"), text
        assert text[1].startswith("  session web names this VNI (vtapd.conf:") and len(text) == 2, text
    assert lines(vtapd, "4321", "64:ff9b::1") == (1, [
        "VNI 4321 from 64:ff9b::1 to default, UDP 4789: nobody gets it: dropped and counted nowhere",
        "  no session has this VNI in family = ipv6"])
    said = vtapd.match(4321, "64:ff9b::1")
    assert (said["verdict"], said["session"], said["level"], said["prefix"]) == (None, None, None, None), said
    said = vtapd.match(6, "64:ff9b::1")
    assert (said["verdict"], said["session"], said["level"], said["prefix"]) == ("delivered", "six", "vni", None), said


def test_packets_when_sent_then_each_goes_where_match_says(make_vtapd, mirror, capture):
    """From whatever source of a family: also from those that are no global unicast address."""
    vtapd = make_vtapd(HEADS["vxlan"] + WEB + WEB6 + FOUR + SIX)
    seen = {name: capture(f"mirror-{name}") for name in ("web", "web6", "four", "six")}
    expected = collections.defaultdict(list)
    for n, (source, vni) in enumerate((source, vni) for source in SOURCES for vni in (4321, 4, 6, 5)):
        said = vtapd.match(vni, source)
        assert said["verdict"] == (said["session"] and "delivered"), said
        expected[said["session"]].append(frames.numbered(n))
        mirror.send(vni, frames.numbered(n), source=source)
    assert {name: len(sent) for name, sent in expected.items()} == {
        "web": 2, "four": 2, "web6": 5, "six": 5, None: len(SOURCES) * 4 - 14}
    for name, tap in seen.items():
        assert tap.frames(at_least=len(expected[name])) == expected[name] == tap.settled(), name
    assert vtapd.wait_received(14)["drops"] == {}, "what nobody gets is counted nowhere"


MARK = 9  # a UDP port that nobody has: what comes before its answer is the whole answer to what was sent before it


def datagram(source, port, payload, has_checksum=True):
    """A packet with a UDP checksum, or without; in IPv4 always without."""
    plain = frames.udp(65408, port, payload)
    if ":" not in source:
        return frames.ipv4(source, hosts.TARGET_V4, plain)
    check = frames.udp6_checksum(source, hosts.TARGET_V6, plain) if has_checksum else 0
    return frames.ipv6(source, hosts.TARGET_V6, frames.udp(65408, port, payload, check))


def icmp_of(frame):
    """(type, code, UDP port that it is about) of an ICMP error to the sender, or None."""
    if frame[:6] != frames.mac(hosts.SENDER_MAC):
        return None
    is_v6 = frame[14] >> 4 == 6
    protocol, head = (frame[20], 40) if is_v6 else (frame[23], 20)
    if protocol != (socket.IPPROTO_ICMPV6 if is_v6 else socket.IPPROTO_ICMP):
        return None
    icmp = frame[14 + head:]
    return icmp[0], icmp[1], int.from_bytes(icmp[8 + head + 2:8 + head + 4], "big")


@pytest.fixture
def answers(target, mirror):
    """answers(vni, source): ICMP types and codes that such a packet is answered with."""
    target.ns.sysctl(net__ipv4__icmp_ratelimit=0, net__ipv6__icmp__ratelimit=0)

    def ask(vni, source, has_checksum=True):
        came = []
        with target.sender.packet_socket("mir0") as sock:
            sock.settimeout(10)
            mirror.send_ip(datagram(source, frames.VXLAN_PORT, frames.vxlan(vni, frames.numbered(1)), has_checksum))
            mirror.send_ip(datagram(source, MARK, b"mark"))
            while not came or came[-1][2] != MARK:
                came += filter(None, [icmp_of(sock.recv(2048))])
        return [(kind, code) for kind, code, port in came if port == frames.VXLAN_PORT]
    return ask


UNREACHABLE = {hosts.SENDER_V4: (3, 3), hosts.SENDER_V6: (1, 4)}  # RFC 792, RFC 4443 section 3.1


@pytest.mark.kernel
@pytest.mark.parametrize("session, closed", [(FOUR, hosts.SENDER_V6), (SIX, hosts.SENDER_V4)], ids=["IPv4", "IPv6"])
def test_packets_when_nobody_gets_them_then_what_match_says_becomes_of_them(session, closed, make_vtapd, answers):
    vtapd = make_vtapd(HEADS["vxlan"] + session)
    for source, unreachable in UNREACHABLE.items():
        said, answer = vtapd.match(4321, source)["explain"][0], answers(4321, source)
        if source == closed:
            assert "answered with ICMP port unreachable" in said and answer == [unreachable], (source, said, answer)
        else:
            assert said == "dropped and counted nowhere" and answer == [], (source, said, answer)
    if closed == hosts.SENDER_V6:
        assert vtapd.match(4321, closed)["explain"][0].endswith(NO_CHECKSUM)
        assert answers(4321, closed, has_checksum=False) == []
    assert vtapd.target()["received"] == 0


def test_match_when_the_session_waits_then_1_and_why(ns, make_vtapd):
    with ns.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("0.0.0.0", frames.VXLAN_PORT))
        vtapd = make_vtapd(HEADS["vxlan"] + WEB + WEB6)
        vtapd.wait_session("web", state="waiting", reason="port-taken")
        for argv in (["4321"], ["4321", hosts.SENDER_V4]):
            status, text = lines(vtapd, *argv)
            assert status == 1 and "session web on mirror-web" in "".join(text), text
            assert ", but it is lost: interface-" in "".join(text), text
            assert any("    session web is waiting: " in f"  {line}" for line in text), text
        assert vtapd.match(4321, hosts.SENDER_V6)["verdict"] == "delivered"
        assert lines(vtapd, "4321", hosts.SENDER_V6)[0] == 0


def test_unknown_when_the_target_is_in_vxlan_mode_since_then_the_session_of_that_family_takes_it_now(
        make_vtapd, mirror):
    """What workers saw of a target stays known when it has none any more."""
    vtapd = make_vtapd(MODES["tap"])
    mirror.send(4, frames.numbered(1), source=hosts.SENDER_V4)
    mirror.send(6, frames.numbered(2), source=hosts.SENDER_V4)
    vtapd.wait_received(2)
    vtapd.write("vtapd.conf", HEADS["vxlan"] + FOUR + SIX)
    vtapd.reload()
    assert {row["vni"]: (row["taken_by"], row["why"]) for row in vtapd.unknown()["rows"]} == {
        4: ("four", "session four takes it now"), 6: (None, "no session has this VNI in family = ipv4")}
