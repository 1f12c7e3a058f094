"""What an attacker, a scanner or a broken host sends: to the balancer's addresses and straight at the targets.

UDP to the port: nothing, bytes that are no VXLAN, headers without a VNI, VNIs that nobody configured, frames cut short. TCP to
the health port: half-open handshakes from hosts that do not exist, connections that say nothing, nonsense or half a
request and stay open, and connections that are reset.
"""

import mmap
import os
import random
import socket
import struct
import time

import balancer
import scene

from lab import frames
from lab.forked import forked

PACKETS_PER_S = 4000  # UDP; several times what the mirror sends
SYNS_PER_S = 1000
CONNECTIONS_PER_S = 300
OPEN_AT_ONCE, SPEAKS_AFTER = 200, 5  # connections
CLIENT_HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"  # how TLS begins (RFC 8446 section 5.1)
NONSENSE = (b"", b"\0" * 64, b"GET / HT", b"GET /" + b"x" * 300, CLIENT_HELLO, b"\r\n" * 100)
NO_VNI = b"\0" * 8
_random = random.Random(4789)


def _payloads():
    frame = frames.ethernet("02:00:00:00:00:01", "02:00:00:00:00:02", frames.ETH_IPV4, b"junk" * 20)
    return [b"", b"\x08", _random.randbytes(7), _random.randbytes(300), NO_VNI + frame,
            frames.vxlan(0, frame), frames.vxlan(scene.VNI, frame[:13]),
            *(frames.vxlan(_random.randrange(1 << 24), frame) for _ in range(200))]


def udp_packets(targets):
    """Whole frames, ready to send, to every address."""
    return [scene.outer(f"10.66.9.{1 + i % 250}", address, frames.udp(1024 + i, frames.VXLAN_PORT, payload))
            for address in (*balancer.ADDRESSES.values(), *targets) for i, payload in enumerate(_payloads())]


def syn(source, target):
    """A SYN whose answer reaches nobody."""
    tcp = struct.pack("!HHIIBBHHH", _random.randrange(1024, 65536), frames.VXLAN_PORT, _random.randrange(1 << 32), 0,
                      0x50, 0x02, 64240, 0, 0)
    pseudo = socket.inet_aton(source) + socket.inet_aton(target) + struct.pack("!HH", 6, len(tcp))
    tcp = tcp[:16] + struct.pack("!H", frames.checksum(pseudo + tcp)) + tcp[18:]
    return scene.outer(source, target, tcp, protocol=6)


class Junk:
    """A process that sends all of it from the source's wire until it is stopped."""

    def __init__(self, source_ns, targets):
        self._ns, self._targets = source_ns, targets
        self._shared = mmap.mmap(-1, 32)  # packets, SYNs and connections so far, and whether to stop
        self._pid = None
        self._open = []

    def __enter__(self):
        self._pid = forked(self._run)
        return self

    def __exit__(self, *exc):
        self._shared[24] = 1
        os.waitpid(self._pid, 0)

    def sent(self):
        """(UDP packets, SYNs, connections)"""
        return struct.unpack_from("QQQ", self._shared)

    def _run(self):
        packets, wire = udp_packets(self._targets), self._ns.packet_socket("mir0", 0)
        begin, done = time.monotonic(), [0, 0, 0]
        while not self._shared[24]:
            elapsed = time.monotonic() - begin
            for i, rate in enumerate((PACKETS_PER_S, SYNS_PER_S, CONNECTIONS_PER_S)):
                for number in range(done[i], int(elapsed * rate)):
                    self._send(i, number, packets, wire)
                done[i] = max(done[i], int(elapsed * rate))
            struct.pack_into("QQQ", self._shared, 0, *done)
            time.sleep(0.001)

    def _send(self, kind, number, packets, wire):
        target = self._targets[number % len(self._targets)]
        if kind == 0:
            self._say(wire, packets[number % len(packets)])
        elif kind == 1:
            self._say(wire, syn(f"10.66.{10 + number % 200}.{1 + number % 250}", target))
        else:
            self._connect(number, target)

    def _connect(self, number, target):
        """Without waiting for it. It speaks SPEAKS_AFTER connections later, and is closed OPEN_AT_ONCE later."""
        sock = self._ns.socket()
        sock.setblocking(False)
        sock.connect_ex((target, frames.VXLAN_PORT))
        self._open.append(sock)
        if len(self._open) > SPEAKS_AFTER:
            self._say(self._open[-SPEAKS_AFTER], NONSENSE[number % len(NONSENSE)])
        if len(self._open) > OPEN_AT_ONCE:
            self._close(self._open.pop(0), is_reset=number % 2 == 0)

    @staticmethod
    def _say(sock, words):
        try:
            sock.send(words)
        except OSError:
            pass  # refused, closed by the other end, or a processor's queue was full: junk does not care

    @staticmethod
    def _close(sock, is_reset):
        if is_reset:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()
