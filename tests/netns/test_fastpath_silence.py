"""The laws: nobody who mirrors is ever answered, whether a daemon listens or not; mirrored frames never reach the
host's own stack; and in both paths the same is told of what came in."""

import contextlib
import signal
import socket
import struct

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Raw

from lab import frames, hosts
from lab.deadline import until
from lab.fastpath import tc, wait_attached
from lab.hosts import SENDER_V4, SENDER_V6, TARGET_V4, TARGET_V6
from lab.load import Junk

TAP = "mirror-web"
CONF = "[target default]\nunderlay = eth0\nreceive-buffer = 64M\nfastpath = {setting}\n{sessions}"
WEB = "[session web]\nvni = 4321\n"
PATHS = {"fast path": "auto", "worker": "off"}
FRAME = frames.numbered(1)
OTHER_PORT = 5000


def start(make_vtapd, path="fast path", sessions=WEB):
    vtapd = make_vtapd(CONF.format(setting=PATHS[path], sessions=sessions))
    wait_attached(vtapd, *(["eth0"] if path == "fast path" else []))
    assert vtapd.target()["path"] == path
    return vtapd


# While no daemon listens

def with_options(payload):
    """An IPv4 packet with a no-operation in its options."""
    datagram = frames.udp(65408, frames.VXLAN_PORT, payload)
    head = struct.pack("!BBHHHBBH4s4s4s", 0x46, 0, 24 + len(datagram), 0, 0, 255, frames.UDP, 0,
                       socket.inet_aton(SENDER_V4), socket.inet_aton(TARGET_V4), b"\1\1\1\1")
    return head[:10] + struct.pack("!H", frames.checksum(head)) + head[12:] + datagram


def over_ipv6(payload, extension=b"", next_header=frames.UDP):
    datagram = frames.udp(65408, frames.VXLAN_PORT, payload)
    check = frames.udp6_checksum(SENDER_V6, TARGET_V6, datagram)
    datagram = datagram[:6] + struct.pack("!H", check) + datagram[8:]
    return frames.ipv6(SENDER_V6, TARGET_V6, extension + datagram, next_header=next_header)


UNKNOWN = frames.vxlan(1, FRAME)
HOP_BY_HOP, NO_OPTIONS = 0, struct.pack("!BB6s", frames.UDP, 0, b"\1\4\0\0\0\0")  # RFC 8200 section 4.3, PadN
LARGE = frames.udp(65408, frames.VXLAN_PORT, frames.vxlan(4321, frames.numbered(2, 3000)))
JUNK = {  # what reaches our port and is not a frame of a session; each counts as one
    "unknown VNI": frames.ipv4(SENDER_V4, TARGET_V4, frames.udp(65408, frames.VXLAN_PORT, UNKNOWN)),
    "no VXLAN": frames.ipv4(SENDER_V4, TARGET_V4, frames.udp(65408, frames.VXLAN_PORT, b"1234567")),
    "nothing in it": frames.ipv4(SENDER_V4, TARGET_V4, frames.udp(65408, frames.VXLAN_PORT, b"")),
    "no VNI flag": frames.ipv4(SENDER_V4, TARGET_V4,
                               frames.udp(65408, frames.VXLAN_PORT, frames.vxlan(4321, FRAME, flags=0))),
    "short frame": frames.ipv4(SENDER_V4, TARGET_V4,
                               frames.udp(65408, frames.VXLAN_PORT, frames.vxlan(4321, FRAME[:13]))),
    "runt of a session": frames.ipv4(SENDER_V4, TARGET_V4,
                                     frames.udp(65408, frames.VXLAN_PORT, frames.vxlan(4321, FRAME[:14]))),
    "options": with_options(frames.vxlan(4321, FRAME)),
    "first fragment": frames.fragments(SENDER_V4, TARGET_V4, LARGE, 1)[0],
    "IPv6, unknown VNI": over_ipv6(UNKNOWN),
    "IPv6, no VXLAN": over_ipv6(b"x"),
    "IPv6, extension header": over_ipv6(UNKNOWN, NO_OPTIONS, HOP_BY_HOP),
    "IPv6, first fragment": frames.fragments6(SENDER_V6, TARGET_V6, LARGE[:6] + struct.pack(
        "!H", frames.udp6_checksum(SENDER_V6, TARGET_V6, LARGE)) + LARGE[8:], 1)[0],
}


