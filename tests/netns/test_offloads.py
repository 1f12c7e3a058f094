"""The law: while a vxlan session receives there, an underlay merges no frames, whatever happens; afterwards it merges
what it did before, no more and no less."""

import json
import os
import threading

import pytest

from lab.deadline import until
from lab.hosts import TARGET_MAC

VXLAN = "[target default]\nmode = vxlan\nunderlay = {underlay}\n"
WEB = "[session web]\nvni = 4321\n"
CONF = VXLAN.format(underlay="eth0") + WEB
REMOVE = "[daemon]\non-stop = remove\n" + CONF
AS_TAP = "[target default]\nunderlay = eth0\n" + WEB
NO_SESSION = VXLAN.format(underlay="eth0")
STACKED = {
    "macvlan": ["link add link eth0 name top0 type macvlan mode private", "link set top0 up"],
    "bridge": ["link add top0 type bridge", "link set eth0 master top0"],
    "VLAN": ["link add link eth0 name top0 type vlan id 42", "link set top0 up"],
    "bond": ["link add top0 type bond mode active-backup", "link set eth0 down", "link set eth0 master top0"],
}


def gro(ns, interface="eth0"):
    features = json.loads(ns.run("ethtool", "--json", "-k", interface).stdout)[0]
    return features["rx-gro"]["active"] if "rx-gro" in features else features["generic-receive-offload"]["active"]


def switch(ns, state, interface="eth0"):
    ns.run("ethtool", "-K", interface, "gro", state)


def becomes(ns, is_on, interface="eth0", vtapd=None):
    """By the next try at the latest, where somebody was given way."""
    until(lambda: gro(ns, interface) == is_on, f"GRO of {interface} is {'on' if is_on else 'off'}", 30,
          seen=vtapd.log if vtapd else None)


class Somebody:
    """Switches it on all the time, until end()."""

    def __init__(self, ns):
        self._ns, self._is_over = ns, threading.Event()
        self._thread = threading.Thread(target=self._insist)
        self._thread.start()

    def _insist(self):
        while not self._is_over.is_set():
            switch(self._ns, "on")

    def end(self):
        self._is_over.set()
        self._thread.join()


@pytest.fixture
def insist(ns):
    """insist(): from now on somebody does."""
    made = []

    def start():
        made.append(Somebody(ns))
        return made[-1]
    yield start
    for somebody in made:
        somebody.end()


def given_way(vtapd):
    return vtapd.log_lines("somebody keeps switching gro of eth0 on")


def repairs_of(vtapd):
    return vtapd.status()["daemon"]["repairs"]


def merging(vtapd):
    """What the target says of its underlays."""
    return vtapd.target()["merging"]


def is_found(vtapd):
    return "gro-merging" in {finding["id"] for finding in vtapd.get("/v1/doctor")["findings"]}


def memory_lines(vtapd):
    path = os.path.join(vtapd.runtime, "offloads")
    if not os.path.exists(path):
        return None
    with open(path, encoding="ascii") as file:
        return file.read().splitlines()


def memory(vtapd):
    """["eth0 gro"]: without index and MAC."""
    lines = memory_lines(vtapd)
    return lines and [" ".join(word for i, word in enumerate(line.split()) if i not in (1, 2)) for line in lines]


@pytest.fixture(params=["on", "off"])
def before(request, ns):
    """What merged before vtapd came: True or False."""
    switch(ns, request.param)
    return request.param == "on"


@pytest.fixture
def was_on(ns):
    switch(ns, "on")


# While a session needs it

def test_underlay_when_vtapd_starts_then_gro_is_off_on_it_and_on_nothing_else(was_on, make_vtapd, target, ns):
    target.plug_second()
    switch(ns, "on", "eth1")
    vtapd = make_vtapd(CONF)
    assert not gro(ns) and gro(ns, "eth1")
    assert len(vtapd.log_lines("eth0: gro off")) == 1, vtapd.log()
    assert repairs_of(vtapd) == 0
    assert memory_lines(vtapd) == [f"eth0 {ns.ifindex('eth0')} {TARGET_MAC} gro"]
    assert vtapd.target()["switched_off"] == ["eth0"] and "vtapd keeps GRO off on eth0." in vtapd.ctl("status").stdout


