// SPDX-License-Identifier: Apache-2.0
#include "daemon/look.h"

#include <errno.h>

#include "base/clock.h"
#include "daemon/manager.h"
#include "daemon/observe.h"

int vtap_look_new(struct vtap_manager *manager, struct vtap_look **ret_look)
{
	_auto(look) struct vtap_look *look = calloc(1, sizeof(*look));
	int r;

	if (look == NULL)
		return -ENOMEM;
	look->begun_ns = vtap_clock_mono_ns();
	look->conf = vtap_conf_ref(manager->conf);
	r = vtap_observe(manager, &look->snapshot);
	if (r == 0)
		r = vtap_snapshot_own(&look->snapshot);
	if (r == 0)
		r = vtap_findings_copy(&manager->judge.findings, &look->findings);
	if (r < 0)
		return r;
	look->took_ns = vtap_clock_mono_ns() - look->begun_ns;
	*ret_look = vtap_steal(&look);
	return 0;
}

void vtap_look_free(struct vtap_look *look)
{
	if (look == NULL)
		return;
	vtap_findings_done(&look->findings);
	vtap_snapshot_done(&look->snapshot);
	vtap_conf_unref(look->conf);
	free(look);
}
