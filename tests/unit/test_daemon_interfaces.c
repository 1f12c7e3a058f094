// SPDX-License-Identifier: Apache-2.0
/*
 * Law: a descriptor that workers may write to is never closed under their hands, whatever memory
 * there is; what one interface is refused is no trouble of the others; nothing is done to a device
 * that is not the one that was looked at.
 */
#include "tests/unit/cmocka_with.h"
#include "tests/unit/namespace.h"

#include <fcntl.h>
#include <linux/if_tun.h>

#include "base/clock.h"
#include "daemon/interfaces.h"
#include "datapath/rights.h"
#include "netlink/dump.h"
#include "netlink/link.h"

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

static bool is_delete_refused;

int __real_vtap_links_delete(
	struct vtap_nl *nl, const int *indexes, size_t n, struct vtap_err *err);
int __wrap_vtap_links_delete(
	struct vtap_nl *nl, const int *indexes, size_t n, struct vtap_err *err);

int __wrap_vtap_links_delete(struct vtap_nl *nl, const int *indexes, size_t n, struct vtap_err *err)
{
	return is_delete_refused ? vtap_err_set(err, -EPERM, "Operation not permitted")
				 : __real_vtap_links_delete(nl, indexes, n, err);
}

static struct vtap_session session = {
	.name = "web",
	.interface = "mirror-web",
	.mtu_bytes = 1500,
};
static struct vtap_target target = { .name = "default" };
static const struct vtap_conf WEB = {
	.targets = &target,
	.n_targets = 1,
	.sessions = &session,
	.n_sessions = 1,
};
static const struct vtap_conf NOTHING = { 0 };

/* Turns until nothing is left to do. */
static void settle(struct vtap_interfaces *set)
{
	struct vtap_turn turn = { .is_unfinished = true };
	uint64_t now_ns = vtap_clock_mono_ns();
	const struct vtap_occasion occasion = { .now_ns = now_ns, .noticed_ns = now_ns };

	for (int i = 0; i < 10 && turn.is_unfinished; i++) {
		assert_int_equal(vtap_interfaces_look(set, NULL), 0);
		assert_int_equal(vtap_interfaces_turn(set, &occasion, &turn), 0);
	}
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

/* A TAP with our mark that cannot be used, from an earlier life. Return: its descriptor. */
static int multi_queue_make(struct vtap_nl *nl, const char *name)
{
	const struct vtap_link_settings link = { .alias = "vtapd:web" };
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_MULTI_QUEUE };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	memcpy(request.ifr_name, name, strlen(name) + 1);
	assert_int_equal(ioctl(fd, TUNSETIFF, &request), 0);
	assert_int_equal(vtap_link_set(nl, (int)if_nametoindex(name), &link, NULL), 0);
	return fd;
}

static void test_removal_when_refused_then_only_whose_name_it_has_waits(void **state)
{
	struct vtap_session sessions[] = { session, session };
	const struct vtap_conf both = {
		.targets = &target,
		.n_targets = 1,
		.sessions = sessions,
		.n_sessions = 2,
	};
	const struct vtap_interface *y;
	_auto(nl) struct vtap_nl *nl = NULL;
	struct vtap_interfaces *set = NULL;
	_auto_fd int fd = -1;

	(void)state;
	memcpy(sessions[0].interface, "mirror-y", sizeof("mirror-y"));
	memcpy(sessions[1].name, "x", sizeof("x"));
	memcpy(sessions[1].interface, "mirror-x", sizeof("mirror-x"));
	assert_int_equal(vtap_nl_open(&nl, NULL), 0);
	fd = multi_queue_make(nl, "mirror-y");
	assert_int_equal(vtap_interfaces_new(nl, &set), 0);
	assert_int_equal(vtap_interfaces_want(set, &both), 0);

	is_delete_refused = true;
	settle(set);
	is_delete_refused = false;
	y = vtap_interfaces_find(set, "mirror-y");
	assert_int_equal(y->state, VTAP_STATE_WAITING);
	assert_string_equal(y->message, "remove the former mirror-y: Operation not permitted");
	assert_int_equal(vtap_interfaces_find(set, "mirror-x")->state, VTAP_STATE_READY);
	vtap_interfaces_free(set);
}

