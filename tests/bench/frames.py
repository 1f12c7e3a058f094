"""What is mirrored and what comes out: the vxlan device that everybody makes by hand, and vtapd's vxlan mode.

By hand is `ip link add NAME type vxlan id N dstport 4789` and `ip link set NAME up`: what AWS's own page for targets
says, and nothing else changed. The underlay merges what it may, which is what network interfaces do.
"""

import itertools
import socket
import tempfile

from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.inet6 import ICMPv6ND_RA, ICMPv6NDOptPrefixInfo, IPv6
from scapy.layers.l2 import Ether
from scapy.packet import Raw

from lab import frames, hosts, segments
from lab.capture import Capture
from lab.deadline import steady
from lab.reader import Reader
from lab.source import PEER_V6, VNI, Source

from . import table
from .service import Service

NAME = "mirror-web"
CONF = f"[target default]\nunderlay = eth0\nmode = vxlan\n[session web]\nvni = {VNI}\n"
SEGMENTS = 64_000
MANY = 1000
PINGS = 100
OTHER, BROADCAST = "02:00:00:00:00:0a", "ff:ff:ff:ff:ff:ff"
PORT = 5353
READ_EVERY = 250  # frames: the reader's buffer holds them


class Hand:
    """The device of the recipe."""

    key, label = "hand", "by hand"

    def __init__(self, target):
        target.ns.ip(f"link add {NAME} type vxlan id {VNI} dstport {frames.VXLAN_PORT}")
        target.ns.ip(f"link set {NAME} up")

    def remove(self):
        pass


class Vtapd:
    key, label = "vtapd", "vtapd"

    def __init__(self, target):
        self._service = Service(target, CONF).start()

    def remove(self):
        self._service.remove()


WAYS = (Hand, Vtapd)


class Stage:
    """A target whose underlay merges, and one of the ways on it."""

    def __init__(self, way, sender=None):
        self.target = hosts.Target(sender=sender)
        self.ns = self.target.ns
        segments.gro_on(self.target)
        self.way = way(self.target)
        segments.linger(self.ns, NAME)

    def remove(self):
        self.way.remove()
        self.target.remove()


# What is sent: each function returns what was sent and what was seen

def _carry(stage, packets):
    """`packets`: pairs of (outer frame, inner frame)."""
    sent = []
    with stage.target.mirror() as mirror, Reader(stage.ns, NAME, alone=True) as reader:
        for n, (outer, inner) in enumerate(packets, 1):
            sent.append(inner)
            mirror.send_raw(outer)
            if n % READ_EVERY == 0:
                reader.seen()
        steady(lambda: len(reader.seen()), "what is seen")
        return sent, [seen.frame for seen in reader.seen()]


def _wrapped(stage, inner, **header):
    """Pairs for _carry()."""
    for frame in inner:
        payload = frames.udp(65408, frames.VXLAN_PORT, frames.vxlan(VNI, frame, **header))
        packet = frames.ipv4(hosts.SENDER_V4, hosts.TARGET_V4, payload)
        yield frames.ethernet(hosts.SENDER_MAC, hosts.TARGET_MAC, frames.ETH_IPV4, packet), frame


def _segments(stage):
    return _carry(stage, _wrapped(stage, segments.stream(SEGMENTS)))


def _sources(mac):
    return lambda stage: _carry(stage, _wrapped(stage, (frames.numbered(i, source=mac) for i in range(MANY))))


def _reserved(stage):
    """Each of the 39 bits alone, and all of them."""
    headers = [*({"flags": 0x08 | 1 << i} for i in range(8) if i != 3),
               *({"reserved": (1 << i).to_bytes(3, "big")} for i in range(24)), *({"last": 1 << i} for i in range(8)),
               {"flags": 0xFF, "reserved": b"\xff\xff\xff", "last": 0xFF}]
    return _carry(stage, itertools.chain.from_iterable(
        _wrapped(stage, [frames.numbered(i)], **header) for i, header in enumerate(headers)))


SCENES = {
    "segments": ("segments of one TCP stream", _segments),
    "zero_mac": ("source address 00:00:00:00:00:00", _sources("00:00:00:00:00:00")),
    "group_mac": ("source address of a group", _sources("01:00:5e:00:00:01")),
    "reserved": ("reserved bits in the VXLAN header", _reserved),
}


