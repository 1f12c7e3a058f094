// SPDX-License-Identifier: Apache-2.0
#include "daemon/manual/rules.h"

#include <assert.h>
#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "report/condition.h"
#include "wire/verdict.h"

/* Bytes of a line: those of the shipped file are read in an editor. */
#define WIDTH 110

/* What a `for` is where nothing else is said. Whoever is woken by a page can do without what heals
 * by itself within a minute; a ticket has time. */
static const char *const FORS[] = {
	[VTAP_SEVERITY_PAGE] = "1m",
	[VTAP_SEVERITY_TICKET] = "15m",
	[VTAP_SEVERITY_INFO] = NULL, /* nobody is to come */
};
static_assert(VTAP_ARRAY_LEN(FORS) == VTAP_SEVERITY_COUNT, "every severity has its time");

/* Conditions that are to last longer or shorter before somebody is called. */
static const struct {
	enum vtap_condition condition;
	const char *time;
} OWN_FORS[] = {
	/* it is over when it is told, and that for a minute: until then nobody was there to tell it
	 */
	{ VTAP_CONDITION_LOOP_STALLED, "0s" },
	/* somebody may be at it */
	{ VTAP_CONDITION_INTERFACE_FOREIGN, "5m" },
	{ VTAP_CONDITION_VNI_TAKEN, "5m" },
	/* a restart of Suricata with many rules takes minutes */
	{ VTAP_CONDITION_NO_SENSOR, "5m" },
	{ VTAP_CONDITION_NO_TRAFFIC, "5m" },
	/* it has waited for `silent-after` itself */
	{ VTAP_CONDITION_SILENT, "1m" },
	/* several samples */
	{ VTAP_CONDITION_ONE_WAY, "30m" },
};

/* These hold for a minute after each packet that is lost. What is asked is whether they did so at
 * some time of ten minutes: an alert that came and went with them would be a new one after each
 * pause, and of a frame every other minute there would never be one. */
static const enum vtap_condition PASSING[] = {
	VTAP_CONDITION_SOCKET_DROPS,
	VTAP_CONDITION_BACKLOG_DROPS,
	VTAP_CONDITION_ENA_ALLOWANCE,
	VTAP_CONDITION_RP_FILTER,
	VTAP_CONDITION_UNKNOWN_VNI,
	VTAP_CONDITION_UNKNOWN_SOURCE,
	VTAP_CONDITION_NOT_ALLOWED,
	VTAP_CONDITION_TRUNCATED,
	VTAP_CONDITION_DECAP_ERROR,
	VTAP_CONDITION_HOST_ANSWERS,
};

/* Of the others, which last, it is the last sample of five minutes: a scrape that fails takes all
 * series of its target away at once, and would end each alert, and have its time begin anew. Who is
 * gone for longer is VtapdDown. */

/* What has no row in the register: seen from outside, or over time. */
struct alert {
	const char *name;
	const char *expr;
	const char *time;
	enum vtap_severity severity;
	const char *summary;
	const char *description;
	const char *remedy;
};

