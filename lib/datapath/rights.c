// SPDX-License-Identifier: Apache-2.0
#include "datapath/rights.h"

#include <linux/capability.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

struct rights {
	struct __user_cap_header_struct header;
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
};

static bool rights_get(struct rights *ret_rights)
{
	*ret_rights = (struct rights){ .header.version = _LINUX_CAPABILITY_VERSION_3 };
	return syscall(SYS_capget, &ret_rights->header, ret_rights->data) == 0;
}

bool vtap_rights_have(int capability)
{
	struct rights rights;

	if (!rights_get(&rights))
		return true;
	return (rights.data[CAP_TO_INDEX(capability)].effective & CAP_TO_MASK(capability)) != 0;
}

void vtap_rights_keep_only(int capability)
{
	struct rights rights;

	if (!rights_get(&rights))
		return;
	for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		uint32_t mask = capability != VTAP_RIGHTS_NONE && i == CAP_TO_INDEX(capability)
					? CAP_TO_MASK(capability)
					: 0;

		rights.data[i].effective &= mask;
		rights.data[i].permitted &= mask;
		rights.data[i].inheritable = 0;
	}
	/* fewer rights are always granted; ambient ones go with the permitted */
	(void)syscall(SYS_capset, &rights.header, rights.data);
}
