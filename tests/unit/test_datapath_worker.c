// SPDX-License-Identifier: Apache-2.0
/*
 * Law 2 with real sockets: received = delivered + the drops by reason, at every look, while tables
 * are swapped and freed and workers come and go; and law 1: a frame is written as it came. A
 * sequenced-packet socket stands for each TAP: it takes a frame whole or not at all. In a network
 * namespace of its own; the thread sanitizer runs this one.
 */
#include "tests/unit/cmocka_with.h"
#include "tests/unit/namespace.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/resource.h>

#include "datapath/receive.h"
#include "datapath/sightings.h"
#include "datapath/worker.h"
#include "wire/vxlan.h"

#define PORT         4789
#define BUFFER_BYTES (4 << 20)
#define N_WORKERS    2
#define N_SENDERS    16 /* outer flows, which the kernel spreads over the workers */

/* The sessions of these tests, each on a TAP of its own */
enum {
	SESSION_WEB,     /* VNI 1 */
	SESSION_DB,      /* VNIs 100-199 */
	SESSION_PICKY,   /* VNI 2 from 192.0.2.0/24, where nobody here comes from */
	SESSION_GONE,    /* VNI 3; there is no interface */
	SESSION_REFUSED, /* VNI 4; its interface refuses */
	SESSION_DOWN,    /* VNI 5; its interface says EIO, as a TAP does that is down */
	SESSION_COUNT
};

/** struct rig - a target: workers, their slots, a table, and the other ends of the TAPs */
struct rig {
	struct vtap_slot slot[N_WORKERS]; /* first: aligned */
	struct vtap_publication publication;
	struct vtap_worker *worker[N_WORKERS];
	struct vtap_tally *tally[SESSION_COUNT];
	int tap_fd[SESSION_COUNT];    /* what workers write to */
	int sensor_fd[SESSION_COUNT]; /* what a sensor would read; -1 for some */
	uint64_t n_read[SESSION_COUNT];
	int sender_fd[N_SENDERS];
	uint64_t n_sent;
	uint64_t n_dropped; /* by the sockets of stopped workers */
};

/* ---- TAPs ---- */

