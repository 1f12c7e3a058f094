// SPDX-License-Identifier: Apache-2.0
/*
 * Law: a driver's own statistics are found by their names and read at their places; an interface
 * that has none, or is gone, is told from one that lacks a name.
 */
#include <errno.h>
#include <sys/wait.h>

#include "tests/unit/cmocka_with.h"
#include "tests/unit/tc.h"

#include "netlink/nic.h"

/* What veth has, on every kernel since 4.20: its only statistic that tells something. */
static const char *const WANTED[] = { "peer_ifindex", "no_such_statistic" };

static int veth_make(void)
{
	return system("ip link add left type veth peer name right 2>/dev/null");
}

static void test_statistics_when_the_driver_has_them_then_read_by_name(void **state)
{
	struct vtap_nic nic = { 0 };
	uint64_t value[2] = { 4711, 4711 };

	(void)state;
	if (veth_make() != 0)
		skip(); /* a kernel without veth */
	assert_int_equal(vtap_nic_find("left", WANTED, VTAP_ARRAY_LEN(WANTED), &nic, NULL), 0);
	assert_true(nic.n_stats > 0 && nic.place[0] < nic.n_stats);
	assert_int_equal(nic.place[1], VTAP_NIC_NONE);
	assert_int_equal(vtap_nic_read("left", &nic, VTAP_ARRAY_LEN(WANTED), value, NULL), 0);
	assert_int_equal(value[0], if_nametoindex("right"));
	assert_int_equal(value[1], 0);
	by_hand("ip link del left");
}

static void test_statistics_when_their_number_changed_then_to_be_looked_up_anew(void **state)
{
	struct vtap_nic nic = { 0 };
	uint64_t value[2] = { 4711, 4711 };

	(void)state;
	if (veth_make() != 0)
		skip();
	assert_int_equal(vtap_nic_find("left", WANTED, VTAP_ARRAY_LEN(WANTED), &nic, NULL), 0);
	nic.n_stats++;
	assert_int_equal(
		vtap_nic_read("left", &nic, VTAP_ARRAY_LEN(WANTED), value, NULL), VTAP_NIC_CHANGED);
	assert_int_equal(value[0], 4711);
	by_hand("ip link del left");
}

/* Return: exit status: 0, all was told. */
static int read_without_rights(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };
	struct vtap_nic nic = { 0 };
	uint64_t value[2];

	if (syscall(SYS_capset, &header, none) < 0 || vtap_rights_have(CAP_NET_ADMIN))
		return 1;
	if (vtap_nic_find("left", WANTED, VTAP_ARRAY_LEN(WANTED), &nic, NULL) < 0)
		return 2;
	return vtap_nic_read("left", &nic, VTAP_ARRAY_LEN(WANTED), value, NULL) < 0 ? 3 : 0;
}

static void test_statistics_when_read_without_any_capability_then_told_all_the_same(void **state)
{
	int status = -1;
	pid_t pid;

	(void)state;
	if (veth_make() != 0)
		skip();
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(read_without_rights());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	by_hand("ip link del left");
}

static void test_statistics_when_there_are_none_then_said_so(void **state)
{
	struct vtap_err err = VTAP_ERR_NULL;
	struct vtap_nic nic = { 0 };

	(void)state;
	assert_int_equal(vtap_nic_find("lo", WANTED, 2, &nic, &err), -EOPNOTSUPP);
	assert_non_null(strstr(err.text, "lo"));
	assert_int_equal(vtap_nic_find("gone", WANTED, 2, &nic, &err), -ENODEV);
	assert_non_null(strstr(err.text, "gone"));
	assert_int_equal(vtap_nic_find("a-name-that-is-too-long", WANTED, 2, &nic, &err), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_statistics_when_the_driver_has_them_then_read_by_name),
		cmocka_unit_test(
			test_statistics_when_their_number_changed_then_to_be_looked_up_anew),
		cmocka_unit_test(
			test_statistics_when_read_without_any_capability_then_told_all_the_same),
		cmocka_unit_test(test_statistics_when_there_are_none_then_said_so),
	};

	hands_or_skip();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
