// SPDX-License-Identifier: Apache-2.0
/*
 * Law: a descriptor that workers may write to is never closed under their hands, whatever memory
 * there is.
 */
#include "tests/unit/cmocka_with.h"
#include "tests/unit/namespace.h"

#include <fcntl.h>

#include "base/clock.h"
#include "daemon/interfaces.h"
#include "datapath/rights.h"

#include <linux/capability.h>

static bool is_out_of_memory;

/* The libc's, but for the moments of a test: lists of the daemon grow by it. */
void *reallocarray(void *list, size_t n, size_t size)
{
	size_t bytes;

	if (is_out_of_memory || __builtin_mul_overflow(n, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(list, bytes);
}

static struct vtap_session session = {
	.name = "web",
	.interface = "mirror-web",
	.mtu_bytes = 1500,
};
static const struct vtap_conf WEB = { .sessions = &session, .n_sessions = 1 };
static const struct vtap_conf NOTHING = { 0 };

/* Turns until nothing is left to do. */
static void settle(struct vtap_interfaces *set)
{
	struct vtap_turn turn = { .is_unfinished = true };
	uint64_t now_ns = vtap_clock_mono_ns();

	for (int i = 0; i < 10 && turn.is_unfinished; i++)
		assert_int_equal(vtap_interfaces_turn(set, now_ns, now_ns, &turn, NULL), 0);
}

static void test_descriptor_when_given_up_without_memory_then_it_stays_open(void **state)
{
	_auto(nl) struct vtap_nl *nl = NULL;
	struct vtap_interfaces *set = NULL;
	int fd;

	(void)state;
	assert_int_equal(vtap_nl_open(&nl, NULL), 0);
	assert_int_equal(vtap_interfaces_new(nl, &set), 0);
	assert_int_equal(vtap_interfaces_want(set, &WEB), 0);
	settle(set);
	fd = vtap_interfaces_find(set, "mirror-web")->fd;
	assert_true(fd >= 0);

	is_out_of_memory = true;
	assert_int_equal(vtap_interfaces_want(set, &NOTHING), 0);
	is_out_of_memory = false;
	assert_true(fcntl(fd, F_GETFD) >= 0);
	assert_int_equal(vtap_interfaces_take_closed(set), -1);

	(void)close(fd);
	vtap_interfaces_free(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_descriptor_when_given_up_without_memory_then_it_stays_open),
	};

	namespace_enter_or_skip();
	if (!vtap_rights_have(CAP_NET_ADMIN))
		test_skip("making interfaces", "needs CAP_NET_ADMIN");
	if (access("/dev/net/tun", R_OK | W_OK) < 0)
		test_skip("/dev/net/tun", strerror(errno));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
