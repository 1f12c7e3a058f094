/* SPDX-License-Identifier: Apache-2.0 */
/* When to try again: doubling delays with jitter, forgotten after a quiet while. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/** struct vtap_backoff - zeroed is fresh */
struct vtap_backoff {
	uint64_t delay_ns;    /* the last one; 0: none yet */
	uint64_t retry_at_ns; /* CLOCK_MONOTONIC; 0: at once */
	uint64_t burst_start_ns;
	uint64_t last_ns; /* the last repair that was asked for */
	unsigned n_burst; /* repairs since burst_start_ns */
};

/** vtap_backoff_delay() - after a refusal: 1 s, doubling up to 60 s, +-20 % so that many do not
 * wake at once */
void vtap_backoff_delay(struct vtap_backoff *backoff, uint64_t now_ns);

/** vtap_backoff_clear() - it worked */
void vtap_backoff_clear(struct vtap_backoff *backoff);

/** vtap_backoff_is_due() - may it be tried now? */
bool vtap_backoff_is_due(const struct vtap_backoff *backoff, uint64_t now_ns);

/** vtap_backoff_is_quiet() - a minute has passed since the last repair, or since the last delay was
 * over: whoever undid them has stopped */
bool vtap_backoff_is_quiet(const struct vtap_backoff *backoff, uint64_t now_ns);

/**
 * vtap_backoff_repair() - may a repair be done at once? A handful in ten seconds may; somebody who
 * keeps undoing them waits longer each time. A minute without repairs forgets it all. Return: true:
 * go on; false: a delay was set.
 */
bool vtap_backoff_repair(struct vtap_backoff *backoff, uint64_t now_ns);
