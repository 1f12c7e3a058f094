"""The law: whatever makes packets vanish, or will, is found while it goes on, with a sentence that has the numbers and a
remedy that works; a minute after its end it is over. None of it tells the load balancer to go away.
"""

import os
import re
import signal
import socket
import time

import pytest

from lab import daemon, frames, hosts, segments, unit
from lab.deadline import until
from lab.fastpath import wait_attached

VNI, SLOW_VNI, UNKNOWN_VNI, SLOW_PORT, NO_PORT = 4321, 9, 77, 4790, 4999
BEHIND, ELSEWHERE = "192.0.2.9", "10.88.0.1"
CONF = f"""
[target default]
underlay = eth0
allow = 10.77.0.0/16

[target slow]
underlay = eth0
port = {SLOW_PORT}
fastpath = off
workers = 1
receive-buffer = 64K

[session web]
vni = {VNI}
target = default

[session slow]
vni = {SLOW_VNI}
source = 10.77.0.0/16
target = slow
"""
ENA = os.path.join(os.path.dirname(daemon.VTAPD), "../tests/netns/ena.so")
WEB = "[session web]\nvni = 4321\n"
SINCE = r", since \w+ \d+ \d\d:\d\d, (going on|the last one [1-5]?\d s ago)$"
PACED_S = 60  # what takes long is looked at again a hundred times later: a sanitizer on a busy machine
RECENT_S = 60  # VTAP_REPORT_RECENT_NS
SLOW_S = 120
NOT_WHOLE = frames.ethernet("02:00:00:00:00:0a", "02:00:00:00:00:0b", frames.ETH_IPV4,
                            frames.ipv4("192.0.2.1", "192.0.2.2", bytes(1000)))[:100]


def findings(vtapd):
    """By id and subject."""
    return {(row["id"], row["subject"]): row for row in vtapd.get("/v1/doctor")["findings"]}


def wait_found(vtapd, key, seconds=10.0):
    return until(lambda: findings(vtapd).get(key), f"{key} is found", seconds, seen=lambda: findings(vtapd))


def wait_over(vtapd, keys, seconds=10.0):
    """Looks twice a second: the daemon has other things to do, and so has this machine."""
    looked = [0.0]

    def over():
        if time.monotonic() - looked[0] < 0.5:
            return False
        looked[0] = time.monotonic()
        return not keys & set(findings(vtapd))
    until(over, f"{keys} are over", seconds, seen=lambda: (keys & set(findings(vtapd)), vtapd.log()))


# What lasts for a minute: all of it provoked in one namespace, so that one minute is enough

class Ena:
    """What stands in for an ENA interface: tests/netns/ena.c answers vtapd for eth0 what this file says."""

    NAMES = ("bw_in", "bw_out", "pps", "conntrack", "linklocal")

    def __init__(self, vtapd):
        self._vtapd = vtapd
        self.write()
        vtapd.prefix = ["env", f"LD_PRELOAD={ENA}", f"VTAPD_TEST_ENA=eth0:{vtapd.directory}/ena"]

    def write(self, **values):
        self._vtapd.write("ena", "".join(f"{name}_allowance_exceeded {values.get(name, 0)}\n" for name in self.NAMES))


@pytest.fixture
def vtapd(make_vtapd):
    """A sanitizer has to be loaded before everything else: with it eth0 is no ENA interface."""
    made = make_vtapd(CONF, start=False)
    made.ena = Ena(made) if os.access(ENA, os.R_OK) and not daemon.has_sanitizer() else None
    made.start()
    wait_attached(made, "eth0")
    return made


def fill_socket(vtapd, mirror):
    vtapd.signal(signal.SIGSTOP)
    for i in range(2000):
        mirror.send(SLOW_VNI, frames.numbered(i), port=SLOW_PORT)
    vtapd.signal(signal.SIGCONT)


def be_filtered(ns, mirror):
    """The way back to the source is another interface: the second one of a sensor that has two."""
    ns.ip("link add other type veth peer name other-end")
    ns.ip("link set other up")
    ns.ip("link set other-end up")
    ns.ip("route add 192.0.2.0/24 dev other")
    ns.sysctl(net__ipv4__conf__eth0__rp_filter=1)
    for i in range(3):
        mirror.send(SLOW_VNI, frames.numbered(i), source=BEHIND, port=SLOW_PORT)


