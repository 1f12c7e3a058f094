// SPDX-License-Identifier: Apache-2.0
#include "daemon/sources.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/pace.h"
#include "daemon/manager.h"
#include "datapath/sightings.h"

/* That fit on a line of the configuration with its 200 bytes, those of IPv6 too. */
#define PREFIXES_MAX 7

/* Between two looks, and longer where one takes long. */
#define PAUSE_NS    VTAP_NS_PER_S
#define PAUSE_TIMES 100

void vtap_sources_follow(struct vtap_manager *manager)
{
	free(manager->sources);
	manager->sources = calloc(manager->conf->n_targets + 1, sizeof(*manager->sources));
}

/* ---- who sends what is delivered ---- */

/* This host's own: nobody mirrors from there. A test of the installation does send. */
static bool is_loopback(const struct vtap_prefix *prefix)
{
	static const struct vtap_prefix V4 = { /* 127.0.0.0/8 */
		.addr.byte = { [10] = 0xff, [11] = 0xff, [12] = 127 },
		.len = VTAP_PREFIX_V4_BITS + 8
	};
	static const struct vtap_prefix V6 = { .addr.byte = { [15] = 1 }, .len = 128 };

	return vtap_prefix_has(&V4, &prefix->addr) || vtap_prefix_has(&V6, &prefix->addr);
}

/* Return: is it contained now, or needs not be? */
static bool source_add(struct vtap_sources *sources, const struct vtap_prefix *prefix)
{
	return is_loopback(prefix) || vtap_cover_add(&sources->cover, PREFIXES_MAX, prefix);
}

/* @is_whole: nothing is missing in it. */
static void networks_add(
	struct vtap_sources *sources, const struct vtap_cover *networks, bool is_whole)
{
	for (size_t i = 0; i < networks->n; i++)
		is_whole &= source_add(sources, &networks->prefix[i]);
	sources->is_cut = sources->is_cut || !is_whole;
}

static void row_add(struct vtap_sources *sources, const struct vtap_sighting *row)
{
	bool fits = true;

	for (unsigned i = 0; i < row->n_sources; i++)
		fits &= source_add(
			sources, &(struct vtap_prefix){ .addr = row->source[i], .len = 128 });
	networks_add(sources, &row->more, fits && !row->is_scattered);
}

static void slot_gather(struct vtap_sources *sources, const struct vtap_slot *slot, uint64_t now_ns)
{
	struct vtap_sighting row;
	struct vtap_cover gone;
	bool is_whole;

	for (uint32_t i = 0; i < vtap_sightings_size(slot->carried); i++)
		if (vtap_sightings_get(slot->carried, slot, i, now_ns, &row))
			row_add(sources, &row);
	is_whole = vtap_sightings_gone(slot->carried, slot, &gone);
	networks_add(sources, &gone, is_whole);
}

static void sources_gather(
	struct vtap_sources *sources, const struct vtap_intake *intake, uint64_t now_ns)
{
	uint64_t begun_ns = vtap_clock_mono_ns();

	sources->cover.n = 0;
	sources->is_cut = false;
	for (unsigned i = 0; i < VTAP_SLOTS_COUNT; i++) {
		const struct vtap_slot *slot = vtap_intake_slot(intake, i);

		if (slot != NULL)
			slot_gather(sources, slot, now_ns);
	}
	vtap_cover_tidy(&sources->cover);
	sources->due_ns =
		vtap_pace_next(now_ns, vtap_clock_mono_ns() - begun_ns, PAUSE_TIMES, PAUSE_NS);
}

static int seen_fill(const struct vtap_sources *sources, struct vtap_report_target *report)
{
	report->seen_is_cut = sources->is_cut;
	if (sources->cover.n == 0)
		return 0;
	report->seen = calloc(sources->cover.n, sizeof(*report->seen));
	if (report->seen == NULL)
		return -ENOMEM;
	memcpy(report->seen, sources->cover.prefix, sources->cover.n * sizeof(*report->seen));
	report->n_seen = sources->cover.n;
	return 0;
}

/* ---- what nobody takes ---- */

/** struct vnis - of unknown VNIs that came of late; one may be there for each worker */
struct vnis {
	uint32_t *vni;
	size_t n;
	bool has_more; /* than are remembered */
};

static int vnis_add(
	struct vnis *vnis, const struct vtap_slot *slot, uint64_t since_ns, uint64_t now_ns)
{
	uint32_t n_rows = vtap_sightings_size(slot->unknown);
	uint32_t *grown = reallocarray(vnis->vni, vnis->n + n_rows, sizeof(*grown));
	struct vtap_sighting row;

