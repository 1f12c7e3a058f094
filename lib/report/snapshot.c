// SPDX-License-Identifier: Apache-2.0
#include "report/snapshot.h"

#include <stdlib.h>

void vtap_snapshot_done(struct vtap_snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->n_targets; i++) {
		free(snapshot->targets[i].bound);
		free(snapshot->targets[i].missing);
		free(snapshot->targets[i].fast_on);
		free(snapshot->targets[i].merging);
		free(snapshot->targets[i].switched_off);
	}
	free(snapshot->targets);
	free(snapshot->sessions);
	*snapshot = (struct vtap_snapshot){ 0 };
}

void vtap_report_vnis_done(struct vtap_report_vnis *vnis)
{
	for (size_t i = 0; i < vnis->n; i++) {
		free(vnis->row[i].sources);
		free(vnis->row[i].why);
	}
	free(vnis->row);
	*vnis = (struct vtap_report_vnis){ 0 };
}

void vtap_report_removed_done(struct vtap_report_removed *removed)
{
	for (size_t i = 0; i < removed->n_fast_paths; i++)
		free(removed->fast_path[i]);
	free(removed->fast_path);
	free(removed->restored);
	free(removed->missed);
	*removed = (struct vtap_report_removed){ 0 };
}
