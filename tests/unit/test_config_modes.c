// SPDX-License-Identifier: Apache-2.0
/*
 * Law: what the mode of a target cannot do is refused, never ignored: with the line, and with what
 * to write instead. One mistake is one line. What [defaults] says for others is no mistake where
 * nothing is lost by it.
 */
#include "tests/unit/config_folder.h"

/* Lines 1 to 3 */
#define VXLAN "[target default]\nmode = vxlan\nunderlay = ens5\n"

/* ---- [target] ---- */

static void test_vxlan_when_its_target_has_keys_of_tap_then_refused(void **state)
{
	static const struct check_row table[] = {
		{ VXLAN, NULL },
		{ VXLAN "fastpath = auto\nworkers = auto\nallow = any\nreceive-buffer = auto\n",
			NULL },
		{ VXLAN "fastpath = off\n", NULL }, /* its guard is attached all the same */
		{ VXLAN "underlay = eth*\n", NULL },
		{ VXLAN "allow = ::/0\n", NULL }, /* is any */
		{ VXLAN "fastpath = require\n",
			"vtapd.conf:4: target default: fastpath: \"require\": there is no fast "
			"path "
			"in mode = vxlan, and none needed; delete the key, or say mode = tap\n" },
		{ VXLAN "workers = 1\n",
			"vtapd.conf:4: target default: workers: \"1\": no worker runs in mode = "
			"vxlan; delete the key, or say mode = tap\n" },
		{ VXLAN "allow = 10.0.0.0/8\nallow = 192.0.2.1\n",
			"vtapd.conf:4: target default: allow: \"10.0.0.0/8, 192.0.2.1\": in mode = "
			"vxlan the kernel takes packets from everybody; delete the key and let "
			"nftables filter the port (man vtapd), or say mode = tap\n" },
		{ VXLAN "receive-buffer = 32M\n",
			"vtapd.conf:4: target default: receive-buffer: \"32M\": no socket is read "
			"in mode = vxlan; delete the key, or say mode = tap\n" },
	};

	CHECK_ROWS(*state, table);
}

#define MUST_NAME(line, value)                                                                     \
	"vtapd.conf:" line ": target x: underlay: \"" value "\": mode = vxlan must name its "      \
	"underlays: GRO is switched off on them; write names like ens5, or say mode = tap\n"

static void test_vxlan_when_its_target_names_no_underlay_then_refused(void **state)
{
	static const struct check_row table[] = {
		{ "[target x]\nmode = vxlan\n", MUST_NAME("1", "auto") },
		{ "[target x]\nmode = vxlan\nunderlay = auto\n", MUST_NAME("3", "auto") },
		/* as good as auto */
		{ "[target x]\nmode = vxlan\nunderlay = *\n", MUST_NAME("3", "*") },
		{ "[target x]\nmode = vxlan\nunderlay = ens5\nunderlay = ?*\n",
			MUST_NAME("3", "ens5, ?*") },
		{ "[target x]\nmode = vxlan\nunderlay = ens* e?\n", NULL },
		{ "[target x]\nunderlay = *\n", NULL },
		/* refused already: what was meant is not known */
		{ "[target x]\nmode = vxlan\nunderlay = ../ens5\n",
			"vtapd.conf:3: target x: underlay: \"../ens5\": must be auto, or interface "
			"names or globs like ens*\n" },
		/* there is no worker for each of them */
		{ "[target x]\nmode = vxlan\nunderlay = a b c d e f g h i j k l m n o p q\n",
			NULL },
	};

	CHECK_ROWS(*state, table);
}

#define PORT_TAKEN(section, other)                                                                 \
	section ": port: \"4789\": target " other " has it, and mode = vxlan takes a port on "     \
		"every interface; give one of them another port\n"

static void test_vxlan_when_another_target_has_its_port_then_refused(void **state)
{
	static const struct check_row table[] = {
		{ VXLAN "[target y]\nunderlay = ens6\n",
			PORT_TAKEN("vtapd.conf:4: target y", "default (vtapd.conf:1)") },
		{ "[target y]\nunderlay = ens6\n" VXLAN,
			PORT_TAKEN("vtapd.conf:3: target default", "y (vtapd.conf:1)") },
		{ VXLAN "[target y]\nunderlay = ens6\nmode = vxlan\n",
			PORT_TAKEN("vtapd.conf:4: target y", "default (vtapd.conf:1)") },
		{ VXLAN "[target y]\nunderlay = ens5\nmode = vxlan\n",
			PORT_TAKEN("vtapd.conf:4: target y", "default (vtapd.conf:1)") },
		{ VXLAN "[target y]\nunderlay = ens5\nport = 4790\n", NULL },
		{ VXLAN "[target y]\nunderlay = ens5\nport = 4790\nmode = vxlan\n", NULL },
	};

	CHECK_ROWS(*state, table);
}

