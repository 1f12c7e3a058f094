// SPDX-License-Identifier: Apache-2.0
#include "daemon/request.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "config/value.h"

#define HTTP_BAD_REQUEST        400
#define HTTP_NOT_FOUND          404
#define HTTP_METHOD_NOT_ALLOWED 405

struct endpoint {
	const char *path; /* may have two rows, a question and a change */
	bool is_changing; /* POST; the others are GET */
	bool needs_session;
	bool needs_vni;
};

static const struct endpoint ENDPOINTS[] = {
	[VTAP_OP_STATUS] = { "/v1/status", false, false, false },
	[VTAP_OP_SHOW] = { "/v1/show", false, true, false },
	[VTAP_OP_MATCH] = { "/v1/match", false, false, true },
	[VTAP_OP_UNKNOWN] = { "/v1/unknown", false, false, false },
	[VTAP_OP_PLAN] = { "/v1/plan", false, false, false },
	[VTAP_OP_WAIT] = { "/v1/wait", false, true, false },
	[VTAP_OP_DOCTOR] = { "/v1/doctor", false, false, false },
	[VTAP_OP_HEALTH] = { "/healthz", false, false, false },
	[VTAP_OP_METRICS] = { "/metrics", false, false, false },
	[VTAP_OP_PAGE] = { "/", false, false, false },
	[VTAP_OP_DRAIN_STATE] = { "/v1/drain", false, false, false },
	[VTAP_OP_DRAIN] = { "/v1/drain", true, false, false },
	[VTAP_OP_UNDRAIN] = { "/v1/undrain", true, false, false },
	[VTAP_OP_RELOAD] = { "/v1/reload", true, false, false },
	[VTAP_OP_TEARDOWN] = { "/v1/teardown", true, false, false },
};
static_assert(VTAP_ARRAY_LEN(ENDPOINTS) == VTAP_OP_COUNT, "every operation has an endpoint");

static const char *argument_find(const struct vtap_argument *arguments, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(arguments[i].name, name) == 0)
			return arguments[i].value != NULL ? arguments[i].value : "";
	return NULL;
}

static int session_read(const char *text, struct vtap_request *request, struct vtap_err *err)
{
	if (text == NULL)
		return vtap_err_set(err, HTTP_BAD_REQUEST, "session is missing");
	if (!vtap_value_name_ok(text))
		return vtap_err_set(err, HTTP_NOT_FOUND, "that is not the name of a session");
	memcpy(request->session, text, strlen(text) + 1);
	return 0;
}

static int number_read(const char *name, const char *text, uint64_t max, uint64_t *ret_number,
	struct vtap_err *err)
{
	struct vtap_complaint complaint;

	if (vtap_value_number(text, 0, max, ret_number, &complaint) == 0)
		return 0;
	return vtap_err_set(err, HTTP_BAD_REQUEST, "%s: %s", name, complaint.rule);
}

static int vni_read(const char *text, struct vtap_request *request, struct vtap_err *err)
{
	uint64_t vni = 0;
	int r;

	if (text == NULL)
		return vtap_err_set(err, HTTP_BAD_REQUEST, "vni is missing");
	r = number_read("vni", text, VTAP_CONF_VNI_MAX, &vni, err);
	request->vni = (uint32_t)vni;
	return r;
}

static int condition_read(const char *text, struct vtap_request *request, struct vtap_err *err)
{
	request->condition = text != NULL ? vtap_condition_find(text) : VTAP_CONDITION_COUNT;
	if (text != NULL && request->condition == VTAP_CONDITION_COUNT)
		return vtap_err_set(err, HTTP_NOT_FOUND, "that is not the id of a condition");
	return 0;
}

static int reason_read(const char *text, struct vtap_request *request, struct vtap_err *err)
{
	struct vtap_complaint complaint;

	if (text == NULL)
		return 0;
	if (vtap_value_text(text, &complaint) != 0)
		return vtap_err_set(err, HTTP_BAD_REQUEST, "reason: %s", complaint.rule);
	(void)snprintf(request->reason, sizeof(request->reason), "%s", text); /* fits, see there */
	return 0;
}

static int options_read(const struct vtap_argument *arguments, size_t n,
	struct vtap_request *request, struct vtap_err *err)
{
	const char *source = argument_find(arguments, n, "source");
	const char *timeout = argument_find(arguments, n, "timeout_ms");
	int r = 0;

	request->has_source = source != NULL;
	request->has_timeout = timeout != NULL;
	if (source != NULL && vtap_addr_parse(source, &request->source) < 0)
		return vtap_err_set(
			err, HTTP_BAD_REQUEST, "source: must be an IPv4 or IPv6 address");
	if (timeout != NULL)
		r = number_read("timeout_ms", timeout, VTAP_REQUEST_TIMEOUT_MAX_MS,
			&request->timeout_ms, err);
	if (r == 0)
		r = condition_read(argument_find(arguments, n, "condition"), request, err);
	if (r == 0)
		r = reason_read(argument_find(arguments, n, "reason"), request, err);
	return r;
}

static const char *endpoint_method(const struct endpoint *endpoint)
{
	return endpoint->is_changing ? "POST" : "GET";
}

static const struct endpoint *endpoint_find(const char *method, const char *path)
{
	if (strcmp(method, "HEAD") == 0)
		method = "GET";
	for (size_t i = 0; i < VTAP_ARRAY_LEN(ENDPOINTS); i++)
		if (strcmp(ENDPOINTS[i].path, path) == 0 &&
			strcmp(endpoint_method(&ENDPOINTS[i]), method) == 0)
			return &ENDPOINTS[i];
	return NULL;
}

/* Why there is no row: no such path, or another method. Return: the HTTP status. */
static int endpoint_refuse(const char *path, struct vtap_err *err)
{
	bool has_get = endpoint_find("GET", path) != NULL;
	bool has_post = endpoint_find("POST", path) != NULL;

	if (!has_get && !has_post)
		return vtap_err_set(err, HTTP_NOT_FOUND, "there is no such path");
	return vtap_err_set(err, HTTP_METHOD_NOT_ALLOWED, "%s takes %s%s%s only", path,
		has_get ? "GET" : "", has_get && has_post ? " and " : "", has_post ? "POST" : "");
}

int vtap_request_parse(const char *method, const char *path, const struct vtap_argument *arguments,
	size_t n_arguments, struct vtap_request *ret_request, struct vtap_err *err)
{
	const struct endpoint *endpoint = endpoint_find(method, path);
	struct vtap_request request = { .condition = VTAP_CONDITION_COUNT };
	int r;

	if (endpoint == NULL)
		return endpoint_refuse(path, err);
	request.op = (enum vtap_op)(endpoint - ENDPOINTS);
	request.is_changing = endpoint->is_changing;
	r = options_read(arguments, n_arguments, &request, err);
	if (r == 0 && endpoint->needs_session)
		r = session_read(argument_find(arguments, n_arguments, "session"), &request, err);
	if (r == 0 && endpoint->needs_vni)
		r = vni_read(argument_find(arguments, n_arguments, "vni"), &request, err);
	if (r == 0)
		*ret_request = request;
	return r;
}
