// SPDX-License-Identifier: Apache-2.0
#include "report/text_top.h"

#include "base/clock.h"
#include "base/text.h"
#include "report/text_render.h"
#include "report/text_top_rates.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/** What session rows that belong to no session are called */
#define UNKNOWN "(unknown)"

/** Drops of so many verdicts are named behind a target's rates */
#define VERDICTS_SHOWN 3

/** Of the lines of a screen, targets take no more than one of so many */
#define TARGETS_SHARE 4

/** Between two columns */
#define GAP 2

/** Columns that a chart of 60 seconds can have: each is a whole number of seconds */
static const size_t CHART_WIDTHS[] = { 60, 30, 20, 12 };

static const char KEYS[] = "q quit  f frames  b bits  d drops  n name";

/* ---- a line ---- */

/* Blanks are written when something follows them, so that no line ends in them. */
struct line {
	FILE *out;
	const struct vtap_text_top_view *view;
	size_t at;     /* columns that are written */
	size_t blanks; /* to be written first */
};

static bool is_continuation(char byte)
{
	return ((unsigned char)byte & 0xc0) == 0x80;
}

static size_t columns_of(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += !is_continuation(*text);
	return n;
}

static bool has_room(const struct line *line)
{
	return line->view->width == 0 || line->at + line->blanks < line->view->width;
}

static void put_blanks(struct line *line)
{
	(void)fprintf(line->out, "%*s", (int)line->blanks, ""); /* failures: ferror() at the end */
	line->at += line->blanks;
	line->blanks = 0;
}

/* Every character takes one column: names are ASCII, and charts are of plain blocks. */
static void put(struct line *line, const char *text)
{
	for (; *text != '\0' && (has_room(line) || is_continuation(*text)); text++) {
		if (*text == ' ') {
			line->blanks++;
			continue;
		}
		put_blanks(line);
		(void)fputc(*text, line->out);
		line->at += !is_continuation(*text);
	}
}

/* @color may be NULL. */
static void put_colored(struct line *line, const char *text, const char *color)
{
	bool is_colored = color != NULL && line->view->has_color && has_room(line);

	if (is_colored) {
		put_blanks(line);
		(void)fputs(color, line->out);
	}
	put(line, text);
	if (is_colored)
		(void)fputs(VTAP_TEXT_COLOR_OFF, line->out);
}

/* Blanks up to the column @column, and at least one gap. */
static void put_gap(struct line *line, size_t column)
{
	if (line->at + line->blanks > 0)
		line->blanks += GAP;
	if (line->at + line->blanks < column)
		line->blanks = column - line->at;
}

static void put_end(struct line *line)
{
	(void)fputc('\n', line->out);
	line->at = line->blanks = 0;
}

/* ---- what is known ---- */

struct vtap_text_top {
	struct vtap_top_sample sample;
};

int vtap_text_top_new(struct vtap_text_top **ret_top)
{
	struct vtap_text_top *top = calloc(1, sizeof(*top));

	if (top == NULL)
		return -ENOMEM;
	*ret_top = top;
	return 0;
}

void vtap_text_top_free(struct vtap_text_top *top)
{
	if (top == NULL)
		return;
	vtap_top_sample_done(&top->sample);
	free(top);
}

int vtap_text_top_take(struct vtap_text_top *top, const char *json, struct vtap_err *err)
{
	struct vtap_top_sample fresh = { 0 };
	int r = vtap_top_sample_read(json, &fresh, err);

	if (r < 0)
		return r;
	if (vtap_top_sample_is_early(&fresh, &top->sample)) {
		vtap_top_sample_done(&fresh);
		return 0;
	}
	vtap_top_sample_compare(&fresh, &top->sample);
	vtap_top_sample_done(&top->sample);
	top->sample = fresh;
	return 0;
}

/* ---- order ---- */

enum vtap_text_order vtap_text_order_of_key(char key)
{
	static const char keys[VTAP_TEXT_ORDER_COUNT] = { 'f', 'b', 'd', 'n' };

	for (int i = 0; i < VTAP_TEXT_ORDER_COUNT; i++)
		if (keys[i] == key)
			return (enum vtap_text_order)i;
	return VTAP_TEXT_ORDER_COUNT;
}

