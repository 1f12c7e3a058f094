"""The law: where the mirror shows one direction of most TCP flows it is told, with the remedy, and it is over when both
are shown again; what a healthy mirror shows is never called so, on each path that frames can take."""

import pytest

from lab import hosts, unit
from lab.chatter import Chatter
from lab.deadline import until
from lab.source import PEER_V4, Source

PATHS = {
    "fast path": "",
    "worker": "fastpath = off\n",
    "vxlan": "mode = vxlan\n",
}
FLOWS = 40
WINDOWS_S = 30  # generous: a few windows, each of three seconds


@pytest.fixture
def source(tmp_path):
    made = Source(tmp_path)
    yield made
    made.remove()


@pytest.fixture
def target(source, make_target):
    made = make_target(sender=source.ns)
    source.mirror_to(hosts.TARGET_V4)
    return made


@pytest.fixture
def talk(source, make_vtapd):
    """Connections of the source to its peer, all of them busy; they end before the daemon does, whose counters come to rest."""
    assert make_vtapd
    made = Chatter(source.ns, source.peer, PEER_V4, FLOWS)
    yield made
    made.remove()


def conf(path):
    return f"[target default]\nunderlay = eth0\n{PATHS[path]}[session web]\nvni = 4321\n"


def asked(vtapd):
    """Who asks for this one condition has the daemon look again and again."""
    return vtapd.get("/v1/doctor?condition=one-way")


def sampled(vtapd):
    asked(vtapd)
    return vtapd.session("web")["one_way"]


@pytest.mark.usefixtures("talk")
@pytest.mark.parametrize("path", PATHS)
def test_mirror_when_it_lacks_a_direction_then_told_until_both_are_there(path, make_vtapd, source):
    vtapd = make_vtapd(conf(path))
    found = until(lambda: sampled(vtapd), "flows were judged", WINDOWS_S, seen=vtapd.log)
    assert found["flows"] >= FLOWS / 2 and found["one_way_flows"] == 0 and not found["is_one_way"], found
    assert not vtapd.log_lines("one-way"), vtapd.log()

    source.mirror_direction("egress", False)
    found = until(lambda: asked(vtapd)["findings"], "one-way holds", WINDOWS_S, seen=lambda: sampled(vtapd))[0]
    assert (found["subject"], found["severity"], found["breaks_health"]) == ("web", "ticket", False), found
    assert " TCP flows on mirror-web show one direction only" in found["sentence"], found
    assert "aws ec2 describe-traffic-mirror-filters" in found["remedy"], found
    assert "Key=stickiness.type,Value=source_ip" in found["remedy"], found
    assert vtapd.status()["daemon"]["state"] == "healthy"
    until(lambda: sampled(vtapd)["one_way_flows"] == sampled(vtapd)["flows"], "all of them are", WINDOWS_S,
          seen=lambda: sampled(vtapd))

    source.mirror_direction("egress")
    until(lambda: not asked(vtapd)["findings"], "one-way is over", WINDOWS_S, seen=lambda: sampled(vtapd))
    assert len(vtapd.log_lines("one-way: session web: ")) == 1, vtapd.log()
    assert len(vtapd.log_lines("one-way: over, web")) == 1, vtapd.log()


def test_daemon_when_it_may_not_use_bpf_then_nothing_is_claimed(make_vtapd):
    """No guard, no sample: `doctor -v` does not say that it looked."""
    if unit.is_wanted():
        pytest.skip("the unit has its own rights")
    vtapd = make_vtapd(conf("worker"), start=False)
    vtapd.prefix = ["setpriv", "--bounding-set", "-bpf,-sys_admin"]
    vtapd.start()
    assert asked(vtapd)["checks"][0]["checked"] is False
    assert vtapd.session("web")["one_way"] is None
    told = vtapd.ctl("doctor", "-v").stdout
    assert "Not checked, for want of anything to tell by: one-way" in told, told
    assert told.count("one-way") == 1, told
    assert "one-way (ticket) was not checked" in vtapd.ctl("doctor", "one-way").stdout
