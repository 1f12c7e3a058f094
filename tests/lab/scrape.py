"""/metrics of a vtapd, over TCP as Prometheus asks, and taken apart."""

import collections
import re
import select
import socket
import subprocess

PORT = 9478  # the default of [metrics] listen
TYPE = "text/plain; version=0.0.4; charset=utf-8"
SAMPLE = re.compile(r'([a-z_]+)(?:\{(.*)\})? ([0-9.]+)')
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)",?')

Answer = collections.namedtuple("Answer", "status headers body")


class Connection:
    """A connection that is kept; several requests may be sent before the first answer is read."""

    def __init__(self, ns, port=PORT):
        self._socket = ns.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.settimeout(30)
        self._socket.connect(("127.0.0.1", port))
        self._file = self._socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        self._file.close()
        self._socket.close()

    def is_told_within(self, seconds):
        """Is there something to read?"""
        return bool(select.select([self._socket], [], [], seconds)[0])

    def send(self, *lines):
        """Requests by their first lines: "GET /metrics"."""
        self._socket.sendall("".join(f"{line} HTTP/1.1\r\nHost: vtapd\r\n\r\n" for line in lines).encode())

    def read(self, has_body=True):
        status = int(self._file.readline().split()[1])
        headers = {}
        while (line := self._file.readline().decode().strip()):
            name, _, value = line.partition(": ")
            headers[name.lower()] = value
        return Answer(status, headers, self._file.read(int(headers["content-length"])) if has_body else b"")


def ask(ns, path="/metrics", method="GET"):
    with Connection(ns) as connection:
        connection.send(f"{method} {path}")
        return connection.read(has_body=method != "HEAD")


class Scrape:
    """What one text says: the value of each sample, by the metric's name and its labels."""

    def __init__(self, text):
        self.text, self.samples, self.types = text, {}, {}
        for line in text.splitlines():
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                assert name not in self.types, f"{name} comes in two pieces"
                self.types[name] = kind
            elif not line.startswith("# HELP "):
                self._add(line)

    def _add(self, line):
        found = SAMPLE.fullmatch(line)
        assert found, f"not a sample: {line!r}"
        name, labels, value = found.groups()
        key = name, frozenset(LABEL.findall(labels or ""))
        assert key not in self.samples, f"told twice: {line!r}"
        self.samples[key] = float(value) if "." in value else int(value)

    def value(self, name, **labels):
        """Of the sample with exactly these labels; None when it is absent."""
        return self.samples.get((name, frozenset(labels.items())))

    def rows(self, name, **labels):
        """Every sample of a metric that has these labels, and maybe more: [(all its labels, value)]."""
        wanted = labels.items()
        return [(dict(key[1]), value) for key, value in self.samples.items() if key[0] == name and wanted <= key[1]]

    def by(self, name, label, **labels):
        """{"unknown-vni": 3, ...}: its samples by one label."""
        return {row[label]: value for row, value in self.rows(name, **labels)}


def scrape(ns):
    answer = ask(ns)
    assert (answer.status, answer.headers["content-type"]) == (200, TYPE), answer
    return Scrape(answer.body.decode())


def complaints(text):
    """What promtool has to say of a text; "" for nothing."""
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr + (f"exit status {done.returncode}" if done.returncode else "")
