"""The law: killing vtapd at any step and starting it again converges; one daemon per network namespace."""

import json
import os
import signal
import socket
import time

import pytest

from conftest import HEADS, MODES
from lab import frames, vxlan
from lab.daemon import Notify
from lab.deadline import until

TWO = "[daemon]\non-stop = {on_stop}\n{head}[session web]\nvni = 4321\n[session db]\nvni = 4400\n"
KEEPS = {mode: TWO.format(on_stop="keep", head=head) for mode, head in HEADS.items()}
REMOVES = {mode: TWO.format(on_stop="remove", head=head) for mode, head in HEADS.items()}
KEEP = KEEPS["tap"]
TAPS = ("mirror-web", "mirror-db")


def indexes(ns):
    return {name: ns.ifindex(name) for name in TAPS if ns.has(name)}


def ours(ns):
    """The names of all interfaces that carry our mark, or are in the link group of those without one yet."""
    return {name for name, link in ns.links().items()
            if link.get("ifalias", "").startswith("vtapd:") or link["group"] == str(vxlan.MAKING)}


# Two daemons

def test_second_daemon_when_started_then_75_and_the_first_goes_on(vtapd, ns, make_vtapd, mirror):
    second = make_vtapd("[session other]\nvni = 1\n", start=False)
    done = second.vtapd()
    assert done.returncode == 75, done
    assert "another vtapd" in done.stderr, done.stderr
    assert not ns.has("mirror-other")
    for i in range(50):
        mirror.send(4321, frames.numbered(i), flow=65408 + i)
    vtapd.wait_session("web", received=50, delivered=50)


def hold_the_lock_as_nobody(ready, done):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        os.setresuid(65534, 65534, 65534)
        sock.bind("\0vtapd")
        sock.listen()
        os.write(ready, b"x")
        os.read(done, 1)


def test_daemon_when_a_local_user_holds_its_lock_then_75_and_who_it_is(ns, make_vtapd):
    (ready, ready_in), (done_out, done) = os.pipe(), os.pipe()
    holder = os.fork()
    if holder == 0:
        try:
            ns.call(hold_the_lock_as_nobody, ready_in, done_out)
        finally:
            os._exit(0)
    os.read(ready, 1)
    refused = make_vtapd(start=False).vtapd()
    os.write(done, b"x")
    os.waitpid(holder, 0)
    for fd in (ready, ready_in, done_out, done):
        os.close(fd)
    assert refused.returncode == 75, refused
    assert "is held by pid" in refused.stderr and "of uid 65534, which is not vtapd's" in refused.stderr, refused
    assert "another vtapd" not in refused.stderr, refused


def test_second_daemon_when_in_another_namespace_then_both_run(vtapd, make_target, make_vtapd):
    second = make_vtapd(ns=make_target().ns)
    assert vtapd.session("web")["state"] == second.session("web")["state"] == "ready"


def test_second_daemon_when_the_first_ends_then_it_can_start(vtapd, make_vtapd):
    vtapd.stop()
    assert make_vtapd().session("web")["state"] == "ready"


# Stop and start

@pytest.mark.parametrize("end", ["stop", "kill"])
@pytest.mark.parametrize("mode", MODES)
def test_end_when_keep_then_interfaces_stay_and_the_next_start_adopts_them(mode, end, make_vtapd, ns, mirror):
    vtapd = make_vtapd(KEEPS[mode])
    before = indexes(ns)
    getattr(vtapd, end)()
    assert indexes(ns) == before
    vtapd.start()
    assert indexes(ns) == before
    mirror.send(4321, frames.numbered(1))
    vtapd.wait_session("web", delivered=1)


@pytest.mark.parametrize("mode", MODES)
def test_stop_when_sensors_read_then_they_go_on_reading_after_the_restart(mode, make_vtapd, mirror, capture):
    vtapd = make_vtapd(KEEPS[mode])
    tap = capture()
    mirror.send(4321, frames.numbered(1))
    tap.frames(at_least=1)
    vtapd.stop()
    vtapd.start()
    mirror.send(4321, frames.numbered(2))
    assert tap.frames(at_least=2) == [frames.numbered(1), frames.numbered(2)]


@pytest.mark.parametrize("mode", MODES)
def test_stop_when_remove_then_nothing_of_ours_is_left(mode, make_vtapd, ns):
    vtapd = make_vtapd(REMOVES[mode])
    assert ours(ns) == set(TAPS)
    vtapd.stop()
    assert ours(ns) == set()


@pytest.mark.parametrize("mode", MODES)
def test_start_when_the_configuration_changed_meanwhile_then_interfaces_follow(mode, make_vtapd, ns):
    vtapd = make_vtapd(KEEPS[mode])
    web = ns.ifindex("mirror-web")
    vtapd.stop()
    vni = {"tap": 1, "vxlan": 4321}[mode]  # another one is set in place in tap mode only
    vtapd.write("vtapd.conf", f"{HEADS[mode]}[session web]\nvni = {vni}\nmtu = 1500\n[session new]\nvni = 2\n")
    vtapd.start()
    assert ours(ns) == {"mirror-web", "mirror-new"}
    assert ns.link("mirror-web")["mtu"] == 1500
    assert ns.ifindex("mirror-web") == web, "an MTU is set in place"


