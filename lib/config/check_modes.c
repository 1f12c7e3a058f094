// SPDX-License-Identifier: Apache-2.0
/*
 * What a mode cannot do. Each sentence says what to write instead, and that the target could have
 * mode = tap. A key of [defaults] is one mistake, however many sessions take it over.
 */
#include <errno.h>
#include <string.h>

#include "config/draft.h"

/** struct inherited - sessions in mode vxlan that take over what they cannot have */
struct inherited {
	const struct vtap_session *first;
	struct vtap_place place; /* in [defaults] */
	size_t n;
};

struct checking {
	const struct vtap_draft *draft;
	const struct vtap_conf *conf;
	struct vtap_diags *diags;
	struct inherited vni, source;
};

/* ---- targets in mode vxlan ---- */

#define DELETE_KEY "delete the key"

/** struct rule - of a key of [target] */
struct rule {
	const char *key;
	const char *value; /* NULL: what is_auto() calls so */
	bool is_only;      /* that value alone goes; else that one alone does not */
	const char *why;
	const char *instead;
};

static const struct rule RULES[] = {
	{ "underlay", NULL, false,
		"mode = vxlan must name its underlays: GRO is switched off on them",
		"write names like ens5" },
	{ "fastpath", "require", false, "there is no fast path in mode = vxlan, and none needed",
		DELETE_KEY },
	{ "workers", "auto", true, "no worker runs in mode = vxlan", DELETE_KEY },
	{ "allow", "any", true, "in mode = vxlan the kernel takes packets from everybody",
		DELETE_KEY " and let nftables filter the port (man vtapd)" },
	{ "receive-buffer", "auto", true, "no socket is read in mode = vxlan", DELETE_KEY },
};

/* `*` and the like: whatever an interface is called, that is `auto`. */
static bool names_everything(const char *underlay)
{
	return strchr(underlay, '*') != NULL && underlay[strspn(underlay, "*?")] == '\0';
}

static bool is_auto(const struct vtap_target *target)
{
	bool is = target->n_underlays == 0;

	for (size_t i = 0; i < target->n_underlays; i++)
		is |= names_everything(target->underlays[i]);
	return is;
}

static bool is_broken(const struct rule *rule, const struct vtap_target *target, const char *value)
{
	if (rule->value == NULL)
		return is_auto(target);
	return (strcmp(value, rule->value) == 0) != rule->is_only;
}

static int target_check_rule(const struct checking *checking, const struct vtap_target *target,
	const struct vtap_draft_section *section, const struct rule *rule)
{
	const struct vtap_key *key = vtap_schema_find(VTAP_SECTION_TARGET, rule->key);
	_auto_free char *value = key->format(checking->conf, target);
	struct vtap_place place = vtap_draft_place(section, rule->key, target->place);
	char text[VTAP_SECTION_TEXT_MAX];

	if (value == NULL)
		return -ENOMEM;
	if (!is_broken(rule, target, value) || vtap_diags_has(checking->diags, place))
		return 0;
	vtap_diags_add(checking->diags, place, vtap_draft_section_text(section, text), rule->key,
		value, "%s; %s, or say mode = tap", rule->why, rule->instead);
	return 0;
}

static int check_targets(const struct checking *checking)
{
	int r = 0;

	for (size_t i = 0; i < checking->conf->n_targets; i++) {
		const struct vtap_target *target = &checking->conf->targets[i];

		for (size_t j = 0;
			target->mode == VTAP_MODE_VXLAN && j < VTAP_ARRAY_LEN(RULES) && r == 0; j++)
			r = target_check_rule(checking, target,
				vtap_draft_find(checking->draft, VTAP_SECTION_TARGET, target->name),
				&RULES[j]);
	}
	return r;
}

/* ---- sessions ---- */

static void session_complain(const struct checking *checking, const struct vtap_session *session,
	struct vtap_place place, const char *key, const char *value, const char *rule)
{
	char text[VTAP_SECTION_TEXT_MAX];

	(void)snprintf(text, sizeof(text), "session %s", session->name); /* sized for it */
	vtap_diags_add(checking->diags, place, text, key, value, "%s", rule);
}

static const char *target_name(const struct checking *checking, const struct vtap_session *session)
{
	return checking->conf->targets[session->i_target].name;
}

static int complain_vni(const struct checking *checking, const struct vtap_session *session)
{
	_auto_free char *value = vtap_session_format_vnis(session);
	char rule[VTAP_DIAG_RULE_MAX];

	if (value == NULL)
		return -ENOMEM;
	(void)snprintf(rule, sizeof(rule), /* sized for it */
		"a vxlan device has exactly one VNI%s; give target %s mode = tap, or each VNI a "
		"session of its own%s",
		session->is_any ? ", and none takes the rest" : "", target_name(checking, session),
		session->is_any ? " in place of this one" : "");
	session_complain(checking, session, session->vni_place, "vni", value, rule);
	return 0;
}

static int source_complain(const struct checking *checking, const struct vtap_session *session,
	struct vtap_place place, const char *instead)
{
	_auto_free char *value = vtap_prefixes_format(session->sources, session->n_sources);
	char rule[VTAP_DIAG_RULE_MAX];

	if (value == NULL)
		return -ENOMEM;
	(void)snprintf(rule, sizeof(rule), /* sized for it */
		"a vxlan device takes its VNI from every source; %s (rules of nftables on the port "
		"can tell senders apart), or give target %s mode = tap",
		instead, target_name(checking, session));
	session_complain(checking, session, place, "source", value, rule);
	return 0;
}