/* Who has no rate stands behind those who have 0. */
static double weight(const struct vtap_top_row *row, enum vtap_text_order order)
{
	const struct vtap_top_rate *rate = order == VTAP_TEXT_ORDER_BITS    ? &row->bytes
					   : order == VTAP_TEXT_ORDER_DROPS ? &row->drops
									    : &row->frames;

	if (order == VTAP_TEXT_ORDER_NAME)
		return 0;
	return rate->is_known ? rate->per_second : -1;
}

static int row_compare(const void *a, const void *b, void *arg)
{
	const struct vtap_top_row *left = *(const struct vtap_top_row *const *)a;
	const struct vtap_top_row *right = *(const struct vtap_top_row *const *)b;
	enum vtap_text_order order = *(const enum vtap_text_order *)arg;
	double weight_left = weight(left, order), weight_right = weight(right, order);

	if (weight_left != weight_right)
		return weight_left < weight_right ? 1 : -1;
	return strcmp(left->name, right->name);
}

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

static struct vtap_text_words rate_words(const struct vtap_top_rate *rate)
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
		return rate_words(&row->frames);
	case COLUMN_BITS:
		return bits_words(row);
	case COLUMN_SIZE:
		return size_words(row);
	default:
		return rate_words(&row->drops);
	}
}

/* ---- the table ---- */

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
		n += layout->width[i] > 0 ? layout->width[i] + GAP : 0;
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
		if (layout_columns(layout) > width + GAP)
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
		size_t width = columns_of(cell_words(row, (enum column)i).text);

		if (width > layout->width[i])
			layout->width[i] = width;
	}
}

static void put_chart(struct line *line, const struct layout *layout, const float *history)
{
	float column[VTAP_TOP_SECONDS];
	char text[VTAP_TOP_SECONDS * 4 + 1];

	vtap_top_chart_columns(history, layout->last_s, column, layout->chart);
	vtap_top_chart_format(column, layout->chart, layout->view->has_utf8, text, sizeof(text));
	put(line, text);
}

/* The last column: the chart, or what a session waits for, or what the kernel does not tell. */
static void put_last(struct line *line, const struct layout *layout, const struct vtap_top_row *row)
{
	if (row->remark[0] != '\0')
		put_colored(line, row->remark, vtap_text_state_color(row->remark));
	else if (layout->chart > 0)
		put_chart(line, layout, row->history);
}

static void put_cell(struct line *line, const struct layout *layout, const struct vtap_top_row *row,
	enum column column)
{
	struct vtap_text_words words = cell_words(row, column);
	size_t width = layout->width[column], columns = columns_of(words.text);
	bool is_alarm = column == COLUMN_DROPS && row->drops.is_known && row->drops.per_second > 0;

	if (is_number(column) && columns < width)
		line->blanks += width - columns;
	put_colored(line, words.text, is_alarm ? vtap_text_state_color("waiting") : NULL);
	if (!is_number(column) && columns < width)
		line->blanks += width - columns;
}

static void put_row(struct line *line, const struct layout *layout, const struct vtap_top_row *row)
{
	size_t column = 0;

	for (int i = 0; i < COLUMN_COUNT; i++) {
		/* a name without an interface runs on into that column */
		bool runs_on = i == COLUMN_INTERFACE && row->interface[0] == '\0';

		if (layout->width[i] == 0)
			continue;
		if (!runs_on) {
			put_gap(line, column);
			put_cell(line, layout, row, (enum column)i);
		}
		column += layout->width[i] + GAP;
	}
	put_gap(line, column);
	put_last(line, layout, row);
	put_end(line);
}

static void put_titles(struct line *line, const struct layout *layout)
{
	size_t column = 0;

	for (int i = 0; i < COLUMN_COUNT; i++) {
		if (layout->width[i] == 0)
			continue;
		put_gap(line, column);
		put(line, TITLES[i]);
		column += layout->width[i] + GAP;
	}
	put_gap(line, column);
	if (layout->chart > 0)
		put(line, "LAST 60 s");
	put_end(line);
}

/* "and 3,962 more sessions, at most 12 frames/s each" */
static void put_more(
	struct line *line, size_t n, const struct vtap_top_row *next, enum vtap_text_order order)
{
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;

