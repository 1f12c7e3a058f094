/* SPDX-License-Identifier: Apache-2.0 */
/* How often something costly may be done: it is known only afterwards what it costs. */
#pragma once

#include <stdint.h>

/**
 * vtap_pace_next() - when to do it again
 * @now_ns:   when it began; @took_ns: how long it took
 * @times:    so many times that is the pause, so that it takes one in @times of the time at most
 * @least_ns: a pause that it gets however fast it was
 */
static inline uint64_t vtap_pace_next(
	uint64_t now_ns, uint64_t took_ns, uint64_t times, uint64_t least_ns)
{
	uint64_t pause_ns = times * took_ns;

	return now_ns + (pause_ns > least_ns ? pause_ns : least_ns);
}
