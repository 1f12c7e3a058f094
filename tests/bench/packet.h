/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The packets of the benchmark, as AWS sends them: Ethernet, IPv4 without options (TTL 255, DF 0),
 * UDP without checksum, VXLAN, and a whole inner frame: Ethernet, IPv4, UDP, a mark, a number,
 * filler. Nothing in the outer headers but the source port and the VNI differs from packet to
 * packet.
 *
 * Packet number n goes over outer flow n modulo PACKET_FLOWS.
 */
#pragma once

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** PACKET_FLOWS, PACKET_FIRST_PORT - outer source ports of one sender. Source: seen at AWS */
#define PACKET_FLOWS      128
#define PACKET_FIRST_PORT 65408

/** PACKET_PORT - Source: RFC 7348 section 5 */
#define PACKET_PORT 4789

/** PACKET_MARK - begins the inner payload, so that other frames are not taken for ours */
#define PACKET_MARK 0x76746270U

struct packet_headers {
	struct ethhdr eth;
	struct iphdr ip;
	struct udphdr udp;
} __attribute__((packed));

struct packet_inner {
	struct packet_headers headers;
	uint32_t mark_be;
	uint64_t number; /* of the host's order: sender and sensor are one machine */
} __attribute__((packed));

struct packet {
	struct packet_headers outer;
	uint8_t vxlan[8]; /* RFC 7348 section 5 */
	struct packet_inner inner;
} __attribute__((packed));

/** PACKET_OUTER_BYTES - what a packet has more than its inner frame */
#define PACKET_OUTER_BYTES offsetof(struct packet, inner)

static inline uint16_t packet_ip_checksum(const struct iphdr *ip)
{
	uint16_t word[sizeof(*ip) / 2];
	uint32_t sum = 0;

	memcpy(word, ip, sizeof(word));
	for (size_t i = 0; i < sizeof(word) / sizeof(word[0]); i++)
		sum += word[i];
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t) ~(sum + (sum >> 16));
}

/** packet_headers_fill() - the headers in front of @n_payload_bytes, with right lengths and
 * checksum */
static inline void packet_headers_fill(struct packet_headers *headers, uint32_t source_be,
	uint32_t destination_be, size_t n_payload_bytes)
{
	struct iphdr ip = {
		.version = 4,
		.ihl = sizeof(ip) / 4,
		.tot_len = htons((uint16_t)(sizeof(ip) + sizeof(headers->udp) + n_payload_bytes)),
		.ttl = 255,
		.protocol = IPPROTO_UDP,
		.saddr = source_be,
		.daddr = destination_be,
	};

	ip.check = packet_ip_checksum(&ip);
	headers->eth.h_proto = htons(ETH_P_IP);
	headers->ip = ip;
	headers->udp.len = htons((uint16_t)(sizeof(headers->udp) + n_payload_bytes));
}

/** packet_number_set() - make it packet @number, for @vni */
static inline void packet_number_set(struct packet *packet, uint64_t number, uint32_t vni)
{
	uint16_t i_flow = (uint16_t)(number % PACKET_FLOWS);
	uint32_t vni_be = htonl(vni << 8);

	packet->outer.udp.source = htons((uint16_t)(PACKET_FIRST_PORT + i_flow));
	memcpy(&packet->vxlan[4], &vni_be, sizeof(vni_be));
	packet->inner.headers.udp.source = htons((uint16_t)(40000 + i_flow));
	packet->inner.number = number;
}

/** packet_inner_find() - the inner frame of ours that begins @at bytes into a frame */
static inline bool packet_inner_find(
	const uint8_t *frame, size_t n_bytes, size_t at, struct packet_inner *ret_inner)
{
	if (n_bytes < at + sizeof(*ret_inner))
		return false;
	memcpy(ret_inner, frame + at, sizeof(*ret_inner));
	return ret_inner->mark_be == htonl(PACKET_MARK);
}

/** packet_is_ours() - is a frame an inner frame of ours, or a whole packet? Then @ret_number is its
 * number. */
static inline bool packet_is_ours(const uint8_t *frame, size_t n_bytes, uint64_t *ret_number)
{
	struct packet_inner inner;

	if (!packet_inner_find(frame, n_bytes, 0, &inner) &&
		!packet_inner_find(frame, n_bytes, PACKET_OUTER_BYTES, &inner))
		return false;
	*ret_number = inner.number;
	return true;
}
