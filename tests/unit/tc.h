/* SPDX-License-Identifier: Apache-2.0 */
/* What tests of tc filters need: interfaces, a program, and the operator's hands (ip, tc). */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/if_tun.h>
#include <linux/pkt_cls.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "datapath/rights.h"
#include "tests/unit/cmocka_with.h"
#include "tests/unit/namespace.h"

/* What we may in our user namespace, the commands that we run may, too: capabilities(7), ambient.
 */
static inline int hands_allow(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, data) < 0)
		return -errno;
	data[CAP_TO_INDEX(CAP_NET_ADMIN)].inheritable |= CAP_TO_MASK(CAP_NET_ADMIN);
	if (syscall(SYS_capset, &header, data) < 0 ||
		prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_ADMIN, 0, 0) < 0)
		return -errno;
	return 0;
}

/** hands_or_skip() - a network namespace where interfaces can be made, also by ip and tc, or the
 * whole test is skipped */
static inline void hands_or_skip(void)
{
	int r;

	namespace_enter_or_skip();
	if (!vtap_rights_have(CAP_NET_ADMIN))
		test_skip("making interfaces", "needs CAP_NET_ADMIN");
	r = hands_allow();
	if (r < 0)
		test_skip("rights for ip and tc", strerror(-r));
	if (access("/dev/net/tun", R_OK | W_OK) < 0)
		test_skip("/dev/net/tun", strerror(errno));
	if (system("tc -V >/dev/null 2>&1") != 0)
		test_skip("tc", "not installed");
}

/** by_hand() - a shell command that must succeed */
static inline void by_hand(const char *command)
{
	int r = system(command);

	if (r != 0)
		print_error("%s: %d\n", command, r);
	assert_int_equal(r, 0);
}

/** tap_make() - a TAP that lives as long as the returned descriptor */
static inline int tap_make(const char *name)
{
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	memcpy(request.ifr_name, name, strlen(name) + 1);
	assert_int_equal(ioctl(fd, TUNSETIFF, &request), 0);
	return fd;
}

/** program_load() - a program for tc that is one `return ACTION`. Return: its descriptor, or
 * negative errno. */
static inline int program_load(int action)
{
	static const char LICENSE[] = "GPL";
	const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = action },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr;
	long fd;

	memset(&attr, 0, sizeof(attr)); /* the kernel wants every byte of it 0 */
	attr.prog_type = BPF_PROG_TYPE_SCHED_CLS;
	attr.insns = (uintptr_t)code;
	attr.insn_cnt = VTAP_ARRAY_LEN(code);
	attr.license = (uintptr_t)LICENSE;
	fd = syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	return fd < 0 ? -errno : (int)fd;
}

/** program_id() - the kernel's number of a loaded program */
static inline uint32_t program_id(int fd)
{
	struct bpf_prog_info info = { .id = 0 };
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info_len = sizeof(info);
	attr.info.info = (uintptr_t)&info;
	assert_int_equal(syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)), 0);
	return info.id;
}
