// SPDX-License-Identifier: Apache-2.0
/*
 * `vtapctl doctor`: what holds and what to do about it, most urgent first, and what was checked. Of
 * one condition: what it means, what usually causes it, and whether it holds.
 */
#include "report/text_render.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

/** Checks that passed and are named without -v */
#define PASSED_NAMED 6

/** Between two columns */
#define SEPARATOR "  "

/** Findings of one condition that are shown; `doctor ID` shows all */
#define FINDINGS_SHOWN 16

/* "page" as "PAGE" */
static struct vtap_text_words severity_words(const char *severity)
{
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;

	vtap_text_words_add(&words, "%s", severity);
	for (char *c = words.text; *c != '\0'; c++)
		*c = (char)toupper((unsigned char)*c);
	return words;
}

static bool is_information(const char *severity)
{
	return strcmp(severity, "info") == 0;
}

/* Return: VTAP_TEXT_NOT_READY if anything but information is among them, else 0. */
static int judge(struct vtap_text_answer *answer, const struct json_t *findings)
{
	for (size_t i = 0; i < vtap_text_list_len(findings); i++) {
		const struct json_t *finding = vtap_text_list_object(answer, findings, i);

		if (!is_information(vtap_text_get_string(answer, finding, "severity")))
			return VTAP_TEXT_NOT_READY;
	}
	return 0;
}

/* Columns in front of the sentences. */
static size_t indent_of(struct vtap_text_answer *answer, const struct json_t *findings)
{
	size_t severity_len = 0, id_len = 0;

	for (size_t i = 0; i < vtap_text_list_len(findings); i++) {
		const struct json_t *finding = vtap_text_list_object(answer, findings, i);
		size_t severity = strlen(vtap_text_get_string(answer, finding, "severity"));
		size_t id = strlen(vtap_text_get_string(answer, finding, "id"));

		severity_len = severity > severity_len ? severity : severity_len;
		id_len = id > id_len ? id : id_len;
	}
	return severity_len + strlen(SEPARATOR) + id_len + strlen(SEPARATOR);
}

/* A line below a finding's sentence. */
static void add_below(struct vtap_text_table *table, const char *text)
{
	vtap_text_table_row(table);
	vtap_text_table_cell(table, "");
	vtap_text_table_cell(table, "");
	vtap_text_table_cell(table, text);
}

static void add_lines_below(struct vtap_text_table *table, struct vtap_text_lines lines)
{
	const char *line;

	while ((line = vtap_text_lines_next(&lines)) != NULL)
		add_below(table, line);
}

static void add_finding(struct vtap_text_answer *answer, struct vtap_text_table *table,
	const struct json_t *finding, size_t width)
{
	const char *severity = vtap_text_get_string(answer, finding, "severity");
	struct vtap_text_lines lines =
		vtap_text_lines_of(vtap_text_get_string(answer, finding, "sentence"), width);
	const char *first = vtap_text_lines_next(&lines);

	vtap_text_table_row(table);
	vtap_text_table_color(table, severity_words(severity).text,
		is_information(severity) ? NULL : vtap_text_state_color(severity));
	vtap_text_table_cell(table, vtap_text_get_string(answer, finding, "id"));
	vtap_text_table_cell(table, first != NULL ? first : "");
	add_lines_below(table, lines);
	add_lines_below(table,
		vtap_text_lines_of_remedy(vtap_text_get_string(answer, finding, "remedy"), width));
}

/* Findings from @i on that are of the same condition: they stand together. */
static size_t count_same(struct vtap_text_answer *answer, const struct json_t *findings, size_t i)
{
	const char *id =
		vtap_text_get_string(answer, vtap_text_list_object(answer, findings, i), "id");
	size_t end = i + 1;

	while (end < vtap_text_list_len(findings) &&
		strcmp(id, vtap_text_get_string(answer,
				   vtap_text_list_object(answer, findings, end), "id")) == 0)
		end++;
	return end - i;
}

static void add_findings(struct vtap_text_answer *answer, struct vtap_text_table *table,
	const struct json_t *findings, const struct vtap_text_opts *opts)
{
	size_t width = vtap_text_width_behind(opts, indent_of(answer, findings));
	size_t n_same;

	for (size_t i = 0; i < vtap_text_list_len(findings); i += n_same) {
		const struct json_t *first = vtap_text_list_object(answer, findings, i);
		size_t n_shown;

		n_same = count_same(answer, findings, i);
		n_shown = n_same < FINDINGS_SHOWN ? n_same : FINDINGS_SHOWN;
		for (size_t j = 0; j < n_shown; j++)
			add_finding(answer, table, vtap_text_list_object(answer, findings, i + j),
				width);
		if (n_same > n_shown) {
			struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;

			vtap_text_words_add(&words, "and %s more: vtapctl doctor %s",
				vtap_text_count(n_same - n_shown).text,
				vtap_text_get_string(answer, first, "id"));
			add_below(table, words.text);
		}
	}
}

