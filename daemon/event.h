/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The register of events: every kind of entry in the journal that is no condition of
 * report/condition.h, each with the message id by which it is found and what the catalog says of it
 * (`journalctl -x`).
 */
#pragma once

#include <stdbool.h>

enum vtap_event {
	VTAP_EVENT_READY, /* start-up is over */
	VTAP_EVENT_STOPPED,
	VTAP_EVENT_RELOADED,
	VTAP_EVENT_RELOAD_REFUSED,
	VTAP_EVENT_SESSION_READY, /* a session that had waited */
	VTAP_EVENT_SESSION_WAITING,
	VTAP_EVENT_REPAIRED,
	VTAP_EVENT_INTERFACE_REMOVED,
	VTAP_EVENT_TARGET_READY,
	VTAP_EVENT_TARGET_WAITING,
	VTAP_EVENT_SOCKETS_CLOSED,
	VTAP_EVENT_UNDERLAY, /* one came or went, or is treated otherwise from now on */
	VTAP_EVENT_NEWS_LOST,
	VTAP_EVENT_DROPS,     /* packets are lost, and what helps */
	VTAP_EVENT_HEALTH,    /* health checks are answered, or refused */
	VTAP_EVENT_CONDITION, /* a condition of the register begins or ends; has its message id */
	VTAP_EVENT_TROUBLE,   /* something of ours failed */
	VTAP_EVENT_COUNT
};

struct vtap_event_row {
	const char *message_id; /* 32 hex digits; never changes */
	const char *meaning;    /* one sentence, without a full stop */
	const char *cause;      /* what it comes from, and what it costs */
	const char *remedy;     /* what to do, as a command where there is one; may be nothing */
	const char *state; /* what all entries tell of, of which each overrules those before it;
			      NULL: those with its message id */
	bool is_asked_for; /* somebody did it: told as often as he does it */
	bool is_urgent;    /* waits for no other entry, as those of a page */
};

/** vtap_event_row() - borrowed, constant */
const struct vtap_event_row *vtap_event_row(enum vtap_event event);
