/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counters that one worker writes and the main thread reads, without a lock (laws 2 and 8).
 *
 * How it works. A worker keeps the fates of a batch to itself and writes them down in one go,
 * between vtap_slot_begin() and vtap_slot_end(). The slot's sequence number is odd meanwhile; a
 * reader that saw it odd or changed reads again. So a reader never sees a packet received whose
 * verdict is missing. The writer never waits. Every field is atomic, so there is no data race for
 * anybody to reason about; the orders make a reader that sees any new value also see the odd number
 * (release after it, acquire before the second look). On x86-64 and arm64 these are plain moves or
 * close to it.
 *
 * A slot belongs to a target and outlives the worker that writes it, so counts never go back.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "wire/verdict.h"

/** VTAP_SLOTS_MAX - workers of one target */
#define VTAP_SLOTS_MAX 16

/** VTAP_SLOT_FAST - behind those of the workers: what the fast path or, of a vxlan-mode target, the
 * kernel's devices counted, written by main */
#define VTAP_SLOT_FAST VTAP_SLOTS_MAX

/** VTAP_SLOT_FORMER - behind that: what workers of the processes before us counted, written by main
 * at the start */
#define VTAP_SLOT_FORMER (VTAP_SLOT_FAST + 1)

/** VTAP_SLOTS_COUNT - all slots of a target, and cells of a tally */
#define VTAP_SLOTS_COUNT (VTAP_SLOT_FORMER + 1)

/** VTAP_SEEN_MAX - interfaces that a worker remembers its packets to have come in on */
#define VTAP_SEEN_MAX 16

/** VTAP_CACHE_LINE_BYTES - what two writers must not share */
#define VTAP_CACHE_LINE_BYTES 64

struct vtap_sightings;

/** struct vtap_slot - what one worker of a target counts */
struct vtap_slot {
	_Alignas(VTAP_CACHE_LINE_BYTES) _Atomic uint32_t seq; /* odd while the worker writes */
	_Atomic uint64_t received;                            /* packets read from the socket */
	_Atomic uint64_t
		verdicts[VTAP_VERDICT_COUNT]; /* SOCKET_FULL stays 0 here: the kernel has it */
	_Atomic uint64_t reserved_bits; /* packets that name a VNI and have reserved bits set */
	_Atomic uint64_t unknown_bytes; /* of inner frames that no session took */
	struct vtap_sightings *unknown; /* VNIs that no session took */
	struct vtap_sightings *carried; /* VNIs that sessions took */
	struct vtap_sightings *refused; /* sources outside `allow`, in place of VNIs */
	_Atomic int seen_interface[VTAP_SEEN_MAX]; /* indexes, never of ours; 0: free */
	_Atomic uint64_t seen_delivered[VTAP_SEEN_MAX];
	unsigned i_seen;      /* row of the last one; the worker's alone, as the next is */
	unsigned i_seen_next; /* row that the next new one gets: free, or the oldest */
};

/** struct vtap_totals - the sum over slots, a plain copy */
struct vtap_totals {
	uint64_t received;
	uint64_t verdicts[VTAP_VERDICT_COUNT];
	uint64_t reserved_bits;
	uint64_t unknown_bytes;
};

/** struct vtap_cell - what the workers of one number count for one session, mostly a single one */
struct vtap_cell {
	_Alignas(VTAP_CACHE_LINE_BYTES) _Atomic uint64_t delivered;
	_Atomic uint64_t bytes;   /* of delivered inner frames */
	_Atomic uint64_t last_ns; /* CLOCK_MONOTONIC of the last frame, 0 for never */
	_Atomic uint64_t down;
	_Atomic uint64_t gone;
	_Atomic uint64_t refused;
	_Atomic uint64_t lost;      /* in handover: the fast path's, or a vxlan device's */
	_Atomic uint64_t truncated; /* of the delivered: inner IP length beyond the frame */
};

