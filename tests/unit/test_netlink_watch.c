// SPDX-License-Identifier: Apache-2.0
/*
 * Law: news says where to look again. What we do ourselves by the thousand is no news; what
 * somebody does to a hook, an address or an interface is; lost news is all of it.
 */
#include <poll.h>

#include "tests/unit/cmocka_with.h"
#include "tests/unit/tc.h"

#include "netlink/clsact.h"
#include "netlink/watch.h"

#define U32_ALL "protocol all u32 match u32 0 0 flowid 1:1"

/** struct scene - a TAP named tap0, all news of it taken */
struct scene {
	struct vtap_nl *nl;
	struct vtap_watch *watch;
	int tap_fd, program_fd;
	int index;
};

/* The longest that news takes, ms: the kernel tells of an IPv6 address from a work queue. */
#define NEWS_MS 5000

static int scene_setup(void **state)
{
	static struct scene scene;
	struct vtap_watch_news news;

	scene = (struct scene){ .tap_fd = tap_make("tap0"),
		.program_fd = program_load(TC_ACT_UNSPEC) };
	scene.index = (int)if_nametoindex("tap0");
	*state = &scene;
	/* no address of its own, whose news would come a second later */
	by_hand("ip link set dev tap0 addrgenmode none && ip link set dev tap0 up && "
		"tc qdisc add dev tap0 clsact");
	if (vtap_nl_open(&scene.nl, NULL) < 0 || vtap_watch_open(&scene.watch, NULL) < 0)
		return -1;
	return vtap_watch_drain(scene.watch, &news) < 0 ? -1 : 0;
}

static int scene_teardown(void **state)
{
	struct scene *scene = *state;

	vtap_watch_close(scene->watch);
	vtap_nl_close(scene->nl);
	(void)vtap_fd_close(scene->program_fd); /* always -1 */
	(void)vtap_fd_close(scene->tap_fd);     /* always -1 */
	return 0;
}

static void test_news_when_something_is_done_by_hand_then_where_to_look(void **state)
{
	/* one after the other */
	static const struct {
		const char *command;
		bool has_links, has_addresses, has_hook;
	} ROWS[] = {
		{ "ip link set dev tap0 mtu 1400", true, false, false },
		{ "ip address add 192.0.2.1/32 dev tap0", true, true, false },
		{ "ip address del 192.0.2.1/32 dev tap0", false, true, false },
		{ "tc filter add dev tap0 ingress pref 10 " U32_ALL, false, false, true },
		{ "tc filter del dev tap0 ingress pref 10", false, false, true },
		{ "tc filter add dev tap0 egress pref 47 handle 1 protocol all bpf da bytecode "
		  "'1,6 0 "
		  "0 0'",
			false, false, true },
		{ "tc filter del dev tap0 egress", false, false, true },
		{ "tc filter add dev tap0 egress pref 10 " U32_ALL
		  " && tc chain del dev tap0 egress chain 0",
			false, false, true },
		{ "tc qdisc del dev tap0 clsact", false, false, true },
		{ "tc qdisc add dev tap0 clsact", false, false, false },
		{ "tc qdisc replace dev tap0 root handle 1: pfifo", false, false, false },
		{ "tc qdisc del dev tap0 root", false, false, false },
		{ "ip -6 address add 2001:db8::1/128 dev tap0 nodad", false, true, false },
		{ "ip -6 address del 2001:db8::1/128 dev tap0", false, true, false },
	};
	struct scene *scene = *state;
	struct pollfd news_come = { .fd = vtap_watch_fd(scene->watch), .events = POLLIN };
	struct vtap_watch_news news;
	int r;

	for (size_t i = 0; i < VTAP_ARRAY_LEN(ROWS); i++) {
		bool has_any = ROWS[i].has_links || ROWS[i].has_addresses || ROWS[i].has_hook;

		by_hand(ROWS[i].command); /* its news is queued before it returns, but for IPv6 */
		do {
			assert_row(!has_any || poll(&news_come, 1, NEWS_MS) == 1, i);
			r = vtap_watch_drain(scene->watch, &news);
		} while (has_any && r == 0); /* something else came before it */
		assert_row(r == (has_any ? VTAP_WATCH_NEWS : 0), i);
		assert_row(news.has_links == ROWS[i].has_links, i);
		assert_row(news.has_addresses == ROWS[i].has_addresses, i);
		assert_row(!news.is_all && news.n == ROWS[i].has_hook, i);
		assert_row(news.n == 0 || news.index[0] == scene->index, i);
	}
}

static void test_filter_when_it_is_ours_then_only_its_end_is_news(void **state)
{
	struct scene *scene = *state;
	struct vtap_watch_news news;

	if (scene->program_fd < 0)
		skip();
	by_hand("tc qdisc del dev tap0 clsact");
	assert_int_equal(vtap_watch_drain(scene->watch, &news), VTAP_WATCH_NEWS);
	for (int i = 0; i < 2; i++)
		assert_int_equal(vtap_clsact_set(scene->nl, scene->index, VTAP_HOOK_EGRESS,
					 "vtapd-guard-out", scene->program_fd, NULL),
			0);
	assert_int_equal(vtap_watch_drain(scene->watch, &news), 0);
	by_hand("tc filter del dev tap0 egress pref 47");
	assert_int_equal(vtap_watch_drain(scene->watch, &news), VTAP_WATCH_NEWS);
	assert_int_equal(news.n, 1);
	assert_int_equal(news.index[0], scene->index);
}

static void test_news_when_of_more_interfaces_than_fit_then_of_all(void **state)
{
	struct scene *scene = *state;
	struct vtap_watch_news news;

	by_hand("for i in $(seq 65); do echo tuntap add dev m$i mode tap; done | ip -batch -");
	/* without CAP_NET_ADMIN on the host the buffer is small, and some of this is lost */
	assert_true(vtap_watch_drain(scene->watch, &news) > 0);
	by_hand("for i in $(seq 65); do echo qdisc add dev m$i clsact;"
		" echo filter add dev m$i ingress pref 10 " U32_ALL "; done | tc -batch -");
	assert_int_equal(vtap_watch_drain(scene->watch, &news), VTAP_WATCH_NEWS);
	assert_int_equal(news.n, VTAP_WATCH_HOOKS_MAX);
	assert_true(news.is_all);
}

static void test_news_when_lost_then_everything_is_to_be_looked_at(void **state)
{
	struct scene *scene = *state;
	struct vtap_watch_news news;
	const int bytes = 1;

	assert_int_equal(setsockopt(vtap_watch_fd(scene->watch), SOL_SOCKET, SO_RCVBUF, &bytes,
				 sizeof(bytes)),
		0);
	by_hand("for i in $(seq 100); do echo filter add dev tap0 ingress pref 10 " U32_ALL
		"; done | tc -batch -");
	assert_int_equal(vtap_watch_drain(scene->watch, &news), VTAP_WATCH_LOST);
	assert_true(news.has_links && news.has_addresses && news.is_all);
	assert_int_equal(vtap_watch_drain(scene->watch, &news), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_news_when_something_is_done_by_hand_then_where_to_look),
		TEST(test_filter_when_it_is_ours_then_only_its_end_is_news),
		TEST(test_news_when_of_more_interfaces_than_fit_then_of_all),
		TEST(test_news_when_lost_then_everything_is_to_be_looked_at),
	};

	hands_or_skip();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
