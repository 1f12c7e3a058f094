/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does the host track connections of what comes to a target's port? Asked about once a minute, and
 * only where it tracks any: a long table takes the kernel some time to look through. Only packets
 * that go up the host's stack are tracked; the fast path takes the others before that.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "model/device.h"

/** VTAP_TRACKING_PORTS - ports that are asked for; of more nothing is known */
#define VTAP_TRACKING_PORTS 64

/** struct vtap_tracked - of one port */
struct vtap_tracked {
	uint16_t port;
	enum vtap_known known;
	uint64_t due_ns; /* not asked before */
};

/** struct vtap_tracking - all zero at first */
struct vtap_tracking {
	struct vtap_tracked port[VTAP_TRACKING_PORTS];
	size_t n;
	enum vtap_known any; /* does the host track anything? */
	uint64_t counted_ns; /* when that was read last; 0: never */
	uint64_t asked_ns;   /* the last question, of any port; 0: none */
};

/** vtap_tracking_look() - as far as it is known by now. Context: main thread, once a second or more
 * often; asks one question a second at most. */
enum vtap_known vtap_tracking_look(struct vtap_tracking *tracking, uint16_t port, uint64_t now_ns);
