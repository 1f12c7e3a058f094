/* SPDX-License-Identifier: Apache-2.0 */
/* What vtapctl says and with which status it leaves, once it is known what the daemon said. */
#pragma once

#include "daemon/ctl/client.h"
#include "daemon/ctl/command.h"
#include "daemon/ctl/exit.h"
#include "daemon/ctl/options.h"

/**
 * vtap_ctl_answer_show() - print a reply: the answer to stdout, an error's sentence to stderr
 * Return: the exit status.
 */
enum vtap_ctl_exit vtap_ctl_answer_show(const struct vtap_ctl_command *command,
	const struct vtap_ctl_options *options, const struct vtap_ctl_reply *reply,
	const struct vtap_text_opts *text_opts);

/** vtap_ctl_answer_judge() - what the text would have said, without saying it. Return: as the
 * command's renderer. */
int vtap_ctl_answer_judge(const struct vtap_ctl_command *command,
	const struct vtap_ctl_reply *reply, const struct vtap_text_opts *text_opts,
	struct vtap_err *err);

/** vtap_ctl_answer_exit() - the exit status for what a renderer returned; the sentence of a failure
 * goes to stderr */
enum vtap_ctl_exit vtap_ctl_answer_exit(
	const struct vtap_ctl_command *command, int outcome, const struct vtap_err *err);

/**
 * vtap_ctl_answer_missing() - say on stderr why there is no reply
 * @r: what vtap_ctl_client_ask() returned
 * Return: the exit status.
 */
enum vtap_ctl_exit vtap_ctl_answer_missing(const struct vtap_ctl_command *command,
	const struct vtap_ctl_options *options, int r, const struct vtap_err *err);

/** vtap_ctl_answer_root() - say on stderr that only root may. Return: the exit status. */
enum vtap_ctl_exit vtap_ctl_answer_root(
	const struct vtap_ctl_command *command, const struct vtap_ctl_options *options);
