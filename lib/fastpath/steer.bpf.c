// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The fast path: on the clsact ingress of an underlay, frames of known sessions are stripped of
 * their outer headers and redirected to the ingress of their tap interface.
 *
 * How it works. A packet is taken only if the stack would have handed it to our socket (law 7): for
 * this host (packet type, an address of this namespace), all lengths and the IPv4 header checksum
 * right, a UDP checksum that is zero or was found good by the NIC, no options, no fragment, not
 * merged by GRO, a source that may send. Everything else goes up untouched; that is a packet of
 * another protocol mostly, else the worker decides. Packets for a target's port that would go up
 * while nobody listens there are dropped, or the stack would answer production with ICMP.
 *
 * A program never changes: it is made for one session table and one set of addresses, and replaced
 * as a whole. A decision depends on source, destination, target and VNI only, so each CPU remembers
 * it in `flow4` or `flow6` together with the number of the program that decided: one lookup for
 * a packet, whatever the configuration. The same row counts by VNI and source.
 *
 * Nothing that is needed across a helper call lives on the stack: without CAP_PERFMON the verifier
 * puts a speculation barrier behind every first write to a place on the stack, and behind every
 * pointer that is spilled there (kernel/bpf/verifier.c, sanitize_stack_spill). It is in `scratch`.
 */
#include <stdbool.h>
#include <stddef.h>

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "fastpath/layout.h"
#include "wire/constants.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* linux/ip.h of the kernel, not of its user-space headers */
#define IP_OFFSET 0x1fff
#define IP_MF     0x2000

/* No place in ports[] */
#define NO_PORT ((__u32)-1)

/* IEEE 802.1Q: the identifier in a tag. 0 is a priority tag: the frame is the interface's own. */
#define VLAN_ID_MASK 0x0fff

/* IPv6 extension headers that are looked behind for the port, no more than this */
#define EXTENSIONS_MAX 4

/* ---- made for one table: set before the program is loaded ---- */

const volatile __u64 program_id; /* of this program, never of another one */
const volatile __u32 n_ports;
const volatile bool has_ipv6;
const volatile struct vtap_fast_port ports[VTAP_FAST_PORTS_MAX];
const volatile __u8 place[1 << 16]; /* by port as it is on the wire: in ports[], from 1 on */
const volatile __u32 zero;          /* a key that is not on the stack */

/* ---- maps of this table ---- */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__uint(key_size, VTAP_FAST_ADDR_BYTES);
	__type(value, __u32);
} own SEC(".maps"); /* addresses of this namespace */

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, struct vtap_fast_allow_key);
	__type(value, __u32);
} allow SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32); /* i_target << 24 | VNI */
	__type(value, struct vtap_fast_rule);
} exact SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, struct vtap_fast_range_key);
	__type(value, struct vtap_fast_rule);
} range SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, struct vtap_fast_source_key);
	__type(value, struct vtap_fast_exit);
} source SEC(".maps");

/* ---- maps that outlive this program ---- */

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 1);
	__type(key, struct vtap_fast_flow4);
	__type(value, struct vtap_fast_flow);
} flow4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 1);
	__type(key, struct vtap_fast_flow6);
	__type(value, struct vtap_fast_flow);
} flow6 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32); /* slot */
	__type(value, struct vtap_fast_steered);
} steered SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32); /* 0 or VTAP_FAST_PAGE_BIT */
} page SEC(".maps");

/* ---- what a packet needs across helper calls ---- */

struct scratch {
	struct vtap_fast_flow4 flow4;
	struct vtap_fast_flow6 flow6;
	__u32 inner[4];        /* Ethernet header; the last two bytes are not its own */
	volatile __u32 i_port; /* read back each time: see port_get() */
	volatile __u32 offset; /* as above: see udp_find6() */
	volatile __u32 next;
	__u32 is_truncated;
	__u32 has_reserved_bits;
	__u32 checksum; /* UDP's */
	__u32 page_bit;
	__u32 slot;
	__u32 vni; /* i_target << 24 | VNI */
	__u8 source[VTAP_FAST_ADDR_BYTES];
	__u8 destination[VTAP_FAST_ADDR_BYTES];
	struct vtap_fast_allow_key allow;
	struct vtap_fast_range_key range;
	struct vtap_fast_source_key list;
	struct vtap_fast_flow decided;
	struct vtap_fast_exit exit; /* of this packet */
	struct bpf_sock_tuple tuple;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} scratch SEC(".maps");

