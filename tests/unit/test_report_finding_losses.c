// SPDX-License-Identifier: Apache-2.0
/*
 * Law: a loss is found while its counter rises, and only then; the sentence has what came since it
 * began, and the remedy can be pasted. None of it breaks health.
 */
#include "tests/unit/cmocka_with.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "report/finding.h"
#include "tests/unit/pasteable.h"

#define NOW_NS      (100000 * VTAP_NS_PER_S)
#define NOW_WALL_NS (1700471643 * VTAP_NS_PER_S) /* Nov 20 2023 09:14:03 UTC */
#define SINCE       ", since Nov 20 09:12, the last one 40 s ago"

/** RISES - by one within the last minute, by n since two minutes */
#define RISES(n)                                                                                   \
	((struct vtap_report_trend){ .is_known = true,                                             \
		.total = 1000000 + (n),                                                            \
		.recent = 1,                                                                       \
		.since_mono_ns = NOW_NS - 120 * VTAP_NS_PER_S,                                     \
		.last_mono_ns = NOW_NS - 40 * VTAP_NS_PER_S,                                       \
		.risen = (n) })

/** struct scene - two targets, each with a session, and an underlay; all is well */
struct scene {
	struct vtap_target target[2];
	struct vtap_session session[2];
	struct vtap_conf conf;
	struct vtap_prefix allow, seen[2];
	struct vtap_report_target report_target[2];
	struct vtap_report_session report_session[2];
	struct vtap_report_underlay underlay[2];
	struct vtap_snapshot snapshot;
};

static void scene_init(struct scene *scene)
{
	*scene = (struct scene){
		.target = { { .name = "default",
				    .port = 4789,
				    .n_allow = 1,
				    .place = { "/etc/vtapd/vtapd.conf", 4 } },
			{ .name = "other", .port = 4790, .n_allow = 1 } },
		.session = { { .name = "web", .interface = "mirror-web" },
			{ .name = "db", .interface = "mirror-db" } },
		.conf.health.require = VTAP_REQUIRE_ANY,
		.underlay = { { .name = "ens5", .is_up = true, .is_used = true },
			{ .name = "ens6", .is_up = true, .is_used = true } },
	};
	for (size_t i = 0; i < 2; i++) {
		scene->target[i].allow = &scene->allow;
		scene->report_target[i] = (struct vtap_report_target){ .target = &scene->target[i],
			.state.state = "ready" };
		scene->report_session[i] = (struct vtap_report_session){
			.session = &scene->session[i],
			.target = &scene->target[i],
			.state.state = "ready",
		};
	}
	scene->snapshot = (struct vtap_snapshot){
		.conf = &scene->conf,
		.now_mono_ns = NOW_NS,
		.now_wall_ns = NOW_WALL_NS,
		.targets = scene->report_target,
		.n_targets = 1,
		.sessions = scene->report_session,
		.n_sessions = 1,
		.underlays = scene->underlay,
		.n_underlays = 1,
	};
}

/* Makes one or two things go wrong; @n: a variant. */
typedef void spoil_fn(struct scene *scene);

static void spoil_socket(struct scene *scene)
{
	scene->report_target[0].trends[VTAP_VERDICT_SOCKET_FULL] = RISES(2454);
}

static void spoil_socket_that_is_full_now(struct scene *scene)
{
	spoil_socket(scene);
	scene->report_target[0].trends[VTAP_VERDICT_SOCKET_FULL].last_mono_ns =
		NOW_NS - VTAP_NS_PER_S;
}

static void spoil_large_socket(struct scene *scene)
{
	spoil_socket(scene);
	scene->target[0].receive_buffer_bytes = 256ULL << 20;
}

static void spoil_largest_socket(struct scene *scene)
{
	spoil_socket(scene);
	scene->target[0].receive_buffer_bytes = 1ULL << 30;
}

static void spoil_second_target(struct scene *scene)
{
	scene->snapshot.n_targets = 2;
	scene->report_target[1].trends[VTAP_VERDICT_SOCKET_FULL] = RISES(1);
}

static void spoil_host(struct scene *scene, enum vtap_host_counter counter, uint64_t n)
{
	scene->snapshot.host_counters[counter] = RISES(n);
}

static void spoil_queue(struct scene *scene)
{
	spoil_host(scene, VTAP_HOST_SOFTNET_DROPPED, 7);
}

