// SPDX-License-Identifier: Apache-2.0
/*
 * Law: what is wrong is decided in one place, from a snapshot; only what another target would do
 * better breaks health, and only what the configuration asks for.
 */
#include "tests/unit/cmocka_with.h"

#include <string.h>

#include "base/clock.h"
#include "report/finding.h"
#include "tests/unit/pasteable.h"

#define NOW_NS (100000 * VTAP_NS_PER_S)

/** struct scene - a healthy target with one session, to be spoilt */
struct scene {
	struct vtap_target target;
	struct vtap_session session;
	struct vtap_conf conf;
	struct vtap_prefix allow;
	struct vtap_report_target report_target;
	struct vtap_report_session report_session;
	struct vtap_snapshot snapshot;
	struct vtap_findings findings;
};

static void scene_init(struct scene *scene)
{
	memset(scene, 0, sizeof(*scene));
	scene->target = (struct vtap_target){ .name = "default", .port = 4789, .n_allow = 1 };
	scene->target.allow = &scene->allow;
	scene->target.place = (struct vtap_place){ .file = "/etc/vtapd/vtapd.conf", .line = 4 };
	scene->session = (struct vtap_session){ .name = "web",
		.interface = "mirror-web",
		.is_required = true,
		.place = { .file = "/etc/vtapd/conf.d/web.conf", .line = 1 },
		.interface_place = { .file = "/etc/vtapd/conf.d/web.conf", .line = 3 } };
	scene->conf.health.require = VTAP_REQUIRE_ANY;
	scene->report_target = (struct vtap_report_target){
		.target = &scene->target, .state.state = "ready", .n_workers = 2
	};
	scene->report_session = (struct vtap_report_session){ .session = &scene->session,
		.target = &scene->target,
		.state.state = "ready",
		.last_mono_ns = NOW_NS - VTAP_NS_PER_S,
		.n_sensors = 1 };
	scene->snapshot = (struct vtap_snapshot){ .conf = &scene->conf,
		.now_mono_ns = NOW_NS,
		.started_mono_ns = NOW_NS - 3600 * VTAP_NS_PER_S,
		.targets = &scene->report_target,
		.n_targets = 1,
		.sessions = &scene->report_session,
		.n_sessions = 1 };
}

static void session_waits(struct scene *scene, const char *reason, const char *message)
{
	scene->report_session.state = (struct vtap_report_state){
		.state = "waiting", .reason = reason, .message = message
	};
}

static void target_waits(struct scene *scene, const char *reason)
{
	scene->report_target.state = (struct vtap_report_state){
		.state = "waiting", .reason = reason, .message = "eth0 is not there"
	};
	session_waits(scene, reason, "eth0 is not there");
}

/* What is found, as "id! id": those with an exclamation mark break health. */
static void assert_found(struct scene *scene, const char *wanted)
{
	char text[512] = "";

	assert_int_equal(vtap_findings_make(&scene->snapshot, &scene->findings), 0);
	for (size_t i = 0; i < scene->findings.n; i++) {
		const struct vtap_finding *finding = &scene->findings.finding[i];
		size_t used = strlen(text);

		assert_true(finding->sentence[0] != '\0' && finding->remedy[0] != '\0');
		assert_pasteable(finding->remedy, true);
		(void)snprintf(text + used, sizeof(text) - used, "%s%s%s", used > 0 ? " " : "",
			vtap_condition_row(finding->condition)->id,
			finding->breaks_health ? "!" : ""); /* fits */
	}
	assert_string_equal(text, wanted);
	assert_true(vtap_findings_are_healthy(&scene->findings) == (strchr(text, '!') == NULL));
}

static void scene_check(void (*spoil)(struct scene *scene), unsigned require, const char *wanted)
{
	struct scene scene;

	scene_init(&scene);
	if (require != 0)
		scene.conf.health.require = require;
	spoil(&scene);
	assert_found(&scene, wanted);
	vtap_findings_done(&scene.findings);
}

static void spoil_nothing(struct scene *scene)
{
	(void)scene;
}

static void spoil_sessions(struct scene *scene)
{
	scene->snapshot.n_sessions = 0;
}

