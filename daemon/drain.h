/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Draining: somebody asked the load balancer to be sent away. What was asked is kept in a file of
 * the runtime folder, so that it outlives the daemon and not the machine. When the traffic has left
 * is told by the rate of received packets.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "daemon/request.h"

/** VTAP_DRAIN_QUIET_NS - this long below the mark is quiet */
#define VTAP_DRAIN_QUIET_NS 15000000000ULL

struct vtap_drain {
	bool is_on;
	uint64_t since_wall_ns;
	char reason[VTAP_DRAIN_REASON_MAX]; /* "" for none */
	double rate_before;                 /* received packets a second when it began */
	double rate;                        /* now */
	uint64_t since_ns;                  /* CLOCK_MONOTONIC: of the drain, or of this process */
	uint64_t asked_ns;                  /* when it was last asked for: drain-time begins anew */
	uint64_t below_ns;        /* since when the rate is below the mark; 0: it is not */
	uint64_t first_delivered; /* counters when it began */
	uint64_t first_dropped;
	bool has_first;
};

/**
 * vtap_drain_load() - what was asked before this process started
 * @path: the state file
 * Return: 0, also when there is none; negative errno with the drain off.
 */
int vtap_drain_load(
	struct vtap_drain *drain, const char *path, uint64_t now_ns, struct vtap_err *err);

/**
 * vtap_drain_begin() - drain from now on; asked again, only the reason changes
 * @reason: NULL or "" for none; validated
 * Return: 0, or negative errno when it could not be written down (it drains all the same).
 */
int vtap_drain_begin(struct vtap_drain *drain, const char *path, const char *reason,
	uint64_t now_ns, uint64_t wall_ns, struct vtap_err *err);

/** vtap_drain_end() - Return: 0, or negative errno when the file could not be removed. */
int vtap_drain_end(struct vtap_drain *drain, const char *path, struct vtap_err *err);

/** vtap_drain_sample() - once a second: the rate and the counters of all targets */
void vtap_drain_sample(struct vtap_drain *drain, double rate, uint64_t delivered, uint64_t dropped,
	uint64_t now_ns);

/** vtap_drain_is_quiet() - has the traffic left? */
bool vtap_drain_is_quiet(const struct vtap_drain *drain, uint64_t now_ns);
