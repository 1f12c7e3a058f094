"""The law: the fast path is where packets arrive and nowhere else, comes back when somebody takes it away, and leaves
everything foreign as it was; where it cannot be, the worker carries the frames, and status says why."""

import os

import pytest

from lab import daemon, frames, unit
from lab.deadline import until
from lab.fastpath import GUARD, is_guarded, is_steered, show, tc, wait_attached, without_ours
from lab.hosts import SENDER_MAC, SENDER_V4, TARGET_V4
from lab.sender import Sender

TAP = "mirror-web"
AUTO = "[session web]\nvni = 4321\n"
NAMED = "[target default]\nunderlay = {underlay}\n" + AUTO
SETTING = "[target default]\nreceive-buffer = 64M\nfastpath = {setting}\n" + AUTO
GOES_ON, ENDS = "bpf da bytecode '1,6 0 0 4294967295'", "bpf da bytecode '1,6 0 0 0'"  # TC_ACT_UNSPEC, TC_ACT_OK
VERIFIER = os.path.join(os.path.dirname(daemon.VTAPD), "../tests/netns/verifier.so")
VERIFIER_SAYS = "R2 tried to add from different pointers or scalars"  # tests/unit/verifier.h
RATE = 5_000  # frames per second


def deliver(vtapd, mirror, count=1):
    """Send numbered frames and wait until they were delivered, however it went."""
    before = vtapd.session("web")["delivered"]
    for i in range(count):
        mirror.send(4321, frames.numbered(before + i))
    vtapd.wait_session("web", delivered=before + count)


def taps(ns):
    return [name for name, link in ns.links().items() if link.get("ifalias", "").startswith("vtapd:")]


# Where it attaches

@pytest.mark.kernel
def test_underlay_when_auto_then_attached_after_the_first_packet_and_idle_before(vtapd, ns, mirror, capture):
    fastpath = vtapd.target()["fastpath"]
    assert (fastpath["setting"], fastpath["attached"], fastpath["reason"]) == ("auto", [], None), fastpath
    assert fastpath["idle"] and vtapd.target()["path"] == "worker", vtapd.target()
    assert "fastpath-off" not in vtapd.status()["findings"], "to wait for a packet is no fault"
    assert not is_steered(ns, "eth0")
    tap = capture()
    mirror.send(4321, frames.numbered(0))
    wait_attached(vtapd, "eth0")
    assert is_steered(ns, "eth0") and vtapd.target()["path"] == "fast path"
    assert vtapd.target()["fastpath"]["idle"] is None
    mirror.send(4321, frames.numbered(1))
    assert tap.frames(at_least=2) == [frames.numbered(0), frames.numbered(1)]
    vtapd.wait_session("web", received=2, delivered=2)


@pytest.mark.kernel
def test_tap_interfaces_when_the_fast_path_is_on_then_guarded_and_never_steered(make_vtapd, ns, mirror):
    vtapd = make_vtapd(AUTO + "[session db]\nvni = 1\n")
    for vni in (4321, 1):
        mirror.send(vni, frames.numbered(1))
    wait_attached(vtapd, "eth0")
    assert sorted(taps(ns)) == ["mirror-db", TAP]
    for name in taps(ns):
        assert is_guarded(ns, name) and not is_steered(ns, name), show(ns, name, "ingress")
    assert vtapd.status()["daemon"]["guard"] == "on"


@pytest.mark.parametrize("underlay", ["eth0", "eth*"])
def test_underlay_when_named_then_attached_at_once(underlay, make_vtapd, ns):
    vtapd = make_vtapd(NAMED.format(underlay=underlay))
    assert vtapd.target()["fastpath"]["attached"] == ["eth0"] and vtapd.target()["path"] == "fast path"
    assert is_steered(ns, "eth0")


def test_underlay_when_a_pattern_fits_our_own_interfaces_then_never_on_those(make_vtapd, ns, mirror):
    vtapd = make_vtapd(NAMED.format(underlay="eth*, mirror*"))
    deliver(vtapd, mirror)
    assert vtapd.target()["fastpath"]["attached"] == ["eth0"]
    assert not is_steered(ns, TAP) and is_guarded(ns, TAP)


