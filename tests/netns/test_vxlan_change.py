"""The law of vxlan mode: a reload does what `plan` said it would cost, and whoever is not meant does not notice."""

import pytest

from conftest import HEADS, MODES, WEB_VXLAN
from lab import frames, vxlan
from lab.deadline import until

TAP = "mirror-web"
HEAD = HEADS["vxlan"]
WEB = "[session web]\nvni = 4321\n"
DB = "[session db]\nvni = 7\n"
MANY = 1000
SECONDS = 60


@pytest.fixture
def vtapd(make_vtapd):
    return make_vtapd(WEB_VXLAN + DB)


def reload_with(vtapd, text, expect=0):
    vtapd.write("vtapd.conf", text)
    return vtapd.reload(expect)


def plan_for(vtapd, text):
    """{name: (sign, why)} of what a reload would do."""
    vtapd.write("vtapd.conf", text)
    return {row["name"]: (row["sign"], row["why"]) for row in vtapd.get("/v1/plan")["rows"]}


IN_PLACE = {"mtu": "mtu = 1500\n", "description": "description = x\n", "required": "required = no\n",
            "silent-after": "silent-after = 1h\n"}
ANEW = {  # what changes in session db, whose device is made anew: before, after
    "vni": ("vni = 7", "vni = 8"),
    "interface": ("vni = 7", "vni = 7\ninterface = db2"),
    "family": ("vni = 7", "vni = 7\nfamily = ipv6"),
}


@pytest.mark.parametrize("key", IN_PLACE)
def test_session_when_changed_in_what_the_kernel_can_change_then_in_place(key, vtapd, ns):
    before = (ns.ifindex(TAP), ns.ifindex("mirror-db"))
    text = WEB_VXLAN + DB + IN_PLACE[key]
    assert {name: sign for name, (sign, _) in plan_for(vtapd, text).items()} == {"db": "~"}
    assert vtapd.get("/v1/plan")["sensors_disturbed"] == 0
    reload_with(vtapd, text)
    assert (ns.ifindex(TAP), ns.ifindex("mirror-db")) == before
    assert vtapd.get("/v1/plan")["rows"] == []
    if key == "mtu":
        assert ns.link("mirror-db")["mtu"] == 1500


@pytest.mark.parametrize("key", ANEW)
def test_session_when_changed_in_what_the_kernel_cannot_change_then_the_plan_says_that_sensors_lose_it(
        key, vtapd, ns, capture, mirror):
    web, db = ns.ifindex(TAP), ns.ifindex("mirror-db")
    capture("mirror-db")
    vtapd.wait_session("db", sensors=1)
    text = WEB_VXLAN + DB.replace(*ANEW[key])
    plan = plan_for(vtapd, text)
    assert {name: sign for name, (sign, _) in plan.items()} == {"db": "!"}
    assert key in plan["db"][1] and "1 sensor reads mirror-db" in plan["db"][1], plan
    assert vtapd.get("/v1/plan")["sensors_disturbed"] == 1
    told = vtapd.ctl("plan").stdout
    assert "  ! db" in told, told
    done = reload_with(vtapd, text)
    assert "1 replaced" in done.stdout, done.stdout
    name = vtapd.session("db")["interface"]
    assert ns.ifindex(TAP) == web and ns.ifindex(name) != db
    if name != "mirror-db":
        assert not ns.has("mirror-db")
    vni = 8 if key == "vni" else 7
    mirror.send(vni, frames.numbered(1), source="fd77::1" if key == "family" else "10.77.0.1")
    vtapd.wait_session("db", delivered=1, state="ready")


def test_vnis_when_two_sessions_swap_theirs_then_each_has_the_others(vtapd, mirror):
    reload_with(vtapd, WEB_VXLAN.replace("4321", "7") + DB.replace("7", "4321"))
    mirror.send(7, frames.numbered(1))
    mirror.send(4321, frames.numbered(2))
    for name in ("web", "db"):
        vtapd.wait_session(name, delivered=1, state="ready")


