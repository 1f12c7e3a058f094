// SPDX-License-Identifier: Apache-2.0
#include "report/text_top.h"

#include "report/text_lines.h"
#include "report/text_top_screen.h"

#include <errno.h>
#include <string.h>

/** Whole ones are left out where there is no room */
static const char *const KEYS[] = { "q quit", "  f frames", "  b bits", "  d drops", "  n name" };

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

/* ---- the screen ---- */

/* Rows of what no session takes: of targets that ever had such a packet, or cannot tell. */
static size_t count_unknown(const struct vtap_top_sample *sample)
{
	size_t n = 0;

	for (size_t i = 0; i < sample->n_targets; i++)
		n += sample->targets[i].has_unknown;
	return n;
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

/* "q quit  f frames …          2 findings and 1 note: vtapctl doctor" */
static void put_keys(struct vtap_top_line *line, uint64_t n_findings, uint64_t n_notes)
{
	struct vtap_text_words counted = vtap_text_findings_counted(n_findings, n_notes);
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;

	if (line->view->height == 0)
		return;
	vtap_top_end(line);
	for (size_t i = 0; i < VTAP_ARRAY_LEN(KEYS) && vtap_top_fits(line, KEYS[i]); i++)
		vtap_top_put(line, KEYS[i]);
	if (n_findings > 0) {
		vtap_text_words_add(&words, "%s: vtapctl doctor", counted.text);
		vtap_top_put_right(
			line, vtap_top_fits_right(line, words.text) ? words.text : counted.text);
	}
	vtap_top_end(line);
}

static int put_screen(struct vtap_top_line *line, const struct vtap_top_sample *sample)
{
	_auto_free const struct vtap_top_row **rows = calloc(sample->n_rows + 1, sizeof(*rows));
	enum vtap_text_order order = line->view->order;
	size_t n_above, n_shown;

	if (rows == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < sample->n_rows; i++)
		rows[i] = &sample->rows[i];
	qsort_r(rows, sample->n_rows, sizeof(*rows), row_compare, &order);
	n_above = vtap_top_put_targets(line, sample);
	n_shown = count_shown(line->view, sample->n_rows, count_unknown(sample), n_above);
	vtap_top_end(line);
	vtap_top_put_table(line, sample, rows, n_shown);
	put_keys(line, sample->n_findings, sample->n_notes);
	return 0;
}

/* Sentences on lines of their own, which break between words. */
static void put_trouble(struct vtap_top_line *line, const char *trouble)
{
	char text[VTAP_TEXT_WORDS_MAX];

	while (*trouble != '\0') {
		size_t len = strcspn(trouble, "\n");
		struct vtap_text_lines lines;
		const char *part;

		(void)snprintf(text, sizeof(text), "%.*s", (int)len, trouble); /* may be cut */
		lines = vtap_text_lines_of(text, line->view->width);
		while ((part = vtap_text_lines_next(&lines)) != NULL) {
			vtap_top_put(line, part);
			vtap_top_end(line);
		}
		trouble += len + (trouble[len] == '\n' ? 1 : 0);
	}
}

int vtap_text_top_draw(
	const struct vtap_text_top *top, const struct vtap_text_top_view *view, FILE *out)
{
	struct vtap_top_line line = { .out = out, .view = view };
	int r = 0;

	if (view->trouble != NULL) {
		put_trouble(&line, view->trouble);
		put_keys(&line, 0, 0);
	} else {
		r = put_screen(&line, &top->sample);
	}
	return r == 0 && ferror(out) ? -EIO : r;
}
