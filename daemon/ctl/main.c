// SPDX-License-Identifier: Apache-2.0
/* vtapctl: read what was typed, ask the daemon, print its answer, leave with a status. */
#include "base/clock.h"
#include "daemon/ctl/answer.h"
#include "daemon/ctl/client.h"
#include "daemon/ctl/command.h"
#include "daemon/ctl/drain.h"
#include "daemon/ctl/exit.h"
#include "daemon/ctl/help.h"
#include "daemon/ctl/options.h"
#include "daemon/ctl/teardown.h"
#include "daemon/ctl/terminal.h"
#include "daemon/ctl/top.h"

#include <langinfo.h>
#include <locale.h>
#include <string.h>
#include <unistd.h>

#ifndef VTAP_CTL_VERSION
#error "VTAP_CTL_VERSION: set by CMakeLists.txt"
#endif

/* Colour only for people: on a terminal, unless they said no (no-color.org). */
static bool wants_color(void)
{
	const char *no_color = getenv("NO_COLOR");

	if (no_color != NULL && no_color[0] != '\0')
		return false;
	return vtap_ctl_terminal_is_capable();
}

static int refuse(const struct vtap_err *err)
{
	(void)fprintf(stderr, "vtapctl: %s\n", err->text); /* nowhere else to complain */
	return VTAP_CTL_USAGE;
}

static int teardown_alone(
	const struct vtap_ctl_command *command, const struct vtap_ctl_options *options)
{
	struct vtap_err err = VTAP_ERR_NULL;

	if (geteuid() != 0)
		return vtap_ctl_answer_root(command, options);
	int r = vtap_ctl_teardown_run(options->socket, options->is_json, &err);
	if (r < 0)
		return vtap_ctl_answer_missing(command, options, r, &err);
	return r;
}

static int ask(const struct vtap_ctl_command *command, const struct vtap_ctl_options *options,
	const struct vtap_ctl_call *call)
{
	const struct vtap_text_opts text_opts = {
		.now_ns = vtap_clock_wall_ns(),
		.has_color = wants_color(),
		.width = vtap_ctl_terminal_width(STDOUT_FILENO),
		.is_ascii = strcmp(nl_langinfo(CODESET), "UTF-8") != 0,
		.is_verbose = (options->given & VTAP_CTL_OPTION_VERBOSE) != 0,
		.condition = options->n_args > 0 ? options->args[0] : NULL,
	};
	const struct vtap_ctl_request request = {
		.socket = options->socket,
		.method = command->method,
		.path = call->path,
		.limit_ms = call->limit_ms,
		.quiet_s = call->quiet_s,
	};
	struct vtap_ctl_reply reply = VTAP_CTL_REPLY_NULL;
	struct vtap_err err = VTAP_ERR_NULL;

	if (command->is_live)
		return vtap_ctl_top_run(command, options, &request, call->interval_s, &text_opts);
	if ((options->given & VTAP_CTL_OPTION_WAIT) != 0)
		return vtap_ctl_drain_wait(command, options, &request, &text_opts);
	int r = vtap_ctl_client_ask(&request, &reply, &err);
	if (r == VTAP_CTL_NOBODY && command->render == vtap_text_teardown)
		return teardown_alone(command, options);
	if (r != 0)
		return vtap_ctl_answer_missing(command, options, r, &err);
	int status = vtap_ctl_answer_show(command, options, &reply, &text_opts);
	vtap_ctl_reply_done(&reply);
	return status;
}

/* Of all, or of the command in `vtapctl top --help` and `vtapctl help top`. */
static void help(const struct vtap_ctl_options *options)
{
	const char *name = options->is_help      ? options->word
			   : options->n_args > 0 ? options->args[0]
						 : NULL;
	const struct vtap_ctl_command *command = name != NULL ? vtap_ctl_command_named(name) : NULL;

	if (command != NULL)
		vtap_ctl_help_command(stdout, command, vtap_ctl_terminal_width(STDOUT_FILENO));
	else
		vtap_ctl_help(stdout, vtap_ctl_terminal_width(STDOUT_FILENO));
}

static int run(const struct vtap_ctl_options *options)
{
	const struct vtap_ctl_command *command;
	struct vtap_ctl_call call;
	struct vtap_err err = VTAP_ERR_NULL;

	if (options->is_help || (options->word != NULL && strcmp(options->word, "help") == 0)) {
		help(options);
		return VTAP_CTL_OK;
	}
	if (options->is_version) {
		(void)printf("vtapctl %s\n", VTAP_CTL_VERSION); /* seen by the fflush in main() */
		return VTAP_CTL_OK;
	}
	if (vtap_ctl_command_find(options, &command, &err) < 0)
		return refuse(&err);
	if (vtap_ctl_command_call(command, options, &call, &err) < 0)
		return refuse(&err);
	return ask(command, options, &call);
}

int main(int argc, char **argv)
{
	struct vtap_ctl_options options;
	struct vtap_err err = VTAP_ERR_NULL;

	(void)setlocale(LC_CTYPE, ""); /* without it, descriptions are shown in ASCII */
	if (vtap_ctl_options_read(argc, argv, &options, &err) < 0)
		return refuse(&err);
	int status = run(&options);
	if (fflush(stdout) != 0) {
		(void)fputs("vtapctl: the output could not be written\n", stderr); /* as refuse() */
		return status != VTAP_CTL_OK ? status : VTAP_CTL_NOT_READY;
	}
	return status;
}
