"""The law: draining is asked for, fails the health check and nothing else, and outlives the daemon but not the machine."""

import json
import signal
import time

import pytest

from conftest import WEB
from lab import frames, hosts
from lab.checker import Checker
from lab.deadline import until
from lab.sender import Sender

QUICK = "[health]\nsettle = 1s\ndrain-time = 5s\n" + WEB
PATIENT = "[health]\nsettle = 1s\ndrain-time = 1m\n" + WEB
SLOW_TO_CHANGE = "[health]\nsettle = 1h\n" + WEB


@pytest.fixture
def drained(service):
    """A service that is healthy, with a short settle, and can be drained."""
    service.configure(QUICK)
    service.restart()
    service.wait_state("healthy")
    return service


@pytest.fixture
def checker(target):
    return Checker(target.sender, hosts.TARGET_V4, frames.VXLAN_PORT)


@pytest.fixture
def traffic(target):
    one = Sender(target, 4321, 200).start()
    one.wait_sent(400)
    yield one
    one.stop()


def drain_of(service):
    return service.get("/v1/drain")


def test_health_when_running_then_the_traffic_port_takes_connections(drained, checker):
    assert checker.connects()
    assert drained.healthz()["checks"] == "answered"


def test_drain_when_asked_then_health_refuses_at_once_and_forwarding_goes_on(drained, checker, mirror, capture):
    drained.configure(SLOW_TO_CHANGE)
    drained.reload()
    tap = capture()
    done = drained.ctl("drain", "--reason", "suricata 7.0.11")
    assert done.returncode == 0, done
    until(lambda: not checker.connects(), "draining does not wait")
    status = drained.status()["daemon"]
    assert status["state"] == "draining" and status["drain"]["reason"] == "suricata 7.0.11", status
    until(lambda: drained.healthz()["checks"] == "refused", "the answer says so, too", seen=drained.healthz)
    assert "draining" in drained.ctl("status").stdout.splitlines()[0]
    mirror.send(4321, frames.numbered(1))
    assert tap.frames(at_least=1) == [frames.numbered(1)]


def test_undrain_when_asked_then_health_is_back_after_settle(drained, checker):
    drained.ctl("drain")
    until(lambda: not checker.connects(), "checks are refused")
    begin = time.monotonic()
    assert drained.ctl("undrain").returncode == 0
    until(checker.connects, "health is back", 10)
    assert time.monotonic() - begin >= 1.0, "a change must last `settle`"
    assert not drain_of(drained)["draining"] and drained.status()["daemon"]["drain"] is None


def test_drain_when_waited_for_then_0_after_traffic_left(service, traffic, measured):
    service.configure(PATIENT)
    service.restart()
    process = service.machine.start("vtapctl", "drain", "--wait")
    until(lambda: drain_of(service)["draining"], "draining has begun", seen=service.log)
    traffic.wait_sent(traffic.sent() + 200)
    assert process.poll() is None, "traffic still comes"
    begin, sent = time.monotonic(), traffic.stop()
    assert process.wait(40) == 0
    measured("drain --wait", f"quiet {time.monotonic() - begin:.1f} s after the last of {sent:,} frames")
    now = drain_of(service)
    assert now["is_quiet"] and not now["is_overdue"] and now["lost"] == 0, now


def test_drain_when_traffic_does_not_leave_then_1_after_drain_time(drained, traffic):
    done = drained.ctl("drain", "--wait")
    assert done.returncode == 1, done
    assert drain_of(drained)["is_overdue"]
    traffic.wait_sent(traffic.sent() + 100)
    received = drained.wait_received(traffic.sent())
    assert received["delivered"] == received["received"], "an overdue drain goes on forwarding, too"


@pytest.mark.parametrize("how", ["restart", "SIGKILL"])
def test_drain_when_the_daemon_is_another_then_it_still_drains(drained, checker, how):
    drained.ctl("drain", "--reason", "kernel")
    pid = drained.pid
    if how == "restart":
        drained.restart()
    else:
        drained.kill()
        drained.wait_another(pid)
    assert drained.status()["daemon"]["state"] == "draining"
    assert drain_of(drained)["reason"] == "kernel"
    assert not checker.connects()


def test_stop_when_asked_by_sigterm_then_at_once_and_nothing_is_drained(drained, traffic):
    drained.configure(PATIENT)
    drained.reload()
    drained.signal(signal.SIGTERM)
    until(lambda: not drained.pid, "the process has ended; a drain would take a minute")
    assert traffic.sent()
    drained.start()
    assert drained.status()["daemon"]["state"] == "healthy", "the first start does not wait, and nobody drained"


def test_change_when_nobody_asks_then_403_and_when_a_member_reads_then_200(drained):
    """SO_PEERCRED, whoever passed the socket's mode."""
    machine = drained.machine
    code = "curl -s -o /dev/null -w '%{http_code}' --unix-socket /run/vtapd/control.sock"
    as_nobody = "setpriv --reuid=65534 --regid=65534 --clear-groups"
    as_member = "setpriv --reuid=65534 --regid=$(getent group vtapd | cut -d: -f3) --clear-groups"
    refused = machine.shell(f"{as_nobody} {code} http://x/v1/status", check=False)
    assert refused.returncode != 0 and refused.stdout == "000", refused
    assert machine.shell(f"{as_member} {code} http://x/v1/status").stdout == "200"
    for path in ("drain", "undrain", "reload", "teardown"):
        assert machine.shell(f"{as_member} {code} -X POST http://x/v1/{path}").stdout == "403", path
    assert drained.status()["daemon"]["state"] == "healthy"
    done = machine.shell(f"{as_member} vtapctl drain", check=False)
    assert done.returncode == 77, done
    own = machine.shell(f"setpriv --reuid=vtapd --regid=vtapd --clear-groups {code} -X POST http://x/v1/drain").stdout
    assert own == "200"


def test_metrics_port_when_asked_then_it_is_loopback_only_and_read_only(drained):
    machine = drained.machine
    fetch = "curl -s -w '\\n%{http_code}' http://127.0.0.1:9478"
    body, code = machine.shell(f"{fetch}/healthz").stdout.rsplit("\n", 1)
    assert code == "200" and json.loads(body)["state"] == "healthy"
    assert machine.shell(f"{fetch}/v1/status").stdout.endswith("200")
    assert machine.shell(f"{fetch}/v1/drain").stdout.endswith("404")
    assert machine.shell(f"{fetch}/healthz -X POST").stdout.endswith("405")
    assert not Checker(machine.target.sender, hosts.TARGET_V4, 9478).connects()
    drained.ctl("drain")
    body, code = machine.shell(f"{fetch}/healthz").stdout.rsplit("\n", 1)
    assert code == "503" and json.loads(body)["state"] == "draining"
