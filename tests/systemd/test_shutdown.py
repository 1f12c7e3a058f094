"""The law: a machine that is shut down drains before its sensors stop, if vtapd-drain.service is enabled; a stop never
does. What happened is written into the share, which outlives the machine."""

import json
import os

import pytest

from conftest import WEB
from lab.machine import Service

# Its order comes from the drop-in that the package brings for a unit of this name.
SENSOR = """
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/true
ExecStop=/bin/sh -c 'vtapctl --json status >/share/{name}.status; cut -d" " -f1 /proc/uptime >/share/{name}.uptime'
[Install]
WantedBy=multi-user.target
"""
DRAIN_S = 3


@pytest.fixture
def sensor_host(install, share, request):
    """A machine with a sensor; returns (machine, service, what(): what the sensor saw when it was stopped)."""
    name = request.node.name
    machine = install("sensor")[0]
    service = Service(machine)
    service.configure(f"[health]\nsettle = 1s\ndrain-time = {DRAIN_S}s\n" + WEB)
    service.restart()
    machine.add_unit("suricata.service", SENSOR.format(name=name))
    machine.systemctl("enable", "--now", "suricata.service")

    def seen():
        with open(os.path.join(share, f"{name}.status"), encoding="utf-8") as file:
            return json.load(file)["daemon"]["state"]
    return machine, service, seen


def test_poweroff_when_the_drain_unit_is_enabled_then_it_drains_before_the_sensor_stops(sensor_host):
    machine, service, seen = sensor_host
    machine.systemctl("enable", "--now", "vtapd-drain.service")
    assert service.status()["daemon"]["state"] == "healthy", "enabling it drains nothing"
    machine.down()
    assert seen() == "draining"


def test_poweroff_when_the_drain_unit_is_not_enabled_then_the_sensor_stops_at_once(sensor_host):
    machine, _, seen = sensor_host
    machine.down()
    assert seen() == "healthy", "the sensor is stopped before vtapd, which it is ordered after"


def test_restart_when_the_drain_unit_is_enabled_then_nothing_is_drained(service):
    machine = service.machine
    machine.systemctl("enable", "--now", "vtapd-drain.service")
    service.restart()
    service.stop()
    service.start()
    service.wait_state("healthy")
    machine.add_drop_in("vtapd-drain.service", "[Service]\nExecStop=\n")  # its own stop would drain
    machine.systemctl("disable", "--now", "vtapd-drain.service")
