/* SPDX-License-Identifier: Apache-2.0 */
/* What this process takes of the host: CPU time, memory, descriptors. */
#pragma once

#include "report/snapshot.h"

/** vtap_usage_read() - into @process, whose other fields stay; 0 for what cannot be read */
void vtap_usage_read(struct vtap_report_process *process);
