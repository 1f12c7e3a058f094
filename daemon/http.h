/* SPDX-License-Identifier: Apache-2.0 */
/* Between libmicrohttpd and what is asked and answered: for the control socket and the metrics
 * port. */
#pragma once

#include <microhttpd.h>

#include "base/err.h"
#include "daemon/answer.h"
#include "daemon/request.h"

/**
 * vtap_http_parse() - understand what a client asks for
 * Return: 0; else the HTTP status to answer with, and a sentence in @err.
 */
int vtap_http_parse(struct MHD_Connection *connection, const char *method, const char *path,
	struct vtap_request *ret_request, struct vtap_err *err);

/** vtap_http_response() - with the body of the answer, which it takes. Return: NULL without memory.
 */
struct MHD_Response *vtap_http_response(struct vtap_answer *answer);

/** vtap_http_socket() - the client's descriptor, borrowed; -1: not known */
int vtap_http_socket(struct MHD_Connection *connection);
