"""The law: what the fast path handed over and no sensor saw is the verdict lost-in-handover, exactly; what is only on
its way never is. And counters outlive the daemon where their maps do."""

import os
import signal
import time

import pytest

from lab import daemon, frames, segments, unit
from lab.deadline import until
from lab.fastpath import wait_attached

TAP = "mirror-web"
CONF = "[target default]\nunderlay = eth0\nreceive-buffer = 256M\n[session web]\nvni = 4321\n"
LOST = "lost-in-handover"
NEXT = os.path.join(os.path.dirname(daemon.VTAPD), "../tests/netns/vtapd_next")
UNNUMBERED = frames.ethernet("02:00:00:00:00:0a", "02:00:00:00:00:0b", 0x9000, bytes(46))


@pytest.fixture
def vtapd(make_vtapd):
    made = make_vtapd(CONF)
    wait_attached(made, "eth0")
    return made


def wait_counted(vtapd, sent):
    """The target's row once every frame has its verdict: those lost have it a page later."""
    return vtapd.wait_received(sent)


# Lost on the way to the sensors

UNDOINGS = {"set down": f"link set {TAP} down", "deleted": f"link del {TAP}"}


@pytest.mark.parametrize("what", UNDOINGS)
def test_tap_interface_when_undone_and_nobody_repairs_then_lost_is_what_no_sensor_saw(what, vtapd, load, ns):
    traffic = load(interface="")
    traffic.go_on(10_000)
    vtapd.signal(signal.SIGSTOP)
    ns.ip(UNDOINGS[what])
    traffic.go_on(10_000)
    sent = traffic.stop()
    vtapd.signal(signal.SIGCONT)
    row = wait_counted(vtapd, sent)
    seen = len(traffic.sensor.wait(row["delivered"]))
    assert (row["delivered"], row["drops"]) == (seen, {LOST: sent - seen}), (sent, row)
    assert sent - seen >= 10_000
    session = vtapd.wait_session("web", state="ready", repairs=1)
    assert session["drops"] == row["drops"], session
    until(lambda: vtapd.log_lines(LOST), "a line in the log", seen=vtapd.log)


@pytest.mark.parametrize("what", UNDOINGS)
def test_tap_interface_when_undone_under_load_then_repaired_and_every_frame_has_a_verdict(what, vtapd, load, ns):
    traffic = load(interface="", rate=20_000)
    for i in range(3):
        traffic.go_on(4_000)
        ns.ip(UNDOINGS[what])
        vtapd.wait_session("web", state="ready", repairs=i + 1)
    traffic.go_on(4_000)
    sent = traffic.stop()
    row = wait_counted(vtapd, sent)
    seen = traffic.sensor.wait(row["delivered"])
    assert (row["received"], row["delivered"]) == (sent, len(seen)) and len(set(seen)) == len(seen), (sent, row)
    assert set(row["drops"]) <= {LOST, "interface-down", "interface-gone"}, row
    assert row["dropped"] == sent - len(seen), row


@pytest.mark.alone
def test_backlog_when_full_then_lost_is_what_no_sensor_saw(vtapd, load, target, backlog_of_one):
    """An underlay that polls in a thread takes up to 64 packets at once, and each of them is queued for the tap
    interface."""
    segments.gro_on(target)
    target.ns.run("sh", "-c", "echo 1 > /sys/class/net/eth0/threaded")
    traffic = load(rate=20_000)
    traffic.go_on(2_000)
    with backlog_of_one():
        traffic.go_on(2_000)
    traffic.go_on(2_000)
    sent = traffic.stop()
    row = wait_counted(vtapd, sent)
    seen = len(traffic.sensor.wait(row["delivered"]))
    assert (row["delivered"], row["drops"]) == (seen, {LOST: sent - seen}), (sent, row)
    assert 0 < sent - seen <= 6_000


def test_load_when_heavy_and_steady_then_nothing_is_called_lost_and_every_look_adds_up(vtapd, load):
    traffic = load()
    looks = 0
    while traffic.age() < 3.5 or looks < 10:  # pages are turned once a second
        traffic.go_on(1_000)
        status = vtapd.status()
        for row in status["targets"] + status["sessions"]:
            assert row["drops"] == {} and row["received"] == row["delivered"], row
        looks += 1
    traffic.settle(vtapd)


# Counters that outlive the daemon

