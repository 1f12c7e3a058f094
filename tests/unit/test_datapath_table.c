// SPDX-License-Identifier: Apache-2.0
/*
 * Law (the match order): `allow` first; then a session that names the VNI itself,
 * then a range, then `any`; within a level the longest source prefix that contains the outer
 * source; where no source fits at a level, the next level is tried; what is left is unknown-source
 * if some session names the VNI, else unknown-vni. Written down once more below as the plainest
 * code there can be, and compared with the table over random configurations.
 */
#include "tests/unit/rules.h"

#include <errno.h>
#include <string.h>

/** struct world - a table and what it was made from; every session has an exit */
struct world {
	struct vtap_rule rule[64];
	struct vtap_prefix allow[8];
	struct vtap_exit exit[16];
	struct vtap_table_spec spec;
	struct vtap_table *table;
};

static void world_build(struct world *world)
{
	world->spec.rules = world->rule;
	world->spec.allow = world->allow;
	world->spec.exits = world->exit;
	world->spec.n_exits = VTAP_ARRAY_LEN(world->exit);
	for (size_t i = 0; i < VTAP_ARRAY_LEN(world->exit); i++) {
		world->exit[i].tap_fd = (int)i;
		assert_int_equal(vtap_tally_new((uint32_t)i + 1, &world->exit[i].tally), 0);
	}
	assert_int_equal(vtap_table_new(&world->spec, &world->table), 0);
}

static void world_done(struct world *world)
{
	vtap_table_free(world->table);
	for (size_t i = 0; i < VTAP_ARRAY_LEN(world->exit); i++)
		vtap_tally_unref(world->exit[i].tally); /* alive: the table had its own reference */
}
#define _auto_world __attribute__((cleanup(world_done)))

/* first == last is that VNI, 0..VTAP_VNI_MAX is any: as check and publish see it */
static void world_add(struct world *world, uint32_t i_session, uint32_t first, uint32_t last,
	struct vtap_prefix source)
{
	struct vtap_rule rule = { .vni = { first, last },
		.source = source,
		.i_session = i_session,
		.level = first == last         ? VTAP_LEVEL_VNI
			 : last < VTAP_VNI_MAX ? VTAP_LEVEL_RANGE
					       : VTAP_LEVEL_ANY };

	assert_true(world->spec.n_rules < VTAP_ARRAY_LEN(world->rule));
	world->rule[world->spec.n_rules++] = rule;
}

/* ---- the oracle ---- */

static enum vtap_verdict oracle_match(const struct vtap_table_spec *spec, uint32_t vni,
	const struct vtap_addr *source, struct vtap_match *ret_match)
{
	bool is_named = false;

	for (int level = 0; level < VTAP_LEVEL_COUNT; level++) {
		const struct vtap_rule *best = NULL;

		for (size_t i = 0; i < spec->n_rules; i++) {
			const struct vtap_rule *rule = &spec->rules[i];

			if ((int)rule->level != level || !vtap_range_has(rule->vni, vni))
				continue;
			is_named = is_named || level != VTAP_LEVEL_ANY;
			if (vtap_prefix_has(&rule->source, source) &&
				(best == NULL || rule->source.len > best->source.len))
				best = rule;
		}
		if (best == NULL)
			continue;
		*ret_match = (struct vtap_match){ best->i_session, best->level, best->source };
		return VTAP_VERDICT_DELIVERED;
	}
	return is_named ? VTAP_VERDICT_UNKNOWN_SOURCE : VTAP_VERDICT_UNKNOWN_VNI;
}

static bool oracle_allows(const struct vtap_table_spec *spec, const struct vtap_addr *source)
{
	for (size_t i = 0; i < spec->n_allow; i++)
		if (vtap_prefix_has(&spec->allow[i], source))
			return true;
	return spec->n_allow == 0;
}

/* ---- by hand ---- */

struct match_row {
	uint32_t vni;
	const char *source;
	enum vtap_verdict verdict;
	uint32_t i_session;
	enum vtap_level level;
	const char *prefix;
};

