// SPDX-License-Identifier: Apache-2.0
/*
 * Count: a sensor that reads an interface through a TPACKET_V3 ring, as Suricata and Zeek do, and
 * does nothing with the frames but count them, and name those of load's numbers that are missing,
 * come twice or late.
 *
 * usage: count INTERFACE|all CORE RING_MIB
 * One line of JSON at the beginning (it listens), one for each line on stdin (what was counted so
 * far), and it ends with stdin.
 */
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "tests/bench/core.h"
#include "tests/bench/packet.h"

#define BLOCK_BYTES (1U << 20)
#define FRAME_BYTES (1U << 11) /* says nothing in TPACKET_V3, where frames lie side by side */
#define RETIRE_MS   20
#define GAPS_SHOWN  8
#define WORD_BITS   64

struct numbers {
	uint64_t *seen; /* one bit for each */
	uint64_t n_words, n_distinct, n_duplicate, n_reordered, next;
	uint64_t next_of_flow[PACKET_FLOWS];
};

struct sensor {
	int fd;
	uint8_t *ring;
	unsigned n_blocks, i_block;
	uint64_t n_frames, n_bytes, n_dropped;
	struct numbers numbers;
};

/* ---- the numbers of load's frames ---- */

static void numbers_reach(struct numbers *numbers, uint64_t number)
{
	uint64_t n_words = numbers->n_words == 0 ? 1 << 14 : numbers->n_words;

	while (number / WORD_BITS >= n_words)
		n_words *= 2;
	if (n_words == numbers->n_words)
		return;
	numbers->seen = reallocarray(numbers->seen, n_words, sizeof(*numbers->seen));
	must(numbers->seen == NULL ? -1 : 0);
	memset(numbers->seen + numbers->n_words, 0,
		(n_words - numbers->n_words) * sizeof(*numbers->seen));
	numbers->n_words = n_words;
}

static void number_note(struct numbers *numbers, uint64_t number)
{
	uint64_t bit = 1ULL << (number % WORD_BITS),
		 *next = &numbers->next_of_flow[number % PACKET_FLOWS];

	numbers_reach(numbers, number);
	if (numbers->seen[number / WORD_BITS] & bit) {
		numbers->n_duplicate++;
		return;
	}
	numbers->seen[number / WORD_BITS] |= bit;
	numbers->n_distinct++;
	if (number < *next)
		numbers->n_reordered++;
	else
		*next = number + 1;
	if (number >= numbers->next)
		numbers->next = number + 1;
}

static bool number_is_seen(const struct numbers *numbers, uint64_t number)
{
	return (numbers->seen[number / WORD_BITS] >> (number % WORD_BITS)) & 1;
}

/* The first runs of numbers that are missing below the highest one: [[first, last], ...] */
static void gaps_print(const struct numbers *numbers)
{
	unsigned n_shown = 0;

	(void)printf("[");
	for (uint64_t i = 0; i < numbers->next && n_shown < GAPS_SHOWN; i++) {
		uint64_t first = i;

		while (i < numbers->next && !number_is_seen(numbers, i))
			i++;
		if (i > first)
			(void)printf("%s[%lu, %lu]", n_shown++ == 0 ? "" : ", ", first, i - 1);
	}
	(void)printf("]"); /* of these: whoever reads it misses the line */
}

/* ---- the ring ---- */

