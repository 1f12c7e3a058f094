// SPDX-License-Identifier: Apache-2.0
/*
 * Law: whatever arrives, the memory of VNIs is of one size, and rows + forgotten equals what was
 * noted. A flood of VNIs seen once pushes out others seen once, not those that matter.
 */
#include "tests/unit/cmocka_with.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/clock.h"
#include "datapath/sightings.h"

#define SIZE  64
#define OWNER VTAP_VERDICT_UNKNOWN_VNI

/** struct memory - sightings and the slot they belong to */
struct memory {
	struct vtap_slot slot;
	struct vtap_sightings *sightings;
	uint64_t n_noted;
};

static int memory_setup(void **state)
{
	struct memory *memory = aligned_alloc(VTAP_CACHE_LINE_BYTES,
		sizeof(*memory) + VTAP_CACHE_LINE_BYTES - sizeof(*memory) % VTAP_CACHE_LINE_BYTES);

	assert_non_null(memory);
	memset(memory, 0, sizeof(*memory));
	assert_int_equal(vtap_sightings_new(SIZE, true, &memory->sightings), 0);
	*state = memory;
	return 0;
}

static int memory_teardown(void **state)
{
	struct memory *memory = *state;

	vtap_sightings_free(memory->sightings);
	free(memory);
	return 0;
}

static struct vtap_addr source_of(uint32_t n)
{
	return vtap_addr_from_v4((struct in_addr){ .s_addr = htonl(0x0a000000 + n) });
}

static void note(struct memory *memory, uint32_t owner, uint32_t vni, uint32_t source,
	uint32_t n_frames, uint64_t now_ns)
{
	struct vtap_addr addr = source_of(source);

	vtap_slot_begin(&memory->slot);
	vtap_sightings_note(
		memory->sightings, owner, vni, &addr, n_frames, 100ULL * n_frames, now_ns);
	vtap_slot_end(&memory->slot);
	memory->n_noted += n_frames;
}

static bool row_find(const struct memory *memory, uint32_t owner, uint32_t vni, uint64_t now_ns,
	struct vtap_sighting *ret_row)
{
	for (uint32_t i = 0; i < vtap_sightings_size(memory->sightings); i++)
		if (vtap_sightings_get(memory->sightings, &memory->slot, i, now_ns, ret_row) &&
			ret_row->owner == owner && ret_row->vni == vni)
			return true;
	return false;
}

static void assert_adds_up(const struct memory *memory)
{
	uint64_t frames = vtap_sightings_forgotten(memory->sightings);
	struct vtap_sighting row;

	for (uint32_t i = 0; i < vtap_sightings_size(memory->sightings); i++)
		if (vtap_sightings_get(memory->sightings, &memory->slot, i, 1, &row))
			frames += row.frames;
	assert_int_equal(frames, memory->n_noted);
}

static void test_sightings_when_noted_then_counted_with_times(void **state)
{
	struct memory *memory = *state;
	struct vtap_sighting row;

	note(memory, OWNER, 5, 1, 3, 1000);
	note(memory, OWNER, 5, 1, 2, 4000);
	note(memory, OWNER, 6, 1, 1, 5000);
	assert_true(row_find(memory, OWNER, 5, 6000, &row));
	assert_int_equal(row.frames, 5);
	assert_int_equal(row.bytes, 500);
	assert_int_equal(row.first_ns, 1000);
	assert_int_equal(row.last_ns, 4000);
	assert_int_equal(row.n_sources, 1);
	assert_false(row.has_more_sources);
	assert_true(row_find(memory, OWNER, 6, 6000, &row));
	assert_int_equal(row.frames, 1);
	assert_adds_up(memory);
}

/* Who looks once a second, and in between when somebody asks, has each frame in one second. */
static void test_sightings_when_learned_of_later_then_in_the_rate_of_their_second(void **state)
{
	static const uint64_t S = VTAP_NS_PER_S, ASKED = 800000000, LOOKED = 500000000;
	struct memory *memory = *state;
	struct vtap_addr addr = source_of(1);
	struct vtap_sighting row;

	vtap_slot_begin(&memory->slot);
	vtap_sightings_note_in(memory->sightings, OWNER, 5, &addr, 1000, 1, 5 * S + LOOKED, 5 * S);
	vtap_sightings_note_in(memory->sightings, OWNER, 5, &addr, 300, 1, 5 * S + ASKED, 6 * S);
	vtap_sightings_note_in(memory->sightings, OWNER, 5, &addr, 700, 1, 6 * S + LOOKED, 6 * S);
	vtap_slot_end(&memory->slot);
	memory->n_noted += 2000;
	for (uint64_t now_ns = 5 * S + ASKED; now_ns < 8 * S; now_ns += S / 10) {
		assert_true(row_find(memory, OWNER, 5, now_ns, &row));
		assert_float_equal(row.frames_per_second, 1000, 0);
	}
	assert_int_equal(row.last_ns, 6 * S + LOOKED);
	assert_adds_up(memory);
}

