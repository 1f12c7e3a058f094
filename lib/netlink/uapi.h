/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of linux/rtnetlink.h and linux/if_link.h that are newer than some libc's copy of them. */
#pragma once

#ifndef RTEXT_FILTER_SKIP_STATS
#define RTEXT_FILTER_SKIP_STATS (1 << 3)
#endif

/** VTAP_ATTR_VNIFILTER - IFLA_VXLAN_VNIFILTER, since 5.18 */
#define VTAP_ATTR_VNIFILTER 30

/** VTAP_ATTR_RESERVED_BITS - IFLA_VXLAN_RESERVED_BITS, since 6.14: a struct vxlanhdr whose bits are
 * those that make a packet refused */
#define VTAP_ATTR_RESERVED_BITS 33
