// SPDX-License-Identifier: Apache-2.0
/* Built without libbpf or without clang: there is no fast path and no guard, and open says so. */
#include <errno.h>

#include "fastpath/state.h"
#include "fastpath/steer.h"

int vtap_fastpath_open(const char *pin_dir, size_t n_slots, const struct vtap_fastpath *former,
	struct vtap_fastpath **ret_fastpath, struct vtap_err *err)
{
	(void)pin_dir;
	(void)n_slots;
	(void)former;
	(void)ret_fastpath;
	return vtap_err_set(err, -EOPNOTSUPP, "vtapd was built without it");
}

int vtap_fastpath_forget(const char *pin_dir)
{
	(void)pin_dir; /* it never pinned anything */
	return 0;
}

/* ---- what needs an open one: never called ---- */

void vtap_fastpath_close(struct vtap_fastpath *fastpath)
{
	(void)fastpath;
}

size_t vtap_fastpath_n_slots(const struct vtap_fastpath *fastpath)
{
	(void)fastpath;
	return 0;
}

bool vtap_fastpath_can_grow(const struct vtap_fastpath *fastpath)
{
	(void)fastpath;
	return false;
}

bool vtap_fastpath_is_continued(const struct vtap_fastpath *fastpath)
{
	(void)fastpath;
	return false;
}

bool vtap_fastpath_is_pinned(const struct vtap_fastpath *fastpath)
{
	(void)fastpath;
	return false;
}

int vtap_fastpath_guard(const struct vtap_fastpath *fastpath, bool is_ingress, uint32_t *ret_id)
{
	(void)fastpath;
	(void)is_ingress;
	*ret_id = 0;
	return -1;
}

uint32_t vtap_fastpath_take_slot(struct vtap_fastpath *fastpath, enum vtap_fast_kind kind,
	const char *name, uint64_t now_wall_ns, bool *ret_is_new)
{
	(void)fastpath;
	(void)ret_is_new;
	(void)kind;
	(void)name;
	(void)now_wall_ns;
	return 0;
}

void vtap_fastpath_keep_slots(struct vtap_fastpath *fastpath)
{
	(void)fastpath;
}

void vtap_fastpath_retire_slots(struct vtap_fastpath *fastpath, uint64_t now_ns)
{
	(void)fastpath;
	(void)now_ns;
}

void vtap_fastpath_note_last(struct vtap_fastpath *fastpath, uint32_t slot, uint64_t wall_ns)
{
	(void)fastpath;
	(void)slot;
	(void)wall_ns;
}

uint64_t vtap_fastpath_last(const struct vtap_fastpath *fastpath, uint32_t slot)
{
	(void)fastpath;
	(void)slot;
	return 0;
}

int vtap_fastpath_keep(
	struct vtap_fastpath *fastpath, uint32_t slot, const struct vtap_fast_kept *kept)
{
	(void)fastpath;
	(void)slot;
	(void)kept;
	return -EOPNOTSUPP;
}

int vtap_fastpath_kept(
	const struct vtap_fastpath *fastpath, uint32_t slot, struct vtap_fast_kept *ret_kept)
{
	(void)fastpath;
	(void)slot;
	(void)ret_kept;
	return -EOPNOTSUPP;
}

uint64_t vtap_fastpath_since(const struct vtap_fastpath *fastpath)
{
	(void)fastpath;
	return 0;
}

int vtap_fastpath_sample(struct vtap_fastpath *fastpath, uint64_t now_ns)
{
	(void)fastpath;
	(void)now_ns;
	return -EOPNOTSUPP;
}

const struct vtap_fast_totals *vtap_fastpath_totals(
	const struct vtap_fastpath *fastpath, uint32_t slot)
{
	static const struct vtap_fast_totals NOTHING;

	(void)fastpath;
	(void)slot;
	return &NOTHING;
}

int vtap_fastpath_flows(struct vtap_fastpath *fastpath,
	void (*each)(void *arg, const struct vtap_fast_seen *seen), void *arg)
{
	(void)fastpath;
	(void)each;
	(void)arg;
	return -EOPNOTSUPP;
}

const char *vtap_fastpath_talks_refused(const struct vtap_fastpath *fastpath)
{
	(void)fastpath;
	return NULL;
}

int vtap_fastpath_open_window(
	const struct vtap_fastpath *fastpath, const struct vtap_fast_window *window)
{
	(void)fastpath;
	(void)window;
	return -EOPNOTSUPP;
}

int vtap_fastpath_close_window(const struct vtap_fastpath *fastpath,
	void (*each)(
		void *arg, const struct vtap_fast_talk_key *key, const struct vtap_fast_talk *talk),
	void *arg)
{
	(void)fastpath;
	(void)each;
	(void)arg;
	return -EOPNOTSUPP;
}

int vtap_steer_new(struct vtap_fastpath *fastpath, const struct vtap_steer_spec *spec,
	struct vtap_steer **ret_steer, struct vtap_err *err)
{
	(void)fastpath;
	(void)spec;
	(void)ret_steer;
	return vtap_err_set(err, -EOPNOTSUPP, "vtapd was built without it");
}

int vtap_steer_program(const struct vtap_steer *steer, const size_t *i_targets, size_t n,
	bool has_ipv6, int *ret_fd, uint32_t *ret_id, struct vtap_err *err)
{
	(void)steer;
	(void)i_targets;
	(void)n;
	(void)has_ipv6;
	(void)ret_fd;
	(void)ret_id;
	return vtap_err_set(err, -EOPNOTSUPP, "vtapd was built without it");
}

void vtap_steer_free(struct vtap_steer *steer)
{
	(void)steer;
}
