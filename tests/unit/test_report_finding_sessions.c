// SPDX-License-Identifier: Apache-2.0
/*
 * Law: silence is told when frames were to come and did not, for as long as the session asks for,
 * and never from before it was ready; what nobody awaits is missed by nobody. One direction of most
 * flows is told with how many they are.
 */
#include "tests/unit/cmocka_with.h"

#include <string.h>

#include "base/clock.h"
#include "report/finding.h"
#include "tests/unit/pasteable.h"

#define NOW_NS (100000 * VTAP_NS_PER_S)

/** struct scene - a target with two sessions that have frames */
struct scene {
	struct vtap_prefix allow;
	struct vtap_range vni;
	struct vtap_target target;
	struct vtap_session session[2];
	struct vtap_conf conf;
	struct vtap_report_target report_target;
	struct vtap_report_session report[2];
	struct vtap_snapshot snapshot;
};

static uint64_t ago(uint64_t seconds)
{
	return NOW_NS - seconds * VTAP_NS_PER_S;
}

static void scene_init(struct scene *scene)
{
	*scene = (struct scene){
		.vni = { 4321, 4330 },
		.target = { .name = "default", .port = 4789, .n_allow = 1 },
		.session[0] = { .name = "web", .n_vnis = 1 },
		.session[1] = { .name = "db", .n_vnis = 1 },
	};
	scene->target.allow = &scene->allow;
	scene->report_target =
		(struct vtap_report_target){ .target = &scene->target, .state.state = "ready" };
	for (size_t i = 0; i < 2; i++) {
		scene->session[i].vnis = &scene->vni;
		scene->report[i] = (struct vtap_report_session){
			.session = &scene->session[i],
			.target = &scene->target,
			.state.state = "ready",
			.last_mono_ns = ago(1),
			.awaited_mono_ns = ago(7200),
			.verdicts[VTAP_VERDICT_DELIVERED] = 9,
		};
	}
	scene->snapshot = (struct vtap_snapshot){
		.conf = &scene->conf,
		.now_mono_ns = NOW_NS,
		.now_wall_ns = NOW_NS,
		.targets = &scene->report_target,
		.n_targets = 1,
		.sessions = scene->report,
		.n_sessions = 2,
	};
}

/* Session web, as a row of the table below has it. */
static void web_set(struct scene *scene, uint64_t silent_after_s, uint64_t last_s_ago,
	uint64_t awaited_s_ago, uint64_t n_delivered)
{
	struct vtap_report_session *web = &scene->report[0];

	scene->session[0].silent_after_ns = silent_after_s * VTAP_NS_PER_S;
	web->last_mono_ns = last_s_ago == 0 ? 0 : ago(last_s_ago);
	web->awaited_mono_ns = awaited_s_ago == 0 ? 0 : ago(awaited_s_ago);
	web->verdicts[VTAP_VERDICT_DELIVERED] = n_delivered;
}

/* The one finding, or NULL when there is none. */
static const struct vtap_finding *found_in(
	const struct scene *scene, struct vtap_findings *ret_findings)
{
	assert_int_equal(vtap_findings_make(&scene->snapshot, ret_findings), 0);
	for (size_t i = 0; i < ret_findings->n; i++)
		assert_pasteable(ret_findings->finding[i].remedy, true);
	assert_true(ret_findings->n <= 1);
	assert_true(vtap_findings_are_healthy(ret_findings));
	return ret_findings->n == 1 ? &ret_findings->finding[0] : NULL;
}

