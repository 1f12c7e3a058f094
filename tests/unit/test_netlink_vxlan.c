// SPDX-License-Identifier: Apache-2.0
/*
 * What vxlan mode relies on in the kernel, each with the function that relies on it: a device is
 * marked from its making on, says what it is, and takes back what somebody did to it, but for two
 * things. No change brings ignored reserved bits back, and none unbinds it from an interface.
 */
#include <arpa/inet.h>
#include <netinet/in.h>

#include "tests/unit/cmocka_with.h"
#include "tests/unit/tc.h"

#include "netlink/dump.h"
#include "netlink/link.h"

#define PORT 4789 /* in our own namespace */

static const uint8_t MAC[VTAP_MAC_BYTES] = { 0x02, 1, 2, 3, 4, 5 };

static struct vtap_nl *nl; /* for the whole program */

static int create(const char *name, uint32_t vni, enum vtap_family family, struct vtap_err *err)
{
	return vtap_link_create_vxlan(nl,
		&(struct vtap_vxlan_spec){
			.name = name,
			.mac = MAC,
			.mtu_bytes = 9001,
			.vni = vni,
			.port = PORT,
			.family = family,
		},
		err);
}

static struct vtap_device look(const char *name)
{
	int index = (int)if_nametoindex(name);
	struct vtap_devices devices = { 0 };
	struct vtap_device device;

	assert_int_not_equal(index, 0);
	assert_int_equal(vtap_links_dump(nl, &devices, NULL), 0);
	assert_non_null(vtap_devices_find_index(&devices, index));
	device = *vtap_devices_find_index(&devices, index);
	vtap_devices_done(&devices);
	return device;
}

static void assert_only_receives(const struct vtap_vxlan *vxlan)
{
	assert_int_equal(vxlan->ttl, 0);
	assert_int_equal(vxlan->tos, 0);
	assert_false(vxlan->is_learning);
	assert_false(vxlan->has_remote);
	assert_false(vxlan->has_local);
}

/* After each test nothing is left but loopback. */
static int all_remove(void **state)
{
	struct vtap_devices devices = { 0 };

	(void)state;
	assert_int_equal(vtap_links_dump(nl, &devices, NULL), 0);
	for (size_t i = 0; i < devices.n; i++) {
		char command[64];

		if (!devices.device[i].is_vxlan)
			continue;
		(void)snprintf(command, sizeof(command), "ip link del %s", /* fits */
			devices.device[i].name);
		by_hand(command);
	}
	vtap_devices_done(&devices);
	return 0;
}

static void test_device_when_made_then_it_says_what_it_is_and_is_ours(void **state)
{
	struct vtap_device device;

	(void)state;
	assert_int_equal(create("vx0", 0xffffff, VTAP_FAMILY_IPV4, NULL), 0);
	device = look("vx0");
	assert_true(device.is_vxlan);
	assert_int_equal(device.vxlan.vni, 0xffffff);
	assert_int_equal(device.vxlan.port, PORT);
	assert_int_equal(device.vxlan.flags, 0);
	assert_only_receives(&device.vxlan);
	assert_int_not_equal(device.vxlan.reserved_bits, VTAP_ON); /* or the kernel cannot */
	assert_int_equal(device.mtu_bytes, 9001);
	assert_memory_equal(device.mac, MAC, sizeof(MAC));
	assert_false((device.flags & IFF_UP) != 0);
	assert_int_equal(device.group, VTAP_GROUP_MAKING);
	assert_true(vtap_device_is_ours(&device));
}

static void test_device_when_it_gets_its_alias_then_the_group_is_no_longer_needed(void **state)
{
	const struct vtap_link_settings link = { .alias = "vtapd:web", .set_group = true };
	struct vtap_device device;

	(void)state;
	assert_int_equal(create("vx0", 5, VTAP_FAMILY_IPV4, NULL), 0);
	assert_int_equal(vtap_link_set(nl, (int)if_nametoindex("vx0"), &link, NULL), 0);
	device = look("vx0");
	assert_int_equal(device.group, 0);
	assert_true(vtap_device_is_ours(&device));
	by_hand("ip link set vx0 alias ''");
	device = look("vx0");
	assert_false(vtap_device_is_ours(&device));
}