static void assert_matches(
	const struct vtap_table *table, const struct match_row *rows, size_t n_rows)
{
	for (size_t i = 0; i < n_rows; i++) {
		struct vtap_addr source = addr_of(rows[i].source);
		struct vtap_match match = { 0 };
		char prefix[VTAP_ADDR_TEXT_MAX];

		assert_row(vtap_table_match(table, rows[i].vni, &source, &match) == rows[i].verdict,
			i);
		if (rows[i].verdict != VTAP_VERDICT_DELIVERED)
			continue;
		assert_row(match.i_session == rows[i].i_session, i);
		assert_row(match.level == rows[i].level, i);
		vtap_prefix_format(&match.source, prefix);
		assert_string_equal(prefix, rows[i].prefix);
	}
}

static void test_table_when_asked_then_the_order_of_the_design(void **state)
{
	static const struct match_row rows[] = {
		/* the VNI itself before a range before any */
		{ 100, "192.0.2.1", VTAP_VERDICT_DELIVERED, 1, VTAP_LEVEL_RANGE, "any" },
		{ 150, "192.0.2.1", VTAP_VERDICT_DELIVERED, 2, VTAP_LEVEL_VNI, "any" },
		{ 199, "192.0.2.1", VTAP_VERDICT_DELIVERED, 1, VTAP_LEVEL_RANGE, "any" },
		{ 99, "192.0.2.1", VTAP_VERDICT_DELIVERED, 0, VTAP_LEVEL_ANY, "any" },
		{ 200, "192.0.2.1", VTAP_VERDICT_DELIVERED, 0, VTAP_LEVEL_ANY, "any" },
		{ 0, "192.0.2.1", VTAP_VERDICT_DELIVERED, 0, VTAP_LEVEL_ANY, "any" },
		{ VTAP_VNI_MAX, "192.0.2.1", VTAP_VERDICT_DELIVERED, 0, VTAP_LEVEL_ANY, "any" },
		/* within a level the longest prefix */
		{ 300, "10.1.1.1", VTAP_VERDICT_DELIVERED, 5, VTAP_LEVEL_VNI, "10.1.1.1" },
		{ 300, "10.1.1.2", VTAP_VERDICT_DELIVERED, 4, VTAP_LEVEL_VNI, "10.1.0.0/16" },
		{ 300, "10.2.1.1", VTAP_VERDICT_DELIVERED, 3, VTAP_LEVEL_VNI, "10.0.0.0/8" },
		{ 300, "2001:db8::7", VTAP_VERDICT_DELIVERED, 6, VTAP_LEVEL_VNI, "2001:db8::/32" },
		/* no source fits: the next level, here any */
		{ 300, "11.0.0.1", VTAP_VERDICT_DELIVERED, 0, VTAP_LEVEL_ANY, "any" },
	};
	_auto_world struct world world = { 0 };

	(void)state;
	world_add(&world, 0, 0, VTAP_VNI_MAX, prefix_of("::/0"));
	world_add(&world, 1, 100, 199, prefix_of("::/0"));
	world_add(&world, 2, 150, 150, prefix_of("::/0"));
	world_add(&world, 3, 300, 300, prefix_of("10.0.0.0/8"));
	world_add(&world, 4, 300, 300, prefix_of("10.1.0.0/16"));
	world_add(&world, 5, 300, 300, prefix_of("10.1.1.1"));
	world_add(&world, 6, 300, 300, prefix_of("2001:db8::/32"));
	world_build(&world);
	assert_matches(world.table, rows, VTAP_ARRAY_LEN(rows));
}

