"""The laws of vxlan mode, where test_silence has not asked already: a device says nothing when it is made, sends
nothing on, and where no guard is possible its settings keep mirrored frames from the host's own stack."""

import contextlib
import pathlib
import re
import socket
import threading

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import ICMPv6ND_RA, ICMPv6NDOptPrefixInfo, IPv6
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Raw

from conftest import HEADS, WEB_VXLAN
from lab import frames, hosts, vxlan
from lab.deadline import until

TAP, OTHER = "mirror-web", "02:00:00:00:00:0a"
PORT = 5353
WITHOUT_BPF = ["setpriv", "--bounding-set", "-bpf,-sys_admin"]


@pytest.mark.kernel
@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_devices_when_made_changed_and_removed_then_neither_they_nor_the_underlay_say_a_word(
        family, make_vtapd, ns):
    """With IPv6 on for whatever comes up, as on any host. A socket on all interfaces sees every moment."""
    sessions = "".join(f"[session s{i}]\nvni = {i}\nfamily = {family}\n" for i in range(10))
    vtapd = make_vtapd(HEADS["vxlan"] + sessions, start=False)
    hosts.wait_addresses(ns)
    with ns.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) as watch:
        watch.setblocking(False)
        vtapd.start()
        for mtu in (1000, 9001):
            vtapd.write("vtapd.conf", HEADS["vxlan"] + sessions.replace("family", f"mtu = {mtu}\nfamily"))
            vtapd.reload()
        vtapd.write("vtapd.conf", HEADS["vxlan"] + sessions.replace("vni = ", "vni = 1"))  # all are made anew
        vtapd.reload()
        ns.ip("link del mirror-s3")
        vtapd.wait_session("s3", repairs=1, state="ready")
        vtapd.write("vtapd.conf", HEADS["vxlan"])
        vtapd.reload()
        assert heard(watch) == []


def heard(watch):
    """(interface, frame) of what a socket on all of them saw; what the underlay says of its own groups is not ours."""
    seen = []
    while True:
        try:
            frame, (name, *_) = watch.recvfrom(65536)
        except BlockingIOError:
            return seen
        if name != "lo" and not (name == "eth0" and hosts.is_multicast_report(frame)):
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


def send_summed(mirror, frame, source):
    """Over IPv6 with a UDP checksum: without one nobody is answered."""
    datagram = frames.udp(65408, frames.VXLAN_PORT, frames.vxlan(4321, frame))
    check = frames.udp6_checksum(source, hosts.TARGET_V6, datagram)
    mirror.send_ip(frames.ipv6(source, hosts.TARGET_V6, datagram[:6] + check.to_bytes(2, "big") + datagram[8:]))


SEND = {"ipv4": lambda mirror, frame: mirror.send(4321, frame),
        "ipv6": lambda mirror, frame: send_summed(mirror, frame, hosts.SENDER_V6)}
UNREACHABLE = {"ipv4": (34, b"\x03\x03"), "ipv6": (54, b"\x01\x04")}  # ICMP type and code, and where


@pytest.mark.kernel
@pytest.mark.parametrize("family", UNREACHABLE)
def test_packet_when_no_session_has_its_family_then_answered_with_icmp(family, make_vtapd, mirror, capture):
    """What README and vtapd(8), Limits, tell, and plan and status as well."""
    vtapd = make_vtapd(f"{WEB_VXLAN}family = {'ipv6' if family == 'ipv4' else 'ipv4'}\n")
    out = capture("eth0", direction="out")
    offset, answer = UNREACHABLE[family]

    def wait_answers(count):
        def there():
            return [frame for frame in out.settled() if frame[offset:offset + 2] == answer]
        until(lambda: len(there()) == count, f"{count} packets were answered", seen=out.settled)
    SEND[family](mirror, frames.numbered(1))
    wait_answers(1)
    vtapd.write("vtapd.conf", f"{WEB_VXLAN}[session other]\nvni = 4321\nfamily = ipv6\n")
    vtapd.reload()
    SEND[family](mirror, frames.numbered(2))
    vtapd.wait_session("web" if family == "ipv4" else "other", delivered=1)
    wait_answers(1)
    vtapd.write("vtapd.conf", HEADS["vxlan"])  # no session is left
    told = vtapd.ctl("plan").stdout
    assert all(f"{kind} packets to UDP port 4789 are refused from then on" in told for kind in ("IPv4", "IPv6")), told
    vtapd.reload()
    told = vtapd.ctl("status").stdout
    assert "nobody has UDP port 4789: this host answers with ICMP port unreachable" in told, told
    SEND[family](mirror, frames.numbered(3))
    wait_answers(2)


@contextlib.contextmanager
def pelted(target, family):
    """Packets of VNI 4321 all the time, whatever is done meanwhile."""
    is_over = threading.Event()

    def send():
        with target.mirror() as mirror:
            while not is_over.is_set():
                with contextlib.suppress(OSError):  # a processor's queue was full
                    SEND[family](mirror, frames.numbered(0))
    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def no_ports(ns):
    """UDP packets that found nobody, of both families."""
    udp = [line.split() for line in ns.read("/proc/net/snmp").splitlines() if line.startswith("Udp:")]
    udp6 = re.search(r"^Udp6NoPorts\s+(\d+)", ns.read("/proc/net/snmp6"), re.MULTILINE)
    return int(dict(zip(*udp))["NoPorts"]) + int(udp6.group(1))


