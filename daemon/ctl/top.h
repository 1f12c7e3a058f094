/* SPDX-License-Identifier: Apache-2.0 */
/* `vtapctl top`: ask for the status again and again, and show what changed. */
#pragma once

#include "daemon/ctl/client.h"
#include "daemon/ctl/command.h"
#include "daemon/ctl/exit.h"
#include "daemon/ctl/options.h"

/**
 * vtap_ctl_top_run() - until somebody has seen enough
 * @request:   of the status
 * @text_opts: colours
 *
 * On a terminal that is `q` or Ctrl-C; the terminal is given back also when a signal ends the
 * process, and that signal ends it then. A daemon that goes away is asked on. Elsewhere, and with
 * --once, one table after one interval.
 * Return: the exit status: VTAP_CTL_OK, and those of vtap_ctl_answer_show() and
 * vtap_ctl_answer_missing() when there is no first answer.
 */
enum vtap_ctl_exit vtap_ctl_top_run(const struct vtap_ctl_command *command,
	const struct vtap_ctl_options *options, const struct vtap_ctl_request *request,
	unsigned interval_s, const struct vtap_text_opts *text_opts);
