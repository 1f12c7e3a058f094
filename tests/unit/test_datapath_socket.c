// SPDX-License-Identifier: Apache-2.0
/*
 * Law: one socket receives IPv4 and IPv6, whole datagrams only, with their outer source and
 * interface; a socket that left its group gets nothing new and keeps what it has. In a network
 * namespace of its own.
 */
#include "tests/unit/cmocka_with.h"
#include "tests/unit/namespace.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "datapath/receive.h"

#define PORT         4789
#define BUFFER_BYTES (128 * 1024)

static int socket_open(const char *device)
{
	struct vtap_socket_spec spec = { PORT, device, BUFFER_BYTES };
	struct vtap_err err = VTAP_ERR_NULL;
	int fd = -1, r = vtap_socket_open(&spec, &fd, &err);

	if (r < 0)
		print_error("%s\n", err.text);
	assert_int_equal(r, 0);
	return fd;
}

static int sender_open(int family)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	return fd;
}

/* Return: 0 or negative errno */
static int send_to(int fd, const char *address, const void *bytes, size_t n)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(PORT) };
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	bool is_v4 = inet_pton(AF_INET, address, &v4.sin_addr) == 1;

	assert_true(is_v4 || inet_pton(AF_INET6, address, &v6.sin6_addr) == 1);
	if (sendto(fd, bytes, n, 0,
		    is_v4 ? (const struct sockaddr *)&v4 : (const struct sockaddr *)&v6,
		    is_v4 ? sizeof(v4) : sizeof(v6)) < 0)
		return -errno;
	return 0;
}

/** struct inbox - a receiver and its last batch */
struct inbox {
	struct vtap_receiver *receiver;
	struct vtap_packet packet[VTAP_BATCH_MAX];
};

static int inbox_setup(void **state)
{
	struct inbox *inbox = calloc(1, sizeof(*inbox));

	assert_non_null(inbox);
	assert_int_equal(vtap_receiver_new(&inbox->receiver), 0);
	*state = inbox;
	return 0;
}

static int inbox_teardown(void **state)
{
	struct inbox *inbox = *state;

	vtap_receiver_free(inbox->receiver);
	vtap_receiver_free(NULL);
	free(inbox);
	return 0;
}

/* Waits for a batch. Return: how many packets. */
static int inbox_wait(struct inbox *inbox, int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };

	if (poll(&pollfd, 1, (int)(TEST_DEADLINE_NS / VTAP_NS_PER_MS)) != 1)
		print_error("no packet came\n");
	return vtap_receiver_batch(inbox->receiver, fd, inbox->packet);
}

static void assert_from(const struct vtap_packet *packet, const char *source)
{
	char text[VTAP_ADDR_TEXT_MAX];

	vtap_addr_format(&packet->source, text);
	assert_string_equal(text, source);
	assert_int_equal(packet->interface_index, if_nametoindex("lo"));
}

static void test_socket_when_open_then_receives_ipv4_with_source_and_interface(void **state)
{
	_auto_fd int fd = socket_open(NULL), sender = sender_open(AF_INET);
	struct inbox *inbox = *state;

	assert_int_equal(send_to(sender, "127.0.0.1", "hello", 5), 0);
	assert_int_equal(inbox_wait(inbox, fd), 1);
	assert_from(&inbox->packet[0], "127.0.0.1");
	assert_int_equal(inbox->packet[0].payload.len_bytes, 5);
	assert_memory_equal(inbox->packet[0].payload.data, "hello", 5);
}

static void test_socket_when_open_then_receives_ipv6_too(void **state)
{
	_auto_fd int fd = socket_open(NULL), sender = -1;
	struct inbox *inbox = *state;
	int domain = 0;
	socklen_t size = sizeof(domain);

	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size), 0);
	if (domain == AF_INET)
		skip(); /* a host without IPv6 */
	sender = sender_open(AF_INET6);
	if (send_to(sender, "::1", "six", 3) < 0)
		skip(); /* no address on loopback */
	assert_int_equal(inbox_wait(inbox, fd), 1);
	assert_from(&inbox->packet[0], "::1");
}

