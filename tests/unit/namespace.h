/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A network namespace for the calling process, so that no test touches the host's interfaces or
 * ports: as root with CLONE_NEWNET, else with a user namespace too. Loopback is up in it. Before
 * any thread is started.
 */
#pragma once

#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"

/** TEST_SKIP - tests/CMakeLists.txt */
#define TEST_SKIP 77

/** test_skip() - leave, and say which right or module is missing */
static inline void test_skip(const char *what, const char *why)
{
	(void)printf("skipped: %s: %s\n", what, why); /* nobody to tell otherwise */
	exit(TEST_SKIP);
}

static inline int loopback_up(void)
{
	_auto_fd int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };

	if (fd < 0)
		return -errno;
	return ioctl(fd, SIOCSIFFLAGS, &request) < 0 ? -errno : 0;
}

/** namespace_enter() - Return: 0 or negative errno */
static inline int namespace_enter(void)
{
	int flags = CLONE_NEWNET | (geteuid() != 0 ? CLONE_NEWUSER : 0);

	if (unshare(flags) < 0)
		return -errno;
	return loopback_up();
}

/** namespace_enter_or_skip() - or the whole test is skipped */
static inline void namespace_enter_or_skip(void)
{
	int r = namespace_enter();

	if (r < 0)
		test_skip("a network namespace", strerror(-r));
}

/** TEST_DEADLINE_NS - how long a condition may take; a wait ends when it is true */
#define TEST_DEADLINE_NS (20 * VTAP_NS_PER_S)

/** wait_more() - has the deadline not passed? Lets others run for a moment. */
static inline bool wait_more(uint64_t *deadline_ns)
{
	if (*deadline_ns == 0)
		*deadline_ns = vtap_clock_mono_ns() + TEST_DEADLINE_NS;
	(void)poll(NULL, 0, 1); /* a condition is asked again, never slept for */
	return vtap_clock_mono_ns() < *deadline_ns;
}
