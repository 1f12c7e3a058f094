"""The law: every packet has one verdict, and received = delivered + the sum of the drops."""

import signal

import pytest

from lab import frames, hosts
from lab.deadline import until

CONF = """
[target default]
allow = 10.77.0.0/16, fd77::/64

[session web]
vni = 4321
source = 10.77.0.0/24, fd77::/64
"""
ELSEWHERE, NOT_ALLOWED = "10.77.9.1", "10.99.0.1"
FRAME = frames.numbered(1)


def verdict_of(vtapd, what_is_sent, mirror):
    """(the one verdict that a packet got, the session it counted for or None)."""
    before, session = vtapd.target(), vtapd.session("web")
    what_is_sent(mirror)
    after = vtapd.wait_received(before["received"] + 1)
    assert after["received"] == before["received"] + 1
    gained = {name: count - before["drops"].get(name, 0) for name, count in after["drops"].items()}
    gained["delivered"] = after["delivered"] - before["delivered"]
    verdicts = [name for name, count in gained.items() if count]
    assert len(verdicts) == 1 and gained[verdicts[0]] == 1, gained
    is_ours = vtapd.session("web")["received"] == session["received"] + 1
    return verdicts[0], "web" if is_ours else None


PACKETS = [
    ("delivered", "web", lambda mirror: mirror.send(4321, FRAME)),
    ("delivered", "web", lambda mirror: mirror.send(4321, FRAME[:14])),
    ("not-vxlan", None, lambda mirror: mirror.send_udp(b"")),
    ("not-vxlan", None, lambda mirror: mirror.send_udp(b"1234567")),
    ("no-vni-flag", None, lambda mirror: mirror.send(4321, FRAME, flags=0)),
    ("no-vni-flag", None, lambda mirror: mirror.send(4321, FRAME, flags=0xF7)),
    ("too-short", None, lambda mirror: mirror.send(4321, b"")),
    ("too-short", None, lambda mirror: mirror.send(4321, FRAME[:13])),
    ("not-allowed", None, lambda mirror: mirror.send(4321, FRAME, source=NOT_ALLOWED)),
    ("not-allowed", None, lambda mirror: mirror.send(4321, FRAME, source="fd78::1")),
    ("unknown-source", None, lambda mirror: mirror.send(4321, FRAME, source=ELSEWHERE)),
    ("unknown-vni", None, lambda mirror: mirror.send(4322, FRAME)),
    ("unknown-vni", None, lambda mirror: mirror.send(4322, FRAME, source=ELSEWHERE)),
]


@pytest.mark.parametrize("expected,_,send", PACKETS, ids=[f"{i}-{row[0]}" for i, row in enumerate(PACKETS)])
def test_packet_when_received_then_it_has_the_verdict(expected, _, send, make_vtapd, mirror):
    assert verdict_of(make_vtapd(CONF), send, mirror)[0] == expected


def test_session_when_packets_have_verdicts_then_only_its_own_are_counted(make_vtapd, mirror):
    vtapd = make_vtapd(CONF)
    for expected, session, send in PACKETS:
        assert verdict_of(vtapd, send, mirror) == (expected, session)
    total = vtapd.target()
    assert total["received"] == len(PACKETS) and total["delivered"] == 2
    assert total["drops"] == {name: sum(row[0] == name for row in PACKETS) for name in total["drops"]}


def test_packets_when_of_every_kind_then_status_prints_the_sums(make_vtapd, mirror):
    vtapd = make_vtapd(CONF)
    for _, _, send in PACKETS:
        send(mirror)
    vtapd.wait_received(len(PACKETS))
    row = next(line for line in vtapd.ctl("status").stdout.splitlines() if line.startswith("default"))
    assert f" {len(PACKETS)} " in row and "2 not-vxlan" in row and "2 unknown-vni" in row, row


