"""The law: in its sandboxed unit vxlan mode has all that it needs. The kernel carries every frame whatever befalls the
service, and the underlay is given back as it was when the last interface goes, however it goes."""

import socket

import pytest

from lab import frames, offload, vxlan
from lab.deadline import until
from lab.fastpath import is_guarded
from lab.load import Load
from lab.machine import Service

CONF = "[target default]\nunderlay = eth0\nmode = vxlan\n[session web]\nvni = 4321\n"
TAP = "mirror-web"
BOTH = ("eth0", TAP)


def is_off(ns, *interfaces):
    return not any(offload.has_gro(ns, interface) for interface in interfaces)


@pytest.fixture
def underlay(machine):
    """The machine's namespace; its underlay merges, as network interfaces do."""
    before = offload.has_gro(machine.ns, "eth0")
    offload.switch_gro(machine.ns, "eth0", True)
    yield machine.ns
    machine.shell("systemctl stop vtapd; vtapd --teardown")
    offload.switch_gro(machine.ns, "eth0", before)


@pytest.fixture
def service(service, underlay):  # pylint: disable=unused-argument
    """vtapd.service in vxlan mode, from the first moment on."""
    service.machine.shell("systemctl stop vtapd; vtapd --teardown")
    service.machine.forget_journal()
    service.configure(CONF)
    return service.start()


def test_start_when_in_the_unit_then_device_guard_and_offloads_are_as_they_should_be(
        service, underlay, mirror, capture):
    tunnel = vxlan.tunnel(underlay, TAP)
    assert (tunnel["id"], tunnel["port"], tunnel["learning"]) == (4321, frames.VXLAN_PORT, False), tunnel
    assert underlay.read(f"/proc/sys/net/ipv6/conf/{TAP}/disable_ipv6") == "1\n"
    assert is_guarded(underlay, TAP) and is_off(underlay, *BOTH)
    assert service.target()["path"] == "kernel" and service.status()["daemon"]["guard"] == "on"
    assert service.status()["findings"] == []
    assert None not in service.status()["daemon"]["host"].values(), "the host's counters can be read"
    tap = capture()
    mirror.send(4321, frames.numbered(1), flags=0xFF)
    assert tap.frames(at_least=1) == [frames.numbered(1)]
    service.wait_session("web", received=1, delivered=1)


@pytest.mark.parametrize("interface", BOTH, ids=["the underlay", "the device"])
def test_gro_when_switched_on_by_hand_then_off_again(interface, service, underlay):
    underlay.run("ethtool", "-K", interface, "gro", "on")
    until(lambda: is_off(underlay, *BOTH), f"GRO of {interface} is off again", seen=service.log)


def come_back(service, end):
    """By `systemctl restart`, or because systemd starts what was killed."""
    pid = service.pid
    if end == "restart":
        service.restart()
        return
    service.kill()
    service.wait_another(pid)
    service.wait_settled()


@pytest.mark.parametrize("end", ["restart", "kill"])
@pytest.mark.parametrize("before", [True, False], ids=["was on", "was off"])
def test_underlay_when_the_service_comes_back_then_off_all_the_time_and_as_before_after_a_teardown(
        end, before, service, underlay):
    if not before:
        service.stop()
        assert service.ctl("teardown").returncode == 0
        offload.switch_gro(underlay, "eth0", False)
        service.start()
    index = underlay.ifindex(TAP)
    come_back(service, end)
    assert underlay.ifindex(TAP) == index and is_off(underlay, *BOTH)
    service.stop()
    assert underlay.has(TAP) and is_off(underlay, *BOTH), "the kernel goes on, and so does what it needs"
    done = service.ctl("teardown")
    assert done.returncode == 0, done
    assert not underlay.has(TAP) and offload.has_gro(underlay, "eth0") == before


@pytest.mark.parametrize("end", ["restart", "kill"])
def test_service_when_it_comes_back_under_load_then_no_frame_is_lost(end, service, target, measured):
    traffic = Load(target)
    try:
        traffic.start()
        for _ in range(2):
            traffic.go_on()
            come_back(service, end)
        traffic.go_on()
        sent = traffic.settle(service)
    finally:
        traffic.close()
    measured(f"vxlan mode, {end} twice", f"{sent:,} sent, 0 lost")


def test_port_when_a_program_has_it_then_the_unit_says_so(service, underlay):
    service.stop()
    assert service.ctl("teardown").returncode == 0
    with underlay.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("0.0.0.0", frames.VXLAN_PORT))
        service.start()
        session = service.session("web")
        assert (session["state"], session["reason"]) == ("waiting", "port-taken"), session
        for words in ("4789", "uid 0", "ss -ulpn sport = :4789"):  # whose it is cannot be seen from the unit
            assert words in session["message"], session
    service.wait_session("web", seconds=30, state="ready")


def test_stop_when_all_is_removed_then_its_line_says_so_of_the_port_and_has_no_sockets_to_speak_of(service):
    service.configure("[daemon]\non-stop = remove\n" + CONF)
    service.reload()
    service.stop()
    line = service.machine.wait_journal("stopped, interfaces removed", "-u", "vtapd")["MESSAGE"]
    assert line.endswith("Nobody listens on UDP 4789 now: this host answers mirrored packets with ICMP port "
                         "unreachable"), line


def test_package_when_removed_then_the_underlay_is_as_before(install):
    machine = install("vxlan")[0]
    try:
        service = Service(machine)
        offload.switch_gro(machine.ns, "eth0", True)
        service.configure(CONF)
        service.restart()
        assert is_off(machine.ns, *BOTH)
        machine.run("dpkg", "-r", "vtapd")
        assert not machine.ns.has(TAP) and offload.has_gro(machine.ns, "eth0")
    finally:
        machine.kill()
