/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When the load balancer is told: a change must have lasted for a while before health follows it,
 * both ways. Draining does not wait, nor does whoever was never healthy yet.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum vtap_judgement {
	VTAP_JUDGED_NOT_YET,   /* starting: nothing is known */
	VTAP_JUDGED_UNHEALTHY, /* another target would do better */
	VTAP_JUDGED_DRAINING,  /* somebody asked for it */
	VTAP_JUDGED_HEALTHY,
	VTAP_JUDGED_COUNT
};

struct vtap_settle {
	bool is_healthy;     /* what the load balancer is told */
	bool was_announced;  /* it was healthy once, or was drained: changes wait from now on */
	uint64_t differs_ns; /* since when the judgement differs; 0: it does not */
};

/**
 * vtap_settle_update() - one more look
 * @settle_ns: how long a change must last
 * @now_ns:    CLOCK_MONOTONIC, not before that of the last look
 * Return: what the load balancer is to be told.
 */
bool vtap_settle_update(struct vtap_settle *settle, enum vtap_judgement judgement,
	uint64_t settle_ns, uint64_t now_ns);
