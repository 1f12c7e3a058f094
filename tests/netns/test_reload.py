"""The law: a reload touches only what changed; a refused one changes nothing."""

import collections
import re
import signal
import subprocess

import pytest

from lab import frames
from lab.daemon import VTAPCTL, has_sanitizer
from lab.deadline import until
from lab.sender import Sender

WEB = "[session web]\nvni = 4321\n"
# By the worker from begin to end: where it hands over to the fast path, what waits in its socket is overtaken.
BASE = "[target default]\nfastpath = off\nreceive-buffer = 64M\nworkers = {workers}\n"
RATE = 5_000  # frames per second: enough that a hole shows, few enough that the machine does not matter
BROKEN = {
    "conf.d/db.conf": "[session db]\nvni = 16777216\ninterface = mirror-database-eu\n",
    "conf.d/web.conf": "[session web]\nvni = 4321 # prod\nsorce = 10.0.0.0/16\n",
}


@pytest.fixture
def traffic(target):
    """Numbered frames of VNI 4321 at a steady rate, from a process of their own, over 16 outer flows."""
    sender = Sender(target, 4321, RATE, flows=16)
    yield sender
    sender.stop()


def others(i):
    """Configurations of others that differ in VNI, source, allow and existence from one reload to the next."""
    text = f"[session db]\nvni = {100 + i}-{200 + i}\nsource = 10.{i}.0.0/16\n"
    if i % 3 == 0:
        text += f"[session extra{i}]\nvni = {5000 + i}\nmtu = {1500 + i}\n"
    return text


def all_delivered(vtapd, traffic, capture, in_order=True):
    """Every frame that was sent has been shown once, and in the order of its outer flow."""
    sent = traffic.stop()
    session = vtapd.wait_session("web", received=sent)
    assert (session["delivered"], session["dropped"]) == (sent, 0), session
    numbers = [frames.number_of(frame) for frame in capture.frames(at_least=sent)]
    assert sorted(numbers) == list(range(sent)), "each once"
    flows = collections.defaultdict(list)
    for number in numbers:
        flows[number % 16].append(number)
    if in_order:
        assert all(flow == sorted(flow) for flow in flows.values()), "in order"
    return sent


def test_reload_when_others_change_then_an_unchanged_session_loses_no_frame(make_vtapd, traffic, ns, capture):
    vtapd = make_vtapd(BASE.format(workers=2) + WEB)
    index, tap = ns.ifindex("mirror-web"), capture(flood=True)
    traffic.start()
    for i in range(20):
        traffic.wait_sent((i + 1) * 200)
        vtapd.write("vtapd.conf", BASE.format(workers=2) + f"allow = 10.0.0.0/8 172.16.{i}.0/24\n" + WEB)
        vtapd.write("conf.d/others.conf", others(i))
        vtapd.reload()
    assert all_delivered(vtapd, traffic, tap) >= 4000
    assert ns.ifindex("mirror-web") == index


@pytest.mark.parametrize("before,after", [(4, 1), (1, 4), (4, 2)])
def test_workers_when_changed_under_traffic_then_no_frame_is_lost(before, after, make_vtapd, traffic, capture):
    """Order is not asked for at the moment of the change: the kernel deals the flows out anew among the sockets,
    and what waits in a flow's old one may be read after the first packets in its new one."""
    vtapd = make_vtapd(BASE.format(workers=before) + WEB)
    tap = capture(flood=True)
    traffic.start()
    traffic.wait_sent(1000)
    for count in (after, before, after):
        vtapd.write("vtapd.conf", BASE.format(workers=count) + WEB)
        vtapd.reload()
        assert vtapd.target()["workers"] == count
        traffic.wait_sent(traffic.sent() + 500)
    all_delivered(vtapd, traffic, tap, in_order=False)


def test_vni_when_moved_to_another_session_under_traffic_then_each_frame_goes_to_one_of_them(make_vtapd, traffic):
    vtapd = make_vtapd(BASE.format(workers=2) + WEB + "[session db]\nvni = 1\n")
    traffic.start()
    traffic.wait_sent(1000)
    vtapd.wait_received(1000)  # what waits in a socket at the reload is the other session's
    vtapd.write("vtapd.conf", BASE.format(workers=2) + "[session web]\nvni = 1\n[session db]\nvni = 4321\n")
    vtapd.reload()
    traffic.wait_sent(traffic.sent() + 500)
    sent = traffic.stop()
    vtapd.wait_received(sent)
    web, db = vtapd.session("web"), vtapd.session("db")
    assert web["delivered"] + db["delivered"] == sent and web["delivered"] >= 1000 and db["delivered"] >= 500


