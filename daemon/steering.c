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
#include <fnmatch.h>
#include <linux/magic.h>
#include <net/if.h>
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

/* ---- opening ---- */

static void guard_announce(struct vtap_manager *manager)
{
	const struct vtap_fastpath *fastpath = manager->steering->fastpath;
	struct vtap_guard guard;

	guard.in_fd = vtap_fastpath_guard(fastpath, true, &guard.in_id);
	guard.out_fd = vtap_fastpath_guard(fastpath, false, &guard.out_id);
	vtap_interfaces_guard_with(manager->interfaces, &guard);
}

/* @is_anew: nothing of what the maps say is counted yet */
static int accounts_make_room(struct vtap_steering *steering, bool is_anew)
{
	size_t n = vtap_fastpath_n_slots(steering->fastpath);
	struct vtap_account *grown = reallocarray(steering->account, n, sizeof(*grown));

	if (grown == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		if (i >= steering->n_accounts)
			grown[i] = (struct vtap_account){ .i_session = UINT32_MAX };
		if (is_anew)
			grown[i].taken = (struct vtap_fast_totals){ 0 };
	}
	steering->account = grown;
	steering->n_accounts = n;
	return 0;
}

static int fastpath_open(struct vtap_manager *manager, const struct vtap_fastpath *former)
{
	struct vtap_steering *steering = manager->steering;
	size_t n_slots = manager->conf->n_sessions + manager->conf->n_targets;
	struct vtap_fastpath *fastpath = NULL;
	int r = vtap_fastpath_open(
		steering->pin_dir, n_slots, former, &fastpath, &steering->off_why);

	if (r < 0) {
		if (steering->off_why.text[0] == '\0')
			(void)vtap_err_set(&steering->off_why, r, "%s", vtap_errno_text(r));
		return r;
	}
	vtap_fastpath_close(steering->fastpath);
	steering->fastpath = fastpath;
	steering->off_why.text[0] = '\0';
	guard_announce(manager);
	return accounts_make_room(steering, former == NULL);
}

/* The slot of a target or session. What was counted in it before is not its own if it is a new one.
 */
static uint32_t slot_take(struct vtap_steering *steering, enum vtap_fast_kind kind,
	const char *name, uint64_t wall_ns)
{
	bool is_new = false;
	uint32_t i = vtap_fastpath_take_slot(steering->fastpath, kind, name, wall_ns, &is_new);

	if (is_new)
		steering->account[i] = (struct vtap_account){ .i_session = UINT32_MAX };
	steering->has_slotless = steering->has_slotless || i == 0;
	return i;
}

/* Sessions that are no longer configured go on counting for their target while programs know them.
 */
static void sessions_leave(struct vtap_steering *steering)
{
	for (size_t i = 0; i < steering->n_accounts; i++)
		steering->account[i].i_session = UINT32_MAX;
	steering->has_slotless = false;
}

static void session_enter(struct vtap_manager *manager, size_t i, uint32_t slot)
{
	struct vtap_account *account = &manager->steering->account[slot];
	const struct vtap_conf *conf = manager->conf;

	manager->steering->session_slot[i] = slot;
	if (slot == 0)
		return;
	account->i_session = (uint32_t)i;
	memcpy(account->target, conf->targets[conf->sessions[i].i_target].name,
		sizeof(account->target));
}

static int slots_make_room(struct vtap_steering *steering, const struct vtap_conf *conf)
{
	uint32_t *session_slot = calloc(conf->n_sessions + 1, sizeof(*session_slot));
	uint32_t *target_slot = calloc(conf->n_targets + 1, sizeof(*target_slot));
	struct vtap_watched *watched = calloc(conf->n_targets + 1, sizeof(*watched));

	if (session_slot == NULL || target_slot == NULL || watched == NULL) {
		free(session_slot);
		free(target_slot);
		free(watched);
		return -ENOMEM;
	}
	free(steering->session_slot);
	free(steering->target_slot);
	free(steering->watched);
	steering->session_slot = session_slot;
	steering->target_slot = target_slot;
	steering->watched = watched;
	return 0;
}