	vtap_text_words_add(
		&words, "and %s more session%s", vtap_text_count(n).text, n == 1 ? "" : "s");
	if (order == VTAP_TEXT_ORDER_FRAMES && next->frames.is_known)
		vtap_text_words_add(
			&words, ", at most %s frames/s each", rate_words(&next->frames).text);
	if (order == VTAP_TEXT_ORDER_BITS && next->bytes.is_known)
		vtap_text_words_add(&words, ", at most %s bits/s each", bits_words(next).text);
	if (order == VTAP_TEXT_ORDER_DROPS && next->drops.is_known)
		vtap_text_words_add(
			&words, ", at most %s drops/s each", rate_words(&next->drops).text);
	put(line, words.text);
	put_end(line);
}

/* ---- targets ---- */

/* "(unknown-vni, socket-full)": what is being dropped, most first */
static struct vtap_text_words verdict_words(
	const struct vtap_top_target *target, const struct vtap_text_top_view *view)
{
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;
	size_t n = 0;

	for (; n < target->n_verdicts && target->verdicts[n].rate.is_known &&
		target->verdicts[n].rate.per_second > 0;
		n++)
		if (n < VERDICTS_SHOWN)
			vtap_text_words_add(
				&words, "%s%s", n == 0 ? "(" : ", ", target->verdicts[n].name);
	if (n > 0)
		vtap_text_words_add(&words, "%s)",
			n <= VERDICTS_SHOWN ? ""
			: view->has_utf8    ? ", …"
					    : ", ...");
	return words;
}

/* "215,537 received/s  215,525 delivered/s  12 dropped/s" */
static struct vtap_text_words traffic_words(const struct vtap_top_target *target)
{
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;

	vtap_text_words_add(&words, "%s received/s  %s delivered/s  %s dropped/s",
		rate_words(&target->received).text, rate_words(&target->delivered).text,
		rate_words(&target->dropped).text);
	return words;
}

/* "draining  10:07:31  every 1 s" */
static struct vtap_text_words clock_words(
	const struct vtap_top_sample *sample, const struct vtap_text_top_view *view)
{
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;

	if (strcmp(sample->state, "healthy") != 0)
		vtap_text_words_add(&words, "%s  ", sample->state);
	vtap_text_words_add(&words, "%s  %s %u s",
		vtap_text_clock(sample->now_ns, sample->now_ns).text,
		view->height == 0 ? "over" : "every", view->interval_s);
	return words;
}

static bool fits_right(const struct line *line, const char *text)
{
	return line->view->width == 0 || line->at + GAP + columns_of(text) <= line->view->width;
}

/* At the right end of the line, if there is room behind what stands in it. */
static void put_right(struct line *line, const char *text)
{
	size_t width = line->view->width, columns = columns_of(text);

	if (!fits_right(line, text))
		return;
	put_gap(line, width > columns ? width - columns : 0);
	put(line, text);
}

/* "default  ens5:4789  fast path", and its state where it is not ready */
static void put_who(struct line *line, const struct vtap_top_target *target)
{
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;

	vtap_text_words_add(&words, "%s  %s  %s", target->name, target->where, target->path);
	put(line, words.text);
	if (target->remark[0] == '\0')
		return;
	put_gap(line, 0);
	put_colored(line, target->remark, vtap_text_state_color(target->remark));
}

/* Behind the rates, if there is room beside the columns that are @taken at the end of the line. */
static void put_verdicts(struct line *line, const struct vtap_top_target *target, size_t taken)
{
	struct vtap_text_words words = verdict_words(target, line->view);
	size_t width = line->view->width;

	if (words.text[0] == '\0' ||
		(width != 0 && line->at + 1 + columns_of(words.text) + taken > width))
		return;
	line->blanks = 1;
	put(line, words.text);
}

/* One line; or two where it is too long for one. @clock may be "". Return: how many. */
static size_t put_target(struct line *line, const struct vtap_top_target *target, const char *clock)
{
	struct vtap_text_words traffic = traffic_words(target);
	size_t width = line->view->width;
	size_t taken = clock[0] != '\0' ? GAP + columns_of(clock) : 0;
	bool has_two_lines;

	put_who(line, target);
	has_two_lines = width != 0 && line->at + GAP + columns_of(traffic.text) + taken > width;
	if (has_two_lines) {
		put_right(line, clock);
		put_end(line);
		taken = 0;
	}
	put_gap(line, has_two_lines ? GAP : 0);
	put(line, traffic.text);
	put_verdicts(line, target, taken);
	if (!has_two_lines)
		put_right(line, clock);
	put_end(line);
	return has_two_lines ? 2 : 1;
}

