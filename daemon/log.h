/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal, or standard error where there is none. One entry for each change of state, none for
 * packets; each kind of entry has a message id that operators can search for (journalctl
 * MESSAGE_ID=).
 */
#pragma once

#include <syslog.h>

#include "base/cleanup.h"

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
	VTAP_EVENT_UNDERLAY, /* one came or went */
	VTAP_EVENT_NEWS_LOST,
	VTAP_EVENT_DROPS,     /* packets are lost, and what helps */
	VTAP_EVENT_HEALTH,    /* health checks are answered, or refused */
	VTAP_EVENT_CONDITION, /* a condition of the register begins or ends; has its message id */
	VTAP_EVENT_TROUBLE,   /* something of ours failed */
	VTAP_EVENT_COUNT
};

/** struct vtap_log_context - the structured fields; NULL and 0 are left out */
struct vtap_log_context {
	const char *sessions;  /* names joined by ", ": one VTAPD_SESSION field each */
	const char *vnis;      /* VTAPD_VNI */
	const char *interface; /* VTAPD_INTERFACE */
	const char *condition; /* VTAPD_CONDITION; an id of the register gives the entry its message
				  id */
	int error;             /* ERRNO, positive or negative */
};

/** vtap_log_init() - find out where to log. Context: main, once, before any thread. */
void vtap_log_init(void);

/**
 * vtap_log() - one entry
 * @priority: LOG_ERR … LOG_INFO
 * @context:  may be NULL
 * Context: main thread.
 */
void vtap_log(int priority, enum vtap_event event, const struct vtap_log_context *context,
	const char *fmt, ...) VTAP_PRINTF(4, 5);
