/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules for Prometheus: an alert for each condition that somebody must come for, some for what the
 * register cannot know, and sums that the dashboard shows. packaging/prometheus/vtapd.rules.yml is
 * what this prints; tests/manual/rules compares.
 */
#pragma once

#include <stdio.h>

/** vtap_rules_write() - the text of vtapd.rules.yml. Source of the form: prometheus.io, "Recording
 * rules", "Alerting rules". Context: the caller asks ferror(). */
void vtap_rules_write(FILE *out);
