"""The law of vxlan mode: received = delivered + dropped, as the kernel's device counts them; what it does not count is
said to be hidden; what the whole host counts is called that."""

import json
import os
import struct

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

from conftest import HEADS, WEB_VXLAN
from lab import frames, hosts
from lab.deadline import until

TAP = "mirror-web"
FRAME = frames.numbered(1)
CE, NOT_ECT, ECT = 3, 0, 2  # RFC 3168 section 5


@pytest.fixture
def vtapd(make_vtapd):
    return make_vtapd(WEB_VXLAN)


def with_ecn(outer, inner):
    """(outer packet, inner frame) with these codepoints."""
    frame = bytes(Ether(src="02:00:00:00:00:0a", dst="02:00:00:00:00:0b")
                  / IP(src="192.0.2.1", dst="192.0.2.2", tos=inner) / UDP(sport=1, dport=2))
    packet = frames.ipv4(hosts.SENDER_V4, hosts.TARGET_V4,
                         frames.udp(65408, frames.VXLAN_PORT, frames.vxlan(4321, frame)))
    head = packet[:1] + bytes([outer]) + packet[2:10] + b"\0\0" + packet[12:20]
    return head[:10] + struct.pack("!H", frames.checksum(head)) + head[12:] + packet[20:], frame


def test_congestion_when_the_inner_packet_cannot_say_so_then_an_error_is_counted(vtapd, mirror, capture):
    """RFC 6040 section 4.2: such a packet is dropped at decapsulation."""
    tap = capture()
    for _ in range(3):
        mirror.send_ip(with_ecn(CE, NOT_ECT)[0])
    mirror.send(4321, FRAME)
    assert tap.frames(at_least=1) == [FRAME]
    row = {"received": 4, "delivered": 1, "dropped": 3, "drops": {"decap-error": 3}}
    vtapd.wait_session("web", **row)
    assert {key: vtapd.target()[key] for key in row} == row
    assert "decap-error" in vtapd.ctl("status").stdout
    assert "decap-error" in vtapd.ctl("show", "web").stdout


def test_congestion_when_the_inner_packet_can_say_so_then_the_kernel_writes_it_there(vtapd, mirror, capture):
    """A limit of the kernel: of all that a mirror sends, the one frame that is not shown as it was (RFC 6040)."""
    tap = capture()
    packet, frame = with_ecn(CE, ECT)
    mirror.send_ip(packet)
    seen = tap.frames(at_least=1)[0]
    assert (frame[15] & 3, seen[15] & 3) == (ECT, CE) and seen[26:] == frame[26:]
    vtapd.wait_session("web", delivered=1)


@pytest.mark.parametrize("outer", [0x00, 0x01, 0x02, 0xB8])
def test_outer_tos_when_it_says_no_congestion_then_the_frame_is_as_it_was(outer, vtapd, mirror, capture):
    tap = capture()
    packet, frame = with_ecn(outer, NOT_ECT)
    mirror.send_ip(packet)
    assert tap.frames(at_least=1) == [frame]
    vtapd.wait_session("web", received=1, delivered=1)


def test_errors_when_counted_then_they_go_on_over_restart_and_replacement(vtapd, ns, mirror):
    mirror.send_ip(with_ecn(CE, NOT_ECT)[0])
    mirror.send(4321, FRAME)
    row = {"received": 2, "delivered": 1, "drops": {"decap-error": 1}}
    vtapd.wait_session("web", **row)
    vtapd.kill()
    vtapd.start()
    vtapd.wait_session("web", **row)
    ns.ip(f"link del {TAP}")
    vtapd.wait_session("web", repairs=1, state="ready", **row)


def decap_errors(vtapd):
    return [row for row in vtapd.get("/v1/doctor")["findings"] if row["id"] == "decap-error"]