def test_receive_buffer_when_changed_under_traffic_then_no_frame_is_lost(make_vtapd, traffic, capture):
    vtapd = make_vtapd(BASE.format(workers=2) + WEB)
    tap = capture(flood=True)
    traffic.start()
    traffic.wait_sent(500)
    vtapd.write("vtapd.conf", BASE.format(workers=2).replace("64M", "32M") + WEB)
    vtapd.reload()
    traffic.wait_sent(traffic.sent() + 500)
    all_delivered(vtapd, traffic, tap)


def test_reload_when_asked_by_many_at_once_then_each_is_answered_and_no_frame_is_lost(make_vtapd, traffic, capture):
    vtapd = make_vtapd(BASE.format(workers=2) + WEB)
    tap = capture(flood=True)
    traffic.start()
    vtapd.write("conf.d/x.conf", "[session x]\nvni = 7\n")
    asking = [vtapd.ns.start(VTAPCTL, "--socket", vtapd.socket, "reload", stdout=subprocess.DEVNULL) for _ in range(10)]
    for _ in range(20):
        vtapd.signal(signal.SIGHUP)
    assert [one.wait(20) for one in asking] == [0] * 10
    vtapd.wait_session("x", state="ready")
    all_delivered(vtapd, traffic, tap)


def test_memory_when_reloaded_again_and_again_then_it_stays(make_vtapd):
    if has_sanitizer():
        pytest.skip("memory is not its own in a sanitizer's build")
    vtapd = make_vtapd(WEB)
    rss = []
    for part in range(3):
        for i in range(40):
            vtapd.write("conf.d/x.conf", f"[session x]\nvni = {100 + i}-{200 + i}\nsource = 10.{part}.{i}.0/24\n")
            assert vtapd.request("POST", "/v1/reload")[0] == 200
        rss.append(vtapd.rss_kib())
    assert rss[2] - rss[1] < 256, rss


def test_interfaces_when_two_sessions_swap_theirs_then_each_has_the_others(make_vtapd, ns, mirror):
    text = "[session a]\nvni = 1\ninterface = {}\n[session b]\nvni = 2\ninterface = {}\n"
    vtapd = make_vtapd(text.format("left", "right"))
    vtapd.write("vtapd.conf", text.format("right", "left"))
    vtapd.reload()
    assert (ns.link("right")["ifalias"], ns.link("left")["ifalias"]) == ("vtapd:a", "vtapd:b")
    mirror.send(1, frames.numbered(1))
    vtapd.wait_session("a", delivered=1, interface="right")


def test_counters_when_reloaded_then_they_go_on(make_vtapd, mirror):
    vtapd = make_vtapd(WEB)
    mirror.send(4321, frames.numbered(1))
    mirror.send(1, frames.numbered(1))
    vtapd.wait_received(2)
    vtapd.write("conf.d/x.conf", "[session x]\nvni = 7\n")
    vtapd.reload()
    assert vtapd.target()["received"] == 2 and vtapd.session("web")["delivered"] == 1


# Plan says what reload does

PLANS = {  # name: (conf.d before, conf.d after, sign and name of each row)
    "added": ({}, {"cache.conf": "[session cache]\nvni = 9\n"}, {("+", "cache")}),
    "removed": ({"b.conf": "[session batch]\nvni = 5\n"}, {"b.conf": None}, {("-", "batch")}),
    "vni": ({"b.conf": "[session batch]\nvni = 5\n"}, {"b.conf": "[session batch]\nvni = 5-6\n"}, {("~", "batch")}),
    "source": ({"b.conf": "[session batch]\nvni = 5\n"}, {"b.conf": "[session batch]\nvni = 5\nsource = 10.0.0.0/8\n"},
               {("~", "batch")}),
    "mtu": ({"b.conf": "[session batch]\nvni = 5\n"}, {"b.conf": "[session batch]\nvni = 5\nmtu = 1500\n"},
            {("~", "batch")}),
    "interface": ({"b.conf": "[session batch]\nvni = 5\n"}, {"b.conf": "[session batch]\nvni = 5\ninterface = b2\n"},
                  {("!", "batch")}),
    "several": ({"b.conf": "[session batch]\nvni = 5\n", "d.conf": "[session db]\nvni = 6\n"},
                {"b.conf": None, "d.conf": "[session db]\nvni = 7\n", "e.conf": "[session e]\nvni = 8\n"},
                {("-", "batch"), ("~", "db"), ("+", "e")}),
    "nothing but a comment": ({}, {"c.conf": "; nothing\n"}, set()),
}


