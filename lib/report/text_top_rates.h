/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of `vtapctl top`: what one answer says, what rose since the one before, and the
 * last minute of it. */
#pragma once

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** VTAP_TOP_SECONDS - what is remembered of each row */
#define VTAP_TOP_SECONDS 60

/** Bytes of names with their NUL; those of another version may be longer and are cut */
#define VTAP_TOP_NAME_MAX 48

/** VTAP_TOP_VERDICTS_MAX - verdicts of a target that are looked at (there are fewer) */
#define VTAP_TOP_VERDICTS_MAX 24

/** struct vtap_top_rate - a counter, and by how much it rises */
struct vtap_top_rate {
	uint64_t count;
	bool is_counted; /* the answer has it */
	bool is_known;   /* the rate: there was a former count, and not a larger one */
	double per_second;
};

/** struct vtap_top_row - a session, or what no session of a target takes */
struct vtap_top_row {
	char name[VTAP_TOP_NAME_MAX]; /* printable ASCII */
	char interface[VTAP_TOP_NAME_MAX];
	char remark[VTAP_TOP_NAME_MAX]; /* its state where it is not ready; or "" */
	struct vtap_top_rate frames;    /* delivered; of no session: dropped */
	struct vtap_top_rate bytes;     /* of these frames */
	struct vtap_top_rate drops;
	float history[VTAP_TOP_SECONDS]; /* frames a second, by second modulo; NaN: not known */
};

struct vtap_top_target {
	char name[VTAP_TOP_NAME_MAX];
	char where[2 * VTAP_TOP_NAME_MAX]; /* "ens5:4789" */
	char path[VTAP_TOP_NAME_MAX];
	char remark[VTAP_TOP_NAME_MAX]; /* as of a row */
	struct vtap_top_rate received;
	struct vtap_top_rate delivered;
	struct vtap_top_rate dropped;
	struct vtap_top_verdict {
		char name[VTAP_TOP_NAME_MAX];
		struct vtap_top_rate rate;
	} verdicts[VTAP_TOP_VERDICTS_MAX]; /* the fastest first, once compared */
	size_t n_verdicts;
	bool has_unknown; /* packets that no session takes have come, or nobody can tell */
	struct vtap_top_row unknown;
};

/** struct vtap_top_sample - one answer */
struct vtap_top_sample {
	uint64_t pid;
	uint64_t uptime_ns; /* the clock of its counters */
	uint64_t now_ns;    /* wall clock */
	uint64_t axis_ns;   /* of the histories: goes on over a restart of the daemon */
	char state[VTAP_TOP_NAME_MAX];
	uint64_t n_findings;
	uint64_t n_notes;                /* 0 of an older daemon */
	struct vtap_top_target *targets; /* heap */
	size_t n_targets;
	struct vtap_top_row *rows; /* heap, by name */
	size_t n_rows;
};

/** vtap_top_sample_read() - of GET /v1/status. Return: 0, -EPROTO, -ENOMEM. */
int vtap_top_sample_read(
	const char *json, struct vtap_top_sample *ret_sample, struct vtap_err *err);

/** vtap_top_sample_is_early() - is it of the same daemon, and too near to the one before for rates?
 * As after an answer that was late. */
bool vtap_top_sample_is_early(
	const struct vtap_top_sample *sample, const struct vtap_top_sample *former);

/** vtap_top_sample_compare() - fill the rates and histories of @sample, out of the one before it */
void vtap_top_sample_compare(struct vtap_top_sample *sample, const struct vtap_top_sample *former);

/** vtap_top_sample_done() - may run twice */
void vtap_top_sample_done(struct vtap_top_sample *sample);

/**
 * vtap_top_chart_columns() - a history as so many columns, the oldest first
 * @last_s:     the second that is the last one
 * @ret_column: means of the seconds that are known; NaN where none is
 * @n:          a divisor of VTAP_TOP_SECONDS
 */
void vtap_top_chart_columns(
	const float history[VTAP_TOP_SECONDS], uint64_t last_s, float *ret_column, size_t n);

/** vtap_top_chart_format() - "▁▂▅▇" or ".:+#": the highest column gets the highest mark, 0 and what
 * is not known a blank. @ret_text has room for four bytes a column. */
void vtap_top_chart_format(
	const float *column, size_t n, bool has_utf8, char *ret_text, size_t size);
