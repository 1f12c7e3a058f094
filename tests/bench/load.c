// SPDX-License-Identifier: Apache-2.0
/*
 * Load: numbered VXLAN packets out of an interface, as fast as one core can or at a steady rate.
 *
 * On a veth the other end's whole work is done in the sender's system call (softirq on the same
 * core), so the time that sending takes is the cost of sending and receiving together.
 *
 * usage: load INTERFACE KEY=NUMBER...
 *	core=0 size=128 (bytes of the inner frame) vni=1 vnis=1 (how many, from vni on)
 *	frames=N seconds=N (whichever is over first; SIGTERM ends it, too) rate=N (frames a second)
 *	burst=N (at a steady rate: how many follow each other at once)
 * Prints JSON: sent (accepted by the kernel), refused (tried again), wall_ns, busy_ns (in system
 * calls), waited_ns (while something else had the core; part of the others).
 */
#include <linux/if_packet.h>
#include <net/if.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>

#include "base/clock.h"
#include "tests/bench/core.h"
#include "tests/bench/packet.h"

/* sendmmsg() at once: as many as a NIC's driver hands over in one poll */
#define BATCH 64
/* At a steady rate: short bursts, so that queues are not what is measured */
#define BATCH_PACED 16

/* Gaps below this are not slept: a sleep ends some microseconds late, and what is late is made up
 * for by a burst */
#define SLEPT_NS (60 * VTAP_NS_PER_US)

#define SEND_BUFFER_BYTES (64 << 20)

static const uint8_t SENDER_MAC[] = { 0x02, 0, 0, 0, 0x77, 0x01 };
static const uint8_t TARGET_MAC[] = { 0x02, 0, 0, 0, 0x77, 0x02 };
static const uint8_t INNER_SOURCE_MAC[] = { 0x02, 0, 0, 0, 0, 0x0a };
static const uint8_t INNER_TARGET_MAC[] = { 0x02, 0, 0, 0, 0, 0x0b };

struct wish {
	uint64_t i_core, size_bytes, vni, n_vnis, n_frames, seconds, rate, burst;
};

struct load {
	struct wish wish;
	int fd;
	uint8_t *buffer; /* BATCH packets */
	struct iovec iov[BATCH];
	struct mmsghdr message[BATCH];
	uint64_t n_sent, n_refused, busy_ns;
};

static volatile sig_atomic_t is_over;

static void over(int number)
{
	(void)number;
	is_over = 1;
}

/* ---- packets ---- */

static struct packet *packet_at(struct load *load, unsigned i)
{
	return (struct packet *)(load->buffer + i * load->iov[0].iov_len);
}

static void packet_make(struct packet *packet, size_t size_bytes)
{
	struct packet_inner *inner = &packet->inner;

	packet_headers_fill(&packet->outer, inet_addr("10.77.0.1"), inet_addr("10.77.0.2"),
		sizeof(packet->vxlan) + size_bytes);
	memcpy(packet->outer.eth.h_source, SENDER_MAC, ETH_ALEN);
	memcpy(packet->outer.eth.h_dest, TARGET_MAC, ETH_ALEN);
	packet->outer.udp.dest = htons(PACKET_PORT);
	packet->vxlan[0] = 0x08; /* the VNI is valid: RFC 7348 section 5 */
	packet_headers_fill(&inner->headers, inet_addr("10.0.3.17"), inet_addr("10.0.7.9"),
		size_bytes - sizeof(inner->headers));
	memcpy(inner->headers.eth.h_source, INNER_SOURCE_MAC, ETH_ALEN);
	memcpy(inner->headers.eth.h_dest, INNER_TARGET_MAC, ETH_ALEN);
	inner->headers.udp.dest = htons(443);
	inner->mark_be = htonl(PACKET_MARK);
}

static void packets_make(struct load *load)
{
	size_t n_bytes = PACKET_OUTER_BYTES + load->wish.size_bytes;

	load->buffer = calloc(BATCH, n_bytes);
	must(load->buffer == NULL ? -1 : 0);
	for (unsigned i = 0; i < BATCH; i++) {
		load->iov[i] = (struct iovec){ load->buffer + i * n_bytes, n_bytes };
		load->message[i].msg_hdr.msg_iov = &load->iov[i];
		load->message[i].msg_hdr.msg_iovlen = 1;
		packet_make(packet_at(load, i), load->wish.size_bytes);
	}
}

/* ---- sending ---- */

static int socket_open(const char *interface)
{
	static const int ON = 1, BUFFER = SEND_BUFFER_BYTES;
	struct sockaddr_ll address = { .sll_family = AF_PACKET,
		.sll_ifindex = (int)if_nametoindex(interface) };
	int fd = must(
		socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0)); /* protocol 0: receives nothing */

	must(address.sll_ifindex == 0 ? -1 : 0);
	must(setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &ON, sizeof(ON)));
	must(setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &BUFFER, sizeof(BUFFER)));
	must(bind(fd, (const struct sockaddr *)&address, sizeof(address)));
	return fd;
}

