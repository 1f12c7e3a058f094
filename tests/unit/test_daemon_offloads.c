// SPDX-License-Identifier: Apache-2.0
/*
 * Law: what was on is written down before anything is switched off; what cannot be switched off is
 * told; what is put back without a daemon is what was on, and nothing else; what has gone is
 * forgotten, what is refused is named.
 */
#include "tests/unit/config_folder.h"
#include "tests/unit/tc.h"

#include <systemd/sd-event.h>

#include "daemon/former.h"
#include "daemon/log.h"
#include "daemon/manager.h"
#include "daemon/offloads.h"
#include "netlink/dump.h"
#include "netlink/offload.h"
#include "netlink/socket.h"
#include "netlink/watch.h"

/* ---- the kernel's part, where it cannot be had as a test wants it ---- */

static struct {
	const char *refusal; /* of every change; NULL: none */
	bool is_detached;    /* of veth0: ethtool's netlink says that there is no such device */
	unsigned fixed;      /* is on on veth0, and cannot be switched */
	int master;          /* as long as this is off, veth0 stays off, too */
	bool is_asked;       /* to change veth0 */
	const char *blind;   /* why it cannot be read what merges; NULL: it can */
	bool is_deaf;        /* link news tells nothing */
	const char *path;    /* of the memory */
	int index;           /* of veth0 */
	unsigned n_off;      /* how often something of it was to be switched off */
	bool was_remembered; /* at each of them */
	bool was_first;      /* no session had its interface yet */
} kernel;

int __real_vtap_offload_set(
	struct vtap_offload *offload, int index, unsigned which, unsigned on, struct vtap_err *err);
int __wrap_vtap_offload_set(
	struct vtap_offload *offload, int index, unsigned which, unsigned on, struct vtap_err *err);
int __real_vtap_nl_get(struct vtap_nl *nl, struct nl_msg *message,
	int (*each)(struct nl_msg *message, void *arg), void *arg, struct vtap_err *err);
int __wrap_vtap_nl_get(struct vtap_nl *nl, struct nl_msg *message,
	int (*each)(struct nl_msg *message, void *arg), void *arg, struct vtap_err *err);
int __real_vtap_offload_note(
	struct vtap_offload *offload, struct vtap_devices *devices, struct vtap_err *err);
int __wrap_vtap_offload_note(
	struct vtap_offload *offload, struct vtap_devices *devices, struct vtap_err *err);
int __real_vtap_watch_drain(struct vtap_watch *watch, struct vtap_watch_news *ret_news);
int __wrap_vtap_watch_drain(struct vtap_watch *watch, struct vtap_watch_news *ret_news);

int __wrap_vtap_offload_set(
	struct vtap_offload *offload, int index, unsigned which, unsigned on, struct vtap_err *err)
{
	int r;

	if (index == kernel.index && on == 0) {
		kernel.n_off++;
		kernel.was_remembered = access(kernel.path, F_OK) == 0;
		kernel.was_first = if_nametoindex("mirror-web") == 0;
	}
	if (kernel.refusal != NULL && index == kernel.index)
		return vtap_err_set(err, -EOPNOTSUPP, "%s", kernel.refusal);
	if (index == kernel.master && on != 0)
		kernel.master = 0;
	if (index == kernel.index && on != 0 && kernel.master != 0)
		return vtap_err_set(err, -EOPNOTSUPP, "the driver left lro off");
	kernel.is_asked = index == kernel.index;
	r = __real_vtap_offload_set(offload, index, which, on, err);
	kernel.is_asked = false;
	return r;
}

int __wrap_vtap_nl_get(struct vtap_nl *nl, struct nl_msg *message,
	int (*each)(struct nl_msg *message, void *arg), void *arg, struct vtap_err *err)
{
	return kernel.is_asked && kernel.is_detached
		       ? vtap_err_set(err, -ENODEV, "No such device")
		       : __real_vtap_nl_get(nl, message, each, arg, err);
}

int __wrap_vtap_offload_note(
	struct vtap_offload *offload, struct vtap_devices *devices, struct vtap_err *err)
{
	int r = __real_vtap_offload_note(offload, devices, err);

