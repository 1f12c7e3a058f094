/* SPDX-License-Identifier: Apache-2.0 */
/* Who reads an interface: packet sockets of this network namespace that are bound to it. */
#pragma once

#include <stddef.h>

/** struct vtap_sensors - counts by interface index, sorted */
struct vtap_sensors {
	struct vtap_sensor_count {
		int index;
		unsigned n;
	} * count;
	size_t n;
};

/** vtap_sensors_read() - from /proc/net/packet. Return: 0; negative errno (then nobody is known to
 * read). */
int vtap_sensors_read(struct vtap_sensors *ret_sensors);

/** vtap_sensors_done() - may run twice */
void vtap_sensors_done(struct vtap_sensors *sensors);

/** vtap_sensors_on() - packet sockets bound to this interface */
unsigned vtap_sensors_on(const struct vtap_sensors *sensors, int index);
