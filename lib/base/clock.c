// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <time.h>

static uint64_t clock_ns(clockid_t id)
{
	struct timespec ts = { 0 };

	(void)clock_gettime(id, &ts); /* both clocks exist on every Linux; cannot fail */
	return (uint64_t)ts.tv_sec * VTAP_NS_PER_S + (uint64_t)ts.tv_nsec;
}

uint64_t vtap_clock_mono_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

uint64_t vtap_clock_wall_ns(void)
{
	return clock_ns(CLOCK_REALTIME);
}

uint64_t vtap_clock_offset_ns(uint64_t kept_ns)
{
	uint64_t before_ns = clock_ns(CLOCK_MONOTONIC);
	uint64_t wall_ns = clock_ns(CLOCK_REALTIME);
	uint64_t after_ns = clock_ns(CLOCK_MONOTONIC);
	uint64_t kept_wall_ns = before_ns + kept_ns;
	uint64_t apart_ns =
		wall_ns > kept_wall_ns ? wall_ns - kept_wall_ns : kept_wall_ns - wall_ns;

	/* less than the reading took: it was interrupted, not the clock set */
	if (kept_ns != 0 && apart_ns < VTAP_NS_PER_MS + (after_ns - before_ns))
		return kept_ns;
	return wall_ns - before_ns;
}
