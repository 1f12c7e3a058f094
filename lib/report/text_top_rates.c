// SPDX-License-Identifier: Apache-2.0
#include "report/text_top_rates.h"

#include "base/clock.h"
#include "base/text.h"
#include "report/text_render.h"
#include "wire/verdict.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

/** Interfaces of a target that are named */
#define UNDERLAYS_SHOWN 2

/* ---- reading ---- */

/* Names of the answer as they are drawn: one column for each byte. */
static void text_take(char *ret_text, size_t size, const char *text)
{
	(void)snprintf(ret_text, size, "%s", text); /* a longer one is cut */
	vtap_text_make_printable(ret_text);
}

static struct vtap_top_rate counted(uint64_t count)
{
	return (struct vtap_top_rate){ .count = count, .is_counted = true };
}

static struct vtap_top_rate rate_read(
	struct vtap_text_answer *answer, const struct json_t *object, const char *key)
{
	return counted(vtap_text_get_count(answer, object, key));
}

static void history_clear(float history[VTAP_TOP_SECONDS])
{
	for (int i = 0; i < VTAP_TOP_SECONDS; i++)
		history[i] = NAN;
}

static void row_read(
	struct vtap_text_answer *answer, const struct json_t *session, struct vtap_top_row *ret_row)
{
	const char *state = vtap_text_get_string(answer, session, "state");

	text_take(ret_row->name, sizeof(ret_row->name),
		vtap_text_get_string(answer, session, "name"));
	text_take(ret_row->interface, sizeof(ret_row->interface),
		vtap_text_get_string(answer, session, "interface"));
	if (!vtap_text_is_ready(state))
		text_take(ret_row->remark, sizeof(ret_row->remark), state);
	ret_row->frames = rate_read(answer, session, "delivered");
	ret_row->bytes = rate_read(answer, session, "bytes");
	ret_row->drops = rate_read(answer, session, "dropped");
	history_clear(ret_row->history);
	/* as in status: nothing to count, yet */
	if (!vtap_text_is_ready(state) && ret_row->frames.count + ret_row->drops.count == 0)
		ret_row->frames = ret_row->bytes = ret_row->drops = (struct vtap_top_rate){ 0 };
}

/* What no session takes. Where the kernel has the packets nobody counts it. */
static void unknown_read(struct vtap_text_answer *answer, const struct json_t *target,
	struct vtap_top_target *ret_target)
{
	struct vtap_top_row *row = &ret_target->unknown;
	uint64_t n_bytes, n = 0;

	for (size_t i = 0; i < ret_target->n_verdicts; i++)
		if (strcmp(ret_target->verdicts[i].name,
			    vtap_verdict_name(VTAP_VERDICT_UNKNOWN_VNI)) == 0 ||
			strcmp(ret_target->verdicts[i].name,
				vtap_verdict_name(VTAP_VERDICT_UNKNOWN_SOURCE)) == 0)
			n += ret_target->verdicts[i].rate.count;
	history_clear(row->history);
	ret_target->has_unknown = n > 0;
	row->frames = row->drops = counted(n);
	if (vtap_text_has(target, "unknown_bytes") && /* not of an older daemon */
		vtap_text_read_count(answer, target, "unknown_bytes", &n_bytes))
		row->bytes = counted(n_bytes);
	if (!vtap_text_has(target, "counted_by") ||
		strcmp(vtap_text_get_string(answer, target, "counted_by"), "kernel") != 0)
		return;
	row->frames = row->bytes = row->drops = (struct vtap_top_rate){ 0 };
	ret_target->has_unknown = true;
	text_take(row->remark, sizeof(row->remark), "not counted by the kernel");
}

static void verdicts_read(struct vtap_text_answer *answer, const struct json_t *target,
	struct vtap_top_target *ret_target)
{
	const struct json_t *drops = vtap_text_get_object(answer, target, "drops");
	const char *name = NULL;

	while (ret_target->n_verdicts < VTAP_TOP_VERDICTS_MAX &&
		(name = vtap_text_next_key(drops, name)) != NULL) {
		struct vtap_top_verdict *verdict = &ret_target->verdicts[ret_target->n_verdicts++];

		text_take(verdict->name, sizeof(verdict->name), name);
		verdict->rate = rate_read(answer, drops, name);
	}
}

