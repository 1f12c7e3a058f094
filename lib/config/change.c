// SPDX-License-Identifier: Apache-2.0
#include "config/change.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/text.h"

static const char SIGNS[] = {
	[VTAP_CHANGE_ADD] = '+',
	[VTAP_CHANGE_IN_PLACE] = '~',
	[VTAP_CHANGE_REPLACE] = '!',
	[VTAP_CHANGE_REMOVE] = '-',
};
static_assert(sizeof(SIGNS) == VTAP_CHANGE_COUNT, "every kind has a sign");

static void change_done(struct vtap_change *change)
{
	free(change->name);
	free(change->what);
	free(change->why);
}

void vtap_changes_done(struct vtap_changes *changes)
{
	for (size_t i = 0; i < changes->n; i++)
		change_done(&changes->change[i]);
	free(changes->change);
	*changes = (struct vtap_changes){ 0 };
}

size_t vtap_changes_count(const struct vtap_changes *changes, enum vtap_change_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < changes->n; i++)
		n += changes->change[i].kind == kind;
	return n;
}

char vtap_change_sign(enum vtap_change_kind kind)
{
	return SIGNS[kind];
}

/* Takes the strings of @change, also on failure. */
static int changes_add(struct vtap_changes *changes, struct vtap_change change)
{
	struct vtap_change *grown = reallocarray(changes->change, changes->n + 1, sizeof(*grown));

	if (grown != NULL)
		changes->change = grown;
	if (grown == NULL || change.name == NULL || change.what == NULL || change.why == NULL) {
		change_done(&change);
		return -ENOMEM;
	}
	grown[changes->n++] = change;
	return 0;
}

static bool interface_is_used(const struct vtap_conf *conf, const char *interface)
{
	for (size_t i = 0; i < conf->n_sessions; i++)
		if (strcmp(conf->sessions[i].interface, interface) == 0)
			return true;
	return false;
}

/* ---- one pair of objects, compared key by key ---- */

struct comparison {
	FILE *what;
	const char *only_key; /* the key that changed, when it is one */
	unsigned n;
	enum vtap_cost cost;
};

static int key_compare(const struct vtap_key *key, const struct vtap_conf *old,
	const void *old_object, const struct vtap_conf *new, const void *new_object,
	struct comparison *comparison)
{
	_auto_free char *before = key->format(old, old_object);
	_auto_free char *after = key->format(new, new_object);

	if (before == NULL || after == NULL)
		return -ENOMEM;
	if (strcmp(before, after) == 0)
		return 0;
	if (comparison->n++ > 0)
		(void)fputs(", ", comparison->what); /* of this and the next fclose tells */
	if (key->cost[VTAP_MODE_TAP] == VTAP_COST_REPLACE)
		(void)fprintf(comparison->what, "%s -> %s", before, after);
	else
		(void)fprintf(comparison->what, "%s %s -> %s", key->name,
			before[0] != '\0' ? before : "none", after[0] != '\0' ? after : "none");
	comparison->only_key = comparison->n == 1 ? key->name : NULL;
	if (key->cost[VTAP_MODE_TAP] > comparison->cost)
		comparison->cost = key->cost[VTAP_MODE_TAP];
	return 0;
}

static int section_compare(enum vtap_section kind, const struct vtap_conf *old,
	const void *old_object, const struct vtap_conf *new, const void *new_object,
	struct comparison *comparison)
{
	size_t n;
	const struct vtap_key *keys = vtap_schema_keys(&n);
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		if (keys[i].section == kind)
			r = key_compare(&keys[i], old, old_object, new, new_object, comparison);
	return r;
}

