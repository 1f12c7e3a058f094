/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs for underlays, made for one set of session tables and addresses. They decide as those
 * tables do (law 7): the maps are filled from them.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/prefix.h"
#include "datapath/table.h"
#include "fastpath/state.h"

/** VTAP_STEER_TARGETS_MAX - targets that programs can know */
#define VTAP_STEER_TARGETS_MAX 64

/** struct vtap_steer_target - a target that the programs know */
struct vtap_steer_target {
	const struct vtap_table *table;
	uint16_t port;
	uint32_t slot; /* of its counters */
};

/** struct vtap_steer_exit - where a session's frames go, by i_session of the tables */
struct vtap_steer_exit {
	int ifindex; /* of the tap interface; 0: not by the fast path */
	uint32_t slot;
};

/** struct vtap_steer_spec - what programs are made for; all borrowed for the call */
struct vtap_steer_spec {
	const struct vtap_steer_target *targets;
	size_t n_targets; /* at most VTAP_STEER_TARGETS_MAX */
	const struct vtap_steer_exit *exits;
	const struct vtap_addr *own; /* addresses of this network namespace */
	size_t n_own;
	uint64_t id; /* of the programs: never used before, not 0 */
};

struct vtap_steer;

/**
 * vtap_steer_new() - fill the maps
 * @fastpath: must stay open as long as the result is used
 * Context: main thread; needs CAP_BPF. Takes 1 us for each rule, address and part of a range.
 * Return: 0; -EPERM; -ENOMEM; -E2BIG with more targets than VTAP_STEER_TARGETS_MAX; other negative
 * errno.
 */
int vtap_steer_new(struct vtap_fastpath *fastpath, const struct vtap_steer_spec *spec,
	struct vtap_steer **ret_steer, struct vtap_err *err);

/**
 * vtap_steer_program() - the program for an underlay
 * @i_targets: which of the targets receive there; each has another port
 * @has_ipv6:  the underlay has IPv6: if not, the stack takes no such packets there, and neither
 * does the program
 * @ret_fd:    the caller owns it, and may close it once it is attached
 * @ret_id:    the kernel's number of it
 * Return: 0; -EPERM; other negative errno, with the verifier's last line where it refused.
 */
int vtap_steer_program(const struct vtap_steer *steer, const size_t *i_targets, size_t n,
	bool has_ipv6, int *ret_fd, uint32_t *ret_id, struct vtap_err *err);

/** vtap_steer_free() - attached programs keep what they need. NULL is allowed. */
void vtap_steer_free(struct vtap_steer *steer);
VTAP_FREEP(steer, struct vtap_steer, vtap_steer_free)
