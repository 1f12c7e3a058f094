// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/packets.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "wire/constants.h"

/* ---- the scene ---- */

static const struct packet_session SESSIONS[] = {
	{ "web", 4321, 4321, NULL },
	{ "zero", 0, 0, NULL },
	{ "top", VTAP_VNI_MAX, VTAP_VNI_MAX, NULL },
	{ "pool", 100, 199, NULL },
	{ "list24", 300, 300, "10.77.1.0/24" },
	{ "list32", 300, 300, "10.77.1.1" },
	{ "list6", 300, 300, "fd77:1::/32" },
	{ "wide", 290, 310, "10.77.0.0/16" },
	{ "rest", 0, VTAP_VNI_MAX, "10.77.9.0/24" },
};

/* Wide, so that what is wrong with a source is not hidden by "not allowed". */
static const char *const ALLOWED[] = {
	"0.0.0.0/1",
	"192.0.0.0/2",
	"::/96",
	"fd00::/8",
	"fe80::/10",
	"ff00::/8",
};

const struct packet_session *packets_sessions(size_t *ret_n)
{
	*ret_n = VTAP_ARRAY_LEN(SESSIONS);
	return SESSIONS;
}

const char *const *packets_allowed(size_t *ret_n)
{
	*ret_n = VTAP_ARRAY_LEN(ALLOWED);
	return ALLOWED;
}

/* ---- inner frames: from the EtherType on, then a pattern ---- */

#define IP4_BODY 0x45, 0, 0, 84, 0x12, 0x34, 0, 0, 64, 1, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2
#define IP6_BODY 0x60, 0, 0, 0, 0, 44, 58, 64, 0x20, 1, 0x0d, 0xb8

enum inner {
	INNER_IP4,
	INNER_IP6,
	INNER_OTHER,
	INNER_ARP,
	INNER_LLDP,
	INNER_VLAN,
	INNER_QINQ,
	INNER_802_3,
	INNER_LONG4, /* its IP length says more than there is */
	INNER_LONG6,
	INNER_LONG_VLAN, /* likewise, behind a tag: not looked for */
	INNER_JUMBO,
	INNER_COUNT
};

static const struct {
	size_t n_bytes;
	size_t n_head;
	uint8_t head[32];
} INNER[] = {
	[INNER_IP4] = { 98, 22, { 0x08, 0x00, IP4_BODY } },
	[INNER_IP6] = { 98, 14, { 0x86, 0xdd, IP6_BODY } },
	[INNER_OTHER] = { 98, 2, { 0x88, 0xb5 } },
	[INNER_ARP] = { 42, 10, { 0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1 } },
	[INNER_LLDP] = { 70, 5, { 0x88, 0xcc, 2, 7, 4 } },
	[INNER_VLAN] = { 102, 26, { 0x81, 0x00, 0x20, 42, 0x08, 0x00, IP4_BODY } },
	[INNER_QINQ] = { 106, 30, { 0x88, 0xa8, 0, 7, 0x81, 0x00, 0, 42, 0x08, 0x00, IP4_BODY } },
	[INNER_802_3] = { 60, 5, { 0, 46, 0xaa, 0xaa, 3 } },
	[INNER_LONG4] = { 97, 22, { 0x08, 0x00, IP4_BODY } },
	[INNER_LONG6] = { 97, 14, { 0x86, 0xdd, IP6_BODY } },
	[INNER_LONG_VLAN] = { 101, 26, { 0x81, 0x00, 0x20, 42, 0x08, 0x00, IP4_BODY } },
	[INNER_JUMBO] = { 9000, 2, { 0x88, 0xb5 } },
};
static_assert(VTAP_ARRAY_LEN(INNER) == INNER_COUNT, "every kind of inner frame is described");

static size_t inner_write(uint8_t *to, enum inner kind)
{
	static const uint8_t macs[] = { 2, 0, 0, 0, 0, 0xb, 2, 0, 0, 0, 0, 0xa };

	for (size_t i = 0; i < INNER[kind].n_bytes; i++)
		to[i] = (uint8_t)(i * 7 + 1);
	memcpy(to, macs, sizeof(macs));
	memcpy(to + sizeof(macs), INNER[kind].head, INNER[kind].n_head);
	return INNER[kind].n_bytes;
}

/* ---- rows ---- */

/** enum part - what an edit's offset counts from */
enum part { PART_NONE, PART_ETH, PART_IP, PART_UDP, PART_VXLAN };

enum how { SET, ADD };

/** struct edit - change a number of the finished packet, in network order */
struct edit {
	enum part part;
	enum how how;
	size_t offset, n_bytes;
	uint32_t value;
};

enum udp_checksum { UDP_ZERO, UDP_RIGHT, UDP_WRONG };

