"""One vtapd under test: its files, its process, its control socket.

VTAPD_BIN and VTAPCTL_BIN name other binaries than those of build/ (a sanitizer's, for instance).
"""

import glob
import http.client
import json
import mmap
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

from .deadline import steady, until
from .scrape import Scrape

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VTAPD = os.environ.get("VTAPD_BIN", os.path.join(REPOSITORY, "build/daemon/vtapd"))
VTAPCTL = os.environ.get("VTAPCTL_BIN", os.path.join(REPOSITORY, "build/daemon/ctl/vtapctl"))
SANITIZED = re.compile(r"AddressSanitizer|LeakSanitizer|ThreadSanitizer|UndefinedBehavior|runtime error:|Assertion")
SETTLED = ("ready", "waiting")
START_SECONDS = 20  # generous: sanitizer builds on a loaded machine
ON_THE_WAY_S = 0.05  # counters that have not moved this long have seen all that was sent


def has_sanitizer():
    """Was VTAPD built with one? Then its memory says nothing: freed blocks are kept for a while, or shadowed."""
    with open(VTAPD, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as binary:
        return binary.find(b"__asan_init") >= 0 or binary.find(b"__tsan_init") >= 0


def thread_state(path):
    """The letter in a thread's /proc/.../stat, behind its name (proc(5))."""
    with open(path, encoding="ascii") as file:
        return file.read().rpartition(")")[2].split()[0]


def standing(pid):
    """Where a process that should go on stands: its command line, and of each thread what it waits for in the kernel."""
    lines = []
    for path in [f"/proc/{pid}/cmdline", *sorted(glob.glob(f"/proc/{pid}/task/*/[cws]*"))]:
        if os.path.basename(path) in ("cmdline", "comm", "wchan", "stack", "syscall", "schedstat", "status"):
            try:
                with open(path, encoding="utf-8", errors="replace") as file:
                    lines.append(f"{path}: {file.read()}".replace("\0", " ").rstrip())
            except OSError as error:
                lines.append(f"{path}: {error}")
    return "\n".join(lines)


class _Unix(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=30)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Vtapd:
    """A daemon in a namespace, in the foreground, its stderr in a file.

    `conf` is the text of vtapd.conf, `files` those of conf.d by name. The folder is root's and may be
    entered by everybody, as /etc/vtapd and /run/vtapd may.
    """

    def __init__(self, ns, conf, files=None, notify=None):
        self.ns, self.notify = ns, notify
        self.directory = tempfile.mkdtemp(prefix="vtapd-test-")
        os.chmod(self.directory, 0o755)
        self.conf = os.path.join(self.directory, "vtapd.conf")
        self.runtime = os.path.join(self.directory, "run")
        self.socket = os.path.join(self.runtime, "control.sock")
        self._stderr = os.path.join(self.directory, "stderr")
        self.process = None
        self.prefix = []  # a program that runs vtapd for us, where a test wants one
        self.binary = VTAPD  # or of another version
        os.mkdir(os.path.join(self.directory, "conf.d"), 0o755)
        self.write("vtapd.conf", conf)
        for name, text in (files or {}).items():
            self.write(f"conf.d/{name}", text)

    # Files

    def write(self, name, text, mode=0o644):
        """As a whole: a reload under way reads the former file or the new one."""
        path = os.path.join(self.directory, name)
        with open(f"{path}.new", "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())
        os.chmod(f"{path}.new", mode)
        os.replace(f"{path}.new", path)
        return path

    def unlink(self, name):
        os.unlink(os.path.join(self.directory, name))

    def log(self):
        if not os.path.exists(self._stderr):
            return ""
        with open(self._stderr, encoding="utf-8", errors="replace") as file:
            return file.read()

    def log_lines(self, *words):
        """The log lines that contain every word."""
        return [line for line in self.log().splitlines() if all(word in line for word in words)]

    # Process

    def command(self, *argv):
        return [*self.prefix, self.binary, "-c", self.conf, "--runtime-dir", self.runtime, *argv]

    def vtapd(self, *argv, **kwargs):
        """Run vtapd to its end with our files: --check, --teardown, a second one."""
        return self.ns.run(*self.command(*argv), check=False, **kwargs)

    def start(self, wait=True):
        environment = {key: value for key, value in os.environ.items() if key != "NOTIFY_SOCKET"}
        if self.notify:
            environment["NOTIFY_SOCKET"] = self.notify.path
        with open(self._stderr, "ab") as log:
            self.process = self.ns.start(*self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                         env=environment)
        if wait:
            self.wait_settled()
        return self

    @property
    def pid(self):
        return self.process.pid

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def wait_settled(self):
        """Until every session is ready or has a reported reason, which is when vtapd calls itself ready."""
        def settled():
            assert self.is_running(), f"vtapd ended with {self.process.returncode}:\n{self.log()}"
            try:
                return all(session["state"] in SETTLED for session in self.status()["sessions"])
            except (OSError, http.client.HTTPException):
                return False
        until(settled, "vtapd has settled", START_SECONDS,
              seen=lambda: f"{self.log()}\n{os.listdir(self.directory)}\n{standing(self.pid)}")

    def signal(self, number):
        """A daemon that is told to stop for a while has done so on return, each of its threads."""
        self.process.send_signal(number)
        if number == signal.SIGSTOP:
            until(lambda: set(map(thread_state, glob.glob(f"/proc/{self.process.pid}/task/*/stat"))) == {"T"},
                  "every thread stands still")

    def wait_exit(self, seconds=START_SECONDS):
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"vtapd did not end within {seconds} s:\n{self.log()}") from None

    def stop(self):
        """SIGTERM, and the exit status must be 0."""
        self.signal(signal.SIGTERM)
        assert self.wait_exit() == 0, f"exit {self.process.returncode}:\n{self.log()}"

    def kill(self):
        self.signal(signal.SIGKILL)
        self.wait_exit()

    def remove(self, check=True):
        """End it and look back: counters add up, exit status 0, nothing from a sanitizer."""
        try:
            if self.is_running():
                self.signal(signal.SIGCONT)
                if check:
                    self.assert_adds_up()
                    self.stop()
                else:
                    self.kill()
            found = SANITIZED.search(self.log())
            assert not found, f"sanitizer output:\n{self.log()}"
        finally:
            if self.is_running():
                self.kill()
            shutil.rmtree(self.directory, ignore_errors=True)

    def ids(self):
        """(uid, gid) of the process."""
        with open(f"/proc/{self.pid}/status", encoding="ascii") as file:
            text = file.read()
        return tuple(int(re.search(rf"^{name}:\s+(\d+)", text, re.MULTILINE).group(1)) for name in ("Uid", "Gid"))

    def rss_kib(self):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as file:
            return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1))

    # Control

    def ctl(self, *argv, **kwargs):
        """Run vtapctl; returns the CompletedProcess whatever its exit status is."""
        done = self.ns.run(VTAPCTL, "--socket", self.socket, *argv, check=False, **kwargs)
        assert not SANITIZED.search(done.stderr), done.stderr
        return done

    def _request(self, method, path):
        connection = _Unix(self.socket)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def request(self, method, path):
        """(HTTP status, decoded JSON): one request on a connection of its own."""
        status, body = self._request(method, path)
        return status, json.loads(body)

    def get(self, path):
        status, body = self.request("GET", path)
        assert status == 200, f"GET {path}: {status} {body}"
        assert body["version"] == 1, body
        return body

    def status(self):
        return self.get("/v1/status")

    def metrics(self):
        """What /metrics tells now, by the control socket, where no answer is given twice."""
        status, body = self._request("GET", "/metrics")
        assert status == 200, f"GET /metrics: {status} {body}"
        return Scrape(body.decode())

    def target(self, name="default"):
        return next(target for target in self.status()["targets"] if target["name"] == name)

    def session(self, name):
        return next(session for session in self.status()["sessions"] if session["name"] == name)

    def match(self, vni, source):
        return self.get(f"/v1/match?vni={vni}&source={source}")["results"][0]

    def unknown(self):
        return self.get("/v1/unknown")

    def wait_session(self, name, seconds=10.0, **wanted):
        """Until the session has these values: wait_session("web", state="ready", repairs=1)."""
        def there():
            session = self.session(name)
            return session if all(session[key] == value for key, value in wanted.items()) else None
        return until(there, f"session {name} is {wanted}", seconds,
                     seen=lambda: f"{ {key: self.session(name)[key] for key in (*wanted, 'message')} }\n{self.log()}")

    def wait_received(self, count, target="default", seconds=10.0):
        """Until `count` packets were received in all; returns the target's row."""
        def there():
            row = self.target(target)
            return row if row["received"] >= count else None
        return until(there, f"{count} packets received", seconds, seen=lambda: self.target(target))

    def quiet(self):
        """The target's row once nothing is on its way any more."""
        return steady(self.target, "the target's counters", for_s=ON_THE_WAY_S)

    def assert_adds_up(self):
        """Law 2: received = delivered + the drops by reason, everywhere; sessions are part of their target."""
        steady(lambda: [row["received"] for row in self.status()["targets"]], "traffic", for_s=ON_THE_WAY_S)
        status = self.status()
        for row in status["targets"] + status["sessions"]:
            assert row["received"] == row["delivered"] + row["dropped"], row
            assert row["dropped"] == sum(row["drops"].values()), row
            assert "delivered" not in row["drops"], row
        told = self.metrics()
        for row in status["targets"]:
            self._assert_told_adds_up(told, row["name"])

    @staticmethod
    def _assert_told_adds_up(told, target):
        received, delivered = (told.value(f"vtapd_target_{what}_total", target=target)
                               for what in ("received_packets", "delivered_frames"))
        dropped = told.by("vtapd_target_dropped_packets_total", "verdict", target=target)
        assert received == delivered + sum(dropped.values()), told.text
        paths = told.by("vtapd_target_path_frames_total", "path", target=target)
        assert not paths or sum(paths.values()) == delivered, told.text

    def reload(self, expect=0):
        done = self.ctl("reload")
        assert done.returncode == expect, f"reload: exit {done.returncode}\n{done.stdout}{done.stderr}{self.log()}"
        return done