def test_underlays_when_packets_come_in_on_two_then_attached_to_both(vtapd, target, ns, mirror):
    target.plug_second()
    mirror.send(4321, frames.numbered(0))
    wait_attached(vtapd, "eth0")
    with target.mirror("mir1") as second:
        second.send(4321, frames.numbered(1))
        wait_attached(vtapd, "eth0", "eth1")
        assert is_steered(ns, "eth1")
        second.send(4321, frames.numbered(2))
    vtapd.wait_session("web", received=3, delivered=3)


@pytest.mark.parametrize("conf", [NAMED.format(underlay="eth0"), AUTO], ids=["named", "auto"])
def test_underlay_when_gone_and_back_then_attached_again(conf, make_vtapd, target, ns, mirror):
    vtapd = make_vtapd(conf)
    deliver(vtapd, mirror)
    wait_attached(vtapd, "eth0")
    target.unplug()
    wait_attached(vtapd)
    target.plug()
    with target.mirror() as again:
        until(lambda: vtapd.target()["state"] == "ready", "the target is ready", seen=vtapd.target)
        deliver(vtapd, again)
        wait_attached(vtapd, "eth0")
        assert is_steered(ns, "eth0")
        deliver(vtapd, again)


def test_bridge_when_packets_arrive_on_it_then_attached_to_itself(vtapd, ns, mirror):
    ns.batch([f"link add br0 address {ns.link('eth0')['address']} type bridge", "link set br0 up mtu 9200",
              "link set eth0 master br0", f"address del {TARGET_V4}/24 dev eth0", f"address add {TARGET_V4}/24 dev br0",
              f"neigh replace {SENDER_V4} lladdr {SENDER_MAC} dev br0 nud permanent"])
    deliver(vtapd, mirror)
    wait_attached(vtapd, "br0")
    assert is_steered(ns, "br0") and not is_steered(ns, "eth0")
    deliver(vtapd, mirror)


def test_daemon_when_started_again_then_attached_at_once_where_it_was(vtapd, ns, mirror):
    deliver(vtapd, mirror)
    wait_attached(vtapd, "eth0")
    vtapd.kill()
    assert is_steered(ns, "eth0") and is_guarded(ns, TAP)
    vtapd.start()
    assert vtapd.target()["fastpath"]["attached"] == ["eth0"], "found by its own filter, without a packet"


# Without a daemon

@pytest.mark.parametrize("end", ["stop", pytest.param("kill", marks=pytest.mark.kernel)])
def test_daemon_when_gone_then_frames_still_arrive(end, vtapd, ns, mirror, capture):
    deliver(vtapd, mirror)
    wait_attached(vtapd, "eth0")
    tap = capture()
    getattr(vtapd, end)()
    for i in range(10):
        mirror.send(4321, frames.numbered(i))
    assert tap.frames(at_least=10) == [frames.numbered(i) for i in range(10)]


def test_daemon_when_on_stop_is_remove_then_no_filter_is_left(make_vtapd, ns, mirror):
    vtapd = make_vtapd("[daemon]\non-stop = remove\n" + AUTO)
    deliver(vtapd, mirror)
    wait_attached(vtapd, "eth0")
    vtapd.stop()
    assert "vtapd" not in show(ns, "eth0", "ingress") and not ns.has(TAP)


# Foreign filters

FOREIGN = [  # on eth0; none of them ends the chain before ours
    f"filter add dev eth0 ingress pref 10 protocol all {GOES_ON}",
    "filter add dev eth0 ingress pref 11 protocol ip u32 match ip protocol 99 0xff flowid 1:1",
    f"filter add dev eth0 ingress pref 47 handle 1 protocol all {GOES_ON}",
    f"filter add dev eth0 ingress pref 90 protocol all {ENDS}",
    f"filter add dev eth0 egress pref 47 handle 1 protocol all {GOES_ON}",
]


