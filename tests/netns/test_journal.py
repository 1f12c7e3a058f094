"""Where there is a journal, each change of state is one entry with fields to search for; elsewhere a readable line."""

import os
import re
import signal
import socket
import sys

import pytest

from lab import fastpath, frames
from lab.deadline import until

# Runs vtapd where /run holds a journal's socket (ours), and stderr is what JOURNAL_STREAM says: systemd.exec(5).
AS_A_SERVICE = """
import os, subprocess, sys
journal, command = sys.argv[1], sys.argv[2:]
subprocess.run(["mount", "--make-rprivate", "/"], check=True)
subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
os.makedirs("/run/systemd/journal")
open("/run/systemd/journal/socket", "w").close()
subprocess.run(["mount", "--bind", journal, "/run/systemd/journal/socket"], check=True)
stream = os.fstat(2)
os.execve(command[0], command, {**os.environ, "JOURNAL_STREAM": f"{stream.st_dev}:{stream.st_ino}"})
"""


def fields_of(datagram):
    """The native protocol, as far as values without newlines go. Source: systemd, JOURNAL_NATIVE_PROTOCOL.md"""
    fields = {}
    for line in datagram.decode().splitlines():
        name, _, value = line.partition("=")
        fields.setdefault(name, []).append(value)
    return fields


class Journal:
    def __init__(self, directory):
        self.path = os.path.join(directory, "journal")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)
        self._socket.setblocking(False)
        self.entries = []

    def wait(self, words):
        """Until an entry's message contains the words; returns its fields."""
        def there():
            try:
                while True:
                    self.entries.append(fields_of(self._socket.recv(65536)))
            except BlockingIOError:
                return next((entry for entry in self.entries if words in entry["MESSAGE"][0]), None)
        return until(there, f'an entry with "{words}"', 10, seen=lambda: self.entries)

    def close(self):
        self._socket.close()
        os.unlink(self.path)


@pytest.fixture
def journal(directory):
    one = Journal(directory)
    yield one
    one.close()


@pytest.fixture
def service(make_vtapd, journal):
    """vtapd as a service would run: session pair shares an interface."""
    daemon = make_vtapd("[session web]\nvni = 4321\n[session pair]\nvni = 5-6\ninterface = mirror-web\n", start=False)
    daemon.prefix = ["unshare", "--mount", sys.executable, "-c", AS_A_SERVICE, journal.path]
    return daemon.start()


def test_a_repair_is_an_entry_with_session_vni_interface_and_message_id(service, journal):
    service.ns.ip("link set mirror-web down")
    entry = journal.wait("was set down by somebody; repaired in")
    assert sorted(entry["VTAPD_SESSION"]) == ["pair", "web"], entry
    assert entry["VTAPD_INTERFACE"] == ["mirror-web"], entry
    assert entry["VTAPD_VNI"] == ["4321"], entry
    assert entry["PRIORITY"] == ["5"] and entry["SYSLOG_IDENTIFIER"] == ["vtapd"], entry
    assert len(entry["MESSAGE_ID"][0]) == 32, entry
    ready = journal.wait("ready in")
    assert ready["MESSAGE_ID"] != entry["MESSAGE_ID"], "one id for each kind of change"


def test_with_a_journal_nothing_is_written_to_stderr_as_well(service, journal):
    journal.wait("ready in")
    assert service.log() == ""


def test_a_refusal_by_the_kernel_has_the_errno(service, journal):
    service.ns.ip("link add vx type vxlan id 1 dstport 4790 dev lo")
    service.ns.ip("link set vx up")
    service.write("conf.d/port.conf", "[target default]\nport = 4790\n")
    service.reload(expect=1)
    entry = journal.wait("UDP port 4790 is in use by the vxlan interface vx")
    assert entry["ERRNO"] == ["98"], entry


def test_frames_when_lost_at_an_interface_that_is_down_then_a_full_queue_is_named_only_if_one_was(service, journal, ns, mirror):
    mirror.send(4321, frames.numbered(0))
    fastpath.wait_attached(service, "eth0")
    service.signal(signal.SIGSTOP)
    ns.ip("link set mirror-web down")
    for i in range(10):
        mirror.send(4321, frames.numbered(i))
    service.signal(signal.SIGCONT)
    entry = journal.wait("lost-in-handover: ")
    assert re.match(r"lost-in-handover: \d+ frames? of web did not come past the sensors;", entry["MESSAGE"][0]), entry
    assert entry["VTAPD_SESSION"] == ["web"], entry
    found = service.status()["findings"]
    assert "VTAPD_CONDITION" not in entry or "backlog-drops" in found, (entry, found)


