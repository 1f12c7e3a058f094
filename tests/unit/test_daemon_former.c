// SPDX-License-Identifier: Apache-2.0
/*
 * Law: what is written is read again the same; a line that is damaged costs that line alone, and
 * the file is there as a whole or not at all. A device is found again whatever it is called, and
 * another one is not taken for it.
 */
#include "tests/unit/cmocka_with.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/former.h"
#include "daemon/log.h"
#include "model/device.h"

static const uint8_t MAC[VTAP_MAC_BYTES] = { 0x02, 0, 0, 0, 0x0a, 0xff };
static const uint8_t NONE[VTAP_MAC_BYTES] = { 0 };

static char folder[64];
static char *path;

static int folder_make(void **state)
{
	(void)state;
	(void)snprintf(folder, sizeof(folder), "/tmp/vtapd-former-XXXXXX"); /* fits */
	if (mkdtemp(folder) == NULL)
		return -1;
	path = vtap_former_path(folder);
	return path == NULL ? -1 : 0;
}

static int folder_remove(void **state)
{
	(void)state;
	(void)unlink(path); /* some tests leave none */
	free(path);
	return rmdir(folder);
}

static void file_make(const char *text, size_t n)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, n, file), n);
	assert_int_equal(fclose(file), 0);
}

static void test_line_when_parsed_then_name_and_bits_or_nothing(void **state)
{
	static const struct {
		const char *line;
		bool is_whole;
		const char *name;
		unsigned merging;
	} ROWS[] = {
		{ "eth0 2 02:00:00:00:0a:ff gro", true, "eth0", VTAP_MERGING_GRO },
		{ "eth0 2 02:00:00:00:0a:ff gro lro gro-hw", true, "eth0", VTAP_MERGING_ALL },
		{ "ens5 2 02:00:00:00:0a:ff gro-hw gro", true, "ens5",
			VTAP_MERGING_GRO | VTAP_MERGING_GRO_HW },
		{ "eth1 2 02:00:00:00:0a:ff none", true, "eth1", 0 },
		{ "abcdefghijklmno 2 02:00:00:00:0a:ff lro", true, "abcdefghijklmno",
			VTAP_MERGING_LRO },
		{ "abcdefghijklmnop 2 02:00:00:00:0a:ff lro", false, NULL, 0 },
		{ "eth0", false, NULL, 0 },
		{ "eth0 gro", false, NULL, 0 },
		{ "eth0 2", false, NULL, 0 },
		{ "eth0 2 02:00:00:00:0a:ff", false, NULL, 0 }, /* cut: what was on is not known */
		{ "eth0 2 02:00:00:00:0a:ff ", false, NULL, 0 },
		{ "eth0 2 02:00:00:00:0a:ff gr", false, NULL, 0 },
		{ "eth0 2 02:00:00:00:0a:ff gro rx", false, NULL, 0 },
		{ "eth0 2 02:00:00:00:0a:ff none gro", false, NULL, 0 },
		{ "eth0 2 02:00:00:00:0a:ff gro none", false, NULL, 0 },
		{ "eth0 0 02:00:00:00:0a:ff gro", false, NULL, 0 },
		{ "eth0 -2 02:00:00:00:0a:ff gro", false, NULL, 0 },
		{ "eth0 +2 02:00:00:00:0a:ff gro", false, NULL, 0 },
		{ "eth0 2x 02:00:00:00:0a:ff gro", false, NULL, 0 },
		{ "eth0 2147483648 02:00:00:00:0a:ff gro", false, NULL, 0 },
		{ "eth0 99999999999999999999 02:00:00:00:0a:ff gro", false, NULL, 0 },
		{ "eth0 2 02:00:00:00:0a:ff: gro", false, NULL, 0 },
		{ "eth0 2 02:00:00:00:0a:f gro", false, NULL, 0 },
		{ "eth0 2 02:00:00:00:0a:fg gro", false, NULL, 0 },
		{ "eth0 2 02:00:00:00:0A:FF gro", false, NULL, 0 },
		{ "eth0 2 02:00:00:00-0a:ff gro", false, NULL, 0 },
		{ "eth0 2 02:00:00:00:0aff: gro", false, NULL, 0 },
		{ "", false, NULL, 0 },
		{ " ", false, NULL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(ROWS); i++) {
		struct vtap_former former = { .name = "?" };
		char line[2 * VTAP_FORMER_LINE_MAX];

		(void)snprintf(line, sizeof(line), "%s", ROWS[i].line); /* fits */
		assert_row(vtap_former_parse(line, &former) == ROWS[i].is_whole, i);
		assert_row(strcmp(former.name, ROWS[i].is_whole ? ROWS[i].name : "?") == 0, i);
		assert_row(former.merging == ROWS[i].merging, i);
		assert_row(former.index == (ROWS[i].is_whole ? 2 : 0), i);
		assert_row(memcmp(former.mac, ROWS[i].is_whole ? MAC : NONE, sizeof(MAC)) == 0, i);
	}
}

/* What a memory of eth0, index 2 and MAC 7, finds among one or two devices. */
static void test_device_when_sought_then_two_of_three_agree_or_the_mac_is_its_own(void **state)
{
	static const struct {
		uint8_t mac; /* of the memory; 0: none */
		struct {
			int index;
			uint8_t mac;
			const char *name;
		} device[2];
		int found; /* index; 0: nothing */
	} ROWS[] = {
		{ 7, { { 2, 7, "eth0" }, { 3, 8, "eth1" } }, 2 },
		{ 7, { { 2, 7, "lan0" }, { 3, 8, "eth0" } }, 2 }, /* renamed, and the name given */
		{ 7, { { 2, 9, "eth0" }, { 3, 8, "eth1" } }, 2 }, /* given another MAC */
		{ 7, { { 2, 8, "eth1" }, { 3, 7, "eth0" } }, 3 }, /* plugged back */
		{ 7, { { 3, 7, "bond0" }, { 4, 7, "eth0" } }, 4 },
		{ 7, { { 4, 7, "eth0" }, { 5, 7, "bond0" } }, 4 },
		{ 7, { { 3, 7, "lan0" }, { 4, 8, "eth0" } }, 3 }, /* both */
		{ 7, { { 3, 7, "lan0" }, { 4, 7, "lan1" } }, 0 }, /* which? */
		{ 7, { { 3, 8, "eth0" } }, 0 },                   /* another one */
		{ 7, { { 2, 8, "eth1" } }, 0 }, { 7, { { 3, 0, "eth0" } }, 0 },
		{ 0, { { 2, 0, "tun1" }, { 3, 0, "eth0" } }, 3 }, { 0, { { 2, 0, "eth0" } }, 2 },
		{ 0, { { 2, 0, "tun1" } }, 0 }, /* having no MAC is nothing in common */
	};

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(ROWS); i++) {
		const struct vtap_former former = {
			.name = "eth0", .index = 2, .mac = { ROWS[i].mac }
		};
		struct vtap_device device[2] = { 0 };
		const struct vtap_devices devices = {
			.device = device,
			.n = ROWS[i].device[1].name != NULL ? 2 : 1,
		};
		const struct vtap_device *found;

		for (size_t j = 0; j < devices.n; j++) {
			device[j].index = ROWS[i].device[j].index;
			device[j].mac[0] = ROWS[i].device[j].mac;
			(void)snprintf(device[j].name, sizeof(device[j].name), "%s", /* fits */
				ROWS[i].device[j].name);
		}
		found = vtap_former_find(&former, &devices);
		assert_row((found != NULL ? found->index : 0) == ROWS[i].found, i);
	}
}