static int slots_take(struct vtap_manager *manager)
{
	struct vtap_steering *steering = manager->steering;
	const struct vtap_conf *conf = manager->conf;
	uint64_t wall_ns = vtap_clock_wall_ns();
	int r = slots_make_room(steering, conf);

	if (r < 0)
		return r;
	sessions_leave(steering);
	for (size_t i = 0; i < conf->n_targets; i++)
		steering->target_slot[i] =
			slot_take(steering, VTAP_FAST_TARGET, conf->targets[i].name, wall_ns);
	for (size_t i = 0; i < conf->n_sessions; i++)
		session_enter(manager, i,
			slot_take(steering, VTAP_FAST_SESSION, conf->sessions[i].name, wall_ns));
	vtap_fastpath_keep_slots(steering->fastpath);
	return 0;
}

/* Without memory for the slots there is no fast path, not half of one. */
static void fastpath_give_up(struct vtap_manager *manager, int r)
{
	struct vtap_steering *steering = manager->steering;

	(void)vtap_err_set(&steering->off_why, r, "%s", vtap_errno_text(r));
	vtap_interfaces_guard_with(manager->interfaces, NULL);
	vtap_steer_free(steering->steer);
	steering->steer = NULL;
	vtap_fastpath_close(steering->fastpath);
	steering->fastpath = NULL;
}

void vtap_steering_follow(struct vtap_manager *manager, uint64_t now_ns)
{
	struct vtap_steering *steering = manager->steering;
	bool is_first = steering->fastpath == NULL;
	int r = is_first ? fastpath_open(manager, NULL) : 0;

	if (r == 0)
		r = slots_take(manager);
	if (r < 0 && steering->fastpath != NULL)
		fastpath_give_up(manager, r);
	vtap_steering_sample(manager, now_ns);
	if (is_first)
		steering->n_lost_reported = steering->n_lost; /* the process before us told it */
}

/* ---- underlays ---- */

static struct vtap_underlay *underlay_find(struct vtap_steering *steering, int index)
{
	for (size_t i = 0; i < steering->n_underlays; i++)
		if (steering->underlay[i].index == index)
			return &steering->underlay[i];
	return NULL;
}

static bool is_learned(const struct vtap_steering *steering, int index)
{
	for (size_t i = 0; i < steering->n_learned; i++)
		if (steering->learned[i] == index)
			return true;
	return false;
}

bool vtap_steering_learn(struct vtap_steering *steering, const struct vtap_device *device)
{
	if (device == NULL || vtap_device_is_ours(device) || (device->flags & IFF_LOOPBACK) != 0 ||
		steering->n_learned == VTAP_UNDERLAYS_MAX || is_learned(steering, device->index))
		return false;
	steering->learned[steering->n_learned++] = device->index;
	return true;
}

static void learned_forget(struct vtap_steering *steering, const struct vtap_devices *devices)
{
	size_t n = 0;

	for (size_t i = 0; i < steering->n_learned; i++)
		if (vtap_devices_find_index(devices, steering->learned[i]) != NULL)
			steering->learned[n++] = steering->learned[i];
	steering->n_learned = n;
}

static bool has_our_program(struct vtap_nl *nl, int index)
{
	struct vtap_filter filter;

	return vtap_clsact_find(nl, index, VTAP_HOOK_INGRESS, &filter, NULL) == 0 &&
	       strcmp(filter.name, VTAP_STEERING_NAME) == 0;
}

/* Programs that the process before us left in place. */
static void inherit(struct vtap_steering *steering, const struct vtap_devices *devices)
{
	_auto_free int *indexes = NULL;
	size_t n = 0;

	if (vtap_clsact_devices(steering->nl, &indexes, &n, NULL) < 0)
		return; /* the next turn asks again */
	steering->is_inherited = true;
	for (size_t i = 0; i < n; i++) {
		const struct vtap_device *device = vtap_devices_find_index(devices, indexes[i]);

		if (device == NULL || !has_our_program(steering->nl, indexes[i]) ||
			!vtap_steering_learn(steering, device) ||
			steering->n_underlays == VTAP_UNDERLAYS_MAX)
			continue;
		steering->underlay[steering->n_underlays] =
			(struct vtap_underlay){ .index = indexes[i], .is_doubted = true };
		memcpy(steering->underlay[steering->n_underlays++].name, device->name,
			sizeof(device->name));
	}
}

