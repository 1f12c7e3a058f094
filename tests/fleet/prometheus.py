"""A real Prometheus that watches the fleet, with the alert rules of the package.

It runs in the balancer's namespace, from where it reaches every node. What takes minutes takes seconds here: a scrape and an
evaluation each second, and in a copy of the rules every `for` is FOR_S.
"""

import http.client
import json
import os
import re
import socket
import subprocess
import urllib.parse

from lab.dashboard import RULES
from lab.deadline import until

PORT = 9090
METRICS_PORT = 9478
INTERVAL_S = 1
FOR_S = 2
START_S = 40  # also until a window of scrapes is full
SEEN_S = 10  # until something that has happened is an alert, or is none any more; on a machine with other things to do
CONF = f"""
global: {{scrape_interval: {INTERVAL_S}s, scrape_timeout: {INTERVAL_S}s, evaluation_interval: {INTERVAL_S}s}}
rule_files: [rules.yml]
scrape_configs:
  - job_name: vtapd
    static_configs: [{{targets: {{targets}}}}]
"""


class Prometheus:
    """Running from the first moment on; `instances` is {name of a node: what its series are called}."""

    def __init__(self, ns, directory, nodes):
        self._ns, self._directory = ns, directory
        self.instances = {node.name: f"{node.address}:{METRICS_PORT}" for node in nodes}
        self._write("prometheus.yml", CONF.replace("{targets}", json.dumps(list(self.instances.values()))))
        with open(RULES, encoding="utf-8") as file:
            self._write("rules.yml", re.sub(r"\bfor: .*", f"for: {FOR_S}s", file.read()))
        with open(self._path("log"), "wb") as log:
            self._process = ns.start("prometheus", f"--config.file={self._path('prometheus.yml')}",
                                     f"--storage.tsdb.path={self._path('data')}", f"--web.listen-address=127.0.0.1:{PORT}",
                                     stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until(self._is_ready, "Prometheus is ready", START_S, seen=self.log)

    def _path(self, name):
        return os.path.join(self._directory, name)

    def _write(self, name, text):
        with open(self._path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def log(self):
        with open(self._path("log"), encoding="utf-8", errors="replace") as file:
            return file.read()[-4000:]

    def stop(self):
        self._process.terminate()
        self._process.wait(START_S)

    # Questions

    def _get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", PORT)
        connection.sock = self._ns.socket(socket.AF_INET, socket.SOCK_STREAM)
        connection.sock.settimeout(10)
        try:
            connection.sock.connect(("127.0.0.1", PORT))
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def _is_ready(self):
        assert self._process.poll() is None, self.log()
        try:
            return self._get("/-/ready")[0] == 200
        except OSError:
            return False

    def api(self, name, **query):
        status, body = self._get(f"/api/v1/{name}?{urllib.parse.urlencode(query)}")
        answer = json.loads(body)
        assert (status, answer["status"]) == (200, "success"), f"{name} {query}: {status} {answer}"
        return answer["data"]

    def ask(self, expr, **query):
        """[({label: value}, number)] of an expression, at this moment or at `time`."""
        result = self.api("query", query=expr, **query)["result"]
        return [(row["metric"], float(row["value"][1])) for row in result]

    def by_instance(self, expr, **query):
        return {labels["instance"]: value for labels, value in self.ask(expr, **query)}

    def alerts(self, name):
        """Where it is firing: {instance: the alert}"""
        return {alert["labels"].get("instance"): alert for alert in self.api("alerts")["alerts"]
                if alert["labels"]["alertname"] == name and alert["state"] == "firing"}

    def wait_alert(self, name, node, seconds=SEEN_S):
        """Until it is firing for this node, and for no other; returns it."""
        wanted = {self.instances[node.name]}
        until(lambda: set(self.alerts(name)) == wanted, f"{name} is firing for {wanted}", seconds, seen=self._seen)
        return self.alerts(name)[self.instances[node.name]]

    def wait_no_alert(self, name, seconds=SEEN_S):
        until(lambda: not self.alerts(name), f"{name} has resolved", seconds, seen=self._seen)

    def wait_scraped(self, count, seconds=START_S):
        """Until each node has been scraped so many times."""
        expr = 'count_over_time(up{job="vtapd"}[5m])'

        def there():
            counts = self.by_instance(expr)
            return len(counts) == len(self.instances) and min(counts.values()) >= count
        until(there, f"{count} scrapes of each node", seconds, seen=self._seen)

    def _seen(self):
        return [(alert["labels"], alert["state"]) for alert in self.api("alerts")["alerts"]], self.ask("up")
