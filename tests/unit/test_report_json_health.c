// SPDX-License-Identifier: Apache-2.0
/*
 * Law: doctor and /healthz have every condition of the register in its order and say of each
 * whether it holds; status, doctor, /healthz and drain agree; bytes from outside cannot break an
 * answer.
 */
#include "tests/unit/test_report_json.h"

#include "report/json_value.h"

static struct vtap_finding test_findings[] = {
	{ .condition = VTAP_CONDITION_INTERFACE_FOREIGN,
		.subject = { VTAP_SUBJECT_SESSION, "pay" },
		.sentence = "session pay cannot be shown",
		.remedy = "ip link del mirror-pay",
		.since_mono_ns = TEST_MONO_NS - 10 * VTAP_NS_PER_S },
	{ .condition = VTAP_CONDITION_SESSION_WAITING,
		.subject = { VTAP_SUBJECT_SESSION, "a" },
		.sentence = "session a cannot be shown",
		.remedy = "vtapctl show a",
		.breaks_health = true },
	{ .condition = VTAP_CONDITION_SESSION_WAITING,
		.subject = { VTAP_SUBJECT_SESSION, "b" },
		.sentence = "session b cannot be shown",
		.remedy = "vtapctl show b" },
	{ .condition = VTAP_CONDITION_ALLOW_ANY,
		.sentence = "any host can send",
		.remedy = "allow = PREFIX" },
};
static const struct vtap_findings FINDINGS = {
	.finding = test_findings,
	.n = VTAP_ARRAY_LEN(test_findings),
};

/* The item of a list of objects with this id, borrowed. */
static const json_t *item_find(const json_t *list, const char *id)
{
	size_t i;
	json_t *item;

	json_array_foreach (list, i, item)
		if (strcmp(json_string_value(json_object_get(item, "id")), id) == 0)
			return item;
	print_error("no item %s\n", id);
	fail();
	return NULL;
}

static void assert_is_register(const json_t *list)
{
	assert_int_equal(json_array_size(list), VTAP_CONDITION_COUNT);
	for (size_t i = 0; i < VTAP_CONDITION_COUNT; i++) {
		const char *id = json_string_value(json_object_get(json_array_get(list, i), "id"));

		assert_string_equal(id, vtap_condition_row((enum vtap_condition)i)->id);
	}
}

static void assert_holds(const json_t *list, const char *id, bool holds)
{
	assert_int_equal(json_is_true(json_object_get(item_find(list, id), "holds")), holds);
}

static void test_doctor_when_asked_for_all_then_every_check_in_its_order(void **state)
{
	const struct vtap_snapshot snapshot = snapshot_healthy();
	json_t *tree = tree_of(vtap_json_doctor(&snapshot, &FINDINGS, VTAP_CONDITION_COUNT));
	const json_t *checks = json_object_get(tree, "checks");

	(void)state;
	assert_is_register(checks);
	assert_holds(checks, "interface-foreign", true);
	assert_holds(checks, "session-waiting", true);
	assert_holds(checks, "allow-any", true);
	assert_holds(checks, "no-sessions", false);
	assert_int_equal(json_array_size(json_object_get(tree, "findings")), 4);
	json_decref(tree);
}

static void test_doctor_when_something_holds_then_what_since_when_and_the_remedy(void **state)
{
	const struct vtap_snapshot snapshot = snapshot_healthy();
	json_t *tree = tree_of(vtap_json_doctor(&snapshot, &FINDINGS, VTAP_CONDITION_COUNT));
	const json_t *findings = json_object_get(tree, "findings");

	(void)state;
	assert_json(json_array_get(findings, 0),
		"{'id':'interface-foreign','severity':'page','subject':'pay','subject_kind':'"
		"session',"
		"'since':'2026-11-20T10:04:50.000000000Z','sentence':'session pay cannot be shown',"
		"'remedy':'ip link del mirror-pay','breaks_health':false}");
	assert_json(json_array_get(findings, 3),
		"{'id':'allow-any','severity':'info','subject':null,'subject_kind':'host','since':"
		"null,"
		"'sentence':'any host can send','remedy':'allow = PREFIX','breaks_health':false}");
	json_decref(tree);
}

