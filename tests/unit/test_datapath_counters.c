// SPDX-License-Identifier: Apache-2.0
/*
 * Law 2: whoever looks, and whenever, received equals the sum of the verdicts; and counts outlive
 * the worker that made them.
 */
#include "tests/unit/cmocka_with.h"

#include <pthread.h>

#include "datapath/counters.h"

static void test_slot_when_written_then_added_to_the_totals(void **state)
{
	struct vtap_slot slot = { 0 };
	struct vtap_totals totals = { .received = 100 };

	(void)state;
	vtap_slot_begin(&slot);
	vtap_count(&slot.received, 3);
	vtap_count(&slot.verdicts[VTAP_VERDICT_DELIVERED], 2);
	vtap_count(&slot.verdicts[VTAP_VERDICT_TOO_SHORT], 1);
	vtap_count(&slot.reserved_bits, 1);
	vtap_slot_end(&slot);
	vtap_slot_add(&slot, &totals);
	vtap_slot_add(&slot, &totals); /* as if there were two alike */
	assert_int_equal(totals.received, 106);
	assert_int_equal(totals.verdicts[VTAP_VERDICT_DELIVERED], 4);
	assert_int_equal(totals.verdicts[VTAP_VERDICT_TOO_SHORT], 2);
	assert_int_equal(totals.reserved_bits, 2);
}

static void slot_see(struct vtap_slot *slot, int interface_index, uint64_t n_delivered)
{
	vtap_slot_begin(slot);
	vtap_slot_see(slot, interface_index, n_delivered);
	vtap_slot_end(slot);
}

static void test_slot_when_packets_come_in_then_their_interfaces_are_remembered(void **state)
{
	struct vtap_slot slot = { 0 };
	int interface = -1;
	uint64_t n = 99;

	(void)state;
	assert_false(vtap_slot_seen(&slot, 0, &interface, &n));
	assert_int_equal(n, 99);
	slot_see(&slot, 7, 1);
	slot_see(&slot, 9, 0);
	slot_see(&slot, 0, 1); /* not known */
	slot_see(&slot, 7, 2);
	assert_true(vtap_slot_seen(&slot, 0, &interface, &n));
	assert_int_equal(interface, 7);
	assert_int_equal(n, 3);
	assert_true(vtap_slot_seen(&slot, 1, &interface, &n));
	assert_int_equal(interface, 9);
	assert_int_equal(n, 0);
	assert_false(vtap_slot_seen(&slot, 2, &interface, &n));
}

static void test_slot_when_all_rows_are_taken_then_the_oldest_makes_room(void **state)
{
	struct vtap_slot slot = { 0 };
	int interface = -1;
	uint64_t n = 0;

	(void)state;
	for (int i = 1; i <= VTAP_SEEN_MAX + 1; i++)
		slot_see(&slot, i, (uint64_t)i);
	for (unsigned i = 0; i < VTAP_SEEN_MAX; i++) {
		int wanted = i == 0 ? VTAP_SEEN_MAX + 1 : (int)i + 1;

		assert_row(vtap_slot_seen(&slot, i, &interface, &n), i);
		assert_row(interface == wanted && n == (uint64_t)wanted, i);
	}
}

static void test_slot_when_done_twice_then_harmless(void **state)
{
	struct vtap_slot slot = { 0 };

	(void)state;
	vtap_slot_done(&slot);
	assert_int_equal(vtap_slot_init(&slot), 0);
	assert_true(slot.unknown != NULL && slot.carried != NULL);
	vtap_slot_done(&slot);
	vtap_slot_done(&slot);
}

#define BATCHES 20000

/* Writes batches whose packets all have a verdict; half way through each they do not add up. */
static void *slot_write(void *arg)
{
	struct vtap_slot *slot = arg;

	for (unsigned i = 0; i < BATCHES; i++) {
		unsigned n = i % 64 + 1;

		vtap_slot_begin(slot);
		vtap_count(&slot->received, n);
		for (unsigned j = 0; j < n; j++)
			vtap_count(&slot->verdicts[(i + j) % VTAP_VERDICT_COUNT], 1);
		vtap_slot_end(slot);
	}
	return NULL;
}

