// SPDX-License-Identifier: Apache-2.0
#include "netlink/socket.h"

#include <errno.h>
#include <linux/netlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h> // NOLINT(readability-duplicate-include): libnl's, not ours
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/time.h>

/* A dump's messages come in pieces of up to 32 KiB. Source: kernel net/netlink/af_netlink.c
 * netlink_recvmsg(). */
#define MESSAGE_BYTES 65536

struct vtap_nl {
	struct nl_sock
		*sock; /* NULL after a failure that left it out of step; opened again when used */
	int protocol;  /* netlink(7): NETLINK_ROUTE, … */
	int error;     /* of the answer being read: negative errno */
	char text[VTAP_ERR_MAX];
};

/** struct answers - who takes the answers to a request, and what he said */
struct answers {
	int (*each)(struct nl_msg *message, void *arg);
	void *arg;
	int r;
	bool is_acked;
};

/* The sentence of an extended ack, if there is one. Source: kernel
 * Documentation/userspace-api/netlink/intro.rst. */
static void ack_text_read(const struct nlmsgerr *error, char *ret_text, size_t size)
{
	const struct nlmsghdr *header =
		(const struct nlmsghdr *)((const char *)error -
					  NLMSG_HDRLEN); /* libnl hands out its payload */
	size_t skip = sizeof(*error), total = NLMSG_PAYLOAD(header, 0);
	struct nlattr *attr;

	if ((header->nlmsg_flags & NLM_F_ACK_TLVS) == 0)
		return;
	if ((header->nlmsg_flags & NLM_F_CAPPED) == 0)
		skip += NLMSG_ALIGN(error->msg.nlmsg_len) - NLMSG_HDRLEN;
	if (skip > total)
		return;
	attr = nla_find((struct nlattr *)((const char *)error + skip), (int)(total - skip),
		NLMSGERR_ATTR_MSG);
	if (attr != NULL)
		(void)nla_strlcpy(ret_text, attr, size); /* cut is harmless */
}

static int handle_error(struct sockaddr_nl *from, struct nlmsgerr *error, void *arg)
{
	struct vtap_nl *nl = arg;

	(void)from; /* always the kernel: libnl checks */
	nl->error = error->error;
	ack_text_read(error, nl->text, sizeof(nl->text));
	return NL_STOP;
}

static int handle_valid(struct nl_msg *message, void *arg)
{
	struct answers *answers = arg;
	int r = answers->r == 0 ? answers->each(message, answers->arg) : 0;

	if (r != 0)
		answers->r = r;
	return NL_OK; /* read to the end, or the socket is out of step */
}

static int handle_ack(struct nl_msg *message, void *arg)
{
	struct answers *answers = arg;

	(void)message; /* says no more than that it came */
	answers->is_acked = true;
	return NL_STOP;
}

void vtap_nl_bound(int fd, unsigned seconds)
{
	const struct timeval timeout = { .tv_sec = seconds };

	/* refused: it waits for an answer that always comes */
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
}

static int socket_open(struct vtap_nl *nl, struct vtap_err *err)
{
	static const int ON = 1;
	int fd, r;

	nl->sock = nl_socket_alloc();
	if (nl->sock == NULL)
		return -ENOMEM;
	r = nl_connect(nl->sock, nl->protocol);
	if (r < 0) {
		nl_socket_free(vtap_steal(&nl->sock));
		return vtap_err_set(err, -EIO, "netlink: %s", nl_geterror(r));
	}
	fd = nl_socket_get_fd(nl->sock);
	/* without these (all older than 5.15) the answers only say less */
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &ON, sizeof(ON));
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &ON, sizeof(ON));
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &ON, sizeof(ON));
	vtap_nl_bound(fd, VTAP_NL_ANSWER_S);
	(void)nl_socket_set_msg_buf_size(nl->sock, MESSAGE_BYTES);               /* cannot fail */
	(void)nl_socket_modify_err_cb(nl->sock, NL_CB_CUSTOM, handle_error, nl); /* cannot fail */
	return 0;
}

