// SPDX-License-Identifier: Apache-2.0
/*
 * Law: who waits for a drain is told how it begins, what is new, and how it ends; the outcome says
 * whether to ask again, and an end by somebody else is never taken for quiet.
 */
#include "tests/unit/test_report_text.h"

#define SECONDS(s) #s "000000000"

#define DRAIN(more) "{'version':1," more ",'settle_ns':" SECONDS(10) ",'healthy':true}"
#define UNDER_WAY(rate, before, elapsed, quiet, ends)                                              \
	DRAIN("'draining':true,'since':'2026-11-20T10:04:00Z','reason':'suricata 7.0.11',"         \
	      "'frames_per_second':" rate ",'frames_per_second_before':" before                    \
	      ",'elapsed_ns':" elapsed ",'quiet_ns':" quiet "," ends                               \
	      ",'delivered':2711908,'lost':0,'drain_time_ns':" SECONDS(120))
#define GOES_ON    "'is_quiet':false,'is_overdue':false"
#define IS_QUIET   "'is_quiet':true,'is_overdue':false"
#define IS_OVERDUE "'is_quiet':false,'is_overdue':true"
#define ENDED                                                                                      \
	DRAIN("'draining':false,'since':null,'reason':null,'frames_per_second':0.0,"               \
	      "'frames_per_second_before':0.0,'elapsed_ns':0,'quiet_ns':0," GOES_ON                \
	      ",'delivered':0,'lost':0,'drain_time_ns':" SECONDS(120))

#define BEGINS       UNDER_WAY("215525.2", "215525.2", "0", "0", GOES_ON)
#define BEGINS_LINE  "10:05:00  health refuses, forwarding goes on, 215,525 frames/s\n"
#define FALLEN(rate) UNDER_WAY(rate, "215525.2", SECONDS(10), "0", GOES_ON)
#define LOW(rate)    UNDER_WAY(rate, "215525.2", SECONDS(20), SECONDS(1), GOES_ON)

static void assert_wait(struct vtap_text_drain *said, uint64_t at_s, const char *single_quoted,
	int outcome, const char *text)
{
	const struct vtap_text_opts opts = {
		.now_ns = TEST_NOW_NS + at_s * VTAP_NS_PER_S,
		.drain = said,
	};

	assert_renders_with(vtap_text_drain, single_quoted, &opts, outcome, text);
}

static void test_drain_when_nobody_waits_then_one_line_and_0(void **state)
{
	(void)state;
	assert_renders(vtap_text_drain, BEGINS, 0, BEGINS_LINE);
}

static void test_drain_when_it_was_begun_before_then_since_when_and_why(void **state)
{
	(void)state;
	assert_renders(vtap_text_drain, UNDER_WAY("5.0", "500.0", SECONDS(60), "0", GOES_ON), 0,
		"10:05:00  health refuses since 10:04:00 (suricata 7.0.11), forwarding goes on, "
		"5 frames/s\n");
}

static void test_drain_when_the_rate_falls_by_half_then_a_line(void **state)
{
	struct vtap_text_drain said = { 0 };

	(void)state;
	assert_wait(&said, 0, BEGINS, VTAP_TEXT_WAITING, BEGINS_LINE);
	assert_wait(&said, 1, FALLEN("150000.0"), VTAP_TEXT_WAITING, "");
	assert_wait(
		&said, 2, FALLEN("107762.0"), VTAP_TEXT_WAITING, "10:05:02  107,762 frames/s\n");
	assert_wait(&said, 3, FALLEN("60000.0"), VTAP_TEXT_WAITING, "");
}

static void test_drain_when_below_the_mark_then_it_may_fall_in_silence(void **state)
{
	struct vtap_text_drain said = { 0 };

	(void)state;
	assert_wait(&said, 0, BEGINS, VTAP_TEXT_WAITING, BEGINS_LINE);
	assert_wait(&said, 1, LOW("1904.0"), VTAP_TEXT_WAITING, "10:05:01  1,904 frames/s\n");
	assert_wait(&said, 2, LOW("10.0"), VTAP_TEXT_WAITING, "");
	assert_wait(&said, 3, LOW("0.0"), VTAP_TEXT_WAITING, "");
	assert_wait(&said, 4, LOW("0.0"), VTAP_TEXT_WAITING, "");
}

static void test_drain_when_nothing_changes_then_a_sign_of_life_every_20_s(void **state)
{
	struct vtap_text_drain said = { 0 };

	(void)state;
	assert_wait(&said, 0, BEGINS, VTAP_TEXT_WAITING, BEGINS_LINE);
	assert_wait(&said, 19, BEGINS, VTAP_TEXT_WAITING, "");
	assert_wait(&said, 20, BEGINS, VTAP_TEXT_WAITING, "10:05:20  215,525 frames/s\n");
	assert_wait(&said, 39, BEGINS, VTAP_TEXT_WAITING, "");
	assert_wait(&said, 40, BEGINS, VTAP_TEXT_WAITING, "10:05:40  215,525 frames/s\n");
}

