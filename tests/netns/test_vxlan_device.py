"""The law of vxlan mode: the device is what an administrator would make who has read everything, it stays like that
whatever somebody does to it, and nobody else's is ever touched."""

import os
import re

import pytest

from conftest import HEADS, WEB_VXLAN
from lab import frames, offload, vxlan
from lab.deadline import until
from lab.fastpath import is_guarded, tc
from lab.news import News

TAP = "mirror-web"


@pytest.fixture
def vtapd(make_vtapd):
    return make_vtapd(WEB_VXLAN)


def portrait(ns, name=TAP):
    """Everything that vtapd promises of a device, or None where there is none, or one that goes just now."""
    try:
        link = ns.link(name)
        return link and _portrait(ns, name, link)
    except (AssertionError, OSError):
        if ns.has(name) and ns.ifindex(name) == link["ifindex"]:
            raise
        return None


def _portrait(ns, name, link):
    tunnel = {key: value for key, value in link["linkinfo"].get("info_data", {}).items() if key != "family"}
    return {"kind": link["linkinfo"]["info_kind"], "tunnel": tunnel, "alias": link.get("ifalias"),
            "mtu": link["mtu"], "mac": link["address"], "up": "UP" in link["flags"], "noarp": "NOARP" in link["flags"],
            "group": link["group"], "master": link.get("master"), "addrgen": link.get("inet6_addr_gen_mode"),
            "addresses": ns.run("ip", "-o", "address", "show", "dev", name).stdout,
            "ipv6": ns.read(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6"),
            "rp_filter": ns.read(f"/proc/sys/net/ipv4/conf/{name}/rp_filter"),
            "forwarding": ns.read(f"/proc/sys/net/ipv4/conf/{name}/forwarding"),
            "guarded": is_guarded(ns, name), "gro": offload.has_gro(ns, name)}


@pytest.mark.kernel
@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_device_when_made_then_it_is_dressed(family, make_vtapd, ns):
    vtapd = make_vtapd(WEB_VXLAN + f"family = {family}\n")
    link, seen = ns.link(TAP), portrait(ns)
    tunnel = seen.pop("tunnel")
    assert (tunnel["id"], tunnel["port"], tunnel["learning"]) == (4321, frames.VXLAN_PORT, False), tunnel
    assert not {"link", "remote", "remote6", "local", "group", "group6"} & set(tunnel), tunnel
    assert tunnel.get("local6", "::") == "::" and tunnel.get("ttl", 0) == 0 and "tos" not in tunnel, tunnel
    assert tunnel["udp_zero_csum6_rx"] == (family == "ipv6"), tunnel
    assert re.fullmatch(r"02(:[0-9a-f]{2}){5}", seen.pop("mac")), link
    assert seen == {"kind": "vxlan", "alias": "vtapd:web", "mtu": 9001, "up": True, "noarp": True, "group": "default",
                    "master": None, "addrgen": "none", "addresses": "", "ipv6": "1\n", "rp_filter": "1\n",
                    "forwarding": "0\n", "guarded": True, "gro": False}
    assert vtapd.session("web")["ifindex"] == link["ifindex"]
    assert vtapd.target()["path"] == "kernel" and vtapd.status()["daemon"]["guard"] == "on"


def test_device_when_made_then_at_no_moment_is_it_without_a_mark_or_up_before_it_is_dressed(make_vtapd, ns):
    """Killed at any of these moments, the next start knows that it is ours."""
    news, names = News(ns), [f"mirror-s{i}" for i in range(5)]
    try:
        make_vtapd(HEADS["vxlan"] + "".join(f"[session s{i}]\nvni = {i}\n" for i in range(5)))
        for name in names:
            news.wait(lambda n, there, up, mtu, name=name: n == name and up, f"{name} is up")
    finally:
        news.close()
    seen = [(mark, piece) for mark, piece in zip(news.marks, news.pieces) if mark[0] in names]
    assert seen and all(alias.startswith("vtapd:") or group == vxlan.MAKING for (_, alias, group), _ in seen), seen
    assert all((group, mtu) == (0, 9001) for (_, _, group), (_, _, _, up, mtu) in seen if up), seen


def test_port_when_another_is_configured_then_the_device_has_it(make_vtapd, ns, mirror):
    vtapd = make_vtapd(f"{HEADS['vxlan']}port = 8472\n[session web]\nvni = 4321\n")
    assert vxlan.tunnel(ns, TAP)["port"] == 8472
    mirror.send(4321, frames.numbered(1), port=8472)
    vtapd.wait_session("web", delivered=1)


def test_process_when_in_vxlan_mode_then_it_has_no_worker_and_no_packet_socket(vtapd):
    """It carries nothing: no thread of a worker, no UDP socket."""
    tasks = os.listdir(f"/proc/{vtapd.pid}/task")
    names = []
    for task in tasks:
        with open(f"/proc/{vtapd.pid}/task/{task}/comm", encoding="utf-8") as file:
            names.append(file.read().strip())
    assert not [name for name in names if "worker" in name], names
    assert "pid=" not in vtapd.ns.run("ss", "-Hulnp", "sport", "=", f":{frames.VXLAN_PORT}").stdout


def test_device_when_frames_come_then_it_learns_no_address(vtapd, ns, mirror):
    for i in range(10):
        mirror.send(4321, frames.numbered(i, source=f"02:00:00:00:01:{i:02x}"))
    vtapd.wait_session("web", delivered=10)
    assert ns.run("bridge", "fdb", "show", "dev", TAP).stdout == ""


def test_device_when_the_host_sends_to_it_without_a_guard_then_nothing_leaves(make_vtapd, ns, capture, target):
    """Without BPF there is no guard; a device that knows nobody to send to is one in itself."""
    vtapd = make_vtapd(WEB_VXLAN, start=False)
    vtapd.prefix = ["setpriv", "--bounding-set", "-bpf,-sys_admin"]
    vtapd.start()
    assert vtapd.status()["daemon"]["guard"] == "off" and not is_guarded(ns, TAP)
    counts, out = target.underlay_counts(), capture("eth0", direction="out")
    with ns.packet_socket(TAP, 0) as sock:
        for i in range(20):
            sock.send(frames.numbered(i))
    assert out.settled() == []
    assert target.underlay_counts()[1] == counts[1]


# What somebody does to it, beside what test_supervision does to every interface

UNDOINGS = {  # what somebody does, and a word of the reason that the log gives
    "TTL": ("link set {tap} type vxlan id 4321 ttl 7", "TTL"),
    "TOS": ("link set {tap} type vxlan id 4321 tos 8", "TOS"),
    "remote": ("link set {tap} type vxlan id 4321 remote 10.77.0.1", "remote"),
    "local": ("link set {tap} type vxlan id 4321 local 10.77.0.2", "local"),
    "learning": ("link set {tap} type vxlan id 4321 learning", "learn"),
    "group": ("link set {tap} group 77", "group"),
}


@pytest.mark.parametrize("what", UNDOINGS)
def test_device_when_undone_then_repaired_in_place_logged_once_and_counted(what, vtapd, ns, mirror, capture):
    command, reason = UNDOINGS[what]
    good, index = portrait(ns), ns.ifindex(TAP)
    ns.ip(command.format(tap=TAP))
    until(lambda: portrait(ns) == good, "the device is as it was", seen=lambda: (portrait(ns), vtapd.log()))
    vtapd.wait_session("web", state="ready", repairs=1)
    lines = until(lambda: vtapd.log_lines("repaired"), "a log line", seen=vtapd.log)
    assert len(lines) == 1 and "web" in lines[0] and TAP in lines[0] and re.search(reason, lines[0]), lines
    assert ns.ifindex(TAP) == index, "sensors keep their handle"
    tap = capture()
    mirror.send(4321, frames.numbered(1))
    assert tap.frames(at_least=1) == [frames.numbered(1)]
    assert vtapd.session("web")["repairs"] == 1


def test_device_when_somebody_insists_on_learning_then_its_session_is_not_ready(vtapd, ns):
    """A device that learns drops frames whose source MAC is zeros or a group, and counts them nowhere."""
    def gives_up():
        ns.ip(f"link set {TAP} type vxlan id 4321 learning")
        session = vtapd.session("web")
        return session if session["reason"] == "repair-loop" else None
    assert until(gives_up, "he is given way", seen=vtapd.log)["state"] == "waiting"
    vtapd.wait_session("web", seconds=30, state="ready", reason=None)


def test_device_when_several_are_undone_at_once_then_all_is_repaired(vtapd, ns):
    good = portrait(ns)
    ns.batch([f"link set {TAP} mtu 1500 group 5 alias x", f"link set {TAP} type vxlan id 4321 ttl 9 learning",
              f"address add 192.0.2.1/24 dev {TAP}"])
    until(lambda: portrait(ns) == good, "the device is as it was", seen=lambda: (portrait(ns), vtapd.log()))


def test_device_when_bound_to_an_interface_then_replaced(vtapd, ns, mirror, capture):
    """`dev` cannot be taken back, and would bound the MTU."""
    good, index = portrait(ns), ns.ifindex(TAP)
    ns.ip(f"link set {TAP} type vxlan id 4321 dev eth0")
    until(lambda: portrait(ns) == good, "there is a device as it was", seen=lambda: (portrait(ns), vtapd.log()))
    vtapd.wait_session("web", state="ready", repairs=1)
    assert ns.ifindex(TAP) != index
    assert len(vtapd.log_lines("repaired")) == len(vtapd.log_lines("bound to", "repaired")) == 1, vtapd.log()
    tap = capture()
    mirror.send(4321, frames.numbered(1))
    assert tap.frames(at_least=1) == [frames.numbered(1)]


@pytest.mark.parametrize("hook", ["ingress", "egress"])
def test_guard_when_taken_away_then_it_is_put_back(hook, vtapd, ns):
    tc(ns, f"filter del dev {TAP} {hook} pref 47")
    until(lambda: is_guarded(ns, TAP), "the guard is back", seen=vtapd.log)
    vtapd.wait_session("web", state="ready")


def test_device_when_replaced_then_its_counts_go_on(vtapd, ns, mirror):
    for i in range(5):
        mirror.send(4321, frames.numbered(i))
    vtapd.wait_session("web", delivered=5)
    ns.ip(f"link del {TAP}")
    vtapd.wait_session("web", state="ready", repairs=1)
    assert vtapd.session("web")["delivered"] == vtapd.target()["delivered"] == 5
    mirror.send(4321, frames.numbered(5))
    vtapd.wait_session("web", delivered=6, received=6, bytes=6 * 60)
    assert vtapd.target()["delivered"] == 6


def test_device_when_moved_to_another_namespace_then_the_session_waits_until_it_is_gone_there(
        vtapd, ns, target, mirror):
    """Its VNI stays with this namespace wherever it is, and nobody here can remove it."""
    ns.ip(f"link set {TAP} netns {target.sender.name}")
    vtapd.wait_session("web", state="waiting", reason="vni-taken")
    target.sender.ip(f"link del {TAP}")
    vtapd.wait_session("web", seconds=30, state="ready")
    mirror.send(4321, frames.numbered(1))
    vtapd.wait_session("web", delivered=1)


# Of an earlier life, and of others

HALF_MADE = {  # name, VNI: made by a process that was killed before it gave its mark
    "as wished": (TAP, 4321),
    "with another name": ("vxlan9", 4321),
    "with another VNI": (TAP, 77),
    "nobody wants it": ("mirror-old", 78),
}


@pytest.mark.parametrize("what", HALF_MADE)
def test_half_made_device_when_vtapd_starts_then_it_becomes_the_sessions_or_goes(what, make_vtapd, ns, mirror):
    name, vni = HALF_MADE[what]
    vxlan.make(ns, name, vni, before=f"group {vxlan.MAKING}", is_up=False)
    vtapd = make_vtapd(WEB_VXLAN)
    assert vtapd.session("web")["state"] == "ready", vtapd.session("web")
    assert [name for name, link in ns.links().items() if link.get("linkinfo", {}).get("info_kind") == "vxlan"] == [TAP]
    seen = portrait(ns)
    assert (seen["alias"], seen["group"], seen["mtu"], seen["guarded"]) == ("vtapd:web", "default", 9001, True), seen
    mirror.send(4321, frames.numbered(1), flags=0xFF)
    vtapd.wait_session("web", delivered=1)


KEPT = {  # of ours by its mark, but made otherwise, in a way that cannot be changed: what was given to `ip link add`
    "VNI": "type vxlan id 77 dstport 4789 nolearning",
    "port": "type vxlan id 4321 dstport 8472 nolearning",
    "GBP": "type vxlan id 4321 dstport 4789 nolearning gbp",
    "external": "type vxlan external dstport 4789 nolearning",
    "bound to an interface": "type vxlan id 4321 dstport 4789 nolearning dev eth0",
    "IPv6": "type vxlan id 4321 dstport 4789 nolearning local fd77::2 udp6zerocsumrx",
    "a TAP": None,
}


@pytest.mark.parametrize("what", KEPT)
def test_kept_device_when_it_cannot_be_changed_then_replaced(what, make_vtapd, ns, mirror):
    if KEPT[what]:
        ns.ip(f"link add {TAP} {KEPT[what]}")
    else:
        ns.ip(f"tuntap add dev {TAP} mode tap")
    ns.batch([f"link set {TAP} alias vtapd:web", f"link set {TAP} up"])
    vtapd = make_vtapd(WEB_VXLAN)
    seen = portrait(ns)
    assert (seen["kind"], seen["tunnel"]["id"], seen["tunnel"]["port"]) == ("vxlan", 4321, 4789), seen
    mirror.send(4321, frames.numbered(1))
    vtapd.wait_session("web", delivered=1, state="ready")


def test_kept_device_when_it_can_be_changed_then_it_is_the_same_one(make_vtapd, ns, mirror):
    vtapd = make_vtapd(WEB_VXLAN)
    good, index = portrait(ns), ns.ifindex(TAP)
    vtapd.stop()
    ns.batch([f"link set {TAP} type vxlan id 4321 ttl 9 tos 4 learning remote 10.77.0.1 local 10.77.0.2",
              f"link set {TAP} down mtu 1400 group 9", f"address add 192.0.2.1/24 dev {TAP}"])
    offload.switch_gro(ns, TAP, True)
    vtapd.start()
    assert portrait(ns) == good and ns.ifindex(TAP) == index
    mirror.send(4321, frames.numbered(1))
    vtapd.wait_session("web", delivered=1)


def test_foreign_devices_when_they_are_like_ours_then_untouched_and_ours_work_beside_them(make_vtapd, ns, mirror):
    """On our port, with our prefix, in our way to count groups: without the mark they are not ours."""
    vxlan.make(ns, "mirror-theirs", 99)
    vxlan.make(ns, "vx5", 5, before=f"group {vxlan.MAKING + 1}")
    before = [portrait(ns, name) for name in ("mirror-theirs", "vx5")]
    vtapd = make_vtapd(f"[daemon]\non-stop = remove\n{WEB_VXLAN}")
    mirror.send(99, frames.numbered(1))
    mirror.send(4321, frames.numbered(2))
    vtapd.wait_session("web", delivered=1, state="ready")
    assert ns.link("mirror-theirs")["stats64"]["rx"]["packets"] == 1
    vtapd.stop()
    assert vtapd.vtapd("--teardown").returncode == 0
    assert [portrait(ns, name) for name in ("mirror-theirs", "vx5")] == before
