// SPDX-License-Identifier: Apache-2.0
/* Which VNIs were seen, from where, and who takes them or why nobody does. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "daemon/observe.h"
#include "datapath/sightings.h"

/* Rows of a report: a flood of VNIs is no reason to keep the main loop busy. */
#define ROWS_MAX 1000

/* ---- rows ---- */

static int row_add_source(struct vtap_report_vni *row, const struct vtap_addr *source)
{
	struct vtap_addr *grown;

	for (size_t i = 0; i < row->n_sources; i++)
		if (vtap_addr_compare(&row->sources[i], source) == 0)
			return 0;
	if (row->n_sources == VTAP_REPORT_SOURCES_MAX) {
		row->has_more_sources = true;
		return 0;
	}
	grown = reallocarray(row->sources, row->n_sources + 1, sizeof(*grown));
	if (grown == NULL)
		return -ENOMEM;
	row->sources = grown;
	grown[row->n_sources++] = *source;
	return 0;
}

static int row_merge(struct vtap_report_vni *row, const struct vtap_sighting *sighting)
{
	int r = 0;

	row->frames += sighting->frames;
	row->bytes += sighting->bytes;
	row->frames_per_second += sighting->frames_per_second;
	row->has_more_sources = row->has_more_sources || sighting->has_more_sources;
	if (row->first_mono_ns == 0 || sighting->first_ns < row->first_mono_ns)
		row->first_mono_ns = sighting->first_ns;
	if (sighting->last_ns > row->last_mono_ns)
		row->last_mono_ns = sighting->last_ns;
	for (unsigned i = 0; i < sighting->n_sources && r == 0; i++)
		r = row_add_source(row, &sighting->source[i]);
	return r;
}

/* One more row, merged with its equals later. */
static int vnis_add(struct vtap_report_vnis *vnis, const struct vtap_sighting *sighting,
	const char *target, enum vtap_verdict verdict)
{
	struct vtap_report_vni *grown;

	if ((vnis->n & (vnis->n - 1)) == 0) { /* 0 or a power of two: double */
		grown = reallocarray(vnis->row, vnis->n == 0 ? 1 : 2 * vnis->n, sizeof(*grown));
		if (grown == NULL)
			return -ENOMEM;
		vnis->row = grown;
	}
	vnis->row[vnis->n] = (struct vtap_report_vni){
		.vni = sighting->vni,
		.target = target,
		.verdict = verdict,
	};
	return row_merge(&vnis->row[vnis->n++], sighting);
}

static int identity_compare(const void *a, const void *b)
{
	const struct vtap_report_vni *left = a, *right = b;

	if (left->vni != right->vni)
		return left->vni < right->vni ? -1 : 1;
	if (left->verdict != right->verdict)
		return left->verdict < right->verdict ? -1 : 1;
	return strcmp(left->target, right->target);
}

/* Move what @from counted to @to, which is the same VNI seen by another worker. */
static int rows_join(struct vtap_report_vni *to, struct vtap_report_vni *from)
{
	int r = 0;

	to->frames += from->frames;
	to->bytes += from->bytes;
	to->frames_per_second += from->frames_per_second;
	to->has_more_sources = to->has_more_sources || from->has_more_sources;
	if (from->first_mono_ns < to->first_mono_ns)
		to->first_mono_ns = from->first_mono_ns;
	if (from->last_mono_ns > to->last_mono_ns)
		to->last_mono_ns = from->last_mono_ns;
	for (size_t i = 0; i < from->n_sources && r == 0; i++)
		r = row_add_source(to, &from->sources[i]);
	free(from->sources);
	from->sources = NULL;
	return r;
}

/* Rows of the same VNI, target and verdict become one. */
static int vnis_join(struct vtap_report_vnis *vnis)
{
	size_t n = 0;
	int r = 0;

	if (vnis->n > 1)
		qsort(vnis->row, vnis->n, sizeof(*vnis->row), identity_compare);
	for (size_t i = 0; i < vnis->n; i++) {
		if (n > 0 && r == 0 && identity_compare(&vnis->row[n - 1], &vnis->row[i]) == 0)
			r = rows_join(&vnis->row[n - 1], &vnis->row[i]);
		else
			vnis->row[n++] = vnis->row[i];
	}
	vnis->n = n;
	return r;
}

static int frames_compare(const void *a, const void *b)
{
	const struct vtap_report_vni *left = a, *right = b;

	if (left->frames != right->frames)
		return left->frames < right->frames ? 1 : -1;
	return (left->vni > right->vni) - (left->vni < right->vni);
}

