/* SPDX-License-Identifier: Apache-2.0 */
/* What the flows of the fast path have brought since they were last looked at; for this room. */
#pragma once

#include <stdint.h>

#include "fastpath/maps.h"
#include "fastpath/state.h"

/** struct vtap_flows - the flows of the last look, sorted; all zero at first */
struct vtap_flows {
	struct vtap_flow_row *row;
	size_t n;
};

/** vtap_flows_look() - as vtap_fastpath_flows() */
int vtap_flows_look(struct vtap_flows *flows, const struct vtap_maps *maps, unsigned n_cpus,
	void (*each)(void *arg, const struct vtap_fast_seen *seen), void *arg);

/** vtap_flows_done() - may run twice */
void vtap_flows_done(struct vtap_flows *flows);
