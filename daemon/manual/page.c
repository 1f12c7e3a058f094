// SPDX-License-Identifier: Apache-2.0
#include "daemon/manual/page.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "config/schema.h"
#include "daemon/ctl/command.h"
#include "daemon/manual/mdoc.h"
#include "report/condition.h"
#include "report/metric.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz-"

/* "no session is ready" -> "No session is ready." */
static void sentence_write(FILE *out, const char *text)
{
	char sentence[512];

	(void)snprintf(sentence, sizeof(sentence), "%c%s.", /* no table has half as much */
		toupper((unsigned char)text[0]), text + 1);
	vtap_mdoc_text(out, sentence);
}

/* ---- keys ---- */

/* "any | all, sensors, interface names" -> ` Cm any | all , sensors , Ar interface names`: a word
 * stands for itself, anything else for what it describes. */
static void values_write(FILE *out, const char *values)
{
	const char *macro = "";

	while (*values != '\0') {
		size_t len = strcspn(values, "|,");
		size_t n_word = len;
		const char *wanted;

		while (n_word > 0 && values[n_word - 1] == ' ')
			n_word--;
		wanted = strspn(values, LOWER) == n_word ? "Cm" : "Ar";
		if (strcmp(macro, wanted) != 0)
			(void)fprintf(out, " %s", wanted);
		macro = wanted;
		for (size_t at = 0; at < n_word; at += strspn(values + at, " ")) {
			size_t n = strcspn(values + at, " ");

			n = n < n_word - at ? n : n_word - at;
			vtap_mdoc_arg(out, values + at, n);
			at += n;
		}
		values += len;
		if (*values != '\0')
			(void)fprintf(out, " %c", *values++);
		values += strspn(values, " ");
	}
}

static void cost_write(FILE *out, const struct vtap_key *key)
{
	(void)fprintf(out, "Change:\n.Em %s", vtap_cost_name(key->cost[0]));
	for (int mode = 1; mode < VTAP_MODE_COUNT; mode++)
		if (key->cost[mode] != key->cost[0])
			(void)fprintf(out, " ,\nin mode\n.Cm %s\n.Em %s",
				vtap_mode_name((enum vtap_mode)mode),
				vtap_cost_name(key->cost[mode]));
	(void)fputs(" .\n", out);
}

static void key_write(FILE *out, const struct vtap_key *key)
{
	(void)fprintf(out, ".It Cm %s No =", key->name);
	values_write(out, key->values);
	if (key->unit != NULL)
		(void)fprintf(out, " Pq %s", key->unit);
	(void)fputs(key->is_list ? " Pq Em list\n" : "\n", out);
	vtap_mdoc_text(out, key->help);
	if (key->detail != NULL)
		vtap_mdoc_text(out, key->detail);
	(void)fputs(".br\n", out);
	if (key->fallback != NULL) {
		(void)fputs("Default:\n.Cm", out);
		vtap_mdoc_arg(out, key->fallback, strlen(key->fallback));
		(void)fputs(" .\n", out);
	}
	cost_write(out, key);
}

static int keys_write(FILE *out, const char *section)
{
	size_t n_written = 0;
	const struct vtap_key *key;

	(void)fputs(".Bl -tag -width Ds\n", out);
	for (size_t i = 0; (key = vtap_schema_key(i)) != NULL; i++) {
		if (strcmp(vtap_section_name(key->section), section) != 0)
			continue;
		key_write(out, key);
		n_written++;
	}
	(void)fputs(".El\n", out);
	return n_written > 0 ? 0 : -EINVAL;
}

/* ---- conditions ---- */

static int conditions_write(FILE *out, const char *arg)
{
	if (arg[0] != '\0')
		return -EINVAL;
	(void)fputs(".Bl -tag -width Ds\n", out);
	for (int i = 0; i < VTAP_CONDITION_COUNT; i++) {
		const struct vtap_condition_row *row = vtap_condition_row((enum vtap_condition)i);

		(void)fprintf(out, ".It Cm %s Pq %s\n", row->id, vtap_severity_name(row->severity));
		sentence_write(out, row->meaning);
		vtap_mdoc_text(out, row->cause);
		(void)fputs(".br\nRemedy:\n", out);
		vtap_mdoc_text(out, row->remedy);
	}
	(void)fputs(".El\n", out);
	return 0;
}

