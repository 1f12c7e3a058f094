// SPDX-License-Identifier: Apache-2.0
#include "daemon/guards.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "netlink/clsact.h"

/* A guard that somebody replaced by his own program makes no news: each audit looks at this part of
 * them. */
#define DOUBT_PARTS 8

/* Until a guard that was refused is tried again. */
#define GUARD_RETRY_NS (60 * VTAP_NS_PER_S)

void vtap_guards_done(struct vtap_guards *guards)
{
	free(guards->guarded);
	free(guards->refused);
	guards->guarded = guards->refused = NULL;
	guards->n_guarded = guards->n_refused = 0;
}

void vtap_guards_use(struct vtap_guards *guards, const struct vtap_guard *programs)
{
	guards->has_programs = programs != NULL;
	if (programs != NULL)
		guards->programs = *programs;
	guards->n_guarded = guards->n_refused = 0;
}

static int index_compare(const void *a, const void *b)
{
	return (*(const int *)a > *(const int *)b) - (*(const int *)a < *(const int *)b);
}

bool vtap_guards_is_on(const struct vtap_guards *guards, int index)
{
	return guards->n_guarded > 0 && bsearch(&index, guards->guarded, guards->n_guarded,
						sizeof(*guards->guarded), index_compare) != NULL;
}

/* Without memory it is only asked for again. */
static void guarded_add(struct vtap_guards *guards, int index)
{
	size_t at = 0;
	int *grown;

	if (vtap_guards_is_on(guards, index))
		return;
	grown = reallocarray(guards->guarded, guards->n_guarded + 1, sizeof(*grown));
	if (grown == NULL)
		return;
	guards->guarded = grown;
	while (at < guards->n_guarded && grown[at] < index)
		at++;
	memmove(&grown[at + 1], &grown[at], (guards->n_guarded - at) * sizeof(*grown));
	grown[at] = index;
	guards->n_guarded++;
}

static void guarded_remove(struct vtap_guards *guards, size_t at)
{
	guards->n_guarded--;
	memmove(&guards->guarded[at], &guards->guarded[at + 1],
		(guards->n_guarded - at) * sizeof(*guards->guarded));
}

bool vtap_guards_doubt(struct vtap_guards *guards, const int *indexes, size_t n, bool is_all)
{
	size_t n_before = guards->n_guarded + guards->n_refused;

	if (is_all)
		guards->n_guarded = 0;
	if (is_all || n > 0)
		guards->n_refused = 0; /* whatever stood in the way may be gone */
	for (size_t i = 0; i < n; i++)
		for (size_t at = 0; at < guards->n_guarded; at++)
			if (guards->guarded[at] == indexes[i])
				guarded_remove(guards, at--);
	return guards->n_guarded + guards->n_refused != n_before;
}

const char *vtap_guards_why(const struct vtap_guards *guards)
{
	return guards->n_refused > 0 ? guards->refused_why : NULL;
}

/* A guard that is refused is no reason for the session to wait: its frames are shown. Without
 * memory it is tried again at once. */
static void refused_add(struct vtap_guards *guards, int index, const char *why)
{
	int *grown = reallocarray(guards->refused, guards->n_refused + 1, sizeof(*grown));

	(void)snprintf(guards->refused_why, sizeof(guards->refused_why), "%s", why); /* same size */
	if (grown == NULL)
		return;
	guards->refused = grown;
	grown[guards->n_refused++] = index;
}

static bool is_refused(const struct vtap_guards *guards, int index)
{
	for (size_t i = 0; i < guards->n_refused; i++)
		if (guards->refused[i] == index)
			return true;
	return false;
}

void vtap_guards_doubt_some(struct vtap_guards *guards)
{
	size_t n = guards->n_guarded / DOUBT_PARTS + 1;

	for (size_t i = 0; i < n && guards->n_guarded > 0; i++)
		guarded_remove(guards, guards->i_doubt++ % guards->n_guarded);
}

/* Both hooks: ON with our programs, OFF without, unknown where somebody else has our place. */
static enum vtap_known guard_find(struct vtap_guards *guards, int index)
{
	struct vtap_filter in, out;
	int r_in = vtap_clsact_find(guards->nl, index, VTAP_HOOK_INGRESS, &in, NULL);
	int r_out = vtap_clsact_find(guards->nl, index, VTAP_HOOK_EGRESS, &out, NULL);

	if (r_in == VTAP_CLSACT_FOREIGN || r_out == VTAP_CLSACT_FOREIGN || r_in < 0 || r_out < 0)
		return VTAP_UNKNOWN;
	if (r_in == 0 && r_out == 0 && in.program_id == guards->programs.in_id &&
		out.program_id == guards->programs.out_id)
		return VTAP_ON;
	return VTAP_OFF;
}

/* What is known of devices that are gone is forgotten: an index may be given again. */
static void guarded_forget(struct vtap_guards *guards, const struct vtap_devices *devices)
{
	for (size_t at = 0; at < guards->n_guarded; at++)
		if (vtap_devices_find_index(devices, guards->guarded[at]) == NULL)
			guarded_remove(guards, at--);
}

void vtap_guards_note(struct vtap_guards *guards, struct vtap_devices *devices, uint64_t now_ns)
{
	guarded_forget(guards, devices);
	if (guards->n_refused > 0 && now_ns >= guards->refused_retry_ns)
		guards->n_refused = 0;
	for (size_t i = 0; i < devices->n && guards->has_programs; i++) {
		struct vtap_device *device = &devices->device[i];

		if (!vtap_device_is_ours(device) || is_refused(guards, device->index))
			continue;
		device->guard = vtap_guards_is_on(guards, device->index)
					? VTAP_ON
					: guard_find(guards, device->index);
		if (device->guard == VTAP_ON)
			guarded_add(guards, device->index);
	}
}

/* Outwards first: it makes the qdisc for both. */
void vtap_guards_set(struct vtap_guards *guards, const char *name, int index)
{
	struct vtap_err err = VTAP_ERR_NULL;
	int r;

	if (!guards->has_programs)
		return;
	r = vtap_clsact_set(guards->nl, index, VTAP_HOOK_EGRESS, VTAP_GUARD_OUT_NAME,
		guards->programs.out_fd, &err);
	if (r == 0)
		r = vtap_clsact_set(guards->nl, index, VTAP_HOOK_INGRESS, VTAP_GUARD_IN_NAME,
			guards->programs.in_fd, &err);
	if (r == 0) {
		guarded_add(guards, index);
	} else if (r != -ENODEV) {
		(void)vtap_err_add(&err, r, "%s", name);
		guards->refused_retry_ns = vtap_clock_mono_ns() + GUARD_RETRY_NS;
		refused_add(guards, index, err.text);
	}
}
