// SPDX-License-Identifier: Apache-2.0
/*
 * Law: a cover contains whatever was added, in few prefixes that are as long as they can be;
 * what would need one that nobody can own as a whole is refused, and changes nothing.
 */
#include "tests/unit/cmocka_with.h"

#include <stdio.h>
#include <string.h>

#include "base/cover.h"

#define WORDS_MAX 512

/* Adds each word of the text. Return: those that were refused. */
static unsigned cover_add(struct vtap_cover *cover, size_t n_max, const char *text)
{
	char copy[WORDS_MAX], *state = NULL;
	unsigned n_refused = 0;

	(void)snprintf(copy, sizeof(copy), "%s", text); /* fits */
	for (const char *word = strtok_r(copy, " ", &state); word != NULL;
		word = strtok_r(NULL, " ", &state)) {
		struct vtap_prefix prefix;

		assert_int_equal(vtap_prefix_parse(word, &prefix), 0);
		if (!vtap_cover_add(cover, n_max, &prefix))
			n_refused++;
		else
			assert_true(vtap_cover_has(cover, &prefix.addr));
	}
	return n_refused;
}

static void assert_cover(struct vtap_cover *cover, const char *wanted)
{
	char text[WORDS_MAX] = "";

	vtap_cover_tidy(cover);
	for (size_t i = 0; i < cover->n; i++) {
		char one[VTAP_ADDR_TEXT_MAX];
		size_t used = strlen(text);

		vtap_prefix_format(&cover->prefix[i], one);
		(void)snprintf(
			text + used, sizeof(text) - used, "%s%s", i > 0 ? " " : "", one); /* fits */
	}
	assert_string_equal(text, wanted);
}

static void test_cover_when_something_is_added_then_few_prefixes_that_contain_it(void **state)
{
	static const struct {
		size_t n_max;
		const char *added, *cover;
		unsigned n_refused;
	} CASES[] = {
		{ 8, "", "", 0 },
		{ 8, "10.0.3.17", "10.0.3.0/24", 0 },
		{ 8, "10.0.3.17 10.0.3.18 10.0.3.255", "10.0.3.0/24", 0 },
		{ 8, "2001:db8:1:2::5 2001:db8:1:2:ffff::", "2001:db8:1:2::/64", 0 },
		{ 8, "172.31.4.2 10.0.3.17", "10.0.3.0/24 172.31.4.0/24", 0 },
		{ 1, "10.0.3.17 10.0.4.1", "10.0.0.0/21", 0 },
		{ 1, "10.0.3.17 10.255.4.1", "10.0.0.0/8", 0 },
		/* the two next to each other, whoever came last */
		{ 2, "10.0.1.1 172.31.4.2 10.0.0.1", "10.0.0.0/23 172.31.4.0/24", 0 },
		{ 2, "10.0.0.1 10.0.1.1 172.31.4.2", "10.0.0.0/23 172.31.4.0/24", 0 },
		{ 2, "172.31.4.2 10.0.0.1 10.0.1.1", "10.0.0.0/23 172.31.4.0/24", 0 },
		{ 3, "10.0.0.1 10.0.1.1 10.0.9.1 2001:db8::1",
			"10.0.0.0/23 10.0.9.0/24 2001:db8::/64", 0 },
		/* no common network */
		{ 1, "10.0.3.17 11.0.0.1", "10.0.3.0/24", 1 },
		{ 1, "10.0.3.17 2001:db8::1", "10.0.3.0/24", 1 },
		{ 1, "2001:db8::1 2001:db9::1", "2001:db8::/64", 1 },
		{ 1, "2001:db8::1 2001:db8:8000::1", "2001:db8::/32", 0 },
		{ 2, "10.0.0.1 20.0.0.1 30.0.0.1 10.0.1.1", "10.0.0.0/23 20.0.0.0/24", 1 },
		/* two halves are one */
		{ 8, "10.0.0.1 10.0.1.1 10.0.2.1 10.0.3.1 10.0.5.1", "10.0.0.0/22 10.0.5.0/24", 0 },
		{ 8, "10.0.1.1 10.0.2.1", "10.0.1.0/24 10.0.2.0/24", 0 },
		{ 8, "2001:db8:0:1::1 2001:db8::1", "2001:db8::/63", 0 },
		{ 8, "10.0.0.0/8 11.0.0.0/8", "10.0.0.0/8 11.0.0.0/8", 0 },
		/* prefixes */
		{ 8, "10.0.0.1 10.0.1.1 10.0.0.0/16 10.0.2.1", "10.0.0.0/16", 0 },
		{ 8, "10.0.0.1 8.0.0.0/5", "10.0.0.0/24", 1 },
		{ 8, "10.0.0.1 ::/0", "10.0.0.0/24", 1 },
		{ 8, "2001::/16", "", 1 },
		{ 1, "10.0.0.0/9 10.128.0.1", "10.0.0.0/8", 0 },
	};

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(CASES); i++) {
		struct vtap_cover cover = { .n = 0 };

		print_message("row %zu\n", i);
		assert_int_equal(
			cover_add(&cover, CASES[i].n_max, CASES[i].added), CASES[i].n_refused);
		assert_cover(&cover, CASES[i].cover);
	}
}

/* Of two VPCs, a few subnets each: hosts in an order that jumps about. */
static void test_cover_when_of_many_machines_then_each_is_in_it_and_no_prefix_is_too_many(
	void **state)
{
	struct vtap_cover cover = { .n = 0 };
	char text[32];

	(void)state;
	for (unsigned i = 0; i < 4000; i++) {
		unsigned jump = i * 2654435761U; /* Knuth's, to be everywhere */

		(void)snprintf(text, sizeof(text), "%s.%u.%u", jump % 2 ? "10.7" : "172.31",
			jump >> 8 & 63, jump >> 20 & 255); /* fits */
		assert_int_equal(cover_add(&cover, VTAP_COVER_MAX, text), 0);
		assert_true(cover.n <= VTAP_COVER_MAX);
	}
	for (size_t i = 0; i < cover.n; i++)
		assert_true(cover.prefix[i].len >= VTAP_PREFIX_V4_BITS + 18);
	for (size_t i = 0; i < cover.n; i++)
		for (size_t j = 0; j < cover.n; j++)
			assert_true(i == j ||
				    !vtap_prefix_has(&cover.prefix[i], &cover.prefix[j].addr));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_cover_when_something_is_added_then_few_prefixes_that_contain_it),
		cmocka_unit_test(
			test_cover_when_of_many_machines_then_each_is_in_it_and_no_prefix_is_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
