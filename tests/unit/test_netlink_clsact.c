// SPDX-License-Identifier: Apache-2.0
/*
 * Law: each hook has one place for us. What is there is set, replaced, found and taken away by that
 * place and our name alone; nothing foreign is ever touched, and no qdisc is deleted.
 */
#include "tests/unit/cmocka_with.h"
#include "tests/unit/tc.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>

#include "netlink/clsact.h"

#define U32_ALL   "protocol all u32 match u32 0 0 flowid 1:1"
#define BPF_DROPS "bpf da bytecode '1,6 0 0 2'"

/** struct scene - a TAP named tap0 and a program */
struct scene {
	struct vtap_nl *nl;
	int tap_fd, program_fd;
	int index;
};

static int scene_setup(void **state)
{
	static struct scene scene;

	scene = (struct scene){ .tap_fd = tap_make("tap0"),
		.program_fd = program_load(TC_ACT_UNSPEC) };
	scene.index = (int)if_nametoindex("tap0");
	*state = &scene;
	return vtap_nl_open(&scene.nl, NULL);
}

static int scene_teardown(void **state)
{
	struct scene *scene = *state;

	vtap_nl_close(scene->nl);
	(void)vtap_fd_close(scene->program_fd); /* always -1 */
	(void)vtap_fd_close(scene->tap_fd);     /* always -1 */
	return 0;
}

static int set(const struct scene *scene, enum vtap_hook hook, const char *name)
{
	struct vtap_err err = VTAP_ERR_NULL;
	int r = vtap_clsact_set(scene->nl, scene->index, hook, name, scene->program_fd, &err);

	if (r < 0)
		print_message("%s\n", err.text);
	return r;
}

static int find(const struct scene *scene, enum vtap_hook hook, struct vtap_filter *ret_filter)
{
	return vtap_clsact_find(scene->nl, scene->index, hook, ret_filter, NULL);
}

static int find_any(const struct scene *scene, enum vtap_hook hook)
{
	struct vtap_filter filter;

	return find(scene, hook, &filter);
}

static int clear(const struct scene *scene, enum vtap_hook hook)
{
	return vtap_clsact_clear(scene->nl, scene->index, hook, NULL);
}

/* `tc filter show` of the hook, numbers of programs included. */
static void show(const char *hook, char *ret_text, size_t size)
{
	char command[64];
	FILE *file;
	size_t n;

	(void)snprintf(command, sizeof(command), "tc filter show dev tap0 %s", hook); /* fits */
	file = popen(command, "r");
	assert_non_null(file);
	n = fread(ret_text, 1, size - 1, file);
	ret_text[n] = '\0';
	assert_int_equal(pclose(file), 0);
}

static void program_needed(const struct scene *scene)
{
	if (scene->program_fd < 0) {
		print_message("skipped: load a program: %s\n", strerror(-scene->program_fd));
		skip();
	}
}

static void test_filter_when_set_then_found_with_name_and_program(void **state)
{
	struct scene *scene = *state;
	struct vtap_filter filter;

	program_needed(scene);
	assert_int_equal(find(scene, VTAP_HOOK_INGRESS, &filter), VTAP_CLSACT_NONE);
	assert_int_equal(set(scene, VTAP_HOOK_INGRESS, "vtapd-steer"), 0);
	assert_int_equal(find(scene, VTAP_HOOK_INGRESS, &filter), 0);
	assert_string_equal(filter.name, "vtapd-steer");
	assert_int_equal(filter.program_id, program_id(scene->program_fd));
	assert_int_equal(find(scene, VTAP_HOOK_EGRESS, &filter), VTAP_CLSACT_NONE);
}

static void test_hooks_when_both_are_set_then_each_has_its_own(void **state)
{
	struct scene *scene = *state;
	struct vtap_filter filter;

	program_needed(scene);
	assert_int_equal(set(scene, VTAP_HOOK_EGRESS, "vtapd-guard-out"), 0);
	assert_int_equal(set(scene, VTAP_HOOK_INGRESS, "vtapd-guard-in"), 0);
	assert_int_equal(find(scene, VTAP_HOOK_INGRESS, &filter), 0);
	assert_string_equal(filter.name, "vtapd-guard-in");
	assert_int_equal(find(scene, VTAP_HOOK_EGRESS, &filter), 0);
	assert_string_equal(filter.name, "vtapd-guard-out");
	assert_int_equal(clear(scene, VTAP_HOOK_INGRESS), 0);
	assert_int_equal(find(scene, VTAP_HOOK_EGRESS, &filter), 0);
}

