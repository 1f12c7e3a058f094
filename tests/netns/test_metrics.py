"""Law: /metrics tells what status tells, number by number; what is not known is absent, never 0; and whoever asks,
however often, gets a small part of the main loop's time, which writes and sends nothing for him."""

import datetime
import os
import threading
import time

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

from conftest import WEB, WEB_VXLAN, in_both_modes
from lab import fastpath, frames, scrape, unit
from lab.deadline import until
from lab.freeze import Frozen

UNKNOWN = 99
FRAME = frames.numbered(1)
CUT = bytes(Ether(src="02:00:00:00:00:0a", dst="02:00:00:00:00:0b")
            / IP(src="192.0.2.1", dst="192.0.2.2") / UDP(sport=1, dport=2) / (b"x" * 400))[:200]
OF_WEB = {"session": "web", "target": "default", "interface": "mirror-web"}
SLOW_SESSIONS = 200
ASKED = ("/metrics", "/v1/status", "/healthz", "/")
RELOADS = 20
PLACES = 64  # of clients at once
SILENCE_SECONDS = 10  # then their places are free again


def seconds(iso):
    """Since 1970; the last digits of its nanoseconds are beyond a float."""
    whole, _, rest = iso.rstrip("Z").partition(".")
    moment = datetime.datetime.fromisoformat(whole).replace(tzinfo=datetime.timezone.utc)
    return moment.timestamp() + int(rest) / 1e9


def send_all_kinds(vtapd, mirror):
    """3 frames that are shown, one of them cut, and 4 packets of other fates."""
    for frame in (FRAME, FRAME, CUT):
        mirror.send(4321, frame)
    for _ in range(2):
        mirror.send(UNKNOWN, FRAME)
    mirror.send_udp(b"junk")
    mirror.send(4321, FRAME[:13])
    vtapd.wait_received(7)


def assert_as_status(told, status):
    """Both were made while nothing came."""
    for row in status["sessions"]:
        labels = {"session": row["name"], "target": row["target"], "interface": row["interface"]}
        assert told.value("vtapd_session_frames_total", **labels) == row["delivered"]
        assert told.value("vtapd_session_bytes_total", **labels) == row["bytes"]
        assert told.value("vtapd_session_truncated_frames_total", **labels) == row["truncated"]
        assert told.value("vtapd_session_ready", **labels) == (row["state"] == "ready")
        assert told.value("vtapd_session_sensors", **labels) == row["sensors"]
        assert told.by("vtapd_session_dropped_frames_total", "verdict", session=row["name"]) == row["drops"]
        last = told.value("vtapd_session_last_frame_timestamp_seconds", **labels)
        assert last == (row["last_frame"] and pytest.approx(seconds(row["last_frame"]), abs=1e-6))
    for row in status["targets"]:
        drops = told.by("vtapd_target_dropped_packets_total", "verdict", target=row["name"])
        assert told.value("vtapd_target_received_packets_total", target=row["name"]) == row["received"]
        assert told.value("vtapd_target_delivered_frames_total", target=row["name"]) == row["delivered"]
        assert {verdict: n for verdict, n in drops.items() if n} == row["drops"]
        assert not set(drops) & set(row["hidden"]), "what nobody counts is told"
        assert told.value("vtapd_target_ready", target=row["name"]) == (row["state"] == "ready")
    assert told.value("vtapd_repairs_total") == status["daemon"]["repairs"]


# What is told

@in_both_modes
def test_metrics_when_packets_had_every_fate_then_promtool_is_content_and_status_says_the_same(vtapd, ns, mirror):
    is_tap = vtapd.target()["mode"] == "tap"
    if is_tap:
        send_all_kinds(vtapd, mirror)
    else:
        mirror.send(4321, FRAME)
        vtapd.wait_received(1)
    status = vtapd.status()
    told = scrape.scrape(ns)
    assert scrape.complaints(told.text) == ""
    assert_as_status(told, status)
    if is_tap:
        assert status["targets"][0]["drops"] == {"unknown-vni": 2, "not-vxlan": 1, "too-short": 1}
        assert told.value("vtapd_session_truncated_frames_total", **OF_WEB) == 1


@in_both_modes
def test_metrics_when_nothing_came_then_0_but_no_time_of_a_last_frame(vtapd, ns):
    told = scrape.scrape(ns)
    assert scrape.complaints(told.text) == ""
    assert told.value("vtapd_session_frames_total", **OF_WEB) == 0
    assert not told.rows("vtapd_session_last_frame_timestamp_seconds")
    assert not told.rows("vtapd_session_dropped_frames_total")
    assert_as_status(told, vtapd.status())