def test_start_when_a_kept_interface_differs_then_it_is_replaced(make_vtapd, ns):
    """Of our mark and our name, but multi-queue: that cannot be changed in place (probed)."""
    ns.ip("tuntap add dev mirror-web mode tap multi_queue")
    ns.ip("link set mirror-web alias vtapd:web")
    vtapd = make_vtapd()
    link = ns.link("mirror-web")
    assert not link["linkinfo"]["info_data"]["multi_queue"] and link["mtu"] == 9001
    assert vtapd.session("web")["state"] == "ready"


@pytest.mark.parametrize("mode", MODES)
def test_start_when_a_kept_interface_was_changed_then_it_is_set_right(mode, make_vtapd, ns):
    vtapd = make_vtapd(KEEPS[mode])
    before = indexes(ns), ns.link("mirror-web")["address"]
    vtapd.stop()
    ns.batch(["link set mirror-web down", "link set mirror-web mtu 1400",
              "link set mirror-web address 02:11:22:33:44:55", "link set mirror-web arp on"])
    ns.sysctl(**{"net__ipv6__conf__mirror-web__disable_ipv6": 0})
    vtapd.start()
    link = ns.link("mirror-web")
    assert (indexes(ns), link["address"]) == before
    assert link["mtu"] == 9001 and {"UP", "NOARP"} <= set(link["flags"])
    assert ns.read("/proc/sys/net/ipv6/conf/mirror-web/disable_ipv6") == "1\n"


@pytest.mark.parametrize("moment", [0.0, 0.002, 0.005, 0.01, 0.02, 0.04])
@pytest.mark.parametrize("mode", MODES)
def test_start_when_killed_on_the_way_then_the_next_one_converges(mode, moment, make_vtapd, ns):
    """Killed at some moment of its start: nothing unmarked stays, and the next start is as if nothing had been."""
    conf = HEADS[mode] + "".join(f"[session s{i}]\nvni = {i}\n" for i in range(40))
    vtapd = make_vtapd(conf, start=False).start(wait=False)
    time.sleep(moment)  # the one place where time is the input
    vtapd.kill()
    stray = {name for name in ns.links() if name.startswith(("mirror", "tap", "tun"))} - ours(ns)
    assert stray == set(), "an interface without our mark was left behind"
    vtapd.start()
    assert all(session["state"] == "ready" for session in vtapd.status()["sessions"])
    assert ours(ns) == {f"mirror-s{i}" for i in range(40)}


# Teardown

@pytest.mark.parametrize("mode", MODES)
def test_teardown_when_running_then_all_is_removed_and_it_says_what_follows(mode, make_vtapd, ns):
    vtapd = make_vtapd(KEEPS[mode])
    done = vtapd.ctl("teardown")
    assert done.returncode == 0 and "Removed 2 interfaces" in done.stdout and "ICMP" in done.stdout, done
    assert vtapd.wait_exit() == 0
    assert ours(ns) == set()


@pytest.mark.parametrize("mode", MODES)
def test_teardown_when_not_running_then_what_was_kept_is_removed(mode, make_vtapd, ns):
    vtapd = make_vtapd(KEEPS[mode])
    vtapd.stop()
    ns.ip("link add foreign0 type veth peer name foreign1")
    ns.ip("link set foreign0 alias vtapd:web")
    done = vtapd.vtapd("--teardown")
    assert done.returncode == 0, done
    if mode == "vxlan":  # until then the port was the kernel's; a worker's was closed at the stop, which said so
        assert "now answers UDP 4789 with ICMP port unreachable" in done.stdout, done
    assert ours(ns) == {"foreign0"}, "ours = our kind and our alias: a veth is never ours"


@pytest.mark.parametrize("mode", MODES)
def test_teardown_when_running_and_asked_of_vtapd_itself_then_all_is_removed(mode, make_vtapd, ns):
    vtapd = make_vtapd(KEEPS[mode])
    done = vtapd.vtapd("--teardown")
    assert done.returncode == 0 and "Removed 2 interfaces, 2 guards. vtapd was stopped" in done.stdout, done
    assert "ICMP port unreachable:\n  stop the mirror sessions" in done.stdout, done.stdout
    assert vtapd.wait_exit() == 0
    assert ours(ns) == set()


def test_teardown_when_there_is_nothing_then_it_is_harmless(make_vtapd):
    vtapd = make_vtapd(start=False)
    assert vtapd.vtapd("--teardown").stdout == "Removed 0 interfaces.\n"
    done = vtapd.ctl("--json", "teardown")
    assert done.returncode == 0 and json.loads(done.stdout) == {"version": 1, "interfaces": 0, "fast_paths": [],
                                                            "guards": 0, "restored": [], "not_found": [],
                                                            "message": None}, done


