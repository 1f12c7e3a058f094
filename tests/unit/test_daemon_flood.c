// SPDX-License-Identifier: Apache-2.0
/*
 * Law: what changes to and fro fills no journal. The first entries are told, the others held back,
 * and the last one is told when the minute is over; nobody else's entries wait for it.
 */
#include "tests/unit/cmocka_with.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "daemon/flood.h"

#define SECOND VTAP_NS_PER_S

#define KIND  "67191ec803fc4042990d75408bcd2233"
#define OTHER "6c1987fc5f26436291c8922a533f8b55"
#define T0_NS (1000 * VTAP_NS_PER_S)

static struct vtap_flood flood;

static int setup(void **state)
{
	(void)state;
	flood = (struct vtap_flood){ 0 };
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(flood.lane); i++)
		free(flood.lane[i].held);
	return 0;
}

/* Return: was it told? If not, its text is what is held. */
static bool tell_as(enum vtap_flood_rank rank, const char *kind, const char *subject,
	uint64_t now_ns, const char *text)
{
	struct vtap_flood_lane *lane = vtap_flood_hold(&flood, kind, subject, rank, now_ns);

	if (lane == NULL)
		return true;
	free(lane->held);
	lane->held = strdup(text);
	return false;
}

static bool tell(const char *kind, const char *subject, uint64_t now_ns, const char *text)
{
	return tell_as(VTAP_FLOOD_ORDINARY, kind, subject, now_ns, text);
}

static unsigned tell_many(const char *kind, const char *subject, uint64_t now_ns, unsigned n)
{
	unsigned n_told = 0;

	for (unsigned i = 0; i < n; i++)
		n_told += tell(kind, subject, now_ns + i, i + 1 < n ? "former" : "last");
	return n_told;
}

static void assert_next(bool is_all, uint64_t now_ns, const char *text, unsigned n)
{
	struct vtap_flood_late late = { .n = 0 };
	_auto_free char *held = vtap_flood_next(&flood, is_all, now_ns, &late);

	assert_non_null(held);
	assert_string_equal(held, text);
	assert_int_equal(late.n, n);
	assert_false(late.is_rest);
}

static void assert_no_next(uint64_t now_ns)
{
	struct vtap_flood_late late;

	assert_null(vtap_flood_next(&flood, false, now_ns, &late));
}

/* One entry about each of n subjects. Return: how many were told. */
static unsigned tell_each(const char *kind, uint64_t now_ns, unsigned n)
{
	unsigned n_told = 0;
	char subject[16];

	for (unsigned i = 0; i < n; i++) {
		(void)snprintf(subject, sizeof(subject), "s%u", i); /* fits */
		n_told += tell(kind, subject, now_ns, subject);
	}
	return n_told;
}

/* What is over by now. Return: how many entries, and *ret_rest: those that are only counted. */
static unsigned drain_all(uint64_t now_ns, unsigned *ret_rest)
{
	struct vtap_flood_late late;
	unsigned n = 0;

	*ret_rest = 0;
	for (char *held; (held = vtap_flood_next(&flood, false, now_ns, &late)) != NULL;
		free(held)) {
		n += !late.is_rest;
		*ret_rest += late.is_rest ? late.n : 0;
	}
	return n;
}

static void test_entry_when_a_few_come_then_each_is_told(void **state)
{
	(void)state;
	assert_int_equal(tell_many(KIND, "web", T0_NS, VTAP_FLOOD_LANE_MAX), VTAP_FLOOD_LANE_MAX);
	assert_no_next(T0_NS + 2 * VTAP_FLOOD_WINDOW_NS);
}

static void test_entry_when_too_many_come_then_the_last_one_is_told_after_a_minute(void **state)
{
	const uint64_t over_ns = T0_NS + VTAP_FLOOD_WINDOW_NS;

	(void)state;
	assert_int_equal(tell_many(KIND, "web", T0_NS, 1000), VTAP_FLOOD_LANE_MAX);
	assert_no_next(over_ns - 1);
	assert_next(false, over_ns, "last", 1000 - VTAP_FLOOD_LANE_MAX);
	assert_no_next(over_ns);
}

