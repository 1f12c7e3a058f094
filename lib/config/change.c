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

/* ---- interfaces ---- */

/* The first of the sessions that have it, or NULL. */
static const struct vtap_session *interface_user(
	const struct vtap_conf *conf, const char *interface)
{
	for (size_t i = 0; i < conf->n_sessions; i++)
		if (strcmp(conf->sessions[i].interface, interface) == 0)
			return &conf->sessions[i];
	return NULL;
}

static const struct vtap_target *target_of(
	const struct vtap_conf *conf, const struct vtap_session *session)
{
	return &conf->targets[session->i_target];
}

static bool vnis_are_equal(const struct vtap_session *a, const struct vtap_session *b)
{
	return a->is_any == b->is_any && a->n_vnis == b->n_vnis &&
	       (a->n_vnis == 0 || memcmp(a->vnis, b->vnis, a->n_vnis * sizeof(*a->vnis)) == 0);
}

/* Can a device go on when its session has the other target? A TAP does not know of ports. */
static bool targets_are_alike(const struct vtap_target *a, const struct vtap_target *b)
{
	return a->mode == b->mode && (a->mode == VTAP_MODE_TAP || a->port == b->port);
}

/* Is what has that name before and after the same device? A vxlan device keeps its VNI, port and
 * family for life. */
static bool interface_goes_on(
	const struct vtap_conf *old, const struct vtap_conf *new, const char *interface)
{
	const struct vtap_session *before = interface_user(old, interface);
	const struct vtap_session *after = interface_user(new, interface);

	if (before == NULL || after == NULL ||
		!targets_are_alike(target_of(old, before), target_of(new, after)))
		return false;
	return target_of(new, after)->mode == VTAP_MODE_TAP ||
	       (vnis_are_equal(before, after) && before->family == after->family);
}

/* Does an earlier change take that interface away already? It goes once. */
static bool interface_is_lost(const struct vtap_changes *changes, const char *interface)
{
	for (size_t i = 0; i < changes->n; i++)
		if (strcmp(changes->change[i].lost_interface, interface) == 0)
			return true;
	return false;
}

/* ---- one pair of objects, compared key by key ---- */

/** struct pair - a section before and after */
struct pair {
	enum vtap_section section;
	const struct vtap_conf *old, *new;
	const void *before, *after; /* the objects, or NULL where the section has none */
	enum vtap_mode mode;        /* whose costs these are */
	struct vtap_place place;    /* the line to look at */
	const char *interface;      /* that the session had before, or NULL */
	const char *made_anew;      /* an interface that goes for a new one of its name, or NULL */
	const char *reason;         /* why an interface goes, whatever its keys say, or NULL */
};

struct comparison {
	FILE *what;
	const char *only_key; /* the key that changed, when it is one */
	unsigned n;
	enum vtap_cost cost;
};

/* What another target costs lies in its mode and port (struct pair), not in its name. */
static enum vtap_cost key_cost(const struct vtap_key *key, const struct pair *pair)
{
	if (pair->section == VTAP_SECTION_SESSION && strcmp(key->name, "target") == 0)
		return VTAP_COST_LIVE;
	return key->cost[pair->mode];
}

static int key_compare(
	const struct vtap_key *key, const struct pair *pair, struct comparison *comparison)
{
	_auto_free char *before = key->format(pair->old, pair->before);
	_auto_free char *after = key->format(pair->new, pair->after);
	enum vtap_cost cost = key_cost(key, pair);

	if (before == NULL || after == NULL)
		return -ENOMEM;
	if (strcmp(before, after) == 0)
		return 0;
	if (key->fallback != NULL && (before[0] == '\0' || after[0] == '\0'))
		return 0; /* of the two modes one does not ask for it */
	if (comparison->n++ > 0)
		(void)fputs(", ", comparison->what); /* of this and the next fclose tells */
	if (strcmp(key->name, "interface") == 0)
		(void)fprintf(comparison->what, "%s -> %s", before, after);
	else
		(void)fprintf(comparison->what, "%s %s -> %s", key->name,
			before[0] != '\0' ? before : "none", after[0] != '\0' ? after : "none");
	comparison->only_key = comparison->n == 1 ? key->name : NULL;
	if (cost > comparison->cost)
		comparison->cost = cost;
	return 0;
}

