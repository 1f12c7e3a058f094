// SPDX-License-Identifier: Apache-2.0
#include "report/text_render.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#define COLOR_GREEN  "\033[32m"
#define COLOR_YELLOW "\033[33m"
#define COLOR_RED    "\033[31m"

/** Narrower than this, text is no longer read with ease */
#define WIDTH_MIN 24

/** Columns that the rest of a broken line stands further in */
#define HANG 2

/* "…" is all that we write of UTF-8, and takes as many bytes as "...". */
static void make_ascii(char *text)
{
	static const char ellipsis[] = "…";
	char *at = text != NULL ? strstr(text, ellipsis) : NULL;

	for (; at != NULL; at = strstr(at, ellipsis))
		memset(at, '.', strlen(ellipsis));
}

static int hand_out(const char *text, FILE *out, struct vtap_err *err)
{
	if (fputs(text, out) < 0)
		return vtap_err_set(err, -EIO, "writing the answer failed");
	return 0;
}

static void fail_memory(struct vtap_text_render *render)
{
	(void)vtap_text_answer_fail(&render->answer, -ENOMEM, "out of memory"); /* sticks */
}

/* ---- lines as wide as the terminal ---- */

size_t vtap_text_width_behind(const struct vtap_text_opts *opts, size_t indent)
{
	if (opts->width == 0)
		return 0;
	return opts->width > indent + WIDTH_MIN ? opts->width - indent : WIDTH_MIN;
}

/* A line of @len bytes, in pieces if it is too wide. */
static void page_line(struct vtap_text_render *render, const char *text, size_t len)
{
	size_t begin = strspn(text, " "), indent = begin;
	_auto_free char *rest = strndup(text + begin, len - begin);
	struct vtap_text_lines lines;
	const char *line;

	if (rest == NULL) {
		fail_memory(render);
		return;
	}
	lines = vtap_text_lines_of(rest, vtap_text_width_behind(render->opts, begin + HANG));
	while ((line = vtap_text_lines_next(&lines)) != NULL) {
		(void)fprintf(render->page, "%*s%s\n", (int)indent, "", line); /* fclose() tells */
		indent = begin + HANG;
	}
}

/* What was written so far; all but the last line is complete. */
static void page_text(struct vtap_text_render *render)
{
	const char *text;

	if (fflush(render->out) != 0) {
		fail_memory(render);
		return;
	}
	for (text = render->text + render->n_ready; *text != '\0';) {
		size_t len = strcspn(text, "\n");
		bool is_wide = render->opts->width != 0 &&
			       vtap_text_columns(text, len) > render->opts->width;

		if (is_wide)
			page_line(render, text, len);
		else
			(void)fwrite(text, 1, len + (text[len] == '\n'), render->page);
		text += len + (text[len] == '\n');
	}
	render->n_ready = render->text_len;
}

/* The answer is open. Everything that @write writes is in *ret_text, also when it failed. */
static int write_to_memory(
	struct vtap_text_render *render, vtap_text_write_fn write, char **ret_text)
{
	size_t len;
	int outcome;

	render->page = open_memstream(ret_text, &len);
	if (render->page == NULL)
		return vtap_text_answer_fail(&render->answer, -ENOMEM, "out of memory");
	render->out = open_memstream(&render->text, &render->text_len);
	if (render->out == NULL) {
		(void)fclose(render->page); /* nothing is in it */
		return vtap_text_answer_fail(&render->answer, -ENOMEM, "out of memory");
	}
	outcome = write(render);
	page_text(render);
	if (fclose(render->out) != 0)
		fail_memory(render);
	if (fclose(render->page) != 0)
		fail_memory(render);
	free(render->text);
	return render->answer.status < 0 ? render->answer.status : outcome;
}

int vtap_text_render(const char *json, const struct vtap_text_opts *opts, FILE *out,
	struct vtap_err *err, vtap_text_write_fn write)
{
	struct vtap_text_render render = { .answer = VTAP_TEXT_ANSWER_NULL, .opts = opts };
	_auto_free char *text = NULL;
	int outcome = vtap_text_answer_open(&render.answer, json, err);

	if (outcome == 0)
		outcome = write_to_memory(&render, write, &text);
	vtap_text_answer_close(&render.answer);
	if (outcome < 0)
		return outcome;
	if (opts->is_ascii)
		make_ascii(text);
	int status = hand_out(text, out, err);
	return status < 0 ? status : outcome;
}

void vtap_text_put(struct vtap_text_render *render, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	int len = vfprintf(render->out, fmt, args);
	va_end(args);
	if (len < 0)
		fail_memory(render);
}

void vtap_text_put_whole(struct vtap_text_render *render, const char *fmt, ...)
{
	va_list args;

	page_text(render);
	va_start(args, fmt);
	if (vfprintf(render->page, fmt, args) < 0)
		fail_memory(render);
	va_end(args);
}

void vtap_text_put_lines(
	struct vtap_text_render *render, const char *first, struct vtap_text_lines lines)
{
	int indent = (int)vtap_text_columns(first, strlen(first));
	const char *line = vtap_text_lines_next(&lines);

	vtap_text_put_whole(render, "%s%s\n", first, line != NULL ? line : "");
	while ((line = vtap_text_lines_next(&lines)) != NULL)
		vtap_text_put_whole(render, "%*s%s\n", indent, "", line);
}

