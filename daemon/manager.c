// SPDX-License-Identifier: Apache-2.0
#include "daemon/manager.h"

#include <errno.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "base/clock.h"
#include "daemon/control.h"
#include "daemon/log.h"
#include "daemon/manager_state.h"
#include "daemon/publish.h"

/* Bursts of news are folded for this long. */
#define FOLD_NS (2 * VTAP_NS_PER_MS)

/* After a turn news waits for some times the turn's length, so that a host with thousands of links
 * and a chatty neighbour spends a bounded share of its time on looking. */
#define FOLD_TURNS   4
#define PAUSE_MAX_NS (500 * VTAP_NS_PER_MS)

/* A look without a reason: sysctls that change without news, for instance. */
#define AUDIT_NS (30 * VTAP_NS_PER_S)

/* Between two looks at what a worker may still use. */
#define REAP_NS (2 * VTAP_NS_PER_MS)

/* Until a vxlan device that waits for sockets of ours is set up, or tried again: the service
 * manager closes its copy of them when it comes to it. */
#define AWAIT_NS (VTAP_NS_PER_MS / 2)

/* So long after the last of ours was closed it may still have the port; then somebody else has it.
 */
#define LEFT_NS VTAP_NS_PER_S

#define SAMPLE_NS VTAP_NS_PER_S

/* How late a timer may fire: news is worth a wake-up of its own. */
#define TIMER_ACCURACY_US 500

/* ---- states of sessions ---- */

struct vtap_standing vtap_manager_standing(const struct vtap_manager *manager, size_t i_session)
{
	const struct vtap_session *session = &manager->conf->sessions[i_session];
	const struct vtap_interface *interface =
		vtap_interfaces_find(manager->interfaces, session->interface);
	struct vtap_intake_status intake;

	vtap_intake_status(manager->intake[session->i_target], &intake);
	if (interface == NULL) /* only before the first want() */
		return (struct vtap_standing){ .state = VTAP_STATE_ABSENT,
			.retry_at_ns = UINT64_MAX };
	if (interface->state == VTAP_STATE_READY ||
		(interface->is_shown && intake.state != VTAP_STATE_READY))
		return (struct vtap_standing){
			.state = intake.state,
			.reason = intake.reason,
			.message = intake.message,
			.retry_at_ns = intake.reason != NULL ? intake.retry_at_ns : UINT64_MAX,
		};
	return (struct vtap_standing){
		.state = interface->is_shown ? VTAP_STATE_READY : interface->state,
		.reason = interface->reason,
		.message = interface->reason != NULL ? interface->message : NULL,
		.retry_at_ns = interface->backoff.retry_at_ns != 0 ? interface->backoff.retry_at_ns
								   : UINT64_MAX,
	};
}

size_t vtap_manager_n_ready(const struct vtap_manager *manager)
{
	size_t n = 0;

	for (size_t i = 0; i < manager->conf->n_sessions; i++)
		n += vtap_manager_standing(manager, i).state == VTAP_STATE_READY;
	return n;
}

/* ---- what systemd is told ---- */

static void status_format(const struct vtap_manager *manager, char *ret_text, size_t size)
{
	size_t n_ready = vtap_manager_n_ready(manager), n = manager->conf->n_sessions, used;
	double frames_per_second = 0;

	for (size_t i = 0; i < manager->runs.n; i++)
		frames_per_second += manager->runs.run[i].frames_per_second;
	(void)snprintf(ret_text, size,
		"%s, %zu of %zu sessions ready, %.0f frames/s", /* cut is fine */
		vtap_judge_name(&manager->judge), n_ready, n, frames_per_second);
	if (n_ready == n)
		return;
	used = strlen(ret_text);
	(void)snprintf(
		ret_text + used, size - used, ", %zu waiting:", n - n_ready); /* cut is fine */
	for (size_t i = 0; i < n; i++) {
		used = strlen(ret_text);
		if (vtap_manager_standing(manager, i).state != VTAP_STATE_READY)
			(void)snprintf(ret_text + used, size - used, " %s", /* cut is fine */
				manager->conf->sessions[i].name);
	}
}

