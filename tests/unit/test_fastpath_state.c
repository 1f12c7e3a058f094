// SPDX-License-Identifier: Apache-2.0
/*
 * The laws of what outlives a program: who has a slot keeps it, and its counters, also over a
 * restart; what does not fit is left and made anew, never mixed; a frame is lost only when it had
 * its time to arrive; a flow is told once for each frame.
 */
#include "tests/unit/fastpath_scene.h"

#include <arpa/inet.h>

#include <dirent.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/text.h"
#include "fastpath/layout.h"
#include "fastpath/maps.h"

#define T0_NS     (1000 * VTAP_NS_PER_S)
#define WALL_NS   (7 * VTAP_NS_PER_S)
#define FEW       10
#define MANY      5000 /* more than there is room for where FEW was asked for */
#define FOLDER    "maps-" VTAP_STRING(VTAP_FAST_LAYOUT)
#define STEERED   "vtapd_steered"
#define FLOWS_MAX 16384 /* of IPv4, lib/fastpath/maps.c */

/* A BPF file system of our own is mounted there, in a mount namespace. */
static const char pins[] = "/sys/fs/bpf";

static unsigned n_cpus;

/* ---- steps ---- */

static struct vtap_fastpath *opened(const char *pin_dir, size_t n, bool is_continued)
{
	struct vtap_fastpath *fastpath = scene_fastpath(pin_dir, n);

	assert_int_equal(vtap_fastpath_is_continued(fastpath), is_continued);
	assert_int_equal(vtap_fastpath_is_pinned(fastpath), pin_dir == pins);
	return fastpath;
}

/* A configuration has taken its slots, and its programs are attached. */
static void keep(struct vtap_fastpath *fastpath)
{
	vtap_fastpath_keep_slots(fastpath);
	vtap_fastpath_retire_slots(fastpath, T0_NS);
}

static uint32_t take(struct vtap_fastpath *fastpath, const char *name)
{
	bool is_new;

	return vtap_fastpath_take_slot(fastpath, VTAP_FAST_SESSION, name, WALL_NS, &is_new);
}

/* The process has counted so much by itself. */
static void note_kept(struct vtap_fastpath *fastpath, uint32_t slot, uint64_t number)
{
	const struct vtap_fast_kept kept = { .number = { [VTAP_FAST_KEPT_MAX - 1] = number } };

	assert_int_equal(vtap_fastpath_keep(fastpath, slot, &kept), 0);
}

static uint64_t kept_of(const struct vtap_fastpath *fastpath, uint32_t slot)
{
	struct vtap_fast_kept kept;

	assert_int_equal(vtap_fastpath_kept(fastpath, slot, &kept), 0);
	return kept.number[VTAP_FAST_KEPT_MAX - 1];
}

/* What programs counted on the first CPU. */
static void count(struct vtap_fastpath *fastpath, enum vtap_map map, uint32_t slot, uint64_t page0,
	uint64_t page1)
{
	_auto_free struct vtap_fast_steered *rows = calloc(n_cpus, sizeof(*rows));

	assert_non_null(rows);
	rows[0].frames[0] = page0;
	rows[0].frames[1] = page1;
	assert_int_equal(
		bpf_map_update_elem(vtap_fastpath_maps(fastpath)->fd[map], &slot, rows, BPF_ANY),
		0);
}

static struct vtap_fast_totals totals_at(
	struct vtap_fastpath *fastpath, uint32_t slot, uint64_t now_ns)
{
	assert_int_equal(vtap_fastpath_sample(fastpath, now_ns), 0);
	return *vtap_fastpath_totals(fastpath, slot);
}

static bool pin_is_there(const char *name)
{
	_auto_free char *path = vtap_text_format("%s/%s", pins, name);

	return access(path, F_OK) == 0;
}

static void pin_folder_make(const char *name)
{
	_auto_free char *path = vtap_text_format("%s/%s", pins, name);

	assert_int_equal(mkdir(path, 0700), 0);
}

