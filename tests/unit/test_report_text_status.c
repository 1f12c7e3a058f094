// SPDX-License-Identifier: Apache-2.0
/*
 * Law: what `status` and `show` print adds up as the answer does, the words of the answer are
 * printed verbatim, and the first line says whether all is well.
 */
#include "tests/unit/test_report_text.h"

#include "base/cleanup.h"

#include <inttypes.h>

#define DAEMON                                                                                     \
	"'daemon':{'version':'1.0.0','pid':1,'state':'healthy','checks':'answered',"               \
	"'drain':null,'uptime_ns':532800000000000,"                                                \
	"'started':'2026-11-14T06:05:00.000000000Z','configured':'2026-11-20T09:14:03.5Z',"        \
	"'refused':null,'repairs':0,'guard':'off'}"

#define TARGET                                                                                     \
	"{'name':'default','port':4789,'underlay':['auto'],'bound':['ens5'],'path':'worker',"      \
	"'workers':2,'state':'ready','reason':null,'message':null,'retry_in_ns':null,"             \
	"'received':18204113870,'delivered':18204102514,'dropped':11356,"                          \
	"'drops':{'unknown-vni':8891,'unknown-source':11,'socket-full':2454},'reserved_bits':0}"

#define SESSION(name, vni, state, reason, message, retry, more)                                    \
	"{'name':'" name "','description':null,'required':true,'target':'default','vni':['" vni    \
	"'],'source':[],'interface':'mirror-" name "','ifindex':7,'mtu':9001,'state':'" state      \
	"','reason':" reason ",'message':" message ",'retry_in_ns':" retry "," more "}"

#define IDLE                                                                                       \
	"'received':0,'delivered':0,'dropped':0,'drops':{},'bytes':0,'frames_per_second':0.0,"     \
	"'bits_per_second':0.0,'last_frame':null,'last_frame_age_ns':null,'sensors':0,'repairs':0"

#define BUSY                                                                                       \
	"'received':1234570,'delivered':1234567,'dropped':3,"                                      \
	"'drops':{'interface-down':2,'write-refused':1},'bytes':123456700,"                        \
	"'frames_per_second':212417.6,'bits_per_second':1414000000.0,"                             \
	"'last_frame':'2026-11-20T10:04:59.9Z','last_frame_age_ns':100000000,'sensors':8,"         \
	"'repairs':1"

#define WEB SESSION("web", "4321", "ready", "null", "null", "null", BUSY)
#define PAY                                                                                        \
	SESSION("pay", "6000", "waiting", "'interface-foreign'",                                   \
		"'mirror-pay is a dummy interface that vtapd did not make; left alone'",           \
		"39500000000", IDLE)

#define STATUS_WITH(daemon, findings, targets, sessions)                                           \
	"{'version':1," daemon ",'findings':[" findings "],'targets':[" targets                    \
	"],'sessions':[" sessions "]}"
#define STATUS(daemon, targets, sessions) STATUS_WITH(daemon, "", targets, sessions)

#define TARGET_TABLE                                                                               \
	"TARGET   PORT  UNDERLAY  PATH    RECEIVED        DELIVERED       DROPPED\n"               \
	"default  4789  ens5      worker  18,204,113,870  18,204,102,514   11,356"                 \
	"  8,891 unknown-vni, 11 unknown-source, 2,454 socket-full\n"

static void test_status_when_a_session_waits_then_says_which_and_what_next(void **state)
{
	(void)state;
	assert_renders(vtap_text_status, STATUS(DAEMON, TARGET, WEB "," PAY), VTAP_TEXT_NOT_READY,
		"vtapd 1.0.0 healthy, degraded: 1 of 2 sessions is waiting. Up 6 d 4 h, "
		"configuration of Nov 20 09:14:03.\n"
		"\n" TARGET_TABLE "\n"
		"SESSION  VNI   INTERFACE   STATE    FRAMES/s  BITS/s  DROPPED  LAST   SENSORS\n"
		"web      4321  mirror-web  ready     212,418  1.41 G        3  now    8\n"
		"pay      6000  mirror-pay  waiting         -  -             -  never  -\n"
		"  pay: mirror-pay is a dummy interface that vtapd did not make; left alone."
		" Next try in 40 s.\n");
}

