// SPDX-License-Identifier: Apache-2.0
/*
 * Law 7: BPF may only decide what the C code would decide. Every row of the packet table, and some
 * thousand VNIs and sources on random tables, through the program and through wire/ and the session
 * table.
 */
#include "tests/unit/fastpath_scene.h"

#include <arpa/inet.h>

#include "tests/unit/packets.h"
#include "tests/unit/rules.h"
#include "wire/vxlan.h"

#define RULES_MAX 64
#define ALLOW_MAX 8
#define EXITS_MAX 16
#define OWN_MAX   3
#define INDEX_MIN 100 /* of tap interfaces: TEST_RUN does not look whether they are there */
#define NOW_NS    1   /* the page stays as it is */
#define TARGET    "default"

/** struct scene - a session table, and a program made from it */
struct scene {
	struct vtap_rule rule[RULES_MAX];
	struct vtap_prefix allow[ALLOW_MAX];
	struct vtap_exit exit[EXITS_MAX];
	struct vtap_steer_exit steer_exit[EXITS_MAX];
	struct vtap_addr own[OWN_MAX];
	struct vtap_table_spec spec;
	struct vtap_table *table;
	struct vtap_fastpath *fastpath;
	uint32_t target_slot;
	int program_fd;
};

static uint64_t last_id; /* of a program: never used before */

/* ---- flows that moved ---- */

struct seen {
	size_t n;
	struct vtap_fast_seen last;
};

static void seen_note(void *arg, const struct vtap_fast_seen *flow)
{
	struct seen *seen = arg;

	seen->n++;
	seen->last = *flow;
}

static struct seen seen_since(struct vtap_fastpath *fastpath)
{
	struct seen seen = { 0 };

	assert_int_equal(vtap_fastpath_flows(fastpath, seen_note, &seen), 0);
	return seen;
}

/* ---- making one ---- */

static void exits_make(struct scene *scene)
{
	bool is_new = false;
	char name[16];

	for (uint32_t i = 0; i < scene->spec.n_exits; i++) {
		assert_int_equal(vtap_tally_new(i + 1, &scene->exit[i].tally), 0);
		scene->exit[i].tap_fd = -1;
		(void)snprintf(name, sizeof(name), "s%u", i); /* fits */
		scene->steer_exit[i] = (struct vtap_steer_exit){
			.ifindex = (int)(INDEX_MIN + i),
			.slot = vtap_fastpath_take_slot(
				scene->fastpath, VTAP_FAST_SESSION, name, NOW_NS, &is_new),
		};
		assert_int_not_equal(scene->steer_exit[i].slot, 0);
	}
	scene->target_slot =
		vtap_fastpath_take_slot(scene->fastpath, VTAP_FAST_TARGET, TARGET, NOW_NS, &is_new);
	assert_int_not_equal(scene->target_slot, 0);
}

static void program_make(struct scene *scene)
{
	static const size_t first = 0;
	static const char *const own[] = PACKETS_OWN;
	_auto(steer) struct vtap_steer *steer = NULL;
	struct vtap_err err = VTAP_ERR_NULL;
	uint32_t program_id;
	struct vtap_steer_target target = {
		.table = scene->table,
		.port = VTAP_VXLAN_PORT,
		.slot = scene->target_slot,
	};
	struct vtap_steer_spec spec = {
		.targets = &target,
		.n_targets = 1,
		.exits = scene->steer_exit,
		.own = scene->own,
		.n_own = VTAP_ARRAY_LEN(own),
		.id = ++last_id,
	};

	for (size_t i = 0; i < VTAP_ARRAY_LEN(own); i++)
		scene->own[i] = addr_of(own[i]);
	if (vtap_steer_new(scene->fastpath, &spec, &steer, &err) < 0 ||
		vtap_steer_program(steer, &first, 1, true, &scene->program_fd, &program_id, &err) <
			0)
		fail_msg("%s", err.text);
}

/* Rules, `allow` and the number of exits are there. */
static void scene_make(struct scene *scene, struct vtap_fastpath *fastpath)
{
	scene->fastpath = fastpath;
	scene->spec.rules = scene->rule;
	scene->spec.allow = scene->allow;
	scene->spec.exits = scene->exit;
	exits_make(scene);
	assert_int_equal(vtap_table_new(&scene->spec, &scene->table), 0);
	program_make(scene);
	(void)seen_since(fastpath); /* what others brought */
}

