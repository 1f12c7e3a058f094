// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The guard, on every tap interface. Inwards: a frame has passed the sensors' taps when it comes
 * here, is counted if the fast path steered it, and goes no further (law 4). Outwards: the host's
 * own stack says nothing there (law 3).
 *
 * TC_ACT_STOLEN and not SHOT: the frame has done all that it was to do, and who looks for dropped
 * packets should not find one for each mirrored frame.
 *
 * While a window is open the guard also notes what is said in some TCP conversations, whoever put
 * the frames onto the interface: whole conversations are chosen, by a hash that is the same for
 * both directions, and not packets. Between windows that costs a load and a branch. A kernel that
 * does not take that code gets a guard without it, in a program of its own: one that is switched
 * off by a constant would be looked at all the same, by the verifier that looks at what a processor
 * may do in advance (kernel/bpf/verifier.c sanitize_speculative_path).
 */
#include <stdbool.h>
#include <stddef.h>

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "fastpath/layout.h"
#include "fastpath/talk.h"
#include "wire/constants.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32); /* slot */
	__type(value, struct vtap_fast_guarded);
} guarded SEC(".maps");

/* The key of a lookup, not on the stack: see steer.bpf.c */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} scratch SEC(".maps");

const volatile __u32 zero;

/* ---- conversations ---- */

/* Not in the user-space headers: linux/ip.h of the kernel; RFC 9293 section 3.1 */
#define IP_FRAGMENT 0x3fff /* an offset, or more to come */
#define TCP_SYN     0x02
#define TCP_RST     0x04
#define TCP_ACK     0x10

/* VLAN tags that are looked behind, besides the one that the kernel has taken off */
#define TAGS_MAX 2

volatile struct vtap_fast_window window;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, VTAP_FAST_TALKS_MAX);
	__type(key, struct vtap_fast_talk_key);
	__type(value, struct vtap_fast_talk);
} talks SEC(".maps");

/* As much of a TCP header as is read: a frame may be cut behind it. */
struct tcp_head {
	__be16 source;
	__be16 destination;
	__be32 seq;
	__be32 ack;
	__u8 offset; /* words, in the upper half */
	__u8 flags;
};

#define TCP_HEAD_BYTES 14 /* sizeof without what pads it */

/* What a segment needs across helper calls, not on the stack: see steer.bpf.c */
struct talking {
	struct vtap_fast_talk_key key;
	struct vtap_fast_talk nothing; /* all zero */
	__u64 now_ns;
	__u64 source; /* of both ends: hashes */
	__u64 destination;
	__u32 n_l4_bytes; /* as the IP header says */
	__be16 tag[2];    /* behind an EtherType of VLAN: the tag, and the next EtherType */
	struct ethhdr eth;
	struct iphdr ip4;
	struct ipv6hdr ip6;
	struct tcp_head tcp;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct talking);
} talking SEC(".maps");

/* Every bit of the result depends on every bit of @x. Source: the finalizer of splitmix64, Steele,
 * Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014 */