static void spoil_handover(struct scene *scene)
{
	spoil_queue(scene);
	scene->report_target[0].trends[VTAP_VERDICT_LOST_IN_HANDOVER] = RISES(5);
}

static void spoil_handover_without_a_full_queue(struct scene *scene)
{
	scene->report_target[0].trends[VTAP_VERDICT_LOST_IN_HANDOVER] = RISES(5);
}

static void spoil_allowance(struct scene *scene)
{
	scene->underlay[0].allowance[VTAP_ALLOWANCE_BW_IN] = RISES(4);
	scene->underlay[0].allowance[VTAP_ALLOWANCE_BW_OUT] = RISES(9);
	scene->underlay[0].allowance[VTAP_ALLOWANCE_PPS] = RISES(1200);
}

static void spoil_allowance_of_what_goes_out(struct scene *scene)
{
	scene->underlay[0].allowance[VTAP_ALLOWANCE_BW_OUT] = RISES(9);
	scene->underlay[0].allowance[VTAP_ALLOWANCE_LINKLOCAL] = RISES(9);
}

static void spoil_filter(struct scene *scene)
{
	spoil_host(scene, VTAP_HOST_IP_REVERSE_PATH_FILTER, 3);
	scene->underlay[0].drops_by_reverse_path = true;
}

static void spoil_filters(struct scene *scene)
{
	spoil_filter(scene);
	scene->snapshot.n_underlays = 2;
	scene->underlay[1].drops_by_reverse_path = true;
	memcpy(scene->underlay[0].name, "bond0.7", sizeof("bond0.7"));
}

static void spoil_filter_of_others(struct scene *scene)
{
	spoil_host(scene, VTAP_HOST_IP_REVERSE_PATH_FILTER, 3);
}

static void spoil_checksum(struct scene *scene)
{
	spoil_host(scene, VTAP_HOST_UDP_IN_CSUM_ERRORS, 1);
	scene->snapshot.n_underlays = 2; /* none to name */
}

static void spoil_tracking(struct scene *scene)
{
	scene->report_target[0].port_tracked = VTAP_ON;
}

static void spoil_tracking_that_is_not_known(struct scene *scene)
{
	scene->report_target[0].port_tracked = VTAP_UNKNOWN;
}

static void spoil_vni(struct scene *scene)
{
	scene->report_target[0].trends[VTAP_VERDICT_UNKNOWN_VNI] = RISES(8891);
	scene->report_target[0].n_unknown_vnis = 1;
	scene->report_target[0].unknown_vnis[0] = 5569041;
}

static void spoil_few_vnis(struct scene *scene)
{
	spoil_vni(scene);
	scene->report_target[0].n_unknown_vnis = 3;
	scene->report_target[0].unknown_vnis[1] = 5569042;
	scene->report_target[0].unknown_vnis[2] = 5569050;
}

static void spoil_one_vni_too_many(struct scene *scene)
{
	spoil_few_vnis(scene);
	scene->report_target[0].n_unknown_vnis = 4;
}

static void spoil_vni_before_the_mode_changed(struct scene *scene)
{
	spoil_vni(scene);
	scene->target[0].mode = VTAP_MODE_VXLAN;
}

static void spoil_vnis(struct scene *scene)
{
	spoil_few_vnis(scene);
	scene->report_target[0].n_unknown_vnis = 1024;
	scene->report_target[0].has_more_unknown_vnis = true;
}

static void spoil_vnis_that_were_forgotten(struct scene *scene)
{
	spoil_vni(scene);
	scene->report_target[0].n_unknown_vnis = 0;
}

static void spoil_source(struct scene *scene)
{
	scene->report_target[0].trends[VTAP_VERDICT_UNKNOWN_SOURCE] = RISES(1);
}

static void spoil_source_of_a_session(struct scene *scene)
{
	static struct vtap_range vni = { .first = 4321, .last = 4321 };

	spoil_source(scene);
	scene->session[0].vnis = &vni;
	scene->session[0].n_vnis = 1;
	scene->report_target[0].kept_out =
		(struct vtap_report_kept_out){ .is_known = true, .vni = 4321 };
	assert_int_equal(
		vtap_addr_parse("172.31.4.2", &scene->report_target[0].kept_out.source), 0);
}