/** struct between - IPv4 options, or IPv6 extension headers */
struct between {
	uint8_t first; /* IPv6: the kind of the first */
	uint8_t n_bytes;
	uint8_t byte[40];
};

/** struct row - a packet, by what is not as in the valid one */
struct row {
	const char *name;
	bool is_v6;
	const char *source, *destination;
	enum inner inner;
	bool is_short;    /* lengths agree, but there are only n_payload bytes behind UDP */
	size_t n_payload; /* of VXLAN and inner frame */
	struct between between;
	struct edit edit[2];
	enum udp_checksum udp_checksum;
	bool has_wrong_checksum; /* of the IPv4 header */
	size_t n_tail;           /* bytes behind it that no length knows of */
	size_t n_whole;          /* cut off behind so many, whatever the lengths say; 0: not cut */
	unsigned gso_bytes;
	bool is_taken;
	enum vtap_verdict verdict;
	bool is_truncated;
	bool has_reserved_bits;
};

#define V6             .is_v6 = true
#define FROM(addr)     .source = (addr)
#define TO(addr)       .destination = (addr)
#define VNI(n)         .edit = { { PART_VXLAN, SET, 4, 3, (n) } }
#define WITH(...)      .edit = { { __VA_ARGS__ } }
#define WITH_BOTH(...) .edit = { __VA_ARGS__ }
#define BETWEEN(...)   .between = { __VA_ARGS__ }
#define TAKEN          .is_taken = true
#define UP             .verdict = VTAP_VERDICT_DELIVERED
#define UNHEARD        .verdict = PACKET_UNHEARD
#define BUT(verdict_)  .verdict = VTAP_VERDICT_##verdict_
#define RESERVED       .is_taken = true, .has_reserved_bits = true
#define PAD_N(n_)      1, (n_)
#define NOPS           1, 1, 1, 1

