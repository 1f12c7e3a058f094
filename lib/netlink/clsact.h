/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our filters at the two hooks that an interface has with a clsact qdisc. Each hook has one place
 * for us, a fixed priority and handle, so a filter is ours by where it is and by its name, without
 * any descriptor or memory of a former life. Qdiscs are made when they are missing and never
 * deleted: others may hang their filters there.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "netlink/socket.h"

/** VTAP_TC_PRIORITY - where we stand among filters: smaller ones see a packet before us. Written in
 * the manual. */
#define VTAP_TC_PRIORITY 47

/** VTAP_TC_HANDLE - our filter among those of the same priority */
#define VTAP_TC_HANDLE 0x4789

/** VTAP_FILTER_NAME_PREFIX - what the names of our filters begin with */
#define VTAP_FILTER_NAME_PREFIX "vtapd-"

/** VTAP_FILTER_NAME_MAX - bytes of a filter's name with its NUL; longer ones are cut, ours are not
 */
#define VTAP_FILTER_NAME_MAX 64

/** VTAP_FILTER_WORDS_MAX - bytes of "filter pref 10 (bpf NAME)" with its NUL */
#define VTAP_FILTER_WORDS_MAX (VTAP_FILTER_NAME_MAX + 48)

enum vtap_hook {
	VTAP_HOOK_INGRESS,
	VTAP_HOOK_EGRESS,
};

struct vtap_filter {
	char name[VTAP_FILTER_NAME_MAX];
	uint32_t program_id;
};

enum {
	VTAP_CLSACT_NONE = 1,    /* there is none: no filter, no qdisc, or no interface */
	VTAP_CLSACT_FOREIGN = 2, /* somebody else's filter has our place */
};

/**
 * vtap_clsact_set() - put a program at our place of a hook, instead of the one that is there
 * @name:       begins with VTAP_FILTER_NAME_PREFIX
 * @program_fd: of a BPF_PROG_TYPE_SCHED_CLS program, direct action; the kernel keeps a reference
 *
 * The replacement is one pointer for the kernel: every packet meets the old program or the new one.
 * Whoever calls it first for an interface asks vtap_clsact_find() before, for a foreign filter at
 * our place would be replaced, too. A missing clsact qdisc is made; where both hooks are set,
 * egress first needs three requests for a new interface, ingress first five.
 *
 * Context: main thread; needs CAP_NET_ADMIN.
 * Return: 0; -EEXIST for the egress hook when somebody's `ingress` qdisc stands where clsact would
 * (its ingress hook is used as it is); -ENODEV when the interface is gone; other negative errno.
 * Source: kernel net/sched/cls_api.c tc_new_tfilter(), cls_bpf.c cls_bpf_change(); tests/unit/
 * test_netlink_clsact.c replaces under load.
 */
int vtap_clsact_set(struct vtap_nl *nl, int index, enum vtap_hook hook, const char *name,
	int program_fd, struct vtap_err *err);

/**
 * vtap_clsact_clear() - take our filter away; the qdisc and everything foreign stay
 * Context: main thread; needs CAP_NET_ADMIN.
 * Return: 0, also when there is none; negative errno.
 */
int vtap_clsact_clear(struct vtap_nl *nl, int index, enum vtap_hook hook, struct vtap_err *err);

/**
 * vtap_clsact_find() - the filter at our place of a hook
 * Context: main thread; no capability.
 * Return: 0; VTAP_CLSACT_NONE; VTAP_CLSACT_FOREIGN if its name does not begin with
 * VTAP_FILTER_NAME_PREFIX, or another kind or protocol has our priority; negative errno.
 */
int vtap_clsact_find(struct vtap_nl *nl, int index, enum vtap_hook hook,
	struct vtap_filter *ret_filter, struct vtap_err *err);

/**
 * vtap_clsact_first() - who sees the packets of a hook before us, in words for people
 * @ret_words: the first filter with a smaller priority, "filter pref 10 (bpf cilium)"
 * Context: main thread; no capability. Programs attached by tcx are not filters, and not seen here.
 * Return: 0; VTAP_CLSACT_NONE; negative errno.
 */
int vtap_clsact_first(struct vtap_nl *nl, int index, enum vtap_hook hook,
	char ret_words[static VTAP_FILTER_WORDS_MAX], struct vtap_err *err);

/**
 * vtap_clsact_devices() - the interfaces that have hooks at all: a clsact or ingress qdisc
 * @ret_indexes: the caller frees it; NULL when there are none
 * Context: main thread; no capability.
 * Return: 0 or negative errno.
 */
int vtap_clsact_devices(struct vtap_nl *nl, int **ret_indexes, size_t *ret_n, struct vtap_err *err);
