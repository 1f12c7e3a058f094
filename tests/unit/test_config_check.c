// SPDX-License-Identifier: Apache-2.0
/*
 * Law: the order of files never decides who gets a frame. Two sessions that could both match at one
 * level (VNI, range, any) with one source prefix are refused, naming both places; everything else
 * has one answer by the match order and is taken.
 */
#include "tests/unit/config_folder.h"

#define A(lines) "[session a]\n" lines
#define B(lines) "[session b]\n" lines

static void test_sessions_when_one_vni_and_one_prefix_then_refused(void **state)
{
	static const struct check_row table[] = {
		{ A("vni = 5\n") B("vni = 5\n"),
			"vtapd.conf:4: session b: vni: \"5\": session a claims it too "
			"(vtapd.conf:2); give one of them a source\n" },
		{ A("vni = 1, 5\n") B("vni = 5-5\n"), /* a range of one is that VNI */
			"vtapd.conf:4: session b: vni: \"5\": session a claims it too "
			"(vtapd.conf:2); give one of them a source\n" },
		{ A("vni = 5\nsource = 10.0.0.0/8\n") B("vni = 5\nsource = 10.0.0.0/8\n"),
			"vtapd.conf:5: session b: vni: \"5\": session a claims it too "
			"(vtapd.conf:2), also from 10.0.0.0/8\n" },
		{ A("vni = 5\nsource = 10.0.0.0/8, 192.0.2.1\n") B("vni = 5\nsource = 192.0.2.1\n"),
			"vtapd.conf:5: session b: vni: \"5\": session a claims it too "
			"(vtapd.conf:2), also from 192.0.2.1\n" },
		{ A("vni = 5\nsource = ::/0\n") B("vni = 5\n"), /* /0 of both is no source */
			"vtapd.conf:5: session b: vni: \"5\": session a claims it too "
			"(vtapd.conf:2); give one of them a source\n" },
		{ A("vni = 5\n") B("vni = 6\n"), NULL },
		{ A("vni = 5\nsource = 10.0.0.0/8\n") B("vni = 5\n"), NULL },
		{ A("vni = 5\nsource = 10.0.0.0/8\n") B("vni = 5\nsource = 10.0.0.0/9\n"), NULL },
		{ A("vni = 5\nsource = 10.0.0.0/8\n") B("vni = 5\nsource = 11.0.0.0/8\n"), NULL },
		{ A("vni = 5\nsource = 0.0.0.0/0\n") B("vni = 5\nsource = 2000::/3\n"), NULL },
		{ A("vni = 5\nsource = 0.0.0.0/0\n") B("vni = 5\n"), NULL },
	};

	CHECK_ROWS(*state, table);
}

static void test_sessions_when_ranges_overlap_then_refused(void **state)
{
	static const struct check_row table[] = {
		{ A("vni = 10-20\n") B("vni = 20-30\n"),
			"vtapd.conf:4: session b: vni: \"20-30\": session a claims it too "
			"(vtapd.conf:2); give one of them a source\n" },
		{ A("vni = 20-30\n") B("vni = 10-20\n"),
			"vtapd.conf:4: session b: vni: \"10-20\": session a claims it too "
			"(vtapd.conf:2); give one of them a source\n" },
		{ A("vni = 1-100\n") B("vni = 40-50\n"),
			"vtapd.conf:4: session b: vni: \"40-50\": session a claims it too "
			"(vtapd.conf:2); give one of them a source\n" },
		/* the one that overlaps is not the neighbour in order, but one before it */
		{ A("vni = 1-100\nvni = 200-300\n") "[session c]\nvni = 150-160\n"
						    "[session b]\nvni = 90-95\n",
			"vtapd.conf:7: session b: vni: \"90-95\": session a claims it too "
			"(vtapd.conf:2); give one of them a source\n" },
		{ A("vni = 0-16777215\n") B("vni = 16777214-16777215\n"),
			"vtapd.conf:4: session b: vni: \"16777214-16777215\": session a claims it "
			"too (vtapd.conf:2); give one of them a source\n" },
		{ A("vni = 10-19\n") B("vni = 20-29\n"), NULL },
		{ A("vni = 10-20\n") B("vni = 15\n"), NULL }, /* levels differ */
		{ A("vni = 10-20\nsource = 10.0.0.1\n") B("vni = 15-25\n"), NULL },
		{ A("vni = 10-20\n") B("vni = any\n"), NULL },
		{ A("vni = 0-16777215\n") B("vni = any\n"), NULL },
	};

	CHECK_ROWS(*state, table);
}

