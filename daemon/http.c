// SPDX-License-Identifier: Apache-2.0
#include "daemon/http.h"

#include <string.h>

#include "base/cleanup.h"

/* Parts of a query that are looked at. */
#define ARGUMENTS_MAX 8

struct arguments {
	struct vtap_argument argument[ARGUMENTS_MAX];
	size_t n;
};

static enum MHD_Result handle_argument(
	void *arg, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct arguments *arguments = arg;

	(void)kind; /* only the query was asked for */
	if (arguments->n == ARGUMENTS_MAX)
		return MHD_NO;
	arguments->argument[arguments->n++] =
		(struct vtap_argument){ .name = name, .value = value };
	return MHD_YES;
}

int vtap_http_parse(struct MHD_Connection *connection, const char *method, const char *path,
	struct vtap_request *ret_request, struct vtap_err *err)
{
	struct arguments arguments = { .n = 0 };

	(void)MHD_get_connection_values(/* their number is counted */
		connection, MHD_GET_ARGUMENT_KIND, handle_argument, &arguments);
	return vtap_request_parse(method, path, arguments.argument, arguments.n, ret_request, err);
}

/* Where one is missing, without memory, a reader guesses. */
static void headers_add(const struct vtap_answer *answer, struct MHD_Response *response)
{
	const char *type = answer->type != NULL ? answer->type : "application/json";

	(void)MHD_add_response_header(response, "Content-Type", type);
	(void)MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	(void)MHD_add_response_header(response, "Cache-Control", "no-store"); /* it is of now */
	if (answer->policy != NULL)
		(void)MHD_add_response_header(response, "Content-Security-Policy", answer->policy);
}

struct MHD_Response *vtap_http_response(struct vtap_answer *answer)
{
	struct MHD_Response *response =
		answer->body == NULL ? NULL
				     : MHD_create_response_from_buffer(strlen(answer->body),
					       answer->body, MHD_RESPMEM_MUST_FREE);

	if (response == NULL)
		return NULL;
	answer->body = NULL; /* the response has it */
	headers_add(answer, response);
	return response;
}

int vtap_http_socket(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	return info != NULL ? info->connect_fd : -1;
}