REPLACING = {  # what makes the devices of a port anew, all of them at once: the sessions before, and after
    "another VNI": ("[session web]\nvni = 4321\n", "[session web]\nvni = 4322\n"),
    "another interface": ("[session web]\nvni = 4321\n", "[session web]\nvni = 4321\ninterface = web\n"),
    "swapped": ("[session a]\nvni = 4321\n[session b]\nvni = 5\n", "[session a]\nvni = 5\n[session b]\nvni = 4321\n"),
}


@pytest.mark.parametrize("family", UNREACHABLE)
@pytest.mark.parametrize("what", [pytest.param("another VNI", marks=pytest.mark.kernel), "another interface", "swapped"])
def test_packets_when_every_device_of_the_port_is_made_anew_then_nobody_is_answered(
        what, family, make_vtapd, target, ns):
    before, after = (f"{HEADS['vxlan']}[defaults]\nfamily = {family}\n{sessions}" for sessions in REPLACING[what])
    vtapd = make_vtapd(before)
    with pelted(target, family):
        until(lambda: vtapd.target()["delivered"] > 0, "packets come")
        vtapd.write("vtapd.conf", after)
        vtapd.reload()
        vtapd.write("vtapd.conf", before)
        vtapd.reload()
    assert no_ports(ns) == 0, vtapd.log()
    ours = {session["interface"] for session in vtapd.status()["sessions"]}
    assert {name for name in ns.links() if vxlan.tunnel(ns, name)} == ours, "and nothing stays of what held the port"
    assert not vtapd.log_lines("vtapd-p"), vtapd.log()


@pytest.mark.parametrize("family, words", [("ipv4", ""), ("ipv6", "local :: udp6zerocsumrx")])
def test_port_when_its_stand_in_was_left_behind_then_it_has_the_port_until_the_session_does(
        family, words, make_vtapd, target, ns):
    """By a daemon that was killed at that moment."""
    name = f"vtapd-p{frames.VXLAN_PORT}{'v6' if family == 'ipv6' else ''}"
    vxlan.make(ns, name, 9, f"{words} nolearning", before=f"mtu 576 group {vxlan.MAKING}")
    vtapd = make_vtapd(f"{WEB_VXLAN}family = {family}\n", start=False)
    with pelted(target, family):
        vtapd.start()
        until(lambda: vtapd.target()["delivered"] > 0 and not ns.has(name), "its work is done", seen=vtapd.log)
    assert no_ports(ns) == 0, vtapd.log()


@pytest.mark.kernel
def test_packet_over_ipv6_when_without_a_checksum_and_a_session_then_not_answered(make_vtapd, mirror, capture):
    make_vtapd(WEB_VXLAN)
    out = capture("eth0", direction="out")
    mirror.send(4321, frames.numbered(1), source=hosts.SENDER_V6)
    assert out.settled() == []


FENCES = {"README": "README.md", "vtapd(8)": "daemon/vtapd.8.in"}


def fence(name, *replacements):
    """The rules of nftables that a document has to paste."""
    text = (pathlib.Path(__file__).parents[2] / FENCES[name]).read_text()
    rules = re.search(r"^table inet vtapd\n.*?^\}\n", text, re.M | re.S).group()
    for old, new in replacements:
        assert old in rules, rules
        rules = rules.replace(old, new)
    return rules


def load(ns, rules):
    for _ in range(2):  # once more: instead of the first ones, not beside them
        ns.run("nft", "-f", "-", input=rules)
    assert ns.run("nft", "list", "ruleset").stdout.count("udp dport") == 2


@pytest.mark.parametrize("name", FENCES)
def test_sender_when_the_documents_rules_are_loaded_then_only_who_is_named_may_send(
        name, make_vtapd, ns, mirror, capture):
    vtapd = make_vtapd(f"{WEB_VXLAN}[session web6]\nvni = 4321\nfamily = ipv6\n")
    out = capture("eth0", direction="out")
    frame = frames.numbered(1)
    load(ns, fence(name))
    mirror.send(4321, frame, source="192.0.2.7")
    mirror.send(4321, frame, source=hosts.SENDER_V6)
    mirror.send(4321, frame)
    vtapd.wait_session("web", delivered=1)
    load(ns, fence(name, ("10.0.0.0/8", "192.0.2.0/24"), ("meta nfproto ipv6", "ip6 saddr != { fd77::/64 }")))
    mirror.send(4321, frame)
    mirror.send(4321, frame, source="2001:db8::7")
    mirror.send(4321, frame, source="192.0.2.7")
    mirror.send(4321, frame, source=hosts.SENDER_V6)
    vtapd.wait_session("web6", delivered=1)
    vtapd.wait_session("web", delivered=2)
    assert out.settled() == []


@pytest.mark.parametrize("name", FENCES)
def test_packet_when_the_documents_rules_are_loaded_then_a_family_without_a_session_is_not_answered(
        name, make_vtapd, ns, mirror, capture):
    make_vtapd(WEB_VXLAN)
    load(ns, fence(name))
    out = capture("eth0", direction="out")
    send_summed(mirror, frames.numbered(1), hosts.SENDER_V6)
    assert out.settled() == []
