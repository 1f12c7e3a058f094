// SPDX-License-Identifier: Apache-2.0
/*
 * Law: `show` tells everything that is known of a session, says nothing about what is not known,
 * and ends with what is wrong with it or its target and the command that helps.
 */
#include "tests/unit/test_report_text.h"

#define SESSION(more)                                                                              \
	"'session':{'name':'web','description':null,'required':true,'target':'default',"           \
	"'vni':['4321'],'source':[],'interface':'mirror-web','ifindex':7,'mtu':9001,"              \
	"'state':'ready','reason':null,'message':null,'retry_in_ns':null,'received':10,"           \
	"'delivered':10,'dropped':0,'drops':{},'bytes':8300,'frames_per_second':1.0,"              \
	"'bits_per_second':6640.0,'last_frame':'2026-11-20T10:04:59.9Z',"                          \
	"'last_frame_age_ns':100000000,'sensors':9,'repairs':0,'path':'fast path',"                \
	"'config':'web.conf:1','vnis':[],'vnis_forgotten_frames':0" more "}"
#define SHOWN(more_of_session, more) "{'version':1," SESSION(more_of_session) more "}"

#define TARGET        "'target':{'name':'default','port':4789,'bound':['ens5','ens6'],'underlay':['ens*']}"
#define BOUND_NOWHERE "'target':{'name':'default','port':4789,'bound':[],'underlay':['ens*']}"
#define FINDING(severity, id, sentence, remedy)                                                    \
	"{'id':'" id "','severity':'" severity                                                     \
	"','subject':'web','since':null,'sentence':'" sentence "','remedy':'" remedy               \
	"','breaks_health':false}"

static void assert_line(const char *single_quoted, const char *line)
{
	_auto_rendered struct rendered rendered = render(vtap_text_show, single_quoted);

	assert_string_equal(rendered.err.text, "");
	if (strstr(rendered.text, line) == NULL)
		print_error("no \"%s\" in\n%s", line, rendered.text);
	assert_non_null(strstr(rendered.text, line));
}

static void test_show_when_everything_is_known_then_everything_is_told(void **state)
{
	(void)state;
	assert_renders(vtap_text_show,
		SHOWN(",'average_frame_bytes':830,'sensor_names':['suricata','zeek'],"
		      "'truncated':12,'truncated_recent':3,'silent_after_ns':300000000000,"
		      "'one_way':{'flows':40,'one_way_flows':38,'is_one_way':true,"
		      "'sampled':'2026-11-20T10:04:40Z'}",
			"," TARGET ",'findings':[" FINDING("ticket", "one-way", "half is missing",
				"see the mirror filter") "," FINDING("info", "allow-any", "anybody",
				"allow = 10.0.0.0/16") "],'other_findings':2"),
		0,
		"web ready: 1 frames/s, 6.64 k bits/s, last frame now, 9 sensors.\n"
		"\n"
		"  config       web.conf:1\n"
		"  target       default, UDP 4789 on ens5, ens6\n"
		"  path         fast path\n"
		"  vni          4321\n"
		"  source       any\n"
		"  interface    mirror-web, index 7, mtu 9001\n"
		"  required     yes\n"
		"\n"
		"  received     10\n"
		"  delivered    10\n"
		"  dropped      0\n"
		"  bytes        8,300, on average 830 in a frame\n"
		"  truncated    12, 3 of them in the last minute\n"
		"  last frame   Nov 20 10:04:59; a silence of 5 min is told\n"
		"  sensors      suricata, zeek\n"
		"  directions   40 TCP flows sampled Nov 20 10:04:40, 38 of them in one direction "
		"only\n"
		"  repairs      0\n"
		"\n"
		"  sniff        sudo tcpdump -ni mirror-web\n"
		"  journal      journalctl -u vtapd VTAPD_SESSION=web\n"
		"\n"
		"TICKET  one-way    half is missing\n"
		"                   see the mirror filter\n"
		"INFO    allow-any  anybody\n"
		"                   allow = 10.0.0.0/16\n"
		"\n"
		"2 findings are about something else: vtapctl doctor\n");
}

static void test_show_when_little_is_known_then_nothing_is_made_up(void **state)
{
	(void)state;
	assert_renders(vtap_text_show,
		SHOWN(",'average_frame_bytes':null,'sensor_names':[],'truncated':null,"
		      "'truncated_recent':null,'silent_after_ns':null,'one_way':null",
			",'target':null,'findings':[],'other_findings':0"),
		0,
		"web ready: 1 frames/s, 6.64 k bits/s, last frame now, 9 sensors.\n"
		"\n"
		"  config       web.conf:1\n"
		"  target       default\n"
		"  path         fast path\n"
		"  vni          4321\n"
		"  source       any\n"
		"  interface    mirror-web, index 7, mtu 9001\n"
		"  required     yes\n"
		"\n"
		"  received     10\n"
		"  delivered    10\n"
		"  dropped      0\n"
		"  bytes        8,300\n"
		"  last frame   Nov 20 10:04:59\n"
		"  repairs      0\n"
		"\n"
		"  sniff        sudo tcpdump -ni mirror-web\n"
		"  journal      journalctl -u vtapd VTAPD_SESSION=web\n");
}

static void test_show_when_the_target_waits_for_its_underlay_then_what_it_looks_for(void **state)
{
	(void)state;
	assert_line(SHOWN("", "," BOUND_NOWHERE), "  target       default, UDP 4789 on ens*\n");
}

static void test_show_when_one_finding_is_elsewhere_then_it_is_counted(void **state)
{
	(void)state;
	assert_line(SHOWN("", ",'findings':[],'other_findings':1"),
		"=web\n\n1 finding is about something else: vtapctl doctor\n");
}

static void test_show_when_none_was_truncated_of_late_then_only_how_many(void **state)
{
	(void)state;
	assert_line(SHOWN(",'truncated':12,'truncated_recent':0", ""), "  truncated    12\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_show_when_everything_is_known_then_everything_is_told),
		cmocka_unit_test(test_show_when_little_is_known_then_nothing_is_made_up),
		cmocka_unit_test(
			test_show_when_the_target_waits_for_its_underlay_then_what_it_looks_for),
		cmocka_unit_test(test_show_when_one_finding_is_elsewhere_then_it_is_counted),
		cmocka_unit_test(test_show_when_none_was_truncated_of_late_then_only_how_many),
	};

	return cmocka_run_group_tests(tests, use_utc, NULL);
}
