"""A network namespace that the test made, and removes.

How it works: names carry our pid and a counter, so parallel runs never meet. Programs are started with
`ip netns exec` (which execs: the pid is the program's own, and /sys shows the namespace). Sockets are made
by entering the namespace for a moment (`with ns:`); a socket stays in the namespace that it was born in.
"""

import ctypes
import fcntl
import itertools
import json
import os
import pickle
import signal
import socket
import struct
import subprocess
import traceback

CLONE_NEWNET = 0x40000000  # linux/sched.h
SIOCGIFFLAGS, SIOCSIFFLAGS, SIOCSIFMTU = 0x8913, 0x8914, 0x8922  # linux/sockios.h
IFF_UP = 1
ETH_P_ALL = 3

_libc = ctypes.CDLL(None, use_errno=True)
_counter = itertools.count(1)
_living = []


def _setns(fd):
    if _libc.setns(fd, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def why_not():
    """Return None if namespaces can be made here, else the reason for a person."""
    if os.geteuid() != 0:
        return "needs root (network namespaces, raw sockets)"
    try:
        ns = Namespace("probe")
    except (OSError, subprocess.CalledProcessError) as error:
        return f"cannot make network namespaces here: {error}"
    ns.remove()
    return None


def remove_all():
    """Remove every namespace of ours that is left: at the end of a run, however it ended."""
    for ns in list(_living):
        ns.remove()


class Namespace:
    """One namespace: a new one, or with `pid` a name for that of a process, which is left as it is at the end.
    `label` is for people who look at `ip netns` while a test hangs.
    """

    def __init__(self, label, pid=None):
        self.label = label
        self.name = f"vt{os.getpid()}-{next(_counter)}-{label}"
        make = ["add", self.name] if pid is None else ["attach", self.name, str(pid)]
        subprocess.run(["ip", "netns", *make], check=True, capture_output=True, text=True)
        self._is_borrowed = pid is not None
        self._fd = os.open(f"/run/netns/{self.name}", os.O_RDONLY | os.O_CLOEXEC)
        self._home = []
        self._pid = os.getpid()
        _living.append(self)

    def __repr__(self):
        return f"<{self.label} {self.name}>"

    def __enter__(self):
        self._home.append(os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC))
        _setns(self._fd)
        return self

    def __exit__(self, *exc):
        home = self._home.pop()
        _setns(home)
        os.close(home)

    def remove(self):
        """End what still runs inside (it was started by us: the namespace is ours) and remove it."""
        if self._fd < 0 or os.getpid() != self._pid:
            return
        for pid in [] if self._is_borrowed else self.pids():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        os.close(self._fd)
        self._fd = -1
        _living.remove(self)
        subprocess.run(["ip", "netns", "del", self.name], check=True, capture_output=True)

    def pids(self):
        out = subprocess.run(["ip", "netns", "pids", self.name], capture_output=True, text=True, check=False)
        return [int(word) for word in out.stdout.split()]

    # Programs

    def argv(self, *argv):
        return ["ip", "netns", "exec", self.name, *map(str, argv)]

    def run(self, *argv, check=True, **kwargs):
        """Run a program to its end and return the CompletedProcess, output as text."""
        kwargs.setdefault("capture_output", True)
        kwargs.setdefault("text", True)
        kwargs.setdefault("timeout", 60)
        done = subprocess.run(self.argv(*argv), check=False, **kwargs)
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(map(str, argv))}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def start(self, *argv, **kwargs):
        """Start a program and return the Popen; its pid is the program's own."""
        return subprocess.Popen(self.argv(*argv), **kwargs)

    def ip(self, command, check=True):
        """`ns.ip("link set eth0 up")`: the ip command, split at blanks."""
        return self.run("ip", *command.split(), check=check)

    def batch(self, lines, kind="ip", force=False):
        """Many ip (or bridge, tc) commands in one process."""
        argv = [kind, *(["-force"] if force else []), "-batch", "-"]
        return self.run(*argv, input="\n".join(lines) + "\n", check=not force)

    def call(self, function, *args):
        """Run function(*args) in a child inside the namespace and return its result (or raise its failure)."""
        read_fd, write_fd = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                _setns(self._fd)
                answer = (True, function(*args))
            except BaseException:  # pylint: disable=broad-except
                answer = (False, traceback.format_exc())
            with os.fdopen(write_fd, "wb") as pipe:
                pipe.write(pickle.dumps(answer))
            os._exit(0)
        os.close(write_fd)
        with os.fdopen(read_fd, "rb") as pipe:
            raw = pipe.read()
        os.waitpid(pid, 0)
        good, value = pickle.loads(raw)
        if not good:
            raise AssertionError(f"in {self.name}:\n{value}")
        return value

    # Sockets and settings

    def socket(self, *args):
        with self:
            return socket.socket(*args)

    def packet_socket(self, interface, protocol=ETH_P_ALL):
        """An AF_PACKET socket bound to an interface, with a large receive buffer."""
        sock = self.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        sock.setsockopt(socket.SOL_SOCKET, 33, 1 << 28)  # SO_RCVBUFFORCE
        sock.bind((interface, protocol))
        return sock

    def sysctl(self, **values):
        """`ns.sysctl(net__ipv4__ip_forward=1)`: a double underscore is a slash, a single one stays."""
        with self:
            for key, value in values.items():
                with open("/proc/sys/" + key.replace("__", "/"), "w", encoding="ascii") as file:
                    file.write(str(value))

    def read(self, path):
        """A file of /proc/net or /proc/sys as this namespace sees it."""
        with self, open(path.replace("/proc/net", "/proc/thread-self/net"), encoding="ascii") as file:
            return file.read()

    # Interfaces

    def links(self):
        """Every interface by name, with details and statistics, as `ip -json` tells it."""
        rows = json.loads(self.run("ip", "-json", "-details", "-statistics", "link", "show").stdout or "[]")
        return {row["ifname"]: row for row in rows if row}

    def link(self, name):
        """One interface, or None."""
        done = self.run("ip", "-json", "-details", "-statistics", "link", "show", "dev", name, check=False)
        return json.loads(done.stdout)[0] if done.returncode == 0 else None

    def has(self, name):
        with self:
            return name in (name for _, name in socket.if_nameindex())

    def ifindex(self, name):
        with self:
            return socket.if_nametoindex(name)

    def is_up(self, name):
        with self, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            try:
                return bool(_flags(sock, name) & IFF_UP)
            except OSError:
                return False

    def set_down(self, name):
        """By ioctl, in microseconds: for those who undo things faster than `ip` could."""
        with self, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sh14x", name.encode(), _flags(sock, name) & ~IFF_UP))

    def flap_mtu(self, name, times):
        """Change an interface's MTU `times` times: as many pieces of link news as fast as the kernel goes."""
        with self, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            for i in range(times):
                fcntl.ioctl(sock, SIOCSIFMTU, struct.pack("16si12x", name.encode(), 1400 + i % 2))

    def addresses(self):
        return self.run("ip", "-o", "address", "show").stdout

    def routes(self):
        show = (self.run("ip", family, "route", "show", "table", "all").stdout for family in ("-4", "-6"))
        return "\n".join(show)


def _flags(sock, name):
    answer = fcntl.ioctl(sock, SIOCGIFFLAGS, struct.pack("16s16x", name.encode()))
    return struct.unpack("16xH14x", answer)[0]


def wire(left, left_name, right, right_name, left_mac=None, right_mac=None, mtu=1500):
    """A veth pair between two namespaces, both ends up."""
    left.ip(f"link add {left_name} {_mac(left_mac)} mtu {mtu} type veth"
            f" peer name {right_name} {_mac(right_mac)} mtu {mtu} netns {right.name}")
    left.ip(f"link set {left_name} up")
    right.ip(f"link set {right_name} up")


def _mac(address):
    return f"address {address}" if address else ""
