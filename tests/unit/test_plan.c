// SPDX-License-Identifier: Apache-2.0
/*
 * Law 5: what is wanted and what is are compared, and nothing else decides. One test for each row
 * of the table at the head of lib/plan/plan.c, then each setting that can differ, then order. An
 * empty plan means converged: asked twice, it stays empty. A foreign device is never touched.
 */
#include "tests/unit/cmocka_with.h"

#include <assert.h>
#include <linux/if.h>
#include <string.h>

#include "plan/plan.h"

#define UID 991
#define GID 992

static const char *const KIND_NAMES[] = {
	[VTAP_STEP_REMOVE] = "remove",
	[VTAP_STEP_RENAME] = "rename",
	[VTAP_STEP_CREATE] = "create",
	[VTAP_STEP_ADOPT] = "adopt",
	[VTAP_STEP_SET] = "set",
	[VTAP_STEP_AWAIT] = "await",
	[VTAP_STEP_FOREIGN] = "foreign",
};
static_assert(VTAP_ARRAY_LEN(KIND_NAMES) == VTAP_STEP_COUNT, "every kind has a name");

static struct vtap_wish wish_of(const char *name, int held_index)
{
	struct vtap_wish wish = {
		.alias = "vtapd:web",
		.mtu_bytes = 9001,
		.uid = UID,
		.gid = GID,
		.held_index = held_index,
		.was_held = held_index != 0,
	};

	memcpy(wish.name, name, strlen(name) + 1);
	vtap_ifname_mac(name, wish.mac);
	return wish;
}

/* A device that is exactly what wish_of() wants. */
static struct vtap_device device_of(int index, const char *name)
{
	struct vtap_device device = {
		.index = index,
		.kind = "tun",
		.alias = "vtapd:web",
		.mtu_bytes = 9001,
		.flags = IFF_UP | IFF_NOARP,
		.is_tap = true,
		.is_persistent = true,
		.owner_uid = UID,
		.owner_gid = GID,
		.ipv6 = VTAP_OFF,
		.addrgen = VTAP_OFF,
		.rp_filter = VTAP_ON,
		.forwarding = VTAP_OFF,
	};

	memcpy(device.name, name, strlen(name) + 1);
	vtap_ifname_mac(name, device.mac);
	return device;
}

static struct vtap_device foreign_of(int index, const char *name)
{
	struct vtap_device device = { .index = index, .kind = "dummy", .owner_uid = -1 };

	memcpy(device.name, name, strlen(name) + 1);
	return device;
}

static struct vtap_plan plan_of(
	struct vtap_wish *wishes, size_t n_wishes, struct vtap_device *devices, size_t n_devices)
{
	const struct vtap_devices list = { devices, n_devices };
	struct vtap_plan plan = { 0 };

	assert_int_equal(vtap_plan_make(wishes, n_wishes, &list, &plan), 0);
	return plan;
}

static void plan_donep(struct vtap_plan *plan)
{
	vtap_plan_done(plan);
	vtap_plan_done(plan); /* may run twice */
}
#define _auto_plan __attribute__((cleanup(plan_donep)))

/* "set mirror-web 7 was set down by somebody", one to a line. */
static char *plan_text(const struct vtap_plan *plan)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	for (size_t i = 0; i < plan->n; i++) /* of this fclose tells */
		(void)fprintf(out, "%s %s %d: %s\n", KIND_NAMES[plan->step[i].kind],
			plan->step[i].name, plan->step[i].index, plan->step[i].reason);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void assert_plan(const struct vtap_plan *plan, const char *wanted)
{
	_auto_free char *text = plan_text(plan);

	assert_string_equal(text, wanted);
}

