// SPDX-License-Identifier: Apache-2.0
/*
 * Law: a value is taken whole or refused with the value and the rule it breaks; an output is
 * written only on success. Every limit is tried on both of its sides.
 */
#include "tests/unit/cmocka_with.h"

#include <string.h>

#include "base/clock.h"
#include "config/value.h"

#define UNTOUCHED 4711

struct number_row {
	const char *text;
	uint64_t min, max;
	const char *rule; /* NULL: taken */
	uint64_t number;
};

static void test_number_when_in_range_then_taken_else_refused(void **state)
{
	static const struct number_row table[] = {
		{ "1", 1, 65535, NULL, 1 },
		{ "65535", 1, 65535, NULL, 65535 },
		{ "0", 1, 65535, "must be 1..65535", 0 },
		{ "65536", 1, 65535, "must be 1..65535", 0 },
		{ "99999999999999999999999999", 1, 65535, "must be 1..65535", 0 },
		{ "18446744073709551615", 0, UINT64_MAX, NULL, UINT64_MAX },
		{ "18446744073709551616", 0, UINT64_MAX, "must be 0..18446744073709551615", 0 },
		{ "0005", 1, 9, NULL, 5 },
		{ "7", 0, 5, "must be 0..5", 0 },
		{ "", 1, 9, "not a number; must be 1..9", 0 },
		{ "-1", 1, 9, "not a number; must be 1..9", 0 },
		{ "+1", 1, 9, "not a number; must be 1..9", 0 },
		{ " 1", 1, 9, "not a number; must be 1..9", 0 },
		{ "1 ", 1, 9, "not a number; must be 1..9", 0 },
		{ "0x5", 1, 9, "not a number; must be 1..9", 0 },
		{ "1.5", 1, 9, "not a number; must be 1..9", 0 },
		{ "1e2", 1, 900, "not a number; must be 1..900", 0 },
	};

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(table); i++) {
		struct vtap_complaint complaint = { .rule = "" };
		uint64_t number = UNTOUCHED;
		int r = vtap_value_number(
			table[i].text, table[i].min, table[i].max, &number, &complaint);

		assert_row(r == (table[i].rule == NULL ? 0 : VTAP_VALUE_REFUSED), i);
		assert_row(number == (table[i].rule == NULL ? table[i].number : UNTOUCHED), i);
		assert_string_equal(complaint.rule, table[i].rule == NULL ? "" : table[i].rule);
		if (r != 0)
			assert_string_equal(complaint.value, table[i].text);
	}
}

struct size_row {
	const char *text;
	uint64_t bytes; /* 0: refused */
};

static void test_size_when_with_unit_then_powers_of_1024(void **state)
{
	static const struct size_row table[] = {
		{ "65536", 65536 },
		{ "64K", 65536 },
		{ "65535", 0 },
		{ "63K", 0 },
		{ "32M", 32ULL << 20 },
		{ "1G", 1ULL << 30 },
		{ "1024M", 1ULL << 30 },
		{ "1048576K", 1ULL << 30 },
		{ "1073741824", 1ULL << 30 },
		{ "1073741825", 0 },
		{ "2G", 0 },
		{ "1048577K", 0 },
		{ "17179869184G", 0 },
		{ "18446744073709551615G", 0 },
		{ "99999999999999999999", 0 },
		{ "0", 0 },
		{ "", 0 },
		{ "K", 0 },
		{ "64k", 0 },
		{ "64KB", 0 },
		{ "64 K", 0 },
		{ "-64K", 0 },
		{ "1T", 0 },
		{ "64KK", 0 },
	};

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(table); i++) {
		struct vtap_complaint complaint = { .rule = "" };
		uint64_t bytes = UNTOUCHED;
		int r = vtap_value_size(table[i].text, 64ULL << 10, 1ULL << 30, &bytes, &complaint);

		assert_row((r == 0) == (table[i].bytes != 0), i);
		assert_row(bytes == (r == 0 ? table[i].bytes : UNTOUCHED), i);
		if (r != 0)
			assert_string_equal(complaint.rule,
				"must be a size from 64K to 1G, in bytes or with K, M or G");
	}
}

