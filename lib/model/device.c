// SPDX-License-Identifier: Apache-2.0
#include "model/device.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"

static const char *const MERGING_NAMES[] = { "gro", "lro", "gro-hw" };
static_assert(VTAP_ARRAY_LEN(MERGING_NAMES) == VTAP_MERGING_COUNT, "every feature has a name");

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

const char *vtap_merging_name(unsigned i)
{
	return MERGING_NAMES[i];
}

const char *vtap_merging_format(unsigned merging, char *ret_text, size_t size)
{
	size_t used = 0;

	ret_text[0] = '\0';
	for (unsigned i = 0; i < VTAP_MERGING_COUNT && used < size; i++)
		if ((merging & 1U << i) != 0)
			used += (size_t)snprintf(ret_text + used, size - used,
				"%s%s", /* cut is harmless */
				used > 0 ? ", " : "", MERGING_NAMES[i]);
	return ret_text;
}
