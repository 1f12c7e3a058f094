"""The law: a tap interface is dressed before it is up, carries our mark, and belongs to our user alone."""

import ctypes
import errno
import fcntl
import grp
import os
import pwd
import re
import signal
import struct

import pytest

from conftest import HEADS, MODES, in_both_modes
from lab import frames
from lab.deadline import until
from lab.news import News

TUNSETIFF, IFF_TAP, IFF_NO_PI, IFF_MULTI_QUEUE = 0x400454CA, 0x0002, 0x1000, 0x0100  # linux/if_tun.h
NOBODY = 65534


def addresses_of(ns, name):
    return ns.run("ip", "-o", "address", "show", "dev", name).stdout


def test_interface_when_made_then_it_is_dressed(vtapd, ns):
    link = ns.link("mirror-web")
    assert link["linkinfo"]["info_kind"] == "tun"
    data = link["linkinfo"]["info_data"]
    assert data["type"] == "tap" and data["persist"] and not data["multi_queue"] and not data["pi"], data
    assert link["ifalias"] == "vtapd:web"
    assert link["mtu"] == 9001
    assert "UP" in link["flags"] and "NOARP" in link["flags"], link["flags"]
    assert link["inet6_addr_gen_mode"] == "none"
    assert re.fullmatch(r"02(:[0-9a-f]{2}){5}", link["address"]), link["address"]
    assert ns.read("/proc/sys/net/ipv6/conf/mirror-web/disable_ipv6") == "1\n"
    assert addresses_of(ns, "mirror-web") == ""
    assert vtapd.session("web")["ifindex"] == link["ifindex"]


def test_interface_when_made_then_it_belongs_to_the_daemons_user(vtapd, ns):
    data = ns.link("mirror-web")["linkinfo"]["info_data"]
    uid, gid = vtapd.ids()
    assert data.get("user") in (pwd.getpwuid(uid).pw_name, uid, str(uid)), data
    assert data.get("group") in (grp.getgrgid(gid).gr_name, gid, str(gid)), data


def test_interface_when_first_seen_by_its_name_then_it_is_marked(make_vtapd, ns):
    """udev may handle the event of a new interface at once, and networkd keeps for good what came without a mark. The
    usual names are one (70-vtapd.rules)."""
    news = News(ns)
    try:
        make_vtapd(f"{MODES['tap']}interface = odd0\n")
        news.wait(lambda name, there, up, mtu: name == "odd0" and up, "odd0 is up")
    finally:
        news.close()
    assert {alias for name, alias, _ in news.marks if name == "odd0"} == {"vtapd:web"}, news.marks
    assert {name for name, alias, _ in news.marks if alias != "vtapd:web"} <= {"lo", "eth0", "vtapd-new0"}, news.marks


@pytest.mark.parametrize("mtu", [68, 1500, 65521])
@pytest.mark.parametrize("mode", MODES)
def test_mtu_when_configured_then_the_interface_has_it(mode, mtu, make_vtapd, ns):
    make_vtapd(f"{MODES[mode]}mtu = {mtu}\n")
    assert ns.link("mirror-web")["mtu"] == mtu


@pytest.mark.parametrize("mode", MODES)
def test_mtu_when_small_then_jumbo_frames_are_shown_all_the_same(mode, make_vtapd, mirror, capture):
    make_vtapd(f"{MODES[mode]}mtu = 1500\n")
    tap = capture()
    mirror.send(4321, frames.numbered(1, 9000))
    assert tap.frames(at_least=1) == [frames.numbered(1, 9000)]


