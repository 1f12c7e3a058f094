/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answer to the load balancer's health check: a TCP listener that is there while the target is
 * healthy, and answers whatever HTTP GET or HEAD comes with 200.
 *
 * How it works. A thread of its own accepts, so that a busy main loop delays no check, and looks at
 * the main loop's heartbeat, so that a main loop that hangs is not healthy. While the target is
 * unhealthy or drained there is no listening socket: the kernel refuses, so that TCP and HTTP
 * checks agree. The sockets are never given to the service manager: a listener without a process
 * would still complete handshakes. For the same reason the backlog is small: a process that was
 * stopped accepts no more than that. Clients have fixed places, nothing is allocated for a check,
 * and the oldest gives way when all places are taken.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/prefix.h"
#include "daemon/settle.h"

/** VTAP_HEALTH_PLACES_MAX - addresses that are listened on at once */
#define VTAP_HEALTH_PLACES_MAX 64

/** VTAP_HEALTH_STALL_NS - a main loop or worker that has not moved for this long hangs */
#define VTAP_HEALTH_STALL_NS 5000000000ULL

struct vtap_health_place {
	struct vtap_addr addr; /* all zero: every address */
	uint16_t port;
};

/** struct vtap_health_wish - where and how to listen */
struct vtap_health_wish {
	struct vtap_health_place place[VTAP_HEALTH_PLACES_MAX];
	size_t n_places; /* 0: off */
	uint64_t settle_ns;
};

struct vtap_health_status {
	bool is_answering;          /* sockets listen */
	char refused[VTAP_ERR_MAX]; /* why one of them could not, or "" */
	uint64_t n_checks;          /* connections since the start */
	uint64_t differs_ns;        /* since when the judgement differs from the answer; 0 */
};

struct vtap_health;

/**
 * vtap_health_new() - start the thread; it listens nowhere yet
 * Context: main thread. The thread keeps no capability but CAP_NET_BIND_SERVICE, if we have that.
 * Return: 0; -ENOMEM; -EAGAIN when there can be no more threads.
 */
int vtap_health_new(struct vtap_health **ret_health, struct vtap_err *err);

/** vtap_health_free() - stop the thread, close everything; NULL is allowed */
void vtap_health_free(struct vtap_health *health);
VTAP_FREEP(health, struct vtap_health, vtap_health_free)

/** vtap_health_want() - listen there from now on, as long as it is healthy. Context: main thread.
 */
void vtap_health_want(struct vtap_health *health, const struct vtap_health_wish *wish);

/** vtap_health_beat() - the main loop moves, and judges so. Context: main thread. */
void vtap_health_beat(struct vtap_health *health, enum vtap_judgement judgement, uint64_t now_ns);

/** vtap_health_status() - how it is. Context: main thread. */
void vtap_health_status(struct vtap_health *health, struct vtap_health_status *ret_status);
