/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/*
 * What the guard and the process share of a sample: which TCP conversations the guard notes, and
 * what it notes of them. Their maps belong to one guard and are never pinned, so that this may
 * change without a new VTAP_FAST_LAYOUT.
 */
#pragma once

#include <linux/types.h>

/** VTAP_FAST_TALKS_MAX - conversations that are noted at a time; made room for once, some 100 bytes
 * each */
#define VTAP_FAST_TALKS_MAX 8192

/** struct vtap_fast_window - when conversations are noted, and which; all zero: never. Times are
 * CLOCK_MONOTONIC. A process that is killed meanwhile leaves no guard that goes on for ever. */
struct vtap_fast_window {
	__u64 until_ns;
	/* Between these a segment proves that the conversation goes on. Before and behind them it
	 * only counts as an answer: the answer to the first may have come before the window, that
	 * to the last may still be on its way. */
	__u64 proves_from_ns;
	__u64 proves_to_ns;
	__u64 seed; /* nobody who sends can tell which conversations are noted */
	__u64 mask; /* noted is whose hash has none of these bits */
};

/** struct vtap_fast_talk_key - a conversation on an interface; both directions have the same */
struct vtap_fast_talk_key {
	__u64 hash; /* of both ends */
	__u32 ifindex;
	__u32 unused; /* 0 */
};

/** struct vtap_fast_talk_side - what came from one end */
struct vtap_fast_talk_side {
	__u32 frames;   /* of any kind */
	__u32 segments; /* that may prove something: neither SYN nor RST */
	__u32 data;     /* of those, with payload */
	__u32 moved;    /* of those, with another acknowledgement number than the one before */
	__u32 ack;      /* the last of those numbers */
};

/** struct vtap_fast_talk - what was noted of a conversation */
struct vtap_fast_talk {
	struct vtap_fast_talk_side side[2];
};