def test_names_when_two_sessions_swap_theirs_then_each_has_the_others(make_vtapd, ns, mirror):
    text = HEAD + "[session a]\nvni = 1\ninterface = {}\n[session b]\nvni = 2\ninterface = {}\n"
    vtapd = make_vtapd(text.format("left", "right"))
    reload_with(vtapd, text.format("right", "left"))
    assert (vxlan.tunnel(ns, "right")["id"], vxlan.tunnel(ns, "left")["id"]) == (1, 2)
    assert (ns.link("right")["ifalias"], ns.link("left")["ifalias"]) == ("vtapd:a", "vtapd:b")
    mirror.send(1, frames.numbered(1))
    vtapd.wait_session("a", delivered=1, interface="right")


def test_session_when_renamed_then_its_device_stays(vtapd, ns):
    index = ns.ifindex("mirror-db")
    reload_with(vtapd, WEB_VXLAN + "[session base]\nvni = 7\ninterface = mirror-db\n")
    assert ns.ifindex("mirror-db") == index and ns.link("mirror-db")["ifalias"] == "vtapd:base"


def test_port_when_changed_then_every_device_is_made_anew_and_the_plan_says_so(vtapd, ns, mirror):
    text = WEB_VXLAN.replace("mode = vxlan", "mode = vxlan\nport = 8472") + DB
    plan = plan_for(vtapd, text)
    assert {plan[name][0] for name in plan} == {"!"} and {"web", "db"} <= set(plan), plan
    reload_with(vtapd, text)
    assert {vxlan.tunnel(ns, name)["port"] for name in (TAP, "mirror-db")} == {8472}
    mirror.send(4321, frames.numbered(1), port=8472)
    vtapd.wait_session("web", delivered=1, state="ready")


def test_others_when_one_session_changes_under_load_then_they_lose_no_frame(vtapd, ns, load):
    index, traffic = ns.ifindex(TAP), load()
    for i in range(8):
        traffic.go_on(4_000)
        more = (f"[session extra{j}]\nvni = {50 + i + j}\n" for j in range(i % 3))
        db = ("", DB, f"[session db]\nvni = {100 + i}\n", DB + "mtu = 1500\n")[i % 4]
        reload_with(vtapd, WEB_VXLAN + db + "".join(more))
    traffic.go_on(4_000)
    traffic.settle(vtapd)
    assert ns.ifindex(TAP) == index


def test_session_itself_when_changed_in_place_under_load_then_it_loses_no_frame(vtapd, ns, load):
    index, traffic = ns.ifindex(TAP), load()
    for more in ("mtu = 1500\n", "description = x\n", "", "mtu = 9000\n"):
        traffic.go_on(4_000)
        reload_with(vtapd, WEB_VXLAN + more)
    traffic.go_on(4_000)
    traffic.settle(vtapd)
    assert ns.ifindex(TAP) == index


def test_session_when_its_device_is_replaced_under_load_then_every_frame_that_was_shown_is_counted(
        make_vtapd, load):
    """The kernel's counters go with the device: they are read when nothing comes in any more, and it is still there."""
    vtapd = make_vtapd(WEB_VXLAN)
    traffic = load(interface="", rate=20_000)  # of all interfaces: they change
    for i in range(5):
        traffic.go_on(4_000)
        reload_with(vtapd, WEB_VXLAN + f"interface = web{i}\n")
    traffic.go_on(4_000)
    traffic.stop()
    vtapd.quiet()
    counted = vtapd.session("web")["delivered"]
    # what waits in a processor's queue when the device goes is counted, and not shown
    shown = len(traffic.sensor.wait(counted - 5 * 64))
    assert shown <= counted, (shown, counted)


# From one mode to the other

