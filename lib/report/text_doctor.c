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

/* ---- what holds ---- */

static size_t widest(
	struct vtap_text_answer *answer, const struct json_t *findings, const char *key)
{
	size_t width = 0;

	for (size_t i = 0; i < vtap_text_list_len(findings); i++) {
		const struct json_t *finding = vtap_text_list_object(answer, findings, i);
		size_t len = strlen(vtap_text_get_string(answer, finding, key));

		width = len > width ? len : width;
	}
	return width;
}

static void write_remedy(struct vtap_text_render *render, const char *first, const char *remedy)
{
	vtap_text_put_lines(render, first,
		vtap_text_lines_of_remedy(
			remedy, vtap_text_width_behind(render->opts, strlen(first))));
}

/** struct beside - columns of what stands before sentences; where there is no room beside it, they
 * stand below */
struct beside {
	size_t severity;
	size_t id;
	bool is_below;
};

/* "PAGE    interface-foreign  " */
static struct vtap_text_words head_words(
	struct vtap_text_render *render, const struct json_t *finding, const struct beside *beside)
{
	const char *severity = vtap_text_get_string(&render->answer, finding, "severity");
	bool has_color = render->opts->has_color && !is_information(severity);
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;

	vtap_text_words_add(&words, "%s%s%s%*s%s", has_color ? vtap_text_state_color(severity) : "",
		severity_words(severity).text, has_color ? VTAP_TEXT_COLOR_OFF : "",
		(int)(beside->severity - strlen(severity)), "", SEPARATOR);
	vtap_text_words_add(&words, "%-*s%s", beside->is_below ? 0 : (int)beside->id,
		vtap_text_get_string(&render->answer, finding, "id"),
		beside->is_below ? "" : SEPARATOR);
	return words;
}

static struct vtap_text_words below_words(const struct beside *beside)
{
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;
	size_t width = beside->severity + beside->id + 2 * strlen(SEPARATOR);

	vtap_text_words_add(&words, "%*s", beside->is_below ? 2 : (int)width, "");
	return words;
}

static void write_row(
	struct vtap_text_render *render, const struct json_t *finding, const struct beside *beside)
{
	struct vtap_text_answer *answer = &render->answer;
	const char *sentence = vtap_text_get_string(answer, finding, "sentence");
	struct vtap_text_words head = head_words(render, finding, beside);
	struct vtap_text_words below = below_words(beside);

	if (beside->is_below) {
		vtap_text_put_whole(render, "%s\n", head.text);
		vtap_text_put_behind(render, below.text, sentence);
	} else {
		vtap_text_put_behind(render, head.text, sentence);
	}
	write_remedy(render, below.text, vtap_text_get_string(answer, finding, "remedy"));
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

void vtap_text_findings(struct vtap_text_render *render, const struct json_t *findings)
{
	struct vtap_text_answer *answer = &render->answer;
	struct beside beside = { .severity = widest(answer, findings, "severity"),
		.id = widest(answer, findings, "id") };
	size_t indent = beside.severity + beside.id + 2 * strlen(SEPARATOR), n_same;

	beside.is_below =
		render->opts->width != 0 &&
		indent + vtap_text_width_behind(render->opts, indent) > render->opts->width;
	for (size_t i = 0; i < vtap_text_list_len(findings); i += n_same) {
		const struct json_t *first = vtap_text_list_object(answer, findings, i);

		n_same = count_same(answer, findings, i);
		for (size_t j = 0; j < n_same && j < FINDINGS_SHOWN; j++)
			write_row(render, vtap_text_list_object(answer, findings, i + j), &beside);
		if (n_same > FINDINGS_SHOWN)
			vtap_text_put_whole(render, "%sand %s more: vtapctl doctor %s\n",
				below_words(&beside).text,
				vtap_text_count(n_same - FINDINGS_SHOWN).text,
				vtap_text_get_string(answer, first, "id"));
	}
}

/* ---- what was checked ---- */

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
