// SPDX-License-Identifier: Apache-2.0
/*
 * Law: status names the path that a target's packets take, and has one line where that, the guard
 * or the counters are not as one would expect; nothing where all is well, and nothing for a daemon
 * of a version that had neither.
 */
#include "tests/unit/test_report_text.h"

#define GUARDED         "'guard':'on','guard_reason':null,"
#define COUNTING(since) "'started':'2026-11-20T09:00:00.000000000Z','counting_since':'" since "',"
#define DAEMON(more)                                                                               \
	"'daemon':{'version':'1.0.0','state':'healthy','checks':'answered','drain':null," more     \
	"'uptime_ns':3900000000000,'configured':'2026-11-20T09:14:03.5Z','refused':null}"

#define TARGET(path, state, more)                                                                  \
	"{'name':'default','port':4789,'underlay':['auto'],'bound':['ens5'],'path':'" path         \
	"'," state "," more "'received':7,'delivered':7,'dropped':0,'drops':{}}"
#define READY "'state':'ready','reason':null,'message':null,'retry_in_ns':null"
#define FASTPATH(attached, reason, idle, bypassed_by)                                              \
	"'fastpath':{'setting':'auto','attached':[" attached "],'reason':" reason ",'idle':" idle  \
	",'bypassed_by':" bypassed_by "},"

#define DETOUR                                                                                     \
	"'fastpath':{'setting':'auto','attached':['ens5'],'reason':null,'idle':null,"              \
	"'bypassed_by':null,'recent':{'fast_path':0,'worker':100},"                                \
	"'detour':'100 of 100 frames went through the worker (`man vtapd`)'},"

#define STATUS(daemon, target)                                                                     \
	"{'version':1," daemon ",'findings':[],'targets':[" target "],'sessions':[]}"

#define HEADLINE "vtapd 1.0.0 healthy. Up 1 h 5 min, configuration of Nov 20 09:14:03.\n"
#define TABLE                                                                                      \
	"\n"                                                                                       \
	"TARGET   PORT  UNDERLAY  PATH    RECEIVED  DELIVERED  DROPPED\n"                          \
	"default  4789  ens5      worker         7          7        0\n"
#define TABLE_FAST                                                                                 \
	"\n"                                                                                       \
	"TARGET   PORT  UNDERLAY  PATH       RECEIVED  DELIVERED  DROPPED\n"                       \
	"default  4789  ens5      fast path         7          7        0\n"

struct path_row {
	const char *json;
	const char *text;
};

static void assert_rows(const struct path_row *table, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		print_message("row %zu\n", i);
		assert_renders(vtap_text_status, table[i].json, 0, table[i].text);
	}
}

static void test_path_when_as_wished_then_only_named(void **state)
{
	static const struct path_row table[] = {
		{ STATUS(DAEMON(GUARDED),
			  TARGET("fast path", READY, FASTPATH("'ens5'", "null", "null", "null"))),
			HEADLINE TABLE_FAST },
		{ STATUS(DAEMON(GUARDED),
			  TARGET("worker", READY, FASTPATH("", "null", "null", "null"))),
			HEADLINE TABLE },
		{ STATUS(DAEMON("'guard':'off',"), TARGET("worker", READY, "")), HEADLINE TABLE },
	};

	(void)state;
	assert_rows(table, VTAP_ARRAY_LEN(table));
}

#define REFUSED "'load the program: operation not permitted (CAP_BPF)'"
#define BY      "'filter pref 10 on ens5'"

static void test_path_when_not_as_wished_then_one_line_says_why(void **state)
{
	static const struct path_row table[] = {
		{ STATUS(DAEMON(GUARDED),
			  TARGET("worker", READY, FASTPATH("", REFUSED, "null", "null"))),
			HEADLINE TABLE
			"  default: the worker carries everything: load the program: operation not "
			"permitted (CAP_BPF).\n" },
		{ STATUS(DAEMON(GUARDED),
			  TARGET("fast path", READY, FASTPATH("'ens5'", REFUSED, "null", "null"))),
			HEADLINE TABLE_FAST
			"  default: the fast path is not on every underlay: load the program: "
			"operation not permitted (CAP_BPF).\n" },
		{ STATUS(DAEMON(GUARDED),
			  TARGET("worker", READY, FASTPATH("'ens5'", "null", "null", BY))),
			HEADLINE TABLE
			"  default: filter pref 10 on ens5 ends the chain before the fast path; "
			"the worker carries everything.\n" },
		{ STATUS(DAEMON(GUARDED), TARGET("fast path", READY,
						  FASTPATH("'ens5','ens6'", "null", "null", BY))),
			HEADLINE TABLE_FAST
			"  default: filter pref 10 on ens5 ends the chain before the fast path; "
			"the worker carries what comes in there.\n" },
		{ STATUS(DAEMON(GUARDED),
			  TARGET("worker", READY,
				  FASTPATH("", "null", "'no packet has arrived yet'", "null"))),
			HEADLINE TABLE
			"  default: the fast path waits: no packet has arrived yet.\n" },
		{ STATUS(DAEMON(GUARDED), TARGET("fast path", READY, DETOUR)), HEADLINE TABLE_FAST
			"  default: 100 of 100 frames went through the worker (`man vtapd`).\n" },
	};

	(void)state;
	assert_rows(table, VTAP_ARRAY_LEN(table));
}