static void test_silence_when_frames_were_to_come_then_told_in_time_and_not_before(void **state)
{
	static const struct {
		const char *what;
		uint64_t silent_after_s, last_s_ago, awaited_s_ago, n_delivered;
		enum vtap_condition wanted; /* VTAP_CONDITION_COUNT: none */
	} rows[] = {
		{ "off", 0, 7000, 7200, 9, VTAP_CONDITION_COUNT },
		{ "just so long", 60, 60, 7200, 9, VTAP_CONDITION_COUNT },
		{ "longer", 60, 61, 7200, 9, VTAP_CONDITION_SILENT },
		{ "the daemon was away meanwhile", 60, 9000, 60, 9, VTAP_CONDITION_COUNT },
		{ "and has been back for longer", 60, 9000, 61, 9, VTAP_CONDITION_SILENT },
		{ "frames of before, nobody knows when", 60, 0, 61, 9, VTAP_CONDITION_SILENT },
		{ "the same, just started", 60, 0, 60, 9, VTAP_CONDITION_COUNT },
		{ "it waits, or somebody drains", 60, 9000, 0, 9, VTAP_CONDITION_COUNT },
		{ "never, for ten minutes", 0, 0, 600, 0, VTAP_CONDITION_COUNT },
		{ "never, for longer", 0, 0, 601, 0, VTAP_CONDITION_NEVER_SEEN },
		{ "never, as long as it asks for", 60, 0, 60, 0, VTAP_CONDITION_COUNT },
		{ "never, longer than it asks for", 60, 0, 61, 0, VTAP_CONDITION_NEVER_SEEN },
		{ "never, and more patience", 3600, 0, 3600, 0, VTAP_CONDITION_COUNT },
		{ "never, and it waits", 60, 0, 0, 0, VTAP_CONDITION_COUNT },
	};

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(rows); i++) {
		struct vtap_findings findings = { 0 };
		const struct vtap_finding *found;
		struct scene scene;

		scene_init(&scene);
		web_set(&scene, rows[i].silent_after_s, rows[i].last_s_ago, rows[i].awaited_s_ago,
			rows[i].n_delivered);
		found = found_in(&scene, &findings);
		print_message("%s\n", rows[i].what);
		assert_row(
			(found == NULL ? VTAP_CONDITION_COUNT : found->condition) == rows[i].wanted,
			i);
		assert_row(found == NULL || strcmp(found->subject.name, "web") == 0, i);
		vtap_findings_done(&findings);
	}
}

static void test_catch_all_when_others_have_frames_then_it_may_have_none(void **state)
{
	struct vtap_findings findings = { 0 };
	struct scene scene;

	(void)state;
	scene_init(&scene);
	scene.session[0].is_any = true;
	scene.session[0].n_vnis = 0;
	web_set(&scene, 0, 0, 7200, 0);
	assert_null(found_in(&scene, &findings));
	vtap_findings_done(&findings);
	scene.snapshot.n_sessions = 1;
	assert_int_equal(found_in(&scene, &findings)->condition, VTAP_CONDITION_NEVER_SEEN);
	assert_string_equal(findings.finding[0].remedy,
		"sudo timeout 10 tcpdump -c 5 -ni any udp port 4789; vtapctl unknown # packets "
		"come: it tells who gets them; none: aws ec2 describe-traffic-mirror-sessions");
	vtap_findings_done(&findings);
}

static void test_silence_when_not_all_of_it_counts_then_how_much_and_why(void **state)
{
	static const char *const wanted[] = {
		[VTAP_AWAITED_START] = "(34 s of it after vtapd started)",
		[VTAP_AWAITED_DRAIN] = "(34 s of it after the drain)",
		[VTAP_AWAITED_WAIT] = "(34 s of it after it was ready again)",
	};

	(void)state;
	for (int after = 0; after < VTAP_AWAITED_COUNT; after++) {
		struct vtap_findings findings = { 0 };
		const struct vtap_finding *found;
		struct scene scene;

		scene_init(&scene);
		web_set(&scene, 30, 142, 34, 9);
		scene.report[0].awaited_after = (enum vtap_awaited)after;
		found = found_in(&scene, &findings);
		assert_non_null(strstr(found->sentence, ": no frame since 03:44:18, 2 min 22 s ("));
		assert_non_null(strstr(found->sentence, wanted[after]));
		vtap_findings_done(&findings);
	}
}

/* `vtapctl unknown` has nothing to tell of such a target. */
static void test_silence_when_the_kernel_carries_then_the_packets_themselves_are_looked_at(
	void **state)
{
	struct vtap_findings findings = { 0 };
	struct scene scene;

	(void)state;
	scene_init(&scene);
	scene.target.mode = VTAP_MODE_VXLAN;
	web_set(&scene, 60, 4500, 7200, 9);
	assert_string_equal(found_in(&scene, &findings)->remedy,
		"sudo timeout 10 tcpdump -c 5 -ni any -T vxlan udp port 4789; vtapctl match 4321 # "
		"packets come: tcpdump tells their VNIs, match who gets this one; none: aws ec2 "
		"describe-traffic-mirror-sessions");
	vtap_findings_done(&findings);
}

