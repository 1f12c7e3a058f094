// SPDX-License-Identifier: Apache-2.0
#include "daemon/listen.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

static bool is_every_address(const struct vtap_addr *addr)
{
	static const struct vtap_addr EVERY = { 0 };

	return vtap_addr_compare(addr, &EVERY) == 0;
}

static int option_set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

static int address_bind(int fd, int family, const struct vtap_addr *addr, uint16_t port)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	int r;

	memcpy(&v6.sin6_addr, addr->byte, sizeof(v6.sin6_addr));
	memcpy(&v4.sin_addr, addr->byte + sizeof(v6.sin6_addr) - sizeof(v4.sin_addr),
		sizeof(v4.sin_addr));
	r = family == AF_INET6 ? bind(fd, (const struct sockaddr *)&v6, sizeof(v6))
			       : bind(fd, (const struct sockaddr *)&v4, sizeof(v4));
	return r < 0 ? -errno : 0;
}

static int family_listen(
	int family, const struct vtap_addr *addr, uint16_t port, int backlog, int *ret_fd)
{
	_auto_fd int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int r = fd < 0 ? -errno : option_set(fd, SOL_SOCKET, SO_REUSEADDR, 1);

	if (r == 0 && family == AF_INET6)
		r = option_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
	if (r == 0)
		r = address_bind(fd, family, addr, port);
	if (r == 0 && listen(fd, backlog) < 0)
		r = -errno;
	if (r == 0)
		*ret_fd = vtap_steal_fd(&fd);
	return r;
}

int vtap_listen_tcp(
	const struct vtap_addr *addr, uint16_t port, int backlog, int *ret_fd, struct vtap_err *err)
{
	bool is_every = is_every_address(addr);
	char text[VTAP_ADDR_TEXT_MAX];
	int r = family_listen(
		vtap_addr_is_v4(addr) ? AF_INET : AF_INET6, addr, port, backlog, ret_fd);

	/* ipv6.disable=1, or disable_ipv6 */
	if (is_every && (r == -EAFNOSUPPORT || r == -EADDRNOTAVAIL))
		r = family_listen(AF_INET, addr, port, backlog, ret_fd);
	if (r == 0)
		return 0;
	vtap_addr_format(addr, text);
	return vtap_err_set(err, r, "TCP port %u%s%s: %s", port, is_every ? "" : " of ",
		is_every ? "" : text, vtap_errno_text(r));
}
