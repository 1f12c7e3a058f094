// SPDX-License-Identifier: Apache-2.0
/*
 * Law: an address or prefix has one form inside and one text outside, both families compare as one,
 * and what is not a prefix is refused rather than guessed.
 */
#include "tests/unit/cmocka_with.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "base/prefix.h"

struct text_row {
	const char *text;
	int outcome;
	unsigned len;        /* of the mapped form */
	const char *written; /* what vtap_prefix_format() makes of it */
};

static void test_prefix_when_read_then_has_one_form(void **state)
{
	static const struct text_row table[] = {
		{ "10.0.0.0/8", 0, 104, "10.0.0.0/8" },
		{ "10.1.2.3", 0, 128, "10.1.2.3" },
		{ "10.1.2.3/32", 0, 128, "10.1.2.3" },
		{ "10.1.2.2/31", 0, 127, "10.1.2.2/31" },
		{ "0.0.0.0/0", 0, 96, "0.0.0.0/0" },
		{ "255.255.255.255", 0, 128, "255.255.255.255" },
		{ "2001:db8::/32", 0, 32, "2001:db8::/32" },
		{ "2001:DB8:0:0::1", 0, 128, "2001:db8::1" },
		{ "fe80::/10", 0, 10, "fe80::/10" },
		{ "::/0", 0, 0, "any" },
		{ "::", 0, 128, "::" },
		{ "::ffff:10.0.0.0/104", 0, 104, "10.0.0.0/8" },
		{ "::ffff:0:0/96", 0, 96, "0.0.0.0/0" },
		{ "10.0.0.1/8", VTAP_PREFIX_HOST_BITS, 104, "10.0.0.0/8" },
		{ "10.0.0.1/0", VTAP_PREFIX_HOST_BITS, 96, "0.0.0.0/0" },
		{ "10.0.0.3/31", VTAP_PREFIX_HOST_BITS, 127, "10.0.0.2/31" },
		{ "2001:db8::1/32", VTAP_PREFIX_HOST_BITS, 32, "2001:db8::/32" },
	};
	char text[VTAP_ADDR_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(table); i++) {
		struct vtap_prefix prefix = { .len = 255 };

		assert_row(vtap_prefix_parse(table[i].text, &prefix) == table[i].outcome, i);
		assert_row(prefix.len == table[i].len, i);
		vtap_prefix_format(&prefix, text);
		assert_string_equal(text, table[i].written);
	}
}

static void test_prefix_when_it_is_none_then_refused(void **state)
{
	static const char *const table[] = {
		"",
		"/",
		"/8",
		"any",
		"10.0.0.0/",
		"10.0.0.0/33",
		"10.0.0.0/-1",
		"10.0.0.0/+8",
		"10.0.0.0/ 8",
		"10.0.0.0/8x",
		"10.0.0.0/0008",
		"10.0.0.0/8/8",
		"10.0.0.0/255.0.0.0",
		"10.0.0",
		"10.0.0.256",
		"10.0.0.0 /8",
		" 10.0.0.0/8",
		"010.0.0.1",
		"2001:db8::/129",
		"2001:db8::1::2",
		"fe80::1%eth0",
		"[2001:db8::1]",
		"::ffff:10.0.0.0/129",
		"0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000/1",
	};

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(table); i++) {
		struct vtap_prefix prefix = { .len = 77 };

		assert_row(vtap_prefix_parse(table[i], &prefix) == -EINVAL, i);
		assert_row(prefix.len == 77, i);
	}
}

struct has_row {
	const char *prefix;
	const char *addr;
	bool is_inside;
};

