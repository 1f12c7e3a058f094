// SPDX-License-Identifier: Apache-2.0
/*
 * What gets lost, and what will: counters that rose within the last minute, with what helps. The
 * numbers of a sentence are those since it began. None of it breaks health: overload and junk are
 * the same on every target.
 */
#include <inttypes.h>
#include <string.h>

#include "report/finding.h"
#include "report/finding_gather.h"

/* What `receive-buffer = auto` is, and the most that can be set: vtapd.conf(5), in MiB. */
#define BUFFER_AUTO_MIB 32U
#define BUFFER_MAX_MIB  1024U
#define BYTES_OF_MIB    (1ULL << 20)

/* Frames that are cut are only worth knowing where they are fewer than one of so many: behind a
 * balancer some of the jumbo ones always are. */
#define FEW_PART  100
#define FEW_WORDS ", fewer than 1 % of the last minute's"

/* What rose within this time is going on. */
#define GOING_ON_NS (5 * VTAP_NS_PER_S)

/* ---- words ---- */

/* "target default: ", where there is more than one. */
static struct vtap_text_words target_words(
	const struct vtap_gathering *gathering, const struct vtap_target *target)
{
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;

	if (gathering->snapshot->n_targets > 1)
		vtap_text_words_add(&words, "target %s: ", target->name);
	return words;
}

/* ", since Nov 20 09:20, the last one 40 s ago": whoever mended it sees that it has stopped */
static struct vtap_text_words since_words(
	const struct vtap_gathering *gathering, const struct vtap_report_trend *trend)
{
	const struct vtap_snapshot *snapshot = gathering->snapshot;
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;
	uint64_t age_ns = snapshot->now_mono_ns - trend->since_mono_ns;
	uint64_t quiet_ns = snapshot->now_mono_ns - trend->last_mono_ns;

	vtap_text_words_add(&words, ", since %s",
		vtap_text_minute(snapshot->now_wall_ns - age_ns, snapshot->now_wall_ns).text);
	if (quiet_ns < GOING_ON_NS)
		vtap_text_words_add(&words, ", going on");
	else
		vtap_text_words_add(&words, ", the last one %s", vtap_text_age(quiet_ns).text);
	return words;
}

/* The first underlay that a command can be given, or "any", which tcpdump takes as well. */
static const char *underlay_name(const struct vtap_snapshot *snapshot)
{
	return snapshot->n_underlays == 1 ? snapshot->underlays[0].name : "any";
}

/* ---- targets ---- */

static unsigned buffer_mib(const struct vtap_target *target)
{
	if (target->receive_buffer_bytes == VTAP_AUTO)
		return BUFFER_AUTO_MIB;
	return (unsigned)((target->receive_buffer_bytes + BYTES_OF_MIB - 1) / BYTES_OF_MIB);
}

static void gather_socket_drops(
	struct vtap_gathering *gathering, const struct vtap_report_target *report)
{
	const struct vtap_report_trend *trend = &report->trends[VTAP_VERDICT_SOCKET_FULL];
	const struct vtap_target *target = report->target;
	unsigned mib = 2 * buffer_mib(target);
	struct vtap_finding *finding;

	if (trend->recent == 0)
		return;
	finding = vtap_finding_add(gathering, VTAP_CONDITION_SOCKET_DROPS,
		vtap_subject_target(target->name), false,
		"%s%s dropped because a worker's socket was full%s",
		target_words(gathering, target).text,
		vtap_text_counted(trend->risen, "packet").text, since_words(gathering, trend).text);
	if (mib <= BUFFER_MAX_MIB)
		vtap_finding_remedy(finding,
			"receive-buffer = %uM ; or more `workers`, %s; then: sudo vtapctl reload",
			mib, vtap_finding_place(target).text);
	else
		vtap_finding_remedy(finding,
			"# more `workers` %s, then: sudo vtapctl reload; or another target",
			vtap_finding_place(target).text);
}