def test_metrics_when_the_kernel_has_the_packets_then_what_it_hides_is_absent(make_vtapd, ns, mirror):
    vtapd = make_vtapd(WEB_VXLAN)
    mirror.send(4321, FRAME)
    mirror.send(UNKNOWN, FRAME)
    vtapd.wait_session("web", delivered=1)
    told = scrape.scrape(ns)
    assert told.value("vtapd_session_frames_total", **OF_WEB) == 1
    drops = told.by("vtapd_target_dropped_packets_total", "verdict")
    assert drops == {"decap-error": 0, "lost-in-handover": 0}, "its guard is there, so losses are known"
    assert not told.rows("vtapd_session_truncated_frames_total")
    assert not told.rows("vtapd_target_path_frames_total")


def test_metrics_when_frames_took_both_paths_then_each_has_its_own(make_vtapd, ns, mirror):
    vtapd = make_vtapd("[target default]\nunderlay = eth0\n[session web]\nvni = 4321\n")
    fastpath.wait_attached(vtapd, "eth0")
    for i in range(5):
        mirror.send(4321, frames.numbered(i))
    for _ in range(2):
        mirror.send(4321, FRAME[:14])  # too short for the fast path
    vtapd.wait_session("web", delivered=7)
    told = scrape.scrape(ns)
    assert told.by("vtapd_target_path_frames_total", "path") == {"fast path": 5, "worker": 2}
    assert told.value("vtapd_session_worker_frames_total", **OF_WEB) == 2
    assert_as_status(told, vtapd.status())


def test_metrics_when_a_sensor_reads_then_it_is_counted(vtapd, ns, capture):
    assert scrape.scrape(ns).value("vtapd_session_sensors", **OF_WEB) == 0
    capture()
    until(lambda: scrape.scrape(ns).value("vtapd_session_sensors", **OF_WEB) == 1, "the sensor is counted")


def test_metrics_when_a_session_cannot_be_shown_then_not_ready_and_its_condition(make_vtapd, ns):
    ns.ip("link add mirror-web type bridge")
    make_vtapd(WEB)

    def told():
        now = scrape.scrape(ns)
        return (now.value("vtapd_session_ready", **OF_WEB), now.value("vtapd_healthy"),
                now.value("vtapd_condition", condition="interface-foreign", severity="page"))
    until(lambda: told() == (0, 0, 1), "it is told what is wrong", seen=told)
    ns.ip("link del mirror-web")
    until(lambda: told() == (1, 1, 0), "it is told to be over", seen=told)


def test_metrics_when_drained_then_told(vtapd, ns):
    def told():
        now = scrape.scrape(ns)
        return now.value("vtapd_draining"), now.value("vtapd_condition", condition="drain", severity="info")
    assert told() == (0, 0)
    vtapd.request("POST", "/v1/drain")
    until(lambda: told() == (1, 1), "the drain is told", seen=told)
    vtapd.request("POST", "/v1/undrain")
    until(lambda: told() == (0, 0), "its end is told", seen=told)


def test_metrics_when_any_condition_then_it_is_told_whether_it_holds(vtapd, ns):
    checks = {check["id"]: (check["severity"], int(check["holds"])) for check in vtapd.get("/v1/doctor")["checks"]}
    told = {row["condition"]: (row["severity"], value) for row, value in scrape.scrape(ns).rows("vtapd_condition")}
    assert told == checks


def test_metrics_when_reloaded_and_refused_then_both_are_counted(vtapd, ns):
    def told():
        now = scrape.scrape(ns)
        return now.by("vtapd_reloads_total", "result"), now.value("vtapd_config_timestamp_seconds")
    reloads, first = told()
    assert reloads == {"applied": 0, "refused": 0} and first == pytest.approx(time.time(), abs=60)
    vtapd.write("conf.d/more.conf", "[session more]\nvni = 1\n")
    vtapd.reload()
    until(lambda: told()[0] == {"applied": 1, "refused": 0}, "the reload is counted", seen=told)
    second = told()[1]
    assert second > first
    vtapd.write("conf.d/more.conf", "[session more]\nvni = one\n")
    vtapd.reload(expect=78)
    until(lambda: told() == ({"applied": 1, "refused": 1}, second), "the refusal is counted", seen=told)
    assert scrape.scrape(ns).value("vtapd_session_ready", **{**OF_WEB, "session": "more",
                                                             "interface": "mirror-more"}) == 1


