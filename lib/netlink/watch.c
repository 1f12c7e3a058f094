// SPDX-License-Identifier: Apache-2.0
/*
 * How it works. One socket for everything, and none of it answers to what we do ourselves by the
 * thousand: a qdisc and two filters on every tap interface would be 12,000 messages at a start with
 * 4,000 sessions, more than the buffer takes while the daemon is busy attaching them. So a socket
 * filter keeps them from being queued at all. Our filter's place names it (clsact.h); somebody else
 * who took that place on purpose is found by the next look that has another reason.
 */
#include "netlink/watch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_addr.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <stddef.h>
#include <sys/socket.h>

#include "netlink/clsact.h"

/* Room for the news of some thousands of links at once; about 1.5 KB each. */
#define NEWS_BUFFER_BYTES (8 << 20)

struct vtap_watch {
	struct nl_sock *sock;
};

void vtap_watch_close(struct vtap_watch *watch)
{
	if (watch == NULL)
		return;
	nl_socket_free(watch->sock);
	free(watch);
}

/** struct news - the beginning of a message; the rest is cut off and gone: nobody reads it */
struct news {
	struct nlmsghdr header;
	union {
		struct rtmsg route;
		struct ifaddrmsg address;
		struct tcmsg tc;
	};
};

#define OFFSET_TYPE   offsetof(struct news, header.nlmsg_type)
#define OFFSET_HANDLE offsetof(struct news, tc.tcm_handle)
#define OFFSET_INFO   offsetof(struct news, tc.tcm_info)

/* Drop new qdiscs and chains, which change nothing for us, and new filters at our place. The loads
 * of classic BPF turn big-endian into host order, and all of these fields are in host order. */
static int filter_attach(int fd)
{
	enum { DROP_BYTES = 0, ALL_BYTES = 0xffff };
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, OFFSET_TYPE),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWQDISC), 8, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWCHAIN), 7, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWTFILTER), 0, 5),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, OFFSET_HANDLE),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(VTAP_TC_HANDLE), 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, OFFSET_INFO),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, htonl(TC_H_MAJ_MASK)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(VTAP_TC_PRIORITY << 16), 1, 0),
		BPF_STMT(BPF_RET | BPF_K, ALL_BYTES),
		BPF_STMT(BPF_RET | BPF_K, DROP_BYTES),
	};
	const struct sock_fprog program = { .len = VTAP_ARRAY_LEN(code), .filter = code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ? -errno
											   : 0;
}

int vtap_watch_open(struct vtap_watch **ret_watch, struct vtap_err *err)
{
	_auto(watch) struct vtap_watch *watch = calloc(1, sizeof(*watch));
	const int bytes = NEWS_BUFFER_BYTES;
	int r;

	if (watch == NULL)
		return -ENOMEM;
	watch->sock = nl_socket_alloc();
	if (watch->sock == NULL)
		return -ENOMEM;
	r = nl_connect(watch->sock, NETLINK_ROUTE);
	if (r < 0)
		return vtap_err_set(err, -EIO, "netlink news: %s", nl_geterror(r));
	r = filter_attach(vtap_watch_fd(watch));
	if (r < 0)
		return vtap_err_set(err, r, "filter netlink news: %s", vtap_errno_text(r));
	r = nl_socket_add_memberships(watch->sock, RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR,
		RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_NETCONF, RTNLGRP_IPV6_NETCONF, RTNLGRP_IPV6_ROUTE,
		RTNLGRP_TC, 0);
	if (r == 0)
		r = nl_socket_set_nonblocking(watch->sock);
	if (r < 0)
		return vtap_err_set(err, -EIO, "netlink news: %s", nl_geterror(r));
	/* refused without CAP_NET_ADMIN: then news is lost sooner, and a look follows */
	(void)setsockopt(vtap_watch_fd(watch), SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
	*ret_watch = vtap_steal(&watch);
	return 0;
}

int vtap_watch_fd(const struct vtap_watch *watch)
{
	return nl_socket_get_fd(watch->sock);
}

/* ---- what concerns us ---- */

static void note_hook(struct vtap_watch_news *sum, int index)
{
	for (size_t i = 0; i < sum->n; i++)
		if (sum->index[i] == index)
			return;
	if (index == (int)TCM_IFINDEX_MAGIC_BLOCK || sum->n == VTAP_WATCH_HOOKS_MAX)
		sum->is_all = true; /* a block of filters belongs to several interfaces */
	else
		sum->index[sum->n++] = index;
}

/* Qdiscs of other places come and go with interfaces and queues. */
static void note_tc(struct vtap_watch_news *sum, const struct news *news)
{
	if (news->header.nlmsg_type != RTM_DELQDISC || news->tc.tcm_parent == TC_H_CLSACT)
		note_hook(sum, news->tc.tcm_ifindex);
}

static void note(struct vtap_watch_news *sum, const struct news *news)
{
	switch (news->header.nlmsg_type) {
	case RTM_NEWTFILTER:
	case RTM_DELTFILTER:
	case RTM_DELCHAIN:
	case RTM_DELQDISC:
		note_tc(sum, news);
		break;
	case RTM_NEWADDR: /* those of IPv6 cannot come to our interfaces while it is off */
		sum->has_links |= news->address.ifa_family == AF_INET;
		sum->has_addresses = true;
		break;
	case RTM_DELADDR:
		sum->has_addresses = true;
		break;
	case RTM_NEWROUTE: /* the sign that IPv6 was switched on: ff00::/8 of the local table */
		sum->has_links |=
			news->route.rtm_table == RT_TABLE_LOCAL && news->route.rtm_dst_len == 8;
		break;
	case RTM_DELROUTE:
		break;
	default:
		sum->has_links = true;
	}
}

static bool has_news(const struct vtap_watch_news *news)
{
	return news->has_links || news->has_addresses || news->is_all || news->n > 0;
}

int vtap_watch_drain(struct vtap_watch *watch, struct vtap_watch_news *ret_news)
{
	struct vtap_watch_news sum = { .n = 0 };
	bool is_lost = false;

	for (;;) {
		struct news news = { .header.nlmsg_type = 0 };
		ssize_t n = recv(vtap_watch_fd(watch), &news, sizeof(news), MSG_DONTWAIT);

		if (n >= (ssize_t)sizeof(news.header))
			note(&sum, &news);
		else if (n < 0 && errno == ENOBUFS)
			is_lost = true;
		else if (n < 0 && errno == EAGAIN)
			break;
		else if (n < 0 && errno != EINTR)
			return -errno;
	}
	if (is_lost)
		sum.has_links = sum.has_addresses = sum.is_all = true;
	*ret_news = sum;
	if (is_lost)
		return VTAP_WATCH_LOST;
	return has_news(&sum) ? VTAP_WATCH_NEWS : 0;
}
