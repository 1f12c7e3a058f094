/* SPDX-License-Identifier: Apache-2.0 */
/* The answers to control requests, made from what the manager holds. */
#pragma once

#include "config/change.h"
#include "config/diag.h"
#include "daemon/manager.h"
#include "daemon/request.h"

/** struct vtap_answer - an HTTP status and a heap body; NULL means "no memory" */
struct vtap_answer {
	unsigned status;
	char *body;
	const char *type;   /* of its content, static; NULL: JSON */
	const char *policy; /* what a browser may do with it, static; NULL: it is no page */
};

/** vtap_answer_error() - a sentence */
struct vtap_answer vtap_answer_error(unsigned status, const char *sentence);

/** vtap_answer_ok() - takes @body, heap JSON; NULL: there was no memory for it */
struct vtap_answer vtap_answer_ok(char *body);

/** vtap_answer_trouble() - @r: negative errno: nothing that the client could mend */
struct vtap_answer vtap_answer_trouble(int r);

/** vtap_answer_plan() - what a reload would do now; an error answer where it would be refused */
struct vtap_answer vtap_answer_plan(const struct vtap_manager *manager);

/**
 * vtap_answer_tell() - what a snapshot tells
 * @op: VTAP_OP_STATUS, VTAP_OP_HEALTH, VTAP_OP_METRICS, VTAP_OP_DRAIN_STATE
 * @snapshot: what metrics tell of the process is filled in
 * Context: any thread.
 */
struct vtap_answer vtap_answer_tell(
	enum vtap_op op, struct vtap_snapshot *snapshot, const struct vtap_findings *findings);

/** vtap_answer_page() - the page. Context: any thread. */
struct vtap_answer vtap_answer_page(void);

/** vtap_answer_make() - status, show, metrics, …: those that are answered at once */
struct vtap_answer vtap_answer_make(
	struct vtap_manager *manager, const struct vtap_request *request);

/** vtap_answer_refusal() - the configuration was refused */
struct vtap_answer vtap_answer_refusal(
	const struct vtap_manager *manager, const struct vtap_diags *diags);

/** vtap_answer_reload() - a reload is in effect; @elapsed_ns since it was asked for */
struct vtap_answer vtap_answer_reload(const struct vtap_manager *manager,
	const struct vtap_changes *changes, uint64_t elapsed_ns);

/** vtap_answer_wait() - how the session is now. Return: an error answer when it is no longer
 * configured. */
struct vtap_answer vtap_answer_wait(
	struct vtap_manager *manager, const char *name, bool *ret_is_ready);

/** vtap_answer_teardown() - what was removed; @ports were closed, "" for none */
struct vtap_answer vtap_answer_teardown(
	const struct vtap_report_removed *removed, const char *ports);