static void spoil_session(struct scene *scene)
{
	session_waits(scene, "session-waiting", "mirror-web: Operation not permitted");
}

static void spoil_name(struct scene *scene)
{
	session_waits(scene, "interface-foreign",
		"mirror-web is a dummy interface that vtapd did not make; left alone");
}

static void spoil_optional_session(struct scene *scene)
{
	spoil_session(scene);
	scene->session.is_required = false;
}

static void spoil_underlay(struct scene *scene)
{
	target_waits(scene, "underlay-missing");
}

static void spoil_worker(struct scene *scene)
{
	scene->report_target.n_stalled = 1;
}

static void spoil_sensor(struct scene *scene)
{
	scene->report_session.n_sensors = 0;
}

static void spoil_traffic(struct scene *scene)
{
	scene->report_session.last_mono_ns = NOW_NS - 61 * VTAP_NS_PER_S;
}

static void spoil_traffic_at_the_start(struct scene *scene)
{
	scene->report_session.last_mono_ns = 0;
	scene->snapshot.started_mono_ns = NOW_NS - 59 * VTAP_NS_PER_S;
}

static void spoil_much_that_is_no_reason(struct scene *scene)
{
	scene->target.n_allow = 0;
	scene->snapshot.refused_wall_ns = 1;
	scene->snapshot.n_refused_mistakes = 5;
	scene->snapshot.health_refused = "TCP port 4789: Address already in use";
	scene->snapshot.loop_stall_ns = 7 * VTAP_NS_PER_S;
	scene->snapshot.drain.is_draining = true;
	scene->report_target.verdicts[VTAP_VERDICT_SOCKET_FULL] = 1000000;
	scene->report_target.verdicts[VTAP_VERDICT_UNKNOWN_VNI] = 1000000;
	spoil_sensor(scene);
	spoil_traffic(scene);
}

static void spoil_guard(struct scene *scene)
{
	scene->snapshot.n_tap_interfaces = 3;
	scene->snapshot.n_guarded = 2;
	scene->snapshot.guard_off_why = "operation not permitted (CAP_BPF)";
}

static void spoil_guard_of_nothing(struct scene *scene)
{
	spoil_guard(scene);
	scene->snapshot.n_tap_interfaces = scene->snapshot.n_guarded = 0;
}

static void spoil_fastpath(struct scene *scene)
{
	scene->report_target.fast_off_why = "operation not permitted (CAP_BPF)";
}

static void spoil_fastpath_that_is_off(struct scene *scene)
{
	spoil_fastpath(scene);
	scene->target.fastpath = VTAP_FASTPATH_OFF;
}

/* The worker carries all frames: sessions go on, and the target is not as it must be. */
static void spoil_fastpath_that_is_required(struct scene *scene)
{
	spoil_fastpath(scene);
	scene->target.fastpath = VTAP_FASTPATH_REQUIRE;
	target_waits(scene, "fastpath-off");
	scene->report_session.state = (struct vtap_report_state){ .state = "ready" };
}

static void spoil_fastpath_of_a_taken_port(struct scene *scene)
{
	spoil_fastpath(scene);
	target_waits(scene, "port-taken");
}

static void spoil_fastpath_that_is_idle(struct scene *scene)
{
	scene->report_target.fast_idle_why = "no packet has arrived yet";
}

static void spoil_chain(struct scene *scene)
{
	static const char *underlay = "eth0";

	scene->report_target.fast_on = &underlay;
	scene->report_target.n_fast_on = 1;
	scene->report_target.bypassed_by = "filter pref 10 on eth0";
}

/* The kernel's device, as it should be. */
static void spoil_nothing_of_the_kernel(struct scene *scene)
{
	scene->target.mode = VTAP_MODE_VXLAN;
	scene->report_target.n_workers = 0;
	scene->report_session.kernel = (struct vtap_report_kernel){
		.is_known = true, .is_guarded = true, .reserved_bits = VTAP_OFF
	};
}

static void spoil_kernel_port(struct scene *scene)
{
	spoil_nothing_of_the_kernel(scene);
	session_waits(scene, "port-taken", "UDP port 4789 is in use by a socket on 0.0.0.0");
}

