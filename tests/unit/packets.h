/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One table of outer packets, and what is to become of each: whether the fast path takes it, and
 * the verdict of the worker once the stack has handed its payload to the socket (law 7). It runs
 * through BPF_PROG_TEST_RUN (test_fastpath_table.c) and over a wire
 * (tests/netns/test_fastpath_packets.py, which reads what packets_dump.c prints).
 *
 * How it works. Each row is a valid packet with one thing changed. The scene that it is judged in
 * is here too: the addresses of the host, its sessions, who may send.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/prefix.h"
#include "wire/verdict.h"

/** PACKET_UNHEARD - no socket ever gets it */
#define PACKET_UNHEARD VTAP_VERDICT_COUNT

/** PACKETS_OWN - the host's addresses, as "address"; the first of each family is the underlay's */
#define PACKETS_OWN                                                                                \
	{                                                                                          \
		"10.77.0.2", "fd77::2", "10.77.0.12"                                               \
	}

/** PACKETS_MAC - of the host's underlay */
#define PACKETS_MAC                                                                                \
	{                                                                                          \
		0x02, 0x00, 0x00, 0x00, 0x77, 0x02                                                 \
	}

/** PACKETS_MAX_BYTES - of one packet */
#define PACKETS_MAX_BYTES 9400

/** struct packet_session - a session of the scene */
struct packet_session {
	const char *name;
	uint32_t first, last; /* VNI; 0 to VTAP_VNI_MAX: any */
	const char *source;   /* prefix; NULL: every source */
};

/** packets_sessions() - in the order of i_session */
const struct packet_session *packets_sessions(size_t *ret_n);

/** packets_allowed() - prefixes that may send at all */
const char *const *packets_allowed(size_t *ret_n);

/** struct packet - a row, built */
struct packet {
	char name[64];
	uint8_t *byte; /* the Ethernet frame as it comes in on the underlay */
	size_t n_bytes;
	unsigned gso_bytes; /* it stands for several packets, each with so many bytes; 0: alone */
	struct vtap_addr source;
	bool is_taken;             /* by the fast path */
	bool is_unicast;           /* to one of the host's addresses */
	enum vtap_verdict verdict; /* of the worker, or PACKET_UNHEARD */
	bool is_truncated;         /* inner IP length beyond the inner frame */
	bool has_reserved_bits;
	struct vtap_view payload; /* of UDP, as the stack hands it over; empty if it does not */
	struct vtap_view inner;   /* what a sensor reads when it is delivered */
};

/** packets_make() - build the table. Return: its rows; packets_free() frees them. */
struct packet *packets_make(size_t *ret_n);

/** packets_free() */
void packets_free(struct packet *packets, size_t n);
