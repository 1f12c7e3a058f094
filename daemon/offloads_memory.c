// SPDX-License-Identifier: Apache-2.0
/* Which underlays are remembered, where they are now, and the file that a restart reads. */
#include <errno.h>
#include <string.h>

#include "daemon/log.h"
#include "daemon/manager.h"
#include "daemon/offloads_state.h"
#include "daemon/underlays.h"

int vtap_remembered_add(struct vtap_offloads *offloads, const struct vtap_former *former)
{
	struct vtap_remembered *grown =
		reallocarray(offloads->underlay, offloads->n + 1, sizeof(*grown));

	if (grown == NULL)
		return -ENOMEM;
	offloads->underlay = grown;
	grown[offloads->n++] = (struct vtap_remembered){ .former = *former };
	return 0;
}

void vtap_remembered_drop(struct vtap_offloads *offloads, size_t i)
{
	offloads->underlay[i] = offloads->underlay[--offloads->n];
	offloads->must_save = true;
}

void vtap_offloads_save_if_due(struct vtap_offloads *offloads)
{
	_auto_free struct vtap_former *former = calloc(offloads->n + 1, sizeof(*former));
	struct vtap_err err = VTAP_ERR_NULL;
	int r = 0;

	if (!offloads->must_save)
		return;
	for (size_t i = 0; i < offloads->n && former != NULL; i++)
		former[i] = offloads->underlay[i].former;
	r = former == NULL ? -ENOMEM : vtap_former_save(offloads->path, former, offloads->n, &err);
	if (r < 0 && !offloads->is_save_refused)
		vtap_log(LOG_ERR, VTAP_EVENT_TROUBLE, &(struct vtap_log_context){ .error = r },
			"%s; a restart would not know what merged on underlays before",
			vtap_err_text(&err, r));
	offloads->must_save = offloads->is_save_refused = r < 0;
}

/* ---- which ---- */

static bool has_session(const struct vtap_conf *conf, size_t i_target)
{
	for (size_t i = 0; i < conf->n_sessions; i++)
		if (conf->sessions[i].i_target == i_target)
			return true;
	return false;
}

bool vtap_offloads_looks_after(const struct vtap_conf *conf, size_t i_target)
{
	return conf->targets[i_target].mode == VTAP_MODE_VXLAN && has_session(conf, i_target);
}

struct vtap_remembered *vtap_remembered_find(
	const struct vtap_offloads *offloads, const struct vtap_device *device)
{
	for (size_t i = 0; i < offloads->n; i++)
		if (offloads->underlay[i].index == device->index)
			return &offloads->underlay[i];
	return NULL;
}

/* Neither it nor another name of it is there. */
static void underlay_forget(struct vtap_offloads *offloads, size_t i)
{
	struct vtap_remembered *underlay = &offloads->underlay[i];
	struct vtap_log_context context = { .interface = underlay->former.name };
	char names[VTAP_MERGING_TEXT_MAX];

	if (underlay->former.merging != 0)
		vtap_log(LOG_NOTICE, VTAP_EVENT_UNDERLAY, &context,
			"%s: not found, so %s is not switched on again", underlay->former.name,
			vtap_merging_format(underlay->former.merging, names, sizeof(names)));
	vtap_remembered_drop(offloads, i);
}

/* The name is another device's now: one that is away cannot come back with it. */
static void name_take(struct vtap_offloads *offloads, const char *name)
{
	for (size_t i = offloads->n; i-- > 0;)
		if (offloads->underlay[i].index == 0 &&
			strcmp(offloads->underlay[i].former.name, name) == 0)
			underlay_forget(offloads, i);
}

/* It may be there under another name, or again. */
static void underlay_seek(struct vtap_offloads *offloads, struct vtap_remembered *underlay,
	const struct vtap_devices *devices)
{
	const struct vtap_device *device = vtap_former_find(&underlay->former, devices);

	if (device != NULL && vtap_remembered_find(offloads, device) == NULL)
		underlay->index = device->index;
}