static void test_ipv6_when_made_then_zero_checksums_are_its_sign(void **state)
{
	struct vtap_device device;

	(void)state;
	if (create("vx6", 5, VTAP_FAMILY_IPV6, NULL) == -EAFNOSUPPORT)
		skip(); /* a host without IPv6 */
	device = look("vx6");
	assert_int_equal(device.vxlan.flags, VTAP_VXLAN_ZERO_CSUM6);
	assert_only_receives(&device.vxlan);
	/* its twin has the same VNI */
	assert_int_equal(create("vx4", 5, VTAP_FAMILY_IPV4, NULL), 0);
	assert_int_equal(vtap_link_reset_tunnel(nl, device.index, VTAP_FAMILY_IPV6, NULL), 0);
}

static void test_vni_when_another_has_it_then_exist_and_the_kernels_sentence(void **state)
{
	struct vtap_err err = VTAP_ERR_NULL;

	(void)state;
	by_hand("ip link add foreign type vxlan id 5 dstport 4789");
	assert_int_equal(create("vx0", 5, VTAP_FAMILY_IPV4, &err), -EEXIST);
	assert_non_null(strstr(err.text, "VNI"));
	assert_int_equal(if_nametoindex("vx0"), 0);
}

static void test_tunnel_when_altered_then_reset_in_place(void **state)
{
	struct vtap_device device;
	int index;

	(void)state;
	assert_int_equal(create("vx0", 5, VTAP_FAMILY_IPV4, NULL), 0);
	by_hand("ip link set vx0 type vxlan remote 192.0.2.1 ttl 5 tos 8 learning");
	by_hand("ip link set vx0 type vxlan local 192.0.2.2");
	device = look("vx0");
	assert_int_equal(device.vxlan.ttl, 5);
	assert_int_equal(device.vxlan.tos, 8);
	assert_true(device.vxlan.is_learning && device.vxlan.has_remote && device.vxlan.has_local);
	index = device.index;
	assert_int_equal(vtap_link_reset_tunnel(nl, index, VTAP_FAMILY_IPV4, NULL), 0);
	device = look("vx0");
	assert_only_receives(&device.vxlan);
	assert_int_equal(device.index, index);
	/* the price of any change: see vtap_link_reset_tunnel() */
	assert_int_not_equal(device.vxlan.reserved_bits, VTAP_OFF);
}

static void test_tunnel_when_bound_to_an_interface_then_no_reset_unbinds_it(void **state)
{
	struct vtap_device device;

	(void)state;
	assert_int_equal(create("vx0", 5, VTAP_FAMILY_IPV4, NULL), 0);
	by_hand("ip link set vx0 type vxlan dev lo");
	device = look("vx0");
	assert_int_equal(device.vxlan.flags, VTAP_VXLAN_LINKED);
	assert_int_equal(vtap_link_reset_tunnel(nl, device.index, VTAP_FAMILY_IPV4, NULL), 0);
	device = look("vx0");
	assert_int_equal(device.vxlan.flags, VTAP_VXLAN_LINKED);
}

static void test_port_when_a_socket_has_it_then_refused_when_set_up(void **state)
{
	const struct vtap_link_settings up = { .set_up = true };
	const struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	_auto_fd int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int index;

	(void)state;
	assert_int_equal(bind(fd, (const struct sockaddr *)&any, sizeof(any)), 0);
	assert_int_equal(create("vx0", 5, VTAP_FAMILY_IPV4, NULL), 0);
	index = (int)if_nametoindex("vx0");
	assert_int_equal(vtap_link_set(nl, index, &up, NULL), -EADDRINUSE);
	fd = vtap_fd_close(fd);
	assert_int_equal(vtap_link_set(nl, index, &up, NULL), 0);
}

