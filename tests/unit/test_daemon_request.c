// SPDX-License-Identifier: Apache-2.0
/*
 * Law: a request is understood whole or answered with a status and a sentence; what changes things
 * is POST and marked as such, what does not is GET; and nothing of a refused request comes out.
 */
#include "tests/unit/cmocka_with.h"

#include <string.h>

#include "daemon/request.h"

#define ARGUMENTS_MAX 3

#define REASON_40  "1234567890123456789012345678901234567890"
#define REASON_160 REASON_40 REASON_40 REASON_40 REASON_40

struct request_row {
	const char *method;
	const char *path;
	struct vtap_argument argument[ARGUMENTS_MAX];
	int status; /* 0: taken */
	const char *sentence;
};

static size_t arguments_count(const struct request_row *row)
{
	size_t n = 0;

	while (n < ARGUMENTS_MAX && row->argument[n].name != NULL)
		n++;
	return n;
}

static int request_read(
	const struct request_row *row, struct vtap_request *ret_request, struct vtap_err *err)
{
	return vtap_request_parse(
		row->method, row->path, row->argument, arguments_count(row), ret_request, err);
}

static void test_request_when_an_endpoint_then_its_operation(void **state)
{
	static const struct {
		struct request_row row;
		enum vtap_op op;
		bool is_changing;
	} table[] = {
		{ { "GET", "/v1/status", { { 0 } }, 0, "" }, VTAP_OP_STATUS, false },
		{ { "GET", "/v1/show", { { "session", "web" } }, 0, "" }, VTAP_OP_SHOW, false },
		{ { "GET", "/v1/match", { { "vni", "5" } }, 0, "" }, VTAP_OP_MATCH, false },
		{ { "GET", "/v1/unknown", { { 0 } }, 0, "" }, VTAP_OP_UNKNOWN, false },
		{ { "GET", "/v1/plan", { { 0 } }, 0, "" }, VTAP_OP_PLAN, false },
		{ { "GET", "/v1/wait", { { "session", "web" } }, 0, "" }, VTAP_OP_WAIT, false },
		{ { "GET", "/v1/doctor", { { 0 } }, 0, "" }, VTAP_OP_DOCTOR, false },
		{ { "GET", "/healthz", { { 0 } }, 0, "" }, VTAP_OP_HEALTH, false },
		{ { "GET", "/metrics", { { 0 } }, 0, "" }, VTAP_OP_METRICS, false },
		{ { "GET", "/", { { 0 } }, 0, "" }, VTAP_OP_PAGE, false },
		{ { "GET", "/v1/drain", { { 0 } }, 0, "" }, VTAP_OP_DRAIN_STATE, false },
		{ { "POST", "/v1/drain", { { 0 } }, 0, "" }, VTAP_OP_DRAIN, true },
		{ { "POST", "/v1/undrain", { { 0 } }, 0, "" }, VTAP_OP_UNDRAIN, true },
		{ { "POST", "/v1/reload", { { 0 } }, 0, "" }, VTAP_OP_RELOAD, true },
		{ { "POST", "/v1/teardown", { { 0 } }, 0, "" }, VTAP_OP_TEARDOWN, true },
	};

	(void)state;
	assert_int_equal(VTAP_ARRAY_LEN(table), VTAP_OP_COUNT);
	for (size_t i = 0; i < VTAP_ARRAY_LEN(table); i++) {
		struct vtap_request request = { .op = VTAP_OP_COUNT };
		struct vtap_err err = VTAP_ERR_NULL;

		assert_row(request_read(&table[i].row, &request, &err) == 0, i);
		assert_row(request.op == table[i].op, i);
		assert_row(request.is_changing == table[i].is_changing, i);
	}
}

