// SPDX-License-Identifier: Apache-2.0
#include "daemon/inspect.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
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

/* In a child that has become the service user: 0, or the number of files it cannot read, at
 * most 99. */
static int child_read(const struct passwd *user, const struct vtap_file *files, size_t n)
{
	int n_refused = 0;

	if (initgroups(user->pw_name, user->pw_gid) < 0 || setgid(user->pw_gid) < 0 ||
		setuid(user->pw_uid) < 0)
		return 0; /* a container without the right: nothing can be said */
	for (size_t i = 0; i < n; i++) {
		_auto_fd int fd = open(files[i].path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

		if (fd >= 0)
			continue;
		(void)fprintf(stderr, "%s: the service user %s cannot read it: %s\n", files[i].path,
			user->pw_name, vtap_errno_text(errno)); /* nowhere else to say so */
		n_refused += n_refused < 99;
	}
	return n_refused;
}

static int service_user_check(const struct vtap_conf *conf)
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
		_exit(child_read(user, conf->files, conf->n_files) > 0 ? VTAP_EXIT_CONFIG : 0);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		continue;
	return WIFEXITED(status) ? WEXITSTATUS(status) : VTAP_EXIT_TROUBLE;
}

int vtap_inspect_check(const struct vtap_options *options)
{
	_auto(conf) const struct vtap_conf *conf = NULL;
	int r = vtap_inspect_load(options, &conf);

	return r != 0 ? r : service_user_check(conf);
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
