"""The law of vxlan mode: the daemon carries no packet, so whatever befalls it, under load no frame of a session is
lost, none is shown twice, and none is forgotten by the counters."""

import os

import pytest

from conftest import HEADS, WEB_VXLAN
from lab import daemon, frames, lives, unit
from lab.deadline import until
from lab.load import Load
from lab.fastpath import is_guarded

TAP = "mirror-web"
NEXT = os.path.join(os.path.dirname(daemon.VTAPD), "../tests/netns/vtapd_next")
REMOVE = f"[daemon]\non-stop = remove\n{WEB_VXLAN}"


@pytest.fixture
def vtapd(make_vtapd):
    return make_vtapd(WEB_VXLAN)


class Counts:
    """What was told of a session never becomes less."""

    KEYS = ("received", "delivered", "bytes")

    def __init__(self, vtapd):
        self._vtapd, self._last = vtapd, dict.fromkeys(self.KEYS, 0)

    def look(self):
        session = self._vtapd.session("web")
        assert all(session[key] >= self._last[key] for key in self.KEYS), (self._last, session)
        self._last = session


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_daemon_when_ended_and_started_under_load_then_no_frame_is_lost_and_counts_go_on(end, vtapd, ns, load):
    index, traffic, counts = ns.ifindex(TAP), load(), Counts(vtapd)
    for _ in range(3):
        traffic.go_on()
        counts.look()
        getattr(vtapd, end)()
        traffic.go_on()
        vtapd.start()
        counts.look()
    traffic.go_on()
    traffic.settle(vtapd)
    assert ns.ifindex(TAP) == index


@pytest.mark.skipif(unit.is_wanted(), reason="its pins are the unit's")
def test_counters_when_the_target_had_a_fast_path_before_then_a_restart_does_not_bring_its_counts_back(
        make_vtapd, mirror, pin_folder):
    """What is told below "counted by the kernel's devices" are those devices' numbers, and nobody else's."""
    vtapd = make_vtapd(WEB_VXLAN.replace("vxlan", "tap"), start=False)
    pin_folder(vtapd)
    vtapd.start()
    for i in range(5):
        mirror.send(4321, frames.numbered(i))
    vtapd.wait_session("web", delivered=5)
    vtapd.write("vtapd.conf", WEB_VXLAN)
    vtapd.reload()
    vtapd.stop()
    vtapd.start()
    mirror.send(4321, frames.numbered(5))
    vtapd.wait_session("web", delivered=1)
    assert vtapd.target()["received"] == 1, vtapd.target()


def test_daemon_when_killed_at_any_moment_of_its_start_or_reload_under_load_then_no_frame_is_lost(vtapd, ns, load):
    index = ns.ifindex(TAP)
    lives.kill_at_any_moment(vtapd, load(), WEB_VXLAN)
    assert ns.ifindex(TAP) == index


def test_daemon_when_gone_for_seconds_under_load_then_no_frame_is_lost(vtapd, load):
    lives.be_gone_for_seconds(vtapd, load(rate=50_000))


def test_upgrade_when_another_program_takes_over_then_no_frame_is_lost_and_counts_go_on(vtapd, load):
    if unit.is_wanted() or not os.access(NEXT, os.X_OK):
        pytest.skip(f"no {NEXT} here: built with the tests")
    traffic, counts = load(), Counts(vtapd)
    for binary in (NEXT, daemon.VTAPD, NEXT):
        traffic.go_on()
        counts.look()
        vtapd.kill()
        traffic.go_on()
        vtapd.binary = binary
        vtapd.start()
        counts.look()
    traffic.go_on()
    traffic.settle(vtapd)


def test_stop_when_kept_then_the_stop_line_says_that_the_kernel_goes_on_and_nobody_is_answered(
        vtapd, mirror, capture, ns):
    vtapd.stop()
    last = vtapd.log().splitlines()[-1]
    assert "stay" in last and "ICMP" not in last, last
    assert ns.is_up(TAP) and is_guarded(ns, TAP)
    tap, out = capture(TAP), capture("eth0", direction="out")
    for vni in (1, 4321):
        mirror.send(vni, frames.numbered(vni))
    assert tap.frames(at_least=1) == [frames.numbered(4321)]
    assert out.settled() == [], "not even to a VNI of nobody"


def test_stop_when_remove_then_the_port_is_closed_and_the_stop_line_says_so(make_vtapd, ns):
    vtapd = make_vtapd(REMOVE)
    vtapd.stop()
    assert not ns.has(TAP)
    last = vtapd.log().splitlines()[-1]
    assert "4789" in last and "ICMP" in last, last
    assert not ns.run("ss", "-Hlun", "sport", "=", f":{frames.VXLAN_PORT}").stdout


@pytest.mark.parametrize("is_running", [True, False], ids=["running", "stopped"])
def test_teardown_when_asked_then_all_is_gone_and_others_stay(is_running, make_vtapd, ns):
    vtapd = make_vtapd(HEADS["vxlan"] + "".join(f"[session s{i}]\nvni = {i}\n" for i in range(30)))
    ns.ip(f"link add theirs type vxlan id 77777 dstport {frames.VXLAN_PORT} nolearning")
    others = {name: ns.ifindex(name) for name in ("lo", "eth0", "theirs")}
    if is_running:
        assert "Removed 30 interfaces" in vtapd.ctl("teardown").stdout
        assert vtapd.wait_exit() == 0
    else:
        vtapd.stop()
        assert "Removed 30 interfaces" in vtapd.vtapd("--teardown").stdout
    assert {name: ns.ifindex(name) for name in ns.links()} == others


def test_underlay_when_unplugged_and_back_under_load_then_what_arrives_is_shown_and_counted(vtapd, ns, target):
    """The device has no underlay of its own, so it is the same one afterwards."""
    index, shown = ns.ifindex(TAP), 0
    for _ in range(2):
        traffic = Load(target)
        try:
            traffic.start()
            traffic.go_on(4_000)
            sent = traffic.stop()
            traffic.shown(sent)
        finally:
            traffic.close()
        shown += sent
        target.unplug()
        vtapd.wait_session("web", state="waiting", reason="underlay-missing")
        target.plug()
        vtapd.wait_session("web", state="ready")
        assert vtapd.session("web")["delivered"] == shown
    assert ns.ifindex(TAP) == index


def test_underlay_when_missing_at_the_start_then_the_device_is_there_for_sensors_already(make_vtapd, target, ns):
    target.unplug()
    vtapd = make_vtapd(WEB_VXLAN)
    assert vtapd.session("web")["reason"] == "underlay-missing" and ns.has(TAP)
    target.plug()
    vtapd.wait_session("web", state="ready")
    with target.mirror() as again:
        again.send(4321, frames.numbered(1))
    vtapd.wait_session("web", delivered=1)


def test_underlays_when_several_then_packets_of_each_are_shown(make_vtapd, target):
    target.plug_second()
    vtapd = make_vtapd(WEB_VXLAN.replace("eth0", "eth0, eth1"))
    for i, interface in enumerate(("mir0", "mir1"), 1):
        with target.mirror(interface) as mirror:
            mirror.send(4321, frames.numbered(i))
        vtapd.wait_session("web", delivered=i)


def test_daemon_when_stopped_by_sigstop_then_frames_go_on(vtapd, mirror, capture):
    tap = capture(TAP)
    vtapd.signal(19)
    try:
        mirror.send(4321, frames.numbered(1))
        assert tap.frames(at_least=1) == [frames.numbered(1)]
    finally:
        vtapd.signal(18)
    until(lambda: vtapd.session("web")["delivered"] == 1, "it was counted")