/* Return: how many lines. */
static size_t put_targets(struct line *line, const struct vtap_top_sample *sample)
{
	struct vtap_text_words clock = clock_words(sample, line->view), more = VTAP_TEXT_WORDS_NULL;
	size_t height = line->view->height, n_lines = 0, i = 0;

	for (; i < sample->n_targets && (height == 0 || i == 0 || n_lines < height / TARGETS_SHARE);
		i++)
		n_lines += put_target(line, &sample->targets[i], i == 0 ? clock.text : "");
	if (i == sample->n_targets)
		return n_lines;
	vtap_text_words_add(&more, "and %zu more target%s", sample->n_targets - i,
		sample->n_targets - i == 1 ? "" : "s");
	put(line, more.text);
	put_end(line);
	return n_lines + 1;
}

/* ---- the screen ---- */

/* Rows of what no session takes: of targets that ever had such a packet, or cannot tell. */
static size_t count_unknown(const struct vtap_top_sample *sample)
{
	size_t n = 0;

	for (size_t i = 0; i < sample->n_targets; i++)
		n += sample->targets[i].has_unknown;
	return n;
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

/* How many sessions are shown when @n_lines are taken by what stands above them. */
static size_t count_shown(
	const struct vtap_text_top_view *view, size_t n_rows, size_t n_unknown, size_t n_above)
{
	size_t taken = n_above + 2 + n_unknown + 2; /* blank, titles; blank, keys */
	size_t room = view->height > taken ? view->height - taken : 1;

	if (view->height == 0 || n_rows <= room)
		return n_rows;
	return room > 1 ? room - 1 : 1; /* one line tells how many are left out */
}

static void put_table(struct line *line, const struct vtap_top_sample *sample,
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

/* "q quit  f frames …          2 findings and 1 note: vtapctl doctor" */
static void put_keys(struct line *line, uint64_t n_findings, uint64_t n_notes)
{
	struct vtap_text_words counted = vtap_text_findings_counted(n_findings, n_notes);
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;

	if (line->view->height == 0)
		return;
	put_end(line);
	put(line, KEYS);
	if (n_findings > 0) {
		vtap_text_words_add(&words, "%s: vtapctl doctor", counted.text);
		put_right(line, fits_right(line, words.text) ? words.text : counted.text);
	}
	put_end(line);
}

static int put_screen(struct line *line, const struct vtap_top_sample *sample)
{
	_auto_free const struct vtap_top_row **rows = calloc(sample->n_rows + 1, sizeof(*rows));
	enum vtap_text_order order = line->view->order;
	size_t n_above, n_shown;

	if (rows == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < sample->n_rows; i++)
		rows[i] = &sample->rows[i];
	qsort_r(rows, sample->n_rows, sizeof(*rows), row_compare, &order);
	n_above = put_targets(line, sample);
	n_shown = count_shown(line->view, sample->n_rows, count_unknown(sample), n_above);
	put_end(line);
	put_table(line, sample, rows, n_shown);
	put_keys(line, sample->n_findings, sample->n_notes);
	return 0;
}

/* Sentences on lines of their own. */
static void put_trouble(struct line *line, const char *trouble)
{
	char text[VTAP_TEXT_WORDS_MAX];

	while (*trouble != '\0') {
		size_t len = strcspn(trouble, "\n");

		(void)snprintf(text, sizeof(text), "%.*s", (int)len, trouble); /* may be cut */
		put(line, text);
		put_end(line);
		trouble += len + (trouble[len] == '\n' ? 1 : 0);
	}
}

int vtap_text_top_draw(
	const struct vtap_text_top *top, const struct vtap_text_top_view *view, FILE *out)
{
	struct line line = { .out = out, .view = view };
	int r = 0;

	if (view->trouble != NULL) {
		put_trouble(&line, view->trouble);
		put_keys(&line, 0, 0);
	} else {
		r = put_screen(&line, &top->sample);
	}
	return r == 0 && ferror(out) ? -EIO : r;
}
