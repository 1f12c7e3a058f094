// SPDX-License-Identifier: Apache-2.0
#include "netlink/stats.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdlib.h>
#include <string.h>

/* What there was of struct rtnl_link_stats64 in the oldest kernel that has RTM_GETSTATS, as far as
 * we read it; newer ones append. */
#define STATS_BYTES_MIN                                                                            \
	(offsetof(struct rtnl_link_stats64, rx_frame_errors) +                                     \
		sizeof(((struct rtnl_link_stats64 *)0)->rx_frame_errors))

/** struct all - of every interface that the dump told so far */
struct all {
	struct vtap_link_stats *stats;
	size_t n;
};

static int all_add(struct all *all, const struct vtap_link_stats *stats)
{
	struct vtap_link_stats *grown;

	if ((all->n & (all->n - 1)) == 0) { /* 0 or a power of two: double */
		grown = reallocarray(all->stats, all->n == 0 ? 1 : 2 * all->n, sizeof(*grown));
		if (grown == NULL)
			return -ENOMEM;
		all->stats = grown;
	}
	all->stats[all->n++] = *stats;
	return 0;
}

static int handle_stats(struct nl_msg *message, void *arg)
{
	struct nlmsghdr *header = nlmsg_hdr(message);
	struct nlattr *attr[IFLA_STATS_LINK_64 + 1];
	const struct if_stats_msg *info;
	struct rtnl_link_stats64 told = { 0 };
	size_t n_bytes;

	if (header->nlmsg_type != RTM_NEWSTATS ||
		nlmsg_parse(header, sizeof(*info), attr, IFLA_STATS_LINK_64, NULL) < 0 ||
		attr[IFLA_STATS_LINK_64] == NULL)
		return 0;
	n_bytes = (size_t)nla_len(attr[IFLA_STATS_LINK_64]);
	if (n_bytes < STATS_BYTES_MIN)
		return 0;
	info = nlmsg_data(header);
	memcpy(&told, nla_data(attr[IFLA_STATS_LINK_64]),
		n_bytes < sizeof(told) ? n_bytes : sizeof(told));
	return all_add(arg, &(struct vtap_link_stats){
				    .index = (int)info->ifindex,
				    .rx_packets = told.rx_packets,
				    .rx_bytes = told.rx_bytes,
				    .rx_errors = told.rx_errors,
				    .rx_dropped = told.rx_dropped,
				    .rx_length_errors = told.rx_length_errors,
				    .rx_frame_errors = told.rx_frame_errors,
			    });
}

static int stats_compare(const void *a, const void *b)
{
	const struct vtap_link_stats *left = a, *right = b;

	return (left->index > right->index) - (left->index < right->index);
}

static int dump_once(struct vtap_nl *nl, struct all *all, struct vtap_err *err)
{
	const struct if_stats_msg info = {
		.family = AF_UNSPEC,
		.filter_mask = IFLA_STATS_FILTER_BIT(IFLA_STATS_LINK_64),
	};
	struct nl_msg *message = nlmsg_alloc_simple(RTM_GETSTATS, 0);
	int r = -ENOMEM;

	all->n = 0;
	if (message != NULL &&
		nlmsg_append(message, (void *)&info, sizeof(info), NLMSG_ALIGNTO) == 0)
		r = vtap_nl_dump(nl, message, handle_stats, all, err);
	nlmsg_free(message);
	return r;
}

int vtap_link_stats_dump(
	struct vtap_nl *nl, struct vtap_link_stats **ret_stats, size_t *ret_n, struct vtap_err *err)
{
	struct all all = { 0 };
	int r = -EINTR;

	for (int i = 0; i < VTAP_NL_DUMP_TRIES && r == -EINTR; i++)
		r = dump_once(nl, &all, err);
	if (r < 0 && r != -EINTR) {
		free(all.stats);
		return vtap_err_add(err, r, "read the interfaces' counters");
	}
	if (all.n > 1)
		qsort(all.stats, all.n, sizeof(*all.stats), stats_compare);
	*ret_stats = all.stats;
	*ret_n = all.n;
	return 0;
}

const struct vtap_link_stats *vtap_link_stats_find(
	const struct vtap_link_stats *stats, size_t n, int index)
{
	const struct vtap_link_stats wanted = { .index = index };

	return n == 0 ? NULL : bsearch(&wanted, stats, n, sizeof(*stats), stats_compare);
}
