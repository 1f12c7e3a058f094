/* SPDX-License-Identifier: Apache-2.0 */
/* One whole look at the network interfaces of the current namespace. */
#pragma once

#include "base/err.h"
#include "model/device.h"
#include "netlink/socket.h"

/**
 * vtap_links_dump() - read all interfaces
 * @ret_devices: sorted by index; the caller frees them with vtap_devices_done()
 * Context: main thread; no capability. Interrupted dumps are repeated, five times at most.
 * Return: 0 or negative errno.
 * Source: rtnetlink(7) RTM_GETLINK and RTM_GETADDR; IFLA_TUN_*, IFLA_INET_CONF, IFLA_INET6_CONF of
 * linux/if_link.h.
 */
int vtap_links_dump(struct vtap_nl *nl, struct vtap_devices *ret_devices, struct vtap_err *err);
