/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sources of a VNI in classes: those that meet the same fate. Where a packet goes depends on
 * its source only by the prefixes of rules and of `allow`; these cut all addresses into parts, and
 * within a part every source is treated alike.
 */
#pragma once

#include <stddef.h>

#include "base/prefix.h"
#include "datapath/table.h"

/** struct vtap_class - the sources in @from that no longer prefix of another class contains */
struct vtap_class {
	struct vtap_prefix from; /* VTAP_PREFIX_ANY: from everywhere else */
	struct vtap_addr sample; /* one of them */
	enum vtap_verdict verdict;
	struct vtap_match match; /* with VTAP_VERDICT_DELIVERED */
};

/**
 * vtap_classes_find() - what becomes of a VNI, for every source there can be
 * @ret_classes: longest prefix first; a class whose fate is that of the class around it is left
 *               out, and so is one without sources of its own. The caller frees it.
 * Context: main thread.
 * Return: 0, -ENOMEM.
 */
int vtap_classes_find(const struct vtap_table *table, uint32_t vni, struct vtap_class **ret_classes,
	size_t *ret_n);
