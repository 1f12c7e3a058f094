"""The law: what somebody does to a tap interface is repaired at once, logged once with the reason, and counted."""

import re
import signal
import time

import pytest

from conftest import HEADS, MODES, in_both_modes
from lab import frames
from lab.deadline import until

TAP = "mirror-web"


def rename(ns):
    ns.ip(f"link set {TAP} name stolen0")


def ipv6_on(ns):
    ns.sysctl(**{f"net__ipv6__conf__{TAP}__disable_ipv6": 0})


def rp_filter(ns, value):
    ns.sysctl(**{f"net__ipv4__conf__{TAP}__rp_filter": value})


def command(text):
    return lambda ns: ns.ip(text.format(tap=TAP))


UNDOINGS = {  # what somebody does, and a word of the reason that the log gives
    "deleted": (command("link del {tap}"), "deleted"),
    "renamed": (rename, "renamed"),
    "set down": (command("link set {tap} down"), "set down"),
    "MTU": (command("link set {tap} mtu 1500"), "MTU"),
    "alias": (command("link set {tap} alias mine"), "alias"),
    "alias removed": (lambda ns: ns.run("ip", "link", "set", TAP, "alias", ""), "alias"),
    "MAC": (command("link set {tap} address 02:11:22:33:44:55"), "MAC|address"),
    "IPv6 enabled": (ipv6_on, "IPv6"),
    "ARP on": (command("link set {tap} arp on"), "ARP"),
    "IPv6 addresses": (command("link set {tap} addrgenmode eui64"), "IPv6 addresses"),
    "forwarding on": (lambda ns: ns.sysctl(**{f"net__ipv4__conf__{TAP}__forwarding": 1}), "forwarding"),
    "rp_filter off": (lambda ns: rp_filter(ns, 0), "rp_filter"),
    "rp_filter loose": (lambda ns: rp_filter(ns, 2), "rp_filter"),
}


def dress(ns):
    """What makes the interface ours and quiet, or None while it is not there."""
    link = ns.link(TAP)
    if link is None:
        return None
    return {"alias": link.get("ifalias"), "mtu": link["mtu"], "mac": link["address"],
            "up": "UP" in link["flags"], "noarp": "NOARP" in link["flags"], "addrgen": link.get("inet6_addr_gen_mode"),
            "forwarding": ns.read(f"/proc/sys/net/ipv4/conf/{TAP}/forwarding"),
            "rp_filter": ns.read(f"/proc/sys/net/ipv4/conf/{TAP}/rp_filter"),
            "ipv6 off": ns.read(f"/proc/sys/net/ipv6/conf/{TAP}/disable_ipv6") == "1\n"}


@in_both_modes
@pytest.mark.parametrize("what", UNDOINGS)
def test_interface_when_undone_then_repaired_logged_once_and_counted(what, vtapd, ns, mirror, capture):
    undo, reason = UNDOINGS[what]
    good, index = dress(ns), ns.ifindex(TAP)
    undo(ns)
    until(lambda: dress(ns) == good, "the interface is as it was", seen=lambda: (dress(ns), vtapd.log()))
    vtapd.wait_session("web", state="ready", repairs=1)
    assert vtapd.status()["daemon"]["repairs"] == 1
    lines = until(lambda: vtapd.log_lines("repaired"), "a log line", seen=vtapd.log)
    assert len(lines) == 1 and "web" in lines[0] and TAP in lines[0] and re.search(reason, lines[0]), lines
    if what != "deleted":
        assert ns.ifindex(TAP) == index, "sensors keep their handle"
    assert not ns.has("stolen0")
    tap = capture()
    mirror.send(4321, frames.numbered(1))
    assert tap.frames(at_least=1) == [frames.numbered(1)]
    assert vtapd.session("web")["repairs"] == 1


@pytest.mark.parametrize("mode", MODES)
def test_session_when_interface_repaired_then_others_are_not_touched(mode, make_vtapd, ns):
    vtapd = make_vtapd(HEADS[mode] + "[session web]\nvni = 1\n[session db]\nvni = 2\n")
    index = ns.ifindex("mirror-db")
    ns.ip(f"link del {TAP}")
    vtapd.wait_session("web", repairs=1, state="ready")
    assert ns.ifindex("mirror-db") == index and vtapd.session("db")["repairs"] == 0


