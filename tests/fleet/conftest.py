"""Fixtures that make the tests read as sentences, and the closing table."""

import os
import sys
import tempfile

import pytest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import scene  # noqa: E402
from lab import netns  # noqa: E402
from lab.skips import skip_what_cannot_run  # noqa: E402
from nodes import Daemon  # noqa: E402

_table = []


def pytest_configure(config):
    config.addinivalue_line("markers", "without_daemon: proves the lab itself")


def pytest_collection_modifyitems(items):
    skip_what_cannot_run(items)


def pytest_sessionfinish():
    netns.remove_all()


def pytest_terminal_summary(terminalreporter):
    if not _table:
        return
    write = terminalreporter.write_line
    terminalreporter.section("fleet")
    write(f"{'event':40} {'path':9} {'sent':>8} {'lost':>6} {'tcp':>7} {'http':>7}  lost to")
    for event in _table:
        if event.end is None:
            write(f"{event.what:40} {event.path:9} failed on the way")
            continue
        tcp, http = (f"{event.moved[group]:.1f} s" if group in event.moved else "-" for group in ("tcp", "http"))
        lost = sum(map(len, event.lost().values()))
        reasons = ", ".join(f"{count:,} {why}" for why, count in event.lost_to.items())
        write(f"{event.what:40} {event.path:9} {event.sent:>8,} {lost:>6,} {tcp:>7} {http:>7}  {reasons}".rstrip())


@pytest.fixture(scope="session")
def directory():
    with tempfile.TemporaryDirectory(prefix="vtapd-fleet-") as path:
        yield path


@pytest.fixture(scope="session")
def make_fleet(directory):
    made = []

    def make(make_daemon):
        made.append(scene.Fleet(tempfile.mkdtemp(dir=directory), make_daemon))
        return made[-1]
    yield make
    for fleet in made:
        fleet.remove()


@pytest.fixture(scope="session")
def whole_fleet(make_fleet):
    return make_fleet(Daemon)


@pytest.fixture
def fleet(request, whole_fleet):
    """All nodes healthy and with flows, before and after."""
    whole_fleet.renew()
    yield whole_fleet
    if getattr(request.node, "failed", False):
        for node in whole_fleet.nodes:
            sys.stderr.write(f"--- log of {node.name}\n{node.daemon.log()}")
        sys.stderr.write(f"--- changes of health\n{whole_fleet.checker.read().changes}")
    whole_fleet.heal()


@pytest.fixture
def event(fleet):
    """event("SIGKILL of one daemon", node): a row of the closing table."""
    def make(what, node=None):
        _table.append(fleet.event(what, node))
        return _table[-1]
    return make


@pytest.fixture
def rows(fleet):
    """rows(): the events of this fleet that have ended so far."""
    return lambda: [event for event in _table if event.fleet is fleet and event.end is not None]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if call.when == "call" and report.failed:
        item.failed = True
