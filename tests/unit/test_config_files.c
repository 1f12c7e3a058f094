// SPDX-License-Identifier: Apache-2.0
/*
 * Law: only regular files that nobody else may write are read, in an order that does not depend on
 * the machine, and whatever else lies in conf.d never hangs or ends the daemon.
 */
#include "tests/unit/config_folder.h"

#include <sys/socket.h>
#include <sys/un.h>

static void main_file_write(const struct folder *folder)
{
	folder_write(folder, "vtapd.conf", "[session a]\nvni = 1\n");
}

static void test_main_file_when_missing_then_refused(void **state)
{
	assert_mistakes(*state, "vtapd.conf: cannot be opened: No such file or directory\n");
}

static void test_folder_when_missing_then_no_mistake(void **state)
{
	_auto(conf) const struct vtap_conf *conf = NULL;

	main_file_write(*state);
	conf = assert_loads(*state);
	assert_int_equal(conf->n_files, 1);
}

static void test_folder_when_it_is_a_file_then_refused(void **state)
{
	main_file_write(*state);
	folder_write(*state, "conf.d", "");
	assert_mistakes(*state, "conf.d: cannot be read: Not a directory\n");
}

static void test_files_when_read_then_in_the_order_of_their_bytes(void **state)
{
	static const char *const names[] = { "conf.d/B.conf", "conf.d/a.conf", "conf.d/10.conf",
		"conf.d/9.conf", "conf.d/_.conf" };
	static const char *const sorted[] = { "vtapd.conf", "10.conf", "9.conf", "B.conf", "_.conf",
		"a.conf" };
	_auto(conf) const struct vtap_conf *conf = NULL;

	main_file_write(*state);
	for (size_t i = 0; i < VTAP_ARRAY_LEN(names); i++)
		folder_write(*state, names[i], "");
	conf = assert_loads(*state);
	assert_int_equal(conf->n_files, VTAP_ARRAY_LEN(sorted));
	for (size_t i = 0; i < VTAP_ARRAY_LEN(sorted); i++)
		assert_string_equal(strrchr(conf->files[i].path, '/') + 1, sorted[i]);
}

static void test_files_when_not_named_conf_then_passed_over(void **state)
{
	static const char *const names[] = { "conf.d/.a.conf", "conf.d/a.conf~",
		"conf.d/a.conf.bak", "conf.d/a", "conf.d/aconf", "conf.d/.conf", "conf.d/README" };
	_auto(conf) const struct vtap_conf *conf = NULL;

	main_file_write(*state);
	for (size_t i = 0; i < VTAP_ARRAY_LEN(names); i++)
		folder_write(*state, names[i], "rubbish\n");
	conf = assert_loads(*state);
	assert_int_equal(conf->n_files, 1);
}

static void socket_make(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_auto_fd int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_true(strlen(path) < sizeof(address.sun_path));
	strcpy(address.sun_path, path);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
}

static void test_files_when_not_regular_then_refused_without_waiting(void **state)
{
	_auto_free char *pipe = folder_path(*state, "conf.d/a.conf");
	_auto_free char *folder = folder_path(*state, "conf.d/b.conf");
	_auto_free char *device = folder_path(*state, "conf.d/c.conf");
	_auto_free char *nowhere = folder_path(*state, "conf.d/d.conf");
	_auto_free char *socket_path = folder_path(*state, "conf.d/e.conf");

	main_file_write(*state);
	assert_int_equal(mkfifo(pipe, 0644), 0);
	assert_int_equal(mkdir(folder, 0755), 0);
	assert_int_equal(symlink("/dev/zero", device), 0);
	assert_int_equal(symlink("nowhere", nowhere), 0);
	socket_make(socket_path);
	assert_mistakes(*state, "conf.d/a.conf: not a regular file\n"
				"conf.d/b.conf: not a regular file\n"
				"conf.d/c.conf: not a regular file\n"
				"conf.d/d.conf: cannot be opened: No such file or directory\n"
				"conf.d/e.conf: cannot be opened: No such device or address\n");
}

static void test_file_when_others_may_write_it_then_refused(void **state)
{
	static const mode_t modes[] = { 0664, 0646, 0666 };
	_auto_free char *path = folder_path(*state, "vtapd.conf");

	main_file_write(*state);
	for (size_t i = 0; i < VTAP_ARRAY_LEN(modes); i++) {
		char wanted[256];

		assert_int_equal(chmod(path, modes[i]), 0);
		(void)snprintf(wanted, sizeof(wanted), /* fits */
			"vtapd.conf: mode %04o; only root may be able to change it: chmod go-w "
			"%s\n",
			modes[i], path);
		assert_mistakes(*state, wanted);
	}
}

