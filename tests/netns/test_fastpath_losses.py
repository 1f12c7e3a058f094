"""The law: whatever is done to the daemon, to its configuration, or to its program, under load no frame of a session is
lost, none is shown twice, and each is counted once."""

import os

import pytest

from lab import daemon, lives, unit
from lab.deadline import until
from lab.fastpath import is_steered, tc, wait_attached

WEB = "[session web]\nvni = 4321\n"
TARGET = "[target default]\nunderlay = eth0\nreceive-buffer = 256M\n"
NEXT = os.path.join(os.path.dirname(daemon.VTAPD), "../tests/netns/vtapd_next")


@pytest.fixture
def vtapd(make_vtapd, pin_folder):
    """On the fast path from the first frame on, its counters pinned."""
    if unit.is_wanted():
        pytest.skip("the unit has its own folder for pins")
    made = make_vtapd(TARGET + WEB, start=False)
    made.pins = pin_folder(made)
    made.start()
    wait_attached(made, "eth0")
    return made


def reload_with(vtapd, text):
    vtapd.write("vtapd.conf", text)
    vtapd.reload()


# The daemon

@pytest.mark.parametrize("end", ["kill", "stop"])
def test_daemon_when_ended_and_started_under_load_then_no_frame_is_lost(end, vtapd, load):
    traffic = load()
    for _ in range(2):
        traffic.go_on()
        getattr(vtapd, end)()
        traffic.go_on()
        vtapd.start()
    traffic.go_on()
    traffic.settle(vtapd)


def test_daemon_when_killed_at_any_moment_of_its_start_or_reload_under_load_then_no_frame_is_lost(vtapd, load):
    lives.kill_at_any_moment(vtapd, load(), TARGET + WEB)


def test_daemon_when_gone_for_seconds_under_load_then_no_frame_is_lost(vtapd, load):
    lives.be_gone_for_seconds(vtapd, load(rate=50_000))


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_daemon_when_its_counters_are_not_kept_then_no_frame_is_lost_and_it_counts_anew(end, make_vtapd, load):
    vtapd = make_vtapd(TARGET + WEB)
    traffic = load()
    traffic.go_on()
    getattr(vtapd, end)()
    before = traffic.sent()
    traffic.go_on()
    vtapd.start()
    traffic.go_on()
    sent = traffic.stop()
    traffic.shown(sent)
    row = vtapd.quiet()
    assert 0 < row["delivered"] <= sent - before and row["drops"] == {}, row
    told = vtapd.status()["daemon"]
    assert told["counting_since"] is None or told["counting_since"] >= told["started"][:19], told


def test_upgrade_when_the_maps_have_another_layout_then_no_frame_is_lost_and_it_counts_anew(vtapd, load):
    if not os.access(NEXT, os.X_OK):
        pytest.skip(f"no {NEXT}: built with the tests")
    traffic = load()
    for binary in (NEXT, daemon.VTAPD, NEXT):
        traffic.go_on()
        vtapd.kill()
        traffic.go_on()
        vtapd.binary = binary
        before = traffic.sent()
        vtapd.start()
        assert vtapd.target()["fastpath"]["attached"] == ["eth0"], "taken over"
        traffic.go_on()
    sent = traffic.stop()
    traffic.shown(sent)
    row = vtapd.quiet()
    assert 0 < row["delivered"] <= sent - before and row["drops"] == {}, row
    assert [name for name in os.listdir(vtapd.pins) if name.startswith("maps-")] == ["maps-1000"]


# The configuration

def test_sessions_when_added_changed_and_removed_under_load_then_no_frame_is_lost(vtapd, load):
    traffic = load()
    for i in range(6):
        text = TARGET + (f"allow = 10.0.0.0/8 172.16.{i}.0/24\n" if i % 2 else "") + WEB
        text += f"[session db]\nvni = {100 + i}-{200 + i}\nsource = 10.{i}.0.0/16\n" if i % 3 else ""
        text += f"[session extra{i}]\nvni = {5000 + i}\n" if i % 4 else ""
        traffic.go_on(5_000)
        reload_with(vtapd, text)
    traffic.go_on()
    traffic.settle(vtapd)


