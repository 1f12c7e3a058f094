// SPDX-License-Identifier: Apache-2.0
/*
 * Law: doctor says what holds, most urgent first, each with what to do; what was checked adds up;
 * and a script learns from the outcome whether somebody must do something.
 */
#include "tests/unit/test_report_text.h"

#include <errno.h>

#define FINDING(severity, id, sentence, remedy)                                                    \
	"{'id':'" id "','severity':'" severity "','subject':null,'since':'2026-11-20T09:20:00Z',"  \
	"'sentence':'" sentence "','remedy':'" remedy "','breaks_health':false}"
#define CHECK(id, holds)                                                                           \
	"{'id':'" id "','severity':'ticket','meaning':'meaning of " id "','cause':'Cause of " id   \
	".','remedy':'remedy of " id "','holds':" holds "}"
#define UNCHECKED(id)            CHECK(id, "false,'checked':false")
#define DOCTOR(findings, checks) "{'version':1,'findings':[" findings "],'checks':[" checks "]}"

#define FOREIGN                                                                                    \
	FINDING("page", "interface-foreign",                                                       \
		"session pay cannot be shown: mirror-pay is a dummy interface that vtapd did not " \
		"make",                                                                            \
		"ip link del mirror-pay, or another `interface` in pay.conf")
#define REJECTED FINDING("ticket", "config-rejected", "the files have 5 mistakes", "vtapd --check")
#define ALLOW    FINDING("info", "allow-any", "any host can send", "allow = PREFIX")

#define PASSED_6                                                                                   \
	CHECK("a", "false")                                                                        \
	"," CHECK("b", "false") "," CHECK("c", "false") "," CHECK("d", "false") "," CHECK(         \
		"e", "false") "," CHECK("f", "false")

static void test_doctor_when_something_holds_then_what_and_what_to_do(void **state)
{
	(void)state;
	assert_renders(vtap_text_doctor,
		DOCTOR(FOREIGN "," REJECTED "," ALLOW,
			CHECK("interface-foreign", "true") "," CHECK("config-rejected",
				"true") "," CHECK("allow-any", "true") "," PASSED_6
								       "," CHECK("g", "false")),
		VTAP_TEXT_NOT_READY,
		"PAGE    interface-foreign  session pay cannot be shown: mirror-pay is a dummy "
		"interface that vtapd did not make\n"
		"                           ip link del mirror-pay, or another `interface` in "
		"pay.conf\n"
		"TICKET  config-rejected    the files have 5 mistakes\n"
		"                           vtapd --check\n"
		"INFO    allow-any          any host can send\n"
		"                           allow = PREFIX\n"
		"\n"
		"2 findings and 1 note, 7 checks passed: a b c d e f … (`doctor -v` lists them)\n");
}

static void test_doctor_when_the_terminal_is_narrow_then_each_line_can_be_pasted(void **state)
{
	const struct vtap_text_opts opts = { .now_ns = TEST_NOW_NS, .width = 64 };
	_auto_free char *json = json_of(
		DOCTOR(FINDING("page", "interface-foreign",
			       "session pay cannot be shown: mirror-pay is not ours",
			       "ip -br link; sudo ip link del mirror-pay # or another interface in "
			       "pay.conf:1"),
			CHECK("interface-foreign", "true")));
	_auto_rendered struct rendered rendered = render_with(vtap_text_doctor, json, &opts);

	(void)state;
	assert_string_equal(rendered.text,
		"PAGE  interface-foreign  session pay cannot be shown: mirror-pay\n"
		"                         is not ours\n"
		"                         ip -br link\n"
		"                         sudo ip link del mirror-pay\n"
		"                         # or another interface in pay.conf:1\n"
		"\n"
		"1 finding, 0 checks passed\n");
}

static void test_doctor_id_when_the_terminal_is_narrow_then_text_breaks_between_words(void **state)
{
	const struct vtap_text_opts opts = { .now_ns = TEST_NOW_NS, .width = 40, .condition = "a" };
	_auto_free char *json = json_of(DOCTOR(FINDING("info", "a",
						       "one two three four five six "
						       "seven eight",
						       "vtapctl unknown # one two three"),
		"{'id':'a','severity':'ticket','meaning':'m m m m m m m m m m m m m m m m',"
		"'cause':'c','remedy':'vtapctl unknown # r','holds':true}"));
	_auto_rendered struct rendered rendered = render_with(vtap_text_doctor, json, &opts);

	(void)state;
	assert_string_equal(rendered.text, "a (info) holds.\n"
					   "  one two three four five six seven\n"
					   "  eight, since Nov 20 09:20\n"
					   "    vtapctl unknown # one two three\n"
					   "\n"
					   "  meaning  m m m m m m m m m m m m m m m\n"
					   "           m\n"
					   "  cause    c\n"
					   "  remedy   vtapctl unknown # r\n");
}

