// SPDX-License-Identifier: Apache-2.0
/*
 * Law: what the kernel counts for an interface is told as it counts it: of a vxlan device the bytes
 * lack the inner Ethernet header, which is what the daemon adds again.
 */
#include <arpa/inet.h>
#include <linux/if_ether.h>

#include "tests/unit/cmocka_with.h"
#include "tests/unit/tc.h"

#include "base/text.h"
#include "netlink/stats.h"

#define FRAME_BYTES 60
#define PORT        4789 /* in our own namespace */

/** struct look - one dump */
struct look {
	struct vtap_link_stats *stats;
	size_t n;
};

static const struct vtap_link_stats *look_find(
	struct look *look, struct vtap_nl *nl, const char *name)
{
	free(look->stats);
	*look = (struct look){ 0 };
	assert_int_equal(vtap_link_stats_dump(nl, &look->stats, &look->n, NULL), 0);
	return vtap_link_stats_find(look->stats, look->n, (int)if_nametoindex(name));
}

static void test_stats_when_frames_came_then_they_are_counted(void **state)
{
	static const uint8_t FRAME[FRAME_BYTES] = { 0x02 };
	_auto(nl) struct vtap_nl *nl = NULL;
	_auto_fd int other_fd = tap_make("tap0"), fd = tap_make("tap1");
	const struct vtap_link_stats *stats;
	struct look look = { 0 };

	(void)state;
	assert_true(other_fd >= 0 && fd >= 0);
	assert_int_equal(vtap_nl_open(&nl, NULL), 0);
	by_hand("ip link set dev tap1 up");
	stats = look_find(&look, nl, "tap1");
	assert_non_null(stats);
	assert_int_equal(stats->rx_packets, 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(write(fd, FRAME, sizeof(FRAME)), sizeof(FRAME));

	stats = look_find(&look, nl, "tap1");
	assert_int_equal(stats->rx_packets, 3);
	assert_int_equal(stats->rx_bytes, 3 * sizeof(FRAME));
	assert_int_equal(look_find(&look, nl, "tap0")->rx_packets, 0);
	assert_non_null(look_find(&look, nl, "lo"));
	assert_null(vtap_link_stats_find(look.stats, look.n, 4711));
	assert_null(vtap_link_stats_find(NULL, 0, 1));
	for (size_t i = 1; i < look.n; i++)
		assert_true(look.stats[i - 1].index < look.stats[i].index);
	free(look.stats);
}

static void packet_send(uint8_t vni)
{
	/* RFC 7348 section 5: flags, VNI, and a frame from nobody to nobody */
	uint8_t packet[8 + FRAME_BYTES] = { 0x08, 0, 0, 0, 0, 0, vni, 0, 0x02 };
	const struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(PORT),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	_auto_fd int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_equal(
		sendto(fd, packet, sizeof(packet), 0, (const struct sockaddr *)&to, sizeof(to)),
		sizeof(packet));
}

static void test_stats_when_of_a_vxlan_device_then_bytes_lack_the_ethernet_header(void **state)
{
	_auto(nl) struct vtap_nl *nl = NULL;
	const struct vtap_link_stats *stats;
	struct look look = { 0 };
	uint64_t deadline_ns = 0;

	(void)state;
	if (system("ip link add vx0 type vxlan id 5 dstport " VTAP_STRING(
		    PORT) " nolearning 2>/dev/null") != 0)
		skip(); /* a kernel without vxlan */
	by_hand("ip link set dev vx0 up");
	assert_int_equal(vtap_nl_open(&nl, NULL), 0);
	packet_send(6); /* nobody's: it vanishes uncounted */
	packet_send(5);
	do
		stats = look_find(&look, nl, "vx0");
	while (stats->rx_packets == 0 && wait_more(&deadline_ns));
	assert_int_equal(stats->rx_packets, 1);
	assert_int_equal(stats->rx_bytes, FRAME_BYTES - ETH_HLEN);
	assert_int_equal(stats->rx_errors, 0);
	free(look.stats);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stats_when_frames_came_then_they_are_counted),
		cmocka_unit_test(
			test_stats_when_of_a_vxlan_device_then_bytes_lack_the_ethernet_header),
	};

	hands_or_skip();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
