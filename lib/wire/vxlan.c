// SPDX-License-Identifier: Apache-2.0
#include "wire/vxlan.h"

#include <stddef.h>

/* Where both families have their length, in the header behind the Ethernet header. */
#define IPV4_LENGTH_AT 2
#define IPV6_LENGTH_AT 4

/* EtherTypes. Source: IEEE 802 numbers, RFC 894, RFC 2464 */
#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_IPV6 0x86dd

static unsigned number_read(const uint8_t *bytes)
{
	return (unsigned)bytes[0] << 8 | bytes[1];
}

bool vtap_frame_is_truncated(struct vtap_view frame)
{
	const uint8_t *type = vtap_view_at(frame, VTAP_ETH_HEADER_BYTES - 2, 2);
	struct vtap_view l3 = vtap_view_from(frame, VTAP_ETH_HEADER_BYTES);
	const uint8_t *length;

	if (type == NULL)
		return false;
	switch (number_read(type)) {
	case ETHERTYPE_IPV4:
		length = vtap_view_at(l3, IPV4_LENGTH_AT, 2);
		return length == NULL || number_read(length) > l3.len_bytes;
	case ETHERTYPE_IPV6:
		length = vtap_view_at(l3, IPV6_LENGTH_AT, 2);
		return length == NULL ||
		       number_read(length) + VTAP_IPV6_HEADER_BYTES > l3.len_bytes;
	default:
		return false;
	}
}

enum vtap_verdict vtap_vxlan_parse(struct vtap_view payload, struct vtap_vxlan *ret_vxlan)
{
	const uint8_t *header = vtap_view_at(payload, 0, VTAP_VXLAN_HEADER_BYTES);
	struct vtap_view inner = vtap_view_from(payload, VTAP_VXLAN_HEADER_BYTES);

	if (header == NULL)
		return VTAP_VERDICT_NOT_VXLAN;
	if ((header[0] & VTAP_VXLAN_FLAG_I) == 0)
		return VTAP_VERDICT_NO_VNI_FLAG;
	if (vtap_view_at(inner, 0, VTAP_ETH_HEADER_BYTES) == NULL)
		return VTAP_VERDICT_TOO_SHORT;
	*ret_vxlan = (struct vtap_vxlan){
		.vni = (uint32_t)header[4] << 16 | (uint32_t)header[5] << 8 | header[6],
		.has_reserved_bits = ((header[0] & ~VTAP_VXLAN_FLAG_I) | header[1] | header[2] |
					     header[3] | header[7]) != 0,
		.inner = inner,
	};
	return VTAP_VERDICT_DELIVERED;
}