def provoke(vtapd, ns, mirror):
    """All but what needs the machine for itself."""
    fill_socket(vtapd, mirror)
    be_filtered(ns, mirror)
    for flow in range(8):  # to several workers: each remembers the VNI, and it is one all the same
        mirror.send(UNKNOWN_VNI, frames.numbered(1), flow=65408 + flow)
    mirror.send(UNKNOWN_VNI + 1, frames.numbered(1))
    mirror.send(SLOW_VNI, frames.numbered(1), source=ELSEWHERE, port=SLOW_PORT)
    mirror.send(VNI, NOT_WHOLE)
    for _ in range(2):
        mirror.send(SLOW_VNI, NOT_WHOLE, port=SLOW_PORT)
        mirror.send_ip(frames.ipv4(hosts.SENDER_V4, hosts.TARGET_V4,
                                   frames.udp(65408, SLOW_PORT, frames.vxlan(SLOW_VNI, NOT_WHOLE), check=0x1234)))
    mirror.send(VNI, frames.numbered(1), port=NO_PORT)
    if vtapd.ena:
        vtapd.ena.write(bw_in=4, bw_out=9, pps=1200)


def overrun_backlog(vtapd, target, load, others, backlog_of_one):
    """As in test_fastpath_handover.py: an underlay that polls in a thread takes up to 64 packets at once, and each of
    them is queued for the tap interface."""
    segments.gro_on(target)
    target.ns.run("sh", "-c", "echo 1 > /sys/class/net/eth0/threaded")
    with others(alone=True):
        traffic = load(rate=20_000)
        traffic.go_on(1_000)
        with backlog_of_one():
            traffic.go_on(2_000)
        traffic.stop()
    target.ns.run("sh", "-c", "echo 0 > /sys/class/net/eth0/threaded; ethtool -K eth0 gro off")
    until(lambda: vtapd.target()["drops"].get("lost-in-handover"), "frames are lost", seen=vtapd.target)


WANTED = {
    ("socket-drops", "slow"): (
        "ticket", r"target slow: [\d,]+ packets dropped because a worker's socket was full" + SINCE,
        r"receive-buffer = 2M ; or more `workers`, in \[target slow\], vtapd\.conf:\d+; then: sudo vtapctl reload"),
    ("backlog-drops", "default"): (
        "ticket", r"target default: [\d,]+ frames? did not come past the sensors while a processor's queue was full" + SINCE,
        r"sudo sysctl -w net\.core\.netdev_max_backlog=16384 # .*"),
    ("ena-allowance", "eth0"): (
        "ticket", r"eth0: AWS dropped packets beyond what this instance is allowed: 4 bw_in_allowance_exceeded, "
        r"1,200 pps_allowance_exceeded" + SINCE, r"ethtool -S eth0 \| grep allowance # .*"),
    ("rp-filter", None): (
        "ticket", r"3 packets dropped by strict reverse path filtering, which is on for eth0" + SINCE,
        r"sudo sysctl -w net\.ipv4\.conf\.eth0\.rp_filter=2"),
    ("udp-checksum", None): (
        "info", r"this host dropped 2 UDP packets with a wrong checksum, mirrored ones maybe among them" + SINCE,
        r"sudo timeout 30 tcpdump -nnvvi eth0 udp \| grep 'bad udp cksum' # .*"),
    ("unknown-vni", "default"): (
        "ticket", r"target default: 9 frames of VNIs \d+ and \d+ that no session takes" + SINCE, "vtapctl unknown # .*"),
    ("unknown-source", "slow"): (
        "ticket", r"target slow: 1 frame that only their source keeps out, the last of VNI \d+ \(session slow\) from [\d.]+" + SINCE,
        r"vtapctl unknown # .*"),
    ("truncated", "web"): ("info", r"session web: 1 frame came cut short from the source, fewer than 1 % of the last minute.s" + SINCE,
                           r".*PacketLength.*8486.*"),
    ("truncated", "slow"): ("ticket", r"session slow: 2 frames came cut short from the source" + SINCE, r".*"),
    ("host-answers", None): (
        "info", r"this host sent 1 ICMP unreachable message while 1 UDP packet found no port; if mirrored ones are among "
        r"them, production is answered" + SINCE, r"sudo timeout 30 tcpdump -nni eth0 'icmp.*' # shows whom, .*"),
}


def paste(ns, remedy):
    """As an operator does, who is root here."""
    ns.run("sh", "-c", remedy.replace("sudo ", ""))


def is_as_wanted(row, wanted):
    severity, sentence, remedy = wanted
    return (row["severity"] == severity and not row["breaks_health"]
            and re.fullmatch(sentence.replace("$", ""), row["sentence"]) and re.fullmatch(remedy, row["remedy"]))