static void test_status_when_all_is_ready_then_0(void **state)
{
	(void)state;
	assert_renders(vtap_text_status, STATUS(DAEMON, TARGET, WEB), 0,
		"vtapd 1.0.0 healthy. Up 6 d 4 h, configuration of Nov 20 09:14:03.\n"
		"\n" TARGET_TABLE "\n"
		"SESSION  VNI   INTERFACE   STATE  FRAMES/s  BITS/s  DROPPED  LAST  SENSORS\n"
		"web      4321  mirror-web  ready   212,418  1.41 G        3  now   8\n");
}

static void assert_first_lines(const char *single_quoted, int outcome, const char *lines)
{
	_auto_rendered struct rendered rendered = render(vtap_text_status, single_quoted);

	assert_string_equal(rendered.err.text, "");
	assert_int_equal(rendered.outcome, outcome);
	rendered.text[strnlen(rendered.text, strlen(lines))] = '\0';
	assert_string_equal(rendered.text, lines);
}

#define REFUSED(config)                                                                            \
	"'daemon':{'version':'1.0.0','config':'" config                                            \
	"','state':'healthy','checks':'answered','drain':null,'uptime_ns':41000000000,'"           \
	"configured':'2025-11-20T09:14:03Z',"                                                      \
	"'refused':{'at':'2026-11-20T10:02:17.000000001Z','mistakes':5}}"

static void test_status_when_files_were_refused_today_then_second_line_says_when(void **state)
{
	(void)state;
	assert_first_lines(STATUS(REFUSED("/etc/vtapd/vtapd.conf"), TARGET, WEB), 0,
		"vtapd 1.0.0 healthy. Up 41 s, configuration of Nov 20 2025 09:14:03.\n"
		"  The files on disk were refused at 10:02:17 (5 mistakes): vtapd --check\n");
	assert_first_lines(STATUS(REFUSED("/root/alt/v.conf"), TARGET, WEB), 0,
		"vtapd 1.0.0 healthy. Up 41 s, configuration of Nov 20 2025 09:14:03.\n"
		"  The files on disk were refused at 10:02:17 (5 mistakes): "
		"vtapd -c /root/alt/v.conf --check\n");
}

static void test_status_when_nothing_is_configured_then_unhealthy(void **state)
{
	(void)state;
	assert_renders(vtap_text_status,
		STATUS("'daemon':{'version':'1.0.0','state':'unhealthy','checks':'off',"
		       "'drain':null,'uptime_ns':1,"
		       "'configured':null,'refused':null}",
			"", ""),
		VTAP_TEXT_NOT_READY, "vtapd 1.0.0 unhealthy: no session is configured. Up 1 s.\n");
}

#define SICK                                                                                       \
	"'daemon':{'version':'1','state':'unhealthy','checks':'refused','drain':null,"             \
	"'uptime_ns':1,'configured':null,'refused':null}"
#define TAKEN                                                                                      \
	"{'name':'default','port':4789,'underlay':['ens*','eth1'],'bound':[],'path':'worker',"     \
	"'state':'waiting','reason':'port-taken','message':'UDP port 4789 is taken by vxlan0',"    \
	"'retry_in_ns':1000000000,'received':0,'delivered':0,'dropped':0,'drops':{}}"

#define TARGET_LACKS(missing)                                                                      \
	"{'name':'default','port':4789,'underlay':['eth0','eth8','eth9'],'bound':['eth0'],"        \
	"'missing':[" missing "],'path':'worker','workers':2,'state':'ready','reason':null,"       \
	"'message':null,'retry_in_ns':null,'received':0,'delivered':0,'dropped':0,'drops':{}}"
#define TARGET_LACKING                                                                             \
	"vtapd 1.0.0 healthy. Up 6 d 4 h, configuration of Nov 20 09:14:03.\n"                     \
	"\n"                                                                                       \
	"TARGET   PORT  UNDERLAY  PATH    RECEIVED  DELIVERED  DROPPED\n"                          \
	"default  4789  eth0      worker         0          0        0\n"

static void test_status_when_a_named_underlay_is_not_there_then_it_is_named(void **state)
{
	(void)state;
	assert_first_lines(STATUS(DAEMON, TARGET_LACKS("'eth9'"), WEB), 0,
		TARGET_LACKING "  default: waits for eth9, which is not there.\n\n");
	assert_first_lines(STATUS(DAEMON, TARGET_LACKS("'eth8','eth9'"), WEB), 0,
		TARGET_LACKING "  default: waits for eth8, eth9, which are not there.\n\n");
	assert_first_lines(STATUS(DAEMON, TARGET_LACKS(""), WEB), 0, TARGET_LACKING "\n");
}

