// SPDX-License-Identifier: Apache-2.0
/*
 * Law: the classes tell for every source what the table does with it: whatever the longest class
 * around a source says, vtap_table_allows() and vtap_table_match() say too. No class repeats the
 * one around it, and none is empty.
 */
#include "tests/unit/rules.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "datapath/classes.h"

#define RULES_MAX 24
#define ALLOW_MAX 4

/** struct world - what a table is made from; VNI 5 exact, in the range 1-9, and any */
struct world {
	struct vtap_rule rule[RULES_MAX];
	struct vtap_prefix allow[ALLOW_MAX];
	struct vtap_exit exit[RULES_MAX];
	struct vtap_table_spec spec;
	struct vtap_table *table;
	struct vtap_class *classes;
	size_t n;
};

static void world_rule(struct world *world, enum vtap_level level, struct vtap_prefix source)
{
	static const struct vtap_range vnis[] = {
		[VTAP_LEVEL_VNI] = { 5, 5 },
		[VTAP_LEVEL_RANGE] = { 1, 9 },
		[VTAP_LEVEL_ANY] = { 0, 0xffffff },
	};
	size_t i = world->spec.n_rules++;

	assert_true(i < RULES_MAX);
	world->rule[i] = (struct vtap_rule){
		.level = level,
		.vni = vnis[level],
		.source = source,
		.i_session = (uint32_t)i,
	};
}

static void world_judge(struct world *world, uint32_t vni)
{
	world->spec.rules = world->rule;
	world->spec.allow = world->allow;
	world->spec.exits = world->exit;
	world->spec.n_exits = VTAP_ARRAY_LEN(world->exit);
	for (size_t i = 0; i < VTAP_ARRAY_LEN(world->exit); i++)
		assert_int_equal(vtap_tally_new((uint32_t)i + 1, &world->exit[i].tally), 0);
	assert_int_equal(vtap_table_new(&world->spec, &world->table), 0);
	assert_int_equal(vtap_classes_find(world->table, vni, &world->classes, &world->n), 0);
}

static void world_done(struct world *world)
{
	free(world->classes);
	vtap_table_free(world->table);
	for (size_t i = 0; i < VTAP_ARRAY_LEN(world->exit); i++)
		vtap_tally_unref(world->exit[i].tally);
}
#define _auto_world __attribute__((cleanup(world_done)))

/* "10.0.0.0/16 0 vni; any unknown-source" */
static void assert_classes(const struct world *world, const char *wanted)
{
	char text[512] = "", from[VTAP_ADDR_TEXT_MAX];

	for (size_t i = 0; i < world->n; i++) {
		const struct vtap_class *class = &world->classes[i];
		size_t used = strlen(text);

		vtap_prefix_format(&class->from, from);
		if (class->verdict == VTAP_VERDICT_DELIVERED)
			(void)snprintf(text + used, sizeof(text) - used, /* as below: fits */
				"%s%s %u %s", i > 0 ? "; " : "", from, class->match.i_session,
				vtap_level_name(class->match.level));
		else
			(void)snprintf(text + used, sizeof(text) - used, "%s%s %s",
				i > 0 ? "; " : "", from, vtap_verdict_name(class->verdict));
	}
	assert_string_equal(text, wanted);
}

static void test_classes_when_nobody_names_a_source_then_one(void **state)
{
	_auto_world struct world world = { 0 };

	(void)state;
	world_rule(&world, VTAP_LEVEL_VNI, VTAP_PREFIX_ANY);
	world_judge(&world, 5);
	assert_classes(&world, "any 0 vni");
}

static void test_classes_when_nobody_has_the_vni_then_one(void **state)
{
	_auto_world struct world world = { 0 };

	(void)state;
	world_rule(&world, VTAP_LEVEL_VNI, prefix_of("10.0.0.0/8"));
	world_judge(&world, 6);
	assert_classes(&world, "any unknown-vni");
}

static void test_classes_when_a_source_is_asked_for_then_the_rest_is_told(void **state)
{
	_auto_world struct world world = { 0 }, caught = { 0 };

	(void)state;
	world_rule(&world, VTAP_LEVEL_VNI, prefix_of("10.0.0.0/16"));
	world_judge(&world, 5);
	assert_classes(&world, "10.0.0.0/16 0 vni; any unknown-source");
	world_rule(&caught, VTAP_LEVEL_VNI, prefix_of("10.0.0.0/16"));
	world_rule(&caught, VTAP_LEVEL_ANY, VTAP_PREFIX_ANY);
	world_judge(&caught, 5);
	assert_classes(&caught, "10.0.0.0/16 0 vni; any 1 any");
}

static void test_classes_when_a_longer_prefix_begins_at_the_same_address_then_both(void **state)
{
	_auto_world struct world world = { 0 };

	(void)state;
	world_rule(&world, VTAP_LEVEL_VNI, prefix_of("10.0.0.0/8"));
	world_rule(&world, VTAP_LEVEL_VNI, prefix_of("10.0.0.0/16"));
	world_rule(&world, VTAP_LEVEL_RANGE, prefix_of("10.0.0.0/24"));
	world_judge(&world, 5);
	assert_classes(&world, "10.0.0.0/16 1 vni; 10.0.0.0/8 0 vni; any unknown-source");
}

