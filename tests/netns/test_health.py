"""Law: health decides nothing about forwarding. It says one thing to the load balancer: would another target do
better? What is the same everywhere (a bad session, silence, junk) ejects nobody by default.
"""

import http.client
import os
import socket

import pytest

from lab import frames
from lab.deadline import until
from lab.sender import Sender

SETTLE = "[health]\nsettle = 0s\n"
TWO = "[session web]\nvni = 4321\n[session pay]\nvni = 6000\n"


def dial(ns, port=frames.VXLAN_PORT, family=socket.AF_INET):
    """A TCP connection to the target's own address, as a check makes it; None when it is refused."""
    sock = ns.socket(family, socket.SOCK_STREAM)
    sock.settimeout(5)
    try:
        sock.connect(("127.0.0.1" if family == socket.AF_INET else "::1", port))
        return sock
    except ConnectionRefusedError:
        sock.close()
        return None


def is_answered(ns, port=frames.VXLAN_PORT):
    sock = dial(ns, port)
    if sock:
        sock.close()
    return sock is not None


def ask(ns, path, port, method="GET"):
    """(status, body) of an HTTP request over TCP."""
    sock = dial(ns, port)
    assert sock, f"nobody listens on TCP {port}"
    connection = http.client.HTTPConnection("localhost")
    connection.sock = sock
    connection.request(method, path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body


def wait_answered(ns, wanted, port=frames.VXLAN_PORT):
    until(lambda: is_answered(ns, port) == wanted, f"checks on {port} are {'answered' if wanted else 'refused'}")


def findings(vtapd):
    return {finding["id"]: finding for finding in vtapd.get("/v1/doctor")["findings"]}


# Who listens

def test_health_when_auto_then_each_targets_port_number_answers_tcp_and_http(make_vtapd, ns):
    make_vtapd("[target default]\n[target other]\nport = 4790\n[session web]\nvni = 1\ntarget = other\n")
    for port in (4789, 4790):
        wait_answered(ns, True, port)
        assert ask(ns, "/whatever", port) == (200, b"ok\n")
        assert ask(ns, "/whatever", port, "HEAD") == (200, b"")
        for method in ("POST", "HEADS", "G"):
            assert ask(ns, "/whatever", port, method) == (405, b""), method


def test_health_when_an_address_is_given_then_it_alone_answers(make_vtapd, ns):
    make_vtapd("[health]\nlisten = 127.0.0.1:8080\n[session web]\nvni = 1\n")
    wait_answered(ns, True, 8080)
    assert not is_answered(ns)


def test_health_when_off_then_nobody_answers(make_vtapd, ns):
    vtapd = make_vtapd("[health]\nlisten = off\n[session web]\nvni = 1\n")
    assert vtapd.status()["daemon"]["checks"] == "off"
    assert not is_answered(ns)


def test_health_when_changed_by_reload_then_it_follows(make_vtapd, ns):
    vtapd = make_vtapd()
    wait_answered(ns, True)
    vtapd.write("vtapd.conf", "[health]\nlisten = 127.0.0.1:8080\n[session web]\nvni = 4321\n")
    vtapd.reload()
    wait_answered(ns, True, 8080)
    wait_answered(ns, False)


def test_health_when_its_port_is_taken_then_forwarding_goes_on_and_doctor_says_so(make_vtapd, ns, mirror):
    with ns.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("0.0.0.0", frames.VXLAN_PORT))
        sock.listen()
        vtapd = make_vtapd()
        until(lambda: "port-taken" in findings(vtapd), "the taken port is found", seen=lambda: findings(vtapd))
        assert "TCP port 4789" in findings(vtapd)["port-taken"]["sentence"]
        mirror.send(4321, frames.numbered(1))
        vtapd.wait_session("web", delivered=1, state="ready")
    wait_answered(ns, True)
    until(lambda: "port-taken" not in findings(vtapd), "the finding is over")


# What is judged

