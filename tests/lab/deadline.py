"""Waiting for a condition, never for time to pass."""

import time

POLL_S = 0.005
"""How often a condition is looked at. Short, so that a wait costs little more than what it waits for."""


GAP_S = 2.0
"""What a look may take. Whoever looks again later than that had no processor, or the machine stood still: then what he
waits for had no time either, and the rest does not count."""


class Missed(AssertionError):
    """The condition did not come true in time; the text says what was seen instead."""


class _Patience:
    """So many seconds, of which no gap between two looks takes more than GAP_S."""

    def __init__(self, seconds):
        self._left, self._looked = seconds, time.monotonic()

    def is_over(self):
        now = time.monotonic()
        self._left -= min(now - self._looked, GAP_S)
        self._looked = now
        return self._left < 0


def until(condition, what, seconds=10.0, seen=None):
    """Return the first true value of condition(), or raise Missed naming `what` and what was seen last.

    `seen` is called for the message when time is up; without it the last value of the condition is shown.
    """
    patience = _Patience(seconds)
    while True:
        value = condition()
        if value:
            return value
        if patience.is_over():
            last = seen() if seen else value
            raise Missed(f"not within {seconds} s: {what}; last seen: {last!r}")
        time.sleep(POLL_S)


def steady(measure, what, seconds=10.0, for_s=0.1):
    """Return measure() once it has been the same value for `for_s` seconds on end."""
    patience = _Patience(seconds)
    value, since = measure(), time.monotonic()
    while time.monotonic() - since < for_s:
        if patience.is_over():
            raise Missed(f"not within {seconds} s: {what} is steady; last seen: {value!r}")
        time.sleep(POLL_S)
        now = measure()
        if now != value:
            value, since = now, time.monotonic()
    return value
