// SPDX-License-Identifier: Apache-2.0
#include "daemon/public.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "daemon/http.h"
#include "daemon/listen.h"
#include "daemon/look.h"
#include "datapath/rights.h"
#include "datapath/thread.h"

/* Clients at once. */
#define CLIENTS_MAX 64

/* How long a request waits for the main loop to look. */
#define LOOK_WAIT_NS (10 * VTAP_NS_PER_S)

/* A look, and what was made of it, is told again until it is so many times as old as it took. */
#define KEPT_TIMES 20

/** struct call - one request, from its first line to its answer */
struct call {
	struct call *next; /* on the list of those that wait for a look */
	struct vtap_public *port;
	struct MHD_Connection *connection;
	struct vtap_request request;
	bool is_parsed;
	bool is_waiting;
	uint64_t deadline_ns;      /* of the wait */
	struct vtap_answer answer; /* its own; status 0: the look has it */
};

/** struct kept - the last answer to a question */
struct kept {
	struct MHD_Response *response; /* NULL: none */
	unsigned status;
	uint64_t begun_ns; /* of the look that it was made of */
	uint64_t took_ns;  /* with that */
};

struct vtap_public {
	struct vtap_manager *manager; /* main's */
	sd_event_source *ask;         /* likewise */
	pthread_t thread;
	bool is_started;
	int ask_fd;  /* eventfd: a look is wanted */
	int wake_fd; /* eventfd: there is one, or the end has come */
	atomic_bool is_stopping;
	_Atomic(struct vtap_look *) given; /* whoever takes it out has it */

	/* the thread's own, once it is started */
	struct MHD_Daemon *http;
	int http_fd; /* the library's epoll descriptor, borrowed */
	struct call *waiting;
	bool has_asked;
	struct vtap_look *look; /* the last one; NULL: none yet */
	struct kept kept[VTAP_OP_COUNT];
};

static const char STOPPING[] = "vtapd closes this port";

static bool is_stopping(const struct vtap_public *port)
{
	return atomic_load_explicit(&port->is_stopping, memory_order_relaxed); /* a flag */
}

/* ---- what is told ---- */

static bool is_for_everybody(enum vtap_op op)
{
	return op == VTAP_OP_HEALTH || op == VTAP_OP_STATUS || op == VTAP_OP_METRICS ||
	       op == VTAP_OP_PAGE;
}

static bool is_fresh(uint64_t begun_ns, uint64_t took_ns, uint64_t now_ns)
{
	return now_ns - begun_ns < KEPT_TIMES * took_ns;
}

/* Is there something to tell that is new enough? */
static bool can_tell(const struct vtap_public *port, enum vtap_op op, uint64_t now_ns)
{
	const struct kept *kept = &port->kept[op];

	return (kept->response != NULL && is_fresh(kept->begun_ns, kept->took_ns, now_ns)) ||
	       (port->look != NULL && is_fresh(port->look->begun_ns, port->look->took_ns, now_ns));
}

static void kept_drop(struct kept *kept)
{
	if (kept->response != NULL)
		MHD_destroy_response(kept->response); /* whoever still reads it has it */
	*kept = (struct kept){ .response = NULL };
}

/* The answer of the last look, which is made once. */
static void kept_make(struct vtap_public *port, enum vtap_op op)
{
	struct vtap_look *look = port->look;
	struct kept *kept = &port->kept[op];
	uint64_t now_ns = vtap_clock_mono_ns();
	struct vtap_answer answer;

	if (kept->response != NULL && kept->begun_ns == look->begun_ns)
		return;
	kept_drop(kept);
	answer = vtap_answer_tell(op, &look->snapshot, &look->findings);
	*kept = (struct kept){
		.response = vtap_http_response(&answer),
		.status = answer.status,
		.begun_ns = look->begun_ns,
		.took_ns = look->took_ns + (vtap_clock_mono_ns() - now_ns),
	};
	free(answer.body);
}

/* ---- a request ---- */

static void call_wait(struct call *call, uint64_t now_ns)
{
	struct vtap_public *port = call->port;

	call->deadline_ns = now_ns + LOOK_WAIT_NS;
	call->is_waiting = true;
	call->next = port->waiting;
	port->waiting = call;
	MHD_suspend_connection(call->connection);
	if (port->has_asked)
		return;
	port->has_asked = true;
	vtap_thread_wake(port->ask_fd);
}

