/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration as INI text: every key with the value in effect. Reading it again gives the same.
 */
#pragma once

#include <stdio.h>

#include "model/conf.h"

/**
 * vtap_dump() - write a configuration
 * @out: keys without a value are left out; [defaults] are already in the sessions
 * Return: 0; -ENOMEM; -EIO when @out refuses.
 */
int vtap_dump(const struct vtap_conf *conf, FILE *out);