static const struct alert ALERTS[] = {
	/* a reboot takes 2 minutes, and a fleet has others for that long */
	{ "VtapdDown", "up{job=\"vtapd\"} == 0", "5m", VTAP_SEVERITY_PAGE,
		"{{ $labels.instance }}: vtapd does not answer",
		"The daemon, its host or the way to its metrics port is down. Known sessions may "
		"go "
		"on in the kernel; nothing is repaired.",
		"systemctl status vtapd; journalctl -u vtapd -b; ss -tlpn 'sport = :9478'" },
	{ "VtapdAbsent", "absent(up{job=\"vtapd\"})", "5m", VTAP_SEVERITY_TICKET,
		"no vtapd is scraped at all",
		"Prometheus has no target in the job vtapd, so that no other alert of this file "
		"can "
		"fire.",
		"# a scrape configuration with `job_name: vtapd`: README of vtapd, \"Prometheus "
		"and "
		"Grafana\"" },
	{ "VtapdScrapeFailing",
		"avg_over_time(up{job=\"vtapd\"}[15m]) < 0.9 and "
		"changes(up{job=\"vtapd\"}[15m]) >= 4", /* one outage changes it twice */
		"5m", VTAP_SEVERITY_TICKET, "{{ $labels.instance }}: scrapes fail again and again",
		"More than one scrape in ten failed within 15 minutes. The host is short of "
		"processors, or the network between loses packets.",
		"vmstat 1 5 # and vtapd_loop_lag_seconds and scrape_duration_seconds of this "
		"instance" },
	{ "VtapdRestarting", "changes(vtapd_start_time_seconds[30m]) > 2", "0s",
		VTAP_SEVERITY_TICKET,
		"{{ $labels.instance }}: vtapd was started more than twice within 30 minutes",
		"It ends by itself, or somebody keeps restarting it.",
		"journalctl -u vtapd; systemctl status vtapd" },
	{ "VtapdLoss",
		"target:vtapd_lost_packets:ratio_rate5m > 0.01 and "
		"target:vtapd_lost_packets:rate5m > 1", /* less can wait: VtapdSocketDrops */
		"5m", VTAP_SEVERITY_PAGE,
		"{{ $labels.instance }}: {{ $value | humanizePercentage }} of what target "
		"{{ $labels.target }} received was lost on this host",
		"Packets of known sessions that no sensor got: a socket, a processor's queue or an "
		"interface could not take them.",
		"vtapctl status; vtapctl doctor" },
	{ "VtapdDropRatio",
		"target:vtapd_dropped_packets:ratio_rate5m > 0.01 and "
		"target:vtapd_dropped_packets:rate5m > 1", /* an idle target, and a scan */
		"15m", VTAP_SEVERITY_TICKET,
		"{{ $labels.instance }}: {{ $value | humanizePercentage }} of what target "
		"{{ $labels.target }} received was dropped",
		"All verdicts together, those included that mean somebody's packets are not "
		"wanted: "
		"unknown VNIs, sources that are not allowed.",
		"vtapctl status; vtapctl unknown; vtapctl doctor # status names the verdicts" },
	{ "VtapdSessionSilentEverywhere",
		"time() - max_over_time(session:vtapd_last_frame_timestamp_seconds:max[6h]) > 3600 "
		"and on (job, session) count by (job, session) "
		"(vtapd_session_ready{job=\"vtapd\"}) "
		"and on (job) count by (job) (up{job=\"vtapd\"}) > 1",
		"15m", VTAP_SEVERITY_TICKET,
		"session {{ $labels.session }}: no target of the fleet has had a frame of it for "
		"{{ $value | humanizeDuration }}",
		"A single target is rightly silent when the load balancer sends a source to "
		"another one; "
		"all of them are when the mirror session, its filter or its VNI was changed, or "
		"the "
		"sources have nothing to say. Asked of sessions that are configured and had "
		"traffic, where there is more than one target.",
		"aws ec2 describe-traffic-mirror-sessions; vtapctl unknown # the latter on any "
		"target" },
	/* each reason may be a ticket, as a sensor that has stopped is: all of them are not */
	{ "VtapdFleetUnhealthy",
		"(sum by (job) "
		"(vtapd_healthy{job=\"vtapd\"} * (1 - vtapd_draining{job=\"vtapd\"})) "
		"or 0 * count by (job) (up{job=\"vtapd\"})) "
		"/ count by (job) (up{job=\"vtapd\"}) < 0.5 "
		"and count by (job) (up{job=\"vtapd\"}) > 1",
		"5m", VTAP_SEVERITY_PAGE,
		"only {{ $value | humanizePercentage }} of the targets are healthy",
		"The others do not answer, are unhealthy, or drain. A load balancer gives their "
		"share to those that are left or, where too few are, sends to all of them again, "
		"healthy or not.",
		"vtapctl status; vtapctl doctor # on those; sudo vtapctl undrain ends a drain" },
	/* of sessions that nobody is to read nothing is said: the usual is the measure */
	{ "VtapdSensorsGone",
		"last_over_time(instance:vtapd_sessions_read:ratio[5m]) < 0.9 * "
		"quantile_over_time(0.5, instance:vtapd_sessions_read:ratio[1d])",
		"15m", VTAP_SEVERITY_TICKET,
		"{{ $labels.instance }}: {{ $value | humanizePercentage }} of the sessions are "
		"read by a sensor, which is fewer than usual",
		"A sensor has stopped, reads another interface, or does not know new sessions. The "
		"usual is the median of a day, so that nobody is missed who looked with tcpdump.",
		"vtapctl status # SENSORS is - where nobody reads; then systemctl status of what "
		"should" },
	{ "VtapdLoopLag", "avg_over_time(vtapd_loop_lag_seconds[5m]) > 1", "10m",
		VTAP_SEVERITY_TICKET, "{{ $labels.instance }}: the main loop is late",
		"Frames go on, but repairs, answers and health are late: "
		"the host is short of processors, or something changes its interfaces all the "
		"time.",
		"vmstat 1 5; ip monitor link" },
	{ "VtapdDrainForgotten", "last_over_time(vtapd_draining[15m]) == 1", "4h",
		VTAP_SEVERITY_TICKET, /* over a reboot it would not last */
		"{{ $labels.instance }}: a drain was not ended for hours",
		"The load balancer sends nothing to this target while it drains, and the others "
		"carry "
		"its share.",
		"vtapctl status; sudo vtapctl undrain # status says since when and why" },
};

