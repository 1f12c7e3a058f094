// SPDX-License-Identifier: Apache-2.0
/*
 * Law: what ends and begins again within ten minutes has not been over; what stays away is told
 * once, ten minutes after its end.
 */
#include "tests/unit/cmocka_with.h"

#include <string.h>

#include "base/clock.h"
#include "daemon/linger.h"

#define START_NS (1000 * VTAP_NS_PER_S)
#define VNI      VTAP_CONDITION_UNKNOWN_VNI
#define SOURCE   VTAP_CONDITION_UNKNOWN_SOURCE

static int target_end(struct vtap_linger *linger, enum vtap_condition condition, const char *name,
	uint64_t now_ns)
{
	struct vtap_subject subject = vtap_subject_target(name);

	return vtap_linger_end(linger, condition, &subject, now_ns);
}

static bool target_resume(
	struct vtap_linger *linger, enum vtap_condition condition, const char *name)
{
	struct vtap_subject subject = vtap_subject_target(name);

	return vtap_linger_resume(linger, condition, &subject);
}

static void test_condition_when_it_stays_away_then_it_is_over_once(void **state)
{
	struct vtap_linger linger = { 0 };
	struct vtap_lingering over;

	(void)state;
	assert_false(vtap_linger_take(&linger, START_NS, &over));
	assert_int_equal(target_end(&linger, VNI, "default", START_NS), 0);
	assert_int_equal(target_end(&linger, SOURCE, "", START_NS + VTAP_NS_PER_S), 0);
	assert_false(vtap_linger_take(&linger, START_NS + VTAP_LINGER_NS - 1, &over));
	assert_true(vtap_linger_take(&linger, START_NS + VTAP_LINGER_NS, &over));
	assert_int_equal(over.condition, VNI);
	assert_string_equal(over.subject.name, "default");
	assert_false(vtap_linger_take(&linger, START_NS + VTAP_LINGER_NS, &over));
	assert_true(vtap_linger_take(&linger, START_NS + 2 * VTAP_LINGER_NS, &over));
	assert_int_equal(over.condition, SOURCE);
	assert_false(target_resume(&linger, VNI, "default"));
	vtap_linger_done(&linger);
}

static void test_condition_when_it_comes_back_then_it_was_never_over(void **state)
{
	struct vtap_linger linger = { 0 };
	struct vtap_lingering over;

	(void)state;
	assert_int_equal(target_end(&linger, VNI, "a", START_NS), 0);
	assert_int_equal(target_end(&linger, VNI, "b", START_NS), 0);
	assert_false(target_resume(&linger, SOURCE, "a"));
	assert_false(target_resume(&linger, VNI, ""));
	assert_true(target_resume(&linger, VNI, "a"));
	assert_false(target_resume(&linger, VNI, "a"));
	assert_true(vtap_linger_take(&linger, START_NS + VTAP_LINGER_NS, &over));
	assert_string_equal(over.subject.name, "b");
	assert_int_equal(target_end(&linger, VNI, "a", START_NS + VTAP_LINGER_NS), 0);
	assert_false(vtap_linger_take(&linger, START_NS + 2 * VTAP_LINGER_NS - 1, &over));
	vtap_linger_done(&linger);
	vtap_linger_done(&linger);
}

static void test_condition_when_one_of_that_name_is_of_another_kind_then_it_is_not_meant(
	void **state)
{
	struct vtap_subject session = vtap_subject_session("a");
	struct vtap_linger linger = { 0 };

	(void)state;
	assert_int_equal(target_end(&linger, VNI, "a", START_NS), 0);
	assert_false(vtap_linger_resume(&linger, VNI, &session));
	assert_true(target_resume(&linger, VNI, "a"));
	vtap_linger_done(&linger);
}

/* As many as there can be sessions, half of which come back meanwhile. */
static void test_conditions_when_thousands_come_and_go_then_each_is_over_once_in_order(void **state)
{
	enum { N = 4000 };
	struct vtap_linger linger = { 0 };
	struct vtap_lingering over;
	char subject[VTAP_NAME_MAX];

	(void)state;
	for (int round = 0; round < 3; round++) {
		uint64_t now_ns = START_NS + (uint64_t)round * VTAP_LINGER_NS;

		for (int i = 0; i < N; i++) {
			(void)snprintf(subject, sizeof(subject), "s%d", i); /* fits */
			assert_int_equal(target_end(&linger, VNI, subject, now_ns), 0);
		}
		for (int i = 0; i < N; i += 2) {
			(void)snprintf(subject, sizeof(subject), "s%d", i); /* fits */
			assert_true(target_resume(&linger, VNI, subject));
		}
		for (int i = 1; i < N; i += 2) {
			(void)snprintf(subject, sizeof(subject), "s%d", i); /* fits */
			assert_true(vtap_linger_take(&linger, now_ns + VTAP_LINGER_NS, &over));
			assert_string_equal(over.subject.name, subject);
		}
		assert_false(vtap_linger_take(&linger, now_ns + VTAP_LINGER_NS, &over));
		assert_true(linger.n_room <= 2 * N);
	}
	vtap_linger_done(&linger);
}

static void test_condition_when_the_clock_was_read_before_its_end_then_it_is_not_over(void **state)
{
	struct vtap_linger linger = { 0 };
	struct vtap_lingering over;

	(void)state;
	assert_int_equal(target_end(&linger, VNI, "a", START_NS), 0);
	assert_false(vtap_linger_take(&linger, START_NS - 1, &over));
	vtap_linger_done(&linger);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_condition_when_it_stays_away_then_it_is_over_once),
		cmocka_unit_test(test_condition_when_it_comes_back_then_it_was_never_over),
		cmocka_unit_test(
			test_condition_when_one_of_that_name_is_of_another_kind_then_it_is_not_meant),
		cmocka_unit_test(
			test_conditions_when_thousands_come_and_go_then_each_is_over_once_in_order),
		cmocka_unit_test(
			test_condition_when_the_clock_was_read_before_its_end_then_it_is_not_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
