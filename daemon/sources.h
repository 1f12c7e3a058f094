/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a target's packets come from, out of what its workers remember: which networks `allow`
 * would have to name, and how many VNIs come that nobody takes.
 *
 * Only sources whose frames were delivered are told: whoever sends what no session takes is not to
 * end up in a list of those who may.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cover.h"
#include "report/snapshot.h"

struct vtap_manager;

/** struct vtap_sources - of a target; all zero at first */
struct vtap_sources {
	struct vtap_cover cover;
	bool is_cut;     /* there were sources that do not fit into it */
	uint64_t due_ns; /* not looked at before */
};

/** vtap_sources_follow() - a configuration was taken: begin anew with its targets. Context: main
 * thread; without memory nothing is known. */
void vtap_sources_follow(struct vtap_manager *manager);

/**
 * vtap_sources_fill() - what a report has of them
 *
 * The look at thousands of VNIs is kept for a while, so that it takes 1 % of the time at most.
 * @report: its trends are filled already
 * Context: main thread. Return: 0, -ENOMEM.
 */
int vtap_sources_fill(struct vtap_manager *manager, size_t i_target, uint64_t now_ns,
	struct vtap_report_target *report);
