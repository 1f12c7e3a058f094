/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of vtapd, and its exit statuses. */
#pragma once

#include <getopt.h>
#include <limits.h>
#include <stdbool.h>

/* Exit statuses. Source: sysexits.h where it has a name. */
enum {
	VTAP_EXIT_OK = 0,
	VTAP_EXIT_TROUBLE = 1,
	VTAP_EXIT_USAGE = 64,
	VTAP_EXIT_LOCKED = 75, /* another vtapd manages this network namespace */
	VTAP_EXIT_NOPERM = 77,
	VTAP_EXIT_CONFIG = 78,
};

/** VTAP_RUNTIME_DIR - where nobody names another one */
#define VTAP_RUNTIME_DIR "/run/vtapd"

struct vtap_options {
	const char *config_path; /* absolute for a daemon that is to run */
	char config_absolute[PATH_MAX];
	const char *runtime_dir;
	bool is_check;
	bool is_dump;
	bool is_teardown;
	bool is_json; /* with is_teardown */
	bool is_done; /* --help or --version: printed */
};

/**
 * vtap_options_parse() - read the command line
 * @ret_options: its strings lie in @argv, or in it: it must not be moved
 * Return: 0; VTAP_EXIT_USAGE, or VTAP_EXIT_TROUBLE when --help cannot be written, after one line
 * on stderr.
 */
int vtap_options_parse(int argc, char **argv, struct vtap_options *ret_options);

/** vtap_options_all() - every option as getopt_long() takes them, up to one without a name */
const struct option *vtap_options_all(void);