static bool target_wants(const struct vtap_steering *steering, const struct vtap_target *target,
	const struct vtap_device *device)
{
	if (target->n_underlays == 0)
		return is_learned(steering, device->index);
	for (size_t i = 0; i < target->n_underlays; i++)
		if (fnmatch(target->underlays[i], device->name, 0) == 0)
			return true;
	return false;
}

/* Which targets receive on a device, those that name it before those that do not: their sockets are
 * asked first, too. A port belongs to the first one, whether it wants the fast path or not. Only
 * what would reach a socket of ours is taken (law 7): without one the port may be somebody else's.
 */
static size_t targets_of(const struct vtap_manager *manager, const struct vtap_device *device,
	size_t ret_i_targets[static VTAP_STEER_TARGETS_MAX])
{
	const struct vtap_conf *conf = manager->conf;
	uint16_t ports[2 * VTAP_STEER_TARGETS_MAX];
	size_t n_ports = 0, n = 0;

	for (int is_auto = 0; is_auto < 2; is_auto++)
		for (size_t i = 0; i < conf->n_targets; i++) {
			const struct vtap_target *target = &conf->targets[i];
			bool is_taken = (target->n_underlays == 0) != (is_auto == 1) ||
					n_ports == VTAP_ARRAY_LEN(ports) ||
					!target_wants(manager->steering, target, device);

			for (size_t j = 0; j < n_ports; j++)
				is_taken = is_taken || ports[j] == target->port;
			if (is_taken)
				continue;
			ports[n_ports++] = target->port;
			if (target->fastpath != VTAP_FASTPATH_OFF && i < VTAP_STEER_TARGETS_MAX &&
				vtap_intake_hears(manager->intake[i], target->port, device->index))
				ret_i_targets[n++] = i;
		}
	return n;
}

/* Take our program away, if it is there. */
static void underlay_clear(struct vtap_steering *steering, struct vtap_underlay *underlay)
{
	struct vtap_err err = VTAP_ERR_NULL;
	int r = vtap_clsact_clear(steering->nl, underlay->index, VTAP_HOOK_INGRESS, &err);

	if (r < 0 && r != -ENODEV)
		vtap_log(LOG_ERR, VTAP_EVENT_TROUBLE,
			&(struct vtap_log_context){ .interface = underlay->name, .error = r },
			"%s: take the fast path away: %s", underlay->name, err.text);
	underlay->program_id = 0;
}

static bool targets_are_equal(const struct vtap_underlay *a, const struct vtap_underlay *b)
{
	return a->n_targets == b->n_targets &&
	       memcmp(a->i_targets, b->i_targets, a->n_targets * sizeof(a->i_targets[0])) == 0;
}

/* One that had the program and is not to have it. */
static void underlay_leave(struct vtap_steering *steering, struct vtap_underlay *underlay)
{
	underlay_clear(steering, underlay);
	vtap_log(LOG_INFO, VTAP_EVENT_UNDERLAY,
		&(struct vtap_log_context){ .interface = underlay->name }, "%s: fast path off",
		underlay->name);
}

/* The underlays as the configuration and the devices have them now; with more than there is room
 * for, the first ones. */
