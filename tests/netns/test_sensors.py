"""The law: sensors read wire-true frames, with the tools and socket options that they use."""

import collections
import socket
import struct

import pytest
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether

from conftest import in_both_modes
from lab import frames, segments
from lab.deadline import until

SOL_PACKET, PACKET_FANOUT, PACKET_FANOUT_HASH = 263, 18, 0  # linux/if_packet.h
SEGMENTS = 64_000
AHEAD = 8_000  # segments on their way at most: the sender is paced by what was received


def test_gro_when_on_at_the_underlay_then_every_segment_arrives_as_it_was(
        make_vtapd, target, mirror, capture, identical):
    vtapd = make_vtapd("[target default]\nunderlay = eth0\nreceive-buffer = 256M\n[session web]\nvni = 4321\n")
    segments.gro_on(target)
    tap = capture(flood=True)
    sent = []
    for n, frame in enumerate(segments.stream(SEGMENTS), 1):
        sent.append(frame)
        mirror.send_raw(mirror.wrap(4321, frame))
        if n % 2_000 == 0:
            vtapd.wait_received(n - AHEAD)
    vtapd.wait_session("web", seconds=30, received=SEGMENTS, delivered=SEGMENTS, dropped=0)
    seen = tap.frames(at_least=SEGMENTS, seconds=30)
    assert {len(frame) for frame in seen} == {segments.FRAME_BYTES}
    identical(f"{SEGMENTS:,} segments, GRO on", sent, seen)


def conversation(i):
    """Both directions of a TCP flow: (from the client, from the server)."""
    client, server = f"10.1.{i // 200}.{i % 200 + 1}", "10.2.0.1"
    there = Ether(src="02:00:00:00:00:0a", dst="02:00:00:00:00:0b") / IP(src=client, dst=server)
    back = Ether(src="02:00:00:00:00:0b", dst="02:00:00:00:00:0a") / IP(src=server, dst=client)
    return bytes(there / TCP(sport=40000 + i, dport=443)), bytes(back / TCP(sport=443, dport=40000 + i, flags="SA"))


@pytest.fixture
def fanout(ns, vtapd):
    """Four AF_PACKET sockets on mirror-web in one PACKET_FANOUT_HASH group, as Suricata opens them."""
    sockets = [ns.packet_socket("mirror-web") for _ in range(4)]
    for sock in sockets:
        sock.setsockopt(SOL_PACKET, PACKET_FANOUT, struct.pack("I", 4242 | PACKET_FANOUT_HASH << 16))
        sock.setblocking(False)
    yield sockets
    for sock in sockets:
        sock.close()


def drain(sock):
    """What is in the socket, without what others sent (there must be nothing of that)."""
    got = []
    while True:
        try:
            frame, (_, _, kind, _, _) = sock.recvfrom(65536)
        except BlockingIOError:
            return got
        assert kind != socket.PACKET_OUTGOING, frame.hex()
        got.append(frame)


@in_both_modes
def test_fanout_when_four_sockets_share_then_both_directions_meet_in_one(fanout, vtapd, mirror):
    """AWS gives both directions the same outer port, its resolver's answers another one (FACTS 1.1): both are tried."""
    flows = [conversation(i) for i in range(200)]
    for i, (there, back) in enumerate(flows):
        mirror.send(4321, there, flow=65408 + i % 100)
        mirror.send(4321, back, flow=65408 + (i % 100 if i % 2 else 0))
    vtapd.wait_session("web", delivered=400)
    got = [[] for _ in fanout]

    def all_there():
        for frames_of_one, sock in zip(got, fanout):
            frames_of_one.extend(drain(sock))
        return sum(map(len, got)) >= 400
    until(all_there, "400 frames in the group", seen=lambda: list(map(len, got)))
    where = collections.defaultdict(set)
    for i, frames_of_one in enumerate(got):
        for frame in frames_of_one:
            where[frames.flow_pair_of(frame)].add(i)
    assert len(where) == 200
    assert all(len(sockets) == 1 for sockets in where.values()), "no flow is split"
    assert all(len(frames_of_one) > 20 for frames_of_one in got), list(map(len, got))


@in_both_modes
def test_sensors_when_one_reads_then_status_counts_it(vtapd, capture):
    assert vtapd.session("web")["sensors"] == 0
    capture()
    vtapd.wait_session("web", sensors=1)


PATHS = {"fast path": "fastpath = require\nworkers = 4", "kernel": "mode = vxlan",
         "worker": "fastpath = off\nworkers = 4\nreceive-buffer = 64M"}


@pytest.mark.parametrize("path", PATHS)
def test_order_when_one_outer_flow_then_it_is_kept(path, make_vtapd, mirror, capture):
    """In either path; at the moment when a flow passes from one to the other it is not asked for."""
    vtapd = make_vtapd(f"[target default]\nunderlay = eth0\n{PATHS[path]}\n[session web]\nvni = 4321\n")
    tap = capture(flood=True)
    for i in range(20_000):
        mirror.send(4321, frames.numbered(i), flow=65408 + i % 16)
    seen = tap.frames(at_least=20_000)
    assert vtapd.session("web")["dropped"] == 0
    by_flow = collections.defaultdict(list)
    for number in map(frames.number_of, seen):
        by_flow[number % 16].append(number)
    assert all(numbers == sorted(numbers) for numbers in by_flow.values())
