// SPDX-License-Identifier: Apache-2.0
/*
 * Law: while the target is healthy every TCP connection is accepted and every GET gets 200; while
 * it is not, the kernel refuses; a main loop that does not move is not healthy; and no client,
 * however slow or strange, keeps others from their answer.
 */
#include "tests/unit/cmocka_with.h"
#include "tests/unit/namespace.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/time.h>

#include "daemon/health.h"

#define PORT 4789

static int dial(void)
{
	const struct timeval timeout = { .tv_sec = 5 };
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	_auto_fd int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)), 0);
	if (connect(fd, (const struct sockaddr *)&to, sizeof(to)) < 0)
		return -errno;
	return vtap_steal_fd(&fd);
}

static bool is_open(void)
{
	_auto_fd int fd = dial();

	return fd >= 0;
}

static void wait_until(bool is_wanted)
{
	uint64_t deadline_ns = 0;

	while (is_open() != is_wanted)
		assert_true(wait_more(&deadline_ns));
}

/* Everything that comes until the other side closes. */
static void ask(const char *request, char *ret_answer, size_t size)
{
	_auto_fd int fd = dial();
	size_t used = 0;
	ssize_t n;

	assert_true(fd >= 0);
	assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
	while (used + 1 < size && (n = recv(fd, ret_answer + used, size - used - 1, 0)) > 0)
		used += (size_t)n;
	ret_answer[used] = '\0';
}

static struct vtap_health *health_start(enum vtap_judgement judgement)
{
	static struct vtap_health_wish wish;
	struct vtap_health *health = NULL;

	memset(&wish, 0, sizeof(wish));
	wish.place[0].port = PORT;
	wish.n_places = 1;
	assert_int_equal(vtap_health_new(&health, NULL), 0);
	vtap_health_want(health, &wish);
	vtap_health_beat(health, judgement, vtap_clock_mono_ns());
	return health;
}

static void wait_accepted(struct vtap_health *health, uint64_t n)
{
	struct vtap_health_status status = { 0 };
	uint64_t deadline_ns = 0;

	for (vtap_health_status(health, &status); status.n_checks < n;
		vtap_health_status(health, &status))
		assert_true(wait_more(&deadline_ns));
}

static void test_health_when_healthy_then_any_get_is_200(void **state)
{
	static const char *const requests[] = {
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /anything?at=all HTTP/1.0\r\n\r\n",
		"GET / HTTP/1.1\nHost: bare newlines\n\n",
	};
	_auto(health) struct vtap_health *health = health_start(VTAP_JUDGED_HEALTHY);
	char answer[512];

	(void)state;
	wait_until(true);
	for (size_t i = 0; i < VTAP_ARRAY_LEN(requests); i++) {
		ask(requests[i], answer, sizeof(answer));
		assert_row(strncmp(answer, "HTTP/1.1 200 OK\r\n", 17) == 0, i);
		assert_row(strstr(answer, "\r\n\r\nok\n") != NULL, i);
	}
}

static void test_health_when_it_is_no_get_then_405(void **state)
{
	static const char *const requests[] = {
		"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
		"GETS / HTTP/1.1\r\n\r\n",
		"\r\n\r\n",
	};
	_auto(health) struct vtap_health *health = health_start(VTAP_JUDGED_HEALTHY);
	char answer[512];

	(void)state;
	wait_until(true);
	for (size_t i = 0; i < VTAP_ARRAY_LEN(requests); i++) {
		ask(requests[i], answer, sizeof(answer));
		assert_row(strncmp(answer, "HTTP/1.1 405 ", 13) == 0, i);
	}
}

static void test_health_when_unhealthy_or_draining_then_refused(void **state)
{
	_auto(health) struct vtap_health *health = health_start(VTAP_JUDGED_HEALTHY);

	(void)state;
	wait_until(true);
	vtap_health_beat(health, VTAP_JUDGED_DRAINING, vtap_clock_mono_ns());
	wait_until(false);
	vtap_health_beat(health, VTAP_JUDGED_HEALTHY, vtap_clock_mono_ns());
	wait_until(true);
	vtap_health_beat(health, VTAP_JUDGED_UNHEALTHY, vtap_clock_mono_ns());
	wait_until(false);
}

static void test_health_when_starting_then_refused(void **state)
{
	_auto(health) struct vtap_health *health = health_start(VTAP_JUDGED_NOT_YET);
	struct vtap_health_status status;

	(void)state;
	assert_false(is_open());
	vtap_health_status(health, &status);
	assert_false(status.is_answering);
}