static char *why_changed(const struct comparison *comparison, const struct vtap_place place)
{
	const char *price = comparison->cost == VTAP_COST_PORT
				    ? "sockets open anew; packets to the old port are refused from "
				      "then on"
				    : "in place, no frame lost";
	char where[64];

	vtap_place_format(place, where, sizeof(where));
	if (comparison->cost != VTAP_COST_REPLACE && place.line == 0)
		return strdup(price); /* back to a default, or no section */
	if (comparison->cost != VTAP_COST_REPLACE)
		return vtap_text_format("%s, %s", price, where);
	if (comparison->only_key != NULL)
		return vtap_text_format("%s changed, %s", comparison->only_key, where);
	return vtap_text_format("changed, %s", where);
}

/* @name is taken. Adds a change, or nothing when the objects are equal. Return: 1 if added, 0,
 * -ENOMEM. */
static int object_compare(struct vtap_changes *changes, enum vtap_section kind, char *name,
	const struct vtap_conf *old, const void *old_object, const struct vtap_conf *new,
	const void *new_object, struct vtap_place place, const char *lost_interface)
{
	struct comparison comparison = { .cost = VTAP_COST_LIVE };
	struct vtap_change change = { .name = name };
	char *what = NULL;
	size_t size;
	int r;

	comparison.what = open_memstream(&what, &size);
	if (comparison.what == NULL) {
		free(name);
		return -ENOMEM;
	}
	r = section_compare(kind, old, old_object, new, new_object, &comparison);
	if (fclose(comparison.what) != 0)
		r = -ENOMEM;
	change.what = what;
	if (r < 0 || comparison.n == 0) {
		change_done(&change);
		return r;
	}
	change.kind =
		comparison.cost == VTAP_COST_REPLACE ? VTAP_CHANGE_REPLACE : VTAP_CHANGE_IN_PLACE;
	change.why = why_changed(&comparison, place);
	if (change.kind == VTAP_CHANGE_REPLACE)
		(void)snprintf(
			change.lost_interface, sizeof(change.lost_interface), "%s", lost_interface);
	r = changes_add(changes, change);
	return r < 0 ? r : 1;
}

/* ---- sessions ---- */

static int session_add(struct vtap_changes *changes, const struct vtap_conf *old,
	const struct vtap_session *session)
{
	char where[64];
	bool is_shared = interface_is_used(old, session->interface);

	vtap_place_format(session->place, where, sizeof(where));
	return changes_add(
		changes, (struct vtap_change){
				 .kind = VTAP_CHANGE_ADD,
				 .name = strdup(session->name),
				 .what = vtap_text_format("%s %s", is_shared ? "show on" : "create",
					 session->interface),
				 .why = vtap_text_format("new session, %s", where),
			 });
}

/* Does an earlier change take that interface away already? It goes once. */
static bool interface_is_lost(const struct vtap_changes *changes, const char *interface)
{
	for (size_t i = 0; i < changes->n; i++)
		if (strcmp(changes->change[i].lost_interface, interface) == 0)
			return true;
	return false;
}

static int session_remove(struct vtap_changes *changes, const struct vtap_conf *new,
	const struct vtap_session *session)
{
	bool is_shared = interface_is_used(new, session->interface) ||
			 interface_is_lost(changes, session->interface);
	struct vtap_change change = {
		.kind = VTAP_CHANGE_REMOVE,
		.name = strdup(session->name),
		.what = vtap_text_format(
			"%s %s", is_shared ? "leave" : "remove", session->interface),
		.why = strdup("no longer configured"),
	};

	if (!is_shared)
		(void)snprintf(change.lost_interface, sizeof(change.lost_interface), "%s",
			session->interface);
	return changes_add(changes, change);
}

static bool vnis_are_equal(const struct vtap_session *a, const struct vtap_session *b)
{
	return a->is_any == b->is_any && a->n_vnis == b->n_vnis &&
	       (a->n_vnis == 0 || memcmp(a->vnis, b->vnis, a->n_vnis * sizeof(*a->vnis)) == 0);
}

/* The line to look at: that of the interface or of the VNIs where they changed. */
static struct vtap_place session_change_place(
	const struct vtap_session *before, const struct vtap_session *session)
{
	if (strcmp(before->interface, session->interface) != 0)
		return session->interface_place;
	return vnis_are_equal(before, session) ? session->place : session->vni_place;
}