static void tap_make(struct rig *rig, int session)
{
	int pair[2];

	assert_int_equal(
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
	rig->tap_fd[session] = pair[0];
	rig->sensor_fd[session] = pair[1];
}

static void taps_make(struct rig *rig)
{
	for (int i = 0; i < SESSION_COUNT; i++) {
		rig->tap_fd[i] = rig->sensor_fd[i] = -1;
		assert_int_equal(vtap_tally_new((uint32_t)i + 1, &rig->tally[i]), 0);
	}
	tap_make(rig, SESSION_WEB);
	tap_make(rig, SESSION_DB);
	tap_make(rig, SESSION_PICKY);
	tap_make(rig, SESSION_REFUSED);
	rig->sensor_fd[SESSION_REFUSED] = vtap_fd_close(rig->sensor_fd[SESSION_REFUSED]);
	/* address 0 is not mapped: EIO */
	rig->tap_fd[SESSION_DOWN] = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	assert_true(rig->tap_fd[SESSION_DOWN] >= 0);
}

/* ---- tables ---- */

static struct vtap_rule rule_of(uint32_t i_session, uint32_t first, uint32_t last)
{
	return (struct vtap_rule){
		.level = first == last ? VTAP_LEVEL_VNI : VTAP_LEVEL_RANGE,
		.vni = { first, last },
		.source = VTAP_PREFIX_ANY,
		.i_session = i_session,
	};
}

/* @i_web: the session that gets VNI 1 */
static struct vtap_table *table_make(const struct rig *rig, uint32_t i_web)
{
	struct vtap_rule rules[] = {
		rule_of(i_web, 1, 1),
		rule_of(SESSION_DB, 100, 199),
		rule_of(SESSION_PICKY, 2, 2),
		rule_of(SESSION_GONE, 3, 3),
		rule_of(SESSION_REFUSED, 4, 4),
		rule_of(SESSION_DOWN, 5, 5),
	};
	struct vtap_exit exits[SESSION_COUNT];
	struct vtap_prefix allow;
	struct vtap_table_spec spec = { .exits = exits,
		.n_exits = SESSION_COUNT,
		.rules = rules,
		.n_rules = VTAP_ARRAY_LEN(rules),
		.allow = &allow,
		.n_allow = 1 };
	struct vtap_table *table = NULL;

	assert_int_equal(vtap_prefix_parse("192.0.2.0/24", &rules[2].source), 0);
	assert_int_equal(vtap_prefix_parse("127.0.0.0/9", &allow), 0);
	for (int i = 0; i < SESSION_COUNT; i++)
		exits[i] = (struct vtap_exit){ rig->tap_fd[i], rig->tally[i] };
	assert_int_equal(vtap_table_new(&spec, &table), 0);
	return table;
}

/* The former table, to be freed when nobody uses it. */
static struct vtap_table *table_publish(struct rig *rig, const struct vtap_table *table)
{
	return (struct vtap_table *)atomic_exchange(&rig->publication.table, table);
}

static bool table_is_used(const struct rig *rig, const struct vtap_table *table)
{
	for (int i = 0; i < N_WORKERS; i++)
		if (rig->worker[i] != NULL && vtap_worker_uses(rig->worker[i], table))
			return true;
	return false;
}

/* ---- workers ---- */

static void worker_start_on(struct rig *rig, unsigned i, int socket_fd)
{
	const struct vtap_worker_spec spec = { socket_fd, i, &rig->slot[i], &rig->publication };
	struct vtap_err err = VTAP_ERR_NULL;

	assert_int_equal(vtap_worker_start(&spec, &rig->worker[i], &err), 0);
}

static int worker_socket_open(void)
{
	const struct vtap_socket_spec spec = { PORT, NULL, BUFFER_BYTES };
	struct vtap_err err = VTAP_ERR_NULL;
	int fd = -1;

	assert_int_equal(vtap_socket_open(&spec, &fd, &err), 0);
	return fd;
}

static void worker_start(struct rig *rig, unsigned i)
{
	worker_start_on(rig, i, worker_socket_open());
}

static void worker_stop(struct rig *rig, unsigned i)
{
	uint32_t drops = UINT32_MAX;

	if (rig->worker[i] == NULL)
		return;
	vtap_worker_ask(rig->worker[i], false);
	vtap_worker_end(rig->worker[i], &drops);
	rig->worker[i] = NULL;
	rig->n_dropped += drops;
}

static int rig_setup(void **state)
{
	struct rig *rig = aligned_alloc(_Alignof(struct rig), sizeof(*rig));

	assert_non_null(rig);
	memset(rig, 0, sizeof(*rig));
	taps_make(rig);
	for (int i = 0; i < N_SENDERS; i++) {
		rig->sender_fd[i] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		assert_true(rig->sender_fd[i] >= 0);
	}
	for (int i = 0; i < N_WORKERS; i++)
		assert_int_equal(vtap_slot_init(&rig->slot[i]), 0);
	(void)table_publish(rig, table_make(rig, SESSION_WEB)); /* the first: NULL before */
	*state = rig;
	return 0;
}

static int rig_teardown(void **state)
{
	struct rig *rig = *state;

	for (unsigned i = 0; i < N_WORKERS; i++) {
		worker_stop(rig, i);
		vtap_slot_done(&rig->slot[i]);
	}
	vtap_table_free(table_publish(rig, NULL));
	for (int i = 0; i < SESSION_COUNT; i++) {
		(void)vtap_fd_close(rig->tap_fd[i]); /* always -1 */
		(void)vtap_fd_close(rig->sensor_fd[i]);
		vtap_tally_unref(rig->tally[i]);
	}
	for (int i = 0; i < N_SENDERS; i++)
		(void)vtap_fd_close(rig->sender_fd[i]); /* always -1 */
	free(rig);
	return 0;
}

/* ---- sending and reading ---- */

static void payload_send(struct rig *rig, int sender_fd, const void *payload, size_t n)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(PORT) };

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(sendto(sender_fd, payload, n, 0, (const struct sockaddr *)&address,
				 sizeof(address)),
		n);
	rig->n_sent++;
}

