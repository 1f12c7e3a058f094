"""vtapd in namespaces, as tests/netns has it, but started by systemd with every setting of the packaged vtapd.service.

How it works: a template unit is the packaged one, word for word, with a drop-in for what a test chooses: the files, the
network namespace, the runtime folder, and that nobody restarts it. The instance is the last part of the folder's name.
Only for machines of tests/systemd: VTAPD_IN_UNIT is set there, and tests/systemd/in_unit has called make_template().
"""

import os
import select
import shutil
import signal
import subprocess
import unittest

from . import daemon
from .deadline import until

UNITS = "/run/systemd/system"
NAMESPACES = "/run/vtapd-test-ns"  # a link for each instance
FOLDER = "vtapd-test-"  # of daemon.Vtapd
DROP_IN = f"""[Service]
ExecStart=
ExecStart={daemon.VTAPD} -c /tmp/{FOLDER}%i/vtapd.conf --runtime-dir /run/{FOLDER}%i
NetworkNamespacePath={NAMESPACES}/%i
BindReadOnlyPaths=/tmp/{FOLDER}%i
RuntimeDirectory=
RuntimeDirectory={FOLDER}%i
StandardError=append:/tmp/{FOLDER}%i/stderr
Restart=no
"""


def is_wanted():
    return bool(os.environ.get("VTAPD_IN_UNIT"))


def _systemctl(*argv):
    return subprocess.run(["systemctl", *argv], capture_output=True, text=True, check=False).stdout.strip()


def make_template():
    """Once on a machine; the packaged unit is found where systemd found it."""
    path = f"{UNITS}/vtapd-test@.service"
    os.makedirs(f"{path}.d")
    os.makedirs(NAMESPACES)
    shutil.copy(_systemctl("show", "-P", "FragmentPath", "vtapd.service"), path)
    with open(f"{path}.d/test.conf", "w", encoding="ascii") as file:
        file.write(DROP_IN)
    _systemctl("daemon-reload")


class _Process:
    """The main process of a unit, with the part of subprocess.Popen that daemon.Vtapd uses."""

    def __init__(self, unit):
        self._unit, self.returncode = unit, None
        self.pid = int(_systemctl("show", "-P", "MainPID", unit))
        self._fd = os.pidfd_open(self.pid) if self.pid else None

    def poll(self):
        if self.returncode is None and (self._fd is None or select.select([self._fd], [], [], 0)[0]):
            self._collect()
        return self.returncode

    def wait(self, timeout):
        if self._fd is not None and self.returncode is None and not select.select([self._fd], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired(self._unit, timeout)
        return self.poll()

    def send_signal(self, number):
        signal.pidfd_send_signal(self._fd, number)

    def _collect(self):
        """systemd forgets a unit that ended well; 0 is what it says of one that it does not know."""
        def over():
            rows = dict(row.split("=", 1) for row in _systemctl(
                "show", "-p", "ActiveState,ExecMainCode,ExecMainStatus", self._unit).splitlines())
            return rows if rows["ActiveState"] in ("inactive", "failed") else None
        rows = until(over, f"systemd has seen the end of {self._unit}")
        status = int(rows["ExecMainStatus"])
        self.returncode = status if rows["ExecMainCode"] in ("0", str(os.CLD_EXITED)) else -status
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


class Vtapd(daemon.Vtapd):
    """daemon.Vtapd as a service."""

    def __init__(self, ns, conf, files=None, notify=None):
        assert not notify, "a unit tells systemd"
        super().__init__(ns, conf, files)
        self._instance = os.path.basename(self.directory)[len(FOLDER):]
        self._unit = f"vtapd-test@{self._instance}.service"
        self.runtime = os.path.join("/run", FOLDER + self._instance)
        self.socket = os.path.join(self.runtime, "control.sock")

    def start(self, wait=True):
        if self.prefix:
            raise unittest.SkipTest(f"not in a unit: {os.path.basename(self.prefix[0])} would start vtapd")
        link = os.path.join(NAMESPACES, self._instance)
        if os.path.lexists(link):
            os.unlink(link)
        os.symlink(f"/run/netns/{self.ns.name}", link)
        _systemctl("start", self._unit)
        self.process = _Process(self._unit)
        if wait:
            self.wait_settled()
        return self

    def remove(self, check=True):
        try:
            super().remove(check)
        finally:
            _systemctl("reset-failed", self._unit)
            shutil.rmtree(self.runtime, ignore_errors=True)
