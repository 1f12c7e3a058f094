// SPDX-License-Identifier: Apache-2.0
/*
 * How it works. An underlay is remembered (offloads_memory.c) from the moment that it is wanted
 * until its features are put back, with what was on when we met it and what it is known by
 * (daemon/former.h); it is written down before anything is switched off, so that whoever is killed
 * in between has said so. Each turn compares the last look with that: a feature that was off and is
 * on is somebody else's doing (a repair), one from before this process is not. An interface that
 * was unplugged comes back with another index and everything on: the first memory stays. Another
 * device that got its name is met as any other.
 *
 * Somebody who insists is given way (offloads_switch.c, daemon/backoff.h) until the next try;
 * meanwhile it is told. Putting back waits for the end of a turn, when the vxlan interfaces that
 * needed it off are gone.
 */
#include "daemon/offloads.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "daemon/log.h"
#include "daemon/manager.h"
#include "daemon/offloads_state.h"
#include "daemon/underlays.h"

/* Until the sockets are tried again: the kernel either has them or not. */
#define RETRY_NS (60 * VTAP_NS_PER_S)

/* Until the next look, where the last one did not tell what merges. */
#define LOOK_NS VTAP_NS_PER_S

/* ---- life ---- */

int vtap_offloads_new(const char *runtime_dir, struct vtap_offloads **ret_offloads)
{
	_auto(offloads) struct vtap_offloads *offloads = calloc(1, sizeof(*offloads));
	_auto_free struct vtap_former *former = NULL;
	struct vtap_err err = VTAP_ERR_NULL;
	size_t n = 0;
	int r;

	if (offloads == NULL)
		return -ENOMEM;
	offloads->path = vtap_former_path(runtime_dir);
	if (offloads->path == NULL)
		return -ENOMEM;
	r = vtap_former_load(offloads->path, &former, &n, &err);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		vtap_log(LOG_ERR, VTAP_EVENT_TROUBLE, &(struct vtap_log_context){ .error = r },
			"%s; what merged on underlays before is not known", vtap_err_text(&err, r));
	for (size_t i = 0; i < n; i++) {
		if (vtap_remembered_add(offloads, &former[i]) < 0)
			return -ENOMEM;
		offloads->underlay[i].is_known = true;
	}
	offloads->must_save = r == 0; /* without the lines that were damaged */
	*ret_offloads = vtap_steal(&offloads);
	return 0;
}

static void sockets_close(struct vtap_offloads *offloads)
{
	offloads->news = sd_event_source_disable_unref(offloads->news);
	vtap_offload_close(vtap_steal(&offloads->offload));
}

void vtap_offloads_free(struct vtap_offloads *offloads)
{
	if (offloads == NULL)
		return;
	sockets_close(offloads);
	free(offloads->underlay);
	free(offloads->path);
	free(offloads);
}

uint64_t vtap_offloads_n_repairs(const struct vtap_offloads *offloads)
{
	return offloads->n_repairs;
}

/* ---- the sockets ---- */

static int handle_news(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct vtap_manager *manager = arg;

	(void)source; /* the one source */
	(void)fd;
	(void)events;
	if (vtap_offload_drain(manager->offloads->offload))
		vtap_manager_trigger(manager);
	return 0;
}

static int sockets_open(struct vtap_manager *manager, struct vtap_err *err)
{
	struct vtap_offloads *offloads = manager->offloads;
	int r = vtap_offload_open(&offloads->offload, err);

	if (r < 0)
		return r;
	r = sd_event_add_io(manager->event, &offloads->news, vtap_offload_fd(offloads->offload),
		EPOLLIN, handle_news, manager);
	if (r < 0)
		sockets_close(offloads);
	return r < 0 ? r : 0;
}

