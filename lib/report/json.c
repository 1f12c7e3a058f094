// SPDX-License-Identifier: Apache-2.0
#include "report/json.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "report/json_value.h"
#include "report/text_words.h"

/* Fewer of a minute tell nothing of the path that most take. */
#define DETOUR_FRAMES 20

static json_t *prefixes_json(const struct vtap_prefix *prefixes, size_t n)
{
	json_t *array = json_array();
	char text[VTAP_ADDR_TEXT_MAX];

	for (size_t i = 0; i < n; i++) {
		vtap_prefix_format(&prefixes[i], text);
		if (json_array_append_new(array, json_string(text)) < 0)
			break;
	}
	return array;
}

static json_t *vnis_json(const struct vtap_session *session)
{
	json_t *array = json_array();
	char text[32];

	for (size_t i = 0; i < session->n_vnis; i++) {
		struct vtap_range vni = session->vnis[i];

		if (vni.first == vni.last)
			(void)snprintf(text, sizeof(text), "%u", vni.first); /* fits */
		else
			(void)snprintf(text, sizeof(text), "%u-%u", vni.first, vni.last); /* fits */
		if (json_array_append_new(array, json_string(text)) < 0)
			return array;
	}
	if (session->is_any)
		(void)json_array_append_new(
			array, json_string("any")); /* missing only without memory */
	return array;
}

static uint64_t dropped_sum(const uint64_t verdicts[VTAP_VERDICT_COUNT])
{
	uint64_t sum = 0;

	for (int i = 0; i < VTAP_VERDICT_COUNT; i++)
		if (i != VTAP_VERDICT_DELIVERED)
			sum += verdicts[i];
	return sum;
}

static json_t *drops_json(const uint64_t verdicts[VTAP_VERDICT_COUNT])
{
	json_t *object = json_object();

	for (int i = 0; i < VTAP_VERDICT_COUNT; i++)
		if (i != VTAP_VERDICT_DELIVERED && verdicts[i] > 0 &&
			json_object_set_new(object, vtap_verdict_name((enum vtap_verdict)i),
				json_integer((json_int_t)verdicts[i])) < 0)
			break;
	return object;
}

/* The drain that is under way, or null. */
static json_t *drain_json(const struct vtap_report_drain *drain)
{
	if (!drain->is_draining)
		return json_null();
	return json_pack("{s:o, s:o, s:f}", "since", vtap_json_time(drain->since_wall_ns), "reason",
		vtap_json_shown(drain->reason), "frames_per_second", drain->frames_per_second);
}

/* How many of the tap interfaces are guarded, as a word; none to guard is nothing to complain of.
 */
static const char *guard_word(const struct vtap_snapshot *snapshot)
{
	if (snapshot->n_tap_interfaces == 0)
		return snapshot->guard_off_why == NULL ? "on" : "off";
	if (snapshot->n_guarded == 0)
		return "off";
	return snapshot->n_guarded < snapshot->n_tap_interfaces ? "partly" : "on";
}

/* Counters may be older than the daemon: what the kernel keeps of the fast path's. */
static json_t *counting_since_json(const struct vtap_snapshot *snapshot)
{
	if (snapshot->counting_since_wall_ns == VTAP_REPORT_NEVER)
		return json_null();
	if (snapshot->counting_since_wall_ns == 0)
		return vtap_json_mono(snapshot, snapshot->started_mono_ns);
	return vtap_json_time(snapshot->counting_since_wall_ns);
}

static json_t *daemon_json(const struct vtap_snapshot *snapshot)
{
	json_t *refused =
		snapshot->refused_wall_ns == 0
			? json_null()
			: json_pack("{s:o, s:I}", "at", vtap_json_time(snapshot->refused_wall_ns),
				  "mistakes", (json_int_t)snapshot->n_refused_mistakes);

	uint64_t uptime_ns = snapshot->now_mono_ns - snapshot->started_mono_ns;

	return json_pack(
		"{s:s, s:i, s:o, s:i, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:I, s:s, "
		"s:o, s:o}",
		"version", snapshot->version, "pid", snapshot->pid, "now",
		vtap_json_time(snapshot->now_wall_ns), "utc_offset_s",
		(int)vtap_text_utc_offset_s(snapshot->now_wall_ns), "config",
		vtap_json_shown(snapshot->config_path), "state", vtap_json_state(snapshot),
		"checks", vtap_json_checks(snapshot), "checks_follow_in_ns",
		vtap_json_duration(snapshot->checks_follow_in_ns), "drain",
		drain_json(&snapshot->drain), "uptime_ns", (json_int_t)uptime_ns, "started",
		vtap_json_mono(snapshot, snapshot->started_mono_ns), "counting_since",
		counting_since_json(snapshot), "configured",
		vtap_json_time(snapshot->configured_wall_ns), "refused", refused, "repairs",
		(json_int_t)snapshot->n_repairs, "guard", guard_word(snapshot), "guard_reason",
		vtap_json_shown(snapshot->guard_off_why), "host",
		vtap_json_host(snapshot->host_counters));
}

