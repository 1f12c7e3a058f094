/* SPDX-License-Identifier: Apache-2.0 */
/* What a client of the control socket asks for. A pure function over text from anywhere. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/prefix.h"
#include "model/conf.h"
#include "report/condition.h"

enum vtap_op {
	VTAP_OP_STATUS,
	VTAP_OP_SHOW,
	VTAP_OP_MATCH,
	VTAP_OP_UNKNOWN,
	VTAP_OP_PLAN,
	VTAP_OP_WAIT,
	VTAP_OP_DOCTOR,
	VTAP_OP_HEALTH,
	VTAP_OP_METRICS,
	VTAP_OP_PAGE,
	VTAP_OP_DRAIN_STATE,
	VTAP_OP_DRAIN,
	VTAP_OP_UNDRAIN,
	VTAP_OP_RELOAD,
	VTAP_OP_TEARDOWN,
	VTAP_OP_COUNT
};

/** VTAP_REQUEST_TIMEOUT_MAX_MS - the longest wait: a day */
#define VTAP_REQUEST_TIMEOUT_MAX_MS 86400000ULL

/** VTAP_DRAIN_REASON_MAX - bytes of a reason with its NUL, a line as vtap_value_text() takes */
#define VTAP_DRAIN_REASON_MAX 161

struct vtap_request {
	enum vtap_op op;
	bool is_changing;            /* only root and the daemon's own user may */
	char session[VTAP_NAME_MAX]; /* show, wait */
	uint32_t vni;                /* match */
	bool has_source;             /* match */
	struct vtap_addr source;
	bool has_timeout; /* wait */
	uint64_t timeout_ms;
	enum vtap_condition condition;      /* doctor; VTAP_CONDITION_COUNT: all */
	char reason[VTAP_DRAIN_REASON_MAX]; /* drain; "" for none */
};

/** struct vtap_argument - a part of the query; value is NULL for `?name` */
struct vtap_argument {
	const char *name;
	const char *value;
};

/**
 * vtap_request_parse() - understand a request
 * @method:    "GET", "POST", …; "HEAD" asks what GET asks
 * @path:      "/v1/status", without the query
 * @arguments: decoded query
 * Return: 0; else the HTTP status to answer with (400, 404, 405), and a sentence in @err.
 */
int vtap_request_parse(const char *method, const char *path, const struct vtap_argument *arguments,
	size_t n_arguments, struct vtap_request *ret_request, struct vtap_err *err);