static void test_size_when_written_then_shortest_exact_form(void **state)
{
	static const struct size_row table[] = {
		{ "0", 0 },
		{ "1000", 1000 },
		{ "64K", 65536 },
		{ "1K", 1024 },
		{ "1025", 1025 },
		{ "1536K", 1536ULL << 10 },
		{ "32M", 32ULL << 20 },
		{ "1G", 1ULL << 30 },
		{ "3G", 3ULL << 30 },
	};
	char text[24];

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(table); i++)
		assert_string_equal(
			vtap_value_format_size(table[i].bytes, text, sizeof(text)), table[i].text);
}

struct duration_row {
	const char *text;
	uint64_t seconds;
};

static void test_duration_when_with_unit_and_in_range_then_taken(void **state)
{
	static const struct duration_row table[] = {
		{ "1s", 1 },
		{ "30s", 30 },
		{ "90s", 90 },
		{ "5m", 300 },
		{ "1h", 3600 },
		{ "0024h", 86400 },
		{ "1440m", 86400 },
		{ "86400s", 86400 },
	};

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(table); i++) {
		struct vtap_complaint complaint;
		uint64_t ns = UNTOUCHED;

		assert_row(vtap_value_duration(table[i].text, VTAP_NS_PER_S, 86400 * VTAP_NS_PER_S,
				   &ns, &complaint) == 0,
			i);
		assert_row(ns == table[i].seconds * VTAP_NS_PER_S, i);
	}
}

static void test_duration_when_not_of_the_form_then_the_form_is_named(void **state)
{
	static const char *const table[] = { "", "s", "0s", "30", "30 s", " 30s", "30s ", "30S",
		"30sec", "1d", "1h30m", "1.5h", "-1s", "+1s", "500ms", "86401s", "1441m", "25h",
		"307445734561825861m", "18446744073709551615h", "99999999999999999999s", "any" };

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(table); i++) {
		struct vtap_complaint complaint;
		uint64_t ns = UNTOUCHED;

		assert_row(vtap_value_duration(table[i], VTAP_NS_PER_S, 86400 * VTAP_NS_PER_S, &ns,
				   &complaint) == VTAP_VALUE_REFUSED,
			i);
		assert_row(ns == UNTOUCHED, i);
		assert_string_equal(complaint.value, table[i]);
		assert_string_equal(
			complaint.rule, "must be a duration from 1s to 24h, like 30s, 5m or 1h");
	}
}

static void test_duration_when_written_then_shortest_exact_form(void **state)
{
	static const struct duration_row table[] = {
		{ "0s", 0 },
		{ "59s", 59 },
		{ "1m", 60 },
		{ "61s", 61 },
		{ "90m", 5400 },
		{ "1h", 3600 },
		{ "24h", 86400 },
	};
	char text[24];

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(table); i++)
		assert_string_equal(vtap_value_format_duration(
					    table[i].seconds * VTAP_NS_PER_S, text, sizeof(text)),
			table[i].text);
}

static void test_bool_when_yes_or_no_then_taken_else_refused(void **state)
{
	static const char *const refused[] = { "", "y", "Yes", "true", "1", "on", "no ", "yes no" };
	struct vtap_complaint complaint;
	bool is_set = false;

	(void)state;
	assert_int_equal(vtap_value_bool("yes", &is_set, &complaint), 0);
	assert_true(is_set);
	for (size_t i = 0; i < VTAP_ARRAY_LEN(refused); i++) {
		assert_row(
			vtap_value_bool(refused[i], &is_set, &complaint) == VTAP_VALUE_REFUSED, i);
		assert_string_equal(complaint.rule, "must be yes or no");
	}
	assert_true(is_set);
	assert_int_equal(vtap_value_bool("no", &is_set, &complaint), 0);
	assert_false(is_set);
}

