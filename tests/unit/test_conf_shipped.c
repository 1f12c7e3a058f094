// SPDX-License-Identifier: Apache-2.0
/*
 * Law: the shipped vtapd.conf shows every key of the schema with its default and none that does not
 * exist; it loads as it is, and with every commented-out key taken in. The shipped udev rule knows
 * the daemon's devices before they have an alias.
 */
#include "tests/unit/config_folder.h"

#include "config/schema.h"
#include "model/device.h"

static char *source_read(const char *path)
{
	char *text = NULL;
	size_t size = 0;
	_auto_file FILE *file = fopen(path, "re");

	assert_non_null(file);
	assert_true(getdelim(&text, &size, '\0', file) > 0);
	return text;
}

static char *shipped_read(void)
{
	return source_read(VTAPD_SOURCE_DIR "/conf/vtapd.conf");
}

/* `#key = value` becomes `key = value`; prose behind a # stays a comment. */
static char *uncommented(const char *text)
{
	char *out = strdup(text), *to = out;

	assert_non_null(out);
	for (const char *line = text; *line != '\0';) {
		size_t len = strcspn(line, "\n") + 1;
		bool is_key = line[0] == '#' && line[1] >= 'a' && line[1] <= 'z';

		memcpy(to, line + is_key, len - is_key);
		to += len - is_key;
		line += len;
	}
	*to = '\0';
	return out;
}

/* Keys that the shipped session cannot have: they are shown where else they may stand. */
static enum vtap_section shown_section(const struct vtap_key *key)
{
	return strcmp(key->name, "family") == 0 ? VTAP_SECTION_DEFAULTS : key->section;
}

/* The value that a section of the text has for a key, comment and blanks taken off, or NULL. */
static char *shown_value(const char *text, const char *section, const char *key)
{
	char header[64], wanted[64];
	bool is_inside = false;

	(void)snprintf(header, sizeof(header), "[%s", section); /* of both: fits */
	(void)snprintf(wanted, sizeof(wanted), "%s = ", key);
	for (const char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1) {
		const char *value = line + strlen(wanted);
		size_t len;

		if (line[0] == '[')
			is_inside = strncmp(line, header, strlen(header)) == 0 &&
				    strchr(" ]", line[strlen(header)]) != NULL;
		if (!is_inside || strncmp(line, wanted, strlen(wanted)) != 0)
			continue;
		len = strcspn(value, "\n;");
		while (len > 0 && value[len - 1] == ' ')
			len--;
		return strndup(value, len);
	}
	return NULL;
}

static void test_shipped_when_installed_then_loads_with_one_session(void **state)
{
	_auto_free char *text = shipped_read();
	_auto(conf) const struct vtap_conf *conf = text_loads(*state, text);

	assert_int_equal(conf->n_sessions, 1);
	assert_string_equal(conf->sessions[0].name, "mirror0");
	assert_string_equal(conf->sessions[0].interface, "mirror0");
	assert_true(conf->sessions[0].is_any);
	assert_int_equal(conf->sessions[0].n_vnis, 0);
	assert_int_not_equal(conf->targets[0].allow_place.line, 0); /* it says `any` */
}

static void test_shipped_when_uncommented_then_still_loads(void **state)
{
	_auto_free char *text = shipped_read(), *all = uncommented(text);
	_auto(conf) const struct vtap_conf *conf = NULL;

	assert_string_not_equal(all, text); /* there is something commented out */
	conf = text_loads(*state, all);
	assert_int_equal(conf->n_sessions, 1);
}

static void test_shipped_when_compared_with_the_schema_then_every_key_with_its_default(void **state)
{
	_auto_free char *text = shipped_read(), *all = uncommented(text);
	const struct vtap_key *key;

	(void)state;
	for (size_t i = 0; (key = vtap_schema_key(i)) != NULL; i++) {
		_auto_free char *value =
			shown_value(all, vtap_section_name(shown_section(key)), key->name);

		if (value == NULL)
			print_error("conf/vtapd.conf does not show [%s] %s\n",
				vtap_section_name(key->section), key->name);
		assert_non_null(value);
		if (key->fallback != NULL)
			assert_string_equal(value, key->fallback);
	}
}

static void test_shipped_when_it_changes_nothing_then_the_built_in_defaults(void **state)
{
	_auto_free char *text = shipped_read(), *with = NULL, *without = NULL;
	_auto(conf) const struct vtap_conf *shipped = text_loads(*state, text);
	_auto(conf) const struct vtap_conf *bare =
		text_loads(*state, "[session mirror0]\nvni = any\ninterface = mirror0\n");

	with = dump_text(shipped);
	without = dump_text(bare);
	assert_string_equal(with, without);
}

static void test_udevs_rule_when_compared_with_the_daemon_then_it_knows_what_has_no_alias_yet(
	void **state)
{
	_auto_free char *rules = source_read(VTAPD_SOURCE_DIR "/systemd/70-vtapd.rules");
	char group[64];

	(void)state;
	(void)snprintf(group, sizeof(group), "ATTR{netdev_group}==\"%u\"", VTAP_GROUP_MAKING);
	assert_non_null(strstr(rules, group));
	assert_non_null(strstr(rules, "KERNEL==\"" VTAP_IFNAME_MAKING "[0-9]*\""));
	assert_non_null(strstr(rules, "KERNEL==\"mirror[0-9]*|mirror-*\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_folder(test_shipped_when_installed_then_loads_with_one_session),
		in_folder(test_shipped_when_uncommented_then_still_loads),
		cmocka_unit_test(
			test_shipped_when_compared_with_the_schema_then_every_key_with_its_default),
		in_folder(test_shipped_when_it_changes_nothing_then_the_built_in_defaults),
		cmocka_unit_test(
			test_udevs_rule_when_compared_with_the_daemon_then_it_knows_what_has_no_alias_yet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
