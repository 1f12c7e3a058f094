// SPDX-License-Identifier: Apache-2.0
/*
 * Law 6: nothing is read otherwise than it was written. inih alone cuts long lines, merges
 * sections, continues values and passes over what it cannot see (probed); each of these
 * traps is either read right or refused with file and line.
 */
#include "tests/unit/config_folder.h"

#include "base/clock.h"
#include "config/value.h"

/** struct text_row - a vtapd.conf, and what is said about it */
struct text_row {
	const char *text;
	const char *mistakes;
};

static void refuse_rows(const struct folder *folder, const struct text_row *table, size_t n)
{
	for (size_t i = 0; i < n; i++)
		text_refused(folder, table[i].text, table[i].mistakes);
}
#define REFUSE_ROWS(folder, table) refuse_rows(folder, table, VTAP_ARRAY_LEN(table))

static void assert_vnis(const struct vtap_conf *conf, const char *session, const char *vnis)
{
	const struct vtap_session *found = vtap_conf_find_session(conf, session);
	_auto_free char *text = NULL;

	assert_non_null(found);
	text = vtap_session_format_vnis(found);
	assert_string_equal(text, vnis);
}

/* "[session a]", then a second line of @n bytes: VNIs 1000, 1010, … and 999 as its last word. */
static void long_list_write(char *text, size_t size, size_t n)
{
	size_t header = (size_t)snprintf(text, size, "[session a]\nvni ="), used = header;
	unsigned vni = 1000;

	while (used - strlen("[session a]\n") + strlen(" 1000 999") <= n) {
		used += (size_t)snprintf(text + used, size - used, " %u", vni);
		vni += 10;
	}
	while (used - strlen("[session a]\n") + strlen(" 999") < n)
		used += (size_t)snprintf(text + used, size - used, " ");
	(void)snprintf(text + used, size - used, " 999\nmtu = 1500\n"); /* sized for it */
}

/* ---- lines ---- */

static void test_line_when_199_bytes_then_read_to_its_end(void **state)
{
	_auto(conf) const struct vtap_conf *conf = NULL;
	char text[512];

	long_list_write(text, sizeof(text), 199);
	assert_int_equal(strcspn(strchr(text, '\n') + 1, "\n"), 199);
	conf = text_loads(*state, text);
	assert_int_equal(conf->sessions[0].vnis[0].first, 999);
	assert_int_equal(conf->sessions[0].mtu_bytes, 1500);
}

static void test_line_when_200_bytes_then_refused_not_cut(void **state)
{
	char text[512];

	long_list_write(text, sizeof(text), 200);
	assert_int_equal(strcspn(strchr(text, '\n') + 1, "\n"), 200);
	strcat(text, "vni = 7\nmtu = 0\n"); /* what follows is read where it stands */
	text_refused(*state, text,
		"vtapd.conf:2: session a: a line of 200 bytes, at most 199 are read; a list may go "
		"on with its key again\n"
		"vtapd.conf:5: session a: mtu: \"0\": given twice, first in line 3\n");
}

static void test_line_when_very_long_then_one_mistake(void **state)
{
	_auto_free char *text = malloc(100000);

	assert_non_null(text);
	memset(text, 'x', 100000);
	memcpy(text, "[session a]\nvni = 1\n", strlen("[session a]\nvni = 1\n"));
	text[99998] = '\n';
	text[99999] = '\0';
	text_refused(*state, text,
		"vtapd.conf:3: session a: a line of 99978 bytes, at most 199 are read; a list may "
		"go on with its key again\n");
}

static void test_line_when_a_long_comment_then_passed_over(void **state)
{
	_auto(conf) const struct vtap_conf *conf = NULL;
	char text[1024] = "; ";

	memset(text + 2, '-', 500);
	strcpy(text + 502, "\n[session a]\nvni = 5\n");
	conf = text_loads(*state, text);
	assert_vnis(conf, "a", "5");
}