static void status_tell(struct vtap_manager *manager, const char *before)
{
	char text[sizeof(manager->status)];

	status_format(manager, text, sizeof(text));
	if (before[0] == '\0' && strcmp(text, manager->status) == 0)
		return;
	memcpy(manager->status, text, sizeof(text));
	(void)sd_notifyf(
		0, "%sSTATUS=%s", before, text); /* without a manager there is nobody to tell */
}

/* ---- turns ---- */

static void timer_arm(sd_event_source *timer, uint64_t at_ns)
{
	/* a failure would be a bug of ours in the arguments */
	(void)sd_event_source_set_time(timer, at_ns / VTAP_NS_PER_US);
	(void)sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
}

/* The turn timer only ever moves closer; a turn arms it anew. */
static void turn_at(struct vtap_manager *manager, uint64_t at_ns)
{
	uint64_t armed_us = 0;
	int is_enabled = SD_EVENT_OFF;

	(void)sd_event_source_get_enabled(manager->turn_timer, &is_enabled); /* cannot fail */
	(void)sd_event_source_get_time(manager->turn_timer, &armed_us);      /* cannot fail */
	if (is_enabled == SD_EVENT_OFF || at_ns / VTAP_NS_PER_US < armed_us)
		timer_arm(manager->turn_timer, at_ns);
}

void vtap_manager_trigger(struct vtap_manager *manager)
{
	uint64_t now_ns = vtap_clock_mono_ns();
	uint64_t pause_ns = FOLD_TURNS * manager->last_turn_ns;
	uint64_t at_ns = now_ns + FOLD_NS;

	if (manager->noticed_ns == 0)
		manager->noticed_ns = now_ns;
	if (pause_ns > PAUSE_MAX_NS)
		pause_ns = PAUSE_MAX_NS;
	if (at_ns < manager->turned_ns + pause_ns)
		at_ns = manager->turned_ns + pause_ns;
	turn_at(manager, at_ns);
}

static void log_ready(const struct vtap_manager *manager, uint64_t now_ns)
{
	size_t n = manager->conf->n_sessions, n_ready = vtap_manager_n_ready(manager);
	double ms = (double)(now_ns - manager->started_mono_ns) / (double)VTAP_NS_PER_MS;
	char paths[128];

	vtap_steering_format(manager->steering, paths, sizeof(paths));
	if (n_ready == n)
		vtap_log(LOG_INFO, VTAP_EVENT_READY, NULL, "ready in %.0f ms: %zu %s%s", ms, n,
			n == 1 ? "session" : "sessions", paths);
	else
		vtap_log(LOG_WARNING, VTAP_EVENT_READY, NULL,
			"ready in %.0f ms: %zu %s, %zu ready, %zu waiting%s", ms, n,
			n == 1 ? "session" : "sessions", n_ready, n - n_ready, paths);
}

/* Every session is ready or has a reported reason. */
static void settle(struct vtap_manager *manager, uint64_t now_ns)
{
	bool is_first = !manager->has_settled;

	manager->noticed_ns = 0;
	manager->has_settled = true;
	if (is_first)
		log_ready(manager, now_ns);
	vtap_judge_look(manager, now_ns);
	status_tell(manager, is_first || manager->is_reloading ? "READY=1\n" : "");
	manager->is_reloading = false;
	if (manager->control != NULL)
		vtap_control_settled(manager->control);
}

static void intakes_update(struct vtap_manager *manager, uint64_t now_ns)
{
	const struct vtap_conf *conf = manager->conf;
	const struct vtap_devices *devices = vtap_interfaces_devices(manager->interfaces);

	for (size_t i = 0; i < conf->n_targets; i++) {
		size_t n_sessions = 0;

		for (size_t j = 0; j < conf->n_sessions; j++)
			n_sessions += conf->sessions[j].i_target == i;
		vtap_intake_update(manager->intake[i], &conf->targets[i], devices, n_sessions,
			vtap_manager_has_port(manager, conf->targets[i].port), now_ns);
	}
}