def taps_of(ns):
    return {name: (link["ifindex"], link["mtu"]) for name, link in ns.links().items()
            if link.get("ifalias", "").startswith("vtapd:")}


@pytest.mark.parametrize("case", PLANS)
def test_plan_when_asked_then_the_reload_does_that_and_no_more(case, make_vtapd, ns):
    before, after, rows = PLANS[case]
    vtapd = make_vtapd(WEB, files=before)
    was = taps_of(ns)
    for name, text in after.items():
        if text is None:
            vtapd.unlink(f"conf.d/{name}")
        else:
            vtapd.write(f"conf.d/{name}", text)
    plan = vtapd.get("/v1/plan")
    assert {(row["sign"], row["name"]) for row in plan["rows"]} == rows, plan
    told = vtapd.ctl("plan")
    assert told.returncode == 0 and all(f"  {sign} {name}" in told.stdout for sign, name in rows), told.stdout
    assert taps_of(ns) == was, "a plan changes nothing"
    counts = {key: plan[key] for key in ("added", "changed", "replaced", "removed", "untouched")}
    status, done = vtapd.request("POST", "/v1/reload")
    assert status == 200 and {key: done[key] for key in counts} == counts, done
    now = taps_of(ns)
    assert now["mirror-web"] == was["mirror-web"]
    assert len(now) == len(was) + done["added"] - done["removed"]
    assert vtapd.get("/v1/plan")["rows"] == []


def plan_rows(vtapd):
    return {row["name"]: (row["what"], row["why"]) for row in vtapd.get("/v1/plan")["rows"]}


def test_plan_when_the_interface_is_somebody_elses_then_it_says_that_it_stays(make_vtapd, ns):
    both = "[session e]\nvni = 1\ninterface = eth0\n[session f]\nvni = 2\ninterface = eth0\n"
    vtapd = make_vtapd(WEB, files={"e.conf": both})
    pending = vtapd.get("/v1/plan")["pending"]
    assert len(pending) == 1 and pending[0].startswith("e, f: eth0 is "), pending
    vtapd.unlink("conf.d/e.conf")
    assert plan_rows(vtapd) == {"e": ("leave eth0", "no longer configured; eth0 is not ours and stays"),
                                "f": ("leave eth0", "no longer configured")}
    vtapd.write("conf.d/e.conf", both.replace("eth0", "mirror-e"))
    assert plan_rows(vtapd)["e"][1].endswith("; eth0 is not ours and stays")
    vtapd.unlink("conf.d/e.conf")
    vtapd.reload()
    assert ns.has("eth0")


def test_plan_when_the_new_interface_is_somebody_elses_then_it_says_that_it_will_wait(make_vtapd):
    vtapd = make_vtapd(WEB)
    vtapd.write("conf.d/e.conf", "[session e]\nvni = 1\ninterface = eth0\n")
    what, why = plan_rows(vtapd)["e"]
    assert what == "wait for eth0" and "; will wait: eth0 is a" in why and "did not make" in why, (what, why)
    assert vtapd.get("/v1/plan")["will_wait"] == 1
    assert "1 will wait" in vtapd.ctl("plan").stdout
    vtapd.reload(expect=1)
    assert vtapd.session("e")["reason"] == "interface-foreign"


def test_reload_when_done_then_it_says_what_was_done(make_vtapd):
    vtapd = make_vtapd(WEB)
    vtapd.write("conf.d/cache.conf", "[session cache]\nvni = 9\n")
    assert re.match(r"In effect after \d.* 1 added, .*1 untouched\. (All )?2 (of 2 )?sessions (are )?ready",
                    vtapd.reload().stdout), vtapd.log()
    assert vtapd.reload().stdout.strip() == "No change."


def test_reload_when_a_session_is_not_ready_then_exit_1_and_it_is_named(make_vtapd, ns):
    ns.ip("link add mirror-pay type bridge")
    vtapd = make_vtapd(WEB)
    vtapd.write("conf.d/pay.conf", "[session pay]\nvni = 6000\n")
    done = vtapd.reload(expect=1)
    assert "pay" in done.stdout, done.stdout


