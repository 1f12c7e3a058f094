// SPDX-License-Identifier: Apache-2.0
#include "daemon/judge.h"

#include <errno.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "base/clock.h"
#include "base/text.h"
#include "daemon/log.h"
#include "daemon/manager.h"
#include "daemon/observe.h"
#include "daemon/public.h"
#include "daemon/transitions.h"

/* A main loop that hung is told of for this long. */
#define STALL_TOLD_NS (60 * VTAP_NS_PER_S)

/* Between two tries to listen for metrics. */
#define METRICS_RETRY_NS (5 * VTAP_NS_PER_S)

/* A drain tells of health checks, too. */
static const struct vtap_log_context BY_SOMEBODY = { .condition = "drain", .is_asked_for = true };

/* ---- the judgement ---- */

static const struct vtap_finding *first_that_breaks(const struct vtap_findings *findings)
{
	for (size_t i = 0; i < findings->n; i++)
		if (findings->finding[i].breaks_health)
			return &findings->finding[i];
	return NULL;
}

/* Was the main loop seen to hang a short while ago? */
static bool has_stalled(const struct vtap_judge *judge, uint64_t now_ns)
{
	return judge->stalled_ns != 0 && now_ns - judge->stalled_ns < STALL_TOLD_NS;
}

/* What the load balancer sees has changed. A drain has said so itself; after it checks are refused
 * for a while although nothing is wrong. */
static void checks_log(const struct vtap_judge *judge, uint64_t now_ns)
{
	const struct vtap_finding *why = first_that_breaks(&judge->findings);

	if (judge->drain.is_on)
		return; /* also of answers until a moment ago */
	if (judge->checks.is_answering)
		vtap_log(
			LOG_NOTICE, VTAP_EVENT_HEALTH, NULL, "healthy: health checks are answered");
	else if (why != NULL)
		vtap_log(LOG_WARNING, VTAP_EVENT_HEALTH,
			&(struct vtap_log_context){
				.because = vtap_condition_row(why->condition)->id },
			"unhealthy: %s; health checks are refused, forwarding goes on",
			why->sentence);
	else if (has_stalled(judge, now_ns))
		vtap_log(LOG_WARNING, VTAP_EVENT_HEALTH,
			&(struct vtap_log_context){ .because = "loop-stalled" },
			"unhealthy: vtapd did not move; health checks were refused, forwarding "
			"went on");
}

static enum vtap_judgement judgement_of(const struct vtap_manager *manager)
{
	if (manager->is_stopping)
		return VTAP_JUDGED_DRAINING; /* closes at once: the ports will be closed too */
	if (!manager->has_settled)
		return VTAP_JUDGED_NOT_YET;
	if (manager->judge.drain.is_on)
		return VTAP_JUDGED_DRAINING;
	return manager->judge.is_healthy ? VTAP_JUDGED_HEALTHY : VTAP_JUDGED_UNHEALTHY;
}

/* Whose frames are to come, and since when: a session that waits shows none, and a drain sends the
 * senders away. */
static void awaited_note(struct vtap_manager *manager, uint64_t now_ns)
{
	for (size_t i = 0; i < manager->conf->n_sessions; i++) {
		struct vtap_run *run = &manager->runs.run[i];
		bool is_ready = vtap_manager_standing(manager, i).state == VTAP_STATE_READY;

		if (manager->judge.drain.is_on)
			run->awaited_after = VTAP_AWAITED_DRAIN;
		else if (!is_ready && run->awaited_ns != 0)
			run->awaited_after = VTAP_AWAITED_WAIT;
		if (manager->judge.drain.is_on || !is_ready)
			run->awaited_ns = 0;
		else if (run->awaited_ns == 0)
			run->awaited_ns = now_ns;
	}
}

void vtap_judge_look(struct vtap_manager *manager, uint64_t now_ns)
{
	struct vtap_judge *judge = &manager->judge;
	struct vtap_snapshot snapshot = { 0 };
	struct vtap_findings findings = { 0 };
	bool was_answering = judge->checks.is_answering;

	if (judge->health == NULL)
		return;
	vtap_health_status(judge->health, &judge->checks);
	awaited_note(manager, now_ns);
	if (vtap_observe(manager, &snapshot) == 0 &&
		vtap_findings_make(&snapshot, &findings) ==
			0) { /* else without memory: as before */
		judge->is_healthy = vtap_findings_are_healthy(&findings);
		vtap_transitions_take(manager, &findings, now_ns);
	}
	vtap_snapshot_done(&snapshot);
	vtap_health_beat(judge->health, judgement_of(manager), now_ns);
	if (was_answering != judge->checks.is_answering && !manager->is_stopping)
		checks_log(judge, now_ns);
}

