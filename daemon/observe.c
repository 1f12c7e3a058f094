// SPDX-License-Identifier: Apache-2.0
#include "daemon/observe.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "daemon/sensors.h"
#include "daemon/version.h"
#include "datapath/sightings.h"

/* Rows of a report: a flood of VNIs is no reason to keep the main loop busy. */
#define ROWS_MAX 1000

/* ---- targets and sessions ---- */

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
					    vtap_sightings_has_ipv6(slot->unknown)))
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

static int target_observe(struct vtap_manager *manager, size_t i, uint64_t now_ns,
	struct vtap_report_target *ret_report)
{
	struct vtap_intake_status status;
	struct vtap_totals totals, fast;
	struct vtap_passed passed;
	int r;

	vtap_intake_status(manager->intake[i], &status);
	vtap_intake_read(manager->intake[i], &totals);
	fast = totals_fast(manager->intake[i]);
	*ret_report = (struct vtap_report_target){
		.target = &manager->conf->targets[i],
		.state = {
			.state = vtap_state_name(status.state),
			.reason = status.reason,
			.message = status.message,
			.retry_in_ns = status.reason != NULL ? retry_in(status.retry_at_ns, now_ns)
							     : VTAP_REPORT_NEVER,
		},
		.n_workers = status.n_workers,
		.n_stalled = vtap_intake_n_stalled(manager->intake[i], now_ns),
		.received = totals.received,
		.reserved_bits = totals.reserved_bits,
		.unknown_bytes = totals.unknown_bytes,
	};
	memcpy(ret_report->verdicts, totals.verdicts, sizeof(totals.verdicts));
	ret_report->delivered_fast = fast.verdicts[VTAP_VERDICT_DELIVERED];
	for (int v = 0; v < VTAP_VERDICT_COUNT; v++)
		ret_report->trends[v] = trend_follow(
			&vtap_intake_trends(manager->intake[i])[v], totals.verdicts[v], now_ns);
	ret_report->bound = vtap_intake_bound(manager->intake[i], &ret_report->n_bound);
	ret_report->missing = vtap_intake_missing(
		manager->intake[i], &manager->conf->targets[i], &ret_report->n_missing);
	if (ret_report->bound == NULL || ret_report->missing == NULL)
		return -ENOMEM;
	passed = passed_up(ret_report->target, manager->intake[i], totals.received, fast.received);
	ret_report->port_tracked =
		vtap_tracking_look(&manager->tracking, ret_report->target->port, &passed, now_ns);
	r = offloads_observe(manager, i, ret_report);
	if (r == 0)
		r = vtap_sources_fill(manager, i, now_ns, ret_report);
	if (r < 0 || ret_report->target->mode == VTAP_MODE_VXLAN)
		return r; /* the kernel has its packets: there is no path of ours */
	r = fast_observe(manager, i, ret_report);
	paths_observe(manager, i, now_ns, ret_report);
	return r;
}

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
	if (ret_report->target->mode == VTAP_MODE_VXLAN) {
		ret_report->kernel = kernel_observe(manager, index);
		return;
	}
	ret_report->truncated_trend =
		trend_follow(&manager->runs.run[i].truncated, totals.truncated, now_ns);
	ret_report->delivered_trend = trend_follow(
		&manager->runs.run[i].delivered, totals.verdicts[VTAP_VERDICT_DELIVERED], now_ns);
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
	*ret_snapshot = snapshot;
	return 0;
}

/* ---- VNIs that were seen ---- */

static int row_add_source(struct vtap_report_vni *row, const struct vtap_addr *source)
{
	struct vtap_addr *grown;

	for (size_t i = 0; i < row->n_sources; i++)
		if (vtap_addr_compare(&row->sources[i], source) == 0)
			return 0;
	if (row->n_sources == VTAP_REPORT_SOURCES_MAX) {
		row->has_more_sources = true;
		return 0;
	}
	grown = reallocarray(row->sources, row->n_sources + 1, sizeof(*grown));
	if (grown == NULL)
		return -ENOMEM;
	row->sources = grown;
	grown[row->n_sources++] = *source;
	return 0;
}

