/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The register of conditions: everything that can be wrong with a target, each with an id, how
 * urgent it is, what it means, why it matters and what to do. `vtapctl doctor`, /healthz, the
 * journal's catalog and the manual are made from these rows; a condition that is not here does not
 * exist.
 *
 * A remedy can be pasted as it stands, into a shell or into the configuration: commands, joined by
 * "; ", with a note behind " # "; or one line of the configuration, with a note behind " ; ". Where
 * there is nothing to paste it is a note alone, "# …". Rows have no lines of the configuration, as
 * they stand behind commands in the rules for Prometheus. `sudo` stands where it takes root.
 */
#pragma once

#include <stddef.h>

enum vtap_condition {
	VTAP_CONDITION_NO_SESSIONS,
	VTAP_CONDITION_UNDERLAY_MISSING,
	VTAP_CONDITION_PORT_TAKEN,
	VTAP_CONDITION_SOCKET_REFUSED,
	VTAP_CONDITION_LOOP_STALLED,
	VTAP_CONDITION_WORKER_STALLED,
	VTAP_CONDITION_INTERFACE_FOREIGN,
	VTAP_CONDITION_VNI_TAKEN,
	VTAP_CONDITION_UNDERLAY_DOWN,
	VTAP_CONDITION_SESSION_WAITING,
	VTAP_CONDITION_REPAIR_LOOP,
	VTAP_CONDITION_CONFIG_REJECTED,
	VTAP_CONDITION_NO_SENSOR,
	VTAP_CONDITION_NO_TRAFFIC,
	VTAP_CONDITION_SILENT,
	VTAP_CONDITION_ONE_WAY,
	VTAP_CONDITION_GUARD_OFF,
	VTAP_CONDITION_FASTPATH_OFF,
	VTAP_CONDITION_FASTPATH_BYPASSED,
	VTAP_CONDITION_GRO_MERGING,
	VTAP_CONDITION_SOCKET_DROPS,
	VTAP_CONDITION_BACKLOG_DROPS,
	VTAP_CONDITION_ENA_ALLOWANCE,
	VTAP_CONDITION_RP_FILTER,
	VTAP_CONDITION_UDP_CHECKSUM,
	VTAP_CONDITION_CONNTRACK,
	VTAP_CONDITION_UNKNOWN_VNI,
	VTAP_CONDITION_UNKNOWN_SOURCE,
	VTAP_CONDITION_NOT_ALLOWED,
	VTAP_CONDITION_TRUNCATED,
	VTAP_CONDITION_DECAP_ERROR,
	VTAP_CONDITION_DRAIN,
	VTAP_CONDITION_RESERVED_BITS,
	VTAP_CONDITION_NEVER_SEEN,
	VTAP_CONDITION_HOST_ANSWERS,
	VTAP_CONDITION_HOST_DROPS,
	VTAP_CONDITION_ALLOW_ANY,
	VTAP_CONDITION_COUNT
};

/** enum vtap_severity - how urgent; ordered, the most urgent first */
enum vtap_severity {
	VTAP_SEVERITY_PAGE,   /* traffic is lost now: somebody must come */
	VTAP_SEVERITY_TICKET, /* wrong, and can wait until the morning */
	VTAP_SEVERITY_INFO,   /* worth knowing; nothing is wrong */
	VTAP_SEVERITY_COUNT
};

struct vtap_condition_row {
	const char *id; /* "no-sessions": the same word in doctor, /healthz, journal, manual */
	enum vtap_severity severity;
	const char *message_id; /* of the journal, 32 hex digits; never changes */
	const char *meaning;    /* one sentence: what is the case while it holds */
	const char *cause;  /* one or two sentences: what it costs, and what usually causes it */
	const char *remedy; /* what to do, in the form that condition.h gives */
};

/** vtap_condition_row() - borrowed, constant */
const struct vtap_condition_row *vtap_condition_row(enum vtap_condition condition);

/** vtap_condition_find() - by id. Return: VTAP_CONDITION_COUNT if there is none. */
enum vtap_condition vtap_condition_find(const char *id);

/** vtap_severity_name() - "page", "ticket", "info" */
const char *vtap_severity_name(enum vtap_severity severity);