static void test_table_when_nobody_takes_it_then_source_or_vni_is_unknown(void **state)
{
	static const struct match_row rows[] = {
		{ 5, "10.0.0.1", VTAP_VERDICT_DELIVERED, 0, VTAP_LEVEL_VNI, "10.0.0.0/8" },
		{ 5, "11.0.0.1", VTAP_VERDICT_UNKNOWN_SOURCE, 0, 0, NULL },
		{ 15, "11.0.0.1", VTAP_VERDICT_UNKNOWN_SOURCE, 0, 0, NULL },
		{ 15, "10.0.0.1", VTAP_VERDICT_DELIVERED, 1, VTAP_LEVEL_RANGE, "10.0.0.0/8" },
		{ 21, "11.0.0.1", VTAP_VERDICT_UNKNOWN_VNI, 0, 0, NULL },
		{ 21, "10.0.0.1", VTAP_VERDICT_UNKNOWN_VNI, 0, 0, NULL },
		/* `any` names no VNI */
		{ 21, "192.0.2.1", VTAP_VERDICT_DELIVERED, 2, VTAP_LEVEL_ANY, "192.0.2.0/24" },
	};
	_auto_world struct world world = { 0 };

	(void)state;
	world_add(&world, 0, 5, 5, prefix_of("10.0.0.0/8"));
	world_add(&world, 1, 10, 20, prefix_of("10.0.0.0/8"));
	world_add(&world, 2, 0, VTAP_VNI_MAX, prefix_of("192.0.2.0/24"));
	world_build(&world);
	assert_matches(world.table, rows, VTAP_ARRAY_LEN(rows));
}

static void test_table_when_empty_then_every_vni_is_unknown(void **state)
{
	static const struct match_row rows[] = {
		{ 0, "10.0.0.1", VTAP_VERDICT_UNKNOWN_VNI, 0, 0, NULL },
		{ VTAP_VNI_MAX, "2001:db8::1", VTAP_VERDICT_UNKNOWN_VNI, 0, 0, NULL },
	};
	_auto_world struct world world = { 0 };
	struct vtap_addr source = addr_of("10.0.0.1");

	(void)state;
	world_build(&world);
	assert_matches(world.table, rows, VTAP_ARRAY_LEN(rows));
	assert_true(vtap_table_allows(world.table, &source));
	assert_false(vtap_table_is_own(world.table, 7));
}

static void test_table_when_allow_is_given_then_only_those_sources(void **state)
{
	static const char *const inside[] = { "10.1.2.3", "192.0.2.7", "2001:db8:1::1" };
	static const char *const outside[] = { "11.0.0.1", "192.0.2.8", "2001:db9::1", "::1" };
	_auto_world struct world world = { 0 };

	(void)state;
	world.allow[0] = prefix_of("192.0.2.7");
	world.allow[1] = prefix_of("10.0.0.0/8");
	world.allow[2] = prefix_of("2001:db8::/32");
	world.spec.n_allow = 3;
	world_build(&world);
	for (size_t i = 0; i < VTAP_ARRAY_LEN(inside); i++) {
		struct vtap_addr source = addr_of(inside[i]);

		assert_row(vtap_table_allows(world.table, &source), i);
	}
	for (size_t i = 0; i < VTAP_ARRAY_LEN(outside); i++) {
		struct vtap_addr source = addr_of(outside[i]);

		assert_row(!vtap_table_allows(world.table, &source), i);
	}
}

static void test_table_when_packets_come_from_own_interfaces_then_known(void **state)
{
	static const int own[] = { 9, 3, 7 };
	_auto_world struct world world = { 0 };

	(void)state;
	world.spec.own_interfaces = own;
	world.spec.n_own_interfaces = VTAP_ARRAY_LEN(own);
	world_build(&world);
	for (int i = 0; i < 12; i++)
		assert_row(vtap_table_is_own(world.table, i) == (i == 3 || i == 7 || i == 9), i);
	assert_int_equal(vtap_table_exit(world.table, 5)->tap_fd, 5);
	assert_int_equal(vtap_table_exit(world.table, 5)->tally->id, 6);
}

/* ---- at random ---- */

static void world_randomize(struct world *world, uint64_t *seed)
{
	world->spec.n_rules = random_rules(
		seed, VTAP_ARRAY_LEN(world->exit), world->rule, VTAP_ARRAY_LEN(world->rule));
	world->spec.n_allow = random_below(seed, VTAP_ARRAY_LEN(world->allow));
	for (size_t i = 0; i < world->spec.n_allow; i++)
		world->allow[i] = random_prefix(seed);
}