/** struct vtap_tally - all counters of one session; lives as long as a table or the manager refers
 * to it */
struct vtap_tally {
	unsigned n_refs;              /* main thread only */
	uint32_t id;                  /* of this session for as long as the daemon runs; never 0 */
	_Atomic uint64_t decap_error; /* of its vxlan device, written by main; here, so that a cell
					 stays one cache line */
	struct vtap_cell cell[VTAP_SLOTS_COUNT];
};

/** struct vtap_session_totals - a plain copy of a tally */
struct vtap_session_totals {
	uint64_t verdicts[VTAP_VERDICT_COUNT];
	uint64_t delivered_fast; /* of the delivered: those of VTAP_SLOT_FAST */
	uint64_t bytes;
	uint64_t truncated;
	uint64_t last_ns;
};

/** vtap_count() - add to a counter that only the calling thread writes */
static inline void vtap_count(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
		memory_order_release);
}

/**
 * vtap_count_shared() - add to a counter that several threads may write
 *
 * A session that moves to another target is written by workers of both while those of the former
 * one read their sockets empty.
 */
static inline void vtap_count_shared(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_release); /* as vtap_count() */
}

/** vtap_slot_begin() - the worker starts to write. Context: the slot's worker. */
static inline void vtap_slot_begin(struct vtap_slot *slot)
{
	uint32_t seq = atomic_load_explicit(&slot->seq, memory_order_relaxed);

	/* relaxed: the release stores that follow carry it */
	atomic_store_explicit(&slot->seq, seq + 1, memory_order_relaxed);
}

/** vtap_slot_end() - the worker is done. Context: the slot's worker. */
static inline void vtap_slot_end(struct vtap_slot *slot)
{
	uint32_t seq = atomic_load_explicit(&slot->seq, memory_order_relaxed);

	atomic_store_explicit(&slot->seq, seq + 1, memory_order_release);
}

/** vtap_slot_init() - prepare zeroed memory. Return: 0, -ENOMEM. */
int vtap_slot_init(struct vtap_slot *slot);

/** vtap_slot_done() - free what init made; zeroed memory is allowed, may run twice */
void vtap_slot_done(struct vtap_slot *slot);

/** vtap_slot_add() - add a consistent look at a slot to @totals. Context: main thread. */
void vtap_slot_add(const struct vtap_slot *slot, struct vtap_totals *totals);

/**
 * vtap_slot_see() - packets came in on an interface that is not ours, and so many were delivered
 *
 * A new interface takes the row of the one that was new the longest ago when all are taken: after
 * years of interfaces that come and go, the one in use is still learned.
 * Context: the slot's worker, between begin and end.
 */
void vtap_slot_see(struct vtap_slot *slot, int interface_index, uint64_t n_delivered);

/**
 * vtap_slot_seen() - one of the interfaces that packets came in on
 * @i_row:           below VTAP_SEEN_MAX; rows are filled in order, but a row may change its
 *                   interface, and its count begins anew then
 * @ret_n_delivered: packets from there that the worker delivered to a session, so that nothing
 *                   before the socket took them
 * Context: main thread.
 * Return: false when the row is free.
 */
bool vtap_slot_seen(const struct vtap_slot *slot, unsigned i_row, int *ret_interface_index,
	uint64_t *ret_n_delivered);

/** vtap_tally_new() - one reference, all zero. Return: 0, -ENOMEM. */
int vtap_tally_new(uint32_t id, struct vtap_tally **ret_tally);

/** vtap_tally_ref() - Context: main thread. Return: @tally. */
struct vtap_tally *vtap_tally_ref(struct vtap_tally *tally);

/** vtap_tally_unref() - the last one frees; NULL is allowed. Context: main thread. */
void vtap_tally_unref(struct vtap_tally *tally);

/** vtap_tally_read() - the sum over all workers */
void vtap_tally_read(const struct vtap_tally *tally, struct vtap_session_totals *ret_totals);