static void call_begin(struct call *call, const char *method, const char *path)
{
	uint64_t now_ns = vtap_clock_mono_ns();
	struct vtap_err err = VTAP_ERR_NULL;
	int status = vtap_http_parse(call->connection, method, path, &call->request, &err);

	call->is_parsed = true;
	if (status != 0)
		call->answer = vtap_answer_error((unsigned)status, err.text);
	else if (!is_for_everybody(call->request.op))
		call->answer = vtap_answer_error(MHD_HTTP_NOT_FOUND, "there is no such path");
	else if (call->request.op == VTAP_OP_PAGE)
		call->answer = vtap_answer_page();
	else if (is_stopping(call->port))
		call->answer = vtap_answer_error(MHD_HTTP_SERVICE_UNAVAILABLE, STOPPING);
	else if (!can_tell(call->port, call->request.op, now_ns))
		call_wait(call, now_ns);
}

static enum MHD_Result call_answer(struct call *call)
{
	struct kept *kept = &call->port->kept[call->request.op];

	if (call->answer.status != 0)
		return vtap_http_answer(call->connection, &call->answer);
	if (kept->response == NULL ||
		!is_fresh(kept->begun_ns, kept->took_ns, vtap_clock_mono_ns()))
		kept_make(call->port, call->request.op);
	if (kept->response == NULL)
		return MHD_NO; /* no memory: the connection closes */
	return MHD_queue_response(call->connection, kept->status, kept->response);
}

static enum MHD_Result handle_request(void *arg, struct MHD_Connection *connection,
	const char *path, const char *method, const char *version, const char *upload,
	size_t *upload_size, void **call_slot)
{
	struct call *call = *call_slot;

	(void)version; /* the library's */
	(void)upload;  /* no request has a body: what comes is read over */
	if (call == NULL) {
		call = calloc(1, sizeof(*call));
		if (call == NULL)
			return MHD_NO;
		call->port = arg;
		call->connection = connection;
		*call_slot = call;
		return MHD_YES;
	}
	if (*upload_size > 0) {
		*upload_size = 0;
		return MHD_YES;
	}
	if (!call->is_parsed)
		call_begin(call, method, path);
	return call->is_waiting ? MHD_YES : call_answer(call);
}

static void handle_completed(void *arg, struct MHD_Connection *connection, void **call_slot,
	enum MHD_RequestTerminationCode code)
{
	struct vtap_public *port = arg;
	struct call *call = *call_slot;

	(void)connection; /* the call's */
	(void)code;       /* there is nothing to do about a client that left */
	if (call == NULL)
		return;
	for (struct call **link = &port->waiting; *link != NULL; link = &(*link)->next)
		if (*link == call) {
			*link = call->next;
			break;
		}
	free(call->answer.body);
	free(call);
	*call_slot = NULL;
}

/* ---- the thread ---- */

/* Those that wait have their answer: what the look tells or, for want of it, @excuse. Return: did
 * any? */
static bool calls_resume(struct vtap_public *port, const char *excuse, uint64_t now_ns)
{
	struct call **link = &port->waiting;
	bool has_any = false;

	while (*link != NULL) {
		struct call *call = *link;

		if (excuse != NULL && call->deadline_ns > now_ns) {
			link = &call->next;
			continue;
		}
		if (excuse != NULL)
			call->answer = vtap_answer_error(MHD_HTTP_SERVICE_UNAVAILABLE, excuse);
		*link = call->next;
		call->is_waiting = false;
		MHD_resume_connection(call->connection);
		has_any = true;
	}
	return has_any;
}

static void look_take(struct vtap_public *port)
{
	/* acquire: with all that main has written there */
	struct vtap_look *look = atomic_exchange_explicit(&port->given, NULL, memory_order_acquire);

	if (look == NULL)
		return;
	vtap_look_free(port->look);
	port->look = look;
	port->has_asked = false;
	(void)calls_resume(port, NULL, 0); /* there need not be any */
}

/* A main loop that hangs, or that had no memory to look: it is asked again, for those that still
 * wait or with the next request. */
static void calls_expire(struct vtap_public *port, uint64_t now_ns)
{
	if (!calls_resume(port, "vtapd does not move; systemd restarts it after a while", now_ns))
		return;
	port->has_asked = port->waiting != NULL;
	if (port->has_asked)
		vtap_thread_wake(port->ask_fd);
}

static int wait_ms(const struct vtap_public *port, uint64_t now_ns)
{
	uint64_t in_ms = 1000ULL * VTAP_HTTP_TIMEOUT_S;
	MHD_UNSIGNED_LONG_LONG http_ms;

	if (MHD_get_timeout(port->http, &http_ms) == MHD_YES && http_ms < in_ms)
		in_ms = http_ms;
	for (const struct call *call = port->waiting; call != NULL; call = call->next) {
		uint64_t left_ns = call->deadline_ns > now_ns ? call->deadline_ns - now_ns : 0;

		if (left_ns / VTAP_NS_PER_MS + 1 < in_ms)
			in_ms = left_ns / VTAP_NS_PER_MS + 1;
	}
	return (int)in_ms;
}

