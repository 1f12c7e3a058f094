// SPDX-License-Identifier: Apache-2.0
#include "datapath/table.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "wire/constants.h"

/* Rows after ranges were cut into segments: 24 bytes each. */
#define ROWS_MAX (4U << 20)

/* An index that points nowhere. */
#define NONE UINT32_MAX

static const char *const LEVEL_NAMES[] = {
	[VTAP_LEVEL_VNI] = "vni",
	[VTAP_LEVEL_RANGE] = "range",
	[VTAP_LEVEL_ANY] = "any",
};
static_assert(VTAP_ARRAY_LEN(LEVEL_NAMES) == VTAP_LEVEL_COUNT, "every level has a name");

struct group { /* rows of one prefix length, sorted by address */
	uint32_t first_row;
	uint32_t n_rows;
	uint8_t len;
};

struct list { /* groups, longest prefix first */
	uint32_t first_group;
	uint32_t n_groups;
};

struct bucket { /* of the hash of exact VNIs */
	uint32_t vni;
	struct list list; /* n_groups = 0: empty */
};

struct segment { /* VNIs that the same ranges cover */
	struct vtap_range vni;
	struct list list;
};

struct vtap_table {
	struct vtap_row *row;
	uint32_t n_rows, n_rows_room;
	struct group *group;
	uint32_t n_groups, n_groups_room;
	struct bucket *bucket;
	uint32_t n_buckets;      /* a power of two */
	struct segment *segment; /* sorted, disjoint */
	uint32_t n_segments;
	struct list any;
	struct list allow;
	bool allows_all;
	struct vtap_exit *exit;
	size_t n_exits;
	int *own_interface; /* sorted */
	size_t n_own_interfaces;
};

const char *vtap_level_name(enum vtap_level level)
{
	return LEVEL_NAMES[level];
}

/* ---- building ---- */

static int rule_compare(const void *a, const void *b)
{
	const struct vtap_rule *left = a, *right = b;

	if (left->vni.first != right->vni.first)
		return left->vni.first < right->vni.first ? -1 : 1;
	if (left->source.len != right->source.len)
		return left->source.len > right->source.len ? -1 : 1;
	return vtap_addr_compare(&left->source.addr, &right->source.addr);
}

static int row_compare(const void *a, const void *b)
{
	const struct vtap_row *left = a, *right = b;

	if (left->source.len != right->source.len)
		return left->source.len > right->source.len ? -1 : 1;
	return vtap_addr_compare(&left->source.addr, &right->source.addr);
}

static int room_make(void **array, uint32_t n, uint32_t *room, size_t size)
{
	uint32_t wanted = *room == 0 ? 16 : *room * 2;
	void *grown;

	if (n < *room)
		return 0;
	if (wanted > 2 * ROWS_MAX)
		return -E2BIG;
	grown = reallocarray(*array, wanted, size);
	if (grown == NULL)
		return -ENOMEM;
	*array = grown;
	*room = wanted;
	return 0;
}

static int row_add(struct vtap_table *table, struct vtap_prefix source, uint32_t i_session)
{
	int r = room_make(
		(void **)&table->row, table->n_rows, &table->n_rows_room, sizeof(*table->row));

	if (r == 0)
		table->row[table->n_rows++] =
			(struct vtap_row){ .source = source, .i_session = i_session };
	return r;
}

/* Sort the rows from @first_row on and cut them into groups by prefix length. */
static int list_finish(struct vtap_table *table, uint32_t first_row, struct list *ret_list)
{
	struct list list = { .first_group = table->n_groups };

	if (table->n_rows - first_row > 1)
		qsort(&table->row[first_row], table->n_rows - first_row, sizeof(*table->row),
			row_compare);
	for (uint32_t i = first_row; i < table->n_rows; i++) {
		uint8_t len = table->row[i].source.len;
		struct group *group = list.n_groups > 0 ? &table->group[table->n_groups - 1] : NULL;
		int r;

		if (group != NULL && group->len == len) {
			group->n_rows++;
			continue;
		}
		r = room_make((void **)&table->group, table->n_groups, &table->n_groups_room,
			sizeof(*table->group));
		if (r < 0)
			return r;
		table->group[table->n_groups++] =
			(struct group){ .first_row = i, .n_rows = 1, .len = len };
		list.n_groups++;
	}
	*ret_list = list;
	return 0;
}

static uint32_t vni_slot(const struct vtap_table *table, uint32_t vni)
{
	return (vni * 0x9e3779b1U) & (table->n_buckets - 1);
}