/* One wish for mirror-web, and these devices. */
static void assert_web(
	int held_index, struct vtap_device *devices, size_t n_devices, const char *wanted)
{
	struct vtap_wish wish = wish_of("mirror-web", held_index);
	_auto_plan struct vtap_plan plan = plan_of(&wish, 1, devices, n_devices);

	assert_plan(&plan, wanted);
	for (size_t i = 0; i < plan.n; i++)
		assert_row(plan.step[i].i_wish ==
				   (plan.step[i].kind == VTAP_STEP_REMOVE ? SIZE_MAX : 0),
			i);
}

/* ---- the table ---- */

static void test_held_when_it_has_its_name_then_nothing_twice(void **state)
{
	struct vtap_device devices[] = { device_of(7, "mirror-web") };

	(void)state;
	assert_web(7, devices, 1, "");
	assert_web(7, devices, 1, "");
}

static void test_held_when_it_has_its_name_and_differs_then_set(void **state)
{
	struct vtap_device devices[] = { device_of(7, "mirror-web") };

	(void)state;
	devices[0].mtu_bytes = 1500;
	assert_web(7, devices, 1, "set mirror-web 7: had MTU 1500\n");
}

static void test_held_when_renamed_and_nobody_has_the_name_then_renamed_back(void **state)
{
	struct vtap_device devices[] = { device_of(7, "was-web") };

	(void)state;
	vtap_ifname_mac("mirror-web", devices[0].mac);
	assert_web(7, devices, 1, "rename was-web 7: was renamed to was-web by somebody\n");
	devices[0].flags = 0; /* and what else differs is mended in the same go */
	assert_web(7, devices, 1,
		"rename was-web 7: was renamed to was-web by somebody\n"
		"set was-web 7: was set down by somebody\n");
}

static void test_held_when_its_alias_was_wiped_then_still_ours(void **state)
{
	struct vtap_device devices[] = { device_of(7, "mirror-web") };

	(void)state;
	devices[0].alias[0] = '\0';
	assert_web(7, devices, 1, "set mirror-web 7: had the alias \"\"\n");
}

static void test_held_when_another_of_ours_has_the_name_then_that_one_is_removed_first(void **state)
{
	struct vtap_device devices[] = { device_of(7, "was-web"), device_of(8, "mirror-web") };

	(void)state;
	vtap_ifname_mac("mirror-web", devices[0].mac);
	assert_web(7, devices, 2,
		"remove mirror-web 8: no session has it\n"
		"rename was-web 7: was renamed to was-web by somebody\n");
}

static void test_held_when_a_foreign_one_has_the_name_then_both_are_left_alone(void **state)
{
	struct vtap_device devices[] = { device_of(7, "was-web"), foreign_of(8, "mirror-web") };

	(void)state;
	devices[0].mtu_bytes = 1500; /* it goes on as it is */
	assert_web(7, devices, 2,
		"foreign mirror-web 8: mirror-web is a dummy interface that vtapd did not make; "
		"left alone\n");
}

static void test_wish_when_nobody_has_the_name_then_created(void **state)
{
	struct vtap_wish wish = wish_of("mirror-web", 0);
	_auto_plan struct vtap_plan plan = plan_of(&wish, 1, NULL, 0);

	(void)state;
	assert_plan(&plan, "create mirror-web 0: does not exist\n");
	assert_int_equal(plan.step[0].settings, vtap_settings_of(VTAP_MODE_TAP));
	assert_false(plan.step[0].was_held);
}

static void test_wish_when_the_held_one_is_gone_then_created_again_and_told(void **state)
{
	struct vtap_device devices[] = { foreign_of(2, "eth0") };
	struct vtap_wish wish = wish_of("mirror-web", 7);
	_auto_plan struct vtap_plan plan = plan_of(&wish, 1, devices, 1);

	(void)state;
	assert_plan(&plan, "create mirror-web 0: was deleted by somebody\n");
	assert_true(plan.step[0].was_held);
}