def test_status_when_the_daemon_hangs_then_it_says_so_soon_and_what_to_do(vtapd):
    vtapd.signal(signal.SIGSTOP)
    begin = time.monotonic()
    try:
        done = vtapd.ctl("status")
    finally:
        vtapd.signal(signal.SIGCONT)
    assert done.returncode == 69 and done.stdout == "", done
    assert time.monotonic() - begin < 6, "3 s, and a busy machine"
    first, *rest = done.stderr.splitlines()
    assert first == f"vtapctl: status: vtapd did not answer in time at {vtapd.socket}", done
    assert "look: systemctl status vtapd" in rest[-1], done
    assert vtapd.ctl("status").returncode == 0


@pytest.fixture(params=MODES)
def unseen(request, make_vtapd):
    """A daemon with two sessions that stands still while several things are done to it, as if at one moment."""
    vtapd = make_vtapd(f"{MODES[request.param]}[session db]\nvni = 4400\n")
    vtapd.signal(signal.SIGSTOP)
    yield vtapd
    vtapd.signal(signal.SIGCONT)


def renamed(old, new):
    """The commands. Kernels before 6.2 do not rename an interface that is up."""
    return [f"link set {old} down", f"link set {old} name {new}", f"link set {new} up"]


@pytest.mark.kernel
def test_interfaces_when_two_swapped_their_names_then_each_gets_its_own_back(unseen, ns, mirror, capture):
    web, db = ns.ifindex(TAP), ns.ifindex("mirror-db")
    ns.batch([*renamed(TAP, "swap0"), *renamed("mirror-db", TAP), *renamed("swap0", "mirror-db")])
    unseen.signal(signal.SIGCONT)
    for name in ("web", "db"):
        unseen.wait_session(name, state="ready", repairs=1)
    assert (ns.ifindex(TAP), ns.ifindex("mirror-db")) == (web, db)
    tap = capture()
    mirror.send(4321, frames.numbered(1))
    assert tap.frames(at_least=1) == [frames.numbered(1)]


def test_interface_when_deleted_and_its_name_given_to_another_of_ours_then_each_has_its_own_at_once(unseen, ns):
    web = ns.ifindex(TAP)
    ns.batch(["link del mirror-db", f"link set {TAP} name mirror-db"])
    unseen.signal(signal.SIGCONT)
    for name in ("web", "db"):
        unseen.wait_session(name, state="ready", repairs=1)
    assert ns.ifindex(TAP) == web and ns.has("mirror-db")
    assert "waiting" not in unseen.log(), unseen.log()


def test_interface_when_deleted_and_another_of_ours_must_keep_its_name_then_that_is_told(unseen, ns):
    ns.batch(["link del mirror-db", f"link set {TAP} name mirror-db", f"link add {TAP} type bridge"])
    unseen.signal(signal.SIGCONT)
    unseen.wait_session("web", reason="interface-foreign")
    unseen.wait_session("db", state="waiting")
    assert "another of ours is called mirror-db" in unseen.session("db")["message"]
    ns.ip(f"link del {TAP}")
    for name in ("web", "db"):
        unseen.wait_session(name, state="ready")


def test_interface_when_renamed_and_its_name_taken_then_the_thief_is_untouched_and_nothing_is_left_over(unseen, ns):
    index = ns.ifindex(TAP)
    ns.batch([f"link set {TAP} name stolen0", f"link add {TAP} type bridge"])
    thief = portrait(ns)
    unseen.signal(signal.SIGCONT)
    unseen.wait_session("web", reason="interface-foreign")
    assert portrait(ns) == thief
    ns.ip(f"link del {TAP}")
    unseen.wait_session("web", state="ready")
    link = ns.link(TAP)
    assert link["ifalias"] == "vtapd:web" and "UP" in link["flags"] and link["mtu"] == 9001
    assert not ns.has("stolen0"), f"was index {index}"


