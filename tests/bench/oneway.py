"""What the guard's samples cost, and how often they err: conversations that are whole and are called one-way, and
conversations that lack a direction and are not."""

import bisect
import itertools
import json
import os
import struct
import subprocess
from contextlib import closing
from typing import NamedTuple

from lab.daemon import REPOSITORY

from . import conversations, load, table
from .spread import Spread

ROUNDS = 101
COSTS = {  # of talks.c
    "shut": "no window is open (57 s of a minute)",
    "over": "a window is over that nobody closed",
    "other": "a window: a frame that is no TCP",
    "passed_over": "a window: a flow that is not noted",
    "noted": "a window: a flow that is noted, IPv4",
    "noted6": "a window: a flow that is noted, IPv6",
}
READ = "read"
OPEN, PROVES, ANSWERS, CLOSE = (struct.pack("=I", 0xFFFFFFF0 + i) for i in range(4))
PROVES_FROM_S, PROVES_TO_S, WINDOW_S = 0.5, 2.0, 3.0  # daemon/one_way.c
TALKS, SECONDS = 1000, 18
LOSSES = (0, 0.3)  # share of the mirror's frames that are lost on the way
PHASES_MADE, PHASES_CAPTURED = (1,), [i * 0.25 for i in range(12)]  # where windows begin before the first frame
CAPTURES = os.path.join(REPOSITORY, "../shared/captures/plain")


class Judged(NamedTuple):
    noted: int
    judged: int
    one_way: int


def _program(*argv, **kwargs):
    return subprocess.run([os.path.join(load.PROGRAMS, "talks"), *map(str, argv)], check=True,
                          stdout=subprocess.PIPE, **kwargs).stdout


def _costs():
    """Of a frame, beyond a program that does nothing; and of reading one conversation when the window closes."""
    found = json.loads(_program("cost", ROUNDS))
    costs = {key: Spread.of([own - nothing for own, nothing in zip(found[key], found["nothing"])]) for key in COSTS}
    return {**costs, READ: Spread.of(found[READ])}


def _window(frames, begin):
    """What `talks judge` reads of one window; the frames are those from its begin on."""
    steps = [(begin + PROVES_FROM_S, PROVES), (begin + PROVES_TO_S, ANSWERS)]
    yield OPEN
    for at, _, frame in itertools.takewhile(lambda frame: frame[0] < begin + WINDOW_S, frames):
        while steps and at >= steps[0][0]:
            yield steps.pop(0)[1]
        yield struct.pack("=I", len(frame)) + frame
    yield CLOSE


def _windows(frames, phase):
    """Windows one after the other over all of the time in which there are frames."""
    times = [at for at, _, _ in frames]
    begin = times[0] - phase
    while begin < times[-1]:
        first = bisect.bisect_left(times, begin)
        yield from _window(itertools.islice(frames, first, None), begin)
        begin += WINDOW_S
        after = bisect.bisect_left(times, begin)
        if after < len(times):
            begin = max(begin, times[after] - phase)


def _judge(frames, phases):
    """Of all windows together."""
    asked = b"".join(piece for phase in phases for piece in _windows(frames, phase))
    out = _program("judge", input=asked)
    return Judged(*(sum(column) for column in zip(*map(json.loads, out.splitlines()))))


def _share(part, whole):
    return part / whole if whole else 0.0


def _errors(frames, phases):
    """What is said of all frames, and of those of one end."""
    whole = _judge(frames, phases)
    halves = [_judge(half, phases) for half in ([frame for frame in frames if not frame[1]],
                                        [frame for frame in frames if frame[1]]) if half]
    n_judged = sum(half.judged for half in halves)
    return {"noted": whole.noted, "judged": whole.judged, "false_alarms": whole.one_way,
            "false_alarm_share": round(_share(whole.one_way, whole.judged), 5), "half_judged": n_judged,
            "misses": n_judged - sum(half.one_way for half in halves),
            "miss_share": round(_share(n_judged - sum(half.one_way for half in halves), n_judged), 5)}


def _made():
    for name, mix in conversations.MIXES.items():
        for lost in LOSSES:
            frames = conversations.of_mix(mix, TALKS, SECONDS, seed=4711, n_lost=lost)
            yield f"{name}{f', {lost:.0%} lost' if lost else ''}", frames, PHASES_MADE


def _captured():
    if not os.path.isdir(CAPTURES):
        return
    from scapy.utils import RawPcapNgReader, RawPcapReader  # pylint: disable=import-outside-toplevel

    for name in sorted(os.listdir(CAPTURES)):
        reader = (RawPcapNgReader if name.endswith("ng") else RawPcapReader)(os.path.join(CAPTURES, name))
        with closing(reader):
            packets = [(_seconds(meta), frame) for frame, meta in reader]
        frames = sorted(conversations.of_capture(packets), key=lambda frame: frame[0])
        if frames:
            is_whole = len({is_server for _, is_server, _ in frames}) == 2
            yield f"{name}{'' if is_whole else ', one end only'}", frames, PHASES_CAPTURED


def _seconds(meta):
    if hasattr(meta, "sec"):
        return meta.sec + meta.usec / 1e6
    return (meta.tshigh << 32 | meta.tslow) / meta.tsresol


def _show_costs(costs):
    table.show(f"What the guard's samples cost a frame, in nanoseconds beyond a program that does nothing: medians of"
               f" {ROUNDS} alternating rounds, and their quarters",
               ("while:", "cost", "quarters"),
               [(COSTS[key], f"{costs[key].median:,.0f}", costs[key].quarters(0)) for key in COSTS])
    print(f"Reading a noted flow at the end of a window, in nanoseconds of the main loop: {costs[READ].median:,.0f}"
          f" ({costs[READ].quarters(0)}); at most 8,192 of them\n", flush=True)


def _show_errors(errors):
    table.show("What is said of conversations in windows of 3 s: those that are whole, and the same without one end",
               ("frames:", "noted", "judged", "called one-way", "share", "one end: judged", "not called so", "share"),
               [(name, f"{of['noted']:,}", f"{of['judged']:,}", f"{of['false_alarms']:,}",
                 f"{of['false_alarm_share']:.2%}", f"{of['half_judged']:,}", f"{of['misses']:,}",
                 f"{of['miss_share']:.2%}") for name, of in errors.items()])


def measure():
    costs = _costs()
    _show_costs(costs)
    errors = {name: _errors(frames, phases) for name, frames, phases in itertools.chain(_made(), _captured())}
    _show_errors(errors)
    return {"one_way": {"cost_ns": {key: cost.json() for key, cost in costs.items()}, "errors": errors}}
