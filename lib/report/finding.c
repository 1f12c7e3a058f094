// SPDX-License-Identifier: Apache-2.0
#include "report/finding.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "report/finding_gather.h"
#include "report/text_words.h"

/* Interfaces that a sentence names. */
#define NAMES_SHOWN 4

/* The configuration that vtapd reads when it is not told another. */
#define CONFIG_USUAL "/etc/vtapd/vtapd.conf"

/* Of what a path is that needs no quotes in a shell. */
#define PLAIN_ALPHABET "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-"

/* `require = traffic`: a frame within this time. */
#define TRAFFIC_NS (60 * VTAP_NS_PER_S)

struct vtap_finding *vtap_finding_add(struct vtap_gathering *gathering,
	enum vtap_condition condition, const char *subject, bool breaks_health, const char *fmt,
	...)
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
	*finding = (struct vtap_finding){ .condition = condition, .breaks_health = breaks_health };
	(void)snprintf(finding->subject, sizeof(finding->subject), "%s", subject); /* same size */
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

/* ---- the daemon ---- */

/* The remedy of the row checks the usual file. */
static void gather_refused(struct vtap_gathering *gathering)
{
	const struct vtap_snapshot *snapshot = gathering->snapshot;
	const char *path = snapshot->config_path;
	struct vtap_finding *finding =
		vtap_finding_add(gathering, VTAP_CONDITION_CONFIG_REJECTED, "", false,
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
		finding = vtap_finding_add(gathering, VTAP_CONDITION_PORT_TAKEN, "", false,
			"health checks are not answered: %s", snapshot->health_refused);
		vtap_finding_remedy(finding, "sudo ss -tlpn # or another `listen` in [health]");
	}
	if (snapshot->metrics_refused != NULL) {
		finding = vtap_finding_add(gathering, VTAP_CONDITION_PORT_TAKEN, "", false,
			"/healthz and /v1/status are not served: %s", snapshot->metrics_refused);
		vtap_finding_remedy(finding, "sudo ss -tlpn # or another `listen` in [metrics]");
	}
	if (snapshot->loop_stall_ns != 0)
		(void)vtap_finding_add(gathering, VTAP_CONDITION_LOOP_STALLED, "", false,
			"the main loop did not move for %s, less than a minute ago",
			vtap_text_elapsed(snapshot->loop_stall_ns).text);
	if (snapshot->refused_wall_ns != 0)
		gather_refused(gathering);
}

/* What helps where a program was refused: a right that is missing is called so in the sentence. The
 * note goes on. */
static const char *bpf_remedy(const char *why)
{
	return strstr(why, "CAP_BPF") != NULL
		       ? "systemctl show -P AmbientCapabilities vtapd # must name cap_bpf;"
		       : "tc qdisc show; tc filter show dev INTERFACE ingress #";
}

static void gather_guard(struct vtap_gathering *gathering)
{
	struct vtap_finding *finding;
	const struct vtap_snapshot *snapshot = gathering->snapshot;
	size_t n = snapshot->n_tap_interfaces, n_bare = n - snapshot->n_guarded;

	if (snapshot->guard_off_why == NULL || snapshot->n_guarded >= n)
		return;
	finding = vtap_finding_add(gathering, VTAP_CONDITION_GUARD_OFF, "", false,
		"%zu of %s %s no guard: %s", n_bare, vtap_text_counted(n, "tap interface").text,
		n_bare == 1 ? "has" : "have", snapshot->guard_off_why);
	vtap_finding_remedy(finding,
		"%s until then run no DHCP server on this host, or bind it to its interface",
		bpf_remedy(snapshot->guard_off_why));
}

static void gather_drain(struct vtap_gathering *gathering)
{
	const struct vtap_report_drain *drain = &gathering->snapshot->drain;

	if (!drain->is_draining)
		return;
	(void)vtap_finding_add(gathering, VTAP_CONDITION_DRAIN, "", false,
		"draining for %s%s%s, %s frames/s still arrive",
		vtap_text_duration(drain->elapsed_ns).text, drain->reason != NULL ? ": " : "",
		drain->reason != NULL ? drain->reason : "",
		vtap_text_rate(drain->frames_per_second).text);
}

/* ---- targets ---- */