static void test_wish_when_ours_from_an_earlier_life_then_adopted(void **state)
{
	struct vtap_device devices[] = { device_of(7, "mirror-web") };

	(void)state;
	assert_web(0, devices, 1, "adopt mirror-web 7: \n");
	devices[0].mtu_bytes = 1500;
	assert_web(0, devices, 1, "adopt mirror-web 7: had MTU 1500\n");
}

static void test_wish_when_ours_is_multi_queue_then_removed_and_created(void **state)
{
	struct vtap_device devices[] = { device_of(7, "mirror-web") };

	(void)state;
	devices[0].is_multi_queue = true;
	assert_web(0, devices, 1,
		"remove mirror-web 7: no session has it\n"
		"create mirror-web 0: has several queues\n");
}

static void test_wish_when_a_foreign_one_has_the_name_then_left_alone(void **state)
{
	struct vtap_device tap = device_of(7, "mirror-web"), dummy = foreign_of(7, "mirror-web");
	struct vtap_device bare = foreign_of(7, "mirror-web"), marked_dummy = dummy;

	(void)state;
	tap.alias[0] = '\0';
	assert_web(0, &tap, 1,
		"foreign mirror-web 7: mirror-web is a TAP interface that vtapd did not make; left "
		"alone\n");
	assert_web(0, &dummy, 1,
		"foreign mirror-web 7: mirror-web is a dummy interface that vtapd did not make; "
		"left alone\n");
	bare.kind[0] = '\0';
	assert_web(0, &bare, 1,
		"foreign mirror-web 7: mirror-web is an interface that vtapd did not make; left "
		"alone\n");
	memcpy(marked_dummy.alias, "vtapd:web", sizeof("vtapd:web")); /* of another kind */
	assert_web(0, &marked_dummy, 1,
		"foreign mirror-web 7: mirror-web is a dummy interface that vtapd did not make; "
		"left alone\n");
}

static void test_device_when_marked_and_unwanted_then_removed(void **state)
{
	struct vtap_device devices[] = { foreign_of(2, "eth0"), device_of(7, "mirror-old"),
		device_of(9, "was-something") };
	_auto_plan struct vtap_plan plan = plan_of(NULL, 0, devices, VTAP_ARRAY_LEN(devices));

	(void)state;
	assert_plan(&plan, "remove mirror-old 7: no session has it\n"
			   "remove was-something 9: no session has it\n");
}

static void test_device_when_not_marked_then_never_in_a_plan(void **state)
{
	struct vtap_device devices[] = { foreign_of(1, "lo"), foreign_of(2, "mirror-web"),
		device_of(3, "mirror-tap") };
	_auto_plan struct vtap_plan plan = { 0 };

	(void)state;
	memcpy(devices[2].alias, "by hand", sizeof("by hand"));
	plan = plan_of(NULL, 0, devices, VTAP_ARRAY_LEN(devices));
	assert_plan(&plan, "");
}

/* ---- what differs ---- */

/** struct setting_row - how a device is made to differ, and what the plan says of it */
struct setting_row {
	void (*spoil)(struct vtap_device *device);
	unsigned settings;
	const char *reason;
};

static void spoil_alias(struct vtap_device *device)
{
	memcpy(device->alias, "vtapd:\x1b[31m", sizeof("vtapd:\x1b[31m"));
}

static void spoil_mtu(struct vtap_device *device)
{
	device->mtu_bytes = 1500;
}

static void spoil_mac(struct vtap_device *device)
{
	memcpy(device->mac, "\x02\x00\x00\x00\x00\x01", sizeof(device->mac));
}

static void spoil_up(struct vtap_device *device)
{
	device->flags = IFF_NOARP;
}

static void spoil_arp(struct vtap_device *device)
{
	device->flags = IFF_UP;
}

static void spoil_dormant(struct vtap_device *device)
{
	device->is_dormant = true;
}

static void spoil_master(struct vtap_device *device)
{
	device->master_index = 4;
}

static void spoil_guard(struct vtap_device *device)
{
	device->guard = VTAP_OFF;
}

