"""The law: `allow` first, then exact VNI, range, any; within a level the longest source. `vtapctl match` agrees."""

import random

import pytest

from lab import frames, hosts
from lab.daemon import has_sanitizer

CONF = """
[target default]
allow = 10.0.0.0/8 fd77::/16
receive-buffer = 64M

[session one]
vni = 100

[session one-vpc]
vni = 100
source = 10.1.0.0/16

[session one-host]
vni = 100, 101
source = 10.1.2.3

[session range]
vni = 90-199

[session rng-vpc]
vni = 90-199
source = 10.1.0.0/16, 10.2.0.0/16

[session v6]
vni = 100
source = fd77:1::/32

[session named]
vni = 500
source = 10.5.0.0/16

[session some]
vni = any
source = 10.6.0.0/16
"""

CASES = [  # VNI, outer source, who gets it, at which level, by which prefix
    (100, "10.9.9.9", "one", "vni", None),
    (100, "10.1.9.9", "one-vpc", "vni", "10.1.0.0/16"),
    (100, "10.1.2.3", "one-host", "vni", "10.1.2.3"),
    (101, "10.1.2.3", "one-host", "vni", "10.1.2.3"),
    (101, "10.1.2.4", "rng-vpc", "range", "10.1.0.0/16"),
    (101, "10.2.0.1", "rng-vpc", "range", "10.2.0.0/16"),
    (101, "10.3.0.1", "range", "range", None),
    (90, "10.3.0.1", "range", "range", None),
    (199, "10.3.0.1", "range", "range", None),
    (89, "10.6.0.1", "some", "any", "10.6.0.0/16"),
    (200, "10.6.255.255", "some", "any", "10.6.0.0/16"),
    (100, "fd77:1::5", "v6", "vni", "fd77:1::/32"),
    (100, "fd77:2::5", "one", "vni", None),
    (500, "10.5.1.1", "named", "vni", "10.5.0.0/16"),
    (500, "10.6.1.1", "some", "any", "10.6.0.0/16"),
    (500, "10.7.1.1", "unknown-source", None, None),
    (200, "10.7.1.1", "unknown-vni", None, None),
    (200, "fd77:6::1", "unknown-vni", None, None),
    (100, "172.16.0.1", "not-allowed", None, None),
    (200, "172.16.0.1", "not-allowed", None, None),
    (0, "10.6.0.1", "some", "any", "10.6.0.0/16"),
    (16777215, "10.6.0.1", "some", "any", "10.6.0.0/16"),
]
VERDICTS = ("unknown-source", "unknown-vni", "not-allowed")


def fates(vtapd):
    """How many packets each session took and each verdict of nobody's has."""
    status = vtapd.status()
    counts = {session["name"]: session["received"] for session in status["sessions"]}
    counts.update({name: status["targets"][0]["drops"].get(name, 0) for name in VERDICTS})
    return counts


def test_packets_when_sent_then_each_goes_where_match_says(make_vtapd, mirror):
    vtapd = make_vtapd(CONF)
    for n, (vni, source, winner, level, prefix) in enumerate(CASES, 1):
        said, before = vtapd.match(vni, source), fates(vtapd)
        assert said["verdict"] == (winner if winner in VERDICTS else "delivered"), (vni, source, said)
        assert said["session"] == (None if winner in VERDICTS else winner), (vni, source, said)
        assert (said["level"], said["prefix"]) == (level, prefix), (vni, source, said)
        mirror.send(vni, frames.numbered(n), source=source)
        vtapd.wait_received(n)
        gained = {name for name, count in fates(vtapd).items() if count != before[name]}
        assert gained == {winner}, (vni, source, gained)


def test_packets_when_random_then_match_agrees_with_what_happens(make_vtapd, mirror):
    vtapd = make_vtapd(CONF)
    dice, expected = random.Random(4789), dict.fromkeys(fates(vtapd), 0)
    for n in range(400):
        vni = dice.choice([0, 89, 90, 99, 100, 101, 150, 199, 200, 499, 500, 501, dice.randrange(1 << 24)])
        source = dice.choice(["10.1.2.3", "10.1.2.4", "10.5.0.1", "10.6.0.1", "10.7.0.1", "172.16.0.1", "fd77:1::1",
                              "fd77:2::1", "fd99::1"])
        said = vtapd.match(vni, source)
        expected[said["session"] or said["verdict"]] += 1
        mirror.send(vni, frames.numbered(n), source=source)
    vtapd.wait_received(400)
    assert fates(vtapd) == expected


