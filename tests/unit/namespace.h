/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A network namespace for the calling process, so that no test touches the host's interfaces or
 * ports: as root with CLONE_NEWNET, else with a user namespace too. Loopback is up in it. Before
 * any thread is started.
 */
#pragma once

#include <errno.h>
#include <fcntl.h>
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

static inline int file_write(const char *path, const char *text)
{
	_auto_fd int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 || write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

/* Who we were outside we are inside, or the kernel knows no owner for what we make:
 * user_namespaces(7). */
static inline int ids_keep(unsigned uid, unsigned gid)
{
	char uids[32], gids[32];
	int r;

	(void)snprintf(uids, sizeof(uids), "%u %u 1", uid, uid); /* fits */
	(void)snprintf(gids, sizeof(gids), "%u %u 1", gid, gid); /* fits */
	r = file_write("/proc/self/setgroups", "deny");
	if (r == 0)
		r = file_write("/proc/self/uid_map", uids);
	return r < 0 ? r : file_write("/proc/self/gid_map", gids);
}

/** namespace_enter() - Return: 0 or negative errno */
static inline int namespace_enter(void)
{
	unsigned uid = geteuid(), gid = getegid();
	int r = 0;

	if (unshare(CLONE_NEWNET | (uid != 0 ? CLONE_NEWUSER : 0)) < 0)
		return -errno;
	if (uid != 0)
		r = ids_keep(uid, gid);
	return r < 0 ? r : loopback_up();
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