static __always_inline __u64 mix(__u64 x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

static __always_inline __u64 end_hash6(const struct in6_addr *addr)
{
	const __u32 *word = (const __u32 *)addr;
	__u64 hash = mix(window.seed ^ ((__u64)word[0] << 32 | word[1]));

	return mix(hash ^ ((__u64)word[2] << 32 | word[3]));
}

/* Where TCP begins in an IPv4 packet at @offset, and the hashes of both addresses. Return: 0: it is
 * no whole TCP. */
static __always_inline __u32 tcp_find4(struct __sk_buff *skb, struct talking *s, __u32 offset)
{
	__u32 n_head_bytes;

	if (bpf_skb_load_bytes(skb, offset, &s->ip4, sizeof(s->ip4)) < 0)
		return 0;
	n_head_bytes = s->ip4.ihl * 4;
	if (s->ip4.version != 4 || n_head_bytes < sizeof(s->ip4) ||
		s->ip4.protocol != IPPROTO_TCP || (s->ip4.frag_off & bpf_htons(IP_FRAGMENT)) != 0)
		return 0;
	s->n_l4_bytes = bpf_ntohs(s->ip4.tot_len) - n_head_bytes;
	s->source = mix(window.seed ^ s->ip4.saddr);
	s->destination = mix(window.seed ^ s->ip4.daddr);
	return offset + n_head_bytes;
}

/* The same for IPv6, without extension headers. */
static __always_inline __u32 tcp_find6(struct __sk_buff *skb, struct talking *s, __u32 offset)
{
	if (bpf_skb_load_bytes(skb, offset, &s->ip6, sizeof(s->ip6)) < 0 || s->ip6.version != 6 ||
		s->ip6.nexthdr != IPPROTO_TCP)
		return 0;
	s->n_l4_bytes = bpf_ntohs(s->ip6.payload_len);
	s->source = end_hash6(&s->ip6.saddr);
	s->destination = end_hash6(&s->ip6.daddr);
	return offset + sizeof(s->ip6);
}

static __always_inline __u32 tcp_find(struct __sk_buff *skb, struct talking *s)
{
	__u32 offset = ETH_HLEN;
	__be16 type;

	if (bpf_skb_load_bytes(skb, 0, &s->eth, sizeof(s->eth)) < 0)
		return 0;
	type = s->eth.h_proto;
#pragma clang loop unroll(full)
	for (int i = 0; i < TAGS_MAX; i++) {
		if (type != bpf_htons(ETH_P_8021Q) && type != bpf_htons(ETH_P_8021AD))
			break;
		if (bpf_skb_load_bytes(skb, offset, s->tag, sizeof(s->tag)) < 0)
			return 0;
		type = s->tag[1];
		offset += sizeof(s->tag);
	}
	if (type == bpf_htons(ETH_P_IP))
		return tcp_find4(skb, s, offset);
	if (type == bpf_htons(ETH_P_IPV6))
		return tcp_find6(skb, s, offset);
	return 0;
}

/* The conversation of this segment, if it is one of those that are noted. One that is new towards
 * the end can prove nothing any more. */
static __always_inline struct vtap_fast_talk *talk_find(struct __sk_buff *skb, struct talking *s)
{
	struct vtap_fast_talk *talk;
	__u64 low, high;

	s->source = mix(s->source ^ s->tcp.source);
	s->destination = mix(s->destination ^ s->tcp.destination);
	low = s->source < s->destination ? s->source : s->destination;
	high = s->source < s->destination ? s->destination : s->source;
	s->key.hash = mix(low + mix(high));
	s->key.ifindex = skb->ifindex;
	if ((s->key.hash & window.mask) != 0)
		return NULL;
	talk = bpf_map_lookup_elem(&talks, &s->key);
	if (talk != NULL || s->now_ns >= window.proves_to_ns)
		return talk;
	/* no room, or another processor was faster */
	(void)bpf_map_update_elem(&talks, &s->key, &s->nothing, BPF_NOEXIST);
	return bpf_map_lookup_elem(&talks, &s->key);
}

/* Both sides may be written by several processors. */
static __noinline void side_note(const struct talking *s, struct vtap_fast_talk_side *side)
{
	__u32 ack = s->tcp.ack;

	__sync_fetch_and_add(&side->frames, 1);
	if ((s->tcp.flags & (TCP_SYN | TCP_RST)) != 0 || (s->tcp.flags & TCP_ACK) == 0 ||
		s->now_ns < window.proves_from_ns || s->now_ns >= window.proves_to_ns)
		return;
	if (side->segments != 0 && side->ack != ack)
		__sync_fetch_and_add(&side->moved, 1);
	side->ack = ack;
	__sync_fetch_and_add(&side->segments, 1);
	if (s->n_l4_bytes > (s->tcp.offset >> 4) * 4U)
		__sync_fetch_and_add(&side->data, 1);
}

static __noinline int segment_note(struct __sk_buff *skb)
{
	struct talking *s = bpf_map_lookup_elem(&talking, (const void *)&zero);
	struct vtap_fast_talk *talk;
	__u32 offset;

	if (s == NULL)
		return 0; /* cannot be */
	s->now_ns = bpf_ktime_get_ns();
	if (s->now_ns >= window.until_ns) {
		/* whoever opened it is gone: no frame shall ask for the time again */
		window.until_ns = 0;
		return 0;
	}
	offset = tcp_find(skb, s);
	if (offset == 0 || bpf_skb_load_bytes(skb, offset, &s->tcp, TCP_HEAD_BYTES) < 0)
		return 0;
	talk = talk_find(skb, s);
	if (talk == NULL || s->source == s->destination)
		return 0;
	if (s->source < s->destination) {
		side_note(s, &talk->side[0]);
		VTAP_FAST_APART();
	} else {
		side_note(s, &talk->side[1]);
	}
	return 0;
}

/* ---- the hooks ---- */

static __always_inline int frame_count(struct __sk_buff *skb)
{
	__u32 *slot = bpf_map_lookup_elem(&scratch, (const void *)&zero);
	struct vtap_fast_guarded *here;

	if (slot == NULL)
		return TC_ACT_STOLEN; /* cannot be */
	*slot = skb->tc_index & (VTAP_FAST_PAGE_BIT - 1);
	if (*slot == 0)
		return TC_ACT_STOLEN; /* written by a worker, who has counted it */
	here = bpf_map_lookup_elem(&guarded, slot);
	if (here == NULL)
		return TC_ACT_STOLEN;
	if (skb->tc_index & VTAP_FAST_PAGE_BIT) {
		here->frames[1]++;
		VTAP_FAST_APART();
	} else {
		here->frames[0]++;
	}
	here->bytes += skb->len + (skb->vlan_present ? VTAP_VLAN_TAG_BYTES : 0);
	return TC_ACT_STOLEN;
}

SEC("tc")
int vtapd_guard_in(struct __sk_buff *skb)
{
	if (window.until_ns != 0)
		(void)segment_note(skb); /* always 0 */
	return frame_count(skb);
}

SEC("tc")
int vtapd_guard_in_only(struct __sk_buff *skb)
{
	return frame_count(skb);
}

SEC("tc")
int vtapd_guard_out(struct __sk_buff *skb)
{
	(void)skb;
	return TC_ACT_SHOT;
}
