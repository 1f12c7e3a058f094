// SPDX-License-Identifier: Apache-2.0
#include "fastpath/state.h"

#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/clock.h"
#include "fastpath/flows.h"
#include "fastpath/guard.h"
#include "fastpath/layout.h"
#include "fastpath/maps.h"

/* How long a page stays open, and so how long a frame may be on its way. */
#define PAGE_NS VTAP_NS_PER_S

/* How long a slot that was given back is left alone: no program counts there any more, and what it
 * handed over has arrived. */
#define FREED_NS (3 * VTAP_NS_PER_S)

/* A slot that was given back, while the present programs may know it. */
#define NOT_YET UINT64_MAX

/* Between two notes of when a session's last frame came. */
#define NOTE_NS (5 * VTAP_NS_PER_S)

struct slot {
	struct vtap_fast_name owner; /* kind 0: free */
	bool is_taken;               /* since the last vtap_fastpath_keep_slots() */
	uint64_t freed_ns;           /* 0: it is not on its way out */
	uint64_t settled[2];         /* lost, by page */
	uint64_t surplus[2];         /* guarded and not steered here: by programs with other maps */
	struct vtap_fast_totals totals;
};

struct vtap_fastpath {
	struct vtap_maps maps;
	bool is_continued;
	bool is_pinned;
	unsigned n_cpus; /* that there can be: rows of a per-CPU map */
	struct vtap_fast_guard guard;
	struct slot *slot; /* maps.n_slots */
	uint32_t n_used;   /* 1 + the highest slot that was ever used */
	uint32_t i_found;  /* where the last search ended: the next is behind it mostly */
	uint32_t i_open;   /* page */
	uint64_t turned_ns;
	struct vtap_fast_steered *steered; /* n_read rows of n_cpus */
	struct vtap_fast_guarded *guarded;
	uint32_t n_read;
	struct vtap_flows flows;
};

/* ---- opening ---- */

static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level; /* lib never prints: what failed travels as an error */
	(void)format;
	(void)args;
	return 0;
}

static uint32_t slots_needed(size_t n_owners)
{
	uint32_t n = VTAP_FAST_SLOTS_MIN;

	while (n < VTAP_FAST_SLOTS_MAX && n < 2 * (n_owners + 1)) /* those on their way out, too */
		n *= 2;
	return n;
}

/* Who has which slot, as the process before us left it. */
static int names_read(struct vtap_fastpath *fastpath)
{
	int fd = fastpath->maps.fd[VTAP_MAP_NAMES];

	for (uint32_t i = 1; i < fastpath->maps.n_slots; i++) {
		struct slot *slot = &fastpath->slot[i];

		if (bpf_map_lookup_elem(fd, &i, &slot->owner) < 0)
			return -errno;
		slot->owner.name[sizeof(slot->owner.name) - 1] = '\0';
		if (slot->owner.kind != 0)
			fastpath->n_used = i + 1;
	}
	return 0;
}

static int page_read(struct vtap_fastpath *fastpath)
{
	static const uint32_t ZERO;
	uint32_t page = 0;

	if (bpf_map_lookup_elem(fastpath->maps.fd[VTAP_MAP_PAGE], &ZERO, &page) < 0)
		return -errno;
	fastpath->i_open = page != 0;
	return 0;
}

static int maps_open(
	struct vtap_fastpath *fastpath, const char *pin_dir, uint32_t n_slots, struct vtap_err *err)
{
	int r = pin_dir != NULL ? vtap_maps_find(pin_dir, n_slots, &fastpath->maps)
				: VTAP_MAPS_NONE;

	fastpath->is_continued = fastpath->is_pinned = r == 0;
	if (r == VTAP_MAPS_NONE) {
		r = vtap_maps_make(n_slots, &fastpath->maps, err);
		if (r == 0 && pin_dir != NULL)
			fastpath->is_pinned = vtap_maps_pin(&fastpath->maps, pin_dir) == 0;
	}
	return r;
}

static int slots_open(struct vtap_fastpath *fastpath)
{
	fastpath->slot = calloc(fastpath->maps.n_slots, sizeof(*fastpath->slot));
	fastpath->n_used = 1;
	if (fastpath->slot == NULL)
		return -ENOMEM;
	return fastpath->is_continued ? names_read(fastpath) : 0;
}

static int owner_write(struct vtap_fastpath *fastpath, uint32_t i)
{
	return bpf_map_update_elem(
		fastpath->maps.fd[VTAP_MAP_NAMES], &i, &fastpath->slot[i].owner, BPF_ANY);
}

/* What was counted for a slot so far, into its row of the first CPU: the totals go on, also for the
 * process after us. */