@pytest.mark.parametrize("mode", MODES)
def test_mtu_when_set_below_ipv6s_minimum_and_back_then_ipv6_stays_off(mode, make_vtapd, ns, capture):
    """Below 1,280 bytes the kernel forgets the interface's IPv6 settings; above, it makes them anew from defaults."""
    vtapd = make_vtapd(MODES[mode])
    out = capture(direction="out")
    for mtu in (1000, 9001) * 10:
        vtapd.write("vtapd.conf", f"{MODES[mode]}mtu = {mtu}\n")
        vtapd.reload()
        assert ns.link("mirror-web")["mtu"] == mtu
    until(lambda: ns.read("/proc/sys/net/ipv6/conf/mirror-web/disable_ipv6") == "1\n", "IPv6 is off", seen=vtapd.log)
    assert addresses_of(ns, "mirror-web") == "" and ns.link("mirror-web")["inet6_addr_gen_mode"] == "none"
    assert "had IPv6 on" not in vtapd.log(), "IPv6 was off before anybody could see it on"
    assert out.settled() == []


@in_both_modes
def test_mtu_when_lowered_and_raised_by_somebody_then_the_repair_switches_no_ipv6_on(vtapd, ns, capture):
    out = capture(direction="out")
    for mtu in (1000, 1200, 68):
        ns.ip(f"link set mirror-web mtu {mtu}")
        until(lambda: ns.link("mirror-web")["mtu"] == 9001, "the MTU is repaired", seen=vtapd.log)
        until(lambda: ns.link("mirror-web")["operstate"] in ("UP", "UNKNOWN"), "it is not dormant any more",
              seen=lambda: ns.link("mirror-web"))
    assert ns.read("/proc/sys/net/ipv6/conf/mirror-web/disable_ipv6") == "1\n"
    assert "had IPv6 on" not in vtapd.log() and "dormant" not in vtapd.log(), vtapd.log()
    assert out.settled() == []


@in_both_modes
def test_address_when_somebody_gives_one_then_it_is_taken_away_and_told(vtapd, ns):
    ns.batch(["address add 192.0.2.1/24 dev mirror-web", "address add 192.0.2.2/24 dev mirror-web",
              "address add 192.0.2.3 peer 198.51.100.7/32 dev mirror-web"])
    until(lambda: addresses_of(ns, "mirror-web") == "", "there is no address", seen=vtapd.log)
    until(lambda: vtapd.log_lines("mirror-web had an address; repaired"), "it is told", seen=vtapd.log)


@in_both_modes
def test_address_when_given_while_vtapd_is_stopped_then_the_next_start_takes_it_away(vtapd, ns):
    vtapd.stop()
    ns.sysctl(**{"net__ipv6__conf__mirror-web__disable_ipv6": 0})
    ns.batch(["address add 192.0.2.1/24 dev mirror-web", "address add 2001:db8::1/64 dev mirror-web"])
    vtapd.start()
    assert addresses_of(ns, "mirror-web") == ""


@pytest.mark.parametrize("mode", MODES)
def test_mac_when_restarted_from_nothing_then_it_is_the_same(mode, make_vtapd, ns):
    vtapd = make_vtapd(f"[daemon]\non-stop = remove\n{HEADS[mode]}[session web]\nvni = 1\n[session db]\nvni = 2\n")
    first = [ns.link(name)["address"] for name in ("mirror-web", "mirror-db")]
    vtapd.stop()
    assert not ns.has("mirror-web")
    vtapd.start()
    assert [ns.link(name)["address"] for name in ("mirror-web", "mirror-db")] == first
    assert first[0] != first[1]


def test_alias_when_many_sessions_share_then_it_is_cut_at_255_bytes(make_vtapd, ns):
    names = [f"a-rather-long-session-name-{i:02}" for i in range(20)]
    make_vtapd("".join(f"[session {name}]\nvni = {i}\ninterface = shared\n" for i, name in enumerate(names)))
    alias = ns.link("shared")["ifalias"]
    assert alias.startswith("vtapd:" + names[0]) and 200 < len(alias) <= 255


