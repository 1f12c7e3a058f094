/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Underlays of vxlan-mode targets merge no frames: what merges is switched off before the first
 * vxlan interface is up, and again whenever somebody switches it on. What was on before is kept in
 * a file (daemon/former.h) and put back when the last session that needs it off has gone.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "netlink/socket.h"
#include "report/snapshot.h"

struct vtap_manager;
struct vtap_offloads;

/** vtap_offloads_new() - reads what the process before us remembered. Return: 0, -ENOMEM; a file
 * that cannot be read is logged. */
int vtap_offloads_new(const char *runtime_dir, struct vtap_offloads **ret_offloads);

/** vtap_offloads_free() - what is off stays off, and is remembered. NULL is allowed. */
void vtap_offloads_free(struct vtap_offloads *offloads);
VTAP_FREEP(offloads, struct vtap_offloads, vtap_offloads_free)

/**
 * vtap_offloads_follow() - a configuration was taken: sockets are opened when it, or what is
 * remembered, needs them
 * Context: main thread, after manager->conf is the new one; manager->interfaces look with them from
 * now on.
 */
void vtap_offloads_follow(struct vtap_manager *manager);

/**
 * vtap_offloads_turn() - what merges on underlays is switched off
 * Context: main thread, after a look at the interfaces and before any of them is set up. Logs.
 * Return: 0 or negative errno; what one underlay refuses is kept to be told, and tried again.
 */
int vtap_offloads_turn(struct vtap_manager *manager, uint64_t now_ns);

/** vtap_offloads_settle() - put back what was on where no session needs it off any more. Context:
 * main thread, after the turn's removals, when nothing is left of it. Logs. */
void vtap_offloads_settle(struct vtap_manager *manager, uint64_t now_ns);

/** vtap_offloads_next() - when something is to be tried again; UINT64_MAX: nothing */
uint64_t vtap_offloads_next(const struct vtap_manager *manager, uint64_t now_ns);

/** vtap_offloads_n_repairs() - since the daemon started */
uint64_t vtap_offloads_n_repairs(const struct vtap_offloads *offloads);

/** struct vtap_offloads_status - how the underlays of a target are; arrays are heap, names and the
 * sentence are borrowed until the next turn */
struct vtap_offloads_status {
	const char **merging; /* where frames are merged all the same, or may be */
	size_t n_merging;
	const char *why;  /* who insists, or what refuses; or NULL */
	const char **off; /* where something was on, and is off because of us */
	size_t n_off;
};

/** vtap_offloads_status() - Context: main thread. Return: 0, -ENOMEM. */
int vtap_offloads_status(const struct vtap_manager *manager, size_t i_target,
	struct vtap_offloads_status *ret_status);

/**
 * vtap_offloads_restore() - put back all that is remembered, and forget it; without a daemon, or
 * after its last turn
 * @ret_removed: what was switched on, and what was not found; the rest of it stays as it is
 * Return: 0 or negative errno; what is worth another try, or not told, stays remembered then.
 */
int vtap_offloads_restore(struct vtap_nl *nl, const char *runtime_dir,
	struct vtap_report_removed *ret_removed, struct vtap_err *err);