static void test_request_when_refused_then_status_and_sentence(void **state)
{
	static const char missing[] = "there is no such path";
	static const char number[] = "vni: not a number; must be 0..16777215";
	static const struct request_row table[] = {
		{ "POST", "/", { { 0 } }, 405, "/ takes GET only" },
		{ "GET", "//", { { 0 } }, 404, missing },
		{ "GET", "/index.html", { { 0 } }, 404, missing },
		{ "GET", "", { { 0 } }, 404, missing },
		{ "GET", "/v1/statu", { { 0 } }, 404, missing },
		{ "GET", "/v1/status/", { { 0 } }, 404, missing },
		{ "GET", "/v2/status", { { 0 } }, 404, missing },
		{ "POST", "/v1/status", { { 0 } }, 405, "/v1/status takes GET only" },
		{ "HEAD", "/v1/reload", { { 0 } }, 405, "/v1/reload takes POST only" },
		{ "HEAD", "/v1/statu", { { 0 } }, 404, missing },
		{ "head", "/metrics", { { 0 } }, 405, "/metrics takes GET only" },
		{ "POST", "/metrics", { { 0 } }, 405, "/metrics takes GET only" },
		{ "GET", "/metrics/", { { 0 } }, 404, missing },
		{ "get", "/v1/status", { { 0 } }, 405, "/v1/status takes GET only" },
		{ "GET", "/v1/reload", { { 0 } }, 405, "/v1/reload takes POST only" },
		{ "GET", "/v1/teardown", { { 0 } }, 405, "/v1/teardown takes POST only" },
		{ "DELETE", "/v1/teardown", { { 0 } }, 405, "/v1/teardown takes POST only" },
		{ "PUT", "/v1/drain", { { 0 } }, 405, "/v1/drain takes GET and POST only" },
		{ "GET", "/v1/undrain", { { 0 } }, 405, "/v1/undrain takes POST only" },
		{ "POST", "/healthz", { { 0 } }, 405, "/healthz takes GET only" },
		{ "GET", "/v1/healthz", { { 0 } }, 404, missing },
		{ "GET", "/v1/doctor", { { "condition", "no-sesions" } }, 404,
			"that is not the id of a condition" },
		{ "GET", "/v1/doctor", { { "condition", NULL } }, 404,
			"that is not the id of a condition" },
		{ "POST", "/v1/drain", { { "reason", "two\nlines" } }, 400,
			"reason: must be printable characters in UTF-8" },
		{ "POST", "/v1/drain", { { "reason", "\033[2J" } }, 400,
			"reason: must be printable characters in UTF-8" },
		{ "POST", "/v1/drain", { { "reason", REASON_160 "1" } }, 400,
			"reason: 161 bytes, at most 160 are allowed" },
		{ "GET", "/v1/show", { { 0 } }, 400, "session is missing" },
		{ "GET", "/v1/wait", { { "timeout_ms", "1" } }, 400, "session is missing" },
		{ "GET", "/v1/show", { { "session", "" } }, 404,
			"that is not the name of a session" },
		{ "GET", "/v1/show", { { "session", NULL } }, 404,
			"that is not the name of a session" },
		{ "GET", "/v1/show", { { "session", "../etc" } }, 404,
			"that is not the name of a session" },
		{ "GET", "/v1/show", { { "session", "a12345678901234567890123456789012" } }, 404,
			"that is not the name of a session" },
		{ "GET", "/v1/match", { { 0 } }, 400, "vni is missing" },
		{ "GET", "/v1/match", { { "vni", "" } }, 400, number },
		{ "GET", "/v1/match", { { "vni", NULL } }, 400, number },
		{ "GET", "/v1/match", { { "vni", "-1" } }, 400, number },
		{ "GET", "/v1/match", { { "vni", "16777216" } }, 400, "vni: must be 0..16777215" },
		{ "GET", "/v1/match", { { "vni", "5" }, { "source", "nobody" } }, 400,
			"source: must be an IPv4 or IPv6 address" },
		{ "GET", "/v1/match", { { "vni", "5" }, { "source", "10.0.0.0/8" } }, 400,
			"source: must be an IPv4 or IPv6 address" },
		{ "GET", "/v1/match", { { "vni", "5" }, { "source", NULL } }, 400,
			"source: must be an IPv4 or IPv6 address" },
		{ "GET", "/v1/wait", { { "session", "a" }, { "timeout_ms", "-1" } }, 400,
			"timeout_ms: not a number; must be 0..86400000" },
		{ "GET", "/v1/wait", { { "session", "a" }, { "timeout_ms", "86400001" } }, 400,
			"timeout_ms: must be 0..86400000" },
	};

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(table); i++) {
		struct vtap_request request = { .op = VTAP_OP_COUNT, .vni = 4711 };
		struct vtap_err err = VTAP_ERR_NULL;

		assert_row(request_read(&table[i], &request, &err) == table[i].status, i);
		assert_string_equal(err.text, table[i].sentence);
		assert_row(request.op == VTAP_OP_COUNT && request.vni == 4711, i);
	}
}

