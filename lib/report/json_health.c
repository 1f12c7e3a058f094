// SPDX-License-Identifier: Apache-2.0
/* What is wrong, how health is judged, and how far a drain is: doctor, /healthz, drain. */
#include <jansson.h>

#include "report/json.h"
#include "report/json_value.h"

static const struct {
	enum vtap_require bit;
	const char *word; /* as in `[health] require` */
} REQUIRE_WORDS[] = {
	{ VTAP_REQUIRE_ANY, "any" },
	{ VTAP_REQUIRE_ALL, "all" },
	{ VTAP_REQUIRE_SENSORS, "sensors" },
	{ VTAP_REQUIRE_TRAFFIC, "traffic" },
};

/* What a finding says, without the condition that it belongs to. */
static json_t *saying_json(const struct vtap_snapshot *snapshot, const struct vtap_finding *finding)
{
	return json_pack("{s:s?, s:s, s:s, s:o, s:o, s:o}", "subject",
		vtap_subject_name(&finding->subject), "subject_kind",
		vtap_subject_kind_name(finding->subject.kind), "severity",
		vtap_severity_name(vtap_finding_severity(finding)), "since",
		vtap_json_mono(snapshot, finding->since_mono_ns), "sentence",
		vtap_json_shown(finding->sentence), "remedy", vtap_json_shown(finding->remedy));
}

json_t *vtap_json_finding(const struct vtap_snapshot *snapshot, const struct vtap_finding *finding)
{
	const struct vtap_condition_row *row = vtap_condition_row(finding->condition);
	json_t *object = json_pack(
		"{s:s, s:b}", "id", row->id, "breaks_health", finding->breaks_health ? 1 : 0);
	json_t *saying = saying_json(snapshot, finding);

	if (saying == NULL || json_object_update(object, saying) < 0) {
		json_decref(object);
		object = NULL;
	}
	json_decref(saying);
	return object;
}

static json_t *findings_json(const struct vtap_snapshot *snapshot,
	const struct vtap_findings *findings, enum vtap_condition only)
{
	json_t *array = json_array();

	for (size_t i = 0; i < findings->n; i++) {
		const struct vtap_finding *finding = &findings->finding[i];

		if (only != VTAP_CONDITION_COUNT && finding->condition != only)
			continue;
		if (json_array_append_new(array, vtap_json_finding(snapshot, finding)) < 0)
			break;
	}
	return array;
}

static json_t *check_json(
	const struct vtap_snapshot *snapshot, enum vtap_condition condition, bool holds)
{
	const struct vtap_condition_row *row = vtap_condition_row(condition);

	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:s?, s:b}", "id", row->id, "severity",
		vtap_severity_name(row->severity), "meaning", row->meaning, "cause", row->cause,
		"remedy", row->remedy, "checked",
		holds || vtap_finding_is_checked(snapshot, condition) ? 1 : 0, "unchecked_reason",
		holds ? NULL : vtap_finding_unchecked_why(snapshot, condition), "holds",
		holds ? 1 : 0);
}

static json_t *checks_json(const struct vtap_snapshot *snapshot,
	const struct vtap_findings *findings, enum vtap_condition only)
{
	bool holds[VTAP_CONDITION_COUNT] = { false };
	json_t *array = json_array();

	for (size_t i = 0; i < findings->n; i++)
		holds[findings->finding[i].condition] = true;
	for (int i = 0; i < VTAP_CONDITION_COUNT; i++) {
		enum vtap_condition condition = (enum vtap_condition)i;

		if (only != VTAP_CONDITION_COUNT && condition != only)
			continue;
		if (json_array_append_new(
			    array, check_json(snapshot, condition, holds[condition])) < 0)
			break;
	}
	return array;
}

char *vtap_json_doctor(const struct vtap_snapshot *snapshot, const struct vtap_findings *findings,
	enum vtap_condition only)
{
	return vtap_json_text(
		json_pack("{s:o, s:o}", "findings", findings_json(snapshot, findings, only),
			"checks", checks_json(snapshot, findings, only)));
}

static json_t *require_json(unsigned require)
{
	json_t *array = json_array();

	for (size_t i = 0; i < VTAP_ARRAY_LEN(REQUIRE_WORDS); i++) {
		if ((require & REQUIRE_WORDS[i].bit) == 0)
			continue;
		if (json_array_append_new(array, json_string(REQUIRE_WORDS[i].word)) < 0)
			break;
	}
	return array;
}

static json_t *condition_json(const struct vtap_snapshot *snapshot,
	const struct vtap_findings *findings, enum vtap_condition condition)
{
	const struct vtap_condition_row *row = vtap_condition_row(condition);
	json_t *sayings = json_array();
	bool breaks_health = false;

	for (size_t i = 0; i < findings->n; i++) {
		const struct vtap_finding *finding = &findings->finding[i];

		if (finding->condition != condition)
			continue;
		breaks_health = breaks_health || finding->breaks_health;
		if (json_array_append_new(sayings, saying_json(snapshot, finding)) < 0)
			break;
	}
	bool holds = json_array_size(sayings) > 0;

	return json_pack("{s:s, s:s, s:b, s:b, s:b, s:o}", "id", row->id, "severity",
		vtap_severity_name(row->severity), "checked",
		holds || vtap_finding_is_checked(snapshot, condition) ? 1 : 0, "holds",
		holds ? 1 : 0, "breaks_health", breaks_health ? 1 : 0, "findings", sayings);
}

char *vtap_json_health(const struct vtap_snapshot *snapshot, const struct vtap_findings *findings)
{
	const struct vtap_health_conf *health = &snapshot->conf->health;
	json_t *conditions = json_array();

	for (int i = 0; i < VTAP_CONDITION_COUNT; i++)
		if (json_array_append_new(conditions,
			    condition_json(snapshot, findings, (enum vtap_condition)i)) < 0)
			break;
	return vtap_json_text(
		json_pack("{s:o, s:o, s:o, s:I, s:o}", "state", vtap_json_state(snapshot), "checks",
			vtap_json_checks(snapshot), "require", require_json(health->require),
			"settle_ns", (json_int_t)health->settle_ns, "conditions", conditions));
}

char *vtap_json_drain(const struct vtap_snapshot *snapshot)
{
	const struct vtap_report_drain *drain = &snapshot->drain;
	const struct vtap_health_conf *health = &snapshot->conf->health;

	return vtap_json_text(json_pack(
		"{s:b, s:o, s:o, s:f, s:f, s:I, s:I, s:b, s:b, s:I, s:I, s:I, s:I, s:b}",
		"draining", drain->is_draining ? 1 : 0, "since",
		vtap_json_time(drain->since_wall_ns), "reason", vtap_json_shown(drain->reason),
		"frames_per_second", drain->frames_per_second, "frames_per_second_before",
		drain->frames_per_second_before, "elapsed_ns", (json_int_t)drain->elapsed_ns,
		"quiet_ns", (json_int_t)drain->quiet_ns, "is_quiet", drain->is_quiet ? 1 : 0,
		"is_overdue", drain->is_overdue ? 1 : 0, "delivered", (json_int_t)drain->delivered,
		"lost", (json_int_t)drain->lost, "settle_ns", (json_int_t)health->settle_ns,
		"drain_time_ns", (json_int_t)health->drain_time_ns, "healthy",
		snapshot->is_healthy ? 1 : 0));
}
