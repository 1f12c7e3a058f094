"""The law: restart, crash and upgrade under load lose nothing that the sockets can hold. Every frame has a number, and
a capture on the tap interface from outside tells which ones were shown."""

import time

import pytest

from lab import frames
from lab.deadline import until
from lab.sender import Sender

VNI = 4321
RATE = 4000  # frames a second, over 16 outer flows
IN_HAND = 64  # a worker's batch: what a SIGKILL may cost (VTAP_RECEIVE_BATCH)
WARM = 2000


class Load:
    """Numbered frames to session web, and what its interface shows of them."""

    def __init__(self, service, tap, measured):
        self.service, self._tap, self._measured = service, tap, measured
        self._sender = Sender(service.machine.target, VNI, RATE).start()
        self._sender.wait_sent(WARM)

    def sent(self):
        return self._sender.sent()

    def more(self):
        """Go on until traffic has flowed for a while after what just happened."""
        self._sender.wait_sent(self.sent() + WARM)

    def lost(self, what):
        """End it; the numbers that were not shown. None is shown twice, or is not from us."""
        sent = self._sender.stop()
        self.service.quiet()
        numbers = self._shown()
        assert len(numbers) == len(set(numbers)), "a frame was shown twice"
        lost = sorted(set(range(sent)) - set(numbers))
        self._measured(what, f"{sent:,} sent, {len(lost):,} lost")
        return lost

    def _shown(self):
        return [number for number in map(frames.number_of, self._tap.settled()) if number is not None]

    def end(self):
        self._sender.stop()


@pytest.fixture
def load(service, capture, measured):
    one = Load(service, capture(flood=True), measured)
    yield one
    one.end()


def test_restart_when_under_load_then_no_frame_is_lost(load):
    for _ in range(3):
        load.service.restart()
        load.more()
    assert load.lost("restart, three times") == []


def test_upgrade_when_under_load_then_no_frame_is_lost(load, newer_deb):  # pylint: disable=unused-argument
    pid = load.service.pid
    load.service.machine.run("dpkg", "-i", "/share/newer.deb")
    assert load.service.wait_another(pid) != pid, "the new version runs"
    load.more()
    assert load.lost("upgrade") == []


def test_kill_when_under_load_then_only_the_batch_in_hand_is_lost(load):
    n_workers = len(load.service.workers())
    pid = load.service.pid
    load.service.kill()
    load.service.wait_another(pid)
    load.more()
    assert len(load.lost("SIGKILL")) <= IN_HAND * n_workers


def test_stop_and_start_when_under_load_then_only_what_came_in_between_is_lost(load):
    before = load.sent()
    load.service.stop()
    load.service.start()
    after = load.sent()
    load.more()
    lost = load.lost("stop, then start")
    assert lost, "nobody listened in between: this test would not see a loss"
    assert before <= lost[0] and lost[-1] <= after, (before, lost[0], lost[-1], after)


def test_reload_when_under_load_then_no_frame_is_lost(load):
    load.service.write("conf.d/db.conf", "[session db]\nvni = 4400-4403\n")
    load.service.machine.systemctl("reload", "vtapd.service")
    load.more()
    load.service.unlink("conf.d/db.conf")
    load.service.machine.systemctl("reload", "vtapd.service")
    load.more()
    assert load.lost("reload, twice") == []


def sockets(service):
    """How many UDP sockets have the port, and how much waits in them unread."""
    rows = [line.split() for line in service.machine.ns.run("ss", "-Hluan", "sport", "=", ":4789").stdout.splitlines()]
    return len(rows), sum(int(row[1]) for row in rows)


@pytest.mark.parametrize("before, after", [(2, 1), (1, 2)])
def test_restart_when_the_number_of_workers_changes_then_each_stored_socket_is_adopted_or_emptied(
        service, capture, measured, before, after):
    service.write("conf.d/workers.conf", f"[target default]\nworkers = {before}\n")
    service.restart()
    load = Load(service, capture(flood=True), measured)
    try:
        service.write("conf.d/workers.conf", f"[target default]\nworkers = {after}\n")
        service.restart()
        load.more()
        assert load.lost(f"restart, {before} workers become {after}") == []
    finally:
        load.end()
    assert len(service.workers()) == after
    until(lambda: sockets(service) == (after, 0), f"{after} sockets, nothing in them", seen=lambda: sockets(service))


def test_restart_when_nobody_has_sent_then_it_takes_less_than_a_second(service, measured):
    begin = time.monotonic()
    service.machine.systemctl("restart", "vtapd.service")
    seconds = time.monotonic() - begin
    measured("systemctl restart", f"{seconds * 1000:.0f} ms")
    assert seconds < 1.0
