"""The law: top shows what was measured, at any size of the terminal, and gives the terminal back however it ends."""

import fcntl
import os
import pty
import re
import select
import shlex
import shutil
import signal
import struct
import subprocess
import termios

import pytest

from conftest import MODES
from lab import frames
from lab.daemon import VTAPCTL
from lab.deadline import until

KEYS = "q quit  f frames  b bits  d drops  n name"
TWO = "[session web]\nvni = 4321\n[session db]\nvni = 4400\n"
pytestmark = pytest.mark.skipif(not shutil.which("tmux"), reason="needs tmux")


class Terminal:
    """tmux with one window: a shell that runs the program between two looks at the terminal's settings."""

    def __init__(self, ns, directory, width, height, environment):
        self._directory, self._settings = directory, [os.path.join(directory, f"stty{i}") for i in range(2)]
        self._tmux = ["tmux", "-S", os.path.join(directory, "tmux"), "-f", "/dev/null"]
        environment = {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **environment}
        environment.pop("TMUX", None)
        self.run("new-session", "-d", "-x", str(width), "-y", str(height), shlex.join(ns.argv("bash", "--norc")), env=environment)
        self.type("PS1='$ '; clear", "Enter")
        until(lambda: self.lines() == ["$"], "a prompt", seen=self.lines)

    def run(self, *argv, **kwargs):
        return subprocess.run([*self._tmux, *argv], check=True, capture_output=True, text=True, timeout=20, **kwargs).stdout

    def type(self, *keys):
        self.run("send-keys", *keys)

    def resize(self, width, height):
        self.run("resize-window", "-x", str(width), "-y", str(height))

    def lines(self, *options):
        """What the screen shows, without the empty lines below."""
        return self.run("capture-pane", "-p", *options).rstrip("\n").split("\n")

    def start(self, command):
        """Between two looks at the settings; `exit 0` stands below at the end."""
        before, after = self._settings
        path = os.path.join(self._directory, "script")
        with open(path, "w", encoding="utf-8") as script:
            script.write(f"stty -a > {before}\n{command}\necho exit $?\nstty -a > {after}\n")
        self.type(f". {path}", "Enter")

    def wait(self, *words, seconds=15):
        """Until each of them stands on the screen; returns its lines."""
        def there():
            lines = self.lines()
            return lines if all(any(re.search(word, line) for line in lines) for word in words) else None
        return until(there, f"{words} on the screen", seconds, seen=self.lines)

    def wait_end(self, status):
        """It has ended, the shell's own screen is back, and the terminal is as it was."""
        lines = self.wait(rf"^exit {status}$", r"^\$ *$")
        assert not any(KEYS in line for line in lines), lines
        until(lambda: os.path.exists(self._settings[1]) and self._read(1), "the settings were read")
        assert self._read(0) == self._read(1)
        assert self.run("display-message", "-p", "#{alternate_on} #{cursor_flag}") == "0 1\n", "screen and cursor are back"

    def _read(self, i):
        with open(self._settings[i], encoding="ascii") as file:
            return re.sub(r"rows \d+; columns \d+", "", file.read())

    def close(self):
        self.run("kill-server")


@pytest.fixture
def make_terminal(ns, tmp_path_factory):
    made = []

    def make(width=100, height=16, **environment):
        made.append(Terminal(ns, str(tmp_path_factory.mktemp("tty")), width, height, environment))
        return made[-1]
    yield make
    for terminal in made:
        terminal.close()


@pytest.fixture
def terminal(make_terminal):
    return make_terminal()


def command(vtapd, *argv):
    return shlex.join([VTAPCTL, "--socket", vtapd.socket, "top", *argv])


def pid_of_top(ns):
    """The one vtapctl in the namespace."""
    def found():
        for pid in ns.pids():
            try:
                if os.path.basename(os.readlink(f"/proc/{pid}/exe")) == "vtapctl":
                    return pid
            except OSError:
                pass
        return None
    return until(found, "vtapctl runs")


