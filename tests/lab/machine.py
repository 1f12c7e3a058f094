"""A machine of its own: a booted systemd in a container of tests/systemd/boot, and vtapd.service on it.

Everything inside is reached through /proc/PID/root of its init; its network namespace has a wire to a sender, so that
traffic comes from outside.
"""

import itertools
import json
import os
import re
import signal
import subprocess
import time

from . import hosts
from .daemon import REPOSITORY, START_SECONDS, Vtapd
from .deadline import until
from .netns import Namespace

BOOT = os.path.join(REPOSITORY, "tests/systemd/boot")
INSIDE = "/src"  # the checkout, read-only
SERVICE = "vtapd.service"
SYSTEM_UNITS = "/etc/systemd/system"
_counter = itertools.count(1)
_living = []


def down_all():
    """End every machine that is left: at the end of a run, however it ended."""
    for machine in list(_living):
        machine.kill()


class Machine:
    """One container, from boot() to down(). `share` is a folder out here that is /share inside, or None."""

    def __init__(self, label, share=None):
        self.name = f"vt{os.getpid()}-{next(_counter)}-{label}"
        self.label, self._share = label, share
        self.init = None  # its pid out here
        self.ns = self.target = None
        self._since = 0.0

    def boot(self):
        """Until every unit has been started, with a wire to a sender on eth0."""
        binds = [f"{REPOSITORY}:{INSIDE}:ro", *([f"{self._share}:/share"] if self._share else [])]
        _living.append(self)
        self._boot("up", *binds)
        self.init = int(self._boot("pid").stdout)
        self.ns = Namespace(self.label, pid=self.init)
        self.target = hosts.Target(ns=self.ns)
        return self

    def _boot(self, command, *argv, check=True, **kwargs):
        done = subprocess.run([BOOT, command, self.name, *argv], capture_output=True, text=True, timeout=180,
                              check=False, **kwargs)
        assert not check or done.returncode == 0, f"boot {command} {' '.join(argv)}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def console(self):
        return self._boot("console").stdout

    def down(self):
        """An orderly poweroff, which stops the services; what they wrote into the share is left."""
        self._end("down")

    def kill(self):
        self._end("kill")

    def _end(self, command):
        if self in _living:
            _living.remove(self)
            self._boot(command)
            if self.target:
                self.target.remove()

    # Programs

    def run(self, *argv, check=True, **kwargs):
        """Run a program inside to its end, as root; returns the CompletedProcess."""
        done = self._boot("exec", *map(str, argv), check=False, **kwargs)
        if check and done.returncode != 0:
            raise AssertionError(f"{self.label}: {' '.join(map(str, argv))}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def shell(self, script, check=True):
        return self.run("bash", "-euc", script, check=check)

    def start(self, *argv, **kwargs):
        """Start a program inside and return the Popen (of `boot`, which ends as the program does)."""
        return subprocess.Popen([BOOT, "exec", self.name, *map(str, argv)], **kwargs)

    # Files

    def path(self, path):
        """Where a file inside is found from out here."""
        return f"/proc/{self.init}/root{path}"

    def exists(self, path):
        return os.path.lexists(self.path(path))

    def read(self, path):
        with open(self.path(path), encoding="utf-8", errors="replace") as file:
            return file.read()

    def write(self, path, text, mode=0o644):
        os.makedirs(os.path.dirname(self.path(path)), exist_ok=True)
        with open(self.path(path), "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.path(path), mode)

    # Units

    def systemctl(self, *argv, check=True):
        return self.run("systemctl", *argv, check=check)

    def show(self, unit, name):
        return self.systemctl("show", "-P", name, unit).stdout.strip()

    def add_unit(self, name, text):
        self.write(f"{SYSTEM_UNITS}/{name}", text)
        self.systemctl("daemon-reload")

    def add_drop_in(self, unit, text, name="test"):
        """Replaces the one of that name."""
        self.add_unit(f"{unit}.d/{name}.conf", text)

    def pids_of(self, unit):
        """The pids of a service's processes as they are out here; for signals, ptrace and /proc."""
        for line in self._cgroup_roots():
            try:
                with open(f"{line}/vtapd-boot-{self.name}/system.slice/{unit}/cgroup.procs", encoding="ascii") as file:
                    return [int(word) for word in file.read().split()]
            except OSError:  # not there, or removed while it was read (ENODEV): the service has ended
                continue
        return []

    @staticmethod
    def _cgroup_roots():
        with open("/proc/mounts", encoding="utf-8") as file:
            return [words[1] for words in map(str.split, file) if words[2] == "cgroup2"]

    def sync_journal(self):
        """What was written until now is in the journal."""
        self.run("journalctl", "--sync")

    def forget_journal(self):
        """What was written until now is not shown any more."""
        self.sync_journal()
        self._since = time.time()

    def journalctl(self, *argv):
        return self.run("journalctl", "--no-pager", f"--since=@{self._since:.6f}", *argv).stdout

    def journal(self, *matches):
        """The journal's entries that match (VTAPD_SESSION=web, -u vtapd), oldest first, as dictionaries."""
        return [json.loads(line) for line in self.journalctl("--all", "-o", "json", *matches).splitlines()]

    def wait_journal(self, words, *matches, seconds=10.0):
        """Until an entry's message contains the words; returns the last one that does."""
        def there():
            return [entry for entry in self.journal(*matches) if words in str(entry.get("MESSAGE"))]
        return until(there, f'an entry with "{words}" in the journal of {self.label}', seconds,
                     seen=lambda: [entry.get("MESSAGE") for entry in self.journal(*matches)][-20:])[-1]


class Service(Vtapd):
    """vtapd.service on a machine: the lab's Vtapd, started, stopped and read as an operator does it."""

    def __init__(self, machine):  # pylint: disable=super-init-not-called
        self.machine, self.ns = machine, machine.ns
        self.directory = machine.path("/etc/vtapd")
        self.socket = machine.path("/run/vtapd/control.sock")

    def log(self):
        return self.machine.journalctl("-o", "cat", "-u", SERVICE)

    def vtapd(self, *argv, **kwargs):
        return self.machine.run("vtapd", *argv, check=False, **kwargs)

    def ctl(self, *argv, **kwargs):
        return self.machine.run("vtapctl", *argv, check=False, **kwargs)

    def configure(self, conf, **files):
        """Write vtapd.conf, and of conf.d these files and no others: configure(WEB, pay="[session pay]...")"""
        self.write("vtapd.conf", conf)
        for name in os.listdir(os.path.join(self.directory, "conf.d")):
            os.unlink(os.path.join(self.directory, "conf.d", name))
        for name, text in files.items():
            self.write(f"conf.d/{name}.conf", text)

    # The unit

    @property
    def pid(self):
        """Of the main process (not of a vtapctl that reloads), out here; 0 when there is none."""
        for pid in self.machine.pids_of(SERVICE):
            try:
                with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
                    if file.read() == "vtapd\n":
                        return pid
            except (FileNotFoundError, ProcessLookupError):
                continue
        return 0

    def show(self, name):
        return self.machine.show(SERVICE, name)

    def is_running(self):
        return self.show("ActiveState") in ("active", "reloading")

    def start(self, wait=True):
        self.machine.systemctl("start", SERVICE)
        if wait:
            self.wait_settled()
        return self

    def restart(self):
        self.machine.systemctl("restart", SERVICE)
        self.wait_settled()

    def stop(self):
        self.machine.systemctl("stop", SERVICE)
        assert self.show("Result") == "success", self.log()

    def signal(self, number):
        pid = self.pid
        assert pid, "there is a process"
        os.kill(pid, number)

    def kill(self):
        self.signal(signal.SIGKILL)

    def wait_another(self, pid, seconds=START_SECONDS):
        """Until a process other than `pid` has called itself ready; returns its pid."""
        def there():
            now = self.pid
            return now if now not in (0, pid) and self.show("SubState") == "running" else 0
        return until(there, f"a process after {pid} is ready", seconds, seen=self.log)

    def threads(self):
        """{tid: name} of the main process, out here."""
        names = {}
        for tid in os.listdir(f"/proc/{self.pid}/task"):
            with open(f"/proc/{self.pid}/task/{tid}/comm", encoding="utf-8") as file:
                names[int(tid)] = file.read().strip()
        return names

    def workers(self):
        return [tid for tid, name in self.threads().items() if name.startswith("vtapd-worker")]

    def process_status(self, tid, name):
        """A value of /proc/PID/task/TID/status."""
        with open(f"/proc/{self.pid}/task/{tid}/status", encoding="utf-8") as file:
            return re.search(rf"^{name}:\s*(.*)$", file.read(), re.MULTILINE).group(1)

    # Health and draining

    def healthz(self):
        """The answer's body, whichever its HTTP status."""
        status, body = self.request("GET", "/healthz")
        assert (status, body["state"] == "healthy") in ((200, True), (503, False)), (status, body)
        return body

    def wait_state(self, wanted, seconds=20.0):
        return until(lambda: self.status()["daemon"]["state"] == wanted, f"vtapd is {wanted}", seconds,
                     seen=lambda: (self.healthz(), self.log()))