/* Ports that vxlan devices of ours still have, and sockets are to have: from one to the other at
 * once. Until there are TAPs frames wait in them; by the table of before, which has no sessions,
 * they would be dropped. */
static void ports_take(struct vtap_manager *manager, uint64_t now_ns)
{
	bool has_any = false;

	for (size_t i = 0; i < manager->conf->n_targets; i++) {
		const struct vtap_table *table;

		if (manager->conf->targets[i].mode != VTAP_MODE_TAP ||
			!vtap_interfaces_release_port(
				manager->interfaces, manager->conf->targets[i].port))
			continue;
		has_any = true;
		table = vtap_intake_rest(manager->intake[i]);
		manager->must_publish = manager->must_publish || table != NULL;
		vtap_table_free((struct vtap_table *)table);
	}
	if (has_any)
		intakes_update(manager, now_ns);
}

/* Once every target has its sockets and its table, what is too much can go: read empty by workers,
 * looked after again soon. What came back from the store for no target is closed. Return: is there
 * more? */
static bool surplus_close(struct vtap_manager *manager)
{
	bool has_more = false, has_surplus = false;
	unsigned n;

	for (size_t i = 0; i < manager->conf->n_targets; i++) {
		has_surplus = has_surplus || vtap_intake_has_surplus(manager->intake[i]);
		vtap_intake_close_surplus(manager->intake[i]);
		has_more = has_more || vtap_intake_has_surplus(manager->intake[i]);
	}
	n = vtap_store_clear(manager->store);
	if (n > 0 || has_surplus)
		manager->left_ns = vtap_clock_mono_ns();
	if (n > 0)
		vtap_log(LOG_NOTICE, VTAP_EVENT_SOCKETS_CLOSED, NULL,
			"closed %u %s of ports that are no longer configured", n,
			n == 1 ? "socket" : "sockets");
	return has_more;
}

/* Targets that are no longer configured: after the new tables, so that nothing is read into a void.
 */
static void intakes_drop(struct vtap_manager *manager)
{
	while (manager->n_intakes > manager->conf->n_targets) {
		struct vtap_intake *intake = manager->intake[--manager->n_intakes];
		const struct vtap_table *table = vtap_intake_table(intake);

		vtap_intake_free(
			intake, false); /* its workers are gone: its last table is nobody's */
		manager->left_ns = vtap_clock_mono_ns();
		vtap_table_free((struct vtap_table *)table);
	}
}

/* Return: are there new tables? */
static bool publish_if_due(struct vtap_manager *manager, const struct vtap_turn *turn)
{
	struct vtap_err err = VTAP_ERR_NULL;
	bool is_due = manager->must_publish ? !turn->has_more : turn->has_new_fds;
	int r;

	if (!is_due)
		return false;
	r = vtap_publish(manager, &err);
	if (r < 0 && strcmp(err.text, manager->publish_err.text) != 0)
		vtap_log(LOG_ERR, VTAP_EVENT_TROUBLE, &(struct vtap_log_context){ .error = r },
			"%s; the former one stays, tried again every second", err.text);
	manager->publish_err = err;
	manager->must_publish = r < 0;
	if (r < 0)
		return false;
	intakes_drop(manager);
	return true;
}

static void remove_if_due(
	struct vtap_manager *manager, const struct vtap_turn *turn, uint64_t now_ns)
{
	struct vtap_err err = VTAP_ERR_NULL;
	const char *why;
	int r;

