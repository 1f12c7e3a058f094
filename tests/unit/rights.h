/* SPDX-License-Identifier: Apache-2.0 */
/* The rights that the service has. */
#pragma once

#include <errno.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

/** rights_keep() - those of the service, no more: without CAP_PERFMON the verifier is stricter.
 * Return: 0 or negative errno. */
static inline int rights_keep(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };
	static const int kept[] = { CAP_NET_ADMIN, CAP_BPF };

	for (size_t i = 0; i < VTAP_ARRAY_LEN(kept); i++)
		data[CAP_TO_INDEX(kept[i])].effective |= CAP_TO_MASK(kept[i]);
	for (size_t i = 0; i < VTAP_ARRAY_LEN(data); i++)
		data[i].permitted = data[i].effective;
	return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}