struct listen_row {
	const char *text;
	const char *written; /* NULL: refused */
	const char *rule;
};

static void test_listen_when_a_place_then_taken_and_written_the_same(void **state)
{
	static const struct listen_row table[] = {
		{ "auto", "auto", NULL }, { "off", "off", NULL },
		{ "127.0.0.1:9478", "127.0.0.1:9478", NULL }, { "0.0.0.0:1", "0.0.0.0:1", NULL },
		{ "[::]:65535", "[::]:65535", NULL },
		{ "[2001:DB8:0:0::1]:80", "[2001:db8::1]:80", NULL },
		{ "[::ffff:192.0.2.1]:80", "192.0.2.1:80", NULL }, /* one form inside */
	};

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(table); i++) {
		struct vtap_complaint complaint;
		struct vtap_listen listen = { .kind = VTAP_LISTEN_COUNT };
		char text[VTAP_LISTEN_TEXT_MAX];

		assert_row(vtap_value_listen(table[i].text, true, &listen, &complaint) == 0, i);
		assert_string_equal(vtap_value_format_listen(&listen, text), table[i].written);
	}
}

static void test_listen_when_no_place_then_refused_with_the_form(void **state)
{
	static const char form[] =
		"must be auto, off or ADDRESS:PORT, like 127.0.0.1:9478 or [::1]:9478";
	static const char port[] = "the port must be 1..65535";
	static const struct listen_row table[] = {
		{ "", NULL, form },
		{ "Auto", NULL, form },
		{ "on", NULL, form },
		{ "9478", NULL, form },
		{ ":9478", NULL, form },
		{ "*:9478", NULL, form },
		{ "localhost:9478", NULL, form },
		{ "127.0.0.1", NULL, form },
		{ "127.0.0.1/8:80", NULL, form },
		{ "::1:9478", NULL, form }, /* which colon is the port's? */
		{ "[::1]", NULL, form },
		{ "[::1]9478", NULL, form },
		{ "[]:9478", NULL, form },
		{ "[:9478", NULL, form },
		{ "]:9478", NULL, form },
		{ "[127.0.0.1]:9478", NULL, form },
		{ "[fe80::1%eth0]:9478", NULL, form },
		{ "[1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb]:80", NULL, form },
		{ "127.0.0.1:", NULL, port },
		{ "127.0.0.1:0", NULL, port },
		{ "127.0.0.1:65536", NULL, port },
		{ "127.0.0.1:http", NULL, port },
		{ "127.0.0.1:80 ", NULL, port },
	};

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(table); i++) {
		struct vtap_complaint complaint;
		struct vtap_listen listen = { .kind = VTAP_LISTEN_COUNT };
		int r = vtap_value_listen(table[i].text, true, &listen, &complaint);

		assert_row(r == VTAP_VALUE_REFUSED, i);
		assert_row(listen.kind == VTAP_LISTEN_COUNT, i);
		assert_string_equal(complaint.rule, table[i].rule);
		assert_string_equal(complaint.value, table[i].text);
	}
}

static void test_listen_when_the_key_has_no_auto_then_it_is_no_value(void **state)
{
	struct vtap_complaint complaint;
	struct vtap_listen listen;

	(void)state;
	assert_int_equal(vtap_value_listen("auto", false, &listen, &complaint), VTAP_VALUE_REFUSED);
	assert_string_equal(
		complaint.rule, "must be off or ADDRESS:PORT, like 127.0.0.1:9478 or [::1]:9478");
}

struct vni_row {
	const char *text;
	const char *rule; /* NULL: taken */
	struct vtap_range vni;
};

