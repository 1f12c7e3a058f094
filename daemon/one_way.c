// SPDX-License-Identifier: Apache-2.0
#include "daemon/one_way.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/err.h"
#include "daemon/log.h"
#include "daemon/manager.h"
#include "daemon/steering.h"
#include "fastpath/state.h"

/* A window. Segments prove something from half a second after it opens, when acknowledgements of
 * what came before have been seen, until a second before it closes: an answer takes a round trip
 * and a delayed acknowledgement (at most 0.5 s, RFC 9293 section 3.8.6.3). */
#define WINDOW_NS      (3 * VTAP_NS_PER_S)
#define PROVES_FROM_NS (VTAP_NS_PER_S / 2)
#define PROVES_TO_NS   (2 * VTAP_NS_PER_S)

/* A timer of a second may be early by this much against the one that opened the window. */
#define EARLY_NS (VTAP_NS_PER_S / 10)

/* Between two windows, 20 % more or less: nothing that happens once a minute is missed for ever. */
#define PAUSE_NS (60 * VTAP_NS_PER_S)

/* After somebody asked there is no pause for so long. */
#define ASKED_NS (10 * VTAP_NS_PER_S)

/* Windows in a row without a pause while a round is awaited; one more with each pause. */
#define HURRIED_MAX 10

/* A segment may be a keep-alive, two its repetition; from the third on one end goes on. */
#define SEGMENTS_MIN 3

/* Of a round. With 20 conversations of which each is misjudged once in ten times, more than half
 * are in one round of 10^6. */
#define FLOWS_MIN 20

/* Rounds that must agree. */
#define ROUNDS_MIN 2

/* What was seen before then says nothing of now. */
#define FORGET_NS (3600 * VTAP_NS_PER_S)

/* Conversations that a window should note. Reading one takes the main loop 0.2 us, on a busy host 2
 * (tests/bench/run oneway). */
#define TALKS_FEW  (VTAP_FAST_TALKS_MAX / 8)
#define TALKS_MANY (VTAP_FAST_TALKS_MAX / 2)

/* One of 65,536: so many on one interface nobody has seen. */
#define BITS_MAX 16

void vtap_one_way_done(struct vtap_one_way *one_way)
{
	free(one_way->row);
	*one_way = (struct vtap_one_way){ 0 };
}

void vtap_one_way_ask(struct vtap_one_way *one_way, uint64_t now_ns)
{
	one_way->asked_ns = now_ns;
	one_way->next_ns = 0;
}

/* ---- the judgement ---- */

static bool goes_on(const struct vtap_fast_talk_side *side)
{
	return side->segments >= SEGMENTS_MIN && (side->data > 0 || side->moved > 0);
}

enum vtap_talk_verdict vtap_talk_judge(const struct vtap_fast_talk *talk)
{
	for (int i = 0; i < 2; i++)
		if (goes_on(&talk->side[i]))
			return talk->side[1 - i].frames == 0 ? VTAP_TALK_IS_ONE_WAY
							     : VTAP_TALK_IS_BOTH_WAYS;
	return VTAP_TALK_SAYS_NOTHING;
}

static int row_compare(const void *a, const void *b)
{
	const struct vtap_one_way_row *left = a, *right = b;

	return (left->index > right->index) - (left->index < right->index);
}

static struct vtap_one_way_row *row_find(const struct vtap_one_way *one_way, int index)
{
	const struct vtap_one_way_row wanted = { .index = index };

	return one_way->n == 0 ? NULL
			       : bsearch(&wanted, one_way->row, one_way->n, sizeof(*one_way->row),
					 row_compare);
}

/* Return: NULL without memory. */
static struct vtap_one_way_row *row_add(struct vtap_one_way *one_way, int index)
{
	struct vtap_one_way_row *grown;
	size_t at = one_way->n;

