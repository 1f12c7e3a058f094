// SPDX-License-Identifier: Apache-2.0
#include "report/text_table.h"

#include "report/text_lines.h"

#include <errno.h>
#include <libsmartcols/libsmartcols.h>
#include <string.h>

/** Narrower than this, text is no longer read with ease */
#define TEXT_MIN 24

VTAP_FREEP(scols_iter, struct libscols_iter, scols_free_iter)

struct vtap_text_table {
	struct libscols_table *scols;
	struct libscols_line *row; /* the last one, borrowed from scols; NULL before the first */
	const struct vtap_text_column *columns;
	size_t n_columns;
	size_t gap; /* columns between two */
	bool is_left_out[VTAP_TEXT_TABLE_COLUMNS_MAX];
	size_t i_cell;                                   /* next cell to fill in the row */
	size_t width_bytes[VTAP_TEXT_TABLE_COLUMNS_MAX]; /* widest cell so far */
	int status;                                      /* 0, or the first failure */
};

static void keep_failure(struct vtap_text_table *table, int status)
{
	if (table->status == 0 && status < 0)
		table->status = status;
}

static int add_column(struct vtap_text_table *table, const struct vtap_text_column *column)
{
	int flags = column->is_number ? SCOLS_FL_RIGHT : 0;

	if (scols_table_new_column(table->scols, column->title, 0, flags) == NULL)
		return -ENOMEM;
	return 0;
}

static int set_layout(struct vtap_text_table *table, const char *separator, bool has_color)
{
	int status = scols_table_set_column_separator(table->scols, separator);

	if (status == 0)
		status = scols_table_set_termforce(table->scols, SCOLS_TERMFORCE_NEVER);
	if (status == 0)
		status = scols_table_enable_colors(table->scols, has_color);
	for (size_t i = 0; i < table->n_columns && status == 0; i++)
		status = add_column(table, &table->columns[i]);
	return status;
}

int vtap_text_table_new(const struct vtap_text_column *columns, size_t n, const char *separator,
	bool has_color, struct vtap_text_table **ret_table)
{
	_auto(text_table) struct vtap_text_table *table = NULL;

	if (n == 0 || n > VTAP_TEXT_TABLE_COLUMNS_MAX)
		return -EINVAL;
	table = calloc(1, sizeof(*table));
	if (table == NULL)
		return -ENOMEM;
	table->columns = columns;
	table->n_columns = n;
	table->gap = strlen(separator);
	for (size_t i = 0; i < n; i++)
		table->width_bytes[i] = strlen(columns[i].title);
	table->scols = scols_new_table();
	if (table->scols == NULL)
		return -ENOMEM;
	int status = set_layout(table, separator, has_color);
	if (status < 0)
		return status;
	*ret_table = vtap_steal(&table);
	return 0;
}

void vtap_text_table_free(struct vtap_text_table *table)
{
	if (table == NULL)
		return;
	scols_unref_table(table->scols);
	free(table);
}

void vtap_text_table_row(struct vtap_text_table *table)
{
	table->i_cell = 0;
	table->row = scols_table_new_line(table->scols, NULL);
	if (table->row == NULL)
		keep_failure(table, -ENOMEM);
}

void vtap_text_table_color(struct vtap_text_table *table, const char *text, const char *color)
{
	size_t i = table->i_cell++;
	size_t len = strlen(text);

	if (table->row == NULL || i >= table->n_columns) {
		keep_failure(table, -EINVAL);
		return;
	}
	keep_failure(table, scols_line_set_data(table->row, i, text));
	if (color != NULL)
		keep_failure(
			table, scols_cell_set_color(scols_line_get_cell(table->row, i), color));
	if (len > table->width_bytes[i])
		table->width_bytes[i] = len;
}

void vtap_text_table_cell(struct vtap_text_table *table, const char *text)
{
	vtap_text_table_color(table, text, NULL);
}

/* ---- to fit ---- */

size_t vtap_text_table_width(const struct vtap_text_table *table)
{
	size_t width = 0;

	for (size_t i = 0; i < table->n_columns; i++) {
		if (table->is_left_out[i] || table->width_bytes[i] == 0)
			continue;
		width += (width > 0 ? table->gap : 0) + table->width_bytes[i];
	}
	return width;
}

/* Return: is there such a column? */
static bool leave_out(struct vtap_text_table *table, unsigned spare)
{
	for (size_t i = 0; i < table->n_columns; i++) {
		if (table->columns[i].spare != spare)
			continue;
		table->is_left_out[i] = table->width_bytes[i] > 0;
		keep_failure(table, scols_column_set_flags(scols_table_get_column(table->scols, i),
					    SCOLS_FL_HIDDEN));
		return true;
	}
	return false;
}

