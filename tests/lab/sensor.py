"""A sensor that misses nothing: a ring of the kernel's that holds the numbered frames of a test."""

import ctypes
import mmap
import socket
import struct

from . import frames
from .deadline import until

SOL_PACKET, PACKET_RX_RING, PACKET_STATISTICS, PACKET_VERSION, TPACKET_V3 = 263, 5, 6, 10, 2  # linux/if_packet.h
SO_ATTACH_FILTER, ETH_P_ALL = 26, 3
BLOCK = struct.Struct("=8xIII")  # struct tpacket_block_desc: whose it is, frames in it, where the first one is
STATUS_AT, KERNEL, USER = 8, 0, 1
FRAME = struct.Struct("=I20xH")  # struct tpacket3_hdr: where the next one is, where this frame's bytes are
BLOCK_BYTES, N_BLOCKS, SLOT_BYTES = 1 << 16, 2048, 2048
RING_FRAMES = 900_000  # of a Load's size
RETIRE_MS = 20  # a block is closed then, however few frames it has
NUMBERED = ((0x28, 0, 0, 12), (0x15, 0, 1, frames.MARKER_ETHERTYPE), (0x06, 0, 0, 0xFFFF), (0x06, 0, 0, 0))
"""linux/filter.h: frames of this EtherType in full, no others."""


class Sensor:
    """The numbers in the frames that an interface showed, or all interfaces ("") of a namespace.

    The ring holds those of half a minute, RING_FRAMES at most; whoever sends more calls numbers() meanwhile.
    """

    def __init__(self, ns, interface=""):
        self.where = f"{interface or 'all interfaces'} of {ns.label}"
        self._numbers, self._i_block = [], 0
        protocol = 0 if interface else socket.htons(ETH_P_ALL)
        self._socket = ns.socket(socket.AF_PACKET, socket.SOCK_RAW, protocol)
        rows = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *row) for row in NUMBERED))
        self._socket.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER,
                                struct.pack("@HP", len(NUMBERED), ctypes.addressof(rows)))
        self._socket.setsockopt(SOL_PACKET, PACKET_VERSION, TPACKET_V3)
        self._socket.setsockopt(SOL_PACKET, PACKET_RX_RING, struct.pack(
            "7I", BLOCK_BYTES, N_BLOCKS, SLOT_BYTES, BLOCK_BYTES // SLOT_BYTES * N_BLOCKS, RETIRE_MS, 0, 0))
        self._ring = mmap.mmap(self._socket.fileno(), BLOCK_BYTES * N_BLOCKS)
        if interface:
            self._socket.bind((interface, ETH_P_ALL))

    def _read_block(self, begin, count, first):
        at = begin + first
        for _ in range(count):
            step, frame_at = FRAME.unpack_from(self._ring, at)
            self._numbers.append(struct.unpack_from("!Q", self._ring, at + frame_at + 14)[0])
            at += step

    def numbers(self):
        """Those of all frames so far, in the order in which they came."""
        while True:
            begin = self._i_block * BLOCK_BYTES
            status, count, first = BLOCK.unpack_from(self._ring, begin)
            if not status & USER:
                return self._numbers
            self._read_block(begin, count, first)
            struct.pack_into("=I", self._ring, begin + STATUS_AT, KERNEL)
            self._i_block = (self._i_block + 1) % N_BLOCKS

    def wait(self, count, seconds=10.0):
        """The numbers, once there are `count` of them."""
        until(lambda: len(self.numbers()) >= count, f"{count} frames on {self.where}", seconds,
              seen=lambda: f"{len(self._numbers)} frames, {self.missed()} more did not fit into the ring")
        return self._numbers

    def missed(self):
        """How many frames found the ring full since the last call."""
        return struct.unpack("3I", self._socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 12))[1]

    def close(self):
        self._ring.close()
        self._socket.close()