static int section_compare(const struct pair *pair, struct comparison *comparison)
{
	const struct vtap_key *key;
	int r = 0;

	if (pair->reason != NULL)
		comparison->cost = VTAP_COST_REPLACE;
	if (pair->made_anew != NULL) {
		(void)fprintf(comparison->what, "%s is made anew", pair->made_anew); /* fclose tells
										      */
		comparison->n++;
	}
	for (size_t i = 0; r == 0 && (key = vtap_schema_key(i)) != NULL; i++)
		if (key->section == pair->section)
			r = key_compare(key, pair, comparison);
	return r;
}

/* ---- ports ---- */

static bool is_on_port(const struct vtap_conf *conf, const struct vtap_session *session,
	uint16_t port, enum vtap_family family)
{
	return target_of(conf, session)->mode == VTAP_MODE_VXLAN &&
	       target_of(conf, session)->port == port && session->family == family;
}

/* The first of the sessions whose vxlan devices have the port of that family, or NULL. */
static const struct vtap_session *port_user(
	const struct vtap_conf *conf, uint16_t port, enum vtap_family family)
{
	for (size_t i = 0; i < conf->n_sessions; i++)
		if (is_on_port(conf, &conf->sessions[i], port, family))
			return &conf->sessions[i];
	return NULL;
}

/* A vxlan device has its port for one family. With the last session of one its target loses half of
 * the port, or all of it, though its own section says the same: "; IPv4 packets to ..." Of several
 * sessions the first one tells. @ret_text: "" otherwise. */
static void port_loss_format(const struct vtap_conf *old, const struct vtap_conf *new,
	const struct vtap_session *before, char *ret_text, size_t size)
{
	const struct vtap_target *target = target_of(old, before);
	const struct vtap_target *after = vtap_conf_find_target(new, target->name);

	ret_text[0] = '\0';
	if (target->mode != VTAP_MODE_VXLAN || after == NULL || after->mode != target->mode ||
		after->port != target->port ||
		port_user(old, target->port, before->family) != before ||
		port_user(new, target->port, before->family) != NULL)
		return;
	(void)snprintf(ret_text, size,
		"; %s packets to UDP port %u are refused from then on", /* fits */
		before->family == VTAP_FAMILY_IPV6 ? "IPv6" : "IPv4", target->port);
}

/** PORT_LOSS_MAX - bytes of that sentence */
#define PORT_LOSS_MAX 80

/* "sockets open anew; packets to the old port are refused from then on" */
static char *why_port(const struct pair *pair, const char *what)
{
	uint16_t port = ((const struct vtap_target *)pair->before)->port;
	const char *taker = NULL;

	for (size_t i = 0; i < pair->new->n_targets &&taker == NULL; i++)
		if (pair->new->targets[i].port == port)
			taker = pair->new->targets[i].name;
	return vtap_text_format("%s; packets to the old port are %s%s from then on", what,
		taker != NULL ? "for target " : "refused", taker != NULL ? taker : "");
}

/* ---- reasons ---- */

/* @reason: taken. "mode changed, vtapd.conf:3"; a default has no line. */
static char *reason_place(char *reason, const struct vtap_place place)
{
	_auto_free char *owned = reason;
	char where[64];

	if (reason == NULL)
		return NULL;
	if (place.line == 0)
		return vtap_steal(&owned);
	return vtap_text_format("%s, %s", reason, vtap_place_format(place, where, sizeof(where)));
}

/* Of a target whose interfaces are all made anew. */
static char *reason_target(const struct pair *pair)
{
	const struct vtap_target *before = pair->before, *after = pair->after;

	if (before->port != after->port)
		return why_port(pair, "its interfaces are made anew (sensors lose their handles)");
	return vtap_text_format("its interfaces are made anew (sensors lose their handles); while "
				"UDP port %u changes hands packets are lost, or answered with ICMP",
		after->port);
}