def _mixed(way):
    """HTTP, DNS and pings over IPv4 and IPv6, jumbo frames: mirrored by the kernel itself (tc mirred)."""
    with tempfile.TemporaryDirectory(prefix="vtapd-bench-") as directory:
        source = Source(directory)
        source.serve()
        stage = Stage(way, source.ns)
        try:
            source.mirror_to(hosts.TARGET_V4)
            with (Capture(source.ns, "eth0", directory) as truth,
                  Capture(stage.ns, NAME, directory, "in", huge=True) as seen):
                for _ in range(3):
                    source.http()
                    source.dns()
                source.http(PEER_V6)
                source.ping()
                source.ping(PEER_V6)
                source.ping(size=9001 - 28)
                source.quiet()
                marker = source.mark()
                return truth.wait_for(marker), seen.wait_for(marker)
        finally:
            stage.remove()
            source.remove()


# What it does to the host

def _leaks(way):
    """What mirrored frames bring about on a host with the kernel's own settings."""
    stage = Stage(way)
    try:
        return _provoke(stage)
    finally:
        stage.remove()


def _provoke(stage):
    ns, mac = stage.ns, stage.ns.link(NAME)["address"]
    answered = stage.target.underlay_counts()[1]
    with ns.socket(socket.AF_INET, socket.SOCK_DGRAM) as program:
        program.setblocking(False)
        program.bind(("0.0.0.0", PORT))
        with stage.target.mirror() as mirror:
            for i in range(PINGS):
                mirror.send(VNI, bytes(Ether(src=OTHER, dst=mac) / IP(src=hosts.SENDER_V4, dst=hosts.TARGET_V4)
                                       / ICMP(seq=i)))
                mirror.send(VNI, bytes(Ether(src=OTHER, dst=BROADCAST) / IP(src=hosts.SENDER_V4, dst=hosts.TARGET_V4)
                                       / UDP(dport=PORT) / Raw(b"mirrored")))
            mirror.send(VNI, bytes(
                Ether(src=OTHER, dst="33:33:00:00:00:01") / IPv6(src="fe80::1", dst="ff02::1", hlim=255)
                / ICMPv6ND_RA(routerlifetime=1800)
                / ICMPv6NDOptPrefixInfo(prefix="2001:db8:bad::", prefixlen=64, L=1, A=1)))
        answered = steady(stage.target.underlay_counts, "the underlay", for_s=0.5)[1] - answered
        return {"router": "2001:db8:bad" in ns.addresses() + ns.routes(), "answers": answered, "given": _count(program)}


def _count(program):
    """Datagrams that wait in the socket of a program of the host."""
    for count in itertools.count():
        try:
            program.recv(2048)
        except BlockingIOError:
            return count


def _scene(way, scene):
    stage = Stage(way)
    try:
        return frames.compare(*scene(stage))
    finally:
        stage.remove()


def _show(found, leaks):
    labels = {**{key: label for key, (label, _) in SCENES.items()}, "mixed": "mixed traffic, mirrored by the kernel"}
    rows = []
    for key, label in labels.items():
        for way in WAYS:
            of = found[way.key][key]
            rows.append((label, way.label, f"{of['sent']:,}", f"{of['seen']:,}", f"{of['identical']:,}"))
    table.show("What is mirrored, and what a sensor sees", ("mirrored:", "device:", "sent", "seen", "identical"), rows)
    table.show(f"What mirrored frames do to the host: a router advertisement, {PINGS} pings and {PINGS} datagrams to it",
               ("device:", "router believed:", "packets answered", "given to a program"),
               [(way.label, "yes" if leaks[way.key]["router"] else "no", f"{leaks[way.key]['answers']:,}",
                 f"{leaks[way.key]['given']:,}") for way in WAYS])


def measure():
    found, leaks = {}, {}
    for way in WAYS:
        results = {key: _scene(way, scene) for key, (_, scene) in SCENES.items()}
        results["mixed"] = frames.compare(*_mixed(way))
        found[way.key] = {key: {"sent": of.sent, "seen": of.seen, "identical": of.identical}
                          for key, of in results.items()}
        leaks[way.key] = _leaks(way)
    _show(found, leaks)
    return {"frames": {key: {**found[key], "host": leaks[key]} for key in found}}
