// SPDX-License-Identifier: Apache-2.0
/*
 * Law: a conversation is called one-way when one end goes on and nothing comes from the other; an
 * interface when most of enough conversations are, twice in a row, however long that takes to
 * gather; the first round that is otherwise ends it, and what is old says nothing.
 */
#include "tests/unit/cmocka_with.h"

#include <string.h>

#include "base/clock.h"
#include "daemon/one_way.h"

#define T0_NS     (1000 * VTAP_NS_PER_S)
#define MINUTE_NS (60 * VTAP_NS_PER_S)
#define TAP       7 /* an interface */
#define OTHER     3

static const struct vtap_fast_talk BOTH = { { { 5, 5, 5, 0, 1 }, { 3, 3, 0, 2, 1 } } };
static const struct vtap_fast_talk ONE = { { { 5, 5, 5, 0, 1 }, { 0 } } };
static const struct vtap_fast_talk NOTHING = { { { 1, 0, 0, 0, 0 }, { 0 } } };

static struct vtap_device device[2] = { { .index = OTHER }, { .index = TAP } };
static const struct vtap_devices DEVICES = { .device = device, .n = 2 };
static const struct vtap_devices NO_DEVICES = { .n = 0 };

/** struct scene - the daemon's, and the time */
struct scene {
	struct vtap_one_way one_way;
	uint64_t now_ns;
};

static int scene_setup(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	if (scene == NULL)
		return -1;
	scene->now_ns = T0_NS;
	*state = scene;
	return 0;
}

static int scene_teardown(void **state)
{
	struct scene *scene = *state;

	vtap_one_way_done(&scene->one_way);
	free(scene);
	return 0;
}

/* A window on an interface, a minute after the last one. */
static void window_on(struct scene *scene, int index, unsigned n_both, unsigned n_one)
{
	scene->now_ns += MINUTE_NS;
	scene->one_way.n_talks = 0;
	for (unsigned i = 0; i < n_both; i++)
		vtap_one_way_note(&scene->one_way, index, &BOTH, scene->now_ns);
	for (unsigned i = 0; i < n_one; i++)
		vtap_one_way_note(&scene->one_way, index, &ONE, scene->now_ns);
	vtap_one_way_settle(&scene->one_way, &DEVICES, scene->now_ns);
}

static void window(struct scene *scene, unsigned n_both, unsigned n_one)
{
	window_on(scene, TAP, n_both, n_one);
}

static struct vtap_report_one_way report(const struct scene *scene)
{
	return vtap_one_way_report(&scene->one_way, TAP);
}

/* ---- a conversation ---- */

static void test_conversation_when_judged_then_by_what_both_ends_say(void **state)
{
	static const struct {
		const char *what;
		struct vtap_fast_talk talk;
		enum vtap_talk_verdict wanted;
	} rows[] = {
		{ "nothing", { { { 0 }, { 0 } } }, VTAP_TALK_SAYS_NOTHING },
		{ "a scan: SYN and no answer", { { { 3, 0, 0, 0, 0 }, { 0 } } },
			VTAP_TALK_SAYS_NOTHING },
		{ "a scan that is reset", { { { 1, 0, 0, 0, 0 }, { 1, 0, 0, 0, 0 } } },
			VTAP_TALK_SAYS_NOTHING },
		{ "two segments of data", { { { 2, 2, 2, 0, 1 }, { 0 } } },
			VTAP_TALK_SAYS_NOTHING },
		{ "three that repeat one number", { { { 3, 3, 0, 0, 1 }, { 0 } } },
			VTAP_TALK_SAYS_NOTHING },
		{ "data, and no answer", { { { 3, 3, 1, 0, 1 }, { 0 } } }, VTAP_TALK_IS_ONE_WAY },
		{ "the same from the other end", { { { 0 }, { 3, 3, 1, 0, 1 } } },
			VTAP_TALK_IS_ONE_WAY },
		{ "acknowledged is what nobody saw", { { { 9, 9, 0, 1, 1 }, { 0 } } },
			VTAP_TALK_IS_ONE_WAY },
		{ "one answer", { { { 90, 90, 90, 0, 1 }, { 1, 0, 0, 0, 0 } } },
			VTAP_TALK_IS_BOTH_WAYS },
		{ "an answer that proves something", { { { 3, 3, 1, 0, 1 }, { 3, 3, 0, 2, 1 } } },
			VTAP_TALK_IS_BOTH_WAYS },
	};

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(rows); i++) {
		print_message("%s\n", rows[i].what);
		assert_row(vtap_talk_judge(&rows[i].talk) == rows[i].wanted, i);
	}
}