static void test_sessions_when_both_take_any_then_refused(void **state)
{
	static const struct check_row table[] = {
		{ A("vni = any\n") B("vni = any\n"),
			"vtapd.conf:4: session b: vni: \"any\": session a claims it too "
			"(vtapd.conf:2); give one of them a source\n" },
		{ A("vni = 5, any\n") B("vni = any, 6\n"),
			"vtapd.conf:4: session b: vni: \"any\": session a claims it too "
			"(vtapd.conf:2); give one of them a source\n" },
		{ A("vni = any\nsource = 10.0.0.1\n") B("vni = any\n"), NULL },
		{ A("vni = any\n") B("vni = 5\n"), NULL },
	};

	CHECK_ROWS(*state, table);
}

static void test_sessions_when_a_value_is_refused_then_no_second_mistake_follows(void **state)
{
	static const struct check_row table[] = {
		{ A("vni = any\n") B("vni = any\nsource = 10.0.0.1/8\n"),
			"vtapd.conf:5: session b: source: \"10.0.0.1/8\": has bits after the "
			"prefix; did you mean 10.0.0.0/8?\n" },
		{ A("vni = 5\nsource = any, 10.0.0.0/8\n") B("vni = 5\n"),
			"vtapd.conf:3: session a: source: \"any\": stands alone: it is every "
			"source already\n" },
		{ A("vni = 5\ninterface = m\nmtu = 9\n") B("vni = 6\ninterface = m\n"),
			"vtapd.conf:4: session a: mtu: \"9\": must be 68..65521\n" },
		{ "[target x]\nport = 0\n[target y]\nport = 70000\n",
			"vtapd.conf:2: target x: port: \"0\": must be 1..65535\n"
			"vtapd.conf:4: target y: port: \"70000\": must be 1..65535\n" },
	};

	CHECK_ROWS(*state, table);
}

static void test_session_when_it_claims_twice_itself_then_refused(void **state)
{
	static const struct check_row table[] = {
		{ A("vni = 5, 6, 5\n"),
			"vtapd.conf:2: session a: vni: \"5\": given twice in this session\n" },
		{ A("vni = 5-9\nvni = 7-8\n"),
			"vtapd.conf:2: session a: vni: \"7-8\": given twice in this session\n" },
		{ A("vni = 5\nsource = 10.0.0.1, 10.0.0.1\n"),
			"vtapd.conf:3: session a: source: \"10.0.0.1\": given twice\n" },
		{ A("vni = 5, 4-6, any\n"), NULL }, /* three levels */
	};

	CHECK_ROWS(*state, table);
}

static void test_sessions_when_they_collide_often_then_one_line_for_each_pair(void **state)
{
	text_refused(*state,
		A("vni = 1, 2, 3, 4\n") B("vni = 1, 2, 3, 4\n") "[session c]\nvni = 4, 9\n",
		"vtapd.conf:4: session b: vni: \"1\": session a claims it too (vtapd.conf:2); give "
		"one of them a source\n"
		"vtapd.conf:6: session c: vni: \"4\": session a claims it too (vtapd.conf:2); give "
		"one of them a source\n");
}

static void test_sessions_when_thousands_collide_then_some_hundred_lines(void **state)
{
	_auto_loaded struct loaded loaded = { 0 };
	_auto_free char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	for (int i = 0; i < 4000; i++) /* each shares a VNI with each of its ten neighbours */
		(void)fprintf(out, "[session s%d]\ninterface = m\nvni = %d-%d\n", i, i, i + 10);
	assert_int_equal(fclose(out), 0);
	folder_write(*state, "vtapd.conf", text);
	loaded = folder_load(*state);
	assert_int_equal(loaded.outcome, VTAP_LOAD_REFUSED);
	assert_int_equal(loaded.diags.n, 201);
	assert_non_null(strstr(loaded.mistakes, "only the first collisions are listed"));
}