	if (!turn->has_removals || manager->must_publish || now_ns < manager->remove_at_ns)
		return;
	r = vtap_interfaces_remove(manager->interfaces, &err);
	why = r < 0 ? vtap_err_text(&err, r) : "";
	manager->remove_at_ns = r < 0 ? now_ns + AUDIT_NS : 0;
	if (r < 0 && strcmp(why, manager->remove_err.text) != 0)
		vtap_log(LOG_ERR, VTAP_EVENT_TROUBLE, &(struct vtap_log_context){ .error = r },
			"remove interfaces that no session has: %s; tried again every %llu s", why,
			AUDIT_NS / VTAP_NS_PER_S);
	(void)vtap_err_set(&manager->remove_err, r, "%s", why); /* returns it */
}

static uint64_t retry_next(
	const struct vtap_manager *manager, const struct vtap_turn *turn, uint64_t now_ns)
{
	uint64_t at_ns = now_ns + AUDIT_NS, offloads_at_ns;
	struct vtap_intake_status intake;

	if (manager->must_publish)
		at_ns = now_ns + VTAP_NS_PER_S; /* the table was refused: without memory, say */
	if (turn->retry_at_ns < at_ns)
		at_ns = turn->retry_at_ns;
	for (size_t i = 0; i < manager->conf->n_targets; i++) {
		vtap_intake_status(manager->intake[i], &intake);
		if (intake.reason != NULL && intake.retry_at_ns > now_ns &&
			intake.retry_at_ns < at_ns)
			at_ns = intake.retry_at_ns;
	}
	offloads_at_ns = vtap_offloads_next(manager, now_ns);
	return offloads_at_ns < at_ns ? offloads_at_ns : at_ns;
}

static void turn_end(struct vtap_manager *manager, const struct vtap_turn *turn, uint64_t now_ns)
{
	uint64_t done_ns;

	vtap_steering_turn(manager, publish_if_due(manager, turn), now_ns);
	remove_if_due(manager, turn, now_ns);
	if (!turn->is_unfinished && !turn->is_awaiting && !manager->must_publish)
		vtap_offloads_settle(manager, now_ns);
	done_ns = vtap_clock_mono_ns();
	manager->last_turn_ns = done_ns - now_ns;
	manager->turned_ns = done_ns;
	timer_arm(manager->turn_timer,
		turn->is_unfinished ? done_ns : retry_next(manager, turn, done_ns));
	if (vtap_publish_reap(manager))
		turn_at(manager, done_ns + REAP_NS);
	if (!manager->must_publish && surplus_close(manager))
		turn_at(manager, done_ns + REAP_NS);
	else if (turn->is_awaiting && !manager->must_publish) /* the port is nobody's by now */
		turn_at(manager, done_ns + AWAIT_NS);
	if (!turn->is_unfinished && !turn->is_awaiting && !manager->must_publish)
		settle(manager, done_ns);
}

/* Tried again each second, and told when the reason is a new one. */
static void look_failed(
	struct vtap_manager *manager, int r, const struct vtap_err *err, uint64_t now_ns)
{
	const char *why = vtap_err_text(err, r);

	if (strcmp(why, manager->look_err.text) != 0)
		vtap_log(LOG_ERR, VTAP_EVENT_TROUBLE, &(struct vtap_log_context){ .error = r },
			"look at the interfaces: %s; tried again every second", why);
	(void)vtap_err_set(&manager->look_err, r, "%s", why); /* returns it */
	timer_arm(manager->turn_timer, now_ns + VTAP_NS_PER_S);
}

static void devices_count(void *arg)
{
	vtap_kernel_count_sample(arg, vtap_clock_mono_ns());
}

/* Look, and let the interfaces take a turn. */
static int interfaces_turn(struct vtap_manager *manager, uint64_t now_ns,
	struct vtap_turn *ret_turn, struct vtap_err *err)
{
	_auto_free struct vtap_busy *busy = calloc(manager->conf->n_targets + 1, sizeof(*busy));
	struct vtap_occasion occasion = {
		.now_ns = now_ns,
		.noticed_ns = manager->noticed_ns != 0 ? manager->noticed_ns : now_ns,
		.busy = busy,
		.count = devices_count,
		.arg = manager,
		.has_left = manager->left_ns != 0 && now_ns - manager->left_ns < LEFT_NS,
	};
	int r = busy == NULL ? -ENOMEM : vtap_interfaces_look(manager->interfaces, err);

