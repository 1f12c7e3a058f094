// SPDX-License-Identifier: Apache-2.0
/*
 * `vtapctl unknown`: the VNIs that nobody took, and commands that show the first one that nobody
 * takes yet on an interface of its own. What is offered for pasting is made of numbers, addresses
 * that were parsed, and names of the configuration's alphabet, so it needs no quoting for the
 * shell.
 */
#include "report/text_kernel.h"
#include "report/text_render.h"

#include "base/prefix.h"

#include <inttypes.h>
#include <string.h>

/** The suffix of a remedy beside an existing session; "vni16777215-new" just fits an interface name
 */
#define BESIDE_SUFFIX "-new"

#define NAME_ALPHABET "abcdefghijklmnopqrstuvwxyz0123456789._-"

static bool is_default(struct vtap_text_answer *answer, const struct json_t *row)
{
	return strcmp(vtap_text_get_string(answer, row, "target"), "default") == 0;
}

/* Return: the frames of the row. */
static uint64_t add_row(struct vtap_text_render *render, struct vtap_text_table *table,
	const struct json_t *row, bool has_target)
{
	struct vtap_text_answer *answer = &render->answer;
	uint64_t frames = vtap_text_get_count(answer, row, "frames");
	double rate = vtap_text_get_rate(answer, row, "frames_per_second");
	const char *why = vtap_text_find_string(answer, row, "why");
	struct vtap_text_words vni = VTAP_TEXT_WORDS_NULL;

	vtap_text_words_add(&vni, "%" PRIu64, vtap_text_get_count(answer, row, "vni"));
	vtap_text_table_row(table);
	vtap_text_table_cell(table, vni.text);
	vtap_text_table_cell(table, vtap_text_count(frames).text);
	vtap_text_table_cell(table, vtap_text_rate_fine(rate).text);
	vtap_text_table_cell(table, vtap_text_sources(answer, row).text);
	vtap_text_table_cell(
		table, vtap_text_seen(answer, row, "first_seen", render->opts->now_ns).text);
	vtap_text_table_cell(table, vtap_text_last(answer, row, "last_seen_age_ns").text);
	if (has_target)
		vtap_text_table_cell(table, vtap_text_get_string(answer, row, "target"));
	vtap_text_table_cell(table, why != NULL ? why : "-");
	return frames;
}

/* Is there a target that a session does not get unasked? Then where a VNI came in has to be told.
 */
static bool names_target(struct vtap_text_answer *answer, const struct json_t *rows)
{
	for (size_t i = 0; i < vtap_text_list_len(rows); i++)
		if (!is_default(answer, vtap_text_list_object(answer, rows, i)))
			return true;
	return false;
}

/* Return: the frames of all rows; what the daemon no longer remembers is not among them. */
static uint64_t write_rows(struct vtap_text_render *render, const struct json_t *rows)
{
	static const struct vtap_text_column columns[] = {
		{ .title = "VNI" },
		{ .title = "FRAMES", .is_number = true },
		{ .title = "FRAMES/s", .is_number = true, .spare = 3 },
		{ .title = "OUTER SOURCES", .spare = 4 },
		{ .title = "FIRST SEEN", .spare = 1 },
		{ .title = "LAST SEEN", .spare = 2 },
		{ .title = "TARGET" },
		{ .title = "WHY", .is_text = true },
	};
	struct vtap_text_column shown[VTAP_ARRAY_LEN(columns)];
	_auto(text_table) struct vtap_text_table *table = NULL;
	bool has_target = names_target(&render->answer, rows);
	size_t n = VTAP_ARRAY_LEN(columns);
	uint64_t frames = 0;

	memcpy(shown, columns, sizeof(shown));
	if (!has_target)
		shown[n - 2] = shown[n - 1];
	if (vtap_text_render_table_new(render, shown, has_target ? n : n - 1, "  ", &table) < 0)
		return 0;
	for (size_t i = 0; i < vtap_text_list_len(rows); i++)
		frames += add_row(
			render, table, vtap_text_list_object(&render->answer, rows, i), has_target);
	vtap_text_render_table(render, table, true, "");
	return frames;
}

static bool is_plain_name(const char *name)
{
	return name[0] != '\0' && name[strspn(name, NAME_ALPHABET)] == '\0';
}

/* "source = 10.0.0.1\nsource = …\n" with the addresses of a row, as printf(1) takes it */
static struct vtap_text_words source_lines(
	struct vtap_text_answer *answer, const struct json_t *row)
{
	const struct json_t *sources = vtap_text_get_list(answer, row, "sources");
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;

	for (size_t i = 0; i < vtap_text_list_len(sources); i++) {
		const char *source = vtap_text_list_string(answer, sources, i);
		struct vtap_addr addr;

		if (vtap_addr_parse(source, &addr) == 0)
			vtap_text_words_add(&words, "source = %s\\n", source);
	}
	return words;
}

