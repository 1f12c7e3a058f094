// SPDX-License-Identifier: Apache-2.0
/*
 * How it works. A look reads both maps whole, in batches, sorts the rows and walks them beside
 * those of the last look: a flow's frames are the difference. Rows that have not moved for a while
 * are deleted from the map only when it is more than half full; a frame that comes at that very
 * moment may be missing in what is told of its flow (never in what is told of its session).
 */
#include "fastpath/flows.h"

#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "fastpath/layout.h"

/* Rows of one request to the kernel; a bucket of the map must fit. */
#define BATCH 256

/* Looks that a flow may be quiet before it makes room. */
#define QUIET_MAX 60

struct vtap_flow_row {
	struct vtap_fast_flow6 key; /* IPv4 in the mapped form */
	enum vtap_map map;
	uint32_t slot;
	uint64_t frames;
	uint64_t bytes;
	unsigned n_quiet; /* looks without a frame */
};

struct look {
	struct vtap_flow_row *row;
	size_t n, n_room;
	unsigned n_cpus;
};

static int row_compare(const void *a, const void *b)
{
	const struct vtap_flow_row *left = a, *right = b;

	return memcmp(&left->key, &right->key, sizeof(left->key));
}

static struct in_addr in_addr_of(__be32 v4)
{
	return (struct in_addr){ .s_addr = v4 };
}

static void key_read(enum vtap_map map, const void *key, struct vtap_fast_flow6 *ret_key)
{
	const struct vtap_fast_flow4 *v4 = key;
	struct vtap_addr addr;

	if (map == VTAP_MAP_FLOW6) {
		memcpy(ret_key, key, sizeof(*ret_key));
		return;
	}
	addr = vtap_addr_from_v4(in_addr_of(v4->source));
	memcpy(ret_key->source, addr.byte, sizeof(ret_key->source));
	addr = vtap_addr_from_v4(in_addr_of(v4->destination));
	memcpy(ret_key->destination, addr.byte, sizeof(ret_key->destination));
	ret_key->vni = v4->vni;
}

/* Sum over CPUs; the session is that of the latest program. */
static void values_read(
	const struct vtap_fast_flow *values, unsigned n_cpus, struct vtap_flow_row *row)
{
	uint64_t latest = 0;

	for (unsigned i = 0; i < n_cpus; i++) {
		row->frames += values[i].frames;
		row->bytes += values[i].bytes;
		if (values[i].program >= latest && values[i].program != 0) {
			latest = values[i].program;
			row->slot = values[i].exit.slot;
		}
	}
}

static int look_add(
	struct look *look, enum vtap_map map, const void *key, const struct vtap_fast_flow *values)
{
	struct vtap_flow_row *row;

	if (look->n == look->n_room) {
		size_t n_room = look->n_room == 0 ? BATCH : 2 * look->n_room;
		struct vtap_flow_row *grown = reallocarray(look->row, n_room, sizeof(*grown));

		if (grown == NULL)
			return -ENOMEM;
		look->row = grown;
		look->n_room = n_room;
	}
	row = &look->row[look->n++];
	memset(row, 0, sizeof(*row)); /* also what pads the key */
	row->map = map;
	key_read(map, key, &row->key);
	values_read(values, look->n_cpus, row);
	return 0;
}

/* Source: linux/bpf.h BPF_MAP_LOOKUP_BATCH: -ENOENT with the last rows. */
static int look_map(struct look *look, const struct vtap_maps *maps, enum vtap_map map)
{
	size_t key_bytes = map == VTAP_MAP_FLOW4 ? sizeof(struct vtap_fast_flow4)
						 : sizeof(struct vtap_fast_flow6);
	_auto_free uint8_t *keys = calloc(BATCH, key_bytes);
	_auto_free struct vtap_fast_flow *values =
		calloc((size_t)BATCH * look->n_cpus, sizeof(*values));
	uint32_t at = 0;
	bool is_first = true;
	int r = keys == NULL || values == NULL ? -ENOMEM : 0;

	while (r == 0) {
		uint32_t n = BATCH;
		int added = 0;

		r = bpf_map_lookup_batch(
			maps->fd[map], is_first ? NULL : &at, &at, keys, values, &n, NULL);
		if (r < 0 && r != -ENOENT)
			return r;
		for (uint32_t i = 0; i < n && added == 0; i++)
			added = look_add(
				look, map, keys + i * key_bytes, values + (size_t)i * look->n_cpus);
		if (added < 0)
			return added;
		is_first = false;
	}
	return r == -ENOENT ? 0 : r;
}

