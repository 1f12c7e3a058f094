"""The law of vxlan mode: 64,000 segments in, 64,000 out. What would merge them, on the underlay and on the device, is
off, and is switched off again when somebody switches it on. (What becomes of the underlay later: test_offloads.)"""

import pytest

from conftest import WEB_VXLAN
from lab import frames, offload, segments, vxlan
from lab.deadline import until
from lab.sender import Sender

SEGMENTS, FEWER = 64_000, 8_000
TAP = "mirror-web"
BOTH = ("eth0", TAP)
OFF_AGAIN_S = 10.0  # by news, on a busy machine; without any there is a look every 30 s
RATE = 5_000


@pytest.fixture
def vtapd(make_vtapd):
    return make_vtapd(WEB_VXLAN)


@pytest.fixture
def eager(target):
    """An underlay that merges whatever it may."""
    segments.gro_on(target)
    return target.ns


def is_off(ns, *interfaces):
    return not any(offload.has_gro(ns, interface) for interface in interfaces)


def wait_off(vtapd, ns, *interfaces, seconds=OFF_AGAIN_S):
    until(lambda: is_off(ns, *interfaces), f"GRO is off on {interfaces}", seconds, seen=vtapd.log)


def test_segments_when_everything_would_merge_them_then_each_is_shown_as_it_was(
        eager, make_vtapd, mirror, capture, identical):
    vtapd = make_vtapd(WEB_VXLAN)
    segments.linger(eager, TAP)
    assert is_off(eager, *BOTH), "vtapd is ready only then"
    tap = capture(flood=True)
    sent = segments.send(mirror, 4321, tap, SEGMENTS)
    seen = tap.frames(at_least=SEGMENTS, seconds=30)
    assert {len(frame) for frame in seen} == {segments.FRAME_BYTES}
    assert seen == sent, "in order"
    identical(f"vxlan: {SEGMENTS:,} segments, GRO was on", sent, seen)
    vtapd.wait_session("web", received=SEGMENTS, delivered=SEGMENTS, bytes=SEGMENTS * segments.FRAME_BYTES)


@pytest.mark.without_daemon
@pytest.mark.parametrize("on", [BOTH, BOTH[:1], BOTH[1:]], ids=["both", "the underlay", "the device"])
def test_segments_when_the_device_is_made_by_hand_then_either_of_both_merges_them(on, eager, mirror, capture):
    """The lab provokes it: on each of the two stages alone, GRO makes a few large frames of many."""
    count = SEGMENTS if on == BOTH else FEWER
    vxlan.make(eager, TAP, 4321, before="mtu 9001")
    for interface in BOTH:
        offload.switch_gro(eager, interface, interface in on)
    segments.linger(eager, TAP)
    tap = capture(flood=True, huge=True)
    for packet in segments.packets(mirror, 4321, count):
        mirror.send_raw(packet)
    seen = tap.settled()
    assert len(seen) < count // 10 and max(map(len, seen)) > 2 * segments.FRAME_BYTES
    print(f"{count:,} segments made by hand into {len(seen):,} frames of up to {max(map(len, seen)):,} bytes")


# Switched on by hand

@pytest.mark.parametrize("on", [BOTH[:1], BOTH[1:], pytest.param(BOTH, marks=pytest.mark.kernel)],
                         ids=["the underlay", "the device", "both"])
def test_gro_when_switched_on_by_hand_then_it_is_off_again_and_that_is_told(on, vtapd, ns):
    for interface in on:
        ns.run("ethtool", "-K", interface, "gro", "on")
    wait_off(vtapd, ns, *BOTH)
    for interface in on:
        until(lambda interface=interface: vtapd.log_lines(interface, "gro"), f"a line names {interface}",
              seen=vtapd.log)
        assert len(vtapd.log_lines(interface, "gro")) == 1, vtapd.log()
    if TAP in on:
        vtapd.wait_session("web", state="ready", repairs=1)


@pytest.mark.parametrize("on", BOTH, ids=["the underlay", "the device"])
def test_gro_when_switched_on_under_traffic_then_off_again_and_segments_are_as_they_were(
        on, eager, target, make_vtapd, mirror, capture, identical):
    vtapd = make_vtapd(WEB_VXLAN + "[session busy]\nvni = 7\n")
    segments.linger(eager, TAP)
    traffic = Sender(target, 7, RATE).start()
    try:
        traffic.wait_sent(RATE // 5)
        for _ in range(2):
            offload.switch_gro(eager, on, True)
            wait_off(vtapd, eager, *BOTH)
        traffic.wait_sent(traffic.sent() + RATE // 5)
    finally:
        traffic.stop()
    tap = capture(flood=True)
    sent = segments.send(mirror, 4321, tap, FEWER)
    identical(f"vxlan: segments, GRO was on again: {on}", sent, tap.frames(at_least=FEWER))


def test_gro_when_somebody_insists_on_the_device_then_backoff_one_line_and_recovery(vtapd, ns, mirror, capture):
    """The underlay has tests of its own: test_offloads."""
    def gives_up():
        offload.switch_gro(ns, TAP, True)
        return vtapd.session("web")["reason"] == "repair-loop"

    def is_found():
        """While he insists: the next try comes a second later."""
        return gives_up() and "gro-merging" in {row["id"] for row in vtapd.get("/v1/doctor")["findings"]}
    until(is_found, "he is given way, and it is found", seen=vtapd.log)
    assert len(vtapd.log_lines("web: shown as it is")) == 1, vtapd.log()
    tap = capture()
    mirror.send(4321, frames.numbered(1))
    assert tap.frames(at_least=1) == [frames.numbered(1)], "frames are shown all the same"
    wait_off(vtapd, ns, *BOTH, seconds=30)
    vtapd.wait_session("web", state="ready", reason=None, seconds=30)


def test_underlay_when_vtapd_was_killed_then_a_teardown_switches_gro_on_again(eager, make_vtapd):
    vtapd = make_vtapd(WEB_VXLAN)
    assert is_off(eager, *BOTH)
    vtapd.kill()
    assert vtapd.vtapd("--teardown").returncode == 0
    assert not eager.has(TAP) and offload.has_gro(eager, "eth0")
