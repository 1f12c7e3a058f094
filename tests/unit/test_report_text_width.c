// SPDX-License-Identifier: Apache-2.0
/*
 * Law: what is written fits the terminal, and is true all the same: text breaks between words, a
 * table leaves out whole columns and says which, commands stay in one piece, and nothing is
 * different where there is no terminal.
 */
#include "tests/unit/test_report_text.h"

#include "base/cleanup.h"

#define TARGET(name, drops)                                                                        \
	"{'name':'" name "','port':4789,'underlay':['auto'],'bound':['ens5'],'path':'fast path',"  \
	"'state':'ready','reason':null,'message':null,'retry_in_ns':null,"                         \
	"'received':18204113870,'delivered':18204102514,'dropped':11356,'drops':{" drops "}}"

#define SESSION(name, vnis, state, message, frames, bits, sensors)                                 \
	"{'name':'" name "','target':'default','vni':[" vnis "],'interface':'mirror-" name "',"    \
	"'state':'" state "','reason':null,'message':" message ",'retry_in_ns':40000000000,"       \
	"'received':9,'delivered':9,'dropped':0,'drops':{},'frames_per_second':" frames            \
	",'bits_per_second':" bits ",'last_frame_age_ns':100000000,'sensors':" sensors "}"

#define WEB  SESSION("web", "'4321'", "ready", "null", "212418.0", "1410000000.0", "8")
#define FEW  SESSION("few", "'1','3','5-9','11','13'", "ready", "null", "3.0", "640.0", "0")
#define LONG SESSION("a-long-name-x", "'4400-4403'", "ready", "null", "0.0", "0.0", "0")
#define PAY                                                                                        \
	SESSION("pay", "'6000'", "waiting",                                                        \
		"'mirror-pay is a dummy interface that vtapd did not make; left alone'", "0.0",    \
		"0.0", "0")

#define STATUS(drops, sessions) STATUS_OF(TARGET("default", drops), sessions)
#define STATUS_OF(targets, sessions)                                                               \
	"{'version':1,'daemon':{'version':'1.0.0','state':'healthy','checks':'answered',"          \
	"'drain':null,'uptime_ns':532800000000000,'configured':'2026-11-20T09:14:03.5Z',"          \
	"'refused':null},'findings':['unknown-vni','interface-foreign'],'targets':[" targets       \
	"],'sessions':[" sessions "]}"

#define DROPS "'unknown-vni':8891,'unknown-source':11,'socket-full':2454"

static void assert_at(
	size_t width, vtap_text_fn fn, const char *json, int outcome, const char *text)
{
	const struct vtap_text_opts opts = { .now_ns = TEST_NOW_NS, .width = width };

	assert_renders_with(fn, json, &opts, outcome, text);
}

static void test_status_when_80_columns_then_it_fits_and_says_what_had_no_room(void **state)
{
	(void)state;
	assert_at(80, vtap_text_status, STATUS(DROPS, WEB "," LONG "," PAY), VTAP_TEXT_NOT_READY,
		"vtapd 1.0.0 healthy, degraded: 1 of 3 sessions is waiting. Up 6 d 4 h,\n"
		"  configuration of Nov 20 09:14:03.\n"
		"\n"
		"TARGET   PORT  UNDERLAY  PATH       RECEIVED        DELIVERED       DROPPED\n"
		"default  4789  ens5      fast path  18,204,113,870  18,204,102,514   11,356\n"
		"  default: dropped 8,891 unknown-vni, 11 unknown-source, 2,454 socket-full\n"
		"\n"
		"SESSION        VNI        STATE    FRAMES/s  BITS/s  DROPPED  LAST  SENSORS\n"
		"web            4321       ready     212,418  1.41 G        0  now   8\n"
		"a-long-name-x  4400-4403  ready           0  0             0  now   -\n"
		"pay            6000       waiting         0  0             0  now   -\n"
		"  no room for INTERFACE; `| less -S` shows all\n"
		"  pay: mirror-pay is a dummy interface that vtapd did not make; left alone.\n"
		"    Next try in 40 s.\n"
		"\n"
		"2 findings, `vtapctl doctor` explains them: unknown-vni, interface-foreign\n");
}

