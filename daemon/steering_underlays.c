// SPDX-License-Identifier: Apache-2.0
/* Where packets come in: the underlays that are to have the program, learned or named. */
#include <errno.h>
#include <net/if.h>
#include <string.h>

#include "daemon/log.h"
#include "daemon/manager.h"
#include "daemon/steering.h"
#include "daemon/steering_state.h"
#include "netlink/clsact.h"

static struct vtap_underlay *underlay_find(struct vtap_steering *steering, int index)
{
	for (size_t i = 0; i < steering->n_underlays; i++)
		if (steering->underlay[i].index == index)
			return &steering->underlay[i];
	return NULL;
}

static bool is_learned(const struct vtap_steering *steering, int index)
{
	for (size_t i = 0; i < steering->n_learned; i++)
		if (steering->learned[i] == index)
			return true;
	return false;
}

bool vtap_steering_learn(struct vtap_steering *steering, const struct vtap_device *device)
{
	if (device == NULL || vtap_device_is_ours(device) || (device->flags & IFF_LOOPBACK) != 0 ||
		steering->n_learned == VTAP_UNDERLAYS_MAX || is_learned(steering, device->index))
		return false;
	steering->learned[steering->n_learned++] = device->index;
	return true;
}

void vtap_steering_forget_learned(
	struct vtap_steering *steering, const struct vtap_devices *devices)
{
	size_t n = 0;

	for (size_t i = 0; i < steering->n_learned; i++)
		if (vtap_devices_find_index(devices, steering->learned[i]) != NULL)
			steering->learned[n++] = steering->learned[i];
	steering->n_learned = n;
}

static bool has_our_program(struct vtap_nl *nl, int index)
{
	struct vtap_filter filter;

	return vtap_clsact_find(nl, index, VTAP_HOOK_INGRESS, &filter, NULL) == 0 &&
	       strcmp(filter.name, VTAP_STEERING_NAME) == 0;
}

void vtap_steering_inherit(struct vtap_steering *steering, const struct vtap_devices *devices)
{
	_auto_free int *indexes = NULL;
	size_t n = 0;

	if (vtap_clsact_devices(steering->nl, &indexes, &n, NULL) < 0)
		return; /* the next turn asks again */
	steering->is_inherited = true;
	for (size_t i = 0; i < n; i++) {
		const struct vtap_device *device = vtap_devices_find_index(devices, indexes[i]);

		if (device == NULL || !has_our_program(steering->nl, indexes[i]) ||
			!vtap_steering_learn(steering, device) ||
			steering->n_underlays == VTAP_UNDERLAYS_MAX)
			continue;
		steering->underlay[steering->n_underlays] =
			(struct vtap_underlay){ .index = indexes[i], .is_doubted = true };
		memcpy(steering->underlay[steering->n_underlays++].name, device->name,
			sizeof(device->name));
	}
}

static bool target_wants(const struct vtap_steering *steering, const struct vtap_target *target,
	const struct vtap_device *device)
{
	if (target->n_underlays == 0)
		return is_learned(steering, device->index);
	return vtap_target_names(target, device->name);
}

/* Which targets receive on a device, those that name it before those that do not: their sockets are
 * asked first, too. A port belongs to the first one, whether it wants the fast path or not. Only
 * what would reach a socket of ours is taken (law 7): without one the port may be somebody else's.
 */
static size_t targets_of(const struct vtap_manager *manager, const struct vtap_device *device,
	size_t ret_i_targets[static VTAP_STEER_TARGETS_MAX])
{
	const struct vtap_conf *conf = manager->conf;
	uint16_t ports[2 * VTAP_STEER_TARGETS_MAX];
	size_t n_ports = 0, n = 0;

	for (int is_auto = 0; is_auto < 2; is_auto++)
		for (size_t i = 0; i < conf->n_targets; i++) {
			const struct vtap_target *target = &conf->targets[i];
			bool is_taken = (target->n_underlays == 0) != (is_auto == 1) ||
					n_ports == VTAP_ARRAY_LEN(ports) ||
					!target_wants(manager->steering, target, device);

			for (size_t j = 0; j < n_ports; j++)
				is_taken = is_taken || ports[j] == target->port;
			if (is_taken)
				continue;
			ports[n_ports++] = target->port;
			if (target->fastpath != VTAP_FASTPATH_OFF && i < VTAP_STEER_TARGETS_MAX &&
				vtap_intake_hears(manager->intake[i], target->port, device->index))
				ret_i_targets[n++] = i;
		}
	return n;
}

void vtap_steering_clear(struct vtap_steering *steering, struct vtap_underlay *underlay)
{
	struct vtap_err err = VTAP_ERR_NULL;
	int r = vtap_clsact_clear(steering->nl, underlay->index, VTAP_HOOK_INGRESS, &err);

	if (r < 0 && r != -ENODEV)
		vtap_log(LOG_ERR, VTAP_EVENT_TROUBLE,
			&(struct vtap_log_context){ .interface = underlay->name, .error = r },
			"%s: take the fast path away: %s", underlay->name, vtap_err_text(&err, r));
	underlay->program_id = 0;
}

static bool targets_are_equal(const struct vtap_underlay *a, const struct vtap_underlay *b)
{
	return a->n_targets == b->n_targets &&
	       memcmp(a->i_targets, b->i_targets, a->n_targets * sizeof(a->i_targets[0])) == 0;
}

/* One that had the program and is not to have it. */
static void underlay_leave(struct vtap_steering *steering, struct vtap_underlay *underlay)
{
	vtap_steering_clear(steering, underlay);
	vtap_log(LOG_INFO, VTAP_EVENT_UNDERLAY,
		&(struct vtap_log_context){ .interface = underlay->name }, "%s: fast path off",
		underlay->name);
}

void vtap_steering_update_underlays(struct vtap_manager *manager, bool *ret_is_changed)
{
	struct vtap_steering *steering = manager->steering;
	const struct vtap_devices *devices = vtap_interfaces_devices(manager->interfaces);
	struct vtap_underlay *fresh = steering->fresh;
	size_t n = 0;

	for (size_t i = 0; i < devices->n; i++) {
		const struct vtap_device *device = &devices->device[i];
		const struct vtap_underlay *former = underlay_find(steering, device->index);
		struct vtap_underlay underlay = { .index = device->index };

		if (vtap_device_is_ours(device))
			continue;
		if (former != NULL)
			underlay = *former;
		memcpy(underlay.name, device->name, sizeof(underlay.name));
		underlay.has_ipv6 = device->ipv6 != VTAP_OFF;
		underlay.n_targets = targets_of(manager, device, underlay.i_targets);
		if (underlay.n_targets > 0 && n < VTAP_UNDERLAYS_MAX) {
			*ret_is_changed = *ret_is_changed || former == NULL ||
					  former->has_ipv6 != underlay.has_ipv6 ||
					  !targets_are_equal(former, &underlay);
			fresh[n++] = underlay;
		} else if (former != NULL) {
			underlay_leave(steering, &underlay);
		}
	}
	memcpy(steering->underlay, fresh, n * sizeof(*fresh));
	steering->n_underlays = n;
}

bool vtap_steering_is_attached(const struct vtap_steering *steering, size_t i_target, int index)
{
	for (size_t i = 0; i < steering->n_underlays; i++) {
		const struct vtap_underlay *underlay = &steering->underlay[i];

		if (underlay->index != index || underlay->program_id == 0)
			continue;
		for (size_t j = 0; j < underlay->n_targets; j++)
			if (underlay->i_targets[j] == i_target)
				return true;
	}
	return false;
}