static void spoil_outsiders(struct scene *scene)
{
	scene->report_target[0].trends[VTAP_VERDICT_NOT_ALLOWED] = RISES(50);
}

/* Who sent most, of @n. */
static void outsiders_name(struct scene *scene, size_t n)
{
	static const char *const SOURCES[VTAP_REPORT_REFUSED_NAMED] = { "172.31.4.2", "fd00::1",
		"10.9.0.1" };
	struct vtap_report_refused *refused = &scene->report_target[0].refused;

	spoil_outsiders(scene);
	refused->n = n;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(SOURCES); i++)
		assert_int_equal(vtap_addr_parse(SOURCES[i], &refused->source[i]), 0);
}

static void spoil_outsider(struct scene *scene)
{
	outsiders_name(scene, 1);
}

static void spoil_three_outsiders(struct scene *scene)
{
	outsiders_name(scene, 3);
}

static void spoil_many_outsiders(struct scene *scene)
{
	outsiders_name(scene, 4);
	scene->report_target[0].refused.has_more = true;
}

static void spoil_outsider_beside_others(struct scene *scene)
{
	spoil_outsider(scene);
	scene->report_target[0].trends[VTAP_VERDICT_DELIVERED] = RISES(1);
}

static void spoil_outsiders_beside_others(struct scene *scene)
{
	spoil_outsiders(scene);
	scene->report_target[0].trends[VTAP_VERDICT_DELIVERED] = RISES(1);
}

static void spoil_outsiders_of_the_other(struct scene *scene)
{
	scene->snapshot.n_targets = 2;
	scene->snapshot.n_underlays = 2; /* none to name */
	scene->report_target[1].trends[VTAP_VERDICT_NOT_ALLOWED] = RISES(1);
	scene->report_target[0].trends[VTAP_VERDICT_DELIVERED] = RISES(1);
}

static void spoil_few_frames(struct scene *scene)
{
	scene->report_session[0].truncated_trend = RISES(12);
	scene->report_session[0].delivered_trend = RISES(5000);
	scene->report_session[0].delivered_trend.recent = 101;
}

static void spoil_frames(struct scene *scene)
{
	scene->snapshot.n_sessions = 2;
	scene->report_session[1].truncated_trend = RISES(12);
}

static void spoil_decapsulation(struct scene *scene)
{
	scene->target[0].mode = VTAP_MODE_VXLAN;
	scene->report_session[0].decap_trend = RISES(12);
}

static void spoil_decapsulation_of_few(struct scene *scene)
{
	spoil_decapsulation(scene);
	scene->snapshot.n_underlays = 2; /* none to name */
	scene->report_session[0].delivered_trend = RISES(5000);
	scene->report_session[0].delivered_trend.recent = 101;
}

static void spoil_underlay(struct scene *scene)
{
	scene->underlay[0].is_up = false;
}

static void spoil_underlay_that_nobody_used(struct scene *scene)
{
	scene->underlay[0].is_up = scene->underlay[0].is_used = false;
}

static void spoil_answers(struct scene *scene)
{
	spoil_host(scene, VTAP_HOST_ICMP_OUT_UNREACHABLE, 12);
	spoil_host(scene, VTAP_HOST_UDP_NO_PORTS, 1500);
}

static void spoil_answers_of_a_port(struct scene *scene)
{
	spoil_answers(scene);
	scene->report_target[0].state =
		(struct vtap_report_state){ .state = "waiting", .reason = "none of the register" };
}

static void spoil_answers_of_a_port_that_is_held(struct scene *scene)
{
	spoil_answers_of_a_port(scene);
	scene->report_target[0].is_fast = true;
}

static void spoil_answers_without_a_device(struct scene *scene)
{
	spoil_answers(scene);
	scene->target[0].mode = VTAP_MODE_VXLAN;
}

static void spoil_answers_with_a_device(struct scene *scene)
{
	spoil_answers_without_a_device(scene);
	scene->report_session[0].interface_index = 7;
}

static void spoil_answers_to_others(struct scene *scene)
{
	spoil_host(scene, VTAP_HOST_ICMP_OUT_UNREACHABLE, 12);
}

static void spoil_missed_ports_that_nobody_hears_of(struct scene *scene)
{
	spoil_host(scene, VTAP_HOST_UDP_NO_PORTS, 1500);
}

static void spoil_allow(struct scene *scene)
{
	scene->target[0].n_allow = 0;
}