static const struct {
	const char *name;
	const char *expr;
} RECORDS[] = {
	{ "target:vtapd_received_packets:rate5m", "rate(vtapd_target_received_packets_total[5m])" },
	{ "target:vtapd_delivered_frames:rate5m", "rate(vtapd_target_delivered_frames_total[5m])" },
	{ "target_verdict:vtapd_dropped_packets:rate5m",
		"rate(vtapd_target_dropped_packets_total[5m])" },
	{ "target:vtapd_dropped_packets:rate5m",
		"sum without (verdict) (target_verdict:vtapd_dropped_packets:rate5m)" },
	{ "target:vtapd_dropped_packets:ratio_rate5m",
		"target:vtapd_dropped_packets:rate5m / target:vtapd_received_packets:rate5m" },
	{ "instance:vtapd_sessions_read:ratio",
		"avg by (job, instance) (vtapd_session_sensors{job=\"vtapd\"} > bool 0)" },
	/* of the whole fleet; it outlives the target that had the last frame */
	{ "session:vtapd_last_frame_timestamp_seconds:max",
		"max by (job, session) "
		"(vtapd_session_last_frame_timestamp_seconds{job=\"vtapd\"})" },
};

/* Losses that call nobody as such. An interface is gone for longer than a repair only where a
 * foreign one has its name, which is a page of its own; what a vxlan device cannot decapsulate may
 * have been cut on its way, or be junk. */
static bool is_paged(enum vtap_verdict verdict)
{
	return vtap_verdict_is_loss(verdict) && verdict != VTAP_VERDICT_INTERFACE_GONE &&
	       verdict != VTAP_VERDICT_DECAP_ERROR;
}

/* ---- YAML ---- */

/* A folded block: nothing in it needs a quote, and its lines are one again when read. */
static void text_write(FILE *out, int indent, const char *key, const char *text)
{
	size_t column = 0;

	(void)fprintf(out, "%*s%s: >-", indent, "", key); /* ferror is asked at the end */
	for (size_t len; *text != '\0'; text += len + strspn(text + len, " ")) {
		len = strcspn(text, " ");
		if (column == 0 || column + 1 + len > WIDTH) {
			column = (size_t)fprintf(out, "\n%*s", indent + 2, "") - 1;
			column += (size_t)fprintf(out, "%.*s", (int)len, text);
		} else {
			column += (size_t)fprintf(out, " %.*s", (int)len, text);
		}
	}
	(void)fputc('\n', out);
}

static void alert_write(FILE *out, const struct alert *alert)
{
	(void)fprintf(out, "      - alert: %s\n", alert->name);
	text_write(out, 8, "expr", alert->expr);
	(void)fprintf(out, "        for: %s\n        labels:\n          severity: %s\n",
		alert->time, vtap_severity_name(alert->severity));
	(void)fputs("        annotations:\n", out);
	text_write(out, 10, "summary", alert->summary);
	text_write(out, 10, "description", alert->description);
	text_write(out, 10, "remedy", alert->remedy);
}

static void group_write(FILE *out, const char *name)
{
	(void)fprintf(out, "\n  - name: %s\n    rules:\n", name);
}

/* ---- conditions ---- */

static const char *time_of(enum vtap_condition condition)
{
	for (size_t i = 0; i < VTAP_ARRAY_LEN(OWN_FORS); i++)
		if (OWN_FORS[i].condition == condition)
			return OWN_FORS[i].time;
	return FORS[vtap_condition_row(condition)->severity];
}