	if (kernel.blind != NULL)
		return vtap_err_set(err, -ENOBUFS, "%s", kernel.blind);
	for (size_t i = 0; i < devices->n; i++)
		if (devices->device[i].index == kernel.index) {
			devices->device[i].merging |= kernel.fixed;
			devices->device[i].merging_fixed |= kernel.fixed;
		}
	return r;
}

int __wrap_vtap_watch_drain(struct vtap_watch *watch, struct vtap_watch_news *ret_news)
{
	int r = __real_vtap_watch_drain(watch, ret_news);

	if (!kernel.is_deaf || r < 0)
		return r;
	*ret_news = (struct vtap_watch_news){ .n = 0 };
	return 0;
}

/* ---- scenes ---- */

/** struct scene - veth0 and veth1, whose GRO is off; a folder with everything of a manager */
struct scene {
	struct folder folder;
	char *path, *conf_path;
	struct vtap_manager manager;
	struct vtap_nl *nl;
	struct vtap_report_removed removed;
	struct vtap_err err;
};

static int scene_setup(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	if (scene == NULL)
		return -1;
	*state = scene;
	by_hand("ip link add veth0 type veth peer name veth1");
	by_hand("ethtool -K veth0 gro off && ethtool -K veth1 gro off");
	(void)snprintf(scene->folder.path, sizeof(scene->folder.path), /* fits */
		"/tmp/vtapd-offloads-XXXXXX");
	if (mkdtemp(scene->folder.path) == NULL)
		return -1;
	scene->path = vtap_former_path(scene->folder.path);
	memset(&kernel, 0, sizeof(kernel));
	kernel.path = scene->path;
	kernel.index = (int)if_nametoindex("veth0");
	return scene->path == NULL || vtap_nl_open(&scene->nl, NULL) < 0 ? -1 : 0;
}

static int scene_teardown(void **state)
{
	struct scene *scene = *state;

	if (scene->manager.event != NULL)
		vtap_manager_done(&scene->manager);
	by_hand("ip link del veth0 2>/dev/null || ip link del was0");
	by_hand("ip link del br0 2>/dev/null || true");
	by_hand("ip link del mirror-web 2>/dev/null || true");
	vtap_report_removed_done(&scene->removed);
	vtap_nl_close(scene->nl);
	free(scene->path);
	free(scene->conf_path);
	assert_int_equal(nftw(scene->folder.path, folder_remove_entry, 8, FTW_DEPTH | FTW_PHYS), 0);
	free(scene);
	return 0;
}

static int restore_again(struct scene *scene)
{
	vtap_report_removed_done(&scene->removed);
	return vtap_offloads_restore(scene->nl, scene->folder.path, &scene->removed, &scene->err);
}

/* A memory of these, as they are. */
static void remember(struct scene *scene, const char *first, unsigned merging, const char *second,
	unsigned second_merging)
{
	struct vtap_former former[2] = { { .merging = merging }, { .merging = second_merging } };
	struct vtap_devices devices = { 0 };

	assert_int_equal(vtap_links_dump(scene->nl, &devices, NULL), 0);
	for (size_t i = 0; i < devices.n; i++) {
		if (strcmp(devices.device[i].name, first) == 0)
			assert_true(vtap_former_note(&former[0], &devices.device[i]));
		if (strcmp(devices.device[i].name, second) == 0)
			assert_true(vtap_former_note(&former[1], &devices.device[i]));
	}
	vtap_devices_done(&devices);
	assert_int_equal(vtap_former_save(scene->path, former, 2, NULL), 0);
}

static int restore(struct scene *scene, const char *first, unsigned merging, const char *second,
	unsigned second_merging)
{
	remember(scene, first, merging, second, second_merging);
	return restore_again(scene);
}

static bool is_on(const char *name)
{
	char command[96];

	(void)snprintf(command, sizeof(command), /* fits */
		"ethtool -k %s | grep -q '^generic-receive-offload: on'", name);
	return system(command) == 0;
}

/* ---- with a daemon ---- */

