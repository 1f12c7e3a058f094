/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything observable, at one moment, as plain data. The daemon fills it; json.c and prometheus.c
 * write it. Strings and configuration objects are borrowed: a snapshot lives within one turn of the
 * main loop, or, with strings of its own, for as long as the configuration.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/prefix.h"
#include "model/conf.h"
#include "model/device.h"
#include "wire/verdict.h"

/** VTAP_REPORT_NEVER - a duration or point in time that is not there */
#define VTAP_REPORT_NEVER UINT64_MAX

/** VTAP_REPORT_RECENT_NS - what a counter rose by within this time is told as going on */
#define VTAP_REPORT_RECENT_NS (60 * VTAP_NS_PER_S)

/** struct vtap_report_trend - a counter that only ever rises, and how it rose of late */
struct vtap_report_trend {
	bool is_known; /* else the rest is 0 */
	uint64_t total;
	uint64_t recent;        /* of it within VTAP_REPORT_RECENT_NS */
	uint64_t since_mono_ns; /* when it began to rise; 0: not within VTAP_REPORT_RECENT_NS */
	uint64_t last_mono_ns;  /* when it was last seen to rise; likewise */
	uint64_t risen;         /* of it since then */
};

/** struct vtap_report_state - how a target or session is */
struct vtap_report_state {
	const char *state;    /* absent, creating, ready, waiting */
	const char *reason;   /* id, or NULL when ready */
	const char *message;  /* sentence, or NULL */
	uint64_t retry_in_ns; /* or VTAP_REPORT_NEVER */
};

/** VTAP_REPORT_VNIS_NAMED - unknown VNIs that a report of a target names */
#define VTAP_REPORT_VNIS_NAMED 3

/** struct vtap_report_kept_out - the last packet of a configured VNI from a source of nobody */
struct vtap_report_kept_out {
	bool is_known; /* else the rest is 0 */
	uint32_t vni;
	struct vtap_addr source; /* one of those that sent that VNI */
	uint64_t last_mono_ns;
};

/** VTAP_REPORT_REFUSED_NAMED - sources that a report of a target names */
#define VTAP_REPORT_REFUSED_NAMED 3

/** struct vtap_report_refused - who is outside `allow`, and has sent of late */
struct vtap_report_refused {
	struct vtap_addr source[VTAP_REPORT_REFUSED_NAMED]; /* who sent most */
	size_t n;      /* all of them, as far as they are remembered */
	bool has_more; /* than can be */
};

/** struct vtap_report_paths - frames delivered of late, by the path that they took */
struct vtap_report_paths {
	struct vtap_report_trend fast;
	struct vtap_report_trend worker;
};

struct vtap_report_target {
	const struct vtap_target *target;
	struct vtap_report_state state;
	const char **bound; /* interfaces that sockets are bound to; one for `auto` */
	size_t n_bound;
	const char **missing; /* underlays that are named and not there */
	size_t n_missing;
	bool is_fast;         /* the program sees packets on at least one underlay */
	const char **fast_on; /* interfaces that it is attached to; heap */
	size_t n_fast_on;
	const char *fast_off_why;  /* sentence; NULL: attached, or off by choice */
	const char *fast_idle_why; /* sentence: not attached yet, which is no fault; or NULL */
	const char *bypassed_by; /* "filter pref 10 on eth0": ends the chain before ours; or NULL */
	unsigned n_workers;
	unsigned n_stalled; /* workers that have not moved for more than 5 s */
	uint64_t received;
	uint64_t verdicts[VTAP_VERDICT_COUNT];
	uint64_t delivered_fast; /* of the delivered: by the fast path, or the kernel's devices */
	struct vtap_report_paths paths; /* known while is_fast, and since then */
	struct vtap_report_trend trends[VTAP_VERDICT_COUNT]; /* the same, and of late */
	struct vtap_prefix *seen; /* heap: few prefixes that cover every outer source seen so far */
	size_t n_seen;
	bool seen_is_cut;      /* there were sources that lie too far apart for few prefixes */
	size_t n_unknown_vnis; /* that came since the trend of VTAP_VERDICT_UNKNOWN_VNI rises */
	bool has_more_unknown_vnis;                    /* than can be remembered */
	uint32_t unknown_vnis[VTAP_REPORT_VNIS_NAMED]; /* the smallest of them */
	struct vtap_report_kept_out kept_out;
	struct vtap_report_refused refused;
	enum vtap_known
		port_tracked; /* do the host's connection tables hold packets to the port? */
	uint64_t reserved_bits;
	uint64_t unknown_bytes; /* of inner frames that no session took */
	const char **merging; /* heap: underlays of a vxlan-mode target on which frames are merged;
				 NULL: not known */
	size_t n_merging;
	const char **switched_off; /* heap: those on which it is vtapd who keeps frames apart */
	size_t n_switched_off;
	const char *merging_why; /* sentence: who insists, or what was refused; NULL: nothing */
};