/* The guard's count is exact; whether a queue was full, only the whole host can tell. */
static void gather_handover(
	struct vtap_gathering *gathering, const struct vtap_report_target *report)
{
	const struct vtap_report_trend *trend = &report->trends[VTAP_VERDICT_LOST_IN_HANDOVER];
	const struct vtap_report_trend *softnet =
		&gathering->snapshot->host_counters[VTAP_HOST_SOFTNET_DROPPED];

	if (trend->recent == 0 || softnet->recent == 0)
		return;
	(void)vtap_finding_add(gathering, VTAP_CONDITION_BACKLOG_DROPS,
		vtap_subject_target(report->target->name), false,
		"%s%s did not come past the sensors while a processor's queue was full%s",
		target_words(gathering, report->target).text,
		vtap_text_counted(trend->risen, "frame").text, since_words(gathering, trend).text);
}

/* "VNI 5", "VNIs 5, 7 and 9", "VNIs 5, 7, 9 and 12 or more others" */
static struct vtap_text_words vni_words(const struct vtap_report_target *report)
{
	size_t n = report->n_unknown_vnis;
	size_t n_named = n < VTAP_REPORT_VNIS_NAMED ? n : VTAP_REPORT_VNIS_NAMED;
	size_t n_others = n - n_named;
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;

	vtap_text_words_add(&words, n == 1 && !report->has_more_unknown_vnis ? "VNI" : "VNIs");
	for (size_t i = 0; i < n_named; i++)
		vtap_text_words_add(&words, "%s%" PRIu32,
			i == 0 ? " "
			: i + 1 == n_named && n_others == 0 && !report->has_more_unknown_vnis
				? " and "
				: ", ",
			report->unknown_vnis[i]);
	if (n_others > 0)
		vtap_text_words_add(&words, " and %s%s %s", vtap_text_count(n_others).text,
			report->has_more_unknown_vnis ? " or more" : "",
			n_others == 1 ? "other" : "others");
	else if (n > 0 && report->has_more_unknown_vnis)
		vtap_text_words_add(&words, " and maybe others");
	return words;
}

/* In mode vxlan nobody counts them. What the last sockets of mode tap still held when it came is of
 * no session either, though one has its VNI. */
static void gather_unknown_vni(
	struct vtap_gathering *gathering, const struct vtap_report_target *report)
{
	const struct vtap_report_trend *trend = &report->trends[VTAP_VERDICT_UNKNOWN_VNI];

	if (trend->recent == 0 || report->target->mode == VTAP_MODE_VXLAN)
		return;
	(void)vtap_finding_add(gathering, VTAP_CONDITION_UNKNOWN_VNI,
		vtap_subject_target(report->target->name), false,
		"%s%s of %s that no session takes%s", target_words(gathering, report->target).text,
		vtap_text_counted(trend->risen, "frame").text, vni_words(report).text,
		since_words(gathering, trend).text);
}

/* The first session of a target that names a VNI, or NULL. */
static const struct vtap_session *session_of(
	const struct vtap_snapshot *snapshot, const struct vtap_target *target, uint32_t vni)
{
	for (size_t i = 0; i < snapshot->n_sessions; i++) {
		const struct vtap_session *session = snapshot->sessions[i].session;

		for (size_t j = 0; j < session->n_vnis; j++)
			if (snapshot->sessions[i].target == target &&
				vni >= session->vnis[j].first && vni <= session->vnis[j].last)
				return session;
	}
	return NULL;
}

/* ", the last of VNI 4321 (session web) from 172.31.4.2" */
static struct vtap_text_words kept_out_words(
	const struct vtap_report_kept_out *kept_out, const struct vtap_session *session)
{
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;
	char source[VTAP_ADDR_TEXT_MAX];

	if (!kept_out->is_known)
		return words;
	vtap_addr_format(&kept_out->source, source);
	vtap_text_words_add(&words, ", the last of VNI %" PRIu32, kept_out->vni);
	if (session != NULL)
		vtap_text_words_add(&words, " (session %s)", session->name);
	vtap_text_words_add(&words, " from %s", source);
	return words;
}