struct vxlanhdr {
	__be32 flags; /* only I counts */
	__be32 vni;   /* in the first three bytes */
};

/* What is behind UDP in a packet to be taken. The last eight bytes are of the inner frame's IP
 * header, if it has one: both families have their length in there. */
struct payload {
	struct vxlanhdr vxlan;
	struct ethhdr inner;
	__be16 l3[4];
};

#define PAYLOAD_BYTES 30 /* sizeof without what pads it */

/* Bytes from the outer Ethernet header on that must be readable, in one piece. */
#define READ4 (ETH_HLEN + sizeof(struct iphdr) + sizeof(struct udphdr) + PAYLOAD_BYTES)
#define READ6 (ETH_HLEN + sizeof(struct ipv6hdr) + sizeof(struct udphdr) + PAYLOAD_BYTES)

/* Bytes behind the outer Ethernet header that are taken away: the inner one takes its place. */
#define STRIPPED4                                                                                  \
	(sizeof(struct iphdr) + sizeof(struct udphdr) + sizeof(struct vxlanhdr) + ETH_HLEN)
#define STRIPPED6                                                                                  \
	(sizeof(struct ipv6hdr) + sizeof(struct udphdr) + sizeof(struct vxlanhdr) + ETH_HLEN)

static __always_inline struct scratch *scratch_get(void)
{
	return bpf_map_lookup_elem(&scratch, (const void *)&zero);
}

/* Which of the underlay's targets has this port? Return: its place in ports[], or NO_PORT. Mostly
 * there is one. A table, because of a loop over ports[] the compiler makes a pointer that ends
 * behind the last one, which Linux 6.1 refuses without CAP_PERFMON. */
static __always_inline __u32 port_find(__be16 port)
{
	if (n_ports > 0 && ports[0].port == port)
		return 0;
	return n_ports > 1 ? (__u32)place[port] - 1 : NO_PORT;
}

/* The target that a packet is for. Without CAP_PERFMON the verifier allows an address that is
 * computed from a known number on one way here and from an unknown one on another only if it cannot
 * tell: what it reads from a map's value it never knows. */
static __always_inline const struct vtap_fast_port *port_get(const struct scratch *s)
{
	return (const struct vtap_fast_port *)&ports[s->i_port & (VTAP_FAST_PORTS_MAX - 1)];
}

static __always_inline void addr_map4(__u8 *addr, __be32 v4)
{
	__builtin_memset(addr, 0, 10);
	addr[10] = addr[11] = 0xff;
	__builtin_memcpy(addr + 12, &v4, sizeof(v4));
}

/* The form that our maps have for IPv4 (RFC 4291 section 2.5.5.2). In an IPv6 header it is another
 * matter: no such address is this host's, and what comes from one is for the stack to judge. */
static __always_inline bool addr_is_mapped(const __u8 *addr)
{
	const __u32 *word = (const __u32 *)addr;

	return word[0] == 0 && word[1] == 0 && word[2] == bpf_htonl(0xffff);
}

/* ---- up: the packet is not for us to decide ---- */

static __always_inline struct vtap_fast_looked *looked_find(struct scratch *s)
{
	s->slot = port_get(s)->slot;
	return bpf_map_lookup_elem(&steered, &s->slot);
}

/* A packet to a target's port goes up: not if nobody listens there and the stack would answer. Its
 * addresses are in the scratch as a tuple of @size bytes, its destination in the mapped form. */