def assert_as_wanted(row, wanted):
    assert is_as_wanted(row, wanted), (row, wanted)


def wait_as_wanted(vtapd, key, wanted):
    """What was provoked at once may come in two looks: until the numbers are those of all of it."""
    def row():
        return findings(vtapd).get(key)
    until(lambda: (found := row()) and is_as_wanted(found, wanted), f"{key} is {wanted}", seen=row)


def test_conditions_when_packets_vanish_then_found_with_numbers_and_remedy_and_over_a_minute_later(
        vtapd, ns, target, mirror, load, others, backlog_of_one):
    wanted = {key: row for key, row in WANTED.items() if vtapd.ena or key[0] != "ena-allowance"}
    assert not set(wanted) & set(findings(vtapd)), "nothing has happened yet"
    overrun_backlog(vtapd, target, load, others, backlog_of_one)
    provoke(vtapd, ns, mirror)
    began = time.monotonic()
    for key, row in wanted.items():
        wait_as_wanted(vtapd, key, row)

    doctor, status = vtapd.ctl("doctor"), vtapd.ctl("status")
    assert doctor.returncode == 1 and status.returncode == 0, (doctor, status)
    for name, _ in wanted:
        assert name in doctor.stdout
    assert "host-answers" not in status.stdout and "unknown-vni" in status.stdout, status.stdout
    explained = vtapd.ctl("doctor", "unknown-vni").stdout
    assert explained.count("since") == 1 and "holds" in explained, explained
    assert vtapd.status()["daemon"]["state"] == "healthy"

    remedy = findings(vtapd)[("rp-filter", None)]["remedy"]
    paste(ns, remedy)
    until(lambda: ("rp-filter", None) not in findings(vtapd), "the remedy of rp-filter works", 10)
    with others(matter=False):
        wait_over(vtapd, set(wanted), RECENT_S + 15)
    assert time.monotonic() - began > RECENT_S - 15, "it was told as going on for a while"
    assert len(vtapd.log_lines("unknown-vni:")) == 1, "it may begin again: its end is not told yet"
    assert not [line for line in vtapd.log_lines("socket-drops: ")], "one line is enough, and it is that of socket-full"
    full = vtapd.log_lines("socket-full: target slow")
    assert len(full) <= 2, "a look may fall into the burst: what it did not see yet is told a minute later"
    assert re.search(r"target slow dropped [1-9][\d,]* packets? \(\d", full[0])


def test_queue_when_full_before_any_target_sees_the_packets_then_worth_knowing_and_no_ticket(
        make_vtapd, target, load, others, backlog_of_one):
    """Anybody on the host can fill it, and nobody can tell whose packets were dropped. Here they are steered to another
    processor (RPS), whichever the sender is on."""
    vtapd = make_vtapd("[target default]\nfastpath = off\n[session web]\nvni = 4321\n")
    with others(alone=True):
        traffic = load(rate=20_000)
        with backlog_of_one():
            for processor in ("1", "2"):
                target.ns.run("sh", "-c", f"echo {processor} > /sys/class/net/eth0/queues/rx-0/rps_cpus")
                traffic.go_on(2_000)
        traffic.stop()
    row = wait_found(vtapd, ("host-drops", None))
    assert_as_wanted(row, (
        "info", r"this host dropped [\d,]+ packets? because a processor's queue was full, mirrored ones maybe among them" + SINCE,
        r"sudo sysctl -w net\.core\.netdev_max_backlog=16384 .*"))
    assert ("backlog-drops", "default") not in findings(vtapd)
    assert "host-drops" in vtapd.ctl("doctor").stdout and "host-drops" not in vtapd.ctl("status").stdout
    assert not vtapd.log_lines("host-drops"), vtapd.log()


# What is over at once

def test_underlay_when_set_down_then_a_page_and_its_remedy_works(make_vtapd, ns, mirror):
    vtapd = make_vtapd("[target default]\nunderlay = eth*\n[session web]\nvni = 4321\n")
    ns.ip("link add eth9 type veth peer name nine")  # it matches, and nobody ever used it
    mirror.send(4321, frames.numbered(1))
    vtapd.wait_session("web", delivered=1)
    assert ("underlay-down", "eth0") not in findings(vtapd)
    ns.set_down("eth0")
    row = wait_found(vtapd, ("underlay-down", "eth0"))
    assert_as_wanted(row, ("page", "eth0 is down: no packet comes in there", "sudo ip link set eth0 up"))
    assert ("underlay-down", "eth9") not in findings(vtapd), "down as it always was"
    assert vtapd.status()["daemon"]["state"] == "healthy"
    assert re.search(r"^PAGE +underlay-down ", vtapd.ctl("doctor").stdout, re.MULTILINE)
    paste(ns, row["remedy"])
    until(lambda: ("underlay-down", "eth0") not in findings(vtapd), "it is over")
    assert len(vtapd.log_lines("underlay-down: ")) == 2, vtapd.log()


