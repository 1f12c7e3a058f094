/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Long text in lines of a given width. Text breaks between words. A remedy breaks only where each
 * line can still be pasted: after a command, and in its note, which has its mark on every line.
 */
#pragma once

#include <stddef.h>

/** VTAP_TEXT_LINE_MAX - bytes of a line with its NUL; what is longer is cut, and nothing of ours is
 */
#define VTAP_TEXT_LINE_MAX 1024

/** struct vtap_text_lines - what is left of a text; use the two functions that make one */
struct vtap_text_lines {
	const char *rest; /* kept until the end; NULL: nothing */
	size_t width;     /* columns of a line; 0: as many as there are */
	char comment;     /* begins the note of a remedy: '#' or ';'; 0: not a remedy */
	size_t i_note;    /* where the note begins in @rest; 0: all of it is text or note */
	char line[VTAP_TEXT_LINE_MAX];
};

/** vtap_text_columns() - that the first @len bytes take on a terminal: a character of UTF-8 takes
 * one, and what switches a colour none */
size_t vtap_text_columns(const char *text, size_t len);

/** vtap_text_lines_of() - of a sentence; borrows @text */
struct vtap_text_lines vtap_text_lines_of(const char *text, size_t width);

/** vtap_text_lines_of_remedy() - of what condition.h calls a remedy; borrows @remedy */
struct vtap_text_lines vtap_text_lines_of_remedy(const char *remedy, size_t width);

/** vtap_text_lines_next() - the next line, without its end; borrowed until the next call. Return:
 * NULL after the last. */
const char *vtap_text_lines_next(struct vtap_text_lines *lines);
