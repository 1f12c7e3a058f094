"""The law: installing starts it, an upgrade that would refuse its configuration leaves the old daemon running, removing
takes the interfaces away, and purging leaves nothing."""

import re
import subprocess

import pytest

from lab import frames
from lab.deadline import until
from lab.fastpath import is_steered, wait_attached
from lab.machine import Service

PINS = "/sys/fs/bpf"
WRITTEN = "/run/vtapd-boot"  # where tests/systemd/boot shows what has been written since the boot
# What the package manager writes down about any package, and what others have written meanwhile
NOT_OURS = re.compile(r"/var/(lib/(dpkg|systemd|ucf|man-db)|log|cache|tmp)/|/etc/(passwd|group|shadow|gshadow|subuid|subgid)-?$"
                      r"|/etc/\.pwd\.lock$|/etc/ld\.so\.cache$|/root/")


def written(machine):
    """Files. What was there before the boot and is gone shows as a character device in an overlay's upper layer."""
    out = machine.run("find", WRITTEN, "-not", "-type", "d", "-not", "-type", "c", "-printf", "/%P\\n").stdout.splitlines()
    return {path for path in out if not NOT_OURS.match(path)}


def named_after_us(machine):
    """Whatever has our name, folders and the package manager's own lists included."""
    return set(machine.run("find", WRITTEN, "/run", PINS, "-name", "*vtap*", "-not", "-path", f"{WRITTEN}*/dpkg/*",
                           "-not", "-path", "/run/vtapd-boot*").stdout.splitlines())


@pytest.fixture(scope="module")
def host(boot, deb):  # pylint: disable=unused-argument
    """A machine without the package."""
    machine = boot("bare")
    yield machine
    machine.kill()


def ours(machine):
    return {name for name, link in machine.ns.links().items() if link.get("ifalias", "").startswith("vtapd:")}


def steer(machine):
    """A packet has come, and the fast path with it."""
    with machine.target.mirror() as mirror:
        mirror.send(1, frames.numbered(0))
    wait_attached(Service(machine), "eth0")
    pins = machine.run("find", f"{PINS}/vtapd", "-type", "f").stdout
    assert pins, "tmpfiles.d was heeded on a running system"


def is_there(machine, kind):
    return machine.run("getent", kind, "vtapd", check=False).returncode == 0


def test_package_when_lintian_looks_then_neither_errors_nor_warnings(deb):
    done = subprocess.run(["lintian", "--fail-on", "error,warning", "--allow-root", deb], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_package_when_it_lives_its_life_then_nothing_is_left(host, newer_deb, measured):  # pylint: disable=unused-argument
    """One story, because each chapter needs the one before."""
    before = written(host)

    # Installed: it runs, is enabled, and shows whatever is mirrored
    host.run("dpkg", "-i", "/share/vtapd.deb")
    service = Service(host)
    assert service.show("ActiveState") == "active" and service.show("UnitFileState") == "enabled"
    assert host.show("vtapd-drain.service", "UnitFileState") == "disabled", "enabled on request"
    assert is_there(host, "passwd") and is_there(host, "group")
    assert ours(host) == {"mirror0"}
    device = "sys-subsystem-net-devices-mirror0.device"
    until(lambda: host.show(device, "ActiveState") == "active", f"{device} is active")
    assert host.run("vtapd", "--check").returncode == 0
    for page in ("vtapd.8", "vtapctl.8", "vtapd.conf.5", "README.md", "NEWS.md"):  # alerts and dashboard point to README
        assert any(page in path for path in host.run("dpkg", "-L", "vtapd").stdout.splitlines()), page

    # An upgrade whose configuration would be refused
    pid = service.pid
    service.write("conf.d/broken.conf", "[session web]\nvni = x\n")
    done = host.run("dpkg", "-i", "/share/newer.deb", check=False)
    assert service.pid == pid and service.show("ActiveState") == "active", done
    assert '"x"' in done.stdout + done.stderr, done
    service.unlink("conf.d/broken.conf")
    host.run("dpkg", "--configure", "-a")
    host.run("dpkg", "-i", "/share/newer.deb")
    assert service.wait_another(pid) != pid
    assert "+newer" in host.run("dpkg-query", "-W", "vtapd").stdout

    # An upgrade keeps what the administrator wrote
    service.write("conf.d/web.conf", "[session web]\nvni = 4321\n")
    host.run("dpkg", "-i", "/share/newer.deb")
    service.wait_settled()
    assert ours(host) == {"mirror0", "mirror-web"}

    # Removed: no interface, no filter, no pin, no service, the configuration stays
    steer(host)
    host.run("dpkg", "-r", "vtapd")
    assert ours(host) == set() and not is_steered(host.ns, "eth0") and not host.exists(f"{PINS}/vtapd")
    assert not service.pid and host.show("vtapd.service", "LoadState") == "not-found"
    assert host.exists("/etc/vtapd/vtapd.conf") and host.exists("/etc/vtapd/conf.d/web.conf")

    # Purged: nothing
    host.run("dpkg", "-P", "vtapd")
    assert not is_there(host, "passwd") and not is_there(host, "group")
    left = (written(host) - before) | named_after_us(host)
    measured("purge leaves", f"{len(left)} files")
    assert left == set()
    assert host.systemctl("is-system-running", check=False).stdout.strip() == "running"
