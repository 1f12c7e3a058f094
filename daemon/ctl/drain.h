/* SPDX-License-Identifier: Apache-2.0 */
/* `vtapctl drain --wait`: begin a drain and ask once a second until it has come to an end. */
#pragma once

#include "daemon/ctl/client.h"
#include "daemon/ctl/command.h"
#include "daemon/ctl/exit.h"
#include "daemon/ctl/options.h"

/**
 * vtap_ctl_drain_wait() - send the request that begins it, say what is new, wait for the end
 * @request:   POST; the questions after it go to the same socket
 * @text_opts: `now_ns` and `drain` are not looked at
 *
 * A signal that ends the process leaves the drain on. A daemon that goes away is asked on for 30 s:
 * a drain survives its restart. With --json only the last answer is printed.
 * Return: the exit status: VTAP_CTL_OK when quiet, VTAP_CTL_NOT_READY when overdue or ended by
 * somebody, and those of vtap_ctl_answer_show() and vtap_ctl_answer_missing().
 */
enum vtap_ctl_exit vtap_ctl_drain_wait(const struct vtap_ctl_command *command,
	const struct vtap_ctl_options *options, const struct vtap_ctl_request *request,
	const struct vtap_text_opts *text_opts);
