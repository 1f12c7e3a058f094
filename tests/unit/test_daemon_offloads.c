// SPDX-License-Identifier: Apache-2.0
/*
 * Law: what is put back without a daemon is what was on, and nothing else; what has gone is
 * forgotten, what is refused is named.
 */
#include <sys/stat.h>

#include "tests/unit/cmocka_with.h"
#include "tests/unit/tc.h"

#include "daemon/former.h"
#include "daemon/log.h"
#include "daemon/offloads.h"

/** struct scene - veth0 and veth1, whose GRO is off, and a runtime folder */
struct scene {
	char folder[64];
	char *path;
	char **names;
	size_t n;
	struct vtap_err err;
};

static int scene_setup(void **state)
{
	static struct scene scene;

	scene = (struct scene){ .folder = "/tmp/vtapd-offloads-XXXXXX" };
	*state = &scene;
	by_hand("ip link add veth0 type veth peer name veth1");
	by_hand("ethtool -K veth0 gro off && ethtool -K veth1 gro off");
	if (mkdtemp(scene.folder) == NULL)
		return -1;
	scene.path = vtap_former_path(scene.folder);
	return scene.path == NULL ? -1 : 0;
}

static int scene_teardown(void **state)
{
	struct scene *scene = *state;

	by_hand("ip link del veth0");
	for (size_t i = 0; i < scene->n; i++)
		free(scene->names[i]);
	free(scene->names);
	(void)unlink(scene->path); /* most leave none */
	free(scene->path);
	return rmdir(scene->folder);
}

static int restore(struct scene *scene, const char *text)
{
	FILE *file = fopen(scene->path, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	return vtap_offloads_restore(scene->folder, &scene->names, &scene->n, &scene->err);
}

static bool is_on(const char *name)
{
	char command[96];

	(void)snprintf(command, sizeof(command), /* fits */
		"ethtool -k %s | grep -q '^generic-receive-offload: on'", name);
	return system(command) == 0;
}

static void test_restore_when_remembered_then_what_was_on_and_nothing_else(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(restore(scene, "veth0 gro\nveth1 none\n"), 0);
	assert_true(is_on("veth0"));
	assert_false(is_on("veth1"));
	assert_int_equal(scene->n, 1);
	assert_string_equal(scene->names[0], "veth0");
	assert_int_equal(access(scene->path, F_OK), -1);
}

static void test_restore_when_nothing_is_remembered_then_harmless(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(vtap_offloads_restore(scene->folder, &scene->names, &scene->n, NULL), 0);
	assert_int_equal(scene->n, 0);
}

static void test_restore_when_an_interface_has_gone_then_it_is_forgotten(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(restore(scene, "gone0 gro\nveth1 gro\n"), 0);
	assert_true(is_on("veth1"));
	assert_int_equal(scene->n, 1);
	assert_int_equal(access(scene->path, F_OK), -1);
}

/* A veth has no LRO: the driver will never follow. */
static void test_restore_when_a_driver_does_not_follow_then_it_is_told_once(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(restore(scene, "veth0 lro\nveth1 gro\n"), -EOPNOTSUPP);
	assert_string_equal(scene->err.text,
		"put back what merged frames before: veth0: the driver left lro off");
	assert_true(is_on("veth1"));
	assert_int_equal(access(scene->path, F_OK), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_restore_when_remembered_then_what_was_on_and_nothing_else),
		TEST(test_restore_when_nothing_is_remembered_then_harmless),
		TEST(test_restore_when_an_interface_has_gone_then_it_is_forgotten),
		TEST(test_restore_when_a_driver_does_not_follow_then_it_is_told_once),
	};

	hands_or_skip();
	if (system("ethtool --version >/dev/null 2>&1") != 0)
		test_skip("ethtool", "not installed");
	vtap_log_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
