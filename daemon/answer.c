// SPDX-License-Identifier: Apache-2.0
#include "daemon/answer.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "config/load.h"
#include "config/value.h"
#include "daemon/conflict.h"
#include "daemon/matches.h"
#include "daemon/observe.h"
#include "daemon/page.h"
#include "daemon/sensors.h"
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

static struct vtap_answer answer_ok(char *body)
{
	return (struct vtap_answer){ .status = HTTP_OK, .body = body };
}

static struct vtap_answer answer_trouble(int r)
{
	return vtap_answer_error(HTTP_INTERNAL_ERROR, vtap_errno_text(r));
}

static struct vtap_answer answer_no_session(const struct vtap_conf *conf, const char *name)
{
	_auto_free const char **names = calloc(conf->n_sessions + 1, sizeof(*names));
	const char *near;
	char sentence[128];

	if (names == NULL)
		return answer_trouble(-ENOMEM);
	for (size_t i = 0; i < conf->n_sessions; i++)
		names[i] = conf->sessions[i].name;
	near = vtap_value_nearest(name, names, conf->n_sessions);
	(void)snprintf(sentence, sizeof(sentence), "no session is named \"%s\"%s%s%s", /* fits */
		name, near != NULL ? "; did you mean " : "", near != NULL ? near : "",
		near != NULL ? "?" : "");
	return vtap_answer_error(HTTP_NOT_FOUND, sentence);
}

/* ---- status, show, unknown ---- */

static struct vtap_answer answer_status(struct vtap_manager *manager)
{
	struct vtap_snapshot snapshot = { 0 };
	int r = vtap_observe(manager, &snapshot);
	struct vtap_answer answer =
		r < 0 ? answer_trouble(r)
		      : answer_ok(vtap_json_status(&snapshot, &manager->judge.findings));

	vtap_snapshot_done(&snapshot);
	return answer;
}

static struct vtap_answer answer_metrics(struct vtap_manager *manager)
{
	struct vtap_snapshot snapshot = { 0 };
	int r = vtap_observe(manager, &snapshot);
	struct vtap_answer answer;

	if (r < 0)
		return answer_trouble(r);
	vtap_usage_read(&snapshot.process);
	answer = answer_ok(vtap_prometheus_text(&snapshot, &manager->judge.findings));
	answer.type = VTAP_PROMETHEUS_TYPE;
	vtap_snapshot_done(&snapshot);
	return answer;
}

static struct vtap_answer answer_page(void)
{
	return (struct vtap_answer){
		.status = HTTP_OK,
		.body = strdup(vtap_page_html),
		.type = "text/html; charset=utf-8",
		.policy = vtap_page_policy,
	};
}

/* ---- health, doctor, drain: they stand on the last judgement ---- */

static struct vtap_answer answer_health(struct vtap_manager *manager)
{
	struct vtap_snapshot snapshot = { 0 };
	int r = vtap_observe(manager, &snapshot);
	bool is_fit = r == 0 && snapshot.is_healthy && !snapshot.drain.is_draining;
	struct vtap_answer answer = {
		.status = is_fit ? HTTP_OK : HTTP_UNAVAILABLE,
		.body = r < 0 ? vtap_json_error(vtap_errno_text(r))
			      : vtap_json_health(&snapshot, &manager->judge.findings),
	};

	vtap_snapshot_done(&snapshot);
	return answer;
}

static struct vtap_answer answer_doctor(struct vtap_manager *manager, enum vtap_condition only)
{
	struct vtap_snapshot snapshot = { 0 };
	int r = vtap_observe(manager, &snapshot);
	struct vtap_answer answer =
		r < 0 ? answer_trouble(r)
		      : answer_ok(vtap_json_doctor(&snapshot, &manager->judge.findings, only));

	vtap_snapshot_done(&snapshot);
	if (only == VTAP_CONDITION_ONE_WAY) /* who asks for it has mended something, maybe */
		vtap_one_way_ask(&manager->one_way, vtap_clock_mono_ns());
	return answer;
}

static struct vtap_answer answer_drain(struct vtap_manager *manager)
{
	struct vtap_snapshot snapshot = { 0 };
	int r = vtap_observe(manager, &snapshot);
	struct vtap_answer answer =
		r < 0 ? answer_trouble(r) : answer_ok(vtap_json_drain(&snapshot));

