/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of report/text share: canned answers, and a rendering with its text. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "report/text.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/** Nov 20 2026, 10:05:00 UTC: the "now" of all these tests */
#define TEST_NOW_NS (1795169100ULL * VTAP_NS_PER_S)

struct rendered {
	int outcome;
	char *text; /* heap, never NULL */
	struct vtap_err err;
};

/* Canned JSON is written with ' for ", which C would make unreadable. */
static inline char *json_of(const char *single_quoted)
{
	char *json = strdup(single_quoted);

	assert_non_null(json);
	for (char *c = json; *c != '\0'; c++)
		*c = *c == '\'' ? '"' : *c;
	return json;
}

static inline struct rendered render_with(
	vtap_text_fn render, const char *json, const struct vtap_text_opts *opts)
{
	struct rendered rendered = { .err = VTAP_ERR_NULL };
	size_t len;
	FILE *out = open_memstream(&rendered.text, &len);

	assert_non_null(out);
	rendered.outcome = render(json, opts, out, &rendered.err);
	assert_int_equal(fclose(out), 0);
	return rendered;
}

static inline struct rendered render_json(vtap_text_fn render, const char *json, bool has_color)
{
	const struct vtap_text_opts opts = { .now_ns = TEST_NOW_NS, .has_color = has_color };

	return render_with(render, json, &opts);
}

static inline struct rendered render(vtap_text_fn fn, const char *single_quoted)
{
	_auto_free char *json = json_of(single_quoted);

	return render_json(fn, json, false);
}

static inline void rendered_done(struct rendered *rendered)
{
	free(rendered->text);
}
#define _auto_rendered __attribute__((cleanup(rendered_done)))

/* The outcome, and the text to the last byte. */
static inline void assert_renders_with(vtap_text_fn fn, const char *single_quoted,
	const struct vtap_text_opts *opts, int outcome, const char *text)
{
	_auto_free char *json = json_of(single_quoted);
	_auto_rendered struct rendered rendered = render_with(fn, json, opts);

	assert_string_equal(rendered.err.text, "");
	assert_string_equal(rendered.text, text);
	assert_int_equal(rendered.outcome, outcome);
}

static inline void assert_renders(
	vtap_text_fn fn, const char *single_quoted, int outcome, const char *text)
{
	const struct vtap_text_opts opts = { .now_ns = TEST_NOW_NS };

	assert_renders_with(fn, single_quoted, &opts, outcome, text);
}

static inline int use_utc(void **state)
{
	(void)state;
	assert_int_equal(setenv("TZ", "UTC", 1), 0);
	tzset();
	return 0;
}