static const struct row ROWS[] = {
	{ "valid", TAKEN },
	{ "another address of ours", TO("10.77.0.12"), TAKEN },

	/* Ethernet */
	{ "other MAC", WITH(PART_ETH, SET, 4, 2, 0x7799), UNHEARD },
	{ "broadcast MAC",
		WITH_BOTH({ PART_ETH, SET, 0, 4, 0xffffffff }, { PART_ETH, SET, 4, 2, 0xffff }),
		UP },
	{ "multicast MAC",
		WITH_BOTH({ PART_ETH, SET, 0, 4, 0x01005e00 }, { PART_ETH, SET, 4, 2, 1 }), UP },
	{ "EtherType of IPv6", WITH(PART_ETH, SET, 12, 2, 0x86dd), UNHEARD },
	{ "EtherType of ARP", WITH(PART_ETH, SET, 12, 2, 0x0806), UNHEARD },
	{ "EtherType unknown", WITH(PART_ETH, SET, 12, 2, 0x88b5), UNHEARD },

	/* IPv4 */
	{ "version 5", WITH(PART_IP, SET, 0, 1, 0x55), UNHEARD },
	{ "version 0", WITH(PART_IP, SET, 0, 1, 0x05), UNHEARD },
	{ "header of 16 bytes", WITH(PART_IP, SET, 0, 1, 0x44), UNHEARD },
	{ "header of 24 bytes, of which 4 are UDP", WITH(PART_IP, SET, 0, 1, 0x46), UNHEARD },
	{ "header of 60 bytes, of which 40 are not", WITH(PART_IP, SET, 0, 1, 0x4f), UNHEARD },
	{ "options, 4 bytes", BETWEEN(0, 4, { NOPS }), UP },
	{ "options, 40 bytes", BETWEEN(0, 40, { 1, 1, 1, 1, 1, 1, 1, 1, 0 }), UP },
	{ "TOS", WITH(PART_IP, SET, 1, 1, 0xb8), TAKEN },
	{ "ECN CE", WITH(PART_IP, SET, 1, 1, 0x03), TAKEN },
	{ "total length one less", WITH(PART_IP, ADD, 2, 2, (uint32_t)-1), UNHEARD },
	{ "total length one more", WITH(PART_IP, ADD, 2, 2, 1), UNHEARD },
	{ "total length 0", WITH(PART_IP, SET, 2, 2, 0), UNHEARD },
	{ "total length 20", WITH(PART_IP, SET, 2, 2, 20), UNHEARD },
	{ "total length 28", WITH(PART_IP, SET, 2, 2, 28), UNHEARD },
	{ "total length 65535", WITH(PART_IP, SET, 2, 2, 65535), UNHEARD },
	{ "identification", WITH(PART_IP, SET, 4, 2, 0xbeef), TAKEN },
	{ "DF", WITH(PART_IP, SET, 6, 2, 0x4000), TAKEN },
	{ "reserved flag", WITH(PART_IP, SET, 6, 2, 0x8000), TAKEN },
	{ "MF: the first of fragments", WITH(PART_IP, SET, 6, 2, 0x2000), UNHEARD },
	{ "fragment offset 8", WITH(PART_IP, SET, 6, 2, 0x0001), UNHEARD },
	{ "fragment offset 65528", WITH(PART_IP, SET, 6, 2, 0x1fff), UNHEARD },
	{ "DF, MF and an offset", WITH(PART_IP, SET, 6, 2, 0x6010), UNHEARD },
	{ "TTL 0", WITH(PART_IP, SET, 8, 1, 0), TAKEN },
	{ "TTL 1", WITH(PART_IP, SET, 8, 1, 1), TAKEN },
	{ "protocol TCP", WITH(PART_IP, SET, 9, 1, 6), UNHEARD },
	{ "protocol UDP-Lite", WITH(PART_IP, SET, 9, 1, 136), UNHEARD },
	{ "protocol 0", WITH(PART_IP, SET, 9, 1, 0), UNHEARD },
	{ "header checksum wrong", .has_wrong_checksum = true, UNHEARD },
	{ "from nowhere", FROM("0.0.0.0"), UNHEARD },
	{ "from 0.1.2.3", FROM("0.1.2.3"), UP },
	{ "from loopback", FROM("127.0.0.1"), UNHEARD },
	{ "from multicast", FROM("224.0.0.5"), UNHEARD },
	{ "from broadcast", FROM("255.255.255.255"), UNHEARD },
	{ "from ourselves", FROM("10.77.0.2"), UNHEARD },
	{ "from another address of ours", FROM("10.77.0.12"), UNHEARD },
	{ "to nobody here", TO("10.77.0.3"), UNHEARD },
	{ "to the world", TO("198.51.100.1"), UNHEARD },
	{ "to loopback", TO("127.0.0.1"), UNHEARD },
	{ "to 0.0.0.0", TO("0.0.0.0"), UNHEARD },
	{ "to broadcast", TO("255.255.255.255"), UP },
	{ "to the net's broadcast", TO("10.77.0.255"), UP },
	{ "to multicast, all hosts", TO("224.0.0.1"), UNHEARD },
	{ "to multicast, not joined", TO("239.1.1.1"), UNHEARD },

	/* UDP */
	{ "source port 0", WITH(PART_UDP, SET, 0, 2, 0), TAKEN },
	{ "source port ours", WITH(PART_UDP, SET, 0, 2, 4789), TAKEN },
	{ "port 4788", WITH(PART_UDP, SET, 2, 2, 4788), UNHEARD },
	{ "port 8472", WITH(PART_UDP, SET, 2, 2, 8472), UNHEARD },
	{ "port 0", WITH(PART_UDP, SET, 2, 2, 0), UNHEARD },
	{ "port in the other byte order", WITH(PART_UDP, SET, 2, 2, 0xb512), UNHEARD },
	{ "UDP length one less", WITH(PART_UDP, ADD, 4, 2, (uint32_t)-1), .is_truncated = true,
		UP },
	{ "UDP length one more", WITH(PART_UDP, ADD, 4, 2, 1), UNHEARD },
	{ "UDP length 0", WITH(PART_UDP, SET, 4, 2, 0), UNHEARD },
	{ "UDP length 7", WITH(PART_UDP, SET, 4, 2, 7), UNHEARD },
	{ "UDP length 8", WITH(PART_UDP, SET, 4, 2, 8), BUT(NOT_VXLAN) },
	{ "UDP length 9", WITH(PART_UDP, SET, 4, 2, 9), BUT(NOT_VXLAN) },
	{ "UDP length 65535", WITH(PART_UDP, SET, 4, 2, 65535), UNHEARD },
	{ "UDP checksum right", .udp_checksum = UDP_RIGHT, UP },
	{ "UDP checksum wrong", .udp_checksum = UDP_WRONG, BUT(SOCKET_FULL) },

	/* VXLAN */
	{ "flag I clear", WITH(PART_VXLAN, SET, 0, 1, 0), BUT(NO_VNI_FLAG) },
	{ "flag I clear, all others set", WITH(PART_VXLAN, SET, 0, 1, 0xf7), BUT(NO_VNI_FLAG) },
	{ "all flags set", WITH(PART_VXLAN, SET, 0, 1, 0xff), RESERVED },
	{ "flag 0x80", WITH(PART_VXLAN, SET, 0, 1, 0x88), RESERVED },
	{ "flag 0x40", WITH(PART_VXLAN, SET, 0, 1, 0x48), RESERVED },
	{ "flag 0x20", WITH(PART_VXLAN, SET, 0, 1, 0x28), RESERVED },
	{ "flag 0x10", WITH(PART_VXLAN, SET, 0, 1, 0x18), RESERVED },
	{ "flag 0x04", WITH(PART_VXLAN, SET, 0, 1, 0x0c), RESERVED },
	{ "flag 0x02", WITH(PART_VXLAN, SET, 0, 1, 0x0a), RESERVED },
	{ "flag 0x01", WITH(PART_VXLAN, SET, 0, 1, 0x09), RESERVED },
	{ "reserved byte 1", WITH(PART_VXLAN, SET, 1, 1, 0x80), RESERVED },
	{ "reserved byte 2", WITH(PART_VXLAN, SET, 2, 1, 0x10), RESERVED },
	{ "reserved byte 3", WITH(PART_VXLAN, SET, 3, 1, 0x01), RESERVED },
	{ "reserved byte 7", WITH(PART_VXLAN, SET, 7, 1, 0x01), RESERVED },
	{ "reserved byte 7, all of it", WITH(PART_VXLAN, SET, 7, 1, 0xff), RESERVED },

	/* who gets it */
	{ "VNI unknown", VNI(4322), BUT(UNKNOWN_VNI) },
	{ "VNI off in the highest byte", VNI(4321 | 1U << 23), BUT(UNKNOWN_VNI) },
	{ "VNI 0", VNI(0), TAKEN },
	{ "VNI 1", VNI(1), BUT(UNKNOWN_VNI) },
	{ "VNI 16777215", VNI(VTAP_VNI_MAX), TAKEN },
	{ "VNI 16777214", VNI(VTAP_VNI_MAX - 1), BUT(UNKNOWN_VNI) },
	{ "VNI below a range", VNI(99), BUT(UNKNOWN_VNI) },
	{ "VNI first of a range", VNI(100), TAKEN },
	{ "VNI within a range", VNI(150), TAKEN },
	{ "VNI last of a range", VNI(199), TAKEN },
	{ "VNI behind a range", VNI(200), BUT(UNKNOWN_VNI) },
	{ "source list, /32", VNI(300), FROM("10.77.1.1"), TAKEN },
	{ "source list, /24", VNI(300), FROM("10.77.1.2"), TAKEN },
	{ "source list, none: the range's", VNI(300), FROM("10.77.2.1"), TAKEN },
	{ "source list, none at all", VNI(300), FROM("10.78.0.1"), BUT(UNKNOWN_SOURCE) },
	{ "range with a source, another", VNI(305), FROM("10.78.0.1"), BUT(UNKNOWN_SOURCE) },
	{ "range before any", VNI(305), FROM("10.77.9.1"), TAKEN },
	{ "any, from its source", VNI(777), FROM("10.77.9.1"), TAKEN },
	{ "any, from another", VNI(777), FROM("10.77.8.1"), BUT(UNKNOWN_VNI) },
	{ "not allowed", FROM("172.16.0.1"), BUT(NOT_ALLOWED) },
	{ "not allowed, VNI unknown", VNI(777), FROM("172.16.0.1"), BUT(NOT_ALLOWED) },

	/* behind the packet, and several in one */
	{ "one byte behind it", .n_tail = 1, UP },
	{ "seven bytes behind it", .n_tail = 7, UP },
	{ "merged by GRO", .gso_bytes = 60, UP },

	/* inner frames */
	{ "inner IPv6", .inner = INNER_IP6, TAKEN },
	{ "inner EtherType unknown", .inner = INNER_OTHER, TAKEN },
	{ "inner ARP", .inner = INNER_ARP, TAKEN },
	{ "inner LLDP", .inner = INNER_LLDP, TAKEN },
	{ "inner VLAN", .inner = INNER_VLAN, TAKEN },
	{ "inner QinQ", .inner = INNER_QINQ, TAKEN },
	{ "inner 802.3", .inner = INNER_802_3, TAKEN },
	{ "inner IPv4 longer than its frame", .inner = INNER_LONG4, TAKEN, .is_truncated = true },
	{ "inner IPv6 longer than its frame", .inner = INNER_LONG6, TAKEN, .is_truncated = true },
	{ "inner VLAN, IPv4 longer than its frame", .inner = INNER_LONG_VLAN, TAKEN },
	{ "inner jumbo", .inner = INNER_JUMBO, TAKEN },

	/* the same over IPv6, where it is another field */
	{ "IPv6: valid", V6, TAKEN },
	{ "IPv6: other MAC", V6, WITH(PART_ETH, SET, 4, 2, 0x7799), UNHEARD },
	{ "IPv6: EtherType of IPv4", V6, WITH(PART_ETH, SET, 12, 2, 0x0800), UNHEARD },
	{ "IPv6: version 4", V6, WITH(PART_IP, SET, 0, 1, 0x40), UNHEARD },
	{ "IPv6: version 7", V6, WITH(PART_IP, SET, 0, 1, 0x70), UNHEARD },
	{ "IPv6: traffic class and flow label", V6, WITH(PART_IP, SET, 0, 4, 0x6bfabcde), TAKEN },
	{ "IPv6: payload length one less", V6, WITH(PART_IP, ADD, 4, 2, (uint32_t)-1), UNHEARD },
	{ "IPv6: payload length one more", V6, WITH(PART_IP, ADD, 4, 2, 1), UNHEARD },
	{ "IPv6: payload length 0", V6, WITH(PART_IP, SET, 4, 2, 0), UNHEARD },
	{ "IPv6: payload length 65535", V6, WITH(PART_IP, SET, 4, 2, 65535), UNHEARD },
	{ "IPv6: next header TCP", V6, WITH(PART_IP, SET, 6, 1, 6), UNHEARD },
	{ "IPv6: next header none", V6, WITH(PART_IP, SET, 6, 1, 59), UNHEARD },
	{ "IPv6: hop limit 0", V6, WITH(PART_IP, SET, 7, 1, 0), TAKEN },
	{ "IPv6: hop limit 1", V6, WITH(PART_IP, SET, 7, 1, 1), TAKEN },
	{ "IPv6: hop-by-hop options", V6, BETWEEN(0, 8, { 17, 0, PAD_N(4) }), UP },
	{ "IPv6: destination options", V6, BETWEEN(60, 8, { 17, 0, PAD_N(4) }), UP },
	{ "IPv6: routing header, done", V6, BETWEEN(43, 8, { 17, 0, 0, 0 }), UP },
	{ "IPv6: a fragment that is whole", V6, BETWEEN(44, 8, { 17, 0, 0, 0, 1, 2, 3, 4 }), UP },
	{ "IPv6: the first of fragments", V6, BETWEEN(44, 8, { 17, 0, 0, 1, 1, 2, 3, 4 }),
		UNHEARD },
	{ "IPv6: a later fragment", V6, BETWEEN(44, 8, { 17, 0, 0, 8, 1, 2, 3, 4 }), UNHEARD },
	{ "IPv6: two extension headers", V6,
		BETWEEN(0, 16, { 60, 0, PAD_N(4), 0, 0, 0, 0, 17, 0, PAD_N(4) }), UP },
	{ "IPv6: from multicast", V6, FROM("ff02::1"), UNHEARD },
	{ "IPv6: from nowhere", V6, FROM("::"), UP },
	{ "IPv6: from loopback", V6, FROM("::1"), UNHEARD },
	{ "IPv6: from ourselves", V6, FROM("fd77::2"), UP },
	{ "IPv6: from a link-local address", V6, FROM("fe80::9"), TAKEN },
	{ "IPv6: from a mapped IPv4 address", V6, FROM("::ffff:10.77.0.1"), UP },
	{ "IPv6: from a compatible IPv4 address", V6, FROM("::10.77.0.1"), UP },
	{ "IPv6: to nobody here", V6, TO("fd77::3"), UNHEARD },
	{ "IPv6: to loopback", V6, TO("::1"), UNHEARD },
	{ "IPv6: to ::", V6, TO("::"), UNHEARD },
	{ "IPv6: to a mapped address of ours", V6, TO("::ffff:10.77.0.2"), UNHEARD },
	{ "IPv6: to multicast, all nodes", V6, TO("ff02::1"), UP },
	{ "IPv6: to multicast, not joined", V6, TO("ff02::1234"), UNHEARD },
	{ "IPv6: port 4788", V6, WITH(PART_UDP, SET, 2, 2, 4788), UNHEARD },
	{ "IPv6: UDP length one less", V6, WITH(PART_UDP, ADD, 4, 2, (uint32_t)-1),
		.is_truncated = true, UP },
	{ "IPv6: UDP length one more", V6, WITH(PART_UDP, ADD, 4, 2, 1), UNHEARD },
	{ "IPv6: UDP length 0", V6, WITH(PART_UDP, SET, 4, 2, 0), UP },
	{ "IPv6: UDP length 7", V6, WITH(PART_UDP, SET, 4, 2, 7), UNHEARD },
	{ "IPv6: UDP length 8", V6, WITH(PART_UDP, SET, 4, 2, 8), BUT(NOT_VXLAN) },
	{ "IPv6: UDP checksum right", V6, .udp_checksum = UDP_RIGHT, UP },
	{ "IPv6: UDP checksum wrong", V6, .udp_checksum = UDP_WRONG, BUT(SOCKET_FULL) },
	{ "IPv6: flag I clear", V6, WITH(PART_VXLAN, SET, 0, 1, 0), BUT(NO_VNI_FLAG) },
	{ "IPv6: all flags set", V6, WITH(PART_VXLAN, SET, 0, 1, 0xff), RESERVED },
	{ "IPv6: reserved byte 7", V6, WITH(PART_VXLAN, SET, 7, 1, 1), RESERVED },
	{ "IPv6: VNI unknown", V6, VNI(4322), BUT(UNKNOWN_VNI) },
	{ "IPv6: VNI last of a range", V6, VNI(199), TAKEN },
	{ "IPv6: source list", V6, VNI(300), FROM("fd77:1::1"), TAKEN },
	{ "IPv6: source list, another", V6, VNI(300), BUT(UNKNOWN_SOURCE) },
	{ "IPv6: not allowed", V6, FROM("2001:db8::1"), BUT(NOT_ALLOWED) },
	{ "IPv6: one byte behind it", V6, .n_tail = 1, UP },
	{ "IPv6: merged by GRO", V6, .gso_bytes = 60, UP },
	{ "IPv6: inner IPv6", V6, .inner = INNER_IP6, TAKEN },
	{ "IPv6: inner ARP", V6, .inner = INNER_ARP, UP },
	{ "IPv6: inner VLAN", V6, .inner = INNER_VLAN, TAKEN },
	{ "IPv6: inner IPv4 longer than its frame", V6, .inner = INNER_LONG4, TAKEN,
		.is_truncated = true },
	{ "IPv6: inner jumbo", V6, .inner = INNER_JUMBO, TAKEN },
};

