/* SPDX-License-Identifier: Apache-2.0 */
/* What began and what ended, in the journal: one line for each change, however often a condition
 * that comes and goes does so. */
#pragma once

#include <stdint.h>

#include "report/finding.h"

struct vtap_manager;

/**
 * vtap_transitions_take() - findings of a look, in the place of those of the look before it, which
 * manager->judge has: each gets since when it holds
 * @fresh: taken; empty afterwards
 * Context: main thread. Logs what others do not tell themselves.
 */
void vtap_transitions_take(
	struct vtap_manager *manager, struct vtap_findings *fresh, uint64_t now_ns);