static void pin_rename(const char *from, const char *to)
{
	_auto_free char *old = vtap_text_format("%s/%s", pins, from);
	_auto_free char *new = vtap_text_format("%s/%s", pins, to);

	assert_int_equal(rename(old, new), 0);
}

static int pins_setup(void **state)
{
	(void)state;
	return vtap_fastpath_forget(pins);
}

/* ---- slots ---- */

static void test_slot_when_taken_again_then_the_same_and_nobody_elses(void **state)
{
	_auto(fastpath) struct vtap_fastpath *fastpath = opened(NULL, FEW, false);
	uint32_t web = take(fastpath, "web"), db = take(fastpath, "db");
	bool is_new = false;
	uint32_t target =
		vtap_fastpath_take_slot(fastpath, VTAP_FAST_TARGET, "web", WALL_NS, &is_new);

	(void)state;
	assert_true(web != 0 && db != 0 && target != 0);
	assert_true(web != db && web != target && db != target);
	assert_int_equal(take(fastpath, "web"), web);
	assert_int_equal(take(fastpath, "db"), db);
	assert_int_equal(vtap_fastpath_since(fastpath), WALL_NS);
}

static void test_slot_when_given_back_and_taken_in_time_then_its_counters_stay(void **state)
{
	_auto(fastpath) struct vtap_fastpath *fastpath = opened(NULL, FEW, false);
	uint32_t web = take(fastpath, "web");

	(void)state;
	count(fastpath, VTAP_MAP_STEERED, web, 5, 0);
	keep(fastpath);
	keep(fastpath); /* a configuration without it */
	assert_int_equal(totals_at(fastpath, web, T0_NS + 3 * VTAP_NS_PER_S - 1).steered, 5);
	assert_int_equal(take(fastpath, "web"), web);
	keep(fastpath);
	assert_int_equal(totals_at(fastpath, web, T0_NS + 10 * VTAP_NS_PER_S).steered, 5);
}

static void test_slot_when_given_back_for_long_then_zeroed(void **state)
{
	_auto(fastpath) struct vtap_fastpath *fastpath = opened(NULL, FEW, false);
	uint32_t web = take(fastpath, "web");

	(void)state;
	count(fastpath, VTAP_MAP_STEERED, web, 5, 0);
	count(fastpath, VTAP_MAP_GUARDED, web, 5, 0);
	note_kept(fastpath, web, 6);
	keep(fastpath);
	keep(fastpath);
	(void)totals_at(fastpath, web, T0_NS + 3 * VTAP_NS_PER_S);
	assert_int_equal(vtap_fastpath_since(fastpath), 0);
	web = take(fastpath, "web");
	assert_int_equal(totals_at(fastpath, web, T0_NS + 4 * VTAP_NS_PER_S).steered, 0);
	assert_int_equal(vtap_fastpath_totals(fastpath, web)->delivered, 0);
	assert_int_equal(kept_of(fastpath, web), 0);
}

static void test_slots_when_all_are_taken_then_none_until_one_was_given_back_long_ago(void **state)
{
	_auto(fastpath) struct vtap_fastpath *fastpath = opened(NULL, FEW, false);
	size_t n = vtap_fastpath_n_slots(fastpath);
	char name[32];

	(void)state;
	for (size_t i = 1; i < n; i++) {
		(void)snprintf(name, sizeof(name), "s%zu", i); /* fits */
		assert_int_not_equal(take(fastpath, name), 0);
	}
	assert_int_equal(take(fastpath, "one more"), 0);
	assert_true(vtap_fastpath_can_grow(fastpath));
	keep(fastpath);
	for (size_t i = 2; i < n; i++) {
		(void)snprintf(name, sizeof(name), "s%zu", i); /* fits */
		(void)take(fastpath, name);
	}
	keep(fastpath); /* s1 is not wanted any more */
	assert_int_equal(vtap_fastpath_sample(fastpath, T0_NS + VTAP_NS_PER_S), 0);
	assert_int_equal(take(fastpath, "one more"), 0);
	assert_int_equal(vtap_fastpath_sample(fastpath, T0_NS + 3 * VTAP_NS_PER_S), 0);
	assert_int_not_equal(take(fastpath, "one more"), 0);
}