/* ---- once a second ---- */

static bool workers_move(const struct vtap_manager *manager, uint64_t now_ns)
{
	for (size_t i = 0; i < manager->n_intakes; i++)
		if (vtap_intake_n_stalled(manager->intake[i], now_ns) > 0)
			return false;
	return true;
}

static void stall_note(struct vtap_judge *judge, uint64_t now_ns)
{
	uint64_t gap_ns = judge->beat_ns != 0 ? now_ns - judge->beat_ns : 0;

	judge->beat_ns = now_ns;
	if (gap_ns > VTAP_HEALTH_STALL_NS) {
		judge->stall_ns = gap_ns;
		judge->stalled_ns = now_ns;
	}
}

static uint64_t losses_of(const struct vtap_totals *totals)
{
	uint64_t n = 0;

	for (int i = 0; i < VTAP_VERDICT_COUNT; i++)
		if (vtap_verdict_is_loss((enum vtap_verdict)i))
			n += totals->verdicts[i];
	return n;
}

/* Of all targets. */
struct sums {
	uint64_t received;
	uint64_t delivered;
	uint64_t lost;
};

static struct sums sums_read(const struct vtap_manager *manager)
{
	struct sums sums = { .received = 0 };
	struct vtap_totals totals;

	for (size_t i = 0; i < manager->n_intakes; i++) {
		vtap_intake_read(manager->intake[i], &totals);
		sums.received += totals.received;
		sums.delivered += totals.verdicts[VTAP_VERDICT_DELIVERED];
		sums.lost += losses_of(&totals);
	}
	return sums;
}

static void load_sample(struct vtap_manager *manager, uint64_t now_ns)
{
	struct vtap_judge *judge = &manager->judge;
	struct sums sums = sums_read(manager);

	vtap_load_sample(&judge->load, sums.received, now_ns);
	vtap_drain_sample(&judge->drain, judge->load.rate, sums.delivered, sums.lost, now_ns);
}

/* What is counted from now on came while it drains. The load stays that of the last second: one of
 * its parts would be a false one, and is what somebody acts on who restarts a sensor. */
static void drain_count(struct vtap_manager *manager, uint64_t now_ns)
{
	struct vtap_judge *judge = &manager->judge;
	struct sums sums;

	vtap_kernel_count_look(manager, now_ns);
	vtap_steering_sample(manager, now_ns);
	sums = sums_read(manager);
	vtap_drain_sample(&judge->drain, judge->load.rate, sums.delivered, sums.lost, now_ns);
}

void vtap_judge_forgo(struct vtap_judge *judge, uint64_t n_received)
{
	judge->load.received += n_received;
}

static void metrics_try(struct vtap_manager *manager, uint64_t now_ns)
{
	struct vtap_judge *judge = &manager->judge;
	struct vtap_err err = VTAP_ERR_NULL;
	int r;

	if (judge->metrics != NULL || judge->metrics_listen.kind != VTAP_LISTEN_ADDRESS ||
		now_ns < judge->metrics_retry_ns)
		return;
	judge->metrics_retry_ns = now_ns + METRICS_RETRY_NS;
	r = vtap_public_new(manager, &judge->metrics_listen, &judge->metrics, &err);
	(void)snprintf(judge->metrics_refused, sizeof(judge->metrics_refused), "%s", /* same size */
		r < 0 ? vtap_err_text(&err, r) : "");
}

void vtap_judge_sample(struct vtap_manager *manager, uint64_t now_ns)
{
	stall_note(&manager->judge, now_ns);
	load_sample(manager, now_ns);
	metrics_try(manager, now_ns);
	vtap_judge_look(manager, now_ns);
	if (workers_move(manager, now_ns))
		(void)sd_notify(0, "WATCHDOG=1"); /* without a manager nobody waits */
}

/* ---- draining ---- */

