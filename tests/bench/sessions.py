"""What sessions cost a frame of the fast path: many configured beside the ones that have traffic, and many that have.

No sensor reads here: what it adds to every frame would hide a part of the slope.
"""

from lab import hosts
from lab.deadline import steady, until

from . import load, table
from .service import Service
from .spread import Spread

FEW, MANY = 64, 4000
ROUNDS = 15
FRAMES = 48_000  # 12 for each of many
SIZE = 128
START_SECONDS = 120
SAMPLED_S = 2.5  # vtapd reads the kernel's counters once a second
AIM_SLOPE = 1.1


class Mirrors:
    """So many sessions on a vtapd of its own, each with an interface."""

    def __init__(self, count):
        self.target = hosts.Target()
        self.service = Service(self.target, "".join(f"[session s{i}]\nvni = {i}\n" for i in range(count)))
        self.service.start(wait=False)
        until(lambda: self.service.log_lines("ready in"), f"{count} sessions are ready", START_SECONDS,
              seen=self.service.log)
        self.service.warm_up(0, count)
        self.n_sent = 0
        self._before = self._delivered()

    def frame_ns(self, active):
        """What a frame costs while so many sessions have traffic."""
        done = load.send(self.target, vni=0, vnis=active, size=SIZE, frames=FRAMES)
        self.n_sent += done["sent"]
        return (done["wall_ns"] - done["waited_ns"]) / FRAMES

    def _delivered(self):
        return self.service.target()["delivered"]

    def lost(self):
        return self.n_sent - (steady(self._delivered, "the count of delivered frames", for_s=SAMPLED_S) - self._before)

    def remove(self):
        self.service.remove()
        self.target.remove()


def _rounds(few, many):
    """A row of nanoseconds for each round."""
    return [(few.frame_ns(FEW), many.frame_ns(FEW), many.frame_ns(MANY)) for _ in range(ROUNDS)]


def _show(ns, slopes, lost):
    names = ((FEW, FEW), (FEW, MANY), (MANY, MANY))
    rows = [(f"{active:,}", f"{configured:,}", f"{of.median:,.0f}", of.quarters(0),
             "" if slope is None else f"{slope.median:.3f}", "" if slope is None else slope.quarters(3), aim)
            for (active, configured), of, slope, aim in zip(names, ns, (None, *slopes),
                                                            ("", f"<= {AIM_SLOPE:.2f}", ""))]
    table.show(f"What a frame costs with many sessions, in nanoseconds: medians of {ROUNDS} alternating rounds"
               f" of {FRAMES:,} frames, no sensor (lost: {lost:,})",
               ("active", "configured", "in all", "quarters", "slope", "quarters", "aim"), rows)


def measure():
    mirrors = []
    try:
        for count in (FEW, MANY):
            mirrors.append(Mirrors(count))
        found = _rounds(*mirrors)
        lost = sum(mirror.lost() for mirror in mirrors)
    finally:
        for mirror in mirrors:
            mirror.remove()
    ns = [Spread.of(column) for column in zip(*found)]
    slopes = (Spread.of([row[1] / row[0] for row in found]), Spread.of([row[2] / row[1] for row in found]))
    _show(ns, slopes, lost)
    return {"sessions_slope": round(slopes[0].median, 3), "sessions_active_slope": round(slopes[1].median, 3),
            "sessions": {"few": FEW, "many": MANY, "rounds": ROUNDS, "frames": FRAMES, "lost": lost,
                         "few_of_few_ns": ns[0].json(), "few_of_many_ns": ns[1].json(), "many_of_many_ns": ns[2].json(),
                         "slope": slopes[0].json(3), "active_slope": slopes[1].json(3)}}
