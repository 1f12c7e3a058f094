/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The daemon's JSON answers as text for people. A renderer never prints half: it
 * writes to @out only when the whole answer was understood.
 *
 * All renderers have one form:
 * @json: the answer's body, a NUL-terminated text with "version": 1
 * @opts: see struct vtap_text_opts
 * @out:  where the text goes; not flushed, not closed
 * @err:  the sentence behind a negative return, may be NULL
 * Context: any thread; local times use the time zone that the process has loaded.
 * Return: 0 all is well; VTAP_TEXT_NOT_READY, VTAP_TEXT_REFUSED, VTAP_TEXT_WAITING (text was
 * written); -EPROTO when a field is missing or has another type than the protocol says; -ENOMEM,
 * -EIO (nothing useful was written).
 */
#pragma once

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum {
	/* A session or target is not ready, nobody gets the packet, something is wrong, or a drain
	 * does not come to its end. */
	VTAP_TEXT_NOT_READY = 1,
	VTAP_TEXT_REFUSED = 2, /* the configuration was refused, its mistakes were written */
	VTAP_TEXT_WAITING = 3, /* the drain goes on: ask again */
};

/** struct vtap_text_drain - what was said of a drain so far, over several answers; all 0: nothing
 */
struct vtap_text_drain {
	bool has_begun;
	bool was_low;           /* when last said: below the mark where it counts as quiet */
	uint64_t said_ns;       /* when */
	double said_per_second; /* the rate */
};

struct vtap_text_opts {
	uint64_t now_ns;               /* wall clock since 1970: decides what is "today" */
	bool has_color;                /* colour the words of state; @out is a terminal */
	size_t width;                  /* columns of the terminal; 0: lines may be of any length */
	bool is_ascii;                 /* the terminal knows no UTF-8: of ours there is none */
	bool is_verbose;               /* doctor: what was checked and is well, too */
	const char *condition;         /* doctor: the one id that was asked for, or NULL */
	struct vtap_text_drain *drain; /* drain: somebody waits for its end; or NULL. Is changed. */
};

typedef int (*vtap_text_fn)(
	const char *json, const struct vtap_text_opts *opts, FILE *out, struct vtap_err *err);

/** vtap_text_status() - GET /v1/status; NOT_READY if a target or session is not ready, or it is
 * unhealthy. A drain alone is no trouble. */
int vtap_text_status(
	const char *json, const struct vtap_text_opts *opts, FILE *out, struct vtap_err *err);

/** vtap_text_show() - GET /v1/show: one session; NOT_READY if it is not ready */
int vtap_text_show(
	const char *json, const struct vtap_text_opts *opts, FILE *out, struct vtap_err *err);

/** vtap_text_match() - GET /v1/match; NOT_READY if no session gets the packet */
int vtap_text_match(
	const char *json, const struct vtap_text_opts *opts, FILE *out, struct vtap_err *err);

/** vtap_text_unknown() - GET /v1/unknown, with the remedy for the first row */
int vtap_text_unknown(
	const char *json, const struct vtap_text_opts *opts, FILE *out, struct vtap_err *err);

/** vtap_text_plan() - GET /v1/plan, 200 and 422; REFUSED with the mistakes */
int vtap_text_plan(
	const char *json, const struct vtap_text_opts *opts, FILE *out, struct vtap_err *err);

/** vtap_text_reload() - POST /v1/reload, 200 and 422; NOT_READY if somebody waits, or REFUSED */
int vtap_text_reload(
	const char *json, const struct vtap_text_opts *opts, FILE *out, struct vtap_err *err);

/** vtap_text_wait() - GET /v1/wait: silent when ready, else NOT_READY and why */
int vtap_text_wait(
	const char *json, const struct vtap_text_opts *opts, FILE *out, struct vtap_err *err);

/** vtap_text_doctor() - GET /v1/doctor; NOT_READY if anything but information holds */
int vtap_text_doctor(
	const char *json, const struct vtap_text_opts *opts, FILE *out, struct vtap_err *err);

/**
 * vtap_text_drain() - POST and GET /v1/drain: how it begins; while somebody waits, what is new
 *
 * Without opts->drain always one line and 0. With it 0 when quiet; NOT_READY when overdue, or ended
 * by somebody; else WAITING, and then a line only if something notable changed.
 */
int vtap_text_drain(
	const char *json, const struct vtap_text_opts *opts, FILE *out, struct vtap_err *err);

/** vtap_text_undrain() - POST /v1/undrain; NOT_READY if it will not be healthy then */
int vtap_text_undrain(
	const char *json, const struct vtap_text_opts *opts, FILE *out, struct vtap_err *err);

/** vtap_text_teardown() - POST /v1/teardown */
int vtap_text_teardown(
	const char *json, const struct vtap_text_opts *opts, FILE *out, struct vtap_err *err);

/** vtap_text_error() - the bare sentence of an error answer, without a newline */
int vtap_text_error(
	const char *json, const struct vtap_text_opts *opts, FILE *out, struct vtap_err *err);
