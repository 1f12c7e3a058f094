// SPDX-License-Identifier: Apache-2.0
/*
 * How it works. A dump is left at its first entry that matches, with its socket: what would still
 * come is nobody's. Each entry is looked at all the same, because a kernel that does not know the
 * filter sends all of them.
 */
#include "netlink/conntrack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <stdbool.h>

#include "base/cleanup.h"
#include "netlink/socket.h" // NOLINT(readability-duplicate-include): ours, not libnl's

/* Of a kernel without the filter: entries that are looked at, some 200 bytes each. */
#define ENTRIES_MAX 4096

/* The kernel answers within the call; this only bounds what cannot happen. */
#define ANSWER_TIMEOUT_S 1

/* What of the tuple is compared. Source: kernel net/netfilter/nf_internals.h, which no header for
 * programs has. */
#define FILTER_PROTO_NUM      (1U << 3) /* CTA_FILTER_F_CTA_PROTO_NUM */
#define FILTER_PROTO_DST_PORT (1U << 5) /* CTA_FILTER_F_CTA_PROTO_DST_PORT */

/** struct search - through one dump */
struct search {
	uint16_t port;
	unsigned n_entries;
	bool is_found;
	bool is_over; /* the kernel has no more */
	int error;    /* that it answered with, or 0 */
};

VTAP_FREEP(sock, struct nl_sock, nl_socket_free)

static bool is_to_port(struct nlmsghdr *header, uint16_t port)
{
	struct nlattr *attr[CTA_TUPLE_ORIG + 1], *tuple[CTA_TUPLE_PROTO + 1],
		*proto[CTA_PROTO_DST_PORT + 1];

	if (nlmsg_parse(header, sizeof(struct nfgenmsg), attr, CTA_TUPLE_ORIG, NULL) < 0 ||
		attr[CTA_TUPLE_ORIG] == NULL ||
		nla_parse_nested(tuple, CTA_TUPLE_PROTO, attr[CTA_TUPLE_ORIG], NULL) < 0 ||
		tuple[CTA_TUPLE_PROTO] == NULL ||
		nla_parse_nested(proto, CTA_PROTO_DST_PORT, tuple[CTA_TUPLE_PROTO], NULL) < 0)
		return false;
	return proto[CTA_PROTO_NUM] != NULL && nla_len(proto[CTA_PROTO_NUM]) >= 1 &&
	       nla_get_u8(proto[CTA_PROTO_NUM]) == IPPROTO_UDP &&
	       proto[CTA_PROTO_DST_PORT] != NULL && nla_len(proto[CTA_PROTO_DST_PORT]) >= 2 &&
	       nla_get_u16(proto[CTA_PROTO_DST_PORT]) == htons(port);
}

static int handle_entry(struct nl_msg *message, void *arg)
{
	struct search *search = arg;

	search->n_entries++;
	search->is_found = is_to_port(nlmsg_hdr(message), search->port);
	return search->is_found || search->n_entries == ENTRIES_MAX ? NL_STOP : NL_OK;
}

static int handle_finish(struct nl_msg *message, void *arg)
{
	struct search *search = arg;

	(void)message; /* says no more than that it came */
	search->is_over = true;
	return NL_STOP;
}

static int handle_error(struct sockaddr_nl *from, struct nlmsgerr *error, void *arg)
{
	struct search *search = arg;

	(void)from; /* always the kernel: libnl checks */
	search->error = error->error;
	return NL_STOP;
}