def test_interface_when_moved_to_another_namespace_then_there_is_one_here_again(vtapd, ns, target, mirror, capture):
    ns.ip(f"link set {TAP} netns {target.sender.name}")
    until(lambda: ns.has(TAP) and ns.is_up(TAP), "an interface is here again", seen=vtapd.log)
    vtapd.wait_session("web", state="ready", repairs=1)
    tap = capture()
    mirror.send(4321, frames.numbered(1))
    assert tap.frames(at_least=1) == [frames.numbered(1)]


@pytest.mark.parametrize("mode", MODES)
def test_interfaces_when_all_deleted_at_once_then_all_come_back(mode, make_vtapd, ns):
    vtapd = make_vtapd(HEADS[mode] + "".join(f"[session s{i}]\nvni = {i}\n" for i in range(30)))
    ns.batch([f"link del mirror-s{i}" for i in range(30)])
    for i in range(30):
        vtapd.wait_session(f"s{i}", seconds=20, repairs=1, state="ready")
    assert {f"mirror-s{i}" for i in range(30)} <= set(ns.links())


@in_both_modes
def test_somebody_when_undoing_again_and_again_then_backoff_one_line_and_recovery(vtapd, ns):
    undone = 0

    def gives_up():
        nonlocal undone
        if ns.is_up(TAP):
            ns.set_down(TAP)
            undone += 1
        session = vtapd.session("web")
        return session if session["state"] == "waiting" else None

    def is_told():
        """While he goes on: the next try comes a second later."""
        done = gives_up() and vtapd.ctl("status")
        return done and done.returncode == 1 and "Next try in" in done.stdout
    session = until(gives_up, "vtapd waits", seen=vtapd.log)
    assert undone <= 10, "a handful of repairs at once, not more"
    assert session["reason"] == "repair-loop" and session["retry_in_ns"] > 0, session
    assert session["message"] == f"somebody keeps changing {TAP}, last: was set down by somebody", session
    assert not vtapd.log_lines("repaired in 0 ms"), vtapd.log()
    assert len(vtapd.log_lines("web", "waiting")) == 1, vtapd.log()
    until(is_told, "status tells it", seen=lambda: vtapd.ctl("status").stdout)
    ns.ip(f"link del {TAP}")
    vtapd.wait_session("web", message=f"somebody keeps changing {TAP}, last: was deleted by somebody")
    assert len(vtapd.log_lines("web", "waiting")) == 1, vtapd.log()
    vtapd.wait_session("web", seconds=30, state="ready")
    assert ns.is_up(TAP)
    assert vtapd.ctl("status").returncode == 0


@in_both_modes
def test_somebody_when_he_keeps_changing_what_frames_do_not_need_then_shown_ready_and_told(vtapd, ns, mirror):
    """Who is given way in an MTU takes no target out of the balancer's: every frame is shown all the same."""
    def gives_up():
        ns.ip(f"link set {TAP} mtu 1400")
        session = vtapd.session("web")
        return session if session["reason"] == "repair-loop" else None

    def is_found():
        """While he goes on: the next try comes a second later."""
        found = gives_up() and {row["id"]: row for row in vtapd.get("/v1/doctor")["findings"]}
        return found if found and "repair-loop" in found else None
    session = until(gives_up, "he is given way", seen=vtapd.log)
    assert session["state"] == "ready" and "last: had MTU 1400" in session["message"], session
    mirror.send(4321, frames.numbered(1))
    vtapd.wait_session("web", delivered=session["delivered"] + 1)
    found = until(is_found, "it is found", seen=vtapd.log)
    assert "no-sessions" not in found and "is not set right for the moment" in found["repair-loop"]["sentence"], found
    assert vtapd.ctl("status").stdout.startswith("vtapd 0.1.0 healthy"), vtapd.ctl("status").stdout
    assert len(vtapd.log_lines("web: shown as it is")) == 1, vtapd.log()
    until(lambda: vtapd.session("web")["reason"] is None and ns.link(TAP)["mtu"] == 9001, "it is right again", 30,
          seen=vtapd.log)


