/* SPDX-License-Identifier: Apache-2.0 */
/* Who holds a UDP port, in words for people: found over NETLINK_SOCK_DIAG. */
#pragma once

#include <stdint.h>

#include "base/err.h"

/** VTAP_HOLDER_WORDS_MAX - bytes of a holder's description with its NUL */
#define VTAP_HOLDER_WORDS_MAX 160

enum { VTAP_HOLDER_NONE = 1 /* no socket of a program has the port */ };

/**
 * vtap_holder_find() - the first socket of a program that is bound to a UDP port
 * @family:    AF_INET, AF_INET6: that stands in the way of a socket of that family alone (one of
 *             IPv6 takes IPv4 as well, unless it was told not to); AF_UNSPEC: any
 * @ret_words: "a socket on 0.0.0.0 of uid 1000 (zeek, pid 4711)"; the process is named where
 *             /proc lets us see whose it is; bytes of a process's name that are not printable are
 *             replaced
 * Sockets of the kernel itself (those of vxlan devices) and our own process's are passed over.
 * Context: main thread; no capability.
 * Return: 0; VTAP_HOLDER_NONE; negative errno. Source: sock_diag(7), kernel net/ipv4/udp_diag.c.
 */
int vtap_holder_find(int family, uint16_t port, char ret_words[static VTAP_HOLDER_WORDS_MAX],
	struct vtap_err *err);
