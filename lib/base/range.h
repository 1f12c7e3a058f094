/* SPDX-License-Identifier: Apache-2.0 */
/* A closed range of numbers, first..last. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct vtap_range {
	uint32_t first;
	uint32_t last; /* >= first, belongs to the range */
};

static inline bool vtap_range_has(struct vtap_range range, uint32_t n)
{
	return n >= range.first && n <= range.last;
}

static inline bool vtap_range_overlaps(struct vtap_range a, struct vtap_range b)
{
	return a.first <= b.last && b.first <= a.last;
}
