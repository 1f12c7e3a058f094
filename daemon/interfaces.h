/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tap interfaces that the configuration wants, and the life of each: absent, creating, ready,
 * waiting for the next try (also for a foreign device to leave its name).
 *
 * A turn is: look at the kernel, plan, apply some steps. It is repeated until a turn finds nothing
 * to do. Removals of TAPs are kept for the end, after the session table no longer names what goes
 * away. Those of vxlan devices come first: no table names them, and others may want their VNI or
 * their port.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "daemon/backoff.h"
#include "daemon/guards.h"
#include "model/conf.h"
#include "model/device.h"
#include "netlink/offload.h"
#include "netlink/socket.h"
#include "plan/plan.h"

enum vtap_state {
	VTAP_STATE_ABSENT,
	VTAP_STATE_CREATING,
	VTAP_STATE_READY,
	VTAP_STATE_WAITING,
	VTAP_STATE_COUNT
};

/** vtap_state_name() - "ready" */
const char *vtap_state_name(enum vtap_state state);

/** struct vtap_interface - one tap interface that is or was wanted */
struct vtap_interface {
	struct vtap_wish wish;
	char *sessions; /* names joined by ", ", for messages */
	char *vnis;     /* of the first session, for the journal */

	bool is_awaiting;     /* something of ours has its name, or its port, for the moment */
	bool is_reconfigured; /* the wish changed: the next step is no repair */
	bool is_shown;        /* it waits, and frames are shown all the same: only settings are
				 wrong that they do not need */
	int fd;               /* of a TAP; -1 while there is none */
	enum vtap_state state;
	const char *reason; /* id, or NULL */
	char message[VTAP_ERR_MAX];
	struct vtap_backoff backoff;
	bool is_given_way; /* somebody keeps undoing it, and that was said: not again until it lasts
			    */
	bool is_loss_said; /* and that nothing is shown meanwhile: likewise */
	bool is_untold;    /* that it waits: the end of the run names it */
	int blocker_index; /* of somebody else's device that has its VNI or port; 0: none is known
			    */
	uint64_t n_repairs;
};

/** struct vtap_busy - a UDP port that sockets of ours are open on, while vxlan devices want it */
struct vtap_busy {
	uint16_t port;
	const char *target; /* it keeps them for want of another port; NULL: on their way out */
};

/** struct vtap_occasion - why a turn is taken, and what it has to mind */
struct vtap_occasion {
	uint64_t now_ns;
	uint64_t noticed_ns; /* when the trouble was noticed, for "repaired in" */
	const struct vtap_busy *busy;
	size_t n_busy;
	void (*count)(void *arg); /* called when vxlan devices that go are down: their counters are
				     as far as they will ever be. NULL: nobody counts */
	void *arg;
	bool has_left; /* sockets of ours were closed a moment ago: the service manager may have
			  them still */
};

/** struct vtap_turn - what a turn did */
struct vtap_turn {
	bool has_new_fds;     /* the session table must be made again */
	bool has_more;        /* steps were left for the next turn */
	size_t n_steps;       /* there were to be done, those that wait for another try included */
	bool is_unfinished;   /* has_more, or steps were applied: look again */
	bool is_awaiting;     /* a vxlan device waits for sockets of ours that are on their way out
			       */
	bool has_removals;    /* vtap_interfaces_remove() has something to do */
	uint64_t retry_at_ns; /* the next try; UINT64_MAX for none */
};

struct vtap_interfaces;

/** vtap_interfaces_new() - @nl is borrowed; the TAPs will belong to the effective user and group */
int vtap_interfaces_new(struct vtap_nl *nl, struct vtap_interfaces **ret_set);

/** vtap_interfaces_free() - closes descriptors; the devices are persistent and stay. NULL is
 * allowed. */
void vtap_interfaces_free(struct vtap_interfaces *set);
VTAP_FREEP(interfaces, struct vtap_interfaces, vtap_interfaces_free)

/** vtap_interfaces_guard_with() - from now on every tap interface has these; kept by value. NULL:
 * none is set any more, those that are there stay. */
void vtap_interfaces_guard_with(struct vtap_interfaces *set, const struct vtap_guard *guard);

/** vtap_interfaces_guards() - which interfaces have their guard, as of the last turn; borrowed */
struct vtap_guards *vtap_interfaces_guards(struct vtap_interfaces *set);

/** vtap_interfaces_count() - tap interfaces that there are, and how many of them have their guard
 */
size_t vtap_interfaces_count(const struct vtap_interfaces *set, size_t *ret_n_guarded);

/** vtap_interfaces_want() - take the wishes of a configuration. Return: 0, -ENOMEM (nothing
 * changed). */
int vtap_interfaces_want(struct vtap_interfaces *set, const struct vtap_conf *conf);

/** vtap_interfaces_offload_with() - where features are asked for and set; borrowed, NULL: nowhere.
 * Then devices of every look tell what merges frames. */
void vtap_interfaces_offload_with(struct vtap_interfaces *set, struct vtap_offload *offload);

/** vtap_interfaces_unknown_merging() - why the last look does not tell what merges frames though it
 * was asked; NULL: it does. Borrowed until the next look. */
const char *vtap_interfaces_unknown_merging(const struct vtap_interfaces *set);

/** vtap_interfaces_look() - look at the kernel, for the turns that follow. Context: main thread.
 * Return: 0; negative errno when the kernel could not be looked at. */
int vtap_interfaces_look(struct vtap_interfaces *set, struct vtap_err *err);

/**
 * vtap_interfaces_release_port() - set down what the last look found of ours on a port that sockets
 * are to have
 *
 * Their removal closes the port as well, but ends some 15 ms after that; meanwhile nobody would
 * have it, and this host answer what is mirrored to it (law 3). Context: main thread;
 * CAP_NET_ADMIN. What is refused is removed, or told, by the next turn. Return: was there any?
 */
bool vtap_interfaces_release_port(struct vtap_interfaces *set, uint16_t port);

/**
 * vtap_interfaces_turn() - plan by the last look, apply
 * Context: main thread; CAP_NET_ADMIN. Logs repairs and refusals.
 * Return: 0, -ENOMEM.
 */
int vtap_interfaces_turn(struct vtap_interfaces *set, const struct vtap_occasion *occasion,
	struct vtap_turn *ret_turn);

/** vtap_interfaces_remove() - remove what the last turn found unwanted, and log it. Return: 0, or
 * negative errno. */
int vtap_interfaces_remove(struct vtap_interfaces *set, struct vtap_err *err);

/** vtap_interfaces_find() - by name, or NULL; borrowed until the next want() */
const struct vtap_interface *vtap_interfaces_find(
	const struct vtap_interfaces *set, const char *name);

/** vtap_interfaces_devices() - the last look at the kernel, borrowed until the next turn */
const struct vtap_devices *vtap_interfaces_devices(const struct vtap_interfaces *set);

/** vtap_interfaces_own_indexes() - indexes of all tap interfaces that are held. Return: 0, -ENOMEM.
 */
int vtap_interfaces_own_indexes(
	const struct vtap_interfaces *set, int **ret_indexes, size_t *ret_n);

/**
 * vtap_interfaces_take_closed() - one descriptor that the session table must no longer name, to be
 * closed when no worker uses an older table; -1 when there is none. The caller owns it.
 */
int vtap_interfaces_take_closed(struct vtap_interfaces *set);

/** vtap_interfaces_n_repairs() - since the daemon started */
uint64_t vtap_interfaces_n_repairs(const struct vtap_interfaces *set);