static void test_doctor_when_asked_for_one_then_nothing_else(void **state)
{
	const struct vtap_snapshot snapshot = snapshot_healthy();
	json_t *tree =
		tree_of(vtap_json_doctor(&snapshot, &FINDINGS, VTAP_CONDITION_SESSION_WAITING));
	const struct vtap_condition_row *row = vtap_condition_row(VTAP_CONDITION_SESSION_WAITING);
	const json_t *check = json_array_get(json_object_get(tree, "checks"), 0);

	(void)state;
	assert_int_equal(json_array_size(json_object_get(tree, "findings")), 2);
	assert_int_equal(json_array_size(json_object_get(tree, "checks")), 1);
	assert_string_equal(json_string_value(json_object_get(check, "meaning")), row->meaning);
	assert_string_equal(json_string_value(json_object_get(check, "cause")), row->cause);
	assert_string_equal(json_string_value(json_object_get(check, "remedy")), row->remedy);
	assert_string_equal(json_string_value(json_object_get(check, "severity")), "ticket");
	json_decref(tree);
}

/* Doctor and health agree on it. */
static bool is_checked(const struct vtap_snapshot *snapshot, enum vtap_condition condition)
{
	json_t *doctor = tree_of(vtap_json_doctor(snapshot, &NONE, condition));
	json_t *health = tree_of(vtap_json_health(snapshot, &NONE));
	bool is = json_is_true(
		json_object_get(json_array_get(json_object_get(doctor, "checks"), 0), "checked"));

	assert_int_equal(
		is, json_is_true(json_object_get(
			    json_array_get(json_object_get(health, "conditions"), condition),
			    "checked")));
	json_decref(doctor);
	json_decref(health);
	return is;
}

static void test_doctor_when_there_is_nothing_to_tell_by_then_not_checked(void **state)
{
	struct vtap_report_session report = { .one_way.is_sampled = true };
	struct vtap_snapshot snapshot = snapshot_healthy();

	(void)state;
	assert_true(is_checked(&snapshot, VTAP_CONDITION_SILENT));
	assert_false(is_checked(&snapshot, VTAP_CONDITION_ONE_WAY));
	snapshot.sessions = &report;
	snapshot.n_sessions = 1;
	assert_true(is_checked(&snapshot, VTAP_CONDITION_ONE_WAY));
}

static void assert_unchecked_why(
	const struct vtap_snapshot *snapshot, enum vtap_condition condition, const char *wanted)
{
	json_t *doctor = tree_of(vtap_json_doctor(snapshot, &NONE, condition));

	assert_json(json_object_get(json_array_get(json_object_get(doctor, "checks"), 0),
			    "unchecked_reason"),
		wanted);
	json_decref(doctor);
}

static void test_doctor_when_something_keeps_us_from_a_check_then_it_says_what(void **state)
{
	struct vtap_report_session report = { .one_way.is_sampled = true };
	struct vtap_snapshot snapshot = snapshot_healthy();

	(void)state;
	assert_unchecked_why(&snapshot, VTAP_CONDITION_ONE_WAY, "null");
	snapshot.one_way_off_why = "not permitted";
	assert_unchecked_why(&snapshot, VTAP_CONDITION_ONE_WAY, "'not permitted'");
	assert_unchecked_why(&snapshot, VTAP_CONDITION_SILENT, "null");
	snapshot.sessions = &report;
	snapshot.n_sessions = 1;
	assert_unchecked_why(&snapshot, VTAP_CONDITION_ONE_WAY, "null");
}

