/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The news socket. News only means "look again", so nothing of it is kept but where to look; lost
 * news means "look at everything", but it is counted and said.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/err.h"

struct vtap_watch;

/** VTAP_WATCH_HOOKS_MAX - interfaces that news of filters is told of one by one; more are "all" */
#define VTAP_WATCH_HOOKS_MAX 64

/** struct vtap_watch_news - where to look again; lost news sets all of it */
struct vtap_watch_news {
	bool has_links;     /* interfaces, their settings, or IPv4 addresses that came */
	bool has_addresses; /* addresses of either family came or went */
	bool is_all;        /* filters of any interface, more than @n tell */
	int index[VTAP_WATCH_HOOKS_MAX]; /* of interfaces whose filters or hooks changed, but not
					    by a filter at our own place */
	size_t n;
};

/** vtap_watch_open() - links, their IPv4 and IPv6 settings, addresses, and tc filters, in the
 * current namespace. Return: 0 or negative errno. */
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

/**
 * vtap_watch_drain() - take all that is there
 * @ret_news: written with each outcome, not with an error
 * Return: 0 when nothing concerns us; the above; negative errno.
 */
int vtap_watch_drain(struct vtap_watch *watch, struct vtap_watch_news *ret_news);
