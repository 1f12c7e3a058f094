// SPDX-License-Identifier: Apache-2.0
/*
 * Law: a sensor is called by the program that has its socket open, else by its user, unless that is
 * root; it is looked for once. Nothing in a name drives a terminal or is taken for two names.
 */
#include "tests/unit/cmocka_with.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "daemon/sensor_names.h"

#define INDEX 7

/** Any time will do: what counts is how far apart two are. */
#define LATER_NS (3600 * VTAP_NS_PER_S)

/** In /etc/passwd of every Debian: user 1 is daemon. */
#define UID_DAEMON 1

/** Nobody has these inodes: sockets get theirs in order. */
#define NOBODYS_INODE(i) (UINT64_MAX - (i))

/** More descriptors than one look follows */
#define HOARD 10001

/** Steps in which all processes of this host are looked through */
#define LOOKS_MAX 100

struct program {
	pid_t pid;
	uint64_t inode;
};

/* As many more descriptors of a socket. Return: 0: there cannot be so many. */
static uint64_t hoard(int fd, unsigned n)
{
	struct rlimit limit = { .rlim_cur = 0 };

	(void)getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	for (unsigned i = 0; i < n; i++)
		if (dup(fd) < 0)
			return 0;
	return 1;
}

/* A child that calls itself @name and has a socket that nobody else has, and @n_more descriptors of
 * it. Its inode is 0 where it may not. */
static struct program program_start_with(const char *name, unsigned n_more)
{
	struct program program = { .pid = -1 };
	int pipe_fds[2];
	struct stat st;

	assert_int_equal(pipe(pipe_fds), 0);
	program.pid = fork();
	assert_true(program.pid >= 0);
	if (program.pid == 0) {
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);
		uint64_t inode = fstat(fd, &st) == 0 ? st.st_ino * hoard(fd, n_more) : 0;

		(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nothing */
		(void)prctl(PR_SET_NAME, name);
		(void)!write(pipe_fds[1], &inode, sizeof(inode)); /* seen by who reads */
		for (;;)
			(void)pause();
	}
	assert_int_equal(
		read(pipe_fds[0], &program.inode, sizeof(program.inode)), sizeof(program.inode));
	(void)close(pipe_fds[0]);
	(void)close(pipe_fds[1]);
	return program;
}

static struct program program_start(const char *name)
{
	struct program program = program_start_with(name, 0);

	assert_true(program.inode != 0);
	return program;
}

static void program_stop(const struct program *program)
{
	assert_int_equal(kill(program->pid, SIGKILL), 0);
	assert_int_equal(waitpid(program->pid, NULL, 0), program->pid);
}

static struct vtap_sensor sensor_of(uint64_t inode, uid_t uid)
{
	return (struct vtap_sensor){ .index = INDEX, .uid = uid, .inode = inode };
}

/* What is told of their interface. */
static void assert_told(const struct vtap_sensor_names *names, struct vtap_sensor *sensor, size_t n,
	const char *wanted)
{
	struct vtap_sensors sensors = { .sensor = sensor, .n = n };
	_auto_free char *text = vtap_sensor_names_format(names, &sensors, INDEX);

	assert_string_equal(text != NULL ? text : "(none)", wanted);
}

static void look(
	struct vtap_sensor_names *names, struct vtap_sensor *sensor, size_t n, uint64_t now_ns)
{
	struct vtap_sensors sensors = { .sensor = sensor, .n = n };

	(void)vtap_sensors_claim(&sensors, INDEX); /* all of them */
	vtap_sensor_names_look(names, &sensors, now_ns);
}

/* A look at these sockets, through all processes of this host. */
static void assert_named(struct vtap_sensor_names *names, struct vtap_sensor *sensor, size_t n,
	uint64_t now_ns, const char *wanted)
{
	look(names, sensor, n, now_ns);
	for (unsigned i = 0; i < LOOKS_MAX && names->looked_pid > 0; i++)
		look(names, sensor, n, names->due_ns);
	assert_told(names, sensor, n, wanted);
}

static void test_sensor_when_a_program_has_it_open_then_it_has_its_name(void **state)
{
	struct vtap_sensor_names names = { 0 };
	struct program program = program_start("suricata");
	struct vtap_sensor sensor[] = { sensor_of(program.inode, UID_DAEMON) };

	(void)state;
	assert_named(&names, sensor, 1, LATER_NS, "suricata");
	program_stop(&program);
	vtap_sensor_names_done(&names);
}

static void test_sensor_when_it_is_known_then_it_is_not_looked_for_again(void **state)
{
	struct vtap_sensor_names names = { 0 };
	struct program program = program_start("suricata");
	struct vtap_sensor sensor[] = { sensor_of(program.inode, UID_DAEMON) };

	(void)state;
	assert_named(&names, sensor, 1, LATER_NS, "suricata");
	program_stop(&program);
	assert_named(&names, sensor, 1, 2 * LATER_NS, "suricata");
	assert_true(names.due_ns < 2 * LATER_NS);
	assert_named(&names, sensor, 0, 3 * LATER_NS, "(none)");
	assert_int_equal(names.n, 0);
	assert_named(&names, sensor, 1, 4 * LATER_NS, "daemon");
	vtap_sensor_names_done(&names);
}