static void test_doctor_when_a_sentence_is_not_utf8_then_the_answer_is_whole(void **state)
{
	const struct vtap_snapshot snapshot = snapshot_healthy();
	struct vtap_finding finding = { .sentence = "x\xff is taken",
		.remedy = "ip link del x\xff" };
	const struct vtap_findings findings = { .finding = &finding, .n = 1 };
	json_t *tree = tree_of(vtap_json_doctor(&snapshot, &findings, VTAP_CONDITION_COUNT));
	const json_t *found = json_array_get(json_object_get(tree, "findings"), 0);

	(void)state;
	assert_json(json_object_get(found, "sentence"), "'x? is taken'");
	assert_json(json_object_get(found, "remedy"), "'ip link del x?'");
	json_decref(tree);
}

static void test_health_when_something_breaks_it_then_only_that_is_said_to(void **state)
{
	const struct vtap_snapshot snapshot = snapshot_healthy();
	json_t *tree = tree_of(vtap_json_health(&snapshot, &FINDINGS));
	const json_t *conditions = json_object_get(tree, "conditions");

	(void)state;
	assert_is_register(conditions);
	assert_json(item_find(conditions, "session-waiting"),
		"{'id':'session-waiting','severity':'ticket','checked':true,'holds':true,"
		"'breaks_health':true,"
		"'findings':[{'subject':'a','subject_kind':'session','severity':'ticket','since':"
		"null,'sentence':'session a "
		"cannot be shown',"
		"'remedy':'vtapctl show "
		"a'},{'subject':'b','subject_kind':'session','severity':'ticket','since':null,"
		"'sentence':'session b cannot be shown','remedy':'vtapctl show b'}]}");
	assert_json(item_find(conditions, "no-sessions"),
		"{'id':'no-sessions','severity':'page','checked':true,'holds':false,"
		"'breaks_health':false,'findings':[]}");
	assert_false(json_is_true(
		json_object_get(item_find(conditions, "interface-foreign"), "breaks_health")));
	json_decref(tree);
}

static void assert_health_state(
	const struct vtap_snapshot *snapshot, const char *state, const char *checks)
{
	json_t *health = tree_of(vtap_json_health(snapshot, &NONE));
	json_t *status = tree_of(vtap_json_status(snapshot, &NONE));
	const json_t *daemon = json_object_get(status, "daemon");

	assert_json(json_object_get(health, "state"), state);
	assert_json(json_object_get(health, "checks"), checks);
	assert_json(json_object_get(daemon, "state"), state);
	assert_json(json_object_get(daemon, "checks"), checks);
	json_decref(health);
	json_decref(status);
}

static void test_health_when_any_then_status_says_the_same(void **state)
{
	struct vtap_snapshot snapshot = snapshot_healthy();

	(void)state;
	assert_health_state(&snapshot, "'healthy'", "'answered'");
	snapshot.is_healthy = false;
	snapshot.checks = VTAP_CHECKS_REFUSED;
	assert_health_state(&snapshot, "'unhealthy'", "'refused'");
	snapshot.drain.is_draining = true;
	assert_health_state(&snapshot, "'draining'", "'refused'");
	snapshot.is_healthy = true;
	snapshot.checks = VTAP_CHECKS_OFF;
	assert_health_state(&snapshot, "'draining'", "'off'");
}

static void test_health_when_more_is_required_then_it_is_listed(void **state)
{
	struct vtap_conf conf = test_conf;
	struct vtap_snapshot snapshot = snapshot_healthy();
	json_t *tree;

	(void)state;
	conf.health.require =
		VTAP_REQUIRE_ANY | VTAP_REQUIRE_ALL | VTAP_REQUIRE_SENSORS | VTAP_REQUIRE_TRAFFIC;
	snapshot.conf = &conf;
	tree = tree_of(vtap_json_health(&snapshot, &NONE));
	assert_json(json_object_get(tree, "require"), "['any','all','sensors','traffic']");
	assert_json(json_object_get(tree, "settle_ns"), "10000000000");
	json_decref(tree);
}

