"""Where there is a journal, each change of state is one entry with fields to search for; elsewhere a readable line."""

import os
import socket
import sys

import pytest

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