def test_underlay_when_gro_was_off_before_then_nobody_says_that_vtapd_did_it(make_vtapd, ns):
    switch(ns, "off")
    vtapd = make_vtapd(CONF)
    assert vtapd.target()["switched_off"] == [] and "keeps GRO off" not in vtapd.ctl("status").stdout


@pytest.mark.parametrize("conf", [AS_TAP, NO_SESSION], ids=["tap", "no session"])
def test_underlay_when_no_vxlan_session_receives_there_then_it_is_left_alone(conf, was_on, make_vtapd, ns):
    vtapd = make_vtapd(conf)
    assert gro(ns) and memory(vtapd) is None


def test_underlays_when_a_glob_names_them_then_each_is_off_and_loopback_is_left_alone(was_on, make_vtapd, target, ns):
    target.plug_second()
    switch(ns, "on", "eth1")
    lo = gro(ns, "lo")
    make_vtapd(VXLAN.format(underlay="[el]*") + WEB)
    assert not gro(ns) and not gro(ns, "eth1") and gro(ns, "lo") == lo


@pytest.mark.kernel
@pytest.mark.parametrize("kind", STACKED)
def test_underlay_when_another_carries_it_then_gro_is_off_on_both_and_put_back_on_both(kind, was_on, make_vtapd, ns):
    if "Unknown device type" in ns.ip(STACKED[kind][0], check=False).stderr:
        pytest.skip(f"{kind} is missing")
    ns.batch(STACKED[kind][1:])
    switch(ns, "on", "top0")
    vtapd = make_vtapd(VXLAN.format(underlay="top0") + WEB)
    assert not gro(ns, "top0") and not gro(ns)
    vtapd.write("vtapd.conf", AS_TAP)
    vtapd.reload()
    assert gro(ns, "top0") and gro(ns)


def test_underlay_when_gro_is_switched_on_by_hand_then_off_again_at_once_and_counted(was_on, make_vtapd, ns):
    vtapd = make_vtapd(CONF)
    switch(ns, "on")
    becomes(ns, False, vtapd=vtapd)
    until(lambda: vtapd.log_lines("eth0: gro was switched on by somebody; off again"), "the repair is logged",
          seen=vtapd.log)
    assert repairs_of(vtapd) == 1
    assert merging(vtapd) == []


def test_underlay_when_somebody_insists_then_he_is_given_way_and_told_of(was_on, make_vtapd, ns, insist):
    vtapd = make_vtapd(CONF)
    somebody = insist()
    until(lambda: is_found(vtapd) and merging(vtapd) == ["eth0"], "the condition holds", seen=vtapd.log)
    somebody.end()
    assert given_way(vtapd) and not vtapd.log_lines("cannot be switched off"), vtapd.log()
    becomes(ns, False, vtapd=vtapd)  # the next try does it
    until(lambda: not is_found(vtapd) and merging(vtapd) == [], "it is over", seen=vtapd.log)


def test_underlay_when_who_insisted_switches_it_off_then_it_is_over_and_no_repair(was_on, make_vtapd, ns, insist):
    vtapd = make_vtapd(CONF)
    somebody = insist()
    until(lambda: given_way(vtapd), "he is given way", seen=vtapd.log)
    repairs = repairs_of(vtapd)
    until(lambda: repairs_of(vtapd) == repairs + 1 and merging(vtapd) == ["eth0"], "he is for the second time",
          seen=vtapd.log)
    somebody.end()
    repairs = repairs_of(vtapd)
    switch(ns, "off")
    until(lambda: merging(vtapd) == [], "nothing merges", seen=vtapd.log)
    assert repairs_of(vtapd) == repairs


def test_underlay_when_somebody_goes_on_insisting_then_one_line_and_repairs_are_counted(
        was_on, make_vtapd, ns, insist):
    vtapd = make_vtapd(CONF)
    somebody = insist()
    until(lambda: given_way(vtapd), "he is given way", seen=vtapd.log)
    lines, repairs = len(vtapd.log_lines("off again")), repairs_of(vtapd)
    until(lambda: repairs_of(vtapd) == repairs + 2, "repairs go on", seen=vtapd.log)
    until(lambda: merging(vtapd) == ["eth0"], "he does, too", seen=vtapd.log)
    somebody.end()
    assert len(given_way(vtapd)) == 1 and len(vtapd.log_lines("off again")) == lines, vtapd.log()


