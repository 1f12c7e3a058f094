/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table of text, laid out by libsmartcols: columns two blanks apart, titles at the left, numbers
 * at the right, no lines, no trailing blanks. Nothing in it is ever cut: to fit a terminal, text
 * breaks between words, and whole columns are left out, which the caller has to tell. Rows are
 * filled from left to right. The first failure sticks and comes out of print.
 */
#pragma once

#include "base/cleanup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/** VTAP_TEXT_TABLE_COLUMNS_MAX - columns of the widest table (the sessions of status have nine) */
#define VTAP_TEXT_TABLE_COLUMNS_MAX 12

struct vtap_text_column {
	const char *title; /* "" for none */
	bool is_number;    /* aligned right */
	bool is_text;      /* may break between words; of the last column only */
	unsigned spare;    /* 1: is left out first where there is no room, then 2, …; 0: never */
};

struct vtap_text_table;

/**
 * vtap_text_table_new() - an empty table
 * @columns:   keeps until free
 * @n:         how many, 1..VTAP_TEXT_TABLE_COLUMNS_MAX
 * @separator: between two columns, usually two blanks
 * @has_color: write the colours of cells
 * @ret_table: release with vtap_text_table_free()
 * Return: 0, -EINVAL, -ENOMEM.
 */
int vtap_text_table_new(const struct vtap_text_column *columns, size_t n, const char *separator,
	bool has_color, struct vtap_text_table **ret_table);

/** vtap_text_table_free() - NULL is allowed */
void vtap_text_table_free(struct vtap_text_table *table);
VTAP_FREEP(text_table, struct vtap_text_table, vtap_text_table_free)

/** vtap_text_table_row() - begin the next row */
void vtap_text_table_row(struct vtap_text_table *table);

/** vtap_text_table_cell() - fill the row's next cell; copies @text */
void vtap_text_table_cell(struct vtap_text_table *table, const char *text);

/** vtap_text_table_color() - as cell, behind the escape sequence @color, or NULL for none */
void vtap_text_table_color(struct vtap_text_table *table, const char *text, const char *color);

/** vtap_text_table_width() - columns of a terminal that it takes; before print */
size_t vtap_text_table_width(const struct vtap_text_table *table);

/** vtap_text_table_fit() - when all rows are filled: make it fit into @width if that can be */
void vtap_text_table_fit(struct vtap_text_table *table, size_t width);

/** vtap_text_table_title() - of column @i; NULL: there is no such column */
const char *vtap_text_table_title(const struct vtap_text_table *table, size_t i);

/** vtap_text_table_is_left_out() - was column @i? Asked after fit. */
bool vtap_text_table_is_left_out(const struct vtap_text_table *table, size_t i);

/**
 * vtap_text_table_print() - write the table
 * @has_titles: the first line holds the titles
 * @indent:     what stands in front of each line
 * Return: 0 (an empty table writes nothing), or the first failure: -ENOMEM, -EIO, -EINVAL.
 */
int vtap_text_table_print(
	struct vtap_text_table *table, FILE *out, bool has_titles, const char *indent);
