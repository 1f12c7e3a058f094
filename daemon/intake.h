/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a target's packets come in: sockets and workers, one set for each underlay, kept as the
 * configuration wants them. It has the target's counters, which outlive workers and reloads.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "daemon/backoff.h"
#include "daemon/interfaces.h"
#include "daemon/store.h"
#include "daemon/trends.h"
#include "datapath/counters.h"
#include "datapath/worker.h"
#include "model/conf.h"
#include "model/device.h"

/** struct vtap_intake - the running side of a target */
struct vtap_intake;

/** vtap_intake_new() - nothing is open yet. @store is borrowed. Return: 0, -ENOMEM. */
int vtap_intake_new(const char *name, struct vtap_store *store, struct vtap_intake **ret_intake);

/**
 * vtap_intake_free() - stops the workers, which read their sockets empty first
 * @keeps_sockets: they stay in the store, for the process after us: what comes meanwhile waits
 * there NULL is allowed.
 */
void vtap_intake_free(struct vtap_intake *intake, bool keeps_sockets);

/** vtap_intake_name() - of its target */
const char *vtap_intake_name(const struct vtap_intake *intake);

/**
 * vtap_intake_update() - open what is missing; what is too much is closed by
 * vtap_intake_close_surplus()
 *
 * New sockets open before old ones close; where none can be opened, those of the former port stay.
 * Sockets that came back from the store are taken first. Sockets fill from the moment they are
 * open; their workers start with the first published table.
 * @devices:      the last look at the kernel
 * @is_port_ours: sockets of ours have the port already, in another intake
 * Context: main thread. Logs what comes and goes.
 */
void vtap_intake_update(struct vtap_intake *intake, const struct vtap_target *target,
	const struct vtap_devices *devices, size_t n_sessions, bool is_port_ours, uint64_t now_ns);

/** vtap_intake_hears() - is a socket of ours open on that port for packets from this interface? */
bool vtap_intake_hears(const struct vtap_intake *intake, uint16_t port, int interface_index);

/** vtap_intake_has_port() - is a socket of ours open on that port? */
bool vtap_intake_has_port(const struct vtap_intake *intake, uint16_t port);

/**
 * vtap_intake_close_surplus() - take the sockets that the last update did not keep out of their
 * group
 *
 * After every target has opened what it needs: a port that moves from one to another is never
 * without a socket. Does not wait: a socket is closed by a later call, when it was read empty.
 */
void vtap_intake_close_surplus(struct vtap_intake *intake);

/** vtap_intake_has_surplus() - are there sockets that vtap_intake_close_surplus() has to close? */
bool vtap_intake_has_surplus(const struct vtap_intake *intake);

/** vtap_intake_n_stalled() - workers that have not moved for VTAP_HEALTH_STALL_NS */
unsigned vtap_intake_n_stalled(const struct vtap_intake *intake, uint64_t now_ns);

/** vtap_intake_publish() - give the workers a table. Return: the former one, for the caller to free
 * later; NULL at first. */
const struct vtap_table *vtap_intake_publish(
	struct vtap_intake *intake, const struct vtap_table *table);

/** vtap_intake_table() - the published table, or NULL; borrowed */
const struct vtap_table *vtap_intake_table(const struct vtap_intake *intake);

/**
 * vtap_intake_rest() - take the table away from an intake that has no socket
 *
 * Sockets that it gets then wait for the next table, as after a start: what comes in meanwhile
 * stays in them. Context: main thread. Return: the former table, which nobody uses any more; NULL:
 * there was none, or there is a socket.
 */
const struct vtap_table *vtap_intake_rest(struct vtap_intake *intake);

/** vtap_intake_uses() - does a worker still use this table? */
bool vtap_intake_uses(const struct vtap_intake *intake, const struct vtap_table *table);

/** vtap_intake_report_drops() - one line a minute while packets are dropped on the sockets.
 * Context: once a second. */
void vtap_intake_report_drops(struct vtap_intake *intake, uint64_t now_ns);

/** vtap_intake_read() - the sum over all workers that ever were, with the kernel's drops on the
 * sockets */
void vtap_intake_read(struct vtap_intake *intake, struct vtap_totals *ret_totals);

/** vtap_intake_trends() - of its verdicts, VTAP_VERDICT_COUNT of them, for whoever looks once a
 * second
 */
struct vtap_trend *vtap_intake_trends(struct vtap_intake *intake);

/** struct vtap_intake_paths - how delivered frames come, while there are two ways */
struct vtap_intake_paths {
	struct vtap_trend fast;
	struct vtap_trend worker;
};

/** vtap_intake_paths() - likewise */
struct vtap_intake_paths *vtap_intake_paths(struct vtap_intake *intake);

/** vtap_intake_port() - the port that its sockets are open on, 0 for none */
uint16_t vtap_intake_port(const struct vtap_intake *intake);

/** vtap_intake_slot() - slot @i, below VTAP_SLOTS_COUNT, for the sightings in it, or NULL if it was
 * never used */
const struct vtap_slot *vtap_intake_slot(const struct vtap_intake *intake, unsigned i);

/** vtap_intake_fast_slot() - where main counts what the fast path did; NULL without memory */
struct vtap_slot *vtap_intake_fast_slot(struct vtap_intake *intake);

/**
 * vtap_intake_recall() - so much was counted and told by the process before us
 * @n_fast: of what was delivered, by the fast path
 * Context: main, before anybody reads.
 */
void vtap_intake_recall(
	struct vtap_intake *intake, const struct vtap_totals *former, uint64_t n_fast);

/** struct vtap_intake_status - how it is; strings borrowed until the next update */
struct vtap_intake_status {
	enum vtap_state state; /* READY or WAITING */
	const char *reason;    /* id, or NULL */
	const char *message;
	uint64_t retry_at_ns; /* UINT64_MAX: none */
	unsigned n_workers;
};

void vtap_intake_status(const struct vtap_intake *intake, struct vtap_intake_status *ret_status);

/** vtap_intake_bound() - "any", or the names of the underlays that sockets are bound to. Return:
 * heap array, borrowed names. */
const char **vtap_intake_bound(const struct vtap_intake *intake, size_t *ret_n);

/** vtap_intake_missing() - the underlays of its target that are named, not by a glob, and not
 * there. Return: heap array, borrowed names. */
const char **vtap_intake_missing(
	const struct vtap_intake *intake, const struct vtap_target *target, size_t *ret_n);