static void row_tell(const struct vtap_flow_row *row, const struct vtap_flow_row *before,
	void (*each)(void *arg, const struct vtap_fast_seen *seen), void *arg)
{
	struct vtap_fast_seen seen = {
		.slot = row->slot,
		.vni = row->key.vni & VTAP_FAST_VNI_MASK,
		.n_frames = row->frames - (before != NULL ? before->frames : 0),
		.n_bytes = row->bytes - (before != NULL ? before->bytes : 0),
	};

	memcpy(seen.source.byte, row->key.source, sizeof(seen.source.byte));
	each(arg, &seen);
}

/* Has a row moved since the last look? Then it is told. */
static void rows_compare(const struct vtap_flows *flows, struct look *look,
	void (*each)(void *arg, const struct vtap_fast_seen *seen), void *arg)
{
	size_t i_before = 0;

	for (size_t i = 0; i < look->n; i++) {
		struct vtap_flow_row *row = &look->row[i];
		const struct vtap_flow_row *before = NULL;

		while (i_before < flows->n && row_compare(&flows->row[i_before], row) < 0)
			i_before++;
		if (i_before < flows->n && row_compare(&flows->row[i_before], row) == 0)
			before = &flows->row[i_before];
		if (before != NULL && before->frames > row->frames)
			before = NULL; /* it was deleted, and came again */
		if (before != NULL && before->frames == row->frames)
			row->n_quiet = before->n_quiet + 1;
		else if (row->frames > 0)
			row_tell(row, before, each, arg);
	}
}

static void key_delete(const struct vtap_maps *maps, const struct vtap_flow_row *row)
{
	struct vtap_fast_flow4 v4 = { .vni = row->key.vni };

	memcpy(&v4.source, row->key.source + 12, sizeof(v4.source));
	memcpy(&v4.destination, row->key.destination + 12, sizeof(v4.destination));
	/* gone already is as good */
	(void)bpf_map_delete_elem(maps->fd[row->map],
		row->map == VTAP_MAP_FLOW4 ? (const void *)&v4 : (const void *)&row->key);
}

static void quiet_delete(const struct look *look, const struct vtap_maps *maps, enum vtap_map map)
{
	size_t n = 0;

	for (size_t i = 0; i < look->n; i++)
		n += look->row[i].map == map;
	if (n <= vtap_maps_flows_max(map) / 2)
		return;
	for (size_t i = 0; i < look->n; i++)
		if (look->row[i].map == map && look->row[i].n_quiet > QUIET_MAX)
			key_delete(maps, &look->row[i]);
}

int vtap_flows_look(struct vtap_flows *flows, const struct vtap_maps *maps, unsigned n_cpus,
	void (*each)(void *arg, const struct vtap_fast_seen *seen), void *arg)
{
	struct look look = { .n_cpus = n_cpus };
	int r = look_map(&look, maps, VTAP_MAP_FLOW4);

	if (r == 0)
		r = look_map(&look, maps, VTAP_MAP_FLOW6);
	if (r < 0) {
		free(look.row);
		return r;
	}
	if (look.n > 1)
		qsort(look.row, look.n, sizeof(*look.row), row_compare);
	rows_compare(flows, &look, each, arg);
	quiet_delete(&look, maps, VTAP_MAP_FLOW4);
	quiet_delete(&look, maps, VTAP_MAP_FLOW6);
	free(flows->row);
	*flows = (struct vtap_flows){ .row = look.row, .n = look.n };
	return 0;
}

void vtap_flows_done(struct vtap_flows *flows)
{
	free(flows->row);
	*flows = (struct vtap_flows){ 0 };
}
