/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guards of tap interfaces: which of them have our programs on both hooks.
 *
 * How it works. That an interface has its guard is remembered, until somebody touches its hooks, or
 * its turn comes in a slow round: whoever puts his own program at our very place makes no news. A
 * guard that the kernel refuses is told and tried again later; the interface is used all the same.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "model/device.h"
#include "netlink/socket.h"

/** VTAP_GUARD_IN_NAME, VTAP_GUARD_OUT_NAME - of the programs, as `tc filter show` prints them */
#define VTAP_GUARD_IN_NAME  "vtapd-guard-in"
#define VTAP_GUARD_OUT_NAME "vtapd-guard-out"

/** struct vtap_guard - the programs for the hooks of a tap interface; descriptors are borrowed */
struct vtap_guard {
	int in_fd;
	int out_fd;
	uint32_t in_id;
	uint32_t out_id;
};

/** struct vtap_guards - all zero but for nl (borrowed) at first: no programs, nothing known */
struct vtap_guards {
	struct vtap_nl *nl;
	bool has_programs;
	struct vtap_guard programs;
	int *guarded; /* indexes of interfaces known to have it, sorted */
	size_t n_guarded;
	int *refused; /* of those where it was refused, until the next try */
	size_t n_refused;
	size_t i_doubt; /* where vtap_guards_doubt_some() goes on */
	uint64_t refused_retry_ns;
	char refused_why[VTAP_ERR_MAX]; /* the last refusal; "" for none */
};

/** vtap_guards_done() - frees what is remembered; guards stay. May run twice. */
void vtap_guards_done(struct vtap_guards *guards);

/** vtap_guards_use() - from now on these programs, kept by value; NULL: none is set any more */
void vtap_guards_use(struct vtap_guards *guards, const struct vtap_guard *programs);

/** vtap_guards_is_on() - is it known to have its guard? */
bool vtap_guards_is_on(const struct vtap_guards *guards, int index);

/**
 * vtap_guards_doubt() - somebody touched the hooks of these interfaces, or of any
 * Return: is there something to look at: one of them was known to have its guard, or some to have
 * none?
 */
bool vtap_guards_doubt(struct vtap_guards *guards, const int *indexes, size_t n, bool is_all);

/** vtap_guards_doubt_some() - look at some again, at others each time */
void vtap_guards_doubt_some(struct vtap_guards *guards);

/** vtap_guards_why() - why it was refused somewhere, a sentence; NULL: nowhere */
const char *vtap_guards_why(const struct vtap_guards *guards);

/** vtap_guards_note() - fill in device.guard of our devices; asks the kernel about those in doubt.
 * Context: main thread; no capability. */
void vtap_guards_note(struct vtap_guards *guards, struct vtap_devices *devices, uint64_t now_ns);

/** vtap_guards_set() - put the programs on both hooks; refused: see vtap_guards_why(). Context:
 * main thread; needs CAP_NET_ADMIN. */
void vtap_guards_set(struct vtap_guards *guards, const char *name, int index);