def test_errors_when_packets_are_dropped_then_it_is_found_and_not_again_after_a_restart(vtapd, mirror):
    """Every frame of a session may be lost that way: with a PacketLength under 34, for instance."""
    mirror.send_ip(with_ecn(CE, NOT_ECT)[0])
    vtapd.wait_session("web", received=1, drops={"decap-error": 1})
    found = until(lambda: decap_errors(vtapd), "it is found", seen=vtapd.log)
    assert [(row["severity"], row["subject"]) for row in found] == [("ticket", "web")], found
    assert found[0]["sentence"].startswith("session web: mirror-web dropped 1 packet with a receive error"), found
    until(lambda: vtapd.log_lines("decap-error: session web"), "the journal has it", seen=vtapd.log)
    vtapd.kill()
    vtapd.start()
    vtapd.wait_session("web", received=1, drops={"decap-error": 1})
    mirror.send(4321, FRAME)
    vtapd.wait_session("web", received=2, delivered=1)
    assert decap_errors(vtapd) == []


def test_counts_when_devices_are_set_down_then_nothing_is_counted_twice(vtapd, ns, mirror):
    for i in range(4):
        mirror.send(4321, frames.numbered(i))
        vtapd.wait_session("web", received=i + 1, delivered=i + 1)
        ns.set_down(TAP)
        vtapd.wait_session("web", repairs=i + 1, state="ready")
    assert vtapd.target()["received"] == 4


def test_rates_and_last_frame_when_frames_come_then_they_are_told(vtapd, mirror):
    assert vtapd.session("web")["last_frame"] is None
    mirror.send(4321, FRAME)
    vtapd.wait_session("web", delivered=1)
    until(lambda: vtapd.session("web")["last_frame"], "the last frame has a time", seen=lambda: vtapd.session("web"))
    until(lambda: mirror.send(4321, FRAME) or vtapd.session("web")["frames_per_second"] > 0, "a rate",
          seen=lambda: vtapd.session("web"))


def test_kernel_counters_when_shown_then_they_are_those_of_ip_link(vtapd, ns, mirror):
    """rx_dropped rises for frames that sensors did get, where there is no guard; it is told, not called a loss."""
    for i in range(7):
        mirror.send(4321, frames.tagged(7, frames.tagged(8, frames.numbered(i))))
    vtapd.wait_session("web", delivered=7)
    kernel, stats = vtapd.session("web")["kernel"], ns.link(TAP)["stats64"]["rx"]
    assert (kernel["rx_packets"], kernel["rx_bytes"], kernel["rx_errors"], kernel["rx_dropped"]) == (
        stats["packets"], stats["bytes"], stats["errors"], stats["dropped"])


def test_rx_dropped_when_there_can_be_no_guard_then_it_is_no_loss(make_vtapd, ns, mirror, capture):
    vtapd = make_vtapd(WEB_VXLAN, start=False)
    vtapd.prefix = ["setpriv", "--bounding-set", "-bpf,-sys_admin"]
    vtapd.start()
    tap = capture()
    sent = [frames.tagged(7, frames.tagged(8, frames.numbered(i))) for i in range(7)]
    for frame in sent:
        mirror.send(4321, frame)
    assert tap.frames(at_least=7) == sent
    until(lambda: ns.link(TAP)["stats64"]["rx"]["dropped"] == 7, "the kernel calls them dropped")
    vtapd.wait_session("web", received=7, delivered=7, dropped=0)


# What nobody counts

def test_hidden_losses_when_there_may_be_some_then_json_and_words_say_so(vtapd, mirror):
    """Unknown VNIs vanish in the kernel's driver: 0 would be a lie, in every output."""
    for vni in range(5):
        mirror.send(vni, FRAME)
    target = vtapd.target()
    assert (target["received"], target["dropped"]) == (0, 0)
    assert "unknown-vni" in target["hidden"], target
    status = vtapd.ctl("status").stdout
    assert "host-wide" in status, status
    unknown = vtapd.ctl("unknown")
    assert "kernel" in unknown.stdout and "not" in unknown.stdout, unknown.stdout
    told = json.loads(vtapd.ctl("--json", "status").stdout)["daemon"]["host"]
    assert {"udp_in_datagrams", "udp_in_csum_errors", "udp_no_ports"} <= set(told) and None not in told.values(), told