static __noinline int up_heard(struct __sk_buff *skb, struct scratch *s, __u32 size)
{
	struct vtap_fast_looked *looked;
	struct bpf_sock *sock;

	if (s == NULL || bpf_map_lookup_elem(&own, s->destination) == NULL)
		return TC_ACT_UNSPEC;
	looked = looked_find(s);
	if (looked == NULL)
		return TC_ACT_UNSPEC;
	looked->looked++;
	if (size == sizeof(s->tuple.ipv4))
		sock = bpf_sk_lookup_udp(
			skb, &s->tuple, sizeof(s->tuple.ipv4), BPF_F_CURRENT_NETNS, 0);
	else
		sock = bpf_sk_lookup_udp(
			skb, &s->tuple, sizeof(s->tuple.ipv6), BPF_F_CURRENT_NETNS, 0);
	if (sock != NULL) {
		bpf_sk_release(sock);
		return TC_ACT_UNSPEC;
	}
	looked->no_listener++;
	return TC_ACT_SHOT;
}

/* Any IPv4 packet: with options, the first of fragments, too short for a frame, with wrong lengths.
 */
static __noinline int up4(struct __sk_buff *skb)
{
	struct scratch *s = scratch_get();
	struct iphdr ip;
	struct udphdr udp;

	if (s == NULL || bpf_skb_load_bytes(skb, ETH_HLEN, &ip, sizeof(ip)) < 0 ||
		ip.protocol != IPPROTO_UDP || ip.ihl < 5 ||
		(ip.frag_off & bpf_htons(IP_OFFSET)) != 0 ||
		bpf_skb_load_bytes(skb, ETH_HLEN + ip.ihl * 4, &udp, sizeof(udp)) < 0)
		return TC_ACT_UNSPEC;
	s->i_port = port_find(udp.dest);
	if (s->i_port == NO_PORT)
		return TC_ACT_UNSPEC;
	s->tuple.ipv4.saddr = ip.saddr;
	s->tuple.ipv4.daddr = ip.daddr;
	s->tuple.ipv4.sport = udp.source;
	s->tuple.ipv4.dport = udp.dest;
	addr_map4(s->destination, ip.daddr);
	return up_heard(skb, s, sizeof(s->tuple.ipv4));
}

/* The offset of UDP in an IPv6 packet, behind extension headers that the stack looks through; 0
 * when it is not UDP. Where it looks is in the scratch, of which the verifier knows nothing: as
 * it would know another number on each way to here, Linux 6.1 without CAP_PERFMON would not end. */
static __always_inline __u32 udp_find6(struct __sk_buff *skb, struct scratch *s, __u8 next)
{
	__u8 header[8];

	s->offset = ETH_HLEN + sizeof(struct ipv6hdr);
	s->next = next;
#pragma clang loop unroll(full)
	for (int i = 0; i < EXTENSIONS_MAX && s->next != IPPROTO_UDP; i++) {
		if (bpf_skb_load_bytes(skb, s->offset, header, sizeof(header)) < 0)
			return 0;
		if (s->next == IPPROTO_FRAGMENT) {
			if (((header[2] << 8 | header[3]) & ~7) != 0)
				return 0; /* not the first */
			s->offset += sizeof(header);
		} else if (s->next == IPPROTO_HOPOPTS || s->next == IPPROTO_DSTOPTS ||
			   s->next == IPPROTO_ROUTING) {
			s->offset += (header[1] + 1) * 8;
		} else {
			return 0;
		}
		s->next = header[0];
	}
	return s->next == IPPROTO_UDP ? s->offset : 0;
}

static __noinline int up6(struct __sk_buff *skb)
{
	struct scratch *s = scratch_get();
	struct ipv6hdr ip;
	struct udphdr udp;
	__u32 offset;

	if (s == NULL || bpf_skb_load_bytes(skb, ETH_HLEN, &ip, sizeof(ip)) < 0)
		return TC_ACT_UNSPEC;
	offset = udp_find6(skb, s, ip.nexthdr);
	if (offset == 0 || bpf_skb_load_bytes(skb, offset, &udp, sizeof(udp)) < 0)
		return TC_ACT_UNSPEC;
	s->i_port = port_find(udp.dest);
	if (s->i_port == NO_PORT)
		return TC_ACT_UNSPEC;
	__builtin_memcpy(s->tuple.ipv6.saddr, &ip.saddr, sizeof(ip.saddr));
	__builtin_memcpy(s->tuple.ipv6.daddr, &ip.daddr, sizeof(ip.daddr));
	s->tuple.ipv6.sport = udp.source;
	s->tuple.ipv6.dport = udp.dest;
	__builtin_memcpy(s->destination, &ip.daddr, sizeof(ip.daddr));
	if (addr_is_mapped(s->destination))
		return TC_ACT_UNSPEC;
	return up_heard(skb, s, sizeof(s->tuple.ipv6));
}

