// SPDX-License-Identifier: Apache-2.0
#include "datapath/worker.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "datapath/receive.h"
#include "datapath/rights.h"
#include "datapath/sightings.h"
#include "datapath/thread.h"
#include "wire/vxlan.h"

/* How long a worker that was told to stop reads on where new packets go on coming: in a socket that
 * somebody else keeps, or that could not be shut. */
#define DRAIN_NS (50 * VTAP_NS_PER_MS)

/* What a worker that found less than a batch gives the next packets to gather, so that it is not
 * woken for each: the most that a frame waits (and the kernel's timer slack, 50 us), and only
 * behind another one. At 200,000 frames a second it takes a third off the price of each with 50 us,
 * two fifths with 100, half with 200 (measured). */
#define GATHER_NS (100 * VTAP_NS_PER_US)

/* Chances to gather that are left out behind one that was in vain. */
#define VAIN_SKIPS 8

/* The longest that a worker without packets stands still: it must be seen to move. */
#define WAIT_MS 1000

/* No session: the packet was dropped before one was found. */
#define NO_SESSION UINT32_MAX

/** struct fate - what became of one packet of a batch */
struct fate {
	enum vtap_verdict verdict;
	bool is_own; /* it came in on one of our own interfaces */
	bool has_vni;
	bool has_reserved_bits;
	bool is_truncated;
	uint32_t vni;
	uint32_t i_session; /* or NO_SESSION */
	uint32_t n_bytes;   /* of the inner frame */
};

struct vtap_worker {
	pthread_t thread;
	int socket_fd;
	int wake_fd; /* eventfd: look at is_stopping */
	atomic_bool is_stopping;
	bool keeps_socket;        /* written before is_stopping */
	atomic_bool is_over;      /* the thread has nothing left to do */
	_Atomic uint64_t beat_ns; /* CLOCK_MONOTONIC of the last round */
	unsigned i_slot;
	struct vtap_slot *slot;
	const struct vtap_publication *publication;
	_Atomic(const struct vtap_table *) borrowed; /* NULL between rounds */
	struct vtap_receiver *receiver;
	uint64_t found_ns;     /* when packets were found the last time */
	bool has_gathered;     /* before the last round */
	bool gathered_behind;  /* that gathering followed another one */
	unsigned n_skips[2];   /* chances to gather that are left out, by what is before */
	int foreign_interface; /* the last interface that was not ours */
	struct vtap_packet packet[VTAP_BATCH_MAX];
	struct fate fate[VTAP_BATCH_MAX];
};

/* ---- the table, borrowed for a round ---- */

static const struct vtap_table *table_borrow(struct vtap_worker *worker)
{
	const struct vtap_table *table;

	do {
		table = atomic_load_explicit(&worker->publication->table, memory_order_acquire);
		/* seq_cst: announced before the second look, in the one order that main sees too */
		atomic_store_explicit(&worker->borrowed, table, memory_order_seq_cst);
	} while (table != atomic_load_explicit(&worker->publication->table, memory_order_seq_cst));
	return table;
}

static void table_give_back(struct vtap_worker *worker)
{
	/* release: every use of the table is over before main may free it */
	atomic_store_explicit(&worker->borrowed, NULL, memory_order_release);
}

bool vtap_worker_uses(const struct vtap_worker *worker, const struct vtap_table *table)
{
	return atomic_load_explicit(&worker->borrowed, memory_order_seq_cst) == table;
}

/* ---- one packet ---- */

/* A mirrored frame that the host's stack took for its own comes in again through a tap interface.
 */
static bool is_from_outside(
	struct vtap_worker *worker, const struct vtap_table *table, int interface_index)
{
	if (interface_index == worker->foreign_interface)
		return true;
	if (vtap_table_is_own(table, interface_index))
		return false;
	worker->foreign_interface = interface_index;
	return true;
}

/* write(2) without libc's wrapper, which is a cancellation point: two atomic operations more for
 * each frame in a thread that nobody cancels, 3 % of all that a frame costs. */
static bool tap_write(int tap_fd, struct vtap_view frame)
{
	return syscall(SYS_write, tap_fd, frame.data, frame.len_bytes) >= 0;
}

static enum vtap_verdict frame_write(int tap_fd, struct vtap_view frame)
{
	if (tap_fd < 0)
		return VTAP_VERDICT_INTERFACE_GONE;
	if (tap_write(tap_fd, frame)) /* a TAP takes a frame whole or not at all */
		return VTAP_VERDICT_DELIVERED;
	switch (errno) {
	case EIO:
		return VTAP_VERDICT_INTERFACE_DOWN;
	case EBADFD:
		return VTAP_VERDICT_INTERFACE_GONE;
	default:
		return VTAP_VERDICT_WRITE_REFUSED;
	}
}

