// SPDX-License-Identifier: Apache-2.0
/* What a plan's steps do: devices are made, taken over, renamed and dressed. Each mode has a row:
 * how its device is made and taken over; the dressing is the same for both. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <string.h>
#include <sys/resource.h>

#include "daemon/conflict.h"
#include "daemon/interfaces_state.h"
#include "netlink/address.h"
#include "netlink/dump.h"
#include "netlink/link.h"
#include "tap/tap.h"

/* Descriptors that are left for sockets, workers and clients; of a limit under 256 a quarter. */
#define DESCRIPTORS_SPARE 64

/* Below this MTU a device has no IPv6. Source: RFC 8200 section 5, kernel net/ipv6/addrconf.c. */
#define IPV6_MTU_MIN 1280

/* ---- dressing ---- */

/* IPv4 and IPv6 are kept from the device, and it has no address. With an MTU below 1280 it has no
 * IPv6 to be set. */
static int hush(
	struct vtap_interfaces *set, const struct vtap_wish *wish, int index, struct vtap_err *err)
{
	struct vtap_link_settings link = { .set_quiet = true, .has_ipv6 = true };
	const struct vtap_device *device = vtap_devices_find_index(&set->devices, index);
	int r = vtap_link_disable_ipv6(wish->name, err);

	if (r < 0)
		return r;
	r = vtap_link_set(set->nl, index, &link, err);
	if (r == -EAFNOSUPPORT) {
		link.has_ipv6 = false;
		r = vtap_link_set(set->nl, index, &link, err);
	}
	if (r == 0 && device != NULL && device->has_address)
		r = vtap_addresses_remove(set->nl, index, err);
	return r;
}

/* Does this MTU give the device IPv6? The kernel makes it from the host's defaults, and without ARP
 * it sends a router solicitation at once. */
static bool mtu_brings_ipv6(const struct vtap_device *device, const struct vtap_wish *wish)
{
	return device != NULL && device->mtu_bytes < IPV6_MTU_MIN &&
	       wish->mtu_bytes >= IPV6_MTU_MIN;
}

/* A dormant device is up for frames, and not yet for IPv6. Whatever fails, it does not stay so. */
static int dress_dormant(struct vtap_interfaces *set, const struct vtap_wish *wish, int index,
	const struct vtap_link_settings *link, struct vtap_err *err)
{
	const struct vtap_link_settings dormant = { .oper = VTAP_OPER_DORMANT };
	const struct vtap_link_settings awake = { .oper = VTAP_OPER_UP };
	int r = vtap_link_set(set->nl, index, &dormant, err);
	int r_awake;

	if (r < 0)
		return r;
	r = vtap_link_set(set->nl, index, link, err);
	if (r == 0)
		r = hush(set, wish, index, err);
	r_awake = vtap_link_set(set->nl, index, &awake, r < 0 ? NULL : err);
	return r < 0 ? r : r_awake;
}

/* Up, after IPv6 is off: not one frame may leave. */
static int dress_up(struct vtap_interfaces *set, const struct vtap_device *device, int index,
	struct vtap_err *err)
{
	const struct vtap_link_settings link = {
		.set_up = true,
		.oper = device != NULL && device->is_dormant ? VTAP_OPER_UP : VTAP_OPER_STAYS,
	};

	return vtap_link_set(set->nl, index, &link, err);
}

/* A device with features that the driver does not let go keeps them: that is told, and no reason to
 * wait. */
static int offload_switch_off(struct vtap_interfaces *set, const struct vtap_device *device,
	int index, struct vtap_err *err)
{
	unsigned which =
		device != NULL ? device->merging & ~device->merging_fixed : VTAP_MERGING_ALL;
	int r;

	if (set->offload == NULL || which == 0)
		return 0;
	r = vtap_offload_set(set->offload, index, which, 0, err);
	return r == -EOPNOTSUPP ? 0 : r;
}

/* The sockets of ours that have its port, or NULL. */
static const struct vtap_busy *busy_find(
	const struct vtap_occasion *occasion, const struct vtap_wish *wish)
{
	for (size_t i = 0; i < occasion->n_busy && wish->mode == VTAP_MODE_VXLAN; i++)
		if (occasion->busy[i].port == wish->port)
			return &occasion->busy[i];
	return NULL;
}

