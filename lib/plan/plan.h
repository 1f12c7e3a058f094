/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The planner: what has to happen to the kernel's interfaces so that they become what the
 * configuration wants. Pure: two descriptions in, ordered steps with reasons out. An empty plan
 * means converged (law 5).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/conf.h"
#include "model/device.h"
#include "model/ifname.h"

/** struct vtap_wish - an interface that is wanted */
struct vtap_wish {
	enum vtap_mode mode; /* which kind of device */
	char name[VTAP_IFNAME_MAX];
	char alias[VTAP_ALIAS_MAX];
	uint8_t mac[VTAP_MAC_BYTES];
	unsigned mtu_bytes;
	uint32_t uid; /* VTAP_MODE_TAP: who may attach */
	uint32_t gid;
	uint32_t vni; /* VTAP_MODE_VXLAN, and the next two */
	uint16_t port;
	enum vtap_family family;
	int held_index; /* the device that we made or adopted; 0 for none */
	bool was_held;  /* we had one, also if it was deleted since */
};

enum vtap_step_kind {
	VTAP_STEP_REMOVE,  /* ours, and nobody wants it (any more, or like this) */
	VTAP_STEP_RENAME,  /* the device that we hold has another name */
	VTAP_STEP_CREATE,  /* make it and dress it */
	VTAP_STEP_ADOPT,   /* ours from an earlier life: attach to it */
	VTAP_STEP_SET,     /* settings of a device that we hold */
	VTAP_STEP_AWAIT,   /* the name is free once another wish's device has its own one back */
	VTAP_STEP_FOREIGN, /* the name is taken by a device that is not ours; nothing is done */
	VTAP_STEP_COUNT
};

/** enum vtap_setting - bits of what a SET step sets */
enum vtap_setting {
	VTAP_SET_ALIAS = 1 << 0,
	VTAP_SET_MTU = 1 << 1,
	VTAP_SET_MAC = 1 << 2,
	VTAP_SET_UP = 1 << 3, /* not dormant, and no ARP */
	VTAP_SET_OWNER = 1 << 4,
	VTAP_SET_PERSISTENT = 1 << 5,
	VTAP_SET_QUIET = 1 << 6, /* IPv6, reverse path filter, forwarding, addresses */
	VTAP_SET_FREE = 1 << 8,  /* out of a bridge or bond, which would send mirrored frames on */
	VTAP_SET_GROUP = 1 << 7, /* back into link group 0 */
	VTAP_SET_GUARD = 1 << 9, /* the programs that keep frames from the host's own stack */
	VTAP_SET_TUNNEL = 1 << 10,  /* of a vxlan device: remote, local, learning */
	VTAP_SET_OFFLOAD = 1 << 11, /* of a vxlan device: nothing merges frames */
	VTAP_SET_TTL = 1 << 12,     /* of a vxlan device: TTL and TOS of what it never sends */
};

/** VTAP_SETTINGS_HARMLESS - those that frames are shown without, and that nothing leaves by. Not
 * the tunnel: one that learns drops frames whose source is zeros or a group. Not the MAC: frames to
 * it are the host's, where there is no guard. */
#define VTAP_SETTINGS_HARMLESS                                                                     \
	(VTAP_SET_ALIAS | VTAP_SET_MTU | VTAP_SET_GROUP | VTAP_SET_OFFLOAD | VTAP_SET_TTL)

/** vtap_settings_of() - all that a device of a mode has */
unsigned vtap_settings_of(enum vtap_mode mode);

/** VTAP_REASON_MAX - bytes of a reason with its NUL */
#define VTAP_REASON_MAX 160

struct vtap_step {
	enum vtap_step_kind kind;
	size_t i_wish;              /* REMOVE has none: SIZE_MAX */
	int index;                  /* the device it is about; 0 for CREATE */
	char name[VTAP_IFNAME_MAX]; /* of that device now; for CREATE the wished one */
	unsigned settings;          /* SET and ADOPT: bits of enum vtap_setting */
	bool was_held; /* CREATE: we held a device of that name before, somebody deleted it, or
			  made it such that it has to be replaced */
	char reason[VTAP_REASON_MAX]; /* "was set down by somebody": follows the name in a sentence
				       */
};

struct vtap_plan {
	struct vtap_step *step; /* removals first, then in the order of the wishes */
	size_t n;
};

/** vtap_plan_done() - frees the steps; may run twice */
void vtap_plan_done(struct vtap_plan *plan);

/**
 * vtap_plan_make() - compare
 * @wishes:  sorted by name, names unique
 * @devices: one look at the kernel
 * Return: 0, -ENOMEM.
 */
int vtap_plan_make(const struct vtap_wish *wishes, size_t n_wishes,
	const struct vtap_devices *devices, struct vtap_plan *ret_plan);