static void spoil_group(struct vtap_device *device)
{
	device->group = 4711;
}

static void spoil_owner(struct vtap_device *device)
{
	device->owner_uid = -1;
}

static void spoil_owner_group(struct vtap_device *device)
{
	device->owner_gid = 100;
}

static void spoil_persistent(struct vtap_device *device)
{
	device->is_persistent = false;
}

static void spoil_ipv6(struct vtap_device *device)
{
	device->ipv6 = VTAP_ON;
}

static void spoil_addrgen(struct vtap_device *device)
{
	device->addrgen = VTAP_ON;
}

static void spoil_rp_filter(struct vtap_device *device)
{
	device->rp_filter = VTAP_OFF;
}

static void spoil_forwarding(struct vtap_device *device)
{
	device->forwarding = VTAP_ON;
}

static void spoil_address(struct vtap_device *device)
{
	device->has_address = true;
}

static const struct setting_row SETTINGS[] = {
	{ spoil_alias, VTAP_SET_ALIAS, "had the alias \"vtapd:?[31m\"" },
	{ spoil_mtu, VTAP_SET_MTU, "had MTU 1500" },
	{ spoil_mac, VTAP_SET_MAC, "had MAC 02:00:00:00:00:01" },
	{ spoil_up, VTAP_SET_UP, "was set down by somebody" },
	{ spoil_arp, VTAP_SET_UP, "had ARP on" },
	{ spoil_dormant, VTAP_SET_UP, "was dormant" },
	{ spoil_master, VTAP_SET_FREE, "was put into a bridge or bond" },
	{ spoil_group, VTAP_SET_GROUP, "was in link group 4711" },
	{ spoil_guard, VTAP_SET_GUARD, "had no guard" },
	{ spoil_owner, VTAP_SET_OWNER, "belonged to -1:992" },
	{ spoil_owner_group, VTAP_SET_OWNER, "belonged to 991:100" },
	{ spoil_persistent, VTAP_SET_PERSISTENT, "was not persistent" },
	{ spoil_ipv6, VTAP_SET_QUIET, "had IPv6 on" },
	{ spoil_addrgen, VTAP_SET_QUIET, "made IPv6 addresses" },
	{ spoil_rp_filter, VTAP_SET_QUIET, "had no strict rp_filter" },
	{ spoil_forwarding, VTAP_SET_QUIET, "had forwarding on" },
	{ spoil_address, VTAP_SET_QUIET, "had an address" },
};

static void test_settings_when_one_differs_then_that_one_is_set_and_told(void **state)
{
	static const int held[] = { 7, 0 }; /* set, or with adopting */

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(SETTINGS); i++) {
		struct vtap_device device = device_of(7, "mirror-web");

		SETTINGS[i].spoil(&device);
		for (size_t j = 0; j < VTAP_ARRAY_LEN(held); j++) {
			struct vtap_wish wish = wish_of("mirror-web", held[j]);
			_auto_plan struct vtap_plan plan = plan_of(&wish, 1, &device, 1);

			assert_row(plan.n == 1, i);
			assert_row(plan.step[0].kind ==
					   (held[j] != 0 ? VTAP_STEP_SET : VTAP_STEP_ADOPT),
				i);
			assert_row(plan.step[0].settings == SETTINGS[i].settings, i);
			assert_string_equal(plan.step[0].reason, SETTINGS[i].reason);
		}
	}
}

static void test_settings_when_all_differ_then_one_step_with_all(void **state)
{
	struct vtap_device device = device_of(7, "mirror-web");
	struct vtap_wish wish = wish_of("mirror-web", 7);
	_auto_plan struct vtap_plan plan = { 0 };

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(SETTINGS); i++)
		SETTINGS[i].spoil(&device);
	plan = plan_of(&wish, 1, &device, 1);
	assert_int_equal(plan.n, 1);
	assert_int_equal(plan.step[0].settings, vtap_settings_of(VTAP_MODE_TAP));
	assert_true(strlen(plan.step[0].reason) < VTAP_REASON_MAX); /* cut, not overrun */
}

