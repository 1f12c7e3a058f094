// SPDX-License-Identifier: Apache-2.0
#include "config/diag.h"

#include <stdarg.h>
#include <string.h>

void vtap_diags_done(struct vtap_diags *diags)
{
	for (size_t i = 0; i < diags->n; i++)
		free(diags->diag[i].file);
	free(diags->diag);
	*diags = (struct vtap_diags){ 0 };
}

/* What is shown on a terminal must not drive it: control bytes and broken UTF-8 become '?'. */
static void text_copy_printable(char *to, size_t size, const char *from)
{
	size_t len = strlen(from);
	size_t n = len < size ? len : size - 1;

	for (size_t i = 0; i < n; i++)
		to[i] = (unsigned char)from[i] < 0x20 || (unsigned char)from[i] >= 0x7f ? '?'
											: from[i];
	to[n] = '\0';
	if (n < len)
		memcpy(to + n - 3, "...", 3);
}

void vtap_diags_add(struct vtap_diags *diags, struct vtap_place place, const char *section,
	const char *key, const char *value, const char *fmt, ...)
{
	struct vtap_diag *grown = reallocarray(diags->diag, diags->n + 1, sizeof(*grown));
	struct vtap_diag *diag;
	va_list args;

	if (grown == NULL) {
		diags->is_incomplete = true;
		return;
	}
	diags->diag = grown;
	diag = &grown[diags->n];
	*diag = (struct vtap_diag){ .line = place.line, .seq = diags->n };
	diag->file = strdup(place.file != NULL ? place.file : "");
	if (diag->file == NULL) {
		diags->is_incomplete = true;
		return;
	}
	text_copy_printable(diag->section, sizeof(diag->section), section);
	text_copy_printable(diag->key, sizeof(diag->key), key);
	text_copy_printable(diag->value, sizeof(diag->value), value != NULL ? value : "");
	va_start(args, fmt);
	(void)vsnprintf(diag->rule, sizeof(diag->rule), fmt, args); /* cut is documented */
	va_end(args);
	diags->n++;
}

bool vtap_diags_has(const struct vtap_diags *diags, struct vtap_place place)
{
	for (size_t i = 0; i < diags->n; i++) {
		const struct vtap_diag *diag = &diags->diag[i];

		if (diag->line == place.line && place.file != NULL &&
			strcmp(diag->file, place.file) == 0)
			return true;
	}
	return false;
}

static size_t file_rank(const struct vtap_conf *conf, const char *path)
{
	size_t i = 0;

	while (i < conf->n_files && strcmp(conf->files[i].path, path) != 0)
		i++;
	return i;
}

static int diag_compare(const void *a, const void *b, void *arg)
{
	const struct vtap_diag *left = a, *right = b;
	size_t left_rank = file_rank(arg, left->file), right_rank = file_rank(arg, right->file);

	if (left_rank != right_rank)
		return left_rank < right_rank ? -1 : 1;
	if (left->line != right->line)
		return left->line < right->line ? -1 : 1;
	return (left->seq > right->seq) - (left->seq < right->seq);
}

void vtap_diags_sort(struct vtap_diags *diags, const struct vtap_conf *conf)
{
	if (diags->n > 1)
		qsort_r(diags->diag, diags->n, sizeof(*diags->diag), diag_compare, (void *)conf);
}

size_t vtap_diags_n_files(const struct vtap_diags *diags)
{
	size_t n = 0;

	for (size_t i = 0; i < diags->n; i++)
		if (i == 0 || strcmp(diags->diag[i].file, diags->diag[i - 1].file) != 0)
			n++;
	return n;
}

char *vtap_diag_format(const struct vtap_diag *diag)
{
	_auto_free char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		return NULL;
	(void)fputs(diag->file, out); /* of this and what follows fclose tells */
	if (diag->line > 0)
		(void)fprintf(out, ":%u", diag->line);
	if (diag->section[0] != '\0')
		(void)fprintf(out, ": %s", diag->section);
	if (diag->key[0] != '\0')
		(void)fprintf(out, ": %s", diag->key);
	if (diag->value[0] != '\0')
		(void)fprintf(out, ": \"%s\"", diag->value);
	(void)fprintf(out, ": %s", diag->rule);
	if (fclose(out) != 0)
		return NULL;
	return vtap_steal(&text);
}

const char *vtap_diags_summary(size_t n_mistakes, size_t n_files, char *ret_text, size_t size)
{
	(void)snprintf(ret_text, size, "%zu %s in %zu %s", n_mistakes, /* cut is harmless */
		n_mistakes == 1 ? "mistake" : "mistakes", n_files, n_files == 1 ? "file" : "files");
	return ret_text;
}
