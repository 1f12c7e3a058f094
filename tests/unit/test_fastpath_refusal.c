// SPDX-License-Identifier: Apache-2.0
/*
 * Law: a kernel that does not take the code by which the guard notes conversations has a guard all
 * the same, and says why it notes none. A process without rights has neither, and asks once.
 */
#include "tests/unit/fastpath_scene.h"

#include "tests/unit/verifier.h"

#include "fastpath/layout.h"

static const uint8_t mac[6] = { 0x02, 0, 0, 0, 0, 1 };

static int refuses_with;

static int verifier_error(void)
{
	return refuses_with;
}

static struct vtap_fastpath *opened(int error)
{
	refuses_with = error;
	verifier_n_refused = 0;
	return scene_fastpath(NULL, 4);
}

/* A frame of a worker, which the guard does not let go on. */
static void assert_guards(const struct vtap_fastpath *fastpath)
{
	const uint8_t frame[64] = { 0 };
	struct scene_run run;
	uint32_t id = 0;
	int fd = vtap_fastpath_guard(fastpath, true, &id);

	assert_int_not_equal(id, 0);
	assert_int_equal(scene_put(fd, frame, sizeof(frame), 0, &run), 0);
	assert_int_equal(run.action, TC_ACT_STOLEN);
}

static void test_guard_when_the_kernel_takes_all_of_it_then_it_can_note_conversations(void **state)
{
	struct vtap_fastpath *fastpath = opened(0);

	(void)state;
	assert_null(vtap_fastpath_talks_refused(fastpath));
	assert_int_equal(
		vtap_fastpath_open_window(fastpath, &(struct vtap_fast_window){ .until_ns = 1 }),
		0);
	assert_guards(fastpath);
	vtap_fastpath_close(fastpath);
}

static void test_guard_when_its_sampling_is_refused_then_it_guards_and_says_why_it_notes_nothing(
	void **state)
{
	static const int ERRORS[] = { EACCES, EINVAL, E2BIG };

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(ERRORS); i++) {
		struct vtap_fastpath *fastpath = opened(ERRORS[i]);
		const char *why = vtap_fastpath_talks_refused(fastpath);

		assert_row(verifier_n_refused > 0, i);
		assert_non_null(why);
		print_message("%s\n", why);
		assert_row(strncmp(why, "note TCP conversations: ", 24) == 0, i);
		assert_row(strstr(why, ": " VERIFIER_SAYS) != NULL, i);
		assert_row(vtap_fastpath_open_window(fastpath,
				   &(struct vtap_fast_window){ .until_ns = 1 }) == -EOPNOTSUPP,
			i);
		assert_guards(fastpath);
		vtap_fastpath_close(fastpath);
	}
}

static void test_guard_when_not_permitted_then_there_is_none(void **state)
{
	struct vtap_fastpath *fastpath = NULL;
	struct vtap_err err = VTAP_ERR_NULL;

	(void)state;
	refuses_with = EPERM;
	assert_int_equal(vtap_fastpath_open(NULL, 4, NULL, &fastpath, &err), -EPERM);
	assert_null(fastpath);
	assert_string_equal(
		err.text, "load the guard: not permitted, it needs CAP_BPF and CAP_NET_ADMIN");
}

static int scene_setup(void **state)
{
	(void)state;
	scene_enter(mac);
	scene_keep_rights();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_guard_when_the_kernel_takes_all_of_it_then_it_can_note_conversations),
		cmocka_unit_test(
			test_guard_when_its_sampling_is_refused_then_it_guards_and_says_why_it_notes_nothing),
		cmocka_unit_test(test_guard_when_not_permitted_then_there_is_none),
	};

	return cmocka_run_group_tests(tests, scene_setup, NULL);
}
