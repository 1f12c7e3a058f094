// SPDX-License-Identifier: Apache-2.0
#include "daemon/transitions.h"

#include "daemon/log.h"
#include "daemon/manager.h"

/* More of one kind than this in one look become one line. */
#define FOLD_MIN 16

/* Those that somebody else logs when they begin, because he knows more: targets and sessions that
 * wait, offloads, full sockets and queues, a refused reload. What is only worth knowing is in no
 * log. */
static bool is_ours_to_begin(const struct vtap_finding *finding)
{
	switch (finding->condition) {
	case VTAP_CONDITION_UNDERLAY_MISSING:
	case VTAP_CONDITION_SOCKET_REFUSED:
	case VTAP_CONDITION_INTERFACE_FOREIGN:
	case VTAP_CONDITION_VNI_TAKEN:
	case VTAP_CONDITION_SESSION_WAITING:
	case VTAP_CONDITION_REPAIR_LOOP:
	case VTAP_CONDITION_CONFIG_REJECTED:
	case VTAP_CONDITION_GRO_MERGING:
	case VTAP_CONDITION_SOCKET_DROPS:
	case VTAP_CONDITION_BACKLOG_DROPS:
		return false;
	case VTAP_CONDITION_PORT_TAKEN: /* targets say so themselves */
		return finding->subject.kind == VTAP_SUBJECT_HOST;
	default:
		return vtap_finding_severity(finding) != VTAP_SEVERITY_INFO;
	}
}

/* A refused reload says so itself; that the files are good again need not be a reload's doing. */
static bool is_ours_to_end(const struct vtap_finding *finding)
{
	return finding->condition == VTAP_CONDITION_CONFIG_REJECTED || is_ours_to_begin(finding);
}

/* Conditions that hold while something comes, which others decide: they come and go. */
static bool comes_and_goes(enum vtap_condition condition)
{
	switch (condition) {
	case VTAP_CONDITION_BACKLOG_DROPS:
	case VTAP_CONDITION_ENA_ALLOWANCE:
	case VTAP_CONDITION_RP_FILTER:
	case VTAP_CONDITION_CONNTRACK:
	case VTAP_CONDITION_UNKNOWN_VNI:
	case VTAP_CONDITION_UNKNOWN_SOURCE:
	case VTAP_CONDITION_NOT_ALLOWED:
	case VTAP_CONDITION_TRUNCATED:
	case VTAP_CONDITION_DECAP_ERROR:
	case VTAP_CONDITION_HOST_ANSWERS:
		return true;
	default:
		return false;
	}
}

/* Is there still something to tell of it? Whoever was removed is not told of later. */
static bool is_of_interest(const struct vtap_manager *manager, const struct vtap_subject *subject)
{
	switch (subject->kind) {
	case VTAP_SUBJECT_SESSION:
		return vtap_conf_find_session(manager->conf, subject->name) != NULL;
	case VTAP_SUBJECT_TARGET:
		return vtap_conf_find_target(manager->conf, subject->name) != NULL;
	default:
		return true;
	}
}

/* The fields by which whoever looks for a session, a target or an interface finds the entry. */
static struct vtap_log_context subject_context(const struct vtap_manager *manager,
	enum vtap_condition condition, const struct vtap_subject *subject)
{
	const struct vtap_session *session =
		subject->kind == VTAP_SUBJECT_SESSION
			? vtap_conf_find_session(manager->conf, subject->name)
			: NULL;
	const struct vtap_interface *interface =
		session != NULL ? vtap_interfaces_find(manager->interfaces, session->interface)
				: NULL;
	struct vtap_log_context context = {
		.condition = vtap_condition_row(condition)->id,
		.subject = subject->name,
	};

	if (subject->kind == VTAP_SUBJECT_INTERFACE)
		context.interface = subject->name;
	if (subject->kind == VTAP_SUBJECT_TARGET && is_of_interest(manager, subject))
		context.target = subject->name;
	if (session != NULL) {
		context.sessions = session->name;
		context.interface = session->interface;
		context.vnis = interface != NULL ? interface->vnis : NULL;
	}
	return context;
}