/* ---- metrics ---- */

static int metrics_write(FILE *out, const char *arg)
{
	if (arg[0] != '\0')
		return -EINVAL;
	(void)fputs(".Bl -tag -width Ds\n", out);
	for (int i = 0; i < VTAP_METRIC_COUNT; i++) {
		const struct vtap_metric_row *row = vtap_metric_row((enum vtap_metric)i);

		(void)fprintf(out, ".It Li %s Pq %s\n", row->name, vtap_metric_type(row));
		vtap_mdoc_text(out, row->help);
		for (size_t j = 0; j < VTAP_METRIC_LABELS_MAX && row->labels[j] != NULL; j++)
			(void)fprintf(
				out, j == 0 ? ".br\nLabels:\n.Li %s" : " , %s", row->labels[j]);
		if (row->labels[0] != NULL)
			(void)fputs(" .\n", out);
	}
	(void)fputs(".El\n", out);
	return 0;
}

/* ---- commands ---- */

/* "NAME [--timeout SECONDS]" -> ` Ar NAME Oo Fl -timeout Ar SECONDS Oc` */
static void args_write(FILE *out, const char *args)
{
	for (size_t len; *args != '\0'; args += len + strspn(args + len, " ")) {
		bool is_opening = args[0] == '[', is_option;
		size_t n_word;

		len = strcspn(args, " ");
		args += is_opening;
		len -= is_opening;
		n_word = strcspn(args, "] ");
		is_option = args[0] == '-';
		(void)fprintf(out, "%s %s %.*s%s", is_opening ? " Oo" : "", is_option ? "Fl" : "Ar",
			(int)n_word - is_option, args + is_option, n_word < len ? " Oc" : "");
	}
}

static int commands_write(FILE *out, const char *arg)
{
	size_t n;
	const struct vtap_ctl_command *commands = vtap_ctl_commands(&n);

	if (arg[0] != '\0')
		return -EINVAL;
	(void)fputs(".Bl -tag -width Ds\n", out);
	for (size_t i = 0; i < n; i++) {
		(void)fprintf(out, ".It Cm %s", commands[i].name);
		args_write(out, commands[i].args);
		(void)fputc('\n', out);
		sentence_write(out, commands[i].help);
		if (commands[i].detail != NULL)
			vtap_mdoc_text(out, commands[i].detail);
	}
	(void)fputs(".El\n", out);
	return 0;
}

/* ---- templates ---- */

struct table {
	const char *name;
	int (*write)(FILE *out, const char *arg); /* Return: 0, or -EINVAL for another @arg */
};

static const struct table TABLES[] = {
	{ "keys", keys_write },
	{ "conditions", conditions_write },
	{ "metrics", metrics_write },
	{ "commands", commands_write },
};

/* @marker is `keys health`, without the @ at its ends; behind a name stands a blank or the end. */
static int table_write(FILE *out, const char *marker)
{
	for (size_t i = 0; i < VTAP_ARRAY_LEN(TABLES); i++) {
		size_t len = strlen(TABLES[i].name);

		if (strncmp(marker, TABLES[i].name, len) == 0 && strchr(" ", marker[len]) != NULL)
			return TABLES[i].write(out, marker + len + strspn(marker + len, " "));
	}
	return -EINVAL;
}

static int line_expand(char *line, FILE *out, struct vtap_err *err)
{
	size_t len = strcspn(line, "\n");

	if (line[0] != '@' || len < 2 || line[len - 1] != '@') {
		(void)fputs(line, out); /* ferror is asked at the end */
		return 0;
	}
	line[len - 1] = '\0';
	if (table_write(out, line + 1) < 0)
		return vtap_err_set(err, -EINVAL, "\"%s\": there is no such table", line + 1);
	return 0;
}

int vtap_page_expand(FILE *template, FILE *out, struct vtap_err *err)
{
	_auto_free char *line = NULL;
	size_t size = 0;
	int r = 0;

	while (r == 0 && getline(&line, &size, template) >= 0)
		r = line_expand(line, out, err);
	if (r == 0 && (ferror(template) || ferror(out)))
		return vtap_err_set(err, -EIO, "the page could not be read or written");
	return r;
}