#define DAEMON_WITH(state, checks, drain)                                                          \
	"'daemon':{'version':'1.0.0','state':'" state "','checks':'" checks "','drain':" drain     \
	",'uptime_ns':532800000000000,'configured':'2026-11-20T09:14:03Z','refused':null}"
#define DRAIN                                                                                      \
	"{'since':'2026-11-20T10:04:00.5Z','reason':'suricata 7.0.11','frames_per_second':1904.2}"

static void test_status_when_draining_then_since_when_why_and_what_still_arrives(void **state)
{
	(void)state;
	assert_renders(vtap_text_status, STATUS(DAEMON_WITH("draining", "refused", DRAIN), "", ""),
		0,
		"vtapd 1.0.0 draining since 10:04:00 (suricata 7.0.11), "
		"1,904 frames/s still arrive.\n"
		"  Up 6 d 4 h, configuration of Nov 20 09:14:03.\n");
}

static void test_status_when_draining_and_a_session_waits_then_the_second_line_says_so(void **state)
{
	(void)state;
	assert_first_lines(STATUS(DAEMON_WITH("draining", "refused",
					  "{'since':'2026-11-20T10:04:00Z','reason':null,"
					  "'frames_per_second':0}"),
				   "", PAY),
		VTAP_TEXT_NOT_READY,
		"vtapd 1.0.0 draining since 10:04:00, 0 frames/s still arrive.\n"
		"  1 of 1 session is waiting. Up 6 d 4 h, configuration of Nov 20 09:14:03.\n");
}

static void test_status_when_checks_do_not_follow_yet_then_said(void **state)
{
	(void)state;
	assert_first_lines(STATUS(DAEMON_WITH("healthy", "refused", "null"), "", ""), 0,
		"vtapd 1.0.0 healthy. Up 6 d 4 h, configuration of Nov 20 09:14:03.\n"
		"  Health checks are still refused.\n");
	assert_first_lines(STATUS(DAEMON_WITH("unhealthy", "answered", "null"), "", ""),
		VTAP_TEXT_NOT_READY,
		"vtapd 1.0.0 unhealthy: no session is configured. Up 6 d 4 h, "
		"configuration of Nov 20 09:14:03.\n"
		"  Health checks are still answered.\n");
}

#define FOLLOWING(state, checks, in_ns)                                                            \
	"'daemon':{'version':'1.0.0','state':'" state "','checks':'" checks                        \
	"','checks_follow_in_ns':" in_ns                                                           \
	",'drain':null,'uptime_ns':532800000000000,'configured':null,'refused':null}"

static void test_status_when_checks_will_follow_then_when(void **state)
{
	(void)state;
	assert_first_lines(STATUS(FOLLOWING("unhealthy", "answered", "7200000000"), "", ""),
		VTAP_TEXT_NOT_READY,
		"vtapd 1.0.0 unhealthy: no session is configured. Up 6 d 4 h.\n"
		"  Health checks are still answered; refused in 8 s if it stays unhealthy.\n");
	assert_first_lines(STATUS(FOLLOWING("healthy", "refused", "61000000000"), "", ""), 0,
		"vtapd 1.0.0 healthy. Up 6 d 4 h.\n"
		"  Health checks are still refused; answered in 1 min 1 s if it stays healthy.\n");
	assert_first_lines(STATUS(FOLLOWING("healthy", "refused", "null"), "", ""), 0,
		"vtapd 1.0.0 healthy. Up 6 d 4 h.\n"
		"  Health checks are still refused.\n");
}

/* 8 sensors, of which these names are known. */
#define READ_BY(names)                                                                             \
	SESSION("web", "4321", "ready", "null", "null", "null", BUSY ",'sensor_names':[" names "]")

static void assert_sensors(const char *single_quoted, const char *words)
{
	_auto_rendered struct rendered rendered = render(vtap_text_status, single_quoted);
	const char *end = rendered.text + strlen(rendered.text);

	assert_string_equal(rendered.err.text, "");
	assert_true(strlen(rendered.text) > strlen(words));
	assert_string_equal(end - strlen(words), words);
}

static void test_status_when_sensors_have_names_then_they_stand_behind_their_number(void **state)
{
	(void)state;
	assert_sensors(STATUS(DAEMON, TARGET, READ_BY("")), "  now   8\n");
	assert_sensors(STATUS(DAEMON, TARGET, READ_BY("'suricata'")), "  now   8 suricata\n");
	assert_sensors(
		STATUS(DAEMON, TARGET, READ_BY("'suricata','zeek'")), "  now   8 suricata, zeek\n");
	assert_sensors(STATUS(DAEMON, TARGET, READ_BY("'a','b','c','d','e'")),
		"  now   8 a, b, c and 2 more\n");
}