static void test_filter_when_set_again_then_the_new_program_has_its_place(void **state)
{
	struct scene *scene = *state;
	struct vtap_filter filter;
	_auto_fd int other_fd = -1;
	char text[1024];

	program_needed(scene);
	other_fd = program_load(TC_ACT_UNSPEC);
	assert_int_equal(set(scene, VTAP_HOOK_INGRESS, "vtapd-steer"), 0);
	assert_int_equal(vtap_clsact_set(scene->nl, scene->index, VTAP_HOOK_INGRESS, "vtapd-steer",
				 other_fd, NULL),
		0);
	assert_int_equal(find(scene, VTAP_HOOK_INGRESS, &filter), 0);
	assert_int_equal(filter.program_id, program_id(other_fd));
	show("ingress", text, sizeof(text));
	assert_ptr_equal(strstr(strstr(text, "handle") + 1, "handle"), NULL);
	assert_non_null(strstr(text, "pref 47"));
	assert_non_null(strstr(text, "handle 0x4789"));
	assert_non_null(strstr(text, "direct-action"));
}

/** struct replacing - another thread that replaces the filter of loopback by its like */
struct replacing {
	struct vtap_nl *nl;
	int program_fd;
	unsigned n;
	atomic_bool must_end;
};

static int loopback_set(struct vtap_nl *nl, int program_fd)
{
	return vtap_clsact_set(
		nl, (int)if_nametoindex("lo"), VTAP_HOOK_INGRESS, "vtapd-steer", program_fd, NULL);
}

static void *replace_again_and_again(void *arg)
{
	struct replacing *replacing = arg;
	int r = 0;

	for (; r == 0 && !atomic_load(&replacing->must_end); replacing->n++)
		r = loopback_set(replacing->nl, replacing->program_fd);
	return r == 0 ? NULL : replacing;
}

/* Both ends of one socket. Return: its descriptor. */
static int socket_to_itself(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (const struct sockaddr *)&address, size), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&address, size), 0);
	return fd;
}

static void test_filter_when_replaced_under_load_then_no_packet_gets_past(void **state)
{
	struct scene *scene = *state;
	_auto_fd int drops_fd = program_load(TC_ACT_SHOT), fd = socket_to_itself();
	struct replacing replacing = { .nl = scene->nl, .program_fd = drops_fd };
	pthread_t thread;
	void *failed;
	char byte;

	program_needed(scene);
	assert_int_equal(loopback_set(scene->nl, drops_fd), 0);
	assert_int_equal(pthread_create(&thread, NULL, replace_again_and_again, &replacing), 0);
	for (int i = 0; i < 100000; i++)
		assert_int_equal(send(fd, "x", 1, 0), 1);
	atomic_store(&replacing.must_end, true);
	assert_int_equal(pthread_join(thread, &failed), 0);
	assert_null(failed);
	print_message("%u replacements\n", replacing.n);
	assert_true(replacing.n > 10);
	assert_int_equal(recv(fd, &byte, sizeof(byte), MSG_DONTWAIT), -1);

	by_hand("tc qdisc del dev lo clsact"); /* else all of this would be for nothing */
	assert_int_equal(send(fd, "x", 1, 0), 1);
	assert_int_equal(recv(fd, &byte, sizeof(byte), 0), 1); /* after a load not at once */
}

static void test_filter_when_cleared_then_gone_and_again_is_well(void **state)
{
	struct scene *scene = *state;

	program_needed(scene);
	assert_int_equal(clear(scene, VTAP_HOOK_INGRESS), 0); /* no qdisc */
	assert_int_equal(set(scene, VTAP_HOOK_INGRESS, "vtapd-steer"), 0);
	assert_int_equal(clear(scene, VTAP_HOOK_INGRESS), 0);
	assert_int_equal(find_any(scene, VTAP_HOOK_INGRESS), VTAP_CLSACT_NONE);
	assert_int_equal(clear(scene, VTAP_HOOK_INGRESS), 0); /* no filter */
	by_hand("tc qdisc show dev tap0 | grep -q clsact");
}

