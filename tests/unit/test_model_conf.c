// SPDX-License-Identifier: Apache-2.0
/* Law: all of the daemon agrees on which interfaces a target names. */
#include "tests/unit/cmocka_with.h"

#include "model/conf.h"

struct name_row {
	const char *name;
	bool is_named;
};

static void test_target_when_names_and_globs_then_names_those(void **state)
{
	static const struct name_row table[] = {
		{ "ens5", true },
		{ "eth0", true },
		{ "eth1", false },
		{ "ens", false },
		{ "xens5", false },
		{ "", false },
	};
	char glob[] = "ens?*", name[] = "eth0";
	char *underlays[] = { glob, name };
	const struct vtap_target target = { .underlays = underlays, .n_underlays = 2 };

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(table); i++)
		assert_row(vtap_target_names(&target, table[i].name) == table[i].is_named, i);
}

static void test_target_when_auto_then_names_none(void **state)
{
	const struct vtap_target target = { .n_underlays = 0 };

	(void)state;
	assert_false(vtap_target_names(&target, "ens5"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_target_when_names_and_globs_then_names_those),
		cmocka_unit_test(test_target_when_auto_then_names_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
