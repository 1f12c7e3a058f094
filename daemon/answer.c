// SPDX-License-Identifier: Apache-2.0
#include "daemon/answer.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "config/value.h"
#include "daemon/matches.h"
#include "daemon/observe.h"
#include "daemon/page.h"
#include "daemon/usage.h"
#include "report/json.h"
#include "report/prometheus.h"

#define HTTP_OK             200
#define HTTP_NOT_FOUND      404
#define HTTP_UNPROCESSABLE  422
#define HTTP_INTERNAL_ERROR 500
#define HTTP_UNAVAILABLE    503

struct vtap_answer vtap_answer_error(unsigned status, const char *sentence)
{
	return (struct vtap_answer){ .status = status, .body = vtap_json_error(sentence) };
}

struct vtap_answer vtap_answer_ok(char *body)
{
	return (struct vtap_answer){ .status = HTTP_OK, .body = body };
}

struct vtap_answer vtap_answer_trouble(int r)
{
	return vtap_answer_error(HTTP_INTERNAL_ERROR, vtap_errno_text(r));
}

static struct vtap_answer answer_no_session(const struct vtap_conf *conf, const char *name)
{
	_auto_free const char **names = calloc(conf->n_sessions + 1, sizeof(*names));
	const char *near;
	char sentence[128];

	if (names == NULL)
		return vtap_answer_trouble(-ENOMEM);
	for (size_t i = 0; i < conf->n_sessions; i++)
		names[i] = conf->sessions[i].name;
	near = vtap_value_nearest(name, names, conf->n_sessions);
	(void)snprintf(sentence, sizeof(sentence), "no session is named \"%s\"%s%s%s", /* fits */
		name, near != NULL ? "; did you mean " : "", near != NULL ? near : "",
		near != NULL ? "?" : "");
	return vtap_answer_error(HTTP_NOT_FOUND, sentence);
}

/* ---- what a snapshot tells, and what a page needs none for ---- */

static struct vtap_answer tell_metrics(
	struct vtap_snapshot *snapshot, const struct vtap_findings *findings)
{
	struct vtap_answer answer;

	vtap_usage_read(&snapshot->process);
	answer = vtap_answer_ok(vtap_prometheus_text(snapshot, findings));
	answer.type = VTAP_PROMETHEUS_TYPE;
	return answer;
}

static struct vtap_answer tell_health(
	const struct vtap_snapshot *snapshot, const struct vtap_findings *findings)
{
	bool is_fit = snapshot->is_healthy && !snapshot->drain.is_draining;

	return (struct vtap_answer){
		.status = is_fit ? HTTP_OK : HTTP_UNAVAILABLE,
		.body = vtap_json_health(snapshot, findings),
	};
}

struct vtap_answer vtap_answer_tell(
	enum vtap_op op, struct vtap_snapshot *snapshot, const struct vtap_findings *findings)
{
	switch (op) {
	case VTAP_OP_STATUS:
		return vtap_answer_ok(vtap_json_status(snapshot, findings));
	case VTAP_OP_HEALTH:
		return tell_health(snapshot, findings);
	case VTAP_OP_DRAIN_STATE:
		return vtap_answer_ok(vtap_json_drain(snapshot));
	default: /* VTAP_OP_METRICS */
		return tell_metrics(snapshot, findings);
	}
}

struct vtap_answer vtap_answer_page(void)
{
	return (struct vtap_answer){
		.status = HTTP_OK,
		.body = strdup(vtap_page_html),
		.type = "text/html; charset=utf-8",
		.policy = vtap_page_policy,
	};
}

static struct vtap_answer answer_seen(struct vtap_manager *manager, enum vtap_op op)
{
	struct vtap_snapshot snapshot = { 0 };
	int r = vtap_observe(manager, &snapshot);
	struct vtap_answer answer =
		r < 0 ? vtap_answer_trouble(r)
		      : vtap_answer_tell(op, &snapshot, &manager->judge.findings);

	vtap_snapshot_done(&snapshot);
	return answer;
}

/* ---- doctor ---- */