/* @family: the kernel takes no filter for both at once (EOPNOTSUPP, 6.18). */
static int request_put(struct nl_msg *message, uint8_t family, uint16_t port)
{
	const struct nfgenmsg head = { .nfgen_family = family, .version = NFNETLINK_V0 };
	struct nlattr *tuple, *proto, *filter;

	if (nlmsg_append(message, (void *)&head, sizeof(head), NLMSG_ALIGNTO) < 0)
		return -ENOMEM;
	tuple = nla_nest_start(message, CTA_TUPLE_ORIG);
	proto = tuple != NULL ? nla_nest_start(message, CTA_TUPLE_PROTO) : NULL;
	if (proto == NULL || nla_put_u8(message, CTA_PROTO_NUM, IPPROTO_UDP) < 0 ||
		nla_put_u16(message, CTA_PROTO_DST_PORT, htons(port)) < 0)
		return -ENOMEM;
	(void)nla_nest_end(message, proto); /* fails for what is larger than 64 KiB */
	(void)nla_nest_end(message, tuple); /* likewise */
	filter = nla_nest_start(message, CTA_FILTER);
	if (filter == NULL ||
		nla_put_u32(message, CTA_FILTER_ORIG_FLAGS,
			FILTER_PROTO_NUM | FILTER_PROTO_DST_PORT) < 0 ||
		nla_put_u32(message, CTA_FILTER_REPLY_FLAGS, 0) < 0)
		return -ENOMEM;
	(void)nla_nest_end(message, filter); /* likewise */
	return 0;
}

static int request_send(struct nl_sock *sock, uint8_t family, uint16_t port)
{
	struct nl_msg *message = nlmsg_alloc_simple(NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET,
		NLM_F_DUMP); /* no ack: a dump ends */
	int r = message == NULL ? -ENOMEM : request_put(message, family, port);

	if (r == 0 && nl_send_auto(sock, message) < 0)
		r = -EIO;
	nlmsg_free(message);
	return r;
}

static int socket_open(struct search *search, struct nl_sock **ret_sock, struct vtap_err *err)
{
	struct nl_sock *sock = nl_socket_alloc();
	int r;

	if (sock == NULL)
		return -ENOMEM;
	*ret_sock = sock;
	r = nl_connect(sock, NETLINK_NETFILTER);
	if (r < 0)
		return vtap_err_set(err, -EIO, "netlink: %s", nl_geterror(r));
	vtap_nl_bound(nl_socket_get_fd(sock), ANSWER_TIMEOUT_S);
	/* cannot fail */
	(void)nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, handle_entry, search);
	(void)nl_socket_modify_cb(sock, NL_CB_FINISH, NL_CB_CUSTOM, handle_finish, search);
	(void)nl_socket_modify_err_cb(sock, NL_CB_CUSTOM, handle_error, search);
	return 0;
}

static int family_ask(struct search *search, uint8_t family, struct vtap_err *err)
{
	_auto(sock) struct nl_sock *sock = NULL;
	int r = socket_open(search, &sock, err);

	search->n_entries = 0;
	search->is_over = false;
	if (r == 0)
		r = request_send(sock, family, search->port);
	if (r < 0)
		return r;
	r = nl_recvmsgs_default(sock);
	if (search->error != 0)
		return vtap_err_set(err, search->error, "%s", vtap_errno_text(search->error));
	if (r < 0 && r != -NLE_DUMP_INTR) /* what an interrupted one told is true, too */
		return vtap_err_set(err, -EIO, "netlink: %s", nl_geterror(r));
	return 0;
}

int vtap_conntrack_ask(
	uint16_t port, bool has_ipv6, enum vtap_known *ret_tracked, struct vtap_err *err)
{
	static const uint8_t FAMILIES[] = { AF_INET, AF_INET6 };
	struct search search = { .port = port };
	size_t n_families = has_ipv6 ? 2 : 1;
	bool is_whole = true;

	for (size_t i = 0; i < n_families && !search.is_found; i++) {
		int r = family_ask(&search, FAMILIES[i], err);

		if (r < 0)
			return vtap_err_add(
				err, r, "ask the connection table for UDP port %u", port);
		is_whole = is_whole && search.is_over;
	}
	*ret_tracked = search.is_found ? VTAP_ON : is_whole ? VTAP_OFF : VTAP_UNKNOWN;
	return 0;
}
