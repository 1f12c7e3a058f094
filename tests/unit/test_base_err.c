// SPDX-License-Identifier: Apache-2.0
/* Law: whoever tells of a failure has words for it, whatever whoever failed could still say. */
#include "tests/unit/cmocka_with.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"

static void test_err_when_it_has_a_sentence_then_that_is_told(void **state)
{
	struct vtap_err err = VTAP_ERR_NULL;

	(void)state;
	assert_int_equal(vtap_err_set(&err, -EPERM, "open %s", "x"), -EPERM);
	assert_string_equal(vtap_err_text(&err, -EPERM), "open x");
	assert_int_equal(vtap_err_add(&err, -EPERM, "start"), -EPERM);
	assert_string_equal(vtap_err_text(&err, -EPERM), "start: open x");
}

static void test_err_when_it_has_none_then_the_code_is_told(void **state)
{
	const struct vtap_err err = VTAP_ERR_NULL;

	(void)state;
	assert_string_equal(vtap_err_text(&err, -ENOMEM), vtap_errno_text(ENOMEM));
	assert_string_equal(vtap_err_text(&err, ENOMEM), vtap_errno_text(ENOMEM));
	assert_true(strlen(vtap_errno_text(-ENOMEM)) > 0);
	assert_string_equal(vtap_errno_text(-99999), "unknown error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_err_when_it_has_a_sentence_then_that_is_told),
		cmocka_unit_test(test_err_when_it_has_none_then_the_code_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
