// SPDX-License-Identifier: Apache-2.0
/*
 * Law: what the service manager hands over is taken by what it is, not by its name or place: UDP
 * sockets by port, the ledger by its size; anything else is closed. Drops that were counted before
 * a restart are not counted again.
 */
#include "tests/unit/cmocka_with.h"
#include "tests/unit/namespace.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/mman.h>

#include "base/text.h"
#include "daemon/store.h"
#include "datapath/receive.h"

#define FIRST_FD 3 /* SD_LISTEN_FDS_START */

static int socket_make(uint16_t port)
{
	const struct vtap_socket_spec spec = { port, NULL, 65536 };
	int fd = -1;

	assert_int_equal(vtap_socket_open(&spec, &fd, NULL), 0);
	return fd;
}

/* Hand @fds over as a service manager does: from descriptor 3 on, in the environment. */
static void hand_over(const int *fds, int n)
{
	char number[16];
	int moved[8];

	for (int i = 0; i < n; i++) { /* out of the way first */
		moved[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 100);
		assert_true(moved[i] >= 100);
		(void)vtap_fd_close(fds[i]); /* always -1 */
	}
	for (int i = 0; i < n; i++) {
		assert_int_equal(dup2(moved[i], FIRST_FD + i), FIRST_FD + i);
		(void)vtap_fd_close(moved[i]); /* always -1 */
	}
	(void)snprintf(number, sizeof(number), "%d", (int)getpid()); /* fits */
	assert_int_equal(setenv("LISTEN_PID", number, 1), 0);
	(void)snprintf(number, sizeof(number), "%d", n); /* fits */
	assert_int_equal(setenv("LISTEN_FDS", number, 1), 0);
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void test_store_when_nobody_hands_anything_over_then_empty_and_unused(void **state)
{
	_auto(store) struct vtap_store *store = NULL;
	struct vtap_stored stored;
	size_t i = 0;

	(void)state;
	assert_int_equal(unsetenv("LISTEN_FDS"), 0);
	assert_int_equal(vtap_store_new(&store, NULL), 0);
	assert_false(vtap_store_is_used(store));
	assert_false(vtap_store_find(store, 4789, &i, &stored));
	assert_int_equal(vtap_store_clear(store), 0);
}

static void test_store_when_sockets_come_back_then_found_by_port(void **state)
{
	_auto(store) struct vtap_store *store = NULL;
	const int fds[] = { socket_make(4789), open("/dev/null", O_RDONLY | O_CLOEXEC),
		socket_make(5000), socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
		socket_make(4789) };
	struct vtap_stored stored;
	unsigned n = 0;
	size_t i = 0;

	(void)state;
	hand_over(fds, VTAP_ARRAY_LEN(fds));
	assert_int_equal(vtap_store_new(&store, NULL), 0);
	assert_false(is_open(FIRST_FD + 1)); /* what is no UDP socket of a port is closed */
	assert_false(is_open(FIRST_FD + 3));
	while (vtap_store_find(store, 4789, &i, &stored)) {
		vtap_store_take(store, i);
		assert_true(stored.port == 4789 && stored.device_index == 0 && !stored.has_left);
		assert_true(stored.cookie != 0);
		(void)vtap_fd_close(stored.fd); /* always -1 */
		n++;
	}
	assert_int_equal(n, 2);
	assert_int_equal(vtap_store_clear(store), 1); /* port 5000, which nobody asked for */
	assert_false(is_open(FIRST_FD + 2));
}

static void test_store_when_a_socket_had_left_its_group_then_that_is_seen(void **state)
{
	_auto(store) struct vtap_store *store = NULL;
	const int fds[] = { socket_make(4789) };
	struct vtap_stored stored;
	size_t i = 0;

	(void)state;
	assert_int_equal(vtap_socket_leave_group(fds[0]), 0);
	hand_over(fds, VTAP_ARRAY_LEN(fds));
	assert_int_equal(vtap_store_new(&store, NULL), 0);
	assert_true(vtap_store_find(store, 4789, &i, &stored));
	assert_true(stored.has_left);
}

static void test_store_when_the_ledger_comes_back_then_counted_drops_are_known(void **state)
{
	_auto(store) struct vtap_store *store = NULL;
	const uint64_t rows[][2] = { { 77, 5 }, { 78, 4000000000 } };
	int fd = memfd_create("ledger", MFD_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 1024 * 16), 0); /* rows of cookie and drops */
	assert_int_equal(pwrite(fd, rows, sizeof(rows), 0), sizeof(rows));
	hand_over(&fd, 1);
	assert_int_equal(vtap_store_new(&store, NULL), 0);
	assert_true(vtap_store_drops(store, 77) == 5);
	assert_true(vtap_store_drops(store, 78) == 4000000000U);
	assert_true(vtap_store_drops(store, 79) == 0);
	vtap_store_note_drops(store, 77, 6);
	vtap_store_note_drops(store, 79, 9);
	assert_true(vtap_store_drops(store, 77) == 6 && vtap_store_drops(store, 79) == 9);
	vtap_store_remove(store, 77);
	assert_true(vtap_store_drops(store, 77) == 0);
}

static void test_store_when_sockets_are_cleared_then_their_rows_are_free_again(void **state)
{
	_auto(store) struct vtap_store *store = NULL;
	const int fds[] = { socket_make(4789), memfd_create("ledger", MFD_CLOEXEC) };
	struct vtap_stored stored;
	size_t i = 0;

	(void)state;
	assert_int_equal(ftruncate(fds[1], 1024 * 16), 0); /* rows of cookie and drops */
	hand_over(fds, VTAP_ARRAY_LEN(fds));
	assert_int_equal(vtap_store_new(&store, NULL), 0);
	assert_true(vtap_store_find(store, 4789, &i, &stored));
	vtap_store_note_drops(store, stored.cookie, 7);
	assert_true(vtap_store_drops(store, stored.cookie) == 7);
	assert_int_equal(vtap_store_clear(store), 1);
	assert_true(vtap_store_drops(store, stored.cookie) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_store_when_nobody_hands_anything_over_then_empty_and_unused),
		cmocka_unit_test(test_store_when_sockets_come_back_then_found_by_port),
		cmocka_unit_test(test_store_when_a_socket_had_left_its_group_then_that_is_seen),
		cmocka_unit_test(
			test_store_when_the_ledger_comes_back_then_counted_drops_are_known),
		cmocka_unit_test(
			test_store_when_sockets_are_cleared_then_their_rows_are_free_again),
	};

	namespace_enter_or_skip();
	(void)unsetenv("NOTIFY_SOCKET"); /* not set is as good */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
