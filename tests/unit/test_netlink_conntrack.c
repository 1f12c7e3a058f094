// SPDX-License-Identifier: Apache-2.0
/*
 * Law: a port is tracked when an entry of the connection table went to it over UDP, whatever else
 * is in the table; what only comes from that port, or goes to it over TCP, is another matter.
 */
#include <arpa/inet.h>

#include "tests/unit/cmocka_with.h"
#include "tests/unit/tc.h"

#include "netlink/conntrack.h"

#define PORT 4789 /* in our own namespace */

static void udp_send(const char *to, uint16_t port, uint16_t from)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	const struct sockaddr_in v4_from = { .sin_family = AF_INET, .sin_port = htons(from) };
	bool is_v6 = inet_pton(AF_INET6, to, &v6.sin6_addr) == 1;
	_auto_fd int fd = socket(is_v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (!is_v6) {
		assert_int_equal(inet_pton(AF_INET, to, &v4.sin_addr), 1);
		assert_int_equal(bind(fd, (const struct sockaddr *)&v4_from, sizeof(v4_from)), 0);
	}
	(void)sendto(fd, "x", 1, 0, is_v6 ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4,
		is_v6 ? sizeof(v6) : sizeof(v4)); /* nobody listens: it is tracked all the same */
}

static enum vtap_known ask_of(uint16_t port, bool has_ipv6)
{
	enum vtap_known tracked = VTAP_UNKNOWN;

	assert_int_equal(vtap_conntrack_ask(port, has_ipv6, &tracked, NULL), 0);
	return tracked;
}

static enum vtap_known ask(uint16_t port)
{
	return ask_of(port, true);
}

static int table_make(void **state)
{
	(void)state;
	return system("nft 'table inet t { chain c { type filter hook input priority 0; ct state "
		      "new counter; }; }' 2>/dev/null") == 0
		       ? 0
		       : TEST_SKIP;
}

static void test_port_when_a_packet_went_to_it_then_it_is_tracked(void **state)
{
	if (table_make(state) != 0)
		skip(); /* no nftables, or no connection tracking */
	assert_int_equal(ask(PORT), VTAP_OFF);
	udp_send("127.0.0.1", PORT + 1, 0);
	udp_send("127.0.0.1", PORT + 2, PORT); /* from it */
	assert_int_equal(ask(PORT), VTAP_OFF);
	assert_int_equal(ask(PORT + 1), VTAP_ON);
	udp_send("127.0.0.1", PORT, 0);
	assert_int_equal(ask(PORT), VTAP_ON);
}

static void test_port_when_the_packet_was_of_ipv6_then_it_is_tracked_too(void **state)
{
	if (table_make(state) != 0)
		skip();
	assert_int_equal(ask(PORT + 6), VTAP_OFF);
	udp_send("::1", PORT + 6, 0);
	assert_int_equal(ask(PORT + 6), VTAP_ON);
	assert_int_equal(ask_of(PORT + 6, false), VTAP_OFF);
	udp_send("127.0.0.1", PORT + 6, 0);
	assert_int_equal(ask_of(PORT + 6, false), VTAP_ON);
}

/* The kernel looks through it, and neither we nor our socket's buffer are in its way. */
static void test_port_when_the_table_is_long_then_the_answer_is_right(void **state)
{
	if (table_make(state) != 0)
		skip();
	for (uint16_t i = 0; i < 6000; i++)
		udp_send("127.0.0.1", (uint16_t)(20000 + i), 0);
	assert_int_equal(ask(PORT + 7), VTAP_OFF);
	udp_send("127.0.0.1", PORT + 7, 0);
	assert_int_equal(ask(PORT + 7), VTAP_ON);
	assert_int_equal(ask(25999), VTAP_ON);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_port_when_a_packet_went_to_it_then_it_is_tracked),
		cmocka_unit_test(test_port_when_the_packet_was_of_ipv6_then_it_is_tracked_too),
		cmocka_unit_test(test_port_when_the_table_is_long_then_the_answer_is_right),
	};

	hands_or_skip();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
