"""The law of vxlan mode: whoever has what a session needs is named, nobody is touched, the others' sessions work, and
the session is shown as soon as it can be."""

import os
import socket
import time

import pytest

from conftest import HEADS, WEB_VXLAN
from lab import frames, unit, vxlan
from lab.deadline import until

TAP = "mirror-web"
FREED_SECONDS = 30  # nobody tells us that a port became free: the retry is at most this far away
PAY = "[session pay]\nvni = 6000\n"


def assert_waits(vtapd, reason, *words, name="web"):
    session = vtapd.wait_session(name, state="waiting", reason=reason)
    assert all(word in session["message"] for word in words), session
    assert session["retry_in_ns"] is not None, session
    told = vtapd.ctl("status")
    assert told.returncode == 1 and all(word in told.stdout for word in words), told.stdout
    assert len(vtapd.log_lines(name, "waiting")) == 1, vtapd.log()
    return session


def assert_works(vtapd, mirror, name="web", vni=4321):
    vtapd.wait_session(name, seconds=FREED_SECONDS, state="ready", reason=None)
    mirror.send(vni, frames.numbered(1))
    vtapd.wait_session(name, delivered=1)


def wait_finding(vtapd, condition, severity):
    def findings():
        return {finding["id"]: finding["severity"] for finding in vtapd.get("/v1/doctor")["findings"]}
    until(lambda: findings().get(condition) == severity, f"{condition} is found", seen=findings)


def portrait(ns, name):
    """A device of somebody else: all but its counters."""
    return {key: value for key, value in ns.link(name).items() if key != "stats64"}


# The port

SOCKETS = {"0.0.0.0": socket.AF_INET, "127.0.0.1": socket.AF_INET, "::": socket.AF_INET6,
           "::ffff:127.0.0.1": socket.AF_INET6}


@pytest.mark.parametrize("address", SOCKETS)
def test_port_when_a_program_has_it_then_the_program_is_named_and_its_end_waited_for(address, ns, make_vtapd, mirror):
    with ns.socket(SOCKETS[address], socket.SOCK_DGRAM) as sock:
        sock.bind((address, frames.VXLAN_PORT))
        vtapd = make_vtapd(WEB_VXLAN)
        program = [f"uid {os.getuid()}"] + [f"pid {os.getpid()}"] * (not unit.is_wanted())  # the unit sees no other's
        assert_waits(vtapd, "port-taken", "4789", *program)
        wait_finding(vtapd, "port-taken", "page")
    assert_works(vtapd, mirror)


def test_port_when_a_program_has_it_for_the_other_family_alone_then_nobody_is_in_the_way(ns, make_vtapd, mirror):
    with ns.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(("::", frames.VXLAN_PORT))
        assert_works(make_vtapd(WEB_VXLAN), mirror)


def test_port_when_a_program_has_it_beside_a_device_of_the_other_family_then_the_program_is_named(ns, make_vtapd):
    ns.ip(f"link add other type vxlan id 9 local 10.77.0.2 dstport {frames.VXLAN_PORT}")
    ns.ip("link set other up")
    with ns.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(("::", frames.VXLAN_PORT))
        session = assert_waits(make_vtapd(WEB_VXLAN + "family = ipv6\n"), "port-taken", f"uid {os.getuid()}")
    assert "other" not in session["message"], session


OTHERS = {  # foreign devices whose socket ours cannot share: session's family, their words
    "GBP": ("ipv4", "gbp nolearning"),
    "external": ("ipv4", "external"),
    "IPv6 without zero checksums": ("ipv6", "local fd77::2 nolearning"),
}


@pytest.mark.parametrize("what", OTHERS)
def test_port_when_a_device_of_another_kind_has_it_then_it_is_named_and_left_alone(what, ns, make_vtapd, mirror):
    family, words = OTHERS[what]
    ns.ip(f"link add theirs type vxlan {'' if words == 'external' else 'id 9'} dstport {frames.VXLAN_PORT} {words}")
    ns.ip("link set theirs up")
    before = portrait(ns, "theirs")
    vtapd = make_vtapd(f"{WEB_VXLAN}family = {family}\n")
    assert_waits(vtapd, "port-taken", "4789", "theirs")
    assert portrait(ns, "theirs") == before
    ns.ip("link del theirs")
    if family == "ipv4":
        assert_works(vtapd, mirror)
    else:
        vtapd.wait_session("web", seconds=FREED_SECONDS, state="ready")


