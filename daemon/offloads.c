// SPDX-License-Identifier: Apache-2.0
/*
 * How it works. An underlay is remembered from the moment that it is wanted until its features are
 * put back, with what was on when we met it and what it is known by (daemon/former.h); it is
 * written down before anything is switched off, so that whoever is killed in between has said so.
 * Each turn compares the last look with that: a feature that was off and is on is somebody else's
 * doing (a repair), one from before this process is not. An interface that was unplugged comes back
 * with another index and everything on: the first memory stays. Another device that got its name is
 * met as any other.
 *
 * Somebody who insists is given way (daemon/backoff.h) until the next try; meanwhile it is told.
 * Putting back waits for the end of a turn, when the vxlan interfaces that needed it off are gone.
 */
#include "daemon/offloads.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "daemon/former.h"
#include "daemon/log.h"
#include "daemon/manager.h"
#include "daemon/underlays.h"
#include "netlink/offload.h"

/* Until the sockets are tried again: the kernel either has them or not. */
#define RETRY_NS (60 * VTAP_NS_PER_S)

/* Until the next look, where the last one did not tell what merges. */
#define LOOK_NS VTAP_NS_PER_S

/** struct underlay - one that is remembered */
struct underlay {
	struct vtap_former former;
	int index; /* of the device at the last turn; 0: it is not there */
	bool is_wanted;
	bool is_known;    /* it was off once, in this process or one before */
	bool was_off;     /* of that device, as of the last turn: all that can be switched */
	unsigned merging; /* what is on after the last turn */
	struct vtap_backoff backoff;
	bool is_given_way; /* somebody insists, and that was said: not again until it stays off */
	char why[VTAP_ERR_MAX]; /* something is on; "" otherwise */
};

struct vtap_offloads {
	char *path;
	struct vtap_offload *offload; /* NULL: not needed, or the kernel has none */
	sd_event_source *news;
	char off_why[VTAP_ERR_MAX]; /* it could not be opened; "" otherwise */
	uint64_t retry_at_ns;
	struct underlay *underlay;
	size_t n;
	bool must_save;
	bool is_save_refused;
	uint64_t n_repairs;
};

/* ---- life ---- */

static int underlay_add(struct vtap_offloads *offloads, const struct vtap_former *former)
{
	struct underlay *grown = reallocarray(offloads->underlay, offloads->n + 1, sizeof(*grown));

	if (grown == NULL)
		return -ENOMEM;
	offloads->underlay = grown;
	grown[offloads->n++] = (struct underlay){ .former = *former };
	return 0;
}

static void underlay_drop(struct vtap_offloads *offloads, size_t i)
{
	offloads->underlay[i] = offloads->underlay[--offloads->n];
	offloads->must_save = true;
}

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
			"%s; what merged on underlays before is not known", err.text);
	for (size_t i = 0; i < n; i++) {
		if (underlay_add(offloads, &former[i]) < 0)
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

/* ---- the file ---- */

/* It goes on without: only a restart would not know any more. Tried again with each turn. */
static void save_if_due(struct vtap_offloads *offloads)
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
			err.text[0] != '\0' ? err.text : vtap_errno_text(r));
	offloads->must_save = offloads->is_save_refused = r < 0;
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
	const char *text = err.text[0] != '\0' ? err.text : vtap_errno_text(r);

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

static bool has_session(const struct vtap_conf *conf, size_t i_target)
{
	for (size_t i = 0; i < conf->n_sessions; i++)
		if (conf->sessions[i].i_target == i_target)
			return true;
	return false;
}

/* Is it a target whose underlays are ours to look after? */
static bool is_target(const struct vtap_conf *conf, size_t i)
{
	return conf->targets[i].mode == VTAP_MODE_VXLAN && has_session(conf, i);
}