@pytest.mark.parametrize("mode", MODES)
def test_teardown_when_the_configuration_is_broken_then_it_works_all_the_same(mode, make_vtapd, ns):
    vtapd = make_vtapd(KEEPS[mode])
    vtapd.stop()
    vtapd.write("vtapd.conf", "[nonsense\n")
    assert vtapd.vtapd("--teardown").returncode == 0
    assert ours(ns) == set()


# What the service manager hears

@pytest.fixture
def notify(tmp_path):
    receiver = Notify(str(tmp_path))
    yield receiver
    receiver.close()


def test_notify_when_started_then_ready_with_a_status(notify, make_vtapd):
    make_vtapd(KEEP, notify=notify)
    notify.wait("READY=1")
    assert "2 of 2 sessions ready" in notify.wait("STATUS=")


def test_notify_when_a_session_cannot_be_made_then_ready_all_the_same(notify, make_vtapd, ns):
    """READY when every session is ready or has a reported reason."""
    ns.ip("link add mirror-web type bridge")
    make_vtapd(KEEP, notify=notify)
    notify.wait("READY=1")
    def named():
        return [line for line in notify.lines() if line.startswith("STATUS=") and "web" in line]
    status = until(named, "a STATUS that names web", seen=notify.lines)[-1]
    assert "1 of 2 sessions ready" in status, status


@pytest.mark.parametrize("how", ["SIGHUP", "vtapctl reload"])
def test_notify_when_reloaded_then_reloading_with_the_time_and_ready_again(how, notify, make_vtapd):
    vtapd = make_vtapd(KEEP, notify=notify)
    notify.wait("READY=1")
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    if how == "SIGHUP":
        vtapd.signal(signal.SIGHUP)
    else:
        vtapd.reload()
    notify.wait("RELOADING=1")
    stamp = int(notify.wait("MONOTONIC_USEC=").partition("=")[2])
    assert before <= stamp <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    notify.wait("READY=1", count=2)


def test_notify_when_a_reload_is_refused_then_ready_again(notify, make_vtapd):
    vtapd = make_vtapd(KEEP, notify=notify)
    notify.wait("READY=1")
    vtapd.write("vtapd.conf", "[session web]\nvni = x\n")
    vtapd.reload(expect=78)
    notify.wait("READY=1", count=2)


def test_notify_when_stopped_then_stopping(notify, make_vtapd):
    vtapd = make_vtapd(KEEP, notify=notify)
    vtapd.stop()
    notify.wait("STOPPING=1")


# Signals

@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_signal_when_it_says_stop_then_exit_0(number, vtapd):
    vtapd.signal(number)
    assert vtapd.wait_exit() == 0


def test_signal_when_traffic_flows_then_stop_is_at_once(vtapd, mirror):
    for i in range(2000):
        mirror.send(4321, frames.numbered(i))
    vtapd.stop()


def test_signal_when_sigpipe_then_we_go_on(vtapd):
    vtapd.signal(signal.SIGPIPE)
    assert vtapd.session("web")["state"] == "ready"


def test_stderr_when_its_reader_is_gone_then_we_go_on(make_vtapd, ns):
    """A terminal that was closed, a pipe without a reader: logging fails, nothing else does."""
    vtapd = make_vtapd(start=False)
    read_fd, write_fd = os.pipe()
    vtapd.process = ns.start(*vtapd.command(), stdout=write_fd, stderr=write_fd)
    os.close(write_fd)
    os.close(read_fd)
    vtapd.wait_settled()
    ns.set_down("mirror-web")
    vtapd.wait_session("web", repairs=1, state="ready")


# A host without IPv6

@pytest.fixture
def without_ipv6(ns):
    """As near to ipv6.disable=1 as a namespace comes: no address, none to be had. The sockets of AF_INET6 still
    exist here; that `[::]` cannot be bound at all needs a kernel booted that way (not tested here)."""
    ns.sysctl(net__ipv6__conf__all__disable_ipv6=1, net__ipv6__conf__default__disable_ipv6=1,
              net__ipv6__conf__lo__disable_ipv6=1)
    return ns


def test_host_when_ipv6_is_disabled_then_frames_are_shown(without_ipv6, make_vtapd, mirror, capture):
    vtapd = make_vtapd()
    assert "inet6" not in without_ipv6.addresses()
    tap = capture()
    mirror.send(4321, frames.numbered(1))
    assert tap.frames(at_least=1) == [frames.numbered(1)]
    assert vtapd.session("web")["state"] == "ready"


def test_host_when_the_address_family_is_refused_then_ipv4_alone_works(ns, make_vtapd, mirror):
    """Nearer still: socket(AF_INET6) answers EAFNOSUPPORT, by a seccomp filter, as with ipv6.disable=1."""
    vtapd = make_vtapd(start=False)
    vtapd.prefix = ["/usr/bin/python3", os.path.join(os.path.dirname(__file__), "../lab/without_inet6.py")]
    vtapd.start()
    mirror.send(4321, frames.numbered(1))
    vtapd.wait_session("web", delivered=1)
    listed = ns.run("ss", "-Hlun").stdout
    assert "0.0.0.0:4789" in listed and "*:4789" not in listed.replace("0.0.0.0:*", ""), listed
