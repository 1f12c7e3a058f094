"""The law: vtapd gets along with what else runs on a machine: networkd, udev, sysctl, cloud-init, sensors."""

import pytest

from lab import frames
from lab.deadline import until

CLOUD_INIT_LOCAL = """
[Unit]
DefaultDependencies=no
Wants=network-pre.target
After=systemd-remount-fs.service
Before=network-pre.target shutdown.target sysinit.target
Conflicts=shutdown.target
[Service]
Type=oneshot
ExecStart=/bin/true
RemainAfterExit=yes
[Install]
WantedBy=multi-user.target
"""
CLOUD_INIT = """
[Unit]
DefaultDependencies=no
After=cloud-init-local.service systemd-networkd.service network-pre.target
Before=network-online.target sysinit.target shutdown.target
Conflicts=shutdown.target
[Service]
Type=oneshot
ExecStart=/bin/true
RemainAfterExit=yes
[Install]
WantedBy=multi-user.target
"""
SENSOR = """
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -ec 'ip link show mirror-web; ip -o link show mirror-web | grep -q UP'
"""
CATCH_ALL = "[Match]\nName=*\n\n[Network]\nDHCP=yes\nLinkLocalAddressing=yes\n"
VXLAN = "[target default]\nunderlay = eth0\nmode = vxlan\n\n[session web]\nvni = 4321\n"
MORE = "[session db]\nvni = 4400\n\n[session odd]\nvni = 4401\ninterface = odd0\n"
MAC = "02:11:22:33:44:55"


# cloud-init

@pytest.fixture
def cloud(machine):
    """The units of a cloud image, as far as their order goes (cloud-init 22.4, Debian 12)."""
    machine.add_unit("cloud-init-local.service", CLOUD_INIT_LOCAL)
    machine.add_unit("cloud-init.service", CLOUD_INIT)
    machine.systemctl("enable", "cloud-init-local.service", "cloud-init.service")
    yield machine
    machine.shell("systemctl disable -q cloud-init-local cloud-init; rm /etc/systemd/system/cloud-init*; "
                  "systemctl daemon-reload")


def cycles(machine):
    done = machine.run("systemd-analyze", "verify", "--man=no", "multi-user.target", check=False)
    return [line for line in (done.stdout + done.stderr).splitlines() if "ordering cycle" in line]


def test_order_when_there_is_cloud_init_then_there_is_no_cycle(service, cloud):
    assert service.show("ActiveState") == "active"
    assert cycles(cloud) == []


def test_order_when_it_were_before_network_pre_then_there_would_be_a_cycle(service, cloud):
    """The test above can fail."""
    cloud.add_drop_in("vtapd.service", "[Unit]\nBefore=network-pre.target\n")
    assert cycles(cloud), service.show("Before")


def test_order_when_it_is_shown_then_it_waits_for_no_network(service):
    assert "network-pre.target" in service.show("After").split()
    assert "network-online.target" not in (service.show("After") + service.show("Wants")).split()
    assert "network-pre.target" not in service.show("Before").split()


# Sensors

@pytest.mark.parametrize("sensor", ["suricata", "zeek"])
def test_sensor_when_it_starts_then_vtapd_has_made_its_interface(service, sensor):
    """By the drop-ins that the package brings."""
    machine = service.machine
    machine.add_unit(f"{sensor}.service", SENSOR)
    service.stop()
    machine.run("vtapd", "--teardown")
    machine.systemctl("start", f"{sensor}.service")
    assert service.show("ActiveState") == "active"
    service.restart()
    assert machine.show(f"{sensor}.service", "ActiveState") == "active", "a restart of vtapd stops no sensor"
    machine.systemctl("stop", f"{sensor}.service")


def test_device_unit_when_the_interface_is_there_then_it_is_active(service):
    device = r"sys-subsystem-net-devices-mirror\x2dweb.device"
    state = lambda: service.machine.show(device, "ActiveState")  # noqa: E731
    until(lambda: state() == "active", f"{device} is active", seen=state)
    service.stop()
    service.machine.run("vtapd", "--teardown")
    until(lambda: state() == "inactive", f"{device} is gone", seen=state)


# networkd

@pytest.fixture(params=["tap", "vxlan"])
def networkd(request, service):
    """systemd-networkd with a catch-all that wants DHCP everywhere; eth0 is the lab's own. In both modes."""
    machine = service.machine
    if request.param == "vxlan":
        service.configure(VXLAN)
        service.reload()
    machine.write("/etc/systemd/network/05-lab.network", "[Match]\nName=eth0\n[Link]\nUnmanaged=yes\n")
    machine.write("/etc/systemd/network/80-all.network", CATCH_ALL)
    machine.ns.ip("link add other0 type veth peer name other1")
    machine.ns.ip("link set other1 up")
    machine.ns.ip("link add other2 type vxlan id 9 dstport 9999")
    machine.systemctl("start", "systemd-networkd.service")
    yield service
    machine.systemctl("stop", "systemd-networkd.service", "systemd-networkd.socket")
    machine.ns.batch(["link del other0", "link del other2"])
    machine.run("rm", "/etc/systemd/network/05-lab.network", "/etc/systemd/network/80-all.network")