static bool waits_for(const struct vtap_report_session *session, enum vtap_condition condition)
{
	return session->state.reason != NULL && session->state.message != NULL &&
	       vtap_condition_find(session->state.reason) == condition;
}

/* A target that waits is told with its own sentence, also when it waits for the fast path. */
static void gather_fastpath_off(
	struct vtap_gathering *gathering, const struct vtap_report_target *report)
{
	const struct vtap_target *target = report->target;
	struct vtap_finding *finding;

	if (report->fast_off_why == NULL || target->fastpath == VTAP_FASTPATH_OFF ||
		report->state.reason != NULL)
		return;
	finding = vtap_finding_add(gathering, VTAP_CONDITION_FASTPATH_OFF, target->name, false,
		"target %s: %s: %s", target->name,
		report->is_fast ? "the fast path is not on every underlay"
				: "the worker carries everything",
		report->fast_off_why);
	vtap_finding_remedy(finding, "%s or accept the worker: fastpath = off %s",
		bpf_remedy(report->fast_off_why), vtap_finding_place(target).text);
}

static void gather_bypassed(
	struct vtap_gathering *gathering, const struct vtap_report_target *report)
{
	const struct vtap_target *target = report->target;
	struct vtap_finding *finding;

	if (report->bypassed_by == NULL)
		return;
	finding = vtap_finding_add(gathering, VTAP_CONDITION_FASTPATH_BYPASSED, target->name, false,
		"target %s: %s ends the chain before the fast path; the worker carries %s",
		target->name, report->bypassed_by,
		report->is_fast ? "what comes in there" : "everything");
	if (report->n_fast_on == 1)
		vtap_finding_remedy(finding,
			"tc filter show dev %s ingress # give the other filter a priority behind "
			"47, or let it end with `continue` (TC_ACT_UNSPEC)",
			report->fast_on[0]);
}

/* The port belongs to the kernel's devices, not to a socket of the target: those of one family
 * share one, and are refused alike. */
static void gather_kernel_port(struct vtap_gathering *gathering,
	const struct vtap_report_target *report, enum vtap_family family)
{
	const struct vtap_snapshot *snapshot = gathering->snapshot;
	const struct vtap_target *target = report->target;
	const struct vtap_report_session *first = NULL;
	struct vtap_finding *finding;
	bool is_required = false;
	size_t n = 0;

	for (size_t i = 0; i < snapshot->n_sessions; i++) {
		const struct vtap_report_session *session = &snapshot->sessions[i];

		if (session->target != target || session->session->family != family ||
			!waits_for(session, VTAP_CONDITION_PORT_TAKEN))
			continue;
		first = first != NULL ? first : session;
		is_required = is_required || session->session->is_required;
		n++;
	}
	if (first == NULL)
		return;
	finding = vtap_finding_add(gathering, VTAP_CONDITION_PORT_TAKEN, target->name,
		is_required && vtap_finding_requires(gathering, VTAP_REQUIRE_ALL),
		"target %s: %s cannot be shown: %s", target->name,
		vtap_text_counted(n, "session").text, first->state.message);
	vtap_finding_remedy(finding,
		"sudo ss -ulpn sport = :%u; ip -d link show type vxlan # then end the other one, "
		"or another `port` %s",
		target->port, vtap_finding_place(target).text);
}

/** struct merging - interfaces of a target that merge frames */
struct merging {
	struct vtap_text_words names; /* the first of them */
	const char *first;
	size_t n;
};

static void merging_add(struct merging *merging, const char *name)
{
	if (merging->n == 0)
		merging->first = name;
	if (merging->n < NAMES_SHOWN)
		vtap_text_words_add(&merging->names, "%s%s", merging->n > 0 ? ", " : "", name);
	merging->n++;
}

/* Underlays first; a device of ours merges only when somebody insists. */
static void gather_merging(
	struct vtap_gathering *gathering, const struct vtap_report_target *report)
{
	const struct vtap_snapshot *snapshot = gathering->snapshot;
	struct merging merging = { .names = VTAP_TEXT_WORDS_NULL };
	struct vtap_finding *finding;