static void packet_decide(struct vtap_worker *worker, const struct vtap_table *table,
	const struct vtap_packet *packet, struct fate *ret_fate)
{
	struct vtap_vxlan vxlan;
	struct vtap_match match;

	*ret_fate = (struct fate){
		.verdict = VTAP_VERDICT_NOT_ALLOWED,
		.i_session = NO_SESSION,
		.is_own = !is_from_outside(worker, table, packet->interface_index),
	};
	if (ret_fate->is_own || !vtap_table_allows(table, &packet->source))
		return;
	ret_fate->verdict = vtap_vxlan_parse(packet->payload, &vxlan);
	if (ret_fate->verdict != VTAP_VERDICT_DELIVERED)
		return;
	ret_fate->has_vni = true;
	ret_fate->vni = vxlan.vni;
	ret_fate->has_reserved_bits = vxlan.has_reserved_bits;
	ret_fate->n_bytes = (uint32_t)vxlan.inner.len_bytes;
	ret_fate->verdict = vtap_table_match(table, vxlan.vni, &packet->source, &match);
	if (ret_fate->verdict != VTAP_VERDICT_DELIVERED)
		return;
	ret_fate->i_session = match.i_session;
	ret_fate->is_truncated = vtap_frame_is_truncated(vxlan.inner);
	ret_fate->verdict =
		frame_write(vtap_table_exit(table, match.i_session)->tap_fd, vxlan.inner);
}

/* ---- counting a batch ---- */

static void cell_count(struct vtap_cell *cell, const struct fate *fate, uint64_t now_ns)
{
	switch (fate->verdict) {
	case VTAP_VERDICT_DELIVERED:
		vtap_count_shared(&cell->delivered, 1);
		vtap_count_shared(&cell->bytes, fate->n_bytes);
		if (fate->is_truncated)
			vtap_count_shared(&cell->truncated, 1);
		atomic_store_explicit(&cell->last_ns, now_ns, memory_order_release);
		break;
	case VTAP_VERDICT_INTERFACE_DOWN:
		vtap_count_shared(&cell->down, 1);
		break;
	case VTAP_VERDICT_INTERFACE_GONE:
		vtap_count_shared(&cell->gone, 1);
		break;
	default:
		vtap_count_shared(&cell->refused, 1);
	}
}

static bool fates_are_alike(const struct vtap_worker *worker, int i, int j)
{
	const struct fate *a = &worker->fate[i], *b = &worker->fate[j];

	return a->has_vni == b->has_vni && a->vni == b->vni && a->i_session == b->i_session &&
	       a->is_own == b->is_own && (a->i_session != NO_SESSION || a->verdict == b->verdict) &&
	       vtap_addr_compare(&worker->packet[i].source, &worker->packet[j].source) == 0;
}

/* Remember a source outside `allow`. The packets were not read: where a VNI is looked for stands
 * the source itself, or of IPv6 what is left of it when it is folded. */
static void refusal_note(struct vtap_worker *worker, const struct vtap_addr *source,
	uint32_t n_packets, uint64_t now_ns)
{
	uint32_t word[sizeof(source->byte) / sizeof(uint32_t)];

	memcpy(word, source->byte, sizeof(word));
	vtap_sightings_note(worker->slot->refused, VTAP_VERDICT_NOT_ALLOWED,
		word[0] ^ word[1] ^ word[2] ^ word[3], source, n_packets, 0, now_ns);
}

/* Remember the VNI of packets @first..@last-1, which are alike; of a session's only those that it
 * was shown, so that its VNIs add up to what was delivered. */
static void sighting_note(struct vtap_worker *worker, const struct vtap_table *table, int first,
	int last, uint64_t now_ns)
{
	const struct fate *fate = &worker->fate[first];
	bool is_carried = fate->i_session != NO_SESSION;
	uint64_t n_bytes = 0;
	uint32_t n_frames = 0;

	if (fate->verdict == VTAP_VERDICT_NOT_ALLOWED && !fate->is_own)
		refusal_note(
			worker, &worker->packet[first].source, (uint32_t)(last - first), now_ns);
	for (int i = first; i < last; i++) {
		if (is_carried && worker->fate[i].verdict != VTAP_VERDICT_DELIVERED)
			continue;
		n_bytes += worker->fate[i].n_bytes;
		n_frames++;
	}
	if (!fate->has_vni || n_frames == 0)
		return;
	vtap_sightings_note(is_carried ? worker->slot->carried : worker->slot->unknown,
		is_carried ? vtap_table_exit(table, fate->i_session)->tally->id
			   : (uint32_t)fate->verdict,
		fate->vni, &worker->packet[first].source, n_frames, n_bytes, now_ns);
}