static void spoil_kernel_port_by_device(struct scene *scene)
{
	spoil_nothing_of_the_kernel(scene);
	session_waits(scene, "port-taken",
		"UDP port 4789 is in use by the vxlan interface vx-9, which is not ours and was "
		"made with other options");
}

static void spoil_kernel_vni_by_odd_device(struct scene *scene)
{
	spoil_nothing_of_the_kernel(scene);
	session_waits(scene, "vni-taken",
		"VNI 5 of UDP port 4789 belongs to the vxlan interface a;reboot, which is not "
		"ours");
}

static void spoil_kernel_vni(struct scene *scene)
{
	spoil_nothing_of_the_kernel(scene);
	session_waits(scene, "vni-taken",
		"VNI 5 of UDP port 4789 belongs to the vxlan interface vx5, which is not ours");
}

static void spoil_kernel_underlay(struct scene *scene)
{
	spoil_nothing_of_the_kernel(scene);
	target_waits(scene, "underlay-missing");
}

static void spoil_merging_underlays(struct scene *scene)
{
	static const char *names[] = { "a", "b", "c", "d", "e", "f" };

	spoil_nothing_of_the_kernel(scene);
	scene->report_target.merging = names;
	scene->report_target.n_merging = VTAP_ARRAY_LEN(names);
	scene->report_target.merging_why = "the driver refuses";
}

static void spoil_merging_device(struct scene *scene)
{
	spoil_nothing_of_the_kernel(scene);
	scene->report_session.kernel.merging = VTAP_MERGING_GRO;
}

static void spoil_reserved_bits(struct scene *scene)
{
	spoil_nothing_of_the_kernel(scene);
	scene->report_session.kernel.reserved_bits = VTAP_UNKNOWN;
}

static void spoil_changed_tunnel(struct scene *scene)
{
	spoil_nothing_of_the_kernel(scene);
	scene->report_session.kernel.reserved_bits = VTAP_ON;
}

/* Without a device nothing is known of what it does. */
static void spoil_unknown_kernel(struct scene *scene)
{
	spoil_nothing_of_the_kernel(scene);
	scene->report_session.kernel = (struct vtap_report_kernel){ .is_known = false };
}

static void spoil_allow(struct scene *scene)
{
	scene->target.n_allow = 0;
}

static void spoil_kernel_allow(struct scene *scene)
{
	spoil_nothing_of_the_kernel(scene);
	spoil_allow(scene);
}

struct expectation {
	void (*spoil)(struct scene *scene);
	unsigned require; /* 0: as shipped */
	const char *wanted;
};

