// SPDX-License-Identifier: Apache-2.0
/*
 * Law: vtapctl(8) has every command, vtapd(8) has every metric, vtapd(8) and the journal's catalog
 * have every condition with its remedy, and the catalog every other kind of entry. (vtapd.conf(5)
 * and its keys: test_conf_manual.c)
 */
#include "tests/unit/cmocka_with.h"

#include <string.h>

#include "daemon/ctl/command.h"
#include "daemon/event.h"
#include "report/condition.h"
#include "report/metric.h"

static char *file_read(const char *name)
{
	char path[512], *text = NULL;
	size_t size = 0;

	(void)snprintf(path, sizeof(path), "%s/%s", VTAPD_BINARY_DIR, name); /* fits */
	_auto_file FILE *file = fopen(path, "re");
	assert_non_null(file);
	assert_true(getdelim(&text, &size, '\0', file) > 0);
	return text;
}

static void assert_has(const char *text, const char *words)
{
	if (strstr(text, words) == NULL)
		print_error("\"%s\" is missing\n", words);
	assert_non_null(strstr(text, words));
}

static void test_page_when_built_then_no_table_is_left_to_fill_in(void **state)
{
	static const char *const pages[] = { "conf/vtapd.conf.5", "daemon/vtapd.8",
		"daemon/ctl/vtapctl.8" };

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(pages); i++) {
		_auto_free char *page = file_read(pages[i]);

		assert_row(strstr(page, "\n@") == NULL, i);
	}
}

static void test_page_of_vtapctl_when_read_then_it_has_every_command(void **state)
{
	_auto_free char *page = file_read("daemon/ctl/vtapctl.8");
	size_t n;
	const struct vtap_ctl_command *commands = vtap_ctl_commands(&n);
	char item[64];

	(void)state;
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(item, sizeof(item), "\n.It Cm %s%c", commands[i].name, /* fits */
			commands[i].args[0] != '\0' ? ' ' : '\n');
		assert_has(page, item);
	}
	assert_has(page, "\n.It Cm match Ar VNI Oo Ar SOURCE Oc\n");
	assert_has(page, "\n.It Cm wait Ar NAME Oo Fl -timeout Ar SECONDS Oc\n");
}

static void test_page_of_vtapd_when_read_then_it_has_every_condition(void **state)
{
	_auto_free char *page = file_read("daemon/vtapd.8");
	char item[128];

	(void)state;
	for (int i = 0; i < VTAP_CONDITION_COUNT; i++) {
		const struct vtap_condition_row *row = vtap_condition_row((enum vtap_condition)i);

		(void)snprintf(item, sizeof(item), "\n.It Cm %s Pq %s\n", row->id, /* fits */
			vtap_severity_name(row->severity));
		assert_has(page, item);
		assert_has(strstr(page, item), "\n.br\nRemedy:\n");
	}
}

static void test_page_of_vtapd_when_read_then_it_has_every_metric_with_its_labels(void **state)
{
	_auto_free char *page = file_read("daemon/vtapd.8");
	char item[128];

	(void)state;
	for (int i = 0; i < VTAP_METRIC_COUNT; i++) {
		const struct vtap_metric_row *row = vtap_metric_row((enum vtap_metric)i);

		(void)snprintf(item, sizeof(item), "\n.It Li %s Pq %s\n", row->name, /* fits */
			vtap_metric_type(row));
		assert_has(page, item);
	}
	assert_has(page, "\n.br\nLabels:\n.Li session , target , interface , verdict .\n");
	assert_has(page, "\n.br\nLabels:\n.Li interface .\n");
}

static void test_catalog_when_read_then_it_has_every_condition_under_its_id(void **state)
{
	_auto_free char *catalog = file_read("daemon/manual/vtapd.catalog");
	char words[128];

	(void)state;
	for (int i = 0; i < VTAP_CONDITION_COUNT; i++) {
		const struct vtap_condition_row *row = vtap_condition_row((enum vtap_condition)i);
		const char *entry;

		(void)snprintf(
			words, sizeof(words), "\n-- %s\nSubject: ", row->message_id); /* fits */
		assert_has(catalog, words);
		entry = strstr(catalog, words);
		(void)snprintf(words, sizeof(words), " (%s, %s)\nDefined-By: vtapd\n", /* fits */
			row->id, vtap_severity_name(row->severity));
		assert_has(entry, words);
		assert_null(strchr(row->cause, '@')); /* journalctl would put a field there */
		assert_null(strchr(row->remedy, '@'));
	}
}

static void test_catalog_when_read_then_it_has_every_event_under_its_id(void **state)
{
	_auto_free char *catalog = file_read("daemon/manual/vtapd.catalog");
	char words[128];

	(void)state;
	for (int i = 0; i < VTAP_EVENT_COUNT; i++) {
		const struct vtap_event_row *row = vtap_event_row((enum vtap_event)i);

		(void)snprintf(
			words, sizeof(words), "\n-- %s\nSubject: ", row->message_id); /* fits */
		assert_has(catalog, words);
		assert_has(strstr(catalog, words), "\n\nRemedy:\n");
		assert_null(strchr(row->cause, '@')); /* journalctl would put a field there */
		assert_null(strchr(row->remedy, '@'));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_page_when_built_then_no_table_is_left_to_fill_in),
		cmocka_unit_test(test_page_of_vtapctl_when_read_then_it_has_every_command),
		cmocka_unit_test(test_page_of_vtapd_when_read_then_it_has_every_condition),
		cmocka_unit_test(
			test_page_of_vtapd_when_read_then_it_has_every_metric_with_its_labels),
		cmocka_unit_test(test_catalog_when_read_then_it_has_every_condition_under_its_id),
		cmocka_unit_test(test_catalog_when_read_then_it_has_every_event_under_its_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
