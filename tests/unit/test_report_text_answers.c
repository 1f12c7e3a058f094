// SPDX-License-Identifier: Apache-2.0
/*
 * Law: the first line of match, unknown, plan, reload, wait and teardown answers the question, and
 * the outcome says the same to a script. What is offered for pasting is safe to paste.
 */
#include "tests/unit/test_report_text.h"

#define MATCH(results)   "{'version':1,'vni':4321,'source':'10.0.3.17','results':[" results "]}"
#define CLASSES(results) "{'version':1,'vni':5,'source':null,'results':[" results "]}"
#define TAKEN(target, verdict, session, level, prefix, from, trouble, explain)                     \
	"{'target':'" target "','port':4789,'verdict':'" verdict "','session':'" session           \
	"','interface':'mirror-" session "','level':'" level "','prefix':" prefix ",'from':" from  \
	",'state':'ready','trouble':" trouble ",'explain':[" explain "]}"
#define NOBODY(target, verdict, from, explain)                                                     \
	"{'target':'" target "','port':4789,'verdict':'" verdict                                   \
	"','session':null,'interface':null,'level':null,'prefix':null,'from':" from                \
	",'state':null,'trouble':null,'explain':[" explain "]}"
#define UNCOUNTED(from, fate, why)                                                                 \
	"{'target':'default','port':4789,'verdict':null,'session':null,'interface':null,"          \
	"'level':null,'prefix':null,'from':" from ",'state':null,'trouble':null,'explain':['" fate \
	"','" why "']}"

static void test_match_when_a_session_gets_it_then_who_and_why(void **state)
{
	(void)state;
	assert_renders(vtap_text_match,
		MATCH(TAKEN("default", "delivered", "web", "vni", "'10.0.0.0/16'", "null", "null",
			"'session web names VNI 4321 itself'")),
		0,
		"VNI 4321 from 10.0.3.17 to default, UDP 4789: "
		"session web on mirror-web (by vni, source 10.0.0.0/16)\n"
		"  session web names VNI 4321 itself\n");
}

static void test_match_when_nobody_gets_it_then_the_verdict(void **state)
{
	(void)state;
	assert_renders(vtap_text_match,
		MATCH(NOBODY("default", "unknown-vni", "null", "'no session has this VNI'")),
		VTAP_TEXT_NOT_READY,
		"VNI 4321 from 10.0.3.17 to default, UDP 4789: nobody gets it: unknown-vni\n"
		"  no session has this VNI\n");
}

static void test_match_when_the_kernel_refuses_it_then_what_becomes_of_it_in_words(void **state)
{
	(void)state;
	assert_renders(vtap_text_match,
		MATCH(UNCOUNTED("null", "dropped and counted nowhere", "no session has this VNI")),
		VTAP_TEXT_NOT_READY,
		"VNI 4321 from 10.0.3.17 to default, UDP 4789: "
		"nobody gets it: dropped and counted nowhere\n"
		"  no session has this VNI\n");
	assert_renders(vtap_text_match,
		CLASSES(TAKEN("default", "delivered", "web", "vni", "null", "'IPv4'", "null",
			"'why'") "," UNCOUNTED("'IPv6'", "answered with ICMP", "no such family")),
		0,
		"VNI 5 to default, UDP 4789:\n"
		"  from IPv4: session web on mirror-web (names the VNI)\n"
		"  from IPv6: nobody, answered with ICMP (no such family)\n");
	assert_renders(vtap_text_match,
		CLASSES(UNCOUNTED("'IPv4'", "dropped", "why") "," UNCOUNTED(
			"'IPv6'", "dropped", "why")),
		VTAP_TEXT_NOT_READY,
		"VNI 5 to default, UDP 4789:\n"
		"  from IPv4: nobody, dropped (why)\n"
		"  from IPv6: nobody, dropped (why)\n");
}

static void test_match_when_the_session_waits_then_it_is_lost_and_why(void **state)
{
	(void)state;
	assert_renders(vtap_text_match,
		MATCH(TAKEN("default", "interface-gone", "all", "any", "null", "null",
			"'session all is waiting'", "")),
		VTAP_TEXT_NOT_READY,
		"VNI 4321 from 10.0.3.17 to default, UDP 4789: "
		"session all on mirror-all (by any), but it is lost: interface-gone\n"
		"  session all is waiting\n");
	assert_renders(vtap_text_match,
		MATCH(TAKEN("default", "delivered", "all", "any", "null", "null",
			"'target default is waiting'", "")),
		VTAP_TEXT_NOT_READY,
		"VNI 4321 from 10.0.3.17 to default, UDP 4789: session all on mirror-all (by any)\n"
		"  target default is waiting\n");
}

