// SPDX-License-Identifier: Apache-2.0
/*
 * `vtapctl match VNI [SOURCE]`: who gets such a packet, on each target, and why. Without a source a
 * target has one line for each class of sources.
 */
#include "report/text_render.h"

#include <inttypes.h>
#include <string.h>

/* "VNI 4321 from 10.0.3.17" */
static struct vtap_text_words packet_words(struct vtap_text_answer *answer)
{
	const char *source = vtap_text_find_string(answer, answer->root, "source");
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;

	vtap_text_words_add(
		&words, "VNI %" PRIu64, vtap_text_get_count(answer, answer->root, "vni"));
	if (source != NULL)
		vtap_text_words_add(&words, " from %s", source);
	return words;
}

/* " (by range, source 10.0.0.0/16)": the level and the prefix that decided */
static struct vtap_text_words decided_words(
	struct vtap_text_answer *answer, const struct json_t *result)
{
	const char *level = vtap_text_find_string(answer, result, "level");
	const char *prefix = vtap_text_find_string(answer, result, "prefix");
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;

	if (level != NULL)
		vtap_text_words_add(&words, " (by %s", level);
	if (level != NULL && prefix != NULL && strcmp(prefix, "any") != 0)
		vtap_text_words_add(&words, ", source %s", prefix);
	if (level != NULL)
		vtap_text_words_add(&words, ")");
	return words;
}

/* What becomes of it: a verdict of the daemon's, or where the kernel refuses it, which has none,
 * the first sentence. */
static const char *fate(struct vtap_text_answer *answer, const struct json_t *result)
{
	const char *verdict = vtap_text_find_string(answer, result, "verdict");

	return verdict != NULL ? verdict
			       : vtap_text_list_string(
					 answer, vtap_text_get_list(answer, result, "explain"), 0);
}

/* The first sentence that says why. */
static size_t first_why(struct vtap_text_answer *answer, const struct json_t *result)
{
	return vtap_text_find_string(answer, result, "verdict") == NULL ? 1 : 0;
}

/* Return: does a session get the packet? */
static bool write_verdict(struct vtap_text_render *render, const struct json_t *result)
{
	struct vtap_text_answer *answer = &render->answer;
	const char *verdict = fate(answer, result);
	const char *session = vtap_text_find_string(answer, result, "session");
	const char *interface = vtap_text_find_string(answer, result, "interface");
	bool is_delivered = strcmp(verdict, "delivered") == 0;

	if (session == NULL) {
		vtap_text_put(render, "nobody gets it: %s\n", verdict);
		return false;
	}
	vtap_text_put(render, "session %s on %s%s", session,
		interface != NULL ? interface : "no interface", decided_words(answer, result).text);
	if (!is_delivered)
		vtap_text_put(render, ", but it is lost: %s", verdict);
	vtap_text_put(render, "\n");
	return is_delivered;
}

static void write_explained(struct vtap_text_render *render, const struct json_t *result)
{
	struct vtap_text_answer *answer = &render->answer;
	const struct json_t *explain = vtap_text_get_list(answer, result, "explain");

	for (size_t i = first_why(answer, result); i < vtap_text_list_len(explain); i++)
		vtap_text_put(render, "  %s\n", vtap_text_list_string(answer, explain, i));
}

/* What becomes of the packets while the session waits. Return: is it so? */
static bool write_trouble(
	struct vtap_text_render *render, const struct json_t *result, const char *indent)
{
	const char *trouble = vtap_text_find_string(&render->answer, result, "trouble");

	if (trouble != NULL)
		vtap_text_put(render, "%s%s\n", indent, trouble);
	return trouble != NULL;
}

/* One source was asked for. Return: does a session get the packet? */
static bool write_result(struct vtap_text_render *render, const struct json_t *result)
{
	struct vtap_text_answer *answer = &render->answer;

	vtap_text_put(render, "%s to %s, UDP %" PRIu64 ": ", packet_words(answer).text,
		vtap_text_get_string(answer, result, "target"),
		vtap_text_get_count(answer, result, "port"));
	bool is_delivered = write_verdict(render, result);
	write_explained(render, result);
	return !write_trouble(render, result, "  ") && is_delivered;
}

/* ---- classes of sources ---- */

static const char *level_words(const char *level)
{
	if (strcmp(level, "vni") == 0)
		return "names the VNI";
	return strcmp(level, "range") == 0 ? "by range" : level;
}