/* ---- [session] ---- */

#define ONE_VNI(line, name, value)                                                                 \
	"vtapd.conf:" line ": session " name ": vni: \"" value "\": a vxlan device has exactly "   \
	"one VNI; give target default mode = tap, or each VNI a session of its own\n"

static void test_vxlan_when_a_session_has_not_one_vni_then_refused(void **state)
{
	static const struct check_row table[] = {
		{ VXLAN "[session a]\nvni = 0\n[session b]\nvni = 16777215-16777215\n", NULL },
		{ VXLAN "[session a]\nvni = 5, 6\n", ONE_VNI("5", "a", "5, 6") },
		{ VXLAN "[session a]\nvni = 5\nvni = 6\n", ONE_VNI("5", "a", "5, 6") },
		{ VXLAN "[session a]\nvni = 100-199\n", ONE_VNI("5", "a", "100-199") },
		/* one mistake, not two: its VNIs are not known */
		{ VXLAN "[session a]\nvni = 5, 5\n[session b]\nvni = 5\n",
			ONE_VNI("5", "a", "5, 5") },
		{ VXLAN "[session a]\nvni = x\n",
			"vtapd.conf:5: session a: vni: \"x\": must be 0..16777215, a range like "
			"100-199, or any\n" },
		{ VXLAN "[session a]\n",
			"vtapd.conf:4: session a: vni: missing; a VNI, a range like 100-199, or "
			"any\n" },
		/* each to a session of its own, two mistakes */
		{ VXLAN "[session a]\nvni = 5, 6\n[session b]\nvni = 7-8\n",
			ONE_VNI("5", "a", "5, 6") ONE_VNI("7", "b", "7-8") },
		/* of [defaults] it is one */
		{ VXLAN "[defaults]\nvni = 5-6\n[session a]\n[session b]\n[session c]\nvni = 5\n",
			ONE_VNI("5", "a", "5-6") },
	};

	CHECK_ROWS(*state, table);
}

/* Who only changes the mode in the shipped file is told what else there is to do. */
static void test_vxlan_when_the_catch_all_stays_then_it_says_what_to_do(void **state)
{
	static const struct check_row table[] = {
		{ VXLAN "[session mirror0]\nvni = any\ninterface = mirror0\n",
			"vtapd.conf:5: session mirror0: vni: \"any\": a vxlan device has exactly "
			"one VNI, and none takes the rest; give target default mode = tap, or each "
			"VNI a session of its own in place of this one\n" },
		{ VXLAN "[session a]\nvni = 5\n[session rest]\nvni = any\n",
			"vtapd.conf:7: session rest: vni: \"any\": a vxlan device has exactly one "
			"VNI, and none takes the rest; give target default mode = tap, or each VNI "
			"a session of its own in place of this one\n" },
	};

	CHECK_ROWS(*state, table);
}

#define EVERY_SOURCE(line, value, instead)                                                         \
	"vtapd.conf:" line ": session a: source: \"" value "\": a vxlan device takes its VNI "     \
	"from every source; " instead " (rules of nftables on the port can tell senders apart), "  \
	"or give target default mode = tap\n"
#define DELETE_IT "delete the key"
#define SAY_ANY   "say source = any"