static char *why_changed(const struct pair *pair, const struct comparison *comparison)
{
	char loss[PORT_LOSS_MAX] = "";
	char *reason;

	if (pair->section == VTAP_SECTION_SESSION)
		port_loss_format(pair->old, pair->new, pair->before, loss, sizeof(loss));
	if (comparison->cost == VTAP_COST_PORT)
		reason = why_port(pair, "sockets open anew");
	else if (comparison->cost != VTAP_COST_REPLACE)
		reason = strdup("in place, no frame lost");
	else if (pair->section == VTAP_SECTION_TARGET)
		reason = reason_target(pair);
	else if (pair->reason != NULL)
		reason = vtap_text_format("%s%s", pair->reason, loss);
	else
		reason = vtap_text_format("%s%schanged%s",
			comparison->only_key != NULL ? comparison->only_key : "",
			comparison->only_key != NULL ? " " : "", loss);
	return reason_place(reason, pair->place);
}

/* Which interface goes away with a change that is not added yet. */
static void change_note_loss(
	struct vtap_change *change, const struct vtap_changes *changes, const struct pair *pair)
{
	if (change->kind != VTAP_CHANGE_REPLACE || pair->interface == NULL ||
		interface_goes_on(pair->old, pair->new, pair->interface) ||
		interface_is_lost(changes, pair->interface))
		return;
	(void)snprintf(change->lost_interface, sizeof(change->lost_interface), "%s",
		pair->interface); /* same size */
}

/* @name is taken. Adds a change, or nothing when the objects are equal. Return: 1 if added, 0,
 * -ENOMEM. */
static int object_compare(struct vtap_changes *changes, const struct pair *pair, char *name)
{
	struct comparison comparison = { .cost = VTAP_COST_LIVE };
	struct vtap_change change = {
		.is_of_session = pair->section == VTAP_SECTION_SESSION,
		.name = name,
	};
	char *what = NULL;
	size_t size;
	int r;

	comparison.what = open_memstream(&what, &size);
	if (comparison.what == NULL) {
		free(name);
		return -ENOMEM;
	}
	r = section_compare(pair, &comparison);
	if (fclose(comparison.what) != 0)
		r = -ENOMEM;
	change.what = what;
	if (r < 0 || comparison.n == 0) {
		change_done(&change);
		return r;
	}
	change.kind =
		comparison.cost == VTAP_COST_REPLACE ? VTAP_CHANGE_REPLACE : VTAP_CHANGE_IN_PLACE;
	change.why = why_changed(pair, &comparison);
	change_note_loss(&change, changes, pair);
	r = changes_add(changes, change);
	return r < 0 ? r : 1;
}

/* ---- sessions ---- */

static int session_add(struct vtap_changes *changes, const struct vtap_conf *old,
	const struct vtap_conf *new, const struct vtap_session *session)
{
	char where[64];
	bool is_shared = interface_goes_on(old, new, session->interface);

	vtap_place_format(session->place, where, sizeof(where));
	return changes_add(
		changes, (struct vtap_change){
				 .kind = VTAP_CHANGE_ADD,
				 .is_of_session = true,
				 .name = strdup(session->name),
				 .what = vtap_text_format("%s %s", is_shared ? "show on" : "create",
					 session->interface),
				 .why = vtap_text_format("new session, %s", where),
			 });
}

static int session_remove(struct vtap_changes *changes, const struct vtap_conf *old,
	const struct vtap_conf *new, const struct vtap_session *session)
{
	bool is_shared = interface_goes_on(old, new, session->interface) ||
			 interface_is_lost(changes, session->interface);
	char loss[PORT_LOSS_MAX];
	struct vtap_change change = {
		.kind = VTAP_CHANGE_REMOVE,
		.is_of_session = true,
		.name = strdup(session->name),
		.what = vtap_text_format(
			"%s %s", is_shared ? "leave" : "remove", session->interface),
	};

	port_loss_format(old, new, session, loss, sizeof(loss));
	change.why = vtap_text_format("no longer configured%s", loss);
	if (!is_shared)
		(void)snprintf(change.lost_interface, sizeof(change.lost_interface), "%s",
			session->interface);
	return changes_add(changes, change);
}

/* The line to look at: that of the interface or of the VNIs where they changed. */
static struct vtap_place session_change_place(
	const struct vtap_session *before, const struct vtap_session *session)
{
	if (strcmp(before->interface, session->interface) != 0)
		return session->interface_place;
	return vnis_are_equal(before, session) ? session->place : session->vni_place;
}