	if (r < 0)
		return r;
	occasion.n_busy = vtap_manager_busy_ports(manager, busy);
	r = vtap_offloads_turn(manager, now_ns);
	if (r < 0)
		return r;
	ports_take(manager, now_ns);
	r = vtap_interfaces_turn(manager->interfaces, &occasion, ret_turn);
	if (r == 0 && ret_turn->is_unfinished)
		vtap_kernel_count_outdate(&manager->kernel_count);
	return r;
}

static int handle_turn(sd_event_source *source, uint64_t usec, void *arg)
{
	struct vtap_manager *manager = arg;
	struct vtap_err err = VTAP_ERR_NULL;
	struct vtap_turn turn = { .retry_at_ns = UINT64_MAX };
	uint64_t now_ns = vtap_clock_mono_ns();
	int r;

	(void)source; /* the one timer */
	(void)usec;
	if (manager->is_stopping)
		return 0;
	manager->process.n_turns++;
	r = interfaces_turn(manager, now_ns, &turn, &err);
	if (r < 0) {
		look_failed(manager, r, &err, now_ns);
		return 0;
	}
	manager->look_err.text[0] = '\0';
	manager->process.n_plan_steps = turn.n_steps;
	intakes_update(manager, now_ns);
	turn_end(manager, &turn, now_ns);
	return 0;
}

static int handle_sample(sd_event_source *source, uint64_t usec, void *arg)
{
	struct vtap_manager *manager = arg;
	uint64_t now_ns = vtap_clock_mono_ns();

	(void)usec; /* the source's own time, not when it ran */
	manager->process.loop_lag_ns =
		manager->sample_due_ns != 0 ? now_ns - manager->sample_due_ns : 0;
	vtap_kernel_count_sample(manager, now_ns); /* before guards are doubted for a moment */
	vtap_steering_second(manager, now_ns);
	vtap_one_way_second(manager, now_ns);
	vtap_runs_sample(&manager->runs, now_ns);
	for (size_t i = 0; i < manager->n_intakes; i++)
		vtap_intake_report_drops(manager->intake[i], now_ns);
	vtap_judge_sample(manager, now_ns);
	vtap_log_second();
	if (manager->has_settled && !manager->is_stopping)
		status_tell(manager, "");
	/* at the same seconds as the rates of VNIs (datapath/sightings.c): they add up */
	manager->sample_due_ns = now_ns - now_ns % SAMPLE_NS + SAMPLE_NS;
	timer_arm(source, manager->sample_due_ns);
	return 0;
}

static int handle_news(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct vtap_manager *manager = arg;
	struct vtap_watch_news news = { .has_links = false };
	int r = vtap_watch_drain(manager->watch, &news);

	(void)source; /* the one watch */
	(void)fd;
	(void)events;
	if (r == VTAP_WATCH_LOST) {
		manager->process.n_news_lost++;
		vtap_log(LOG_NOTICE, VTAP_EVENT_NEWS_LOST, NULL,
			"the kernel had more news than fits; looking at every interface");
	} else if (r < 0) {
		vtap_log(LOG_ERR, VTAP_EVENT_TROUBLE, &(struct vtap_log_context){ .error = r },
			"read link news: %s; looking at every interface", vtap_errno_text(r));
	}
	if (r < 0 || vtap_steering_hear(manager, &news) || news.has_links)
		vtap_manager_trigger(manager);
	return 0;
}

/* ---- life ---- */