/* Rows of one kind of sightings of one target; @owner 0: all, the owner being the verdict. */
static int target_sightings(const struct vtap_manager *manager, size_t i_target, uint32_t owner,
	struct vtap_report_vnis *vnis)
{
	const char *target = manager->conf->targets[i_target].name;
	uint64_t now_ns = vtap_clock_mono_ns();
	int r = 0;

	for (unsigned i = 0; i < VTAP_SLOTS_COUNT && r == 0; i++) {
		const struct vtap_slot *slot = vtap_intake_slot(manager->intake[i_target], i);
		const struct vtap_sightings *sightings = slot == NULL ? NULL
							 : owner == 0 ? slot->unknown
								      : slot->carried;

		if (sightings == NULL)
			continue;
		if (owner == 0)
			vnis->forgotten_frames += vtap_sightings_forgotten(sightings);
		for (uint32_t j = 0; j < vtap_sightings_size(sightings) && r == 0; j++) {
			struct vtap_sighting row;

			if (!vtap_sightings_get(sightings, slot, j, now_ns, &row) ||
				(owner != 0 && row.owner != owner))
				continue;
			r = vnis_add(vnis, &row, target,
				owner != 0 ? VTAP_VERDICT_DELIVERED : (enum vtap_verdict)row.owner);
		}
	}
	return r;
}

/* Joined, most frames first; what is beyond ROWS_MAX is only counted. */
static int vnis_finish(struct vtap_report_vnis *vnis)
{
	int r = vnis_join(vnis);

	if (vnis->n > 1)
		qsort(vnis->row, vnis->n, sizeof(*vnis->row), frames_compare);
	while (vnis->n > ROWS_MAX) {
		vnis->forgotten_frames += vnis->row[--vnis->n].frames;
		free(vnis->row[vnis->n].sources);
	}
	return r;
}

/* ---- those that a session carries ---- */

/* Nobody looks into the packets of a vxlan-mode session: all that it carries is its one VNI. */
static int kernel_carried(
	const struct vtap_manager *manager, size_t i_session, struct vtap_report_vnis *vnis)
{
	const struct vtap_session *session = &manager->conf->sessions[i_session];
	const struct vtap_run *run = &manager->runs.run[i_session];
	struct vtap_session_totals totals;

	vtap_tally_read(run->tally, &totals);
	if (session->n_vnis == 0 || totals.verdicts[VTAP_VERDICT_DELIVERED] == 0)
		return 0;
	vnis->row = calloc(1, sizeof(*vnis->row));
	if (vnis->row == NULL)
		return -ENOMEM;
	vnis->row[vnis->n++] = (struct vtap_report_vni){
		.vni = session->vnis[0].first,
		.verdict = VTAP_VERDICT_DELIVERED,
		.target = manager->conf->targets[session->i_target].name,
		.frames = totals.verdicts[VTAP_VERDICT_DELIVERED],
		.bytes = totals.bytes,
		.frames_per_second = run->frames_per_second,
		.has_more_sources = true, /* which, nobody tells */
		.last_mono_ns = totals.last_ns,
	};
	return 0;
}

int vtap_observe_carried(
	struct vtap_manager *manager, size_t i_session, struct vtap_report_vnis *ret_vnis)
{
	size_t i_target = manager->conf->sessions[i_session].i_target;
	struct vtap_report_vnis vnis = { 0 };
	int r;

	if (manager->conf->targets[i_target].mode == VTAP_MODE_VXLAN) {
		r = kernel_carried(manager, i_session, &vnis);
	} else {
		vtap_steering_flows(manager, vtap_clock_mono_ns());
		r = target_sightings(
			manager, i_target, manager->runs.run[i_session].tally->id, &vnis);
	}
	if (r == 0)
		r = vnis_finish(&vnis);
	if (r < 0)
		vtap_report_vnis_done(&vnis);
	else
		*ret_vnis = vnis;
	return r;
}

/* ---- those that nobody takes ---- */

static bool session_names(const struct vtap_session *session, uint32_t vni)
{
	for (size_t i = 0; i < session->n_vnis; i++)
		if (vtap_range_has(session->vnis[i], vni))
			return true;
	return false;
}

static char *why_source(const struct vtap_session *session, const char *before, const char *verb)
{
	_auto_free char *sources = vtap_prefixes_format(session->sources, session->n_sources);

	return sources == NULL ? NULL
			       : vtap_text_format("%s%s takes %s%s only", before, session->name,
					 verb, sources);
}

/* The session that takes this VNI from there, or NULL: by the published table, or where the kernel
 * takes it by itself by the configuration. */