static void gather_unknown_source(
	struct vtap_gathering *gathering, const struct vtap_report_target *report)
{
	const struct vtap_report_trend *trend = &report->trends[VTAP_VERDICT_UNKNOWN_SOURCE];
	const struct vtap_report_kept_out *kept_out = &report->kept_out;
	const struct vtap_session *session =
		kept_out->is_known ? session_of(gathering->snapshot, report->target, kept_out->vni)
				   : NULL;
	struct vtap_finding *finding;

	if (trend->recent == 0)
		return;
	finding = vtap_finding_add(gathering, VTAP_CONDITION_UNKNOWN_SOURCE,
		vtap_subject_target(report->target->name), false,
		"%s%s that only their source keeps out%s%s",
		target_words(gathering, report->target).text,
		vtap_text_counted(trend->risen, "frame").text,
		kept_out_words(kept_out, session).text, since_words(gathering, trend).text);
	if (finding != NULL && session != NULL)
		memcpy(finding->concerned, session->name, sizeof(finding->concerned));
}

/* ", from 172.31.4.2", ", most from 172.31.4.2, 172.31.4.9, 172.31.7.1 and 12 or more others" */
static struct vtap_text_words refused_words(const struct vtap_report_refused *refused)
{
	size_t n = refused->n < VTAP_REPORT_REFUSED_NAMED ? refused->n : VTAP_REPORT_REFUSED_NAMED;
	size_t n_others = refused->n - n;
	bool are_all = n_others == 0 && !refused->has_more;
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;
	char source[VTAP_ADDR_TEXT_MAX];

	for (size_t i = 0; i < n; i++) {
		const char *before = i + 1 == n && are_all ? " and " : ", ";

		if (i == 0)
			before = are_all ? ", from " : ", most from ";
		vtap_addr_format(&refused->source[i], source);
		vtap_text_words_add(&words, "%s%s", before, source);
	}
	if (n_others > 0)
		vtap_text_words_add(&words, " and %s%s %s", vtap_text_count(n_others).text,
			refused->has_more ? " or more" : "",
			n_others == 1 && !refused->has_more ? "other" : "others");
	return words;
}

/* A line to paste, where everybody is known and it is most likely the mirror. Who sends beside
 * those that are delivered is a stranger, and nobody lets one in without a look. */
static void not_allowed_remedy_set(struct vtap_gathering *gathering, struct vtap_finding *finding,
	const struct vtap_report_target *report, bool has_others)
{
	const struct vtap_report_refused *refused = &report->refused;
	bool are_all =
		refused->n > 0 && refused->n <= VTAP_REPORT_REFUSED_NAMED && !refused->has_more;
	struct vtap_text_words list = VTAP_TEXT_WORDS_NULL;
	char source[VTAP_ADDR_TEXT_MAX];

	for (size_t i = 0; are_all && i < refused->n; i++) {
		vtap_addr_format(&refused->source[i], source);
		vtap_text_words_add(&list, "%s%s", i > 0 ? " " : "", source);
	}
	if (are_all && !has_others)
		vtap_finding_remedy(finding,
			"allow = %s ; or their network, %s, if they belong to the mirror; then: "
			"sudo vtapctl reload",
			list.text, vtap_finding_place(report->target).text);
	else
		vtap_finding_remedy(finding,
			"sudo timeout 10 tcpdump -nni %s -c 20 udp port %u # who sends; then their "
			"networks into `allow` %s",
			underlay_name(gathering->snapshot), report->target->port,
			vtap_finding_place(report->target).text);
}

/* Nothing else is delivered: then it is most likely the mirror itself that is kept out. With `allow
 * = any` it is what came in on one of our own interfaces, which nobody can let in. */
static void gather_not_allowed(
	struct vtap_gathering *gathering, const struct vtap_report_target *report)
{
	const struct vtap_report_trend *trend = &report->trends[VTAP_VERDICT_NOT_ALLOWED];
	bool has_others = report->trends[VTAP_VERDICT_DELIVERED].recent > 0;
	const struct vtap_target *target = report->target;
	struct vtap_finding *finding;

