// SPDX-License-Identifier: Apache-2.0
/*
 * Law: every condition has an id and a message id that nobody else has, and says what is the case,
 * what it costs and what to do.
 */
#include "tests/unit/cmocka_with.h"

#include <string.h>

#include "base/err.h"
#include "report/condition.h"
#include "tests/unit/pasteable.h"

#define ID_ALPHABET    "abcdefghijklmnopqrstuvwxyz-"
#define HEX_ALPHABET   "0123456789abcdef"
#define MESSAGE_ID_LEN 32

static const struct vtap_condition_row *row_of(int i)
{
	return vtap_condition_row((enum vtap_condition)i);
}

static bool is_of(const char *text, const char *alphabet)
{
	return text[0] != '\0' && text[strspn(text, alphabet)] == '\0';
}

static void test_condition_when_any_then_its_ids_are_well_formed_and_its_own(void **state)
{
	(void)state;
	for (int i = 0; i < VTAP_CONDITION_COUNT; i++) {
		assert_row(is_of(row_of(i)->id, ID_ALPHABET), i);
		assert_row(is_of(row_of(i)->message_id, HEX_ALPHABET), i);
		assert_row(strlen(row_of(i)->message_id) == MESSAGE_ID_LEN, i);
		for (int j = 0; j < i; j++) {
			assert_row(strcmp(row_of(i)->id, row_of(j)->id) != 0, i);
			assert_row(strcmp(row_of(i)->message_id, row_of(j)->message_id) != 0, i);
		}
	}
}

static bool has_full_stop(const char *text)
{
	return text[strlen(text) - 1] == '.';
}

static void test_condition_when_any_then_its_sentences_are_there(void **state)
{
	(void)state;
	for (int i = 0; i < VTAP_CONDITION_COUNT; i++) {
		const struct vtap_condition_row *row = row_of(i);

		assert_row(row->severity < VTAP_SEVERITY_COUNT, i);
		assert_row(row->meaning[0] != '\0' && !has_full_stop(row->meaning), i);
		assert_row(row->cause[0] != '\0' && has_full_stop(row->cause), i);
		assert_row(row->remedy[0] != '\0' && !has_full_stop(row->remedy), i);
		assert_row(strlen(row->remedy) < VTAP_ERR_MAX, i); /* a finding has it whole */
		assert_row(strchr(row->meaning, '\n') == NULL, i);
		assert_row(strchr(row->cause, '\n') == NULL, i);
		assert_row(strchr(row->remedy, '\n') == NULL, i);
	}
}

static void test_condition_when_any_then_its_remedy_can_be_pasted(void **state)
{
	(void)state;
	for (int i = 0; i < VTAP_CONDITION_COUNT; i++)
		assert_pasteable(row_of(i)->remedy, false);
}

static void test_condition_when_looked_for_by_its_id_then_found(void **state)
{
	(void)state;
	for (int i = 0; i < VTAP_CONDITION_COUNT; i++)
		assert_row(vtap_condition_find(row_of(i)->id) == (enum vtap_condition)i, i);
	assert_int_equal(vtap_condition_find("no-such"), VTAP_CONDITION_COUNT);
	assert_int_equal(vtap_condition_find(""), VTAP_CONDITION_COUNT);
}

static void test_severity_when_any_then_it_has_a_word(void **state)
{
	(void)state;
	for (int i = 0; i < VTAP_SEVERITY_COUNT; i++)
		assert_row(is_of(vtap_severity_name((enum vtap_severity)i), ID_ALPHABET), i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_condition_when_any_then_its_ids_are_well_formed_and_its_own),
		cmocka_unit_test(test_condition_when_any_then_its_sentences_are_there),
		cmocka_unit_test(test_condition_when_any_then_its_remedy_can_be_pasted),
		cmocka_unit_test(test_condition_when_looked_for_by_its_id_then_found),
		cmocka_unit_test(test_severity_when_any_then_it_has_a_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
