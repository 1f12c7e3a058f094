// SPDX-License-Identifier: Apache-2.0
/*
 * Law: a rate of top is the difference of a counter over that of the daemon's clock, and "-" where
 * there is none; a screen is never wider nor longer than the terminal, shows the busiest, and says
 * how many it leaves out.
 */
#include "tests/unit/test_report_text.h"

#include "report/text_top.h"

#include <errno.h>

#define ANSWER_AT(pid, uptime, now, targets, sessions)                                             \
	"{'version':1,'daemon':{'version':'1','pid':" pid ",'now':'2026-11-20T" now "Z',"          \
	"'state':'healthy','uptime_ns':" uptime "000000000},'findings':['unknown-vni','truncated'" \
	"],'finding_count':2,'note_count':1,'targets':[" targets "],'sessions':[" sessions "]}"
#define ANSWER(s, targets, sessions) ANSWER_AT("7", "1000" s, "10:07:" s, targets, sessions)

#define TARGET(name, received, delivered, dropped, drops)                                          \
	"{'name':'" name "','port':4789,'bound':['ens5'],'underlay':['auto'],'path':'fast path',"  \
	"'state':'ready','received':" received ",'delivered':" delivered ",'dropped':" dropped     \
	",'unknown_bytes':1" dropped "00,'drops':{" drops "}}"
#define SESSION_IN(name, state, delivered, bytes, dropped)                                         \
	"{'name':'" name "','interface':'mirror-" name "','state':'" state                         \
	"','delivered':" delivered ",'bytes':" bytes ",'dropped':" dropped "}"
#define SESSION(name, delivered, bytes, dropped)                                                   \
	SESSION_IN(name, "ready", delivered, bytes, dropped)

#define KEYS "\nq quit  f frames  b bits  d drops  n name"

static const struct vtap_text_top_view WIDE = {
	.width = 113, .height = 24, .has_utf8 = true, .interval_s = 1
};

static void take(struct vtap_text_top *top, const char *single_quoted)
{
	_auto_free char *json = json_of(single_quoted);
	struct vtap_err err = VTAP_ERR_NULL;

	assert_int_equal(vtap_text_top_take(top, json, &err), 0);
	assert_string_equal(err.text, "");
}

static struct vtap_text_top *top_of(const char *first, const char *second)
{
	struct vtap_text_top *top;

	assert_int_equal(vtap_text_top_new(&top), 0);
	take(top, first);
	if (second != NULL)
		take(top, second);
	return top;
}

static char *draw(const struct vtap_text_top *top, const struct vtap_text_top_view *view)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	assert_int_equal(vtap_text_top_draw(top, view, out), 0);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void assert_draws(
	const struct vtap_text_top *top, const struct vtap_text_top_view *view, const char *wanted)
{
	_auto_free char *text = draw(top, view);

	assert_string_equal(text, wanted);
}

static void assert_has(
	const struct vtap_text_top *top, const struct vtap_text_top_view *view, const char *line)
{
	_auto_free char *text = draw(top, view);

	if (strstr(text, line) == NULL)
		print_error("no \"%s\" in\n%s", line, text);
	assert_non_null(strstr(text, line));
}

#define FEEL_FIRST                                                                                 \
	ANSWER("00", TARGET("default", "1000", "990", "10", "'unknown-vni':10"),                   \
		SESSION("web", "1000", "1000000", "0") "," SESSION(                                \
			"db", "500", "1000", "0") "," SESSION("batch", "5", "500", "0"))
#define FEEL_SECOND                                                                                \
	ANSWER("01", TARGET("default", "216537", "216515", "22", "'unknown-vni':22"),              \
		SESSION("web", "213418", "177306940", "0") "," SESSION(                            \
			"db", "3607", "2275324", "0") "," SESSION("batch", "5", "500", "0"))

