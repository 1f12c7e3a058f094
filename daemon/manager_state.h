/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of the manager: manager.c takes turns, manager_conf.c takes configurations,
 * manager_ports.c knows who has which port. */
#pragma once

#include "daemon/manager.h"

/** vtap_manager_take() - a configuration is what is wanted from now on; a reference is taken.
 * Return: 0, or negative errno: the former one is still in effect. */
int vtap_manager_take(struct vtap_manager *manager, const struct vtap_conf *conf);

/** vtap_manager_has_port() - is a socket of any target open on it? */
bool vtap_manager_has_port(const struct vtap_manager *manager, uint16_t port);

/**
 * vtap_manager_busy_ports() - ports of vxlan-mode targets that sockets of ours are open on, those
 * that came back from the service manager included
 * @ret_busy: room for one for each target
 * Return: how many there are.
 */
size_t vtap_manager_busy_ports(const struct vtap_manager *manager, struct vtap_busy *ret_busy);
