"""What is lost while something happens to vtapd or its fast path, under a steady load."""

import time

from lab import hosts
from lab.deadline import until

from . import table
from .load import Load
from .sensor import Sensor
from .service import Service

VNI = 1
RATE = 150_000  # frames a second
SIZE = 128
AROUND_FRAMES = 50_000  # before and after the event, and between its steps
GONE_FRAMES = 300_000  # while nobody is there
RELOADS = 10
RING_MIB = 64
CAUGHT_UP_S = 0.5  # a worker that is behind goes on within this, however busy its core is
CONF = f"[target default]\nfastpath = %s\n[session web]\nvni = {VNI}\ninterface = mirror-web\n"
AUTO, OFF = CONF % "auto", CONF % "off"
MORE = "[session more]\nvni = 2-1000\n"


class Stream:
    """A vtapd with a load that goes on, and a sensor that sees every number."""

    def __init__(self):
        self.target = hosts.Target()
        self.service = Service(self.target, AUTO).start()
        self.service.warm_up(VNI)
        self.sensor = Sensor(self.target.ns, "mirror-web", RING_MIB)
        self.load = Load(self.target, vni=VNI, size=SIZE, rate=RATE)
        self.wait_frames(AROUND_FRAMES)

    def arrived(self):
        return self.target.underlay_counts()[0]

    def answered(self):
        """Packets that the target has sent, to whomever."""
        return self.target.underlay_counts()[1]

    def wait_frames(self, count):
        """Until so many more have arrived."""
        end = self.arrived() + count
        until(lambda: self.arrived() >= end, f"{count:,} more frames have arrived", 60, seen=self.arrived)

    def remove(self):
        self.load.remove()
        self.sensor.remove()
        self.service.remove()
        self.target.remove()


# What happens. Each leaves the fast path attached.

def restart(stream):
    stream.service.stop()
    stream.service.start()


def stop_start(stream):
    stream.service.stop()
    stream.wait_frames(GONE_FRAMES)
    stream.service.start()


def kill(stream):
    stream.service.kill()
    stream.service.start()


def reload(stream):
    for i in range(RELOADS):
        stream.service.write("conf.d/more.conf", MORE if i % 2 == 0 else "")
        stream.service.reload()


def switch(stream):
    for conf in (OFF, AUTO):
        stream.service.write("vtapd.conf", conf)
        stream.service.reload()
        stream.service.wait_steered(conf is AUTO)
        stream.wait_frames(AROUND_FRAMES)


def qdisc(stream):
    """As long as it takes to be put back, the worker carries the frames."""
    stream.target.ns.run("tc", "qdisc", "del", "dev", "eth0", "clsact")
    stream.service.wait_steered()


EVENTS = {  # key: what the table calls it
    "restart": (restart, "restart"),
    "stop": (stop_start, "stop, and start later"),
    "kill": (kill, "SIGKILL, and start"),
    "reload": (reload, f"{RELOADS} reloads"),
    "switch": (switch, "fast path off, and auto"),
    "qdisc": (qdisc, "tc qdisc del"),
}


def _event(stream, happen):
    """What came of it: of all that were sent, and of those while it happened."""
    arrived, answered, begin = stream.arrived(), stream.answered(), time.monotonic()
    happen(stream)
    stream.service.wait_steered()
    seconds, during = time.monotonic() - begin, stream.arrived() - arrived
    stream.wait_frames(AROUND_FRAMES)
    sent = stream.load.stop()
    counted = stream.sensor.wait_quiet(CAUGHT_UP_S)
    return {"lost": sent["sent"] - counted["distinct"], "sent": sent["sent"], "sent_during": during,
            "seconds": round(seconds, 3), "rate": round(sent["sent"] * 1e9 / sent["wall_ns"]),
            "answers": stream.answered() - answered, "duplicate": counted["duplicate"],
            "reordered": counted["reordered"], "sensor_dropped": counted["dropped"], "gaps": counted["gaps"],
            "drops": stream.service.target()["drops"]}


def _show(found):
    rows = [(EVENTS[key][1], f"{of['lost']:,}", f"{of['sent']:,}", f"{of['sent_during']:,}", f"{of['seconds']:.2f}",
             f"{of['rate']:,}", f"{of['duplicate']:,}", f"{of['reordered']:,}", f"{of['answers']:,}",
             f"{of['sensor_dropped']:,}") for key, of in found.items()]
    table.show("What is lost: of the frames sent around an event and meanwhile, those that the sensor has not seen",
               ("event:", "lost", "sent", "meanwhile", "seconds", "per second", "twice", "late", "answers",
                "ring full"), rows)
    print("  twice, late: of the frames seen   answers: packets that the target sent"
          "   ring full: the sensor's own losses\n")
    for key, of in found.items():
        if of["lost"]:
            print(f"  {EVENTS[key][1]}: numbers {of['gaps']} are missing; vtapd counted {of['drops'] or 'no drops'}")


def measure():
    found = {}
    for key, (happen, _) in EVENTS.items():
        stream = Stream()
        try:
            found[key] = _event(stream, happen)
        finally:
            stream.remove()
    _show(found)
    losses = {f"{key}_lost": of["lost"] for key, of in found.items()}
    sent = {f"{key}_sent": of["sent_during"] for key, of in found.items()}
    return {**losses, **sent, "events": found}