def test_match_when_asked_on_the_command_line_then_it_names_the_session(make_vtapd):
    vtapd = make_vtapd(CONF)
    done = vtapd.ctl("match", "100", "10.1.2.3")
    assert done.returncode == 0 and "one-host" in done.stdout and "mirror-one-host" in done.stdout, done
    assert "unknown-source" in vtapd.ctl("match", "500", "10.7.1.1").stdout
    assert vtapd.ctl("match", "16777216").returncode == 64
    assert vtapd.ctl("match", "1", "10.0.0.256").returncode == 64
    assert vtapd.ctl("match").returncode == 64


def lines(vtapd, *argv):
    done = vtapd.ctl("match", *argv)
    return done.returncode, done.stdout.splitlines()


def test_match_when_no_source_is_given_then_one_line_for_each_class_of_sources(make_vtapd):
    """Each once, longest prefix first, and what is left; `allow` where it is not any."""
    vtapd = make_vtapd(CONF)
    assert lines(vtapd, "500") == (0, [
        "VNI 500 to default, UDP 4789:",
        "  from 10.5.0.0/16: session named on mirror-named (names the VNI)",
        "  from 10.6.0.0/16: session some on mirror-some (any)",
        "  from 10.0.0.0/8: nobody, unknown-source (session named takes 10.5.0.0/16 only)",
        "  from fd77::/16: nobody, unknown-source (session named takes 10.5.0.0/16 only)",
        "  from elsewhere: nobody, not-allowed (target default allows 10.0.0.0/8, fd77::/16 only)"])
    assert [(row["from"], row["session"]) for row in vtapd.get("/v1/match?vni=101")["results"]] == [
        ("10.1.2.3", "one-host"), ("10.1.0.0/16", "rng-vpc"), ("10.2.0.0/16", "rng-vpc"), ("10.0.0.0/8", "range"),
        ("fd77::/16", "range"), ("any", None)]


def test_match_when_allow_is_narrow_then_those_that_it_has_are_told(make_vtapd):
    vtapd = make_vtapd("[target two]\nport = 4790\nallow = 127.0.0.0/30\n[session a]\nvni = any\ntarget = two\n")
    assert lines(vtapd, "5") == (0, [
        "VNI 5 to two, UDP 4790:",
        "  from 127.0.0.0/30: session a on mirror-a (any)",
        "  from elsewhere: nobody, not-allowed (target two allows 127.0.0.0/30 only)"])


def test_match_when_the_session_waits_then_1_and_what_becomes_of_the_packets(make_vtapd, ns, mirror):
    ns.ip("link add mirror-pay type bridge")
    vtapd = make_vtapd("[session pay]\nvni = 6000\n")
    mirror.send(6000, frames.numbered(1), source="10.0.0.1")
    vtapd.wait_session("pay", received=1, drops={"interface-gone": 1})
    said = vtapd.match(6000, "10.0.0.1")
    assert (said["verdict"], said["session"], said["state"]) == ("interface-gone", "pay", "waiting"), said
    for argv in (["6000"], ["6000", "10.0.0.1"]):
        status, text = lines(vtapd, *argv)
        assert status == 1 and "but it is lost: interface-gone" in "".join(text), text
        assert "session pay is waiting, its packets are dropped as interface-gone: mirror-pay is a bridge" in text[-1]


def test_match_when_the_target_waits_then_1_and_no_packet_is_taken(make_vtapd):
    vtapd = make_vtapd("[target default]\nunderlay = ens9\n[session web]\nvni = 4321\n")
    status, text = lines(vtapd, "4321")
    assert status == 1 and text[-1].startswith("    target default is waiting and takes no packet: "), text


def test_interface_when_shared_by_sessions_then_it_shows_the_frames_of_all(make_vtapd, mirror, capture):
    vtapd = make_vtapd("[target default]\nunderlay = eth0\n[session a]\nvni = 1\ninterface = both\n"
                       "[session b]\nvni = 2\ninterface = both\n[session c]\nvni = 3\n")
    tap = capture("both")
    sent = [frames.numbered(i) for i in range(30)]
    for i, frame in enumerate(sent):
        mirror.send(i % 3 + 1, frame)
    assert tap.frames(at_least=20) == [frame for i, frame in enumerate(sent) if i % 3 != 2]
    vtapd.wait_received(30)
    assert [vtapd.session(name)["delivered"] for name in "abc"] == [10, 10, 10]
    assert vtapd.session("a")["ifindex"] == vtapd.session("b")["ifindex"]
    assert vtapd.ns.link("both")["ifalias"] == "vtapd:a,b"