	if (trend->recent == 0 || target->n_allow == 0)
		return;
	finding = vtap_finding_add(gathering, VTAP_CONDITION_NOT_ALLOWED,
		vtap_subject_target(target->name), false, "%s%s%s from outside `allow` dropped%s%s",
		target_words(gathering, target).text,
		has_others ? "" : "nothing delivered in the last minute, and ",
		vtap_text_counted(trend->risen, "packet").text,
		refused_words(&report->refused).text, since_words(gathering, trend).text);
	if (finding != NULL)
		finding->is_minor = has_others;
	not_allowed_remedy_set(gathering, finding, report, has_others);
}

static void gather_conntrack(
	struct vtap_gathering *gathering, const struct vtap_report_target *report)
{
	const struct vtap_target *target = report->target;
	struct vtap_finding *finding;

	if (report->port_tracked != VTAP_ON)
		return;
	finding = vtap_finding_add(gathering, VTAP_CONDITION_CONNTRACK,
		vtap_subject_target(target->name), false,
		"%sthis host tracks connections of UDP port %u, an entry for each outer flow",
		target_words(gathering, target).text, target->port);
	vtap_finding_remedy(finding,
		"sudo nft 'table inet vtapd_notrack { chain prerouting { type filter hook "
		"prerouting "
		"priority "
		"raw; udp dport %u notrack; }; }'",
		target->port);
}

static void gather_target(struct vtap_gathering *gathering, const struct vtap_report_target *report)
{
	gather_socket_drops(gathering, report);
	gather_handover(gathering, report);
	gather_unknown_vni(gathering, report);
	gather_unknown_source(gathering, report);
	gather_not_allowed(gathering, report);
	gather_conntrack(gathering, report);
}

/* ---- sessions ---- */

static void gather_truncated(
	struct vtap_gathering *gathering, const struct vtap_report_session *report)
{
	const struct vtap_report_trend *trend = &report->truncated_trend;
	const char *name = report->session->name;
	bool are_few = trend->recent * FEW_PART < report->delivered_trend.recent;
	struct vtap_finding *finding;

	if (trend->recent == 0)
		return;
	finding = vtap_finding_add(gathering, VTAP_CONDITION_TRUNCATED, vtap_subject_session(name),
		false, "session %s: %s came cut short from the source%s%s", name,
		vtap_text_counted(trend->risen, "frame").text, are_few ? FEW_WORDS : "",
		since_words(gathering, trend).text);
	if (finding != NULL)
		finding->is_minor = are_few;
}

static void gather_decap_error(
	struct vtap_gathering *gathering, const struct vtap_report_session *report)
{
	const struct vtap_report_trend *trend = &report->decap_trend;
	const char *name = report->session->name;
	bool are_few = trend->recent * FEW_PART < report->delivered_trend.recent;
	struct vtap_finding *finding;

	if (trend->recent == 0)
		return;
	finding =
		vtap_finding_add(gathering, VTAP_CONDITION_DECAP_ERROR, vtap_subject_session(name),
			false, "session %s: %s dropped %s with a receive error%s%s", name,
			report->session->interface, vtap_text_counted(trend->risen, "packet").text,
			are_few ? FEW_WORDS : "", since_words(gathering, trend).text);
	if (finding != NULL)
		finding->is_minor = are_few;
	vtap_finding_remedy(finding,
		"sudo timeout 10 tcpdump -c 20 -nvi %s -T vxlan udp port %u # short frames: a "
		"larger PacketLength; outer tos 0x3: ECN on the way; or mode = tap, which shows "
		"them all",
		underlay_name(gathering->snapshot), report->target->port);
}

/* ---- underlays ---- */

static void gather_underlay_down(
	struct vtap_gathering *gathering, const struct vtap_report_underlay *underlay)
{
	if (underlay->is_up || !underlay->is_used)
		return;
	vtap_finding_remedy(vtap_finding_add(gathering, VTAP_CONDITION_UNDERLAY_DOWN,
				    vtap_subject_interface(underlay->name), false,
				    "%s is down: no packet comes in there", underlay->name),
		"sudo ip link set %s up", underlay->name);
}

/* What an instance sends, and what it asks link-local services, is not what it gets mirrored. */
static bool is_about_packets_in(enum vtap_allowance allowance)
{
	return allowance == VTAP_ALLOWANCE_BW_IN || allowance == VTAP_ALLOWANCE_PPS ||
	       allowance == VTAP_ALLOWANCE_CONNTRACK;
}

