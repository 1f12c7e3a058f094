"""A long TCP stream as full segments, each in its own VXLAN packet: what GRO likes to merge."""

import os
import struct

from . import frames
from .capture import PCAP_HEADER_BYTES, RECORD
from .deadline import until

AHEAD = 8_000  # segments on their way to tcpdump at most
PAYLOAD_BYTES = 1408
FRAME_BYTES = 14 + 20 + 20 + PAYLOAD_BYTES  # 1,462
_PAYLOAD = bytes(i % 256 for i in range(PAYLOAD_BYTES))
FLUSH_NS = 200_000  # keeps packets in GRO long enough on veth


def gro_on(target):
    """No TSO and GSO at the sending end, GRO at the receiving end, and a flush timeout there."""
    target.sender.run("ethtool", "-K", "mir0", "tso", "off", "gso", "off")
    target.ns.run("ethtool", "-K", "eth0", "gro", "on")
    linger(target.ns, "eth0")


def linger(ns, interface):
    """Packets stay in that interface's GRO for a while, if it is on, in case more come to merge with."""
    ns.run("sh", "-c", f"echo {FLUSH_NS} > /sys/class/net/{interface}/gro_flush_timeout")


def stream(count):
    """The inner frames: consecutive segments with right checksums and consecutive IP IDs."""
    ends = bytes([10, 0, 3, 17, 10, 0, 7, 9])
    pseudo = ends + struct.pack("!HH", 6, 20 + PAYLOAD_BYTES)
    ethernet = frames.mac("02:00:00:00:07:09") + frames.mac("02:00:00:00:03:17") + b"\x08\x00"
    fixed = ~frames.checksum(pseudo + struct.pack("!HHIIBBHHH", 40000, 443, 0, 1, 0x50, 0x10, 501, 0, 0) + _PAYLOAD)
    for i in range(count):
        sequence = (i * PAYLOAD_BYTES) & 0xFFFFFFFF
        total = (fixed & 0xFFFF) + (sequence >> 16) + (sequence & 0xFFFF)
        total = (total & 0xFFFF) + (total >> 16)
        check = ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF
        tcp = struct.pack("!HHIIBBHHH", 40000, 443, sequence, 1, 0x50, 0x10, 501, check, 0)
        head = struct.pack("!BBHHHBBH", 0x45, 0, 40 + PAYLOAD_BYTES, i & 0xFFFF, 0x4000, 64, 6, 0) + ends
        head = head[:10] + struct.pack("!H", frames.checksum(head)) + head[12:]
        yield ethernet + head + tcp + _PAYLOAD


def packets(mirror, vni, count):
    """stream() in VXLAN, ready for mirror.send_raw()."""
    return (mirror.wrap(vni, frame) for frame in stream(count))


def send(mirror, vni, tap, count):
    """Send so many, as fast as the capture `tap` takes them, which is to show each; returns the inner frames."""
    sent = []
    for n, frame in enumerate(stream(count), 1):
        sent.append(frame)
        mirror.send_raw(mirror.wrap(vni, frame))
        if n % 2_000 == 0:
            wanted = PCAP_HEADER_BYTES + (n - AHEAD) * (RECORD.size + FRAME_BYTES)
            until(lambda wanted=wanted: os.path.getsize(tap.path) >= wanted, f"{n - AHEAD} segments are shown", 30)
    return sent
