/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often the journal is told of one thing. A change of state is one entry, until something
 * changes to and fro: then the first entries of a minute are told, the others held back, and the
 * last of them is told when the minute is over, so that the journal always ends with what is the
 * case.
 *
 * How it works: a lane for each kind of entry and subject that was told of within the last minute.
 * A kind is all entries of which one overrules the other: ready and waiting, begun and over. So
 * what is held back in a lane is out of date once a later entry of it is told, and goes. A kind has
 * its bound, too, whoever its entries are about; what is beyond waits in the lane of its subject.
 * Where no lane is left, the kind has one in which those without are only counted. Nothing ever
 * waits for, or is lost to, entries of another kind.
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

/** VTAP_FLOOD_LANES - subjects at a time */
#define VTAP_FLOOD_LANES 256

/** VTAP_FLOOD_KINDS - kinds that there can be; whoever names them sees to it */
#define VTAP_FLOOD_KINDS 64

/** enum vtap_flood_rank - which bounds there are for an entry */
enum vtap_flood_rank {
	VTAP_FLOOD_ORDINARY,
	VTAP_FLOOD_URGENT,    /* its subject's alone, not its kind's */
	VTAP_FLOOD_ASKED_FOR, /* none: somebody did it, and is told as often as he does it */
};

/** struct vtap_flood_lane - zeroed is free */
struct vtap_flood_lane {
	uint64_t kind;     /* hashes; 0: free */
	uint64_t subject;  /* 0: whoever has no lane of his own */
	uint64_t since_ns; /* the window began */
	unsigned n_told;   /* within it */
	unsigned n_held;
	bool goes_on; /* entries were held back in the window before, too */
	void *held;   /* the last of them; whoever holds it back keeps it here, from malloc() */
};

/** struct vtap_flood - zeroed is fresh */
struct vtap_flood {
	struct vtap_flood_lane
		lane[VTAP_FLOOD_LANES + VTAP_FLOOD_KINDS]; /* then one of each kind */
};

/** struct vtap_flood_late - what is to be said of one that was held back */
struct vtap_flood_late {
	bool is_rest;     /* it stands for others, and is not to be told itself */
	unsigned n;       /* entries that were held back, itself included */
	uint64_t held_ns; /* for how long at most */
};

/**
 * vtap_flood_hold() - is an entry to be held back?
 * @kind:    what it is one of
 * @subject: who it is about, "" for the daemon
 * Return: NULL: tell it now, it is counted, and what was held back before it is freed; else the
 * lane that it is to be kept in, in place of the one held there before, which the caller frees.
 */
struct vtap_flood_lane *vtap_flood_hold(struct vtap_flood *flood, const char *kind,
	const char *subject, enum vtap_flood_rank rank, uint64_t now_ns);

/** vtap_flood_lane_is_rest() - are those who have no lane of their own counted here? */
bool vtap_flood_lane_is_rest(const struct vtap_flood_lane *lane);

/**
 * vtap_flood_next() - a lane whose window is over and that holds an entry back
 * @is_all: also if the window is not over, as at the end of the program
 * Return: what was held, to be told and freed by the caller; NULL: no more of them.
 */
void *vtap_flood_next(
	struct vtap_flood *flood, bool is_all, uint64_t now_ns, struct vtap_flood_late *ret_late);
