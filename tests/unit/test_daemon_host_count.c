// SPDX-License-Identifier: Apache-2.0
/*
 * Law: what the host counted is the sum of both families, by the names that the kernel gives its
 * columns; a counter that is not there is unknown, never 0, and makes no other one unknown.
 */
#include "tests/unit/cmocka_with.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/host_count.h"
#include "tests/unit/namespace.h"

/* As kernel 6.18 writes them, with other numbers. */
#define SNMP                                                                                       \
	"Ip: Forwarding DefaultTTL InReceives ReasmOKs ReasmFails FragOKs\n"                       \
	"Ip: 1 64 900 9999 6 9999\n"                                                               \
	"Icmp: InMsgs OutDestUnreachs OutTimeExcds\nIcmp: 9999 8 9999\n"                           \
	"IcmpMsg: InType3 OutType3\nIcmpMsg: 9999 9999\n"                                          \
	"Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors "   \
	"IgnoredMulti MemErrors\n"                                                                 \
	"Udp: 1200 5 7 9999 2 9999 3 9999 9999\n"                                                  \
	"UdpLite: InDatagrams NoPorts InErrors\nUdpLite: 9999 9999 9999\n"
#define SNMP6                                                                                      \
	"Ip6InReceives                   \t9999\n"                                                 \
	"Ip6ReasmFails                   \t50\n"                                                   \
	"Icmp6OutDestUnreachs            \t60\n"                                                   \
	"Udp6InDatagrams                 \t4\n"                                                    \
	"Udp6NoPorts                     \t10\n"                                                   \
	"Udp6InErrors                    \t20\n"                                                   \
	"Udp6OutDatagrams                \t9999\n"                                                 \
	"Udp6RcvbufErrors                \t30\n"                                                   \
	"Udp6InCsumErrors                \t40\n"                                                   \
	"UdpLite6InDatagrams             \t9999\n"
#define NETSTAT                                                                                    \
	"TcpExt: SyncookiesSent IPReversePathFilter TCPTimeWaitOverflow\n"                         \
	"TcpExt: 9999 11 9999\n"                                                                   \
	"IpExt: InNoRoutes InTruncatedPkts\nIpExt: 9999 9999\n"
#define ZEROS_9              "00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 "
#define CPU(dropped, number) "521d284f " dropped " 00000026 " ZEROS_9 number " 00000000\n"
#define SOFTNET              CPU("0000000a", "00000000") CPU("00000100", "00000001")

#define UNKNOWN UINT64_MAX

static const struct vtap_host_files ALL = {
	.snmp = SNMP, .snmp6 = SNMP6, .netstat = NETSTAT, .softnet = SOFTNET
};

/* In the order of enum vtap_host_counter. */
static const uint64_t BOTH[] = { 1204, 15, 27, 32, 43, 11, 56, 68, 266 };
static const uint64_t V4[] = { 1200, 5, 7, 2, 3, 11, 6, 8, 266 };

static void assert_values(
	const struct vtap_host_files *files, const uint64_t wanted[VTAP_HOST_COUNT])
{
	struct vtap_softnet softnet = { 0 };
	struct vtap_host_values values;

	vtap_host_count_parse(files, &softnet, &values);
	vtap_softnet_done(&softnet);
	for (int i = 0; i < VTAP_HOST_COUNT; i++) {
		assert_row(values.is_known[i] == (wanted[i] != UNKNOWN), i);
		assert_row(values.value[i] == (wanted[i] != UNKNOWN ? wanted[i] : 0), i);
	}
}

static void test_host_when_both_families_are_told_then_their_sum(void **state)
{
	struct vtap_host_files files = ALL;

	(void)state;
	assert_values(&files, BOTH);
	files.snmp6 = NULL;
	assert_values(&files, V4);
}

static void test_host_when_a_file_is_missing_then_its_counters_alone_are_unknown(void **state)
{
	static const uint64_t WITHOUT_SNMP[] = { UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, 11,
		UNKNOWN, UNKNOWN, 266 };
	static const uint64_t WITHOUT_NETSTAT[] = { 1204, 15, 27, 32, 43, UNKNOWN, 56, 68, 266 };
	static const uint64_t WITHOUT_SOFTNET[] = { 1204, 15, 27, 32, 43, 11, 56, 68, UNKNOWN };
	struct vtap_host_files files = ALL;

	(void)state;
	files.snmp = NULL;
	assert_values(&files, WITHOUT_SNMP);
	files = ALL;
	files.netstat = NULL;
	assert_values(&files, WITHOUT_NETSTAT);
	files = ALL;
	files.softnet = NULL;
	assert_values(&files, WITHOUT_SOFTNET);
}