void vtap_text_findings(struct vtap_text_render *render, const struct json_t *findings)
{
	static const struct vtap_text_column columns[] = {
		{ .title = "" },
		{ .title = "" },
		{ .title = "" },
	};
	_auto(text_table) struct vtap_text_table *table = NULL;

	if (vtap_text_list_len(findings) == 0)
		return;
	if (vtap_text_render_table_new(
		    render, columns, VTAP_ARRAY_LEN(columns), SEPARATOR, &table) < 0)
		return;
	add_findings(&render->answer, table, findings, render->opts);
	vtap_text_render_table(render, table, false, "");
}

/* How a check ended */
enum outcome {
	OUTCOME_HOLDS,
	OUTCOME_PASSED,
	OUTCOME_UNKNOWN, /* there is nothing to tell by */
};

/* An older daemon does not say what it could not check. */
static enum outcome outcome_of(struct vtap_text_answer *answer, const struct json_t *check)
{
	if (vtap_text_get_bool(answer, check, "holds"))
		return OUTCOME_HOLDS;
	if (vtap_text_has(check, "checked") && !vtap_text_get_bool(answer, check, "checked"))
		return OUTCOME_UNKNOWN;
	return OUTCOME_PASSED;
}

static size_t count_outcomes(
	struct vtap_text_answer *answer, const struct json_t *checks, enum outcome outcome)
{
	size_t n = 0;

	for (size_t i = 0; i < vtap_text_list_len(checks); i++)
		n += outcome_of(answer, vtap_text_list_object(answer, checks, i)) == outcome;
	return n;
}

/* Why it was not checked; NULL: an older daemon does not say, or there is no more to say */
static const char *unchecked_why(struct vtap_text_answer *answer, const struct json_t *check)
{
	return vtap_text_has(check, "unchecked_reason")
		       ? vtap_text_find_string(answer, check, "unchecked_reason")
		       : NULL;
}

/* "Not checked, for want of anything to tell by: one-way" */
static void write_unknown(struct vtap_text_render *render, const struct json_t *checks)
{
	struct vtap_text_answer *answer = &render->answer;
	const char *between = "";

	if (count_outcomes(answer, checks, OUTCOME_UNKNOWN) == 0)
		return;
	vtap_text_put(render, "Not checked, for want of anything to tell by: ");
	for (size_t i = 0; i < vtap_text_list_len(checks); i++) {
		const struct json_t *check = vtap_text_list_object(answer, checks, i);
		const char *why;

		if (outcome_of(answer, check) != OUTCOME_UNKNOWN)
			continue;
		vtap_text_put(render, "%s%s", between, vtap_text_get_string(answer, check, "id"));
		why = unchecked_why(answer, check);
		if (why != NULL)
			vtap_text_put(render, " (%s)", why);
		between = ", ";
	}
	vtap_text_put(render, "\n");
}

/* ": no-sessions port-taken … (`doctor -v` lists them)" */
static void write_passed_ids(struct vtap_text_render *render, const struct json_t *checks)
{
	struct vtap_text_answer *answer = &render->answer;
	size_t n = 0;

	vtap_text_put(render, ":");
	for (size_t i = 0; i < vtap_text_list_len(checks); i++) {
		const struct json_t *check = vtap_text_list_object(answer, checks, i);

		if (outcome_of(answer, check) == OUTCOME_PASSED && n++ < PASSED_NAMED)
			vtap_text_put(render, " %s", vtap_text_get_string(answer, check, "id"));
	}
	vtap_text_put(render, "%s (`doctor -v` lists them)\n", n > PASSED_NAMED ? " …" : "");
}

static void write_passed_meanings(struct vtap_text_render *render, const struct json_t *checks)
{
	static const struct vtap_text_column columns[] = {
		{ .title = "" },
		{ .title = "", .is_text = true },
	};
	struct vtap_text_answer *answer = &render->answer;
	_auto(text_table) struct vtap_text_table *table = NULL;

	if (vtap_text_render_table_new(render, columns, VTAP_ARRAY_LEN(columns), "  ", &table) < 0)
		return;
	for (size_t i = 0; i < vtap_text_list_len(checks); i++) {
		const struct json_t *check = vtap_text_list_object(answer, checks, i);

		if (outcome_of(answer, check) != OUTCOME_PASSED)
			continue;
		vtap_text_table_row(table);
		vtap_text_table_cell(table, vtap_text_get_string(answer, check, "id"));
		vtap_text_table_cell(table, vtap_text_get_string(answer, check, "meaning"));
	}
	vtap_text_put(render, ". None of these is the case:\n");
	vtap_text_render_table(render, table, false, "  ");
}

/* "2 findings and 1 note" */
static struct vtap_text_words counted_words(
	struct vtap_text_answer *answer, const struct json_t *findings)
{
	size_t n = vtap_text_list_len(findings), n_notes = 0;

	for (size_t i = 0; i < n; i++)
		n_notes += is_information(vtap_text_get_string(
			answer, vtap_text_list_object(answer, findings, i), "severity"));
	return vtap_text_findings_counted(n - n_notes, n_notes);
}