static void test_drain_when_there_is_none_then_nothing_is_pretended(void **state)
{
	const struct vtap_snapshot snapshot = snapshot_healthy();
	json_t *tree = tree_of(vtap_json_drain(&snapshot));

	(void)state;
	assert_json(tree,
		"{'version':1,'draining':false,'since':null,'reason':null,'frames_per_second':0.0,"
		"'frames_per_second_before':0.0,'elapsed_ns':0,'quiet_ns':0,'is_quiet':false,"
		"'is_overdue':false,'delivered':0,'lost':0,'settle_ns':10000000000,"
		"'drain_time_ns':120000000000,'healthy':true}");
	json_decref(tree);
}

static void test_drain_when_under_way_then_all_of_it_and_in_status_too(void **state)
{
	struct vtap_snapshot snapshot = snapshot_healthy();
	json_t *drain, *status;

	(void)state;
	snapshot.drain = (struct vtap_report_drain){
		.is_draining = true,
		.since_wall_ns = TEST_WALL_NS - 36 * VTAP_NS_PER_S,
		.reason = "suricata 7.0.11",
		.frames_per_second = 1904.5,
		.frames_per_second_before = 215525,
		.elapsed_ns = 36 * VTAP_NS_PER_S,
		.quiet_ns = 15 * VTAP_NS_PER_S,
		.is_quiet = true,
		.delivered = 2711908,
		.lost = 3,
	};
	drain = tree_of(vtap_json_drain(&snapshot));
	assert_json(drain,
		"{'version':1,'draining':true,'since':'2026-11-20T10:04:24.000000000Z',"
		"'reason':'suricata 7.0.11','frames_per_second':1904.5,"
		"'frames_per_second_before':215525.0,'elapsed_ns':36000000000,"
		"'quiet_ns':15000000000,'is_quiet':true,'is_overdue':false,'delivered':2711908,"
		"'lost':3,'settle_ns':10000000000,'drain_time_ns':120000000000,'healthy':true}");
	status = tree_of(vtap_json_status(&snapshot, &NONE));
	assert_json(json_object_get(json_object_get(status, "daemon"), "drain"),
		"{'since':'2026-11-20T10:04:24.000000000Z','reason':'suricata 7.0.11',"
		"'frames_per_second':1904.5}");
	json_decref(drain);
	json_decref(status);
}

static void test_status_when_conditions_hold_then_each_is_named_once_but_information(void **state)
{
	const struct vtap_snapshot snapshot = snapshot_healthy();
	json_t *tree = tree_of(vtap_json_status(&snapshot, &FINDINGS));

	(void)state;
	assert_json(json_object_get(tree, "findings"), "['interface-foreign','session-waiting']");
	assert_json(json_object_get(json_object_get(tree, "daemon"), "drain"), "null");
	json_decref(tree);
}

static void test_status_when_workers_stall_and_sessions_are_not_required_then_it_says_so(
	void **state)
{
	struct vtap_target target = { .name = "default", .port = 4789 };
	struct vtap_session session = { .name = "web", .is_required = true };
	struct vtap_report_state ready = { .state = "ready", .retry_in_ns = VTAP_REPORT_NEVER };
	struct vtap_report_target targets = { .target = &target, .state = ready, .n_stalled = 2 };
	struct vtap_report_session sessions = {
		.session = &session, .target = &target, .state = ready
	};
	struct vtap_snapshot snapshot = snapshot_healthy();
	json_t *tree;

	(void)state;
	snapshot.targets = &targets;
	snapshot.sessions = &sessions;
	snapshot.n_targets = snapshot.n_sessions = 1;
	tree = tree_of(vtap_json_status(&snapshot, &NONE));
	assert_json(json_object_get(json_array_get(json_object_get(tree, "targets"), 0), "stalled"),
		"2");
	assert_json(
		json_object_get(json_array_get(json_object_get(tree, "sessions"), 0), "required"),
		"true");
	json_decref(tree);
}

