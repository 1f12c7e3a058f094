"""The law: each change of state is one entry in the journal that can be searched for by session, interface, condition
and kind, and journalctl -x explains it."""

import glob
import os
import re

import pytest

from conftest import NOBODYS_VNI, WEB

from lab.daemon import REPOSITORY

READY_ID, REPAIRED_ID = "e8fbb3e87b714744a5d032e72753940f", "fd7cd4fd233b4d9eb2ae400b14048dff"  # daemon/event.c
REFUSED_ID = "36254623137a41059b5d58bc0aa5e0bb"  # config-rejected in lib/report/condition.c
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


def test_entry_when_what_a_session_waited_for_is_over_then_it_says_what_that_was(foreign):
    foreign.machine.ns.ip("link del mirror-pay")
    foreign.wait_session("pay", state="ready")
    entry = foreign.machine.wait_journal("pay: ready", "VTAPD_SESSION=pay")
    assert entry["VTAPD_CONDITION"] == "interface-foreign" and entry["MESSAGE_ID"] != FOREIGN_ID, entry


def test_entry_when_it_is_of_a_target_then_it_is_found_by_its_name(service):
    service.write("conf.d/port.conf", "[target default]\nunderlay = none0\n")
    service.ctl("reload")
    entry = service.machine.wait_journal("none0 is not there", "VTAPD_TARGET=default")
    assert entry["VTAPD_CONDITION"] == "underlay-missing" and entry["PRIORITY"] == "3", entry


def ids_in_sources():
    """Every message id that the program can write."""
    found = set()
    for path in glob.glob(os.path.join(REPOSITORY, "daemon/*.c")) + glob.glob(os.path.join(REPOSITORY, "lib/*/*.c")):
        with open(path, encoding="utf-8") as file:
            found.update(re.findall(r'"([0-9a-f]{32})"', file.read()))
    return found


def test_catalog_when_the_package_is_installed_then_it_has_every_message_id(service):
    listed = {line.split()[0] for line in service.machine.run("journalctl", "--list-catalog").stdout.splitlines()
              if " vtapd: " in line}
    assert listed == ids_in_sources() and READY_ID in listed
    written = {entry.get("MESSAGE_ID") for entry in service.machine.journal("SYSLOG_IDENTIFIER=vtapd", "_TRANSPORT=journal")}
    assert written and written <= listed, "every entry has one"


EXPLAINED = [
    (READY_ID, "Vtapd has started: every session is ready", "vtapctl doctor"),
    (REPAIRED_ID, "Somebody changed what vtapd looks after", "ip monitor link"),
    (REFUSED_ID, "The files on disk have mistakes", "vtapd --check"),
    (FOREIGN_ID, "A session's interface name is taken", "ip link del"),
]


def test_catalog_when_entries_are_looked_at_then_each_has_its_subject_cause_and_remedy(foreign):
    """As `journalctl -x` shows them, below the entry that was really written."""
    foreign.machine.ns.ip("link set mirror-web down")
    foreign.machine.wait_journal("repaired in", f"MESSAGE_ID={REPAIRED_ID}")
    foreign.write("conf.d/bad.conf", "[session bad]\n")
    foreign.ctl("reload")
    foreign.machine.wait_journal("reload refused", f"MESSAGE_ID={REFUSED_ID}", "VTAPD_CONDITION=config-rejected")
    foreign.unlink("conf.d/bad.conf")
    foreign.ctl("reload")
    foreign.machine.wait_journal("reload refused: over", f"MESSAGE_ID={REFUSED_ID}")
    for message_id, subject, remedy in EXPLAINED:
        out = " ".join(foreign.machine.journalctl("-x", f"MESSAGE_ID={message_id}").replace("\u2591", "").split())
        entry, _, explained = out.partition("Subject: ")
        assert "vtapd[" in entry and explained.startswith(subject), out
        _, _, last = explained.partition("Documentation: man:vtapd(8)")
        cause, _, after = last.partition("Remedy:")
        assert len(cause) > 50 and remedy in after, out


def test_doctor_when_a_condition_holds_then_it_is_named_with_its_remedy(foreign):
    done = foreign.ctl("doctor")
    assert done.returncode == 1, done
    assert "interface-foreign" in done.stdout and "ip link del mirror-pay" in done.stdout, done.stdout


def test_journal_when_a_thousand_packets_come_then_it_says_nothing(steered, mirror):
    steered.machine.sync_journal()
    before = len(steered.machine.journal("-u", "vtapd"))

    def since():
        """That unknown VNIs came is a condition, and begins once."""
        steered.machine.sync_journal()
        entries = steered.machine.journal("-u", "vtapd")[before:]
        return entries[1:] if entries and entries[0].get("VTAPD_CONDITION") == "unknown-vni" else entries
    for _ in range(1000):
        mirror.send(4321, b"\x02" * 60)
        mirror.send(NOBODYS_VNI, b"\x02" * 60)  # to the worker
    steered.wait_session("web", received=1000)
    assert since() == []
