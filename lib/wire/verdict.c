// SPDX-License-Identifier: Apache-2.0
#include "wire/verdict.h"

#include <assert.h>

#include "base/cleanup.h"

static const char *const NAMES[] = {
	[VTAP_VERDICT_DELIVERED] = "delivered",
	[VTAP_VERDICT_NOT_VXLAN] = "not-vxlan",
	[VTAP_VERDICT_NO_VNI_FLAG] = "no-vni-flag",
	[VTAP_VERDICT_TOO_SHORT] = "too-short",
	[VTAP_VERDICT_NOT_ALLOWED] = "not-allowed",
	[VTAP_VERDICT_UNKNOWN_SOURCE] = "unknown-source",
	[VTAP_VERDICT_UNKNOWN_VNI] = "unknown-vni",
	[VTAP_VERDICT_INTERFACE_DOWN] = "interface-down",
	[VTAP_VERDICT_INTERFACE_GONE] = "interface-gone",
	[VTAP_VERDICT_WRITE_REFUSED] = "write-refused",
	[VTAP_VERDICT_SOCKET_FULL] = "socket-full",
	[VTAP_VERDICT_LOST_IN_HANDOVER] = "lost-in-handover",
	[VTAP_VERDICT_NO_LISTENER] = "no-listener",
	[VTAP_VERDICT_DECAP_ERROR] = "decap-error",
};
static_assert(VTAP_ARRAY_LEN(NAMES) == VTAP_VERDICT_COUNT, "every verdict has a name");

const char *vtap_verdict_name(enum vtap_verdict verdict)
{
	return (unsigned)verdict < VTAP_VERDICT_COUNT ? NAMES[verdict] : "?";
}

bool vtap_verdict_is_loss(enum vtap_verdict verdict)
{
	switch (verdict) { /* without a default: a new one is to be decided about here */
	case VTAP_VERDICT_INTERFACE_DOWN:
	case VTAP_VERDICT_INTERFACE_GONE:
	case VTAP_VERDICT_WRITE_REFUSED:
	case VTAP_VERDICT_SOCKET_FULL:
	case VTAP_VERDICT_LOST_IN_HANDOVER:
	case VTAP_VERDICT_DECAP_ERROR:
		return true;
	case VTAP_VERDICT_DELIVERED:
	case VTAP_VERDICT_NOT_VXLAN:
	case VTAP_VERDICT_NO_VNI_FLAG:
	case VTAP_VERDICT_TOO_SHORT:
	case VTAP_VERDICT_NOT_ALLOWED:
	case VTAP_VERDICT_UNKNOWN_SOURCE:
	case VTAP_VERDICT_UNKNOWN_VNI:
	case VTAP_VERDICT_NO_LISTENER:
	case VTAP_VERDICT_COUNT:
		return false;
	}
	return false; /* what is no verdict */
}
