// SPDX-License-Identifier: Apache-2.0
/*
 * Law: what a reload would do is told before it is done, from the schema's costs of the target's
 * mode: `+` and `-` are sessions that come and go, `~` is what no sensor notices, `!` is what
 * sensors must be told. Each interface is lost once, and every session is in a row or untouched.
 * The first test has a change of each kind.
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

static size_t rows_of_sessions(const struct vtap_changes *changes, const struct vtap_conf *conf)
{
	size_t n = 0;

	for (size_t i = 0; i < changes->n; i++)
		n += vtap_conf_find_session(conf, changes->change[i].name) != NULL;
	return n;
}

/* What a reload from one vtapd.conf to another would do. */
static void assert_changes(
	const struct folder *folder, const char *before, const char *after, const char *wanted)
{
	_auto(conf) const struct vtap_conf *old = text_loads(folder, before);
	_auto(conf) const struct vtap_conf *new = text_loads(folder, after);
	_auto_changes struct vtap_changes changes = changes_between(old, new);
	_auto_free char *text = changes_text(&changes);
	size_t n = 0;

	assert_string_equal(text, wanted);
	for (int kind = 0; kind < VTAP_CHANGE_COUNT; kind++)
		n += vtap_changes_count(&changes, (enum vtap_change_kind)kind);
	assert_int_equal(n, changes.n);
	assert_int_equal(rows_of_sessions(&changes, new) + changes.n_untouched, new->n_sessions);
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
		{ "", "silent-after = 1h\n",
			"~ a|silent-after off -> 1h|in place, no frame lost, vtapd.conf:1\n" },
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

/* ---- mode vxlan ---- */

/* Lines 1 to 3 */
#define VXLAN "[target default]\nunderlay = ens5\nmode = vxlan\n"
#define TAP   "[target default]\nunderlay = ens5\nmode = tap\n"

#define PORT_GOES                                                                                  \
	"its interfaces are made anew (sensors lose their handles); packets to the old port are "  \
	"refused from then on, vtapd.conf:1\n"

#define V4_CLOSES "; IPv4 packets to UDP port 4789 are refused from then on"

static void test_vxlan_change_when_one_key_then_its_cost_decides_the_sign(void **state)
{
	static const struct key_row table[] = {
		{ "vni = 1\n", "vni = 2\n",
			"! a|vni 1 -> 2|vni changed, vtapd.conf:5|loses mirror-a\n" },
		{ "vni = 1\n", "vni = 1\nfamily = ipv6\n",
			"! a|family ipv4 -> ipv6|family changed" V4_CLOSES
			", vtapd.conf:4|loses mirror-a\n" },
		{ "vni = 1\n", "vni = 1\ninterface = x\n",
			"! a|mirror-a -> x|interface changed, vtapd.conf:6|loses mirror-a\n" },
		{ "vni = 1\n", "vni = 2\nmtu = 1500\n",
			"! a|vni 1 -> 2, mtu 9001 -> 1500|changed, vtapd.conf:5|loses mirror-a\n" },
		{ "vni = 1\n", "vni = 1\nmtu = 1500\n",
			"~ a|mtu 9001 -> 1500|in place, no frame lost, vtapd.conf:4\n" },
		{ "vni = 1\n", "vni = 1\nrequired = no\ndescription = x\n",
			"~ a|description none -> x, required yes -> no|in place, no frame lost, "
			"vtapd.conf:4\n" },
	};

	for (size_t i = 0; i < VTAP_ARRAY_LEN(table); i++) {
		char before[128], after[128];

		(void)snprintf(before, sizeof(before), /* of both: fits */
			VXLAN "[session a]\n%s", table[i].before);
		(void)snprintf(after, sizeof(after), VXLAN "[session a]\n%s", table[i].after);
		assert_changes(*state, before, after, table[i].wanted);
		assert_changes(*state, after, after, "");
	}
}

static void test_vxlan_change_when_a_session_is_renamed_then_the_same_device_goes_on(void **state)
{
	static const char a[] = VXLAN "[session a]\nvni = 1\ninterface = x\n";

	assert_changes(*state, a, VXLAN "[session b]\nvni = 1\ninterface = x\n",
		"+ b|show on x|new session, vtapd.conf:4\n"
		"- a|leave x|no longer configured\n");
	assert_changes(*state, a, VXLAN "[session b]\nvni = 2\ninterface = x\n",
		"+ b|create x|new session, vtapd.conf:4\n"
		"- a|remove x|no longer configured|loses x\n");
	assert_changes(*state, a, VXLAN "[session b]\nvni = 1\nfamily = ipv6\ninterface = x\n",
		"+ b|create x|new session, vtapd.conf:4\n"
		"- a|remove x|no longer configured" V4_CLOSES "|loses x\n");
}

static void test_vxlan_change_when_the_last_session_of_a_family_goes_then_the_port_is_told(
	void **state)
{
	static const struct key_row table[] = {
		{ VXLAN "[session a]\nvni = 1\n[session b]\nvni = 2\n", VXLAN,
			"- a|remove mirror-a|no longer configured" V4_CLOSES "|loses mirror-a\n"
			"- b|remove mirror-b|no longer configured|loses mirror-b\n" },
		{ VXLAN "[session a]\nvni = 1\n[session b]\nvni = 2\n",
			VXLAN "[session b]\nvni = 2\n",
			"- a|remove mirror-a|no longer configured|loses mirror-a\n" },
		{ VXLAN "[session a]\nvni = 1\n[session b]\nvni = 1\nfamily = ipv6\n",
			VXLAN "[session a]\nvni = 1\n",
			"- b|remove mirror-b|no longer configured; IPv6 packets to UDP port 4789 "
			"are refused from then on|loses mirror-b\n" },
		/* another target has it from then on, or the row of their own says it */
		{ VXLAN "[session a]\nvni = 1\n", "[target t]\nport = 4789\n",
			"+ target t|open UDP port 4789|new target, vtapd.conf:1\n"
			"- target default|close UDP port 4789|no longer configured\n"
			"- a|remove mirror-a|no longer configured|loses mirror-a\n" },
		{ VXLAN "[session a]\nvni = 1\n", VXLAN "port = 1\n",
			"! target default|port 4789 -> 1|" PORT_GOES
			"- a|remove mirror-a|no longer configured|loses mirror-a\n" },
		{ "[session a]\nvni = 1\n", "",
			"- a|remove mirror-a|no longer configured|loses mirror-a\n" },
		/* nothing opens the port yet */
		{ "", "[target default]\n[target t]\nport = 1\nunderlay = ens5\nmode = vxlan\n",
			"+ target t|without a session for UDP port 1|new target, vtapd.conf:2\n" },
	};

	for (size_t i = 0; i < VTAP_ARRAY_LEN(table); i++)
		assert_changes(*state, table[i].before, table[i].after, table[i].wanted);
}

static void test_ports_when_two_targets_swap_theirs_then_nobody_is_refused(void **state)
{
#define PORTS(a, b)                                                                                \
	"[target a]\nport = " a "\n[target b]\nunderlay = ens5\nmode = vxlan\nport = " b "\n"
	assert_changes(*state, PORTS("1", "2"), PORTS("2", "1"),
		"~ target a|port 1 -> 2|sockets open anew; packets to the old port are for target "
		"b from then on, vtapd.conf:1\n"
		"! target b|port 2 -> 1|its interfaces are made anew (sensors lose their handles); "
		"packets to the old port are for target a from then on, vtapd.conf:3\n");
}

/* Names are no devices: a sensor on x would read what b has now. */
static void test_vxlan_change_when_sessions_swap_interfaces_then_both_are_lost(void **state)
{
	assert_changes(*state,
		VXLAN "[session a]\nvni = 1\ninterface = x\n[session b]\nvni = 2\ninterface = y\n",
		VXLAN "[session a]\nvni = 1\ninterface = y\n[session b]\nvni = 2\ninterface = x\n",
		"! a|x -> y|interface changed, vtapd.conf:6|loses x\n"
		"! b|y -> x|interface changed, vtapd.conf:9|loses y\n");
}

#define HANDS_CHANGE                                                                               \
	"its interfaces are made anew (sensors lose their handles); while UDP port 4789 changes "  \
	"hands packets are lost, or answered with ICMP"
#define CHANGES_HANDS HANDS_CHANGE ", vtapd.conf:1\n"

static void test_mode_when_changed_then_told_with_every_session_of_the_target(void **state)
{
	static const char sessions[] = "[session a]\nvni = 1\n[session b]\nvni = 2\nmtu = 1500\n"
				       "[target t]\nport = 1\n[session c]\ntarget = t\nvni = 1\n";
	char tap[256], vxlan[256];

	(void)snprintf(tap, sizeof(tap), TAP "%s", sessions); /* of both: fits */
	(void)snprintf(vxlan, sizeof(vxlan), VXLAN "%s", sessions);
	assert_changes(*state, tap, vxlan,
		"! target default|mode tap -> vxlan|" CHANGES_HANDS
		"! a|mirror-a is made anew|mode changed, vtapd.conf:1|loses mirror-a\n"
		"! b|mirror-b is made anew|mode changed, vtapd.conf:1|loses mirror-b\n");
	assert_changes(*state, vxlan, tap,
		"! target default|mode vxlan -> tap|" CHANGES_HANDS
		"! a|mirror-a is made anew|mode changed, vtapd.conf:1|loses mirror-a\n"
		"! b|mirror-b is made anew|mode changed, vtapd.conf:1|loses mirror-b\n");
}

static void test_mode_when_changed_with_other_keys_then_they_are_told_beside_it(void **state)
{
	static const struct key_row table[] = {
		{ "[session a]\nvni = 1-2\n", VXLAN "[session a]\nvni = 1\nfamily = ipv6\n",
			"! target default|underlay auto -> ens5, mode tap -> vxlan|" CHANGES_HANDS
			"! a|mirror-a is made anew, vni 1-2 -> 1|mode changed, vtapd.conf:1|loses "
			"mirror-a\n" },
		{ TAP "[session a]\nvni = 1\n", VXLAN "[session a]\nvni = 1\ninterface = x\n",
			"! target default|mode tap -> vxlan|" CHANGES_HANDS
			"! a|mirror-a -> x|mode changed, vtapd.conf:1|loses mirror-a\n" },
		{ TAP "[session a]\nvni = 1\n", VXLAN "port = 1\n[session a]\nvni = 1\n",
			"! target default|port 4789 -> 1, mode tap -> vxlan|" PORT_GOES
			"! a|mirror-a is made anew|mode changed, vtapd.conf:1|loses mirror-a\n" },
		/* what both had goes once; the other has a new one */
		{ TAP "[session a]\nvni = 1\ninterface = x\n[session b]\nvni = 2\ninterface = "
		      "x\n",
			VXLAN "[session a]\nvni = 1\ninterface = x\n[session b]\nvni = 2\n"
			      "interface = y\n",
			"! target default|mode tap -> vxlan|" CHANGES_HANDS
			"! a|x is made anew|mode changed, vtapd.conf:1|loses x\n"
			"! b|x -> y|mode changed, vtapd.conf:1\n" },
		/* the catch-all makes room */
		{ TAP "[session mirror0]\nvni = any\ninterface = m\n",
			VXLAN "[session a]\nvni = 1\ninterface = m\n",
			"! target default|mode tap -> vxlan|" CHANGES_HANDS
			"+ a|create m|new session, vtapd.conf:4\n"
			"- mirror0|remove m|no longer configured|loses m\n" },
		/* the built-in target has no line */
		{ VXLAN, "",
			"! target default|underlay ens5 -> auto, mode vxlan -> tap|" HANDS_CHANGE
			"\n" },
	};

	for (size_t i = 0; i < VTAP_ARRAY_LEN(table); i++)
		assert_changes(*state, table[i].before, table[i].after, table[i].wanted);
}

static void test_vxlan_target_when_its_port_changes_then_every_session_is_made_anew(void **state)
{
	assert_changes(*state, VXLAN "[session a]\nvni = 1\n[session b]\nvni = 2\n",
		VXLAN "port = 4790\n[session a]\nvni = 1\n[session b]\nvni = 2\n",
		"! target default|port 4789 -> 4790|" PORT_GOES
		"! a|mirror-a is made anew|port changed, vtapd.conf:1|loses mirror-a\n"
		"! b|mirror-b is made anew|port changed, vtapd.conf:1|loses mirror-b\n");
	assert_changes(*state, VXLAN "[session a]\nvni = 1\n",
		VXLAN "underlay = ens6\nfastpath = off\n[session a]\nvni = 1\n",
		"~ target default|underlay ens5 -> ens5, ens6, fastpath auto -> off|in place, no "
		"frame lost, vtapd.conf:1\n");
}

static void test_session_when_it_moves_then_mode_and_port_decide(void **state)
{
#define TWO     VXLAN "[target t]\nport = 1\n[target u]\nport = 2\n[session a]\nvni = 1\n"
#define KERNELS VXLAN "[target t]\nport = 1\nunderlay = ens5\nmode = vxlan\n[session a]\nvni = 1\n"
	static const struct key_row table[] = {
		{ TWO "target = t\n", TWO "target = default\n",
			"! a|mirror-a is made anew, target t -> default|target changed, "
			"vtapd.conf:8|loses mirror-a\n" },
		{ TWO "target = default\n", TWO "target = t\n",
			"! a|mirror-a is made anew, target default -> t|target changed" V4_CLOSES
			", vtapd.conf:8|loses mirror-a\n" },
		{ TWO "target = t\n", TWO "target = u\n",
			"~ a|target t -> u|in place, no frame lost, vtapd.conf:8\n" },
		{ KERNELS "target = t\n", KERNELS "target = default\n",
			"! a|mirror-a is made anew, target t -> default|target changed; IPv4 "
			"packets to UDP port 1 are refused from then on, vtapd.conf:8|loses "
			"mirror-a\n" },
		/* another name for the same port: no device notices */
		{ VXLAN "[session a]\nvni = 1\n",
			"[target t]\nunderlay = ens5\nmode = vxlan\n[session a]\nvni = 1\n",
			"+ target t|open UDP port 4789|new target, vtapd.conf:1\n"
			"- target default|close UDP port 4789|no longer configured\n"
			"~ a|target default -> t|in place, no frame lost, vtapd.conf:4\n" },
	};

	for (size_t i = 0; i < VTAP_ARRAY_LEN(table); i++)
		assert_changes(*state, table[i].before, table[i].after, table[i].wanted);
}

/* `family` of [defaults] is not theirs. */
static void test_tap_when_the_family_of_defaults_changes_then_no_session_notices(void **state)
{
	assert_changes(*state, "[session a]\nvni = 1\n",
		"[defaults]\nfamily = ipv6\n[session a]\nvni = 1\n", "");
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
		in_folder(test_vxlan_change_when_one_key_then_its_cost_decides_the_sign),
		in_folder(test_vxlan_change_when_a_session_is_renamed_then_the_same_device_goes_on),
		in_folder(
			test_vxlan_change_when_the_last_session_of_a_family_goes_then_the_port_is_told),
		in_folder(test_ports_when_two_targets_swap_theirs_then_nobody_is_refused),
		in_folder(test_vxlan_change_when_sessions_swap_interfaces_then_both_are_lost),
		in_folder(test_mode_when_changed_then_told_with_every_session_of_the_target),
		in_folder(test_mode_when_changed_with_other_keys_then_they_are_told_beside_it),
		in_folder(test_vxlan_target_when_its_port_changes_then_every_session_is_made_anew),
		in_folder(test_session_when_it_moves_then_mode_and_port_decide),
		in_folder(test_tap_when_the_family_of_defaults_changes_then_no_session_notices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
