/* SPDX-License-Identifier: Apache-2.0 */
/* Who reads an interface: packet sockets of this network namespace that are bound to it. Those that
 * are bound to no interface read all of them, and count for none. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/** struct vtap_sensors - the sockets, sorted by interface */
struct vtap_sensors {
	struct vtap_sensor {
		int index; /* of the interface */
		uid_t uid;
		uint64_t inode;  /* of the socket: what /proc/PID/fd calls socket:[inode] */
		bool is_claimed; /* the interface is ours */
	} * sensor;
	size_t n;
};

/** vtap_sensors_read() - from /proc/net/packet. Return: 0; negative errno (then nobody is known to
 * read). */
int vtap_sensors_read(struct vtap_sensors *ret_sensors);

/** vtap_sensors_done() - may run twice */
void vtap_sensors_done(struct vtap_sensors *sensors);

/** vtap_sensors_on() - packet sockets bound to this interface, the first of them in @ret_first if
 * that is not NULL */
unsigned vtap_sensors_on(
	const struct vtap_sensors *sensors, int index, const struct vtap_sensor **ret_first);

/** vtap_sensors_claim() - the interface is one of ours: who reads it is worth a name. Return: how
 * many do. */
unsigned vtap_sensors_claim(struct vtap_sensors *sensors, int index);
