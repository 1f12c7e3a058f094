/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who gets a VNI, at every target: from one source, or from each class of sources. By the published
 * table; where the kernel takes the packets by itself, by the configuration.
 */
#pragma once

#include "daemon/manager.h"
#include "daemon/request.h"
#include "report/snapshot.h"

/** struct vtap_matches - targets in their order, the classes of each with the longest prefix first;
 * those of a VTAP_MODE_VXLAN target are the families */
struct vtap_matches {
	struct vtap_report_match *match;
	size_t n;
};

/** vtap_matches_done() - frees all; may run twice */
void vtap_matches_done(struct vtap_matches *matches);

/** vtap_matches_find() - for a request with or without a source. Return: 0, -ENOMEM. */
int vtap_matches_find(const struct vtap_manager *manager, const struct vtap_request *request,
	struct vtap_matches *ret_matches);
