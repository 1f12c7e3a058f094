"""Waiting for a condition, never for time to pass."""

import time

POLL_S = 0.005
"""How often a condition is looked at. Short, so that a wait costs little more than what it waits for."""


class Missed(AssertionError):
    """The condition did not come true in time; the text says what was seen instead."""


def until(condition, what, seconds=10.0, seen=None):
    """Return the first true value of condition(), or raise Missed naming `what` and what was seen last.

    `seen` is called for the message when time is up; without it the last value of the condition is shown.
    """
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            last = seen() if seen else value
            raise Missed(f"not within {seconds} s: {what}; last seen: {last!r}")
        time.sleep(POLL_S)


def steady(measure, what, seconds=10.0, for_s=0.1):
    """Return measure() once it has been the same value for `for_s` seconds on end."""
    end = time.monotonic() + seconds
    value, since = measure(), time.monotonic()
    while time.monotonic() - since < for_s:
        if time.monotonic() > end:
            raise Missed(f"not within {seconds} s: {what} is steady; last seen: {value!r}")
        time.sleep(POLL_S)
        now = measure()
        if now != value:
            value, since = now, time.monotonic()
    return value
