// SPDX-License-Identifier: Apache-2.0
/*
 * Law: what --dump-config prints is the configuration in effect, defaults included, and reading it
 * again gives the same text; so it may be kept as the configuration.
 */
#include "tests/unit/config_folder.h"

/* The dump of a text; and the dump of that dump, which must not differ. */
static char *dump_stable(const struct folder *folder, const char *text)
{
	_auto(conf) const struct vtap_conf *conf = text_loads(folder, text);
	_auto_free char *dump = dump_text(conf), *again = NULL;
	_auto(conf) const struct vtap_conf *second = text_loads(folder, dump);

	again = dump_text(second);
	assert_string_equal(again, dump);
	return vtap_steal(&dump);
}

static void test_dump_when_nothing_is_configured_then_every_default(void **state)
{
	_auto_free char *dump = dump_stable(*state, "");

	assert_string_equal(dump, "[daemon]\n"
				  "on-stop = keep\n"
				  "\n"
				  "[health]\n"
				  "listen = auto\n"
				  "require = any\n"
				  "settle = 10s\n"
				  "drain-time = 2m\n"
				  "\n"
				  "[metrics]\n"
				  "listen = 127.0.0.1:9478\n"
				  "\n"
				  "[target default]\n"
				  "underlay = auto\n"
				  "port = 4789\n"
				  "mode = tap\n"
				  "fastpath = auto\n"
				  "workers = auto\n"
				  "allow = any\n"
				  "receive-buffer = auto\n"
				  "\n");
}

static void test_dump_when_sessions_then_defaults_are_in_them(void **state)
{
	_auto_free char *dump = dump_stable(*state,
		"[defaults]\nmtu = 1500\ndescription = of the east\n"
		"[session web]\nvni = 9, 4-5\n"
		"[session db]\nvni = any\nsource = 10.0.0.0/16 10.1.0.0/16\ninterface = dbs\n"
		"mtu = 9000\ndescription = two hosts\nrequired = no\nsilent-after = 300s\n");
	const char *sessions = strstr(dump, "[session");

	assert_string_equal(sessions, "[session web]\n"
				      "vni = 4-5, 9\n"
				      "source = any\n"
				      "interface = mirror-web\n"
				      "mtu = 1500\n"
				      "target = default\n"
				      "description = of the east\n"
				      "required = yes\n"
				      "silent-after = off\n"
				      "\n"
				      "[session db]\n"
				      "vni = any\n"
				      "source = 10.0.0.0/16, 10.1.0.0/16\n"
				      "interface = dbs\n"
				      "mtu = 9000\n"
				      "target = default\n"
				      "description = two hosts\n"
				      "required = no\n"
				      "silent-after = 5m\n"
				      "\n");
}

static void test_dump_when_everything_is_set_then_reads_back_the_same(void **state)
{
	static const char *const table[] = {
		"[daemon]\non-stop = remove\n",
		"[health]\nlisten = [::]:80\nrequire = all, traffic\nrequire = sensors\nsettle = "
		"0s\ndrain-time = 90s\n[metrics]\nlisten = off\n",
		"[health]\nrequire = sensors\n[metrics]\nlisten = [2001:db8::1]:1\n",
		"[target x]\nunderlay = ens5, eth* br[01]\nport = 1\nfastpath = require\nworkers = "
		"5\nallow = "
		"10.0.0.0/8 "
		"2001:db8::/32\nreceive-buffer = 65537\n",
		"[target x]\nunderlay = ens5\n[target y]\nunderlay = ens6\n[session a]\nvni = "
		"0\ntarget = y\n",
		"[session a]\nvni = 0, 16777215, 3-4, any\nsource = 10.0.0.1\n",
		"[target x]\nunderlay = ens5, eth*\nmode = vxlan\nfastpath = off\n"
		"[session a]\nvni = 0\n[session b]\nvni = 0\nfamily = ipv6\nmtu = 1500\n",
		/* /0 of both families beside others */
		"[session a]\nvni = 1\nsource = ::/0, 10.0.0.0/8, 0.0.0.0/0\n",
		"[session a]\nvni = 1\nsource = ::/0\n",
		"[target default]\nallow = 10.0.0.0/8, ::/0\n",
		/* a value that begins with what else begins a comment */
		"[session a]\nvni = 1\ndescription =;not a comment\n",
		"[session a]\nvni = 1\ndescription = #1; \"quoted\" = [x] a;b\n",
		"[session a]\nvni = 1\ndescription = caf\xc3\xa9 \xe2\x82\xac\n",
	};

	for (size_t i = 0; i < VTAP_ARRAY_LEN(table); i++) {
		_auto_free char *dump = dump_stable(*state, table[i]);

		assert_row(strstr(dump, "[daemon]") != NULL, i);
	}
}