/* What status says of the only session. */
static void assert_session_has(
	const struct vtap_report_session *report, const char *silent_after_ns, const char *one_way)
{
	struct vtap_snapshot snapshot = snapshot_healthy();
	struct vtap_report_session sessions = *report;
	json_t *tree;
	const json_t *session;

	snapshot.sessions = &sessions;
	snapshot.n_sessions = 1;
	tree = tree_of(vtap_json_status(&snapshot, &NONE));
	session = json_array_get(json_object_get(tree, "sessions"), 0);
	assert_json(json_object_get(session, "silent_after_ns"), silent_after_ns);
	assert_json(json_object_get(session, "one_way"), one_way);
	json_decref(tree);
}

static void test_status_when_flows_were_judged_then_how_many_and_when(void **state)
{
	struct vtap_target target = { .name = "default", .port = 4789 };
	struct vtap_session session = { .name = "web" };
	struct vtap_report_session report = { .session = &session,
		.target = &target,
		.state = { .state = "ready", .retry_in_ns = VTAP_REPORT_NEVER } };

	(void)state;
	assert_session_has(&report, "null", "null");
	session.silent_after_ns = 5 * VTAP_NS_PER_S;
	report.one_way = (struct vtap_report_one_way){
		.is_sampled = true,
		.n_flows = 412,
		.n_one_way = 358,
		.is_one_way = true,
		.sampled_mono_ns = snapshot_healthy().now_mono_ns,
	};
	assert_session_has(&report, "5000000000",
		"{'flows':412,'one_way_flows':358,'is_one_way':true,"
		"'sampled':'2026-11-20T10:05:00.000000000Z'}");
}

static void test_text_when_it_has_control_characters_then_they_are_taken_out(void **state)
{
	static const struct {
		const char *text;
		const char *shown;
	} table[] = {
		{ "plain, caf\xc3\xa9", "plain, caf\xc3\xa9" },
		{ "e\x1b[31m\x7f", "e?[31m?" },
		{ "one\ntwo\t", "one\ntwo?" },
		{ "c1 \xc2\x9b, \xc2\xa9", "c1 ??, \xc2\xa9" },
		{ "vx\xffl\x1b", "vx?l?" },
	};

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(table); i++) {
		json_t *json = vtap_json_shown(table[i].text);

		assert_string_equal(json_string_value(json), table[i].shown);
		json_decref(json);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_doctor_when_asked_for_all_then_every_check_in_its_order),
		cmocka_unit_test(
			test_doctor_when_something_holds_then_what_since_when_and_the_remedy),
		cmocka_unit_test(test_doctor_when_asked_for_one_then_nothing_else),
		cmocka_unit_test(test_doctor_when_there_is_nothing_to_tell_by_then_not_checked),
		cmocka_unit_test(
			test_doctor_when_something_keeps_us_from_a_check_then_it_says_what),
		cmocka_unit_test(test_doctor_when_a_sentence_is_not_utf8_then_the_answer_is_whole),
		cmocka_unit_test(test_status_when_flows_were_judged_then_how_many_and_when),
		cmocka_unit_test(test_text_when_it_has_control_characters_then_they_are_taken_out),
		cmocka_unit_test(test_health_when_something_breaks_it_then_only_that_is_said_to),
		cmocka_unit_test(test_health_when_any_then_status_says_the_same),
		cmocka_unit_test(test_health_when_more_is_required_then_it_is_listed),
		cmocka_unit_test(test_drain_when_there_is_none_then_nothing_is_pretended),
		cmocka_unit_test(test_drain_when_under_way_then_all_of_it_and_in_status_too),
		cmocka_unit_test(
			test_status_when_conditions_hold_then_each_is_named_once_but_information),
		cmocka_unit_test(
			test_status_when_workers_stall_and_sessions_are_not_required_then_it_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
