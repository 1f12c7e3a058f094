"""How long an undone tap interface stays undone: from the kernel's news of the damage to its news of the repair."""

from lab import hosts
from lab.daemon import Vtapd
from lab.news import News

from .spread import percentile

REPAIRS = 100
AIM_P99_MS = 200
MTU = 9001

# Each session is undone once, so that nobody meets a backoff.
DAMAGES = {  # what is done, when it shows, when it is right again
    "set down": (lambda ns, name: ns.set_down(name),
                 lambda there, up, mtu: not up, lambda there, up, mtu: there and up),
    "deleted": (lambda ns, name: ns.ip(f"link del {name}"),
                lambda there, up, mtu: not there, lambda there, up, mtu: there and up and mtu == MTU),
    "MTU changed": (lambda ns, name: ns.ip(f"link set {name} mtu 1500"),
                    lambda there, up, mtu: mtu == 1500, lambda there, up, mtu: mtu == MTU),
    "renamed": (lambda ns, name: ns.ip(f"link set {name} name stolen"), None, None),
}


def repair_once(ns, news, name, damage):
    """Milliseconds between the news of the damage and the news of the repair."""
    do, shows, is_right = DAMAGES[damage]
    after = len(news.pieces)
    do(ns, name)
    if damage == "renamed":
        i, damaged = news.wait(lambda n, *_: n == "stolen", f"{name} is renamed", after)
        _, repaired = news.wait(lambda n, there, *_: n == name and there, f"{name} has its name again", i + 1)
    else:
        i, damaged = news.wait(lambda n, *rest: n == name and shows(*rest), f"{name} is damaged", after)
        _, repaired = news.wait(lambda n, *rest: n == name and is_right(*rest), f"{name} is repaired", i + 1)
    return (repaired - damaged) / 1e6


def repairs_of(damage):
    target = hosts.Target()
    vtapd = Vtapd(target.ns, "".join(f"[session s{i}]\nvni = {i}\n" for i in range(REPAIRS)))
    news = News(target.ns)
    try:
        vtapd.start()
        return [repair_once(target.ns, news, f"mirror-s{i}", damage) for i in range(REPAIRS)]
    finally:
        news.close()
        vtapd.remove(check=False)
        target.remove()


def measure():
    print(f"{REPAIRS} repairs of each kind, {REPAIRS} sessions   (aim: p99 {AIM_P99_MS} ms)")
    print(f"{'damage':<14} {'p50 ms':>8} {'p99 ms':>8} {'max ms':>8}")
    for damage in DAMAGES:
        took = repairs_of(damage)
        print(f"{damage:<14} {percentile(took, 50):>8.1f} {percentile(took, 99):>8.1f} {max(took):>8.1f}", flush=True)
