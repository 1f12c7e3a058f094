// SPDX-License-Identifier: Apache-2.0
#include "daemon/flood.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

/* Never 0. Two subjects with one hash would share a lane, no more. */
static uint64_t text_key(const char *text)
{
	return vtap_text_hash(text, strlen(text)) | 1;
}

/* Whoever looks at the clock before he does something may be behind a lane of that moment. */
static uint64_t window_age(const struct vtap_flood_lane *lane, uint64_t now_ns)
{
	return now_ns > lane->since_ns ? now_ns - lane->since_ns : 0;
}

static bool window_is_over(const struct vtap_flood_lane *lane, uint64_t now_ns)
{
	return window_age(lane, now_ns) >= VTAP_FLOOD_WINDOW_NS;
}

bool vtap_flood_lane_is_rest(const struct vtap_flood_lane *lane)
{
	return lane->subject == 0;
}

/* Nothing of it is of interest any more. */
static bool lane_is_free(const struct vtap_flood_lane *lane, uint64_t now_ns)
{
	return lane->kind == 0 || (lane->held == NULL && window_is_over(lane, now_ns));
}

/* The one of n lanes, or one that is free, or NULL. */
static struct vtap_flood_lane *lane_find(
	struct vtap_flood_lane *lane, size_t n, uint64_t kind, uint64_t subject, uint64_t now_ns)
{
	struct vtap_flood_lane *unused = NULL;

	for (size_t i = 0; i < n; i++) {
		if (lane_is_free(&lane[i], now_ns))
			unused = unused != NULL ? unused : &lane[i];
		else if (lane[i].kind == kind && lane[i].subject == subject)
			return &lane[i];
	}
	if (unused != NULL)
		*unused = (struct vtap_flood_lane){
			.kind = kind,
			.subject = subject,
			.since_ns = now_ns,
		};
	return unused;
}

static struct vtap_flood_lane *lane_choose(
	struct vtap_flood *flood, uint64_t kind, const char *subject, uint64_t now_ns)
{
	struct vtap_flood_lane *lane =
		lane_find(flood->lane, VTAP_FLOOD_LANES, kind, text_key(subject), now_ns);

	if (lane == NULL)
		lane = lane_find(flood->lane + VTAP_FLOOD_LANES, VTAP_FLOOD_KINDS, kind, 0, now_ns);
	assert(lane != NULL);
	return lane;
}

static unsigned kind_count(const struct vtap_flood *flood, uint64_t kind, uint64_t now_ns)
{
	unsigned n = 0;

	for (size_t i = 0; i < VTAP_ARRAY_LEN(flood->lane); i++)
		if (flood->lane[i].kind == kind && !window_is_over(&flood->lane[i], now_ns))
			n += flood->lane[i].n_told;
	return n;
}

static bool may_tell(const struct vtap_flood *flood, const struct vtap_flood_lane *lane,
	enum vtap_flood_rank rank, uint64_t now_ns)
{
	unsigned n_max = lane->goes_on ? VTAP_FLOOD_LANE_AGAIN : VTAP_FLOOD_LANE_MAX;

	if (vtap_flood_lane_is_rest(lane))
		n_max = VTAP_FLOOD_KIND_MAX;
	if (rank == VTAP_FLOOD_ASKED_FOR)
		return true;
	return lane->n_told < n_max &&
	       (rank == VTAP_FLOOD_URGENT ||
		       kind_count(flood, lane->kind, now_ns) < VTAP_FLOOD_KIND_MAX);
}

struct vtap_flood_lane *vtap_flood_hold(struct vtap_flood *flood, const char *kind,
	const char *subject, enum vtap_flood_rank rank, uint64_t now_ns)
{
	struct vtap_flood_lane *lane = lane_choose(flood, text_key(kind), subject, now_ns);

	if (!may_tell(flood, lane, rank, now_ns)) {
		lane->n_held++;
		return lane;
	}
	if (rank != VTAP_FLOOD_ASKED_FOR)
		lane->n_told++;
	if (!vtap_flood_lane_is_rest(lane)) {
		free(vtap_steal(&lane->held)); /* it is not so any more */
		lane->n_held = 0;
	}
	return NULL;
}

void *vtap_flood_next(
	struct vtap_flood *flood, bool is_all, uint64_t now_ns, struct vtap_flood_late *ret_late)
{
	for (size_t i = 0; i < VTAP_ARRAY_LEN(flood->lane); i++) {
		struct vtap_flood_lane *lane = &flood->lane[i];
		void *held = lane->held;

		if (held == NULL || (!is_all && !window_is_over(lane, now_ns)))
			continue;
		*ret_late = (struct vtap_flood_late){
			.is_rest = vtap_flood_lane_is_rest(lane),
			.n = lane->n_held,
			.held_ns = window_age(lane, now_ns),
		};
		*lane = (struct vtap_flood_lane){
			.kind = lane->kind,
			.subject = lane->subject,
			.since_ns = now_ns,
			.n_told = 1,
			.goes_on = lane->n_held > 1, /* one alone was held for its kind's sake */
		};
		return held;
	}
	return NULL;
}
