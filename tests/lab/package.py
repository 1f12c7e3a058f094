"""The Debian package under test, and a later version of it.

VTAPD_DEB names a package that is built already; without it packaging/build makes one.
"""

import os
import re
import subprocess

from .daemon import REPOSITORY


def build():
    """The .deb's path."""
    path = os.environ.get("VTAPD_DEB")
    if not path:
        done = subprocess.run([os.path.join(REPOSITORY, "packaging/build"), "deb"], capture_output=True, text=True,
                              check=False)
        assert done.returncode == 0, f"packaging/build deb: {done.returncode}\n{done.stdout}{done.stderr}"
        path = os.path.join(REPOSITORY, done.stdout.splitlines()[-1])
    return path


def repack_newer(deb, directory):
    """The same package with a higher version, made once in `directory`; its path."""
    tree, path = os.path.join(directory, "newer"), os.path.join(directory, "newer.deb")
    if not os.path.exists(path):
        subprocess.run(["dpkg-deb", "-R", deb, tree], check=True)
        control = os.path.join(tree, "DEBIAN/control")
        with open(control, encoding="utf-8") as file:
            text = file.read()
        with open(control, "w", encoding="utf-8") as file:
            file.write(re.sub(r"^Version: (.*)$", r"Version: \1+newer", text, flags=re.MULTILINE))
        subprocess.run(["dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "-b", tree, path], check=True,
                       stdout=subprocess.DEVNULL)
    return path
