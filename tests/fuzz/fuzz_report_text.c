// SPDX-License-Identifier: Apache-2.0
/*
 * What vtapctl makes of an answer, which may come from another version or from nobody we know: text
 * that cannot drive a terminal, or an error with a sentence. The first byte picks the renderer.
 */
#include "tests/fuzz/must.h"

#include <string.h>

#include "base/clock.h"
#include "report/text.h"
#include "report/text_top.h"

/** Nov 20 2026, 10:05:00 UTC */
#define NOW_NS (1795169100ULL * VTAP_NS_PER_S)

/** Between the two answers that top compares; nothing of JSON has this byte. */
#define RECORD_SEPARATOR '\x1e'

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes);

/* A wide screen, a small one, and a table. */
static int top_draw(const struct vtap_text_top *top, FILE *out)
{
	static const struct vtap_text_top_view views[] = {
		{ .width = 150, .height = 40, .has_utf8 = true, .interval_s = 1 },
		{ .width = 40, .height = 8, .order = VTAP_TEXT_ORDER_DROPS, .interval_s = 1 },
		{ .order = VTAP_TEXT_ORDER_NAME, .interval_s = 60 },
	};
	int r = 0;

	for (size_t i = 0; i < VTAP_ARRAY_LEN(views) && r == 0; i++)
		r = vtap_text_top_draw(top, &views[i], out);
	return r;
}

/* One answer after the other, as long as they are understood. */
static int top_render(
	const char *json, const struct vtap_text_opts *opts, FILE *out, struct vtap_err *err)
{
	_auto(text_top) struct vtap_text_top *top = NULL;
	const char *next = json;
	int r = vtap_text_top_new(&top);

	(void)opts;
	while (r == 0 && next != NULL) {
		const char *end = strchr(next, RECORD_SEPARATOR);
		_auto_free char *one =
			end != NULL ? strndup(next, (size_t)(end - next)) : strdup(next);

		must(one != NULL);
		r = vtap_text_top_take(top, one, err);
		next = end != NULL ? end + 1 : NULL;
	}
	return r == 0 ? top_draw(top, out) : r;
}

static const vtap_text_fn RENDERERS[] = {
	vtap_text_status,
	vtap_text_show,
	vtap_text_match,
	vtap_text_unknown,
	vtap_text_plan,
	vtap_text_reload,
	vtap_text_wait,
	vtap_text_teardown,
	vtap_text_error,
	vtap_text_doctor,
	vtap_text_drain,
	vtap_text_undrain,
	top_render,
};

static void text_check(const char *text)
{
	for (; *text != '\0'; text++)
		must(*text == '\n' || ((unsigned char)*text >= 0x20 && *text != 0x7f));
}

static void render_try(vtap_text_fn render, const char *json, const struct vtap_text_opts *opts)
{
	struct vtap_err err = VTAP_ERR_NULL;
	_auto_free char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int r;

	must(out != NULL);
	r = render(json, opts, out, &err);
	must(fclose(out) == 0);
	must(r <= VTAP_TEXT_WAITING && (r < 0) == (err.text[0] != '\0'));
	text_check(text);
	text_check(err.text);
}

/* With each option that changes what is read; the wait for a drain goes on from the first answer to
 * the same again. */
static void render_all_ways(vtap_text_fn render, const char *json)
{
	struct vtap_text_drain said = { 0 };
	const struct vtap_text_opts opts[] = {
		{ .now_ns = NOW_NS },
		{ .now_ns = NOW_NS, .is_verbose = true },
		{ .now_ns = NOW_NS, .is_verbose = true, .width = 40, .is_ascii = true },
		{ .now_ns = NOW_NS, .condition = "no-sessions" },
		{ .now_ns = NOW_NS, .drain = &said },
		{ .now_ns = NOW_NS + 60 * VTAP_NS_PER_S, .drain = &said },
	};

	for (size_t i = 0; i < VTAP_ARRAY_LEN(opts); i++)
		render_try(render, json, &opts[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
	_auto_free char *json = malloc(len_bytes + 1);

	must(json != NULL);
	if (len_bytes == 0)
		return 0;
	memcpy(json, data + 1,
		len_bytes - 1); /* not strndup(): it would look for an end behind @data */
	json[len_bytes - 1] = '\0';
	/* '0'..'<' in the corpus; any other byte is folded */
	render_all_ways(RENDERERS[(uint8_t)(data[0] - '0') % VTAP_ARRAY_LEN(RENDERERS)], json);
	return 0;
}
