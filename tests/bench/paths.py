"""The ways that a mirrored frame can take to a sensor, each with an underlay and a sensor of its own, so that the same
packets can be sent down one after the other."""

import os
import re
import subprocess
import time
from typing import NamedTuple

from lab import hosts
from lab.deadline import Missed, until

from . import load
from .sensor import CORE as OTHER_CORE
from .sensor import Sensor
from .service import Service

VNI = 1
RECEIVE_BUFFER_BYTES = 1 << 30  # a whole load fits: a process that is slower than the sender loses nothing
SESSION = f"[session web]\nvni = {VNI}\ninterface = mirror-web\n"
SEEN_SECONDS = 5  # generous: a process that is late is not one that loses
DROP_ALL = "1,6 0 0 2"  # classic BPF: return TC_ACT_SHOT


class Cost(NamedTuple):
    """Nanoseconds of CPU for one frame: of the sender's core, where sending and the kernel's receiving are one, and of
    the process that carries it, on its own core. And how many frames were sent in a second."""

    kernel_ns: float
    process_ns: float
    per_second: float

    @property
    def total_ns(self):
        return self.kernel_ns + self.process_ns


def cpu_ns(pid):
    """User and system time of a whole process so far. The clock of another process: see clock_getcpuclockid(3)."""
    return time.clock_gettime_ns(~pid << 3 | 2)


class Path:
    """One way; what it is called for people and in JSON."""

    label = key = None

    def __init__(self, core=OTHER_CORE, has_sensor=True):
        self.target = hosts.Target()
        self.core = core  # of the process
        self.interface = self.sensor = None  # where the frames come out, and who reads them there
        self._has_sensor = has_sensor
        self.pid = None  # of the process that carries the frames
        self.n_sent = self._n_lost = 0
        self.open()

    def open(self):
        """Make everything, the sensor last."""
        raise NotImplementedError

    def listen(self, interface):
        self.interface = interface
        if self._has_sensor:
            self.sensor = Sensor(self.target.ns, interface)

    def cost(self, size, frames, **pace):
        """What each of so many frames costs now. `pace`: load's `rate` and `burst`; without, as fast as it goes."""
        before_ns = cpu_ns(self.pid) if self.pid else 0
        done = load.send(self.target, vni=VNI, size=size, frames=frames, **pace)
        self.n_sent += done["sent"]
        kernel_ns, per_second = (done["wall_ns"] - done["waited_ns"]) / frames, frames * 1e9 / done["wall_ns"]
        if not self.pid:
            return Cost(kernel_ns, 0, per_second)
        self.lost()
        return Cost(kernel_ns, (cpu_ns(self.pid) - before_ns) / frames, per_second)

    def lost(self):
        """Frames that were sent so far, and that the sensor has not seen although it was waited for."""
        try:
            until(lambda: self.sensor.ours() >= self.n_sent - self._n_lost, "every frame is seen", SEEN_SECONDS)
        except Missed:
            self._n_lost = self.n_sent - self.sensor.ours()
        return self._n_lost

    def losses(self):
        """Where frames were lost since the beginning, as far as somebody counts it."""
        return {"sensor": self.sensor.counted()["dropped"]}

    def delivered(self):
        """Frames that a process has written so far, whether somebody reads them or not."""
        return int(re.search(rf"{self.interface}:\s+\d+ +(\d+)", self.target.ns.read("/proc/net/dev"))[1])

    def remove(self):
        if self.sensor:
            self.sensor.remove()
        self.target.remove()


class RawCapture(Path):
    """A sensor on the underlay, which sees the frames as they come. Behind it they are dropped: nobody would listen,
    and the host would answer."""

    label, key = "raw capture", "raw"

    def open(self):
        self.target.ns.batch(["qdisc add dev eth0 clsact"], kind="tc")
        self.target.ns.run("tc", "filter", "add", "dev", "eth0", "ingress", "protocol", "all", "pref", "1",
                           "bpf", "direct-action", "bytecode", DROP_ALL)
        self.listen("eth0")


class KernelVxlan(Path):
    """What AWS shows for targets: an interface of the kernel's vxlan driver, made by hand."""

    label, key = "kernel vxlan", "kernel_vxlan"

    def open(self):
        self.target.ns.ip(f"link add vxlan0 type vxlan id {VNI} dstport 4789")
        self.target.ns.ip("link set vxlan0 up")
        self.listen("vxlan0")


class Plain(Path):
    """plain.c: one socket, one TAP, recvfrom() and write()."""

    label, key = "plain loop", "plain"

    def open(self):
        self._process = self.target.ns.start(
            "taskset", "-c", self.core, os.path.join(load.PROGRAMS, "plain"), "plain0", VNI, RECEIVE_BUFFER_BYTES,
            stdout=subprocess.PIPE, text=True)
        assert self._process.stdout.readline() == "ready\n", "plain has not begun"
        self.target.ns.ip("link set plain0 mtu 9001")
        self.pid = self._process.pid
        self.listen("plain0")

    def remove(self):
        self._process.kill()
        self._process.communicate()
        super().remove()


class _Vtapd(Path):
    """`service` carries the frames, or has the kernel do it."""

    def losses(self):
        return {**super().losses(), **self.service.target()["drops"]}

    def remove(self):
        self.service.remove()
        super().remove()


class Worker(_Vtapd):
    """vtapd without its fast path."""

    label, key = "vtapd worker", "worker"

    def open(self):
        self.service = Service(self.target, "[target default]\nfastpath = off\nworkers = 1\n"
                               f"receive-buffer = {RECEIVE_BUFFER_BYTES >> 30}G\n{SESSION}", core=self.core).start()
        self.pid = self.service.pid
        self.listen("mirror-web")


class FastPath(_Vtapd):
    """vtapd as it is shipped. It learns from the first packets where to attach."""

    label, key = "vtapd fast path", "fastpath"

    def open(self):
        self.service = Service(self.target, SESSION).start()
        self.service.warm_up(VNI)
        self.listen("mirror-web")


def alternate(paths, rounds, size, frames, **pace):
    """{path: its costs, one for each round}. Whoever comes first in one round comes last in the next."""
    costs = {path: [] for path in paths}
    for i in range(rounds):
        first = i % len(paths)
        for path in (*paths[first:], *paths[:first]):
            costs[path].append(path.cost(size, frames, **pace))
    return costs