@in_both_modes
def test_somebody_when_given_way_and_then_nothing_is_shown_then_repaired_at_once_or_said(vtapd, ns):
    """What frames do not need may wait for a minute; a new trouble has not earned that."""
    def gives_up():
        ns.ip(f"link set {TAP} mtu 1400")
        return vtapd.session("web")["reason"] == "repair-loop"

    def is_lost():
        if ns.is_up(TAP):
            ns.set_down(TAP)
        return vtapd.session("web")["state"] == "waiting"
    until(gives_up, "he is given way", seen=vtapd.log)
    ns.set_down(TAP)
    until(lambda: vtapd.log_lines("was set down by somebody; repaired in"), "it is up again", seen=vtapd.log)
    until(is_lost, "he is given way in that, too", seen=vtapd.log)
    assert len(vtapd.log_lines("web: shown as it is")) == 1, vtapd.log()
    assert len(vtapd.log_lines("web: waiting, somebody keeps changing", "was set down by somebody")) == 1, vtapd.log()
    until(lambda: is_lost() and vtapd.ctl("status").returncode == 1, "status says so", seen=vtapd.log)


@in_both_modes
def test_somebody_when_he_goes_on_undoing_then_one_line_and_repairs_are_counted(vtapd, ns):
    def is_undone(repairs):
        if ns.is_up(TAP):
            ns.set_down(TAP)
        session = vtapd.session("web")
        return session["reason"] == "repair-loop" and session["repairs"] >= repairs
    until(lambda: is_undone(0), "vtapd waits", seen=vtapd.log)
    lines, repairs = len(vtapd.log_lines("repaired in")), vtapd.session("web")["repairs"]
    until(lambda: is_undone(repairs + 2), "repairs go on", seen=vtapd.log)
    assert len(vtapd.log_lines("web", "waiting")) == 1, vtapd.log()
    assert len(vtapd.log_lines("repaired in")) == lines, vtapd.log()


# The underlay

NAMED = "[target default]\nunderlay = eth0\n[session web]\nvni = 4321\n[session db]\nvni = 1\n"


@pytest.mark.parametrize("conf", [NAMED, NAMED.replace("eth0", "eth*"),
                                  NAMED.replace("eth0\n", "eth0\nmode = vxlan\n")], ids=["named", "glob", "vxlan"])
def test_underlay_when_gone_and_back_then_frames_flow_again(conf, make_vtapd, target, ns):
    vtapd = make_vtapd(conf)
    index = ns.ifindex(TAP)
    for round_ in (1, 2):
        target.unplug()
        for name in ("web", "db"):
            vtapd.wait_session(name, state="waiting", reason="underlay-missing")
        assert vtapd.target()["state"] == "waiting" and vtapd.target()["bound"] == []
        assert len(vtapd.log_lines("eth", "gone")) == round_, vtapd.log()
        assert vtapd.ctl("status").returncode == 1
        target.plug()
        vtapd.wait_session("web", state="ready")
        bound = [] if "vxlan" in conf else ["eth0"]  # in vxlan mode vtapd has no socket
        assert (vtapd.target()["bound"], vtapd.target()["missing"]) == (bound, [])
        assert len(vtapd.log_lines("eth0", "back")) == round_, vtapd.log()
        with target.mirror() as mirror:
            mirror.send(4321, frames.numbered(round_))
        vtapd.wait_session("web", received=round_, delivered=round_)
    assert ns.ifindex(TAP) == index, "the tap interface has nothing to do with it"


def test_underlay_when_auto_then_its_coming_and_going_is_no_trouble(vtapd, target):
    assert vtapd.target()["bound"] == ["auto"]
    target.unplug()
    target.plug()
    with target.mirror() as mirror:
        mirror.send(4321, frames.numbered(1))
    vtapd.wait_session("web", received=1, delivered=1)


def test_underlay_when_missing_at_the_start_then_waiting_until_it_comes(make_vtapd, target, ns):
    target.unplug()
    vtapd = make_vtapd(NAMED)
    assert vtapd.session("web")["reason"] == "underlay-missing"
    assert ns.has(TAP), "sensors can start already"
    target.plug()
    vtapd.wait_session("web", state="ready")


