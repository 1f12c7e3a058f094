// SPDX-License-Identifier: Apache-2.0
/* `vtapctl reload`: in effect, no change, or refused with every mistake and nothing changed. */
#include "report/text_render.h"

#include <string.h>

/** Waiting sessions that the sentence names */
#define WAITING_NAMED 3

static int write_refused(struct vtap_text_render *render)
{
	struct vtap_text_answer *answer = &render->answer;
	int outcome = vtap_text_mistakes(render);
	uint64_t configured_ns;

	vtap_text_put(render, " Nothing was changed");
	if (vtap_text_read_time(answer, answer->root, "configured", &configured_ns))
		vtap_text_put(render, "; the configuration of %s stays in effect",
			vtap_text_date(configured_ns, render->opts->now_ns).text);
	vtap_text_put(render, ".\n");
	return outcome;
}

static void write_done(struct vtap_text_render *render)
{
	static const struct vtap_text_change_words words = {
		.added = "added",
		.changed = "changed",
		.replaced = "replaced",
		.removed = "removed",
	};

	vtap_text_put(render, "In effect after %s: ",
		vtap_text_elapsed(vtap_text_root_count(render, "elapsed_ns")).text);
	vtap_text_changes(render, &words);
}

/* "pay still waits", "pay and db still wait", "pay, db, web and 4 others still wait" */
static struct vtap_text_words waiting_words(
	struct vtap_text_answer *answer, const struct json_t *waiting)
{
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;
	size_t n = vtap_text_list_len(waiting);
	size_t n_named = n > WAITING_NAMED ? WAITING_NAMED : n;

	for (size_t i = 0; i < n_named; i++) {
		bool is_last = i + 1 == n;

		vtap_text_words_add(&words, "%s%s",
			i == 0    ? ""
			: is_last ? " and "
				  : ", ",
			vtap_text_list_string(answer, waiting, i));
	}
	if (n > n_named)
		vtap_text_words_add(
			&words, " and %s", vtap_text_counted(n - n_named, "other").text);
	vtap_text_words_add(&words, " still %s", n == 1 ? "waits" : "wait");
	return words;
}

/* " 3 of 4 sessions ready; pay still waits." */
static void write_ready(struct vtap_text_render *render, const struct json_t *waiting)
{
	vtap_text_put(
		render, " %s of ", vtap_text_count(vtap_text_root_count(render, "ready")).text);
	vtap_text_put(render, "%s ready",
		vtap_text_counted(vtap_text_root_count(render, "sessions"), "session").text);
	if (vtap_text_list_len(waiting) > 0)
		vtap_text_put(render, "; %s", waiting_words(&render->answer, waiting).text);
	vtap_text_put(render, ".");
}

/* "  pay: mirror-pay is a dummy interface that vtapd did not make; left alone.", of those that were
 * named */
static void write_reasons(struct vtap_text_render *render, const struct json_t *waiting)
{
	struct vtap_text_answer *answer = &render->answer;
	const struct json_t *reasons =
		vtap_text_has(answer->root, "reasons")
			? vtap_text_find_list(answer, answer->root, "reasons")
			: NULL;

	for (size_t i = 0; i < vtap_text_list_len(reasons) && i < WAITING_NAMED; i++) {
		const char *reason = vtap_text_list_string(answer, reasons, i);

		if (reason[0] != '\0' && i < vtap_text_list_len(waiting))
			vtap_text_put(render, "  %s: %s%s\n",
				vtap_text_list_string(answer, waiting, i), reason,
				vtap_text_stop(reason));
	}
}

static int write_reload(struct vtap_text_render *render)
{
	struct vtap_text_answer *answer = &render->answer;

	if (vtap_text_has(answer->root, "mistakes"))
		return write_refused(render);
	const struct json_t *waiting = vtap_text_get_list(answer, answer->root, "waiting");
	bool is_all_ready =
		vtap_text_root_count(render, "ready") == vtap_text_root_count(render, "sessions");
	bool is_change =
		strcmp(vtap_text_get_string(answer, answer->root, "result"), "no-change") != 0;

	if (is_change)
		write_done(render);
	else
		vtap_text_put(render, "No change.");
	if (is_change || !is_all_ready)
		write_ready(render, waiting);
	vtap_text_put(render, "\n");
	write_reasons(render, waiting);
	return is_all_ready ? 0 : VTAP_TEXT_NOT_READY;
}

int vtap_text_reload(
	const char *json, const struct vtap_text_opts *opts, FILE *out, struct vtap_err *err)
{
	return vtap_text_render(json, opts, out, err, write_reload);
}
