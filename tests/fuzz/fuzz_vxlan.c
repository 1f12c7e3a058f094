// SPDX-License-Identifier: Apache-2.0
/*
 * The VXLAN parser over any UDP payload: one verdict, a frame that lies within the payload, and an
 * output that is written only with VTAP_VERDICT_DELIVERED.
 */
#include "tests/fuzz/must.h"

#include <stddef.h>

#include "wire/vxlan.h"

#define UNTOUCHED 0xffffffffU

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
	struct vtap_view payload = { data, len_bytes };
	struct vtap_vxlan vxlan = { .vni = UNTOUCHED };

	switch (vtap_vxlan_parse(payload, &vxlan)) {
	case VTAP_VERDICT_NOT_VXLAN:
		must(len_bytes < VTAP_VXLAN_HEADER_BYTES && vxlan.vni == UNTOUCHED);
		break;
	case VTAP_VERDICT_NO_VNI_FLAG:
		must((data[0] & VTAP_VXLAN_FLAG_I) == 0 && vxlan.vni == UNTOUCHED);
		break;
	case VTAP_VERDICT_TOO_SHORT:
		must(len_bytes < VTAP_VXLAN_HEADER_BYTES + VTAP_ETH_HEADER_BYTES);
		must(vxlan.vni == UNTOUCHED);
		break;
	case VTAP_VERDICT_DELIVERED:
		must(vxlan.vni <= VTAP_VNI_MAX);
		must(vxlan.inner.data == data + VTAP_VXLAN_HEADER_BYTES);
		must(vxlan.inner.len_bytes == len_bytes - VTAP_VXLAN_HEADER_BYTES);
		must(vxlan.inner.len_bytes >= VTAP_ETH_HEADER_BYTES);
		break;
	default:
		must(!"a verdict of the parser");
	}
	return 0;
}