static void test_findings_when_something_is_wrong_then_those_and_no_others(void **state)
{
	static const struct expectation expectations[] = {
		{ spoil_nothing, 0, "" },
		{ spoil_nothing, VTAP_REQUIRE_ALL | VTAP_REQUIRE_SENSORS | VTAP_REQUIRE_TRAFFIC,
			"" },
		{ spoil_sessions, 0, "no-sessions!" },
		{ spoil_sessions, VTAP_REQUIRE_ALL, "no-sessions!" },
		{ spoil_session, 0, "no-sessions! session-waiting" },
		{ spoil_session, VTAP_REQUIRE_ALL, "no-sessions session-waiting!" },
		{ spoil_name, 0, "no-sessions! interface-foreign" },
		{ spoil_optional_session, VTAP_REQUIRE_ALL, "no-sessions session-waiting" },
		{ spoil_underlay, 0, "no-sessions! underlay-missing!" },
		{ spoil_worker, 0, "worker-stalled!" },
		{ spoil_sensor, 0, "" },
		{ spoil_sensor, VTAP_REQUIRE_ANY | VTAP_REQUIRE_SENSORS, "no-sensor!" },
		{ spoil_traffic, 0, "" },
		{ spoil_traffic, VTAP_REQUIRE_ANY | VTAP_REQUIRE_TRAFFIC, "no-traffic!" },
		{ spoil_traffic_at_the_start, VTAP_REQUIRE_TRAFFIC, "" },
		{ spoil_guard, 0, "guard-off" },
		{ spoil_guard, VTAP_REQUIRE_ALL, "guard-off" },
		{ spoil_guard_of_nothing, 0, "" },
		{ spoil_fastpath, 0, "fastpath-off" },
		{ spoil_fastpath, VTAP_REQUIRE_ALL, "fastpath-off" },
		{ spoil_fastpath_that_is_off, 0, "" },
		{ spoil_fastpath_that_is_required, 0, "fastpath-off!" },
		{ spoil_fastpath_of_a_taken_port, 0, "no-sessions! port-taken!" },
		{ spoil_fastpath_that_is_idle, 0, "" },
		{ spoil_chain, 0, "fastpath-bypassed" },
		{ spoil_nothing_of_the_kernel, 0, "" },
		{ spoil_kernel_port, 0, "no-sessions! port-taken" },
		{ spoil_kernel_port, VTAP_REQUIRE_ALL, "no-sessions port-taken!" },
		{ spoil_kernel_vni, 0, "no-sessions! vni-taken" },
		{ spoil_kernel_vni, VTAP_REQUIRE_ALL, "no-sessions vni-taken!" },
		{ spoil_kernel_underlay, 0, "no-sessions! underlay-missing!" },
		{ spoil_merging_underlays, VTAP_REQUIRE_ALL, "gro-merging" },
		{ spoil_merging_device, 0, "gro-merging" },
		{ spoil_reserved_bits, 0, "reserved-bits" },
		{ spoil_unknown_kernel, 0, "" },
		{ spoil_kernel_allow, 0, "allow-any" },
		{ spoil_much_that_is_no_reason, 0,
			"port-taken loop-stalled config-rejected drain allow-any" },
	};

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(expectations); i++) {
		print_message("row %zu\n", i);
		scene_check(expectations[i].spoil, expectations[i].require, expectations[i].wanted);
	}
}

static void test_finding_when_a_name_is_taken_then_sentence_and_remedy_can_be_acted_on(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene);
	spoil_name(&scene);
	assert_int_equal(vtap_findings_make(&scene.snapshot, &scene.findings), 0);
	assert_true(vtap_findings_has(&scene.findings, VTAP_CONDITION_INTERFACE_FOREIGN));
	assert_true(
		vtap_subject_is(&scene.findings.finding[1].subject, VTAP_SUBJECT_SESSION, "web"));
	assert_string_equal(scene.findings.finding[1].sentence,
		"session web cannot be shown: mirror-web is a dummy interface that vtapd did not "
		"make");
	assert_string_equal(scene.findings.finding[1].remedy,
		"sudo ip link del mirror-web # or another `interface` in web.conf:3");
	vtap_findings_done(&scene.findings);
}

/* Somebody wrote down the name of what the host is reached by. */
static void test_finding_when_the_name_taken_is_not_like_ours_then_nobody_is_told_to_delete_it(
	void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene);
	spoil_name(&scene);
	memcpy(scene.session.interface, "eth0", sizeof("eth0"));
	assert_int_equal(vtap_findings_make(&scene.snapshot, &scene.findings), 0);
	assert_string_equal(scene.findings.finding[1].remedy,
		"# another `interface` in web.conf:3, or without: mirror-web; `ip -d link show "
		"eth0` tells whose it is");
	assert_pasteable(scene.findings.finding[1].remedy, false);
	vtap_findings_done(&scene.findings);
}

static void test_finding_when_one_of_several_underlays_is_not_there_then_told_and_healthy(
	void **state)
{
	static const char *missing[] = { "ens5" };
	struct scene scene;

	(void)state;
	scene_init(&scene);
	scene.report_target.missing = missing;
	scene.report_target.n_missing = 1;
	assert_int_equal(vtap_findings_make(&scene.snapshot, &scene.findings), 0);
	assert_int_equal(scene.findings.n, 1);
	assert_int_equal(scene.findings.finding[0].condition, VTAP_CONDITION_UNDERLAY_MISSING);
	assert_string_equal(scene.findings.finding[0].sentence,
		"target default: ens5 is not there: no packet comes in there");
	assert_true(vtap_findings_are_healthy(&scene.findings));
	vtap_findings_done(&scene.findings);
}