@pytest.fixture
def vtapd(make_vtapd):
    return make_vtapd(TWO)


@pytest.fixture
def traffic(mirror):
    """traffic(): one round of frames: ten for web, one for db, one for nobody."""
    def send():
        for _ in range(10):
            mirror.send(4321, frames.numbered(1) + bytes(800))
        mirror.send(4400, frames.numbered(2))
        mirror.send(9999, frames.numbered(3))
    return send


def keep_sending(terminal, traffic, *words):
    """Until the screen shows this: rates are 0 again a second after the last frame."""
    def there():
        traffic()
        lines = terminal.lines()
        return lines if all(any(re.search(word, line) for line in lines) for word in words) else None
    return until(there, f"{words} on the screen", 20, seen=terminal.lines)


def rows_of(lines):
    """The names in the table, in their order."""
    start = next(i for i, line in enumerate(lines) if line.startswith("SESSION"))
    return [line.split()[0] for line in lines[start + 1:] if line and not line.startswith(("q quit", "and "))]


# What it shows

def test_top_when_frames_come_then_rates_charts_and_what_no_session_takes(vtapd, terminal, traffic):
    terminal.start(command(vtapd))
    lines = keep_sending(terminal, traffic, r"^web +mirror-web +[1-9][\d,]* .* B +0 .*[▁-▇]$", r"^\(unknown\) +[1-9].* B ")
    assert re.search(r"^default  auto:4789  fast path .*\d\d:\d\d:\d\d  every 1 s$", lines[0]), lines
    assert rows_of(lines) == ["web", "db", "(unknown)"]
    assert any(line.startswith(KEYS) for line in lines)


def test_top_when_keys_are_typed_then_sorted_by_them(vtapd, terminal, traffic):
    terminal.start(command(vtapd))
    assert rows_of(keep_sending(terminal, traffic, r"^web .*[1-9]"))[:2] == ["web", "db"]
    terminal.type("n")
    until(lambda: rows_of(terminal.lines())[:2] == ["db", "web"], "sorted by name", seen=terminal.lines)
    terminal.type("b")
    until(lambda: traffic() or rows_of(terminal.lines())[:2] == ["web", "db"], "sorted by bits", seen=terminal.lines)


def test_top_when_resized_then_it_fills_the_new_size_and_no_more(make_vtapd, terminal):
    vtapd = make_vtapd("".join(f"[session s{i:02}]\nvni = {i}\n" for i in range(1, 41)))
    terminal.start(command(vtapd))
    assert len(rows_of(terminal.wait("and 30 more sessions"))) == 10
    terminal.resize(60, 10)
    lines = terminal.wait("and 37 more sessions")
    assert max(map(len, lines)) <= 60 and len(lines) == 10, lines
    terminal.resize(150, 60)
    assert len(rows_of(terminal.wait("^s40 "))) == 40
    terminal.type("q")
    terminal.wait_end(0)