void vtap_remembered_locate(struct vtap_offloads *offloads, const struct vtap_devices *devices)
{
	for (size_t i = 0; i < offloads->n; i++) {
		struct vtap_remembered *underlay = &offloads->underlay[i];

		underlay->is_wanted = false;
		if (vtap_devices_find_index(devices, underlay->index) == NULL)
			*underlay = (struct vtap_remembered){ .former = underlay->former,
				.is_known = underlay->is_known };
	}
	for (size_t i = 0; i < offloads->n; i++)
		if (offloads->underlay[i].index == 0)
			underlay_seek(offloads, &offloads->underlay[i], devices);
	for (size_t i = 0; i < devices->n; i++) {
		struct vtap_remembered *underlay =
			vtap_remembered_find(offloads, &devices->device[i]);

		if (underlay == NULL || !vtap_former_note(&underlay->former, &devices->device[i]))
			continue;
		offloads->must_save = true;
		name_take(offloads, devices->device[i].name);
	}
}

static int marks_make(const struct vtap_manager *manager, bool **ret_marks)
{
	const struct vtap_devices *devices = vtap_interfaces_devices(manager->interfaces);
	bool *marks = calloc(devices->n + 1, sizeof(*marks));

	if (marks == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < manager->conf->n_targets; i++)
		if (vtap_offloads_looks_after(manager->conf, i))
			vtap_underlays_mark(&manager->conf->targets[i], devices, marks);
	*ret_marks = marks;
	return 0;
}

/* Remembered from now on. */
static int underlay_meet(struct vtap_offloads *offloads, const struct vtap_device *device)
{
	struct vtap_former former = { .merging = device->merging };
	int r;

	(void)vtap_former_note(&former, device); /* it does */
	name_take(offloads, device->name);
	r = vtap_remembered_add(offloads, &former);
	if (r < 0)
		return r;
	offloads->underlay[offloads->n - 1].index = device->index;
	offloads->underlay[offloads->n - 1].is_wanted = true;
	offloads->must_save = true;
	return 0;
}

int vtap_remembered_want(struct vtap_manager *manager)
{
	const struct vtap_devices *devices = vtap_interfaces_devices(manager->interfaces);
	struct vtap_offloads *offloads = manager->offloads;
	_auto_free bool *marks = NULL;
	int r = marks_make(manager, &marks);

	for (size_t i = 0; i < devices->n && r == 0; i++) {
		const struct vtap_device *device = &devices->device[i];
		struct vtap_remembered *underlay =
			marks[i] ? vtap_remembered_find(offloads, device) : NULL;

		if (underlay != NULL)
			underlay->is_wanted = true;
		else if (marks[i])
			r = underlay_meet(offloads, device);
	}
	return r;
}

/* An interface that is away is wanted as long as a target names it. */
static bool is_wanted_when_away(
	const struct vtap_conf *conf, const struct vtap_remembered *underlay)
{
	struct vtap_device device = { .index = 1 };
	const struct vtap_devices devices = { .device = &device, .n = 1 };
	bool is_marked = false;

	memcpy(device.name, underlay->former.name, sizeof(device.name));
	for (size_t i = 0; i < conf->n_targets; i++)
		if (vtap_offloads_looks_after(conf, i))
			vtap_underlays_mark(&conf->targets[i], &devices, &is_marked);
	return is_marked;
}

void vtap_remembered_forget_unwanted(struct vtap_manager *manager)
{
	const struct vtap_devices *devices = vtap_interfaces_devices(manager->interfaces);
	struct vtap_offloads *offloads = manager->offloads;

	for (size_t i = offloads->n; i-- > 0;) { /* the last one takes the place of one that goes */
		const struct vtap_remembered *underlay = &offloads->underlay[i];

		if (!underlay->is_wanted &&
			vtap_devices_find_index(devices, underlay->index) == NULL &&
			!is_wanted_when_away(manager->conf, underlay))
			underlay_forget(offloads, i);
	}
}
