// SPDX-License-Identifier: Apache-2.0
#include "daemon/store.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/text.h"

/* Rows of the ledger: sockets at once, of all targets. More are only counted again after a crash.
 */
#define LEDGER_ROWS 1024

static const char LEDGER_NAME[] = "ledger";

/** struct entry - a row of the ledger; a free one has cookie 0 */
struct entry {
	uint64_t cookie;
	uint32_t drops;
	uint32_t unused;
};

struct vtap_store {
	bool is_used;
	struct vtap_stored *stored;
	size_t n_stored;
	int ledger_fd;
	struct entry *ledger; /* mapped; shared with the process before and after us */
};

/* ---- the service manager ---- */

static uint64_t cookie_of(int fd)
{
	uint64_t cookie = 0;
	socklen_t size = sizeof(cookie);

	return getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &size) < 0 ? 0 : cookie;
}

static void fd_put(int fd, const char *name)
{
	_auto_free char *state = vtap_text_format("FDSTORE=1\nFDPOLL=0\nFDNAME=%s", name);

	if (state != NULL)
		(void)sd_pid_notify_with_fds(
			0, 0, state, &fd, 1); /* refused: it will not be kept */
}

static void cookie_remove(uint64_t cookie)
{
	(void)sd_notifyf(0, "FDSTOREREMOVE=1\nFDNAME=udp-%" PRIx64, cookie); /* as above */
}

bool vtap_store_is_used(const struct vtap_store *store)
{
	return store->is_used;
}

uint64_t vtap_store_put(struct vtap_store *store, int fd)
{
	uint64_t cookie = cookie_of(fd);
	_auto_free char *name = vtap_text_format("udp-%" PRIx64, cookie);

	if (store->is_used && name != NULL)
		fd_put(fd, name);
	return cookie;
}

/* ---- the ledger ---- */

static void ledger_map(struct vtap_store *store)
{
	struct entry *ledger = mmap(NULL, LEDGER_ROWS * sizeof(*ledger), PROT_READ | PROT_WRITE,
		MAP_SHARED, store->ledger_fd, 0);

	store->ledger = ledger != MAP_FAILED ? ledger : NULL;
}

static bool is_ledger(int fd)
{
	struct stat stat;

	return fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode) &&
	       stat.st_size == (off_t)(LEDGER_ROWS * sizeof(struct entry));
}

/* Without one, drops that were counted before a restart are counted again. */
static void ledger_make(struct vtap_store *store)
{
	store->ledger_fd = memfd_create("vtapd-ledger", MFD_CLOEXEC);
	if (store->ledger_fd < 0)
		return;
	if (ftruncate(store->ledger_fd, LEDGER_ROWS * sizeof(struct entry)) < 0) {
		store->ledger_fd = vtap_fd_close(store->ledger_fd);
		return;
	}
	fd_put(store->ledger_fd, LEDGER_NAME);
	ledger_map(store);
}

static struct entry *ledger_find(const struct vtap_store *store, uint64_t cookie)
{
	for (size_t i = 0; i < LEDGER_ROWS && store->ledger != NULL; i++)
		if (store->ledger[i].cookie == cookie)
			return &store->ledger[i];
	return NULL;
}

void vtap_store_note_drops(struct vtap_store *store, uint64_t cookie, uint32_t drops)
{
	struct entry *entry = ledger_find(store, cookie);

	if (entry == NULL)
		entry = ledger_find(store, 0);
	if (entry != NULL)
		*entry = (struct entry){ .cookie = cookie, .drops = drops };
}

uint32_t vtap_store_drops(const struct vtap_store *store, uint64_t cookie)
{
	const struct entry *entry = ledger_find(store, cookie);

	return entry != NULL ? entry->drops : 0;
}

void vtap_store_remove(struct vtap_store *store, uint64_t cookie)
{
	struct entry *entry = ledger_find(store, cookie);

	if (store->is_used)
		cookie_remove(cookie);
	if (entry != NULL)
		*entry = (struct entry){ 0 };
}

/* ---- what came back ---- */

static int number_get(int fd, int level, int option)
{
	int value = 0;
	socklen_t size = sizeof(value);

	return getsockopt(fd, level, option, &value, &size) < 0 ? -1 : value;
}