static void test_sessions_when_targets_differ_then_no_conflict(void **state)
{
	static const struct check_row table[] = {
		{ "[target x]\nport = 1\n[target y]\nport = 2\n" A("vni = 5\ntarget = x\n")
				B("vni = 5\ntarget = y\n"),
			NULL },
		{ "[target x]\nport = 1\n[target y]\nport = 2\n" A("vni = 5\ntarget = x\n")
				B("vni = 5\ntarget = x\n"),
			"vtapd.conf:9: session b: vni: \"5\": session a claims it too "
			"(vtapd.conf:6); give one of them a source\n" },
	};

	CHECK_ROWS(*state, table);
}

static void test_sessions_when_vni_comes_from_defaults_then_its_place_is_there(void **state)
{
	text_refused(*state, "[defaults]\nvni = 5\n" A("") B(""),
		"vtapd.conf:2: session b: vni: \"5\": session a claims it too (vtapd.conf:2); give "
		"one of them a source\n");
}

static void test_sessions_when_combinations_explode_then_refused(void **state)
{
	_auto_free char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	(void)fputs("[session a]\n", out); /* of this and the others fclose tells */
	for (unsigned i = 0; i < 1000; i++)
		(void)fprintf(out, "vni = %u\nsource = 10.0.%u.%u\n", i, i / 250, i % 250);
	assert_int_equal(fclose(out), 0);
	text_refused(*state, text,
		"vtapd.conf:2: session a: vni: more than 500,000 combinations of VNI and source; "
		"use ranges or shorter prefixes\n");
}

/* ---- interfaces ---- */

static void test_interface_when_shared_then_mtus_must_agree(void **state)
{
	static const struct check_row table[] = {
		{ A("vni = 1\ninterface = x\n") B("vni = 2\ninterface = x\n"), NULL },
		{ A("vni = 1\ninterface = x\nmtu = 1500\n") B("vni = 2\ninterface = x\n"),
			"vtapd.conf:5: session b: mtu: \"9001\": session a (vtapd.conf:1) shares x "
			"and gives it 1500; they must agree\n" },
		{ A("vni = 1\ninterface = mirror-b\nmtu = 1500\n") B("vni = 2\n"),
			"vtapd.conf:5: session b: mtu: \"9001\": session a (vtapd.conf:1) shares "
			"mirror-b and gives it 1500; they must agree\n" },
		{ A("vni = 1\ninterface = x\nmtu = 1500\n") B("vni = 2\ninterface = X\n"), NULL },
	};

	CHECK_ROWS(*state, table);
}

static void test_interface_when_it_is_an_underlay_then_refused(void **state)
{
	static const struct check_row table[] = {
		{ "[target default]\nunderlay = ens5, mirror-a\n" A("vni = 1\n"),
			"vtapd.conf:3: session a: interface: \"mirror-a\": target default has this "
			"as an underlay\n" },
		{ "[target default]\nunderlay = ens5\n" A("vni = 1\ninterface = ens5\n"),
			"vtapd.conf:5: session a: interface: \"ens5\": target default has this as "
			"an underlay\n" },
		/* a glob names what is there, less what is ours */
		{ "[target default]\nunderlay = m*\n" A("vni = 1\n"), NULL },
	};

	CHECK_ROWS(*state, table);
}

/* ---- ports ---- */

#define PORT_TAKEN(line, port)                                                                     \
	"vtapd.conf:" line ": target y: port: \"" port                                             \
	"\": target x (vtapd.conf:1) has it on an underlay that both name; give each its own "     \
	"underlay\n"

#define GLOBS_MEET(line, a, b)                                                                     \
	"vtapd.conf:" line ": target y: port: \"4789\": target x (vtapd.conf:1) has it, and one "  \
	"interface could be both " a " and " b "; globs on one port must begin differently\n"

