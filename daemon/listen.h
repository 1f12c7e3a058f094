/* SPDX-License-Identifier: Apache-2.0 */
/* Listening sockets: TCP, and the local one of those who may ask everything. */
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

/**
 * vtap_listen_local() - a listening socket of the file system, for root and members of the group
 * vtapd
 * @path:   what is there is removed; it fits into a struct sockaddr_un
 * @ret_fd: as above
 * Context: main thread; logs when the group cannot have it.
 * Return: 0 or negative errno.
 */
int vtap_listen_local(const char *path, int *ret_fd, struct vtap_err *err);
