"""The law: whatever is done to the daemon, to its configuration, or to its program, under load no frame of a session is
lost, none is shown twice, and each is counted once."""

import os

import pytest

from lab import daemon, unit
from lab.deadline import until
from lab.fastpath import is_steered, tc, wait_attached

CONF = "[target default]\nunderlay = eth0\nreceive-buffer = 256M\nfastpath = {setting}\n[session web]\nvni = 4321\n"
NEXT = os.path.join(os.path.dirname(daemon.VTAPD), "../tests/netns/vtapd_next")


@pytest.fixture
def vtapd(make_vtapd, pin_folder):
    """On the fast path from the first frame on, its counters pinned."""
    if unit.is_wanted():
        pytest.skip("the unit has its own folder for pins")
    made = make_vtapd(CONF.format(setting="auto"), start=False)
    pin_folder(made)
    made.start()
    wait_attached(made, "eth0")
    return made


# The daemon

@pytest.mark.parametrize("end", ["kill", "stop"])
def test_daemon_when_ended_and_started_under_load_then_no_frame_is_lost(end, vtapd, load):
    traffic = load()
    for _ in range(2):
        traffic.go_on()
        getattr(vtapd, end)()
        traffic.go_on()
        vtapd.start()
    traffic.go_on()
    assert traffic.settle(vtapd) >= 100_000
