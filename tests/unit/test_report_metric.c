// SPDX-License-Identifier: Apache-2.0
/*
 * Law: every metric has a name of its own that ends in its unit or `_total`, and one line that says
 * what to do when it moves.
 */
#include "tests/unit/cmocka_with.h"

#include <string.h>

#include "report/metric.h"

#define NAME_ALPHABET "abcdefghijklmnopqrstuvwxyz_"

/* Bytes of a help text: a line of a scrape, and of the manual's table. */
#define HELP_MAX 200

static const struct vtap_metric_row *row_of(int i)
{
	return vtap_metric_row((enum vtap_metric)i);
}

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), n_end = strlen(end);

	return n >= n_end && strcmp(text + n - n_end, end) == 0;
}

static void test_metric_when_any_then_its_name_is_well_formed_and_its_own(void **state)
{
	(void)state;
	for (int i = 0; i < VTAP_METRIC_COUNT; i++) {
		assert_row(row_of(i)->name != NULL, i);
		assert_row(row_of(i)->name[strspn(row_of(i)->name, NAME_ALPHABET)] == '\0', i);
		assert_row(strncmp(row_of(i)->name, "vtapd_", 6) == 0 ||
				   strncmp(row_of(i)->name, "process_", 8) == 0,
			i);
		for (int j = 0; j < i; j++)
			assert_row(strcmp(row_of(i)->name, row_of(j)->name) != 0, i);
	}
}

static void test_metric_when_a_counter_or_a_time_then_its_name_says_so(void **state)
{
	(void)state;
	for (int i = 0; i < VTAP_METRIC_COUNT; i++) {
		const char *type = vtap_metric_type(row_of(i));

		assert_row(row_of(i)->is_counter == ends_with(row_of(i)->name, "_total"), i);
		assert_row(strcmp(type, row_of(i)->is_counter ? "counter" : "gauge") == 0, i);
		assert_row(row_of(i)->is_ns == (strstr(row_of(i)->name, "_seconds") != NULL), i);
	}
}

static void test_metric_when_any_then_its_help_is_one_short_line(void **state)
{
	(void)state;
	for (int i = 0; i < VTAP_METRIC_COUNT; i++) {
		const char *help = row_of(i)->help;

		assert_row(help != NULL && help[0] != '\0', i);
		assert_row(strlen(help) <= HELP_MAX, i);
		assert_row(help[strlen(help) - 1] == '.', i);
		assert_row(strpbrk(help, "\n\\") == NULL, i); /* would need escaping */
	}
}

static void test_metric_when_it_has_labels_then_they_are_words(void **state)
{
	(void)state;
	for (int i = 0; i < VTAP_METRIC_COUNT; i++)
		for (int j = 0; row_of(i)->labels[j] != NULL; j++) {
			const char *label = row_of(i)->labels[j];

			assert_row(j < VTAP_METRIC_LABELS_MAX, i);
			assert_row(label[strspn(label, NAME_ALPHABET)] == '\0', i);
		}
}

static void test_metric_when_of_the_host_then_it_is_called_as_in_json(void **state)
{
	char name[64];

	(void)state;
	for (int i = 0; i < VTAP_HOST_COUNT; i++) {
		(void)snprintf(name, sizeof(name), "vtapd_host_%s_total", /* fits */
			vtap_host_counter_name((enum vtap_host_counter)i));
		assert_row(strcmp(row_of(VTAP_METRIC_HOST + i)->name, name) == 0, i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_metric_when_any_then_its_name_is_well_formed_and_its_own),
		cmocka_unit_test(test_metric_when_a_counter_or_a_time_then_its_name_says_so),
		cmocka_unit_test(test_metric_when_any_then_its_help_is_one_short_line),
		cmocka_unit_test(test_metric_when_it_has_labels_then_they_are_words),
		cmocka_unit_test(test_metric_when_of_the_host_then_it_is_called_as_in_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
