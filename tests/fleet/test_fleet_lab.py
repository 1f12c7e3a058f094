"""The law: the balancer does what it stands for, whoever the targets are. A stand-in listens in the place of vtapd."""

import balancer
import checker
import pytest
import scene
from ledger import Ledger, Sight
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


class Seen:
    """A place that has seen these numbers, all from one source."""

    def __init__(self, *numbers, source=b"abcd"):
        self.seen = {number: [Sight(0.0, source, b"")] * numbers.count(number) for number in numbers}


@pytest.mark.parametrize("what, ledger, lost, n_problems", [
    ("all well", Ledger(Seen(0, 1), {"a": Seen(0), "b": Seen(1)}, {"a": Seen(0), "b": Seen(1)}), {"a": [], "b": []}, 0),
    ("not shown", Ledger(Seen(0, 1), {"a": Seen(0), "b": Seen(1)}, {"a": Seen(0), "b": Seen()}), {"a": [], "b": [1]}, 0),
    ("shown twice", Ledger(Seen(0), {"a": Seen(0)}, {"a": Seen(0, 0)}), {"a": []}, 1),
    ("astray", Ledger(Seen(0), {"a": Seen(0), "b": Seen()}, {"a": Seen(), "b": Seen(0)}), {"a": [], "b": []}, 1),
    ("to two", Ledger(Seen(0), {"a": Seen(0), "b": Seen(0)}, {"a": Seen(0), "b": Seen()}), {"a": [], "b": []}, 1),
    ("kept back", Ledger(Seen(0), {"a": Seen()}, {"a": Seen()}), {"a": []}, 1),
    ("source changed", Ledger(Seen(0), {"a": Seen(0, source=b"efgh")}, {"a": Seen(0)}), {"a": []}, 1),
])
def test_ledger_when_something_is_wrong_then_it_is_named(what, ledger, lost, n_problems):
    end = max(ledger.source.seen) + 1
    assert ledger.lost(0, end) == lost, what
    assert len(ledger.problems(0, end)) == n_problems, what