static void test_sightings_when_a_source_is_of_ipv6_then_that_is_known(void **state)
{
	struct memory *memory = *state;
	struct vtap_addr v6 = { .byte = { 0x20, 0x01 } };

	note(memory, OWNER, 5, 1, 1, 1);
	assert_false(vtap_sightings_has_ipv6(memory->sightings));
	vtap_sightings_note(memory->sightings, OWNER, 5, &v6, 1, 1, 1);
	assert_true(vtap_sightings_has_ipv6(memory->sightings));
}

static void test_sightings_when_owners_differ_then_rows_of_their_own(void **state)
{
	struct memory *memory = *state;
	struct vtap_sighting row;

	/* the extremes of a key: owner 0 and the largest, VNI 0 and the largest */
	note(memory, 0, 0, 1, 1, 1);
	note(memory, UINT32_MAX - 1, 0xffffff, 1, 2, 1);
	note(memory, 0, 0xffffff, 1, 4, 1);
	assert_true(row_find(memory, 0, 0, 1, &row));
	assert_int_equal(row.frames, 1);
	assert_true(row_find(memory, UINT32_MAX - 1, 0xffffff, 1, &row));
	assert_int_equal(row.frames, 2);
	assert_true(row_find(memory, 0, 0xffffff, 1, &row));
	assert_int_equal(row.frames, 4);
	assert_adds_up(memory);
}

static void test_sightings_when_many_sources_then_sixteen_and_that_there_are_more(void **state)
{
	struct memory *memory = *state;
	struct vtap_sighting row;

	for (uint32_t i = 0; i < VTAP_SIGHTING_SOURCES; i++) {
		note(memory, OWNER, 5, i, 1, 1);
		note(memory, OWNER, 5, i, 1, 1); /* again is not one more */
	}
	assert_true(row_find(memory, OWNER, 5, 1, &row));
	assert_int_equal(row.n_sources, VTAP_SIGHTING_SOURCES);
	assert_false(row.has_more_sources);
	for (uint32_t i = 0; i < VTAP_SIGHTING_SOURCES; i++) {
		struct vtap_addr addr = source_of(i);

		assert_row(vtap_addr_compare(&row.source[i], &addr) == 0, i);
	}
	note(memory, OWNER, 5, 4711, 1, 1);
	assert_true(row_find(memory, OWNER, 5, 1, &row));
	assert_int_equal(row.n_sources, VTAP_SIGHTING_SOURCES);
	assert_true(row.has_more_sources);
}

/* From one network more than there is room for, which is what `allow` is suggested from. */
static void test_sightings_when_many_sources_then_networks_contain_those_without_room(void **state)
{
	struct memory *memory = *state;
	struct vtap_sighting row;

	for (uint32_t i = 0; i < 4096; i++)
		note(memory, OWNER, 5, i, 1, 1);
	assert_true(row_find(memory, OWNER, 5, 1, &row));
	assert_in_range(row.more.n, 1, VTAP_SIGHTING_PREFIXES);
	for (uint32_t i = VTAP_SIGHTING_SOURCES; i < 4096; i++) {
		struct vtap_addr addr = source_of(i);

		assert_row(vtap_cover_has(&row.more, &addr), i);
	}
	assert_false(row.is_scattered);
	for (uint32_t i = 0; i < VTAP_SIGHTING_PREFIXES; i++)
		note(memory, OWNER, 5, (i + 1) << 24, 1, 1); /* a /8 of its own each */
	assert_true(row_find(memory, OWNER, 5, 1, &row));
	assert_true(row.is_scattered);
	note(memory, OWNER, 6, 1, 1, 1);
	assert_true(row_find(memory, OWNER, 6, 1, &row));
	assert_int_equal(row.more.n, 0);
	assert_false(row.is_scattered);
}

