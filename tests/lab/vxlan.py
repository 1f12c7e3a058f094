"""The kernel's own vxlan devices: made by hand, as an administrator types it, and looked at."""

from . import frames

RECIPE = "nolearning"  # what those add who read one page more; without it the kernel learns
MAKING = 0x76746170  # VTAP_GROUP_MAKING: of vtapd's own that have no alias yet


def make(ns, name, vni, words=RECIPE, port=frames.VXLAN_PORT, before="", is_up=True):
    """`words` follow the port; `before` comes in front of `type vxlan`: an MTU, a link group."""
    ns.ip(f"link add {name} {before} type vxlan id {vni} dstport {port} {words}")
    if is_up:
        ns.ip(f"link set {name} up")


def tunnel(ns, name):
    """What makes a vxlan device one, or None: {"id": 4321, "port": 4789, "learning": False, ...}"""
    link = ns.link(name)
    if link is None or link.get("linkinfo", {}).get("info_kind") != "vxlan":
        return None
    return link["linkinfo"]["info_data"]
