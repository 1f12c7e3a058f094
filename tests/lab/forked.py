"""A process of our own that goes on by itself while the test does other things."""

import os
import signal


def forked(run):
    """Return the pid of a process that runs `run` and ends; Ctrl-C is the test's, which ends it in its own way."""
    pid = os.fork()
    if pid == 0:
        try:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            run()
        finally:
            os._exit(0)
    return pid
