/* SPDX-License-Identifier: Apache-2.0 */
/* Time as nanoseconds in 64 bits. Only the edges ask for it (daemon, worker); the rest of lib takes
 * it as an argument. */
#pragma once

#include <stdint.h>

#define VTAP_NS_PER_US 1000ULL
#define VTAP_NS_PER_MS 1000000ULL
#define VTAP_NS_PER_S  1000000000ULL

/** vtap_clock_mono_ns() - CLOCK_MONOTONIC, for durations and order; never 0 */
uint64_t vtap_clock_mono_ns(void);

/** vtap_clock_wall_ns() - CLOCK_REALTIME since 1970, only for showing to people and machines */
uint64_t vtap_clock_wall_ns(void);