static int row_merge(struct vtap_report_vni *row, const struct vtap_sighting *sighting)
{
	int r = 0;

	row->frames += sighting->frames;
	row->bytes += sighting->bytes;
	row->frames_per_second += sighting->frames_per_second;
	row->has_more_sources = row->has_more_sources || sighting->has_more_sources;
	if (row->first_mono_ns == 0 || sighting->first_ns < row->first_mono_ns)
		row->first_mono_ns = sighting->first_ns;
	if (sighting->last_ns > row->last_mono_ns)
		row->last_mono_ns = sighting->last_ns;
	for (unsigned i = 0; i < sighting->n_sources && r == 0; i++)
		r = row_add_source(row, &sighting->source[i]);
	return r;
}

/* One more row, merged with its equals later. */
static int vnis_add(struct vtap_report_vnis *vnis, const struct vtap_sighting *sighting,
	const char *target, enum vtap_verdict verdict)
{
	struct vtap_report_vni *grown;

	if ((vnis->n & (vnis->n - 1)) == 0) { /* 0 or a power of two: double */
		grown = reallocarray(vnis->row, vnis->n == 0 ? 1 : 2 * vnis->n, sizeof(*grown));
		if (grown == NULL)
			return -ENOMEM;
		vnis->row = grown;
	}
	vnis->row[vnis->n] = (struct vtap_report_vni){
		.vni = sighting->vni,
		.target = target,
		.verdict = verdict,
	};
	return row_merge(&vnis->row[vnis->n++], sighting);
}

static int identity_compare(const void *a, const void *b)
{
	const struct vtap_report_vni *left = a, *right = b;

	if (left->vni != right->vni)
		return left->vni < right->vni ? -1 : 1;
	if (left->verdict != right->verdict)
		return left->verdict < right->verdict ? -1 : 1;
	return strcmp(left->target, right->target);
}

/* Move what @from counted to @to, which is the same VNI seen by another worker. */
static int rows_join(struct vtap_report_vni *to, struct vtap_report_vni *from)
{
	int r = 0;

	to->frames += from->frames;
	to->bytes += from->bytes;
	to->frames_per_second += from->frames_per_second;
	to->has_more_sources = to->has_more_sources || from->has_more_sources;
	if (from->first_mono_ns < to->first_mono_ns)
		to->first_mono_ns = from->first_mono_ns;
	if (from->last_mono_ns > to->last_mono_ns)
		to->last_mono_ns = from->last_mono_ns;
	for (size_t i = 0; i < from->n_sources && r == 0; i++)
		r = row_add_source(to, &from->sources[i]);
	free(from->sources);
	from->sources = NULL;
	return r;
}

/* Rows of the same VNI, target and verdict become one. */
static int vnis_join(struct vtap_report_vnis *vnis)
{
	size_t n = 0;
	int r = 0;

	if (vnis->n > 1)
		qsort(vnis->row, vnis->n, sizeof(*vnis->row), identity_compare);
	for (size_t i = 0; i < vnis->n; i++) {
		if (n > 0 && r == 0 && identity_compare(&vnis->row[n - 1], &vnis->row[i]) == 0)
			r = rows_join(&vnis->row[n - 1], &vnis->row[i]);
		else
			vnis->row[n++] = vnis->row[i];
	}
	vnis->n = n;
	return r;
}

static int frames_compare(const void *a, const void *b)
{
	const struct vtap_report_vni *left = a, *right = b;

	if (left->frames != right->frames)
		return left->frames < right->frames ? 1 : -1;
	return (left->vni > right->vni) - (left->vni < right->vni);
}

/* Rows of one kind of sightings of one target; @owner 0: all, the owner being the verdict. */
static int target_sightings(const struct vtap_manager *manager, size_t i_target, uint32_t owner,
	struct vtap_report_vnis *vnis)
{
	const char *target = manager->conf->targets[i_target].name;
	uint64_t now_ns = vtap_clock_mono_ns();
	int r = 0;

