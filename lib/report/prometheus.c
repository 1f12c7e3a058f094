// SPDX-License-Identifier: Apache-2.0
#include "report/prometheus.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "report/condition.h"
#include "report/metric.h"

/* The first piece of memory, bytes: enough for some fifty sessions. */
#define TEXT_BYTES_MIN 32768

/* Digits of UINT64_MAX, and of a second's nanoseconds. */
#define DIGITS_MAX 20
#define NS_DIGITS  9

/* ---- text that grows ---- */

/** struct text - bytes so far; the first failure sticks, and is asked for once at the end */
struct text {
	char *bytes;
	size_t n;
	size_t size;
	bool has_failed;
};

static void text_grow(struct text *text, size_t n)
{
	size_t size = 2 * text->size + n + TEXT_BYTES_MIN;
	char *grown = realloc(text->bytes, size);

	if (grown == NULL) {
		text->has_failed = true;
		return;
	}
	text->bytes = grown;
	text->size = size;
}

static void bytes_add(struct text *text, const char *bytes, size_t n)
{
	if (text->size - text->n < n && !text->has_failed)
		text_grow(text, n);
	if (text->has_failed)
		return;
	memcpy(text->bytes + text->n, bytes, n);
	text->n += n;
}

static void string_add(struct text *text, const char *string)
{
	bytes_add(text, string, strlen(string));
}

static void number_add(struct text *text, uint64_t number)
{
	char digits[DIGITS_MAX];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	bytes_add(text, digits + at, sizeof(digits) - at);
}

/* Exact, and the same in every locale: "1795169100.25". */
static void seconds_add(struct text *text, uint64_t ns)
{
	char digits[1 + NS_DIGITS] = { '.' };
	uint64_t rest = ns % VTAP_NS_PER_S;
	size_t n = sizeof(digits);

	number_add(text, ns / VTAP_NS_PER_S);
	for (size_t i = n - 1; i > 0; i--, rest /= 10)
		digits[i] = (char)('0' + rest % 10);
	while (n > 1 && digits[n - 1] == '0')
		n--;
	if (n > 1)
		bytes_add(text, digits, n);
}

/* Names of interfaces may have any bytes: what is not printable ASCII could be broken UTF-8, for
 * which a scraper refuses the whole text. */
static void label_value_add(struct text *text, const char *value)
{
	for (; *value != '\0'; value++) {
		bool is_printable = *value >= 0x20 && *value <= 0x7e;

		if (*value == '"' || *value == '\\')
			bytes_add(text, "\\", 1);
		bytes_add(text, is_printable ? value : "?", 1);
	}
}

/** struct labels - the values of a metric's labels, each at the place that its row has for it */
struct labels {
	const char *value[VTAP_METRIC_LABELS_MAX];
};

/* `{session="web",target="default"`: closed where the value follows. @i_first: the ones before are
 * written already */
static void labels_add(struct text *text, const struct vtap_metric_row *row, size_t i_first,
	const struct labels *labels)
{
	for (size_t i = i_first; i < VTAP_METRIC_LABELS_MAX && labels->value[i] != NULL; i++) {
		bytes_add(text, i == 0 ? "{" : ",", 1);
		string_add(text, row->labels[i]);
		bytes_add(text, "=\"", 2);
		label_value_add(text, labels->value[i]);
		bytes_add(text, "\"", 1);
	}
}

/* Without the room that was made in advance: it may be kept for a while. Return: NULL without
 * memory. */
static char *text_finish(struct text *text)
{
	char *shrunk = text->has_failed ? NULL : realloc(text->bytes, text->n);

	if (shrunk != NULL)
		return shrunk;
	free(text->bytes);
	return NULL;
}

/* ---- samples ---- */

/** struct page - the text, and the metric that its last line is of */
struct page {
	struct text text;
	enum vtap_metric last;
};

/* Its head stands before a metric's first sample, and only where there is one. */
static void sample_begin(struct page *page, enum vtap_metric metric)
{
	const struct vtap_metric_row *row = vtap_metric_row(metric);

	if (page->last != metric) {
		string_add(&page->text, "# HELP ");
		string_add(&page->text, row->name);
		string_add(&page->text, " ");
		string_add(&page->text, row->help);
		string_add(&page->text, "\n# TYPE ");
		string_add(&page->text, row->name);
		string_add(&page->text, " ");
		string_add(&page->text, vtap_metric_type(row));
		string_add(&page->text, "\n");
	}
	page->last = metric;
	string_add(&page->text, row->name);
}