static void test_line_when_indented_then_no_continuation(void **state)
{
	static const struct text_row table[] = {
		{ "[session a]\nvni = 1\n vni = 2\n",
			"vtapd.conf:3: session a: \"vni = 2\": begins with a blank: values do not "
			"continue on a next line, and keys are not indented\n" },
		{ "[session a]\nvni = 1\n\t2\n",
			"vtapd.conf:3: session a: \"2\": begins with a blank: values do not "
			"continue on a next line, and keys are not indented\n" },
		{ "[session a]\nvni = 1\n [session b]\nvni = 2\n",
			"vtapd.conf:3: session a: \"[session b]\": begins with a blank: values do "
			"not continue on a next line, and keys are not indented\n" },
	};

	REFUSE_ROWS(*state, table);
}

static void test_line_when_neither_header_nor_key_then_refused(void **state)
{
	static const struct text_row table[] = {
		{ "[session a]\nvni = 1\nmtu\n",
			"vtapd.conf:3: session a: \"mtu\": not a section header, and not `key = "
			"value`\n" },
		{ "[session a]\nvni = 1\nmtu: 1500\n",
			"vtapd.conf:3: session a: \"mtu: 1500\": not a section header, and not "
			"`key = value`\n" },
		{ "[session a]\nvni = 1\nmtu: 15=00\n",
			"vtapd.conf:3: session a: \"mtu: 15=00\": a key and its value are "
			"separated by =\n" },
		{ "[session a]\nvni = 1\n= 5\n", "vtapd.conf:3: session a: =: unknown key\n" },
		{ "[session a]\nvni = 1\nmtu ; = 1500\nsource ; = x\n",
			"vtapd.conf:3: session a: \"mtu ; = 1500\": not a section header, and not "
			"`key = value`\n"
			"vtapd.conf:4: session a: \"source ; = x\": not a section header, and not "
			"`key = value`\n" },
		{ "vni = 1\n[session a]\nvni = 2\n",
			"vtapd.conf:1: \"vni = 1\": stands before the first section header\n" },
		{ "\xef\xbb\xbf\xef\xbb\xbf[session a]\nvni = 2\n",
			"vtapd.conf:1: \"???[session a]\": not a section header, and not `key = "
			"value`\n"
			"vtapd.conf:2: \"vni = 2\": stands before the first section header\n" },
	};

	REFUSE_ROWS(*state, table);
}

static void test_line_when_nul_then_refused(void **state)
{
	static const char text[] = "[session a]\nvni = 1\0 2\nmtu = 1\0\n;\0\n";

	folder_write_bytes(*state, "vtapd.conf", text, sizeof(text) - 1);
	assert_mistakes(*state,
		"vtapd.conf:1: session a: vni: missing; a VNI, a range like 100-199, or any\n"
		"vtapd.conf:2: session a: a NUL byte; the file must be plain text in UTF-8\n"
		"vtapd.conf:3: session a: a NUL byte; the file must be plain text in UTF-8\n"
		"vtapd.conf:4: session a: a NUL byte; the file must be plain text in UTF-8\n");
}

static void test_line_when_control_bytes_then_shown_as_question_marks(void **state)
{
	text_refused(*state, "[session a]\nvni = 1\n\x1b[31m\n",
		"vtapd.conf:3: session a: \"?[31m\": not a section header, and not `key = "
		"value`\n");
}

/* ---- comments ---- */

static void test_comment_when_semicolon_then_anywhere_after_a_blank(void **state)
{
	_auto(conf) const struct vtap_conf *conf =
		text_loads(*state, "; first\n\n   \t\n  ; indented\n# hash\n  # indented\n"
				   "[session a] ; behind a header\n"
				   "vni = 1 ; behind a value\n"
				   "mtu=1500\t;behind a tab\n"
				   "description = a;b #c\n");

	assert_vnis(conf, "a", "1");
	assert_int_equal(conf->sessions[0].mtu_bytes, 1500);
	assert_string_equal(conf->sessions[0].description, "a;b #c");
}

