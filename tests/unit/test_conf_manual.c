// SPDX-License-Identifier: Apache-2.0
/*
 * Law: vtapd.conf(5), as it is installed, has every key of the schema in its section, with the
 * numbers and words that it may be, its default and what a change costs; and it has no key that
 * does not exist.
 */
#include "tests/unit/cmocka_with.h"

#include <string.h>

#include "config/schema.h"

/* "100\-199" is how a page writes 100-199. */
static void hyphens_unescape(char *text)
{
	char *to = text;

	for (const char *at = text; *at != '\0'; at++)
		if (at[0] != '\\' || at[1] != '-')
			*to++ = *at;
	*to = '\0';
}

static char *manual_read(void)
{
	char *text = NULL;
	size_t size = 0;
	_auto_file FILE *file = fopen(VTAPD_BINARY_DIR "/conf/vtapd.conf.5", "re");

	assert_non_null(file);
	assert_true(getdelim(&text, &size, '\0', file) > 0);
	hyphens_unescape(text);
	return text;
}

/* From @begin to the next line that starts with one of two macros. Return: heap string or NULL. */
static char *part_copy(const char *begin, const char *macro, const char *other)
{
	const char *line = begin;

	if (begin == NULL)
		return NULL;
	do
		line += strcspn(line, "\n") + (line[strcspn(line, "\n")] != '\0');
	while (*line != '\0' && strncmp(line, macro, strlen(macro)) != 0 &&
		strncmp(line, other, strlen(other)) != 0);
	return strndup(begin, (size_t)(line - begin));
}

/* `.Sh [session NAME]` up to the next `.Sh` */
static char *section_copy(const char *manual, enum vtap_section section)
{
	char heading[64];
	const char *name = vtap_section_name(section);

	(void)snprintf(heading, sizeof(heading), "\n.Sh [%s%s]\\&\n", name, /* fits */
		vtap_section_is_named(section) ? " NAME" : "");
	return part_copy(strstr(manual, heading) != NULL ? strstr(manual, heading) + 1 : NULL,
		".Sh ", ".Sh ");
}

/* `.It Cm key` up to the next one or the end of the list */
static char *key_copy(const char *section, const char *key)
{
	char item[64];

	(void)snprintf(item, sizeof(item), "\n.It Cm %s No =", key); /* fits */
	return part_copy(
		strstr(section, item) != NULL ? strstr(section, item) + 1 : NULL, ".It ", ".El");
}

static char *key_text(const char *manual, const struct vtap_key *key)
{
	_auto_free char *section = section_copy(manual, key->section);
	char *text = section != NULL ? key_copy(section, key->name) : NULL;

	if (text == NULL)
		print_error("vtapd.conf.5 does not have [%s] %s\n", vtap_section_name(key->section),
			key->name);
	assert_non_null(text);
	return text;
}

static void assert_says(const struct vtap_key *key, const char *text, const char *words)
{
	if (strstr(text, words) == NULL)
		print_error("vtapd.conf.5: %s: does not say \"%s\":\n%s", key->name, words, text);
	assert_non_null(strstr(text, words));
}

static void test_manual_when_compared_with_the_schema_then_it_has_every_key(void **state)
{
	_auto_free char *manual = manual_read();
	const struct vtap_key *key;

	(void)state;
	for (size_t i = 0; (key = vtap_schema_key(i)) != NULL; i++) {
		_auto_free char *text = key_text(manual, key);

		assert_int_equal(strstr(text, "Pq Em list") != NULL, key->is_list);
	}
}

static void test_manual_when_a_key_has_a_default_then_it_is_told(void **state)
{
	_auto_free char *manual = manual_read();
	const struct vtap_key *key;

	(void)state;
	for (size_t i = 0; (key = vtap_schema_key(i)) != NULL; i++) {
		_auto_free char *text = key_text(manual, key);
		const char *told = strstr(text, "\nDefault:");

		if (key->fallback == NULL)
			continue;
		assert_says(key, text, "\nDefault:");
		assert_says(key, told, key->fallback);
	}
}