static void test_file_when_saved_then_loaded_the_same(void **state)
{
	const struct vtap_former saved[] = {
		{ "eth0", 2, { 0x02, 0x01, 0x20, 0xab, 0xcd, 0xef }, VTAP_MERGING_GRO },
		{ "eth1", 3, { 0 }, 0 },
		{ "abcdefghijklmno", INT_MAX, { 0xfe, 1, 2, 3, 4, 5 }, VTAP_MERGING_ALL },
	};
	_auto_free struct vtap_former *loaded = NULL;
	size_t n = 0;

	(void)state;
	for (int i = 0; i < 2; i++) /* also over a former one */
		assert_int_equal(vtap_former_save(path, saved, VTAP_ARRAY_LEN(saved), NULL), 0);
	assert_int_equal(vtap_former_load(path, &loaded, &n, NULL), 0);
	assert_int_equal(n, VTAP_ARRAY_LEN(saved));
	for (size_t i = 0; i < n; i++) {
		assert_row(strcmp(loaded[i].name, saved[i].name) == 0, i);
		assert_row(loaded[i].index == saved[i].index, i);
		assert_row(memcmp(loaded[i].mac, saved[i].mac, sizeof(MAC)) == 0, i);
		assert_row(loaded[i].merging == saved[i].merging, i);
	}
}

static void test_file_when_there_is_nothing_to_remember_then_it_is_removed(void **state)
{
	_auto_free struct vtap_former *loaded = NULL;
	size_t n = 7;

	(void)state;
	file_make("eth0 gro\n", 9);
	for (int i = 0; i < 2; i++)
		assert_int_equal(vtap_former_save(path, NULL, 0, NULL), 0);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(vtap_former_load(path, &loaded, &n, NULL), 0);
	assert_int_equal(n, 0);
}