/* A flow after the other, so that each worker gets its share. */
static int sender_next(const struct rig *rig)
{
	return rig->sender_fd[rig->n_sent % N_SENDERS];
}

/* A VXLAN packet whose frame of @n bytes begins with @seq and has a pattern behind it. */
static void frame_send_from(struct rig *rig, int sender_fd, uint32_t vni, uint32_t seq, size_t n)
{
	static uint8_t payload[VTAP_VXLAN_HEADER_BYTES + 65000];

	memset(payload, 0, VTAP_VXLAN_HEADER_BYTES);
	payload[0] = VTAP_VXLAN_FLAG_I;
	payload[4] = (uint8_t)(vni >> 16);
	payload[5] = (uint8_t)(vni >> 8);
	payload[6] = (uint8_t)vni;
	for (size_t i = 0; i < n; i++)
		payload[VTAP_VXLAN_HEADER_BYTES + i] = (uint8_t)(seq + i * 7 + i / 251);
	payload_send(rig, sender_fd, payload, VTAP_VXLAN_HEADER_BYTES + n);
}

static void frame_send(struct rig *rig, uint32_t vni, uint32_t seq, size_t n)
{
	frame_send_from(rig, sender_next(rig), vni, seq, n);
}

static ssize_t frame_read(struct rig *rig, int session, uint8_t *ret_frame, size_t size)
{
	ssize_t n = recv(rig->sensor_fd[session], ret_frame, size, MSG_DONTWAIT);

	rig->n_read[session] += n > 0;
	return n;
}

static void sensors_read(struct rig *rig)
{
	static uint8_t frame[65536];

	for (int i = 0; i < SESSION_COUNT; i++)
		while (rig->sensor_fd[i] >= 0 && frame_read(rig, i, frame, sizeof(frame)) > 0)
			continue;
}

static struct vtap_totals rig_totals(const struct rig *rig)
{
	struct vtap_totals totals = { 0 };
	uint64_t sum = 0;

	for (int i = 0; i < N_WORKERS; i++)
		vtap_slot_add(&rig->slot[i], &totals);
	for (int i = 0; i < VTAP_VERDICT_COUNT; i++)
		sum += totals.verdicts[i];
	assert_int_equal(totals.received, sum); /* law 2, at every look */
	return totals;
}

static uint64_t rig_drops(const struct rig *rig)
{
	uint64_t sum = rig->n_dropped;
	uint32_t drops;

	for (int i = 0; i < N_WORKERS; i++) {
		if (rig->worker[i] == NULL)
			continue;
		assert_int_equal(vtap_socket_drops(vtap_worker_socket(rig->worker[i]), &drops), 0);
		sum += drops;
	}
	return sum;
}

/* Waits until at most @lag packets have no fate yet. */
static void rig_settle(struct rig *rig, uint64_t lag)
{
	uint64_t deadline_ns = 0, n_decided;

	for (;;) {
		sensors_read(rig);
		n_decided = rig_totals(rig).received + rig_drops(rig);
		if (n_decided + lag >= rig->n_sent || !wait_more(&deadline_ns))
			break;
	}
	sensors_read(rig); /* what was delivered between the last two looks */
	if (n_decided + lag < rig->n_sent)
		print_error("%ju sent, %ju have a fate\n", (uintmax_t)rig->n_sent,
			(uintmax_t)n_decided);
	assert_true(n_decided + lag >= rig->n_sent && n_decided <= rig->n_sent);
}

static uint64_t session_delivered(const struct rig *rig, int session)
{
	struct vtap_session_totals totals;

	vtap_tally_read(rig->tally[session], &totals);
	return totals.verdicts[VTAP_VERDICT_DELIVERED];
}

/* ---- tests ---- */