/* Where it means nothing it would be a mistake. */
static void test_dump_when_modes_are_mixed_then_family_stands_where_it_is_asked_for(void **state)
{
	_auto_free char *dump = dump_stable(*state,
		"[target t]\nmode = vxlan\nunderlay = ens5\nport = 1\n[target default]\n"
		"[defaults]\nfamily = ipv6\n"
		"[session a]\nvni = 5\ntarget = t\n[session b]\nvni = 5\n"
		"[session c]\nvni = 5\ntarget = t\nfamily = ipv4\n");
	const char *a = strstr(dump, "[session a]"), *b = strstr(dump, "[session b]");
	const char *c = strstr(dump, "[session c]");

	assert_true(a != NULL && b != NULL && c != NULL);
	assert_non_null(strstr(dump, "\nport = 1\nmode = vxlan\n"));
	assert_true(strstr(a, "\ntarget = t\nfamily = ipv6\n") < b);
	assert_null(strstr(b, "family = ipv6"));
	assert_true(strstr(b, "family = ") > c);
	assert_non_null(strstr(c, "\ntarget = t\nfamily = ipv4\n"));
}

static void test_dump_when_a_description_is_as_long_as_can_be_then_reads_back(void **state)
{
	char text[512] = "[session a]\nvni = 1\ndescription=";
	_auto_free char *dump = NULL;
	size_t header = strlen(text);

	memset(text + header, 'x', 160);
	text[header + 160] = '\0';
	dump = dump_stable(*state, text);
	assert_non_null(strstr(dump, text + header));
	strcat(text, "x");
	text_refused(*state, text,
		"vtapd.conf:3: session a: description: "
		"\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		"...\": 161 bytes, at most 160 are allowed\n");
}

static void test_dump_when_lists_are_long_then_split_into_lines_that_load(void **state)
{
	_auto_free char *text = NULL, *dump = NULL;
	size_t size, longest = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	(void)fputs("[target default]\n", out); /* of this and the others fclose tells */
	for (unsigned i = 0; i < VTAP_WORKERS_MAX; i++)
		(void)fprintf(out, "underlay = a-long-name-%u*\n", i);
	(void)fputs("[session a]\n", out);
	for (unsigned i = 0; i < 300; i++)
		(void)fprintf(out, "vni = %u-%u\nsource = 2001:db8:1234:5678:9abc:def0:%x:0/112\n",
			16000000 + 10 * i, 16000005 + 10 * i, i);
	assert_int_equal(fclose(out), 0);
	dump = dump_stable(*state, text);
	for (const char *line = dump; *line != '\0'; line += strcspn(line, "\n") + 1)
		longest = strcspn(line, "\n") > longest ? strcspn(line, "\n") : longest;
	assert_in_range(longest, 100, 199);
}

static void test_dump_when_the_stream_refuses_then_an_error(void **state)
{
	_auto(conf) const struct vtap_conf *conf = text_loads(*state, "");
	_auto_file FILE *full = fopen("/dev/full", "we");

	assert_non_null(full);
	setbuf(full, NULL);
	assert_int_equal(vtap_dump(conf, full), -EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_folder(test_dump_when_nothing_is_configured_then_every_default),
		in_folder(test_dump_when_sessions_then_defaults_are_in_them),
		in_folder(test_dump_when_everything_is_set_then_reads_back_the_same),
		in_folder(test_dump_when_modes_are_mixed_then_family_stands_where_it_is_asked_for),
		in_folder(test_dump_when_a_description_is_as_long_as_can_be_then_reads_back),
		in_folder(test_dump_when_lists_are_long_then_split_into_lines_that_load),
		in_folder(test_dump_when_the_stream_refuses_then_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