def test_packets_when_no_daemon_listens_then_sessions_go_on_and_nobody_is_answered(make_vtapd, mirror, capture):
    vtapd = start(make_vtapd)
    tap, out = capture(), capture("eth0", direction="out")
    vtapd.kill()
    for _ in range(3):
        for packet in JUNK.values():
            mirror.send_ip(packet)
        mirror.send(4321, FRAME)
    assert tap.frames(at_least=3) == [FRAME] * 3
    assert out.settled() == []


def test_stop_when_only_some_targets_have_the_fast_path_then_the_line_is_true_of_each_port(
        make_vtapd, mirror, target, capture):
    """What goes on and what is answered differs by port, and so does what somebody has to do next."""
    vtapd = make_vtapd("[target default]\nunderlay = eth0\n[target slow]\nunderlay = eth0\nport = 4790\nfastpath = off\n"
                       + WEB + "[session db]\nvni = 4400\ntarget = slow\n")
    wait_attached(vtapd, "eth0")
    tap = capture()
    vtapd.stop()
    assert vtapd.log_lines(
        "stopped, interfaces and fast path stay: known sessions of UDP 4789 go on, its other packets are dropped, "
        "not answered. Nobody listens on UDP 4790 now: this host answers mirrored packets to it with ICMP port "
        "unreachable"), vtapd.log()
    before = target.underlay_counts()[1]
    mirror.send(4321, FRAME)
    assert tap.frames(at_least=1) == [FRAME]
    mirror.send_ip(JUNK["unknown VNI"])
    mirror.send_ip(frames.ipv4(SENDER_V4, TARGET_V4, frames.udp(65408, 4790, UNKNOWN)))
    until(lambda: target.underlay_counts()[1] == before + 1, "the one to 4790 is answered",
          seen=lambda: target.underlay_counts())


def reassemblies_failed(ns):
    rows = [line.split() for line in ns.read("/proc/net/snmp").splitlines() if line.startswith("Ip:")]
    rows6 = dict(line.split() for line in ns.read("/proc/net/snmp6").splitlines())
    return int(dict(zip(*rows))["ReasmFails"]), int(rows6["Ip6ReasmFails"])


def test_fragments_when_no_daemon_listens_then_the_host_does_not_say_that_their_time_is_over(
        make_vtapd, mirror, capture, ns):
    """The rest of a datagram waits for the first fragment, which was dropped: then nobody is told (RFC 792)."""
    vtapd = start(make_vtapd)
    ns.sysctl(net__ipv4__ipfrag_time=1, net__ipv6__ip6frag_time=1)
    out = capture("eth0", direction="out")
    vtapd.kill()
    for source in (SENDER_V4, SENDER_V6):
        mirror.send_fragments(4321, frames.numbered(2, 3000), 7, source)
    until(lambda: all(reassemblies_failed(ns)), "both were given up", seen=lambda: reassemblies_failed(ns))
    assert out.settled() == []


@pytest.mark.parametrize("what", JUNK)
def test_packet_when_no_daemon_listens_then_it_is_counted_for_the_next_one(
        what, make_vtapd, pin_folder, mirror, target):
    vtapd = make_vtapd(CONF.format(setting="auto", sessions=WEB), start=False)
    pin_folder(vtapd)
    vtapd.start()
    wait_attached(vtapd, "eth0")
    vtapd.kill()
    counts = target.underlay_counts()
    mirror.send_ip(JUNK[what])
    vtapd.start()
    row = vtapd.target()
    assert (row["received"], row["drops"]) == (1, {"no-listener": 1}), row
    assert target.underlay_counts()[1] == counts[1], "not answered"


