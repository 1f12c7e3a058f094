// SPDX-License-Identifier: Apache-2.0
#include "daemon/usage.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/clock.h"

static uint64_t time_ns(const struct timeval *time)
{
	return (uint64_t)time->tv_sec * VTAP_NS_PER_S + (uint64_t)time->tv_usec * VTAP_NS_PER_US;
}

/* Of all threads. */
static uint64_t cpu_read(void)
{
	struct rusage usage;

	if (getrusage(RUSAGE_SELF, &usage) < 0)
		return 0;
	return time_ns(&usage.ru_utime) + time_ns(&usage.ru_stime);
}

/* Pages in all, then those in RAM. Source: proc(5), /proc/pid/statm */
static uint64_t resident_read(void)
{
	_auto_file FILE *file = fopen("/proc/self/statm", "re");
	unsigned long long n_pages;

	/* NOLINTNEXTLINE(cert-err34-c): the kernel's own number */
	if (file == NULL || fscanf(file, "%*u %llu", &n_pages) != 1)
		return 0;
	return n_pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* So many the process has room for. Source: proc(5), FDSize of /proc/pid/status; 0: not known */
static int fds_room(void)
{
	_auto_file FILE *file = fopen("/proc/self/status", "re");
	char line[256];
	int n = 0;

	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		if (sscanf(line, "FDSize: %d", &n) == 1) /* NOLINT(cert-err34-c): as above */
			return n;
	return 0;
}

/* One by one: the folder would make an entry for each when it is read, which takes longer. */
static uint64_t fds_count(void)
{
	uint64_t n = 0;

	for (int fd = 0, end = fds_room(); fd < end; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* The folder's size is their number since Linux 6.2 (kernel fs/proc/fd.c, proc_fd_getattr()); 0
 * before. */
static uint64_t fds_read(void)
{
	struct stat status;

	if (stat("/proc/self/fd", &status) == 0 && status.st_size > 0)
		return (uint64_t)status.st_size;
	return fds_count();
}

void vtap_usage_read(struct vtap_report_process *process)
{
	process->cpu_ns = cpu_read();
	process->resident_bytes = resident_read();
	process->n_fds = fds_read();
}
