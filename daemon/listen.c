// SPDX-License-Identifier: Apache-2.0
#include "daemon/listen.h"

#include <errno.h>
#include <grp.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/log.h"

/* Who may open the local socket beside root. */
static const char READERS_GROUP[] = "vtapd";

/* ---- TCP ---- */

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

/* ---- local ---- */

/* Members of the group may read. Run by its own user the daemon has that group already. */
static void group_give(const char *path)
{
	const struct group *group = geteuid() == 0 ? getgrnam(READERS_GROUP) : NULL;

	if (group != NULL && chown(path, (uid_t)-1, group->gr_gid) < 0)
		vtap_log(LOG_WARNING, VTAP_EVENT_TROUBLE,
			&(struct vtap_log_context){ .error = errno },
			"give %s to the group %s: %s; only root may ask", path, READERS_GROUP,
			vtap_errno_text(errno));
}

int vtap_listen_local(const char *path, int *ret_fd, struct vtap_err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_auto_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return vtap_err_set(err, -errno, "socket: %s", vtap_errno_text(errno));
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path); /* fits */
	(void)unlink(path); /* left by one that was killed; we hold the lock */
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return vtap_err_set(err, -errno, "bind %s: %s", path, vtap_errno_text(errno));
	group_give(path);
	if (chmod(path, 0660) < 0 || listen(fd, SOMAXCONN) < 0)
		return vtap_err_set(err, -errno, "listen on %s: %s", path, vtap_errno_text(errno));
	*ret_fd = vtap_steal_fd(&fd);
	return 0;
}
