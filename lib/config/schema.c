// SPDX-License-Identifier: Apache-2.0
#include "config/schema.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "config/schema_rows.h"

/* No section has as many keys: for a table of their names. */
#define SECTION_KEYS_MAX 32

static const struct vtap_keys *const PARTS[] = {
	&VTAP_KEYS_OF_DAEMON,
	&VTAP_KEYS_OF_TARGET,
	&VTAP_KEYS_OF_SESSION,
};

struct section_row {
	const char *name;
	bool is_named;
};

static const struct section_row SECTIONS[] = {
	[VTAP_SECTION_DAEMON] = { "daemon", false },
	[VTAP_SECTION_HEALTH] = { "health", false },
	[VTAP_SECTION_METRICS] = { "metrics", false },
	[VTAP_SECTION_TARGET] = { "target", true },
	[VTAP_SECTION_DEFAULTS] = { "defaults", false },
	[VTAP_SECTION_SESSION] = { "session", true },
};
static_assert(VTAP_ARRAY_LEN(SECTIONS) == VTAP_SECTION_COUNT, "every section has a name");

static const char *const COST_NAMES[] = {
	[VTAP_COST_LIVE] = "live",
	[VTAP_COST_PORT] = "port",
	[VTAP_COST_LINK] = "link",
	[VTAP_COST_REPLACE] = "replace",
};
static_assert(VTAP_ARRAY_LEN(COST_NAMES) == VTAP_COST_COUNT, "every cost has a name");

const struct vtap_key *vtap_schema_key(size_t i)
{
	for (size_t part = 0; part < VTAP_ARRAY_LEN(PARTS); part++) {
		if (i < PARTS[part]->n)
			return &PARTS[part]->key[i];
		i -= PARTS[part]->n;
	}
	return NULL;
}

static enum vtap_section rows_of(enum vtap_section section)
{
	return section == VTAP_SECTION_DEFAULTS ? VTAP_SECTION_SESSION : section;
}

const struct vtap_key *vtap_schema_find(enum vtap_section section, const char *name)
{
	const struct vtap_key *key;

	for (size_t i = 0; (key = vtap_schema_key(i)) != NULL; i++)
		if (key->section == rows_of(section) && strcmp(key->name, name) == 0)
			return key;
	return NULL;
}

const char *vtap_schema_nearest(enum vtap_section section, const char *name)
{
	const char *names[SECTION_KEYS_MAX];
	const struct vtap_key *key;
	size_t n = 0;

	for (size_t i = 0; (key = vtap_schema_key(i)) != NULL; i++) {
		assert(n < VTAP_ARRAY_LEN(names));
		if (key->section == rows_of(section))
			names[n++] = key->name;
	}
	return vtap_value_nearest(name, names, n);
}

const char *vtap_section_name(enum vtap_section section)
{
	return SECTIONS[section].name;
}

bool vtap_section_is_named(enum vtap_section section)
{
	return SECTIONS[section].is_named;
}

const char *vtap_cost_name(enum vtap_cost cost)
{
	return COST_NAMES[cost];
}

/* ---- what rows of several sections share ---- */

int vtap_schema_append(void **list, size_t *n, size_t size, const void *element)
{
	void *grown = reallocarray(*list, *n + 1, size);

	if (grown == NULL)
		return -ENOMEM;
	*list = grown;
	memcpy((char *)grown + *n * size, element, size);
	(*n)++;
	return 0;
}

char *vtap_schema_format_number(uint64_t number)
{
	char *text = NULL;

	return asprintf(&text, "%ju", (uintmax_t)number) < 0 ? NULL : text;
}

char *vtap_schema_format_duration(uint64_t ns)
{
	char text[24];

	return strdup(vtap_value_format_duration(ns, text, sizeof(text)));
}

struct prefix_list {
	struct vtap_prefix **prefixes;
	size_t *n;
};

static int prefix_take(const char *word, void *arg, struct vtap_complaint *complaint)
{
	struct prefix_list *list = arg;
	struct vtap_prefix prefix;
	int r;

	if (strcmp(word, "any") == 0)
		return vtap_value_complain(
			complaint, word, "stands alone: it is every source already");
	r = vtap_value_prefix(word, &prefix, complaint);
	if (r != 0)
		return r;
	for (size_t i = 0; i < *list->n; i++)
		if (vtap_prefix_equal(&(*list->prefixes)[i], &prefix))
			return vtap_value_complain(complaint, word, "given twice");
	return vtap_schema_append((void **)list->prefixes, list->n, sizeof(prefix), &prefix);
}

int vtap_schema_take_prefixes(const char *text, struct vtap_prefix **prefixes, size_t *n,
	struct vtap_complaint *complaint)
{
	struct prefix_list list = { prefixes, n };

	if (strcmp(text, "any") == 0 && *n == 0)
		return 0;
	return vtap_value_words(text, prefix_take, &list, complaint);
}
