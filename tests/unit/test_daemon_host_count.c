// SPDX-License-Identifier: Apache-2.0
/*
 * Law: what the host counted of UDP is the sum of both families, by the names that the kernel gives
 * its columns; a counter that is not there makes all of it unknown, never 0.
 */
#include "tests/unit/cmocka_with.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/host_count.h"
#include "tests/unit/namespace.h"

/* As kernel 6.18 writes them, with other numbers. */
#define SNMP                                                                                       \
	"Ip: Forwarding DefaultTTL InReceives\nIp: 1 64 900\n"                                     \
	"Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors "   \
	"IgnoredMulti MemErrors\n"                                                                 \
	"Udp: 1200 5 7 9999 2 9999 3 9999 9999\n"                                                  \
	"UdpLite: InDatagrams NoPorts InErrors\nUdpLite: 9999 9999 9999\n"
#define SNMP6                                                                                      \
	"Ip6InReceives                   \t9999\n"                                                 \
	"Udp6InDatagrams                 \t4\n"                                                    \
	"Udp6NoPorts                     \t10\n"                                                   \
	"Udp6InErrors                    \t20\n"                                                   \
	"Udp6OutDatagrams                \t9999\n"                                                 \
	"Udp6RcvbufErrors                \t30\n"                                                   \
	"Udp6InCsumErrors                \t40\n"                                                   \
	"UdpLite6InDatagrams             \t9999\n"

static void assert_host(const struct vtap_report_host *host, const uint64_t *wanted)
{
	assert_true(host->is_known);
	assert_int_equal(host->udp_in_datagrams, wanted[0]);
	assert_int_equal(host->udp_no_ports, wanted[1]);
	assert_int_equal(host->udp_in_errors, wanted[2]);
	assert_int_equal(host->udp_rcvbuf_errors, wanted[3]);
	assert_int_equal(host->udp_in_csum_errors, wanted[4]);
}

static void test_host_when_both_families_are_told_then_their_sum(void **state)
{
	static const uint64_t SUM[] = { 1204, 15, 27, 32, 43 }, V4[] = { 1200, 5, 7, 2, 3 };
	struct vtap_report_host host = { 0 };

	(void)state;
	assert_int_equal(vtap_host_count_parse(SNMP, SNMP6, &host), 0);
	assert_host(&host, SUM);
	assert_int_equal(vtap_host_count_parse(SNMP, NULL, &host), 0);
	assert_host(&host, V4);
}

static void test_host_when_a_counter_is_missing_then_nothing_is_known(void **state)
{
	static const struct {
		const char *snmp, *snmp6;
	} CASES[] = {
		{ "", NULL },
		{ "Udp: InDatagrams NoPorts InErrors RcvbufErrors InCsumErrors", NULL },
		{ "Udp: InDatagrams NoPorts InErrors RcvbufErrors InCsumErrors\n", NULL },
		{ "Udp: InDatagrams NoPorts InErrors RcvbufErrors InCsumErrors\nUdp: ", NULL },
		{ "Udp: InDatagrams NoPorts InErrors RcvbufErrors InCsumErrors\nUdp: 1 2 3 4\n",
			NULL },
		{ "Udp: InDatagrams NoPorts InErrors RcvbufErrors InCsumErrors\nUdp: 1 2 3 4 x\n",
			NULL },
		{ "Udp: InDatagrams NoPorts InErrors RcvbufErrors\nUdp: 1 2 3 4\n", NULL },
		{ "Udp: InDatagrams NoPorts InErrors RcvbufErrors InCsumErrors\nTcp: 1 2 3 4 5\n",
			NULL },
		{ SNMP, "" },
		{ SNMP, "Udp6InDatagrams \t4\nUdp6NoPorts \t10\n" },
		{ SNMP, "Udp6" },
	};

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(CASES); i++) {
		struct vtap_report_host host = { .udp_no_ports = 99 };

		assert_row(
			vtap_host_count_parse(CASES[i].snmp, CASES[i].snmp6, &host) == -EPROTO, i);
		assert_row(!host.is_known && host.udp_no_ports == 99, i);
	}
}

static void test_host_when_a_packet_finds_no_port_then_it_shows(void **state)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(4789),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	_auto_fd int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct vtap_report_host before = { 0 }, after = { 0 };
	uint64_t deadline_ns = 0;

	(void)state;
	assert_int_equal(vtap_host_count_read(&before), 0);
	assert_int_equal(sendto(fd, "x", 1, 0, (const struct sockaddr *)&to, sizeof(to)), 1);
	do
		assert_int_equal(vtap_host_count_read(&after), 0);
	while (after.udp_no_ports == before.udp_no_ports && wait_more(&deadline_ns));
	assert_int_equal(after.udp_no_ports, before.udp_no_ports + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_host_when_both_families_are_told_then_their_sum),
		cmocka_unit_test(test_host_when_a_counter_is_missing_then_nothing_is_known),
		cmocka_unit_test(test_host_when_a_packet_finds_no_port_then_it_shows),
	};

	namespace_enter_or_skip();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
