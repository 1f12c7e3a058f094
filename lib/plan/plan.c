// SPDX-License-Identifier: Apache-2.0
/*
 * How it works. Each wish is looked up twice among the devices: by the index of the device that we
 * hold a descriptor of (it is ours whatever it is called and whatever its alias says), and by name.
 *
 *	held  by name         ->
 *	yes   the same        SET what differs, or nothing
 *	yes   nobody          RENAME back (sensors keep their handle)
 *	yes   ours, other     REMOVE that one, then RENAME
 *	yes   not ours        FOREIGN; the held one keeps its wrong name and goes on taking frames
 *	unfit anybody         as if it were not held; FOREIGN where it lost our mark: it stays
 *	no    nobody          CREATE
 *	no    ours, usable    ADOPT, setting what differs
 *	no    ours, unfit     REMOVE, then CREATE
 *	no    another wish's  AWAIT: that one is renamed, and the next look finds the name free
 *	no    not ours        FOREIGN
 *
 * Unfit is a device that no change in place can make right: another kind, a multi-queue TAP, a
 * vxlan device of another VNI. What that means for each mode stands in MODES.
 *
 * Whatever carries our mark and was not reached from a wish is removed.
 */
#include "plan/plan.h"

#include <assert.h>
#include <errno.h>
#include <linux/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

void vtap_plan_done(struct vtap_plan *plan)
{
	free(plan->step);
	*plan = (struct vtap_plan){ 0 };
}

struct planning {
	const struct vtap_wish *wishes;
	size_t n_wishes;
	const struct vtap_devices *devices;
	const struct vtap_device **by_name; /* sorted */
	bool *is_wanted;                    /* by position in devices */
	bool *is_held;                      /* so: a wish holds it */
	struct vtap_plan plan;
};

static int step_add(struct planning *planning, struct vtap_step step, const char *fmt, ...)
	VTAP_PRINTF(3, 4);

static int step_add(struct planning *planning, struct vtap_step step, const char *fmt, ...)
{
	struct vtap_plan *plan = &planning->plan;
	struct vtap_step *grown = reallocarray(plan->step, plan->n + 1, sizeof(*grown));
	va_list args;

	if (grown == NULL)
		return -ENOMEM;
	plan->step = grown;
	va_start(args, fmt);
	(void)vsnprintf(step.reason, sizeof(step.reason), fmt, args); /* cut is harmless */
	va_end(args);
	vtap_text_make_printable(step.reason); /* names and aliases may hold any bytes */
	grown[plan->n++] = step;
	return 0;
}

static struct vtap_step step_about(
	enum vtap_step_kind kind, size_t i_wish, const struct vtap_device *device)
{
	struct vtap_step step = { .kind = kind, .i_wish = i_wish, .index = device->index };

	memcpy(step.name, device->name, sizeof(step.name));
	return step;
}

/* ---- what differs ---- */

struct difference {
	unsigned settings;
	char text[VTAP_REASON_MAX];
};

static void difference_add(struct difference *difference, unsigned setting, const char *fmt, ...)
	VTAP_PRINTF(3, 4);

static void difference_add(struct difference *difference, unsigned setting, const char *fmt, ...)
{
	size_t used = strlen(difference->text);
	va_list args;

	if (used > 0 && used + 2 < sizeof(difference->text)) {
		memcpy(difference->text + used, ", ", 3);
		used += 2;
	}
	va_start(args, fmt);
	(void)vsnprintf(difference->text + used, sizeof(difference->text) - used, fmt,
		args); /* cut is fine */
	va_end(args);

	difference->settings |= setting;
}

static void compare_link(const struct vtap_wish *wish, const struct vtap_device *device,
	struct difference *difference)
{
	if (strcmp(wish->alias, device->alias) != 0)
		difference_add(
			difference, VTAP_SET_ALIAS, "had the alias \"%.40s\"", device->alias);
	if (wish->mtu_bytes != device->mtu_bytes)
		difference_add(difference, VTAP_SET_MTU, "had MTU %u", device->mtu_bytes);
	if (memcmp(wish->mac, device->mac, sizeof(wish->mac)) != 0)
		difference_add(difference, VTAP_SET_MAC, "had MAC %02x:%02x:%02x:%02x:%02x:%02x",
			device->mac[0], device->mac[1], device->mac[2], device->mac[3],
			device->mac[4], device->mac[5]);
	if ((device->flags & IFF_UP) == 0)
		difference_add(difference, VTAP_SET_UP, "was set down by somebody");
	else if ((device->flags & IFF_NOARP) == 0)
		difference_add(difference, VTAP_SET_UP, "had ARP on");
	else if (device->is_dormant)
		difference_add(difference, VTAP_SET_UP, "was dormant");
	if (device->master_index != 0)
		difference_add(difference, VTAP_SET_FREE, "was put into a bridge or bond");
	if (device->group != 0)
		difference_add(difference, VTAP_SET_GROUP, "was in link group %u", device->group);
}

