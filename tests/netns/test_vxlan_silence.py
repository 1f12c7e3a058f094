"""The laws of vxlan mode, where test_silence has not asked already: a device says nothing when it is made, sends
nothing on, and where no guard is possible its settings keep mirrored frames from the host's own stack."""

import socket

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import ICMPv6ND_RA, ICMPv6NDOptPrefixInfo, IPv6
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Raw

from conftest import HEADS, WEB_VXLAN
from lab import frames, hosts
from lab.deadline import until

TAP, OTHER = "mirror-web", "02:00:00:00:00:0a"
PORT = 5353
WITHOUT_BPF = ["setpriv", "--bounding-set", "-bpf,-sys_admin"]


@pytest.mark.kernel
@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_devices_when_made_changed_and_removed_then_neither_they_nor_the_underlay_say_a_word(
        family, make_vtapd, target, ns):
    """With IPv6 on for whatever comes up, as on any host. A socket on all interfaces sees every moment."""
    sessions = "".join(f"[session s{i}]\nvni = {i}\nfamily = {family}\n" for i in range(10))
    vtapd = make_vtapd(HEADS["vxlan"] + sessions, start=False)
    hosts.wait_addresses(ns)
    counts = target.underlay_counts()
    with ns.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) as watch:
        watch.setblocking(False)
        vtapd.start()
        for mtu in (1000, 9001):
            vtapd.write("vtapd.conf", HEADS["vxlan"] + sessions.replace("family", f"mtu = {mtu}\nfamily"))
            vtapd.reload()
        ns.ip("link del mirror-s3")
        vtapd.wait_session("s3", repairs=1, state="ready")
        vtapd.write("vtapd.conf", HEADS["vxlan"])
        vtapd.reload()
        assert heard(watch) == []
    assert target.underlay_counts()[1] == counts[1]


def heard(watch):
    """(interface, frame) of what a socket on all of them saw; what the underlay's own stack says is not ours."""
    seen = []
    while True:
        try:
            frame, (name, *_) = watch.recvfrom(65536)
        except BlockingIOError:
            return seen
        if name not in ("lo", "eth0"):
            seen.append((name, frame.hex()))


def harmless_by_settings(mac):
    """What a host takes from an interface that is not dressed, and not from one that is."""
    yield Ether(src=OTHER, dst=mac) / IP(src=hosts.SENDER_V4, dst=hosts.TARGET_V4) / UDP(dport=PORT) / Raw(b"own")
    yield Ether(src=OTHER, dst="ff:ff:ff:ff:ff:ff") / IP(src=hosts.SENDER_V4, dst=hosts.TARGET_V4) / UDP(dport=PORT)
    yield Ether(src=OTHER, dst=mac) / IP(src=hosts.SENDER_V4, dst=hosts.TARGET_V4) / UDP(dport=9)
    yield Ether(src=OTHER, dst="ff:ff:ff:ff:ff:ff") / ARP(hwsrc=OTHER, psrc=hosts.SENDER_V4, pdst=hosts.TARGET_V4)
    yield Ether(src=OTHER, dst="33:33:00:00:00:01") / IPv6(src="fe80::1", dst="ff02::1", hlim=255) \
        / ICMPv6ND_RA(routerlifetime=1800) / ICMPv6NDOptPrefixInfo(prefix="2001:db8:bad::", prefixlen=64, L=1, A=1)


def test_host_when_there_can_be_no_guard_then_settings_keep_it_apart(make_vtapd, ns, target, mirror, capture):
    vtapd = make_vtapd(WEB_VXLAN, start=False)
    vtapd.prefix = WITHOUT_BPF
    vtapd.start()
    assert "guard-off" in vtapd.status()["findings"]
    hosts.wait_addresses(ns)
    before, counts = (ns.addresses(), ns.routes()), target.underlay_counts()
    tap = capture(TAP)
    with ns.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
        sock.bind(("::", PORT))
        sock.setblocking(False)
        sent = [bytes(frame) for frame in harmless_by_settings(ns.link(TAP)["address"])]
        for frame in sent:
            mirror.send(4321, frame)
        assert tap.frames(at_least=len(sent)) == sent
        with pytest.raises(BlockingIOError):
            sock.recv(2048)
    assert (ns.addresses(), ns.routes()) == before
    assert target.underlay_counts()[1] == counts[1]


@pytest.mark.without_daemon
def test_host_when_the_device_is_made_by_hand_then_it_does_take_them(ns, target, mirror):
    """The lab provokes it: the same frames in the way that everybody makes his device."""
    ns.sysctl(net__ipv6__conf__default__accept_ra=2)
    ns.ip(f"link add {TAP} type vxlan id 4321 dstport {frames.VXLAN_PORT}")
    ns.ip(f"link set {TAP} up")
    counts = target.underlay_counts()
    with ns.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("0.0.0.0", PORT))
        sock.settimeout(5)
        for frame in harmless_by_settings(ns.link(TAP)["address"]):
            mirror.send(4321, bytes(frame))
        assert sock.recv(2048) == b"own"
    until(lambda: "2001:db8:bad:" in ns.addresses() + ns.routes(), "the host has the mirrored router's prefix",
          seen=lambda: ns.addresses() + ns.routes())
    assert target.underlay_counts()[1] > counts[1], "it answered"


def test_packets_when_nobody_wants_them_then_no_icmp_leaves(make_vtapd, mirror, capture):
    make_vtapd(WEB_VXLAN)
    tap, out = capture(TAP), capture("eth0", direction="out")
    mirror.send(1, frames.numbered(1))
    mirror.send_udp(b"x")
    mirror.send(4321, b"")
    mirror.send(4321, frames.numbered(1), flags=0)
    mirror.send(4321, frames.numbered(2))
    assert tap.frames(at_least=1) == [frames.numbered(2)]
    assert out.settled() == []
