// SPDX-License-Identifier: Apache-2.0
/*
 * Law: vtapctl(8) has every condition of the register, with its severity and its meaning in the
 * same words and in the same order, and no other.
 */
#include "tests/unit/cmocka_with.h"

#include <string.h>

#include "base/text.h"
#include "report/condition.h"

/* @ret_text: heap */
static void manual_read(char **ret_text)
{
	size_t size = 0;
	_auto_file FILE *file = fopen(VTAPD_SOURCE_DIR "/daemon/ctl/vtapctl.8", "re");

	assert_non_null(file);
	*ret_text = NULL;
	assert_true(getdelim(ret_text, &size, '\0', file) > 0);
}

/* The items of the section's list. */
static char *conditions_copy(const char *manual)
{
	const char *begin, *end;

	begin = strstr(manual, "\n.Sh CONDITIONS\n");
	assert_non_null(begin);
	begin = strstr(begin, "\n.It ");
	assert_non_null(begin);
	end = strstr(begin, "\n.El\n");
	assert_non_null(end);
	return strndup(begin + 1, (size_t)(end - begin));
}

static char *item_format(enum vtap_condition condition)
{
	const struct vtap_condition_row *row = vtap_condition_row(condition);

	return vtap_text_format(
		".It Sy %s Pq %s\n%s.\n", row->id, vtap_severity_name(row->severity), row->meaning);
}

static void test_manual_when_compared_with_the_register_then_it_has_every_condition(void **state)
{
	_auto_free char *manual = NULL;
	_auto_free char *conditions = NULL;
	const char *at;

	(void)state;
	manual_read(&manual);
	conditions = conditions_copy(manual);
	at = conditions;
	for (int i = 0; i < VTAP_CONDITION_COUNT; i++) {
		_auto_free char *item = item_format((enum vtap_condition)i);
		size_t len = strlen(item);

		if (strncmp(at, item, len) != 0)
			print_error("vtapctl.8, CONDITIONS: here must stand\n%sbut it is\n%.200s\n",
				item, at);
		assert_true(strncmp(at, item, len) == 0);
		at += len;
	}
	assert_string_equal(at, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_manual_when_compared_with_the_register_then_it_has_every_condition),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
