/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is: network interfaces as one look at the kernel found them. Nothing here is ever derived
 * from the configuration (law 5).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/ifname.h"

/** VTAP_KIND_MAX - bytes of a kind ("tun", "vxlan") with its NUL; longer ones are cut, ours are not
 */
#define VTAP_KIND_MAX 16

/** enum vtap_known - a setting that the kernel may not tell */
enum vtap_known {
	VTAP_UNKNOWN, /* the kernel said nothing: the feature is not there (no IPv6, say) */
	VTAP_OFF,
	VTAP_ON,
};

/** VTAP_GROUP_MAKING - link group of a vxlan device of ours that has no alias yet: the kernel takes
 * a group with the request that makes a device, but no alias ("vtap" in ASCII; probed, Linux 6.18)
 */
#define VTAP_GROUP_MAKING 0x76746170U

/** enum vtap_merging - features that make one frame of several, bits */
enum vtap_merging {
	VTAP_MERGING_GRO = 1 << 0,    /* rx-gro */
	VTAP_MERGING_LRO = 1 << 1,    /* rx-lro */
	VTAP_MERGING_GRO_HW = 1 << 2, /* rx-gro-hw */
	VTAP_MERGING_ALL = VTAP_MERGING_GRO | VTAP_MERGING_LRO | VTAP_MERGING_GRO_HW,
};

/** VTAP_MERGING_COUNT - how many bits enum vtap_merging has */
#define VTAP_MERGING_COUNT 3

/** VTAP_MERGING_TEXT_MAX - bytes of "gro, lro, gro-hw" with its NUL */
#define VTAP_MERGING_TEXT_MAX 17

/** enum vtap_vxlan_flag - what a vxlan device was made with that no change can take away, bits.
 * All of them but VTAP_VXLAN_LINKED are receive flags: devices of one port and family share a
 * socket and must agree in them. Source: kernel include/net/vxlan.h VXLAN_F_RCV_FLAGS */
enum vtap_vxlan_flag {
	VTAP_VXLAN_GBP = 1 << 0,
	VTAP_VXLAN_GPE = 1 << 1,
	VTAP_VXLAN_REMCSUM = 1 << 2,
	VTAP_VXLAN_EXTERNAL = 1 << 3, /* collect metadata: every VNI on one device */
	VTAP_VXLAN_VNIFILTER = 1 << 4,
	VTAP_VXLAN_ZERO_CSUM6 = 1 << 5, /* udp6zerocsumrx; of ours: an IPv6 underlay */
	VTAP_VXLAN_LINKED = 1 << 6,     /* `dev`: bounds the MTU, and cannot be taken back */
};

/** struct vtap_vxlan - the tunnel of a vxlan device */
struct vtap_vxlan {
	uint32_t vni;
	uint16_t port;
	unsigned flags; /* bits of enum vtap_vxlan_flag */
	uint8_t ttl;
	uint8_t tos;
	bool is_learning;
	bool has_remote; /* it would send there */
	bool has_local;
	enum vtap_known ipv6; /* the family of its packets: the kernel tells it with an address only
			       */
	enum vtap_known reserved_bits; /* ON: packets with reserved bits are dropped; OFF: the bits
					  are ignored; unknown: a kernel that cannot ignore them */
};

struct vtap_device {
	int index;
	char name[VTAP_IFNAME_MAX];
	char kind[VTAP_KIND_MAX];   /* "" for hardware and veth-like devices without a kind */
	char alias[VTAP_ALIAS_MAX]; /* "" for none */
	uint8_t mac[VTAP_MAC_BYTES];
	unsigned mtu_bytes;
	unsigned flags;     /* IFF_UP … of linux/if.h */
	int master_index;   /* of the bridge or bond that it belongs to; 0: none */
	int lower_index;    /* of the device that it stands on (of a vlan, a macvlan), in this
			       namespace; 0: none */
	uint32_t group;     /* link group; 0 is everybody's */
	bool is_dormant;    /* operational state of RFC 2863: IPv6 waits, frames pass */
	bool is_tap;        /* kind tun and type TAP */
	bool is_persistent; /* TUNSETPERSIST */
	bool is_multi_queue;
	int64_t owner_uid; /* TUNSETOWNER; -1: everybody may attach */
	int64_t owner_gid; /* TUNSETGROUP; -1: none */
	bool is_vxlan;
	struct vtap_vxlan vxlan; /* of a vxlan device */
	unsigned merging;        /* bits of enum vtap_merging that are on; 0 also where not asked */
	unsigned merging_fixed;  /* those that cannot be changed */
	enum vtap_known ipv6;    /* disable_ipv6 = 1 is VTAP_OFF */
	enum vtap_known addrgen; /* IPv6 link-local addresses are made */
	enum vtap_known rp_filter;  /* strict reverse path filter */
	enum vtap_known forwarding; /* IPv4 forwarding */
	bool has_address;           /* IPv4 or IPv6 */
	enum vtap_known guard;      /* of ours: unknown where there is no BPF, or not our place */
};

/** struct vtap_devices - one whole look, sorted by index */
struct vtap_devices {
	struct vtap_device *device;
	size_t n;
};

/** vtap_devices_done() - frees the list; empty is allowed, may run twice */
void vtap_devices_done(struct vtap_devices *devices);

/** vtap_devices_find_index() - by interface index, or NULL; binary search */
const struct vtap_device *vtap_devices_find_index(const struct vtap_devices *devices, int index);

/** vtap_device_is_ours() - a TAP or vxlan device whose alias begins with our mark, or a vxlan
 * device that we had no time to mark (law 5) */
bool vtap_device_is_ours(const struct vtap_device *device);

/** vtap_device_kind_text() - "a dummy interface", "an interface", for sentences */
const char *vtap_device_kind_text(const struct vtap_device *device, char *ret_text, size_t size);

/** vtap_merging_name() - of bit number @i: "gro", "lro", "gro-hw" */
const char *vtap_merging_name(unsigned i);

/** vtap_merging_format() - "gro, lro". Return: @ret_text. */
const char *vtap_merging_format(unsigned merging, char *ret_text, size_t size);