static void target_read(struct vtap_text_answer *answer, const struct json_t *target,
	struct vtap_top_target *ret_target)
{
	const struct json_t *bound = vtap_text_get_list(answer, target, "bound");
	const char *state = vtap_text_get_string(answer, target, "state");
	char where[sizeof(ret_target->where)];

	if (vtap_text_list_len(bound) == 0)
		bound = vtap_text_get_list(answer, target, "underlay");
	(void)snprintf(where, sizeof(where), "%.80s:%" PRIu64, /* long lists are cut */
		vtap_text_joined(answer, bound, UNDERLAYS_SHOWN).text,
		vtap_text_get_count(answer, target, "port"));
	text_take(ret_target->where, sizeof(ret_target->where), where);
	text_take(ret_target->name, sizeof(ret_target->name),
		vtap_text_get_string(answer, target, "name"));
	text_take(ret_target->path, sizeof(ret_target->path),
		vtap_text_get_string(answer, target, "path"));
	if (!vtap_text_is_ready(state))
		text_take(ret_target->remark, sizeof(ret_target->remark), state);
	ret_target->received = rate_read(answer, target, "received");
	ret_target->delivered = rate_read(answer, target, "delivered");
	ret_target->dropped = rate_read(answer, target, "dropped");
	verdicts_read(answer, target, ret_target);
	unknown_read(answer, target, ret_target);
}

static int name_compare(const void *a, const void *b)
{
	const struct vtap_top_row *left = a, *right = b;

	return strcmp(left->name, right->name);
}

static void daemon_read(struct vtap_text_answer *answer, struct vtap_top_sample *ret_sample)
{
	const struct json_t *daemon = vtap_text_get_object(answer, answer->root, "daemon");

	ret_sample->pid = vtap_text_get_count(answer, daemon, "pid");
	ret_sample->uptime_ns = vtap_text_get_count(answer, daemon, "uptime_ns");
	(void)vtap_text_read_time(answer, daemon, "now", &ret_sample->now_ns); /* sticks */
	text_take(ret_sample->state, sizeof(ret_sample->state),
		vtap_text_get_string(answer, daemon, "state"));
	ret_sample->n_findings =
		vtap_text_list_len(vtap_text_get_list(answer, answer->root, "findings"));
	if (vtap_text_has(answer->root, "finding_count")) { /* not of an older daemon */
		ret_sample->n_findings = vtap_text_get_count(answer, answer->root, "finding_count");
		ret_sample->n_notes = vtap_text_get_count(answer, answer->root, "note_count");
	}
}

static int sample_read(struct vtap_text_answer *answer, struct vtap_top_sample *ret_sample)
{
	const struct json_t *targets = vtap_text_get_list(answer, answer->root, "targets");
	const struct json_t *sessions = vtap_text_get_list(answer, answer->root, "sessions");

	daemon_read(answer, ret_sample);
	ret_sample->targets = calloc(vtap_text_list_len(targets) + 1, sizeof(*ret_sample->targets));
	ret_sample->rows = calloc(vtap_text_list_len(sessions) + 1, sizeof(*ret_sample->rows));
	if (ret_sample->targets == NULL || ret_sample->rows == NULL)
		return vtap_text_answer_fail(answer, -ENOMEM, "out of memory");
	for (; ret_sample->n_targets < vtap_text_list_len(targets); ret_sample->n_targets++)
		target_read(answer, vtap_text_list_object(answer, targets, ret_sample->n_targets),
			&ret_sample->targets[ret_sample->n_targets]);
	for (; ret_sample->n_rows < vtap_text_list_len(sessions); ret_sample->n_rows++)
		row_read(answer, vtap_text_list_object(answer, sessions, ret_sample->n_rows),
			&ret_sample->rows[ret_sample->n_rows]);
	if (ret_sample->n_rows > 1)
		qsort(ret_sample->rows, ret_sample->n_rows, sizeof(*ret_sample->rows),
			name_compare);
	return answer->status;
}