static void bucket_put(struct vtap_table *table, uint32_t vni, struct list list)
{
	uint32_t i = vni_slot(table, vni);

	while (table->bucket[i].list.n_groups > 0) /* at most half full */
		i = (i + 1) & (table->n_buckets - 1);
	table->bucket[i] = (struct bucket){ .vni = vni, .list = list };
}

static int exact_build(struct vtap_table *table, const struct vtap_rule *rules, size_t n)
{
	uint32_t first_row = table->n_rows;
	struct list list;
	int r;

	table->n_buckets = 2;
	while (table->n_buckets < 2 * n)
		table->n_buckets *= 2;
	table->bucket = calloc(table->n_buckets, sizeof(*table->bucket));
	if (table->bucket == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		r = row_add(table, rules[i].source, rules[i].i_session);
		if (r < 0)
			return r;
		if (i + 1 < n && rules[i + 1].vni.first == rules[i].vni.first)
			continue;
		r = list_finish(table, first_row, &list);
		if (r < 0)
			return r;
		bucket_put(table, rules[i].vni.first, list);
		first_row = table->n_rows;
	}
	return 0;
}

static int number_compare(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

/* Where some range begins, or has just ended: between two neighbours the same ranges hold. */
static uint32_t *ranges_edges(const struct vtap_rule *rules, size_t n, size_t *ret_n)
{
	uint32_t *edge = calloc(2 * n, sizeof(*edge));
	size_t n_unique = 0;

	if (edge == NULL)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		edge[2 * i] = rules[i].vni.first;
		edge[2 * i + 1] = rules[i].vni.last + 1;
	}
	qsort(edge, 2 * n, sizeof(*edge), number_compare);
	for (size_t i = 0; i < 2 * n; i++)
		if (n_unique == 0 || edge[n_unique - 1] != edge[i])
			edge[n_unique++] = edge[i];
	*ret_n = n_unique;
	return edge;
}

/* Put into @active the rules that hold at @vni; @i_next is the first that has not begun yet. */
static size_t active_update(uint32_t *active, size_t n_active, const struct vtap_rule *rules,
	size_t n, size_t *i_next, uint32_t vni)
{
	size_t n_kept = 0;

	for (size_t i = 0; i < n_active; i++)
		if (rules[active[i]].vni.last >= vni)
			active[n_kept++] = active[i];
	while (*i_next < n && rules[*i_next].vni.first <= vni)
		active[n_kept++] = (uint32_t)(*i_next)++;
	return n_kept;
}

static int segment_add(struct vtap_table *table, struct vtap_range vni,
	const struct vtap_rule *rules, const uint32_t *active, size_t n_active)
{
	struct segment *segment = &table->segment[table->n_segments];
	uint32_t first_row = table->n_rows;
	int r = 0;

	for (size_t i = 0; i < n_active && r == 0; i++)
		r = row_add(table, rules[active[i]].source, rules[active[i]].i_session);
	if (r == 0 && table->n_rows > ROWS_MAX)
		r = -E2BIG;
	if (r < 0)
		return r;
	segment->vni = vni;
	table->n_segments++;
	return list_finish(table, first_row, &segment->list);
}

/* Sweep over the edges with the set of ranges that hold; @rules are sorted by their first VNI. */
static int ranges_build(struct vtap_table *table, const struct vtap_rule *rules, size_t n)
{
	_auto_free uint32_t *active = NULL, *edge = NULL;
	size_t n_active = 0, n_edges = 0, i_next = 0;
	int r = 0;

	if (n == 0)
		return 0;
	edge = ranges_edges(rules, n, &n_edges);
	active = calloc(n, sizeof(*active));
	table->segment = calloc(n_edges + 1, sizeof(*table->segment));
	if (edge == NULL || active == NULL || table->segment == NULL)
		return -ENOMEM;
	for (size_t i = 0; i + 1 < n_edges && r == 0; i++) {
		n_active = active_update(active, n_active, rules, n, &i_next, edge[i]);
		if (n_active > 0)
			r = segment_add(table, (struct vtap_range){ edge[i], edge[i + 1] - 1 },
				rules, active, n_active);
	}
	return r;
}

static int any_build(struct vtap_table *table, const struct vtap_rule *rules, size_t n)
{
	uint32_t first_row = table->n_rows;
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = row_add(table, rules[i].source, rules[i].i_session);
	return r < 0 ? r : list_finish(table, first_row, &table->any);
}

static int allow_build(struct vtap_table *table, const struct vtap_prefix *allow, size_t n)
{
	uint32_t first_row = table->n_rows;
	int r = 0;

	table->allows_all = n == 0;
	for (size_t i = 0; i < n && r == 0; i++)
		r = row_add(table, allow[i], NONE);
	return r < 0 ? r : list_finish(table, first_row, &table->allow);
}

