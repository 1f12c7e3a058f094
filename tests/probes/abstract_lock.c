// SPDX-License-Identifier: Apache-2.0
/*
 * Relied upon by daemon/lock: an abstract unix socket name can be bound once in a network
 * namespace, again in another one, and is free the moment its process is gone.
 */
#include "tests/probes/probe.h"

#include <stddef.h>
#include <sys/un.h>
#include <sys/wait.h>

/* Return: a descriptor or negative errno */
static int name_bind(void)
{
	static const char name[] = "vtapd-probe";
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = must(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));

	memcpy(address.sun_path + 1, name, strlen(name));
	if (bind(fd, (const struct sockaddr *)&address,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name))) == 0)
		return fd;
	(void)vtap_fd_close(fd); /* always -1 */
	return -errno;
}

/* Return: what @child did, as an exit status */
static int in_child(int (*child)(void))
{
	pid_t pid = must(fork());
	int status = -1;

	if (pid == 0)
		_exit(child());
	must(waitpid(pid, &status, 0));
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int child_bind(void)
{
	int fd = name_bind();

	return fd < 0 ? -fd : 0;
}

static int child_bind_elsewhere(void)
{
	return unshare(CLONE_NEWNET) < 0 ? errno : child_bind();
}

int main(void)
{
	int fd, r;

	namespace_enter_or_skip();
	r = in_child(child_bind);
	claim(r == 0, "a child binds the name and dies: %s", strerror(r));
	fd = name_bind();
	claim(fd >= 0, "then it is free");
	r = in_child(child_bind);
	claim(r == EADDRINUSE, "another process of the namespace: %s", strerror(r));
	r = in_child(child_bind_elsewhere);
	claim(r == 0, "a process in another namespace: %s", strerror(r));
	(void)vtap_fd_close(fd); /* always -1 */
	return EXIT_SUCCESS;
}