@pytest.mark.parametrize("is_running", [True, False], ids=["running", "killed"])
def test_other_traffic_when_the_program_is_there_then_it_is_as_without(is_running, make_vtapd, target, mirror, capture):
    """A closed port of another number is answered as ever; ping and TCP in both families, another port's listener."""
    vtapd = start(make_vtapd)
    if not is_running:
        vtapd.kill()
    out = capture("eth0", direction="out")
    mirror.send_udp(b"x", port=OTHER_PORT)
    assert out.frames(at_least=1)[0][34:36] == b"\x03\x03", "ICMP port unreachable"
    for address in (TARGET_V4, TARGET_V6):
        target.sender.run("ping", "-n", "-q", "-i", "0.01", "-c", 5, "-W", 5, "-s", 2000, address)
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        assert talk(target, family, socket.SOCK_STREAM, address, frames.VXLAN_PORT + 1) == b"hello"
        assert talk(target, family, socket.SOCK_DGRAM, address, OTHER_PORT) == b"hello"


def talk(target, family, kind, address, port):
    """What a server of the target gets from a client of the sender's."""
    with target.ns.socket(family, kind) as server, target.sender.socket(family, kind) as client:
        server.settimeout(10)
        client.settimeout(10)
        server.bind((address, port))
        if kind == socket.SOCK_DGRAM:
            client.sendto(b"hello", (address, port))
            return server.recv(100)
        server.listen()
        client.connect((address, port))
        client.sendall(b"hello")
        connection, _ = server.accept()
        with connection:
            return connection.recv(100)


# A flood of junk beside a session

def test_session_when_flooded_with_junk_beside_it_then_it_loses_no_frame(make_vtapd, target, load):
    vtapd = start(make_vtapd)
    floods = [Junk(target, seed) for seed in range(3)]
    traffic = load(rate=2_000)
    try:
        for flood in floods:
            flood.start()
        traffic.go_on(5_000)
        rate = sum(flood.rate() for flood in floods)
    finally:
        n_junk = sum(flood.stop() for flood in floods)
    sent = traffic.stop()
    what = f"beside {rate:,} packets/s of junk, {n_junk:,} in all"
    print(what)
    session = vtapd.wait_session("web", delivered=sent)
    assert session["drops"] == {}, what
    traffic.shown(sent)
    row = vtapd.quiet()
    assert row["received"] == row["delivered"] + row["dropped"] and row["delivered"] == sent, (what, row)
    assert set(row["drops"]) <= {"unknown-vni", "socket-full"} and row["dropped"] <= n_junk, (what, row)


# The guard

def to_the_host(tap_mac):
    """Frames for the host's own address, whatever their MAC; the last one for everybody."""
    for mac in (tap_mac, hosts.TARGET_MAC, "ff:ff:ff:ff:ff:ff"):
        to_us = Ether(src="02:00:00:00:00:0a", dst=mac)
        yield bytes(to_us / IP(src=SENDER_V4, dst=TARGET_V4) / UDP(sport=1, dport=OTHER_PORT) / Raw(b"to the host"))
        yield bytes(to_us / IP(src=SENDER_V4, dst=TARGET_V4) / ICMP() / Raw(b"ping"))
        yield bytes(to_us / IP(src=SENDER_V4, dst=TARGET_V4) / TCP(sport=1, dport=22, flags="S"))
    yield bytes(to_us / IP(src=SENDER_V4, dst="255.255.255.255") / UDP(sport=1, dport=OTHER_PORT) / Raw(b"to all"))


def disarm(ns):
    """Everything but the guard that keeps mirrored frames from the host's stack."""
    ns.sysctl(net__ipv4__conf__all__rp_filter=0, net__ipv4__conf__all__accept_local=1)
    ns.sysctl(**{f"net__ipv4__conf__{TAP}__rp_filter": 0, f"net__ipv6__conf__{TAP}__disable_ipv6": 0})


