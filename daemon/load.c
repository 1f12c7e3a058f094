// SPDX-License-Identifier: Apache-2.0
#include "daemon/load.h"

#include "base/clock.h"

/* How much the last second weighs in the smoothed rate. */
#define RATE_WEIGHT 0.1

static void rate_set(struct vtap_load *load, double rate)
{
	load->rate = rate;
	if (load->has_rate)
		load->smooth += RATE_WEIGHT * (rate - load->smooth);
	else
		load->smooth = rate; /* not from 0 on, as if there had been silence before */
	load->has_rate = true;
}

void vtap_load_sample(struct vtap_load *load, uint64_t received, uint64_t now_ns)
{
	uint64_t span_ns = now_ns - load->sampled_ns;

	if (load->sampled_ns != 0 && span_ns < VTAP_RATE_MIN_NS)
		return;
	if (load->sampled_ns != 0 && received >= load->received)
		rate_set(load, (double)(received - load->received) * (double)VTAP_NS_PER_S /
				       (double)span_ns);
	load->received = received;
	load->sampled_ns = now_ns;
}
