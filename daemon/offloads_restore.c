// SPDX-License-Identifier: Apache-2.0
/* What was on, put back from the file alone: by a teardown, whose daemon is gone or takes no more
 * turns. */
#include <errno.h>
#include <string.h>

#include "daemon/former.h"
#include "daemon/offloads.h"
#include "daemon/underlays.h"
#include "netlink/dump.h"
#include "netlink/offload.h"

/** struct restoring - what is in the file, what there is, and what was done */
struct restoring {
	struct vtap_former *former; /* in the end: what is left of it */
	size_t n;
	struct vtap_offload *offload; /* borrowed */
	struct vtap_devices devices;
	struct vtap_report_restored *restored;
	size_t n_restored;
};

static void restoring_done(struct restoring *restoring)
{
	vtap_devices_done(&restoring->devices);
	free(restoring->restored);
	free(restoring->former);
}

static const struct vtap_device *device_find(
	const struct vtap_devices *devices, const struct vtap_former *former)
{
	for (size_t i = 0; i < devices->n; i++)
		if (strcmp(devices->device[i].name, former->name) == 0)
			return &devices->device[i];
	return NULL;
}

static int one_restore(struct restoring *restoring, const struct vtap_device *device,
	unsigned merging, struct vtap_err *err)
{
	struct vtap_report_restored *restored = &restoring->restored[restoring->n_restored];
	unsigned which = merging & ~device->merging;
	int r = which == 0 ? -ENODEV
			   : vtap_offload_set(restoring->offload, device->index, which, which, err);

	if (r == -ENODEV)
		return 0; /* nothing to put back, or gone since the look */
	if (r < 0)
		return vtap_err_add(err, r, "%s", device->name);
	memcpy(restored->interface, device->name, sizeof(restored->interface));
	restored->merging = which;
	restoring->n_restored++;
	return 0;
}

/* The devices of the file that there are, as they are to be put back. */
static int devices_order(
	const struct restoring *restoring, const struct vtap_device ***ret_order, size_t *ret_n)
{
	const struct vtap_device **order = calloc(restoring->n + 1, sizeof(*order));
	size_t n = 0;

	if (order == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < restoring->n; i++) {
		order[n] = device_find(&restoring->devices, &restoring->former[i]);
		n += order[n] != NULL;
	}
	vtap_underlays_sort(order, n);
	*ret_order = order;
	*ret_n = n;
	return 0;
}

static const struct vtap_former *former_of(
	const struct restoring *restoring, const struct vtap_device *device)
{
	for (size_t i = 0; i < restoring->n; i++)
		if (device_find(&restoring->devices, &restoring->former[i]) == device)
			return &restoring->former[i];
	return NULL;
}

/* All of them, whatever one of them refuses. Those that are worth another try are left. */
static int all_restore(struct restoring *restoring, struct vtap_err *err)
{
	_auto_free struct vtap_former *left = calloc(restoring->n + 1, sizeof(*left));
	_auto_free const struct vtap_device **order = NULL;
	size_t n = 0, n_left = 0;
	int r = left == NULL ? -ENOMEM : devices_order(restoring, &order, &n);

	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		const struct vtap_former *former = former_of(restoring, order[i]);
		struct vtap_err one_err = VTAP_ERR_NULL;
		int r_one = one_restore(restoring, order[i], former->merging, &one_err);

		/* a driver that does not follow will not do so later, unless another is first */
		if (r_one < 0 && (r_one != -EOPNOTSUPP || n_left > 0))
			left[n_left++] = *former;
		if (r_one < 0 && r == 0) {
			r = r_one;
			(void)vtap_err_set(err, r, "%s", one_err.text); /* returns it */
		}
	}
	free(restoring->former);
	restoring->former = vtap_steal(&left);
	restoring->n = n_left;
	return r;
}

/* What there is and what merges there, and then the rest. */
static int look_and_restore(struct restoring *restoring, struct vtap_nl *nl, struct vtap_err *err)
{
	_auto(offload) struct vtap_offload *offload = NULL;
	int r = vtap_offload_open(&offload, err);

	if (r == 0)
		r = vtap_links_dump(nl, &restoring->devices, err);
	if (r == 0)
		r = vtap_offload_note(offload, &restoring->devices, err);
	if (r < 0)
		return r;
	restoring->offload = offload;
	return all_restore(restoring, err);
}

int vtap_offloads_restore(struct vtap_nl *nl, const char *runtime_dir,
	struct vtap_report_removed *ret_removed, struct vtap_err *err)
{
	__attribute__((cleanup(restoring_done))) struct restoring restoring = { 0 };
	_auto_free char *path = vtap_former_path(runtime_dir);
	int r = path == NULL ? -ENOMEM
			     : vtap_former_load(path, &restoring.former, &restoring.n, err);
	int r_saved;

	if (r < 0)
		return r;
	restoring.restored = calloc(restoring.n + 1, sizeof(*restoring.restored));
	if (restoring.restored == NULL)
		return -ENOMEM;
	if (restoring.n > 0)
		r = look_and_restore(&restoring, nl, err);
	if (r < 0)
		(void)vtap_err_add(err, r, "put back what merged frames before");
	r_saved = vtap_former_save(path, restoring.former, restoring.n, r < 0 ? NULL : err);
	if (r < 0 || r_saved < 0)
		return r < 0 ? r : r_saved;
	ret_removed->restored = vtap_steal(&restoring.restored);
	ret_removed->n_restored = restoring.n_restored;
	return 0;
}
