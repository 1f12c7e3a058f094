// SPDX-License-Identifier: Apache-2.0
#include "daemon/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "daemon/version.h"

static const char HELP[] =
	"usage: vtapd [-c FILE] [--runtime-dir DIR] [--check | --dump-config | --teardown]\n"
	"\n"
	"Shows mirrored traffic on tap interfaces. Runs in the foreground.\n"
	"\n"
	"  -c, --config FILE   configuration, then conf.d/*.conf beside it "
	"(/etc/vtapd/vtapd.conf)\n"
	"  --runtime-dir DIR   holds control.sock (/run/vtapd)\n"
	"  --check             print every mistake of the configuration; exit 0 or 78\n"
	"  --dump-config       print the configuration with every default filled in\n"
	"  --teardown          remove every interface that vtapd made; stops a running vtapd "
	"first\n"
	"  --help, --version\n"
	"\n"
	"exit: 0 well, 64 usage, 75 another vtapd manages this network namespace, 77 not "
	"permitted,\n"
	"      78 configuration refused. Manual: vtapd(8), vtapd.conf(5), vtapctl(8)\n";

enum {
	OPTION_CHECK = 256,
	OPTION_DUMP,
	OPTION_TEARDOWN,
	OPTION_RUNTIME_DIR,
	OPTION_HELP,
	OPTION_VERSION,
};

static const struct option LONG[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "check", no_argument, NULL, OPTION_CHECK },
	{ "dump-config", no_argument, NULL, OPTION_DUMP },
	{ "teardown", no_argument, NULL, OPTION_TEARDOWN },
	{ "runtime-dir", required_argument, NULL, OPTION_RUNTIME_DIR },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ 0 },
};

static int usage(const char *complaint)
{
	(void)fprintf(
		stderr, "vtapd: %s; try vtapd --help\n", complaint); /* nowhere else to say so */
	return VTAP_EXIT_USAGE;
}

static int option_take(int option, struct vtap_options *options)
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
	case OPTION_HELP:
		options->is_done = printf("%s", HELP) >= 0;
		break;
	case OPTION_VERSION:
		options->is_done = printf("vtapd %s\n", VTAP_VERSION) >= 0;
		break;
	default: /* getopt has said what is wrong */
		return VTAP_EXIT_USAGE;
	}
	return 0;
}

int vtap_options_parse(int argc, char **argv, struct vtap_options *ret_options)
{
	struct vtap_options options = {
		.config_path = "/etc/vtapd/vtapd.conf",
		.runtime_dir = "/run/vtapd",
	};
	int option, r = 0;

	while (r == 0 && (option = getopt_long(argc, argv, "c:", LONG, NULL)) != -1)
		r = option_take(option, &options);
	if (r != 0)
		return r;
	if (optind < argc)
		return usage("takes options only");
	if (options.is_check + options.is_dump + options.is_teardown > 1)
		return usage("--check, --dump-config and --teardown are one at a time");
	*ret_options = options;
	return 0;
}

const struct option *vtap_options_all(void)
{
	return LONG;
}