static void test_entry_when_it_goes_on_then_fewer_are_told(void **state)
{
	const uint64_t over_ns = T0_NS + VTAP_FLOOD_WINDOW_NS;

	(void)state;
	(void)tell_many(KIND, "web", T0_NS, 1000);
	assert_next(false, over_ns, "last", 1000 - VTAP_FLOOD_LANE_MAX);
	assert_int_equal(tell_many(KIND, "web", over_ns + 1, 1000), VTAP_FLOOD_LANE_AGAIN - 1);
	assert_next(
		false, over_ns + VTAP_FLOOD_WINDOW_NS, "last", 1000 - VTAP_FLOOD_LANE_AGAIN + 1);
}

static void test_entry_when_a_quiet_minute_has_passed_then_all_are_told_again(void **state)
{
	const uint64_t over_ns = T0_NS + VTAP_FLOOD_WINDOW_NS;

	(void)state;
	(void)tell_many(KIND, "web", T0_NS, 1000);
	assert_next(false, over_ns, "last", 1000 - VTAP_FLOOD_LANE_MAX);
	assert_int_equal(
		tell_many(KIND, "web", over_ns + VTAP_FLOOD_WINDOW_NS, 1000), VTAP_FLOOD_LANE_MAX);
}

static void test_entry_when_it_is_about_another_or_of_another_kind_then_it_does_not_wait(
	void **state)
{
	(void)state;
	(void)tell_many(KIND, "web", T0_NS, 1000);
	assert_true(tell(KIND, "db", T0_NS, "db"));
	assert_true(tell(OTHER, "web", T0_NS, "other"));
}

static void test_entry_when_very_many_are_of_one_kind_then_each_subject_has_its_last_one_held(
	void **state)
{
	unsigned n_rest;

	(void)state;
	assert_int_equal(tell_each(KIND, T0_NS, 200), VTAP_FLOOD_KIND_MAX);
	assert_int_equal(
		drain_all(T0_NS + VTAP_FLOOD_WINDOW_NS, &n_rest), 200 - VTAP_FLOOD_KIND_MAX);
	assert_int_equal(n_rest, 0);
}

static void test_entry_when_no_lane_is_left_then_it_is_counted_and_none_of_others_is_lost(
	void **state)
{
	const uint64_t over_ns = T0_NS + VTAP_FLOOD_WINDOW_NS;
	unsigned n_rest;

	(void)state;
	(void)tell_many(OTHER, "web", T0_NS, 20);
	(void)tell_each(KIND, T0_NS + SECOND, 2000);
	assert_next(false, over_ns, "last", 20 - VTAP_FLOOD_LANE_MAX);
	assert_int_equal(
		drain_all(over_ns + SECOND, &n_rest), VTAP_FLOOD_LANES - 1 - VTAP_FLOOD_KIND_MAX);
	assert_int_equal(n_rest, 2000 - (VTAP_FLOOD_LANES - 1));
}

static void test_entry_when_no_lane_is_left_then_those_of_other_kinds_are_told(void **state)
{
	(void)state;
	(void)tell_each(KIND, T0_NS, 2000);
	assert_true(tell(OTHER, "db", T0_NS, "db"));
	assert_int_equal(tell_each(OTHER, T0_NS, 200), VTAP_FLOOD_KIND_MAX - 1);
}

static void test_entry_when_it_is_urgent_then_it_does_not_wait_for_its_kind(void **state)
{
	unsigned n_told = 0;

	(void)state;
	(void)tell_each(KIND, T0_NS, 200);
	for (int i = 0; i < 20; i++)
		n_told += tell_as(VTAP_FLOOD_URGENT, KIND, "web", T0_NS, "web");
	assert_int_equal(n_told, VTAP_FLOOD_LANE_MAX);
}

