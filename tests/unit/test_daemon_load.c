// SPDX-License-Identifier: Apache-2.0
/*
 * Law: the load is measured over half a second at least, whoever asks in between; smoothed, it is
 * that of some ten seconds, from the first one on.
 */
#include "tests/unit/cmocka_with.h"

#include "base/clock.h"
#include "daemon/load.h"

#define T0_NS (50 * VTAP_NS_PER_S)

/* One sample a second. Return: when the last one was. */
static uint64_t run(struct vtap_load *load, uint64_t per_second, unsigned seconds, uint64_t now_ns)
{
	for (unsigned i = 0; i < seconds; i++)
		vtap_load_sample(load, load->received + per_second, now_ns += VTAP_NS_PER_S);
	return now_ns;
}

static void test_load_when_steady_then_it_is_known_from_the_second_sample_on(void **state)
{
	struct vtap_load load = { 0 };

	(void)state;
	vtap_load_sample(&load, 5000, T0_NS); /* whenever those came */
	assert_int_equal(load.n_rates, 0);
	(void)run(&load, 2613, 1, T0_NS);
	assert_int_equal((int)load.rate, 2613);
	assert_int_equal((int)load.smooth, 2613);
}

static void test_load_when_sampled_out_of_turn_then_it_stays_and_nothing_is_lost_of_the_next(
	void **state)
{
	struct vtap_load load = { 0 };
	uint64_t now_ns, received;

	(void)state;
	vtap_load_sample(&load, 5000, T0_NS);
	now_ns = run(&load, 2613, 20, T0_NS);
	received = load.received;
	vtap_load_sample(&load, received, now_ns + VTAP_NS_PER_MS); /* nothing was taken up yet */
	assert_int_equal((int)load.rate, 2613);
	vtap_load_sample(&load, received + 2000, now_ns + VTAP_RATE_MIN_NS - 1);
	assert_int_equal((int)load.rate, 2613);
	vtap_load_sample(&load, received + 2613, now_ns + VTAP_NS_PER_S);
	assert_int_equal((int)load.rate, 2613);
	assert_int_equal((int)(load.smooth + 0.5), 2613);
}

static void test_load_when_nothing_came_in_the_first_second_then_that_weighs_as_any_other(
	void **state)
{
	struct vtap_load load = { 0 };
	uint64_t now_ns;

	(void)state;
	vtap_load_sample(&load, 0, T0_NS);
	now_ns = run(&load, 0, 1, T0_NS);
	now_ns = run(&load, 2000, 1, now_ns);
	assert_int_equal((int)(load.smooth + 0.5), 1000);
	(void)run(&load, 2000, 2, now_ns);
	assert_int_equal((int)(load.smooth + 0.5), 1500);
}

static void test_load_when_it_ends_then_smoothed_it_fades(void **state)
{
	struct vtap_load load = { 0 };
	uint64_t now_ns;

	(void)state;
	vtap_load_sample(&load, 0, T0_NS);
	now_ns = run(&load, 1000, 10, T0_NS);
	(void)run(&load, 0, 10, now_ns);
	assert_int_equal((int)load.rate, 0);
	assert_in_range((int)load.smooth, 300, 400);
}

static void test_load_when_fewer_are_counted_then_that_sample_says_nothing(void **state)
{
	struct vtap_load load = { 0 };
	uint64_t now_ns;

	(void)state;
	vtap_load_sample(&load, 5000, T0_NS);
	now_ns = run(&load, 1000, 5, T0_NS);
	vtap_load_sample(&load, 10, now_ns += VTAP_NS_PER_S); /* a target is gone */
	assert_int_equal((int)load.rate, 1000);
	(void)run(&load, 1000, 1, now_ns);
	assert_int_equal((int)load.rate, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_load_when_steady_then_it_is_known_from_the_second_sample_on),
		cmocka_unit_test(
			test_load_when_sampled_out_of_turn_then_it_stays_and_nothing_is_lost_of_the_next),
		cmocka_unit_test(
			test_load_when_nothing_came_in_the_first_second_then_that_weighs_as_any_other),
		cmocka_unit_test(test_load_when_it_ends_then_smoothed_it_fades),
		cmocka_unit_test(test_load_when_fewer_are_counted_then_that_sample_says_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
