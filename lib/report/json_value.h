/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The values that all reports as JSON are made of; only for json*.c. Each function returns a new
 * reference, or NULL without memory, which makes the whole that it is packed into NULL: so nothing
 * is checked on the way, and vtap_json_text() checks once.
 */
#pragma once

#include "report/finding.h"
#include "report/snapshot.h"

struct json_t; /* jansson's; only json*.c look inside */

/** vtap_json_text() - the finished text of a report, with its version; takes @object. Return: heap
 * string, NULL without memory. */
char *vtap_json_text(struct json_t *object);

/** vtap_json_time() - wall time as ISO 8601 in UTC; null for 0 */
struct json_t *vtap_json_time(uint64_t wall_ns);

/** vtap_json_mono() - a point of the monotonic clock as wall time; null for 0, never */
struct json_t *vtap_json_mono(const struct vtap_snapshot *snapshot, uint64_t mono_ns);

/** vtap_json_age() - how long ago that was, ns; null for 0, never */
struct json_t *vtap_json_age(const struct vtap_snapshot *snapshot, uint64_t mono_ns);

/** vtap_json_duration() - ns; null for VTAP_REPORT_NEVER */
struct json_t *vtap_json_duration(uint64_t ns);

/** vtap_json_shown() - text that may hold bytes from outside (names of interfaces); null for NULL
 */
struct json_t *vtap_json_shown(const char *text);

/** vtap_json_strings() - a list of such texts */
struct json_t *vtap_json_strings(const char *const *strings, size_t n);

/** vtap_json_state() - "healthy", "unhealthy", or "draining" whatever else is the case */
struct json_t *vtap_json_state(const struct vtap_snapshot *snapshot);

/** vtap_json_checks() - what the load balancer gets to see: "answered", "refused", "off" */
struct json_t *vtap_json_checks(const struct vtap_snapshot *snapshot);

/** vtap_json_host() - what the whole host counted, by name; null for what is not known */
struct json_t *vtap_json_host(const struct vtap_report_trend counters[VTAP_HOST_COUNT]);

/** vtap_json_target_kernel() - what a target tells of its mode: who counts, what he cannot see, and
 * where frames are merged; to be put into the target's object */
struct json_t *vtap_json_target_kernel(
	const struct vtap_snapshot *snapshot, const struct vtap_report_target *report);

/** vtap_json_session_kernel() - likewise of a session: its device and what the kernel counts for it
 */
struct json_t *vtap_json_session_kernel(const struct vtap_report_session *report);

/** vtap_json_uncounted() - the targets at which the kernel drops unknown VNIs uncounted */
struct json_t *vtap_json_uncounted(const struct vtap_snapshot *snapshot);

/** vtap_json_finding() - one that holds, with severity, sentence, remedy, and since when */
struct json_t *vtap_json_finding(
	const struct vtap_snapshot *snapshot, const struct vtap_finding *finding);

/** vtap_json_ids() - what holds, INFO left out, each once, in the order of the findings */
struct json_t *vtap_json_ids(const struct vtap_findings *findings);
