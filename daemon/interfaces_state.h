/* SPDX-License-Identifier: Apache-2.0 */
/* The state behind daemon/interfaces.h, for the files that share it: interfaces_wishes.c knows what
 * is wanted, interfaces_look.c what there is; interfaces_turn.c goes through the plan, whose steps
 * interfaces_steps.c does; interfaces_removals.c removes, interfaces_ports.c keeps ports open
 * meanwhile, interfaces_states.c notes and tells how each interface stands. */
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
	int conflict_index;          /* a device; 0: a program, or unknown */
	size_t i_failed; /* the wish whose step did not work: its later steps wait for the next look
			  */
};

/** VTAP_NAMES_BYTES - of the names in one line of the journal */
#define VTAP_NAMES_BYTES 400

/** vtap_interface_free() - closes its descriptor; the device stays. NULL is allowed. */
void vtap_interface_free(struct vtap_interface *interface);
VTAP_FREEP(interface, struct vtap_interface, vtap_interface_free)

/** vtap_interfaces_seek() - as vtap_interfaces_find(), to be changed */
struct vtap_interface *vtap_interfaces_seek(const struct vtap_interfaces *set, const char *name);

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

/** vtap_step_is_harmless() - are frames shown all the same while it is not done? */
bool vtap_step_is_harmless(const struct vtap_step *step);

/** vtap_interface_waits_for() - @reason: id of a condition */
bool vtap_interface_waits_for(const struct vtap_interface *interface, const char *reason);

/** vtap_interface_set_ready() - it is as it should be */
void vtap_interface_set_ready(struct vtap_applying *applying, struct vtap_interface *interface);

/**
 * vtap_interface_put_off() - it must wait until its backoff has it
 *
 * One line when it begins, or when the reason changes; the later tries are silent, and so is what
 * was said before the last repair.
 * @error:    negative errno, or 0
 * @is_shown: frames are shown all the same
 */
void vtap_interface_put_off(struct vtap_applying *applying, struct vtap_interface *interface,
	const char *reason, int error, const char *message, bool is_shown);

/** vtap_interface_set_waiting() - likewise, and nothing is shown */
void vtap_interface_set_waiting(struct vtap_applying *applying, struct vtap_interface *interface,
	const char *reason, int error, const char *message);

/** vtap_interface_refuse() - the kernel did not do a step of it: it waits for the next try */
void vtap_interface_refuse(struct vtap_applying *applying, struct vtap_interface *interface,
	int error, const struct vtap_err *err);

/** vtap_interface_note_repair() - counted, and told */
void vtap_interface_note_repair(struct vtap_applying *applying, struct vtap_interface *interface,
	const struct vtap_step *step);

/** vtap_told_fold_if_due() - at the end of a run, and of one that does not end every few seconds:
 * more than a handful of lines of one kind become one. Who waits is named all the same. */
void vtap_told_fold_if_due(struct vtap_interfaces *set, bool is_unfinished, uint64_t now_ns);

/** vtap_removals_keep() - what the plan finds unwanted. Return: 0, -ENOMEM. */
int vtap_removals_keep(struct vtap_interfaces *set, const struct vtap_plan *plan);

/** vtap_removals_early() - remove what cannot wait for the end: what has a name that is wanted, and
 * vxlan devices, which have a VNI and a port besides. The rest is vtap_interfaces_remove()'s. */
void vtap_removals_early(struct vtap_applying *applying);

/**
 * vtap_ports_keep() - before vxlan devices are set down: ports that others are to have in their
 * place stay open
 * @indexes: of devices of ours that the last look found, and that go now
 * Context: main thread; CAP_NET_ADMIN. Whatever is refused, those devices can go.
 */
void vtap_ports_keep(struct vtap_interfaces *set, const int *indexes, size_t n);

/** vtap_device_is_standin() - was it made by vtap_ports_keep()? */
bool vtap_device_is_standin(const struct vtap_device *device);
