// SPDX-License-Identifier: Apache-2.0
#include "daemon/nics.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "daemon/manager.h"

/* Between two looks at what the driver counts: it may ask its device, which takes milliseconds. */
#define LOOK_NS (5 * VTAP_NS_PER_S)

/* rp_filter. Source: kernel Documentation/networking/ip-sysctl.rst: the larger of `all` and the
 * interface's own counts. */
#define RP_FILTER_STRICT 1

static_assert((int)VTAP_ALLOWANCE_COUNT <= VTAP_NIC_WANTED_MAX, "all of them are read");

void vtap_nics_done(struct vtap_nics *nics)
{
	free(nics->row);
	*nics = (struct vtap_nics){ 0 };
}

/* ---- what the host says of an interface ---- */

/* One digit. Return: 0 also where it cannot be read. */
static int rp_filter_read(const char *name)
{
	char path[sizeof("/proc/sys/net/ipv4/conf//rp_filter") + VTAP_IFNAME_MAX];
	_auto_fd int fd = -1;
	char digit;

	(void)snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s/rp_filter", name); /* fits */
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && read(fd, &digit, 1) == 1 ? digit - '0' : 0;
}

static bool drops_by_reverse_path(const char *name)
{
	int all = rp_filter_read("all"), own = rp_filter_read(name);

	return (all > own ? all : own) == RP_FILTER_STRICT;
}

/* Refused because it is gone or busy: asked again. */
static void nic_find(struct vtap_nic_row *row, const char *name)
{
	const char *wanted[VTAP_ALLOWANCE_COUNT];
	int r;

	for (int i = 0; i < VTAP_ALLOWANCE_COUNT; i++)
		wanted[i] = vtap_allowance_name((enum vtap_allowance)i);
	r = vtap_nic_find(name, wanted, VTAP_ALLOWANCE_COUNT, &row->nic, NULL);
	row->kind = r == -EOPNOTSUPP ? VTAP_NIC_PLAIN : VTAP_NIC_NOT_ASKED;
	if (r < 0)
		return;
	row->kind = VTAP_NIC_PLAIN;
	for (int i = 0; i < VTAP_ALLOWANCE_COUNT; i++)
		if (row->nic.place[i] != VTAP_NIC_NONE)
			row->kind = VTAP_NIC_ENA;
}

static void allowances_read(struct vtap_nic_row *row, const char *name, uint64_t now_ns)
{
	uint64_t value[VTAP_ALLOWANCE_COUNT];

	if (row->kind == VTAP_NIC_NOT_ASKED)
		nic_find(row, name);
	if (row->kind != VTAP_NIC_ENA)
		return;
	if (vtap_nic_read(name, &row->nic, VTAP_ALLOWANCE_COUNT, value, NULL) != 0) {
		row->kind = VTAP_NIC_NOT_ASKED; /* changed, or gone: the next look tells */
		return;
	}
	for (int i = 0; i < VTAP_ALLOWANCE_COUNT; i++)
		if (row->nic.place[i] != VTAP_NIC_NONE)
			vtap_trend_note(&row->allowance[i], value[i], now_ns);
}

static void row_look(struct vtap_nic_row *row, const char *name, uint64_t now_ns)
{
	if (now_ns < row->due_ns)
		return;
	row->due_ns = now_ns + LOOK_NS;
	row->drops_by_reverse_path = drops_by_reverse_path(name);
	allowances_read(row, name, now_ns);
}

/* ---- which they are ---- */

static bool is_matched(const struct vtap_conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->n_targets; i++)
		if (vtap_target_names(&conf->targets[i], name))
			return true;
	return false;
}

static bool is_named(const struct vtap_conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->n_targets; i++)
		for (size_t j = 0; j < conf->targets[i].n_underlays; j++)
			if (strcmp(conf->targets[i].underlays[j], name) == 0)
				return true;
	return false;
}

/* A target that names none has its program where packets came in; another one has it everywhere. */
static bool is_learned(const struct vtap_snapshot *snapshot, const char *name)
{
	for (size_t i = 0; i < snapshot->n_targets; i++) {
		const struct vtap_report_target *report = &snapshot->targets[i];

		for (size_t j = 0; j < report->n_fast_on && report->target->n_underlays == 0; j++)
			if (strcmp(report->fast_on[j], name) == 0)
				return true;
	}
	return false;
}

static bool was_seen_by(const struct vtap_intake *intake, int index)
{
	uint64_t n_delivered;
	int seen;

	for (unsigned i = 0; i < VTAP_SLOTS_MAX; i++) {
		const struct vtap_slot *slot = vtap_intake_slot(intake, i);

		for (unsigned j = 0; slot != NULL && j < VTAP_SEEN_MAX; j++)
			if (vtap_slot_seen(slot, j, &seen, &n_delivered) && seen == index)
				return true;
	}
	return false;
}