/* Up, or what has the port meanwhile. */
static int dress_up_or_await(struct vtap_applying *applying, const struct vtap_wish *wish,
	const struct vtap_device *device, int index, struct vtap_err *err)
{
	const struct vtap_busy *busy = busy_find(applying->occasion, wish);
	int r;

	if (busy != NULL && busy->target == NULL)
		return VTAP_STEP_AWAITS;
	if (busy != NULL) {
		(void)vtap_err_set(err, -EADDRINUSE, /* returns it */
			"UDP port %u is still open for target %s, which waits for its own",
			wish->port, busy->target);
		return VTAP_STEP_HELD;
	}
	if (wish->mode == VTAP_MODE_VXLAN && applying->refused_port == wish->port &&
		applying->refused_family == wish->family)
		r = vtap_err_set(err, -EADDRINUSE, "%s", vtap_errno_text(EADDRINUSE));
	else
		r = dress_up(applying->set, device, index, err);
	if (r != -EADDRINUSE)
		return r;
	applying->refused_port = wish->port;
	applying->refused_family = wish->family;
	return applying->occasion->has_left ? VTAP_STEP_AWAITS : r;
}

/* Everything but the tunnel and the guard of what is set while it may still be down. */
static int dress_link(struct vtap_interfaces *set, const struct vtap_wish *wish, int index,
	unsigned settings, struct vtap_err *err)
{
	const struct vtap_device *device = vtap_devices_find_index(&set->devices, index);
	const unsigned in_link =
		VTAP_SET_ALIAS | VTAP_SET_MAC | VTAP_SET_MTU | VTAP_SET_GROUP | VTAP_SET_FREE;
	const struct vtap_link_settings link = {
		.alias = (settings & VTAP_SET_ALIAS) != 0 ? wish->alias : NULL,
		.mac = (settings & VTAP_SET_MAC) != 0 ? wish->mac : NULL,
		.mtu_bytes = (settings & VTAP_SET_MTU) != 0 ? wish->mtu_bytes : 0,
		.set_group = (settings & VTAP_SET_GROUP) != 0,
		.set_free = (settings & VTAP_SET_FREE) != 0,
	};
	int r = 0;

	if ((settings & VTAP_SET_MTU) != 0 && mtu_brings_ipv6(device, wish))
		r = dress_dormant(set, wish, index, &link, err);
	else if ((settings & in_link) != 0)
		r = vtap_link_set(set->nl, index, &link, err);
	if (r == 0 && (settings & VTAP_SET_QUIET) != 0)
		r = hush(set, wish, index, err);
	return r;
}

/* Up comes when nothing can leave or be merged any more, persistent last of all: what fails before
 * leaves no TAP behind. */
static int dress(struct vtap_applying *applying, const struct vtap_interface *interface, int index,
	unsigned settings, struct vtap_err *err)
{
	struct vtap_interfaces *set = applying->set;
	const struct vtap_device *device = vtap_devices_find_index(&set->devices, index);
	const struct vtap_wish *wish = &interface->wish;
	int r = dress_link(set, wish, index, settings, err);

	if (r == 0 && (settings & VTAP_SET_OWNER) != 0)
		r = vtap_tap_set_owner(interface->fd, wish->uid, wish->gid, err);
	if (r == 0 && (settings & (VTAP_SET_TUNNEL | VTAP_SET_TTL)) != 0)
		r = vtap_link_reset_tunnel(set->nl, index, wish->family, err);
	if (r == 0 && (settings & VTAP_SET_OFFLOAD) != 0)
		r = offload_switch_off(set, device, index, err);
	if (r == 0 && (settings & VTAP_SET_GUARD) != 0)
		vtap_guards_set(&set->guards, wish->name, index);
	if (r == 0 && (settings & VTAP_SET_UP) != 0)
		r = dress_up_or_await(applying, wish, device, index, err);
	if (r == 0 && (settings & VTAP_SET_PERSISTENT) != 0)
		r = vtap_tap_set_persistent(interface->fd, true, err);
	if (r < 0)
		return vtap_err_add(err, r, "%s", wish->name);
	if (settings == VTAP_SET_GUARD && !vtap_guards_is_on(&set->guards, index))
		return VTAP_STEP_REFUSED;
	return r;
}

/* The new device takes the place of one that we held, if any. */
static void interface_hold(
	struct vtap_applying *applying, struct vtap_interface *interface, int *fd, int index)
{
	vtap_interfaces_give_up(applying->set, &interface->fd);
	applying->turn->has_new_fds = applying->turn->has_new_fds || *fd >= 0;
	interface->fd = vtap_steal_fd(fd);
	interface->wish.held_index = index;
	interface->wish.was_held = true;
}

/* ---- TAPs ---- */

/* Some descriptors stay free: with all of them at tap interfaces there would be no sockets to
 * receive on, and nobody could ask. The number of a new descriptor is the lowest that is free. */
