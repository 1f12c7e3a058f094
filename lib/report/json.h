/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports as JSON, `"version": 1`. Every function returns a heap string, or NULL without memory.
 * Words are those of the verdict list and the states; times are ISO 8601 in UTC with nanoseconds.
 */
#pragma once

#include "report/finding.h"
#include "report/snapshot.h"

/** VTAP_JSON_VERSION - changes when a reader of the former would be misled */
#define VTAP_JSON_VERSION 1

char *vtap_json_status(const struct vtap_snapshot *snapshot, const struct vtap_findings *findings);

/** vtap_json_doctor() - what holds, and every check; of one condition, or VTAP_CONDITION_COUNT for
 * all
 */
char *vtap_json_doctor(const struct vtap_snapshot *snapshot, const struct vtap_findings *findings,
	enum vtap_condition only);

/** vtap_json_health() - how health is judged, with every condition */
char *vtap_json_health(const struct vtap_snapshot *snapshot, const struct vtap_findings *findings);

/** vtap_json_drain() - how far the drain is, also when there is none */
char *vtap_json_drain(const struct vtap_snapshot *snapshot);

/** vtap_json_show() - one session, its target, and what of @findings is about them; @vnis are the
 * VNIs that it carries */
char *vtap_json_show(const struct vtap_snapshot *snapshot, const struct vtap_report_session *report,
	const struct vtap_report_vnis *vnis, const struct vtap_findings *findings);

char *vtap_json_unknown(const struct vtap_snapshot *snapshot, const struct vtap_report_vnis *vnis);

/** vtap_json_match() - @source may be NULL: whoever would get it from anywhere */
char *vtap_json_match(uint32_t vni, const struct vtap_addr *source,
	const struct vtap_report_match *matches, size_t n_matches);

char *vtap_json_plan(const struct vtap_report_plan *plan);

char *vtap_json_reload(const struct vtap_report_reload *reload);

char *vtap_json_refusal(const struct vtap_report_refusal *refusal);

char *vtap_json_wait(const struct vtap_report_session *session);

/** vtap_json_teardown() - @message may be NULL */
char *vtap_json_teardown(const struct vtap_report_removed *removed, const char *message);

/** vtap_json_error() - a sentence */
char *vtap_json_error(const char *sentence);
