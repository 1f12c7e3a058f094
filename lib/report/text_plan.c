// SPDX-License-Identifier: Apache-2.0
/* `vtapctl plan`: what a reload would do now, and what it would cost the sensors. */
#include "report/text_render.h"

static void add_row(
	struct vtap_text_answer *answer, struct vtap_text_table *table, const struct json_t *row)
{
	struct vtap_text_words name = VTAP_TEXT_WORDS_NULL;

	vtap_text_words_add(&name, "%s %s", vtap_text_get_string(answer, row, "sign"),
		vtap_text_get_string(answer, row, "name"));
	vtap_text_table_row(table);
	vtap_text_table_cell(table, name.text);
	vtap_text_table_cell(table, vtap_text_get_string(answer, row, "what"));
	vtap_text_table_cell(table, vtap_text_get_string(answer, row, "why"));
}

static void write_rows(struct vtap_text_render *render, const struct json_t *rows)
{
	static const struct vtap_text_column columns[] = {
		{ .title = "" },                  /* sign and session */
		{ .title = "" },                  /* what */
		{ .title = "", .is_text = true }, /* why */
	};
	_auto(text_table) struct vtap_text_table *table = NULL;

	if (vtap_text_render_table_new(render, columns, VTAP_ARRAY_LEN(columns), "   ", &table) < 0)
		return;
	for (size_t i = 0; i < vtap_text_list_len(rows); i++)
		add_row(&render->answer, table, vtap_text_list_object(&render->answer, rows, i));
	vtap_text_render_table(render, table, false, "  ");
}

/* "3 files changed since 09:14:03. " */
static void write_changed(struct vtap_text_render *render)
{
	struct vtap_text_answer *answer = &render->answer;
	uint64_t n = vtap_text_get_count(answer, answer->root, "files_changed");
	uint64_t since_ns;
	bool has_since = vtap_text_read_time(answer, answer->root, "since", &since_ns);

	if (n == 0)
		return;
	vtap_text_put(render, "%s changed", vtap_text_counted(n, "file").text);
	if (has_since)
		vtap_text_put(
			render, " since %s", vtap_text_clock(since_ns, render->opts->now_ns).text);
	vtap_text_put(render, ". ");
}

static void write_sum(struct vtap_text_render *render)
{
	static const struct vtap_text_change_words words = {
		.added = "to add",
		.changed = "to change",
		.replaced = "to replace",
		.removed = "to remove",
	};
	uint64_t n_will_wait = vtap_text_root_count(render, "will_wait");

	vtap_text_changes(render, &words);
	if (n_will_wait > 0)
		vtap_text_put(render, " %s will wait for an interface that is not ours.",
			vtap_text_count(n_will_wait).text);
	if (vtap_text_root_count(render, "sensors_disturbed") == 0)
		vtap_text_put(render, " No sensor needs a restart.");
	vtap_text_put(render, "\n");
}

/* What is in effect by the configuration but not yet by the kernel. */
static void write_pending(struct vtap_text_render *render)
{
	struct vtap_text_answer *answer = &render->answer;
	const struct json_t *pending = vtap_text_get_list(answer, answer->root, "pending");

	if (vtap_text_list_len(pending) == 0)
		return;
	vtap_text_put(render, "\nStill to be done, without a reload:\n");
	for (size_t i = 0; i < vtap_text_list_len(pending); i++)
		vtap_text_put(render, "  %s\n", vtap_text_list_string(answer, pending, i));
}

static int write_plan(struct vtap_text_render *render)
{
	struct vtap_text_answer *answer = &render->answer;

	if (vtap_text_has(answer->root, "mistakes")) {
		int outcome = vtap_text_mistakes(render);

		vtap_text_put(render, "\n");
		return outcome;
	}
	const struct json_t *rows = vtap_text_get_list(answer, answer->root, "rows");
	write_changed(render);
	if (vtap_text_list_len(rows) == 0) {
		vtap_text_put(render, "A reload would change nothing.\n");
	} else {
		vtap_text_put(render, "A reload would:\n\n");
		write_rows(render, rows);
		vtap_text_put(render, "\n");
		write_sum(render);
	}
	write_pending(render);
	return 0;
}

int vtap_text_plan(
	const char *json, const struct vtap_text_opts *opts, FILE *out, struct vtap_err *err)
{
	return vtap_text_render(json, opts, out, err, write_plan);
}
