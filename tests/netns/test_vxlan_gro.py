"""The law of vxlan mode: 64,000 segments in, 64,000 out. What would merge them, on the underlay and on the device, is
off, is switched off again when somebody switches it on, and is given back as it was found."""

import os

import pytest

from conftest import HEADS, WEB_VXLAN
from lab import frames, offload, segments, vxlan
from lab.capture import PCAP_HEADER_BYTES, RECORD
from lab.deadline import until
from lab.sender import Sender

SEGMENTS, FEWER = 64_000, 8_000
AHEAD = 8_000  # segments on their way to tcpdump at most
TAP = "mirror-web"
BOTH = ("eth0", TAP)
OFF_AGAIN_S = 2.0
RATE = 5_000
NO_SESSION = HEADS["vxlan"]


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


def send_segments(mirror, tap, count):
    """Send so many, as fast as tcpdump takes them; returns them."""
    sent = []
    for n, frame in enumerate(segments.stream(count), 1):
        sent.append(frame)
        mirror.send_raw(mirror.wrap(4321, frame))
        if n % 2_000 == 0:
            wanted = PCAP_HEADER_BYTES + (n - AHEAD) * (RECORD.size + segments.FRAME_BYTES)
            until(lambda wanted=wanted: os.path.getsize(tap.path) >= wanted, f"{n - AHEAD} segments are shown", 30)
    return sent


def test_segments_when_everything_would_merge_them_then_each_is_shown_as_it_was(
        eager, make_vtapd, mirror, capture, identical):
    vtapd = make_vtapd(WEB_VXLAN)
    segments.linger(eager, TAP)
    assert is_off(eager, *BOTH), "vtapd is ready only then"
    tap = capture(flood=True)
    sent = send_segments(mirror, tap, SEGMENTS)
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

@pytest.mark.kernel
@pytest.mark.parametrize("on", [BOTH[:1], BOTH[1:], BOTH], ids=["the underlay", "the device", "both"])
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
    sent = send_segments(mirror, tap, FEWER)
    identical(f"vxlan: segments, GRO was on again: {on}", sent, tap.frames(at_least=FEWER))


def test_gro_when_somebody_insists_then_it_is_a_finding_that_names_the_place_until_he_stops(vtapd, ns):
    def gives_up():
        if not offload.has_gro(ns, "eth0"):
            offload.switch_gro(ns, "eth0", True)
        return "gro-merging" in vtapd.status()["findings"]
    until(gives_up, "gro-merging is found", seen=vtapd.log)
    finding = next(row for row in vtapd.get("/v1/doctor")["findings"] if row["id"] == "gro-merging")
    assert "eth0" in finding["sentence"], finding
    assert vtapd.target()["merging"] == ["eth0"]
    assert vtapd.session("web")["state"] == "ready", "frames are shown all the same"
    assert len(vtapd.log().splitlines()) < 20, "not a line for each time"
    wait_off(vtapd, ns, *BOTH, seconds=60)
    until(lambda: "gro-merging" not in vtapd.status()["findings"], "it is over", seen=vtapd.log)


# Given back

SETTINGS = pytest.mark.parametrize("before", [True, False], ids=["was on", "was off"])


@pytest.fixture
def underlay(before, ns):
    offload.switch_gro(ns, "eth0", before)
    return ns


def wait_as_before(vtapd, ns, before):
    until(lambda: offload.has_gro(ns, "eth0") == before, f"GRO of the underlay is {before} as before", OFF_AGAIN_S,
          seen=vtapd.log)


@SETTINGS
def test_underlay_when_the_last_session_goes_then_it_is_as_before(before, underlay, make_vtapd):
    vtapd = make_vtapd(WEB_VXLAN + "[session db]\nvni = 7\n")
    assert is_off(underlay, "eth0")
    vtapd.write("vtapd.conf", WEB_VXLAN)
    vtapd.reload()
    assert is_off(underlay, "eth0"), "one session is left"
    vtapd.write("vtapd.conf", NO_SESSION)
    vtapd.reload()
    wait_as_before(vtapd, underlay, before)


@SETTINGS
@pytest.mark.parametrize("end", ["stop", "kill"])
def test_underlay_when_vtapd_ends_and_comes_back_then_off_all_the_time_and_as_before_in_the_end(
        end, before, underlay, make_vtapd):
    vtapd = make_vtapd(WEB_VXLAN)
    for _ in range(2):
        getattr(vtapd, end)()
        assert is_off(underlay, *BOTH), "the kernel goes on"
        vtapd.start()
        assert is_off(underlay, *BOTH)
    vtapd.write("vtapd.conf", NO_SESSION)
    vtapd.reload()
    wait_as_before(vtapd, underlay, before)


@SETTINGS
@pytest.mark.parametrize("how", ["on-stop = remove", "vtapctl teardown", "vtapd --teardown", "--teardown when stopped",
                                 "--teardown when killed"])
def test_underlay_when_all_of_ours_is_removed_then_it_is_as_before(how, before, underlay, make_vtapd):
    vtapd = make_vtapd(f"[daemon]\non-stop = remove\n{WEB_VXLAN}" if how.startswith("on-stop") else WEB_VXLAN)
    assert is_off(underlay, *BOTH)
    if how.startswith("on-stop") or how.endswith("stopped"):
        vtapd.stop()
    if how.endswith("killed"):
        vtapd.kill()
    if how.startswith("vtapctl"):
        assert vtapd.ctl("teardown").returncode == 0
    elif "--teardown" in how:
        assert vtapd.vtapd("--teardown").returncode == 0
    assert not underlay.has(TAP)
    wait_as_before(vtapd, underlay, before)


def test_underlay_when_it_is_another_after_a_reload_then_the_former_one_is_as_before(make_target, make_vtapd):
    target = make_target()
    target.plug_second()
    for interface in ("eth0", "eth1"):
        offload.switch_gro(target.ns, interface, True)
    vtapd = make_vtapd(WEB_VXLAN, ns=target.ns)
    assert is_off(target.ns, "eth0") and not is_off(target.ns, "eth1")
    vtapd.write("vtapd.conf", WEB_VXLAN.replace("eth0", "eth1"))
    vtapd.reload()
    wait_off(vtapd, target.ns, "eth1")
    wait_as_before(vtapd, target.ns, True)


def test_underlay_when_gone_and_back_then_off_again(eager, vtapd, target):
    target.unplug()
    target.plug()
    offload.switch_gro(target.ns, "eth0", True)
    wait_off(vtapd, eager, "eth0")
    vtapd.wait_session("web", state="ready")


def test_underlay_when_tap_mode_then_its_gro_is_left_alone(eager, make_vtapd, mirror):
    vtapd = make_vtapd("[target default]\nunderlay = eth0\n[session web]\nvni = 4321\n")
    mirror.send(4321, frames.numbered(1))
    vtapd.wait_session("web", delivered=1)
    assert offload.has_gro(eager, "eth0")
