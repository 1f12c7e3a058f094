// SPDX-License-Identifier: Apache-2.0
/* From a draft to targets and sessions: each value alone; what lies between them is check's. */
#include <errno.h>
#include <string.h>

#include "config/draft.h"

struct building {
	const struct vtap_draft *draft;
	struct vtap_conf *conf;
	struct vtap_diags *diags;
	const struct vtap_draft_section *defaults; /* or NULL */
};

/* What a session's claims depend on besides its VNIs, which are absent where they are refused. */
static bool is_claim_key(const struct vtap_key *key)
{
	return strcmp(key->name, "source") == 0 || strcmp(key->name, "family") == 0;
}

static void entry_refuse(struct building *building, const struct vtap_draft_section *section,
	const struct vtap_entry *entry, const struct vtap_complaint *complaint)
{
	char text[VTAP_SECTION_TEXT_MAX];
	bool has_hash =
		strchr(entry->value, '#') != NULL && strstr(complaint->rule, "inline") == NULL;

	vtap_diags_add(building->diags, entry->place, vtap_draft_section_text(section, text),
		entry->key->name, has_hash ? entry->value : complaint->value, "%s%s",
		complaint->rule, has_hash ? "; inline comments start with ;" : "");
}

static size_t section_n_entries(
	const struct vtap_draft_section *section, const struct vtap_key *key)
{
	size_t n = 0;

	for (size_t i = 0; i < section->n; i++)
		n += section->entry[i].key == key;
	return n;
}

/* The word that stands for a whole list (`any`, `auto`) would be passed over beside others. */
static int entry_parse(const struct vtap_draft_section *section, const struct vtap_entry *entry,
	struct vtap_reading *to, struct vtap_complaint *ret_complaint)
{
	const struct vtap_key *key = entry->key;

	if (key->is_default_alone && strcmp(entry->value, key->fallback) == 0 &&
		section_n_entries(section, key) > 1)
		return vtap_value_complain(
			ret_complaint, entry->value, "stands alone, or not at all");
	return key->parse(entry->value, to, ret_complaint);
}

/* One line: each wrong word of a list is a mistake of its own. Return: 0, also with mistakes;
 * -ENOMEM. */
static int entry_apply(struct building *building, const struct vtap_draft_section *section,
	const struct vtap_entry *entry, struct vtap_reading *to, bool is_complaining)
{
	struct vtap_complaint complaint;
	int r = entry_parse(section, entry, to, &complaint);

	while (r == VTAP_VALUE_REFUSED) {
		if (is_claim_key(entry->key))
			((struct vtap_session *)to->object)->is_claim_refused = true;
		if (is_complaining)
			entry_refuse(building, section, entry, &complaint);
		/* behind a # stands what was meant as a comment */
		r = complaint.rest == NULL || strchr(entry->value, '#') != NULL
			    ? 0
			    : entry->key->parse(complaint.rest, to, &complaint);
	}
	return r;
}

/* Every line that the section has for this key. Return: how many, or -ENOMEM. */
static int section_apply(struct building *building, const struct vtap_draft_section *section,
	const struct vtap_key *key, struct vtap_reading *to, bool is_complaining)
{
	int n = 0;

	for (size_t i = 0; i < section->n; i++) {
		const struct vtap_entry *entry = &section->entry[i];
		int r;

		if (entry->key != key)
			continue;
		n++;
		if (entry->value[0] == '\0')
			continue; /* the load has complained */
		r = entry_apply(building, section, entry, to, is_complaining);
		if (r < 0)
			return r;
	}
	return n;
}

/* A key's value: the section's own lines, else those of [defaults], else the schema's default. */
static int key_apply(struct building *building, const struct vtap_draft_section *section,
	const struct vtap_key *key, struct vtap_reading *to)
{
	struct vtap_complaint complaint;
	int n = section != NULL ? section_apply(building, section, key, to, true) : 0;

	if (n == 0 && key->section == VTAP_SECTION_SESSION && building->defaults != NULL)
		n = section_apply(building, building->defaults, key, to, false);
	if (n != 0)
		return n < 0 ? n : 0;
	if (key->fallback == NULL)
		return 0;
	return key->parse(key->fallback, to, &complaint); /* a default is never refused; tested */
}

static int keys_apply(struct building *building, enum vtap_section kind,
	const struct vtap_draft_section *section, struct vtap_reading *to)
{
	const struct vtap_key *key;

	for (size_t i = 0; (key = vtap_schema_key(i)) != NULL; i++) {
		int r = key->section == kind ? key_apply(building, section, key, to) : 0;

		if (r < 0)
			return r;
	}
	return 0;
}

static bool section_is(const struct vtap_draft_section *section, enum vtap_section kind)
{
	return section->kind == kind && !section->is_refused;
}

