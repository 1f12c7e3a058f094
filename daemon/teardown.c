// SPDX-License-Identifier: Apache-2.0
#include "daemon/teardown.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "daemon/lock.h"
#include "daemon/options.h"
#include "daemon/removal.h"
#include "netlink/socket.h"
#include "report/json.h"
#include "report/text.h"

static const char CLOSED[] =
	"vtapd was stopped, and this host now answers its UDP port with ICMP port unreachable: "
	"stop the mirror sessions or close the port in the security group first.";

/* How long a daemon that was told to stop may take: it reads its sockets empty first. */
#define STOP_TIMEOUT_MS 20000

enum { DAEMON_STOPPED = 1 };

/* Tell the process to stop and wait until it is gone; by descriptor, so that no other gets the
 * signal. */
static int process_stop(pid_t pid)
{
	_auto_fd int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd wait = { .fd = fd, .events = POLLIN };

	if (fd < 0)
		return errno == ESRCH ? 0 : -errno;
	if (syscall(SYS_pidfd_send_signal, fd, SIGTERM, NULL, 0) < 0 && errno != ESRCH)
		return -errno;
	return poll(&wait, 1, STOP_TIMEOUT_MS) == 1 ? 0 : -ETIMEDOUT;
}

/* Return: 0 when none runs; DAEMON_STOPPED; negative errno. */
static int daemon_stop(struct vtap_err *err)
{
	pid_t pid;
	int r = vtap_lock_owner(&pid, err);

	if (r == -ESRCH)
		return 0;
	if (r == 0)
		r = process_stop(pid);
	return r < 0 ? r : DAEMON_STOPPED;
}

static int complain(int r, const char *what, const struct vtap_err *err)
{
	(void)fprintf(stderr, "vtapd: %s: %s\n", what,
		vtap_err_text(err, r)); /* nowhere else to say so */
	return r == -EPERM ? VTAP_EXIT_NOPERM : VTAP_EXIT_TROUBLE;
}

/* What held the port until now without a daemon: vxlan interfaces, or a fast path. Return: heap
 * string, or NULL: nothing did, or no memory. */
static char *opened_format(const struct vtap_report_removed *removed)
{
	if (removed->ports[0] == '\0' && removed->n_fast_paths == 0)
		return NULL;
	return vtap_text_format(
		"This host now answers %s%s with ICMP port unreachable:\n"
		"  stop the mirror sessions or close the port in the security group.",
		removed->ports[0] != '\0' ? "UDP " : "its UDP port",
		removed->ports[0] != '\0' ? removed->ports : "");
}

/* In the words of `vtapctl teardown`, or as its JSON. */
static int tell(const struct vtap_report_removed *removed, bool was_stopped, bool is_json)
{
	_auto_free char *opened = opened_format(removed);
	_auto_free char *json = vtap_json_teardown(removed, was_stopped ? CLOSED : opened);
	static const struct vtap_text_opts plain = { .has_color = false };
	int r = json == NULL ? -ENOMEM : 0;

	if (r == 0 && is_json)
		r = printf("%s\n", json) < 0 ? -EIO : 0;
	else if (r == 0)
		r = vtap_text_teardown(json, &plain, stdout, NULL);
	if (r == 0 && fflush(stdout) == 0)
		return VTAP_EXIT_OK;
	(void)fputs("vtapd: the output could not be written\n", stderr); /* nowhere else */
	return VTAP_EXIT_TROUBLE;
}

int vtap_teardown(const char *runtime_dir, bool is_json)
{
	struct vtap_report_removed removed = { 0 };
	_auto(nl) struct vtap_nl *nl = NULL;
	struct vtap_err err = VTAP_ERR_NULL;
	_auto_fd int lock_fd = -1;
	int r = daemon_stop(&err);
	bool was_stopped = r == DAEMON_STOPPED;

	if (r < 0)
		return complain(r, "stop the running vtapd", &err);
	r = vtap_lock_take(&lock_fd, &err); /* nobody starts meanwhile */
	if (r == VTAP_LOCK_HELD)
		return complain(-EBUSY, "another vtapd was started", &err);
	if (r == 0)
		r = vtap_nl_open(&nl, &err);
	if (r == 0)
		r = vtap_removal_run(nl, runtime_dir, &removed, &err);
	if (r < 0)
		return complain(r, "remove what is ours", &err);
	r = tell(&removed, was_stopped, is_json);
	vtap_report_removed_done(&removed);
	return r;
}
