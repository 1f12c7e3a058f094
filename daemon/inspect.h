/* SPDX-License-Identifier: Apache-2.0 */
/* --check and --dump-config: what the files say, without running anything. */
#pragma once

#include "daemon/options.h"
#include "model/conf.h"

/** vtap_inspect_load() - load, and print every mistake. Return: 0; VTAP_EXIT_CONFIG;
 * VTAP_EXIT_TROUBLE. */
int vtap_inspect_load(const struct vtap_options *options, const struct vtap_conf **ret_conf);

/** vtap_inspect_check() - --check; root also tests that the service user can read the files.
 * Return: exit status. */
int vtap_inspect_check(const struct vtap_options *options);

/** vtap_inspect_dump() - --dump-config. Return: exit status. */
int vtap_inspect_dump(const struct vtap_options *options);