	grown = reallocarray(one_way->row, one_way->n + 1, sizeof(*grown));
	if (grown == NULL)
		return NULL;
	one_way->row = grown;
	while (at > 0 && grown[at - 1].index > index)
		at--;
	memmove(&grown[at + 1], &grown[at], (one_way->n - at) * sizeof(*grown));
	grown[at] = (struct vtap_one_way_row){ .index = index };
	one_way->n++;
	return &grown[at];
}

void vtap_one_way_note(
	struct vtap_one_way *one_way, int index, const struct vtap_fast_talk *talk, uint64_t now_ns)
{
	enum vtap_talk_verdict verdict = vtap_talk_judge(talk);
	struct vtap_one_way_row *row;

	one_way->n_talks++;
	if (verdict == VTAP_TALK_SAYS_NOTHING)
		return;
	row = row_find(one_way, index);
	if (row == NULL)
		row = row_add(one_way, index);
	if (row == NULL)
		return;
	if (row->n_flows == 0)
		row->since_ns = now_ns;
	row->n_flows++;
	row->n_one_way += verdict == VTAP_TALK_IS_ONE_WAY;
}

static void round_end(struct vtap_one_way_row *row, uint64_t now_ns)
{
	bool is_bad = row->n_one_way > row->n_flows / 2;

	row->told_n_flows = row->n_flows;
	row->told_n_one_way = row->n_one_way;
	row->told_ns = now_ns;
	row->n_bad = is_bad ? row->n_bad + 1 : 0;
	row->n_flows = row->n_one_way = 0;
}

static void row_forget_old(struct vtap_one_way_row *row, uint64_t now_ns)
{
	if (row->n_flows > 0 && now_ns - row->since_ns > FORGET_NS)
		row->n_flows = row->n_one_way = 0;
	if (row->told_ns != 0 && now_ns - row->told_ns > FORGET_NS)
		row->told_ns = row->n_bad = 0;
}

/* Another round would decide something. */
static bool is_awaited(const struct vtap_one_way_row *row)
{
	return (row->told_ns == 0 && row->n_flows > 0) ||
	       (row->n_bad > 0 && row->n_bad < ROUNDS_MIN);
}

static unsigned bits_next(unsigned n_bits, size_t n_talks)
{
	/* when it was full, nobody knows how many did not fit */
	unsigned more = n_talks > VTAP_FAST_TALKS_MAX * 7 / 8 ? 3 : 1;

	if (n_talks > TALKS_MANY)
		return n_bits + more < BITS_MAX ? n_bits + more : BITS_MAX;
	return n_talks < TALKS_FEW && n_bits > 0 ? n_bits - 1 : n_bits;
}

static uint64_t random_number(void)
{
	uint64_t random = 0;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != (ssize_t)sizeof(random))
		return 0; /* only early at boot: anybody can tell then which ones are noted */
	return random;
}

static void next_plan(struct vtap_one_way *one_way, bool is_round_awaited, uint64_t now_ns)
{
	bool is_asked = one_way->asked_ns != 0 && now_ns - one_way->asked_ns < ASKED_NS;

	if (is_asked) {
		one_way->next_ns = 0;
	} else if (is_round_awaited && one_way->n_hurried < HURRIED_MAX) {
		one_way->n_hurried++;
		one_way->next_ns = 0;
	} else {
		one_way->n_hurried -= one_way->n_hurried > 0;
		one_way->next_ns =
			now_ns + PAUSE_NS - PAUSE_NS / 5 + random_number() % (2 * (PAUSE_NS / 5));
	}
}

void vtap_one_way_settle(
	struct vtap_one_way *one_way, const struct vtap_devices *devices, uint64_t now_ns)
{
	bool is_round_awaited = false;
	size_t n = 0;

