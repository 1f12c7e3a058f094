// SPDX-License-Identifier: Apache-2.0
/*
 * How it works. libmicrohttpd has no thread here: its epoll descriptor and its time-out are two
 * event sources of the main loop (without the time-out half-open clients would never go). A request
 * that must wait is suspended and put on a list; when the manager has settled, those that have
 * their answer are resumed, and the library asks for the answer again.
 */
#include "daemon/control.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "daemon/answer.h"
#include "daemon/http.h"
#include "daemon/listen.h"
#include "daemon/log.h"
#include "daemon/removal.h"
#include "daemon/request.h"

/* Clients at once. */
#define CLIENTS_MAX 256

/* Of these, how many may wait for a session (a waiting client is not timed out by the library), and
 * how often it is asked whether they are still there. A reload has happened when its client waits:
 * it is never turned away. */
#define WAITS_MAX    128
#define WAITS_ASK_NS VTAP_NS_PER_S

#define TIMER_ACCURACY_US 1000

/** struct call - one request, from its first line to its answer */
struct call {
	struct call *next; /* on the list of those that wait */
	struct vtap_control *control;
	struct MHD_Connection *connection;
	struct vtap_request request;
	bool is_parsed;
	bool is_waiting;
	uint64_t started_ns;
	uint64_t deadline_ns;        /* of a wait; UINT64_MAX: none */
	struct vtap_changes changes; /* of a reload */
	struct vtap_answer answer;   /* body NULL and status 0: not yet */
};

struct vtap_control {
	struct vtap_manager *manager;
	struct MHD_Daemon *http;
	sd_event_source *io;
	sd_event_source *timer; /* the library's time-outs and those of waits */
	struct call *waiting;
	bool is_exiting; /* leave the loop when the last answer is out */
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
};

/* ---- the timer ---- */

static void timer_update(struct vtap_control *control)
{
	uint64_t at_ns = UINT64_MAX, now_ns = vtap_clock_mono_ns();
	MHD_UNSIGNED_LONG_LONG in_ms;

	if (MHD_get_timeout(control->http, &in_ms) == MHD_YES)
		at_ns = now_ns + in_ms * VTAP_NS_PER_MS;
	if (control->waiting != NULL && at_ns > now_ns + WAITS_ASK_NS)
		at_ns = now_ns + WAITS_ASK_NS;
	for (const struct call *call = control->waiting; call != NULL; call = call->next)
		if (call->deadline_ns < at_ns)
			at_ns = call->deadline_ns;
	/* a failure would be a bug of ours in the arguments */
	(void)sd_event_source_set_time(
		control->timer, at_ns == UINT64_MAX ? UINT64_MAX : at_ns / VTAP_NS_PER_US);
	(void)sd_event_source_set_enabled(
		control->timer, at_ns == UINT64_MAX ? SD_EVENT_OFF : SD_EVENT_ONESHOT);
}

static void http_run(struct vtap_control *control)
{
	vtap_http_run(control->http);
	timer_update(control);
}

/* ---- calls that wait ---- */

/* Has the client of a waiting call left? The library does not look at suspended connections. */
static bool call_is_abandoned(const struct call *call)
{
	struct pollfd ask = { .fd = vtap_http_socket(call->connection), .events = POLLRDHUP };

	return poll(&ask, 1, 0) == 1;
}

static bool call_is_wait(const struct call *call)
{
	return call->request.op == VTAP_OP_WAIT;
}

static size_t waits_count(const struct vtap_control *control)
{
	size_t n = 0;

	for (const struct call *call = control->waiting; call != NULL; call = call->next)
		n += call_is_wait(call);
	return n;
}

static void call_suspend(struct call *call)
{
	if (call_is_wait(call) && waits_count(call->control) >= WAITS_MAX) {
		call->answer = vtap_answer_error(
			MHD_HTTP_SERVICE_UNAVAILABLE, "too many clients wait; try again later");
		return;
	}
	call->is_waiting = true;
	call->next = call->control->waiting;
	call->control->waiting = call;
	MHD_suspend_connection(call->connection);
}

/* Does a waiting call have its answer now? */
static bool call_try(struct call *call, uint64_t now_ns)
{
	struct vtap_manager *manager = call->control->manager;
	bool is_ready = true;

	if (call->control->is_exiting) {
		call->answer = vtap_answer_error(MHD_HTTP_SERVICE_UNAVAILABLE, "vtapd is stopping");
		return true;
	}
	if (call_is_abandoned(call)) { /* nobody reads this; resumed, the connection closes */
		call->answer = vtap_answer_error(MHD_HTTP_REQUEST_TIMEOUT, "the client has left");
		return true;
	}
	if (call->request.op == VTAP_OP_RELOAD) {
		call->answer =
			vtap_answer_reload(manager, &call->changes, now_ns - call->started_ns);
		return true;
	}
	call->answer = vtap_answer_wait(manager, call->request.session, &is_ready);
	if (is_ready || now_ns >= call->deadline_ns || call->answer.status != MHD_HTTP_OK)
		return true;
	free(call->answer.body);
	call->answer = (struct vtap_answer){ 0 };
	return false;
}