static void sample_end(struct page *page, uint64_t value)
{
	const struct vtap_metric_row *row = vtap_metric_row(page->last);

	string_add(&page->text, row->labels[0] != NULL ? "} " : " ");
	if (row->is_ns)
		seconds_add(&page->text, value);
	else
		number_add(&page->text, value);
	bytes_add(&page->text, "\n", 1);
}

static void sample_add(
	struct page *page, enum vtap_metric metric, const struct labels *labels, uint64_t value)
{
	sample_begin(page, metric);
	labels_add(&page->text, vtap_metric_row(metric), 0, labels);
	sample_end(page, value);
}

/* Of a metric without labels. */
static void plain_add(struct page *page, enum vtap_metric metric, uint64_t value)
{
	sample_begin(page, metric);
	sample_end(page, value);
}

/* ---- values ---- */

static uint64_t wall_time(const struct vtap_snapshot *snapshot, uint64_t mono_ns)
{
	return snapshot->now_wall_ns - (snapshot->now_mono_ns - mono_ns);
}

static bool is_ready(const struct vtap_report_state *state)
{
	return strcmp(state->state, "ready") == 0;
}

/* ---- sessions ---- */

/* Labels that all metrics of a session begin with. */
#define OF_SESSION 3

/** struct session_labels - those that all metrics of a session begin with, made once */
struct session_labels {
	struct text text;
	size_t *end; /* of each session's, in the text; heap */
};

static int session_labels_make(
	const struct vtap_snapshot *snapshot, struct session_labels *ret_labels)
{
	const struct vtap_metric_row *row = vtap_metric_row(VTAP_METRIC_SESSION_FRAMES);
	struct session_labels labels = { .end = calloc(snapshot->n_sessions + 1, sizeof(size_t)) };

	for (size_t i = 0; i < snapshot->n_sessions && labels.end != NULL; i++) {
		const struct vtap_report_session *report = &snapshot->sessions[i];

		labels_add(&labels.text, row, 0,
			&(struct labels){ { report->session->name, report->target->name,
				report->session->interface } });
		labels.end[i] = labels.text.n;
	}
	if (labels.end == NULL || labels.text.bytes == NULL || labels.text.has_failed) {
		free(labels.text.bytes);
		free(labels.end);
		return -ENOMEM;
	}
	*ret_labels = labels;
	return 0;
}

static void session_sample_begin(
	struct page *page, enum vtap_metric metric, const struct session_labels *labels, size_t i)
{
	size_t begin = i > 0 ? labels->end[i - 1] : 0;

	sample_begin(page, metric);
	bytes_add(&page->text, labels->text.bytes + begin, labels->end[i] - begin);
}

/* Return: false where nobody knows. */
static bool session_value(const struct vtap_snapshot *snapshot,
	const struct vtap_report_session *report, enum vtap_metric metric, uint64_t *ret_value)
{
	switch (metric) {
	case VTAP_METRIC_SESSION_FRAMES:
		*ret_value = report->verdicts[VTAP_VERDICT_DELIVERED];
		return true;
	case VTAP_METRIC_SESSION_BYTES:
		*ret_value = report->bytes;
		return true;
	case VTAP_METRIC_SESSION_WORKER: /* else it is all of them, or none */
		*ret_value = report->verdicts[VTAP_VERDICT_DELIVERED] - report->delivered_fast;
		return report->delivered_fast > 0 &&
		       report->delivered_fast < report->verdicts[VTAP_VERDICT_DELIVERED];
	case VTAP_METRIC_SESSION_TRUNCATED: /* the kernel does not look into its frames */
		*ret_value = report->truncated;
		return report->target->mode != VTAP_MODE_VXLAN;
	case VTAP_METRIC_SESSION_LAST_FRAME:
		*ret_value = wall_time(snapshot, report->last_mono_ns);
		return report->last_mono_ns != 0;
	case VTAP_METRIC_SESSION_READY:
		*ret_value = is_ready(&report->state);
		return true;
	default: /* VTAP_METRIC_SESSION_SENSORS */
		*ret_value = report->n_sensors;
		return true;
	}
}

/* Only verdicts that the session ever had: most never have one, and there are thousands. */
static void session_drops_add(
	struct page *page, const struct session_labels *labels, size_t i, const uint64_t *verdicts)
{
	const struct vtap_metric_row *row = vtap_metric_row(VTAP_METRIC_SESSION_DROPPED);