def test_health_when_no_session_then_refused_and_healthz_says_why(make_vtapd, ns):
    vtapd = make_vtapd("[daemon]\n")
    assert not is_answered(ns)
    status, body = ask(ns, "/healthz", 9478)
    assert (status, b'"no-sessions"' in body, b'"state":"unhealthy"' in body) == (503, True, True), body
    assert findings(vtapd)["no-sessions"]["breaks_health"]


def test_health_when_one_session_of_two_waits_then_answered_by_default_and_refused_for_all(make_vtapd, ns):
    ns.ip("link add mirror-pay type bridge")
    vtapd = make_vtapd(SETTLE + TWO)
    wait_answered(ns, True)
    assert not findings(vtapd)["interface-foreign"]["breaks_health"]
    vtapd.write("vtapd.conf", SETTLE + "require = all\n" + TWO)
    vtapd.reload(expect=1)
    wait_answered(ns, False)
    assert findings(vtapd)["interface-foreign"]["breaks_health"]
    vtapd.write("vtapd.conf", SETTLE + "require = all\n" + TWO + "required = no\n")
    vtapd.reload(expect=1)
    wait_answered(ns, True)


def test_health_when_sensors_are_required_then_it_follows_who_reads(make_vtapd, ns, capture):
    vtapd = make_vtapd(SETTLE + "require = sensors\n[session web]\nvni = 4321\n")
    assert not is_answered(ns)
    assert "no-sensor" in findings(vtapd)
    sensor = capture("mirror-web")
    wait_answered(ns, True)
    sensor.stop()
    wait_answered(ns, False)


def test_health_when_the_underlay_is_gone_then_refused_until_it_is_back(make_vtapd, target, ns):
    vtapd = make_vtapd(SETTLE + "[target default]\nunderlay = eth0\n[session web]\nvni = 4321\n")
    wait_answered(ns, True)
    target.unplug()
    wait_answered(ns, False)
    assert findings(vtapd)["underlay-missing"]["subject"] == "default"
    target.plug()
    wait_answered(ns, True)


def test_health_when_junk_floods_in_then_answered(make_vtapd, ns, mirror):
    vtapd = make_vtapd(SETTLE + "[session web]\nvni = 4321\n")
    wait_answered(ns, True)
    for i in range(2000):
        mirror.send(i, frames.numbered(i))
        mirror.send_udp(b"junk")
    vtapd.wait_received(4000)
    assert is_answered(ns)
    assert vtapd.status()["daemon"]["state"] == "healthy"


def test_health_when_a_change_does_not_last_then_nobody_is_told(make_vtapd, target, ns):
    vtapd = make_vtapd("[health]\nsettle = 1h\n[target default]\nunderlay = eth0\n[session web]\nvni = 4321\n")
    wait_answered(ns, True)
    target.unplug()
    until(lambda: vtapd.status()["daemon"]["state"] == "unhealthy", "it is judged unhealthy")
    assert is_answered(ns)


# The metrics port

def test_metrics_port_when_asked_then_what_can_be_read_and_nothing_else(vtapd, ns):
    status, body = ask(ns, "/healthz", 9478)
    assert (status, b'"state":"healthy"' in body) == (200, True), body
    assert ask(ns, "/v1/status", 9478)[0] == 200
    for path in ("/metrics", "/"):
        assert ask(ns, path, 9478)[0] == 200, path
    for method, path, wanted in (("GET", "/v1/plan", 404), ("GET", "/v1", 404), ("POST", "/v1/reload", 404),
                                 ("POST", "/v1/drain", 404), ("POST", "/healthz", 405), ("PUT", "/v1/status", 405)):
        assert ask(ns, path, 9478, method)[0] == wanted, (method, path)
    assert vtapd.status()["daemon"]["state"] == "healthy"


def test_metrics_port_when_the_default_then_loopback_alone(vtapd, ns):
    listeners = ns.run("ss", "-Htln", "sport = :9478").stdout
    assert "127.0.0.1:9478" in listeners and len(listeners.splitlines()) == 1, listeners


# Draining