def test_foreign_filters_when_vtapd_comes_works_and_goes_then_not_a_byte_changes(make_vtapd, ns, mirror):
    ns.batch(["qdisc add dev eth0 clsact", *FOREIGN], kind="tc")
    before = {hook: show(ns, "eth0", hook).splitlines() for hook in ("ingress", "egress")}

    def unchanged(when):
        for hook, lines in before.items():
            assert without_ours(show(ns, "eth0", hook)) == without_ours("\n".join(lines)), when
    vtapd = make_vtapd(NAMED.format(underlay="eth0"))
    unchanged("started")
    assert is_steered(ns, "eth0")
    deliver(vtapd, mirror)
    assert vtapd.target()["path"] == "fast path" and vtapd.target()["fastpath"]["bypassed_by"] is None
    vtapd.write("conf.d/db.conf", "[session db]\nvni = 1-100\n")
    vtapd.reload()
    unchanged("reloaded")
    vtapd.stop()
    unchanged("stopped")
    vtapd.start()
    unchanged("started again")
    assert vtapd.ctl("teardown").returncode == 0 and vtapd.wait_exit() == 0
    for hook, lines in before.items():
        assert show(ns, "eth0", hook).splitlines() == lines, "torn down"


def test_foreign_filters_when_on_a_tap_interface_then_they_stay_beside_the_guard(vtapd, ns, mirror):
    for hook in GUARD:
        tc(ns, f"filter add dev {TAP} {hook} pref 10 protocol all {GOES_ON}")
    before = {hook: without_ours(show(ns, TAP, hook)) for hook in GUARD}
    vtapd.write("conf.d/db.conf", "[session db]\nvni = 1\n")
    vtapd.reload()
    deliver(vtapd, mirror)
    wait_attached(vtapd, "eth0")
    deliver(vtapd, mirror)
    assert {hook: without_ours(show(ns, TAP, hook)) for hook in GUARD} == before and is_guarded(ns, TAP)


def test_foreign_filter_when_it_has_our_place_then_it_stays_and_the_worker_carries(make_vtapd, ns, mirror):
    ns.batch(["qdisc add dev eth0 clsact",
              f"filter add dev eth0 ingress pref 47 handle 0x4789 protocol all {GOES_ON}"], kind="tc")
    before = show(ns, "eth0", "ingress")
    vtapd = make_vtapd(NAMED.format(underlay="eth0"))
    deliver(vtapd, mirror, 3)
    target = vtapd.target()
    assert target["path"] == "worker" and target["fastpath"]["reason"] and target["fastpath"]["attached"] == [], target
    assert vtapd.ctl("teardown").returncode == 0 and vtapd.wait_exit() == 0
    assert show(ns, "eth0", "ingress") == before


def test_ingress_qdisc_when_foreign_then_it_is_used_and_stays(make_vtapd, ns, mirror):
    tc(ns, "qdisc add dev eth0 ingress")
    vtapd = make_vtapd(NAMED.format(underlay="eth0"))
    assert vtapd.target()["fastpath"]["attached"] == ["eth0"]
    deliver(vtapd, mirror)
    vtapd.ctl("teardown")
    assert "qdisc ingress" in ns.run("tc", "qdisc", "show", "dev", "eth0").stdout
    assert show(ns, "eth0", "ingress") == ""


# Somebody takes it away

UNDOINGS = {  # what somebody does, and where the filter is missing then
    "qdisc of the underlay": ("qdisc del dev eth0 clsact", is_steered, "eth0"),
    "filter of the underlay": ("filter del dev eth0 ingress pref 47", is_steered, "eth0"),
    "all filters of the underlay": ("filter del dev eth0 ingress", is_steered, "eth0"),
    "qdisc of a tap interface": (f"qdisc del dev {TAP} clsact", is_guarded, TAP),
    "guard, ingress": (f"filter del dev {TAP} ingress pref 47", is_guarded, TAP),
    "guard, egress": (f"filter del dev {TAP} egress pref 47", is_guarded, TAP),
}


@pytest.mark.parametrize("what", UNDOINGS)
def test_filter_when_taken_away_by_hand_then_put_back(what, vtapd, ns, mirror):
    command, is_there, interface = UNDOINGS[what]
    deliver(vtapd, mirror)
    wait_attached(vtapd, "eth0")
    assert is_there(ns, interface)
    for _ in range(2):
        tc(ns, command)
        until(lambda: is_there(ns, interface), f"it is back on {interface}",
              seen=lambda: (show(ns, interface, "ingress"), vtapd.log()))
    assert is_steered(ns, "eth0") and is_guarded(ns, TAP)
    deliver(vtapd, mirror)
    assert vtapd.target()["path"] == "fast path"


# Somebody is before us

