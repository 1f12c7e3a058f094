// SPDX-License-Identifier: Apache-2.0
/* The table of sessions. */
#include "base/clock.h"
#include "report/text_render.h"
#include "report/text_top_screen.h"

#include <string.h>

/** What session rows that belong to no session are called */
#define UNKNOWN "(unknown)"

/** Columns that a chart of 60 seconds can have: each is a whole number of seconds */
static const size_t CHART_WIDTHS[] = { 60, 30, 20, 12 };

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

/* The widest chart that fits, else none; then columns that say least are left out, as many as must
 * be. */
static void layout_fit(struct layout *layout)
{
	static const enum column spare[] = { COLUMN_SIZE, COLUMN_INTERFACE, COLUMN_BITS };
	size_t width = layout->view->width;

	if (width == 0)
		return;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(CHART_WIDTHS) && layout->chart == 0; i++)
		if (layout_columns(layout) + CHART_WIDTHS[i] <= width)
			layout->chart = CHART_WIDTHS[i];
	for (size_t i = 0; i < VTAP_ARRAY_LEN(spare); i++)
		if (layout_columns(layout) > width + VTAP_TOP_GAP)
			layout->width[spare[i]] = 0;
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

static void put_chart(struct vtap_top_line *line, const struct layout *layout, const float *history)
{
	float column[VTAP_TOP_SECONDS];
	char text[VTAP_TOP_SECONDS * 4 + 1];

	vtap_top_chart_columns(history, layout->last_s, column, layout->chart);
	vtap_top_chart_format(column, layout->chart, layout->view->has_utf8, text, sizeof(text));
	vtap_top_put(line, text);
}

/* The last column: the chart, or what a session waits for, or what the kernel does not tell. */
static void put_last(
	struct vtap_top_line *line, const struct layout *layout, const struct vtap_top_row *row)
{
	if (row->remark[0] != '\0')
		vtap_top_put_colored(line, row->remark, vtap_text_state_color(row->remark));
	else if (layout->chart > 0)
		put_chart(line, layout, row->history);
}

static void put_cell(struct vtap_top_line *line, const struct layout *layout,
	const struct vtap_top_row *row, enum column column)
{
	struct vtap_text_words words = cell_words(row, column);
	size_t width = layout->width[column], columns = vtap_top_columns(words.text);
	bool is_alarm = column == COLUMN_DROPS && row->drops.is_known && row->drops.per_second > 0;

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
		/* a name without an interface runs on into that column */
		bool runs_on = i == COLUMN_INTERFACE && row->interface[0] == '\0';

		if (layout->width[i] == 0)
			continue;
		if (!runs_on) {
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

/* "and 3,962 more sessions, at most 12 frames/s each" */
static void put_more(struct vtap_top_line *line, size_t n, const struct vtap_top_row *next,
	enum vtap_text_order order)
{
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;

	vtap_text_words_add(
		&words, "and %s more session%s", vtap_text_count(n).text, n == 1 ? "" : "s");
	if (order == VTAP_TEXT_ORDER_FRAMES && next->frames.is_known)
		vtap_text_words_add(&words, ", at most %s frames/s each",
			vtap_top_rate_words(&next->frames).text);
	if (order == VTAP_TEXT_ORDER_BITS && next->bytes.is_known)
		vtap_text_words_add(&words, ", at most %s bits/s each", bits_words(next).text);
	if (order == VTAP_TEXT_ORDER_DROPS && next->drops.is_known)
		vtap_text_words_add(&words, ", at most %s drops/s each",
			vtap_top_rate_words(&next->drops).text);
	vtap_top_put(line, words.text);
	vtap_top_end(line);
}

static void name_unknown(
	const struct vtap_top_sample *sample, size_t i, struct vtap_top_row *ret_row)
{
	*ret_row = sample->targets[i].unknown;
	(void)snprintf(ret_row->name, sizeof(ret_row->name), "%s%s%.32s",
		UNKNOWN, /* a longer one is cut */
		sample->n_targets > 1 ? " " : "",
		sample->n_targets > 1 ? sample->targets[i].name : "");
}

void vtap_top_put_table(struct vtap_top_line *line, const struct vtap_top_sample *sample,
	const struct vtap_top_row *const *rows, size_t n_shown)
{
	struct layout layout = { .view = line->view, .last_s = sample->axis_ns / VTAP_NS_PER_S };
	struct vtap_top_row unknown;

	for (int i = 0; i < COLUMN_COUNT; i++)
		layout.width[i] = strlen(TITLES[i]);
	layout_names(&layout, sample);
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
