// SPDX-License-Identifier: Apache-2.0
#include "daemon/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "config/value.h"
#include "daemon/version.h"

static const char HELP[] =
	"usage: vtapd [-c FILE] [--runtime-dir DIR] [--check | --dump-config | --teardown]\n"
	"\n"
	"Shows mirrored traffic on tap interfaces. Runs in the foreground.\n"
	"\n"
	"  -c, --config FILE   configuration, then conf.d/*.conf beside it "
	"(/etc/vtapd/vtapd.conf)\n"
	"  --runtime-dir DIR   holds control.sock (" VTAP_RUNTIME_DIR ")\n"
	"  --check             print every mistake of the configuration; exit 0 or 78\n"
	"  --dump-config       print the configuration with every default filled in\n"
	"  --teardown          remove every interface that vtapd made; stops a running vtapd "
	"first\n"
	"  --json              with --teardown: what was done as JSON\n"
	"  -h, --help, --version\n"
	"\n"
	"exit: 0 well, 64 usage, 75 another vtapd manages this network namespace, 77 not "
	"permitted,\n"
	"      78 configuration refused. Manual: vtapd(8), vtapd.conf(5), vtapctl(8)\n";

enum {
	OPTION_CHECK = 256,
	OPTION_DUMP,
	OPTION_TEARDOWN,
	OPTION_JSON,
	OPTION_RUNTIME_DIR,
	OPTION_VERSION,
};

static const struct option LONG[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "check", no_argument, NULL, OPTION_CHECK },
	{ "dump-config", no_argument, NULL, OPTION_DUMP },
	{ "teardown", no_argument, NULL, OPTION_TEARDOWN },
	{ "runtime-dir", required_argument, NULL, OPTION_RUNTIME_DIR },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ 0 },
};

static int usage(const char *complaint)
{
	(void)fprintf(
		stderr, "vtapd: %s; try vtapd --help\n", complaint); /* nowhere else to say so */
	return VTAP_EXIT_USAGE;
}

static int refuse(int option, const char *typed)
{
	const char *names[VTAP_ARRAY_LEN(LONG)];
	size_t n = 0;

	if (option == ':') {
		(void)fprintf(stderr, "vtapd: %s: a value must follow\n", typed); /* as usage() */
		return VTAP_EXIT_USAGE;
	}
	while (LONG[n].name != NULL) {
		names[n] = LONG[n].name;
		n++;
	}
	const char *near =
		strncmp(typed, "--", 2) == 0 ? vtap_value_nearest(typed + 2, names, n) : NULL;
	if (near != NULL && strcmp(near, typed + 2) != 0)
		(void)fprintf(stderr, "vtapd: %s: unknown option; did you mean --%s?\n", typed,
			near); /* as usage() */
	else
		(void)fprintf(stderr, "vtapd: %s: unknown option; try vtapd --help\n",
			typed); /* as usage() */
	return VTAP_EXIT_USAGE;
}

/* What was asked for is all that there is to do. */
static int say(const char *text, struct vtap_options *options)
{
	options->is_done = true;
	if (fputs(text, stdout) >= 0 && fflush(stdout) == 0)
		return 0;
	(void)fputs("vtapd: the output could not be written\n", stderr); /* as usage() */
	return VTAP_EXIT_TROUBLE;
}

static int option_take(int option, const char *typed, struct vtap_options *options)
{
	switch (option) {
	case 'c':
		options->config_path = optarg;
		break;
	case OPTION_CHECK:
		options->is_check = true;
		break;
	case OPTION_DUMP:
		options->is_dump = true;
		break;
	case OPTION_TEARDOWN:
		options->is_teardown = true;
		break;
	case OPTION_RUNTIME_DIR:
		options->runtime_dir = optarg;
		break;
	case OPTION_JSON:
		options->is_json = true;
		break;
	case 'h':
		return say(HELP, options);
	case OPTION_VERSION:
		return say("vtapd " VTAP_VERSION "\n", options);
	default:
		return refuse(option, typed);
	}
	return 0;
}

/* A daemon says its path to people in other folders. */
static int config_path_complete(struct vtap_options *options)
{
	char folder[PATH_MAX];
	int len;

	if (options->config_path[0] == '/')
		return 0;
	if (getcwd(folder, sizeof(folder)) == NULL) {
		(void)fprintf(stderr, "vtapd: the present folder: %s\n",
			vtap_errno_text(errno)); /* as usage() */
		return VTAP_EXIT_TROUBLE;
	}
	len = snprintf(options->config_absolute, sizeof(options->config_absolute), "%s/%s",
		strcmp(folder, "/") == 0 ? "" : folder, options->config_path);
	if (len < 0 || (size_t)len >= sizeof(options->config_absolute))
		return usage("-c: the path is too long");
	options->config_path = options->config_absolute;
	return 0;
}

int vtap_options_parse(int argc, char **argv, struct vtap_options *ret_options)
{
	struct vtap_options *options = ret_options;
	int option, r = 0;

	*options = (struct vtap_options){
		.config_path = "/etc/vtapd/vtapd.conf",
		.runtime_dir = VTAP_RUNTIME_DIR,
	};
	optind = 0; /* glibc: start over */
	opterr = 0; /* the sentences are ours */
	while (r == 0 && !options->is_done &&
		(option = getopt_long(argc, argv, ":hc:", LONG, NULL)) != -1)
		r = option_take(option, argv[optind - 1], options);
	if (r != 0 || options->is_done)
		return r;
	if (optind < argc)
		return usage("takes options only");
	if (options->is_check + options->is_dump + options->is_teardown > 1)
		return usage("--check, --dump-config and --teardown are one at a time");
	if (options->is_json && !options->is_teardown)
		return usage("--json belongs to --teardown");
	if (options->is_check || options->is_dump || options->is_teardown)
		return 0;
	return config_path_complete(options);
}

const struct option *vtap_options_all(void)
{
	return LONG;
}
