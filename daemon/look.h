/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A look at everything observable that outlives the turn of the main loop in which it was made:
 * whoever has it may read it in a thread of his own, while the manager goes on.
 */
#pragma once

#include <stdint.h>

#include "base/cleanup.h"
#include "report/finding.h"
#include "report/snapshot.h"

struct vtap_manager;

struct vtap_look {
	struct vtap_snapshot snapshot; /* with strings of its own */
	struct vtap_findings findings; /* of the last judgement */
	const struct vtap_conf *conf;  /* a reference: the snapshot borrows from it */
	uint64_t begun_ns;             /* CLOCK_MONOTONIC: so old is what it tells */
	uint64_t took_ns;              /* of the main loop's time */
};

/** vtap_look_new() - Context: main thread. Return: 0, -ENOMEM. */
int vtap_look_new(struct vtap_manager *manager, struct vtap_look **ret_look);

/** vtap_look_free() - NULL is allowed. Context: any thread. */
void vtap_look_free(struct vtap_look *look);
VTAP_FREEP(look, struct vtap_look, vtap_look_free)
