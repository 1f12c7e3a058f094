/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker: one thread that owns one socket, reads packets from it, and writes the inner frames to
 * tap interfaces as the published table says.
 *
 * How it works. A round is: receive a batch, borrow the published table, decide and write frame by
 * frame, give the table back, write the counters down. Between rounds the worker holds no table, so
 * the main thread may free one that no worker has borrowed (a hazard pointer: the worker first
 * announces the table, then checks that it is still the published one). It waits for nothing but
 * packets and the word to stop.
 *
 * Waking up is what costs most: more than all that is done for a frame. So the first packet after a
 * silence is handled at once, and while packets come closer than a tenth of a millisecond, a worker
 * that found less than a batch lets that time pass before it looks again. Writes are single system
 * calls: io_uring was measured to cost as much (within 4 %), so its rights are not asked for.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "datapath/counters.h"
#include "datapath/table.h"

/** struct vtap_publication - the table that the workers of one target use */
struct vtap_publication {
	_Atomic(const struct vtap_table *) table; /* never NULL while a worker runs */
};

/** struct vtap_worker_spec - what a worker is given */
struct vtap_worker_spec {
	int socket_fd;          /* taken, also on failure */
	unsigned i_slot;        /* which cell of each tally is its own, below VTAP_SLOTS_MAX */
	struct vtap_slot *slot; /* borrowed; written by this worker alone */
	const struct vtap_publication *publication; /* borrowed */
};

struct vtap_worker;

/**
 * vtap_worker_start() - start the thread
 * Context: main thread. Signals stay with the main thread.
 * Return: 0; -ENOMEM; -EAGAIN when there can be no more threads.
 */
int vtap_worker_start(
	const struct vtap_worker_spec *spec, struct vtap_worker **ret_worker, struct vtap_err *err);

/**
 * vtap_worker_ask() - tell the worker to stop: it takes its socket out of its group and reads it
 * empty
 * @keeps_socket: somebody else holds the socket too and will read it: it stays in its group, and
 *                the worker reads what is there, but not for long
 * Context: main thread; does not wait. Asked again, nothing happens.
 */
void vtap_worker_ask(struct vtap_worker *worker, bool keeps_socket);

/** vtap_worker_is_over() - has it nothing left to do? Then vtap_worker_end() does not wait. */
bool vtap_worker_is_over(const struct vtap_worker *worker);

/**
 * vtap_worker_end() - wait for a worker that was asked to stop, end the thread, close the socket
 * @ret_drops: what the kernel dropped on the socket, modulo 2^32; left alone where it cannot be
 *             asked; may be NULL
 * Context: main thread; waits for what the socket still holds.
 */
void vtap_worker_end(struct vtap_worker *worker, uint32_t *ret_drops);

/** vtap_worker_socket() - its socket, borrowed; for SO_MEMINFO and SO_RCVBUF */
int vtap_worker_socket(const struct vtap_worker *worker);

/** vtap_worker_beat_ns() - CLOCK_MONOTONIC of its last round: at most a second or so ago, unless it
 * hangs */
uint64_t vtap_worker_beat_ns(const struct vtap_worker *worker);

/** vtap_worker_uses() - has it borrowed this table? Context: main thread, after another was
 * published. */
bool vtap_worker_uses(const struct vtap_worker *worker, const struct vtap_table *table);
