/* SPDX-License-Identifier: Apache-2.0 */
/* What the programs of the benchmark share: a core of their own, numbers on the command line, and a
 * way out. */
#pragma once

#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/** must() - a step without which nothing can be measured. Return: @result, never negative. */
#define must(result)                                                                               \
	({                                                                                         \
		__typeof__(result) must_result_ = (result);                                        \
		if (must_result_ < 0) {                                                            \
			(void)fprintf(stderr, "%s: %s\n", #result,                                 \
				strerror(errno)); /* there is nobody else to tell */               \
			exit(EXIT_FAILURE);                                                        \
		}                                                                                  \
		must_result_;                                                                      \
	})

/**
 * core_take() - run on one core from here on, and before everything that is not real-time
 * @i_core: the core
 *
 * What else runs on this machine would be measured otherwise. Where real-time is not permitted, it
 * is.
 */
static inline void core_take(unsigned i_core)
{
	struct sched_param priority = { .sched_priority = 1 };
	cpu_set_t cores;

	CPU_ZERO(&cores);
	CPU_SET(i_core, &cores);
	must(sched_setaffinity(0, sizeof(cores), &cores));
	(void)sched_setscheduler(0, SCHED_FIFO, &priority); /* not permitted: see above */
}

/** number_read() - a whole argument as a number, or the end of the program */
static inline uint64_t number_read(const char *text)
{
	char *end;
	unsigned long long number;

	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0') {
		(void)fprintf(stderr, "\"%s\" is not a number\n", text); /* as in must() */
		exit(64);
	}
	return number;
}
