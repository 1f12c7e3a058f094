// SPDX-License-Identifier: Apache-2.0
#include "report/subject.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

static const char *const KIND_NAMES[] = {
	[VTAP_SUBJECT_HOST] = "host",
	[VTAP_SUBJECT_TARGET] = "target",
	[VTAP_SUBJECT_SESSION] = "session",
	[VTAP_SUBJECT_INTERFACE] = "interface",
};
static_assert(VTAP_ARRAY_LEN(KIND_NAMES) == VTAP_SUBJECT_KIND_COUNT, "every kind has a name");

static struct vtap_subject subject_of(enum vtap_subject_kind kind, const char *name)
{
	struct vtap_subject subject = { .kind = kind };

	(void)snprintf(subject.name, sizeof(subject.name), "%s", name); /* same size, or shorter */
	return subject;
}

struct vtap_subject vtap_subject_host(void)
{
	return subject_of(VTAP_SUBJECT_HOST, "");
}

struct vtap_subject vtap_subject_target(const char *name)
{
	return subject_of(VTAP_SUBJECT_TARGET, name);
}

struct vtap_subject vtap_subject_session(const char *name)
{
	return subject_of(VTAP_SUBJECT_SESSION, name);
}

struct vtap_subject vtap_subject_interface(const char *name)
{
	return subject_of(VTAP_SUBJECT_INTERFACE, name);
}

const char *vtap_subject_name(const struct vtap_subject *subject)
{
	return subject->kind != VTAP_SUBJECT_HOST ? subject->name : NULL;
}

const char *vtap_subject_kind_name(enum vtap_subject_kind kind)
{
	return KIND_NAMES[kind];
}

bool vtap_subject_is(
	const struct vtap_subject *subject, enum vtap_subject_kind kind, const char *name)
{
	return subject->kind == kind && strcmp(subject->name, name) == 0;
}

int vtap_subject_compare(const struct vtap_subject *a, const struct vtap_subject *b)
{
	int r = strcmp(a->name, b->name);

	return r != 0 ? r : (a->kind > b->kind) - (a->kind < b->kind);
}
