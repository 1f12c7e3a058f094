// SPDX-License-Identifier: Apache-2.0
/*
 * How it works. Two prefixes are nested or have nothing in common, so sorted by address and length
 * each one stands before those that it contains, and a stack holds those around the present one. A
 * prefix is judged by a sample: an address in it that no prefix inside has; where there is none,
 * the prefixes inside have all of it, and it is no class.
 */
#include "datapath/classes.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"

/* Nested prefixes: one of each length. */
#define DEPTH_MAX 129

static int prefix_compare(const void *a, const void *b)
{
	const struct vtap_prefix *left = a, *right = b;
	int r = vtap_addr_compare(&left->addr, &right->addr);

	return r != 0 ? r : (left->len > right->len) - (left->len < right->len);
}

static int class_compare(const void *a, const void *b)
{
	const struct vtap_class *left = a, *right = b;

	if (left->from.len != right->from.len)
		return left->from.len < right->from.len ? 1 : -1;
	return vtap_addr_compare(&left->from.addr, &right->from.addr);
}

static size_t prefixes_unique(struct vtap_prefix *prefixes, size_t n)
{
	size_t n_unique = 0;

	qsort(prefixes, n, sizeof(*prefixes), prefix_compare);
	for (size_t i = 0; i < n; i++)
		if (n_unique == 0 || !vtap_prefix_equal(&prefixes[n_unique - 1], &prefixes[i]))
			prefixes[n_unique++] = prefixes[i];
	return n_unique;
}

/* The first address behind a prefix. Return: is there one? */
static bool prefix_next(const struct vtap_prefix *prefix, struct vtap_addr *ret_next)
{
	struct vtap_addr next = prefix->addr;

	for (unsigned len = prefix->len; len > 0; len--) {
		uint8_t bit = (uint8_t)(0x80U >> ((len - 1) % 8));

		next.byte[(len - 1) / 8] ^= bit;
		if ((next.byte[(len - 1) / 8] & bit) == 0)
			continue; /* carried */
		*ret_next = next;
		return true;
	}
	return false;
}

/* An address of prefix @i that is in none of those inside it. Return: is there one? */
static bool sample_find(
	const struct vtap_prefix *prefixes, size_t n, size_t i, struct vtap_addr *ret_sample)
{
	struct vtap_addr sample = prefixes[i].addr;

	for (size_t j = i + 1; j < n && vtap_prefix_has(&prefixes[i], &prefixes[j].addr); j++) {
		if (vtap_addr_compare(&sample, &prefixes[j].addr) < 0)
			break; /* a gap before it */
		if (!vtap_prefix_has(&prefixes[j], &sample))
			continue; /* inside one that was skipped */
		if (!prefix_next(&prefixes[j], &sample) || !vtap_prefix_has(&prefixes[i], &sample))
			return false;
	}
	*ret_sample = sample;
	return true;
}

static struct vtap_class class_judge(const struct vtap_table *table, uint32_t vni,
	const struct vtap_prefix *from, const struct vtap_addr *sample)
{
	struct vtap_class class = {
		.from = *from,
		.sample = *sample,
		.verdict = VTAP_VERDICT_NOT_ALLOWED,
	};

	if (vtap_table_allows(table, sample))
		class.verdict = vtap_table_match(table, vni, sample, &class.match);
	return class;
}

static bool fates_are_equal(const struct vtap_class *a, const struct vtap_class *b)
{
	if (a->verdict != b->verdict)
		return false;
	return a->verdict != VTAP_VERDICT_DELIVERED ||
	       (a->match.i_session == b->match.i_session && a->match.level == b->match.level);
}

int vtap_classes_find(const struct vtap_table *table, uint32_t vni, struct vtap_class **ret_classes,
	size_t *ret_n)
{
	_auto_free struct vtap_prefix *prefixes = NULL;
	_auto_free struct vtap_class *classes = NULL;
	struct vtap_class around[DEPTH_MAX + 1];
	struct vtap_addr sample;
	size_t n = 0, n_classes = 0, depth = 0;
	int r = vtap_table_prefixes(table, vni, &prefixes, &n);

	if (r < 0)
		return r;
	n = prefixes_unique(prefixes, n);
	classes = calloc(n + 1, sizeof(*classes));
	if (classes == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		while (depth > 0 && !vtap_prefix_has(&around[depth - 1].from, &prefixes[i].addr))
			depth--;
		if (!sample_find(prefixes, n, i, &sample))
			continue;
		around[depth] = class_judge(table, vni, &prefixes[i], &sample);
		if (depth == 0 || !fates_are_equal(&around[depth - 1], &around[depth]))
			classes[n_classes++] = around[depth];
		depth++;
	}
	qsort(classes, n_classes, sizeof(*classes), class_compare);
	*ret_classes = vtap_steal(&classes);
	*ret_n = n_classes;
	return 0;
}