@pytest.mark.parametrize("fastpath", ("auto", "off"))
def test_underlay_when_no_packet_came_and_a_pattern_stands_for_it_then_it_may_be_down(fastpath, make_vtapd, ns, mirror):
    """Not all that `eth*` stands for has to do with mirrors; and the fast path may be all that sees those that come."""
    def is_up(name):
        return f'vtapd_underlay_up{{interface="{name}"}} 1' in vtapd.metrics().text

    ns.ip("link add eth9 up type veth peer name nine")
    vtapd = make_vtapd(f"[target default]\nunderlay = eth*\nfastpath = {fastpath}\n[session web]\nvni = 4321\n")
    until(lambda: is_up("eth9") and is_up("eth0"), "both are known", seen=lambda: vtapd.metrics().text)
    ns.set_down("eth9")
    ns.set_down("eth0")
    until(lambda: not is_up("eth9") and not is_up("eth0"), "both are seen down", seen=lambda: vtapd.metrics().text)
    assert not [key for key in findings(vtapd) if key[0] == "underlay-down"], findings(vtapd)

    ns.ip("link set eth0 up")
    if fastpath == "auto":
        wait_attached(vtapd, "eth0", "eth9")
    mirror.send(4321, frames.numbered(1))
    vtapd.wait_session("web", delivered=1)
    ns.set_down("eth0")
    wait_found(vtapd, ("underlay-down", "eth0"))


def test_allow_when_any_then_the_sources_seen_are_ready_to_be_pasted_and_others_are_not_let_in(make_vtapd, mirror):
    vtapd = make_vtapd("[session web]\nvni = 4321\n")
    row = wait_found(vtapd, ("allow-any", "default"))
    assert row["remedy"] == "# allow = PREFIX of the mirror sources, in a section [target default] of vtapd.conf"
    sources = [f"10.77.{i % 4}.{i + 1}" for i in range(40)] + ["172.31.4.2"]
    for i, source in enumerate(sources):
        mirror.send(4321, frames.numbered(i), source=source)
    mirror.send(5, frames.numbered(1), source="10.99.0.1")  # nobody takes it: no source of ours
    vtapd.wait_session("web", delivered=len(sources))

    def suggested():
        found = re.match(r"(allow = .*) ; in a section \[target default\] of vtapd.conf; covers every source seen so far",
                         findings(vtapd)[("allow-any", "default")]["remedy"])
        return found and "172.31" in found.group(1) and found.group(0)
    line = until(suggested, "a line to paste", PACED_S, seen=lambda: findings(vtapd))
    assert line.startswith("allow = 10.77.0.0/22 172.31.4.0/24 ; ")
    assert re.search(r"^INFO +allow-any ", vtapd.ctl("doctor").stdout, re.MULTILINE)
    vtapd.write("conf.d/allow.conf", f"[target default]\n{line}\n")
    vtapd.reload()
    assert ("allow-any", "default") not in findings(vtapd)
    before = vtapd.session("web")["delivered"]
    for i, source in enumerate([*sources, "10.99.0.1"]):
        mirror.send(4321, frames.numbered(i), source=source)
    vtapd.wait_session("web", delivered=before + len(sources))
    until(lambda: vtapd.target()["drops"].get("not-allowed") == 1, "the other one is kept out", seen=vtapd.target)