static const char *path_word(const struct vtap_report_target *report)
{
	if (report->target->mode == VTAP_MODE_VXLAN)
		return "kernel";
	return report->is_fast ? "fast path" : "worker";
}

/* null: there are no two paths */
static json_t *paths_json(const struct vtap_report_paths *paths)
{
	if (!paths->fast.is_known || !paths->worker.is_known)
		return json_null();
	return json_pack("{s:I, s:I}", "fast_path", (json_int_t)paths->fast.recent, "worker",
		(json_int_t)paths->worker.recent);
}

/* Most frames take the other path although the fast one is there: why, only the packets can tell.
 * Where it is not on every underlay, that is told instead. */
static json_t *detour_json(const struct vtap_report_target *report)
{
	uint64_t n_worker = report->paths.worker.recent;
	uint64_t n = report->paths.fast.recent + n_worker;
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;

	if (n < DETOUR_FRAMES || n_worker <= n / 2 || report->fast_off_why != NULL ||
		report->fast_idle_why != NULL || report->bypassed_by != NULL)
		return json_null();
	vtap_text_words_add(&words, "%s of ", vtap_text_count(n_worker).text);
	vtap_text_words_add(&words,
		"the last minute's %s went through the worker: an outer UDP checksum that nobody "
		"has verified, fragments, options (`man vtapd`, Two paths)",
		vtap_text_counted(n, "frame").text);
	return json_string(words.text);
}

/* Where the kernel has the packets there is none. */
static json_t *fastpath_json(const struct vtap_report_target *report)
{
	enum vtap_fastpath_want want = report->target->mode == VTAP_MODE_VXLAN
					       ? VTAP_FASTPATH_OFF
					       : report->target->fastpath;

	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "setting", vtap_fastpath_name(want),
		"attached", vtap_json_strings(report->fast_on, report->n_fast_on), "reason",
		vtap_json_shown(report->fast_off_why), "idle",
		vtap_json_shown(report->fast_idle_why), "bypassed_by",
		vtap_json_shown(report->bypassed_by), "recent", paths_json(&report->paths),
		"detour", detour_json(report));
}

/* Takes both: what @more has goes into @object. Return: NULL without memory. */
static json_t *joined(json_t *object, json_t *more)
{
	if (more == NULL || json_object_update(object, more) < 0) {
		json_decref(object);
		object = NULL;
	}
	json_decref(more);
	return object;
}

static json_t *target_json(
	const struct vtap_snapshot *snapshot, const struct vtap_report_target *report)
{
	const struct vtap_target *target = report->target;
	static const char *const AUTO[] = { "auto" };
	json_t *underlay = target->n_underlays == 0
				   ? vtap_json_strings(AUTO, 1)
				   : vtap_json_strings((const char *const *)target->underlays,
					     target->n_underlays);
	/* one socket for all of them is called what the operator calls it */
	bool is_auto = target->n_underlays == 0 && report->n_bound > 0;

	json_t *object = json_pack(
		"{s:s, s:i, s:o, s:o, s:o, s:s, s:o, s:i, s:i, s:s, s:s?, s:o, s:o, s:I, s:I, s:I, "
		"s:o}",
		"name", target->name, "port", (int)target->port, "underlay", underlay, "bound",
		is_auto ? vtap_json_strings(AUTO, 1)
			: vtap_json_strings(report->bound, report->n_bound),
		"missing", vtap_json_strings(report->missing, report->n_missing), "path",
		path_word(report), "fastpath", fastpath_json(report), "workers",
		(int)report->n_workers, "stalled", (int)report->n_stalled, "state",
		report->state.state, "reason", report->state.reason, "message",
		vtap_json_shown(report->state.message), "retry_in_ns",
		vtap_json_duration(report->state.retry_in_ns), "received",
		(json_int_t)report->received, "delivered",
		(json_int_t)report->verdicts[VTAP_VERDICT_DELIVERED], "dropped",
		(json_int_t)dropped_sum(report->verdicts), "drops", drops_json(report->verdicts));

	return joined(object, vtap_json_target_kernel(snapshot, report));
}

