/* SPDX-License-Identifier: Apache-2.0 */
/* What probes share: a claim about the kernel that holds or ends the program, and UDP over
 * loopback. */
#pragma once

#include "tests/unit/namespace.h"

#include <arpa/inet.h>
#include <netinet/in.h>

/** PROBE_PORT - of UDP; the namespace is the probe's own */
#define PROBE_PORT 4789

/** claim() - print what was seen; a claim that does not hold fails the probe */
#define claim(holds, ...)                                                                          \
	do {                                                                                       \
		bool claim_holds_ = (holds);                                                       \
		(void)printf("%s: ", claim_holds_ ? "holds" : "DOES NOT HOLD");                    \
		(void)printf(__VA_ARGS__);                                                         \
		(void)putchar('\n'); /* of these three: a probe has nobody else to tell */         \
		if (!claim_holds_)                                                                 \
			exit(EXIT_FAILURE);                                                        \
	} while (0)

/** must() - a step on the way to a claim. Return: @result, never negative. */
#define must(result)                                                                               \
	({                                                                                         \
		__typeof__(result) must_result_ = (result);                                        \
		if (must_result_ < 0) {                                                            \
			(void)printf("failed: %s: %s\n", #result, strerror(errno)); /* as above */ \
			exit(EXIT_FAILURE);                                                        \
		}                                                                                  \
		must_result_;                                                                      \
	})

static inline struct sockaddr_in loopback_address(uint16_t port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

/** send_from_many_ports() - one datagram each, so that a hash over ports spreads them */
static inline void send_from_many_ports(unsigned n)
{
	struct sockaddr_in to = loopback_address(PROBE_PORT);

	for (unsigned i = 0; i < n; i++) {
		int fd = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));

		must(sendto(fd, "x", 1, 0, (const struct sockaddr *)&to, sizeof(to)));
		(void)vtap_fd_close(fd); /* always -1 */
	}
}

/** receive_waiting() - how many datagrams wait in a socket; they are taken out */
static inline unsigned receive_waiting(int fd)
{
	char byte;
	unsigned n = 0;

	while (recv(fd, &byte, sizeof(byte), MSG_DONTWAIT) >= 0)
		n++;
	return n;
}
