/* SPDX-License-Identifier: Apache-2.0 */
/* Removing everything that is ours: programs on underlays, interfaces with their guards, pins; and
 * putting back what underlays were not to do meanwhile. */
#pragma once

#include <stddef.h>

#include "base/err.h"
#include "netlink/socket.h"
#include "report/snapshot.h"

/**
 * vtap_removal_run() - remove all of it, wanted or not
 * @ret_removed: what there was; the caller frees it with vtap_report_removed_done()
 * Context: main thread, without workers; needs CAP_NET_ADMIN.
 * Return: 0 or negative errno (some of it may be left).
 */
int vtap_removal_run(struct vtap_nl *nl, const char *runtime_dir,
	struct vtap_report_removed *ret_removed, struct vtap_err *err);

/** vtap_removal_log() - a line for each underlay that was put back or not found, where nobody
 * else tells */
void vtap_removal_log(const struct vtap_report_removed *removed);
