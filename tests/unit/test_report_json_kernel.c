// SPDX-License-Identifier: Apache-2.0
/*
 * Law: where the kernel counts, reports say so, give its numbers as its own, and name what it
 * hides. What is not known is null, never 0.
 */
#include "tests/unit/test_report_json.h"

/** struct scene - a vxlan-mode target with one session, whose device is as it should be */
struct scene {
	struct vtap_target target;
	struct vtap_range vni;
	struct vtap_session session;
	struct vtap_report_target report_target;
	struct vtap_report_session report_session;
	struct vtap_snapshot snapshot;
	const char *merging[2];
};

static void scene_init(struct scene *scene)
{
	struct vtap_report_state ready = { .state = "ready", .retry_in_ns = VTAP_REPORT_NEVER };

	memset(scene, 0, sizeof(*scene));
	scene->target =
		(struct vtap_target){ .name = "default", .port = 4789, .mode = VTAP_MODE_VXLAN };
	scene->vni = (struct vtap_range){ 5, 5 };
	scene->session = (struct vtap_session){ .name = "web",
		.place = { .file = "web.conf", .line = 1 },
		.vnis = &scene->vni,
		.n_vnis = 1 };
	scene->report_target = (struct vtap_report_target){ .target = &scene->target,
		.state = ready,
		.reserved_bits = 9,
		.merging = scene->merging };
	scene->report_session = (struct vtap_report_session){ .session = &scene->session,
		.target = &scene->target,
		.state = ready,
		.truncated = 9,
		.kernel = { .is_known = true,
			.is_guarded = true,
			.rx_packets = 1,
			.rx_bytes = 2,
			.rx_errors = 3,
			.rx_dropped = 4,
			.reserved_bits = VTAP_OFF } };
	scene->snapshot = snapshot_healthy();
	scene->snapshot.targets = &scene->report_target;
	scene->snapshot.sessions = &scene->report_session;
	scene->snapshot.n_targets = scene->snapshot.n_sessions = 1;
}

/* A field of the first target, or of the first session. */
static void assert_field(
	const struct scene *scene, const char *list, const char *key, const char *wanted)
{
	json_t *tree = tree_of(vtap_json_status(&scene->snapshot, &NONE));

	assert_json(json_object_get(json_array_get(json_object_get(tree, list), 0), key), wanted);
	json_decref(tree);
}

static void test_target_when_the_kernel_counts_then_what_it_hides_is_named(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene);
	assert_field(&scene, "targets", "mode", "'vxlan'");
	assert_field(&scene, "targets", "path", "'kernel'");
	assert_field(&scene, "targets", "counted_by", "'kernel'");
	assert_field(&scene, "targets", "reserved_bits", "null");
	assert_field(&scene, "targets", "hidden",
		"['not-vxlan','no-vni-flag','too-short','unknown-vni','interface-down',"
		"'interface-gone']");
	assert_field(&scene, "targets", "fastpath",
		"{'setting':'off','attached':[],'reason':null,'idle':null,'bypassed_by':null,"
		"'recent':null,'detour':null}");
	scene.report_session.kernel.is_guarded = false;
	assert_field(&scene, "targets", "hidden",
		"['not-vxlan','no-vni-flag','too-short','unknown-vni','interface-down',"
		"'interface-gone','lost-in-handover']");
}

static void test_target_when_in_tap_mode_then_nothing_is_hidden(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene);
	scene.target.mode = VTAP_MODE_TAP;
	scene.report_target.merging = NULL;
	assert_field(&scene, "targets", "mode", "'tap'");
	assert_field(&scene, "targets", "counted_by", "'vtapd'");
	assert_field(&scene, "targets", "hidden", "[]");
	assert_field(&scene, "targets", "merging", "[]");
	assert_field(&scene, "targets", "reserved_bits", "9");
	assert_field(&scene, "sessions", "family", "null");
	assert_field(&scene, "sessions", "kernel", "null");
	assert_field(&scene, "sessions", "reserved_bits", "'ignored'");
	assert_field(&scene, "sessions", "truncated", "9");
}

static void test_target_when_frames_are_merged_then_where_and_why(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene);
	assert_field(&scene, "targets", "merging", "[]");
	scene.merging[0] = "ens5";
	scene.merging[1] = "ens6\x1b";
	scene.report_target.n_merging = 2;
	scene.report_target.merging_why = "somebody insists";
	assert_field(&scene, "targets", "merging", "['ens5','ens6?']");
	assert_field(&scene, "targets", "merging_reason", "'somebody insists'");
	scene.report_target.merging = NULL;
	scene.report_target.n_merging = 0;
	assert_field(&scene, "targets", "merging", "null");
}

