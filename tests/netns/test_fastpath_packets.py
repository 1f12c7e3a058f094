"""The law: the fast path changes speed only (law 7). The same packets reach two hosts, one with the fast path and one
without: the same bytes on the tap interfaces, the same verdicts, and neither shows what no socket would get."""

import collections
import ctypes
import socket
import struct
import time

import pytest

from lab import frames, hosts, packets, segments
from lab.deadline import Missed, until
from lab.reader import TP_STATUS_CSUM_NOT_READY, TP_STATUS_CSUM_VALID, Reader

TAPS = "mirror-"
WEB = 4321
SECONDS = 10.0  # what is not there by then does not come
AT_ONCE = 50  # rows
MARK = frames.ethernet("02:00:00:00:00:0a", "02:00:00:00:00:0b", 0, b"")  # too short for the fast path: always a worker
PLAIN = frames.ethernet("02:00:00:00:00:0a", "02:00:00:00:00:0b", 0x88B5, b"p" * 60)
TAGGED = frames.ethernet("02:00:00:00:00:0a", "02:00:00:00:00:0b", 0x8100, b"\x20\x2a\x08\x00" + b"v" * 60)
SO_NO_CHECK = 11  # asm-generic/socket.h
UDP_SEGMENT = 103  # linux/udp.h
SO_ATTACH_FILTER, AD_RXHASH = 26, 0x100000000 - 0x1000 + 32  # asm-generic/socket.h, linux/filter.h


@pytest.fixture(scope="module")
def table():
    if not packets.is_there():
        pytest.skip(f"no packet table at {packets.DUMP}")
    return packets.Packets()


class Host:
    """A target, its vtapd, and what its tap interfaces show."""

    def __init__(self, target, vtapd):
        self.target, self.ns, self.vtapd = target, target.ns, vtapd
        self.mirror, self.reader = target.mirror(), Reader(target.ns, TAPS)
        self._last = vtapd.target()

    def is_steered(self):
        return "vtapd-steer" in self.ns.run("tc", "filter", "show", "dev", "eth0", "ingress").stdout

    def send(self, rows):
        """Send rows of the table and a mark behind them: (what was counted, what was shown), without the mark."""
        for row in rows:
            self.mirror.send_raw(row.frame)
        self.mirror.send(WEB, MARK)
        last, count = self._last, 1 + sum(row.verdict is not None for row in rows)
        try:
            self._last = self.vtapd.wait_received(last["received"] + count, seconds=SECONDS)
        except Missed:
            self._last = self.vtapd.target()  # what is missing will show
        shown = [seen.frame for seen in self.reader.take(self._last["delivered"] - last["delivered"])]
        return moved(last, self._last), collections.Counter(shown) - collections.Counter([MARK])

    def close(self):
        self.mirror.close()
        self.reader.close()


def moved(before, after):
    """By how much the counters of a target moved, without those of the mark."""
    by = collections.Counter({name: count - before["drops"].get(name, 0) for name, count in after["drops"].items()})
    for name in ("received", "delivered", "reserved_bits"):
        by[name] = after[name] - before[name]
    by.subtract({"received": 1, "delivered": 1})
    return {name: count for name, count in by.items() if count}


def expected(rows):
    """The same by the table."""
    heard = [row for row in rows if row.verdict is not None]
    by = collections.Counter(row.verdict for row in heard)
    by.update({"received": len(heard), "reserved_bits": sum(row.has_reserved_bits for row in heard)})
    return ({name: count for name, count in by.items() if count},
            collections.Counter(row.inner for row in heard if row.verdict == "delivered"))


def wrong_rows(host, rows):
    """[(name, what came of it)] of the rows that end otherwise than the table says; all at once, then in halves."""
    got = host.send(rows)
    if got == expected(rows):
        return []
    if len(rows) > 1:
        half = len(rows) // 2
        return wrong_rows(host, rows[:half]) + wrong_rows(host, rows[half:])
    return [(rows[0].name, got[0], [len(frame) for frame in got[1].elements()])]


@pytest.fixture
def make_host(make_target, make_vtapd):
    """make_host(conf): a host with an address more, where the table's scene wants it."""
    made = []

    def make(conf, **kwargs):
        target = make_target(**kwargs)
        target.ns.ip(f"address add {packets.SECOND_V4}/24 dev eth0")
        made.append(Host(target, make_vtapd(conf, ns=target.ns)))
        return made[-1]
    yield make
    for host in made:
        host.close()


