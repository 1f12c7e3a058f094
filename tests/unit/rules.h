/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of session tables: their parts as text has them, and whole ones at random. */
#pragma once

#include "tests/unit/cmocka_with.h"

#include "datapath/table.h"
#include "wire/constants.h"

/** prefix_of() - NULL: any */
static inline struct vtap_prefix prefix_of(const char *text)
{
	struct vtap_prefix prefix = VTAP_PREFIX_ANY;

	if (text != NULL)
		assert_int_equal(vtap_prefix_parse(text, &prefix), 0);
	return prefix;
}

static inline struct vtap_addr addr_of(const char *text)
{
	struct vtap_addr addr;

	assert_int_equal(vtap_addr_parse(text, &addr), 0);
	return addr;
}

/* ---- at random ---- */

/* xorshift64*: the same sequence everywhere, so that a failure can be looked at again. */
static inline uint64_t random_next(uint64_t *seed)
{
	*seed ^= *seed >> 12;
	*seed ^= *seed << 25;
	*seed ^= *seed >> 27;
	return *seed * 0x2545f4914f6cdd1dULL;
}

static inline uint32_t random_below(uint64_t *seed, uint32_t n)
{
	return (uint32_t)(random_next(seed) >> 33) % n;
}

/** random_vni() - few VNIs and few addresses, so that rules meet often; some at the ends of the
 * number space */
static inline uint32_t random_vni(uint64_t *seed)
{
	switch (random_below(seed, 12)) {
	case 0:
		return 0;
	case 1:
		return VTAP_VNI_MAX;
	case 2:
		return VTAP_VNI_MAX - 1;
	default:
		return 100 + random_below(seed, 40);
	}
}

static inline struct vtap_addr random_addr(uint64_t *seed)
{
	struct vtap_addr addr = addr_of("10.0.0.0");

	if (random_below(seed, 3) == 0)
		addr = addr_of("2001:db8::");
	addr.byte[13] = (uint8_t)(random_below(seed, 2) * 0x80);
	addr.byte[14] = (uint8_t)(random_below(seed, 2) * 0x01);
	addr.byte[15] = (uint8_t)random_below(seed, 4);
	return addr;
}

static inline struct vtap_prefix random_prefix(uint64_t *seed)
{
	static const uint8_t lens[] = { 0, 32, 96, 104, 105, 120, 127, 128 };
	struct vtap_prefix prefix = { .len = lens[random_below(seed, VTAP_ARRAY_LEN(lens))] };
	struct vtap_addr addr = random_addr(seed);

	prefix.addr = vtap_addr_masked(&addr, prefix.len);
	return prefix;
}

static inline struct vtap_rule random_rule(uint64_t *seed, uint32_t n_sessions)
{
	struct vtap_rule rule = {
		.level = (enum vtap_level)random_below(seed, VTAP_LEVEL_COUNT),
		.source = random_prefix(seed),
		.i_session = random_below(seed, n_sessions),
	};
	uint32_t a = random_vni(seed), b = random_vni(seed);

	if (rule.level == VTAP_LEVEL_VNI)
		rule.vni = (struct vtap_range){ a, a };
	else if (rule.level == VTAP_LEVEL_ANY)
		rule.vni = (struct vtap_range){ 0, VTAP_VNI_MAX };
	else
		rule.vni = (struct vtap_range){ a < b ? a : b, a < b ? b : a };
	return rule;
}

/** rules_conflict() - is @rule one that config/check would refuse beside them? It never reaches a
 * table. */
static inline bool rules_conflict(
	const struct vtap_rule *rules, size_t n, const struct vtap_rule *rule)
{
	for (size_t i = 0; i < n; i++)
		if (rules[i].level == rule->level &&
			vtap_prefix_equal(&rules[i].source, &rule->source) &&
			vtap_range_overlaps(rules[i].vni, rule->vni))
			return true;
	return false;
}

/** random_rules() - fewer than @n_max that are a configuration together. Return: how many. */
static inline size_t random_rules(
	uint64_t *seed, uint32_t n_sessions, struct vtap_rule *ret_rules, size_t n_max)
{
	size_t n_tried = random_below(seed, (uint32_t)n_max), n = 0;

	for (size_t i = 0; i < n_tried; i++) {
		struct vtap_rule rule = random_rule(seed, n_sessions);

		if (!rules_conflict(ret_rules, n, &rule))
			ret_rules[n++] = rule;
	}
	return n;
}
