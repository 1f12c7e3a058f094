/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values as operators write them. Every parser takes text from anywhere and either writes its
 * output or fills a complaint; none keeps the text. The one place where "is this VNI in range" is
 * asked.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/prefix.h"
#include "base/range.h"
#include "config/diag.h"

/** struct vtap_complaint - which part of a value is wrong, and the rule it breaks */
struct vtap_complaint {
	char value[VTAP_DIAG_VALUE_MAX + 1]; /* one more than is shown, so that a cut shows */
	char rule[VTAP_DIAG_RULE_MAX];
	const char
		*rest; /* of a list: what follows the wrong word, borrowed from the text; or NULL */
};

enum {
	VTAP_VALUE_REFUSED = 1, /* the complaint says why; outputs are untouched */
};

/** vtap_value_complain() - fills @ret_complaint. Return: VTAP_VALUE_REFUSED. */
int vtap_value_complain(struct vtap_complaint *ret_complaint, const char *value, const char *fmt,
	...) VTAP_PRINTF(3, 4);

/**
 * vtap_value_words() - split a list at blanks and commas
 * @take:   called with each word and @arg; its non-zero return ends the walk
 * Return: 0; VTAP_VALUE_REFUSED for an empty list or a word of over 63 bytes; -ENOMEM; what @take
 * returned.
 */
int vtap_value_words(const char *text,
	int (*take)(const char *word, void *arg, struct vtap_complaint *c), void *arg,
	struct vtap_complaint *ret_complaint);

/** vtap_value_number() - decimal digits only, @min..@max. Return: 0 or VTAP_VALUE_REFUSED. */
int vtap_value_number(const char *text, uint64_t min, uint64_t max, uint64_t *ret_number,
	struct vtap_complaint *ret_complaint);

/** vtap_value_size() - bytes, "64K", "32M", "1G" (powers of 1024). Return: as above. */
int vtap_value_size(const char *text, uint64_t min, uint64_t max, uint64_t *ret_bytes,
	struct vtap_complaint *ret_complaint);

/** vtap_value_vni() - "4321" or "100-199", 0..16777215. Return: as above. */
int vtap_value_vni(
	const char *text, struct vtap_range *ret_vni, struct vtap_complaint *ret_complaint);

/** vtap_value_prefix() - an outer prefix; bits after the length are refused. Return: as above. */
int vtap_value_prefix(
	const char *text, struct vtap_prefix *ret_prefix, struct vtap_complaint *ret_complaint);

/** vtap_value_text() - one line of printable UTF-8, at most 160 bytes. Return: 0 or
 * VTAP_VALUE_REFUSED. */
int vtap_value_text(const char *text, struct vtap_complaint *ret_complaint);

/**
 * vtap_value_duration() - "30s", "5m", "1h": whole seconds, minutes or hours
 * @min_ns, @max_ns: what is allowed, multiples of a second
 * Return: 0 or VTAP_VALUE_REFUSED.
 */
int vtap_value_duration(const char *text, uint64_t min_ns, uint64_t max_ns, uint64_t *ret_ns,
	struct vtap_complaint *ret_complaint);

/** vtap_value_bool() - "yes" or "no". Return: 0 or VTAP_VALUE_REFUSED. */
int vtap_value_bool(const char *text, bool *ret_bool, struct vtap_complaint *ret_complaint);

/**
 * vtap_value_listen() - "off", "ADDRESS:PORT", "[IPv6]:PORT", and "auto" where that is a value
 * @is_auto_ok: the key has an `auto`
 * Return: 0 or VTAP_VALUE_REFUSED.
 */
int vtap_value_listen(const char *text, bool is_auto_ok, struct vtap_listen *ret_listen,
	struct vtap_complaint *ret_complaint);

/** vtap_value_name_ok() - [a-z0-9][a-z0-9._-]{0,31}: it becomes a journal field and a label */
bool vtap_value_name_ok(const char *text);

/** vtap_value_format_size() - the shortest exact form, "32M". Return: @ret_text. */
const char *vtap_value_format_size(uint64_t bytes, char *ret_text, size_t size);

/** vtap_value_format_duration() - the shortest exact form, "2m"; of whole seconds. Return:
 * @ret_text.
 */
const char *vtap_value_format_duration(uint64_t ns, char *ret_text, size_t size);

/** VTAP_LISTEN_TEXT_MAX - bytes of "[ADDRESS]:65535" with NUL */
#define VTAP_LISTEN_TEXT_MAX (VTAP_ADDR_TEXT_MAX + 8)

/** vtap_value_format_listen() - "auto", "off", "127.0.0.1:9478", "[::1]:9478". Return: @ret_text.
 */
const char *vtap_value_format_listen(
	const struct vtap_listen *listen, char ret_text[static VTAP_LISTEN_TEXT_MAX]);

/** vtap_value_nearest() - the candidate that differs least, or NULL if none is near; for "did you
 * mean" */
const char *vtap_value_nearest(const char *text, const char *const *candidates, size_t n);
