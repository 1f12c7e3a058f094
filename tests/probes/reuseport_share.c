// SPDX-License-Identifier: Apache-2.0
/*
 * Relied upon by the intake: the sockets of a SO_REUSEPORT group share what comes by outer flow, so
 * one flow stays in one socket and in order; and the reason for the lock: a stranger of the same
 * user who binds the port too gets a share.
 */
#include "tests/probes/probe.h"

#define N 400

static int member_open(void)
{
	static const int ON = 1;
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(PROBE_PORT) };
	int fd = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));

	must(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &ON, sizeof(ON)));
	must(bind(fd, (const struct sockaddr *)&address, sizeof(address)));
	return fd;
}

static void send_one_flow(unsigned n)
{
	struct sockaddr_in to = loopback_address(PROBE_PORT);
	_auto_fd int fd = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));

	for (unsigned i = 0; i < n; i++)
		must(sendto(fd, "x", 1, 0, (const struct sockaddr *)&to, sizeof(to)));
}

int main(void)
{
	unsigned a, b;
	int first, second;

	namespace_enter_or_skip();
	first = member_open();
	second = member_open();
	send_from_many_ports(N);
	a = receive_waiting(first);
	b = receive_waiting(second);
	claim(a > N / 4 && b > N / 4 && a + b == N, "of %d flows %u and %u", N, a, b);
	send_one_flow(N / 4);
	a = receive_waiting(first);
	b = receive_waiting(second);
	claim((a == 0 || b == 0) && a + b == N / 4, "of one flow %u and %u", a, b);
	(void)vtap_fd_close(first); /* always -1 */
	(void)vtap_fd_close(second);
	return EXIT_SUCCESS;
}
