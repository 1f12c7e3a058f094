/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading one JSON answer. The first mistake sticks: it is kept in @status and in the sentence, and
 * every later question is answered with nothing (0, "", an empty list), so that a renderer reads
 * field after field and asks once at the end. All strings and nodes are borrowed from the answer.
 */
#pragma once

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_t; /* jansson's; only text_answer.c looks inside */

struct vtap_text_answer {
	struct json_t *root;  /* owned; NULL before open and after close */
	struct vtap_err *err; /* borrowed, may be NULL */
	int status;           /* 0, or the first failure */
};

#define VTAP_TEXT_ANSWER_NULL                                                                      \
	{                                                                                          \
		.root = NULL, .err = NULL, .status = 0                                             \
	}

/**
 * vtap_text_answer_open() - parse an answer and check its version
 * @err: keeps until close
 * Return: 0; -EPROTO when it is no JSON object of version 1; -EINVAL without text.
 */
int vtap_text_answer_open(struct vtap_text_answer *answer, const char *json, struct vtap_err *err);

/** vtap_text_answer_close() - release the answer; may run twice */
void vtap_text_answer_close(struct vtap_text_answer *answer);

/** vtap_text_answer_fail() - make @code stick unless something failed before. Return: the status.
 */
int vtap_text_answer_fail(struct vtap_text_answer *answer, int code, const char *fmt, ...)
	VTAP_PRINTF(3, 4);

/** vtap_text_has() - is there such a field, null included? Never fails. */
bool vtap_text_has(const struct json_t *object, const char *key);

/** vtap_text_get_count() - an integer of 0 or more */
uint64_t vtap_text_get_count(
	struct vtap_text_answer *answer, const struct json_t *object, const char *key);

/** vtap_text_get_bool() - true or false */
bool vtap_text_get_bool(
	struct vtap_text_answer *answer, const struct json_t *object, const char *key);

/** vtap_text_get_rate() - a number of 0 or more */
double vtap_text_get_rate(
	struct vtap_text_answer *answer, const struct json_t *object, const char *key);

/** vtap_text_get_string() - a string, "" on failure */
const char *vtap_text_get_string(
	struct vtap_text_answer *answer, const struct json_t *object, const char *key);

/** vtap_text_find_string() - a string, or NULL where the answer says null */
const char *vtap_text_find_string(
	struct vtap_text_answer *answer, const struct json_t *object, const char *key);

/** vtap_text_read_count() - like get_count, null allowed. Return: is there a number in *ret_count?
 */
bool vtap_text_read_count(struct vtap_text_answer *answer, const struct json_t *object,
	const char *key, uint64_t *ret_count);

/** vtap_text_read_time() - a time as ns since 1970, null allowed. Return: is there one? */
bool vtap_text_read_time(struct vtap_text_answer *answer, const struct json_t *object,
	const char *key, uint64_t *ret_ns);

/** vtap_text_get_object() - an object; NULL, which all functions here take as empty, on failure */
const struct json_t *vtap_text_get_object(
	struct vtap_text_answer *answer, const struct json_t *object, const char *key);

/** vtap_text_find_object() - an object, or NULL where the answer says null */
const struct json_t *vtap_text_find_object(
	struct vtap_text_answer *answer, const struct json_t *object, const char *key);

/** vtap_text_get_list() - a list; NULL, which has no items, on failure */
const struct json_t *vtap_text_get_list(
	struct vtap_text_answer *answer, const struct json_t *object, const char *key);

/** vtap_text_find_list() - a list, or NULL where the answer says null */
const struct json_t *vtap_text_find_list(
	struct vtap_text_answer *answer, const struct json_t *object, const char *key);

/** vtap_text_list_len() - items in a list */
size_t vtap_text_list_len(const struct json_t *list);

/** vtap_text_list_object() - item @i of a list of objects */
const struct json_t *vtap_text_list_object(
	struct vtap_text_answer *answer, const struct json_t *list, size_t i);

/** vtap_text_list_string() - item @i of a list of strings, "" on failure */
const char *vtap_text_list_string(
	struct vtap_text_answer *answer, const struct json_t *list, size_t i);

/** vtap_text_next_key() - walk the keys of an object in the order of the answer; @key NULL starts.
 * Return: the key after @key, or NULL at the end. */
const char *vtap_text_next_key(const struct json_t *object, const char *key);