static void test_comment_when_hash_behind_a_value_then_part_of_it_and_refused(void **state)
{
	static const struct text_row table[] = {
		{ "[session a]\nvni = 4321 # prod\n",
			"vtapd.conf:2: session a: vni: \"4321 # prod\": not a number; inline "
			"comments start with ;\n" },
		{ "[session a]\nvni = 1\nmtu = 1500 # prod\n",
			"vtapd.conf:3: session a: mtu: \"1500 # prod\": not a number; must be "
			"68..65521; inline comments start with ;\n" },
		{ "[session a]\nvni = 1\nsource = 10.0.0.0/8 #vpc\n",
			"vtapd.conf:3: session a: source: \"10.0.0.0/8 #vpc\": must be an address "
			"or a prefix like 10.0.0.0/16 or 2001:db8::/32; inline comments start with "
			";\n" },
		{ "[target default]\nworkers = 2 # two\n",
			"vtapd.conf:2: target default: workers: \"2 # two\": must be 1..16 or "
			"auto; inline comments start with ;\n" },
	};

	REFUSE_ROWS(*state, table);
}

/* ---- encodings and ends ---- */

static void test_file_when_crlf_then_read(void **state)
{
	_auto(conf) const struct vtap_conf *conf =
		text_loads(*state, "; windows\r\n[session a]\r\nvni = 1\r\n\r\nmtu = 1500\r\n");

	assert_vnis(conf, "a", "1");
	assert_int_equal(conf->sessions[0].mtu_bytes, 1500);
}

static void test_file_when_byte_order_mark_then_read(void **state)
{
	_auto(conf) const struct vtap_conf *conf =
		text_loads(*state, "\xef\xbb\xbf[session a]\nvni = 1\n");

	assert_vnis(conf, "a", "1");
}

static void test_file_when_byte_order_mark_is_not_first_then_refused(void **state)
{
	text_refused(*state, "[session a]\nvni = 1\n\xef\xbb\xbf[session b]\nvni = 2\n",
		"vtapd.conf:3: session a: \"???[session b]\": not a section header, and not `key = "
		"value`\n");
}

static void test_file_when_no_final_newline_then_the_last_line_counts(void **state)
{
	_auto(conf) const struct vtap_conf *conf = text_loads(*state, "[session a]\nvni = 1");

	assert_vnis(conf, "a", "1");
	text_refused(*state, "[session a]\nvni = 1\nmtu = 1",
		"vtapd.conf:3: session a: mtu: \"1\": must be 68..65521\n");
}

static void test_file_when_empty_then_a_configuration_without_sessions(void **state)
{
	static const char *const table[] = { "", "\n", "\n\n; nothing\n", "\xef\xbb\xbf" };

	for (size_t i = 0; i < VTAP_ARRAY_LEN(table); i++) {
		_auto(conf) const struct vtap_conf *conf = text_loads(*state, table[i]);

		assert_row(conf->n_sessions == 0, i);
		assert_row(conf->n_targets == 1, i);
		assert_string_equal(conf->targets[0].name, "default");
		assert_row(conf->targets[0].port == 4789, i);
		assert_row(conf->targets[0].place.line == 0, i);
	}
}

static void assert_health_defaults(const struct vtap_conf *conf, size_t row)
{
	char metrics[VTAP_LISTEN_TEXT_MAX];

	assert_row(conf->health.listen.kind == VTAP_LISTEN_AUTO, row);
	assert_row(conf->health.require == VTAP_REQUIRE_ANY, row);
	assert_row(conf->health.settle_ns == 10 * VTAP_NS_PER_S, row);
	assert_row(conf->health.drain_time_ns == 120 * VTAP_NS_PER_S, row);
	assert_string_equal(vtap_value_format_listen(&conf->metrics, metrics), "127.0.0.1:9478");
}

static void test_health_when_not_said_then_its_defaults(void **state)
{
	static const char *const table[] = { "", "[health]\n[metrics]\n[session a]\nvni = 1\n",
		"[defaults]\nrequired = yes\n" };

	for (size_t i = 0; i < VTAP_ARRAY_LEN(table); i++) {
		_auto(conf) const struct vtap_conf *conf = text_loads(*state, table[i]);

		assert_health_defaults(conf, i);
		for (size_t j = 0; j < conf->n_sessions; j++)
			assert_row(conf->sessions[j].is_required, i);
	}
}

struct require_row {
	const char *text;
	unsigned require;
};

