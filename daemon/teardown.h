/* SPDX-License-Identifier: Apache-2.0 */
/* vtapd --teardown: remove everything that is ours, with or without a running daemon. */
#pragma once

/** vtap_teardown() - stop a running vtapd of this namespace, then remove. Return: exit status. */
int vtap_teardown(void);
