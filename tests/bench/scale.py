"""A thousand interfaces up and down: vtapd in both modes, and what an administrator types instead.

What is typed makes less: no jumbo MTU, no fixed MAC, no alias, IPv6, ARP and GRO as they come, no guard.
"""

import time

from lab import hosts
from lab.daemon import VTAPCTL
from lab.deadline import until
from lab.frames import VXLAN_PORT

from . import table
from .service import Service
from .spread import Spread

COUNT = 1000
ROUNDS = 3
SECONDS = 300  # for a thousand `ip link del`, each a process, on a slow machine
FIRST_VNI = 10_000
GROUP = 4711
NAMES = [f"mirror-s{i}" for i in range(COUNT)]
SESSIONS = "".join(f"[session s{i}]\nvni = {FIRST_VNI + i}\n" for i in range(COUNT))
ADDS = [f"link add {name} type vxlan id {FIRST_VNI + i} dstport {VXLAN_PORT} nolearning"
        for i, name in enumerate(NAMES)]
UPS = [f"link set {name} up" for name in NAMES]
DELS = [f"link del {name}" for name in NAMES]


class Way:
    """How they come, and how they go."""

    key = label = None

    def __init__(self, target):
        self.target, self.ns = target, target.ns

    def up(self):
        raise NotImplementedError

    def down(self):
        raise NotImplementedError

    def close(self):
        pass

    def batch(self, lines):
        """All in one process, as a script does who knows `ip -batch`."""
        self.ns.run("ip", "-batch", "-", input="\n".join(lines) + "\n", timeout=SECONDS)


class Vtapd(Way):
    """A process starts with all of them configured, until every one is ready; a reload leaves none."""

    mode = None

    def __init__(self, target):
        super().__init__(target)
        self._head = f"[target default]\nunderlay = eth0\nmode = {self.mode}\n"
        self._service = Service(target, self._head + SESSIONS)

    def up(self):
        self._service.start(wait=False)
        until(lambda: self._service.log_lines("ready in"), f"{COUNT} sessions are ready", SECONDS,
              seen=self._service.log)

    def down(self):
        self._service.write("vtapd.conf", self._head)
        self.ns.run(VTAPCTL, "--socket", self._service.socket, "reload", timeout=SECONDS)

    def close(self):
        self._service.remove()


class VxlanMode(Vtapd):
    key, label, mode = "vtapd_vxlan", "vtapd, mode = vxlan", "vxlan"


class TapMode(Vtapd):
    key, label, mode = "vtapd_tap", "vtapd, mode = tap", "tap"


class OneByOne(Way):
    """Three commands for each, every one a process."""

    key, label = "ip", "ip link, one by one"

    def up(self):
        commands = zip(ADDS, UPS)
        self.ns.run("sh", "-c", "\n".join(f"ip {add} && ip {up} || exit" for add, up in commands), timeout=SECONDS)

    def down(self):
        self.ns.run("sh", "-c", "\n".join(f"ip {command} || exit" for command in DELS), timeout=SECONDS)


class Batch(Way):
    key, label = "ip_batch", "ip -batch"

    def up(self):
        self.batch([line for pair in zip(ADDS, UPS) for line in pair])

    def down(self):
        self.batch(DELS)


class Grouped(Batch):
    """One who knows that a group goes at once, and has given his a number of their own."""

    key, label = "ip_group", "ip -batch, link del group"

    def up(self):
        self.batch([line for add, up in zip(ADDS, UPS) for line in (add.replace(" type", f" group {GROUP} type"), up)])

    def down(self):
        self.batch([f"link del group {GROUP}"])


WAYS = (VxlanMode, Batch, Grouped, OneByOne, TapMode)


def _check(ns, wanted):
    """All of them are up, or none is left."""
    links = ns.links()
    if wanted:
        assert all("UP" in links[name]["flags"] for name in NAMES)
    else:
        assert not set(NAMES) & set(links)


def _seconds(ns, action, wanted):
    begin = time.monotonic()
    action()
    took = time.monotonic() - begin
    _check(ns, wanted)
    return took


def _round(kind):
    """(seconds up, seconds down) in a namespace of its own."""
    target = hosts.Target()
    way = kind(target)
    try:
        return _seconds(target.ns, way.up, True), _seconds(target.ns, way.down, False)
    finally:
        way.close()
        target.remove()


def _show(found):
    ours = found[VxlanMode.key]
    rows = []
    for way in WAYS:
        up, down = found[way.key]
        rows.append((way.label, f"{up.median:.2f}", up.quarters(2), f"{up.median / ours[0].median:.2f}",
                     f"{down.median:.2f}", down.quarters(2), f"{down.median / ours[1].median:.1f}"))
    table.show(f"{COUNT:,} interfaces up and down, in seconds: medians of {ROUNDS} alternating rounds",
               ("way:", "up", "quarters", "to vtapd's", "down", "quarters", "to vtapd's"), rows)


def measure():
    rounds = [[_round(way) for way in WAYS] for _ in range(ROUNDS)]
    found = {way.key: tuple(Spread.of([times[i][which] for times in rounds]) for which in (0, 1))
             for i, way in enumerate(WAYS)}
    _show(found)
    ours, theirs = found[VxlanMode.key], found[Batch.key]
    return {"scale_up_ratio": round(theirs[0].median / ours[0].median, 3),
            "scale_down_ratio": round(theirs[1].median / ours[1].median, 3),
            "scale": {"count": COUNT, "rounds": ROUNDS,
                      **{key: {"up_s": up.json(3), "down_s": down.json(3)} for key, (up, down) in found.items()}}}