static void test_top_when_two_answers_then_the_rates_between_them(void **state)
{
	_auto(text_top) struct vtap_text_top *top = top_of(FEEL_FIRST, FEEL_SECOND);

	(void)state;
	assert_draws(top, &WIDE,
		"default  ens5:4789  fast path  215,537 received/s  215,525 delivered/s  "
		"12 dropped/s          10:07:01  every 1 s\n"
		"\n"
		"SESSION  INTERFACE     FRAMES/s  BITS/s  AVG SIZE  DROPS/s  LAST 60 s\n"
		"web      mirror-web     212,418  1.41 G     830 B        0                       "
		"        ▇\n"
		"db       mirror-db        3,107  18.2 M     732 B        0                       "
		"        ▇\n"
		"batch    mirror-batch         0       0         -        0\n"
		"(unknown)                    12  9.60 k     100 B       12                       "
		"        ▇\n" KEYS
		"                                   2 findings and 1 note: vtapctl doctor\n");
}

static void test_top_when_the_first_answer_then_nothing_is_known(void **state)
{
	_auto(text_top) struct vtap_text_top *top = top_of(FEEL_FIRST, NULL);

	(void)state;
	assert_has(top, &WIDE, "fast path  - received/s  - delivered/s  - dropped/s  ");
	assert_has(top, &WIDE, "\nweb      mirror-web           -       -         -        -\n");
}

static void test_top_when_answers_are_late_then_the_daemons_clock_counts(void **state)
{
	_auto(text_top) struct vtap_text_top *top =
		top_of(ANSWER("00", "", SESSION("web", "0", "0", "0")),
			ANSWER("04", "", SESSION("web", "1000", "64000", "8")));

	(void)state;
	assert_has(top, &WIDE, "\nweb      mirror-web       250   128 k      64 B        2 ");
}

static void test_top_when_a_counter_fell_or_the_daemon_is_another_then_not_known(void **state)
{
	_auto(text_top) struct vtap_text_top *top =
		top_of(ANSWER("00", "", SESSION("web", "9", "900", "0")),
			ANSWER("01", "", SESSION("web", "8", "800", "0")));

	(void)state;
	assert_has(top, &WIDE, "\nweb      mirror-web         -       -         -        0\n");
	take(top, ANSWER("02", "", SESSION("web", "18", "1800", "0")));
	assert_has(top, &WIDE, "\nweb      mirror-web        10  8.00 k     100 B        0 ");
	take(top, ANSWER_AT("8", "1", "10:07:05", "", SESSION("web", "28", "2800", "0")));
	assert_has(top, &WIDE, "\nweb      mirror-web         -       -         -        - ");
}

static void test_top_when_a_session_comes_or_goes_then_the_others_keep_their_rates(void **state)
{
	_auto(text_top) struct vtap_text_top *top = top_of(
		ANSWER("00", "", SESSION("b", "1", "60", "0") "," SESSION("d", "1", "60", "0")),
		ANSWER("01", "",
			SESSION("d", "11", "660", "0") "," SESSION("c", "7", "60", "0") "," SESSION(
				"a", "7", "60", "0")));

	(void)state;
	assert_has(top, &WIDE, "\nd        mirror-d         10");
	assert_has(top, &WIDE, "\na        mirror-a          -");
	assert_has(top, &WIDE, "\nc        mirror-c          -");
}

static void test_top_when_an_answer_comes_too_soon_then_the_rates_stay(void **state)
{
	_auto(text_top) struct vtap_text_top *top =
		top_of(ANSWER("00", "", SESSION("web", "0", "0", "0")),
			ANSWER("01", "", SESSION("web", "100", "10000", "0")));
	_auto_free char *before = draw(top, &WIDE);
	_auto_free char *early = json_of(ANSWER("01", "", SESSION("web", "100", "10000", "0")));

	(void)state;
	memcpy(strstr(early, "100001000000000"), "100001499999999", 15);
	take(top, early);
	assert_draws(top, &WIDE, before);
	take(top, ANSWER("02", "", SESSION("web", "200", "20000", "0")));
	assert_has(top, &WIDE, "\nweb      mirror-web       100  80.0 k     100 B        0 ");
}

