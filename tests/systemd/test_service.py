"""The law: systemctl tells the truth. start returns when sessions are shown, reload when the new configuration is in
effect, and what was refused has changed nothing."""

import pytest

from conftest import WEB
from lab import frames
from lab.deadline import until

DB = "[session db]\nvni = 4400\n"


def test_start_when_it_returns_then_sessions_are_ready_and_the_status_line_says_so(service):
    service.stop()
    service.machine.systemctl("start", "vtapd.service")
    assert service.session("web")["state"] == "ready", "READY=1 comes when every session is ready or says why not"
    assert "1 of 1 sessions ready" in service.show("StatusText")


def test_start_when_traffic_comes_from_outside_then_it_is_shown(service, mirror, capture):
    tap = capture()
    mirror.send(4321, frames.numbered(1))
    assert tap.frames(at_least=1) == [frames.numbered(1)]


def test_start_when_the_configuration_is_refused_then_78_and_no_second_try(service):
    service.stop()
    service.configure("[session web]\nvni = x\n")
    done = service.machine.systemctl("start", "vtapd.service", check=False)
    assert done.returncode != 0
    assert service.show("ExecMainStatus") == "78"
    assert service.show("ActiveState") == "failed", "another try would read the same files"
    assert service.show("NRestarts") == "0"
    service.machine.wait_journal('"x"', "-u", "vtapd")


def test_start_when_a_session_has_to_wait_then_the_service_is_started_all_the_same(service):
    service.stop()
    service.machine.ns.ip("link add mirror-pay type bridge")
    try:
        service.configure(WEB, pay="[session pay]\nvni = 6000\n")
        service.start()
        assert service.session("pay")["state"] in ("waiting", "foreign")
        assert service.session("web")["state"] == "ready"
    finally:
        service.machine.ns.ip("link del mirror-pay")


def test_reload_when_good_then_0_and_in_effect(service):
    pid = service.pid
    service.configure(WEB, db=DB)
    service.machine.systemctl("reload", "vtapd.service")
    assert service.session("db")["state"] == "ready" and service.machine.ns.has("mirror-db")
    assert service.pid == pid and service.show("ActiveState") == "active"


def test_reload_when_refused_then_it_fails_and_nothing_changed(service):
    pid = service.pid
    service.configure("[session web]\nvni = x\n[session db]\nvni = 4400\n")
    done = service.machine.systemctl("reload", "vtapd.service", check=False)
    assert done.returncode != 0
    assert service.pid == pid and service.show("ActiveState") == "active"
    assert [session["name"] for session in service.status()["sessions"]] == ["web"]
    entry = service.machine.wait_journal("reload refused: 1 mistake", "-u", "vtapd")
    assert 'vni: "x"' in entry["MESSAGE"], entry


def test_reload_when_a_session_is_not_ready_then_it_says_so_and_the_rest_is_in_effect(service):
    ns = service.machine.ns
    ns.ip("link add mirror-pay type bridge")
    try:
        service.configure(WEB, db=DB, pay="[session pay]\nvni = 6000\n")
        done = service.machine.systemctl("reload", "vtapd.service", check=False)
        assert done.returncode != 0, "1 of vtapctl reload"
        assert service.show("ActiveState") == "active"
        assert service.session("db")["state"] == "ready"
        service.machine.wait_journal("mirror-pay is a bridge interface that vtapd did not make", "VTAPD_SESSION=pay")
    finally:
        ns.ip("link del mirror-pay")
    service.wait_session("pay", state="ready")


def test_reload_when_vtapctl_does_it_then_the_unit_is_reloaded_as_well(service):
    service.configure(WEB, db=DB)
    assert service.ctl("reload").returncode == 0
    assert service.show("ActiveState") == "active"
    until(lambda: "2 of 2 sessions ready" in service.show("StatusText"), "a status line",
          seen=lambda: service.show("StatusText"))


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_end_when_it_is_over_then_interfaces_stay_and_the_next_start_adopts_them(service, end):
    index, pid = service.machine.ns.ifindex("mirror-web"), service.pid
    if end == "stop":
        service.stop()
        service.start()
    else:
        service.kill()
        service.wait_another(pid)
    assert service.machine.ns.ifindex("mirror-web") == index


def test_stop_when_asked_then_the_last_line_says_what_follows(service):
    service.stop()
    assert service.show("ActiveState") == "inactive" and service.show("ExecMainStatus") == "0"
    service.machine.wait_journal("stopped, interfaces stay", "-u", "vtapd")
    done = service.ctl("status")
    assert done.returncode == 69, done
    assert "sudo systemctl start vtapd" in done.stderr and "why it ended: journalctl -u vtapd" in done.stderr, done
