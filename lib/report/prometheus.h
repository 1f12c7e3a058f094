/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A snapshot as Prometheus text, version 0.0.4: the metrics of the register, in its order. What is
 * not known is absent, never 0. Written without printf, for speed: 4,000 sessions are 25,000 lines.
 *
 * Source: prometheus.io, "Exposition formats", text-based format
 */
#pragma once

#include "report/finding.h"
#include "report/snapshot.h"

/** VTAP_PROMETHEUS_TYPE - what a scraper is told that it gets */
#define VTAP_PROMETHEUS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/** vtap_prometheus_text() - Return: heap string; NULL without memory. */
char *vtap_prometheus_text(
	const struct vtap_snapshot *snapshot, const struct vtap_findings *findings);
