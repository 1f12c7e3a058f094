// SPDX-License-Identifier: Apache-2.0
/*
 * The rules between keys; those for who gets a VNI are in check_vnis.c, those of a mode in
 * check_modes.c.
 *
 * Values that the build refused are absent here, so that one mistake is not reported as two.
 */
#include <errno.h>
#include <fnmatch.h>
#include <string.h>

#include "config/draft.h"

void vtap_check_complain(struct vtap_diags *diags, const struct vtap_session *session,
	struct vtap_place place, const char *key, const char *value, const char *rule)
{
	char section[VTAP_SECTION_TEXT_MAX];

	(void)snprintf(section, sizeof(section), "session %s", session->name); /* sized for it */
	vtap_diags_add(diags, place, section, key, value, "%s", rule);
}

/* ---- interfaces ---- */

/* An array of pointers sorted by interface keeps this fast with thousands of sessions. */
static int interface_compare(const void *a, const void *b)
{
	const struct vtap_session *left = *(const struct vtap_session *const *)a;
	const struct vtap_session *right = *(const struct vtap_session *const *)b;
	int r = strcmp(left->interface, right->interface);

	return r != 0 ? r : (left > right) - (left < right);
}

static void check_shared_mtu(const struct vtap_session *first, const struct vtap_session *session,
	struct vtap_diags *diags)
{
	char rule[VTAP_DIAG_RULE_MAX], mtu[16], where[64];

	if (first->mtu_bytes == session->mtu_bytes || first->mtu_bytes == 0 ||
		session->mtu_bytes == 0) /* refused already */
		return;
	(void)snprintf(mtu, sizeof(mtu), "%u", session->mtu_bytes); /* sized for it */
	(void)snprintf(rule, sizeof(rule),                          /* cut is harmless */
		"session %s (%s) shares %s and gives it %u; they must agree", first->name,
		vtap_place_format(first->place, where, sizeof(where)), session->interface,
		first->mtu_bytes);
	vtap_check_complain(diags, session, session->place, "mtu", mtu, rule);
}

static bool places_are_equal(struct vtap_place a, struct vtap_place b)
{
	return a.file == b.file && a.line == b.line;
}

/* Of @n sessions that share an interface the last with the first. What [defaults] has several of
 * them share is one mistake. */
static void check_shared(const struct vtap_conf *conf, const struct vtap_session *const *sessions,
	size_t n, struct vtap_diags *diags)
{
	const struct vtap_session *first = sessions[0], *session = sessions[n - 1];
	char rule[VTAP_DIAG_RULE_MAX], where[64];
	bool is_vxlan = vtap_session_is_vxlan(conf, session);

	if (!is_vxlan && !vtap_session_is_vxlan(conf, first)) {
		check_shared_mtu(first, session, diags);
		return;
	}
	if (n > 2 && places_are_equal(sessions[n - 2]->interface_place, session->interface_place))
		return;
	(void)snprintf(rule, sizeof(rule), /* cut is harmless */
		"session %s has it too (%s), and a vxlan device belongs to one; give target %s "
		"mode = tap, or each session an interface of its own",
		first->name, vtap_place_format(first->interface_place, where, sizeof(where)),
		conf->targets[(is_vxlan ? session : first)->i_target].name);
	vtap_check_complain(
		diags, session, session->interface_place, "interface", session->interface, rule);
}

static int check_interfaces(const struct vtap_conf *conf, struct vtap_diags *diags)
{
	_auto_free const struct vtap_session **by_name =
		calloc(conf->n_sessions + 1, sizeof(*by_name));
	size_t i_first = 0;

	if (by_name == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < conf->n_sessions; i++)
		by_name[i] = &conf->sessions[i];
	qsort(by_name, conf->n_sessions, sizeof(*by_name), interface_compare);
	for (size_t i = 1; i < conf->n_sessions; i++) {
		if (strcmp(by_name[i]->interface, by_name[i_first]->interface) != 0 ||
			by_name[i]->interface[0] == '\0')
			i_first = i;
		else
			check_shared(conf, &by_name[i_first], i - i_first + 1, diags);
	}
	return 0;
}

