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

/** struct restoring - what is in the file, what there is, and what becomes of it; of each list
 * there may be as many as in the file */
struct restoring {
	struct vtap_former *former;
	size_t n;
	struct vtap_offload *offload;
	struct vtap_devices devices;
	const struct vtap_device *
		*order; /* those of the file that there are, from the outside in */
	size_t n_order;
	struct vtap_former *left; /* to be tried again */
	size_t n_left;
	struct vtap_report_restored *restored, *missed;
	size_t n_restored, n_missed;
};

static void restoring_done(struct restoring *restoring)
{
	free(restoring->order);
	vtap_devices_done(&restoring->devices);
	vtap_offload_close(restoring->offload);
	free(restoring->missed);
	free(restoring->restored);
	free(restoring->left);
	free(restoring->former);
}

static int restoring_init(struct restoring *restoring, const char *path, struct vtap_err *err)
{
	int r = vtap_former_load(path, &restoring->former, &restoring->n, err);

	if (r < 0)
		return r;
	restoring->left = calloc(restoring->n + 1, sizeof(*restoring->left));
	restoring->restored = calloc(restoring->n + 1, sizeof(*restoring->restored));
	restoring->missed = calloc(restoring->n + 1, sizeof(*restoring->missed));
	if (restoring->left == NULL || restoring->restored == NULL || restoring->missed == NULL)
		return -ENOMEM;
	return 0;
}

static void list_add(
	struct vtap_report_restored *list, size_t *n, const char *interface, unsigned merging)
{
	struct vtap_report_restored *added = &list[(*n)++];

	memcpy(added->interface, interface, sizeof(added->interface));
	added->merging = merging;
}

static int one_restore(struct restoring *restoring, const struct vtap_device *device,
	unsigned merging, struct vtap_err *err)
{
	unsigned which = merging & ~device->merging;
	int r = which == 0 ? -ENODEV
			   : vtap_offload_set(restoring->offload, device->index, which, which, err);

	if (r == -ENODEV)
		return 0; /* nothing to put back, or gone since the look */
	if (r < 0)
		return vtap_err_add(err, r, "%s", device->name);
	list_add(restoring->restored, &restoring->n_restored, device->name, which);
	return 0;
}

static const struct vtap_former *former_of(
	const struct restoring *restoring, const struct vtap_device *device)
{
	for (size_t i = 0; i < restoring->n; i++)
		if (vtap_former_find(&restoring->former[i], &restoring->devices) == device)
			return &restoring->former[i];
	return NULL;
}

/* The devices of the file that there are, each once, as they are to be put back. */
static int devices_order(struct restoring *restoring)
{
	restoring->order = calloc(restoring->n + 1, sizeof(*restoring->order));
	if (restoring->order == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < restoring->devices.n && restoring->n_order < restoring->n; i++)
		if (former_of(restoring, &restoring->devices.device[i]) != NULL)
			restoring->order[restoring->n_order++] = &restoring->devices.device[i];
	vtap_underlays_sort(restoring->order, restoring->n_order);
	return 0;
}

/* What there is, and what merges there. */
static int look(struct restoring *restoring, struct vtap_nl *nl, struct vtap_err *err)
{
	int r = vtap_offload_open(&restoring->offload, err);

	if (r == 0)
		r = vtap_links_dump(nl, &restoring->devices, err);
	if (r == 0)
		r = vtap_offload_note(restoring->offload, &restoring->devices, err);
	return r < 0 ? r : devices_order(restoring);
}

/* All that there are, whatever one of them refuses. */
static int all_restore(struct restoring *restoring, struct vtap_err *err)
{
	int r = 0;

	for (size_t i = 0; i < restoring->n_order; i++) {
		const struct vtap_device *device = restoring->order[i];
		const struct vtap_former *former = former_of(restoring, device);
		struct vtap_err one_err = VTAP_ERR_NULL;
		int r_one = one_restore(restoring, device, former->merging, &one_err);

		/* a driver that does not follow will not do so later, unless another is first */
		if (r_one < 0 && (r_one != -EOPNOTSUPP || restoring->n_left > 0))
			restoring->left[restoring->n_left++] = *former;
		if (r_one < 0 && r == 0) {
			r = r_one;
			(void)vtap_err_set(
				err, r, "%s", vtap_err_text(&one_err, r)); /* returns it */
		}
	}
	return r;
}

/* Those that there are not. They stay where nobody is told of them: see vtap_offloads_restore(). */
static void missed_note(struct restoring *restoring, bool is_told)
{
	for (size_t i = 0; i < restoring->n; i++) {
		const struct vtap_former *former = &restoring->former[i];

		if (former->merging == 0 || vtap_former_find(former, &restoring->devices) != NULL)
			continue;
		list_add(restoring->missed, &restoring->n_missed, former->name, former->merging);
		if (!is_told)
			restoring->left[restoring->n_left++] = *former;
	}
}

static int restore(struct restoring *restoring, const char *path, struct vtap_err *err)
{
	int r = all_restore(restoring, err), r_saved;

	missed_note(restoring, r == 0);
	r_saved = vtap_former_save(path, restoring->left, restoring->n_left, r < 0 ? NULL : err);
	return r < 0 ? r : r_saved;
}

int vtap_offloads_restore(struct vtap_nl *nl, const char *runtime_dir,
	struct vtap_report_removed *ret_removed, struct vtap_err *err)
{
	__attribute__((cleanup(restoring_done))) struct restoring restoring = { 0 };
	_auto_free char *path = vtap_former_path(runtime_dir);
	int r = path == NULL ? -ENOMEM : restoring_init(&restoring, path, err);

	if (r == 0 && restoring.n > 0)
		r = look(&restoring, nl, err);
	if (r == 0)
		r = restore(&restoring, path, err);
	if (r < 0)
		return vtap_err_add(err, r, "put back what merged frames before");
	ret_removed->restored = vtap_steal(&restoring.restored);
	ret_removed->n_restored = restoring.n_restored;
	ret_removed->missed = vtap_steal(&restoring.missed);
	ret_removed->n_missed = restoring.n_missed;
	return 0;
}
