// SPDX-License-Identifier: Apache-2.0
/* Law: a number or time has one text, and no rounding shows what cannot be ("1000 k"). */
#include "tests/unit/test_report_text.h"

#include "report/text_words.h"

struct number {
	uint64_t n;
	const char *text;
};

struct rate {
	double per_second;
	const char *text;
};

static void test_count_when_large_then_grouped(void **state)
{
	static const struct number table[] = {
		{ 0, "0" },
		{ 999, "999" },
		{ 1000, "1,000" },
		{ 1234567, "1,234,567" },
		{ UINT64_MAX, "18,446,744,073,709,551,615" },
	};

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(table); i++)
		assert_string_equal(vtap_text_count(table[i].n).text, table[i].text);
	assert_string_equal(vtap_text_counted(1, "session").text, "1 session");
	assert_string_equal(vtap_text_counted(0, "session").text, "0 sessions");
}

static void test_findings_when_counted_then_notes_apart(void **state)
{
	(void)state;
	assert_string_equal(vtap_text_findings_counted(0, 0).text, "0 findings");
	assert_string_equal(vtap_text_findings_counted(0, 1).text, "1 note");
	assert_string_equal(vtap_text_findings_counted(1, 0).text, "1 finding");
	assert_string_equal(vtap_text_findings_counted(6, 3).text, "6 findings and 3 notes");
}

static void test_rate_when_small_then_never_a_false_zero(void **state)
{
	static const struct rate table[] = {
		{ 0, "0" },
		{ 0.004, "<1" },
		{ 1.4, "1" },
		{ 212417.6, "212,418" },
		{ 1e30, "?" },
	};

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(table); i++)
		assert_string_equal(vtap_text_rate(table[i].per_second).text, table[i].text);
	assert_string_equal(vtap_text_rate_fine(12.35).text, "12.4");
	assert_string_equal(vtap_text_rate_fine(0).text, "0.0");
	assert_string_equal(vtap_text_rate_fine(1999.96).text, "2,000.0");
	assert_string_equal(vtap_text_rate_fine(1e30).text, "?");
}

static void test_bits_when_any_then_three_digits_and_a_unit(void **state)
{
	static const struct rate table[] = {
		{ 0, "0" },
		{ 640, "640" },
		{ 999.4, "999" },
		{ 999.6, "1.00 k" },
		{ 76800, "76.8 k" },
		{ 99960, "100 k" },
		{ 999600, "1.00 M" },
		{ 18.2e6, "18.2 M" },
		{ 1.414e9, "1.41 G" },
		{ 9.996e9, "10.0 G" },
		{ 4e11, "400 G" },
		{ 2e12, "2.00 T" },
	};

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(table); i++)
		assert_string_equal(vtap_text_bits(table[i].per_second).text, table[i].text);
}

static void test_duration_when_any_then_two_largest_units(void **state)
{
	static const struct number table[] = {
		{ 0, "1 s" },
		{ VTAP_NS_PER_S / 2, "1 s" },
		{ 39500 * VTAP_NS_PER_MS, "40 s" },
		{ 60 * VTAP_NS_PER_S, "1 min" },
		{ 130 * VTAP_NS_PER_S, "2 min 10 s" },
		{ 3600 * VTAP_NS_PER_S, "1 h" },
		{ 3660 * VTAP_NS_PER_S, "1 h 1 min" },
		{ 532800 * VTAP_NS_PER_S, "6 d 4 h" },
	};

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(table); i++)
		assert_string_equal(vtap_text_duration(table[i].n).text, table[i].text);
}

static void test_age_when_any_then_one_unit(void **state)
{
	static const struct number table[] = {
		{ 0, "now" },
		{ 4999 * VTAP_NS_PER_MS, "now" },
		{ 41 * VTAP_NS_PER_S, "41 s ago" },
		{ 119 * VTAP_NS_PER_S, "1 min ago" },
		{ 3 * 3600 * VTAP_NS_PER_S, "3 h ago" },
		{ 86400 * VTAP_NS_PER_S, "1 d ago" },
		{ UINT64_MAX, "213,503 d ago" },
	};

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(table); i++)
		assert_string_equal(vtap_text_age(table[i].n).text, table[i].text);
}

static void test_elapsed_when_any_then_ms_or_s(void **state)
{
	(void)state;
	assert_string_equal(vtap_text_elapsed(999).text, "less than 1 ms");
	assert_string_equal(vtap_text_elapsed(38 * VTAP_NS_PER_MS).text, "38 ms");
	assert_string_equal(vtap_text_elapsed(1240 * VTAP_NS_PER_MS).text, "1.2 s");
}

static void test_date_when_not_this_year_then_with_year(void **state)
{
	const uint64_t day_ns = 86400 * VTAP_NS_PER_S;

	(void)state;
	assert_string_equal(vtap_text_date(TEST_NOW_NS, TEST_NOW_NS).text, "Nov 20 10:05:00");
	assert_string_equal(vtap_text_date(TEST_NOW_NS - 365 * day_ns, TEST_NOW_NS).text,
		"Nov 20 2025 10:05:00");
	assert_string_equal(vtap_text_minute(TEST_NOW_NS, TEST_NOW_NS).text, "Nov 20 10:05");
	assert_string_equal(vtap_text_clock(TEST_NOW_NS, TEST_NOW_NS).text, "10:05:00");
	assert_string_equal(
		vtap_text_clock(TEST_NOW_NS - day_ns, TEST_NOW_NS).text, "Nov 19 10:05:00");
}

static void test_words_when_too_long_then_cut_and_marked(void **state)
{
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;

	(void)state;
	for (int i = 0; i < VTAP_TEXT_WORDS_MAX; i++)
		vtap_text_words_add(&words, "ab");
	assert_int_equal(strlen(words.text), VTAP_TEXT_WORDS_MAX - 1);
	assert_string_equal(words.text + strlen(words.text) - strlen("b…"), "b…");
}

static void test_names_when_more_than_are_told_then_how_many_more(void **state)
{
	static const char *const told[] = { "-", "a", "a, b", "a, b and 1 more",
		"a, b and 2 more" };
	static const char *const names[] = { "a", "b", "c", "d" };
	struct vtap_text_names list = { .n_max = 2 };

	(void)state;
	assert_string_equal(vtap_text_names_told(&list).text, told[0]);
	for (size_t i = 0; i < VTAP_ARRAY_LEN(names); i++) {
		vtap_text_names_add(&list, names[i]);
		assert_string_equal(vtap_text_names_told(&list).text, told[i + 1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_count_when_large_then_grouped),
		cmocka_unit_test(test_findings_when_counted_then_notes_apart),
		cmocka_unit_test(test_rate_when_small_then_never_a_false_zero),
		cmocka_unit_test(test_bits_when_any_then_three_digits_and_a_unit),
		cmocka_unit_test(test_duration_when_any_then_two_largest_units),
		cmocka_unit_test(test_age_when_any_then_one_unit),
		cmocka_unit_test(test_elapsed_when_any_then_ms_or_s),
		cmocka_unit_test(test_date_when_not_this_year_then_with_year),
		cmocka_unit_test(test_words_when_too_long_then_cut_and_marked),
		cmocka_unit_test(test_names_when_more_than_are_told_then_how_many_more),
	};

	return cmocka_run_group_tests(tests, use_utc, NULL);
}
