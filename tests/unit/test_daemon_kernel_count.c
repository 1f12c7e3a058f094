// SPDX-License-Identifier: Apache-2.0
/*
 * Law 2 in vxlan mode: what a device counted is counted once, by the session that has it and by its
 * target, and received = delivered + drops. What it counted before we had it is counted, and
 * belongs to no rate. Where the kernel mixes losses with what its stack did not want, nothing is
 * called a loss.
 */
#include "tests/unit/cmocka_with.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "daemon/kernel_count.h"
#include "daemon/manager.h"

#define WEB_INDEX   7
#define DB_INDEX    5
#define WEB         0
#define DB          1
#define HEADER      14 /* of each Ethernet frame: the kernel's bytes lack it */
#define STATS_BYTES 86 /* and so this is a frame of 100 */

/* ---- a kernel that is made up ---- */

static struct {
	struct vtap_link_stats stats[4];
	size_t n;
	int error;
	unsigned n_dumps;
	bool is_guarded;
	bool is_unmarked;
	struct vtap_interface web, db;
	uint64_t n_lost;
} kernel;

int __wrap_vtap_link_stats_dump(struct vtap_nl *nl, struct vtap_link_stats **ret_stats,
	size_t *ret_n, struct vtap_err *err);
const struct vtap_interface *__wrap_vtap_interfaces_find(
	const struct vtap_interfaces *set, const char *name);
struct vtap_guards *__wrap_vtap_interfaces_guards(struct vtap_interfaces *set);
const struct vtap_devices *__wrap_vtap_interfaces_devices(const struct vtap_interfaces *set);
bool __wrap_vtap_guards_is_on(const struct vtap_guards *guards, int index);
void __wrap_vtap_steering_note_lost(struct vtap_steering *steering, uint64_t n);

int __wrap_vtap_link_stats_dump(
	struct vtap_nl *nl, struct vtap_link_stats **ret_stats, size_t *ret_n, struct vtap_err *err)
{
	(void)nl;
	kernel.n_dumps++;
	if (kernel.error != 0)
		return vtap_err_set(err, kernel.error, "refused");
	*ret_stats = calloc(VTAP_ARRAY_LEN(kernel.stats), sizeof(kernel.stats[0]));
	assert_non_null(*ret_stats);
	memcpy(*ret_stats, kernel.stats, kernel.n * sizeof(kernel.stats[0]));
	*ret_n = kernel.n;
	return 0;
}

const struct vtap_interface *__wrap_vtap_interfaces_find(
	const struct vtap_interfaces *set, const char *name)
{
	(void)set;
	return strcmp(name, "mirror-web") == 0  ? &kernel.web
	       : strcmp(name, "mirror-db") == 0 ? &kernel.db
						: NULL;
}

/* Both devices, with their marks unless those are off. */
const struct vtap_devices *__wrap_vtap_interfaces_devices(const struct vtap_interfaces *set)
{
	static struct vtap_device device[2];
	static struct vtap_devices devices = { .device = device, .n = 2 };

	(void)set;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(device); i++) {
		device[i] =
			(struct vtap_device){ .index = kernel.stats[i].index, .is_vxlan = true };
		if (!kernel.is_unmarked)
			memcpy(device[i].alias, VTAP_ALIAS_MARK, sizeof(VTAP_ALIAS_MARK));
	}
	return &devices;
}

struct vtap_guards *__wrap_vtap_interfaces_guards(struct vtap_interfaces *set)
{
	(void)set;
	return NULL;
}

bool __wrap_vtap_guards_is_on(const struct vtap_guards *guards, int index)
{
	(void)guards;
	assert_int_not_equal(index, 0);
	return kernel.is_guarded;
}

void __wrap_vtap_steering_note_lost(struct vtap_steering *steering, uint64_t n)
{
	(void)steering;
	kernel.n_lost += n;
}

static struct vtap_link_stats *stats_of(int index)
{
	for (size_t i = 0; i < kernel.n; i++)
		if (kernel.stats[i].index == index)
			return &kernel.stats[i];
	return NULL;
}