static void sensor_open(struct sensor *sensor, const char *interface, unsigned n_mib)
{
	static const int VERSION = TPACKET_V3;
	struct tpacket_req3 request = {
		.tp_block_size = BLOCK_BYTES,
		.tp_block_nr = n_mib,
		.tp_frame_size = FRAME_BYTES,
		.tp_frame_nr = n_mib * (BLOCK_BYTES / FRAME_BYTES),
		.tp_retire_blk_tov = RETIRE_MS,
	};
	struct sockaddr_ll address = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	size_t n_bytes = (size_t)n_mib * BLOCK_BYTES;

	if (strcmp(interface, "all") != 0)
		address.sll_ifindex =
			must((int)if_nametoindex(interface) - 1) + 1; /* 0: no such one */
	sensor->n_blocks = n_mib;
	sensor->fd = must(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
	must(setsockopt(sensor->fd, SOL_PACKET, PACKET_VERSION, &VERSION, sizeof(VERSION)));
	must(setsockopt(sensor->fd, SOL_PACKET, PACKET_RX_RING, &request, sizeof(request)));
	sensor->ring = mmap(
		NULL, n_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, sensor->fd, 0);
	must(sensor->ring == MAP_FAILED ? -1 : 0);
	must(bind(sensor->fd, (const struct sockaddr *)&address, sizeof(address)));
}

static void block_count(struct sensor *sensor, const struct tpacket_block_desc *block)
{
	const uint8_t *at = (const uint8_t *)block + block->hdr.bh1.offset_to_first_pkt;

	for (uint32_t i = 0; i < block->hdr.bh1.num_pkts; i++) {
		const struct tpacket3_hdr *frame = (const struct tpacket3_hdr *)at;
		uint64_t number;

		sensor->n_frames++;
		sensor->n_bytes += frame->tp_len;
		if (packet_is_ours(at + frame->tp_mac, frame->tp_snaplen, &number))
			number_note(&sensor->numbers, number);
		at += frame->tp_next_offset;
	}
}

/* Count what the kernel has handed over. */
static void sensor_read(struct sensor *sensor)
{
	while (true) {
		struct tpacket_block_desc *block =
			(struct tpacket_block_desc *)(sensor->ring +
						      (size_t)sensor->i_block * BLOCK_BYTES);

		/* acquire: the frames are there when the status says so */
		if ((__atomic_load_n(&block->hdr.bh1.block_status, __ATOMIC_ACQUIRE) &
			    TP_STATUS_USER) == 0)
			return;
		block_count(sensor, block);
		/* release: we are done with the frames before the kernel may write */
		__atomic_store_n(&block->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
		sensor->i_block = (sensor->i_block + 1) % sensor->n_blocks;
	}
}

static void sensor_print(struct sensor *sensor)
{
	struct tpacket_stats_v3 statistics; /* since it was read last */
	socklen_t length = sizeof(statistics);

	must(getsockopt(sensor->fd, SOL_PACKET, PACKET_STATISTICS, &statistics, &length));
	sensor->n_dropped += statistics.tp_drops;
	(void)printf("{\"frames\": %lu, \"bytes\": %lu, \"dropped\": %lu, ", sensor->n_frames,
		sensor->n_bytes, sensor->n_dropped);
	(void)printf("\"distinct\": %lu, \"duplicate\": %lu, \"reordered\": %lu, \"gaps\": ",
		sensor->numbers.n_distinct, sensor->numbers.n_duplicate,
		sensor->numbers.n_reordered);
	gaps_print(&sensor->numbers);
	(void)puts("}"); /* of these: as in gaps_print() */
	must(fflush(stdout));
}

int main(int argc, char **argv)
{
	struct sensor sensor = { 0 };
	char line[64];

	if (argc != 4)
		return 64;
	sensor_open(&sensor, argv[1], (unsigned)number_read(argv[3]));
	core_take((unsigned)number_read(argv[2]));
	sensor_print(&sensor);
	while (true) {
		struct pollfd fds[] = { { .fd = sensor.fd, .events = POLLIN },
			{ .fd = STDIN_FILENO, .events = POLLIN } };

		must(poll(fds, VTAP_ARRAY_LEN(fds), -1));
		sensor_read(&sensor);
		if (fds[1].revents == 0)
			continue;
		if (read(STDIN_FILENO, line, sizeof(line)) <= 0)
			return EXIT_SUCCESS;
		sensor_print(&sensor);
	}
}