static void test_top_when_sorted_then_by_what_was_asked(void **state)
{
	static const struct {
		char key;
		const char *rows; /* their first letters */
	} table[] = { { 'f', "cab" }, { 'b', "bac" }, { 'd', "acb" }, { 'n', "abc" } };
	_auto(text_top) struct vtap_text_top *top =
		top_of(ANSWER("00", "",
			       SESSION("a", "0", "0", "0") "," SESSION(
				       "b", "0", "0", "0") "," SESSION("c", "0", "0", "0")),
			ANSWER("01", "",
				SESSION("a", "2", "200", "9") "," SESSION(
					"b", "1", "900", "0") "," SESSION("c", "3", "180", "1")));

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(table); i++) {
		struct vtap_text_top_view view = WIDE;
		char found[4] = "";
		size_t n = 0;

		view.order = vtap_text_order_of_key(table[i].key);
		_auto_free char *text = draw(top, &view);
		for (const char *at = text; n < 3 && (at = strstr(at, " mirror-")) != NULL; at++)
			found[n++] = at[strlen(" mirror-")];
		assert_string_equal(found, table[i].rows);
	}
	assert_int_equal(vtap_text_order_of_key('q'), VTAP_TEXT_ORDER_COUNT);
}

static void test_top_when_the_terminal_is_narrow_then_columns_give_way(void **state)
{
	_auto(text_top) struct vtap_text_top *top = top_of(FEEL_FIRST, FEEL_SECOND);
	struct vtap_text_top_view view = WIDE;

	(void)state;
	view.width = 79;
	assert_draws(top, &view,
		"default  ens5:4789  fast path                               10:07:01  every 1 s\n"
		"  215,537 received/s  215,525 delivered/s  12 dropped/s (unknown-vni)\n"
		"\n"
		"SESSION  INTERFACE     FRAMES/s  BITS/s  AVG SIZE  DROPS/s  LAST 60 s\n"
		"web      mirror-web     212,418  1.41 G     830 B        0             ▇\n"
		"db       mirror-db        3,107  18.2 M     732 B        0             ▇\n"
		"batch    mirror-batch         0       0         -        0\n"
		"(unknown)                    12  9.60 k     100 B       12             ▇\n" KEYS
		"                 2 findings and 1 note\n");
	view.width = 42;
	assert_draws(top, &view,
		"default  ens5:4789  fast path\n"
		"  215,537 received/s  215,525 delivered/s\n"
		"  12 dropped/s (unknown-vni)\n"
		"\n"
		"SESSION    FRAMES/s  BITS/s  DROPS/s\n"
		"web         212,418  1.41 G        0\n"
		"db            3,107  18.2 M        0\n"
		"batch             0       0        0\n"
		"(unknown)        12  9.60 k       12\n" KEYS "\n");
}

#define LONG_NAME "a-name-of-32-bytes-is-quite-long"
#define LONG_SESSION(delivered, bytes, dropped)                                                    \
	SESSION_IN(LONG_NAME, "ready", delivered, bytes, dropped)                                  \
	"," SESSION_IN("pay", "waiting", "0", "0", "0")

/* What a number, a word of state or a chart needs, names and what can be had elsewhere give. */
static void test_top_when_a_name_is_long_then_neither_charts_nor_states_nor_numbers_suffer(
	void **state)
{
	_auto(text_top) struct vtap_text_top *top = top_of(
		ANSWER("00", TARGET("default", "0", "0", "0", ""), LONG_SESSION("0", "0", "0")),
		ANSWER("01", TARGET("default", "50000", "49000", "1000", "'socket-full':1000"),
			LONG_SESSION("50000", "5000000", "0")));
	struct vtap_text_top_view view = WIDE;

	(void)state;
	view.width = 79;
	assert_has(top, &view,
		"\nSESSION                           FRAMES/s  BITS/s  DROPS/s  LAST 60 "
		"s\n" LONG_NAME "    50,000  40.0 M        0             ▇\n"
		"pay                                      -       -        -  waiting\n");
	view.width = 39;
	assert_has(top, &view,
		"  50,000 received/s  49,000 delivered/s\n"
		"  1,000 dropped/s (socket-full)\n"
		"\n"
		"SESSION      FRAMES/s  DROPS/s\n"
		"a-name-of-…    50,000        0\n"
		"pay                 -        -  waiting\n"
		"\n"
		"q quit  f frames  b bits  d drops\n");
	view.width = 20;
	assert_has(top, &view,
		"\n  50,000 received/s\n"
		"  49,000 delivered/s\n");
	assert_has(top, &view,
		"\nSESSION\n"
		"a-name-of-…\n"
		"pay          waiting\n");
}