static char upper(char letter)
{
	return (char)toupper((unsigned char)letter);
}

static bool is_passing(enum vtap_condition condition)
{
	for (size_t i = 0; i < VTAP_ARRAY_LEN(PASSING); i++)
		if (PASSING[i] == condition)
			return true;
	return false;
}

/* "unknown-vni" -> "VtapdUnknownVni" */
static void alert_name(const char *id, char *ret_name, size_t size)
{
	size_t n = (size_t)snprintf(ret_name, size, "Vtapd"); /* fits */

	for (char before = '-'; *id != '\0' && n + 1 < size; before = *id++)
		if (*id != '-')
			ret_name[n++] = before == '-' ? upper(*id) : *id;
	ret_name[n] = '\0';
}

static void condition_write(FILE *out, enum vtap_condition condition)
{
	const struct vtap_condition_row *row = vtap_condition_row(condition);
	char name[64], expr[128], summary[512], remedy[512];

	alert_name(row->id, name, sizeof(name));
	(void)snprintf(expr, sizeof(expr), /* fits */
		"%s_over_time(vtapd_condition{condition=\"%s\"}[%s]) == 1",
		is_passing(condition) ? "max" : "last", row->id,
		is_passing(condition) ? "10m" : "5m");
	(void)snprintf(summary, sizeof(summary), "{{ $labels.instance }}: %s", /* fits */
		row->meaning);
	(void)snprintf(remedy, sizeof(remedy), "vtapctl doctor %s%s %s", row->id, /* fits */
		row->remedy[0] == '#' ? "" : ";", row->remedy);
	alert_write(out, &(struct alert){
				 .name = name,
				 .expr = expr,
				 .time = time_of(condition),
				 .severity = row->severity,
				 .summary = summary,
				 .description = row->cause,
				 .remedy = remedy,
			 });
}

/* ---- the file ---- */

static void record_write(FILE *out, const char *name, const char *expr)
{
	(void)fprintf(out, "      - record: %s\n", name);
	text_write(out, 8, "expr", expr);
}

/* Those that have a list of ours in them. */
static void loss_write(FILE *out)
{
	char verdicts[256] = "", expr[512];
	size_t used = 0;

	for (int i = 0; i < VTAP_VERDICT_COUNT; i++)
		if (is_paged((enum vtap_verdict)i))
			used += (size_t)snprintf(verdicts + used,
				sizeof(verdicts) - used, /* fits */
				"%s%s", used > 0 ? "|" : "",
				vtap_verdict_name((enum vtap_verdict)i));
	(void)snprintf(expr, sizeof(expr), /* fits */
		"sum without (verdict) "
		"(target_verdict:vtapd_dropped_packets:rate5m{verdict=~\"%s\"})",
		verdicts);
	record_write(out, "target:vtapd_lost_packets:rate5m", expr);
	record_write(out, "target:vtapd_lost_packets:ratio_rate5m",
		"target:vtapd_lost_packets:rate5m / target:vtapd_received_packets:rate5m");
}

void vtap_rules_write(FILE *out)
{
	(void)fputs("# SPDX-License-Identifier: Apache-2.0\n"
		    "# Rules for Prometheus, made from vtapd's registers: do not edit, see "
		    "tests/manual/rules. They expect\n"
		    "# `job_name: vtapd` in the scrape configuration. Severities: page, somebody "
		    "must come now;\n# ticket, it can wait until the morning.\n"
		    "groups:\n  - name: vtapd-rates\n    rules:\n",
		out);
	for (size_t i = 0; i < VTAP_ARRAY_LEN(RECORDS); i++)
		record_write(out, RECORDS[i].name, RECORDS[i].expr);
	loss_write(out);
	group_write(out, "vtapd");
	for (size_t i = 0; i < VTAP_ARRAY_LEN(ALERTS); i++)
		alert_write(out, &ALERTS[i]);
	group_write(out, "vtapd-conditions");
	for (int i = 0; i < VTAP_CONDITION_COUNT; i++)
		if (vtap_condition_row((enum vtap_condition)i)->severity != VTAP_SEVERITY_INFO)
			condition_write(out, (enum vtap_condition)i);
}