static void test_manual_when_a_key_changes_then_its_cost_is_told(void **state)
{
	_auto_free char *manual = manual_read();
	size_t n_differ = 0;
	const struct vtap_key *key;

	(void)state;
	for (size_t i = 0; (key = vtap_schema_key(i)) != NULL; i++) {
		_auto_free char *text = key_text(manual, key);
		enum vtap_cost tap = key->cost[VTAP_MODE_TAP];
		enum vtap_cost vxlan = key->cost[VTAP_MODE_VXLAN];
		char words[96];

		if (vxlan == tap)
			(void)snprintf(words, sizeof(words), "Change:\n.Em %s .\n", /* fits */
				vtap_cost_name(tap));
		else
			(void)snprintf(words, sizeof(words), /* fits */
				"Change:\n.Em %s ,\nin mode\n.Cm vxlan\n.Em %s .\n",
				vtap_cost_name(tap), vtap_cost_name(vxlan));
		assert_says(key, text, words);
		n_differ += vxlan != tap;
	}
	assert_true(n_differ > 0);
}

/* "1..16 | auto": its numbers, ranges and words in quotes of the row stand in the manual too. Words
 * of prose ("interface names") may be said otherwise. */
static void test_manual_when_a_key_has_limits_then_they_are_told(void **state)
{
	static const char *const words[] = { "keep", "remove", "off", "auto", "any", "tap", "vxlan",
		"ipv4", "ipv6", "all", "sensors", "traffic", "yes", "no" };
	_auto_free char *manual = manual_read();
	size_t n = 0, n_said = 0;
	const struct vtap_key *key;

	(void)state;
	for (; (key = vtap_schema_key(n)) != NULL; n++) {
		_auto_free char *text = key_text(manual, key);
		_auto_free char *values = strdup(key->values);
		char *rest;

		assert_non_null(values);
		for (char *word = strtok_r(values, " ,|", &rest); word != NULL;
			word = strtok_r(NULL, " ,|", &rest)) {
			/* numbers, and words that stand for themselves */
			bool is_word = strpbrk(word, "0123456789") != NULL;

			for (size_t j = 0; j < VTAP_ARRAY_LEN(words); j++)
				is_word = is_word || strcmp(word, words[j]) == 0;
			if (!is_word)
				continue;
			assert_says(key, text, word);
			n_said++;
		}
	}
	assert_true(n_said >= n); /* nearly every row has some */
}

static void test_manual_when_it_has_a_key_then_the_schema_has_it_too(void **state)
{
	_auto_free char *manual = manual_read();

	(void)state;
	for (int kind = 0; kind < VTAP_SECTION_COUNT; kind++) {
		_auto_free char *section = section_copy(manual, (enum vtap_section)kind);
		static const char item[] = "\n.It Cm ";

		assert_row(section != NULL, kind);
		for (const char *at = strstr(section, item); at != NULL; at = strstr(at, item)) {
			char key[64] = "";
			size_t len;

			at += strlen(item);
			len = strcspn(at, " \n");
			assert_true(len < sizeof(key));
			memcpy(key, at, len);
			if (vtap_schema_find((enum vtap_section)kind, key) == NULL)
				print_error("vtapd.conf.5 has [%s] %s\n",
					vtap_section_name((enum vtap_section)kind), key);
			assert_non_null(vtap_schema_find((enum vtap_section)kind, key));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_manual_when_compared_with_the_schema_then_it_has_every_key),
		cmocka_unit_test(test_manual_when_a_key_has_a_default_then_it_is_told),
		cmocka_unit_test(test_manual_when_a_key_changes_then_its_cost_is_told),
		cmocka_unit_test(test_manual_when_a_key_has_limits_then_they_are_told),
		cmocka_unit_test(test_manual_when_it_has_a_key_then_the_schema_has_it_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
