"""The law: one command brings a newcomer from a checkout to a sniffed frame, and takes all of it away again."""

import re

import pytest

from lab import frames
from lab.deadline import until
from lab.fastpath import is_steered


@pytest.fixture(scope="module")
def newcomer(boot):
    """A machine with a checkout of its own and nothing of vtapd."""
    machine = boot("newcomer")
    machine.shell("mkdir /root/vtapd && tar -C /src --anchored --exclude=./.git --exclude='./build*' -cf - . |"
                  " tar -C /root/vtapd -xf -")
    yield machine
    machine.kill()


def quickstart(machine, *argv):
    return machine.run("/root/vtapd/packaging/quickstart", *argv, check=False)


def test_quickstart_when_systemd_runs_then_the_package_is_installed_and_a_frame_is_shown(newcomer):
    done = quickstart(newcomer)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^start +vtapd.service is running, 1 session ready$", done.stdout, re.MULTILINE), done.stdout
    assert re.search(r"^proof +sent 1 VXLAN packet, VNI 4242, to port 4789; mirror0 shows it, 98 bytes, identical:$",
                     done.stdout, re.MULTILINE), done.stdout
    assert newcomer.run("dpkg-query", "-W", "-f", "${db:Status-Status}", "vtapd").stdout == "installed"
    assert newcomer.systemctl("is-enabled", "vtapd.service").stdout == "enabled\n"
    assert newcomer.run("vtapctl", "status").returncode == 0

    with newcomer.target.mirror() as mirror:
        mirror.send(4321, frames.numbered(1))
    until(lambda: is_steered(newcomer.ns, "eth0"), "the fast path is on")
    done = quickstart(newcomer, "--remove")
    assert done.returncode == 0, done.stdout + done.stderr
    assert newcomer.run("dpkg-query", "-W", "vtapd", check=False).returncode != 0
    assert not newcomer.exists("/etc/vtapd") and not newcomer.exists("/usr/sbin/vtapd")
    assert not newcomer.ns.has("mirror0") and not is_steered(newcomer.ns, "eth0")
    assert not newcomer.exists("/sys/fs/bpf/vtapd")
