// SPDX-License-Identifier: Apache-2.0
/* Law: one daemon for each network namespace, whoever runs it, and none is left behind by a crash.
 */
#include "tests/unit/cmocka_with.h"
#include "tests/unit/namespace.h"

#include <signal.h>
#include <sys/wait.h>

#include "daemon/lock.h"

static void test_lock_when_free_then_taken_once(void **state)
{
	_auto_fd int fd = -1, second = -1;
	pid_t owner = 0;

	(void)state;
	assert_int_equal(vtap_lock_owner(&owner, NULL), -ESRCH);
	assert_int_equal(vtap_lock_take(&fd, NULL), 0);
	assert_true(fd >= 0);
	assert_int_equal(vtap_lock_take(&second, NULL), VTAP_LOCK_HELD);
	assert_int_equal(second, -1);
	assert_int_equal(vtap_lock_owner(&owner, NULL), 0);
	assert_int_equal(owner, getpid());
}

static void test_lock_when_closed_then_free_again(void **state)
{
	pid_t owner = 0;

	(void)state;
	for (int i = 0; i < 3; i++) {
		_auto_fd int fd = -1;

		assert_row(vtap_lock_take(&fd, NULL) == 0, i);
	}
	assert_int_equal(vtap_lock_owner(&owner, NULL), -ESRCH);
}

/* Runs @child in a process of its own. Return: its exit status. */
static int in_child(int (*child)(void))
{
	int status = -1;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(child());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int child_take(void)
{
	int fd = -1;

	return vtap_lock_take(&fd, NULL); /* and dies without closing it */
}

static int child_take_elsewhere(void)
{
	int fd = -1;

	return unshare(CLONE_NEWNET) < 0 ? 99 : vtap_lock_take(&fd, NULL);
}

static void test_lock_when_its_process_dies_then_free_again(void **state)
{
	_auto_fd int fd = -1;

	(void)state;
	assert_int_equal(in_child(child_take), 0);
	assert_int_equal(vtap_lock_take(&fd, NULL), 0);
	assert_int_equal(in_child(child_take), VTAP_LOCK_HELD);
}

static void test_lock_when_another_namespace_then_another_lock(void **state)
{
	_auto_fd int fd = -1;

	(void)state;
	assert_int_equal(vtap_lock_take(&fd, NULL), 0);
	assert_int_equal(in_child(child_take_elsewhere), 0);
}

static int child_take_as_a_stranger(void)
{
	int fd = -1;

	if (setresuid(4711, 4711, 4711) < 0 || vtap_lock_take(&fd, NULL) != 0)
		return 99;
	return pause(); /* until it is told to go */
}

static void test_lock_when_a_stranger_holds_it_then_he_is_not_believed(void **state)
{
	struct vtap_err err = VTAP_ERR_NULL;
	uint64_t deadline_ns = 0;
	pid_t owner = 0, stranger;
	int r;

	(void)state;
	if (geteuid() != 0)
		skip(); /* only root can be somebody else */
	stranger = fork();
	if (stranger == 0)
		_exit(child_take_as_a_stranger());
	do
		r = vtap_lock_owner(&owner, &err);
	while (r == -ESRCH && wait_more(&deadline_ns));
	assert_int_equal(kill(stranger, SIGKILL), 0);
	assert_int_equal(waitpid(stranger, NULL, 0), stranger);
	assert_int_equal(r, -EPERM);
	assert_non_null(strstr(err.text, "of uid 4711, which is not vtapd's"));
}

static void test_lock_when_asked_often_then_every_answer_comes(void **state)
{
	_auto_fd int fd = -1;
	pid_t owner;

	(void)state;
	assert_int_equal(vtap_lock_take(&fd, NULL), 0);
	for (int i = 0; i < 10000; i++) { /* more than any queue of connections */
		owner = 0;
		assert_row(vtap_lock_owner(&owner, NULL) == 0 && owner == getpid(), i);
		vtap_lock_answer(fd);
	}
	vtap_lock_answer(fd); /* nobody is there: returns at once */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lock_when_free_then_taken_once),
		cmocka_unit_test(test_lock_when_closed_then_free_again),
		cmocka_unit_test(test_lock_when_its_process_dies_then_free_again),
		cmocka_unit_test(test_lock_when_another_namespace_then_another_lock),
		cmocka_unit_test(test_lock_when_a_stranger_holds_it_then_he_is_not_believed),
		cmocka_unit_test(test_lock_when_asked_often_then_every_answer_comes),
	};

	namespace_enter_or_skip();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