static void spoil_allow_with_sources(struct scene *scene)
{
	spoil_allow(scene);
	assert_int_equal(vtap_prefix_parse("10.0.0.0/16", &scene->seen[0]), 0);
	assert_int_equal(vtap_prefix_parse("2001:db8:1::/48", &scene->seen[1]), 0);
	scene->report_target[0].seen = scene->seen;
	scene->report_target[0].n_seen = 2;
}

static void spoil_allow_with_a_line_that_says_any(struct scene *scene)
{
	spoil_allow_with_sources(scene);
	scene->target[0].allow_place =
		(struct vtap_place){ .file = "/etc/vtapd/vtapd.conf", .line = 25 };
}

static void spoil_allow_with_scattered_sources(struct scene *scene)
{
	spoil_allow_with_sources(scene);
	scene->report_target[0].seen_is_cut = true;
}

static void spoil_what_is_over(struct scene *scene)
{
	for (int i = 0; i < VTAP_VERDICT_COUNT; i++)
		scene->report_target[0].trends[i] =
			(struct vtap_report_trend){ .is_known = true, .total = 1000000 };
	for (int i = 0; i < VTAP_HOST_COUNT; i++)
		scene->snapshot.host_counters[i] =
			(struct vtap_report_trend){ .is_known = true, .total = 1000000 };
	scene->underlay[0].drops_by_reverse_path = true;
}

/** struct row - what is found: "" for nothing */
struct row {
	spoil_fn *spoil;
	const char *id, *subject, *sentence, *remedy;
};

#define ICMP_REMEDY                                                                                \
	"sudo timeout 30 tcpdump -nni ens5 'icmp[icmptype] = icmp-unreach or icmp6[0] = 1' # "     \
	"shows whom, and for which port"
#define BACKLOG_REMEDY                                                                             \
	"sudo sysctl -w net.core.netdev_max_backlog=16384 # and the same in /etc/sysctl.d"

