// SPDX-License-Identifier: Apache-2.0
#include "daemon/load.h"

#include "base/clock.h"

/* The last second weighs one tenth in the smoothed rate; until there are so many, it is their mean:
 * the first one, whatever it was, weighs no more than the others. */
#define SMOOTH_RATES 10

static void rate_set(struct vtap_load *load, double rate)
{
	load->rate = rate;
	load->n_rates = load->n_rates < SMOOTH_RATES ? load->n_rates + 1 : SMOOTH_RATES;
	load->smooth += (rate - load->smooth) / load->n_rates;
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