@pytest.fixture
def pinned(make_vtapd, pin_folder):
    """vtapd whose counters are kept in the file system."""
    if unit.is_wanted():
        pytest.skip("the unit has its own folder for pins")

    def make(conf=CONF):
        vtapd = make_vtapd(conf, start=False)
        pin_folder(vtapd)
        vtapd.start()
        wait_attached(vtapd, "eth0")
        return vtapd
    return make


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_counters_when_pinned_then_they_go_on_over_the_end_of_the_daemon(end, pinned, load):
    vtapd = pinned()
    traffic = load()
    until(lambda: traffic.age() > 1.1, "what is a second apart is told")
    sent = traffic.stop()
    before = vtapd.wait_session("web", delivered=sent)
    getattr(vtapd, end)()
    vtapd.start()
    session = vtapd.session("web")
    same = ("received", "delivered", "dropped", "bytes", "truncated")
    assert [session[key] for key in same] == [before[key] for key in same]
    assert abs(seconds_of(session["last_frame"]) - seconds_of(before["last_frame"])) < 6, (session, before)
    told = vtapd.status()["daemon"]
    assert told["counting_since"] < told["started"], told
    assert "counting since" in vtapd.ctl("status").stdout


def test_lost_frames_when_counted_and_the_daemon_is_killed_then_the_next_one_knows_them_at_once(pinned, load, ns):
    vtapd = pinned()
    traffic = load()
    vtapd.signal(signal.SIGSTOP)
    ns.ip(f"link set {TAP} down")
    traffic.go_on(1_000)
    sent = traffic.stop()
    vtapd.signal(signal.SIGCONT)
    before = wait_counted(vtapd, sent)
    vtapd.kill()
    vtapd.start()
    row = vtapd.target()
    same = ("received", "delivered", "drops")
    assert [row[key] for key in same] == [before[key] for key in same]
    begun, rates = time.monotonic(), []

    def rate():
        session = vtapd.get("/v1/show?session=web")["session"]
        return max([session["frames_per_second"], *(vni["frames_per_second"] for vni in session["vnis"])])
    until(lambda: rates.append(rate()) or time.monotonic() > begun + 1.5, "a whole second is over")
    assert max(rates) == 0, "what came before is in no rate of now"
    assert len(vtapd.log_lines(LOST)) <= 1, vtapd.log()


def test_counters_when_not_pinned_then_they_begin_anew_and_status_says_so(vtapd, mirror):
    for i in range(10):
        mirror.send(4321, frames.numbered(i))
    vtapd.wait_session("web", delivered=10)
    vtapd.kill()
    vtapd.start()
    told = vtapd.status()["daemon"]
    assert vtapd.session("web")["delivered"] == 0 and vtapd.session("web")["last_frame"] is None
    assert told["counting_since"] is None or told["counting_since"] >= told["started"][:19], told


def seconds_of(text):
    """Seconds of the day of a time as status writes it."""
    hours, minutes, seconds = text.partition("T")[2].rstrip("Z").split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def many(count):
    return "".join(f"[session s{i}]\nvni = {i}\n" for i in range(1, count))


@pytest.mark.skipif(not os.access(NEXT, os.X_OK), reason=f"no {NEXT}: built with the tests")
@pytest.mark.parametrize("counts", [(5, 40), (40, 5, 300)])
def test_sessions_when_more_than_slots_then_counts_go_on_and_no_frame_is_lost(
        counts, make_vtapd, pin_folder, load, mirror):
    """This daemon has 16 slots at first, and makes new maps when its sessions have no room in them."""
    vtapd = make_vtapd(CONF + many(5), start=False)
    vtapd.binary = NEXT
    pin_folder(vtapd)
    vtapd.start()
    wait_attached(vtapd, "eth0")
    mirror.send(4, UNNUMBERED)
    vtapd.wait_session("s4", delivered=1)
    traffic = load()
    for count in counts:
        traffic.go_on(5_000)
        vtapd.write("vtapd.conf", CONF + many(count))
        vtapd.reload()
    traffic.go_on(5_000)
    traffic.settle(vtapd, in_order=False, others=1)  # the workers had it meanwhile
    assert vtapd.session("s4")["delivered"] == 1
    vtapd.stop()
    vtapd.start()
    assert vtapd.session("s4")["delivered"] == 1