static uint64_t totals_sum(const struct vtap_totals *totals)
{
	uint64_t sum = 0;

	for (int i = 0; i < VTAP_VERDICT_COUNT; i++)
		sum += totals->verdicts[i];
	return sum;
}

static void test_slot_when_read_while_written_then_always_adds_up(void **state)
{
	struct vtap_slot slot = { 0 };
	uint64_t before = 0, wanted = 0;
	pthread_t writer;

	(void)state;
	for (unsigned i = 0; i < BATCHES; i++)
		wanted += i % 64 + 1;
	assert_int_equal(pthread_create(&writer, NULL, slot_write, &slot), 0);
	while (before < wanted) {
		struct vtap_totals totals = { 0 };

		vtap_slot_add(&slot, &totals);
		assert_int_equal(totals.received, totals_sum(&totals));
		assert_true(totals.received >= before);
		before = totals.received;
	}
	assert_int_equal(pthread_join(writer, NULL), 0);
}

static void test_tally_when_read_then_the_sum_over_workers(void **state)
{
	struct vtap_session_totals totals;
	struct vtap_tally *tally;

	(void)state;
	assert_int_equal(vtap_tally_new(7, &tally), 0);
	vtap_tally_read(tally, &totals);
	assert_int_equal(totals.last_ns, 0);
	vtap_count(&tally->cell[0].delivered, 2);
	vtap_count(&tally->cell[0].bytes, 200);
	vtap_count(&tally->cell[VTAP_SLOTS_MAX - 1].delivered, 3);
	vtap_count(&tally->cell[3].down, 4);
	vtap_count(&tally->cell[3].gone, 5);
	vtap_count(&tally->cell[3].refused, 6);
	vtap_count(&tally->cell[VTAP_SLOT_FAST].lost, 7);
	vtap_count(&tally->decap_error, 8);
	atomic_store(&tally->cell[0].last_ns, 50);
	atomic_store(&tally->cell[3].last_ns, 40);
	vtap_tally_read(tally, &totals);
	assert_int_equal(totals.verdicts[VTAP_VERDICT_DELIVERED], 5);
	assert_int_equal(totals.verdicts[VTAP_VERDICT_INTERFACE_DOWN], 4);
	assert_int_equal(totals.verdicts[VTAP_VERDICT_INTERFACE_GONE], 5);
	assert_int_equal(totals.verdicts[VTAP_VERDICT_WRITE_REFUSED], 6);
	assert_int_equal(totals.verdicts[VTAP_VERDICT_LOST_IN_HANDOVER], 7);
	assert_int_equal(totals.verdicts[VTAP_VERDICT_DECAP_ERROR], 8);
	assert_int_equal(totals.bytes, 200);
	assert_int_equal(totals.last_ns, 50);
	assert_ptr_equal(vtap_tally_ref(tally), tally);
	vtap_tally_unref(tally);
	assert_int_equal(tally->id, 7); /* one reference is left */
	vtap_tally_unref(tally);
	vtap_tally_unref(NULL);
}

static void test_tally_when_two_workers_write_then_not_on_one_cache_line(void **state)
{
	(void)state;
	assert_int_equal(sizeof(struct vtap_cell), VTAP_CACHE_LINE_BYTES);
	assert_int_equal(sizeof(struct vtap_slot) % VTAP_CACHE_LINE_BYTES, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slot_when_written_then_added_to_the_totals),
		cmocka_unit_test(
			test_slot_when_packets_come_in_then_their_interfaces_are_remembered),
		cmocka_unit_test(test_slot_when_all_rows_are_taken_then_the_oldest_makes_room),
		cmocka_unit_test(test_slot_when_done_twice_then_harmless),
		cmocka_unit_test(test_slot_when_read_while_written_then_always_adds_up),
		cmocka_unit_test(test_tally_when_read_then_the_sum_over_workers),
		cmocka_unit_test(test_tally_when_two_workers_write_then_not_on_one_cache_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
