/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of report/json share: a snapshot, one with a session, and answers as trees. */
#pragma once

#include "tests/unit/cmocka_with.h"

#include <jansson.h>
#include <string.h>

#include "base/clock.h"
#include "report/json.h"

/** Nov 20 2026, 10:05:00 UTC: the "now" of these tests; the daemon started 100 s before */
#define TEST_WALL_NS    (1795169100ULL * VTAP_NS_PER_S)
#define TEST_MONO_NS    (1000 * VTAP_NS_PER_S)
#define TEST_STARTED_NS (900 * VTAP_NS_PER_S)

static struct vtap_conf test_conf = {
	.health = { .require = VTAP_REQUIRE_ANY,
		.settle_ns = 10 * VTAP_NS_PER_S,
		.drain_time_ns = 120 * VTAP_NS_PER_S },
};

static inline struct vtap_snapshot snapshot_healthy(void)
{
	return (struct vtap_snapshot){
		.version = "1.0.0",
		.pid = 7,
		.conf = &test_conf,
		.is_healthy = true,
		.checks = VTAP_CHECKS_ANSWERED,
		.now_mono_ns = TEST_MONO_NS,
		.now_wall_ns = TEST_WALL_NS,
		.started_mono_ns = TEST_STARTED_NS,
		.configured_wall_ns = TEST_WALL_NS,
	};
}

/* Takes the text of a writer. */
static inline json_t *tree_of(char *text)
{
	json_t *tree;

	assert_non_null(text);
	tree = json_loads(text, 0, NULL);
	assert_non_null(tree);
	assert_int_equal(json_integer_value(json_object_get(tree, "version")), 1);
	free(text);
	return tree;
}

/* Does the tree say exactly this? Written with ' for ". */
static inline void assert_json(const json_t *tree, const char *single_quoted)
{
	_auto_free char *wanted = strdup(single_quoted);
	_auto_free char *found = json_dumps(tree, JSON_SORT_KEYS | JSON_ENCODE_ANY);
	json_t *expected;
	bool is_equal;

	assert_non_null(wanted);
	for (char *c = wanted; *c != '\0'; c++)
		*c = *c == '\'' ? '"' : *c;
	expected = json_loads(wanted, JSON_DECODE_ANY, NULL);
	assert_non_null(expected);
	is_equal = json_equal(tree, expected) == 1;
	json_decref(expected);
	if (!is_equal)
		print_error("wanted %s\nfound  %s\n", single_quoted, found);
	assert_true(is_equal);
}

static const struct vtap_findings NONE = { 0 };

/** struct json_scene - a target with one session */
struct json_scene {
	struct vtap_target target;
	struct vtap_session session;
	struct vtap_report_target report_target;
	struct vtap_report_session report_session;
	struct vtap_snapshot snapshot;
};

static inline void json_scene_init(struct json_scene *scene)
{
	struct vtap_report_state ready = { .state = "ready", .retry_in_ns = VTAP_REPORT_NEVER };

	memset(scene, 0, sizeof(*scene));
	scene->target = (struct vtap_target){ .name = "default", .port = 4789 };
	scene->session =
		(struct vtap_session){ .name = "web", .place = { .file = "web.conf", .line = 1 } };
	scene->report_target =
		(struct vtap_report_target){ .target = &scene->target, .state = ready };
	scene->report_session = (struct vtap_report_session){
		.session = &scene->session, .target = &scene->target, .state = ready
	};
	scene->snapshot = snapshot_healthy();
	scene->snapshot.targets = &scene->report_target;
	scene->snapshot.sessions = &scene->report_session;
	scene->snapshot.n_targets = scene->snapshot.n_sessions = 1;
}
