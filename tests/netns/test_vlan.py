"""The law: an underlay that stands on another interface (a VLAN device, a bond) is as good as any, and its tags stay
outside: the sensor sees the inner frame with the inner frame's own tags."""

import pytest

from lab import frames
from lab.deadline import until

pytestmark = pytest.mark.kernel

VLAN = 42
FIRST, TAGGED, JUMBO = frames.numbered(1), frames.tagged(7, frames.numbered(2)), frames.numbered(3, 9000)


def make_link(ns, command, module):
    done = ns.ip(f"link add {command}", check=False)
    if done.returncode != 0 and "Unknown device type" in done.stderr:
        pytest.skip(f"{module} is missing")
    assert done.returncode == 0, done.stderr


def make_vlan(ns, below="eth0"):
    name = f"{below}.{VLAN}"
    make_link(ns, f"link {below} name {name} type vlan id {VLAN}", "8021q")
    ns.ip(f"link set {name} up")
    return name


def make_bond(ns):
    make_link(ns, f"bond0 mtu {ns.link('eth0')['mtu']} type bond mode active-backup", "bonding")
    for command in ("eth0 down", "eth0 master bond0", "bond0 up"):
        ns.ip(f"link set {command}")
    until(lambda: ns.link("bond0")["operstate"] == "UP", "the bond carries packets", seen=lambda: ns.links())
    return "bond0"


MAKE = {"VLAN": make_vlan, "bond": make_bond, "VLAN on a bond": lambda ns: make_vlan(ns, make_bond(ns))}


def is_steered(ns, interface):
    return "vtapd-steer" in ns.run("tc", "filter", "show", "dev", interface, "ingress").stdout


def wait_attached(ns, interface):
    until(lambda: is_steered(ns, interface), f"the fast path is on {interface}", seen=ns.links)
    assert [name for name in ns.links() if is_steered(ns, name)] == [interface]


def send(mirror, frame, vlan=None):
    packet = mirror.wrap(4321, frame)
    mirror.send_raw(packet if vlan is None else frames.tagged(vlan, packet))


@pytest.mark.parametrize("kind", MAKE)
def test_underlay_when_on_top_of_another_then_both_paths_show_the_inner_frames(
        kind, target, vtapd, mirror, capture, identical):
    name = MAKE[kind](target.ns)
    target.move_underlay(name)
    tap, vlan = capture(), None if kind == "bond" else VLAN
    sent = [FIRST, TAGGED, JUMBO]
    for frame in sent:
        send(mirror, frame, vlan)
    wait_attached(target.ns, name)
    for frame in sent * 10:
        send(mirror, frame, vlan)
    identical(f"underlay: {kind}", sent * 11, tap.frames(at_least=len(sent) * 11))
    vtapd.wait_session("web", received=len(sent) * 11, delivered=len(sent) * 11)


def test_underlay_when_a_vlan_device_is_named_then_that_is_attached_at_once(target, make_vtapd, mirror, capture):
    name = make_vlan(target.ns)
    target.move_underlay(name)
    make_vtapd(f"[target default]\nunderlay = {name}\n[session web]\nvni = 4321\n")
    wait_attached(target.ns, name)
    tap = capture()
    send(mirror, TAGGED, VLAN)
    assert tap.frames(at_least=1) == [TAGGED]


def test_tag_when_it_has_no_device_then_the_packet_is_not_ours(vtapd, ns, mirror, capture):
    """The stack takes what is tagged for VLAN 0 (a priority alone) as if it had no tag, and nothing else with one."""
    tap = capture()
    send(mirror, FIRST)
    wait_attached(ns, "eth0")
    for i, vlan in enumerate([None, VLAN, 0, 4095, None] * 4):
        send(mirror, frames.numbered(i), vlan)
    ours = [FIRST, *(frames.numbered(i) for i in range(20) if i % 5 in (0, 2, 4))]
    assert tap.frames(at_least=len(ours)) == ours
    assert tap.settled() == ours
    vtapd.wait_session("web", received=len(ours), delivered=len(ours))
