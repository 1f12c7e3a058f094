// SPDX-License-Identifier: Apache-2.0
/*
 * Law: a sentence of a table is shown in the manual as it was written: nothing in it is taken for a
 * macro, a delimiter or an escape of roff; what stands in backquotes is set as words to type.
 */
#include "tests/unit/cmocka_with.h"

#include <errno.h>
#include <string.h>

#include "daemon/manual/mdoc.h"
#include "daemon/manual/page.h"

struct mdoc_row {
	const char *text;
	const char *mdoc;
};

static void assert_mdoc(const struct mdoc_row *row)
{
	_auto_free char *mdoc = NULL;
	size_t size;
	FILE *out = open_memstream(&mdoc, &size);

	assert_non_null(out);
	vtap_mdoc_text(out, row->text);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(mdoc, row->mdoc);
}

static void test_text_when_plain_then_one_sentence_to_a_line(void **state)
{
	static const struct mdoc_row table[] = {
		{ "", "" },
		{ "One.", "One.\n" },
		{ "One. Two? Three", "One.\nTwo?\nThree\n" },
		{ "As in RFC 7348. vtapd", "As in RFC 7348. vtapd\n" },
		{ "  a   b ", "a b\n" },
		{ "One.\nTwo.", "One.\n.Pp\nTwo.\n" },
		{ "See `one`\n`two`.", "See\n.Cm one\n.Pp\n.Cm two .\n" },
		{ "at 10.0.0.0/8 and 4..5", "at 10.0.0.0/8 and 4..5\n" },
	};

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(table); i++)
		assert_mdoc(&table[i]);
}

static void test_text_when_roff_would_read_it_then_escaped(void **state)
{
	static const struct mdoc_row table[] = {
		{ ".Sh is no heading", "\\&.Sh is no heading\n" },
		{ "'br", "\\&'br\n" },
		{ "One. .Two", "One. .Two\n" },
		{ "a\\fBb", "a\\efBb\n" },
		{ "~ ^ \"x\"", "\\(ti \\(ha \\(dqx\\(dq\n" },
		{ "ss -ulpn --all, well-known", "ss \\-ulpn \\-\\-all, well-known\n" },
		{ "`.` and `Nm`", ".Cm \\&.\nand\n.Cm \\&Nm\n" },
		{ "`a | b`", ".Cm a \\&| b\n" },
		{ "`it's \\`", ".Cm it\\(aqs \\e\n" },
	};

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(table); i++)
		assert_mdoc(&table[i]);
}

static void test_text_when_in_backquotes_then_words_to_type(void **state)
{
	static const struct mdoc_row table[] = {
		{ "`auto` is 32M.", ".Cm auto\nis 32M.\n" },
		{ "With `keep`, they stay.", "With\n.Cm keep ,\nthey stay.\n" },
		{ "Is (`off`).", "Is\n.Cm ( off ) .\n" },
		{ "See `vtapctl drain --wait`: it waits.",
			"See\n.Cm vtapctl drain \\-\\-wait :\nit waits.\n" },
		{ "One. `two` three.", "One.\n.Cm two\nthree.\n" },
		{ "all `x`s", "all\n.Cm x Ns No s\n" },
		{ "`unclosed", ".Cm unclosed\n" },
	};

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(table); i++)
		assert_mdoc(&table[i]);
}

static void test_text_when_long_then_no_line_of_over_79_bytes(void **state)
{
	char text[401] = "";
	_auto_free char *mdoc = NULL;
	size_t size;
	FILE *out = open_memstream(&mdoc, &size);

	(void)state;
	assert_non_null(out);
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		text[i] = "words "[i % 6];
	vtap_mdoc_text(out, text);
	assert_int_equal(fclose(out), 0);
	for (const char *line = mdoc; *line != '\0'; line += strcspn(line, "\n") + 1)
		assert_in_range(strcspn(line, "\n"), 1, 79);
	for (char *at = mdoc; *at != '\0'; at++)
		*at = *at == '\n' ? ' ' : *at;
	assert_int_equal(size, strlen(text) + 1);
	assert_memory_equal(mdoc, text, strlen(text)); /* nothing but where lines break */
}

static int page_of(const char *template, char **ret_page, struct vtap_err *err)
{
	_auto_file FILE *in = fmemopen((char *)template, strlen(template), "r");
	size_t size;
	FILE *out = open_memstream(ret_page, &size);
	int r;

	assert_true(in != NULL && out != NULL);
	r = vtap_page_expand(in, out, err);
	assert_int_equal(fclose(out), 0);
	return r;
}

static void test_page_when_no_table_then_as_it_is(void **state)
{
	static const char text[] = ".Sh NAME\n@ home\nmail@example.org\n@\n";
	_auto_free char *page = NULL;
	struct vtap_err err = VTAP_ERR_NULL;

	(void)state;
	assert_int_equal(page_of(text, &page, &err), 0);
	assert_string_equal(page, text);
}

static void test_page_when_a_table_does_not_exist_then_refused(void **state)
{
	static const char *const table[] = { "@keys@\n", "@keys helth@\n", "@keys defaults@\n",
		"@commands x@\n", "@conditions x@\n", "@condition@\n", "@verdicts@\n", "@@\n" };

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(table); i++) {
		_auto_free char *page = NULL;
		struct vtap_err err = VTAP_ERR_NULL;

		assert_row(page_of(table[i], &page, &err) == -EINVAL, i);
		assert_row(strstr(err.text, "there is no such table") != NULL, i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_when_plain_then_one_sentence_to_a_line),
		cmocka_unit_test(test_text_when_roff_would_read_it_then_escaped),
		cmocka_unit_test(test_text_when_in_backquotes_then_words_to_type),
		cmocka_unit_test(test_text_when_long_then_no_line_of_over_79_bytes),
		cmocka_unit_test(test_page_when_no_table_then_as_it_is),
		cmocka_unit_test(test_page_when_a_table_does_not_exist_then_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
