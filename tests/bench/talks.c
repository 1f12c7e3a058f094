// SPDX-License-Identifier: Apache-2.0
/*
 * The guard and its samples without a wire (BPF_PROG_TEST_RUN), with the rights of the service.
 *
 * usage: talks cost ROUNDS
 *	What the guard costs: nanoseconds for a frame, by what it does with it. Prints a JSON object
 *	of arrays, one number for each round; who comes first in one round comes last in the next.
 * usage: talks judge <FRAMES
 *	What a sample says of frames: each is a length of four bytes and the frame; these lengths
 *	have none: OPEN (a window), PROVES, ANSWERS (its times go on), CLOSE. Prints a JSON array
 *for each window: conversations noted, judged, and one-way.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "daemon/one_way.h"
#include "fastpath/guard.h"
#include "fastpath/layout.h"
#include "tests/unit/rights.h"

/* Runs of one measurement: some milliseconds. */
#define REPEAT 100000

#define ROUNDS_MAX 1000

#define FRAME_MAX 256

/* Lengths that are none; tests/bench/oneway.py has them, too */
#define OPEN    0xfffffff0U
#define PROVES  0xfffffff1U
#define ANSWERS 0xfffffff2U
#define CLOSE   0xfffffff3U

/* Long enough for whatever is put through in one window. */
#define HOUR_NS (3600 * VTAP_NS_PER_S)

static const uint8_t TCP4[] = { 2, 0, 0, 0, 0, 11, 2, 0, 0, 0, 0, 10, 8, 0, 0x45, 0, 0, 100, 0, 0,
	0, 0, 64, IPPROTO_TCP, 0, 0, 10, 0, 3, 17, 10, 0, 7, 9, 0x9c, 0x40, 1, 0xbb, 0, 0, 0, 1, 0,
	0, 0, 1, 0x50, 0x10, 1, 1, [127] = 0 };
static const uint8_t UDP4[] = { 2, 0, 0, 0, 0, 11, 2, 0, 0, 0, 0, 10, 8, 0, 0x45, 0, 0, 100, 0, 0,
	0, 0, 64, IPPROTO_UDP, 0, 0, 10, 0, 3, 17, 10, 0, 7, 9, 0x9c, 0x40, 1, 0xbb, [127] = 0 };
static const uint8_t TCP6[] = { 2, 0, 0, 0, 0, 11, 2, 0, 0, 0, 0, 10, 0x86, 0xdd, 0x60, 0, 0, 0, 0,
	60, IPPROTO_TCP, 64, 0x20, 1, [37] = 1, 0x20, 1, [53] = 2, 0x9c, 0x40, 1, 0xbb, 0, 0, 0, 1,
	0, 0, 0, 1, 0x50, 0x10, 1, 1, [127] = 0 };

static void must(bool is_good, const char *what)
{
	if (is_good)
		return;
	(void)fprintf(stderr, "talks: %s: %s\n", what, strerror(errno));
	exit(1);
}

static struct vtap_fast_guard guard_open(void)
{
	_auto_fd int guarded = bpf_map_create(BPF_MAP_TYPE_PERCPU_ARRAY, "guarded",
		sizeof(uint32_t), sizeof(struct vtap_fast_guarded), VTAP_FAST_SLOTS_MIN, NULL);
	struct vtap_fast_guard guard;
	struct vtap_err err = VTAP_ERR_NULL;

	must(guarded >= 0, "make a map");
	if (vtap_fast_guard_load(guarded, &guard, &err) < 0) {
		(void)fprintf(stderr, "talks: %s\n", err.text);
		exit(77);
	}
	return guard;
}

/* Return: nanoseconds that one run took. */
static double put(int fd, const uint8_t *byte, uint32_t n, uint32_t repeat)
{
	LIBBPF_OPTS(
		bpf_test_run_opts, opts, .data_in = byte, .data_size_in = n, .repeat = (int)repeat);

	must(bpf_prog_test_run_opts(fd, &opts) == 0, "run the guard");
	return opts.duration;
}

static void window_set(const struct vtap_fast_guard *guard, const struct vtap_fast_window *window)
{
	static const uint32_t zero;

	must(bpf_map_update_elem(guard->window_fd, &zero, window, BPF_ANY) == 0, "set the window");
}

/* ---- what was noted ---- */

struct judged {
	unsigned n_noted, n_judged, n_one_way;
};

static void talk_judge(
	void *arg, const struct vtap_fast_talk_key *key, const struct vtap_fast_talk *talk)
{
	struct judged *judged = arg;
	enum vtap_talk_verdict verdict = vtap_talk_judge(talk);

	(void)key;
	judged->n_noted++;
	judged->n_judged += verdict != VTAP_TALK_SAYS_NOTHING;
	judged->n_one_way += verdict == VTAP_TALK_IS_ONE_WAY;
}

/* ---- what it costs ---- */