int vtap_top_sample_read(const char *json, struct vtap_top_sample *ret_sample, struct vtap_err *err)
{
	struct vtap_text_answer answer = VTAP_TEXT_ANSWER_NULL;
	struct vtap_top_sample sample = { 0 };
	int r = vtap_text_answer_open(&answer, json, err);

	if (r == 0)
		r = sample_read(&answer, &sample);
	vtap_text_answer_close(&answer);
	if (r < 0)
		vtap_top_sample_done(&sample);
	else
		*ret_sample = sample;
	return r;
}

void vtap_top_sample_done(struct vtap_top_sample *sample)
{
	free(sample->targets);
	free(sample->rows);
	*sample = (struct vtap_top_sample){ 0 };
}

/* ---- comparing ---- */

/** struct step - from one sample to the next */
struct step {
	double seconds;  /* by the daemon's clock; 0: another daemon, or the first answer */
	uint64_t from_s; /* of the axis */
	uint64_t to_s;
};

static void rate_update(
	struct vtap_top_rate *rate, const struct vtap_top_rate *former, const struct step *step)
{
	rate->is_known = step->seconds > 0 && rate->is_counted && former->is_counted &&
			 rate->count >= former->count;
	if (rate->is_known)
		rate->per_second = (double)(rate->count - former->count) / step->seconds;
}

/* The seconds since the former sample all had the rate that was measured over them. */
static void history_update(struct vtap_top_row *row, const struct step *step)
{
	float now = row->frames.is_known ? (float)row->frames.per_second : NAN;
	uint64_t second = step->from_s + 1;

	if (step->to_s - step->from_s > VTAP_TOP_SECONDS)
		second = step->to_s - VTAP_TOP_SECONDS + 1;
	for (; second < step->to_s; second++)
		row->history[second % VTAP_TOP_SECONDS] = now;
	row->history[step->to_s % VTAP_TOP_SECONDS] = now;
}

static void row_update(
	struct vtap_top_row *row, const struct vtap_top_row *former, const struct step *step)
{
	static const struct vtap_top_row none;
	const struct vtap_top_row *before = former != NULL ? former : &none;

	rate_update(&row->frames, &before->frames, step);
	rate_update(&row->bytes, &before->bytes, step);
	rate_update(&row->drops, &before->drops, step);
	if (former != NULL)
		memcpy(row->history, former->history, sizeof(row->history));
	history_update(row, step);
}

/* A verdict that was not in the former answer had not been met: it counts from 0. */
static void verdicts_update(struct vtap_top_target *target, const struct vtap_top_target *former,
	const struct step *step)
{
	for (size_t i = 0; i < target->n_verdicts; i++) {
		struct vtap_top_verdict *verdict = &target->verdicts[i];
		struct vtap_top_rate before = counted(0);

		for (size_t j = 0; j < former->n_verdicts; j++)
			if (strcmp(former->verdicts[j].name, verdict->name) == 0)
				before = former->verdicts[j].rate;
		rate_update(&verdict->rate, &before, step);
	}
}

static int verdict_compare(const void *a, const void *b)
{
	const struct vtap_top_verdict *left = a, *right = b;

	if (left->rate.per_second != right->rate.per_second)
		return left->rate.per_second < right->rate.per_second ? 1 : -1;
	return strcmp(left->name, right->name);
}

static void target_update(struct vtap_top_target *target, const struct vtap_top_target *former,
	const struct step *step)
{
	if (former == NULL) {
		row_update(&target->unknown, NULL, step);
		return;
	}
	rate_update(&target->received, &former->received, step);
	rate_update(&target->delivered, &former->delivered, step);
	rate_update(&target->dropped, &former->dropped, step);
	verdicts_update(target, former, step);
	qsort(target->verdicts, target->n_verdicts, sizeof(*target->verdicts), verdict_compare);
	row_update(&target->unknown, &former->unknown, step);
}

static const struct vtap_top_target *target_find(
	const struct vtap_top_sample *sample, const char *name)
{
	for (size_t i = 0; i < sample->n_targets; i++)
		if (strcmp(sample->targets[i].name, name) == 0)
			return &sample->targets[i];
	return NULL;
}