static void test_top_when_narrow_then_what_is_away_breaks_between_words(void **state)
{
	_auto(text_top) struct vtap_text_top *top = top_of(FEEL_FIRST, FEEL_SECOND);
	struct vtap_text_top_view view = WIDE;

	(void)state;
	view.width = 30;
	view.trouble = "vtapd does not answer since 10:07:31; it is asked again every 1 s.\n  why";
	assert_draws(top, &view,
		"vtapd does not answer since\n"
		"10:07:31; it is asked again\n"
		"every 1 s.\n"
		"  why\n"
		"\n"
		"q quit  f frames  b bits\n");
}

/* A line of more columns, or more lines, would scroll the screen away. */
static void test_top_when_drawn_at_any_size_then_no_line_is_wider_or_ends_in_a_blank(void **state)
{
	_auto(text_top) struct vtap_text_top *top = top_of(FEEL_FIRST, FEEL_SECOND);
	struct vtap_text_top_view view = WIDE;

	(void)state;
	view.has_utf8 = false;
	for (view.width = 1; view.width <= 140; view.width++) {
		_auto_free char *text = draw(top, &view);
		size_t len;

		for (const char *at = text; *at != '\0'; at += len + 1) {
			len = strcspn(at, "\n");
			assert_true(len <= view.width);
			assert_true(len == 0 || at[len - 1] != ' ');
		}
	}
}

static void test_top_when_rows_do_not_fit_then_the_busiest_and_how_many_more(void **state)
{
	_auto(text_top) struct vtap_text_top *top = top_of(FEEL_FIRST, FEEL_SECOND);
	struct vtap_text_top_view view = WIDE;

	(void)state;
	view.height = 8; /* target, blank, titles, 2, unknown, blank, keys */
	assert_has(top, &view,
		"LAST 60 s\n"
		"web      mirror-web     212,418  1.41 G     830 B        0                       "
		"        ▇\n"
		"and 2 more sessions, at most 3,107 frames/s each\n"
		"(unknown)                    12");
	view.order = VTAP_TEXT_ORDER_BITS;
	assert_has(top, &view, "\nand 2 more sessions, at most 18.2 M bits/s each\n");
	view.order = VTAP_TEXT_ORDER_DROPS;
	assert_has(top, &view, "\nand 2 more sessions, at most 0 drops/s each\n");
	view.order = VTAP_TEXT_ORDER_NAME;
	assert_has(top, &view, "\nand 2 more sessions\n");
	view.height = 9;
	_auto_free char *text = draw(top, &view);
	assert_null(strstr(text, " more "));
}

static void test_top_when_not_ready_then_its_state_and_no_zeros(void **state)
{
	_auto(text_top) struct vtap_text_top *top =
		top_of(ANSWER("00", "", SESSION_IN("pay", "waiting", "0", "0", "0")),
			ANSWER("01", "", SESSION_IN("pay", "waiting", "0", "0", "0")));

	(void)state;
	assert_has(top, &WIDE,
		"\npay      mirror-pay         -       -         -        -  waiting\n");
}

static void test_top_when_packets_are_dropped_then_why_most_first(void **state)
{
	_auto(text_top) struct vtap_text_top *top =
		top_of(ANSWER("00", TARGET("default", "0", "0", "0", ""), ""),
			ANSWER("01",
				TARGET("default", "9", "0", "9",
					"'unknown-vni':1,'socket-full':5,'not-allowed':0,"
					"'too-short':2,'not-vxlan':1"),
				""));
	struct vtap_text_top_view view = WIDE;

	(void)state;
	view.width = 140;
	assert_has(top, &view, "  9 dropped/s (socket-full, too-short, not-vxlan, …)  ");
	view.has_utf8 = false;
	assert_has(top, &view, "  9 dropped/s (socket-full, too-short, not-vxlan, ...)  ");
	assert_has(top, &view, "\n(unknown)                  1  7.20 k     900 B        1 ");
}

static void test_top_when_the_kernel_counts_then_it_says_that_unknown_ones_are_hidden(void **state)
{
	static const char kernel[] = ANSWER("00",
		"{'name':'default','port':4789,'bound':['ens5'],'path':'kernel','state':"
		"'ready','received':1,'delivered':1,'dropped':0,'drops':{},'counted_by':"
		"'kernel'}",
		"");
	_auto(text_top) struct vtap_text_top *top = top_of(kernel, NULL);

	(void)state;
	assert_has(top, &WIDE,
		"\n(unknown)                  -       -         -        -  not counted by the "
		"kernel\n");
}