static void test_foreign_filters_when_ours_comes_and_goes_then_not_a_byte_changes(void **state)
{
	struct scene *scene = *state;
	char before[4096], after[4096];

	program_needed(scene);
	by_hand("tc qdisc add dev tap0 clsact && tc filter add dev tap0 ingress pref 10 " U32_ALL
		" && tc filter add dev tap0 ingress pref 47 handle 1 protocol all " BPF_DROPS
		" && tc filter add dev tap0 ingress pref 90 " U32_ALL
		" && tc filter add dev tap0 egress pref 47 handle 1 protocol all " BPF_DROPS);
	show("ingress", before, sizeof(before));
	assert_int_equal(set(scene, VTAP_HOOK_INGRESS, "vtapd-steer"), 0);
	assert_int_equal(set(scene, VTAP_HOOK_INGRESS, "vtapd-steer"), 0);
	assert_int_equal(clear(scene, VTAP_HOOK_INGRESS), 0);
	show("ingress", after, sizeof(after));
	assert_string_equal(before, after);
	assert_int_equal(find_any(scene, VTAP_HOOK_EGRESS), VTAP_CLSACT_NONE);
}

static void test_foreign_filter_when_at_our_place_then_told_and_not_cleared(void **state)
{
	static const char *const TAKEN[] = {
		"pref 47 handle 0x4789 protocol all " BPF_DROPS, /* nameless */
		"pref 47 handle 0x4789 protocol ip " BPF_DROPS,
		"pref 47 handle 1 protocol ip " BPF_DROPS,
		"pref 47 " U32_ALL,
	};
	struct scene *scene = *state;
	char command[256], before[2048], after[2048];

	by_hand("tc qdisc add dev tap0 clsact");
	for (size_t i = 0; i < VTAP_ARRAY_LEN(TAKEN); i++) {
		(void)snprintf(command, sizeof(command), /* fits */
			"tc filter del dev tap0 ingress && tc filter add dev tap0 ingress %s",
			TAKEN[i]);
		by_hand(command);
		show("ingress", before, sizeof(before));
		assert_row(find_any(scene, VTAP_HOOK_INGRESS) == VTAP_CLSACT_FOREIGN, i);
		assert_row(clear(scene, VTAP_HOOK_INGRESS) == 0, i);
		show("ingress", after, sizeof(after));
		assert_string_equal(before, after);
	}
}

static void test_foreign_filter_when_it_has_a_name_of_its_own_then_told(void **state)
{
	struct scene *scene = *state;

	program_needed(scene);
	assert_int_equal(set(scene, VTAP_HOOK_INGRESS, "vtap"), 0);
	assert_int_equal(find_any(scene, VTAP_HOOK_INGRESS), VTAP_CLSACT_FOREIGN);
	assert_int_equal(clear(scene, VTAP_HOOK_INGRESS), 0);
	assert_int_equal(find_any(scene, VTAP_HOOK_INGRESS), VTAP_CLSACT_FOREIGN);
}

static void test_qdisc_when_deleted_by_hand_then_none_and_set_makes_it_anew(void **state)
{
	struct scene *scene = *state;

	program_needed(scene);
	assert_int_equal(set(scene, VTAP_HOOK_EGRESS, "vtapd-guard-out"), 0);
	by_hand("tc qdisc del dev tap0 clsact");
	assert_int_equal(find_any(scene, VTAP_HOOK_EGRESS), VTAP_CLSACT_NONE);
	assert_int_equal(set(scene, VTAP_HOOK_EGRESS, "vtapd-guard-out"), 0);
	assert_int_equal(find_any(scene, VTAP_HOOK_EGRESS), 0);
}

static void test_ingress_qdisc_when_foreign_then_serves_ingress_and_refuses_egress(void **state)
{
	struct scene *scene = *state;
	struct vtap_filter filter;
	struct vtap_err err = VTAP_ERR_NULL;

	program_needed(scene);
	by_hand("tc qdisc add dev tap0 ingress");
	assert_int_equal(set(scene, VTAP_HOOK_INGRESS, "vtapd-guard-in"), 0);
	assert_int_equal(vtap_clsact_set(scene->nl, scene->index, VTAP_HOOK_EGRESS,
				 "vtapd-guard-out", scene->program_fd, &err),
		-EEXIST);
	assert_string_equal(
		err.text, "somebody's ingress qdisc excludes clsact, and has no egress hook");
	assert_int_equal(find(scene, VTAP_HOOK_INGRESS, &filter), 0);
	assert_string_equal(filter.name, "vtapd-guard-in");
	assert_int_equal(clear(scene, VTAP_HOOK_INGRESS), 0);
	by_hand("tc qdisc show dev tap0 | grep -q 'qdisc ingress'");
}

