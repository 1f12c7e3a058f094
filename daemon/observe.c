// SPDX-License-Identifier: Apache-2.0
#include "daemon/observe.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "daemon/sensors.h"
#include "daemon/version.h"
#include "datapath/sightings.h"

/* ---- targets ---- */

static uint64_t retry_in(uint64_t retry_at_ns, uint64_t now_ns)
{
	if (retry_at_ns == UINT64_MAX)
		return VTAP_REPORT_NEVER;
	return retry_at_ns > now_ns ? retry_at_ns - now_ns : 0;
}

static int fast_observe(
	const struct vtap_manager *manager, size_t i, struct vtap_report_target *report)
{
	struct vtap_steering_status status = { 0 };
	int r = vtap_steering_status(manager, i, &status);

	report->is_fast = status.is_fast;
	report->fast_on = status.on;
	report->n_fast_on = status.n_on;
	report->fast_off_why = status.off_why;
	report->fast_idle_why = status.idle_why;
	report->bypassed_by = status.bypassed_by;
	if (report->target->fastpath != VTAP_FASTPATH_REQUIRE || status.off_why == NULL ||
		report->state.reason != NULL)
		return r;
	report->state = (struct vtap_report_state){
		.state = vtap_state_name(VTAP_STATE_WAITING),
		.reason = "fastpath-off",
		.message = status.off_why,
		.retry_in_ns = VTAP_REPORT_NEVER,
	};
	return r;
}

/* Whoever looks makes it known: somebody does once a second. */
static struct vtap_report_trend trend_follow(
	struct vtap_trend *trend, uint64_t total, uint64_t now_ns)
{
	vtap_trend_note(trend, total, now_ns);
	return vtap_trend_read(trend, now_ns);
}

/* Since there are two paths: what came before tells nothing of the packets. */
static void paths_observe(
	struct vtap_manager *manager, size_t i, uint64_t now_ns, struct vtap_report_target *report)
{
	struct vtap_intake_paths *paths = vtap_intake_paths(manager->intake[i]);
	uint64_t n_worker = report->verdicts[VTAP_VERDICT_DELIVERED] - report->delivered_fast;

	if (!report->is_fast) {
		vtap_trend_forget(&paths->fast);
		vtap_trend_forget(&paths->worker);
		return;
	}
	report->paths.fast = trend_follow(&paths->fast, report->delivered_fast, now_ns);
	report->paths.worker = trend_follow(&paths->worker, n_worker, now_ns);
}

static int offloads_observe(
	const struct vtap_manager *manager, size_t i, struct vtap_report_target *report)
{
	struct vtap_offloads_status status;
	int r = vtap_offloads_status(manager, i, &status);

	if (r < 0)
		return r;
	report->merging = status.merging;
	report->n_merging = status.n_merging;
	report->merging_why = status.why;
	report->switched_off = status.off;
	report->n_switched_off = status.n_off;
	return 0;
}

/* By the fast path or a vxlan device. Written by this thread alone: it fits what was summed up
 * before. */
static struct vtap_totals totals_fast(const struct vtap_intake *intake)
{
	const struct vtap_slot *slot = vtap_intake_slot(intake, VTAP_SLOT_FAST);
	struct vtap_totals totals = { 0 };

	if (slot != NULL)
		vtap_slot_add(slot, &totals);
	return totals;
}

static bool has_ipv6(const struct vtap_intake *intake)
{
	for (unsigned i = 0; i < VTAP_SLOTS_MAX; i++) {
		const struct vtap_slot *slot = vtap_intake_slot(intake, i);

		if (slot != NULL && (vtap_sightings_has_ipv6(slot->carried) ||
					    vtap_sightings_has_ipv6(slot->unknown) ||
					    vtap_sightings_has_ipv6(slot->refused)))
			return true;
	}
	return false;
}

/* A vxlan device is behind the host's stack, and nobody knows the sources; the fast path is before
 * it. */
static struct vtap_passed passed_up(const struct vtap_target *target,
	const struct vtap_intake *intake, uint64_t n_received, uint64_t n_received_fast)
{
	if (target->mode == VTAP_MODE_VXLAN)
		return (struct vtap_passed){ .n = n_received, .has_ipv6 = true };
	return (struct vtap_passed){ .n = n_received - n_received_fast,
		.has_ipv6 = has_ipv6(intake) };
}

static void standing_observe(const struct vtap_manager *manager, size_t i, uint64_t now_ns,
	struct vtap_report_target *report)
{
	struct vtap_intake_status status;

	vtap_intake_status(manager->intake[i], &status);
	report->state = (struct vtap_report_state){
		.state = vtap_state_name(status.state),
		.reason = status.reason,
		.message = status.message,
		.retry_in_ns = status.reason != NULL ? retry_in(status.retry_at_ns, now_ns)
						     : VTAP_REPORT_NEVER,
	};
	report->n_workers = status.n_workers;
	report->n_stalled = vtap_intake_n_stalled(manager->intake[i], now_ns);
}