static void manage_conf(struct scene *scene, const char *conf)
{
	folder_write(&scene->folder, "vtapd.conf", conf);
	_auto_loaded struct loaded loaded = folder_load(&scene->folder);

	assert_int_equal(loaded.outcome, 0);
	scene->conf_path = folder_path(&scene->folder, "vtapd.conf");
	assert_int_equal(vtap_manager_init(&scene->manager, scene->conf_path, scene->folder.path,
				 loaded.conf, NULL),
		0);
	vtap_manager_trigger(&scene->manager);
}

/* A manager of one vxlan session. */
static void manage_on(struct scene *scene, const char *underlay)
{
	char conf[128];

	(void)snprintf(conf, sizeof(conf), /* fits */
		"[target default]\nmode = vxlan\nunderlay = %s\n[session web]\nvni = 4321\n",
		underlay);
	manage_conf(scene, conf);
}

static void manage(struct scene *scene)
{
	manage_on(scene, "veth0");
}

/* Nothing is wanted of it any more. */
static void unmanage(struct scene *scene)
{
	struct vtap_changes changes = { 0 };
	struct vtap_diags diags = { 0 };

	folder_write(&scene->folder, "vtapd.conf", "");
	assert_int_equal(vtap_manager_reload(&scene->manager, &changes, &diags), 0);
	vtap_changes_done(&changes);
	vtap_diags_done(&diags);
}

/* Let the manager go on until this holds. */
#define wait_until(scene, holds)                                                                   \
	do {                                                                                       \
		uint64_t deadline_ns_ = 0;                                                         \
		while (!(holds)) {                                                                 \
			assert_true(wait_more(&deadline_ns_));                                     \
			assert_true(sd_event_run((scene)->manager.event, STEP_US) >= 0);           \
		}                                                                                  \
	} while (0)

/* The longest that the manager waits for something before the condition is looked at again. */
#define STEP_US (100 * VTAP_NS_PER_MS / VTAP_NS_PER_US)

/* Why veth0 merges all the same: "" for no reason, NULL when it does not. */
static const char *why_merging(const struct scene *scene)
{
	struct vtap_offloads_status status;
	_auto_free const char **merging = NULL, **off = NULL;

	assert_int_equal(vtap_offloads_status(&scene->manager, 0, &status), 0);
	merging = status.merging;
	off = status.off;
	assert_true(status.n_merging <= 1);
	if (status.n_merging == 0)
		return NULL;
	assert_string_equal(merging[0], "veth0");
	return status.why != NULL ? status.why : "";
}

/* Is something off on veth0 because of us? */
static bool is_kept_off(const struct scene *scene)
{
	struct vtap_offloads_status status;
	_auto_free const char **merging = NULL, **off = NULL;

	assert_int_equal(vtap_offloads_status(&scene->manager, 0, &status), 0);
	merging = status.merging;
	off = status.off;
	assert_true(status.n_off == 0 || strcmp(off[0], "veth0") == 0);
	return status.n_off == 1;
}

static void test_underlay_when_switched_off_then_remembered_before_and_no_session_is_shown_yet(
	void **state)
{
	struct scene *scene = *state;

	by_hand("ethtool -K veth0 gro on");
	manage(scene);
	wait_until(scene, scene->manager.has_settled);
	assert_false(is_on("veth0"));
	assert_int_equal(kernel.n_off, 1);
	assert_true(kernel.was_remembered && kernel.was_first);
	assert_null(why_merging(scene));
	assert_true(is_kept_off(scene));
}

static void test_underlay_when_nothing_is_on_then_nothing_is_switched(void **state)
{
	struct scene *scene = *state;

	manage(scene);
	wait_until(scene, scene->manager.has_settled);
	assert_int_equal(kernel.n_off, 0);
	assert_int_equal(access(scene->path, F_OK), 0); /* remembered all the same */
}

static void test_underlay_when_only_ethtool_tells_of_a_change_then_off_again(void **state)
{
	struct scene *scene = *state;

	manage(scene);
	wait_until(scene, scene->manager.has_settled);
	kernel.is_deaf = true;
	by_hand("ethtool -K veth0 gro on");
	wait_until(scene, vtap_offloads_n_repairs(scene->manager.offloads) == 1);
	assert_false(is_on("veth0"));
}

