// SPDX-License-Identifier: Apache-2.0
/*
 * `vtapctl status`: one line that answers "is all well?", the targets, the sessions, below each
 * table the sentence of whoever is not ready, and what doctor would explain.
 */
#include "report/text_kernel.h"
#include "report/text_render.h"

#include <string.h>

/** VNIs of a session that its row names, and where there is little room; `show` lists all of them
 */
#define VNIS_SHOWN        4
#define VNIS_SHOWN_NARROW 1

/** The configuration that vtapd reads when it is not told another */
#define CONFIG_USUAL "/etc/vtapd/vtapd.conf"

/** Troubles of the whole daemon that the first line names; doctor has all of them */
#define TROUBLES_SHOWN 2

/* How many of a list are not ready, and the word for it. */
struct shortfall {
	size_t n;           /* all */
	size_t n_not_ready; /* of them */
	const char *name;   /* of the first that is not ready */
	const char *state;  /* theirs if it is the same for all of them, else "not ready" */
};

static struct shortfall count_shortfall(struct vtap_text_answer *answer, const struct json_t *list)
{
	struct shortfall found = { .n = vtap_text_list_len(list), .name = "", .state = "" };

	for (size_t i = 0; i < found.n; i++) {
		const struct json_t *object = vtap_text_list_object(answer, list, i);
		const char *state = vtap_text_get_string(answer, object, "state");

		if (vtap_text_is_ready(state))
			continue;
		if (found.n_not_ready++ == 0) {
			found.name = vtap_text_get_string(answer, object, "name");
			found.state = state;
		} else if (strcmp(found.state, state) != 0) {
			found.state = "not ready";
		}
	}
	return found;
}

static const char *is_or_are(size_t n)
{
	return n == 1 ? "is" : "are";
}

/* "eth0 is down, the main loop did not move for 7 s, …": what somebody is called for although all
 * of them are ready. */
static void add_degrading(struct vtap_text_answer *answer, struct vtap_text_words *words)
{
	const struct json_t *list =
		vtap_text_has(answer->root, "degraded_by")
			? vtap_text_get_list(answer, answer->root, "degraded_by")
			: NULL; /* of an older daemon */
	size_t n = vtap_text_list_len(list);

	for (size_t i = 0; i < n && i < TROUBLES_SHOWN; i++)
		vtap_text_words_add(words, "%s%s", words->text[0] != '\0' ? ", " : "",
			vtap_text_get_string(
				answer, vtap_text_list_object(answer, list, i), "words"));
	if (n > TROUBLES_SHOWN)
		vtap_text_words_add(words, " and %zu more", n - TROUBLES_SHOWN);
}

/* "target default is waiting, 1 of 4 sessions is waiting", or "" when all is well */
static struct vtap_text_words shortfall_words(struct vtap_text_answer *answer,
	const struct shortfall *targets, const struct shortfall *sessions)
{
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;

	if (targets->n_not_ready == 1)
		vtap_text_words_add(&words, "target %s is %s", targets->name, targets->state);
	if (targets->n_not_ready > 1)
		vtap_text_words_add(&words, "%zu of %s are %s", targets->n_not_ready,
			vtap_text_counted(targets->n, "target").text, targets->state);
	if (targets->n_not_ready > 0 && sessions->n_not_ready > 0)
		vtap_text_words_add(&words, ", ");
	if (sessions->n_not_ready > 0)
		vtap_text_words_add(&words, "%s of %s %s %s",
			vtap_text_count(sessions->n_not_ready).text,
			vtap_text_counted(sessions->n, "session").text,
			is_or_are(sessions->n_not_ready), sessions->state);
	add_degrading(answer, &words);
	return words;
}

/* "healthy", "healthy, degraded: …", "unhealthy: …" */
static void write_health(struct vtap_text_render *render, const char *state,
	const struct vtap_text_words *words, bool has_sessions)
{
	bool is_healthy = strcmp(state, "healthy") == 0;

	vtap_text_put(render, "%s", vtap_text_state_words(render->opts, state).text);
	if (words->text[0] != '\0')
		vtap_text_put(render, "%s%s", is_healthy ? ", degraded: " : ": ", words->text);
	else if (!is_healthy && !has_sessions)
		vtap_text_put(render, ": no session is configured");
}