/* ---- deciding: as datapath/table.c does ---- */

/* Of a list of sources, or for all. NULL: this level does not take it. */
static __always_inline const struct vtap_fast_exit *rule_follow(
	struct scratch *s, const struct vtap_fast_rule *rule)
{
	if (rule->list == 0)
		return &rule->exit;
	s->list.len_bits = 32 + 8 * VTAP_FAST_ADDR_BYTES;
	s->list.list = bpf_htonl(rule->list);
	__builtin_memcpy(s->list.addr, s->source, sizeof(s->source));
	return bpf_map_lookup_elem(&source, &s->list);
}

static __always_inline bool source_is_allowed(
	struct scratch *s, const volatile struct vtap_fast_port *port)
{
	if (port->allows_all)
		return true;
	s->allow.len_bits = 32 + 8 * VTAP_FAST_ADDR_BYTES;
	s->allow.i_target = bpf_htonl(port->i_target);
	__builtin_memcpy(s->allow.addr, s->source, sizeof(s->source));
	return bpf_map_lookup_elem(&allow, &s->allow) != NULL;
}

/* Match order: the VNI itself, then a range, then any. */
static __always_inline const struct vtap_fast_exit *exit_find(
	struct scratch *s, const struct vtap_fast_port *port)
{
	const struct vtap_fast_exit *exit = NULL;
	const struct vtap_fast_rule *rule = bpf_map_lookup_elem(&exact, &s->vni);

	if (rule != NULL)
		exit = rule_follow(s, rule);
	if (exit != NULL)
		return exit;
	s->range.len_bits = 32;
	s->range.vni = bpf_htonl(s->vni);
	rule = bpf_map_lookup_elem(&range, &s->range);
	if (rule != NULL)
		exit = rule_follow(s, rule);
	if (exit != NULL || !port->has_any)
		return exit;
	return rule_follow(s, &port->any);
}

/* Sources that the stack drops as martians, or may drop, are for it to judge. */
static __always_inline bool source_is_plain(const struct scratch *s)
{
	const __u32 *word = (const __u32 *)s->source;
	__u8 first = s->source[12];

	if (addr_is_mapped(s->source))
		return first != 0 && first != 127 && first < 224;
	return s->source[0] != 0xff && (word[0] | word[1] | word[2]) != 0;
}

/* For whom is it, and who may send? The flow's addresses and VNI are in the scratch; the exit is
 * written to decided. Return: is it to be taken? */
static __noinline int decide(struct scratch *s)
{
	const struct vtap_fast_exit *exit;
	const struct vtap_fast_port *port;

	if (s == NULL)
		return 0;
	port = port_get(s);
	if (bpf_map_lookup_elem(&own, s->destination) == NULL ||
		bpf_map_lookup_elem(&own, s->source) != NULL || !source_is_plain(s) ||
		!source_is_allowed(s, port))
		return 0;
	exit = exit_find(s, port);
	if (exit == NULL || exit->ifindex == 0)
		return 0;
	s->decided.program = program_id;
	s->decided.exit = *exit;
	s->decided.frames = 0;
	s->decided.bytes = 0;
	return 1;
}

/* The row of this CPU for a flow that was just decided. Without room for one it is only not
 * remembered. */
static __always_inline int flow_keep(struct scratch *s, void *map, const void *key)
{
	struct vtap_fast_flow *flow = bpf_map_lookup_elem(map, key);

	s->exit = s->decided.exit;
	if (flow == NULL)
		return bpf_map_update_elem(map, key, &s->decided, BPF_NOEXIST);
	flow->exit = s->decided.exit;
	flow->program = program_id;
	return 0;
}

/* Return: is it to be taken? No pointer: Linux 6.1 without CAP_PERFMON looks at both ways
 * behind a test whose outcome is known, and NULL cannot be used on the other one. */
