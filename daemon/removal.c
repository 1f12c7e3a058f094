// SPDX-License-Identifier: Apache-2.0
#include "daemon/removal.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "daemon/guards.h"
#include "daemon/log.h"
#include "daemon/offloads.h"
#include "daemon/steering.h"
#include "netlink/clsact.h"
#include "netlink/dump.h"
#include "netlink/link.h"

static bool has_program(struct vtap_nl *nl, int index, const char *name)
{
	struct vtap_filter filter;

	return vtap_clsact_find(nl, index, VTAP_HOOK_INGRESS, &filter, NULL) == 0 &&
	       strcmp(filter.name, name) == 0;
}

/* The programs that steer, before the interfaces that they steer to. */
static int fast_paths_remove(struct vtap_nl *nl, const struct vtap_devices *devices,
	struct vtap_report_removed *removed, struct vtap_err *err)
{
	int r = 0;

	for (size_t i = 0; i < devices->n && r == 0; i++) {
		const struct vtap_device *device = &devices->device[i];

		if (vtap_device_is_ours(device) ||
			!has_program(nl, device->index, VTAP_STEERING_NAME))
			continue;
		r = vtap_clsact_clear(nl, device->index, VTAP_HOOK_INGRESS, err);
		if (r == 0)
			removed->fast_path[removed->n_fast_paths] = strdup(device->name);
		if (r == 0 && removed->fast_path[removed->n_fast_paths++] == NULL)
			r = -ENOMEM;
	}
	return r;
}

/* Had no device of ours before this one the same? */
static bool port_is_new(const struct vtap_devices *devices, size_t i)
{
	uint16_t port = devices->device[i].vxlan.port;

	for (size_t j = 0; j < i && port != 0; j++)
		if (devices->device[j].vxlan.port == port &&
			vtap_device_is_ours(&devices->device[j]))
			return false;
	return port != 0;
}

/* With vxlan interfaces goes their port. */
static void port_note(struct vtap_report_removed *removed, uint16_t port)
{
	size_t used = strlen(removed->ports);

	(void)snprintf(removed->ports + used, sizeof(removed->ports) - used,
		"%s%u", /* cut is fine */
		used > 0 ? " and " : "", port);
}

/* With an interface goes its guard. */
static int interfaces_remove(struct vtap_nl *nl, const struct vtap_devices *devices,
	struct vtap_report_removed *removed, struct vtap_err *err)
{
	_auto_free int *indexes = calloc(devices->n + 1, sizeof(*indexes));
	size_t n = 0, n_guards = 0;
	int r;

	if (indexes == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < devices->n; i++) {
		if (!vtap_device_is_ours(&devices->device[i]))
			continue;
		if (port_is_new(devices, i))
			port_note(removed, devices->device[i].vxlan.port);
		indexes[n++] = devices->device[i].index;
		n_guards += has_program(nl, devices->device[i].index, VTAP_GUARD_IN_NAME);
	}
	r = vtap_links_delete(nl, indexes, n, err);
	if (r < 0)
		return r;
	removed->n_interfaces = n;
	removed->n_guards = n_guards;
	return 0;
}

int vtap_removal_run(struct vtap_nl *nl, const char *runtime_dir,
	struct vtap_report_removed *ret_removed, struct vtap_err *err)
{
	struct vtap_report_removed removed = { 0 };
	struct vtap_devices devices = { 0 };
	int r = vtap_links_dump(nl, &devices, err);

	if (r < 0)
		return r;
	removed.fast_path = calloc(devices.n + 1, sizeof(*removed.fast_path));
	r = removed.fast_path == NULL ? -ENOMEM : fast_paths_remove(nl, &devices, &removed, err);
	if (r == 0)
		r = interfaces_remove(nl, &devices, &removed, err);
	if (r == 0)
		r = vtap_steering_forget(runtime_dir);
	if (r == 0)
		r = vtap_offloads_restore(nl, runtime_dir, &removed, err);
	vtap_devices_done(&devices);
	if (r < 0)
		vtap_report_removed_done(&removed);
	else
		*ret_removed = removed;
	return r;
}

void vtap_removal_log(const struct vtap_report_removed *removed)
{
	char names[VTAP_MERGING_TEXT_MAX];

	for (size_t i = 0; i < removed->n_restored; i++) {
		const struct vtap_report_restored *one = &removed->restored[i];

		vtap_log(LOG_INFO, VTAP_EVENT_UNDERLAY,
			&(struct vtap_log_context){ .interface = one->interface },
			"%s: %s on again, as before", one->interface,
			vtap_merging_format(one->merging, names, sizeof(names)));
	}
	for (size_t i = 0; i < removed->n_missed; i++) {
		const struct vtap_report_restored *one = &removed->missed[i];

		vtap_log(LOG_NOTICE, VTAP_EVENT_UNDERLAY,
			&(struct vtap_log_context){ .interface = one->interface },
			"%s: not found, so %s is not switched on again", one->interface,
			vtap_merging_format(one->merging, names, sizeof(names)));
	}
}