/* Resume those that have their answer; reloads only when the manager has settled. */
static void calls_try(struct vtap_control *control, bool has_settled)
{
	struct call **link = &control->waiting;
	uint64_t now_ns = vtap_clock_mono_ns();

	while (*link != NULL) {
		struct call *call = *link;

		if ((!has_settled && !call_is_wait(call)) || !call_try(call, now_ns)) {
			link = &call->next;
			continue;
		}
		*link = call->next;
		call->is_waiting = false;
		MHD_resume_connection(call->connection);
	}
}

void vtap_control_settled(struct vtap_control *control)
{
	calls_try(control, true);
	http_run(control);
}

/* ---- operations that change something ---- */

static void reload_start(struct call *call)
{
	struct vtap_diags diags = { 0 };
	struct vtap_manager *manager = call->control->manager;
	int r = vtap_manager_reload(manager, &call->changes, &diags);

	if (r == VTAP_RELOAD_REFUSED)
		call->answer = vtap_answer_refusal(manager, &diags);
	else if (r < 0)
		call->answer =
			vtap_answer_error(MHD_HTTP_INTERNAL_SERVER_ERROR, vtap_errno_text(r));
	else
		call_suspend(call); /* also without a change: the answer tells who waits */
	vtap_diags_done(&diags);
}

static void teardown_run(struct call *call)
{
	struct vtap_control *control = call->control;
	struct vtap_err err = VTAP_ERR_NULL;
	char ports[64];
	struct vtap_report_removed removed = { 0 };
	int r;

	control->manager->is_stopping = true;
	(void)vtap_manager_ports(control->manager, VTAP_PORTS_ALL, ports, /* named */
		sizeof(ports));
	vtap_manager_close_intakes(control->manager, false);
	r = vtap_removal_run(control->manager->nl, control->manager->runtime_dir, &removed, &err);
	call->answer =
		r < 0 ? vtap_answer_error(MHD_HTTP_INTERNAL_SERVER_ERROR, vtap_err_text(&err, r))
		      : vtap_answer_teardown(&removed, ports);
	vtap_removal_log(&removed);
	vtap_report_removed_done(&removed);
	control->manager->is_torn_down = r >= 0;
	control->is_exiting = true;
}

static void drain_change(struct call *call)
{
	struct vtap_manager *manager = call->control->manager;
	struct vtap_err err = VTAP_ERR_NULL;
	int r = call->request.op == VTAP_OP_DRAIN
			? vtap_judge_drain(manager, call->request.reason, &err)
			: vtap_judge_undrain(manager, &err);

	if (r < 0) /* it was done, but will not survive a restart */
		vtap_log(LOG_WARNING, VTAP_EVENT_TROUBLE, &(struct vtap_log_context){ .error = r },
			"%s", vtap_err_text(&err, r));
	call->request.op = VTAP_OP_DRAIN_STATE;
	call->answer = vtap_answer_make(manager, &call->request);
}

static void wait_start(struct call *call)
{
	if (call->request.has_timeout)
		call->deadline_ns = call->started_ns + call->request.timeout_ms * VTAP_NS_PER_MS;
	if (!call_try(call, call->started_ns))
		call_suspend(call);
}

/* ---- a request ---- */

static bool peer_may_change(const struct call *call, uid_t *ret_uid)
{
	struct ucred peer = { .uid = (uid_t)-1 };
	socklen_t size = sizeof(peer);

	if (getsockopt(vtap_http_socket(call->connection), SOL_SOCKET, SO_PEERCRED, &peer, &size) <
		0)
		peer.uid = (uid_t)-1;
	*ret_uid = peer.uid;
	return peer.uid == 0 || peer.uid == geteuid();
}

static void call_refuse_peer(struct call *call, uid_t uid)
{
	char sentence[96];

	(void)snprintf(sentence, sizeof(sentence),
		"only root may do this (you are uid %ju)", /* fits */
		(uintmax_t)uid);
	call->answer = vtap_answer_error(MHD_HTTP_FORBIDDEN, sentence);
}

static void call_run(struct call *call)
{
	uid_t uid;

	if (call->control->is_exiting) {
		call->answer = vtap_answer_error(MHD_HTTP_SERVICE_UNAVAILABLE, "vtapd is stopping");
		return;
	}
	if (call->request.is_changing && !peer_may_change(call, &uid)) {
		call_refuse_peer(call, uid);
		return;
	}
	switch (call->request.op) {
	case VTAP_OP_RELOAD:
		reload_start(call);
		break;
	case VTAP_OP_TEARDOWN:
		teardown_run(call);
		break;
	case VTAP_OP_WAIT:
		wait_start(call);
		break;
	case VTAP_OP_DRAIN:
	case VTAP_OP_UNDRAIN:
		drain_change(call);
		break;
	default:
		call->answer = vtap_answer_make(call->control->manager, &call->request);
	}
}

