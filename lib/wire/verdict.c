// SPDX-License-Identifier: Apache-2.0
#include "wire/verdict.h"

#include <assert.h>

#include "base/cleanup.h"

struct verdict_words {
	const char *name;
	const char *help;
};

static const struct verdict_words WORDS[] = {
	[VTAP_VERDICT_DELIVERED] = { "delivered", "written to the tap interface" },
	[VTAP_VERDICT_NOT_VXLAN] = { "not-vxlan", "UDP payload too short for a VXLAN header" },
	[VTAP_VERDICT_NO_VNI_FLAG] = { "no-vni-flag", "the VXLAN header carries no VNI" },
	[VTAP_VERDICT_TOO_SHORT] = { "too-short", "the inner frame has no whole Ethernet header" },
	[VTAP_VERDICT_NOT_ALLOWED] = { "not-allowed", "the outer source is outside `allow`" },
	[VTAP_VERDICT_UNKNOWN_SOURCE] = { "unknown-source",
		"no session takes this VNI from there" },
	[VTAP_VERDICT_UNKNOWN_VNI] = { "unknown-vni", "no session has this VNI" },
	[VTAP_VERDICT_INTERFACE_DOWN] = { "interface-down", "the tap interface was down" },
	[VTAP_VERDICT_INTERFACE_GONE] = { "interface-gone", "the tap interface was deleted" },
	[VTAP_VERDICT_WRITE_REFUSED] = { "write-refused", "the kernel refused the frame" },
	[VTAP_VERDICT_SOCKET_FULL] = { "socket-full", "the socket's buffer was full" },
	[VTAP_VERDICT_LOST_IN_HANDOVER] = { "lost-in-handover",
		"the fast path handed it over, and it did not come past the sensors" },
	[VTAP_VERDICT_NO_LISTENER] = { "no-listener",
		"nobody listened while vtapd was away, and the fast path could not take it" },
	[VTAP_VERDICT_DECAP_ERROR] = { "decap-error",
		"the kernel's vxlan device counted a receive error: reserved bits, ECN, or a cut "
		"inner header" },
};
static_assert(VTAP_ARRAY_LEN(WORDS) == VTAP_VERDICT_COUNT, "every verdict has its words");

const char *vtap_verdict_name(enum vtap_verdict verdict)
{
	return (unsigned)verdict < VTAP_VERDICT_COUNT ? WORDS[verdict].name : "?";
}

const char *vtap_verdict_help(enum vtap_verdict verdict)
{
	return (unsigned)verdict < VTAP_VERDICT_COUNT ? WORDS[verdict].help : "?";
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
