// SPDX-License-Identifier: Apache-2.0
/*
 * Law: every kind of entry in the journal has a message id that no other kind and no condition has,
 * and says what it means, what it comes from and what to do.
 */
#include "tests/unit/cmocka_with.h"

#include <string.h>

#include "daemon/event.h"
#include "tests/unit/pasteable.h"
#include "report/condition.h"

#define HEX_ALPHABET   "0123456789abcdef"
#define MESSAGE_ID_LEN 32

static const struct vtap_event_row *row_of(int i)
{
	return vtap_event_row((enum vtap_event)i);
}

static void test_event_when_any_then_its_message_id_is_its_own(void **state)
{
	(void)state;
	for (int i = 0; i < VTAP_EVENT_COUNT; i++) {
		const char *id = row_of(i)->message_id;

		assert_row(strlen(id) == MESSAGE_ID_LEN, i);
		assert_row(strspn(id, HEX_ALPHABET) == MESSAGE_ID_LEN, i);
		for (int j = 0; j < i; j++)
			assert_row(strcmp(id, row_of(j)->message_id) != 0, i);
		for (int j = 0; j < VTAP_CONDITION_COUNT; j++)
			assert_row(
				strcmp(id,
					vtap_condition_row((enum vtap_condition)j)->message_id) !=
					0,
				i);
	}
}

static bool has_full_stop(const char *text)
{
	return text[strlen(text) - 1] == '.';
}

static void test_event_when_any_then_its_sentences_are_there(void **state)
{
	(void)state;
	for (int i = 0; i < VTAP_EVENT_COUNT; i++) {
		const struct vtap_event_row *row = row_of(i);

		assert_row(row->meaning[0] != '\0' && !has_full_stop(row->meaning), i);
		assert_row(row->cause[0] != '\0' && has_full_stop(row->cause), i);
		assert_row(row->remedy[0] != '\0' && !has_full_stop(row->remedy), i);
		assert_pasteable(row->remedy, false);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_event_when_any_then_its_message_id_is_its_own),
		cmocka_unit_test(test_event_when_any_then_its_sentences_are_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