@contextlib.contextmanager
def listener(ns):
    """A program of the host's that hears datagrams to its own address."""
    with ns.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sock.setblocking(False)
        sock.bind(("0.0.0.0", OTHER_PORT))
        yield sock


def heard(sock):
    try:
        return sock.recv(65536)
    except BlockingIOError:
        return None


def mirror_to_the_host(mirror, tap, ns):
    sent = list(to_the_host(ns.link(TAP)["address"]))
    before = len(tap.frames())
    for frame in sent:
        mirror.send(4321, frame)
    assert tap.frames(at_least=before + len(sent))[before:] == sent


@pytest.mark.parametrize("path", PATHS)
def test_host_when_all_but_the_guard_is_disarmed_then_it_gets_no_mirrored_frame(path, make_vtapd, mirror, ns, capture):
    """The daemon stands still, or it would repair. At the end the guard goes, too: the lab can tell."""
    vtapd = start(make_vtapd, path)
    tap, out = capture(), capture("eth0", direction="out")
    if path == "fast path":
        vtapd.signal(signal.SIGSTOP)  # a worker is needed in the other path
    with listener(ns) as sock:
        until(lambda: disarm(ns) or ns.read(f"/proc/sys/net/ipv4/conf/{TAP}/rp_filter") == "0\n", "it is disarmed")
        mirror_to_the_host(mirror, tap, ns)
        assert heard(sock) is None and out.settled() == []
        if path == "fast path":
            tc(ns, f"qdisc del dev {TAP} clsact")
            mirror_to_the_host(mirror, tap, ns)
            assert until(lambda: heard(sock), "what the guard kept away") == b"to the host"
    vtapd.signal(signal.SIGCONT)


@pytest.mark.parametrize("path", PATHS)
def test_host_when_it_speaks_to_a_tap_interface_then_nothing_is_sent(path, make_vtapd, ns, capture):
    vtapd = start(make_vtapd, path)
    out = capture(TAP, direction="out")
    ns.run("ping", "-n", "-q", "-I", TAP, "-c", 3, "-i", "0.01", "-W", "0.1", "192.0.2.1", check=False)
    with ns.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, TAP.encode())
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        for address in ("192.0.2.1", "255.255.255.255", "224.0.0.1"):
            with contextlib.suppress(OSError):
                sock.sendto(b"x", (address, 9))
    with ns.packet_socket(TAP, 0) as sock:
        with pytest.raises(OSError):
            sock.send(FRAME)
    assert out.settled() == []
    assert ns.link(TAP)["stats64"]["tx"]["packets"] == 0
    assert vtapd.quiet()["received"] == 0


@pytest.mark.parametrize("path", PATHS)
def test_sessions_when_on_one_interface_then_shown_together_and_counted_apart(path, make_vtapd, mirror, capture):
    vtapd = start(make_vtapd, path, WEB + "[session db]\nvni = 7, 100-199\ninterface = mirror-web\n")
    tap = capture()
    sent = []
    for i, vni in enumerate([4321, 7, 100, 199, 4321, 200]):
        sent.append(frames.numbered(i))
        mirror.send(vni, sent[-1])
    assert tap.frames(at_least=5) == sent[:5]
    vtapd.wait_session("web", received=2, delivered=2)
    vtapd.wait_session("db", received=3, delivered=3)
    assert vtapd.wait_received(6)["drops"] == {"unknown-vni": 1}


# What is told of it

def inner(total, present, family=4):
    """An inner frame whose IP header promises `total` bytes and which has `present`."""
    if family == 4:
        packet = frames.ipv4("192.0.2.1", "192.0.2.2", bytes(total - 20))
        return frames.ethernet("02:00:00:00:00:0a", "02:00:00:00:00:0b", frames.ETH_IPV4, packet[:present])
    packet = frames.ipv6("2001:db8::1", "2001:db8::2", bytes(total - 40))
    return frames.ethernet("02:00:00:00:00:0a", "02:00:00:00:00:0b", frames.ETH_IPV6, packet[:present])