/* What comes back has no body; that is the HTTP library's part. */
static void test_request_when_head_then_as_get(void **state)
{
	static const struct request_row table[] = {
		{ "HEAD", "/metrics", { { 0 } }, 0, "" },
		{ "HEAD", "/v1/drain", { { 0 } }, 0, "" },
		{ "HEAD", "/v1/show", { { "session", "web" } }, 0, "" },
	};
	static const enum vtap_op ops[] = { VTAP_OP_METRICS, VTAP_OP_DRAIN_STATE, VTAP_OP_SHOW };
	struct vtap_request request;

	(void)state;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(table); i++) {
		assert_row(request_read(&table[i], &request, NULL) == 0, i);
		assert_row(request.op == ops[i] && !request.is_changing, i);
	}
}

static void test_request_when_it_has_arguments_then_they_are_read(void **state)
{
	static const struct request_row match = { "GET", "/v1/match",
		{ { "vni", "16777215" }, { "source", "2001:db8::1" } }, 0, "" };
	static const struct request_row wait = { "GET", "/v1/wait",
		{ { "session", "a.b_c-d" }, { "timeout_ms", "86400000" } }, 0, "" };
	struct vtap_request request;
	struct vtap_err err = VTAP_ERR_NULL;
	char source[VTAP_ADDR_TEXT_MAX];

	(void)state;
	assert_int_equal(request_read(&match, &request, &err), 0);
	assert_int_equal(request.vni, 16777215);
	assert_true(request.has_source);
	assert_false(request.has_timeout);
	vtap_addr_format(&request.source, source);
	assert_string_equal(source, "2001:db8::1");
	assert_int_equal(request_read(&wait, &request, &err), 0);
	assert_string_equal(request.session, "a.b_c-d");
	assert_int_equal(request.timeout_ms, VTAP_REQUEST_TIMEOUT_MAX_MS);
	assert_true(request.has_timeout);
	assert_false(request.has_source);
}

static void test_request_when_it_has_no_argument_then_all_conditions_and_no_reason(void **state)
{
	static const struct request_row doctor = { "GET", "/v1/doctor", { { 0 } }, 0, "" };
	struct vtap_request request;

	(void)state;
	assert_int_equal(request_read(&doctor, &request, NULL), 0);
	assert_int_equal(request.condition, VTAP_CONDITION_COUNT);
	assert_string_equal(request.reason, "");
}

static void test_request_when_a_condition_or_reason_is_given_then_it_is_read(void **state)
{
	static const struct request_row doctor = { "GET", "/v1/doctor",
		{ { "condition", "session-waiting" } }, 0, "" };
	static const struct request_row drain = { "POST", "/v1/drain",
		{ { "reason", "Wartung f\303\274r suricata 7.0.11 & zeek" } }, 0, "" };
	static const struct request_row longest = { "POST", "/v1/drain",
		{ { "reason", REASON_160 } }, 0, "" };
	struct vtap_request request;

	(void)state;
	assert_int_equal(request_read(&doctor, &request, NULL), 0);
	assert_int_equal(request.condition, VTAP_CONDITION_SESSION_WAITING);
	assert_int_equal(request_read(&drain, &request, NULL), 0);
	assert_string_equal(request.reason, "Wartung f\303\274r suricata 7.0.11 & zeek");
	assert_int_equal(request_read(&longest, &request, NULL), 0);
	assert_string_equal(request.reason, REASON_160);
}

static void test_request_when_an_argument_is_given_twice_or_unknown_then_the_first_counts(
	void **state)
{
	static const struct request_row twice = { "GET", "/v1/match",
		{ { "vni", "1" }, { "vni", "2" }, { "pretty", NULL } }, 0, "" };
	struct vtap_request request;

	(void)state;
	assert_int_equal(request_read(&twice, &request, NULL), 0);
	assert_int_equal(request.vni, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request_when_an_endpoint_then_its_operation),
		cmocka_unit_test(test_request_when_refused_then_status_and_sentence),
		cmocka_unit_test(test_request_when_head_then_as_get),
		cmocka_unit_test(test_request_when_it_has_arguments_then_they_are_read),
		cmocka_unit_test(
			test_request_when_it_has_no_argument_then_all_conditions_and_no_reason),
		cmocka_unit_test(test_request_when_a_condition_or_reason_is_given_then_it_is_read),
		cmocka_unit_test(
			test_request_when_an_argument_is_given_twice_or_unknown_then_the_first_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
