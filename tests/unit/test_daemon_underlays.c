// SPDX-License-Identifier: Apache-2.0
/*
 * Law: what counts is what a target names, and whatever takes its packets before that; never what
 * is ours, never loopback, and nothing beside it. From the outside in is in that order.
 */
#include "tests/unit/cmocka_with.h"

#include <net/if.h>
#include <string.h>

#include "daemon/underlays.h"

/* A host with a bond, a VLAN on it, and a macvlan on that; indexes are places in here, from 1. */
static struct vtap_device host[] = {
	{ .name = "lo", .flags = IFF_LOOPBACK },
	{ .name = "eth0", .master_index = 4 },
	{ .name = "eth1", .master_index = 4 },
	{ .name = "bond0", .kind = "bond" },
	{ .name = "bond0.7", .kind = "vlan", .lower_index = 4 },
	{ .name = "mac0", .kind = "macvlan", .lower_index = 5 },
	{ .name = "eth2" },
	{ .name = "veth0", .kind = "veth", .lower_index = 9 },
	{ .name = "veth1", .kind = "veth", .lower_index = 8 },
	{ .name = "mirror-web", .kind = "vxlan", .is_vxlan = true, .alias = "vtapd:web" },
	{ .name = "away0", .kind = "vlan", .lower_index = 77 },
};

static struct vtap_devices devices = { .device = host, .n = VTAP_ARRAY_LEN(host) };

static int host_make(void **state)
{
	(void)state;
	for (size_t i = 0; i < devices.n; i++)
		host[i].index = (int)i + 1;
	return 0;
}

/* "eth0 eth1": what is marked for a target with these underlays. */
static const char *marked(char **underlays, size_t n, char *ret_text, size_t size)
{
	const struct vtap_target target = { .underlays = underlays, .n_underlays = n };
	bool marks[VTAP_ARRAY_LEN(host)] = { false };
	size_t used = 0;

	vtap_underlays_mark(&target, &devices, marks);
	ret_text[0] = '\0';
	for (size_t i = 0; i < devices.n; i++)
		if (marks[i])
			used += (size_t)snprintf(ret_text + used, size - used, "%s%s", /* fits */
				used > 0 ? " " : "", host[i].name);
	return ret_text;
}

static void test_mark_when_underlays_are_named_then_they_and_what_carries_them(void **state)
{
	static const struct {
		const char *underlays[2];
		const char *marked;
	} ROWS[] = {
		{ { "eth2" }, "eth2" },
		{ { "eth1", "eth2" }, "eth1 eth2" }, /* a port alone, not its bond */
		{ { "bond0" }, "eth0 eth1 bond0" },
		{ { "bond0.7" }, "eth0 eth1 bond0 bond0.7" },
		{ { "mac0" }, "eth0 eth1 bond0 bond0.7 mac0" },
		{ { "veth0" }, "veth0" }, /* its peer is the other end of the wire */
		{ { "veth*" }, "veth0 veth1" },
		{ { "away0" }, "away0" },
		{ { "lo" }, "" },
		{ { "mirror-*" }, "" },
		{ { "eth9" }, "" },
		{ { "*" }, "eth0 eth1 bond0 bond0.7 mac0 eth2 veth0 veth1 away0" },
	};
	char text[256], names[2][VTAP_IFNAME_MAX];

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(ROWS); i++) {
		char *underlays[2] = { names[0], names[1] };
		size_t n = 0;

		for (; n < 2 && ROWS[i].underlays[n] != NULL; n++)
			(void)snprintf(names[n], sizeof(names[n]), "%s", /* fits */
				ROWS[i].underlays[n]);
		assert_row(
			strcmp(marked(underlays, n, text, sizeof(text)), ROWS[i].marked) == 0, i);
	}
}

static void test_mark_when_two_stand_on_each_other_then_it_ends(void **state)
{
	char name[] = "eth2", *underlays[] = { name };
	char text[256];

	(void)state;
	host[6].master_index =
		4; /* eth2 and bond0: no kernel allows it, and a look is not atomic */
	host[3].master_index = 7;
	assert_string_equal(marked(underlays, 1, text, sizeof(text)), "eth0 eth1 bond0 eth2");
	host[6].master_index = host[3].master_index = 0;
}

static void test_sort_when_one_stands_on_another_then_it_is_before_that(void **state)
{
	const struct vtap_device *order[VTAP_ARRAY_LEN(host)];
	size_t place[VTAP_ARRAY_LEN(host)] = { 0 };

	(void)state;
	for (size_t i = 0; i < devices.n; i++)
		order[i] = &host[i]; /* from the inside out */
	vtap_underlays_sort(order, devices.n);
	for (size_t i = 0; i < devices.n; i++)
		place[order[i] - host] = i; /* all of them are there, or it is not set */
	assert_true(place[5] < place[4] && place[4] < place[3]); /* mac0, bond0.7, bond0 */
	assert_true(place[3] < place[1] && place[3] < place[2]); /* eth0, eth1 */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sort_when_one_stands_on_another_then_it_is_before_that),
		cmocka_unit_test(
			test_mark_when_underlays_are_named_then_they_and_what_carries_them),
		cmocka_unit_test(test_mark_when_two_stand_on_each_other_then_it_ends),
	};

	return cmocka_run_group_tests(tests, host_make, NULL);
}
