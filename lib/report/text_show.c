// SPDX-License-Identifier: Apache-2.0
/*
 * `vtapctl show NAME`: one line that answers "how is it?", what was configured, what was counted,
 * the VNIs that the session carries, where to look on, and what is wrong with it or its target.
 */
#include "report/text_kernel.h"
#include "report/text_render.h"

#include <errno.h>
#include <inttypes.h>

/** Bytes that a label takes at the begin of a line, with its NUL */
#define LABEL_MAX 32

static void write_line(struct vtap_text_render *render, const char *label, const char *text)
{
	char first[LABEL_MAX];

	(void)snprintf(first, sizeof(first), "  %-11s  ", label); /* fits */
	vtap_text_put_behind(render, first, text);
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
	size_t n = vtap_text_list_len(list), len;
	_auto_free char *text = NULL;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL) {
		(void)vtap_text_answer_fail(answer, -ENOMEM, "out of memory"); /* sticks */
		return;
	}
	for (size_t i = 0; i < n; i++)
		(void)fprintf(out, "%s%s", i > 0 ? ", " : "", /* fclose() tells */
			vtap_text_list_string(answer, list, i));
	if (fclose(out) != 0)
		(void)vtap_text_answer_fail(answer, -ENOMEM, "out of memory"); /* sticks */
	else
		write_line(render, key, n > 0 ? text : if_empty);
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

/* "fast path", and below it that most frames take the other one */
static void write_path(
	struct vtap_text_render *render, const char *path, const struct json_t *target)
{
	struct vtap_text_answer *answer = &render->answer;
	const struct json_t *fastpath = target != NULL && vtap_text_has(target, "fastpath")
						? vtap_text_get_object(answer, target, "fastpath")
						: NULL;
	const char *detour = fastpath != NULL && vtap_text_has(fastpath, "detour")
				     ? vtap_text_find_string(answer, fastpath, "detour")
				     : NULL; /* of an older daemon, or all is as it should be */

	write_line(render, "path", path);
	if (detour != NULL)
		write_line(render, "", detour);
}

/* "default, UDP 4789 on ens5"; of an older daemon less */
static void write_target(struct vtap_text_render *render, const struct json_t *session)
{
	struct vtap_text_answer *answer = &render->answer;
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;
	const struct json_t *bound,
		*target = vtap_text_has(answer->root, "target")
				  ? vtap_text_find_object(answer, answer->root, "target")
				  : NULL;
	const char *path = vtap_text_has(session, "path")
				   ? vtap_text_find_string(answer, session, "path")
				   : NULL;

	vtap_text_words_add(&words, "%s", vtap_text_get_string(answer, session, "target"));
	if (target != NULL) {
		bound = vtap_text_get_list(answer, target, "bound");
		if (vtap_text_list_len(bound) == 0)
			bound = vtap_text_get_list(answer, target, "underlay");
		vtap_text_words_add(&words, ", UDP %" PRIu64 " on %s",
			vtap_text_get_count(answer, target, "port"),
			vtap_text_joined(answer, bound, VTAP_TEXT_NAMES_SHOWN).text);
	}
	write_line(render, "target", words.text);
	if (path != NULL)
		write_path(render, path, target);
}

