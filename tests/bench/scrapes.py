"""What a scrape of /metrics with many sessions costs, and whether anybody waits for those who scrape without a pause."""

import ctypes
import multiprocessing
import os
import time

from lab import frames, hosts, scrape
from lab.deadline import until

from . import checks, table
from .service import Service
from .spread import percentile

SESSIONS = 4000
START_SECONDS = 120
SCRAPES = 100
PAUSE_S = 0.4  # between two of them: each text is a new one
CLIENTS = 16  # who ask without a pause
ROUNDS = 5
ROUND_S = 6
IDLE_S = 10
ASK_EVERY_S = 0.005
CORE, CLIENTS_CORE = 1, 0
NICE = 10  # of the clients: what they take of their core is not what is measured
AIM_MS, AIM_BYTES = 50, 3_000_000
SMALL = 20_000  # a text of that many sessions is larger


class Client:
    """A process that scrapes over one connection, again and again."""

    def __init__(self, ns):
        self._answers, self._texts = (multiprocessing.Value(ctypes.c_long, 0) for _ in range(2))
        self._process = multiprocessing.get_context("fork").Process(target=self._run, args=(ns,), daemon=True)
        self._process.start()

    def _run(self, ns):
        os.sched_setaffinity(0, {CLIENTS_CORE})
        os.nice(NICE)
        body = b""
        with scrape.Connection(ns) as connection:
            while True:
                connection.send("GET /metrics")
                answer = connection.read()
                assert answer.status == 200 and len(answer.body) > SMALL, answer[:2]
                self._answers.value += 1
                self._texts.value += answer.body != body
                body = answer.body

    def end(self):
        """(answers, texts that differed from the one before)."""
        self._process.terminate()
        self._process.join()
        return self._answers.value, self._texts.value


class Round:
    """How long others waited meanwhile, in seconds."""

    def __init__(self):
        self.lags, self.loops, self.checks = [], [], []
        self.cpu, self.answers, self.texts, self.seconds = 0, 0, 0, 0

    def add(self, other):
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


def _timed(action):
    begin = time.monotonic()
    action()
    return time.monotonic() - begin


def _no_such_path(service):
    """The loop's own answer, which takes no time to make."""
    assert service.request("GET", "/nothing")[0] == 404


def _ask(target, service, found):
    """One of each: a check of the load balancer's, and a question to the loop."""
    found.checks.append(checks.check_once(target.ns, len(found.checks) % 2 == 0))
    found.loops.append(_timed(lambda: _no_such_path(service)))


def _round(target, service, n_clients):
    clients = [Client(target.ns) for _ in range(n_clients)]
    found, begin, cpu = Round(), time.monotonic(), checks.cpu_seconds(service)
    try:
        for second in range(1, ROUND_S + 1):
            while time.monotonic() - begin < second:
                _ask(target, service, found)
                time.sleep(ASK_EVERY_S)  # paces the load; nothing is waited for
            found.lags.append(scrape.scrape(target.ns).value("vtapd_loop_lag_seconds"))
    finally:
        found.seconds, found.cpu = time.monotonic() - begin, checks.cpu_seconds(service) - cpu
        ends = [client.end() for client in clients]
    found.answers = sum(answers for answers, _ in ends)
    found.texts = max((texts for _, texts in ends), default=0)  # all of them get the same ones
    return found


def _idle(service):
    """CPU seconds that vtapd takes in a second by itself."""
    before = checks.cpu_seconds(service)
    time.sleep(IDLE_S)  # it is what is measured
    return (checks.cpu_seconds(service) - before) / IDLE_S


def _scrapes(target, service):
    """(seconds of each, bytes of the last, CPU seconds that one took vtapd)."""
    took, answer, idle = [], None, _idle(service)
    cpu, start = checks.cpu_seconds(service), time.monotonic()
    with scrape.Connection(target.ns) as connection:
        def once():
            connection.send("GET /metrics")
            return connection.read()
        for _ in range(SCRAPES):
            time.sleep(PAUSE_S)  # paces the load; nothing is waited for
            begin = time.monotonic()
            answer = once()
            took.append(time.monotonic() - begin)
    assert not scrape.complaints(answer.body.decode()), "promtool complains"
    cpu = checks.cpu_seconds(service) - cpu - idle * (time.monotonic() - start)
    return took, len(answer.body), cpu / SCRAPES


def _show_scrapes(took, size, cpu):
    table.show(f"A scrape of {SESSIONS:,} sessions that all had frames, as a client on the same host sees it:"
               f" {SCRAPES} of them",
               ("p50 ms", "p99 ms", "max ms", "aim", "CPU ms", "bytes", "aim"),
               [(*(f"{percentile(took, p) * 1e3:.1f}" for p in (50, 99, 100)), f"<= {AIM_MS}", f"{cpu * 1e3:.1f}", f"{size:,}",
                 f"<= {AIM_BYTES:,}")])


def _words(seconds):
    return [f"{percentile(seconds, p) * 1e3:.2f}" for p in (50, 99, 100)]


def _show_rounds(quiet, busy):
    rows = [(name, f"{of.answers / of.seconds:,.0f}", f"{of.texts / of.seconds:,.1f}",
             f"{of.cpu / of.seconds * 100:.1f}", *_words(of.lags), *_words(of.loops), *_words(of.checks))
            for name, of in (("nobody scrapes", quiet), (f"{CLIENTS} without a pause", busy))]
    table.show(f"Who waits for it: medians, p99 and maxima in milliseconds, of {ROUNDS} alternating rounds of {ROUND_S} s",
               ("who:", "answers/s", "texts/s", "CPU %", "lag p50", "p99", "max", "loop p50", "p99", "max", "check p50",
                "p99", "max"), rows)
    print("  lag: how late the once-a-second look came   loop: an answer on the control socket that takes nothing to make"
          "\n  check: one of the load balancer's, with its connection   texts: made anew; the others are given again\n")


def measure():
    target = hosts.Target()
    service = Service(target, "".join(f"[session s{i}]\nvni = {i}\n" for i in range(SESSIONS)), core=CORE)
    quiet, busy = Round(), Round()
    try:
        service.start(wait=False)
        until(lambda: service.log_lines("ready in"), f"{SESSIONS} sessions are ready", START_SECONDS, seen=service.log)
        with target.mirror() as mirror:
            for vni in range(SESSIONS):
                mirror.send(vni, frames.numbered(vni))
        until(lambda: service.target()["delivered"] >= SESSIONS, "every session had a frame")
        until(lambda: service.status()["daemon"]["checks"] == "answered", "checks are answered", START_SECONDS)
        _show_scrapes(*_scrapes(target, service))
        for _ in range(ROUNDS):
            quiet.add(_round(target, service, 0))
            busy.add(_round(target, service, CLIENTS))
        _show_rounds(quiet, busy)
    finally:
        service.remove()
        target.remove()