def test_underlay_when_unplugged_and_plugged_back_then_off_again_and_no_repair(was_on, make_vtapd, target, ns):
    vtapd = make_vtapd(CONF)
    target.unplug()
    until(lambda: vtapd.target()["missing"] == ["eth0"], "it is missed", seen=vtapd.log)
    target.plug()
    switch(ns, "on")  # if it is not by itself
    becomes(ns, False, vtapd=vtapd)
    assert memory(vtapd) == ["eth0 gro"]


def test_underlay_when_renamed_then_what_was_on_is_put_back_under_its_new_name(was_on, make_vtapd, ns):
    vtapd = make_vtapd(CONF)
    ns.ip("link set eth0 down")
    ns.ip("link set eth0 name lan0")
    becomes(ns, True, "lan0", vtapd)
    assert memory(vtapd) is None


def test_underlay_when_renamed_to_what_a_glob_names_too_then_the_memory_goes_with_it(was_on, make_vtapd, ns):
    vtapd = make_vtapd(VXLAN.format(underlay="*0") + WEB)
    ns.ip("link set eth0 down")
    ns.ip("link set eth0 name lan0")
    until(lambda: memory(vtapd) == ["lan0 gro"], "it is remembered by its new name", seen=vtapd.log)
    assert not gro(ns, "lan0")


# Restarts

@pytest.mark.parametrize("end", ["stop", "kill"])
def test_restart_when_gro_was_off_for_us_then_it_is_still_known_what_was_on(end, before, make_vtapd, ns):
    vtapd = make_vtapd(CONF)
    getattr(vtapd, end)()
    assert not gro(ns), "the kernel goes on showing frames"
    vtapd.start()
    assert not gro(ns) and repairs_of(vtapd) == 0
    vtapd.write("vtapd.conf", AS_TAP)
    vtapd.reload()
    assert gro(ns) == before


def test_restart_when_it_was_switched_on_meanwhile_then_off_and_no_repair(before, make_vtapd, ns):
    vtapd = make_vtapd(CONF)
    vtapd.kill()
    switch(ns, "on")
    vtapd.start()
    assert not gro(ns) and repairs_of(vtapd) == 0
    assert vtapd.log_lines("eth0: gro was on again; off"), vtapd.log()
    assert vtapd.vtapd("--teardown").returncode == 0
    assert gro(ns) == before


def rename(ns, interface, name):
    ns.ip(f"link set {interface} down")
    ns.ip(f"link set {interface} name {name}")


@pytest.mark.parametrize("how", ["daemon", "teardown"])
def test_restart_when_it_was_renamed_meanwhile_then_it_is_found_and_another_of_its_name_is_left_alone(
        how, was_on, make_vtapd, target, ns):
    target.plug_second()
    vtapd = make_vtapd(CONF)
    vtapd.stop()
    rename(ns, "eth0", "lan0")
    rename(ns, "eth1", "eth0")
    switch(ns, "off")
    if how == "daemon":
        vtapd.write("vtapd.conf", AS_TAP)
        vtapd.start()
    else:
        done = vtapd.vtapd("--teardown")
        assert done.returncode == 0 and "On again: gro on lan0." in done.stdout, done
    assert gro(ns, "lan0") and not gro(ns) and memory(vtapd) is None


@pytest.mark.parametrize("how", ["daemon", "teardown"])
def test_restart_when_another_device_has_its_name_then_that_is_left_alone_and_it_is_said(
        how, was_on, make_vtapd, target, ns):
    target.plug_second()
    vtapd = make_vtapd(CONF)
    vtapd.stop()
    target.unplug()
    rename(ns, "eth1", "eth0")
    switch(ns, "off")
    if how == "daemon":
        vtapd.start()
        assert vtapd.log_lines("eth0: not found, so gro is not switched on again"), vtapd.log()
        assert memory(vtapd) == ["eth0 none"]
    done = vtapd.vtapd("--teardown")
    assert done.returncode == 0 and not gro(ns) and memory(vtapd) is None
    assert ("Not found, so not switched on again: gro on eth0." in done.stdout) == (how == "teardown"), done


