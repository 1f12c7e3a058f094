/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The judge: looks at everything once a second and after each change, and decides what is wrong,
 * whether the target is healthy, and whether the service manager may be told that we are alive.
 * It decides nothing about forwarding.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "daemon/drain.h"
#include "daemon/health.h"
#include "daemon/linger.h"
#include "daemon/load.h"
#include "report/finding.h"
#include "report/snapshot.h"

struct vtap_manager;
struct vtap_public;

struct vtap_judge {
	struct vtap_health *health;
	struct vtap_public *metrics;       /* /metrics and the like over TCP; NULL: not there */
	struct vtap_listen metrics_listen; /* where it is, or was tried */
	char metrics_refused[VTAP_ERR_MAX];
	uint64_t metrics_retry_ns;
	struct vtap_drain drain;
	char *drain_path;
	struct vtap_findings findings; /* of the last look, with since when they hold */
	struct vtap_linger linger;     /* what was logged, and ended a short while ago */
	struct vtap_health_status checks;
	bool is_healthy;
	uint64_t beat_ns;      /* of the last look */
	uint64_t stall_ns;     /* how long the main loop once did not move; 0: never */
	uint64_t stalled_ns;   /* when that was noticed */
	struct vtap_load load; /* of all targets */
};

/** vtap_judge_init() - start the health thread, read what was drained. Return: 0 or negative errno.
 */
int vtap_judge_init(struct vtap_judge *judge, const char *runtime_dir, struct vtap_err *err);

/** vtap_judge_done() - closes the listeners; may run on a half-built one, and twice */
void vtap_judge_done(struct vtap_judge *judge);

/** vtap_judge_follow() - a configuration is in effect: listen where it says */
void vtap_judge_follow(struct vtap_manager *manager);

/** vtap_judge_sample() - the once-a-second look: rates, heartbeat, watchdog, then the judgement */
void vtap_judge_sample(struct vtap_manager *manager, uint64_t now_ns);

/** vtap_judge_forgo() - so many packets are counted from now on that came at another time, and
 * belong to no rate */
void vtap_judge_forgo(struct vtap_judge *judge, uint64_t n_received);

/** vtap_judge_look() - judge now: something changed. Logs what begins and ends. */
void vtap_judge_look(struct vtap_manager *manager, uint64_t now_ns);

/** vtap_judge_drain() - drain from now on. Return: 0, or negative errno when it will not survive a
 * restart. */
int vtap_judge_drain(struct vtap_manager *manager, const char *reason, struct vtap_err *err);

/** vtap_judge_undrain() - Return: 0, or negative errno when a restart would drain again. */
int vtap_judge_undrain(struct vtap_manager *manager, struct vtap_err *err);

/** vtap_judge_fill() - what a snapshot has of all this; borrowed from the judge */
void vtap_judge_fill(const struct vtap_manager *manager, struct vtap_snapshot *snapshot);

/** vtap_judge_name() - "healthy", "unhealthy", "draining" */
const char *vtap_judge_name(const struct vtap_judge *judge);