	if (grown == NULL)
		return -ENOMEM;
	vnis->vni = grown;
	for (uint32_t i = 0; i < n_rows; i++)
		if (vtap_sightings_get(slot->unknown, slot, i, now_ns, &row) &&
			row.owner == VTAP_VERDICT_UNKNOWN_VNI && row.last_ns >= since_ns)
			vnis->vni[vnis->n++] = row.vni;
	vnis->has_more = vnis->has_more || vtap_sightings_forgotten(slot->unknown) > 0;
	return 0;
}

static int vni_compare(const void *a, const void *b)
{
	const uint32_t *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

static void vnis_keep(struct vnis *vnis, struct vtap_sources *sources)
{
	size_t n = 0;

	if (vnis->n > 1)
		qsort(vnis->vni, vnis->n, sizeof(*vnis->vni), vni_compare);
	for (size_t i = 0; i < vnis->n; i++) {
		if (i > 0 && vnis->vni[i] == vnis->vni[i - 1])
			continue;
		if (n < VTAP_REPORT_VNIS_NAMED)
			sources->unknown[n] = vnis->vni[i];
		n++;
	}
	sources->n_unknown = n;
	sources->has_more_unknown = vnis->has_more;
}

static int unknown_gather(struct vtap_sources *sources, const struct vtap_intake *intake,
	uint64_t since_ns, uint64_t now_ns)
{
	uint64_t begun_ns = vtap_clock_mono_ns();
	struct vnis vnis = { .n = 0 };
	int r = 0;

	for (unsigned i = 0; i < VTAP_SLOTS_COUNT && r == 0; i++) {
		const struct vtap_slot *slot = vtap_intake_slot(intake, i);

		if (slot != NULL)
			r = vnis_add(&vnis, slot, since_ns, now_ns);
	}
	if (r == 0) {
		vnis_keep(&vnis, sources);
		sources->unknown_due_ns = vtap_pace_next(
			now_ns, vtap_clock_mono_ns() - begun_ns, PAUSE_TIMES, PAUSE_NS);
	}
	free(vnis.vni);
	return r;
}

/* Whoever sends them chooses how many there are. */
static int unknown_fill(struct vtap_sources *sources, const struct vtap_intake *intake,
	uint64_t now_ns, struct vtap_report_target *report)
{
	const struct vtap_report_trend *trend = &report->trends[VTAP_VERDICT_UNKNOWN_VNI];
	int r = 0;

	if (trend->recent == 0) {
		sources->unknown_due_ns = 0; /* what is known is of those that came before */
		return 0;
	}
	/* it was seen to rise up to a second after it did */
	if (now_ns >= sources->unknown_due_ns)
		r = unknown_gather(
			sources, intake, trend->since_mono_ns - 2 * VTAP_NS_PER_S, now_ns);
	if (r < 0)
		return r;
	memcpy(report->unknown_vnis, sources->unknown, sizeof(report->unknown_vnis));
	report->n_unknown_vnis = sources->n_unknown;
	report->has_more_unknown_vnis = sources->has_more_unknown;
	return 0;
}

/* ---- who is kept out ---- */

static void kept_out_look(
	const struct vtap_slot *slot, uint64_t now_ns, struct vtap_report_kept_out *kept_out)
{
	struct vtap_sighting row;

	for (uint32_t i = 0; i < vtap_sightings_size(slot->unknown); i++)
		if (vtap_sightings_get(slot->unknown, slot, i, now_ns, &row) &&
			row.owner == VTAP_VERDICT_UNKNOWN_SOURCE && row.n_sources > 0 &&
			row.last_ns >= kept_out->last_mono_ns)
			*kept_out = (struct vtap_report_kept_out){ .is_known = true,
				.vni = row.vni,
				.source = row.source[row.n_sources - 1],
				.last_mono_ns = row.last_ns };
}

static void kept_out_gather(
	struct vtap_sources *sources, const struct vtap_intake *intake, uint64_t now_ns)
{
	uint64_t begun_ns = vtap_clock_mono_ns();

	for (unsigned i = 0; i < VTAP_SLOTS_COUNT; i++) {
		const struct vtap_slot *slot = vtap_intake_slot(intake, i);

		if (slot != NULL)
			kept_out_look(slot, now_ns, &sources->kept_out);
	}
	sources->kept_out_due_ns =
		vtap_pace_next(now_ns, vtap_clock_mono_ns() - begun_ns, PAUSE_TIMES, PAUSE_NS);
}

static void kept_out_fill(struct vtap_sources *sources, const struct vtap_intake *intake,
	uint64_t now_ns, struct vtap_report_target *report)
{
	if (report->trends[VTAP_VERDICT_UNKNOWN_SOURCE].recent == 0) {
		sources->kept_out_due_ns = 0; /* what is known is of one that came before */
		return;
	}
	if (now_ns >= sources->kept_out_due_ns)
		kept_out_gather(sources, intake, now_ns);
	report->kept_out = sources->kept_out;
}

/* ---- who is outside `allow` ---- */

/** struct refusals - of late, by source; one may be there for each worker */
struct refusals {
	struct vtap_sighting *row;
	size_t n;
	bool has_more; /* than are remembered */
};

static int refusals_add(
	struct refusals *refusals, const struct vtap_slot *slot, uint64_t since_ns, uint64_t now_ns)
{
	uint32_t n_rows = vtap_sightings_size(slot->refused);
	struct vtap_sighting *grown =
		reallocarray(refusals->row, refusals->n + n_rows, sizeof(*grown));

	if (grown == NULL)
		return -ENOMEM;
	refusals->row = grown;
	for (uint32_t i = 0; i < n_rows; i++)
		if (vtap_sightings_get(
			    slot->refused, slot, i, now_ns, &refusals->row[refusals->n]) &&
			refusals->row[refusals->n].last_ns >= since_ns)
			refusals->n++;
	refusals->has_more = refusals->has_more || vtap_sightings_forgotten(slot->refused) > 0;
	return 0;
}

static int source_compare(const void *a, const void *b)
{
	const struct vtap_sighting *left = a, *right = b;

	return vtap_addr_compare(&left->source[0], &right->source[0]);
}

static int most_compare(const void *a, const void *b)
{
	const struct vtap_sighting *left = a, *right = b;

	if (left->frames != right->frames)
		return left->frames < right->frames ? 1 : -1;
	return source_compare(a, b);
}

/* Rows of one source become one; who sent most is the first. */
static void refusals_join(struct refusals *refusals)
{
	size_t n = 0;

	if (refusals->n == 0)
		return;
	qsort(refusals->row, refusals->n, sizeof(*refusals->row), source_compare);
	for (size_t i = 1; i < refusals->n; i++) {
		if (source_compare(&refusals->row[n], &refusals->row[i]) == 0)
			refusals->row[n].frames += refusals->row[i].frames;
		else
			refusals->row[++n] = refusals->row[i];
	}
	refusals->n = n + 1;
	qsort(refusals->row, refusals->n, sizeof(*refusals->row), most_compare);
}

static void refusals_keep(const struct refusals *refusals, struct vtap_report_refused *refused)
{
	*refused = (struct vtap_report_refused){
		.n = refusals->n,
		.has_more = refusals->has_more,
	};
	for (size_t i = 0; i < refusals->n && i < VTAP_REPORT_REFUSED_NAMED; i++)
		refused->source[i] = refusals->row[i].source[0];
}

static int refused_gather(struct vtap_sources *sources, const struct vtap_intake *intake,
	uint64_t since_ns, uint64_t now_ns)
{
	uint64_t begun_ns = vtap_clock_mono_ns();
	struct refusals refusals = { .n = 0 };
	int r = 0;

	for (unsigned i = 0; i < VTAP_SLOTS_COUNT && r == 0; i++) {
		const struct vtap_slot *slot = vtap_intake_slot(intake, i);

		if (slot != NULL)
			r = refusals_add(&refusals, slot, since_ns, now_ns);
	}
	if (r == 0) {
		refusals_join(&refusals);
		refusals_keep(&refusals, &sources->refused);
		sources->refused_due_ns = vtap_pace_next(
			now_ns, vtap_clock_mono_ns() - begun_ns, PAUSE_TIMES, PAUSE_NS);
	}
	free(refusals.row);
	return r;
}

static int refused_fill(struct vtap_sources *sources, const struct vtap_intake *intake,
	uint64_t now_ns, struct vtap_report_target *report)
{
	const struct vtap_report_trend *trend = &report->trends[VTAP_VERDICT_NOT_ALLOWED];
	int r = 0;

	if (trend->recent == 0) {
		sources->refused_due_ns = 0; /* what is known is of those that came before */
		return 0;
	}
	/* it was seen to rise up to a second after it did */
	if (now_ns >= sources->refused_due_ns)
		r = refused_gather(
			sources, intake, trend->since_mono_ns - 2 * VTAP_NS_PER_S, now_ns);
	report->refused = sources->refused;
	return r;
}

int vtap_sources_fill(struct vtap_manager *manager, size_t i_target, uint64_t now_ns,
	struct vtap_report_target *report)
{
	const struct vtap_intake *intake = manager->intake[i_target];
	struct vtap_sources *sources =
		manager->sources != NULL ? &manager->sources[i_target] : NULL;
	int r;

	if (sources == NULL)
		return 0;
	kept_out_fill(sources, intake, now_ns, report);
	r = unknown_fill(sources, intake, now_ns, report);
	if (r == 0)
		r = refused_fill(sources, intake, now_ns, report);
	if (r < 0 || report->target->n_allow > 0)
		return r;
	if (now_ns >= sources->due_ns)
		sources_gather(sources, intake, now_ns);
	return seen_fill(sources, report);
}