static void test_doctor_when_only_information_holds_then_all_is_well(void **state)
{
	(void)state;
	assert_renders(vtap_text_doctor, DOCTOR(ALLOW, CHECK("allow-any", "true") "," PASSED_6), 0,
		"INFO  allow-any  any host can send\n"
		"                 allow = PREFIX\n"
		"\n"
		"1 note, 6 checks passed: a b c d e f (`doctor -v` lists them)\n");
}

static void test_doctor_when_nothing_holds_then_one_line(void **state)
{
	(void)state;
	assert_renders(vtap_text_doctor, DOCTOR("", CHECK("a", "false")), 0,
		"0 findings, 1 check passed: a (`doctor -v` lists them)\n");
}

static void test_doctor_when_everything_holds_then_no_check_is_offered(void **state)
{
	(void)state;
	assert_renders(vtap_text_doctor, DOCTOR(REJECTED, CHECK("config-rejected", "true")),
		VTAP_TEXT_NOT_READY,
		"TICKET  config-rejected  the files have 5 mistakes\n"
		"                         vtapd --check\n"
		"\n"
		"1 finding, 0 checks passed\n");
}

static void test_doctor_when_verbose_then_what_passed_and_what_it_means(void **state)
{
	const struct vtap_text_opts opts = { .now_ns = TEST_NOW_NS, .is_verbose = true };

	(void)state;
	assert_renders_with(vtap_text_doctor,
		DOCTOR("", CHECK("no-sessions", "false") "," CHECK("drain", "false")), &opts, 0,
		"0 findings, 2 checks passed. None of these is the case:\n"
		"  no-sessions  meaning of no-sessions\n"
		"  drain        meaning of drain\n");
}

static void test_doctor_when_something_could_not_be_checked_then_it_has_not_passed(void **state)
{
	const char *json = DOCTOR("", CHECK("drain", "false,'checked':true") "," UNCHECKED(
					      "one-way") "," UNCHECKED("two-way"));
	struct vtap_text_opts opts = { .now_ns = TEST_NOW_NS };

	(void)state;
	assert_renders_with(vtap_text_doctor, json, &opts, 0,
		"0 findings, 1 check passed: drain (`doctor -v` lists them)\n");
	opts.is_verbose = true;
	assert_renders_with(vtap_text_doctor, json, &opts, 0,
		"0 findings, 1 check passed. None of these is the case:\n"
		"  drain  meaning of drain\n"
		"Not checked, for want of anything to tell by: one-way, two-way\n");
	opts.condition = "one-way";
	assert_renders_with(vtap_text_doctor, json, &opts, 0,
		"one-way (ticket) was not checked: there is nothing to tell by.\n"
		"\n"
		"  meaning  meaning of one-way\n"
		"  cause    Cause of one-way.\n"
		"  remedy   remedy of one-way\n");
}

static void test_doctor_when_it_is_known_why_nothing_was_checked_then_that_is_said(void **state)
{
	const char *json =
		DOCTOR("", CHECK("one-way", "false,'checked':false,'unchecked_reason':'look at "
					    "flows: not permitted'") "," CHECK("two-way",
				   "false,'checked':false,'unchecked_reason':null"));
	struct vtap_text_opts opts = { .now_ns = TEST_NOW_NS, .is_verbose = true };

	(void)state;
	assert_renders_with(vtap_text_doctor, json, &opts, 0,
		"0 findings, 0 checks passed\n"
		"Not checked, for want of anything to tell by: one-way (look at flows: not "
		"permitted), two-way\n");
	opts.condition = "one-way";
	assert_renders_with(vtap_text_doctor, json, &opts, 0,
		"one-way (ticket) was not checked: look at flows: not permitted.\n"
		"\n"
		"  meaning  meaning of one-way\n"
		"  cause    Cause of one-way.\n"
		"  remedy   remedy of one-way\n");
}

static void test_doctor_when_asked_for_one_that_holds_then_where_and_why(void **state)
{
	const struct vtap_text_opts opts = { .now_ns = TEST_NOW_NS,
		.condition = "config-rejected" };

	(void)state;
	assert_renders_with(vtap_text_doctor, DOCTOR(REJECTED, CHECK("config-rejected", "true")),
		&opts, VTAP_TEXT_NOT_READY,
		"config-rejected (ticket) holds.\n"
		"  the files have 5 mistakes, since Nov 20 09:20\n"
		"    vtapd --check\n"
		"\n"
		"  meaning  meaning of config-rejected\n"
		"  cause    Cause of config-rejected.\n"
		"  remedy   remedy of config-rejected\n");
}