def attach_as_nobody(interface):
    """errnos of TUNSETIFF, as single and as multi queue, by uid 65534 without capabilities. The device node was
    opened before, as on a host where it is open to everybody (mode 0666, Debian's default)."""
    fd = os.open("/dev/net/tun", os.O_RDWR)
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    assert ctypes.CDLL(None).prctl(38, 1, 0, 0, 0) == 0  # PR_SET_NO_NEW_PRIVS
    refused = []
    for flags in (IFF_TAP | IFF_NO_PI, IFF_TAP | IFF_NO_PI | IFF_MULTI_QUEUE):
        try:
            fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH14x", interface.encode(), flags))
            refused.append(0)
        except OSError as error:
            refused.append(error.errno)
    return refused


def test_interface_when_nobody_attaches_then_refused(vtapd, ns):
    for moment in ("while vtapd holds it", "when it was kept and nobody holds it"):
        assert ns.call(attach_as_nobody, "mirror-web") == [errno.EPERM, errno.EINVAL], moment
        if vtapd.is_running():
            vtapd.stop()


@pytest.mark.without_daemon
def test_interface_when_an_owner_is_missing_then_nobody_could_attach(ns):
    """Why the owner is set: the same ioctl on a TAP without one succeeds (probed)."""
    ns.ip("tuntap add dev open0 mode tap")
    assert ns.call(attach_as_nobody, "open0")[0] == 0


@pytest.mark.parametrize("mode", MODES)
def test_interfaces_when_a_hundred_then_all_are_ready(mode, make_vtapd, ns):
    vtapd = make_vtapd(HEADS[mode] + "".join(f"[session s{i}]\nvni = {i}\n" for i in range(100)))
    assert all(session["state"] == "ready" for session in vtapd.status()["sessions"])
    mine = [link for link in ns.links().values() if link.get("ifalias", "").startswith("vtapd:")]
    assert len(mine) == 100
    assert vtapd.ctl("teardown").returncode == 0
    assert vtapd.wait_exit() == 0
    assert not [name for name in ns.links() if name.startswith("mirror-")]


def test_interfaces_when_descriptors_are_short_then_some_wait_and_say_why_and_the_others_work(make_vtapd, mirror):
    sessions = [f"[session s{i:02}]\nvni = {i}\n" for i in range(120)]
    vtapd = make_vtapd("".join(sessions), start=False)
    vtapd.prefix = ["prlimit", "--nofile=128:128"]
    vtapd.start()
    status = vtapd.status()
    assert status["targets"][0]["state"] == "ready", status["targets"]
    assert {s["state"] for s in status["sessions"]} == {"ready", "waiting"}
    for session in status["sessions"]:
        if session["state"] == "waiting":
            assert "the limit is 128 (RLIMIT_NOFILE)" in session["message"], session
    mirror.send(0, frames.numbered(1))
    vtapd.wait_session("s00", delivered=1)
    vtapd.write("vtapd.conf", "".join(sessions[100:]))
    vtapd.reload()  # the former interfaces give their descriptors back
    until(lambda: all(s["state"] == "ready" for s in vtapd.status()["sessions"]), "all are ready", seen=vtapd.log)


def test_interface_when_a_foreign_vxlan_device_has_the_number_of_a_deleted_one_then_it_is_left_alone(make_vtapd, ns):
    """A vxlan device has no descriptor by which it is known, and a number may be given again."""
    vtapd = make_vtapd("[target default]\nunderlay = eth0\nmode = vxlan\n[session web]\nvni = 4321\n")
    index = ns.ifindex("mirror-web")
    vtapd.signal(signal.SIGSTOP)
    ns.batch(["link del mirror-web", f"link add foreign index {index} type vxlan id 4321 dstport 4789 nolearning",
              "address add 10.9.9.9/24 dev foreign"])
    vtapd.signal(signal.SIGCONT)
    vtapd.wait_session("web", state="waiting", reason="vni-taken")
    assert ns.ifindex("foreign") == index and ns.link("foreign")["mtu"] == 1500
    assert "10.9.9.9" in addresses_of(ns, "foreign")
