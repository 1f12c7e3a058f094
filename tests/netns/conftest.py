"""Fixtures that make the tests read as sentences. Everything lives in namespaces that the test made."""

import contextlib
import fcntl
import glob
import os
import subprocess
import sys
import tempfile

import pytest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from lab import daemon as lab_daemon  # noqa: E402
from lab import frames, hosts, netns, unit  # noqa: E402
from lab.capture import Capture  # noqa: E402
from lab.load import Load  # noqa: E402
from lab.skips import skip_what_cannot_run  # noqa: E402

_table = []
BACKLOG = "/proc/sys/net/core/netdev_max_backlog"
WEB = """
[target default]
underlay = auto

[session web]
vni = 4321
"""
WEB_VXLAN = WEB.replace("underlay = auto", "underlay = eth0\nmode = vxlan")
NAMED_UNDERLAY = "[target default]\nunderlay = eth0\nfastpath = auto\n"
MODES = {"tap": WEB, "vxlan": WEB_VXLAN}
HEADS = {mode: conf[:conf.index("[session")] for mode, conf in MODES.items()}
"""The same without the session, for tests that have their own ones."""
in_both_modes = pytest.mark.parametrize("vtapd", MODES, indirect=True)
"""For tests of the fixture vtapd."""


def pytest_configure(config):
    config.addinivalue_line("markers", "without_daemon: proves the lab itself")
    config.addinivalue_line("markers", "alone: changes what all namespaces share, so no other test runs meanwhile")
    config.addinivalue_line("markers", "kernel: is run on Debian's own kernel, too (tests/run kernel)")


def pytest_collection_modifyitems(items):
    skip_what_cannot_run(items)


def pytest_sessionfinish(session):
    netns.remove_all()
    remove_locks()
    if hasattr(session.config, "workeroutput"):  # one of several processes: the first of them prints the table
        session.config.workeroutput["frames"] = [(what, tuple(result)) for what, result in _table]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node, error):
    if error:
        return  # the process died: its tests have failed, and its rows are gone
    _table.extend((what, frames.Comparison(*result)) for what, result in node.workeroutput["frames"])


def pytest_terminal_summary(terminalreporter):
    if not _table:
        return
    write = terminalreporter.write_line
    terminalreporter.section("frames")
    write(f"{'what':42} {'sent':>10} {'seen':>10} {'identical':>10}")
    for what, result in _table:
        write(f"{what:42} {result.sent:>10,} {result.seen:>10,} {result.identical:>10,}")


@pytest.fixture
def identical():
    """identical("http", sent, seen): the same frames in the same order, and a row in the closing table."""
    def check(what, sent, seen):
        result = frames.compare(sent, seen)
        _table.append((what, result))
        assert sent, f"{what}: nothing was sent"
        assert not result.problems, f"{what}: {len(result.problems)} problems:\n" + "\n".join(result.problems[:5])
    return check


@pytest.fixture
def noted():
    """noted("tap to vxlan", sent, seen): a row in the closing table that nothing is asserted of."""
    return lambda what, sent, seen: _table.append((what, frames.Comparison(sent, seen, seen, [])))


@pytest.fixture(scope="session")
def directory():
    """A folder for captures, below /tmp and short, so that unix sockets fit too."""
    with tempfile.TemporaryDirectory(prefix="vtapd-lab-") as path:
        yield path