static void test_worker_when_frames_come_then_written_byte_for_byte(void **state)
{
	static const size_t sizes[] = { 14, 15, 60, 1514, 9015, 65000 };
	static uint8_t frame[65536];
	struct vtap_session_totals totals;
	struct rig *rig = *state;
	uint64_t n_bytes = 0;

	worker_start(rig, 0);
	for (uint32_t i = 0; i < VTAP_ARRAY_LEN(sizes); i++) {
		struct pollfd sensor = { .fd = rig->sensor_fd[SESSION_WEB], .events = POLLIN };

		frame_send(rig, 1, i, sizes[i]);
		assert_int_equal(poll(&sensor, 1, (int)(TEST_DEADLINE_NS / VTAP_NS_PER_MS)), 1);
		assert_int_equal(frame_read(rig, SESSION_WEB, frame, sizeof(frame)), sizes[i]);
		for (size_t j = 0; j < sizes[i]; j++)
			assert_row(frame[j] == (uint8_t)(i + j * 7 + j / 251), i);
		n_bytes += sizes[i];
	}
	rig_settle(rig, 0);
	vtap_tally_read(rig->tally[SESSION_WEB], &totals);
	assert_int_equal(totals.verdicts[VTAP_VERDICT_DELIVERED], VTAP_ARRAY_LEN(sizes));
	assert_int_equal(totals.bytes, n_bytes);
	assert_true(totals.last_ns > 0 && totals.last_ns <= vtap_clock_mono_ns());
}

static void test_worker_when_one_flow_then_its_frames_stay_in_order(void **state)
{
	struct rig *rig = *state;
	uint8_t frame[64];
	uint32_t wanted = 0;

	worker_start(rig, 0);
	worker_start(rig, 1);
	for (uint32_t i = 0; i < 200; i++)
		frame_send_from(rig, rig->sender_fd[0], 1, i, 20);
	for (uint64_t deadline_ns = 0; wanted < 200 && wait_more(&deadline_ns);)
		while (frame_read(rig, SESSION_WEB, frame, sizeof(frame)) > 0)
			assert_int_equal(frame[0], (uint8_t)wanted++);
	assert_int_equal(wanted, 200);
}

struct verdict_row {
	const char *from;
	uint8_t payload[40];
	size_t n;
	enum vtap_verdict verdict;
};

static int sender_open(const char *from)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_equal(inet_pton(AF_INET, from, &address.sin_addr), 1);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

#define ETH 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0

static void test_worker_when_any_packet_comes_then_one_verdict(void **state)
{
	static const struct verdict_row rows[] = {
		{ "127.0.0.1", { 8, 0, 0, 0, 0, 0, 1, 0, ETH }, 22, VTAP_VERDICT_DELIVERED },
		{ "127.0.0.1", { 8, 0, 0, 0, 0, 0, 199, 0, ETH }, 22, VTAP_VERDICT_DELIVERED },
		{ "127.0.0.1", { 0 }, 0, VTAP_VERDICT_NOT_VXLAN },
		{ "127.0.0.1", { 8, 0, 0, 0, 0, 0, 1 }, 7, VTAP_VERDICT_NOT_VXLAN },
		{ "127.0.0.1", { 0, 0, 0, 0, 0, 0, 1, 0, ETH }, 22, VTAP_VERDICT_NO_VNI_FLAG },
		{ "127.0.0.1", { 8, 0, 0, 0, 0, 0, 1, 0, ETH }, 21, VTAP_VERDICT_TOO_SHORT },
		{ "127.0.0.1", { 8, 0, 0, 0, 0, 0, 9, 0, ETH }, 22, VTAP_VERDICT_UNKNOWN_VNI },
		{ "127.0.0.1", { 8, 0, 0, 0, 0, 0, 2, 0, ETH }, 22, VTAP_VERDICT_UNKNOWN_SOURCE },
		{ "127.0.0.1", { 8, 0, 0, 0, 0, 0, 3, 0, ETH }, 22, VTAP_VERDICT_INTERFACE_GONE },
		{ "127.0.0.1", { 8, 0, 0, 0, 0, 0, 4, 0, ETH }, 22, VTAP_VERDICT_WRITE_REFUSED },
		{ "127.0.0.1", { 8, 0, 0, 0, 0, 0, 5, 0, ETH }, 22, VTAP_VERDICT_INTERFACE_DOWN },
		/* outside `allow`: whatever it is, it is not looked into */
		{ "127.128.0.1", { 8, 0, 0, 0, 0, 0, 1, 0, ETH }, 22, VTAP_VERDICT_NOT_ALLOWED },
		{ "127.128.0.1", { 0 }, 0, VTAP_VERDICT_NOT_ALLOWED },
	};
	struct rig *rig = *state;
	uint64_t wanted[VTAP_VERDICT_COUNT] = { 0 };

	worker_start(rig, 0);
	for (size_t i = 0; i < VTAP_ARRAY_LEN(rows); i++) {
		_auto_fd int sender = sender_open(rows[i].from);

		payload_send(rig, sender, rows[i].payload, rows[i].n);
		wanted[rows[i].verdict]++;
		rig_settle(rig, 0);
		for (int j = 0; j < VTAP_VERDICT_COUNT; j++)
			assert_row(rig_totals(rig).verdicts[j] == wanted[j], i);
	}
	assert_int_equal(rig->n_read[SESSION_WEB], 1);
	assert_int_equal(rig->n_read[SESSION_DB], 1);
	assert_int_equal(rig->n_read[SESSION_PICKY], 0);
}

