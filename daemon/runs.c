// SPDX-License-Identifier: Apache-2.0
#include "daemon/runs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

void vtap_runs_done(struct vtap_runs *runs)
{
	for (size_t i = 0; i < runs->n; i++)
		vtap_tally_unref(runs->run[i].tally);
	free(runs->run);
	runs->run = NULL;
	runs->n = 0;
}

static int run_compare(const void *a, const void *b)
{
	return strcmp((*(const struct vtap_run *const *)a)->name,
		(*(const struct vtap_run *const *)b)->name);
}

static const struct vtap_run **runs_sorted(const struct vtap_runs *runs)
{
	const struct vtap_run **sorted = calloc(runs->n + 1, sizeof(*sorted));

	for (size_t i = 0; i < runs->n && sorted != NULL; i++)
		sorted[i] = &runs->run[i];
	if (sorted != NULL && runs->n > 1)
		qsort(sorted, runs->n, sizeof(*sorted), run_compare);
	return sorted;
}

/* The run of a session: that of the same name before, or a fresh one. */
static int run_follow(struct vtap_runs *fresh, const struct vtap_run *const *sorted,
	size_t n_sorted, const char *name)
{
	struct vtap_run *run = &fresh->run[fresh->n];
	const struct vtap_run *key = run;
	const struct vtap_run *const *found;
	int r;

	memcpy(run->name, name, sizeof(run->name));
	found = n_sorted == 0 ? NULL
			      : bsearch(&key, sorted, n_sorted, sizeof(*sorted), run_compare);
	if (found != NULL) {
		*run = **found;
		vtap_tally_ref(run->tally);
	} else {
		r = vtap_tally_new(fresh->next_id, &run->tally);
		if (r < 0)
			return r;
		fresh->next_id++;
	}
	fresh->n++;
	return 0;
}

int vtap_runs_follow(
	const struct vtap_runs *runs, const struct vtap_conf *conf, struct vtap_runs *ret_runs)
{
	_auto_free const struct vtap_run **sorted = runs_sorted(runs);
	struct vtap_runs fresh = {
		.run = calloc(conf->n_sessions + 1, sizeof(*fresh.run)),
		.next_id = runs->next_id != 0 ? runs->next_id : 1,
		.sampled_ns = runs->sampled_ns,
	};
	int r = sorted == NULL || fresh.run == NULL ? -ENOMEM : 0;

	for (size_t i = 0; i < conf->n_sessions && r == 0; i++)
		r = run_follow(&fresh, sorted, runs->n, conf->sessions[i].name);
	if (r < 0) {
		vtap_runs_done(&fresh);
		return r;
	}
	*ret_runs = fresh;
	return 0;
}

struct vtap_tally *vtap_runs_find_tally(const struct vtap_runs *runs, uint32_t tally_id)
{
	for (size_t i = 0; i < runs->n; i++)
		if (runs->run[i].tally->id == tally_id)
			return runs->run[i].tally;
	return NULL;
}

void vtap_runs_forgo(struct vtap_run *run, uint64_t frames, uint64_t bytes)
{
	run->last_frames += frames;
	run->last_bytes += bytes;
	vtap_trend_forgo(&run->delivered, frames);
}

char *vtap_runs_tell_lost(struct vtap_runs *runs)
{
	char *names = NULL;
	size_t size;
	FILE *stream = open_memstream(&names, &size);
	const char *before = "";

	if (stream == NULL)
		return NULL;
	for (size_t i = 0; i < runs->n; i++) {
		struct vtap_run *run = &runs->run[i];
		/* relaxed: main writes it */
		uint64_t lost = atomic_load_explicit(
			&run->tally->cell[VTAP_SLOT_FAST].lost, memory_order_relaxed);

		if (lost > run->told_lost) {
			(void)fprintf(stream, "%s%s", before, run->name); /* fclose tells */
			before = ", ";
		}
		run->told_lost = lost;
	}
	if (fclose(stream) == 0)
		return names;
	free(names);
	return NULL;
}

static void run_sample(struct vtap_run *run, double seconds)
{
	struct vtap_session_totals totals;
	uint64_t frames;

	vtap_tally_read(run->tally, &totals);
	frames = totals.verdicts[VTAP_VERDICT_DELIVERED];
	if (seconds > 0) {
		run->frames_per_second = (double)(frames - run->last_frames) / seconds;
		run->bits_per_second = 8.0 * (double)(totals.bytes - run->last_bytes) / seconds;
	}
	run->last_frames = frames;
	run->last_bytes = totals.bytes;
}

void vtap_runs_sample(struct vtap_runs *runs, uint64_t now_ns)
{
	uint64_t span_ns = now_ns - runs->sampled_ns;
	double seconds = runs->sampled_ns == 0 ? 0 : (double)span_ns / (double)VTAP_NS_PER_S;

	if (runs->sampled_ns != 0 && span_ns < VTAP_RATE_MIN_NS)
		return; /* what came meanwhile is in the next one */
	for (size_t i = 0; i < runs->n; i++)
		run_sample(&runs->run[i], seconds);
	runs->sampled_ns = now_ns;
}
