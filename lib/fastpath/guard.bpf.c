// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The guard, on every tap interface. Inwards: a frame has passed the sensors' taps when it comes
 * here, is counted if the fast path steered it, and goes no further (law 4). Outwards: the host's
 * own stack says nothing there (law 3).
 *
 * TC_ACT_STOLEN and not SHOT: the frame has done all that it was to do, and who looks for dropped
 * packets should not find one for each mirrored frame.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_helpers.h>

#include "fastpath/layout.h"
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

SEC("tc")
int vtapd_guard_in(struct __sk_buff *skb)
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
int vtapd_guard_out(struct __sk_buff *skb)
{
	(void)skb;
	return TC_ACT_SHOT;
}
