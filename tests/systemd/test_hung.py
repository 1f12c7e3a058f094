"""The law: what hangs is noticed. systemd's watchdog restarts it; where there is no watchdog, a load balancer's checker
notices, though the kernel goes on completing handshakes for a stopped process.

How it works: six machines side by side, three ways to hang times who is to notice, because each takes its time.
"""

import collections
import os
import signal
import time

import pytest

from lab import hosts
from lab.checker import NODES, Checker
from lab.deadline import until
from lab.freeze import Frozen
from lab.machine import Service

WAYS = ("process", "loop", "worker")
STALL_S = 5 + 1  # until a stall is noticed; judged once a second
WATCHDOG_S = 15  # WatchdogSec of vtapd.service
ABORT_S = 5  # TimeoutAbortSec: a thread that ptrace holds does not take SIGABRT, and the workers leave it to the loop
RESTART_S = 4  # RestartSec and a start, on a busy machine
CHECKER_S = 35  # 5 until the stall is noticed, 10 of settle, and two checks 10 apart of a node that had just asked
GRACE_S = 3  # a worker is judged once a second, health looks four times a second, and a busy machine
Case = collections.namedtuple("Case", "way service checker began")


def hang(way, service):
    """Returns who holds it, to be released."""
    pid = service.pid
    assert pid, "there is a process"
    if way == "process":
        os.kill(pid, signal.SIGSTOP)
        return None
    return Frozen(pid if way == "loop" else service.workers()[0])


def started(way, machine, has_watchdog):
    service = Service(machine)
    if not has_watchdog:
        machine.add_drop_in("vtapd.service", "[Service]\nWatchdogSec=0\n")
        service.restart()
    service.wait_state("healthy")
    checker = Checker(machine.target.sender, hosts.TARGET_V4, 4789).start() if not has_watchdog else None
    return Case(way, service, checker, [service.pid])


def is_over(case):
    if case.checker:
        return case.checker.all_down()
    return case.service.pid not in (0, case.began[0])


@pytest.fixture(scope="module")
def hung(install):
    """{(way, "watchdog" or "checker"): seconds until it was noticed, or None}"""
    names = [f"{way}-{who}" for who in ("watchdog", "checker") for way in WAYS]
    cases = {name: started(name.split("-")[0], machine, "watchdog" in name)
             for name, machine in zip(names, install(*names))}
    for case in cases.values():
        if case.checker:
            until(case.checker.all_up, "every node has seen it up", 30)
    held = []
    for case in cases.values():
        held.append(hang(case.way, case.service))
        case.began.append(time.monotonic())
    seconds = {}

    def all_noticed():
        for name, case in cases.items():
            if name not in seconds and is_over(case):
                seconds[name] = time.monotonic() - case.began[1]
        return len(seconds) == len(cases)
    try:
        until(all_noticed, "all was noticed", CHECKER_S + 25)
    except AssertionError:
        pass  # each test says what became of its own
    for holder in filter(None, held):
        holder.release()
    for case in cases.values():
        if case.checker:
            case.checker.stop()
    yield cases, seconds
    for case in cases.values():
        case.service.machine.kill()


@pytest.mark.parametrize("way", WAYS)
def test_hang_when_there_is_a_watchdog_then_it_restarts_in_its_time(hung, way, measured):
    cases, seconds = hung
    name = f"{way}-watchdog"
    taken = seconds.get(name)
    measured(f"{way} hangs, watchdog", f"another process after {taken:.1f} s" if taken else "not noticed")
    journal = cases[name].service.log()
    assert taken, f"no other process; journal:\n{journal}"
    assert "Watchdog timeout" in journal, journal
    extra = {"process": 0, "loop": ABORT_S, "worker": STALL_S}[way]  # a loop that does not move cannot feed it
    assert taken <= extra + WATCHDOG_S + RESTART_S, f"{taken:.1f} s"
    cases[name].service.wait_settled()


@pytest.mark.parametrize("way", WAYS)
def test_hang_when_there_is_no_watchdog_then_the_load_balancer_notices(hung, way, measured):
    _, seconds = hung
    taken = seconds.get(f"{way}-checker")
    measured(f"{way} hangs, {NODES} nodes of a checker", f"down for all after {taken:.1f} s" if taken else "not noticed")
    assert taken and taken <= CHECKER_S + GRACE_S, f"{taken} s"