def test_underlays_when_one_of_two_is_gone_then_the_other_goes_on(make_vtapd, target):
    target.plug_second()
    vtapd = make_vtapd(NAMED.replace("eth0", "eth0, eth1"))
    assert sorted(vtapd.target()["bound"]) == ["eth0", "eth1"]
    target.unplug()
    until(lambda: vtapd.target()["bound"] == ["eth1"], "eth0 is given up", seen=vtapd.target)
    with target.mirror("mir1") as second:
        second.send(4321, frames.numbered(1))
    vtapd.wait_session("web", received=1, delivered=1)
    target.plug()
    until(lambda: sorted(vtapd.target()["bound"]) == ["eth0", "eth1"], "eth0 is taken again", seen=vtapd.target)


def test_underlays_when_more_names_than_sockets_came_and_went_then_the_next_is_still_seen(make_vtapd, ns):
    vtapd = make_vtapd(NAMED.replace("eth0", "u*"))
    for name in [f"u{i}" for i in range(18)]:
        ns.ip(f"link add {name} type bridge")
        until(lambda name=name: vtapd.target()["bound"] == [name], f"{name} is taken", seen=vtapd.target)
        ns.ip(f"link del {name}")
        until(lambda name=name: vtapd.log_lines(f"{name}: gone"), f"{name} is gone", seen=vtapd.log)
    ns.ip("link add u17 type bridge")
    until(lambda: vtapd.log_lines("u17: back after"), "the last is remembered", seen=vtapd.log)


def test_underlays_when_one_was_never_there_then_status_names_it_until_it_comes(make_vtapd, ns):
    vtapd = make_vtapd(NAMED.replace("eth0", "eth0, eth9, u*"))
    assert vtapd.target()["missing"] == ["eth9"] and vtapd.target()["state"] == "ready"
    assert "waits for eth9, which is not there" in vtapd.ctl("status").stdout
    ns.ip("link add eth9 type bridge")
    until(lambda: vtapd.target()["missing"] == [], "eth9 is not missing any more", seen=vtapd.target)


def test_underlays_when_none_is_there_then_all_are_named(make_vtapd):
    vtapd = make_vtapd(NAMED.replace("eth0", "ens9, eth7"))
    assert vtapd.target()["message"] == "none of ens9, eth7 is there"


def test_underlay_when_renamed_to_what_is_wanted_then_it_is_taken(make_vtapd, target, ns):
    vtapd = make_vtapd(NAMED.replace("eth0", "ens5"))
    assert vtapd.session("web")["reason"] == "underlay-missing"
    ns.ip("link set eth0 down")
    ns.ip("link set eth0 name ens5")
    ns.ip("link set ens5 up")
    vtapd.wait_session("web", state="ready")
    assert vtapd.target()["bound"] == ["ens5"]
    assert target.mtu


# Foreign interfaces

FOREIGN = {
    "veth": ["link add mirror-web type veth peer name other0"],
    "bridge": ["link add mirror-web type bridge"],
    "TAP without our alias": ["tuntap add dev mirror-web mode tap"],
    "TAP with another alias": ["tuntap add dev mirror-web mode tap", "link set mirror-web alias openvpn"],
    "bridge with our alias": ["link add mirror-web type bridge", "link set mirror-web alias vtapd:web"],
    "vxlan without our alias": ["link add mirror-web type vxlan id 9 dstport 8472"],
    "vxlan with another alias": ["link add mirror-web type vxlan id 9 dstport 8472", "link set mirror-web alias mine"],
    "TUN with our alias": ["tuntap add dev mirror-web mode tun", "link set mirror-web alias vtapd:web"],
}


def portrait(ns):
    link = ns.link(TAP)
    return {key: link.get(key) for key in ("ifindex", "ifalias", "mtu", "address", "flags", "inet6_addr_gen_mode")}


@pytest.mark.parametrize("kind", FOREIGN)
@pytest.mark.parametrize("mode", MODES)
def test_foreign_interface_when_it_has_our_name_then_untouched_reported_and_taken_when_free(mode, kind, make_vtapd, ns):
    ns.batch(FOREIGN[kind])
    before = portrait(ns)
    vtapd = make_vtapd(HEADS[mode] + "[session web]\nvni = 1\n[session db]\nvni = 2\n")
    session = vtapd.session("web")
    assert session["state"] == "waiting" and session["reason"] == "interface-foreign", session
    assert TAP in session["message"] and "that vtapd did not make" in session["message"], session
    assert vtapd.session("db")["state"] == "ready"
    assert len(vtapd.log_lines("web", TAP)) == 1, vtapd.log()
    done = vtapd.ctl("status")
    assert done.returncode == 1 and "left alone" in done.stdout, done.stdout
    assert portrait(ns) == before
    ns.ip(f"link del {TAP}")
    vtapd.wait_session("web", state="ready")
    assert ns.link(TAP)["ifalias"] == "vtapd:web"