static void test_vxlan_when_a_session_has_a_source_then_refused(void **state)
{
	static const struct check_row table[] = {
		{ VXLAN "[session a]\nvni = 5\nsource = any\n", NULL },
		{ VXLAN "[session a]\nvni = 5\nsource = ::/0\n", NULL }, /* is any */
		{ VXLAN "[session a]\nvni = 5\nsource = 10.0.0.0/8\n",
			EVERY_SOURCE("6", "10.0.0.0/8", DELETE_IT) },
		{ VXLAN "[session a]\nvni = 5\nsource = 0.0.0.0/0\n",
			EVERY_SOURCE("6", "0.0.0.0/0", DELETE_IT) },
		{ VXLAN "[session a]\nvni = 5\nsource = 10.0.0.1/8\n",
			"vtapd.conf:6: session a: source: \"10.0.0.1/8\": has bits after the "
			"prefix; did you mean 10.0.0.0/8?\n" },
		/* sources do not tell two sessions apart */
		{ VXLAN "[session a]\nvni = 5\nsource = 10.0.0.1\n[session b]\nvni = 5\n",
			EVERY_SOURCE(
				"6", "10.0.0.1", DELETE_IT) "vtapd.conf:8: session b: vni: \"5\": "
							    "session a claims it too "
							    "(vtapd.conf:5), and a vxlan device "
							    "has a VNI for itself; give "
							    "one of them "
							    "another, or family = ipv6\n" },
		/* what [defaults] has for others, its sessions must take back; one mistake */
		{ VXLAN "[defaults]\nsource = 10.0.0.0/8\n[session a]\nvni = 5\n",
			EVERY_SOURCE("5", "10.0.0.0/8", SAY_ANY " in this session") },
		{ VXLAN "[defaults]\nsource = 10.0.0.0/8\n[session a]\nvni = 5\n[session b]\nvni = "
			"6\n[session c]\nvni = 7\nsource = any\n[session d]\nvni = 8\n",
			EVERY_SOURCE("5", "10.0.0.0/8", SAY_ANY " in this session and 2 more") },
		/* without its key it would have that of [defaults] */
		{ VXLAN "[defaults]\nsource = 10.0.0.0/8\n[session a]\nvni = 5\nsource = "
			"192.0.2.1\n",
			EVERY_SOURCE("8", "192.0.2.1", SAY_ANY) },
		{ VXLAN "[defaults]\nsource = 10.0.0.0/8\n[target t]\nport = 1\n"
			"[session a]\nvni = 5\nsource = any\n[session b]\ntarget = t\nvni = 5\n",
			NULL },
	};

	CHECK_ROWS(*state, table);
}

#define TWO_SESSIONS(line, value)                                                                  \
	"vtapd.conf:" line ": session a: family: \"" value "\": must be ipv4 or ipv6; for both, "  \
	"two sessions (mode = tap shows both in one, without this key)\n"

static void test_vxlan_when_two_sessions_have_one_vni_then_their_family_must_differ(void **state)
{
	static const struct check_row table[] = {
		{ VXLAN "[session a]\nvni = 5\n[session b]\nvni = 5\nfamily = ipv6\n", NULL },
		{ VXLAN "[defaults]\nfamily = ipv6\n[session a]\nvni = 5\n[session b]\nvni = "
			"5\nfamily = ipv4\n",
			NULL },
		{ VXLAN "[session a]\nvni = 5\n[session b]\nvni = 5\n",
			"vtapd.conf:7: session b: vni: \"5\": session a claims it too "
			"(vtapd.conf:5), and a vxlan device has a VNI for itself; give one of them "
			"another, or family = ipv6\n" },
		{ VXLAN "[defaults]\nfamily = ipv6\n[session a]\nvni = 5\n[session b]\nvni = 5\n",
			"vtapd.conf:9: session b: vni: \"5\": session a claims it too "
			"(vtapd.conf:7), and a vxlan device has a VNI for itself; give one of them "
			"another, or family = ipv4\n" },
		/* not known: no second mistake */
		{ VXLAN "[session a]\nvni = 5\n[session b]\nvni = 5\nfamily = v6\n",
			"vtapd.conf:8: session b: family: \"v6\": must be ipv4 or ipv6\n" },
		{ "[target t]\nmode = vxlann\n[session a]\nvni = 5\n[session b]\nvni = 5\n"
		  "family = ipv6\n",
			"vtapd.conf:2: target t: mode: \"vxlann\": must be tap or vxlan\n" },
		/* whoever wants both is told how */
		{ VXLAN "[session a]\nvni = 5\nfamily = both\n", TWO_SESSIONS("6", "both") },
		{ VXLAN "[session a]\nvni = 5\nfamily = ipv4, ipv6\n",
			TWO_SESSIONS("6", "ipv4, ipv6") },
		/* another port is another device */
		{ VXLAN "[target t]\nport = 1\nmode = vxlan\nunderlay = ens5\n"
			"[session a]\nvni = 5\ntarget = t\n[session b]\nvni = 5\ntarget = "
			"default\n",
			NULL },
	};

	CHECK_ROWS(*state, table);
}

