"""The law: a port that somebody else has is reported, naming him, and taken as soon as it is free."""

import socket
import sys

import pytest

from lab import frames
from lab.daemon import Store
from lab.fastpath import is_steered, wait_attached

FREED_SECONDS = 30  # nobody tells us that a port became free: the retry is at most this far away


@pytest.fixture
def taken_by_socket(ns):
    sock = ns.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("0.0.0.0", frames.VXLAN_PORT))
    yield sock
    sock.close()


def assert_reported(vtapd):
    target, session = vtapd.target(), vtapd.session("web")
    assert (target["state"], target["reason"], target["bound"]) == ("waiting", "port-taken", []), target
    assert (session["state"], session["reason"]) == ("waiting", "port-taken"), session
    assert "4789" in target["message"] and target["retry_in_ns"] is not None, target
    assert vtapd.ctl("status").returncode == 1
    return target["message"]


def assert_works(vtapd, mirror):
    vtapd.wait_session("web", seconds=FREED_SECONDS, state="ready")
    mirror.send(4321, frames.numbered(1))
    vtapd.wait_session("web", delivered=1)


def test_port_when_a_socket_has_it_then_reported_and_taken_when_freed(taken_by_socket, vtapd, mirror):
    assert_reported(vtapd)
    assert len(vtapd.log_lines("4789")) == 1, vtapd.log()
    taken_by_socket.close()
    assert_works(vtapd, mirror)


def test_port_when_a_kernel_vxlan_device_has_it_then_it_is_named_and_left_alone(ns, make_vtapd, mirror):
    ns.ip(f"link add vxlan0 type vxlan id 9 local 10.77.0.2 dstport {frames.VXLAN_PORT}")
    ns.ip("link set vxlan0 up")
    vtapd = make_vtapd()
    assert "vxlan0" in assert_reported(vtapd)
    assert "vxlan0" in vtapd.ctl("status").stdout
    assert ns.is_up("vxlan0")
    ns.ip("link del vxlan0")
    assert_works(vtapd, mirror)


def test_port_when_a_vxlan_device_of_an_odd_name_has_it_then_status_says_so_all_the_same(ns, make_vtapd):
    ns.run("ip", "link", "add", "vx\udcffl", "type", "vxlan", "id", "9", "local", "10.77.0.2",
           "dstport", str(frames.VXLAN_PORT))
    ns.run("ip", "link", "set", "vx\udcffl", "up")
    vtapd = make_vtapd()
    assert "vx?l" in assert_reported(vtapd)
    assert "vx?l" in vtapd.ctl("status").stdout


def test_underlay_when_its_name_has_control_characters_then_status_shows_it_without_them(ns, make_vtapd):
    ns.run("ip", "link", "add", "e\x1b[31m", "type", "bridge")
    vtapd = make_vtapd("[target default]\nunderlay = e*\nworkers = 1\n[session web]\nvni = 4321\n")
    status = vtapd.ctl("status").stdout
    assert "e?[31m" in status and "\x1b" not in status, status


def test_port_when_changed_by_reload_to_a_taken_one_then_the_former_stays_until_it_is_free(make_vtapd, ns, mirror):
    vtapd = make_vtapd("[target default]\nport = 4788\n[session web]\nvni = 4321\n")
    with ns.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("0.0.0.0", frames.VXLAN_PORT))
        vtapd.write("vtapd.conf", "[target default]\nport = 4789\n[session web]\nvni = 4321\n")
        vtapd.reload(expect=1)
        target = vtapd.target()
        assert (target["state"], target["reason"]) == ("waiting", "port-taken"), target
        assert "UDP port 4788 stays open until then" in target["message"], target
        mirror.send(4321, frames.numbered(1), port=4788)
        vtapd.wait_session("web", delivered=1)
    mirror.send(4321, frames.numbered(2), port=4789)
    vtapd.wait_session("web", seconds=FREED_SECONDS, state="ready")
    mirror.send(4321, frames.numbered(3), port=4789)
    vtapd.wait_session("web", delivered=2)


def test_port_when_another_shares_it_by_reuseport_then_reported_before_it_steals(make_vtapd, ns):
    with ns.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind(("::", frames.VXLAN_PORT))
        assert_reported(make_vtapd())


