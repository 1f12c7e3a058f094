// SPDX-License-Identifier: Apache-2.0
#include "netlink/watch.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <stdbool.h>
#include <sys/socket.h>

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
	if (r == 0)
		r = nl_socket_add_memberships(watch->sock, RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR,
			RTNLGRP_IPV4_NETCONF, RTNLGRP_IPV6_NETCONF, RTNLGRP_IPV6_ROUTE, 0);
	if (r == 0)
		r = nl_socket_set_nonblocking(watch->sock);
	if (r < 0)
		return vtap_err_set(err, -EIO, "netlink news: %s", nl_geterror(r));
	/* refused without CAP_NET_ADMIN: then news is lost sooner, and a look follows */
	(void)setsockopt(
		nl_socket_get_fd(watch->sock), SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
	*ret_watch = vtap_steal(&watch);
	return 0;
}

int vtap_watch_fd(const struct vtap_watch *watch)
{
	return nl_socket_get_fd(watch->sock);
}

/** struct news - the beginning of a message; the rest is cut off and gone: nobody reads it */
struct news {
	struct nlmsghdr header;
	struct rtmsg route;
};

/* A route concerns us only as the sign that IPv6 was switched on: ff00::/8 of the local table. An
 * address concerns us when it comes; those of IPv6 cannot come while it is off. */
static bool news_concerns(const struct news *news, size_t n)
{
	if (n >= sizeof(news->header) && news->header.nlmsg_type == RTM_DELADDR)
		return false;
	if (n < sizeof(*news) || news->header.nlmsg_type != RTM_NEWROUTE)
		return n >= sizeof(news->header) && news->header.nlmsg_type != RTM_DELROUTE;
	return news->route.rtm_table == RT_TABLE_LOCAL && news->route.rtm_dst_len == 8;
}

int vtap_watch_drain(struct vtap_watch *watch)
{
	struct news news;
	int r = 0;

	for (;;) {
		ssize_t n = recv(vtap_watch_fd(watch), &news, sizeof(news), MSG_DONTWAIT);

		if (n >= 0)
			r = r == 0 && news_concerns(&news, (size_t)n) ? VTAP_WATCH_NEWS : r;
		else if (errno == ENOBUFS)
			r = VTAP_WATCH_LOST;
		else if (errno == EAGAIN)
			return r;
		else if (errno != EINTR)
			return -errno;
	}
}