#define SHARED(line, name, target)                                                                 \
	"vtapd.conf:" line ": session " name ": interface: \"m\": session a has it too "           \
	"(vtapd.conf:" target "), and a vxlan device belongs to one; give target default mode = "  \
	"tap, or each session an interface of its own\n"

static void test_vxlan_when_sessions_share_an_interface_then_refused(void **state)
{
	static const struct check_row table[] = {
		{ VXLAN "[session a]\nvni = 5\ninterface = m\n[session b]\nvni = 6\ninterface = m\n"
			"[session c]\nvni = 7\ninterface = m\n",
			SHARED("9", "b", "6") SHARED("12", "c", "6") },
		/* one mistake: not of the MTU, too */
		{ VXLAN "[session a]\nvni = 5\ninterface = m\n[session b]\nvni = 6\ninterface = "
			"m\nmtu = 1500\n",
			SHARED("9", "b", "6") },
		/* of [defaults] it is one */
		{ VXLAN "[defaults]\ninterface = m\n[session a]\nvni = 5\n[session b]\nvni = 6\n"
			"[session c]\nvni = 7\n",
			SHARED("5", "b", "5") },
		/* with one of the other mode, whichever comes first */
		{ VXLAN "[target t]\nport = 1\n[session a]\nvni = 5\ninterface = m\n"
			"[session b]\nvni = 6\ninterface = m\ntarget = t\n",
			SHARED("11", "b", "8") },
		{ VXLAN "[target t]\nport = 1\n[session a]\nvni = 5\ninterface = m\ntarget = t\n"
			"[session b]\nvni = 6\ninterface = m\n",
			SHARED("12", "b", "8") },
	};

	CHECK_ROWS(*state, table);
}

/* ---- `family` in mode tap ---- */

#define DELETE_ONE(line)                                                                           \
	"session a claims it too (vtapd.conf:" line "), and a tap session shows both families; "   \
	"delete one of them\n"
#define SHOWS_BOTH(line, name, value)                                                              \
	"vtapd.conf:" line ": session " name ": family: \"" value "\": a tap interface shows "     \
	"both; delete the key, or give target default mode = vxlan\n"

static void test_tap_when_a_session_has_a_family_then_refused(void **state)
{
	static const struct check_row table[] = {
		{ "[session a]\nvni = 5\nfamily = ipv6\n", SHOWS_BOTH("3", "a", "ipv6") },
		{ "[target t]\nmode = tap\n[session a]\nvni = 5\nfamily = ipv4\n",
			"vtapd.conf:5: session a: family: \"ipv4\": a tap interface shows both; "
			"delete the key, or give target t mode = vxlan\n" },
		/* one mistake, not two */
		{ "[session a]\nvni = 5\nfamily = 6\n",
			"vtapd.conf:3: session a: family: \"6\": must be ipv4 or ipv6\n" },
		{ "[session a]\nvni = 5\nfamily = both\n", TWO_SESSIONS("3", "both") },
		{ "[target t]\nmode = vxlann\n[session a]\nvni = 5\nfamily = ipv6\n",
			"vtapd.conf:2: target t: mode: \"vxlann\": must be tap or vxlan\n" },
		{ "[session a]\nvni = 5\nfamily = ipv6\ntarget = nowhere\n",
			"vtapd.conf:4: session a: target: \"nowhere\": there is no such "
			"[target]\n" },
		/* meant for the sessions of other targets */
		{ "[defaults]\nfamily = ipv6\n[session a]\nvni = 5\n", NULL },
		/* and no way to have one VNI twice */
		{ "[defaults]\nfamily = ipv6\n[session a]\nvni = 5\n[session b]\nvni = 5\n",
			"vtapd.conf:6: session b: vni: \"5\": session a claims it too "
			"(vtapd.conf:4); give one of them a source\n" },
	};

	CHECK_ROWS(*state, table);
}

/* Back from mode vxlan with a session for each family: one of them is enough. */
static void test_tap_when_twins_of_two_families_stay_then_told_to_delete_one(void **state)
{
	static const struct check_row table[] = {
		{ "[session a]\nvni = 5\n[session b]\nvni = 5\nfamily = ipv6\n",
			"vtapd.conf:4: session b: vni: \"5\": " DELETE_ONE("2")
				SHOWS_BOTH("5", "b", "ipv6") },
		{ "[session a]\nvni = 5\nfamily = ipv6\n[session b]\nvni = 5\n",
			SHOWS_BOTH("3", "a",
				"ipv6") "vtapd.conf:5: session b: vni: \"5\": " DELETE_ONE("2") },
	};

	CHECK_ROWS(*state, table);
}