static void test_finding_when_workers_stall_then_so_many_of_all(void **state)
{
	static const struct {
		unsigned n, n_stalled;
		const char *sentence;
	} ROWS[] = {
		{ 1, 1, "target default: 1 of 1 worker has not moved for more than 5 s" },
		{ 2, 1, "target default: 1 of 2 workers has not moved for more than 5 s" },
		{ 2, 2, "target default: 2 of 2 workers have not moved for more than 5 s" },
	};

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(ROWS); i++) {
		struct scene scene;

		scene_init(&scene);
		scene.report_target.n_workers = ROWS[i].n;
		scene.report_target.n_stalled = ROWS[i].n_stalled;
		assert_found(&scene, "worker-stalled!");
		assert_string_equal(scene.findings.finding[0].sentence, ROWS[i].sentence);
		vtap_findings_done(&scene.findings);
	}
}

static void test_finding_when_files_are_refused_then_those_are_checked_that_vtapd_reads(
	void **state)
{
	static const struct {
		const char *path, *remedy;
	} ROWS[] = {
		{ "/etc/vtapd/vtapd.conf", "vtapd --check && sudo vtapctl reload" },
		{ "/srv/b.conf", "vtapd -c /srv/b.conf --check && sudo vtapctl reload" },
		{ "/srv/my taps/b.conf",
			"vtapd -c '/srv/my taps/b.conf' --check && sudo vtapctl reload" },
		{ "/srv/it's", "vtapd --check && sudo vtapctl reload" },
	};

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(ROWS); i++) {
		struct scene scene;

		scene_init(&scene);
		scene.snapshot.config_path = ROWS[i].path;
		scene.snapshot.refused_wall_ns = 1;
		scene.snapshot.n_refused_mistakes = 1;
		assert_found(&scene, "config-rejected");
		assert_string_equal(scene.findings.finding[0].remedy, ROWS[i].remedy);
		vtap_findings_done(&scene.findings);
	}
}

struct saying {
	void (*spoil)(struct scene *scene);
	bool is_fast;
	const char *sentence;
	const char *remedy;
};