static void test_file_when_it_belongs_to_somebody_else_then_refused(void **state)
{
	_auto_free char *path = folder_path(*state, "vtapd.conf");
	uid_t owner = geteuid() != 0 ? geteuid() : 65534;
	_auto_loaded struct loaded loaded = { 0 };
	char wanted[256];

	main_file_write(*state);
	if (geteuid() == 0)
		assert_int_equal(chown(path, owner, (gid_t)-1), 0);
	loaded = folder_load_trusting(*state, owner + 1);
	(void)snprintf(wanted, sizeof(wanted), /* fits */
		"vtapd.conf: belongs to uid %u; only root may be able to change it: chown root "
		"%s\n",
		owner, path);
	assert_string_equal(loaded.mistakes, wanted);
	assert_int_equal(loaded.outcome, VTAP_LOAD_REFUSED);
}

static void test_file_when_it_belongs_to_the_trusted_user_then_read(void **state)
{
	_auto_free char *path = folder_path(*state, "vtapd.conf");
	uid_t owner = geteuid() != 0 ? geteuid() : 65534;
	_auto_loaded struct loaded loaded = { 0 };

	main_file_write(*state);
	if (geteuid() == 0)
		assert_int_equal(chown(path, owner, (gid_t)-1), 0);
	loaded = folder_load_trusting(*state, owner);
	assert_string_equal(loaded.mistakes, "");
	assert_int_equal(loaded.outcome, 0);
}

static void test_file_when_not_readable_then_refused(void **state)
{
	_auto_free char *path = NULL;

	if (geteuid() == 0)
		skip(); /* root reads everything */
	path = folder_path(*state, "conf.d/a.conf");
	main_file_write(*state);
	folder_write(*state, "conf.d/a.conf", "");
	assert_int_equal(chmod(path, 0200), 0);
	assert_mistakes(*state, "conf.d/a.conf: cannot be opened: Permission denied\n");
}

static void test_file_when_huge_then_refused_unread(void **state)
{
	_auto_free char *path = folder_path(*state, "vtapd.conf");

	main_file_write(*state);
	assert_int_equal(truncate(path, (off_t)VTAP_FILE_BYTES_MAX + 1), 0); /* a hole */
	assert_mistakes(*state, "vtapd.conf: larger than 16 MiB\n");
}

/* The hash of a file of the configuration, which loads. */
static uint64_t file_hash(const struct folder *folder, const char *name)
{
	_auto(conf) const struct vtap_conf *conf = assert_loads(folder);

	for (size_t i = 0; i < conf->n_files; i++)
		if (strcmp(strrchr(conf->files[i].path, '/') + 1, name) == 0)
			return conf->files[i].hash;
	print_error("%s was not read\n", name);
	return 0;
}

static void test_file_when_a_byte_changes_then_its_hash_does_and_no_other(void **state)
{
	uint64_t main_hash, before, after, empty;

	main_file_write(*state);
	folder_write(*state, "conf.d/b.conf", "; a comment\n");
	main_hash = file_hash(*state, "vtapd.conf");
	before = file_hash(*state, "b.conf");
	assert_int_equal(file_hash(*state, "b.conf"), before);
	folder_write(*state, "conf.d/b.conf", "; a commenT\n");
	after = file_hash(*state, "b.conf");
	folder_write(*state, "conf.d/b.conf", "");
	empty = file_hash(*state, "b.conf");
	assert_true(before != after && after != empty && empty != before);
	assert_true(before != 0 && after != 0 && empty != 0);
	assert_int_equal(file_hash(*state, "vtapd.conf"), main_hash);
}

static void test_folder_when_others_may_write_it_then_refused(void **state)
{
	_auto_free char *path = folder_path(*state, "conf.d");
	char wanted[256];

	main_file_write(*state);
	folder_write(*state, "conf.d/a.conf", "");
	assert_int_equal(chmod(path, 0777), 0);
	(void)snprintf(wanted, sizeof(wanted), /* fits */
		"conf.d: mode 0777; only root may be able to change it: chmod go-w %s\n", path);
	assert_mistakes(*state, wanted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_folder(test_main_file_when_missing_then_refused),
		in_folder(test_folder_when_missing_then_no_mistake),
		in_folder(test_folder_when_it_is_a_file_then_refused),
		in_folder(test_folder_when_others_may_write_it_then_refused),
		in_folder(test_files_when_read_then_in_the_order_of_their_bytes),
		in_folder(test_files_when_not_named_conf_then_passed_over),
		in_folder(test_files_when_not_regular_then_refused_without_waiting),
		in_folder(test_file_when_others_may_write_it_then_refused),
		in_folder(test_file_when_it_belongs_to_somebody_else_then_refused),
		in_folder(test_file_when_it_belongs_to_the_trusted_user_then_read),
		in_folder(test_file_when_not_readable_then_refused),
		in_folder(test_file_when_huge_then_refused_unread),
		in_folder(test_file_when_a_byte_changes_then_its_hash_does_and_no_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
