// SPDX-License-Identifier: Apache-2.0
/* Law: what the process takes of the host is what the kernel says of it. */
#include "tests/unit/cmocka_with.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/usage.h"

/* As before Linux 6.2? Then a folder of descriptors has no size. */
static bool is_old_kernel;

int __real_stat(const char *path, struct stat *status);
int __wrap_stat(const char *path, struct stat *status);

int __wrap_stat(const char *path, struct stat *status)
{
	int r = __real_stat(path, status);

	if (is_old_kernel)
		status->st_size = 0;
	return r;
}

static void test_usage_when_read_then_nothing_is_unknown_and_the_rest_stays(void **state)
{
	struct vtap_report_process process = { .n_reloads = 5 };

	(void)state;
	vtap_usage_read(&process);
	assert_true(process.resident_bytes > 100 * 1024);
	assert_int_equal(process.resident_bytes % (uint64_t)sysconf(_SC_PAGESIZE), 0);
	assert_true(process.n_fds >= 1);
	assert_int_equal(process.n_reloads, 5);
}

static void test_usage_when_a_descriptor_is_opened_then_one_more(void **state)
{
	struct vtap_report_process before = { 0 }, after = { 0 };
	_auto_fd int fd = -1;

	(void)state;
	vtap_usage_read(&before);
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	vtap_usage_read(&after);
	assert_int_equal(after.n_fds, before.n_fds + 1);
}

static void test_usage_when_the_kernel_does_not_tell_their_number_then_they_are_counted(
	void **state)
{
	struct vtap_report_process told = { 0 }, counted = { 0 };
	_auto_fd int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	_auto_fd int far_fd = fcntl(fd, F_DUPFD_CLOEXEC, 200);

	(void)state;
	assert_true(far_fd >= 200);
	vtap_usage_read(&told);
	is_old_kernel = true;
	vtap_usage_read(&counted);
	is_old_kernel = false;
	assert_int_equal(counted.n_fds, told.n_fds);
}

static void test_usage_when_time_is_spent_then_it_rises(void **state)
{
	struct vtap_report_process before = { 0 }, after = { 0 };

	(void)state;
	vtap_usage_read(&before);
	do
		vtap_usage_read(&after);
	while (after.cpu_ns == before.cpu_ns); /* the reading itself costs time */
	assert_true(after.cpu_ns > before.cpu_ns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage_when_read_then_nothing_is_unknown_and_the_rest_stays),
		cmocka_unit_test(test_usage_when_a_descriptor_is_opened_then_one_more),
		cmocka_unit_test(
			test_usage_when_the_kernel_does_not_tell_their_number_then_they_are_counted),
		cmocka_unit_test(test_usage_when_time_is_spent_then_it_rises),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
