// SPDX-License-Identifier: Apache-2.0
/* The maps of the fast path and who counts where in them: opened once, made larger when there are
 * more sessions than slots. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "daemon/manager.h"
#include "daemon/steering.h"
#include "daemon/steering_state.h"

static void guard_announce(struct vtap_manager *manager)
{
	const struct vtap_fastpath *fastpath = manager->steering->fastpath;
	struct vtap_guard guard;

	guard.in_fd = vtap_fastpath_guard(fastpath, true, &guard.in_id);
	guard.out_fd = vtap_fastpath_guard(fastpath, false, &guard.out_id);
	vtap_interfaces_guard_with(manager->interfaces, &guard);
}

/* For @n slots. @is_anew: nothing of what the maps say is counted yet */
static int accounts_make_room(struct vtap_steering *steering, size_t n, bool is_anew)
{
	struct vtap_account *grown = reallocarray(steering->account, n, sizeof(*grown));

	if (grown == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		if (i >= steering->n_accounts)
			grown[i] = (struct vtap_account){ .i_session = UINT32_MAX };
		if (is_anew)
			grown[i].taken = (struct vtap_fast_totals){ 0 };
		grown[i].kept = (struct vtap_fast_kept){ { 0 } }; /* nothing is in new maps */
	}
	steering->account = grown;
	steering->n_accounts = n;
	return 0;
}

static int fastpath_open(struct vtap_manager *manager, const struct vtap_fastpath *former)
{
	struct vtap_steering *steering = manager->steering;
	size_t n_slots = manager->conf->n_sessions + manager->conf->n_targets;
	_auto(fastpath) struct vtap_fastpath *fastpath = NULL;
	int r = vtap_fastpath_open(
		steering->pin_dir, n_slots, former, &fastpath, &steering->off_why);

	if (r == 0) /* before it has slots that nobody has room for */
		r = accounts_make_room(steering, vtap_fastpath_n_slots(fastpath), former == NULL);
	if (r < 0) {
		if (steering->off_why.text[0] == '\0')
			(void)vtap_err_set(
				&steering->off_why, r, "%s", vtap_errno_text(r)); /* returns it */
		return r;
	}
	vtap_fastpath_close(steering->fastpath);
	steering->fastpath = vtap_steal(&fastpath);
	steering->off_why.text[0] = '\0';
	guard_announce(manager);
	return 0;
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

/* Sessions that have no fast path any more go on counting, those that are no longer configured for
 * their target alone, while programs know them. */
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
	account->tally_id = manager->runs.run[i].tally->id;
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

static bool is_steered(const struct vtap_conf *conf, size_t i_target)
{
	return conf->targets[i_target].mode == VTAP_MODE_TAP;
}

/* What a fast path counted for a target and its sessions is theirs for as long as they may have
 * one. */
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
		if (is_steered(conf, i))
			steering->target_slot[i] = slot_take(
				steering, VTAP_FAST_TARGET, conf->targets[i].name, wall_ns);
	for (size_t i = 0; i < conf->n_sessions; i++)
		if (is_steered(conf, conf->sessions[i].i_target))
			session_enter(manager, i,
				slot_take(steering, VTAP_FAST_SESSION, conf->sessions[i].name,
					wall_ns));
	vtap_fastpath_keep_slots(steering->fastpath);
	return 0;
}

/* Without memory for the slots there is no fast path, not half of one. */
static void give_up(struct vtap_manager *manager, int r)
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
		give_up(manager, r);
	vtap_steering_sample(manager, now_ns);
	if (r == 0 && !steering->has_followed)
		vtap_steering_recall(manager);
	steering->has_followed = true; /* what is kept from now on is our own */
	if (is_first)
		vtap_steering_forgo_lost(manager);
}

/* More sessions than slots: new maps, and so new programs. Meanwhile the workers have everything:
 * nothing is counted in maps that nobody reads. Refused: those without a slot stay with the
 * workers.
 */
static int grow(struct vtap_manager *manager, uint64_t now_ns)
{
	struct vtap_steering *steering = manager->steering;

	for (size_t i = 0; i < steering->n_underlays; i++)
		vtap_steering_clear(steering, &steering->underlay[i]);
	vtap_steer_free(steering->steer);
	steering->steer = NULL;
	vtap_steering_sample(manager, now_ns); /* the last that is counted there */
	if (fastpath_open(manager, steering->fastpath) < 0)
		return 0;
	return slots_take(manager);
}

int vtap_steering_update_slots(struct vtap_manager *manager, bool is_published, uint64_t now_ns)
{
	struct vtap_steering *steering = manager->steering;

	if (!steering->has_slotless)
		return 0;
	if (!vtap_fastpath_can_grow(steering->fastpath))
		return slots_take(manager);
	return is_published ? grow(manager, now_ns) : 0;
}