	for (unsigned i = 0; i < VTAP_SLOTS_COUNT && r == 0; i++) {
		const struct vtap_slot *slot = vtap_intake_slot(manager->intake[i_target], i);
		const struct vtap_sightings *sightings = slot == NULL ? NULL
							 : owner == 0 ? slot->unknown
								      : slot->carried;

		if (sightings == NULL)
			continue;
		if (owner == 0)
			vnis->forgotten_frames += vtap_sightings_forgotten(sightings);
		for (uint32_t j = 0; j < vtap_sightings_size(sightings) && r == 0; j++) {
			struct vtap_sighting row;

			if (!vtap_sightings_get(sightings, slot, j, now_ns, &row) ||
				(owner != 0 && row.owner != owner))
				continue;
			r = vnis_add(vnis, &row, target,
				owner != 0 ? VTAP_VERDICT_DELIVERED : (enum vtap_verdict)row.owner);
		}
	}
	return r;
}

/* Joined, most frames first; what is beyond ROWS_MAX is only counted. */
static int vnis_finish(struct vtap_report_vnis *vnis)
{
	int r = vnis_join(vnis);

	if (vnis->n > 1)
		qsort(vnis->row, vnis->n, sizeof(*vnis->row), frames_compare);
	while (vnis->n > ROWS_MAX) {
		vnis->forgotten_frames += vnis->row[--vnis->n].frames;
		free(vnis->row[vnis->n].sources);
	}
	return r;
}

/* Nobody looks into the packets of a vxlan-mode session: all that it carries is its one VNI. */
static int kernel_carried(
	const struct vtap_manager *manager, size_t i_session, struct vtap_report_vnis *vnis)
{
	const struct vtap_session *session = &manager->conf->sessions[i_session];
	const struct vtap_run *run = &manager->runs.run[i_session];
	struct vtap_session_totals totals;

	vtap_tally_read(run->tally, &totals);
	if (session->n_vnis == 0 || totals.verdicts[VTAP_VERDICT_DELIVERED] == 0)
		return 0;
	vnis->row = calloc(1, sizeof(*vnis->row));
	if (vnis->row == NULL)
		return -ENOMEM;
	vnis->row[vnis->n++] = (struct vtap_report_vni){
		.vni = session->vnis[0].first,
		.verdict = VTAP_VERDICT_DELIVERED,
		.target = manager->conf->targets[session->i_target].name,
		.frames = totals.verdicts[VTAP_VERDICT_DELIVERED],
		.bytes = totals.bytes,
		.frames_per_second = run->frames_per_second,
		.has_more_sources = true, /* which, nobody tells */
		.last_mono_ns = totals.last_ns,
	};
	return 0;
}

int vtap_observe_carried(
	struct vtap_manager *manager, size_t i_session, struct vtap_report_vnis *ret_vnis)
{
	size_t i_target = manager->conf->sessions[i_session].i_target;
	struct vtap_report_vnis vnis = { 0 };
	int r;

	if (manager->conf->targets[i_target].mode == VTAP_MODE_VXLAN) {
		r = kernel_carried(manager, i_session, &vnis);
	} else {
		vtap_steering_flows(manager, vtap_clock_mono_ns());
		r = target_sightings(
			manager, i_target, manager->runs.run[i_session].tally->id, &vnis);
	}
	if (r == 0)
		r = vnis_finish(&vnis);
	if (r < 0)
		vtap_report_vnis_done(&vnis);
	else
		*ret_vnis = vnis;
	return r;
}

static bool session_names(const struct vtap_session *session, uint32_t vni)
{
	for (size_t i = 0; i < session->n_vnis; i++)
		if (vtap_range_has(session->vnis[i], vni))
			return true;
	return false;
}

static char *why_source(const struct vtap_session *session, const char *before, const char *verb)
{
	_auto_free char *sources = vtap_prefixes_format(session->sources, session->n_sources);

	return sources == NULL ? NULL
			       : vtap_text_format("%s%s takes %s%s only", before, session->name,
					 verb, sources);
}

/* The session that takes this VNI from there, or NULL: by the published table, or where the kernel
 * takes it by itself by the configuration. */
static const char *taker_find(const struct vtap_manager *manager, size_t i_target, uint32_t vni,
	const struct vtap_addr *source)
{
	const struct vtap_table *table = vtap_intake_table(manager->intake[i_target]);
	const struct vtap_session *session;
	struct vtap_match match;

	if (manager->conf->targets[i_target].mode == VTAP_MODE_VXLAN) {
		session = vtap_conf_find_vni(manager->conf, i_target, vni, vtap_family_of(source));
		return session != NULL ? session->name : NULL;
	}
	if (table == NULL || !vtap_table_allows(table, source) ||
		vtap_table_match(table, vni, source, &match) != VTAP_VERDICT_DELIVERED)
		return NULL;
	return manager->table_conf->sessions[match.i_session].name;
}