def keep_undoing(vtapd, undo):
    """Undo repairs until vtapd waits, for at least 0.6 s more."""
    def waits():
        if vtapd.ns.is_up("mirror-web"):
            undo()
        session = vtapd.session("web")
        return session["state"] == "waiting" and session["reason"] == "repair-loop" and \
            (session["retry_in_ns"] or 0) > 600_000_000
    until(waits, "vtapd gives up for a while", 20, seen=lambda: vtapd.session("web"))


@pytest.mark.parametrize("verdict,undo", [("interface-down", "set_down"), ("interface-gone", "delete")])
def test_packets_when_the_interface_is_undone_then_each_has_its_verdict(verdict, undo, vtapd, ns, mirror):
    def burst():
        """Of 20 packets while vtapd waits: the session before and after, or None if it did not wait long enough."""
        keep_undoing(vtapd, lambda: ns.set_down("mirror-web") if undo == "set_down" else
                     ns.ip("link del mirror-web", check=False))
        session = vtapd.session("web")
        for i in range(20):
            mirror.send(4321, frames.numbered(i))
        vtapd.wait_received(session["received"] + 20)
        now = vtapd.session("web")
        return (session, now) if now["state"] == "waiting" else None
    before, after = until(burst, "a burst while vtapd waits", 30)
    assert after["drops"].get(verdict) == before["drops"].get(verdict, 0) + 20, (before, after)
    assert (after["received"], after["dropped"]) == (before["received"] + 20, before["dropped"] + 20), (before, after)
    vtapd.wait_session("web", seconds=30, state="ready")
    mirror.send(4321, frames.numbered(20))
    vtapd.wait_session("web", received=after["received"] + 1, delivered=after["delivered"] + 1,
                       dropped=after["dropped"])


def test_burst_when_the_interface_flaps_then_every_packet_has_a_verdict(vtapd, ns, mirror):
    for i in range(4000):
        mirror.send(4321, frames.numbered(i))
        if i in (1000, 2000):
            ns.set_down("mirror-web")
    total = vtapd.wait_received(4000)
    assert total["received"] == total["delivered"] + total["dropped"] == 4000
    assert set(total["drops"]) <= {"interface-down", "lost-in-handover", "socket-full"}


def test_socket_when_full_then_the_rest_is_counted(make_vtapd, mirror):
    vtapd = make_vtapd("[target default]\nreceive-buffer = 64K\nworkers = 1\n[session web]\nvni = 4321\n")
    vtapd.signal(signal.SIGSTOP)
    for i in range(3000):
        mirror.send(4321, frames.numbered(i))
    vtapd.signal(signal.SIGCONT)
    total = vtapd.wait_received(3000)
    assert total["received"] == 3000
    assert total["drops"]["socket-full"] > 1000
    assert total["delivered"] + total["drops"]["socket-full"] == 3000


def test_socket_when_full_with_several_workers_then_nothing_is_counted_twice(make_vtapd, mirror):
    vtapd = make_vtapd("[target default]\nreceive-buffer = 64K\nworkers = 4\n[session web]\nvni = 4321\n")
    for _ in range(3):
        before = vtapd.target()["received"]
        vtapd.signal(signal.SIGSTOP)
        for i in range(4000):
            mirror.send(4321, frames.numbered(i), flow=65408 + i % 64)
        vtapd.signal(signal.SIGCONT)
        assert vtapd.wait_received(before + 4000)["received"] == before + 4000


def test_checksum_when_the_outer_one_is_wrong_then_nothing_is_delivered(vtapd, mirror):
    """The kernel drops these on our socket before anybody sees their VNI."""
    wrong = frames.udp(65408, frames.VXLAN_PORT, frames.vxlan(4321, FRAME), check=0x1234)
    mirror.send_ip(frames.ipv4(hosts.SENDER_V4, hosts.TARGET_V4, wrong))
    mirror.send(4321, FRAME)
    vtapd.wait_session("web", received=1, delivered=1)