def test_allow_when_it_keeps_everything_out_then_a_ticket_and_worth_knowing_once_something_is_let_in(make_vtapd, mirror):
    """Too narrow from the start, or the mirror got another network: nobody else tells, as health is as before."""
    key, outside = ("not-allowed", "default"), "172.31.4.2"
    head = "[target default]\nunderlay = eth0\nallow = 10.77.0.0/16\n"
    vtapd = make_vtapd(head + WEB)
    assert key not in findings(vtapd)
    for i in range(5):
        mirror.send(4321, frames.numbered(i), source=outside)
    vtapd.wait_received(5)
    until(lambda: "and 5 packets" in findings(vtapd).get(key, {"sentence": ""})["sentence"], "all are told of", seen=lambda: findings(vtapd))
    assert_as_wanted(findings(vtapd)[key], (
        "ticket", f"nothing delivered in the last minute, and 5 packets from outside `allow` dropped, from {outside}" + SINCE,
        rf"allow = {outside} ; or their network, in \[target default\], .*"))
    line = findings(vtapd)[key]["remedy"]
    assert "not-allowed" in vtapd.ctl("status").stdout and vtapd.status()["daemon"]["state"] == "healthy"
    assert 'vtapd_condition{condition="not-allowed",severity="ticket"} 1' in vtapd.metrics().text
    assert "not-allowed" in vtapd.ctl("show", "web").stdout, "it is why nothing comes"

    mirror.send(4321, frames.numbered(6))
    vtapd.wait_session("web", delivered=1)
    until(lambda: findings(vtapd)[key]["severity"] == "info", "it is worth knowing", seen=lambda: findings(vtapd))
    assert_as_wanted(findings(vtapd)[key], (
        "info", f"5 packets from outside `allow` dropped, from {outside}" + SINCE,
        r"sudo timeout 10 tcpdump -nni eth0 -c 20 udp port 4789 # who sends; then their networks into `allow` in .*"))
    assert len(vtapd.log_lines("not-allowed: ")) == 1, vtapd.log()

    vtapd.write("vtapd.conf", f"{head}{line}\n{WEB}")
    vtapd.reload()
    mirror.send(4321, frames.numbered(7), source=outside)
    vtapd.wait_session("web", delivered=2)


@pytest.fixture
def tracking(ns):
    """The host tracks connections, for a short time each."""
    done = ns.run("nft", "table inet t { chain c { type filter hook input priority 0; ct state new counter; }; }", check=False)
    if done.returncode != 0:
        pytest.skip(f"no connection tracking here: {done.stderr}")
    ns.sysctl(net__netfilter__nf_conntrack_udp_timeout=2)


def test_port_when_tracked_then_found_and_its_remedy_works(tracking, make_vtapd, ns, mirror, others):
    """The kernel's answer takes the longer the busier the machine is, and vtapd waits a thousand times as long."""
    vtapd = make_vtapd("[target default]\nfastpath = off\n[session web]\nvni = 4321\n")
    with ns.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:  # somebody else's connection is none of ours
        sock.sendto(b"x", ("127.0.0.1", 5))
    mirror.send(4321, frames.numbered(1), source="10.77.0.1")

    def found():
        mirror.send(4321, frames.numbered(1))
        return findings(vtapd).get(("conntrack", "default"))
    with others(matter=False):
        row = until(found, "conntrack is found", SLOW_S, seen=lambda: ns.read("/proc/sys/net/netfilter/nf_conntrack_count"))
    assert_as_wanted(row, ("ticket", "this host tracks connections of UDP port 4789, an entry for each outer flow",
                           "sudo nft 'table inet vtapd_notrack .* udp dport 4789 notrack; }; }'"))
    assert "conntrack" in vtapd.ctl("doctor").stdout and vtapd.status()["daemon"]["state"] == "healthy"
    paste(ns, row["remedy"])

    def over():
        mirror.send(4321, frames.numbered(1))
        return ("conntrack", "default") not in findings(vtapd)
    with others(matter=False):
        until(over, "its remedy works", SLOW_S, seen=lambda: ns.run("conntrack", "-L", check=False).stdout)


# What is not going on

def test_counters_when_the_daemon_is_started_again_then_what_came_before_is_not_found_anew(make_vtapd, pin_folder, mirror):
    """Counters of the fast path outlive the daemon; with them it is not known when they rose."""
    if unit.is_wanted():
        pytest.skip("the unit has its own folder for pins")
    vtapd = make_vtapd("[target default]\nunderlay = eth0\n[session web]\nvni = 4321\n", start=False)
    pin_folder(vtapd)
    vtapd.start()
    wait_attached(vtapd, "eth0")
    for _ in range(5):
        mirror.send(4321, NOT_WHOLE)
    wait_found(vtapd, ("truncated", "web"))
    vtapd.kill()
    vtapd.start()
    vtapd.wait_session("web", truncated=5)
    assert ("truncated", "web") not in findings(vtapd)
    mirror.send(4321, NOT_WHOLE)
    assert wait_found(vtapd, ("truncated", "web"))["sentence"].startswith("session web: 1 frame came cut short")
    assert vtapd.session("web")["truncated_recent"] == 1
