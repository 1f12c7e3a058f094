/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The question socket: one request and its answer at a time, blocking with a time-out. The kernel
 * answers within the call, so this stays a straight line of code. libnl's error codes stop here: it
 * folds several errnos into one, so the kernel's own errno and sentence are taken from the message.
 */
#pragma once

#include "base/cleanup.h"
#include "base/err.h"

struct vtap_nl;
struct nl_msg;

/** vtap_nl_open() - a socket in the current network namespace, for links, addresses and tc. Return:
 * 0 or negative errno. */
int vtap_nl_open(struct vtap_nl **ret_nl, struct vtap_err *err);

/** vtap_nl_open_protocol() - the same for another protocol than rtnetlink: netlink(7) NETLINK_*;
 * for this room */
int vtap_nl_open_protocol(int protocol, struct vtap_nl **ret_nl, struct vtap_err *err);

/** VTAP_NL_ANSWER_S - the kernel answers within the send; this only bounds what cannot happen */
#define VTAP_NL_ANSWER_S 5

/** vtap_nl_bound() - who asks through this socket waits so long for an answer, not for ever; for
 * this room */
void vtap_nl_bound(int fd, unsigned seconds);

/** vtap_nl_close() - NULL is allowed */
void vtap_nl_close(struct vtap_nl *nl);
VTAP_FREEP(nl, struct vtap_nl, vtap_nl_close)

/**
 * vtap_nl_do() - send a request, wait for its ack; for this room
 * Return: 0; negative errno with the kernel's extended-ack sentence in @err where it gave one.
 */
int vtap_nl_do(struct vtap_nl *nl, struct nl_msg *message, struct vtap_err *err);

/**
 * vtap_nl_get() - send a request for one thing, give the answer to @each, wait for the ack; for
 * this room
 * Return: 0; negative errno as from vtap_nl_do(); what @each returned if that is not 0.
 */
int vtap_nl_get(struct vtap_nl *nl, struct nl_msg *message,
	int (*each)(struct nl_msg *message, void *arg), void *arg, struct vtap_err *err);

/** VTAP_NL_DUMP_TRIES - how often a dump of links or addresses is begun when the kernel interrupts
 * it; those of tc never are */
#define VTAP_NL_DUMP_TRIES 5

/**
 * vtap_nl_dump() - send a dump request, give every answer to @each; for this room
 * @each: called with each message; a non-zero return is passed on after the dump has ended
 * Return: 0; -EINTR when the kernel says that the dump is not consistent (try again); other
 * negative errno.
 */
int vtap_nl_dump(struct vtap_nl *nl, struct nl_msg *message,
	int (*each)(struct nl_msg *message, void *arg), void *arg, struct vtap_err *err);