static bool has_peer(int fd)
{
	struct sockaddr_storage peer;
	socklen_t size = sizeof(peer);

	return getpeername(fd, (struct sockaddr *)&peer, &size) == 0;
}

static uint16_t port_of(int fd)
{
	struct sockaddr_storage own = { 0 };
	socklen_t size = sizeof(own);
	struct sockaddr_in6 v6;

	if (getsockname(fd, (struct sockaddr *)&own, &size) < 0)
		return 0;
	memcpy(&v6, &own, sizeof(v6)); /* the port stands at the same place in both families */
	return ntohs(v6.sin6_port);
}

static bool is_our_socket(int fd)
{
	int family = number_get(fd, SOL_SOCKET, SO_DOMAIN);

	return (family == AF_INET || family == AF_INET6) &&
	       number_get(fd, SOL_SOCKET, SO_PROTOCOL) == IPPROTO_UDP && port_of(fd) != 0;
}

static int stored_add(struct vtap_store *store, int fd)
{
	struct vtap_stored *grown =
		reallocarray(store->stored, store->n_stored + 1, sizeof(*grown));

	if (grown == NULL)
		return -ENOMEM;
	store->stored = grown;
	grown[store->n_stored++] = (struct vtap_stored){
		.fd = fd,
		.port = port_of(fd),
		.device_index = number_get(fd, SOL_SOCKET, SO_BINDTOIFINDEX),
		.has_left = has_peer(fd),
		.cookie = cookie_of(fd),
	};
	return 0;
}

/* One descriptor that was handed over. What is not ours is closed. */
static int descriptor_take(struct vtap_store *store, int fd)
{
	if (store->ledger_fd < 0 && is_ledger(fd)) {
		store->ledger_fd = fd;
		ledger_map(store);
		return 0;
	}
	if (is_our_socket(fd))
		return stored_add(store, fd);
	(void)vtap_fd_close(fd); /* always -1 */
	return 0;
}

int vtap_store_new(struct vtap_store **ret_store, struct vtap_err *err)
{
	_auto(store) struct vtap_store *store = calloc(1, sizeof(*store));
	int n, r = 0;

	if (store == NULL)
		return -ENOMEM;
	store->ledger_fd = -1;
	store->is_used = getenv("NOTIFY_SOCKET") != NULL;
	n = sd_listen_fds(1);
	if (n < 0)
		return vtap_err_set(
			err, n, "descriptors that were handed over: %s", vtap_errno_text(n));
	for (int i = 0; i < n && r == 0; i++)
		r = descriptor_take(store, SD_LISTEN_FDS_START + i);
	if (r < 0)
		return r;
	if (store->ledger_fd < 0 && store->is_used)
		ledger_make(store);
	*ret_store = vtap_steal(&store);
	return 0;
}

void vtap_store_free(struct vtap_store *store)
{
	if (store == NULL)
		return;
	for (size_t i = 0; i < store->n_stored; i++)
		(void)vtap_fd_close(store->stored[i].fd); /* always -1 */
	free(store->stored);
	if (store->ledger != NULL)
		(void)munmap(store->ledger, LEDGER_ROWS * sizeof(*store->ledger)); /* our own */
	(void)vtap_fd_close(store->ledger_fd);                                     /* always -1 */
	free(store);
}

bool vtap_store_find(
	const struct vtap_store *store, uint16_t port, size_t *i, struct vtap_stored *ret_stored)
{
	for (; *i < store->n_stored; (*i)++)
		if (store->stored[*i].port == port) {
			*ret_stored = store->stored[*i];
			return true;
		}
	return false;
}

void vtap_store_take(struct vtap_store *store, size_t i)
{
	store->n_stored--;
	memmove(&store->stored[i], &store->stored[i + 1],
		(store->n_stored - i) * sizeof(*store->stored));
}

unsigned vtap_store_clear(struct vtap_store *store)
{
	unsigned n = (unsigned)store->n_stored;

	while (store->n_stored > 0) {
		struct vtap_stored *stored = &store->stored[--store->n_stored];

		vtap_store_remove(store, stored->cookie);
		(void)vtap_fd_close(stored->fd); /* always -1 */
	}
	return n;
}
