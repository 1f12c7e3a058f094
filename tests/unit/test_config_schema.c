// SPDX-License-Identifier: Apache-2.0
/*
 * Law: a key is one row, and the row says everything: what it may be, what it is when nobody says,
 * what a change costs, and how it is written; what is written is read back as the same.
 */
#include "tests/unit/cmocka_with.h"

#include <string.h>

#include "config/schema.h"

/** struct subject - one of each object that a key can belong to */
struct subject {
	struct vtap_conf *conf;
	const char *target; /* as the `target` key had it */
};

static struct subject subject_new(void)
{
	struct subject subject = { .conf = vtap_conf_new() };

	assert_non_null(subject.conf);
	subject.conf->targets = calloc(1, sizeof(*subject.conf->targets));
	subject.conf->sessions = calloc(1, sizeof(*subject.conf->sessions));
	assert_true(subject.conf->targets != NULL && subject.conf->sessions != NULL);
	subject.conf->n_targets = subject.conf->n_sessions = 1;
	memcpy(subject.conf->targets[0].name, "default", sizeof("default"));
	subject.conf->targets[0].mode = VTAP_MODE_VXLAN; /* only there every key has a value */
	return subject;
}

static void subject_done(struct subject *subject)
{
	vtap_conf_unref(subject->conf);
}
#define _auto_subject __attribute__((cleanup(subject_done)))

static void *subject_object(const struct subject *subject, enum vtap_section section)
{
	if (section == VTAP_SECTION_TARGET)
		return &subject->conf->targets[0];
	return section == VTAP_SECTION_SESSION ? &subject->conf->sessions[0] : NULL;
}

static int subject_read(struct subject *subject, const struct vtap_key *key, const char *text)
{
	struct vtap_complaint complaint = { .rule = "" };
	struct vtap_reading to = {
		.conf = subject->conf,
		.object = subject_object(subject, key->section),
		.ret_target = &subject->target,
	};
	int r = key->parse(text, &to, &complaint);

	assert_true(r == 0 || r == VTAP_VALUE_REFUSED);
	assert_true((complaint.rule[0] != '\0') == (r != 0));
	return r;
}

static char *subject_write(const struct subject *subject, const struct vtap_key *key)
{
	char *text = key->format(subject->conf, subject_object(subject, key->section));

	assert_non_null(text);
	return text;
}

struct key_row {
	enum vtap_section section;
	const char *name;
	const char *fallback;
	enum vtap_cost cost;
	bool is_list;
	enum vtap_cost vxlan_cost;
};

/* Every key there is: a new one comes here with its row. */
static const struct key_row WANTED[] = {
	{ VTAP_SECTION_DAEMON, "on-stop", "keep", VTAP_COST_LIVE, false, VTAP_COST_LIVE },
	{ VTAP_SECTION_HEALTH, "listen", "auto", VTAP_COST_LIVE, false, VTAP_COST_LIVE },
	{ VTAP_SECTION_HEALTH, "require", "any", VTAP_COST_LIVE, true, VTAP_COST_LIVE },
	{ VTAP_SECTION_HEALTH, "settle", "10s", VTAP_COST_LIVE, false, VTAP_COST_LIVE },
	{ VTAP_SECTION_HEALTH, "drain-time", "2m", VTAP_COST_LIVE, false, VTAP_COST_LIVE },
	{ VTAP_SECTION_METRICS, "listen", "127.0.0.1:9478", VTAP_COST_LIVE, false, VTAP_COST_LIVE },
	{ VTAP_SECTION_TARGET, "underlay", "auto", VTAP_COST_LIVE, true, VTAP_COST_LIVE },
	{ VTAP_SECTION_TARGET, "port", "4789", VTAP_COST_PORT, false, VTAP_COST_REPLACE },
	{ VTAP_SECTION_TARGET, "mode", "tap", VTAP_COST_REPLACE, false, VTAP_COST_REPLACE },
	{ VTAP_SECTION_TARGET, "fastpath", "auto", VTAP_COST_LIVE, false, VTAP_COST_LIVE },
	{ VTAP_SECTION_TARGET, "workers", "auto", VTAP_COST_LIVE, false, VTAP_COST_LIVE },
	{ VTAP_SECTION_TARGET, "allow", "any", VTAP_COST_LIVE, true, VTAP_COST_LIVE },
	{ VTAP_SECTION_TARGET, "receive-buffer", "auto", VTAP_COST_LIVE, false, VTAP_COST_LIVE },
	{ VTAP_SECTION_SESSION, "vni", NULL, VTAP_COST_LIVE, true, VTAP_COST_REPLACE },
	{ VTAP_SECTION_SESSION, "source", "any", VTAP_COST_LIVE, true, VTAP_COST_LIVE },
	{ VTAP_SECTION_SESSION, "interface", NULL, VTAP_COST_REPLACE, false, VTAP_COST_REPLACE },
	{ VTAP_SECTION_SESSION, "mtu", "9001", VTAP_COST_LINK, false, VTAP_COST_LINK },
	{ VTAP_SECTION_SESSION, "target", NULL, VTAP_COST_LIVE, false, VTAP_COST_REPLACE },
	{ VTAP_SECTION_SESSION, "family", "ipv4", VTAP_COST_LIVE, false, VTAP_COST_REPLACE },
	{ VTAP_SECTION_SESSION, "description", NULL, VTAP_COST_LIVE, false, VTAP_COST_LIVE },
	{ VTAP_SECTION_SESSION, "required", "yes", VTAP_COST_LIVE, false, VTAP_COST_LIVE },
	{ VTAP_SECTION_SESSION, "silent-after", "off", VTAP_COST_LIVE, false, VTAP_COST_LIVE },
};

