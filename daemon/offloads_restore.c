// SPDX-License-Identifier: Apache-2.0
/* What was on, put back from the file alone: by a teardown, whose daemon is gone or takes no more
 * turns. */
#include <errno.h>
#include <net/if.h>
#include <string.h>

#include "daemon/former.h"
#include "daemon/offloads.h"
#include "netlink/offload.h"

/** struct restoring - what is left of the file, and what was done */
struct restoring {
	struct vtap_former *former;
	size_t n;
	char **names;
	size_t n_names;
};

static void restoring_done(struct restoring *restoring)
{
	for (size_t i = 0; i < restoring->n_names; i++)
		free(restoring->names[i]);
	free(restoring->names);
	free(restoring->former);
}

static int one_restore(struct restoring *restoring, struct vtap_offload *offload,
	const struct vtap_former *former, struct vtap_err *err)
{
	int index = (int)if_nametoindex(former->name);
	int r = index == 0 || former->merging == 0
			? -ENODEV
			: vtap_offload_set(offload, index, former->merging, former->merging, err);

	if (r == -ENODEV)
		return 0; /* nothing to put back */
	if (r < 0)
		return vtap_err_add(err, r, "%s", former->name);
	restoring->names[restoring->n_names] = strdup(former->name);
	if (restoring->names[restoring->n_names] == NULL)
		return -ENOMEM;
	restoring->n_names++;
	return 0;
}

/* All of them, whatever one of them refuses. Those that are worth another try stay, in front. */
static int all_restore(
	struct restoring *restoring, struct vtap_offload *offload, struct vtap_err *err)
{
	size_t n_left = 0;
	int r = 0;

	for (size_t i = 0; i < restoring->n; i++) {
		struct vtap_err one_err = VTAP_ERR_NULL;
		int r_one = one_restore(restoring, offload, &restoring->former[i], &one_err);

		if (r_one < 0 && r_one != -EOPNOTSUPP)
			restoring->former[n_left++] = restoring->former[i];
		if (r_one < 0 && r == 0) {
			r = r_one;
			(void)vtap_err_set(err, r, "%s", one_err.text); /* returns it */
		}
	}
	restoring->n = n_left;
	return r;
}

int vtap_offloads_restore(
	const char *runtime_dir, char ***ret_names, size_t *ret_n, struct vtap_err *err)
{
	__attribute__((cleanup(restoring_done))) struct restoring restoring = { 0 };
	_auto(offload) struct vtap_offload *offload = NULL;
	_auto_free char *path = vtap_former_path(runtime_dir);
	int r = path == NULL ? -ENOMEM
			     : vtap_former_load(path, &restoring.former, &restoring.n, err);
	int r_saved;

	if (r < 0)
		return r;
	restoring.names = calloc(restoring.n + 1, sizeof(*restoring.names));
	if (restoring.names == NULL)
		return -ENOMEM;
	if (restoring.n > 0)
		r = vtap_offload_open(&offload, err);
	if (r == 0)
		r = all_restore(&restoring, offload, err);
	if (r < 0)
		(void)vtap_err_add(err, r, "put back what merged frames before");
	r_saved = vtap_former_save(path, restoring.former, restoring.n, r < 0 ? NULL : err);
	if (r < 0 || r_saved < 0)
		return r < 0 ? r : r_saved;
	*ret_names = vtap_steal(&restoring.names);
	*ret_n = restoring.n_names;
	restoring.n_names = 0;
	return 0;
}
