// SPDX-License-Identifier: Apache-2.0
#include "base/cover.h"

#include <stdlib.h>
#include <string.h>

static bool is_v4(const struct vtap_prefix *prefix)
{
	return prefix->len >= VTAP_PREFIX_V4_BITS && vtap_addr_is_v4(&prefix->addr);
}

static unsigned shortest_of(const struct vtap_prefix *prefix)
{
	return is_v4(prefix) ? VTAP_COVER_V4_SHORTEST : VTAP_COVER_V6_SHORTEST;
}

/* Bits that both begin with. */
static unsigned common_bits(const struct vtap_prefix *a, const struct vtap_prefix *b)
{
	unsigned max = a->len < b->len ? a->len : b->len, n = 0;

	while (n + 8 <= max && a->addr.byte[n / 8] == b->addr.byte[n / 8])
		n += 8;
	while (n < max && ((a->addr.byte[n / 8] ^ b->addr.byte[n / 8]) & (0x80U >> n % 8)) == 0)
		n++;
	return n;
}

static struct vtap_prefix shortened(const struct vtap_prefix *prefix, unsigned len)
{
	struct vtap_prefix result = *prefix;

	if (prefix->len <= len)
		return result;
	result.len = (uint8_t)len;
	result.addr = vtap_addr_masked(&prefix->addr, len);
	return result;
}

static bool contains(const struct vtap_prefix *outer, const struct vtap_prefix *inner)
{
	return outer->len <= inner->len && vtap_prefix_has(outer, &inner->addr);
}

/* The two that have most bits in common. Return: how many; they are too few for one prefix if less
 * than the shortest. */
static unsigned closest_find(
	const struct vtap_prefix *prefix, size_t n, size_t *ret_i, size_t *ret_j)
{
	unsigned most = 0;

	*ret_i = *ret_j = 0;
	for (size_t i = 0; i < n; i++)
		for (size_t j = i + 1; j < n; j++) {
			unsigned bits = common_bits(&prefix[i], &prefix[j]);

			if (bits < most || bits < shortest_of(&prefix[i]) ||
				bits < shortest_of(&prefix[j]))
				continue;
			most = bits;
			*ret_i = i;
			*ret_j = j;
		}
	return most;
}

/* Those that the new one contains go. */
static size_t swallow(struct vtap_prefix *prefix, size_t n, const struct vtap_prefix *outer)
{
	size_t n_left = 0;

	for (size_t i = 0; i < n; i++)
		if (!contains(outer, &prefix[i]))
			prefix[n_left++] = prefix[i];
	return n_left;
}

bool vtap_cover_add(struct vtap_cover *cover, size_t n_max, const struct vtap_prefix *prefix)
{
	struct vtap_prefix fresh =
		shortened(prefix, is_v4(prefix) ? VTAP_COVER_V4_LONGEST : VTAP_COVER_V6_LONGEST);
	struct vtap_prefix all[VTAP_COVER_MAX + 1];
	size_t n, i, j;

	for (i = 0; i < cover->n; i++)
		if (contains(&cover->prefix[i], &fresh))
			return true;
	if (fresh.len < shortest_of(&fresh))
		return false;
	memcpy(all, cover->prefix, sizeof(cover->prefix));
	n = swallow(all, cover->n, &fresh);
	all[n++] = fresh;
	if (n > n_max) {
		unsigned bits = closest_find(all, n, &i, &j);

		if (bits == 0)
			return false;
		all[i] = shortened(&all[i], bits);
		all[j] = all[--n];
	}
	memcpy(cover->prefix, all, n * sizeof(all[0]));
	cover->n = n;
	return true;
}

bool vtap_cover_has(const struct vtap_cover *cover, const struct vtap_addr *addr)
{
	for (size_t i = 0; i < cover->n; i++)
		if (vtap_prefix_has(&cover->prefix[i], addr))
			return true;
	return false;
}

static int prefix_compare(const void *a, const void *b)
{
	const struct vtap_prefix *left = a, *right = b;

	return vtap_addr_compare(&left->addr, &right->addr);
}

/* Two halves of a network that is not too large, next to each other. Return: were there any? */
static bool halves_join(struct vtap_cover *cover)
{
	for (size_t i = 1; i < cover->n; i++) {
		struct vtap_prefix *left = &cover->prefix[i - 1], *right = &cover->prefix[i];

		if (left->len != right->len || left->len <= shortest_of(left) ||
			common_bits(left, right) != left->len - 1U)
			continue;
		*left = shortened(left, left->len - 1U);
		cover->n--;
		memmove(right, right + 1, (cover->n - i) * sizeof(*right));
		return true;
	}
	return false;
}

void vtap_cover_tidy(struct vtap_cover *cover)
{
	qsort(cover->prefix, cover->n, sizeof(cover->prefix[0]), prefix_compare);
	while (halves_join(cover))
		; /* ends: each time there is one less */
}