static int target_build(struct building *building, const struct vtap_draft_section *section)
{
	struct vtap_conf *conf = building->conf;
	struct vtap_target *grown =
		reallocarray(conf->targets, conf->n_targets + 1, sizeof(*grown));
	struct vtap_target *target;
	const char *name = section != NULL ? section->name : "default";

	if (grown == NULL)
		return -ENOMEM;
	conf->targets = grown;
	target = &grown[conf->n_targets++];
	*target = (struct vtap_target){ .place = section != NULL ? section->place
								 : (struct vtap_place){ 0 } };
	memcpy(target->name, name, strlen(name) + 1);
	target->allow_place = vtap_draft_place(section, "allow", (struct vtap_place){ 0 });
	return keys_apply(building, VTAP_SECTION_TARGET, section,
		&(struct vtap_reading){ .conf = conf, .object = target });
}

static int targets_build(struct building *building)
{
	int r = 0;

	for (size_t i = 0; i < building->draft->n && r == 0; i++)
		if (section_is(&building->draft->section[i], VTAP_SECTION_TARGET))
			r = target_build(building, &building->draft->section[i]);
	if (r == 0 && building->conf->n_targets == 0)
		r = target_build(building, NULL);
	return r;
}

static int names_of_targets(const struct vtap_conf *conf, const char ***ret_names)
{
	const char **names = calloc(conf->n_targets, sizeof(*names));

	if (names == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < conf->n_targets; i++)
		names[i] = conf->targets[i].name;
	*ret_names = names;
	return 0;
}

/* Which target: the one named, else the only one, else `default`. */
static int session_find_target(struct building *building, struct vtap_session *session,
	const struct vtap_draft_section *section, const char *wanted)
{
	const struct vtap_conf *conf = building->conf;
	const struct vtap_target *target =
		vtap_conf_find_target(conf, wanted != NULL ? wanted : "default");
	_auto_free const char **names = NULL;
	char text[VTAP_SECTION_TEXT_MAX];
	struct vtap_place place;
	const char *nearest;
	int r;

	if (wanted == NULL && conf->n_targets == 1)
		target = &conf->targets[0];
	if (target != NULL) {
		session->i_target = (size_t)(target - conf->targets);
		return 0;
	}
	r = names_of_targets(conf, &names);
	if (r < 0)
		return r;
	place = vtap_draft_place(
		section, "target", vtap_draft_place(building->defaults, "target", section->place));
	nearest = wanted != NULL ? vtap_value_nearest(wanted, names, conf->n_targets) : NULL;
	if (wanted == NULL)
		vtap_diags_add(building->diags, place, vtap_draft_section_text(section, text),
			"target", NULL, "missing: there are %zu targets and none is named default",
			conf->n_targets);
	else
		vtap_diags_add(building->diags, place, vtap_draft_section_text(section, text),
			"target", wanted, "there is no such [target]%s%s%s",
			nearest != NULL ? "; did you mean " : "", nearest != NULL ? nearest : "",
			nearest != NULL ? "?" : "");
	return 0;
}

/* mirror-NAME, never shortened. Complains when it does not fit and none was given. */
static void session_name_interface(struct building *building, struct vtap_session *session,
	const struct vtap_draft_section *section)
{
	char text[VTAP_SECTION_TEXT_MAX], name[VTAP_NAME_MAX + 8];
	int len = snprintf(name, sizeof(name), "mirror-%s", session->name);

	if (session->interface[0] != '\0' ||
		vtap_draft_place(section, "interface", (struct vtap_place){ 0 }).line)
		return;
	if ((size_t)len < sizeof(session->interface))
		memcpy(session->interface, name, (size_t)len + 1);
	else
		vtap_diags_add(building->diags, section->place,
			vtap_draft_section_text(section, text), "interface", name,
			"%d bytes, Linux allows %d; give the session an interface", len,
			VTAP_IFNAME_MAX - 1);
}

static int range_compare(const void *a, const void *b)
{
	const struct vtap_range *left = a, *right = b;

	if (left->first != right->first)
		return left->first < right->first ? -1 : 1;
	return (left->last > right->last) - (left->last < right->last);
}

/* Not where the target's mode is refused: twins of two families may be what is meant. */
static bool is_tap(const struct building *building, const struct vtap_session *session)
{
	const struct vtap_target *target = &building->conf->targets[session->i_target];
	struct vtap_place place = vtap_draft_place(
		vtap_draft_find(building->draft, VTAP_SECTION_TARGET, target->name), "mode",
		(struct vtap_place){ 0 });

	return target->mode == VTAP_MODE_TAP && !vtap_diags_has(building->diags, place);
}

