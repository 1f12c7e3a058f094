// SPDX-License-Identifier: Apache-2.0
/*
 * What workers counted, kept beside what the fast path counts: both go on over a restart, or
 * neither. Their sum never falls then. Whoever takes the rate of a counter (Prometheus) takes one
 * that falls for one that began at 0, and all that a fast path ever carried for the frames of a
 * moment.
 *
 * How it works. Kept is what is told less what the next process finds in the slots by itself: so
 * what the fast path carried for sessions that are no longer configured, or that have moved to
 * another target since, goes on with the target, too. Such a difference may be below 0; it is taken
 * and added without regard to that, and the sums are right. Numbers are kept before they are told,
 * when they have changed, so that a process that is killed has told nothing that the next one does
 * not know. That one has them in a slot and in cells of their own.
 */
#include <assert.h>
#include <string.h>

#include "daemon/manager.h"
#include "daemon/steering_state.h"

/* Numbers of a session. Those of a target are its verdicts, and behind them the next ones. */
enum { KEPT_DELIVERED, KEPT_BYTES, KEPT_TRUNCATED, KEPT_DOWN, KEPT_GONE, KEPT_REFUSED };
enum {
	KEPT_RESERVED_BITS = VTAP_VERDICT_COUNT,
	KEPT_UNKNOWN_BYTES,
	KEPT_FAST, /* of the delivered: what the fast path carried for sessions that are gone */
	KEPT_COUNT
};

static_assert(KEPT_COUNT == VTAP_FAST_KEPT_MAX, "another layout has another VTAP_FAST_LAYOUT");

/* ---- of the process before us ---- */

static void session_recall(struct vtap_tally *tally, const struct vtap_fast_kept *kept)
{
	struct vtap_cell *cell = &tally->cell[VTAP_SLOT_FORMER];

	vtap_count_shared(&cell->delivered, kept->number[KEPT_DELIVERED]);
	vtap_count_shared(&cell->bytes, kept->number[KEPT_BYTES]);
	vtap_count_shared(&cell->truncated, kept->number[KEPT_TRUNCATED]);
	vtap_count_shared(&cell->down, kept->number[KEPT_DOWN]);
	vtap_count_shared(&cell->gone, kept->number[KEPT_GONE]);
	vtap_count_shared(&cell->refused, kept->number[KEPT_REFUSED]);
}

/* Of what was kept beyond what was @found to be. Less than nothing was, where a session had counted
 * for another target before: if it is configured no more, that fits no longer. */
static uint64_t kept_fit(uint64_t found, uint64_t kept)
{
	return (int64_t)(found + kept) < 0 ? 0 - found : kept;
}

static void target_recall(struct vtap_intake *intake, const struct vtap_fast_kept *kept)
{
	const struct vtap_slot *slot = vtap_intake_slot(intake, VTAP_SLOT_FAST);
	struct vtap_totals found = { 0 };
	struct vtap_totals former = { .unknown_bytes = kept->number[KEPT_UNKNOWN_BYTES] };
	uint64_t n_fast;

	if (slot != NULL)
		vtap_slot_add(slot, &found);
	n_fast = kept_fit(found.verdicts[VTAP_VERDICT_DELIVERED], kept->number[KEPT_FAST]);
	memcpy(former.verdicts, kept->number, sizeof(former.verdicts));
	former.verdicts[VTAP_VERDICT_DELIVERED] += n_fast - kept->number[KEPT_FAST];
	former.reserved_bits = kept_fit(found.reserved_bits, kept->number[KEPT_RESERVED_BITS]);
	for (int v = 0; v < VTAP_VERDICT_COUNT; v++) {
		former.verdicts[v] = kept_fit(found.verdicts[v], former.verdicts[v]);
		former.received += former.verdicts[v];
	}
	vtap_intake_recall(intake, &former, n_fast);
}

/* Return: is there anything? */
static bool kept_read(struct vtap_steering *steering, uint32_t i_slot)
{
	/* refused: it begins at 0 */
	return i_slot != 0 &&
	       vtap_fastpath_kept(steering->fastpath, i_slot, &steering->account[i_slot].kept) == 0;
}

