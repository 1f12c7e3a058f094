/* SPDX-License-Identifier: Apache-2.0 */
/* Time as nanoseconds in 64 bits. Only the edges ask for it (daemon, worker); the rest of lib takes
 * it as an argument. */
#pragma once

#include <stdint.h>

#define VTAP_NS_PER_US 1000ULL
#define VTAP_NS_PER_MS 1000000ULL
#define VTAP_NS_PER_S  1000000000ULL

/** VTAP_RATE_MIN_NS - no rate is computed over less than this: counters are taken up in steps, of
 * which a shorter time has all or none */
#define VTAP_RATE_MIN_NS (500 * VTAP_NS_PER_MS)

/** vtap_clock_mono_ns() - CLOCK_MONOTONIC, for durations and order; never 0 */
uint64_t vtap_clock_mono_ns(void);

/**
 * vtap_clock_offset_ns() - what to add to the monotonic clock to get wall time, the same each time
 * @kept_ns: the former answer, or 0; measured anew only when the wall clock was set (by more than
 *           a millisecond), so that one moment has one time
 */
uint64_t vtap_clock_offset_ns(uint64_t kept_ns);

/** vtap_clock_wall_ns() - CLOCK_REALTIME since 1970, only for showing to people and machines */
uint64_t vtap_clock_wall_ns(void);