int vtap_judge_drain(struct vtap_manager *manager, const char *reason, struct vtap_err *err)
{
	struct vtap_judge *judge = &manager->judge;
	uint64_t now_ns = vtap_clock_mono_ns();
	bool was_on = judge->drain.is_on;
	int r;

	if (!was_on) {
		vtap_judge_look(manager, now_ns); /* what was before it is told before it */
		judge->drain.rate = judge->load.smooth;
	}
	r = vtap_drain_begin(
		&judge->drain, judge->drain_path, reason, now_ns, vtap_clock_wall_ns(), err);
	if (!was_on)
		vtap_log(LOG_NOTICE, VTAP_EVENT_HEALTH, &BY_SOMEBODY,
			"draining%s%s: health checks are refused, forwarding goes on",
			judge->drain.reason[0] != '\0' ? ", " : "", judge->drain.reason);
	drain_count(manager, now_ns);
	vtap_judge_look(manager, now_ns);
	return r;
}

int vtap_judge_undrain(struct vtap_manager *manager, struct vtap_err *err)
{
	struct vtap_judge *judge = &manager->judge;
	bool was_on = judge->drain.is_on;
	int r = vtap_drain_end(&judge->drain, judge->drain_path, err);

	if (was_on)
		vtap_log(LOG_NOTICE, VTAP_EVENT_HEALTH, &BY_SOMEBODY,
			"undrained: health checks are answered once the target has been healthy "
			"for %.0f s",
			(double)manager->conf->health.settle_ns / (double)VTAP_NS_PER_S);
	vtap_judge_look(manager, vtap_clock_mono_ns());
	return r;
}

/* ---- reports ---- */

const char *vtap_judge_name(const struct vtap_judge *judge)
{
	if (judge->drain.is_on)
		return "draining";
	return judge->is_healthy ? "healthy" : "unhealthy";
}

static struct vtap_report_drain drain_report(const struct vtap_judge *judge, uint64_t now_ns,
	uint64_t drain_time_ns, const struct vtap_snapshot *snapshot)
{
	const struct vtap_drain *drain = &judge->drain;
	struct vtap_report_drain report = {
		.is_draining = drain->is_on,
		.since_wall_ns = drain->since_wall_ns,
		.reason = drain->reason[0] != '\0' ? drain->reason : NULL,
		.frames_per_second = judge->load.rate,
		.frames_per_second_before = drain->rate_before,
	};
	uint64_t delivered = 0, lost = 0;

	if (!drain->is_on)
		return report;
	for (size_t i = 0; i < snapshot->n_targets; i++) {
		struct vtap_totals totals = { 0 };

		memcpy(totals.verdicts, snapshot->targets[i].verdicts, sizeof(totals.verdicts));
		delivered += totals.verdicts[VTAP_VERDICT_DELIVERED];
		lost += losses_of(&totals);
	}
	report.elapsed_ns = now_ns - drain->since_ns;
	report.quiet_ns = drain->below_ns != 0 ? now_ns - drain->below_ns : 0;
	report.is_quiet = vtap_drain_is_quiet(drain, now_ns);
	report.is_overdue = now_ns - drain->asked_ns > drain_time_ns;
	report.delivered =
		delivered > drain->first_delivered ? delivered - drain->first_delivered : 0;
	report.lost = lost > drain->first_dropped ? lost - drain->first_dropped : 0;
	return report;
}

/* Asked anew: the last look may be a second old, and the answer is one that people wait for. */
static void checks_fill(const struct vtap_manager *manager, struct vtap_snapshot *snapshot)
{
	uint64_t follow_ns, now_ns = snapshot->now_mono_ns;
	struct vtap_health_status status = { 0 };

	snapshot->checks_follow_in_ns = VTAP_REPORT_NEVER;
	snapshot->checks = VTAP_CHECKS_OFF;
	if (manager->conf->health.listen.kind == VTAP_LISTEN_OFF)
		return;
	if (manager->judge.health != NULL)
		vtap_health_status(manager->judge.health, &status);
	snapshot->checks = status.is_answering ? VTAP_CHECKS_ANSWERED : VTAP_CHECKS_REFUSED;
	if (status.differs_ns == 0 || manager->judge.drain.is_on)
		return;
	follow_ns = status.differs_ns + manager->conf->health.settle_ns;
	snapshot->checks_follow_in_ns = follow_ns > now_ns ? follow_ns - now_ns : 0;
}