static int slot_seed(struct vtap_fastpath *fastpath, uint32_t i, const struct slot *former)
{
	const struct vtap_fast_totals *totals = &former->totals;
	size_t n = fastpath->n_cpus;
	_auto_free struct vtap_fast_steered *steered = calloc(n, sizeof(*steered));
	_auto_free struct vtap_fast_guarded *guarded = calloc(n, sizeof(*guarded));

	if (steered == NULL || guarded == NULL)
		return -ENOMEM;
	if (former->owner.kind == VTAP_FAST_KIND_TARGET) {
		struct vtap_fast_looked looked = { totals->looked, totals->no_listener, { 0 } };

		memcpy(steered, &looked, sizeof(looked));
	} else {
		steered->frames[0] = totals->delivered + totals->lost;
		steered->truncated = totals->truncated;
		steered->reserved_bits = totals->reserved_bits;
		guarded->frames[0] = totals->delivered;
		guarded->bytes = totals->bytes;
	}
	if (bpf_map_update_elem(fastpath->maps.fd[VTAP_MAP_STEERED], &i, steered, BPF_ANY) < 0 ||
		bpf_map_update_elem(fastpath->maps.fd[VTAP_MAP_GUARDED], &i, guarded, BPF_ANY) < 0)
		return -errno;
	return 0;
}

/* Everybody keeps his number and his counts. */
static int slots_follow(struct vtap_fastpath *fastpath, const struct vtap_fastpath *former)
{
	struct vtap_fast_kept kept;
	int r = 0;

	fastpath->n_used = former->n_used;
	for (uint32_t i = 1; i < former->n_used && r == 0; i++) {
		fastpath->slot[i].owner = former->slot[i].owner;
		fastpath->slot[i].totals = former->slot[i].totals;
		fastpath->slot[i].settled[0] = former->slot[i].totals.lost;
		r = slot_seed(fastpath, i, &former->slot[i]);
		if (r == 0)
			r = vtap_fastpath_kept(former, i, &kept);
		if (r == 0)
			r = vtap_fastpath_keep(fastpath, i, &kept);
		if (r == 0)
			r = owner_write(fastpath, i);
	}
	return r;
}

int vtap_fastpath_open(const char *pin_dir, size_t n_slots, const struct vtap_fastpath *former,
	struct vtap_fastpath **ret_fastpath, struct vtap_err *err)
{
	_auto(fastpath) struct vtap_fastpath *fastpath = calloc(1, sizeof(*fastpath));
	uint32_t n_wanted;
	int n_cpus, r;

	if (fastpath == NULL)
		return -ENOMEM;
	fastpath->maps = VTAP_MAPS_NULL;
	fastpath->guard = VTAP_FAST_GUARD_NULL;
	(void)libbpf_set_print(quiet); /* the former one */
	n_cpus = libbpf_num_possible_cpus();
	if (n_cpus < 0)
		return vtap_maps_refused(err, n_cpus, "count the processors", NULL);
	fastpath->n_cpus = (unsigned)n_cpus;
	n_wanted = slots_needed(n_slots);
	if (former != NULL && n_wanted <= former->maps.n_slots)
		n_wanted = former->maps.n_slots < VTAP_FAST_SLOTS_MAX ? 2 * former->maps.n_slots
								      : VTAP_FAST_SLOTS_MAX;
	r = maps_open(fastpath, pin_dir, n_wanted, err);
	if (r == 0)
		r = vtap_fast_guard_load(
			fastpath->maps.fd[VTAP_MAP_GUARDED], &fastpath->guard, err);
	if (r == 0)
		r = slots_open(fastpath);
	if (r == 0 && former != NULL)
		r = slots_follow(fastpath, former);
	if (r == 0)
		r = page_read(fastpath);
	if (r == 0)
		*ret_fastpath = vtap_steal(&fastpath);
	return r;
}

void vtap_fastpath_close(struct vtap_fastpath *fastpath)
{
	if (fastpath == NULL)
		return;
	vtap_flows_done(&fastpath->flows);
	free(fastpath->steered);
	free(fastpath->guarded);
	free(fastpath->slot);
	vtap_fast_guard_done(&fastpath->guard);
	vtap_maps_done(&fastpath->maps);
	free(fastpath);
}

size_t vtap_fastpath_n_slots(const struct vtap_fastpath *fastpath)
{
	return fastpath->maps.n_slots;
}

bool vtap_fastpath_can_grow(const struct vtap_fastpath *fastpath)
{
	return fastpath->maps.n_slots < VTAP_FAST_SLOTS_MAX;
}

