// SPDX-License-Identifier: Apache-2.0
#include "wire/vxlan.h"

#include <stddef.h>

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
