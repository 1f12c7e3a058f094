// SPDX-License-Identifier: Apache-2.0
/*
 * Law: a session of the same name goes on counting over reloads, whatever its place in the files; a
 * name that comes back after it was gone is somebody else, with an id of its own.
 */
#include "tests/unit/cmocka_with.h"

#include <string.h>

#include "base/clock.h"
#include "daemon/runs.h"

/* "a b c": sessions of these names */
static const struct vtap_conf *conf_of(const char *names)
{
	struct vtap_conf *conf = vtap_conf_new();
	_auto_free char *text = strdup(names);
	char *rest;

	assert_true(conf != NULL && text != NULL);
	conf->sessions = calloc(8, sizeof(*conf->sessions));
	assert_non_null(conf->sessions);
	for (char *name = strtok_r(text, " ", &rest); name != NULL;
		name = strtok_r(NULL, " ", &rest))
		strcpy(conf->sessions[conf->n_sessions++].name, name);
	return conf;
}

/* A reload: the runs before are gone, their tallies live on in the new ones. */
static void follow(struct vtap_runs *runs, const char *names)
{
	_auto(conf) const struct vtap_conf *conf = conf_of(names);
	struct vtap_runs next = { 0 };

	assert_int_equal(vtap_runs_follow(runs, conf, &next), 0);
	vtap_runs_done(runs);
	*runs = next;
	assert_int_equal(runs->n, conf->n_sessions);
	for (size_t i = 0; i < runs->n; i++)
		assert_string_equal(runs->run[i].name, conf->sessions[i].name);
}

static void deliver(struct vtap_run *run, uint64_t n_frames, uint64_t n_bytes)
{
	vtap_count(&run->tally->cell[0].delivered, n_frames);
	vtap_count(&run->tally->cell[0].bytes, n_bytes);
}

static uint64_t delivered(const struct vtap_run *run)
{
	struct vtap_session_totals totals;

	vtap_tally_read(run->tally, &totals);
	return totals.verdicts[VTAP_VERDICT_DELIVERED];
}

static void test_runs_when_the_order_changes_then_counts_follow_the_name(void **state)
{
	struct vtap_runs runs = { 0 };
	uint32_t id_web;

	(void)state;
	follow(&runs, "web db");
	id_web = runs.run[0].tally->id;
	assert_int_not_equal(id_web, 0);
	assert_int_not_equal(runs.run[1].tally->id, id_web);
	deliver(&runs.run[0], 5, 500);
	follow(&runs, "cache db web");
	assert_int_equal(delivered(&runs.run[2]), 5);
	assert_int_equal(runs.run[2].tally->id, id_web);
	assert_int_equal(delivered(&runs.run[0]), 0);
	vtap_runs_done(&runs);
	vtap_runs_done(&runs); /* may run twice */
}

static void test_runs_when_a_name_comes_back_then_it_is_somebody_else(void **state)
{
	struct vtap_runs runs = { 0 };
	uint32_t id;

	(void)state;
	follow(&runs, "web");
	id = runs.run[0].tally->id;
	deliver(&runs.run[0], 5, 500);
	follow(&runs, "");
	assert_int_equal(runs.n, 0);
	follow(&runs, "web");
	assert_int_not_equal(runs.run[0].tally->id, id);
	assert_int_equal(delivered(&runs.run[0]), 0);
	vtap_runs_done(&runs);
}

static void test_runs_when_a_reload_is_given_up_then_those_before_are_untouched(void **state)
{
	_auto(conf) const struct vtap_conf *conf = conf_of("db web");
	struct vtap_runs runs = { 0 }, next = { 0 };
	uint32_t id;

	(void)state;
	follow(&runs, "web");
	id = runs.run[0].tally->id;
	deliver(&runs.run[0], 5, 500);
	assert_int_equal(vtap_runs_follow(&runs, conf, &next), 0);
	vtap_runs_done(&next);
	assert_int_equal(runs.n, 1);
	assert_int_equal(runs.run[0].tally->id, id);
	assert_int_equal(delivered(&runs.run[0]), 5);
	vtap_runs_done(&runs);
}

static void assert_rates(const struct vtap_run *run, double frames, double bits)
{
	assert_int_equal((int64_t)(run->frames_per_second * 1000), (int64_t)(frames * 1000));
	assert_int_equal((int64_t)(run->bits_per_second * 1000), (int64_t)(bits * 1000));
}

