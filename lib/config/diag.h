/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mistakes in a configuration: collected, never printed here, so that one run shows them all.
 * As text: `file:line: section: key: "value": rule`, empty parts left out.
 */
#pragma once

#include <stddef.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "model/conf.h"

/** VTAP_DIAG_VALUE_MAX - bytes of a quoted value with its NUL; longer ones are cut with "..." */
#define VTAP_DIAG_VALUE_MAX 80

/** VTAP_DIAG_RULE_MAX - bytes of a rule with its NUL */
#define VTAP_DIAG_RULE_MAX 256

struct vtap_diag {
	char *file;    /* full path; owned */
	unsigned line; /* 0: the file as a whole */
	size_t seq;    /* in the order of discovery */
	char section[VTAP_NAME_MAX + 16];
	char key[VTAP_NAME_MAX];
	char value[VTAP_DIAG_VALUE_MAX]; /* "" for none; only printable characters */
	char rule[VTAP_DIAG_RULE_MAX];
};

struct vtap_diags {
	struct vtap_diag *diag;
	size_t n;
	bool is_incomplete; /* memory ran out: there are more than are listed */
};

/** vtap_diags_done() - frees all; empty is allowed, may run twice */
void vtap_diags_done(struct vtap_diags *diags);

/**
 * vtap_diags_add() - one more mistake
 * @section: "session web", or "" before the first section
 * @key:     or ""
 * @value:   what the operator wrote, or NULL; unprintable bytes become '?'
 * @fmt:     the rule
 */
void vtap_diags_add(struct vtap_diags *diags, struct vtap_place place, const char *section,
	const char *key, const char *value, const char *fmt, ...) VTAP_PRINTF(6, 7);

/** vtap_diags_has() - was that line refused already? Then what was meant there is not known. */
bool vtap_diags_has(const struct vtap_diags *diags, struct vtap_place place);

/** vtap_diags_sort() - in the order of the configuration's files, then of lines */
void vtap_diags_sort(struct vtap_diags *diags, const struct vtap_conf *conf);

/** vtap_diags_n_files() - how many files have mistakes; after vtap_diags_sort() */
size_t vtap_diags_n_files(const struct vtap_diags *diags);

/** vtap_diag_format() - one line of text without newline. Return: heap string, NULL without memory.
 */
char *vtap_diag_format(const struct vtap_diag *diag);

/** vtap_diags_summary() - "5 mistakes in 3 files". Return: @ret_text. */
const char *vtap_diags_summary(size_t n_mistakes, size_t n_files, char *ret_text, size_t size);