static void gather_allowance(
	struct vtap_gathering *gathering, const struct vtap_report_underlay *underlay)
{
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;
	struct vtap_report_trend all = { .is_known = false };

	for (int i = 0; i < VTAP_ALLOWANCE_COUNT; i++) {
		const struct vtap_report_trend *trend = &underlay->allowance[i];

		if (trend->recent == 0 || !is_about_packets_in((enum vtap_allowance)i))
			continue;
		vtap_text_words_add(&words, "%s%s %s", all.is_known ? ", " : "",
			vtap_text_count(trend->risen).text,
			vtap_allowance_name((enum vtap_allowance)i));
		if (!all.is_known || trend->since_mono_ns < all.since_mono_ns)
			all.since_mono_ns = trend->since_mono_ns;
		if (trend->last_mono_ns > all.last_mono_ns)
			all.last_mono_ns = trend->last_mono_ns;
		all.is_known = true;
	}
	if (!all.is_known)
		return;
	vtap_finding_remedy(vtap_finding_add(gathering, VTAP_CONDITION_ENA_ALLOWANCE,
				    vtap_subject_interface(underlay->name), false,
				    "%s: AWS dropped packets beyond what this instance is allowed: "
				    "%s%s",
				    underlay->name, words.text, since_words(gathering, &all).text),
		"ethtool -S %s | grep allowance # then a larger instance type, or more targets "
		"behind "
		"the load balancer",
		underlay->name);
}

/* ---- the whole host ---- */

/* To sysctl(8) a name with a '.' in it has to stand between '/'. */
static void gather_rp_filter(struct vtap_gathering *gathering)
{
	const struct vtap_snapshot *snapshot = gathering->snapshot;
	const struct vtap_report_trend *trend =
		&snapshot->host_counters[VTAP_HOST_IP_REVERSE_PATH_FILTER];
	struct vtap_text_names names = { .n_max = VTAP_TEXT_NAMES_SHOWN };
	const char *first = NULL;
	char dot = '.';

	for (size_t i = 0; i < snapshot->n_underlays; i++) {
		if (!snapshot->underlays[i].drops_by_reverse_path)
			continue;
		first = first != NULL ? first : snapshot->underlays[i].name;
		vtap_text_names_add(&names, snapshot->underlays[i].name);
	}
	if (trend->recent == 0 || first == NULL)
		return;
	if (strchr(first, '.') != NULL)
		dot = '/';
	vtap_finding_remedy(
		vtap_finding_add(gathering, VTAP_CONDITION_RP_FILTER, vtap_subject_host(), false,
			"%s dropped by strict reverse path filtering, which is on for %s%s",
			vtap_text_counted(trend->risen, "packet").text,
			vtap_text_names_told(&names).text, since_words(gathering, trend).text),
		"sudo sysctl -w net%cipv4%cconf%c%s%crp_filter=2", dot, dot, dot, first, dot);
}

static void gather_checksum(struct vtap_gathering *gathering)
{
	const struct vtap_report_trend *trend =
		&gathering->snapshot->host_counters[VTAP_HOST_UDP_IN_CSUM_ERRORS];

	if (trend->recent == 0)
		return;
	vtap_finding_remedy(
		vtap_finding_add(gathering, VTAP_CONDITION_UDP_CHECKSUM, vtap_subject_host(), false,
			"this host dropped %s with a wrong checksum, mirrored ones maybe among "
			"them%s",
			vtap_text_counted(trend->risen, "UDP packet").text,
			since_words(gathering, trend).text),
		"sudo timeout 30 tcpdump -nnvvi %s udp | grep 'bad udp cksum' # shows who sends "
		"them",
		underlay_name(gathering->snapshot));
}

/* What may have been ours is worth knowing, no more: anybody on this host can cause it. Of a target
 * that lost frames it is told already. */