/* A flood of forged sources costs little, and says nothing new. */
static void test_sightings_when_sources_are_scattered_then_networks_stay_as_they_are(void **state)
{
	struct memory *memory = *state;
	struct vtap_sighting before, after;

	for (uint32_t i = 0; i < 64; i++)
		note(memory, OWNER, 5, i << 25, 1, 1);
	assert_true(row_find(memory, OWNER, 5, 1, &before));
	assert_true(before.is_scattered);
	for (uint32_t i = 0; i < 4096; i++)
		note(memory, OWNER, 5, i * 2654435761U, 1, 1);
	assert_true(row_find(memory, OWNER, 5, 1, &after));
	assert_true(after.is_scattered);
	assert_memory_equal(&after.more, &before.more, sizeof(after.more));
}

/* So that a suggested `allow` leaves out nobody whose VNI had to give way. */
static void test_sightings_when_rows_give_way_then_where_their_sources_are_is_kept(void **state)
{
	struct memory *memory = *state;
	struct vtap_cover gone;
	uint32_t n_missed = 0;

	for (uint32_t i = 0; i < 100000; i++)
		note(memory, OWNER, i, i % 4096, 1, 1);
	assert_true(vtap_sightings_gone(memory->sightings, &memory->slot, &gone));
	for (uint32_t i = 0; i < 4096; i++) {
		struct vtap_addr addr = source_of(i);

		n_missed += !vtap_cover_has(&gone, &addr);
	}
	assert_int_equal(n_missed, 0);
	for (uint32_t i = 0; i < 100000; i++)
		note(memory, OWNER, i, i << 20, 1, 1); /* everywhere */
	assert_false(vtap_sightings_gone(memory->sightings, &memory->slot, &gone));
}

static void test_sightings_when_flooded_then_bounded_and_nothing_is_lost_from_the_sum(void **state)
{
	struct memory *memory = *state;
	uint32_t n_rows = 0;
	struct vtap_sighting row;

	for (uint32_t i = 0; i < 100000; i++) {
		note(memory, OWNER, (i * 2654435761U) & 0xffffff, i, 1 + i % 3, i);
		if (i % 9973 == 0)
			assert_adds_up(memory);
	}
	assert_adds_up(memory);
	assert_int_equal(vtap_sightings_size(memory->sightings), SIZE);
	for (uint32_t i = 0; i < SIZE; i++)
		n_rows += vtap_sightings_get(memory->sightings, &memory->slot, i, 1, &row);
	assert_int_equal(n_rows, SIZE);
}

static void test_sightings_when_flooded_then_heavy_hitters_survive(void **state)
{
	struct memory *memory = *state;
	struct vtap_sighting row;

	for (uint32_t i = 0; i < 20000; i++) {
		note(memory, OWNER, (i * 2654435761U) & 0xffffff, i, 1, i);
		if (i % 50 == 0) /* four real ones, one frame of them for fifty of the flood */
			for (uint32_t vni = 1; vni <= 4; vni++)
				note(memory, OWNER, vni, vni, 1, i);
	}
	for (uint32_t vni = 1; vni <= 4; vni++) {
		assert_row(row_find(memory, OWNER, vni, 1, &row), vni);
		assert_row(row.frames > 300, vni); /* of 400; the first ones may be forgotten */
	}
	assert_adds_up(memory);
}

static void test_sightings_when_a_row_gives_way_then_the_new_one_starts_fresh(void **state)
{
	struct memory *memory = *state;
	struct vtap_sighting row;
	uint32_t n_fresh = 0;

	for (uint32_t vni = 0; vni < 4 * SIZE; vni++)
		for (uint32_t source = 0; source < 20; source++)
			note(memory, OWNER, vni, source, 1, 5);
	for (uint32_t vni = 1000; vni < 1000 + 4 * SIZE; vni++) {
		note(memory, OWNER, vni, 77, 1, 9);
		if (!row_find(memory, OWNER, vni, 9, &row))
			continue;
		assert_row(row.frames == 1 && row.bytes == 100, vni);
		assert_row(row.first_ns == 9 && row.last_ns == 9, vni);
		assert_row(row.n_sources == 1 && !row.has_more_sources, vni);
		n_fresh++;
	}
	assert_int_equal(n_fresh, 4 * SIZE); /* the last one noted is always there */
	assert_adds_up(memory);
}

static void test_sightings_when_steady_then_the_rate_of_the_last_second(void **state)
{
	struct memory *memory = *state;
	struct vtap_sighting row;
	uint64_t now_ns = 1000 * VTAP_NS_PER_S;

	/* 50 in the first second, then 200 a second */
	for (int i = 0; i < 50; i++, now_ns += VTAP_NS_PER_S / 50)
		note(memory, OWNER, 5, 1, 1, now_ns);
	for (int i = 0; i < 400; i++, now_ns += VTAP_NS_PER_S / 200)
		note(memory, OWNER, 5, 1, 1, now_ns);
	note(memory, OWNER, 5, 1, 1, now_ns);
	assert_true(row_find(memory, OWNER, 5, now_ns, &row));
	assert_in_range((uint64_t)row.frames_per_second, 190, 210);
}

