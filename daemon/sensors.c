// SPDX-License-Identifier: Apache-2.0
#include "daemon/sensors.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* Words of a line: sk RefCnt Type Proto Iface R Rmem User Inode: kernel net/packet/af_packet.c
 * packet_seq_show() */
enum { WORD_IFACE = 4, WORD_USER = 7, WORD_INODE = 8, WORD_COUNT };

static int index_compare(const void *a, const void *b)
{
	const struct vtap_sensor *left = a, *right = b;

	return (left->index > right->index) - (left->index < right->index);
}

void vtap_sensors_done(struct vtap_sensors *sensors)
{
	free(sensors->sensor);
	*sensors = (struct vtap_sensors){ 0 };
}

/* Index 0 for the heading and for a socket on every interface. */
static struct vtap_sensor line_parse(char *line)
{
	const char *words[WORD_COUNT] = { NULL };
	char *rest, *word = strtok_r(line, " \n", &rest);
	int n = 0;

	for (; word != NULL && n < WORD_COUNT; word = strtok_r(NULL, " \n", &rest))
		words[n++] = word;
	if (n < WORD_COUNT)
		return (struct vtap_sensor){ .index = 0 };
	return (struct vtap_sensor){
		.index = (int)strtol(words[WORD_IFACE], NULL, 10),
		.uid = (uid_t)strtoul(words[WORD_USER], NULL, 10),
		.inode = strtoull(words[WORD_INODE], NULL, 10),
	};
}

static int sockets_read(FILE *file, struct vtap_sensors *sensors)
{
	char line[256];

	while (fgets(line, sizeof(line), file) != NULL) {
		struct vtap_sensor *grown, sensor = line_parse(line);

		if (sensor.index == 0)
			continue;
		grown = reallocarray(sensors->sensor, sensors->n + 1, sizeof(*grown));
		if (grown == NULL)
			return -ENOMEM;
		sensors->sensor = grown;
		grown[sensors->n++] = sensor;
	}
	return 0;
}

int vtap_sensors_read(struct vtap_sensors *ret_sensors)
{
	struct vtap_sensors sensors = { 0 };
	_auto_file FILE *file = fopen("/proc/net/packet", "re");
	int r;

	if (file == NULL)
		return -errno;
	r = sockets_read(file, &sensors);
	if (r < 0) {
		vtap_sensors_done(&sensors);
		return r;
	}
	if (sensors.n > 1)
		qsort(sensors.sensor, sensors.n, sizeof(*sensors.sensor), index_compare);
	*ret_sensors = sensors;
	return 0;
}

/* Where the sockets of this interface begin, or would. */
static size_t first_on(const struct vtap_sensors *sensors, int index)
{
	size_t low = 0, high = sensors->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (sensors->sensor[middle].index < index)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

unsigned vtap_sensors_on(
	const struct vtap_sensors *sensors, int index, const struct vtap_sensor **ret_first)
{
	size_t first = first_on(sensors, index);
	unsigned n = 0;

	while (first + n < sensors->n && sensors->sensor[first + n].index == index)
		n++;
	if (ret_first != NULL)
		*ret_first = n > 0 ? &sensors->sensor[first] : NULL;
	return n;
}

unsigned vtap_sensors_claim(struct vtap_sensors *sensors, int index)
{
	size_t first = first_on(sensors, index);
	unsigned n = vtap_sensors_on(sensors, index, NULL);

	for (unsigned i = 0; i < n; i++)
		sensors->sensor[first + i].is_claimed = true;
	return n;
}