static int descriptors_check(const char *name, struct vtap_err *err)
{
	struct rlimit limit = { .rlim_cur = RLIM_INFINITY };
	rlim_t spare;
	_auto_fd int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
		return 0;
	if (fd < 0 && errno != EMFILE)
		return vtap_err_set(err, -errno, "%s: %s", name, vtap_errno_text(errno));
	spare = limit.rlim_cur / 4 < DESCRIPTORS_SPARE ? limit.rlim_cur / 4 : DESCRIPTORS_SPARE;
	if (fd >= 0 && (rlim_t)fd < limit.rlim_cur - spare)
		return 0;
	return vtap_err_set(err, -EMFILE,
		"%s: each tap interface takes a descriptor, and the limit is %ju (RLIMIT_NOFILE); "
		"raise LimitNOFILE= of the service",
		name, (uintmax_t)limit.rlim_cur);
}

/* A new TAP gets its alias, and then its name. */
static int tap_christen(
	struct vtap_nl *nl, const struct vtap_wish *wish, int fd, struct vtap_err *err)
{
	const struct vtap_link_settings link = { .alias = wish->alias };
	char making[VTAP_TAP_NAME_MAX] = "";
	int index, r = vtap_tap_name(fd, making);

	if (r < 0)
		return vtap_err_set(err, r, "create %s: %s", wish->name, vtap_errno_text(-r));
	index = (int)if_nametoindex(making);
	if (index == 0)
		return vtap_err_set(err, -errno, "create %s: look up %s: %s", wish->name, making,
			vtap_errno_text(errno));
	r = vtap_link_set(nl, index, &link, err);
	if (r == 0)
		r = vtap_link_rename(nl, index, wish->name, err);
	return r < 0 ? vtap_err_add(err, r, "create %s", wish->name) : 0;
}

/* The event of a new device may be handled before it has its alias, and networkd keeps what came to
 * it once without the mark of udev's rule. The rule knows the usual names; a TAP with another one
 * has, until its alias is set, a name that the rule knows too. (A vxlan device is made in a link
 * group that it knows; a TAP cannot be.) */
static int tap_make(struct vtap_applying *applying, const struct vtap_wish *wish, int *ret_fd,
	struct vtap_err *err)
{
	bool is_usual = vtap_ifname_is_usual(wish->name);
	_auto_fd int fd = -1;
	int r = descriptors_check(wish->name, err);

	if (r == 0)
		r = vtap_tap_create(is_usual ? wish->name : VTAP_IFNAME_MAKING "%d", wish->uid,
			wish->gid, &fd, err);
	if (r == 0 && !is_usual)
		r = tap_christen(applying->set->nl, wish, fd, err);
	if (r == 0)
		*ret_fd = vtap_steal_fd(&fd);
	return r;
}

/* Not persistent yet: it is gone when its descriptor is closed. */
static void tap_unmake(struct vtap_applying *applying, struct vtap_interface *interface)
{
	interface->wish.held_index = 0;
	interface->wish.was_held = false;
	vtap_interfaces_give_up(applying->set, &interface->fd);
}

static bool closed_take_back(struct vtap_interfaces *set, const char *name, int *ret_fd)
{
	char held[VTAP_TAP_NAME_MAX];

	for (size_t i = 0; i < set->n_closed; i++) {
		if (vtap_tap_name(set->closed[i], held) < 0 || strcmp(held, name) != 0)
			continue;
		*ret_fd = set->closed[i];
		set->closed[i] = set->closed[--set->n_closed];
		return true;
	}
	return false;
}

static int tap_take_over(struct vtap_applying *applying, const struct vtap_wish *wish, int *ret_fd,
	struct vtap_err *err)
{
	int r = descriptors_check(wish->name, err);

	if (r == 0)
		r = vtap_tap_attach(wish->name, wish->uid, wish->gid, ret_fd, err);
	if (r == -EBUSY && closed_take_back(applying->set, wish->name, ret_fd))
		r = 0; /* removed and wanted again before the table was made: it is us who hold it
			*/
	if (r == -EBUSY)
		return vtap_err_set(err, r, "%s is held by another process", wish->name);
	return r;
}

/* ---- vxlan devices ---- */

static int vxlan_make(struct vtap_applying *applying, const struct vtap_wish *wish, int *ret_fd,
	struct vtap_err *err)
{
	const struct vtap_vxlan_spec spec = {
		.name = wish->name,
		.mac = wish->mac,
		.mtu_bytes = wish->mtu_bytes,
		.vni = wish->vni,
		.port = wish->port,
		.family = wish->family,
	};

	(void)ret_fd; /* there is none */
	return vtap_link_create_vxlan(applying->set->nl, &spec, err);
}

/* It is marked as ours, and what it lacks is set by a later turn. */
static void vxlan_unmake(struct vtap_applying *applying, struct vtap_interface *interface)
{
	(void)applying;
	(void)interface;
}