static void test_entry_when_it_was_asked_for_then_it_is_told_and_counts_for_nothing(void **state)
{
	(void)state;
	for (int i = 0; i < 200; i++)
		assert_true(tell_as(VTAP_FLOOD_ASKED_FOR, KIND, "", T0_NS, "drain"));
	assert_int_equal(tell_many(KIND, "", T0_NS, 20), VTAP_FLOOD_LANE_MAX);
	(void)tell_each(KIND, T0_NS, 2000);
	assert_true(tell_as(VTAP_FLOOD_ASKED_FOR, KIND, "new", T0_NS, "drain"));
}

static void test_entry_when_a_later_one_is_told_then_the_one_held_before_it_is_not(void **state)
{
	const uint64_t over_ns = T0_NS + 2 * VTAP_FLOOD_WINDOW_NS;
	unsigned n_rest;

	(void)state;
	(void)tell_many(KIND, "web", T0_NS, 20);
	assert_true(tell_as(VTAP_FLOOD_ASKED_FOR, KIND, "web", T0_NS, "drain"));
	assert_no_next(over_ns);
	(void)tell_each(KIND, over_ns, 200);
	assert_true(tell_as(VTAP_FLOOD_URGENT, KIND, "s150", over_ns, "waiting"));
	assert_int_equal(
		drain_all(over_ns + VTAP_FLOOD_WINDOW_NS, &n_rest), 200 - VTAP_FLOOD_KIND_MAX - 1);
}

static void test_entry_when_the_clock_was_read_before_it_then_it_is_still_held(void **state)
{
	(void)state;
	(void)tell_many(KIND, "web", T0_NS + VTAP_NS_PER_MS, 20);
	assert_no_next(T0_NS);
	assert_false(tell(KIND, "web", T0_NS, "last"));
	assert_int_equal(tell_each(KIND, T0_NS, 200), VTAP_FLOOD_KIND_MAX - VTAP_FLOOD_LANE_MAX);
}

static void test_entry_when_there_are_more_subjects_than_lanes_then_it_is_still_bounded(
	void **state)
{
	char subject[16];
	unsigned n_told = 0;

	(void)state;
	for (unsigned i = 0; i < 50000; i++) {
		(void)snprintf(subject, sizeof(subject), "s%u", i % 5000); /* fits */
		n_told += tell(KIND, subject, T0_NS + i, subject);
	}
	assert_int_equal(n_told, VTAP_FLOOD_KIND_MAX);
}

static void test_entry_when_the_program_ends_then_what_is_held_is_told(void **state)
{
	(void)state;
	(void)tell_many(KIND, "web", T0_NS, 20);
	assert_no_next(T0_NS + 1);
	assert_next(true, T0_NS + 1, "last", 20 - VTAP_FLOOD_LANE_MAX);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_entry_when_a_few_come_then_each_is_told),
		TEST(test_entry_when_too_many_come_then_the_last_one_is_told_after_a_minute),
		TEST(test_entry_when_it_goes_on_then_fewer_are_told),
		TEST(test_entry_when_a_quiet_minute_has_passed_then_all_are_told_again),
		TEST(test_entry_when_it_is_about_another_or_of_another_kind_then_it_does_not_wait),
		TEST(test_entry_when_very_many_are_of_one_kind_then_each_subject_has_its_last_one_held),
		TEST(test_entry_when_no_lane_is_left_then_it_is_counted_and_none_of_others_is_lost),
		TEST(test_entry_when_no_lane_is_left_then_those_of_other_kinds_are_told),
		TEST(test_entry_when_it_is_urgent_then_it_does_not_wait_for_its_kind),
		TEST(test_entry_when_it_was_asked_for_then_it_is_told_and_counts_for_nothing),
		TEST(test_entry_when_a_later_one_is_told_then_the_one_held_before_it_is_not),
		TEST(test_entry_when_the_clock_was_read_before_it_then_it_is_still_held),
		TEST(test_entry_when_there_are_more_subjects_than_lanes_then_it_is_still_bounded),
		TEST(test_entry_when_the_program_ends_then_what_is_held_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
