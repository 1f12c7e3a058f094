// SPDX-License-Identifier: Apache-2.0
/*
 * Law: /metrics tells the numbers of the snapshot in Prometheus' text format 0.0.4, each metric in
 * one piece under its head; received = delivered + dropped is to be seen in them; what is not known
 * is absent, never 0.
 */
#include "tests/unit/cmocka_with.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "report/metric.h"
#include "report/prometheus.h"

/* "Now"; the daemon started 100 s before, the last frame came 0.75 s before. */
#define NOW_WALL_NS (1795169100ULL * VTAP_NS_PER_S)
#define NOW_MONO_NS (1000 * VTAP_NS_PER_S)
#define STARTED_NS  (900 * VTAP_NS_PER_S)
#define LAST_NS     (NOW_MONO_NS - 750 * VTAP_NS_PER_MS)

#define WEB "session=\"web\",target=\"default\",interface=\"mirror-web\""

/** struct scene - a target with one session */
struct scene {
	struct vtap_target target;
	struct vtap_session session;
	struct vtap_report_target report_target;
	struct vtap_report_session report_session;
	struct vtap_report_underlay underlay;
	struct vtap_finding finding;
	struct vtap_findings findings;
	struct vtap_snapshot snapshot;
};

static void scene_init(struct scene *scene, enum vtap_mode mode)
{
	struct vtap_report_state ready = { .state = "ready", .retry_in_ns = VTAP_REPORT_NEVER };

	memset(scene, 0, sizeof(*scene));
	scene->target = (struct vtap_target){ .name = "default", .port = 4789, .mode = mode };
	scene->session = (struct vtap_session){ .name = "web", .interface = "mirror-web" };
	scene->report_target =
		(struct vtap_report_target){ .target = &scene->target, .state = ready };
	scene->report_session = (struct vtap_report_session){
		.session = &scene->session, .target = &scene->target, .state = ready
	};
	scene->snapshot = (struct vtap_snapshot){
		.version = "1.0.0",
		.is_healthy = true,
		.now_mono_ns = NOW_MONO_NS,
		.now_wall_ns = NOW_WALL_NS,
		.started_mono_ns = STARTED_NS,
		.configured_wall_ns = NOW_WALL_NS - 50 * VTAP_NS_PER_S,
		.targets = &scene->report_target,
		.n_targets = 1,
		.sessions = &scene->report_session,
		.n_sessions = 1,
	};
}

static char *scene_text(const struct scene *scene)
{
	char *text = vtap_prometheus_text(&scene->snapshot, &scene->findings);

	assert_non_null(text);
	return text;
}

/* Is it one of the lines? */
static bool has_line(const char *text, const char *line)
{
	size_t n = strlen(line);
	const char *found = text;

	while ((found = strstr(found, line)) != NULL) {
		if ((found == text || found[-1] == '\n') && found[n] == '\n')
			return true;
		found++;
	}
	return false;
}

static void assert_line(const char *text, const char *line)
{
	if (!has_line(text, line))
		print_error("\"%s\" is missing in:\n%s", line, text);
	assert_true(has_line(text, line));
}

/* No sample of it, nor its head. */
static void assert_absent(const char *text, const char *name)
{
	if (strstr(text, name) != NULL)
		print_error("\"%s\" is in:\n%s", name, text);
	assert_null(strstr(text, name));
}

static void test_text_when_a_session_has_frames_then_exactly_these_lines(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, VTAP_MODE_TAP);
	scene.report_session.verdicts[VTAP_VERDICT_DELIVERED] = 18446744073709551615ULL;
	scene.report_session.delivered_fast = 18446744073709551605ULL;
	scene.report_session.bytes = 5000;
	scene.report_session.truncated = 2;
	scene.report_session.last_mono_ns = LAST_NS;
	scene.report_session.n_sensors = 8;
	_auto_free char *text = scene_text(&scene);
	assert_line(text, "# TYPE vtapd_session_frames_total counter");
	assert_line(text, "vtapd_session_frames_total{" WEB "} 18446744073709551615");
	assert_line(text, "vtapd_session_worker_frames_total{" WEB "} 10");
	assert_line(text, "vtapd_session_bytes_total{" WEB "} 5000");
	assert_line(text, "vtapd_session_truncated_frames_total{" WEB "} 2");
	assert_line(text, "# TYPE vtapd_session_last_frame_timestamp_seconds gauge");
	assert_line(text, "vtapd_session_last_frame_timestamp_seconds{" WEB "} 1795169099.25");
	assert_line(text, "vtapd_session_ready{" WEB "} 1");
	assert_line(text, "vtapd_session_sensors{" WEB "} 8");
}