static void kernel_receive(int index, uint64_t n)
{
	stats_of(index)->rx_packets += n;
	stats_of(index)->rx_bytes += n * STATS_BYTES;
}

/* ---- a daemon on it ---- */

/** struct scene - a vxlan-mode target with the sessions web and db, each on a device */
struct scene {
	struct vtap_target target;
	struct vtap_session session[2];
	struct vtap_conf conf;
	struct vtap_intake *intake[1];
	struct vtap_manager manager;
};

static void scene_runs(struct scene *scene)
{
	struct vtap_runs runs = { 0 };

	assert_int_equal(vtap_runs_follow(&scene->manager.runs, &scene->conf, &runs), 0);
	vtap_runs_done(&scene->manager.runs);
	scene->manager.runs = runs;
}

/* The devices are there already if they @are_former; nothing was looked at yet. */
static void scene_init(struct scene *scene, bool are_former)
{
	memset(scene, 0, sizeof(*scene));
	memset(&kernel, 0, sizeof(kernel));
	kernel.stats[0].index = DB_INDEX;
	kernel.stats[1].index = WEB_INDEX;
	kernel.n = are_former ? 2 : 0;
	kernel.is_guarded = true;
	kernel.web.wish = (struct vtap_wish){ .mode = VTAP_MODE_VXLAN, .name = "mirror-web" };
	kernel.db.wish = (struct vtap_wish){ .mode = VTAP_MODE_VXLAN, .name = "mirror-db" };
	scene->target = (struct vtap_target){ .name = "default", .mode = VTAP_MODE_VXLAN };
	scene->session[WEB] = (struct vtap_session){ .name = "web", .interface = "mirror-web" };
	scene->session[DB] = (struct vtap_session){ .name = "db", .interface = "mirror-db" };
	scene->conf = (struct vtap_conf){ .targets = &scene->target,
		.n_targets = 1,
		.sessions = scene->session,
		.n_sessions = 2 };
	assert_int_equal(vtap_intake_new("default", NULL, &scene->intake[0]), 0);
	scene->manager.conf = &scene->conf;
	scene->manager.intake = scene->intake;
	scene->manager.n_intakes = 1;
	scene_runs(scene);
}

/* What a turn does: from now on the sessions have their devices. */
static void scene_hold(void)
{
	kernel.n = 2;
	kernel.web.wish.held_index = WEB_INDEX;
	kernel.db.wish.held_index = DB_INDEX;
}

static void scene_done(struct scene *scene)
{
	vtap_kernel_count_done(&scene->manager.kernel_count);
	vtap_kernel_count_done(&scene->manager.kernel_count); /* may run twice */
	vtap_runs_done(&scene->manager.runs);
	vtap_intake_free(scene->intake[0], false);
}

static struct vtap_session_totals session_totals(const struct scene *scene, size_t i)
{
	struct vtap_session_totals totals;

	vtap_tally_read(scene->manager.runs.run[i].tally, &totals);
	return totals;
}

static void assert_session(
	const struct scene *scene, size_t i, uint64_t delivered, uint64_t lost, uint64_t errors)
{
	struct vtap_session_totals totals = session_totals(scene, i);

	assert_int_equal(totals.verdicts[VTAP_VERDICT_DELIVERED], delivered);
	assert_int_equal(totals.verdicts[VTAP_VERDICT_LOST_IN_HANDOVER], lost);
	assert_int_equal(totals.verdicts[VTAP_VERDICT_DECAP_ERROR], errors);
}

static void assert_target(
	const struct scene *scene, uint64_t delivered, uint64_t lost, uint64_t errors)
{
	struct vtap_totals totals;

	vtap_intake_read(scene->intake[0], &totals);
	assert_int_equal(totals.verdicts[VTAP_VERDICT_DELIVERED], delivered);
	assert_int_equal(totals.verdicts[VTAP_VERDICT_LOST_IN_HANDOVER], lost);
	assert_int_equal(totals.verdicts[VTAP_VERDICT_DECAP_ERROR], errors);
	assert_int_equal(totals.received, delivered + lost + errors);
}

