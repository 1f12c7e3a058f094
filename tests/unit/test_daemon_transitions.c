// SPDX-License-Identifier: Apache-2.0
/*
 * Law: what begins and ends has a line each; what comes and goes has its second one ten minutes
 * after its end; and nothing is told later of what is no longer configured.
 */
#include "tests/unit/cmocka_with.h"

#include <stdarg.h>
#include <string.h>

#include "base/clock.h"
#include "daemon/log.h"
#include "daemon/manager.h"
#include "daemon/transitions.h"

#define START_NS  (1000 * VTAP_NS_PER_S)
#define LINGER_NS (600 * VTAP_NS_PER_S) /* VTAP_LINGER_NS, and the manual */

/** struct scene - a manager with one session, and what it says in the journal */
static struct scene {
	struct vtap_session session;
	struct vtap_target target;
	struct vtap_conf conf;
	struct vtap_manager manager;
	char line[256]; /* "" for none */
	unsigned n_lines;
} scene;

void __wrap_vtap_log(int priority, enum vtap_event event, const struct vtap_log_context *context,
	const char *fmt, ...) VTAP_PRINTF(4, 5);
const struct vtap_interface *__wrap_vtap_interfaces_find(
	const struct vtap_interfaces *set, const char *name);

void __wrap_vtap_log(int priority, enum vtap_event event, const struct vtap_log_context *context,
	const char *fmt, ...)
{
	va_list args;

	(void)priority; /* the line is what is looked at */
	(void)event;
	(void)context;
	va_start(args, fmt);
	(void)vsnprintf(scene.line, sizeof(scene.line), fmt, args); /* fits */
	va_end(args);
	scene.n_lines++;
}

const struct vtap_interface *__wrap_vtap_interfaces_find(
	const struct vtap_interfaces *set, const char *name)
{
	(void)set; /* there are none */
	(void)name;
	return NULL;
}

static int scene_setup(void **state)
{
	(void)state;
	memset(&scene, 0, sizeof(scene));
	scene.session = (struct vtap_session){ .name = "web" };
	scene.target = (struct vtap_target){ .name = "default" };
	scene.conf = (struct vtap_conf){
		.sessions = &scene.session,
		.n_sessions = 1,
		.targets = &scene.target,
		.n_targets = 1,
	};
	scene.manager.conf = &scene.conf;
	return 0;
}

static int scene_teardown(void **state)
{
	(void)state;
	vtap_findings_done(&scene.manager.judge.findings);
	vtap_linger_done(&scene.manager.judge.linger);
	return 0;
}

/* A look finds that frames of the session are cut, or nothing. Return: what is told, "" for
 * nothing. */
static const char *told(bool is_cut, uint64_t now_ns)
{
	struct vtap_finding finding = { .condition = VTAP_CONDITION_TRUNCATED,
		.subject = vtap_subject_session("web"),
		.sentence = "session web: cut" };
	struct vtap_findings fresh = { .n = 0 };

	if (is_cut)
		assert_int_equal(
			vtap_findings_copy(
				&(struct vtap_findings){ .finding = &finding, .n = 1 }, &fresh),
			0);
	scene.line[0] = '\0';
	scene.n_lines = 0;
	vtap_transitions_take(&scene.manager, &fresh, now_ns);
	assert_true(scene.n_lines <= 1);
	return scene.line;
}

static void test_condition_when_it_comes_and_goes_then_its_end_is_told_after_ten_quiet_minutes(
	void **state)
{
	(void)state;
	assert_string_equal(told(true, START_NS), "truncated: session web: cut");
	assert_string_equal(told(false, START_NS + 1), "");
	assert_string_equal(told(true, START_NS + 2), "");
	assert_string_equal(told(false, START_NS + 3), "");
	assert_string_equal(told(false, START_NS + 3 + LINGER_NS - 1), "");
	assert_string_equal(told(false, START_NS + 3 + LINGER_NS), "truncated: over, web");
	assert_string_equal(told(false, START_NS + 4 + 2 * LINGER_NS), "");
}

static void test_session_when_removed_within_the_ten_minutes_then_nothing_is_told_of_it_later(
	void **state)
{
	(void)state;
	assert_string_equal(told(true, START_NS), "truncated: session web: cut");
	assert_string_equal(told(false, START_NS + 1), "");
	scene.conf.n_sessions = 0;
	assert_string_equal(told(false, START_NS + 1 + LINGER_NS), "");
	assert_string_equal(told(false, START_NS + 2 + 2 * LINGER_NS), "");
}

static void test_session_when_removed_while_it_holds_then_it_is_over_at_once(void **state)
{
	(void)state;
	assert_string_equal(told(true, START_NS), "truncated: session web: cut");
	scene.conf.n_sessions = 0;
	assert_string_equal(told(false, START_NS + 1), "truncated: over, web");
	assert_string_equal(told(false, START_NS + 1 + LINGER_NS), "");
}

#define in_scene(test) cmocka_unit_test_setup_teardown(test, scene_setup, scene_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_scene(
			test_condition_when_it_comes_and_goes_then_its_end_is_told_after_ten_quiet_minutes),
		in_scene(
			test_session_when_removed_within_the_ten_minutes_then_nothing_is_told_of_it_later),
		in_scene(test_session_when_removed_while_it_holds_then_it_is_over_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