static void test_port_when_other_flags_have_it_then_refused_when_set_up(void **state)
{
	const struct vtap_link_settings up = { .set_up = true };
	struct vtap_device foreign;

	(void)state;
	by_hand("ip link add foreign type vxlan id 6 dstport 4789 gbp");
	by_hand("ip link set foreign up");
	foreign = look("foreign");
	assert_int_equal(foreign.vxlan.flags, VTAP_VXLAN_GBP);
	assert_int_equal(create("vx0", 5, VTAP_FAMILY_IPV4, NULL), 0);
	assert_int_equal(vtap_link_set(nl, (int)if_nametoindex("vx0"), &up, NULL), -EADDRINUSE);
}

static void test_external_when_dumped_then_its_flags_are_told(void **state)
{
	struct vtap_device device;

	(void)state;
	by_hand("ip link add foreign type vxlan external vnifilter dstport 4789");
	device = look("foreign");
	assert_int_equal(device.vxlan.flags, VTAP_VXLAN_EXTERNAL | VTAP_VXLAN_VNIFILTER);
	assert_false(vtap_device_is_ours(&device));
}

/* Half of them have an alias, half have not: all are ours, by group or one by one. */
static void test_delete_when_many_are_half_made_then_all_go_and_foreign_ones_stay(void **state)
{
	const struct vtap_link_settings link = { .alias = "vtapd:web", .set_group = true };
	int indexes[20];
	char name[VTAP_IFNAME_MAX];

	(void)state;
	by_hand("ip link add foreign type vxlan id 99 dstport 4789");
	for (int i = 0; i < 20; i++) {
		(void)snprintf(name, sizeof(name), "vx%d", i); /* fits */
		assert_int_equal(create(name, (uint32_t)i, VTAP_FAMILY_IPV4, NULL), 0);
		indexes[i] = (int)if_nametoindex(name);
		if (i % 2 == 0)
			assert_int_equal(vtap_link_set(nl, indexes[i], &link, NULL), 0);
	}
	assert_int_equal(vtap_links_delete(nl, indexes, 20, NULL), 0);
	for (int i = 0; i < 20; i++)
		assert_null(if_indextoname((unsigned)indexes[i], name));
	assert_int_not_equal(if_nametoindex("foreign"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(
			test_device_when_made_then_it_says_what_it_is_and_is_ours, all_remove),
		cmocka_unit_test_teardown(
			test_device_when_it_gets_its_alias_then_the_group_is_no_longer_needed,
			all_remove),
		cmocka_unit_test_teardown(
			test_ipv6_when_made_then_zero_checksums_are_its_sign, all_remove),
		cmocka_unit_test_teardown(
			test_vni_when_another_has_it_then_exist_and_the_kernels_sentence,
			all_remove),
		cmocka_unit_test_teardown(test_tunnel_when_altered_then_reset_in_place, all_remove),
		cmocka_unit_test_teardown(
			test_tunnel_when_bound_to_an_interface_then_no_reset_unbinds_it,
			all_remove),
		cmocka_unit_test_teardown(
			test_port_when_a_socket_has_it_then_refused_when_set_up, all_remove),
		cmocka_unit_test_teardown(
			test_port_when_other_flags_have_it_then_refused_when_set_up, all_remove),
		cmocka_unit_test_teardown(
			test_external_when_dumped_then_its_flags_are_told, all_remove),
		cmocka_unit_test_teardown(
			test_delete_when_many_are_half_made_then_all_go_and_foreign_ones_stay,
			all_remove),
	};
	int r;

	hands_or_skip();
	if (system("ip link add probe type vxlan id 1 dstport 4789 && ip link del probe") != 0)
		test_skip("vxlan devices", "this kernel has none");
	r = vtap_nl_open(&nl, NULL);
	if (r == 0)
		r = cmocka_run_group_tests(tests, NULL, NULL);
	vtap_nl_close(nl);
	return r;
}