/* ---- pins ---- */

static void test_maps_when_pinned_then_the_next_process_goes_on(void **state)
{
	_auto(fastpath) struct vtap_fastpath *first = opened(pins, FEW, false);
	_auto(fastpath) struct vtap_fastpath *second = NULL;
	uint32_t web = take(first, "web"), db = take(first, "db");

	(void)state;
	count(first, VTAP_MAP_STEERED, db, 5, 4);
	count(first, VTAP_MAP_GUARDED, db, 5, 4);
	vtap_fastpath_note_last(first, db, 9 * VTAP_NS_PER_S);
	note_kept(first, db, 7);
	vtap_fastpath_close(vtap_steal(&first));
	second = opened(pins, FEW, true);
	assert_int_equal(take(second, "db"), db);
	assert_int_equal(take(second, "web"), web);
	assert_int_equal(totals_at(second, db, T0_NS).delivered, 9);
	assert_int_equal(vtap_fastpath_since(second), WALL_NS);
	assert_int_equal(vtap_fastpath_last(second, db), 9 * VTAP_NS_PER_S);
	assert_int_equal(kept_of(second, db), 7);
	assert_int_equal(kept_of(second, web), 0);
	assert_false(pin_is_there("fresh"));
}

static void test_maps_when_there_is_no_folder_for_pins_then_new_each_time(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++)
		vtap_fastpath_close(opened(NULL, FEW, false));
	vtap_fastpath_close(opened("/tmp", FEW, false)); /* no BPF file system */
	vtap_fastpath_close(opened("/nowhere", FEW, false));
}

static void test_maps_when_of_another_layout_then_new_ones_instead(void **state)
{
	(void)state;
	vtap_fastpath_close(opened(pins, FEW, false));
	pin_rename(FOLDER, "maps-0");
	vtap_fastpath_close(opened(pins, FEW, false));
	assert_false(pin_is_there("maps-0"));
	vtap_fastpath_close(opened(pins, FEW, true));
}

static void test_maps_when_one_is_missing_then_new_ones_instead(void **state)
{
	(void)state;
	vtap_fastpath_close(opened(pins, FEW, false));
	pin_rename(FOLDER "/" STEERED, FOLDER "/elsewhere");
	vtap_fastpath_close(opened(pins, FEW, false));
	vtap_fastpath_close(opened(pins, FEW, true));
}

static void test_maps_when_one_has_another_shape_then_new_ones_instead(void **state)
{
	_auto_free char *path = vtap_text_format("%s/" FOLDER "/" STEERED, pins);
	_auto_fd int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "other", 4, 4, 4096, NULL);

	(void)state;
	vtap_fastpath_close(opened(pins, FEW, false));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(bpf_obj_pin(fd, path), 0);
	vtap_fastpath_close(opened(pins, FEW, false));
	vtap_fastpath_close(opened(pins, FEW, true));
}

/* A process was killed while it filled the folder. */
static void test_maps_when_a_folder_was_not_finished_then_it_is_not_used(void **state)
{
	_auto_free char *path = vtap_text_format("%s/fresh/" STEERED, pins);
	_auto_fd int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "other", 4, 4, 1, NULL);

	(void)state;
	pin_folder_make("fresh");
	assert_int_equal(bpf_obj_pin(fd, path), 0);
	vtap_fastpath_close(opened(pins, FEW, false));
	assert_false(pin_is_there("fresh"));
	vtap_fastpath_close(opened(pins, FEW, true));
}

static void test_maps_when_too_few_slots_then_new_ones_and_more_are_kept(void **state)
{
	size_t n_slots;
	_auto(fastpath) struct vtap_fastpath *few = opened(pins, FEW, false);
	_auto(fastpath) struct vtap_fastpath *many = NULL;

	(void)state;
	vtap_fastpath_close(vtap_steal(&few));
	many = opened(pins, MANY, false);
	n_slots = vtap_fastpath_n_slots(many);
	assert_true(n_slots > MANY);
	vtap_fastpath_close(vtap_steal(&many));
	few = opened(pins, FEW, true);
	assert_int_equal(vtap_fastpath_n_slots(few), n_slots);
}