static void test_drain_when_quiet_then_0_and_what_was_delivered(void **state)
{
	struct vtap_text_drain said = { 0 };

	(void)state;
	assert_wait(&said, 0, BEGINS, VTAP_TEXT_WAITING, BEGINS_LINE);
	assert_wait(&said, 36, UNDER_WAY("0.0", "215525.2", SECONDS(36), "15400000000", IS_QUIET),
		0,
		"10:05:36  quiet: under 1 % for 15 s. 2,711,908 frames delivered while draining, "
		"0 lost.\n");
}

static void test_drain_when_there_was_little_traffic_then_the_mark_is_a_number(void **state)
{
	struct vtap_text_drain said = { .has_begun = true };

	(void)state;
	assert_wait(&said, 36, UNDER_WAY("0.0", "999.0", SECONDS(36), SECONDS(15), IS_QUIET), 0,
		"10:05:36  quiet: under 10 frames/s for 15 s. 2,711,908 frames delivered while "
		"draining, 0 lost.\n");
}

static void test_drain_when_it_is_quiet_already_then_begin_and_end(void **state)
{
	struct vtap_text_drain said = { 0 };

	(void)state;
	assert_wait(&said, 0, UNDER_WAY("0.0", "0.0", SECONDS(60), SECONDS(15), IS_QUIET), 0,
		"10:05:00  health refuses since 10:04:00 (suricata 7.0.11), forwarding goes on, "
		"0 frames/s\n"
		"10:05:00  quiet: under 10 frames/s for 15 s. 2,711,908 frames delivered while "
		"draining, 0 lost.\n");
}

static void test_drain_when_overdue_then_1_what_still_arrives_and_what_to_do(void **state)
{
	struct vtap_text_drain said = { 0 };

	(void)state;
	assert_wait(&said, 0, BEGINS, VTAP_TEXT_WAITING, BEGINS_LINE);
	assert_wait(&said, 120, UNDER_WAY("190400.0", "215525.2", "120300000000", "0", IS_OVERDUE),
		VTAP_TEXT_NOT_READY,
		"10:07:00  overdue: 190,400 frames/s still arrive after 2 min. 2,711,908 frames "
		"delivered while draining, 0 lost.\n"
		"          Health goes on refusing. vtapctl status shows where they arrive, "
		"vtapctl undrain ends it.\n");
}

static void test_drain_when_somebody_ends_it_then_1(void **state)
{
	struct vtap_text_drain said = { 0 };

	(void)state;
	assert_wait(&said, 0, BEGINS, VTAP_TEXT_WAITING, BEGINS_LINE);
	assert_wait(&said, 5, ENDED, VTAP_TEXT_NOT_READY, "10:05:05  somebody ended the drain\n");
}

static void test_undrain_when_healthy_then_when_it_will_be_announced(void **state)
{
	(void)state;
	assert_renders(vtap_text_undrain, ENDED, 0, "10:05:00  undrained, healthy again in 10 s\n");
	assert_renders(vtap_text_undrain, "{'version':1,'settle_ns':0,'healthy':true}", 0,
		"10:05:00  undrained, healthy again\n");
}

static void test_undrain_when_unhealthy_then_1_and_where_to_look(void **state)
{
	(void)state;
	assert_renders(vtap_text_undrain, "{'version':1,'settle_ns':1,'healthy':false}",
		VTAP_TEXT_NOT_READY, "10:05:00  undrained, but unhealthy: vtapctl doctor\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_drain_when_nobody_waits_then_one_line_and_0),
		cmocka_unit_test(test_drain_when_it_was_begun_before_then_since_when_and_why),
		cmocka_unit_test(test_drain_when_the_rate_falls_by_half_then_a_line),
		cmocka_unit_test(test_drain_when_below_the_mark_then_it_may_fall_in_silence),
		cmocka_unit_test(test_drain_when_nothing_changes_then_a_sign_of_life_every_20_s),
		cmocka_unit_test(test_drain_when_quiet_then_0_and_what_was_delivered),
		cmocka_unit_test(
			test_drain_when_there_was_little_traffic_then_the_mark_is_a_number),
		cmocka_unit_test(test_drain_when_it_is_quiet_already_then_begin_and_end),
		cmocka_unit_test(test_drain_when_overdue_then_1_what_still_arrives_and_what_to_do),
		cmocka_unit_test(test_drain_when_somebody_ends_it_then_1),
		cmocka_unit_test(test_undrain_when_healthy_then_when_it_will_be_announced),
		cmocka_unit_test(test_undrain_when_unhealthy_then_1_and_where_to_look),
	};

	return cmocka_run_group_tests(tests, use_utc, NULL);
}
