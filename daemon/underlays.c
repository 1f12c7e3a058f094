// SPDX-License-Identifier: Apache-2.0
#include "daemon/underlays.h"

#include <net/if.h>
#include <stddef.h>
#include <string.h>

#include "base/cleanup.h"

static bool can_be_one(const struct vtap_device *device)
{
	return !vtap_device_is_ours(device) && (device->flags & IFF_LOOPBACK) == 0;
}

/* Does it take what it shows from the device below it? A veth only has its peer there. */
static bool is_upper(const struct vtap_device *device)
{
	static const char *const KINDS[] = { "vlan", "macvlan", "ipvlan" };

	for (size_t i = 0; i < VTAP_ARRAY_LEN(KINDS); i++)
		if (strcmp(device->kind, KINDS[i]) == 0)
			return device->lower_index != 0;
	return false;
}

/* Return: was it not marked yet? */
static bool mark(const struct vtap_devices *devices, const struct vtap_device *device, bool *marks)
{
	size_t i = device != NULL ? (size_t)(device - devices->device) : 0;

	if (device == NULL || marks[i] || !can_be_one(device))
		return false;
	marks[i] = true;
	return true;
}

/* One storey down. Return: was there any? */
static bool lower_mark(const struct vtap_devices *devices, bool *marks)
{
	bool has_any = false;

	for (size_t i = 0; i < devices->n; i++) {
		const struct vtap_device *device = &devices->device[i];
		const struct vtap_device *master =
			device->master_index != 0
				? vtap_devices_find_index(devices, device->master_index)
				: NULL;

		if (marks[i] && is_upper(device))
			has_any |= mark(devices,
				vtap_devices_find_index(devices, device->lower_index), marks);
		if (master != NULL && marks[master - devices->device])
			has_any |= mark(devices, device, marks);
	}
	return has_any;
}

void vtap_underlays_mark(
	const struct vtap_target *target, const struct vtap_devices *devices, bool *ret_marks)
{
	for (size_t i = 0; i < devices->n; i++)
		if (can_be_one(&devices->device[i]) &&
			vtap_target_names(target, devices->device[i].name))
			ret_marks[i] = true;
	while (lower_mark(devices, ret_marks))
		; /* ends: each round marks one more */
}

static bool stands_on(const struct vtap_device *device, const struct vtap_device *below)
{
	return below->master_index == device->index ||
	       (is_upper(device) && device->lower_index == below->index);
}

/* Brings to the front of those from @first on one that stands on it, if any. */
static bool upper_pull(const struct vtap_device **device, size_t first, size_t n)
{
	const struct vtap_device *below = device[first];

	for (size_t i = first + 1; i < n; i++)
		if (stands_on(device[i], below)) {
			device[first] = device[i];
			device[i] = below;
			return true;
		}
	return false;
}

void vtap_underlays_sort(const struct vtap_device **device, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t storey = i; storey < n && upper_pull(device, i, n); storey++)
			; /* there are no more storeys than devices, whatever a look says */
}