static void test_text_when_frames_took_one_path_then_the_sessions_parts_are_absent(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, VTAP_MODE_TAP);
	for (int fast = 0; fast <= 5; fast += 5) {
		scene.report_session.verdicts[VTAP_VERDICT_DELIVERED] = 5;
		scene.report_session.delivered_fast = (uint64_t)fast;
		_auto_free char *text = scene_text(&scene);
		assert_absent(text, "vtapd_session_worker_frames_total");
	}
}

static void test_text_when_a_session_waits_and_has_none_then_0_and_no_time(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, VTAP_MODE_TAP);
	scene.report_session.state.state = "waiting";
	_auto_free char *text = scene_text(&scene);
	assert_line(text, "vtapd_session_ready{" WEB "} 0");
	assert_line(text, "vtapd_session_frames_total{" WEB "} 0");
	assert_line(text, "vtapd_session_truncated_frames_total{" WEB "} 0");
	assert_absent(text, "vtapd_session_last_frame_timestamp_seconds");
	assert_absent(text, "vtapd_session_dropped_frames_total");
}

static void test_text_when_packets_were_dropped_then_received_is_the_sum(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, VTAP_MODE_TAP);
	scene.report_target.received = 1000;
	scene.report_target.verdicts[VTAP_VERDICT_DELIVERED] = 900;
	scene.report_target.verdicts[VTAP_VERDICT_UNKNOWN_VNI] = 60;
	scene.report_target.verdicts[VTAP_VERDICT_SOCKET_FULL] = 30;
	scene.report_target.verdicts[VTAP_VERDICT_INTERFACE_DOWN] = 10;
	scene.report_target.delivered_fast = 880;
	scene.report_session.verdicts[VTAP_VERDICT_DELIVERED] = 900;
	scene.report_session.verdicts[VTAP_VERDICT_INTERFACE_DOWN] = 10;
	_auto_free char *text = scene_text(&scene);
#define DROPPED "vtapd_target_dropped_packets_total{target=\"default\",verdict="
	assert_line(text, "vtapd_target_received_packets_total{target=\"default\"} 1000");
	assert_line(text, "vtapd_target_delivered_frames_total{target=\"default\"} 900");
	assert_line(text, DROPPED "\"unknown-vni\"} 60");
	assert_line(text, DROPPED "\"socket-full\"} 30");
	assert_line(text, DROPPED "\"interface-down\"} 10");
	assert_line(text, DROPPED "\"lost-in-handover\"} 0");
	assert_absent(text, DROPPED "\"delivered\"");
	assert_absent(text, DROPPED "\"decap-error\"");
#undef DROPPED
	assert_line(
		text, "vtapd_target_path_frames_total{target=\"default\",path=\"fast path\"} 880");
	assert_line(text, "vtapd_target_path_frames_total{target=\"default\",path=\"worker\"} 20");
	assert_line(
		text, "vtapd_session_dropped_frames_total{" WEB ",verdict=\"interface-down\"} 10");
	assert_absent(text, WEB ",verdict=\"unknown-vni\"");
}

static void test_text_when_the_kernel_has_the_packets_then_what_it_hides_is_absent(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, VTAP_MODE_VXLAN);
	scene.report_session.kernel =
		(struct vtap_report_kernel){ .is_known = true, .is_guarded = true };
	_auto_free char *guarded = scene_text(&scene);
	scene.report_session.kernel.is_guarded = false;
	scene.report_target.verdicts[VTAP_VERDICT_UNKNOWN_VNI] = 7; /* before it was vxlan mode */
	_auto_free char *bare = scene_text(&scene);
