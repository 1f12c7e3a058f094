// SPDX-License-Identifier: Apache-2.0
/*
 * Law: what a counter rose by within the last minute is told, with since when it rises; nothing is
 * told of what it had before somebody looked, or before it went back.
 */
#include "tests/unit/cmocka_with.h"

#include <string.h>

#include "base/clock.h"
#include "daemon/trends.h"

#define START_NS (100000 * VTAP_NS_PER_S) /* the begin of a span */
#define S        VTAP_NS_PER_S

static void assert_trend(
	const struct vtap_trend *trend, uint64_t at_s, uint64_t recent, uint64_t since_s)
{
	struct vtap_report_trend told = vtap_trend_read(trend, START_NS + at_s * S);

	assert_true(told.is_known);
	assert_int_equal(told.recent, recent);
	assert_int_equal(told.since_mono_ns, recent > 0 ? START_NS + since_s * S : 0);
}

static void test_trend_when_never_looked_at_then_unknown(void **state)
{
	const struct vtap_trend trend = { 0 };

	(void)state;
	assert_false(vtap_trend_read(&trend, START_NS).is_known);
	assert_int_equal(vtap_trend_read(&trend, START_NS).recent, 0);
}

static void test_trend_when_looked_at_first_then_what_it_has_is_not_recent(void **state)
{
	struct vtap_trend trend = { 0 };

	(void)state;
	vtap_trend_note(&trend, 1000000, START_NS);
	assert_trend(&trend, 0, 0, 0);
	assert_int_equal(vtap_trend_read(&trend, START_NS).total, 1000000);
}

static void test_trend_when_it_rises_then_since_when_and_over_a_minute_after_the_last(void **state)
{
	struct vtap_trend trend = { 0 };

	(void)state;
	vtap_trend_note(&trend, 100, START_NS);
	vtap_trend_note(&trend, 105, START_NS + 3 * S);
	assert_trend(&trend, 3, 5, 3);
	vtap_trend_note(&trend, 107, START_NS + 40 * S);
	assert_trend(&trend, 40, 7, 3);
	assert_int_equal(vtap_trend_read(&trend, START_NS + 40 * S).risen, 7);
	vtap_trend_note(&trend, 107, START_NS + 41 * S);
	assert_int_equal(
		vtap_trend_read(&trend, START_NS + 59 * S).last_mono_ns, START_NS + 40 * S);
	assert_trend(&trend, 59, 7, 3);
	assert_trend(&trend, 60, 2, 3); /* the first five are no longer of late */
	assert_int_equal(vtap_trend_read(&trend, START_NS + 60 * S).risen, 7);
	assert_trend(&trend, 99, 2, 3);
	assert_trend(&trend, 100, 0, 0);
}

static void test_trend_when_it_rises_again_then_it_began_anew(void **state)
{
	struct vtap_trend trend = { 0 };

	(void)state;
	vtap_trend_note(&trend, 0, START_NS);
	vtap_trend_note(&trend, 9, START_NS + S);
	vtap_trend_note(&trend, 9, START_NS + 61 * S);
	assert_trend(&trend, 61, 0, 0);
	vtap_trend_note(&trend, 10, START_NS + 62 * S);
	assert_trend(&trend, 62, 1, 62);
	assert_int_equal(vtap_trend_read(&trend, START_NS + 62 * S).risen, 1);
}

static void test_trend_when_it_goes_back_then_nothing_of_it_is_recent(void **state)
{
	struct vtap_trend trend = { 0 };

	(void)state;
	vtap_trend_note(&trend, 100, START_NS);
	vtap_trend_note(&trend, 105, START_NS + S);
	vtap_trend_note(&trend, 3, START_NS + 2 * S);
	assert_trend(&trend, 2, 0, 0);
	vtap_trend_note(&trend, 4, START_NS + 3 * S);
	assert_trend(&trend, 3, 1, 3);
	assert_int_equal(vtap_trend_read(&trend, START_NS + 3 * S).total, 4);
}

static void test_trend_when_nobody_looked_for_long_then_a_rise_is_seen_now(void **state)
{
	struct vtap_trend trend = { 0 };

	(void)state;
	vtap_trend_note(&trend, 1, START_NS);
	vtap_trend_note(&trend, 2, START_NS + S);
	vtap_trend_note(&trend, 5, START_NS + 100000 * S);
	assert_trend(&trend, 100000, 3, 100000);
}

static void test_trend_when_something_came_at_another_time_then_it_is_no_rise(void **state)
{
	struct vtap_trend trend = { 0 };

	(void)state;
	vtap_trend_forgo(&trend, 7); /* nobody has looked yet: it is there when somebody does */
	vtap_trend_note(&trend, 7, START_NS);
	vtap_trend_note(&trend, 8, START_NS + S);
	vtap_trend_forgo(&trend, 1000);
	vtap_trend_note(&trend, 1009, START_NS + 2 * S);
	assert_trend(&trend, 2, 2, 1);
	assert_int_equal(vtap_trend_read(&trend, START_NS + 2 * S).risen, 2);
}

static void test_trend_when_it_rises_by_more_than_a_span_holds_then_by_the_most(void **state)
{
	struct vtap_trend trend = { 0 };

	(void)state;
	vtap_trend_note(&trend, 0, START_NS);
	vtap_trend_note(&trend, UINT64_MAX - 1, START_NS + S);
	vtap_trend_note(&trend, UINT64_MAX, START_NS + 2 * S);
	assert_trend(&trend, 2, UINT32_MAX, 1);
	assert_int_equal(vtap_trend_read(&trend, START_NS + 2 * S).risen, UINT64_MAX);
}

static void test_trend_when_it_rises_all_the_time_then_the_last_minute_is_told(void **state)
{
	struct vtap_trend trend = { 0 };

	(void)state;
	for (uint64_t i = 0; i <= 3600; i++)
		vtap_trend_note(&trend, 10 * i, START_NS + i * S);
	assert_trend(&trend, 3600, 10 * 56, 1); /* eleven whole spans, and the second of now */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trend_when_never_looked_at_then_unknown),
		cmocka_unit_test(test_trend_when_looked_at_first_then_what_it_has_is_not_recent),
		cmocka_unit_test(
			test_trend_when_it_rises_then_since_when_and_over_a_minute_after_the_last),
		cmocka_unit_test(test_trend_when_it_rises_again_then_it_began_anew),
		cmocka_unit_test(test_trend_when_it_goes_back_then_nothing_of_it_is_recent),
		cmocka_unit_test(test_trend_when_nobody_looked_for_long_then_a_rise_is_seen_now),
		cmocka_unit_test(test_trend_when_something_came_at_another_time_then_it_is_no_rise),
		cmocka_unit_test(
			test_trend_when_it_rises_by_more_than_a_span_holds_then_by_the_most),
		cmocka_unit_test(
			test_trend_when_it_rises_all_the_time_then_the_last_minute_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
