"""The law of vxlan mode: what its VNI brings is shown byte for byte. What the kernel's driver does not give out is
counted where the kernel counts it, and called hidden where it does not: never 0 for certain."""

import collections
import socket

import pytest

from conftest import HEADS, WEB_VXLAN
from lab import frames, hosts, packets
from lab.crafted import INNER, PING, WITHOUT_IP_HEADER
from lab.deadline import until
from lab.reader import Reader

FRAME = frames.numbered(1)
BITS = [*({"flags": 0x08 | 1 << i} for i in range(8) if i != 3),
        *({"reserved": (1 << i).to_bytes(3, "big")} for i in range(24)),
        *({"last": 1 << i} for i in range(8)),
        {"flags": 0xFF, "reserved": b"\xff\xff\xff", "last": 0xFF}]
"""Each bit of a VXLAN header that RFC 7348 section 5 reserves, alone, and all of them."""


@pytest.fixture
def vtapd(make_vtapd):
    return make_vtapd(WEB_VXLAN)


def wait_counted(vtapd, delivered, **drops):
    """Until session web has these counts: they are the whole account."""
    drops = {name.replace("_", "-"): count for name, count in drops.items()}
    return vtapd.wait_session("web", received=delivered + sum(drops.values()), delivered=delivered,
                              dropped=sum(drops.values()), drops=drops)


@pytest.mark.kernel
def test_inner_frames_when_of_any_kind_then_each_is_shown_once_as_it_was(vtapd, mirror, capture, identical):
    tap = capture()
    for frame in INNER.values():
        mirror.send(4321, bytes(frame))
    sent = [bytes(frame) for name, frame in INNER.items() if name not in WITHOUT_IP_HEADER]
    seen = tap.frames(at_least=len(sent))
    assert tap.settled() == seen
    identical("vxlan: crafted inner frames", sent, seen)
    wait_counted(vtapd, len(sent), decap_error=len(WITHOUT_IP_HEADER))


@pytest.mark.parametrize("frame", [FRAME[:13], FRAME[:1], b""], ids=len)
def test_inner_frame_when_shorter_than_its_header_then_hidden(frame, vtapd, mirror, capture):
    tap = capture()
    mirror.send(4321, frame)
    mirror.send(4321, FRAME)
    assert tap.frames(at_least=1) == [FRAME]
    wait_counted(vtapd, 1)


def test_inner_frame_when_its_source_is_the_interface_itself_then_hidden(vtapd, ns, mirror, capture):
    """The kernel takes it for its own, come back. No production machine has an address that vtapd made up."""
    tap = capture()
    mac = ns.link("mirror-web")["address"]
    mirror.send(4321, frames.numbered(2, source=mac))
    mirror.send(4321, frames.numbered(3, destination=mac))
    assert tap.frames(at_least=1) == [frames.numbered(3, destination=mac)]
    wait_counted(vtapd, 1)


def test_reserved_bits_when_any_is_set_then_shown_all_the_same(vtapd, mirror, capture, identical):
    tap = capture()
    sent = [frames.numbered(i) for i in range(len(BITS))]
    for frame, header in zip(sent, BITS):
        mirror.send(4321, frame, **header)
    identical("vxlan: reserved bits", sent, tap.frames(at_least=len(BITS)))
    wait_counted(vtapd, len(BITS))
    assert vtapd.session("web")["reserved_bits"] == "ignored"
    assert "reserved-bits" not in vtapd.status()["findings"]


@pytest.mark.parametrize("flags", [0, 0xF7])
def test_vni_flag_when_it_is_clear_then_hidden(flags, vtapd, mirror, capture):
    tap = capture()
    mirror.send(4321, FRAME, flags=flags)
    mirror.send(4321, FRAME)
    assert tap.frames(at_least=1) == [FRAME]
    wait_counted(vtapd, 1)


@pytest.mark.parametrize("vni", [0, 1, 255, 256, 65535, 65536, 16777214, 16777215])
def test_vni_when_at_a_limit_then_it_is_told_apart(vni, make_vtapd, mirror, capture):
    make_vtapd(f"{HEADS['vxlan']}[session edge]\nvni = {vni}\n")
    tap = capture("mirror-edge")
    for other in {vni ^ 1, vni ^ (1 << 8), vni ^ (1 << 23)}:
        mirror.send(other, bytes(PING))
    mirror.send(vni, FRAME)
    assert tap.frames(at_least=1) == [FRAME]


def test_sessions_when_both_families_then_each_gets_the_packets_of_its_own(make_vtapd, mirror, capture):
    make_vtapd(f"{HEADS['vxlan']}[session four]\nvni = 4\n[session six]\nvni = 6\nfamily = ipv6\n")
    four, six = capture("mirror-four"), capture("mirror-six")
    for vni in (4, 6):
        for source in (hosts.SENDER_V4, hosts.SENDER_V6):
            mirror.send(vni, frames.numbered(vni, 60 if ":" in source else 61), source=source)
    assert four.frames(at_least=1) == [frames.numbered(4, 61)] == four.settled()
    assert six.frames(at_least=1) == [frames.numbered(6, 60)] == six.settled()