def test_restart_when_the_configuration_changed_meanwhile_then_put_back(before, make_vtapd, ns):
    vtapd = make_vtapd(CONF)
    vtapd.stop()
    vtapd.write("vtapd.conf", AS_TAP)
    vtapd.start()
    assert gro(ns) == before and memory(vtapd) is None


def test_restart_when_the_memory_is_damaged_then_it_starts_and_says_so(was_on, make_vtapd, ns):
    vtapd = make_vtapd(CONF)
    vtapd.stop()
    with open(os.path.join(vtapd.runtime, "offloads"), "ab") as file:
        file.write(b"\x1b[31m\n")
    vtapd.start()
    assert vtapd.log_lines("offloads:2", "no line of ours"), vtapd.log()
    assert memory(vtapd) == ["eth0 gro"], "it is said once"


# On again

@pytest.mark.parametrize("conf", [AS_TAP, NO_SESSION], ids=["tap", "no session"])
def test_reload_when_the_last_vxlan_session_goes_then_as_before(conf, before, make_vtapd, ns):
    vtapd = make_vtapd(CONF)
    vtapd.write("vtapd.conf", conf)
    vtapd.reload()
    assert gro(ns) == before and memory(vtapd) is None
    assert len(vtapd.log_lines("eth0: gro on again")) == before, vtapd.log()
    switch(ns, "on")
    switch(ns, "off")
    switch(ns, "on")
    vtapd.reload()
    assert gro(ns), "it is nobody's business any more"


def test_reload_when_one_of_two_sessions_goes_then_it_stays_off(was_on, make_vtapd, ns):
    vtapd = make_vtapd(CONF + "[session db]\nvni = 5001\n")
    vtapd.write("vtapd.conf", CONF)
    vtapd.reload()
    assert not gro(ns)


def test_reload_when_the_underlay_is_another_one_then_each_is_as_it_should_be(before, make_vtapd, target, ns):
    target.plug_second()
    vtapd = make_vtapd(CONF)
    vtapd.write("vtapd.conf", VXLAN.format(underlay="eth1") + WEB)
    vtapd.reload()
    assert gro(ns) == before and not gro(ns, "eth1")


@pytest.mark.parametrize("how", ["vtapctl", "vtapd", "vtapd alone"])
def test_teardown_when_done_then_as_before_and_it_says_so(how, before, make_vtapd, ns):
    vtapd = make_vtapd(CONF)
    if how == "vtapd alone":
        vtapd.stop()
    done = vtapd.ctl("teardown") if how == "vtapctl" else vtapd.vtapd("--teardown")
    assert done.returncode == 0 and "Removed 1 interface" in done.stdout, done
    assert ("On again: gro on eth0." in done.stdout) == before, done
    assert gro(ns) == before and memory(vtapd) is None
    if how != "vtapd alone":
        assert vtapd.wait_exit() == 0


@pytest.mark.parametrize("how", ["vtapctl", "vtapd"])
def test_teardown_when_it_was_on_already_then_it_does_not_say_that_it_did_it(how, was_on, make_vtapd, ns):
    vtapd = make_vtapd(CONF)
    vtapd.kill()
    switch(ns, "on")
    done = vtapd.ctl("teardown") if how == "vtapctl" else vtapd.vtapd("--teardown")
    assert done.returncode == 0 and "on again" not in done.stdout.lower(), done
    assert gro(ns) and memory(vtapd) is None


def test_teardown_when_asked_for_json_then_the_underlays_are_named(was_on, make_vtapd):
    vtapd = make_vtapd(CONF)
    assert json.loads(vtapd.ctl("--json", "teardown").stdout)["restored"] == [
        {"interface": "eth0", "features": ["gro"]}]
    assert vtapd.wait_exit() == 0


def test_stop_when_remove_then_as_before(before, make_vtapd, ns):
    vtapd = make_vtapd(REMOVE)
    assert not gro(ns)
    vtapd.stop()
    assert gro(ns) == before and memory(vtapd) is None
    assert len(vtapd.log_lines("eth0: gro on again")) == before, vtapd.log()