	for (int v = 0; v < VTAP_VERDICT_COUNT; v++) {
		if (v == VTAP_VERDICT_DELIVERED || verdicts[v] == 0)
			continue;
		session_sample_begin(page, VTAP_METRIC_SESSION_DROPPED, labels, i);
		labels_add(&page->text, row, OF_SESSION,
			&(struct labels){
				.value[OF_SESSION] = vtap_verdict_name((enum vtap_verdict)v) });
		sample_end(page, verdicts[v]);
	}
}

static void session_add(struct page *page, enum vtap_metric metric,
	const struct session_labels *labels, const struct vtap_snapshot *snapshot, size_t i)
{
	const struct vtap_report_session *report = &snapshot->sessions[i];
	uint64_t value = 0;

	if (metric == VTAP_METRIC_SESSION_DROPPED) {
		session_drops_add(page, labels, i, report->verdicts);
	} else if (session_value(snapshot, report, metric, &value)) {
		session_sample_begin(page, metric, labels, i);
		sample_end(page, value);
	}
}

static void sessions_add(struct page *page, const struct vtap_snapshot *snapshot)
{
	struct session_labels labels = { 0 };

	if (snapshot->n_sessions == 0)
		return;
	if (session_labels_make(snapshot, &labels) < 0) {
		page->text.has_failed = true;
		return;
	}
	for (int m = VTAP_METRIC_SESSION_FRAMES; m <= VTAP_METRIC_SESSION_SENSORS; m++)
		for (size_t i = 0; i < snapshot->n_sessions; i++)
			session_add(page, (enum vtap_metric)m, &labels, snapshot, i);
	free(labels.text.bytes);
	free(labels.end);
}

/* ---- targets and underlays ---- */

/* Also those that never were: whoever waits for the first loss must see it rise from 0. */
static void target_drops_add(struct page *page, const struct vtap_snapshot *snapshot,
	const struct vtap_report_target *report)
{
	for (int v = 0; v < VTAP_VERDICT_COUNT; v++) {
		enum vtap_verdict verdict = (enum vtap_verdict)v;

		if (verdict == VTAP_VERDICT_DELIVERED ||
			(report->verdicts[v] == 0 &&
				!vtap_snapshot_tells(snapshot, report->target, verdict)))
			continue;
		sample_add(page, VTAP_METRIC_TARGET_DROPPED,
			&(struct labels){ { report->target->name, vtap_verdict_name(verdict) } },
			report->verdicts[v]);
	}
}

/* Where the kernel has the packets there is one path. */
static void target_paths_add(struct page *page, const struct vtap_report_target *report)
{
	const char *name = report->target->name;

	if (report->target->mode == VTAP_MODE_VXLAN)
		return;
	sample_add(page, VTAP_METRIC_TARGET_PATH_FRAMES, &(struct labels){ { name, "fast path" } },
		report->delivered_fast);
	sample_add(page, VTAP_METRIC_TARGET_PATH_FRAMES, &(struct labels){ { name, "worker" } },
		report->verdicts[VTAP_VERDICT_DELIVERED] - report->delivered_fast);
}

static void target_add(struct page *page, enum vtap_metric metric,
	const struct vtap_snapshot *snapshot, const struct vtap_report_target *report)
{
	const struct labels labels = { { report->target->name } };

	switch (metric) {
	case VTAP_METRIC_TARGET_RECEIVED:
		sample_add(page, metric, &labels, report->received);
		break;
	case VTAP_METRIC_TARGET_DELIVERED:
		sample_add(page, metric, &labels, report->verdicts[VTAP_VERDICT_DELIVERED]);
		break;
	case VTAP_METRIC_TARGET_DROPPED:
		target_drops_add(page, snapshot, report);
		break;
	case VTAP_METRIC_TARGET_PATH_FRAMES:
		target_paths_add(page, report);
		break;
	default: /* VTAP_METRIC_TARGET_READY */
		sample_add(page, metric, &labels, is_ready(&report->state));
	}
}

static void targets_add(struct page *page, const struct vtap_snapshot *snapshot)
{
	for (int m = VTAP_METRIC_TARGET_RECEIVED; m <= VTAP_METRIC_TARGET_READY; m++)
		for (size_t i = 0; i < snapshot->n_targets; i++)
			target_add(page, (enum vtap_metric)m, snapshot, &snapshot->targets[i]);
}