/** struct vtap_report_kernel - what the kernel says of a vxlan device */
struct vtap_report_kernel {
	bool is_known;   /* there is a device, and it was asked */
	bool is_guarded; /* else rx_dropped also rises for frames that sensors did get */
	uint64_t rx_packets;
	uint64_t rx_bytes;
	uint64_t rx_errors;
	uint64_t rx_dropped;
	enum vtap_known reserved_bits; /* ON: packets that have them are dropped; OFF: ignored;
					  unknown: dropped by a kernel that cannot do otherwise */
	unsigned merging;              /* bits of enum vtap_merging that are on */
};

/** struct vtap_report_one_way - whether flows show both directions, by the last sample */
struct vtap_report_one_way {
	bool is_sampled;    /* else nothing is known, and the rest is 0 */
	unsigned n_flows;   /* TCP flows of the sample that can be judged */
	unsigned n_one_way; /* of them: with frames of one direction only */
	bool is_one_way;    /* most of them, and often enough to be believed */
	uint64_t sampled_mono_ns;
};

/** enum vtap_awaited - behind what frames are awaited */
enum vtap_awaited {
	VTAP_AWAITED_START, /* of the daemon */
	VTAP_AWAITED_DRAIN,
	VTAP_AWAITED_WAIT, /* it was not ready */
	VTAP_AWAITED_COUNT,
};

struct vtap_report_session {
	const struct vtap_session *session;
	const struct vtap_target *target;
	struct vtap_report_state state;
	int interface_index; /* 0: none */
	uint64_t verdicts[VTAP_VERDICT_COUNT];
	uint64_t delivered_fast; /* of the delivered: by the fast path, or the kernel's devices */
	uint64_t bytes;
	uint64_t truncated; /* of the delivered: inner IP length beyond the frame */
	struct vtap_report_trend truncated_trend;
	struct vtap_report_trend
		decap_trend; /* of VTAP_VERDICT_DECAP_ERROR; VTAP_MODE_VXLAN only */
	struct vtap_report_trend delivered_trend;
	double frames_per_second;
	double bits_per_second;
	uint64_t last_mono_ns;    /* 0: never */
	uint64_t awaited_mono_ns; /* since when frames are to come: it is ready, and nobody drains;
				     0: they are not */
	enum vtap_awaited awaited_after;
	unsigned n_sensors;
	char *sensors; /* heap: "suricata", "suricata, zeek": those whose names are known; or NULL
			*/
	struct vtap_report_one_way one_way;
	uint64_t n_repairs;
	struct vtap_report_kernel kernel; /* VTAP_MODE_VXLAN only */
};

/** enum vtap_host_counter - what the whole host counted, whoever sent it to whatever port; IPv4 and
 * IPv6 together */
enum vtap_host_counter {
	VTAP_HOST_UDP_IN_DATAGRAMS,
	VTAP_HOST_UDP_NO_PORTS,
	VTAP_HOST_UDP_IN_ERRORS,
	VTAP_HOST_UDP_RCVBUF_ERRORS,
	VTAP_HOST_UDP_IN_CSUM_ERRORS,
	VTAP_HOST_IP_REVERSE_PATH_FILTER, /* IPv4 only, as IPv6 has none */
	VTAP_HOST_IP_REASM_FAILS,
	VTAP_HOST_ICMP_OUT_UNREACHABLE, /* "destination unreachable" that this host has sent */
	VTAP_HOST_SOFTNET_DROPPED,      /* per-CPU backlog full; all network namespaces together */
	VTAP_HOST_COUNT
};

/** vtap_host_counter_name() - "udp_in_datagrams": the same word in JSON and metrics */
const char *vtap_host_counter_name(enum vtap_host_counter counter);

/** enum vtap_allowance - what an ENA interface drops when the instance has used up what it is
 * allowed; kernel drivers/net/ethernet/amazon/ena/ena_ethtool.c ena_stats_eni_strings */
enum vtap_allowance {
	VTAP_ALLOWANCE_BW_IN,
	VTAP_ALLOWANCE_BW_OUT,
	VTAP_ALLOWANCE_PPS,
	VTAP_ALLOWANCE_CONNTRACK,
	VTAP_ALLOWANCE_LINKLOCAL,
	VTAP_ALLOWANCE_COUNT
};

/** vtap_allowance_name() - "bw_in_allowance_exceeded", as the driver names it */
const char *vtap_allowance_name(enum vtap_allowance allowance);

