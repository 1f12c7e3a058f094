// SPDX-License-Identifier: Apache-2.0
/*
 * How it works. A target wants the program on the underlays that it names, or, with `auto`, on
 * those that packets were seen to come in on; those learned are remembered, and found again after
 * a restart by the programs that are still attached to them. A turn makes programs anew when the
 * tables, the addresses of this host, or the tap interfaces that can be steered to have changed,
 * and puts them in place one by one: each is a replacement, so every packet meets the old program
 * or the new one. Otherwise it only looks at the hooks that somebody touched.
 *
 * A program is made for an underlay, because targets may share a port on different ones. It is
 * steered only to tap interfaces that have their guard.
 */
#include "daemon/steering.h"

#include <errno.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "daemon/log.h"
#include "daemon/manager.h"
#include "daemon/options.h"
#include "daemon/steering_state.h"

/* What the unit has bound to VTAP_RUNTIME_DIR/bpf, for who looks from outside of the unit. */
static const char UNIT_PIN_DIR[] = "/sys/fs/bpf/vtapd";

/* Until a new try where something was refused: permissions do not come by themselves. */
#define RETRY_NS (60 * VTAP_NS_PER_S)

/* ---- life ---- */

/* Can pins be made and removed in this folder? */
static bool is_pin_dir(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && (uint32_t)fs.f_type == BPF_FS_MAGIC &&
	       access(path, W_OK) == 0;
}

static char *pin_dir_find(const char *runtime_dir)
{
	_auto_free char *path = vtap_text_format("%s/bpf", runtime_dir);

	return path != NULL && is_pin_dir(path) ? vtap_steal(&path) : NULL;
}

int vtap_steering_new(
	struct vtap_nl *nl, const char *runtime_dir, struct vtap_steering **ret_steering)
{
	struct vtap_steering *steering = calloc(1, sizeof(*steering));

	if (steering == NULL)
		return -ENOMEM;
	steering->nl = nl;
	steering->pin_dir = pin_dir_find(runtime_dir);
	*ret_steering = steering;
	return 0;
}

void vtap_steering_free(struct vtap_steering *steering)
{
	if (steering == NULL)
		return;
	vtap_steer_free(steering->steer);
	vtap_fastpath_close(steering->fastpath);
	free(steering->pin_dir);
	free(steering->exits);
	free(steering->own);
	free(steering->account);
	free(steering->session_slot);
	free(steering->target_slot);
	free(steering->watched);
	free(steering);
}

/* ---- what programs are made of ---- */

/* Where frames of each session can be steered to. Return: is it another answer than the last? */
static int exits_update(struct vtap_manager *manager, bool *ret_is_changed)
{
	struct vtap_steering *steering = manager->steering;
	size_t n = manager->conf->n_sessions;
	struct vtap_steer_exit *exits = calloc(n + 1, sizeof(*exits));

	if (exits == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const struct vtap_interface *interface = vtap_interfaces_find(
			manager->interfaces, manager->conf->sessions[i].interface);
		int index =
			interface != NULL && interface->fd >= 0 ? interface->wish.held_index : 0;

		exits[i].slot = steering->session_slot[i];
		if (index != 0 &&
			vtap_guards_is_on(vtap_interfaces_guards(manager->interfaces), index))
			exits[i].ifindex = index;
	}
	*ret_is_changed = *ret_is_changed || n != steering->n_exits ||
			  (n > 0 && memcmp(exits, steering->exits, n * sizeof(*exits)) != 0);
	free(steering->exits);
	steering->exits = exits;
	steering->n_exits = n;
	return 0;
}

static int own_update(struct vtap_steering *steering, bool *ret_is_changed, struct vtap_err *err)
{
	struct vtap_own_address *own = NULL;
	size_t n = 0;
	int r = steering->has_own ? 0 : vtap_addresses_dump(steering->nl, &own, &n, err);

	if (r < 0 || steering->has_own)
		return r;
	*ret_is_changed = *ret_is_changed || n != steering->n_own ||
			  (n > 0 && memcmp(own, steering->own, n * sizeof(*own)) != 0);
	free(steering->own);
	steering->own = own;
	steering->n_own = n;
	steering->has_own = true;
	return 0;
}

/* A number that no program had before, not even one of an earlier process. */
static uint64_t id_next(struct vtap_steering *steering)
{
	uint64_t now_ns = vtap_clock_mono_ns(); /* the kernel's maps do not outlive its clock */

	steering->last_id = now_ns > steering->last_id ? now_ns : steering->last_id + 1;
	return steering->last_id;
}