static int level_build(struct vtap_table *table, const struct vtap_table_spec *spec,
	enum vtap_level level,
	int (*build)(struct vtap_table *table, const struct vtap_rule *rules, size_t n))
{
	_auto_free struct vtap_rule *rules = calloc(spec->n_rules + 1, sizeof(*rules));
	size_t n = 0;

	if (rules == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < spec->n_rules; i++)
		if (spec->rules[i].level == level)
			rules[n++] = spec->rules[i];
	qsort(rules, n, sizeof(*rules), rule_compare);
	return build(table, rules, n);
}

static int index_compare(const void *a, const void *b)
{
	return (*(const int *)a > *(const int *)b) - (*(const int *)a < *(const int *)b);
}

static int exits_copy(struct vtap_table *table, const struct vtap_table_spec *spec)
{
	table->exit = calloc(spec->n_exits + 1, sizeof(*table->exit));
	table->own_interface = calloc(spec->n_own_interfaces + 1, sizeof(*table->own_interface));
	if (table->exit == NULL || table->own_interface == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < spec->n_exits; i++) {
		table->exit[i] = spec->exits[i];
		vtap_tally_ref(table->exit[i].tally);
		table->n_exits++;
	}
	table->n_own_interfaces = spec->n_own_interfaces;
	if (spec->n_own_interfaces == 0)
		return 0;
	memcpy(table->own_interface, spec->own_interfaces, spec->n_own_interfaces * sizeof(int));
	qsort(table->own_interface, table->n_own_interfaces, sizeof(int), index_compare);
	return 0;
}

int vtap_table_new(const struct vtap_table_spec *spec, struct vtap_table **ret_table)
{
	_auto(table) struct vtap_table *table = calloc(1, sizeof(*table));
	int r;

	if (table == NULL)
		return -ENOMEM;
	r = exits_copy(table, spec);
	if (r == 0)
		r = level_build(table, spec, VTAP_LEVEL_VNI, exact_build);
	if (r == 0)
		r = level_build(table, spec, VTAP_LEVEL_RANGE, ranges_build);
	if (r == 0)
		r = level_build(table, spec, VTAP_LEVEL_ANY, any_build);
	if (r == 0)
		r = allow_build(table, spec->allow, spec->n_allow);
	if (r < 0)
		return r;
	*ret_table = vtap_steal(&table);
	return 0;
}

void vtap_table_free(struct vtap_table *table)
{
	if (table == NULL)
		return;
	for (size_t i = 0; i < table->n_exits; i++)
		vtap_tally_unref(table->exit[i].tally);
	free(table->exit);
	free(table->own_interface);
	free(table->row);
	free(table->group);
	free(table->bucket);
	free(table->segment);
	free(table);
}

/* ---- looking up ---- */