/* ---- rounds ---- */

static void test_interface_when_nothing_can_be_judged_then_nothing_is_known(void **state)
{
	struct scene *scene = *state;

	vtap_one_way_note(&scene->one_way, TAP, &NOTHING, scene->now_ns);
	window(scene, 0, 0);
	assert_false(report(scene).is_sampled);
	window(scene, 19, 0);
	assert_false(report(scene).is_sampled);
	assert_int_equal(report(scene).n_flows, 0);
}

static void test_interface_when_both_ways_then_it_is_not(void **state)
{
	struct scene *scene = *state;

	window(scene, 10, 10); /* a half is not most */
	window(scene, 10, 10);
	window(scene, 10, 10);
	assert_true(report(scene).is_sampled && !report(scene).is_one_way);
	assert_int_equal(report(scene).n_flows, 20);
	assert_int_equal(report(scene).n_one_way, 10);
	assert_int_equal(report(scene).sampled_mono_ns, scene->now_ns);
}

static void test_interface_when_most_is_one_way_twice_in_a_row_then_it_is(void **state)
{
	struct scene *scene = *state;

	window(scene, 10, 11);
	assert_true(report(scene).is_sampled && !report(scene).is_one_way);
	window(scene, 11, 10);
	window(scene, 10, 11);
	assert_false(report(scene).is_one_way);
	window(scene, 100, 312);
	assert_true(report(scene).is_one_way);
	assert_int_equal(report(scene).n_flows, 412);
	assert_int_equal(report(scene).n_one_way, 312);
}

static void test_interface_when_it_was_one_way_then_the_first_other_round_ends_it(void **state)
{
	struct scene *scene = *state;

	window(scene, 0, 20);
	window(scene, 0, 20);
	assert_true(report(scene).is_one_way);
	window(scene, 19, 0); /* not enough to say anything */
	assert_true(report(scene).is_one_way);
	window(scene, 1, 0);
	assert_false(report(scene).is_one_way);
}

static void test_interface_when_it_says_little_then_rounds_take_as_long_as_they_take(void **state)
{
	struct scene *scene = *state;

	for (unsigned i = 1; i < 20; i++) {
		window(scene, 0, 2);
		assert_row(!report(scene).is_one_way, i);
	}
	window(scene, 0, 2);
	assert_true(report(scene).is_one_way);
}

static void test_interfaces_when_several_then_each_is_judged_alone(void **state)
{
	struct scene *scene = *state;

	window(scene, 20, 0);
	window_on(scene, OTHER, 0, 20);
	window_on(scene, OTHER, 0, 20);
	assert_false(report(scene).is_one_way);
	assert_true(vtap_one_way_report(&scene->one_way, OTHER).is_one_way);
	assert_false(vtap_one_way_report(&scene->one_way, OTHER + 1).is_sampled);
}

/* ---- forgetting ---- */

static void test_interface_when_silent_for_an_hour_then_what_was_known_is_forgotten(void **state)
{
	struct scene *scene = *state;

	window(scene, 0, 20);
	window(scene, 0, 20);
	for (unsigned i = 0; i < 60; i++)
		window(scene, 0, 0);
	assert_true(report(scene).is_one_way);
	window(scene, 0, 0);
	assert_false(report(scene).is_sampled);
	window(scene, 0, 20);
	assert_false(report(scene).is_one_way);
}

static void test_round_when_begun_more_than_an_hour_ago_then_it_begins_anew(void **state)
{
	struct scene *scene = *state;

	window(scene, 0, 19);
	for (unsigned i = 0; i < 61; i++)
		window(scene, 0, 0);
	window(scene, 0, 1);
	assert_false(report(scene).is_sampled);
	window(scene, 0, 19);
	assert_true(report(scene).is_sampled);
}

static void test_interface_when_it_is_gone_then_it_is_forgotten(void **state)
{
	struct scene *scene = *state;

	window(scene, 20, 0);
	assert_true(report(scene).is_sampled);
	vtap_one_way_settle(&scene->one_way, &NO_DEVICES, scene->now_ns);
	assert_false(report(scene).is_sampled);
	assert_int_equal(scene->one_way.n, 0);
}

/* ---- when the next window is due, and how much it notes ---- */

