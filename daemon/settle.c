// SPDX-License-Identifier: Apache-2.0
#include "daemon/settle.h"

static void change(struct vtap_settle *settle, bool is_healthy)
{
	settle->is_healthy = is_healthy;
	settle->was_announced = true;
	settle->differs_ns = 0;
}

bool vtap_settle_update(struct vtap_settle *settle, enum vtap_judgement judgement,
	uint64_t settle_ns, uint64_t now_ns)
{
	bool is_healthy = judgement == VTAP_JUDGED_HEALTHY;

	if (judgement == VTAP_JUDGED_NOT_YET)
		return settle->is_healthy;
	if (judgement == VTAP_JUDGED_DRAINING || (is_healthy && !settle->was_announced))
		change(settle, is_healthy);
	else if (is_healthy == settle->is_healthy)
		settle->differs_ns = 0;
	else if (settle->differs_ns == 0)
		settle->differs_ns = now_ns;
	if (settle->differs_ns != 0 && now_ns - settle->differs_ns >= settle_ns)
		change(settle, is_healthy);
	return settle->is_healthy;
}
