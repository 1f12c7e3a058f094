// SPDX-License-Identifier: Apache-2.0
#include "datapath/counters.h"

#include <errno.h>

#include "datapath/sightings.h"

/* VNIs remembered by each worker. 330 bytes each; what does not fit is counted as forgotten. */
#define UNKNOWN_MAX 1024
#define CARRIED_MAX 4096

int vtap_slot_init(struct vtap_slot *slot)
{
	int r = vtap_sightings_new(UNKNOWN_MAX, &slot->unknown);

	if (r == 0)
		r = vtap_sightings_new(CARRIED_MAX, &slot->carried);
	if (r < 0)
		vtap_slot_done(slot);
	return r;
}

void vtap_slot_done(struct vtap_slot *slot)
{
	vtap_sightings_free(slot->unknown);
	vtap_sightings_free(slot->carried);
	slot->unknown = slot->carried = NULL;
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
		for (int i = 0; i < VTAP_VERDICT_COUNT; i++)
			now.verdicts[i] = counter_read(&slot->verdicts[i]);
		after = atomic_load_explicit(&slot->seq, memory_order_relaxed);
	} while (before != after ||
		 before % 2 != 0); /* the worker writes for some microseconds a batch */
	totals->received += now.received;
	totals->reserved_bits += now.reserved_bits;
	for (int i = 0; i < VTAP_VERDICT_COUNT; i++)
		totals->verdicts[i] += now.verdicts[i];
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

	for (int i = 0; i < VTAP_SLOTS_MAX; i++) {
		const struct vtap_cell *cell = &tally->cell[i];
		uint64_t last_ns = counter_read(&cell->last_ns);

		totals.verdicts[VTAP_VERDICT_DELIVERED] += counter_read(&cell->delivered);
		totals.verdicts[VTAP_VERDICT_INTERFACE_DOWN] += counter_read(&cell->down);
		totals.verdicts[VTAP_VERDICT_INTERFACE_GONE] += counter_read(&cell->gone);
		totals.verdicts[VTAP_VERDICT_WRITE_REFUSED] += counter_read(&cell->refused);
		totals.bytes += counter_read(&cell->bytes);
		if (last_ns > totals.last_ns)
			totals.last_ns = last_ns;
	}
	*ret_totals = totals;
}