static void test_worker_when_packets_come_then_their_interface_is_remembered(void **state)
{
	int lo = (int)if_nametoindex("lo"), interface = -1;
	struct rig *rig = *state;
	uint64_t n = 0;

	worker_start(rig, 0);
	frame_send(rig, 1, 0, 60);
	frame_send(rig, 9, 0, 60); /* nobody's */
	frame_send(rig, 100, 0, 60);
	rig_settle(rig, 0);
	assert_true(vtap_slot_seen(&rig->slot[0], 0, &interface, &n));
	assert_int_equal(interface, lo);
	assert_int_equal(n, 2);
	assert_false(vtap_slot_seen(&rig->slot[0], 1, &interface, &n));
}

static void test_worker_when_a_packet_comes_from_our_own_interface_then_not_allowed(void **state)
{
	int lo = (int)if_nametoindex("lo"), interface;
	uint64_t n;
	struct rig *rig = *state;
	struct vtap_exit exit = { rig->tap_fd[SESSION_WEB], rig->tally[SESSION_WEB] };
	struct vtap_rule rule = rule_of(0, 1, 1);
	struct vtap_table_spec spec = { &exit, 1, &rule, 1, NULL, 0, &lo, 1 };
	struct vtap_table *table = NULL;

	assert_int_equal(vtap_table_new(&spec, &table), 0);
	vtap_table_free(table_publish(rig, table));
	worker_start(rig, 0);
	frame_send(rig, 1, 0, 60);
	frame_send(rig, 1, 0, 60);
	rig_settle(rig, 0);
	assert_int_equal(rig_totals(rig).verdicts[VTAP_VERDICT_NOT_ALLOWED], 2);
	assert_false(vtap_slot_seen(&rig->slot[0], 0, &interface, &n)); /* nothing to attach to */
}

static void test_worker_when_reserved_bits_then_delivered_and_counted(void **state)
{
	static const uint8_t payload[] = { 0xff, 1, 2, 3, 0, 0, 1, 4, ETH };
	struct rig *rig = *state;

	worker_start(rig, 0);
	payload_send(rig, sender_next(rig), payload, sizeof(payload));
	frame_send(rig, 1, 0, 60);
	rig_settle(rig, 0);
	assert_int_equal(rig_totals(rig).verdicts[VTAP_VERDICT_DELIVERED], 2);
	assert_int_equal(rig_totals(rig).reserved_bits, 1);
}