static void test_schema_when_listed_then_the_keys_of_the_design_and_no_other(void **state)
{
	const struct vtap_key *key;

	(void)state;
	assert_null(vtap_schema_key(VTAP_ARRAY_LEN(WANTED)));
	assert_non_null(vtap_schema_key(VTAP_ARRAY_LEN(WANTED) - 1));
	for (size_t i = 0; (key = vtap_schema_key(i)) != NULL; i++) {
		assert_row(key->section == WANTED[i].section, i);
		assert_string_equal(key->name, WANTED[i].name);
		assert_row((key->fallback == NULL) == (WANTED[i].fallback == NULL), i);
		if (key->fallback != NULL)
			assert_string_equal(key->fallback, WANTED[i].fallback);
		assert_row(key->cost[VTAP_MODE_TAP] == WANTED[i].cost, i);
		assert_row(key->cost[VTAP_MODE_VXLAN] == WANTED[i].vxlan_cost, i);
		assert_row(key->is_list == WANTED[i].is_list, i);
	}
}

/* Sentences, with as many backquotes that open as close. */
static void assert_text(const char *text, size_t row)
{
	size_t n_quotes = 0;

	for (const char *at = text; *at != '\0'; at++)
		n_quotes += *at == '`';
	assert_row(n_quotes % 2 == 0, row);
	assert_row(strlen(text) >= 5 && text[strlen(text) - 1] == '.', row);
}

static void test_schema_when_read_by_people_then_every_row_explains_itself(void **state)
{
	const struct vtap_key *key;

	(void)state;
	for (size_t i = 0; (key = vtap_schema_key(i)) != NULL; i++) {
		assert_text(key->help, i);
		assert_text(key->detail != NULL ? key->detail : "None.", i);
		assert_row(strlen(key->values) > 0, i);
		assert_row(key->parse != NULL && key->format != NULL, i);
		assert_row(
			strspn(key->name, "abcdefghijklmnopqrstuvwxyz-") == strlen(key->name), i);
	}
	for (int i = 0; i < VTAP_COST_COUNT; i++)
		assert_row(strlen(vtap_cost_name((enum vtap_cost)i)) > 0, i);
}

static void test_schema_when_a_default_then_it_is_a_value_and_stays_itself(void **state)
{
	const struct vtap_key *key;

	(void)state;
	for (size_t i = 0; (key = vtap_schema_key(i)) != NULL; i++) {
		_auto_subject struct subject subject = subject_new();
		_auto_free char *written = NULL;

		if (key->fallback == NULL)
			continue;
		assert_row(subject_read(&subject, key, key->fallback) == 0, i);
		written = subject_write(&subject, key);
		assert_string_equal(written, key->fallback);
	}
}

struct value_row {
	enum vtap_section section;
	const char *name;
	const char *text;
	const char *written; /* NULL: refused */
};