static void test_vni_when_number_or_range_then_taken_else_refused(void **state)
{
	static const char must[] = "must be 0..16777215, a range like 100-199, or any";
	static const char backward[] = "the range ends before it begins";
	static const struct vni_row table[] = {
		{ "0", NULL, { 0, 0 } }, { "4321", NULL, { 4321, 4321 } },
		{ "16777215", NULL, { 16777215, 16777215 } }, { "16777216", must, { 0 } },
		{ "100-199", NULL, { 100, 199 } }, { "100-100", NULL, { 100, 100 } },
		{ "0-16777215", NULL, { 0, 16777215 } }, { "0-16777216", must, { 0 } },
		{ "199-100", backward, { 0 } }, { "100-", must, { 0 } }, { "-100", must, { 0 } },
		{ "100--199", must, { 0 } }, { "100-199-200", must, { 0 } },
		{ "100..199", must, { 0 } }, { "4294967296", must, { 0 } }, { "", must, { 0 } },
		{ "x", must, { 0 } }, { "0x10", must, { 0 } },
		{ "any", must, { 0 } }, /* the list of VNIs knows this word, the parser does not */
	};

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(table); i++) {
		struct vtap_complaint complaint = { .rule = "" };
		struct vtap_range vni = { UNTOUCHED, UNTOUCHED };
		int r = vtap_value_vni(table[i].text, &vni, &complaint);
		uint32_t first = r == 0 ? table[i].vni.first : UNTOUCHED;
		uint32_t last = r == 0 ? table[i].vni.last : UNTOUCHED;

		assert_row(r == (table[i].rule == NULL ? 0 : VTAP_VALUE_REFUSED), i);
		assert_row(vni.first == first && vni.last == last, i);
		assert_string_equal(complaint.rule, table[i].rule == NULL ? "" : table[i].rule);
	}
}

static void test_prefix_when_bits_behind_it_then_refused_with_what_was_meant(void **state)
{
	struct vtap_complaint complaint = { .rule = "" };
	struct vtap_prefix prefix = { .len = 77 };

	(void)state;
	assert_int_equal(vtap_value_prefix("10.1.2.3/16", &prefix, &complaint), VTAP_VALUE_REFUSED);
	assert_string_equal(complaint.value, "10.1.2.3/16");
	assert_string_equal(complaint.rule, "has bits after the prefix; did you mean 10.1.0.0/16?");
	assert_int_equal(vtap_value_prefix("10.0.0.0/33", &prefix, &complaint), VTAP_VALUE_REFUSED);
	assert_string_equal(
		complaint.rule, "must be an address or a prefix like 10.0.0.0/16 or 2001:db8::/32");
	assert_int_equal(prefix.len, 77);
	assert_int_equal(vtap_value_prefix("2001:db8::/32", &prefix, &complaint), 0);
	assert_int_equal(prefix.len, 32);
}

struct words {
	char text[256];
	size_t n_left; /* words to take before one is refused */
};

static int word_take(const char *word, void *arg, struct vtap_complaint *complaint)
{
	struct words *words = arg;

	if (words->n_left-- == 0)
		return vtap_value_complain(complaint, word, "enough");
	strcat(words->text, "<");
	strcat(words->text, word);
	strcat(words->text, ">");
	return 0;
}

struct words_row {
	const char *text;
	const char *words; /* NULL: refused */
};

static void test_words_when_separated_by_blanks_or_commas_then_each_once(void **state)
{
	static const struct words_row table[] = {
		{ "a", "<a>" },
		{ "a b", "<a><b>" },
		{ "a,b", "<a><b>" },
		{ "a, b ,c\td", "<a><b><c><d>" },
		{ "  a  ", "<a>" },
		{ "a,,b,", "<a><b>" },
		{ "a;b", "<a;b>" },
		{ "", NULL },
		{ "  ", NULL },
		{ ",", NULL },
		{ " , ,", NULL },
	};

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(table); i++) {
		struct words words = { .n_left = SIZE_MAX };
		struct vtap_complaint complaint;
		int r = vtap_value_words(table[i].text, word_take, &words, &complaint);

		assert_row(r == (table[i].words != NULL ? 0 : VTAP_VALUE_REFUSED), i);
		assert_string_equal(words.text, table[i].words != NULL ? table[i].words : "");
	}
}

