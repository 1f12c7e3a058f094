// SPDX-License-Identifier: Apache-2.0
/* The table of sessions. */
#include "base/clock.h"
#include "report/text_lines.h"
#include "report/text_render.h"
#include "report/text_top_screen.h"

#include <string.h>

/** What session rows that belong to no session are called */
#define UNKNOWN "(unknown)"

/** Columns that a chart of 60 seconds can have: each is a whole number of seconds */
static const size_t CHART_WIDTHS[] = { 60, 30, 20, 12 };
#define CHART_MIN 12

/* ---- cells ---- */

/* The columns of the table, but for the last one. */
enum column {
	COLUMN_SESSION,
	COLUMN_INTERFACE,
	COLUMN_FRAMES,
	COLUMN_BITS,
	COLUMN_SIZE,
	COLUMN_DROPS,
	COLUMN_COUNT
};

static const char *const TITLES[COLUMN_COUNT] = { "SESSION", "INTERFACE", "FRAMES/s", "BITS/s",
	"AVG SIZE", "DROPS/s" };

struct vtap_text_words vtap_top_rate_words(const struct vtap_top_rate *rate)
{
	return rate->is_known ? vtap_text_rate(rate->per_second)
			      : (struct vtap_text_words){ .text = "-" };
}

static struct vtap_text_words bits_words(const struct vtap_top_row *row)
{
	return row->bytes.is_known ? vtap_text_bits(row->bytes.per_second * 8)
				   : (struct vtap_text_words){ .text = "-" };
}

/* Of the frames since the last answer. */
static struct vtap_text_words size_words(const struct vtap_top_row *row)
{
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;
	double bytes = row->bytes.per_second;

	if (row->bytes.is_known && row->frames.is_known && row->frames.per_second > 0)
		vtap_text_words_add(
			&words, "%s B", vtap_text_rate(bytes / row->frames.per_second).text);
	else
		vtap_text_words_add(&words, "-");
	return words;
}

static struct vtap_text_words cell_words(const struct vtap_top_row *row, enum column column)
{
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;

	switch (column) {
	case COLUMN_SESSION:
		vtap_text_words_add(&words, "%s", row->name);
		return words;
	case COLUMN_INTERFACE:
		vtap_text_words_add(&words, "%s", row->interface);
		return words;
	case COLUMN_FRAMES:
		return vtap_top_rate_words(&row->frames);
	case COLUMN_BITS:
		return bits_words(row);
	case COLUMN_SIZE:
		return size_words(row);
	default:
		return vtap_top_rate_words(&row->drops);
	}
}

/* ---- the layout ---- */

/* What stands where. */
struct layout {
	const struct vtap_text_top_view *view;
	size_t width[COLUMN_COUNT]; /* 0: left out */
	size_t chart;               /* columns of the chart; 0: none */
	size_t state;               /* of the longest word of state that stands instead */
	size_t unknown;             /* columns of the name of what no session takes; 0: none */
	uint64_t last_s;            /* the second that charts end with */
};

static bool is_number(int column)
{
	return column >= COLUMN_FRAMES;
}

static size_t layout_columns(const struct layout *layout)
{
	size_t n = 0;

	for (int i = 0; i < COLUMN_COUNT; i++)
		n += layout->width[i] > 0 ? layout->width[i] + VTAP_TOP_GAP : 0;
	return n;
}

/* With a last column of so many? Without one, no gap stands at the end. */
static bool layout_fits(const struct layout *layout, size_t last)
{
	return layout_columns(layout) + last <=
	       layout->view->width + (last == 0 ? VTAP_TOP_GAP : 0);
}

/* What no session takes has no interface to run on into any more. */
static void layout_leave_out(struct layout *layout, enum column column)
{
	layout->width[column] = 0;
	if (column == COLUMN_INTERFACE && layout->width[COLUMN_SESSION] < layout->unknown)
		layout->width[COLUMN_SESSION] = layout->unknown;
}

/* As much of the @whole names as there is room for. */
static void layout_shorten(struct layout *layout, size_t whole)
{
	size_t least = strlen(TITLES[COLUMN_SESSION]), width;

	layout->width[COLUMN_SESSION] = whole;
	if (layout_fits(layout, layout->state))
		return;
	width = layout->view->width + (layout->state == 0 ? VTAP_TOP_GAP : 0);
	layout->width[COLUMN_SESSION] = least;
	if (layout_fits(layout, layout->state))
		layout->width[COLUMN_SESSION] =
			width + least - layout_columns(layout) - layout->state;
}

/* Numbers that say least are left out, and names get shorter, until words of state have room. No
 * number is ever cut. */