static const struct row ROWS[] = {
	{ spoil_socket, "socket-drops", "default",
		"2,454 packets dropped because a worker's socket was full" SINCE,
		"receive-buffer = 64M ; or more `workers`, in [target default], vtapd.conf:4; "
		"then: sudo vtapctl reload" },
	{ spoil_socket_that_is_full_now, "socket-drops", "default",
		"2,454 packets dropped because a worker's socket was full, since Nov 20 09:12, "
		"going on",
		"receive-buffer = 64M ; or more `workers`, in [target default], vtapd.conf:4; "
		"then: sudo vtapctl reload" },
	{ spoil_large_socket, "socket-drops", "default",
		"2,454 packets dropped because a worker's socket was full" SINCE,
		"receive-buffer = 512M ; or more `workers`, in [target default], vtapd.conf:4; "
		"then: sudo vtapctl reload" },
	{ spoil_largest_socket, "socket-drops", "default",
		"2,454 packets dropped because a worker's socket was full" SINCE,
		"# more `workers` in [target default], vtapd.conf:4, then: sudo vtapctl reload; or "
		"another target" },
	{ spoil_second_target, "socket-drops", "other",
		"target other: 1 packet dropped because a worker's socket was full" SINCE,
		"receive-buffer = 64M ; or more `workers`, in a section [target other] of "
		"vtapd.conf; then: sudo vtapctl reload" },
	{ spoil_queue, "host-drops", "",
		"this host dropped 7 packets because a processor's queue was full, mirrored ones "
		"maybe among them" SINCE,
		BACKLOG_REMEDY },
	{ spoil_handover, "backlog-drops", "default",
		"5 frames did not come past the sensors while a processor's queue was full" SINCE,
		BACKLOG_REMEDY },
	{ spoil_handover_without_a_full_queue, "", "", "", "" },
	{ spoil_allowance, "ena-allowance", "ens5",
		"ens5: AWS dropped packets beyond what this instance is allowed: 4 "
		"bw_in_allowance_exceeded, 1,200 pps_allowance_exceeded" SINCE,
		"ethtool -S ens5 | grep allowance # then a larger instance type, or more targets "
		"behind the load balancer" },
	{ spoil_allowance_of_what_goes_out, "", "", "", "" },
	{ spoil_filter, "rp-filter", "",
		"3 packets dropped by strict reverse path filtering, which is on for ens5" SINCE,
		"sudo sysctl -w net.ipv4.conf.ens5.rp_filter=2" },
	{ spoil_filters, "rp-filter", "",
		"3 packets dropped by strict reverse path filtering, which is on for bond0.7, "
		"ens6" SINCE,
		"sudo sysctl -w net/ipv4/conf/bond0.7/rp_filter=2" },
	{ spoil_filter_of_others, "", "", "", "" },
	{ spoil_checksum, "udp-checksum", "",
		"this host dropped 1 UDP packet with a wrong checksum, mirrored ones maybe among "
		"them" SINCE,
		"sudo timeout 30 tcpdump -nnvvi any udp | grep 'bad udp cksum' # shows who sends "
		"them" },
	{ spoil_tracking, "conntrack", "default",
		"this host tracks connections of UDP port 4789, an entry for each outer flow",
		"sudo nft 'table inet vtapd_notrack { chain prerouting { type filter hook "
		"prerouting "
		"priority raw; udp dport 4789 notrack; }; }'" },
	{ spoil_tracking_that_is_not_known, "", "", "", "" },
	{ spoil_vni, "unknown-vni", "default",
		"8,891 frames of VNI 5569041 that no session takes" SINCE,
		"vtapctl unknown # prints the session that would take them" },
	{ spoil_few_vnis, "unknown-vni", "default",
		"8,891 frames of VNIs 5569041, 5569042 and 5569050 that no session takes" SINCE,
		"vtapctl unknown # prints the session that would take them" },
	{ spoil_one_vni_too_many, "unknown-vni", "default",
		"8,891 frames of VNIs 5569041, 5569042, 5569050 and 1 other that no session "
		"takes" SINCE,
		"vtapctl unknown # prints the session that would take them" },
	{ spoil_vnis, "unknown-vni", "default",
		"8,891 frames of VNIs 5569041, 5569042, 5569050 and 1,021 or more others that no "
		"session takes" SINCE,
		"vtapctl unknown # prints the session that would take them" },
	{ spoil_vnis_that_were_forgotten, "unknown-vni", "default",
		"8,891 frames of VNIs that no session takes" SINCE,
		"vtapctl unknown # prints the session that would take them" },
	{ spoil_source, "unknown-source", "default",
		"1 frame that only their source keeps out" SINCE,
		"vtapctl unknown # then `source` of the session, or a session for the others" },
	{ spoil_source_of_a_session, "unknown-source", "default",
		"1 frame that only their source keeps out, the last of VNI 4321 (session web) "
		"from 172.31.4.2" SINCE,
		"vtapctl unknown # then `source` of the session, or a session for the others" },
	{ spoil_outsiders, "not-allowed", "default",
		"nothing delivered in the last minute, and 50 packets from outside `allow` "
		"dropped" SINCE,
		"sudo timeout 10 tcpdump -nni ens5 -c 20 udp port 4789 # who sends; then their "
		"networks into `allow` in [target default], vtapd.conf:4" },
	{ spoil_outsider, "not-allowed", "default",
		"nothing delivered in the last minute, and 50 packets from outside `allow` "
		"dropped, from 172.31.4.2" SINCE,
		"allow = 172.31.4.2 ; or their network, in [target default], vtapd.conf:4, if they "
		"belong to the mirror; then: sudo vtapctl reload" },
	{ spoil_three_outsiders, "not-allowed", "default",
		"nothing delivered in the last minute, and 50 packets from outside `allow` "
		"dropped, from 172.31.4.2, fd00::1 and 10.9.0.1" SINCE,
		"allow = 172.31.4.2 fd00::1 10.9.0.1 ; or their network, in [target default], "
		"vtapd.conf:4, if they belong to the mirror; then: sudo vtapctl reload" },
	{ spoil_many_outsiders, "not-allowed", "default",
		"nothing delivered in the last minute, and 50 packets from outside `allow` "
		"dropped, most from 172.31.4.2, fd00::1, 10.9.0.1 and 1 or more others" SINCE,
		"sudo timeout 10 tcpdump -nni ens5 -c 20 udp port 4789 # who sends; then their "
		"networks into `allow` in [target default], vtapd.conf:4" },
	{ spoil_outsider_beside_others, "not-allowed, a note", "default",
		"50 packets from outside `allow` dropped, from 172.31.4.2" SINCE,
		"sudo timeout 10 tcpdump -nni ens5 -c 20 udp port 4789 # who sends; then their "
		"networks into `allow` in [target default], vtapd.conf:4" },
	{ spoil_outsiders_beside_others, "not-allowed, a note", "default",
		"50 packets from outside `allow` dropped" SINCE,
		"sudo timeout 10 tcpdump -nni ens5 -c 20 udp port 4789 # who sends; then their "
		"networks into `allow` in [target default], vtapd.conf:4" },
	{ spoil_outsiders_of_the_other, "not-allowed", "other",
		"target other: nothing delivered in the last minute, and 1 packet from outside "
		"`allow` dropped" SINCE,
		"sudo timeout 10 tcpdump -nni any -c 20 udp port 4790 # who sends; then their "
		"networks into `allow` in a section [target other] of vtapd.conf" },
	{ spoil_few_frames, "truncated, a note", "web",
		"session web: 12 frames came cut short from the source, fewer than 1 % of the "
		"last minute's" SINCE,
		"aws ec2 describe-traffic-mirror-sessions # a larger PacketLength; or on the "
		"sources an MTU of 8486 (behind an NLB), 8947 (one interface)" },
	{ spoil_frames, "truncated", "db",
		"session db: 12 frames came cut short from the source" SINCE,
		"aws ec2 describe-traffic-mirror-sessions # a larger PacketLength; or on the "
		"sources an MTU of 8486 (behind an NLB), 8947 (one interface)" },
	{ spoil_decapsulation, "decap-error", "web",
		"session web: mirror-web dropped 12 packets with a receive error" SINCE,
		"sudo timeout 10 tcpdump -c 20 -nvi ens5 -T vxlan udp port 4789 # short frames: a "
		"larger PacketLength; outer tos 0x3: ECN on the way; or mode = tap, which shows "
		"them all" },
	{ spoil_decapsulation_of_few, "decap-error, a note", "web",
		"session web: mirror-web dropped 12 packets with a receive error, fewer than 1 % "
		"of the last minute's" SINCE,
		"sudo timeout 10 tcpdump -c 20 -nvi any -T vxlan udp port 4789 # short frames: a "
		"larger PacketLength; outer tos 0x3: ECN on the way; or mode = tap, which shows "
		"them all" },
	{ spoil_underlay, "underlay-down", "ens5", "ens5 is down: no packet comes in there",
		"sudo ip link set ens5 up" },
	{ spoil_underlay_that_nobody_used, "", "", "", "" },
	{ spoil_vni_before_the_mode_changed, "", "", "", "" },
	{ spoil_answers, "host-answers, a note", "",
		"this host sent 12 ICMP unreachable messages while 1,500 UDP packets found no "
		"port; if mirrored ones are among them, production is answered" SINCE,
		ICMP_REMEDY },
	{ spoil_answers_of_a_port, "host-answers", "",
		"this host sent 12 ICMP unreachable messages while 1,500 UDP packets found no "
		"port; nobody listens on UDP 4789 of target default, so production is "
		"answered" SINCE,
		ICMP_REMEDY },
	{ spoil_answers_of_a_port_that_is_held, "host-answers, a note", "",
		"this host sent 12 ICMP unreachable messages while 1,500 UDP packets found no "
		"port; if mirrored ones are among them, production is answered" SINCE,
		ICMP_REMEDY },
	{ spoil_answers_without_a_device, "host-answers", "",
		"this host sent 12 ICMP unreachable messages while 1,500 UDP packets found no "
		"port; nobody listens on UDP 4789 of target default, so production is "
		"answered" SINCE,
		ICMP_REMEDY },
	{ spoil_answers_with_a_device, "host-answers, a note", "",
		"this host sent 12 ICMP unreachable messages while 1,500 UDP packets found no "
		"port; if mirrored ones are among them, production is answered" SINCE,
		ICMP_REMEDY },
	{ spoil_answers_to_others, "", "", "", "" },
	{ spoil_missed_ports_that_nobody_hears_of, "", "", "", "" },
	{ spoil_allow, "allow-any", "default",
		"any host that reaches UDP 4789 can put frames before the sensors",
		"# allow = PREFIX of the mirror sources, in [target default], vtapd.conf:4" },
	{ spoil_allow_with_sources, "allow-any", "default",
		"any host that reaches UDP 4789 can put frames before the sensors",
		"allow = 10.0.0.0/16 2001:db8:1::/48 ; in [target default], vtapd.conf:4; covers "
		"every source seen so far" },
	{ spoil_allow_with_a_line_that_says_any, "allow-any", "default",
		"any host that reaches UDP 4789 can put frames before the sensors",
		"allow = 10.0.0.0/16 2001:db8:1::/48 ; instead of vtapd.conf:25; covers every "
		"source seen so far" },
	{ spoil_allow_with_scattered_sources, "allow-any", "default",
		"any host that reaches UDP 4789 can put frames before the sensors",
		"# allow = PREFIX of the mirror sources, in [target default], vtapd.conf:4; those "
		"seen so far lie too far apart for a short list: vtapctl show NAME" },
	{ spoil_what_is_over, "", "", "", "" },
};

