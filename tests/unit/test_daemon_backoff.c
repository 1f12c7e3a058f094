// SPDX-License-Identifier: Apache-2.0
/*
 * Law: what was refused is tried again after 1 s, doubling to 60 s, never all at once; a handful of
 * repairs is done at once, somebody who keeps undoing them waits longer each time, and a quiet
 * minute forgets it all. Time is an argument, so nobody waits here.
 */
#include "tests/unit/cmocka_with.h"

#include "base/clock.h"
#include "daemon/backoff.h"

#define T0 (1000 * VTAP_NS_PER_S)

static void assert_delay_near(const struct vtap_backoff *backoff, uint64_t now_ns, uint64_t seconds)
{
	uint64_t delay_ns = backoff->retry_at_ns - now_ns;

	assert_in_range(
		delay_ns, seconds * VTAP_NS_PER_S * 8 / 10, seconds * VTAP_NS_PER_S * 12 / 10);
}

static void test_backoff_when_fresh_then_due(void **state)
{
	struct vtap_backoff backoff = { 0 };

	(void)state;
	assert_true(vtap_backoff_is_due(&backoff, 0));
	assert_true(vtap_backoff_is_due(&backoff, T0));
}

static void test_backoff_when_refused_again_and_again_then_doubles_to_a_minute(void **state)
{
	static const uint64_t seconds[] = { 1, 2, 4, 8, 16, 32, 60, 60, 60 };
	struct vtap_backoff backoff = { 0 };
	uint64_t now_ns = T0;

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(seconds); i++) {
		vtap_backoff_delay(&backoff, now_ns);
		assert_delay_near(&backoff, now_ns, seconds[i]);
		assert_row(!vtap_backoff_is_due(&backoff, now_ns), i);
		assert_row(!vtap_backoff_is_due(&backoff, backoff.retry_at_ns - 1), i);
		assert_row(vtap_backoff_is_due(&backoff, backoff.retry_at_ns), i);
		now_ns = backoff.retry_at_ns;
	}
}

static void test_backoff_when_many_are_refused_at_once_then_they_spread(void **state)
{
	uint64_t first_ns = UINT64_MAX, last_ns = 0;

	(void)state;
	for (int i = 0; i < 200; i++) {
		struct vtap_backoff backoff = { 0 };

		vtap_backoff_delay(&backoff, T0);
		first_ns = backoff.retry_at_ns < first_ns ? backoff.retry_at_ns : first_ns;
		last_ns = backoff.retry_at_ns > last_ns ? backoff.retry_at_ns : last_ns;
	}
	assert_true(last_ns - first_ns > VTAP_NS_PER_S / 5);
}

static void test_backoff_when_it_worked_then_forgotten(void **state)
{
	struct vtap_backoff backoff = { 0 };

	(void)state;
	for (int i = 0; i < 5; i++)
		vtap_backoff_delay(&backoff, T0);
	vtap_backoff_clear(&backoff);
	assert_true(vtap_backoff_is_due(&backoff, T0));
	vtap_backoff_delay(&backoff, T0);
	assert_delay_near(&backoff, T0, 1);
}

static void test_repair_when_a_handful_then_at_once_and_then_longer_each_time(void **state)
{
	static const uint64_t seconds[] = { 1, 2, 4, 8, 16, 32, 60, 60 };
	struct vtap_backoff backoff = { 0 };
	uint64_t now_ns = T0;

	(void)state;
	for (int i = 0; i < 5; i++, now_ns += VTAP_NS_PER_S)
		assert_row(vtap_backoff_repair(&backoff, now_ns), i);
	for (size_t i = 0; i < VTAP_ARRAY_LEN(seconds); i++) {
		assert_row(!vtap_backoff_repair(&backoff, now_ns), i);
		assert_delay_near(&backoff, now_ns, seconds[i]);
		now_ns = backoff.retry_at_ns;
		assert_row(vtap_backoff_repair(&backoff, now_ns), i); /* one, when it is due */
	}
}

static void test_repair_when_seldom_then_always_at_once(void **state)
{
	struct vtap_backoff backoff = { 0 };

	(void)state;
	for (int i = 0; i < 100; i++)
		assert_row(vtap_backoff_repair(&backoff, T0 + 11 * i * VTAP_NS_PER_S), i);
}

static void test_repair_when_a_minute_was_quiet_then_all_is_forgotten(void **state)
{
	struct vtap_backoff backoff = { 0 };
	uint64_t now_ns = T0;

	(void)state;
	for (int i = 0; i < 9; i++) {                        /* until it waits 8 s */
		(void)vtap_backoff_repair(&backoff, now_ns); /* the state is what counts */
		now_ns = backoff.retry_at_ns > now_ns ? backoff.retry_at_ns : now_ns;
	}
	assert_true(backoff.delay_ns > VTAP_NS_PER_S);
	now_ns += 61 * VTAP_NS_PER_S;
	for (int i = 0; i < 5; i++)
		assert_row(vtap_backoff_repair(&backoff, now_ns), i);
	assert_false(vtap_backoff_repair(&backoff, now_ns));
	assert_delay_near(&backoff, now_ns, 1);
}

static void test_repair_when_the_minute_is_not_over_then_remembered(void **state)
{
	struct vtap_backoff backoff = { 0 };
	uint64_t now_ns = T0;

	(void)state;
	for (int i = 0; i < 6; i++)
		(void)vtap_backoff_repair(&backoff, now_ns); /* the last one set a delay */
	now_ns = backoff.retry_at_ns + 59 * VTAP_NS_PER_S;
	assert_true(vtap_backoff_repair(&backoff, now_ns));
	assert_false(vtap_backoff_repair(&backoff, now_ns));
	assert_delay_near(&backoff, now_ns, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_backoff_when_fresh_then_due),
		cmocka_unit_test(
			test_backoff_when_refused_again_and_again_then_doubles_to_a_minute),
		cmocka_unit_test(test_backoff_when_many_are_refused_at_once_then_they_spread),
		cmocka_unit_test(test_backoff_when_it_worked_then_forgotten),
		cmocka_unit_test(test_repair_when_a_handful_then_at_once_and_then_longer_each_time),
		cmocka_unit_test(test_repair_when_seldom_then_always_at_once),
		cmocka_unit_test(test_repair_when_a_minute_was_quiet_then_all_is_forgotten),
		cmocka_unit_test(test_repair_when_the_minute_is_not_over_then_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