void vtap_steering_recall(struct vtap_manager *manager)
{
	struct vtap_steering *steering = manager->steering;

	for (size_t i = 0; i < manager->conf->n_sessions; i++)
		if (kept_read(steering, steering->session_slot[i]))
			session_recall(manager->runs.run[i].tally,
				&steering->account[steering->session_slot[i]].kept);
	for (size_t i = 0; i < manager->conf->n_targets; i++)
		if (kept_read(steering, steering->target_slot[i]))
			target_recall(manager->intake[i],
				&steering->account[steering->target_slot[i]].kept);
}

/* ---- for the process after us ---- */

static void kept_write(
	struct vtap_steering *steering, uint32_t i_slot, const struct vtap_fast_kept *now)
{
	struct vtap_account *account = &steering->account[i_slot];

	if (memcmp(now, &account->kept, sizeof(*now)) == 0)
		return;
	/* refused: tried again with the next look */
	if (vtap_fastpath_keep(steering->fastpath, i_slot, now) == 0)
		account->kept = *now;
}

/* What the process after us finds in the slot by itself. */
static const struct vtap_fast_totals *taken_of(
	const struct vtap_steering *steering, uint32_t i_slot)
{
	return &steering->account[i_slot].taken;
}

static void session_keep(
	struct vtap_manager *manager, size_t i, const struct vtap_report_session *report)
{
	uint32_t i_slot = manager->steering->session_slot[i];
	const struct vtap_fast_totals *taken = taken_of(manager->steering, i_slot);
	const uint64_t *verdicts = report->verdicts;
	struct vtap_fast_kept now = { { 0 } };

	now.number[KEPT_DELIVERED] = verdicts[VTAP_VERDICT_DELIVERED] - taken->delivered;
	now.number[KEPT_BYTES] = report->bytes - taken->bytes;
	now.number[KEPT_TRUNCATED] = report->truncated - taken->truncated;
	now.number[KEPT_DOWN] = verdicts[VTAP_VERDICT_INTERFACE_DOWN];
	now.number[KEPT_GONE] = verdicts[VTAP_VERDICT_INTERFACE_GONE];
	now.number[KEPT_REFUSED] = verdicts[VTAP_VERDICT_WRITE_REFUSED];
	kept_write(manager->steering, i_slot, &now);
}

/* @sum: what is found of its sessions */
static void target_keep(struct vtap_manager *manager, size_t i,
	const struct vtap_report_target *report, const struct vtap_fast_totals *sum)
{
	uint32_t i_slot = manager->steering->target_slot[i];
	struct vtap_fast_kept now = { { 0 } };

	memcpy(now.number, report->verdicts, sizeof(report->verdicts));
	now.number[VTAP_VERDICT_DELIVERED] -= sum->delivered;
	now.number[VTAP_VERDICT_LOST_IN_HANDOVER] -= sum->lost;
	now.number[VTAP_VERDICT_NO_LISTENER] -= taken_of(manager->steering, i_slot)->no_listener;
	now.number[KEPT_RESERVED_BITS] = report->reserved_bits - sum->reserved_bits;
	now.number[KEPT_UNKNOWN_BYTES] = report->unknown_bytes;
	now.number[KEPT_FAST] = report->delivered_fast - sum->delivered;
	kept_write(manager->steering, i_slot, &now);
}

/* What is found of a session is its target's, too. */
static void found_add(struct vtap_fast_totals *sum, const struct vtap_fast_totals *taken)
{
	sum->delivered += taken->delivered;
	sum->lost += taken->lost;
	sum->reserved_bits += taken->reserved_bits;
}

void vtap_steering_keep(struct vtap_manager *manager, const struct vtap_snapshot *snapshot)
{
	struct vtap_steering *steering = manager->steering;
	_auto_free struct vtap_fast_totals *sum = NULL;

	if (steering->fastpath == NULL || !vtap_fastpath_is_pinned(steering->fastpath))
		return;
	sum = calloc(snapshot->n_targets + 1, sizeof(*sum));
	if (sum == NULL)
		return; /* kept with the next look */
	for (size_t i = 0; i < snapshot->n_sessions; i++) {
		uint32_t i_slot = steering->session_slot[i];

		if (i_slot == 0)
			continue;
		found_add(&sum[manager->conf->sessions[i].i_target], taken_of(steering, i_slot));
		session_keep(manager, i, &snapshot->sessions[i]);
	}
	for (size_t i = 0; i < snapshot->n_targets; i++)
		if (steering->target_slot[i] != 0)
			target_keep(manager, i, &snapshot->targets[i], &sum[i]);
}