static struct vtap_answer answer_doctor(struct vtap_manager *manager, enum vtap_condition only)
{
	struct vtap_snapshot snapshot = { 0 };
	int r = vtap_observe(manager, &snapshot);
	struct vtap_answer answer =
		r < 0 ? vtap_answer_trouble(r)
		      : vtap_answer_ok(vtap_json_doctor(&snapshot, &manager->judge.findings, only));

	vtap_snapshot_done(&snapshot);
	if (only == VTAP_CONDITION_ONE_WAY) /* who asks for it has mended something, maybe */
		vtap_one_way_ask(&manager->one_way, vtap_clock_mono_ns());
	return answer;
}

/* ---- show, unknown ---- */

static const struct vtap_report_session *snapshot_find(
	const struct vtap_snapshot *snapshot, const char *name)
{
	for (size_t i = 0; i < snapshot->n_sessions; i++)
		if (strcmp(snapshot->sessions[i].session->name, name) == 0)
			return &snapshot->sessions[i];
	return NULL;
}

/* What the rows do not have of the delivered frames belonged to VNIs that were forgotten. */
static void forgotten_count(
	const struct vtap_report_session *session, struct vtap_report_vnis *vnis)
{
	uint64_t all = session->verdicts[VTAP_VERDICT_DELIVERED], rows = 0;

	for (size_t i = 0; i < vnis->n; i++)
		rows += vnis->row[i].frames;
	vnis->forgotten_frames = all > rows ? all - rows : 0;
}

static struct vtap_answer answer_show(struct vtap_manager *manager, const char *name)
{
	struct vtap_snapshot snapshot = { 0 };
	struct vtap_report_vnis vnis = { 0 };
	const struct vtap_report_session *session;
	struct vtap_answer answer;
	int r = vtap_observe(manager, &snapshot);

	if (r < 0)
		return vtap_answer_trouble(r);
	session = snapshot_find(&snapshot, name);
	if (session == NULL) {
		answer = answer_no_session(manager->conf, name);
	} else {
		r = vtap_observe_carried(manager, (size_t)(session - snapshot.sessions), &vnis);
		if (r == 0)
			forgotten_count(session, &vnis);
		answer = r < 0 ? vtap_answer_trouble(r)
			       : vtap_answer_ok(vtap_json_show(
					 &snapshot, session, &vnis, &manager->judge.findings));
	}
	vtap_report_vnis_done(&vnis);
	vtap_snapshot_done(&snapshot);
	return answer;
}

static struct vtap_answer answer_unknown(struct vtap_manager *manager)
{
	struct vtap_snapshot snapshot = { 0 };
	struct vtap_report_vnis vnis = { 0 };
	struct vtap_answer answer;
	int r = vtap_observe(manager, &snapshot);

	if (r == 0)
		r = vtap_observe_unknown(manager, &vnis);
	answer = r < 0 ? vtap_answer_trouble(r)
		       : vtap_answer_ok(vtap_json_unknown(&snapshot, &vnis));
	vtap_report_vnis_done(&vnis);
	vtap_snapshot_done(&snapshot);
	return answer;
}

/* ---- match ---- */

static struct vtap_answer answer_match(
	const struct vtap_manager *manager, const struct vtap_request *request)
{
	struct vtap_matches matches = { 0 };
	int r = vtap_matches_find(manager, request, &matches);
	struct vtap_answer answer = r < 0 ? vtap_answer_trouble(r)
					  : vtap_answer_ok(vtap_json_match(request->vni,
						    request->has_source ? &request->source : NULL,
						    matches.match, matches.n));

	vtap_matches_done(&matches);
	return answer;
}

/* ---- what is changed ---- */

struct vtap_answer vtap_answer_refusal(
	const struct vtap_manager *manager, const struct vtap_diags *diags)
{
	_auto_free const char **lines = calloc(diags->n + 1, sizeof(*lines));
	struct vtap_answer answer = { .status = HTTP_UNPROCESSABLE };
	size_t n = 0;

	while (lines != NULL && n < diags->n &&
		(lines[n] = vtap_diag_format(&diags->diag[n])) != NULL)
		n++;
	if (lines != NULL && n == diags->n)
		answer.body = vtap_json_refusal(&(struct vtap_report_refusal){
			.line = lines,
			.n = n,
			.n_files = vtap_diags_n_files(diags),
			.configured_wall_ns = manager->configured_wall_ns,
		});
	for (size_t i = 0; i < n; i++)
		free((char *)lines[i]);
	return answer;
}

