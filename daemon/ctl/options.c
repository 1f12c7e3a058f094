// SPDX-License-Identifier: Apache-2.0
#include "daemon/ctl/options.h"

#include "config/value.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

enum {
	OPTION_SOCKET = 256, /* above every letter */
	OPTION_TIMEOUT,
	OPTION_WAIT,
	OPTION_REASON,
	OPTION_INTERVAL,
	OPTION_ONCE,
	OPTION_JSON,
	OPTION_VERSION,
};

static const struct option OPTIONS[] = {
	{ .name = "socket", .has_arg = required_argument, .val = OPTION_SOCKET },
	{ .name = "timeout", .has_arg = required_argument, .val = OPTION_TIMEOUT },
	{ .name = "wait", .has_arg = no_argument, .val = OPTION_WAIT },
	{ .name = "reason", .has_arg = required_argument, .val = OPTION_REASON },
	{ .name = "interval", .has_arg = required_argument, .val = OPTION_INTERVAL },
	{ .name = "once", .has_arg = no_argument, .val = OPTION_ONCE },
	{ .name = "verbose", .has_arg = no_argument, .val = 'v' },
	{ .name = "json", .has_arg = no_argument, .val = OPTION_JSON },
	{ .name = "version", .has_arg = no_argument, .val = OPTION_VERSION },
	{ .name = "help", .has_arg = no_argument, .val = 'h' },
	{ 0 },
};

static const char *const OPTION_NAMES[] = { "--socket", "--timeout", "--wait", "--reason",
	"--interval", "--once", "--verbose", "--json", "--version", "--help" };

static int take_socket(struct vtap_ctl_options *options, const char *path, struct vtap_err *err)
{
	struct sockaddr_un addr;

	if (path[0] == '\0' || strlen(path) >= sizeof(addr.sun_path))
		return vtap_err_set(err, -EINVAL,
			"--socket: \"%s\": a socket's path has 1 to %zu bytes", path,
			sizeof(addr.sun_path) - 1);
	options->socket = path;
	return 0;
}

static int refuse(const char *typed, int option, struct vtap_err *err)
{
	if (option == ':')
		return vtap_err_set(err, -EINVAL, "%s: a value must follow", typed);
	if (optopt > 0 && optopt < OPTION_SOCKET) /* a letter */
		return vtap_err_set(
			err, -EINVAL, "-%c: unknown option; see vtapctl --help", optopt);
	const char *near = vtap_value_nearest(typed, OPTION_NAMES, VTAP_ARRAY_LEN(OPTION_NAMES));

	if (near != NULL && strcmp(near, typed) != 0)
		return vtap_err_set(
			err, -EINVAL, "%s: unknown option; did you mean %s?", typed, near);
	return vtap_err_set(err, -EINVAL, "%s: unknown option; see vtapctl --help", typed);
}

/* Return: 0, or -EINVAL. */
static int take(
	struct vtap_ctl_options *options, int option, const char *typed, struct vtap_err *err)
{
	switch (option) {
	case OPTION_SOCKET:
		return take_socket(options, optarg, err);
	case OPTION_TIMEOUT:
		options->timeout = optarg;
		options->given |= VTAP_CTL_OPTION_TIMEOUT;
		return 0;
	case OPTION_WAIT:
		options->given |= VTAP_CTL_OPTION_WAIT;
		return 0;
	case OPTION_REASON:
		options->reason = optarg;
		options->given |= VTAP_CTL_OPTION_REASON;
		return 0;
	case OPTION_INTERVAL:
		options->interval = optarg;
		options->given |= VTAP_CTL_OPTION_INTERVAL;
		return 0;
	case OPTION_ONCE:
		options->given |= VTAP_CTL_OPTION_ONCE;
		return 0;
	case 'v':
		options->given |= VTAP_CTL_OPTION_VERBOSE;
		return 0;
	case OPTION_JSON:
		options->is_json = true;
		return 0;
	case OPTION_VERSION:
		options->is_version = true;
		return 0;
	case 'h':
		options->is_help = true;
		return 0;
	default:
		return refuse(typed, option, err);
	}
}

int vtap_ctl_options_read(
	int argc, char **argv, struct vtap_ctl_options *ret_options, struct vtap_err *err)
{
	struct vtap_ctl_options options = { .socket = VTAP_CTL_SOCKET };
	int option;

	optind = 0; /* glibc: start over */
	opterr = 0; /* the sentences are ours */
	while ((option = getopt_long(argc, argv, ":hv", OPTIONS, NULL)) != -1) {
		int r = take(&options, option, argv[optind - 1], err);
		if (r < 0)
			return r;
	}
	options.word = argv[optind]; /* NULL behind the last */
	options.args = options.word != NULL ? argv + optind + 1 : argv + argc;
	options.n_args = (size_t)(argv + argc - options.args);
	*ret_options = options;
	return 0;
}

const struct option *vtap_ctl_options_all(void)
{
	return OPTIONS;
}
