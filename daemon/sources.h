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
	size_t n_unknown;
	bool has_more_unknown;
	uint32_t unknown[VTAP_REPORT_VNIS_NAMED]; /* the smallest of them */
	uint64_t unknown_due_ns;                  /* those are not looked at before */
	struct vtap_report_kept_out kept_out;
	uint64_t kept_out_due_ns;
	struct vtap_report_refused refused;
	uint64_t refused_due_ns;
};

/** vtap_sources_follow() - a configuration was taken: begin anew with its targets. Context: main
 * thread; without memory nothing is known. */
void vtap_sources_follow(struct vtap_manager *manager);

/**
 * vtap_sources_fill() - what a report has of them
 *
 * Each look at thousands of VNIs is kept for a while, so that it takes 1 % of the time at most.
 * @report: its trends are filled already
 * Context: main thread. Return: 0, -ENOMEM.
 */
int vtap_sources_fill(struct vtap_manager *manager, size_t i_target, uint64_t now_ns,
	struct vtap_report_target *report);