static void underlays_update(struct vtap_manager *manager, bool *ret_is_changed)
{
	struct vtap_steering *steering = manager->steering;
	const struct vtap_devices *devices = vtap_interfaces_devices(manager->interfaces);
	struct vtap_underlay *fresh = steering->fresh;
	size_t n = 0;

	for (size_t i = 0; i < devices->n; i++) {
		const struct vtap_device *device = &devices->device[i];
		const struct vtap_underlay *former = underlay_find(steering, device->index);
		struct vtap_underlay underlay = { .index = device->index };

		if (vtap_device_is_ours(device))
			continue;
		if (former != NULL)
			underlay = *former;
		memcpy(underlay.name, device->name, sizeof(underlay.name));
		underlay.has_ipv6 = device->ipv6 != VTAP_OFF;
		underlay.n_targets = targets_of(manager, device, underlay.i_targets);
		if (underlay.n_targets > 0 && n < VTAP_UNDERLAYS_MAX) {
			*ret_is_changed = *ret_is_changed || former == NULL ||
					  former->has_ipv6 != underlay.has_ipv6 ||
					  !targets_are_equal(former, &underlay);
			fresh[n++] = underlay;
		} else if (former != NULL) {
			underlay_leave(steering, &underlay);
		}
	}
	memcpy(steering->underlay, fresh, n * sizeof(*fresh));
	steering->n_underlays = n;
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

/* A program that was made for former tables must not stay. */
static void underlay_refused(struct vtap_steering *steering, struct vtap_underlay *underlay, int r,
	const struct vtap_err *err, uint64_t now_ns)
{
	const char *text = err->text[0] != '\0' ? err->text : vtap_errno_text(r);

	if (r == -ENODEV)
		return; /* gone since the look: the next one sees it */
	if (r != -EEXIST)
		underlay_clear(steering, underlay);
	underlay->retry_at_ns = now_ns + RETRY_NS;
	if (strcmp(underlay->why, text) == 0)
		return;
	(void)snprintf(underlay->why, sizeof(underlay->why), "%s", text); /* same size */
	vtap_log(LOG_WARNING, VTAP_EVENT_UNDERLAY,
		&(struct vtap_log_context){
			.interface = underlay->name, .error = r, .condition = "fastpath-off" },
		"%s: no fast path, the workers carry everything: %s", underlay->name, text);
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
 */
static void underlays_give_up(struct vtap_manager *manager, int r, const struct vtap_err *err)
{
	struct vtap_steering *steering = manager->steering;

	for (size_t i = 0; i < steering->n_underlays; i++)
		if (steering->underlay[i].program_id != 0 || steering->underlay[i].is_doubted)
			underlay_clear(steering, &steering->underlay[i]);
	if (r == 0 || strcmp(steering->off_why.text, err->text) == 0)
		return;
	steering->off_why = *err;
	vtap_log(LOG_WARNING, VTAP_EVENT_TROUBLE,
		&(struct vtap_log_context){ .error = r, .condition = "fastpath-off" },
		"no fast path, the workers carry everything: %s", err->text);
}

/* More sessions than slots: new maps, and so new programs. Meanwhile the workers have everything:
 * nothing is counted in maps that nobody reads. Refused: those without a slot stay with the
 * workers.
 */
static int grow(struct vtap_manager *manager, uint64_t now_ns)
{
	struct vtap_steering *steering = manager->steering;

	for (size_t i = 0; i < steering->n_underlays; i++)
		underlay_clear(steering, &steering->underlay[i]);
	vtap_steer_free(steering->steer);
	steering->steer = NULL;
	vtap_steering_sample(manager, now_ns); /* the last that is counted there */
	if (fastpath_open(manager, steering->fastpath) < 0)
		return 0;
	return slots_take(manager);
}

/* Sessions without a slot: room is made for them, or some have become free since. */
static int slots_update(struct vtap_manager *manager, bool is_published, uint64_t now_ns)
{
	struct vtap_steering *steering = manager->steering;

	if (!steering->has_slotless)
		return 0;
	if (!vtap_fastpath_can_grow(steering->fastpath))
		return slots_take(manager);
	return is_published ? grow(manager, now_ns) : 0;
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
		inherit(steering, devices);
	learned_forget(steering, devices);
	underlays_update(manager, &is_changed);
	if (steering->fastpath != NULL)
		r = slots_update(manager, is_published, now_ns);
	if (steering->fastpath != NULL && r == 0)
		r = steer_update(manager, is_published, &is_new, &err);
	if (r < 0 && err.text[0] == '\0')
		(void)vtap_err_set(&err, r, "%s", vtap_errno_text(r));
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

bool vtap_steering_is_attached(const struct vtap_steering *steering, size_t i_target, int index)
{
	for (size_t i = 0; i < steering->n_underlays; i++) {
		const struct vtap_underlay *underlay = &steering->underlay[i];

		if (underlay->index != index || underlay->program_id == 0)
			continue;
		for (size_t j = 0; j < underlay->n_targets; j++)
			if (underlay->i_targets[j] == i_target)
				return true;
	}
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