# The packet table of the other mode: the same outer packets

VNIS = {"web": 4321, "zero": 0, "top": 16777215}
ASKS_FOR_MORE = ("source list", "range", "any,", "VNI first", "VNI within", "VNI last", "not allowed")
"""Rows about keys that vxlan mode refuses: several VNIs, `source`, `any`, `allow`."""
CONGESTED = {"ECN CE", "IPv6: traffic class and flow label"}
"""Marked as congested outside, not capable of it inside (RFC 6040): the kernel counts an error."""
ALL_HOSTS = "to multicast, all hosts"
"""Every host is in that group, and the kernel's sockets, unlike vtapd's, take what comes for a group."""


class Table:
    """The rows of one family, and what becomes of each: "shown", "error" (the device counts it), "hidden"."""

    def __init__(self, family):
        is_v6 = family == "ipv6"
        self.conf = HEADS["vxlan"] + "".join(f"[session {name}]\nvni = {vni}\nfamily = {family}\n"
                                             for name, vni in VNIS.items())
        rows = [row for row in packets.Packets().rows if row.name.startswith("IPv6") == is_v6]
        self.rows = [row for row in rows if not row.name.removeprefix("IPv6: ").startswith(ASKS_FOR_MORE)]

    @staticmethod
    def fate(row):
        if row.name == ALL_HOSTS:
            return "shown"
        if row.verdict != "delivered":
            return "hidden"
        if row.name in CONGESTED or row.inner[12:14] == b"\x08\x00" and len(row.inner) < 14 + 20:
            return "error"
        return "shown"

    def count(self, rows):
        return collections.Counter(map(self.fate, rows))


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_packets_of_the_table_when_sent_then_shown_as_by_tap_mode_or_counted_or_hidden(
        family, make_target, make_vtapd, identical):
    if not packets.is_there():
        pytest.skip(f"no packet table at {packets.DUMP}")
    table, target = Table(family), make_target()
    target.ns.ip(f"address add {packets.SECOND_V4}/24 dev eth0")
    vtapd = make_vtapd(table.conf, ns=target.ns)
    with target.mirror() as mirror, Reader(target.ns, "mirror-") as reader:
        for row in table.rows:
            mirror.send_raw(row.frame)
        mirror.send(4321, FRAME, source=hosts.SENDER_V6 if family == "ipv6" else hosts.SENDER_V4)
        until(lambda: FRAME in [seen.frame for seen in reader.seen()], "the mark is shown")
        wanted = [row.inner or frames.inner_of(row.frame)[1] for row in table.rows if table.fate(row) == "shown"]
        seen = [one.frame for one in reader.seen(len(wanted) + 1)]
    identical(f"vxlan: packet table, {family}", sorted([*wanted, FRAME]), sorted(seen))
    count = table.count(table.rows)
    row = vtapd.wait_received(count["shown"] + count["error"] + 1)
    assert (row["delivered"], row["drops"]) == (count["shown"] + 1, {"decap-error": count["error"]}), row


# What the host counts

@pytest.fixture
def host(vtapd):
    """host(): what vtapd says of the host's UDP, as it is now."""
    return lambda: vtapd.status()["daemon"]["host"]


def test_checksum_when_wrong_then_lost_and_only_the_host_counts_it(vtapd, host, mirror, capture):
    tap, before = capture(), host()
    datagram = frames.udp(65408, frames.VXLAN_PORT, frames.vxlan(4321, FRAME), check=1)
    mirror.send_ip(frames.ipv4(hosts.SENDER_V4, hosts.TARGET_V4, datagram))
    mirror.send(4321, FRAME)
    assert tap.frames(at_least=1) == [FRAME] == tap.settled()
    wait_counted(vtapd, 1)
    until(lambda: host()["udp_in_csum_errors"] == before["udp_in_csum_errors"] + 1, "the host counted it", seen=host)


def test_checksum_when_right_then_shown(vtapd, mirror, capture):
    tap = capture()
    datagram = frames.udp(65408, frames.VXLAN_PORT, frames.vxlan(4321, FRAME))
    pseudo = (socket.inet_aton(hosts.SENDER_V4) + socket.inet_aton(hosts.TARGET_V4)
              + bytes([0, frames.UDP]) + len(datagram).to_bytes(2, "big"))
    check = frames.checksum(pseudo + datagram)
    mirror.send_ip(frames.ipv4(hosts.SENDER_V4, hosts.TARGET_V4,
                               frames.udp(65408, frames.VXLAN_PORT, frames.vxlan(4321, FRAME), check)))
    assert tap.frames(at_least=1) == [FRAME]
    wait_counted(vtapd, 1)


def test_vni_when_no_session_has_it_then_only_the_host_counts_it(vtapd, host, mirror):
    before = host()
    for vni in range(10):
        mirror.send(vni, FRAME)
    until(lambda: host()["udp_in_datagrams"] >= before["udp_in_datagrams"] + 10, "the host counted them", seen=host)
    wait_counted(vtapd, 0)
    unknown = vtapd.unknown()
    assert unknown["rows"] == [] and unknown["uncounted"] == [{"target": "default", "port": 4789}], unknown
