/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often the journal is told of one thing. A change of state is one entry, until something
 * changes to and fro: then the first entries of a minute are told, the others held back, and the
 * last of them is told when the minute is over, so that the journal always ends with what is the
 * case.
 *
 * How it works: a lane for each kind of entry and subject that was told of within the last minute.
 * A kind has its bound, too, whoever its entries are about; what is beyond waits in the lane of its
 * subject.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

#define VTAP_FLOOD_WINDOW_NS (60 * VTAP_NS_PER_S)

/** VTAP_FLOOD_LANE_MAX - entries of one kind about one subject that are told within the window: a
 * person who tries things out makes fewer */
#define VTAP_FLOOD_LANE_MAX 10

/** VTAP_FLOOD_LANE_AGAIN - likewise, of one that went on through the window before */
#define VTAP_FLOOD_LANE_AGAIN 2

/** VTAP_FLOOD_KIND_MAX - entries of one kind within the window, all subjects together */
#define VTAP_FLOOD_KIND_MAX 100

/** VTAP_FLOOD_LANES - subjects at a time; in a flood of more some share a lane */
#define VTAP_FLOOD_LANES 256

/** struct vtap_flood_lane - zeroed is free */
struct vtap_flood_lane {
	uint64_t kind; /* hashes; 0: free */
	uint64_t subject;
	uint64_t since_ns; /* the window began */
	unsigned n_told;   /* within it */
	unsigned n_held;
	bool goes_on; /* entries were held back in the window before, too */
	void *held;   /* the last of them; whoever holds it back keeps it here, on the heap */
};

/** struct vtap_flood - zeroed is fresh */
struct vtap_flood {
	struct vtap_flood_lane lane[VTAP_FLOOD_LANES];
};

/**
 * vtap_flood_hold() - is an entry to be held back?
 * @kind:    what it tells of, both ways: if only one of two opposites were held back, the other
 * would seem to happen again and again
 * @subject: who it is about, "" for the daemon
 * Return: NULL: tell it now, it is counted; else the lane that it is to be kept in, in place of the
 * one held there before, which the caller frees.
 */
struct vtap_flood_lane *vtap_flood_hold(
	struct vtap_flood *flood, const char *kind, const char *subject, uint64_t now_ns);

/**
 * vtap_flood_next() - a lane whose window is over and that holds an entry back
 * @is_all: also if the window is not over, as at the end of the program
 * @ret_n:  entries that were held back, the one in the lane included
 * @ret_held_ns: for how long at most
 * Return: what was held, to be told and freed by the caller; NULL: no more of them.
 */
void *vtap_flood_next(struct vtap_flood *flood, bool is_all, uint64_t now_ns, unsigned *ret_n,
	uint64_t *ret_held_ns);