char *vtap_observe_allowed(const struct vtap_target *target)
{
	_auto_free char *allow = vtap_prefixes_format(target->allow, target->n_allow);

	return vtap_text_format(
		"target %s allows %s only", target->name, allow != NULL ? allow : "others");
}

char *vtap_observe_why(
	const struct vtap_manager *manager, size_t i_target, uint32_t vni, enum vtap_family family)
{
	const struct vtap_session *any = NULL;

	if (manager->conf->targets[i_target].mode == VTAP_MODE_VXLAN)
		return vtap_text_format(
			"no session has this VNI in family = %s", vtap_family_name(family));
	for (size_t i = 0; i < manager->conf->n_sessions; i++) {
		const struct vtap_session *session = &manager->conf->sessions[i];
		if (session->i_target != i_target)
			continue;
		if (session_names(session, vni))
			return why_source(session, "session ", "");
		if (session->is_any)
			any = session;
	}
	if (any != NULL)
		return why_source(any, "no session has this VNI, and ", "any from ");
	return strdup("no session has this VNI");
}

/* The kernel's devices let everybody in. */
static bool is_allowed(
	const struct vtap_manager *manager, size_t i_target, const struct vtap_addr *source)
{
	const struct vtap_table *table = vtap_intake_table(manager->intake[i_target]);

	return manager->conf->targets[i_target].mode == VTAP_MODE_VXLAN || table == NULL ||
	       vtap_table_allows(table, source);
}

/* The first source that was seen and that nobody takes by now, or NULL. One that is allowed goes
 * before those that are not, which no session could take. */
static const struct vtap_addr *untaken_find(
	const struct vtap_manager *manager, size_t i_target, struct vtap_report_vni *row)
{
	const struct vtap_addr *untaken = NULL;
	const char *taker = NULL;

	for (size_t i = 0; i < row->n_sources && (untaken == NULL || row->is_kept_out); i++) {
		const char *name = taker_find(manager, i_target, row->vni, &row->sources[i]);
		bool is_let_in = is_allowed(manager, i_target, &row->sources[i]);

		taker = name != NULL ? name : taker;
		if (name != NULL || (untaken != NULL && !is_let_in))
			continue;
		untaken = &row->sources[i];
		row->is_kept_out = !is_let_in;
	}
	row->taken_by = untaken == NULL ? taker : NULL;
	return untaken;
}

/* Is it taken by now, from every source that was seen? If not: why. */
static int row_explain(
	const struct vtap_manager *manager, size_t i_target, struct vtap_report_vni *row)
{
	const struct vtap_addr *untaken = untaken_find(manager, i_target, row);

	if (row->taken_by != NULL)
		row->why = vtap_text_format("session %s takes it now", row->taken_by);
	else if (row->is_kept_out)
		row->why = vtap_observe_allowed(&manager->conf->targets[i_target]);
	else
		row->why = vtap_observe_why(manager, i_target, row->vni,
			untaken != NULL ? vtap_family_of(untaken) : VTAP_FAMILY_IPV4);
	return row->why == NULL ? -ENOMEM : 0;
}

static size_t target_find(const struct vtap_conf *conf, const char *name)
{
	return (size_t)(vtap_conf_find_target(conf, name) - conf->targets);
}

int vtap_observe_unknown(struct vtap_manager *manager, struct vtap_report_vnis *ret_vnis)
{
	struct vtap_report_vnis vnis = { 0 };
	int r = 0;

	for (size_t i = 0; i < manager->conf->n_targets && r == 0; i++)
		r = target_sightings(manager, i, 0, &vnis);
	if (r == 0)
		r = vnis_finish(&vnis);
	for (size_t i = 0; i < vnis.n && r == 0; i++) {
		struct vtap_report_vni *row = &vnis.row[i];

		r = row_explain(manager, target_find(manager->conf, row->target), row);
	}
	if (r < 0)
		vtap_report_vnis_done(&vnis);
	else
		*ret_vnis = vnis;
	return r;
}