/* ---- building ---- */

#define SENDER_V4    "10.77.0.1"
#define TARGET_V4    "10.77.0.2"
#define SENDER_V6    "fd77::1"
#define TARGET_V6    "fd77::2"
#define SOURCE_PORT  65408 /* the first of AWS's (seen there) */
#define UDP_PROTOCOL 17

/** struct draft - a packet while it is put together */
struct draft {
	const struct row *row;
	uint8_t byte[PACKETS_MAX_BYTES];
	size_t ip, udp, vxlan, n; /* where each begins, and the end */
	struct vtap_addr source, destination;
};

static void put(uint8_t *to, size_t n, uint32_t value)
{
	for (size_t i = n; i > 0; i--, value >>= 8)
		to[i - 1] = (uint8_t)value;
}

static uint32_t get(const uint8_t *from, size_t n)
{
	uint32_t value = 0;

	for (size_t i = 0; i < n; i++)
		value = value << 8 | from[i];
	return value;
}

static struct vtap_addr addr_read(const char *text, const char *otherwise)
{
	struct vtap_addr addr;
	int r = vtap_addr_parse(text != NULL ? text : otherwise, &addr);

	assert(r == 0);
	(void)r; /* without assertions */
	return addr;
}

/* RFC 1071; @sum is that of what is in front. */
static uint32_t sum_add(uint32_t sum, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sum += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
	return sum;
}