class Notify:
    """What a daemon tells its service manager: the receiving end of NOTIFY_SOCKET.

    It is emptied all the time, as systemd does: sd_notify() blocks once some ten messages wait.
    """

    def __init__(self, directory):
        self.path = os.path.join(directory, "notify")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)
        self.messages = []
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self):
        while True:
            message = self._socket.recv(65536).decode()
            if not message:
                return
            self.messages.append(message)

    def lines(self):
        """Every line received so far, oldest first."""
        return [line for message in list(self.messages) for line in message.splitlines()]

    def wait(self, start, count=1, seconds=10.0):
        """Until `count` lines begin with `start`; returns the last one."""
        def there():
            found = [line for line in self.lines() if line.startswith(start)]
            return found[count - 1] if len(found) >= count else None
        return until(there, f"{start} was notified {count} times", seconds, seen=lambda: self.messages)

    def close(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", self.path)
        self._thread.join()
        self._socket.close()
        os.unlink(self.path)


class Store(Notify):
    """The same for a service manager that keeps descriptors, and closes them this long after it was told to."""

    def __init__(self, directory, late_s):
        self._late_s, self._kept = late_s, {}
        super().__init__(directory)

    def _listen(self):
        while True:
            message, fds, _, _ = socket.recv_fds(self._socket, 65536, 16)
            lines = dict(line.partition("=")[::2] for line in message.decode().splitlines())
            self.messages.append(message.decode())
            kept = self._kept.setdefault(lines.get("FDNAME"), [])
            kept += fds
            if "FDSTOREREMOVE" in lines or not message:
                time.sleep(self._late_s)
            while kept and "FDSTORE" not in lines:
                os.close(kept.pop())
            if not message:
                return

    def close(self):
        super().close()
        for kept in self._kept.values():
            while kept:
                os.close(kept.pop())