/* A tap interface cannot be where the encapsulated packets come in. */
static void check_underlay_clash(
	const struct vtap_conf *conf, const struct vtap_session *session, struct vtap_diags *diags)
{
	char rule[VTAP_DIAG_RULE_MAX];

	for (size_t i = 0; i < conf->n_targets; i++) {
		const struct vtap_target *target = &conf->targets[i];

		for (size_t j = 0; j < target->n_underlays; j++) {
			if (vtap_conf_is_glob(target->underlays[j]) ||
				strcmp(target->underlays[j], session->interface) != 0)
				continue;
			(void)snprintf(rule, sizeof(rule), /* cut is harmless */
				"target %s has this as an underlay", target->name);
			vtap_check_complain(diags, session, session->interface_place, "interface",
				session->interface, rule);
		}
	}
}

/* ---- ports ---- */

/* May one interface have both names? Of two globs only those that begin differently are known not
 * to meet. */
static bool names_overlap(const char *a, const char *b)
{
	size_t a_len = strcspn(a, VTAP_GLOB_BYTES), b_len = strcspn(b, VTAP_GLOB_BYTES);

	if (vtap_conf_is_glob(a) && vtap_conf_is_glob(b))
		return strncmp(a, b, a_len < b_len ? a_len : b_len) == 0;
	return fnmatch(a, b, 0) == 0 || fnmatch(b, a, 0) == 0;
}

/** struct meeting - underlays of two targets that may be one interface; NULL: `auto` is all */
struct meeting {
	const char *a, *b;
};

static bool underlays_meet(
	const struct vtap_target *a, const struct vtap_target *b, struct meeting *ret_meeting)
{
	*ret_meeting = (struct meeting){ 0 };
	if (a->n_underlays == 0 || b->n_underlays == 0)
		return true;
	for (size_t i = 0; i < a->n_underlays; i++)
		for (size_t j = 0; j < b->n_underlays; j++) {
			if (!names_overlap(a->underlays[i], b->underlays[j]))
				continue;
			*ret_meeting = (struct meeting){ a->underlays[i], b->underlays[j] };
			return true;
		}
	return false;
}

/* The kernel opens the port of its vxlan devices on every interface. */
static bool ports_meet(
	const struct vtap_target *a, const struct vtap_target *b, struct meeting *ret_meeting)
{
	if (a->port != b->port || a->port == 0)
		return false;
	return underlays_meet(a, b, ret_meeting) || a->mode == VTAP_MODE_VXLAN ||
	       b->mode == VTAP_MODE_VXLAN;
}

static void complain_port(const struct vtap_target *target, const struct vtap_target *other,
	const struct meeting *meeting, struct vtap_diags *diags)
{
	char section[VTAP_SECTION_TEXT_MAX], port[8], where[64];

	(void)snprintf(section, sizeof(section), "target %s", target->name); /* fits */
	(void)snprintf(port, sizeof(port), "%u", target->port);              /* fits */
	vtap_place_format(other->place, where, sizeof(where));
	if (target->mode == VTAP_MODE_VXLAN || other->mode == VTAP_MODE_VXLAN)
		vtap_diags_add(diags, target->place, section, "port", port,
			"target %s (%s) has it, and mode = vxlan takes a port on every interface; "
			"give one of them another port",
			other->name, where);
	else if (meeting->a != NULL && vtap_conf_is_glob(meeting->a) &&
		 vtap_conf_is_glob(meeting->b))
		vtap_diags_add(diags, target->place, section, "port", port,
			"target %s (%s) has it, and one interface could be both %s and %s; globs "
			"on one port must begin differently",
			other->name, where, meeting->a, meeting->b);
	else
		vtap_diags_add(diags, target->place, section, "port", port,
			"target %s (%s) has it on an underlay that both name; give each its own "
			"underlay",
			other->name, where);
}

/* Every underlay that is named needs its workers. */
static void check_workers(const struct vtap_conf *conf, struct vtap_diags *diags)
{
	char section[VTAP_SECTION_TEXT_MAX], workers[16];

	for (size_t i = 0; i < conf->n_targets; i++) {
		const struct vtap_target *target = &conf->targets[i];
		unsigned each = target->workers != VTAP_AUTO ? target->workers : 1;

		if (target->mode == VTAP_MODE_VXLAN ||
			each * target->n_underlays <= VTAP_WORKERS_MAX)
			continue;
		(void)snprintf(section, sizeof(section), "target %s", target->name); /* fits */
		(void)snprintf(workers, sizeof(workers), "%u", each);
		vtap_diags_add(diags, target->place, section, "workers", workers,
			"for each of %zu underlays; a target has at most %d in all",
			target->n_underlays, VTAP_WORKERS_MAX);
	}
}

