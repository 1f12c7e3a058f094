"""The law: what Prometheus knows of a fleet is what happened there. Rates are those of the frames that the taps showed,
an alert fires for the target that is ill and for no other, and resolves; the dashboard's queries are answered."""

import contextlib
import shutil
import signal
import tempfile
import time

import pytest
from prometheus import Prometheus

from lab import dashboard
from lab.deadline import until
from lab.sender import FRAME_BYTES

WINDOW_S = 20
TOLERANCE = 0.06  # counters move once a second, which is a twentieth of the window
# Panels that have something to show though all is well. The others are about what is not there: losses, ENA interfaces.
ALWAYS_THERE = {"Answering", "Healthy", "Draining", "Sessions ready", "Lost", "Conditions", "Received, delivered, dropped",
                "Share dropped and lost", "Unknown VNIs and sources", "Paths", "Frames, the 10 busiest sessions",
                "Bits, the 10 busiest sessions", "Sensors", "Time since the last frame",
                "Sessions that wait, targets that do not receive", "UDP datagrams of the host", "Loop lag",
                "Repairs and lost news", "Reloads and looks", "CPU", "Memory", "Descriptors",
                "Versions, starts, configurations", "variable job", "variable instance", "variable target", "variable session"}


@pytest.fixture(scope="module")
def prometheus(whole_fleet, directory):
    if not shutil.which("prometheus"):
        pytest.skip("prometheus is missing: packaging/deps test")
    one = Prometheus(whole_fleet.ns, tempfile.mkdtemp(dir=directory), whole_fleet.nodes)
    yield one
    one.stop()


def shown_rates(fleet, begin, end):
    """{node: frames a second that its tap showed}"""
    return {node.name: sum(begin <= sights[0].time < end for sights in fleet.ledger.taps[node.name].read().values())
            / (end - begin) for node in fleet.nodes}


def test_rates_when_scraped_then_they_are_those_of_the_frames_that_were_shown(fleet, prometheus):
    """Of the fast path and of the worker; of frames, of bytes, and received as well as shown."""
    prometheus.wait_scraped(WINDOW_S + 2)  # the first scrape comes seconds after the start
    told = []

    def alike():
        at = time.time() - 1
        shown = shown_rates(fleet, at - WINDOW_S, at)
        assert min(shown.values()) > 100, shown
        frames, sizes, received = (prometheus.by_instance(expr, time=at) for expr in (
            f'rate(vtapd_session_frames_total{{session="web"}}[{WINDOW_S}s])',
            f'rate(vtapd_session_bytes_total{{session="web"}}[{WINDOW_S}s])'
            f' / rate(vtapd_session_frames_total{{session="web"}}[{WINDOW_S}s])',
            f'rate(vtapd_target_received_packets_total[{WINDOW_S}s])'))
        wanted = {prometheus.instances[node.name]: shown[node.name] for node in fleet.nodes}
        assert sizes == pytest.approx(dict.fromkeys(wanted, FRAME_BYTES), rel=0.01)
        told[:] = [wanted, frames, received]
        return frames == pytest.approx(wanted, rel=TOLERANCE) and received == pytest.approx(wanted, rel=TOLERANCE)
    until(alike, "the same rates; a busy machine may send by fits and starts", 2 * WINDOW_S, seen=lambda: told)


@contextlib.contextmanager
def foreign_interface(node):
    """Somebody has the name of a session's interface."""
    node.ns.ip("link add mirror-pay type bridge")
    try:
        node.daemon.write("conf.d/pay.conf", "[session pay]\nvni = 6000\n")
        node.daemon.reload(expect=1)
        yield
    finally:
        node.ns.ip("link del mirror-pay")
        node.daemon.unlink("conf.d/pay.conf")
        node.daemon.reload()


def test_alert_when_a_condition_begins_and_ends_then_it_fires_for_that_target_and_resolves(fleet, prometheus):
    node = fleet.nodes[0]
    with foreign_interface(node):
        alert = prometheus.wait_alert("VtapdInterfaceForeign", node)
        assert alert["labels"]["severity"] == "page", alert
        assert alert["annotations"]["summary"].startswith(f"{prometheus.instances[node.name]}: a session's interface name")
        assert "ip link del" in alert["annotations"]["remedy"], alert
    prometheus.wait_no_alert("VtapdInterfaceForeign")


def test_alert_when_scrapes_fail_meanwhile_then_it_goes_on_firing(fleet, prometheus):
    """All series of a target end with the first scrape that fails."""
    node = fleet.nodes[0]
    firing = 'count_over_time(ALERTS{alertname="VtapdInterfaceForeign",alertstate="firing"}[5s])'
    with foreign_interface(node):
        prometheus.wait_alert("VtapdInterfaceForeign", node)
        node.daemon.signal(signal.SIGSTOP)
        try:
            until(lambda: prometheus.ask('max_over_time(up{job="vtapd"}[10s]) == 0'), "scrapes have failed for 10 s", 30)
            assert set(prometheus.by_instance(firing)) == {prometheus.instances[node.name]}
        finally:
            node.daemon.signal(signal.SIGCONT)
    prometheus.wait_no_alert("VtapdInterfaceForeign")


def test_alert_when_a_daemon_is_gone_then_it_fires_and_resolves_when_it_is_back(fleet, prometheus):
    node = fleet.nodes[1]
    node.daemon.kill()
    assert prometheus.wait_alert("VtapdDown", node)["labels"]["severity"] == "page"
    node.daemon.start()
    prometheus.wait_no_alert("VtapdDown")


def test_rules_when_evaluated_then_none_has_an_error(fleet, prometheus):
    prometheus.wait_scraped(3)
    groups = prometheus.api("rules")["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len(groups) == 3 and rules
    assert [(rule["name"], rule.get("lastError")) for rule in rules if rule["health"] != "ok"] == []
    until(lambda: len(prometheus.by_instance("target:vtapd_dropped_packets:ratio_rate5m")) == len(fleet.nodes),
          "what is recorded is there of each node", seen=lambda: prometheus.ask("target:vtapd_received_packets:rate5m"))


def test_dashboard_when_asked_then_every_query_is_answered(fleet, prometheus):
    prometheus.wait_scraped(3)
    queries = dashboard.queries_of(dashboard.load())
    answers = {(where, expr): prometheus.ask(expr) for where, expr in queries}
    empty = {where for (where, expr), answer in answers.items() if not answer}
    assert empty & ALWAYS_THERE == set()
    assert ALWAYS_THERE <= {where for where, _ in queries}, "panels that were renamed"
    now = time.time()
    for _, expr in queries:
        prometheus.api("query_range", query=expr, start=now - 30, end=now, step=5)
