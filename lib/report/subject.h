/* SPDX-License-Identifier: Apache-2.0 */
/* Who a finding is about. A session, a target and an interface may have one name: only kind and
 * name together say which is meant. */
#pragma once

#include <stdbool.h>

#include "model/conf.h"

enum vtap_subject_kind {
	VTAP_SUBJECT_HOST, /* vtapd and the host that it runs on; it has no name */
	VTAP_SUBJECT_TARGET,
	VTAP_SUBJECT_SESSION,
	VTAP_SUBJECT_INTERFACE, /* an underlay */
	VTAP_SUBJECT_KIND_COUNT
};

/** struct vtap_subject - all zero: the host */
struct vtap_subject {
	enum vtap_subject_kind kind;
	char name[VTAP_NAME_MAX]; /* "" of the host */
};

struct vtap_subject vtap_subject_host(void);

/** vtap_subject_target() - @name is copied; likewise of the others */
struct vtap_subject vtap_subject_target(const char *name);

struct vtap_subject vtap_subject_session(const char *name);

struct vtap_subject vtap_subject_interface(const char *name);

/** vtap_subject_name() - borrowed; NULL: the host has none */
const char *vtap_subject_name(const struct vtap_subject *subject);

/** vtap_subject_kind_name() - "host", "session" */
const char *vtap_subject_kind_name(enum vtap_subject_kind kind);

/** vtap_subject_is() - is it this one? */
bool vtap_subject_is(
	const struct vtap_subject *subject, enum vtap_subject_kind kind, const char *name);

/** vtap_subject_compare() - by name, and those of one name by kind, as strcmp() */
int vtap_subject_compare(const struct vtap_subject *a, const struct vtap_subject *b);
