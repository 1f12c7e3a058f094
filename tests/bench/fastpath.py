"""What a frame costs on each way to a sensor, on the same packets, beyond a raw capture of the encapsulated stream."""

from . import paths, table
from .spread import Spread

SIZES = (128, 512, 1460, 8900)  # bytes of the inner frame
HEADLINE = 128
ROUNDS = 21
FRAMES, FRAMES_JUMBO = 50_000, 10_000
JUMBO = 2000  # from here on
AIM_ADDED_RATIO, AIM_TOTAL_RATIO = 5, 1.2

FLOOR, FAST, KERNEL = paths.RawCapture, paths.FastPath, paths.KernelVxlan
KINDS = (FLOOR, FAST, KERNEL, paths.Worker, paths.Plain)


def frames_of(size):
    return FRAMES if size < JUMBO else FRAMES_JUMBO


def _figures(costs):
    """For each path by its key: what a frame costs in all, and beyond the floor of the same round."""
    floor = next(costs[path] for path in costs if path.key == FLOOR.key)
    return {path.key: {
        "total": Spread.of([cost.total_ns for cost in own]),
        "added": Spread.of([cost.total_ns - least.total_ns for cost, least in zip(own, floor)]),
        "process": Spread.of([cost.process_ns for cost in own]),
    } for path, own in costs.items()}


def _ratios(figures):
    fast, kernel, floor = figures[FAST.key], figures[KERNEL.key], figures[FLOOR.key]
    return {"added_ratio": round(kernel["added"].median / fast["added"].median, 2),
            "total_ratio": round(fast["total"].median / floor["total"].median, 3)}


def _measure_size(ways, size):
    """(for JSON, rows of the table)"""
    lost_before = {way.key: way.lost() for way in ways}
    figures = _figures(paths.alternate(ways, ROUNDS, size, frames_of(size)))
    lost = {way.key: way.lost() - lost_before[way.key] for way in ways}
    found = {way.key: {**{f"{what}_ns": spread.json() for what, spread in figures[way.key].items()},
                       "lost": lost[way.key], "where": way.losses()} for way in ways}
    rows = [(f"{size:,}", way.label, f"{figures[way.key]['total'].median:,.0f}", figures[way.key]["total"].quarters(0),
             f"{figures[way.key]['added'].median:,.0f}", figures[way.key]["added"].quarters(0),
             f"{frames_of(size) * ROUNDS:,}", f"{lost[way.key]:,}") for way in ways]
    return {**found, **_ratios(figures), "frames": frames_of(size) * ROUNDS}, rows


def _summary(sizes):
    """The keys of the whole, from the headline size."""
    headline = sizes[HEADLINE]
    added = {f"{key}_added_ns": round(headline[key]["added_ns"]["median"])
             for key in (kind.key for kind in KINDS) if key != FLOOR.key}
    return {**added, "added_ratio": headline["added_ratio"], "total_ratio": headline["total_ratio"]}


def _show(found, rows):
    table.show(f"What a frame costs, in nanoseconds: medians of {ROUNDS} alternating rounds, and their quarters",
               ("bytes", "path:", "in all", "quarters", "added to raw", "quarters", "frames", "lost"), rows)
    table.show("Kernel vxlan against the fast path, and the fast path against a raw capture",
               ("bytes", "added_ratio", "aim", "total_ratio", "aim"),
               [(f"{size:,}", f"{of['added_ratio']:.2f}", f">= {AIM_ADDED_RATIO}", f"{of['total_ratio']:.3f}",
                 f"<= {AIM_TOTAL_RATIO:.2f}") for size, of in found["sizes"].items()])


def measure():
    ways, sizes, rows = [], {}, []
    try:
        for kind in KINDS:
            ways.append(kind())
        for size in SIZES:
            sizes[size], more = _measure_size(ways, size)
            rows += more
    finally:
        for way in ways:
            way.remove()
    found = {**_summary(sizes), "sizes": sizes, "rounds": ROUNDS}
    _show(found, rows)
    return found
