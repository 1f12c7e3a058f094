// SPDX-License-Identifier: Apache-2.0
/*
 * The laws of what the guard notes: nothing while no window is open; whole TCP conversations, both
 * directions or none of it, whatever is in front of TCP; of each side what proves that the
 * conversation goes on, and at what time.
 */
#include "tests/unit/fastpath_scene.h"

#include <linux/if_ether.h>
#include <netinet/in.h>

#include "base/clock.h"

#define FRAME_MAX  256
#define TALKS_SEEN 16384
#define FIN        0x01
#define SYN        0x02
#define RST        0x04
#define ACK        0x10

/* What is in front of TCP */
enum around {
	AROUND_IPV4,
	AROUND_IPV4_OPTIONS,
	AROUND_IPV6,
	AROUND_VLAN,
	AROUND_QINQ,
	AROUND_NOTED_COUNT, /* what follows is not noted */
	AROUND_THREE_TAGS = AROUND_NOTED_COUNT,
	AROUND_FRAGMENT,
	AROUND_FIRST_FRAGMENT,
	AROUND_UDP,
	AROUND_IPV6_OPTIONS,
	AROUND_ARP,
	AROUND_COUNT
};

/** struct segment - one that the guard gets to see */
struct segment {
	enum around around;
	unsigned i_talk; /* which conversation: 10.0.0.1:40000 + i_talk and 10.0.0.2:443 */
	bool is_back;
	uint8_t flags;
	uint32_t ack;
	unsigned n_data;
};

struct frame {
	uint8_t byte[FRAME_MAX];
	size_t n;
};

static const uint8_t mac[6] = { 0x02, 0, 0, 0, 0, 1 };
static struct vtap_fastpath *fastpath;
static int guard_fd;

/** struct heard - what the last window told */
static struct heard {
	struct vtap_fast_talk_key key[TALKS_SEEN];
	struct vtap_fast_talk talk[TALKS_SEEN];
	size_t n;
} heard;

/* ---- frames ---- */

static void put(struct frame *frame, const void *byte, size_t n)
{
	assert_true(frame->n + n <= sizeof(frame->byte));
	memcpy(frame->byte + frame->n, byte, n);
	frame->n += n;
}

static void put16(struct frame *frame, unsigned value)
{
	put(frame, &(uint8_t[]){ (uint8_t)(value >> 8), (uint8_t)value }, 2);
}

static void put_ipv4(struct frame *frame, const struct segment *segment, size_t n_l4)
{
	size_t n_words = segment->around == AROUND_IPV4_OPTIONS ? 7 : 5;
	uint8_t head[28] = { (uint8_t)(0x40 | n_words), 0, 0, (uint8_t)(4 * n_words + n_l4), 0, 0,
		0, 0, 64, IPPROTO_TCP, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 1, 1, 1, 1, 1, 1, 1, 0 };

	if (segment->around == AROUND_FRAGMENT)
		head[7] = 185;
	if (segment->around == AROUND_FIRST_FRAGMENT)
		head[6] = 0x20;
	if (segment->around == AROUND_UDP)
		head[9] = IPPROTO_UDP;
	if (segment->is_back) {
		head[15] = 2;
		head[19] = 1;
	}
	put(frame, head, 4 * n_words);
}

static void put_ipv6(struct frame *frame, const struct segment *segment, size_t n_l4)
{
	static const uint8_t options[8] = { IPPROTO_TCP, 0, 1, 4, 0, 0, 0, 0 };
	bool has_options = segment->around == AROUND_IPV6_OPTIONS;
	uint8_t head[40] = { 0x60, 0, 0, 0, 0, (uint8_t)(n_l4 + (has_options ? 8 : 0)),
		has_options ? IPPROTO_HOPOPTS : IPPROTO_TCP, 64, 0x20, 1, [24] = 0x20, 1 };

	head[23] = segment->is_back ? 2 : 1;
	head[39] = segment->is_back ? 1 : 2;
	put(frame, head, sizeof(head));
	if (has_options)
		put(frame, options, sizeof(options));
}

