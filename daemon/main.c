// SPDX-License-Identifier: Apache-2.0
/* vtapd: start, run, reload, stop. */
#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "daemon/control.h"
#include "daemon/inspect.h"
#include "daemon/lock.h"
#include "daemon/log.h"
#include "daemon/manager.h"
#include "daemon/observe.h"
#include "daemon/options.h"
#include "daemon/removal.h"
#include "daemon/teardown.h"
#include "datapath/rights.h"

/* ---- reload ---- */

static int handle_reload(sd_event_source *source, const struct signalfd_siginfo *info, void *arg)
{
	struct vtap_manager *manager = arg;
	struct vtap_changes changes = { 0 };
	struct vtap_diags diags = { 0 };

	(void)source; /* SIGHUP, from whom does not matter */
	(void)info;
	(void)vtap_manager_reload(manager, &changes, &diags); /* it has logged what came of it */
	vtap_changes_done(&changes);
	vtap_diags_done(&diags);
	return 0;
}

/* ---- stop ---- */

static int handle_stop(sd_event_source *source, const struct signalfd_siginfo *info, void *arg)
{
	(void)info; /* from whom does not matter */
	(void)arg;
	return sd_event_exit(sd_event_source_get_event(source), 0);
}

static int remove_all(struct vtap_manager *manager, struct vtap_err *err)
{
	struct vtap_report_removed removed = { 0 };
	int r = vtap_removal_run(manager->nl, manager->runtime_dir, &removed, err);

	vtap_removal_log(&removed);
	vtap_report_removed_done(&removed);
	return r;
}

/** struct ports - "4789 and 4790", and how many these are */
struct ports {
	char text[64];
	unsigned n;
};

/* What has become of ports and interfaces. */
struct stopping {
	struct ports all;  /* of sockets and of vxlan devices */
	struct ports held; /* of sockets, by programs of the fast path */
	struct ports bare; /* of all other sockets */
	bool is_torn_down;
	bool are_kept; /* the sockets, for a restart */
};

static struct ports ports_of(const struct vtap_manager *manager, enum vtap_ports which)
{
	struct ports ports;

	ports.n = vtap_manager_ports(manager, which, ports.text, sizeof(ports.text));
	return ports;
}

/* "Nobody listens on UDP 4790 now: …", behind what @before says of the others */
static void log_answering(
	const struct stopping *stopping, const struct ports *ports, const char *before)
{
	const char *whose = stopping->held.n == 0 || stopping->is_torn_down ? ""
			    : ports->n == 1                                 ? " to it"
									    : " to them";

	vtap_log(LOG_INFO, VTAP_EVENT_STOPPED, NULL,
		"stopped, %s. Nobody listens on UDP %s now: this host answers mirrored packets%s "
		"with ICMP port unreachable%s",
		before, ports->text, whose,
		stopping->are_kept
			? "; only for a restart systemd keeps the sockets, and packets wait in them"
			: "");
}

/* Some targets have the fast path, others have not: by port, since the two differ in what may be
 * done next. */
static void log_partly_held(const struct stopping *stopping)
{
	char before[192];

	(void)snprintf(before, sizeof(before), /* fits */
		"interfaces and fast path stay: known sessions of UDP %s go on, %s other packets "
		"are dropped, not answered",
		stopping->held.text, stopping->held.n == 1 ? "its" : "their");
	log_answering(stopping, &stopping->bare, before);
}

static void log_stopped(const struct stopping *stopping)
{
	if (stopping->is_torn_down && stopping->all.n > 0)
		log_answering(stopping, &stopping->all, "interfaces removed");
	else if (stopping->is_torn_down || stopping->all.n == 0)
		vtap_log(LOG_INFO, VTAP_EVENT_STOPPED, NULL, "stopped, interfaces %s",
			stopping->is_torn_down ? "removed" : "stay");
	else if (stopping->held.n > 0 && stopping->bare.n > 0)
		log_partly_held(stopping);
	else if (stopping->bare.n > 0)
		log_answering(stopping, &stopping->bare, "interfaces stay");
	else if (stopping->held.n > 0)
		vtap_log(LOG_INFO, VTAP_EVENT_STOPPED, NULL,
			"stopped, interfaces and fast path stay: known sessions go on. Other "
			"packets to UDP %s are dropped, not answered",
			stopping->held.text);
	else
		vtap_log(LOG_INFO, VTAP_EVENT_STOPPED, NULL,
			"stopped, interfaces stay: the kernel goes on showing frames on them");
}

/* What workers counted so far goes on with the next process (daemon/steering_kept.c). */
static void counts_keep(struct vtap_manager *manager)
{
	struct vtap_snapshot snapshot = { 0 };

	if (manager->n_intakes > 0 && vtap_observe(manager, &snapshot) == 0)
		vtap_snapshot_done(&snapshot); /* it need not be told */
}