static void gather_host_drops(struct vtap_gathering *gathering)
{
	const struct vtap_snapshot *snapshot = gathering->snapshot;
	const struct vtap_report_trend *trend = &snapshot->host_counters[VTAP_HOST_SOFTNET_DROPPED];

	if (trend->recent == 0)
		return;
	for (size_t i = 0; i < snapshot->n_targets; i++)
		if (snapshot->targets[i].trends[VTAP_VERDICT_LOST_IN_HANDOVER].recent > 0)
			return;
	(void)vtap_finding_add(gathering, VTAP_CONDITION_HOST_DROPS, vtap_subject_host(), false,
		"this host dropped %s because a processor's queue was full, mirrored ones maybe "
		"among them%s",
		vtap_text_counted(trend->risen, "packet").text, since_words(gathering, trend).text);
}

/* Does anybody take what comes to the port? In mode vxlan a device of a session does. */
static bool is_open(const struct vtap_snapshot *snapshot, const struct vtap_report_target *report)
{
	if (report->target->mode != VTAP_MODE_VXLAN)
		return report->state.reason == NULL || report->is_fast; /* which answers nobody */
	for (size_t i = 0; i < snapshot->n_sessions; i++)
		if (snapshot->sessions[i].target == report->target &&
			snapshot->sessions[i].interface_index != 0)
			return true;
	return false;
}

/* A target that mirrored packets come for, and find no port; or NULL */
static const struct vtap_target *closed_target(const struct vtap_snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->n_targets; i++)
		if (!is_open(snapshot, &snapshot->targets[i]))
			return snapshot->targets[i].target;
	return NULL;
}

/* ": nobody listens on UDP 4790 of target other, …", or what else it may be */
static struct vtap_text_words answered_words(const struct vtap_target *closed)
{
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;

	if (closed != NULL)
		vtap_text_words_add(&words,
			"; nobody listens on UDP %u of target %s, so production is answered",
			closed->port, closed->name);
	else
		vtap_text_words_add(
			&words, "; if mirrored ones are among them, production is answered");
	return words;
}

/* Both at once: what found no port is what was answered, as far as the kernel's rate limit goes.
 * While every target has its port, most likely others were meant. */
static void gather_answers(struct vtap_gathering *gathering)
{
	const struct vtap_report_trend *counters = gathering->snapshot->host_counters;
	const struct vtap_report_trend *sent = &counters[VTAP_HOST_ICMP_OUT_UNREACHABLE];
	const struct vtap_report_trend *missed = &counters[VTAP_HOST_UDP_NO_PORTS];
	const struct vtap_target *closed = closed_target(gathering->snapshot);
	struct vtap_finding *finding;

	if (sent->recent == 0 || missed->recent == 0)
		return;
	finding = vtap_finding_add(gathering, VTAP_CONDITION_HOST_ANSWERS, vtap_subject_host(),
		false, "this host sent %s while %s found no port%s%s",
		vtap_text_counted(sent->risen, "ICMP unreachable message").text,
		vtap_text_counted(missed->risen, "UDP packet").text, answered_words(closed).text,
		since_words(gathering, sent).text);
	if (finding != NULL)
		finding->is_minor = closed == NULL;
	vtap_finding_remedy(finding,
		"sudo timeout 30 tcpdump -nni %s 'icmp[icmptype] = icmp-unreach or icmp6[0] = 1' "
		"# shows whom, and for which port",
		underlay_name(gathering->snapshot));
}

void vtap_finding_gather_losses(struct vtap_gathering *gathering)
{
	const struct vtap_snapshot *snapshot = gathering->snapshot;

	for (size_t i = 0; i < snapshot->n_targets; i++)
		gather_target(gathering, &snapshot->targets[i]);
	for (size_t i = 0; i < snapshot->n_sessions; i++) {
		gather_truncated(gathering, &snapshot->sessions[i]);
		gather_decap_error(gathering, &snapshot->sessions[i]);
	}
	for (size_t i = 0; i < snapshot->n_underlays; i++) {
		gather_underlay_down(gathering, &snapshot->underlays[i]);
		gather_allowance(gathering, &snapshot->underlays[i]);
	}
	gather_rp_filter(gathering);
	gather_checksum(gathering);
	gather_host_drops(gathering);
	gather_answers(gathering);
}