static void test_targets_when_one_port_on_one_underlay_then_refused(void **state)
{
	static const struct check_row table[] = {
		{ "[target x]\n[target y]\n", PORT_TAKEN("2", "4789") },
		{ "[target x]\nport = 5\n[target y]\nport = 6\n", NULL },
		{ "[target x]\nunderlay = ens5\n[target y]\nunderlay = ens6\n", NULL },
		{ "[target x]\nunderlay = ens5\n[target y]\nunderlay = ens6, ens5\n",
			PORT_TAKEN("3", "4789") },
		{ "[target x]\nunderlay = ens*\n[target y]\nunderlay = ens6\n",
			PORT_TAKEN("3", "4789") },
		{ "[target x]\nunderlay = ens6\n[target y]\nunderlay = ens*\n",
			PORT_TAKEN("3", "4789") },
		{ "[target x]\nunderlay = ens6\n[target y]\n", PORT_TAKEN("3", "4789") },
		{ "[target x]\nunderlay = ens*\n[target y]\nunderlay = eth*\n", NULL },
		{ "[target x]\nunderlay = ens5\n[target y]\nunderlay = ens6\nport = 4789\n", NULL },
		{ "[target x]\nunderlay = ens5*\n[target y]\nunderlay = ens6*, et?0\n", NULL },
		{ "[target x]\nunderlay = e*\n[target y]\nunderlay = *0\n",
			GLOBS_MEET("3", "*0", "e*") },
		{ "[target x]\nunderlay = eth[01]\n[target y]\nunderlay = ens5 eth[12]\n",
			GLOBS_MEET("3", "eth[12]", "eth[01]") },
		{ "[target x]\nunderlay = e*\n[target y]\nunderlay = eth?\n",
			GLOBS_MEET("3", "eth?", "e*") },
		{ "[target x]\nunderlay = e*\n[target y]\nunderlay = e*\nport = 1\n", NULL },
	};

	CHECK_ROWS(*state, table);
}

static void test_target_when_its_underlays_need_too_many_workers_then_refused(void **state)
{
	static const struct check_row table[] = {
		{ "[target x]\nunderlay = a b\nworkers = 8\n", NULL },
		{ "[target x]\nunderlay = a b\nworkers = 9\n",
			"vtapd.conf:1: target x: workers: \"9\": for each of 2 underlays; a target "
			"has at most 16 in all\n" },
		{ "[target x]\nunderlay = a b c d e f g h i j k l m n o p\n", NULL },
		{ "[target x]\nunderlay = a b c d e f g h i j k l m n o p q\n",
			"vtapd.conf:1: target x: workers: \"1\": for each of 17 underlays; a "
			"target has at most 16 in all\n" },
	};

	CHECK_ROWS(*state, table);
}

static void test_listens_when_one_address_and_port_then_refused(void **state)
{
	static const struct check_row table[] = {
		{ "[health]\nlisten = 127.0.0.1:9478\n",
			"vtapd.conf:2: health: listen: \"127.0.0.1:9478\": [metrics] listens there "
			"too (default); give one of them another port\n" },
		{ "[metrics]\nlisten = 10.0.0.1:80\n[health]\nlisten = 0.0.0.0:80\n",
			"vtapd.conf:4: health: listen: \"0.0.0.0:80\": [metrics] listens there too "
			"(vtapd.conf:2); give one of them another port\n" },
		{ "[metrics]\nlisten = [::]:80\n[health]\nlisten = 10.0.0.1:80\n",
			"vtapd.conf:4: health: listen: \"10.0.0.1:80\": [metrics] listens there "
			"too "
			"(vtapd.conf:2); give one of them another port\n" },
		{ "[metrics]\nlisten = [::1]:80\n[health]\nlisten = [::1]:80\n",
			"vtapd.conf:4: health: listen: \"[::1]:80\": [metrics] listens there too "
			"(vtapd.conf:2); give one of them another port\n" },
		{ "[metrics]\nlisten = [::1]:80\n[health]\nlisten = 0.0.0.0:80\n", NULL },
		{ "[metrics]\nlisten = 10.0.0.1:80\n[health]\nlisten = 10.0.0.2:80\n", NULL },
		{ "[health]\nlisten = [::]:9479\n", NULL },
		{ "[metrics]\nlisten = off\n[health]\nlisten = 127.0.0.1:9478\n", NULL },
		{ "[metrics]\nlisten = off\n[health]\nlisten = off\n", NULL },
	};

	CHECK_ROWS(*state, table);
}