static void test_prefix_when_asked_then_contains_what_its_bits_say(void **state)
{
	static const struct has_row table[] = {
		{ "10.0.0.0/8", "10.255.255.255", true },
		{ "10.0.0.0/8", "11.0.0.0", false },
		{ "10.0.0.0/8", "9.255.255.255", false },
		{ "10.128.0.0/9", "10.127.255.255", false },
		{ "10.128.0.0/9", "10.128.0.0", true },
		{ "10.1.2.3", "10.1.2.3", true },
		{ "10.1.2.3", "10.1.2.2", false },
		{ "0.0.0.0/0", "255.255.255.255", true },
		{ "0.0.0.0/0", "2001:db8::1", false },
		{ "::/0", "10.0.0.1", true },
		{ "::/0", "2001:db8::1", true },
		{ "2001:db8::/33", "2001:db8:7fff::1", true },
		{ "2001:db8::/33", "2001:db8:8000::1", false },
		{ "2001:db8::1", "2001:db8::1", true },
		{ "10.0.0.0/8", "::10.1.1.1", false },
	};

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(table); i++) {
		struct vtap_prefix prefix;
		struct vtap_addr addr;

		assert_row(vtap_prefix_parse(table[i].prefix, &prefix) == 0, i);
		assert_row(vtap_addr_parse(table[i].addr, &addr) == 0, i);
		assert_row(vtap_prefix_has(&prefix, &addr) == table[i].is_inside, i);
	}
}

static void test_addr_when_written_and_read_then_the_same(void **state)
{
	static const char *const table[] = { "10.0.0.1", "0.0.0.0", "255.255.255.255", "::", "::1",
		"2001:db8::1", "fe80::1234:5678:9abc:def0" };
	char text[VTAP_ADDR_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(table); i++) {
		struct vtap_addr addr;

		assert_row(vtap_addr_parse(table[i], &addr) == 0, i);
		assert_row(vtap_addr_is_v4(&addr) == (strchr(table[i], ':') == NULL), i);
		vtap_addr_format(&addr, text);
		assert_string_equal(text, table[i]);
	}
}

static void test_addr_when_v4_then_is_the_mapped_form(void **state)
{
	const struct in_addr v4 = { .s_addr = htonl(0x0a000001) };
	struct vtap_addr mapped = vtap_addr_from_v4(v4), by_v4, by_v6;

	(void)state;
	assert_int_equal(vtap_addr_parse("10.0.0.1", &by_v4), 0);
	assert_int_equal(vtap_addr_parse("::ffff:10.0.0.1", &by_v6), 0);
	assert_int_equal(vtap_addr_compare(&mapped, &by_v4), 0);
	assert_int_equal(vtap_addr_compare(&mapped, &by_v6), 0);
}

static void test_addr_when_masked_then_every_length_keeps_its_bits(void **state)
{
	struct vtap_addr ones;

	(void)state;
	memset(ones.byte, 0xff, sizeof(ones.byte));
	for (unsigned len = 0; len <= 128; len++) {
		struct vtap_addr masked = vtap_addr_masked(&ones, len);

		for (unsigned bit = 0; bit < 128; bit++)
			assert_row(
				((masked.byte[bit / 8] >> (7 - bit % 8)) & 1) == (bit < len), len);
	}
}

static void test_prefix_when_compared_then_length_counts(void **state)
{
	struct vtap_prefix a, b;

	(void)state;
	assert_int_equal(vtap_prefix_parse("10.0.0.0/8", &a), 0);
	assert_int_equal(vtap_prefix_parse("10.0.0.0/9", &b), 0);
	assert_false(vtap_prefix_equal(&a, &b));
	assert_int_equal(vtap_prefix_parse("::ffff:10.0.0.0/104", &b), 0);
	assert_true(vtap_prefix_equal(&a, &b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prefix_when_read_then_has_one_form),
		cmocka_unit_test(test_prefix_when_it_is_none_then_refused),
		cmocka_unit_test(test_prefix_when_asked_then_contains_what_its_bits_say),
		cmocka_unit_test(test_addr_when_written_and_read_then_the_same),
		cmocka_unit_test(test_addr_when_v4_then_is_the_mapped_form),
		cmocka_unit_test(test_addr_when_masked_then_every_length_keeps_its_bits),
		cmocka_unit_test(test_prefix_when_compared_then_length_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
