"""The law: the journal is for people. Whatever changes to and fro, however many it befalls, the lines are few, the last one
says what is the case, and whoever is not ready at the end has been named."""

import random
import re
import signal
import time

import pytest
from conftest import NAMED_UNDERLAY

from lab import fastpath, frames
from lab.deadline import until

LANE_MAX, FOLD_MAX = 10, 16  # entries about one thing in a minute (daemon/flood.h); sessions with an entry each
NAMES_MAX = 5  # lines that have the names of the others
KIND_MAX = 100  # entries of one kind in a minute
N_SESSIONS = 200
MANY = NAMED_UNDERLAY + "".join(f"[session s{i}]\nvni = {i}\n" for i in range(N_SESSIONS))
ROUNDS = 15
GROUP = 4711
CUT = frames.ethernet("02:00:00:00:00:0a", "02:00:00:00:00:0b", frames.ETH_IPV4,
                      frames.ipv4("192.0.2.1", "192.0.2.2", bytes(1000)))[:100]


@pytest.fixture
def many(make_vtapd):
    return make_vtapd(MANY)


def names_taken(ns):
    """By bridges, all at once."""
    ns.batch([f"link set mirror-s{i} group {GROUP}" for i in range(N_SESSIONS)])
    ns.ip(f"link del group {GROUP}")
    ns.batch([f"link add mirror-s{i} group {GROUP} type bridge" for i in range(N_SESSIONS)])


def test_sessions_when_200_wait_and_heal_again_and_again_then_some_lines_tell_it(many, ns):
    def n_waiting():
        return sum(session["state"] != "ready" for session in many.status()["sessions"])

    def there(wanted):
        until(lambda: n_waiting() == wanted, f"{wanted} sessions wait", 60, seen=lambda: (n_waiting(), many.log()[-3000:]))
    before = len(many.log().splitlines())
    for _ in range(2):
        many.signal(signal.SIGSTOP)  # it would make them again meanwhile
        names_taken(ns)
        many.signal(signal.SIGCONT)
        there(N_SESSIONS)
        ns.ip(f"link del group {GROUP}")
        there(0)
    lines = many.log().splitlines()[before:]
    assert len(lines) <= 2 * (4 * FOLD_MAX + NAMES_MAX + 5), "\n".join(lines)
    assert many.log_lines("more interfaces ready") and not many.log_lines("repaired in"), "one line for each, not two"


def test_sessions_when_many_wait_then_each_is_named(many, ns):
    many.signal(signal.SIGSTOP)
    names_taken(ns)
    many.signal(signal.SIGCONT)
    until(lambda: many.log_lines("no-sessions"), "they wait", 60, seen=many.log)
    lines = many.log_lines("more wait, interface-foreign: ")
    assert 0 < len(lines) <= NAMES_MAX, lines
    alone = {line.partition(":")[0] for line in many.log_lines("waiting, ")}
    together = [name for line in lines for name in re.findall(r"\bs\d+\b", line)]
    assert len(alone) == FOLD_MAX and len(together) == N_SESSIONS - FOLD_MAX, lines
    assert {*alone, *together} == {f"s{i}" for i in range(N_SESSIONS)}
    ns.ip(f"link del group {GROUP}")


def test_underlay_when_it_flaps_then_a_few_lines_of_each_kind(make_vtapd, ns):
    vtapd = make_vtapd(NAMED_UNDERLAY + "[session web]\nvni = 4321\n")

    def wait_target(state):
        until(lambda: vtapd.target()["state"] == state, f"the target is {state}", seen=vtapd.log)
    for _ in range(ROUNDS):
        ns.batch(["link set eth0 down", "link set eth0 name away0"])
        wait_target("waiting")
        ns.batch(["link set away0 name eth0", "link set eth0 up"])
        wait_target("ready")
    for words in ("eth0: gone", "eth0: back", "target default: waiting", "target default: ready", "eth0: fast path on"):
        assert 0 < len(vtapd.log_lines(words)) <= LANE_MAX, vtapd.log()
    vtapd.stop()
    assert vtapd.log_lines("the last of", "eth0: back"), vtapd.log()
    assert vtapd.log_lines("the last of", "target default: ready"), "what was held back is told at the end"
    assert "stopped" in vtapd.log().splitlines()[-1], vtapd.log()


def test_health_when_drained_again_and_again_then_each_of_it_is_told_and_healthy_never_twice(make_vtapd):
    """"healthy" several times in a row would tell of something that never happened."""
    vtapd = make_vtapd("[health]\nsettle = 0s\n" + NAMED_UNDERLAY + "[session web]\nvni = 4321\n")

    def wait_checks(wanted):
        until(lambda: vtapd.status()["daemon"]["checks"] == wanted, f"checks are {wanted}", seen=vtapd.log)
    wait_checks("answered")
    for i in range(ROUNDS):
        assert vtapd.ctl("drain").returncode == 0
        wait_checks("refused")
        assert vtapd.ctl("undrain").returncode == 0
        wait_checks("answered")
    vtapd.stop()
    words = re.findall(r"^(draining|undrained|healthy)\b", vtapd.log(), re.MULTILINE)
    assert words[:9] == ["healthy", *["draining", "undrained", "healthy"] * 3][:9], vtapd.log()
    assert not [pair for pair in zip(words, words[1:]) if pair[0] == pair[1]], vtapd.log()
    assert words.count("draining") == words.count("undrained") == ROUNDS, "what somebody asked for is always told"
    assert words.count("healthy") <= LANE_MAX + 1, vtapd.log()