static void assert_as_the_oracle(const struct world *world, uint64_t *seed, size_t round)
{
	struct vtap_addr source = random_addr(seed);
	uint32_t vni = random_vni(seed);
	struct vtap_match wanted = { 0 }, match = { 0 };
	enum vtap_verdict verdict = oracle_match(&world->spec, vni, &source, &wanted);

	assert_row(vtap_table_match(world->table, vni, &source, &match) == verdict, round);
	assert_row(match.i_session == wanted.i_session && match.level == wanted.level, round);
	assert_row(vtap_prefix_equal(&match.source, &wanted.source), round);
	assert_row(vtap_table_allows(world->table, &source) == oracle_allows(&world->spec, &source),
		round);
}

static void test_table_when_random_then_agrees_with_the_plain_reading_of_the_design(void **state)
{
	uint64_t seed = 0x5eed;

	(void)state;
	for (size_t round = 0; round < 400; round++) {
		_auto_world struct world world = { 0 };

		world_randomize(&world, &seed);
		world_build(&world);
		for (int i = 0; i < 100; i++)
			assert_as_the_oracle(&world, &seed, round);
	}
}

/* ---- size ---- */

static void test_table_when_ten_thousand_sessions_then_each_is_found(void **state)
{
	enum { N = 10000 };
	_auto_free struct vtap_rule *rules = calloc(N, sizeof(*rules));
	_auto(table) struct vtap_table *table = NULL;
	struct vtap_addr source = addr_of("10.0.0.1");

	(void)state;
	assert_non_null(rules);
	for (uint32_t i = 0; i < N; i++)
		rules[i] = (struct vtap_rule){ .level = VTAP_LEVEL_VNI,
			.vni = { i * 1677U, i * 1677U },
			.source = VTAP_PREFIX_ANY,
			.i_session = i };
	assert_int_equal(
		vtap_table_new(&(struct vtap_table_spec){ .rules = rules, .n_rules = N }, &table),
		0);
	for (uint32_t i = 0; i < N; i++) {
		struct vtap_match match = { 0 };

		assert_row(vtap_table_match(table, i * 1677U, &source, &match) ==
				   VTAP_VERDICT_DELIVERED,
			i);
		assert_row(match.i_session == i, i);
		assert_row(vtap_table_match(table, i * 1677U + 1, &source, &match) ==
				   VTAP_VERDICT_UNKNOWN_VNI,
			i);
	}
}

static void test_table_when_ranges_would_need_too_many_rows_then_refused(void **state)
{
	/* n nested ranges of n sources make n * n rows: over 4 million */
	enum { N = 3000 };
	_auto_free struct vtap_rule *rules = calloc(N, sizeof(*rules));
	_auto(table) struct vtap_table *table = NULL;

	(void)state;
	assert_non_null(rules);
	for (uint32_t i = 0; i < N; i++) {
		struct vtap_prefix source = prefix_of("10.0.0.0");

		source.addr.byte[14] = (uint8_t)(i >> 8);
		source.addr.byte[15] = (uint8_t)i;
		rules[i] = (struct vtap_rule){
			.level = VTAP_LEVEL_RANGE, .vni = { i, 2 * N - i }, .source = source
		};
	}
	assert_int_equal(
		vtap_table_new(&(struct vtap_table_spec){ .rules = rules, .n_rules = N }, &table),
		-E2BIG);
	assert_null(table);
}

static void test_level_when_printed_then_its_name(void **state)
{
	(void)state;
	assert_string_equal(vtap_level_name(VTAP_LEVEL_VNI), "vni");
	assert_string_equal(vtap_level_name(VTAP_LEVEL_RANGE), "range");
	assert_string_equal(vtap_level_name(VTAP_LEVEL_ANY), "any");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table_when_asked_then_the_order_of_the_design),
		cmocka_unit_test(test_table_when_nobody_takes_it_then_source_or_vni_is_unknown),
		cmocka_unit_test(test_table_when_empty_then_every_vni_is_unknown),
		cmocka_unit_test(test_table_when_allow_is_given_then_only_those_sources),
		cmocka_unit_test(test_table_when_packets_come_from_own_interfaces_then_known),
		cmocka_unit_test(
			test_table_when_random_then_agrees_with_the_plain_reading_of_the_design),
		cmocka_unit_test(test_table_when_ten_thousand_sessions_then_each_is_found),
		cmocka_unit_test(test_table_when_ranges_would_need_too_many_rows_then_refused),
		cmocka_unit_test(test_level_when_printed_then_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