static void test_loss_when_its_counter_rises_then_found_with_numbers_and_remedy(void **state)
{
	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(ROWS); i++) {
		struct vtap_findings findings = { 0 };
		struct scene scene;
		char id[64];

		print_message("row %zu\n", i);
		scene_init(&scene);
		ROWS[i].spoil(&scene);
		assert_int_equal(vtap_findings_make(&scene.snapshot, &findings), 0);
		assert_true(vtap_findings_are_healthy(&findings));
		if (ROWS[i].id[0] == '\0') {
			assert_int_equal(findings.n, 0);
			continue;
		}
		assert_int_equal(findings.n, 1);
		(void)snprintf(id, sizeof(id), "%s%s", /* fits */
			vtap_condition_row(findings.finding[0].condition)->id,
			findings.finding[0].is_minor ? ", a note" : "");
		assert_string_equal(id, ROWS[i].id);
		assert_string_equal(findings.finding[0].subject.name, ROWS[i].subject);
		assert_string_equal(findings.finding[0].sentence, ROWS[i].sentence);
		assert_string_equal(findings.finding[0].remedy, ROWS[i].remedy);
		assert_pasteable(findings.finding[0].remedy, true);
		assert_int_equal(vtap_findings_has(&findings, findings.finding[0].condition),
			!findings.finding[0].is_minor);
		vtap_findings_done(&findings);
	}
}