def test_sighup_when_sent_then_it_reloads(make_vtapd):
    vtapd = make_vtapd(WEB)
    vtapd.write("conf.d/cache.conf", "[session cache]\nvni = 9\n")
    vtapd.signal(signal.SIGHUP)
    until(lambda: [row["state"] for row in vtapd.status()["sessions"] if row["name"] == "cache"] == ["ready"],
          "session cache is ready", seen=vtapd.log)


# Refused

def test_reload_when_refused_then_all_mistakes_are_printed_and_nothing_changes(make_vtapd, ns, mirror):
    vtapd = make_vtapd("[session old]\nvni = 4321\n")
    was = taps_of(ns)
    for name, text in BROKEN.items():
        vtapd.write(name, text)
    done = vtapd.reload(expect=78)
    told = done.stdout + done.stderr
    for words in ('db.conf:2: session db: vni: "16777216": must be 0..16777215, a range like 100-199, or any',
                  'db.conf:3: session db: interface: "mirror-database-eu": 18 bytes, Linux allows 15',
                  'web.conf:2: session web: vni: "4321 # prod": not a number; inline comments start with ;',
                  "web.conf:3: session web: sorce: unknown key; did you mean source?",
                  "4 mistakes in 2 files. Nothing was changed"):
        assert words in told, told
    assert taps_of(ns) == was
    refused = vtapd.status()["daemon"]["refused"]
    assert refused["mistakes"] == 4
    assert "4 mistakes" in vtapd.ctl("status").stdout
    assert len(vtapd.log_lines("reload refused")) == 1
    mirror.send(4321, frames.numbered(1))
    vtapd.wait_session("old", delivered=1)
    for name in BROKEN:
        vtapd.unlink(name)
    vtapd.reload()
    assert vtapd.status()["daemon"]["refused"] is None
    until(lambda: vtapd.log_lines("reload refused: over"), "it ends in the words in which it began", seen=vtapd.log)


def test_sighup_when_the_configuration_is_broken_then_it_stays_visible(make_vtapd):
    vtapd = make_vtapd(WEB)
    vtapd.write("conf.d/x.conf", "[session web]\nvni = 1\n")
    vtapd.signal(signal.SIGHUP)
    until(lambda: vtapd.status()["daemon"]["refused"], "the refusal is visible", seen=vtapd.log)
    assert vtapd.session("web")["state"] == "ready"


def test_plan_when_the_configuration_is_broken_then_78_and_the_mistakes(make_vtapd):
    vtapd = make_vtapd(WEB)
    vtapd.write("conf.d/x.conf", "[session web]\nvni = 1\n")
    done = vtapd.ctl("plan")
    assert done.returncode == 78 and "given twice" in done.stdout + done.stderr, done


def test_sessions_when_all_removed_then_valid_and_unhealthy(make_vtapd, ns):
    vtapd = make_vtapd(WEB)
    vtapd.write("vtapd.conf", "[target default]\nport = 4789\n")
    vtapd.reload()
    status = vtapd.status()
    assert status["sessions"] == [] and status["daemon"]["state"] == "unhealthy"
    assert taps_of(ns) == {}


TWO = """[target a]
port = {a}
[target b]
port = {b}
[session web]
vni = any
target = a
[session db]
vni = any
target = b
"""


def no_ports(ns):
    """Packets for UDP ports that nobody had: each may be answered with ICMP."""
    names, values = (line.split() for line in ns.read("/proc/net/snmp").splitlines() if line.startswith("Udp:"))
    return int(dict(zip(names, values))["NoPorts"])


def test_ports_when_two_targets_swap_theirs_under_traffic_then_no_packet_finds_them_closed(make_vtapd, traffic, ns):
    vtapd = make_vtapd(TWO.format(a=4789, b=5000))
    before = no_ports(ns)
    traffic.start()
    for i in range(8):
        traffic.wait_sent((i + 1) * 300)
        a, b = (5000, 4789) if i % 2 == 0 else (4789, 5000)
        vtapd.write("vtapd.conf", TWO.format(a=a, b=b))
        vtapd.reload()
    sent = traffic.stop()
    until(lambda: sum(vtapd.target(name)["received"] for name in "ab") == sent, "every packet was received",
          seen=lambda: [vtapd.target(name) for name in "ab"])
    assert no_ports(ns) == before
