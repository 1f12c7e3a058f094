#!/usr/bin/python3
"""checker.py FILE TARGET...: the balancer's health checks, a program in the balancer's namespace, until SIGTERM.

How it works: NODES nodes check each target of each group on their own, as NLB's do (a target gets more checks than were
configured, says AWS's documentation). A check of group `tcp` is a plain connect to the target's traffic port, one of group `http` a GET
that must answer 200..399. A node changes its mind after FAILURES or SUCCESSES checks on end; the group changes its mind
about a target with the majority of its nodes, and rewrites the balancer's slots. The shape is NLB's of 10 s, ten times as
fast. What is not ten times as fast is TCP: a lost SYN is sent again after 1 s, so one lost SYN is one failed check here.

FILE gets a JSON line for each check and each change of mind; Checker reads it.
"""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import balancer  # noqa: E402
from lab.deadline import until  # noqa: E402
from lab.frames import VXLAN_PORT  # noqa: E402

INTERVAL_S, TIMEOUT_S = 1.0, 1.0  # from the begin of a check to the begin of the next; for the whole check
FAILURES = SUCCESSES = 2
NODES = 3


def worst_s(wasted=0):
    """The longest from an event to the moment when a majority knows, `wasted` checks still having succeeded."""
    return (FAILURES + wasted) * INTERVAL_S + TIMEOUT_S


# One check: None if good, else why not


def check_tcp(address):
    try:
        socket.create_connection((address, VXLAN_PORT), TIMEOUT_S).close()
    except OSError as error:
        return str(error) or type(error).__name__
    return None


def check_http(address):
    end = time.monotonic() + TIMEOUT_S
    connection = http.client.HTTPConnection(address, VXLAN_PORT, timeout=TIMEOUT_S)
    try:
        connection.connect()
        connection.sock.settimeout(max(0.001, end - time.monotonic()))
        connection.request("GET", "/")
        status = connection.getresponse().status
        return None if 200 <= status <= 399 else f"status {status}"
    except (OSError, http.client.HTTPException) as error:
        return str(error) or type(error).__name__
    finally:
        connection.close()


CHECKS = {"tcp": check_tcp, "http": check_http}


class Group:
    """What the nodes of one group think of its targets. `say` writes a line."""

    def __init__(self, name, targets, say):
        self._name, self._targets, self._say = name, targets, say
        self._lock = threading.Lock()
        self._opinions = {target: [None] * NODES for target in targets}
        self._streaks = {target: [0] * NODES for target in targets}
        self._healthy = {target: None for target in targets}

    def hear(self, node, target, why):
        """One check's result, of one node."""
        with self._lock:
            self._say(group=self._name, node=node, target=target, why=why)
            good, opinions, streaks = why is None, self._opinions[target], self._streaks[target]
            if opinions[node] == good:
                streaks[node] = 0
                return
            streaks[node] += 1
            if streaks[node] >= (SUCCESSES if good else FAILURES):
                opinions[node], streaks[node] = good, 0
                self._vote(target, good, why)

    def _vote(self, target, good, why):
        if self._healthy[target] == good or 2 * self._opinions[target].count(good) <= NODES:
            return
        self._healthy[target] = good
        balancer.rewrite(self._name, self._targets, [name for name in self._targets if self._healthy[name]])
        self._say(group=self._name, target=target, healthy=good, why=why)


def check_on_and_on(group, how, node, target, is_over):
    """The nodes are out of step, so that they do not come in bursts."""
    due = time.monotonic() + INTERVAL_S * node / NODES
    while not is_over.wait(max(0.0, due - time.monotonic())):
        group.hear(node, target, how(target))
        due += INTERVAL_S


def main(path, *targets):
    is_over = threading.Event()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: is_over.set())
    log_fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def say(**words):
        os.write(log_fd, (json.dumps({"time": time.time(), **words}) + "\n").encode())

    threads = []
    for name, how in CHECKS.items():
        group = Group(name, targets, say)
        threads += [threading.Thread(target=check_on_and_on, args=(group, how, node, target, is_over))
                    for node in range(NODES) for target in targets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class Checker:
    """The running program and what it has said so far."""

    def __init__(self, ns, path, targets):
        self._path, self._targets, self._at = path, targets, 0
        self.checks, self.changes = [], []
        self._process = ns.start(sys.executable, os.path.abspath(__file__), path, *targets)
        until(self._has_begun, "the checker checks", seen=self._process.poll)

    def _has_begun(self):
        return os.path.exists(self._path) and self.read().checks

    def stop(self):
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def read(self):
        """Bring checks and changes up to date."""
        with open(self._path, "rb") as file:
            file.seek(self._at)
            whole = file.read().rpartition(b"\n")[0]
        for line in whole.splitlines():
            said = json.loads(line)
            (self.changes if "healthy" in said else self.checks).append(said)
        self._at += len(whole) + 1 if whole else 0
        return self

    def healthy(self):
        """{group: the addresses that it holds for healthy}"""
        states = {group: set() for group in CHECKS}
        for change in self.read().changes:
            (states[change["group"]].add if change["healthy"] else states[change["group"]].discard)(change["target"])
        return states

    def wait(self, healthy, seconds):
        """Until every group holds exactly these addresses for healthy."""
        until(lambda: all(found == set(healthy) for found in self.healthy().values()),
              f"healthy are {sorted(healthy)}", seconds, seen=lambda: (self.healthy(), self.last_failures()))

    def wait_rounds(self, count):
        """Until every node has checked every target `count` times from now on."""
        begin, each = len(self.read().checks), len(CHECKS) * NODES * len(self._targets)
        until(lambda: len(self.read().checks) >= begin + (count + 1) * each, f"{count} rounds of checks",
              3 * (count + 2) * INTERVAL_S, seen=lambda: f"{len(self.checks) - begin} checks")

    def changes_since(self, moment):
        return [change for change in self.read().changes if change["time"] >= moment]

    def refusals_since(self, moment):
        """Checks that failed, but for those that were only late: a target has to wait for a processor now and then."""
        return [check for check in self.read().checks
                if check["time"] >= moment and check["why"] not in (None, "timed out")]

    def last_failures(self):
        return [check for check in self.checks[-60:] if check["why"]][-6:]


if __name__ == "__main__":
    main(*sys.argv[1:])