static void test_sightings_when_two_begin_at_different_times_then_their_rates_are_of_one_second(
	void **state)
{
	struct memory *memory = *state;
	struct vtap_sighting one, two;
	uint64_t second_ns = 1000 * VTAP_NS_PER_S;

	/* VNI 5 from the second's beginning, VNI 6 from its middle: 30 and 10 in it, 1 after it */
	note(memory, OWNER, 5, 1, 30, second_ns);
	note(memory, OWNER, 6, 1, 10, second_ns + VTAP_NS_PER_S / 2);
	note(memory, OWNER, 5, 1, 1, second_ns + VTAP_NS_PER_S + 1);
	assert_true(row_find(memory, OWNER, 5, second_ns + VTAP_NS_PER_S + 2, &one));
	assert_true(row_find(memory, OWNER, 6, second_ns + VTAP_NS_PER_S + 2, &two));
	assert_int_equal((int)one.frames_per_second, 30);
	assert_int_equal((int)two.frames_per_second, 10);
}

static void test_sightings_when_just_begun_then_no_more_than_was_seen(void **state)
{
	struct memory *memory = *state;
	struct vtap_sighting row;

	note(memory, OWNER, 5, 1, 7, VTAP_NS_PER_S);
	assert_true(row_find(memory, OWNER, 5, VTAP_NS_PER_S, &row));
	assert_true(row.frames_per_second <= 7.0);
	assert_true(row_find(memory, OWNER, 5, VTAP_NS_PER_S + 1000, &row));
	assert_true(row.frames_per_second <= 7.0);
}

static void test_sightings_when_silent_then_the_rate_fades(void **state)
{
	struct memory *memory = *state;
	uint64_t now_ns = 1000 * VTAP_NS_PER_S;
	struct vtap_sighting row;

	for (int i = 0; i < 300; i++, now_ns += VTAP_NS_PER_S / 100)
		note(memory, OWNER, 5, 1, 1, now_ns);
	assert_true(row_find(memory, OWNER, 5, now_ns + 3600 * VTAP_NS_PER_S, &row));
	assert_true(row.frames_per_second < 0.1);
	assert_true(row_find(memory, OWNER, 5, 0, &row)); /* a reader that is behind the writer */
}

static void test_sightings_when_empty_then_no_row(void **state)
{
	struct memory *memory = *state;
	struct vtap_sighting row;

	for (uint32_t i = 0; i < SIZE; i++)
		assert_row(!vtap_sightings_get(memory->sightings, &memory->slot, i, 1, &row), i);
	assert_int_equal(vtap_sightings_forgotten(memory->sightings), 0);
	vtap_sightings_free(NULL);
}

#define in_memory(test) cmocka_unit_test_setup_teardown(test, memory_setup, memory_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_memory(test_sightings_when_noted_then_counted_with_times),
		in_memory(test_sightings_when_learned_of_later_then_in_the_rate_of_their_second),
		in_memory(test_sightings_when_a_source_is_of_ipv6_then_that_is_known),
		in_memory(test_sightings_when_owners_differ_then_rows_of_their_own),
		in_memory(test_sightings_when_many_sources_then_sixteen_and_that_there_are_more),
		in_memory(
			test_sightings_when_many_sources_then_networks_contain_those_without_room),
		in_memory(test_sightings_when_sources_are_scattered_then_networks_stay_as_they_are),
		in_memory(test_sightings_when_rows_give_way_then_where_their_sources_are_is_kept),
		in_memory(
			test_sightings_when_flooded_then_bounded_and_nothing_is_lost_from_the_sum),
		in_memory(test_sightings_when_flooded_then_heavy_hitters_survive),
		in_memory(test_sightings_when_a_row_gives_way_then_the_new_one_starts_fresh),
		in_memory(test_sightings_when_steady_then_the_rate_of_the_last_second),
		in_memory(
			test_sightings_when_two_begin_at_different_times_then_their_rates_are_of_one_second),
		in_memory(test_sightings_when_just_begun_then_no_more_than_was_seen),
		in_memory(test_sightings_when_silent_then_the_rate_fades),
		in_memory(test_sightings_when_empty_then_no_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
