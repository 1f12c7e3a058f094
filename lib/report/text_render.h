/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all renderers share: read, write into memory, and only when all went well into the real
 * stream; the colours of the words of state; the list of mistakes of a refused configuration.
 */
#pragma once

#include "report/text.h"
#include "report/text_answer.h"
#include "report/text_table.h"
#include "report/text_words.h"

/** VTAP_TEXT_COLOR_OFF - ends what vtap_text_state_color() begins */
#define VTAP_TEXT_COLOR_OFF "\033[0m"

/* One rendering under way. */
struct vtap_text_render {
	struct vtap_text_answer answer;
	const struct vtap_text_opts *opts;
	FILE *out; /* a stream in memory */
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

/** vtap_text_render_table_new() - an empty table. Return: 0, or the failure, which sticks. */
int vtap_text_render_table_new(struct vtap_text_render *render,
	const struct vtap_text_column *columns, size_t n, const char *separator,
	struct vtap_text_table **ret_table);

/** vtap_text_render_table() - print a table, each line behind @indent; a failure sticks */
void vtap_text_render_table(struct vtap_text_render *render, struct vtap_text_table *table,
	bool has_titles, const char *indent);

/** vtap_text_root_count() - a count at the top of the answer */
uint64_t vtap_text_root_count(struct vtap_text_render *render, const char *key);

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
