/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one fate of a packet. This list is the only one: status, JSON, journal and manual print these
 * names. Law 2: received = delivered + the sum of the drops.
 */
#pragma once

#include <stdbool.h>

enum vtap_verdict {
	VTAP_VERDICT_DELIVERED,   /* written to the tap interface, or seen behind its sensors */
	VTAP_VERDICT_NOT_VXLAN,   /* UDP payload too short for a VXLAN header */
	VTAP_VERDICT_NO_VNI_FLAG, /* the I flag is clear: there is no VNI (RFC 7348 section 5) */
	VTAP_VERDICT_TOO_SHORT,   /* the inner frame has no whole Ethernet header */
	VTAP_VERDICT_NOT_ALLOWED, /* outer source outside `allow`, or came in on a tap interface */
	VTAP_VERDICT_UNKNOWN_SOURCE, /* a session names the VNI, none takes it from this source */
	VTAP_VERDICT_UNKNOWN_VNI,    /* no session names the VNI */
	VTAP_VERDICT_INTERFACE_DOWN, /* the tap interface is down (EIO) */
	VTAP_VERDICT_INTERFACE_GONE, /* the tap interface was deleted (EBADFD), or could not be made
				      */
	VTAP_VERDICT_WRITE_REFUSED,  /* the kernel refused the frame for another reason */
	VTAP_VERDICT_SOCKET_FULL,    /* dropped by the kernel on our socket (SO_MEMINFO) */
	VTAP_VERDICT_LOST_IN_HANDOVER, /* redirected to the tap interface, never seen behind its
					  sensors */
	VTAP_VERDICT_NO_LISTENER,      /* not for the fast path, and no daemon had the port */
	VTAP_VERDICT_DECAP_ERROR, /* a vxlan device counted a receive error; which, nobody tells */
	VTAP_VERDICT_COUNT
};

/** vtap_verdict_name() - "unknown-vni"; "?" for what is no verdict */
const char *vtap_verdict_name(enum vtap_verdict verdict);

/** vtap_verdict_is_loss() - should a sensor have got it, and this host did not manage? The other
 * drops are somebody's packets that are not wanted, or came while vtapd was away. */
bool vtap_verdict_is_loss(enum vtap_verdict verdict);
