"""Traffic that goes on by itself: a process that sends numbered frames at a steady rate until it is stopped."""

import mmap
import os
import struct
import time

from . import frames
from .deadline import until
from .forked import forked

FIRST_FLOW = 65408  # AWS's outer source ports (seen there)
FRAME_BYTES = 60


class Sender:
    """Frame number i goes over outer flow i modulo `flows`; the count sent is in shared memory."""

    def __init__(self, target, vni, rate, flows=16):
        self._target, self._vni, self._rate, self._flows = target, vni, rate, flows
        self._shared = mmap.mmap(-1, 24)  # frames sent, whether to stop, and for some what was sent until a look
        self._pid = None

    def start(self):
        self._pid = forked(self._run)
        return self

    def _run(self):
        with self._target.mirror() as mirror:
            begin, sent = time.monotonic(), 0
            while not self._shared[8]:
                due = int((time.monotonic() - begin) * self._rate)
                while sent < due:
                    mirror.send_raw(mirror.wrap(self._vni, frames.numbered(sent, FRAME_BYTES),
                                                FIRST_FLOW + sent % self._flows))
                    sent += 1
                    struct.pack_into("Q", self._shared, 0, sent)
                time.sleep(0.001)

    @property
    def pid(self):
        return self._pid

    def sent(self):
        return struct.unpack_from("Q", self._shared, 0)[0]

    def wait_sent(self, count):
        until(lambda: self.sent() >= count, f"{count} frames sent", seen=self.sent)

    def stop(self):
        """End the traffic; returns how many frames were sent in all."""
        if self._pid:
            self._shared[8] = 1
            os.waitpid(self._pid, 0)
            self._pid = None
        return self.sent()