static int steer_make(struct vtap_manager *manager, struct vtap_err *err)
{
	struct vtap_steering *steering = manager->steering;
	size_t n_targets = manager->conf->n_targets < VTAP_STEER_TARGETS_MAX
				   ? manager->conf->n_targets
				   : VTAP_STEER_TARGETS_MAX;
	_auto_free struct vtap_steer_target *targets = calloc(n_targets + 1, sizeof(*targets));
	_auto_free struct vtap_addr *own = calloc(steering->n_own + 1, sizeof(*own));
	struct vtap_steer *steer = NULL;
	int r = targets == NULL || own == NULL ? -ENOMEM : 0;

	for (size_t i = 0; i < steering->n_own && r == 0; i++)
		own[i] = steering->own[i].addr;
	for (size_t i = 0; i < n_targets && r == 0; i++)
		targets[i] = (struct vtap_steer_target){
			.table = vtap_intake_table(manager->intake[i]),
			.port = manager->conf->targets[i].port,
			.slot = steering->target_slot[i],
		};
	if (r == 0)
		r = vtap_steer_new(steering->fastpath,
			&(struct vtap_steer_spec){
				.targets = targets,
				.n_targets = n_targets,
				.exits = steering->exits,
				.own = own,
				.n_own = steering->n_own,
				.id = id_next(steering),
			},
			&steer, err);
	if (r < 0)
		return r;
	vtap_steer_free(steering->steer);
	steering->steer = steer;
	return 0;
}

/* ---- attaching ---- */

static bool is_foreign(
	struct vtap_steering *steering, const struct vtap_underlay *underlay, struct vtap_err *err)
{
	struct vtap_filter filter;
	int r = vtap_clsact_find(steering->nl, underlay->index, VTAP_HOOK_INGRESS, &filter, NULL);

	if (r != VTAP_CLSACT_FOREIGN && (r != 0 || strcmp(filter.name, VTAP_STEERING_NAME) == 0))
		return false;
	(void)vtap_err_set(err, -EEXIST,
		"somebody else's filter has the place of ours (pref %d), left alone",
		VTAP_TC_PRIORITY);
	return true;
}

static int program_put(
	struct vtap_steering *steering, struct vtap_underlay *underlay, struct vtap_err *err)
{
	_auto_fd int fd = -1;
	uint32_t id = 0;
	int r = vtap_steer_program(steering->steer, underlay->i_targets, underlay->n_targets,
		underlay->has_ipv6, &fd, &id, err);

	if (r == 0 && underlay->program_id == 0 && is_foreign(steering, underlay, err))
		r = -EEXIST;
	if (r == 0)
		r = vtap_clsact_set(steering->nl, underlay->index, VTAP_HOOK_INGRESS,
			VTAP_STEERING_NAME, fd, err);
	if (r == 0)
		underlay->program_id = id;
	return r;
}

/* A program that was made for former tables must not stay. The condition fastpath-off tells. */
static void underlay_refused(struct vtap_steering *steering, struct vtap_underlay *underlay, int r,
	const struct vtap_err *err, uint64_t now_ns)
{
	const char *text = vtap_err_text(err, r);

	if (r == -ENODEV)
		return; /* gone since the look: the next one sees it */
	if (r != -EEXIST)
		vtap_steering_clear(steering, underlay);
	underlay->retry_at_ns = now_ns + RETRY_NS;
	(void)snprintf(underlay->why, sizeof(underlay->why), "%s: %.300s", /* fits */
		underlay->name, text);
}

/* @was_there: nobody took it away. @is_told: the first one on this underlay is worth a line. */
static void underlay_attach(struct vtap_steering *steering, struct vtap_underlay *underlay,
	bool was_there, bool is_told, uint64_t now_ns)
{
	struct vtap_log_context context = { .interface = underlay->name };
	struct vtap_err err = VTAP_ERR_NULL;
	bool is_first = underlay->program_id == 0;
	int r = program_put(steering, underlay, &err);

	if (r < 0) {
		underlay_refused(steering, underlay, r, &err, now_ns);
		return;
	}
	underlay->is_doubted = false;
	underlay->why[0] = '\0';
	if (!was_there && !is_first)
		vtap_log(LOG_NOTICE, VTAP_EVENT_REPAIRED, &context,
			"%s: the fast path was taken away by somebody; put back", underlay->name);
	else if (is_first && is_told)
		vtap_log(LOG_INFO, VTAP_EVENT_UNDERLAY, &context, "%s: fast path on",
			underlay->name);
}

/* Is our present program where it should be? */
static bool underlay_is_good(struct vtap_steering *steering, struct vtap_underlay *underlay)
{
	struct vtap_filter filter;

	if (underlay->program_id == 0)
		return false;
	if (!underlay->is_doubted)
		return true;
	if (vtap_clsact_find(steering->nl, underlay->index, VTAP_HOOK_INGRESS, &filter, NULL) !=
			0 ||
		filter.program_id != underlay->program_id)
		return false;
	underlay->is_doubted = false;
	return true;
}

static void underlays_attach(
	struct vtap_steering *steering, bool is_new, bool is_told, uint64_t now_ns)
{
	for (size_t i = 0; i < steering->n_underlays; i++) {
		struct vtap_underlay *underlay = &steering->underlay[i];
		bool is_good = underlay_is_good(steering, underlay);

		if ((is_good && !is_new) ||
			(!is_good && !is_new && now_ns < underlay->retry_at_ns &&
				underlay->why[0] != '\0'))
			continue;
		underlay_attach(steering, underlay, is_good || is_new, is_told, now_ns);
	}
}