static void scene_done(struct scene *scene)
{
	vtap_table_free(scene->table);
	for (size_t i = 0; i < scene->spec.n_exits; i++)
		vtap_tally_unref(scene->exit[i].tally);
	scene->program_fd = vtap_fd_close(scene->program_fd);
}
#define _auto_scene __attribute__((cleanup(scene_done)))
#define SCENE_NULL                                                                                 \
	{                                                                                          \
		.program_fd = -1                                                                   \
	}

/* Of the packet table. */
static void scene_make_plain(struct scene *scene, struct vtap_fastpath *fastpath)
{
	size_t n_sessions, n_allowed;
	const struct packet_session *sessions = packets_sessions(&n_sessions);
	const char *const *allowed = packets_allowed(&n_allowed);

	for (size_t i = 0; i < n_sessions; i++)
		scene->rule[i] = (struct vtap_rule){
			.level = sessions[i].first == sessions[i].last ? VTAP_LEVEL_VNI
				 : sessions[i].last < VTAP_VNI_MAX     ? VTAP_LEVEL_RANGE
								       : VTAP_LEVEL_ANY,
			.vni = { sessions[i].first, sessions[i].last },
			.source = prefix_of(sessions[i].source),
			.i_session = (uint32_t)i,
		};
	for (size_t i = 0; i < n_allowed; i++)
		scene->allow[i] = prefix_of(allowed[i]);
	scene->spec.n_rules = scene->spec.n_exits = n_sessions;
	scene->spec.n_allow = n_allowed;
	scene_make(scene, fastpath);
}

/* ---- what C decides ---- */

static enum vtap_verdict table_verdict(const struct scene *scene, uint32_t vni,
	const struct vtap_addr *source, struct vtap_match *ret_match)
{
	if (!vtap_table_allows(scene->table, source))
		return VTAP_VERDICT_NOT_ALLOWED;
	return vtap_table_match(scene->table, vni, source, ret_match);
}

/* As a worker does (datapath/worker.c), up to the write. */
static enum vtap_verdict worker_verdict(const struct scene *scene, const struct packet *packet,
	struct vtap_vxlan *ret_vxlan, struct vtap_match *ret_match)
{
	enum vtap_verdict verdict;

	if (!vtap_table_allows(scene->table, &packet->source))
		return VTAP_VERDICT_NOT_ALLOWED;
	verdict = vtap_vxlan_parse(packet->payload, ret_vxlan);
	if (verdict != VTAP_VERDICT_DELIVERED)
		return verdict;
	return table_verdict(scene, ret_vxlan->vni, &packet->source, ret_match);
}

/* ---- what the program counts ---- */

static struct vtap_fast_totals totals_of(struct vtap_fastpath *fastpath, uint32_t slot)
{
	assert_int_equal(vtap_fastpath_sample(fastpath, NOW_NS), 0);
	return *vtap_fastpath_totals(fastpath, slot);
}

/* ---- the table ---- */

struct rows {
	struct vtap_fastpath *fastpath;
	struct packet *packet;
	size_t n;
	int listener_fd; /* -1: nobody listens */
};

static int rows_setup(void **state)
{
	struct rows *rows = calloc(1, sizeof(*rows));

	assert_non_null(rows);
	rows->fastpath = scene_fastpath(NULL, EXITS_MAX + 1);
	rows->packet = packets_make(&rows->n);
	rows->listener_fd = -1;
	*state = rows;
	return 0;
}

static int rows_teardown(void **state)
{
	struct rows *rows = *state;

	packets_free(rows->packet, rows->n);
	vtap_fastpath_close(rows->fastpath);
	free(rows);
	return 0;
}

static int listen_setup(void **state)
{
	struct rows *rows = *state;
	struct sockaddr_in6 any = {
		.sin6_family = AF_INET6,
		.sin6_port = htons(VTAP_VXLAN_PORT),
		.sin6_addr = IN6ADDR_ANY_INIT,
	};

	rows->listener_fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(rows->listener_fd >= 0);
	assert_int_equal(bind(rows->listener_fd, (const struct sockaddr *)&any, sizeof(any)), 0);
	return 0;
}

