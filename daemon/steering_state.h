/* SPDX-License-Identifier: Apache-2.0 */
/* The state behind daemon/steering.h, for the files that share it: steering.c attaches,
 * steering_count.c counts, steering_status.c tells. */
#pragma once

#include "daemon/steering.h"
#include "fastpath/layout.h"
#include "fastpath/state.h"
#include "fastpath/steer.h"
#include "model/conf.h"
#include "model/ifname.h"
#include "netlink/address.h"
#include "netlink/clsact.h"

/** VTAP_UNDERLAYS_MAX - interfaces that can have the program */
#define VTAP_UNDERLAYS_MAX 64

/** VTAP_BYPASS_SAMPLES - samples in a row in which packets passed the program by */
#define VTAP_BYPASS_SAMPLES 2

/** struct vtap_underlay - an interface that has the program, or should have it */
struct vtap_underlay {
	int index;
	char name[VTAP_IFNAME_MAX];
	uint32_t program_id; /* ours, in place; 0: none */
	bool is_doubted;     /* somebody touched the hook */
	uint64_t retry_at_ns;
	char why[VTAP_ERR_MAX]; /* the program is not there; "" otherwise */
	size_t i_targets[VTAP_STEER_TARGETS_MAX];
	size_t n_targets;
	bool has_ipv6;
};

/** struct vtap_account - what of a slot is counted in the daemon's own counters already */
struct vtap_account {
	struct vtap_fast_totals taken;
	struct vtap_fast_kept kept; /* as it was written last */
	uint32_t i_session;         /* of manager->conf; UINT32_MAX: no session's (any more) */
	uint32_t tally_id;          /* of the session that had it last; 0: none had */
	char target[VTAP_NAME_MAX]; /* of a session, also of one that is no longer configured */
};

/** struct vtap_watched - whether packets of a target pass the program by */
struct vtap_watched {
	uint64_t n_looked;   /* by the program, at the last sample */
	uint64_t n_worked;   /* delivered by workers from its underlays */
	unsigned n_bypassed; /* samples in a row */
	char by[VTAP_FILTER_WORDS_MAX + VTAP_IFNAME_MAX + 8];
};

struct vtap_steering {
	struct vtap_nl *nl;
	char *pin_dir; /* or NULL */
	struct vtap_fastpath *fastpath;
	struct vtap_err off_why;  /* without it */
	struct vtap_steer *steer; /* what the present programs were made of */
	struct vtap_steer_exit *exits;
	size_t n_exits;
	uint64_t last_id;
	struct vtap_own_address *own;
	size_t n_own;
	bool has_own;
	uint64_t doubted_ns; /* the hooks were doubted last */
	bool has_followed;   /* a configuration was taken once */
	bool has_flows;      /* they were looked at once */
	uint64_t second_ns;  /* that the last look of once a second stands for */
	bool has_slotless;   /* more sessions than slots: some have none yet */
	bool must_retry;     /* the last turn failed */
	bool is_inherited;   /* programs of the process before us were looked for */
	int learned[VTAP_UNDERLAYS_MAX];
	size_t n_learned;
	struct vtap_underlay underlay[VTAP_UNDERLAYS_MAX];
	size_t n_underlays;
	struct vtap_underlay fresh[VTAP_UNDERLAYS_MAX]; /* while they are updated */
	struct vtap_account *account;                   /* by slot */
	size_t n_accounts;
	uint32_t *session_slot; /* by manager->conf */
	uint32_t *target_slot;
	struct vtap_watched *watched; /* by target of manager->conf */
	uint64_t lost_reported_ns;
	uint64_t n_lost_reported;
	uint64_t n_lost;
};

/** vtap_steering_is_attached() - is the program on this interface, and for this target? */
bool vtap_steering_is_attached(const struct vtap_steering *steering, size_t i_target, int index);

/** vtap_steering_learn() - remember an interface that packets came in on. Return: is it a new one?
 */
bool vtap_steering_learn(struct vtap_steering *steering, const struct vtap_device *device);

/** vtap_steering_inherit() - once: underlays that have the program of the process before us */
void vtap_steering_inherit(struct vtap_steering *steering, const struct vtap_devices *devices);

/** vtap_steering_forget_learned() - interfaces that are gone */
void vtap_steering_forget_learned(
	struct vtap_steering *steering, const struct vtap_devices *devices);

/** vtap_steering_forgo_lost() - what was lost so far, the process before us told */
void vtap_steering_forgo_lost(struct vtap_manager *manager);

/** vtap_steering_recall() - at the start, behind the first sample: what the process before us told
 * beyond that */
void vtap_steering_recall(struct vtap_manager *manager);

/** vtap_steering_clear() - take our program away, if it is there */
void vtap_steering_clear(struct vtap_steering *steering, struct vtap_underlay *underlay);

/**
 * vtap_steering_update_underlays() - as the configuration and the devices have them now; with more
 * than there is room for, the first ones. Those that are not to have the program lose it.
 * @ret_is_changed: set where programs have to be made anew, else left alone
 */
void vtap_steering_update_underlays(struct vtap_manager *manager, bool *ret_is_changed);

/**
 * vtap_steering_update_slots() - sessions without a slot: room is made for them, or some have
 * become free since Return: 0 or negative errno.
 */
int vtap_steering_update_slots(struct vtap_manager *manager, bool is_published, uint64_t now_ns);