/* Frames in a worker's memory of VNIs, rows and forgotten ones. */
static uint64_t sightings_sum(const struct rig *rig, bool is_carried)
{
	uint64_t sum = 0;

	for (int i = 0; i < N_WORKERS; i++) {
		const struct vtap_sightings *sightings =
			is_carried ? rig->slot[i].carried : rig->slot[i].unknown;
		struct vtap_sighting row;

		sum += vtap_sightings_forgotten(sightings);
		for (uint32_t j = 0; j < vtap_sightings_size(sightings); j++)
			if (vtap_sightings_get(
				    sightings, &rig->slot[i], j, vtap_clock_mono_ns(), &row))
				sum += row.frames;
	}
	return sum;
}

static void test_worker_when_random_vnis_flood_then_every_frame_is_remembered_or_forgotten(
	void **state)
{
	struct rig *rig = *state;

	worker_start(rig, 0);
	worker_start(rig, 1);
	for (uint32_t i = 0; i < 6000; i++) {
		/* one in ten is of a range, the others of nobody */
		frame_send(rig, i % 10 == 0 ? 100 + i % 100 : 1000 + (i * 2654435761U) % 0xff0000U,
			i, 60);
		rig_settle(rig, 100);
	}
	rig_settle(rig, 0);
	assert_int_equal(
		sightings_sum(rig, true) + sightings_sum(rig, false), rig_totals(rig).received);
	assert_int_equal(sightings_sum(rig, true), session_delivered(rig, SESSION_DB));
	assert_int_equal(
		sightings_sum(rig, false), rig_totals(rig).verdicts[VTAP_VERDICT_UNKNOWN_VNI]);
	assert_int_equal(rig_totals(rig).unknown_bytes, 60 * sightings_sum(rig, false));
}

static void test_table_when_swapped_under_load_then_old_ones_are_freed_and_sums_hold(void **state)
{
	enum { ROUNDS = 1000, BURST = 16, KEPT = 64 };
	struct vtap_table *retired[KEPT];
	struct rig *rig = *state;
	unsigned n_retired = 0, n_freed = 0;

	worker_start(rig, 0);
	worker_start(rig, 1);
	for (uint32_t i = 0; i < ROUNDS; i++) {
		uint32_t i_web = i % 2 == 0 ? SESSION_DB : SESSION_WEB;

		for (uint32_t j = 0; j < BURST; j++)
			frame_send(rig, j % 5, i, 60);
		retired[n_retired++] = table_publish(rig, table_make(rig, i_web));
		for (unsigned j = 0; j < n_retired;) {
			if (table_is_used(rig, retired[j])) {
				j++;
				continue;
			}
			vtap_table_free(retired[j]);
			retired[j] = retired[--n_retired];
			n_freed++;
		}
		assert_true(n_retired < KEPT); /* each worker holds one at most */
		rig_settle(rig, 200);
	}
	rig_settle(rig, 0);
	for (unsigned j = 0; j < n_retired; j++) {
		for (uint64_t deadline_ns = 0; table_is_used(rig, retired[j]);)
			assert_true(wait_more(&deadline_ns));
		vtap_table_free(retired[j]);
	}
	assert_true(n_freed > ROUNDS / 2);
	assert_int_equal(rig_totals(rig).verdicts[VTAP_VERDICT_DELIVERED],
		session_delivered(rig, SESSION_WEB) + session_delivered(rig, SESSION_DB));
	assert_int_equal(rig->n_read[SESSION_WEB], session_delivered(rig, SESSION_WEB));
	assert_int_equal(rig->n_read[SESSION_DB], session_delivered(rig, SESSION_DB));
	assert_true(rig->n_read[SESSION_WEB] > 0 && rig->n_read[SESSION_DB] > 0);
}

static void test_worker_when_started_late_then_the_waiting_packets_are_delivered(void **state)
{
	struct rig *rig = *state;
	int fd = worker_socket_open();

	for (uint32_t i = 0; i < 100; i++)
		frame_send(rig, 1, i, 60);
	worker_start_on(rig, 0, fd);
	rig_settle(rig, 0);
	assert_int_equal(session_delivered(rig, SESSION_WEB), 100);
}