static void write_summary(
	struct vtap_text_render *render, const struct json_t *findings, const struct json_t *checks)
{
	size_t n_passed = count_outcomes(&render->answer, checks, OUTCOME_PASSED);

	vtap_text_put(render, "%s, ", counted_words(&render->answer, findings).text);
	vtap_text_put(render, "%s passed", vtap_text_counted(n_passed, "check").text);
	if (n_passed == 0)
		vtap_text_put(render, "\n");
	else if (render->opts->is_verbose)
		write_passed_meanings(render, checks);
	else
		write_passed_ids(render, checks);
	if (render->opts->is_verbose)
		write_unknown(render, checks);
}

/* ---- one condition ---- */

static const struct json_t *find_check(struct vtap_text_render *render, const struct json_t *checks)
{
	struct vtap_text_answer *answer = &render->answer;
	const char *id = render->opts->condition;

	for (size_t i = 0; i < vtap_text_list_len(checks); i++) {
		const struct json_t *check = vtap_text_list_object(answer, checks, i);

		if (strcmp(vtap_text_get_string(answer, check, "id"), id) == 0)
			return check;
	}
	(void)vtap_text_answer_fail(answer, -EPROTO, /* sticks; asked at the end */
		"the daemon's answer is not understood: it has no check %s", id);
	return NULL;
}

static void write_remedy(struct vtap_text_render *render, const char *first, const char *remedy)
{
	vtap_text_put_lines(render, first,
		vtap_text_lines_of_remedy(
			remedy, vtap_text_width_behind(render->opts, strlen(first))));
}

/* "  session pay cannot be shown, since Nov 20 09:20", and what to do */
static void write_finding(struct vtap_text_render *render, const struct json_t *finding)
{
	struct vtap_text_answer *answer = &render->answer;
	const char *sentence = vtap_text_get_string(answer, finding, "sentence");
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;
	uint64_t since_ns;

	vtap_text_words_add(&words, "%s", sentence);
	if (strstr(sentence, ", since ") == NULL && /* it says so itself */
		vtap_text_read_time(answer, finding, "since", &since_ns))
		vtap_text_words_add(&words, ", since %s",
			vtap_text_minute(since_ns, render->opts->now_ns).text);
	vtap_text_put_behind(render, "  ", words.text);
	write_remedy(render, "    ", vtap_text_get_string(answer, finding, "remedy"));
}

/* That of the most urgent finding: it may be less than the register has. */
static const char *severity_of(
	struct vtap_text_answer *answer, const struct json_t *findings, const struct json_t *check)
{
	if (vtap_text_list_len(findings) == 0)
		return vtap_text_get_string(answer, check, "severity");
	return vtap_text_get_string(answer, vtap_text_list_object(answer, findings, 0), "severity");
}

static void write_condition(
	struct vtap_text_render *render, const struct json_t *findings, const struct json_t *checks)
{
	struct vtap_text_answer *answer = &render->answer;
	const struct json_t *check = find_check(render, checks);
	static const char *const OUTCOMES[] = {
		[OUTCOME_HOLDS] = "holds",
		[OUTCOME_PASSED] = "does not hold",
		[OUTCOME_UNKNOWN] = "was not checked: ",
	};
	enum outcome outcome = outcome_of(answer, check);
	const char *why = NULL;

	if (outcome == OUTCOME_UNKNOWN)
		why = unchecked_why(answer, check);
	vtap_text_put(render, "%s (%s) %s", vtap_text_get_string(answer, check, "id"),
		severity_of(answer, findings, check), OUTCOMES[outcome]);
	if (outcome == OUTCOME_UNKNOWN)
		vtap_text_put(render, "%s", why != NULL ? why : "there is nothing to tell by");
	vtap_text_put(render, ".\n");
	for (size_t i = 0; i < vtap_text_list_len(findings); i++)
		write_finding(render, vtap_text_list_object(answer, findings, i));
	vtap_text_put(render, "\n");
	vtap_text_put_behind(render, "  meaning  ", vtap_text_get_string(answer, check, "meaning"));
	vtap_text_put_behind(render, "  cause    ", vtap_text_get_string(answer, check, "cause"));
	write_remedy(render, "  remedy   ", vtap_text_get_string(answer, check, "remedy"));
}

static int write_doctor(struct vtap_text_render *render)
{
	struct vtap_text_answer *answer = &render->answer;
	const struct json_t *findings = vtap_text_get_list(answer, answer->root, "findings");
	const struct json_t *checks = vtap_text_get_list(answer, answer->root, "checks");

	if (render->opts->condition != NULL) {
		write_condition(render, findings, checks);
	} else {
		vtap_text_findings(render, findings);
		if (vtap_text_list_len(findings) > 0)
			vtap_text_put(render, "\n");
		write_summary(render, findings, checks);
	}
	return judge(answer, findings);
}

int vtap_text_doctor(
	const char *json, const struct vtap_text_opts *opts, FILE *out, struct vtap_err *err)
{
	return vtap_text_render(json, opts, out, err, write_doctor);
}