static void test_settings_when_the_kernel_does_not_tell_then_not_different(void **state)
{
	struct vtap_device devices[] = { device_of(7, "mirror-web") };

	(void)state;
	devices[0].ipv6 = devices[0].addrgen = VTAP_UNKNOWN; /* a host without IPv6 */
	devices[0].rp_filter = devices[0].forwarding = VTAP_UNKNOWN;
	assert_web(7, devices, 1, "");
}

/* ---- vxlan devices ---- */

static struct vtap_wish vxlan_wish(const char *name, int held_index)
{
	struct vtap_wish wish = wish_of(name, held_index);

	wish.mode = VTAP_MODE_VXLAN;
	wish.vni = 4321;
	wish.port = 4789;
	return wish;
}

/* A device that is exactly what vxlan_wish() wants. */
static struct vtap_device vxlan_of(int index, const char *name)
{
	struct vtap_device device = device_of(index, name);

	device.is_tap = device.is_persistent = false;
	device.owner_uid = device.owner_gid = -1;
	device.is_vxlan = true;
	memcpy(device.kind, "vxlan", sizeof("vxlan"));
	device.vxlan = (struct vtap_vxlan){
		.vni = 4321,
		.port = 4789,
		.reserved_bits = VTAP_OFF,
	};
	return device;
}

static void assert_vxlan(
	const struct vtap_wish *wish, const struct vtap_device *device, const char *wanted)
{
	struct vtap_wish one_wish = *wish;
	struct vtap_device one_device = *device;
	_auto_plan struct vtap_plan plan = plan_of(&one_wish, 1, &one_device, 1);

	assert_plan(&plan, wanted);
}

struct unfit {
	const char *why;
	void (*spoil)(struct vtap_device *device);
};

static void spoil_kind(struct vtap_device *device)
{
	device->is_vxlan = false;
	device->is_tap = true;
}

static void spoil_vni(struct vtap_device *device)
{
	device->vxlan.vni = 4322;
}

static void spoil_port(struct vtap_device *device)
{
	device->vxlan.port = 8472;
}

static void spoil_family(struct vtap_device *device)
{
	device->vxlan.flags = VTAP_VXLAN_ZERO_CSUM6;
}

static void spoil_link(struct vtap_device *device)
{
	device->vxlan.flags = VTAP_VXLAN_LINKED;
}

static void spoil_flags(struct vtap_device *device)
{
	device->vxlan.flags = VTAP_VXLAN_GBP;
}

static const struct unfit UNFIT[] = {
	{ "is no vxlan interface", spoil_kind },
	{ "has another VNI", spoil_vni },
	{ "has another port", spoil_port },
	{ "has another family", spoil_family },
	{ "was bound to an interface", spoil_link },
	{ "was made with other options", spoil_flags },
};

/* Held or not: what no change can make right goes, and another one comes. */
static void test_vxlan_when_unfit_then_removed_and_created(void **state)
{
	char wanted[2 * VTAP_REASON_MAX];

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(UNFIT); i++)
		for (int held_index = 0; held_index <= 7; held_index += 7) {
			struct vtap_wish wish = vxlan_wish("mirror-web", held_index);
			struct vtap_device device = vxlan_of(7, "mirror-web");

			UNFIT[i].spoil(&device);
			(void)snprintf(wanted, sizeof(wanted), /* fits */
				"remove mirror-web 7: no session has it\n"
				"create mirror-web 0: %s\n",
				UNFIT[i].why);
			assert_vxlan(&wish, &device, wanted);
		}
}

