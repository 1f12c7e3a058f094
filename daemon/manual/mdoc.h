/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sentences of our tables as mdoc(7) source. The tables have plain text with `words to type` in
 * backquotes, so that vtapctl, the journal and the manual can use the same sentences.
 */
#pragma once

#include <stddef.h>
#include <stdio.h>

/** vtap_mdoc_text() - sentences, each from a new line on; a newline begins a paragraph */
void vtap_mdoc_text(FILE *out, const char *text);

/** vtap_mdoc_arg() - a blank and one argument of a macro, never taken for a macro or a delimiter */
void vtap_mdoc_arg(FILE *out, const char *word, size_t len);