static void write_refused(
	struct vtap_text_render *render, const struct json_t *refused, const char *config)
{
	struct vtap_text_answer *answer = &render->answer;
	bool is_usual = strcmp(config, CONFIG_USUAL) == 0;
	uint64_t at_ns = 0;
	uint64_t n = vtap_text_get_count(answer, refused, "mistakes");

	(void)vtap_text_read_time(answer, refused, "at", &at_ns); /* a failure sticks */
	vtap_text_put(render, "  The files on disk were refused at %s (%s): vtapd %s%s%s--check\n",
		vtap_text_clock(at_ns, render->opts->now_ns).text,
		vtap_text_counted(n, "mistake").text, is_usual ? "" : "-c ", is_usual ? "" : config,
		is_usual ? "" : " ");
}

/* "draining since 10:12:00 (suricata 7.0.11), 1,904 frames/s still arrive", and on the next line
 * who is not ready */
static void write_drain(struct vtap_text_render *render, const struct json_t *drain,
	const struct vtap_text_words *words)
{
	struct vtap_text_answer *answer = &render->answer;
	const char *reason = vtap_text_find_string(answer, drain, "reason");
	uint64_t since_ns;

	vtap_text_put(render, "%s", vtap_text_state_words(render->opts, "draining").text);
	if (vtap_text_read_time(answer, drain, "since", &since_ns))
		vtap_text_put(
			render, " since %s", vtap_text_clock(since_ns, render->opts->now_ns).text);
	if (reason != NULL)
		vtap_text_put(render, " (%s)", reason);
	vtap_text_put(render, ", %s frames/s still arrive.\n ",
		vtap_text_rate(vtap_text_get_rate(answer, drain, "frames_per_second")).text);
	if (words->text[0] != '\0')
		vtap_text_put(render, " %s.", words->text);
}

/* The balancer follows when health has lasted: until then it sees the opposite. */
static void write_checks(
	struct vtap_text_render *render, const struct json_t *daemon, const char *state)
{
	struct vtap_text_answer *answer = &render->answer;
	const char *checks = vtap_text_get_string(answer, daemon, "checks");
	bool is_late_refused = strcmp(state, "healthy") == 0 && strcmp(checks, "refused") == 0;
	bool is_late_answered = strcmp(state, "unhealthy") == 0 && strcmp(checks, "answered") == 0;
	uint64_t in_ns;

	if (!is_late_refused && !is_late_answered)
		return;
	vtap_text_put(render, "  Health checks are still %s", checks);
	if (vtap_text_has(daemon, "checks_follow_in_ns") && /* not of an older daemon */
		vtap_text_read_count(answer, daemon, "checks_follow_in_ns", &in_ns))
		vtap_text_put(render, "; %s in %s if it stays %s",
			is_late_refused ? "answered" : "refused", vtap_text_duration(in_ns).text,
			state);
	vtap_text_put(render, ".\n");
}

/* "  guard off: load the program: operation not permitted (CAP_BPF)." */
static void write_guard(struct vtap_text_render *render, const struct json_t *daemon)
{
	struct vtap_text_answer *answer = &render->answer;
	const char *reason, *guard;

	if (!vtap_text_has(daemon, "guard_reason"))
		return; /* an older daemon, which had none */
	guard = vtap_text_get_string(answer, daemon, "guard");
	reason = vtap_text_find_string(answer, daemon, "guard_reason");
	if (strcmp(guard, "on") == 0)
		return;
	vtap_text_put(render, "  guard %s%s%s%s\n", guard, reason != NULL ? ": " : "",
		reason != NULL ? reason : "", vtap_text_stop(reason != NULL ? reason : guard));
}

/* @words: what is not well, or ""
 * Return: is the daemon healthy, or draining on purpose? */