/* Bytes of a delivered frame, since counting began; null before the first one. */
static json_t *average_json(const struct vtap_report_session *report)
{
	uint64_t n = report->verdicts[VTAP_VERDICT_DELIVERED];

	return n == 0 ? json_null() : json_integer((json_int_t)(report->bytes / n));
}

/* The names that the snapshot has in one text; none of them has a comma. */
static json_t *sensor_names_json(const char *sensors)
{
	_auto_free char *copy = strdup(sensors != NULL ? sensors : "");
	json_t *array = copy != NULL ? json_array() : NULL;
	char *rest = NULL, *name = copy != NULL ? strtok_r(copy, ",", &rest) : NULL;

	for (; name != NULL; name = strtok_r(NULL, ",", &rest))
		if (json_array_append_new(array, vtap_json_shown(name + strspn(name, " "))) < 0)
			break;
	return array;
}

/* null: no sample could be judged */
static json_t *one_way_json(
	const struct vtap_snapshot *snapshot, const struct vtap_report_one_way *one_way)
{
	if (!one_way->is_sampled)
		return json_null();
	return json_pack("{s:i, s:i, s:b, s:o}", "flows", (int)one_way->n_flows, "one_way_flows",
		(int)one_way->n_one_way, "is_one_way", one_way->is_one_way ? 1 : 0, "sampled",
		vtap_json_mono(snapshot, one_way->sampled_mono_ns));
}

static json_t *session_json(
	const struct vtap_snapshot *snapshot, const struct vtap_report_session *report)
{
	const struct vtap_session *session = report->session;
	uint64_t dropped = dropped_sum(report->verdicts);
	uint64_t received = report->verdicts[VTAP_VERDICT_DELIVERED] + dropped;
	json_t *object = json_pack(
		"{s:s, s:s?, s:b, s:s, s:o, s:o, s:s, s:i, s:i, s:s, s:s?, s:o, s:o}", "name",
		session->name, "description", session->description, "required",
		session->is_required ? 1 : 0, "target", report->target->name, "vni",
		vnis_json(session), "source", prefixes_json(session->sources, session->n_sources),
		"interface", session->interface, "ifindex", report->interface_index, "mtu",
		(int)session->mtu_bytes, "state", report->state.state, "reason",
		report->state.reason, "message", vtap_json_shown(report->state.message),
		"retry_in_ns", vtap_json_duration(report->state.retry_in_ns));
	json_t *counts = json_pack(
		"{s:I, s:I, s:I, s:o, s:I, s:o, s:f, s:f, s:o, s:o, s:i, s:o, s:I, s:o, s:o}",
		"received", (json_int_t)received, "delivered",
		(json_int_t)report->verdicts[VTAP_VERDICT_DELIVERED], "dropped",
		(json_int_t)dropped, "drops", drops_json(report->verdicts), "bytes",
		(json_int_t)report->bytes, "average_frame_bytes", average_json(report),
		"frames_per_second", report->frames_per_second, "bits_per_second",
		report->bits_per_second, "last_frame",
		vtap_json_mono(snapshot, report->last_mono_ns), "last_frame_age_ns",
		vtap_json_age(snapshot, report->last_mono_ns), "sensors", (int)report->n_sensors,
		"sensor_names", sensor_names_json(report->sensors), "repairs",
		(json_int_t)report->n_repairs, "silent_after_ns",
		vtap_json_duration(session->silent_after_ns != 0 ? session->silent_after_ns
								 : VTAP_REPORT_NEVER),
		"one_way", one_way_json(snapshot, &report->one_way));

	return joined(joined(object, counts), vtap_json_session_kernel(report));
}

/* Who asks whether all is well sees targets and sessions that are not ready anyway. */
static bool is_told_by_states(
	const struct vtap_snapshot *snapshot, const struct vtap_finding *finding)
{
	switch (finding->condition) {
	case VTAP_CONDITION_NO_SESSIONS:
	case VTAP_CONDITION_SOCKET_REFUSED:
	case VTAP_CONDITION_INTERFACE_FOREIGN:
	case VTAP_CONDITION_VNI_TAKEN:
		return true;
	case VTAP_CONDITION_PORT_TAKEN:
		/* else one of ours for checks or metrics */
		return finding->subject.kind != VTAP_SUBJECT_HOST;
	case VTAP_CONDITION_UNDERLAY_MISSING:
		for (size_t i = 0; i < snapshot->n_targets; i++)
			if (vtap_subject_is(&finding->subject, VTAP_SUBJECT_TARGET,
				    snapshot->targets[i].target->name))
				return strcmp(snapshot->targets[i].state.state, "ready") != 0;
		return false;
	default:
		return false;
	}
}

