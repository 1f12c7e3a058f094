/* SPDX-License-Identifier: Apache-2.0 */
/* What was typed: options, the word of the command, and its arguments. */
#pragma once

#include "base/err.h"

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>

/** VTAP_CTL_SOCKET - where a daemon with the default runtime directory listens */
#define VTAP_CTL_SOCKET "/run/vtapd/control.sock"

/** enum vtap_ctl_option - options that belong to one command each, bits */
enum vtap_ctl_option {
	VTAP_CTL_OPTION_TIMEOUT = 1 << 0,
	VTAP_CTL_OPTION_WAIT = 1 << 1,
	VTAP_CTL_OPTION_REASON = 1 << 2,
	VTAP_CTL_OPTION_VERBOSE = 1 << 3,
	VTAP_CTL_OPTION_INTERVAL = 1 << 4,
	VTAP_CTL_OPTION_ONCE = 1 << 5,
};

struct vtap_ctl_options {
	const char *socket;   /* path of the control socket */
	const char *timeout;  /* as typed after --timeout, or NULL */
	const char *reason;   /* as typed after --reason, or NULL */
	const char *interval; /* as typed after --interval, or NULL */
	unsigned given;       /* bits of enum vtap_ctl_option */
	const char *word;     /* the command, or NULL */
	char **args;          /* what follows the command */
	size_t n_args;
	bool is_json;
	bool is_help;
	bool is_version;
};

/**
 * vtap_ctl_options_read() - sort an argument vector into options and words, in any order
 * @argv: is permuted; the result borrows from it
 * Return: 0, or -EINVAL with the rule that was broken.
 */
int vtap_ctl_options_read(
	int argc, char **argv, struct vtap_ctl_options *ret_options, struct vtap_err *err);

/** vtap_ctl_options_all() - every option as getopt_long() takes them, up to one without a name */
const struct option *vtap_ctl_options_all(void);