def test_drain_when_asked_then_refused_at_once_and_frames_go_on(make_vtapd, ns, mirror):
    vtapd = make_vtapd(SETTLE + "[session web]\nvni = 4321\n")
    wait_answered(ns, True)
    status, answer = vtapd.request("POST", "/v1/drain?reason=suricata%207.0.11")
    assert (status, answer["draining"], answer["reason"]) == (200, True, "suricata 7.0.11")
    wait_answered(ns, False)
    mirror.send(4321, frames.numbered(1))
    vtapd.wait_session("web", delivered=1, state="ready")
    assert vtapd.status()["daemon"]["state"] == "draining"
    assert findings(vtapd)["drain"]["severity"] == "info"
    vtapd.request("POST", "/v1/undrain")
    wait_answered(ns, True)
    assert vtapd.status()["daemon"]["state"] == "healthy"
    assert not vtapd.log_lines("unhealthy"), "a drain is no trouble"


def drain_under_load(vtapd, sender, rate):
    """A drain of two seconds, which has no effect here: nobody asks for its health. Returns what it told at its begin,
    soon afterwards and at its end."""
    answers = [vtapd.request("POST", "/v1/drain")[1]]
    sent = sender.sent()  # now: the kernel may have held up the main loop before it came to that
    for elapsed in (3 * rate // 10, 2 * rate):
        sender.wait_sent(sent + elapsed)
        answers.append(vtapd.get("/v1/drain"))
    vtapd.request("POST", "/v1/undrain")
    return answers


def is_the_load(answers, rate):
    """And those before do not count. The load's first second may be one in which it had not begun."""
    return (all(answer["frames_per_second"] == pytest.approx(rate, rel=0.5)
                and 0.3 * rate < answer["frames_per_second_before"] < 2 * rate for answer in answers)
            and answers[0]["delivered"] < 0.2 * rate and answers[2]["delivered"] == pytest.approx(2 * rate, rel=0.5))


@pytest.mark.parametrize("path", ["", "[target default]\nfastpath = off\n"], ids=["fast", "worker"])
def test_drain_when_asked_under_steady_load_then_its_rates_are_the_load(path, make_vtapd, target):
    """Somebody who reads 0 at the moment of a drain restarts his sensor on top of the traffic. In most drains: on a
    busy machine the load itself falters."""
    rate = 2000
    vtapd = make_vtapd(path + "[session web]\nvni = 4321\n")
    sender = Sender(target, 4321, rate=rate).start()
    try:
        until(lambda: abs(vtapd.session("web")["frames_per_second"] - rate) < 0.1 * rate, "the load is known",
              seen=lambda: vtapd.session("web"))
        good, bad = [], []
        while len(good) < 5:
            answers = drain_under_load(vtapd, sender, rate)
            (good if is_the_load(answers, rate) else bad).append(answers)
            assert len(bad) <= 5, bad
    finally:
        sender.stop()


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_drain_when_the_daemon_is_started_again_then_it_still_drains(make_vtapd, ns, end):
    vtapd = make_vtapd(SETTLE + "[session web]\nvni = 4321\n")
    vtapd.request("POST", "/v1/drain?reason=maintenance")
    getattr(vtapd, end)()
    vtapd.start()
    answer = vtapd.get("/v1/drain")
    assert (answer["draining"], answer["reason"]) == (True, "maintenance"), answer
    assert not is_answered(ns)
    assert vtapd.log_lines("still draining", "maintenance")


def test_drain_when_sigterm_ends_the_daemon_then_the_next_does_not_drain(make_vtapd, ns):
    vtapd = make_vtapd()
    vtapd.stop()
    vtapd.start()
    wait_answered(ns, True)
    assert vtapd.get("/v1/drain")["draining"] is False


def test_drain_when_nobody_asks_then_403_and_it_goes_on(vtapd, ns):
    os.chmod(vtapd.socket, 0o666)
    try:
        done = ns.run("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "curl", "-s", "-o", "/dev/null",
                      "-w", "%{http_code}", "--unix-socket", vtapd.socket, "-X", "POST", "http://x/v1/drain")
        assert done.stdout == "403"
    finally:
        os.chmod(vtapd.socket, 0o660)
    assert vtapd.get("/v1/drain")["draining"] is False
