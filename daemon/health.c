// SPDX-License-Identifier: Apache-2.0
#include "daemon/health.h"

#include <errno.h>
#include <linux/capability.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "daemon/listen.h"
#include "datapath/rights.h"
#include "datapath/thread.h"

/* A process that was stopped still completes this many handshakes and one more. Source:
 * kernel include/net/sock.h sk_acceptq_is_full(). */
#define BACKLOG 4

/* Clients at once; the oldest gives way. A TCP check is over before the next one comes. */
#define CLIENTS_MAX 128

/* Connections taken in one go: the others' turn comes. */
#define ACCEPTS_MAX 64

/* A client that has not finished its request by then is dropped. */
#define CLIENT_NS (5 * VTAP_NS_PER_S)

/* Bytes of a request; load balancers send some hundred. */
#define REQUEST_MAX 8192

/* How often heartbeats, clients and refused sockets are looked at. */
#define LOOK_MS 250

/* Between two tries to listen where it was refused. */
#define RETRY_NS (2 * VTAP_NS_PER_S)

#define HEADERS                                                                                    \
	"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n"                     \
	"Connection: close\r\n\r\n"
static const char NOT_ALLOWED[] = "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD\r\n"
				  "Content-Length: 0\r\nConnection: close\r\n\r\n";

/* What checks ask with: AWS with GET, others (Alibaba Cloud) with HEAD. */
static const struct {
	const char *method;
	const char *answer;
} ANSWERS[] = {
	{ "GET ", HEADERS "ok\n" },
	{ "HEAD ", HEADERS },
};
#define METHOD_MAX (sizeof("HEAD ") - 1)

/** struct client - one connection; of its request only what decides is kept */
struct client {
	int fd; /* -1: free */
	uint64_t since_ns;
	unsigned n_bytes;
	unsigned n_method;           /* bytes that have come of it */
	char method[METHOD_MAX + 1]; /* the first bytes, zeroes behind them */
	unsigned n_newline;          /* 1: a line just ended; 2: an empty line ended the request */
};

struct vtap_health {
	pthread_t thread;
	bool is_started;
	int wake_fd; /* eventfd: look at once */
	_Atomic uint64_t beat_ns;
	_Atomic int judgement;
	atomic_bool is_stopping;
	_Atomic uint64_t n_checks;

	pthread_mutex_t lock; /* of the next two, which main and the thread exchange: a few words */
	struct vtap_health_wish wish;
	struct vtap_health_status status;
	bool has_new_wish;

	/* the thread's own */
	struct vtap_health_wish current;
	struct vtap_settle settle;
	int listener[VTAP_HEALTH_PLACES_MAX]; /* -1: not listening */
	uint64_t retry_ns;                    /* refused ones are tried again then */
	char refused[VTAP_ERR_MAX];
	struct client client[CLIENTS_MAX];
	struct pollfd poll[1 + VTAP_HEALTH_PLACES_MAX + CLIENTS_MAX];
};

/* ---- clients ---- */

static void client_close(struct client *client)
{
	client->fd = vtap_fd_close(client->fd);
}

static void clients_close(struct vtap_health *health)
{
	for (int i = 0; i < CLIENTS_MAX; i++)
		client_close(&health->client[i]);
}

static void clients_expire(struct vtap_health *health, uint64_t now_ns)
{
	for (int i = 0; i < CLIENTS_MAX; i++)
		if (health->client[i].fd >= 0 && now_ns - health->client[i].since_ns > CLIENT_NS)
			client_close(&health->client[i]);
}

static struct client *client_place(struct vtap_health *health)
{
	struct client *oldest = &health->client[0];

	for (int i = 0; i < CLIENTS_MAX; i++) {
		if (health->client[i].fd < 0)
			return &health->client[i];
		if (health->client[i].since_ns < oldest->since_ns)
			oldest = &health->client[i];
	}
	client_close(oldest);
	return oldest;
}

/* One more byte of the request: is it whole? */
static bool client_take(struct client *client, char byte)
{
	if (client->n_method < METHOD_MAX)
		client->method[client->n_method++] = byte;
	if (byte == '\n')
		client->n_newline++;
	else if (byte != '\r')
		client->n_newline = 0;
	return client->n_newline == 2;
}

static const char *client_answer_text(const struct client *client)
{
	for (size_t i = 0; i < VTAP_ARRAY_LEN(ANSWERS); i++)
		if (strncmp(client->method, ANSWERS[i].method, strlen(ANSWERS[i].method)) == 0)
			return ANSWERS[i].answer;
	return NOT_ALLOWED;
}

