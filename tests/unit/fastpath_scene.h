/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fast path in a namespace of the test's own, and packets put through its programs without a
 * wire (BPF_PROG_TEST_RUN). Where BPF is not permitted the whole test is skipped.
 */
#pragma once

#include "tests/unit/cmocka_with.h"
#include "tests/unit/namespace.h"
#include "tests/unit/rights.h"

#include <linux/bpf.h>
#include <linux/if_arp.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "datapath/table.h"
#include "fastpath/state.h"
#include "fastpath/steer.h"

/** SCENE_RUN_MAX_BYTES - of a packet: the kernel puts it into one page, with its own headers */
#define SCENE_RUN_MAX_BYTES 3000

/** scene_enter() - a namespace whose loopback, which TEST_RUN uses, has this MAC */
static inline void scene_enter(const uint8_t mac[static 6])
{
	struct ifreq request = { .ifr_name = "lo", .ifr_hwaddr.sa_family = ARPHRD_LOOPBACK };
	_auto_fd int fd = -1;

	namespace_enter_or_skip();
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	for (int i = 0; i < 6; i++)
		request.ifr_hwaddr.sa_data[i] = (char)mac[i];
	if (fd < 0 || ioctl(fd, SIOCSIFHWADDR, &request) < 0)
		test_skip("a MAC for loopback", strerror(errno));
}

/** scene_keep_rights() - those that the service has, no more */
static inline void scene_keep_rights(void)
{
	int r = rights_keep();

	if (r < 0)
		test_skip("CAP_NET_ADMIN and CAP_BPF", strerror(-r));
}

/** scene_fastpath() - open one, or the test is skipped */
static inline struct vtap_fastpath *scene_fastpath(const char *pin_dir, size_t n_slots)
{
	struct vtap_fastpath *fastpath = NULL;
	struct vtap_err err = VTAP_ERR_NULL;
	int r = vtap_fastpath_open(pin_dir, n_slots, NULL, &fastpath, &err);

	if (r == -EPERM || r == -EOPNOTSUPP || r == -ENOSYS)
		test_skip("BPF", err.text);
	if (r < 0)
		fail_msg("%s", err.text);
	return fastpath;
}

/** struct scene_run - what a program made of a packet */
struct scene_run {
	int action; /* TC_ACT_ */
	uint8_t byte[SCENE_RUN_MAX_BYTES + 64];
	size_t n_bytes;
	uint32_t mark;
};

/** scene_put() - put a packet through a program. Return: 0 or negative errno. */
static inline int scene_put(int program_fd, const uint8_t *byte, size_t n_bytes, uint32_t gso_bytes,
	struct scene_run *ret_run)
{
	struct __sk_buff before = { .mark = 7, .gso_size = gso_bytes }, after = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = byte, .data_size_in = (uint32_t)n_bytes,
		.data_out = ret_run->byte, .data_size_out = sizeof(ret_run->byte),
		.ctx_in = &before, .ctx_size_in = sizeof(before), .ctx_out = &after,
		.ctx_size_out = sizeof(after));
	int r = bpf_prog_test_run_opts(program_fd, &opts);

	if (r < 0)
		return r;
	ret_run->action = (int)opts.retval;
	ret_run->n_bytes = opts.data_size_out;
	ret_run->mark = after.mark;
	return 0;
}
