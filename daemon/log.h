/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal, or standard error where there is none. One entry for each change of state, none for
 * packets; each kind of entry has a message id that operators can search for (journalctl
 * MESSAGE_ID=). What changes to and fro is bounded: daemon/flood.h.
 */
#pragma once

#include <stdbool.h>
#include <syslog.h>

#include "base/cleanup.h"
#include "daemon/event.h"

/** struct vtap_log_context - the structured fields; NULL and 0 are left out */
struct vtap_log_context {
	const char *sessions;  /* names joined by ", ": one VTAPD_SESSION field each */
	const char *vnis;      /* VTAPD_VNI */
	const char *interface; /* names joined by ", ": one VTAPD_INTERFACE field each */
	const char *target;    /* VTAPD_TARGET */
	const char *condition; /* VTAPD_CONDITION: it begins or ends with this entry, which has its
				  message id then */
	const char *because;   /* VTAPD_CONDITION, too, of an entry that keeps its own message id */
	const char *subject;   /* no field: who it is about, where those above change meanwhile */
	int error;             /* ERRNO, positive or negative */
	bool is_asked_for;     /* somebody did it: told as often as he does it */
};

/** vtap_log_init() - find out where to log. Context: main, once, before any thread. */
void vtap_log_init(void);

/** vtap_log_priority() - of an entry about this condition: LOG_ERR for a page, LOG_WARNING for a
 * ticket and what is no condition of the register, LOG_NOTICE for the rest */
int vtap_log_priority(const char *condition);

/**
 * vtap_log() - one entry
 * @priority: LOG_ERR … LOG_INFO
 * @context:  may be NULL
 * Context: main thread.
 */
void vtap_log(int priority, enum vtap_event event, const struct vtap_log_context *context,
	const char *fmt, ...) VTAP_PRINTF(4, 5);

/** vtap_log_second() - tell what was held back long enough. Context: main thread, once a second. */
void vtap_log_second(void);

/** vtap_log_done() - tell what is still held back. Context: main thread, at the end. */
void vtap_log_done(void);