def test_hidden_losses_when_tap_mode_then_there_are_none(make_vtapd):
    vtapd = make_vtapd()
    assert not vtapd.target().get("hidden")


def test_host_when_both_families_then_its_counters_are_their_sum(make_vtapd, ns, mirror):
    vtapd = make_vtapd(WEB_VXLAN + "[session six]\nvni = 6\nfamily = ipv6\n")
    def datagrams():
        return vtapd.status()["daemon"]["host"]["udp_in_datagrams"]
    before = datagrams()
    mirror.send(4321, FRAME)
    mirror.send(6, FRAME, source=hosts.SENDER_V6)
    vtapd.wait_session("six", delivered=1)
    until(lambda: datagrams() == before + 2, "both are counted", seen=lambda: (before, datagrams()))


def reserved_bits_finding(vtapd):
    return next((row for row in vtapd.get("/v1/doctor")["findings"] if row["id"] == "reserved-bits"), None)


def can_ignore_reserved_bits():
    """IFLA_VXLAN_RESERVED_BITS came with 6.14."""
    return tuple(map(int, os.uname().release.split(".")[:2])) >= (6, 14)


@pytest.mark.kernel
def test_reserved_bits_when_set_then_ignored_or_said_to_be_dropped(vtapd, mirror, capture):
    """Kernels before 6.14 drop such packets uncounted: session, status and doctor say so, once."""
    tap = capture()
    mirror.send(4321, frames.numbered(1), last=1)
    mirror.send(4321, frames.numbered(2))
    setting = vtapd.session("web")["reserved_bits"]
    if can_ignore_reserved_bits():
        assert setting == "ignored" and reserved_bits_finding(vtapd) is None
        assert tap.frames(at_least=2) == [frames.numbered(1), frames.numbered(2)]
    else:
        assert setting == "dropped" and "reserved bits are dropped" in vtapd.ctl("status").stdout
        assert tap.frames(at_least=1) == [frames.numbered(2)]
        finding = reserved_bits_finding(vtapd)
        assert finding["severity"] == "info" and "this kernel" in finding["sentence"], finding


@pytest.mark.skipif(not can_ignore_reserved_bits(), reason="a kernel before 6.14 never ignores them")
def test_reserved_bits_when_somebody_changed_the_tunnel_then_counted_and_the_way_back_is_told(vtapd, ns, mirror):
    """Any change in place makes the kernel refuse them again, and no change takes that back."""
    ns.ip("link set mirror-web type vxlan ttl 5")
    vtapd.wait_session("web", reserved_bits="dropped", repairs=1)
    mirror.send(4321, frames.numbered(1), last=1)
    until(lambda: vtapd.session("web")["drops"] == {"decap-error": 1}, "it is counted", seen=lambda: vtapd.session("web"))
    until(lambda: reserved_bits_finding(vtapd), "it is found", seen=vtapd.log)
    assert "ip link del mirror-web" in reserved_bits_finding(vtapd)["remedy"]
    ns.ip("link del mirror-web")
    vtapd.wait_session("web", reserved_bits="ignored", state="ready")
    until(lambda: reserved_bits_finding(vtapd) is None, "it is over", seen=lambda: reserved_bits_finding(vtapd))


def test_counters_when_a_target_has_many_sessions_then_it_counts_their_sum(make_vtapd, mirror):
    count = 50
    vtapd = make_vtapd(HEADS["vxlan"] + "".join(f"[session s{i}]\nvni = {i}\n" for i in range(count)))
    for i in range(count):
        for n in range(i % 4):
            mirror.send(i, frames.numbered(n))
    wanted = sum(i % 4 for i in range(count))
    row = vtapd.wait_received(wanted)
    assert (row["received"], row["delivered"]) == (wanted, wanted), row
    assert [session["delivered"] for session in vtapd.status()["sessions"]] == [i % 4 for i in range(count)]