static const struct vtap_finding *find(const struct vtap_findings *findings,
	enum vtap_condition condition, struct vtap_subject subject)
{
	const struct vtap_finding like = { .condition = condition, .subject = subject };

	return vtap_findings_find(findings, &like);
}

static void test_losses_when_all_at_once_then_each_is_found_by_condition_and_subject(void **state)
{
	enum { N_NOTES = 3 }; /* checksums, answers, and anybody is allowed */
	static spoil_fn *const ALL[] = { spoil_handover, spoil_socket, spoil_allowance,
		spoil_filter, spoil_checksum, spoil_tracking, spoil_vni, spoil_source, spoil_frames,
		spoil_underlay, spoil_answers, spoil_allow };
	struct vtap_findings findings = { 0 };
	struct scene scene;

	(void)state;
	scene_init(&scene);
	for (size_t i = 0; i < VTAP_ARRAY_LEN(ALL); i++)
		ALL[i](&scene);
	assert_int_equal(vtap_findings_make(&scene.snapshot, &findings), 0);
	assert_int_equal(findings.n, VTAP_ARRAY_LEN(ALL));
	for (size_t i = 0; i < findings.n; i++) {
		const struct vtap_finding *finding = &findings.finding[i];

		assert_ptr_equal(find(&findings, finding->condition, finding->subject), finding);
	}
	assert_int_equal(vtap_findings_count(&findings).n_notes, N_NOTES);
	assert_int_equal(vtap_findings_count(&findings).n_findings, VTAP_ARRAY_LEN(ALL) - N_NOTES);
	assert_null(find(&findings, VTAP_CONDITION_TRUNCATED, vtap_subject_session("web")));
	assert_null(find(&findings, VTAP_CONDITION_DRAIN, vtap_subject_host()));
	vtap_findings_done(&findings);
	assert_null(find(&findings, VTAP_CONDITION_TRUNCATED, vtap_subject_session("db")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_loss_when_its_counter_rises_then_found_with_numbers_and_remedy),
		cmocka_unit_test(
			test_losses_when_all_at_once_then_each_is_found_by_condition_and_subject),
	};

	(void)setenv("TZ", "UTC", 1); /* cannot fail: the name is one */
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