def test_metrics_when_an_interface_is_repaired_then_repairs_and_turns_rise_and_the_plan_is_empty_again(vtapd, ns):
    def told():
        now = scrape.scrape(ns)
        return [now.value(f"vtapd_{name}") for name in ("repairs_total", "reconcile_turns_total", "plan_steps")]
    _, turns, _ = told()
    ns.set_down("mirror-web")
    until(lambda: told()[0] == 1 and told()[2] == 0, "the repair is counted", seen=told)
    assert told()[1] > turns


def test_metrics_when_a_step_is_put_off_then_the_plan_is_not_empty(make_vtapd, ns):
    ns.ip("link add mirror-web type bridge")
    make_vtapd(WEB)
    assert scrape.scrape(ns).value("vtapd_plan_steps") > 0


def test_metrics_when_of_the_process_then_as_proc_says(vtapd, ns):
    told = scrape.scrape(ns)
    assert told.value("vtapd_build_info", version=vtapd.status()["daemon"]["version"]) == 1
    started = seconds(vtapd.status()["daemon"]["started"])
    for name in ("vtapd_start_time_seconds", "process_start_time_seconds"):
        assert told.value(name) == pytest.approx(started, abs=0.001)
    assert told.value("process_resident_memory_bytes") == pytest.approx(vtapd.rss_kib() * 1024, rel=0.2)
    assert abs(told.value("process_open_fds") - len(os.listdir(f"/proc/{vtapd.pid}/fd"))) <= 2  # clients
    assert 0 < told.value("process_cpu_seconds_total") < time.time() - started + 1
    assert 0 <= told.value("vtapd_loop_lag_seconds") < 10


def counters_of(told):
    """Those of sessions and targets."""
    return {key: value for key, value in told.samples.items()
            if key[0].startswith(("vtapd_session_", "vtapd_target_")) and key[0].endswith("_total")}


@pytest.mark.parametrize("end", ("kill", "stop"))
def test_counters_when_the_daemon_is_started_again_then_none_falls_and_nothing_is_found_anew(end, make_vtapd, pin_folder, ns, mirror):
    """Those of the fast path go on. Were the worker's part of a sum to begin at 0, the sum would fall, and whoever takes its
    rate would take all that the fast path ever carried for the frames of a moment."""
    if unit.is_wanted():
        pytest.skip("the unit has its own folder for pins")
    vtapd = make_vtapd("[target default]\nunderlay = eth0\nallow = 10.0.0.0/8\n[session web]\nvni = 4321\n", start=False)
    pin_folder(vtapd)
    vtapd.start()
    fastpath.wait_attached(vtapd, "eth0")
    send_all_kinds(vtapd, mirror)
    for _ in range(5):
        mirror.send(4321, FRAME[:14])  # too short for the fast path
    mirror.send(4321, FRAME, source="172.16.0.1")
    vtapd.wait_received(13)
    before = vtapd.metrics()
    getattr(vtapd, end)()
    mirror.send(4321, FRAME)
    vtapd.start()
    vtapd.wait_received(14)
    after = vtapd.metrics()
    counters = counters_of(before)
    fallen = {key: (value, after.samples.get(key)) for key, value in counters.items() if after.samples.get(key, 0) < value}
    assert not fallen, fallen
    assert before.value("vtapd_session_frames_total", **OF_WEB) + 1 == after.value("vtapd_session_frames_total", **OF_WEB) == 9
    assert after.by("vtapd_target_path_frames_total", "path") == {"fast path": 4, "worker": 5}
    assert after.by("vtapd_target_dropped_packets_total", "verdict")["unknown-vni"] == 2
    assert_as_status(after, vtapd.status())
    found = {finding["id"] for finding in vtapd.get("/v1/doctor")["findings"]}
    assert not found & {"unknown-vni", "not-allowed", "truncated"}, "it came before"

WITH_OTHER = "[target default]\nunderlay = eth0\n[target other]\nunderlay = eth0\nport = 4790\n[session web]\nvni = 4321\n"
MORE = "[session more]\nvni = 7\n"
CHANGES = {
    "removed": ("",),
    "moved": (MORE + "target = other\n",),
    "there again": ("", MORE),
}


@pytest.mark.parametrize("change", CHANGES)
def test_counters_when_a_session_was_changed_before_a_restart_then_they_go_on_as_they_were(change, make_vtapd, pin_folder, mirror):
    """What the maps say of a session is not all that was told of it, nor only that of its target."""
    if unit.is_wanted():
        pytest.skip("the unit has its own folder for pins")
    vtapd = make_vtapd(WITH_OTHER, {"more.conf": MORE}, start=False)
    pin_folder(vtapd)
    vtapd.start()
    fastpath.wait_attached(vtapd, "eth0")
    for vni in (4321, 4321, 7, 7, 7):
        mirror.send(vni, FRAME)
    vtapd.wait_received(5)
    for text in CHANGES[change]:
        vtapd.write("conf.d/more.conf", text)
        vtapd.reload()
    before = vtapd.metrics()
    assert before.by("vtapd_target_path_frames_total", "path", target="default") == {"fast path": 5, "worker": 0}
    vtapd.kill()
    vtapd.start()
    assert counters_of(vtapd.metrics()) == counters_of(before)


