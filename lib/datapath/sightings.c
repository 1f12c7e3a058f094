// SPDX-License-Identifier: Apache-2.0
#include "datapath/sightings.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/clock.h"

/* Entries looked at for one VNI: two or three cache misses at worst. */
#define WINDOW 8

/* Of an address. */
#define ADDR_BITS 128

/** struct networks - a cover, as two threads share it */
struct networks {
	_Atomic uint64_t n;
	_Atomic uint64_t is_scattered;                      /* something did not fit */
	_Atomic uint64_t prefix[VTAP_SIGHTING_PREFIXES][2]; /* 16 bytes, as they are in memory */
	_Atomic uint64_t len[VTAP_SIGHTING_PREFIXES];
};

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
	struct networks more;                              /* where the others are */
};

struct vtap_sightings {
	uint32_t n_max;
	bool keeps_networks;
	_Atomic uint64_t has_ipv6;
	_Atomic uint64_t forgotten;
	struct networks gone; /* where the sources of rows are that had to give way */
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

int vtap_sightings_new(uint32_t n_max, bool keeps_networks, struct vtap_sightings **ret_sightings)
{
	struct vtap_sightings *sightings;

	assert(n_max >= WINDOW && (n_max & (n_max - 1)) == 0);
	sightings = calloc(1, sizeof(*sightings) + n_max * sizeof(struct entry));
	if (sightings == NULL)
		return -ENOMEM;
	sightings->n_max = n_max;
	sightings->keeps_networks = keeps_networks;
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

static struct vtap_cover networks_get(const struct networks *networks)
{
	struct vtap_cover cover = { .n = get(&networks->n) };
	uint64_t half[2];

	for (size_t i = 0; i < cover.n; i++) {
		half[0] = get(&networks->prefix[i][0]);
		half[1] = get(&networks->prefix[i][1]);
		memcpy(cover.prefix[i].addr.byte, half, sizeof(half));
		cover.prefix[i].len = (uint8_t)get(&networks->len[i]);
	}
	return cover;
}

static void networks_set(struct networks *networks, const struct vtap_cover *cover)
{
	uint64_t half[2];

	for (size_t i = 0; i < cover->n; i++) {
		memcpy(half, cover->prefix[i].addr.byte, sizeof(half));
		set(&networks->prefix[i][0], half[0]);
		set(&networks->prefix[i][1], half[1]);
		set(&networks->len[i], cover->prefix[i].len);
	}
	set(&networks->n, cover->n);
}

static void networks_note(struct networks *networks, const struct vtap_prefix *prefix)
{
	struct vtap_cover cover;

	/* nobody makes a list of these any more, and whoever floods chooses what comes next */
	if (get(&networks->is_scattered) != 0)
		return;
	cover = networks_get(networks);
	if (prefix->len == ADDR_BITS && vtap_cover_has(&cover, &prefix->addr))
		return; /* almost always */
	if (vtap_cover_add(&cover, VTAP_SIGHTING_PREFIXES, prefix))
		networks_set(networks, &cover);
	else
		set(&networks->is_scattered, 1);
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
	set(&entry->more.n, 0);
	set(&entry->more.is_scattered, 0);
}

static struct vtap_addr source_get(const struct entry *entry, uint64_t i)
{
	uint64_t half[2] = { get(&entry->source[i][0]), get(&entry->source[i][1]) };
	struct vtap_addr addr;

	memcpy(addr.byte, half, sizeof(half));
	return addr;
}

/* Where the sources of an entry are that gives way. */
static void networks_keep(struct networks *networks, const struct entry *entry)
{
	struct vtap_cover more = networks_get(&entry->more);

	for (uint64_t i = 0; i < get(&entry->n_sources); i++)
		networks_note(networks,
			&(struct vtap_prefix){ .addr = source_get(entry, i), .len = ADDR_BITS });
	for (size_t i = 0; i < more.n; i++)
		networks_note(networks, &more.prefix[i]);
	if (get(&entry->more.is_scattered) != 0)
		set(&networks->is_scattered, 1);
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
	if (sightings->keeps_networks)
		networks_keep(&sightings->gone, least);
	entry_start(least, key, now_ns);
	return least;
}

/* Return: false: it is one of those that are remembered. */
static bool entry_note_source(struct entry *entry, const struct vtap_addr *source)
{
	uint64_t n = get(&entry->n_sources), half[2];

	memcpy(half, source->byte, sizeof(half));
	for (uint64_t i = 0; i < n; i++)
		if (get(&entry->source[i][0]) == half[0] && get(&entry->source[i][1]) == half[1])
			return false;
	if (n == VTAP_SIGHTING_SOURCES) {
		set(&entry->has_more_sources, 1);
		networks_note(
			&entry->more, &(struct vtap_prefix){ .addr = *source, .len = ADDR_BITS });
		return true;
	}
	set(&entry->source[n][0], half[0]);
	set(&entry->source[n][1], half[1]);
	set(&entry->n_sources, n + 1);
	return true;
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

void vtap_sightings_note_in(struct vtap_sightings *sightings, uint32_t owner, uint32_t vni,
	const struct vtap_addr *source, uint64_t n_frames, uint64_t n_bytes, uint64_t now_ns,
	uint64_t second_ns)
{
	uint64_t key = ((uint64_t)owner + 1) << 32 | vni;
	struct entry *entry = entry_take(sightings, key, now_ns);

	entry_note_rate(entry, n_frames, second_ns);
	vtap_count(&entry->frames, n_frames);
	vtap_count(&entry->bytes, n_bytes);
	set(&entry->last_ns, now_ns);
	if (entry_note_source(entry, source) && !vtap_addr_is_v4(source))
		set(&sightings->has_ipv6, 1);
}

void vtap_sightings_note(struct vtap_sightings *sightings, uint32_t owner, uint32_t vni,
	const struct vtap_addr *source, uint64_t n_frames, uint64_t n_bytes, uint64_t now_ns)
{
	vtap_sightings_note_in(sightings, owner, vni, source, n_frames, n_bytes, now_ns, now_ns);
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
	for (unsigned i = 0; i < row->n_sources; i++)
		row->source[i] = source_get(entry, i);
	row->more = networks_get(&entry->more);
	row->is_scattered = get(&entry->more.is_scattered) != 0;
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

bool vtap_sightings_has_ipv6(const struct vtap_sightings *sightings)
{
	return get(&sightings->has_ipv6) != 0;
}

uint64_t vtap_sightings_forgotten(const struct vtap_sightings *sightings)
{
	return get(&sightings->forgotten);
}

bool vtap_sightings_gone(const struct vtap_sightings *sightings, const struct vtap_slot *slot,
	struct vtap_cover *ret_networks)
{
	uint32_t before, after;
	bool is_scattered;

	do {
		before = atomic_load_explicit(&slot->seq, memory_order_acquire);
		*ret_networks = networks_get(&sightings->gone);
		is_scattered = get(&sightings->gone.is_scattered) != 0;
		after = atomic_load_explicit(&slot->seq, memory_order_relaxed);
	} while (before != after || before % 2 != 0);
	return !is_scattered;
}