/* Without maps, or with tables that could not be put into them: nothing of former tables may stay.
 * The condition fastpath-off tells. */
static void underlays_give_up(struct vtap_manager *manager, int r, const struct vtap_err *err)
{
	struct vtap_steering *steering = manager->steering;

	for (size_t i = 0; i < steering->n_underlays; i++)
		if (steering->underlay[i].program_id != 0 || steering->underlay[i].is_doubted)
			vtap_steering_clear(steering, &steering->underlay[i]);
	if (r < 0)
		(void)vtap_err_set(
			&steering->off_why, r, "%s", vtap_err_text(err, r)); /* returns it */
}

static int steer_update(
	struct vtap_manager *manager, bool is_published, bool *ret_is_new, struct vtap_err *err)
{
	struct vtap_steering *steering = manager->steering;
	bool is_due = is_published || steering->steer == NULL;
	int r = exits_update(manager, &is_due);

	if (r == 0)
		r = own_update(steering, &is_due, err);
	if (r == 0 && is_due)
		r = steer_make(manager, err);
	*ret_is_new = is_due;
	return r;
}

void vtap_steering_turn(struct vtap_manager *manager, bool is_published, uint64_t now_ns)
{
	struct vtap_steering *steering = manager->steering;
	const struct vtap_devices *devices = vtap_interfaces_devices(manager->interfaces);
	struct vtap_err err = VTAP_ERR_NULL;
	bool is_new = false, is_changed = false;
	int r = 0;

	if (manager->table_conf != manager->conf)
		return; /* no table of this configuration yet */
	if (!steering->is_inherited)
		vtap_steering_inherit(steering, devices);
	vtap_steering_forget_learned(steering, devices);
	vtap_steering_update_underlays(manager, &is_changed);
	if (steering->fastpath != NULL)
		r = vtap_steering_update_slots(manager, is_published, now_ns);
	if (steering->fastpath != NULL && r == 0)
		r = steer_update(manager, is_published, &is_new, &err);
	steering->must_retry = r < 0;
	if (r < 0 && r != -EPERM && !is_published && steering->steer != NULL) {
		steering->has_own = false; /* programs for the present tables stay */
		return;
	}
	if (steering->fastpath == NULL || r < 0) {
		underlays_give_up(manager, r, &err);
		return;
	}
	steering->off_why.text[0] = '\0';
	/* at the start the line that says "ready" names them */
	underlays_attach(steering, is_new || is_changed, manager->has_settled, now_ns);
	vtap_fastpath_retire_slots(steering->fastpath, now_ns);
}

bool vtap_steering_hear(struct vtap_manager *manager, const struct vtap_watch_news *news)
{
	struct vtap_steering *steering = manager->steering;
	bool is_due = vtap_guards_doubt(
		vtap_interfaces_guards(manager->interfaces), news->index, news->n, news->is_all);

	if (news->has_addresses) {
		steering->has_own = false;
		is_due = true;
	}
	for (size_t i = 0; i < steering->n_underlays; i++) {
		struct vtap_underlay *underlay = &steering->underlay[i];
		bool is_meant = news->is_all;

		for (size_t j = 0; j < news->n; j++)
			is_meant = is_meant || news->index[j] == underlay->index;
		if (!is_meant)
			continue;
		underlay->is_doubted = is_due = true;
		underlay->retry_at_ns = 0;
	}
	return is_due;
}

void vtap_steering_doubt(struct vtap_manager *manager)
{
	for (size_t i = 0; i < manager->steering->n_underlays; i++)
		manager->steering->underlay[i].is_doubted = true;
	vtap_guards_doubt_some(vtap_interfaces_guards(manager->interfaces));
}

bool vtap_steering_needs_turn(const struct vtap_steering *steering, uint64_t now_ns)
{
	if (steering->must_retry || (steering->has_slotless && steering->fastpath != NULL &&
					    !vtap_fastpath_can_grow(steering->fastpath)))
		return true;
	for (size_t i = 0; i < steering->n_underlays; i++)
		if (steering->underlay[i].why[0] != '\0' &&
			now_ns >= steering->underlay[i].retry_at_ns)
			return true;
	return false;
}

/* The unit's vtapd runs there. One that was started in another namespace has other counters. */
static bool is_host_namespace(void)
{
	struct stat ours, host;

	return stat("/proc/self/ns/net", &ours) == 0 && stat("/proc/1/ns/net", &host) == 0 &&
	       ours.st_ino == host.st_ino;
}

int vtap_steering_forget(const char *runtime_dir)
{
	_auto_free char *pin_dir = pin_dir_find(runtime_dir);

	if (pin_dir != NULL)
		return vtap_fastpath_forget(pin_dir);
	if (strcmp(runtime_dir, VTAP_RUNTIME_DIR) == 0 && is_host_namespace() &&
		is_pin_dir(UNIT_PIN_DIR))
		return vtap_fastpath_forget(UNIT_PIN_DIR);
	return 0;
}
