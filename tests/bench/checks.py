"""A load balancer's checks, half of them TCP and half HTTP: what they cost vtapd, and how long they take."""

import os
import socket
import time

from lab import frames, hosts
from lab.daemon import Vtapd
from lab.deadline import until

from .spread import percentile

CHECK_SECONDS = 3


def check_once(ns, is_http):
    """Seconds that one check takes, as a load balancer makes it."""
    begin = time.monotonic()
    with ns.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.settimeout(5)
        sock.connect(("127.0.0.1", frames.VXLAN_PORT))
        if is_http:
            sock.send(b"GET / HTTP/1.1\r\nHost: vtapd\r\n\r\n")
            assert sock.recv(64).startswith(b"HTTP/1.1 200 "), "not a 200"
    return time.monotonic() - begin


def cpu_seconds(vtapd):
    """Of the whole process so far."""
    with open(f"/proc/{vtapd.pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def checks(ns, vtapd, per_second):
    """(share of one CPU, seconds of each check) while that many checks a second are made; 0 for none."""
    took, begin, before = [], time.monotonic(), cpu_seconds(vtapd)
    while time.monotonic() - begin < CHECK_SECONDS:
        due = int((time.monotonic() - begin) * per_second) - len(took)
        for i in range(due):
            took.append(check_once(ns, i % 2 == 0))
        if due <= 0:
            time.sleep(0.0005)  # paces the load; nothing is waited for
    return (cpu_seconds(vtapd) - before) / (time.monotonic() - begin), took


def measure():
    target = hosts.Target()
    vtapd = Vtapd(target.ns, "[session web]\nvni = 1\n")
    try:
        vtapd.start()
        until(lambda: vtapd.status()["daemon"]["checks"] == "answered", "checks are answered")
        print(f"{'checks/s':>9} {'CPU %':>7} {'p50 us':>8} {'p99 us':>8} {'max us':>8}")
        for _ in range(3):
            for per_second in (0, 1000):
                share, took = checks(target.ns, vtapd, per_second)
                times = [f"{percentile(took, p) * 1e6:>8,.0f}" for p in (50, 99, 100)] if took else ["       -"] * 3
                print(f"{len(took) / CHECK_SECONDS:>9,.0f} {share * 100:>7.2f}", *times, flush=True)
    finally:
        vtapd.remove(check=False)
        target.remove()
