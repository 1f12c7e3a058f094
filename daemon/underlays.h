/* SPDX-License-Identifier: Apache-2.0 */
/* Where packets of a vxlan-mode target come in, from the outside in: the underlays that it names,
 * and what carries them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "model/conf.h"
#include "model/device.h"

/**
 * vtap_underlays_mark() - the devices whose merging would change what a target's sessions are shown
 * @ret_marks: one for each of @devices, set for those, else left alone
 *
 * A name or glob of the target stands for devices that are neither ours nor loopback. What comes in
 * over a bridge, bond, VLAN or macvlan was merged already by the device below it, so their ports
 * and the devices that they stand on count, too.
 */
void vtap_underlays_mark(
	const struct vtap_target *target, const struct vtap_devices *devices, bool *ret_marks);

/**
 * vtap_underlays_sort() - from the outside in: each before its ports and what it stands on
 *
 * The kernel does not let a port have LRO while its master has it off, so what is switched on is
 * switched on in this order. Source: kernel net/core/dev.c netdev_sync_upper_features()
 */
void vtap_underlays_sort(const struct vtap_device **device, size_t n);