static bool write_headline(
	struct vtap_text_render *render, const struct vtap_text_words *words, bool has_sessions)
{
	struct vtap_text_answer *answer = &render->answer;
	const struct json_t *daemon = vtap_text_get_object(answer, answer->root, "daemon");
	const char *state = vtap_text_get_string(answer, daemon, "state");
	const struct json_t *drain = vtap_text_find_object(answer, daemon, "drain");
	struct vtap_text_words counting;
	uint64_t configured_ns;

	vtap_text_put(render, "vtapd %s ", vtap_text_get_string(answer, daemon, "version"));
	if (drain != NULL) {
		write_drain(render, drain, words);
	} else {
		write_health(render, state, words, has_sessions);
		vtap_text_put(render, ".");
	}
	vtap_text_put(render, " Up %s",
		vtap_text_duration(vtap_text_get_count(answer, daemon, "uptime_ns")).text);
	counting = vtap_text_counting(answer, daemon, render->opts->now_ns);
	if (counting.text[0] != '\0')
		vtap_text_put(render, ", counting %s", counting.text);
	if (vtap_text_read_time(answer, daemon, "configured", &configured_ns))
		vtap_text_put(render, ", configuration of %s",
			vtap_text_date(configured_ns, render->opts->now_ns).text);
	vtap_text_put(render, ".\n");
	write_checks(render, daemon, state);
	const struct json_t *refused = vtap_text_find_object(answer, daemon, "refused");
	if (refused != NULL)
		write_refused(render, refused, vtap_text_get_string(answer, daemon, "config"));
	write_guard(render, daemon);
	return drain != NULL || strcmp(state, "healthy") == 0;
}

static void write_troubles(struct vtap_text_render *render, const struct json_t *list)
{
	for (size_t i = 0; i < vtap_text_list_len(list); i++)
		vtap_text_trouble(render, vtap_text_list_object(&render->answer, list, i));
}

/* The sentence of a target that is not ready, or NULL. */
static const char *find_target_message(
	struct vtap_text_answer *answer, const struct json_t *targets, const char *name)
{
	for (size_t i = 0; i < vtap_text_list_len(targets); i++) {
		const struct json_t *target = vtap_text_list_object(answer, targets, i);

		if (strcmp(vtap_text_get_string(answer, target, "name"), name) == 0)
			return vtap_text_find_string(answer, target, "message");
	}
	return NULL;
}

/* A session's trouble; that of its target stands below the targets and is only pointed at. */
static void write_session_trouble(
	struct vtap_text_render *render, const struct json_t *session, const struct json_t *targets)
{
	struct vtap_text_answer *answer = &render->answer;
	const char *message = vtap_text_find_string(answer, session, "message");
	const char *target = message != NULL ? vtap_text_get_string(answer, session, "target") : "";
	const char *of_target =
		message != NULL ? find_target_message(answer, targets, target) : NULL;

	if (of_target == NULL || strcmp(message, of_target) != 0)
		vtap_text_trouble(render, session);
	else
		vtap_text_put(render, "  %s: waits for target %s.\n",
			vtap_text_get_string(answer, session, "name"), target);
}

/* The interfaces a target listens on; what it looks for as long as there are none. */
static struct vtap_text_words underlay_words(
	struct vtap_text_answer *answer, const struct json_t *target)
{
	const struct json_t *bound = vtap_text_get_list(answer, target, "bound");

	if (vtap_text_list_len(bound) == 0)
		bound = vtap_text_get_list(answer, target, "underlay");
	return vtap_text_joined(answer, bound, VTAP_TEXT_NAMES_SHOWN);
}

static void add_number(struct vtap_text_answer *answer, struct vtap_text_table *table,
	const struct json_t *object, const char *key)
{
	vtap_text_table_cell(table, vtap_text_count(vtap_text_get_count(answer, object, key)).text);
}

static void add_target(
	struct vtap_text_answer *answer, struct vtap_text_table *table, const struct json_t *target)
{
	struct vtap_text_words port = VTAP_TEXT_WORDS_NULL;