static void test_family_when_loaded_then_of_sessions_in_mode_vxlan_alone(void **state)
{
	_auto(conf) const struct vtap_conf *conf = text_loads(*state,
		VXLAN "[target t]\nport = 1\n[defaults]\nfamily = ipv6\n"
		      "[session a]\nvni = 5\n[session b]\nvni = 5\nfamily = ipv4\n"
		      "[session c]\nvni = 5\ntarget = t\n");

	assert_int_equal(conf->targets[0].mode, VTAP_MODE_VXLAN);
	assert_int_equal(conf->targets[1].mode, VTAP_MODE_TAP);
	assert_int_equal(conf->sessions[0].family, VTAP_FAMILY_IPV6);
	assert_int_equal(conf->sessions[1].family, VTAP_FAMILY_IPV4);
	assert_int_equal(conf->sessions[2].family, VTAP_FAMILY_IPV4); /* always */
}

/* ---- values that are refused already ---- */

#define HOST_BITS(section)                                                                         \
	section ": source: \"10.0.0.1/8\": has bits after the prefix; did you mean "               \
		"10.0.0.0/8?\n"
#define FAMILY_REFUSED(section) section ": family: \"v6\": must be ipv4 or ipv6\n"

/* Law 6: a refused value hides no other mistake, and is not complained about twice. */
static void test_session_when_a_value_is_refused_then_its_other_mistakes_are_told_too(void **state)
{
	static const struct check_row table[] = {
		{ VXLAN "[session a]\nvni = 1-5\nsource = 10.0.0.0/8\nfamily = v6\n",
			ONE_VNI("5", "a", "1-5") EVERY_SOURCE("6", "10.0.0.0/8", DELETE_IT)
				FAMILY_REFUSED("vtapd.conf:7: session a") },
		{ VXLAN "[defaults]\nfamily = v6\n[session a]\nvni = 1-5\n[session b]\nvni = "
			"any\n",
			FAMILY_REFUSED("vtapd.conf:5: defaults")
				ONE_VNI("7", "a", "1-5") "vtapd.conf:9: session b: vni: \"any\": a "
							 "vxlan device has exactly one VNI, and "
							 "none takes the rest; give target "
							 "default mode = tap, or each VNI a "
							 "session of its own in place of this "
							 "one\n" },
		{ VXLAN "[session a]\nvni = 1-5\nsource = 10.0.0.1/8\nsource = 192.0.2.1\n",
			ONE_VNI("5", "a", "1-5") HOST_BITS("vtapd.conf:6: session a") },
		{ VXLAN "[defaults]\nsource = 192.0.2.1 10.0.0.1/8\n[session a]\nvni = 1-5\n",
			HOST_BITS("vtapd.conf:5: defaults") ONE_VNI("7", "a", "1-5") },
		{ VXLAN "[session a]\nvni = 5\ninterface = m\n[session b]\nvni = 6\n"
			"interface = m\nfamily = v6\n",
			SHARED("9", "b", "6") FAMILY_REFUSED("vtapd.conf:10: session b") },
		{ "[session a]\nvni = 5\nsource = 10.0.0.1/8\nfamily = ipv6\n",
			HOST_BITS("vtapd.conf:3: session a") SHOWS_BOTH("4", "a", "ipv6") },
	};

	CHECK_ROWS(*state, table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_folder(test_vxlan_when_its_target_has_keys_of_tap_then_refused),
		in_folder(test_vxlan_when_its_target_names_no_underlay_then_refused),
		in_folder(test_vxlan_when_another_target_has_its_port_then_refused),
		in_folder(test_vxlan_when_a_session_has_not_one_vni_then_refused),
		in_folder(test_vxlan_when_the_catch_all_stays_then_it_says_what_to_do),
		in_folder(test_vxlan_when_a_session_has_a_source_then_refused),
		in_folder(test_vxlan_when_two_sessions_have_one_vni_then_their_family_must_differ),
		in_folder(test_vxlan_when_sessions_share_an_interface_then_refused),
		in_folder(test_tap_when_a_session_has_a_family_then_refused),
		in_folder(
			test_session_when_a_value_is_refused_then_its_other_mistakes_are_told_too),
		in_folder(test_tap_when_twins_of_two_families_stay_then_told_to_delete_one),
		in_folder(test_family_when_loaded_then_of_sessions_in_mode_vxlan_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
