/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of the fast path outlives a program, and the process: its counters, the flows that it
 * remembers, who has which slot, and the guard.
 *
 * How it works. The maps are made once and pinned in a folder of a BPF file system; the next
 * process takes them up again, so counters go on. Maps of another layout, or with too few slots,
 * are left to the programs that use them and new ones are made: then counters begin anew. The
 * folder is made whole under another name and renamed, so that a process that is killed on the way
 * leaves no mixture. Without such a folder counters live as long as the process.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/prefix.h"
#include "fastpath/talk.h"

struct vtap_fast_kept;
struct vtap_fastpath;

/** enum vtap_fast_kind - whose slot it is */
enum vtap_fast_kind { VTAP_FAST_SESSION, VTAP_FAST_TARGET };

/** struct vtap_fast_totals - what was counted in a slot, summed over CPUs and pages */
struct vtap_fast_totals {
	uint64_t delivered; /* seen by the guard, behind the sensors */
	uint64_t bytes;     /* of those */
	uint64_t lost;      /* handed over more than a second ago and not seen by the guard */
	uint64_t truncated; /* of those handed over: inner IP length beyond the frame */
	uint64_t reserved_bits;
	uint64_t steered;     /* handed over, those on the way included */
	uint64_t looked;      /* a target's: packets to its port that were passed up or dropped */
	uint64_t no_listener; /* a target's: of those, dropped because nobody listened */
};

/** struct vtap_fast_seen - what a flow has brought since it was last asked */
struct vtap_fast_seen {
	uint32_t slot; /* of its session */
	uint32_t vni;
	struct vtap_addr source; /* outer */
	uint64_t n_frames;
	uint64_t n_bytes;
};

/**
 * vtap_fastpath_open() - the maps and the guard
 * @pin_dir: a folder in a BPF file system that we may write to; NULL for none
 * @n_slots: sessions and targets that there must be room for
 * @former:  one that has become too small, sampled after its last program was taken away: everybody
 *           keeps his slot and his totals; NULL for none
 * Context: main thread; needs CAP_BPF and CAP_NET_ADMIN.
 * Return: 0; -EPERM; -EOPNOTSUPP when built without it; other negative errno.
 */
int vtap_fastpath_open(const char *pin_dir, size_t n_slots, const struct vtap_fastpath *former,
	struct vtap_fastpath **ret_fastpath, struct vtap_err *err);

/** vtap_fastpath_close() - attached programs go on, and so do pinned maps. NULL is allowed. */
void vtap_fastpath_close(struct vtap_fastpath *fastpath);
VTAP_FREEP(fastpath, struct vtap_fastpath, vtap_fastpath_close)

/** vtap_fastpath_n_slots() - slots are below that */
size_t vtap_fastpath_n_slots(const struct vtap_fastpath *fastpath);

/** vtap_fastpath_can_grow() - can another one have more slots? */
bool vtap_fastpath_can_grow(const struct vtap_fastpath *fastpath);

/** vtap_fastpath_is_continued() - were the maps of the process before us found? */
bool vtap_fastpath_is_continued(const struct vtap_fastpath *fastpath);

/** vtap_fastpath_is_pinned() - will the next process find them? */
bool vtap_fastpath_is_pinned(const struct vtap_fastpath *fastpath);

/**
 * vtap_fastpath_guard() - the program for a tap interface's ingress or egress
 * @ret_id: the kernel's number of it, by which a filter shows it
 * Return: the descriptor, borrowed.
 */
int vtap_fastpath_guard(const struct vtap_fastpath *fastpath, bool is_ingress, uint32_t *ret_id);

/**
 * vtap_fastpath_take_slot() - the slot of a session or target: the one that it had, or a new one
 * @ret_is_new: it was another one's, or nobody's; its counters are 0
 * Context: main thread. Return: the slot; 0 when none is free.
 */
uint32_t vtap_fastpath_take_slot(struct vtap_fastpath *fastpath, enum vtap_fast_kind kind,
	const char *name, uint64_t now_wall_ns, bool *ret_is_new);