static void test_match_when_no_source_is_given_then_a_line_for_each_class(void **state)
{
	(void)state;
	assert_renders(vtap_text_match,
		CLASSES(TAKEN("default", "delivered", "web", "vni", "'10.0.0.0/16'",
			"'10.0.0.0/16'", "null", "'why'") "," TAKEN("default", "delivered", "db",
			"range", "null", "'10.0.0.0/8'", "null", "'why'") "," TAKEN("default",
			"delivered", "all", "any", "null", "'any'", "null",
			"'why'") "," NOBODY("two", "unknown-vni", "'any'",
			"'no session has this VNI'")),
		0,
		"VNI 5 to default, UDP 4789:\n"
		"  from 10.0.0.0/16: session web on mirror-web (names the VNI)\n"
		"  from 10.0.0.0/8: session db on mirror-db (by range)\n"
		"  from elsewhere: session all on mirror-all (any)\n"
		"\n"
		"VNI 5 to two, UDP 4789:\n"
		"  from anywhere: nobody, unknown-vni (no session has this VNI)\n");
}

static void test_match_when_a_class_waits_then_below_its_line_and_not_ready(void **state)
{
	(void)state;
	assert_renders(vtap_text_match,
		CLASSES(TAKEN("default", "interface-gone", "pay", "vni", "'10.0.0.0/16'",
			"'10.0.0.0/16'", "'session pay is waiting'", "'why'") "," TAKEN("default",
			"delivered", "all", "any", "null", "'any'", "null", "'why'")),
		VTAP_TEXT_NOT_READY,
		"VNI 5 to default, UDP 4789:\n"
		"  from 10.0.0.0/16: session pay on mirror-pay (names the VNI), but it is lost: "
		"interface-gone\n"
		"    session pay is waiting\n"
		"  from elsewhere: session all on mirror-all (any)\n");
}

#define UNKNOWN(rows, forgotten)                                                                   \
	"{'version':1,'rows':[" rows "],'frames':8902,'forgotten_frames':" forgotten "}"
#define UNKNOWN_ROW(vni, target, verdict, frames, rate, sources, complete, age, why)               \
	"{'vni':" vni ",'target':'" target "','verdict':'" verdict "','frames':" frames            \
	",'bytes':1,'frames_per_second':" rate ",'sources':[" sources                              \
	"],'sources_complete':" complete                                                           \
	",'first_seen':'2026-11-20T09:20:00Z','last_seen':'2026-11-20T09:20:00Z',"                 \
	"'last_seen_age_ns':" age ",'why':'" why "','taken_by':null}"
#define UNKNOWN_TAKEN                                                                              \
	"{'vni':77,'target':'default','verdict':'unknown-vni','frames':9000,'bytes':1,"            \
	"'frames_per_second':0.0,'sources':['10.0.0.1'],'sources_complete':true,"                  \
	"'first_seen':'2026-11-20T09:20:00Z','last_seen':'2026-11-20T09:20:00Z',"                  \
	"'last_seen_age_ns':0,'why':'session new takes it now','taken_by':'new'}"

#define UNKNOWN_KEPT_OUT                                                                           \
	"{'vni':77,'target':'default','verdict':'unknown-vni','frames':7,'bytes':1,"               \
	"'frames_per_second':0.0,'sources':['127.0.0.1'],'sources_complete':true,"                 \
	"'first_seen':'2026-11-20T09:20:00Z','last_seen':'2026-11-20T09:20:00Z',"                  \
	"'last_seen_age_ns':0,'why':'target default allows 10.0.0.0/8 only','taken_by':null,"      \
	"'allowed':false}"

#define ROW_VNI                                                                                    \
	UNKNOWN_ROW("5569041", "default", "unknown-vni", "8891", "12.4",                           \
		"'10.0.3.17','10.0.3.18','10.0.3.19'", "true", "0", "no session has this VNI")
#define ROW_SOURCE(target, source)                                                                 \
	UNKNOWN_ROW("4321", target, "unknown-source", "11", "0.0", "'" source "'", "true",         \
		"90000000000000", "session web takes 10.0.0.0/16 only")

