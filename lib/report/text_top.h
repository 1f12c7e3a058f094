/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `vtapctl top`: rates of targets and sessions out of successive status answers, and the screen
 * that shows them. Pure: whoever asks the daemon and owns the terminal is daemon/ctl/top.c.
 *
 * How it works. An answer is compared with the one before: a rate is the difference of a counter
 * over that of the daemon's own clock, so neither a late answer nor a slow terminal bends it. Where
 * there is no former counter (the first answer, a new session, another daemon), or a counter that
 * fell, the rate is not known and shown as "-", never as 0. The rates of the last minute are kept a
 * second each.
 */
#pragma once

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/** enum vtap_text_order - by what sessions are sorted, the most of it first; NAME: by the alphabet
 */
enum vtap_text_order {
	VTAP_TEXT_ORDER_FRAMES,
	VTAP_TEXT_ORDER_BITS,
	VTAP_TEXT_ORDER_DROPS,
	VTAP_TEXT_ORDER_NAME,
	VTAP_TEXT_ORDER_COUNT
};

/** vtap_text_order_of_key() - of 'f', 'b', 'd', 'n'. Return: ORDER_COUNT for any other. */
enum vtap_text_order vtap_text_order_of_key(char key);

/** struct vtap_text_top_view - what a screen looks like */
struct vtap_text_top_view {
	size_t width;  /* columns; 0: as many as it takes, and no charts */
	size_t height; /* lines; 0: all of them, and no keys */
	bool has_color;
	bool has_utf8; /* else charts are made of ASCII */
	enum vtap_text_order order;
	unsigned interval_s;
	const char *trouble; /* lines: why there is nothing to show now; or NULL */
};

struct vtap_text_top;

/** vtap_text_top_new() - nothing is known yet. Return: 0, -ENOMEM. */
int vtap_text_top_new(struct vtap_text_top **ret_top);

/** vtap_text_top_free() - NULL is allowed */
void vtap_text_top_free(struct vtap_text_top *top);
VTAP_FREEP(text_top, struct vtap_text_top, vtap_text_top_free)

/**
 * vtap_text_top_take() - the next answer to GET /v1/status; one that comes too soon after the
 * one before is left out: a rate of so short a time says nothing
 * Return: 0; -EPROTO when it is not understood, -ENOMEM (everything is as before).
 */
int vtap_text_top_take(struct vtap_text_top *top, const char *json, struct vtap_err *err);

/**
 * vtap_text_top_draw() - the screen: lines without blanks at their ends, none wider than the view
 *
 * Of sessions only as many as fit; the last of them is followed by the number of the others. Time
 * is that of the daemon, in the time zone that the process has loaded.
 * Return: 0, -ENOMEM, -EIO.
 */
int vtap_text_top_draw(
	const struct vtap_text_top *top, const struct vtap_text_top_view *view, FILE *out);
