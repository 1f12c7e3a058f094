/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VXLAN as it is on the wire (RFC 7348 section 5): eight bytes behind UDP, then a whole Ethernet
 * frame. Pure functions over views.
 *
 *	byte 0   flags: only I (0x08) means something, the others are ignored on receipt
 *	byte 1-3 reserved, ignored on receipt
 *	byte 4-6 VNI
 *	byte 7   reserved, ignored on receipt
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "wire/constants.h"
#include "wire/verdict.h"

struct vtap_vxlan {
	uint32_t vni;           /* 0..VTAP_VNI_MAX */
	bool has_reserved_bits; /* a bit was set that RFC 7348 reserves */
	struct vtap_view inner; /* the inner frame, at least an Ethernet header */
};

/**
 * vtap_frame_is_truncated() - does the IP header of a frame promise more than the frame has?
 * @frame: with a whole Ethernet header. Only IP right behind it is looked at, not behind VLAN tags.
 * Context: any thread.
 * Source: RFC 791 section 3.1 (total length), RFC 8200 section 3 (payload length).
 */
bool vtap_frame_is_truncated(struct vtap_view frame);

/**
 * vtap_vxlan_parse() - read a VXLAN packet
 * @payload:   the UDP payload
 * @ret_vxlan: written only when the verdict is VTAP_VERDICT_DELIVERED; the view borrows @payload
 * Context: any thread; no allocation, no system call.
 * Return: VTAP_VERDICT_DELIVERED when there is a VNI and a frame ("may go on"); otherwise
 *         VTAP_VERDICT_NOT_VXLAN, VTAP_VERDICT_NO_VNI_FLAG or VTAP_VERDICT_TOO_SHORT.
 * Source: RFC 7348 section 5 ("MUST be ignored on receipt").
 */
enum vtap_verdict vtap_vxlan_parse(struct vtap_view payload, struct vtap_vxlan *ret_vxlan);
