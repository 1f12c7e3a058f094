"""A session under load: its frames as fast as one core sends them, and a sensor that looks for every one of them."""

import ctypes
import errno
import os
import random
import struct
import time

from . import frames
from .sender import FIRST_FLOW, FRAME_BYTES, Sender
from .sensor import RING_FRAMES, Sensor

BLOCK_FRAMES = 64  # of one system call; a multiple of the flows
NUMBER_AT = 14 + 20 + 8 + 8 + 14  # of an outer frame over IPv4: where the inner one has its number


class _Piece(ctypes.Structure):  # struct iovec
    _fields_ = [("base", ctypes.c_void_p), ("size", ctypes.c_size_t)]


class _Message(ctypes.Structure):  # struct mmsghdr
    _fields_ = [("name", ctypes.c_void_p), ("name_size", ctypes.c_uint32), ("pieces", ctypes.POINTER(_Piece)),
                ("n_pieces", ctypes.c_size_t), ("control", ctypes.c_void_p), ("control_size", ctypes.c_size_t),
                ("flags", ctypes.c_int), ("sent", ctypes.c_uint32)]


class Block:
    """Outer frames of one size that a single system call sends."""

    _sendmmsg = ctypes.CDLL(None, use_errno=True).sendmmsg

    def __init__(self, frames_of_block):
        self._count, self._size = len(frames_of_block), len(frames_of_block[0])
        self._bytes = bytearray(b"".join(frames_of_block))
        start = ctypes.addressof(ctypes.c_char.from_buffer(self._bytes))
        self._pieces = (_Piece * self._count)(*(_Piece(start + i * self._size, self._size)
                                               for i in range(self._count)))
        self._messages = (_Message * self._count)()
        for message, i in zip(self._messages, range(self._count)):
            message.pieces, message.n_pieces = ctypes.pointer(self._pieces[i]), 1

    def number(self, first):
        """Give the inner frames the numbers from `first` on."""
        for i in range(self._count):
            struct.pack_into("!Q", self._bytes, i * self._size + NUMBER_AT, first + i)

    def send(self, fd):
        """Until all of them are on the wire: where the other end's queue (the backlog of a core) is full, veth says so,
        and the frame is sent once more."""
        done = 0
        while done < self._count:
            at = ctypes.byref(self._messages, done * ctypes.sizeof(_Message))
            sent = self._sendmmsg(fd, at, self._count - done, 0)
            if sent < 0 and ctypes.get_errno() != errno.ENOBUFS:
                raise OSError(ctypes.get_errno(), "sendmmsg")
            done += max(sent, 0)
        return done


class Flood(Sender):
    """As Sender, but by blocks, so that it reaches some hundred thousand frames a second.

    It stays on one core, as a flow's packets do in a network interface: on two they may overtake each other.
    Without a rate it is as fast as that core. With a window it waits after so many frames that were sent since the last
    look().
    """

    def __init__(self, target, vni, rate=None, flows=16, window=None):
        super().__init__(target, vni, rate, flows)
        self.begun, self._window = None, window

    def start(self):
        self.begun = time.monotonic()
        return super().start()

    def _packets(self, mirror):
        return [mirror.wrap(self._vni, frames.numbered(0, FRAME_BYTES), FIRST_FLOW + i % self._flows)
                for i in range(BLOCK_FRAMES)]

    def _run(self):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[os.getpid() % len(cores)]})
        with self._target.mirror() as mirror:
            block = Block(self._packets(mirror))
            begin, sent = time.monotonic(), 0
            while not self._shared[8]:
                is_early = self._rate and (time.monotonic() - begin) * self._rate < sent
                if is_early or (self._window and sent - struct.unpack_from("Q", self._shared, 16)[0] > self._window):
                    time.sleep(0.001)
                    continue
                block.number(sent)
                sent += block.send(mirror.fileno())
                struct.pack_into("Q", self._shared, 0, sent)

    def look(self):
        """Somebody has seen what was sent until now, or is about to."""
        struct.pack_into("Q", self._shared, 16, self.sent())

    def age(self):
        """Seconds since the start."""
        return time.monotonic() - self.begun

    def rate(self):
        """Frames a second since the start."""
        return int(self.sent() / self.age())


class Junk(Flood):
    """A flood of packets of VNIs that nobody configured."""

    def __init__(self, target, seed):
        super().__init__(target, None)
        self._random = random.Random(seed)

    def _packets(self, mirror):
        return [mirror.wrap(self._random.randrange(1 << 20, 1 << 24), frames.numbered(0, FRAME_BYTES),
                            self._random.randrange(1024, 1 << 16)) for _ in range(BLOCK_FRAMES)]


class Load(Flood):
    """A flood of VNI 4321, session web, and the sensor on its interface, or with "" on all of the target's.

    It never overruns the sensor's ring, however long a test on a busy machine does something else.
    """

    def __init__(self, target, interface="mirror-web", rate=None):
        super().__init__(target, 4321, rate, window=RING_FRAMES // 2)
        self.sensor = Sensor(target.ns, interface)

    def go_on(self, count=20_000):
        """Wait until so many more frames were sent."""
        wanted = self.sent() + count
        while self.sent() < wanted:
            self.look()
            self.sensor.numbers()  # makes room in the ring
            self.wait_sent(min(wanted, self.sent() + 20_000))

    def settle(self, vtapd, in_order=True, others=0):
        """End it: every frame was shown once, those of a flow in order, and counted once, with `others` of other
        sessions. Returns how many."""
        sent = self.stop()
        row = vtapd.wait_received(sent + others)
        assert (row["received"], row["delivered"], row["drops"]) == (sent + others, sent + others, {}), (sent, row)
        session = vtapd.session("web")
        assert (session["received"], session["delivered"], session["drops"]) == (sent, sent, {}), (sent, session)
        self.shown(sent, in_order)
        return sent

    def shown(self, sent, in_order=True):
        """Every frame was shown once, whatever was counted."""
        numbers = self.sensor.wait(sent)
        assert self.sensor.missed() == 0, "the sensor's ring was full"
        assert sorted(numbers) == list(range(sent)), f"each once: {missing(numbers, sent)}"
        assert not in_order or not unordered(numbers), f"in order: {unordered(numbers)[:5]}"

    def close(self):
        super().stop()
        self.sensor.close()


def missing(numbers, sent):
    """For people: which numbers were not seen."""
    gone = sorted(set(range(sent)) - set(numbers))
    return f"{len(numbers)} of {sent} seen, {len(gone)} missing: {gone[:5]} ... {gone[-5:]}"


def unordered(numbers, flows=16):
    """(the last number before, the number) of frames that came behind a later one of their flow."""
    last, found = [-1] * flows, []
    for number in numbers:
        if number < last[number % flows]:
            found.append((last[number % flows], number))
        else:
            last[number % flows] = number
    return found