def test_targets_when_two_ports_then_each_has_its_own_sessions(make_vtapd, mirror, capture):
    vtapd = make_vtapd("[target one]\nport = 4789\n[target two]\nport = 8472\n"
                       "[session a]\nvni = 1\ntarget = one\n[session b]\nvni = 1\ntarget = two\n")
    taps = {name: capture(f"mirror-{name}") for name in "ab"}
    mirror.send(1, frames.numbered(1))
    mirror.send(1, frames.numbered(2), port=8472)
    assert taps["a"].frames(at_least=1) == [frames.numbered(1)]
    assert taps["b"].frames(at_least=1) == [frames.numbered(2)]
    assert [vtapd.target(name)["received"] for name in ("one", "two")] == [1, 1]
    assert [result["session"] for result in vtapd.get("/v1/match?vni=1")["results"]] == ["a", "b"]


def test_targets_when_they_share_a_port_on_two_underlays_then_each_takes_its_own(make_vtapd, target, mirror):
    target.plug_second()
    vtapd = make_vtapd("[target one]\nunderlay = eth0\n[target two]\nunderlay = eth1\n"
                       "[session a]\nvni = 1\ntarget = one\n[session b]\nvni = 1\ntarget = two\n")
    mirror.send(1, frames.numbered(1))
    with target.mirror("mir1") as second:
        for i in range(3):
            second.send(1, frames.numbered(i), flow=65408 + i)
    vtapd.wait_session("a", received=1, delivered=1)
    vtapd.wait_session("b", received=3, delivered=3)


def test_underlay_when_named_then_packets_of_other_interfaces_are_not_ours(make_vtapd, target, mirror):
    vtapd = make_vtapd("[target default]\nunderlay = other0\n[session a]\nvni = 1\n", start=False)
    target.ns.ip("link add other0 type veth peer name other1")
    target.ns.ip("link set other0 up")
    vtapd.start()
    assert vtapd.target()["bound"] == ["other0"]
    mirror.send(1, frames.numbered(1))
    assert vtapd.quiet()["received"] == 0


@pytest.mark.parametrize("underlay", ["eth0", "et*", "eth0, other*"])
def test_underlay_when_named_or_globbed_then_its_packets_are_ours(underlay, make_vtapd, mirror):
    vtapd = make_vtapd(f"[target default]\nunderlay = {underlay}\n[session a]\nvni = 1\n")
    assert vtapd.target()["bound"] == ["eth0"]
    mirror.send(1, frames.numbered(1))
    assert vtapd.wait_received(1)["delivered"] == 1


# VNIs that nobody configured, and those that a range carries

def test_unknown_when_packets_have_no_session_then_they_are_remembered(make_vtapd, mirror):
    vtapd = make_vtapd("[session web]\nvni = 4321\nsource = 10.0.0.0/16\n")
    for i in range(12):
        mirror.send(5569041, frames.numbered(1, 100), source=f"10.0.3.{i % 3 + 1}")
    for _ in range(5):
        mirror.send(4321, frames.numbered(1, 100), source="172.31.4.2")
    vtapd.wait_received(17)
    unknown = vtapd.unknown()
    assert unknown["frames"] == 17 and unknown["forgotten_frames"] == 0
    first, second = unknown["rows"]
    assert (first["vni"], first["verdict"], first["frames"], first["bytes"]) == (5569041, "unknown-vni", 12, 1200)
    assert sorted(first["sources"]) == ["10.0.3.1", "10.0.3.2", "10.0.3.3"] and first["sources_complete"]
    assert first["first_seen"] <= first["last_seen"]
    assert (second["vni"], second["verdict"], second["frames"]) == (4321, "unknown-source", 5)
    assert second["sources"] == ["172.31.4.2"] and "web" in second["why"]
    text = vtapd.ctl("unknown").stdout
    assert "5569041" in text and "no session has this VNI" in text and "2 rows, 17 frames" in text, text


def test_unknown_when_a_session_is_added_then_the_frames_flow(make_vtapd, mirror):
    vtapd = make_vtapd("[session web]\nvni = 4321\n")
    mirror.send(77, frames.numbered(1))
    vtapd.wait_received(1)
    vtapd.write("conf.d/new.conf", "[session new]\nvni = 77\n")
    vtapd.reload()
    mirror.send(77, frames.numbered(2))
    vtapd.wait_session("new", received=1, delivered=1)
    row, = vtapd.unknown()["rows"]
    assert (row["why"], row["taken_by"]) == ("session new takes it now", "new")
    assert "sudo" not in vtapd.ctl("unknown").stdout, "nothing is left to do"


def test_unknown_when_one_of_its_sources_is_taken_then_the_other_still_has_its_remedy(make_vtapd, mirror):
    vtapd = make_vtapd("[session web]\nvni = 4321\n")
    for source in ("10.0.0.1", "10.0.0.2"):
        mirror.send(77, frames.numbered(1), source=source)
    vtapd.wait_received(2)
    vtapd.write("conf.d/new.conf", "[session new]\nvni = 77\nsource = 10.0.0.1\n")
    vtapd.reload()
    row, = vtapd.unknown()["rows"]
    assert (row["why"], row["taken_by"]) == ("session new takes 10.0.0.1 only", None)


