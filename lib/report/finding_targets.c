// SPDX-License-Identifier: Apache-2.0
/* What a target lacks: its port, underlays, workers, the fast path; and what it had better not
 * have. */
#include "report/finding_gather.h"

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
	finding = vtap_finding_add(gathering, VTAP_CONDITION_FASTPATH_OFF,
		vtap_subject_target(target->name), false, "target %s: %s: %s", target->name,
		report->is_fast ? "the fast path is not on every underlay"
				: "the worker carries everything",
		report->fast_off_why);
	vtap_finding_remedy(finding, "%s or accept the worker: fastpath = off %s",
		vtap_finding_bpf_remedy(report->fast_off_why), vtap_finding_place(target).text);
}

static void gather_bypassed(
	struct vtap_gathering *gathering, const struct vtap_report_target *report)
{
	const struct vtap_target *target = report->target;
	struct vtap_finding *finding;

	if (report->bypassed_by == NULL)
		return;
	finding = vtap_finding_add(gathering, VTAP_CONDITION_FASTPATH_BYPASSED,
		vtap_subject_target(target->name), false,
		"target %s: %s ends the chain before the fast path; the worker carries %s",
		target->name, report->bypassed_by,
		report->is_fast ? "what comes in there" : "everything");
	if (report->n_fast_on == 1)
		vtap_finding_remedy(finding,
			"tc filter show dev %s ingress # give the other filter a priority behind "
			"47, or let it end with `continue` (TC_ACT_UNSPEC)",
			report->fast_on[0]);
}

/* Where a vxlan interface has the port. Return: is that so? */
static bool other_remedy_set(
	struct vtap_finding *finding, const struct vtap_target *target, const char *message)
{
	char name[VTAP_IFNAME_MAX];

	if (!vtap_finding_other_vxlan(message, name))
		return false;
	vtap_finding_remedy(finding, "sudo ip link del %s # or another `port` %s", name,
		vtap_finding_place(target).text);
	return true;
}

/* ---- the kernel's devices ---- */

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
	finding = vtap_finding_add(gathering, VTAP_CONDITION_PORT_TAKEN,
		vtap_subject_target(target->name),
		is_required && vtap_finding_requires(gathering, VTAP_REQUIRE_ALL),
		"target %s: %s cannot be shown: %s", target->name,
		vtap_text_counted(n, "session").text, first->state.message);
	if (!other_remedy_set(finding, target, first->state.message))
		vtap_finding_remedy(finding,
			"sudo ss -ulpn sport = :%u; ip -d link show type vxlan # then end the "
			"other one, or another `port` %s",
			target->port, vtap_finding_place(target).text);
}

/** struct merging - interfaces of a target that merge frames */
struct merging {
	struct vtap_text_names names;
	const char *first;
};

static void merging_add(struct merging *merging, const char *name)
{
	merging->first = merging->first != NULL ? merging->first : name;
	vtap_text_names_add(&merging->names, name);
}

/* Underlays first; a device of ours merges only when somebody insists. */
static void gather_merging(
	struct vtap_gathering *gathering, const struct vtap_report_target *report)
{
	const struct vtap_snapshot *snapshot = gathering->snapshot;
	struct merging merging = { .names = { .n_max = VTAP_TEXT_NAMES_SHOWN } };
	struct vtap_finding *finding;

	for (size_t i = 0; i < report->n_merging; i++)
		merging_add(&merging, report->merging[i]);
	for (size_t i = 0; i < snapshot->n_sessions; i++)
		if (snapshot->sessions[i].target == report->target &&
			snapshot->sessions[i].kernel.merging != 0)
			merging_add(&merging, snapshot->sessions[i].session->interface);
	if (merging.first == NULL)
		return;
	finding = vtap_finding_add(gathering, VTAP_CONDITION_GRO_MERGING,
		vtap_subject_target(report->target->name), false,
		"target %s: frames may be merged on %s, and sensors see some that were never on "
		"the wire%s%s",
		report->target->name, vtap_text_names_told(&merging.names).text,
		report->merging_why != NULL ? ": " : "",
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
					vtap_subject_session(session->name), false,
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
					vtap_subject_target(report->target->name), false,
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

/* ---- who may send ---- */

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
		vtap_subject_target(target->name), false,
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

/* ---- all ---- */

/* Of several underlays: without any the target waits, and says so. */
static void gather_missing(
	struct vtap_gathering *gathering, const struct vtap_report_target *report)
{
	struct vtap_text_names names = { .n_max = VTAP_TEXT_NAMES_SHOWN };

	for (size_t i = 0; i < report->n_missing; i++)
		vtap_text_names_add(&names, report->missing[i]);
	(void)vtap_finding_add(gathering, VTAP_CONDITION_UNDERLAY_MISSING,
		vtap_subject_target(report->target->name), false,
		"target %s: %s %s not there: no packet comes in there", report->target->name,
		vtap_text_names_told(&names).text, report->n_missing == 1 ? "is" : "are");
}

static void gather_target(struct vtap_gathering *gathering, const struct vtap_report_target *report)
{
	const struct vtap_target *target = report->target;
	enum vtap_condition condition = report->state.reason != NULL
						? vtap_condition_find(report->state.reason)
						: VTAP_CONDITION_COUNT;

	if (condition != VTAP_CONDITION_COUNT)
		(void)other_remedy_set(/* else the one of the register */
			vtap_finding_add(gathering, condition, vtap_subject_target(target->name),
				true, "target %s: %s", target->name, report->state.message),
			target, report->state.message);
	else if (report->n_missing > 0)
		gather_missing(gathering, report);
	if (report->n_stalled > 0)
		(void)vtap_finding_add(gathering, VTAP_CONDITION_WORKER_STALLED,
			vtap_subject_target(target->name), true,
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

void vtap_finding_gather_targets(struct vtap_gathering *gathering)
{
	for (size_t i = 0; i < gathering->snapshot->n_targets; i++)
		gather_target(gathering, &gathering->snapshot->targets[i]);
}