static void stop(struct vtap_manager *manager, enum vtap_on_stop on_stop)
{
	struct stopping stopping = {
		.is_torn_down = manager->is_torn_down,
		.all = ports_of(manager, VTAP_PORTS_ALL),
		.held = ports_of(manager, VTAP_PORTS_HELD),
		.bare = ports_of(manager, VTAP_PORTS_BARE),
	};
	bool is_removing = on_stop == VTAP_ON_STOP_REMOVE && !stopping.is_torn_down;
	struct vtap_err err = VTAP_ERR_NULL;
	int n = 0;

	(void)sd_notify(0, "STOPPING=1"); /* without a manager nobody waits */
	manager->is_stopping = true;
	stopping.are_kept =
		stopping.held.n + stopping.bare.n > 0 && vtap_store_is_used(manager->store);
	counts_keep(manager);
	vtap_manager_close_intakes(manager, true); /* each reads its socket empty */
	if (is_removing)
		n = remove_all(manager, &err);
	if (n < 0)
		vtap_log(LOG_ERR, VTAP_EVENT_TROUBLE, &(struct vtap_log_context){ .error = n },
			"remove what is ours: %s; what is left of it stays: vtapd --teardown",
			vtap_err_text(&err, n));
	stopping.is_torn_down = stopping.is_torn_down || (is_removing && n >= 0);
	vtap_log_done(); /* the last line says how it stopped */
	log_stopped(&stopping);
}

/* ---- start and run ---- */

static int signals_block(void)
{
	sigset_t set;

	(void)sigemptyset(&set); /* these four cannot fail */
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	(void)signal(SIGPIPE, SIG_IGN); /* a client that left is an error of its connection only */
	return sigprocmask(SIG_BLOCK, &set, NULL) < 0 ? -errno : 0;
}

static int signals_watch(struct vtap_manager *manager)
{
	int r = sd_event_add_signal(manager->event, NULL, SIGTERM, handle_stop, manager);

	if (r >= 0)
		r = sd_event_add_signal(manager->event, NULL, SIGINT, handle_stop, manager);
	if (r >= 0)
		r = sd_event_add_signal(manager->event, NULL, SIGHUP, handle_reload, manager);
	return r < 0 ? r : 0;
}

static int complain(int r, const struct vtap_err *err)
{
	vtap_log(LOG_ERR, VTAP_EVENT_TROUBLE, &(struct vtap_log_context){ .error = r }, "vtapd: %s",
		vtap_err_text(err, r));
	return r == -EPERM || r == -EACCES ? VTAP_EXIT_NOPERM : VTAP_EXIT_TROUBLE;
}

/* A descriptor for each tap interface: the soft limit of 1024 is meant for programs that use
 * select(). */
static void descriptors_allow(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit); /* up to the hard limit it is always granted */
}

static int handle_lock(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	(void)source; /* the one lock */
	(void)events;
	(void)arg;
	vtap_lock_answer(fd);
	return 0;
}

static int run(const struct vtap_options *options, const struct vtap_conf *conf, int lock_fd)
{
	struct vtap_manager manager = { 0 };
	struct vtap_err err = VTAP_ERR_NULL;
	int r = signals_block();

	descriptors_allow();
	if (r == 0)
		r = vtap_manager_init(
			&manager, options->config_path, options->runtime_dir, conf, &err);
	if (r == 0)
		r = signals_watch(&manager);
	if (r == 0)
		r = sd_event_add_io(manager.event, NULL, lock_fd, EPOLLIN, handle_lock, NULL);
	if (r >= 0)
		r = vtap_control_new(&manager, options->runtime_dir, &manager.control, &err);
	if (r < 0) {
		vtap_manager_done(&manager);
		return complain(r, &err);
	}
	r = sd_event_loop(manager.event);
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): init has taken a configuration */
	stop(&manager, manager.conf->on_stop);
	vtap_control_free(vtap_steal(&manager.control));
	vtap_manager_done(&manager);
	vtap_log_done(); /* what was held back since */
	return r < 0 ? complain(r, &err) : VTAP_EXIT_OK;
}

/* Who has the lock: another vtapd, or somebody who only took its name. */
static int complain_locked(void)
{
	struct vtap_err err = VTAP_ERR_NULL;
	pid_t owner = 0;
	int r = vtap_lock_owner(&owner, &err);

	if (r == 0)
		vtap_log(LOG_ERR, VTAP_EVENT_TROUBLE, NULL,
			"vtapd: another vtapd (pid %d) manages this network namespace; this one "
			"ends",
			(int)owner);
	else
		vtap_log(LOG_ERR, VTAP_EVENT_TROUBLE, &(struct vtap_log_context){ .error = r },
			"vtapd: the lock of this network namespace is taken: %s; this one ends",
			vtap_err_text(&err, r));
	return VTAP_EXIT_LOCKED;
}

static int start(const struct vtap_options *options)
{
	_auto(conf) const struct vtap_conf *conf = NULL;
	struct vtap_err err = VTAP_ERR_NULL;
	_auto_fd int lock_fd = -1;
	int r = vtap_inspect_load(options, &conf);

	if (r != 0)
		return r;
	/* better said once at the start than for each session */
	if (!vtap_rights_have(CAP_NET_ADMIN)) {
		vtap_log(LOG_ERR, VTAP_EVENT_TROUBLE, NULL,
			"vtapd: not permitted to make interfaces: it needs CAP_NET_ADMIN, as root "
			"or the service has");
		return VTAP_EXIT_NOPERM;
	}
	r = vtap_lock_take(&lock_fd, &err);
	if (r == VTAP_LOCK_HELD)
		return complain_locked();
	return r < 0 ? complain(r, &err) : run(options, conf, lock_fd);
}

int main(int argc, char **argv)
{
	struct vtap_options options;
	int r = vtap_options_parse(argc, argv, &options);

	if (r != 0 || options.is_done)
		return r;
	vtap_log_init();
	(void)umask(0022); /* the former mask is the shell's */
	if (options.is_check)
		return vtap_inspect_check(&options);
	if (options.is_dump)
		return vtap_inspect_dump(&options);
	if (options.is_teardown)
		return vtap_teardown(options.runtime_dir, options.is_json);
	return start(&options);
}