	vtap_text_words_add(&port, "%u", (unsigned)vtap_text_get_count(answer, target, "port"));
	vtap_text_table_row(table);
	vtap_text_table_cell(table, vtap_text_get_string(answer, target, "name"));
	vtap_text_table_cell(table, port.text);
	vtap_text_table_cell(table, underlay_words(answer, target).text);
	vtap_text_table_cell(table, vtap_text_get_string(answer, target, "path"));
	add_number(answer, table, target, "received");
	add_number(answer, table, target, "delivered");
	add_number(answer, table, target, "dropped");
	vtap_text_table_cell(table, vtap_text_drops(answer, target).text);
}

/* Underlays that a target waits for while it works on others; without any that is its trouble. */
static void write_missing(struct vtap_text_render *render, const struct json_t *target)
{
	struct vtap_text_answer *answer = &render->answer;
	const struct json_t *missing = vtap_text_has(target, "missing")
					       ? vtap_text_get_list(answer, target, "missing")
					       : NULL; /* of an older daemon */
	size_t n = vtap_text_list_len(missing);

	if (n == 0 || vtap_text_find_string(answer, target, "message") != NULL)
		return;
	vtap_text_put(render, "  %s: waits for %s, which %s not there.\n",
		vtap_text_get_string(answer, target, "name"),
		vtap_text_joined(answer, missing, VTAP_TEXT_NAMES_SHOWN).text,
		n == 1 ? "is" : "are");
}

/* Why the worker carries what the fast path is wanted for; "  default: the fast path waits: no
 * packet has arrived yet." after a start. Whatever stops the whole target is its trouble and told
 * alone. */
static void write_fastpath(struct vtap_text_render *render, const struct json_t *target)
{
	struct vtap_text_answer *answer = &render->answer;
	const struct json_t *fastpath = vtap_text_has(target, "fastpath")
						? vtap_text_get_object(answer, target, "fastpath")
						: NULL; /* of an older daemon */
	const char *name = vtap_text_get_string(answer, target, "name");
	bool is_fast = strcmp(vtap_text_get_string(answer, target, "path"), "fast path") == 0;
	const char *reason, *idle, *bypassed_by, *detour;

	if (fastpath == NULL || vtap_text_find_string(answer, target, "message") != NULL)
		return;
	reason = vtap_text_find_string(answer, fastpath, "reason");
	idle = vtap_text_find_string(answer, fastpath, "idle");
	bypassed_by = vtap_text_find_string(answer, fastpath, "bypassed_by");
	detour = vtap_text_has(fastpath, "detour") /* not of an older daemon */
			 ? vtap_text_find_string(answer, fastpath, "detour")
			 : NULL;
	if (reason != NULL)
		vtap_text_put(render, "  %s: %s: %s%s\n", name,
			is_fast ? "the fast path is not on every underlay"
				: "the worker carries everything",
			reason, vtap_text_stop(reason));
	if (bypassed_by != NULL)
		vtap_text_put(render,
			"  %s: %s ends the chain before the fast path; the worker %s.\n", name,
			bypassed_by,
			is_fast ? "carries what comes in there" : "carries everything");
	if (idle != NULL)
		vtap_text_put(render, "  %s: the fast path waits: %s%s\n", name, idle,
			vtap_text_stop(idle));
	if (detour != NULL)
		vtap_text_put(render, "  %s: %s%s\n", name, detour, vtap_text_stop(detour));
}

/* "  default: dropped 8,891 unknown-vni, 11 unknown-source" */
static void write_drops(struct vtap_text_render *render, const struct json_t *targets)
{
	for (size_t i = 0; i < vtap_text_list_len(targets); i++) {
		const struct json_t *target = vtap_text_list_object(&render->answer, targets, i);
		struct vtap_text_words drops = vtap_text_drops(&render->answer, target);

		if (drops.text[0] != '\0')
			vtap_text_put(render, "  %s: dropped %s\n",
				vtap_text_get_string(&render->answer, target, "name"), drops.text);
	}
}

