// SPDX-License-Identifier: Apache-2.0
/*
 * `vtapctl show NAME`: one line that answers "how is it?", what was configured, what was counted,
 * and the VNIs that the session carries.
 */
#include "report/text_kernel.h"
#include "report/text_render.h"

#include <inttypes.h>

static void write_line(struct vtap_text_render *render, const char *label, const char *text)
{
	vtap_text_put(render, "  %-11s  %s\n", label, text);
}

/* "web ready: 212,418 frames/s, 1.41 Gbit/s, last frame now, 8 sensors", or with what is wrong */
static void write_headline(struct vtap_text_render *render, const struct json_t *session)
{
	struct vtap_text_answer *answer = &render->answer;
	const char *state = vtap_text_get_string(answer, session, "state");
	const char *bits_key = "bits_per_second";

	vtap_text_put(render, "%s %s: ", vtap_text_get_string(answer, session, "name"),
		vtap_text_state_words(render->opts, state).text);
	vtap_text_put(render, "%s frames/s, ",
		vtap_text_rate(vtap_text_get_rate(answer, session, "frames_per_second")).text);
	vtap_text_put(render, "%s bits/s, ",
		vtap_text_bits(vtap_text_get_rate(answer, session, bits_key)).text);
	vtap_text_put(render, "last frame %s, ", vtap_text_last_frame(answer, session).text);
	vtap_text_put(render, "%s.\n",
		vtap_text_counted(vtap_text_get_count(answer, session, "sensors"), "sensor").text);
	vtap_text_trouble(render, session);
}

/* A list in full, however long it is. */
static void write_list(struct vtap_text_render *render, const struct json_t *session,
	const char *key, const char *if_empty)
{
	struct vtap_text_answer *answer = &render->answer;
	const struct json_t *list = vtap_text_get_list(answer, session, key);
	size_t n = vtap_text_list_len(list);

	vtap_text_put(render, "  %-11s  %s", key, n == 0 ? if_empty : "");
	for (size_t i = 0; i < n; i++)
		vtap_text_put(
			render, "%s%s", i > 0 ? ", " : "", vtap_text_list_string(answer, list, i));
	vtap_text_put(render, "\n");
}

static void write_interface(struct vtap_text_render *render, const struct json_t *session)
{
	struct vtap_text_answer *answer = &render->answer;
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;
	uint64_t ifindex;

	vtap_text_words_add(&words, "%s", vtap_text_get_string(answer, session, "interface"));
	if (vtap_text_read_count(answer, session, "ifindex", &ifindex) && ifindex > 0)
		vtap_text_words_add(&words, ", index %" PRIu64, ifindex);
	vtap_text_words_add(&words, ", mtu %" PRIu64, vtap_text_get_count(answer, session, "mtu"));
	write_line(render, "interface", words.text);
}

static void write_configured(struct vtap_text_render *render, const struct json_t *session)
{
	struct vtap_text_answer *answer = &render->answer;
	const char *description = vtap_text_find_string(answer, session, "description");
	const char *config = vtap_text_find_string(answer, session, "config");
	const char *path = vtap_text_has(session, "path")
				   ? vtap_text_find_string(answer, session, "path")
				   : NULL; /* of an older daemon */

	if (description != NULL)
		write_line(render, "description", description);
	if (config != NULL)
		write_line(render, "config", config);
	write_line(render, "target", vtap_text_get_string(answer, session, "target"));
	if (path != NULL)
		write_line(render, "path", path);
	write_list(render, session, "vni", "-");
	write_list(render, session, "source", "any");
	write_interface(render, session);
	vtap_text_kernel_device(render, session);
	write_line(
		render, "required", vtap_text_get_bool(answer, session, "required") ? "yes" : "no");
}

static void write_count(
	struct vtap_text_render *render, const struct json_t *session, const char *key)
{
	write_line(render, key,
		vtap_text_count(vtap_text_get_count(&render->answer, session, key)).text);
}

static void write_dropped(struct vtap_text_render *render, const struct json_t *session)
{
	struct vtap_text_answer *answer = &render->answer;
	struct vtap_text_words drops = vtap_text_drops(answer, session);
	struct vtap_text_words words =
		vtap_text_count(vtap_text_get_count(answer, session, "dropped"));

	if (drops.text[0] != '\0')
		vtap_text_words_add(&words, "  %s", drops.text);
	write_line(render, "dropped", words.text);
}

