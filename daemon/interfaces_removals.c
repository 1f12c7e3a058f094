// SPDX-License-Identifier: Apache-2.0
/* Interfaces of ours that nobody wants any more: which of them cannot wait, and their end. */
#include <errno.h>
#include <string.h>

#include "daemon/interfaces_state.h"
#include "daemon/log.h"
#include "netlink/dump.h"
#include "netlink/link.h"

int vtap_removals_keep(struct vtap_interfaces *set, const struct vtap_plan *plan)
{
	int *removal = calloc(plan->n + 1, sizeof(*removal));

	if (removal == NULL)
		return -ENOMEM;
	free(set->removal);
	set->removal = removal;
	set->n_removals = 0;
	for (size_t i = 0; i < plan->n; i++)
		if (plan->step[i].kind == VTAP_STEP_REMOVE)
			removal[set->n_removals++] = plan->step[i].index;
	return 0;
}

/* Does this removal not wait for the end? @ret_blocked: the interface that wants its name, or NULL.
 */
static bool removal_is_early(const struct vtap_interfaces *set, int index, uint64_t now_ns,
	struct vtap_interface **ret_blocked)
{
	const struct vtap_device *device = vtap_devices_find_index(&set->devices, index);

	*ret_blocked = vtap_interfaces_seek(set, device->name);
	if (*ret_blocked != NULL)
		return vtap_backoff_is_due(&(*ret_blocked)->backoff, now_ns);
	return device->is_vxlan && !vtap_device_is_standin(device);
}

/* Those whose name is wanted are made anew, and told of then; what stood in for another never had a
 * session. As many are named as fit. */
static void log_removed(const struct vtap_interfaces *set, const int *indexes, size_t n_indexes)
{
	char names[VTAP_NAMES_BYTES] = "";
	size_t used = 0, n = 0, n_named = 0;

	for (size_t i = 0; i < n_indexes; i++) {
		const struct vtap_device *device =
			vtap_devices_find_index(&set->devices, indexes[i]);

		if (vtap_interfaces_seek(set, device->name) != NULL ||
			vtap_device_is_standin(device))
			continue;
		n++;
		if (used + strlen(device->name) + sizeof(", ") > sizeof(names))
			continue;
		used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s", /* fits */
			used > 0 ? ", " : "", device->name);
		n_named++;
	}
	if (n > 0)
		vtap_log(LOG_INFO, VTAP_EVENT_INTERFACE_REMOVED,
			&(struct vtap_log_context){ .interface = names },
			"removed %zu %s that no session has: %s%s", n,
			n == 1 ? "interface" : "interfaces", names, n_named < n ? ", ..." : "");
}

/* One by one, where all together were refused. Whose name stays taken waits; the others go on.
 * Those that block nobody: see vtap_interfaces_remove(), which tells. */
static void removals_unblock(struct vtap_applying *applying)
{
	struct vtap_interfaces *set = applying->set;

	for (size_t i = 0; i < set->n_removals; i++) {
		struct vtap_err err = VTAP_ERR_NULL;
		struct vtap_interface *blocked;
		int r;

		if (!removal_is_early(set, set->removal[i], applying->now_ns, &blocked) ||
			blocked == NULL)
			continue;
		r = vtap_links_delete(set->nl, &set->removal[i], 1, &err);
		if (r == 0) {
			applying->n_steps++;
			continue;
		}
		(void)vtap_err_add(&err, r, "remove the former %s", blocked->wish.name);
		vtap_interface_refuse(applying, blocked, r, &err);
	}
}

/* Nothing comes in any more on vxlan devices that go, before their counters are read for the last
 * time. Refused: a few frames are not counted. */
static void removals_count(struct vtap_applying *applying, const int *indexes, size_t n)
{
	struct vtap_interfaces *set = applying->set;
	bool has_vxlans = false;

	for (size_t i = 0; i < n; i++) {
		const struct vtap_device *device =
			vtap_devices_find_index(&set->devices, indexes[i]);

		if (!device->is_vxlan || !vtap_link_is_still(set->nl, device))
			continue;
		has_vxlans = true;
		(void)vtap_link_set_down(set->nl, device->index, NULL);
	}
	if (has_vxlans && applying->occasion->count != NULL)
		applying->occasion->count(applying->occasion->arg);
}

void vtap_removals_early(struct vtap_applying *applying)
{
	struct vtap_interfaces *set = applying->set;
	_auto_free int *early = calloc(set->n_removals + 1, sizeof(*early));
	size_t n = 0, n_left = 0;

	for (size_t i = 0; i < set->n_removals && early != NULL; i++) {
		struct vtap_interface *blocked;
		int index = set->removal[i];

		if (!removal_is_early(set, index, applying->now_ns, &blocked)) {
			set->removal[n_left++] = index;
			continue;
		}
		early[n++] = index;
	}
	if (n == 0)
		return;
	vtap_ports_keep(set, early, n);
	removals_count(applying, early, n);
	if (vtap_links_delete(set->nl, early, n, NULL) < 0) {
		memcpy(&set->removal[n_left], early, n * sizeof(*early));
		removals_unblock(applying);
		return;
	}
	applying->n_steps++;
	set->n_removals = n_left;
	log_removed(set, early, n);
}

int vtap_interfaces_remove(struct vtap_interfaces *set, struct vtap_err *err)
{
	size_t n = set->n_removals;
	int r = n == 0 ? 0 : vtap_links_delete(set->nl, set->removal, n, err);

	if (r < 0)
		return r;
	log_removed(set, set->removal, n);
	set->n_removals = 0;
	return 0;
}
