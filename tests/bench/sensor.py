"""The sensor, count.c: reads an interface through a TPACKET_V3 ring and counts load's frames."""

import json
import os
import subprocess

from lab.deadline import steady

from .load import PROGRAMS

CORE = 1  # not the sender's


class Sensor:
    """Counts from here on."""

    def __init__(self, ns, interface, ring_mib=32):
        self._process = ns.start(os.path.join(PROGRAMS, "count"), interface, CORE, ring_mib,
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._answer()

    def _answer(self):
        line = self._process.stdout.readline()
        assert line, f"count ended with {self._process.wait()}"
        return json.loads(line)

    def counted(self):
        """What it has seen so far."""
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return self._answer()

    def ours(self):
        """Load's frames: each load begins with number 0, so a number that came before is one, too. What the kernel
        sends on an interface by itself is not."""
        counted = self.counted()
        return counted["distinct"] + counted["duplicate"]

    def wait_quiet(self, for_s):
        """What it has seen once nothing has come for so long."""
        steady(self.ours, "the sensor's count", for_s=for_s)
        return self.counted()

    def remove(self):
        self._process.kill()
        self._process.communicate()
