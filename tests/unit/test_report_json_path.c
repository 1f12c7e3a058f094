// SPDX-License-Identifier: Apache-2.0
/*
 * Law: status and show tell for each target which path its packets take and, where that is not the
 * one that was asked for, why; whether the tap interfaces are guarded; and since when is counted.
 */
#include "tests/unit/test_report_json.h"

#define NO_DETOUR "'recent':null,'detour':null"

static void assert_path(const struct json_scene *scene, const char *path, const char *fastpath)
{
	json_t *tree = tree_of(vtap_json_status(&scene->snapshot, &NONE));
	const json_t *target = json_array_get(json_object_get(tree, "targets"), 0);

	assert_json(json_object_get(target, "path"), path);
	assert_json(json_object_get(target, "fastpath"), fastpath);
	json_decref(tree);
}

static void test_path_when_nothing_is_told_then_the_worker(void **state)
{
	struct json_scene scene;

	(void)state;
	json_scene_init(&scene);
	assert_path(&scene, "'worker'",
		"{'setting':'auto','attached':[],'reason':null,'idle':null,'bypassed_by':"
		"null," NO_DETOUR "}");
	scene.target.fastpath = VTAP_FASTPATH_OFF;
	assert_path(&scene, "'worker'",
		"{'setting':'off','attached':[],'reason':null,'idle':null,'bypassed_by':"
		"null," NO_DETOUR "}");
}

static void test_path_when_attached_then_the_fast_path_and_where(void **state)
{
	const char *underlays[] = { "ens5", "ens6" };
	struct json_scene scene;

	(void)state;
	json_scene_init(&scene);
	scene.report_target.is_fast = true;
	scene.report_target.fast_on = underlays;
	scene.report_target.n_fast_on = VTAP_ARRAY_LEN(underlays);
	assert_path(&scene, "'fast path'",
		"{'setting':'auto','attached':['ens5','ens6'],'reason':null,'idle':null,"
		"'bypassed_by':null," NO_DETOUR "}");
}

static void test_path_when_refused_idle_or_bypassed_then_why(void **state)
{
	const char *underlay = "ens5";
	struct json_scene scene;

	(void)state;
	json_scene_init(&scene);
	scene.target.fastpath = VTAP_FASTPATH_REQUIRE;
	scene.report_target.fast_off_why = "operation not permitted\x1b: needs CAP_BPF";
	assert_path(&scene, "'worker'",
		"{'setting':'require','attached':[],"
		"'reason':'operation not permitted?: needs CAP_BPF','idle':null,"
		"'bypassed_by':null," NO_DETOUR "}");
	scene.report_target.fast_off_why = NULL;
	scene.report_target.fast_idle_why = "no packet has arrived yet";
	assert_path(&scene, "'worker'",
		"{'setting':'require','attached':[],'reason':null,"
		"'idle':'no packet has arrived yet','bypassed_by':null," NO_DETOUR "}");
	scene.report_target.fast_idle_why = NULL;
	scene.report_target.bypassed_by = "filter pref 10 on ens5";
	scene.report_target.fast_on = &underlay;
	scene.report_target.n_fast_on = 1;
	assert_path(&scene, "'worker'",
		"{'setting':'require','attached':['ens5'],'reason':null,'idle':null,"
		"'bypassed_by':'filter pref 10 on ens5'," NO_DETOUR "}");
}

struct detour_row {
	uint64_t n_fast, n_worker;
	const char *recent, *detour;
};

#define REASONS                                                                                    \
	" went through the worker: an outer UDP checksum that nobody has verified, fragments, "    \
	"options (`man vtapd`, Two paths)'"

static void assert_detour(const struct json_scene *scene, const char *recent, const char *detour)
{
	json_t *tree = tree_of(vtap_json_status(&scene->snapshot, &NONE));
	const json_t *target = json_array_get(json_object_get(tree, "targets"), 0);
	const json_t *fastpath = json_object_get(target, "fastpath");

	assert_json(json_object_get(fastpath, "recent"), recent);
	assert_json(json_object_get(fastpath, "detour"), detour);
	json_decref(tree);
}