static void test_socket_when_datagrams_are_of_any_size_then_whole(void **state)
{
	static const size_t sizes[] = { 0, 1, 22, 1500, 9001, 65507 };
	_auto_fd int fd = socket_open(NULL), sender = sender_open(AF_INET);
	_auto_free uint8_t *bytes = malloc(65507);
	struct inbox *inbox = *state;

	assert_non_null(bytes);
	for (size_t i = 0; i < 65507; i++)
		bytes[i] = (uint8_t)(i * 7 + i / 251);
	for (size_t i = 0; i < VTAP_ARRAY_LEN(sizes); i++) {
		assert_row(send_to(sender, "127.0.0.1", bytes, sizes[i]) == 0, i);
		assert_row(inbox_wait(inbox, fd) == 1, i);
		assert_row(inbox->packet[0].payload.len_bytes == sizes[i], i);
		assert_memory_equal(inbox->packet[0].payload.data, bytes, sizes[i]);
	}
}

static void test_receiver_when_many_wait_then_in_batches_in_order(void **state)
{
	_auto_fd int fd = socket_open(NULL), sender = sender_open(AF_INET);
	struct inbox *inbox = *state;
	int n, n_seen = 0;

	assert_int_equal(vtap_receiver_batch(inbox->receiver, fd, inbox->packet), 0);
	for (uint8_t i = 0; i < 100; i++)
		assert_int_equal(send_to(sender, "127.0.0.1", &i, 1), 0);
	while (n_seen < 100) {
		n = inbox_wait(inbox, fd);
		assert_in_range(n, 1, VTAP_BATCH_MAX);
		for (int i = 0; i < n; i++)
			assert_int_equal(inbox->packet[i].payload.data[0], n_seen++);
	}
	assert_int_equal(vtap_receiver_batch(inbox->receiver, fd, inbox->packet), 0);
	assert_int_equal(vtap_receiver_batch(inbox->receiver, -1, inbox->packet), -EBADF);
}

static void test_socket_when_the_port_is_taken_then_says_so(void **state)
{
	_auto_fd int squatter = sender_open(AF_INET);
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	struct vtap_socket_spec spec = { PORT, NULL, BUFFER_BYTES };
	struct vtap_err err = VTAP_ERR_NULL;
	int fd = -1;

	(void)state;
	assert_int_equal(bind(squatter, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(vtap_socket_open(&spec, &fd, &err), -EADDRINUSE);
	assert_string_equal(err.text, "UDP port 4789: Address already in use");
	assert_int_equal(fd, -1);
}

static void test_socket_when_the_device_is_missing_then_says_so(void **state)
{
	struct vtap_socket_spec spec = { PORT, "nowhere0", BUFFER_BYTES };
	struct vtap_err err = VTAP_ERR_NULL;
	int fd = -1;

	(void)state;
	assert_int_equal(vtap_socket_open(&spec, &fd, &err), -ENODEV);
	assert_string_equal(err.text, "UDP port 4789 on nowhere0: No such device");
	assert_int_equal(fd, -1);
}

static void test_socket_when_bound_to_a_device_then_receives_there(void **state)
{
	_auto_fd int fd = socket_open("lo"), sender = sender_open(AF_INET);

	assert_int_equal(send_to(sender, "127.0.0.1", "x", 1), 0);
	assert_int_equal(inbox_wait(*state, fd), 1);
}

static int socket_buffer(int fd)
{
	int bytes = 0;
	socklen_t size = sizeof(bytes);

	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, &size), 0);
	return bytes;
}