bool vtap_fastpath_is_continued(const struct vtap_fastpath *fastpath)
{
	return fastpath->is_continued;
}

bool vtap_fastpath_is_pinned(const struct vtap_fastpath *fastpath)
{
	return fastpath->is_pinned;
}

int vtap_fastpath_guard(const struct vtap_fastpath *fastpath, bool is_ingress, uint32_t *ret_id)
{
	*ret_id = is_ingress ? fastpath->guard.in_id : fastpath->guard.out_id;
	return is_ingress ? fastpath->guard.in_fd : fastpath->guard.out_fd;
}

int vtap_fastpath_forget(const char *pin_dir)
{
	return vtap_maps_unpin(pin_dir);
}

const struct vtap_maps *vtap_fastpath_maps(const struct vtap_fastpath *fastpath)
{
	return &fastpath->maps;
}

/* ---- slots ---- */

static char kind_letter(enum vtap_fast_kind kind)
{
	return kind == VTAP_FAST_SESSION ? VTAP_FAST_KIND_SESSION : VTAP_FAST_KIND_TARGET;
}

/* The slot of an owner, looked for from where the last one was; 0 when it has none. */
static uint32_t slot_find(const struct vtap_fastpath *fastpath, char kind, const char *name)
{
	uint32_t n = fastpath->n_used;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = (fastpath->i_found + 1 + i) % n;
		const struct slot *slot = &fastpath->slot[at];

		if (at != 0 && slot->owner.kind == kind && strcmp(slot->owner.name, name) == 0)
			return at;
	}
	return 0;
}

static uint32_t slot_find_free(const struct vtap_fastpath *fastpath)
{
	for (uint32_t i = fastpath->n_used; i < fastpath->maps.n_slots; i++)
		if (fastpath->slot[i].owner.kind == 0)
			return i;
	for (uint32_t i = 1; i < fastpath->n_used; i++)
		if (fastpath->slot[i].owner.kind == 0)
			return i;
	return 0;
}

int vtap_fastpath_keep(
	struct vtap_fastpath *fastpath, uint32_t slot, const struct vtap_fast_kept *kept)
{
	if (bpf_map_update_elem(fastpath->maps.fd[VTAP_MAP_KEPT], &slot, kept, BPF_ANY) < 0)
		return -errno;
	return 0;
}

int vtap_fastpath_kept(
	const struct vtap_fastpath *fastpath, uint32_t slot, struct vtap_fast_kept *ret_kept)
{
	if (bpf_map_lookup_elem(fastpath->maps.fd[VTAP_MAP_KEPT], &slot, ret_kept) < 0)
		return -errno;
	return 0;
}

/* Nothing is counted in it. */
static int slot_zero(struct vtap_fastpath *fastpath, uint32_t i)
{
	static const struct vtap_fast_kept NOTHING;
	_auto_free void *zero = calloc(fastpath->n_cpus, sizeof(struct vtap_fast_steered));

	if (zero == NULL)
		return -ENOMEM;
	if (bpf_map_update_elem(fastpath->maps.fd[VTAP_MAP_STEERED], &i, zero, BPF_ANY) < 0 ||
		bpf_map_update_elem(fastpath->maps.fd[VTAP_MAP_GUARDED], &i, zero, BPF_ANY) < 0)
		return -errno;
	return vtap_fastpath_keep(fastpath, i, &NOTHING);
}

static int slot_begin(struct vtap_fastpath *fastpath, uint32_t i, char kind, const char *name,
	uint64_t now_wall_ns)
{
	struct slot *slot = &fastpath->slot[i];
	int r = slot_zero(fastpath, i);

	if (r < 0)
		return r;
	*slot = (struct slot){ .owner = { .kind = kind, .since_wall_ns = now_wall_ns } };
	(void)snprintf(slot->owner.name, sizeof(slot->owner.name), "%s", name); /* fits */
	r = owner_write(fastpath, i);
	if (r < 0)
		slot->owner.kind = 0;
	else if (i >= fastpath->n_used)
		fastpath->n_used = i + 1;
	return r;
}

uint32_t vtap_fastpath_take_slot(struct vtap_fastpath *fastpath, enum vtap_fast_kind kind,
	const char *name, uint64_t now_wall_ns, bool *ret_is_new)
{
	uint32_t i = slot_find(fastpath, kind_letter(kind), name);

	*ret_is_new = i == 0;
	if (i == 0) {
		i = slot_find_free(fastpath);
		if (i == 0 || slot_begin(fastpath, i, kind_letter(kind), name, now_wall_ns) < 0)
			return 0;
	}
	fastpath->slot[i].is_taken = true;
	fastpath->slot[i].freed_ns = 0;
	fastpath->i_found = i;
	return i;
}

