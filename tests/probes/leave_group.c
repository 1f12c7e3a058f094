// SPDX-License-Identifier: Apache-2.0
/*
 * Relied upon by vtap_socket_leave_group(): a UDP socket that is connected gets nothing of its
 * SO_REUSEPORT group any more, the others get all, and what waits in it can still be read.
 */
#include "tests/probes/probe.h"

#define N 200 /* fits into one socket of default size */

static int member_open(int family)
{
	static const int ON = 1, OFF = 0;
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(PROBE_PORT) };
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(PROBE_PORT) };
	int fd = must(socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));

	must(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &ON, sizeof(ON)));
	if (family == AF_INET) {
		must(bind(fd, (const struct sockaddr *)&v4, sizeof(v4)));
		return fd;
	}
	must(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &OFF, sizeof(OFF)));
	must(bind(fd, (const struct sockaddr *)&v6, sizeof(v6)));
	return fd;
}

static void member_leave(int fd, int family)
{
	struct sockaddr_in v4 = loopback_address(9);
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(9) };

	v6.sin6_addr.s6_addr[10] = v6.sin6_addr.s6_addr[11] = 0xff;
	memcpy(&v6.sin6_addr.s6_addr[12], &v4.sin_addr, sizeof(v4.sin_addr));
	if (family == AF_INET)
		must(connect(fd, (const struct sockaddr *)&v4, sizeof(v4)));
	else
		must(connect(fd, (const struct sockaddr *)&v6, sizeof(v6)));
}

static void probe_family(int family, const char *name)
{
	_auto_fd int stays = member_open(family), leaves = member_open(family);
	unsigned n_stays, n_leaves;

	send_from_many_ports(N);
	member_leave(leaves, family);
	n_leaves = receive_waiting(leaves);
	n_stays = receive_waiting(stays);
	claim(n_leaves > 0 && n_stays > 0 && n_leaves + n_stays == N,
		"%s: of %d datagrams %u wait in the one that leaves, %u in the other", name, N,
		n_leaves, n_stays);
	send_from_many_ports(N);
	n_leaves = receive_waiting(leaves);
	n_stays = receive_waiting(stays);
	claim(n_leaves == 0 && n_stays == N, "%s: then %u and %u", name, n_leaves, n_stays);
}

int main(void)
{
	int fd;

	namespace_enter_or_skip();
	probe_family(AF_INET, "IPv4");
	fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0) /* else a host without IPv6 */
		probe_family(AF_INET6, "dual stack");
	(void)vtap_fd_close(fd); /* always -1 */
	return EXIT_SUCCESS;
}
