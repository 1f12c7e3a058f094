"""The law: whatever befalls the daemon under load, the fast path loses no frame of a known session and goes on
counting; the worker loses nothing that the sockets can hold. Every frame has a number, and a capture on the tap
interface from outside tells which ones were shown."""

import time

import pytest

from lab import frames
from lab.deadline import until
from lab.sender import FIRST_FLOW, Sender

VNI = 4321
RATE, FLOWS = 4000, 16  # frames a second, over so many outer flows
IN_HAND = 64  # a worker's batch: what a SIGKILL may cost (VTAP_RECEIVE_BATCH)
WARM = 2000
WORKER = "[target default]\nfastpath = off\n"


class Load:
    """Numbered frames to session web, and what its interface shows of them."""

    def __init__(self, service, tap, measured, is_fast=False):
        self.service, self.is_fast, self._tap, self._measured = service, is_fast, tap, measured
        self._sender, self._n_last = Sender(service.machine.target, VNI, RATE, FLOWS).start(), 0
        self._sender.wait_sent(WARM)

    def sent(self):
        return self._sender.sent() + self._n_last

    def more(self):
        """Go on until traffic has flowed for a while after what just happened."""
        self._sender.wait_sent(self.sent() + WARM)

    def lost(self, what):
        """End it; the numbers that were not shown. None is shown twice, or is not from us."""
        self._sender.stop()
        self._send_last()
        sent, numbers = self.sent(), self._shown()
        assert len(numbers) == len(set(numbers)), "a frame was shown twice"
        lost = sorted(set(range(sent)) - set(numbers))
        self._measured(f"{what}, {'fast path' if self.is_fast else 'worker'}", f"{sent:,} sent, {len(lost):,} lost")
        return lost

    def _send_last(self):
        """One frame more of each outer flow: when they are shown, whatever came before them was, or is lost."""
        first, self._n_last = self.sent(), FLOWS
        with self.service.machine.target.mirror() as mirror:
            for number in range(first, self.sent()):
                mirror.send(VNI, frames.numbered(number), flow=FIRST_FLOW + number % FLOWS)
        until(lambda: set(self._shown()) >= set(range(first, self.sent())), "the last frame of each flow is shown",
              seen=lambda: self._shown()[-FLOWS:])

    def assert_counted(self):
        """In the fast path every frame since the first: delivered, by whichever process it was told."""
        if self.is_fast:
            session = self.service.wait_session("web", received=self.sent())
            assert (session["delivered"], session["drops"]) == (self.sent(), {}), (self.sent(), session)

    def _shown(self):
        return [number for number in map(frames.number_of, self._tap.frames()) if number is not None]

    def end(self):
        self._sender.stop()


@pytest.fixture
def make_load(capture, measured):
    """make_load(service, is_fast): under way; its capture was there before."""
    made = []

    def make(service, is_fast):
        made.append(Load(service, capture(flood=True), measured, is_fast))
        return made[-1]
    yield make
    for one in made:
        one.end()


@pytest.fixture
def fast_load(steered, make_load):
    return make_load(steered, True)


@pytest.fixture(params=["fast", "worker"])
def load(request, make_load):
    """Through each of the two paths."""
    if request.param == "fast":
        return make_load(request.getfixturevalue("steered"), True)
    service = request.getfixturevalue("service")
    service.write("conf.d/path.conf", WORKER)
    service.reload()
    return make_load(service, False)


def test_restart_when_under_load_then_no_frame_is_lost(load):
    for _ in range(3):
        load.service.restart()
        load.more()
    assert load.lost("restart, three times") == []
    load.assert_counted()


def test_upgrade_when_under_load_then_no_frame_is_lost(load, newer_deb):  # pylint: disable=unused-argument
    pid = load.service.pid
    load.service.machine.run("dpkg", "-i", "/share/newer.deb")
    assert load.service.wait_another(pid) != pid, "the new version runs"
    load.more()
    assert load.lost("upgrade") == []
    load.assert_counted()


def test_upgrade_when_its_maps_have_another_layout_then_no_frame_is_lost_and_counting_begins_anew(
        fast_load, relaid_deb):  # pylint: disable=unused-argument
    """And back: the pins of the one are taken away by the other."""
    service = fast_load.service
    for package in ("relaid", "vtapd"):
        since, pid, before = service.status()["daemon"]["counting_since"], service.pid, fast_load.sent()
        service.machine.run("dpkg", "-i", f"/share/{package}.deb")
        service.wait_another(pid)
        assert service.session("web")["delivered"] < fast_load.sent() - before
        assert since < service.status()["daemon"]["counting_since"], "status says since when"
        fast_load.more()
    assert fast_load.lost("upgrade to another map layout, and back") == []


def test_kill_when_under_load_then_only_the_batch_in_the_workers_hands_is_lost(load):
    n_workers = len(load.service.workers())
    pid = load.service.pid
    load.service.kill()
    load.service.wait_another(pid)
    load.more()
    assert len(load.lost("SIGKILL")) <= (0 if load.is_fast else IN_HAND * n_workers)
    load.assert_counted()


def test_stop_and_start_when_in_the_fast_path_then_no_frame_is_lost(fast_load):
    fast_load.service.stop()
    before = fast_load.sent()
    until(lambda: fast_load.sent() > before + WARM, "a while without a daemon")
    fast_load.service.start()
    fast_load.more()
    assert fast_load.lost("stop, then start") == []
    fast_load.assert_counted()


def test_stop_and_start_when_through_the_worker_then_only_what_came_in_between_is_lost(service, make_load):
    service.write("conf.d/path.conf", WORKER)
    service.reload()
    load = make_load(service, False)
    before = load.sent()
    service.stop()
    service.start()
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
    load.assert_counted()


def sockets(service):
    """How many UDP sockets have the port, and how much waits in them unread."""
    rows = [line.split() for line in service.machine.ns.run("ss", "-Hluan", "sport", "=", ":4789").stdout.splitlines()]
    return len(rows), sum(int(row[1]) for row in rows)


@pytest.mark.parametrize("before, after", [(2, 1), (1, 2)])
def test_restart_when_the_number_of_workers_changes_then_each_stored_socket_is_adopted_or_emptied(
        service, make_load, before, after):
    service.write("conf.d/path.conf", f"{WORKER}workers = {before}\n")
    service.restart()
    load = make_load(service, False)
    service.write("conf.d/path.conf", f"{WORKER}workers = {after}\n")
    service.restart()
    load.more()
    assert load.lost(f"restart, {before} workers become {after}") == []
    assert len(service.workers()) == after
    until(lambda: sockets(service) == (after, 0), f"{after} sockets, nothing in them", seen=lambda: sockets(service))


def test_restart_when_nobody_has_sent_then_it_takes_less_than_a_second(service, measured):
    """The quickest of some: others may need the processors meanwhile."""
    taken = []
    while not taken or min(taken) >= 1.0 and len(taken) < 4:
        begin = time.monotonic()
        service.machine.systemctl("restart", "vtapd.service")
        taken.append(time.monotonic() - begin)
    measured("systemctl restart", f"{min(taken) * 1000:.0f} ms")
    assert min(taken) < 1.0, taken