TWO = "[target default]\nunderlay = eth0\n[target two]\nunderlay = eth0\nport = 4790\n[session web]\nvni = 4321\ntarget = default\n"
DB = "[session db]\nvni = 7\ntarget = "


def test_counters_when_a_session_is_gone_or_moved_then_its_frames_stay_with_the_target_over_a_restart(make_vtapd, pin_folder, mirror):
    """The next process does not find what the fast path counted for it, or finds it with the other target."""
    if unit.is_wanted():
        pytest.skip("the unit has its own folder for pins")
    vtapd = make_vtapd(f"{TWO}{DB}default\n", start=False)

    def told():
        now = vtapd.metrics()
        return [(now.value("vtapd_target_received_packets_total", target=name),
                 now.by("vtapd_target_path_frames_total", "path", target=name)) for name in ("default", "two")]

    def carry(port, received, target):
        for _ in range(3):
            mirror.send(7, FRAME, port=port)
            mirror.send(7, FRAME[:14], port=port)  # too short for the fast path
        vtapd.wait_received(received, target)

    def assert_goes_on(wanted):
        assert told() == wanted
        vtapd.kill()
        vtapd.start()
        assert told() == wanted
    pin_folder(vtapd)
    vtapd.start()
    fastpath.wait_attached(vtapd, "eth0")
    carry(4789, 6, "default")
    vtapd.write("vtapd.conf", f"{TWO}{DB}two\n")
    vtapd.reload()
    carry(4790, 6, "two")
    moved = [(6, {"fast path": 3, "worker": 3})] * 2
    assert_goes_on(moved)
    assert vtapd.metrics().by("vtapd_session_frames_total", "session") == {"web": 0, "db": 12}
    vtapd.write("vtapd.conf", TWO)
    vtapd.reload()
    assert_goes_on(moved)


def test_counters_when_a_session_that_moved_is_gone_after_a_restart_then_none_is_less_than_nothing(make_vtapd, pin_folder, mirror):
    """All that it had counted was the other target's: of the new one less than nothing was kept."""
    if unit.is_wanted():
        pytest.skip("the unit has its own folder for pins")
    vtapd = make_vtapd(f"{TWO}{DB}default\n", start=False)
    pin_folder(vtapd)
    vtapd.start()
    fastpath.wait_attached(vtapd, "eth0")
    for _ in range(3):
        mirror.send(7, FRAME)
    vtapd.wait_received(3)
    vtapd.write("vtapd.conf", f"{TWO}{DB}two\n")
    vtapd.reload()
    vtapd.kill()
    vtapd.write("vtapd.conf", TWO)
    vtapd.start()
    told = vtapd.metrics()
    assert told.by("vtapd_target_received_packets_total", "target") == {"default": 3, "two": 0}
    assert told.by("vtapd_target_path_frames_total", "path", target="two") == {"fast path": 0, "worker": 0}


# Who is answered, and how

def test_metrics_when_asked_by_the_control_socket_then_the_same_text(vtapd, ns):
    head = ns.run("curl", "-s", "-I", "--unix-socket", vtapd.socket, "http://x/metrics").stdout
    assert f"Content-Type: {scrape.TYPE}" in head, head
    assert set(vtapd.metrics().samples) == set(scrape.scrape(ns).samples)


def test_metrics_when_asked_for_the_head_then_no_body(vtapd, ns):
    with scrape.Connection(ns) as connection:
        connection.send("HEAD /metrics")
        head = connection.read(has_body=False)
        connection.send("GET /healthz")  # whatever came behind the head would be taken for its answer
        after = connection.read()
    assert (head.status, head.headers["content-type"]) == (200, scrape.TYPE)
    assert int(head.headers["content-length"]) > 1000
    assert (after.status, after.headers["content-type"]) == (200, "application/json")
    assert vtapd.is_running()


def test_metrics_when_asked_otherwise_then_refused(vtapd, ns):
    assert scrape.ask(ns, method="POST").status == 405
    assert scrape.ask(ns, "/metrics/").status == 404
    assert vtapd.request("POST", "/metrics")[0] == 405


