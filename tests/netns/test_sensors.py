"""The law: sensors read wire-true frames, with the tools and socket options that they use."""

import collections
import os
import shutil
import socket
import struct
import subprocess
import sys

import pytest
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether

from conftest import in_both_modes
from lab import frames, segments
from lab.deadline import until

SOL_PACKET, PACKET_FANOUT, PACKET_FANOUT_HASH = 263, 18, 0  # linux/if_packet.h
SEGMENTS = 64_000


def test_gro_when_on_at_the_underlay_then_every_segment_arrives_as_it_was(
        make_vtapd, target, mirror, capture, identical):
    vtapd = make_vtapd("[target default]\nunderlay = eth0\nreceive-buffer = 256M\n[session web]\nvni = 4321\n")
    segments.gro_on(target)
    tap = capture(flood=True)
    sent = segments.send(mirror, 4321, tap, SEGMENTS)
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
    """AWS gives both directions the same outer port, its resolver's answers another one (seen there): both are tried."""
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


READER = """
import ctypes, socket, sys
if sys.argv[2]:
    ctypes.CDLL(None).prctl(15, sys.argv[2].encode("latin-1"))  # PR_SET_NAME
sockets = [socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) for _ in range(int(sys.argv[3]))]
for one in sockets if sys.argv[1] else []:
    one.bind((sys.argv[1], 0))
sys.stdin.read()
"""
"""A sensor: so many sockets on an interface ("" for all of them), its first thread called so. Ends with its input."""


@pytest.fixture
def reader(ns):
    """reader("mirror-web", "zeek", 8): a sensor by that name, with so many packet sockets."""
    made = []

    def make(interface, name="", sockets=1, program=sys.executable):
        made.append(ns.start(program, "-c", READER, interface, name, str(sockets), stdin=subprocess.PIPE))
        return made[-1]
    yield make
    for process in made:
        process.communicate(timeout=10)


def wait_sensors(vtapd, words):
    """Until status shows these in its column, and JSON says the same."""
    def column():
        return vtapd.ctl("status").stdout.split("SENSORS\n")[1].splitlines()[0][-len(words) - 2:]
    until(lambda: column() == f"  {words}", f"sensors: {words}", seen=lambda: vtapd.ctl("status").stdout)
    return vtapd.session("web")


def test_sensors_when_tcpdump_reads_then_it_is_named(vtapd, capture):
    assert vtapd.session("web")["sensor_names"] == []
    capture()
    assert wait_sensors(vtapd, "1 tcpdump")["sensor_names"] == ["tcpdump"]


def test_sensors_when_two_programs_read_then_both_are_named_who_has_more_sockets_first(vtapd, reader):
    reader("mirror-web", "zeek")
    reader("mirror-web", "suricata", 8)
    session = wait_sensors(vtapd, "9 suricata, zeek")
    assert (session["sensors"], session["sensor_names"]) == (9, ["suricata", "zeek"])


def test_sensors_when_a_program_calls_its_threads_by_its_name_then_it_has_that_of_its_file(vtapd, reader, tmp_path):
    """Suricata's first thread is Suricata-Main."""
    program = shutil.copy(os.path.realpath(sys.executable), tmp_path / "suricata")
    reader("mirror-web", "Suricata-Main", program=program)
    wait_sensors(vtapd, "1 suricata")


def test_sensors_when_a_name_would_drive_a_terminal_then_it_does_not(vtapd, reader):
    reader("mirror-web", "\033[2J,\xff")
    assert wait_sensors(vtapd, "1 ?[2J??")["sensor_names"] == ["?[2J??"]


def test_sensors_when_one_reads_all_interfaces_then_it_is_nobodys(vtapd, reader, ns):
    reader("", "everywhere")
    until(lambda: len(ns.run("cat", "/proc/net/packet").stdout.splitlines()) > 1, "the socket is there")
    reader("mirror-web", "zeek")
    wait_sensors(vtapd, "1 zeek")


PATHS = {"fast path": "fastpath = require\nworkers = 4", "kernel": "mode = vxlan",
         "worker": "fastpath = off\nworkers = 4\nreceive-buffer = 64M"}


@pytest.mark.parametrize("path", PATHS)
def test_order_when_one_outer_flow_then_it_is_kept(path, make_vtapd, mirror, capture):
    """In either path; at the moment when a flow passes from one to the other it is not asked for."""
    vtapd = make_vtapd(f"[target default]\nunderlay = eth0\n{PATHS[path]}\n[session web]\nvni = 4321\n")
    tap = capture(small=True)
    for i in range(20_000):
        mirror.send(4321, frames.numbered(i), flow=65408 + i % 16)
    seen = tap.frames(at_least=20_000)
    assert vtapd.session("web")["dropped"] == 0
    by_flow = collections.defaultdict(list)
    for number in map(frames.number_of, seen):
        by_flow[number % 16].append(number)
    assert all(numbers == sorted(numbers) for numbers in by_flow.values())