/* Frames on their way carry the number. */
static void test_slots_when_maps_become_larger_then_everybody_keeps_his(void **state)
{
	_auto(fastpath) struct vtap_fastpath *former = opened(pins, FEW, false);
	_auto(fastpath) struct vtap_fastpath *larger = NULL;
	uint32_t web = take(former, "web"), db = take(former, "db");

	(void)state;
	note_kept(former, db, 7);
	assert_int_equal(vtap_fastpath_open(pins, MANY, former, &larger, NULL), 0);
	assert_int_equal(take(larger, "db"), db);
	assert_int_equal(kept_of(larger, db), 7);
	assert_int_equal(take(larger, "web"), web);
	vtap_fastpath_close(vtap_steal(&larger));
	larger = opened(pins, MANY, true);
	assert_int_equal(take(larger, "db"), db);
}

static void test_pins_when_forgotten_then_ours_are_gone_and_others_stay(void **state)
{
	(void)state;
	vtap_fastpath_close(opened(pins, FEW, false));
	pin_folder_make("somebody");
	assert_int_equal(vtap_fastpath_forget(pins), 0);
	assert_false(pin_is_there(FOLDER));
	assert_true(pin_is_there("somebody"));
	assert_int_equal(vtap_fastpath_forget(pins), 0);
	assert_int_equal(vtap_fastpath_forget("/nowhere"), 0);
	vtap_fastpath_close(opened(pins, FEW, false));
}

/* ---- pages ---- */

static void test_frames_when_not_guarded_then_lost_only_after_their_page_was_closed_for_long(
	void **state)
{
	_auto(fastpath) struct vtap_fastpath *fastpath = opened(NULL, FEW, false);
	uint32_t web = take(fastpath, "web");
	struct vtap_fast_totals totals;

	(void)state;
	count(fastpath, VTAP_MAP_STEERED, web, 10, 0);
	count(fastpath, VTAP_MAP_GUARDED, web, 7, 0);
	totals = totals_at(fastpath, web, T0_NS); /* opens the other page */
	assert_true(totals.steered == 10 && totals.delivered == 7 && totals.lost == 0);
	count(fastpath, VTAP_MAP_STEERED, web, 10, 5);
	assert_int_equal(totals_at(fastpath, web, T0_NS + VTAP_NS_PER_S - 1).lost, 0);
	assert_int_equal(totals_at(fastpath, web, T0_NS + VTAP_NS_PER_S).lost, 3);
	assert_int_equal(totals_at(fastpath, web, T0_NS + 2 * VTAP_NS_PER_S - 1).lost, 3);
	assert_int_equal(totals_at(fastpath, web, T0_NS + 2 * VTAP_NS_PER_S).lost, 8);
	assert_int_equal(vtap_fastpath_totals(fastpath, web)->delivered, 7);
}

static void test_frames_when_they_arrive_in_time_then_never_lost(void **state)
{
	_auto(fastpath) struct vtap_fastpath *fastpath = opened(NULL, FEW, false);
	uint32_t web = take(fastpath, "web");

	(void)state;
	count(fastpath, VTAP_MAP_STEERED, web, 10, 0);
	assert_int_equal(totals_at(fastpath, web, T0_NS).lost, 0);
	count(fastpath, VTAP_MAP_GUARDED, web, 10, 0);
	for (int i = 1; i < 5; i++)
		assert_int_equal(totals_at(fastpath, web, T0_NS + i * VTAP_NS_PER_S).lost, 0);
	assert_int_equal(vtap_fastpath_totals(fastpath, web)->delivered, 10);
}

