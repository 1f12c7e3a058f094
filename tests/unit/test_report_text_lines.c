// SPDX-License-Identifier: Apache-2.0
/*
 * Law: text breaks between words; a remedy only where each line can still be pasted, and with the
 * mark of its note on every line of that.
 */
#include "tests/unit/cmocka_with.h"

#include <string.h>

#include "base/cleanup.h"
#include "report/text_lines.h"

static void assert_lines(struct vtap_text_lines lines, const char *wanted)
{
	char text[512] = "";
	const char *line;

	while ((line = vtap_text_lines_next(&lines)) != NULL) {
		size_t used = strlen(text);

		(void)snprintf(text + used, sizeof(text) - used, "%s|", line); /* fits */
	}
	assert_string_equal(text, wanted);
}

static void test_text_when_it_does_not_fit_then_broken_between_words(void **state)
{
	(void)state;
	assert_lines(vtap_text_lines_of("", 10), "");
	assert_lines(vtap_text_lines_of("one two three", 0), "one two three|");
	assert_lines(vtap_text_lines_of("one two three", 13), "one two three|");
	assert_lines(vtap_text_lines_of("one two three", 12), "one two|three|");
	assert_lines(vtap_text_lines_of("a word-that-is-long b", 6), "a|word-that-is-long|b|");
}

static void test_remedy_when_it_does_not_fit_then_each_line_can_be_pasted(void **state)
{
	static const struct {
		const char *remedy;
		size_t width;
		const char *wanted;
	} ROWS[] = {
		{ "a 1; b 2 # one note; more", 0, "a 1; b 2 # one note; more|" },
		{ "a 1; b 2 # one note; more", 25, "a 1; b 2 # one note; more|" },
		{ "a 1; b 2 # one note; more", 16, "a 1|b 2|# one note; more|" },
		{ "a 1; b 2 # one note; more", 11, "a 1|b 2|# one note;|# more|" },
		{ "nft 'a; b' c", 3, "nft 'a; b' c|" },
		{ "ip link # it's; his", 8, "ip link|# it's;|# his|" },
		{ "mtu = 9001 ; in a.conf:1; so", 12, "mtu = 9001|; in|; a.conf:1;|; so|" },
		{ "mtu = 9001 ; in a.conf:1; so", 0, "mtu = 9001 ; in a.conf:1; so|" },
		{ "# only a note", 9, "# only a|# note|" },
		{ "# only", 1, "# only|" },
	};

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(ROWS); i++)
		assert_lines(
			vtap_text_lines_of_remedy(ROWS[i].remedy, ROWS[i].width), ROWS[i].wanted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_when_it_does_not_fit_then_broken_between_words),
		cmocka_unit_test(test_remedy_when_it_does_not_fit_then_each_line_can_be_pasted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
