/* SPDX-License-Identifier: Apache-2.0 */
/* Who is in the way of a target or session: the other party, named in words for people. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "model/device.h"
#include "plan/plan.h"

/**
 * vtap_conflict_port() - who has a UDP port that the kernel did not give us
 * @devices:  the last look at the kernel
 * @wish:     of a vxlan device, which shares its port with others that have its receive flags;
 *            NULL: of a socket, which shares it with none
 * @ret_text: "UDP port 4789 is in use by ..."; the command that tells where we could not
 * Context: main thread; no capability, but processes of others are named only where /proc shows
 * them.
 */
void vtap_conflict_port(const struct vtap_devices *devices, uint16_t port,
	const struct vtap_wish *wish, char ret_text[static VTAP_ERR_MAX]);

/** vtap_conflict_find_port() - the device that is not ours and has the port of this wish, made with
 * other receive flags, or NULL; borrowed */
const struct vtap_device *vtap_conflict_find_port(
	const struct vtap_devices *devices, const struct vtap_wish *wish);

/** vtap_conflict_find_vni() - the device that is not ours and has the VNI of this wish on its port,
 * or NULL; borrowed */
const struct vtap_device *vtap_conflict_find_vni(
	const struct vtap_devices *devices, const struct vtap_wish *wish);

/**
 * vtap_conflict_vni() - who has the VNI of this wish on its port, where the kernel said that
 * somebody has it
 *
 * A device that was moved to another network namespace keeps it where it was made.
 * Return: false when it is nobody else: something of that name is there by now, or another of ours
 * is on its way out.
 */
bool vtap_conflict_vni(const struct vtap_devices *devices, const struct vtap_wish *wish,
	char ret_text[static VTAP_ERR_MAX]);