static void test_top_when_there_are_several_targets_then_each_has_a_line_and_its_unknown(
	void **state)
{
	_auto(text_top) struct vtap_text_top *top =
		top_of(ANSWER("00",
			       TARGET("east", "1", "1", "0", "") "," TARGET(
				       "west", "1", "0", "1", "'unknown-source':1"),
			       ""),
			NULL);
	struct vtap_text_top_view view = WIDE;

	(void)state;
	assert_draws(top, &view,
		"east  ens5:4789  fast path  - received/s  - delivered/s  - dropped/s"
		"                          10:07:00  every 1 s\n"
		"west  ens5:4789  fast path  - received/s  - delivered/s  - dropped/s\n"
		"\n"
		"SESSION  INTERFACE  FRAMES/s  BITS/s  AVG SIZE  DROPS/s  LAST 60 s\n"
		"(unknown) west             -       -         -        -\n" KEYS
		"                                   2 findings and 1 note: vtapctl doctor\n");
	view.height = 4;
	assert_has(top, &view, "\nand 1 more target\n");
}

static void test_top_when_it_is_no_screen_then_all_rows_and_no_keys(void **state)
{
	static const struct vtap_text_top_view plain = { .interval_s = 5 };
	_auto(text_top) struct vtap_text_top *top = top_of(FEEL_FIRST, FEEL_SECOND);

	(void)state;
	assert_draws(top, &plain,
		"default  ens5:4789  fast path  215,537 received/s  215,525 delivered/s  "
		"12 dropped/s (unknown-vni)  10:07:01  over 5 s\n"
		"\n"
		"SESSION  INTERFACE     FRAMES/s  BITS/s  AVG SIZE  DROPS/s\n"
		"web      mirror-web     212,418  1.41 G     830 B        0\n"
		"db       mirror-db        3,107  18.2 M     732 B        0\n"
		"batch    mirror-batch         0       0         -        0\n"
		"(unknown)                    12  9.60 k     100 B       12\n");
}

static void test_top_when_the_daemon_is_away_then_only_that(void **state)
{
	_auto(text_top) struct vtap_text_top *top = top_of(FEEL_FIRST, FEEL_SECOND);
	struct vtap_text_top_view view = WIDE;

	(void)state;
	view.trouble = "vtapd does not answer since 10:07:31.\n  why";
	assert_draws(top, &view, "vtapd does not answer since 10:07:31.\n  why\n" KEYS "\n");
}

static void test_top_when_coloured_then_drops_and_states_only(void **state)
{
	_auto(text_top) struct vtap_text_top *top = top_of(FEEL_FIRST, FEEL_SECOND);
	struct vtap_text_top_view view = WIDE;

	(void)state;
	view.has_color = true;
	assert_has(top, &view, "     100 B       \033[33m12\033[0m  ");
	assert_has(top, &view, "\nbatch    mirror-batch         0       0         -        0\n");
}

/* A session with so many frames after each second. */
static struct vtap_text_top *top_over(const unsigned *rates, unsigned n, unsigned step_s)
{
	struct vtap_text_top *top =
		top_of(ANSWER_AT("7", "1000", "10:07:00", "", SESSION("web", "0", "0", "0")), NULL);
	unsigned long frames = 0;

	for (unsigned i = 0; i < n; i++) {
		char answer[1024];

		frames += (unsigned long)rates[i] * step_s;
		(void)snprintf(answer, sizeof(answer), /* fits */
			ANSWER_AT("7", "%u", "10:07:00", "", SESSION("web", "%lu", "%lu", "0")),
			1000 + (i + 1) * step_s, frames, frames * 60);
		take(top, answer);
	}
	return top;
}

static void test_chart_when_rates_change_then_each_second_has_its_height(void **state)
{
	static const unsigned rates[] = { 0, 10, 20, 40, 70, 100, 0, 5 };
	_auto(text_top) struct vtap_text_top *top = top_over(rates, VTAP_ARRAY_LEN(rates), 1);
	struct vtap_text_top_view view = WIDE;

	(void)state;
	view.width = 140;
	assert_has(
		top, &view, "  0                                                       ▂▂▃▅▇ ▁\n");
	view.has_utf8 = false;
	assert_has(
		top, &view, "  0                                                       ::-+# .\n");
}

