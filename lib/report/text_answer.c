// SPDX-License-Identifier: Apache-2.0
#include "report/text_answer.h"

#include "base/clock.h"
#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

/** The protocol of the control socket that these renderers know. */
#define ANSWER_VERSION 1

/** A fraction of a second has at most this many digits (ns). */
#define FRACTION_DIGITS 9

int vtap_text_answer_fail(struct vtap_text_answer *answer, int code, const char *fmt, ...)
{
	char text[VTAP_ERR_MAX];
	va_list args;

	if (answer->status != 0)
		return answer->status;
	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args); /* a longer sentence is cut */
	va_end(args);
	answer->status = vtap_err_set(answer->err, code, "%s", text);
	return answer->status;
}

static void fail_field(struct vtap_text_answer *answer, const char *key, const char *what)
{
	(void)vtap_text_answer_fail(answer, -EPROTO, /* sticks; asked at the end */
		"the daemon's answer is not understood: \"%s\" is missing or is not %s", key, what);
}

static bool is_version_known(struct vtap_text_answer *answer)
{
	const json_t *version = json_object_get(answer->root, "version");

	if (json_is_integer(version) && json_integer_value(version) == ANSWER_VERSION)
		return true;
	fail_field(answer, "version", "1");
	return false;
}

/* Nothing in it may drive a terminal: C0 and C1 control characters, but for the line breaks of
 * messages. */
static bool text_is_harmless(const char *text)
{
	for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++)
		if ((*c < 0x20 && *c != '\n') || *c == 0x7f || (c[0] == 0xc2 && c[1] < 0xa0))
			return false;
	return true;
}

/* Keys and texts of the whole answer. Its depth is bounded by the parser: JSON_PARSER_MAX_DEPTH. */
/* NOLINTNEXTLINE(misc-no-recursion): a tree, and not a deep one */
static bool is_harmless(json_t *node)
{
	const char *key;
	json_t *child;
	size_t i;

	if (json_is_string(node))
		return text_is_harmless(json_string_value(node));
	json_object_foreach (node, key, child)
		if (!text_is_harmless(key) || !is_harmless(child))
			return false;
	json_array_foreach (node, i, child)
		if (!is_harmless(child))
			return false;
	return true;
}

int vtap_text_answer_open(struct vtap_text_answer *answer, const char *json, struct vtap_err *err)
{
	json_error_t where;

	*answer = (struct vtap_text_answer){ .err = err };
	if (json == NULL)
		return vtap_text_answer_fail(answer, -EINVAL, "the daemon's answer is empty");
	answer->root = json_loads(json, 0, &where);
	vtap_text_make_printable(where.text); /* it quotes the answer */
	if (answer->root == NULL)
		return vtap_text_answer_fail(answer, -EPROTO,
			"the daemon's answer is not JSON, line %d: %s", where.line, where.text);
	if (!json_is_object(answer->root))
		return vtap_text_answer_fail(
			answer, -EPROTO, "the daemon's answer is not a JSON object");
	if (!is_harmless(answer->root))
		return vtap_text_answer_fail(
			answer, -EPROTO, "the daemon's answer has control characters");
	(void)is_version_known(answer); /* sets the status that is returned */
	return answer->status;
}

void vtap_text_answer_close(struct vtap_text_answer *answer)
{
	json_decref(answer->root);
	answer->root = NULL;
}

bool vtap_text_has(const struct json_t *object, const char *key)
{
	return json_object_get(object, key) != NULL;
}

uint64_t vtap_text_get_count(
	struct vtap_text_answer *answer, const struct json_t *object, const char *key)
{
	const json_t *node = json_object_get(object, key);

	if (json_is_integer(node) && json_integer_value(node) >= 0)
		return (uint64_t)json_integer_value(node);
	fail_field(answer, key, "a count");
	return 0;
}

bool vtap_text_get_bool(
	struct vtap_text_answer *answer, const struct json_t *object, const char *key)
{
	const json_t *node = json_object_get(object, key);

	if (!json_is_boolean(node))
		fail_field(answer, key, "true or false");
	return json_is_true(node);
}

double vtap_text_get_rate(
	struct vtap_text_answer *answer, const struct json_t *object, const char *key)
{
	const json_t *node = json_object_get(object, key);

	if (json_is_number(node) && json_number_value(node) >= 0)
		return json_number_value(node);
	fail_field(answer, key, "a rate");
	return 0;
}

const char *vtap_text_get_string(
	struct vtap_text_answer *answer, const struct json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	if (text != NULL)
		return text;
	fail_field(answer, key, "a text");
	return "";
}

