// SPDX-License-Identifier: Apache-2.0
#include "daemon/ctl/client.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

/** A daemon on this host accepts at once; 2 s cover one that is being started or stopped. */
#define CONNECT_LIMIT_MS 2000L

/** A session is about 1 KB of JSON: room for tens of thousands, and an end for nonsense. */
#define BODY_MAX_BYTES ((size_t)64 << 20)

VTAP_FREEP(curl, void, curl_easy_cleanup)

/* The body while it grows. */
struct body {
	char *data; /* heap */
	size_t len_bytes;
	bool is_too_long;
};

void vtap_ctl_reply_done(struct vtap_ctl_reply *reply)
{
	free(reply->body);
	*reply = (struct vtap_ctl_reply)VTAP_CTL_REPLY_NULL;
}

/* libcurl's write callback. Return: @n_bytes when they were taken, anything less ends the transfer.
 */
static size_t append(char *data, size_t size, size_t n_bytes, void *arg)
{
	struct body *body = arg;

	(void)size; /* always 1, says CURLOPT_WRITEFUNCTION(3) */
	if (n_bytes > BODY_MAX_BYTES - body->len_bytes) {
		body->is_too_long = true;
		return 0;
	}
	char *grown = realloc(body->data, body->len_bytes + n_bytes + 1);
	if (grown == NULL)
		return 0;
	memcpy(grown + body->len_bytes, data, n_bytes);
	body->data = grown;
	body->len_bytes += n_bytes;
	body->data[body->len_bytes] = '\0';
	return n_bytes;
}

/* libcurl's progress callback. Return: not 0 ends the transfer. */
static int is_over(
	void *arg, curl_off_t to_get, curl_off_t got, curl_off_t to_send, curl_off_t sent)
{
	const struct vtap_ctl_request *request = arg;

	(void)to_get;
	(void)got;
	(void)to_send;
	(void)sent;
	return request->is_unwanted(request->arg) ? 1 : 0;
}

/* The socket is local: no proxy from the environment may step in between. */
static CURLcode set_connection(CURL *curl, const struct vtap_ctl_request *request, const char *url)
{
	CURLcode code = curl_easy_setopt(curl, CURLOPT_URL, url);

	if (code == CURLE_OK)
		code = curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, request->socket);
	if (code == CURLE_OK)
		code = curl_easy_setopt(curl, CURLOPT_PROXY, "");
	if (code == CURLE_OK)
		code = curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	if (code == CURLE_OK)
		code = curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_LIMIT_MS);
	if (code == CURLE_OK)
		code = curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)request->limit_ms);
	if (code == CURLE_OK && request->quiet_s > 0)
		code = curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L); /* byte a second */
	if (code == CURLE_OK && request->quiet_s > 0)
		code = curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)request->quiet_s);
	return code;
}

static CURLcode set_exchange(CURL *curl, const struct vtap_ctl_request *request, struct body *body)
{
	CURLcode code = curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, append);

	if (code == CURLE_OK)
		code = curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
	if (code == CURLE_OK && strcmp(request->method, "POST") == 0)
		code = curl_easy_setopt(curl, CURLOPT_COPYPOSTFIELDS, "");
	if (code != CURLE_OK || request->is_unwanted == NULL)
		return code;
	code = curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, is_over);
	if (code == CURLE_OK)
		code = curl_easy_setopt(curl, CURLOPT_XFERINFODATA, request);
	if (code == CURLE_OK)
		code = curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	return code;
}

/* What libcurl says in our words; the daemon is never blamed for a socket that nobody serves. */
static int classify(
	CURL *curl, CURLcode code, const struct vtap_ctl_request *request, struct vtap_err *err)
{
	long os_errno = 0;

	(void)curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &os_errno); /* 0 if it is not known */
	if (code == CURLE_COULDNT_CONNECT && (os_errno == EACCES || os_errno == EPERM))
		return vtap_err_set(err, -EACCES, "not permitted to open %s", request->socket);
	if (code == CURLE_COULDNT_CONNECT &&
		(os_errno == ENOENT || os_errno == ECONNREFUSED || os_errno == ENOTDIR))
		return vtap_err_set(err, VTAP_CTL_NOBODY, "nobody listens at %s", request->socket);
	if (code == CURLE_OPERATION_TIMEDOUT)
		return vtap_err_set(
			err, -ETIMEDOUT, "vtapd did not answer in time at %s", request->socket);
	if (code == CURLE_GOT_NOTHING || code == CURLE_RECV_ERROR || code == CURLE_PARTIAL_FILE)
		return vtap_err_set(err, -EPROTO, "vtapd went away before it had answered");
	return vtap_err_set(err, -EPROTO, "asking vtapd at %s: %s%s%s", request->socket,
		curl_easy_strerror(code), os_errno != 0 ? ": " : "",
		os_errno != 0 ? vtap_errno_text((int)os_errno) : "");
}

/* Return: as vtap_ctl_client_ask(); @body then holds what came. */
static int perform(CURL *curl, const struct vtap_ctl_request *request, struct body *body,
	long *ret_code, struct vtap_err *err)
{
	_auto_free char *url = NULL;

	if (asprintf(&url, "http://vtapd%s", request->path) < 0)
		return vtap_err_set(err, -ENOMEM, "out of memory");
	CURLcode code = set_connection(curl, request, url);
	if (code == CURLE_OK)
		code = set_exchange(curl, request, body);
	if (code == CURLE_OK)
		code = curl_easy_perform(curl);
	if (body->is_too_long)
		return vtap_err_set(err, -EMSGSIZE, "the answer is longer than 64 MiB");
	if (code == CURLE_WRITE_ERROR || code == CURLE_OUT_OF_MEMORY)
		return vtap_err_set(err, -ENOMEM, "out of memory");
	if (code == CURLE_ABORTED_BY_CALLBACK)
		return vtap_err_set(err, -ECANCELED, "interrupted");
	if (code != CURLE_OK)
		return classify(curl, code, request, err);
	if (curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, ret_code) != CURLE_OK)
		return vtap_err_set(err, -EPROTO, "the answer has no HTTP status");
	return 0;
}

int vtap_ctl_client_ask(const struct vtap_ctl_request *request, struct vtap_ctl_reply *ret_reply,
	struct vtap_err *err)
{
	_auto(curl) CURL *curl = curl_easy_init();
	struct body body = { .data = calloc(1, 1) };
	struct vtap_ctl_reply reply = VTAP_CTL_REPLY_NULL;

	if (curl == NULL || body.data == NULL) {
		free(body.data);
		return vtap_err_set(err, -ENOMEM, "out of memory");
	}
	int r = perform(curl, request, &body, &reply.code, err);
	if (r != 0) {
		free(body.data);
		return r;
	}
	reply.body = body.data;
	reply.len_bytes = body.len_bytes;
	*ret_reply = reply;
	return 0;
}