static void test_path_when_most_frames_take_the_other_one_then_said_with_numbers(void **state)
{
	static const struct detour_row table[] = {
		{ 0, 0, "{'fast_path':0,'worker':0}", "null" },
		{ 0, 19, "{'fast_path':0,'worker':19}", "null" },
		{ 0, 20, "{'fast_path':0,'worker':20}",
			"'20 of the last minute\\u0027s 20 frames" REASONS },
		{ 1000, 1000, "{'fast_path':1000,'worker':1000}", "null" },
		{ 1000, 1001, "{'fast_path':1000,'worker':1001}",
			"'1,001 of the last minute\\u0027s 2,001 frames" REASONS },
	};

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(table); i++) {
		struct json_scene scene;

		print_message("row %zu\n", i);
		json_scene_init(&scene);
		scene.report_target.is_fast = true;
		scene.report_target.paths.fast =
			(struct vtap_report_trend){ .is_known = true, .recent = table[i].n_fast };
		scene.report_target.paths.worker =
			(struct vtap_report_trend){ .is_known = true, .recent = table[i].n_worker };
		assert_detour(&scene, table[i].recent, table[i].detour);
		scene.report_target.fast_off_why = "refused on ens6"; /* which is told instead */
		assert_detour(&scene, table[i].recent, "null");
	}
}

struct guard_row {
	size_t n_tap_interfaces;
	size_t n_guarded;
	const char *why;
	const char *wanted;
};

static void test_guard_when_counted_then_on_off_or_partly_with_the_reason(void **state)
{
	static const struct guard_row table[] = {
		{ 0, 0, NULL, "['on',null]" },
		{ 0, 0, "refused", "['off','refused']" },
		{ 3, 3, NULL, "['on',null]" },
		{ 3, 2, "refused", "['partly','refused']" },
		{ 3, 0, "refused", "['off','refused']" },
		{ 1, 0, NULL, "['off',null]" },
	};

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(table); i++) {
		struct vtap_snapshot snapshot = snapshot_healthy();
		const json_t *daemon;
		json_t *tree, *found;

		snapshot.n_tap_interfaces = table[i].n_tap_interfaces;
		snapshot.n_guarded = table[i].n_guarded;
		snapshot.guard_off_why = table[i].why;
		tree = tree_of(vtap_json_status(&snapshot, &NONE));
		daemon = json_object_get(tree, "daemon");
		found = json_pack("[O, O]", json_object_get(daemon, "guard"),
			json_object_get(daemon, "guard_reason"));
		print_message("row %zu\n", i);
		assert_json(found, table[i].wanted);
		json_decref(found);
		json_decref(tree);
	}
}

static void test_counting_when_it_began_elsewhere_then_status_and_show_say_when(void **state)
{
	const struct vtap_report_vnis none = { 0 };
	struct json_scene scene;
	json_t *status, *show;

	(void)state;
	json_scene_init(&scene);
	status = tree_of(vtap_json_status(&scene.snapshot, &NONE));
	assert_json(json_object_get(json_object_get(status, "daemon"), "counting_since"),
		"'2026-11-20T10:03:20.000000000Z'"); /* the daemon's start */
	json_decref(status);

	scene.snapshot.counting_since_wall_ns = TEST_WALL_NS - 3600 * VTAP_NS_PER_S;
	status = tree_of(vtap_json_status(&scene.snapshot, &NONE));
	show = tree_of(vtap_json_show(&scene.snapshot, &scene.report_session, &none, &NONE));
	assert_json(json_object_get(json_object_get(status, "daemon"), "counting_since"),
		"'2026-11-20T09:05:00.000000000Z'");
	assert_json(json_object_get(show, "daemon"),
		"{'started':'2026-11-20T10:03:20.000000000Z',"
		"'counting_since':'2026-11-20T09:05:00.000000000Z'}");
	json_decref(status);
	json_decref(show);
}

static void test_show_when_asked_then_the_path_of_the_sessions_target(void **state)
{
	const struct vtap_report_vnis none = { 0 };
	struct json_scene scene;
	json_t *tree;

	(void)state;
	json_scene_init(&scene);
	tree = tree_of(vtap_json_show(&scene.snapshot, &scene.report_session, &none, &NONE));
	assert_json(json_object_get(json_object_get(tree, "session"), "path"), "'worker'");
	json_decref(tree);
	scene.report_target.is_fast = true;
	tree = tree_of(vtap_json_show(&scene.snapshot, &scene.report_session, &none, &NONE));
	assert_json(json_object_get(json_object_get(tree, "session"), "path"), "'fast path'");
	json_decref(tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_path_when_nothing_is_told_then_the_worker),
		cmocka_unit_test(test_path_when_attached_then_the_fast_path_and_where),
		cmocka_unit_test(test_path_when_refused_idle_or_bypassed_then_why),
		cmocka_unit_test(
			test_path_when_most_frames_take_the_other_one_then_said_with_numbers),
		cmocka_unit_test(test_guard_when_counted_then_on_off_or_partly_with_the_reason),
		cmocka_unit_test(
			test_counting_when_it_began_elsewhere_then_status_and_show_say_when),
		cmocka_unit_test(test_show_when_asked_then_the_path_of_the_sessions_target),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
