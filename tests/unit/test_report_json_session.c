// SPDX-License-Identifier: Apache-2.0
/*
 * Law: what a session's object says of its frames and of its readers is what was counted; what is
 * not known is null or an empty list, never 0.
 */
#include "tests/unit/test_report_json.h"

#include <stdlib.h>
#include <time.h>

static void assert_session(const struct json_scene *scene, const char *key, const char *value)
{
	json_t *tree = tree_of(vtap_json_status(&scene->snapshot, &NONE));

	assert_json(
		json_object_get(json_array_get(json_object_get(tree, "sessions"), 0), key), value);
	json_decref(tree);
}

static void assert_degraded_by(
	const struct json_scene *scene, const struct vtap_finding *finding, const char *wanted)
{
	struct vtap_finding copy = *finding;
	const struct vtap_findings findings = { .finding = &copy, .n = 1 };
	json_t *tree = tree_of(vtap_json_status(&scene->snapshot, &findings));

	assert_json(json_object_get(tree, "degraded_by"), wanted);
	json_decref(tree);
}

static void test_status_when_somebody_is_called_for_then_why_if_no_state_tells_it(void **state)
{
	static const struct vtap_finding down = { .condition = VTAP_CONDITION_UNDERLAY_DOWN,
		.subject = { VTAP_SUBJECT_INTERFACE, "eth0" },
		.sentence = "eth0 is down: no packet comes in there" };
	static const struct vtap_finding taken = { .condition = VTAP_CONDITION_PORT_TAKEN,
		.sentence = "health checks are not answered: TCP port 4789 is taken" };
	static const struct vtap_finding missing = { .condition = VTAP_CONDITION_UNDERLAY_MISSING,
		.subject = { VTAP_SUBJECT_TARGET, "default" },
		.sentence = "target default: eth1 is not there" };
	static const struct vtap_finding ticket = { .condition = VTAP_CONDITION_UNKNOWN_VNI };
	static const struct vtap_finding none = { .condition = VTAP_CONDITION_NO_SESSIONS };
	struct json_scene scene;

	(void)state;
	json_scene_init(&scene);
	assert_degraded_by(
		&scene, &down, "[{'id':'underlay-down','subject':'eth0','words':'eth0 is down'}]");
	assert_degraded_by(&scene, &taken,
		"[{'id':'port-taken','subject':null,"
		"'words':'health checks are not answered: TCP port 4789 is taken'}]");
	assert_degraded_by(&scene, &missing,
		"[{'id':'underlay-missing','subject':'default',"
		"'words':'target default: eth1 is not there'}]");
	scene.report_target.state.state = "waiting";
	assert_degraded_by(&scene, &missing, "[]");
	assert_degraded_by(&scene, &none, "[]");
	assert_degraded_by(&scene, &ticket, "[]");
}

static void test_session_when_it_had_frames_then_their_average_size(void **state)
{
	struct json_scene scene;

	(void)state;
	json_scene_init(&scene);
	assert_session(&scene, "average_frame_bytes", "null");
	scene.report_session.verdicts[VTAP_VERDICT_DELIVERED] = 3;
	scene.report_session.bytes = 2500;
	assert_session(&scene, "average_frame_bytes", "833");
}

static void test_session_when_frames_came_cut_short_then_how_many_of_late(void **state)
{
	struct json_scene scene;

	(void)state;
	json_scene_init(&scene);
	assert_session(&scene, "truncated_recent", "null");
	scene.report_session.truncated_trend =
		(struct vtap_report_trend){ .is_known = true, .total = 9, .recent = 2 };
	assert_session(&scene, "truncated_recent", "2");
}

static void test_session_when_its_readers_have_names_then_a_list(void **state)
{
	char one[] = "suricata", more[] = "suricata, tmux: server";
	struct json_scene scene;

	(void)state;
	json_scene_init(&scene);
	assert_session(&scene, "sensor_names", "[]");
	scene.report_session.sensors = one;
	assert_session(&scene, "sensor_names", "['suricata']");
	scene.report_session.sensors = more;
	assert_session(&scene, "sensor_names", "['suricata','tmux: server']");
}

static struct vtap_finding finding_of(enum vtap_condition condition, struct vtap_subject subject)
{
	struct vtap_finding finding = { .condition = condition, .subject = subject };

	(void)snprintf(finding.sentence, sizeof(finding.sentence), "sentence");
	(void)snprintf(finding.remedy, sizeof(finding.remedy), "remedy");
	return finding;
}

