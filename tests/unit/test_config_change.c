// SPDX-License-Identifier: Apache-2.0
/*
 * Law: what a reload would do is told before it is done, from the schema's costs: `+` and `-` are
 * sessions that come and go, `~` is what no sensor notices, `!` is what sensors must be told. The
 * first test is FEEL.md's "Plan and reload".
 */
#include "tests/unit/config_folder.h"

#include "config/change.h"

/* "~ web|vni 4321 -> 4321-4322|in place, no frame lost, web.conf:2|mirror-web", one to a line. */
static char *changes_text(const struct vtap_changes *changes)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	for (size_t i = 0; i < changes->n; i++) {
		const struct vtap_change *change = &changes->change[i];

		(void)fprintf(out, "%c %s|%s|%s", vtap_change_sign(change->kind), change->name,
			change->what, change->why); /* of this and the others fclose tells */
		if (change->lost_interface[0] != '\0')
			(void)fprintf(out, "|loses %s", change->lost_interface);
		(void)fputc('\n', out);
	}
	assert_int_equal(fclose(out), 0);
	return text;
}

static void changes_donep(struct vtap_changes *changes)
{
	vtap_changes_done(changes);
	vtap_changes_done(changes); /* may run twice */
}
#define _auto_changes __attribute__((cleanup(changes_donep)))

static struct vtap_changes changes_between(const struct vtap_conf *old, const struct vtap_conf *new)
{
	struct vtap_changes changes = { 0 };

	assert_int_equal(vtap_changes_find(old, new, &changes), 0);
	return changes;
}

/* What a reload from one vtapd.conf to another would do. */
static void assert_changes(
	const struct folder *folder, const char *before, const char *after, const char *wanted)
{
	_auto(conf) const struct vtap_conf *old = text_loads(folder, before);
	_auto(conf) const struct vtap_conf *new = text_loads(folder, after);
	_auto_changes struct vtap_changes changes = changes_between(old, new);
	_auto_free char *text = changes_text(&changes);

	assert_string_equal(text, wanted);
}

static void test_change_when_as_in_feel_then_exactly_its_rows(void **state)
{
	_auto(conf) const struct vtap_conf *old = NULL, *new = NULL;
	_auto_changes struct vtap_changes changes = { 0 };
	_auto_free char *text = NULL, *batch = folder_path(*state, "conf.d/batch.conf");

	folder_write(*state, "vtapd.conf", "");
	folder_write(*state, "conf.d/batch.conf", "[session batch]\nvni = 5001\n");
	folder_write(
		*state, "conf.d/db.conf", "[session db]\nvni = 4400-4403\ninterface = mirror-db\n");
	folder_write(*state, "conf.d/pay.conf", "[session pay]\nvni = 6000\n");
	folder_write(*state, "conf.d/web.conf", "[session web]\nvni = 4321\n");
	old = assert_loads(*state);
	assert_int_equal(unlink(batch), 0);
	folder_write(*state, "conf.d/cache.conf", "[session cache]\nvni = 7000\n");
	folder_write(*state, "conf.d/db.conf",
		"[session db]\nvni = 4400-4403\ninterface = mirror-db2\n");
	folder_write(*state, "conf.d/web.conf", "[session web]\nvni = 4321-4322\n");
	new = assert_loads(*state);
	changes = changes_between(old, new);
	text = changes_text(&changes);
	assert_string_equal(text,
		"+ cache|create mirror-cache|new session, cache.conf:1\n"
		"! db|mirror-db -> mirror-db2|interface changed, db.conf:3|loses mirror-db\n"
		"~ web|vni 4321 -> 4321-4322|in place, no frame lost, web.conf:2\n"
		"- batch|remove mirror-batch|no longer configured|loses mirror-batch\n");
	for (int kind = 0; kind < VTAP_CHANGE_COUNT; kind++)
		assert_row(vtap_changes_count(&changes, (enum vtap_change_kind)kind) == 1, kind);
	assert_int_equal(changes.n_untouched, 1);
}

static void test_change_when_nothing_changed_then_none(void **state)
{
	static const char text[] = "[session a]\nvni = 1\n[session b]\nvni = 2\n";

	/* comments, order of lines and of sections, and saying a default aloud change nothing */
	assert_changes(*state, text, text, "");
	assert_changes(*state, text,
		"; so\n[session b]\nmtu = 9001\nvni = 2\n\n[target default]\nport = 4789\n"
		"[session a]\nsource = any\nvni = 1\n",
		"");
	assert_changes(
		*state, "[session a]\nvni = 1, 2-3\n", "[session a]\nvni = 2-3\nvni = 1\n", "");
}

/** struct key_row - a key of session a before and after, and what is said */
struct key_row {
	const char *before;
	const char *after;
	const char *wanted;
};