	for (size_t i = 0; i < one_way->n; i++) {
		struct vtap_one_way_row *row = &one_way->row[i];

		if (row->n_flows >= FLOWS_MIN)
			round_end(row, now_ns);
		row_forget_old(row, now_ns);
		is_round_awaited = is_round_awaited || is_awaited(row);
		if (vtap_devices_find_index(devices, row->index) != NULL)
			one_way->row[n++] = *row;
	}
	one_way->n = n;
	one_way->n_bits = bits_next(one_way->n_bits, one_way->n_talks);
	next_plan(one_way, is_round_awaited, now_ns);
}

struct vtap_report_one_way vtap_one_way_report(const struct vtap_one_way *one_way, int index)
{
	const struct vtap_one_way_row *row = row_find(one_way, index);

	if (row == NULL || row->told_ns == 0)
		return (struct vtap_report_one_way){ .is_sampled = false };
	return (struct vtap_report_one_way){
		.is_sampled = true,
		.n_flows = row->told_n_flows,
		.n_one_way = row->told_n_one_way,
		.is_one_way = row->n_bad >= ROUNDS_MIN,
		.sampled_mono_ns = row->told_ns,
	};
}

/* ---- windows ---- */

/* Told once when it fails, and tried again with the next one. */
static void refusal_note(struct vtap_one_way *one_way, int r)
{
	if (r < 0 && !one_way->is_refused)
		vtap_log(LOG_WARNING, VTAP_EVENT_TROUBLE, &(struct vtap_log_context){ .error = r },
			"look for one-way flows: %s; tried again every minute", vtap_errno_text(r));
	one_way->is_refused = r < 0;
}

static void window_open(
	struct vtap_one_way *one_way, const struct vtap_fastpath *fastpath, uint64_t now_ns)
{
	const struct vtap_fast_window window = {
		.until_ns = now_ns + WINDOW_NS,
		.proves_from_ns = now_ns + PROVES_FROM_NS,
		.proves_to_ns = now_ns + PROVES_TO_NS,
		.seed = random_number(),
		.mask = (1ULL << one_way->n_bits) - 1,
	};
	int r = vtap_fastpath_open_window(fastpath, &window);

	refusal_note(one_way, r);
	one_way->is_open = r == 0;
	one_way->until_ns = window.until_ns;
	one_way->next_ns = now_ns + PAUSE_NS; /* when it was refused */
}

struct hearing {
	struct vtap_one_way *one_way;
	uint64_t now_ns;
};

static void talk_hear(
	void *arg, const struct vtap_fast_talk_key *key, const struct vtap_fast_talk *talk)
{
	const struct hearing *hearing = arg;

	vtap_one_way_note(hearing->one_way, (int)key->ifindex, talk, hearing->now_ns);
}

static void window_close(
	struct vtap_manager *manager, const struct vtap_fastpath *fastpath, uint64_t now_ns)
{
	struct vtap_one_way *one_way = &manager->one_way;
	struct hearing hearing = { .one_way = one_way, .now_ns = now_ns };
	int r;

	one_way->is_open = false;
	one_way->n_talks = 0;
	r = vtap_fastpath_close_window(fastpath, talk_hear, &hearing);
	refusal_note(one_way, r);
	vtap_one_way_settle(one_way, vtap_interfaces_devices(manager->interfaces), now_ns);
}

void vtap_one_way_second(struct vtap_manager *manager, uint64_t now_ns)
{
	struct vtap_one_way *one_way = &manager->one_way;
	const struct vtap_fastpath *fastpath = vtap_steering_fastpath(manager->steering);

	/* no guard, or one that cannot: what was known has nobody to confirm it */
	if (fastpath == NULL || vtap_fastpath_talks_refused(fastpath) != NULL) {
		vtap_one_way_done(one_way);
		return;
	}
	if (one_way->is_open && now_ns + EARLY_NS >= one_way->until_ns)
		window_close(manager, fastpath, now_ns);
	if (!one_way->is_open && manager->has_settled && now_ns >= one_way->next_ns)
		window_open(one_way, fastpath, now_ns);
}