def test_metrics_when_asked_at_once_again_then_the_same_text_and_later_a_new_one(vtapd, ns):
    """It is given again until it is twenty times as old as it took to make."""
    def twice():
        with scrape.Connection(ns) as connection:
            connection.send("GET /metrics", "GET /metrics")
            first, second = connection.read(), connection.read()
        assert first.status == second.status == 200
        return first.body, second.body
    until(lambda: len(set(twice())) == 1, "two answers in a row are the same")
    before = twice()[0]
    until(lambda: twice()[0] != before, "later ones are not")
    assert vtapd.is_running()


def test_metrics_when_a_frame_has_been_counted_then_soon_told(vtapd, ns, mirror):
    for n in range(1, 6):
        mirror.send(4321, FRAME)
        vtapd.wait_session("web", delivered=n)
        until(lambda n=n: scrape.scrape(ns).value("vtapd_session_frames_total", **OF_WEB) == n, "the frame is told")


def test_metrics_when_clients_do_not_read_their_answers_then_others_are_answered(make_vtapd, ns):
    vtapd = make_vtapd("".join(f"[session s{i}]\nvni = {i}\n" for i in range(SLOW_SESSIONS)))
    slow = [scrape.Connection(ns) for _ in range(20)]
    try:
        for connection in slow:
            connection.send(*["GET /metrics"] * 50)
        assert len(scrape.scrape(ns).rows("vtapd_session_ready")) == SLOW_SESSIONS
        assert vtapd.status()["daemon"]["state"] == "healthy"
    finally:
        for connection in slow:
            connection.__exit__()
    assert scrape.ask(ns, "/healthz").status == 200


def test_port_when_every_place_is_taken_then_whoever_waits_has_the_first_that_becomes_free(vtapd, ns):
    others = [scrape.Connection(ns) for _ in range(PLACES)]
    with scrape.Connection(ns) as waiting:
        waiting.send("GET /healthz")
        assert not waiting.is_told_within(0.2), "there is a place more"
        others.pop().close()
        assert waiting.is_told_within(SILENCE_SECONDS / 2), "it waits until the others have been silent for too long"
        assert waiting.read().status == 200
    for connection in others:
        connection.close()


def test_port_when_the_main_loop_hangs_then_others_go_on_and_whoever_needs_it_is_told(vtapd, ns):
    with Frozen(vtapd.pid), scrape.Connection(ns) as waiting:
        waiting.send("GET /healthz")
        assert scrape.ask(ns, "/").status == 200, "nothing is needed for it"
        assert scrape.ask(ns, "/v1/doctor").status == 404, "nor to say no"
        told = waiting.read()
        assert told.status == 503 and b"vtapd does not move" in told.body, told
    until(lambda: scrape.ask(ns, "/healthz").status == 200, "it is answered again", seen=vtapd.log)
    assert scrape.scrape(ns).value("vtapd_session_ready", **OF_WEB) == 1


def ask_all(ns, port, until_set, failures):
    """One client that asks for everything again and again; the port comes and goes."""
    while not until_set.is_set():
        try:
            with scrape.Connection(ns, port) as connection:
                connection.send(*(f"GET {path}" for path in ASKED))
                for path in ASKED:
                    answer = connection.read()
                    if path == "/metrics" and answer.status == 200:
                        sessions = {row["session"] for row, _ in scrape.Scrape(answer.body.decode()).rows("vtapd_session_ready")}
                        assert sessions in ({"web"}, {"web", "more"}), sessions
        except (OSError, IndexError, ValueError):
            pass  # it closed meanwhile
        except AssertionError as error:
            failures.append(error)


def test_port_when_asked_while_sessions_come_and_go_then_each_text_is_of_one_configuration(vtapd, ns):
    """The port goes as well, with those that wait for their answer."""
    done, failures = threading.Event(), []
    clients = [threading.Thread(target=ask_all, args=(ns, port, done, failures)) for port in (scrape.PORT, scrape.PORT + 1) * 2]
    for client in clients:
        client.start()
    try:
        for i in range(RELOADS):
            vtapd.write("conf.d/more.conf", f"[metrics]\nlisten = 127.0.0.1:{scrape.PORT + i % 2}\n"
                        + "[session more]\nvni = 7\n" * (i % 3 > 0))
            vtapd.reload()
    finally:
        done.set()
        for client in clients:
            client.join()
    assert not failures, failures
    assert vtapd.is_running()


def test_metrics_when_the_port_is_off_then_nobody_listens_and_the_control_socket_answers(make_vtapd, ns):
    vtapd = make_vtapd("[metrics]\nlisten = off\n" + WEB)
    with pytest.raises(ConnectionRefusedError):
        scrape.ask(ns)
    assert vtapd.metrics().value("vtapd_healthy") == 1