static void put_tcp(struct frame *frame, const struct segment *segment)
{
	static const uint8_t data[64];
	unsigned client = 40000 + segment->i_talk;

	put16(frame, segment->is_back ? 443 : client);
	put16(frame, segment->is_back ? client : 443);
	put(frame, &(uint32_t){ 1 }, 4);
	put(frame, &segment->ack, 4);
	put(frame, &(uint8_t[]){ 0x50, segment->flags, 1, 1, 0, 0, 0, 0 }, 8);
	put(frame, data, segment->n_data);
}

/* Tags as a frame has them that a program steered; the kernel takes off one. */
static void put_tags(struct frame *frame, enum around around)
{
	unsigned n = around == AROUND_VLAN         ? 1
		     : around == AROUND_QINQ       ? 2
		     : around == AROUND_THREE_TAGS ? 3
						   : 0;

	for (unsigned i = 0; i < n; i++) {
		put16(frame, i + 1 < n ? ETH_P_8021AD : ETH_P_8021Q);
		put16(frame, 7 + i);
	}
}

static struct frame frame_of(const struct segment *segment)
{
	struct frame frame = { .n = 0 };
	size_t n_l4 = 20 + segment->n_data;
	bool is_v6 = segment->around == AROUND_IPV6 || segment->around == AROUND_IPV6_OPTIONS;

	put(&frame, mac, sizeof(mac));
	put(&frame, mac, sizeof(mac));
	put_tags(&frame, segment->around);
	if (segment->around == AROUND_ARP) {
		put16(&frame, ETH_P_ARP);
		put_ipv4(&frame, segment, n_l4);
	} else if (is_v6) {
		put16(&frame, ETH_P_IPV6);
		put_ipv6(&frame, segment, n_l4);
	} else {
		put16(&frame, ETH_P_IP);
		put_ipv4(&frame, segment, n_l4);
	}
	put_tcp(&frame, segment);
	return frame;
}

/* ---- steps ---- */

static void see_bytes(const uint8_t *byte, size_t n)
{
	struct scene_run run;

	assert_int_equal(scene_put(guard_fd, byte, n, 0, &run), 0);
	assert_int_equal(run.action, TC_ACT_STOLEN);
}

static void see(struct segment segment)
{
	struct frame frame = frame_of(&segment);

	see_bytes(frame.byte, frame.n);
}

/* A segment with data, and its answer. */
static void exchange(enum around around, unsigned i_talk)
{
	see((struct segment){ around, i_talk, false, ACK, 1, 10 });
	see((struct segment){ around, i_talk, true, ACK, 11, 0 });
}

/* A window of an hour, in which everything proves something. */
static struct vtap_fast_window wide(void)
{
	uint64_t now_ns = vtap_clock_mono_ns();

	return (struct vtap_fast_window){
		.until_ns = now_ns + 3600 * VTAP_NS_PER_S,
		.proves_to_ns = now_ns + 3600 * VTAP_NS_PER_S,
		.seed = 4711,
	};
}

static void window_open(struct vtap_fast_window window)
{
	assert_int_equal(vtap_fastpath_open_window(fastpath, &window), 0);
}

static void hear(void *arg, const struct vtap_fast_talk_key *key, const struct vtap_fast_talk *talk)
{
	(void)arg;
	assert_true(heard.n < TALKS_SEEN);
	heard.key[heard.n] = *key;
	heard.talk[heard.n++] = *talk;
}

static size_t window_close(void)
{
	heard.n = 0;
	assert_int_equal(vtap_fastpath_close_window(fastpath, hear, NULL), 0);
	return heard.n;
}

static const struct vtap_fast_talk *only_talk(void)
{
	assert_int_equal(window_close(), 1);
	assert_int_equal(heard.key[0].ifindex, 1); /* loopback, which TEST_RUN uses */
	return &heard.talk[0];
}

