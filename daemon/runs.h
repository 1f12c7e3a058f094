/* SPDX-License-Identifier: Apache-2.0 */
/* What is counted for each session, over reloads, and the rates that come of it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "daemon/trends.h"
#include "datapath/counters.h"
#include "model/conf.h"
#include "report/snapshot.h"

struct vtap_run {
	char name[VTAP_NAME_MAX];
	struct vtap_tally *tally;
	uint64_t last_frames; /* at the last sample */
	uint64_t last_bytes;
	uint64_t told_lost; /* frames lost in handover, up to the last line about them */
	double frames_per_second;
	double bits_per_second;
	struct vtap_trend truncated;
	struct vtap_trend decap;
	struct vtap_trend delivered;
	uint64_t awaited_ns; /* since when frames are to come; 0: they are not */
	enum vtap_awaited awaited_after;
};

/** struct vtap_runs - in the order of the configuration's sessions */
struct vtap_runs {
	struct vtap_run *run;
	size_t n;
	uint32_t next_id;    /* of tallies; 0 is nobody */
	uint64_t sampled_ns; /* CLOCK_MONOTONIC, 0: never */
};

/** vtap_runs_done() - frees all; may run twice */
void vtap_runs_done(struct vtap_runs *runs);

/**
 * vtap_runs_follow() - the runs of a configuration: sessions of the same name go on counting
 * @ret_runs: beside @runs, which stay as they are; the caller frees both
 * Return: 0, -ENOMEM.
 */
int vtap_runs_follow(
	const struct vtap_runs *runs, const struct vtap_conf *conf, struct vtap_runs *ret_runs);

/** vtap_runs_find_tally() - by its id; NULL: its session is no longer configured. Borrowed. */
struct vtap_tally *vtap_runs_find_tally(const struct vtap_runs *runs, uint32_t tally_id);

/** vtap_runs_forgo() - so much of what was delivered since the last sample came at another time,
 * and belongs to no rate and no trend */
void vtap_runs_forgo(struct vtap_run *run, uint64_t frames, uint64_t bytes);

/** vtap_runs_tell_lost() - "web, db": sessions that lost frames in handover since this was asked
 * last. Return: heap string, "" for none; NULL without memory. */
char *vtap_runs_tell_lost(struct vtap_runs *runs);

/** vtap_runs_sample() - the rates since the last sample; sooner than VTAP_RATE_MIN_NS after it they
 * stay as they are */
void vtap_runs_sample(struct vtap_runs *runs, uint64_t now_ns);
