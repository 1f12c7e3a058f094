/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many packets a second come to this target: over the last second, and over some ten of them,
 * which is what a drain compares with.
 */
#pragma once

#include <stdint.h>

/** struct vtap_load - zeroed is fresh */
struct vtap_load {
	uint64_t received;   /* at the last sample */
	uint64_t sampled_ns; /* 0: never */
	unsigned n_rates;    /* that are in the smoothed one */
	double rate;         /* received packets a second, between the last two samples */
	double smooth;       /* over some ten seconds */
};

/**
 * vtap_load_sample() - the rates since the last sample
 * @received: counted so far; fewer than before: one who counted is gone, and this sample says
 * nothing
 *
 * Sooner than VTAP_RATE_MIN_NS after the last sample it does nothing: what came meanwhile belongs
 * to the next one.
 */
void vtap_load_sample(struct vtap_load *load, uint64_t received, uint64_t now_ns);
