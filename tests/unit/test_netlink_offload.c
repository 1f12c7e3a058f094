// SPDX-License-Identifier: Apache-2.0
/*
 * Law: what merges frames is read as the kernel has it, and is set as told, no other bit with it;
 * a driver that does otherwise is not believed; somebody else's change is news.
 */
#include <poll.h>

#include "tests/unit/cmocka_with.h"
#include "tests/unit/tc.h"

#include "netlink/dump.h"
#include "netlink/offload.h"

/** struct scene - veth0, whose GRO can be switched; lo, whose cannot */
struct scene {
	struct vtap_nl *nl;
	struct vtap_offload *offload;
	int index;
};

/* The longest that news takes, ms: it is queued before a change returns. */
#define NEWS_MS 5000

static int scene_setup(void **state)
{
	static struct scene scene;

	by_hand("ip link add veth0 numrxqueues 2 numtxqueues 2 type veth peer name veth1");
	scene = (struct scene){ .index = (int)if_nametoindex("veth0") };
	*state = &scene;
	if (vtap_nl_open(&scene.nl, NULL) < 0 || vtap_offload_open(&scene.offload, NULL) < 0)
		return -1;
	return 0;
}

static int scene_teardown(void **state)
{
	struct scene *scene = *state;

	vtap_offload_close(scene->offload);
	vtap_nl_close(scene->nl);
	by_hand("ip link del veth0 2>/dev/null || true");
	return 0;
}

static struct vtap_device look(struct scene *scene, const char *name)
{
	struct vtap_devices devices = { 0 };
	const struct vtap_device *found;
	struct vtap_device device;

	assert_int_equal(vtap_links_dump(scene->nl, &devices, NULL), 0);
	assert_int_equal(vtap_offload_note(scene->offload, &devices, NULL), 0);
	found = vtap_devices_find_index(&devices, (int)if_nametoindex(name));
	assert_non_null(found);
	device = *found;
	vtap_devices_done(&devices);
	return device;
}

static void test_note_when_switched_by_hand_then_as_it_is(void **state)
{
	struct scene *scene = *state;

	by_hand("ethtool -K veth0 gro on");
	assert_int_equal(look(scene, "veth0").merging, VTAP_MERGING_GRO);
	by_hand("ethtool -K veth0 gro off");
	assert_int_equal(look(scene, "veth0").merging, 0);
	by_hand("ethtool -K veth0 gro on");
	assert_int_equal(look(scene, "veth0").merging, VTAP_MERGING_GRO);
}

static void test_note_when_a_feature_is_fixed_then_it_is_marked(void **state)
{
	struct scene *scene = *state;

	/* as ethtool -k says "[fixed]" */
	assert_int_equal(
		look(scene, "veth0").merging_fixed, VTAP_MERGING_LRO | VTAP_MERGING_GRO_HW);
}

static void test_note_when_there_are_many_then_each_has_its_own(void **state)
{
	struct scene *scene = *state;
	char name[VTAP_IFNAME_MAX];

	by_hand("for i in $(seq 0 199); do echo tuntap add dev m$i mode tap; done | ip -batch -");
	by_hand("for i in $(seq 0 2 199); do ethtool -K m$i gro off; done");
	for (int i = 0; i < 200; i++) {
		(void)snprintf(name, sizeof(name), "m%d", i); /* fits */
		assert_row(look(scene, name).merging == (i % 2 != 0 ? VTAP_MERGING_GRO : 0), i);
	}
	by_hand("for i in $(seq 0 199); do echo link del m$i; done | ip -batch -");
}

/* What ethtool shows of all its features. */
static void features_show(char *ret_text, size_t size)
{
	FILE *shown = popen("ethtool -k veth0", "r");
	size_t n;

	assert_non_null(shown);
	n = fread(ret_text, 1, size - 1, shown);
	ret_text[n] = '\0';
	assert_int_equal(pclose(shown), 0);
}

