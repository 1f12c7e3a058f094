/* SPDX-License-Identifier: Apache-2.0 */
/* The journal's catalog, from the registers of events and conditions: what `journalctl -x` adds to
 * an entry. */
#pragma once

#include <stdio.h>

/** vtap_catalog_write() - the text of vtapd.catalog. Source of the form: systemd's CATALOG.md.
 * Context: the caller asks ferror(). */
void vtap_catalog_write(FILE *out);