def test_unknown_when_its_sources_are_no_longer_allowed_then_it_says_so_and_has_no_session_for_them(make_vtapd, mirror):
    vtapd = make_vtapd("[session web]\nvni = 4321\n")
    for vni, source in ((77, "10.0.0.1"), (78, "10.0.0.1"), (78, "10.99.0.1")):
        mirror.send(vni, frames.numbered(1), source=source)
    vtapd.wait_received(3)
    vtapd.write("conf.d/new.conf", "[target default]\nallow = 10.99.0.0/16\n[session new]\nvni = any\n")
    vtapd.reload()
    row_77, row_78 = sorted(vtapd.unknown()["rows"], key=lambda row: row["vni"])
    for row in (row_77, row_78):
        assert (row["why"], row["taken_by"], row["allowed"]) == ("target default allows 10.99.0.0/16 only", None, False), row
    assert "sudo" not in vtapd.ctl("unknown").stdout, "no session would get them"
    vtapd.write("conf.d/new.conf", "[target default]\nallow = 10.99.0.0/16\n[session new]\nvni = 79\n")
    vtapd.reload()
    row_77, row_78 = sorted(vtapd.unknown()["rows"], key=lambda row: row["vni"])
    assert (row_77["why"], row_77["allowed"]) == ("target default allows 10.99.0.0/16 only", False)
    assert (row_78["why"], row_78["allowed"]) == ("no session has this VNI", True)
    assert "[session vni78]" in vtapd.ctl("unknown").stdout


FLOOD = 60_000
RSS_SLACK_KIB = 1024  # after the first part of the flood has touched the whole table


def test_unknown_when_flooded_with_random_vnis_then_memory_is_bounded_and_others_lose_nothing(make_vtapd, mirror):
    vtapd = make_vtapd("[target default]\nreceive-buffer = 256M\n[session web]\nvni = 4321\n")
    dice, sent = random.Random(1), 0
    rss = []
    for _ in range(3):
        for i in range(FLOOD // 3):
            vni = dice.randrange(4322, 1 << 24)
            mirror.send(vni, frames.numbered(i), source=f"10.{vni % 200}.0.1", flow=65408 + i % 100)
            if i % 10 == 0:
                mirror.send(4321, frames.numbered(i))
                sent += 1
        vtapd.wait_received(FLOOD // 3 * (len(rss) + 1) + sent, seconds=30)
        rss.append(vtapd.rss_kib())
    total = vtapd.target()
    assert total["drops"] == {"unknown-vni": FLOOD}
    session = vtapd.session("web")
    assert (session["received"], session["dropped"]) == (sent, 0)
    unknown = vtapd.unknown()
    assert unknown["frames"] == FLOOD, "rows and forgotten ones together"
    assert unknown["forgotten_frames"] == FLOOD - sum(row["frames"] for row in unknown["rows"])
    assert has_sanitizer() or rss[2] - rss[1] < RSS_SLACK_KIB, rss


@pytest.mark.parametrize("vni", ["4400-4403", "any"])
def test_range_when_frames_arrive_then_the_session_remembers_which_vnis(vni, make_vtapd, mirror):
    vtapd = make_vtapd(f"[session db]\nvni = {vni}\n")
    for number, times in ((4400, 1), (4402, 5), (4403, 2)):
        for _ in range(times):
            mirror.send(number, frames.numbered(1, 100))
    vtapd.wait_received(8)
    session = vtapd.get("/v1/show?session=db")["session"]
    seen = {row["vni"]: (row["frames"], row["bytes"]) for row in session["vnis"]}
    assert seen == {4400: (1, 100), 4402: (5, 500), 4403: (2, 200)}
    assert session["vnis_forgotten_frames"] == 0
    assert all(row["sources"] == [hosts.SENDER_V4] for row in session["vnis"])
    assert "4402" in vtapd.ctl("show", "db").stdout


def test_range_when_frames_are_dropped_then_its_vnis_add_up_to_what_was_delivered(make_vtapd, ns, mirror):
    ns.ip("link add mirror-db type bridge")
    vtapd = make_vtapd("[session db]\nvni = 4400-4403\n")
    for _ in range(3):
        mirror.send(4400, frames.numbered(1, 100))
    vtapd.wait_session("db", dropped=3)
    ns.ip("link del mirror-db")
    vtapd.wait_session("db", state="ready")
    mirror.send(4401, frames.numbered(1, 100))
    vtapd.wait_session("db", delivered=1)
    session = vtapd.get("/v1/show?session=db")["session"]
    assert [(row["vni"], row["frames"], row["bytes"]) for row in session["vnis"]] == [(4401, 1, 100)], session
    assert session["vnis_forgotten_frames"] == 0
