// SPDX-License-Identifier: Apache-2.0
/*
 * Control requests: "METHOD PATH?name=value&name", as libmicrohttpd would hand them over. Refused
 * with a status and a sentence, and then nothing comes out; or understood, and within its limits.
 */
#include "tests/fuzz/must.h"

#include <stdbool.h>
#include <string.h>

#include "config/value.h"
#include "daemon/request.h"

#define TEXT_MAX      4096
#define ARGUMENTS_MAX 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes);

static size_t query_split(char *query, struct vtap_argument arguments[static ARGUMENTS_MAX])
{
	size_t n = 0;
	char *part;

	while (n < ARGUMENTS_MAX && (part = strsep(&query, "&")) != NULL) {
		arguments[n].name = strsep(&part, "=");
		arguments[n].value = part; /* NULL for `?name` */
		n++;
	}
	return n;
}

static bool op_is_changing(enum vtap_op op)
{
	return op == VTAP_OP_RELOAD || op == VTAP_OP_TEARDOWN || op == VTAP_OP_DRAIN ||
	       op == VTAP_OP_UNDRAIN;
}

static void request_check(const struct vtap_request *request)
{
	struct vtap_complaint complaint;

	must(request->op < VTAP_OP_COUNT);
	must(request->is_changing == op_is_changing(request->op));
	must(memchr(request->session, '\0', sizeof(request->session)) != NULL);
	must(request->session[0] == '\0' || vtap_value_name_ok(request->session));
	must(request->vni <= VTAP_CONF_VNI_MAX);
	must(request->timeout_ms <= VTAP_REQUEST_TIMEOUT_MAX_MS);
	must(request->condition <= VTAP_CONDITION_COUNT);
	must(memchr(request->reason, '\0', sizeof(request->reason)) != NULL);
	must(vtap_value_text(request->reason, &complaint) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
	char text[TEXT_MAX] = "", *rest = text;
	const char *method, *path;
	struct vtap_argument arguments[ARGUMENTS_MAX];
	struct vtap_request request, untouched;
	struct vtap_err err = VTAP_ERR_NULL;
	size_t n;
	int status;

	memcpy(text, data, len_bytes < TEXT_MAX ? len_bytes : TEXT_MAX - 1);
	method = strsep(&rest, " ");
	path = rest != NULL ? strsep(&rest, "?") : "";
	n = query_split(rest, arguments);
	memset(&request, 0xa5, sizeof(request));
	untouched = request;
	status = vtap_request_parse(method, path, arguments, n, &request, &err);
	must(status == 0 || status == 400 || status == 404 || status == 405);
	must((status != 0) == (err.text[0] != '\0'));
	if (status == 0)
		request_check(&request);
	else
		must(memcmp(&request, &untouched, sizeof(request)) == 0);
	return 0;
}
