/* SPDX-License-Identifier: Apache-2.0 */
/* IP addresses of interfaces: who has any, and taking them away. */
#pragma once

#include "base/err.h"
#include "model/device.h"
#include "netlink/socket.h"

/**
 * vtap_addresses_note() - mark which of these devices have an IPv4 or IPv6 address
 * @devices: of one look, sorted by index; has_address is set where there is one
 * Context: main thread; no capability.
 * Return: 0; -EINTR when the dump was interrupted; other negative errno. Source: rtnetlink(7)
 * RTM_GETADDR.
 */
int vtap_addresses_note(struct vtap_nl *nl, struct vtap_devices *devices, struct vtap_err *err);

/**
 * vtap_addresses_remove() - take every address from a device
 * Context: main thread; needs CAP_NET_ADMIN. One that is gone already is passed over.
 * Return: 0 or negative errno.
 */
int vtap_addresses_remove(struct vtap_nl *nl, int index, struct vtap_err *err);
