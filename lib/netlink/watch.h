/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The news socket. News only means "look again", so nothing of it is parsed; lost news means "look
 * at everything", which is what a look does anyway, but it is counted and said.
 */
#pragma once

#include "base/cleanup.h"
#include "base/err.h"

struct vtap_watch;

/** vtap_watch_open() - links, their IPv4 and IPv6 settings and IPv4 addresses, in the current
 * namespace. Return: 0 or negative errno. */
int vtap_watch_open(struct vtap_watch **ret_watch, struct vtap_err *err);

/** vtap_watch_close() - NULL is allowed */
void vtap_watch_close(struct vtap_watch *watch);
VTAP_FREEP(watch, struct vtap_watch, vtap_watch_close)

/** vtap_watch_fd() - readable when there is news; borrowed */
int vtap_watch_fd(const struct vtap_watch *watch);

enum {
	VTAP_WATCH_NEWS = 1, /* something may have changed */
	VTAP_WATCH_LOST = 2, /* the kernel dropped news (ENOBUFS): everything may have changed */
};

/** vtap_watch_drain() - take all that is there. Return: 0 when nothing concerns us; the above;
 * negative errno. */
int vtap_watch_drain(struct vtap_watch *watch);