@in_both_modes
def test_foreign_interface_when_it_takes_the_name_of_a_deleted_one_then_untouched(vtapd, ns):
    ns.batch([f"link del {TAP}", f"link add {TAP} type bridge"], force=True)

    def settled():
        link = ns.link(TAP)
        session = vtapd.session("web")
        if link and link["linkinfo"]["info_kind"] == "bridge":
            return session["reason"] == "interface-foreign"
        return session["state"] == "ready"  # vtapd was faster than the second command
    until(settled, "one of the two has the name", seen=lambda: (ns.link(TAP), vtapd.session("web")))


@pytest.mark.parametrize("mode", MODES)
def test_foreign_interface_when_vtapd_stops_and_tears_down_then_untouched(mode, make_vtapd, ns):
    ns.ip(f"link add {TAP} type bridge")
    before = portrait(ns)
    vtapd = make_vtapd(f"[daemon]\non-stop = remove\n{HEADS[mode]}[session web]\nvni = 1\n")
    vtapd.reload(expect=1)
    vtapd.stop()
    assert vtapd.vtapd("--teardown").returncode == 0
    assert portrait(ns) == before


# Lost news

def news_drops(ns, pid):
    """Messages that the kernel could not give to the netlink sockets of a process: the last but one column."""
    rows = (line.split() for line in ns.read("/proc/net/netlink").splitlines()[1:])
    return sum(int(row[8]) for row in rows if row[1] == "0" and row[2] != "0")


@pytest.mark.parametrize("mode", MODES)
def test_news_when_the_kernel_drops_it_then_a_full_look_finds_everything(mode, make_vtapd, ns):
    """While vtapd stands still, thousands of changes overflow its news socket, the deletion among them."""
    vtapd = make_vtapd(HEADS[mode] + "[session web]\nvni = 1\n[session db]\nvni = 2\n")
    ns.ip("link add flap0 type veth peer name flap1")
    vtapd.signal(signal.SIGSTOP)
    lost = news_drops(ns, vtapd.pid)

    def overflow():
        ns.flap_mtu("flap0", 5000)
        return news_drops(ns, vtapd.pid) > lost
    until(overflow, "the news socket overflows", 60)
    ns.ip(f"link del {TAP}")
    ns.ip("link set mirror-db down")
    ns.ip("link set mirror-db mtu 1400")
    assert news_drops(ns, vtapd.pid) > lost
    vtapd.signal(signal.SIGCONT)
    for name in ("web", "db"):
        vtapd.wait_session(name, seconds=30, repairs=1, state="ready")
    assert ns.is_up("mirror-db") and ns.link("mirror-db")["mtu"] == 9001 and ns.has(TAP)


def test_news_when_links_of_others_come_and_go_then_sessions_stay_ready(make_vtapd, ns, mirror):
    vtapd = make_vtapd()
    for _ in range(2):
        ns.batch([f"link add x{i} type veth peer name y{i}" for i in range(40)])
        ns.batch([f"link del x{i}" for i in range(40)])
    mirror.send(4321, frames.numbered(1))
    vtapd.wait_session("web", state="ready", repairs=0, delivered=1)


@in_both_modes
def test_interface_when_put_into_a_bridge_then_taken_out_again(vtapd, ns):
    ns.ip("link add br0 type bridge")
    ns.ip("link set br0 up")
    ns.ip("link set mirror-web master br0")
    vtapd.wait_session("web", state="ready", repairs=1)
    assert "master" not in ns.link("mirror-web"), ns.link("mirror-web")
    assert len(vtapd.log_lines("web: mirror-web", "bridge", "repaired")) == 1, vtapd.log()
