/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Few prefixes that contain many addresses, for a list that people keep: as tight as they can be,
 * and wide enough that the next machine of a subnet is in it too.
 *
 * How it works. What is added becomes a prefix of a subnet's length. Where there are more than
 * there may be, the two that have most bits in common become one: in the tree of all addresses the
 * deepest fork is closed, so that what comes out hardly depends on the order. A prefix is never
 * made shorter than a network that somebody may own: what lies farther apart than that needs more
 * lines, and is refused.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/prefix.h"

/** VTAP_COVER_MAX - prefixes of a cover, at most */
#define VTAP_COVER_MAX 8

/** VTAP_COVER_V4_LONGEST - /24, and /64: of a subnet, and so longer than none of a cover's */
#define VTAP_COVER_V4_LONGEST (VTAP_PREFIX_V4_BITS + 24)
#define VTAP_COVER_V6_LONGEST 64

/** VTAP_COVER_V4_SHORTEST - /8, the largest network of IPv4 that anybody has, and /32, what a
 * provider gets of IPv6 */
#define VTAP_COVER_V4_SHORTEST (VTAP_PREFIX_V4_BITS + 8)
#define VTAP_COVER_V6_SHORTEST 32

/** struct vtap_cover - all zero at first; none contains another one */
struct vtap_cover {
	struct vtap_prefix prefix[VTAP_COVER_MAX];
	size_t n;
};

/**
 * vtap_cover_add() - something more that is to be contained
 * @n_max: prefixes that there may be, 1..VTAP_COVER_MAX
 * Return: true; false: it lies too far from all of them, or is too wide; the cover stays as it is.
 */
bool vtap_cover_add(struct vtap_cover *cover, size_t n_max, const struct vtap_prefix *prefix);

/** vtap_cover_has() - is it contained? */
bool vtap_cover_has(const struct vtap_cover *cover, const struct vtap_addr *addr);

/** vtap_cover_tidy() - two that are one network become that, and all stand in the order of
 * addresses
 */
void vtap_cover_tidy(struct vtap_cover *cover);