static json_t *degrading_json(const struct vtap_finding *finding)
{
	char words[VTAP_ERR_MAX];

	if (finding->condition == VTAP_CONDITION_UNDERLAY_DOWN)
		(void)snprintf(words, sizeof(words), "%s is down", /* fits */
			finding->subject.name);
	else
		memcpy(words, finding->sentence, sizeof(words));
	return json_pack("{s:s, s:s?, s:o}", "id", vtap_condition_row(finding->condition)->id,
		"subject", vtap_subject_name(&finding->subject), "words", vtap_json_shown(words));
}

/* What somebody is called for although every target and session is ready: all is not well. */
static json_t *degraded_by_json(
	const struct vtap_snapshot *snapshot, const struct vtap_findings *findings)
{
	json_t *array = json_array();

	for (size_t i = 0; i < findings->n; i++) {
		const struct vtap_finding *finding = &findings->finding[i];

		if (vtap_condition_row(finding->condition)->severity == VTAP_SEVERITY_PAGE &&
			!is_told_by_states(snapshot, finding) &&
			json_array_append_new(array, degrading_json(finding)) < 0)
			break;
	}
	return array;
}

char *vtap_json_status(const struct vtap_snapshot *snapshot, const struct vtap_findings *findings)
{
	json_t *targets = json_array(), *sessions = json_array();
	struct vtap_finding_counts counts = vtap_findings_count(findings);

	for (size_t i = 0; i < snapshot->n_targets; i++)
		if (json_array_append_new(targets, target_json(snapshot, &snapshot->targets[i])) <
			0)
			goto no_memory;
	for (size_t i = 0; i < snapshot->n_sessions; i++)
		if (json_array_append_new(
			    sessions, session_json(snapshot, &snapshot->sessions[i])) < 0)
			goto no_memory;
	return vtap_json_text(json_pack("{s:o, s:o, s:o, s:I, s:I, s:o, s:o}", "daemon",
		daemon_json(snapshot), "findings", vtap_json_ids(findings), "degraded_by",
		degraded_by_json(snapshot, findings), "finding_count",
		(json_int_t)counts.n_findings, "note_count", (json_int_t)counts.n_notes, "targets",
		targets, "sessions", sessions));
no_memory:
	json_decref(targets);
	json_decref(sessions);
	return NULL;
}

static json_t *sources_json(const struct vtap_report_vni *row)
{
	json_t *array = json_array();
	char text[VTAP_ADDR_TEXT_MAX];

	for (size_t i = 0; i < row->n_sources; i++) {
		vtap_addr_format(&row->sources[i], text);
		if (json_array_append_new(array, json_string(text)) < 0)
			break;
	}
	return array;
}

static json_t *vni_json(const struct vtap_snapshot *snapshot, const struct vtap_report_vni *row)
{
	return json_pack("{s:I, s:s, s:s, s:I, s:I, s:f, s:o, s:b, s:o, s:o, s:o, s:s?, s:s?, s:b}",
		"vni", (json_int_t)row->vni, "target", row->target, "verdict",
		vtap_verdict_name(row->verdict), "frames", (json_int_t)row->frames, "bytes",
		(json_int_t)row->bytes, "frames_per_second", row->frames_per_second, "sources",
		sources_json(row), "sources_complete", row->has_more_sources ? 0 : 1, "first_seen",
		vtap_json_mono(snapshot, row->first_mono_ns), "last_seen",
		vtap_json_mono(snapshot, row->last_mono_ns), "last_seen_age_ns",
		vtap_json_age(snapshot, row->last_mono_ns), "why", row->why, "taken_by",
		row->taken_by, "allowed", row->is_kept_out ? 0 : 1);
}

static json_t *vni_rows_json(
	const struct vtap_snapshot *snapshot, const struct vtap_report_vnis *vnis)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < vnis->n; i++)
		if (json_array_append_new(rows, vni_json(snapshot, &vnis->row[i])) < 0)
			break;
	return rows;
}

static const struct vtap_report_target *session_target(
	const struct vtap_snapshot *snapshot, const struct vtap_report_session *session)
{
	for (size_t i = 0; i < snapshot->n_targets; i++)
		if (snapshot->targets[i].target == session->target)
			return &snapshot->targets[i];
	return NULL;
}

