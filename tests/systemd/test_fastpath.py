"""The law: in its unit the service has the fast path and the guard. Where it has not, it says so once and in status,
and shows every frame all the same. What was counted outlives the process."""

import pytest

from conftest import NOBODYS_VNI
from lab import frames
from lab.deadline import steady, until
from lab.fastpath import is_guarded, is_steered, wait_attached

PINS = "/sys/fs/bpf/vtapd"
COUNT = 5
# What is taken away from the unit, and what then cannot be done
NEEDED = {
    "CAP_BPF": "CapabilityBoundingSet=~CAP_BPF\nAmbientCapabilities=~CAP_BPF\n",
    "bpf(2)": "SystemCallFilter=~bpf\n",
}


def send(mirror, count=COUNT, first=0):
    for i in range(first, first + count):
        mirror.send(4321, frames.numbered(i))


def findings(service):
    return set(service.status()["findings"])


def lines(service, condition):
    return [entry["MESSAGE"] for entry in service.machine.journal(f"VTAPD_CONDITION={condition}")]


def test_fast_path_when_packets_have_come_then_it_is_on_in_the_unit(service, mirror):
    assert service.target()["path"] == "worker" and is_guarded(service.machine.ns, "mirror-web")
    send(mirror)
    wait_attached(service, "eth0")
    assert service.target()["path"] == "fast path" and service.status()["daemon"]["guard"] == "on"
    assert is_steered(service.machine.ns, "eth0")
    assert not findings(service) & {"fastpath-off", "fastpath-bypassed", "guard-off"}


def test_fast_path_when_the_configuration_says_off_then_the_guard_stays(steered, mirror, capture):
    tap = capture()
    steered.write("conf.d/path.conf", "[target default]\nfastpath = off\n")
    steered.reload()
    send(mirror)
    assert len(tap.frames(at_least=COUNT)) == COUNT
    assert steered.target()["path"] == "worker" and steered.status()["daemon"]["guard"] == "on"
    assert not is_steered(steered.machine.ns, "eth0") and is_guarded(steered.machine.ns, "mirror-web")
    assert "fastpath-off" not in findings(steered), "it is as wished"


@pytest.mark.parametrize("missing", NEEDED)
def test_fast_path_when_the_unit_has_not_what_it_needs_then_the_worker_shows_all_and_says_why(
        steered, mirror, capture, missing):
    steered.machine.add_drop_in("vtapd.service", "[Service]\n" + NEEDED[missing])
    steered.machine.forget_journal()
    steered.restart()
    tap = capture()
    send(mirror)
    assert len(tap.frames(at_least=COUNT)) == COUNT
    assert steered.target()["path"] == "worker" and not is_steered(steered.machine.ns, "eth0")
    assert steered.status()["daemon"]["guard"] == "off"
    assert {"fastpath-off", "guard-off"} <= findings(steered)
    for condition in ("fastpath-off", "guard-off"):
        told = until(lambda name=condition: lines(steered, name), f"{condition} is told", seen=steered.log)
        assert len(told) == 1 and "CAP_BPF" in told[0], told


def test_counters_when_restarted_then_they_and_since_when_go_on(steered, mirror):
    since = steered.status()["daemon"]["counting_since"]
    send(mirror)
    until(lambda: steered.session("web")["delivered"] == COUNT, "they are counted", seen=lambda: steered.session("web"))
    steered.restart()
    assert steered.session("web")["delivered"] == COUNT
    assert steered.status()["daemon"]["counting_since"] == since


def test_counters_when_the_pin_folder_is_not_bound_then_they_begin_anew(steered, mirror):
    """The line of the unit without which the others would be for nothing."""
    send(mirror)
    until(lambda: steered.session("web")["delivered"] == COUNT, "they are counted", seen=lambda: steered.session("web"))
    steered.machine.add_drop_in("vtapd.service", "[Service]\nBindPaths=\nBindPaths=/dev/net/tun\n")
    steered.restart()
    assert steered.session("web")["delivered"] == 0 and steered.target()["path"] == "fast path"


def test_start_when_there_is_no_bpf_file_system_then_all_but_going_on_counting_works(service, mirror):
    """As in a container."""
    machine = service.machine
    service.stop()
    machine.run("umount", "/sys/fs/bpf")
    try:
        machine.run("systemd-tmpfiles", "--create", "vtapd.conf")
        assert not machine.exists(PINS)
        service.start()
        send(mirror)
        wait_attached(service, "eth0")
        service.stop()
    finally:
        machine.run("mount", "-t", "bpf", "-o", "mode=700", "bpf", "/sys/fs/bpf")
        machine.run("systemd-tmpfiles", "--create", "vtapd.conf")


def test_stop_when_in_the_fast_path_then_others_are_not_answered_but_counted(steered, mirror, target, capture):
    before = steered.target()
    steered.stop()
    steered.machine.wait_journal("stopped, interfaces and fast path stay: known sessions go on. Other packets to "
                                 "UDP 4789 are dropped, not answered", "-u", "vtapd")
    answered = steady(target.underlay_counts, "the underlay")[1]
    tap = capture()
    for i in range(COUNT):
        mirror.send(NOBODYS_VNI, frames.numbered(i))
    send(mirror)
    assert len(tap.frames(at_least=COUNT)) == COUNT, "known sessions go on"
    assert steady(target.underlay_counts, "the underlay")[1] == answered, "no ICMP"
    steered.start()
    row = steered.wait_received(before["received"] + 2 * COUNT)
    assert (row["delivered"], row["drops"]) == (before["delivered"] + COUNT, {**before["drops"], "no-listener": COUNT})


def test_teardown_when_the_service_is_stopped_then_neither_filters_nor_pins_are_left(steered):
    machine = steered.machine
    steered.stop()
    assert machine.run("find", PINS, "-type", "f").stdout
    machine.run("vtapd", "--teardown")
    assert not machine.run("find", PINS, "-mindepth", "1").stdout
    assert not is_steered(machine.ns, "eth0") and not machine.ns.has("mirror-web")
