// SPDX-License-Identifier: Apache-2.0
/*
 * Relied upon by vtap_socket_drops(): SO_MEMINFO counts every datagram that a full socket buffer
 * refused, at once, and reading does not set it back.
 */
#include "tests/probes/probe.h"

#include <linux/sock_diag.h>

#define N 2000

static uint32_t drops_read(int fd)
{
	uint32_t info[SK_MEMINFO_VARS] = { 0 };
	socklen_t size = sizeof(info);

	must(getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &size));
	return info[SK_MEMINFO_DROPS];
}

int main(void)
{
	static const int SMALL = 4096;
	struct sockaddr_in address = loopback_address(PROBE_PORT);
	uint32_t n_dropped;
	unsigned n_read;
	int fd;

	namespace_enter_or_skip();
	fd = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	must(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &SMALL, sizeof(SMALL)));
	must(bind(fd, (const struct sockaddr *)&address, sizeof(address)));
	claim(drops_read(fd) == 0, "a fresh socket has dropped nothing");
	send_from_many_ports(N);
	n_dropped = drops_read(fd);
	n_read = receive_waiting(fd);
	claim(n_dropped > 0 && n_dropped + n_read == N, "of %d datagrams %u were dropped, %u read",
		N, n_dropped, n_read);
	claim(drops_read(fd) == n_dropped, "reading changes nothing");
	(void)vtap_fd_close(fd); /* always -1 */
	return EXIT_SUCCESS;
}