/** struct vtap_report_underlay - an interface that packets of a target come in on */
struct vtap_report_underlay {
	char name[VTAP_IFNAME_MAX];
	bool is_up;
	bool is_used;               /* named as it is, or packets came in on it: it should be up */
	bool drops_by_reverse_path; /* strict rp_filter, its own or that of `all` */
	struct vtap_report_trend allowance[VTAP_ALLOWANCE_COUNT]; /* known on ENA interfaces */
};

/** struct vtap_report_process - the daemon itself, since it started */
struct vtap_report_process {
	uint64_t n_reloads; /* in effect, those without a change included */
	uint64_t n_reloads_refused;
	uint64_t n_turns;      /* of the reconciler */
	uint64_t n_plan_steps; /* of the last plan; 0: all is as configured */
	uint64_t n_news_lost;  /* times that the kernel's news overran */
	uint64_t loop_lag_ns;  /* by how much the last once-a-second timer was late */
	uint64_t cpu_ns;       /* this and the next two: filled for metrics only; 0: not known */
	uint64_t resident_bytes;
	uint64_t n_fds;
};

/** struct vtap_report_drain - a drain, or none */
struct vtap_report_drain {
	bool is_draining;
	uint64_t since_wall_ns;
	const char *reason;              /* or NULL */
	double frames_per_second;        /* received now, all targets */
	double frames_per_second_before; /* when the drain began */
	uint64_t elapsed_ns;
	uint64_t quiet_ns;  /* for how long it has been below the mark */
	bool is_quiet;      /* long enough: the target may be worked on */
	bool is_overdue;    /* drain-time is over */
	uint64_t delivered; /* since the drain began, or since the daemon started if that was later
			     */
	uint64_t lost;      /* likewise */
};

/** enum vtap_checks - what the load balancer gets to see */
enum vtap_checks {
	VTAP_CHECKS_OFF,      /* `listen = off` */
	VTAP_CHECKS_ANSWERED, /* the listener accepts */
	VTAP_CHECKS_REFUSED,  /* it does not listen: unhealthy, draining, or starting */
	VTAP_CHECKS_COUNT
};

struct vtap_snapshot {
	const char *version;
	int pid;
	const char *config_path; /* absolute */
	const struct vtap_conf *conf;
	bool is_healthy; /* as judged now, drain or not; `checks` follow when it has lasted `settle`
			  */
	enum vtap_checks checks;
	uint64_t checks_follow_in_ns; /* until they do, if it lasts; VTAP_REPORT_NEVER: they agree,
					 or do not follow (off, draining) */
	struct vtap_report_drain drain;
	uint64_t loop_stall_ns; /* the main loop once did not move this long, within the last
				   minute; 0: no */
	const char
		*health_refused; /* a sentence: why the health listener could not listen; or NULL */
	const char *metrics_refused; /* likewise */
	uint64_t now_mono_ns;
	uint64_t now_wall_ns;
	uint64_t started_mono_ns;
	uint64_t configured_wall_ns;
	uint64_t refused_wall_ns; /* 0: the files were accepted */
	size_t n_refused_mistakes;
	uint64_t n_repairs;
	size_t n_tap_interfaces;
	size_t n_guarded;            /* of them: the host's own stack can get no frame from it */
	const char *guard_off_why;   /* sentence; NULL: every tap interface has its guard */
	const char *one_way_off_why; /* sentence; NULL: nothing keeps us from sampling flows */
	struct vtap_report_trend host_counters[VTAP_HOST_COUNT];
	struct vtap_report_underlay *underlays; /* of all targets, each once, by name; heap */
	size_t n_underlays;
	struct vtap_report_process process;
	uint64_t counting_since_wall_ns; /* of the oldest counter; 0: since the daemon started;
					    VTAP_REPORT_NEVER: since a vxlan device was made,
					    which nobody knows */
	struct vtap_report_target *targets;
	size_t n_targets;
	struct vtap_report_session *sessions;
	size_t n_sessions;
	char *strings; /* heap: those that are its own, one behind the other; NULL: all are borrowed
			*/
};

/**
 * vtap_snapshot_own() - have strings of its own, so that nothing but the configuration is borrowed
 *
 * Then it may outlive the turn of the main loop, and another thread may have it.
 * Return: 0; -ENOMEM, and it is as it was.
 */
int vtap_snapshot_own(struct vtap_snapshot *snapshot);

/**
 * vtap_snapshot_hides_losses() - does nobody tell what was lost behind devices of this target?
 *
 * So it is in vxlan mode where one has no guard.
 */