void vtap_fastpath_keep_slots(struct vtap_fastpath *fastpath)
{
	for (uint32_t i = 1; i < fastpath->n_used; i++) {
		struct slot *slot = &fastpath->slot[i];

		if (slot->owner.kind != 0 && !slot->is_taken && slot->freed_ns == 0)
			slot->freed_ns = NOT_YET;
		slot->is_taken = false;
	}
}

void vtap_fastpath_retire_slots(struct vtap_fastpath *fastpath, uint64_t now_ns)
{
	for (uint32_t i = 1; i < fastpath->n_used; i++)
		if (fastpath->slot[i].freed_ns == NOT_YET)
			fastpath->slot[i].freed_ns = now_ns;
}

void vtap_fastpath_note_last(struct vtap_fastpath *fastpath, uint32_t slot, uint64_t wall_ns)
{
	struct vtap_fast_name *owner = &fastpath->slot[slot].owner;

	if (wall_ns < owner->last_wall_ns + NOTE_NS)
		return;
	owner->last_wall_ns = wall_ns;
	(void)owner_write(fastpath, slot); /* refused: it is older after a restart */
}

uint64_t vtap_fastpath_last(const struct vtap_fastpath *fastpath, uint32_t slot)
{
	return fastpath->slot[slot].owner.last_wall_ns;
}

/* Slots that nobody counts in any more: others may have them. */
static void slots_free(struct vtap_fastpath *fastpath, uint64_t now_ns)
{
	for (uint32_t i = 1; i < fastpath->n_used; i++) {
		uint64_t freed_ns = fastpath->slot[i].freed_ns;

		if (freed_ns == 0 || freed_ns == NOT_YET || now_ns - freed_ns < FREED_NS ||
			slot_zero(fastpath, i) < 0)
			continue;
		fastpath->slot[i] = (struct slot){ 0 };
		(void)owner_write(fastpath, i); /* refused: it is nobody's after a restart, too */
	}
}

uint64_t vtap_fastpath_since(const struct vtap_fastpath *fastpath)
{
	uint64_t oldest_ns = 0;

	for (uint32_t i = 1; i < fastpath->n_used; i++) {
		const struct vtap_fast_name *owner = &fastpath->slot[i].owner;

		if (owner->kind != 0 && (oldest_ns == 0 || owner->since_wall_ns < oldest_ns))
			oldest_ns = owner->since_wall_ns;
	}
	return oldest_ns;
}

/* ---- counters ---- */

/* The first @n rows of a per-CPU array. Source: linux/bpf.h BPF_MAP_LOOKUP_BATCH, for these maps
 * since Linux 5.13; at the end of the map it says -ENOENT. */
static int rows_read(int fd, uint32_t n, void *values)
{
	_auto_free uint32_t *keys = calloc(n, sizeof(*keys));
	uint32_t at = 0;
	int r;

	if (keys == NULL)
		return -ENOMEM;
	r = bpf_map_lookup_batch(fd, NULL, &at, keys, values, &n, NULL);
	return r == -ENOENT ? 0 : r;
}

static int rows_make_room(struct vtap_fastpath *fastpath)
{
	size_t n = (size_t)fastpath->n_used * fastpath->n_cpus;
	void *steered, *guarded;

	if (fastpath->n_read == fastpath->n_used)
		return 0;
	steered = reallocarray(fastpath->steered, n, sizeof(*fastpath->steered));
	if (steered == NULL)
		return -ENOMEM;
	fastpath->steered = steered;
	guarded = reallocarray(fastpath->guarded, n, sizeof(*fastpath->guarded));
	if (guarded == NULL)
		return -ENOMEM;
	fastpath->guarded = guarded;
	fastpath->n_read = fastpath->n_used;
	return 0;
}

/* A target's row has other columns. */
static void target_sum(const struct vtap_fastpath *fastpath, uint32_t i)
{
	struct vtap_fast_totals totals = { 0 };

	for (unsigned cpu = 0; cpu < fastpath->n_cpus; cpu++) {
		struct vtap_fast_looked looked;

		memcpy(&looked, &fastpath->steered[(size_t)i * fastpath->n_cpus + cpu],
			sizeof(looked));
		totals.looked += looked.looked;
		totals.no_listener += looked.no_listener;
	}
	fastpath->slot[i].totals = totals;
}