static void layout_squeeze(struct layout *layout)
{
	static const enum column spare[] = { COLUMN_DROPS, COLUMN_FRAMES };
	size_t whole = layout->width[COLUMN_SESSION];

	if (!layout_fits(layout, layout->state))
		layout_leave_out(layout, COLUMN_BITS);
	layout_shorten(layout, whole);
	for (size_t i = 0; i < VTAP_ARRAY_LEN(spare); i++) {
		if (layout_fits(layout, layout->state))
			return;
		layout_leave_out(layout, spare[i]);
		layout_shorten(layout, whole);
	}
}

/* The columns that say least are left out for a chart, even a small one. */
static void layout_fit(struct layout *layout)
{
	static const enum column spare[] = { COLUMN_SIZE, COLUMN_INTERFACE };

	if (layout->view->width == 0)
		return;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(spare); i++)
		if (!layout_fits(layout, CHART_MIN))
			layout_leave_out(layout, spare[i]);
	for (size_t i = 0; i < VTAP_ARRAY_LEN(CHART_WIDTHS) && layout->chart == 0; i++)
		if (layout_fits(layout, CHART_WIDTHS[i]))
			layout->chart = CHART_WIDTHS[i];
	if (layout->chart == 0)
		layout_squeeze(layout);
}

/* Names as wide as the widest of all sessions, so that the table does not move when others come up.
 */
static void layout_names(struct layout *layout, const struct vtap_top_sample *sample)
{
	for (size_t i = 0; i < sample->n_rows; i++) {
		const struct vtap_top_row *row = &sample->rows[i];
		size_t name = strlen(row->name), interface = strlen(row->interface);

		if (name > layout->width[COLUMN_SESSION])
			layout->width[COLUMN_SESSION] = name;
		if (interface > layout->width[COLUMN_INTERFACE])
			layout->width[COLUMN_INTERFACE] = interface;
		if (strlen(row->remark) > layout->state)
			layout->state = strlen(row->remark);
	}
}

static void layout_numbers(struct layout *layout, const struct vtap_top_row *row)
{
	for (int i = COLUMN_FRAMES; i < COLUMN_COUNT; i++) {
		size_t width = vtap_top_columns(cell_words(row, (enum column)i).text);

		if (width > layout->width[i])
			layout->width[i] = width;
	}
}

/* ---- rows ---- */

static void name_unknown(
	const struct vtap_top_sample *sample, size_t i, struct vtap_top_row *ret_row)
{
	*ret_row = sample->targets[i].unknown;
	(void)snprintf(ret_row->name, sizeof(ret_row->name), "%s%s%.32s",
		UNKNOWN, /* a longer one is cut */
		sample->n_targets > 1 ? " " : "",
		sample->n_targets > 1 ? sample->targets[i].name : "");
}

/* A name without an interface runs on into that column. */
static bool runs_on(const struct layout *layout, const struct vtap_top_row *row)
{
	return row->interface[0] == '\0' && layout->width[COLUMN_INTERFACE] > 0;
}

static size_t cell_width(
	const struct layout *layout, const struct vtap_top_row *row, enum column column)
{
	size_t width = layout->width[column];

	if (column == COLUMN_SESSION && runs_on(layout, row))
		width += VTAP_TOP_GAP + layout->width[COLUMN_INTERFACE];
	return width;
}

static void put_chart(struct vtap_top_line *line, const struct layout *layout, const float *history)
{
	float column[VTAP_TOP_SECONDS];
	char text[VTAP_TOP_SECONDS * 4 + 1];

	vtap_top_chart_columns(history, layout->last_s, column, layout->chart);
	vtap_top_chart_format(column, layout->chart, layout->view->has_utf8, text, sizeof(text));
	vtap_top_put(line, text);
}

/* The last column: the chart, or what a session waits for, or what the kernel does not tell: of
 * that the words that have room. */
static void put_last(
	struct vtap_top_line *line, const struct layout *layout, const struct vtap_top_row *row)
{
	size_t taken = line->at + line->blanks, width = layout->view->width;
	struct vtap_text_lines lines =
		vtap_text_lines_of(row->remark, width > taken ? width - taken : 0);

	if (row->remark[0] != '\0')
		vtap_top_put_colored(
			line, vtap_text_lines_next(&lines), vtap_text_state_color(row->remark));
	else if (layout->chart > 0)
		put_chart(line, layout, row->history);
}

/* "a-name-that-is-t…" */
static void name_shorten(char *name, size_t width, bool has_utf8)
{
	(void)snprintf(name + width - 1, VTAP_TEXT_WORDS_MAX - width + 1, "%s", /* fits */
		has_utf8 ? "…" : "~");
}