static void test_sensor_when_it_is_new_within_a_second_then_it_is_looked_for_later(void **state)
{
	struct vtap_sensor_names names = { 0 };
	struct vtap_sensor sensor[] = { sensor_of(NOBODYS_INODE(0), UID_DAEMON),
		sensor_of(NOBODYS_INODE(1), UID_DAEMON) };

	(void)state;
	assert_named(&names, sensor, 1, LATER_NS, "daemon");
	assert_named(&names, &sensor[1], 1, names.due_ns - 1, "(none)");
	assert_named(&names, &sensor[1], 1, names.due_ns, "daemon");
	vtap_sensor_names_done(&names);
}

static void test_sensor_when_nobody_tells_then_its_user_or_nothing(void **state)
{
	struct vtap_sensor_names names = { 0 };
	struct vtap_sensor sensor[] = { sensor_of(NOBODYS_INODE(0), 0),
		sensor_of(NOBODYS_INODE(1), UID_DAEMON),
		sensor_of(NOBODYS_INODE(2), (uid_t)-2) }; /* who is not in the file */

	(void)state;
	assert_named(&names, sensor, 1, LATER_NS, "(none)");
	assert_named(&names, sensor, 3, 2 * LATER_NS, "daemon");
	vtap_sensor_names_done(&names);
}

static void test_sensors_when_of_several_programs_then_who_has_most_stands_first(void **state)
{
	struct vtap_sensor_names names = { 0 };
	struct program zeek = program_start("zeek"), arkime = program_start("arkime");
	struct vtap_sensor sensor[] = { sensor_of(zeek.inode, 0),
		sensor_of(NOBODYS_INODE(0), UID_DAEMON), sensor_of(NOBODYS_INODE(1), UID_DAEMON),
		sensor_of(arkime.inode, 0) };

	(void)state;
	assert_named(&names, sensor, VTAP_ARRAY_LEN(sensor), LATER_NS, "daemon, arkime, zeek");
	program_stop(&zeek);
	program_stop(&arkime);
	vtap_sensor_names_done(&names);
}

static void test_sensor_when_its_program_calls_itself_evil_then_nothing_of_it_is_left(void **state)
{
	struct vtap_sensor_names names = { 0 };
	struct program program = program_start("\033[2Ja, b\xff");
	struct vtap_sensor sensor[] = { sensor_of(program.inode, 0) };

	(void)state;
	assert_named(&names, sensor, 1, LATER_NS, "?[2Ja? b?");
	program_stop(&program);
	vtap_sensor_names_done(&names);
}

/* A process that has so many descriptors open that nobody looks behind it in one go. */
static void test_sensor_when_a_look_is_cut_then_the_next_one_goes_on_behind(void **state)
{
	struct vtap_sensor_names names = { 0 };
	struct program hog = program_start_with("hog", HOARD);
	struct program suricata = program_start("suricata");
	struct vtap_sensor sensor[] = { sensor_of(suricata.inode, UID_DAEMON) };
	bool may_hoard = hog.inode != 0;

	(void)state;
	if (suricata.pid > hog.pid && may_hoard) { /* mostly: numbers begin anew some day */
		look(&names, sensor, 1, LATER_NS);
		assert_told(&names, sensor, 1, "(none)");
		assert_true(names.looked_pid > 0 && names.due_ns >= LATER_NS + VTAP_NS_PER_S);
	}
	assert_named(&names, sensor, 1, 2 * LATER_NS, "suricata");
	assert_int_equal(names.looked_pid, 0);
	program_stop(&hog);
	program_stop(&suricata);
	if (!may_hoard)
		skip(); /* so many descriptors are not permitted */
	vtap_sensor_names_done(&names);
}

static void test_sensor_when_its_interface_is_not_ours_then_nobody_looks_for_it(void **state)
{
	struct vtap_sensor_names names = { 0 };
	struct vtap_sensor sensor[] = { sensor_of(NOBODYS_INODE(0), UID_DAEMON) };
	struct vtap_sensors sensors = { .sensor = sensor, .n = 1 };

	(void)state;
	vtap_sensor_names_look(&names, &sensors, LATER_NS); /* nobody claimed it */
	assert_int_equal(names.n, 0);
	assert_int_equal(names.due_ns, 0);
	vtap_sensor_names_done(&names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sensor_when_a_program_has_it_open_then_it_has_its_name),
		cmocka_unit_test(test_sensor_when_it_is_known_then_it_is_not_looked_for_again),
		cmocka_unit_test(
			test_sensor_when_it_is_new_within_a_second_then_it_is_looked_for_later),
		cmocka_unit_test(test_sensor_when_nobody_tells_then_its_user_or_nothing),
		cmocka_unit_test(
			test_sensors_when_of_several_programs_then_who_has_most_stands_first),
		cmocka_unit_test(
			test_sensor_when_its_program_calls_itself_evil_then_nothing_of_it_is_left),
		cmocka_unit_test(test_sensor_when_a_look_is_cut_then_the_next_one_goes_on_behind),
		cmocka_unit_test(
			test_sensor_when_its_interface_is_not_ours_then_nobody_looks_for_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