	for (size_t i = 0; i < report->n_merging; i++)
		merging_add(&merging, report->merging[i]);
	for (size_t i = 0; i < snapshot->n_sessions; i++)
		if (snapshot->sessions[i].target == report->target &&
			snapshot->sessions[i].kernel.merging != 0)
			merging_add(&merging, snapshot->sessions[i].session->interface);
	if (merging.n == 0)
		return;
	if (merging.n > NAMES_SHOWN)
		vtap_text_words_add(&merging.names, " and %zu more", merging.n - NAMES_SHOWN);
	finding = vtap_finding_add(gathering, VTAP_CONDITION_GRO_MERGING, report->target->name,
		false,
		"target %s: frames may be merged on %s, and sensors see some that were never on "
		"the wire%s%s",
		report->target->name, merging.names.text, report->merging_why != NULL ? ": " : "",
		report->merging_why != NULL ? report->merging_why : "");
	vtap_finding_remedy(finding,
		"sudo ethtool -K %s gro off # then keep the other program (tuned, NetworkManager, "
		"a "
		".link file, a start-up script) away from it",
		merging.first);
}

/* A device that could ignore them does so until somebody changes it; that of an older kernel never
 * does, which is said once for the target. */
static void gather_reserved_bits(
	struct vtap_gathering *gathering, const struct vtap_report_target *report)
{
	const struct vtap_snapshot *snapshot = gathering->snapshot;
	bool is_told = false;

	for (size_t i = 0; i < snapshot->n_sessions; i++) {
		const struct vtap_report_kernel *kernel = &snapshot->sessions[i].kernel;
		const struct vtap_session *session = snapshot->sessions[i].session;

		if (snapshot->sessions[i].target != report->target || !kernel->is_known ||
			kernel->reserved_bits == VTAP_OFF)
			continue;
		if (kernel->reserved_bits == VTAP_ON) {
			vtap_finding_remedy(
				vtap_finding_add(gathering, VTAP_CONDITION_RESERVED_BITS,
					session->name, false,
					"session %s: %s drops packets with reserved bits since "
					"somebody changed its tunnel",
					session->name, session->interface),
				"sudo ip link del %s # when its sensors may lose it: vtapd makes "
				"it anew",
				session->interface);
			continue;
		}
		if (!is_told)
			vtap_finding_remedy(
				vtap_finding_add(gathering, VTAP_CONDITION_RESERVED_BITS,
					report->target->name, false,
					"target %s: this kernel drops packets with reserved "
					"bits uncounted",
					report->target->name),
				"mode = tap ; %s; or a kernel of 6.14 or newer",
				vtap_finding_place(report->target).text);
		is_told = true;
	}
}

/* What only a target has whose packets the kernel's devices take. */
static void gather_kernel(struct vtap_gathering *gathering, const struct vtap_report_target *report)
{
	for (int i = 0; i < VTAP_FAMILY_COUNT; i++)
		gather_kernel_port(gathering, report, (enum vtap_family)i);
	gather_merging(gathering, report);
	gather_reserved_bits(gathering, report);
}

/* "10.0.0.0/16 172.31.0.0/20", as a line of the configuration takes it */
static struct vtap_text_words seen_words(const struct vtap_report_target *report)
{
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;
	char text[VTAP_ADDR_TEXT_MAX];

	for (size_t i = 0; i < report->n_seen; i++) {
		vtap_prefix_format(&report->seen[i], text);
		vtap_text_words_add(&words, "%s%s", i > 0 ? " " : "", text);
	}
	return words;
}

/* A line that says `any` stands alone: the new one takes its place. */
static struct vtap_text_words allow_place(const struct vtap_target *target)
{
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;
	char place[64];

	if (target->allow_place.line == 0)
		return vtap_finding_place(target);
	vtap_text_words_add(&words, "instead of %s",
		vtap_place_format(target->allow_place, place, sizeof(place)));
	return words;
}

/* What the kernel's devices take has passed the host's firewall. */
static void gather_allow_any(
	struct vtap_gathering *gathering, const struct vtap_report_target *report)
{
	const struct vtap_target *target = report->target;
	struct vtap_finding *finding = vtap_finding_add(gathering, VTAP_CONDITION_ALLOW_ANY,
		target->name, false,
		"any host that reaches UDP %u can put frames before the sensors", target->port);

