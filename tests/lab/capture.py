"""What an interface showed: tcpdump, and the files it writes."""

import os
import re
import signal
import struct
import subprocess

from .deadline import steady, until

RING_KIB = 16 * 1024  # tcpdump takes 5 ms per MiB to start
RING_FLOOD_KIB = 128 * 1024
SNAP_BYTES = 9300  # a jumbo frame with its outer headers; a slot of the ring has this size
SNAP_HUGE_BYTES = 65600
SNAP_SMALL_BYTES = 512
PCAP_HEADER_BYTES = 24
RECORD = struct.Struct("<IIII")  # seconds, microseconds, bytes kept, bytes on the wire
_next = iter(range(1 << 30))


def records_of(path, at=PCAP_HEADER_BYTES):
    """([(seconds since the epoch, frame), ...] from byte `at` on, where to go on from) of a pcap file that tcpdump
    on this machine wrote, or is writing: a half record is left out."""
    with open(path, "rb") as file:
        file.seek(at)
        raw = file.read()
    records, begin, at = [], at, 0
    while at + RECORD.size <= len(raw):
        seconds, micro, kept, whole = RECORD.unpack_from(raw, at)
        if at + RECORD.size + kept > len(raw):
            break
        assert kept == whole, f"{path}: a frame of {whole} bytes was cut to {kept}"
        records.append((seconds + micro / 1e6, raw[at + RECORD.size:at + RECORD.size + kept]))
        at += RECORD.size + kept
    return records, begin + at


def frames_of(path):
    """The frames of such a file, all that are whole by now."""
    return [frame for _, frame in records_of(path)[0]]


class Capture:
    """tcpdump on one interface, from `listening on` to SIGINT.

    `with Capture(ns, "eth0", directory) as seen:` and then `seen.frames()`. Leaving checks that the kernel
    dropped nothing. direction: "in", "out" or "inout". `huge` is for frames
    above 9,300 bytes, `flood` for many thousands of them in a burst, `small` for those of at most 512 bytes: the ring
    then holds so many that minutes of traffic on a busy machine lose none.
    """

    def __init__(self, ns, interface, directory, direction="inout", huge=False, flood=False, small=False):
        self.where = f"{interface} of {ns.label}"
        self.path = os.path.join(directory, f"{ns.label}-{interface}-{next(_next)}.pcap")
        self._errors = self.path + ".log"
        snap = SNAP_HUGE_BYTES if huge else SNAP_SMALL_BYTES if small else SNAP_BYTES
        argv = ["tcpdump", "-n", "-i", interface, "-w", self.path, "-U", "--immediate-mode",
                "-s", snap, "-B", RING_FLOOD_KIB if flood else RING_KIB,
                "-Q", direction, "-Z", "root"]
        with open(self._errors, "wb") as log:
            self._process = ns.start(*argv, stdout=log, stderr=log)
        until(lambda: "listening on" in self._log() or self._process.poll() is not None,
              f"tcpdump listens on {self.where}", seen=self._log)
        assert self._process.poll() is None, f"tcpdump on {self.where}: {self._log()}"

    def __enter__(self):
        return self

    def __exit__(self, kind, *exc):
        self.stop(check=kind is None)

    def _log(self):
        with open(self._errors, encoding="utf-8", errors="replace") as log:
            return log.read()

    def frames(self, at_least=0, seconds=10.0):
        """The frames so far; waits until there are `at_least` that many."""
        if at_least:
            until(lambda: len(frames_of(self.path)) >= at_least, f"{at_least} frames on {self.where}", seconds,
                  seen=lambda: f"{len(frames_of(self.path))} frames")
        return frames_of(self.path)

    def wait_for(self, frame, seconds=10.0):
        """The frames up to and without `frame`, a marker that somebody sends last."""
        until(lambda: frame in self._tail(len(frame)), f"the marker frame on {self.where}", seconds,
              seen=lambda: f"{len(frames_of(self.path))} frames")
        frames = frames_of(self.path)
        return frames[:frames.index(frame)]

    def _tail(self, size):
        with open(self.path, "rb") as file:
            file.seek(max(PCAP_HEADER_BYTES, os.path.getsize(self.path) - 20 * (size + RECORD.size) - 65536))
            return file.read()

    def settled(self):
        """The frames, once the file has stopped growing: for interfaces that are expected to stay silent."""
        steady(lambda: os.path.getsize(self.path), f"the capture on {self.where}")
        return frames_of(self.path)

    def stop(self, check=True):
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if check:
            lost = re.search(r"(\d+) packets? dropped by kernel", self._log())
            assert lost and lost.group(1) == "0", f"tcpdump on {self.where} lost frames: {self._log()}"
