// SPDX-License-Identifier: Apache-2.0
#include "fastpath/steer.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "fastpath/layout.h"
#include "fastpath/maps.h"
#include "fastpath/steer.skel.h"
#include "wire/constants.h"

/* Rows of a map that takes memory only as it is filled: sources of all lists, parts of ranges. */
#define TRIE_ROWS_MAX (4U << 20)

static_assert(VTAP_STEER_TARGETS_MAX == VTAP_FAST_PORTS_MAX, "each underlay can have all of them");
static_assert(sizeof(struct vtap_addr) == VTAP_FAST_ADDR_BYTES, "one form of address for both");

struct vtap_steer {
	const struct vtap_maps *shared;
	uint64_t id;
	int own_fd;
	int allow_fd;
	int exact_fd;
	int range_fd;
	int source_fd;
	const struct vtap_steer_exit *exits; /* borrowed while the maps are filled */
	size_t i_target;                     /* likewise */
	uint32_t n_lists;
	uint32_t n_exact;
	struct vtap_fast_port port[VTAP_FAST_PORTS_MAX];
	size_t n_ports;
};

void vtap_steer_free(struct vtap_steer *steer)
{
	if (steer == NULL)
		return;
	(void)vtap_fd_close(steer->own_fd); /* always -1 */
	(void)vtap_fd_close(steer->allow_fd);
	(void)vtap_fd_close(steer->exact_fd);
	(void)vtap_fd_close(steer->range_fd);
	(void)vtap_fd_close(steer->source_fd);
	free(steer);
}

/* ---- filling the maps ---- */

static int map_put(int fd, const void *key, const void *value)
{
	return bpf_map_update_elem(fd, key, value, BPF_ANY) < 0 ? -errno : 0;
}

static uint32_t vni_key(const struct vtap_steer *steer, uint32_t vni)
{
	return (uint32_t)steer->i_target << 24 | vni;
}

static struct vtap_fast_exit exit_of(const struct vtap_steer *steer, uint32_t i_session)
{
	const struct vtap_steer_exit *exit = &steer->exits[i_session];

	return (struct vtap_fast_exit){
		.ifindex = exit->slot != 0 ? (uint32_t)exit->ifindex : 0,
		.slot = exit->slot,
	};
}

static int list_put(struct vtap_steer *steer, const struct vtap_row *rows, size_t n)
{
	int r = 0;

	steer->n_lists++;
	for (size_t i = 0; i < n && r == 0; i++) {
		struct vtap_fast_source_key key = {
			.len_bits = 32U + rows[i].source.len,
			.list = htonl(steer->n_lists),
		};
		struct vtap_fast_exit exit = exit_of(steer, rows[i].i_session);

		memcpy(key.addr, rows[i].source.addr.byte, sizeof(key.addr));
		r = map_put(steer->source_fd, &key, &exit);
	}
	return r;
}

/* What rows lead to: one that is for every source needs no list. */
static int rule_make(struct vtap_steer *steer, const struct vtap_row *rows, size_t n,
	struct vtap_fast_rule *ret_rule)
{
	int r = 0;

	*ret_rule = (struct vtap_fast_rule){ 0 };
	if (n == 1 && rows[0].source.len == 0) {
		ret_rule->exit = exit_of(steer, rows[0].i_session);
	} else {
		r = list_put(steer, rows, n);
		ret_rule->list = steer->n_lists;
	}
	return r;
}

/* A range as prefixes: the largest that begins at its first VNI, and so on; 46 at most. */
static int range_put(
	struct vtap_steer *steer, struct vtap_range vni, const struct vtap_fast_rule *rule)
{
	uint32_t first = vni.first;
	int r = 0;

	while (first <= vni.last && r == 0) {
		uint32_t len = 24, size = 1;
		struct vtap_fast_range_key key;

		while (len > 0 && (first & (2 * size - 1)) == 0 &&
			first + 2 * size - 1 <= vni.last) {
			size *= 2;
			len--;
		}
		key = (struct vtap_fast_range_key){
			.len_bits = 8 + len,
			.vni = htonl(vni_key(steer, first)),
		};
		r = map_put(steer->range_fd, &key, rule);
		first += size;
	}
	return r;
}

static int level_put(void *arg, enum vtap_level level, struct vtap_range vni,
	const struct vtap_row *rows, size_t n)
{
	struct vtap_steer *steer = arg;
	struct vtap_fast_port *port = &steer->port[steer->i_target];
	struct vtap_fast_rule rule;
	uint32_t key = vni_key(steer, vni.first);
	int r = rule_make(steer, rows, n, &rule);

	if (r < 0)
		return r;
	if (level == VTAP_LEVEL_VNI)
		return map_put(steer->exact_fd, &key, &rule);
	if (level == VTAP_LEVEL_RANGE)
		return range_put(steer, vni, &rule);
	port->has_any = 1;
	port->any = rule;
	return 0;
}

