/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/*
 * What the BPF programs and the process share: the keys and values of their maps.
 *
 * A slot is the number of a session, or of a target, for as long as its counters live, also over
 * restarts of the process. It travels from the steering program to the guard in skb->tc_index,
 * which no sensor sees, together with the page.
 *
 * Pages: what is steered is counted on the page that is open, and the guard counts a frame on the
 * page that it was steered on. Once a second the process opens the other page. What the closed page
 * says was steered and not guarded a second later was lost on the way; what is on its way is never
 * called lost.
 */
#pragma once

#include <linux/types.h>

/** VTAP_FAST_LAYOUT - changes with anything in this file: maps of another layout are not shared. A
 * test builds a daemon that has another one. */
#ifndef VTAP_FAST_LAYOUT
#define VTAP_FAST_LAYOUT 3
#endif

/** VTAP_FAST_SLOTS_MIN - slots at the least: few sessions need no new maps when they become more.
 * That daemon has fewer. */
#ifndef VTAP_FAST_SLOTS_MIN
#define VTAP_FAST_SLOTS_MIN 4096
#endif

/** VTAP_FAST_SLOTS_MAX - slots that tc_index can carry; slot 0 is nobody's */
#define VTAP_FAST_SLOTS_MAX 0x8000

/** VTAP_FAST_PAGE_BIT - of tc_index: which page */
#define VTAP_FAST_PAGE_BIT 0x8000

/** VTAP_FAST_PORTS_MAX - targets that one underlay can have */
#define VTAP_FAST_PORTS_MAX 64

/** VTAP_FAST_VNI_MASK - the VNI in a key that has i_target above it */
#define VTAP_FAST_VNI_MASK 0xffffffU

/** VTAP_FAST_ADDR_BYTES - an address of both families, IPv4 as ::ffff:a.b.c.d (base/prefix.h) */
#define VTAP_FAST_ADDR_BYTES 16

/**
 * VTAP_FAST_APART() - keeps the compiler from joining two branches that count in two places
 *
 * It would count in one computed place, and without CAP_PERFMON the verifier allows no address that
 * was computed in two ways (kernel/bpf/verifier.c sanitize_ptr_alu).
 */
#define VTAP_FAST_APART() __asm__ volatile("" : : : "memory")

/** struct vtap_fast_exit - where frames of a session go */
struct vtap_fast_exit {
	__u32 ifindex; /* of the tap interface; 0: it is not there, the worker has the verdict */
	__u32 slot;
};

/** struct vtap_fast_rule - what a VNI leads to */
struct vtap_fast_rule {
	struct vtap_fast_exit exit; /* for every source, if there is no list */
	__u32 list;                 /* of sources; 0: none */
};

/** struct vtap_fast_port - a target of an underlay, constant for a program */
struct vtap_fast_port {
	__be16 port;
	__u8 i_target; /* below VTAP_FAST_PORTS_MAX, for the keys below */
	__u8 allows_all;
	__u8 has_any;
	__u8 unused;
	__u16 slot; /* of the target's own counters */
	struct vtap_fast_rule any;
};

/** struct vtap_fast_allow_key - LPM: which outer sources a target allows */
struct vtap_fast_allow_key {
	__u32 len_bits; /* 32 and those of the prefix */
	__be32 i_target;
	__u8 addr[VTAP_FAST_ADDR_BYTES];
};

/** struct vtap_fast_source_key - LPM: the session of a list that takes a source */
struct vtap_fast_source_key {
	__u32 len_bits; /* 32 and those of the prefix */
	__be32 list;
	__u8 addr[VTAP_FAST_ADDR_BYTES];
};

/** struct vtap_fast_range_key - LPM: a part of a range of VNIs */
struct vtap_fast_range_key {
	__u32 len_bits; /* 8 and those of the VNI */
	__be32 vni;     /* i_target << 24 | VNI */
};

/** struct vtap_fast_flow4 - key of a remembered decision, IPv4. A multiple of 4 bytes: the kernel
 * hashes it by words. */
struct vtap_fast_flow4 {
	__be32 source;
	__be32 destination;
	__u32 vni; /* i_target << 24 | VNI */
};

/** struct vtap_fast_flow6 - likewise, IPv6 */
struct vtap_fast_flow6 {
	__u8 source[VTAP_FAST_ADDR_BYTES];
	__u8 destination[VTAP_FAST_ADDR_BYTES];
	__u32 vni;
};

/** struct vtap_fast_flow - a decision that one CPU remembers, and what it counted for it */
struct vtap_fast_flow {
	__u64 program; /* that decided; another one decides anew */
	struct vtap_fast_exit exit;
	__u64 frames;
	__u64 bytes; /* of inner frames */
};

/** struct vtap_fast_steered - what one CPU handed over for a session, by slot */
struct vtap_fast_steered {
	__u64 frames[2]; /* by page */
	__u64 truncated; /* inner IP length beyond the frame */
	__u64 reserved_bits;
};

/** struct vtap_fast_looked - the same row, of a target's slot */
struct vtap_fast_looked {
	__u64 looked;      /* packets to its port, for this host */
	__u64 no_listener; /* dropped: not to be taken, and nobody listens */
	__u64 unused[2];
};

/** struct vtap_fast_guarded - what one CPU saw behind the sensors, by slot */
struct vtap_fast_guarded {
	__u64 frames[2]; /* by the page that they were steered on */
	__u64 bytes;     /* of whole frames, with their VLAN tag */
	__u64 unused;
};

/** VTAP_FAST_KEPT_MAX - numbers of a slot; which, the process knows */
#define VTAP_FAST_KEPT_MAX 17

/** struct vtap_fast_kept - what the process counted for a slot's owner, for the one after it */
struct vtap_fast_kept {
	__u64 number[VTAP_FAST_KEPT_MAX];
};

/** struct vtap_fast_name - who has a slot; free when empty */
struct vtap_fast_name {
	char kind; /* VTAP_FAST_KIND_ */
	char name[39];
	__u64 since_wall_ns; /* counts from then on */
	__u64 last_wall_ns;  /* of the last frame, a few seconds late; 0: never */
	__u64 lost;          /* as far as it was found; what is on its way must not look so */
};

#define VTAP_FAST_KIND_SESSION 's'
#define VTAP_FAST_KIND_TARGET  't'