static void test_unknown_when_a_vni_has_no_session_then_commands_for_the_first(void **state)
{
	(void)state;
	assert_renders(vtap_text_unknown,
		UNKNOWN(ROW_VNI "," ROW_SOURCE("default", "172.31.4.2"), "0"), 0,
		"VNI      FRAMES  FRAMES/s  OUTER SOURCES           FIRST SEEN    LAST SEEN  WHY\n"
		"5569041   8,891      12.4  10.0.3.17 and 2 others  Nov 20 09:20  now        "
		"no session has this VNI\n"
		"4321         11       0.0  172.31.4.2              Nov 20 09:20  1 d ago    "
		"session web takes 10.0.0.0/16 only\n"
		"\n"
		"2 rows, 8,902 frames. To see the first one on an interface of its own:\n"
		"  printf '[session vni5569041]\\nvni = 5569041\\ninterface = vni5569041\\n' | "
		"sudo tee /etc/vtapd/conf.d/vni5569041.conf\n"
		"  sudo vtapctl reload\n");
}

static void assert_remedy(const char *single_quoted, const char *remedy)
{
	_auto_rendered struct rendered rendered = render(vtap_text_unknown, single_quoted);

	assert_string_equal(rendered.err.text, "");
	assert_non_null(strstr(rendered.text, remedy));
}

static void test_unknown_when_the_first_is_taken_by_now_then_commands_for_the_next(void **state)
{
	(void)state;
	assert_remedy(UNKNOWN(UNKNOWN_TAKEN "," ROW_VNI, "0"),
		" To see VNI 5569041 on an interface of its own:\n"
		"  printf '[session vni5569041]");
}

static void test_unknown_when_all_are_taken_by_now_then_no_command(void **state)
{
	(void)state;
	_auto_rendered struct rendered rendered =
		render(vtap_text_unknown, UNKNOWN(UNKNOWN_TAKEN, "0"));

	assert_string_equal(strstr(rendered.text, "1 row, "), "1 row, 9,000 frames.\n");
}

static void test_unknown_when_no_source_is_allowed_then_no_command(void **state)
{
	(void)state;
	_auto_rendered struct rendered rendered =
		render(vtap_text_unknown, UNKNOWN(UNKNOWN_KEPT_OUT, "0"));

	assert_non_null(strstr(rendered.text, "target default allows 10.0.0.0/8 only\n"));
	assert_string_equal(strstr(rendered.text, "1 row, "), "1 row, 7 frames.\n");
}

static void test_unknown_when_only_the_source_is_unknown_then_a_session_beside(void **state)
{
	(void)state;
	assert_remedy(UNKNOWN(ROW_SOURCE("default", "2001:db8::2"), "0"),
		"  printf '[session vni4321-new]\\nvni = 4321\\nsource = 2001:db8::2\\n"
		"interface = vni4321-new\\n' | sudo tee /etc/vtapd/conf.d/vni4321-new.conf\n");
}

static void test_unknown_when_the_target_is_another_then_it_is_named(void **state)
{
	(void)state;
	assert_remedy(UNKNOWN(ROW_SOURCE("edge", "10.9.9.9"), "0"),
		"interface = vni4321-new\\ntarget = edge\\n' | sudo tee");
}

static void test_unknown_when_targets_are_several_then_each_row_says_of_which(void **state)
{
	_auto_rendered struct rendered rendered = render(vtap_text_unknown,
		UNKNOWN(ROW_SOURCE("default", "10.9.9.9") "," ROW_SOURCE("edge", "10.9.9.9"), "0"));

	(void)state;
	assert_non_null(strstr(rendered.text, "  LAST SEEN  TARGET   WHY\n"));
	assert_non_null(strstr(rendered.text, "  default  session web takes"));
	assert_non_null(strstr(rendered.text, "  edge     session web takes"));
}

static void test_unknown_when_a_word_is_not_plain_then_no_command_is_offered(void **state)
{
	(void)state;
	_auto_rendered struct rendered name =
		render(vtap_text_unknown, UNKNOWN(ROW_SOURCE("a; reboot", "10.9.9.9"), "0"));
	_auto_rendered struct rendered source =
		render(vtap_text_unknown, UNKNOWN(ROW_SOURCE("default", "10.9.9.9; reboot"), "0"));

	assert_null(strstr(name.text, "sudo"));
	assert_null(strstr(source.text, "sudo"));
}

static void test_unknown_when_nothing_arrived_then_one_line(void **state)
{
	(void)state;
	assert_renders(vtap_text_unknown, UNKNOWN("", "0"), 0, "No frames of unknown VNIs.\n");
	assert_renders(vtap_text_unknown, UNKNOWN("", "1200"), 0,
		"No frames of unknown VNIs. 1,200 frames more of VNIs that are no longer "
		"remembered.\n");
}