	if (target->mode == VTAP_MODE_VXLAN)
		vtap_finding_remedy(
			finding, "# the security group, or the nftables rules of vtapd(8)");
	else if (report->n_seen > 0 && !report->seen_is_cut)
		vtap_finding_remedy(finding, "allow = %s ; %s; covers every source seen so far",
			seen_words(report).text, allow_place(target).text);
	else
		vtap_finding_remedy(finding, "# allow = PREFIX of the mirror sources, %s%s",
			vtap_finding_place(target).text,
			report->seen_is_cut ? "; those seen so far lie too far apart for a short "
					      "list: vtapctl show NAME"
					    : "");
}

/* Of several underlays: without any the target waits, and says so. */
static void gather_missing(
	struct vtap_gathering *gathering, const struct vtap_report_target *report)
{
	struct vtap_text_words names = VTAP_TEXT_WORDS_NULL;

	for (size_t i = 0; i < report->n_missing && i < NAMES_SHOWN; i++)
		vtap_text_words_add(&names, "%s%s", i > 0 ? ", " : "", report->missing[i]);
	if (report->n_missing > NAMES_SHOWN)
		vtap_text_words_add(&names, " and %zu more", report->n_missing - NAMES_SHOWN);
	(void)vtap_finding_add(gathering, VTAP_CONDITION_UNDERLAY_MISSING, report->target->name,
		false, "target %s: %s %s not there: no packet comes in there", report->target->name,
		names.text, report->n_missing == 1 ? "is" : "are");
}

static void gather_target(struct vtap_gathering *gathering, const struct vtap_report_target *report)
{
	const struct vtap_target *target = report->target;
	enum vtap_condition condition = report->state.reason != NULL
						? vtap_condition_find(report->state.reason)
						: VTAP_CONDITION_COUNT;

	if (condition != VTAP_CONDITION_COUNT)
		(void)vtap_finding_add(gathering, condition, target->name, true, "target %s: %s",
			target->name, report->state.message);
	else if (report->n_missing > 0)
		gather_missing(gathering, report);
	if (report->n_stalled > 0)
		(void)vtap_finding_add(gathering, VTAP_CONDITION_WORKER_STALLED, target->name, true,
			"target %s: %u of %s %s not moved for more than 5 s", target->name,
			report->n_stalled, vtap_text_counted(report->n_workers, "worker").text,
			report->n_stalled == 1 ? "has" : "have");
	gather_fastpath_off(gathering, report);
	gather_bypassed(gathering, report);
	if (target->mode == VTAP_MODE_VXLAN)
		gather_kernel(gathering, report);
	if (target->n_allow == 0)
		gather_allow_any(gathering, report);
}

/* ---- sessions ---- */

/* Also one that is shown, and not as it should be: that has a reason all the same. */
static bool is_ready(const struct vtap_report_session *report)
{
	return strcmp(report->state.state, "ready") == 0;
}

/* The part of a state's message that says what is wrong; what vtapd does about it follows a ';'. */
static int complaint_len(const char *message)
{
	return (int)strcspn(message, ";");
}

static bool is_of_target(const struct vtap_report_session *session)
{
	enum vtap_condition condition = vtap_condition_find(session->state.reason);

	return condition == VTAP_CONDITION_UNDERLAY_MISSING ||
	       condition == VTAP_CONDITION_PORT_TAKEN ||
	       condition == VTAP_CONDITION_SOCKET_REFUSED ||
	       condition == VTAP_CONDITION_FASTPATH_OFF;
}

/* The sentence names the interface that has the VNI. */
static void vni_remedy_set(struct vtap_finding *finding, const struct vtap_report_session *report)
{
	static const char WORDS[] = "the vxlan interface ";
	const char *name = strstr(report->state.message, WORDS);
	char place[64];

	vtap_place_format(report->session->vni_place, place, sizeof(place));
	if (name == NULL)
		vtap_finding_remedy(finding,
			"# ip link del the interface that has it, or another `vni` in %s", place);
	else
		vtap_finding_remedy(finding, "sudo ip link del %.*s # or another `vni` in %s",
			(int)strcspn(name + strlen(WORDS), ","), name + strlen(WORDS), place);
}

/* Who has a name like those of ours is in our way; who has one that somebody wrote down may be what
 * this host is reached by. */
