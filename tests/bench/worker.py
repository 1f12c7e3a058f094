"""What a frame costs the process that carries it, vtapd's worker or a plain loop: what limits the rate of a core."""

from . import paths, table
from .fastpath import HEADLINE, SIZES, frames_of
from .spread import Spread

ROUNDS = 15
AIM_RATIO = 1.5


def _measure_size(plain, worker, size):
    """(for JSON, row of the table)"""
    costs = paths.alternate((plain, worker), ROUNDS, size, frames_of(size))
    own = {path.key: Spread.of([cost.process_ns for cost in of]) for path, of in costs.items()}
    ratio = Spread.of([a.process_ns / b.process_ns for a, b in zip(costs[plain], costs[worker])])
    row = (f"{size:,}", f"{own['plain'].median:,.0f}", own["plain"].quarters(0), f"{own['worker'].median:,.0f}",
           own["worker"].quarters(0), f"{ratio.median:.2f}", ratio.quarters(2), f">= {AIM_RATIO}")
    return {"plain_ns": own["plain"].json(), "worker_ns": own["worker"].json(), "ratio": ratio.json(3)}, row


def measure():
    ways, sizes, rows = [], {}, []
    try:
        for kind in (paths.Plain, paths.Worker):
            ways.append(kind())
        for size in SIZES:
            sizes[size], row = _measure_size(*ways, size)
            rows.append(row)
        lost = {way.key: way.lost() for way in ways}
    finally:
        for way in ways:
            way.remove()
    table.show(f"What a frame costs the process, in nanoseconds of CPU: medians of {ROUNDS} alternating rounds"
               f" (lost: plain {lost['plain']:,}, worker {lost['worker']:,})",
               ("bytes", "plain", "quarters", "worker", "quarters", "worker_ratio", "quarters", "aim"), rows)
    return {"worker_ratio": sizes[HEADLINE]["ratio"]["median"],
            "worker": {"sizes": sizes, "rounds": ROUNDS, "lost": lost}}
