// SPDX-License-Identifier: Apache-2.0
/*
 * Law: no byte outside a view is ever handed out, whatever offset and length are asked for; and an
 * error's sentence never grows over its room.
 */
#include "tests/unit/cmocka_with.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/range.h"

struct at_row {
	size_t offset;
	size_t n;
	bool is_there;
};

static void test_view_when_asked_for_bytes_then_all_or_null(void **state)
{
	static const uint8_t bytes[8];
	const struct vtap_view view = { .data = bytes, .len_bytes = sizeof(bytes) };
	static const struct at_row table[] = {
		{ 0, 0, true },
		{ 0, 8, true },
		{ 0, 9, false },
		{ 7, 1, true },
		{ 7, 2, false },
		{ 8, 0, true },
		{ 8, 1, false },
		{ 9, 0, false },
		{ SIZE_MAX, 0, false },
		{ SIZE_MAX, 1, false },
		{ SIZE_MAX, SIZE_MAX, false },
		{ 4, SIZE_MAX, false },
		{ 4, SIZE_MAX - 3, false },
	};

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(table); i++) {
		const uint8_t *at = vtap_view_at(view, table[i].offset, table[i].n);

		assert_row((at != NULL) == table[i].is_there, i);
		assert_row(at == NULL || at == bytes + table[i].offset, i);
	}
}

static void test_view_when_cut_then_ends_where_it_did(void **state)
{
	static const uint8_t bytes[8];
	const struct vtap_view view = { .data = bytes, .len_bytes = sizeof(bytes) };
	static const size_t offsets[] = { 0, 3, 8, 9, SIZE_MAX };
	static const size_t left[] = { 8, 5, 0, 0, 0 };

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(offsets); i++) {
		struct vtap_view rest = vtap_view_from(view, offsets[i]);

		assert_row(rest.len_bytes == left[i], i);
		assert_row(rest.data + rest.len_bytes == bytes + sizeof(bytes), i);
	}
}

static void test_range_when_asked_then_both_ends_belong_to_it(void **state)
{
	const struct vtap_range range = { 100, 199 };

	(void)state;
	assert_false(vtap_range_has(range, 99));
	assert_true(vtap_range_has(range, 100));
	assert_true(vtap_range_has(range, 199));
	assert_false(vtap_range_has(range, 200));
	assert_true(vtap_range_overlaps(range, (struct vtap_range){ 199, 300 }));
	assert_true(vtap_range_overlaps(range, (struct vtap_range){ 0, 100 }));
	assert_true(vtap_range_overlaps(range, (struct vtap_range){ 150, 150 }));
	assert_false(vtap_range_overlaps(range, (struct vtap_range){ 200, 300 }));
	assert_false(vtap_range_overlaps(range, (struct vtap_range){ 0, 99 }));
}

static void test_err_when_words_are_added_then_they_stand_in_front(void **state)
{
	struct vtap_err err = VTAP_ERR_NULL;

	(void)state;
	assert_int_equal(vtap_err_add(&err, -EPERM, "open %s", "a"), -EPERM);
	assert_string_equal(err.text, "open a");
	assert_int_equal(vtap_err_add(&err, -EIO, "session web"), -EIO);
	assert_string_equal(err.text, "session web: open a");
	assert_int_equal(vtap_err_set(&err, -ENOENT, "gone"), -ENOENT);
	assert_string_equal(err.text, "gone");
	assert_int_equal(vtap_err_set(NULL, -ENOENT, "nobody listens"), -ENOENT);
	assert_int_equal(vtap_err_add(NULL, 3, "nobody listens"), 3);
}

static void test_err_when_too_long_then_cut(void **state)
{
	struct vtap_err err = VTAP_ERR_NULL;
	char text[2 * VTAP_ERR_MAX];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	(void)vtap_err_set(&err, -EIO, "%s", text); /* the code is of no interest */
	assert_int_equal(strlen(err.text), VTAP_ERR_MAX - 1);
	(void)vtap_err_add(&err, -EIO, "%s", text);
	assert_true(strlen(err.text) < VTAP_ERR_MAX);
}

static void test_errno_when_unknown_then_still_a_sentence(void **state)
{
	(void)state;
	assert_string_equal(vtap_errno_text(-EPERM), "Operation not permitted");
	assert_string_equal(vtap_errno_text(EPERM), "Operation not permitted");
	assert_string_equal(vtap_errno_text(-99999), "unknown error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_view_when_asked_for_bytes_then_all_or_null),
		cmocka_unit_test(test_view_when_cut_then_ends_where_it_did),
		cmocka_unit_test(test_range_when_asked_then_both_ends_belong_to_it),
		cmocka_unit_test(test_err_when_words_are_added_then_they_stand_in_front),
		cmocka_unit_test(test_err_when_too_long_then_cut),
		cmocka_unit_test(test_errno_when_unknown_then_still_a_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
