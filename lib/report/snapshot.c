// SPDX-License-Identifier: Apache-2.0
#include "report/snapshot.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static const char *const HOST_NAMES[] = {
	[VTAP_HOST_UDP_IN_DATAGRAMS] = "udp_in_datagrams",
	[VTAP_HOST_UDP_NO_PORTS] = "udp_no_ports",
	[VTAP_HOST_UDP_IN_ERRORS] = "udp_in_errors",
	[VTAP_HOST_UDP_RCVBUF_ERRORS] = "udp_rcvbuf_errors",
	[VTAP_HOST_UDP_IN_CSUM_ERRORS] = "udp_in_csum_errors",
	[VTAP_HOST_IP_REVERSE_PATH_FILTER] = "ip_reverse_path_filter",
	[VTAP_HOST_IP_REASM_FAILS] = "ip_reasm_fails",
	[VTAP_HOST_ICMP_OUT_UNREACHABLE] = "icmp_out_unreachable",
	[VTAP_HOST_SOFTNET_DROPPED] = "softnet_dropped",
};
static_assert(VTAP_ARRAY_LEN(HOST_NAMES) == VTAP_HOST_COUNT, "every counter has a name");

static const char *const ALLOWANCE_NAMES[] = {
	[VTAP_ALLOWANCE_BW_IN] = "bw_in_allowance_exceeded",
	[VTAP_ALLOWANCE_BW_OUT] = "bw_out_allowance_exceeded",
	[VTAP_ALLOWANCE_PPS] = "pps_allowance_exceeded",
	[VTAP_ALLOWANCE_CONNTRACK] = "conntrack_allowance_exceeded",
	[VTAP_ALLOWANCE_LINKLOCAL] = "linklocal_allowance_exceeded",
};
static_assert(VTAP_ARRAY_LEN(ALLOWANCE_NAMES) == VTAP_ALLOWANCE_COUNT, "every one has a name");

const char *vtap_host_counter_name(enum vtap_host_counter counter)
{
	return HOST_NAMES[counter];
}

const char *vtap_allowance_name(enum vtap_allowance allowance)
{
	return ALLOWANCE_NAMES[allowance];
}

bool vtap_snapshot_hides_losses(
	const struct vtap_snapshot *snapshot, const struct vtap_target *target)
{
	for (size_t i = 0; i < snapshot->n_sessions; i++) {
		const struct vtap_report_session *session = &snapshot->sessions[i];

		if (session->target == target && session->kernel.is_known &&
			!session->kernel.is_guarded)
			return true;
	}
	return false;
}

bool vtap_snapshot_tells(const struct vtap_snapshot *snapshot, const struct vtap_target *target,
	enum vtap_verdict verdict)
{
	bool is_kernel = target->mode == VTAP_MODE_VXLAN;

	switch (verdict) {
	case VTAP_VERDICT_DELIVERED:
		return true;
	case VTAP_VERDICT_DECAP_ERROR:
		return is_kernel;
	case VTAP_VERDICT_LOST_IN_HANDOVER:
		return !is_kernel || !vtap_snapshot_hides_losses(snapshot, target);
	default:
		return !is_kernel;
	}
}

/* ---- strings of its own ---- */

/** struct copying - strings that are counted, and then copied */
struct copying {
	size_t n_bytes;
	char *to; /* NULL: they are only counted */
};

static void string_take(struct copying *copying, const char **string)
{
	size_t n = *string != NULL ? strlen(*string) + 1 : 0;

	if (copying->to != NULL && n > 0)
		*string = memcpy(copying->to + copying->n_bytes, *string, n);
	copying->n_bytes += n;
}

static void list_take(struct copying *copying, const char **strings, size_t n)
{
	for (size_t i = 0; i < n; i++)
		string_take(copying, &strings[i]);
}

/* Its name is the table's. */
static void state_take(struct copying *copying, struct vtap_report_state *state)
{
	string_take(copying, &state->reason);
	string_take(copying, &state->message);
}

static void target_take(struct copying *copying, struct vtap_report_target *report)
{
	state_take(copying, &report->state);
	list_take(copying, report->bound, report->n_bound);
	list_take(copying, report->missing, report->n_missing);
	list_take(copying, report->fast_on, report->n_fast_on);
	list_take(copying, report->merging, report->n_merging);
	list_take(copying, report->switched_off, report->n_switched_off);
	string_take(copying, &report->fast_off_why);
	string_take(copying, &report->fast_idle_why);
	string_take(copying, &report->bypassed_by);
	string_take(copying, &report->merging_why);
}

/* Each that is borrowed of whoever fills a snapshot. */
static void strings_take(struct copying *copying, struct vtap_snapshot *snapshot)
{
	string_take(copying, &snapshot->config_path);
	string_take(copying, &snapshot->drain.reason);
	string_take(copying, &snapshot->health_refused);
	string_take(copying, &snapshot->metrics_refused);
	string_take(copying, &snapshot->guard_off_why);
	string_take(copying, &snapshot->one_way_off_why);
	for (size_t i = 0; i < snapshot->n_targets; i++)
		target_take(copying, &snapshot->targets[i]);
	for (size_t i = 0; i < snapshot->n_sessions; i++)
		state_take(copying, &snapshot->sessions[i].state);
}

int vtap_snapshot_own(struct vtap_snapshot *snapshot)
{
	struct copying copying = { .n_bytes = 0 };

	strings_take(&copying, snapshot);
	copying.to = malloc(copying.n_bytes + 1);
	if (copying.to == NULL)
		return -ENOMEM;
	copying.n_bytes = 0;
	strings_take(&copying, snapshot);
	free(snapshot->strings);
	snapshot->strings = copying.to;
	return 0;
}

/* ---- the end ---- */

void vtap_snapshot_done(struct vtap_snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->n_targets; i++) {
		free(snapshot->targets[i].bound);
		free(snapshot->targets[i].missing);
		free(snapshot->targets[i].fast_on);
		free(snapshot->targets[i].merging);
		free(snapshot->targets[i].switched_off);
		free(snapshot->targets[i].seen);
	}
	for (size_t i = 0; i < snapshot->n_sessions; i++)
		free(snapshot->sessions[i].sensors);
	free(snapshot->targets);
	free(snapshot->sessions);
	free(snapshot->underlays);
	free(snapshot->strings);
	*snapshot = (struct vtap_snapshot){ 0 };
}

void vtap_report_vnis_done(struct vtap_report_vnis *vnis)
{
	for (size_t i = 0; i < vnis->n; i++) {
		free(vnis->row[i].sources);
		free(vnis->row[i].why);
	}
	free(vnis->row);
	*vnis = (struct vtap_report_vnis){ 0 };
}

void vtap_report_removed_done(struct vtap_report_removed *removed)
{
	for (size_t i = 0; i < removed->n_fast_paths; i++)
		free(removed->fast_path[i]);
	free(removed->fast_path);
	free(removed->restored);
	free(removed->missed);
	*removed = (struct vtap_report_removed){ 0 };
}