static const struct kind {
	const char *name;
	bool is_guard;    /* else a program that does nothing: what running one costs */
	uint64_t open_ns; /* how long the window is open from now on; 0: it is not */
	uint64_t mask;
	const uint8_t *byte;
} KINDS[] = {
	{ "nothing", false, 0, 0, TCP4 },
	{ "shut", true, 0, 0, TCP4 },
	{ "over", true, 1, 0, TCP4 },
	{ "other", true, HOUR_NS, 0, UDP4 },
	{ "passed_over", true, HOUR_NS, UINT64_MAX, TCP4 },
	{ "noted", true, HOUR_NS, 0, TCP4 },
	{ "noted6", true, HOUR_NS, 0, TCP6 },
};

static double kind_measure(const struct vtap_fast_guard *guard, const struct kind *kind)
{
	uint64_t now_ns = vtap_clock_mono_ns();
	const struct vtap_fast_window window = {
		.until_ns = kind->open_ns != 0 ? now_ns + kind->open_ns : 0,
		.proves_to_ns = now_ns + HOUR_NS,
		.seed = 4711,
		.mask = kind->mask,
	};

	window_set(guard, &window);
	return put(kind->is_guard ? guard->in_fd : guard->out_fd, kind->byte, sizeof(TCP4), REPEAT);
}

/* What reading as many conversations as there is room for takes, in nanoseconds for each. */
static double read_measure(const struct vtap_fast_guard *guard)
{
	uint8_t byte[sizeof(TCP4)];
	struct judged judged = { 0 };
	uint64_t begin_ns;

	(void)kind_measure(guard, &KINDS[VTAP_ARRAY_LEN(KINDS) - 1]);
	memcpy(byte, TCP4, sizeof(byte));
	for (uint32_t i = 0; i < VTAP_FAST_TALKS_MAX / 2; i++) {
		memcpy(&byte[26], &i, sizeof(i));
		(void)put(guard->in_fd, byte, sizeof(byte), 1);
	}
	begin_ns = vtap_clock_mono_ns();
	must(vtap_fast_guard_close_window(guard, talk_judge, &judged) == 0, "close the window");
	return (double)(vtap_clock_mono_ns() - begin_ns) / judged.n_noted;
}

static void array_print(const char *name, const double *found, unsigned n, const char *end)
{
	(void)printf("\"%s\": [", name);
	for (unsigned i = 0; i < n; i++)
		(void)printf("%s%.0f", i == 0 ? "" : ", ", found[i]);
	(void)printf("]%s", end);
}

static int cost(const struct vtap_fast_guard *guard, unsigned n_rounds)
{
	static double found[VTAP_ARRAY_LEN(KINDS)][ROUNDS_MAX], read[ROUNDS_MAX];
	size_t n = VTAP_ARRAY_LEN(KINDS);

	must(n_rounds > 0 && n_rounds <= ROUNDS_MAX, "rounds");
	for (unsigned i = 0; i < n_rounds; i++) {
		read[i] = read_measure(guard);
		for (size_t j = 0; j < n; j++)
			found[(i + j) % n][i] = kind_measure(guard, &KINDS[(i + j) % n]);
	}
	(void)printf("{");
	for (size_t j = 0; j < n; j++)
		array_print(KINDS[j].name, found[j], n_rounds, ", ");
	array_print("read", read, n_rounds, "}\n");
	return 0;
}

/* ---- what it says ---- */

static void window_close(const struct vtap_fast_guard *guard)
{
	struct judged judged = { 0 };

	must(vtap_fast_guard_close_window(guard, talk_judge, &judged) == 0, "close the window");
	(void)printf("[%u, %u, %u]\n", judged.n_noted, judged.n_judged, judged.n_one_way);
}

/* The times of a window are set, and not waited for. */
static void window_step(const struct vtap_fast_guard *guard, uint32_t step)
{
	uint64_t now_ns = vtap_clock_mono_ns(), end_ns = now_ns + HOUR_NS;
	struct vtap_fast_window window = { .until_ns = end_ns, .seed = now_ns };
	static uint64_t seed;

	if (step == OPEN)
		seed = now_ns;
	window.seed = seed;
	window.proves_to_ns = step == ANSWERS ? 0 : end_ns;
	window.proves_from_ns = step == OPEN ? end_ns : 0;
	if (step == CLOSE)
		window_close(guard);
	else if (step == OPEN)
		must(vtap_fast_guard_open_window(guard, &window) == 0, "open a window");
	else
		window_set(guard, &window);
}

static int judge(const struct vtap_fast_guard *guard)
{
	uint8_t frame[FRAME_MAX];
	uint32_t n;

	while (fread(&n, sizeof(n), 1, stdin) == 1) {
		if (n >= OPEN) {
			window_step(guard, n);
			continue;
		}
		must(n <= sizeof(frame) && fread(frame, n, 1, stdin) == 1, "read a frame");
		(void)put(guard->in_fd, frame, n, 1);
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct vtap_fast_guard guard;
	int r = 64;

	must(rights_keep() == 0, "capabilities");
	guard = guard_open();
	if (argc == 3 && strcmp(argv[1], "cost") == 0)
		r = cost(&guard, (unsigned)strtoul(argv[2], NULL, 10));
	else if (argc == 2 && strcmp(argv[1], "judge") == 0)
		r = judge(&guard);
	vtap_fast_guard_done(&guard);
	return r;
}