def wait_retry(vtapd, seconds, name="web"):
    """Until its next try is so far away; returns how far."""
    def far():
        left = vtapd.session(name)["retry_in_ns"] or 0
        return left if left > seconds * 1e9 else None
    return until(far, f"{name} waits longer", 30, seen=lambda: vtapd.session(name)) / 1e9


@pytest.mark.parametrize("reason, vni, words, how", [
    ("port-taken", 9, "gbp", "link del theirs"), ("port-taken", 9, "gbp", "link set theirs down"),
    ("vni-taken", 4321, vxlan.RECIPE, "link del theirs")])
def test_device_in_the_way_when_it_goes_then_the_session_does_not_wait_for_its_next_try(
        reason, vni, words, how, ns, make_vtapd):
    """Of a device there are news, and that it goes is what doctor asks for."""
    vxlan.make(ns, "theirs", vni, words)
    vtapd = make_vtapd(WEB_VXLAN)
    vtapd.wait_session("web", state="waiting", reason=reason)
    remedy = next(row["remedy"] for row in vtapd.get("/v1/doctor")["findings"] if row["id"] == reason)
    assert remedy.startswith("sudo ip link del theirs #"), remedy
    left = wait_retry(vtapd, 5)
    begin = time.monotonic()
    ns.ip(how)
    vtapd.wait_session("web", seconds=left, state="ready")
    assert time.monotonic() - begin < left, vtapd.log()


def test_port_when_it_becomes_free_for_one_session_then_for_all_of_them_at_once(ns, make_vtapd):
    """More than the journal has a line for each in one run: with a run for each there would be as many lines."""
    sessions = "".join(f"[session s{i}]\nvni = {i}\n" for i in range(60))
    with ns.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("0.0.0.0", frames.VXLAN_PORT))
        vtapd = make_vtapd(HEADS["vxlan"] + sessions)
        wait_retry(vtapd, 2, "s0")
    until(lambda: all(row["state"] == "ready" for row in vtapd.status()["sessions"]), "all are ready", FREED_SECONDS,
          seen=vtapd.log)
    until(lambda: vtapd.log_lines("more interfaces ready"), "they are told of together", seen=vtapd.log)


def test_port_when_taken_then_sessions_of_another_target_work(ns, make_vtapd, mirror):
    with ns.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("0.0.0.0", 8472))
        vtapd = make_vtapd(f"{WEB_VXLAN}[target other]\nunderlay = eth0\nmode = vxlan\nport = 8472\n"
                           "[session pay]\nvni = 6000\ntarget = other\n")
        assert_waits(vtapd, "port-taken", "8472", name="pay")
        assert_works(vtapd, mirror)


def test_port_when_taken_while_vtapd_was_down_then_reported_by_the_next_start(make_vtapd, ns, mirror):
    vtapd = make_vtapd(f"[daemon]\non-stop = remove\n{WEB_VXLAN}")
    vtapd.stop()
    with ns.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("0.0.0.0", frames.VXLAN_PORT))
        vtapd.start()
        vtapd.wait_session("web", state="waiting", reason="port-taken")
    assert_works(vtapd, mirror)


def test_port_when_ours_then_others_cannot_have_it(make_vtapd, ns):
    make_vtapd(WEB_VXLAN)
    with ns.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock, pytest.raises(OSError):
        sock.bind(("0.0.0.0", frames.VXLAN_PORT))


# The VNI

@pytest.mark.parametrize("is_up", [True, False], ids=["up", "down"])
def test_vni_when_a_foreign_device_has_it_then_it_is_named_left_alone_and_the_other_sessions_work(
        is_up, ns, make_vtapd, mirror):
    vxlan.make(ns, "theirs", 4321, is_up=is_up)
    before = portrait(ns, "theirs")
    vtapd = make_vtapd(WEB_VXLAN + PAY)
    assert_waits(vtapd, "vni-taken", "4321", "theirs")
    wait_finding(vtapd, "vni-taken", "page")
    assert not ns.has(TAP) and portrait(ns, "theirs") == before
    assert_works(vtapd, mirror, "pay", 6000)
    ns.ip("link del theirs")
    assert_works(vtapd, mirror)


