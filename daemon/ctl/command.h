/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of vtapctl: one table from which requests, help and "did you mean" are made. */
#pragma once

#include "base/err.h"
#include "daemon/ctl/client.h"
#include "daemon/ctl/options.h"
#include "report/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** VTAP_CTL_PATH_MAX - bytes of a request's path with its query and NUL: a reason of 160 bytes,
 * each written as %XX, and what stands before it */
#define VTAP_CTL_PATH_MAX 512

struct vtap_ctl_call {
	char path[VTAP_CTL_PATH_MAX]; /* "/v1/show?session=web" */
	uint64_t limit_ms;            /* 0: as long as it takes */
	unsigned quiet_s;             /* without a byte; 0: any time */
	unsigned interval_s;          /* of a live command */
};

struct vtap_ctl_command {
	const char *name;
	const char *args; /* as help shows them, "" for none */
	const char *help; /* half a line */
	/* The rest of what the manual says: sentences, `words to type` in backquotes, paragraphs
	 * divided by a newline; or NULL */
	const char *detail;
	const char *path; /* of the request, without a query */
	const char *method;
	uint64_t limit_ms; /* for the whole exchange; 0: as long as it takes */
	unsigned quiet_s;  /* of it without a byte; 0: any time */
	size_t n_args_min;
	size_t n_args_max;
	unsigned takes; /* bits of enum vtap_ctl_option */
	bool is_live;   /* it asks again and again, and has a screen instead of a renderer */
	vtap_text_fn render;
	/* Appends the query and may set the limit. NULL: the path is all. Return: 0, or -EINVAL. */
	int (*add_query)(struct vtap_ctl_call *call, const struct vtap_ctl_options *options,
		struct vtap_err *err);
};

/**
 * vtap_ctl_command_find() - the command that the options name, with as many arguments as it takes
 * @ret_command: borrowed, constant
 * Return: 0, or -EINVAL with the rule that was broken.
 */
int vtap_ctl_command_find(const struct vtap_ctl_options *options,
	const struct vtap_ctl_command **ret_command, struct vtap_err *err);

/** vtap_ctl_command_call() - the request for a command. Return: 0, or -EINVAL with the rule. */
int vtap_ctl_command_call(const struct vtap_ctl_command *command,
	const struct vtap_ctl_options *options, struct vtap_ctl_call *ret_call,
	struct vtap_err *err);

/** vtap_ctl_commands() - every command, in the order of --help; for the manual and completions */
const struct vtap_ctl_command *vtap_ctl_commands(size_t *ret_n);

/** vtap_ctl_command_named() - that command. Return: NULL if there is none. */
const struct vtap_ctl_command *vtap_ctl_command_named(const char *name);
