// SPDX-License-Identifier: Apache-2.0
/*
 * Law 6: all mistakes of all files come back in one run, in the order of files and lines, each with
 * file, line, value and rule, one line for one mistake.
 */
#include "tests/unit/config_folder.h"

static void broken_write(const struct folder *folder)
{
	folder_write(folder, "vtapd.conf", "[daemon]\non-stop = keep\n");
	folder_write(folder, "conf.d/web.conf",
		"[session web]\nvni = 4321 # prod\nsorce = 10.0.0.0/16\n");
	folder_write(folder, "conf.d/pay.conf", "[session pay]\nvni = 5001\n");
	folder_write(folder, "conf.d/db.conf",
		"[session db]\nvni = 16777216\ninterface = mirror-database-eu\n");
	folder_write(folder, "conf.d/batch.conf", "[session batch]\nvni = 5001\n");
}

static void test_refusal_when_broken_as_in_feel_then_exactly_its_lines(void **state)
{
	broken_write(*state);
	assert_mistakes(*state,
		"conf.d/db.conf:2: session db: vni: \"16777216\": must be 0..16777215, a range "
		"like "
		"100-199, or any\n"
		"conf.d/db.conf:3: session db: interface: \"mirror-database-eu\": 18 bytes, Linux "
		"allows 15\n"
		"conf.d/pay.conf:2: session pay: vni: \"5001\": session batch claims it too "
		"(batch.conf:2); give one of them a source\n"
		"conf.d/web.conf:2: session web: vni: \"4321 # prod\": not a number; inline "
		"comments "
		"start with ;\n"
		"conf.d/web.conf:3: session web: sorce: unknown key; did you mean source?\n");
}

static void test_refusal_when_counted_then_mistakes_and_files(void **state)
{
	_auto_loaded struct loaded loaded = { 0 };
	char text[64];

	broken_write(*state);
	loaded = folder_load(*state);
	assert_int_equal(loaded.outcome, VTAP_LOAD_REFUSED);
	assert_string_equal(vtap_diags_summary(loaded.diags.n, vtap_diags_n_files(&loaded.diags),
				    text, sizeof(text)),
		"5 mistakes in 3 files");
	assert_string_equal(vtap_diags_summary(1, 1, text, sizeof(text)), "1 mistake in 1 file");
}

static void test_refusal_when_mended_then_loads(void **state)
{
	_auto(conf) const struct vtap_conf *conf = NULL;

	broken_write(*state);
	folder_write(*state, "conf.d/web.conf",
		"[session web]\nvni = 4321 ; prod\nsource = 10.0.0.0/16\n");
	folder_write(*state, "conf.d/pay.conf", "[session pay]\nvni = 5002\n");
	folder_write(*state, "conf.d/db.conf", "[session db]\nvni = 4400-4403\n");
	conf = assert_loads(*state);
	assert_int_equal(conf->n_sessions, 4);
	assert_string_equal(conf->sessions[0].name, "batch"); /* in the order of the files */
	assert_string_equal(conf->sessions[3].name, "web");
}

static void test_refusal_when_every_stage_complains_then_in_file_and_line_order(void **state)
{
	/* the reader's, the schema's and the check's mistakes, mixed on purpose */
	folder_write(*state, "vtapd.conf",
		"[session z]\n"       /* 1 */
		"vni = 7\n"           /* 2: claimed by y, which stands later */
		"mtu = 1\n"           /* 3: schema */
		"[target b]\n"        /* 4: check: the port of default */
		"workers = 0\n"       /* 5: schema */
		"[nonsense]\n"        /* 6: reader */
		"[target default]\n"  /* 7 */
		"[session y]\n"       /* 8 */
		"vni = 7\n"           /* 9: check */
		"   indented = 1\n"); /* 10: reader */
	folder_write(*state, "conf.d/a.conf", "[session z]\n"); /* reader */
	assert_mistakes(*state,
		"vtapd.conf:3: session z: mtu: \"1\": must be 68..65521\n"
		"vtapd.conf:5: target b: workers: \"0\": must be 1..16 or auto\n"
		"vtapd.conf:6: \"nonsense\": unknown section\n"
		"vtapd.conf:7: target default: port: \"4789\": target b (vtapd.conf:4) has it on "
		"an "
		"underlay that both name; give each its own underlay\n"
		"vtapd.conf:9: session y: vni: \"7\": session z claims it too (vtapd.conf:2); give "
		"one of them a source\n"
		"vtapd.conf:10: session y: \"indented = 1\": begins with a blank: values do not "
		"continue on a next line, and keys are not indented\n"
		"conf.d/a.conf:1: session z: given twice, first at vtapd.conf:1\n");
}

static void test_refusal_when_one_file_is_bad_then_the_others_are_still_read(void **state)
{
	_auto_free char *path = folder_path(*state, "conf.d/a.conf");

	folder_write(*state, "vtapd.conf", "[daemon]\non-stop = never\n");
	assert_int_equal(mkdir(path, 0755), 0);
	folder_write(*state, "conf.d/b.conf", "[session b]\nvni = x\n");
	assert_mistakes(*state, "vtapd.conf:2: daemon: on-stop: \"never\": must be keep or remove\n"
				"conf.d/a.conf: not a regular file\n"
				"conf.d/b.conf:2: session b: vni: \"x\": must be 0..16777215, a "
				"range like 100-199, "
				"or any\n");
}

static void test_diag_when_printed_then_empty_parts_are_left_out(void **state)
{
	struct vtap_diags diags = { 0 };
	_auto_free char *whole = NULL, *bare = NULL;

	(void)state;
	vtap_diags_add(&diags, (struct vtap_place){ "/x/a.conf", 3 }, "session a", "mtu", "1",
		"must be %d", 2);
	vtap_diags_add(&diags, (struct vtap_place){ "/x/a.conf", 0 }, "", "", NULL, "gone");
	whole = vtap_diag_format(&diags.diag[0]);
	bare = vtap_diag_format(&diags.diag[1]);
	assert_string_equal(whole, "/x/a.conf:3: session a: mtu: \"1\": must be 2");
	assert_string_equal(bare, "/x/a.conf: gone");
	vtap_diags_done(&diags);
	vtap_diags_done(&diags);
}

static void test_diag_when_a_value_is_long_then_cut_with_dots(void **state)
{
	struct vtap_diags diags = { 0 };
	char value[2 * VTAP_DIAG_VALUE_MAX];

	(void)state;
	memset(value, 'x', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	vtap_diags_add(&diags, (struct vtap_place){ "a", 1 }, "", "", value, "rule");
	assert_int_equal(strlen(diags.diag[0].value), VTAP_DIAG_VALUE_MAX - 1);
	assert_string_equal(diags.diag[0].value + VTAP_DIAG_VALUE_MAX - 5, "x...");
	vtap_diags_done(&diags);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_folder(test_refusal_when_broken_as_in_feel_then_exactly_its_lines),
		in_folder(test_refusal_when_counted_then_mistakes_and_files),
		in_folder(test_refusal_when_mended_then_loads),
		in_folder(test_refusal_when_every_stage_complains_then_in_file_and_line_order),
		in_folder(test_refusal_when_one_file_is_bad_then_the_others_are_still_read),
		cmocka_unit_test(test_diag_when_printed_then_empty_parts_are_left_out),
		cmocka_unit_test(test_diag_when_a_value_is_long_then_cut_with_dots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