static __noinline int flow_decide4(struct scratch *s)
{
	if (s == NULL)
		return 0;
	addr_map4(s->source, s->flow4.source);
	addr_map4(s->destination, s->flow4.destination);
	s->vni = s->flow4.vni;
	if (!decide(s))
		return 0;
	(void)flow_keep(s, &flow4, &s->flow4); /* or decided again for the next packet */
	return 1;
}

static __noinline int flow_decide6(struct scratch *s)
{
	if (s == NULL)
		return 0;
	__builtin_memcpy(s->source, s->flow6.source, sizeof(s->source));
	__builtin_memcpy(s->destination, s->flow6.destination, sizeof(s->destination));
	s->vni = s->flow6.vni;
	if (addr_is_mapped(s->source) || addr_is_mapped(s->destination) || !decide(s))
		return 0;
	(void)flow_keep(s, &flow6, &s->flow6); /* or decided again for the next packet */
	return 1;
}

/* Has this CPU decided it already, by this program? The exit is read before the program: a row that
 * the process takes away may become another flow's at any moment, and is all zero then. */
static __always_inline bool flow_remembers(struct scratch *s, const struct vtap_fast_flow *flow)
{
	if (flow == NULL)
		return false;
	s->exit = *(const volatile struct vtap_fast_exit *)&flow->exit;
	return *(const volatile __u64 *)&flow->program == program_id;
}

/* ---- taking ---- */

/* Does the inner IP header promise more than the frame has? As vtap_frame_is_truncated() does. */
static __always_inline __u32 payload_is_truncated(const struct payload *payload, __u32 l3_bytes)
{
	if (payload->inner.h_proto == bpf_htons(ETH_P_IP))
		return bpf_ntohs(payload->l3[1]) > l3_bytes;
	if (payload->inner.h_proto == bpf_htons(ETH_P_IPV6))
		return bpf_ntohs(payload->l3[2]) + sizeof(struct ipv6hdr) > l3_bytes;
	return 0;
}

/* Sixteen bytes from the Ethernet header on; two more than it has, but two that are there. */
static __always_inline void header_copy(__u32 *to, const __u32 *from)
{
	to[0] = from[0];
	to[1] = from[1];
	to[2] = from[2];
	*(__u16 *)&to[3] = *(const __u16 *)&from[3];
}

/* What is needed of the packet once it is known to be plain; then no pointer into it is. */
static __always_inline void payload_keep(
	struct scratch *s, const struct payload *payload, __u32 l3_bytes)
{
	s->is_truncated = payload_is_truncated(payload, l3_bytes);
	s->has_reserved_bits = (payload->vxlan.flags & bpf_htonl(~(VTAP_VXLAN_FLAG_I << 24))) |
			       (payload->vxlan.vni & bpf_htonl(0xff));
	header_copy(s->inner, (const __u32 *)&payload->inner);
}

/* As the keys have it. */
static __always_inline __u32 payload_vni(const struct scratch *s, const struct payload *payload)
{
	return (__u32)port_get(s)->i_target << 24 | bpf_ntohl(payload->vxlan.vni) >> 8;
}

static __always_inline void count(const struct scratch *s, struct vtap_fast_flow *flow,
	struct vtap_fast_steered *here, __u32 n_bytes)
{
	flow->frames++;
	flow->bytes += n_bytes;
	if (s->page_bit != 0) {
		here->frames[1]++;
		VTAP_FAST_APART();
	} else {
		here->frames[0]++;
	}
	if (s->is_truncated)
		here->truncated++;
	if (s->has_reserved_bits)
		here->reserved_bits++;
}

/* Strip @stripped bytes behind the outer Ethernet header. What was said of the packet stays behind:
 * its VLAN tag, hash, mark. Return: 0, or negative when the packet is as it was. */
static __always_inline int strip(struct __sk_buff *skb, const struct scratch *s, __u32 stripped)
{
	void *eth;

	if (bpf_skb_adjust_room(skb, -(__s32)stripped, BPF_ADJ_ROOM_MAC, 0) < 0)
		return -1;
	eth = (void *)(long)skb->data;
	if (eth + ETH_HLEN > (void *)(long)skb->data_end)
		return -1; /* cannot be: it was longer */
	header_copy(eth, s->inner);
	if (skb->vlan_present)
		bpf_skb_vlan_pop(skb);
	bpf_set_hash_invalid(skb);
	skb->mark = 0;
	return 0;
}