def test_session_itself_when_changed_under_load_then_no_frame_is_lost(vtapd, load):
    """Its VNIs and sources, its interface's MTU, and another session beside it, which is in the interface's alias."""
    traffic = load()
    for more in ("source = 10.77.0.0/16\n", "vni = 7\n", "mtu = 1500\n", "description = x\n",
                 "[session beside]\nvni = 8\ninterface = mirror-web\n", ""):
        traffic.go_on(5_000)
        reload_with(vtapd, TARGET + WEB + more)
    traffic.go_on()
    traffic.settle(vtapd)


def test_fastpath_when_switched_under_load_then_no_frame_is_lost(vtapd, load, ns):
    """Order is not asked for: what waits in a socket is behind what goes past it."""
    traffic = load(rate=20_000)  # what a worker can carry on a busy machine
    for setting in ("off", "auto") * 3:
        traffic.go_on(4_000)
        reload_with(vtapd, TARGET + f"fastpath = {setting}\n" + WEB)
        until(lambda setting=setting: is_steered(ns, "eth0") == (setting == "auto"), f"the fast path is {setting}")
    traffic.go_on(4_000)
    traffic.settle(vtapd, in_order=False)


# The program, and what it was made of

@pytest.mark.parametrize("command", ["qdisc del dev eth0 clsact", "filter del dev eth0 ingress pref 47"])
def test_program_when_taken_away_by_hand_under_load_then_no_frame_is_lost(command, vtapd, load, ns):
    traffic = load(rate=20_000)
    for _ in range(3):
        traffic.go_on(4_000)
        tc(ns, command)
        until(lambda: is_steered(ns, "eth0"), "it is back", seen=vtapd.log)
    traffic.go_on(4_000)
    traffic.settle(vtapd, in_order=False)


def test_address_when_another_one_comes_and_goes_under_load_then_no_frame_is_lost(vtapd, load, ns):
    traffic = load()
    for _ in range(3):
        for verb in ("add", "del"):
            ns.ip(f"address {verb} 10.77.0.9/24 dev eth0")
            ns.ip(f"address {verb} fd77::9/64 dev eth0")
            traffic.go_on(3_000)
    traffic.settle(vtapd)


def test_address_when_away_for_a_while_under_load_then_what_is_shown_is_what_is_counted(vtapd, load, ns):
    """Meanwhile the packets are for nobody here: a socket would not get them, so the fast path must not."""
    traffic = load(rate=20_000)
    traffic.go_on(4_000)
    ns.ip("address del 10.77.0.2/24 dev eth0")

    def is_silent():
        before = len(traffic.sensor.numbers())
        traffic.go_on(1_000)
        return len(traffic.sensor.numbers()) == before
    until(is_silent, "nothing is shown", seen=vtapd.log)
    ns.ip("address add 10.77.0.2/24 dev eth0")
    until(lambda: not is_silent(), "frames are shown again", seen=vtapd.log)
    traffic.stop()
    row = vtapd.quiet()
    seen = traffic.sensor.wait(row["delivered"])
    assert row["received"] == row["delivered"] == len(seen) == len(set(seen)) and row["drops"] == {}, row


def test_sessions_when_renamed_under_load_then_their_target_counts_every_frame(vtapd, load):
    """Programs go on knowing a session for a moment after the configuration does not."""
    traffic = load()
    for i in range(6):
        traffic.go_on(5_000)
        reload_with(vtapd, TARGET + f"[session web{i}]\nvni = 4321\ninterface = mirror-web\n")
    traffic.go_on(5_000)
    sent = traffic.stop()
    row = vtapd.wait_received(sent)
    assert (row["received"], row["delivered"], row["drops"]) == (sent, sent, {}), (sent, row)
    traffic.shown(sent)
