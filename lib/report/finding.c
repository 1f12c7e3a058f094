// SPDX-License-Identifier: Apache-2.0
#include "report/finding.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "report/finding_gather.h"
#include "report/text_words.h"

/* The configuration that vtapd reads when it is not told another. */
#define CONFIG_USUAL "/etc/vtapd/vtapd.conf"

/* Of what a path is that needs no quotes in a shell. */
#define PLAIN_ALPHABET "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-"

/* `require = traffic`: a frame within this time. */
#define TRAFFIC_NS (60 * VTAP_NS_PER_S)

struct vtap_finding *vtap_finding_add(struct vtap_gathering *gathering,
	enum vtap_condition condition, struct vtap_subject subject, bool breaks_health,
	const char *fmt, ...)
{
	struct vtap_findings *findings = &gathering->findings;
	struct vtap_finding *grown =
		reallocarray(findings->finding, findings->n + 1, sizeof(*grown));
	struct vtap_finding *finding;
	va_list args;

	if (grown == NULL) {
		gathering->error = -ENOMEM;
		return NULL;
	}
	findings->finding = grown;
	finding = &grown[findings->n++];
	*finding = (struct vtap_finding){
		.condition = condition,
		.subject = subject,
		.breaks_health = breaks_health,
	};
	va_start(args, fmt);
	(void)vsnprintf(finding->sentence, sizeof(finding->sentence), fmt, args); /* cut is fine */
	va_end(args);
	(void)snprintf(finding->remedy, sizeof(finding->remedy), "%s",
		vtap_condition_row(condition)->remedy); /* cut is fine */
	return finding;
}

void vtap_finding_remedy(struct vtap_finding *finding, const char *fmt, ...)
{
	va_list args;

	if (finding == NULL)
		return;
	va_start(args, fmt);
	(void)vsnprintf(finding->remedy, sizeof(finding->remedy), fmt, args); /* cut is fine */
	va_end(args);
}

struct vtap_text_words vtap_finding_place(const struct vtap_target *target)
{
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;
	char place[64];

	if (target->place.line == 0)
		vtap_text_words_add(&words, "in a section [target %s] of vtapd.conf", target->name);
	else
		vtap_text_words_add(&words, "in [target %s], %s", target->name,
			vtap_place_format(target->place, place, sizeof(place)));
	return words;
}

bool vtap_finding_requires(const struct vtap_gathering *gathering, enum vtap_require what)
{
	return (gathering->snapshot->conf->health.require & (unsigned)what) != 0;
}

const char *vtap_finding_bpf_remedy(const char *why)
{
	return strstr(why, "CAP_BPF") != NULL
		       ? "systemctl show -P AmbientCapabilities vtapd # must name cap_bpf;"
		       : "tc qdisc show; tc filter show dev INTERFACE ingress #";
}

/* ---- the daemon ---- */

/* The remedy of the row checks the usual file. */
static void gather_refused(struct vtap_gathering *gathering)
{
	const struct vtap_snapshot *snapshot = gathering->snapshot;
	const char *path = snapshot->config_path;
	struct vtap_finding *finding = vtap_finding_add(gathering, VTAP_CONDITION_CONFIG_REJECTED,
		vtap_subject_host(), false,
		"the files on disk have %s; the configuration before them stays in effect",
		vtap_text_counted(snapshot->n_refused_mistakes, "mistake").text);

	if (path == NULL || strcmp(path, CONFIG_USUAL) == 0 || strchr(path, '\'') != NULL)
		return;
	vtap_finding_remedy(finding,
		path[strspn(path, PLAIN_ALPHABET)] == '\0'
			? "vtapd -c %s --check && sudo vtapctl reload"
			: "vtapd -c '%s' --check && sudo vtapctl reload",
		path);
}

