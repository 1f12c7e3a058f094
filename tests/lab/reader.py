"""What interfaces showed, as an AF_PACKET socket reads it, with what the kernel says beside each frame."""

import collections
import socket
import struct

from .deadline import until

ETH_P_ALL = 3
SOL_PACKET, PACKET_AUXDATA = 263, 8  # linux/if_packet.h
SO_TIMESTAMPNS, SO_RCVBUFFORCE = 35, 33  # asm-generic/socket.h
TP_STATUS_CSUM_NOT_READY, TP_STATUS_VLAN_VALID, TP_STATUS_CSUM_VALID = 1 << 3, 1 << 4, 1 << 7
SNAP_BYTES = 70000
_AUXDATA = struct.Struct("IIIHHHH")  # tpacket_auxdata: status, len, snaplen, mac, net, vlan_tci, vlan_tpid
_STAMP = struct.Struct("qq")

Seen = collections.namedtuple("Seen", "interface frame stamp status")
"""An inward frame: its interface, its bytes (a VLAN tag put back in), nanoseconds since the epoch, TP_STATUS_ bits."""


class Reader:
    """Inward frames of every interface of a namespace whose name begins with `prefix`, from now on; with `alone` that
    is the name of the one interface that it looks at (a socket on all of them keeps a vxlan device's GRO from merging)."""

    def __init__(self, ns, prefix, alone=False):
        self._prefix, self._seen = prefix, []
        self._socket = ns.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self._socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 26)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._socket.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        self._socket.setblocking(False)
        if alone:
            self._socket.bind((prefix, ETH_P_ALL))

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        self._socket.close()

    def _read(self):
        while True:
            try:
                frame, beside, _, address = self._socket.recvmsg(SNAP_BYTES, 1024)
            except BlockingIOError:
                return
            if address[0].startswith(self._prefix) and address[2] != socket.PACKET_OUTGOING:
                self._seen.append(_seen(address[0], frame, beside))

    def seen(self, at_least=0, seconds=10.0):
        """Everything so far; waits until there are `at_least` that many."""
        def there():
            self._read()
            return len(self._seen) >= at_least
        until(there, f"{at_least} frames on {self._prefix}*", seconds, seen=lambda: f"{len(self._seen)} frames")
        return list(self._seen)

    def take(self, at_least=0):
        """The same, and forget them."""
        seen = self.seen(at_least)
        self._seen = []
        return seen


def _seen(interface, frame, beside):
    stamp, status = 0, 0
    for level, kind, data in beside:
        if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS):
            seconds, nano = _STAMP.unpack(data)
            stamp = seconds * 10**9 + nano
        elif (level, kind) == (SOL_PACKET, PACKET_AUXDATA):
            status, _, _, _, _, tci, tpid = _AUXDATA.unpack(data)
            if status & TP_STATUS_VLAN_VALID:
                frame = frame[:12] + struct.pack("!HH", tpid, tci) + frame[12:]
    return Seen(interface, frame, stamp, status)