static void call_parse(struct call *call, const char *method, const char *path)
{
	struct vtap_err err = VTAP_ERR_NULL;
	int status = vtap_http_parse(call->connection, method, path, &call->request, &err);

	call->is_parsed = true;
	if (status != 0)
		call->answer = vtap_answer_error((unsigned)status, err.text);
	else
		call_run(call);
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
		call->control = arg;
		call->connection = connection;
		call->started_ns = vtap_clock_mono_ns();
		call->deadline_ns = UINT64_MAX;
		*call_slot = call;
		return MHD_YES;
	}
	if (*upload_size > 0) {
		*upload_size = 0;
		return MHD_YES;
	}
	if (!call->is_parsed)
		call_parse(call, method, path);
	return call->is_waiting ? MHD_YES : vtap_http_answer(connection, &call->answer);
}

static void handle_completed(void *arg, struct MHD_Connection *connection, void **call_slot,
	enum MHD_RequestTerminationCode code)
{
	struct vtap_control *control = arg;
	struct call *call = *call_slot;

	(void)connection; /* the call's */
	(void)code;       /* there is nothing to do about a client that left */
	if (call == NULL)
		return;
	for (struct call **link = &control->waiting; *link != NULL; link = &(*link)->next)
		if (*link == call) {
			*link = call->next;
			break;
		}
	if (control->is_exiting && call->request.op == VTAP_OP_TEARDOWN && call->is_parsed)
		(void)sd_event_exit(control->manager->event, 0); /* the loop is running */
	vtap_changes_done(&call->changes);
	free(call->answer.body);
	free(call);
	*call_slot = NULL;
}

/* ---- event sources ---- */

static int handle_io(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	(void)source; /* the one descriptor */
	(void)fd;
	(void)events;
	http_run(arg);
	return 0;
}

static int handle_timer(sd_event_source *source, uint64_t usec, void *arg)
{
	struct vtap_control *control = arg;

	(void)source; /* the one timer */
	(void)usec;
	calls_try(control, false);
	http_run(control);
	return 0;
}

/* ---- life ---- */

static int socket_listen(
	struct vtap_control *control, const char *runtime_dir, int *ret_fd, struct vtap_err *err)
{
	int n = snprintf(control->path, sizeof(control->path), "%s/control.sock", runtime_dir);

	if (n >= (int)sizeof(control->path)) {
		control->path[0] = '\0';
		return vtap_err_set(
			err, -ENAMETOOLONG, "%s: too long for a socket's folder", runtime_dir);
	}
	if (mkdir(runtime_dir, 0755) < 0 && errno != EEXIST)
		return vtap_err_set(
			err, -errno, "make %s: %s", runtime_dir, vtap_errno_text(errno));
	return vtap_listen_local(control->path, ret_fd, err);
}

static int http_start(struct vtap_control *control, int listen_fd, struct vtap_err *err)
{
	const struct vtap_http_spec spec = {
		.listen_fd = listen_fd,
		.n_clients = CLIENTS_MAX,
		.handle = handle_request,
		.completed = handle_completed,
		.arg = control,
	};
	int epoll_fd;
	int r = vtap_http_start(&spec, &control->http, &epoll_fd, err);

	if (r < 0)
		return r;
	r = sd_event_add_io(
		control->manager->event, &control->io, epoll_fd, EPOLLIN, handle_io, control);
	if (r >= 0)
		r = sd_event_add_time(control->manager->event, &control->timer, CLOCK_MONOTONIC,
			UINT64_MAX, TIMER_ACCURACY_US, handle_timer, control);
	return r < 0 ? r : 0;
}

int vtap_control_new(struct vtap_manager *manager, const char *runtime_dir,
	struct vtap_control **ret_control, struct vtap_err *err)
{
	_auto(control) struct vtap_control *control = calloc(1, sizeof(*control));
	int fd = -1, r;

	if (control == NULL)
		return -ENOMEM;
	control->manager = manager;
	r = socket_listen(control, runtime_dir, &fd, err);
	if (r == 0)
		r = http_start(control, fd, err);
	if (r == 0)
		*ret_control = vtap_steal(&control);
	return r;
}

void vtap_control_free(struct vtap_control *control)
{
	if (control == NULL)
		return;
	control->is_exiting = true;
	if (control->http != NULL) {
		calls_try(control, true);     /* the library wants nobody suspended when it stops */
		vtap_http_run(control->http); /* lets those answers out */
		MHD_stop_daemon(control->http);
	}
	(void)sd_event_source_unref(control->io);    /* always NULL */
	(void)sd_event_source_unref(control->timer); /* always NULL */
	if (control->path[0] != '\0')
		(void)unlink(control->path); /* gone already is as good */
	free(control);
}
