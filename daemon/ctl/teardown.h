/* SPDX-License-Identifier: Apache-2.0 */
/* Teardown without a daemon: vtapd itself does it, as `vtapd --teardown`. */
#pragma once

#include "base/err.h"

#include <stdbool.h>

/**
 * vtap_ctl_teardown_run() - run `vtapd --teardown --runtime-dir DIR` and wait for it
 * @socket: the control socket, which lies in that directory
 * @is_json: it prints the daemon's JSON instead of words
 * Return: the exit status of vtapd, 0..255; -ENOENT and others when it could not be run, -EINTR
 * when a signal ended it.
 */
int vtap_ctl_teardown_run(const char *socket, bool is_json, struct vtap_err *err);