static void compare_quiet(const struct vtap_device *device, struct difference *difference)
{
	if (device->ipv6 == VTAP_ON)
		difference_add(difference, VTAP_SET_QUIET, "had IPv6 on");
	else if (device->addrgen == VTAP_ON)
		difference_add(difference, VTAP_SET_QUIET, "made IPv6 addresses");
	if (device->rp_filter == VTAP_OFF)
		difference_add(difference, VTAP_SET_QUIET, "had no strict rp_filter");
	if (device->forwarding == VTAP_ON)
		difference_add(difference, VTAP_SET_QUIET, "had forwarding on");
	if (device->has_address)
		difference_add(difference, VTAP_SET_QUIET, "had an address");
	if (device->guard == VTAP_OFF)
		difference_add(difference, VTAP_SET_GUARD, "had no guard");
}

/* ---- the two kinds of devices ---- */

static void tap_compare(const struct vtap_wish *wish, const struct vtap_device *device,
	struct difference *difference)
{
	if (device->owner_uid != (int64_t)wish->uid || device->owner_gid != (int64_t)wish->gid)
		difference_add(difference, VTAP_SET_OWNER, "belonged to %lld:%lld",
			(long long)device->owner_uid, (long long)device->owner_gid);
	if (!device->is_persistent)
		difference_add(difference, VTAP_SET_PERSISTENT, "was not persistent");
}

/* Why it cannot be made right, or NULL. */
static const char *tap_unfit(const struct vtap_wish *wish, const struct vtap_device *device)
{
	(void)wish; /* all TAPs are made alike */
	if (!device->is_tap)
		return "is no TAP";
	return device->is_multi_queue ? "has several queues" : NULL;
}

/* A tunnel that only receives has no end, and learns nothing: it would send, or drop frames. */
static void vxlan_compare(const struct vtap_wish *wish, const struct vtap_device *device,
	struct difference *difference)
{
	const struct vtap_vxlan *vxlan = &device->vxlan;
	char merging[VTAP_MERGING_TEXT_MAX];
	unsigned on = device->merging & ~device->merging_fixed;

	(void)wish; /* all of it is the same for each */
	if (vxlan->ttl != 0)
		difference_add(difference, VTAP_SET_TTL, "had TTL %u", vxlan->ttl);
	if (vxlan->tos != 0)
		difference_add(difference, VTAP_SET_TTL, "had TOS 0x%x", vxlan->tos);
	if (vxlan->has_remote)
		difference_add(difference, VTAP_SET_TUNNEL, "had a remote end");
	if (vxlan->has_local)
		difference_add(difference, VTAP_SET_TUNNEL, "had a local address");
	if (vxlan->is_learning)
		difference_add(difference, VTAP_SET_TUNNEL, "learned addresses");
	if (on != 0)
		difference_add(difference, VTAP_SET_OFFLOAD, "had %s on",
			vtap_merging_format(on, merging, sizeof(merging)));
}

static const char *vxlan_unfit(const struct vtap_wish *wish, const struct vtap_device *device)
{
	const struct vtap_vxlan *vxlan = &device->vxlan;
	unsigned wished = wish->family == VTAP_FAMILY_IPV6 ? VTAP_VXLAN_ZERO_CSUM6 : 0;

	if (!device->is_vxlan)
		return "is no vxlan interface";
	if (vxlan->vni != wish->vni)
		return "has another VNI";
	if (vxlan->port != wish->port)
		return "has another port";
	if ((vxlan->flags & VTAP_VXLAN_ZERO_CSUM6) != wished)
		return "has another family";
	if ((vxlan->flags & VTAP_VXLAN_LINKED) != 0)
		return "was bound to an interface";
	if (vxlan->flags != wished)
		return "was made with other options";
	/* one that was never shown to a sensor costs nothing to make anew */
	return device->group == VTAP_GROUP_MAKING && vxlan->reserved_bits == VTAP_ON
		       ? "drops packets with reserved bits"
		       : NULL;
}

struct mode_row {
	unsigned settings; /* bits of enum vtap_setting that such a device has */
	const char *(*unfit)(const struct vtap_wish *wish, const struct vtap_device *device);
	void (*compare)(const struct vtap_wish *wish, const struct vtap_device *device,
		struct difference *difference);
};