/* What nobody takes of the target's packets is the affair of a session that has that VNI, and of no
 * other. */
static bool is_about(const struct vtap_finding *finding, const struct vtap_report_session *session)
{
	const char *name = session->session->name;

	if (finding->condition == VTAP_CONDITION_UNKNOWN_VNI)
		return false;
	if (finding->condition == VTAP_CONDITION_UNKNOWN_SOURCE)
		return strcmp(finding->concerned, name) == 0;
	return vtap_subject_is(&finding->subject, VTAP_SUBJECT_SESSION, name) ||
	       vtap_subject_is(&finding->subject, VTAP_SUBJECT_TARGET, session->target->name);
}

/* Those about the session or its target; how many that are more than information are not. */
static json_t *session_findings_json(const struct vtap_snapshot *snapshot,
	const struct vtap_report_session *session, const struct vtap_findings *findings,
	size_t *ret_n_others)
{
	json_t *array = json_array();
	size_t n_others = 0;

	for (size_t i = 0; i < findings->n; i++) {
		const struct vtap_finding *finding = &findings->finding[i];

		if (is_about(finding, session))
			(void)json_array_append_new(/* missing only without memory */
				array, vtap_json_finding(snapshot, finding));
		else
			n_others += vtap_finding_severity(finding) != VTAP_SEVERITY_INFO;
	}
	*ret_n_others = n_others;
	return array;
}

char *vtap_json_show(const struct vtap_snapshot *snapshot, const struct vtap_report_session *report,
	const struct vtap_report_vnis *vnis, const struct vtap_findings *findings)
{
	const struct vtap_report_target *target = session_target(snapshot, report);
	json_t *session = session_json(snapshot, report), *about;
	_auto_free char *place = NULL;
	size_t n_others;

	if (session == NULL || asprintf(&place, "%s:%u", report->session->place.file,
				       report->session->place.line) < 0) {
		json_decref(session);
		return NULL;
	}
	if (json_object_set_new(session, "path",
		    vtap_json_shown(target != NULL ? path_word(target) : NULL)) < 0 ||
		json_object_set_new(session, "config", json_string(place)) < 0 ||
		json_object_set_new(session, "vnis", vni_rows_json(snapshot, vnis)) < 0 ||
		json_object_set_new(session, "vnis_forgotten_frames",
			json_integer((json_int_t)vnis->forgotten_frames)) < 0) {
		json_decref(session);
		return NULL;
	}
	about = session_findings_json(snapshot, report, findings, &n_others);
	return vtap_json_text(json_pack("{s:o, s:o, s:o, s:I, s:{s:o, s:o}}", "session", session,
		"target", target != NULL ? target_json(snapshot, target) : json_null(), "findings",
		about, "other_findings", (json_int_t)n_others, "daemon", "started",
		vtap_json_mono(snapshot, snapshot->started_mono_ns), "counting_since",
		counting_since_json(snapshot)));
}

char *vtap_json_unknown(const struct vtap_snapshot *snapshot, const struct vtap_report_vnis *vnis)
{
	uint64_t frames = vnis->forgotten_frames;

	for (size_t i = 0; i < vnis->n; i++)
		frames += vnis->row[i].frames;
	return vtap_json_text(json_pack("{s:o, s:I, s:I, s:o}", "rows",
		vni_rows_json(snapshot, vnis), "frames", (json_int_t)frames, "forgotten_frames",
		(json_int_t)vnis->forgotten_frames, "uncounted", vtap_json_uncounted(snapshot)));
}

static json_t *match_json(const struct vtap_report_match *match)
{
	size_t n = 0;

	while (n < VTAP_ARRAY_LEN(match->explain) && match->explain[n] != NULL)
		n++;
	return json_pack("{s:s, s:i, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:o, s:o}", "target",
		match->target->name, "port", (int)match->target->port, "verdict",
		match->is_uncounted ? NULL : vtap_verdict_name(match->verdict), "session",
		match->session, "interface", match->interface, "level", match->level, "prefix",
		match->prefix[0] != '\0' ? match->prefix : NULL, "from",
		match->from[0] != '\0' ? match->from : NULL, "state", match->state, "trouble",
		vtap_json_shown(match->trouble), "explain",
		vtap_json_strings((const char *const *)match->explain, n));
}