static int session_compare(struct vtap_changes *changes, const struct vtap_conf *old,
	const struct vtap_conf *new, const struct vtap_session *session)
{
	const struct vtap_session *before = vtap_conf_find_session(old, session->name);
	const char *lost;
	int r;

	if (before == NULL)
		return session_add(changes, old, session);
	lost = interface_is_used(new, before->interface) ||
			       interface_is_lost(changes, before->interface)
		       ? ""
		       : before->interface;
	r = object_compare(changes, VTAP_SECTION_SESSION, strdup(session->name), old, before, new,
		session, session_change_place(before, session), lost);
	if (r == 0)
		changes->n_untouched++;
	return r < 0 ? r : 0;
}

static int sessions_compare(
	struct vtap_changes *changes, const struct vtap_conf *old, const struct vtap_conf *new)
{
	int r = 0;

	for (size_t i = 0; i < new->n_sessions &&r == 0; i++)
		r = session_compare(changes, old, new, &new->sessions[i]);
	for (size_t i = 0; i < old->n_sessions && r == 0; i++)
		if (vtap_conf_find_session(new, old->sessions[i].name) == NULL)
			r = session_remove(changes, new, &old->sessions[i]);
	return r;
}

/* ---- targets and the rest ---- */

static int target_appear(
	struct vtap_changes *changes, const struct vtap_target *target, bool is_new)
{
	char where[64];

	vtap_place_format(target->place, where, sizeof(where));
	return changes_add(
		changes, (struct vtap_change){
				 .kind = is_new ? VTAP_CHANGE_ADD : VTAP_CHANGE_REMOVE,
				 .name = vtap_text_format("target %s", target->name),
				 .what = vtap_text_format(
					 "%s UDP port %u", is_new ? "open" : "close", target->port),
				 .why = is_new ? vtap_text_format("new target, %s", where)
					       : strdup("no longer configured"),
			 });
}

static int targets_compare(
	struct vtap_changes *changes, const struct vtap_conf *old, const struct vtap_conf *new)
{
	int r = 0;

	for (size_t i = 0; i < new->n_targets &&r >= 0; i++) {
		const struct vtap_target *target = &new->targets[i];
		const struct vtap_target *before = vtap_conf_find_target(old, target->name);

		r = before == NULL ? target_appear(changes, target, true)
				   : object_compare(changes, VTAP_SECTION_TARGET,
					     vtap_text_format("target %s", target->name), old,
					     before, new, target, target->place, "");
	}
	for (size_t i = 0; i < old->n_targets && r >= 0; i++)
		if (vtap_conf_find_target(new, old->targets[i].name) == NULL)
			r = target_appear(changes, &old->targets[i], false);
	return r < 0 ? r : 0;
}

/* Sections that there is one of, which no interface depends on. */
static int settings_compare(
	struct vtap_changes *changes, const struct vtap_conf *old, const struct vtap_conf *new)
{
	int r = 0;

	for (int kind = VTAP_SECTION_DAEMON; kind <= VTAP_SECTION_METRICS && r >= 0; kind++) {
		enum vtap_section section = (enum vtap_section)kind;

		r = object_compare(changes, section, strdup(vtap_section_name(section)), old, NULL,
			new, NULL, (struct vtap_place){ 0 }, "");
	}
	return r;
}

int vtap_changes_find(
	const struct vtap_conf *old, const struct vtap_conf *new, struct vtap_changes *ret_changes)
{
	struct vtap_changes changes = { 0 };
	int r = settings_compare(&changes, old, new);

	if (r >= 0)
		r = targets_compare(&changes, old, new);
	if (r >= 0)
		r = sessions_compare(&changes, old, new);
	if (r < 0)
		vtap_changes_done(&changes);
	else
		*ret_changes = changes;
	return r < 0 ? r : 0;
}