static uint16_t sum_finish(uint32_t sum)
{
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void eth_write(struct draft *draft)
{
	static const uint8_t macs[] = { 0x02, 0, 0, 0, 0x77, 0x02, 0x02, 0, 0, 0, 0x77, 0x01 };

	memcpy(draft->byte, macs, sizeof(macs));
	put(draft->byte + sizeof(macs), 2, draft->row->is_v6 ? 0x86dd : 0x0800);
	draft->n = draft->ip = VTAP_ETH_HEADER_BYTES;
}

static void ip_write(struct draft *draft)
{
	const struct row *row = draft->row;
	uint8_t *ip = draft->byte + draft->ip;

	draft->source = addr_read(row->source, row->is_v6 ? SENDER_V6 : SENDER_V4);
	draft->destination = addr_read(row->destination, row->is_v6 ? TARGET_V6 : TARGET_V4);
	if (row->is_v6) {
		put(ip, 4, 0x60000000);
		ip[6] = row->between.n_bytes > 0 ? row->between.first : UDP_PROTOCOL;
		ip[7] = 64;
		memcpy(ip + 8, draft->source.byte, 16);
		memcpy(ip + 24, draft->destination.byte, 16);
		draft->n += VTAP_IPV6_HEADER_BYTES;
	} else {
		ip[0] = (uint8_t)(0x45 + row->between.n_bytes / 4);
		ip[8] = 255;
		ip[9] = UDP_PROTOCOL;
		memcpy(ip + 12, draft->source.byte + 12, 4);
		memcpy(ip + 16, draft->destination.byte + 12, 4);
		draft->n += VTAP_IPV4_HEADER_BYTES;
	}
	memcpy(draft->byte + draft->n, row->between.byte, row->between.n_bytes);
	draft->n += row->between.n_bytes;
}

static void payload_write(struct draft *draft)
{
	draft->udp = draft->n;
	draft->vxlan = draft->udp + VTAP_UDP_HEADER_BYTES;
	put(draft->byte + draft->udp, 2, SOURCE_PORT);
	put(draft->byte + draft->udp + 2, 2, VTAP_VXLAN_PORT);
	put(draft->byte + draft->vxlan, 4, (uint32_t)VTAP_VXLAN_FLAG_I << 24);
	put(draft->byte + draft->vxlan + 4, 4, 4321U << 8);
	draft->n = draft->vxlan + VTAP_VXLAN_HEADER_BYTES;
	draft->n += inner_write(draft->byte + draft->n, draft->row->inner);
	if (draft->row->is_short)
		draft->n = draft->vxlan + draft->row->n_payload;
}

static void lengths_write(struct draft *draft)
{
	put(draft->byte + draft->udp + 4, 2, (uint32_t)(draft->n - draft->udp));
	if (draft->row->is_v6)
		put(draft->byte + draft->ip + 4, 2,
			(uint32_t)(draft->n - draft->ip - VTAP_IPV6_HEADER_BYTES));
	else
		put(draft->byte + draft->ip + 2, 2, (uint32_t)(draft->n - draft->ip));
}

static void edit_apply(struct draft *draft, const struct edit *edit)
{
	const size_t begin[] = {
		[PART_ETH] = 0,
		[PART_IP] = draft->ip,
		[PART_UDP] = draft->udp,
		[PART_VXLAN] = draft->vxlan,
	};
	uint8_t *at;

	if (edit->part == PART_NONE)
		return;
	at = draft->byte + begin[edit->part] + edit->offset;
	put(at, edit->n_bytes, edit->value + (edit->how == ADD ? get(at, edit->n_bytes) : 0));
}

static void udp_sum_write(struct draft *draft)
{
	uint8_t *udp = draft->byte + draft->udp;
	size_t n = draft->n - draft->udp, skip = draft->row->is_v6 ? 0 : 12;
	uint32_t sum = UDP_PROTOCOL + (uint32_t)n;
	uint16_t checksum;

	if (draft->row->udp_checksum == UDP_ZERO)
		return;
	sum = sum_add(sum, draft->source.byte + skip, 16 - skip);
	sum = sum_add(sum, draft->destination.byte + skip, 16 - skip);
	checksum = sum_finish(sum_add(sum, udp, n));
	if (draft->row->udp_checksum == UDP_WRONG)
		checksum ^= 0x5555;
	put(udp + 6, 2, checksum != 0 ? checksum : 0xffff);
}

static void ip_sum_write(struct draft *draft)
{
	uint8_t *ip = draft->byte + draft->ip;

	if (draft->row->is_v6)
		return;
	put(ip + 10, 2, 0);
	put(ip + 10, 2, sum_finish(sum_add(0, ip, draft->udp - draft->ip)));
	if (draft->row->has_wrong_checksum)
		put(ip + 10, 2, get(ip + 10, 2) ^ 0x0101);
}

static void draft_write(struct draft *draft)
{
	eth_write(draft);
	ip_write(draft);
	payload_write(draft);
	lengths_write(draft);
	udp_sum_write(draft);
	for (size_t i = 0; i < VTAP_ARRAY_LEN(draft->row->edit); i++)
		edit_apply(draft, &draft->row->edit[i]);
	ip_sum_write(draft);
	memset(draft->byte + draft->n, 0xee, draft->row->n_tail);
	draft->n += draft->row->n_tail;
	if (draft->row->n_whole > 0)
		draft->n = draft->row->n_whole;
}

/* What the stack hands over: as long as UDP says. IPv6 knows datagrams of length 0, which are as
 * long as the packet (RFC 2675). */
static struct vtap_view payload_of(const struct draft *draft, const uint8_t *byte)
{
	size_t n = get(draft->byte + draft->udp + 4, 2);

	if (draft->row->verdict == PACKET_UNHEARD)
		return (struct vtap_view){ 0 };
	if (n == 0)
		n = draft->n - draft->udp;
	assert(n >= VTAP_UDP_HEADER_BYTES && draft->udp + n <= draft->n);
	return (struct vtap_view){
		.data = byte + draft->vxlan,
		.len_bytes = n - VTAP_UDP_HEADER_BYTES,
	};
}

static bool is_own(const struct vtap_addr *addr)
{
	static const char *const own[] = PACKETS_OWN;
	bool is_found = false;

	for (size_t i = 0; i < VTAP_ARRAY_LEN(own); i++) {
		struct vtap_addr other = addr_read(own[i], NULL);

		is_found = is_found || vtap_addr_compare(addr, &other) == 0;
	}
	return is_found;
}

static struct packet packet_build(const struct row *row)
{
	struct draft draft = { .row = row };
	struct packet packet = {
		.gso_bytes = row->gso_bytes,
		.is_taken = row->is_taken,
		.verdict = row->verdict,
		.is_truncated = row->is_truncated,
		.has_reserved_bits = row->has_reserved_bits,
	};

	draft_write(&draft);
	(void)snprintf(packet.name, sizeof(packet.name), "%s", row->name); /* fits */
	packet.n_bytes = draft.n;
	packet.byte = malloc(draft.n);
	assert(packet.byte != NULL);
	memcpy(packet.byte, draft.byte, draft.n);
	packet.source = draft.source;
	packet.is_unicast = is_own(&draft.destination) && (packet.byte[0] & 1) == 0;
	packet.payload = payload_of(&draft, packet.byte);
	if (row->verdict == VTAP_VERDICT_DELIVERED)
		packet.inner = vtap_view_from(packet.payload, VTAP_VXLAN_HEADER_BYTES);
	return packet;
}

/* ---- rows of every length ---- */

/* The shortest inner frame that can be taken: behind its Ethernet header as many bytes as an IP
 * header of the outer family has (bpf_skb_adjust_room() asks for it). */
static size_t taken_min(bool is_v6)
{
	return VTAP_ETH_HEADER_BYTES + (is_v6 ? VTAP_IPV6_HEADER_BYTES : VTAP_IPV4_HEADER_BYTES);
}

static size_t headers_bytes(bool is_v6)
{
	return VTAP_ETH_HEADER_BYTES + (is_v6 ? VTAP_IPV6_HEADER_BYTES : VTAP_IPV4_HEADER_BYTES) +
	       VTAP_UDP_HEADER_BYTES + VTAP_VXLAN_HEADER_BYTES;
}

/* Lengths agree; the inner frame ends early, or there is none. */
static struct packet short_build(bool is_v6, size_t n_payload)
{
	char name[64];
	struct row row = {
		.name = name,
		.is_v6 = is_v6,
		.inner = INNER_OTHER,
		.is_short = true,
		.n_payload = n_payload,
	};

	(void)snprintf(name, sizeof(name), "%s%zu bytes behind UDP", is_v6 ? "IPv6: " : "",
		n_payload); /* fits */
	if (n_payload < VTAP_VXLAN_HEADER_BYTES)
		row.verdict = VTAP_VERDICT_NOT_VXLAN;
	else if (n_payload < VTAP_VXLAN_HEADER_BYTES + VTAP_ETH_HEADER_BYTES)
		row.verdict = VTAP_VERDICT_TOO_SHORT;
	row.is_taken = n_payload >= VTAP_VXLAN_HEADER_BYTES + taken_min(is_v6);
	return packet_build(&row);
}

/* The wire ended early: lengths say more than there is. */
static struct packet cut_build(bool is_v6, size_t n_whole)
{
	char name[64];
	struct row row = {
		.name = name,
		.is_v6 = is_v6,
		.n_whole = n_whole,
		.verdict = PACKET_UNHEARD,
	};

	(void)snprintf(name, sizeof(name), "%scut to %zu bytes", is_v6 ? "IPv6: " : "",
		n_whole); /* fits */
	return packet_build(&row);
}

static size_t lengths_make(bool is_v6, struct packet *packets)
{
	size_t first_cut = VTAP_ETH_HEADER_BYTES + 1, n_shorts = 8 + 61, n = 0;
	size_t last_cut = headers_bytes(is_v6) + taken_min(is_v6) + 1;

	for (size_t i = 0; i < n_shorts; i++)
		packets[n++] = short_build(is_v6, i);
	for (size_t i = first_cut; i <= last_cut; i++)
		packets[n++] = cut_build(is_v6, i);
	return n;
}

#define LENGTHS_MAX 400 /* rows of lengths_make(), both families; asserted below */

struct packet *packets_make(size_t *ret_n)
{
	struct packet *packets = calloc(VTAP_ARRAY_LEN(ROWS) + LENGTHS_MAX, sizeof(*packets));
	size_t n = 0;

	assert(packets != NULL);
	for (size_t i = 0; i < VTAP_ARRAY_LEN(ROWS); i++)
		packets[n++] = packet_build(&ROWS[i]);
	n += lengths_make(false, packets + n);
	n += lengths_make(true, packets + n);
	assert(n <= VTAP_ARRAY_LEN(ROWS) + LENGTHS_MAX);
	*ret_n = n;
	return packets;
}

void packets_free(struct packet *packets, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(packets[i].byte);
	free(packets);
}
