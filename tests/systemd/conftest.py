"""Fixtures that make the tests read as sentences. Everything happens on machines (containers) that the test booted."""

import concurrent.futures
import os
import sys
import tempfile

import pytest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from lab import machine as lab_machine  # noqa: E402
from lab import frames, netns, package  # noqa: E402
from lab.capture import Capture  # noqa: E402
from lab.fastpath import wait_attached  # noqa: E402

WEB = "[session web]\nvni = 4321\n"
NOBODYS_VNI = 7
FRESH = """
systemctl stop vtapd
rm -rf /etc/systemd/system/vtapd.service.d /run/vtapd/drain
systemctl daemon-reload
systemctl reset-failed vtapd 2>/dev/null || true
vtapd --teardown
"""
_rows = []


def why_not():
    reason = netns.why_not()
    if not reason and not os.access("/lib/systemd/systemd-udevd", os.X_OK):
        reason = "systemd or udev is not installed: packaging/deps test"
    return reason


def pytest_collection_modifyitems(items):
    reason = why_not()
    for item in items if reason else []:
        item.add_marker(pytest.mark.skip(reason=reason))


def pytest_sessionfinish(session):
    lab_machine.down_all()
    netns.remove_all()
    if hasattr(session.config, "workeroutput"):  # one of several processes: the first of them prints the table
        session.config.workeroutput["rows"] = _rows


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node, error):
    if error:
        return  # the process died: its tests have failed, and its rows are gone
    _rows.extend(node.workeroutput["rows"])


def pytest_terminal_summary(terminalreporter):
    if _rows:
        terminalreporter.section("measured")
        for what, value in _rows:
            terminalreporter.write_line(f"{what:52} {value}")


@pytest.fixture(scope="session")
def measured():
    """measured("restart", "20,000 sent, 0 lost"): a row in the closing table."""
    return lambda what, value: _rows.append((what, value))


@pytest.fixture(scope="session")
def share():
    """A folder out here that every machine has as /share: for packages, and for what is to outlive a machine."""
    with tempfile.TemporaryDirectory(prefix="vtapd-share-") as path:
        os.chmod(path, 0o755)
        yield path


@pytest.fixture(scope="session")
def deb(share):
    """The package, where machines find it."""
    path = os.path.join(share, "vtapd.deb")
    with open(package.build(), "rb") as source, open(path, "wb") as copy:
        copy.write(source.read())
    return path


@pytest.fixture(scope="session")
def newer_deb(deb, share):
    """A later version of it; /share/newer.deb on machines."""
    return package.repack(deb, share, "newer")


@pytest.fixture(scope="session")
def relaid_deb(deb, share):
    """A later version whose maps have another layout; /share/relaid.deb on machines."""
    if not os.path.exists(package.NEXT):
        pytest.skip(f"{package.NEXT} is not built: packaging/build dev")
    return package.repack(deb, share, "relaid", package.NEXT)


@pytest.fixture(scope="session")
def boot(share):
    """boot("label"): a machine without the package; gone at the end, or when the test has done with it."""
    made = []

    def make(label):
        made.append(lab_machine.Machine(label, share))
        return made[-1].boot()
    yield make
    for machine in made:
        machine.kill()


@pytest.fixture(scope="session")
def install(boot, deb):  # pylint: disable=unused-argument
    """install("label", ...): machines with the package installed and its service running, booted side by side."""
    def one(label):
        machine = boot(label)
        machine.run("dpkg", "-i", "/share/vtapd.deb")
        return machine

    def make(*labels):
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            return list(pool.map(one, labels))
    return make


@pytest.fixture(scope="session")
def machine(install):
    """The machine of all who leave it as they found it, with the package."""
    return install("host")[0]


def fresh(machine):
    """vtapd.service as after a boot: session web alone, no drop-in, no fd store, no pins, nothing drained."""
    service = lab_machine.Service(machine)
    machine.shell(FRESH)
    machine.forget_journal()
    service.configure(WEB)
    return service.start()


@pytest.fixture
def service(machine, request):
    """vtapd.service in its plain state, looked back on at the end."""
    one = fresh(machine)
    yield one
    if getattr(request.node, "failed", False):
        sys.stderr.write(f"--- journal\n{one.log()[-4000:]}")
    elif one.is_running():
        one.assert_adds_up()


@pytest.fixture
def target(machine):
    """The machine's underlay, for those who send to it."""
    return machine.target


@pytest.fixture
def mirror(target):
    with target.mirror() as socket:
        yield socket


@pytest.fixture
def steered(service, mirror):
    """The service in the fast path from the first frame on: a packet has shown where they come in, before the restart."""
    mirror.send(NOBODYS_VNI, frames.numbered(0))
    wait_attached(service, "eth0")
    service.restart()
    return service


@pytest.fixture
def capture(machine, share):
    """capture("mirror-web"): tcpdump on an interface of the machine, run from outside."""
    made = []

    def make(interface="mirror-web", where=None, **kwargs):
        made.append(Capture(where or machine.ns, interface, share, **kwargs))
        return made[-1]
    yield make
    for one in made:
        one.stop()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if call.when in ("setup", "call") and report.failed:
        item.failed = True