static void check_ports(const struct vtap_conf *conf, struct vtap_diags *diags)
{
	struct meeting meeting;

	for (size_t i = 1; i < conf->n_targets; i++) {
		const struct vtap_target *target = &conf->targets[i];

		for (size_t j = 0; j < i; j++) {
			const struct vtap_target *other = &conf->targets[j];

			if (!ports_meet(target, other, &meeting))
				continue;
			complain_port(target, other, &meeting, diags);
			break;
		}
	}
}

/* ---- TCP: health and metrics ---- */

static bool addr_is_wildcard(const struct vtap_addr *addr, const struct vtap_addr *other)
{
	const struct vtap_addr every = { 0 };
	const struct vtap_addr every_v4 = vtap_addr_from_v4((struct in_addr){ 0 });

	return vtap_addr_compare(addr, &every) == 0 ||
	       (vtap_addr_compare(addr, &every_v4) == 0 && vtap_addr_is_v4(other));
}

static bool listens_overlap(const struct vtap_listen *a, const struct vtap_listen *b)
{
	return a->port == b->port && (vtap_addr_compare(&a->addr, &b->addr) == 0 ||
					     addr_is_wildcard(&a->addr, &b->addr) ||
					     addr_is_wildcard(&b->addr, &a->addr));
}

static struct vtap_place listen_place(
	const struct vtap_draft *draft, enum vtap_section section, struct vtap_place otherwise)
{
	return vtap_draft_place(vtap_draft_find(draft, section, ""), "listen", otherwise);
}

static void check_listen_address(
	const struct vtap_draft *draft, const struct vtap_conf *conf, struct vtap_diags *diags)
{
	const struct vtap_place nowhere = { 0 };
	struct vtap_place metrics_place = listen_place(draft, VTAP_SECTION_METRICS, nowhere);
	char where[64], value[VTAP_LISTEN_TEXT_MAX];

	if (listens_overlap(&conf->health.listen, &conf->metrics))
		vtap_diags_add(diags, listen_place(draft, VTAP_SECTION_HEALTH, nowhere), "health",
			"listen", vtap_value_format_listen(&conf->health.listen, value),
			"[metrics] listens there too (%s); give one of them another port",
			vtap_place_format(metrics_place, where, sizeof(where)));
}

/* `auto` takes the TCP port of each target, on every address. */
static void check_listen_auto(
	const struct vtap_draft *draft, const struct vtap_conf *conf, struct vtap_diags *diags)
{
	char where[64], value[VTAP_LISTEN_TEXT_MAX];

	for (size_t i = 0; i < conf->n_targets; i++) {
		const struct vtap_target *target = &conf->targets[i];

		if (target->port != conf->metrics.port)
			continue;
		vtap_diags_add(diags, listen_place(draft, VTAP_SECTION_METRICS, target->place),
			"metrics", "listen", vtap_value_format_listen(&conf->metrics, value),
			"health is answered on TCP %u, the port of target %s (%s); choose another "
			"port",
			target->port, target->name,
			vtap_place_format(target->place, where, sizeof(where)));
		return;
	}
}

static void check_listens(
	const struct vtap_draft *draft, const struct vtap_conf *conf, struct vtap_diags *diags)
{
	if (conf->metrics.kind != VTAP_LISTEN_ADDRESS)
		return;
	if (conf->health.listen.kind == VTAP_LISTEN_ADDRESS)
		check_listen_address(draft, conf, diags);
	if (conf->health.listen.kind == VTAP_LISTEN_AUTO)
		check_listen_auto(draft, conf, diags);
}

/* ---- all ---- */

static void check_numbers(const struct vtap_conf *conf, struct vtap_diags *diags)
{
	if (conf->n_sessions > VTAP_SESSIONS_MAX)
		vtap_check_complain(diags, &conf->sessions[VTAP_SESSIONS_MAX],
			conf->sessions[VTAP_SESSIONS_MAX].place, "", NULL,
			"more than 10,000 sessions");
}

int vtap_check(
	const struct vtap_draft *draft, const struct vtap_conf *conf, struct vtap_diags *diags)
{
	int r;

	check_numbers(conf, diags);
	r = vtap_check_modes(draft, conf, diags);
	if (r < 0)
		return r;
	check_ports(conf, diags);
	check_workers(conf, diags);
	check_listens(draft, conf, diags);
	for (size_t i = 0; i < conf->n_sessions; i++)
		check_underlay_clash(conf, &conf->sessions[i], diags);
	r = check_interfaces(conf, diags);
	return r < 0 ? r : vtap_check_vnis(draft, conf, diags);
}
