"""The load generator, load.c: numbered packets as AWS sends them, from the sender's end of an underlay."""

import json
import os
import signal
import subprocess

from lab.daemon import REPOSITORY

PROGRAMS = os.path.join(REPOSITORY, "build/tests/bench")
CORE = 0  # of the sender; a veth does the receiving there, too


def _argv(settings):
    settings = {"core": CORE, **settings}
    return [os.path.join(PROGRAMS, "load"), "mir0", *(f"{key}={value}" for key, value in settings.items())]


def send(target, **settings):
    """Send to the end; returns what load printed."""
    return json.loads(target.sender.run(*_argv(settings)).stdout)


class Load:
    """Packets that go on until stop(), which returns what load printed."""

    def __init__(self, target, **settings):
        self._process = target.sender.start(*_argv(settings), stdout=subprocess.PIPE, text=True)
        self.pid = self._process.pid

    def stop(self):
        self._process.send_signal(signal.SIGTERM)
        out, _ = self._process.communicate(timeout=30)
        assert self._process.returncode == 0, f"load ended with {self._process.returncode}"
        return json.loads(out)

    def remove(self):
        """End it, however far it is."""
        self._process.kill()
        self._process.communicate()
