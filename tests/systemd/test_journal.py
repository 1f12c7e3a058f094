"""The law: each change of state is one entry in the journal that can be searched for by session, interface, condition
and kind, and journalctl -x explains it."""

import pytest

from conftest import NOBODYS_VNI, WEB

FOREIGN_ID = "8e699b95ceee4eecb9111704b5d58fc7"  # interface-foreign in lib/report/condition.c


@pytest.fixture
def foreign(service):
    """Session pay, whose interface's name is taken."""
    ns = service.machine.ns
    ns.ip("link add mirror-pay type bridge")
    service.configure(WEB, pay="[session pay]\nvni = 6000\n")
    service.ctl("reload")
    yield service
    ns.ip("link del mirror-pay")
    service.wait_session("pay", state="ready")


def test_entry_when_it_is_of_a_session_then_it_is_found_by_its_name(foreign):
    entry = foreign.machine.wait_journal("mirror-pay is a bridge interface", "VTAPD_SESSION=pay")
    assert entry["_SYSTEMD_UNIT"] == "vtapd.service" and entry["_TRANSPORT"] == "journal", entry
    assert entry["SYSLOG_IDENTIFIER"] == "vtapd" and len(entry["MESSAGE_ID"]) == 32, entry
    assert entry["VTAPD_INTERFACE"] == "mirror-pay" and entry["VTAPD_VNI"] == "6000", entry
    assert not foreign.machine.journal("VTAPD_SESSION=nobody")


def test_entry_when_it_is_a_repair_then_it_has_interface_and_id(service):
    service.machine.ns.ip("link set mirror-web down")
    entry = service.machine.wait_journal("was set down by somebody; repaired in", "VTAPD_INTERFACE=mirror-web")
    assert entry["VTAPD_SESSION"] == "web" and entry["MESSAGE_ID"] == "fd7cd4fd233b4d9eb2ae400b14048dff", entry


def test_entry_when_the_kernel_refused_then_it_has_the_errno(service):
    ns = service.machine.ns
    ns.ip("link add vx type vxlan id 1 dstport 4790 dev lo")
    ns.ip("link set vx up")
    try:
        service.write("conf.d/port.conf", "[target default]\nport = 4790\n")
        service.ctl("reload")
        entry = service.machine.wait_journal("UDP port 4790 is in use by the vxlan interface vx", "ERRNO=98")
        assert entry["PRIORITY"] in ("3", "4"), entry
    finally:
        ns.ip("link del vx")


def test_entry_when_a_condition_begins_then_it_has_its_id(foreign):
    entry = foreign.machine.wait_journal("mirror-pay", "VTAPD_CONDITION=interface-foreign")
    assert entry["MESSAGE_ID"] == FOREIGN_ID, entry


def test_catalog_when_asked_then_a_condition_is_explained(foreign):
    foreign.machine.wait_journal("mirror-pay", "VTAPD_CONDITION=interface-foreign")
    out = foreign.machine.journalctl("-x", f"MESSAGE_ID={FOREIGN_ID}")
    assert "ip link del" in out, out


def test_doctor_when_a_condition_holds_then_it_is_named_with_its_remedy(foreign):
    done = foreign.ctl("doctor")
    assert done.returncode == 1, done
    assert "interface-foreign" in done.stdout and "ip link del mirror-pay" in done.stdout, done.stdout


def test_journal_when_a_thousand_packets_come_then_it_says_nothing(steered, mirror):
    before = len(steered.machine.journal("-u", "vtapd"))
    for _ in range(1000):
        mirror.send(4321, b"\x02" * 60)
        mirror.send(NOBODYS_VNI, b"\x02" * 60)  # to the worker
    steered.wait_session("web", received=1000)
    assert len(steered.machine.journal("-u", "vtapd")) == before