static void test_path_when_the_target_waits_then_its_sentence_stands_alone(void **state)
{
	(void)state;
	assert_renders(vtap_text_status,
		STATUS(DAEMON(GUARDED),
			TARGET("worker",
				"'state':'waiting','reason':'fastpath-off','message':'no fast "
				"path: load the program: operation not permitted (CAP_BPF)',"
				"'retry_in_ns':1000000000",
				FASTPATH("", REFUSED, "null", "null"))),
		VTAP_TEXT_NOT_READY,
		"vtapd 1.0.0 healthy, degraded: target default is waiting. Up 1 h 5 min, "
		"configuration of Nov 20 09:14:03.\n" TABLE
		"  default: no fast path: load the program: operation not permitted (CAP_BPF). "
		"Next try in 1 s.\n");
}

#define PLAIN TARGET("worker", READY, FASTPATH("", "null", "null", "null"))

static void test_guard_when_not_on_every_interface_then_the_second_line_says_so(void **state)
{
	static const struct path_row table[] = {
		{ STATUS(DAEMON("'guard':'off','guard_reason':" REFUSED ","), PLAIN),
			HEADLINE "  guard off: load the program: operation not permitted "
				 "(CAP_BPF).\n" TABLE },
		{ STATUS(DAEMON("'guard':'partly','guard_reason':'mirror-web: no such device',"),
			  PLAIN),
			HEADLINE "  guard partly: mirror-web: no such device.\n" TABLE },
		{ STATUS(DAEMON("'guard':'off','guard_reason':null,"), PLAIN),
			HEADLINE "  guard off.\n" TABLE },
	};

	(void)state;
	assert_rows(table, VTAP_ARRAY_LEN(table));
}

static void test_counting_when_older_or_younger_than_the_daemon_then_said(void **state)
{
	static const struct path_row table[] = {
		{ STATUS(DAEMON(COUNTING("2026-11-18T08:00:00.000000000Z")), PLAIN),
			"vtapd 1.0.0 healthy. Up 1 h 5 min, counting since Nov 18 08:00:00, "
			"configuration of Nov 20 09:14:03.\n" TABLE },
		{ STATUS(DAEMON(COUNTING("2026-11-20T09:30:00.000000000Z")), PLAIN),
			"vtapd 1.0.0 healthy. Up 1 h 5 min, counting since Nov 20 09:30:00, "
			"configuration of Nov 20 09:14:03.\n" TABLE },
		{ STATUS(DAEMON(COUNTING("2026-11-20T09:00:00.900000000Z")), PLAIN),
			HEADLINE TABLE },
	};

	(void)state;
	assert_rows(table, VTAP_ARRAY_LEN(table));
}

#define SHOW(path, daemon)                                                                         \
	"{'version':1,'session':{'name':'web','description':null,'required':true,"                 \
	"'target':'default'," path                                                                 \
	"'vni':['1'],'source':[],'interface':'mirror-web','ifindex':7,'mtu':9001,"                 \
	"'state':'ready','reason':null,'message':null,'retry_in_ns':null,'received':0,"            \
	"'delivered':0,'dropped':0,'drops':{},'bytes':0,'frames_per_second':0.0,"                  \
	"'bits_per_second':0.0,'last_frame':null,'last_frame_age_ns':null,'sensors':0,"            \
	"'repairs':0,'config':null,'vnis':[],'vnis_forgotten_frames':0}" daemon "}"

static void test_show_when_told_then_the_path_and_since_when_is_counted(void **state)
{
	(void)state;
	_auto_rendered struct rendered shown = render(vtap_text_show,
		SHOW("'path':'fast path',", ",'daemon':{'started':'2026-11-20T09:00:00Z',"
					    "'counting_since':'2026-11-18T08:00:00Z'}"));
	_auto_rendered struct rendered usual = render(vtap_text_show,
		SHOW("'path':'worker',", ",'daemon':{'started':'2026-11-20T09:00:00Z',"
					 "'counting_since':'2026-11-20T09:00:00Z'}"));
	_auto_rendered struct rendered detour = render(vtap_text_show,
		SHOW("'path':'fast path',", ",'target':" TARGET("fast path", READY, DETOUR)));
	_auto_rendered struct rendered older = render(vtap_text_show, SHOW("", ""));

	assert_non_null(
		strstr(shown.text, "  target       default\n  path         fast path\n  vni "));
	assert_non_null(
		strstr(shown.text, "\n  counted      since Nov 18 08:00:00\n  received     0\n"));
	assert_non_null(strstr(usual.text, "  path         worker\n"));
	assert_null(strstr(usual.text, "counted"));
	assert_non_null(strstr(detour.text,
		"  path         fast path\n"
		"               100 of 100 frames went through the worker (`man vtapd`)\n  vni "));
	assert_int_equal(older.outcome, 0);
	assert_null(strstr(older.text, "  path "));
	assert_null(strstr(older.text, "counted"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_path_when_as_wished_then_only_named),
		cmocka_unit_test(test_path_when_not_as_wished_then_one_line_says_why),
		cmocka_unit_test(test_path_when_the_target_waits_then_its_sentence_stands_alone),
		cmocka_unit_test(
			test_guard_when_not_on_every_interface_then_the_second_line_says_so),
		cmocka_unit_test(test_counting_when_older_or_younger_than_the_daemon_then_said),
		cmocka_unit_test(test_show_when_told_then_the_path_and_since_when_is_counted),
	};

	return cmocka_run_group_tests(tests, use_utc, NULL);
}
