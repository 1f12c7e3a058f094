"""Frames per second of the worker path. vtapd is stopped, its socket is filled, it goes on: the rate is its own, the
sender has no part in it."""

import os
import signal
import time

from lab import frames, hosts
from lab.daemon import Vtapd
from lab.deadline import until

FRAMES = 200_000


def deliver_once(size, workers):
    """Seconds that vtapd needed for FRAMES frames that waited in its sockets."""
    target = hosts.Target()
    vtapd = Vtapd(target.ns, f"[target default]\nworkers = {workers}\nreceive-buffer = 1G\n[session web]\nvni = 1\n")
    try:
        vtapd.start()
        with target.mirror() as mirror:
            packets = [mirror.wrap(1, frames.numbered(i, size), 65408 + i) for i in range(64)]
            vtapd.signal(signal.SIGSTOP)
            for i in range(FRAMES):
                mirror.send_raw(packets[i % 64])
        begin = time.monotonic()
        vtapd.signal(signal.SIGCONT)
        until(lambda: vtapd.session("web")["delivered"] >= FRAMES - vtapd.target()["drops"].get("socket-full", 0),
              f"{FRAMES} frames delivered", 60, seen=lambda: vtapd.target())
        took = time.monotonic() - begin
        return vtapd.session("web")["delivered"], took
    finally:
        vtapd.remove(check=False)
        target.remove()


def measure():
    print(f"{FRAMES:,} frames that waited in the sockets, {os.cpu_count()} cores, no sensor")
    print(f"{'frame bytes':>11} {'workers':>8} {'frames/s':>12} {'us per frame':>13}")
    for size in (128, 1024):
        for workers in (1, 2):
            count, took = deliver_once(size, workers)
            print(f"{size:>11} {workers:>8} {count / took:>12,.0f} {took / count * 1e6:>13.2f}", flush=True)