static void test_status_when_40_columns_then_what_matters_most_stays(void **state)
{
	(void)state;
	assert_at(40, vtap_text_status, STATUS("", WEB), 0,
		"vtapd 1.0.0 healthy. Up 6 d 4 h,\n"
		"  configuration of Nov 20 09:14:03.\n"
		"\n"
		"TARGET   RECEIVED        DROPPED\n"
		"default  18,204,113,870   11,356\n"
		"  no room for PORT, UNDERLAY, PATH,\n"
		"    DELIVERED; `| less -S` shows all\n"
		"\n"
		"SESSION  STATE  FRAMES/s  DROPPED  LAST\n"
		"web      ready   212,418        0  now\n"
		"  no room for VNI, INTERFACE, BITS/s,\n"
		"    SENSORS; `| less -S` shows all\n"
		"\n"
		"2 findings, `vtapctl doctor` explains\n"
		"  them: unknown-vni, interface-foreign\n");
}

/* The table of sessions needs 48 columns at least: below that the terminal breaks its rows. */
static void test_status_when_at_any_width_then_it_is_rendered_and_fits_from_48_on(void **state)
{
	struct vtap_text_opts opts = { .now_ns = TEST_NOW_NS };
	_auto_free char *json = json_of(STATUS(DROPS, WEB "," FEW "," LONG "," PAY));

	(void)state;
	for (opts.width = 1; opts.width < 150; opts.width++) {
		_auto_rendered struct rendered rendered =
			render_with(vtap_text_status, json, &opts);
		size_t len;

		assert_int_equal(rendered.outcome, VTAP_TEXT_NOT_READY);
		for (const char *at = rendered.text; *at != '\0'; at += len + 1) {
			len = strcspn(at, "\n");
			assert_true(opts.width < 48 || len <= opts.width);
		}
	}
}

/* The rows of a table: the lines that begin with a session's name, or its title. */
static void assert_row(size_t width, const char *sessions, const char *row)
{
	const struct vtap_text_opts opts = { .now_ns = TEST_NOW_NS, .width = width };
	_auto_free char *quoted = NULL;
	_auto_free char *json = NULL;
	int len = asprintf(&quoted, STATUS("", "%s"), sessions);

	assert_true(len > 0);
	json = json_of(quoted);
	_auto_rendered struct rendered rendered = render_with(vtap_text_status, json, &opts);
	if (strstr(rendered.text, row) == NULL)
		fail_msg("no \"%s\" in\n%s", row, rendered.text);
}

#define ROW(words) "few      " words "  ready         3  640           0  now   -\n"

static void test_status_when_vnis_take_the_room_then_one_is_named_before_a_column_goes(void **state)
{
	(void)state;
	assert_row(0, FEW, ROW("1, 3, 5-9, 11 and 1 more  mirror-few"));
	assert_row(94, FEW, ROW("1, 3, 5-9, 11 and 1 more  mirror-few"));
	assert_row(93, FEW, ROW("1 and 4 more  mirror-few"));
	assert_row(82, FEW, ROW("1 and 4 more  mirror-few"));
	assert_row(81, FEW, ROW("1 and 4 more"));
}

static void test_status_when_targets_are_several_then_sessions_say_of_which(void **state)
{
	_auto_rendered struct rendered rendered = render(
		vtap_text_status, STATUS_OF(TARGET("default", "") "," TARGET("edge", ""), WEB));

	(void)state;
	assert_non_null(strstr(rendered.text, "  LAST  SENSORS  TARGET\n"));
	assert_non_null(strstr(rendered.text, "  now   8        default\n"));
}

#define UNKNOWN                                                                                    \
	"{'version':1,'rows':[{'vni':5569041,'verdict':'unknown-vni','target':'default',"          \
	"'frames':8891,'frames_per_second':12.4,'sources':['10.0.3.17'],'sources_complete':true,"  \
	"'first_seen':'2026-11-20T09:20:00Z','last_seen_age_ns':1,'taken_by':null,"                \
	"'why':'only sessions of other targets have this VNI'}],"                                  \
	"'frames':8891,'forgotten_frames':0}"

