"""The fast path as tc and status show it."""

from .deadline import until

PLACE = ("pref 47 ", "handle 0x4789 ")  # VTAP_TC_PRIORITY, VTAP_TC_HANDLE
STEER, GUARD = ("ingress", "vtapd-steer"), {"ingress": "vtapd-guard-in", "egress": "vtapd-guard-out"}


def tc(ns, command):
    return ns.batch([command], kind="tc")


def show(ns, interface, hook):
    return ns.run("tc", "filter", "show", "dev", interface, hook, check=False).stdout


def has(ns, interface, hook, name):
    """Is our filter of this name at our place?"""
    return any(all(word in line for word in (*PLACE, f"{name} ", "direct-action"))
               for line in show(ns, interface, hook).splitlines())


def is_steered(ns, interface):
    return has(ns, interface, *STEER)


def is_guarded(ns, interface):
    return all(has(ns, interface, hook, name) for hook, name in GUARD.items())


def without_ours(text):
    """The listing of a hook without the two lines of our priority."""
    return [line for line in text.splitlines() if " pref 47 bpf chain 0 " not in f"{line} " or "handle 0x1 " in line]


def wait_attached(vtapd, *interfaces, seconds=10.0):
    def there():
        return sorted(vtapd.target()["fastpath"]["attached"]) == sorted(interfaces)
    until(there, f"the fast path is on {interfaces}", seconds, seen=lambda: (vtapd.target(), vtapd.log()))
