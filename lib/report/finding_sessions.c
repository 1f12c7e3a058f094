// SPDX-License-Identifier: Apache-2.0
/* What sessions lack that are ready: frames, for a while or ever, or half of what is said. */
#include "report/finding_gather.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "report/text_words.h"

/* A session that no frame ever came for is told after this long, where it has no `silent-after`. */
#define NEVER_SEEN_NS (600 * VTAP_NS_PER_S)

static const struct vtap_report_target *target_of(
	const struct vtap_snapshot *snapshot, const struct vtap_report_session *report)
{
	for (size_t i = 0; i < snapshot->n_targets; i++)
		if (snapshot->targets[i].target == report->target)
			return &snapshot->targets[i];
	return NULL;
}

/* Where packets of a session come in, as far as one interface can be named; tcpdump(8) knows `any`.
 */
static const char *underlay_of(
	const struct vtap_snapshot *snapshot, const struct vtap_report_session *report)
{
	const struct vtap_report_target *target = target_of(snapshot, report);
	const struct vtap_target *conf = report->target;

	if (target != NULL && target->n_fast_on == 1)
		return target->fast_on[0];
	if (conf->n_underlays == 1 && !vtap_conf_is_glob(conf->underlays[0]))
		return conf->underlays[0];
	return "any";
}

/* ---- silent and never seen ---- */

/* What the process before us may have counted has no time. */
static bool has_frames(const struct vtap_report_session *report)
{
	return report->last_mono_ns != 0 || report->verdicts[VTAP_VERDICT_DELIVERED] > 0;
}

/* How long frames were to come and did not. What came while vtapd was away has no time, so that
 * nothing before then is ever taken for silence. */
static uint64_t quiet_ns(
	const struct vtap_snapshot *snapshot, const struct vtap_report_session *report)
{
	uint64_t since_ns = report->last_mono_ns > report->awaited_mono_ns
				    ? report->last_mono_ns
				    : report->awaited_mono_ns;

	return snapshot->now_mono_ns > since_ns ? snapshot->now_mono_ns - since_ns : 0;
}

static void remedy_set(struct vtap_finding *finding, const struct vtap_snapshot *snapshot,
	const struct vtap_report_session *report)
{
	const char *underlay = underlay_of(snapshot, report);
	unsigned port = report->target->port;

	if (report->target->mode == VTAP_MODE_VXLAN) /* where nobody counts unknown VNIs */
		vtap_finding_remedy(finding,
			"sudo timeout 10 tcpdump -c 5 -ni %s -T vxlan udp port %u; vtapctl match "
			"%u # packets come: tcpdump tells their VNIs, match who gets this one; "
			"none: aws ec2 describe-traffic-mirror-sessions",
			underlay, port, report->session->vnis[0].first);
	else if (report->session->n_vnis > 0)
		vtap_finding_remedy(finding,
			"sudo timeout 10 tcpdump -c 5 -ni %s udp port %u; vtapctl match %u; "
			"vtapctl unknown # packets come: the last two tell who gets them; none: "
			"aws ec2 describe-traffic-mirror-sessions",
			underlay, port, report->session->vnis[0].first);
	else
		vtap_finding_remedy(finding,
			"sudo timeout 10 tcpdump -c 5 -ni %s udp port %u; vtapctl unknown # "
			"packets come: it tells who gets them; none: aws ec2 "
			"describe-traffic-mirror-sessions",
			underlay, port);
}

/* "since 05:45:56, 2 min 22 s (34 s of it after the drain)" */
static struct vtap_text_words silence_words(
	const struct vtap_snapshot *snapshot, const struct vtap_report_session *report)
{
	static const char *const after[] = {
		[VTAP_AWAITED_START] = "after vtapd started",
		[VTAP_AWAITED_DRAIN] = "after the drain",
		[VTAP_AWAITED_WAIT] = "after it was ready again",
	};
	static_assert(VTAP_ARRAY_LEN(after) == VTAP_AWAITED_COUNT, "each has its words");
	uint64_t age_ns = snapshot->now_mono_ns - report->last_mono_ns;
	uint64_t now_ns = snapshot->now_wall_ns, quiet = quiet_ns(snapshot, report);
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;

	if (report->last_mono_ns == 0)
		vtap_text_words_add(&words, "for %s %s; when the last one came is not known",
			vtap_text_duration(quiet).text, after[report->awaited_after]);
	else
		vtap_text_words_add(&words, "since %s, %s",
			vtap_text_clock(now_ns > age_ns ? now_ns - age_ns : 0, now_ns).text,
			vtap_text_duration(age_ns).text);
	if (report->last_mono_ns != 0 && quiet < age_ns)
		vtap_text_words_add(&words, " (%s of it %s)", vtap_text_duration(quiet).text,
			after[report->awaited_after]);
	return words;
}