char *vtap_json_match(uint32_t vni, const struct vtap_addr *source,
	const struct vtap_report_match *matches, size_t n_matches)
{
	json_t *results = json_array();
	char text[VTAP_ADDR_TEXT_MAX];

	for (size_t i = 0; i < n_matches; i++)
		if (json_array_append_new(results, match_json(&matches[i])) < 0)
			break;
	if (source != NULL)
		vtap_addr_format(source, text);
	return vtap_json_text(json_pack("{s:I, s:s?, s:o}", "vni", (json_int_t)vni, "source",
		source != NULL ? text : NULL, "results", results));
}

char *vtap_json_plan(const struct vtap_report_plan *plan)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < plan->n; i++) {
		const char sign[] = { plan->row[i].sign, '\0' };

		if (json_array_append_new(
			    rows, json_pack("{s:s, s:s, s:s, s:s}", "sign", sign, "name",
					  plan->row[i].name, "what", plan->row[i].what, "why",
					  plan->row[i].why)) < 0)
			break;
	}
	return vtap_json_text(json_pack("{s:I, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}",
		"files_changed", (json_int_t)plan->n_files_changed, "since",
		vtap_json_time(plan->since_wall_ns), "rows", rows, "added",
		(json_int_t)plan->n_added, "changed", (json_int_t)plan->n_changed, "replaced",
		(json_int_t)plan->n_replaced, "removed", (json_int_t)plan->n_removed, "untouched",
		(json_int_t)plan->n_untouched, "will_wait", (json_int_t)plan->n_will_wait,
		"sensors_disturbed", (json_int_t)plan->n_sensors_disturbed, "pending",
		vtap_json_strings((const char *const *)plan->pending, plan->n_pending)));
}

char *vtap_json_reload(const struct vtap_report_reload *reload)
{
	return vtap_json_text(
		json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o}", "result",
			reload->is_changed ? "in-effect" : "no-change", "elapsed_ns",
			(json_int_t)reload->elapsed_ns, "added", (json_int_t)reload->n_added,
			"changed", (json_int_t)reload->n_changed, "replaced",
			(json_int_t)reload->n_replaced, "removed", (json_int_t)reload->n_removed,
			"untouched", (json_int_t)reload->n_untouched, "sessions",
			(json_int_t)reload->n_sessions, "ready", (json_int_t)reload->n_ready,
			"waiting", vtap_json_strings(reload->waiting, reload->n_waiting), "reasons",
			vtap_json_strings(reload->waiting_why, reload->n_waiting), "configured",
			vtap_json_time(reload->configured_wall_ns)));
}

char *vtap_json_refusal(const struct vtap_report_refusal *refusal)
{
	return vtap_json_text(json_pack("{s:o, s:I, s:I, s:o}", "mistakes",
		vtap_json_strings(refusal->line, refusal->n), "mistake_count",
		(json_int_t)refusal->n, "file_count", (json_int_t)refusal->n_files, "configured",
		vtap_json_time(refusal->configured_wall_ns)));
}

char *vtap_json_wait(const struct vtap_report_session *session)
{
	return vtap_json_text(json_pack("{s:s, s:s, s:s, s:o}", "session", session->session->name,
		"interface", session->session->interface, "state", session->state.state, "message",
		vtap_json_shown(session->state.message)));
}

static json_t *features_json(unsigned merging)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < VTAP_MERGING_COUNT; i++)
		if ((merging & 1U << i) != 0 &&
			json_array_append_new(array, json_string(vtap_merging_name(i))) < 0)
			break;
	return array;
}

static json_t *restored_json(const struct vtap_report_restored *restored, size_t n)
{
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++)
		if (json_array_append_new(
			    array, json_pack("{s:o, s:o}", "interface",
					   vtap_json_shown(restored[i].interface), "features",
					   features_json(restored[i].merging))) < 0)
			break;
	return array;
}

char *vtap_json_teardown(const struct vtap_report_removed *removed, const char *message)
{
	return vtap_json_text(json_pack("{s:I, s:o, s:I, s:o, s:o, s:s?}", "interfaces",
		(json_int_t)removed->n_interfaces, "fast_paths",
		vtap_json_strings((const char *const *)removed->fast_path, removed->n_fast_paths),
		"guards", (json_int_t)removed->n_guards, "restored",
		restored_json(removed->restored, removed->n_restored), "not_found",
		restored_json(removed->missed, removed->n_missed), "message", message));
}

char *vtap_json_error(const char *sentence)
{
	return vtap_json_text(json_pack("{s:o}", "error", vtap_json_shown(sentence)));
}