#define PLAN(changed, rows, counts, disturbed, pending)                                            \
	"{'version':1,'files_changed':" changed ",'since':'2026-11-20T09:14:03Z','rows':[" rows    \
	"]," counts ",'sensors_disturbed':" disturbed ",'pending':[" pending "]}"
#define PLAN_COUNTS(added, changed, replaced, removed, untouched, will_wait)                       \
	"'added':" added ",'changed':" changed ",'replaced':" replaced ",'removed':" removed       \
	",'untouched':" untouched ",'will_wait':" will_wait
#define PLAN_ROW(sign, name, what, why)                                                            \
	"{'sign':'" sign "','name':'" name "','what':'" what "','why':'" why "'}"

static void test_plan_when_a_session_is_new_then_no_sensor_is_disturbed(void **state)
{
	(void)state;
	assert_renders(vtap_text_plan,
		PLAN("1", PLAN_ROW("+", "web", "create mirror-web", "new session, web.conf:1"),
			PLAN_COUNTS("1", "0", "0", "0", "1", "0"), "0", ""),
		0,
		"1 file changed since 09:14:03. A reload would:\n"
		"\n"
		"  + web   create mirror-web   new session, web.conf:1\n"
		"\n"
		"1 to add, 0 to change, 0 to remove, 1 untouched. No sensor needs a restart.\n");
}

static void test_plan_when_an_interface_is_replaced_then_it_is_counted(void **state)
{
	(void)state;
	assert_renders(vtap_text_plan,
		PLAN("3",
			PLAN_ROW("~", "web", "vni 4321 -> 4321-4322", "in place") "," PLAN_ROW(
				"!", "db", "mirror-db -> mirror-db2", "1 sensor reads mirror-db"),
			PLAN_COUNTS("0", "1", "1", "0", "1", "0"), "1", "'pay: create mirror-pay'"),
		0,
		"3 files changed since 09:14:03. A reload would:\n"
		"\n"
		"  ~ web   vni 4321 -> 4321-4322     in place\n"
		"  ! db    mirror-db -> mirror-db2   1 sensor reads mirror-db\n"
		"\n"
		"0 to add, 1 to change, 1 to replace, 0 to remove, 1 untouched.\n"
		"\n"
		"Still to be done, without a reload:\n"
		"  pay: create mirror-pay\n");
}

static void test_plan_when_a_new_session_will_wait_then_it_is_counted(void **state)
{
	(void)state;
	assert_renders(vtap_text_plan,
		PLAN("1", PLAN_ROW("+", "e", "wait for eth0", "new session; will wait: why"),
			PLAN_COUNTS("1", "0", "0", "0", "1", "1"), "0", ""),
		0,
		"1 file changed since 09:14:03. A reload would:\n"
		"\n"
		"  + e   wait for eth0   new session; will wait: why\n"
		"\n"
		"1 to add, 0 to change, 0 to remove, 1 untouched. 1 will wait for an "
		"interface that is not ours. No sensor needs a restart.\n");
}

static void test_plan_when_nothing_differs_then_one_line(void **state)
{
	(void)state;
	assert_renders(vtap_text_plan,
		PLAN("0", "", PLAN_COUNTS("0", "0", "0", "0", "1", "0"), "0", ""), 0,
		"A reload would change nothing.\n");
}

#define MISTAKES                                                                                   \
	"'mistakes':['db.conf:2: session db: vni: must be a number','web.conf:3: sorce: unknown "  \
	"key; did you mean source?']"
#define REFUSED                                                                                    \
	"{'version':1," MISTAKES ",'mistake_count':2,'file_count':2,"                              \
	"'configured':'2026-11-20T09:14:03Z'}"
#define MISTAKE_LINES                                                                              \
	"db.conf:2: session db: vni: must be a number\n"                                           \
	"web.conf:3: sorce: unknown key; did you mean source?\n"

static void test_plan_when_the_files_are_refused_then_every_mistake(void **state)
{
	(void)state;
	assert_renders(vtap_text_plan, REFUSED, VTAP_TEXT_REFUSED,
		MISTAKE_LINES "2 mistakes in 2 files.\n");
}

static void test_reload_when_the_files_are_refused_then_what_stays(void **state)
{
	(void)state;
	assert_renders(vtap_text_reload, REFUSED, VTAP_TEXT_REFUSED,
		MISTAKE_LINES "2 mistakes in 2 files. Nothing was changed; "
			      "the configuration of Nov 20 09:14:03 stays in effect.\n");
}