static void test_count_when_devices_count_then_each_frame_once(void **state)
{
	struct vtap_session_totals totals;
	struct scene scene;

	(void)state;
	scene_init(&scene, false);
	vtap_kernel_count_follow(&scene.manager);
	scene_hold();
	vtap_kernel_count_sample(&scene.manager, 10);
	assert_session(&scene, WEB, 0, 0, 0);
	assert_int_equal(session_totals(&scene, WEB).last_ns, 0);

	kernel_receive(WEB_INDEX, 5);
	stats_of(WEB_INDEX)->rx_errors = 2;
	stats_of(WEB_INDEX)->rx_length_errors = 1; /* one of the two, told in detail */
	vtap_kernel_count_sample(&scene.manager, 20);
	kernel_receive(WEB_INDEX, 1);
	kernel_receive(DB_INDEX, 3);
	vtap_kernel_count_sample(&scene.manager, 30);
	vtap_kernel_count_sample(&scene.manager, 40);
	assert_session(&scene, WEB, 6, 0, 2);
	assert_session(&scene, DB, 3, 0, 0);
	assert_target(&scene, 9, 0, 2);
	totals = session_totals(&scene, WEB);
	assert_int_equal(totals.bytes, 6 * (STATS_BYTES + HEADER));
	assert_int_equal(totals.last_ns, 30);
	assert_int_equal(
		vtap_kernel_count_find(&scene.manager.kernel_count, WEB_INDEX)->rx_packets, 6);
	assert_null(vtap_kernel_count_find(&scene.manager.kernel_count, 99));
	scene_done(&scene);
}

static void test_count_when_the_first_frames_come_before_a_sample_then_they_have_a_time(
	void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, false);
	vtap_kernel_count_follow(&scene.manager);
	scene_hold();
	kernel_receive(WEB_INDEX, 5);
	vtap_kernel_count_sample(&scene.manager, 10);
	assert_session(&scene, WEB, 5, 0, 0);
	assert_int_equal(session_totals(&scene, WEB).last_ns, 10);
	scene_done(&scene);
}

static void test_count_when_guarded_then_what_was_dropped_was_lost(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, false);
	scene_hold();
	vtap_kernel_count_sample(&scene.manager, 10);
	kernel_receive(WEB_INDEX, 10);
	stats_of(WEB_INDEX)->rx_dropped = 4;
	vtap_kernel_count_sample(&scene.manager, 20);
	assert_session(&scene, WEB, 6, 4, 0);
	stats_of(WEB_INDEX)->rx_dropped = 6; /* told before the frames themselves */
	vtap_kernel_count_sample(&scene.manager, 30);
	assert_session(&scene, WEB, 6, 4, 0);
	kernel_receive(WEB_INDEX, 3);
	vtap_kernel_count_sample(&scene.manager, 40);
	assert_session(&scene, WEB, 7, 6, 0);
	assert_target(&scene, 7, 6, 0);
	assert_int_equal(kernel.n_lost, 6);
	scene_done(&scene);
}

static void test_count_when_not_guarded_all_the_time_then_nothing_was_lost(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, false);
	scene_hold();
	kernel.is_guarded = false;
	vtap_kernel_count_sample(&scene.manager, 10);
	kernel_receive(WEB_INDEX, 10);
	stats_of(WEB_INDEX)->rx_dropped = 10; /* the stack has no use for them */
	vtap_kernel_count_sample(&scene.manager, 20);
	assert_session(&scene, WEB, 10, 0, 0);
	kernel.is_guarded = true; /* at some time since the last sample */
	kernel_receive(WEB_INDEX, 10);
	stats_of(WEB_INDEX)->rx_dropped = 15;
	vtap_kernel_count_sample(&scene.manager, 30);
	assert_session(&scene, WEB, 20, 0, 0);
	kernel_receive(WEB_INDEX, 10);
	stats_of(WEB_INDEX)->rx_dropped = 16;
	vtap_kernel_count_sample(&scene.manager, 40);
	assert_session(&scene, WEB, 29, 1, 0);
	scene_done(&scene);
}

