// SPDX-License-Identifier: Apache-2.0
/*
 * Law: a snapshot with strings of its own tells the same when those who lent it theirs are gone,
 * and so do findings that were copied.
 */
#include "tests/unit/test_report_json.h"

/** struct lender - who fills a snapshot: each string is in memory that he writes anew later */
struct lender {
	char text[20][16];
	size_t n;
};

static const char *lent(struct lender *lender)
{
	char *text = lender->text[lender->n++];

	assert_true(lender->n <= VTAP_ARRAY_LEN(lender->text));
	(void)snprintf(text, sizeof(lender->text[0]), "string %zu", lender->n); /* fits */
	return text;
}

static void state_lend(struct lender *lender, struct vtap_report_state *state)
{
	state->state = "waiting";
	state->reason = lent(lender);
	state->message = lent(lender);
}

/* Every string of a snapshot that is not the configuration's. */
static void scene_lend(struct json_scene *scene, struct lender *lender, const char *lists[5][1])
{
	struct vtap_snapshot *snapshot = &scene->snapshot;
	struct vtap_report_target *target = &scene->report_target;

	for (size_t i = 0; i < 5; i++)
		lists[i][0] = lent(lender);
	target->bound = lists[0];
	target->missing = lists[1];
	target->fast_on = lists[2];
	target->merging = lists[3];
	target->switched_off = lists[4];
	target->n_bound = target->n_missing = target->n_fast_on = 1;
	target->n_merging = target->n_switched_off = 1;
	target->fast_off_why = lent(lender);
	target->fast_idle_why = lent(lender);
	target->bypassed_by = lent(lender);
	target->merging_why = lent(lender);
	state_lend(lender, &target->state);
	state_lend(lender, &scene->report_session.state);
	snapshot->config_path = lent(lender);
	snapshot->guard_off_why = lent(lender);
	snapshot->one_way_off_why = lent(lender);
	snapshot->health_refused = lent(lender);
	snapshot->metrics_refused = lent(lender);
	snapshot->drain = (struct vtap_report_drain){ .is_draining = true, .reason = lent(lender) };
}

static void assert_tells(const struct vtap_snapshot *snapshot, const char *status)
{
	_auto_free char *now = vtap_json_status(snapshot, &NONE);

	assert_string_equal(now, status);
	for (size_t i = 0; i < strlen(now); i++)
		assert_true(now[i] != '!');
}

static void test_snapshot_when_it_has_strings_of_its_own_then_the_lender_may_go(void **state)
{
	struct json_scene scene;
	struct lender lender = { .n = 0 };
	const char *lists[5][1];
	_auto_free char *before = NULL;

	(void)state;
	json_scene_init(&scene);
	scene_lend(&scene, &lender, lists);
	before = vtap_json_status(&scene.snapshot, &NONE);
	assert_int_equal(vtap_snapshot_own(&scene.snapshot), 0);
	memset(lender.text, '!', sizeof(lender.text));
	assert_tells(&scene.snapshot, before);
	assert_string_equal(scene.snapshot.health_refused, "string 17");
	assert_string_equal(scene.snapshot.metrics_refused, "string 18");
	assert_string_equal(scene.snapshot.one_way_off_why, "string 16");
	free(scene.snapshot.strings);
}

static void test_snapshot_when_it_is_asked_for_its_own_strings_twice_then_they_are_the_same(
	void **state)
{
	struct json_scene scene;
	_auto_free char *before = NULL;

	(void)state;
	json_scene_init(&scene);
	before = vtap_json_status(&scene.snapshot, &NONE);
	for (int i = 0; i < 2; i++)
		assert_int_equal(vtap_snapshot_own(&scene.snapshot), 0);
	assert_tells(&scene.snapshot, before);
	free(scene.snapshot.strings);
}

static void test_findings_when_copied_then_the_former_ones_may_go(void **state)
{
	struct vtap_finding finding = { .condition = VTAP_CONDITION_SILENT,
		.subject = { VTAP_SUBJECT_SESSION, "web" } };
	struct vtap_findings findings = { .finding = &finding, .n = 1 }, copy;

	(void)state;
	assert_int_equal(vtap_findings_copy(&findings, &copy), 0);
	memset(&finding, 0, sizeof(finding));
	assert_int_equal(copy.n, 1);
	assert_string_equal(copy.finding[0].subject.name, "web");
	vtap_findings_done(&copy);
	assert_int_equal(vtap_findings_copy(&NONE, &copy), 0);
	assert_int_equal(copy.n, 0);
	vtap_findings_done(&copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_snapshot_when_it_has_strings_of_its_own_then_the_lender_may_go),
		cmocka_unit_test(
			test_snapshot_when_it_is_asked_for_its_own_strings_twice_then_they_are_the_same),
		cmocka_unit_test(test_findings_when_copied_then_the_former_ones_may_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
