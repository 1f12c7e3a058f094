"""The law: the service may do what it has to do, and nothing else."""

import re
import subprocess

from lab.deadline import until

CAP_NET_ADMIN, CAP_BPF = 1 << 12, 1 << 39  # linux/capability.h
SCORE_MAX = 1.8
REPAIRED = "/proc/sys/net/ipv6/conf"  # disable_ipv6; whatever else is repaired goes by netlink
KERNEL = ("/proc/sys", "/proc/sys/kernel", "/proc/sys/net", "/proc/sys/net/ipv4/conf", "/proc/sys/net/core", "/sys",
          "/sys/fs/cgroup", "/sys/fs/bpf")
SYSTEM = ("/", "/usr", "/etc", "/etc/vtapd", "/var", "/home")


def test_unit_when_it_is_rated_then_its_exposure_is_small(service, measured):
    out = service.machine.run("systemd-analyze", "security", "--no-pager", "vtapd.service", check=False).stdout
    score = float(re.search(r"exposure level for vtapd\.service: ([0-9.]+)", out).group(1))
    costs = ", ".join(re.findall(r"^✗ (\S+)", out, re.MULTILINE))
    measured("systemd-analyze security", f"{score}: {costs}")
    assert score <= SCORE_MAX, out


def test_unit_when_systemd_verifies_it_then_it_has_nothing_to_say(service):
    done = service.machine.run("systemd-analyze", "verify", "--man=no", "vtapd.service", "vtapd-drain.service")
    assert done.stdout + done.stderr == "", done


def test_process_when_it_runs_then_it_is_the_user_vtapd_with_two_capabilities(service):
    uid = int(service.machine.run("id", "-u", "vtapd").stdout)
    pid = service.pid
    assert uid != 0 and service.process_status(pid, "Uid").split() == [str(uid)] * 4
    for kind in ("CapPrm", "CapEff", "CapBnd"):
        assert int(service.process_status(pid, kind), 16) == CAP_NET_ADMIN | CAP_BPF, kind
    assert service.process_status(pid, "NoNewPrivs") == "1"
    assert service.process_status(pid, "Seccomp") == "2", "a filter"


def test_thread_when_it_is_not_the_main_one_then_it_has_no_capability(service):
    """Workers read what anybody sends, and two others answer whoever asks."""
    others = {tid: name for tid, name in service.threads().items() if tid != service.pid}
    assert {name.partition("-")[2] for name in others.values()} == {"worker", "health", "public"}, others
    for tid, name in others.items():
        for kind in ("CapPrm", "CapEff", "CapAmb"):
            assert int(service.process_status(tid, kind), 16) == 0, (name, kind)


def test_service_when_it_may_not_make_interfaces_then_it_says_which_capability_is_missing(service):
    """Once, at the start. What it does without CAP_BPF: test_fastpath.py."""
    service.stop()
    service.machine.add_drop_in("vtapd.service", "[Service]\nCapabilityBoundingSet=~CAP_NET_ADMIN\n"
                                                 "AmbientCapabilities=~CAP_NET_ADMIN\nRestart=no\n")
    done = service.machine.systemctl("start", "vtapd.service", check=False)
    assert done.returncode != 0
    assert service.show("ExecMainStatus") == "77", "not permitted"
    service.machine.wait_journal("CAP_NET_ADMIN", "_COMM=vtapd")


def is_writable(service, path):
    """By the mount that the service has there (the innermost, the last of several); file modes are another matter."""
    with open(f"/proc/{service.pid}/mountinfo", encoding="utf-8") as file:
        mounts = {row[4]: row[5].split(",") for row in map(str.split, file)}
    inner = max((point for point in mounts if path == point or path.startswith(point.rstrip("/") + "/")), key=len)
    return "rw" in mounts[inner]


def test_proc_sys_when_the_service_looks_then_it_can_write_only_what_it_repairs(service):
    assert is_writable(service, REPAIRED)
    assert not [path for path in KERNEL if is_writable(service, path)]


def test_files_when_the_service_looks_then_it_can_write_only_its_runtime_directory(service):
    assert is_writable(service, "/run/vtapd") and is_writable(service, "/run/vtapd/bpf")
    assert not [path for path in SYSTEM if is_writable(service, path)]


def test_core_when_it_crashes_then_no_packet_is_written_to_disk(service):
    with open(f"/proc/{service.pid}/limits", encoding="utf-8") as file:
        assert re.search(r"^Max core file size +0 +0 ", file.read(), re.MULTILINE)


def test_control_socket_when_listed_then_root_and_the_group_may_use_it(service):
    mode, owner, group = service.machine.run("stat", "-c", "%a %U %G", "/run/vtapd/control.sock").stdout.split()
    assert (mode, group) == ("660", "vtapd") and owner in ("root", "vtapd"), (mode, owner, group)


def test_tap_when_made_then_it_belongs_to_the_user(service):
    """Nobody else on the host can attach to it (TUNSETOWNER)."""
    uid, gid = (service.machine.run("id", flag, "vtapd").stdout.strip() for flag in ("-u", "-g"))
    ns = service.machine.ns
    assert ns.run("cat", "/sys/class/net/mirror-web/owner").stdout.strip() == uid
    assert ns.run("cat", "/sys/class/net/mirror-web/group").stdout.strip() == gid
    taken = service.machine.shell(
        "setpriv --reuid=65534 --regid=65534 --clear-groups python3 -c 'import fcntl, os, struct\n"
        "fd = os.open(\"/dev/net/tun\", os.O_RDWR)\n"
        "fcntl.ioctl(fd, 0x400454ca, struct.pack(\"16sH22x\", b\"mirror-web\", 0x1002))'", check=False)
    assert taken.returncode != 0 and "PermissionError" in taken.stderr, taken


def test_fd_store_when_running_then_each_socket_is_in_it_and_what_goes_is_taken_out(service):
    """One UDP socket a worker, and the ledger."""
    stored = lambda: int(service.show("NFileDescriptorStore"))  # noqa: E731
    until(lambda: stored() == len(service.workers()) + 1, "sockets and ledger are stored", seen=stored)
    service.write("conf.d/port.conf", "[target default]\nport = 4790\n")
    service.ctl("reload")
    until(lambda: stored() == len(service.workers()) + 1, "the old port's sockets are not kept", seen=stored)


SENSOR = """
import socket, sys
sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
sock.bind(("mirror-web", 0))
sys.stdin.read()
"""
AS_DAEMON = ("setpriv", "--reuid=daemon", "--regid=daemon", "--clear-groups", "--inh-caps=+net_raw", "--ambient-caps=+net_raw")


def test_sensors_when_the_service_may_not_look_into_processes_then_their_user_is_told_but_root(service, machine):
    readers = [machine.start("python3", "-c", SENSOR, stdin=subprocess.PIPE),
               machine.start(*AS_DAEMON, "python3", "-c", SENSOR, stdin=subprocess.PIPE)]
    try:
        session = service.wait_session("web", sensors=2, sensor_names=["daemon"])
        assert session["state"] == "ready"
        assert "  2 daemon\n" in service.ctl("status").stdout
    finally:
        for reader in readers:
            reader.communicate(timeout=10)