static bool is_needed(const struct vtap_manager *manager)
{
	for (size_t i = 0; i < manager->conf->n_targets; i++)
		if (is_target(manager->conf, i))
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

/* ---- which ---- */

static struct underlay *underlay_find(
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
	struct underlay *underlay = &offloads->underlay[i];
	struct vtap_log_context context = { .interface = underlay->former.name };
	char names[VTAP_MERGING_TEXT_MAX];

	if (underlay->former.merging != 0)
		vtap_log(LOG_NOTICE, VTAP_EVENT_UNDERLAY, &context,
			"%s: not found, so %s is not switched on again", underlay->former.name,
			vtap_merging_format(underlay->former.merging, names, sizeof(names)));
	underlay_drop(offloads, i);
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
static void underlay_seek(struct vtap_offloads *offloads, struct underlay *underlay,
	const struct vtap_devices *devices)
{
	const struct vtap_device *device = vtap_former_find(&underlay->former, devices);

	if (device != NULL && underlay_find(offloads, device) == NULL)
		underlay->index = device->index;
}

/* Where the remembered ones are now, and how they are known. */
static void indexes_update(struct vtap_offloads *offloads, const struct vtap_devices *devices)
{
	for (size_t i = 0; i < offloads->n; i++) {
		struct underlay *underlay = &offloads->underlay[i];

		underlay->is_wanted = false;
		if (vtap_devices_find_index(devices, underlay->index) == NULL)
			*underlay = (struct underlay){ .former = underlay->former,
				.is_known = underlay->is_known };
	}
	for (size_t i = 0; i < offloads->n; i++)
		if (offloads->underlay[i].index == 0)
			underlay_seek(offloads, &offloads->underlay[i], devices);
	for (size_t i = 0; i < devices->n; i++) {
		struct underlay *underlay = underlay_find(offloads, &devices->device[i]);

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
		if (is_target(manager->conf, i))
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
	r = underlay_add(offloads, &former);
	if (r < 0)
		return r;
	offloads->underlay[offloads->n - 1].index = device->index;
	offloads->underlay[offloads->n - 1].is_wanted = true;
	offloads->must_save = true;
	return 0;
}

static int wanted_update(struct vtap_manager *manager)
{
	const struct vtap_devices *devices = vtap_interfaces_devices(manager->interfaces);
	struct vtap_offloads *offloads = manager->offloads;
	_auto_free bool *marks = NULL;
	int r = marks_make(manager, &marks);

	for (size_t i = 0; i < devices->n && r == 0; i++) {
		const struct vtap_device *device = &devices->device[i];
		struct underlay *underlay = marks[i] ? underlay_find(offloads, device) : NULL;

		if (underlay != NULL)
			underlay->is_wanted = true;
		else if (marks[i])
			r = underlay_meet(offloads, device);
	}
	return r;
}

/* An interface that is away is wanted as long as a target names it. */
static bool is_wanted_when_away(const struct vtap_conf *conf, const struct underlay *underlay)
{
	struct vtap_device device = { .index = 1 };
	const struct vtap_devices devices = { .device = &device, .n = 1 };
	bool is_marked = false;

	memcpy(device.name, underlay->former.name, sizeof(device.name));
	for (size_t i = 0; i < conf->n_targets; i++)
		if (is_target(conf, i))
			vtap_underlays_mark(&conf->targets[i], &devices, &is_marked);
	return is_marked;
}

/* ---- off ---- */

static struct vtap_log_context log_context(const struct underlay *underlay, int error)
{
	return (struct vtap_log_context){ .interface = underlay->former.name, .error = error };
}

/* Something stays on: said when it begins, or for another reason. */
static void why_set(struct underlay *underlay, int error, const char *why)
{
	struct vtap_log_context context = log_context(underlay, error);
	bool is_new = strcmp(underlay->why, why) != 0;

	context.condition = "gro-merging";
	(void)snprintf(underlay->why, sizeof(underlay->why), "%s", why); /* same size, or cut */
	if (is_new)
		vtap_log(vtap_log_priority(context.condition), VTAP_EVENT_UNDERLAY, &context,
			"%s; what comes in there may be merged", underlay->why);
}

/* Nothing stays on any more. */
static void why_clear(struct underlay *underlay)
{
	struct vtap_log_context context = log_context(underlay, 0);

	if (underlay->why[0] == '\0')
		return;
	context.condition = "gro-merging";
	underlay->why[0] = '\0';
	vtap_log(LOG_NOTICE, VTAP_EVENT_UNDERLAY, &context,
		"gro-merging: over, nothing merges on %s any more", underlay->former.name);
}

/* The repairs that are done meanwhile, one when it is due, are counted in silence. */
static void give_way(struct underlay *underlay, unsigned merging)
{
	char names[VTAP_MERGING_TEXT_MAX], why[VTAP_ERR_MAX];

	if (underlay->is_given_way)
		return;
	underlay->is_given_way = true;
	(void)snprintf(why, sizeof(why), "somebody keeps switching %s of %s on", /* fits */
		vtap_merging_format(merging, names, sizeof(names)), underlay->former.name);
	why_set(underlay, 0, why);
}

static void refused(struct underlay *underlay, unsigned merging, int error,
	const struct vtap_err *err, uint64_t now_ns)
{
	char names[VTAP_MERGING_TEXT_MAX], why[VTAP_ERR_MAX];

	underlay->is_given_way = false;
	vtap_backoff_delay(&underlay->backoff, now_ns);
	(void)snprintf(why, sizeof(why), "%s of %s cannot be switched off: %.200s", /* fits */
		vtap_merging_format(merging, names, sizeof(names)), underlay->former.name,
		err->text[0] != '\0' ? err->text : vtap_errno_text(error));
	why_set(underlay, error, why);
}

static void is_fixed(struct underlay *underlay, unsigned merging)
{
	char names[VTAP_MERGING_TEXT_MAX], why[VTAP_ERR_MAX];

	(void)snprintf(why, sizeof(why),
		"%s of %s cannot be switched off: the driver has it fixed", /* fits */
		vtap_merging_format(merging, names, sizeof(names)), underlay->former.name);
	why_set(underlay, 0, why);
}

static void switched_off(
	struct vtap_offloads *offloads, const struct underlay *underlay, unsigned merging)
{
	struct vtap_log_context context = log_context(underlay, 0);
	const char *name = underlay->former.name;
	char names[VTAP_MERGING_TEXT_MAX];

	(void)vtap_merging_format(merging, names, sizeof(names)); /* returns it */
	if (underlay->was_off) {
		offloads->n_repairs++;
		if (!underlay->is_given_way)
			vtap_log(LOG_NOTICE, VTAP_EVENT_REPAIRED, &context,
				"%s: %s was switched on by somebody; off again", name, names);
	} else if (underlay->is_known) {
		vtap_log(LOG_INFO, VTAP_EVENT_UNDERLAY, &context, "%s: %s was on again; off", name,
			names);
	} else {
		vtap_log(LOG_INFO, VTAP_EVENT_UNDERLAY, &context,
			"%s: %s off, for as long as vxlan sessions receive there", name, names);
	}
}

/* What is on and can be switched off. */
static void switch_off(
	struct vtap_offloads *offloads, struct underlay *underlay, unsigned which, uint64_t now_ns)
{
	bool is_repair = underlay->was_off;
	struct vtap_err err = VTAP_ERR_NULL;
	int r;

	if (is_repair && (!vtap_backoff_is_due(&underlay->backoff, now_ns) ||
				 !vtap_backoff_repair(&underlay->backoff, now_ns))) {
		give_way(underlay, which);
		return;
	}
	if (!vtap_backoff_is_due(&underlay->backoff, now_ns))
		return;
	r = vtap_offload_set(offloads->offload, underlay->index, which, 0, &err);
	if (r == -ENODEV)
		return; /* gone since the look: the next one sees it */
	if (r < 0) {
		underlay->was_off = false;
		refused(underlay, which, r, &err, now_ns);
		return;
	}
	if (!is_repair)
		vtap_backoff_clear(&underlay->backoff);
	underlay->merging &= ~which;
	switched_off(offloads, underlay, which);
}

static void hold_off(struct vtap_offloads *offloads, struct underlay *underlay,
	const struct vtap_device *device, uint64_t now_ns)
{
	unsigned which = device->merging & ~device->merging_fixed;

	if (vtap_backoff_is_quiet(&underlay->backoff, now_ns))
		underlay->is_given_way = false;
	underlay->merging = device->merging;
	if (which != 0)
		switch_off(offloads, underlay, which, now_ns);
	if ((underlay->merging & ~device->merging_fixed) != 0)
		return;
	underlay->was_off = underlay->is_known = true;
	if (underlay->is_given_way)
		return;
	if (underlay->merging != 0)
		is_fixed(underlay, underlay->merging);
	else
		why_clear(underlay);
}

int vtap_offloads_turn(struct vtap_manager *manager, uint64_t now_ns)
{
	const struct vtap_devices *devices = vtap_interfaces_devices(manager->interfaces);
	struct vtap_offloads *offloads = manager->offloads;
	int r;

	if (offloads->offload == NULL || unknown_why(manager) != NULL)
		return 0; /* what merges now is no memory of what did before */
	indexes_update(offloads, devices);
	r = wanted_update(manager);
	if (r < 0)
		return r;
	save_if_due(offloads);
	for (size_t i = 0; i < offloads->n; i++) {
		struct underlay *underlay = &offloads->underlay[i];
		const struct vtap_device *device =
			vtap_devices_find_index(devices, underlay->index);

		if (underlay->is_wanted && device != NULL)
			hold_off(offloads, underlay, device, now_ns);
	}
	return 0;
}

/* ---- on again ---- */

static void switched_on(
	struct underlay *underlay, unsigned which, int r, const struct vtap_err *err)
{
	struct vtap_log_context context = log_context(underlay, r);
	const char *name = underlay->former.name;
	char names[VTAP_MERGING_TEXT_MAX];

	(void)vtap_merging_format(which, names, sizeof(names)); /* returns it */
	if (r == 0 && which != 0)
		vtap_log(LOG_INFO, VTAP_EVENT_UNDERLAY, &context,
			"%s: %s on again, as before: no vxlan session receives there any more",
			name, names);
	else if (r < 0 && strcmp(underlay->why, err->text) != 0)
		vtap_log(LOG_ERR, VTAP_EVENT_TROUBLE, &context, "%s: switch %s on again: %s", name,
			names, err->text);
	memcpy(underlay->why, err->text, sizeof(underlay->why));
}

/* Return: is it done with? @is_last: nothing else is left that it may wait for. */
static bool underlay_restore(struct vtap_offloads *offloads, struct underlay *underlay,
	const struct vtap_device *device, bool is_last, uint64_t now_ns)
{
	unsigned which = underlay->former.merging & ~device->merging;
	struct vtap_err err = VTAP_ERR_NULL;
	int r;

	if (!vtap_backoff_is_due(&underlay->backoff, now_ns))
		return false;
	r = which == 0 ? 0
		       : vtap_offload_set(offloads->offload, underlay->index, which, which, &err);
	if (r == -ENODEV)
		return true; /* gone since the look */
	switched_on(underlay, which, r, &err);
	/* a driver that does not follow will not do so later, unless another is first */
	if (r == 0 || (r == -EOPNOTSUPP && is_last))
		return true;
	vtap_backoff_delay(&underlay->backoff, now_ns);
	return false;
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
		struct underlay *underlay = underlay_find(offloads, order[i]);

		if (underlay_restore(offloads, underlay, order[i], n_left == 0, now_ns))
			underlay_drop(offloads, (size_t)(underlay - offloads->underlay));
		else
			n_left++;
	}
	return 0;
}

/* Those that are away, and not waited for. */
static void unwanted_forget(struct vtap_manager *manager)
{
	const struct vtap_devices *devices = vtap_interfaces_devices(manager->interfaces);
	struct vtap_offloads *offloads = manager->offloads;

	for (size_t i = offloads->n; i-- > 0;) { /* the last one takes the place of one that goes */
		const struct underlay *underlay = &offloads->underlay[i];

		if (!underlay->is_wanted &&
			vtap_devices_find_index(devices, underlay->index) == NULL &&
			!is_wanted_when_away(manager->conf, underlay))
			underlay_forget(offloads, i);
	}
}

static void settle_unwanted(struct vtap_manager *manager, uint64_t now_ns)
{
	int r = unwanted_restore(manager, now_ns);

	if (r < 0)
		vtap_log(LOG_ERR, VTAP_EVENT_TROUBLE, &(struct vtap_log_context){ .error = r },
			"put back what merged frames before: %s; tried again", vtap_errno_text(r));
	unwanted_forget(manager);
}

void vtap_offloads_settle(struct vtap_manager *manager, uint64_t now_ns)
{
	struct vtap_offloads *offloads = manager->offloads;

	if (offloads->offload == NULL && is_needed(manager) && now_ns >= offloads->retry_at_ns)
		sockets_try(manager, now_ns);
	else if (offloads->offload != NULL && unknown_why(manager) == NULL)
		settle_unwanted(manager, now_ns);
	save_if_due(offloads);
	if (offloads->offload == NULL || is_needed(manager))
		return;
	vtap_interfaces_offload_with(manager->interfaces, NULL);
	sockets_close(offloads);
}

/* ---- telling ---- */

static bool is_to_be_tried(const struct underlay *underlay)
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
	const struct underlay *underlay = underlay_find(manager->offloads, device);
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
	if (is_target(manager->conf, i_target))
		vtap_underlays_mark(&manager->conf->targets[i_target], devices, marks);
	for (size_t i = 0; i < devices->n; i++)
		if (marks[i])
			device_tell(manager, &devices->device[i], &status);
	merging = off = NULL; /* handed over */
	*ret_status = status;
	return 0;
}
