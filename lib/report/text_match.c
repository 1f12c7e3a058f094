// SPDX-License-Identifier: Apache-2.0
/* `vtapctl match VNI [SOURCE]`: who gets such a packet, on each target, and why. */
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

/* Return: does a session get the packet? */
static bool write_verdict(struct vtap_text_render *render, const struct json_t *result)
{
	struct vtap_text_answer *answer = &render->answer;
	const char *verdict = vtap_text_get_string(answer, result, "verdict");
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

	for (size_t i = 0; i < vtap_text_list_len(explain); i++)
		vtap_text_put(render, "  %s\n", vtap_text_list_string(answer, explain, i));
}

static bool write_result(struct vtap_text_render *render, const struct json_t *result)
{
	struct vtap_text_answer *answer = &render->answer;

	vtap_text_put(render, "%s to %s, UDP %" PRIu64 ": ", packet_words(answer).text,
		vtap_text_get_string(answer, result, "target"),
		vtap_text_get_count(answer, result, "port"));
	bool is_delivered = write_verdict(render, result);
	write_explained(render, result);
	return is_delivered;
}

static int write_match(struct vtap_text_render *render)
{
	struct vtap_text_answer *answer = &render->answer;
	const struct json_t *results = vtap_text_get_list(answer, answer->root, "results");
	size_t n_delivered = 0;

	if (vtap_text_list_len(results) == 0)
		vtap_text_put(render, "%s: nobody gets it, no target is configured\n",
			packet_words(answer).text);
	for (size_t i = 0; i < vtap_text_list_len(results); i++) {
		if (write_result(render, vtap_text_list_object(answer, results, i)))
			n_delivered++;
	}
	return n_delivered > 0 ? 0 : VTAP_TEXT_NOT_READY;
}

int vtap_text_match(
	const char *json, const struct vtap_text_opts *opts, FILE *out, struct vtap_err *err)
{
	return vtap_text_render(json, opts, out, err, write_match);
}