/* What the targets before and after mean for the interface. */
static void pair_note_targets(struct pair *pair, const struct vtap_session *old_session,
	const struct vtap_session *session)
{
	const struct vtap_target *before = target_of(pair->old, old_session);
	const struct vtap_target *after = target_of(pair->new, session);

	if (targets_are_alike(before, after))
		return;
	if (strcmp(old_session->interface, session->interface) == 0)
		pair->made_anew = session->interface;
	pair->reason = "target changed";
	if (strcmp(before->name, after->name) != 0)
		return;
	pair->reason = before->mode != after->mode ? "mode changed" : "port changed";
	pair->place = after->place;
}

static int session_compare(struct vtap_changes *changes, const struct vtap_conf *old,
	const struct vtap_conf *new, const struct vtap_session *session)
{
	const struct vtap_session *before = vtap_conf_find_session(old, session->name);
	struct pair pair = {
		.section = VTAP_SECTION_SESSION,
		.old = old,
		.new = new,
		.before = before,
		.after = session,
		.mode = target_of(new, session)->mode,
	};
	int r;

	if (before == NULL)
		return session_add(changes, old, new, session);
	pair.place = session_change_place(before, session);
	pair.interface = before->interface;
	pair_note_targets(&pair, before, session);
	r = object_compare(changes, &pair, strdup(session->name));
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
			r = session_remove(changes, old, new, &old->sessions[i]);
	return r;
}

/* ---- targets and the rest ---- */

/* What opens the port in mode vxlan are the devices of sessions. */
static const char *target_deed(const struct vtap_conf *conf, const struct vtap_target *target)
{
	for (size_t i = 0; i < conf->n_sessions; i++)
		if (target_of(conf, &conf->sessions[i]) == target)
			return "open";
	return target->mode == VTAP_MODE_VXLAN ? "without a session for" : "open";
}

/* @conf: that has the target */
static int target_appear(struct vtap_changes *changes, const struct vtap_conf *conf,
	const struct vtap_target *target, bool is_new)
{
	char where[64];

	vtap_place_format(target->place, where, sizeof(where));
	return changes_add(changes,
		(struct vtap_change){
			.kind = is_new ? VTAP_CHANGE_ADD : VTAP_CHANGE_REMOVE,
			.name = vtap_text_format("target %s", target->name),
			.what = vtap_text_format("%s UDP port %u",
				is_new ? target_deed(conf, target) : "close", target->port),
			.why = is_new ? vtap_text_format("new target, %s", where)
				      : strdup("no longer configured"),
		});
}

static int target_compare(struct vtap_changes *changes, const struct vtap_conf *old,
	const struct vtap_conf *new, const struct vtap_target *target)
{
	struct pair pair = {
		.section = VTAP_SECTION_TARGET,
		.old = old,
		.new = new,
		.before = vtap_conf_find_target(old, target->name),
		.after = target,
		.mode = target->mode,
		.place = target->place,
	};

	if (pair.before == NULL)
		return target_appear(changes, new, target, true);
	return object_compare(changes, &pair, vtap_text_format("target %s", target->name));
}

static int targets_compare(
	struct vtap_changes *changes, const struct vtap_conf *old, const struct vtap_conf *new)
{
	int r = 0;

	for (size_t i = 0; i < new->n_targets &&r >= 0; i++)
		r = target_compare(changes, old, new, &new->targets[i]);
	for (size_t i = 0; i < old->n_targets && r >= 0; i++)
		if (vtap_conf_find_target(new, old->targets[i].name) == NULL)
			r = target_appear(changes, old, &old->targets[i], false);
	return r < 0 ? r : 0;
}

/* Sections that there is one of, which no interface depends on. */
static int settings_compare(
	struct vtap_changes *changes, const struct vtap_conf *old, const struct vtap_conf *new)
{
	int r = 0;

	for (int kind = VTAP_SECTION_DAEMON; kind <= VTAP_SECTION_METRICS && r >= 0; kind++) {
		struct pair pair = { .section = (enum vtap_section)kind, .old = old, .new = new };

		r = object_compare(changes, &pair, strdup(vtap_section_name(pair.section)));
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
