// SPDX-License-Identifier: Apache-2.0
/*
 * Law: a name that the kernel would refuse, number, or share with /proc/sys never reaches it; the
 * MAC of a name is the same on every machine; and only our mark makes a TAP ours (law 5).
 */
#include "tests/unit/cmocka_with.h"

#include <string.h>

#include "model/conf.h"
#include "model/device.h"

static void test_ifname_when_good_then_no_complaint(void **state)
{
	static const char *const table[] = { "mirror-web", "m", "0", "eth0.100", "A_b-c.d",
		"mirror-database", "all0", "lo0", "default1" };

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(table); i++)
		assert_row(vtap_ifname_complaint(table[i]) == NULL, i);
}

struct bad_row {
	const char *name;
	const char *complaint;
};

static void test_ifname_when_bad_then_says_why(void **state)
{
	static const char begin[] = "must begin with a letter or digit";
	static const char letters[] = "may hold letters, digits, dot, dash and underscore only";
	static const char linux_own[] = "Linux has this name for itself";
	static const struct bad_row table[] = {
		{ "", "empty" },
		{ "all", linux_own },
		{ "default", linux_own },
		{ "lo", linux_own },
		{ ".", begin },
		{ "..", begin },
		{ "-x", begin },
		{ "_x", begin },
		{ "%d", begin },
		{ "tap%d", letters },
		{ "a/b", letters },
		{ "a b", letters },
		{ "a:b", letters },
		{ "a\xc3\xa4", letters },
		{ "a;b", letters },
		{ "a\n", letters },
	};

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(table); i++) {
		const char *complaint = vtap_ifname_complaint(table[i].name);

		assert_row(complaint != NULL, i);
		assert_string_equal(complaint, table[i].complaint);
	}
}

static void test_ifname_when_hashed_then_mac_is_local_and_its_own(void **state)
{
	uint8_t web[VTAP_MAC_BYTES], again[VTAP_MAC_BYTES], db[VTAP_MAC_BYTES];
	/* a device keeps its address over an upgrade: this one must never change */
	static const uint8_t mirror0[VTAP_MAC_BYTES] = { 0x02, 0x52, 0x4b, 0x56, 0xa8, 0x37 };

	(void)state;
	vtap_ifname_mac("mirror-web", web);
	vtap_ifname_mac("mirror-web", again);
	vtap_ifname_mac("mirror-db", db);
	assert_int_equal(web[0], 0x02);
	assert_memory_equal(web, again, sizeof(web));
	assert_memory_not_equal(web, db, sizeof(web));
	vtap_ifname_mac("mirror0", again);
	assert_memory_equal(again, mirror0, sizeof(mirror0));
}

static void test_ifname_when_udevs_rule_knows_it_then_usual(void **state)
{
	static const struct {
		const char *name;
		bool is_usual;
	} table[] = {
		{ "mirror-web", true },
		{ "mirror-", true },
		{ "mirror0", true },
		{ "mirror", false },
		{ "mirrors", false },
		{ "mirror_web", false },
		{ "odd0", false },
		{ "a-mirror-b", false },
	};

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(table); i++)
		assert_row(vtap_ifname_is_usual(table[i].name) == table[i].is_usual, i);
}

static void test_device_when_marked_tap_then_ours(void **state)
{
	struct vtap_device device = { .index = 7, .name = "mirror-web", .is_tap = true };

	(void)state;
	assert_false(vtap_device_is_ours(&device));
	memcpy(device.alias, "vtapd:", sizeof("vtapd:"));
	assert_true(vtap_device_is_ours(&device));
	memcpy(device.alias, "vtapd:web", sizeof("vtapd:web"));
	assert_true(vtap_device_is_ours(&device));
	device.is_tap = false; /* a dummy with our alias is not of our kind */
	assert_false(vtap_device_is_ours(&device));
	device.is_tap = true;
	memcpy(device.alias, " vtapd:web", sizeof(" vtapd:web"));
	assert_false(vtap_device_is_ours(&device));
	memcpy(device.alias, "vtapd", sizeof("vtapd"));
	assert_false(vtap_device_is_ours(&device));
	assert_false(vtap_ifname_is_marked(NULL));
}

static void test_device_when_named_in_a_sentence_then_by_its_kind(void **state)
{
	struct vtap_device device = { .kind = "dummy" };
	char text[64];

	(void)state;
	assert_string_equal(
		vtap_device_kind_text(&device, text, sizeof(text)), "a dummy interface");
	device.kind[0] = '\0';
	assert_string_equal(vtap_device_kind_text(&device, text, sizeof(text)), "an interface");
	device.is_tap = true;
	assert_string_equal(vtap_device_kind_text(&device, text, sizeof(text)), "a TAP interface");
}

static void test_devices_when_searched_then_found_by_index(void **state)
{
	struct vtap_device list[] = {
		{ .index = 1, .name = "lo" },
		{ .index = 4, .name = "eth0" },
		{ .index = 9, .name = "mirror0" },
	};
	const struct vtap_devices devices = { list, VTAP_ARRAY_LEN(list) };
	const struct vtap_devices none = { 0 };

	(void)state;
	assert_ptr_equal(vtap_devices_find_index(&devices, 4), &list[1]);
	assert_ptr_equal(vtap_devices_find_index(&devices, 9), &list[2]);
	assert_null(vtap_devices_find_index(&devices, 2));
	assert_null(vtap_devices_find_index(&none, 1));
}

struct place_row {
	struct vtap_place place;
	const char *text;
};

static void test_place_when_written_then_by_base_name(void **state)
{
	static const struct place_row table[] = {
		{ { "/etc/vtapd/conf.d/web.conf", 2 }, "web.conf:2" },
		{ { "web.conf", 1 }, "web.conf:1" },
		{ { "/etc/vtapd/vtapd.conf", 0 }, "default" },
		{ { NULL, 0 }, "default" },
	};
	char text[64];

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(table); i++)
		assert_string_equal(
			vtap_place_format(table[i].place, text, sizeof(text)), table[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ifname_when_good_then_no_complaint),
		cmocka_unit_test(test_ifname_when_bad_then_says_why),
		cmocka_unit_test(test_ifname_when_hashed_then_mac_is_local_and_its_own),
		cmocka_unit_test(test_ifname_when_udevs_rule_knows_it_then_usual),
		cmocka_unit_test(test_device_when_marked_tap_then_ours),
		cmocka_unit_test(test_device_when_named_in_a_sentence_then_by_its_kind),
		cmocka_unit_test(test_devices_when_searched_then_found_by_index),
		cmocka_unit_test(test_place_when_written_then_by_base_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