/* Bytes that wait in a socket, as the kernel accounts for them: each packet of one size the same.
 */
static uint32_t waiting_bytes(int fd)
{
	uint32_t info[SK_MEMINFO_VARS] = { 0 };
	socklen_t size = sizeof(info);

	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &size), 0);
	return info[SK_MEMINFO_RMEM_ALLOC];
}

/* All of @n are there: on a busy machine the kernel may hand them over later than it took them. */
static void frames_send_and_wait(struct rig *rig, int fd, uint32_t n)
{
	uint32_t one_bytes;

	frame_send(rig, 1, 0, 60);
	for (uint64_t deadline_ns = 0; (one_bytes = waiting_bytes(fd)) == 0;)
		assert_true(wait_more(&deadline_ns));
	for (uint32_t i = 1; i < n; i++)
		frame_send(rig, 1, i, 60);
	for (uint64_t deadline_ns = 0; waiting_bytes(fd) < n * one_bytes;)
		assert_true(wait_more(&deadline_ns));
}

static void test_worker_when_stopped_then_its_socket_was_read_empty(void **state)
{
	struct rig *rig = *state;

	for (int round = 0; round < 20; round++) {
		int fd = worker_socket_open();

		frames_send_and_wait(rig, fd, 150);
		worker_start_on(rig, 0, fd);
		worker_stop(rig, 0); /* at once, with most of them still waiting */
		sensors_read(rig);
		assert_row(rig_totals(rig).received + rig->n_dropped == rig->n_sent, round);
	}
	assert_int_equal(rig->n_dropped, 0);
	assert_int_equal(rig->n_read[SESSION_WEB], rig->n_sent);
}

static void test_workers_when_one_of_two_stops_then_the_other_takes_all(void **state)
{
	struct rig *rig = *state;
	uint64_t n_before;

	worker_start(rig, 0);
	worker_start(rig, 1);
	for (uint32_t i = 0; i < 200; i++)
		frame_send(rig, 1, i, 60);
	worker_stop(rig, 1);
	rig_settle(rig, 0);
	n_before = atomic_load(&rig->slot[1].received);
	assert_true(n_before > 0); /* it had its share */
	for (uint32_t i = 0; i < 200; i++)
		frame_send(rig, 1, i, 60);
	rig_settle(rig, 0);
	assert_int_equal(atomic_load(&rig->slot[1].received), n_before);
	assert_int_equal(rig_totals(rig).received, 400);
	assert_int_equal(rig->n_dropped, 0);
}

/* How often a thread of this process gave up its processor to wait for something. */
static uint64_t waits_count(void)
{
	struct rusage usage;

	assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
	return (uint64_t)usage.ru_nvcsw;
}

static void time_pass(uint64_t until_ns)
{
	while (vtap_clock_mono_ns() < until_ns) /* without giving up the processor */
		continue;
}

/* A worker that is woken for each of them waits a thousand times in 20 ms. */
static void test_worker_when_packets_come_one_by_one_then_it_is_woken_for_many_at_once(void **state)
{
	enum { N = 1000, GAP_US = 20, GATHER_US = 100, SLACK = 100 };
	struct rig *rig = *state;
	uint64_t start_ns, waits, elapsed_us;

	worker_start(rig, 0);
	frame_send(rig, 9, 0, 60);
	rig_settle(rig, 0);
	waits = waits_count();
	start_ns = vtap_clock_mono_ns();
	for (uint32_t i = 1; i <= N; i++) {
		frame_send(rig, 9, i, 60); /* nobody's: no end of a TAP has to be read */
		time_pass(start_ns + (uint64_t)i * GAP_US * VTAP_NS_PER_US);
	}
	elapsed_us = (vtap_clock_mono_ns() - start_ns) / VTAP_NS_PER_US;
	waits = waits_count() - waits;
	rig_settle(rig, 0);
	/* twice in each time of gathering: for it, and for more packets behind it */
	if (waits > 2 * elapsed_us / GATHER_US + SLACK)
		print_error("%ju waits in %ju us\n", (uintmax_t)waits, (uintmax_t)elapsed_us);
	assert_true(waits <= 2 * elapsed_us / GATHER_US + SLACK);
}

