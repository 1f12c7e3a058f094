// SPDX-License-Identifier: Apache-2.0
/*
 * An ENA interface where there is none: preloaded into vtapd, it answers what ethtool -S asks of
 * one interface, as the driver of Amazon's would. VTAPD_TEST_ENA is "INTERFACE:FILE"; the file has
 * a name and a value on each line, and may change at any time. Everything else is the kernel's own.
 *
 * What this cannot show: that the driver names its statistics so, which is read in its source.
 * Source: kernel drivers/net/ethernet/amazon/ena/ena_ethtool.c ena_stats_eni_strings
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

#define ROWS_MAX 16

struct row {
	char name[ETH_GSTRING_LEN];
	uint64_t value;
};

/* Rows of the file. Return: how many. */
static uint32_t rows_read(const char *path, struct row row[ROWS_MAX])
{
	_auto_file FILE *file = fopen(path, "re");
	uint32_t n = 0;

	while (file != NULL && n < ROWS_MAX &&
		fscanf(file, "%31s %" SCNu64, row[n].name, &row[n].value) == 2)
		n++;
	return n;
}

static void set_answer(struct ethtool_sset_info *info, uint32_t n)
{
	info->sset_mask = 1ULL << ETH_SS_STATS;
	info->data[0] = n;
}

static void names_answer(struct ethtool_gstrings *names, const struct row *row, uint32_t n)
{
	names->len = n;
	for (uint32_t i = 0; i < n; i++)
		memcpy(names->data + (size_t)i * ETH_GSTRING_LEN, row[i].name, ETH_GSTRING_LEN);
}

static void values_answer(struct ethtool_stats *stats, const struct row *row, uint32_t n)
{
	stats->n_stats = n;
	for (uint32_t i = 0; i < n; i++)
		stats->data[i] = row[i].value;
}

/* Return: was it a question that we answer? */
static bool ena_answer(struct ifreq *request)
{
	const char *setting = getenv("VTAPD_TEST_ENA");
	const char *colon = setting != NULL ? strchr(setting, ':') : NULL;
	struct row row[ROWS_MAX] = { 0 };
	uint32_t n;

	if (colon == NULL || strlen(request->ifr_name) != (size_t)(colon - setting) ||
		strncmp(request->ifr_name, setting, (size_t)(colon - setting)) != 0)
		return false;
	n = rows_read(colon + 1, row);
	switch (*(const uint32_t *)(const void *)request->ifr_data) {
	case ETHTOOL_GSSET_INFO:
		set_answer((struct ethtool_sset_info *)(void *)request->ifr_data, n);
		return true;
	case ETHTOOL_GSTRINGS:
		names_answer((struct ethtool_gstrings *)(void *)request->ifr_data, row, n);
		return true;
	case ETHTOOL_GSTATS:
		values_answer((struct ethtool_stats *)(void *)request->ifr_data, row, n);
		return true;
	default:
		return false;
	}
}

int ioctl(int fd, unsigned long command, ...);

int ioctl(int fd, unsigned long command, ...)
{
	va_list args;
	void *arg;

	va_start(args, command);
	arg = va_arg(args, void *);
	va_end(args);
	if (command == SIOCETHTOOL && ena_answer(arg))
		return 0;
	return (int)syscall(SYS_ioctl, fd, command, arg);
}