def test_filter_when_somebody_keeps_removing_it_then_a_few_lines_and_it_is_there(make_vtapd, ns):
    vtapd = make_vtapd(NAMED_UNDERLAY.replace("auto", "require") + "[session web]\nvni = 4321\n")
    fastpath.wait_attached(vtapd, "eth0")
    for _ in range(ROUNDS):
        ns.run("tc", "filter", "del", "dev", "eth0", "ingress", "pref", "47")
        until(lambda: fastpath.is_steered(ns, "eth0"), "it is put back", seen=vtapd.log)
    assert len(vtapd.log_lines("the fast path was taken away by somebody; put back")) == LANE_MAX, vtapd.log()


def test_repairs_when_several_are_undone_at_a_time_then_each_session_has_few_lines(make_vtapd, ns):
    vtapd = make_vtapd(NAMED_UNDERLAY + "".join(f"[session s{i}]\nvni = {i}\n" for i in range(5)))
    end = time.monotonic() + 3
    while time.monotonic() < end:
        for i in range(5):
            if ns.is_up(f"mirror-s{i}"):
                ns.set_down(f"mirror-s{i}")
        vtapd.status()
    for i in range(5):
        assert 0 < len(vtapd.log_lines(f"s{i}: ")) <= LANE_MAX, vtapd.log()


def test_packets_when_of_unknown_vnis_for_seconds_then_two_lines_at_most(make_vtapd, mirror):
    vtapd = make_vtapd(NAMED_UNDERLAY + "[session web]\nvni = 4321\n")
    before, chance = len(vtapd.log().splitlines()), random.Random(6)
    end = time.monotonic() + 5
    n = 0
    while time.monotonic() < end:
        for _ in range(50):
            mirror.send(chance.randrange(5000, 1 << 24), frames.numbered(n))
            n += 1
    vtapd.wait_received(n * 9 // 10)
    lines = [line for line in vtapd.log().splitlines()[before:] if "VNI" in line]
    assert n > 5000 and 1 <= len(lines) <= 2, vtapd.log()


def test_drains_when_many_then_each_is_told_and_never_healthy_twice_in_a_row(make_vtapd):
    vtapd = make_vtapd("[health]\nsettle = 0s\n" + NAMED_UNDERLAY + "[session web]\nvni = 4321\n")

    def wait_checks(words):
        until(lambda: vtapd.status()["daemon"]["checks"] == words, f"checks are {words}", seen=vtapd.log)
    wait_checks("answered")
    for _ in range(ROUNDS):
        vtapd.ctl("drain")
        wait_checks("refused")
        vtapd.ctl("undrain")
        wait_checks("answered")
    vtapd.ctl("undrain")  # it looks whether they are answered, and changes nothing
    assert len(vtapd.log_lines("draining: ")) == len(vtapd.log_lines("undrained: ")) == ROUNDS, vtapd.log()
    vtapd.stop()
    told = [line.partition(":")[0] for line in vtapd.log().splitlines() if re.match("healthy|undrained|draining", line)]
    assert told[-1] == "healthy" and ("healthy", "healthy") not in zip(told, told[1:]), told


def test_frames_when_cut_of_very_many_sessions_then_a_bounded_number_of_lines_and_a_drain_is_told(many, mirror):
    def n_cut():
        return sum(finding["id"] == "truncated" for finding in many.get("/v1/doctor")["findings"])
    n_lines = 7 * FOLD_MAX + 2  # more would be folded by the judge
    for first in range(0, n_lines, FOLD_MAX):
        for vni in range(first, first + FOLD_MAX):
            mirror.send(vni, CUT)
        until(lambda wanted=first + FOLD_MAX: n_cut() >= wanted, "they are found", 30, seen=n_cut)
    many.ctl("drain")
    assert len(many.log_lines("truncated: session")) <= KIND_MAX and not many.log_lines("told up to"), many.log()
    assert many.log_lines("draining: "), many.log()
    many.stop()
    late = many.log_lines("truncated: session", "told up to")
    assert late and all(re.search(r"told up to \d{1,2} s late", line) for line in late), late


def test_session_when_removed_then_what_was_wrong_with_it_is_over_at_once(make_vtapd, mirror):
    two = NAMED_UNDERLAY + "[session web]\nvni = 1\n"
    vtapd = make_vtapd(two + "[session gone]\nvni = 2\n")
    mirror.send(2, CUT)
    until(lambda: vtapd.log_lines("truncated: session gone"), "it is found", seen=vtapd.log)
    vtapd.write("vtapd.conf", two)
    vtapd.reload()
    until(lambda: vtapd.log_lines("truncated: over, gone"), "it is over", seen=vtapd.log)