static int timers_init(struct vtap_manager *manager)
{
	int r = sd_event_add_time(manager->event, &manager->turn_timer, CLOCK_MONOTONIC, 0,
		TIMER_ACCURACY_US, handle_turn, manager);

	if (r >= 0)
		r = sd_event_add_time(manager->event, &manager->sample_timer, CLOCK_MONOTONIC, 0,
			TIMER_ACCURACY_US, handle_sample, manager);
	return r < 0 ? r : 0;
}

static int netlink_init(struct vtap_manager *manager, const char *runtime_dir, struct vtap_err *err)
{
	int r = vtap_nl_open(&manager->nl, err);

	if (r == 0) /* news before the first look: nothing falls between them */
		r = vtap_watch_open(&manager->watch, err);
	if (r == 0)
		r = sd_event_add_io(manager->event, NULL, vtap_watch_fd(manager->watch), EPOLLIN,
			handle_news, manager);
	if (r >= 0)
		r = vtap_interfaces_new(manager->nl, &manager->interfaces);
	if (r >= 0)
		r = vtap_steering_new(manager->nl, runtime_dir, &manager->steering);
	return r < 0 ? r : vtap_offloads_new(runtime_dir, &manager->offloads);
}

int vtap_manager_init(struct vtap_manager *manager, const char *config_path,
	const char *runtime_dir, const struct vtap_conf *conf, struct vtap_err *err)
{
	int r;

	*manager = (struct vtap_manager){
		.config_path = config_path,
		.runtime_dir = runtime_dir,
		.started_mono_ns = vtap_clock_mono_ns(),
		.configured_wall_ns = vtap_clock_wall_ns(),
	};
	r = vtap_store_new(&manager->store, err);
	if (r >= 0)
		r = sd_event_default(&manager->event);
	if (r >= 0)
		r = netlink_init(manager, runtime_dir, err);
	if (r >= 0)
		r = timers_init(manager);
	if (r >= 0)
		r = vtap_judge_init(&manager->judge, runtime_dir, err);
	if (r >= 0)
		r = vtap_manager_take(manager, conf);
	return r < 0 ? vtap_err_add(err, r, "start: %s", vtap_errno_text(r)) : 0;
}

void vtap_manager_close_intakes(struct vtap_manager *manager, bool keeps_sockets)
{
	bool is_kept = keeps_sockets && vtap_store_is_used(manager->store);

	for (size_t i = 0; i < manager->n_intakes; i++) {
		const struct vtap_table *table = vtap_intake_table(manager->intake[i]);

		vtap_intake_free(manager->intake[i], is_kept);
		vtap_table_free((struct vtap_table *)table); /* its workers are gone */
	}
	manager->n_intakes = 0;
}

void vtap_manager_done(struct vtap_manager *manager)
{
	manager->is_stopping = true;
	vtap_judge_done(&manager->judge);
	vtap_sensor_names_done(&manager->sensor_names);
	vtap_manager_close_intakes(manager, true);
	(void)vtap_publish_reap(manager); /* without workers nothing is in use */
	free(manager->retired);
	free(manager->intake);
	vtap_steering_free(manager->steering);
	vtap_interfaces_free(manager->interfaces);
	vtap_kernel_count_done(&manager->kernel_count);
	vtap_nics_done(&manager->nics);
	vtap_host_count_done(&manager->host_count);
	free(manager->sources);
	vtap_offloads_free(manager->offloads);
	vtap_one_way_done(&manager->one_way);
	vtap_runs_done(&manager->runs);
	vtap_conf_unref(manager->table_conf);
	vtap_conf_unref(manager->conf);
	(void)sd_event_source_unref(manager->turn_timer);   /* always NULL */
	(void)sd_event_source_unref(manager->sample_timer); /* always NULL */
	(void)sd_event_unref(manager->event);               /* always NULL */
	vtap_store_free(manager->store);
	vtap_watch_close(manager->watch);
	vtap_nl_close(manager->nl);
	*manager = (struct vtap_manager){ 0 };
}