int vtap_nl_open_protocol(int protocol, struct vtap_nl **ret_nl, struct vtap_err *err)
{
	_auto(nl) struct vtap_nl *nl = calloc(1, sizeof(*nl));
	int r;

	if (nl == NULL)
		return -ENOMEM;
	nl->protocol = protocol;
	r = socket_open(nl, err);
	if (r < 0)
		return r;
	*ret_nl = vtap_steal(&nl);
	return 0;
}

int vtap_nl_open(struct vtap_nl **ret_nl, struct vtap_err *err)
{
	return vtap_nl_open_protocol(NETLINK_ROUTE, ret_nl, err);
}

void vtap_nl_close(struct vtap_nl *nl)
{
	if (nl == NULL)
		return;
	nl_socket_free(nl->sock);
	free(nl);
}

static int request_start(struct vtap_nl *nl, struct nl_msg *message, struct vtap_err *err)
{
	int r = nl->sock == NULL ? socket_open(nl, err) : 0;

	nl->error = 0;
	nl->text[0] = '\0';
	if (r < 0)
		return r;
	r = nl_send_auto(nl->sock, message);
	return r < 0 ? vtap_err_set(err, -EIO, "netlink: %s", nl_geterror(r)) : 0;
}

/* What libnl returned, with what the kernel said. A failure without the kernel's word leaves the
 * socket out of step: it is thrown away and opened again by the next request. */
static int request_end(struct vtap_nl *nl, int nle, struct vtap_err *err)
{
	if (nl->error != 0)
		return vtap_err_set(err, nl->error, "%s%s%s%s", vtap_errno_text(nl->error),
			nl->text[0] != '\0' ? " (" : "", nl->text, nl->text[0] != '\0' ? ")" : "");
	if (nle >= 0)
		return 0;
	if (nle == -NLE_DUMP_INTR)
		return vtap_err_set(err, -EINTR, "the dump was interrupted");
	nl_socket_free(vtap_steal(&nl->sock));
	return vtap_err_set(
		err, nle == -NLE_NOMEM ? -ENOMEM : -EIO, "netlink: %s", nl_geterror(nle));
}

int vtap_nl_do(struct vtap_nl *nl, struct nl_msg *message, struct vtap_err *err)
{
	int r = request_start(nl, message, err);

	return r < 0 ? r : request_end(nl, nl_wait_for_ack(nl->sock), err);
}

/* Hand out what comes, or no longer: neither call can fail. */
static void answers_take(struct vtap_nl *nl, struct answers *answers)
{
	enum nl_cb_kind kind = answers != NULL ? NL_CB_CUSTOM : NL_CB_DEFAULT;

	if (nl->sock == NULL) /* out of step, and thrown away */
		return;
	(void)nl_socket_modify_cb(
		nl->sock, NL_CB_VALID, kind, answers != NULL ? handle_valid : NULL, answers);
	(void)nl_socket_modify_cb(
		nl->sock, NL_CB_ACK, kind, answers != NULL ? handle_ack : NULL, answers);
}

int vtap_nl_get(struct vtap_nl *nl, struct nl_msg *message,
	int (*each)(struct nl_msg *message, void *arg), void *arg, struct vtap_err *err)
{
	struct answers answers = { .each = each, .arg = arg };
	int r = request_start(nl, message, err);

	if (r < 0)
		return r;
	answers_take(nl, &answers);
	while (r >= 0 && nl->error == 0 && !answers.is_acked)
		r = nl_recvmsgs_default(nl->sock); /* the answer and the ack come one by one */
	r = request_end(nl, r, err);
	answers_take(nl, NULL);
	return r < 0 ? r : answers.r;
}

int vtap_nl_dump(struct vtap_nl *nl, struct nl_msg *message,
	int (*each)(struct nl_msg *message, void *arg), void *arg, struct vtap_err *err)
{
	struct answers answers = { .each = each, .arg = arg };
	int r;

	nlmsg_hdr(message)->nlmsg_flags |= NLM_F_DUMP;
	r = request_start(nl, message, err);
	if (r < 0)
		return r;
	answers_take(nl, &answers);
	r = request_end(nl, nl_recvmsgs_default(nl->sock), err);
	answers_take(nl, NULL);
	return r < 0 ? r : answers.r;
}
