"""The laws: nothing leaves the host because of mirrored traffic, and mirrored frames never reach its own stack."""

import socket

import pytest
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import (ICMPv6EchoRequest, ICMPv6MLQuery, ICMPv6ND_NS, ICMPv6ND_RA, ICMPv6NDOptPrefixInfo,
                                ICMPv6NDOptSrcLLAddr, IPv6)
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Raw

from conftest import HEADS, MODES, in_both_modes
from lab import frames, hosts
from lab.capture import Capture

OTHER, BROADCAST = "02:00:00:00:00:0a", "ff:ff:ff:ff:ff:ff"
PORT = 5353
CONF = "[target default]\nunderlay = eth0\n{setting}\n[session web]\nvni = 4321\n"
PATHS = {"fast path": "fastpath = auto", "worker": "fastpath = off", "kernel": "mode = vxlan"}


def provocations(tap_mac):
    """Frames that a host with an ordinary interface would answer, learn from, or hand to a program."""
    host4, host6 = hosts.TARGET_V4, hosts.TARGET_V6
    for mac in (tap_mac, BROADCAST, hosts.TARGET_MAC):
        to_us = Ether(src=OTHER, dst=mac)
        yield to_us / IP(src=hosts.SENDER_V4, dst=host4) / ICMP() / Raw(b"ping")
        yield to_us / IP(src=hosts.SENDER_V4, dst=host4) / UDP(sport=1, dport=PORT) / Raw(b"to the host")
        yield to_us / IP(src=hosts.SENDER_V4, dst=host4) / UDP(sport=1, dport=9) / Raw(b"closed port")
        yield to_us / IP(src=hosts.SENDER_V4, dst=host4) / TCP(sport=1, dport=22, flags="S")
        yield to_us / IP(src=hosts.SENDER_V4, dst="255.255.255.255") / UDP(sport=1, dport=PORT) / Raw(b"all")
        yield to_us / IP(src=hosts.SENDER_V4, dst="192.0.2.9") / UDP(sport=1, dport=2) / Raw(b"forward me")
        yield to_us / IP(src=hosts.SENDER_V4, dst="192.0.2.9", ttl=1) / UDP(sport=1, dport=2)
        yield to_us / IPv6(src=hosts.SENDER_V6, dst=host6) / ICMPv6EchoRequest()
        yield to_us / IPv6(src=hosts.SENDER_V6, dst=host6) / UDP(sport=1, dport=PORT) / Raw(b"to the host")
        yield to_us / IP(src=hosts.SENDER_V4, dst=host4) / UDP(sport=65408, dport=4789) \
            / Raw(frames.vxlan(4321, frames.numbered(1)))
    yield Ether(src=OTHER, dst=BROADCAST) / ARP(op=1, hwsrc=OTHER, psrc=hosts.SENDER_V4, pdst=host4)
    yield Ether(src=OTHER, dst=BROADCAST) / ARP(op=2, hwsrc=OTHER, psrc=hosts.SENDER_V4, pdst=hosts.SENDER_V4)
    yield Ether(src=OTHER, dst=BROADCAST) / IP(src="0.0.0.0", dst="255.255.255.255") / UDP(sport=68, dport=67) \
        / BOOTP() / DHCP(options=[("message-type", "discover"), "end"])
    yield Ether(src=OTHER, dst="01:00:5e:00:00:01") / IP(src="10.0.0.1", dst="224.0.0.1", proto=2) \
        / Raw(b"\x11\x64\xee\x9b\0\0\0\0")
    multicast = Ether(src=OTHER, dst="33:33:00:00:00:01")
    yield multicast / IPv6(src="fe80::1", dst="ff02::1", hlim=255) / ICMPv6ND_RA(routerlifetime=1800) \
        / ICMPv6NDOptSrcLLAddr(lladdr=OTHER) / ICMPv6NDOptPrefixInfo(prefix="2001:db8:bad::", prefixlen=64, L=1, A=1)
    yield multicast / IPv6(src="fe80::1", dst="ff02::1", hlim=1) / ICMPv6MLQuery()
    yield Ether(src=OTHER, dst="33:33:ff:00:00:02") / IPv6(src=hosts.SENDER_V6, dst="ff02::1:ff00:2", hlim=255) \
        / ICMPv6ND_NS(tgt=host6) / ICMPv6NDOptSrcLLAddr(lladdr=OTHER)


@pytest.fixture(params=[0, pytest.param(2, marks=pytest.mark.kernel)], ids=["rp_filter 0", "rp_filter 2"])
def naive_host(ns, request):
    """A host that accepts, forwards and answers whatever it can: the settings that would hurt most."""
    ns.sysctl(net__ipv4__conf__all__rp_filter=request.param, net__ipv4__conf__default__rp_filter=request.param)
    for name in ("all", "default"):
        ns.sysctl(**{f"net__ipv4__conf__{name}__forwarding": 1, f"net__ipv4__conf__{name}__accept_local": 1,
                     f"net__ipv6__conf__{name}__accept_ra": 2, f"net__ipv4__conf__{name}__arp_accept": 1})
    return ns


def received(sock):
    try:
        return sock.recv(65536)
    except BlockingIOError:
        return None