/* Devices of the last look do not tell what merges: the next turn does. */
static void sockets_try(struct vtap_manager *manager, uint64_t now_ns)
{
	struct vtap_offloads *offloads = manager->offloads;
	struct vtap_err err = VTAP_ERR_NULL;
	int r = sockets_open(manager, &err);
	const char *text = vtap_err_text(&err, r);

	if (r == 0) {
		offloads->off_why[0] = '\0';
		vtap_interfaces_offload_with(manager->interfaces, offloads->offload);
		vtap_manager_trigger(manager);
		return;
	}
	offloads->retry_at_ns = now_ns + RETRY_NS;
	if (strcmp(offloads->off_why, text) == 0)
		return;
	(void)snprintf(offloads->off_why, sizeof(offloads->off_why), "%s", text); /* same size */
	vtap_log(LOG_WARNING, VTAP_EVENT_TROUBLE, &(struct vtap_log_context){ .error = r },
		"whether frames are merged is not known, and it is not switched off: %s", text);
}

/* Why nobody knows what merges; NULL: it is known, or not of interest. */
static const char *unknown_why(const struct vtap_manager *manager)
{
	const struct vtap_offloads *offloads = manager->offloads;

	if (offloads->offload == NULL)
		return offloads->off_why[0] != '\0' ? offloads->off_why : NULL;
	return vtap_interfaces_unknown_merging(manager->interfaces);
}

static bool is_needed(const struct vtap_manager *manager)
{
	for (size_t i = 0; i < manager->conf->n_targets; i++)
		if (vtap_offloads_looks_after(manager->conf, i))
			return true;
	return manager->offloads->n > 0;
}

void vtap_offloads_follow(struct vtap_manager *manager)
{
	struct vtap_offloads *offloads = manager->offloads;

	for (size_t i = 0; i < offloads->n; i++)
		offloads->underlay[i].backoff.retry_at_ns = 0; /* a reload is a reason to try */
	if (!is_needed(manager))
		offloads->off_why[0] = '\0';
	else if (offloads->offload == NULL)
		sockets_try(manager, vtap_clock_mono_ns());
}

/* ---- a turn ---- */

int vtap_offloads_turn(struct vtap_manager *manager, uint64_t now_ns)
{
	const struct vtap_devices *devices = vtap_interfaces_devices(manager->interfaces);
	struct vtap_offloads *offloads = manager->offloads;
	int r;

	if (offloads->offload == NULL || unknown_why(manager) != NULL)
		return 0; /* what merges now is no memory of what did before */
	vtap_remembered_locate(offloads, devices);
	r = vtap_remembered_want(manager);
	if (r < 0)
		return r;
	vtap_offloads_save_if_due(offloads);
	for (size_t i = 0; i < offloads->n; i++) {
		struct vtap_remembered *underlay = &offloads->underlay[i];
		const struct vtap_device *device =
			vtap_devices_find_index(devices, underlay->index);

		if (underlay->is_wanted && device != NULL)
			vtap_remembered_hold_off(offloads, underlay, device, now_ns);
	}
	return 0;
}

/* Those that are there: from the outside in. */
static int unwanted_restore(struct vtap_manager *manager, uint64_t now_ns)
{
	const struct vtap_devices *devices = vtap_interfaces_devices(manager->interfaces);
	struct vtap_offloads *offloads = manager->offloads;
	_auto_free const struct vtap_device **order = calloc(offloads->n + 1, sizeof(*order));
	size_t n = 0, n_left = 0;

	if (order == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < offloads->n; i++) {
		order[n] = vtap_devices_find_index(devices, offloads->underlay[i].index);
		n += order[n] != NULL && !offloads->underlay[i].is_wanted;
	}
	vtap_underlays_sort(order, n);
	for (size_t i = 0; i < n; i++) {
		struct vtap_remembered *underlay = vtap_remembered_find(offloads, order[i]);

		if (vtap_remembered_restore(offloads, underlay, order[i], n_left == 0, now_ns))
			vtap_remembered_drop(offloads, (size_t)(underlay - offloads->underlay));
		else
			n_left++;
	}
	return 0;
}

