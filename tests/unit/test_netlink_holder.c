// SPDX-License-Identifier: Apache-2.0
/*
 * Law: who has a UDP port is told in words that lead to him: the address, the user and, where we
 * may see it, the process. Our own sockets and the kernel's are nobody's.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "tests/unit/cmocka_with.h"
#include "tests/unit/tc.h"

#include "netlink/holder.h"

#define PORT 4789 /* in our own namespace */

/* Return: a socket that is bound to the port. */
static int port_bind(const char *address)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(PORT) };
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	bool is_v6 = inet_pton(AF_INET6, address, &v6.sin6_addr) == 1;
	int fd = socket(is_v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (!is_v6)
		(void)inet_pton(AF_INET, address, &v4.sin_addr); /* the test's own */
	if (bind(fd, is_v6 ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4,
		    is_v6 ? sizeof(v6) : sizeof(v4)) < 0)
		return vtap_fd_close(fd);
	return fd;
}

/** struct other - a process that holds the port until it is let go */
struct other {
	pid_t pid;
	int let_go_fd;
};

static void other_run(const char *name, const char *address, int ready_fd, int let_go_fd)
{
	char byte;
	int fd;

	(void)prctl(PR_SET_NAME, name); /* else the test says so */
	fd = port_bind(address);
	if (fd >= 0 && write(ready_fd, "", 1) == 1)
		(void)!read(let_go_fd, &byte, 1); /* ends with the test */
	_exit(fd < 0);
}

static struct other other_start(const char *name, const char *address)
{
	int ready[2], let_go[2];
	struct other other;
	char byte;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	assert_int_equal(pipe2(let_go, O_CLOEXEC), 0);
	other = (struct other){ .pid = fork(), .let_go_fd = let_go[1] };
	assert_true(other.pid >= 0);
	if (other.pid == 0) {
		(void)vtap_fd_close(let_go[1]); /* always -1 */
		other_run(name, address, ready[1], let_go[0]);
	}
	(void)vtap_fd_close(ready[1]);  /* always -1 */
	(void)vtap_fd_close(let_go[0]); /* always -1 */
	assert_int_equal(read(ready[0], &byte, 1), 1);
	(void)vtap_fd_close(ready[0]); /* always -1 */
	return other;
}

static void other_stop(struct other *other)
{
	(void)vtap_fd_close(other->let_go_fd); /* always -1 */
	assert_int_equal(waitpid(other->pid, NULL, 0), other->pid);
}

static void test_holder_when_a_process_has_the_port_then_it_is_named(void **state)
{
	static const struct {
		const char *name, *address, *told_name, *told_address;
	} CASES[] = {
		{ "zeek", "0.0.0.0", "zeek", "0.0.0.0" },
		{ "zeek", "127.0.0.1", "zeek", "127.0.0.1" },
		{ "zeek", "::", "zeek", "::" },
		{ "zeek", "::1", "zeek", "::1" },
		{ "z\033k\xff (x)", "0.0.0.0", "z?k? (x)", "0.0.0.0" },
	};

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(CASES); i++) {
		struct other other = other_start(CASES[i].name, CASES[i].address);
		char words[VTAP_HOLDER_WORDS_MAX] = "", expected[VTAP_HOLDER_WORDS_MAX];

		(void)snprintf(expected, sizeof(expected), "a socket on %s of uid %u (%s, pid %d)",
			CASES[i].told_address, getuid(), CASES[i].told_name, other.pid); /* fits */
		assert_int_equal(vtap_holder_find(AF_UNSPEC, PORT, words, NULL), 0);
		assert_string_equal(words, expected);
		assert_int_equal(
			vtap_holder_find(AF_UNSPEC, PORT + 1, words, NULL), VTAP_HOLDER_NONE);
		other_stop(&other);
	}
}