static void test_status_when_something_holds_then_the_last_line_names_it(void **state)
{
	(void)state;
	assert_renders(vtap_text_status, STATUS_WITH(DAEMON, "'config-rejected'", "", ""), 0,
		"vtapd 1.0.0 healthy. Up 6 d 4 h, configuration of Nov 20 09:14:03.\n"
		"\n"
		"1 finding, `vtapctl doctor` explains it: config-rejected\n");
	assert_renders(vtap_text_status,
		STATUS_WITH(DAEMON, "'interface-foreign','session-waiting'", "", ""), 0,
		"vtapd 1.0.0 healthy. Up 6 d 4 h, configuration of Nov 20 09:14:03.\n"
		"\n"
		"2 findings, `vtapctl doctor` explains them: interface-foreign, "
		"session-waiting\n");
	assert_renders(vtap_text_status,
		STATUS_WITH(DAEMON, "'silent'],'finding_count':2,'note_count':1,'none':[", "", ""),
		0,
		"vtapd 1.0.0 healthy. Up 6 d 4 h, configuration of Nov 20 09:14:03.\n"
		"\n"
		"2 findings and 1 note, `vtapctl doctor` explains them: silent\n");
	assert_renders(vtap_text_status,
		STATUS_WITH(DAEMON, "],'finding_count':0,'note_count':1,'none':[", "", ""), 0,
		"vtapd 1.0.0 healthy. Up 6 d 4 h, configuration of Nov 20 09:14:03.\n");
}

#define DEGRADED_BY(daemon, words)                                                                 \
	"{'version':1," daemon ",'findings':['underlay-down'],'degraded_by':[" words               \
	"],'targets':[" TARGET "],'sessions':["
#define DOWN "{'id':'underlay-down','subject':'eth0','words':'eth0 is down'}"

static void test_status_when_somebody_is_called_for_then_it_is_not_healthy_and_no_more(void **state)
{
	(void)state;
	assert_first_lines(DEGRADED_BY(DAEMON, DOWN) WEB "]}", VTAP_TEXT_NOT_READY,
		"vtapd 1.0.0 healthy, degraded: eth0 is down. Up 6 d 4 h, ");
	assert_first_lines(DEGRADED_BY(DAEMON, DOWN) PAY "]}", VTAP_TEXT_NOT_READY,
		"vtapd 1.0.0 healthy, degraded: 1 of 1 session is waiting, eth0 is down. Up ");
	assert_first_lines(DEGRADED_BY(DAEMON, DOWN "," DOWN "," DOWN) WEB "]}",
		VTAP_TEXT_NOT_READY,
		"vtapd 1.0.0 healthy, degraded: eth0 is down, eth0 is down and 1 more. Up ");
	assert_first_lines(DEGRADED_BY(SICK, DOWN) WEB "]}", VTAP_TEXT_NOT_READY,
		"vtapd 1 unhealthy: eth0 is down. Up ");
	assert_first_lines(DEGRADED_BY(DAEMON, "") WEB "]}", 0, "vtapd 1.0.0 healthy. Up ");
}

static void test_status_when_the_target_waits_then_it_is_named_with_what_it_looks_for(void **state)
{
	(void)state;
	assert_first_lines(STATUS(SICK, TAKEN, ""), VTAP_TEXT_NOT_READY,
		"vtapd 1 unhealthy: target default is waiting. Up 1 s.\n"
		"\n"
		"TARGET   PORT  UNDERLAY    PATH    RECEIVED  DELIVERED  DROPPED\n"
		"default  4789  ens*, eth1  worker         0          0        0\n"
		"  default: UDP port 4789 is taken by vxlan0. Next try in 1 s.\n");
}

static void test_status_when_sessions_wait_for_their_target_then_its_sentence_stands_once(
	void **state)
{
	(void)state;
	_auto_rendered struct rendered rendered = render(vtap_text_status,
		STATUS(SICK, TAKEN,
			SESSION("web", "1", "waiting", "'port-taken'",
				"'UDP port 4789 is taken by vxlan0'", "1000000000", IDLE) "," PAY));

	assert_string_equal(rendered.err.text, "");
	assert_null(strstr(strstr(rendered.text, "taken by vxlan0") + 1, "taken by vxlan0"));
	assert_non_null(strstr(rendered.text, "\n  web: waits for target default.\n"
					      "  pay: mirror-pay is a dummy interface that"));
}