static void test_chart_when_an_interval_is_long_then_it_fills_its_seconds(void **state)
{
	static const unsigned rates[] = { 100, 50 };
	_auto(text_top) struct vtap_text_top *top = top_over(rates, VTAP_ARRAY_LEN(rates), 5);
	struct vtap_text_top_view view = WIDE;

	(void)state;
	view.width = 140;
	assert_has(top, &view, "   ▇▇▇▇▇▄▄▄▄▄\n");
	view.width = 70;
	assert_has(top, &view, "  0            ▇▄\n");
}

static void test_chart_when_more_than_a_minute_then_the_last_one(void **state)
{
	unsigned rates[70];

	(void)state;
	for (unsigned i = 0; i < VTAP_ARRAY_LEN(rates); i++)
		rates[i] = i < 10 ? 1000 : i < 40 ? 10 : 70;
	_auto(text_top) struct vtap_text_top *top = top_over(rates, VTAP_ARRAY_LEN(rates), 1);
	struct vtap_text_top_view view = WIDE;

	view.width = 140;
	assert_has(
		top, &view, "  0  ▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇\n");
}

static void test_top_when_an_answer_is_not_understood_then_the_former_stays(void **state)
{
	_auto(text_top) struct vtap_text_top *top = top_of(FEEL_FIRST, FEEL_SECOND);
	_auto_free char *before = draw(top, &WIDE);
	struct vtap_err err = VTAP_ERR_NULL;

	(void)state;
	assert_int_equal(vtap_text_top_take(top, "{\"version\":2}", &err), -EPROTO);
	assert_true(err.text[0] != '\0');
	assert_draws(top, &WIDE, before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_top_when_two_answers_then_the_rates_between_them),
		cmocka_unit_test(test_top_when_the_first_answer_then_nothing_is_known),
		cmocka_unit_test(test_top_when_answers_are_late_then_the_daemons_clock_counts),
		cmocka_unit_test(
			test_top_when_a_counter_fell_or_the_daemon_is_another_then_not_known),
		cmocka_unit_test(
			test_top_when_a_session_comes_or_goes_then_the_others_keep_their_rates),
		cmocka_unit_test(test_top_when_an_answer_comes_too_soon_then_the_rates_stay),
		cmocka_unit_test(test_top_when_sorted_then_by_what_was_asked),
		cmocka_unit_test(test_top_when_the_terminal_is_narrow_then_columns_give_way),
		cmocka_unit_test(
			test_top_when_a_name_is_long_then_neither_charts_nor_states_nor_numbers_suffer),
		cmocka_unit_test(test_top_when_narrow_then_what_is_away_breaks_between_words),
		cmocka_unit_test(
			test_top_when_drawn_at_any_size_then_no_line_is_wider_or_ends_in_a_blank),
		cmocka_unit_test(test_top_when_rows_do_not_fit_then_the_busiest_and_how_many_more),
		cmocka_unit_test(test_top_when_not_ready_then_its_state_and_no_zeros),
		cmocka_unit_test(test_top_when_packets_are_dropped_then_why_most_first),
		cmocka_unit_test(
			test_top_when_the_kernel_counts_then_it_says_that_unknown_ones_are_hidden),
		cmocka_unit_test(
			test_top_when_there_are_several_targets_then_each_has_a_line_and_its_unknown),
		cmocka_unit_test(test_top_when_it_is_no_screen_then_all_rows_and_no_keys),
		cmocka_unit_test(test_top_when_the_daemon_is_away_then_only_that),
		cmocka_unit_test(test_top_when_coloured_then_drops_and_states_only),
		cmocka_unit_test(test_chart_when_rates_change_then_each_second_has_its_height),
		cmocka_unit_test(test_chart_when_an_interval_is_long_then_it_fills_its_seconds),
		cmocka_unit_test(test_chart_when_more_than_a_minute_then_the_last_one),
		cmocka_unit_test(test_top_when_an_answer_is_not_understood_then_the_former_stays),
	};

	return cmocka_run_group_tests(tests, use_utc, NULL);
}