static void put_cell(struct vtap_top_line *line, const struct layout *layout,
	const struct vtap_top_row *row, enum column column)
{
	struct vtap_text_words words = cell_words(row, column);
	size_t width = cell_width(layout, row, column), columns = vtap_top_columns(words.text);
	bool is_alarm = column == COLUMN_DROPS && row->drops.is_known && row->drops.per_second > 0;

	if (layout->view->width != 0 && !is_number(column) && columns > width) {
		name_shorten(words.text, width, layout->view->has_utf8);
		columns = width;
	}
	if (is_number(column) && columns < width)
		line->blanks += width - columns;
	vtap_top_put_colored(line, words.text, is_alarm ? vtap_text_state_color("waiting") : NULL);
	if (!is_number(column) && columns < width)
		line->blanks += width - columns;
}

static void put_row(
	struct vtap_top_line *line, const struct layout *layout, const struct vtap_top_row *row)
{
	size_t column = 0;

	for (int i = 0; i < COLUMN_COUNT; i++) {
		if (layout->width[i] == 0)
			continue;
		if (i != COLUMN_INTERFACE || !runs_on(layout, row)) {
			vtap_top_put_gap(line, column);
			put_cell(line, layout, row, (enum column)i);
		}
		column += layout->width[i] + VTAP_TOP_GAP;
	}
	vtap_top_put_gap(line, column);
	put_last(line, layout, row);
	vtap_top_end(line);
}

static void put_titles(struct vtap_top_line *line, const struct layout *layout)
{
	size_t column = 0;

	for (int i = 0; i < COLUMN_COUNT; i++) {
		if (layout->width[i] == 0)
			continue;
		vtap_top_put_gap(line, column);
		vtap_top_put(line, TITLES[i]);
		column += layout->width[i] + VTAP_TOP_GAP;
	}
	vtap_top_put_gap(line, column);
	if (layout->chart > 0)
		vtap_top_put(line, "LAST 60 s");
	vtap_top_end(line);
}

/* "and 3,962 more sessions, at most 12 frames/s each"; where there is no room without the latter */
static void put_more(struct vtap_top_line *line, size_t n, const struct vtap_top_row *next,
	enum vtap_text_order order)
{
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL, most = VTAP_TEXT_WORDS_NULL;

	vtap_text_words_add(
		&words, "and %s more session%s", vtap_text_count(n).text, n == 1 ? "" : "s");
	if (order == VTAP_TEXT_ORDER_FRAMES && next->frames.is_known)
		vtap_text_words_add(&most, ", at most %s frames/s each",
			vtap_top_rate_words(&next->frames).text);
	if (order == VTAP_TEXT_ORDER_BITS && next->bytes.is_known)
		vtap_text_words_add(&most, ", at most %s bits/s each", bits_words(next).text);
	if (order == VTAP_TEXT_ORDER_DROPS && next->drops.is_known)
		vtap_text_words_add(
			&most, ", at most %s drops/s each", vtap_top_rate_words(&next->drops).text);
	vtap_top_put(line, words.text);
	if (vtap_top_fits(line, most.text))
		vtap_top_put(line, most.text);
	vtap_top_end(line);
}

void vtap_top_put_table(struct vtap_top_line *line, const struct vtap_top_sample *sample,
	const struct vtap_top_row *const *rows, size_t n_shown)
{
	struct layout layout = { .view = line->view, .last_s = sample->axis_ns / VTAP_NS_PER_S };
	struct vtap_top_row unknown;

	for (int i = 0; i < COLUMN_COUNT; i++)
		layout.width[i] = strlen(TITLES[i]);
	layout_names(&layout, sample);
	for (size_t i = 0; i < sample->n_targets; i++) {
		name_unknown(sample, i, &unknown);
		if (sample->targets[i].has_unknown && strlen(unknown.name) > layout.unknown)
			layout.unknown = strlen(unknown.name);
	}
	for (size_t i = 0; i < n_shown; i++)
		layout_numbers(&layout, rows[i]);
	for (size_t i = 0; i < sample->n_targets; i++)
		if (sample->targets[i].has_unknown)
			layout_numbers(&layout, &sample->targets[i].unknown);
	layout_fit(&layout);
	put_titles(line, &layout);
	for (size_t i = 0; i < n_shown; i++)
		put_row(line, &layout, rows[i]);
	if (n_shown < sample->n_rows)
		put_more(line, sample->n_rows - n_shown, rows[n_shown], line->view->order);
	for (size_t i = 0; i < sample->n_targets; i++) {
		if (!sample->targets[i].has_unknown)
			continue;
		name_unknown(sample, i, &unknown);
		put_row(line, &layout, &unknown);
	}
}