def run_lock():
    """A file that the processes of one run have in common, and the begin of the names of others."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", os.getpid())
    return os.path.join(tempfile.gettempdir(), f"vtapd-lab-{run}")


def remove_locks():
    """By the last process: while another one has a test, whoever came next would lock other files than that one."""
    with contextlib.suppress(OSError), open(run_lock(), "rb") as running:
        fcntl.flock(running, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for path in glob.glob(f"{run_lock()}*"):
            os.unlink(path)


@pytest.fixture(autouse=True)
def others(request):
    """Tests run beside each other; one that is marked `alone` waits for those that run, and later ones for it. One that
    has to be alone for a moment only: `with others(alone=True):` waits likewise. Nobody waits for one that has
    `with others(matter=False):`, since it does not mind what is changed meanwhile."""
    path = run_lock()
    is_alone = request.node.get_closest_marker("alone")
    with open(f"{path}.next", "w", encoding="ascii") as next_one, open(path, "w", encoding="ascii") as running:
        def wait(alone):
            fcntl.flock(running, fcntl.LOCK_UN)  # or who waits to be alone would wait for us, and we for him
            fcntl.flock(next_one, fcntl.LOCK_EX)
            fcntl.flock(running, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
            fcntl.flock(next_one, fcntl.LOCK_UN)

        @contextlib.contextmanager
        def while_others(alone=False, matter=True):
            if matter:
                wait(alone)
            else:
                fcntl.flock(running, fcntl.LOCK_UN)
            try:
                yield
            finally:
                wait(is_alone)
        wait(is_alone)
        yield while_others


@pytest.fixture
def backlog_of_one():
    """with backlog_of_one(): hardly anything fits into a core's queue. It is one setting for all namespaces."""
    if not os.access(BACKLOG, os.W_OK):
        pytest.skip(f"{BACKLOG} cannot be written")
    with open(BACKLOG, encoding="ascii") as file:
        before = file.read()

    def write(text):
        with open(BACKLOG, "w", encoding="ascii") as file:
            file.write(text)

    @contextlib.contextmanager
    def narrow():
        write("1")
        try:
            yield
        finally:
            write(before)
    yield narrow
    write(before)


@pytest.fixture
def make_target():
    """Targets with their underlay, removed at the end."""
    made = []

    def make(**kwargs):
        made.append(hosts.Target(**kwargs))
        return made[-1]
    yield make
    for target in made:
        target.remove()


@pytest.fixture
def target(make_target):
    return make_target()


@pytest.fixture
def ns(target):
    """The target's namespace."""
    return target.ns


@pytest.fixture
def mirror(target):
    """The sending end of the underlay."""
    with target.mirror() as socket:
        yield socket


@pytest.fixture
def make_vtapd(request, target):
    """vtapd with a configuration: started, settled, and looked back on at the end."""
    made = []

    def make(conf=WEB, files=None, ns=None, start=True, notify=None):
        kind = unit.Vtapd if unit.is_wanted() else lab_daemon.Vtapd
        daemon = kind(ns or target.ns, conf, files, notify)
        made.append(daemon)
        return daemon.start() if start else daemon
    yield make
    failed = getattr(request.node, "failed", False)
    for daemon in reversed(made):
        if failed:
            sys.stderr.write(f"--- log of vtapd\n{daemon.log()}")
        daemon.remove(check=not failed)


@pytest.fixture
def vtapd(request, make_vtapd):
    """The plain case: session web, VNI 4321, on mirror-web; in tap mode, if the test is not one for both."""
    return make_vtapd(MODES[getattr(request, "param", "tap")])


@pytest.fixture
def capture(ns, directory):
    """capture("mirror-web"): tcpdump on an interface of the target."""
    made = []

    def make(interface="mirror-web", where=None, **kwargs):
        made.append(Capture(where or ns, interface, directory, **kwargs))
        return made[-1]
    yield make
    for one in made:
        one.stop()


@pytest.fixture
def pin_folder():
    """pin_folder(vtapd): a bpf file system where vtapd pins its counters; those of /sys are hidden in a namespace."""
    made = []

    def make(vtapd):
        path = os.path.join(vtapd.runtime, "bpf")
        os.makedirs(path)
        subprocess.run(["mount", "-t", "bpf", "bpf", path], check=True)
        made.append(path)
        return path
    yield make
    for path in made:
        subprocess.run(["umount", "--lazy", path], check=True)


@pytest.fixture
def load(target):
    """load(): frames of session web on their way as fast as a core sends them, and the sensor that counts them."""
    made = []

    def make(**kwargs):
        made.append(Load(target, **kwargs))
        return made[-1].start()
    yield make
    for one in made:
        one.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if call.when in ("setup", "call") and report.failed:
        item.failed = True
