/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The terminal of a live command: its alternate screen, keys without waiting for a line, and the
 * signals of a process that has a terminal to give back.
 *
 * How it works. The signals that end, stop or resize are blocked and read from a descriptor, so
 * that each of them comes at a place where the terminal can be given back first. Keys that make
 * signals (Ctrl-C, Ctrl-Z) still do; Ctrl-S does not stop the output, which would keep us from
 * ending. What cannot be a terminal setting is left alone: where standard input is no terminal
 * there are no keys.
 */
#pragma once

#include "base/err.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <termios.h>

struct vtap_ctl_terminal {
	int signal_fd;
	sigset_t blocked_before;
	bool has_keys;
	struct termios before; /* with keys */
	bool is_entered;
};

#define VTAP_CTL_TERMINAL_NULL                                                                     \
	{                                                                                          \
		.signal_fd = -1, .has_keys = false, .is_entered = false                            \
	}

/** enum vtap_ctl_event - what happened at the terminal */
enum vtap_ctl_event {
	VTAP_CTL_EVENT_NONE,   /* time is up */
	VTAP_CTL_EVENT_KEY,    /* one was typed */
	VTAP_CTL_EVENT_REDRAW, /* another size, back from being stopped, or Ctrl-L */
	VTAP_CTL_EVENT_END,    /* Ctrl-C, or the terminal is gone */
	VTAP_CTL_EVENT_SIGNAL, /* somebody else ends us */
	VTAP_CTL_EVENT_COUNT
};

/** vtap_ctl_terminal_is_capable() - is standard output a terminal that knows colour and a cursor,
 * by its own word (TERM)? */
bool vtap_ctl_terminal_is_capable(void);

/** vtap_ctl_terminal_open() - block the signals and take the screen. Return: 0 or negative errno
 * with everything as before. */
int vtap_ctl_terminal_open(struct vtap_ctl_terminal *ret_terminal, struct vtap_err *err);

/** vtap_ctl_terminal_close() - give everything back; may run twice */
void vtap_ctl_terminal_close(struct vtap_ctl_terminal *terminal);

/** vtap_ctl_terminal_is_waiting() - is there an event to be taken? */
bool vtap_ctl_terminal_is_waiting(const struct vtap_ctl_terminal *terminal);

/**
 * vtap_ctl_terminal_wait() - the next event, within this time
 * @ret_key: of EVENT_KEY the key, of EVENT_SIGNAL the signal, with which the process is to end once
 *           the terminal is closed
 *
 * Being stopped (Ctrl-Z) happens inside: the screen is given back meanwhile.
 */
enum vtap_ctl_event vtap_ctl_terminal_wait(
	struct vtap_ctl_terminal *terminal, uint64_t limit_ns, int *ret_key);

/** vtap_ctl_terminal_width() - columns of the terminal that @fd is, 80 where nobody knows; 0: it is
 * none */
size_t vtap_ctl_terminal_width(int fd);

/** vtap_ctl_terminal_size() - columns and lines; 80 and 24 where nobody knows */
void vtap_ctl_terminal_size(size_t *ret_width, size_t *ret_height);

/** vtap_ctl_terminal_show() - write all of @text at once. Return: 0 or negative errno. */
int vtap_ctl_terminal_show(const char *text, size_t len_bytes);