static void test_listens_when_auto_takes_the_port_of_metrics_then_refused(void **state)
{
	static const struct check_row table[] = {
		{ "[metrics]\nlisten = 127.0.0.1:4789\n",
			"vtapd.conf:2: metrics: listen: \"127.0.0.1:4789\": health is answered on "
			"TCP "
			"4789, the port of target default (default); choose another port\n" },
		{ "[target x]\nport = 1\n[target y]\nport = 9478\n",
			"vtapd.conf:3: metrics: listen: \"127.0.0.1:9478\": health is answered on "
			"TCP "
			"9478, the port of target y (vtapd.conf:3); choose another port\n" },
		{ "[target x]\nport = 9478\n[metrics]\nlisten = off\n", NULL },
		{ "[target x]\nport = 9478\n[health]\nlisten = off\n", NULL },
		{ "[target x]\nport = 9478\n[health]\nlisten = [::]:80\n", NULL },
		/* one listener serves both */
		{ "[target x]\nunderlay = ens5\n[target y]\nunderlay = ens6\n", NULL },
		/* a refused value is not looked at twice */
		{ "[target x]\nport = 9478\n[metrics]\nlisten = auto\n",
			"vtapd.conf:4: metrics: listen: \"auto\": must be off or ADDRESS:PORT, "
			"like "
			"127.0.0.1:9478 or [::1]:9478\n" },
	};

	CHECK_ROWS(*state, table);
}

static void test_sessions_when_overlapping_ranges_need_too_many_rows_then_refused(void **state)
{
	/* n nested ranges of n sources make about n * n rows; each alone is fine */
	enum { N = 1500 };
	_auto_free char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	for (unsigned i = 0; i < N; i++) /* of each fclose tells */
		(void)fprintf(out,
			"[session s%u]\nvni = %u-%u\nsource = 10.0.%u.%u\ninterface = x\n", i, i,
			2 * N - i, i / 250, i % 250);
	assert_int_equal(fclose(out), 0);
	text_refused(*state, text,
		"vtapd.conf:5998: session s1499: vni: too many ranges with different sources "
		"overlap: the session table would have over 2,000,000 rows\n");
}

static void test_sessions_when_more_than_10000_then_refused(void **state)
{
	_auto_free char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	for (unsigned i = 0; i <= VTAP_SESSIONS_MAX; i++) /* of each fclose tells */
		(void)fprintf(out, "[session s%u]\nvni = %u\n", i, i);
	assert_int_equal(fclose(out), 0);
	text_refused(*state, text, "vtapd.conf:20001: session s10000: more than 10,000 sessions\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_folder(test_sessions_when_one_vni_and_one_prefix_then_refused),
		in_folder(test_sessions_when_ranges_overlap_then_refused),
		in_folder(test_sessions_when_both_take_any_then_refused),
		in_folder(test_sessions_when_a_value_is_refused_then_no_second_mistake_follows),
		in_folder(test_session_when_it_claims_twice_itself_then_refused),
		in_folder(test_sessions_when_they_collide_often_then_one_line_for_each_pair),
		in_folder(test_sessions_when_thousands_collide_then_some_hundred_lines),
		in_folder(test_sessions_when_targets_differ_then_no_conflict),
		in_folder(test_sessions_when_vni_comes_from_defaults_then_its_place_is_there),
		in_folder(test_sessions_when_combinations_explode_then_refused),
		in_folder(test_interface_when_shared_then_mtus_must_agree),
		in_folder(test_interface_when_it_is_an_underlay_then_refused),
		in_folder(test_targets_when_one_port_on_one_underlay_then_refused),
		in_folder(test_target_when_its_underlays_need_too_many_workers_then_refused),
		in_folder(test_listens_when_one_address_and_port_then_refused),
		in_folder(test_listens_when_auto_takes_the_port_of_metrics_then_refused),
		in_folder(test_sessions_when_overlapping_ranges_need_too_many_rows_then_refused),
		in_folder(test_sessions_when_more_than_10000_then_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
