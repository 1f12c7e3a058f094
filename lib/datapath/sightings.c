// SPDX-License-Identifier: Apache-2.0
#include "datapath/sightings.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/clock.h"

/* Entries looked at for one VNI: two or three cache misses at worst. */
#define WINDOW 8

struct entry {
	_Atomic uint64_t key; /* owner + 1 in the upper half, VNI in the lower; 0 is empty */
	_Atomic uint64_t frames;
	_Atomic uint64_t bytes;
	_Atomic uint64_t first_ns;
	_Atomic uint64_t last_ns;
	_Atomic uint64_t window_start_ns; /* the whole second that is being counted */
	_Atomic uint64_t window_frames;
	_Atomic uint64_t last_window_frames; /* of the second before that */
	_Atomic uint64_t n_sources;
	_Atomic uint64_t has_more_sources;
	_Atomic uint64_t source[VTAP_SIGHTING_SOURCES][2]; /* 16 bytes, as they are in memory */
	_Atomic uint64_t n_prefixes;                       /* of `more` */
	_Atomic uint64_t is_scattered;
	_Atomic uint64_t prefix[VTAP_SIGHTING_PREFIXES][2]; /* as sources */
	_Atomic uint64_t prefix_len[VTAP_SIGHTING_PREFIXES];
};

struct vtap_sightings {
	uint32_t n_max;
	_Atomic uint64_t forgotten;
	struct entry entry[];
};

static uint64_t get(const _Atomic uint64_t *field)
{
	return atomic_load_explicit(field, memory_order_acquire); /* see counters.h */
}

static void set(_Atomic uint64_t *field, uint64_t value)
{
	atomic_store_explicit(field, value, memory_order_release); /* see counters.h */
}

int vtap_sightings_new(uint32_t n_max, struct vtap_sightings **ret_sightings)
{
	struct vtap_sightings *sightings;

	assert(n_max >= WINDOW && (n_max & (n_max - 1)) == 0);
	sightings = calloc(1, sizeof(*sightings) + n_max * sizeof(struct entry));
	if (sightings == NULL)
		return -ENOMEM;
	sightings->n_max = n_max;
	*ret_sightings = sightings;
	return 0;
}

void vtap_sightings_free(struct vtap_sightings *sightings)
{
	free(sightings);
}

/* Fibonacci hashing of the key: neighbouring VNIs land far apart. */
static uint32_t key_slot(const struct vtap_sightings *sightings, uint64_t key)
{
	return (uint32_t)((key * 0x9e3779b97f4a7c15ULL) >> 32) & (sightings->n_max - 1);
}

/* Seconds begin for all rows at once: their rates add up to that of the session. */
static uint64_t second_of(uint64_t now_ns)
{
	return now_ns - now_ns % VTAP_NS_PER_S;
}

static void entry_start(struct entry *entry, uint64_t key, uint64_t now_ns)
{
	set(&entry->key, key);
	set(&entry->frames, 0);
	set(&entry->bytes, 0);
	set(&entry->first_ns, now_ns);
	set(&entry->window_start_ns, second_of(now_ns));
	set(&entry->window_frames, 0);
	set(&entry->last_window_frames, 0);
	set(&entry->n_sources, 0);
	set(&entry->has_more_sources, 0);
	set(&entry->n_prefixes, 0);
	set(&entry->is_scattered, 0);
}

/* The entry of a key: its own, an empty one, or that of the least frames, which is forgotten. */
static struct entry *entry_take(struct vtap_sightings *sightings, uint64_t key, uint64_t now_ns)
{
	uint32_t first = key_slot(sightings, key);
	struct entry *least = NULL;

	for (uint32_t i = 0; i < WINDOW; i++) {
		struct entry *entry = &sightings->entry[(first + i) & (sightings->n_max - 1)];
		uint64_t at = get(&entry->key);

		if (at == key)
			return entry;
		if (at == 0) {
			entry_start(entry, key, now_ns);
			return entry;
		}
		if (least == NULL || get(&entry->frames) < get(&least->frames))
			least = entry;
	}
	vtap_count(&sightings->forgotten, get(&least->frames));
	entry_start(least, key, now_ns);
	return least;
}

static struct vtap_cover cover_get(const struct entry *entry)
{
	struct vtap_cover cover = { .n = get(&entry->n_prefixes) };
	uint64_t half[2];

	for (size_t i = 0; i < cover.n; i++) {
		half[0] = get(&entry->prefix[i][0]);
		half[1] = get(&entry->prefix[i][1]);
		memcpy(cover.prefix[i].addr.byte, half, sizeof(half));
		cover.prefix[i].len = (uint8_t)get(&entry->prefix_len[i]);
	}
	return cover;
}