/* One counter of each file, which a broken text hides. */
static void test_host_when_a_column_cannot_be_read_then_it_is_unknown(void **state)
{
	static const struct {
		struct vtap_host_files files;
		enum vtap_host_counter counter;
	} CASES[] = {
		{ { .snmp = "" }, VTAP_HOST_UDP_NO_PORTS },
		{ { .snmp = "Udp: NoPorts" }, VTAP_HOST_UDP_NO_PORTS },
		{ { .snmp = "Udp: NoPorts\n" }, VTAP_HOST_UDP_NO_PORTS },
		{ { .snmp = "Udp: NoPorts\nUdp: " }, VTAP_HOST_UDP_NO_PORTS },
		{ { .snmp = "Udp: NoPorts\nUdp: x\n" }, VTAP_HOST_UDP_NO_PORTS },
		{ { .snmp = "Udp: NoPorts\nUdp: -1\n" }, VTAP_HOST_UDP_NO_PORTS },
		{ { .snmp = "Udp: NoPorts\nUdp: 1x\n" }, VTAP_HOST_UDP_NO_PORTS },
		{ { .snmp = "Udp: InDatagrams NoPorts\nUdp: 1\n" }, VTAP_HOST_UDP_NO_PORTS },
		{ { .snmp = "Udp: InDatagrams\nUdp: 1\n" }, VTAP_HOST_UDP_NO_PORTS },
		{ { .snmp = "Udp: NoPorts\nTcp: 1\n" }, VTAP_HOST_UDP_NO_PORTS },
		{ { .snmp = SNMP, .snmp6 = "" }, VTAP_HOST_UDP_NO_PORTS },
		{ { .snmp = SNMP, .snmp6 = "Udp6NoPorts" }, VTAP_HOST_UDP_NO_PORTS },
		{ { .snmp = SNMP, .snmp6 = "Udp6NoPorts \t\nUdp6InErrors \t4\n" },
			VTAP_HOST_UDP_NO_PORTS },
		{ { .snmp = SNMP, .snmp6 = "Udp6NoPortsX \t4\n" }, VTAP_HOST_UDP_NO_PORTS },
		{ { .netstat = "TcpExt: IPReversePathFilter\n" },
			VTAP_HOST_IP_REVERSE_PATH_FILTER },
		{ { .softnet = "" }, VTAP_HOST_SOFTNET_DROPPED },
		{ { .softnet = "521d284f\n" }, VTAP_HOST_SOFTNET_DROPPED },
		{ { .softnet = "521d284f 0000000a\n" },
			VTAP_HOST_SOFTNET_DROPPED }, /* before 5.10 */
		{ { .softnet = CPU("0000000a", "00000000") "253ce7a8\n" },
			VTAP_HOST_SOFTNET_DROPPED },
		{ { .softnet = CPU("0000000a", "ffffffff") }, VTAP_HOST_SOFTNET_DROPPED },
		{ { .softnet = CPU("0000000g", "00000000") }, VTAP_HOST_SOFTNET_DROPPED },
	};

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(CASES); i++) {
		struct vtap_softnet softnet = { 0 };
		struct vtap_host_values values;

		vtap_host_count_parse(&CASES[i].files, &softnet, &values);
		vtap_softnet_done(&softnet);
		assert_row(!values.is_known[CASES[i].counter], i);
		assert_row(values.value[CASES[i].counter] == 0, i);
	}
}

static void test_host_when_this_kernel_is_asked_then_every_counter_is_known(void **state)
{
	struct vtap_softnet softnet = { 0 };
	struct vtap_host_values values;

	(void)state;
	vtap_host_count_read(&softnet, &values);
	vtap_softnet_done(&softnet);
	for (int i = 0; i < VTAP_HOST_COUNT; i++)
		assert_row(values.is_known[i], i);
}