static void test_unknown_when_80_columns_then_the_reason_breaks_and_the_command_does_not(
	void **state)
{
	(void)state;
	assert_at(80, vtap_text_unknown, UNKNOWN, 0,
		"VNI      FRAMES  FRAMES/s  OUTER SOURCES  LAST SEEN  WHY\n"
		"5569041   8,891      12.4  10.0.3.17      now        only sessions of other\n"
		"                                                     targets have this VNI\n"
		"  no room for FIRST SEEN; `| less -S` shows all\n"
		"\n"
		"1 row, 8,891 frames. To see the first one on an interface of its own:\n"
		"  printf '[session vni5569041]\\nvni = 5569041\\ninterface = vni5569041\\n' | "
		"sudo "
		"tee /etc/vtapd/conf.d/vni5569041.conf\n"
		"  sudo vtapctl reload\n");
}

static void test_doctor_when_verbose_then_meanings_break_beside_their_names(void **state)
{
	const struct vtap_text_opts opts = {
		.now_ns = TEST_NOW_NS, .width = 50, .is_verbose = true
	};

	(void)state;
	assert_renders_with(vtap_text_doctor,
		"{'version':1,'findings':[],'checks':[{'id':'port-taken','holds':false,"
		"'meaning':'a port that vtapd is to listen on belongs to another program'}]}",
		&opts, 0,
		"0 findings, 1 check passed. None of these is the\n"
		"  case:\n"
		"  port-taken  a port that vtapd is to listen on\n"
		"              belongs to another program\n");
}

#define FINDING                                                                                    \
	"{'id':'interface-foreign','severity':'page','subject':'pay','since':null,"                \
	"'sentence':'session pay cannot be shown: mirror-pay is a dummy interface',"               \
	"'remedy':'sudo ip link del mirror-pay # or another `interface` in pay.conf:1'}"
#define DOCTOR                                                                                     \
	"{'version':1,'findings':[" FINDING "],'checks':[{'id':'interface-foreign',"               \
	"'holds':true,'meaning':'m'}]}"

static void test_findings_when_there_is_no_room_beside_their_names_then_below(void **state)
{
	(void)state;
	assert_at(49, vtap_text_doctor, DOCTOR, VTAP_TEXT_NOT_READY,
		"PAGE  interface-foreign  session pay cannot be\n"
		"                         shown: mirror-pay is a\n"
		"                         dummy interface\n"
		"                         sudo ip link del mirror-pay\n"
		"                         # or another `interface`\n"
		"                         # in pay.conf:1\n"
		"\n"
		"1 finding, 0 checks passed\n");
	assert_at(48, vtap_text_doctor, DOCTOR, VTAP_TEXT_NOT_READY,
		"PAGE  interface-foreign\n"
		"  session pay cannot be shown: mirror-pay is a\n"
		"  dummy interface\n"
		"  sudo ip link del mirror-pay\n"
		"  # or another `interface` in pay.conf:1\n"
		"\n"
		"1 finding, 0 checks passed\n");
}

static void test_headline_when_coloured_then_colours_take_no_room(void **state)
{
	const struct vtap_text_opts opts = {
		.now_ns = TEST_NOW_NS, .width = 68, .has_color = true
	};
	_auto_free char *json = json_of(STATUS("", ""));
	_auto_rendered struct rendered rendered = render_with(vtap_text_status, json, &opts);

	(void)state;
	assert_non_null(strstr(rendered.text, "vtapd 1.0.0 \033[32mhealthy\033[0m. Up 6 d 4 h, "
					      "configuration of Nov 20 09:14:03.\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_status_when_80_columns_then_it_fits_and_says_what_had_no_room),
		cmocka_unit_test(
			test_status_when_at_any_width_then_it_is_rendered_and_fits_from_48_on),
		cmocka_unit_test(test_status_when_targets_are_several_then_sessions_say_of_which),
		cmocka_unit_test(test_status_when_40_columns_then_what_matters_most_stays),
		cmocka_unit_test(
			test_status_when_vnis_take_the_room_then_one_is_named_before_a_column_goes),
		cmocka_unit_test(
			test_unknown_when_80_columns_then_the_reason_breaks_and_the_command_does_not),
		cmocka_unit_test(test_doctor_when_verbose_then_meanings_break_beside_their_names),
		cmocka_unit_test(test_findings_when_there_is_no_room_beside_their_names_then_below),
		cmocka_unit_test(test_headline_when_coloured_then_colours_take_no_room),
	};

	return cmocka_run_group_tests(tests, use_utc, NULL);
}
