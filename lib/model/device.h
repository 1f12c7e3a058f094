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

struct vtap_device {
	int index;
	char name[VTAP_IFNAME_MAX];
	char kind[VTAP_KIND_MAX];   /* "" for hardware and veth-like devices without a kind */
	char alias[VTAP_ALIAS_MAX]; /* "" for none */
	uint8_t mac[VTAP_MAC_BYTES];
	unsigned mtu_bytes;
	unsigned flags;     /* IFF_UP … of linux/if.h */
	int master_index;   /* of the bridge or bond that it belongs to; 0: none */
	uint32_t group;     /* link group; 0 is everybody's */
	bool is_dormant;    /* operational state of RFC 2863: IPv6 waits, frames pass */
	bool is_tap;        /* kind tun and type TAP */
	bool is_persistent; /* TUNSETPERSIST */
	bool is_multi_queue;
	int64_t owner_uid;          /* TUNSETOWNER; -1: everybody may attach */
	int64_t owner_gid;          /* TUNSETGROUP; -1: none */
	uint16_t vxlan_port;        /* of a vxlan device, else 0 */
	enum vtap_known ipv6;       /* disable_ipv6 = 1 is VTAP_OFF */
	enum vtap_known addrgen;    /* IPv6 link-local addresses are made */
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

/** vtap_device_is_ours() - a TAP whose alias begins with our mark (law 5) */
bool vtap_device_is_ours(const struct vtap_device *device);

/** vtap_device_kind_text() - "a dummy interface", "an interface", for sentences */
const char *vtap_device_kind_text(const struct vtap_device *device, char *ret_text, size_t size);
