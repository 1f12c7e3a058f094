/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold for every input; assert() would be gone with NDEBUG. */
#pragma once

#include <stdio.h>
#include <stdlib.h>

#define must(holds)                                                                                \
	do {                                                                                       \
		if (!(holds)) {                                                                    \
			(void)fprintf(                                                             \
				stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #holds); \
			abort();                                                                   \
		}                                                                                  \
	} while (0)