#define SETTINGS_OF_ALL                                                                            \
	(VTAP_SET_ALIAS | VTAP_SET_MTU | VTAP_SET_MAC | VTAP_SET_UP | VTAP_SET_QUIET |             \
		VTAP_SET_FREE | VTAP_SET_GROUP | VTAP_SET_GUARD)

static const struct mode_row MODES[] = {
	[VTAP_MODE_TAP] = {
		.settings = SETTINGS_OF_ALL | VTAP_SET_OWNER | VTAP_SET_PERSISTENT,
		.unfit = tap_unfit,
		.compare = tap_compare,
	},
	[VTAP_MODE_VXLAN] = {
		.settings = SETTINGS_OF_ALL | VTAP_SET_TUNNEL | VTAP_SET_TTL | VTAP_SET_OFFLOAD,
		.unfit = vxlan_unfit,
		.compare = vxlan_compare,
	},
};
static_assert(VTAP_ARRAY_LEN(MODES) == VTAP_MODE_COUNT, "every mode has its row");

unsigned vtap_settings_of(enum vtap_mode mode)
{
	return MODES[mode].settings;
}

static const char *device_unfit(const struct vtap_wish *wish, const struct vtap_device *device)
{
	return MODES[wish->mode].unfit(wish, device);
}

static struct difference device_compare(
	const struct vtap_wish *wish, const struct vtap_device *device)
{
	struct difference difference = { 0 };

	compare_link(wish, device, &difference);
	MODES[wish->mode].compare(wish, device, &difference);
	compare_quiet(device, &difference);
	return difference;
}

/* ---- looking up ---- */

static int device_name_compare(const void *a, const void *b)
{
	return strcmp((*(const struct vtap_device *const *)a)->name,
		(*(const struct vtap_device *const *)b)->name);
}

static const struct vtap_device *find_name(const struct planning *planning, const char *name)
{
	struct vtap_device key = { 0 };
	const struct vtap_device *key_pointer = &key;
	const struct vtap_device *const *found;

	memcpy(key.name, name, sizeof(key.name));
	if (planning->devices->n == 0)
		return NULL;
	found = bsearch(&key_pointer, planning->by_name, planning->devices->n, sizeof(key_pointer),
		device_name_compare);
	return found != NULL ? *found : NULL;
}

static void want(struct planning *planning, const struct vtap_device *device)
{
	planning->is_wanted[device - planning->devices->device] = true;
}

/* ---- one wish ---- */

static int plan_foreign(struct planning *planning, size_t i_wish, const struct vtap_device *device)
{
	char kind[VTAP_KIND_MAX + 24];

	return step_add(planning, step_about(VTAP_STEP_FOREIGN, i_wish, device),
		"%s is %s that vtapd did not make; left alone", device->name,
		vtap_device_kind_text(device, kind, sizeof(kind)));
}

static int plan_set(struct planning *planning, size_t i_wish, const struct vtap_device *device)
{
	struct difference difference = device_compare(&planning->wishes[i_wish], device);
	struct vtap_step step = step_about(VTAP_STEP_SET, i_wish, device);

	step.settings = difference.settings;
	return step.settings == 0 ? 0 : step_add(planning, step, "%s", difference.text);
}

static int plan_held(struct planning *planning, size_t i_wish, const struct vtap_device *held,
	const struct vtap_device *named)
{
	int r = 0;

	want(planning, held);
	if (named != NULL && named != held && !vtap_device_is_ours(named))
		return plan_foreign(planning, i_wish, named);
	if (named !=
		held) /* whatever else has the name is ours and unwanted: removals come first */
		r = step_add(planning, step_about(VTAP_STEP_RENAME, i_wish, held),
			"was renamed to %s by somebody", held->name);
	return r < 0 ? r : plan_set(planning, i_wish, held);
}

/* @why: what is wrong with the one that there is, which goes first; NULL: there is none */
static int plan_create(struct planning *planning, size_t i_wish, const char *why)
{
	const struct vtap_wish *wish = &planning->wishes[i_wish];
	struct vtap_step step = {
		.kind = VTAP_STEP_CREATE,
		.i_wish = i_wish,
		.settings = vtap_settings_of(wish->mode),
		.was_held = wish->was_held,
	};

	memcpy(step.name, wish->name, sizeof(step.name));
	if (why == NULL)
		why = step.was_held ? "was deleted by somebody" : "does not exist";
	return step_add(planning, step, "%s", why);
}

