/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/* Numbers of the wire. Without an include, so that BPF programs can read them too. */
#pragma once

/** VTAP_VXLAN_PORT - UDP port by default. Source: RFC 7348 section 5, IANA */
#define VTAP_VXLAN_PORT 4789

/** VTAP_VXLAN_HEADER_BYTES - Source: RFC 7348 section 5 */
#define VTAP_VXLAN_HEADER_BYTES 8

/** VTAP_VXLAN_FLAG_I - "VNI is valid", in byte 0. Source: RFC 7348 section 5 */
#define VTAP_VXLAN_FLAG_I 0x08

/** VTAP_VNI_MAX - highest VNI, 24 bits. 0 is legal too. Source: RFC 7348 section 5 */
#define VTAP_VNI_MAX 0xffffffU

/** VTAP_ETH_HEADER_BYTES - destination, source, type. Source: IEEE 802.3 clause 3 */
#define VTAP_ETH_HEADER_BYTES 14

/** VTAP_VLAN_TAG_BYTES - type and tag. Source: IEEE 802.1Q clause 9 */
#define VTAP_VLAN_TAG_BYTES 4

/** VTAP_IPV4_HEADER_BYTES - without options. Source: RFC 791 section 3.1 */
#define VTAP_IPV4_HEADER_BYTES 20

/** VTAP_IPV6_HEADER_BYTES - Source: RFC 8200 section 3 */
#define VTAP_IPV6_HEADER_BYTES 40

/** VTAP_UDP_HEADER_BYTES - Source: RFC 768 */
#define VTAP_UDP_HEADER_BYTES 8
