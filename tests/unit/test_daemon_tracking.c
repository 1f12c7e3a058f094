// SPDX-License-Identifier: Apache-2.0
/*
 * Law: the kernel looks through its connection table for us once a minute at most, one port at a
 * time, and not at all where it tracks nothing; what it does not tell is unknown.
 */
#include <arpa/inet.h>
#include <errno.h>

#include "tests/unit/cmocka_with.h"
#include "tests/unit/tc.h"

#include "daemon/tracking.h"
#include "netlink/conntrack.h"

#define START_NS (1000 * VTAP_NS_PER_S)

/* What the kernel would say, and how often it was asked. */
static struct {
	unsigned n_asked;
	int r;
	enum vtap_known tracked;
} kernel;

int __wrap_vtap_conntrack_ask(uint16_t port, enum vtap_known *ret_tracked, struct vtap_err *err);

int __wrap_vtap_conntrack_ask(uint16_t port, enum vtap_known *ret_tracked, struct vtap_err *err)
{
	(void)port; /* all alike */
	(void)err;
	kernel.n_asked++;
	if (kernel.r == 0)
		*ret_tracked = kernel.tracked;
	return kernel.r;
}

/* Somebody's connection is tracked from now on, in our namespace. */
static bool tracking_begin(void)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(5),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	_auto_fd int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (system("nft 'table inet t { chain c { type filter hook input priority 0; ct state new "
		   "counter; }; }' 2>/dev/null") != 0)
		return false;
	return sendto(fd, "x", 1, 0, (const struct sockaddr *)&to, sizeof(to)) == 1;
}

static void test_port_when_the_host_tracks_nothing_then_nobody_is_asked(void **state)
{
	struct vtap_tracking tracking = { 0 };

	(void)state;
	kernel.n_asked = 0;
	/* unknown: a kernel without connection tracking */
	assert_int_not_equal(vtap_tracking_look(&tracking, 4789, START_NS), VTAP_ON);
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
	if (!tracking_begin())
		skip(); /* no nftables, or no connection tracking */
	kernel.n_asked = 0;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(STEPS); i++) {
		kernel.tracked = STEPS[i].says;
		kernel.r = STEPS[i].r;
		assert_row(vtap_tracking_look(&tracking, 4789,
				   START_NS + STEPS[i].at_s * VTAP_NS_PER_S) == STEPS[i].told,
			i);
		assert_row(kernel.n_asked == STEPS[i].n_asked, i);
	}
}

static void test_ports_when_many_then_one_question_a_second_and_no_more_than_there_is_room(
	void **state)
{
	struct vtap_tracking tracking = { 0 };

	(void)state;
	if (!tracking_begin())
		skip();
	kernel.n_asked = 0;
	kernel.r = 0;
	kernel.tracked = VTAP_ON;
	assert_int_equal(vtap_tracking_look(&tracking, 1, START_NS), VTAP_ON);
	assert_int_equal(vtap_tracking_look(&tracking, 2, START_NS), VTAP_UNKNOWN);
	assert_int_equal(vtap_tracking_look(&tracking, 2, START_NS + VTAP_NS_PER_S), VTAP_ON);
	assert_int_equal(kernel.n_asked, 2);
	for (uint16_t i = 0; i < VTAP_TRACKING_PORTS; i++)
		(void)vtap_tracking_look(&tracking, (uint16_t)(3 + i), START_NS); /* some row */
	assert_int_equal(tracking.n, VTAP_TRACKING_PORTS);
	assert_int_equal(
		vtap_tracking_look(&tracking, 4711, START_NS + 9 * VTAP_NS_PER_S), VTAP_UNKNOWN);
	assert_int_equal(vtap_tracking_look(&tracking, 4711, START_NS + 200 * VTAP_NS_PER_S),
		VTAP_ON); /* the others are no longer in use */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_port_when_the_host_tracks_nothing_then_nobody_is_asked),
		cmocka_unit_test(
			test_port_when_asked_then_once_a_minute_and_sooner_while_it_is_tracked),
		cmocka_unit_test(
			test_ports_when_many_then_one_question_a_second_and_no_more_than_there_is_room),
	};

	hands_or_skip();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
