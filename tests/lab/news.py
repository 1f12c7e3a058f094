"""The kernel's link news of a namespace, each piece with the moment it was heard."""

import socket
import struct
import threading
import time

from .deadline import until

RTMGRP_LINK, RTM_NEWLINK, RTM_DELLINK = 1, 16, 17  # linux/rtnetlink.h
IFLA_IFNAME, IFLA_MTU, IFLA_IFALIAS, IFLA_GROUP = 3, 4, 20, 27  # linux/if_link.h
IFF_UP = 1
RECEIVE_BYTES = 1 << 24


class News:
    """Hears from construction to close(). A piece: (CLOCK_MONOTONIC ns, name, is there, is up, MTU). `marks` has of
    the same pieces (name, alias, link group)."""

    def __init__(self, ns):
        with ns:
            self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
        self._socket.setsockopt(socket.SOL_SOCKET, 33, RECEIVE_BYTES)  # SO_RCVBUFFORCE
        self._socket.bind((0, RTMGRP_LINK))
        self._socket.settimeout(0.1)
        self.pieces, self.marks = [], []
        self._is_open = True
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def close(self):
        self._is_open = False
        self._thread.join()
        self._socket.close()

    def _listen(self):
        while self._is_open:
            try:
                data = self._socket.recv(1 << 16)
            except socket.timeout:
                continue
            now, at = time.monotonic_ns(), 0
            while at + 32 <= len(data):
                length, kind = struct.unpack_from("IH", data, at)
                flags = struct.unpack_from("I", data, at + 24)[0]
                attributes = _attributes(data, at + 32, at + length)
                name = attributes[IFLA_IFNAME].rstrip(b"\0").decode()
                self.marks.append((name, attributes.get(IFLA_IFALIAS, b"").rstrip(b"\0").decode(),
                                   struct.unpack("I", attributes[IFLA_GROUP])[0]))
                self.pieces.append((now, name, kind == RTM_NEWLINK, bool(flags & IFF_UP),
                                    struct.unpack("I", attributes[IFLA_MTU])[0]))
                at += (length + 3) & ~3

    def first(self, condition, after=0):
        """The first piece from index `after` on for which condition(name, is there, is up, MTU): (index, time)."""
        for i in range(after, len(self.pieces)):
            if condition(*self.pieces[i][1:]):
                return i, self.pieces[i][0]
        return None

    def wait(self, condition, what, after=0, seconds=10):
        return until(lambda: self.first(condition, after), what, seconds, seen=lambda: self.pieces[after:])


def _attributes(data, at, end):
    found = {}
    while at + 4 <= end:
        length, kind = struct.unpack_from("HH", data, at)
        found[kind & 0x3FFF] = data[at + 4:at + length]
        at += max(4, (length + 3) & ~3)
    return found
