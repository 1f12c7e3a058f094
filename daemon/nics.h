/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interfaces that packets of targets come in on, as the host has them: up or not, whether they
 * drop by reverse path, and what an ENA interface drops beyond the instance's allowance. What costs
 * a question to the driver or a file is looked at every five seconds.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/trends.h"
#include "netlink/nic.h"
#include "report/snapshot.h"

struct vtap_manager;

/** enum vtap_nic_kind - what its driver has of allowances */
enum vtap_nic_kind {
	VTAP_NIC_NOT_ASKED,
	VTAP_NIC_PLAIN, /* none */
	VTAP_NIC_ENA,
};

/** struct vtap_nic_row - of one interface */
struct vtap_nic_row {
	int index;
	enum vtap_nic_kind kind;
	struct vtap_nic nic;
	struct vtap_trend allowance[VTAP_ALLOWANCE_COUNT];
	bool drops_by_reverse_path;
	bool was_up;     /* since we know it */
	uint64_t due_ns; /* not looked at before */
};

/** struct vtap_nics - all zero at first; in the order of the last snapshot */
struct vtap_nics {
	struct vtap_nic_row *row;
	size_t n;
};

/** vtap_nics_done() - may run twice */
void vtap_nics_done(struct vtap_nics *nics);

/**
 * vtap_nics_fill() - the underlays of a snapshot, by name
 * @snapshot: its targets are filled already
 * Context: main thread, once a second or more often. Return: 0, -ENOMEM.
 */
int vtap_nics_fill(struct vtap_manager *manager, struct vtap_snapshot *snapshot);
