// SPDX-License-Identifier: Apache-2.0
/*
 * The rules between keys. Match order: two sessions that could both match at one level (exact VNI,
 * range, any) with one source prefix are a mistake, because the order of files must not decide who
 * gets a frame. Everything that could match is written down as a claim; sorted by target, level and
 * prefix, two claims collide when they are neighbours whose VNIs overlap.
 *
 * Values that the build refused are absent here, so that one mistake is not reported as two.
 */
#include <errno.h>
#include <fnmatch.h>
#include <string.h>

#include "config/draft.h"

/* Claims of a whole configuration: VNIs times sources, summed. 24 bytes each, and a row of the
 * session table for each; beyond this somebody expanded a list that should have been a range. */
#define CLAIMS_MAX 500000

/* Rows of the session table for ranges that overlap, after they were cut at each other's ends; half
 * of what the table takes (datapath/table.c). */
#define RANGE_ROWS_MAX 2000000

/* Collisions that are listed: whoever has more made one mistake, not hundreds, and looking through
 * those that were listed for each claim would take seconds. */
#define COLLISIONS_MAX 200

enum level {
	LEVEL_VNI,
	LEVEL_RANGE,
	LEVEL_ANY,
};

struct claim {
	const struct vtap_session *session;
	struct vtap_prefix source;
	struct vtap_range vni;
	enum level level;
};

struct claims {
	const struct vtap_draft *draft;
	const struct vtap_conf *conf;
	struct claim *claim;
	size_t n;
};

static void complain(struct vtap_diags *diags, const struct vtap_session *session,
	struct vtap_place place, const char *key, const char *value, const char *rule)
{
	char section[VTAP_SECTION_TEXT_MAX];

	(void)snprintf(section, sizeof(section), "session %s", session->name); /* sized for it */
	vtap_diags_add(diags, place, section, key, value, "%s", rule);
}

/* ---- who gets a VNI ---- */

static int claim_compare(const void *a, const void *b)
{
	const struct claim *left = a, *right = b;
	int r;

	if (left->session->i_target != right->session->i_target)
		return left->session->i_target < right->session->i_target ? -1 : 1;
	if (left->session->family != right->session->family)
		return left->session->family < right->session->family ? -1 : 1;
	if (left->level != right->level)
		return left->level < right->level ? -1 : 1;
	if (left->source.len != right->source.len)
		return left->source.len < right->source.len ? -1 : 1;
	r = vtap_addr_compare(&left->source.addr, &right->source.addr);
	if (r != 0)
		return r;
	if (left->vni.first != right->vni.first)
		return left->vni.first < right->vni.first ? -1 : 1;
	return (left->session > right->session) - (left->session < right->session);
}

/* In mode vxlan one VNI may have a device for each family. A TAP shows both, and has the first. */
static bool claims_share_group(const struct claim *a, const struct claim *b)
{
	return a->session->i_target == b->session->i_target &&
	       a->session->family == b->session->family && a->level == b->level &&
	       vtap_prefix_equal(&a->source, &b->source);
}

/* Sources in mode vxlan are a mistake of their own: the VNI is claimed whole. */
static size_t session_n_sources(const struct vtap_conf *conf, const struct vtap_session *session)
{
	return vtap_session_is_vxlan(conf, session) ? 0 : session->n_sources;
}

static void claims_add_sources(struct claims *claims, const struct vtap_session *session,
	struct vtap_range vni, enum level level)
{
	struct claim claim = { .session = session, .vni = vni, .level = level };
	size_t n_sources = session_n_sources(claims->conf, session);

	claim.source = VTAP_PREFIX_ANY;
	if (n_sources == 0)
		claims->claim[claims->n++] = claim;
	for (size_t i = 0; i < n_sources; i++) {
		claim.source = session->sources[i];
		claims->claim[claims->n++] = claim;
	}
}

static size_t session_n_claims(const struct vtap_conf *conf, const struct vtap_session *session)
{
	size_t n_sources = session_n_sources(conf, session);

	if (session->i_target == VTAP_TARGET_NONE || session->is_claim_refused)
		return 0;
	if (vtap_session_is_vxlan(conf, session) && !vtap_session_is_one_vni(session))
		return 0; /* which one is to be its VNI is not known */
	return (session->n_vnis + session->is_any) * (n_sources > 0 ? n_sources : 1);
}

