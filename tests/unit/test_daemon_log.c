// SPDX-License-Identifier: Apache-2.0
/*
 * Law: the journal ends with what is the case. Of opposite entries about one subject the last one
 * is the last one told; what somebody did is told as often as he does it; whoever is not told of by
 * name is counted.
 */
#include "tests/unit/cmocka_with.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/log.h"

#define TEXT_MAX (1 << 20)

static char text[TEXT_MAX];
static int stderr_fd;
static FILE *told;

/* Without a journal entries go to standard error: here a file. */
static int setup(void **state)
{
	(void)state;
	told = tmpfile();
	stderr_fd = dup(STDERR_FILENO);
	return told != NULL && dup2(fileno(told), STDERR_FILENO) >= 0 ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	vtap_log_done();
	(void)dup2(stderr_fd, STDERR_FILENO);
	close(stderr_fd);
	return fclose(told);
}

/* What was told, held back or not. The next test is not told of it. */
static const char *told_read(void)
{
	size_t n;

	vtap_log_done();
	rewind(told);
	n = fread(text, 1, sizeof(text) - 1, told);
	text[n] = '\0';
	return text;
}

static unsigned told_count(const char *words)
{
	unsigned n = 0;

	for (const char *at = told_read(); (at = strstr(at, words)) != NULL; at += strlen(words))
		n++;
	return n;
}

static bool is_told_before(const char *words, const char *later)
{
	const char *first = strstr(told_read(), words), *last = strstr(text, later);

	return first != NULL && last != NULL && first < last;
}

static void session_log(const char *name, bool is_ready, const char *words)
{
	const struct vtap_log_context waits = { .sessions = name, .condition = "session-waiting" };
	const struct vtap_log_context ready = { .sessions = name, .because = "session-waiting" };

	if (is_ready)
		vtap_log(LOG_NOTICE, VTAP_EVENT_SESSION_READY, &ready, "%s", words);
	else
		vtap_log(LOG_WARNING, VTAP_EVENT_SESSION_WAITING, &waits, "%s", words);
}

static void test_log_when_a_session_flaps_then_it_ends_with_its_state(void **state)
{
	(void)state;
	for (int i = 0; i < 15; i++) {
		session_log("web", false, "web: waiting");
		session_log("web", true, "web: ready");
	}
	session_log("web", false, "web: waiting at last");
	assert_int_equal(told_count("web: "), 11);
	assert_true(
		is_told_before("web: ready", "web: waiting at last; the last of 21 such entries"));
}

static void test_log_when_a_target_flaps_then_it_ends_with_its_state(void **state)
{
	const struct vtap_log_context waits = { .target = "t", .condition = "underlay-missing" };
	const struct vtap_log_context ready = { .target = "t", .because = "underlay-missing" };

	(void)state;
	for (int i = 0; i < 15; i++) {
		vtap_log(LOG_ERR, VTAP_EVENT_TARGET_WAITING, &waits, "target t: waiting");
		vtap_log(LOG_NOTICE, VTAP_EVENT_TARGET_READY, &ready, "target t: ready");
	}
	vtap_log(LOG_ERR, VTAP_EVENT_TARGET_WAITING, &waits, "target t: waiting at last");
	assert_int_equal(told_count("target t: "), 11);
	assert_true(is_told_before("target t: ready", "target t: waiting at last; the last of 21"));
}

static void test_log_when_a_drain_comes_after_what_is_held_then_that_is_not_told(void **state)
{
	const struct vtap_log_context drain = { .condition = "drain", .is_asked_for = true };

	(void)state;
	for (int i = 0; i < 20; i++)
		vtap_log(LOG_NOTICE, VTAP_EVENT_HEALTH, NULL, "healthy %d", i);
	for (int i = 0; i < 20; i++)
		vtap_log(LOG_NOTICE, VTAP_EVENT_HEALTH, &drain, "draining");
	assert_int_equal(told_count("draining"), 20);
	assert_int_equal(told_count("healthy"), 10);
}

static void test_log_when_a_reload_is_refused_after_what_is_held_then_it_is_not_told_as_over(
	void **state)
{
	const struct vtap_log_context refused = { .condition = "config-rejected", .subject = "" };

	(void)state;
	for (int i = 0; i < 20; i++) {
		vtap_log(LOG_WARNING, VTAP_EVENT_RELOAD_REFUSED, &refused, "refused");
		vtap_log(LOG_NOTICE, VTAP_EVENT_CONDITION, &refused, "config-rejected: over");
	}
	vtap_log(LOG_WARNING, VTAP_EVENT_RELOAD_REFUSED, &refused, "refused at last");
	assert_int_equal(told_count("refused"), 21);
	assert_int_equal(told_count("over"), 10);
}

static void test_log_when_the_fields_of_a_subject_change_then_it_is_still_one(void **state)
{
	const struct vtap_log_context removed = { .condition = "no-sensor", .subject = "gone" };
	const struct vtap_log_context there = {
		.sessions = "gone", .condition = "no-sensor", .subject = "gone"
	};

	(void)state;
	for (int i = 0; i < 20; i++)
		vtap_log(LOG_WARNING, VTAP_EVENT_CONDITION, &there, "no-sensor: gone");
	vtap_log(LOG_NOTICE, VTAP_EVENT_CONDITION, &removed, "no-sensor: over, gone");
	assert_int_equal(told_count("no-sensor"), 11);
	assert_int_equal(told_count("over, gone; the last of 11 such entries"), 1);
}

/* The last test: its lanes stay in use. */
static void test_log_when_thousands_are_cut_then_some_are_counted_and_the_rest_of_the_news_is_told(
	void **state)
{
	const struct vtap_log_context waits = { .target = "other", .condition = "port-taken" };
	char name[16];

	(void)state;
	for (int i = 0; i < 4000; i++) {
		const struct vtap_log_context cut = { .sessions = name, .condition = "truncated" };

		(void)snprintf(name, sizeof(name), "s%d", i); /* fits */
		vtap_log(LOG_WARNING, VTAP_EVENT_CONDITION, &cut, "truncated: session %s", name);
		if (i == 3000)
			vtap_log(LOG_ERR, VTAP_EVENT_TARGET_WAITING, &waits, "target other: waits");
	}
	assert_true(is_told_before("target other: waits\n", "s150; told up to"));
	assert_int_equal(told_count("truncated: session"), told_count("; told up to") + 100);
	assert_int_equal(told_count("truncated: and "), 1);
	assert_int_equal(told_count(" more entries of this kind within "), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_log_when_a_session_flaps_then_it_ends_with_its_state),
		TEST(test_log_when_a_target_flaps_then_it_ends_with_its_state),
		TEST(test_log_when_a_drain_comes_after_what_is_held_then_that_is_not_told),
		TEST(test_log_when_a_reload_is_refused_after_what_is_held_then_it_is_not_told_as_over),
		TEST(test_log_when_the_fields_of_a_subject_change_then_it_is_still_one),
		TEST(test_log_when_thousands_are_cut_then_some_are_counted_and_the_rest_of_the_news_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
