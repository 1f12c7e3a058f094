"""The law: the balancer does what it stands for, whoever the targets are. A stand-in listens in the place of vtapd."""

import balancer
import checker
import pytest
import scene
from nodes import StandIn

pytestmark = pytest.mark.without_daemon


@pytest.fixture(scope="module")
def fleet(directory):
    made = scene.Fleet(directory, StandIn)
    yield made
    made.remove()


def test_flows_when_all_are_healthy_then_each_keeps_one_target_and_its_source(fleet):
    event = fleet.event("")
    fleet.wait_sent(10 * scene.FLOWS)
    event.finish()
    assert event.problems() == [] and event.lost() == {}
    targets = {}
    for name, wire in fleet.ledger.wires.items():
        for number in wire.seen:
            targets.setdefault(number % scene.FLOWS, set()).add(name)
    assert all(len(names) == 1 for names in targets.values()), targets
    assert all(event.arrived(node) > event.sent // 6 for node in fleet.nodes), "flows are spread"


def test_flows_when_a_target_dies_then_they_move_and_come_back_only_as_new_ones(fleet):
    event, dead = fleet.event(""), fleet.nodes[0]
    event.strikes()
    dead.daemon.kill()
    fleet.wait_ejected(dead)
    moved = event.measure_move(dead)
    assert all(0 < moved[group] < checker.worst_s() + scene.SLACK_S for group in balancer.GROUPS), moved
    dead.daemon.start()
    fleet.wait_healthy()
    back = fleet.event("")
    fleet.wait_sent(10 * scene.FLOWS)
    assert back.finish().arrived(dead) == 0, "flow memory: known flows stay where they are"
    fleet.renew()
    assert event.finish().problems() == []
    assert event.rise(dead, "NoPorts") > 0 and event.answers() > 0


def test_balancer_when_all_targets_are_unhealthy_then_all_get_flows(fleet):
    for node in fleet.nodes:
        node.daemon.kill()
    fleet.checker.wait([], checker.worst_s() + scene.SLACK_S)
    fleet.renew()