static void allowances_add(struct page *page, const struct vtap_report_underlay *underlay)
{
	for (int i = 0; i < VTAP_ALLOWANCE_COUNT; i++) {
		const char *name = vtap_allowance_name((enum vtap_allowance)i);

		if (underlay->allowance[i].is_known)
			sample_add(page, VTAP_METRIC_UNDERLAY_ALLOWANCE,
				&(struct labels){ { underlay->name, name } },
				underlay->allowance[i].total);
	}
}

static void underlays_add(struct page *page, const struct vtap_snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->n_underlays; i++)
		sample_add(page, VTAP_METRIC_UNDERLAY_UP,
			&(struct labels){ { snapshot->underlays[i].name } },
			snapshot->underlays[i].is_up);
	for (size_t i = 0; i < snapshot->n_underlays; i++)
		allowances_add(page, &snapshot->underlays[i]);
}

/* ---- the host, what is wrong, and the daemon itself ---- */

static void host_add(struct page *page, const struct vtap_snapshot *snapshot)
{
	for (int i = 0; i < VTAP_HOST_COUNT; i++)
		if (snapshot->host_counters[i].is_known)
			plain_add(page, (enum vtap_metric)(VTAP_METRIC_HOST + i),
				snapshot->host_counters[i].total);
}

static void conditions_add(struct page *page, const struct vtap_findings *findings)
{
	for (int i = 0; i < VTAP_CONDITION_COUNT; i++) {
		enum vtap_condition condition = (enum vtap_condition)i;
		const struct vtap_condition_row *row = vtap_condition_row(condition);

		sample_add(page, VTAP_METRIC_CONDITION,
			&(struct labels){ { row->id, vtap_severity_name(row->severity) } },
			vtap_findings_has(findings, condition));
	}
}

static void daemon_add(struct page *page, const struct vtap_snapshot *snapshot)
{
	const struct vtap_report_process *process = &snapshot->process;

	plain_add(page, VTAP_METRIC_HEALTHY, snapshot->is_healthy);
	plain_add(page, VTAP_METRIC_DRAINING, snapshot->drain.is_draining);
	plain_add(page, VTAP_METRIC_REPAIRS, snapshot->n_repairs);
	sample_add(
		page, VTAP_METRIC_RELOADS, &(struct labels){ { "applied" } }, process->n_reloads);
	sample_add(page, VTAP_METRIC_RELOADS, &(struct labels){ { "refused" } },
		process->n_reloads_refused);
	plain_add(page, VTAP_METRIC_CONFIG_TIME, snapshot->configured_wall_ns);
	plain_add(page, VTAP_METRIC_TURNS, process->n_turns);
	plain_add(page, VTAP_METRIC_PLAN_STEPS, process->n_plan_steps);
	plain_add(page, VTAP_METRIC_NEWS_LOST, process->n_news_lost);
	plain_add(page, VTAP_METRIC_LOOP_LAG, process->loop_lag_ns);
	sample_add(page, VTAP_METRIC_BUILD_INFO, &(struct labels){ { snapshot->version } }, 1);
}

static void process_add(struct page *page, const struct vtap_snapshot *snapshot)
{
	const struct vtap_report_process *process = &snapshot->process;
	uint64_t started_ns = wall_time(snapshot, snapshot->started_mono_ns);

	plain_add(page, VTAP_METRIC_START_TIME, started_ns);
	if (process->cpu_ns != 0)
		plain_add(page, VTAP_METRIC_PROCESS_CPU, process->cpu_ns);
	if (process->resident_bytes != 0)
		plain_add(page, VTAP_METRIC_PROCESS_RESIDENT, process->resident_bytes);
	if (process->n_fds != 0)
		plain_add(page, VTAP_METRIC_PROCESS_FDS, process->n_fds);
	plain_add(page, VTAP_METRIC_PROCESS_START_TIME, started_ns);
}

char *vtap_prometheus_text(
	const struct vtap_snapshot *snapshot, const struct vtap_findings *findings)
{
	struct page page = { .last = VTAP_METRIC_COUNT };

	sessions_add(&page, snapshot);
	targets_add(&page, snapshot);
	underlays_add(&page, snapshot);
	host_add(&page, snapshot);
	conditions_add(&page, findings);
	daemon_add(&page, snapshot);
	process_add(&page, snapshot);
	bytes_add(&page.text, "", 1); /* its NUL */
	return text_finish(&page.text);
}