def test_mode_when_switched_and_back_then_each_takes_one_reload_and_the_plan_says_what_it_costs(
        make_vtapd, ns, mirror, capture):
    vtapd = make_vtapd(MODES["tap"])
    sent = 0
    for mode in ("vxlan", "tap", "vxlan"):
        tap = capture(TAP)
        vtapd.wait_session("web", sensors=1)
        plan = plan_for(vtapd, MODES[mode])
        assert plan["web"][0] == "!" and "mode" in plan["web"][1] and "1 sensor" in plan["web"][1], plan
        assert vtapd.get("/v1/plan")["sensors_disturbed"] == 1
        assert "sensors lose their handles" in vtapd.ctl("plan").stdout
        reload_with(vtapd, MODES[mode])
        tap.stop()
        assert vtapd.session("web")["state"] == "ready", vtapd.session("web")
        assert (vxlan.tunnel(ns, TAP) is not None) == (mode == "vxlan")
        assert ns.link(TAP)["ifalias"] == "vtapd:web"
        mirror.send(4321, frames.numbered(sent))
        sent += 1
        vtapd.wait_session("web", delivered=sent, state="ready")


@pytest.mark.parametrize("before,after", [("tap", "vxlan"), ("vxlan", "tap")])
def test_mode_when_switched_under_load_then_frames_are_shown_again_and_the_gap_is_short(
        before, after, make_vtapd, load, noted):
    vtapd = make_vtapd(MODES[before].replace("auto", "eth0"))
    traffic = load(interface="", rate=20_000)  # of all interfaces: the sensor's own one goes away
    traffic.go_on(4_000)
    reload_with(vtapd, MODES[after].replace("auto", "eth0"))
    traffic.go_on(4_000)
    sent = traffic.stop()
    until(lambda: traffic.sensor.numbers() and max(traffic.sensor.numbers()) >= sent - 100, "the last ones are shown",
          seen=vtapd.log)
    vtapd.quiet()
    assert vtapd.session("web")["delivered"] == vtapd.target()["delivered"], "of one session: none is its target's alone"
    assert [row for row in vtapd.get("/v1/doctor")["findings"] if row["id"] == "unknown-vni"] == [], "a session has it"
    if after == "tap":
        assert "unknown-vni" not in vtapd.target()["drops"], "a session has this VNI"
    noted(f"{before} to {after} at 20,000 a second", sent, len(set(traffic.sensor.numbers())))


# Many

def devices(ns):
    return {name for name, link in ns.links().items() if link.get("ifalias", "").startswith("vtapd:")}


def without_counts(link):
    return {key: value for key, value in link.items() if key != "stats64"}


def test_sessions_when_a_thousand_come_and_go_by_reload_then_all_are_there_and_all_gone_and_others_untouched(
        make_vtapd, ns, mirror):
    """Among them devices of others: in a group of their own, in no group, of our kind."""
    vxlan.make(ns, "theirs", 9_000_000)
    vxlan.make(ns, "grouped", 9_000_001, before="group 4711")
    ns.ip("link add bridge0 group 4712 type bridge")
    others = ("theirs", "grouped", "bridge0")
    before = [without_counts(ns.link(name)) for name in others]
    vtapd = make_vtapd(HEAD + WEB)
    many = "".join(f"[session s{i}]\nvni = {10_000 + i}\n" for i in range(MANY))
    reload_with(vtapd, HEAD + WEB + many)
    assert devices(ns) == {TAP} | {f"mirror-s{i}" for i in range(MANY)}
    assert all(session["state"] == "ready" for session in vtapd.status()["sessions"])
    for i in (0, MANY // 2, MANY - 1):
        mirror.send(10_000 + i, frames.numbered(i))
        vtapd.wait_session(f"s{i}", delivered=1)
    index = ns.ifindex(TAP)
    reload_with(vtapd, HEAD + WEB)
    assert devices(ns) == {TAP} and ns.ifindex(TAP) == index
    assert [without_counts(ns.link(name)) for name in others] == before


def test_sessions_when_somebody_deletes_all_by_group_then_all_come_back(make_vtapd, ns):
    count = 200
    vtapd = make_vtapd(HEAD + "".join(f"[session s{i}]\nvni = {i}\n" for i in range(count)))
    ns.batch([f"link set mirror-s{i} group 99" for i in range(count)], force=True)
    ns.ip("link del group 99", check=False)
    until(lambda: len(devices(ns)) == count and all(session["state"] == "ready"
                                                    for session in vtapd.status()["sessions"]),
          f"{count} devices are there", SECONDS, seen=vtapd.log)
    assert {link["group"] for name, link in ns.links().items() if name.startswith("mirror-s")} == {"default"}