static void test_socket_when_a_buffer_is_asked_for_then_that_many_bytes(void **state)
{
	_auto_fd int fd = socket_open(NULL);

	(void)state;
	assert_int_equal(socket_buffer(fd), BUFFER_BYTES);
	assert_int_equal(vtap_socket_set_buffer(fd, 2ULL * BUFFER_BYTES), 0);
	assert_int_equal(socket_buffer(fd), 2 * BUFFER_BYTES);
	assert_int_equal(vtap_socket_set_buffer(fd, UINT64_MAX), 0); /* as large as can be */
	assert_true(socket_buffer(fd) >= 2 * BUFFER_BYTES);
}

static void test_socket_when_full_then_received_and_dropped_add_up(void **state)
{
	enum { N = 3000 };
	_auto_fd int fd = socket_open(NULL), sender = sender_open(AF_INET);
	struct inbox *inbox = *state;
	uint64_t deadline_ns = 0;
	uint32_t drops = 0;
	int n_seen = 0;

	for (int i = 0; i < N; i++)
		assert_int_equal(send_to(sender, "127.0.0.1", "x", 1), 0);
	do {
		n_seen += vtap_receiver_batch(inbox->receiver, fd, inbox->packet);
		assert_int_equal(vtap_socket_drops(fd, &drops), 0);
	} while (n_seen + (int)drops < N && wait_more(&deadline_ns));
	assert_int_equal(n_seen + (int)drops, N);
	assert_true(drops > 0);
}

/* Datagrams from many ports, so that the hash spreads them over the group. */
static void send_spread(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		_auto_fd int sender = sender_open(AF_INET);

		assert_int_equal(send_to(sender, "127.0.0.1", "x", 1), 0);
	}
}

static int inbox_empty(struct inbox *inbox, int fd)
{
	int n, n_all = 0;

	while ((n = vtap_receiver_batch(inbox->receiver, fd, inbox->packet)) > 0)
		n_all += n;
	assert_int_equal(n, 0);
	return n_all;
}

static void test_socket_when_it_leaves_its_group_then_keeps_what_it_has_and_gets_no_more(
	void **state)
{
	_auto_fd int stays = socket_open(NULL), leaves = socket_open(NULL);
	struct inbox *inbox = *state;
	uint64_t deadline_ns = 0;
	int n_left = 0, n_stayed = 0;

	send_spread(100);
	assert_int_equal(vtap_socket_leave_group(leaves), 0);
	do {
		n_left += inbox_empty(inbox, leaves);
		n_stayed += inbox_empty(inbox, stays);
	} while (n_left + n_stayed < 100 && wait_more(&deadline_ns));
	assert_int_equal(n_left + n_stayed, 100);
	assert_true(n_left > 10 && n_stayed > 10);
	send_spread(100);
	for (n_stayed = 0, deadline_ns = 0; n_stayed < 100 && wait_more(&deadline_ns);)
		n_stayed += inbox_empty(inbox, stays);
	assert_int_equal(n_stayed, 100);
	assert_int_equal(inbox_empty(inbox, leaves), 0);
}

#define with_inbox(test) cmocka_unit_test_setup_teardown(test, inbox_setup, inbox_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_inbox(test_socket_when_open_then_receives_ipv4_with_source_and_interface),
		with_inbox(test_socket_when_open_then_receives_ipv6_too),
		with_inbox(test_socket_when_datagrams_are_of_any_size_then_whole),
		with_inbox(test_receiver_when_many_wait_then_in_batches_in_order),
		with_inbox(test_socket_when_the_port_is_taken_then_says_so),
		with_inbox(test_socket_when_the_device_is_missing_then_says_so),
		with_inbox(test_socket_when_bound_to_a_device_then_receives_there),
		with_inbox(test_socket_when_a_buffer_is_asked_for_then_that_many_bytes),
		with_inbox(test_socket_when_full_then_received_and_dropped_add_up),
		with_inbox(
			test_socket_when_it_leaves_its_group_then_keeps_what_it_has_and_gets_no_more),
	};

	namespace_enter_or_skip();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
