/* SPDX-License-Identifier: Apache-2.0 */
/* Connection tracking: does the host remember each outer flow to a port? A mirror's are one-way and
 * many, and fill its table. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "model/device.h"

/**
 * vtap_conntrack_ask() - is there an entry of the connection table whose packets went to this UDP
 * port?
 * @has_ipv6:    look for packets of IPv6, too
 * @ret_tracked: VTAP_ON: there is one; VTAP_OFF: none; unknown: the table is long, and the kernel
 *               too old to look through it for us
 *
 * The kernel walks its table once for each family, and stops at the first match: 40 ms for 195,000
 * entries of which none matches (measured on kernel 6.18, a loaded machine). Of a kernel without
 * the filter the first entries of each family are looked at.
 * Context: main thread; needs CAP_NET_ADMIN. The kernel may load nf_conntrack_netlink for it.
 * Return: 0 or negative errno: -EPERM, -EOPNOTSUPP where there is no connection tracking, ...
 * Source: kernel net/netfilter/nf_conntrack_netlink.c ctnetlink_dump_table(), CTA_FILTER since 5.8.
 */
int vtap_conntrack_ask(
	uint16_t port, bool has_ipv6, enum vtap_known *ret_tracked, struct vtap_err *err);