static void test_require_when_neither_any_nor_all_then_any(void **state)
{
	static const struct require_row table[] = {
		{ "any", VTAP_REQUIRE_ANY },
		{ "all", VTAP_REQUIRE_ALL },
		{ "sensors", VTAP_REQUIRE_ANY | VTAP_REQUIRE_SENSORS },
		{ "traffic, sensors",
			VTAP_REQUIRE_ANY | VTAP_REQUIRE_SENSORS | VTAP_REQUIRE_TRAFFIC },
		{ "any, traffic", VTAP_REQUIRE_ANY | VTAP_REQUIRE_TRAFFIC },
		{ "any\nrequire = traffic", VTAP_REQUIRE_ANY | VTAP_REQUIRE_TRAFFIC },
		{ "sensors\nrequire = all", VTAP_REQUIRE_ALL | VTAP_REQUIRE_SENSORS },
	};

	for (size_t i = 0; i < VTAP_ARRAY_LEN(table); i++) {
		_auto(conf) const struct vtap_conf *conf = NULL;
		char text[128];

		(void)snprintf(
			text, sizeof(text), "[health]\nrequire = %s\n", table[i].text); /* fits */
		conf = text_loads(*state, text);
		assert_row(conf->health.require == table[i].require, i);
	}
}

static void test_require_when_any_and_all_then_refused(void **state)
{
	static const struct text_row table[] = {
		{ "[health]\nrequire = any, all\n",
			"vtapd.conf:2: health: require: \"all\": any and all exclude each "
			"other\n" },
		{ "[health]\nrequire = all\nrequire = sensors\nrequire = any\n",
			"vtapd.conf:4: health: require: \"any\": any and all exclude each "
			"other\n" },
		{ "[health]\nrequire = sensor\n",
			"vtapd.conf:2: health: require: \"sensor\": must be any or all, sensors, "
			"traffic\n" },
	};

	REFUSE_ROWS(*state, table);
}

static void test_required_when_not_said_then_that_of_defaults(void **state)
{
	_auto(conf) const struct vtap_conf *conf =
		text_loads(*state, "[defaults]\nrequired = no\n[session a]\nvni = 1\n"
				   "[session b]\nvni = 2\nrequired = yes\n");

	assert_false(conf->sessions[0].is_required);
	assert_true(conf->sessions[1].is_required);
}

static void test_required_when_no_session_is_then_all_may_still_be_asked_for(void **state)
{
	_auto(conf) const struct vtap_conf *conf = text_loads(
		*state, "[health]\nrequire = all\n[session a]\nvni = 1\nrequired = no\n");

	assert_int_equal(conf->health.require, VTAP_REQUIRE_ALL);
}

/* ---- section headers ---- */

static void test_header_when_unclosed_then_its_keys_belong_to_nobody(void **state)
{
	text_refused(*state,
		"[session a]\nvni = 1\n[session b\nvni = 2\nmtu = 0\n[session c]\nvni = 3\n",
		"vtapd.conf:3: \"[session b\": the section header has no ]\n");
}

static void test_header_when_long_names_then_not_merged(void **state)
{
	/* inih cuts at 49 bytes: both would be one section to it */
	_auto(conf) const struct vtap_conf *conf = text_loads(*state,
		"[session           a1234567890123456789012345678901]\nvni = 1\ninterface = a\n"
		"[session           a1234567890123456789012345678902]\nvni = 2\ninterface = b\n");

	assert_vnis(conf, "a1234567890123456789012345678901", "1");
	assert_vnis(conf, "a1234567890123456789012345678902", "2");
	text_refused(*state, "[session a12345678901234567890123456789012]\nvni = 1\n",
		"vtapd.conf:1: session: \"a12345678901234567890123456789012\": a name is 1 to 32 "
		"of "
		"a-z 0-9 . _ - and begins with a letter or digit\n");
}