#define DROPPED "vtapd_target_dropped_packets_total{target=\"default\",verdict="
	assert_line(guarded, DROPPED "\"decap-error\"} 0");
	assert_line(guarded, DROPPED "\"lost-in-handover\"} 0");
	assert_absent(guarded, "\"unknown-vni\"}");
	assert_absent(guarded, "\"socket-full\"}");
	assert_absent(guarded, "vtapd_session_truncated_frames_total{");
	assert_absent(guarded, "vtapd_target_path_frames_total{");
	assert_line(bare, DROPPED "\"decap-error\"} 0");
	assert_absent(bare, "\"lost-in-handover\"}");
	assert_line(bare, DROPPED "\"unknown-vni\"} 7");
#undef DROPPED
}

static void test_text_when_names_have_odd_bytes_then_escaped_or_replaced(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, VTAP_MODE_TAP);
	scene.underlay = (struct vtap_report_underlay){ .name = "e\"t\\h\n\xff{}" };
	scene.underlay.is_up = true;
	scene.snapshot.underlays = &scene.underlay;
	scene.snapshot.n_underlays = 1;
	_auto_free char *text = scene_text(&scene);
	assert_line(text, "vtapd_underlay_up{interface=\"e\\\"t\\\\h??{}\"} 1");
	assert_absent(text, "vtapd_underlay_allowance_exceeded_packets_total");
}

static void test_text_when_an_allowance_is_known_then_by_its_name(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, VTAP_MODE_TAP);
	scene.underlay = (struct vtap_report_underlay){ .name = "ens5" };
	scene.underlay.allowance[VTAP_ALLOWANCE_PPS] =
		(struct vtap_report_trend){ .is_known = true, .total = 12 };
	scene.snapshot.underlays = &scene.underlay;
	scene.snapshot.n_underlays = 1;
	_auto_free char *text = scene_text(&scene);
	assert_line(text, "vtapd_underlay_up{interface=\"ens5\"} 0");
	assert_line(text, "vtapd_underlay_allowance_exceeded_packets_total{interface=\"ens5\","
			  "allowance=\"pps_allowance_exceeded\"} 12");
	assert_absent(text, "bw_in_allowance_exceeded");
}

static void test_text_when_a_host_counter_is_unknown_then_absent(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, VTAP_MODE_TAP);
	scene.snapshot.host_counters[VTAP_HOST_UDP_NO_PORTS] =
		(struct vtap_report_trend){ .is_known = true, .total = 0 };
	_auto_free char *text = scene_text(&scene);
	assert_line(text, "vtapd_host_udp_no_ports_total 0");
	assert_absent(text, "vtapd_host_softnet_dropped_total ");
}

static void test_text_when_a_condition_holds_then_1_and_0_for_all_others(void **state)
{
	struct scene scene;
	char line[128];

	(void)state;
	scene_init(&scene, VTAP_MODE_TAP);
	scene.finding.condition = VTAP_CONDITION_ALLOW_ANY;
	scene.findings = (struct vtap_findings){ .finding = &scene.finding, .n = 1 };
	_auto_free char *text = scene_text(&scene);
	for (int i = 0; i < VTAP_CONDITION_COUNT; i++) {
		const struct vtap_condition_row *row = vtap_condition_row((enum vtap_condition)i);

		(void)snprintf(line, sizeof(line), /* fits */
			"vtapd_condition{condition=\"%s\",severity=\"%s\"} %d", row->id,
			vtap_severity_name(row->severity), i == VTAP_CONDITION_ALLOW_ANY);
		assert_line(text, line);
	}
}