static void interface_remedy_set(struct vtap_finding *finding, const struct vtap_session *session)
{
	char place[64];

	vtap_place_format(session->interface_place, place, sizeof(place));
	if (strncmp(session->interface, "mirror-", strlen("mirror-")) == 0)
		vtap_finding_remedy(finding, "sudo ip link del %s # or another `interface` in %s",
			session->interface, place);
	else
		vtap_finding_remedy(finding,
			"# another `interface` in %s, or without: mirror-%s; `ip -d link show %s` "
			"tells whose it is",
			place, session->name, session->interface);
}

static void gather_waiting(
	struct vtap_gathering *gathering, const struct vtap_report_session *report)
{
	const struct vtap_session *session = report->session;
	bool breaks = session->is_required && vtap_finding_requires(gathering, VTAP_REQUIRE_ALL) &&
		      !is_ready(report);
	enum vtap_condition condition = vtap_condition_find(report->state.reason);
	struct vtap_finding *finding;

	if (condition == VTAP_CONDITION_COUNT)
		condition = VTAP_CONDITION_SESSION_WAITING;
	finding = vtap_finding_add(gathering, condition, session->name, breaks,
		"session %s %s: %.*s", session->name,
		condition == VTAP_CONDITION_REPAIR_LOOP ? "is not set right for the moment"
							: "cannot be shown",
		complaint_len(report->state.message), report->state.message);
	if (condition == VTAP_CONDITION_INTERFACE_FOREIGN)
		interface_remedy_set(finding, session);
	else if (condition == VTAP_CONDITION_VNI_TAKEN)
		vni_remedy_set(finding, report);
	else if (condition == VTAP_CONDITION_SESSION_WAITING)
		vtap_finding_remedy(finding, "vtapctl show %s", session->name);
}

static void gather_session(
	struct vtap_gathering *gathering, const struct vtap_report_session *report)
{
	const struct vtap_session *session = report->session;

	if (report->state.reason != NULL && report->state.message != NULL && !is_of_target(report))
		gather_waiting(gathering, report);
	if (!vtap_finding_requires(gathering, VTAP_REQUIRE_SENSORS) || !session->is_required ||
		report->n_sensors > 0)
		return;
	(void)vtap_finding_add(gathering, VTAP_CONDITION_NO_SENSOR, session->name, true,
		"session %s: nothing reads %s", session->name, session->interface);
}

static void gather_no_sessions(struct vtap_gathering *gathering)
{
	const struct vtap_snapshot *snapshot = gathering->snapshot;

	for (size_t i = 0; i < snapshot->n_sessions; i++)
		if (is_ready(&snapshot->sessions[i]))
			return;
	if (snapshot->n_sessions == 0)
		vtap_finding_remedy(vtap_finding_add(gathering, VTAP_CONDITION_NO_SESSIONS, "",
					    true, "no session is configured"),
			"# write /etc/vtapd/conf.d/NAME.conf, then: sudo vtapctl reload");
	else
		vtap_finding_remedy(vtap_finding_add(gathering, VTAP_CONDITION_NO_SESSIONS, "",
					    vtap_finding_requires(gathering, VTAP_REQUIRE_ANY),
					    "no session is ready"),
			"vtapctl status");
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
		(void)vtap_finding_add(gathering, VTAP_CONDITION_NO_TRAFFIC, "", true,
			"no frame was shown for %s",
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

/* Most urgent first; among equals the order of the register, then that of the configuration. */
static int finding_compare(const void *a, const void *b)
{
	const struct vtap_finding *left = a, *right = b;
	enum vtap_severity left_severity = vtap_finding_severity(left);
	enum vtap_severity right_severity = vtap_finding_severity(right);

	if (left_severity != right_severity)
		return left_severity < right_severity ? -1 : 1;
	if (left->condition != right->condition)
		return left->condition < right->condition ? -1 : 1;
	return strcmp(left->subject, right->subject);
}

int vtap_findings_make(const struct vtap_snapshot *snapshot, struct vtap_findings *ret_findings)
{
	struct vtap_gathering gathering = { .snapshot = snapshot };

	gather_no_sessions(&gathering);
	gather_daemon(&gathering);
	gather_guard(&gathering);
	for (size_t i = 0; i < snapshot->n_targets; i++)
		gather_target(&gathering, &snapshot->targets[i]);
	for (size_t i = 0; i < snapshot->n_sessions; i++)
		gather_session(&gathering, &snapshot->sessions[i]);
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
