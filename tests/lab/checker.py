"""A load balancer's health checks over TCP: some nodes, each with a clock of its own.

A target is down for a node after two failures in a row. GWLB's shortest defaults (AWS's documentation): every 10 s, 5 s timeout.
"""

import socket
import threading
import time

INTERVAL_S, TIMEOUT_S, FAILURES = 10.0, 5.0, 2
NODES = 6  # two in each of three zones: a target gets more checks than were configured (AWS's documentation)


class Checker:
    """Nodes that connect from `ns` to (address, port); their first checks are spread over one interval."""

    def __init__(self, ns, address, port):
        self._ns, self._to = ns, (address, port)
        self._over = threading.Event()
        self.first_success = [None] * NODES
        self.down_since = [None] * NODES  # the monotonic time of the second failure
        self._threads = [threading.Thread(target=self._check, args=(i,), daemon=True) for i in range(NODES)]

    def start(self):
        for thread in self._threads:
            thread.start()
        return self

    def stop(self):
        self._over.set()
        for thread in self._threads:
            thread.join()

    def connects(self):
        """One check."""
        with self._ns.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
            sock.settimeout(TIMEOUT_S)
            try:
                sock.connect(self._to)
                return True
            except OSError:
                return False

    def _check(self, node):
        due, failures = time.monotonic() + node * INTERVAL_S / NODES, 0
        while not self._over.wait(max(0.0, due - time.monotonic())):
            due += INTERVAL_S
            if self.connects():
                failures, self.down_since[node] = 0, None
                self.first_success[node] = self.first_success[node] or time.monotonic()
            else:
                failures += 1
                if failures == FAILURES:
                    self.down_since[node] = time.monotonic()

    def all_up(self):
        return all(self.first_success) and not any(self.down_since)

    def all_down(self):
        return all(self.down_since)