def test_port_when_changed_by_reload_then_packets_of_the_new_one_are_ours(make_vtapd, mirror):
    vtapd = make_vtapd()
    index = vtapd.session("web")["ifindex"]
    vtapd.write("vtapd.conf", "[target default]\nport = 8472\n[session web]\nvni = 4321\n")
    vtapd.reload()
    mirror.send(4321, frames.numbered(1), port=8472)
    vtapd.wait_session("web", delivered=1)
    assert vtapd.session("web")["ifindex"] == index


def test_port_when_ours_then_others_cannot_have_it(vtapd, ns):
    with ns.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock, pytest.raises(OSError):
        sock.bind(("0.0.0.0", frames.VXLAN_PORT))
    assert vtapd.is_running()


def test_port_when_another_program_has_it_then_its_packets_stay_its_own(taken_by_socket, make_vtapd, ns, mirror):
    """The fast path takes only what would reach a socket of ours, also where the underlay is known from the start."""
    vtapd = make_vtapd("[target default]\nunderlay = eth0\n[session web]\nvni = 4321\n")
    assert_reported(vtapd)
    assert vtapd.target()["fastpath"]["attached"] == [] and not is_steered(ns, "eth0")
    for i in range(5):
        mirror.send(4321, frames.numbered(i))
    taken_by_socket.settimeout(5)
    for _ in range(5):
        assert len(taken_by_socket.recv(2048)) > 8
    taken_by_socket.close()
    wait_attached(vtapd, "eth0", seconds=30)
    mirror.send(4321, frames.numbered(5))
    vtapd.wait_session("web", delivered=1)


# A port that changes hands between sockets of ours and the kernel

TAP = "[target default]\nunderlay = eth0\n[session web]\nvni = 4321\n"
VXLAN = TAP.replace("\n", "\nmode = vxlan\n", 1)

# Runs its arguments with a socket on eth0, as a service manager hands it over.
HANDED_OVER = """import os, socket, sys
sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
sock.bind(("::", 4789))
fd = os.dup(sock.fileno())
os.dup2(fd, 3)
os.closerange(4, 64)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES="udp")
os.execvp(sys.argv[1], sys.argv[1:])
"""


def assert_no_wait(vtapd, mirror):
    vtapd.wait_session("web", state="ready")
    assert not vtapd.log_lines("waiting"), vtapd.log()
    mirror.send(4321, frames.numbered(1))
    vtapd.wait_session("web", delivered=1)


def test_port_when_a_target_keeps_it_for_want_of_another_then_the_vxlan_session_waits_and_nothing_else(
        make_vtapd, ns, mirror):
    vtapd = make_vtapd("[target a]\nunderlay = eth0\n[session web]\nvni = 4321\n")
    with ns.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("0.0.0.0", 4788))
        vtapd.write("vtapd.conf", "[target a]\nunderlay = eth0\nport = 4788\n[target b]\nunderlay = eth0\n"
                    "mode = vxlan\n[session web]\nvni = 4321\ntarget = a\n[session db]\nvni = 7\ntarget = b\n")
        vtapd.reload(expect=1)
        session = vtapd.wait_session("db", state="waiting", reason="port-taken")
        assert "UDP port 4789 is still open for target a" in session["message"], session
        mirror.send(4321, frames.numbered(1))
        vtapd.wait_session("web", delivered=1)
        assert len(vtapd.log_lines("db: waiting")) == 1, vtapd.log()
    vtapd.wait_session("db", seconds=FREED_SECONDS, state="ready")
    mirror.send(7, frames.numbered(2))
    vtapd.wait_session("db", delivered=1)


def test_port_when_the_service_manager_closes_its_copy_late_then_no_vxlan_session_waits(tmp_path, make_vtapd, mirror):
    store = Store(str(tmp_path), late_s=0.05)
    try:
        vtapd = make_vtapd(TAP, notify=store)
        vtapd.write("vtapd.conf", VXLAN)
        vtapd.reload()
        assert_no_wait(vtapd, mirror)
    finally:
        store.close()


def test_port_when_its_sockets_come_back_to_a_vxlan_target_then_they_are_closed_and_no_session_waits(
        make_vtapd, mirror):
    vtapd = make_vtapd(VXLAN, start=False)
    vtapd.prefix = [sys.executable, "-c", HANDED_OVER]
    vtapd.start()
    assert_no_wait(vtapd, mirror)
