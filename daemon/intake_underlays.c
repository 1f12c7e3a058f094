// SPDX-License-Identifier: Apache-2.0
/* The interfaces that a target's packets come in on: which of them are there, and since when one is
 * not. */
#include <string.h>

#include "base/clock.h"
#include "daemon/intake_state.h"
#include "daemon/log.h"

static struct vtap_bound *underlay_find(struct vtap_intake *intake, const char *name)
{
	for (size_t i = 0; i < intake->n_underlays; i++)
		if (strcmp(intake->underlay[i].name, name) == 0)
			return &intake->underlay[i];
	return NULL;
}

/* A free entry, else that of the one that is gone longest; NULL when all are there. */
static struct vtap_bound *underlay_make_room(struct vtap_intake *intake)
{
	struct vtap_bound *oldest = NULL;

	if (intake->n_underlays < VTAP_BOUNDS_MAX)
		return &intake->underlay[intake->n_underlays++];
	for (size_t i = 0; i < intake->n_underlays; i++) {
		struct vtap_bound *underlay = &intake->underlay[i];

		if (underlay->index == 0 && (oldest == NULL || underlay->gone_ns < oldest->gone_ns))
			oldest = underlay;
	}
	return oldest;
}

void vtap_bound_came(struct vtap_intake *intake, const struct vtap_device *device, uint64_t now_ns)
{
	struct vtap_bound *underlay = underlay_find(intake, device->name);

	if (underlay == NULL) {
		underlay = underlay_make_room(intake);
		if (underlay == NULL)
			return; /* as many as there can be sockets are there: it gets none */
		*underlay = (struct vtap_bound){ .index = device->index };
		memcpy(underlay->name, device->name, sizeof(underlay->name));
		return;
	}
	if (underlay->index == 0)
		vtap_log(LOG_NOTICE, VTAP_EVENT_UNDERLAY,
			&(struct vtap_log_context){
				.target = intake->name, .interface = underlay->name },
			"%s: back after %.0f s", underlay->name,
			(double)(now_ns - underlay->gone_ns) / (double)VTAP_NS_PER_S);
	underlay->index = device->index;
}

void vtap_bounds_forget(struct vtap_intake *intake, const struct vtap_target *target)
{
	size_t n = 0;

	for (size_t i = 0; i < intake->n_underlays; i++)
		if (vtap_target_names(target, intake->underlay[i].name))
			intake->underlay[n++] = intake->underlay[i];
	intake->n_underlays = n;
}

void vtap_bounds_note_gone(struct vtap_intake *intake, const struct vtap_devices *devices,
	size_t n_sessions, uint64_t now_ns)
{
	for (size_t i = 0; i < intake->n_underlays; i++) {
		struct vtap_bound *underlay = &intake->underlay[i];
		const struct vtap_device *device =
			underlay->index != 0 ? vtap_devices_find_index(devices, underlay->index)
					     : NULL;

		if (underlay->index == 0 ||
			(device != NULL && strcmp(device->name, underlay->name) == 0))
			continue;
		underlay->index = 0;
		underlay->gone_ns = now_ns;
		vtap_log(LOG_WARNING, VTAP_EVENT_UNDERLAY,
			&(struct vtap_log_context){
				.target = intake->name, .interface = underlay->name },
			"%s: gone; %zu %s nothing from it, waiting for it", underlay->name,
			n_sessions, n_sessions == 1 ? "session gets" : "sessions get");
	}
}

/* ---- for reports ---- */

static const char *bound_name(const struct vtap_intake *intake, int device_index)
{
	if (device_index == 0)
		return "any";
	for (size_t i = 0; i < intake->n_underlays; i++)
		if (intake->underlay[i].index == device_index)
			return intake->underlay[i].name;
	return NULL;
}

const char **vtap_intake_bound(const struct vtap_intake *intake, size_t *ret_n)
{
	const char **names = calloc(VTAP_SLOTS_MAX, sizeof(*names));
	size_t n = 0;

	for (int i = 0; i < VTAP_SLOTS_MAX && names != NULL; i++) {
		const char *name = intake->desk[i].is_open
					   ? bound_name(intake, intake->desk[i].device_index)
					   : NULL;
		bool is_listed = name == NULL;

		for (size_t j = 0; j < n; j++)
			is_listed = is_listed || strcmp(names[j], name) == 0;
		if (!is_listed)
			names[n++] = name;
	}
	*ret_n = n;
	return names;
}

static bool is_there(const struct vtap_intake *intake, const char *name)
{
	for (size_t i = 0; i < intake->n_underlays; i++)
		if (intake->underlay[i].index != 0 && strcmp(intake->underlay[i].name, name) == 0)
			return true;
	return false;
}

const char **vtap_intake_missing(
	const struct vtap_intake *intake, const struct vtap_target *target, size_t *ret_n)
{
	const char **names = calloc(target->n_underlays + 1, sizeof(*names));
	size_t n = 0;

	for (size_t i = 0; i < target->n_underlays && names != NULL; i++)
		if (!vtap_conf_is_glob(target->underlays[i]) &&
			!is_there(intake, target->underlays[i]))
			names[n++] = target->underlays[i];
	*ret_n = n;
	return names;
}