static void test_silence_when_told_then_how_long_and_what_to_look_at(void **state)
{
	static const char *underlay = "ens5";
	struct vtap_findings findings = { 0 };
	const struct vtap_finding *found;
	struct scene scene;

	(void)state;
	scene_init(&scene);
	scene.report_target.fast_on = &underlay;
	scene.report_target.n_fast_on = 1;
	web_set(&scene, 60, 4500, 7200, 9); /* the clock of the scene is UTC's second 100,000 */
	found = found_in(&scene, &findings);
	assert_string_equal(found->sentence, "session web: no frame since 02:31:40, 1 h 15 min");
	assert_string_equal(found->remedy,
		"sudo timeout 10 tcpdump -c 5 -ni ens5 udp port 4789; vtapctl match 4321; vtapctl "
		"unknown # packets come: the last two tell who gets them; none: aws ec2 "
		"describe-traffic-mirror-sessions");
	vtap_findings_done(&findings);
	web_set(&scene, 60, 0, 7200, 9);
	assert_string_equal(found_in(&scene, &findings)->sentence,
		"session web: no frame for 2 h after vtapd started; when the last one came is not "
		"known");
	vtap_findings_done(&findings);
	web_set(&scene, 0, 0, 7200, 0);
	assert_string_equal(found_in(&scene, &findings)->sentence,
		"session web: no frame seen yet, 2 h after it became ready");
	vtap_findings_done(&findings);
}

/* ---- one way ---- */

static void web_is_one_way(struct scene *scene)
{
	for (size_t i = 0; i < 2; i++)
		scene->report[i].interface_index = 10 + (int)i;
	memcpy(scene->session[0].interface, "mirror-web", sizeof("mirror-web"));
	scene->report[0].one_way = (struct vtap_report_one_way){
		.is_sampled = true,
		.is_one_way = true,
		.n_flows = 1412,
		.n_one_way = 1229,
	};
}

static void test_flows_when_one_way_then_how_many_and_what_to_do(void **state)
{
	struct vtap_findings findings = { 0 };
	const struct vtap_finding *found;
	struct scene scene;

	(void)state;
	scene_init(&scene);
	web_is_one_way(&scene);
	found = found_in(&scene, &findings);
	assert_int_equal(found->condition, VTAP_CONDITION_ONE_WAY);
	assert_string_equal(found->subject.name, "web");
	assert_string_equal(found->sentence,
		"session web: 87 % of 1,412 TCP flows on mirror-web show one direction only");
	vtap_findings_done(&findings);
	scene.report[0].one_way.is_one_way = false;
	assert_null(found_in(&scene, &findings));
	vtap_findings_done(&findings);
}

static void test_flows_when_sessions_share_an_interface_then_told_once(void **state)
{
	struct vtap_findings findings = { 0 };
	struct scene scene;

	(void)state;
	scene_init(&scene);
	web_is_one_way(&scene);
	scene.report[1].interface_index = scene.report[0].interface_index;
	scene.report[1].one_way = scene.report[0].one_way;
	assert_string_equal(found_in(&scene, &findings)->subject.name, "web");
	vtap_findings_done(&findings);
}

static void test_flows_when_nobody_sampled_them_then_not_checked(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene);
	assert_false(vtap_finding_is_checked(&scene.snapshot, VTAP_CONDITION_ONE_WAY));
	assert_true(vtap_finding_is_checked(&scene.snapshot, VTAP_CONDITION_SILENT));
	scene.report[1].one_way.is_sampled = true;
	assert_true(vtap_finding_is_checked(&scene.snapshot, VTAP_CONDITION_ONE_WAY));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_silence_when_frames_were_to_come_then_told_in_time_and_not_before),
		cmocka_unit_test(test_catch_all_when_others_have_frames_then_it_may_have_none),
		cmocka_unit_test(test_silence_when_not_all_of_it_counts_then_how_much_and_why),
		cmocka_unit_test(
			test_silence_when_the_kernel_carries_then_the_packets_themselves_are_looked_at),
		cmocka_unit_test(test_silence_when_told_then_how_long_and_what_to_look_at),
		cmocka_unit_test(test_flows_when_one_way_then_how_many_and_what_to_do),
		cmocka_unit_test(test_flows_when_sessions_share_an_interface_then_told_once),
		cmocka_unit_test(test_flows_when_nobody_sampled_them_then_not_checked),
	};

	(void)setenv("TZ", "UTC", 1); /* cannot fail for these */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