static void test_finding_when_about_the_kernel_then_sentence_and_remedy_name_the_place(void **state)
{
	static const struct {
		void (*spoil)(struct scene *scene);
		enum vtap_condition condition;
		const char *subject;
		const char *sentence;
		const char *remedy;
	} SAYINGS[] = {
		{ spoil_kernel_port, VTAP_CONDITION_PORT_TAKEN, "default",
			"target default: 1 session cannot be shown: UDP port 4789 is in use by a "
			"socket on 0.0.0.0",
			"sudo ss -ulpn sport = :4789; ip -d link show type vxlan # then end the "
			"other one, or another `port` in [target default], vtapd.conf:4" },
		{ spoil_kernel_port_by_device, VTAP_CONDITION_PORT_TAKEN, "default",
			"target default: 1 session cannot be shown: UDP port 4789 is in use by the "
			"vxlan interface vx-9, which is not ours and was made with other options",
			"sudo ip link del vx-9 # or another `port` in [target default], "
			"vtapd.conf:4" },
		{ spoil_kernel_vni_by_odd_device, VTAP_CONDITION_VNI_TAKEN, "web",
			"session web cannot be shown: VNI 5 of UDP port 4789 belongs to the vxlan "
			"interface a",
			"# ip link del the interface that has it, or another `vni` in web.conf:2" },
		{ spoil_kernel_vni, VTAP_CONDITION_VNI_TAKEN, "web",
			"session web cannot be shown: VNI 5 of UDP port 4789 belongs to the vxlan "
			"interface vx5, which is not ours",
			"sudo ip link del vx5 # or another `vni` in web.conf:2" },
		{ spoil_merging_underlays, VTAP_CONDITION_GRO_MERGING, "default",
			"target default: frames may be merged on a, b, c, d and 2 more, and "
			"sensors see some that were never on the wire: the driver refuses",
			"sudo ethtool -K a gro off # then keep the other program (tuned, "
			"NetworkManager, "
			"a .link file, a start-up script) away from it" },
		{ spoil_merging_device, VTAP_CONDITION_GRO_MERGING, "default",
			"target default: frames may be merged on mirror-web, and sensors see some "
			"that were never on the wire",
			"sudo ethtool -K mirror-web gro off # then keep the other program (tuned, "
			"NetworkManager, a .link file, a start-up script) away from it" },
		{ spoil_reserved_bits, VTAP_CONDITION_RESERVED_BITS, "default",
			"target default: this kernel drops packets with reserved bits uncounted",
			"mode = tap ; in [target default], vtapd.conf:4; or a kernel of 6.14 or "
			"newer" },
		{ spoil_changed_tunnel, VTAP_CONDITION_RESERVED_BITS, "web",
			"session web: mirror-web drops packets with reserved bits since somebody "
			"changed its tunnel",
			"sudo ip link del mirror-web # when its sensors may lose it: vtapd makes "
			"it anew" },
		{ spoil_allow, VTAP_CONDITION_ALLOW_ANY, "default",
			"any host that reaches UDP 4789 can put frames before the sensors",
			"# allow = PREFIX of the mirror sources, in [target default], "
			"vtapd.conf:4" },
		{ spoil_kernel_allow, VTAP_CONDITION_ALLOW_ANY, "default",
			"any host that reaches UDP 4789 can put frames before the sensors",
			"# the security group, or the nftables rules of vtapd(8)" },
	};

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(SAYINGS); i++) {
		const struct vtap_finding *finding;
		struct scene scene;

		print_message("row %zu\n", i);
		scene_init(&scene);
		scene.session.vni_place =
			(struct vtap_place){ .file = "/etc/vtapd/conf.d/web.conf", .line = 2 };
		SAYINGS[i].spoil(&scene);
		assert_int_equal(vtap_findings_make(&scene.snapshot, &scene.findings), 0);
		assert_true(scene.findings.n > 0);
		finding = &scene.findings.finding[scene.findings.n - 1]; /* before it no-sessions */
		assert_int_equal(finding->condition, SAYINGS[i].condition);
		assert_string_equal(finding->subject.name, SAYINGS[i].subject);
		assert_string_equal(finding->sentence, SAYINGS[i].sentence);
		assert_string_equal(finding->remedy, SAYINGS[i].remedy);
		vtap_findings_done(&scene.findings);
	}
}

static void test_finding_when_many_sessions_wait_for_a_port_then_one_of_their_target(void **state)
{
	struct vtap_report_session sessions[3];
	struct vtap_session six;
	struct scene scene;

	(void)state;
	scene_init(&scene);
	spoil_kernel_port(&scene);
	sessions[0] = sessions[1] = sessions[2] = scene.report_session;
	six = scene.session;
	six.family = VTAP_FAMILY_IPV6;
	sessions[2].session = &six;
	sessions[2].state.message = "UDP port 4789 is in use by a socket on ::";
	scene.snapshot.sessions = sessions;
	scene.snapshot.n_sessions = VTAP_ARRAY_LEN(sessions);
	assert_found(&scene, "no-sessions! port-taken port-taken");
	assert_string_equal(scene.findings.finding[1].sentence,
		"target default: 2 sessions cannot be shown: UDP port 4789 is in use by a socket "
		"on "
		"0.0.0.0");
	assert_string_equal(scene.findings.finding[2].sentence,
		"target default: 1 session cannot be shown: UDP port 4789 is in use by a socket on "
		"::");
	vtap_findings_done(&scene.findings);
}

