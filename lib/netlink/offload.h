/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Offloads that merge frames: generic and large receive offload, by ethtool's netlink. A vxlan
 * device shows what was on the wire only while they are off on it and on its underlay.
 * News of them are ethtool's own: the kernel tells them in a group of their own.
 */
#pragma once

#include <stdbool.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "model/device.h"

struct vtap_offload;

/**
 * vtap_offload_open() - a socket for questions and one for news, in the current network namespace
 * Return: 0; -EOPNOTSUPP where the kernel has no ethtool netlink; other negative errno.
 */
int vtap_offload_open(struct vtap_offload **ret_offload, struct vtap_err *err);

/** vtap_offload_close() - NULL is allowed */
void vtap_offload_close(struct vtap_offload *offload);
VTAP_FREEP(offload, struct vtap_offload, vtap_offload_close)

/** vtap_offload_fd() - readable when features of some interface changed; borrowed */
int vtap_offload_fd(const struct vtap_offload *offload);

/** vtap_offload_drain() - take all news. Return: was there any, lost ones included? */
bool vtap_offload_drain(struct vtap_offload *offload);

/**
 * vtap_offload_note() - fill in merging and merging_fixed of every device
 * @devices: of one look, sorted by index; those that the answer does not name stay as they are
 * Context: main thread; no capability.
 * Return: 0 or negative errno. Source: kernel Documentation/networking/ethtool-netlink.rst
 * FEATURES_GET.
 */
int vtap_offload_note(
	struct vtap_offload *offload, struct vtap_devices *devices, struct vtap_err *err);

/**
 * vtap_offload_set() - switch merging features of one interface
 * @which: bits of enum vtap_merging to set
 * @on:    those of @which that are to be on; the others are switched off
 * Context: main thread; needs CAP_NET_ADMIN.
 * Return: 0; -EOPNOTSUPP when the driver did not do as it was told (the sentence names what is
 * still on or off); -EAGAIN while the driver has it detached (a reset, a runtime suspend); -ENODEV
 * when it is gone; other negative errno.
 */
int vtap_offload_set(
	struct vtap_offload *offload, int index, unsigned which, unsigned on, struct vtap_err *err);