static void test_words_when_one_is_refused_then_it_is_the_one_named(void **state)
{
	struct words words = { .n_left = 1 };
	struct vtap_complaint complaint;

	(void)state;
	assert_int_equal(
		vtap_value_words("a b c", word_take, &words, &complaint), VTAP_VALUE_REFUSED);
	assert_string_equal(complaint.value, "b");
	assert_string_equal(words.text, "<a>");
}

static void test_words_when_one_is_too_long_then_refused(void **state)
{
	struct words words = { .n_left = SIZE_MAX };
	struct vtap_complaint complaint;
	char text[65];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[63] = '\0';
	assert_int_equal(vtap_value_words(text, word_take, &words, &complaint), 0);
	text[63] = 'x';
	text[64] = '\0';
	assert_int_equal(vtap_value_words(text, word_take, &words, &complaint), VTAP_VALUE_REFUSED);
	assert_string_equal(complaint.rule, "longer than 63 bytes");
}

struct text_row {
	const char *text;
	bool is_good;
};

static void test_text_when_printable_utf8_then_taken(void **state)
{
	static const struct text_row table[] = {
		{ "two database hosts", true }, { "b\xc3\xa4nke", true }, /* U+00E4 */
		{ "\xe2\x82\xac", true },                                 /* U+20AC */
		{ "\xf0\x9f\x94\x8d", true },                             /* U+1F50D */
		{ "\xf4\x8f\xbf\xbf", true },                             /* U+10FFFF */
		{ "tab\there", false },                                   /* control */
		{ "bell\a", false },                                      /* control */
		{ "\x1b[31mred", false },          /* what drives a terminal */
		{ "\x7f", false },                 /* DEL */
		{ "\xc2\x9b", false },             /* U+009B, CSI in one character */
		{ "\xc2\xa0", true },              /* U+00A0 */
		{ "\xc0\xaf", false },             /* overlong */
		{ "\xe0\x80\xaf", false },         /* overlong */
		{ "\xf0\x80\x80\xaf", false },     /* overlong */
		{ "\xed\xa0\x80", false },         /* a surrogate */
		{ "\xf4\x90\x80\x80", false },     /* above U+10FFFF */
		{ "\x80", false },                 /* a continuation alone */
		{ "\xc3", false },                 /* cut */
		{ "\xe2\x82", false },             /* cut */
		{ "\xf0\x9f\x94", false },         /* cut */
		{ "\xc3(", false },                /* no continuation */
		{ "\xff", false },                 /* never in UTF-8 */
		{ "\xf8\x88\x80\x80\x80", false }, /* five bytes */
		{ "latin1 \xe4", false },          /* another encoding */
	};

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(table); i++) {
		struct vtap_complaint complaint;
		int r = vtap_value_text(table[i].text, &complaint);

		assert_row(r == (table[i].is_good ? 0 : VTAP_VALUE_REFUSED), i);
		if (!table[i].is_good)
			assert_string_equal(
				complaint.rule, "must be printable characters in UTF-8");
	}
}

static void test_text_when_too_long_then_refused(void **state)
{
	struct vtap_complaint complaint;
	char text[162];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[160] = '\0';
	assert_int_equal(vtap_value_text(text, &complaint), 0);
	text[160] = 'x';
	text[161] = '\0';
	assert_int_equal(vtap_value_text(text, &complaint), VTAP_VALUE_REFUSED);
	assert_string_equal(complaint.rule, "161 bytes, at most 160 are allowed");
}