def test_top_when_the_line_is_slow_then_only_what_changes_is_sent(make_vtapd):
    """A frame of forty sessions would take a line of 9,600 baud four seconds, and keys would wait for it."""
    vtapd = make_vtapd("".join(f"[session s{i:02}]\nvni = {i}\n" for i in range(1, 41)))
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 100, 0, 0))
    top = vtapd.ns.start(*shlex.split(command(vtapd)), stdin=subprocess.DEVNULL, stdout=its,
                         env={**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8"})
    sent = b""

    def frames_sent():
        nonlocal sent
        while select.select([ours], [], [], 0)[0]:
            sent += os.read(ours, 65536)
        return sent.split(b"\033[H")[1:]
    until(lambda: len(frames_sent()) > 4, "some frames", seen=lambda: sent)
    top.terminate()
    top.wait()
    for end in (ours, its):
        os.close(end)
    first, *_, late, _ = sent.split(b"\033[H")[1:]  # rates are not known in the first one; the last one may be half
    assert len(first) > 2000 and len(late) < 400, (len(first), late)
    assert b" every 1 s" in late and b"s01" not in late, late


def test_top_when_the_locale_is_c_then_ascii(vtapd, make_terminal, traffic):
    terminal = make_terminal(LC_ALL="C")
    terminal.start(command(vtapd))
    lines = keep_sending(terminal, traffic, r"^web +mirror-web +[1-9].*#$")
    assert "\n".join(lines).isascii()


def test_top_when_no_colour_is_wanted_then_none(vtapd, make_terminal, traffic):
    terminal = make_terminal(NO_COLOR="1")
    terminal.start(command(vtapd))
    keep_sending(terminal, traffic, r"^\(unknown\) +[1-9]")
    assert "\033[" not in "\n".join(terminal.lines("-e"))


# How it ends

@pytest.mark.parametrize("key", ["q", "C-c"])
def test_top_when_quit_then_0_and_the_terminal_is_as_before(key, vtapd, terminal):
    terminal.start(command(vtapd))
    terminal.wait(KEYS)
    terminal.type(key)
    terminal.wait_end(0)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGQUIT"])
def test_top_when_a_signal_ends_it_then_that_does_and_the_terminal_is_as_before(name, vtapd, terminal, ns):
    terminal.start(command(vtapd))
    terminal.wait(KEYS)
    number = getattr(signal, name)
    os.kill(pid_of_top(ns), number)
    terminal.wait_end(128 + number)


def test_top_when_several_keys_are_typed_at_once_then_each_is_taken(vtapd, terminal):
    """But for those that are one key of the keyboard, and send letters."""
    terminal.start(command(vtapd))
    before = terminal.wait(KEYS)[0]
    terminal.type("-l", "\033Oq")
    until(lambda: terminal.lines()[0].endswith("every 1 s") and terminal.lines()[0] != before, "it goes on",
          seen=terminal.lines)
    terminal.type("-l", "nbxq")
    terminal.wait_end(0)


def state_of(pid):
    """R, S, T …, or None once it is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0]
    except OSError:
        return None


@pytest.mark.parametrize("by", ["key", "signal"])
def test_top_when_stopped_then_it_goes_on_where_it_was(by, vtapd, terminal, ns):
    """By its key, the terminal is given back first; SIGSTOP leaves no time for that, and the shell sees to the settings."""
    terminal.type("set -m", "Enter")
    terminal.type(command(vtapd), "Enter")
    terminal.wait(KEYS)
    if by == "key":
        terminal.type("C-z")
        assert KEYS not in "\n".join(terminal.wait("Stopped"))
    else:
        os.kill(pid_of_top(ns), signal.SIGSTOP)
        terminal.wait("Stopped")
        terminal.type("clear", "Enter")
    terminal.type("stty -a", "Enter")
    terminal.wait(r" icanon ", r" echo ")
    terminal.type("fg", "Enter")
    terminal.wait(KEYS, "^web ")
    terminal.type("q")
    until(lambda: KEYS not in "\n".join(terminal.lines()), "it has ended", seen=terminal.lines)


def test_top_when_the_daemon_goes_and_comes_back_then_it_says_so_and_goes_on(vtapd, terminal, traffic):
    terminal.start(command(vtapd))
    terminal.wait("^web ")
    vtapd.stop()
    lines = terminal.wait(r"^vtapd does not answer since \d\d:\d\d:\d\d; it is asked again every 1 s\.$", KEYS)
    assert f"nobody listens at {vtapd.socket}"[:90] in lines[1] and "web" not in "\n".join(lines), lines
    vtapd.start()
    keep_sending(terminal, traffic, r"^web +mirror-web +[1-9]")
    terminal.type("q")
    terminal.wait_end(0)


def test_top_when_the_daemon_hangs_then_keys_are_taken_nevertheless(vtapd, terminal):
    terminal.start(command(vtapd))
    terminal.wait("^web ")
    vtapd.signal(signal.SIGSTOP)
    try:
        terminal.wait("^vtapd does not answer since", "did not answer in time")
        terminal.type("q")
        terminal.wait_end(0)
    finally:
        vtapd.signal(signal.SIGCONT)


# Without a terminal

def test_top_when_output_is_no_terminal_then_one_table_after_one_interval(vtapd, traffic):
    traffic()
    done = vtapd.ctl("top")
    lines = done.stdout.splitlines()
    assert done.returncode == 0 and not done.stderr, done
    assert lines[0].endswith("  over 1 s") and lines[2] == "SESSION  INTERFACE   FRAMES/s  BITS/s  AVG SIZE  DROPS/s"
    assert sorted(rows_of(lines)) == ["(unknown)", "db", "web"] and "\033" not in done.stdout, lines


def test_top_when_the_kernel_counts_then_its_rates_and_what_it_hides(make_vtapd, mirror):
    vtapd = make_vtapd(MODES["vxlan"])
    done = vtapd.ns.start(*shlex.split(command(vtapd)), stdout=subprocess.PIPE, text=True)
    while done.poll() is None:
        mirror.send(4321, frames.numbered(1) + bytes(800))
    lines = done.stdout.read().splitlines()
    assert "  kernel  " in lines[0], lines
    assert any(re.match(r"web +mirror-web +[1-9][\d,]* +\S+ \S +8\d\d B +0$", line) for line in lines), lines
    assert any(re.match(r"\(unknown\) +- +- +- +-  not counted by the kernel$", line) for line in lines), lines


def test_top_when_once_then_the_screen_is_left_alone(vtapd, terminal):
    terminal.start(command(vtapd, "--once"))
    lines = terminal.wait(r"^exit 0$", r"^\$ *$")
    assert any(line.endswith("over 1 s") for line in lines), lines
    assert "web" in rows_of(lines) and KEYS not in "".join(lines)


def test_top_when_the_terminal_is_dumb_then_as_once(vtapd, terminal):
    terminal.start("TERM=dumb " + command(vtapd))
    lines = terminal.wait(r"^exit 0$", r"^\$ *$")
    assert any(line.endswith("over 1 s") for line in lines), lines
    assert KEYS not in "".join(lines) and not any("1049" in line for line in lines), lines


def test_top_when_put_into_the_background_then_it_rests_and_can_be_ended(ns, vtapd, terminal):
    terminal.type("set -m", "Enter")
    terminal.type(command(vtapd), "Enter")
    terminal.wait(KEYS)
    pid = pid_of_top(ns)
    terminal.type("C-z")
    terminal.wait("Stopped")
    terminal.type("clear; bg", "Enter")
    until(lambda: KEYS not in "\n".join(terminal.lines()), "the shell has its screen", seen=terminal.lines)
    until(lambda: state_of(pid) == "T", "it rests", seen=lambda: state_of(pid))
    terminal.type("kill %1", "Enter")
    # not every shell takes its status before the next command
    until(lambda: state_of(pid) in (None, "Z"), "it has ended", seen=lambda: state_of(pid))


@pytest.mark.parametrize("argv, words", [
    (["--json"], "vtapctl --json status"), (["--interval", "0"], '--interval: "0": seconds, 1..60'),
    (["--interval", "x"], "seconds, 1..60"), (["extra"], "is too much"), (["--wait"], "--wait belongs to drain only")],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_top_when_called_wrongly_then_64(argv, words, vtapd):
    done = vtapd.ctl("top", *argv)
    assert done.returncode == 64 and words in done.stderr and not done.stdout, done
    assert vtapd.ctl("status", "--interval", "2").stderr == "vtapctl: status: --interval belongs to top only\n"


def test_top_when_there_is_no_daemon_then_69_and_no_screen(make_vtapd, terminal):
    vtapd = make_vtapd(TWO, start=False)
    assert vtapd.ctl("top").returncode == 69
    terminal.start(command(vtapd))
    assert any("vtapd is not running" in line for line in terminal.wait(r"^exit 69$"))
