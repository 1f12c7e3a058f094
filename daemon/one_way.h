/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Do tap interfaces show both directions of TCP? A filter of the mirror that lacks a direction, or
 * a balancer that sends the two to different targets, halves what sensors understand, and nothing
 * else tells.
 *
 * How it works. About once a minute a window of three seconds is opened, in which the guard notes
 * some conversations (fastpath/talk.h). A conversation in which one end goes on sending data, or
 * acknowledging it, while nothing at all comes from the other end, is one-way: TCP cannot do that.
 * Most conversations of a window say too little to be judged. Those that do are gathered by
 * interface into rounds: a round is over with the window in which it has enough of them, after one
 * window where there is much traffic and after many where there is little. Two rounds in a row of
 * which most is one-way are believed, and the first that is not ends it.
 *
 * While somebody asks, and for a few times while a round is awaited, windows follow each other
 * without the pause. What is older than an hour is forgotten. Without the guard nothing is known.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fastpath/talk.h"
#include "model/device.h"
#include "report/snapshot.h"

struct vtap_manager;

/** struct vtap_one_way_row - of an interface */
struct vtap_one_way_row {
	int index;
	unsigned n_flows; /* conversations that were judged in the round under way */
	unsigned n_one_way;
	uint64_t since_ns;     /* when that round began; 0: with its first conversation */
	unsigned told_n_flows; /* likewise, of the last round that is over */
	unsigned told_n_one_way;
	uint64_t told_ns; /* when that was; 0: there is none */
	unsigned n_bad;   /* rounds in a row of which most is one-way */
};

/** struct vtap_one_way - all zero at first */
struct vtap_one_way {
	struct vtap_one_way_row *row; /* sorted by index */
	size_t n;
	bool is_open;       /* a window is */
	uint64_t until_ns;  /* of the window */
	uint64_t next_ns;   /* when the next one is due; 0: at once */
	uint64_t asked_ns;  /* when somebody asked; 0: never */
	unsigned n_bits;    /* of the hash that must be 0: of 2^n conversations one is noted */
	unsigned n_hurried; /* windows without a pause of late */
	size_t n_talks;     /* that the last window noted */
	bool is_refused;    /* the last window was */
};

/** vtap_one_way_done() - frees all; may run twice */
void vtap_one_way_done(struct vtap_one_way *one_way);

/** vtap_one_way_ask() - somebody wants to know: look soon, and again while he goes on asking */
void vtap_one_way_ask(struct vtap_one_way *one_way, uint64_t now_ns);

/** vtap_one_way_report() - of an interface, as of the last round that is over */
struct vtap_report_one_way vtap_one_way_report(const struct vtap_one_way *one_way, int index);

/** vtap_one_way_second() - opens and closes windows. Context: main thread, once a second. */
void vtap_one_way_second(struct vtap_manager *manager, uint64_t now_ns);

/* ---- the judgement, which needs no kernel ---- */

/** enum vtap_talk_verdict - what a conversation says */
enum vtap_talk_verdict {
	VTAP_TALK_SAYS_NOTHING, /* too little was said: a scan, a keep-alive, the end of a window */
	VTAP_TALK_IS_BOTH_WAYS,
	VTAP_TALK_IS_ONE_WAY,
};

/** vtap_talk_judge() - of one conversation alone */
enum vtap_talk_verdict vtap_talk_judge(const struct vtap_fast_talk *talk);

/** vtap_one_way_note() - a window told of a conversation. Without memory it is passed over. */
void vtap_one_way_note(struct vtap_one_way *one_way, int index, const struct vtap_fast_talk *talk,
	uint64_t now_ns);

/** vtap_one_way_settle() - a window has told of all: rounds are over, what is old or of an
 * interface that is gone is forgotten, and the next window gets its time and its share */
void vtap_one_way_settle(
	struct vtap_one_way *one_way, const struct vtap_devices *devices, uint64_t now_ns);