/* The side that has said something with @n_data segments of data; the other one is *ret_other. */
static const struct vtap_fast_talk_side *side_with(const struct vtap_fast_talk *talk,
	unsigned n_data, const struct vtap_fast_talk_side **ret_other)
{
	unsigned i = talk->side[0].data == n_data ? 0 : 1;

	assert_int_equal(talk->side[i].data, n_data);
	*ret_other = &talk->side[i ^ 1U];
	return &talk->side[i];
}

/* ---- windows ---- */

static void test_guard_when_no_window_is_open_then_nothing_is_noted(void **state)
{
	(void)state;
	exchange(AROUND_IPV4, 0);
	assert_int_equal(window_close(), 0);
	window_open(wide());
	assert_int_equal(window_close(), 0);
	exchange(AROUND_IPV4, 0);
	assert_int_equal(window_close(), 0);
}

static void test_guard_when_nobody_closes_the_window_then_it_is_over_all_the_same(void **state)
{
	struct vtap_fast_window window = wide();

	(void)state;
	window.until_ns = vtap_clock_mono_ns();
	window_open(window);
	exchange(AROUND_IPV4, 0);
	assert_int_equal(window_close(), 0);
}

static void test_window_when_opened_anew_then_what_was_noted_before_is_gone(void **state)
{
	(void)state;
	window_open(wide());
	exchange(AROUND_IPV4, 0);
	window_open(wide());
	exchange(AROUND_IPV4, 1);
	assert_int_equal(window_close(), 1);
}

/* ---- what is noted ---- */

static void test_segments_when_of_one_conversation_then_noted_by_side(void **state)
{
	(void)state;
	for (int i = 0; i < AROUND_NOTED_COUNT; i++) {
		const struct vtap_fast_talk_side *there, *back;

		print_message("around %d\n", i);
		window_open(wide());
		exchange((enum around)i, 0);
		exchange((enum around)i, 0);
		see((struct segment){ (enum around)i, 0, false, ACK, 2, 10 });
		there = side_with(only_talk(), 3, &back);
		assert_int_equal(there->frames, 3);
		assert_int_equal(there->segments, 3);
		assert_int_equal(there->moved, 1);
		assert_int_equal(back->frames, 2);
		assert_int_equal(back->segments, 2);
		assert_int_equal(back->data, 0);
		assert_int_equal(back->moved, 0);
	}
}

static void test_frames_when_not_of_a_whole_conversation_then_not_noted(void **state)
{
	(void)state;
	window_open(wide());
	for (int i = AROUND_NOTED_COUNT; i < AROUND_COUNT; i++)
		exchange((enum around)i, 0);
	assert_int_equal(window_close(), 0);
}

static void test_frame_when_cut_then_noted_as_far_as_its_flags_are_there(void **state)
{
	struct frame frame = frame_of(&(struct segment){ AROUND_IPV4, 0, false, ACK, 1, 10 });
	const struct vtap_fast_talk_side *there, *back;

	(void)state;
	window_open(wide());
	for (size_t n = ETH_HLEN + 20; n < ETH_HLEN + 20 + 14;
		n++) /* TEST_RUN takes none shorter */
		see_bytes(frame.byte, n);
	assert_int_equal(window_close(), 0);
	window_open(wide());
	see_bytes(frame.byte, ETH_HLEN + 20 + 14);
	there = side_with(only_talk(), 1, &back);
	assert_int_equal(there->segments, 1);
}

static void test_openings_and_resets_when_seen_then_frames_that_prove_nothing(void **state)
{
	const struct vtap_fast_talk *talk;

	(void)state;
	window_open(wide());
	see((struct segment){ AROUND_IPV4, 0, false, SYN, 0, 0 });
	see((struct segment){ AROUND_IPV4, 0, false, SYN, 0, 0 });
	see((struct segment){ AROUND_IPV4, 0, true, SYN | ACK, 1, 0 });
	see((struct segment){ AROUND_IPV4, 0, false, RST | ACK, 1, 0 });
	see((struct segment){ AROUND_IPV4, 0, false, 0, 1, 5 });
	talk = only_talk();
	assert_int_equal(talk->side[0].frames + talk->side[1].frames, 5);
	assert_int_equal(talk->side[0].segments + talk->side[1].segments, 0);
	window_open(wide());
	see((struct segment){ AROUND_IPV4, 0, false, FIN | ACK, 1, 0 });
	talk = only_talk();
	assert_int_equal(talk->side[0].segments + talk->side[1].segments, 1);
}