/* A session of the VNI, named as @name; a target that a session gets unasked is not named. */
static void write_commands(struct vtap_text_render *render, const struct json_t *row,
	const char *name, const char *lines)
{
	struct vtap_text_answer *answer = &render->answer;

	vtap_text_put_whole(render,
		"  printf '[session %s]\\nvni = %" PRIu64 "\\n%sinterface = %s\\n", name,
		vtap_text_get_count(answer, row, "vni"), lines, name);
	if (!is_default(answer, row))
		vtap_text_put_whole(
			render, "target = %s\\n", vtap_text_get_string(answer, row, "target"));
	vtap_text_put_whole(render, "' | sudo tee /etc/vtapd/conf.d/%s.conf\n", name);
	vtap_text_put_whole(render, "  sudo vtapctl reload\n");
}

/* A VNI that no session names gets a session; a source that none takes, a second one beside it. */
static void write_remedy(struct vtap_text_render *render, const struct json_t *row, bool is_first)
{
	struct vtap_text_answer *answer = &render->answer;
	const char *verdict = vtap_text_get_string(answer, row, "verdict");
	const char *target = vtap_text_get_string(answer, row, "target");
	bool is_beside = strcmp(verdict, "unknown-source") == 0;
	struct vtap_text_words name = VTAP_TEXT_WORDS_NULL;
	struct vtap_text_words lines = VTAP_TEXT_WORDS_NULL;

	if (is_beside)
		lines = source_lines(answer, row);
	if (!is_plain_name(target) || (is_beside && lines.text[0] == '\0')) {
		vtap_text_put(render, "\n");
		return;
	}
	vtap_text_words_add(&name, "vni%" PRIu64 "%s", vtap_text_get_count(answer, row, "vni"),
		is_beside ? BESIDE_SUFFIX : "");
	if (is_first)
		vtap_text_put(render, " To see the first one on an interface of its own:\n");
	else
		vtap_text_put(render, " To see VNI %" PRIu64 " on an interface of its own:\n",
			vtap_text_get_count(answer, row, "vni"));
	write_commands(render, row, name.text, lines.text);
}

/* Nobody takes it, and a session would; of an older daemon it is not told who is kept out. */
static bool is_for_a_session(struct vtap_text_answer *answer, const struct json_t *row)
{
	return vtap_text_find_string(answer, row, "taken_by") == NULL &&
	       (!vtap_text_has(row, "allowed") || vtap_text_get_bool(answer, row, "allowed"));
}

/* The first row that a session is missing for. Return: its number, or @n. */
static size_t find_untaken(struct vtap_text_answer *answer, const struct json_t *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (is_for_a_session(answer, vtap_text_list_object(answer, rows, i)))
			return i;
	return n;
}

static void write_forgotten(struct vtap_text_render *render)
{
	struct vtap_text_answer *answer = &render->answer;
	uint64_t n = vtap_text_get_count(answer, answer->root, "forgotten_frames");

	if (n > 0)
		vtap_text_put(render, " %s more of VNIs that are no longer remembered.",
			vtap_text_counted(n, "frame").text);
}

static int write_unknown(struct vtap_text_render *render)
{
	struct vtap_text_answer *answer = &render->answer;
	const struct json_t *rows = vtap_text_get_list(answer, answer->root, "rows");
	const struct json_t *uncounted =
		vtap_text_has(answer->root, "uncounted")
			? vtap_text_get_list(answer, answer->root, "uncounted")
			: NULL; /* of an older daemon */
	size_t n = vtap_text_list_len(rows);

	if (n == 0) {
		vtap_text_put(render, "No frames of unknown VNIs%s.",
			vtap_text_list_len(uncounted) > 0 ? " were counted" : "");
		write_forgotten(render);
		vtap_text_put(render, "\n");
		vtap_text_kernel_unknown(render, uncounted);
		return 0;
	}
	uint64_t frames = write_rows(render, rows);
	vtap_text_kernel_unknown(render, uncounted);
	vtap_text_put(render, "\n%s, ", vtap_text_counted(n, "row").text);
	vtap_text_put(render, "%s.", vtap_text_counted(frames, "frame").text);
	write_forgotten(render);
	size_t i_untaken = find_untaken(answer, rows, n);
	if (i_untaken < n)
		write_remedy(
			render, vtap_text_list_object(answer, rows, i_untaken), i_untaken == 0);
	else
		vtap_text_put(render, "\n");
	return 0;
}

int vtap_text_unknown(
	const char *json, const struct vtap_text_opts *opts, FILE *out, struct vtap_err *err)
{
	return vtap_text_render(json, opts, out, err, write_unknown);
}