/* The sentence of a counter that rises says since when it does. */
static void test_doctor_when_the_sentence_has_since_when_then_it_is_not_said_twice(void **state)
{
	const struct vtap_text_opts opts = { .now_ns = TEST_NOW_NS, .condition = "unknown-vni" };

	(void)state;
	assert_renders_with(vtap_text_doctor,
		DOCTOR(FINDING("ticket", "unknown-vni", "9 frames of 1 VNI, since Nov 20 09:19",
			       "vtapctl unknown"),
			CHECK("unknown-vni", "true")),
		&opts, VTAP_TEXT_NOT_READY,
		"unknown-vni (ticket) holds.\n"
		"  9 frames of 1 VNI, since Nov 20 09:19\n"
		"    vtapctl unknown\n"
		"\n"
		"  meaning  meaning of unknown-vni\n"
		"  cause    Cause of unknown-vni.\n"
		"  remedy   remedy of unknown-vni\n");
}

static void test_doctor_when_asked_for_one_that_does_not_hold_then_it_is_explained(void **state)
{
	const struct vtap_text_opts opts = { .now_ns = TEST_NOW_NS, .condition = "no-sessions" };

	(void)state;
	assert_renders_with(vtap_text_doctor, DOCTOR("", CHECK("no-sessions", "false")), &opts, 0,
		"no-sessions (ticket) does not hold.\n"
		"\n"
		"  meaning  meaning of no-sessions\n"
		"  cause    Cause of no-sessions.\n"
		"  remedy   remedy of no-sessions\n");
}

static void test_doctor_when_the_answer_has_another_condition_then_eproto(void **state)
{
	const struct vtap_text_opts opts = { .now_ns = TEST_NOW_NS, .condition = "no-sensor" };
	_auto_free char *json = json_of(DOCTOR("", CHECK("no-sessions", "false")));
	_auto_rendered struct rendered rendered = render_with(vtap_text_doctor, json, &opts);

	(void)state;
	assert_int_equal(rendered.outcome, -EPROTO);
	assert_string_equal(rendered.text, "");
}

#define FOUR(x)    x "," x "," x "," x
#define WAITING    FINDING("ticket", "session-waiting", "a session waits", "vtapctl show it")
#define WAITING_18 FOUR(FOUR(WAITING)) "," WAITING "," WAITING

static void test_doctor_when_many_are_of_one_kind_then_the_rest_is_counted(void **state)
{
	_auto_rendered struct rendered rendered = render(
		vtap_text_doctor, DOCTOR(WAITING_18 "," ALLOW, CHECK("session-waiting", "true")));
	size_t n = 0;

	(void)state;
	for (const char *at = rendered.text; (at = strstr(at, "a session waits")) != NULL; at++)
		n++;
	assert_int_equal(n, 16);
	assert_non_null(strstr(rendered.text, " and 2 more: vtapctl doctor session-waiting\nINFO"));
	assert_non_null(strstr(rendered.text, "\n18 findings and 1 note, 0 checks passed\n"));
}

static void test_doctor_when_colour_is_wanted_then_only_the_severity_has_it(void **state)
{
	_auto_free char *json =
		json_of(DOCTOR(FOREIGN "," REJECTED "," ALLOW, CHECK("a", "false")));
	_auto_rendered struct rendered rendered = render_json(vtap_text_doctor, json, true);

	(void)state;
	assert_non_null(strstr(rendered.text, "\033[31mPAGE"));
	assert_non_null(strstr(rendered.text, "\033[33mTICKET"));
	assert_non_null(strstr(rendered.text, "\nINFO"));
	assert_null(strstr(rendered.text, "\033[32m"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_doctor_when_something_holds_then_what_and_what_to_do),
		cmocka_unit_test(
			test_doctor_when_the_terminal_is_narrow_then_each_line_can_be_pasted),
		cmocka_unit_test(
			test_doctor_id_when_the_terminal_is_narrow_then_text_breaks_between_words),
		cmocka_unit_test(test_doctor_when_only_information_holds_then_all_is_well),
		cmocka_unit_test(test_doctor_when_nothing_holds_then_one_line),
		cmocka_unit_test(test_doctor_when_everything_holds_then_no_check_is_offered),
		cmocka_unit_test(test_doctor_when_verbose_then_what_passed_and_what_it_means),
		cmocka_unit_test(
			test_doctor_when_something_could_not_be_checked_then_it_has_not_passed),
		cmocka_unit_test(
			test_doctor_when_it_is_known_why_nothing_was_checked_then_that_is_said),
		cmocka_unit_test(test_doctor_when_asked_for_one_that_holds_then_where_and_why),
		cmocka_unit_test(
			test_doctor_when_the_sentence_has_since_when_then_it_is_not_said_twice),
		cmocka_unit_test(
			test_doctor_when_asked_for_one_that_does_not_hold_then_it_is_explained),
		cmocka_unit_test(test_doctor_when_the_answer_has_another_condition_then_eproto),
		cmocka_unit_test(test_doctor_when_many_are_of_one_kind_then_the_rest_is_counted),
		cmocka_unit_test(test_doctor_when_colour_is_wanted_then_only_the_severity_has_it),
	};

	return cmocka_run_group_tests(tests, use_utc, NULL);
}
