/* SPDX-License-Identifier: Apache-2.0 */
/* Text on the heap, and text that may be shown. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

/** VTAP_STRING() - what a macro stands for, as a literal */
#define VTAP_STRING(macro)   VTAP_STRING_OF(macro)
#define VTAP_STRING_OF(text) #text

/** vtap_text_format() - printf into a heap string. Return: NULL without memory. */
char *vtap_text_format(const char *fmt, ...) VTAP_PRINTF(1, 2);

/**
 * vtap_text_make_printable() - replace in place what is not printable ASCII by '?'
 *
 * For bytes from outside (a name of an interface, a value of a file) that end on a terminal, in the
 * journal or in JSON: none of them may drive a terminal or be broken UTF-8.
 */
void vtap_text_make_printable(char *text);

/** vtap_text_hash() - FNV-1a, 64 bits, of @n bytes: the same on every machine; not against
 * attackers */
uint64_t vtap_text_hash(const char *bytes, size_t n);