def test_vni_when_a_foreign_device_takes_it_at_once_after_ours_was_deleted_then_named(make_vtapd, ns):
    vtapd = make_vtapd(WEB_VXLAN)
    ns.batch([f"link del {TAP}", f"link add theirs type vxlan id 4321 dstport {frames.VXLAN_PORT}"], force=True)
    if ns.has("theirs"):  # else vtapd was faster than the second command
        vtapd.wait_session("web", state="waiting", reason="vni-taken")
        ns.ip("link del theirs")
    vtapd.wait_session("web", seconds=FREED_SECONDS, state="ready")


def test_vni_when_a_foreign_device_has_it_on_another_port_then_nobody_is_in_the_way(ns, make_vtapd, mirror):
    vxlan.make(ns, "theirs", 4321, port=8472)
    assert_works(make_vtapd(WEB_VXLAN), mirror)


def test_vni_when_the_one_session_cannot_have_it_then_unhealthy_and_healthz_says_why(ns, make_vtapd):
    vxlan.make(ns, "theirs", 4321)
    vtapd = make_vtapd(f"[health]\nsettle = 0s\n{WEB_VXLAN}")
    wait_finding(vtapd, "vni-taken", "page")
    status, health = vtapd.request("GET", "/healthz")
    assert (status, health["state"]) == (503, "unhealthy"), health
    assert {"vni-taken", "no-sessions"} <= {row["id"] for row in health["conditions"] if row["holds"]}, health


def test_vni_when_two_sessions_have_it_in_two_families_then_each_gets_its_own_packets(make_vtapd, mirror):
    vtapd = make_vtapd(f"{HEADS['vxlan']}[session four]\nvni = 7\n[session six]\nvni = 7\nfamily = ipv6\n")
    for source in ("10.77.0.1", "fd77::1", "fd77::1"):
        mirror.send(7, frames.numbered(1), source=source)
    vtapd.wait_session("four", delivered=1)
    vtapd.wait_session("six", delivered=2)


def test_names_when_a_foreign_device_has_an_odd_one_then_status_says_so_all_the_same(ns, make_vtapd):
    ns.run("ip", "link", "add", "v\x1b[31m", "type", "vxlan", "id", "4321", "dstport", str(frames.VXLAN_PORT))
    vtapd = make_vtapd(WEB_VXLAN)
    vtapd.wait_session("web", state="waiting", reason="vni-taken")
    told = vtapd.ctl("status").stdout
    assert "v?[31m" in told and "\x1b" not in told, told


# Said before it is done

def test_plan_when_a_foreign_device_has_the_vni_then_it_says_that_the_session_will_wait(ns, make_vtapd):
    vxlan.make(ns, "theirs", 6000)
    vtapd = make_vtapd(WEB_VXLAN)
    vtapd.write("vtapd.conf", WEB_VXLAN + PAY)
    told = vtapd.ctl("plan").stdout
    assert "will wait: the vxlan interface theirs has this VNI" in told, told
    done = vtapd.reload(expect=1)
    assert "pay still waits" in done.stdout and "  pay: VNI 6000 of UDP port 4789 belongs to" in done.stdout, done


@pytest.mark.parametrize("mode", ["tap", "vxlan"])
def test_plan_when_no_underlay_is_there_then_it_says_that_the_target_will_wait(mode, make_vtapd):
    vtapd = make_vtapd(HEADS[mode].replace("auto", "eth0") + "[session web]\nvni = 4321\n")
    vtapd.write("vtapd.conf", HEADS[mode].replace("auto", "eth0").replace("eth0", "ens5") +
                "[session web]\nvni = 4321\n")
    told = vtapd.ctl("plan").stdout
    assert "will wait: no interface of this host is called ens5" in told, told