static void test_header_when_malformed_then_refused(void **state)
{
	static const struct text_row table[] = {
		{ "[]\nvni = 1\n", "vtapd.conf:1: an empty section header\n" },
		{ "[ \t ]\n", "vtapd.conf:1: an empty section header\n" },
		{ "[session]\nvni = 1\n",
			"vtapd.conf:1: session: needs one name, like [session web]\n" },
		{ "[session web db]\nvni = 1\n",
			"vtapd.conf:1: session: needs one name, like [session web]\n" },
		{ "[daemon x]\non-stop = keep\n",
			"vtapd.conf:1: daemon: takes no name, only [daemon]\n" },
		{ "[session Web]\nvni = 1\n",
			"vtapd.conf:1: session: \"Web\": a name is 1 to 32 of a-z 0-9 . _ - and "
			"begins with a letter or digit\n" },
		{ "[sesion web]\nvni = 1\n",
			"vtapd.conf:1: \"sesion\": unknown section; did you mean [session]?\n" },
		{ "[Session web]\nvni = 1\n",
			"vtapd.conf:1: \"Session\": unknown section; did you mean [session]?\n" },
		{ "[SESSION x]\n",
			"vtapd.conf:1: \"SESSION\": unknown section; did you mean [session]?\n" },
		{ "[kafka]\nvni = 1\n", "vtapd.conf:1: \"kafka\": unknown section\n" },
		{ "[session web] vni = 1\n",
			"vtapd.conf:1: \"vni = 1\": stands behind the section header; give it a "
			"line of its own\n" },
		{ "[session web]]\n",
			"vtapd.conf:1: \"]\": stands behind the section header; give it a line of "
			"its own\n" },
	};

	REFUSE_ROWS(*state, table);
}

static void test_header_when_blanks_inside_then_the_same_section(void **state)
{
	_auto(conf) const struct vtap_conf *conf =
		text_loads(*state, "[  session \t a ]\nvni = 1\n");

	assert_vnis(conf, "a", "1");
}

static void test_section_when_empty_then_seen(void **state)
{
	_auto(conf) const struct vtap_conf *conf =
		text_loads(*state, "[defaults]\nvni = 5\nsource = 10.0.0.1\n[session a]\n");

	assert_vnis(conf, "a", "5");
	text_refused(*state, "[session a]\n[session b]\nvni = 1\n",
		"vtapd.conf:1: session a: vni: missing; a VNI, a range like 100-199, or any\n");
}

static void test_section_when_given_twice_then_refused_with_the_first_place(void **state)
{
	text_refused(*state, "[session a]\nvni = 1\n\n[session a]\nvni = 2\nmtu = 0\n",
		"vtapd.conf:4: session a: given twice, first at vtapd.conf:1\n"
		"vtapd.conf:6: session a: mtu: \"0\": must be 68..65521\n");
	folder_write(*state, "vtapd.conf", "[session a]\nvni = 1\n[daemon]\n");
	folder_write(*state, "conf.d/a.conf",
		"[session a]\n[daemon]\n[target a]\n[session b]\n"
		"vni = 2\n");
	assert_mistakes(*state, "conf.d/a.conf:1: session a: given twice, first at vtapd.conf:1\n"
				"conf.d/a.conf:2: daemon: given twice, first at vtapd.conf:3\n");
}

static void test_section_when_a_file_ends_then_it_ends(void **state)
{
	folder_write(*state, "vtapd.conf", "[session a]\nvni = 1\n");
	folder_write(*state, "conf.d/b.conf", "mtu = 1500\n");
	assert_mistakes(*state,
		"conf.d/b.conf:1: \"mtu = 1500\": stands before the first section header\n");
}

/* ---- keys ---- */