static void gather_silent(
	struct vtap_gathering *gathering, const struct vtap_report_session *report)
{
	const struct vtap_snapshot *snapshot = gathering->snapshot;
	const struct vtap_session *session = report->session;

	if (session->silent_after_ns == 0 || quiet_ns(snapshot, report) <= session->silent_after_ns)
		return;
	remedy_set(vtap_finding_add(gathering, VTAP_CONDITION_SILENT,
			   vtap_subject_session(session->name), false, "session %s: no frame %s",
			   session->name, silence_words(snapshot, report).text),
		snapshot, report);
}

/* What nobody else takes is nothing, when all is well. */
static bool is_idle_catch_all(
	const struct vtap_snapshot *snapshot, const struct vtap_report_session *report)
{
	for (size_t i = 0; i < snapshot->n_sessions && report->session->is_any; i++)
		if (snapshot->sessions[i].target == report->target &&
			has_frames(&snapshot->sessions[i]))
			return true;
	return false;
}

static void gather_never_seen(
	struct vtap_gathering *gathering, const struct vtap_report_session *report)
{
	const struct vtap_snapshot *snapshot = gathering->snapshot;
	const struct vtap_session *session = report->session;
	uint64_t quiet = quiet_ns(snapshot, report);
	uint64_t patience_ns =
		session->silent_after_ns != 0 ? session->silent_after_ns : NEVER_SEEN_NS;

	if (quiet <= patience_ns || is_idle_catch_all(snapshot, report))
		return;
	remedy_set(vtap_finding_add(gathering, VTAP_CONDITION_NEVER_SEEN,
			   vtap_subject_session(session->name), false,
			   "session %s: no frame seen yet, %s after it became ready", session->name,
			   vtap_text_duration(quiet).text),
		snapshot, report);
}

/* ---- one way ---- */

static void gather_one_way(
	struct vtap_gathering *gathering, const struct vtap_report_session *report)
{
	const struct vtap_report_one_way *one_way = &report->one_way;

	(void)vtap_finding_add(gathering, VTAP_CONDITION_ONE_WAY,
		vtap_subject_session(report->session->name), false,
		"session %s: %u %% of %s on %s show one direction only", report->session->name,
		100 * one_way->n_one_way / one_way->n_flows,
		vtap_text_counted(one_way->n_flows, "TCP flow").text, report->session->interface);
}

/* By interface, those of one in the order of the configuration. */
static int interface_compare(const void *a, const void *b)
{
	const struct vtap_report_session *left = *(const struct vtap_report_session *const *)a;
	const struct vtap_report_session *right = *(const struct vtap_report_session *const *)b;

	if (left->interface_index != right->interface_index)
		return left->interface_index < right->interface_index ? -1 : 1;
	return (left > right) - (left < right);
}

/* Sessions that share an interface are judged together, and told once: by the first. */
static void gather_one_ways(struct vtap_gathering *gathering)
{
	const struct vtap_snapshot *snapshot = gathering->snapshot;
	_auto_free const struct vtap_report_session **found =
		calloc(snapshot->n_sessions + 1, sizeof(*found));
	size_t n = 0;

	if (found == NULL) {
		gathering->error = -ENOMEM;
		return;
	}
	for (size_t i = 0; i < snapshot->n_sessions; i++)
		if (snapshot->sessions[i].one_way.is_one_way)
			found[n++] = &snapshot->sessions[i];
	if (n > 1)
		qsort(found, n, sizeof(*found), interface_compare);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || found[i]->interface_index != found[i - 1]->interface_index)
			gather_one_way(gathering, found[i]);
}

/* ---- all ---- */

void vtap_finding_gather_sessions(struct vtap_gathering *gathering)
{
	const struct vtap_snapshot *snapshot = gathering->snapshot;

	gather_one_ways(gathering);
	for (size_t i = 0; i < snapshot->n_sessions; i++) {
		const struct vtap_report_session *report = &snapshot->sessions[i];

		if (report->awaited_mono_ns == 0)
			continue;
		if (has_frames(report))
			gather_silent(gathering, report);
		else
			gather_never_seen(gathering, report);
	}
}