bool vtap_snapshot_hides_losses(
	const struct vtap_snapshot *snapshot, const struct vtap_target *target);

/** vtap_snapshot_tells() - is a packet of this target that has this fate counted? */
bool vtap_snapshot_tells(const struct vtap_snapshot *snapshot, const struct vtap_target *target,
	enum vtap_verdict verdict);

/** vtap_snapshot_done() - frees the arrays; may run twice */
void vtap_snapshot_done(struct vtap_snapshot *snapshot);

/** VTAP_REPORT_SOURCES_MAX - sources listed for a VNI, gathered over workers */
#define VTAP_REPORT_SOURCES_MAX 64

/** struct vtap_report_vni - a VNI that was seen: one that nobody took, or one that a session
 * carries */
struct vtap_report_vni {
	uint32_t vni;
	enum vtap_verdict verdict; /* VTAP_VERDICT_DELIVERED for a carried one */
	const char *target;
	uint64_t frames;
	uint64_t bytes;
	double frames_per_second;
	struct vtap_addr *sources; /* heap */
	size_t n_sources;
	bool has_more_sources;
	uint64_t first_mono_ns;
	uint64_t last_mono_ns;
	char *why;            /* heap, or NULL */
	const char *taken_by; /* the session that takes it by now from all that were seen, or NULL
			       */
	bool is_kept_out;     /* those that nobody takes are outside `allow` of the target */
};

struct vtap_report_vnis {
	struct vtap_report_vni *row;
	size_t n;
	uint64_t forgotten_frames;
};

/** vtap_report_vnis_done() - frees all; may run twice */
void vtap_report_vnis_done(struct vtap_report_vnis *vnis);

/** struct vtap_report_match - who gets a VNI from a source, at one target */
struct vtap_report_match {
	const struct vtap_target *target;
	enum vtap_verdict verdict;
	bool is_uncounted;               /* refused by the kernel: there is no verdict */
	const char *session;             /* or NULL */
	const char *interface;           /* or NULL */
	const char *level;               /* or NULL */
	char prefix[VTAP_ADDR_TEXT_MAX]; /* "" for none */
	char from[VTAP_ADDR_TEXT_MAX];   /* the class of sources, "" where one was asked for */
	const char *state;               /* of the session, or NULL */
	char *trouble;                   /* heap: what becomes of it while that waits, or NULL */
	char *explain[4];                /* heap sentences, NULL for none; first what becomes of it
					  * where it is uncounted */
};

/** struct vtap_report_change - a row of the plan */
struct vtap_report_change {
	char sign;
	const char *name;
	const char *what;
	char *why; /* heap */
};

struct vtap_report_plan {
	struct vtap_report_change *row;
	size_t n;
	size_t n_files_changed;
	uint64_t since_wall_ns;
	size_t n_added, n_changed, n_replaced, n_removed, n_untouched;
	size_t n_will_wait; /* of those added or replaced: somebody else's interface has the name,
			       or the VNI */
	size_t n_sensors_disturbed;
	char **pending; /* what the reconciler still wants to do; heap sentences */
	size_t n_pending;
};

/** struct vtap_report_reload - what a reload did */
struct vtap_report_reload {
	bool is_changed;
	uint64_t elapsed_ns;
	size_t n_added, n_changed, n_replaced, n_removed, n_untouched;
	size_t n_sessions, n_ready;
	const char **waiting;     /* names */
	const char **waiting_why; /* sentences in the same order, "" for none */
	size_t n_waiting;
	uint64_t configured_wall_ns;
};

/** struct vtap_report_restored - an underlay that merges frames again, or would */
struct vtap_report_restored {
	char interface[VTAP_IFNAME_MAX];
	unsigned merging; /* bits of enum vtap_merging that were switched on, or were to be */
};

/** struct vtap_report_removed - what a teardown removed, and put back */
struct vtap_report_removed {
	size_t n_interfaces;
	size_t n_guards;  /* of those interfaces */
	char **fast_path; /* heap, names of underlays */
	size_t n_fast_paths;
	char ports[64]; /* "4789 and 6081": UDP ports that vxlan interfaces had; cut if too many */
	struct vtap_report_restored *restored; /* heap */
	size_t n_restored;
	struct vtap_report_restored *missed; /* heap; not found under any name */
	size_t n_missed;
};

/** vtap_report_removed_done() - frees all; may run twice */
void vtap_report_removed_done(struct vtap_report_removed *removed);

/** struct vtap_report_refusal - why a configuration was refused */
struct vtap_report_refusal {
	const char **line; /* as --check prints them */
	size_t n;
	size_t n_files;
	uint64_t configured_wall_ns; /* of the one that stays in effect */
};
