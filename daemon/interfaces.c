// SPDX-License-Identifier: Apache-2.0
#include "daemon/interfaces.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "daemon/interfaces_state.h"

static const char *const STATE_NAMES[] = {
	[VTAP_STATE_ABSENT] = "absent",
	[VTAP_STATE_CREATING] = "creating",
	[VTAP_STATE_READY] = "ready",
	[VTAP_STATE_WAITING] = "waiting",
};
static_assert(VTAP_ARRAY_LEN(STATE_NAMES) == VTAP_STATE_COUNT, "every state has a name");

const char *vtap_state_name(enum vtap_state state)
{
	return STATE_NAMES[state];
}

/* ---- the set ---- */

int vtap_interfaces_new(struct vtap_nl *nl, struct vtap_interfaces **ret_set)
{
	struct vtap_interfaces *set = calloc(1, sizeof(*set));

	if (set == NULL)
		return -ENOMEM;
	set->nl = set->guards.nl = nl;
	*ret_set = set;
	return 0;
}

void vtap_interface_free(struct vtap_interface *interface)
{
	if (interface == NULL)
		return;
	(void)vtap_fd_close(interface->fd);
	free(interface->sessions);
	free(interface->vnis);
	free(interface);
}

void vtap_interfaces_free(struct vtap_interfaces *set)
{
	if (set == NULL)
		return;
	for (size_t i = 0; i < set->n; i++)
		vtap_interface_free(set->interface[i]);
	for (size_t i = 0; i < set->n_closed; i++)
		(void)vtap_fd_close(set->closed[i]);
	free(set->interface);
	free(set->closed);
	free(set->removal);
	vtap_guards_done(&set->guards);
	vtap_devices_done(&set->devices);
	free(set);
}

static int name_compare(const void *name, const void *element)
{
	return strcmp(name, (*(struct vtap_interface *const *)element)->wish.name);
}

struct vtap_interface *vtap_interfaces_seek(const struct vtap_interfaces *set, const char *name)
{
	struct vtap_interface *const *found =
		set->n == 0 ? NULL
			    : bsearch(name, set->interface, set->n, sizeof(*set->interface),
				      name_compare);

	return found != NULL ? *found : NULL;
}

const struct vtap_interface *vtap_interfaces_find(
	const struct vtap_interfaces *set, const char *name)
{
	return vtap_interfaces_seek(set, name);
}

const struct vtap_devices *vtap_interfaces_devices(const struct vtap_interfaces *set)
{
	return &set->devices;
}

uint64_t vtap_interfaces_n_repairs(const struct vtap_interfaces *set)
{
	return set->n_repairs;
}

int vtap_interfaces_own_indexes(const struct vtap_interfaces *set, int **ret_indexes, size_t *ret_n)
{
	int *indexes = calloc(set->n + 1, sizeof(*indexes));
	size_t n = 0;

	if (indexes == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < set->n; i++)
		if (set->interface[i]->wish.held_index != 0)
			indexes[n++] = set->interface[i]->wish.held_index;
	*ret_indexes = indexes;
	*ret_n = n;
	return 0;
}

void vtap_interfaces_give_up(struct vtap_interfaces *set, int *fd)
{
	int *grown;

	if (*fd < 0)
		return;
	grown = reallocarray(set->closed, set->n_closed + 1, sizeof(*grown));
	if (grown == NULL) {
		*fd = -1; /* leaked rather than closed under a worker's hands */
		return;
	}
	set->closed = grown;
	grown[set->n_closed++] = vtap_steal_fd(fd);
}

int vtap_interfaces_take_closed(struct vtap_interfaces *set)
{
	return set->n_closed > 0 ? set->closed[--set->n_closed] : -1;
}

/* ---- guards ---- */

/* Not while it is being made, or the guard put back: that takes milliseconds, or is told otherwise.
 */
static bool is_bare(const struct vtap_interfaces *set, int index)
{
	const struct vtap_device *device = vtap_devices_find_index(&set->devices, index);

	if (!set->guards.has_programs)
		return true;
	return !vtap_guards_is_on(&set->guards, index) && device != NULL &&
	       device->guard == VTAP_UNKNOWN;
}

size_t vtap_interfaces_count(const struct vtap_interfaces *set, size_t *ret_n_guarded)
{
	size_t n = 0, n_guarded = 0;

	for (size_t i = 0; i < set->n; i++) {
		int index = set->interface[i]->wish.held_index;

		n += index != 0;
		n_guarded += index != 0 && !is_bare(set, index);
	}
	*ret_n_guarded = n_guarded;
	return n;
}

void vtap_interfaces_guard_with(struct vtap_interfaces *set, const struct vtap_guard *guard)
{
	vtap_guards_use(&set->guards, guard);
	for (size_t i = 0; i < set->n; i++)
		set->interface[i]->is_reconfigured = true; /* what follows is no repair */
}

struct vtap_guards *vtap_interfaces_guards(struct vtap_interfaces *set)
{
	return &set->guards;
}