/* Hand the inner frame over. @stripped: as strip(). A function of its own has registers of its own.
 */
static __noinline int take(
	struct __sk_buff *skb, struct scratch *s, struct vtap_fast_flow *flow, __u32 stripped)
{
	struct vtap_fast_steered *here;
	const __u32 *page_bit;

	if (s == NULL || flow == NULL || strip(skb, s, stripped) < 0)
		return TC_ACT_UNSPEC;
	page_bit = bpf_map_lookup_elem(&page, (const void *)&zero);
	if (page_bit == NULL)
		return TC_ACT_SHOT; /* cannot be */
	s->page_bit = *page_bit;
	skb->tc_index = s->exit.slot | *page_bit;
	here = bpf_map_lookup_elem(&steered, &s->exit.slot);
	if (here == NULL)
		return TC_ACT_SHOT; /* cannot be: slots are below the number of rows */
	count(s, flow, here, skb->len);
	return bpf_redirect(s->exit.ifindex, BPF_F_INGRESS);
}

/* What both families ask of the metadata and of what is behind UDP. */
static __always_inline bool payload_is_plain(struct __sk_buff *skb, const struct payload *payload)
{
	return skb->gso_size == 0 &&
	       (payload->vxlan.flags & bpf_htonl(VTAP_VXLAN_FLAG_I << 24)) != 0;
}

/* UDP's: one that is not there, or that the NIC found good, is not looked at by the stack, either.
 * Asked last: a call in the middle would put pointers on the stack. */
static __always_inline bool checksum_is_trusted(struct __sk_buff *skb, const struct scratch *s)
{
	return s->checksum == 0 || bpf_csum_level(skb, BPF_CSUM_LEVEL_QUERY) >= 0;
}

static __always_inline bool checksum_is_right(const struct iphdr *ip)
{
	const __u32 *word = (const __u32 *)ip;
	__u64 sum = (__u64)word[0] + word[1] + word[2] + word[3] + word[4];

	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ((sum & 0xffff) + (sum >> 16)) == 0xffff;
}

static __always_inline int steer4(struct __sk_buff *skb, const struct iphdr *ip)
{
	const struct udphdr *udp = (const void *)(ip + 1);
	const struct payload *payload = (const void *)(udp + 1);
	struct vtap_fast_flow *flow;
	struct scratch *s;
	__u32 n_bytes; /* from the IP header on; read late, or it takes a register across a call */

	if (ip->protocol != IPPROTO_UDP)
		return TC_ACT_UNSPEC;
	if (*(const __u8 *)ip != 0x45 || (ip->frag_off & bpf_htons(IP_OFFSET | IP_MF)) != 0)
		return up4(skb);
	s = scratch_get();
	if (s == NULL)
		return TC_ACT_UNSPEC;
	s->i_port = port_find(udp->dest);
	if (s->i_port == NO_PORT)
		return TC_ACT_UNSPEC;
	n_bytes = skb->len - ETH_HLEN;
	if (bpf_ntohs(ip->tot_len) != n_bytes ||
		bpf_ntohs(udp->len) != n_bytes - sizeof(struct iphdr) ||
		n_bytes < STRIPPED4 + sizeof(struct iphdr) || !checksum_is_right(ip) ||
		!payload_is_plain(skb, payload))
		return up4(skb);
	s->flow4.source = ip->saddr;
	s->flow4.destination = ip->daddr;
	s->flow4.vni = payload_vni(s, payload);
	s->checksum = udp->check;
	payload_keep(s, payload, skb->len - ETH_HLEN - STRIPPED4);
	flow = bpf_map_lookup_elem(&flow4, &s->flow4);
	if (!flow_remembers(s, flow)) {
		if (!flow_decide4(s))
			return up4(skb);
		flow = bpf_map_lookup_elem(&flow4, &s->flow4);
		if (flow == NULL)
			flow = &s->decided;
	}
	if (!checksum_is_trusted(skb, s))
		return up4(skb);
	return take(skb, s, flow, STRIPPED4);
}