/* Somebody took the mark off and we came not to repair that: it is nobody's to remove any more. */
static void test_vxlan_when_unfit_and_without_our_mark_then_left_alone(void **state)
{
	struct vtap_wish wish = vxlan_wish("mirror-web", 7);
	struct vtap_device device = vxlan_of(7, "mirror-web");

	(void)state;
	device.vxlan.vni = 1;
	device.alias[0] = '\0';
	assert_vxlan(&wish, &device,
		"foreign mirror-web 7: mirror-web is a vxlan interface that vtapd did not make; "
		"left alone\n");
}

static void test_vxlan_when_unfit_and_renamed_then_removed_and_created(void **state)
{
	struct vtap_wish wish = vxlan_wish("mirror-web", 7);
	struct vtap_device device = vxlan_of(7, "elsewhere");

	(void)state;
	device.vxlan.vni = 1;
	assert_vxlan(&wish, &device,
		"remove elsewhere 7: no session has it\n"
		"create mirror-web 0: has another VNI\n");
}

static void test_vxlan_when_right_then_nothing_and_adopted_when_not_held(void **state)
{
	struct vtap_wish wish = vxlan_wish("mirror-web", 7);
	struct vtap_device device = vxlan_of(7, "mirror-web");

	(void)state;
	assert_vxlan(&wish, &device, "");
	wish.held_index = 0;
	assert_vxlan(&wish, &device, "adopt mirror-web 7: \n");
}

/* Every change in place makes the kernel refuse reserved bits again, ours included. A sensor that
 * reads is worth more than packets that hardly anybody sends: that is told, not mended. */
static void test_vxlan_when_it_refuses_reserved_bits_then_left_as_it_is(void **state)
{
	struct vtap_wish wish = vxlan_wish("mirror-web", 7);
	struct vtap_device device = vxlan_of(7, "mirror-web");

	(void)state;
	device.vxlan.reserved_bits = VTAP_ON;
	assert_vxlan(&wish, &device, "");
}

/* Its family is told by nothing but the checksums that it takes. */
static void test_vxlan_when_ipv6_then_zero_checksums_are_its_sign(void **state)
{
	struct vtap_wish wish = vxlan_wish("mirror-web", 7);
	struct vtap_device device = vxlan_of(7, "mirror-web");

	(void)state;
	wish.family = VTAP_FAMILY_IPV6;
	device.vxlan.flags = VTAP_VXLAN_ZERO_CSUM6;
	assert_vxlan(&wish, &device, "");
}

static void test_vxlan_when_its_tunnel_was_altered_then_set_in_place(void **state)
{
	struct vtap_wish wish = vxlan_wish("mirror-web", 7);
	struct vtap_device device = vxlan_of(7, "mirror-web");
	_auto_plan struct vtap_plan plan = { 0 };

	(void)state;
	device.vxlan.ttl = 5;
	device.vxlan.tos = 8;
	device.vxlan.has_remote = device.vxlan.has_local = device.vxlan.is_learning = true;
	device.merging = VTAP_MERGING_GRO | VTAP_MERGING_LRO;
	device.merging_fixed = VTAP_MERGING_LRO; /* nothing to be done about that one */
	plan = plan_of(&wish, 1, &device, 1);
	assert_plan(&plan,
		"set mirror-web 7: had TTL 5, had TOS 0x8, had a remote end, had a local address, "
		"learned addresses, had gro on\n");
	assert_int_equal(plan.step[0].settings, VTAP_SET_TUNNEL | VTAP_SET_TTL | VTAP_SET_OFFLOAD);
}

/* Made, and its maker was killed before it had an alias. */
static void test_vxlan_when_half_made_then_ours(void **state)
{
	struct vtap_wish wish = vxlan_wish("mirror-web", 0);
	struct vtap_device device = vxlan_of(7, "mirror-web");

	(void)state;
	device.alias[0] = '\0';
	device.group = VTAP_GROUP_MAKING;
	assert_vxlan(&wish, &device,
		"adopt mirror-web 7: had the alias \"\", was in link group 1987338608\n");
	device.vxlan.reserved_bits = VTAP_ON; /* somebody changed it: nobody reads it yet */
	assert_vxlan(&wish, &device,
		"remove mirror-web 7: no session has it\n"
		"create mirror-web 0: drops packets with reserved bits\n");
	memcpy(device.name, "other", sizeof("other"));
	assert_vxlan(&wish, &device,
		"remove other 7: no session has it\n"
		"create mirror-web 0: does not exist\n");
}