static void test_finding_when_about_a_path_then_sentence_and_remedy_name_the_place(void **state)
{
	static const struct saying sayings[] = {
		{ spoil_guard, true,
			"1 of 3 tap interfaces has no guard: operation not permitted (CAP_BPF)",
			"systemctl show -P AmbientCapabilities vtapd # must name cap_bpf; until "
			"then "
			"run no DHCP server on this host, or bind it to its interface" },
		{ spoil_fastpath, false,
			"target default: the worker carries everything: operation not permitted "
			"(CAP_BPF)",
			"systemctl show -P AmbientCapabilities vtapd # must name cap_bpf; or "
			"accept the worker: fastpath = off in [target default], vtapd.conf:4" },
		{ spoil_fastpath, true,
			"target default: the fast path is not on every underlay: operation not "
			"permitted (CAP_BPF)",
			"systemctl show -P AmbientCapabilities vtapd # must name cap_bpf; or "
			"accept the worker: fastpath = off in [target default], vtapd.conf:4" },
		{ spoil_chain, false,
			"target default: filter pref 10 on eth0 ends the chain before the fast "
			"path; the worker carries everything",
			"tc filter show dev eth0 ingress # give the other filter a priority behind "
			"47, or let it end with `continue` (TC_ACT_UNSPEC)" },
		{ spoil_chain, true,
			"target default: filter pref 10 on eth0 ends the chain before the fast "
			"path; the worker carries what comes in there",
			"tc filter show dev eth0 ingress # give the other filter a priority behind "
			"47, or let it end with `continue` (TC_ACT_UNSPEC)" },
	};

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(sayings); i++) {
		struct scene scene;

		print_message("row %zu\n", i);
		scene_init(&scene);
		scene.report_target.is_fast = sayings[i].is_fast;
		sayings[i].spoil(&scene);
		assert_int_equal(vtap_findings_make(&scene.snapshot, &scene.findings), 0);
		assert_int_equal(scene.findings.n, 1);
		assert_string_equal(scene.findings.finding[0].sentence, sayings[i].sentence);
		assert_string_equal(scene.findings.finding[0].remedy, sayings[i].remedy);
		vtap_findings_done(&scene.findings);
	}
}

/* With thousands of them, each look of the judge finds again what held before. */
static void test_findings_when_one_is_looked_for_then_found_by_condition_and_subject(void **state)
{
	enum { N = 50 };
	struct vtap_report_session reports[N];
	struct vtap_session sessions[N];
	struct scene scene;

	(void)state;
	scene_init(&scene);
	session_waits(&scene, "interface-foreign", "mirror-web is a bridge");
	for (int i = 0; i < N; i++) {
		sessions[i] = scene.session;
		(void)snprintf(sessions[i].name, sizeof(sessions[i].name), "s%d", N - i); /* fits */
		reports[i] = scene.report_session;
		reports[i].session = &sessions[i];
	}
	scene.snapshot.sessions = reports;
	scene.snapshot.n_sessions = N;
	assert_null(vtap_findings_find(&scene.findings, &(struct vtap_finding){ 0 }));
	assert_int_equal(vtap_findings_make(&scene.snapshot, &scene.findings), 0);
	assert_int_equal(scene.findings.n, 1 + N); /* and that no session is ready */
	for (size_t i = 0; i < scene.findings.n; i++) {
		struct vtap_finding like = scene.findings.finding[i];

		assert_ptr_equal(
			vtap_findings_find(&scene.findings, &like), &scene.findings.finding[i]);
		like.subject = vtap_subject_session("other");
		assert_null(vtap_findings_find(&scene.findings, &like));
		like.subject = vtap_subject_target(scene.findings.finding[i].subject.name);
		assert_null(vtap_findings_find(&scene.findings, &like));
	}
	vtap_findings_done(&scene.findings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_findings_when_something_is_wrong_then_those_and_no_others),
		cmocka_unit_test(
			test_finding_when_a_name_is_taken_then_sentence_and_remedy_can_be_acted_on),
		cmocka_unit_test(
			test_finding_when_the_name_taken_is_not_like_ours_then_nobody_is_told_to_delete_it),
		cmocka_unit_test(
			test_finding_when_one_of_several_underlays_is_not_there_then_told_and_healthy),
		cmocka_unit_test(test_finding_when_workers_stall_then_so_many_of_all),
		cmocka_unit_test(
			test_finding_when_files_are_refused_then_those_are_checked_that_vtapd_reads),
		cmocka_unit_test(
			test_finding_when_about_the_kernel_then_sentence_and_remedy_name_the_place),
		cmocka_unit_test(
			test_finding_when_many_sessions_wait_for_a_port_then_one_of_their_target),
		cmocka_unit_test(
			test_finding_when_about_a_path_then_sentence_and_remedy_name_the_place),
		cmocka_unit_test(
			test_findings_when_one_is_looked_for_then_found_by_condition_and_subject),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
