/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A kernel that does not take the code by which the guard notes conversations, as another version's
 * verifier might not: libbpf's call is answered before it gets there. Whoever includes this is in
 * its way, as a program of the test's or preloaded into vtapd.
 *
 * What this cannot show: which kernels do that.
 */
#pragma once

#include <dlfcn.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/** VERIFIER_SAYS - at the end of its log, as a refusal of Linux 5.15 reads */
#define VERIFIER_SAYS "R2 tried to add from different pointers or scalars"

#define VERIFIER_ARGS 6

/** verifier_error - what it refuses the program with; 0: it takes it. Its includer says when. */
static int verifier_error(void);

/** verifier_n_refused - how often it did */
static unsigned verifier_n_refused;

static inline int verifier_ask(long number, const long arg[VERIFIER_ARGS])
{
	const union bpf_attr *attr = (const union bpf_attr *)arg[1]; /* NOLINT: so it is passed */
	int error = 0;

	if (number == SYS_bpf && arg[0] == BPF_PROG_LOAD &&
		strcmp(attr->prog_name, "vtapd_guard_in") == 0)
		error = verifier_error();
	if (error != 0 && attr->log_level > 0 && attr->log_buf != 0)
		(void)snprintf((char *)(uintptr_t)attr->log_buf, attr->log_size, /* fits */
			"0: R1=ctx R10=fp0\n" VERIFIER_SAYS
			"\nprocessed 1 insns (limit 1000000)\n");
	verifier_n_refused += error != 0;
	return error;
}

long syscall(long number, ...);

long syscall(long number, ...)
{
	static long (*next)(long, ...);
	long arg[VERIFIER_ARGS];
	va_list args;
	int error;

	va_start(args, number);
	for (int i = 0; i < VERIFIER_ARGS; i++)
		arg[i] = va_arg(args, long);
	va_end(args);
	error = verifier_ask(number, arg);
	if (error != 0) {
		errno = error;
		return -1;
	}
	if (next == NULL)
		*(void **)&next = dlsym(RTLD_NEXT, "syscall");
	return next(number, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
}
