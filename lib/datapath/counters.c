// SPDX-License-Identifier: Apache-2.0
#include "datapath/counters.h"

#include <errno.h>

#include "datapath/sightings.h"

/* VNIs remembered by each worker. 450 bytes each; what does not fit is counted as forgotten. */
#define UNKNOWN_MAX 1024
#define CARRIED_MAX 4096

/* Sources outside `allow`, likewise: some are named to people, nobody counts them. */
#define REFUSED_MAX 16

int vtap_slot_init(struct vtap_slot *slot)
{
	int r = vtap_sightings_new(UNKNOWN_MAX, false, &slot->unknown);

	if (r == 0)
		r = vtap_sightings_new(CARRIED_MAX, true, &slot->carried);
	if (r == 0)
		r = vtap_sightings_new(REFUSED_MAX, false, &slot->refused);
	if (r < 0)
		vtap_slot_done(slot);
	return r;
}

void vtap_slot_done(struct vtap_slot *slot)
{
	vtap_sightings_free(slot->unknown);
	vtap_sightings_free(slot->carried);
	vtap_sightings_free(slot->refused);
	slot->unknown = slot->carried = slot->refused = NULL;
}

static uint64_t counter_read(const _Atomic uint64_t *counter)
{
	/* acquire: keeps the second look at the sequence number behind this one */
	return atomic_load_explicit(counter, memory_order_acquire);
}

void vtap_slot_add(const struct vtap_slot *slot, struct vtap_totals *totals)
{
	struct vtap_totals now;
	uint32_t before, after;

	do {
		before = atomic_load_explicit(&slot->seq, memory_order_acquire);
		now.received = counter_read(&slot->received);
		now.reserved_bits = counter_read(&slot->reserved_bits);
		now.unknown_bytes = counter_read(&slot->unknown_bytes);
		for (int i = 0; i < VTAP_VERDICT_COUNT; i++)
			now.verdicts[i] = counter_read(&slot->verdicts[i]);
		after = atomic_load_explicit(&slot->seq, memory_order_relaxed);
	} while (before != after ||
		 before % 2 != 0); /* the worker writes for some microseconds a batch */
	totals->received += now.received;
	totals->reserved_bits += now.reserved_bits;
	totals->unknown_bytes += now.unknown_bytes;
	for (int i = 0; i < VTAP_VERDICT_COUNT; i++)
		totals->verdicts[i] += now.verdicts[i];
}

static unsigned seen_find(const struct vtap_slot *slot, int interface_index)
{
	unsigned i = 0;

	/* relaxed: only the caller writes here */
	while (i < VTAP_SEEN_MAX &&
		interface_index !=
			atomic_load_explicit(&slot->seen_interface[i], memory_order_relaxed))
		i++;
	return i;
}

static unsigned seen_add(struct vtap_slot *slot, int interface_index)
{
	unsigned i = slot->i_seen_next;

	slot->i_seen_next = (i + 1) % VTAP_SEEN_MAX;
	/* release: as vtap_count() */
	atomic_store_explicit(&slot->seen_interface[i], interface_index, memory_order_release);
	atomic_store_explicit(&slot->seen_delivered[i], 0, memory_order_release);
	return i;
}

void vtap_slot_see(struct vtap_slot *slot, int interface_index, uint64_t n_delivered)
{
	unsigned i = slot->i_seen;

	if (interface_index <= 0)
		return; /* the kernel did not say */
	/* mostly it is the last one again; relaxed: only the caller writes here */
	if (interface_index !=
		atomic_load_explicit(&slot->seen_interface[i], memory_order_relaxed)) {
		i = seen_find(slot, interface_index);
		if (i == VTAP_SEEN_MAX)
			i = seen_add(slot, interface_index);
		slot->i_seen = i;
	}
	vtap_count(&slot->seen_delivered[i], n_delivered);
}

bool vtap_slot_seen(const struct vtap_slot *slot, unsigned i_row, int *ret_interface_index,
	uint64_t *ret_n_delivered)
{
	uint32_t before, after;
	uint64_t n_delivered;
	int interface_index;

	do {
		before = atomic_load_explicit(&slot->seq, memory_order_acquire);
		interface_index = atomic_load_explicit(
			&slot->seen_interface[i_row], memory_order_acquire); /* counter_read() */
		n_delivered = counter_read(&slot->seen_delivered[i_row]);
		after = atomic_load_explicit(&slot->seq, memory_order_relaxed);
	} while (before != after || before % 2 != 0); /* as in vtap_slot_add() */
	if (interface_index == 0)
		return false;
	*ret_interface_index = interface_index;
	*ret_n_delivered = n_delivered;
	return true;
}

int vtap_tally_new(uint32_t id, struct vtap_tally **ret_tally)
{
	struct vtap_tally *tally = aligned_alloc(VTAP_CACHE_LINE_BYTES, sizeof(*tally));

	if (tally == NULL)
		return -ENOMEM;
	*tally = (struct vtap_tally){ .n_refs = 1, .id = id };
	*ret_tally = tally;
	return 0;
}

struct vtap_tally *vtap_tally_ref(struct vtap_tally *tally)
{
	tally->n_refs++;
	return tally;
}

void vtap_tally_unref(struct vtap_tally *tally)
{
	if (tally != NULL && --tally->n_refs == 0)
		free(tally);
}

void vtap_tally_read(const struct vtap_tally *tally, struct vtap_session_totals *ret_totals)
{
	struct vtap_session_totals totals = { 0 };

	for (int i = 0; i < VTAP_SLOTS_COUNT; i++) {
		const struct vtap_cell *cell = &tally->cell[i];
		uint64_t last_ns = counter_read(&cell->last_ns);

		totals.verdicts[VTAP_VERDICT_DELIVERED] += counter_read(&cell->delivered);
		totals.verdicts[VTAP_VERDICT_INTERFACE_DOWN] += counter_read(&cell->down);
		totals.verdicts[VTAP_VERDICT_INTERFACE_GONE] += counter_read(&cell->gone);
		totals.verdicts[VTAP_VERDICT_WRITE_REFUSED] += counter_read(&cell->refused);
		totals.verdicts[VTAP_VERDICT_LOST_IN_HANDOVER] += counter_read(&cell->lost);
		totals.bytes += counter_read(&cell->bytes);
		totals.truncated += counter_read(&cell->truncated);
		if (last_ns > totals.last_ns)
			totals.last_ns = last_ns;
	}
	totals.delivered_fast = counter_read(&tally->cell[VTAP_SLOT_FAST].delivered);
	totals.verdicts[VTAP_VERDICT_DECAP_ERROR] = counter_read(&tally->decap_error);
	*ret_totals = totals;
}