static void write_counted(struct vtap_text_render *render, const struct json_t *session)
{
	struct vtap_text_answer *answer = &render->answer;
	const struct json_t *daemon = vtap_text_has(answer->root, "daemon")
					      ? vtap_text_get_object(answer, answer->root, "daemon")
					      : NULL; /* of an older daemon */
	struct vtap_text_words counting = VTAP_TEXT_WORDS_NULL;
	uint64_t last_ns, truncated;

	if (daemon != NULL)
		counting = vtap_text_counting(answer, daemon, render->opts->now_ns);
	if (counting.text[0] != '\0')
		write_line(render, "counted", counting.text);
	write_count(render, session, "received");
	write_count(render, session, "delivered");
	write_dropped(render, session);
	write_count(render, session, "bytes");
	if (vtap_text_has(session, "truncated") && /* not of an older daemon */
		vtap_text_read_count(answer, session, "truncated", &truncated))
		write_line(render, "truncated", vtap_text_count(truncated).text);
	vtap_text_kernel_counts(render, session);
	if (vtap_text_read_time(answer, session, "last_frame", &last_ns))
		write_line(
			render, "last frame", vtap_text_date(last_ns, render->opts->now_ns).text);
	write_count(render, session, "repairs");
}

static void add_vni(
	struct vtap_text_render *render, struct vtap_text_table *table, const struct json_t *row)
{
	struct vtap_text_answer *answer = &render->answer;
	struct vtap_text_words vni = VTAP_TEXT_WORDS_NULL;
	double rate = vtap_text_get_rate(answer, row, "frames_per_second");

	vtap_text_words_add(&vni, "%" PRIu64, vtap_text_get_count(answer, row, "vni"));
	vtap_text_table_row(table);
	vtap_text_table_cell(table, vni.text);
	vtap_text_table_cell(
		table, vtap_text_count(vtap_text_get_count(answer, row, "frames")).text);
	vtap_text_table_cell(
		table, vtap_text_count(vtap_text_get_count(answer, row, "bytes")).text);
	vtap_text_table_cell(table, vtap_text_rate_fine(rate).text);
	vtap_text_table_cell(table, vtap_text_sources(answer, row).text);
	vtap_text_table_cell(
		table, vtap_text_seen(answer, row, "first_seen", render->opts->now_ns).text);
	vtap_text_table_cell(table, vtap_text_last(answer, row, "last_seen_age_ns").text);
}

static void write_vnis(struct vtap_text_render *render, const struct json_t *session)
{
	static const struct vtap_text_column columns[] = {
		{ .title = "VNI" },
		{ .title = "FRAMES", .is_number = true },
		{ .title = "BYTES", .is_number = true },
		{ .title = "FRAMES/s", .is_number = true },
		{ .title = "OUTER SOURCES" },
		{ .title = "FIRST SEEN" },
		{ .title = "LAST SEEN" },
	};
	_auto(text_table) struct vtap_text_table *table = NULL;
	const struct json_t *vnis = vtap_text_get_list(&render->answer, session, "vnis");

	if (vtap_text_list_len(vnis) == 0)
		return;
	if (vtap_text_render_table_new(render, columns, VTAP_ARRAY_LEN(columns), "  ", &table) < 0)
		return;
	for (size_t i = 0; i < vtap_text_list_len(vnis); i++)
		add_vni(render, table, vtap_text_list_object(&render->answer, vnis, i));
	vtap_text_put(render, "\n");
	vtap_text_render_table(render, table, true, "");
}

static void write_forgotten(struct vtap_text_render *render, const struct json_t *session)
{
	uint64_t n = vtap_text_get_count(&render->answer, session, "vnis_forgotten_frames");

	if (n > 0)
		vtap_text_put(render, "  and %s of VNIs that are no longer remembered\n",
			vtap_text_counted(n, "frame").text);
}

static int write_show(struct vtap_text_render *render)
{
	struct vtap_text_answer *answer = &render->answer;
	const struct json_t *session = vtap_text_get_object(answer, answer->root, "session");
	const char *state = vtap_text_get_string(answer, session, "state");

	write_headline(render, session);
	vtap_text_put(render, "\n");
	write_configured(render, session);
	vtap_text_put(render, "\n");
	write_counted(render, session);
	write_vnis(render, session);
	write_forgotten(render, session);
	return vtap_text_is_ready(state) ? 0 : VTAP_TEXT_NOT_READY;
}

int vtap_text_show(
	const char *json, const struct vtap_text_opts *opts, FILE *out, struct vtap_err *err)
{
	return vtap_text_render(json, opts, out, err, write_show);
}
