/* SPDX-License-Identifier: Apache-2.0 */
/* Listening TCP sockets. */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "base/prefix.h"

/**
 * vtap_listen_tcp() - a listening socket
 * @addr:    all zero: every address of both families, or of IPv4 alone where there is no IPv6
 * @backlog: connections that wait to be accepted
 * @ret_fd:  new descriptor, close-on-exec, non-blocking; caller owns
 * Context: any thread; ports below 1024 need CAP_NET_BIND_SERVICE.
 * Return: 0; -EADDRINUSE; -EADDRNOTAVAIL; -EACCES; other negative errno.
 */
int vtap_listen_tcp(const struct vtap_addr *addr, uint16_t port, int backlog, int *ret_fd,
	struct vtap_err *err);