static int allow_put(struct vtap_steer *steer, const struct vtap_table *table)
{
	static const uint32_t YES = 1;
	struct vtap_fast_port *port = &steer->port[steer->i_target];
	size_t n;
	const struct vtap_row *rows = vtap_table_allowed(table, &n);
	int r = 0;

	port->allows_all = rows == NULL;
	for (size_t i = 0; rows != NULL && i < n && r == 0; i++) {
		struct vtap_fast_allow_key key = {
			.len_bits = 32U + rows[i].source.len,
			.i_target = htonl((uint32_t)steer->i_target),
		};

		memcpy(key.addr, rows[i].source.addr.byte, sizeof(key.addr));
		r = map_put(steer->allow_fd, &key, &YES);
	}
	return r;
}

static int target_put(struct vtap_steer *steer, const struct vtap_steer_target *target)
{
	int r;

	steer->port[steer->i_target] = (struct vtap_fast_port){
		.port = htons(target->port),
		.i_target = (uint8_t)steer->i_target,
		.slot = (uint16_t)target->slot,
	};
	r = allow_put(steer, target->table);
	return r == 0 ? vtap_table_walk(target->table, level_put, steer) : r;
}

static int own_put(struct vtap_steer *steer, const struct vtap_addr *own, size_t n)
{
	static const uint32_t YES = 1;
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = map_put(steer->own_fd, own[i].byte, &YES);
	return r;
}

/* ---- making them ---- */

static int exact_count(void *arg, enum vtap_level level, struct vtap_range vni,
	const struct vtap_row *rows, size_t n)
{
	struct vtap_steer *steer = arg;

	(void)vni;
	(void)rows;
	(void)n;
	steer->n_exact += level == VTAP_LEVEL_VNI;
	return 0;
}

static int map_make(enum bpf_map_type type, const char *name, size_t key_bytes, size_t value_bytes,
	size_t n_max, int *ret_fd)
{
	DECLARE_LIBBPF_OPTS(bpf_map_create_opts, opts,
		.map_flags = type == BPF_MAP_TYPE_LPM_TRIE ? BPF_F_NO_PREALLOC : 0);
	int fd = bpf_map_create(type, name, (uint32_t)key_bytes, (uint32_t)value_bytes,
		n_max > 0 ? (uint32_t)n_max : 1, &opts);

	if (fd < 0)
		return fd;
	*ret_fd = fd;
	return 0;
}

static int maps_make(struct vtap_steer *steer, const struct vtap_steer_spec *spec)
{
	int r = map_make(BPF_MAP_TYPE_HASH, "vtapd_own", VTAP_FAST_ADDR_BYTES, sizeof(uint32_t),
		spec->n_own, &steer->own_fd);

	if (r == 0)
		r = map_make(BPF_MAP_TYPE_LPM_TRIE, "vtapd_allow",
			sizeof(struct vtap_fast_allow_key), sizeof(uint32_t), TRIE_ROWS_MAX,
			&steer->allow_fd);
	if (r == 0)
		r = map_make(BPF_MAP_TYPE_HASH, "vtapd_exact", sizeof(uint32_t),
			sizeof(struct vtap_fast_rule), steer->n_exact, &steer->exact_fd);
	if (r == 0)
		r = map_make(BPF_MAP_TYPE_LPM_TRIE, "vtapd_range",
			sizeof(struct vtap_fast_range_key), sizeof(struct vtap_fast_rule),
			TRIE_ROWS_MAX, &steer->range_fd);
	if (r == 0)
		r = map_make(BPF_MAP_TYPE_LPM_TRIE, "vtapd_source",
			sizeof(struct vtap_fast_source_key), sizeof(struct vtap_fast_exit),
			TRIE_ROWS_MAX, &steer->source_fd);
	return r;
}

static int maps_fill(struct vtap_steer *steer, const struct vtap_steer_spec *spec)
{
	int r = own_put(steer, spec->own, spec->n_own);

	steer->exits = spec->exits;
	for (size_t i = 0; i < spec->n_targets && r == 0; i++) {
		steer->i_target = i;
		r = target_put(steer, &spec->targets[i]);
	}
	steer->n_ports = spec->n_targets;
	steer->exits = NULL;
	return r;
}

int vtap_steer_new(struct vtap_fastpath *fastpath, const struct vtap_steer_spec *spec,
	struct vtap_steer **ret_steer, struct vtap_err *err)
{
	_auto(steer) struct vtap_steer *steer = calloc(1, sizeof(*steer));
	int r;