static void test_schema_when_written_and_read_again_then_the_same(void **state)
{
	static const struct value_row table[] = {
		{ VTAP_SECTION_DAEMON, "on-stop", "remove", "remove" },
		{ VTAP_SECTION_DAEMON, "on-stop", "Keep", NULL },
		{ VTAP_SECTION_DAEMON, "on-stop", "yes", NULL },
		{ VTAP_SECTION_HEALTH, "listen", "off", "off" },
		{ VTAP_SECTION_HEALTH, "listen", "0.0.0.0:4789", "0.0.0.0:4789" },
		{ VTAP_SECTION_HEALTH, "listen", "[::]:80", "[::]:80" },
		{ VTAP_SECTION_HEALTH, "listen", "yes", NULL },
		{ VTAP_SECTION_HEALTH, "require", "all", "all" },
		{ VTAP_SECTION_HEALTH, "require", "sensors", "any, sensors" },
		{ VTAP_SECTION_HEALTH, "require", "traffic sensors any", "any, sensors, traffic" },
		{ VTAP_SECTION_HEALTH, "require", "sensors, all", "all, sensors" },
		{ VTAP_SECTION_HEALTH, "require", "any, all", NULL },
		{ VTAP_SECTION_HEALTH, "require", "all, any", NULL },
		{ VTAP_SECTION_HEALTH, "require", "sensors, sensors", NULL },
		{ VTAP_SECTION_HEALTH, "require", "none", NULL },
		{ VTAP_SECTION_HEALTH, "settle", "0s", "0s" },
		{ VTAP_SECTION_HEALTH, "settle", "60m", "1h" },
		{ VTAP_SECTION_HEALTH, "settle", "61m", NULL },
		{ VTAP_SECTION_HEALTH, "drain-time", "1s", "1s" },
		{ VTAP_SECTION_HEALTH, "drain-time", "24h", "24h" },
		{ VTAP_SECTION_HEALTH, "drain-time", "0s", NULL },
		{ VTAP_SECTION_HEALTH, "drain-time", "25h", NULL },
		{ VTAP_SECTION_METRICS, "listen", "off", "off" },
		{ VTAP_SECTION_METRICS, "listen", "[::1]:9478", "[::1]:9478" },
		{ VTAP_SECTION_METRICS, "listen", "auto", NULL },
		{ VTAP_SECTION_TARGET, "underlay", "ens5", "ens5" },
		{ VTAP_SECTION_TARGET, "underlay", "ens5 eth*,br[01]", "ens5, eth*, br[01]" },
		{ VTAP_SECTION_TARGET, "underlay", "ens5, auto", NULL },
		{ VTAP_SECTION_TARGET, "underlay", "a-name-of-16-byt", NULL },
		{ VTAP_SECTION_TARGET, "underlay", "../eth0", NULL },
		{ VTAP_SECTION_TARGET, "port", "1", "1" },
		{ VTAP_SECTION_TARGET, "port", "65535", "65535" },
		{ VTAP_SECTION_TARGET, "port", "0", NULL },
		{ VTAP_SECTION_TARGET, "port", "65536", NULL },
		{ VTAP_SECTION_TARGET, "mode", "tap", "tap" },
		{ VTAP_SECTION_TARGET, "mode", "vxlan", "vxlan" },
		{ VTAP_SECTION_TARGET, "mode", "kernel", NULL },
		{ VTAP_SECTION_TARGET, "mode", "tap, vxlan", NULL },
		{ VTAP_SECTION_TARGET, "fastpath", "off", "off" },
		{ VTAP_SECTION_TARGET, "fastpath", "require", "require" },
		{ VTAP_SECTION_TARGET, "fastpath", "on", NULL },
		{ VTAP_SECTION_TARGET, "fastpath", "auto, off", NULL },
		{ VTAP_SECTION_TARGET, "workers", "1", "1" },
		{ VTAP_SECTION_TARGET, "workers", "16", "16" },
		{ VTAP_SECTION_TARGET, "workers", "0", NULL },
		{ VTAP_SECTION_TARGET, "workers", "17", NULL },
		{ VTAP_SECTION_TARGET, "workers", "many", NULL },
		{ VTAP_SECTION_TARGET, "allow", "10.0.0.0/8", "10.0.0.0/8" },
		{ VTAP_SECTION_TARGET, "allow", "10.0.0.1 2001:db8::/32",
			"10.0.0.1, 2001:db8::/32" },
		{ VTAP_SECTION_TARGET, "allow", "10.0.0.1/8", NULL },
		{ VTAP_SECTION_TARGET, "allow", "10.0.0.0/8, any", NULL },
		{ VTAP_SECTION_TARGET, "allow", "10.0.0.0/8, 10.0.0.0/8", NULL },
		{ VTAP_SECTION_TARGET, "receive-buffer", "64K", "64K" },
		{ VTAP_SECTION_TARGET, "receive-buffer", "1024M", "1G" },
		{ VTAP_SECTION_TARGET, "receive-buffer", "65536", "64K" },
		{ VTAP_SECTION_TARGET, "receive-buffer", "65535", NULL },
		{ VTAP_SECTION_TARGET, "receive-buffer", "2G", NULL },
		{ VTAP_SECTION_SESSION, "vni", "0", "0" },
		{ VTAP_SECTION_SESSION, "vni", "4321, 4400-4403", "4321, 4400-4403" },
		{ VTAP_SECTION_SESSION, "vni", "7-7", "7" },
		{ VTAP_SECTION_SESSION, "vni", "5 any", "5, any" },
		{ VTAP_SECTION_SESSION, "vni", "any", "any" },
		{ VTAP_SECTION_SESSION, "vni", "any, any", NULL },
		{ VTAP_SECTION_SESSION, "vni", "16777216", NULL },
		{ VTAP_SECTION_SESSION, "source", "10.0.0.0/16", "10.0.0.0/16" },
		{ VTAP_SECTION_SESSION, "source", "0.0.0.0/0", "0.0.0.0/0" },
		{ VTAP_SECTION_SESSION, "source", "::/0, 10.0.0.0/8", "::/0, 10.0.0.0/8" },
		{ VTAP_SECTION_SESSION, "source", "example.org", NULL },
		{ VTAP_SECTION_SESSION, "interface", "mirror-web", "mirror-web" },
		{ VTAP_SECTION_SESSION, "interface", "a-name-of-15-by", "a-name-of-15-by" },
		{ VTAP_SECTION_SESSION, "interface", "a-name-of-16-byt", NULL },
		{ VTAP_SECTION_SESSION, "interface", "tap%d", NULL },
		{ VTAP_SECTION_SESSION, "interface", "lo", NULL },
		{ VTAP_SECTION_SESSION, "mtu", "68", "68" },
		{ VTAP_SECTION_SESSION, "mtu", "65521", "65521" },
		{ VTAP_SECTION_SESSION, "mtu", "67", NULL },
		{ VTAP_SECTION_SESSION, "mtu", "65522", NULL },
		{ VTAP_SECTION_SESSION, "target", "Not A Name", NULL },
		{ VTAP_SECTION_SESSION, "family", "ipv4", "ipv4" },
		{ VTAP_SECTION_SESSION, "family", "ipv6", "ipv6" },
		{ VTAP_SECTION_SESSION, "family", "IPv6", NULL },
		{ VTAP_SECTION_SESSION, "family", "ipv4, ipv6", NULL },
		{ VTAP_SECTION_SESSION, "description", "two hosts; \"quoted\"",
			"two hosts; \"quoted\"" },
		{ VTAP_SECTION_SESSION, "description", "bell\a", NULL },
		{ VTAP_SECTION_SESSION, "required", "no", "no" },
		{ VTAP_SECTION_SESSION, "required", "maybe", NULL },
		{ VTAP_SECTION_SESSION, "silent-after", "off", "off" },
		{ VTAP_SECTION_SESSION, "silent-after", "1s", "1s" },
		{ VTAP_SECTION_SESSION, "silent-after", "90m", "90m" },
		{ VTAP_SECTION_SESSION, "silent-after", "720h", "720h" },
		{ VTAP_SECTION_SESSION, "silent-after", "721h", NULL },
		{ VTAP_SECTION_SESSION, "silent-after", "0s", NULL },
		{ VTAP_SECTION_SESSION, "silent-after", "no", NULL },
	};

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(table); i++) {
		const struct vtap_key *key = vtap_schema_find(table[i].section, table[i].name);
		_auto_subject struct subject subject = subject_new(), second = subject_new();
		_auto_free char *written = NULL, *again = NULL;

		assert_row(key != NULL, i);
		if (table[i].written == NULL) {
			assert_row(subject_read(&subject, key, table[i].text) != 0, i);
			continue;
		}
		assert_row(subject_read(&subject, key, table[i].text) == 0, i);
		written = subject_write(&subject, key);
		assert_string_equal(written, table[i].written);
		assert_row(subject_read(&second, key, written) == 0, i);
		again = subject_write(&second, key);
		assert_string_equal(again, written);
	}
}