static void write_configured(struct vtap_text_render *render, const struct json_t *session)
{
	struct vtap_text_answer *answer = &render->answer;
	const char *description = vtap_text_find_string(answer, session, "description");
	const char *config = vtap_text_find_string(answer, session, "config");

	if (description != NULL)
		write_line(render, "description", description);
	if (config != NULL)
		write_line(render, "config", config);
	write_target(render, session);
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

/* "123,456,700, on average 100 in a frame" */
static void write_bytes(struct vtap_text_render *render, const struct json_t *session)
{
	struct vtap_text_answer *answer = &render->answer;
	struct vtap_text_words words =
		vtap_text_count(vtap_text_get_count(answer, session, "bytes"));
	uint64_t average;

	if (vtap_text_has(session, "average_frame_bytes") && /* not of an older daemon */
		vtap_text_read_count(answer, session, "average_frame_bytes", &average))
		vtap_text_words_add(
			&words, ", on average %s in a frame", vtap_text_count(average).text);
	write_line(render, "bytes", words.text);
}

/* "12, 3 of them in the last minute"; nothing where nobody can tell */
static void write_truncated(struct vtap_text_render *render, const struct json_t *session)
{
	struct vtap_text_answer *answer = &render->answer;
	struct vtap_text_words words;
	uint64_t n, n_recent;

	if (!vtap_text_has(session, "truncated") || /* of an older daemon */
		!vtap_text_read_count(answer, session, "truncated", &n))
		return;
	words = vtap_text_count(n);
	if (vtap_text_has(session, "truncated_recent") &&
		vtap_text_read_count(answer, session, "truncated_recent", &n_recent) &&
		n_recent > 0)
		vtap_text_words_add(
			&words, ", %s of them in the last minute", vtap_text_count(n_recent).text);
	write_line(render, "truncated", words.text);
}

/* "Nov 20 10:04:59; a silence of 5 min is told" */
static void write_last_frame(struct vtap_text_render *render, const struct json_t *session)
{
	struct vtap_text_answer *answer = &render->answer;
	struct vtap_text_words words = vtap_text_last_frame(answer, session);
	uint64_t last_ns, silent_ns;
	bool is_watched = vtap_text_has(session, "silent_after_ns") &&
			  vtap_text_read_count(answer, session, "silent_after_ns", &silent_ns);

	if (vtap_text_read_time(answer, session, "last_frame", &last_ns))
		words = vtap_text_date(last_ns, render->opts->now_ns);
	else if (!is_watched)
		return;
	if (is_watched)
		vtap_text_words_add(
			&words, "; a silence of %s is told", vtap_text_duration(silent_ns).text);
	write_line(render, "last frame", words.text);
}

static void write_sensors(struct vtap_text_render *render, const struct json_t *session)
{
	struct vtap_text_answer *answer = &render->answer;
	const struct json_t *names = vtap_text_has(session, "sensor_names")
					     ? vtap_text_get_list(answer, session, "sensor_names")
					     : NULL; /* of an older daemon */
	size_t n = vtap_text_list_len(names);

	if (n > 0) /* their number is in the first line */
		write_line(render, "sensors", vtap_text_joined(answer, names, n).text);
}

/* "40 TCP flows sampled Nov 20 10:04:40, 38 show one direction only" */
static void write_directions(struct vtap_text_render *render, const struct json_t *session)
{
	struct vtap_text_answer *answer = &render->answer;
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;
	const struct json_t *sample = vtap_text_has(session, "one_way")
					      ? vtap_text_find_object(answer, session, "one_way")
					      : NULL; /* of an older daemon, or no sample */
	uint64_t sampled_ns;

	if (sample == NULL)
		return;
	vtap_text_words_add(&words, "%s sampled",
		vtap_text_counted(vtap_text_get_count(answer, sample, "flows"), "TCP flow").text);
	if (vtap_text_read_time(answer, sample, "sampled", &sampled_ns))
		vtap_text_words_add(
			&words, " %s", vtap_text_date(sampled_ns, render->opts->now_ns).text);
	vtap_text_words_add(&words, ", %s of them in one direction only",
		vtap_text_count(vtap_text_get_count(answer, sample, "one_way_flows")).text);
	write_line(render, "directions", words.text);
}

static void write_counted(struct vtap_text_render *render, const struct json_t *session)
{
	struct vtap_text_answer *answer = &render->answer;
	const struct json_t *daemon = vtap_text_has(answer->root, "daemon")
					      ? vtap_text_get_object(answer, answer->root, "daemon")
					      : NULL; /* of an older daemon */
	struct vtap_text_words counting = VTAP_TEXT_WORDS_NULL;

	if (daemon != NULL)
		counting = vtap_text_counting(answer, daemon, render->opts->now_ns);
	if (counting.text[0] != '\0')
		write_line(render, "counted", counting.text);
	write_count(render, session, "received");
	write_count(render, session, "delivered");
	write_dropped(render, session);
	write_bytes(render, session);
	write_truncated(render, session);
	vtap_text_kernel_counts(render, session);
	write_last_frame(render, session);
	write_sensors(render, session);
	write_directions(render, session);
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
		{ .title = "BYTES", .is_number = true, .spare = 2 },
		{ .title = "FRAMES/s", .is_number = true, .spare = 4 },
		{ .title = "OUTER SOURCES", .spare = 5 },
		{ .title = "FIRST SEEN", .spare = 1 },
		{ .title = "LAST SEEN", .spare = 3 },
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
		vtap_text_put(render, "  and %s of which the VNI is not known any more\n",
			vtap_text_counted(n, "frame").text);
}

static void write_command(struct vtap_text_render *render, const char *label, const char *text)
{
	vtap_text_put_whole(render, "  %-11s  %s\n", label, text);
}

/* Commands to paste: names of sessions and interfaces need no quotes (schema, model/ifname). */
static void write_hints(struct vtap_text_render *render, const struct json_t *session)
{
	struct vtap_text_answer *answer = &render->answer;
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;
	uint64_t ifindex;

	vtap_text_put(render, "\n");
	if (vtap_text_read_count(answer, session, "ifindex", &ifindex) && ifindex > 0) {
		vtap_text_words_add(&words, "sudo tcpdump -ni %s",
			vtap_text_get_string(answer, session, "interface"));
		write_command(render, "sniff", words.text);
	}
	words = (struct vtap_text_words)VTAP_TEXT_WORDS_NULL;
	vtap_text_words_add(&words, "journalctl -u vtapd VTAPD_SESSION=%s",
		vtap_text_get_string(answer, session, "name"));
	write_command(render, "journal", words.text);
}

/* Of an older daemon nothing. */
static void write_findings(struct vtap_text_render *render)
{
	struct vtap_text_answer *answer = &render->answer;
	const struct json_t *findings;
	uint64_t n_others;

	if (!vtap_text_has(answer->root, "findings"))
		return;
	findings = vtap_text_get_list(answer, answer->root, "findings");
	n_others = vtap_text_get_count(answer, answer->root, "other_findings");
	if (vtap_text_list_len(findings) > 0)
		vtap_text_put(render, "\n");
	vtap_text_findings(render, findings);
	if (n_others > 0)
		vtap_text_put(render, "\n%s %s about something else: vtapctl doctor\n",
			vtap_text_counted(n_others, "finding").text, n_others == 1 ? "is" : "are");
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
	write_hints(render, session);
	write_findings(render);
	return vtap_text_is_ready(state) ? 0 : VTAP_TEXT_NOT_READY;
}

int vtap_text_show(
	const char *json, const struct vtap_text_opts *opts, FILE *out, struct vtap_err *err)
{
	return vtap_text_render(json, opts, out, err, write_show);
}