/* Of its own. Without the key it would take over that of [defaults]. */
static int complain_source(const struct checking *checking,
	const struct vtap_draft_section *section, const struct vtap_session *session)
{
	const struct vtap_place nowhere = { 0 };
	bool is_in_defaults =
		vtap_draft_place(vtap_draft_find(checking->draft, VTAP_SECTION_DEFAULTS, ""),
			"source", nowhere)
			.line != 0;

	return source_complain(checking, session,
		vtap_draft_place(section, "source", section->place),
		is_in_defaults ? "say source = any" : "delete the key");
}

/* Of [defaults], for all sessions that take it over. */
static int complain_inherited_source(
	const struct checking *checking, const struct inherited *inherited)
{
	char instead[64] = "say source = any in this session";

	if (inherited->n > 1)
		(void)snprintf(instead, sizeof(instead), /* fits */
			"say source = any in this session and %zu more", inherited->n - 1);
	return source_complain(checking, inherited->first, inherited->place, instead);
}

/* Takes note of it when the key is one of [defaults]. Return: is it? */
static bool is_inherited(const struct checking *checking, const struct vtap_draft_section *section,
	const char *key, const struct vtap_session *session, struct inherited *inherited)
{
	const struct vtap_place nowhere = { 0 };

	if (vtap_draft_place(section, key, nowhere).line != 0)
		return false;
	inherited->place = vtap_draft_place(
		vtap_draft_find(checking->draft, VTAP_SECTION_DEFAULTS, ""), key, section->place);
	if (inherited->n++ == 0)
		inherited->first = session;
	return true;
}

/* Without any the build has complained. */
static bool has_many_vnis(const struct vtap_session *session)
{
	return (session->is_any || session->n_vnis > 0) && !vtap_session_is_one_vni(session);
}

/* `::/0` alone is `any`, and written so. */
static bool has_sources(const struct vtap_session *session)
{
	return session->n_sources > 1 || (session->n_sources == 1 && session->sources[0].len > 0);
}

/* Is a line of it refused, or of [defaults] where it has none? Then what it is to be is not known.
 */
static bool is_key_refused(
	const struct checking *checking, const struct vtap_draft_section *section, const char *key)
{
	const struct vtap_place nowhere = { 0 };

	if (vtap_draft_place(section, key, nowhere).line == 0)
		section = vtap_draft_find(checking->draft, VTAP_SECTION_DEFAULTS, "");
	for (size_t i = 0; section != NULL && i < section->n; i++)
		if (strcmp(section->entry[i].key->name, key) == 0 &&
			vtap_diags_has(checking->diags, section->entry[i].place))
			return true;
	return false;
}

static int check_vxlan_session(struct checking *checking, const struct vtap_draft_section *section,
	const struct vtap_session *session)
{
	int r = 0;

	if (has_many_vnis(session) &&
		!is_inherited(checking, section, "vni", session, &checking->vni))
		r = complain_vni(checking, session);
	if (r == 0 && has_sources(session) && !is_key_refused(checking, section, "source") &&
		!is_inherited(checking, section, "source", session, &checking->source))
		r = complain_source(checking, section, session);
	return r;
}

static const char *entry_value(const struct vtap_draft_section *section, const char *key)
{
	for (size_t i = 0; i < section->n; i++)
		if (strcmp(section->entry[i].key->name, key) == 0)
			return section->entry[i].value;
	return "";
}

/* `family` of [defaults] means nothing here: targets of both modes share that section. */
static void check_tap_session(const struct checking *checking,
	const struct vtap_draft_section *section, const struct vtap_session *session)
{
	const struct vtap_place nowhere = { 0 };
	const struct vtap_target *target = &checking->conf->targets[session->i_target];
	struct vtap_place place = vtap_draft_place(section, "family", nowhere);
	struct vtap_place mode_place = vtap_draft_place(
		vtap_draft_find(checking->draft, VTAP_SECTION_TARGET, target->name), "mode",
		nowhere);
	char rule[VTAP_DIAG_RULE_MAX];

	if (place.line == 0 || vtap_diags_has(checking->diags, place) ||
		vtap_diags_has(checking->diags, mode_place))
		return;
	(void)snprintf(rule, sizeof(rule), /* sized for it */
		"a tap interface shows both; delete the key, or give target %s mode = vxlan",
		target->name);
	session_complain(checking, session, place, "family", entry_value(section, "family"), rule);
}

/* Sessions stand in the order of their sections. */
static int check_sessions(struct checking *checking)
{
	const struct vtap_session *session = checking->conf->sessions;
	int r = 0;

	for (size_t i = 0; i < checking->draft->n && r == 0; i++) {
		const struct vtap_draft_section *section = &checking->draft->section[i];

		if (section->kind != VTAP_SECTION_SESSION || section->is_refused)
			continue;
		if (vtap_session_is_vxlan(checking->conf, session))
			r = check_vxlan_session(checking, section, session);
		else if (session->i_target != VTAP_TARGET_NONE)
			check_tap_session(checking, section, session);
		session++;
	}
	return r;
}

static int check_inherited(const struct checking *checking)
{
	int r = 0;

	if (checking->vni.n > 0)
		r = complain_vni(checking, checking->vni.first);
	if (r == 0 && checking->source.n > 0)
		r = complain_inherited_source(checking, &checking->source);
	return r;
}

int vtap_check_modes(
	const struct vtap_draft *draft, const struct vtap_conf *conf, struct vtap_diags *diags)
{
	struct checking checking = { .draft = draft, .conf = conf, .diags = diags };
	int r = check_targets(&checking);

	if (r == 0)
		r = check_sessions(&checking);
	return r < 0 ? r : check_inherited(&checking);
}