static void batch_count(
	struct vtap_worker *worker, const struct vtap_table *table, int n, uint64_t now_ns)
{
	struct vtap_slot *slot = worker->slot;
	int first_alike = 0;

	vtap_slot_begin(slot);
	vtap_count(&slot->received, (uint64_t)n);
	for (int i = 0; i < n; i++) {
		const struct fate *fate = &worker->fate[i];

		vtap_count(&slot->verdicts[fate->verdict], 1);
		if (!fate->is_own)
			vtap_slot_see(slot, worker->packet[i].interface_index,
				fate->verdict == VTAP_VERDICT_DELIVERED);
		if (fate->has_reserved_bits)
			vtap_count(&slot->reserved_bits, 1);
		if (fate->i_session != NO_SESSION)
			cell_count(&vtap_table_exit(table, fate->i_session)
					    ->tally->cell[worker->i_slot],
				fate, now_ns);
		else if (fate->has_vni)
			vtap_count(&slot->unknown_bytes, fate->n_bytes);
		if (i + 1 < n && fates_are_alike(worker, first_alike, i + 1))
			continue;
		sighting_note(worker, table, first_alike, i + 1, now_ns);
		first_alike = i + 1;
	}
	vtap_slot_end(slot);
}

/* ---- the thread ---- */

/* One round. Return: packets handled; 0 when there was nothing; negative errno. */
static int worker_round(struct vtap_worker *worker)
{
	int n = vtap_receiver_batch(worker->receiver, worker->socket_fd, worker->packet);
	const struct vtap_table *table;

	if (n <= 0)
		return n;
	table = table_borrow(worker);
	worker->foreign_interface = -1; /* another table may know more */
	for (int i = 0; i < n; i++)
		packet_decide(worker, table, &worker->packet[i], &worker->fate[i]);
	batch_count(worker, table, n, vtap_clock_mono_ns());
	table_give_back(worker);
	return n;
}

static void worker_wait(const struct vtap_worker *worker)
{
	struct pollfd fds[] = {
		{ .fd = worker->socket_fd, .events = POLLIN },
		{ .fd = worker->wake_fd, .events = POLLIN },
	};

	(void)poll(fds, VTAP_ARRAY_LEN(fds),
		WAIT_MS); /* a failure is a spurious wake-up: the round looks again */
}

/* Let packets come together; the word to stop is heard meanwhile. */
static void worker_gather(const struct vtap_worker *worker)
{
	const struct timespec time = { .tv_nsec = GATHER_NS };
	struct pollfd wake = { .fd = worker->wake_fd, .events = POLLIN };

	(void)ppoll(&wake, 1, &time, NULL); /* a failure: the next round finds less */
}

static bool worker_is_stopping(const struct vtap_worker *worker)
{
	return atomic_load_explicit(&worker->is_stopping, memory_order_acquire);
}

static void worker_beat(struct vtap_worker *worker, uint64_t now_ns)
{
	/* relaxed: read alone, some seconds late is good enough */
	atomic_store_explicit(&worker->beat_ns, now_ns, memory_order_relaxed);
}

/* Is it worth a timer? Not for a while where it was in vain the last time: packets that come in
 * bursts are all there after the first gathering, and the second one finds nothing. */
static bool gathering_pays(struct vtap_worker *worker)
{
	unsigned *n_skips = &worker->n_skips[worker->has_gathered];

	if (*n_skips == 0)
		return true;
	(*n_skips)--;
	return false;
}

/* After a round that began at @now_ns and found @n packets. Gathering is for packets that come so
 * close that one more is likely in the time; for a single one now and then it would cost a timer.
 */
static void worker_rest(struct vtap_worker *worker, int n, uint64_t now_ns)
{
	uint64_t since_ns = now_ns - worker->found_ns;
	bool gathers;

	if (n == 0 && worker->has_gathered)
		worker->n_skips[worker->gathered_behind] = VAIN_SKIPS;
	if (n > 0)
		worker->found_ns = now_ns;
	gathers = n > 0 && n < VTAP_BATCH_MAX && since_ns < (uint64_t)n * GATHER_NS &&
		  gathering_pays(worker);
	worker->gathered_behind = worker->has_gathered;
	worker->has_gathered = gathers;
	if (gathers)
		worker_gather(worker);
	else if (n == 0) /* errors of a UDP socket are about single packets (ICMP) */
		worker_wait(worker);
}