static void test_worker_when_its_slot_had_another_worker_then_counts_go_on(void **state)
{
	struct rig *rig = *state;

	for (uint32_t i = 1; i <= 3; i++) {
		worker_start(rig, 0);
		frame_send(rig, 1, i, 60);
		rig_settle(rig, 0);
		assert_int_equal(rig_totals(rig).received, i);
		worker_stop(rig, 0);
	}
	assert_int_equal(session_delivered(rig, SESSION_WEB), 3);
}

static void test_worker_when_the_socket_overflows_then_the_kernel_s_drops_make_up_the_rest(
	void **state)
{
	const struct vtap_socket_spec spec = { PORT, NULL, 64 << 10 };
	struct vtap_err err = VTAP_ERR_NULL;
	struct rig *rig = *state;
	int fd = -1;

	assert_int_equal(vtap_socket_open(&spec, &fd, &err), 0);
	for (uint32_t i = 0; i < 2000; i++) /* far more than it holds, before anybody reads */
		frame_send(rig, 1, i, 60);
	worker_start_on(rig, 0, fd);
	rig_settle(rig, 0);
	worker_stop(rig, 0);
	assert_true(rig->n_dropped > 0);
	assert_int_equal(rig_totals(rig).received + rig->n_dropped, rig->n_sent);
}

static void test_worker_when_the_tap_is_full_then_refused_and_still_adds_up(void **state)
{
	struct rig *rig = *state;
	uint64_t deadline_ns = 0;

	worker_start(rig, 0);
	for (uint32_t i = 0; i < 3000; i++) { /* nobody reads the sensor's end meanwhile */
		frame_send(rig, 1, i, 60);
		while (rig_totals(rig).received + rig_drops(rig) + 100 < rig->n_sent)
			assert_true(wait_more(&deadline_ns));
	}
	while (rig_totals(rig).received + rig_drops(rig) < rig->n_sent)
		assert_true(wait_more(&deadline_ns));
	sensors_read(rig);
	assert_true(rig_totals(rig).verdicts[VTAP_VERDICT_WRITE_REFUSED] > 0);
	assert_int_equal(rig->n_read[SESSION_WEB], session_delivered(rig, SESSION_WEB));
}

#define on_rig(test) cmocka_unit_test_setup_teardown(test, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_rig(test_worker_when_frames_come_then_written_byte_for_byte),
		on_rig(test_worker_when_one_flow_then_its_frames_stay_in_order),
		on_rig(test_worker_when_any_packet_comes_then_one_verdict),
		on_rig(test_worker_when_packets_come_then_their_interface_is_remembered),
		on_rig(test_worker_when_a_packet_comes_from_our_own_interface_then_not_allowed),
		on_rig(test_worker_when_reserved_bits_then_delivered_and_counted),
		on_rig(test_worker_when_random_vnis_flood_then_every_frame_is_remembered_or_forgotten),
		on_rig(test_table_when_swapped_under_load_then_old_ones_are_freed_and_sums_hold),
		on_rig(test_worker_when_started_late_then_the_waiting_packets_are_delivered),
		on_rig(test_worker_when_stopped_then_its_socket_was_read_empty),
		on_rig(test_workers_when_one_of_two_stops_then_the_other_takes_all),
		on_rig(test_worker_when_packets_come_one_by_one_then_it_is_woken_for_many_at_once),
		on_rig(test_worker_when_its_slot_had_another_worker_then_counts_go_on),
		on_rig(test_worker_when_the_socket_overflows_then_the_kernel_s_drops_make_up_the_rest),
		on_rig(test_worker_when_the_tap_is_full_then_refused_and_still_adds_up),
	};

	namespace_enter_or_skip();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