static int listen_teardown(void **state)
{
	struct rows *rows = *state;

	rows->listener_fd = vtap_fd_close(rows->listener_fd);
	return 0;
}

static bool packet_is_for_a_wire(const struct packet *packet)
{
	return packet->n_bytes > SCENE_RUN_MAX_BYTES;
}

#define assert_packet(is_true, packet)                                                             \
	do {                                                                                       \
		if (!(is_true))                                                                    \
			fail_msg("%s: not so: %s", (packet)->name, #is_true);                      \
	} while (0)

static void assert_bytes(
	const struct packet *packet, const struct scene_run *run, struct vtap_view wanted)
{
	assert_packet(run->n_bytes == wanted.len_bytes, packet);
	assert_packet(memcmp(run->byte, wanted.data, wanted.len_bytes) == 0, packet);
}

static void assert_counted(const struct scene *scene, const struct packet *packet,
	const struct vtap_match *match, const struct vtap_vxlan *vxlan,
	const struct vtap_fast_totals *before)
{
	uint32_t slot = scene->steer_exit[match->i_session].slot;
	struct vtap_fast_totals after = totals_of(scene->fastpath, slot);
	struct seen seen;

	assert_packet(after.steered == before->steered + 1, packet);
	assert_packet(after.truncated == before->truncated + packet->is_truncated, packet);
	assert_packet(
		after.reserved_bits == before->reserved_bits + packet->has_reserved_bits, packet);
	seen = seen_since(scene->fastpath);
	assert_packet(seen.n == 1 && seen.last.n_frames == 1, packet);
	assert_packet(seen.last.slot == slot && seen.last.vni == vxlan->vni, packet);
	assert_packet(seen.last.n_bytes == vxlan->inner.len_bytes, packet);
	assert_packet(vtap_addr_compare(&seen.last.source, &packet->source) == 0, packet);
}

static void assert_taken(const struct scene *scene, const struct packet *packet)
{
	struct vtap_vxlan vxlan = { 0 };
	struct vtap_match match = { 0 };
	struct vtap_fast_totals before;
	struct scene_run run;

	assert_packet(
		worker_verdict(scene, packet, &vxlan, &match) == VTAP_VERDICT_DELIVERED, packet);
	before = totals_of(scene->fastpath, scene->steer_exit[match.i_session].slot);
	assert_packet(
		scene_put(scene->program_fd, packet->byte, packet->n_bytes, 0, &run) == 0, packet);
	assert_packet(run.action == TC_ACT_REDIRECT, packet);
	assert_packet(run.mark == 0, packet);
	assert_bytes(packet, &run, packet->inner);
	assert_counted(scene, packet, &match, &vxlan, &before);
}

static void assert_passed_up(const struct scene *scene, const struct packet *packet)
{
	const struct vtap_view as_it_was = { packet->byte, packet->n_bytes };
	struct scene_run run;
	struct seen seen;
	int r = scene_put(
		scene->program_fd, packet->byte, packet->n_bytes, packet->gso_bytes, &run);

	if (r == -EINVAL && packet->n_bytes < VTAP_ETH_HEADER_BYTES + VTAP_IPV6_HEADER_BYTES)
		return; /* newer kernels want a whole IP header there: over a wire */
	assert_packet(r == 0, packet);
	assert_packet(run.action == TC_ACT_UNSPEC, packet);
	assert_packet(run.mark == 7, packet);
	assert_bytes(packet, &run, as_it_was);
	seen = seen_since(scene->fastpath);
	assert_packet(seen.n == 0, packet);
}

static void test_packets_when_run_then_the_program_decides_as_the_table_says(void **state)
{
	const struct rows *rows = *state;
	_auto_scene struct scene scene = SCENE_NULL;

	scene_make_plain(&scene, rows->fastpath);
	for (size_t i = 0; i < rows->n; i++) {
		const struct packet *packet = &rows->packet[i];

		if (packet_is_for_a_wire(packet))
			continue;
		if (packet->is_taken)
			assert_taken(&scene, packet);
		else
			assert_passed_up(&scene, packet);
	}
}

static void test_packets_when_heard_then_the_worker_has_the_verdict_of_the_table(void **state)
{
	const struct rows *rows = *state;
	_auto_scene struct scene scene = SCENE_NULL;

	scene_make_plain(&scene, rows->fastpath);
	for (size_t i = 0; i < rows->n; i++) {
		const struct packet *packet = &rows->packet[i];
		struct vtap_vxlan vxlan = { 0 };
		struct vtap_match match = { 0 };

		assert_packet(
			!packet->is_taken || packet->verdict == VTAP_VERDICT_DELIVERED, packet);
		if (packet->verdict == PACKET_UNHEARD ||
			packet->verdict == VTAP_VERDICT_SOCKET_FULL)
			continue; /* the stack's verdict */
		assert_packet(
			worker_verdict(&scene, packet, &vxlan, &match) == packet->verdict, packet);
		assert_packet(vxlan.has_reserved_bits == packet->has_reserved_bits, packet);
		assert_packet(packet->verdict != VTAP_VERDICT_DELIVERED ||
				      vtap_frame_is_truncated(vxlan.inner) == packet->is_truncated,
			packet);
	}
}

/* The same packet again is answered from what the program remembers. */
static void test_packets_when_run_again_then_decided_alike(void **state)
{
	const struct rows *rows = *state;
	_auto_scene struct scene scene = SCENE_NULL;
	struct scene_run run;

	scene_make_plain(&scene, rows->fastpath);
	for (size_t i = 0; i < 2 * rows->n; i++) {
		const struct packet *packet = &rows->packet[i % rows->n];

		if (packet_is_for_a_wire(packet) ||
			scene_put(scene.program_fd, packet->byte, packet->n_bytes,
				packet->gso_bytes, &run) < 0)
			continue;
		assert_packet(
			run.action == (packet->is_taken ? TC_ACT_REDIRECT : TC_ACT_UNSPEC), packet);
	}
}

/* Law 3: what the stack would answer with ICMP is dropped and counted; what is taken is taken; and
 * what is not for our port on this host is none of our business. */
static void test_packets_when_nobody_listens_then_dropped_and_counted(void **state)
{
	const struct rows *rows = *state;
	_auto_scene struct scene scene = SCENE_NULL;
	struct scene_run run;

	scene_make_plain(&scene, rows->fastpath);
	for (size_t i = 0; i < rows->n; i++) {
		const struct packet *packet = &rows->packet[i];
		struct vtap_fast_totals before = totals_of(rows->fastpath, scene.target_slot),
					after;
		bool is_heard = packet->verdict != PACKET_UNHEARD && packet->is_unicast;

		if (packet_is_for_a_wire(packet) ||
			scene_put(scene.program_fd, packet->byte, packet->n_bytes,
				packet->gso_bytes, &run) < 0)
			continue;
		after = totals_of(rows->fastpath, scene.target_slot);
		assert_packet((run.action == TC_ACT_REDIRECT) == packet->is_taken, packet);
		assert_packet(packet->is_taken || !is_heard || run.action == TC_ACT_SHOT, packet);
		assert_packet(after.no_listener - before.no_listener ==
				      (run.action == TC_ACT_SHOT ? 1 : 0),
			packet);
	}
}

static void test_session_when_it_has_no_interface_then_the_worker_has_the_verdict(void **state)
{
	const struct rows *rows = *state;
	_auto_scene struct scene scene = SCENE_NULL;
	struct scene_run run;

	scene_make_plain(&scene, rows->fastpath);
	scene.program_fd = vtap_fd_close(scene.program_fd);
	scene.steer_exit[0].ifindex = 0;
	program_make(&scene);
	assert_int_equal(
		scene_put(scene.program_fd, rows->packet[0].byte, rows->packet[0].n_bytes, 0, &run),
		0);
	assert_int_equal(run.action, TC_ACT_UNSPEC);
}

/* ---- at random ---- */

static void scene_make_random(struct scene *scene, struct vtap_fastpath *fastpath, uint64_t *seed)
{
	scene->spec.n_rules = random_rules(seed, EXITS_MAX, scene->rule, RULES_MAX);
	scene->spec.n_allow = random_below(seed, ALLOW_MAX);
	for (size_t i = 0; i < scene->spec.n_allow; i++)
		scene->allow[i] = random_prefix(seed);
	scene->spec.n_exits = EXITS_MAX;
	scene_make(scene, fastpath);
}

/* A valid packet of the table with another VNI and source. IPv4: its checksum is mended. */
static void packet_readdress(struct packet *packet, uint32_t vni, const struct vtap_addr *source)
{
	bool is_v4 = vtap_addr_is_v4(source);
	uint8_t *ip = packet->byte + VTAP_ETH_HEADER_BYTES;
	uint8_t *vxlan = ip + (is_v4 ? VTAP_IPV4_HEADER_BYTES : VTAP_IPV6_HEADER_BYTES) +
			 VTAP_UDP_HEADER_BYTES;
	uint32_t sum = 0;

	for (int i = 0; i < 3; i++)
		vxlan[4 + i] = (uint8_t)(vni >> (16 - 8 * i));
	memcpy(ip + (is_v4 ? 12 : 8), source->byte + (is_v4 ? 12 : 0), is_v4 ? 4 : 16);
	if (!is_v4)
		return;
	ip[10] = ip[11] = 0;
	for (int i = 0; i < VTAP_IPV4_HEADER_BYTES; i += 2)
		sum += (uint32_t)ip[i] << 8 | ip[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~((sum & 0xffff) + (sum >> 16));
	ip[10] = (uint8_t)(sum >> 8);
	ip[11] = (uint8_t)sum;
}

static struct packet *packet_find(const struct rows *rows, const char *name)
{
	for (size_t i = 0; i < rows->n; i++)
		if (strcmp(rows->packet[i].name, name) == 0)
			return &rows->packet[i];
	fail_msg("there is no row %s", name);
	return NULL;
}

static void assert_as_the_table(
	const struct scene *scene, const struct rows *rows, uint64_t *seed, size_t round)
{
	struct vtap_addr source = random_addr(seed);
	uint32_t vni = random_vni(seed);
	struct packet *packet =
		packet_find(rows, vtap_addr_is_v4(&source) ? "valid" : "IPv6: valid");
	struct vtap_match match = { 0 };
	struct scene_run run;
	struct seen seen;
	bool is_taken = table_verdict(scene, vni, &source, &match) == VTAP_VERDICT_DELIVERED;

	packet_readdress(packet, vni, &source);
	assert_int_equal(scene_put(scene->program_fd, packet->byte, packet->n_bytes, 0, &run), 0);
	assert_row((run.action == TC_ACT_REDIRECT) == is_taken, round);
	seen = seen_since(scene->fastpath);
	assert_row(seen.n == is_taken, round);
	assert_row(!is_taken || seen.last.slot == scene->steer_exit[match.i_session].slot, round);
}

static void test_table_when_random_then_the_program_decides_as_the_table(void **state)
{
	const struct rows *rows = *state;
	uint64_t seed = 0x5eed;

	for (size_t round = 0; round < 40; round++) {
		_auto_scene struct scene scene = SCENE_NULL;

		scene_make_random(&scene, rows->fastpath, &seed);
		for (int i = 0; i < 100; i++)
			assert_as_the_table(&scene, rows, &seed, round);
	}
}

#define test_heard(test) cmocka_unit_test_setup_teardown(test, listen_setup, listen_teardown)

int main(void)
{
	static const uint8_t mac[] = PACKETS_MAC;
	const struct CMUnitTest tests[] = {
		test_heard(test_packets_when_run_then_the_program_decides_as_the_table_says),
		test_heard(test_packets_when_heard_then_the_worker_has_the_verdict_of_the_table),
		test_heard(test_packets_when_run_again_then_decided_alike),
		cmocka_unit_test(test_packets_when_nobody_listens_then_dropped_and_counted),
		test_heard(test_session_when_it_has_no_interface_then_the_worker_has_the_verdict),
		test_heard(test_table_when_random_then_the_program_decides_as_the_table),
	};

	scene_enter(mac);
	scene_keep_rights();
	return cmocka_run_group_tests(tests, rows_setup, rows_teardown);
}
