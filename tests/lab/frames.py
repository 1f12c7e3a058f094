"""Frames: made, wrapped in VXLAN as a mirror source does, and compared.

Bytes are put together by hand where scapy would hide them (the outer headers are what is tested) and by
scapy where it saves work (inner frames).
"""

import collections
import socket
import struct

VXLAN_PORT = 4789  # RFC 7348 section 5
FLAG_VNI = 0x08  # RFC 7348 section 5, the I flag
ETH_IPV4, ETH_IPV6 = 0x0800, 0x86DD
UDP = 17
MORE_FRAGMENTS = 0x2000
MARKER_ETHERTYPE = 0x88B5  # IEEE 802 local experimental


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def ethernet(source, destination, ethertype, payload):
    return mac(destination) + mac(source) + struct.pack("!H", ethertype) + payload


def tagged(vlan, frame):
    """The frame with an 802.1Q tag."""
    return frame[:12] + struct.pack("!HH", 0x8100, vlan) + frame[12:]


def checksum(data):
    """RFC 1071."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ipv4(source, destination, payload, ttl=255, ident=0, fragment=0, protocol=UDP):
    """AWS's outer header by default: TOS 0, ID 0, DF 0, TTL 255 (seen there)."""
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), ident, fragment, ttl, protocol, 0,
                       socket.inet_aton(source), socket.inet_aton(destination))
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def ipv6(source, destination, payload, hops=64, next_header=UDP):
    return struct.pack("!IHBB16s16s", 6 << 28, len(payload), next_header, hops,
                       socket.inet_pton(socket.AF_INET6, source),
                       socket.inet_pton(socket.AF_INET6, destination)) + payload


def udp(source_port, destination_port, payload, check=0):
    return struct.pack("!HHHH", source_port, destination_port, 8 + len(payload), check) + payload


def vxlan(vni, frame, flags=FLAG_VNI, reserved=b"\0\0\0", last=0):
    return bytes([flags]) + reserved + vni.to_bytes(3, "big") + bytes([last]) + frame


def fragments(source, destination, datagram, ident, size=1480):
    """The IPv4 packets of one UDP datagram, each with `size` bytes of it (a multiple of 8)."""
    pieces = []
    for at in range(0, len(datagram), size):
        more = MORE_FRAGMENTS if at + size < len(datagram) else 0
        pieces.append(ipv4(source, destination, datagram[at:at + size], ident=ident, fragment=more | at // 8))
    return pieces


def fragments6(source, destination, datagram, ident, size=1448):
    """The IPv6 packets of one UDP datagram (RFC 8200 section 4.5). Its checksum must not be 0."""
    pieces = []
    for at in range(0, len(datagram), size):
        more = 1 if at + size < len(datagram) else 0
        head = struct.pack("!BBHI", UDP, 0, at | more, ident)
        pieces.append(ipv6(source, destination, head + datagram[at:at + size], next_header=44))
    return pieces


def udp6_checksum(source, destination, datagram):
    pseudo = (socket.inet_pton(socket.AF_INET6, source) + socket.inet_pton(socket.AF_INET6, destination)
              + struct.pack("!IxxxB", len(datagram), UDP))
    return checksum(pseudo + datagram) or 0xFFFF


def numbered(i, size=60, source="02:00:00:00:00:0a", destination="02:00:00:00:00:0b"):
    """A small inner frame that is like no other: number i is in it."""
    body = struct.pack("!Q", i)
    return ethernet(source, destination, MARKER_ETHERTYPE, body + b"\xA5" * (size - 14 - len(body)))


def number_of(frame):
    """The number in a frame made by numbered(), or None."""
    if frame[12:14] != struct.pack("!H", MARKER_ETHERTYPE):
        return None
    return struct.unpack_from("!Q", frame, 14)[0]


def inner_of(packet):
    """(VNI, inner frame) of a captured Ethernet frame that carries VXLAN over IPv4 or IPv6, or None."""
    ethertype = struct.unpack_from("!H", packet, 12)[0]
    if ethertype == ETH_IPV4 and packet[23] == UDP:
        at = 14 + (packet[14] & 15) * 4
    elif ethertype == ETH_IPV6 and packet[20] == UDP:
        at = 14 + 40
    else:
        return None
    if struct.unpack_from("!H", packet, at + 2)[0] != VXLAN_PORT:
        return None
    return int.from_bytes(packet[at + 12:at + 15], "big"), packet[at + 16:]


def flow_of(frame):
    """What order is kept within: the direction of one conversation (MACs, and the 5-tuple where there is one)."""
    key = frame[:14]
    if frame[12:14] == b"\x08\x00" and len(frame) >= 34:
        at = 14 + (frame[14] & 15) * 4
        unfragmented = struct.unpack_from("!H", frame, 20)[0] & 0x3FFF == 0
        ports = frame[at:at + 4] if frame[23] in (6, UDP) and unfragmented else b""
        return key + frame[23:24] + frame[26:34] + ports
    if frame[12:14] == b"\x86\xdd" and len(frame) >= 54:
        ports = frame[54:58] if frame[20] in (6, UDP) else b""
        return key + frame[20:21] + frame[22:54] + ports
    return key


def flow_pair_of(frame):
    """The same for both directions: an IPv4 TCP or UDP conversation as a frozenset of its two ends."""
    at = 14 + (frame[14] & 15) * 4
    return frozenset({(frame[26:30], frame[at:at + 2]), (frame[30:34], frame[at + 2:at + 4])})


Comparison = collections.namedtuple("Comparison", "sent seen identical problems")


def compare(sent, seen):
    """Are `seen` the same frames as `sent`, byte for byte, and in order within each flow?"""
    left, right = collections.Counter(sent), collections.Counter(seen)
    identical = sum((left & right).values())
    problems = [f"missing ({count}x): {_short(frame)}" for frame, count in (left - right).items()]
    problems += [f"never sent ({count}x): {_short(frame)}" for frame, count in (right - left).items()]
    if not problems:
        problems = [f"out of order in flow {flow.hex()}" for flow, frames in _by_flow(sent).items()
                    if _by_flow(seen)[flow] != frames]
    return Comparison(len(sent), len(seen), identical, problems)


def _by_flow(frames):
    flows = collections.defaultdict(list)
    for frame in frames:
        flows[flow_of(frame)].append(frame)
    return flows


def _short(frame):
    return f"{len(frame)} bytes {frame[:48].hex()}"