static const char *taker_find(const struct vtap_manager *manager, size_t i_target, uint32_t vni,
	const struct vtap_addr *source)
{
	const struct vtap_table *table = vtap_intake_table(manager->intake[i_target]);
	const struct vtap_session *session;
	struct vtap_match match;

	if (manager->conf->targets[i_target].mode == VTAP_MODE_VXLAN) {
		session = vtap_conf_find_vni(manager->conf, i_target, vni, vtap_family_of(source));
		return session != NULL ? session->name : NULL;
	}
	if (table == NULL || !vtap_table_allows(table, source) ||
		vtap_table_match(table, vni, source, &match) != VTAP_VERDICT_DELIVERED)
		return NULL;
	return manager->table_conf->sessions[match.i_session].name;
}

char *vtap_observe_allowed(const struct vtap_target *target)
{
	_auto_free char *allow = vtap_prefixes_format(target->allow, target->n_allow);

	return vtap_text_format(
		"target %s allows %s only", target->name, allow != NULL ? allow : "others");
}

char *vtap_observe_why(
	const struct vtap_manager *manager, size_t i_target, uint32_t vni, enum vtap_family family)
{
	const struct vtap_session *any = NULL;

	if (manager->conf->targets[i_target].mode == VTAP_MODE_VXLAN)
		return vtap_text_format(
			"no session has this VNI in family = %s", vtap_family_name(family));
	for (size_t i = 0; i < manager->conf->n_sessions; i++) {
		const struct vtap_session *session = &manager->conf->sessions[i];
		if (session->i_target != i_target)
			continue;
		if (session_names(session, vni))
			return why_source(session, "session ", "");
		if (session->is_any)
			any = session;
	}
	if (any != NULL)
		return why_source(any, "no session has this VNI, and ", "any from ");
	return strdup("no session has this VNI");
}

/* The kernel's devices let everybody in. */
static bool is_allowed(
	const struct vtap_manager *manager, size_t i_target, const struct vtap_addr *source)
{
	const struct vtap_table *table = vtap_intake_table(manager->intake[i_target]);

	return manager->conf->targets[i_target].mode == VTAP_MODE_VXLAN || table == NULL ||
	       vtap_table_allows(table, source);
}

/* The first source that was seen and that nobody takes by now, or NULL. One that is allowed goes
 * before those that are not, which no session could take. */
static const struct vtap_addr *untaken_find(
	const struct vtap_manager *manager, size_t i_target, struct vtap_report_vni *row)
{
	const struct vtap_addr *untaken = NULL;
	const char *taker = NULL;

	for (size_t i = 0; i < row->n_sources && (untaken == NULL || row->is_kept_out); i++) {
		const char *name = taker_find(manager, i_target, row->vni, &row->sources[i]);
		bool is_let_in = is_allowed(manager, i_target, &row->sources[i]);

		taker = name != NULL ? name : taker;
		if (name != NULL || (untaken != NULL && !is_let_in))
			continue;
		untaken = &row->sources[i];
		row->is_kept_out = !is_let_in;
	}
	row->taken_by = untaken == NULL ? taker : NULL;
	return untaken;
}

/* Is it taken by now, from every source that was seen? If not: why. */
static int row_explain(
	const struct vtap_manager *manager, size_t i_target, struct vtap_report_vni *row)
{
	const struct vtap_addr *untaken = untaken_find(manager, i_target, row);

	if (row->taken_by != NULL)
		row->why = vtap_text_format("session %s takes it now", row->taken_by);
	else if (row->is_kept_out)
		row->why = vtap_observe_allowed(&manager->conf->targets[i_target]);
	else
		row->why = vtap_observe_why(manager, i_target, row->vni,
			untaken != NULL ? vtap_family_of(untaken) : VTAP_FAMILY_IPV4);
	return row->why == NULL ? -ENOMEM : 0;
}

static size_t target_find(const struct vtap_conf *conf, const char *name)
{
	return (size_t)(vtap_conf_find_target(conf, name) - conf->targets);
}

int vtap_observe_unknown(struct vtap_manager *manager, struct vtap_report_vnis *ret_vnis)
{
	struct vtap_report_vnis vnis = { 0 };
	int r = 0;

	for (size_t i = 0; i < manager->conf->n_targets && r == 0; i++)
		r = target_sightings(manager, i, 0, &vnis);
	if (r == 0)
		r = vnis_finish(&vnis);
	for (size_t i = 0; i < vnis.n && r == 0; i++) {
		struct vtap_report_vni *row = &vnis.row[i];

		r = row_explain(manager, target_find(manager->conf, row->target), row);
	}
	if (r < 0)
		vtap_report_vnis_done(&vnis);
	else
		*ret_vnis = vnis;
	return r;
}
