/* SPDX-License-Identifier: Apache-2.0 */
/* Between libmicrohttpd and what is asked and answered: for the control socket and the metrics
 * port. */
#pragma once

#include <microhttpd.h>

#include "base/err.h"
#include "daemon/answer.h"
#include "daemon/request.h"

/** VTAP_HTTP_TIMEOUT_S - how long a client may be silent */
#define VTAP_HTTP_TIMEOUT_S 10

/** struct vtap_http_spec - a server that is run by whoever started it */
struct vtap_http_spec {
	int listen_fd;      /* taken, also on failure */
	unsigned n_clients; /* at once */
	MHD_AccessHandlerCallback handle;
	MHD_RequestCompletedCallback completed;
	void *arg; /* of both */
};

/**
 * vtap_http_start() - answered is in vtap_http_run(), when the descriptor can be read; requests may
 * be suspended
 * @ret_http:     the caller stops it
 * @ret_epoll_fd: borrowed from it
 * Return: 0, -EIO.
 */
int vtap_http_start(const struct vtap_http_spec *spec, struct MHD_Daemon **ret_http,
	int *ret_epoll_fd, struct vtap_err *err);

/** vtap_http_run() - whoever can be answered is, without waiting for anybody */
void vtap_http_run(struct MHD_Daemon *http);

/**
 * vtap_http_parse() - understand what a client asks for
 * Return: 0; else the HTTP status to answer with, and a sentence in @err.
 */
int vtap_http_parse(struct MHD_Connection *connection, const char *method, const char *path,
	struct vtap_request *ret_request, struct vtap_err *err);

/** vtap_http_response() - with the body of the answer, which it takes. Return: NULL without memory.
 */
struct MHD_Response *vtap_http_response(struct vtap_answer *answer);

/** vtap_http_answer() - as vtap_http_response(), sent. Return: MHD_NO without memory, and the
 * connection closes. */
enum MHD_Result vtap_http_answer(struct MHD_Connection *connection, struct vtap_answer *answer);

/** vtap_http_socket() - the client's descriptor, borrowed; -1: not known */
int vtap_http_socket(struct MHD_Connection *connection);