void vtap_text_put_behind(struct vtap_text_render *render, const char *first, const char *text)
{
	size_t indent = vtap_text_columns(first, strlen(first));
	size_t width = vtap_text_width_behind(render->opts, indent);

	vtap_text_put_lines(render, first, vtap_text_lines_of(text, width));
}

int vtap_text_render_table_new(struct vtap_text_render *render,
	const struct vtap_text_column *columns, size_t n, const char *separator,
	struct vtap_text_table **ret_table)
{
	int status = vtap_text_table_new(columns, n, separator, render->opts->has_color, ret_table);

	if (status < 0)
		return vtap_text_answer_fail(
			&render->answer, status, "making a table: %s", vtap_errno_text(status));
	return 0;
}

/* "  no room for BITS/s, LAST; `| less -S` shows all": whoever lets a column without a title be
 * left out has to tell what was in it. */
static void put_left_out(struct vtap_text_render *render, const struct vtap_text_table *table)
{
	const char *between = "  no room for ", *title;
	size_t i = 0;

	for (; (title = vtap_text_table_title(table, i)) != NULL; i++) {
		if (title[0] == '\0' || !vtap_text_table_is_left_out(table, i))
			continue;
		vtap_text_put(render, "%s%s", between, title);
		between = ", ";
	}
	if (between[0] == ',')
		vtap_text_put(render, "; `| less -S` shows all\n");
}

void vtap_text_render_table(struct vtap_text_render *render, struct vtap_text_table *table,
	bool has_titles, const char *indent)
{
	int status;

	page_text(render);
	if (render->opts->width != 0)
		vtap_text_table_fit(table, vtap_text_width_behind(render->opts, strlen(indent)));
	status = vtap_text_table_print(table, render->page, has_titles, indent);
	if (status < 0)
		(void)vtap_text_answer_fail(/* sticks; asked at the end */
			&render->answer, status, "printing a table: %s", vtap_errno_text(status));
	put_left_out(render, table);
}

uint64_t vtap_text_root_count(struct vtap_text_render *render, const char *key)
{
	return vtap_text_get_count(&render->answer, render->answer.root, key);
}

static void put_change(struct vtap_text_render *render, const char *key, const char *word)
{
	vtap_text_put(
		render, "%s %s, ", vtap_text_count(vtap_text_root_count(render, key)).text, word);
}

void vtap_text_changes(struct vtap_text_render *render, const struct vtap_text_change_words *words)
{
	put_change(render, "added", words->added);
	put_change(render, "changed", words->changed);
	if (vtap_text_root_count(render, "replaced") > 0)
		put_change(render, "replaced", words->replaced);
	put_change(render, "removed", words->removed);
	vtap_text_put(render, "%s untouched.",
		vtap_text_count(vtap_text_root_count(render, "untouched")).text);
}

bool vtap_text_is_ready(const char *state)
{
	return strcmp(state, "ready") == 0;
}

const char *vtap_text_state_color(const char *state)
{
	if (vtap_text_is_ready(state) || strcmp(state, "healthy") == 0)
		return COLOR_GREEN;
	if (strcmp(state, "unhealthy") == 0 || strcmp(state, "page") == 0)
		return COLOR_RED;
	return COLOR_YELLOW;
}

struct vtap_text_words vtap_text_state_words(const struct vtap_text_opts *opts, const char *state)
{
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;

	if (opts->has_color)
		vtap_text_words_add(
			&words, "%s%s%s", vtap_text_state_color(state), state, VTAP_TEXT_COLOR_OFF);
	else
		vtap_text_words_add(&words, "%s", state);
	return words;
}

void vtap_text_trouble(struct vtap_text_render *render, const struct json_t *object)
{
	struct vtap_text_answer *answer = &render->answer;
	const char *name = vtap_text_get_string(answer, object, "name");
	const char *message = vtap_text_find_string(answer, object, "message");
	const char *reason = vtap_text_find_string(answer, object, "reason");
	struct vtap_text_words retry = vtap_text_retry(answer, object);

	if (message == NULL && !vtap_text_is_ready(vtap_text_get_string(answer, object, "state")))
		message = reason;
	if (message != NULL)
		vtap_text_put(render, "  %s: %s%s%s\n", name, message, vtap_text_stop(message),
			retry.text);
}

int vtap_text_mistakes(struct vtap_text_render *render)
{
	struct vtap_text_answer *answer = &render->answer;
	const struct json_t *mistakes = vtap_text_get_list(answer, answer->root, "mistakes");
	uint64_t n = vtap_text_get_count(answer, answer->root, "mistake_count");
	uint64_t n_files = vtap_text_get_count(answer, answer->root, "file_count");
	size_t n_shown = vtap_text_list_len(mistakes);

	for (size_t i = 0; i < n_shown; i++)
		vtap_text_put(render, "%s\n", vtap_text_list_string(answer, mistakes, i));
	if (n > n_shown)
		vtap_text_put(render, "... and %s more: vtapd --check\n",
			vtap_text_count(n - n_shown).text);
	vtap_text_put(render, "%s in %s.", vtap_text_counted(n, "mistake").text,
		vtap_text_counted(n_files, "file").text);
	return VTAP_TEXT_REFUSED;
}
