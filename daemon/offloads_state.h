/* SPDX-License-Identifier: Apache-2.0 */
/* The state behind daemon/offloads.h, for the files that share it: offloads_memory.c knows which
 * underlays are remembered, offloads_switch.c switches them off and on, offloads.c takes the turns.
 */
#pragma once

#include <systemd/sd-event.h>

#include "daemon/backoff.h"
#include "daemon/former.h"
#include "daemon/offloads.h"
#include "model/conf.h"
#include "model/device.h"
#include "netlink/offload.h"

/** struct vtap_remembered - an underlay whose features we switched off, or will */
struct vtap_remembered {
	struct vtap_former former;
	int index; /* of the device at the last turn; 0: it is not there */
	bool is_wanted;
	bool is_known;    /* it was off once, in this process or one before */
	bool was_off;     /* of that device, as of the last turn: all that can be switched */
	unsigned merging; /* what is on after the last turn */
	struct vtap_backoff backoff;
	bool is_given_way; /* somebody insists, and that was said: not again until it stays off */
	char why[VTAP_ERR_MAX]; /* something is on; "" otherwise */
};

struct vtap_offloads {
	char *path;
	struct vtap_offload *offload; /* NULL: not needed, or the kernel has none */
	sd_event_source *news;
	char off_why[VTAP_ERR_MAX]; /* it could not be opened; "" otherwise */
	uint64_t retry_at_ns;
	struct vtap_remembered *underlay;
	size_t n;
	bool must_save;
	bool is_save_refused;
	uint64_t n_repairs;
};

/** vtap_remembered_add() - the last of them from now on. Return: 0, -ENOMEM. */
int vtap_remembered_add(struct vtap_offloads *offloads, const struct vtap_former *former);

/** vtap_remembered_drop() - it is done with; the last one takes its place */
void vtap_remembered_drop(struct vtap_offloads *offloads, size_t i);

/** vtap_remembered_find() - what is remembered of a device that is there, or NULL */
struct vtap_remembered *vtap_remembered_find(
	const struct vtap_offloads *offloads, const struct vtap_device *device);

/** vtap_remembered_locate() - where they are in this look, and by what they are known now */
void vtap_remembered_locate(struct vtap_offloads *offloads, const struct vtap_devices *devices);

/** vtap_remembered_want() - those that the configuration wants, after the last look; who is met the
 * first time is remembered from now on. Return: 0, -ENOMEM. */
int vtap_remembered_want(struct vtap_manager *manager);

/** vtap_remembered_forget_unwanted() - those that are away, and not waited for; told */
void vtap_remembered_forget_unwanted(struct vtap_manager *manager);

/** vtap_offloads_save_if_due() - write down what is remembered. Refused: told once, and tried again
 * with each turn; it goes on without, only a restart would not know any more. */
void vtap_offloads_save_if_due(struct vtap_offloads *offloads);

/** vtap_offloads_looks_after() - is it a target whose underlays are ours to look after? */
bool vtap_offloads_looks_after(const struct vtap_conf *conf, size_t i_target);

/** vtap_remembered_hold_off() - what is on and can be switched off is; told when that is news */
void vtap_remembered_hold_off(struct vtap_offloads *offloads, struct vtap_remembered *underlay,
	const struct vtap_device *device, uint64_t now_ns);

/** vtap_remembered_restore() - what was on is on again. @is_last: nothing else is left that it may
 * wait for. Return: is it done with? */
bool vtap_remembered_restore(struct vtap_offloads *offloads, struct vtap_remembered *underlay,
	const struct vtap_device *device, bool is_last, uint64_t now_ns);