static void *public_run(void *arg)
{
	struct vtap_public *port = arg;

	vtap_rights_keep_only(VTAP_RIGHTS_NONE);
	while (!is_stopping(port)) {
		struct pollfd fds[] = {
			{ .fd = port->wake_fd, .events = POLLIN },
			{ .fd = port->http_fd, .events = POLLIN },
		};

		(void)poll(fds, VTAP_ARRAY_LEN(fds), /* a failure: the next round waits */
			wait_ms(port, vtap_clock_mono_ns()));
		if (fds[0].revents != 0)
			vtap_thread_woken(port->wake_fd);
		look_take(port);
		calls_expire(port, vtap_clock_mono_ns());
		vtap_http_run(port->http);
	}
	(void)calls_resume(port, STOPPING, UINT64_MAX); /* the library wants nobody suspended */
	vtap_http_run(port->http);                      /* lets those answers out */
	return NULL;
}

/* ---- main's side ---- */

static int handle_ask(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct vtap_public *port = arg;
	struct vtap_look *look;

	(void)source; /* the one descriptor */
	(void)events;
	vtap_thread_woken(fd);
	if (vtap_look_new(port->manager, &look) < 0)
		return 0; /* without memory: they are told that nobody looked */
	/* acq_rel: the thread sees all of it; one that it did not take is ours again */
	vtap_look_free(atomic_exchange_explicit(&port->given, look, memory_order_acq_rel));
	vtap_thread_wake(port->wake_fd);
	return 0;
}

/* Whoever asks over TCP is answered when nothing else is to be done at that moment. */
static int ask_attach(struct vtap_public *port)
{
	int r = sd_event_add_io(
		port->manager->event, &port->ask, port->ask_fd, EPOLLIN, handle_ask, port);

	if (r >= 0)
		r = sd_event_source_set_priority(port->ask, SD_EVENT_PRIORITY_IDLE);
	return r < 0 ? r : 0;
}

static int http_start(struct vtap_public *port, int listen_fd, struct vtap_err *err)
{
	const struct vtap_http_spec spec = {
		.listen_fd = listen_fd,
		.n_clients = CLIENTS_MAX,
		.handle = handle_request,
		.completed = handle_completed,
		.arg = port,
	};

	return vtap_http_start(&spec, &port->http, &port->http_fd, err);
}

static int thread_start(struct vtap_public *port, struct vtap_err *err)
{
	int r = vtap_thread_start(&port->thread, "vtapd-public", public_run, port);

	if (r < 0)
		return vtap_err_set(
			err, r, "cannot start the thread that answers: %s", vtap_errno_text(r));
	port->is_started = true;
	return 0;
}

static struct vtap_public *public_alloc(struct vtap_manager *manager)
{
	struct vtap_public *port = calloc(1, sizeof(*port));

	if (port == NULL)
		return NULL;
	port->manager = manager;
	port->ask_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	port->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return port;
}

int vtap_public_new(struct vtap_manager *manager, const struct vtap_listen *listen,
	struct vtap_public **ret_public, struct vtap_err *err)
{
	_auto(public) struct vtap_public *port = public_alloc(manager);
	int fd, r;

	if (port == NULL)
		return -ENOMEM;
	if (port->ask_fd < 0 || port->wake_fd < 0)
		return vtap_err_set(err, -errno, "eventfd: %s", vtap_errno_text(errno));
	r = vtap_listen_tcp(&listen->addr, listen->port, SOMAXCONN, &fd, err);
	if (r == 0)
		r = http_start(port, fd, err);
	if (r == 0)
		r = ask_attach(port);
	if (r == 0)
		r = thread_start(port, err);
	if (r == 0)
		*ret_public = vtap_steal(&port);
	return r;
}

void vtap_public_free(struct vtap_public *port)
{
	if (port == NULL)
		return;
	if (port->is_started) {
		atomic_store_explicit(&port->is_stopping, true,
			memory_order_relaxed); /* a flag, and then woken */
		vtap_thread_wake(port->wake_fd);
		(void)pthread_join(port->thread, NULL); /* our own thread */
	}
	if (port->http != NULL)
		MHD_stop_daemon(port->http);
	for (size_t i = 0; i < VTAP_ARRAY_LEN(port->kept); i++)
		kept_drop(&port->kept[i]);
	(void)sd_event_source_unref(port->ask); /* always NULL */
	vtap_look_free(port->look);
	/* relaxed: the thread is gone */
	vtap_look_free(atomic_load_explicit(&port->given, memory_order_relaxed));
	(void)vtap_fd_close(port->ask_fd);
	(void)vtap_fd_close(port->wake_fd);
	free(port);
}
