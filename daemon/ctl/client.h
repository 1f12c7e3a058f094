/* SPDX-License-Identifier: Apache-2.0 */
/* One HTTP request over the daemon's unix socket. The only file that knows libcurl is client.c. */
#pragma once

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	VTAP_CTL_NOBODY = 1, /* no daemon answers at the socket */
};

struct vtap_ctl_request {
	const char *socket; /* path */
	const char *method; /* GET or POST */
	const char *path;   /* with the query: "/v1/show?session=web" */
	uint64_t limit_ms;  /* the longest that the whole may take; 0 for as long as it takes */
	unsigned quiet_s;   /* the longest without a byte; 0 for any time */
	/* Asked at least once a second meanwhile: is the answer no longer wanted? NULL: it is. */
	bool (*is_unwanted)(void *arg);
	void *arg;
};

struct vtap_ctl_reply {
	long code;        /* HTTP status */
	char *body;       /* heap, NUL-terminated, never NULL after success */
	size_t len_bytes; /* of the body */
};

#define VTAP_CTL_REPLY_NULL                                                                        \
	{                                                                                          \
		.code = 0, .body = NULL, .len_bytes = 0                                            \
	}

/**
 * vtap_ctl_client_ask() - send a request, wait for the reply
 * @ret_reply: release with vtap_ctl_reply_done()
 * Return: 0 (whatever the HTTP status); VTAP_CTL_NOBODY; -EACCES when the socket may not be opened;
 *         -ETIMEDOUT; -ECANCELED when it was not wanted any more; -EMSGSIZE for a reply beyond all
 * measure; -ENOMEM; -EPROTO for anything else.
 */
int vtap_ctl_client_ask(const struct vtap_ctl_request *request, struct vtap_ctl_reply *ret_reply,
	struct vtap_err *err);

/** vtap_ctl_reply_done() - release the body; may run twice */
void vtap_ctl_reply_done(struct vtap_ctl_reply *reply);
