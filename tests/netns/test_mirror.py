"""The law: what a sensor reads is, byte for byte and in order within a flow, what was mirrored.

The mirror is the kernel's own (tc mirred into a vxlan device); the truth is a capture on the production
machine's interface; what vtapd shows is a capture on the tap interface.
"""

import os
import socket

import pytest
from scapy.utils import RawPcapReader

from conftest import MODES
from lab import frames, hosts
from lab.capture import Capture
from lab.daemon import REPOSITORY
from lab.source import PEER_V6, VNI, Source, is_ipv6

CAPTURES = os.path.join(REPOSITORY, "../shared/captures")
AWS = os.path.join(CAPTURES, "aws-mirror.pcap")
AWS_VNI = 5569041
OUTER_BYTES = 20 + 8 + 8
PLAIN = os.path.join(CAPTURES, "plain")


def many(action, times):
    def scene(source):
        for _ in range(times):
            action(source)
    return scene


SCENES = {
    "http": many(Source.http, 3),
    "dns": many(Source.dns, 5),
    "ping": lambda source: source.ping(count=20),
    "ipv6 http and ping": lambda source: (source.http(PEER_V6), source.ping(PEER_V6)),
    "jumbo 9001": lambda source: source.ping(size=9001 - 28, count=20),
    "all of it": lambda source: [SCENES[name](source) for name in list(SCENES)[:5]],
}


@pytest.fixture
def source(tmp_path):
    made = Source(tmp_path)
    made.serve()
    yield made
    made.remove()


@pytest.fixture(params=MODES)
def mode(request):
    return request.param


@pytest.fixture
def head(mode):
    """On one path from the first frame on: where the fast path comes in, it overtakes what waits in a socket."""
    return f"[target default]\nunderlay = eth0\nmode = {mode}\n"


@pytest.fixture
def vtapd(head, make_vtapd):
    return make_vtapd(f"{head}[session web]\nvni = 4321\n")


@pytest.fixture
def target(source, make_target):
    made = make_target(sender=source.ns)
    source.mirror_to(hosts.TARGET_V4)
    return made


@pytest.mark.parametrize("scene", SCENES)
def test_mirror_when_programs_talk_then_the_tap_shows_the_same_frames(
        scene, mode, source, vtapd, directory, capture, identical):
    assert VNI == 4321 and vtapd.session("web")["state"] == "ready"
    tap = capture("mirror-web", direction="in")
    with Capture(source.ns, "eth0", directory) as truth:
        SCENES[scene](source)
        source.quiet()
        marker = source.mark()
        sent, seen = truth.wait_for(marker), tap.wait_for(marker)
    identical(f"{mode}: {scene}", sent, seen)
    if scene == "jumbo 9001":
        assert max(map(len, seen)) == 9001 + 14
    if scene.startswith("ipv6"):
        assert sum(map(is_ipv6, seen)) > 30


def test_tap_when_frames_are_delivered_then_none_shows_as_outgoing(source, vtapd, capture):
    tap, out = capture("mirror-web", direction="in"), capture("mirror-web", direction="out")
    source.ping()
    tap.wait_for(source.mark())
    assert out.settled() == []
    assert vtapd.session("web")["dropped"] == 0


def packets_of(path):
    if not os.path.exists(path):
        pytest.skip(f"no capture at {os.path.relpath(path, REPOSITORY)}")
    return [bytes(packet) for packet, _ in RawPcapReader(path)]


@pytest.fixture
def plain_target(make_target):
    return make_target()


def test_aws_capture_when_replayed_then_the_tap_shows_its_inner_frames(
        mode, head, plain_target, make_vtapd, capture, identical):
    """Real AWS packets; only the outer MACs and the outer destination (and with it the header checksum) are ours."""
    packets = packets_of(AWS)
    vtapd = make_vtapd(f"{head}[session aws]\nvni = {AWS_VNI}\n", ns=plain_target.ns)
    tap = capture("mirror-aws", where=plain_target.ns)
    with plain_target.mirror() as mirror:
        for packet in packets:
            mirror.send_ip(readdressed(packet[14:]))
    seen = tap.frames(at_least=len(packets))
    identical(f"{mode}: AWS capture", [frames.inner_of(packet)[1] for packet in packets], seen)
    vtapd.wait_session("aws", received=len(packets), dropped=0)


def readdressed(packet):
    head = packet[:10] + b"\0\0" + packet[12:16] + socket.inet_aton(hosts.TARGET_V4)
    return head[:10] + frames.checksum(head).to_bytes(2, "big") + head[12:] + packet[20:]


@pytest.mark.parametrize("name", sorted(os.listdir(PLAIN)) if os.path.isdir(PLAIN) else ["(none)"])
def test_plain_capture_when_wrapped_then_the_tap_shows_its_frames(
        name, mode, head, plain_target, make_vtapd, capture, identical):
    packets = packets_of(os.path.join(PLAIN, name))
    head += "receive-buffer = 64M\n" if mode == "tap" else ""
    make_vtapd(f"{head}[session plain]\nvni = 7\n", ns=plain_target.ns)
    fits = hosts.UNDERLAY_MTU - OUTER_BYTES
    tap = capture("mirror-plain", where=plain_target.ns, flood=True, huge=max(map(len, packets)) > fits)
    with plain_target.mirror() as mirror:
        for i, packet in enumerate(packets):
            if len(packet) <= fits:
                mirror.send(7, packet)
            else:
                mirror.send_fragments(7, packet, ident=i)
    identical(f"{mode}, plain: {name}"[:42], packets, tap.frames(at_least=len(packets)))
