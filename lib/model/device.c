// SPDX-License-Identifier: Apache-2.0
#include "model/device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void vtap_devices_done(struct vtap_devices *devices)
{
	free(devices->device);
	*devices = (struct vtap_devices){ 0 };
}

static int index_compare(const void *key, const void *element)
{
	int index = *(const int *)key;
	const struct vtap_device *device = element;

	return (index > device->index) - (index < device->index);
}

const struct vtap_device *vtap_devices_find_index(const struct vtap_devices *devices, int index)
{
	if (devices->n == 0)
		return NULL;
	return bsearch(
		&index, devices->device, devices->n, sizeof(*devices->device), index_compare);
}

bool vtap_device_is_ours(const struct vtap_device *device)
{
	if (device->is_vxlan && device->group == VTAP_GROUP_MAKING)
		return true;
	return (device->is_tap || device->is_vxlan) && vtap_ifname_is_marked(device->alias);
}

const char *vtap_device_kind_text(const struct vtap_device *device, char *ret_text, size_t size)
{
	const char *kind = device->is_tap ? "TAP" : device->kind;

	if (kind[0] == '\0')
		(void)snprintf(ret_text, size, "an interface"); /* cut is harmless */
	else
		(void)snprintf(ret_text, size, "a %s interface", kind); /* cut is harmless */
	return ret_text;
}

const char *vtap_merging_format(unsigned merging, char *ret_text, size_t size)
{
	(void)snprintf(ret_text, size, "%s%s%s%s%s", /* cut is harmless */
		(merging & VTAP_MERGING_GRO) != 0 ? "gro" : "",
		(merging & VTAP_MERGING_GRO) != 0 && (merging & VTAP_MERGING_LRO) != 0 ? ", " : "",
		(merging & VTAP_MERGING_LRO) != 0 ? "lro" : "",
		(merging & (VTAP_MERGING_GRO | VTAP_MERGING_LRO)) != 0 &&
				(merging & VTAP_MERGING_GRO_HW) != 0
			? ", "
			: "",
		(merging & VTAP_MERGING_GRO_HW) != 0 ? "gro-hw" : "");
	return ret_text;
}