static void test_key_when_unknown_then_refused_with_what_was_meant(void **state)
{
	static const struct text_row table[] = {
		{ "[session a]\nvni = 1\nsorce = 10.0.0.1\n",
			"vtapd.conf:3: session a: sorce: unknown key; did you mean source?\n" },
		{ "[session a]\nvni = 1\nfilter = tcp\n",
			"vtapd.conf:3: session a: filter: unknown key\n" },
		{ "[session a]\nvni = 1\nMTU = 1500\n",
			"vtapd.conf:3: session a: MTU: unknown key; did you mean mtu?\n" },
		{ "[session a]\nvni = 1\nport = 4789\n",
			"vtapd.conf:3: session a: port: unknown key here; it belongs in a "
			"[target]\n" },
		{ "[session a]\nvni = 1\nmode = vxlan\n",
			"vtapd.conf:3: session a: mode: unknown key here; it belongs in a "
			"[target]\n" },
		{ "[defaults]\nmode = vxlan\n",
			"vtapd.conf:2: defaults: mode: unknown key here; it belongs in a "
			"[target]\n" },
		{ "[target default]\nfamily = ipv6\n",
			"vtapd.conf:2: target default: family: unknown key here; it belongs in a "
			"[session]\n" },
		{ "[target default]\nlisten = off\n",
			"vtapd.conf:2: target default: listen: unknown key here; it belongs in "
			"[health] or [metrics]\n" },
		{ "[daemon]\non_stop = keep\n",
			"vtapd.conf:2: daemon: on_stop: unknown key; did you mean on-stop?\n" },
		{ "[defaults]\nmut = 1500\n",
			"vtapd.conf:2: defaults: mut: unknown key; did you mean mtu?\n" },
		{ "[target default]\nencapsulation = geneve\n",
			"vtapd.conf:2: target default: encapsulation: unknown key\n" },
	};

	REFUSE_ROWS(*state, table);
}

static void test_section_when_its_header_is_a_mistake_then_its_keys_are_checked_too(void **state)
{
	static const struct text_row table[] = {
		{ "[session a]\nvni = 1\n[session a]\nvni = x\nmtv = 1500\n",
			"vtapd.conf:3: session a: given twice, first at vtapd.conf:1\n"
			"vtapd.conf:4: session a: vni: \"x\": must be 0..16777215, a range like "
			"100-199, or any\n"
			"vtapd.conf:5: session a: mtv: unknown key; did you mean mtu?\n" },
		{ "[target A]\nport = 0\n[target]\nport = x\n",
			"vtapd.conf:1: target: \"A\": a name is 1 to 32 of a-z 0-9 . _ - and "
			"begins "
			"with a letter or digit\n"
			"vtapd.conf:2: target: port: \"0\": must be 1..65535\n"
			"vtapd.conf:3: target: needs one name, like [target web]\n"
			"vtapd.conf:4: target: port: \"x\": not a number; must be 1..65535\n" },
		{ "[daemon x]\non-stop = never\n",
			"vtapd.conf:1: daemon: takes no name, only [daemon]\n"
			"vtapd.conf:2: daemon: on-stop: \"never\": must be keep or remove\n" },
		{ "[session a]\nvni = 1\n[session a]\nvni = 1\n", /* a claim is made once */
			"vtapd.conf:3: session a: given twice, first at vtapd.conf:1\n" },
	};

	REFUSE_ROWS(*state, table);
}

static void test_key_when_given_twice_then_refused_unless_a_list(void **state)
{
	_auto(conf) const struct vtap_conf *conf = text_loads(*state,
		"[session a]\nvni = 1\nvni = 5-9, 3\nsource = 10.0.0.1\nsource = 10.0.0.2\n");

	assert_vnis(conf, "a", "1, 3, 5-9");
	assert_int_equal(conf->sessions[0].n_sources, 2);
	text_refused(*state, "[session a]\nvni = 1\nmtu = 1500\nmtu = 1500\n",
		"vtapd.conf:4: session a: mtu: \"1500\": given twice, first in line 3\n");
}

static void test_list_when_several_words_are_wrong_then_each_is_told(void **state)
{
	static const struct text_row table[] = {
		{ "[session a]\nvni = x, 5, 9-1, 6, 6-\n",
			"vtapd.conf:2: session a: vni: \"x\": must be 0..16777215, a range like "
			"100-199, or any\n"
			"vtapd.conf:2: session a: vni: \"9-1\": the range ends before it begins\n"
			"vtapd.conf:2: session a: vni: \"6-\": must be 0..16777215, a range like "
			"100-199, or any\n" },
		{ "[session a]\nvni = 1\nsource = 10.0.0.1, host, 10.0.0.1 any\n",
			"vtapd.conf:3: session a: source: \"host\": must be an address or a prefix "
			"like 10.0.0.0/16 or 2001:db8::/32\n"
			"vtapd.conf:3: session a: source: \"10.0.0.1\": given twice\n"
			"vtapd.conf:3: session a: source: \"any\": stands alone: it is every "
			"source already\n" },
		{ "[session a]\nvni = 1\nsource = host # not this one\n",
			"vtapd.conf:3: session a: source: \"host # not this one\": must be an "
			"address or a prefix like 10.0.0.0/16 or 2001:db8::/32; inline comments "
			"start with ;\n" },
		{ "[health]\nrequire = everything, sensors, nothing\n",
			"vtapd.conf:2: health: require: \"everything\": must be any or all, "
			"sensors, traffic\n"
			"vtapd.conf:2: health: require: \"nothing\": must be any or all, sensors, "
			"traffic\n" },
	};

	REFUSE_ROWS(*state, table);
}

