// SPDX-License-Identifier: Apache-2.0
/*
 * Law: a drain is quiet when less than 1 % of the rate before, or less than 10 packets a second,
 * came for 15 s on end; what was asked for outlives the process in a file.
 */
#include "tests/unit/cmocka_with.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "daemon/drain.h"

#define T0   (1000 * VTAP_NS_PER_S)
#define WALL 1795169100000000000ULL

static char folder[64];
static char *path;

static int folder_make(void **state)
{
	(void)state;
	(void)snprintf(folder, sizeof(folder), "/tmp/vtapd-drain-XXXXXX"); /* fits */
	if (mkdtemp(folder) == NULL)
		return -1;
	path = vtap_text_format("%s/drain", folder);
	return path == NULL ? -1 : 0;
}

static int folder_remove(void **state)
{
	(void)state;
	(void)unlink(path); /* some tests leave none */
	free(path);
	return rmdir(folder);
}

/* One sample a second at @rate, from @from_s on. Return: was it quiet at the end? */
static bool run(struct vtap_drain *drain, double rate, unsigned from_s, unsigned seconds)
{
	for (unsigned i = 0; i <= seconds; i++)
		vtap_drain_sample(drain, rate, 0, 0, T0 + (from_s + i) * VTAP_NS_PER_S);
	return vtap_drain_is_quiet(drain, T0 + (from_s + seconds) * VTAP_NS_PER_S);
}

static struct vtap_drain begun(double rate_before)
{
	struct vtap_drain drain = { .rate = rate_before };

	assert_int_equal(vtap_drain_begin(&drain, path, NULL, T0, WALL, NULL), 0);
	return drain;
}

static void test_drain_when_below_a_hundredth_for_15_s_then_quiet(void **state)
{
	struct vtap_drain drain = begun(200000);

	(void)state;
	assert_false(run(&drain, 1999, 0, 14));
	assert_true(run(&drain, 1999, 15, 0));
}

static void test_drain_when_a_hundredth_or_more_then_not_quiet(void **state)
{
	struct vtap_drain drain = begun(200000);

	(void)state;
	assert_false(run(&drain, 2000, 0, 60));
}

static void test_drain_when_one_second_is_loud_then_the_15_s_begin_again(void **state)
{
	struct vtap_drain drain = begun(200000);

	(void)state;
	assert_false(run(&drain, 100, 0, 14));
	assert_false(run(&drain, 50000, 15, 0));
	assert_false(run(&drain, 100, 16, 14));
	assert_true(run(&drain, 100, 31, 0));
}

static void test_drain_when_little_came_before_then_10_a_second_is_quiet(void **state)
{
	struct vtap_drain drain = begun(20);

	(void)state;
	assert_true(run(&drain, 9.5, 0, 15));
	assert_false(run(&drain, 10.5, 16, 15));
}

static void test_drain_when_off_then_never_quiet(void **state)
{
	struct vtap_drain drain = { 0 };

	(void)state;
	assert_false(run(&drain, 0, 0, 60));
}

static void test_drain_when_loaded_again_then_reason_time_and_rate_are_the_same(void **state)
{
	struct vtap_drain drain = { .rate = 215525 }, loaded;

	(void)state;
	assert_int_equal(
		vtap_drain_begin(&drain, path, "suricata 7.0.11 \xc3\xa4", T0, WALL, NULL), 0);
	assert_int_equal(vtap_drain_load(&loaded, path, T0 + 5, NULL), 0);
	assert_true(loaded.is_on);
	assert_string_equal(loaded.reason, "suricata 7.0.11 \xc3\xa4");
	assert_true(loaded.since_wall_ns == WALL);
	assert_true(loaded.rate_before == 215525);
	assert_false(run(&loaded, 2155, 0, 14));
	assert_true(run(&loaded, 2155, 15, 0));
}

static void test_drain_when_ended_then_the_next_process_knows_nothing(void **state)
{
	struct vtap_drain drain = begun(1), loaded;

	(void)state;
	assert_int_equal(vtap_drain_end(&drain, path, NULL), 0);
	assert_false(drain.is_on);
	assert_int_equal(vtap_drain_load(&loaded, path, T0, NULL), 0);
	assert_false(loaded.is_on);
	assert_int_equal(vtap_drain_end(&drain, path, NULL), 0);
}

static void test_drain_when_the_file_is_cut_then_it_drains_all_the_same(void **state)
{
	struct vtap_drain loaded;
	FILE *file = fopen(path, "we");

	(void)state;
	assert_non_null(file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(vtap_drain_load(&loaded, path, T0, NULL), 0);
	assert_true(loaded.is_on);
	assert_string_equal(loaded.reason, "");
}

static void test_drain_when_the_folder_is_gone_then_it_drains_and_says_so(void **state)
{
	struct vtap_drain drain = { 0 };
	struct vtap_err err = VTAP_ERR_NULL;

	(void)state;
	assert_int_equal(
		vtap_drain_begin(&drain, "/nonexistent/drain", NULL, T0, WALL, &err), -ENOENT);
	assert_true(drain.is_on);
	assert_string_equal(err.text, "write /nonexistent/drain: No such file or directory");
}

static void test_drain_when_asked_again_then_only_the_reason_changes(void **state)
{
	struct vtap_drain drain = begun(500);

	(void)state;
	(void)run(&drain, 1, 0, 3);
	assert_int_equal(vtap_drain_begin(&drain, path, "later", T0 + 9, WALL + 9, NULL), 0);
	assert_string_equal(drain.reason, "later");
	assert_true(drain.since_wall_ns == WALL && drain.rate_before == 500);
	assert_true(drain.since_ns == T0 && drain.asked_ns == T0 + 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_drain_when_below_a_hundredth_for_15_s_then_quiet),
		cmocka_unit_test(test_drain_when_a_hundredth_or_more_then_not_quiet),
		cmocka_unit_test(test_drain_when_one_second_is_loud_then_the_15_s_begin_again),
		cmocka_unit_test(test_drain_when_little_came_before_then_10_a_second_is_quiet),
		cmocka_unit_test(test_drain_when_off_then_never_quiet),
		cmocka_unit_test(
			test_drain_when_loaded_again_then_reason_time_and_rate_are_the_same),
		cmocka_unit_test(test_drain_when_ended_then_the_next_process_knows_nothing),
		cmocka_unit_test(test_drain_when_the_file_is_cut_then_it_drains_all_the_same),
		cmocka_unit_test(test_drain_when_the_folder_is_gone_then_it_drains_and_says_so),
		cmocka_unit_test(test_drain_when_asked_again_then_only_the_reason_changes),
	};

	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