static void test_schema_when_the_mode_is_tap_then_family_has_no_value(void **state)
{
	const struct vtap_key *key = vtap_schema_find(VTAP_SECTION_SESSION, "family");
	_auto_subject struct subject subject = subject_new();
	_auto_free char *written = NULL;

	(void)state;
	assert_int_equal(subject_read(&subject, key, "ipv6"), 0);
	subject.conf->targets[0].mode = VTAP_MODE_TAP;
	written = subject_write(&subject, key);
	assert_string_equal(written, "");
}

static void test_schema_when_a_list_key_is_read_twice_then_values_add_up(void **state)
{
	static const struct value_row table[] = {
		{ VTAP_SECTION_HEALTH, "require", "all", "all, sensors" },
		{ VTAP_SECTION_HEALTH, "require", "sensors", "any, sensors, traffic" },
		{ VTAP_SECTION_TARGET, "underlay", "ens5", "ens5, ens6" },
		{ VTAP_SECTION_TARGET, "allow", "10.0.0.1", "10.0.0.1, 10.0.0.2" },
		{ VTAP_SECTION_SESSION, "vni", "5", "5, 6" },
		{ VTAP_SECTION_SESSION, "source", "10.0.0.1", "10.0.0.1, 10.0.0.2" },
	};

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(table); i++) {
		const struct vtap_key *key = vtap_schema_find(table[i].section, table[i].name);
		_auto_subject struct subject subject = subject_new();
		_auto_free char *written = NULL;

		assert_row(subject_read(&subject, key, table[i].text) == 0, i);
		assert_row(subject_read(&subject, key, strrchr(table[i].written, ' ') + 1) == 0, i);
		written = subject_write(&subject, key);
		assert_string_equal(written, table[i].written);
	}
}