static void test_name_when_it_may_be_a_label_then_ok(void **state)
{
	static const struct text_row table[] = {
		{ "web", true },
		{ "0", true },
		{ "a.b_c-d", true },
		{ "abcdefghijklmnopqrstuvwxyz012345", true },
		{ "abcdefghijklmnopqrstuvwxyz0123456", false },
		{ "", false },
		{ "-web", false },
		{ ".web", false },
		{ "_web", false },
		{ "Web", false },
		{ "w b", false },
		{ "w/b", false },
		{ "w\xc3\xa4", false },
		{ "w\"b", false },
	};

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(table); i++)
		assert_row(vtap_value_name_ok(table[i].text) == table[i].is_good, i);
}

struct near_row {
	const char *text;
	const char *nearest; /* NULL: none */
};

static void test_nearest_when_one_or_two_slips_then_meant(void **state)
{
	static const char *const keys[] = { "vni", "source", "interface", "mtu", "target",
		"description" };
	static const struct near_row table[] = {
		{ "sorce", "source" },   /* one missing */
		{ "sourcee", "source" }, /* one too many */
		{ "suorce", "source" },  /* neighbours swapped */
		{ "soorce", "source" },  /* another letter */
		{ "interfaces", "interface" },
		{ "inteface", "interface" },
		{ "descripton", "description" },
		{ "mut", "mtu" },
		{ "vnis", "vni" },
		{ "vin", "vni" },
		{ "x", NULL },
		{ "", NULL },
		{ "port", NULL },
		{ "mode", NULL }, /* two letters away from mtu */
		{ "mtuu", "mtu" },
		{ "filter", NULL },
		{ "xyz", NULL },
		{ "a-key-that-is-longer-than-any-name-can-ever-be", NULL },
	};

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(table); i++) {
		const char *nearest = vtap_value_nearest(table[i].text, keys, VTAP_ARRAY_LEN(keys));

		assert_row((nearest == NULL) == (table[i].nearest == NULL), i);
		if (nearest != NULL)
			assert_string_equal(nearest, table[i].nearest);
	}
}

static void test_complaint_when_long_then_cut_not_overrun(void **state)
{
	struct vtap_complaint complaint;
	char text[2 * VTAP_DIAG_RULE_MAX];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(vtap_value_complain(&complaint, text, "%s", text), VTAP_VALUE_REFUSED);
	assert_int_equal(strlen(complaint.value), VTAP_DIAG_VALUE_MAX);
	assert_int_equal(strlen(complaint.rule), VTAP_DIAG_RULE_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_number_when_in_range_then_taken_else_refused),
		cmocka_unit_test(test_size_when_with_unit_then_powers_of_1024),
		cmocka_unit_test(test_size_when_written_then_shortest_exact_form),
		cmocka_unit_test(test_duration_when_with_unit_and_in_range_then_taken),
		cmocka_unit_test(test_duration_when_not_of_the_form_then_the_form_is_named),
		cmocka_unit_test(test_duration_when_written_then_shortest_exact_form),
		cmocka_unit_test(test_bool_when_yes_or_no_then_taken_else_refused),
		cmocka_unit_test(test_listen_when_a_place_then_taken_and_written_the_same),
		cmocka_unit_test(test_listen_when_no_place_then_refused_with_the_form),
		cmocka_unit_test(test_listen_when_the_key_has_no_auto_then_it_is_no_value),
		cmocka_unit_test(test_vni_when_number_or_range_then_taken_else_refused),
		cmocka_unit_test(test_prefix_when_bits_behind_it_then_refused_with_what_was_meant),
		cmocka_unit_test(test_words_when_separated_by_blanks_or_commas_then_each_once),
		cmocka_unit_test(test_words_when_one_is_refused_then_it_is_the_one_named),
		cmocka_unit_test(test_words_when_one_is_too_long_then_refused),
		cmocka_unit_test(test_text_when_printable_utf8_then_taken),
		cmocka_unit_test(test_text_when_too_long_then_refused),
		cmocka_unit_test(test_name_when_it_may_be_a_label_then_ok),
		cmocka_unit_test(test_nearest_when_one_or_two_slips_then_meant),
		cmocka_unit_test(test_complaint_when_long_then_cut_not_overrun),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
