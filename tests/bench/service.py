"""vtapd with the rights of its unit and none beside: a user of its own with CAP_NET_ADMIN and CAP_BPF.

Without CAP_PERFMON the verifier adds barriers to the programs; as root they would be faster than they are for anybody.
Counters are pinned in a folder of that user, as in the unit, so that they go on over a restart.
"""

import os
import subprocess

from lab import fastpath
from lab.daemon import Vtapd
from lab.deadline import until

from . import load

UID = 65534
RIGHTS = "-all,+net_admin,+bpf"
AS_SERVICE = ("setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups", "--no-new-privs", f"--inh-caps={RIGHTS}",
              f"--ambient-caps={RIGHTS}", f"--bounding-set={RIGHTS}")
ATTACH_SECONDS = 20
WARM_UP_FRAMES = 1000
_living = []


def remove_all():
    """End every one that is left: at the end of a run, however it ended."""
    for service in list(_living):
        service.remove()


class Service(Vtapd):
    """A vtapd on one underlay. `core`: the only one that it may use, None for all."""

    def __init__(self, target, conf, core=None):
        super().__init__(target.ns, conf)
        self._underlay = target
        self.prefix = [*(("taskset", "-c", str(core)) if core is not None else ()), *AS_SERVICE]
        self._pins = os.path.join(self.runtime, "bpf")
        os.makedirs(self._pins)
        _living.append(self)
        subprocess.run(["mount", "-t", "bpf", "-o", "mode=0700", "vtapd-bench", self._pins], check=True)
        for path in (self.runtime, self._pins):
            os.chown(path, UID, UID)

    def wait_steered(self, wanted=True):
        """Until the kernel has our program on the underlay, or has it no more."""
        what = f"the fast path is {'on' if wanted else 'off'}"
        until(lambda: fastpath.is_steered(self.ns, "eth0") == wanted, what, ATTACH_SECONDS,
              seen=lambda: (self.target(), self.log()))

    def warm_up(self, vni, vnis=1):
        """Frames, from which it learns where to attach; and all of them gone before anything is counted."""
        load.send(self._underlay, vni=vni, vnis=vnis, frames=WARM_UP_FRAMES)
        self.wait_steered()
        self.quiet()

    def remove(self, check=False):
        _living.remove(self)
        try:
            if self.is_running():
                self.kill()
            subprocess.run(["umount", self._pins], check=True)
        finally:
            super().remove(check)