static void test_interface_when_gone_then_nothing_to_clear_and_no_way_to_set(void **state)
{
	struct scene *scene = *state;

	program_needed(scene);
	scene->tap_fd = vtap_fd_close(scene->tap_fd);
	assert_int_equal(find_any(scene, VTAP_HOOK_INGRESS), VTAP_CLSACT_NONE);
	assert_int_equal(clear(scene, VTAP_HOOK_INGRESS), 0);
	assert_int_equal(set(scene, VTAP_HOOK_INGRESS, "vtapd-steer"), -ENODEV);
	assert_int_equal(set(scene, VTAP_HOOK_EGRESS, "vtapd-steer"), -ENODEV);
}

static void test_program_when_it_is_none_then_the_kernels_sentence(void **state)
{
	struct scene *scene = *state;
	struct vtap_err err = VTAP_ERR_NULL;

	assert_int_equal(vtap_clsact_set(scene->nl, scene->index, VTAP_HOOK_INGRESS, "vtapd-steer",
				 scene->tap_fd, &err),
		-EINVAL);
	assert_string_equal(err.text, "Invalid argument");
	assert_int_equal(find_any(scene, VTAP_HOOK_INGRESS), VTAP_CLSACT_NONE);
}

static void test_first_when_filters_are_before_ours_then_the_first_in_words(void **state)
{
	struct scene *scene = *state;
	char words[VTAP_FILTER_WORDS_MAX];

	assert_int_equal(vtap_clsact_first(scene->nl, scene->index, VTAP_HOOK_INGRESS, words, NULL),
		VTAP_CLSACT_NONE);
	by_hand("tc qdisc add dev tap0 clsact && tc filter add dev tap0 ingress pref 48 " U32_ALL);
	assert_int_equal(vtap_clsact_first(scene->nl, scene->index, VTAP_HOOK_INGRESS, words, NULL),
		VTAP_CLSACT_NONE);
	by_hand("tc filter add dev tap0 ingress pref 46 " U32_ALL);
	assert_int_equal(
		vtap_clsact_first(scene->nl, scene->index, VTAP_HOOK_INGRESS, words, NULL), 0);
	assert_string_equal(words, "filter pref 46 (u32)");
	by_hand("tc filter add dev tap0 ingress pref 10 protocol ip " BPF_DROPS);
	assert_int_equal(
		vtap_clsact_first(scene->nl, scene->index, VTAP_HOOK_INGRESS, words, NULL), 0);
	assert_string_equal(words, "filter pref 10 (bpf)");
	assert_int_equal(vtap_clsact_first(scene->nl, scene->index, VTAP_HOOK_EGRESS, words, NULL),
		VTAP_CLSACT_NONE);
}

static void test_devices_when_some_have_hooks_then_their_indexes(void **state)
{
	struct scene *scene = *state;
	_auto_fd int other_fd = tap_make("other"), bare_fd = tap_make("bare");
	_auto_free int *indexes = NULL;
	size_t n = 99;

	assert_true(bare_fd >= 0 && other_fd >= 0);
	assert_int_equal(vtap_clsact_devices(scene->nl, &indexes, &n, NULL), 0);
	assert_int_equal(n, 0);
	by_hand("ip link set dev tap0 up && ip link set dev bare up && tc qdisc add dev tap0 clsact"
		" && tc qdisc add dev other ingress");
	assert_int_equal(vtap_clsact_devices(scene->nl, &indexes, &n, NULL), 0);
	assert_int_equal(n, 2);
	assert_int_equal(indexes[0], if_nametoindex("tap0"));
	assert_int_equal(indexes[1], if_nametoindex("other"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_filter_when_set_then_found_with_name_and_program),
		TEST(test_hooks_when_both_are_set_then_each_has_its_own),
		TEST(test_filter_when_set_again_then_the_new_program_has_its_place),
		TEST(test_filter_when_replaced_under_load_then_no_packet_gets_past),
		TEST(test_filter_when_cleared_then_gone_and_again_is_well),
		TEST(test_foreign_filters_when_ours_comes_and_goes_then_not_a_byte_changes),
		TEST(test_foreign_filter_when_at_our_place_then_told_and_not_cleared),
		TEST(test_foreign_filter_when_it_has_a_name_of_its_own_then_told),
		TEST(test_qdisc_when_deleted_by_hand_then_none_and_set_makes_it_anew),
		TEST(test_ingress_qdisc_when_foreign_then_serves_ingress_and_refuses_egress),
		TEST(test_interface_when_gone_then_nothing_to_clear_and_no_way_to_set),
		TEST(test_program_when_it_is_none_then_the_kernels_sentence),
		TEST(test_first_when_filters_are_before_ours_then_the_first_in_words),
		TEST(test_devices_when_some_have_hooks_then_their_indexes),
	};

	hands_or_skip();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
