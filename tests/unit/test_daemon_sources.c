// SPDX-License-Identifier: Apache-2.0
/*
 * Law: how many VNIs come that nobody takes is known while they come, and to find it out takes 1 %
 * of the time at most: whoever sends them chooses how many they are. Who sends what is delivered is
 * covered by few prefixes, this host itself not among them.
 */
#include "tests/unit/cmocka_with.h"

#include <string.h>

#include "base/clock.h"
#include "daemon/intake.h"
#include "daemon/manager.h"
#include "daemon/sources.h"
#include "datapath/sightings.h"
#include "report/text_words.h"

#define START_NS (1000 * VTAP_NS_PER_S)

/** struct scene - a target with one worker, which has seen unknown VNIs */
static struct scene {
	_Alignas(VTAP_CACHE_LINE_BYTES) struct vtap_slot slot;
	struct vtap_target target;
	struct vtap_conf conf;
	struct vtap_intake *intake[1];
	struct vtap_manager manager;
	unsigned n_looks;
	uint64_t look_takes_ns;
	uint64_t clock_ns;
} scene;

const struct vtap_slot *__wrap_vtap_intake_slot(const struct vtap_intake *intake, unsigned i);
uint64_t __wrap_vtap_clock_mono_ns(void);

const struct vtap_slot *__wrap_vtap_intake_slot(const struct vtap_intake *intake, unsigned i)
{
	(void)intake; /* there is one */
	if (i > 0)
		return NULL;
	scene.n_looks++;
	scene.clock_ns += scene.look_takes_ns;
	return &scene.slot;
}

uint64_t __wrap_vtap_clock_mono_ns(void)
{
	return START_NS + scene.clock_ns;
}

static int scene_setup(void **state)
{
	static const struct vtap_prefix allowed = { .len = 0 };

	(void)state;
	memset(&scene, 0, sizeof(scene));
	assert_int_equal(vtap_slot_init(&scene.slot), 0);
	scene.target =
		(struct vtap_target){ .allow = (struct vtap_prefix *)&allowed, .n_allow = 1 };
	scene.conf = (struct vtap_conf){ .targets = &scene.target, .n_targets = 1 };
	scene.manager.conf = &scene.conf;
	scene.manager.intake = scene.intake;
	vtap_sources_follow(&scene.manager);
	assert_non_null(scene.manager.sources);
	return 0;
}

static int scene_teardown(void **state)
{
	(void)state;
	free(scene.manager.sources);
	vtap_slot_done(&scene.slot);
	return 0;
}

static void note(uint32_t vni, uint64_t now_ns)
{
	static const struct vtap_addr source = { .byte = { 0x20, 0x01 } };

	vtap_slot_begin(&scene.slot);
	vtap_sightings_note(
		scene.slot.unknown, VTAP_VERDICT_UNKNOWN_VNI, vni, &source, 1, 100, now_ns);
	vtap_slot_end(&scene.slot);
}

/* What is told while @n_recent packets came in the last minute. */
static size_t n_told(uint64_t n_recent, uint64_t now_ns)
{
	struct vtap_report_target report = { .target = &scene.target };

	report.trends[VTAP_VERDICT_UNKNOWN_VNI] =
		(struct vtap_report_trend){ .recent = n_recent, .since_mono_ns = START_NS };
	assert_int_equal(vtap_sources_fill(&scene.manager, 0, now_ns, &report), 0);
	assert_true(n_recent == 0 || report.unknown_vnis[0] == 5);
	return report.n_unknown_vnis;
}

static void test_unknown_vnis_when_they_come_then_counted_once_a_second(void **state)
{
	(void)state;
	note(5, START_NS);
	assert_int_equal(n_told(1, START_NS), 1);
	note(6, START_NS);
	assert_int_equal(n_told(2, START_NS + VTAP_NS_PER_S - 1), 1);
	assert_int_equal(scene.n_looks, 1);
	assert_int_equal(n_told(2, START_NS + VTAP_NS_PER_S), 2);
	assert_int_equal(scene.n_looks, 2);
}

static void test_unknown_vnis_when_a_look_takes_long_then_the_next_one_waits(void **state)
{
	(void)state;
	scene.look_takes_ns = VTAP_NS_PER_S / 10;
	note(5, START_NS);
	for (unsigned i = 0; i < 100; i++)
		assert_row(n_told(1, START_NS + i * VTAP_NS_PER_S) == 1, i);
	assert_int_equal(scene.n_looks, 10);
}

static void
test_unknown_vnis_when_none_came_of_late_then_none_and_the_next_ones_are_counted_at_once(
	void **state)
{
	(void)state;
	note(5, START_NS);
	assert_int_equal(n_told(1, START_NS), 1);
	assert_int_equal(n_told(0, START_NS + 1), 0);
	note(6, START_NS + 2);
	note(7, START_NS + 2);
	assert_int_equal(n_told(2, START_NS + 2), 3);
}

