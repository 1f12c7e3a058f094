// SPDX-License-Identifier: Apache-2.0
#include "report/text_render.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#define COLOR_GREEN  "\033[32m"
#define COLOR_YELLOW "\033[33m"
#define COLOR_RED    "\033[31m"

static int hand_out(const char *text, FILE *out, struct vtap_err *err)
{
	if (fputs(text, out) < 0)
		return vtap_err_set(err, -EIO, "writing the answer failed");
	return 0;
}

/* The answer is open. Everything that @write writes is in *ret_text, also when it failed. */
static int write_to_memory(
	struct vtap_text_render *render, vtap_text_write_fn write, char **ret_text)
{
	size_t len;

	render->out = open_memstream(ret_text, &len);
	if (render->out == NULL)
		return vtap_text_answer_fail(&render->answer, -ENOMEM, "out of memory");
	int outcome = write(render);
	if (fclose(render->out) != 0)
		return vtap_text_answer_fail(&render->answer, -ENOMEM, "out of memory");
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
		(void)vtap_text_answer_fail(&render->answer, -ENOMEM, "out of memory"); /* sticks */
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

void vtap_text_render_table(struct vtap_text_render *render, struct vtap_text_table *table,
	bool has_titles, const char *indent)
{
	int status = vtap_text_table_print(table, render->out, has_titles, indent);

	if (status < 0)
		(void)vtap_text_answer_fail(/* sticks; asked at the end */
			&render->answer, status, "printing a table: %s", vtap_errno_text(status));
}

uint64_t vtap_text_root_count(struct vtap_text_render *render, const char *key)
{
	return vtap_text_get_count(&render->answer, render->answer.root, key);
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
