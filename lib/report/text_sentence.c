// SPDX-License-Identifier: Apache-2.0
/* The answers that are one sentence: wait, teardown, and errors. */
#include "report/text_render.h"

#include <string.h>

static int write_wait(struct vtap_text_render *render)
{
	struct vtap_text_answer *answer = &render->answer;
	const char *session = vtap_text_get_string(answer, answer->root, "session");
	const char *state = vtap_text_get_string(answer, answer->root, "state");
	const char *message = vtap_text_find_string(answer, answer->root, "message");

	if (vtap_text_is_ready(state))
		return 0;
	vtap_text_put(render, "%s is %s", session, state);
	if (message != NULL)
		vtap_text_put(render, ": %s", message);
	vtap_text_put(render, "%s\n", vtap_text_stop(message != NULL ? message : state));
	return VTAP_TEXT_NOT_READY;
}

int vtap_text_wait(
	const char *json, const struct vtap_text_opts *opts, FILE *out, struct vtap_err *err)
{
	return vtap_text_render(json, opts, out, err, write_wait);
}

/* " This host now …: \n  what to do": what follows the colon has a line of its own. */
static void write_consequence(struct vtap_text_render *render, const char *message)
{
	const char *colon = strstr(message, ": ");
	int len = colon != NULL ? (int)(colon + 1 - message) : (int)strlen(message);

	vtap_text_put(render, " %.*s", len, message);
	if (colon != NULL)
		vtap_text_put(render, "\n  %s", colon + 2);
	vtap_text_put(render, "%s", vtap_text_stop(message));
}

static void write_names(struct vtap_text_render *render, const struct json_t *names)
{
	for (size_t i = 0; i < vtap_text_list_len(names); i++)
		vtap_text_put(render, "%s%s", i > 0 ? ", " : "",
			vtap_text_list_string(&render->answer, names, i));
}

/* ", 1 fast path (ens5), 3 guards": those that there were */
static void write_removed_programs(struct vtap_text_render *render)
{
	struct vtap_text_answer *answer = &render->answer;
	const struct json_t *paths = vtap_text_get_list(answer, answer->root, "fast_paths");
	uint64_t n_guards = vtap_text_get_count(answer, answer->root, "guards");
	size_t n = vtap_text_list_len(paths);

	if (n > 0)
		vtap_text_put(render, ", %s (", vtap_text_counted(n, "fast path").text);
	write_names(render, paths);
	if (n > 0)
		vtap_text_put(render, ")");
	if (n_guards > 0)
		vtap_text_put(render, ", %s", vtap_text_counted(n_guards, "guard").text);
}

/* " On again: gro, lro on eth0; gro on eth1." */
static void write_restored(struct vtap_text_render *render, const char *key, const char *what)
{
	struct vtap_text_answer *answer = &render->answer;
	const struct json_t *list = vtap_text_get_list(answer, answer->root, key);

	for (size_t i = 0; i < vtap_text_list_len(list); i++) {
		const struct json_t *one = vtap_text_list_object(answer, list, i);

		vtap_text_put(render, "%s ", i == 0 ? what : ";");
		write_names(render, vtap_text_get_list(answer, one, "features"));
		vtap_text_put(render, " on %s", vtap_text_get_string(answer, one, "interface"));
	}
	if (vtap_text_list_len(list) > 0)
		vtap_text_put(render, ".");
}

static int write_teardown(struct vtap_text_render *render)
{
	struct vtap_text_answer *answer = &render->answer;
	uint64_t n = vtap_text_get_count(answer, answer->root, "interfaces");
	const char *message = vtap_text_find_string(answer, answer->root, "message");

	vtap_text_put(render, "Removed %s", vtap_text_counted(n, "interface").text);
	write_removed_programs(render);
	vtap_text_put(render, ".");
	write_restored(render, "restored", " On again:");
	write_restored(render, "not_found", " Not found, so not switched on again:");
	if (message != NULL)
		write_consequence(render, message);
	vtap_text_put(render, "\n");
	return 0;
}

int vtap_text_teardown(
	const char *json, const struct vtap_text_opts *opts, FILE *out, struct vtap_err *err)
{
	return vtap_text_render(json, opts, out, err, write_teardown);
}

static int write_error(struct vtap_text_render *render)
{
	struct vtap_text_answer *answer = &render->answer;

	vtap_text_put(render, "%s", vtap_text_get_string(answer, answer->root, "error"));
	return 0;
}

int vtap_text_error(
	const char *json, const struct vtap_text_opts *opts, FILE *out, struct vtap_err *err)
{
	return vtap_text_render(json, opts, out, err, write_error);
}