static void settle_unwanted(struct vtap_manager *manager, uint64_t now_ns)
{
	int r = unwanted_restore(manager, now_ns);

	if (r < 0)
		vtap_log(LOG_ERR, VTAP_EVENT_TROUBLE, &(struct vtap_log_context){ .error = r },
			"put back what merged frames before: %s; tried again", vtap_errno_text(r));
	vtap_remembered_forget_unwanted(manager);
}

void vtap_offloads_settle(struct vtap_manager *manager, uint64_t now_ns)
{
	struct vtap_offloads *offloads = manager->offloads;

	if (offloads->offload == NULL && is_needed(manager) && now_ns >= offloads->retry_at_ns)
		sockets_try(manager, now_ns);
	else if (offloads->offload != NULL && unknown_why(manager) == NULL)
		settle_unwanted(manager, now_ns);
	vtap_offloads_save_if_due(offloads);
	if (offloads->offload == NULL || is_needed(manager))
		return;
	vtap_interfaces_offload_with(manager->interfaces, NULL);
	sockets_close(offloads);
}

/* ---- telling ---- */

static bool is_to_be_tried(const struct vtap_remembered *underlay)
{
	return !underlay->is_wanted || underlay->why[0] != '\0';
}

uint64_t vtap_offloads_next(const struct vtap_manager *manager, uint64_t now_ns)
{
	const struct vtap_offloads *offloads = manager->offloads;
	uint64_t at_ns = UINT64_MAX;

	if (unknown_why(manager) != NULL)
		at_ns = offloads->offload == NULL ? offloads->retry_at_ns : now_ns + LOOK_NS;
	for (size_t i = 0; i < offloads->n && offloads->offload != NULL; i++) {
		uint64_t retry_at_ns = offloads->underlay[i].backoff.retry_at_ns;

		if (is_to_be_tried(&offloads->underlay[i]) && retry_at_ns > now_ns &&
			retry_at_ns < at_ns)
			at_ns = retry_at_ns;
	}
	return at_ns > now_ns ? at_ns : UINT64_MAX; /* what is due is the present turn's */
}

/* What nobody knows is told of each. */
static void device_tell(const struct vtap_manager *manager, const struct vtap_device *device,
	struct vtap_offloads_status *status)
{
	const struct vtap_remembered *underlay = vtap_remembered_find(manager->offloads, device);
	const char *why = unknown_why(manager);

	if (why == NULL && underlay == NULL)
		return;
	if (why == NULL && underlay->merging == 0) {
		if (underlay->former.merging != 0)
			status->off[status->n_off++] = underlay->former.name;
		return;
	}
	if (why == NULL && underlay->why[0] != '\0')
		why = underlay->why;
	status->merging[status->n_merging++] = device->name;
	status->why = status->why != NULL ? status->why : why;
}

int vtap_offloads_status(const struct vtap_manager *manager, size_t i_target,
	struct vtap_offloads_status *ret_status)
{
	const struct vtap_devices *devices = vtap_interfaces_devices(manager->interfaces);
	_auto_free bool *marks = calloc(devices->n + 1, sizeof(*marks));
	_auto_free const char **merging = calloc(devices->n + 1, sizeof(*merging));
	_auto_free const char **off = calloc(devices->n + 1, sizeof(*off));
	struct vtap_offloads_status status = { .merging = merging, .off = off };

	if (marks == NULL || merging == NULL || off == NULL)
		return -ENOMEM;
	if (vtap_offloads_looks_after(manager->conf, i_target))
		vtap_underlays_mark(&manager->conf->targets[i_target], devices, marks);
	for (size_t i = 0; i < devices->n; i++)
		if (marks[i])
			device_tell(manager, &devices->device[i], &status);
	merging = off = NULL; /* handed over */
	*ret_status = status;
	return 0;
}