const char *vtap_text_find_string(
	struct vtap_text_answer *answer, const struct json_t *object, const char *key)
{
	const json_t *node = json_object_get(object, key);

	if (!json_is_string(node) && !json_is_null(node))
		fail_field(answer, key, "a text or null");
	return json_string_value(node);
}

bool vtap_text_read_count(struct vtap_text_answer *answer, const struct json_t *object,
	const char *key, uint64_t *ret_count)
{
	if (json_is_null(json_object_get(object, key)))
		return false;
	*ret_count = vtap_text_get_count(answer, object, key);
	return answer->status == 0;
}

/* ".123456789Z" or "Z". Return: 0 and the nanoseconds, or -EINVAL. */
static int parse_fraction(const char *text, uint64_t *ret_ns)
{
	uint64_t ns = 0;
	int n_digits = 0;

	if (*text == '.') {
		for (text++; isdigit((unsigned char)*text) && n_digits < FRACTION_DIGITS; text++) {
			ns = ns * 10 + (uint64_t)(*text - '0');
			n_digits++;
		}
	}
	if (strcmp(text, "Z") != 0)
		return -EINVAL;
	for (; n_digits > 0 && n_digits < FRACTION_DIGITS; n_digits++)
		ns *= 10;
	*ret_ns = ns;
	return 0;
}

/* "2026-11-20T09:14:03.123456789Z". Return: 0 and ns since 1970, or -EINVAL. */
static int parse_time(const char *text, uint64_t *ret_ns)
{
	struct tm tm = { 0 };
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	uint64_t fraction_ns;

	if (rest == NULL || parse_fraction(rest, &fraction_ns) < 0)
		return -EINVAL;
	time_t seconds = timegm(&tm);
	if (seconds < 0 || (uint64_t)seconds >= UINT64_MAX / VTAP_NS_PER_S)
		return -EINVAL;
	*ret_ns = (uint64_t)seconds * VTAP_NS_PER_S + fraction_ns;
	return 0;
}

bool vtap_text_read_time(struct vtap_text_answer *answer, const struct json_t *object,
	const char *key, uint64_t *ret_ns)
{
	const json_t *node = json_object_get(object, key);

	if (json_is_null(node))
		return false;
	if (json_is_string(node) && parse_time(json_string_value(node), ret_ns) == 0)
		return true;
	fail_field(answer, key, "a time in UTC or null");
	return false;
}

const struct json_t *vtap_text_get_object(
	struct vtap_text_answer *answer, const struct json_t *object, const char *key)
{
	const json_t *node = json_object_get(object, key);

	if (json_is_object(node))
		return node;
	fail_field(answer, key, "an object");
	return NULL;
}

const struct json_t *vtap_text_find_object(
	struct vtap_text_answer *answer, const struct json_t *object, const char *key)
{
	if (json_is_null(json_object_get(object, key)))
		return NULL;
	return vtap_text_get_object(answer, object, key);
}

const struct json_t *vtap_text_get_list(
	struct vtap_text_answer *answer, const struct json_t *object, const char *key)
{
	const json_t *node = json_object_get(object, key);

	if (json_is_array(node))
		return node;
	fail_field(answer, key, "a list");
	return NULL;
}

const struct json_t *vtap_text_find_list(
	struct vtap_text_answer *answer, const struct json_t *object, const char *key)
{
	if (json_is_null(json_object_get(object, key)))
		return NULL;
	return vtap_text_get_list(answer, object, key);
}

size_t vtap_text_list_len(const struct json_t *list)
{
	return json_array_size(list);
}

const struct json_t *vtap_text_list_object(
	struct vtap_text_answer *answer, const struct json_t *list, size_t i)
{
	const json_t *node = json_array_get(list, i);

	if (json_is_object(node))
		return node;
	(void)vtap_text_answer_fail(answer, -EPROTO, /* sticks; asked at the end */
		"the daemon's answer is not understood: item %zu of a list is not an object", i);
	return NULL;
}

const char *vtap_text_list_string(
	struct vtap_text_answer *answer, const struct json_t *list, size_t i)
{
	const char *text = json_string_value(json_array_get(list, i));

	if (text != NULL)
		return text;
	(void)vtap_text_answer_fail(answer, -EPROTO, /* sticks; asked at the end */
		"the daemon's answer is not understood: item %zu of a list is not a text", i);
	return "";
}

const char *vtap_text_next_key(const struct json_t *object, const char *key)
{
	json_t *walked =
		(json_t *)object; /* jansson's iterators take no const; nothing is changed */
	void *at = key == NULL ? json_object_iter(walked)
			       : json_object_iter_next(walked, json_object_iter_at(walked, key));

	return json_object_iter_key(at);
}
