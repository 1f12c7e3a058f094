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
