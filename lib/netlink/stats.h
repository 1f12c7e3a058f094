/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel counts for interfaces. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "netlink/socket.h"

/** struct vtap_link_stats - of one interface since it was made. Source: kernel
 * Documentation/networking/statistics.rst, struct rtnl_link_stats64 */
struct vtap_link_stats {
	int index;
	uint64_t rx_packets;
	uint64_t rx_bytes; /* of a vxlan device: without the 14 bytes of each Ethernet header */
	uint64_t rx_errors;
	uint64_t rx_dropped;
	uint64_t rx_length_errors;
	uint64_t rx_frame_errors;
};

/**
 * vtap_link_stats_dump() - of every interface, in one dump
 * @ret_stats: sorted by index; the caller frees it; NULL when there are none
 * Context: main thread; no capability. An interrupted dump is repeated, five times at most, and
 * taken as it is then: the next sample has what it misses.
 * Return: 0 or negative errno. Source: rtnetlink(7) RTM_GETSTATS, IFLA_STATS_LINK_64.
 */
int vtap_link_stats_dump(struct vtap_nl *nl, struct vtap_link_stats **ret_stats, size_t *ret_n,
	struct vtap_err *err);

/** vtap_link_stats_find() - by index, or NULL; binary search */
const struct vtap_link_stats *vtap_link_stats_find(
	const struct vtap_link_stats *stats, size_t n, int index);