static void test_file_when_lines_are_damaged_then_the_others_count(void **state)
{
	static const char TEXT[] =
		"eth0 2 02:00:00:00:00:01 gro\n\n\x1b[31m 3 02:00:00:00:00:02 gro\n"
		"lo\0 4 02:00:00:00:00:03 gro\neth0 5 02:00:00:00:00:04 none\n"
		"eth1 6 02:00:00:00:00:05 none\neth2 7 02:00:00:00:00:06 gr";
	_auto_free struct vtap_former *loaded = NULL;
	size_t n = 0;

	(void)state;
	file_make(TEXT, sizeof(TEXT) - 1);
	assert_int_equal(vtap_former_load(path, &loaded, &n, NULL), 0);
	assert_int_equal(n, 3);
	assert_string_equal(loaded[0].name, "eth0");
	assert_int_equal(loaded[0].merging, VTAP_MERGING_GRO); /* the first of two */
	assert_string_equal(loaded[1].name, "\x1b[31m");       /* an interface may be called so */
	assert_string_equal(loaded[2].name, "eth1");
}

static void test_file_when_cut_within_a_word_then_that_line_is_not_believed(void **state)
{
	static const char TEXT[] = "eth0 2 02:00:00:00:00:01 gro gro-hw"; /* was: gro gro-hw lro */
	_auto_free struct vtap_former *loaded = NULL;
	size_t n = 7;

	(void)state;
	file_make(TEXT, sizeof(TEXT) - 1);
	assert_int_equal(vtap_former_load(path, &loaded, &n, NULL), 0);
	assert_int_equal(n, 0);
}

static void test_file_when_it_cannot_be_written_then_the_former_one_stays(void **state)
{
	const struct vtap_former former = { .name = "eth0", .merging = 0 };
	struct vtap_err err = VTAP_ERR_NULL;

	(void)state;
	assert_int_equal(vtap_former_save("/nonexistent/offloads", &former, 1, &err), -ENOENT);
	assert_string_equal(err.text, "write /nonexistent/offloads: No such file or directory");
}

static void test_file_when_a_link_waits_in_its_place_then_it_is_not_followed(void **state)
{
	const struct vtap_former former = { .name = "eth0", .merging = 0 };
	char temporary[96], victim[96];
	struct stat stat_of;

	(void)state;
	(void)snprintf(temporary, sizeof(temporary), "%s.new", path); /* fits */
	(void)snprintf(victim, sizeof(victim), "%s/victim", folder);  /* fits */
	assert_int_equal(symlink(victim, temporary), 0);
	assert_int_equal(vtap_former_save(path, &former, 1, NULL), 0);
	assert_int_equal(access(victim, F_OK), -1);
	assert_int_equal(lstat(path, &stat_of), 0);
	assert_true(S_ISREG(stat_of.st_mode));
}

static void test_file_when_it_is_a_link_or_no_file_then_nothing_of_it_is_read(void **state)
{
	_auto_free struct vtap_former *former = NULL;
	struct vtap_err err = VTAP_ERR_NULL;
	char victim[96];
	size_t n = 0;

	(void)state;
	(void)snprintf(victim, sizeof(victim), "%s/victim", folder); /* fits */
	file_make("eth0 gro\n", 9);
	assert_int_equal(rename(path, victim), 0);
	assert_int_equal(symlink(victim, path), 0);
	assert_int_equal(vtap_former_load(path, &former, &n, &err), -ELOOP);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(vtap_former_load(path, &former, &n, &err), -EINVAL);
	assert_null(former);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(unlink(victim), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line_when_parsed_then_name_and_bits_or_nothing),
		cmocka_unit_test(
			test_device_when_sought_then_two_of_three_agree_or_the_mac_is_its_own),
		cmocka_unit_test(test_file_when_saved_then_loaded_the_same),
		cmocka_unit_test(test_file_when_there_is_nothing_to_remember_then_it_is_removed),
		cmocka_unit_test(test_file_when_lines_are_damaged_then_the_others_count),
		cmocka_unit_test(test_file_when_cut_within_a_word_then_that_line_is_not_believed),
		cmocka_unit_test(test_file_when_it_cannot_be_written_then_the_former_one_stays),
		cmocka_unit_test(test_file_when_a_link_waits_in_its_place_then_it_is_not_followed),
		cmocka_unit_test(test_file_when_it_is_a_link_or_no_file_then_nothing_of_it_is_read),
	};

	vtap_log_init();
	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
