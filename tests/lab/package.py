"""The Debian package under test, and later versions of it.

VTAPD_DEB names a package that is built already; without it packaging/build makes one.
"""

import os
import re
import shutil
import subprocess

from .daemon import REPOSITORY

NEXT = os.path.join(REPOSITORY, "build/tests/netns/vtapd_next")  # of another layout of its maps


def build():
    """The .deb's path."""
    path = os.environ.get("VTAPD_DEB")
    if not path:
        done = subprocess.run([os.path.join(REPOSITORY, "packaging/build"), "deb"], capture_output=True, text=True,
                              check=False)
        assert done.returncode == 0, f"packaging/build deb: {done.returncode}\n{done.stdout}{done.stderr}"
        path = os.path.join(REPOSITORY, done.stdout.splitlines()[-1])
    return path


def repack(deb, directory, label, daemon=None):
    """The same package with a higher version and, if given, another daemon, made once as `directory`/`label`.deb; its
    path."""
    tree, path = os.path.join(directory, label), os.path.join(directory, f"{label}.deb")
    if not os.path.exists(path):
        subprocess.run(["dpkg-deb", "-R", deb, tree], check=True)
        control = os.path.join(tree, "DEBIAN/control")
        with open(control, encoding="utf-8") as file:
            text = file.read()
        with open(control, "w", encoding="utf-8") as file:
            file.write(re.sub(r"^Version: (.*)$", rf"Version: \1+{label}", text, flags=re.MULTILINE))
        if daemon:
            shutil.copy(daemon, os.path.join(tree, "usr/sbin/vtapd"))
        subprocess.run(["dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "-b", tree, path], check=True,
                       stdout=subprocess.DEVNULL)
    return path