static void test_set_when_told_then_it_and_nothing_else(void **state)
{
	struct scene *scene = *state;
	char before[8192], after[8192];

	by_hand("ethtool -K veth0 gro on");
	features_show(before, sizeof(before));
	for (int i = 0; i < 2; i++) /* the second has nothing to do */
		assert_int_equal(
			vtap_offload_set(scene->offload, scene->index, VTAP_MERGING_ALL, 0, NULL),
			0);
	assert_int_equal(look(scene, "veth0").merging, 0);
	assert_int_equal(vtap_offload_set(scene->offload, scene->index, VTAP_MERGING_GRO,
				 VTAP_MERGING_GRO, NULL),
		0);
	features_show(after, sizeof(after));
	assert_string_equal(before, after);
}

static void test_set_when_the_driver_does_otherwise_then_the_sentence_names_what(void **state)
{
	struct scene *scene = *state;
	struct vtap_err err = VTAP_ERR_NULL;

	assert_int_equal(
		vtap_offload_set(scene->offload, scene->index, VTAP_MERGING_GRO | VTAP_MERGING_LRO,
			VTAP_MERGING_GRO | VTAP_MERGING_LRO, &err),
		-EOPNOTSUPP);
	assert_string_equal(err.text, "the driver left lro off");
}

static void test_set_when_there_is_no_such_interface_then_that_is_said(void **state)
{
	struct scene *scene = *state;
	struct vtap_err err = VTAP_ERR_NULL;

	by_hand("ip link del veth0");
	assert_int_equal(
		vtap_offload_set(scene->offload, scene->index, VTAP_MERGING_GRO, 0, &err), -ENODEV);
	assert_non_null(strstr(err.text, "No such device"));
}

static void test_news_when_features_change_then_and_only_then(void **state)
{
	struct scene *scene = *state;
	struct pollfd news = { .fd = vtap_offload_fd(scene->offload), .events = POLLIN };

	by_hand("ethtool -K veth0 gro on");
	(void)vtap_offload_drain(scene->offload); /* what came until now */
	assert_false(vtap_offload_drain(scene->offload));
	by_hand("ethtool -L veth0 rx 1 tx 1"); /* ethtool's news, but none of features */
	assert_int_equal(poll(&news, 1, NEWS_MS), 1);
	assert_false(vtap_offload_drain(scene->offload));
	by_hand("ethtool -K veth0 gro off");
	assert_int_equal(poll(&news, 1, NEWS_MS), 1);
	assert_true(vtap_offload_drain(scene->offload));
	assert_int_equal(poll(&news, 1, 0), 0);
}

static void test_news_when_lost_then_it_is_news(void **state)
{
	struct scene *scene = *state;
	const int bytes = 1;

	(void)vtap_offload_drain(scene->offload); /* what came until now */
	assert_int_equal(setsockopt(vtap_offload_fd(scene->offload), SOL_SOCKET, SO_RCVBUF, &bytes,
				 sizeof(bytes)),
		0);
	by_hand("for i in $(seq 20); do ethtool -K veth0 gro off; ethtool -K veth0 gro on; done");
	assert_true(vtap_offload_drain(scene->offload));
	assert_false(vtap_offload_drain(scene->offload));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_note_when_switched_by_hand_then_as_it_is),
		TEST(test_note_when_a_feature_is_fixed_then_it_is_marked),
		TEST(test_note_when_there_are_many_then_each_has_its_own),
		TEST(test_set_when_told_then_it_and_nothing_else),
		TEST(test_set_when_the_driver_does_otherwise_then_the_sentence_names_what),
		TEST(test_set_when_there_is_no_such_interface_then_that_is_said),
		TEST(test_news_when_features_change_then_and_only_then),
		TEST(test_news_when_lost_then_it_is_news),
	};

	hands_or_skip();
	if (system("ethtool --version >/dev/null 2>&1") != 0)
		test_skip("ethtool", "not installed");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