static void test_underlay_when_the_driver_refuses_then_told_until_it_does_not(void **state)
{
	struct scene *scene = *state;

	by_hand("ethtool -K veth0 gro on");
	kernel.refusal = "the driver left gro on";
	manage(scene);
	wait_until(scene, scene->manager.has_settled);
	assert_string_equal(
		why_merging(scene), "gro of veth0 cannot be switched off: the driver left gro on");
	kernel.refusal = NULL;
	wait_until(scene, why_merging(scene) == NULL);
	assert_false(is_on("veth0"));
	assert_true(vtap_offloads_n_repairs(scene->manager.offloads) == 0);
}

static void
test_underlay_when_it_cannot_be_read_what_merges_then_told_and_not_remembered_as_nothing(
	void **state)
{
	struct scene *scene = *state;

	by_hand("ethtool -K veth0 gro on");
	kernel.blind = "the answer was cut";
	manage(scene);
	wait_until(scene, scene->manager.has_settled); /* without a wait for it */
	assert_true(if_nametoindex("mirror-web") != 0);
	assert_string_equal(why_merging(scene), "the answer was cut");
	assert_int_equal(access(scene->path, F_OK), -1);
	kernel.blind = NULL;
	wait_until(scene, why_merging(scene) == NULL);
	assert_false(is_on("veth0"));
	unmanage(scene);
	wait_until(scene, is_on("veth0")); /* as it was before */
}

static void test_start_when_it_cannot_be_read_what_merges_then_nothing_is_forgotten(void **state)
{
	struct scene *scene = *state;

	remember(scene, "veth0", VTAP_MERGING_GRO, "veth1", 0);
	kernel.blind = "the answer was cut";
	manage_conf(scene, "");
	wait_until(scene, scene->manager.has_settled);
	assert_int_equal(access(scene->path, F_OK), 0);
	assert_false(is_on("veth0"));
	kernel.blind = NULL;
	wait_until(scene, is_on("veth0"));
}

static void test_underlay_when_the_driver_has_it_detached_then_it_is_not_taken_for_gone(
	void **state)
{
	struct scene *scene = *state;

	by_hand("ethtool -K veth0 gro on");
	kernel.is_detached = true;
	manage(scene);
	wait_until(scene, scene->manager.has_settled);
	assert_string_equal(why_merging(scene),
		"gro of veth0 cannot be switched off: the driver has it detached for the moment");
	kernel.is_detached = false;
	wait_until(scene, why_merging(scene) == NULL);
	assert_false(is_on("veth0"));
}

static void test_underlay_when_detached_while_put_back_then_that_is_tried_again(void **state)
{
	struct scene *scene = *state;

	by_hand("ethtool -K veth0 gro on");
	manage(scene);
	wait_until(scene, scene->manager.has_settled);
	kernel.is_detached = true;
	unmanage(scene);
	wait_until(scene, vtap_offloads_next(&scene->manager, 0) != UINT64_MAX);
	assert_int_equal(access(scene->path, F_OK), 0);
	assert_false(is_on("veth0"));
	kernel.is_detached = false;
	wait_until(scene, is_on("veth0"));
}

static void bridge_make(void)
{
	if (system("ip link add br0 type bridge 2>/dev/null") != 0)
		skip(); /* the kernel has none */
	by_hand("ip link set veth0 master br0 && ethtool -K br0 gro on && ethtool -K veth0 gro on");
	kernel.master = (int)if_nametoindex("br0");
}

static void test_underlay_when_it_follows_its_master_then_that_is_put_back_first(void **state)
{
	struct scene *scene = *state;

	bridge_make();
	manage_on(scene, "br0");
	wait_until(scene, scene->manager.has_settled);
	assert_false(is_on("br0") || is_on("veth0"));
	unmanage(scene);
	wait_until(scene, access(scene->path, F_OK) != 0);
	assert_true(is_on("br0") && is_on("veth0"));
}

static void test_underlay_when_a_feature_is_fixed_then_told_and_the_others_are_off(void **state)
{
	struct scene *scene = *state;

	by_hand("ethtool -K veth0 gro on");
	kernel.fixed = VTAP_MERGING_LRO;
	manage(scene);
	wait_until(scene, scene->manager.has_settled);
	assert_string_equal(
		why_merging(scene), "lro of veth0 cannot be switched off: the driver has it fixed");
	assert_false(is_on("veth0"));
	assert_int_equal(kernel.n_off, 1);
}