/* The text of a cell, in lines of @width. */
static int break_cell(struct libscols_cell *cell, size_t width)
{
	const char *data = scols_cell_get_data(cell), *line;
	struct vtap_text_lines lines = vtap_text_lines_of(data, width);
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	const char *between = "";

	if (out == NULL)
		return -ENOMEM;
	for (; (line = vtap_text_lines_next(&lines)) != NULL; between = "\n")
		(void)fprintf(out, "%s%s", between, line); /* fclose() tells */
	if (fclose(out) != 0) {
		free(text);
		return -ENOMEM;
	}
	return scols_cell_refer_data(cell, text); /* takes it */
}

/* The last column, in @width. */
static void break_text(struct vtap_text_table *table, size_t i, size_t width)
{
	struct libscols_column *column = scols_table_get_column(table->scols, i);
	_auto(scols_iter) struct libscols_iter *iter = scols_new_iter(SCOLS_ITER_FORWARD);
	struct libscols_line *row;

	if (iter == NULL) {
		keep_failure(table, -ENOMEM);
		return;
	}
	keep_failure(table, scols_column_set_flags(column, SCOLS_FL_WRAP));
	keep_failure(table, scols_column_set_safechars(column, "\n"));
	keep_failure(table, scols_column_set_wrapfunc(
				    column, scols_wrapnl_chunksize, scols_wrapnl_nextchunk, NULL));
	while (scols_table_next_line(table->scols, iter, &row) == 0)
		keep_failure(table, break_cell(scols_line_get_cell(row, i), width));
}

/* Columns that the text at the end could do with less of; 0: there is none. */
static size_t text_slack(const struct vtap_text_table *table)
{
	size_t last = table->n_columns - 1, text_width = table->width_bytes[last];

	if (!table->columns[last].is_text || table->is_left_out[last] || text_width <= TEXT_MIN)
		return 0;
	return text_width - TEXT_MIN;
}

void vtap_text_table_fit(struct vtap_text_table *table, size_t width)
{
	size_t last = table->n_columns - 1, others;

	for (unsigned spare = 1; vtap_text_table_width(table) > width + text_slack(table); spare++)
		if (!leave_out(table, spare))
			break;
	if (text_slack(table) == 0 || vtap_text_table_width(table) <= width)
		return;
	others = vtap_text_table_width(table) - table->width_bytes[last];
	break_text(table, last, width > others + TEXT_MIN ? width - others : TEXT_MIN);
}

const char *vtap_text_table_title(const struct vtap_text_table *table, size_t i)
{
	return i < table->n_columns ? table->columns[i].title : NULL;
}

bool vtap_text_table_is_left_out(const struct vtap_text_table *table, size_t i)
{
	return table->is_left_out[i];
}

/* ---- printing ---- */

/* libsmartcols aligns a title like its column; ours stand at the left, so a number's title is
 * filled up with blanks to the width of the column. Numbers are ASCII: bytes are columns. */
static int fill_title(struct vtap_text_table *table, size_t i)
{
	struct libscols_column *column = scols_table_get_column(table->scols, i);
	_auto_free char *title = NULL;

	if (asprintf(&title, "%-*s", (int)table->width_bytes[i], table->columns[i].title) < 0)
		return -ENOMEM;
	return scols_cell_set_data(scols_column_get_header(column), title);
}

/* Every line behind @indent, without the blanks at its end. */
static int write_lines(const char *text, FILE *out, const char *indent)
{
	while (*text != '\0') {
		size_t len = strcspn(text, "\n");
		size_t shown = len;

		while (shown > 0 && text[shown - 1] == ' ')
			shown--;
		if (fprintf(out, "%s%.*s\n", indent, (int)shown, text) < 0)
			return -EIO;
		text += len + (text[len] == '\n' ? 1 : 0);
	}
	return 0;
}

int vtap_text_table_print(
	struct vtap_text_table *table, FILE *out, bool has_titles, const char *indent)
{
	_auto_free char *text = NULL;

	for (size_t i = 0; i < table->n_columns && has_titles; i++) {
		if (table->columns[i].is_number)
			keep_failure(table, fill_title(table, i));
	}
	keep_failure(table, scols_table_enable_noheadings(table->scols, !has_titles));
	if (table->status < 0)
		return table->status;
	if (scols_table_is_empty(table->scols))
		return 0;
	int status = scols_print_table_to_string(table->scols, &text);
	if (status < 0)
		return status;
	return write_lines(text, out, indent);
}