static void test_vxlan_when_a_foreign_one_has_name_and_vni_then_left_alone(void **state)
{
	struct vtap_wish wish = vxlan_wish("mirror-web", 0);
	struct vtap_device device = vxlan_of(7, "mirror-web");

	(void)state;
	device.alias[0] = '\0';
	assert_vxlan(&wish, &device,
		"foreign mirror-web 7: mirror-web is a vxlan interface that vtapd did not make; "
		"left alone\n");
}

/* A target changed its mode. */
static void test_tap_when_a_vxlan_device_of_ours_has_the_name_then_it_makes_room(void **state)
{
	struct vtap_wish wish = wish_of("mirror-web", 0);
	struct vtap_device device = vxlan_of(7, "mirror-web");

	(void)state;
	assert_vxlan(&wish, &device,
		"remove mirror-web 7: no session has it\n"
		"create mirror-web 0: is no TAP\n");
}

/* ---- order ---- */

static void test_plan_when_many_wishes_then_removals_first_then_in_their_order(void **state)
{
	struct vtap_wish wishes[] = { wish_of("a", 0), wish_of("b", 4), wish_of("c", 0),
		wish_of("d", 0), wish_of("e", 6) };
	struct vtap_device devices[] = { foreign_of(1, "lo"), device_of(3, "y-old"),
		device_of(4, "b"), foreign_of(5, "c"), device_of(6, "z"), device_of(8, "d"),
		device_of(9, "x-old") };
	_auto_plan struct vtap_plan plan = { 0 };

	(void)state;
	devices[2].mtu_bytes = 1500;
	vtap_ifname_mac("e", devices[4].mac);
	plan = plan_of(wishes, VTAP_ARRAY_LEN(wishes), devices, VTAP_ARRAY_LEN(devices));
	assert_plan(&plan,
		"remove y-old 3: no session has it\n"
		"remove x-old 9: no session has it\n"
		"create a 0: does not exist\n"
		"set b 4: had MTU 1500\n"
		"foreign c 5: c is a dummy interface that vtapd did not make; left alone\n"
		"adopt d 8: \n"
		"rename z 6: was renamed to z by somebody\n");
	assert_int_equal(plan.step[3].i_wish, 1);
	assert_int_equal(plan.step[6].i_wish, 4);
}

static void test_plan_when_names_were_swapped_then_no_device_is_removed(void **state)
{
	struct vtap_wish wishes[] = { wish_of("a", 3), wish_of("b", 4) };
	struct vtap_device devices[] = { device_of(3, "b"), device_of(4, "a") };
	_auto_plan struct vtap_plan plan = { 0 };

	(void)state;
	vtap_ifname_mac("a", devices[0].mac);
	vtap_ifname_mac("b", devices[1].mac);
	plan = plan_of(wishes, 2, devices, 2);
	assert_plan(&plan, "rename b 3: was renamed to b by somebody\n"
			   "rename a 4: was renamed to a by somebody\n");
}

static void test_wish_when_its_name_is_another_wishs_device_then_it_waits_for_the_rename(
	void **state)
{
	struct vtap_wish wishes[] = { wish_of("mirror-db", 3), wish_of("mirror-web", 4) };
	struct vtap_device devices[] = { device_of(4, "mirror-db") };
	_auto_plan struct vtap_plan plan = { 0 };

	(void)state;
	vtap_ifname_mac("mirror-web", devices[0].mac);
	plan = plan_of(wishes, 2, devices, 1);
	assert_plan(&plan, "await mirror-db 4: is another of ours for the moment\n"
			   "rename mirror-db 4: was renamed to mirror-db by somebody\n");
}

