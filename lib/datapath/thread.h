/* SPDX-License-Identifier: Apache-2.0 */
/* A thread beside the main loop, and the eventfd that wakes it, or main. */
#pragma once

#include <pthread.h>

/**
 * vtap_thread_start() - no signal reaches it: main reads them
 * @name: for ps, 1..15 bytes
 * Context: any thread. The new one has the rights of the calling one: see datapath/rights.h.
 * Return: 0; -EAGAIN when there can be no more threads; other negative errno.
 */
int vtap_thread_start(pthread_t *ret_thread, const char *name, void *(*run)(void *arg), void *arg);

/** vtap_thread_wake() - whoever polls this eventfd looks at once */
void vtap_thread_wake(int wake_fd);

/** vtap_thread_woken() - it is noted that he does: the eventfd, non-blocking, is empty again */
void vtap_thread_woken(int wake_fd);