/* A program with former maps handed them over: what is lost later is still found. */
static void test_frames_when_steered_with_other_maps_then_no_loss_is_hidden(void **state)
{
	_auto(fastpath) struct vtap_fastpath *fastpath = opened(NULL, FEW, false);
	uint32_t web = take(fastpath, "web");

	(void)state;
	count(fastpath, VTAP_MAP_GUARDED, web, 4, 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(totals_at(fastpath, web, T0_NS + i * VTAP_NS_PER_S).lost, 0);
	count(fastpath, VTAP_MAP_STEERED, web, 6, 0);
	count(fastpath, VTAP_MAP_GUARDED, web, 9, 0); /* one of the six did not arrive */
	for (int i = 3; i < 6; i++)
		(void)totals_at(fastpath, web, T0_NS + i * VTAP_NS_PER_S);
	assert_int_equal(vtap_fastpath_totals(fastpath, web)->lost, 1);
}

static void test_target_when_packets_are_looked_at_then_its_row_says_so(void **state)
{
	_auto(fastpath) struct vtap_fastpath *fastpath = opened(NULL, FEW, false);
	bool is_new = false;
	uint32_t slot =
		vtap_fastpath_take_slot(fastpath, VTAP_FAST_TARGET, "default", WALL_NS, &is_new);
	struct vtap_fast_totals totals;

	(void)state;
	count(fastpath, VTAP_MAP_STEERED, slot, 6, 2); /* looked, no_listener */
	totals = totals_at(fastpath, slot, T0_NS);
	assert_true(totals.looked == 6 && totals.no_listener == 2);
	assert_true(totals.steered == 0 && totals.lost == 0);
}

/* ---- flows ---- */

struct told {
	size_t n;
	uint64_t n_frames;
	struct vtap_fast_seen last;
};

static void told_add(void *arg, const struct vtap_fast_seen *seen)
{
	struct told *told = arg;

	told->n++;
	told->n_frames += seen->n_frames;
	told->last = *seen;
}

static struct told told_since(struct vtap_fastpath *fastpath)
{
	struct told told = { 0 };

	assert_int_equal(vtap_fastpath_flows(fastpath, told_add, &told), 0);
	return told;
}

/* On the first and the last CPU alike; a later program has decided on the last. */
static void flow_put(struct vtap_fastpath *fastpath, uint32_t source, uint64_t frames)
{
	struct vtap_fast_flow4 key = { .source = htonl(source), .vni = 3U << 24 | 4321 };
	_auto_free struct vtap_fast_flow *rows = calloc(n_cpus, sizeof(*rows));

	assert_non_null(rows);
	for (unsigned i = 0; i<n_cpus; i += n_cpus> 1 ? n_cpus - 1 : 1) {
		rows[i].program = i + 1;
		rows[i].exit.slot = i + 10;
		rows[i].frames = frames;
		rows[i].bytes = 60 * frames;
	}
	assert_int_equal(bpf_map_update_elem(vtap_fastpath_maps(fastpath)->fd[VTAP_MAP_FLOW4], &key,
				 rows, BPF_ANY),
		0);
}

static void test_flow_when_it_moves_then_told_once_with_what_is_new(void **state)
{
	_auto(fastpath) struct vtap_fastpath *fastpath = opened(NULL, FEW, false);
	const uint64_t n = n_cpus > 1 ? 2 : 1; /* CPUs that count */
	struct vtap_addr source;
	struct told told;

	(void)state;
	assert_int_equal(vtap_addr_parse("10.0.0.1", &source), 0);
	assert_int_equal(told_since(fastpath).n, 0);
	flow_put(fastpath, 0x0a000001, 5);
	told = told_since(fastpath);
	assert_true(told.n == 1 && told.last.n_frames == 5 * n && told.last.n_bytes == 300 * n);
	assert_int_equal(told.last.vni, 4321);
	assert_int_equal(told.last.slot, n_cpus - 1 + 10); /* the later program's */
	assert_int_equal(vtap_addr_compare(&told.last.source, &source), 0);
	assert_int_equal(told_since(fastpath).n, 0);
	flow_put(fastpath, 0x0a000001, 7);
	flow_put(fastpath, 0x0a000002, 1);
	told = told_since(fastpath);
	assert_true(told.n == 2 && told.n_frames == 3 * n);
	flow_put(fastpath, 0x0a000001, 2); /* deleted, and came again */
	told = told_since(fastpath);
	assert_true(told.n == 1 && told.last.n_frames == 2 * n);
}

static size_t flows_count(struct vtap_fastpath *fastpath)
{
	int fd = vtap_fastpath_maps(fastpath)->fd[VTAP_MAP_FLOW4];
	struct vtap_fast_flow4 key, next;
	size_t n = 0;

	for (int r = bpf_map_get_next_key(fd, NULL, &next); r == 0;
		r = bpf_map_get_next_key(fd, &key, &next)) {
		key = next;
		n++;
	}
	return n;
}

static void flows_look(struct vtap_fastpath *fastpath, uint64_t *frames, int n_looks)
{
	for (int i = 0; i < n_looks; i++) {
		flow_put(fastpath, 0, ++*frames);
		assert_int_equal(told_since(fastpath).n, 1);
	}
}

static void test_flows_when_quiet_for_long_then_they_make_room_if_it_is_needed(void **state)
{
	_auto(fastpath) struct vtap_fastpath *fastpath = opened(NULL, FEW, false);
	uint64_t frames = 1;

	(void)state;
	for (uint32_t i = 0; i < FLOWS_MAX / 2; i++)
		flow_put(fastpath, i, 1);
	assert_int_equal(told_since(fastpath).n, FLOWS_MAX / 2);
	flows_look(fastpath, &frames, 61);
	assert_int_equal(flows_count(fastpath), FLOWS_MAX / 2); /* half full: nobody has to go */
	flow_put(fastpath, FLOWS_MAX, 1);
	assert_int_equal(told_since(fastpath).n, 1);
	assert_int_equal(flows_count(fastpath), 2); /* the one that moves, and the new one */
}

/* ---- a BPF file system of our own ---- */

static void pins_mount(void)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("bpf", pins, "bpf", 0, NULL) < 0)
		test_skip("a BPF file system", strerror(errno));
}

