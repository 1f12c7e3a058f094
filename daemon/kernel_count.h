/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel counts for the devices of vxlan-mode targets, taken up into the daemon's own
 * counters as the fast path's are, and into the same slot of a target.
 *
 * How it works. One dump tells the statistics of every interface; each device that a session has
 * or had has an account of what was taken of it already. A device on its way out goes on counting
 * for the session that had it, or for its target if that is no longer configured, until it is gone.
 * What a device counted before we had it (a restart of the daemon) is counted too, but belongs to
 * no rate and has no time: the dump before knows how much that was. The kernel tells losses and
 * what the host's stack does not want in one number, rx_dropped: it is a loss only where the guard
 * keeps every frame from the stack.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "model/conf.h"
#include "netlink/stats.h"

struct vtap_manager;

/** struct vtap_kernel_account - what was taken of a device */
struct vtap_kernel_account {
	int index;
	uint32_t tally_id;          /* of the session that had it last */
	char target[VTAP_NAME_MAX]; /* of that session */
	uint64_t seen_ns;           /* when a session had it last */
	uint64_t packets;
	uint64_t bytes;
	uint64_t errors;
	uint64_t dropped;
	bool is_guarded; /* when it was taken last */
	bool is_missed;  /* by the last dump: its device is gone, or a dump was interrupted */
};

/** struct vtap_kernel_count - all zero at first */
struct vtap_kernel_count {
	struct vtap_link_stats *stats; /* the last dump; NULL: none */
	size_t n_stats;
	struct vtap_kernel_account *account; /* sorted by index */
	size_t n_accounts;
	bool has_former;     /* some of what was counted came before this process */
	uint64_t sampled_ns; /* CLOCK_MONOTONIC of the last sample; 0: none was taken */
	bool is_refused;     /* the last dump; told once */
};

/** vtap_kernel_count_done() - may run twice */
void vtap_kernel_count_done(struct vtap_kernel_count *count);

/**
 * vtap_kernel_count_follow() - a configuration was taken: with its first vxlan-mode target, note
 * what devices of an earlier life have counted so far
 * Context: main thread, before the turn that takes such devices over.
 */
void vtap_kernel_count_follow(struct vtap_manager *manager);

/**
 * vtap_kernel_count_sample() - take up what was counted since the last time
 *
 * Once a second, and before a configuration is replaced or devices are removed. Without a
 * vxlan-mode target, and when the devices of a former one are gone, nothing at all.
 */
void vtap_kernel_count_sample(struct vtap_manager *manager, uint64_t now_ns);

/** vtap_kernel_count_look() - the same before somebody looks, if the last one is not quite fresh */
void vtap_kernel_count_look(struct vtap_manager *manager, uint64_t now_ns);

/** vtap_kernel_count_find() - of an interface, as of the last sample; NULL: not known */
const struct vtap_link_stats *vtap_kernel_count_find(
	const struct vtap_kernel_count *count, int index);

/** vtap_kernel_count_outdate() - devices were taken over: the next look is a new sample */
void vtap_kernel_count_outdate(struct vtap_kernel_count *count);
