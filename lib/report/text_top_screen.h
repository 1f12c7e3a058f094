/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files that draw `vtapctl top`: a line of the screen, and the parts that put theirs.
 */
#pragma once

#include "report/text_top.h"
#include "report/text_top_rates.h"
#include "report/text_words.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/** VTAP_TOP_GAP - blanks between two columns */
#define VTAP_TOP_GAP 2

/** struct vtap_top_line - blanks are written when something follows them, so that no line ends in
 * them; nothing is written beyond the view's width */
struct vtap_top_line {
	FILE *out;
	const struct vtap_text_top_view *view;
	size_t at;     /* columns that are written */
	size_t blanks; /* to be written first */
};

/** vtap_top_columns() - of UTF-8 text. Every character takes one: names are ASCII, and charts are
 * of plain blocks. */
size_t vtap_top_columns(const char *text);

/** vtap_top_put() - failures: ferror() at the end */
void vtap_top_put(struct vtap_top_line *line, const char *text);

/** vtap_top_put_colored() - @color may be NULL */
void vtap_top_put_colored(struct vtap_top_line *line, const char *text, const char *color);

/** vtap_top_put_gap() - blanks up to the column @column, and at least one gap */
void vtap_top_put_gap(struct vtap_top_line *line, size_t column);

/** vtap_top_fits() - is there room for it right behind what stands in the line? */
bool vtap_top_fits(const struct vtap_top_line *line, const char *text);

/** vtap_top_fits_right() - is there room for it behind what stands in the line? */
bool vtap_top_fits_right(const struct vtap_top_line *line, const char *text);

/** vtap_top_put_right() - at the right end of the line; left out where it does not fit */
void vtap_top_put_right(struct vtap_top_line *line, const char *text);

/** vtap_top_end() - the next one begins */
void vtap_top_end(struct vtap_top_line *line);

/** vtap_top_rate_words() - "12", or "-" where it is not known */
struct vtap_text_words vtap_top_rate_words(const struct vtap_top_rate *rate);

/** vtap_top_put_targets() - Return: how many lines. */
size_t vtap_top_put_targets(struct vtap_top_line *line, const struct vtap_top_sample *sample);

/** vtap_top_put_table() - the first @n_shown of @rows, all of the sample in their order, and below
 * them what no session takes */
void vtap_top_put_table(struct vtap_top_line *line, const struct vtap_top_sample *sample,
	const struct vtap_top_row *const *rows, size_t n_shown);
