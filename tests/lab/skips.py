"""Which tests cannot run here, and why."""

import os

import pytest

from . import daemon, netns


def skip_what_cannot_run(items):
    """Mark those of pytest's `items` that lack a right, or the daemon (unless they are `without_daemon`)."""
    reason = netns.why_not()
    for item in items:
        why = reason
        if not why and "without_daemon" not in item.keywords and not os.access(daemon.VTAPD, os.X_OK):
            why = f"no vtapd at {daemon.VTAPD}: build it, or set VTAPD_BIN"
        if why:
            item.add_marker(pytest.mark.skip(reason=why))
