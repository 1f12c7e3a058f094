/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does the host track connections of what comes to a target's port? Only packets that go up the
 * host's stack are tracked; the fast path takes the others before that. The kernel is asked about
 * once a minute, only where it tracks any and while there are such packets, and less often where
 * that takes long: the main loop waits for it, one in 1000 of the time at most.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/conf.h"
#include "model/device.h"

/** VTAP_TRACKING_PORTS - ports that are asked for; of more nothing is known */
#define VTAP_TRACKING_PORTS 64

/** struct vtap_tracked - of one port */
struct vtap_tracked {
	uint16_t port;
	enum vtap_known known;
	uint64_t due_ns;   /* not asked before */
	uint64_t n_passed; /* at the last question */
	bool has_ipv6;     /* as far as anybody told */
};

/** struct vtap_tracking - all zero at first */
struct vtap_tracking {
	struct vtap_tracked port[VTAP_TRACKING_PORTS];
	size_t n;
	enum vtap_known any; /* does the host track anything? */
	uint64_t counted_ns; /* when that was read last; 0: never */
	uint64_t due_ns;     /* no port is asked for before */
};

/** vtap_tracking_follow() - a configuration was taken: ports that are not in it are forgotten */
void vtap_tracking_follow(struct vtap_tracking *tracking, const struct vtap_conf *conf);

/** struct vtap_passed - what went up the host's stack for a target */
struct vtap_passed {
	uint64_t n;    /* packets so far; nothing is asked while that stays the same */
	bool has_ipv6; /* there may be some of IPv6 among them */
};

/** vtap_tracking_look() - as far as it is known by now. Context: main thread, once a second or more
 * often; asks one question a second at most. */
enum vtap_known vtap_tracking_look(struct vtap_tracking *tracking, uint16_t port,
	const struct vtap_passed *passed, uint64_t now_ns);