def settings_of(ns):
    return {"addresses": ns.addresses(), "routes": ns.routes(), "neighbours": ns.run("ip", "neigh", "show").stdout}


@pytest.mark.parametrize("path", PATHS)
def test_host_when_provoked_by_mirrored_frames_then_nothing_changes_and_nothing_leaves(
        path, naive_host, target, make_vtapd, mirror, capture, identical):
    vtapd = make_vtapd(CONF.format(setting=PATHS[path]))
    assert vtapd.target()["path"] == path
    with naive_host.socket(socket.AF_INET6, socket.SOCK_DGRAM) as host_socket:
        host_socket.setblocking(False)
        host_socket.bind(("::", PORT))
        hosts.wait_addresses(naive_host)
        before, counts = settings_of(naive_host), target.underlay_counts()
        tap, tap_out, out = capture(), capture(direction="out"), capture("eth0", direction="out")
        sent = [bytes(frame) for frame in provocations(naive_host.link("mirror-web")["address"])]
        for frame in sent:
            mirror.send(4321, frame)
        identical("provocations", sent, tap.frames(at_least=len(sent)))
        vtapd.wait_received(len(sent))
        vtapd.quiet()
        assert out.settled() == [], "nothing leaves the underlay"
        assert tap_out.settled() == [], "nothing is sent to the tap interface"
        assert received(host_socket) is None
        assert settings_of(naive_host) == before
    assert target.underlay_counts()[1] == counts[1]
    counted = vtapd.quiet()["received"], vtapd.session("web")["received"]
    assert counted == (len(sent), len(sent)), "a VXLAN packet for this host inside is not taken again"


@pytest.mark.without_daemon
def test_provocations_when_on_an_ordinary_interface_then_the_host_does_answer(naive_host, target, directory):
    """The lab can tell: on the underlay itself the same frames are answered."""
    with Capture(target.ns, "eth0", directory, "out") as out, target.mirror() as mirror:
        for frame in provocations(hosts.TARGET_MAC):
            mirror.send_raw(bytes(frame))
        assert len(out.frames(at_least=5)) >= 5


@pytest.mark.parametrize("mode", MODES)
def test_start_when_interfaces_are_made_then_not_one_frame_leaves(mode, make_vtapd, target, ns, capture):
    counts = target.underlay_counts()
    out = capture("eth0", direction="out")
    vtapd = make_vtapd(HEADS[mode] + "".join(f"[session s{i}]\nvni = {i}\n" for i in range(20)))
    for i in range(20):
        stats = ns.link(f"mirror-s{i}")["stats64"]["tx"]
        assert stats["packets"] == 0 and stats["dropped"] == 0, stats
    vtapd.reload()
    assert out.settled() == []
    vtapd.stop()
    assert target.underlay_counts()[1] == counts[1]


@pytest.mark.parametrize("mode", MODES)
def test_start_when_watched_from_the_first_moment_then_the_tap_sends_nothing(mode, make_vtapd, ns):
    """A socket on all interfaces sees frames even of the moment before the tap interface has its name."""
    vtapd = make_vtapd(MODES[mode], start=False)
    with ns.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) as watch:
        watch.setblocking(False)
        vtapd.start()
        vtapd.stop()
        seen = []
        while True:
            try:
                frame, (name, *_) = watch.recvfrom(65536)
            except BlockingIOError:
                break
            if name not in ("lo", "eth0"):  # what the underlay's own stack says is not ours
                seen.append((name, frame.hex()))
        assert seen == []


def test_packets_when_refused_then_no_icmp_leaves(make_vtapd, mirror, capture):
    vtapd = make_vtapd("[target default]\nallow = 10.77.0.0/16\n[session web]\nvni = 4321\n")
    out = capture("eth0", direction="out")
    mirror.send(4321, frames.numbered(1))
    mirror.send(1, frames.numbered(1))
    mirror.send(4321, frames.numbered(1), source="10.99.0.1")
    mirror.send_udp(b"x")
    mirror.send(4321, b"")
    assert vtapd.wait_received(5)["dropped"] == 4
    assert out.settled() == []


def test_port_when_vtapd_stopped_then_the_stop_line_says_that_icmp_is_sent(make_vtapd, mirror, capture):
    vtapd = make_vtapd()
    vtapd.stop()
    last = vtapd.log().splitlines()[-1]
    assert "4789" in last and "ICMP" in last, last
    out = capture("eth0", direction="out")
    mirror.send(4321, frames.numbered(1))
    assert out.frames(at_least=1)[0][34:36] == b"\x03\x03"


@in_both_modes
def test_tap_when_packets_are_sent_to_it_by_the_host_then_they_go_nowhere(vtapd, ns, target):
    """A program of the host that writes to the tap interface is refused by the guard, and reaches nothing."""
    counts = target.underlay_counts()
    with ns.packet_socket("mirror-web", 0) as sock:
        for i in range(20):
            with pytest.raises(OSError, match="No buffer space"):
                sock.send(frames.numbered(i))
    assert vtapd.quiet()["received"] == 0
    assert target.underlay_counts()[1] == counts[1]
