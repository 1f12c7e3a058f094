// SPDX-License-Identifier: Apache-2.0
/* The lines above the table: a target each. */
#include "report/text_render.h"
#include "report/text_top_screen.h"

#include <string.h>

/** Drops of so many verdicts are named behind a target's rates */
#define VERDICTS_SHOWN 3

/** Of the lines of a screen, targets take no more than one of so many */
#define TARGETS_SHARE 4

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
		vtap_top_rate_words(&target->received).text,
		vtap_top_rate_words(&target->delivered).text,
		vtap_top_rate_words(&target->dropped).text);
	return words;
}

/* Each of them in one piece. Return: how many lines were ended on the way. */
static size_t put_traffic(struct vtap_top_line *line, const struct vtap_top_target *target)
{
	const struct {
		const struct vtap_top_rate *rate;
		const char *what;
	} parts[] = {
		{ &target->received, "received/s" },
		{ &target->delivered, "delivered/s" },
		{ &target->dropped, "dropped/s" },
	};
	size_t n_ended = 0;

	for (size_t i = 0; i < VTAP_ARRAY_LEN(parts); i++) {
		struct vtap_text_words words = vtap_top_rate_words(parts[i].rate);

		vtap_text_words_add(&words, " %s", parts[i].what);
		if (i > 0 && !vtap_top_fits_right(line, words.text)) {
			vtap_top_end(line);
			n_ended++;
		}
		line->blanks = VTAP_TOP_GAP;
		vtap_top_put(line, words.text);
	}
	return n_ended;
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

/* "default  ens5:4789  fast path", and its state where it is not ready */
static void put_who(struct vtap_top_line *line, const struct vtap_top_target *target)
{
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;

	vtap_text_words_add(&words, "%s  %s  %s", target->name, target->where, target->path);
	vtap_top_put(line, words.text);
	if (target->remark[0] == '\0')
		return;
	vtap_top_put_gap(line, 0);
	vtap_top_put_colored(line, target->remark, vtap_text_state_color(target->remark));
}

/* Behind the rates, if there is room beside the columns that are @taken at the end of the line. */
static void put_verdicts(
	struct vtap_top_line *line, const struct vtap_top_target *target, size_t taken)
{
	struct vtap_text_words words = verdict_words(target, line->view);
	size_t width = line->view->width;

	if (words.text[0] == '\0' ||
		(width != 0 && line->at + 1 + vtap_top_columns(words.text) + taken > width))
		return;
	line->blanks = 1;
	vtap_top_put(line, words.text);
}

/* One line; or more where it is too long for one. @clock may be "". Return: how many. */
static size_t put_target(
	struct vtap_top_line *line, const struct vtap_top_target *target, const char *clock)
{
	struct vtap_text_words traffic = traffic_words(target);
	size_t width = line->view->width;
	size_t taken = clock[0] != '\0' ? VTAP_TOP_GAP + vtap_top_columns(clock) : 0;
	bool has_two_lines;
	size_t n_ended;

	put_who(line, target);
	has_two_lines = width != 0 &&
			line->at + VTAP_TOP_GAP + vtap_top_columns(traffic.text) + taken > width;
	if (has_two_lines) {
		vtap_top_put_right(line, clock);
		vtap_top_end(line);
		taken = 0;
	}
	n_ended = put_traffic(line, target);
	put_verdicts(line, target, taken);
	if (!has_two_lines)
		vtap_top_put_right(line, clock);
	vtap_top_end(line);
	return n_ended + (has_two_lines ? 2 : 1);
}

size_t vtap_top_put_targets(struct vtap_top_line *line, const struct vtap_top_sample *sample)
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
	vtap_top_put(line, more.text);
	vtap_top_end(line);
	return n_lines + 1;
}