static void packets_observe(
	struct vtap_manager *manager, size_t i, uint64_t now_ns, struct vtap_report_target *report)
{
	struct vtap_totals totals, fast = totals_fast(manager->intake[i]);
	struct vtap_passed passed;

	vtap_intake_read(manager->intake[i], &totals);
	report->received = totals.received;
	report->reserved_bits = totals.reserved_bits;
	report->unknown_bytes = totals.unknown_bytes;
	report->delivered_fast = fast.verdicts[VTAP_VERDICT_DELIVERED];
	memcpy(report->verdicts, totals.verdicts, sizeof(totals.verdicts));
	for (int v = 0; v < VTAP_VERDICT_COUNT; v++)
		report->trends[v] = trend_follow(
			&vtap_intake_trends(manager->intake[i])[v], totals.verdicts[v], now_ns);
	passed = passed_up(report->target, manager->intake[i], totals.received, fast.received);
	report->port_tracked =
		vtap_tracking_look(&manager->tracking, report->target->port, &passed, now_ns);
}

static int underlays_observe(
	const struct vtap_manager *manager, size_t i, struct vtap_report_target *report)
{
	report->bound = vtap_intake_bound(manager->intake[i], &report->n_bound);
	report->missing =
		vtap_intake_missing(manager->intake[i], report->target, &report->n_missing);
	return report->bound == NULL || report->missing == NULL ? -ENOMEM : 0;
}

/* What is in *ret_report is freed with its snapshot, also after a failure. */
static int target_observe(struct vtap_manager *manager, size_t i, uint64_t now_ns,
	struct vtap_report_target *ret_report)
{
	int r;

	*ret_report = (struct vtap_report_target){ .target = &manager->conf->targets[i] };
	standing_observe(manager, i, now_ns, ret_report);
	packets_observe(manager, i, now_ns, ret_report);
	r = underlays_observe(manager, i, ret_report);
	if (r == 0)
		r = offloads_observe(manager, i, ret_report);
	if (r == 0)
		r = vtap_sources_fill(manager, i, now_ns, ret_report);
	if (r < 0 || ret_report->target->mode == VTAP_MODE_VXLAN)
		return r; /* the kernel has its packets: there is no path of ours */
	r = fast_observe(manager, i, ret_report);
	paths_observe(manager, i, now_ns, ret_report);
	return r;
}

/* ---- sessions ---- */

static struct vtap_report_kernel kernel_observe(const struct vtap_manager *manager, int index)
{
	const struct vtap_device *device =
		vtap_devices_find_index(vtap_interfaces_devices(manager->interfaces), index);
	const struct vtap_link_stats *stats = vtap_kernel_count_find(&manager->kernel_count, index);

	if (index == 0 || device == NULL || stats == NULL)
		return (struct vtap_report_kernel){ .is_known = false };
	return (struct vtap_report_kernel){
		.is_known = true,
		.is_guarded = vtap_guards_is_on(vtap_interfaces_guards(manager->interfaces), index),
		.rx_packets = stats->rx_packets,
		.rx_bytes = stats->rx_bytes,
		.rx_errors = stats->rx_errors,
		.rx_dropped = stats->rx_dropped,
		.reserved_bits = device->vxlan.reserved_bits,
		.merging = device->merging,
	};
}

static void session_observe(struct vtap_manager *manager, size_t i, struct vtap_sensors *sensors,
	uint64_t now_ns, struct vtap_report_session *ret_report)
{
	const struct vtap_session *session = &manager->conf->sessions[i];
	const struct vtap_interface *interface =
		vtap_interfaces_find(manager->interfaces, session->interface);
	struct vtap_standing standing = vtap_manager_standing(manager, i);
	struct vtap_session_totals totals;
	int index = interface != NULL ? interface->wish.held_index : 0;

	vtap_tally_read(manager->runs.run[i].tally, &totals);
	*ret_report = (struct vtap_report_session){
		.session = session,
		.target = &manager->conf->targets[session->i_target],
		.state = {
			.state = vtap_state_name(standing.state),
			.reason = standing.reason,
			.message = standing.message,
			.retry_in_ns = retry_in(standing.retry_at_ns, now_ns),
		},
		.interface_index = index,
		.delivered_fast = totals.delivered_fast,
		.bytes = totals.bytes,
		.truncated = totals.truncated,
		.frames_per_second = manager->runs.run[i].frames_per_second,
		.bits_per_second = manager->runs.run[i].bits_per_second,
		.last_mono_ns = totals.last_ns,
		.awaited_mono_ns = manager->runs.run[i].awaited_ns,
		.awaited_after = manager->runs.run[i].awaited_after,
		.n_sensors = index != 0 ? vtap_sensors_claim(sensors, index) : 0,
		.one_way = vtap_one_way_report(&manager->one_way, index),
		.n_repairs = interface != NULL ? interface->n_repairs : 0,
	};
	memcpy(ret_report->verdicts, totals.verdicts, sizeof(totals.verdicts));
	if (standing.state == VTAP_STATE_READY)
		ret_report->state.retry_in_ns = VTAP_REPORT_NEVER;
	ret_report->delivered_trend = trend_follow(
		&manager->runs.run[i].delivered, totals.verdicts[VTAP_VERDICT_DELIVERED], now_ns);
	if (ret_report->target->mode == VTAP_MODE_VXLAN) {
		ret_report->kernel = kernel_observe(manager, index);
		ret_report->decap_trend = trend_follow(&manager->runs.run[i].decap,
			totals.verdicts[VTAP_VERDICT_DECAP_ERROR], now_ns);
		return;
	}
	ret_report->truncated_trend =
		trend_follow(&manager->runs.run[i].truncated, totals.truncated, now_ns);
}

