// SPDX-License-Identifier: Apache-2.0
/* Preloaded into vtapd: its guard cannot note conversations. */
#include "tests/unit/verifier.h"

static int verifier_error(void)
{
	return EACCES;
}
