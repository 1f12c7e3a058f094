// SPDX-License-Identifier: Apache-2.0
#include "daemon/backoff.h"

#include <sys/random.h>

#include "base/clock.h"

#define DELAY_FIRST_NS VTAP_NS_PER_S
#define DELAY_MAX_NS   (60 * VTAP_NS_PER_S)

/* Repairs that are done at once within BURST_NS: udev, networkd and a person with a shell together
 * need fewer. */
#define BURST_MAX 5
#define BURST_NS  (10 * VTAP_NS_PER_S)
#define QUIET_NS  (60 * VTAP_NS_PER_S)

/* The delay, 20 % more or less. Without random numbers (only early at boot) there is no jitter. */
static uint64_t jitter(uint64_t delay_ns)
{
	uint64_t random = 0;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != (ssize_t)sizeof(random))
		return delay_ns;
	return delay_ns - delay_ns / 5 + random % (2 * (delay_ns / 5));
}

void vtap_backoff_delay(struct vtap_backoff *backoff, uint64_t now_ns)
{
	backoff->delay_ns = backoff->delay_ns == 0 ? DELAY_FIRST_NS : 2 * backoff->delay_ns;
	if (backoff->delay_ns > DELAY_MAX_NS)
		backoff->delay_ns = DELAY_MAX_NS;
	backoff->retry_at_ns = now_ns + jitter(backoff->delay_ns);
}

void vtap_backoff_clear(struct vtap_backoff *backoff)
{
	*backoff = (struct vtap_backoff){ 0 };
}

bool vtap_backoff_is_due(const struct vtap_backoff *backoff, uint64_t now_ns)
{
	return now_ns >= backoff->retry_at_ns;
}

bool vtap_backoff_is_quiet(const struct vtap_backoff *backoff, uint64_t now_ns)
{
	uint64_t since_ns =
		backoff->last_ns > backoff->retry_at_ns ? backoff->last_ns : backoff->retry_at_ns;

	return now_ns > since_ns && now_ns - since_ns > QUIET_NS;
}

bool vtap_backoff_repair(struct vtap_backoff *backoff, uint64_t now_ns)
{
	bool is_new_burst = backoff->delay_ns == 0 && now_ns - backoff->burst_start_ns > BURST_NS;

	if (vtap_backoff_is_quiet(backoff, now_ns) || is_new_burst)
		*backoff = (struct vtap_backoff){ .burst_start_ns = now_ns };
	backoff->last_ns = now_ns;
	backoff->n_burst++;
	if (backoff->n_burst <= BURST_MAX)
		return true;
	vtap_backoff_delay(backoff, now_ns);
	backoff->n_burst =
		BURST_MAX - 1; /* when it is due, one repair; undone again, the delay doubles */
	return false;
}
