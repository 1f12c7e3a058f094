/* SPDX-License-Identifier: Apache-2.0 */
/* vtapd --teardown: remove everything that is ours, with or without a running daemon. */
#pragma once

#include <stdbool.h>

/** vtap_teardown() - stop a running vtapd of this namespace, then remove, and say what was done, as
 * JSON or in words. Return: exit status. */
int vtap_teardown(const char *runtime_dir, bool is_json);