static void claims_add(struct claims *claims, const struct vtap_session *session)
{
	for (size_t i = 0; i < session->n_vnis; i++) {
		struct vtap_range vni = session->vnis[i];

		claims_add_sources(
			claims, session, vni, vni.first == vni.last ? LEVEL_VNI : LEVEL_RANGE);
	}
	if (session->is_any)
		claims_add_sources(
			claims, session, (struct vtap_range){ 0, VTAP_CONF_VNI_MAX }, LEVEL_ANY);
}

static void range_format(struct vtap_range range, enum level level, char *ret_text, size_t size)
{
	if (level == LEVEL_ANY)
		(void)snprintf(ret_text, size, "any"); /* of this and the others: sized for it */
	else if (range.first == range.last)
		(void)snprintf(ret_text, size, "%u", range.first);
	else
		(void)snprintf(ret_text, size, "%u-%u", range.first, range.last);
}

static bool session_is_later(const struct vtap_session *a, const struct vtap_session *b)
{
	return a > b; /* sessions stand in one array, in the order of the files */
}

/* Twins of two families, as mode vxlan has them. In [defaults] the key says nothing for a TAP. */
static bool has_family(const struct vtap_draft *draft, const struct vtap_session *session)
{
	const struct vtap_place nowhere = { 0 };

	return vtap_draft_place(vtap_draft_find(draft, VTAP_SECTION_SESSION, session->name),
		       "family", nowhere)
		       .line != 0;
}

static void claims_collide(const struct claims *claims, const struct claim *a,
	const struct claim *b, struct vtap_diags *diags)
{
	const struct claim *late = session_is_later(a->session, b->session) ? a : b;
	const struct claim *early = late == a ? b : a;
	char vni[32], where[64], rule[VTAP_DIAG_RULE_MAX], source[VTAP_ADDR_TEXT_MAX];

	range_format(late->vni, late->level, vni, sizeof(vni));
	vtap_prefix_format(&late->source, source);
	if (late->session == early->session)
		(void)snprintf(
			rule, sizeof(rule), "given twice in this session"); /* sized for it */
	else if (vtap_session_is_vxlan(claims->conf, late->session))
		(void)snprintf(rule, sizeof(rule), /* cut is harmless */
			"session %s claims it too (%s), and a vxlan device has a VNI for itself; "
			"give one of them another, or family = %s",
			early->session->name,
			vtap_place_format(early->session->vni_place, where, sizeof(where)),
			vtap_family_name(late->session->family == VTAP_FAMILY_IPV4
						 ? VTAP_FAMILY_IPV6
						 : VTAP_FAMILY_IPV4));
	else if (has_family(claims->draft, late->session) ||
		 has_family(claims->draft, early->session))
		(void)snprintf(rule, sizeof(rule), /* cut is harmless */
			"session %s claims it too (%s), and a tap session shows both families; "
			"delete one of them",
			early->session->name,
			vtap_place_format(early->session->vni_place, where, sizeof(where)));
	else if (late->source.len == 0)
		(void)snprintf(rule, sizeof(rule), /* cut is harmless */
			"session %s claims it too (%s); give one of them a source",
			early->session->name,
			vtap_place_format(early->session->vni_place, where, sizeof(where)));
	else
		(void)snprintf(rule, sizeof(rule), /* cut is harmless */
			"session %s claims it too (%s), also from %s", early->session->name,
			vtap_place_format(early->session->vni_place, where, sizeof(where)), source);
	complain(diags, late->session, late->session->vni_place, "vni", vni, rule);
}

/** struct pair - two sessions that collide */
struct pair {
	const struct vtap_session *late, *early;
};

/** struct pairs - those that were listed: one line for two sessions that collide in many VNIs */
struct pairs {
	struct pair pair[COLLISIONS_MAX];
	size_t n;
};

static bool pairs_have(const struct pairs *pairs, struct pair pair)
{
	for (size_t i = pairs->n; i > 0; i--) /* the last one is the likeliest */
		if (pairs->pair[i - 1].late == pair.late &&
			(pairs->pair[i - 1].early == pair.early || pair.late == pair.early))
			return true;
	return false;
}

/* Return: may more be listed? */
static bool pairs_note(const struct claims *claims, struct pairs *pairs, const struct claim *a,
	const struct claim *b, struct vtap_diags *diags)
{
	bool is_a_late = session_is_later(a->session, b->session);
	struct pair pair = {
		.late = is_a_late ? a->session : b->session,
		.early = is_a_late ? b->session : a->session,
	};

	if (pairs_have(pairs, pair))
		return true;
	if (pairs->n == COLLISIONS_MAX) {
		complain(diags, pair.late, pair.late->vni_place, "vni", NULL,
			"more sessions claim what others claim too; only the first collisions are "
			"listed");
		return false;
	}
	pairs->pair[pairs->n++] = pair;
	claims_collide(claims, a, b, diags);
	return true;
}