/* The index of a deleted device, given again: to the kernel's eyes an alias and a MAC tell. */
static void test_device_when_another_one_since_the_look_then_left_alone(void **state)
{
	const uint8_t mac[] = { 2, 0, 0, 0, 0, 9 };
	const struct vtap_link_settings other = { .alias = "somebody's", .mac = mac };
	struct vtap_session jumbo = session;
	const struct vtap_conf wanted = {
		.targets = &target, .n_targets = 1, .sessions = &jumbo, .n_sessions = 1
	};
	const struct vtap_occasion occasion = { .now_ns = 1, .noticed_ns = 1 };
	struct vtap_turn turn = { 0 };
	_auto(nl) struct vtap_nl *nl = NULL;
	struct vtap_interfaces *set = NULL;
	struct vtap_devices devices = { 0 };
	int index;

	(void)state;
	jumbo.mtu_bytes = 9001;
	assert_int_equal(vtap_nl_open(&nl, NULL), 0);
	assert_int_equal(vtap_interfaces_new(nl, &set), 0);
	assert_int_equal(vtap_interfaces_want(set, &WEB), 0);
	settle(set);
	index = vtap_interfaces_find(set, "mirror-web")->wish.held_index;

	assert_int_equal(vtap_interfaces_want(set, &wanted), 0);
	assert_int_equal(vtap_interfaces_look(set, NULL), 0);
	assert_int_equal(vtap_link_set(nl, index, &other, NULL), 0);
	assert_int_equal(vtap_interfaces_turn(set, &occasion, &turn), 0);
	assert_true(turn.is_unfinished); /* another look shows what to do */
	assert_int_equal(vtap_links_dump(nl, &devices, NULL), 0);
	assert_int_equal(vtap_devices_find_index(&devices, index)->mtu_bytes, 1500);
	assert_string_equal(vtap_devices_find_index(&devices, index)->alias, "somebody's");

	vtap_devices_done(&devices);
	vtap_interfaces_free(set);
}

/* A TAP that udev's rule does not know by its name is made under another one, which is not left. */
static void test_tap_when_its_name_is_taken_since_the_look_then_none_is_left_and_made_when_free(
	void **state)
{
	struct vtap_session odd = session;
	const struct vtap_conf wanted = {
		.targets = &target, .n_targets = 1, .sessions = &odd, .n_sessions = 1
	};
	const struct vtap_occasion occasion = { .now_ns = 1, .noticed_ns = 1 };
	struct vtap_turn turn = { 0 };
	_auto(nl) struct vtap_nl *nl = NULL;
	struct vtap_interfaces *set = NULL;
	int fd;

	(void)state;
	memcpy(odd.interface, "odd0", sizeof("odd0"));
	assert_int_equal(vtap_nl_open(&nl, NULL), 0);
	assert_int_equal(vtap_interfaces_new(nl, &set), 0);
	assert_int_equal(vtap_interfaces_want(set, &wanted), 0);
	assert_int_equal(vtap_interfaces_look(set, NULL), 0);
	fd = multi_queue_make(nl, "odd0");
	assert_int_equal(vtap_interfaces_turn(set, &occasion, &turn), 0);
	assert_int_equal(if_nametoindex(VTAP_IFNAME_MAKING "0"), 0);
	assert_string_equal(vtap_interfaces_find(set, "odd0")->message, "create odd0: File exists");
	(void)close(fd);
	settle(set);
	assert_int_equal(vtap_interfaces_find(set, "odd0")->state, VTAP_STATE_READY);
	assert_int_not_equal(if_nametoindex("odd0"), 0);
	assert_int_equal(if_nametoindex(VTAP_IFNAME_MAKING "0"), 0);
	vtap_interfaces_free(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_descriptor_when_given_up_without_memory_then_it_stays_open),
		cmocka_unit_test(test_removal_when_refused_then_only_whose_name_it_has_waits),
		cmocka_unit_test(test_device_when_another_one_since_the_look_then_left_alone),
		cmocka_unit_test(
			test_tap_when_its_name_is_taken_since_the_look_then_none_is_left_and_made_when_free),
	};

	namespace_enter_or_skip();
	if (!vtap_rights_have(CAP_NET_ADMIN))
		test_skip("making interfaces", "needs CAP_NET_ADMIN");
	if (access("/dev/net/tun", R_OK | W_OK) < 0)
		test_skip("/dev/net/tun", strerror(errno));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
