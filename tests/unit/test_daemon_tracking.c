// SPDX-License-Identifier: Apache-2.0
/*
 * Law: the kernel looks through its connection table for us once a minute at most, one port at a
 * time, less often where that takes long, and not at all where it tracks nothing or no packet went
 * up its stack; what it does not tell is unknown.
 */
#include <arpa/inet.h>
#include <errno.h>

#include "tests/unit/cmocka_with.h"
#include "tests/unit/tc.h"

#include "daemon/tracking.h"
#include "netlink/conntrack.h"

#define START_NS (1000 * VTAP_NS_PER_S)

/* What the kernel would say, how long that takes, and how often it was asked. */
static struct {
	unsigned n_asked;
	unsigned n_asked_of[4]; /* of the first ports */
	uint64_t takes_ns;
	uint64_t clock_ns;
	int r;
	bool has_ipv6; /* was to be looked for */
	enum vtap_known tracked;
} kernel;

int __wrap_vtap_conntrack_ask(
	uint16_t port, bool has_ipv6, enum vtap_known *ret_tracked, struct vtap_err *err);

int __wrap_vtap_conntrack_ask(
	uint16_t port, bool has_ipv6, enum vtap_known *ret_tracked, struct vtap_err *err)
{
	(void)err;
	kernel.has_ipv6 = has_ipv6;
	kernel.n_asked++;
	if (port < VTAP_ARRAY_LEN(kernel.n_asked_of))
		kernel.n_asked_of[port]++;
	kernel.clock_ns += kernel.takes_ns;
	if (kernel.r == 0)
		*ret_tracked = kernel.tracked;
	return kernel.r;
}

uint64_t __wrap_vtap_clock_mono_ns(void);

uint64_t __wrap_vtap_clock_mono_ns(void)
{
	return START_NS + kernel.clock_ns;
}

static uint64_t n_packets;

/* A packet to the port went up the stack since the last look. */
static enum vtap_known look(struct vtap_tracking *tracking, uint16_t port, uint64_t now_ns)
{
	const struct vtap_passed passed = { .n = ++n_packets };

	return vtap_tracking_look(tracking, port, &passed, now_ns);
}

/* Somebody's connection is tracked from now on, in our namespace. */
static void tracking_begin_or_skip(void)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(5),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	_auto_fd int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (system("nft 'table inet t { chain c { type filter hook input priority 0; ct state new "
		   "counter; }; }' 2>/dev/null") != 0 ||
		sendto(fd, "x", 1, 0, (const struct sockaddr *)&to, sizeof(to)) != 1)
		skip(); /* no nftables, or no connection tracking */
	kernel.n_asked = 0;
	kernel.r = 0;
}

static void test_port_when_the_host_tracks_nothing_then_nobody_is_asked(void **state)
{
	struct vtap_tracking tracking = { 0 };

	(void)state;
	kernel.n_asked = 0;
	/* unknown: a kernel without connection tracking */
	assert_int_not_equal(look(&tracking, 4789, START_NS), VTAP_ON);
	assert_int_equal(kernel.n_asked, 0);
}

static void test_port_when_asked_then_once_a_minute_and_sooner_while_it_is_tracked(void **state)
{
	static const struct {
		uint64_t at_s;
		enum vtap_known says;
		int r;
		enum vtap_known told;
		unsigned n_asked;
	} STEPS[] = {
		{ 0, VTAP_OFF, 0, VTAP_OFF, 1 },
		{ 59, VTAP_ON, 0, VTAP_OFF, 1 }, /* nobody looked */
		{ 60, VTAP_ON, 0, VTAP_ON, 2 },
		{ 74, VTAP_OFF, 0, VTAP_ON, 2 },
		{ 75, VTAP_OFF, 0, VTAP_OFF, 3 },
		{ 135, VTAP_ON, -EPERM, VTAP_UNKNOWN, 4 },
		{ 136, VTAP_ON, 0, VTAP_UNKNOWN, 4 },
		{ 195, VTAP_ON, 0, VTAP_ON, 5 },
	};
	struct vtap_tracking tracking = { 0 };

	(void)state;
	tracking_begin_or_skip();
	for (size_t i = 0; i < VTAP_ARRAY_LEN(STEPS); i++) {
		kernel.tracked = STEPS[i].says;
		kernel.r = STEPS[i].r;
		assert_row(look(&tracking, 4789, START_NS + STEPS[i].at_s * VTAP_NS_PER_S) ==
				   STEPS[i].told,
			i);
		assert_row(kernel.n_asked == STEPS[i].n_asked, i);
	}
}