	if (steer == NULL)
		return -ENOMEM;
	steer->own_fd = steer->allow_fd = steer->exact_fd = steer->range_fd = steer->source_fd = -1;
	steer->shared = vtap_fastpath_maps(fastpath);
	steer->id = spec->id;
	if (spec->n_targets > VTAP_STEER_TARGETS_MAX)
		return vtap_err_set(err, -E2BIG, "more than %d targets", VTAP_STEER_TARGETS_MAX);
	for (size_t i = 0; i < spec->n_targets; i++)
		(void)vtap_table_walk(spec->targets[i].table, exact_count, steer); /* always 0 */
	r = maps_make(steer, spec);
	if (r == 0)
		r = maps_fill(steer, spec);
	if (r < 0)
		return vtap_maps_refused(err, r, "fill its maps", NULL);
	*ret_steer = vtap_steal(&steer);
	return 0;
}

/* ---- programs ---- */

static int maps_hand_over(const struct vtap_steer *steer, struct vtap_steer_bpf *program)
{
	const struct {
		struct bpf_map *map;
		int fd;
	} maps[] = {
		{ program->maps.own, steer->own_fd },
		{ program->maps.allow, steer->allow_fd },
		{ program->maps.exact, steer->exact_fd },
		{ program->maps.range, steer->range_fd },
		{ program->maps.source, steer->source_fd },
		{ program->maps.steered, steer->shared->fd[VTAP_MAP_STEERED] },
		{ program->maps.page, steer->shared->fd[VTAP_MAP_PAGE] },
		{ program->maps.flow4, steer->shared->fd[VTAP_MAP_FLOW4] },
		{ program->maps.flow6, steer->shared->fd[VTAP_MAP_FLOW6] },
	};
	int r = 0;

	for (size_t i = 0; i < VTAP_ARRAY_LEN(maps) && r == 0; i++)
		r = bpf_map__reuse_fd(maps[i].map, maps[i].fd);
	return r;
}

static void constants_set(const struct vtap_steer *steer, struct vtap_steer_bpf *program,
	const size_t *i_targets, size_t n, bool has_ipv6)
{
	program->rodata->has_ipv6 = has_ipv6;
	program->rodata->program_id = steer->id;
	program->rodata->n_ports = (uint32_t)n;
	for (size_t i = 0; i < n; i++) {
		const struct vtap_fast_port *port = &steer->port[i_targets[i]];

		program->rodata->ports[i] = *port;
		program->rodata->place[port->port] = (uint8_t)(i + 1);
	}
}

/* @log: where the verifier writes, when it refuses; NULL: nowhere */
static int program_load(const struct vtap_steer *steer, const size_t *i_targets, size_t n,
	bool has_ipv6, struct vtap_maps_log *log, int *ret_fd)
{
	DECLARE_LIBBPF_OPTS(bpf_object_open_opts, opts,
		.kernel_log_buf = log != NULL ? log->text : NULL,
		.kernel_log_size = log != NULL ? sizeof(log->text) : 0);
	struct vtap_steer_bpf *program = vtap_steer_bpf__open_opts(&opts);
	int r = program == NULL ? -errno : 0;

	if (r == 0)
		r = maps_hand_over(steer, program);
	if (r == 0) {
		constants_set(steer, program, i_targets, n, has_ipv6);
		r = vtap_steer_bpf__load(program);
	}
	if (r == 0) {
		*ret_fd = fcntl(bpf_program__fd(program->progs.vtapd_steer), F_DUPFD_CLOEXEC, 0);
		r = *ret_fd < 0 ? -errno : 0;
	}
	vtap_steer_bpf__destroy(program);
	return r;
}

int vtap_steer_program(const struct vtap_steer *steer, const size_t *i_targets, size_t n,
	bool has_ipv6, int *ret_fd, uint32_t *ret_id, struct vtap_err *err)
{
	_auto_free struct vtap_maps_log *log = NULL;
	_auto_fd int fd = -1;
	int r = program_load(steer, i_targets, n, has_ipv6, NULL, &fd);

	if (r == 0)
		r = vtap_program_id(fd, ret_id);
	if (r == 0) {
		*ret_fd = vtap_steal_fd(&fd);
		return 0;
	}
	/* once more, to hear why */
	log = r != -EPERM ? calloc(1, sizeof(*log)) : NULL;
	if (log != NULL)
		(void)program_load(steer, i_targets, n, has_ipv6, log, &fd); /* refused as before */
	return vtap_maps_refused(err, r, "load the program", log);
}
