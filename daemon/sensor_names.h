/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who the sensors are: the program that has a packet socket open, where this process may look into
 * /proc/PID/fd (as root, or at processes of its own user); else the user whose socket it is, unless
 * that is root. A socket that /proc does not tell of has no name.
 *
 * How it works. The socket's inode is looked for among the descriptors of all processes, which
 * takes milliseconds: so once for each socket, in steps, and 1 % of the time at most. What was
 * found is kept as long as the socket is there; so the names never outnumber the sockets on our
 * interfaces. Programs choose their names themselves: what is not printable becomes '?'.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "daemon/sensors.h"

/** VTAP_SENSOR_NAME_MAX - bytes of a name with its NUL: of a program 15 and of a user 31 bytes */
#define VTAP_SENSOR_NAME_MAX 32

/** struct vtap_sensor_names - by inode */
struct vtap_sensor_names {
	struct vtap_sensor_name {
		uint64_t inode;
		uid_t uid;
		char text[VTAP_SENSOR_NAME_MAX]; /* "": nobody tells */
		bool is_new;                     /* it has not been looked for everywhere */
		bool is_sought;                  /* it was there when the round under way began */
	} * name;
	size_t n;
	uint64_t due_ns; /* /proc is not looked through before */
	long looked_pid; /* as far as the round under way has come; 0: none is */
};

/** vtap_sensor_names_look() - name the claimed sockets that are new, forget those that are gone.
 * Without memory: as before. */
void vtap_sensor_names_look(
	struct vtap_sensor_names *names, const struct vtap_sensors *sensors, uint64_t now_ns);

/** vtap_sensor_names_format() - "suricata", "suricata, zeek": of an interface, who has most sockets
 * first. Return: heap; NULL where no name is known, or without memory. */
char *vtap_sensor_names_format(
	const struct vtap_sensor_names *names, const struct vtap_sensors *sensors, int index);

/** vtap_sensor_names_done() - may run twice */
void vtap_sensor_names_done(struct vtap_sensor_names *names);