struct vtap_answer vtap_answer_reload(
	const struct vtap_manager *manager, const struct vtap_changes *changes, uint64_t elapsed_ns)
{
	_auto_free const char **waiting = calloc(manager->conf->n_sessions + 1, sizeof(*waiting));
	_auto_free const char **why = calloc(manager->conf->n_sessions + 1, sizeof(*why));
	struct vtap_report_reload report = {
		.is_changed = changes->n > 0,
		.elapsed_ns = elapsed_ns,
		.n_added = vtap_changes_count(changes, VTAP_CHANGE_ADD),
		.n_changed = vtap_changes_count(changes, VTAP_CHANGE_IN_PLACE),
		.n_replaced = vtap_changes_count(changes, VTAP_CHANGE_REPLACE),
		.n_removed = vtap_changes_count(changes, VTAP_CHANGE_REMOVE),
		.n_untouched = changes->n_untouched,
		.n_sessions = manager->conf->n_sessions,
		.n_ready = vtap_manager_n_ready(manager),
		.waiting = waiting,
		.waiting_why = why,
		.configured_wall_ns = manager->configured_wall_ns,
	};

	if (waiting == NULL || why == NULL)
		return vtap_answer_trouble(-ENOMEM);
	for (size_t i = 0; i < manager->conf->n_sessions; i++) {
		struct vtap_standing standing = vtap_manager_standing(manager, i);

		if (standing.state == VTAP_STATE_READY)
			continue;
		why[report.n_waiting] = standing.message != NULL ? standing.message : "";
		waiting[report.n_waiting++] = manager->conf->sessions[i].name;
	}
	return vtap_answer_ok(vtap_json_reload(&report));
}

struct vtap_answer vtap_answer_wait(
	struct vtap_manager *manager, const char *name, bool *ret_is_ready)
{
	const struct vtap_session *session = vtap_conf_find_session(manager->conf, name);
	struct vtap_report_session report = { .session = session };
	struct vtap_standing standing;

	*ret_is_ready = false;
	if (session == NULL)
		return answer_no_session(manager->conf, name);
	standing = vtap_manager_standing(manager, (size_t)(session - manager->conf->sessions));
	*ret_is_ready = standing.state == VTAP_STATE_READY && manager->has_settled &&
			!manager->must_publish;
	report.state.state = vtap_state_name(standing.state);
	report.state.message = standing.message;
	return vtap_answer_ok(vtap_json_wait(&report));
}

struct vtap_answer vtap_answer_teardown(
	const struct vtap_report_removed *removed, const char *ports)
{
	_auto_free char *message =
		ports[0] == '\0'
			? NULL
			: vtap_text_format(
				  "This host now answers UDP %s with ICMP port unreachable:\n"
				  "  stop the mirror sessions or close the port in the security "
				  "group first.",
				  ports);

	return vtap_answer_ok(vtap_json_teardown(removed, message));
}

struct vtap_answer vtap_answer_make(
	struct vtap_manager *manager, const struct vtap_request *request)
{
	switch (request->op) {
	case VTAP_OP_STATUS:
	case VTAP_OP_HEALTH:
	case VTAP_OP_METRICS:
	case VTAP_OP_DRAIN_STATE:
		return answer_seen(manager, request->op);
	case VTAP_OP_SHOW:
		return answer_show(manager, request->session);
	case VTAP_OP_MATCH:
		return answer_match(manager, request);
	case VTAP_OP_UNKNOWN:
		return answer_unknown(manager);
	case VTAP_OP_PLAN:
		return vtap_answer_plan(manager);
	case VTAP_OP_PAGE:
		return vtap_answer_page();
	case VTAP_OP_DOCTOR:
		return answer_doctor(manager, request->condition);
	default:
		return vtap_answer_error(
			HTTP_INTERNAL_ERROR, "not a question"); /* a bug: the control handles it */
	}
}
