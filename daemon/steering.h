/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fast path as the daemon runs it: which underlays have its program, for which tables it was
 * made, and what it counted. Also the guard, whose programs the tap interfaces get.
 *
 * Where it is not permitted, or refused, the workers carry everything, and why is kept to be told.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "netlink/socket.h"
#include "netlink/watch.h"

/** VTAP_STEERING_NAME - of the program on an underlay, as `tc filter show` prints it */
#define VTAP_STEERING_NAME "vtapd-steer"

struct vtap_fastpath;
struct vtap_manager;
struct vtap_snapshot;
struct vtap_steering;

/** vtap_steering_new() - nothing is opened yet. @nl is borrowed; maps are pinned in RUNTIME_DIR/bpf
 * if that is a BPF file system. Return: 0, -ENOMEM. */
int vtap_steering_new(
	struct vtap_nl *nl, const char *runtime_dir, struct vtap_steering **ret_steering);

/** vtap_steering_free() - programs stay attached and go on. NULL is allowed. */
void vtap_steering_free(struct vtap_steering *steering);
VTAP_FREEP(steering, struct vtap_steering, vtap_steering_free)

/**
 * vtap_steering_follow() - a configuration was taken: slots for its targets and sessions
 *
 * What the process before us counted for them is theirs.
 * Context: main thread, after manager->conf and its runs are the new ones.
 */
void vtap_steering_follow(struct vtap_manager *manager, uint64_t now_ns);

/** vtap_steering_hear() - news: addresses, hooks that somebody touched. Return: is a turn needed?
 */
bool vtap_steering_hear(struct vtap_manager *manager, const struct vtap_watch_news *news);

/**
 * vtap_steering_turn() - the program that is due on every underlay that should have it, none where
 * it should not be. Nothing while the configuration has no tables yet: the former programs go on.
 * @is_published: the tables are new ones
 * Context: main thread, after the tables were published and before interfaces are removed. Logs
 * what comes and goes.
 */
void vtap_steering_turn(struct vtap_manager *manager, bool is_published, uint64_t now_ns);

/** vtap_steering_doubt() - look at the hooks again, also where nobody told of a change: whoever
 * replaces our program by his own at its very place makes no news. Context: before an audit's turn.
 */
void vtap_steering_doubt(struct vtap_manager *manager);

/** vtap_steering_needs_turn() - is something that was refused to be tried again? */
bool vtap_steering_needs_turn(const struct vtap_steering *steering, uint64_t now_ns);

/** vtap_steering_sample() - take up what was counted, learn underlays. Context: before anybody
 * looks at counters. */
void vtap_steering_sample(struct vtap_manager *manager, uint64_t now_ns);

/**
 * vtap_steering_keep() - what workers counted goes on with the process after us, as what the fast
 * path counted does
 * Context: main thread, with everything that is going to be told and before it is.
 */
void vtap_steering_keep(struct vtap_manager *manager, const struct vtap_snapshot *snapshot);

/** vtap_steering_note_lost() - frames that somebody else counted as lost in handover: told with
 * ours, once a minute */
void vtap_steering_note_lost(struct vtap_steering *steering, uint64_t n);

/** vtap_steering_flows() - take up which flows moved. Context: before anybody looks at VNIs. */
void vtap_steering_flows(struct vtap_manager *manager, uint64_t now_ns);

/** vtap_steering_second() - all of it, and does anybody end the chain before us? Context: once a
 * second. */
void vtap_steering_second(struct vtap_manager *manager, uint64_t now_ns);

/** struct vtap_steering_status - how a target fares; strings are borrowed until the next turn */
struct vtap_steering_status {
	bool is_fast;
	const char **on; /* heap array of borrowed names */
	size_t n_on;
	const char *off_why;
	const char *idle_why;
	const char *bypassed_by;
};

/** vtap_steering_status() - Return: 0, -ENOMEM. */
int vtap_steering_status(const struct vtap_manager *manager, size_t i_target,
	struct vtap_steering_status *ret_status);

/** vtap_steering_format() - "; fast path on ens5, ens6", or "" without one; cut if it is too long
 */
void vtap_steering_format(const struct vtap_steering *steering, char *ret_text, size_t size);

/** vtap_steering_guard_off_why() - why not every tap interface has its guard; NULL if it has */
const char *vtap_steering_guard_off_why(const struct vtap_manager *manager);

/** vtap_steering_since() - when the oldest counter began, wall time; 0: with this process */
uint64_t vtap_steering_since(const struct vtap_steering *steering);

/** vtap_steering_talks_off_why() - why no TCP conversations are noted; NULL: they are, where there
 * is a guard */
const char *vtap_steering_talks_off_why(const struct vtap_manager *manager);

/** vtap_steering_fastpath() - the maps and the guard, borrowed until the next turn; NULL: there are
 * none */
const struct vtap_fastpath *vtap_steering_fastpath(const struct vtap_steering *steering);

/** vtap_steering_holds_port() - does a program keep packets to this target's port from being
 * answered while nobody listens, wherever they came from so far? */
bool vtap_steering_holds_port(const struct vtap_manager *manager, size_t i_target);

/** vtap_steering_forget() - remove what is pinned, so that nobody goes on counting; from outside of
 * the unit, too. Return: 0 or negative errno. */
int vtap_steering_forget(const char *runtime_dir);
