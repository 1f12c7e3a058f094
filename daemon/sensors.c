// SPDX-License-Identifier: Apache-2.0
#include "daemon/sensors.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static int count_compare(const void *a, const void *b)
{
	const struct vtap_sensor_count *left = a, *right = b;

	return (left->index > right->index) - (left->index < right->index);
}

void vtap_sensors_done(struct vtap_sensors *sensors)
{
	free(sensors->count);
	*sensors = (struct vtap_sensors){ 0 };
}

/* The interface of a line, 0 for the heading and for a socket on every interface.
 * sk RefCnt Type Proto Iface R Rmem User Inode: kernel net/packet/af_packet.c packet_seq_show() */
static int line_index(char *line)
{
	char *rest, *word = strtok_r(line, " ", &rest);

	for (int i = 1; i < 5 && word != NULL; i++)
		word = strtok_r(NULL, " ", &rest);
	return word != NULL ? (int)strtol(word, NULL, 10) : 0;
}

static int sockets_read(FILE *file, struct vtap_sensors *sensors)
{
	char line[256];

	while (fgets(line, sizeof(line), file) != NULL) {
		struct vtap_sensor_count *grown;
		int index = line_index(line);

		if (index == 0)
			continue;
		grown = reallocarray(sensors->count, sensors->n + 1, sizeof(*grown));
		if (grown == NULL)
			return -ENOMEM;
		sensors->count = grown;
		grown[sensors->n++] = (struct vtap_sensor_count){ .index = index, .n = 1 };
	}
	return 0;
}

int vtap_sensors_read(struct vtap_sensors *ret_sensors)
{
	struct vtap_sensors sensors = { 0 };
	_auto_file FILE *file = fopen("/proc/net/packet", "re");
	size_t n = 0;
	int r;

	if (file == NULL)
		return -errno;
	r = sockets_read(file, &sensors);
	if (r < 0) {
		vtap_sensors_done(&sensors);
		return r;
	}
	if (sensors.n > 1)
		qsort(sensors.count, sensors.n, sizeof(*sensors.count), count_compare);
	for (size_t i = 0; i < sensors.n; i++) {
		if (n > 0 && sensors.count[n - 1].index == sensors.count[i].index)
			sensors.count[n - 1].n++;
		else
			sensors.count[n++] = sensors.count[i];
	}
	sensors.n = n;
	*ret_sensors = sensors;
	return 0;
}

unsigned vtap_sensors_on(const struct vtap_sensors *sensors, int index)
{
	const struct vtap_sensor_count key = { .index = index };
	const struct vtap_sensor_count *found =
		sensors->n == 0
			? NULL
			: bsearch(&key, sensors->count, sensors->n, sizeof(key), count_compare);

	return found != NULL ? found->n : 0;
}
