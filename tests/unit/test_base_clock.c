// SPDX-License-Identifier: Apache-2.0
/*
 * Law: a moment of the monotonic clock has one wall time, however often it is asked for, unless
 * somebody set the wall clock.
 */
#include "tests/unit/cmocka_with.h"

#include "base/clock.h"

static void test_offset_when_asked_again_then_the_same(void **state)
{
	uint64_t offset_ns = vtap_clock_offset_ns(0);

	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_true(vtap_clock_offset_ns(offset_ns) == offset_ns);
}

static void test_offset_when_added_then_wall_time(void **state)
{
	uint64_t before_ns = vtap_clock_wall_ns();
	uint64_t wall_ns = vtap_clock_mono_ns() + vtap_clock_offset_ns(0);

	(void)state;
	/* the offset is measured after the addition's other half: as much later as that took */
	assert_in_range(wall_ns, before_ns - VTAP_NS_PER_S, before_ns + VTAP_NS_PER_S);
}

static void test_offset_when_the_clock_was_set_then_measured_anew(void **state)
{
	uint64_t offset_ns = vtap_clock_offset_ns(0), year_ns = 365 * 86400 * VTAP_NS_PER_S;

	(void)state;
	assert_in_range(vtap_clock_offset_ns(offset_ns - year_ns), offset_ns - VTAP_NS_PER_S,
		offset_ns + VTAP_NS_PER_S);
	assert_in_range(vtap_clock_offset_ns(offset_ns + year_ns), offset_ns - VTAP_NS_PER_S,
		offset_ns + VTAP_NS_PER_S);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_offset_when_asked_again_then_the_same),
		cmocka_unit_test(test_offset_when_added_then_wall_time),
		cmocka_unit_test(test_offset_when_the_clock_was_set_then_measured_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