void vtap_judge_fill(const struct vtap_manager *manager, struct vtap_snapshot *snapshot)
{
	const struct vtap_judge *judge = &manager->judge;
	uint64_t now_ns = snapshot->now_mono_ns;

	snapshot->conf = manager->conf;
	snapshot->is_healthy = judge->is_healthy;
	checks_fill(manager, snapshot);
	snapshot->drain =
		drain_report(judge, now_ns, manager->conf->health.drain_time_ns, snapshot);
	if (has_stalled(judge, now_ns))
		snapshot->loop_stall_ns = judge->stall_ns;
	if (judge->checks.refused[0] != '\0')
		snapshot->health_refused = judge->checks.refused;
	if (judge->metrics_refused[0] != '\0')
		snapshot->metrics_refused = judge->metrics_refused;
}

/* ---- life ---- */

static void place_add(struct vtap_health_wish *wish, const struct vtap_health_place *place)
{
	for (size_t i = 0; i < wish->n_places; i++)
		if (wish->place[i].port == place->port &&
			vtap_addr_compare(&wish->place[i].addr, &place->addr) == 0)
			return;
	if (wish->n_places < VTAP_HEALTH_PLACES_MAX) /* more targets than that: documented */
		wish->place[wish->n_places++] = *place;
}

static void health_follow(struct vtap_health *health, const struct vtap_conf *conf)
{
	struct vtap_health_wish wish = { .settle_ns = conf->health.settle_ns };
	struct vtap_health_place place;

	memset(&place, 0, sizeof(place)); /* places are compared as bytes */
	if (conf->health.listen.kind == VTAP_LISTEN_ADDRESS) {
		place.addr = conf->health.listen.addr;
		place.port = conf->health.listen.port;
		place_add(&wish, &place);
	}
	for (size_t i = 0; i < conf->n_targets && conf->health.listen.kind == VTAP_LISTEN_AUTO;
		i++) {
		place.port = conf->targets[i].port;
		place_add(&wish, &place);
	}
	vtap_health_want(health, &wish);
}

static bool listens_are_equal(const struct vtap_listen *a, const struct vtap_listen *b)
{
	return a->kind == b->kind && a->port == b->port &&
	       vtap_addr_compare(&a->addr, &b->addr) == 0;
}

void vtap_judge_follow(struct vtap_manager *manager)
{
	struct vtap_judge *judge = &manager->judge;

	if (judge->health == NULL)
		return;
	health_follow(judge->health, manager->conf);
	if (!listens_are_equal(&judge->metrics_listen, &manager->conf->metrics)) {
		vtap_public_free(vtap_steal(&judge->metrics));
		judge->metrics_listen = manager->conf->metrics;
		judge->metrics_refused[0] = '\0';
		judge->metrics_retry_ns = 0;
	}
	metrics_try(manager, vtap_clock_mono_ns());
}

int vtap_judge_init(struct vtap_judge *judge, const char *runtime_dir, struct vtap_err *err)
{
	struct vtap_err trouble = VTAP_ERR_NULL;
	int r = vtap_health_new(&judge->health, err);

	if (r < 0)
		return r;
	judge->drain_path = vtap_text_format("%s/drain", runtime_dir);
	if (judge->drain_path == NULL)
		return -ENOMEM;
	r = vtap_drain_load(&judge->drain, judge->drain_path, vtap_clock_mono_ns(), &trouble);
	if (r < 0)
		vtap_log(LOG_WARNING, VTAP_EVENT_TROUBLE, &(struct vtap_log_context){ .error = r },
			"%s; if this target was draining, it does not any more", trouble.text);
	if (judge->drain.is_on)
		vtap_log(LOG_NOTICE, VTAP_EVENT_HEALTH, &BY_SOMEBODY,
			"still draining%s%s: health checks are refused, forwarding goes on",
			judge->drain.reason[0] != '\0' ? ", " : "", judge->drain.reason);
	return 0;
}

void vtap_judge_done(struct vtap_judge *judge)
{
	vtap_public_free(vtap_steal(&judge->metrics));
	vtap_health_free(vtap_steal(&judge->health));
	vtap_findings_done(&judge->findings);
	vtap_linger_done(&judge->linger);
	free(vtap_steal(&judge->drain_path));
}