static bool was_seen(const struct vtap_manager *manager, int index)
{
	for (size_t i = 0; i < manager->conf->n_targets; i++)
		if (was_seen_by(manager->intake[i], index))
			return true;
	return false;
}

/* Of a pattern's the fast path may have had all packets, and no worker has seen one. */
static bool may_be_steered(const struct vtap_snapshot *snapshot, const char *name)
{
	for (size_t i = 0; i < snapshot->n_targets; i++) {
		const struct vtap_report_target *report = &snapshot->targets[i];

		for (size_t j = 0; j < report->n_fast_on && report->delivered_fast > 0; j++)
			if (strcmp(report->fast_on[j], name) == 0)
				return true;
	}
	return false;
}

/* Return: is it an underlay? @ret_is_used: one that should be up; what only a glob stands for may
 * be down for good. */
static bool is_underlay(const struct vtap_manager *manager, const struct vtap_snapshot *snapshot,
	const struct vtap_device *device, bool *ret_is_used)
{
	if (vtap_device_is_ours(device) || (device->flags & IFF_LOOPBACK) != 0)
		return false;
	*ret_is_used = is_named(manager->conf, device->name) ||
		       is_learned(snapshot, device->name) || was_seen(manager, device->index);
	return *ret_is_used || is_matched(manager->conf, device->name);
}

/* ---- all of them ---- */

static struct vtap_nic_row row_follow(const struct vtap_nics *nics, int index)
{
	for (size_t i = 0; i < nics->n; i++)
		if (nics->row[i].index == index)
			return nics->row[i];
	return (struct vtap_nic_row){ .index = index };
}

static struct vtap_report_underlay underlay_report(const struct vtap_snapshot *snapshot,
	struct vtap_nic_row *row, const struct vtap_device *device, bool is_used)
{
	struct vtap_report_underlay report = {
		.is_up = (device->flags & IFF_UP) != 0,
		.is_used = is_used || (row->was_up && may_be_steered(snapshot, device->name)),
		.drops_by_reverse_path = row->drops_by_reverse_path,
	};

	memcpy(report.name, device->name, sizeof(report.name));
	vtap_text_make_printable(report.name); /* it may hold any bytes */
	row->was_up = row->was_up || report.is_up;
	for (int i = 0; i < VTAP_ALLOWANCE_COUNT; i++)
		report.allowance[i] = vtap_trend_read(&row->allowance[i], snapshot->now_mono_ns);
	return report;
}

static int underlay_compare(const void *a, const void *b)
{
	const struct vtap_report_underlay *left = a, *right = b;

	return strcmp(left->name, right->name);
}

static size_t underlays_count(
	const struct vtap_manager *manager, const struct vtap_snapshot *snapshot)
{
	const struct vtap_devices *devices = vtap_interfaces_devices(manager->interfaces);
	bool is_used;
	size_t n = 0;

	for (size_t i = 0; i < devices->n; i++)
		n += is_underlay(manager, snapshot, &devices->device[i], &is_used);
	return n;
}

int vtap_nics_fill(struct vtap_manager *manager, struct vtap_snapshot *snapshot)
{
	const struct vtap_devices *devices = vtap_interfaces_devices(manager->interfaces);
	size_t n = underlays_count(manager, snapshot);
	struct vtap_nics fresh = { .row = calloc(n + 1, sizeof(*fresh.row)) };
	uint64_t now_ns = snapshot->now_mono_ns;
	bool is_used;

	snapshot->underlays = calloc(n + 1, sizeof(*snapshot->underlays));
	if (fresh.row == NULL || snapshot->underlays == NULL) {
		vtap_nics_done(&fresh);
		return -ENOMEM;
	}
	/* workers may have seen packets on another one since they were counted: the next look has
	 * it */
	for (size_t i = 0; i < devices->n && fresh.n < n; i++) {
		const struct vtap_device *device = &devices->device[i];
		struct vtap_nic_row *row = &fresh.row[fresh.n];

		if (!is_underlay(manager, snapshot, device, &is_used))
			continue;
		*row = row_follow(&manager->nics, device->index);
		row_look(row, device->name, now_ns);
		snapshot->underlays[fresh.n++] = underlay_report(snapshot, row, device, is_used);
	}
	snapshot->n_underlays = fresh.n;
	qsort(snapshot->underlays, fresh.n, sizeof(*snapshot->underlays), underlay_compare);
	vtap_nics_done(&manager->nics);
	manager->nics = fresh;
	return 0;
}
