/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What counters did of late: by how much each rose within the last minute, and since when it rises.
 *
 * How it works. A trend has a ring of short spans of time, each with what came in it; the oldest is
 * overwritten by the newest. So it takes as much memory as it has spans, however long the daemon
 * runs, and forgets a rise up to one span too early, never too late. What was counted before
 * somebody looked first is not of late; nor is anything that a counter says after it went back,
 * because then it belongs to something else (a session of the same name, a device made anew).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "report/snapshot.h"

/** VTAP_TREND_SPANS - of them there are in VTAP_REPORT_RECENT_NS */
#define VTAP_TREND_SPANS 12

/** VTAP_TREND_SPAN_NS - how long one of them is */
#define VTAP_TREND_SPAN_NS (VTAP_REPORT_RECENT_NS / VTAP_TREND_SPANS)

/** struct vtap_trend - of one counter; all zero at first */
struct vtap_trend {
	bool is_known; /* was it looked at? */
	uint64_t total;
	uint64_t began_total;            /* before it began to rise */
	uint64_t since_ns;               /* when it began; 0: it does not */
	uint64_t last_ns;                /* when it last rose */
	uint64_t i_span;                 /* of the last look, counted since the clock began */
	uint32_t rise[VTAP_TREND_SPANS]; /* of span i in [i % n]; more than fits is the most */
};

/** vtap_trend_note() - what a counter says now; often enough is once a second. Time never goes
 * back. */
void vtap_trend_note(struct vtap_trend *trend, uint64_t total, uint64_t now_ns);

/** vtap_trend_forgo() - so much is counted from now on that came at another time, and is no rise */
void vtap_trend_forgo(struct vtap_trend *trend, uint64_t n);

/** vtap_trend_forget() - nobody can tell the counter any more */
void vtap_trend_forget(struct vtap_trend *trend);

/** vtap_trend_read() - as of now, for a report. Return: unknown, if it was never looked at. */
struct vtap_report_trend vtap_trend_read(const struct vtap_trend *trend, uint64_t now_ns);