static void test_session_when_it_has_a_device_then_the_numbers_of_the_kernel(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene);
	assert_field(&scene, "sessions", "family", "'ipv4'");
	assert_field(&scene, "sessions", "truncated", "null");
	assert_field(&scene, "sessions", "reserved_bits", "'ignored'");
	assert_field(&scene, "sessions", "kernel",
		"{'rx_packets':1,'rx_bytes':2,'rx_errors':3,'rx_dropped':4,'guarded':true,"
		"'merging':null}");
	scene.session.family = VTAP_FAMILY_IPV6;
	scene.report_session.kernel.is_guarded = false;
	scene.report_session.kernel.merging = VTAP_MERGING_GRO | VTAP_MERGING_GRO_HW;
	scene.report_session.kernel.reserved_bits = VTAP_UNKNOWN;
	assert_field(&scene, "sessions", "family", "'ipv6'");
	assert_field(&scene, "sessions", "reserved_bits", "'dropped'");
	assert_field(&scene, "sessions", "kernel",
		"{'rx_packets':1,'rx_bytes':2,'rx_errors':3,'rx_dropped':4,'guarded':false,"
		"'merging':'gro, gro-hw'}");
	scene.report_session.kernel.reserved_bits = VTAP_ON;
	assert_field(&scene, "sessions", "reserved_bits", "'dropped'");
}

static void test_session_when_there_is_no_device_then_null_and_not_0(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene);
	scene.report_session.kernel = (struct vtap_report_kernel){ .is_known = false };
	assert_field(&scene, "sessions", "kernel", "null");
	assert_field(&scene, "sessions", "reserved_bits", "null");
	assert_field(&scene, "sessions", "family", "'ipv4'");
}

static void assert_daemon(const struct scene *scene, const char *key, const char *wanted)
{
	json_t *tree = tree_of(vtap_json_status(&scene->snapshot, &NONE));

	assert_json(json_object_get(json_object_get(tree, "daemon"), key), wanted);
	json_decref(tree);
}

static void test_host_when_a_counter_is_known_then_its_number_and_else_null(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene);
	for (int i = 0; i < VTAP_HOST_COUNT; i++)
		scene.snapshot.host_counters[i] =
			(struct vtap_report_trend){ .is_known = i % 2 == 0, .total = i + 1 };
	assert_daemon(&scene, "host",
		"{'udp_in_datagrams':1,'udp_no_ports':null,'udp_in_errors':3,"
		"'udp_rcvbuf_errors':null,'udp_in_csum_errors':5,'ip_reverse_path_filter':null,"
		"'ip_reasm_fails':7,'icmp_out_unreachable':null,'softnet_dropped':9}");
}

static void test_counting_when_a_device_is_older_than_the_daemon_then_not_known_since_when(
	void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene);
	scene.snapshot.counting_since_wall_ns = VTAP_REPORT_NEVER;
	assert_daemon(&scene, "counting_since", "null");
}

static void test_show_when_the_kernel_counts_then_path_and_numbers(void **state)
{
	const struct vtap_report_vnis none = { 0 };
	struct scene scene;
	const json_t *session;
	json_t *tree;

	(void)state;
	scene_init(&scene);
	tree = tree_of(vtap_json_show(&scene.snapshot, &scene.report_session, &none, &NONE));
	session = json_object_get(tree, "session");
	assert_json(json_object_get(session, "path"), "'kernel'");
	assert_json(json_object_get(json_object_get(session, "kernel"), "rx_packets"), "1");
	json_decref(tree);
}

static void test_unknown_when_the_kernel_drops_them_then_the_targets_where_it_does(void **state)
{
	const struct vtap_report_vnis none = { 0 };
	struct scene scene;
	json_t *tree;

	(void)state;
	scene_init(&scene);
	tree = tree_of(vtap_json_unknown(&scene.snapshot, &none));
	assert_json(tree, "{'version':1,'rows':[],'frames':0,'forgotten_frames':0,"
			  "'uncounted':[{'target':'default','port':4789}]}");
	json_decref(tree);
	scene.target.mode = VTAP_MODE_TAP;
	tree = tree_of(vtap_json_unknown(&scene.snapshot, &none));
	assert_json(json_object_get(tree, "uncounted"), "[]");
	json_decref(tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_target_when_the_kernel_counts_then_what_it_hides_is_named),
		cmocka_unit_test(test_target_when_in_tap_mode_then_nothing_is_hidden),
		cmocka_unit_test(test_target_when_frames_are_merged_then_where_and_why),
		cmocka_unit_test(test_session_when_it_has_a_device_then_the_numbers_of_the_kernel),
		cmocka_unit_test(test_session_when_there_is_no_device_then_null_and_not_0),
		cmocka_unit_test(test_host_when_a_counter_is_known_then_its_number_and_else_null),
		cmocka_unit_test(
			test_counting_when_a_device_is_older_than_the_daemon_then_not_known_since_when),
		cmocka_unit_test(test_show_when_the_kernel_counts_then_path_and_numbers),
		cmocka_unit_test(
			test_unknown_when_the_kernel_drops_them_then_the_targets_where_it_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
