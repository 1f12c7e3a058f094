// SPDX-License-Identifier: Apache-2.0
#include "config/dump.h"

#include <errno.h>
#include <string.h>

#include "config/schema.h"

/* A line that load would refuse as too long is split: the values of a list add up. */
#define LIST_LINE_MAX 120

/* Writes "a, b, c" as one or more lines of `key = …`. */
static void list_write(FILE *out, const char *key, char *text)
{
	size_t column = 0;
	char *rest;

	for (char *word = strtok_r(text, ", ", &rest); word != NULL;
		word = strtok_r(NULL, ", ", &rest)) {
		if (column > 0 && column + strlen(word) < LIST_LINE_MAX) {
			column += (size_t)fprintf(out, ", %s", word);
			continue;
		}
		if (column > 0)
			(void)fputc('\n', out); /* ferror is asked at the end */
		column = (size_t)fprintf(out, "%s = %s", key, word);
	}
	(void)fputc('\n', out);
}

/* Behind a blank a `;` would begin a comment. */
static void value_write(FILE *out, const char *key, const char *text)
{
	const char *blank = text[0] == ';' ? "" : " ";

	(void)fprintf(out, "%s =%s%s\n", key, blank, text); /* ferror is asked at the end */
}

static int section_write(FILE *out, enum vtap_section kind, const char *name,
	const struct vtap_conf *conf, const void *object)
{
	const struct vtap_key *key;

	(void)fprintf(out, "[%s%s%s]\n", vtap_section_name(kind), name[0] != '\0' ? " " : "", name);
	for (size_t i = 0; (key = vtap_schema_key(i)) != NULL; i++) {
		_auto_free char *text = key->section == kind ? key->format(conf, object) : NULL;

		if (key->section != kind)
			continue;
		if (text == NULL)
			return -ENOMEM;
		if (text[0] == '\0')
			continue;
		if (key->is_list)
			list_write(out, key->name, text);
		else
			value_write(out, key->name, text);
	}
	(void)fputc('\n', out);
	return 0;
}

int vtap_dump(const struct vtap_conf *conf, FILE *out)
{
	int r = section_write(out, VTAP_SECTION_DAEMON, "", conf, NULL);

	if (r == 0)
		r = section_write(out, VTAP_SECTION_HEALTH, "", conf, NULL);
	if (r == 0)
		r = section_write(out, VTAP_SECTION_METRICS, "", conf, NULL);
	for (size_t i = 0; i < conf->n_targets && r == 0; i++)
		r = section_write(
			out, VTAP_SECTION_TARGET, conf->targets[i].name, conf, &conf->targets[i]);
	for (size_t i = 0; i < conf->n_sessions && r == 0; i++)
		r = section_write(out, VTAP_SECTION_SESSION, conf->sessions[i].name, conf,
			&conf->sessions[i]);
	if (r == 0 && ferror(out))
		r = -EIO;
	return r;
}