static int vxlan_take_over(struct vtap_applying *applying, const struct vtap_wish *wish,
	int *ret_fd, struct vtap_err *err)
{
	(void)applying; /* its index is all there is to hold */
	(void)wish;
	(void)ret_fd;
	(void)err;
	return 0;
}

/* ---- the rows, and the steps ---- */

struct mode_row {
	int (*make)(struct vtap_applying *applying, const struct vtap_wish *wish, int *ret_fd,
		struct vtap_err *err);
	void (*unmake)(struct vtap_applying *applying, struct vtap_interface *interface);
	int (*take_over)(struct vtap_applying *applying, const struct vtap_wish *wish, int *ret_fd,
		struct vtap_err *err);
	unsigned made; /* bits of enum vtap_setting that its making has done already */
};

static const struct mode_row MODES[] = {
	[VTAP_MODE_TAP] = {
		.make = tap_make,
		.unmake = tap_unmake,
		.take_over = tap_take_over,
		.made = VTAP_SET_GROUP | VTAP_SET_FREE,
	},
	[VTAP_MODE_VXLAN] = {
		.make = vxlan_make,
		.unmake = vxlan_unmake,
		.take_over = vxlan_take_over,
		.made = VTAP_SET_MAC | VTAP_SET_MTU | VTAP_SET_FREE | VTAP_SET_TUNNEL |
			VTAP_SET_TTL,
	},
};
static_assert(VTAP_ARRAY_LEN(MODES) == VTAP_MODE_COUNT, "every mode has its row");

static int step_create(struct vtap_applying *applying, struct vtap_interface *interface,
	const struct vtap_step *step, struct vtap_err *err)
{
	const struct vtap_wish *wish = &interface->wish;
	const struct mode_row *mode = &MODES[wish->mode];
	_auto_fd int fd = -1;
	int r = mode->make(applying, wish, &fd, err);
	int index;

	if (r < 0)
		return r;
	index = (int)if_nametoindex(wish->name);
	interface->state =
		interface->state == VTAP_STATE_ABSENT ? VTAP_STATE_CREATING : interface->state;
	if (index == 0)
		return errno == ENODEV ? vtap_err_set(err, -ENODEV,
						 "%s: vanished while it was made", wish->name)
				       : vtap_err_set(err, -errno, "%s: look it up: %s", wish->name,
						 vtap_errno_text(errno));
	interface_hold(applying, interface, &fd, index);
	r = dress(applying, interface, index, step->settings & ~mode->made, err);
	if (r < 0)
		mode->unmake(applying, interface);
	return r;
}

static int step_adopt(struct vtap_applying *applying, struct vtap_interface *interface,
	const struct vtap_step *step, struct vtap_err *err)
{
	_auto_fd int fd = -1;
	int r = MODES[interface->wish.mode].take_over(applying, &interface->wish, &fd, err);

	if (r < 0)
		return r;
	interface_hold(applying, interface, &fd, step->index);
	return dress(applying, interface, step->index, step->settings, err);
}

/* Two of ours may have each other's name: one of them steps aside under a name of its own, and the
 * next look finds the way free. */
static int step_rename(struct vtap_interfaces *set, const struct vtap_interface *interface,
	const struct vtap_step *step, struct vtap_err *err)
{
	char spare[VTAP_IFNAME_MAX];
	int r = vtap_link_rename(set->nl, step->index, interface->wish.name, err);

	if (r != -EEXIST)
		return r;
	(void)snprintf(spare, sizeof(spare), "vtapd%d", step->index); /* fits */
	(void)vtap_link_rename(
		set->nl, step->index, spare, NULL); /* refused: as it was, and tried again */
	return r;
}

/* Is it about a device that is no longer the one that was looked at? */
static bool step_is_late(struct vtap_interfaces *set, const struct vtap_step *step)
{
	return (step->kind == VTAP_STEP_ADOPT || step->kind == VTAP_STEP_RENAME ||
		       step->kind == VTAP_STEP_SET) &&
	       !vtap_link_is_still(set->nl, vtap_devices_find_index(&set->devices, step->index));
}

int vtap_step_apply(struct vtap_applying *applying, struct vtap_interface *interface,
	const struct vtap_step *step, struct vtap_err *err)
{
	if (step_is_late(applying->set, step))
		return -ENODEV;
	switch (step->kind) {
	case VTAP_STEP_CREATE:
		return step_create(applying, interface, step, err);
	case VTAP_STEP_ADOPT:
		return step_adopt(applying, interface, step, err);
	case VTAP_STEP_RENAME:
		return step_rename(applying->set, interface, step, err);
	case VTAP_STEP_SET:
		return dress(applying, interface, step->index, step->settings, err);
	default:
		return 0;
	}
}
