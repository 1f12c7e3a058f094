"""What befalls a daemon while its sessions are under load, whatever carries their frames: none is lost, and the counters
know of each (Load.settle)."""

import signal


def kill_at_any_moment(vtapd, traffic, conf):
    """Of its starts and reloads; the session of the traffic stays as it is in all of them."""
    for i in range(1, 9):
        vtapd.write("vtapd.conf", conf + f"[session db]\nvni = {i}\n" * (i % 3 != 0))
        if i % 2:
            vtapd.signal(signal.SIGHUP)
        traffic.go_on(i * 400)
        vtapd.kill()
        vtapd.start(wait=i % 2 == 0)
    traffic.go_on()
    vtapd.kill()
    vtapd.start()
    traffic.settle(vtapd)


def be_gone_for_seconds(vtapd, traffic):
    """The traffic is slow enough for 100,000 frames to take some."""
    traffic.go_on()
    vtapd.stop()
    traffic.go_on(100_000)
    vtapd.start()
    traffic.go_on()
    traffic.settle(vtapd)
