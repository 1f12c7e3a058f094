"""What many measurements say: the middle, and how far they lie apart."""

import statistics
from typing import NamedTuple


def percentile(values, percent):
    """Nearest rank: of 100 values, the 99th is p99."""
    return sorted(values)[-(-len(values) * percent // 100) - 1]


class Spread(NamedTuple):
    """The median, and the quarters that half of all values lie between."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values):
        low, median, high = statistics.quantiles(values, n=4, method="inclusive")
        return cls(median, low, high)

    def quarters(self, digits):
        return f"{self.low:,.{digits}f}..{self.high:,.{digits}f}"

    def json(self, digits=1):
        return {"median": round(self.median, digits), "low": round(self.low, digits), "high": round(self.high, digits)}