/* Frames of the last second, as status and drain tell them. */
static void assert_rates(struct scene *scene, size_t i, uint64_t now_ns, double wanted)
{
	vtap_runs_sample(&scene->manager.runs, now_ns);
	assert_int_equal((int)scene->manager.runs.run[i].frames_per_second, (int)wanted);
}

static void test_count_when_a_device_is_older_than_the_daemon_then_in_no_rate(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, true);
	kernel_receive(WEB_INDEX, 1000000);
	stats_of(WEB_INDEX)->rx_errors = 5;
	stats_of(WEB_INDEX)->rx_dropped = 999;
	vtap_kernel_count_follow(&scene.manager);
	vtap_kernel_count_sample(&scene.manager, 10);
	vtap_runs_sample(&scene.manager.runs, VTAP_NS_PER_S); /* before it is taken over */
	scene_hold();
	vtap_kernel_count_sample(&scene.manager, 20);
	assert_session(&scene, WEB, 1000000, 0, 5);
	assert_target(&scene, 1000000, 0, 5);
	assert_int_equal(session_totals(&scene, WEB).last_ns, 0);
	assert_true(scene.manager.kernel_count.has_former);
	assert_rates(&scene, WEB, 2 * VTAP_NS_PER_S, 0);
	assert_true(scene.manager.runs.run[WEB].bits_per_second < 1);
	assert_int_equal(scene.manager.judge.load.received, 1000005);

	kernel_receive(WEB_INDEX, 8);
	vtap_kernel_count_sample(&scene.manager, 30);
	assert_session(&scene, WEB, 1000008, 0, 5);
	assert_int_equal(session_totals(&scene, WEB).last_ns, 30);
	assert_rates(&scene, WEB, 3 * VTAP_NS_PER_S, 8);
	assert_int_equal(scene.manager.judge.load.received, 1000005);
	scene_done(&scene);
}

static void test_count_when_a_former_device_counts_before_it_is_taken_over_then_that_is_now(
	void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, true);
	kernel_receive(WEB_INDEX, 100);
	vtap_kernel_count_follow(&scene.manager);
	scene_hold();
	kernel_receive(WEB_INDEX, 7);
	vtap_runs_sample(&scene.manager.runs, VTAP_NS_PER_S);
	vtap_kernel_count_sample(&scene.manager, 20);
	assert_session(&scene, WEB, 107, 0, 0);
	assert_int_equal(session_totals(&scene, WEB).last_ns, 20);
	assert_rates(&scene, WEB, 2 * VTAP_NS_PER_S, 7);
	scene_done(&scene);
}

static void test_count_when_a_device_is_replaced_then_counts_go_on(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, false);
	scene_hold();
	vtap_kernel_count_sample(&scene.manager, 10);
	kernel_receive(WEB_INDEX, 5);
	vtap_kernel_count_sample(&scene.manager, 20);
	kernel.stats[1] = (struct vtap_link_stats){ .index = WEB_INDEX + 1 };
	kernel.web.wish.held_index = 0;
	vtap_kernel_count_sample(&scene.manager, 30);
	kernel.web.wish.held_index = WEB_INDEX + 1;
	kernel_receive(WEB_INDEX + 1, 2);
	vtap_kernel_count_sample(&scene.manager, 40);
	assert_session(&scene, WEB, 7, 0, 0);
	assert_false(scene.manager.kernel_count.has_former);

	stats_of(WEB_INDEX + 1)->rx_errors = 3;
	vtap_kernel_count_sample(&scene.manager, 50);
	kernel.stats[1] = (struct vtap_link_stats){ .index = WEB_INDEX + 1 }; /* same number */
	kernel_receive(WEB_INDEX + 1, 4);
	vtap_kernel_count_sample(&scene.manager, 60);
	assert_session(&scene, WEB, 11, 0, 3);
	assert_target(&scene, 11, 0, 3);
	scene_done(&scene);
}

