// SPDX-License-Identifier: Apache-2.0
/* Whether the output could be written is asked once, at the end: ferror() in main(). */
#include "daemon/manual/mdoc.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

/* What mdoc(7) sets against the word before it when it stands alone. */
#define CLOSING    ".,:;)]?!"
#define DELIMITERS CLOSING "(["

/* Bytes of a line of source. Source: mandoc(1), "input text line longer than 80 bytes". */
#define WIDTH 79

/* Bytes that roff reads or sets otherwise than typed. Source: groff_char(7), "Eight-bit encodings".
 */
static void char_write(FILE *out, char byte, bool is_typed)
{
	if (byte == '\\')
		(void)fputs("\\e", out);
	else if (byte == '~')
		(void)fputs("\\(ti", out);
	else if (byte == '^')
		(void)fputs("\\(ha", out);
	else if (byte == '"')
		(void)fputs("\\(dq", out);
	else if (byte == '\'' && is_typed)
		(void)fputs("\\(aq", out);
	else if (byte == '-' && is_typed)
		(void)fputs("\\-", out);
	else
		(void)fputc(byte, out);
}

void vtap_mdoc_arg(FILE *out, const char *word, size_t len)
{
	bool is_delimiter = len == 1 && strchr(DELIMITERS "|", word[0]) != NULL;
	bool is_like_macro = (len == 2 || len == 3) && isupper((unsigned char)word[0]);

	(void)fputs(is_delimiter || is_like_macro ? " \\&" : " ", out);
	for (size_t i = 0; i < len; i++)
		char_write(out, word[i], true);
}

/* Behind a word: a blank, but not one between backquotes; a newline anywhere. */
static const char *token_end(const char *at)
{
	bool is_typed = false;

	for (; *at != '\0' && *at != '\n' && (is_typed || *at != ' '); at++)
		is_typed ^= *at == '`';
	return at;
}

static void typed_write(FILE *out, const char *words, const char *end)
{
	while (words < end) {
		const char *blank = memchr(words, ' ', (size_t)(end - words));
		const char *word_end = blank != NULL ? blank : end;

		if (word_end > words)
			vtap_mdoc_arg(out, words, (size_t)(word_end - words));
		words = word_end + (blank != NULL);
	}
}

/* "(`keep`)," as `.Cm ( keep ) ,` on a line of its own. */
static void token_write_typed(FILE *out, const char *token, const char *end)
{
	const char *open = memchr(token, '`', (size_t)(end - token));
	const char *close = memchr(open + 1, '`', (size_t)(end - open - 1));

	(void)fputs(".Cm", out);
	for (const char *at = token; at < open; at++)
		(void)fprintf(out, " %c", *at);
	typed_write(out, open + 1, close != NULL ? close : end);
	if (close != NULL && close + 1 < end && strchr(CLOSING, close[1]) == NULL)
		(void)fprintf(out, " Ns No %.*s", (int)(end - close - 1), close + 1);
	else
		for (const char *at = close != NULL ? close + 1 : end; at < end; at++)
			(void)fprintf(out, " %c", *at);
	(void)fputc('\n', out);
}

/* @column: where the line is, 0 at its start. Return: where it is now. */
static size_t token_write_plain(FILE *out, const char *token, const char *end, size_t column)
{
	size_t len = (size_t)(end - token);

	if (column > 0 && column + 1 + len > WIDTH) {
		(void)fputc('\n', out);
		column = 0;
	}
	if (column == 0 && (token[0] == '.' || token[0] == '\''))
		(void)fputs("\\&", out);
	if (column > 0)
		(void)fputc(' ', out);
	for (const char *at = token; at < end; at++)
		char_write(out, *at, at < token + strspn(token, "-")); /* an option, no hyphen */
	return column + 1 + len;
}

static bool is_sentence_end(const char *end)
{
	const char *next = end + strspn(end, " ");

	return strchr(".?!", end[-1]) != NULL && (isupper((unsigned char)*next) || *next == '`');
}

void vtap_mdoc_text(FILE *out, const char *text)
{
	size_t column = 0;
	const char *end;

	for (const char *at = text + strspn(text, " "); *at != '\0'; at = end + strspn(end, " ")) {
		bool is_typed;

		end = token_end(at);
		if (end == at) { /* a newline */
			(void)fputs(column > 0 ? "\n.Pp\n" : ".Pp\n", out);
			column = 0;
			end++;
			continue;
		}
		is_typed = memchr(at, '`', (size_t)(end - at)) != NULL;
		if (is_typed && column > 0)
			(void)fputc('\n', out);
		if (is_typed)
			token_write_typed(out, at, end);
		column = is_typed ? 0 : token_write_plain(out, at, end, column);
		if (column == 0 || !is_sentence_end(end))
			continue;
		(void)fputc('\n', out);
		column = 0;
	}
	if (column > 0)
		(void)fputc('\n', out);
}
