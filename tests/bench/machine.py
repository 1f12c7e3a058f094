"""What the figures were measured on."""

import os
import re

VULNERABILITIES = "/sys/devices/system/cpu/vulnerabilities"


def _read(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().strip()
    except OSError:
        return ""


def load_average():
    return [round(value, 2) for value in os.getloadavg()]


def describe():
    """Kernel, CPU and what else moves the figures: returns and calls are dear where spectre is mitigated."""
    model = re.search(r"^model name\s*: (.*)$", _read("/proc/cpuinfo"), re.MULTILINE)
    return {
        "kernel": os.uname().release,
        "machine": os.uname().machine,
        "cpu": model.group(1) if model else "",
        "cores": os.cpu_count(),
        "spectre_v2": _read(f"{VULNERABILITIES}/spectre_v2"),
    }