static void gather_daemon(struct vtap_gathering *gathering)
{
	const struct vtap_snapshot *snapshot = gathering->snapshot;
	struct vtap_finding *finding;

	if (snapshot->health_refused != NULL) {
		finding = vtap_finding_add(gathering, VTAP_CONDITION_PORT_TAKEN,
			vtap_subject_host(), false, "health checks are not answered: %s",
			snapshot->health_refused);
		vtap_finding_remedy(finding, "sudo ss -tlpn # or another `listen` in [health]");
	}
	if (snapshot->metrics_refused != NULL) {
		finding = vtap_finding_add(gathering, VTAP_CONDITION_PORT_TAKEN,
			vtap_subject_host(), false, "/healthz and /v1/status are not served: %s",
			snapshot->metrics_refused);
		vtap_finding_remedy(finding, "sudo ss -tlpn # or another `listen` in [metrics]");
	}
	if (snapshot->loop_stall_ns != 0)
		(void)vtap_finding_add(gathering, VTAP_CONDITION_LOOP_STALLED, vtap_subject_host(),
			false, "the main loop did not move for %s, less than a minute ago",
			vtap_text_elapsed(snapshot->loop_stall_ns).text);
	if (snapshot->refused_wall_ns != 0)
		gather_refused(gathering);
}

static void gather_guard(struct vtap_gathering *gathering)
{
	struct vtap_finding *finding;
	const struct vtap_snapshot *snapshot = gathering->snapshot;
	size_t n = snapshot->n_tap_interfaces, n_bare = n - snapshot->n_guarded;

	if (snapshot->guard_off_why == NULL || snapshot->n_guarded >= n)
		return;
	finding = vtap_finding_add(gathering, VTAP_CONDITION_GUARD_OFF, vtap_subject_host(), false,
		"%zu of %s %s no guard: %s", n_bare, vtap_text_counted(n, "tap interface").text,
		n_bare == 1 ? "has" : "have", snapshot->guard_off_why);
	vtap_finding_remedy(finding,
		"%s until then run no DHCP server on this host, or bind it to its interface",
		vtap_finding_bpf_remedy(snapshot->guard_off_why));
}

static void gather_drain(struct vtap_gathering *gathering)
{
	const struct vtap_report_drain *drain = &gathering->snapshot->drain;

	if (!drain->is_draining)
		return;
	(void)vtap_finding_add(gathering, VTAP_CONDITION_DRAIN, vtap_subject_host(), false,
		"draining for %s%s%s, %s frames/s still arrive",
		vtap_text_duration(drain->elapsed_ns).text, drain->reason != NULL ? ": " : "",
		drain->reason != NULL ? drain->reason : "",
		vtap_text_rate(drain->frames_per_second).text);
}

static void gather_no_traffic(struct vtap_gathering *gathering)
{
	const struct vtap_snapshot *snapshot = gathering->snapshot;
	uint64_t last_ns = snapshot->started_mono_ns; /* a start is given as long as silence is */

	if (!vtap_finding_requires(gathering, VTAP_REQUIRE_TRAFFIC))
		return;
	for (size_t i = 0; i < snapshot->n_sessions; i++)
		if (snapshot->sessions[i].last_mono_ns > last_ns)
			last_ns = snapshot->sessions[i].last_mono_ns;
	if (snapshot->now_mono_ns - last_ns > TRAFFIC_NS)
		(void)vtap_finding_add(gathering, VTAP_CONDITION_NO_TRAFFIC, vtap_subject_host(),
			true, "no frame was shown for %s",
			vtap_text_duration(snapshot->now_mono_ns - last_ns).text);
}

/* ---- all ---- */

enum vtap_severity vtap_finding_severity(const struct vtap_finding *finding)
{
	return finding->is_minor ? VTAP_SEVERITY_INFO
				 : vtap_condition_row(finding->condition)->severity;
}

struct vtap_finding_counts vtap_findings_count(const struct vtap_findings *findings)
{
	struct vtap_finding_counts counts = { 0 };

