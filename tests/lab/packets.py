"""The packet table of tests/unit/packets.c, as build/tests/unit/packets_dump prints it."""

import collections
import json
import os
import subprocess

from .daemon import VTAPD

DUMP = os.path.join(os.path.dirname(os.path.dirname(VTAPD)), "tests/unit/packets_dump")
SECOND_V4 = "10.77.0.12"  # the host's, beside those of hosts.Target

Packet = collections.namedtuple("Packet", "name frame is_taken verdict inner is_truncated has_reserved_bits")
"""verdict: None when no socket gets it. inner: what a sensor reads."""


class Packets:
    """Rows that a sender can put on a wire, and the configuration that they are judged by."""

    def __init__(self):
        table = json.loads(subprocess.run([DUMP], check=True, capture_output=True, text=True).stdout)
        self._target, self._sessions = table["target"], table["sessions"]
        self.rows = [Packet(row["name"], bytes.fromhex(row["bytes"]), row["is_taken"], row["verdict"],
                            bytes.fromhex(row["inner"]), row["is_truncated"], row["has_reserved_bits"])
                     for row in table["packets"] if not row["gso_bytes"]]

    def conf(self, *target_lines):
        """vtapd.conf with these lines in [target default] beside those of the table."""
        lines = ["[target default]", *target_lines, *self._target]
        for name, keys in self._sessions.items():
            lines += [f"[session {name}]", *keys]
        return "\n".join(lines) + "\n"

    def taken(self):
        return [row for row in self.rows if row.is_taken]


def is_there():
    return os.access(DUMP, os.X_OK)