static void begin_log(const struct vtap_manager *manager, const struct vtap_finding *finding)
{
	const char *id = vtap_condition_row(finding->condition)->id;
	struct vtap_log_context context =
		subject_context(manager, finding->condition, &finding->subject);

	if (finding->concerned[0] != '\0')
		context.sessions = finding->concerned;
	vtap_log(vtap_log_priority(id), VTAP_EVENT_CONDITION, &context, "%s: %s", id,
		finding->sentence);
}

static void end_log(const struct vtap_manager *manager, enum vtap_condition condition,
	const struct vtap_subject *subject)
{
	struct vtap_log_context context = subject_context(manager, condition, subject);

	if (condition == VTAP_CONDITION_CONFIG_REJECTED) /* in the words in which it began */
		vtap_log(LOG_NOTICE, VTAP_EVENT_CONDITION, &context,
			"reload refused: over, the files on disk are good");
	else
		vtap_log(LOG_NOTICE, VTAP_EVENT_CONDITION, &context, "%s: over%s%s",
			vtap_condition_row(condition)->id, subject->name[0] != '\0' ? ", " : "",
			subject->name);
}

static void rest_log(unsigned n, const char *what)
{
	if (n > FOLD_MIN)
		vtap_log(LOG_WARNING, VTAP_EVENT_CONDITION, NULL,
			"and %u more findings %s: vtapctl doctor", n - FOLD_MIN, what);
}

static void begins_log(struct vtap_manager *manager, const struct vtap_findings *fresh)
{
	struct vtap_judge *judge = &manager->judge;
	unsigned n = 0;

	for (size_t i = 0; i < fresh->n; i++) {
		const struct vtap_finding *finding = &fresh->finding[i];
		const struct vtap_finding *former = vtap_findings_find(&judge->findings, finding);

		if (is_ours_to_begin(finding) && (former == NULL || former->is_minor) &&
			!vtap_linger_resume(
				&judge->linger, finding->condition, &finding->subject) &&
			++n <= FOLD_MIN)
			begin_log(manager, finding);
	}
	rest_log(n, "began");
}

/* Does it end without a word for now, because it may begin again? */
static bool lingers(
	struct vtap_manager *manager, const struct vtap_finding *finding, uint64_t now_ns)
{
	return comes_and_goes(finding->condition) && is_of_interest(manager, &finding->subject) &&
	       vtap_linger_end(
		       &manager->judge.linger, finding->condition, &finding->subject, now_ns) == 0;
}

static void ends_log(
	struct vtap_manager *manager, const struct vtap_findings *fresh, uint64_t now_ns)
{
	struct vtap_judge *judge = &manager->judge;
	struct vtap_lingering over;
	unsigned n = 0;

	for (size_t i = 0; i < judge->findings.n; i++) {
		const struct vtap_finding *finding = &judge->findings.finding[i];

		const struct vtap_finding *now = vtap_findings_find(fresh, finding);

		if (is_ours_to_end(finding) && (now == NULL || now->is_minor) &&
			!lingers(manager, finding, now_ns) && ++n <= FOLD_MIN)
			end_log(manager, finding->condition, &finding->subject);
	}
	while (vtap_linger_take(&judge->linger, now_ns, &over))
		if (is_of_interest(manager, &over.subject) && ++n <= FOLD_MIN)
			end_log(manager, over.condition, &over.subject);
	rest_log(n, "are over");
}

void vtap_transitions_take(
	struct vtap_manager *manager, struct vtap_findings *fresh, uint64_t now_ns)
{
	struct vtap_judge *judge = &manager->judge;

	for (size_t i = 0; i < fresh->n; i++) {
		const struct vtap_finding *former =
			vtap_findings_find(&judge->findings, &fresh->finding[i]);

		fresh->finding[i].since_mono_ns = former != NULL ? former->since_mono_ns : now_ns;
	}
	begins_log(manager, fresh);
	ends_log(manager, fresh, now_ns);
	vtap_findings_done(&judge->findings);
	judge->findings = *fresh;
	*fresh = (struct vtap_findings){ 0 };
}