static void test_ports_when_many_then_one_question_a_second_and_no_more_than_there_is_room(
	void **state)
{
	struct vtap_tracking tracking = { 0 };

	(void)state;
	tracking_begin_or_skip();
	kernel.tracked = VTAP_ON;
	assert_int_equal(look(&tracking, 1, START_NS), VTAP_ON);
	assert_int_equal(look(&tracking, 2, START_NS), VTAP_UNKNOWN);
	assert_int_equal(look(&tracking, 2, START_NS + VTAP_NS_PER_S), VTAP_ON);
	assert_int_equal(kernel.n_asked, 2);
	for (uint16_t i = 0; i < VTAP_TRACKING_PORTS; i++)
		(void)look(&tracking, (uint16_t)(3 + i), START_NS); /* some row */
	assert_int_equal(tracking.n, VTAP_TRACKING_PORTS);
	assert_int_equal(look(&tracking, 4711, START_NS + 200 * VTAP_NS_PER_S), VTAP_UNKNOWN);
}

/* A process lives longer than its configurations. */
static void test_ports_when_no_longer_configured_then_forgotten(void **state)
{
	struct vtap_target targets[] = { { .port = 4789 }, { .port = 8472 }, { .port = 4789 } };
	const struct vtap_conf conf = { .targets = targets, .n_targets = 3 };
	struct vtap_tracking tracking = { 0 };

	(void)state;
	for (uint16_t i = 0; i < VTAP_TRACKING_PORTS; i++)
		(void)look(&tracking, (uint16_t)(8472 + i), START_NS);
	(void)look(&tracking, 4789, START_NS);
	assert_int_equal(tracking.n, VTAP_TRACKING_PORTS);
	vtap_tracking_follow(&tracking, &conf);
	assert_int_equal(tracking.n, 1);
	assert_int_equal(tracking.port[0].port, 8472);
	(void)look(&tracking, 4789, START_NS);
	assert_int_equal(tracking.n, 2);
}

static void test_port_when_nothing_goes_up_the_stack_then_not_tracked_and_nobody_is_asked(
	void **state)
{
	static const struct {
		uint64_t at_s;
		uint64_t n_packets;
		enum vtap_known told;
		unsigned n_asked;
	} STEPS[] = {
		{ 0, 0, VTAP_OFF, 0 },
		{ 1, 7, VTAP_ON, 1 },
		{ 14, 7, VTAP_ON, 1 }, /* what was tracked stays in the table for a while */
		{ 16, 7, VTAP_OFF, 1 },
		{ 99, 7, VTAP_OFF, 1 },
		{ 100, 8, VTAP_ON, 2 },
	};
	struct vtap_tracking tracking = { 0 };

	(void)state;
	tracking_begin_or_skip();
	kernel.tracked = VTAP_ON;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(STEPS); i++) {
		const struct vtap_passed passed = { .n = STEPS[i].n_packets };

		assert_row(vtap_tracking_look(&tracking, 4789, &passed,
				   START_NS + STEPS[i].at_s * VTAP_NS_PER_S) == STEPS[i].told,
			i);
		assert_row(kernel.n_asked == STEPS[i].n_asked, i);
	}
}

static void test_port_when_a_target_had_packets_of_ipv6_then_those_are_looked_for(void **state)
{
	struct vtap_tracking tracking = { 0 };
	struct vtap_passed passed = { .n = ++n_packets };

	(void)state;
	tracking_begin_or_skip();
	(void)vtap_tracking_look(&tracking, 4789, &passed, START_NS);
	assert_false(kernel.has_ipv6);
	passed = (struct vtap_passed){ .n = ++n_packets, .has_ipv6 = true };
	(void)vtap_tracking_look(&tracking, 4789, &passed, START_NS + 60 * VTAP_NS_PER_S);
	assert_true(kernel.has_ipv6);
}

/* Half an hour and three ports, each with a packet a second. */
static void test_ports_when_the_table_is_long_then_one_in_1000_of_the_time_and_each_in_its_turn(
	void **state)
{
	struct vtap_tracking tracking = { 0 };

	(void)state;
	tracking_begin_or_skip();
	kernel.tracked = VTAP_OFF;
	kernel.takes_ns = VTAP_NS_PER_S / 10;
	for (unsigned i = 0; i < 1800; i++)
		for (uint16_t port = 1; port <= 3; port++)
			(void)look(&tracking, port, START_NS + i * VTAP_NS_PER_S);
	assert_int_equal(kernel.n_asked, 1800 / 100);
	for (size_t i = 1; i <= 3; i++)
		assert_row(kernel.n_asked_of[i] >= 5 && kernel.n_asked_of[i] <= 7, i);
	kernel.takes_ns = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_port_when_the_host_tracks_nothing_then_nobody_is_asked),
		cmocka_unit_test(
			test_port_when_asked_then_once_a_minute_and_sooner_while_it_is_tracked),
		cmocka_unit_test(test_ports_when_no_longer_configured_then_forgotten),
		cmocka_unit_test(
			test_port_when_nothing_goes_up_the_stack_then_not_tracked_and_nobody_is_asked),
		cmocka_unit_test(
			test_port_when_a_target_had_packets_of_ipv6_then_those_are_looked_for),
		cmocka_unit_test(
			test_ports_when_the_table_is_long_then_one_in_1000_of_the_time_and_each_in_its_turn),
		cmocka_unit_test(
			test_ports_when_many_then_one_question_a_second_and_no_more_than_there_is_room),
	};

	hands_or_skip();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