static const struct vtap_row *group_find(
	const struct vtap_table *table, const struct group *group, const struct vtap_addr *source)
{
	struct vtap_addr masked;
	uint32_t low = group->first_row, high = group->first_row + group->n_rows;

	if (group->len == 0)
		return &table->row[low];
	masked = vtap_addr_masked(source, group->len);
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = vtap_addr_compare(&masked, &table->row[middle].source.addr);

		if (order == 0)
			return &table->row[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

static const struct vtap_row *list_find(
	const struct vtap_table *table, struct list list, const struct vtap_addr *source)
{
	for (uint32_t i = 0; i < list.n_groups; i++) {
		const struct vtap_row *row =
			group_find(table, &table->group[list.first_group + i], source);

		if (row != NULL)
			return row;
	}
	return NULL;
}

static struct list exact_find(const struct vtap_table *table, uint32_t vni)
{
	uint32_t i = vni_slot(table, vni);

	while (table->bucket[i].list.n_groups > 0 && table->bucket[i].vni != vni)
		i = (i + 1) & (table->n_buckets - 1);
	return table->bucket[i].list;
}

static struct list segment_find(const struct vtap_table *table, uint32_t vni)
{
	uint32_t low = 0, high = table->n_segments;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct segment *segment = &table->segment[middle];

		if (vtap_range_has(segment->vni, vni))
			return segment->list;
		if (vni < segment->vni.first)
			high = middle;
		else
			low = middle + 1;
	}
	return (struct list){ 0 };
}

static struct list level_find(const struct vtap_table *table, enum vtap_level level, uint32_t vni)
{
	if (level == VTAP_LEVEL_VNI)
		return exact_find(table, vni);
	return level == VTAP_LEVEL_RANGE ? segment_find(table, vni) : table->any;
}

enum vtap_verdict vtap_table_match(const struct vtap_table *table, uint32_t vni,
	const struct vtap_addr *source, struct vtap_match *ret_match)
{
	bool is_named = false;

	for (int level = 0; level < VTAP_LEVEL_COUNT; level++) {
		struct list list = level_find(table, (enum vtap_level)level, vni);
		const struct vtap_row *row = list_find(table, list, source);

		is_named = is_named || (level != VTAP_LEVEL_ANY && list.n_groups > 0);
		if (row == NULL)
			continue;
		*ret_match = (struct vtap_match){
			.i_session = row->i_session,
			.level = (enum vtap_level)level,
			.source = row->source,
		};
		return VTAP_VERDICT_DELIVERED;
	}
	return is_named ? VTAP_VERDICT_UNKNOWN_SOURCE : VTAP_VERDICT_UNKNOWN_VNI;
}

static size_t list_n_rows(const struct vtap_table *table, struct list list)
{
	size_t n = 0;

	for (uint32_t i = 0; i < list.n_groups; i++)
		n += table->group[list.first_group + i].n_rows;
	return n;
}

int vtap_table_prefixes(const struct vtap_table *table, uint32_t vni,
	struct vtap_prefix **ret_prefixes, size_t *ret_n)
{
	const struct list lists[] = {
		exact_find(table, vni),
		segment_find(table, vni),
		table->any,
		table->allow,
	};
	struct vtap_prefix *prefixes;
	size_t n_max = 1, n = 0;

	for (size_t i = 0; i < VTAP_ARRAY_LEN(lists); i++)
		n_max += list_n_rows(table, lists[i]);
	prefixes = calloc(n_max, sizeof(*prefixes));
	if (prefixes == NULL)
		return -ENOMEM;
	prefixes[n++] = VTAP_PREFIX_ANY;
	for (size_t i = 0; i < VTAP_ARRAY_LEN(lists); i++) { /* a list's rows lie together */
		size_t n_rows = list_n_rows(table, lists[i]);
		uint32_t first = n_rows > 0 ? table->group[lists[i].first_group].first_row : 0;

		for (size_t j = 0; j < n_rows; j++)
			prefixes[n++] = table->row[first + j].source;
	}
	*ret_prefixes = prefixes;
	*ret_n = n;
	return 0;
}

/* Rows of a list lie one behind the other, whatever their groups. */
static const struct vtap_row *list_rows(
	const struct vtap_table *table, const struct list *list, size_t *ret_n)
{
	size_t n = 0;

	for (uint32_t i = 0; i < list->n_groups; i++)
		n += table->group[list->first_group + i].n_rows;
	*ret_n = n;
	return n == 0 ? NULL : &table->row[table->group[list->first_group].first_row];
}

int vtap_table_walk(const struct vtap_table *table,
	int (*each)(void *arg, enum vtap_level level, struct vtap_range vni,
		const struct vtap_row *rows, size_t n),
	void *arg)
{
	const struct vtap_row *rows;
	size_t n;
	int r = 0;

	for (uint32_t i = 0; i < table->n_buckets && r == 0; i++) {
		const struct bucket *bucket = &table->bucket[i];

		rows = list_rows(table, &bucket->list, &n);
		if (n > 0)
			r = each(arg, VTAP_LEVEL_VNI,
				(struct vtap_range){ bucket->vni, bucket->vni }, rows, n);
	}
	for (uint32_t i = 0; i < table->n_segments && r == 0; i++) {
		rows = list_rows(table, &table->segment[i].list, &n);
		r = each(arg, VTAP_LEVEL_RANGE, table->segment[i].vni, rows, n);
	}
	rows = list_rows(table, &table->any, &n);
	if (n > 0 && r == 0)
		r = each(arg, VTAP_LEVEL_ANY, (struct vtap_range){ 0, VTAP_VNI_MAX }, rows, n);
	return r;
}

const struct vtap_row *vtap_table_allowed(const struct vtap_table *table, size_t *ret_n)
{
	const struct vtap_row *rows = list_rows(table, &table->allow, ret_n);

	return table->allows_all ? NULL : rows;
}

bool vtap_table_allows(const struct vtap_table *table, const struct vtap_addr *source)
{
	return table->allows_all || list_find(table, table->allow, source) != NULL;
}

bool vtap_table_is_own(const struct vtap_table *table, int interface_index)
{
	if (table->n_own_interfaces == 0)
		return false;
	return bsearch(&interface_index, table->own_interface, table->n_own_interfaces, sizeof(int),
		       index_compare) != NULL;
}

const struct vtap_exit *vtap_table_exit(const struct vtap_table *table, uint32_t i_session)
{
	return &table->exit[i_session];
}