static void client_answer(struct client *client)
{
	const char *text = client_answer_text(client);

	/* fits into any fresh socket's buffer; a client that left has no use for it */
	(void)send(client->fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
	client_close(client);
}

static void client_read(struct client *client)
{
	char bytes[1024];
	ssize_t n = recv(client->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0 || (client->n_bytes += (unsigned)n) > REQUEST_MAX) {
		client_close(client); /* a TCP check that is over, or nonsense */
		return;
	}
	for (ssize_t i = 0; i < n; i++)
		if (client_take(client, bytes[i])) {
			client_answer(client);
			return;
		}
}

/* ---- listeners ---- */

static void listener_accept(struct vtap_health *health, int fd, uint64_t now_ns)
{
	for (int i = 0; i < ACCEPTS_MAX; i++) {
		int accepted = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		struct client *client;

		if (accepted < 0)
			return; /* none left, or one that is gone already; descriptors run out: next
				   look */
		client = client_place(health);
		*client = (struct client){ .fd = accepted, .since_ns = now_ns };
		atomic_fetch_add_explicit(&health->n_checks, 1, memory_order_relaxed); /* a count */
		client_read(client); /* mostly the request came with the handshake */
	}
}

static bool is_listening(const struct vtap_health *health)
{
	for (size_t i = 0; i < health->current.n_places; i++)
		if (health->listener[i] >= 0)
			return true;
	return false;
}

static void listeners_open(struct vtap_health *health, uint64_t now_ns)
{
	health->refused[0] = '\0';
	for (size_t i = 0; i < health->current.n_places; i++) {
		const struct vtap_health_place *place = &health->current.place[i];
		struct vtap_err err = VTAP_ERR_NULL;

		if (health->listener[i] < 0 && vtap_listen_tcp(&place->addr, place->port, BACKLOG,
						       &health->listener[i], &err) < 0)
			memcpy(health->refused, err.text, sizeof(health->refused));
	}
	health->retry_ns = health->refused[0] != '\0' ? now_ns + RETRY_NS : UINT64_MAX;
}

static void listeners_close(struct vtap_health *health)
{
	for (int i = 0; i < VTAP_HEALTH_PLACES_MAX; i++)
		health->listener[i] = vtap_fd_close(health->listener[i]);
	clients_close(health);
	health->retry_ns = 0;
}

/* ---- the thread ---- */

static bool places_are_equal(const struct vtap_health_wish *a, const struct vtap_health_wish *b)
{
	return a->n_places == b->n_places &&
	       memcmp(a->place, b->place, a->n_places * sizeof(a->place[0])) == 0;
}

static void wish_take(struct vtap_health *health)
{
	struct vtap_health_wish wish;
	bool is_new;

	(void)pthread_mutex_lock(&health->lock); /* a plain mutex: cannot fail */
	wish = health->wish;
	is_new = health->has_new_wish;
	health->has_new_wish = false;
	(void)pthread_mutex_unlock(&health->lock); /* likewise */
	if (!is_new)
		return;
	if (!places_are_equal(&wish, &health->current))
		listeners_close(health);
	health->current = wish;
}

static void status_give(struct vtap_health *health)
{
	(void)pthread_mutex_lock(&health->lock); /* a plain mutex: cannot fail */
	health->status.is_answering = is_listening(health);
	health->status.differs_ns = health->settle.differs_ns;
	memcpy(health->status.refused, health->refused, sizeof(health->refused));
	(void)pthread_mutex_unlock(&health->lock); /* likewise */
}

static enum vtap_judgement judge(const struct vtap_health *health, uint64_t now_ns)
{
	/* relaxed: each value is used alone, a look later is good enough */
	uint64_t beat_ns = atomic_load_explicit(&health->beat_ns, memory_order_relaxed);
	int judgement = atomic_load_explicit(&health->judgement, memory_order_relaxed);

	if (judgement != VTAP_JUDGED_NOT_YET && now_ns > beat_ns &&
		now_ns - beat_ns > VTAP_HEALTH_STALL_NS)
		return VTAP_JUDGED_UNHEALTHY;
	return (enum vtap_judgement)judgement;
}

/* What was decided meanwhile: listen, or not. */
static void look(struct vtap_health *health, uint64_t now_ns)
{
	wish_take(health);
	if (!vtap_settle_update(
		    &health->settle, judge(health, now_ns), health->current.settle_ns, now_ns))
		listeners_close(health);
	else if (health->retry_ns <= now_ns)
		listeners_open(health, now_ns);
	clients_expire(health, now_ns);
	status_give(health);
}

static nfds_t poll_fill(struct vtap_health *health)
{
	nfds_t n = 0;

	health->poll[n++] = (struct pollfd){ .fd = health->wake_fd, .events = POLLIN };
	for (size_t i = 0; i < health->current.n_places; i++)
		health->poll[n++] = (struct pollfd){ .fd = health->listener[i], .events = POLLIN };
	for (int i = 0; i < CLIENTS_MAX; i++)
		health->poll[n++] = (struct pollfd){ .fd = health->client[i].fd, .events = POLLIN };
	return n;
}

/* Clients first: places become free for those that come. */
static void poll_serve(struct vtap_health *health, uint64_t now_ns)
{
	size_t n_places = health->current.n_places;

	if (health->poll[0].revents != 0)
		vtap_thread_woken(health->wake_fd);
	for (int i = 0; i < CLIENTS_MAX; i++)
		if (health->poll[1 + n_places + (size_t)i].revents != 0)
			client_read(&health->client[i]);
	for (size_t i = 0; i < n_places; i++)
		if (health->poll[1 + i].revents != 0)
			listener_accept(health, health->listener[i], now_ns);
}

static void *health_run(void *arg)
{
	struct vtap_health *health = arg;
	uint64_t looked_ns = 0;

	vtap_rights_keep_only(CAP_NET_BIND_SERVICE); /* for ports below 1024 */
	while (!atomic_load_explicit(&health->is_stopping, memory_order_relaxed)) { /* a flag */
		uint64_t now_ns = vtap_clock_mono_ns();
		nfds_t n;

		if (health->poll[0].revents != 0 ||
			now_ns - looked_ns >= LOOK_MS * VTAP_NS_PER_MS) {
			look(health, now_ns);
			looked_ns = now_ns;
		}
		n = poll_fill(health);
		if (poll(health->poll, n, LOOK_MS) < 0)
			memset(health->poll, 0, sizeof(health->poll)); /* EINTR: nothing is known */
		poll_serve(health, vtap_clock_mono_ns());
	}
	listeners_close(health);
	return NULL;
}

/* ---- main's side ---- */

int vtap_health_new(struct vtap_health **ret_health, struct vtap_err *err)
{
	_auto(health) struct vtap_health *health = calloc(1, sizeof(*health));
	int r;

	if (health == NULL)
		return -ENOMEM;
	for (int i = 0; i < VTAP_HEALTH_PLACES_MAX; i++)
		health->listener[i] = -1;
	for (int i = 0; i < CLIENTS_MAX; i++)
		health->client[i].fd = -1;
	(void)pthread_mutex_init(&health->lock, NULL); /* cannot fail on Linux */
	health->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (health->wake_fd < 0)
		return vtap_err_set(err, -errno, "eventfd: %s", vtap_errno_text(errno));
	r = vtap_thread_start(&health->thread, "vtapd-health", health_run, health);
	if (r < 0)
		return vtap_err_set(
			err, r, "cannot start the health thread: %s", vtap_errno_text(r));
	health->is_started = true;
	*ret_health = vtap_steal(&health);
	return 0;
}

void vtap_health_free(struct vtap_health *health)
{
	if (health == NULL)
		return;
	if (health->is_started) {
		atomic_store_explicit(
			&health->is_stopping, true, memory_order_relaxed); /* a flag, see wake */
		vtap_thread_wake(health->wake_fd);
		(void)pthread_join(health->thread, NULL); /* our own thread */
	}
	(void)vtap_fd_close(health->wake_fd);
	(void)pthread_mutex_destroy(&health->lock); /* nobody holds it */
	free(health);
}

void vtap_health_want(struct vtap_health *health, const struct vtap_health_wish *wish)
{
	(void)pthread_mutex_lock(&health->lock); /* a plain mutex: cannot fail */
	health->wish = *wish;
	health->has_new_wish = true;
	(void)pthread_mutex_unlock(&health->lock); /* likewise */
	vtap_thread_wake(health->wake_fd);
}

void vtap_health_beat(struct vtap_health *health, enum vtap_judgement judgement, uint64_t now_ns)
{
	int former;

	atomic_store_explicit(&health->beat_ns, now_ns, memory_order_relaxed); /* see judge() */
	former = atomic_exchange_explicit(&health->judgement, (int)judgement, memory_order_relaxed);
	if (former != (int)judgement)
		vtap_thread_wake(health->wake_fd);
}

void vtap_health_status(struct vtap_health *health, struct vtap_health_status *ret_status)
{
	(void)pthread_mutex_lock(&health->lock); /* a plain mutex: cannot fail */
	*ret_status = health->status;
	(void)pthread_mutex_unlock(&health->lock); /* likewise */
	ret_status->n_checks = atomic_load_explicit(&health->n_checks, memory_order_relaxed);
}
