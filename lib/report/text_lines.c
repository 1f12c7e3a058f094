// SPDX-License-Identifier: Apache-2.0
#include "report/text_lines.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define KEY_ALPHABET "abcdefghijklmnopqrstuvwxyz-"

size_t vtap_text_columns(const char *text, size_t len)
{
	bool is_escape = false;
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\033')
			is_escape = true;
		else if (is_escape)
			is_escape = text[i] != 'm';
		else
			n += ((unsigned char)text[i] & 0xc0) != 0x80; /* not one that goes on */
	}
	return n;
}

/* "key = value": a line of the configuration */
static bool is_setting(const char *remedy)
{
	size_t len = strspn(remedy, KEY_ALPHABET);

	return len > 0 && strncmp(remedy + len, " = ", 3) == 0;
}

/* Where @mark stands in @text outside of quotes; @text's end if nowhere. A command of ours has no
 * other quotes than '. */
static size_t find_outside_quotes(const char *text, const char *mark)
{
	bool is_quoted = false;
	size_t i = 0;

	for (; text[i] != '\0'; i++) {
		if (!is_quoted && strncmp(text + i, mark, strlen(mark)) == 0)
			return i;
		if (text[i] == '\'')
			is_quoted = !is_quoted;
	}
	return i;
}

struct vtap_text_lines vtap_text_lines_of(const char *text, size_t width)
{
	return (struct vtap_text_lines){ .rest = text, .width = width };
}

struct vtap_text_lines vtap_text_lines_of_remedy(const char *remedy, size_t width)
{
	struct vtap_text_lines lines = { .rest = remedy, .width = width };

	lines.comment = is_setting(remedy) ? ';' : '#';
	if (remedy[0] != '#')
		lines.i_note = find_outside_quotes(remedy, lines.comment == ';' ? " ;" : " #");
	return lines;
}

/* The first @len bytes are the line; @skip more are left out. */
static const char *take(struct vtap_text_lines *lines, size_t len, size_t skip)
{
	bool is_marked =
		lines->comment == '\0' || lines->i_note > 0 || lines->rest[0] == lines->comment;
	const char mark[] = { lines->comment, ' ', '\0' };

	(void)snprintf(lines->line, sizeof(lines->line), "%s%.*s",
		is_marked ? "" : mark,  /* cut is */
		(int)len, lines->rest); /* fine, and nothing of ours is so long */
	lines->rest += len;
	lines->rest += strnlen(lines->rest, skip);
	if (lines->i_note > 0)
		lines->i_note -= len + skip < lines->i_note ? len + skip : lines->i_note;
	return lines->line;
}

/* As many words as fit, and one at least. */
static const char *take_words(struct vtap_text_lines *lines)
{
	bool is_note = lines->comment != '\0';
	size_t begin = is_note && lines->rest[0] == lines->comment ? 1 : 0; /* behind the mark */
	size_t mark = is_note && begin == 0 ? 2 : 0;
	size_t len = begin;

	for (;;) {
		size_t end = len + strspn(lines->rest + len, " ");

		end += strcspn(lines->rest + end, " ");
		if (len > begin && mark + vtap_text_columns(lines->rest, end) > lines->width)
			break;
		len = end;
		if (lines->rest[len] == '\0')
			break;
	}
	return take(lines, len, 1);
}

/* A command to its end, or all of them with their note where that fits. */
static const char *take_command(struct vtap_text_lines *lines)
{
	size_t len = find_outside_quotes(lines->rest, "; ");

	if (lines->comment == ';' || len > lines->i_note)
		return take(lines, lines->i_note, 1);
	return take(lines, len, 2);
}

const char *vtap_text_lines_next(struct vtap_text_lines *lines)
{
	size_t len = lines->rest != NULL ? strlen(lines->rest) : 0;

	if (len == 0)
		return NULL;
	if (lines->i_note > 0 && (lines->width == 0 || len <= lines->width))
		return take(lines, len, 0);
	if (lines->i_note > 0)
		return take_command(lines);
	return lines->width == 0 ? take(lines, len, 0) : take_words(lines);
}
