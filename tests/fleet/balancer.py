"""A Network Load Balancer made of nftables: which target a flow goes to, and who changes that.

How it works: two target groups (listeners) over the same targets, as one instance may be registered twice: `tcp` is
checked by connecting, `http` by GET. A group's address is translated (DNAT, client addresses preserved) to the target
that stands in the slot of the flow's hash: jhash over the outer five-tuple, modulo SLOTS. Flow memory is the kernel's
connection tracking, with NLB's 120 s for UDP (AWS's documentation): a flow that is known keeps its target whatever the slots say.
rewrite() is the checker's: it fills the slots with the targets that are to get flows, then forgets the flows of the others,
so that their next packet is a new flow. When no target is healthy every target gets flows (fail-open) and none is forgotten.

The jhash result cannot index a map of its own type in nftables 1.0.6, so it goes through the packet's mark.
"""

import subprocess

from lab.frames import VXLAN_PORT

SLOTS = 60  # divides evenly among 1..6 targets
UDP_IDLE_S = 120  # AWS's documentation: idle timeout of a UDP flow
ADDRESSES = {"tcp": "10.88.0.10", "http": "10.88.0.11"}
GROUPS = tuple(ADDRESSES)
_TUPLE = "ip saddr . ip daddr . udp sport . udp dport . ip protocol"


def ruleset(targets):
    """The table, with every target in every group's slots."""
    maps = "\n".join(f" map slots_{group} {{ type mark : ipv4_addr; elements = {{ {_slots(targets)} }} }}"
                     for group in GROUPS)
    rules = "\n".join(f"  ip daddr {address} udp dport {VXLAN_PORT} meta mark set jhash {_TUPLE} mod {SLOTS}"
                      f" seed 0x5eed dnat to meta mark map @slots_{group}" for group, address in ADDRESSES.items())
    return f"table ip fleet {{\n{maps}\n chain balance {{ type nat hook prerouting priority dstnat;\n{rules}\n }}\n}}\n"


def _slots(targets):
    return ", ".join(f"{i} : {targets[i % len(targets)]}" for i in range(SLOTS))


def rewrite(group, targets, healthy):
    """New flows of a group to `healthy` only, and old flows away from the others. Runs in the balancer's namespace."""
    chosen = healthy or targets
    script = (f"flush map ip fleet slots_{group}\n"
              f"add element ip fleet slots_{group} {{ {_slots(chosen)} }}\n")
    subprocess.run(["nft", "-f", "-"], input=script, text=True, check=True)
    for target in set(targets) - set(chosen):
        # Exit status 1 also says that there was no such flow.
        subprocess.run(["conntrack", "-D", "-p", "udp", "--orig-dst", ADDRESSES[group], "--reply-src", target],
                       check=False, capture_output=True)
