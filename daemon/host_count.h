/* SPDX-License-Identifier: Apache-2.0 */
/* What the whole host counted of UDP, whoever sent it to whatever port: all that shows of packets
 * that the kernel drops before a vxlan device. */
#pragma once

#include "report/snapshot.h"

/**
 * vtap_host_count_parse() - sum both families
 * @snmp:  /proc/net/snmp: a line of names and one of numbers behind "Udp:"
 * @snmp6: /proc/net/snmp6: "Udp6InDatagrams  12" on a line; NULL on a host without IPv6
 * Return: 0; -EPROTO when a counter is missing.
 * Source: kernel net/ipv4/proc.c snmp_seq_show(), net/ipv6/proc.c.
 */
int vtap_host_count_parse(const char *snmp, const char *snmp6, struct vtap_report_host *ret_host);

/** vtap_host_count_read() - of our network namespace. Return: 0 or negative errno. */
int vtap_host_count_read(struct vtap_report_host *ret_host);
