"""What a frame costs the process that carries it, vtapd's worker or a plain loop: what limits the rate of a core.

As fast as the sender goes there is always a next packet, and neither has to wait. At a steady rate they do: then it
counts how often they are woken, and that depends on how many packets come at once.
"""

from . import onecore, paths, table
from .fastpath import HEADLINE, SIZES, frames_of
from .spread import Spread

ROUNDS, ROUNDS_PACED = 15, 7
AIM_RATIO = 1.5
RATES = (20_000, 50_000, 100_000, 200_000, 400_000)  # frames a second
PACED_SECONDS = 0.2
BURSTS = {16: "worker_ratio_by_rate", 1: "worker_ratio_by_rate_single"}  # frames at once: their key
HEAD = ("plain", "quarters", "worker", "quarters", "worker_ratio", "quarters", "aim")


def _compare(costs):
    """(for JSON, cells of the table) of the costs of a plain loop and a worker"""
    plain, worker = costs.values()
    own = [Spread.of([cost.process_ns for cost in of]) for of in (plain, worker)]
    ratio = Spread.of([a.process_ns / b.process_ns for a, b in zip(plain, worker)])
    cells = [cell for of in own for cell in (f"{of.median:,.0f}", of.quarters(0))]
    return ({"plain_ns": own[0].json(), "worker_ns": own[1].json(), "ratio": ratio.json(3)},
            (*cells, f"{ratio.median:.2f}", ratio.quarters(2), f">= {AIM_RATIO}"))


def _measure_sizes(ways):
    sizes, rows = {}, []
    for size in SIZES:
        sizes[size], cells = _compare(paths.alternate(ways, ROUNDS, size, frames_of(size)))
        rows.append((f"{size:,}", *cells))
    table.show(f"What a frame costs the process, in nanoseconds of CPU: medians of {ROUNDS} alternating rounds",
               ("bytes", *HEAD), rows)
    return sizes


def _measure_rates(ways, burst):
    rates, rows = {}, []
    for rate in RATES:
        costs = paths.alternate(ways, ROUNDS_PACED, HEADLINE, int(rate * PACED_SECONDS), rate=rate, burst=burst)
        rates[rate], cells = _compare(costs)
        least = min(Spread.of([cost.per_second for cost in of]).median for of in costs.values())
        rates[rate]["sent_per_second"] = round(least)
        rows.append((f"{rate:,}", f"{least:,.0f}", *cells))
    table.show(f"The same at a steady rate, {HEADLINE} bytes, {burst} at once: medians of {ROUNDS_PACED} rounds",
               ("per second", "sent", *HEAD), rows)
    return rates


def _measure_alone():
    """Each process on a core of its own."""
    ways = []
    try:
        for kind in (paths.Plain, paths.Worker):
            ways.append(kind())
        sizes = _measure_sizes(ways)
        bursts = {burst: _measure_rates(ways, burst) for burst in BURSTS}
        lost = {way.key: way.lost() for way in ways}
    finally:
        for way in ways:
            way.remove()
    print(f"  lost: plain {lost['plain']:,}, worker {lost['worker']:,}\n")
    ratios = {key: {rate: of["ratio"]["median"] for rate, of in bursts[burst].items()} for burst, key in BURSTS.items()}
    return {"worker_ratio": sizes[HEADLINE]["ratio"]["median"], **ratios,
            "worker": {"sizes": sizes, "bursts": bursts, "rounds": ROUNDS, "rounds_paced": ROUNDS_PACED, "lost": lost}}


def measure():
    return {**_measure_alone(), **onecore.measure()}
