/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The manager: holds the configuration in effect and everything that runs because of it, and brings
 * both together whenever one of them changes. Every trigger (reload, link news, a timer) only asks
 * for a turn; turns repeat until nothing is left to do, and then the manager has settled.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "config/change.h"
#include "config/diag.h"
#include "daemon/host_count.h"
#include "daemon/intake.h"
#include "daemon/interfaces.h"
#include "daemon/judge.h"
#include "daemon/kernel_count.h"
#include "daemon/nics.h"
#include "daemon/offloads.h"
#include "daemon/one_way.h"
#include "daemon/runs.h"
#include "daemon/sensor_names.h"
#include "daemon/sources.h"
#include "daemon/steering.h"
#include "daemon/store.h"
#include "daemon/tracking.h"
#include "model/conf.h"
#include "netlink/watch.h"

/** struct vtap_retired - something that a worker may still use: a table, or a descriptor of a TAP
 */
struct vtap_retired {
	const struct vtap_table *table; /* NULL: it is the descriptor */
	int fd;
};

struct vtap_control;

struct vtap_manager {
	sd_event *event;
	const char *config_path;            /* borrowed from the options */
	const char *runtime_dir;            /* likewise */
	const struct vtap_conf *conf;       /* what is wanted */
	const struct vtap_conf *table_conf; /* what the published tables were made of: their
					       i_session counts in it; NULL at first */
	struct vtap_nl *nl;
	struct vtap_watch *watch;
	struct vtap_interfaces *interfaces;
	struct vtap_intake **intake; /* those of the configuration first, by its targets; then those
					on their way out */
	size_t n_intakes;
	struct vtap_runs runs;
	struct vtap_kernel_count kernel_count;
	struct vtap_host_count host_count;
	struct vtap_nics nics;
	struct vtap_tracking tracking;
	struct vtap_sources *sources; /* by the targets of `conf`; NULL: without memory */
	struct vtap_steering *steering;
	struct vtap_offloads *offloads;
	struct vtap_one_way one_way;
	struct vtap_control *control; /* or NULL */
	struct vtap_store *store;     /* what outlives this process */
	struct vtap_judge judge;
	struct vtap_sensor_names sensor_names;
	struct vtap_retired *retired; /* oldest first */
	size_t n_retired;
	sd_event_source *turn_timer;
	sd_event_source *sample_timer;

	bool must_publish;     /* the configuration changed since the last table */
	bool has_settled;      /* once, since the start */
	bool is_reloading;     /* systemd waits for READY=1 */
	bool is_stopping;      /* no more turns */
	bool is_torn_down;     /* everything of ours was removed */
	uint64_t noticed_ns;   /* the oldest trigger that has not settled; 0: none */
	uint64_t last_turn_ns; /* how long the last turn took */
	uint64_t turned_ns;    /* when it ended */
	uint64_t left_ns;      /* when sockets of ours were closed last; 0: never */
	uint64_t started_mono_ns;
	uint64_t wall_offset_ns; /* from the monotonic clock to wall time, for reports */
	uint64_t configured_wall_ns;
	uint64_t refused_wall_ns; /* 0: the files were accepted */
	size_t n_refused_mistakes;
	uint64_t remove_at_ns;    /* removals were refused: not before */
	struct vtap_err look_err; /* why the last look at the interfaces failed; "" if it did not */
	struct vtap_err publish_err;        /* likewise, of the last table */
	struct vtap_err remove_err;         /* likewise, of the last removal */
	struct vtap_report_process process; /* what it did since it started */
	uint64_t sample_due_ns;             /* when the once-a-second look was to come */
	char status[256];                   /* the last STATUS= that systemd was told */
};

/**
 * vtap_manager_init() - everything but the first turn
 * @runtime_dir: must be there; state that outlives the process is kept in it
 * @conf:        a reference is taken
 * Return: 0 or negative errno.
 */
int vtap_manager_init(struct vtap_manager *manager, const char *config_path,
	const char *runtime_dir, const struct vtap_conf *conf, struct vtap_err *err);

/** vtap_manager_done() - stop workers, close, free; interfaces stay. May run on a half-built one,
 * and twice. */
void vtap_manager_done(struct vtap_manager *manager);

/** vtap_manager_trigger() - something may have changed: take a turn soon */
void vtap_manager_trigger(struct vtap_manager *manager);

/** enum vtap_ports - whose ports */
enum vtap_ports {
	VTAP_PORTS_ALL,  /* sockets, and vxlan devices, which close with their devices and not with
			    us */
	VTAP_PORTS_HELD, /* sockets behind programs that let nothing be answered without them */
	VTAP_PORTS_BARE, /* all other sockets */
};

/**
 * vtap_manager_ports() - "4789 and 6081": ports that somebody of ours has open, "" for none
 * Return: how many there are; @ret_text may be cut.
 */
unsigned vtap_manager_ports(
	const struct vtap_manager *manager, enum vtap_ports which, char *ret_text, size_t size);

/**
 * vtap_manager_close_intakes() - stop every worker and close every socket
 * @keeps_sockets: where a service manager has them too, they stay with it
 */
void vtap_manager_close_intakes(struct vtap_manager *manager, bool keeps_sockets);

enum {
	VTAP_RELOAD_NO_CHANGE = 1, /* the files say what is in effect */
	VTAP_RELOAD_REFUSED = 2,   /* the diagnostics say why; nothing was changed */
};

/**
 * vtap_manager_reload() - read the files; if they are good they are what is wanted from now on
 * @ret_changes: what differs; the caller frees it. Also with VTAP_RELOAD_NO_CHANGE.
 * @ret_diags:   with VTAP_RELOAD_REFUSED; the caller frees them in any case
 * Return: 0, in effect once the manager has settled; the outcomes above; -ENOMEM.
 */
int vtap_manager_reload(struct vtap_manager *manager, struct vtap_changes *ret_changes,
	struct vtap_diags *ret_diags);

/** struct vtap_standing - how a session is, its interface and its target taken together */
struct vtap_standing {
	enum vtap_state state;
	const char *reason;   /* id, or NULL */
	const char *message;  /* or NULL; borrowed */
	uint64_t retry_at_ns; /* UINT64_MAX: none */
};

/** vtap_manager_standing() - of session @i_session */
struct vtap_standing vtap_manager_standing(const struct vtap_manager *manager, size_t i_session);

/** vtap_manager_n_ready() - sessions that are ready */
size_t vtap_manager_n_ready(const struct vtap_manager *manager);