/* What was found lost stays so: a process that takes up the maps has closed no page yet. */
static uint64_t lost_keep(struct vtap_fastpath *fastpath, uint32_t i)
{
	struct slot *slot = &fastpath->slot[i];
	uint64_t lost = slot->settled[0] + slot->settled[1];

	if (lost > slot->owner.lost) {
		slot->owner.lost = lost;
		(void)owner_write(fastpath, i); /* refused: found again two pages after a start */
	}
	return slot->owner.lost;
}

/* @settles: the closed page has been closed long enough for everything to have arrived. */
static void session_sum(struct vtap_fastpath *fastpath, uint32_t i, bool settles)
{
	struct slot *slot = &fastpath->slot[i];
	unsigned i_closed = fastpath->i_open ^ 1U;
	uint64_t steered[2] = { 0 }, guarded[2] = { 0 };
	struct vtap_fast_totals totals = { 0 };

	for (unsigned cpu = 0; cpu < fastpath->n_cpus; cpu++) {
		size_t at = (size_t)i * fastpath->n_cpus + cpu;

		for (unsigned page = 0; page < 2; page++) {
			steered[page] += fastpath->steered[at].frames[page];
			guarded[page] += fastpath->guarded[at].frames[page];
		}
		totals.bytes += fastpath->guarded[at].bytes;
		totals.truncated += fastpath->steered[at].truncated;
		totals.reserved_bits += fastpath->steered[at].reserved_bits;
	}
	if (settles && guarded[i_closed] > steered[i_closed] + slot->surplus[i_closed])
		slot->surplus[i_closed] = guarded[i_closed] - steered[i_closed];
	if (settles)
		slot->settled[i_closed] =
			steered[i_closed] + slot->surplus[i_closed] - guarded[i_closed];
	totals.delivered = guarded[0] + guarded[1];
	totals.steered = steered[0] + steered[1];
	totals.lost = lost_keep(fastpath, i);
	slot->totals = totals;
}

static int page_turn(struct vtap_fastpath *fastpath, uint64_t now_ns)
{
	static const uint32_t ZERO;
	uint32_t page = fastpath->i_open == 0 ? VTAP_FAST_PAGE_BIT : 0;

	if (bpf_map_update_elem(fastpath->maps.fd[VTAP_MAP_PAGE], &ZERO, &page, BPF_ANY) < 0)
		return -errno;
	fastpath->i_open ^= 1U;
	fastpath->turned_ns = now_ns;
	return 0;
}

int vtap_fastpath_sample(struct vtap_fastpath *fastpath, uint64_t now_ns)
{
	bool settles = fastpath->turned_ns != 0 && now_ns - fastpath->turned_ns >= PAGE_NS;
	int r = rows_make_room(fastpath);

	/* those that arrived last: nothing that was handed over can be counted as on its way */
	if (r == 0)
		r = rows_read(
			fastpath->maps.fd[VTAP_MAP_STEERED], fastpath->n_used, fastpath->steered);
	if (r == 0)
		r = rows_read(
			fastpath->maps.fd[VTAP_MAP_GUARDED], fastpath->n_used, fastpath->guarded);
	if (r < 0)
		return r;
	for (uint32_t i = 1; i < fastpath->n_used; i++) {
		if (fastpath->slot[i].owner.kind == VTAP_FAST_KIND_TARGET)
			target_sum(fastpath, i);
		else
			session_sum(fastpath, i, settles);
	}
	slots_free(fastpath, now_ns);
	return settles || fastpath->turned_ns == 0 ? page_turn(fastpath, now_ns) : 0;
}

const struct vtap_fast_totals *vtap_fastpath_totals(
	const struct vtap_fastpath *fastpath, uint32_t slot)
{
	return &fastpath->slot[slot].totals;
}

int vtap_fastpath_flows(struct vtap_fastpath *fastpath,
	void (*each)(void *arg, const struct vtap_fast_seen *seen), void *arg)
{
	return vtap_flows_look(&fastpath->flows, &fastpath->maps, fastpath->n_cpus, each, arg);
}

/* ---- conversations ---- */

const char *vtap_fastpath_talks_refused(const struct vtap_fastpath *fastpath)
{
	const char *text = fastpath->guard.talks_refused.text;

	return text[0] != '\0' ? text : NULL;
}

int vtap_fastpath_open_window(
	const struct vtap_fastpath *fastpath, const struct vtap_fast_window *window)
{
	return vtap_fast_guard_open_window(&fastpath->guard, window);
}

int vtap_fastpath_close_window(const struct vtap_fastpath *fastpath,
	void (*each)(
		void *arg, const struct vtap_fast_talk_key *key, const struct vtap_fast_talk *talk),
	void *arg)
{
	return vtap_fast_guard_close_window(&fastpath->guard, each, arg);
}
