/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The session table of a target: who gets a VNI from a source. Immutable once made.
 *
 * Match order: `allow` first. Then a session that names the VNI, then a range,
 * then `any`; within a level the longest source prefix; where no source fits, the next level is
 * tried.
 *
 * How it works. Each level ends in a list of rules ordered by prefix length, longest first, in
 * groups of equal length that are sorted by address: a lookup is one binary search for each prefix
 * length in use, mostly one of length 0. Exact VNIs are found by a hash, ranges in disjoint
 * segments by a binary search. Nothing is expanded and nothing depends on the number of sessions
 * but logarithmically.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/prefix.h"
#include "base/range.h"
#include "datapath/counters.h"
#include "wire/verdict.h"

enum vtap_level { VTAP_LEVEL_VNI, VTAP_LEVEL_RANGE, VTAP_LEVEL_ANY, VTAP_LEVEL_COUNT };

/** vtap_level_name() - "vni", "range", "any" */
const char *vtap_level_name(enum vtap_level level);

/** struct vtap_rule - one VNI or range of one session from one source */
struct vtap_rule {
	enum vtap_level level;
	struct vtap_range vni;
	struct vtap_prefix source; /* VTAP_PREFIX_ANY for none */
	uint32_t i_session;
};

/** struct vtap_exit - where a session's frames go */
struct vtap_exit {
	int tap_fd;               /* borrowed; -1 while there is no interface */
	struct vtap_tally *tally; /* a reference is taken by the table */
};

/** struct vtap_table_spec - what a table is made from; all borrowed for the call */
struct vtap_table_spec {
	const struct vtap_exit *exits; /* by i_session */
	size_t n_exits;
	const struct vtap_rule *rules; /* in any order */
	size_t n_rules;
	const struct vtap_prefix *allow; /* n = 0 allows every source */
	size_t n_allow;
	const int *own_interfaces; /* indexes of tap interfaces: packets from there were mirrored,
				      not sent to us */
	size_t n_own_interfaces;
};

struct vtap_table;

/** struct vtap_match - who gets it and by which rule */
struct vtap_match {
	uint32_t i_session;
	enum vtap_level level;
	struct vtap_prefix source; /* of the rule */
};

/**
 * vtap_table_new() - build a table
 * Context: main thread.
 * Return: 0; -ENOMEM; -E2BIG when overlapping ranges with different sources would need over 4
 * million rows.
 */
int vtap_table_new(const struct vtap_table_spec *spec, struct vtap_table **ret_table);

/** vtap_table_free() - NULL is allowed. Context: main thread, when no worker uses it. */
void vtap_table_free(struct vtap_table *table);
VTAP_FREEP(table, struct vtap_table, vtap_table_free)

/**
 * vtap_table_match() - decide
 * Context: any thread; no allocation.
 * Return: VTAP_VERDICT_DELIVERED with *ret_match ("would be"), VTAP_VERDICT_UNKNOWN_SOURCE when a
 *         session names the VNI alone or in a range, else VTAP_VERDICT_UNKNOWN_VNI.
 */
enum vtap_verdict vtap_table_match(const struct vtap_table *table, uint32_t vni,
	const struct vtap_addr *source, struct vtap_match *ret_match);

/**
 * vtap_table_prefixes() - every prefix that has a say in who gets a VNI: those of its rules at all
 * levels, those of `allow`, and VTAP_PREFIX_ANY
 * @ret_prefixes: in no order, some more than once; the caller frees it
 * Return: 0, -ENOMEM.
 */
int vtap_table_prefixes(const struct vtap_table *table, uint32_t vni,
	struct vtap_prefix **ret_prefixes, size_t *ret_n);

/** struct vtap_row - a source, and the session that it leads to */
struct vtap_row {
	struct vtap_prefix source;
	uint32_t i_session;
};

/**
 * vtap_table_walk() - tell all that a table knows, for another one that is to decide alike
 * @each: called for each VNI, each part of a range (disjoint, ascending) and `any`, with the rows
 *        of which the longest prefix decides; a non-zero return ends the walk
 * Return: 0, or what @each returned.
 */
int vtap_table_walk(const struct vtap_table *table,
	int (*each)(void *arg, enum vtap_level level, struct vtap_range vni,
		const struct vtap_row *rows, size_t n),
	void *arg);

/** vtap_table_allowed() - the prefixes of `allow` as rows, borrowed. Return: NULL if all may send.
 */
const struct vtap_row *vtap_table_allowed(const struct vtap_table *table, size_t *ret_n);

/** vtap_table_allows() - may this outer source send at all? */
bool vtap_table_allows(const struct vtap_table *table, const struct vtap_addr *source);

/** vtap_table_is_own() - is this one of our tap interfaces? */
bool vtap_table_is_own(const struct vtap_table *table, int interface_index);

/** vtap_table_exit() - where a session's frames go; borrowed from the table */
const struct vtap_exit *vtap_table_exit(const struct vtap_table *table, uint32_t i_session);