/* Seconds until it. */
static unsigned pause_s(const struct scene *scene)
{
	return scene->one_way.next_ns > scene->now_ns
		       ? (unsigned)((scene->one_way.next_ns - scene->now_ns) / VTAP_NS_PER_S)
		       : 0;
}

static void test_pause_when_all_is_known_then_a_minute_more_or_less(void **state)
{
	struct scene *scene = *state;
	unsigned least = UINT32_MAX, most = 0;

	for (unsigned i = 0; i < 200; i++) {
		window(scene, 20, 0);
		least = pause_s(scene) < least ? pause_s(scene) : least;
		most = pause_s(scene) > most ? pause_s(scene) : most;
	}
	assert_in_range(least, 48, 52);
	assert_in_range(most, 68, 72);
}

static void test_pause_when_a_round_is_awaited_then_none_for_a_few_times(void **state)
{
	struct scene *scene = *state;
	unsigned n = 0;

	window(scene, 20, 0);
	assert_true(pause_s(scene) > 0);
	window(scene, 0, 20); /* is it so? */
	assert_int_equal(pause_s(scene), 0);
	window(scene, 0, 20);
	assert_true(pause_s(scene) > 0);
	window_on(scene, OTHER, 0, 1); /* it takes long to gather what it says */
	while (pause_s(scene) == 0 && n++ < 100)
		window(scene, 0, 0);
	assert_in_range(n, 8, 10);
	window(scene, 0, 0); /* from then on every other time */
	assert_int_equal(pause_s(scene), 0);
	window(scene, 0, 0);
	assert_true(pause_s(scene) > 0);
}

static void test_pause_when_somebody_asks_then_none_while_he_does(void **state)
{
	struct scene *scene = *state;

	window(scene, 20, 0);
	vtap_one_way_ask(&scene->one_way, scene->now_ns);
	assert_int_equal(pause_s(scene), 0);
	vtap_one_way_ask(&scene->one_way, scene->now_ns + MINUTE_NS);
	window(scene, 20, 0);
	assert_int_equal(pause_s(scene), 0);
	window(scene, 20, 0); /* a minute later */
	assert_true(pause_s(scene) > 0);
}

static unsigned bits_after(struct scene *scene, size_t n_talks)
{
	scene->one_way.n_talks = n_talks;
	vtap_one_way_settle(&scene->one_way, &DEVICES, scene->now_ns);
	return scene->one_way.n_bits;
}

static void test_share_when_more_are_noted_than_needed_then_a_smaller_one(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(bits_after(scene, 0), 0);
	assert_int_equal(bits_after(scene, VTAP_FAST_TALKS_MAX / 2 + 1), 1);
	assert_int_equal(bits_after(scene, VTAP_FAST_TALKS_MAX / 2), 1);
	assert_int_equal(bits_after(scene, VTAP_FAST_TALKS_MAX), 4); /* nobody knows how many */
	assert_int_equal(bits_after(scene, VTAP_FAST_TALKS_MAX / 8 - 1), 3);
	for (unsigned i = 0; i < 20; i++)
		(void)bits_after(scene, VTAP_FAST_TALKS_MAX);
	assert_int_equal(bits_after(scene, VTAP_FAST_TALKS_MAX), 16);
}

#define test_in_scene(test) cmocka_unit_test_setup_teardown(test, scene_setup, scene_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conversation_when_judged_then_by_what_both_ends_say),
		test_in_scene(test_interface_when_nothing_can_be_judged_then_nothing_is_known),
		test_in_scene(test_interface_when_both_ways_then_it_is_not),
		test_in_scene(test_interface_when_most_is_one_way_twice_in_a_row_then_it_is),
		test_in_scene(
			test_interface_when_it_was_one_way_then_the_first_other_round_ends_it),
		test_in_scene(
			test_interface_when_it_says_little_then_rounds_take_as_long_as_they_take),
		test_in_scene(test_interfaces_when_several_then_each_is_judged_alone),
		test_in_scene(
			test_interface_when_silent_for_an_hour_then_what_was_known_is_forgotten),
		test_in_scene(test_round_when_begun_more_than_an_hour_ago_then_it_begins_anew),
		test_in_scene(test_interface_when_it_is_gone_then_it_is_forgotten),
		test_in_scene(test_pause_when_all_is_known_then_a_minute_more_or_less),
		test_in_scene(test_pause_when_a_round_is_awaited_then_none_for_a_few_times),
		test_in_scene(test_pause_when_somebody_asks_then_none_while_he_does),
		test_in_scene(test_share_when_more_are_noted_than_needed_then_a_smaller_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
