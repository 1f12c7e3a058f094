/* SPDX-License-Identifier: Apache-2.0 */
/* The state behind daemon/interfaces.h, for the files that share it: interfaces.c knows what is
 * wanted and how it stands, interfaces_steps.c does the steps of a plan. */
#pragma once

#include "daemon/guards.h"
#include "daemon/interfaces.h"
#include "netlink/offload.h"

/** struct vtap_told - what was told of one run: from the first turn that changes something to the
 * one that finds nothing left to do */
struct vtap_told {
	uint64_t since_ns; /* 0: nothing yet */
	unsigned n_repaired;
	unsigned n_readied;
	unsigned n_put_off;
};

struct vtap_interfaces {
	struct vtap_nl *nl;                /* borrowed */
	struct vtap_interface **interface; /* sorted by name */
	size_t n;
	struct vtap_devices devices; /* the last look */
	int *removal;                /* indexes that the last turn found unwanted */
	size_t n_removals;
	int *closed; /* descriptors that were given up */
	size_t n_closed;
	struct vtap_guards guards;
	struct vtap_offload *offload; /* borrowed, or NULL */
	struct vtap_err note_err;     /* why the last look does not tell what merges; or "" */
	uint64_t n_repairs;
	struct vtap_told told;
};

/** struct vtap_applying - the state of one turn */
struct vtap_applying {
	struct vtap_interfaces *set;
	struct vtap_turn *turn;
	const struct vtap_occasion *occasion;
	uint64_t now_ns;
	unsigned n_steps;
	uint16_t refused_port; /* found taken in this turn: others need not try; 0: none was */
	enum vtap_family refused_family;
	uint16_t conflict_port; /* whose holder was looked for in this turn; 0: none was */
	enum vtap_family conflict_family;
	char conflict[VTAP_ERR_MAX]; /* what was found */
	size_t i_failed; /* the wish whose step did not work: its later steps wait for the next look
			  */
};

/** vtap_interfaces_give_up() - a descriptor that workers may still write to for the length of a
 * batch; it becomes -1 */
void vtap_interfaces_give_up(struct vtap_interfaces *set, int *fd);

enum {
	VTAP_STEP_REFUSED = 1, /* it was for a guard alone, and that was refused */
	VTAP_STEP_AWAITS = 2,  /* all but set up: a socket of ours has the port for the moment */
	VTAP_STEP_HELD = 3,    /* likewise, for as long as its target has no other port */
};

/**
 * vtap_step_apply() - do one step of a plan: make, take over, rename or set
 * @err: what was refused, with the kernel's sentence or the name of who is in the way
 * Context: main thread; CAP_NET_ADMIN.
 * Return: 0; the above; negative errno.
 */
int vtap_step_apply(struct vtap_applying *applying, struct vtap_interface *interface,
	const struct vtap_step *step, struct vtap_err *err);