static int plan_adopt(struct planning *planning, size_t i_wish, const struct vtap_device *device)
{
	struct difference difference = device_compare(&planning->wishes[i_wish], device);
	struct vtap_step step = step_about(VTAP_STEP_ADOPT, i_wish, device);

	want(planning, device);
	step.settings = difference.settings;
	return step_add(planning, step, "%s", difference.text);
}

static bool is_held(const struct planning *planning, const struct vtap_device *device)
{
	return planning->is_held[device - planning->devices->device];
}

static int plan_await(struct planning *planning, size_t i_wish, const struct vtap_device *device)
{
	return step_add(planning, step_about(VTAP_STEP_AWAIT, i_wish, device),
		"is another of ours for the moment");
}

static const struct vtap_device *find_held(
	const struct planning *planning, const struct vtap_wish *wish)
{
	return wish->held_index != 0 ? vtap_devices_find_index(planning->devices, wish->held_index)
				     : NULL;
}

static int plan_wish(struct planning *planning, size_t i_wish)
{
	const struct vtap_wish *wish = &planning->wishes[i_wish];
	const struct vtap_device *named = find_name(planning, wish->name);
	const struct vtap_device *held = find_held(planning, wish);
	const char *why = held != NULL ? device_unfit(wish, held) : NULL;

	if (held != NULL && why == NULL)
		return plan_held(planning, i_wish, held, named);
	if (named == held && held != NULL && !vtap_device_is_ours(held))
		return plan_foreign(planning, i_wish, held);
	if (named == NULL || named == held)
		return plan_create(planning, i_wish, why);
	if (is_held(planning, named))
		return plan_await(planning, i_wish, named);
	if (!vtap_device_is_ours(named))
		return plan_foreign(planning, i_wish, named);
	why = device_unfit(wish, named);
	if (why != NULL) /* removed below, as unwanted */
		return plan_create(planning, i_wish, why);
	return plan_adopt(planning, i_wish, named);
}

/* Everything of ours that no wish reached, put in front of the other steps. */
static int plan_removals(struct planning *planning)
{
	struct vtap_plan rest = planning->plan;
	int r = 0;

	planning->plan = (struct vtap_plan){ 0 };
	for (size_t i = 0; i < planning->devices->n && r == 0; i++) {
		const struct vtap_device *device = &planning->devices->device[i];

		if (!planning->is_wanted[i] && vtap_device_is_ours(device))
			r = step_add(planning, step_about(VTAP_STEP_REMOVE, SIZE_MAX, device),
				"no session has it");
	}
	for (size_t i = 0; i < rest.n && r == 0; i++)
		r = step_add(planning, rest.step[i], "%s", rest.step[i].reason);
	free(rest.step);
	return r;
}

/* An unfit one is held by nobody: it is on its way out. */
static void note_held(struct planning *planning, const struct vtap_wish *wish)
{
	const struct vtap_device *held = find_held(planning, wish);

	if (held != NULL && device_unfit(wish, held) == NULL)
		planning->is_held[held - planning->devices->device] = true;
}

static int plan_all(struct planning *planning)
{
	int r = 0;

	for (size_t i = 0; i < planning->devices->n; i++)
		planning->by_name[i] = &planning->devices->device[i];
	qsort(planning->by_name, planning->devices->n, sizeof(*planning->by_name),
		device_name_compare);
	for (size_t i = 0; i < planning->n_wishes; i++)
		note_held(planning, &planning->wishes[i]);
	for (size_t i = 0; i < planning->n_wishes && r == 0; i++)
		r = plan_wish(planning, i);
	return r < 0 ? r : plan_removals(planning);
}

int vtap_plan_make(const struct vtap_wish *wishes, size_t n_wishes,
	const struct vtap_devices *devices, struct vtap_plan *ret_plan)
{
	_auto_free const struct vtap_device **by_name = calloc(devices->n + 1, sizeof(*by_name));
	_auto_free bool *is_wanted = calloc(devices->n + 1, sizeof(*is_wanted));
	_auto_free bool *is_held = calloc(devices->n + 1, sizeof(*is_held));
	struct planning planning = {
		.wishes = wishes,
		.n_wishes = n_wishes,
		.devices = devices,
		.by_name = by_name,
		.is_wanted = is_wanted,
		.is_held = is_held,
	};
	bool has_memory = by_name != NULL && is_wanted != NULL && is_held != NULL;
	int r = has_memory ? plan_all(&planning) : -ENOMEM;

	if (r < 0)
		vtap_plan_done(&planning.plan);
	else
		*ret_plan = planning.plan;
	return r;
}
