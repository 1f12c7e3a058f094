/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The register of metrics: everything that /metrics tells, each with its name, type and labels, and
 * what to do when it moves. The text (prometheus.c) and the manual are made from these rows.
 *
 * Labels are bounded by the configuration, the verdicts and the register of conditions: nothing
 * that a packet contains is ever one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "report/snapshot.h"

/** VTAP_METRIC_LABELS_MAX - of one metric */
#define VTAP_METRIC_LABELS_MAX 4

enum vtap_metric {
	VTAP_METRIC_SESSION_FRAMES,
	VTAP_METRIC_SESSION_BYTES,
	VTAP_METRIC_SESSION_DROPPED,
	VTAP_METRIC_SESSION_WORKER,
	VTAP_METRIC_SESSION_TRUNCATED,
	VTAP_METRIC_SESSION_LAST_FRAME,
	VTAP_METRIC_SESSION_READY,
	VTAP_METRIC_SESSION_SENSORS,
	VTAP_METRIC_TARGET_RECEIVED,
	VTAP_METRIC_TARGET_DELIVERED,
	VTAP_METRIC_TARGET_DROPPED,
	VTAP_METRIC_TARGET_PATH_FRAMES,
	VTAP_METRIC_TARGET_READY,
	VTAP_METRIC_UNDERLAY_UP,
	VTAP_METRIC_UNDERLAY_ALLOWANCE,
	VTAP_METRIC_HOST, /* one for each of enum vtap_host_counter */
	VTAP_METRIC_CONDITION = VTAP_METRIC_HOST + VTAP_HOST_COUNT,
	VTAP_METRIC_HEALTHY,
	VTAP_METRIC_DRAINING,
	VTAP_METRIC_REPAIRS,
	VTAP_METRIC_RELOADS,
	VTAP_METRIC_CONFIG_TIME,
	VTAP_METRIC_TURNS,
	VTAP_METRIC_PLAN_STEPS,
	VTAP_METRIC_NEWS_LOST,
	VTAP_METRIC_LOOP_LAG,
	VTAP_METRIC_BUILD_INFO,
	VTAP_METRIC_START_TIME,
	VTAP_METRIC_PROCESS_CPU,
	VTAP_METRIC_PROCESS_RESIDENT,
	VTAP_METRIC_PROCESS_FDS,
	VTAP_METRIC_PROCESS_START_TIME,
	VTAP_METRIC_COUNT
};

struct vtap_metric_row {
	const char *name;
	bool is_counter; /* it only rises while the daemon runs; else a gauge */
	bool is_ns;      /* the value is nanoseconds, and told in seconds */
	const char *labels[VTAP_METRIC_LABELS_MAX + 1]; /* in their order; ends with NULL */
	const char *help; /* what it is, and what to do when it moves; one line */
};

/** vtap_metric_row() - borrowed, constant */
const struct vtap_metric_row *vtap_metric_row(enum vtap_metric metric);

/** vtap_metric_type() - "counter", "gauge" */
const char *vtap_metric_type(const struct vtap_metric_row *row);