static void test_status_when_states_differ_then_not_ready(void **state)
{
	(void)state;
	assert_first_lines(STATUS(DAEMON, TARGET,
				   WEB "," PAY "," SESSION("db", "any", "creating",
					   "'interface-foreign'", "null", "null", IDLE)),
		VTAP_TEXT_NOT_READY,
		"vtapd 1.0.0 healthy, degraded: 2 of 3 sessions are not ready. Up");
}

static void assert_state_is_printed(const char *word)
{
	_auto_free char *quoted = NULL;
	char shown[64];

	assert_true(asprintf(&quoted,
			    "{'version':1," DAEMON
			    ",'findings':[],'targets':[],'sessions':[{'name':'a',"
			    "'vni':['1'],'interface':'mirror-a','state':'%s','reason':null,"
			    "'message':null,'retry_in_ns':null," IDLE "}]}",
			    word) > 0);
	_auto_rendered struct rendered rendered = render(vtap_text_status, quoted);
	(void)snprintf(shown, sizeof(shown), "  %s ", word); /* fits */
	assert_non_null(strstr(rendered.text, shown));
	assert_int_equal(rendered.outcome, strcmp(word, "ready") == 0 ? 0 : VTAP_TEXT_NOT_READY);
}

static void test_status_when_a_state_is_shown_then_verbatim_and_only_ready_is_well(void **state)
{
	(void)state;
	assert_state_is_printed("absent");
	assert_state_is_printed("creating");
	assert_state_is_printed("ready");
	assert_state_is_printed("waiting");
}

/* The number behind @at, without its commas. */
static uint64_t number_at(const char **at)
{
	uint64_t n = 0;

	*at += strcspn(*at, "0123456789");
	for (; **at == ',' || (**at >= '0' && **at <= '9'); (*at)++) {
		if (**at == ',' && (*at)[1] == ' ')
			break; /* the comma of the sentence */
		if (**at != ',')
			n = n * 10 + (uint64_t)(**at - '0');
	}
	return n;
}

static void test_status_when_numbers_are_printed_then_they_add_up(void **state)
{
	(void)state;
	_auto_rendered struct rendered rendered =
		render(vtap_text_status, STATUS(DAEMON, TARGET, WEB));
	const char *at = strstr(rendered.text, "worker");

	assert_non_null(at);
	uint64_t received = number_at(&at);
	uint64_t delivered = number_at(&at);
	uint64_t dropped = number_at(&at);
	uint64_t sum = number_at(&at);
	sum += number_at(&at);
	sum += number_at(&at);
	assert_true(received == delivered + dropped);
	assert_true(dropped == sum);
}

static void test_status_when_colour_is_wanted_then_only_words_of_state_have_it(void **state)
{
	(void)state;
	_auto_free char *json = json_of(STATUS(DAEMON, "", WEB));
	_auto_rendered struct rendered rendered = render_json(vtap_text_status, json, true);

	assert_non_null(strstr(rendered.text, "vtapd 1.0.0 \033[32mhealthy\033[0m."));
	assert_non_null(strstr(rendered.text, "\033[32mready\033[0m"));
	assert_null(strstr(rendered.text, "\033[33m"));
}

#define SHOWN(more_config, vnis, forgotten)                                                        \
	"{'version':1,'session':{'name':'web','description':'the "                                 \
	"shop','required':true,'target':'default',"                                                \
	"'vni':['4321','4400-4403'],'source':['10.0.0.0/16','2001:db8::/32'],"                     \
	"'interface':'mirror-web','ifindex':7,'mtu':9001,'state':'ready','reason':null,"           \
	"'message':null,'retry_in_ns':null," BUSY ",'config':'/etc/vtapd/conf.d/web.conf:1',"      \
	"'vnis':[" vnis "],'vnis_forgotten_frames':" forgotten more_config "}}"

#define VNI_ROW                                                                                    \
	"{'vni':4321,'frames':1234567,'bytes':123456700,'frames_per_second':12.35,"                \
	"'sources':['10.0.3.17','10.0.3.18'],'sources_complete':true,"                             \
	"'first_seen':'2026-11-19T09:20:00Z','last_seen':'2026-11-20T10:04:59Z',"                  \
	"'last_seen_age_ns':100}"

