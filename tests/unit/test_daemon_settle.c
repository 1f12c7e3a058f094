// SPDX-License-Identifier: Apache-2.0
/*
 * Law: a change must have lasted for `settle` before the load balancer is told, both ways; draining
 * does not wait, nor does the first time. Time is an argument, so nobody waits here.
 */
#include "tests/unit/cmocka_with.h"

#include "base/clock.h"
#include "daemon/settle.h"

#define T0        (1000 * VTAP_NS_PER_S)
#define SETTLE_NS (10 * VTAP_NS_PER_S)

/** struct moment - a look: after so many seconds it is judged so, and this is told */
struct moment {
	unsigned at_s;
	enum vtap_judgement judgement;
	bool is_healthy;
};

static void play(const struct moment *moments, size_t n)
{
	struct vtap_settle settle = { 0 };

	for (size_t i = 0; i < n; i++)
		assert_row(vtap_settle_update(&settle, moments[i].judgement, SETTLE_NS,
				   T0 + moments[i].at_s * VTAP_NS_PER_S) == moments[i].is_healthy,
			i);
}

static void test_settle_when_starting_then_refused_and_healthy_at_once(void **state)
{
	static const struct moment moments[] = {
		{ 0, VTAP_JUDGED_NOT_YET, false },
		{ 1, VTAP_JUDGED_UNHEALTHY, false },
		{ 2, VTAP_JUDGED_HEALTHY, true },
	};

	(void)state;
	play(moments, VTAP_ARRAY_LEN(moments));
}

static void test_settle_when_unhealthy_for_a_moment_then_nothing_is_told(void **state)
{
	static const struct moment moments[] = {
		{ 0, VTAP_JUDGED_HEALTHY, true },
		{ 1, VTAP_JUDGED_UNHEALTHY, true },
		{ 10, VTAP_JUDGED_UNHEALTHY, true },
		{ 10, VTAP_JUDGED_HEALTHY, true },
		{ 11, VTAP_JUDGED_UNHEALTHY, true },
		{ 20, VTAP_JUDGED_UNHEALTHY, true },
	};

	(void)state;
	play(moments, VTAP_ARRAY_LEN(moments));
}

static void test_settle_when_a_change_lasts_then_it_is_told_both_ways(void **state)
{
	static const struct moment moments[] = {
		{ 0, VTAP_JUDGED_HEALTHY, true },
		{ 1, VTAP_JUDGED_UNHEALTHY, true },
		{ 11, VTAP_JUDGED_UNHEALTHY, false },
		{ 12, VTAP_JUDGED_HEALTHY, false },
		{ 21, VTAP_JUDGED_HEALTHY, false },
		{ 22, VTAP_JUDGED_HEALTHY, true },
	};

	(void)state;
	play(moments, VTAP_ARRAY_LEN(moments));
}

static void test_settle_when_draining_then_at_once_and_back_only_after_a_while(void **state)
{
	static const struct moment moments[] = {
		{ 0, VTAP_JUDGED_HEALTHY, true },
		{ 1, VTAP_JUDGED_DRAINING, false },
		{ 50, VTAP_JUDGED_DRAINING, false },
		{ 51, VTAP_JUDGED_HEALTHY, false },
		{ 60, VTAP_JUDGED_HEALTHY, false },
		{ 61, VTAP_JUDGED_HEALTHY, true },
	};

	(void)state;
	play(moments, VTAP_ARRAY_LEN(moments));
}

static void test_settle_when_started_while_draining_then_the_end_of_it_waits_too(void **state)
{
	static const struct moment moments[] = {
		{ 0, VTAP_JUDGED_NOT_YET, false },
		{ 1, VTAP_JUDGED_DRAINING, false },
		{ 2, VTAP_JUDGED_HEALTHY, false },
		{ 12, VTAP_JUDGED_HEALTHY, true },
	};

	(void)state;
	play(moments, VTAP_ARRAY_LEN(moments));
}

static void test_settle_when_zero_then_nobody_waits(void **state)
{
	struct vtap_settle settle = { 0 };

	(void)state;
	assert_true(vtap_settle_update(&settle, VTAP_JUDGED_HEALTHY, 0, T0));
	assert_false(vtap_settle_update(&settle, VTAP_JUDGED_UNHEALTHY, 0, T0));
	assert_true(vtap_settle_update(&settle, VTAP_JUDGED_HEALTHY, 0, T0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_settle_when_starting_then_refused_and_healthy_at_once),
		cmocka_unit_test(test_settle_when_unhealthy_for_a_moment_then_nothing_is_told),
		cmocka_unit_test(test_settle_when_a_change_lasts_then_it_is_told_both_ways),
		cmocka_unit_test(
			test_settle_when_draining_then_at_once_and_back_only_after_a_while),
		cmocka_unit_test(
			test_settle_when_started_while_draining_then_the_end_of_it_waits_too),
		cmocka_unit_test(test_settle_when_zero_then_nobody_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