static void test_key_when_empty_then_refused(void **state)
{
	static const struct text_row table[] = {
		{ "[session a]\nvni = 1\nmtu =\n",
			"vtapd.conf:3: session a: mtu: empty; leave the key out for its "
			"default\n" },
		{ "[session a]\nvni = 1\nmtu = ; 1500\n",
			"vtapd.conf:3: session a: mtu: empty; leave the key out for its "
			"default\n" },
		{ "[session a]\nvni =\n", /* and it is not missing as well */
			"vtapd.conf:2: session a: vni: empty; must be 0..16777215, ranges like "
			"100-199, any\n" },
		{ "[session a]\nvni = ,\n",
			"vtapd.conf:2: session a: vni: \",\": an empty list\n" },
	};

	REFUSE_ROWS(*state, table);
}

static void test_key_when_a_word_for_all_is_not_alone_then_refused(void **state)
{
	static const struct text_row table[] = {
		{ "[target default]\nallow = any\nallow = 10.0.0.0/8\n",
			"vtapd.conf:2: target default: allow: \"any\": stands alone, or not at "
			"all\n" },
		{ "[target default]\nallow = 10.0.0.0/8\nallow = any\n",
			"vtapd.conf:3: target default: allow: \"any\": stands alone, or not at "
			"all\n" },
		{ "[target default]\nunderlay = auto\nunderlay = ens5\n",
			"vtapd.conf:2: target default: underlay: \"auto\": stands alone, or not at "
			"all\n" },
		{ "[session a]\nvni = 1\nsource = any\nsource = any\n",
			"vtapd.conf:3: session a: source: \"any\": stands alone, or not at all\n"
			"vtapd.conf:4: session a: source: \"any\": stands alone, or not at "
			"all\n" },
	};

	REFUSE_ROWS(*state, table);
}

/* ---- defaults, targets ---- */

static void test_defaults_when_a_session_sets_a_key_then_the_session_wins(void **state)
{
	_auto(conf) const struct vtap_conf *conf =
		text_loads(*state, "[session a]\nvni = 1\n"
				   "[session b]\nvni = 2\nmtu = 9000\nsource = 10.0.0.2\n"
				   "[defaults]\nmtu = 1500\nsource = 10.0.0.1\n");

	assert_int_equal(conf->sessions[0].mtu_bytes, 1500);
	assert_int_equal(conf->sessions[1].mtu_bytes, 9000);
	assert_int_equal(conf->sessions[1].n_sources, 1); /* a list is replaced, not added to */
}

static void test_defaults_when_wrong_then_said_once_and_there(void **state)
{
	text_refused(*state,
		"[defaults]\nmtu = 1\n[session a]\nvni = 1\n[session b]\nvni = 2\n[session c]\n"
		"vni = 3\nmtu = 2\n",
		"vtapd.conf:2: defaults: mtu: \"1\": must be 68..65521\n"
		"vtapd.conf:9: session c: mtu: \"2\": must be 68..65521\n");
}

static void test_target_when_not_said_then_the_only_one_or_default(void **state)
{
	_auto(conf) const struct vtap_conf *only =
		text_loads(*state, "[target east]\n[session a]\nvni = 1\n");
	_auto(conf) const struct vtap_conf *two = text_loads(*state,
		"[target east]\nport = 4790\n[target default]\n[session a]\nvni = 1\n"
		"[session b]\nvni = 1\ntarget = east\n");

	assert_string_equal(only->targets[only->sessions[0].i_target].name, "east");
	assert_string_equal(two->targets[two->sessions[0].i_target].name, "default");
	assert_string_equal(two->targets[two->sessions[1].i_target].name, "east");
}