static void test_show_when_a_session_is_ready_then_everything_is_there(void **state)
{
	(void)state;
	assert_renders(vtap_text_show, SHOWN("", VNI_ROW, "12"), 0,
		"web ready: 212,418 frames/s, 1.41 G bits/s, last frame now, 8 sensors.\n"
		"\n"
		"  description  the shop\n"
		"  config       /etc/vtapd/conf.d/web.conf:1\n"
		"  target       default\n"
		"  vni          4321, 4400-4403\n"
		"  source       10.0.0.0/16, 2001:db8::/32\n"
		"  interface    mirror-web, index 7, mtu 9001\n"
		"  required     yes\n"
		"\n"
		"  received     1,234,570\n"
		"  delivered    1,234,567\n"
		"  dropped      3  2 interface-down, 1 write-refused\n"
		"  bytes        123,456,700\n"
		"  last frame   Nov 20 10:04:59\n"
		"  repairs      1\n"
		"\n"
		"VNI   FRAMES     BYTES        FRAMES/s  OUTER SOURCES          FIRST SEEN    LAST "
		"SEEN\n"
		"4321  1,234,567  123,456,700      12.4  10.0.3.17 and 1 other  Nov 19 09:20  now\n"
		"  and 12 frames of which the VNI is not known any more\n"
		"\n"
		"  sniff        sudo tcpdump -ni mirror-web\n"
		"  journal      journalctl -u vtapd VTAPD_SESSION=web\n");
}

static void test_show_when_a_session_waits_then_why_and_not_ready(void **state)
{
	(void)state;
	_auto_rendered struct rendered rendered = render(vtap_text_show,
		"{'version':1,'session':{'name':'pay','description':null,'required':false,"
		"'target':'default','vni':['any'],'source':[],'interface':'mirror-pay','ifindex':0,"
		"'mtu':9001,"
		"'state':'waiting','reason':'interface-refused','message':'No space left.',"
		"'retry_in_ns':130000000000," IDLE ",'config':null,'vnis':[],"
		"'vnis_forgotten_frames':0}}");

	assert_int_equal(rendered.outcome, VTAP_TEXT_NOT_READY);
	assert_non_null(strstr(rendered.text, "pay waiting: 0 frames/s"));
	assert_non_null(strstr(rendered.text, "  pay: No space left. Next try in 2 min 10 s.\n"));
	assert_non_null(strstr(rendered.text, "  source       any\n"));
	assert_non_null(strstr(rendered.text, "  interface    mirror-pay, mtu 9001\n"));
	assert_non_null(strstr(rendered.text, "  required     no\n"));
	assert_null(strstr(rendered.text, "sniff"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status_when_a_session_waits_then_says_which_and_what_next),
		cmocka_unit_test(test_status_when_a_named_underlay_is_not_there_then_it_is_named),
		cmocka_unit_test(test_status_when_all_is_ready_then_0),
		cmocka_unit_test(
			test_status_when_files_were_refused_today_then_second_line_says_when),
		cmocka_unit_test(test_status_when_nothing_is_configured_then_unhealthy),
		cmocka_unit_test(
			test_status_when_draining_then_since_when_why_and_what_still_arrives),
		cmocka_unit_test(
			test_status_when_draining_and_a_session_waits_then_the_second_line_says_so),
		cmocka_unit_test(test_status_when_checks_do_not_follow_yet_then_said),
		cmocka_unit_test(test_status_when_checks_will_follow_then_when),
		cmocka_unit_test(
			test_status_when_sensors_have_names_then_they_stand_behind_their_number),
		cmocka_unit_test(test_status_when_something_holds_then_the_last_line_names_it),
		cmocka_unit_test(
			test_status_when_somebody_is_called_for_then_it_is_not_healthy_and_no_more),
		cmocka_unit_test(
			test_status_when_the_target_waits_then_it_is_named_with_what_it_looks_for),
		cmocka_unit_test(
			test_status_when_sessions_wait_for_their_target_then_its_sentence_stands_once),
		cmocka_unit_test(test_status_when_states_differ_then_not_ready),
		cmocka_unit_test(
			test_status_when_a_state_is_shown_then_verbatim_and_only_ready_is_well),
		cmocka_unit_test(test_status_when_numbers_are_printed_then_they_add_up),
		cmocka_unit_test(
			test_status_when_colour_is_wanted_then_only_words_of_state_have_it),
		cmocka_unit_test(test_show_when_a_session_is_ready_then_everything_is_there),
		cmocka_unit_test(test_show_when_a_session_waits_then_why_and_not_ready),
	};

	return cmocka_run_group_tests(tests, use_utc, NULL);
}