def setup_of(machine, interface):
    for line in machine.run("networkctl", "--no-legend", "--no-pager", "list").stdout.splitlines():
        if line.split()[1:2] == [interface]:
            return line.split()[4]
    return None


def test_networkd_when_it_has_a_catch_all_then_it_leaves_our_interfaces_alone(networkd, mirror, capture):
    machine = networkd.machine
    for other in ("other0", "other2"):
        until(lambda name=other: setup_of(machine, name) in ("configuring", "configured"), "networkd takes others",
              seen=lambda name=other: setup_of(machine, name))
    for ours in ("mirror-web", "mirror-db", "odd0"):
        if ours == "mirror-db":
            networkd.write("conf.d/more.conf", MORE)
            networkd.reload()
        until(lambda name=ours: setup_of(machine, name) not in (None, "pending", "initialized"),
              f"networkd has seen {ours}", seen=lambda name=ours: setup_of(machine, name))
        assert setup_of(machine, ours) == "unmanaged"
    tap = capture()
    mirror.send(4321, frames.numbered(1))
    assert tap.frames(at_least=1) == [frames.numbered(1)]
    link = machine.ns.link("mirror-web")
    assert "addr_info" not in link and "mirror-web" not in machine.ns.addresses(), machine.ns.addresses()
    for session in networkd.status()["sessions"]:
        assert session["repairs"] == 0, f"nobody had to put anything back: {session}"


def test_network_manager_when_it_is_installed_then_a_file_tells_it_to_keep_away(service):
    listed = service.machine.run("dpkg", "-L", "vtapd").stdout.splitlines()
    found = [path for path in listed if "/NetworkManager/conf.d/" in path and path.endswith(".conf")]
    assert found, "no file for NetworkManager"
    text = service.machine.read(found[0])
    assert "interface-name:mirror-*" in text and "managed=0" in text, text


# udev and sysctl

def settings(ns, interface="mirror-web"):
    return {"rp_filter": ns.read(f"/proc/sys/net/ipv4/conf/{interface}/rp_filter").strip(),
            "disable_ipv6": ns.read(f"/proc/sys/net/ipv6/conf/{interface}/disable_ipv6").strip(),
            "address": ns.link(interface)["address"]}


def test_udev_when_it_applies_sysctl_to_a_new_interface_then_our_settings_win(service):
    """99-systemd.rules runs systemd-sysctl for each interface that appears; Debian's default sets rp_filter to 2."""
    machine, ns = service.machine, service.machine.ns
    wanted = settings(ns)
    assert wanted["disable_ipv6"] == "1", wanted
    machine.write("/etc/sysctl.d/90-site.conf", "net.ipv4.conf.*.rp_filter = 0\nnet.ipv6.conf.*.disable_ipv6 = 0\n")
    try:
        machine.run("udevadm", "trigger", "--action=add", "/sys/class/net/mirror-web")
        machine.run("udevadm", "settle")
        until(lambda: settings(ns) == wanted, "what udev's sysctl put back is re-asserted", 15, seen=lambda: settings(ns))
        service.write("conf.d/db.conf", "[session db]\nvni = 4400\n")
        service.reload()
        machine.run("udevadm", "settle")
        until(lambda: settings(ns, "mirror-db")["rp_filter"] == wanted["rp_filter"]
              and settings(ns, "mirror-db")["disable_ipv6"] == "1", "a new interface", 15,
              seen=lambda: settings(ns, "mirror-db"))
    finally:
        machine.run("rm", "/etc/sysctl.d/90-site.conf")


@pytest.mark.parametrize("family, name, value", [("ipv4", "rp_filter", 0), ("ipv6", "disable_ipv6", 0)])
def test_sysctl_when_somebody_sets_it_then_it_is_put_back(service, family, name, value):
    ns, wanted = service.machine.ns, settings(service.machine.ns)[name]
    service.machine.run("sysctl", "-q", "-w", f"net/{family}/conf/mirror-web/{name}={value}")
    until(lambda: settings(ns)[name] == wanted, f"{name} is put back", 15, seen=lambda: settings(ns))


def test_udev_when_a_link_file_gives_a_random_mac_then_ours_is_kept(service):
    machine, ns = service.machine, service.machine.ns
    wanted = settings(ns)["address"]
    machine.write("/etc/systemd/network/10-random.link", "[Match]\nOriginalName=*\n[Link]\nMACAddressPolicy=random\n")
    try:
        machine.run("udevadm", "control", "--reload")
        machine.run("udevadm", "trigger", "--action=add", "/sys/class/net/mirror-web")
        machine.run("udevadm", "settle")
        ns.ip(f"link set mirror-web address {MAC}")
        until(lambda: settings(ns)["address"] == wanted, "the MAC is put back", 15, seen=lambda: settings(ns))
    finally:
        machine.run("rm", "/etc/systemd/network/10-random.link")
        machine.run("udevadm", "control", "--reload")
