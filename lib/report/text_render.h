/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all renderers share: read, write into memory, and only when all went well into the real
 * stream; the colours of the words of state; the list of mistakes of a refused configuration.
 *
 * Lines that are wider than the terminal break between words, and go on two columns further in; but
 * for those that stay as they are: of tables, which are fitted otherwise, and commands to paste.
 */
#pragma once

#include "report/text.h"
#include "report/text_answer.h"
#include "report/text_lines.h"
#include "report/text_table.h"
#include "report/text_words.h"

/** VTAP_TEXT_COLOR_OFF - ends what vtap_text_state_color() begins */
#define VTAP_TEXT_COLOR_OFF "\033[0m"

/* One rendering under way. */
struct vtap_text_render {
	struct vtap_text_answer answer;
	const struct vtap_text_opts *opts;
	FILE *page; /* a stream in memory: all that is ready */
	FILE *out;  /* likewise: lines that may still break */
	char *text; /* what is in that */
	size_t text_len;
	size_t n_ready; /* bytes of it that are on the page */
};

/** Writes the text of an answer. Return: 0 or a positive outcome of text.h; failures stick in
 * render->answer. */
typedef int (*vtap_text_write_fn)(struct vtap_text_render *render);

/** vtap_text_render() - open the answer, let @write write, hand the text out if nothing failed.
 * Return: as in text.h. */
int vtap_text_render(const char *json, const struct vtap_text_opts *opts, FILE *out,
	struct vtap_err *err, vtap_text_write_fn write);

/** vtap_text_put() - write a piece of text; a failure sticks */
void vtap_text_put(struct vtap_text_render *render, const char *fmt, ...) VTAP_PRINTF(2, 3);

/** vtap_text_put_whole() - likewise whole lines that stay as they are. At the begin of a line. */
void vtap_text_put_whole(struct vtap_text_render *render, const char *fmt, ...) VTAP_PRINTF(2, 3);

/** vtap_text_width_behind() - what is left of the terminal's width behind @indent columns; 0: lines
 * may be of any length */
size_t vtap_text_width_behind(const struct vtap_text_opts *opts, size_t indent);

/** vtap_text_put_lines() - the first line stands behind @first, the others below it. At the begin
 * of a line. */
void vtap_text_put_lines(
	struct vtap_text_render *render, const char *first, struct vtap_text_lines lines);

/** vtap_text_put_behind() - as put_lines, @text as it fits */
void vtap_text_put_behind(struct vtap_text_render *render, const char *first, const char *text);

/** vtap_text_render_table_new() - an empty table. Return: 0, or the failure, which sticks. */
int vtap_text_render_table_new(struct vtap_text_render *render,
	const struct vtap_text_column *columns, size_t n, const char *separator,
	struct vtap_text_table **ret_table);

/** vtap_text_render_table() - print a table as it fits, each line behind @indent, and below it
 * which columns had no room; a failure sticks */
void vtap_text_render_table(struct vtap_text_render *render, struct vtap_text_table *table,
	bool has_titles, const char *indent);

/** vtap_text_root_count() - a count at the top of the answer */
uint64_t vtap_text_root_count(struct vtap_text_render *render, const char *key);

/** struct vtap_text_change_words - "to add" or "added" … */
struct vtap_text_change_words {
	const char *added, *changed, *replaced, *removed;
};

/** vtap_text_changes() - "1 added, 2 changed, 0 removed, 5 untouched.", out of the counts at the
 * top of the answer; replaced ones only where there are any */
void vtap_text_changes(struct vtap_text_render *render, const struct vtap_text_change_words *words);

/** vtap_text_is_ready() - is this word of state "ready"? */
bool vtap_text_is_ready(const char *state);

/** vtap_text_state_color() - the escape sequence for a word of state or severity, in a table with
 * colours */
const char *vtap_text_state_color(const char *state);

/** vtap_text_state_words() - the word of state, coloured if the options say so */
struct vtap_text_words vtap_text_state_words(const struct vtap_text_opts *opts, const char *state);

/** vtap_text_trouble() - "  pay: MESSAGE. Next try in 40 s." on a line, out of a target or session;
 * nothing where there is neither a message nor, when it is not ready, a reason */
void vtap_text_trouble(struct vtap_text_render *render, const struct json_t *object);

/** vtap_text_findings() - what holds, with its remedy below it: of doctor and show. Many of one
 * condition are folded. */
void vtap_text_findings(struct vtap_text_render *render, const struct json_t *findings);

/**
 * vtap_text_mistakes() - every mistake on a line, then "5 mistakes in 3 files." without a newline
 * Return: VTAP_TEXT_REFUSED.
 */
int vtap_text_mistakes(struct vtap_text_render *render);