/* Nothing new arrives at the socket from here on. A socket that cannot leave its group drops what
 * comes, which is counted at least. */
static bool socket_shut(const struct vtap_worker *worker)
{
	return vtap_socket_leave_group(worker->socket_fd) == 0 ||
	       vtap_socket_refuse(worker->socket_fd) == 0;
}

/* Told to stop: what the socket holds is read to the end. A socket that lives on stays in its group
 * and is read for a moment only: what is left waits in it. */
static void worker_drain(struct vtap_worker *worker)
{
	bool is_finite = !worker->keeps_socket && socket_shut(worker);
	uint64_t stop_ns = vtap_clock_mono_ns() + DRAIN_NS;
	int r = 1;

	/* errors of a UDP socket are about single packets; one that lasts ends with the time */
	while (r != 0 && ((r > 0 && is_finite) || vtap_clock_mono_ns() < stop_ns)) {
		worker_beat(worker, vtap_clock_mono_ns());
		r = worker_round(worker);
	}
}

static void *worker_run(void *arg)
{
	struct vtap_worker *worker = arg;

	vtap_rights_keep_only(VTAP_RIGHTS_NONE); /* all that needs any was done by main */
	while (!worker_is_stopping(worker)) {
		uint64_t now_ns = vtap_clock_mono_ns();

		worker_beat(worker, now_ns);
		worker_rest(worker, worker_round(worker), now_ns);
	}
	worker_drain(worker);
	/* release: whoever sees it sees all that was counted */
	atomic_store_explicit(&worker->is_over, true, memory_order_release);
	return NULL;
}

static void worker_free(struct vtap_worker *worker)
{
	if (worker == NULL)
		return;
	vtap_receiver_free(worker->receiver);
	(void)vtap_fd_close(worker->socket_fd);
	(void)vtap_fd_close(worker->wake_fd);
	free(worker);
}
VTAP_FREEP(worker, struct vtap_worker, worker_free)

int vtap_worker_start(
	const struct vtap_worker_spec *spec, struct vtap_worker **ret_worker, struct vtap_err *err)
{
	_auto_fd int socket_fd = spec->socket_fd;
	_auto(worker) struct vtap_worker *worker = calloc(1, sizeof(*worker));
	int r;

	if (worker == NULL)
		return -ENOMEM;
	worker->socket_fd = vtap_steal_fd(&socket_fd);
	worker->i_slot = spec->i_slot;
	worker->slot = spec->slot;
	worker->publication = spec->publication;
	worker_beat(worker, vtap_clock_mono_ns());
	worker->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (worker->wake_fd < 0)
		return vtap_err_set(err, -errno, "eventfd: %s", vtap_errno_text(errno));
	r = vtap_receiver_new(&worker->receiver);
	if (r == 0)
		r = vtap_thread_start(&worker->thread, "vtapd-worker", worker_run, worker);
	if (r < 0)
		return vtap_err_set(err, r, "cannot start a worker: %s", vtap_errno_text(r));
	*ret_worker = vtap_steal(&worker);
	return 0;
}

void vtap_worker_ask(struct vtap_worker *worker, bool keeps_socket)
{
	if (worker_is_stopping(worker))
		return;
	worker->keeps_socket = keeps_socket;
	atomic_store_explicit(&worker->is_stopping, true, memory_order_release);
	vtap_thread_wake(worker->wake_fd);
}

bool vtap_worker_is_over(const struct vtap_worker *worker)
{
	return atomic_load_explicit(&worker->is_over, memory_order_acquire);
}

void vtap_worker_end(struct vtap_worker *worker, uint32_t *ret_drops)
{
	(void)pthread_join(worker->thread, NULL); /* our own thread */
	if (ret_drops != NULL)
		(void)vtap_socket_drops(worker->socket_fd, ret_drops); /* refused: as it was */
	worker_free(worker);
}

int vtap_worker_socket(const struct vtap_worker *worker)
{
	return worker->socket_fd;
}

uint64_t vtap_worker_beat_ns(const struct vtap_worker *worker)
{
	return atomic_load_explicit(&worker->beat_ns, memory_order_relaxed); /* see worker_beat() */
}