static void test_target_when_it_cannot_be_told_then_refused(void **state)
{
	static const struct text_row table[] = {
		{ "[target east]\nport = 1\n[target west]\nport = 2\n[session a]\nvni = 1\n",
			"vtapd.conf:5: session a: target: missing: there are 2 targets and none is "
			"named default\n" },
		{ "[target east]\n[session a]\nvni = 1\ntarget = aest\n",
			"vtapd.conf:4: session a: target: \"aest\": there is no such [target]; did "
			"you mean east?\n" },
		{ "[session a]\nvni = 1\ntarget = north\n",
			"vtapd.conf:3: session a: target: \"north\": there is no such "
			"[target]\n" },
		{ "[defaults]\ntarget = north\n[session a]\nvni = 1\n",
			"vtapd.conf:2: session a: target: \"north\": there is no such "
			"[target]\n" },
	};

	REFUSE_ROWS(*state, table);
}

static void test_interface_when_not_said_then_mirror_name_never_shortened(void **state)
{
	_auto(conf) const struct vtap_conf *conf =
		text_loads(*state, "[session database]\nvni = 1\n");

	assert_string_equal(conf->sessions[0].interface, "mirror-database");
	text_refused(*state, "[session databases]\nvni = 1\n",
		"vtapd.conf:1: session databases: interface: \"mirror-databases\": 16 bytes, Linux "
		"allows 15; give the session an interface\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_folder(test_line_when_199_bytes_then_read_to_its_end),
		in_folder(test_line_when_200_bytes_then_refused_not_cut),
		in_folder(test_line_when_very_long_then_one_mistake),
		in_folder(test_line_when_a_long_comment_then_passed_over),
		in_folder(test_line_when_indented_then_no_continuation),
		in_folder(test_line_when_neither_header_nor_key_then_refused),
		in_folder(test_line_when_nul_then_refused),
		in_folder(test_line_when_control_bytes_then_shown_as_question_marks),
		in_folder(test_comment_when_semicolon_then_anywhere_after_a_blank),
		in_folder(test_comment_when_hash_behind_a_value_then_part_of_it_and_refused),
		in_folder(test_file_when_crlf_then_read),
		in_folder(test_file_when_byte_order_mark_then_read),
		in_folder(test_file_when_byte_order_mark_is_not_first_then_refused),
		in_folder(test_file_when_no_final_newline_then_the_last_line_counts),
		in_folder(test_file_when_empty_then_a_configuration_without_sessions),
		in_folder(test_health_when_not_said_then_its_defaults),
		in_folder(test_require_when_neither_any_nor_all_then_any),
		in_folder(test_require_when_any_and_all_then_refused),
		in_folder(test_required_when_not_said_then_that_of_defaults),
		in_folder(test_required_when_no_session_is_then_all_may_still_be_asked_for),
		in_folder(test_header_when_unclosed_then_its_keys_belong_to_nobody),
		in_folder(test_header_when_long_names_then_not_merged),
		in_folder(test_header_when_malformed_then_refused),
		in_folder(test_header_when_blanks_inside_then_the_same_section),
		in_folder(test_section_when_empty_then_seen),
		in_folder(test_section_when_given_twice_then_refused_with_the_first_place),
		in_folder(test_section_when_a_file_ends_then_it_ends),
		in_folder(test_key_when_unknown_then_refused_with_what_was_meant),
		in_folder(test_section_when_its_header_is_a_mistake_then_its_keys_are_checked_too),
		in_folder(test_key_when_given_twice_then_refused_unless_a_list),
		in_folder(test_list_when_several_words_are_wrong_then_each_is_told),
		in_folder(test_key_when_empty_then_refused),
		in_folder(test_key_when_a_word_for_all_is_not_alone_then_refused),
		in_folder(test_defaults_when_a_session_sets_a_key_then_the_session_wins),
		in_folder(test_defaults_when_wrong_then_said_once_and_there),
		in_folder(test_target_when_not_said_then_the_only_one_or_default),
		in_folder(test_target_when_it_cannot_be_told_then_refused),
		in_folder(test_interface_when_not_said_then_mirror_name_never_shortened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
