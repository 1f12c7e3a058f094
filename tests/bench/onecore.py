"""How many frames a second one core carries that does everything: the sender, the kernel's receiving and the process,
vtapd's worker or a plain loop.

Counted is what came out on the interface while the sender went on; what a full socket buffer dropped did not. No
sensor reads. How the core is shared decides what is compared:

- The process goes first: the sender has what the process leaves. Nothing piles up and nothing is dropped, so this is
  what a core carries without loss. The veth has no interrupt that gathers packets: a plain loop is woken for each.
- Equal shares: packets pile up while the sender has its turn, so that there is always a next one, and no waiting.
"""

import os
from contextlib import contextmanager
from time import monotonic
from typing import NamedTuple

from lab.deadline import steady, until

from . import load, paths, table
from .spread import Spread

SIZE = 128
ROUNDS = 7
WARM_FRAMES, FRAMES = 20_000, 100_000  # that came out, before and while it is counted
SECONDS = 20  # generous: a wait for that many
QUIET_S = 0.1  # a process that has delivered nothing for so long has nothing left
AIM_RATIO = 1.5


class Sharing(NamedTuple):
    """Who has the core. Priorities are those of real-time, 0 is none."""

    label: str
    key: str
    process: int
    sender: int


SHARINGS = (Sharing("the process first", "one_core", 2, 1), Sharing("equal shares", "one_core_equal", 0, 0))


def _prioritise(pid, priority):
    """All threads of a process."""
    policy = os.SCHED_FIFO if priority else os.SCHED_OTHER
    for thread in os.listdir(f"/proc/{pid}/task"):
        os.sched_setscheduler(int(thread), policy, os.sched_param(priority))


@contextmanager
def _elsewhere():
    """Whoever counts must not wait for the core that is measured."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores - {load.CORE} or cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def _wait_more(count, more, what):
    """Until `count` has grown by so much; returns the growth a second."""
    before, begin = count(), monotonic()
    after = until(lambda: (now := count()) >= before + more and now, f"{more:,} more frames {what}", SECONDS)
    return (after - before) / (monotonic() - begin)


def _per_second(path, sharing):
    _prioritise(path.pid, sharing.process)
    stream = load.Load(path.target, vni=paths.VNI, size=SIZE)
    try:
        # a sender that sends has given itself its priority: it can be taken from here on
        _wait_more(lambda: path.target.underlay_counts()[0], 1, "are sent")
        _prioritise(stream.pid, sharing.sender)
        _wait_more(path.delivered, WARM_FRAMES, "are delivered")
        found = _wait_more(path.delivered, FRAMES, "are delivered")
    finally:
        stream.remove()
    steady(path.delivered, "the count of delivered frames", SECONDS, QUIET_S)
    return found


def _measure_sharing(plain, worker, sharing):
    """(for JSON, row of the table)"""
    found = {plain: [], worker: []}
    for i in range(ROUNDS):
        for path in (plain, worker) if i % 2 == 0 else (worker, plain):
            found[path].append(_per_second(path, sharing))
    own = [Spread.of(of) for of in found.values()]
    ratio = Spread.of([b / a for a, b in zip(*found.values())])
    cells = [cell for of in own for cell in (f"{of.median:,.0f}", of.quarters(0))]
    return ({f"{sharing.key}_plain_per_second": round(own[0].median),
             f"{sharing.key}_worker_per_second": round(own[1].median),
             f"{sharing.key}_ratio": round(ratio.median, 3)},
            (sharing.label, *cells, f"{ratio.median:.2f}", ratio.quarters(2), f">= {AIM_RATIO}"))


def measure():
    ways, found, rows = [], {}, []
    try:
        for kind in (paths.Plain, paths.Worker):
            ways.append(kind(load.CORE, has_sensor=False))
        with _elsewhere():
            for sharing in SHARINGS:
                more, row = _measure_sharing(*ways, sharing)
                found.update(more)
                rows.append(row)
    finally:
        for way in ways:
            way.remove()
    table.show(f"Sender, receiving and process on one core, {SIZE} bytes: frames a second that come out, medians of"
               f" {ROUNDS} alternating rounds",
               ("shared:", "plain", "quarters", "worker", "quarters", "ratio", "quarters", "aim"), rows)
    return found
