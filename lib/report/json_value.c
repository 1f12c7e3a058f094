// SPDX-License-Identifier: Apache-2.0
#include "report/json_value.h"

#include <assert.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/text.h"
#include "report/json.h"

static const char *const CHECKS_NAMES[] = {
	[VTAP_CHECKS_OFF] = "off",
	[VTAP_CHECKS_ANSWERED] = "answered",
	[VTAP_CHECKS_REFUSED] = "refused",
};
static_assert(VTAP_ARRAY_LEN(CHECKS_NAMES) == VTAP_CHECKS_COUNT, "what is seen has a name");

char *vtap_json_text(json_t *object)
{
	char *text = NULL;

	if (object != NULL &&
		json_object_set_new(object, "version", json_integer(VTAP_JSON_VERSION)) == 0)
		text = json_dumps(object, JSON_COMPACT);
	json_decref(object);
	return text;
}

json_t *vtap_json_time(uint64_t wall_ns)
{
	char day[32], text[64];
	time_t seconds = (time_t)(wall_ns / VTAP_NS_PER_S);
	struct tm tm;

	if (wall_ns == 0 || gmtime_r(&seconds, &tm) == NULL ||
		strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		return json_null();
	(void)snprintf(text, sizeof(text), "%s.%09lluZ", day, /* fits */
		(unsigned long long)(wall_ns % VTAP_NS_PER_S));
	return json_string(text);
}

json_t *vtap_json_mono(const struct vtap_snapshot *snapshot, uint64_t mono_ns)
{
	if (mono_ns == 0)
		return json_null();
	return vtap_json_time(snapshot->now_wall_ns - (snapshot->now_mono_ns - mono_ns));
}

json_t *vtap_json_age(const struct vtap_snapshot *snapshot, uint64_t mono_ns)
{
	if (mono_ns == 0)
		return json_null();
	return json_integer(snapshot->now_mono_ns > mono_ns
				    ? (json_int_t)(snapshot->now_mono_ns - mono_ns)
				    : 0);
}

json_t *vtap_json_duration(uint64_t ns)
{
	return ns == VTAP_REPORT_NEVER ? json_null() : json_integer((json_int_t)ns);
}

/* C0 and C1 control characters become '?', but for line breaks: no reader of an answer takes them
 * (text_answer.c). */
static void text_disarm(char *text)
{
	for (unsigned char *c = (unsigned char *)text; *c != '\0'; c++) {
		if ((*c < 0x20 && *c != '\n') || *c == 0x7f)
			*c = '?';
		else if (c[0] == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0)
			c[0] = c[1] = '?';
	}
}

json_t *vtap_json_shown(const char *text)
{
	_auto_free char *copy = text != NULL ? strdup(text) : NULL;
	json_t *json;

	if (copy == NULL)
		return text != NULL ? NULL : json_null();
	text_disarm(copy);
	json = json_string(copy);
	if (json != NULL)
		return json;
	vtap_text_make_printable(copy); /* broken UTF-8 */
	return json_string(copy);
}

json_t *vtap_json_strings(const char *const *strings, size_t n)
{
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++) {
		if (json_array_append_new(array, vtap_json_shown(strings[i])) < 0)
			break;
	}
	return array;
}

json_t *vtap_json_state(const struct vtap_snapshot *snapshot)
{
	if (snapshot->drain.is_draining)
		return json_string("draining");
	return json_string(snapshot->is_healthy ? "healthy" : "unhealthy");
}

json_t *vtap_json_checks(const struct vtap_snapshot *snapshot)
{
	return json_string(CHECKS_NAMES[snapshot->checks]);
}

json_t *vtap_json_ids(const struct vtap_findings *findings)
{
	bool is_listed[VTAP_CONDITION_COUNT] = { false };
	json_t *ids = json_array();

	for (size_t i = 0; i < findings->n; i++) {
		enum vtap_condition condition = findings->finding[i].condition;
		const struct vtap_condition_row *row = vtap_condition_row(condition);

		if (vtap_finding_severity(&findings->finding[i]) == VTAP_SEVERITY_INFO ||
			is_listed[condition])
			continue;
		is_listed[condition] = true;
		if (json_array_append_new(ids, json_string(row->id)) < 0)
			break;
	}
	return ids;
}