static void test_classes_when_allow_is_narrower_then_the_rest_is_not_allowed(void **state)
{
	_auto_world struct world world = { 0 };

	(void)state;
	world.allow[0] = prefix_of("127.0.0.0/30");
	world.spec.n_allow = 1;
	world_rule(&world, VTAP_LEVEL_ANY, VTAP_PREFIX_ANY);
	world_rule(&world, VTAP_LEVEL_VNI, prefix_of("127.0.0.0/8"));
	world_judge(&world, 5);
	assert_classes(&world, "127.0.0.0/30 1 vni; any not-allowed");
}

static void test_classes_when_parts_cover_the_whole_then_it_is_none(void **state)
{
	_auto_world struct world world = { 0 };

	(void)state;
	world_rule(&world, VTAP_LEVEL_VNI, prefix_of("10.0.0.0/8"));
	world_rule(&world, VTAP_LEVEL_VNI, prefix_of("10.0.0.0/9"));
	world_rule(&world, VTAP_LEVEL_VNI, prefix_of("10.128.0.0/9"));
	world_rule(&world, VTAP_LEVEL_VNI, prefix_of("255.0.0.0/8"));
	world_rule(&world, VTAP_LEVEL_VNI, prefix_of("::/1"));
	world_rule(&world, VTAP_LEVEL_VNI, prefix_of("8000::/1"));
	world_judge(&world, 5);
	assert_classes(&world,
		"10.0.0.0/9 1 vni; 10.128.0.0/9 2 vni; 255.0.0.0/8 3 vni; ::/1 4 vni; 8000::/1 5 "
		"vni");
}

/* ---- over random tables ---- */

static uint32_t dice; /* a linear congruence: the same tables on every machine */

static uint32_t roll(uint32_t n)
{
	dice = dice * 1664525U + 1013904223U;
	return (dice >> 8) % n;
}

/* Of a small tree of prefixes, so that they meet: 10.0-3.0-3.x of length 96+6..96+20. */
static struct vtap_prefix prefix_roll(void)
{
	struct in_addr v4 = { .s_addr = htonl(0x0a000000U | roll(4) << 16 | roll(4) << 14) };
	struct vtap_prefix prefix = { .len = (uint8_t)(roll(6) == 0 ? 0 : 96 + 6 + roll(15)) };
	struct vtap_addr addr = vtap_addr_from_v4(v4);

	prefix.addr = vtap_addr_masked(&addr, prefix.len);
	return prefix;
}

static const struct vtap_class *class_around(
	const struct world *world, const struct vtap_addr *source)
{
	for (size_t i = 0; i < world->n; i++)
		if (vtap_prefix_has(&world->classes[i].from, source))
			return &world->classes[i];
	return NULL;
}

static void assert_class_is_true(const struct world *world, const struct vtap_addr *source)
{
	const struct vtap_class *class = class_around(world, source);
	enum vtap_verdict verdict = VTAP_VERDICT_NOT_ALLOWED;
	struct vtap_match match = { 0 };

	if (vtap_table_allows(world->table, source))
		verdict = vtap_table_match(world->table, 5, source, &match);
	assert_non_null(class);
	assert_int_equal(class->verdict, verdict);
	if (verdict == VTAP_VERDICT_DELIVERED)
		assert_int_equal(class->match.i_session, match.i_session);
}

static void test_classes_when_random_then_the_table_agrees_for_every_source(void **state)
{
	(void)state;
	dice = 4789;
	for (int i = 0; i < 300; i++) {
		_auto_world struct world world = { 0 };
		uint32_t n_rules = roll(RULES_MAX);

		world.spec.n_allow = roll(ALLOW_MAX + 1);
		for (size_t j = 0; j < world.spec.n_allow; j++)
			world.allow[j] = prefix_roll();
		for (uint32_t j = 0; j < n_rules; j++)
			world_rule(&world, (enum vtap_level)roll(VTAP_LEVEL_COUNT), prefix_roll());
		world_judge(&world, 5);
		for (int j = 0; j < 300; j++) {
			struct in_addr v4 = { .s_addr = htonl(0x09f00000U + roll(0x300000)) };
			struct vtap_addr source = vtap_addr_from_v4(v4);

			assert_class_is_true(&world, &source);
		}
		for (size_t j = 0; j < world.n; j++)
			assert_ptr_equal(
				class_around(&world, &world.classes[j].sample), &world.classes[j]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_classes_when_nobody_names_a_source_then_one),
		cmocka_unit_test(test_classes_when_nobody_has_the_vni_then_one),
		cmocka_unit_test(test_classes_when_a_source_is_asked_for_then_the_rest_is_told),
		cmocka_unit_test(
			test_classes_when_a_longer_prefix_begins_at_the_same_address_then_both),
		cmocka_unit_test(test_classes_when_allow_is_narrower_then_the_rest_is_not_allowed),
		cmocka_unit_test(test_classes_when_parts_cover_the_whole_then_it_is_none),
		cmocka_unit_test(test_classes_when_random_then_the_table_agrees_for_every_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