def test_foreign_filter_when_it_ends_the_chain_before_ours_then_found_until_it_is_gone(vtapd, ns, mirror):
    deliver(vtapd, mirror)
    wait_attached(vtapd, "eth0")
    tc(ns, f"filter add dev eth0 ingress pref 10 protocol all {ENDS}")

    def found(wanted):
        deliver(vtapd, mirror)  # it shows by packets only
        return ("fastpath-bypassed" in vtapd.status()["findings"]) == wanted
    until(lambda: found(True), "the foreign filter is found", seen=vtapd.target)
    target = vtapd.target()
    assert "pref 10" in target["fastpath"]["bypassed_by"] and "eth0" in target["fastpath"]["bypassed_by"], target
    assert target["path"] == "worker" and target["fastpath"]["attached"] == ["eth0"], target
    assert "pref 10" in vtapd.ctl("status").stdout
    tc(ns, "filter del dev eth0 ingress pref 10")
    until(lambda: found(False), "the finding is over", seen=vtapd.target)
    assert vtapd.target()["path"] == "fast path" and vtapd.target()["fastpath"]["bypassed_by"] is None
    assert vtapd.target()["dropped"] == 0


def test_foreign_filter_when_before_ours_and_going_on_then_no_finding(vtapd, ns, mirror):
    deliver(vtapd, mirror)
    wait_attached(vtapd, "eth0")
    tc(ns, f"filter add dev eth0 ingress pref 10 protocol all {GOES_ON}")
    deliver(vtapd, mirror, 50)
    target = vtapd.target()
    assert target["path"] == "fast path" and target["fastpath"]["bypassed_by"] is None, target


# Off, and switched

def test_fastpath_when_off_then_no_steer_and_the_guard_all_the_same(make_vtapd, ns, mirror):
    vtapd = make_vtapd(SETTING.format(setting="off"))
    deliver(vtapd, mirror, 3)
    target = vtapd.target()
    assert (target["path"], target["fastpath"]["setting"]) == ("worker", "off"), target
    assert (target["fastpath"]["attached"], target["fastpath"]["reason"]) == ([], None), target
    assert show(ns, "eth0", "ingress") == "" and is_guarded(ns, TAP)
    assert "fastpath-off" not in vtapd.status()["findings"], "off by choice"


def test_fastpath_when_switched_by_reload_under_load_then_no_frame_is_lost(make_vtapd, target, ns, capture):
    """Order is not asked for at the moment of the change: what waits in a socket is behind what goes past it."""
    vtapd = make_vtapd(SETTING.format(setting="auto"))
    tap = capture(flood=True)
    traffic = Sender(target, 4321, RATE).start()
    try:
        for setting in ("off", "auto") * 4:
            traffic.wait_sent(traffic.sent() + 500)
            vtapd.write("vtapd.conf", SETTING.format(setting=setting))
            vtapd.reload()
            until(lambda setting=setting: is_steered(ns, "eth0") == (setting == "auto"),
                  f"the fast path is {setting}", seen=vtapd.target)
        traffic.wait_sent(traffic.sent() + 500)
    finally:
        sent = traffic.stop()
    session = vtapd.wait_session("web", received=sent)
    assert (session["delivered"], session["dropped"]) == (sent, 0), session
    assert sorted(map(frames.number_of, tap.frames(at_least=sent))) == list(range(sent)), "each once"


# Not permitted

@pytest.fixture
def make_unprivileged(make_vtapd):
    """vtapd that may do everything but load programs."""
    if unit.is_wanted():
        pytest.skip("the unit decides what its process may do")

    def make(conf):
        vtapd = make_vtapd(conf, start=False)
        vtapd.prefix = ["setpriv", "--bounding-set", "-bpf,-sys_admin"]
        return vtapd.start()
    return make


def test_bpf_when_not_permitted_then_the_worker_carries_and_status_says_why(make_unprivileged, mirror):
    vtapd = make_unprivileged(AUTO)
    deliver(vtapd, mirror, 3)
    status, target = vtapd.status(), vtapd.target()
    assert target["path"] == "worker" and target["state"] == "ready", target
    assert "not permitted" in target["fastpath"]["reason"] and target["fastpath"]["idle"] is None, target
    assert status["daemon"]["guard"] == "off" and "not permitted" in status["daemon"]["guard_reason"], status["daemon"]
    assert {"fastpath-off", "guard-off"} <= set(status["findings"]), status["findings"]
    assert "guard off" in vtapd.ctl("status").stdout
    assert len(vtapd.log_lines("not permitted")) <= 2, "one clear line for each of the two"


