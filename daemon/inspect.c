// SPDX-License-Identifier: Apache-2.0
#include "daemon/inspect.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "config/dump.h"
#include "config/load.h"
#include "daemon/lock.h"

static void diags_print(const struct vtap_diags *diags, FILE *out)
{
	char summary[64];

	for (size_t i = 0; i < diags->n; i++) {
		_auto_free char *line = vtap_diag_format(&diags->diag[i]);

		(void)fprintf(out, "%s\n", line != NULL ? line : "?"); /* nowhere else to say so */
	}
	(void)fprintf(out, "%s.\n", /* as above */
		vtap_diags_summary(diags->n, vtap_diags_n_files(diags), summary, sizeof(summary)));
}

int vtap_inspect_load(const struct vtap_options *options, const struct vtap_conf **ret_conf)
{
	struct vtap_diags diags = { 0 };
	/* a person may try out files of his own; the daemon trusts root's only */
	bool is_trial = options->is_check || options->is_dump;
	int r = vtap_load(options->config_path, is_trial ? geteuid() : 0, ret_conf, &diags);

	if (r == VTAP_LOAD_REFUSED)
		diags_print(&diags, options->is_check ? stdout : stderr);
	else if (r < 0)
		(void)fprintf(
			stderr, "vtapd: %s\n", vtap_errno_text(r)); /* nowhere else to say so */
	vtap_diags_done(&diags);
	return r == 0 ? 0 : r == VTAP_LOAD_REFUSED ? VTAP_EXIT_CONFIG : VTAP_EXIT_TROUBLE;
}

/* What the one who is asked cannot read, with the command that lets him. @letters: of chmod. */
static void complain_unread(struct vtap_diags *diags, const char *user, const char *path,
	const char *letters, int error)
{
	struct vtap_place place = { .file = path };
	const char *slash = strrchr(path, '/');
	struct stat stat_now;

	if (error != EACCES) /* no matter of its mode */
		vtap_diags_add(diags, place, "", "", NULL, "the service user %s cannot read it: %s",
			user, vtap_errno_text(error));
	else if (stat(path, &stat_now) < 0 && slash != NULL && slash != path)
		vtap_diags_add(diags, place, "", "", NULL,
			"the service user %s cannot reach it: chmod go+x %.*s", user,
			(int)(slash - path), path);
	else
		vtap_diags_add(diags, place, "", "", NULL,
			"the service user %s cannot read it: chmod %s %s", user, letters, path);
}

static bool user_become(const struct passwd *user)
{
	return initgroups(user->pw_name, user->pw_gid) == 0 && setgid(user->pw_gid) == 0 &&
	       setuid(user->pw_uid) == 0;
}

/* As the service user: files and folder as they are when the daemon reads them. */
static void user_read(const char *user, const struct vtap_conf *conf, const char *folder,
	struct vtap_diags *diags)
{
	DIR *entries;

	for (size_t i = 0; i < conf->n_files; i++) {
		const char *path = conf->files[i].path;
		_auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

		if (fd < 0)
			complain_unread(diags, user, path, "go+r", errno);
	}
	entries = opendir(folder);
	if (entries != NULL)
		(void)closedir(entries); /* nothing was written */
	else if (errno != ENOENT)
		complain_unread(diags, user, folder, "go+rx", errno);
}

/* Return: exit status of a child that has become the service user. */
static int child_read(
	const struct passwd *user, const struct vtap_conf *conf, const char *config_path)
{
	_auto_free char *folder = vtap_load_folder(config_path);
	struct vtap_diags diags = { 0 };
	size_t n;

	if (folder == NULL)
		return VTAP_EXIT_TROUBLE;
	if (!user_become(user))
		return 0; /* a container without the right: nothing can be said */
	user_read(user->pw_name, conf, folder, &diags);
	n = diags.n;
	if (n > 0)
		diags_print(&diags, stdout);
	vtap_diags_done(&diags);
	return fflush(stdout) != 0 ? VTAP_EXIT_TROUBLE : n > 0 ? VTAP_EXIT_CONFIG : 0;
}

static int service_user_check(const struct vtap_conf *conf, const char *config_path)
{
	const struct passwd *user = geteuid() == 0 ? getpwnam(VTAP_SERVICE_USER) : NULL;
	int status = 0;
	pid_t child;

	if (user == NULL)
		return 0;
	child = fork();
	if (child < 0)
		return VTAP_EXIT_TROUBLE;
	if (child == 0)
		_exit(child_read(user, conf, config_path));
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		continue;
	return WIFEXITED(status) ? WEXITSTATUS(status) : VTAP_EXIT_TROUBLE;
}

int vtap_inspect_check(const struct vtap_options *options)
{
	_auto(conf) const struct vtap_conf *conf = NULL;
	int r = vtap_inspect_load(options, &conf);

	return r != 0 ? r : service_user_check(conf, options->config_path);
}

int vtap_inspect_dump(const struct vtap_options *options)
{
	_auto(conf) const struct vtap_conf *conf = NULL;
	int r = vtap_inspect_load(options, &conf);

	if (r != 0)
		return r;
	if (vtap_dump(conf, stdout) == 0 && fflush(stdout) == 0)
		return VTAP_EXIT_OK;
	(void)fputs("vtapd: the output could not be written\n", stderr); /* nowhere else */
	return VTAP_EXIT_TROUBLE;
}