/* Packets that the kernel refused are tried again, with their numbers: what was sent has no gap. */
static void batch_send(struct load *load, unsigned n)
{
	uint64_t begin_ns;

	for (unsigned i = 0; i < n; i++)
		packet_number_set(packet_at(load, i), load->n_sent + i,
			(uint32_t)(load->wish.vni + (load->n_sent + i) % load->wish.n_vnis));
	begin_ns = vtap_clock_mono_ns();
	for (unsigned i = 0; i < n;) {
		int r = sendmmsg(load->fd, load->message + i, n - i, 0);

		must(r < 0 && errno != EAGAIN && errno != ENOBUFS && errno != EINTR ? -1 : 0);
		if (r < 0)
			load->n_refused++;
		else
			i += (unsigned)r;
	}
	load->busy_ns += vtap_clock_mono_ns() - begin_ns;
	load->n_sent += n;
}

/* Wait until frame number n_sent is due. */
static void pace(const struct load *load, uint64_t begin_ns)
{
	const struct wish *wish = &load->wish;
	uint64_t due_ns = begin_ns + (uint64_t)((double)load->n_sent / (double)wish->rate *
						(double)VTAP_NS_PER_S);
	struct timespec due = { .tv_sec = (time_t)(due_ns / VTAP_NS_PER_S),
		.tv_nsec = (long)(due_ns % VTAP_NS_PER_S) };

	if (wish->burst * VTAP_NS_PER_S / wish->rate < SLEPT_NS) {
		while (!is_over && vtap_clock_mono_ns() < due_ns)
			;
		return;
	}
	(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due,
		NULL); /* a signal: early, and the caller looks */
}

static void load_run(struct load *load, uint64_t begin_ns)
{
	const struct wish *wish = &load->wish;
	uint64_t end_ns =
		wish->seconds == 0 ? UINT64_MAX : begin_ns + wish->seconds * VTAP_NS_PER_S;
	uint64_t n_most = wish->rate == 0 ? BATCH : wish->burst;

	while (!is_over && load->n_sent < wish->n_frames) {
		uint64_t n_left = wish->n_frames - load->n_sent;

		if (wish->rate != 0)
			pace(load, begin_ns);
		if (vtap_clock_mono_ns() >= end_ns)
			break;
		batch_send(load, (unsigned)(n_left < n_most ? n_left : n_most));
	}
}

/* How long this thread could have run so far and did not: something else had the core, or real-time
 * its share of it. 0 where the kernel does not count it. */
static uint64_t waited_ns(void)
{
	_auto_file FILE *file = fopen("/proc/thread-self/schedstat", "re");
	char line[64]; /* time on the core, time waited for it, how often */
	const char *waited;

	if (file == NULL || fgets(line, sizeof(line), file) == NULL)
		return 0;
	waited = strchr(line, ' ');
	return waited == NULL ? 0 : strtoull(waited, NULL, 10);
}

/* ---- arguments ---- */

static void wish_read(struct wish *wish, char *argument)
{
	const struct {
		const char *key;
		uint64_t *value;
	} keys[] = {
		{ "core", &wish->i_core },
		{ "size", &wish->size_bytes },
		{ "vni", &wish->vni },
		{ "vnis", &wish->n_vnis },
		{ "frames", &wish->n_frames },
		{ "seconds", &wish->seconds },
		{ "rate", &wish->rate },
		{ "burst", &wish->burst },
	};
	char *value = strchr(argument, '=');

	for (size_t i = 0; value != NULL && i < VTAP_ARRAY_LEN(keys); i++) {
		size_t n = (size_t)(value - argument);

		if (strlen(keys[i].key) == n && strncmp(argument, keys[i].key, n) == 0) {
			*keys[i].value = number_read(value + 1);
			return;
		}
	}
	(void)fprintf(stderr, "\"%s\" is not KEY=NUMBER\n", argument); /* as in must() */
	exit(64);
}

int main(int argc, char **argv)
{
	struct load load = { .wish = { .size_bytes = 128,
				     .vni = 1,
				     .n_vnis = 1,
				     .n_frames = UINT64_MAX,
				     .burst = BATCH_PACED } };
	struct sigaction action = { .sa_handler = over };
	uint64_t begin_ns, begin_waited_ns, end_ns;

	for (int i = 2; i < argc; i++)
		wish_read(&load.wish, argv[i]);
	if (argc < 2 || load.wish.size_bytes < sizeof(struct packet_inner) ||
		load.wish.size_bytes > UINT16_MAX / 2 || load.wish.n_vnis == 0 ||
		load.wish.burst == 0 || load.wish.burst > BATCH)
		return 64;
	must(sigaction(SIGTERM, &action, NULL));
	packets_make(&load);
	load.fd = socket_open(argv[1]);
	core_take((unsigned)load.wish.i_core);
	begin_waited_ns = waited_ns();
	begin_ns = vtap_clock_mono_ns();
	load_run(&load, begin_ns);
	end_ns = vtap_clock_mono_ns();
	(void)printf("{\"sent\": %lu, \"refused\": %lu, \"wall_ns\": %lu, \"busy_ns\": %lu, "
		     "\"waited_ns\": %lu}\n",
		load.n_sent, load.n_refused, end_ns - begin_ns, load.busy_ns,
		waited_ns() - begin_waited_ns); /* whoever reads it misses the line */
	(void)vtap_fd_close(load.fd);           /* always -1 */
	free(load.buffer);
	return EXIT_SUCCESS;
}
