/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the whole host counted, whoever sent it to whatever port: all that shows of packets that the
 * kernel drops before a socket or vxlan device of ours.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "daemon/trends.h"
#include "report/snapshot.h"

/** struct vtap_host_files - texts of /proc/net; NULL: there is no such file, or it cannot be read
 */
struct vtap_host_files {
	const char *snmp;    /* lines of names, each with its numbers on the next line */
	const char *snmp6;   /* "Udp6InDatagrams  12" on a line; none on a host without IPv6 */
	const char *netstat; /* as snmp */
	const char *softnet; /* softnet_stat: a line of hexadecimal numbers for each CPU online */
};

/**
 * struct vtap_softnet - what all CPUs dropped, those that are offline by now included: their lines
 * are gone from the file then. All zero at first.
 */
struct vtap_softnet {
	struct vtap_softnet_cpu {
		bool is_known;
		uint32_t n_dropped; /* as it told last; wraps */
	} * told;                   /* by the CPU's number */
	size_t n;
	uint64_t sum; /* since the host started, as far as the first look knew */
	bool is_begun;
};

/** vtap_softnet_done() - may run twice */
void vtap_softnet_done(struct vtap_softnet *softnet);

/** struct vtap_host_values - what they say; both families together */
struct vtap_host_values {
	bool is_known[VTAP_HOST_COUNT];
	uint64_t value[VTAP_HOST_COUNT]; /* 0 for what is not known */
};

/**
 * vtap_host_count_parse() - each counter by itself: one that is missing makes no other one unknown
 * @softnet: goes on from what it was told before
 *
 * Source: kernel net/ipv4/proc.c snmp_seq_show(), netstat_seq_show(), net/ipv6/proc.c,
 * net/core/net-procfs.c softnet_seq_show().
 */
void vtap_host_count_parse(const struct vtap_host_files *files, struct vtap_softnet *softnet,
	struct vtap_host_values *ret_values);

/** vtap_host_count_read() - of our network namespace; softnet_stat is that of all of them */
void vtap_host_count_read(struct vtap_softnet *softnet, struct vtap_host_values *ret_values);

/** struct vtap_host_count - the counters over time; all zero at first */
struct vtap_host_count {
	uint64_t sampled_ns; /* 0: never */
	struct vtap_softnet softnet;
	struct vtap_trend trend[VTAP_HOST_COUNT];
};

/** vtap_host_count_look() - read them, if the last sample is not quite fresh: those who ask may ask
 * without a pause. Context: main thread, at least once a second. */
void vtap_host_count_look(struct vtap_host_count *count, uint64_t now_ns);

/** vtap_host_count_fill() - as of the last sample, for a snapshot */
void vtap_host_count_fill(const struct vtap_host_count *count, uint64_t now_ns,
	struct vtap_report_trend ret_counters[VTAP_HOST_COUNT]);

/** vtap_host_count_done() - may run twice */
void vtap_host_count_done(struct vtap_host_count *count);