/**
 * vtap_fastpath_keep_slots() - those that were not taken since the last call are to be freed
 *
 * For after a whole configuration took its slots. The present programs may count there for as long
 * as they are attached.
 */
void vtap_fastpath_keep_slots(struct vtap_fastpath *fastpath);

/** vtap_fastpath_retire_slots() - programs that do not know those slots are attached everywhere:
 * they are freed soon, when what is on its way has arrived */
void vtap_fastpath_retire_slots(struct vtap_fastpath *fastpath, uint64_t now_ns);

/** vtap_fastpath_note_last() - a slot's last frame, for the process after us; written a few seconds
 * apart */
void vtap_fastpath_note_last(struct vtap_fastpath *fastpath, uint32_t slot, uint64_t wall_ns);

/** vtap_fastpath_last() - what was noted, also by the process before us; 0: nothing */
uint64_t vtap_fastpath_last(const struct vtap_fastpath *fastpath, uint32_t slot);

/** vtap_fastpath_keep() - numbers for the process after us, as long as the slot has this owner.
 * Return: 0 or negative errno. */
int vtap_fastpath_keep(
	struct vtap_fastpath *fastpath, uint32_t slot, const struct vtap_fast_kept *kept);

/** vtap_fastpath_kept() - those of the process before us; all 0: there were none. Return: 0 or
 * negative errno. */
int vtap_fastpath_kept(
	const struct vtap_fastpath *fastpath, uint32_t slot, struct vtap_fast_kept *ret_kept);

/** vtap_fastpath_since() - when the oldest slot in use began to count, wall time; 0: no slot */
uint64_t vtap_fastpath_since(const struct vtap_fastpath *fastpath);

/**
 * vtap_fastpath_sample() - read all counters, for vtap_fastpath_totals()
 * Context: main thread; turns the page once a second at most.
 * Return: 0 or negative errno (the former totals stay).
 */
int vtap_fastpath_sample(struct vtap_fastpath *fastpath, uint64_t now_ns);

/** vtap_fastpath_totals() - as of the last sample; borrowed */
const struct vtap_fast_totals *vtap_fastpath_totals(
	const struct vtap_fastpath *fastpath, uint32_t slot);

/**
 * vtap_fastpath_flows() - tell which flows moved since the last call
 *
 * Flows that are quiet make room for others while the memory is more than half full.
 * Return: 0 or negative errno.
 */
int vtap_fastpath_flows(struct vtap_fastpath *fastpath,
	void (*each)(void *arg, const struct vtap_fast_seen *seen), void *arg);

/** vtap_fastpath_talks_refused() - why the guard cannot note conversations: the kernel does not
 * take the code for it; NULL: it can. Borrowed. */
const char *vtap_fastpath_talks_refused(const struct vtap_fastpath *fastpath);

/**
 * vtap_fastpath_open_window() - the guard notes TCP conversations from now on
 * Context: main thread; empties what was noted before. Return: 0; -EOPNOTSUPP: it cannot; other
 * negative errno.
 */
int vtap_fastpath_open_window(
	const struct vtap_fastpath *fastpath, const struct vtap_fast_window *window);

/**
 * vtap_fastpath_close_window() - it notes no more; tell what it noted, and forget it
 * Context: main thread; at most VTAP_FAST_TALKS_MAX are told, which takes some milliseconds.
 * Return: 0 or negative errno.
 */
int vtap_fastpath_close_window(const struct vtap_fastpath *fastpath,
	void (*each)(
		void *arg, const struct vtap_fast_talk_key *key, const struct vtap_fast_talk *talk),
	void *arg);

struct vtap_maps;

/** vtap_fastpath_maps() - the shared maps, borrowed; for this room */
const struct vtap_maps *vtap_fastpath_maps(const struct vtap_fastpath *fastpath);

/** vtap_fastpath_forget() - remove what is pinned in a folder; absent is fine. Return: 0 or
 * negative errno. */
int vtap_fastpath_forget(const char *pin_dir);