static void test_health_when_the_main_loop_does_not_move_then_refused(void **state)
{
	_auto(health) struct vtap_health *health = health_start(VTAP_JUDGED_HEALTHY);

	(void)state;
	wait_until(true);
	/* the heartbeat of a loop that stopped six seconds ago */
	vtap_health_beat(health, VTAP_JUDGED_HEALTHY,
		vtap_clock_mono_ns() - VTAP_HEALTH_STALL_NS - VTAP_NS_PER_S);
	wait_until(false);
}

static void test_health_when_clients_stay_silent_then_others_are_answered(void **state)
{
	_auto(health) struct vtap_health *health = health_start(VTAP_JUDGED_HEALTHY);
	int silent[200];
	char answer[512];

	(void)state;
	wait_until(true);
	for (size_t i = 0; i < VTAP_ARRAY_LEN(silent); i++) {
		silent[i] = dial();
		assert_true(silent[i] >= 0);
		wait_accepted(
			health, i + 2); /* the backlog is small; one more was wait_until()'s */
		assert_int_equal(send(silent[i], "GET ", i % 5, MSG_NOSIGNAL), i % 5);
	}
	ask("GET / HTTP/1.1\r\n\r\n", answer, sizeof(answer));
	assert_true(strncmp(answer, "HTTP/1.1 200 OK\r\n", 17) == 0);
	for (size_t i = 0; i < VTAP_ARRAY_LEN(silent); i++)
		(void)vtap_fd_close(silent[i]); /* always -1 */
}

static void test_health_when_a_request_never_ends_then_dropped(void **state)
{
	static const char line[] = "X-Filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n";
	_auto(health) struct vtap_health *health = health_start(VTAP_JUDGED_HEALTHY);
	_auto_fd int fd = -1;
	uint64_t deadline_ns = 0;

	(void)state;
	wait_until(true);
	fd = dial();
	assert_true(fd >= 0);
	while (send(fd, line, sizeof(line) - 1, MSG_NOSIGNAL) > 0)
		assert_true(wait_more(&deadline_ns));
	assert_true(errno == EPIPE || errno == ECONNRESET);
}

static void test_health_when_the_port_is_taken_then_it_says_so_and_takes_it_when_free(void **state)
{
	struct sockaddr_in6 own = { .sin6_family = AF_INET6, .sin6_port = htons(PORT) };
	int other = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	_auto(health) struct vtap_health *health = NULL;
	struct vtap_health_status status = { 0 };
	uint64_t deadline_ns = 0;

	(void)state;
	if (other < 0)
		skip(); /* a host without IPv6 */
	assert_int_equal(setsockopt(other, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int)), 0);
	assert_int_equal(bind(other, (const struct sockaddr *)&own, sizeof(own)), 0);
	assert_int_equal(listen(other, 1), 0);
	health = health_start(VTAP_JUDGED_HEALTHY);
	while (status.refused[0] == '\0') {
		assert_true(wait_more(&deadline_ns));
		vtap_health_status(health, &status);
	}
	assert_string_equal(status.refused, "TCP port 4789: Address already in use");
	(void)vtap_fd_close(other); /* always -1 */
	while (!status.is_answering) {
		vtap_health_beat(health, VTAP_JUDGED_HEALTHY, vtap_clock_mono_ns());
		assert_true(wait_more(&deadline_ns));
		vtap_health_status(health, &status);
	}
	assert_string_equal(status.refused, "");
}

static void test_health_when_told_to_listen_elsewhere_then_only_there(void **state)
{
	_auto(health) struct vtap_health *health = health_start(VTAP_JUDGED_HEALTHY);
	struct vtap_health_wish nowhere;

	(void)state;
	wait_until(true);
	memset(&nowhere, 0, sizeof(nowhere));
	vtap_health_want(health, &nowhere);
	wait_until(false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_health_when_healthy_then_any_get_is_200),
		cmocka_unit_test(test_health_when_it_is_no_get_then_405),
		cmocka_unit_test(test_health_when_unhealthy_or_draining_then_refused),
		cmocka_unit_test(test_health_when_starting_then_refused),
		cmocka_unit_test(test_health_when_the_main_loop_does_not_move_then_refused),
		cmocka_unit_test(test_health_when_clients_stay_silent_then_others_are_answered),
		cmocka_unit_test(test_health_when_a_request_never_ends_then_dropped),
		cmocka_unit_test(
			test_health_when_the_port_is_taken_then_it_says_so_and_takes_it_when_free),
		cmocka_unit_test(test_health_when_told_to_listen_elsewhere_then_only_there),
	};

	namespace_enter_or_skip();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