/* ---- without ---- */

static void test_restore_when_remembered_then_what_was_on_and_nothing_else(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(restore(scene, "veth0", VTAP_MERGING_GRO, "veth1", 0), 0);
	assert_true(is_on("veth0"));
	assert_false(is_on("veth1"));
	assert_int_equal(scene->removed.n_restored, 1);
	assert_string_equal(scene->removed.restored[0].interface, "veth0");
	assert_int_equal(scene->removed.restored[0].merging, VTAP_MERGING_GRO);
	assert_int_equal(access(scene->path, F_OK), -1);
}

static void test_restore_when_something_was_on_already_then_only_the_rest_is_said(void **state)
{
	struct scene *scene = *state;

	by_hand("ethtool -K veth1 gro on");
	kernel.fixed = VTAP_MERGING_LRO;
	assert_int_equal(restore(scene, "veth0", VTAP_MERGING_GRO | VTAP_MERGING_LRO, "veth1",
				 VTAP_MERGING_GRO),
		0);
	assert_int_equal(scene->removed.n_restored, 1);
	assert_string_equal(scene->removed.restored[0].interface, "veth0");
	assert_int_equal(scene->removed.restored[0].merging, VTAP_MERGING_GRO);
}

static void test_restore_when_nothing_is_remembered_then_harmless(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(restore_again(scene), 0);
	assert_int_equal(scene->removed.n_restored, 0);
}

static void test_restore_when_the_driver_has_it_detached_then_it_stays_remembered(void **state)
{
	struct scene *scene = *state;

	kernel.is_detached = true;
	assert_int_equal(
		restore(scene, "veth0", VTAP_MERGING_GRO, "veth1", VTAP_MERGING_GRO), -EAGAIN);
	assert_string_equal(scene->err.text,
		"put back what merged frames before: veth0: the driver has it detached for the "
		"moment");
	assert_true(is_on("veth1"));
	kernel.is_detached = false;
	assert_int_equal(restore_again(scene), 0);
	assert_true(is_on("veth0"));
}

static void test_restore_when_one_follows_its_master_then_that_is_put_back_first(void **state)
{
	struct scene *scene = *state;

	bridge_make();
	by_hand("ethtool -K br0 gro off && ethtool -K veth0 gro off");
	assert_int_equal(restore(scene, "veth0", VTAP_MERGING_GRO, "br0", VTAP_MERGING_GRO), 0);
	assert_true(is_on("br0") && is_on("veth0"));
}

static void test_restore_when_the_master_is_detached_then_its_port_is_not_forgotten(void **state)
{
	struct scene *scene = *state;

	bridge_make();
	by_hand("ethtool -K br0 gro off && ethtool -K veth0 gro off");
	kernel.index = kernel.master;
	kernel.is_detached = true;
	assert_int_equal(
		restore(scene, "veth0", VTAP_MERGING_LRO, "br0", VTAP_MERGING_GRO), -EAGAIN);
	kernel.is_detached = false;
	assert_int_equal(restore_again(scene), -EOPNOTSUPP); /* which remembered them */
	assert_true(is_on("br0"));
}

static void test_restore_when_an_interface_has_gone_then_it_is_named_and_forgotten(void **state)
{
	struct scene *scene = *state;

	by_hand("ip link add veth2 type veth peer name veth3");
	remember(scene, "veth2", VTAP_MERGING_GRO, "veth1", VTAP_MERGING_GRO);
	by_hand("ip link del veth2");
	assert_int_equal(restore_again(scene), 0);
	assert_true(is_on("veth1"));
	assert_int_equal(scene->removed.n_restored, 1);
	assert_int_equal(scene->removed.n_missed, 1);
	assert_string_equal(scene->removed.missed[0].interface, "veth2");
	assert_int_equal(scene->removed.missed[0].merging, VTAP_MERGING_GRO);
	assert_int_equal(access(scene->path, F_OK), -1);
}