@pytest.fixture
def make_pair(make_host, table):
    """(a host with the fast path, one without)."""
    def make(**kwargs):
        pair = [make_host(table.conf("underlay = eth0", "workers = 1", f"fastpath = {setting}"), **kwargs)
                for setting in ("require", "off")]
        assert [host.is_steered() for host in pair] == [True, False]
        return pair
    return make


def test_packets_when_sent_to_both_then_the_verdicts_and_bytes_of_the_table(make_pair, table):
    for host, path in zip(make_pair(), ("fast path", "worker")):
        for i in range(0, len(table.rows), AT_ONCE):
            wrong = wrong_rows(host, table.rows[i:i + AT_ONCE])
            assert not wrong, f"{path}:\n" + "\n".join(map(str, wrong))


def answers(host, rows):
    """How many packets the host sends because of these rows, with a mark behind them that the fast path takes."""
    sent = host.target.underlay_counts()[1]
    for row in rows:
        host.mirror.send_raw(row.frame)
    host.mirror.send(WEB, PLAIN)
    until(lambda: PLAIN in [seen.frame for seen in host.reader.seen()], "the mark is shown")
    return host.target.underlay_counts()[1] - sent


def test_packets_when_the_daemon_is_gone_then_what_is_taken_arrives_and_nothing_more_is_answered(make_pair, table):
    """Shows which packets the fast path takes; and law 3: the host answers to no more than with a daemon (other ports,
    protocols and addresses), so to none that would have been ours."""
    host = make_pair()[0]
    host.ns.sysctl(net__ipv4__icmp_ratelimit=0, net__ipv6__icmp__ratelimit=0)
    with_daemon = answers(host, table.rows)
    host.vtapd.wait_received(sum(row.verdict is not None for row in table.rows) + 1)
    host.vtapd.kill()
    host.reader.take()
    assert answers(host, table.rows) <= with_daemon
    wanted = collections.Counter([row.inner for row in table.rows if row.is_taken] + [PLAIN])
    assert collections.Counter(seen.frame for seen in host.reader.seen(wanted.total())) == wanted


# What BPF_PROG_TEST_RUN does not show

@pytest.mark.parametrize("tci,is_shown", [(0, True), (5 << 13, True), (5, False), (0x2005, False)], ids=hex)
def test_outer_vlan_tag_when_it_has_a_number_then_not_ours_else_it_stays_behind(tci, is_shown, make_pair):
    """A priority tag (VLAN 0) is metadata where the fast path is: it must not show up on the inner frame."""
    for host in make_pair():
        for inner in (PLAIN, TAGGED):
            packet = host.mirror.wrap(WEB, inner)
            host.mirror.send_raw(packet[:12] + struct.pack("!HH", 0x8100, tci) + packet[12:])
            host.mirror.send(WEB, MARK)
            wanted = [inner, MARK] if is_shown else [MARK]
            assert sorted(seen.frame for seen in host.reader.take(len(wanted))) == sorted(wanted)


def test_super_packets_when_the_sender_leaves_cutting_to_others_then_each_frame_is_shown_once(make_pair):
    """A UDP sender with segmentation offload (UDP_SEGMENT) on a veth: 40 datagrams come in as one."""
    inner = [frames.numbered(i, 200) for i in range(40)]
    for host in make_pair():
        with host.target.sender.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.setsockopt(socket.SOL_UDP, UDP_SEGMENT, len(frames.vxlan(WEB, inner[0])))
            sock.sendto(b"".join(frames.vxlan(WEB, frame) for frame in inner), (hosts.TARGET_V4, frames.VXLAN_PORT))
        assert [seen.frame for seen in host.reader.take(len(inner))] == inner
        assert host.vtapd.wait_session("web", received=len(inner))["dropped"] == 0


def test_packets_when_merged_by_gro_then_each_frame_is_shown_as_it_was(make_pair, identical):
    for host in make_pair():
        segments.gro_on(host.target)
        sent = list(segments.stream(2000))
        for packet in segments.packets(host.mirror, WEB, len(sent)):
            host.mirror.send_raw(packet)
        seen = [seen.frame for seen in host.reader.take(len(sent))]
        identical(f"GRO, {'fast path' if host.is_steered() else 'worker'}", sent, seen)


def zero_checksum_socket(host):
    sock = host.target.sender.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, SO_NO_CHECK, 1)
    sock.connect((hosts.TARGET_V4, frames.VXLAN_PORT))
    return sock