static void test_reload_when_not_all_mistakes_are_sent_then_the_rest_is_counted(void **state)
{
	(void)state;
	assert_renders(vtap_text_plan,
		"{'version':1,'mistakes':['a'],'mistake_count':1001,'file_count':1}",
		VTAP_TEXT_REFUSED,
		"a\n... and 1,000 more: vtapd --check\n1,001 mistakes in 1 file.\n");
}

#define RELOAD(result, replaced, ready, waiting)                                                   \
	"{'version':1,'result':'" result "','elapsed_ns':38000000,'added':1,'changed':1,"          \
	"'replaced':" replaced ",'removed':1,'untouched':1,'sessions':6,'ready':" ready            \
	",'waiting':[" waiting "],'configured':'2026-11-20T09:14:03Z'}"

static void test_reload_when_all_is_ready_then_0(void **state)
{
	(void)state;
	assert_renders(vtap_text_reload, RELOAD("in-effect", "0", "6", ""), 0,
		"In effect after 38 ms: 1 added, 1 changed, 1 removed, 1 untouched. "
		"6 of 6 sessions ready.\n");
}

static void test_reload_when_somebody_waits_then_named(void **state)
{
	(void)state;
	assert_renders(vtap_text_reload, RELOAD("in-effect", "1", "5", "'pay'"),
		VTAP_TEXT_NOT_READY,
		"In effect after 38 ms: 1 added, 1 changed, 1 replaced, 1 removed, 1 untouched. "
		"5 of 6 sessions ready; pay still waits.\n");
	assert_renders(vtap_text_reload, RELOAD("no-change", "0", "4", "'pay','db'"),
		VTAP_TEXT_NOT_READY, "No change. 4 of 6 sessions ready; pay and db still wait.\n");
	assert_renders(vtap_text_reload, RELOAD("no-change", "0", "1", "'a','b','c','d','e'"),
		VTAP_TEXT_NOT_READY,
		"No change. 1 of 6 sessions ready; a, b, c and 2 others still wait.\n");
}

static void test_reload_when_the_reasons_are_known_then_told_of_those_that_are_named(void **state)
{
	(void)state;
	assert_renders(vtap_text_reload,
		RELOAD("no-change", "0", "4", "'pay','db'],'reasons':['its name is taken',''"),
		VTAP_TEXT_NOT_READY,
		"No change. 4 of 6 sessions ready; pay and db still wait.\n"
		"  pay: its name is taken.\n");
	assert_renders(vtap_text_reload,
		RELOAD("no-change", "0", "2", "'a','b','c','d'],'reasons':['1','2','3','4'"),
		VTAP_TEXT_NOT_READY,
		"No change. 2 of 6 sessions ready; a, b, c and 1 other still wait.\n"
		"  a: 1.\n  b: 2.\n  c: 3.\n");
}

static void test_reload_when_nothing_changed_then_two_words(void **state)
{
	(void)state;
	assert_renders(vtap_text_reload, RELOAD("no-change", "0", "6", ""), 0, "No change.\n");
}

static void test_wait_when_ready_then_silent(void **state)
{
	(void)state;
	assert_renders(vtap_text_wait,
		"{'version':1,'session':'web','interface':'mirror-web','state':'ready','message':"
		"null}",
		0, "");
}

static void test_wait_when_not_ready_then_state_and_why(void **state)
{
	(void)state;
	assert_renders(vtap_text_wait,
		"{'version':1,'session':'pay','interface':'mirror-pay','state':'foreign',"
		"'message':'mirror-pay is not ours'}",
		VTAP_TEXT_NOT_READY, "pay is foreign: mirror-pay is not ours.\n");
	assert_renders(vtap_text_wait,
		"{'version':1,'session':'pay','interface':'mirror-pay','state':'creating',"
		"'message':null}",
		VTAP_TEXT_NOT_READY, "pay is creating.\n");
}

static void test_teardown_when_the_port_closes_then_the_consequence_on_its_own_line(void **state)
{
	(void)state;
	assert_renders(vtap_text_teardown,
		"{'version':1,'interfaces':3,'fast_paths':['ens5','ens6'],'guards':3,'restored':[],"
		"'not_found':[],"
		"'"
		"message':'"
		"This host now answers UDP 4789 with ICMP: "
		"stop the mirror sessions first.'}",
		0,
		"Removed 3 interfaces, 2 fast paths (ens5, ens6), 3 guards. This host now answers "
		"UDP 4789 with ICMP:\n"
		"  stop the mirror sessions first.\n");
	assert_renders(vtap_text_teardown,
		"{'version':1,'interfaces':1,'fast_paths':[],'guards':0,'restored':[],'not_found':["
		"],'message':"
		"null}",
		0, "Removed 1 interface.\n");
}

