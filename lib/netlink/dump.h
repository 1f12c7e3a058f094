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

/**
 * vtap_link_is_still() - does that index still belong to the device that a look found there?
 *
 * An index may be given again, and what is set by it would be set on somebody else's device. Told
 * by kind, alias and MAC; not by name, which may have changed.
 * @device: of the look; NULL is allowed
 * Context: main thread; no capability.
 * Return: false also when the kernel does not answer.
 */
bool vtap_link_is_still(struct vtap_nl *nl, const struct vtap_device *device);