static int session_build(struct building *building, const struct vtap_draft_section *section)
{
	struct vtap_conf *conf = building->conf;
	struct vtap_session *session = &conf->sessions[conf->n_sessions++];
	const char *target = NULL;
	char text[VTAP_SECTION_TEXT_MAX];
	int r;

	*session = (struct vtap_session){ .place = section->place, .i_target = VTAP_TARGET_NONE };
	memcpy(session->name, section->name, sizeof(session->name));
	r = keys_apply(building, VTAP_SECTION_SESSION, section,
		&(struct vtap_reading){ .conf = conf, .object = session, .ret_target = &target });
	if (r < 0)
		return r;
	session->vni_place = vtap_draft_place(
		section, "vni", vtap_draft_place(building->defaults, "vni", section->place));
	session->interface_place = vtap_draft_place(section, "interface",
		vtap_draft_place(building->defaults, "interface", section->place));
	if (session->vni_place.line == section->place.line &&
		session->vni_place.file == section->place.file)
		vtap_diags_add(building->diags, section->place,
			vtap_draft_section_text(section, text), "vni", NULL,
			"missing; a VNI, a range like 100-199, or any");
	if (session->n_vnis > 0)
		qsort(session->vnis, session->n_vnis, sizeof(*session->vnis), range_compare);
	session_name_interface(building, session, section);
	r = session_find_target(building, session, section, target);
	if (session->i_target != VTAP_TARGET_NONE && is_tap(building, session))
		session->family = VTAP_FAMILY_IPV4; /* [defaults] may say else: not for a TAP */
	return r;
}

static int sessions_build(struct building *building)
{
	struct vtap_conf *conf = building->conf;
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < building->draft->n; i++)
		n += section_is(&building->draft->section[i], VTAP_SECTION_SESSION);
	if (n == 0)
		return 0;
	conf->sessions = calloc(n, sizeof(*conf->sessions)); /* places and names are never moved */
	if (conf->sessions == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < building->draft->n && r == 0; i++)
		if (section_is(&building->draft->section[i], VTAP_SECTION_SESSION))
			r = session_build(building, &building->draft->section[i]);
	return r;
}

/* A configuration with one target and one session that nobody sees. */
static int scratch_new(struct vtap_conf **ret_scratch)
{
	struct vtap_conf *scratch = vtap_conf_new();

	if (scratch == NULL)
		return -ENOMEM;
	scratch->sessions = calloc(1, sizeof(*scratch->sessions));
	scratch->targets = calloc(1, sizeof(*scratch->targets));
	scratch->n_sessions = scratch->sessions != NULL;
	scratch->n_targets = scratch->targets != NULL;
	if (scratch->n_sessions + scratch->n_targets < 2) {
		vtap_conf_unref(scratch);
		return -ENOMEM;
	}
	*ret_scratch = scratch;
	return 0;
}

/* Only complain about the values of a section. */
static int section_try(struct building *building, const struct vtap_draft_section *section)
{
	struct vtap_conf *scratch = NULL;
	const char *target = NULL;
	const struct vtap_key *key;
	int r = scratch_new(&scratch);

	for (size_t i = 0; r >= 0 && (key = vtap_schema_key(i)) != NULL; i++) {
		struct vtap_reading to = { .conf = scratch, .ret_target = &target };

		to.object = key->section == VTAP_SECTION_TARGET ? (void *)scratch->targets
								: (void *)scratch->sessions;
		r = section_apply(building, section, key, &to, true);
	}
	vtap_conf_unref(scratch);
	return r < 0 ? r : 0;
}

/* Mistakes in [defaults] are reported there, once, and not with every session that has no key of
 * its own; and those of sections whose header is a mistake, where else. */
static int sections_try(struct building *building)
{
	int r = 0;

	for (size_t i = 0; i < building->draft->n && r == 0; i++) {
		const struct vtap_draft_section *section = &building->draft->section[i];

		if (section->is_refused || section->kind == VTAP_SECTION_DEFAULTS)
			r = section_try(building, section);
	}
	return r;
}

int vtap_build(const struct vtap_draft *draft, struct vtap_conf *conf, struct vtap_diags *diags)
{
	struct building building = {
		.draft = draft,
		.conf = conf,
		.diags = diags,
		.defaults = vtap_draft_find(draft, VTAP_SECTION_DEFAULTS, ""),
	};
	struct vtap_reading to = { .conf = conf };
	int r = 0;

	for (int kind = VTAP_SECTION_DAEMON; kind <= VTAP_SECTION_METRICS && r == 0; kind++)
		r = keys_apply(&building, (enum vtap_section)kind,
			vtap_draft_find(draft, (enum vtap_section)kind, ""), &to);
	if (!(conf->health.require & VTAP_REQUIRE_ALL))
		conf->health.require |= VTAP_REQUIRE_ANY; /* sensors and traffic imply it */
	if (r == 0)
		r = sections_try(&building);
	if (r == 0)
		r = targets_build(&building);
	if (r == 0)
		r = sessions_build(&building);
	return r;
}