static void test_show_when_conditions_hold_then_those_of_the_session_and_its_target(void **state)
{
	struct vtap_finding finding[] = {
		finding_of(VTAP_CONDITION_NO_SENSOR, vtap_subject_session("web")),
		finding_of(VTAP_CONDITION_NO_SENSOR, vtap_subject_session("db")),
		finding_of(VTAP_CONDITION_CONFIG_REJECTED, vtap_subject_host()),
		finding_of(VTAP_CONDITION_ALLOW_ANY, vtap_subject_target("default")),
		finding_of(VTAP_CONDITION_ALLOW_ANY,
			vtap_subject_target("east")), /* information: not counted */
		finding_of(VTAP_CONDITION_UNKNOWN_VNI, vtap_subject_target("default")),
		finding_of(VTAP_CONDITION_UNKNOWN_SOURCE, vtap_subject_target("default")),
	};
	const struct vtap_findings findings = { .finding = finding, .n = VTAP_ARRAY_LEN(finding) };
	const struct vtap_report_vnis none = { 0 };
	struct json_scene scene;
	json_t *tree;

	(void)state;
	json_scene_init(&scene);
	tree = tree_of(vtap_json_show(&scene.snapshot, &scene.report_session, &none, &findings));
	assert_json(json_object_get(tree, "findings"),
		"[{'id':'no-sensor','severity':'ticket','breaks_health':false,'subject':'web',"
		"'subject_kind':'session','since':null,'sentence':'sentence','remedy':'remedy'},"
		"{'id':'allow-any','severity':'info','breaks_health':false,'subject':'default',"
		"'subject_kind':'target','since':null,'sentence':'sentence','remedy':'remedy'}]");
	assert_json(json_object_get(tree, "other_findings"), "4");
	json_decref(tree);
	memcpy(finding[6].concerned, "web", sizeof("web"));
	tree = tree_of(vtap_json_show(&scene.snapshot, &scene.report_session, &none, &findings));
	assert_int_equal(json_array_size(json_object_get(tree, "findings")), 3);
	assert_json(json_object_get(tree, "other_findings"), "3");
	assert_json(json_object_get(json_object_get(tree, "target"), "name"), "'default'");
	json_decref(tree);
}

static void test_show_when_a_target_is_called_like_the_session_then_only_what_is_its_own(
	void **state)
{
	struct vtap_finding finding[] = {
		finding_of(VTAP_CONDITION_NO_SENSOR, vtap_subject_session("web")),
		finding_of(VTAP_CONDITION_SOCKET_DROPS, vtap_subject_target("web")),
		finding_of(VTAP_CONDITION_UNDERLAY_DOWN, vtap_subject_interface("web")),
		finding_of(VTAP_CONDITION_NO_SENSOR, vtap_subject_session("default")),
	};
	const struct vtap_findings findings = { .finding = finding, .n = VTAP_ARRAY_LEN(finding) };
	const struct vtap_report_vnis none = { 0 };
	struct json_scene scene;
	json_t *tree;

	(void)state;
	json_scene_init(&scene);
	tree = tree_of(vtap_json_show(&scene.snapshot, &scene.report_session, &none, &findings));
	assert_int_equal(json_array_size(json_object_get(tree, "findings")), 1);
	assert_json(json_object_get(tree, "other_findings"), "3");
	json_decref(tree);
}

static void assert_daemon(const struct json_scene *scene, const char *key, const char *value)
{
	json_t *tree = tree_of(vtap_json_status(&scene->snapshot, &NONE));

	assert_json(json_object_get(json_object_get(tree, "daemon"), key), value);
	json_decref(tree);
}

static void test_daemon_when_asked_then_its_clock_and_when_checks_follow(void **state)
{
	struct json_scene scene;

	(void)state;
	json_scene_init(&scene);
	assert_daemon(&scene, "now", "'2026-11-20T10:05:00.000000000Z'");
	scene.snapshot.checks_follow_in_ns = VTAP_REPORT_NEVER;
	assert_daemon(&scene, "checks_follow_in_ns", "null");
	scene.snapshot.checks_follow_in_ns = 8 * VTAP_NS_PER_S;
	assert_daemon(&scene, "checks_follow_in_ns", "8000000000");
}

/* Sentences have times of the host's own clock in them: who is elsewhere can tell which that is. */
static void test_daemon_when_asked_then_how_far_its_clock_is_from_utc(void **state)
{
	static const struct {
		const char *zone, *offset_s;
	} table[] = { { "NST3:30", "-12600" }, { "JST-9", "32400" }, { "UTC", "0" } };
	struct json_scene scene;

	(void)state;
	json_scene_init(&scene);
	for (size_t i = 0; i < VTAP_ARRAY_LEN(table); i++) {
		assert_int_equal(setenv("TZ", table[i].zone, 1), 0);
		tzset();
		assert_daemon(&scene, "utc_offset_s", table[i].offset_s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_status_when_somebody_is_called_for_then_why_if_no_state_tells_it),
		cmocka_unit_test(test_session_when_it_had_frames_then_their_average_size),
		cmocka_unit_test(test_session_when_frames_came_cut_short_then_how_many_of_late),
		cmocka_unit_test(test_session_when_its_readers_have_names_then_a_list),
		cmocka_unit_test(
			test_show_when_conditions_hold_then_those_of_the_session_and_its_target),
		cmocka_unit_test(
			test_show_when_a_target_is_called_like_the_session_then_only_what_is_its_own),
		cmocka_unit_test(test_daemon_when_asked_then_its_clock_and_when_checks_follow),
		cmocka_unit_test(test_daemon_when_asked_then_how_far_its_clock_is_from_utc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
