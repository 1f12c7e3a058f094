// SPDX-License-Identifier: Apache-2.0
#include "daemon/lock.h"

#include <errno.h>
#include <pwd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char LOCK_NAME[] = "vtapd"; /* "@vtapd" in ss -xl */

static socklen_t lock_address(struct sockaddr_un *ret_address)
{
	*ret_address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(ret_address->sun_path + 1, LOCK_NAME,
		strlen(LOCK_NAME)); /* a leading NUL: abstract */
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(LOCK_NAME));
}

int vtap_lock_take(int *ret_fd, struct vtap_err *err)
{
	struct sockaddr_un address;
	socklen_t size = lock_address(&address);
	_auto_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return vtap_err_set(err, -errno, "socket: %s", vtap_errno_text(errno));
	if (bind(fd, (const struct sockaddr *)&address, size) < 0) {
		if (errno == EADDRINUSE)
			return VTAP_LOCK_HELD;
		return vtap_err_set(err, -errno, "bind @%s: %s", LOCK_NAME, vtap_errno_text(errno));
	}
	if (listen(fd, SOMAXCONN) < 0) /* so that vtap_lock_owner() can ask who it is */
		return vtap_err_set(
			err, -errno, "listen on @%s: %s", LOCK_NAME, vtap_errno_text(errno));
	*ret_fd = vtap_steal_fd(&fd);
	return 0;
}

static bool is_trusted(uid_t uid)
{
	const struct passwd *user = getpwnam(VTAP_SERVICE_USER);

	return uid == 0 || uid == geteuid() || (user != NULL && uid == user->pw_uid);
}

int vtap_lock_owner(pid_t *ret_pid, struct vtap_err *err)
{
	struct sockaddr_un address;
	socklen_t size = lock_address(&address);
	_auto_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct ucred peer;
	socklen_t peer_size = sizeof(peer);

	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&address, size) < 0)
		return errno == ECONNREFUSED ? -ESRCH : -errno;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &peer_size) < 0)
		return -errno;
	if (!is_trusted(peer.uid))
		return vtap_err_set(err, -EPERM,
			"@%s is held by pid %d of uid %ju, which is not vtapd's", LOCK_NAME,
			(int)peer.pid, (uintmax_t)peer.uid);
	*ret_pid = peer.pid;
	return 0;
}

void vtap_lock_answer(int fd)
{
	(void)vtap_fd_close(
		accept4(fd, NULL, NULL, SOCK_CLOEXEC)); /* who asks has his answer already */
}
