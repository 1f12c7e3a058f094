/* SPDX-License-Identifier: Apache-2.0 */
/* Capabilities of the calling thread: what a thread does not need it gives up for good. */
#pragma once

#include <stdbool.h>

/** VTAP_RIGHTS_NONE - no capability at all */
#define VTAP_RIGHTS_NONE (-1)

/** vtap_rights_have() - is a capability (CAP_… of linux/capability.h) effective? True where it
 * cannot be asked. */
bool vtap_rights_have(int capability);

/**
 * vtap_rights_keep_only() - give up every capability but one
 * @capability: CAP_… which is kept if the thread has it, or VTAP_RIGHTS_NONE
 * Context: concerns the calling thread alone; cannot be undone.
 * Source: capabilities(7), capset(2).
 */
void vtap_rights_keep_only(int capability);