static void test_teardown_when_underlays_were_put_back_then_they_are_named(void **state)
{
	(void)state;
	assert_renders(vtap_text_teardown,
		"{'version':1,'interfaces':2,'fast_paths':[],'guards':2,'restored':["
		"{'interface':'eth0','features':['gro','lro']},"
		"{'interface':'eth1','features':['gro-hw']}],'not_found':[],'message':null}",
		0, "Removed 2 interfaces, 2 guards. On again: gro, lro on eth0; gro-hw on eth1.\n");
	assert_renders(vtap_text_teardown,
		"{'version':1,'interfaces':0,'fast_paths':[],'guards':0,'restored':["
		"{'interface':'eth1','features':['gro']}],'not_found':["
		"{'interface':'eth0','features':['gro','lro']}],'message':null}",
		0,
		"Removed 0 interfaces. On again: gro on eth1. "
		"Not found, so not switched on again: gro, lro on eth0.\n");
}

static void test_error_when_the_daemon_refuses_then_its_sentence_alone(void **state)
{
	(void)state;
	assert_renders(vtap_text_error, "{'version':1,'error':'no session is called x'}", 0,
		"no session is called x");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_match_when_a_session_gets_it_then_who_and_why),
		cmocka_unit_test(test_match_when_nobody_gets_it_then_the_verdict),
		cmocka_unit_test(
			test_match_when_the_kernel_refuses_it_then_what_becomes_of_it_in_words),
		cmocka_unit_test(test_match_when_the_session_waits_then_it_is_lost_and_why),
		cmocka_unit_test(test_match_when_no_source_is_given_then_a_line_for_each_class),
		cmocka_unit_test(test_match_when_a_class_waits_then_below_its_line_and_not_ready),
		cmocka_unit_test(
			test_unknown_when_a_vni_has_no_session_then_commands_for_the_first),
		cmocka_unit_test(
			test_unknown_when_the_first_is_taken_by_now_then_commands_for_the_next),
		cmocka_unit_test(test_unknown_when_all_are_taken_by_now_then_no_command),
		cmocka_unit_test(test_unknown_when_no_source_is_allowed_then_no_command),
		cmocka_unit_test(
			test_unknown_when_only_the_source_is_unknown_then_a_session_beside),
		cmocka_unit_test(test_unknown_when_the_target_is_another_then_it_is_named),
		cmocka_unit_test(test_unknown_when_targets_are_several_then_each_row_says_of_which),
		cmocka_unit_test(test_unknown_when_a_word_is_not_plain_then_no_command_is_offered),
		cmocka_unit_test(test_unknown_when_nothing_arrived_then_one_line),
		cmocka_unit_test(test_plan_when_a_session_is_new_then_no_sensor_is_disturbed),
		cmocka_unit_test(test_plan_when_an_interface_is_replaced_then_it_is_counted),
		cmocka_unit_test(test_plan_when_a_new_session_will_wait_then_it_is_counted),
		cmocka_unit_test(test_plan_when_nothing_differs_then_one_line),
		cmocka_unit_test(test_plan_when_the_files_are_refused_then_every_mistake),
		cmocka_unit_test(test_reload_when_the_files_are_refused_then_what_stays),
		cmocka_unit_test(
			test_reload_when_not_all_mistakes_are_sent_then_the_rest_is_counted),
		cmocka_unit_test(test_reload_when_all_is_ready_then_0),
		cmocka_unit_test(test_reload_when_somebody_waits_then_named),
		cmocka_unit_test(
			test_reload_when_the_reasons_are_known_then_told_of_those_that_are_named),
		cmocka_unit_test(test_reload_when_nothing_changed_then_two_words),
		cmocka_unit_test(test_wait_when_ready_then_silent),
		cmocka_unit_test(test_wait_when_not_ready_then_state_and_why),
		cmocka_unit_test(
			test_teardown_when_the_port_closes_then_the_consequence_on_its_own_line),
		cmocka_unit_test(test_teardown_when_underlays_were_put_back_then_they_are_named),
		cmocka_unit_test(test_error_when_the_daemon_refuses_then_its_sentence_alone),
	};

	return cmocka_run_group_tests(tests, use_utc, NULL);
}