static void test_segments_when_at_the_ends_of_a_window_then_answers_alone(void **state)
{
	struct vtap_fast_window window = wide();
	const struct vtap_fast_talk *talk;

	(void)state;
	window.proves_from_ns = window.proves_to_ns;
	window_open(window);
	exchange(AROUND_IPV4, 0); /* before the time in which segments prove something */
	talk = only_talk();
	assert_true(talk->side[0].frames == 1 && talk->side[1].frames == 1);
	assert_true(talk->side[0].segments == 0 && talk->side[1].segments == 0);
	window.proves_from_ns = window.proves_to_ns = 0;
	window_open(window);
	exchange(AROUND_IPV4, 0); /* behind it: a new one could not prove anything any more */
	assert_int_equal(window_close(), 0);
}

/* ---- which are noted ---- */

static void test_conversations_when_chosen_then_both_directions_or_none(void **state)
{
	struct vtap_fast_window window = wide();

	(void)state;
	window.mask = 0xf;
	window_open(window);
	for (unsigned i = 0; i < 8000; i++)
		exchange(i % 2 == 0 ? AROUND_IPV4 : AROUND_IPV6, i);
	assert_in_range(window_close(), 8000 / 16 - 100, 8000 / 16 + 100);
	for (size_t i = 0; i < heard.n; i++)
		assert_row(
			heard.talk[i].side[0].frames == 1 && heard.talk[i].side[1].frames == 1, i);
}

static void test_conversations_when_more_than_fit_then_those_that_fit_are_whole(void **state)
{
	(void)state;
	window_open(wide());
	for (unsigned i = 0; i < 10000; i++)
		exchange(AROUND_IPV4, i);
	assert_in_range(window_close(), VTAP_FAST_TALKS_MAX / 2, VTAP_FAST_TALKS_MAX);
	for (size_t i = 0; i < heard.n; i++)
		assert_row(
			heard.talk[i].side[0].frames == 1 && heard.talk[i].side[1].frames == 1, i);
}

static int scene_setup(void **state)
{
	(void)state;
	scene_enter(mac);
	scene_keep_rights();
	fastpath = scene_fastpath(NULL, 4);
	guard_fd = vtap_fastpath_guard(fastpath, true, &(uint32_t){ 0 });
	return 0;
}

static int scene_teardown(void **state)
{
	(void)state;
	vtap_fastpath_close(fastpath);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_guard_when_no_window_is_open_then_nothing_is_noted),
		cmocka_unit_test(
			test_guard_when_nobody_closes_the_window_then_it_is_over_all_the_same),
		cmocka_unit_test(test_window_when_opened_anew_then_what_was_noted_before_is_gone),
		cmocka_unit_test(test_segments_when_of_one_conversation_then_noted_by_side),
		cmocka_unit_test(test_frames_when_not_of_a_whole_conversation_then_not_noted),
		cmocka_unit_test(test_frame_when_cut_then_noted_as_far_as_its_flags_are_there),
		cmocka_unit_test(test_openings_and_resets_when_seen_then_frames_that_prove_nothing),
		cmocka_unit_test(test_segments_when_at_the_ends_of_a_window_then_answers_alone),
		cmocka_unit_test(test_conversations_when_chosen_then_both_directions_or_none),
		cmocka_unit_test(
			test_conversations_when_more_than_fit_then_those_that_fit_are_whole),
	};

	return cmocka_run_group_tests(tests, scene_setup, scene_teardown);
}
