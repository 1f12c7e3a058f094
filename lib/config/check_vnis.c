// SPDX-License-Identifier: Apache-2.0
/*
 * Who gets a VNI. Match order: two sessions that could both match at one level (exact VNI,
 * range, any) with one source prefix are a mistake, because the order of files must not decide who
 * gets a frame. Everything that could match is written down as a claim; sorted by target, level and
 * prefix, two claims collide when they are neighbours whose VNIs overlap.
 */
#include <errno.h>

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

/* ---- claims ---- */

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

/* ---- collisions ---- */

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
	vtap_check_complain(diags, late->session, late->session->vni_place, "vni", vni, rule);
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
		vtap_check_complain(diags, pair.late, pair.late->vni_place, "vni", NULL,
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

/* ---- rows of the session table ---- */

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
		vtap_check_complain(diags, last, last->vni_place, "vni", NULL,
			"too many ranges with different sources overlap: the session table would "
			"have over 2,000,000 rows");
	return r;
}

/* ---- all ---- */

int vtap_check_vnis(
	const struct vtap_draft *draft, const struct vtap_conf *conf, struct vtap_diags *diags)
{
	_auto_free struct claim *claim = NULL;
	struct claims claims = { .draft = draft, .conf = conf };
	size_t n = 0;

	for (size_t i = 0; i < conf->n_sessions; i++) {
		n += session_n_claims(conf, &conf->sessions[i]);
		if (n <= CLAIMS_MAX)
			continue;
		vtap_check_complain(diags, &conf->sessions[i], conf->sessions[i].vni_place, "vni",
			NULL,
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
