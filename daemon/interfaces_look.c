// SPDX-License-Identifier: Apache-2.0
/* What there is: a look at the kernel's interfaces, and what it says of those that we hold. */
#include <net/if.h>
#include <string.h>

#include "base/clock.h"
#include "daemon/interfaces_state.h"
#include "daemon/log.h"
#include "netlink/dump.h"
#include "netlink/link.h"
#include "tap/tap.h"

/* Looks in one turn while devices are being renamed. */
#define LOOKS_MAX 3

void vtap_interfaces_offload_with(struct vtap_interfaces *set, struct vtap_offload *offload)
{
	set->offload = offload;
	set->note_err.text[0] = '\0';
}

const char *vtap_interfaces_unknown_merging(const struct vtap_interfaces *set)
{
	return set->note_err.text[0] != '\0' ? set->note_err.text : NULL;
}

/* Somebody may take the mark off a device of ours, or change its MAC. Without both it is not known
 * for ours: its index may have been given again, also to a device that comes from elsewhere. */
static bool vxlan_is_known(const struct vtap_wish *wish, const struct vtap_device *device)
{
	return device->is_vxlan && (vtap_device_is_ours(device) ||
					   memcmp(device->mac, wish->mac, sizeof(wish->mac)) == 0);
}

/* Is the device with that index still the one behind our descriptor? An index may be given again.
 */
static bool held_is_there(const struct vtap_interfaces *set, const struct vtap_interface *interface,
	bool *ret_is_moving)
{
	const struct vtap_device *device =
		vtap_devices_find_index(&set->devices, interface->wish.held_index);
	char name[VTAP_TAP_NAME_MAX];

	if (interface->wish.mode == VTAP_MODE_VXLAN)
		return device != NULL && vxlan_is_known(&interface->wish, device);
	if (device == NULL || !device->is_tap || vtap_tap_name(interface->fd, name) < 0)
		return false;
	if (strcmp(name, device->name) == 0)
		return true;
	*ret_is_moving =
		true; /* renamed since the look, or in another namespace and the index reused */
	return false;
}

/* Forget devices that were deleted. Return: did one of them change its name since the look? */
static bool held_check(struct vtap_interfaces *set)
{
	bool is_moving = false;

	for (size_t i = 0; i < set->n; i++) {
		struct vtap_interface *interface = set->interface[i];
		bool is_this_moving = false;

		if (interface->wish.held_index != 0 &&
			!held_is_there(set, interface, &is_this_moving) && !is_this_moving)
			interface->wish.held_index = 0;
		is_moving = is_moving || is_this_moving;
	}
	return is_moving;
}

/* A look is worth something without: told when it begins, or for another reason. */
static void merging_note(struct vtap_interfaces *set, struct vtap_devices *devices)
{
	struct vtap_err err = VTAP_ERR_NULL;
	int r = set->offload != NULL ? vtap_offload_note(set->offload, devices, &err) : 0;
	const char *why = r < 0 ? vtap_err_text(&err, r) : "";

	if (r < 0 && strcmp(why, set->note_err.text) != 0)
		vtap_log(LOG_WARNING, VTAP_EVENT_TROUBLE, &(struct vtap_log_context){ .error = r },
			"whether frames are merged is not known, and it is not switched off: %s; "
			"tried again every second",
			why);
	(void)vtap_err_set(&set->note_err, r, "%s", why); /* returns it */
}

static int look_once(struct vtap_interfaces *set, struct vtap_err *err)
{
	struct vtap_devices devices = { 0 };
	int r = vtap_links_dump(set->nl, &devices, err);

	if (r < 0)
		return r;
	merging_note(set, &devices);
	vtap_devices_done(&set->devices);
	set->devices = devices;
	return 0;
}

/* Looks until nobody was renamed meanwhile. */
int vtap_interfaces_look(struct vtap_interfaces *set, struct vtap_err *err)
{
	bool is_moving = true;

	for (int i = 0; i < LOOKS_MAX && is_moving; i++) {
		int r = look_once(set, err);

		if (r < 0)
			return r;
		is_moving = held_check(set);
	}
	for (size_t i = 0; i < set->n && is_moving; i++) {
		struct vtap_interface *interface = set->interface[i];

		/* it keeps its other name while we look: somebody moved it to another namespace */
		if (interface->wish.held_index != 0 && !held_is_there(set, interface, &is_moving))
			interface->wish.held_index = 0;
	}
	vtap_guards_note(&set->guards, &set->devices, vtap_clock_mono_ns());
	return 0;
}

bool vtap_interfaces_release_port(struct vtap_interfaces *set, uint16_t port)
{
	bool has_any = false;

	for (size_t i = 0; i < set->devices.n; i++) {
		const struct vtap_device *device = &set->devices.device[i];

		if (!device->is_vxlan || device->vxlan.port != port ||
			(device->flags & IFF_UP) == 0 || !vtap_device_is_ours(device) ||
			!vtap_link_is_still(set->nl, device))
			continue;
		has_any = true;
		(void)vtap_link_set_down(set->nl, device->index, NULL); /* see the header */
	}
	return has_any;
}
