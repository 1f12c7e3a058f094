// SPDX-License-Identifier: Apache-2.0
#include "datapath/thread.h"

#include <signal.h>
#include <stdint.h>
#include <unistd.h>

int vtap_thread_start(pthread_t *ret_thread, const char *name, void *(*run)(void *arg), void *arg)
{
	sigset_t all, before;
	pthread_t thread;
	int r;

	(void)sigfillset(&all); /* cannot fail */
	(void)pthread_sigmask(
		SIG_SETMASK, &all, &before); /* inherited by the thread; cannot fail */
	r = pthread_create(&thread, NULL, run, arg);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL); /* cannot fail */
	if (r != 0)
		return -r;
	(void)pthread_setname_np(thread, name); /* for ps only */
	*ret_thread = thread;
	return 0;
}

void vtap_thread_wake(int wake_fd)
{
	static const uint64_t ONE = 1;

	(void)!write(wake_fd, &ONE, sizeof(ONE)); /* an eventfd takes it */
}

void vtap_thread_woken(int wake_fd)
{
	uint64_t count;

	(void)!read(wake_fd, &count, sizeof(count)); /* it only wakes */
}