/* All sessions have claimed theirs. */
static void sensors_name(struct vtap_manager *manager, const struct vtap_sensors *sensors,
	struct vtap_snapshot *snapshot)
{
	vtap_sensor_names_look(&manager->sensor_names, sensors, snapshot->now_mono_ns);
	for (size_t i = 0; i < snapshot->n_sessions; i++) {
		struct vtap_report_session *report = &snapshot->sessions[i];

		if (report->n_sensors > 0)
			report->sensors = vtap_sensor_names_format(
				&manager->sensor_names, sensors, report->interface_index);
	}
}

/* ---- all ---- */

static void daemon_observe(struct vtap_manager *manager, struct vtap_snapshot *snapshot)
{
	snapshot->version = VTAP_VERSION;
	snapshot->pid = (int)getpid();
	snapshot->config_path = manager->config_path;
	snapshot->now_mono_ns = vtap_clock_mono_ns();
	manager->wall_offset_ns = vtap_clock_offset_ns(manager->wall_offset_ns);
	snapshot->now_wall_ns = snapshot->now_mono_ns + manager->wall_offset_ns;
	snapshot->started_mono_ns = manager->started_mono_ns;
	snapshot->configured_wall_ns = manager->configured_wall_ns;
	snapshot->refused_wall_ns = manager->refused_wall_ns;
	snapshot->n_refused_mistakes = manager->n_refused_mistakes;
	snapshot->n_repairs = vtap_interfaces_n_repairs(manager->interfaces) +
			      vtap_offloads_n_repairs(manager->offloads);
	snapshot->process = manager->process;
	snapshot->n_tap_interfaces =
		vtap_interfaces_count(manager->interfaces, &snapshot->n_guarded);
	if (snapshot->n_guarded < snapshot->n_tap_interfaces)
		snapshot->guard_off_why = vtap_steering_guard_off_why(manager);
	snapshot->one_way_off_why = vtap_steering_talks_off_why(manager);
	snapshot->counting_since_wall_ns = manager->kernel_count.has_former
						   ? VTAP_REPORT_NEVER
						   : vtap_steering_since(manager->steering);
}

int vtap_observe(struct vtap_manager *manager, struct vtap_snapshot *ret_snapshot)
{
	const struct vtap_conf *conf = manager->conf;
	struct vtap_snapshot snapshot = { 0 };
	struct vtap_sensors sensors = { 0 };
	int r = 0;

	vtap_kernel_count_look(manager, vtap_clock_mono_ns());
	vtap_steering_sample(manager, vtap_clock_mono_ns());
	daemon_observe(manager, &snapshot);
	snapshot.targets = calloc(conf->n_targets + 1, sizeof(*snapshot.targets));
	snapshot.sessions = calloc(conf->n_sessions + 1, sizeof(*snapshot.sessions));
	if (snapshot.targets == NULL || snapshot.sessions == NULL)
		r = -ENOMEM;
	for (size_t i = 0; i < conf->n_targets && r == 0; i++, snapshot.n_targets++)
		r = target_observe(manager, i, snapshot.now_mono_ns, &snapshot.targets[i]);
	if (r == 0)
		r = vtap_nics_fill(manager, &snapshot);
	if (r < 0) {
		vtap_snapshot_done(&snapshot);
		return r;
	}
	vtap_host_count_look(&manager->host_count, snapshot.now_mono_ns);
	vtap_host_count_fill(&manager->host_count, snapshot.now_mono_ns, snapshot.host_counters);
	(void)vtap_sensors_read(&sensors); /* refused: nobody is known to read */
	for (size_t i = 0; i < conf->n_sessions; i++, snapshot.n_sessions++)
		session_observe(manager, i, &sensors, snapshot.now_mono_ns, &snapshot.sessions[i]);
	sensors_name(manager, &sensors, &snapshot);
	vtap_sensors_done(&sensors);
	vtap_judge_fill(manager, &snapshot);
	vtap_steering_keep(manager, &snapshot);
	*ret_snapshot = snapshot;
	return 0;
}
