"""The law: what happens to one target costs at most the frames that were on their way to it, until the balancer has noticed;
what happens to all of them alike takes no target out. Every frame is shown by exactly one target, or lost to something that
has a name.

The balancer's groups check by TCP connect and by HTTP GET, at the same time and of the same targets. Two targets have the
fast path, the third has not.
"""

import signal
import time

import balancer
import checker
import pytest
import scene
from junk import Junk
from nodes import JUDGE_S, SETTLE_S

from lab.deadline import until

BACKLOG = 4
ABSORBED = -(-(BACKLOG + 1) // checker.NODES)  # rounds of checks that a stopped process still completes (probed)
BATCH = 64  # frames that a worker holds at most, read and not yet written
NOTICED_ROUNDS = round((SETTLE_S + JUDGE_S) / checker.INTERVAL_S) + checker.FAILURES  # until a condition would have ejected


@pytest.fixture(params=["fast", "worker"])
def node(request, fleet):
    """One that has the fast path, and one that has not."""
    wanted = {"fast": "fast path", "worker": "worker"}[request.param]
    found = next(node for node in fleet.nodes if node.path == wanted)
    assert found.daemon.target()["path"] == wanted
    return found


def assert_moved(moved, seconds):
    for group in balancer.GROUPS:
        assert 0 < moved[group] <= seconds + scene.SLACK_S, f"{group}: moved after {moved[group]:.1f} s"


def account(event, node=None, lost_to=None):
    """Every frame was shown once, or was on its way to this node and lost to what is named here, with its number."""
    event.lost_to = {why: count for why, count in (lost_to or {}).items() if count}
    assert event.problems() == []
    lost = {victim: len(numbers) for victim, numbers in event.lost().items()}
    assert set(lost) <= {node}, f"{event.what}: lost {lost}"
    assert lost.get(node, 0) == sum(event.lost_to.values()), f"{event.what}: lost {lost}, named {lost_to}"


def assert_nobody_ejected(fleet, since):
    assert fleet.checker.changes_since(since) == [], fleet.checker.last_failures()


def test_daemon_when_killed_then_its_flows_move_and_only_the_closed_port_loses(fleet, node, event):
    """In the fast path no port is closed: the kernel goes on showing frames, and answers nobody."""
    kill = event("SIGKILL of one daemon", node)
    until(lambda: node.n_unread() == 0, "the worker has read all", seen=node.n_unread)
    kill.strikes()
    node.daemon.kill()
    fleet.wait_ejected(node)
    assert_moved(kill.measure_move(node), checker.worst_s())
    node.daemon.start()
    fleet.wait_healthy()
    fleet.renew()
    kill.finish()
    closed = kill.rise(node, "NoPorts")
    if node.path == "fast path":
        assert (closed, kill.answers(), kill.lost()) == (0, 0, {})
        account(kill)
        return
    in_hand = len(kill.lost()[node]) - closed  # read and not yet written, or waiting in the socket
    assert closed > 0 and 0 <= in_hand <= BATCH, (closed, in_hand)
    assert 0 < kill.answers() <= closed, "the host says so to production (README, Limits)"
    account(kill, node, {"a closed port": closed, "its hands": in_hand})


def test_process_when_stopped_then_its_flows_move_and_its_socket_keeps_them(fleet, node, event):
    """The kernel goes on shaking hands for it until its backlog is full; only then do checks that just connect fail."""
    stop = event("SIGSTOP of one process", node)
    stop.strikes()
    node.daemon.signal(signal.SIGSTOP)
    fleet.wait_ejected(node, wasted=ABSORBED)
    moved = stop.measure_move(node)
    assert_moved(moved, checker.worst_s(wasted=ABSORBED))
    node.daemon.signal(signal.SIGCONT)
    fleet.wait_healthy()
    fleet.renew()
    stop.finish()
    full = stop.rise(node, "RcvbufErrors")
    assert not full or node.path == "worker"
    account(stop, node, {"a full socket": full})


def test_target_when_draining_then_its_flows_move_and_nothing_is_lost(fleet, node, event):
    drain = event("drain of one", node)
    drain.strikes()
    node.daemon.drain("--reason", "fleet test")
    assert node.daemon.status()["daemon"]["state"] == "draining"
    fleet.wait_ejected(node)
    assert_moved(drain.measure_move(node), checker.worst_s())
    node.daemon.undrain()
    fleet.wait_healthy()
    fleet.renew()
    drain.finish()
    account(drain, node)


def test_sensor_when_restarted_under_drain_then_no_frame_is_lost(fleet, event):
    """The sensor is tcpdump. It is away only while its target gets nothing, and the other two show everything."""
    node = fleet.nodes[0]
    sensor = fleet.ledger.taps[node.name]
    restart = event("drain --wait, sensor restarted, undrain", node)
    restart.strikes()
    done = node.daemon.drain("--wait", "--reason", "tcpdump restarts")
    assert "quiet" in done.stdout and " 0 lost" in done.stdout, done.stdout
    sensor.stop()
    assert_moved(restart.measure_move(node), checker.worst_s())
    sensor.watch()
    node.daemon.undrain()
    fleet.wait_healthy()
    fleet.renew()
    restart.finish()
    account(restart, node)


def test_underlay_when_deleted_then_its_flows_move_and_come_back_with_it(fleet, node, event):
    gone = event("underlay of one deleted", node)
    gone.strikes()
    node.unplug()
    fleet.wait_ejected(node)
    assert_moved(gone.measure_move(node), checker.worst_s())
    moved_by = fleet.sender.sent()
    findings = node.daemon.get("/v1/doctor")["findings"]
    assert "underlay-missing" in [finding["id"] for finding in findings], findings
    node.plug()
    fleet.wait_healthy()
    fleet.renew()
    gone.finish()
    lost = gone.lost()[node]
    sent = sorted(number for number in fleet.ledger.wires[node.name].seen if gone.begin <= number < moved_by)
    assert lost == sent[-len(lost):], "everything from one moment on, nothing before"
    account(gone, node, {"a wire without an end": len(lost)})


@pytest.fixture
def bad_session(fleet):
    """roll_out(node): a session whose interface name is taken by an interface that is not ours, and a reload."""
    done = []

    def roll_out(node):
        done.append(node)
        node.ns.ip("link add mirror-pay type bridge")
        node.daemon.write("conf.d/pay.conf", "[session pay]\nvni = 6000\n")
        node.daemon.reload(expect=1)
    yield roll_out
    for node in done:
        node.daemon.unlink("conf.d/pay.conf")
        node.ns.ip("link del mirror-pay")
        node.daemon.reload()


def test_session_when_a_bad_one_is_rolled_out_then_nobody_is_ejected(fleet, event, bad_session):
    begin = time.time()
    rollout = event("one bad session on each, by reload")
    for node in fleet.nodes:
        bad_session(node)
        fleet.checker.wait_rounds(1)
        assert node.daemon.session("pay")["reason"] == "interface-foreign"
        assert node.daemon.status()["daemon"]["state"] == "healthy"
    fleet.checker.wait_rounds(NOTICED_ROUNDS)
    assert_nobody_ejected(fleet, begin)
    assert fleet.checker.refusals_since(begin) == [], "not one check was refused"
    account(rollout.finish())


def test_junk_when_it_floods_then_nobody_is_ejected(fleet, event):
    begin = time.time()
    flood = event("flood of junk")
    with Junk(fleet.source, fleet.addresses()) as junk:
        fleet.checker.wait_rounds(NOTICED_ROUNDS)
        sent = junk.sent()
    assert min(sent) > 100, sent
    assert_nobody_ejected(fleet, begin)
    flood.finish()
    for node in fleet.nodes:
        drops = node.daemon.target()["drops"]
        assert min(drops[why] for why in ("not-vxlan", "no-vni-flag", "unknown-vni", "too-short")) > 0, drops
    account(flood)
    fleet.checker.wait_rounds(1)
    assert_nobody_ejected(fleet, begin)


def test_targets_when_all_are_unhealthy_then_all_forward(fleet, event):
    """The balancer then sends to all (fail-open). Health decides nothing about forwarding."""
    all_of_them = event("all drained at once: all unhealthy")
    for node in fleet.nodes:
        node.daemon.drain()
    fleet.checker.wait([], checker.worst_s() + scene.SLACK_S)
    fleet.renew()
    before = [all_of_them.finish().arrived(node) for node in fleet.nodes]
    fleet.wait_sent(scene.RATE)
    after = [all_of_them.finish().arrived(node) for node in fleet.nodes]
    assert all(late > early for early, late in zip(before, after)), (before, after)
    for node in fleet.nodes:
        node.daemon.undrain()
    fleet.wait_healthy()
    fleet.renew()
    account(all_of_them.finish())


def test_ledger_when_all_is_over_then_every_frame_is_at_one_target_or_lost_to_a_name(fleet, event, rows):
    """From the first frame to the last, also between the events."""
    events, whole = rows(), event("from begin to end")
    whole.begin = 0
    whole.finish()
    named = {number for row in events for numbers in row.lost().values() for number in numbers}
    lost = {number for numbers in whole.lost().values() for number in numbers}
    assert whole.problems() == []
    assert lost == named, f"lost outside of the events: {sorted(lost - named)[:10]}"
    for row in events:
        for why, count in row.lost_to.items():
            whole.lost_to[why] = whole.lost_to.get(why, 0) + count
