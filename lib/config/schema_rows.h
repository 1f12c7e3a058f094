/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of the schema: the rows of each part, and what rows of several parts share. */
#pragma once

#include "config/schema.h"

/** struct vtap_keys - rows of a file, grouped by section */
struct vtap_keys {
	const struct vtap_key *key;
	size_t n;
};

extern const struct vtap_keys VTAP_KEYS_OF_DAEMON; /* and of [health] and [metrics] */
extern const struct vtap_keys VTAP_KEYS_OF_TARGET;
extern const struct vtap_keys VTAP_KEYS_OF_SESSION;

/** vtap_schema_append() - one more element of @size bytes at the end of a heap list. Return: 0,
 * -ENOMEM: as it was. */
int vtap_schema_append(void **list, size_t *n, size_t size, const void *element);

/** vtap_schema_take_prefixes() - add to a list what a line has; `any` stands alone, and is none.
 * Return: 0, VTAP_VALUE_REFUSED, -ENOMEM. */
int vtap_schema_take_prefixes(const char *text, struct vtap_prefix **prefixes, size_t *n,
	struct vtap_complaint *complaint);

/** vtap_schema_format_number() - Return: heap string, NULL without memory. */
char *vtap_schema_format_number(uint64_t number);

/** vtap_schema_format_duration() - "2m". Return: as above. */
char *vtap_schema_format_duration(uint64_t ns);