static void test_change_when_one_key_then_its_cost_decides_the_sign(void **state)
{
	static const struct key_row table[] = {
		{ "", "source = 10.0.0.0/8\n",
			"~ a|source any -> 10.0.0.0/8|in place, no frame lost, vtapd.conf:1\n" },
		{ "", "required = no\n",
			"~ a|required yes -> no|in place, no frame lost, vtapd.conf:1\n" },
		{ "mtu = 1500\n", "mtu = 9001\n",
			"~ a|mtu 1500 -> 9001|in place, no frame lost, vtapd.conf:1\n" },
		{ "", "description = new\n",
			"~ a|description none -> new|in place, no frame lost, vtapd.conf:1\n" },
		{ "description = old\n", "",
			"~ a|description old -> none|in place, no frame lost, vtapd.conf:1\n" },
		{ "vni = 2\n", "vni = any\n",
			"~ a|vni 1, 2 -> 1, any|in place, no frame lost, vtapd.conf:2\n" },
		{ "", "interface = x\n",
			"! a|mirror-a -> x|interface changed, vtapd.conf:3|loses mirror-a\n" },
		{ "interface = x\n", "",
			"! a|x -> mirror-a|interface changed, vtapd.conf:1|loses x\n" },
		{ "", "mtu = 1500\ninterface = x\n",
			"! a|mirror-a -> x, mtu 9001 -> 1500|changed, vtapd.conf:4|loses "
			"mirror-a\n" },
		{ "", "mtu = 1500\nsource = 10.0.0.1\n",
			"~ a|source any -> 10.0.0.1, mtu 9001 -> 1500|in place, no frame lost, "
			"vtapd.conf:1\n" },
	};

	for (size_t i = 0; i < VTAP_ARRAY_LEN(table); i++) {
		char before[128], after[128];

		(void)snprintf(before, sizeof(before), /* of both: fits */
			"[session a]\nvni = 1\n%s", table[i].before);
		(void)snprintf(after, sizeof(after), "[session a]\nvni = 1\n%s", table[i].after);
		assert_changes(*state, before, after, table[i].wanted);
	}
}

static void test_change_when_a_default_changed_then_every_session_that_uses_it(void **state)
{
	static const char sessions[] = "[session a]\nvni = 1\n[session b]\nvni = 2\nmtu = 1400\n";
	char after[128];

	(void)snprintf(after, sizeof(after), "%s[defaults]\nmtu = 1500\n", sessions); /* fits */
	assert_changes(*state, sessions, after,
		"~ a|mtu 9001 -> 1500|in place, no frame lost, vtapd.conf:1\n");
}

static void test_change_when_an_interface_is_shared_then_it_is_not_lost(void **state)
{
	static const char one[] = "[session a]\nvni = 1\ninterface = x\n";
	static const char two[] = "[session a]\nvni = 1\ninterface = x\n"
				  "[session b]\nvni = 2\ninterface = x\n";
	static const char moved[] = "[session a]\nvni = 1\ninterface = x\n"
				    "[session b]\nvni = 2\ninterface = y\n";

	assert_changes(*state, one, two, "+ b|show on x|new session, vtapd.conf:4\n");
	assert_changes(*state, two, one, "- b|leave x|no longer configured\n");
	assert_changes(*state, two, moved, "! b|x -> y|interface changed, vtapd.conf:6\n");
	assert_changes(*state, moved, two, "! b|y -> x|interface changed, vtapd.conf:6|loses y\n");
	assert_changes(*state, two, "",
		"- a|remove x|no longer configured|loses x\n"
		"- b|leave x|no longer configured\n");
}

static void test_change_when_a_session_is_renamed_then_its_interface_goes_on(void **state)
{
	assert_changes(*state, "[session a]\nvni = 1\ninterface = x\n",
		"[session b]\nvni = 1\ninterface = x\n",
		"+ b|show on x|new session, vtapd.conf:1\n"
		"- a|leave x|no longer configured\n");
}

static void test_change_when_no_session_but_a_setting_then_told_too(void **state)
{
	static const struct key_row table[] = {
		{ "", "[daemon]\non-stop = remove\n",
			"~ daemon|on-stop keep -> remove|in place, no frame lost\n" },
		{ "", "[health]\nsettle = 30s\nrequire = all, sensors\n",
			"~ health|require any -> all, sensors, settle 10s -> 30s|in place, no "
			"frame lost\n" },
		{ "[health]\nlisten = [::]:80\ndrain-time = 5m\n", "",
			"~ health|listen [::]:80 -> auto, drain-time 5m -> 2m|in place, no frame "
			"lost\n" },
		{ "", "[metrics]\nlisten = off\n",
			"~ metrics|listen 127.0.0.1:9478 -> off|in place, no frame lost\n" },
		{ "", "[health]\nrequire = any\nsettle = 10s\n[metrics]\n", "" },
		{ "", "[target default]\nport = 4790\n",
			"~ target default|port 4789 -> 4790|sockets open anew; packets to the old "
			"port are refused from then on, vtapd.conf:1\n" },
		{ "", "[target default]\nworkers = 2\nallow = 10.0.0.0/8\n",
			"~ target default|workers auto -> 2, allow any -> 10.0.0.0/8|in place, no "
			"frame lost, vtapd.conf:1\n" },
		{ "[target default]\nfastpath = require\n", "[target default]\nfastpath = off\n",
			"~ target default|fastpath require -> off|in place, no frame lost, "
			"vtapd.conf:1\n" },
		{ "[target default]\n", "[target default]\n[target east]\nport = 5\n",
			"+ target east|open UDP port 5|new target, vtapd.conf:2\n" },
		{ "[target default]\n[target east]\nport = 5\n", "[target default]\n",
			"- target east|close UDP port 5|no longer configured\n" },
	};

	for (size_t i = 0; i < VTAP_ARRAY_LEN(table); i++)
		assert_changes(*state, table[i].before, table[i].after, table[i].wanted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_folder(test_change_when_as_in_feel_then_exactly_its_rows),
		in_folder(test_change_when_nothing_changed_then_none),
		in_folder(test_change_when_one_key_then_its_cost_decides_the_sign),
		in_folder(test_change_when_a_default_changed_then_every_session_that_uses_it),
		in_folder(test_change_when_an_interface_is_shared_then_it_is_not_lost),
		in_folder(test_change_when_a_session_is_renamed_then_its_interface_goes_on),
		in_folder(test_change_when_no_session_but_a_setting_then_told_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