/* "from 10.0.0.0/16: ", the rest being "elsewhere", or "anywhere" where there is nothing else */
static void write_from(struct vtap_text_render *render, const struct json_t *result, bool is_first)
{
	const char *from = vtap_text_find_string(&render->answer, result, "from");

	if (from == NULL || strcmp(from, "any") == 0)
		from = is_first ? "anywhere" : "elsewhere";
	vtap_text_put(render, "  from %s: ", from);
}

static void write_nobody(
	struct vtap_text_render *render, const struct json_t *result, const char *verdict)
{
	struct vtap_text_answer *answer = &render->answer;
	const struct json_t *explain = vtap_text_get_list(answer, result, "explain");
	size_t i = first_why(answer, result);

	vtap_text_put(render, "nobody, %s", verdict);
	if (vtap_text_list_len(explain) > i)
		vtap_text_put(render, " (%s)", vtap_text_list_string(answer, explain, i));
	vtap_text_put(render, "\n");
}

static void write_taker(
	struct vtap_text_render *render, const struct json_t *result, const char *verdict)
{
	struct vtap_text_answer *answer = &render->answer;

	vtap_text_put(render, "session %s on %s (%s)%s%s\n",
		vtap_text_get_string(answer, result, "session"),
		vtap_text_get_string(answer, result, "interface"),
		level_words(vtap_text_get_string(answer, result, "level")),
		strcmp(verdict, "delivered") == 0 ? "" : ", but it is lost: ",
		strcmp(verdict, "delivered") == 0 ? "" : verdict);
}

struct tally {
	size_t n_delivered;
	size_t n_troubled;
};

static void write_class(struct vtap_text_render *render, const struct json_t *result, bool is_first,
	struct tally *tally)
{
	struct vtap_text_answer *answer = &render->answer;
	const char *verdict = fate(answer, result);

	write_from(render, result, is_first);
	if (vtap_text_find_string(answer, result, "session") == NULL)
		write_nobody(render, result, verdict);
	else
		write_taker(render, result, verdict);
	tally->n_troubled += write_trouble(render, result, "    ");
	tally->n_delivered += strcmp(verdict, "delivered") == 0;
}

/* Return: does a session get such packets, and is each that does so ready? */
static bool write_classes(struct vtap_text_render *render, const struct json_t *results)
{
	struct vtap_text_answer *answer = &render->answer;
	const char *before = "";
	struct tally tally = { 0 };

	for (size_t i = 0; i < vtap_text_list_len(results); i++) {
		const struct json_t *result = vtap_text_list_object(answer, results, i);
		const char *target = vtap_text_get_string(answer, result, "target");
		bool is_first = strcmp(target, before) != 0;

		if (is_first)
			vtap_text_put(render, "%s%s to %s, UDP %" PRIu64 ":\n", i > 0 ? "\n" : "",
				packet_words(answer).text, target,
				vtap_text_get_count(answer, result, "port"));
		write_class(render, result, is_first, &tally);
		before = target;
	}
	return tally.n_delivered > 0 && tally.n_troubled == 0;
}

/* Return: does a session get the packet at some target? */
static bool write_results(struct vtap_text_render *render, const struct json_t *results)
{
	struct vtap_text_answer *answer = &render->answer;
	size_t n_delivered = 0;

	for (size_t i = 0; i < vtap_text_list_len(results); i++)
		n_delivered += write_result(render, vtap_text_list_object(answer, results, i));
	return n_delivered > 0;
}

static int write_match(struct vtap_text_render *render)
{
	struct vtap_text_answer *answer = &render->answer;
	const struct json_t *results = vtap_text_get_list(answer, answer->root, "results");
	bool has_source = vtap_text_find_string(answer, answer->root, "source") != NULL;

	if (vtap_text_list_len(results) == 0)
		vtap_text_put(render, "%s: nobody gets it, no target is configured\n",
			packet_words(answer).text);
	bool is_well = has_source ? write_results(render, results) : write_classes(render, results);
	return is_well ? 0 : VTAP_TEXT_NOT_READY;
}

int vtap_text_match(
	const char *json, const struct vtap_text_opts *opts, FILE *out, struct vtap_err *err)
{
	return vtap_text_render(json, opts, out, err, write_match);
}