static void test_sources_when_this_host_is_among_them_then_the_others_alone(void **state)
{
	static const char *const SOURCES[] = { "127.0.0.1", "10.0.3.17", "::1" };
	struct vtap_report_target report = { .target = &scene.target };
	char text[VTAP_ADDR_TEXT_MAX];

	(void)state;
	scene.target.n_allow = 0;
	vtap_slot_begin(&scene.slot);
	for (size_t i = 0; i < VTAP_ARRAY_LEN(SOURCES); i++) {
		struct vtap_addr source;

		assert_int_equal(vtap_addr_parse(SOURCES[i], &source), 0);
		vtap_sightings_note(scene.slot.carried, 1, 5, &source, 1, 100, START_NS);
	}
	vtap_slot_end(&scene.slot);
	assert_int_equal(vtap_sources_fill(&scene.manager, 0, START_NS, &report), 0);
	assert_int_equal(report.n_seen, 1);
	vtap_prefix_format(&report.seen[0], text);
	assert_string_equal(text, "10.0.3.0/24");
	free(report.seen);
}

/* "172.31.4.2 10.0.0.9", "… and 2 more or others": who is told while packets come from outside. */
static void assert_refused(const char *wanted, uint64_t now_ns)
{
	struct vtap_report_target report = { .target = &scene.target };
	struct vtap_text_words words = VTAP_TEXT_WORDS_NULL;
	char text[VTAP_ADDR_TEXT_MAX];

	report.trends[VTAP_VERDICT_NOT_ALLOWED] =
		(struct vtap_report_trend){ .recent = 1, .since_mono_ns = START_NS };
	assert_int_equal(vtap_sources_fill(&scene.manager, 0, now_ns, &report), 0);
	for (size_t i = 0; i < report.refused.n && i < VTAP_REPORT_REFUSED_NAMED; i++) {
		vtap_addr_format(&report.refused.source[i], text);
		vtap_text_words_add(&words, "%s%s", i > 0 ? " " : "", text);
	}
	if (report.refused.n > VTAP_REPORT_REFUSED_NAMED)
		vtap_text_words_add(
			&words, " and %zu more", report.refused.n - VTAP_REPORT_REFUSED_NAMED);
	if (report.refused.has_more)
		vtap_text_words_add(&words, ", or others");
	assert_string_equal(words.text, wanted);
}

static void refuse(const char *text, uint32_t key, uint64_t n_packets, uint64_t now_ns)
{
	struct vtap_addr source;

	assert_int_equal(vtap_addr_parse(text, &source), 0);
	vtap_slot_begin(&scene.slot);
	vtap_sightings_note(
		scene.slot.refused, VTAP_VERDICT_NOT_ALLOWED, key, &source, n_packets, 0, now_ns);
	vtap_slot_end(&scene.slot);
}

static void test_refused_when_they_send_then_told_once_a_second_who_sent_most_of_late(void **state)
{
	const uint64_t early_ns = START_NS - 3 * VTAP_NS_PER_S;

	(void)state;
	refuse("192.0.2.1", 1, 100, early_ns); /* another time */
	refuse("10.0.0.9", 2, 5, START_NS);
	refuse("172.31.4.2", 3, 6, START_NS);
	assert_refused("172.31.4.2 10.0.0.9", START_NS);
	refuse("10.0.0.9", 2, 5, START_NS);
	assert_refused("172.31.4.2 10.0.0.9", START_NS + VTAP_NS_PER_S - 1);
	assert_refused("10.0.0.9 172.31.4.2", START_NS + VTAP_NS_PER_S);
}

static void test_refused_when_they_are_many_then_some_are_told_and_that_there_may_be_others(
	void **state)
{
	char text[32];

	(void)state;
	for (uint32_t i = 1; i <= 200; i++) {
		(void)snprintf(text, sizeof(text), "10.0.0.%u", i); /* fits */
		refuse(text, i, i, START_NS);
	}
	assert_refused("10.0.0.200 10.0.0.199 10.0.0.198 and 13 more, or others", START_NS);
}

#define in_scene(test) cmocka_unit_test_setup_teardown(test, scene_setup, scene_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_scene(test_sources_when_this_host_is_among_them_then_the_others_alone),
		in_scene(test_refused_when_they_send_then_told_once_a_second_who_sent_most_of_late),
		in_scene(
			test_refused_when_they_are_many_then_some_are_told_and_that_there_may_be_others),
		in_scene(test_unknown_vnis_when_they_come_then_counted_once_a_second),
		in_scene(test_unknown_vnis_when_a_look_takes_long_then_the_next_one_waits),
		in_scene(
			test_unknown_vnis_when_none_came_of_late_then_none_and_the_next_ones_are_counted_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