static void port_miss(void)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(4789),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	_auto_fd int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_equal(sendto(fd, "x", 1, 0, (const struct sockaddr *)&to, sizeof(to)), 1);
}

static void test_host_when_a_packet_finds_no_port_then_it_shows_and_so_does_the_answer(void **state)
{
	struct vtap_softnet softnet = { 0 };
	struct vtap_host_values before, after;
	uint64_t deadline_ns = 0;

	(void)state;
	vtap_host_count_read(&softnet, &before);
	port_miss();
	do
		vtap_host_count_read(&softnet, &after);
	while (after.value[VTAP_HOST_ICMP_OUT_UNREACHABLE] ==
			before.value[VTAP_HOST_ICMP_OUT_UNREACHABLE] &&
		wait_more(&deadline_ns));
	vtap_softnet_done(&softnet);
	assert_int_equal(
		after.value[VTAP_HOST_UDP_NO_PORTS], before.value[VTAP_HOST_UDP_NO_PORTS] + 1);
	assert_int_equal(after.value[VTAP_HOST_ICMP_OUT_UNREACHABLE],
		before.value[VTAP_HOST_ICMP_OUT_UNREACHABLE] + 1);
}

static void test_host_when_looked_at_without_a_pause_then_read_twice_a_second(void **state)
{
	struct vtap_host_count count = { 0 };
	struct vtap_report_trend told[VTAP_HOST_COUNT];
	uint64_t now_ns = 1000 * VTAP_NS_PER_S;

	(void)state;
	vtap_host_count_look(&count, now_ns);
	port_miss();
	vtap_host_count_look(&count, now_ns + VTAP_NS_PER_MS);
	vtap_host_count_fill(&count, now_ns + VTAP_NS_PER_MS, told);
	assert_int_equal(told[VTAP_HOST_UDP_NO_PORTS].recent, 0);
	vtap_host_count_look(&count, now_ns + VTAP_NS_PER_S);
	vtap_host_count_fill(&count, now_ns + VTAP_NS_PER_S, told);
	assert_int_equal(told[VTAP_HOST_UDP_NO_PORTS].recent, 1);
	vtap_host_count_done(&count);
}

static void test_softnet_when_processors_come_and_go_then_the_sum_goes_on(void **state)
{
	static const struct {
		const char *text;
		uint64_t sum;
	} STEPS[] = {
		{ CPU("0000000a", "00000000") CPU("00000100", "00000001"), 266 },
		{ CPU("0000000b", "00000000"), 267 }, /* one is offline */
		{ CPU("0000000b", "00000000") CPU("00000102", "00000001"), 269 },
		{ CPU("00000103", "00000001"), 270 },
		{ CPU("00000103", "00000001") CPU("00000400", "00000007"), 270 }, /* new to us */
		{ CPU("00000103", "00000001") CPU("00000401", "00000007"), 271 },
		{ CPU("fffffffe", "00000001"), 271 + 0xfffffffeULL - 0x103 },
		{ CPU("00000001", "00000001"), 274 + 0xfffffffeULL - 0x103 }, /* it wrapped */
	};
	struct vtap_softnet softnet = { 0 };
	struct vtap_host_values values;

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(STEPS); i++) {
		vtap_host_count_parse(
			&(struct vtap_host_files){ .softnet = STEPS[i].text }, &softnet, &values);
		assert_row(values.is_known[VTAP_HOST_SOFTNET_DROPPED], i);
		assert_row(values.value[VTAP_HOST_SOFTNET_DROPPED] == STEPS[i].sum, i);
	}
	vtap_softnet_done(&softnet);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_host_when_both_families_are_told_then_their_sum),
		cmocka_unit_test(
			test_host_when_a_file_is_missing_then_its_counters_alone_are_unknown),
		cmocka_unit_test(test_host_when_a_column_cannot_be_read_then_it_is_unknown),
		cmocka_unit_test(test_host_when_this_kernel_is_asked_then_every_counter_is_known),
		cmocka_unit_test(
			test_host_when_a_packet_finds_no_port_then_it_shows_and_so_does_the_answer),
		cmocka_unit_test(test_host_when_looked_at_without_a_pause_then_read_twice_a_second),
		cmocka_unit_test(test_softnet_when_processors_come_and_go_then_the_sum_goes_on),
	};

	namespace_enter_or_skip();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
