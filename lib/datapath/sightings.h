/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which VNIs were seen, from where, how often and when: a memory of fixed size.
 *
 * How it works. An open hash table whose entries sit within a short window behind their hash. A VNI
 * that finds no room takes the place of the one in its window with the fewest frames, whose count
 * goes to `forgotten`; so rows + forgotten always equals what was noted, and a flood of VNIs seen
 * once pushes out only others seen once or so. One worker writes; the main thread reads row by row,
 * under the sequence number of the slot that the table belongs to (counters.h).
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/cover.h"
#include "base/prefix.h"
#include "datapath/counters.h"

/** VTAP_SIGHTING_SOURCES - outer sources remembered for each VNI; more are only known to exist */
#define VTAP_SIGHTING_SOURCES 16

/** VTAP_SIGHTING_PREFIXES - what contains the others */
#define VTAP_SIGHTING_PREFIXES 4

/** struct vtap_sighting - one row, a plain copy */
struct vtap_sighting {
	uint32_t owner; /* a session's tally id, or the verdict of a packet that nobody took */
	uint32_t vni;
	uint64_t frames;
	uint64_t bytes;
	uint64_t first_ns; /* CLOCK_MONOTONIC */
	uint64_t last_ns;
	double frames_per_second; /* in the last whole second of CLOCK_MONOTONIC */
	unsigned n_sources;
	bool has_more_sources; /* than were remembered */
	struct vtap_addr source[VTAP_SIGHTING_SOURCES];
	struct vtap_cover more; /* the sources that were not remembered one by one lie in it */
	bool is_scattered;      /* one lay too far apart for that: those that came later may, too */
};

/**
 * vtap_sightings_new() - room for @n_max rows (a power of two)
 * @keeps_networks: of rows that give way it is remembered where their sources are; costs something
 *                  with each of them
 * Return: 0, -ENOMEM.
 */
int vtap_sightings_new(uint32_t n_max, bool keeps_networks, struct vtap_sightings **ret_sightings);

/** vtap_sightings_free() - NULL is allowed */
void vtap_sightings_free(struct vtap_sightings *sightings);

/**
 * vtap_sightings_note() - @n_frames of one VNI from one source
 * Context: the worker, between vtap_slot_begin() and vtap_slot_end(); constant time, no allocation.
 */
void vtap_sightings_note(struct vtap_sightings *sightings, uint32_t owner, uint32_t vni,
	const struct vtap_addr *source, uint64_t n_frames, uint64_t n_bytes, uint64_t now_ns);

/** vtap_sightings_note_in() - likewise; their rate is that of the second that @second_ns lies in,
 * for who learns of them later. Seconds that come do not go back. */
void vtap_sightings_note_in(struct vtap_sightings *sightings, uint32_t owner, uint32_t vni,
	const struct vtap_addr *source, uint64_t n_frames, uint64_t n_bytes, uint64_t now_ns,
	uint64_t second_ns);

/** vtap_sightings_size() - how many rows there can be; for vtap_sightings_get() */
uint32_t vtap_sightings_size(const struct vtap_sightings *sightings);

/**
 * vtap_sightings_get() - copy row @i
 * @slot: the slot that the table belongs to
 * Context: main thread. Return: is there something in the row?
 */
bool vtap_sightings_get(const struct vtap_sightings *sightings, const struct vtap_slot *slot,
	uint32_t i, uint64_t now_ns, struct vtap_sighting *ret_row);

/** vtap_sightings_has_ipv6() - was there ever a source of IPv6? Context: main thread. */
bool vtap_sightings_has_ipv6(const struct vtap_sightings *sightings);

/** vtap_sightings_forgotten() - frames whose row had to give way */
uint64_t vtap_sightings_forgotten(const struct vtap_sightings *sightings);

/**
 * vtap_sightings_gone() - where the sources of forgotten rows are
 * Context: main thread. Return: false: one lay too far apart; it and those that came later may not
 * be among those.
 */
bool vtap_sightings_gone(const struct vtap_sightings *sightings, const struct vtap_slot *slot,
	struct vtap_cover *ret_networks);