#define test_pinned(test) cmocka_unit_test_setup(test, pins_setup)

int main(void)
{
	static const uint8_t mac[6] = { 2 };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slot_when_taken_again_then_the_same_and_nobody_elses),
		cmocka_unit_test(
			test_slot_when_given_back_and_taken_in_time_then_its_counters_stay),
		cmocka_unit_test(test_slot_when_given_back_for_long_then_zeroed),
		cmocka_unit_test(
			test_slots_when_all_are_taken_then_none_until_one_was_given_back_long_ago),
		test_pinned(test_maps_when_pinned_then_the_next_process_goes_on),
		test_pinned(test_maps_when_there_is_no_folder_for_pins_then_new_each_time),
		test_pinned(test_maps_when_of_another_layout_then_new_ones_instead),
		test_pinned(test_maps_when_one_is_missing_then_new_ones_instead),
		test_pinned(test_maps_when_one_has_another_shape_then_new_ones_instead),
		test_pinned(test_maps_when_a_folder_was_not_finished_then_it_is_not_used),
		test_pinned(test_maps_when_too_few_slots_then_new_ones_and_more_are_kept),
		test_pinned(test_slots_when_maps_become_larger_then_everybody_keeps_his),
		test_pinned(test_pins_when_forgotten_then_ours_are_gone_and_others_stay),
		cmocka_unit_test(
			test_frames_when_not_guarded_then_lost_only_after_their_page_was_closed_for_long),
		cmocka_unit_test(test_frames_when_they_arrive_in_time_then_never_lost),
		cmocka_unit_test(test_frames_when_steered_with_other_maps_then_no_loss_is_hidden),
		cmocka_unit_test(test_target_when_packets_are_looked_at_then_its_row_says_so),
		cmocka_unit_test(test_flow_when_it_moves_then_told_once_with_what_is_new),
		cmocka_unit_test(
			test_flows_when_quiet_for_long_then_they_make_room_if_it_is_needed),
	};

	scene_enter(mac);
	vtap_fastpath_close(scene_fastpath(NULL, FEW)); /* is it permitted at all? */
	n_cpus = (unsigned)libbpf_num_possible_cpus();
	pins_mount();
	scene_keep_rights();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
