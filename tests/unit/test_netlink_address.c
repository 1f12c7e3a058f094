// SPDX-License-Identifier: Apache-2.0
/*
 * Law: own addresses are those that the stack takes packets from outside for: what is still being
 * asked about, or reaches no further than the host or the wire, is not among them.
 */
#include "tests/unit/cmocka_with.h"
#include "tests/unit/tc.h"

#include "netlink/address.h"

static bool dump_has(
	const struct vtap_own_address *addresses, size_t n, const char *text, const char *name)
{
	struct vtap_addr addr;

	assert_int_equal(vtap_addr_parse(text, &addr), 0);
	for (size_t i = 0; i < n; i++)
		if (vtap_addr_compare(&addresses[i].addr, &addr) == 0 &&
			addresses[i].index == (int)if_nametoindex(name))
			return true;
	return false;
}

static void test_addresses_when_of_every_kind_then_those_from_outside_only(void **state)
{
	_auto(nl) struct vtap_nl *nl = NULL;
	_auto_fd int fd = tap_make("tap0");
	_auto_free struct vtap_own_address *addresses = NULL;
	size_t n = 99;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(vtap_nl_open(&nl, NULL), 0);
	assert_int_equal(vtap_addresses_dump(nl, &addresses, &n, NULL), 0);
	assert_int_equal(n, 0); /* 127.0.0.1 and ::1 */

	by_hand("ip link set dev tap0 up"
		" && ip address add 192.0.2.1/24 dev tap0 && ip address add 192.0.2.2/24 dev tap0"
		" && ip address add 198.51.100.1 peer 198.51.100.2 dev tap0"
		" && ip address add 203.0.113.1/32 dev lo"
		" && ip -6 address add 2001:db8::1/64 dev tap0 nodad"
		" && ip -6 address add 2001:db8::3 peer 2001:db8::4 dev tap0 nodad"
		" && ip -6 address add fe80::1/64 dev tap0 nodad"
		" && ip -6 address add 2001:db8::2/64 dev tap0"); /* tentative: no carrier, no
								   * answer
								   */
	assert_int_equal(vtap_addresses_dump(nl, &addresses, &n, NULL), 0);
	assert_true(dump_has(addresses, n, "192.0.2.1", "tap0"));
	assert_true(dump_has(addresses, n, "192.0.2.2", "tap0"));
	assert_true(dump_has(addresses, n, "198.51.100.1", "tap0"));
	assert_true(dump_has(addresses, n, "203.0.113.1", "lo"));
	assert_true(dump_has(addresses, n, "2001:db8::1", "tap0"));
	assert_true(dump_has(addresses, n, "2001:db8::3", "tap0"));
	assert_int_equal(n, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses_when_of_every_kind_then_those_from_outside_only),
	};

	hands_or_skip();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