static void test_text_when_of_the_daemon_then_exactly_these_lines(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, VTAP_MODE_TAP);
	scene.snapshot.drain.is_draining = true;
	scene.snapshot.n_repairs = 3;
	scene.snapshot.process = (struct vtap_report_process){
		.n_reloads = 4,
		.n_reloads_refused = 5,
		.n_turns = 6,
		.n_plan_steps = 7,
		.n_news_lost = 8,
		.loop_lag_ns = 1500,
		.cpu_ns = 61 * VTAP_NS_PER_S,
		.resident_bytes = 4096,
		.n_fds = 9,
	};
	_auto_free char *text = scene_text(&scene);
	assert_line(text, "vtapd_healthy 1");
	assert_line(text, "vtapd_draining 1");
	assert_line(text, "vtapd_repairs_total 3");
	assert_line(text, "vtapd_reloads_total{result=\"applied\"} 4");
	assert_line(text, "vtapd_reloads_total{result=\"refused\"} 5");
	assert_line(text, "vtapd_config_timestamp_seconds 1795169050");
	assert_line(text, "vtapd_reconcile_turns_total 6");
	assert_line(text, "vtapd_plan_steps 7");
	assert_line(text, "vtapd_netlink_news_lost_total 8");
	assert_line(text, "vtapd_loop_lag_seconds 0.0000015");
	assert_line(text, "vtapd_build_info{version=\"1.0.0\"} 1");
	assert_line(text, "vtapd_start_time_seconds 1795169000");
	assert_line(text, "process_cpu_seconds_total 61");
	assert_line(text, "process_resident_memory_bytes 4096");
	assert_line(text, "process_open_fds 9");
	assert_line(text, "process_start_time_seconds 1795169000");
}

/* Whatever LC_NUMERIC is where it runs. */
static void test_text_when_the_locale_writes_commas_then_points_all_the_same(void **state)
{
	struct scene scene;

	(void)state;
	(void)setlocale(
		LC_ALL, "de_DE.UTF-8"); /* where it is not there, there is nothing to test */
	scene_init(&scene, VTAP_MODE_TAP);
	scene.snapshot.process.loop_lag_ns = 250 * VTAP_NS_PER_MS;
	_auto_free char *text = scene_text(&scene);
	(void)setlocale(LC_ALL, "C");
	assert_line(text, "vtapd_loop_lag_seconds 0.25");
}

/* A scraper takes a metric that comes in two pieces for two, and refuses the text. */
static void test_text_when_there_are_many_sessions_then_each_metric_in_one_piece(void **state)
{
	enum { N = 300 };
	_auto_free struct vtap_report_session *reports = calloc(N, sizeof(*reports));
	struct scene scene;
	size_t n_lines = 0;

	(void)state;
	assert_non_null(reports);
	scene_init(&scene, VTAP_MODE_TAP);
	scene.report_session.verdicts[VTAP_VERDICT_INTERFACE_GONE] = 1;
	for (size_t i = 0; i < N; i++)
		reports[i] = scene.report_session;
	scene.snapshot.sessions = reports;
	scene.snapshot.n_sessions = N;
	_auto_free char *text = scene_text(&scene);
	for (int i = 0; i < VTAP_METRIC_COUNT; i++) {
		char head[128];
		const char *first;

		(void)snprintf(head, sizeof(head), "# TYPE %s %s\n", /* fits */
			vtap_metric_row((enum vtap_metric)i)->name,
			vtap_metric_type(vtap_metric_row((enum vtap_metric)i)));
		first = strstr(text, head);
		assert_row(first == NULL || strstr(first + 1, head) == NULL, i);
	}
	for (const char *c = text; *c != '\0'; c++)
		n_lines += *c == '\n';
	assert_true(n_lines > 6 * (size_t)N);
	assert_int_equal(text[strlen(text) - 1], '\n');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_when_a_session_has_frames_then_exactly_these_lines),
		cmocka_unit_test(
			test_text_when_frames_took_one_path_then_the_sessions_parts_are_absent),
		cmocka_unit_test(test_text_when_a_session_waits_and_has_none_then_0_and_no_time),
		cmocka_unit_test(test_text_when_packets_were_dropped_then_received_is_the_sum),
		cmocka_unit_test(
			test_text_when_the_kernel_has_the_packets_then_what_it_hides_is_absent),
		cmocka_unit_test(test_text_when_names_have_odd_bytes_then_escaped_or_replaced),
		cmocka_unit_test(test_text_when_an_allowance_is_known_then_by_its_name),
		cmocka_unit_test(test_text_when_a_host_counter_is_unknown_then_absent),
		cmocka_unit_test(test_text_when_a_condition_holds_then_1_and_0_for_all_others),
		cmocka_unit_test(test_text_when_of_the_daemon_then_exactly_these_lines),
		cmocka_unit_test(test_text_when_the_locale_writes_commas_then_points_all_the_same),
		cmocka_unit_test(
			test_text_when_there_are_many_sessions_then_each_metric_in_one_piece),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