static __always_inline int steer6(struct __sk_buff *skb, const struct ipv6hdr *ip)
{
	const struct udphdr *udp = (const void *)(ip + 1);
	const struct payload *payload = (const void *)(udp + 1);
	struct vtap_fast_flow *flow;
	struct scratch *s;
	__u32 n_bytes; /* as above */

	if (ip->nexthdr != IPPROTO_UDP)
		return up6(skb);
	s = scratch_get();
	if (s == NULL)
		return TC_ACT_UNSPEC;
	s->i_port = port_find(udp->dest);
	if (s->i_port == NO_PORT)
		return TC_ACT_UNSPEC;
	n_bytes = skb->len - ETH_HLEN;
	if (ip->version != 6 || bpf_ntohs(ip->payload_len) != n_bytes - sizeof(struct ipv6hdr) ||
		udp->len != ip->payload_len || n_bytes < STRIPPED6 + sizeof(struct ipv6hdr) ||
		!payload_is_plain(skb, payload))
		return up6(skb);
	__builtin_memcpy(s->flow6.source, &ip->saddr, sizeof(s->flow6.source));
	__builtin_memcpy(s->flow6.destination, &ip->daddr, sizeof(s->flow6.destination));
	s->flow6.vni = payload_vni(s, payload);
	s->checksum = udp->check;
	payload_keep(s, payload, skb->len - ETH_HLEN - STRIPPED6);
	flow = bpf_map_lookup_elem(&flow6, &s->flow6);
	if (!flow_remembers(s, flow)) {
		if (!flow_decide6(s))
			return up6(skb);
		flow = bpf_map_lookup_elem(&flow6, &s->flow6);
		if (flow == NULL)
			flow = &s->decided;
	}
	if (!checksum_is_trusted(skb, s))
		return up6(skb);
	return take(skb, s, flow, STRIPPED6);
}

/* ---- a packet ---- */

static __always_inline bool is_readable(const struct __sk_buff *skb, __u32 n_bytes)
{
	return (void *)(long)skb->data + n_bytes <= (void *)(long)skb->data_end;
}

/* Too little of the packet is in one piece: make it so, but do not gather the bytes of others. */
static __noinline int gather4(struct __sk_buff *skb)
{
	__u8 protocol;

	if (bpf_skb_load_bytes(skb, ETH_HLEN + __builtin_offsetof(struct iphdr, protocol),
		    &protocol, sizeof(protocol)) < 0)
		return -1;
	return protocol == IPPROTO_UDP ? bpf_skb_pull_data(skb, READ4) : -1;
}

static __noinline int gather6(struct __sk_buff *skb)
{
	__u8 protocol;

	if (bpf_skb_load_bytes(skb, ETH_HLEN + __builtin_offsetof(struct ipv6hdr, nexthdr),
		    &protocol, sizeof(protocol)) < 0)
		return -1;
	return protocol == IPPROTO_UDP ? bpf_skb_pull_data(skb, READ6) : -1;
}

static __always_inline int handle4(struct __sk_buff *skb)
{
	if (!is_readable(skb, READ4) && (gather4(skb) < 0 || !is_readable(skb, READ4)))
		return up4(skb);
	return steer4(skb, (void *)(long)skb->data + ETH_HLEN);
}

static __always_inline int handle6(struct __sk_buff *skb)
{
	if (!is_readable(skb, READ6) && (gather6(skb) < 0 || !is_readable(skb, READ6)))
		return up6(skb);
	return steer6(skb, (void *)(long)skb->data + ETH_HLEN);
}

SEC("tc")
int vtapd_steer(struct __sk_buff *skb)
{
	if (skb->pkt_type != PACKET_HOST)
		return TC_ACT_UNSPEC;
	/* a frame of a VLAN comes by again on the VLAN's own device, or the stack drops it */
	if (skb->vlan_present && (skb->vlan_tci & VLAN_ID_MASK) != 0)
		return TC_ACT_UNSPEC;
	if (skb->protocol == bpf_htons(ETH_P_IP))
		return handle4(skb);
	if (skb->protocol == bpf_htons(ETH_P_IPV6) && has_ipv6)
		return handle6(skb);
	return TC_ACT_UNSPEC;
}
