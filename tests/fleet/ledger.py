"""Where each numbered frame was seen: on the source's wire, on a wire from the balancer to a target, on a target's tap.

How it works: a capture on each of these places runs from the begin to the end, and is read on from where the last look
ended. A frame is known by its number alone (lab.frames.numbered), so whatever else is on a wire (health checks, junk,
ICMP) is not in the ledger.
"""

import collections
import struct

from lab import frames
from lab.capture import PCAP_HEADER_BYTES, Capture, records_of
from lab.deadline import steady, until

VNI = 4321
ICMP, PORT_UNREACHABLE = 1, b"\x03\x03"  # RFC 792
OVER_S = 0.3  # a place where nothing came this long has seen all that was sent; the sender's step is 1 ms
LATE_S = 1.5  # likewise, of a capture that had to wait for a processor: before anything is called lost

Sight = collections.namedtuple("Sight", "time source flow")


class Place:
    """One place, seen by one capture after another. `seen` is number -> [Sight, ...]."""

    def __init__(self, ns, interface, directory, direction="in"):
        self._where = ns, interface, directory, direction
        self._capture, self._at = None, PCAP_HEADER_BYTES
        self.seen, self.n_answers = collections.defaultdict(list), 0
        self.watch()

    def watch(self):
        """Begin to capture: at first, and after stop()."""
        ns, interface, directory, direction = self._where
        self._capture, self._at = Capture(ns, interface, directory, direction=direction, small=True), PCAP_HEADER_BYTES

    def stop(self, check=True):
        """Stop capturing, as a sensor that is stopped. What it has seen stays in the ledger."""
        if self._capture:
            capture, self._capture = self._capture, None
            capture.stop(check)
            self._read(capture.path)

    def read(self):
        """Bring `seen` up to date and return it."""
        if self._capture:
            self._read(self._capture.path)
        return self.seen

    def _read(self, path):
        records, self._at = records_of(path, self._at)
        for time, packet in records:
            self._note(time, packet)

    def _note(self, time, packet):
        wrapped = frames.inner_of(packet)
        if wrapped:
            if wrapped[0] == VNI and len(wrapped[1]) > 22:
                self._note_frame(wrapped[1], Sight(time, packet[26:30], packet[34:36]))
        elif is_port_unreachable(packet):
            self.n_answers += 1
        else:
            self._note_frame(packet, Sight(time, None, None))

    def _note_frame(self, frame, sight):
        number = frames.number_of(frame)
        if number is not None:
            self.seen[number].append(sight)


def is_port_unreachable(packet):
    return (struct.unpack_from("!H", packet, 12)[0] == frames.ETH_IPV4 and packet[23] == ICMP
            and packet[34:36] == PORT_UNREACHABLE)


class Ledger:
    """The places of a fleet: `source`, and one wire and one tap for each node, by its name."""

    def __init__(self, source, wires, taps):
        self.source, self.wires, self.taps = source, wires, taps

    def stop(self, check=True):
        for place in (self.source, *self.wires.values(), *self.taps.values()):
            place.stop(check)

    def wait_for(self, begin, end):
        """Until frames `begin` to `end` have left the balancer, and no more of them come to any tap."""
        def have_left():
            self._read()
            return all(number in self.source.seen and any(number in wire.seen for wire in self.wires.values())
                       for number in reversed(range(begin, end)))

        def shown():
            self._read()
            return [self._count(tap, begin, end) for tap in self.taps.values()]
        until(have_left, f"frames {begin} to {end} have left the balancer", seen=self.counts)
        steady(shown, "what the taps show", for_s=OVER_S)
        if any(self.lost(begin, end).values()):
            steady(shown, "what the taps show", for_s=LATE_S)

    def _read(self):
        for place in (self.source, *self.wires.values(), *self.taps.values()):
            place.read()

    @staticmethod
    def _count(place, begin, end):
        return sum(number in place.seen for number in range(begin, end))

    def counts(self, begin=0, end=1 << 32):
        """Frames seen so far, by place."""
        def of(places):
            return {name: sum(begin <= number < end for number in place.seen) for name, place in places.items()}
        return {"source": of({"source": self.source}), "wires": of(self.wires), "taps": of(self.taps)}

    def lost(self, begin, end):
        """{name of the node that it was sent to: [number, ...]} of the frames that no tap has seen."""
        found = {name: [] for name in self.wires}
        for number in range(begin, end):
            if not any(number in tap.seen for tap in self.taps.values()):
                for name, wire in self.wires.items():
                    if number in wire.seen:
                        found[name].append(number)
        return found

    def problems(self, begin, end):
        """What must never be, one line each: a frame twice anywhere, at another tap than it was sent to, from another source."""
        lines = []
        for number in range(begin, end):
            sent = [name for name, wire in self.wires.items() for _ in wire.seen.get(number, ())]
            shown = [name for name, tap in self.taps.items() for _ in tap.seen.get(number, ())]
            if len(self.source.seen.get(number, ())) != 1 or len(sent) != 1 or shown not in ([], sent):
                lines.append(f"frame {number}: at the source {len(self.source.seen.get(number, ()))} times, "
                             f"sent to {sent}, shown by {shown}")
            elif self._flow(self.wires[sent[0]], number) != self._flow(self.source, number):
                lines.append(f"frame {number}: the balancer changed its source")
        return lines

    @staticmethod
    def _flow(place, number):
        return place.seen[number][0][1:]
