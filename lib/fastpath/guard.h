/* SPDX-License-Identifier: Apache-2.0 */
/* The guard's programs, and the conversations that they note; for this room. */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "fastpath/talk.h"

/** struct vtap_fast_guard - loaded, whether or not it is attached anywhere */
struct vtap_fast_guard {
	int in_fd;
	int out_fd;
	uint32_t in_id;
	uint32_t out_id;
	int window_fd; /* of the map that has its struct vtap_fast_window */
	int talks_fd;
	struct vtap_err talks_refused; /* no text: it can note conversations */
};

/** VTAP_FAST_GUARD_NULL - nothing is loaded */
#define VTAP_FAST_GUARD_NULL                                                                       \
	((struct vtap_fast_guard){                                                                 \
		.in_fd = -1,                                                                       \
		.out_fd = -1,                                                                      \
		.window_fd = -1,                                                                   \
		.talks_fd = -1,                                                                    \
		.talks_refused = VTAP_ERR_NULL,                                                    \
	})

/**
 * vtap_fast_guard_load() - a new guard; no window is open
 *
 * Where the kernel refuses the program that notes conversations it is one that does not.
 * @guarded_fd: the map that it counts in; borrowed for the call
 * @ret_guard:  the caller frees it, also after a failure
 * Context: main thread; needs CAP_BPF and CAP_NET_ADMIN. Return: 0, -EPERM, other negative errno.
 */
int vtap_fast_guard_load(int guarded_fd, struct vtap_fast_guard *ret_guard, struct vtap_err *err);

/** vtap_fast_guard_done() - attached programs go on; may run twice */
void vtap_fast_guard_done(struct vtap_fast_guard *guard);

/** vtap_fast_guard_open_window() - as vtap_fastpath_open_window() */
int vtap_fast_guard_open_window(
	const struct vtap_fast_guard *guard, const struct vtap_fast_window *window);

/** vtap_fast_guard_close_window() - as vtap_fastpath_close_window() */
int vtap_fast_guard_close_window(const struct vtap_fast_guard *guard,
	void (*each)(
		void *arg, const struct vtap_fast_talk_key *key, const struct vtap_fast_talk *talk),
	void *arg);