static void test_runs_when_sampled_then_the_rate_between_two_samples(void **state)
{
	struct vtap_runs runs = { 0 };
	uint64_t now_ns = 50 * VTAP_NS_PER_S;

	(void)state;
	follow(&runs, "web");
	deliver(&runs.run[0], 1000, 1000);
	vtap_runs_sample(&runs, now_ns); /* the first: nothing to compare with */
	assert_rates(&runs.run[0], 0, 0);
	deliver(&runs.run[0], 10, 1000);
	vtap_runs_sample(&runs, now_ns += 2 * VTAP_NS_PER_S);
	assert_rates(&runs.run[0], 5, 4000);
	vtap_runs_sample(&runs, now_ns += VTAP_NS_PER_S);
	assert_rates(&runs.run[0], 0, 0);
	vtap_runs_sample(&runs, now_ns); /* at the same moment: no division by 0 */
	assert_rates(&runs.run[0], 0, 0);
	vtap_runs_done(&runs);
}

static void test_runs_when_sampled_out_of_turn_then_the_rate_stays_and_nothing_is_lost_of_the_next(
	void **state)
{
	struct vtap_runs runs = { 0 };
	uint64_t now_ns = 50 * VTAP_NS_PER_S;

	(void)state;
	follow(&runs, "web");
	vtap_runs_sample(&runs, now_ns);
	deliver(&runs.run[0], 100, 0);
	vtap_runs_sample(&runs, now_ns += VTAP_NS_PER_S);
	vtap_runs_sample(&runs, now_ns + VTAP_RATE_MIN_NS - 1); /* before anything was taken up */
	assert_rates(&runs.run[0], 100, 0);
	deliver(&runs.run[0], 100, 0);
	vtap_runs_sample(&runs, now_ns + VTAP_NS_PER_MS); /* behind all of it */
	assert_rates(&runs.run[0], 100, 0);
	vtap_runs_sample(&runs, now_ns + VTAP_NS_PER_S);
	assert_rates(&runs.run[0], 100, 0);
	vtap_runs_done(&runs);
}

static void test_runs_when_reloaded_between_samples_then_the_rate_goes_on(void **state)
{
	struct vtap_runs runs = { 0 };

	(void)state;
	follow(&runs, "web");
	vtap_runs_sample(&runs, VTAP_NS_PER_S);
	deliver(&runs.run[0], 10, 0);
	follow(&runs, "db web");
	deliver(&runs.run[1], 10, 0);
	vtap_runs_sample(&runs, 2 * VTAP_NS_PER_S);
	assert_rates(&runs.run[1], 20, 0);
	assert_rates(&runs.run[0], 0, 0);
	vtap_runs_done(&runs);
}

static void assert_lost(struct vtap_runs *runs, const char *wanted)
{
	_auto_free char *names = vtap_runs_tell_lost(runs);

	assert_string_equal(names, wanted);
}

static void test_runs_when_frames_are_lost_then_whose_they_were_is_told_once(void **state)
{
	struct vtap_runs runs = { 0 };

	(void)state;
	follow(&runs, "web db cache");
	assert_lost(&runs, "");
	vtap_count(&runs.run[0].tally->cell[VTAP_SLOT_FAST].lost, 2);
	vtap_count(&runs.run[2].tally->cell[VTAP_SLOT_FAST].lost, 1);
	assert_lost(&runs, "web, cache");
	follow(&runs, "cache web");
	vtap_count(&runs.run[1].tally->cell[VTAP_SLOT_FAST].lost, 1);
	assert_lost(&runs, "web");
	assert_lost(&runs, "");
	vtap_runs_done(&runs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_runs_when_the_order_changes_then_counts_follow_the_name),
		cmocka_unit_test(test_runs_when_a_name_comes_back_then_it_is_somebody_else),
		cmocka_unit_test(
			test_runs_when_a_reload_is_given_up_then_those_before_are_untouched),
		cmocka_unit_test(test_runs_when_frames_are_lost_then_whose_they_were_is_told_once),
		cmocka_unit_test(test_runs_when_sampled_then_the_rate_between_two_samples),
		cmocka_unit_test(
			test_runs_when_sampled_out_of_turn_then_the_rate_stays_and_nothing_is_lost_of_the_next),
		cmocka_unit_test(test_runs_when_reloaded_between_samples_then_the_rate_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