/* Both are sorted by name. */
static void rows_update(struct vtap_top_sample *sample, const struct vtap_top_sample *former,
	const struct step *step)
{
	size_t j = 0, n_former = former->rows != NULL ? former->n_rows : 0;

	for (size_t i = 0; i < sample->n_rows; i++) {
		struct vtap_top_row *row = &sample->rows[i];

		while (j < n_former && strcmp(former->rows[j].name, row->name) < 0)
			j++;
		row_update(row,
			j < n_former && strcmp(former->rows[j].name, row->name) == 0
				? &former->rows[j]
				: NULL,
			step);
	}
}

static bool is_same_daemon(
	const struct vtap_top_sample *sample, const struct vtap_top_sample *former)
{
	return former->rows != NULL && sample->pid == former->pid &&
	       sample->uptime_ns > former->uptime_ns;
}

bool vtap_top_sample_is_early(
	const struct vtap_top_sample *sample, const struct vtap_top_sample *former)
{
	return is_same_daemon(sample, former) &&
	       sample->uptime_ns - former->uptime_ns < VTAP_RATE_MIN_NS;
}

/* By the daemon's own clock, as long as it is the same daemon; else by the wall's, if that went on
 * by less than the histories are long. */
static uint64_t step_ns(
	const struct vtap_top_sample *sample, const struct vtap_top_sample *former, bool is_same)
{
	if (is_same)
		return sample->uptime_ns - former->uptime_ns;
	if (former->now_ns == 0 || sample->now_ns < former->now_ns)
		return 0;
	return sample->now_ns - former->now_ns < VTAP_TOP_SECONDS * VTAP_NS_PER_S
		       ? sample->now_ns - former->now_ns
		       : VTAP_TOP_SECONDS * VTAP_NS_PER_S;
}

void vtap_top_sample_compare(struct vtap_top_sample *sample, const struct vtap_top_sample *former)
{
	bool is_same = is_same_daemon(sample, former);
	uint64_t ns = step_ns(sample, former, is_same);
	struct step step = {
		.seconds = is_same ? (double)ns / (double)VTAP_NS_PER_S : 0,
		.from_s = former->axis_ns / VTAP_NS_PER_S,
		.to_s = (former->axis_ns + ns) / VTAP_NS_PER_S,
	};

	sample->axis_ns = former->axis_ns + ns;
	for (size_t i = 0; i < sample->n_targets; i++)
		target_update(
			&sample->targets[i], target_find(former, sample->targets[i].name), &step);
	rows_update(sample, former, &step);
}

/* ---- charts ---- */

void vtap_top_chart_columns(
	const float history[VTAP_TOP_SECONDS], uint64_t last_s, float *ret_column, size_t n)
{
	size_t seconds = VTAP_TOP_SECONDS / n;

	for (size_t i = 0; i < n; i++) {
		float sum = 0;
		unsigned n_known = 0;

		for (size_t j = 0; j < seconds; j++) {
			/* the second after the last one is the oldest of them */
			float one = history[(last_s + 1 + i * seconds + j) % VTAP_TOP_SECONDS];

			if (isnan(one))
				continue;
			sum += one;
			n_known++;
		}
		ret_column[i] = n_known > 0 ? sum / (float)n_known : NAN;
	}
}

void vtap_top_chart_format(
	const float *column, size_t n, bool has_utf8, char *ret_text, size_t size)
{
	/* not the full block: rows would touch */
	static const char *const blocks[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇" };
	static const char *const ascii[] = { ".", ":", "-", "=", "+", "*", "#" };
	const int n_marks = (int)VTAP_ARRAY_LEN(blocks);
	float highest = 0;
	size_t used = 0;

	for (size_t i = 0; i < n; i++)
		highest = !isnan(column[i]) && column[i] > highest ? column[i] : highest;
	for (size_t i = 0; i < n && used < size; i++) {
		bool is_empty = isnan(column[i]) || column[i] <= 0;
		float mark = is_empty ? 0 : column[i] / highest * (float)(n_marks - 1) + 0.5F;

		used += (size_t)snprintf(ret_text + used, size - used, "%s", /* fits */
			is_empty   ? " "
			: has_utf8 ? blocks[(int)mark]
				   : ascii[(int)mark]);
	}
}
