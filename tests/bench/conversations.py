"""TCP conversations as a mirror shows them, in a time of their own: made by models of what goes on between production
machines, or read from a capture.

A frame is (seconds, is it the server's, the frame, cut behind its headers). What the mirror sees is seen at the client's
end or at the server's: answers of the other end come a round trip later.
"""

import random
import struct

SYN, RST, ACK, SYN_ACK, RST_ACK = 0x02, 0x04, 0x10, 0x12, 0x14
SEGMENT_BYTES = 1448
DELAYED_S = (0.04, 0.2)  # an acknowledgement waits for company: Linux 40 ms, others up to 200
CUT_BYTES = 14 + 20 + 20
_HEAD = struct.Struct("!6s6sHBBHHHBBH4s4sHHIIBBHHH")
_CLIENT_MAC, _SERVER_MAC = b"\x02\0\0\0\0\x0a", b"\x02\0\0\0\0\x0b"


class Talk:
    """One conversation: who it is, how far the ends are apart, and what was shown of it so far."""

    def __init__(self, number, rng, begin):
        self.rng, self.now, self.shown = rng, begin, []
        self.trip = rng.choice((0.0003, 0.001, 0.01, 0.03, 0.08, 0.2, 0.3))
        self.is_at_server = rng.random() < 0.5
        self._ends = (struct.pack("!I", 0x0A010000 + number // 50000), struct.pack("!I", 0x0A020001),
                      10000 + number % 50000, 443)
        self._said = [1, 1]  # bytes of the client, of the server

    def show(self, at, is_server, flags=ACK, n_data=0):
        client, server, client_port, server_port = self._ends
        ends = (server, client, server_port, client_port) if is_server else (client, server, client_port, server_port)
        macs = (_CLIENT_MAC, _SERVER_MAC) if is_server else (_SERVER_MAC, _CLIENT_MAC)
        frame = _HEAD.pack(*macs, 0x0800, 0x45, 0, 40 + n_data, 0, 0x4000, 64, 6, 0, *ends[:2], *ends[2:],
                           self._said[is_server] & 0xFFFFFFFF, self._said[not is_server] & 0xFFFFFFFF, 0x50, flags,
                           501, 0, 0)
        self.shown.append((at, is_server, frame))

    def send(self, is_server, n_segments, pace=0.0001, every=2, n_data=SEGMENT_BYTES):
        """Data of one end, and its acknowledgements: one for `every` segments, and a delayed one for the rest. Returns
        when the last one has arrived."""
        away = 0 if is_server != self.is_at_server else self.trip  # until an answer comes by
        for i in range(n_segments):
            self.show(self.now + i * pace, is_server, n_data=n_data)
            self._said[is_server] += n_data
            is_last = i + 1 == n_segments
            if (i + 1) % every == 0:
                self.show(self.now + i * pace + away, not is_server)
            elif is_last:
                self.show(self.now + i * pace + away + self.rng.uniform(*DELAYED_S), not is_server)
        self.now += n_segments * pace + away
        return self.now


# What a conversation does, from its begin to about `until`

def requests(talk, until):
    """Questions and answers of a few segments, and time to think."""
    while talk.now < until:
        talk.send(False, talk.rng.randint(1, 3), n_data=talk.rng.randint(40, SEGMENT_BYTES))
        talk.send(True, talk.rng.randint(1, 40), every=talk.rng.choice((2, 2, 8)))
        talk.now += talk.rng.expovariate(1 / talk.rng.choice((0.05, 0.5, 3, 20)))


def download(talk, until, is_server=True):
    """A lot in one direction, bursts of a window; acknowledged by two, or by many at a time (GRO, cable modems)."""
    every = talk.rng.choice((2, 2, 8, 44))
    while talk.now < until:
        talk.send(is_server, talk.rng.choice((10, 44, 64)), pace=0.0002, every=every)
        talk.now += talk.rng.choice((0.05, 0.2, 1.0))


def upload(talk, until):
    download(talk, until, is_server=False)


def push(talk, until):
    """Log lines: one end says something now and then, the other acknowledges."""
    while talk.now < until:
        talk.send(False, 1, n_data=200)
        talk.now += talk.rng.uniform(0.1, 2)


def idle(talk, until):
    """Nothing but keep-alives: one segment without data, and its answer."""
    while talk.now < until:
        talk.show(talk.now, False)
        talk.show(talk.now + talk.trip, True)
        talk.now += talk.rng.choice((1, 15, 75))


def scan(talk, until):
    """SYN, repeated after 1 and 2 s, and perhaps a reset."""
    for after in (0, 1, 3):
        talk.show(talk.now + after, False, SYN)
        if talk.rng.random() < 0.3:
            talk.show(talk.now + after + talk.trip, True, RST_ACK)
            return


def dead(talk, until):
    """The other end is gone: the same data again, after 0.2 s, 0.4 s, 0.8 s ..."""
    after = 0.2
    while talk.now < until:
        talk.show(talk.now, False, n_data=500)
        talk.now += after
        after *= 2


MIXES = {
    "requests": {requests: 1},
    "downloads": {download: 1},
    "uploads": {upload: 1},
    "log lines": {push: 1},
    "keep-alives": {idle: 1},
    "a mix": {requests: 60, download: 10, upload: 5, push: 10, idle: 15},
    "a mix, 3 % dead peers": {requests: 58, download: 10, upload: 5, push: 10, idle: 14, dead: 3},
    "a scan, and little else": {scan: 97, requests: 3},
}


def of_mix(mix, n_talks, seconds, seed, n_lost=0.0):
    """All frames of so many conversations that begin at any time, in order; a share of them is lost on the way."""
    rng = random.Random(seed)
    shown = []
    for number in range(n_talks):
        talk = Talk(number, rng, rng.uniform(-seconds / 2, seconds))
        rng.choices(list(mix), list(mix.values()))[0](talk, seconds)
        shown += talk.shown
    return sorted((frame for frame in shown if rng.random() >= n_lost), key=lambda frame: frame[0])


def of_capture(packets):
    """Frames of (seconds, bytes): the server is the end with the smaller port, whoever that is."""
    for at, frame in packets:
        begin = 14
        while frame[begin - 2:begin] in (b"\x81\0", b"\x88\xa8"):
            begin += 4
        if frame[begin - 2:begin] == b"\x08\0" and frame[begin + 9:begin + 10] == b"\x06":
            head = begin + (frame[begin] & 15) * 4
        elif frame[begin - 2:begin] == b"\x86\xdd" and frame[begin + 6:begin + 7] == b"\x06":
            head = begin + 40
        else:
            continue
        if len(frame) >= head + 14:
            source, destination = struct.unpack_from("!HH", frame, head)
            yield at, source < destination, frame[:256]
