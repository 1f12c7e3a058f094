// SPDX-License-Identifier: Apache-2.0
#include "netlink/nic.h"

#include <assert.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/cleanup.h"

/* More statistics than any driver has: a hundred queues with a dozen each. */
#define STATS_MAX 65536U

/* A kernel before 6.18 writes as many values as it has at that moment, whatever room it was told:
 * twice what it had a moment before is kept free. Source: kernel net/ethtool/ioctl.c
 * ethtool_get_stats() */
#define ROOM 2U

/* @data: what the command reads and writes, as linux/ethtool.h has it. */
static int ethtool_ask(const char *interface, void *data, const char *what, struct vtap_err *err)
{
	_auto_fd int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { .ifr_data = data };
	int r;

	if (strlen(interface) >= sizeof(request.ifr_name))
		return vtap_err_set(err, -EINVAL, "\"%s\" is no name of an interface", interface);
	memcpy(request.ifr_name, interface, strlen(interface) + 1);
	if (fd < 0 || ioctl(fd, SIOCETHTOOL, &request) < 0) {
		r = -errno;
		return vtap_err_set(err, r, "%s of %s: %s", what, interface, vtap_errno_text(r));
	}
	return 0;
}

static int stats_count(const char *interface, uint32_t *ret_n, struct vtap_err *err)
{
	/* the answer has a number for each set that was asked for: one */
	_Alignas(struct ethtool_sset_info) char
		room[sizeof(struct ethtool_sset_info) + sizeof(uint32_t)] = { 0 };
	struct ethtool_sset_info *info = (struct ethtool_sset_info *)(void *)room;
	int r;

	info->cmd = ETHTOOL_GSSET_INFO;
	info->sset_mask = 1ULL << ETH_SS_STATS;
	r = ethtool_ask(interface, info, "ask for the number of statistics", err);
	if (r < 0)
		return r;
	if (info->sset_mask == 0 || info->data[0] == 0 || info->data[0] > STATS_MAX)
		return vtap_err_set(err, -EOPNOTSUPP, "%s has no statistics of its own", interface);
	*ret_n = info->data[0];
	return 0;
}

static int names_read(const char *interface, uint32_t n, struct ethtool_gstrings **ret_names,
	struct vtap_err *err)
{
	_auto_free struct ethtool_gstrings *names =
		calloc(1, sizeof(*names) + (size_t)ROOM * n * ETH_GSTRING_LEN);
	int r;

	if (names == NULL)
		return -ENOMEM;
	names->cmd = ETHTOOL_GSTRINGS;
	names->string_set = ETH_SS_STATS;
	names->len = n;
	r = ethtool_ask(interface, names, "ask for the names of statistics", err);
	if (r < 0)
		return r;
	if (names->len != n)
		return vtap_err_set(err, -EAGAIN, "%s changes its statistics", interface);
	*ret_names = vtap_steal(&names);
	return 0;
}

static uint32_t place_find(const struct ethtool_gstrings *names, const char *wanted)
{
	for (uint32_t i = 0; i < names->len; i++)
		if (strncmp((const char *)names->data + (size_t)i * ETH_GSTRING_LEN, wanted,
			    ETH_GSTRING_LEN) == 0)
			return i;
	return VTAP_NIC_NONE;
}

int vtap_nic_find(const char *interface, const char *const *wanted, size_t n,
	struct vtap_nic *ret_nic, struct vtap_err *err)
{
	_auto_free struct ethtool_gstrings *names = NULL;
	struct vtap_nic nic = { .n_stats = 0 };
	int r = stats_count(interface, &nic.n_stats, err);

	if (r == 0)
		r = names_read(interface, nic.n_stats, &names, err);
	if (r < 0)
		return r;
	assert(names != NULL);
	for (size_t i = 0; i < n && i < VTAP_NIC_WANTED_MAX; i++)
		nic.place[i] = place_find(names, wanted[i]);
	*ret_nic = nic;
	return 0;
}

int vtap_nic_read(const char *interface, const struct vtap_nic *nic, size_t n, uint64_t *ret_values,
	struct vtap_err *err)
{
	_auto_free struct ethtool_stats *stats = NULL;
	uint32_t n_stats = 0;
	int r = stats_count(interface, &n_stats, err);

	if (r < 0)
		return r;
	if (n_stats != nic->n_stats)
		return VTAP_NIC_CHANGED;
	stats = calloc(1, sizeof(*stats) + (size_t)ROOM * n_stats * sizeof(stats->data[0]));
	if (stats == NULL)
		return -ENOMEM;
	stats->cmd = ETHTOOL_GSTATS;
	stats->n_stats = n_stats;
	r = ethtool_ask(interface, stats, "ask for the statistics", err);
	if (r < 0)
		return r;
	if (stats->n_stats != n_stats)
		return VTAP_NIC_CHANGED;
	for (size_t i = 0; i < n && i < VTAP_NIC_WANTED_MAX; i++)
		ret_values[i] = nic->place[i] != VTAP_NIC_NONE ? stats->data[nic->place[i]] : 0;
	return 0;
}