static void cover_set(struct entry *entry, const struct vtap_cover *cover)
{
	uint64_t half[2];

	for (size_t i = 0; i < cover->n; i++) {
		memcpy(half, cover->prefix[i].addr.byte, sizeof(half));
		set(&entry->prefix[i][0], half[0]);
		set(&entry->prefix[i][1], half[1]);
		set(&entry->prefix_len[i], cover->prefix[i].len);
	}
	set(&entry->n_prefixes, cover->n);
}

/* A source for which there is no room: it is only known which network it is in. */
static void entry_note_network(struct entry *entry, const struct vtap_addr *source)
{
	struct vtap_cover cover = cover_get(entry);

	set(&entry->has_more_sources, 1);
	if (vtap_cover_has(&cover, source))
		return;
	if (vtap_cover_add(&cover, VTAP_SIGHTING_PREFIXES,
		    &(struct vtap_prefix){ .addr = *source, .len = 128 }))
		cover_set(entry, &cover);
	else
		set(&entry->is_scattered, 1);
}

static void entry_note_source(struct entry *entry, const struct vtap_addr *source)
{
	uint64_t n = get(&entry->n_sources), half[2];

	memcpy(half, source->byte, sizeof(half));
	for (uint64_t i = 0; i < n; i++)
		if (get(&entry->source[i][0]) == half[0] && get(&entry->source[i][1]) == half[1])
			return;
	if (n == VTAP_SIGHTING_SOURCES) {
		entry_note_network(entry, source);
		return;
	}
	set(&entry->source[n][0], half[0]);
	set(&entry->source[n][1], half[1]);
	set(&entry->n_sources, n + 1);
}

static void entry_note_rate(struct entry *entry, uint64_t n_frames, uint64_t now_ns)
{
	uint64_t start_ns = get(&entry->window_start_ns), second_ns = second_of(now_ns);

	if (second_ns != start_ns) {
		set(&entry->last_window_frames,
			second_ns == start_ns + VTAP_NS_PER_S ? get(&entry->window_frames) : 0);
		set(&entry->window_start_ns, second_ns);
		set(&entry->window_frames, 0);
	}
	vtap_count(&entry->window_frames, n_frames);
}

void vtap_sightings_note(struct vtap_sightings *sightings, uint32_t owner, uint32_t vni,
	const struct vtap_addr *source, uint64_t n_frames, uint64_t n_bytes, uint64_t now_ns)
{
	uint64_t key = ((uint64_t)owner + 1) << 32 | vni;
	struct entry *entry = entry_take(sightings, key, now_ns);

	entry_note_rate(entry, n_frames, now_ns);
	vtap_count(&entry->frames, n_frames);
	vtap_count(&entry->bytes, n_bytes);
	set(&entry->last_ns, now_ns);
	entry_note_source(entry, source);
}

uint32_t vtap_sightings_size(const struct vtap_sightings *sightings)
{
	return sightings->n_max;
}

/* The rate now: the frames of the last whole second. */
static double entry_rate(const struct entry *entry, uint64_t now_ns)
{
	uint64_t start_ns = get(&entry->window_start_ns), second_ns = second_of(now_ns);

	if (second_ns <= start_ns) /* less: a reader that is behind the writer */
		return (double)get(&entry->last_window_frames);
	return second_ns == start_ns + VTAP_NS_PER_S ? (double)get(&entry->window_frames) : 0;
}

static void entry_copy(
	const struct entry *entry, uint64_t key, uint64_t now_ns, struct vtap_sighting *row)
{
	uint64_t half[2];

	*row = (struct vtap_sighting){
		.owner = (uint32_t)(key >> 32) - 1,
		.vni = (uint32_t)key,
		.frames = get(&entry->frames),
		.bytes = get(&entry->bytes),
		.first_ns = get(&entry->first_ns),
		.last_ns = get(&entry->last_ns),
		.frames_per_second = entry_rate(entry, now_ns),
		.n_sources = (unsigned)get(&entry->n_sources),
		.has_more_sources = get(&entry->has_more_sources) != 0,
	};
	for (unsigned i = 0; i < row->n_sources; i++) {
		half[0] = get(&entry->source[i][0]);
		half[1] = get(&entry->source[i][1]);
		memcpy(row->source[i].byte, half, sizeof(half));
	}
	row->more = cover_get(entry);
	row->is_scattered = get(&entry->is_scattered) != 0;
}

bool vtap_sightings_get(const struct vtap_sightings *sightings, const struct vtap_slot *slot,
	uint32_t i, uint64_t now_ns, struct vtap_sighting *ret_row)
{
	const struct entry *entry = &sightings->entry[i];
	uint32_t before, after;
	uint64_t key;

	do {
		before = atomic_load_explicit(&slot->seq, memory_order_acquire);
		key = get(&entry->key);
		if (key != 0)
			entry_copy(entry, key, now_ns, ret_row);
		after = atomic_load_explicit(&slot->seq, memory_order_relaxed);
	} while (before != after || before % 2 != 0);
	return key != 0;
}

uint64_t vtap_sightings_forgotten(const struct vtap_sightings *sightings)
{
	return get(&sightings->forgotten);
}
