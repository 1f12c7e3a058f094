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


@pytest.mark.parametrize("kind, underlay", [("VLAN", "auto"), ("VLAN", "named"), ("bond", "auto"), ("VLAN on a bond", "auto")])
def test_underlay_when_on_top_of_another_then_the_tap_shows_the_inner_frames(
        kind, underlay, target, make_vtapd, mirror, capture, identical):
    name = MAKE[kind](target.ns)
    target.move_underlay(name)
    wanted = name if underlay == "named" else underlay
    vtapd = make_vtapd(f"[target default]\nunderlay = {wanted}\n[session web]\nvni = 4321\n")
    tap = capture()
    sent = [FIRST, TAGGED, JUMBO] * 10
    for frame in sent:
        packet = mirror.wrap(4321, frame)
        mirror.send_raw(packet if kind == "bond" else frames.tagged(VLAN, packet))
    identical(f"underlay: {kind}, {underlay}", sent, tap.frames(at_least=len(sent)))
    assert vtapd.quiet()["delivered"] == len(sent)


def test_tag_when_it_has_no_device_then_the_packet_is_not_ours(vtapd, mirror, capture):
    """The stack takes what is tagged for VLAN 0 (priority alone) as if it had no tag, and nothing else that is tagged."""
    tap = capture()
    for i, vlan in enumerate([None, VLAN, 0, 4095, None] * 4):
        packet = mirror.wrap(4321, frames.numbered(i))
        mirror.send_raw(packet if vlan is None else frames.tagged(vlan, packet))
    ours = [frames.numbered(i) for i in range(20) if i % 5 in (0, 2, 4)]
    assert tap.frames(at_least=len(ours)) == ours
    assert tap.settled() == ours
    assert vtapd.quiet()["received"] == len(ours)