def test_bpf_when_required_and_not_permitted_then_waiting_and_forwarding_all_the_same(make_unprivileged, mirror):
    vtapd = make_unprivileged(SETTING.format(setting="require"))
    deliver(vtapd, mirror, 3)
    assert (vtapd.target()["state"], vtapd.target()["reason"]) == ("waiting", "fastpath-off"), vtapd.target()


@pytest.mark.skipif(not os.access(VERIFIER, os.R_OK) or daemon.has_sanitizer(),
                    reason="a sanitizer has to be loaded before everything else")
def test_kernel_when_it_refuses_the_sampling_then_the_fast_path_and_the_guard_go_on(make_vtapd, mirror):
    """A diagnostic is not worth the way of the frames: another kernel may not like its code."""
    if unit.is_wanted():
        pytest.skip("nothing is preloaded into the unit")
    vtapd = make_vtapd("[target default]\nunderlay = eth0\n[session web]\nvni = 4321\n", start=False)
    vtapd.prefix = ["env", f"LD_PRELOAD={VERIFIER}"]
    vtapd.start()
    wait_attached(vtapd, "eth0")
    for number in range(8):
        mirror.send(4321, frames.numbered(number))
    vtapd.wait_session("web", delivered=8)
    assert vtapd.status()["daemon"]["guard"] == "on"
    check, = vtapd.get("/v1/doctor?condition=one-way")["checks"]
    why = f"note TCP conversations: Permission denied: {VERIFIER_SAYS}"
    assert (check["checked"], check["unchecked_reason"]) == (False, why), check
    assert f"one-way ({why})" in vtapd.ctl("doctor", "-v").stdout
    assert f"was not checked: {why}." in vtapd.ctl("doctor", "one-way").stdout
    assert vtapd.session("web")["one_way"] is None


def test_guard_when_it_cannot_be_attached_then_the_session_goes_on_by_the_worker(vtapd, ns, mirror, capture):
    """Somebody's ingress qdisc on the tap interface leaves no room for ours: told, not waited for."""
    vtapd.stop()
    ns.run("tc", "qdisc", "del", "dev", TAP, "clsact")
    ns.run("tc", "qdisc", "add", "dev", TAP, "ingress")
    vtapd.start()
    assert vtapd.session("web")["state"] == "ready", vtapd.session("web")
    told = vtapd.status()["daemon"]
    assert told["guard"] == "off" and TAP in told["guard_reason"] and "ingress" in told["guard_reason"], told
    tap = capture()
    deliver(vtapd, mirror, 3)
    assert tap.frames(at_least=3) == [frames.numbered(i) for i in range(3)]
    assert "guard-off" in vtapd.status()["findings"]
    ns.run("tc", "qdisc", "del", "dev", TAP, "ingress")
    until(lambda: is_guarded(ns, TAP), "the guard is there once it can be", seen=vtapd.log)
    deliver(vtapd, mirror)


# Teardown

def pinned(folder):
    """What we pinned there: a BPF file system may come with files of the kernel's own."""
    return [name for name in os.listdir(folder) if not name.endswith(".debug")]


@pytest.mark.parametrize("is_running", [pytest.param(True, marks=pytest.mark.kernel), False],
                         ids=["running", "stopped"])
def test_teardown_when_done_then_no_filter_and_no_pin_is_left(is_running, make_vtapd, pin_folder, ns, mirror):
    if unit.is_wanted():
        pytest.skip("the unit has its own folder for pins")
    vtapd = make_vtapd(AUTO, start=False)
    pins = pin_folder(vtapd)
    vtapd.start()
    deliver(vtapd, mirror)
    wait_attached(vtapd, "eth0")
    assert pinned(pins) != []
    if is_running:
        assert vtapd.ctl("teardown").returncode == 0 and vtapd.wait_exit() == 0
    else:
        vtapd.stop()
        assert pinned(pins) != [] and is_steered(ns, "eth0")
        assert vtapd.vtapd("--teardown").returncode == 0
    assert pinned(pins) == []
    assert show(ns, "eth0", "ingress") == "" and not ns.has(TAP)
    assert "qdisc clsact" in ns.run("tc", "qdisc", "show", "dev", "eth0").stdout, "others may hang their filters there"
