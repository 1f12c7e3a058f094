// SPDX-License-Identifier: Apache-2.0
#include "fastpath/guard.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "fastpath/guard.skel.h"
#include "fastpath/layout.h"
#include "fastpath/maps.h"

/* Rows of one request to the kernel; a bucket of the map must fit. */
#define BATCH 256

/* Twice what the map holds: a program that was in the middle of a frame when the window closed may
 * still add one, and nobody turns round for ever. */
#define ROUNDS_MAX (2 * VTAP_FAST_TALKS_MAX / BATCH)

static_assert(sizeof(*((struct vtap_guard_bpf *)NULL)->bss) == sizeof(struct vtap_fast_window),
	"the window is all that is written to that map");

/* Return: 0 or negative errno. */
static int fd_keep(int fd, int *ret_fd)
{
	*ret_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return *ret_fd < 0 ? -errno : 0;
}

static struct bpf_program *program_in(const struct vtap_guard_bpf *program, bool has_talks)
{
	return has_talks ? program->progs.vtapd_guard_in : program->progs.vtapd_guard_in_only;
}

/* The skeleton is not needed any more once its descriptors are kept. */
static int fds_keep(
	const struct vtap_guard_bpf *program, bool has_talks, struct vtap_fast_guard *guard)
{
	int r = fd_keep(bpf_program__fd(program_in(program, has_talks)), &guard->in_fd);

	if (r == 0)
		r = fd_keep(bpf_program__fd(program->progs.vtapd_guard_out), &guard->out_fd);
	if (r == 0)
		r = fd_keep(bpf_map__fd(program->maps.bss), &guard->window_fd);
	if (r == 0)
		r = fd_keep(bpf_map__fd(program->maps.talks), &guard->talks_fd);
	if (r == 0)
		r = vtap_program_id(guard->in_fd, &guard->in_id);
	if (r == 0)
		r = vtap_program_id(guard->out_fd, &guard->out_id);
	return r;
}

/* @log: what the kernel has to say of the program that is not to go without that */
static int guard_load(
	int guarded_fd, bool has_talks, struct vtap_maps_log *log, struct vtap_fast_guard *guard)
{
	struct vtap_guard_bpf *program = vtap_guard_bpf__open();
	int r = program == NULL ? -errno : 0;

	if (r == 0)
		r = bpf_program__set_autoload(program_in(program, !has_talks), false);
	if (r == 0 && log != NULL)
		r = bpf_program__set_log_buf(
			program_in(program, has_talks), log->text, sizeof(log->text));
	if (r == 0)
		r = bpf_map__reuse_fd(program->maps.guarded, guarded_fd);
	if (r == 0)
		r = vtap_guard_bpf__load(program);
	if (r == 0)
		r = fds_keep(program, has_talks, guard);
	vtap_guard_bpf__destroy(program);
	return r;
}

/* Not permitted, or no such thing: the other program would fare no better. */
static bool is_about_rights(int r)
{
	return r == -EPERM || r == -ENOSYS || r == -ENOMEM;
}

int vtap_fast_guard_load(int guarded_fd, struct vtap_fast_guard *ret_guard, struct vtap_err *err)
{
	_auto_free struct vtap_maps_log *log = calloc(1, sizeof(*log));
	int r = log == NULL ? -ENOMEM : 0;

	*ret_guard = VTAP_FAST_GUARD_NULL;
	if (r == 0)
		r = guard_load(guarded_fd, true, log, ret_guard);
	if (r < 0 && !is_about_rights(r)) {
		vtap_fast_guard_done(ret_guard);
		(void)vtap_maps_refused(/* returns what it was given */
			&ret_guard->talks_refused, r, "note TCP conversations", log);
		r = guard_load(guarded_fd, false, NULL, ret_guard);
	}
	return r < 0 ? vtap_maps_refused(err, r, "load the guard", NULL) : 0;
}

void vtap_fast_guard_done(struct vtap_fast_guard *guard)
{
	guard->in_fd = vtap_fd_close(guard->in_fd);
	guard->out_fd = vtap_fd_close(guard->out_fd);
	guard->window_fd = vtap_fd_close(guard->window_fd);
	guard->talks_fd = vtap_fd_close(guard->talks_fd);
}

/* ---- windows ---- */

static int window_write(const struct vtap_fast_guard *guard, const struct vtap_fast_window *window)
{
	static const uint32_t ZERO;

	return bpf_map_update_elem(guard->window_fd, &ZERO, window, BPF_ANY) < 0 ? -errno : 0;
}

/** struct batch - rows that were taken out of the map */
struct batch {
	struct vtap_fast_talk_key key[BATCH];
	struct vtap_fast_talk talk[BATCH];
	uint32_t n;
};

/* Takes all out. @each: NULL: nobody wants to know. Source: linux/bpf.h
 * BPF_MAP_LOOKUP_AND_DELETE_BATCH, for hash maps since Linux 5.6: -ENOENT with the last rows. */
static int talks_take(const struct vtap_fast_guard *guard,
	void (*each)(
		void *arg, const struct vtap_fast_talk_key *key, const struct vtap_fast_talk *talk),
	void *arg)
{
	_auto_free struct batch *batch = malloc(sizeof(*batch));
	uint32_t at = 0;
	int r = batch == NULL ? -ENOMEM : 0;

	for (unsigned i = 0; i < ROUNDS_MAX && r == 0; i++) {
		batch->n = BATCH;
		r = bpf_map_lookup_and_delete_batch(guard->talks_fd, i == 0 ? NULL : &at, &at,
			batch->key, batch->talk, &batch->n, NULL);
		if (r < 0 && r != -ENOENT)
			return r;
		for (uint32_t j = 0; j < batch->n && each != NULL; j++)
			each(arg, &batch->key[j], &batch->talk[j]);
	}
	return r == -ENOENT ? 0 : r;
}

int vtap_fast_guard_open_window(
	const struct vtap_fast_guard *guard, const struct vtap_fast_window *window)
{
	struct vtap_fast_window later = *window;
	int r = guard->talks_refused.text[0] != '\0' ? -EOPNOTSUPP : 0;

	if (r == 0)
		r = talks_take(guard, NULL, NULL); /* what came in when the last one closed */
	/* the kernel writes it word by word: when it is to be used it must be whole */
	later.until_ns = 0;
	if (r == 0)
		r = window_write(guard, &later);
	return r == 0 ? window_write(guard, window) : r;
}

int vtap_fast_guard_close_window(const struct vtap_fast_guard *guard,
	void (*each)(
		void *arg, const struct vtap_fast_talk_key *key, const struct vtap_fast_talk *talk),
	void *arg)
{
	static const struct vtap_fast_window SHUT;
	int r = window_write(guard, &SHUT);

	return r == 0 ? talks_take(guard, each, arg) : r;
}