static void write_targets(struct vtap_text_render *render, const struct json_t *targets)
{
	static const struct vtap_text_column columns[] = {
		{ .title = "TARGET" }, { .title = "PORT", .is_number = true, .spare = 2 },
		{ .title = "UNDERLAY", .spare = 3 }, { .title = "PATH", .spare = 4 },
		{ .title = "RECEIVED", .is_number = true },
		{ .title = "DELIVERED", .is_number = true, .spare = 5 },
		{ .title = "DROPPED", .is_number = true },
		{ .title = "", .is_text = true, .spare = 1 }, /* for what; or on a line below */
	};
	_auto(text_table) struct vtap_text_table *table = NULL;

	if (vtap_text_list_len(targets) == 0)
		return;
	if (vtap_text_render_table_new(render, columns, VTAP_ARRAY_LEN(columns), "  ", &table) < 0)
		return;
	for (size_t i = 0; i < vtap_text_list_len(targets); i++)
		add_target(
			&render->answer, table, vtap_text_list_object(&render->answer, targets, i));
	vtap_text_put(render, "\n");
	vtap_text_render_table(render, table, true, "");
	if (vtap_text_table_is_left_out(table, VTAP_ARRAY_LEN(columns) - 1))
		write_drops(render, targets);
	write_troubles(render, targets);
	for (size_t i = 0; i < vtap_text_list_len(targets); i++) {
		write_missing(render, vtap_text_list_object(&render->answer, targets, i));
		write_fastpath(render, vtap_text_list_object(&render->answer, targets, i));
	}
}

/* Rates and drops: "-" for a session that is not ready and never had a packet. */
static void add_traffic(struct vtap_text_answer *answer, struct vtap_text_table *table,
	const struct json_t *session, bool has_any)
{
	uint64_t dropped = vtap_text_get_count(answer, session, "dropped");
	double frames = vtap_text_get_rate(answer, session, "frames_per_second");
	double bits = vtap_text_get_rate(answer, session, "bits_per_second");

	vtap_text_table_cell(table, has_any ? vtap_text_rate(frames).text : "-");
	vtap_text_table_cell(table, has_any ? vtap_text_bits(bits).text : "-");
	vtap_text_table_cell(table, has_any ? vtap_text_count(dropped).text : "-");
}

static void add_session(struct vtap_text_answer *answer, struct vtap_text_table *table,
	const struct json_t *session, size_t n_vnis, bool has_target)
{
	const struct json_t *vnis = vtap_text_get_list(answer, session, "vni");
	const char *state = vtap_text_get_string(answer, session, "state");
	uint64_t received = vtap_text_get_count(answer, session, "received");

	vtap_text_table_row(table);
	vtap_text_table_cell(table, vtap_text_get_string(answer, session, "name"));
	vtap_text_table_cell(table, vtap_text_joined(answer, vnis, n_vnis).text);
	vtap_text_table_cell(table, vtap_text_get_string(answer, session, "interface"));
	vtap_text_table_color(table, state, vtap_text_state_color(state));
	add_traffic(answer, table, session, vtap_text_is_ready(state) || received > 0);
	vtap_text_table_cell(table, vtap_text_last_frame(answer, session).text);
	vtap_text_table_cell(table, vtap_text_sensors(answer, session).text);
	if (has_target)
		vtap_text_table_cell(table, vtap_text_get_string(answer, session, "target"));
}

/* What can be had elsewhere is left out first: an interface is mostly called as its session, and
 * both it and all VNIs are in `show`. @has_target: there are several, so it is told of which one */