def test_sessions_when_many_wait_then_the_entry_of_those_beyond_sixteen_is_found_by_each_name(make_vtapd, journal, ns):
    ns.batch([f"link add mirror-s{i} type bridge" for i in range(60)])
    daemon = make_vtapd("".join(f"[session s{i}]\nvni = {i}\n" for i in range(60)), start=False)
    daemon.prefix = ["unshare", "--mount", sys.executable, "-c", AS_A_SERVICE, journal.path]
    daemon.start(wait=False)
    entry = journal.wait("more wait, interface-foreign: ")
    daemon.wait_settled()
    alone = [name for other in journal.entries if ": waiting, " in other["MESSAGE"][0] for name in other["VTAPD_SESSION"]]
    assert len(alone) == 16 and sorted(alone + entry["VTAPD_SESSION"]) == sorted(f"s{i}" for i in range(60)), entry
    assert entry["VTAPD_CONDITION"] == ["interface-foreign"] and entry["PRIORITY"] == ["3"], entry


def test_target_when_it_waits_and_is_ready_again_then_both_entries_are_found_by_its_name(make_vtapd, journal, ns):
    daemon = make_vtapd("[target default]\nunderlay = later0\n[session web]\nvni = 4321\n", start=False)
    daemon.prefix = ["unshare", "--mount", sys.executable, "-c", AS_A_SERVICE, journal.path]
    daemon.start()
    waits = journal.wait("target default: waiting, later0 is not there")
    ns.ip("link add later0 up type bridge")
    ready = journal.wait("target default: ready")
    for entry in (waits, ready):
        assert (entry["VTAPD_TARGET"], entry["VTAPD_CONDITION"]) == (["default"], ["underlay-missing"]), entry
    assert waits["MESSAGE_ID"] != ready["MESSAGE_ID"] and waits["PRIORITY"] == ["3"], waits


def test_interfaces_when_no_session_has_them_any_more_then_the_entry_of_their_removal_is_found_by_each(service, journal):
    service.write("conf.d/more.conf", "[session a]\nvni = 7\n[session b]\nvni = 8\n")
    service.reload()
    service.unlink("conf.d/more.conf")
    service.reload()
    entry = journal.wait("removed 2 interfaces that no session has: mirror-a, mirror-b")
    assert entry["VTAPD_INTERFACE"] == ["mirror-a", "mirror-b"], entry


def test_reload_when_it_changes_sessions_then_the_entry_names_them_and_is_found_by_each(service, journal):
    service.write("vtapd.conf", "[session web]\nvni = 4322\n[session fresh]\nvni = 9\n")
    service.reload()
    entry = journal.wait("reload: 1 added, 1 changed, 0 replaced, 1 removed, 0 untouched: ")
    assert sorted(entry["MESSAGE"][0].rpartition(": ")[2].split()) == ["+fresh", "-pair", "~web"], entry
    assert sorted(entry["VTAPD_SESSION"]) == ["fresh", "pair", "web"], entry
    many = "".join(f"[session s{i}]\nvni = {100 + i}\n" for i in range(20))
    service.write("conf.d/many.conf", many)
    service.reload()
    entry = journal.wait("reload: 20 added")
    assert entry["MESSAGE"][0].endswith(" +s7 and 12 more") and len(entry["VTAPD_SESSION"]) == 20, entry


def test_reload_when_refused_then_no_sign_is_doubled_where_the_rule_ends_in_one(service, journal):
    service.write("vtapd.conf", "[session web]\nvni = 4321 # prod\n")
    service.reload(expect=78)
    entry = journal.wait("reload refused: 1 mistake in 1 file, first: ")
    assert entry["MESSAGE"][0].endswith("inline comments start with ; (nothing was changed)"), entry


def test_frames_when_only_their_source_keeps_them_out_then_the_entry_is_found_by_the_session(make_vtapd, journal, mirror):
    daemon = make_vtapd("[session web]\nvni = 4321\nsource = 172.16.0.0/12\n", start=False)
    daemon.prefix = ["unshare", "--mount", sys.executable, "-c", AS_A_SERVICE, journal.path]
    daemon.start()
    mirror.send(4321, frames.numbered(1))
    entry = journal.wait("unknown-source: ")
    assert (entry["VTAPD_TARGET"], entry["VTAPD_SESSION"]) == (["default"], ["web"]), entry


def test_entry_when_of_any_kind_then_it_does_not_say_where_vtapd_was_built(service, journal):
    journal.wait("ready in")
    assert not [name for entry in journal.entries for name in entry if name.startswith("CODE_")], journal.entries
