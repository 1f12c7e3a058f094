// SPDX-License-Identifier: Apache-2.0
#include "daemon/ctl/teardown.h"

#include <errno.h>
#include <limits.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

#ifndef VTAP_CTL_DAEMON
#error "VTAP_CTL_DAEMON: the installed path of vtapd, set by CMakeLists.txt"
#endif

/* The directory of a file, "." when its path names none. */
static int folder_of(const char *path, char **ret_folder)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash != NULL ? (size_t)(slash - path) : 0;
	char *folder = slash == NULL ? strdup(".") : len == 0 ? strdup("/") : strndup(path, len);

	if (folder == NULL)
		return -ENOMEM;
	*ret_folder = folder;
	return 0;
}

/* The daemon of the build tree that this program lies in, else the installed one. */
static int find_daemon(char **ret_path)
{
	char self[PATH_MAX];
	_auto_free char *folder = NULL;
	_auto_free char *path = NULL;
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (len < 0)
		return -errno;
	self[len] = '\0';
	int r = folder_of(self, &folder);
	if (r < 0)
		return r;
	if (asprintf(&path, "%s/../vtapd", folder) < 0)
		return -ENOMEM;
	if (access(path, X_OK) != 0) {
		free(vtap_steal(&path));
		path = strdup(VTAP_CTL_DAEMON);
	}
	if (path == NULL)
		return -ENOMEM;
	*ret_path = vtap_steal(&path);
	return 0;
}

/* Return: the exit status of the child, or -EINTR. */
static int wait_for(pid_t pid, struct vtap_err *err)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return vtap_err_set(
				err, -errno, "waiting for vtapd: %s", vtap_errno_text(errno));
	}
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	return vtap_err_set(err, -EINTR, "vtapd was ended by signal %d", WTERMSIG(status));
}

static int spawn_daemon(char *path, char *runtime_dir, bool is_json, struct vtap_err *err)
{
	char name[] = "vtapd", teardown[] = "--teardown", option[] = "--runtime-dir";
	char json[] = "--json";
	char *const argv[] = { name, teardown, option, runtime_dir, is_json ? json : NULL, NULL };
	pid_t pid;

	int r = posix_spawn(&pid, path, NULL, NULL, argv, environ);
	if (r != 0)
		return vtap_err_set(err, -r, "running %s: %s", path, vtap_errno_text(r));
	return wait_for(pid, err);
}

int vtap_ctl_teardown_run(const char *socket, bool is_json, struct vtap_err *err)
{
	_auto_free char *runtime_dir = NULL;
	_auto_free char *path = NULL;

	int r = folder_of(socket, &runtime_dir);
	if (r == 0)
		r = find_daemon(&path);
	if (r < 0 || path == NULL)
		return vtap_err_set(err, r, "looking for vtapd: %s", vtap_errno_text(r));
	return spawn_daemon(path, runtime_dir, is_json, err);
}
