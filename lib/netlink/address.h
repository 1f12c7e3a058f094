/* SPDX-License-Identifier: Apache-2.0 */
/* IP addresses of interfaces: who has any, which are this host's own, and taking them away. */
#pragma once

#include <stddef.h>

#include "base/err.h"
#include "base/prefix.h"
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

/** struct vtap_own_address - an address that this host takes unicast packets for */
struct vtap_own_address {
	struct vtap_addr addr;
	int index; /* of the interface that has it */
};

/**
 * vtap_addresses_dump() - every IPv4 and IPv6 address that packets from outside may be sent to
 * @ret_addresses: the caller frees it; NULL when there are none
 * Loopback (127/8, ::1), IPv6 link-local, tentative (unless optimistic) and duplicate addresses are
 * left out.
 * Context: main thread; no capability. Interrupted dumps are repeated, five times at most.
 * Return: 0 or negative errno. Source: rtnetlink(7) RTM_GETADDR; RFC 4429 for optimistic.
 */
int vtap_addresses_dump(struct vtap_nl *nl, struct vtap_own_address **ret_addresses, size_t *ret_n,
	struct vtap_err *err);

/**
 * vtap_addresses_remove() - take every address from a device
 * Context: main thread; needs CAP_NET_ADMIN. One that is gone already is passed over.
 * Return: 0 or negative errno.
 */
int vtap_addresses_remove(struct vtap_nl *nl, int index, struct vtap_err *err);
