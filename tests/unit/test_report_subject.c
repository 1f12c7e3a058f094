// SPDX-License-Identifier: Apache-2.0
/* Law: those who share a name are told apart by their kind, everywhere alike. */
#include "tests/unit/cmocka_with.h"

#include <string.h>

#include "report/subject.h"

static void test_subject_when_of_another_kind_then_it_is_another_one(void **state)
{
	struct vtap_subject session = vtap_subject_session("web");
	struct vtap_subject target = vtap_subject_target("web");

	(void)state;
	assert_true(vtap_subject_is(&session, VTAP_SUBJECT_SESSION, "web"));
	assert_false(vtap_subject_is(&session, VTAP_SUBJECT_TARGET, "web"));
	assert_false(vtap_subject_is(&session, VTAP_SUBJECT_SESSION, "we"));
	assert_int_equal(vtap_subject_compare(&session, &session), 0);
	assert_true(vtap_subject_compare(&target, &session) < 0);
	assert_true(vtap_subject_compare(&session, &target) > 0);
}

static void test_subjects_when_sorted_then_by_name_first(void **state)
{
	struct vtap_subject a = vtap_subject_interface("a");
	struct vtap_subject b = vtap_subject_target("b");
	const struct vtap_subject host = { 0 };

	(void)state;
	assert_int_equal(host.kind, VTAP_SUBJECT_HOST);
	assert_true(vtap_subject_compare(&host, &a) < 0);
	assert_true(vtap_subject_compare(&a, &b) < 0);
}

static void test_subject_when_printed_then_its_kind_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (int i = 0; i < VTAP_SUBJECT_KIND_COUNT; i++)
		for (int j = 0; j < i; j++)
			assert_string_not_equal(vtap_subject_kind_name((enum vtap_subject_kind)i),
				vtap_subject_kind_name((enum vtap_subject_kind)j));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_subject_when_of_another_kind_then_it_is_another_one),
		cmocka_unit_test(test_subjects_when_sorted_then_by_name_first),
		cmocka_unit_test(test_subject_when_printed_then_its_kind_has_a_name_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
