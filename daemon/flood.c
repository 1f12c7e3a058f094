// SPDX-License-Identifier: Apache-2.0
#include "daemon/flood.h"

#include <string.h>

#include "base/text.h"

/* Never 0. Two subjects with one hash would share a lane, no more. */
static uint64_t text_key(const char *text)
{
	return vtap_text_hash(text, strlen(text)) | 1;
}

static bool window_is_over(const struct vtap_flood_lane *lane, uint64_t now_ns)
{
	return now_ns - lane->since_ns >= VTAP_FLOOD_WINDOW_NS;
}

/* Nothing of it is of interest any more. */
static bool lane_is_free(const struct vtap_flood_lane *lane, uint64_t now_ns)
{
	return lane->kind == 0 || (lane->held == NULL && window_is_over(lane, now_ns));
}

static struct vtap_flood_lane *lane_find(
	struct vtap_flood *flood, uint64_t kind, uint64_t subject, uint64_t now_ns)
{
	struct vtap_flood_lane *unused = NULL;

	for (size_t i = 0; i < VTAP_FLOOD_LANES; i++) {
		struct vtap_flood_lane *lane = &flood->lane[i];

		if (lane->kind == kind && lane->subject == subject && !lane_is_free(lane, now_ns))
			return lane;
		if (unused == NULL && lane_is_free(lane, now_ns))
			unused = lane;
	}
	if (unused == NULL)
		return &flood->lane[(kind ^ subject) % VTAP_FLOOD_LANES];
	*unused = (struct vtap_flood_lane){
		.kind = kind,
		.subject = subject,
		.since_ns = now_ns,
	};
	return unused;
}

static unsigned kind_count(const struct vtap_flood *flood, uint64_t kind, uint64_t now_ns)
{
	unsigned n = 0;

	for (size_t i = 0; i < VTAP_FLOOD_LANES; i++)
		if (flood->lane[i].kind == kind && !window_is_over(&flood->lane[i], now_ns))
			n += flood->lane[i].n_told;
	return n;
}

struct vtap_flood_lane *vtap_flood_hold(
	struct vtap_flood *flood, const char *kind, const char *subject, uint64_t now_ns)
{
	uint64_t kind_key = text_key(kind);
	struct vtap_flood_lane *lane = lane_find(flood, kind_key, text_key(subject), now_ns);
	unsigned n_max = lane->goes_on ? VTAP_FLOOD_LANE_AGAIN : VTAP_FLOOD_LANE_MAX;

	/* behind one that is held back everything is: the order of a subject's entries holds */
	if (lane->held == NULL && lane->n_told < n_max &&
		kind_count(flood, kind_key, now_ns) < VTAP_FLOOD_KIND_MAX) {
		lane->n_told++;
		return NULL;
	}
	lane->n_held++;
	return lane;
}

void *vtap_flood_next(struct vtap_flood *flood, bool is_all, uint64_t now_ns, unsigned *ret_n,
	uint64_t *ret_held_ns)
{
	for (size_t i = 0; i < VTAP_FLOOD_LANES; i++) {
		struct vtap_flood_lane *lane = &flood->lane[i];
		void *held = lane->held;

		if (held == NULL || (!is_all && !window_is_over(lane, now_ns)))
			continue;
		*ret_n = lane->n_held;
		*ret_held_ns = now_ns - lane->since_ns;
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
