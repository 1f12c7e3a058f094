/* SPDX-License-Identifier: Apache-2.0 */
/* cmocka, with the headers that it wants before it. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"

/** assert_row() - like assert_true(), and says in which row of a table it failed */
#define assert_row(is_true, row)                                                                   \
	do {                                                                                       \
		bool row_is_true_ = (is_true);                                                     \
		if (!row_is_true_)                                                                 \
			print_error("row %zu: %s\n", (size_t)(row), #is_true);                     \
		assert_true(row_is_true_);                                                         \
	} while (0)
