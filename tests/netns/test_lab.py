"""The law: the lab tells the truth. What it says about vtapd is worth as much as these tests (no vtapd here)."""

import struct
import subprocess

import pytest

from lab import deadline, frames, hosts, segments
from lab.capture import Capture
from lab.source import VNI, Source

pytestmark = pytest.mark.without_daemon


@pytest.fixture
def scene(directory, make_target, tmp_path):
    """A source whose mirror reaches a target's underlay, where nobody takes it."""
    source = Source(tmp_path)
    target = make_target(sender=source.ns)
    source.mirror_to(hosts.TARGET_V4)
    source.serve()
    yield source, target
    source.remove()


def test_mirror_when_traffic_flows_then_the_kernels_copy_is_the_truth(scene, directory, identical):
    source, target = scene
    with Capture(source.ns, "eth0", directory) as truth, Capture(target.ns, "eth0", directory, "in") as copy:
        source.http()
        source.dns()
        source.ping(size=8973)
        source.quiet()
        marker = source.mark()
        sent = truth.wait_for(marker)
        vnis, inner = zip(*filter(None, map(frames.inner_of, copy.frames(at_least=len(sent) + 1))))
    assert set(vnis) == {VNI}
    identical("lab: the mirror's copy, no vtapd", sent, list(inner)[:inner.index(marker)])


def test_target_when_nobody_listens_then_the_lab_sees_its_icmp(target, mirror, directory):
    with Capture(target.ns, "eth0", directory, "out") as out:
        mirror.send(1, frames.numbered(1))
        answer = out.frames(at_least=1)[0]
    assert answer[23] == 1 and answer[34:36] == b"\x03\x03", "ICMP port unreachable"


def test_target_when_nothing_happens_then_nothing_leaves(target, directory):
    before = target.underlay_counts()
    with Capture(target.ns, "eth0", directory, "out") as out:
        target.ns.ip("link show")
        assert out.settled() == []
    assert target.underlay_counts() == before


def test_gro_when_a_kernel_vxlan_device_listens_then_segments_merge(target, directory):
    """The lab's recipe really provokes merging: what vtapd avoids is there to be avoided."""
    target.ns.ip(f"link add vx0 mtu 9001 type vxlan id 7 local {hosts.TARGET_V4} dstport {frames.VXLAN_PORT}"
                 " nolearning")
    target.ns.ip("link set vx0 up")
    segments.gro_on(target)
    with Capture(target.ns, "vx0", directory, "in", huge=True) as seen, target.mirror() as mirror:
        for packet in segments.packets(mirror, 7, 2000):
            mirror.send_raw(packet)
        merged = seen.frames(at_least=10)
    assert max(map(len, merged)) > 2 * segments.FRAME_BYTES


def test_capture_when_frames_flow_then_each_is_seen_once_and_in_order(target, mirror, directory):
    with Capture(target.ns, "eth0", directory, "in", small=True) as seen:
        for i in range(2000):
            mirror.send(1, frames.numbered(i))
        packets = seen.frames(at_least=2000)
    assert [frames.number_of(frames.inner_of(packet)[1]) for packet in packets] == list(range(2000))


def test_outer_header_when_made_by_hand_then_it_is_aws_own(mirror):
    packet = mirror.wrap(0x54FA11, b"inner")[14:]
    head = struct.unpack_from("!BBHHHBBH", packet)
    assert head[:2] == (0x45, 0) and head[3:7] == (0, 0, 255, 17), "TOS 0, ID 0, DF 0, TTL 255, UDP"
    assert frames.checksum(packet[:20]) == 0
    assert packet[26:28] == b"\0\0", "UDP checksum 0"
    assert packet[28:36].hex() == "0800000054fa1100"


def test_wait_when_the_machine_stood_still_then_it_goes_on_and_otherwise_it_ends(monkeypatch):
    clock = iter([0, 1, 61, 62, 63])
    monkeypatch.setattr(deadline.time, "monotonic", lambda: next(clock))
    looks = iter([False, False, False, True])
    assert deadline.until(lambda: next(looks), "the fourth look", seconds=5)
    clock = iter([0, 1, 2, 3, 4, 5, 6])
    with pytest.raises(deadline.Missed):
        deadline.until(lambda: False, "never", seconds=5)


def test_namespaces_when_removed_then_none_of_ours_is_left(make_target):
    target = make_target()
    target.remove()
    listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout
    assert target.ns.name not in listed and target.sender.name not in listed