static void test_restore_when_it_was_renamed_then_it_is_found_and_who_got_its_name_is_left_alone(
	void **state)
{
	struct scene *scene = *state;

	remember(scene, "veth0", VTAP_MERGING_GRO, "veth1", 0);
	by_hand("ip link set veth0 name was0 && ip link set veth1 name veth0");
	assert_int_equal(restore_again(scene), 0);
	assert_true(is_on("was0") && !is_on("veth0"));
	assert_int_equal(scene->removed.n_missed, 0);
	assert_string_equal(scene->removed.restored[0].interface, "was0");
}

static void test_restore_when_it_cannot_be_read_what_merges_then_it_stays_remembered(void **state)
{
	struct scene *scene = *state;

	kernel.blind = "the answer was cut";
	assert_int_equal(
		restore(scene, "veth0", VTAP_MERGING_GRO, "veth1", VTAP_MERGING_GRO), -ENOBUFS);
	kernel.blind = NULL;
	assert_int_equal(restore_again(scene), 0);
	assert_int_equal(scene->removed.n_restored, 2);
}

static void test_restore_when_refused_then_what_was_not_found_is_told_with_the_next_try(
	void **state)
{
	struct scene *scene = *state;

	by_hand("ip link add veth2 type veth peer name veth3");
	remember(scene, "veth2", VTAP_MERGING_GRO, "veth0", VTAP_MERGING_GRO);
	by_hand("ip link del veth2");
	kernel.is_detached = true;
	assert_int_equal(restore_again(scene), -EAGAIN);
	kernel.is_detached = false;
	assert_int_equal(restore_again(scene), 0);
	assert_int_equal(scene->removed.n_missed, 1);
}

/* A veth has no LRO: the driver will never follow. */
static void test_restore_when_a_driver_does_not_follow_then_it_is_told_once(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(
		restore(scene, "veth0", VTAP_MERGING_LRO, "veth1", VTAP_MERGING_GRO), -EOPNOTSUPP);
	assert_string_equal(scene->err.text,
		"put back what merged frames before: veth0: the driver left lro off");
	assert_true(is_on("veth1"));
	assert_int_equal(access(scene->path, F_OK), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_underlay_when_switched_off_then_remembered_before_and_no_session_is_shown_yet),
		TEST(test_underlay_when_nothing_is_on_then_nothing_is_switched),
		TEST(test_underlay_when_only_ethtool_tells_of_a_change_then_off_again),
		TEST(test_underlay_when_the_driver_refuses_then_told_until_it_does_not),
		TEST(test_underlay_when_it_cannot_be_read_what_merges_then_told_and_not_remembered_as_nothing),
		TEST(test_start_when_it_cannot_be_read_what_merges_then_nothing_is_forgotten),
		TEST(test_underlay_when_the_driver_has_it_detached_then_it_is_not_taken_for_gone),
		TEST(test_underlay_when_detached_while_put_back_then_that_is_tried_again),
		TEST(test_underlay_when_it_follows_its_master_then_that_is_put_back_first),
		TEST(test_underlay_when_a_feature_is_fixed_then_told_and_the_others_are_off),
		TEST(test_restore_when_remembered_then_what_was_on_and_nothing_else),
		TEST(test_restore_when_something_was_on_already_then_only_the_rest_is_said),
		TEST(test_restore_when_nothing_is_remembered_then_harmless),
		TEST(test_restore_when_the_driver_has_it_detached_then_it_stays_remembered),
		TEST(test_restore_when_one_follows_its_master_then_that_is_put_back_first),
		TEST(test_restore_when_the_master_is_detached_then_its_port_is_not_forgotten),
		TEST(test_restore_when_an_interface_has_gone_then_it_is_named_and_forgotten),
		TEST(test_restore_when_it_was_renamed_then_it_is_found_and_who_got_its_name_is_left_alone),
		TEST(test_restore_when_it_cannot_be_read_what_merges_then_it_stays_remembered),
		TEST(test_restore_when_refused_then_what_was_not_found_is_told_with_the_next_try),
		TEST(test_restore_when_a_driver_does_not_follow_then_it_is_told_once),
	};

	hands_or_skip();
	if (system("ethtool --version >/dev/null 2>&1") != 0)
		test_skip("ethtool", "not installed");
	vtap_log_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
