/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One daemon for each network namespace. A second one with the same user could join the
 * SO_REUSEPORT group and take half of the packets. Abstract socket names belong to a network
 * namespace and vanish with their process, so a bound name is the lock.
 */
#pragma once

#include <sys/types.h>

#include "base/err.h"

/** VTAP_SERVICE_USER - who runs the service. Source: User= of systemd/vtapd.service.in */
#define VTAP_SERVICE_USER "vtapd"

enum {
	VTAP_LOCK_HELD = 1, /* another vtapd has it */
};

/**
 * vtap_lock_take() - take the lock
 * @ret_fd: holds the lock until it is closed; caller owns
 * Return: 0; VTAP_LOCK_HELD; negative errno. Source: unix(7), abstract names.
 */
int vtap_lock_take(int *ret_fd, struct vtap_err *err);

/**
 * vtap_lock_owner() - the process that holds the lock
 *
 * Any local user may bind an abstract name first. Only a holder that is root, we ourselves or the
 * service user is believed to be vtapd.
 * Return: 0; -ESRCH when nobody holds it; -EPERM when it is somebody else; other negative errno.
 */
int vtap_lock_owner(pid_t *ret_pid, struct vtap_err *err);

/** vtap_lock_answer() - take one connection of vtap_lock_owner() off the queue. Context: the
 * holder. */
void vtap_lock_answer(int fd);