	vtap_snapshot_done(&snapshot);
	return answer;
}

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
		return answer_trouble(r);
	session = snapshot_find(&snapshot, name);
	if (session == NULL) {
		answer = answer_no_session(manager->conf, name);
	} else {
		r = vtap_observe_carried(manager, (size_t)(session - snapshot.sessions), &vnis);
		if (r == 0)
			forgotten_count(session, &vnis);
		answer = r < 0 ? answer_trouble(r)
			       : answer_ok(vtap_json_show(
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
	answer = r < 0 ? answer_trouble(r) : answer_ok(vtap_json_unknown(&snapshot, &vnis));
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
	struct vtap_answer answer = r < 0 ? answer_trouble(r)
					  : answer_ok(vtap_json_match(request->vni,
						    request->has_source ? &request->source : NULL,
						    matches.match, matches.n));

	vtap_matches_done(&matches);
	return answer;
}

/* ---- plan ---- */

static size_t files_n_changed(const struct vtap_conf *old, const struct vtap_conf *new)
{
	size_t n = 0, n_same_path = 0;

	for (size_t i = 0; i < new->n_files; i++) {
		const struct vtap_file *before = NULL;

		for (size_t j = 0; j < old->n_files; j++)
			if (strcmp(old->files[j].path, new->files[i].path) == 0)
				before = &old->files[j];
		n_same_path += before != NULL;
		n += before == NULL || before->hash != new->files[i].hash;
	}
	return n + (old->n_files - n_same_path);
}

/* FEEL: who reads what goes away. */
static char *why_with_sensors(const struct vtap_change *change,
	const struct vtap_interface *interface, const struct vtap_sensors *sensors,
	unsigned *ret_n_sensors)
{
	unsigned n = interface != NULL && interface->wish.held_index != 0
			     ? vtap_sensors_on(sensors, interface->wish.held_index, NULL)
			     : 0;

	*ret_n_sensors = n;
	if (change->lost_interface[0] == '\0')
		return strdup(change->why);
	if (change->kind == VTAP_CHANGE_REPLACE && n > 0)
		return vtap_text_format("%s; %u %s %s and must be pointed at the new one",
			change->why, n, n == 1 ? "sensor reads" : "sensors read",
			change->lost_interface);
	if (n > 0)
		return vtap_text_format(
			"%s; %u %s it", change->why, n, n == 1 ? "sensor reads" : "sensors read");
	return vtap_text_format("%s; nobody reads %s", change->why,
		change->kind == VTAP_CHANGE_REPLACE ? change->lost_interface : "it");
}

/* The device that has this name and is not ours, as the last look found it, or NULL. */
static const struct vtap_device *foreign_find(const struct vtap_manager *manager, const char *name)
{
	const struct vtap_devices *devices = vtap_interfaces_devices(manager->interfaces);
	const struct vtap_interface *interface = vtap_interfaces_find(manager->interfaces, name);

	for (size_t i = 0; i < devices->n; i++) {
		const struct vtap_device *device = &devices->device[i];

		if (strcmp(device->name, name) == 0)
			return vtap_device_is_ours(device) ||
					       (interface != NULL &&
						       interface->wish.held_index == device->index)
				       ? NULL
				       : device;
	}
	return NULL;
}

/* Say it in other words. Takes both. */
static int change_retell(struct vtap_change *change, char *what, char *why)
{
	if (what == NULL || why == NULL) {
		free(what);
		free(why);
		return -ENOMEM;
	}
	free(change->what);
	free(change->why);
	change->what = what;
	change->why = why;
	return 0;
}

/* What goes away is not ours: then it stays. */
static int loss_retell(const struct vtap_manager *manager, struct vtap_change *change)
{
	const char *lost = change->lost_interface;
	int r;

	if (lost[0] == '\0' || foreign_find(manager, lost) == NULL)
		return 0;
	r = change_retell(change,
		change->kind == VTAP_CHANGE_REMOVE ? vtap_text_format("leave %s", lost)
						   : strdup(change->what),
		vtap_text_format("%s; %s is not ours and stays", change->why, lost));
	change->lost_interface[0] = '\0';
	return r;
}

/* Somebody else's vxlan device has the VNI that a session is to have: then it waits. */
static int vni_retell(const struct vtap_manager *manager, const struct vtap_conf *new,
	const struct vtap_session *session, struct vtap_change *change,
	struct vtap_report_plan *plan)
{
	const struct vtap_target *target = &new->targets[session->i_target];
	struct vtap_wish wish = {
		.mode = target->mode, .port = target->port, .family = session->family
	};
	const struct vtap_device *holder;

	if (target->mode != VTAP_MODE_VXLAN)
		return 0;
	wish.vni = session->vnis[0].first; /* the only one: config/check_modes.c */
	holder = vtap_conflict_find_vni(vtap_interfaces_devices(manager->interfaces), &wish);
	if (holder == NULL)
		return 0;
	plan->n_will_wait++;
	return change_retell(change, strdup(change->what),
		vtap_text_format("%s; will wait: the vxlan interface %s has this VNI, and is not "
				 "ours",
			change->why, holder->name));
}

/* What is to be made is there and not ours: then the session waits. */
static int gain_retell(const struct vtap_manager *manager, const struct vtap_conf *new,
	struct vtap_change *change, struct vtap_report_plan *plan)
{
	bool is_new = change->kind == VTAP_CHANGE_ADD;
	const struct vtap_session *session = is_new || change->kind == VTAP_CHANGE_REPLACE
						     ? vtap_conf_find_session(new, change->name)
						     : NULL;
	const struct vtap_device *foreign =
		session != NULL ? foreign_find(manager, session->interface) : NULL;
	char kind[VTAP_KIND_MAX + 24];

	if (foreign == NULL)
		return session != NULL ? vni_retell(manager, new, session, change, plan) : 0;
	plan->n_will_wait++;
	return change_retell(change,
		is_new ? vtap_text_format("wait for %s", session->interface) : strdup(change->what),
		vtap_text_format("%s; will wait: %s is %s that vtapd did not make", change->why,
			session->interface, vtap_device_kind_text(foreign, kind, sizeof(kind))));
}

/* None of the underlays that a target is to have is there: then it waits. */
static int underlay_retell(
	const struct vtap_manager *manager, const struct vtap_conf *new, struct vtap_change *change)
{
	static const char TARGET[] = "target ";
	const struct vtap_devices *devices = vtap_interfaces_devices(manager->interfaces);
	const struct vtap_target *target =
		change->kind != VTAP_CHANGE_REMOVE &&
				strncmp(change->name, TARGET, strlen(TARGET)) == 0
			? vtap_conf_find_target(new, change->name + strlen(TARGET))
			: NULL;

	if (target == NULL || target->n_underlays == 0)
		return 0;
	for (size_t i = 0; i < devices->n; i++)
		if (vtap_target_names(target, devices->device[i].name))
			return 0;
	return change_retell(change, strdup(change->what),
		vtap_text_format("%s; will wait: no interface of this host is called %s%s",
			change->why, target->underlays[0],
			target->n_underlays > 1 ? ", or as the others" : ""));
}

static int plan_retell(const struct vtap_manager *manager, const struct vtap_conf *new,
	struct vtap_changes *changes, struct vtap_report_plan *plan)
{
	int r = 0;

	for (size_t i = 0; i < changes->n && r == 0; i++) {
		r = loss_retell(manager, &changes->change[i]);
		if (r == 0)
			r = gain_retell(manager, new, &changes->change[i], plan);
		if (r == 0)
			r = underlay_retell(manager, new, &changes->change[i]);
	}
	return r;
}

static int plan_rows(const struct vtap_manager *manager, const struct vtap_changes *changes,
	struct vtap_report_plan *plan)
{
	struct vtap_sensors sensors = { 0 };
	int r = 0;

	plan->row = calloc(changes->n + 1, sizeof(*plan->row));
	if (plan->row == NULL)
		return -ENOMEM;
	(void)vtap_sensors_read(&sensors); /* refused: nobody is known to read */
	for (size_t i = 0; i < changes->n && r == 0; i++) {
		const struct vtap_change *change = &changes->change[i];
		unsigned n_sensors = 0;

		plan->row[i] = (struct vtap_report_change){
			.sign = vtap_change_sign(change->kind),
			.name = change->name,
			.what = change->what,
			.why = why_with_sensors(change,
				vtap_interfaces_find(manager->interfaces, change->lost_interface),
				&sensors, &n_sensors),
		};
		plan->n++;
		plan->n_sensors_disturbed += n_sensors;
		r = plan->row[i].why == NULL ? -ENOMEM : 0;
	}
	vtap_sensors_done(&sensors);
	return r;
}

static void plan_counts(const struct vtap_changes *changes, struct vtap_report_plan *plan)
{
	plan->n_added = vtap_changes_count(changes, VTAP_CHANGE_ADD);
	plan->n_changed = vtap_changes_count(changes, VTAP_CHANGE_IN_PLACE);
	plan->n_replaced = vtap_changes_count(changes, VTAP_CHANGE_REPLACE);
	plan->n_removed = vtap_changes_count(changes, VTAP_CHANGE_REMOVE);
	plan->n_untouched = changes->n_untouched;
}

static bool is_among(const char *const *pointers, size_t n, const char *pointer)
{
	for (size_t i = 0; i < n; i++)
		if (pointers[i] == pointer)
			return true;
	return false;
}

/* Whom a session's trouble is about: its target, or all sessions of its interface. */
static char *pending_format(
	const struct vtap_manager *manager, const struct vtap_session *session, const char *message)
{
	const struct vtap_interface *interface =
		vtap_interfaces_find(manager->interfaces, session->interface);

	if (interface != NULL && message == interface->message)
		return vtap_text_format("%s: %s", interface->sessions, message);
	return vtap_text_format(
		"target %s: %s", manager->conf->targets[session->i_target].name, message);
}

/* What the reconciler would still do with the configuration in effect, each trouble once. */
static int plan_pending(const struct vtap_manager *manager, struct vtap_report_plan *plan)
{
	size_t n = manager->conf->n_sessions;
	_auto_free const char **told = calloc(n + 1, sizeof(*told));

	plan->pending = calloc(n + 1, sizeof(*plan->pending));
	if (plan->pending == NULL || told == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		struct vtap_standing standing = vtap_manager_standing(manager, i);

		if (standing.message == NULL || is_among(told, plan->n_pending, standing.message))
			continue;
		told[plan->n_pending] = standing.message;
		plan->pending[plan->n_pending] =
			pending_format(manager, &manager->conf->sessions[i], standing.message);
		if (plan->pending[plan->n_pending] == NULL)
			return -ENOMEM;
		plan->n_pending++;
	}
	return 0;
}

static void plan_done(struct vtap_report_plan *plan)
{
	for (size_t i = 0; i < plan->n; i++)
		free(plan->row[i].why);
	for (size_t i = 0; i < plan->n_pending; i++)
		free(plan->pending[i]);
	free(plan->row);
	free(plan->pending);
}

static int plan_make(const struct vtap_manager *manager, const struct vtap_conf *new,
	struct vtap_changes *changes, struct vtap_report_plan *plan)
{
	int r = vtap_changes_find(manager->conf, new, changes);

	if (r == 0)
		r = plan_retell(manager, new, changes, plan);
	if (r == 0)
		r = plan_rows(manager, changes, plan);
	if (r == 0)
		r = plan_pending(manager, plan);
	if (r < 0)
		return r;
	plan_counts(changes, plan);
	plan->n_files_changed = files_n_changed(manager->conf, new);
	plan->since_wall_ns = manager->configured_wall_ns;
	return 0;
}

static struct vtap_answer answer_plan(const struct vtap_manager *manager)
{
	_auto(conf) const struct vtap_conf *new = NULL;
	struct vtap_diags diags = { 0 };
	struct vtap_changes changes = { 0 };
	struct vtap_report_plan plan = { 0 };
	struct vtap_answer answer;
	int r = vtap_load(manager->config_path, 0, &new, &diags);

	if (r == 0)
		r = plan_make(manager, new, &changes, &plan);
	if (r == VTAP_LOAD_REFUSED)
		answer = vtap_answer_refusal(manager, &diags);
	else
		answer = r < 0 ? answer_trouble(r) : answer_ok(vtap_json_plan(&plan));
	plan_done(&plan);
	vtap_changes_done(&changes);
	vtap_diags_done(&diags);
	return answer;
}

/* ---- reload, wait, teardown ---- */

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
		return answer_trouble(-ENOMEM);
	for (size_t i = 0; i < manager->conf->n_sessions; i++) {
		struct vtap_standing standing = vtap_manager_standing(manager, i);

		if (standing.state == VTAP_STATE_READY)
			continue;
		why[report.n_waiting] = standing.message != NULL ? standing.message : "";
		waiting[report.n_waiting++] = manager->conf->sessions[i].name;
	}
	return answer_ok(vtap_json_reload(&report));
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
	return answer_ok(vtap_json_wait(&report));
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

	return answer_ok(vtap_json_teardown(removed, message));
}

struct vtap_answer vtap_answer_make(
	struct vtap_manager *manager, const struct vtap_request *request)
{
	switch (request->op) {
	case VTAP_OP_STATUS:
		return answer_status(manager);
	case VTAP_OP_SHOW:
		return answer_show(manager, request->session);
	case VTAP_OP_MATCH:
		return answer_match(manager, request);
	case VTAP_OP_UNKNOWN:
		return answer_unknown(manager);
	case VTAP_OP_PLAN:
		return answer_plan(manager);
	case VTAP_OP_HEALTH:
		return answer_health(manager);
	case VTAP_OP_METRICS:
		return answer_metrics(manager);
	case VTAP_OP_PAGE:
		return answer_page();
	case VTAP_OP_DOCTOR:
		return answer_doctor(manager, request->condition);
	case VTAP_OP_DRAIN_STATE:
		return answer_drain(manager);
	default:
		return vtap_answer_error(
			HTTP_INTERNAL_ERROR, "not a question"); /* a bug: the control handles it */
	}
}