TRUNCATED = [inner(1000, 999), inner(1000, 60), inner(1000, 999, 6), inner(1000, 60, 6)]
WHOLE = [inner(1000, 1000), inner(1000, 1000, 6), inner(1000, 1000) + b"trailer", frames.numbered(1)]


@pytest.mark.parametrize("path", PATHS)
def test_frames_when_truncated_then_delivered_and_counted_as_such(path, make_vtapd, mirror, capture):
    vtapd = start(make_vtapd, path)
    tap = capture()
    for frame in TRUNCATED + WHOLE:
        mirror.send(4321, frame)
    assert tap.frames(at_least=8) == TRUNCATED + WHOLE
    session = vtapd.wait_session("web", delivered=8)
    assert session["truncated"] == 4, session
    shown = vtapd.ctl("show", "web").stdout
    assert "  truncated    4, 4 of them in the last minute\n" in shown, shown


@pytest.mark.parametrize("path", PATHS)
def test_vnis_when_frames_came_then_show_and_unknown_add_up(path, make_vtapd, mirror):
    vtapd = start(make_vtapd, path, "[session web]\nvni = 100-199, 4321\n")
    for vni, source, count in ((100, SENDER_V4, 3), (199, SENDER_V4, 2), (4321, SENDER_V4, 4), (4321, SENDER_V6, 0),
                               (100, "10.77.0.99", 5), (200, SENDER_V4, 6)):
        for i in range(count):
            mirror.send(vni, frames.numbered(i, 100), source=source)
    session = vtapd.wait_session("web", delivered=14, bytes=1400)

    def rows():
        found = vtapd.get("/v1/show?session=web")["session"]["vnis"]
        return found if sum(row["frames"] for row in found) == session["delivered"] else None
    found = {row["vni"]: row for row in until(rows, "the VNIs add up", seen=lambda: vtapd.ctl("show", "web").stdout)}
    assert {vni: (row["frames"], row["bytes"]) for vni, row in found.items()} \
        == {100: (8, 800), 199: (2, 200), 4321: (4, 400)}
    assert sorted(found[100]["sources"]) == sorted([SENDER_V4, "10.77.0.99"]) and found[199]["sources"] == [SENDER_V4]
    vtapd.wait_received(20)  # those of no session go up to the worker, who reads them when it comes to it
    unknown = vtapd.unknown()
    assert [(row["vni"], row["frames"]) for row in unknown["rows"]] == [(200, 6)] and unknown["frames"] == 6
    assert vtapd.target()["drops"] == {"unknown-vni": 6}


@pytest.mark.parametrize("path", PATHS)
def test_tap_interface_when_frames_were_shown_then_only_the_worker_moves_its_rx_counters(
        path, make_vtapd, mirror, ns, capture):
    """As vtapd(8) says: what the kernel redirects is in no counter of the interface."""
    vtapd = start(make_vtapd, path)
    tap = capture()
    for i in range(10):
        mirror.send(4321, frames.numbered(i))
    tap.frames(at_least=10)
    vtapd.wait_session("web", delivered=10)
    packets = ns.link(TAP)["stats64"]["rx"]["packets"]
    assert packets == (0 if path == "fast path" else 10)


def test_vnis_when_asked_for_now_and_then_under_load_then_their_rate_is_that_of_the_session(vtapd, load):
    """The look that a question takes does not take frames away from the second that they came in."""
    flood = load(rate=2000)
    flood.go_on(4000)
    told = []

    def alike():
        asked = []
        for count in (1400, 700, 1900, 900, 1400, 600, 1700, 1100):  # now before, now after the look of each second
            flood.go_on(count)
            asked.append(vtapd.get("/v1/show?session=web")["session"])
        sessions = [session["frames_per_second"] for session in asked]
        rows = [session["vnis"][0]["frames_per_second"] for session in asked]
        told.append((sessions, rows))
        return 0.75 * min(sessions) < min(rows) and max(rows) < 1.25 * max(sessions)
    until(alike, "the same rates; a busy machine may send by fits and starts", 20, seen=lambda: told)
