/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket: HTTP with JSON over a Unix socket. Everybody who may open the socket may
 * read; only root and the daemon's own user may change (SO_PEERCRED). Runs in the main loop; a
 * request that must wait (reload, wait) is put aside and answered when the manager has settled.
 */
#pragma once

#include "base/cleanup.h"
#include "base/err.h"
#include "daemon/manager.h"

struct vtap_control;

/**
 * vtap_control_new() - listen
 * @runtime_dir: made if it is not there; holds control.sock
 * Return: 0; negative errno.
 */
int vtap_control_new(struct vtap_manager *manager, const char *runtime_dir,
	struct vtap_control **ret_control, struct vtap_err *err);

/** vtap_control_free() - NULL is allowed; unlinks the socket */
void vtap_control_free(struct vtap_control *control);
VTAP_FREEP(control, struct vtap_control, vtap_control_free)

/** vtap_control_settled() - the manager has nothing left to do: answer who waited for that */
void vtap_control_settled(struct vtap_control *control);