	for (size_t i = 0; i < findings->n; i++)
		if (vtap_finding_severity(&findings->finding[i]) == VTAP_SEVERITY_INFO)
			counts.n_notes++;
		else
			counts.n_findings++;
	return counts;
}

/* Most urgent first; among equals the order of the register, then that of the names. */
static int finding_compare(const void *a, const void *b)
{
	const struct vtap_finding *left = a, *right = b;
	enum vtap_severity left_severity = vtap_finding_severity(left);
	enum vtap_severity right_severity = vtap_finding_severity(right);

	if (left_severity != right_severity)
		return left_severity < right_severity ? -1 : 1;
	if (left->condition != right->condition)
		return left->condition < right->condition ? -1 : 1;
	return vtap_subject_compare(&left->subject, &right->subject);
}

int vtap_findings_make(const struct vtap_snapshot *snapshot, struct vtap_findings *ret_findings)
{
	struct vtap_gathering gathering = { .snapshot = snapshot };

	gather_daemon(&gathering);
	gather_guard(&gathering);
	vtap_finding_gather_targets(&gathering);
	vtap_finding_gather_waiting(&gathering);
	vtap_finding_gather_losses(&gathering);
	gather_no_traffic(&gathering);
	vtap_finding_gather_sessions(&gathering);
	gather_drain(&gathering);
	if (gathering.error < 0) {
		vtap_findings_done(&gathering.findings);
		return gathering.error;
	}
	if (gathering.findings.n > 1)
		qsort(gathering.findings.finding, gathering.findings.n,
			sizeof(*gathering.findings.finding), finding_compare);
	*ret_findings = gathering.findings;
	return 0;
}

int vtap_findings_copy(const struct vtap_findings *findings, struct vtap_findings *ret_findings)
{
	size_t n = findings->n;
	struct vtap_finding *copy = calloc(n + 1, sizeof(*copy));

	if (copy == NULL)
		return -ENOMEM;
	if (n > 0)
		memcpy(copy, findings->finding, n * sizeof(*copy));
	*ret_findings = (struct vtap_findings){ .finding = copy, .n = n };
	return 0;
}

void vtap_findings_done(struct vtap_findings *findings)
{
	free(findings->finding);
	*findings = (struct vtap_findings){ 0 };
}

const struct vtap_finding *vtap_findings_find(
	const struct vtap_findings *findings, const struct vtap_finding *like)
{
	struct vtap_finding key = *like;
	const struct vtap_finding *found = NULL;

	for (int minor = 0; minor <= 1 && found == NULL && findings->n > 0; minor++) {
		key.is_minor = minor == 1;
		found = bsearch(&key, findings->finding, findings->n, sizeof(key), finding_compare);
	}
	return found;
}

bool vtap_findings_has(const struct vtap_findings *findings, enum vtap_condition condition)
{
	for (size_t i = 0; i < findings->n; i++)
		if (findings->finding[i].condition == condition && !findings->finding[i].is_minor)
			return true;
	return false;
}

/* Without the guard, or without TCP, nobody knows about directions. */
bool vtap_finding_is_checked(const struct vtap_snapshot *snapshot, enum vtap_condition condition)
{
	if (condition != VTAP_CONDITION_ONE_WAY)
		return true;
	for (size_t i = 0; i < snapshot->n_sessions; i++)
		if (snapshot->sessions[i].one_way.is_sampled)
			return true;
	return false;
}

const char *vtap_finding_unchecked_why(
	const struct vtap_snapshot *snapshot, enum vtap_condition condition)
{
	const char *why = snapshot->one_way_off_why;

	if (vtap_finding_is_checked(snapshot, condition) || why == NULL || why[0] == '\0')
		return NULL;
	return why;
}

bool vtap_findings_are_healthy(const struct vtap_findings *findings)
{
	for (size_t i = 0; i < findings->n; i++)
		if (findings->finding[i].breaks_health)
			return false;
	return true;
}