/* One of IPv6 has the port of IPv4 as well, where it takes every address. */
static void test_holder_when_of_another_family_then_only_if_it_stands_in_the_way(void **state)
{
	static const struct {
		const char *address;
		int for_v4, for_v6;
	} CASES[] = {
		{ "0.0.0.0", 0, VTAP_HOLDER_NONE },
		{ "127.0.0.1", 0, VTAP_HOLDER_NONE },
		{ "::", 0, 0 },
		{ "::1", VTAP_HOLDER_NONE, 0 },
	};

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(CASES); i++) {
		struct other other = other_start("zeek", CASES[i].address);
		char words[VTAP_HOLDER_WORDS_MAX];

		print_message("%s\n", CASES[i].address);
		assert_int_equal(vtap_holder_find(AF_INET, PORT, words, NULL), CASES[i].for_v4);
		assert_int_equal(vtap_holder_find(AF_INET6, PORT, words, NULL), CASES[i].for_v6);
		other_stop(&other);
	}
}

static void test_holder_when_the_port_is_ours_or_free_then_none(void **state)
{
	char words[VTAP_HOLDER_WORDS_MAX];
	int fd;

	(void)state;
	assert_int_equal(vtap_holder_find(AF_UNSPEC, PORT, words, NULL), VTAP_HOLDER_NONE);
	fd = port_bind("0.0.0.0");
	assert_true(fd >= 0);
	assert_int_equal(vtap_holder_find(AF_UNSPEC, PORT, words, NULL), VTAP_HOLDER_NONE);
	(void)vtap_fd_close(fd); /* always -1 */
}

static void test_holder_when_a_vxlan_device_has_the_port_then_none(void **state)
{
	static const char *const KINDS[] = { "", " local :: udp6zerocsumrx" };
	char words[VTAP_HOLDER_WORDS_MAX], command[128];

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(KINDS); i++) {
		(void)snprintf(command, sizeof(command),
			"ip link add vx0 type vxlan id 5 dstport %d nolearning%s", PORT,
			KINDS[i]); /* fits */
		if (system(command) != 0)
			skip(); /* a kernel without vxlan */
		by_hand("ip link set dev vx0 up");
		assert_int_equal(vtap_holder_find(AF_UNSPEC, PORT, words, NULL), VTAP_HOLDER_NONE);
		by_hand("ip link del dev vx0");
	}
}

/* Sends a descriptor to nobody who takes it: what it stands for lives on, and nobody has it open.
 */
static void descriptor_hide(int fd, int to_fd)
{
	char byte = 0;
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(fd))];
	} control = { .bytes = { 0 } };
	struct iovec part = { .iov_base = &byte, .iov_len = 1 };
	const struct msghdr message = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };

	control.header = (struct cmsghdr){
		.cmsg_len = CMSG_LEN(sizeof(fd)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS
	};
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	assert_int_equal(sendmsg(to_fd, &message, 0), 1);
	(void)vtap_fd_close(fd); /* always -1 */
}

static void test_holder_when_the_process_is_not_to_be_seen_then_without_its_name(void **state)
{
	char words[VTAP_HOLDER_WORDS_MAX] = "", expected[VTAP_HOLDER_WORDS_MAX];
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	descriptor_hide(port_bind("0.0.0.0"), pair[0]);
	(void)snprintf(
		expected, sizeof(expected), "a socket on 0.0.0.0 of uid %u", getuid()); /* fits */
	assert_int_equal(vtap_holder_find(AF_UNSPEC, PORT, words, NULL), 0);
	assert_string_equal(words, expected);
	(void)vtap_fd_close(pair[0]); /* always -1 */
	(void)vtap_fd_close(pair[1]); /* always -1 */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_holder_when_a_process_has_the_port_then_it_is_named),
		cmocka_unit_test(
			test_holder_when_of_another_family_then_only_if_it_stands_in_the_way),
		cmocka_unit_test(test_holder_when_the_port_is_ours_or_free_then_none),
		cmocka_unit_test(test_holder_when_a_vxlan_device_has_the_port_then_none),
		cmocka_unit_test(
			test_holder_when_the_process_is_not_to_be_seen_then_without_its_name),
	};

	hands_or_skip();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