static void test_schema_when_searched_then_defaults_has_the_keys_of_a_session(void **state)
{
	(void)state;
	assert_ptr_equal(vtap_schema_find(VTAP_SECTION_DEFAULTS, "mtu"),
		vtap_schema_find(VTAP_SECTION_SESSION, "mtu"));
	assert_null(vtap_schema_find(VTAP_SECTION_DEFAULTS, "port"));
	assert_null(vtap_schema_find(VTAP_SECTION_SESSION, "MTU"));
	assert_null(vtap_schema_find(VTAP_SECTION_DAEMON, ""));
	assert_string_equal(vtap_schema_nearest(VTAP_SECTION_DEFAULTS, "mut"), "mtu");
	assert_string_equal(vtap_schema_nearest(VTAP_SECTION_TARGET, "worker"), "workers");
	assert_null(vtap_schema_nearest(VTAP_SECTION_HEALTH, "mtu"));
}

static void test_schema_when_a_key_is_not_built_then_unknown(void **state)
{
	static const struct key_row later[] = {
		{ VTAP_SECTION_TARGET, "encapsulation", NULL, 0, false, 0 },
		{ VTAP_SECTION_SESSION, "snaplen", NULL, 0, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(later); i++)
		assert_row(vtap_schema_find(later[i].section, later[i].name) == NULL, i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_schema_when_listed_then_the_keys_of_the_design_and_no_other),
		cmocka_unit_test(test_schema_when_read_by_people_then_every_row_explains_itself),
		cmocka_unit_test(test_schema_when_a_default_then_it_is_a_value_and_stays_itself),
		cmocka_unit_test(test_schema_when_written_and_read_again_then_the_same),
		cmocka_unit_test(test_schema_when_the_mode_is_tap_then_family_has_no_value),
		cmocka_unit_test(test_schema_when_a_list_key_is_read_twice_then_values_add_up),
		cmocka_unit_test(test_schema_when_searched_then_defaults_has_the_keys_of_a_session),
		cmocka_unit_test(test_schema_when_a_key_is_not_built_then_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