def test_packet_when_it_lies_in_pages_then_taken_and_shown_as_it_was(make_pair):
    """20,000 bytes from a socket: its first pages have but the outer IP and UDP header in one piece."""
    frame = frames.numbered(1, 20_000)
    for host in make_pair(mtu=30_000):
        if host.is_steered():
            host.vtapd.kill()
        with zero_checksum_socket(host) as sock:
            sock.send(frames.vxlan(WEB, frame))
        assert [seen.frame for seen in host.reader.take(1)] == [frame]


@pytest.mark.parametrize("status,what", [(TP_STATUS_CSUM_VALID, "checksum found good"),
                                         (TP_STATUS_CSUM_NOT_READY, "checksum not there yet")])
def test_frame_when_the_outer_packet_has_a_checksum_then_nothing_is_said_of_the_inner_one(status, what, make_pair):
    """From a socket on a veth: the outer checksum is left to be filled in, which the kernel takes for good."""
    for host in make_pair():
        with host.target.sender.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(frames.vxlan(WEB, PLAIN), (hosts.TARGET_V4, frames.VXLAN_PORT))
        seen = host.reader.take(1)[0]
        assert seen.frame == PLAIN and not seen.status & status, what


def test_path_when_most_packets_are_none_for_it_then_status_and_show_say_so(make_pair):
    """From sockets on a veth, with an outer checksum that nobody has verified: usual in a lab."""
    fast, worker = make_pair()

    def detour(host, n_fast, n_worker):
        told = host.vtapd.target()["fastpath"]
        return told["recent"] == {"fast_path": n_fast, "worker": n_worker} and (told["detour"] or "none")

    assert detour(fast, 0, 0) == "none"
    for host in (fast, worker):
        with host.target.sender.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            for _ in range(20):
                sock.sendto(frames.vxlan(WEB, PLAIN), (hosts.TARGET_V4, frames.VXLAN_PORT))
        host.reader.take(20)
    line = until(lambda: detour(fast, 0, 20), "it is told", seen=fast.vtapd.target)
    assert line.startswith("20 of the last minute's 20 frames went through the worker: an outer UDP checksum"), line
    assert f"\n  default: {line}.\n" in fast.vtapd.ctl("status").stdout
    assert f"  path         fast path\n               {line}\n" in fast.vtapd.ctl("show", "web").stdout
    told = worker.vtapd.target()["fastpath"]
    assert told["recent"] is None and told["detour"] is None, "it was asked for"

    for _ in range(20):
        fast.mirror.send(WEB, PLAIN)
    fast.reader.take(20)
    assert until(lambda: detour(fast, 20, 20), "both are counted", seen=fast.vtapd.target) == "none"


# What stays beside a frame

def stamps(host):
    """(when a packet came in on the underlay, when its frame was shown, when both had been read), in nanoseconds."""
    with Reader(host.ns, "eth0") as underlay:
        host.mirror.send(WEB, PLAIN)
        outer, inner = underlay.seen(1)[0], host.reader.take(1)[0]
    assert inner.frame == PLAIN and outer.frame.endswith(PLAIN)
    return outer.stamp, inner.stamp, time.time_ns()


def test_frame_when_steered_then_its_time_is_that_of_arrival_and_by_the_worker_that_of_the_write(make_pair):
    fast, worker = (stamps(host) for host in make_pair())
    assert fast[1] == fast[0]
    assert worker[0] < worker[1] < worker[2]


def hashed(ns, interface):
    """A packet socket on an interface that reads only what has a hash already (SKF_AD_RXHASH)."""
    load, is_zero, none, all_of_it = (0x20, 0, 0, AD_RXHASH), (0x15, 0, 1, 0), (6, 0, 0, 0), (6, 0, 0, 0xFFFF)
    code = b"".join(struct.pack("HBBI", *step) for step in (load, is_zero, none, all_of_it))
    buffer = ctypes.create_string_buffer(code)
    sock = ns.packet_socket(interface)
    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HxxxxxxP", 4, ctypes.addressof(buffer)))
    sock.setblocking(False)
    return sock


def test_frame_when_steered_then_it_has_no_hash_of_the_outer_flow(make_pair):
    """Sensors that spread frames by skb->hash get one of the inner flow: what is there is thrown away."""
    host = make_pair()[0]
    with hashed(host.ns, "eth0") as outer, hashed(host.ns, "mirror-web") as inner, \
            zero_checksum_socket(host) as sock:
        sock.send(frames.vxlan(WEB, PLAIN))
        assert host.reader.take(1)[0].frame == PLAIN
        assert outer.recv(9000).endswith(PLAIN), "it had one as it came in"
        with pytest.raises(BlockingIOError):
            inner.recv(9000)