static void test_count_when_a_device_is_let_go_and_held_again_then_nothing_twice(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, false);
	scene_hold();
	kernel_receive(WEB_INDEX, 5);
	vtap_kernel_count_sample(&scene.manager, 10);
	kernel.web.wish.held_index = 0;
	vtap_kernel_count_sample(&scene.manager, 20);
	scene_hold();
	vtap_kernel_count_sample(&scene.manager, 30);
	assert_session(&scene, WEB, 5, 0, 0);
	scene_done(&scene);
}

static void test_count_when_a_session_is_renamed_then_the_new_one_counts_from_there(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, false);
	scene_hold();
	kernel_receive(WEB_INDEX, 5);
	vtap_kernel_count_sample(&scene.manager, 10);
	memcpy(scene.session[WEB].name, "www", sizeof("www"));
	scene_runs(&scene);
	vtap_kernel_count_follow(&scene.manager);
	kernel_receive(WEB_INDEX, 2);
	vtap_kernel_count_sample(&scene.manager, 20);
	assert_session(&scene, WEB, 2, 0, 0);
	assert_target(&scene, 7, 0, 0);
	scene_done(&scene);
}

static void test_count_when_no_target_is_in_vxlan_mode_then_the_kernel_is_not_asked(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, false);
	scene.target.mode = VTAP_MODE_TAP;
	kernel.web.wish.mode = kernel.db.wish.mode = VTAP_MODE_TAP;
	scene_hold();
	vtap_kernel_count_follow(&scene.manager);
	vtap_kernel_count_sample(&scene.manager, 10);
	vtap_kernel_count_look(&scene.manager, 20);
	assert_int_equal(kernel.n_dumps, 0);
	scene_done(&scene);
}

/* It was replaced: until it is gone, what it counts is the session's that had it. */
static void test_count_when_a_device_is_on_its_way_out_then_its_session_has_it(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, false);
	scene_hold();
	kernel_receive(WEB_INDEX, 5);
	vtap_kernel_count_sample(&scene.manager, 10);
	kernel.web.wish.held_index = 0;
	kernel_receive(WEB_INDEX, 3);
	stats_of(WEB_INDEX)->rx_errors = 1;
	vtap_kernel_count_sample(&scene.manager, 20);
	vtap_kernel_count_sample(&scene.manager, 30);
	assert_session(&scene, WEB, 8, 0, 1);
	assert_session(&scene, DB, 0, 0, 0);
	assert_target(&scene, 8, 0, 1);
	kernel.is_unmarked = true; /* somebody has it for himself now */
	kernel_receive(WEB_INDEX, 3);
	vtap_kernel_count_sample(&scene.manager, 40);
	assert_session(&scene, WEB, 8, 0, 1);
	scene_done(&scene);
}

/* The session is no longer configured, or its target has another mode by now. */
static void test_count_when_nobody_has_a_device_any_more_then_its_target_counts_it(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, false);
	scene_hold();
	kernel_receive(WEB_INDEX, 5);
	vtap_kernel_count_sample(&scene.manager, 10);
	scene.session[WEB] = scene.session[DB];
	scene.conf.n_sessions = 1;
	scene_runs(&scene);
	kernel_receive(WEB_INDEX, 3);
	vtap_kernel_count_sample(&scene.manager, 20);
	assert_target(&scene, 8, 0, 0);
	scene.target.mode = VTAP_MODE_TAP;
	vtap_kernel_count_follow(&scene.manager);
	kernel_receive(WEB_INDEX, 1);
	vtap_kernel_count_sample(&scene.manager, 30);
	assert_target(&scene, 9, 0, 0);
	kernel.n = 0; /* gone: two dumps say so */
	vtap_kernel_count_sample(&scene.manager, 40);
	vtap_kernel_count_sample(&scene.manager, 50);
	kernel.n_dumps = 0;
	vtap_kernel_count_sample(&scene.manager, 60);
	assert_int_equal(kernel.n_dumps, 0);
	scene_done(&scene);
}

