/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The detail behind a failed call, for people. Functions return 0, a negative errno, or a positive
 * outcome that their header lists; the sentence travels beside it and is printed at the edge.
 */
#pragma once

#include "base/cleanup.h"

/** VTAP_ERR_MAX - bytes of an error sentence with its final NUL; longer ones are cut */
#define VTAP_ERR_MAX 320

struct vtap_err {
	char text[VTAP_ERR_MAX]; /* one sentence without a final full stop, or "" */
};

#define VTAP_ERR_NULL                                                                              \
	{                                                                                          \
		.text = ""                                                                         \
	}

/**
 * vtap_err_set() - write the sentence and hand the code on
 * @err:  where to write, may be NULL
 * @code: the negative errno (or positive outcome) that the caller returns
 * @fmt:  printf format: what was tried, on what, what came back
 * Return: @code, so that `return vtap_err_set(err, -EPERM, …)` reads as one step.
 */
int vtap_err_set(struct vtap_err *err, int code, const char *fmt, ...) VTAP_PRINTF(3, 4);

/** vtap_err_add() - put words in front of the sentence, "words: sentence". Return: @code. */
int vtap_err_add(struct vtap_err *err, int code, const char *fmt, ...) VTAP_PRINTF(3, 4);

/** vtap_err_text() - the sentence; where there is none (there was no memory for more, say) the C
 * library's words for @code. Borrowed from @err. */
const char *vtap_err_text(const struct vtap_err *err, int code);

/** vtap_errno_text() - the C library's words for a negative or positive errno; thread-safe */
const char *vtap_errno_text(int code);