static void claims_compare_all(const struct claims *claims, struct vtap_diags *diags)
{
	struct pairs pairs = { 0 };
	bool has_room = true;
	const struct claim *widest =
		NULL; /* of this group, the claim that reaches furthest so far */

	for (size_t i = 0; i < claims->n && has_room; i++) {
		const struct claim *claim = &claims->claim[i];

		if (widest == NULL || !claims_share_group(widest, claim)) {
			widest = claim;
			continue;
		}
		if (vtap_range_overlaps(widest->vni, claim->vni))
			has_room = pairs_note(claims, &pairs, widest, claim, diags);
		if (claim->vni.last > widest->vni.last)
			widest = claim;
	}
}

/* Where ranges begin and end: a step up or down in how many of them hold. */
struct edge {
	size_t i_target;
	uint32_t vni;
	int change;
};

static int edge_compare(const void *a, const void *b)
{
	const struct edge *left = a, *right = b;

	if (left->i_target != right->i_target)
		return left->i_target < right->i_target ? -1 : 1;
	return (left->vni > right->vni) - (left->vni < right->vni);
}

/* Rows that the session table needs for its ranges: between two edges each range that holds has
 * one. */
static int count_range_rows(const struct claims *claims, uint64_t *ret_n)
{
	_auto_free struct edge *edge = calloc(2 * claims->n + 1, sizeof(*edge));
	uint64_t n_rows = 0, n_holding = 0;
	size_t n = 0;

	if (edge == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < claims->n; i++) {
		const struct claim *claim = &claims->claim[i];

		if (claim->level != LEVEL_RANGE)
			continue;
		edge[n++] = (struct edge){ claim->session->i_target, claim->vni.first, 1 };
		edge[n++] = (struct edge){ claim->session->i_target, claim->vni.last + 1, -1 };
	}
	qsort(edge, n, sizeof(*edge), edge_compare);
	for (size_t i = 0; i < n; i++) {
		n_holding += (uint64_t)(int64_t)edge[i].change;
		if (i + 1 == n || edge_compare(&edge[i], &edge[i + 1]) != 0)
			n_rows += n_holding;
	}
	*ret_n = n_rows;
	return 0;
}

static int check_range_rows(
	const struct vtap_conf *conf, const struct claims *claims, struct vtap_diags *diags)
{
	const struct vtap_session *last = &conf->sessions[conf->n_sessions - 1];
	uint64_t n_rows = 0;
	int r = count_range_rows(claims, &n_rows);

	if (r == 0 && n_rows > RANGE_ROWS_MAX)
		complain(diags, last, last->vni_place, "vni", NULL,
			"too many ranges with different sources overlap: the session table would "
			"have over 2,000,000 rows");
	return r;
}

static int check_claims(
	const struct vtap_draft *draft, const struct vtap_conf *conf, struct vtap_diags *diags)
{
	_auto_free struct claim *claim = NULL;
	struct claims claims = { .draft = draft, .conf = conf };
	size_t n = 0;

	for (size_t i = 0; i < conf->n_sessions; i++) {
		n += session_n_claims(conf, &conf->sessions[i]);
		if (n <= CLAIMS_MAX)
			continue;
		complain(diags, &conf->sessions[i], conf->sessions[i].vni_place, "vni", NULL,
			"more than 500,000 combinations of VNI and source; use ranges or shorter "
			"prefixes");
		return 0;
	}
	if (n == 0)
		return 0;
	claims.claim = claim = calloc(n, sizeof(*claim));
	if (claim == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < conf->n_sessions; i++)
		if (session_n_claims(conf, &conf->sessions[i]) > 0)
			claims_add(&claims, &conf->sessions[i]);
	qsort(claim, claims.n, sizeof(*claim), claim_compare);
	claims_compare_all(&claims, diags);
	return check_range_rows(conf, &claims, diags);
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
	complain(diags, session, session->place, "mtu", mtu, rule);
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
	complain(diags, session, session->interface_place, "interface", session->interface, rule);
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
			complain(diags, session, session->interface_place, "interface",
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

static void check_numbers(const struct vtap_conf *conf, struct vtap_diags *diags)
{
	if (conf->n_sessions > VTAP_SESSIONS_MAX)
		complain(diags, &conf->sessions[VTAP_SESSIONS_MAX],
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
	return r < 0 ? r : check_claims(draft, conf, diags);
}
