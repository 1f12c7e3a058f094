// SPDX-License-Identifier: Apache-2.0
#include "daemon/http.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"

/* Parts of a query that are looked at. */
#define ARGUMENTS_MAX 8

/* Of the memory of a client's connection: what its request may take. */
#define CLIENT_BYTES 32768

int vtap_http_start(const struct vtap_http_spec *spec, struct MHD_Daemon **ret_http,
	int *ret_epoll_fd, struct vtap_err *err)
{
	const union MHD_DaemonInfo *info;
	struct MHD_Daemon *http = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0,
		NULL, NULL, spec->handle, spec->arg, MHD_OPTION_LISTEN_SOCKET, spec->listen_fd,
		MHD_OPTION_CONNECTION_LIMIT, spec->n_clients, MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned)VTAP_HTTP_TIMEOUT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)CLIENT_BYTES, MHD_OPTION_NOTIFY_COMPLETED, spec->completed, spec->arg,
		MHD_OPTION_END);

	if (http == NULL) {
		(void)vtap_fd_close(spec->listen_fd);
		return vtap_err_set(err, -EIO, "the HTTP server does not start");
	}
	info = MHD_get_daemon_info(http, MHD_DAEMON_INFO_EPOLL_FD);
	if (info == NULL) {
		MHD_stop_daemon(http);
		return vtap_err_set(err, -EIO, "the HTTP server has no epoll descriptor");
	}
	*ret_http = http;
	*ret_epoll_fd = info->epoll_fd;
	return 0;
}

static unsigned clients_count(struct MHD_Daemon *http)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(http, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);

	return info != NULL ? info->num_connections : 0;
}

/* Where every place was taken, the library looks for who waits for one when it runs, not when one
 * becomes free. */
void vtap_http_run(struct MHD_Daemon *http)
{
	unsigned n_before;

	do {
		n_before = clients_count(http);
		(void)MHD_run(http); /* failures belong to single connections */
	} while (clients_count(http) < n_before);
}

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

enum MHD_Result vtap_http_answer(struct MHD_Connection *connection, struct vtap_answer *answer)
{
	struct MHD_Response *response = vtap_http_response(answer);
	enum MHD_Result result;

	if (response == NULL)
		return MHD_NO;
	result = MHD_queue_response(connection, answer->status, response);
	MHD_destroy_response(response);
	return result;
}

int vtap_http_socket(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	return info != NULL ? info->connect_fd : -1;
}