static void test_plan_when_converged_with_thousands_then_empty(void **state)
{
	enum { N = 2000 };
	_auto_free struct vtap_wish *wishes = calloc(N, sizeof(*wishes));
	_auto_free struct vtap_device *devices = calloc(N, sizeof(*devices));
	_auto_plan struct vtap_plan plan = { 0 };
	char name[VTAP_IFNAME_MAX];

	(void)state;
	assert_true(wishes != NULL && devices != NULL);
	for (int i = 0; i < N; i++) {
		(void)snprintf(name, sizeof(name), "m%04d", i); /* fits */
		wishes[i] = wish_of(name, i + 10);
		devices[i] = device_of(i + 10, name);
	}
	plan = plan_of(wishes, N, devices, N);
	assert_int_equal(plan.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_held_when_it_has_its_name_then_nothing_twice),
		cmocka_unit_test(test_held_when_it_has_its_name_and_differs_then_set),
		cmocka_unit_test(test_held_when_renamed_and_nobody_has_the_name_then_renamed_back),
		cmocka_unit_test(test_held_when_its_alias_was_wiped_then_still_ours),
		cmocka_unit_test(
			test_held_when_another_of_ours_has_the_name_then_that_one_is_removed_first),
		cmocka_unit_test(
			test_held_when_a_foreign_one_has_the_name_then_both_are_left_alone),
		cmocka_unit_test(test_wish_when_nobody_has_the_name_then_created),
		cmocka_unit_test(test_wish_when_the_held_one_is_gone_then_created_again_and_told),
		cmocka_unit_test(test_wish_when_ours_from_an_earlier_life_then_adopted),
		cmocka_unit_test(test_wish_when_ours_is_multi_queue_then_removed_and_created),
		cmocka_unit_test(test_wish_when_a_foreign_one_has_the_name_then_left_alone),
		cmocka_unit_test(test_device_when_marked_and_unwanted_then_removed),
		cmocka_unit_test(test_device_when_not_marked_then_never_in_a_plan),
		cmocka_unit_test(test_settings_when_one_differs_then_that_one_is_set_and_told),
		cmocka_unit_test(test_settings_when_all_differ_then_one_step_with_all),
		cmocka_unit_test(test_settings_when_the_kernel_does_not_tell_then_not_different),
		cmocka_unit_test(test_vxlan_when_unfit_then_removed_and_created),
		cmocka_unit_test(test_vxlan_when_unfit_and_without_our_mark_then_left_alone),
		cmocka_unit_test(test_vxlan_when_unfit_and_renamed_then_removed_and_created),
		cmocka_unit_test(test_vxlan_when_right_then_nothing_and_adopted_when_not_held),
		cmocka_unit_test(test_vxlan_when_it_refuses_reserved_bits_then_left_as_it_is),
		cmocka_unit_test(test_vxlan_when_ipv6_then_zero_checksums_are_its_sign),
		cmocka_unit_test(test_vxlan_when_its_tunnel_was_altered_then_set_in_place),
		cmocka_unit_test(test_vxlan_when_half_made_then_ours),
		cmocka_unit_test(test_vxlan_when_a_foreign_one_has_name_and_vni_then_left_alone),
		cmocka_unit_test(
			test_tap_when_a_vxlan_device_of_ours_has_the_name_then_it_makes_room),
		cmocka_unit_test(
			test_plan_when_many_wishes_then_removals_first_then_in_their_order),
		cmocka_unit_test(test_plan_when_names_were_swapped_then_no_device_is_removed),
		cmocka_unit_test(
			test_wish_when_its_name_is_another_wishs_device_then_it_waits_for_the_rename),
		cmocka_unit_test(test_plan_when_converged_with_thousands_then_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
