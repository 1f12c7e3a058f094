// SPDX-License-Identifier: Apache-2.0
/*
 * What workers counted, kept beside what the fast path counts: both go on over a restart, or
 * neither. Their sum never falls then. Whoever takes the rate of a counter (Prometheus) takes one
 * that falls for one that began at 0, and all that a fast path ever carried for the frames of a
 * moment.
 *
 * How it works. Numbers are kept before they are told, when they have changed, so that a process
 * that is killed has told nothing that the next one does not know. That one has them in a slot and
 * in cells of their own.
 */
#include <assert.h>
#include <string.h>

#include "daemon/manager.h"
#include "daemon/steering_state.h"

/* Numbers of a session. Those of a target are its verdicts, and behind them the next two. */
enum { KEPT_DELIVERED, KEPT_BYTES, KEPT_TRUNCATED, KEPT_DOWN, KEPT_GONE, KEPT_REFUSED };
enum { KEPT_RESERVED_BITS = VTAP_VERDICT_COUNT, KEPT_UNKNOWN_BYTES, KEPT_COUNT };

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

static void target_recall(struct vtap_intake *intake, const struct vtap_fast_kept *kept)
{
	struct vtap_totals former = {
		.reserved_bits = kept->number[KEPT_RESERVED_BITS],
		.unknown_bytes = kept->number[KEPT_UNKNOWN_BYTES],
	};

	for (int v = 0; v < VTAP_VERDICT_COUNT; v++) {
		former.verdicts[v] = kept->number[v];
		former.received += kept->number[v];
	}
	vtap_intake_recall(intake, &former);
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

static uint64_t counter_read(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed); /* this thread writes it */
}

/* All that is told but for what the fast path counted itself. */
static void session_keep(
	struct vtap_manager *manager, size_t i, const struct vtap_report_session *report)
{
	const struct vtap_cell *fast = &manager->runs.run[i].tally->cell[VTAP_SLOT_FAST];
	const uint64_t *verdicts = report->verdicts;
	const struct vtap_fast_kept
		now = { .number = {
				[KEPT_DELIVERED] =
					verdicts[VTAP_VERDICT_DELIVERED] - report->delivered_fast,
				[KEPT_BYTES] = report->bytes - counter_read(&fast->bytes),
				[KEPT_TRUNCATED] =
					report->truncated - counter_read(&fast->truncated),
				[KEPT_DOWN] = verdicts[VTAP_VERDICT_INTERFACE_DOWN],
				[KEPT_GONE] = verdicts[VTAP_VERDICT_INTERFACE_GONE],
				[KEPT_REFUSED] = verdicts[VTAP_VERDICT_WRITE_REFUSED],
			} };

	kept_write(manager->steering, manager->steering->session_slot[i], &now);
}

static void target_keep(
	struct vtap_manager *manager, size_t i, const struct vtap_report_target *report)
{
	const struct vtap_slot *slot = vtap_intake_slot(manager->intake[i], VTAP_SLOT_FAST);
	struct vtap_totals fast = { 0 };
	struct vtap_fast_kept now = { { 0 } };

	if (slot != NULL)
		vtap_slot_add(slot, &fast);
	for (int v = 0; v < VTAP_VERDICT_COUNT; v++)
		now.number[v] = report->verdicts[v] - fast.verdicts[v];
	now.number[KEPT_RESERVED_BITS] = report->reserved_bits - fast.reserved_bits;
	now.number[KEPT_UNKNOWN_BYTES] = report->unknown_bytes - fast.unknown_bytes;
	kept_write(manager->steering, manager->steering->target_slot[i], &now);
}

void vtap_steering_keep(struct vtap_manager *manager, const struct vtap_snapshot *snapshot)
{
	struct vtap_steering *steering = manager->steering;

	if (steering->fastpath == NULL || !vtap_fastpath_is_pinned(steering->fastpath))
		return;
	for (size_t i = 0; i < snapshot->n_sessions; i++)
		if (steering->session_slot[i] != 0)
			session_keep(manager, i, &snapshot->sessions[i]);
	for (size_t i = 0; i < snapshot->n_targets; i++)
		if (steering->target_slot[i] != 0)
			target_keep(manager, i, &snapshot->targets[i]);
}