/* A dump that was interrupted may pass over a device that is there. */
static void test_count_when_a_dump_lacks_a_device_then_nothing_is_counted_twice(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, false);
	scene_hold();
	kernel_receive(WEB_INDEX, 5);
	vtap_kernel_count_sample(&scene.manager, 10);
	kernel.n = 1; /* DB alone */
	vtap_kernel_count_sample(&scene.manager, 20);
	kernel.n = 2;
	kernel_receive(WEB_INDEX, 3);
	vtap_kernel_count_sample(&scene.manager, 30);
	assert_session(&scene, WEB, 8, 0, 0);
	assert_target(&scene, 8, 0, 0);
	scene_done(&scene);
}

static void test_count_when_looked_at_soon_after_a_sample_then_asked_once(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, false);
	scene_hold();
	vtap_kernel_count_sample(&scene.manager, VTAP_NS_PER_S);
	vtap_kernel_count_look(&scene.manager, VTAP_NS_PER_S);
	vtap_kernel_count_look(&scene.manager, VTAP_NS_PER_S + 19 * VTAP_NS_PER_MS);
	assert_int_equal(kernel.n_dumps, 1);
	kernel_receive(WEB_INDEX, 1);
	vtap_kernel_count_look(&scene.manager, VTAP_NS_PER_S + 20 * VTAP_NS_PER_MS);
	assert_int_equal(kernel.n_dumps, 2);
	assert_session(&scene, WEB, 1, 0, 0);
	vtap_kernel_count_outdate(&scene.manager.kernel_count); /* a device was taken over */
	vtap_kernel_count_look(&scene.manager, VTAP_NS_PER_S + 21 * VTAP_NS_PER_MS);
	assert_int_equal(kernel.n_dumps, 3);
	scene_done(&scene);
}

static void test_count_when_the_kernel_refuses_then_it_is_not_known_and_counted_later(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, false);
	scene_hold();
	vtap_kernel_count_sample(&scene.manager, 10);
	kernel_receive(WEB_INDEX, 5);
	kernel.error = -ENOBUFS;
	vtap_kernel_count_sample(&scene.manager, 20);
	assert_session(&scene, WEB, 0, 0, 0);
	assert_null(vtap_kernel_count_find(&scene.manager.kernel_count, WEB_INDEX));
	kernel.error = 0;
	vtap_kernel_count_sample(&scene.manager, 30);
	assert_session(&scene, WEB, 5, 0, 0);
	scene_done(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_count_when_devices_count_then_each_frame_once),
		cmocka_unit_test(
			test_count_when_the_first_frames_come_before_a_sample_then_they_have_a_time),
		cmocka_unit_test(test_count_when_guarded_then_what_was_dropped_was_lost),
		cmocka_unit_test(test_count_when_not_guarded_all_the_time_then_nothing_was_lost),
		cmocka_unit_test(test_count_when_a_device_is_older_than_the_daemon_then_in_no_rate),
		cmocka_unit_test(
			test_count_when_a_former_device_counts_before_it_is_taken_over_then_that_is_now),
		cmocka_unit_test(test_count_when_a_device_is_replaced_then_counts_go_on),
		cmocka_unit_test(
			test_count_when_a_device_is_let_go_and_held_again_then_nothing_twice),
		cmocka_unit_test(
			test_count_when_a_session_is_renamed_then_the_new_one_counts_from_there),
		cmocka_unit_test(
			test_count_when_no_target_is_in_vxlan_mode_then_the_kernel_is_not_asked),
		cmocka_unit_test(
			test_count_when_a_device_is_on_its_way_out_then_its_session_has_it),
		cmocka_unit_test(
			test_count_when_nobody_has_a_device_any_more_then_its_target_counts_it),
		cmocka_unit_test(
			test_count_when_a_dump_lacks_a_device_then_nothing_is_counted_twice),
		cmocka_unit_test(test_count_when_looked_at_soon_after_a_sample_then_asked_once),
		cmocka_unit_test(
			test_count_when_the_kernel_refuses_then_it_is_not_known_and_counted_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