static int sessions_table_new(struct vtap_text_render *render, const struct json_t *sessions,
	size_t n_vnis, bool has_target, struct vtap_text_table **ret_table)
{
	static const struct vtap_text_column columns[] = {
		{ .title = "SESSION" },
		{ .title = "VNI", .spare = 3 },
		{ .title = "INTERFACE", .spare = 1 },
		{ .title = "STATE" },
		{ .title = "FRAMES/s", .is_number = true },
		{ .title = "BITS/s", .spare = 2 }, /* the unit decides: it is read from the left */
		{ .title = "DROPPED", .is_number = true },
		{ .title = "LAST", .spare = 5 },
		{ .title = "SENSORS", .spare = 4 },
		{ .title = "TARGET", .spare = 6 },
	};
	int r = vtap_text_render_table_new(
		render, columns, VTAP_ARRAY_LEN(columns) - (has_target ? 0 : 1), "  ", ret_table);

	for (size_t i = 0; r == 0 && i < vtap_text_list_len(sessions); i++)
		add_session(&render->answer, *ret_table,
			vtap_text_list_object(&render->answer, sessions, i), n_vnis, has_target);
	return r;
}

static void write_sessions(struct vtap_text_render *render, const struct json_t *sessions,
	const struct json_t *targets)
{
	_auto(text_table) struct vtap_text_table *table = NULL, *narrow = NULL;
	bool has_target = vtap_text_list_len(targets) > 1;
	size_t width = render->opts->width;

	if (vtap_text_list_len(sessions) == 0 ||
		sessions_table_new(render, sessions, VNIS_SHOWN, has_target, &table) < 0)
		return;
	if (width != 0 && vtap_text_table_width(table) > width) {
		if (sessions_table_new(render, sessions, VNIS_SHOWN_NARROW, has_target, &narrow) <
			0)
			return;
		vtap_text_table_free(table);
		table = vtap_steal(&narrow);
	}
	vtap_text_put(render, "\n");
	vtap_text_render_table(render, table, true, "");
	for (size_t i = 0; i < vtap_text_list_len(sessions); i++)
		write_session_trouble(
			render, vtap_text_list_object(&render->answer, sessions, i), targets);
}

/* "2 findings and 1 note, `vtapctl doctor` explains them: unknown-vni, interface-foreign". Notes
 * alone are no reason to say anything. */
static void write_findings(struct vtap_text_render *render)
{
	struct vtap_text_answer *answer = &render->answer;
	const struct json_t *ids = vtap_text_get_list(answer, answer->root, "findings");
	size_t n_ids = vtap_text_list_len(ids);
	uint64_t n = n_ids, n_notes = 0;

	if (vtap_text_has(answer->root, "finding_count")) { /* not of an older daemon */
		n = vtap_text_get_count(answer, answer->root, "finding_count");
		n_notes = vtap_text_get_count(answer, answer->root, "note_count");
	}
	if (n_ids > 0)
		vtap_text_put(render, "\n%s, `vtapctl doctor` explains %s: %s\n",
			vtap_text_findings_counted(n, n_notes).text,
			n + n_notes == 1 ? "it" : "them",
			vtap_text_joined(answer, ids, n_ids).text);
}

static int write_status(struct vtap_text_render *render)
{
	struct vtap_text_answer *answer = &render->answer;
	const struct json_t *targets = vtap_text_get_list(answer, answer->root, "targets");
	const struct json_t *sessions = vtap_text_get_list(answer, answer->root, "sessions");
	struct shortfall target_shortfall = count_shortfall(answer, targets);
	struct shortfall session_shortfall = count_shortfall(answer, sessions);

	struct vtap_text_words words =
		shortfall_words(answer, &target_shortfall, &session_shortfall);

	bool is_well = write_headline(render, &words, session_shortfall.n > 0);
	write_targets(render, targets);
	vtap_text_kernel_targets(
		render, vtap_text_get_object(answer, answer->root, "daemon"), targets, sessions);
	write_sessions(render, sessions, targets);
	write_findings(render);
	return is_well && words.text[0] == '\0' ? 0 : VTAP_TEXT_NOT_READY;
}

int vtap_text_status(
	const char *json, const struct vtap_text_opts *opts, FILE *out, struct vtap_err *err)
{
	return vtap_text_render(json, opts, out, err, write_status);
}
