"""The law: a session that is quiet for longer than it says is told of once, with what to look at, and so is one that
never had a frame; that is over with the next frame, and a restart or a drain is not taken for silence."""

import datetime
import re
import time

import pytest

from conftest import MODES
from lab import frames
from lab.deadline import until

FRAME = frames.numbered(1)
DB = "[session db]\nvni = 7\n"


@pytest.fixture(params=MODES)
def vtapd(request, make_vtapd):
    """web has frames and is to have more of them every 2 s."""
    return make_vtapd(MODES[request.param] + "silent-after = 2s\n")


def seconds(text):
    """Since 1970, of a time as JSON has it."""
    return datetime.datetime.fromisoformat(f"{text[:26]}+00:00").timestamp()


def findings(vtapd, condition):
    return [one for one in vtapd.get("/v1/doctor")["findings"] if one["id"] == condition]


def wait_begun(vtapd, condition):
    return until(lambda: findings(vtapd, condition), f"{condition} holds", seen=vtapd.log)[0]


def wait_over(vtapd, condition, mirror):
    """With the next frame. More of them come, or it may be silent again before a busy machine has looked."""
    until(lambda: mirror.send(4321, FRAME) or not findings(vtapd, condition), f"{condition} is over", seen=vtapd.log)


def test_session_when_its_frames_stop_then_silent_until_the_next_one(vtapd, mirror):
    mirror.send(4321, FRAME)
    vtapd.wait_session("web", delivered=1)
    found = wait_begun(vtapd, "silent")
    assert (found["subject"], found["severity"], found["breaks_health"]) == ("web", "ticket", False), found
    assert re.fullmatch(r"session \S+: no frame since [0-9:]+, [1-9][0-9]* s", found["sentence"]), found
    look = "-ni eth0 -T vxlan udp port 4789; vtapctl match 4321 #"
    if vtapd.target()["mode"] == "tap":
        look = "-ni eth0 udp port 4789; vtapctl match 4321; vtapctl unknown #"
    assert f"tcpdump -c 5 {look} packets come: " in found["remedy"], found
    assert vtapd.status()["daemon"]["state"] == "healthy"
    wait_over(vtapd, "silent", mirror)
    begun, over = vtapd.log_lines("silent: ")[:2]  # on a machine that is slow it may be silent once more by now
    assert "session web: no frame since " in begun and "over, web" in over, vtapd.log()
    assert not vtapd.log_lines("never-seen"), vtapd.log()


def test_session_when_no_frame_ever_came_then_never_seen_until_the_first(vtapd, mirror):
    found = wait_begun(vtapd, "never-seen")
    assert (found["subject"], found["severity"], found["breaks_health"]) == ("web", "info", False), found
    assert "no frame seen yet" in found["sentence"], found
    wait_over(vtapd, "never-seen", mirror)
    assert not vtapd.log_lines("never-seen"), "worth knowing, and nothing for the journal"


@pytest.mark.parametrize("mode", MODES)
def test_session_when_nothing_is_asked_for_then_its_silence_is_not_told(mode, make_vtapd, mirror):
    vtapd = make_vtapd(MODES[mode] + DB + "silent-after = 1s\n")
    mirror.send(4321, FRAME)
    mirror.send(7, FRAME)
    vtapd.wait_session("web", delivered=1)
    assert wait_begun(vtapd, "silent")["subject"] == "db"
    assert [one["subject"] for one in findings(vtapd, "silent")] == ["db"]


def test_daemon_when_started_again_then_silence_is_counted_from_there_and_the_last_frame_is_known(
        make_vtapd, pin_folder, mirror):
    vtapd = make_vtapd(MODES["tap"].replace("auto", "eth0") + "silent-after = 3s\n", start=False)
    pin_folder(vtapd)
    vtapd.start()
    until(lambda: vtapd.target()["fastpath"]["attached"] == ["eth0"], "the fast path is on", seen=vtapd.log)
    mirror.send(4321, FRAME)
    vtapd.wait_session("web", delivered=1)
    wait_begun(vtapd, "silent")
    last = vtapd.session("web")["last_frame"]
    vtapd.kill()
    vtapd.start()
    started = seconds(vtapd.status()["daemon"]["started"])
    found = wait_begun(vtapd, "silent")
    assert seconds(found["since"]) >= started + 3, "what came meanwhile has no time"
    assert abs(seconds(vtapd.session("web")["last_frame"]) - seconds(last)) < 5, "of the process before"


def test_drain_when_it_sends_the_senders_away_then_that_is_no_silence(make_vtapd, mirror):
    vtapd = make_vtapd(MODES["tap"] + "silent-after = 2s\n" + DB + "silent-after = 2s\n")
    mirror.send(4321, FRAME)
    vtapd.wait_session("web", delivered=1)
    wait_begun(vtapd, "silent")
    assert vtapd.ctl("drain").returncode == 0
    assert not findings(vtapd, "silent") and not findings(vtapd, "never-seen")
    undrained = time.time()
    assert vtapd.ctl("undrain").returncode == 0
    found = wait_begun(vtapd, "silent")
    assert seconds(found["since"]) >= undrained + 2, "it has its time again"
    assert re.search(r": no frame since [0-9:]+, [0-9]+ s \([0-9]+ s of it after the drain\)$", found["sentence"]), found
