/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statistics that a driver has of its own (ethtool -S). Their netlink form has only those that all
 * drivers share, so these come by ioctl; no capability is needed.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "model/ifname.h"

/** VTAP_NIC_NONE - the place of a statistic that a driver does not have */
#define VTAP_NIC_NONE UINT32_MAX

/** VTAP_NIC_WANTED_MAX - statistics that are read of one interface */
#define VTAP_NIC_WANTED_MAX 8

/** struct vtap_nic - where the wanted statistics of an interface stand; all zero at first */
struct vtap_nic {
	uint32_t n_stats; /* that it had then; another number: to be looked up anew */
	uint32_t place[VTAP_NIC_WANTED_MAX]; /* of each, or VTAP_NIC_NONE */
};

/**
 * vtap_nic_find() - look the names of statistics up, once for each interface
 * @wanted: @n names, at most VTAP_NIC_WANTED_MAX
 * Context: main thread. A driver may take its time.
 * Return: 0; -EOPNOTSUPP without statistics; -ENODEV; other negative errno.
 * Source: kernel include/uapi/linux/ethtool.h ETHTOOL_GSSET_INFO, ETHTOOL_GSTRINGS
 */
int vtap_nic_find(const char *interface, const char *const *wanted, size_t n,
	struct vtap_nic *ret_nic, struct vtap_err *err);

enum {
	VTAP_NIC_CHANGED = 1, /* it has more or fewer of them by now (its queues, say) */
};

/**
 * vtap_nic_read() - the wanted statistics, in their order; 0 for one that it does not have
 * @n: as it was looked up
 * Return: 0; VTAP_NIC_CHANGED: look up anew; -ENODEV; other negative errno.
 * Source: kernel include/uapi/linux/ethtool.h ETHTOOL_GSTATS
 */
int vtap_nic_read(const char *interface, const struct vtap_nic *nic, size_t n, uint64_t *ret_values,
	struct vtap_err *err);
