"""Generic receive offload of an interface, as ethtool(8) sees it, but in microseconds: for those who wait for it."""

import array
import fcntl
import socket
import struct

SIOCETHTOOL = 0x8946  # linux/sockios.h
ETHTOOL_GGRO, ETHTOOL_SGRO = 0x2B, 0x2C  # linux/ethtool.h


def _ask(ns, interface, command, value=0):
    """struct ethtool_value, there and back."""
    data = array.array("I", [command, value])
    with ns, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, SIOCETHTOOL, struct.pack("16sP16x", interface.encode(), data.buffer_info()[0]))
    return data[1]


def has_gro(ns, interface):
    return bool(_ask(ns, interface, ETHTOOL_GGRO))


def switch_gro(ns, interface, is_on):
    _ask(ns, interface, ETHTOOL_SGRO, int(is_on))
