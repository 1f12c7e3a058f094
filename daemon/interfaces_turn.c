// SPDX-License-Identifier: Apache-2.0
/* A turn: the plan for what the last look found, which of its steps are due, and what has become of
 * them. */
#include <errno.h>
#include <net/if.h>
#include <string.h>

#include "daemon/interfaces_state.h"

/* Steps of one turn; a TAP takes 0.3 ms to make and dress, so the loop answers within some 20 ms.
 */
#define STEPS_MAX 64

/* ---- steps ---- */

static bool step_is_repair(const struct vtap_interface *interface, const struct vtap_step *step)
{
	if (step->kind == VTAP_STEP_CREATE)
		return step->was_held && !interface->is_reconfigured;
	return step->kind == VTAP_STEP_RENAME ||
	       (step->kind == VTAP_STEP_SET && !interface->is_reconfigured);
}

static void step_foreign(struct vtap_applying *applying, struct vtap_interface *interface,
	const struct vtap_step *step)
{
	char message[VTAP_ERR_MAX];

	(void)snprintf(message, sizeof(message), "%s", step->reason); /* shorter */
	vtap_backoff_delay(&interface->backoff, applying->now_ns);
	vtap_interface_set_waiting(applying, interface, "interface-foreign", 0, message);
}

/* The other one gets its own name back in this turn, and the next look finds this one free. Only if
 * it does not is that a reason to wait. */
static void step_await(struct vtap_applying *applying, struct vtap_interface *interface)
{
	bool is_first = !interface->is_awaiting;
	char message[VTAP_ERR_MAX];

	interface->is_awaiting = true;
	if (is_first || !vtap_backoff_is_due(&interface->backoff, applying->now_ns))
		return;
	(void)snprintf(message, sizeof(message), /* fits */
		"another of ours is called %s and cannot be renamed", interface->wish.name);
	vtap_backoff_delay(&interface->backoff, applying->now_ns);
	vtap_interface_set_waiting(applying, interface, "session-waiting", 0, message);
}

/* Sockets of ours have its port. Those on their way out are no reason to wait; those of a target
 * that has no other port are, and each turn looks whether it is free. Neither is the device's
 * fault. */
static void step_await_port(struct vtap_applying *applying, struct vtap_interface *interface, int r,
	const struct vtap_err *err)
{
	interface->is_reconfigured = true; /* what is left to do is no repair */
	if (r == VTAP_STEP_AWAITS) {
		applying->turn->is_awaiting = true;
		if (interface->state == VTAP_STATE_READY) /* so was the one that it replaces */
			interface->state = VTAP_STATE_CREATING;
		return;
	}
	interface->is_awaiting = true;
	vtap_backoff_delay(&interface->backoff, applying->now_ns);
	vtap_interface_set_waiting(applying, interface, "port-taken", -EADDRINUSE, err->text);
}

/* Somebody keeps undoing what we do: he is asked to stop, in words, and repairs get rarer. What he
 * did last is told by status; the journal has had its line. */
static void step_give_way(struct vtap_applying *applying, struct vtap_interface *interface,
	const struct vtap_step *step)
{
	bool is_shown = vtap_step_is_harmless(step);
	char message[VTAP_ERR_MAX];

	(void)snprintf(message, sizeof(message), "somebody keeps changing %s, last: %s", /* fits */
		interface->wish.name, step->reason);
	vtap_interface_put_off(applying, interface, "repair-loop", 0, message, is_shown);
	interface->is_given_way = true;
	interface->is_loss_said = interface->is_loss_said || !is_shown;
}

/* The device was deleted, or the name taken, since we looked: no refusal, the next look shows what
 * to do. */
static bool step_was_overtaken(const struct vtap_step *step, int r)
{
	return (r == -ENODEV && step->kind != VTAP_STEP_CREATE) ||
	       (r == -EEXIST && step->kind == VTAP_STEP_RENAME);
}

/* Who was in its way is gone, or has set down what had the port. Of programs nobody tells. */
static bool is_unblocked(const struct vtap_interfaces *set, const struct vtap_interface *interface)
{
	const struct vtap_device *blocker =
		vtap_devices_find_index(&set->devices, interface->blocker_index);

	if (interface->blocker_index == 0)
		return false;
	return blocker == NULL || (vtap_interface_waits_for(interface, "port-taken") &&
					  (blocker->flags & IFF_UP) == 0);
}

/* What it waited for has come for all that wait for the same port. */
static void fellows_wake(struct vtap_interfaces *set, const struct vtap_interface *interface)
{
	for (size_t i = 0; i < set->n; i++) {
		struct vtap_interface *fellow = set->interface[i];

		if (fellow != interface && fellow->wish.mode == VTAP_MODE_VXLAN &&
			fellow->wish.port == interface->wish.port &&
			fellow->wish.family == interface->wish.family &&
			vtap_interface_waits_for(fellow, "port-taken"))
			vtap_backoff_clear(&fellow->backoff);
	}
}

/* May it be applied now? If not, what that means has been noted. */
static bool step_is_due(struct vtap_applying *applying, struct vtap_interface *interface,
	const struct vtap_step *step)
{
	if (vtap_backoff_is_quiet(&interface->backoff, applying->now_ns))
		interface->is_given_way = interface->is_loss_said = false;
	if (step->kind == VTAP_STEP_AWAIT) {
		step_await(applying, interface);
		return false;
	}
	if (interface->is_awaiting)
		vtap_backoff_clear(
			&interface->backoff); /* the way may be free: that is worth no delay */
	interface->is_awaiting = false;
	if (vtap_interface_waits_for(interface, "interface-foreign") &&
		step->kind != VTAP_STEP_FOREIGN)
		vtap_backoff_clear(&interface->backoff); /* so it is here */
	if (is_unblocked(applying->set, interface)) {
		interface->blocker_index = 0;
		vtap_backoff_clear(&interface->backoff);
	}
	if (!vtap_backoff_is_due(&interface->backoff, applying->now_ns) &&
		(!interface->is_shown || vtap_step_is_harmless(step))) { /* else it got worse */
		if (interface->state == VTAP_STATE_READY || interface->is_shown ||
			vtap_interface_waits_for(interface, "repair-loop"))
			step_give_way(applying, interface, step); /* undone before its time */
		return false;
	}
	if (step->kind == VTAP_STEP_FOREIGN) {
		step_foreign(applying, interface, step);
		return false;
	}
	if (step_is_repair(interface, step) &&
		!vtap_backoff_repair(&interface->backoff, applying->now_ns)) {
		step_give_way(applying, interface, step);
		return false;
	}
	return true;
}

/* What has become of a step. */
static void step_note(struct vtap_applying *applying, struct vtap_interface *interface,
	const struct vtap_step *step, int r, const struct vtap_err *err)
{
	bool is_repair = step_is_repair(interface, step);
	bool is_awaiting = r == VTAP_STEP_AWAITS || r == VTAP_STEP_HELD;

	applying->n_steps += !is_awaiting || step->kind != VTAP_STEP_SET;
	applying->i_failed = r < 0 ? step->i_wish : applying->i_failed;
	if (step->kind == VTAP_STEP_CREATE && r != 0)
		interface->is_reconfigured = true; /* what is left to do is no repair */
	if (is_awaiting)
		step_await_port(applying, interface, r, err);
	if (r > 0 || step_was_overtaken(step, r))
		return;
	if (r < 0) {
		vtap_interface_refuse(applying, interface, r, err);
		return;
	}
	if (is_repair)
		vtap_interface_note_repair(applying, interface, step);
	else
		vtap_backoff_clear(&interface->backoff);
	if (vtap_interface_waits_for(interface, "port-taken"))
		fellows_wake(applying->set, interface);
	if (step->kind != VTAP_STEP_RENAME) /* a SET may follow in this turn */
		interface->is_reconfigured = false;
	vtap_interface_set_ready(applying, interface);
}

static void step_run(struct vtap_applying *applying, struct vtap_interface *interface,
	const struct vtap_step *step)
{
	struct vtap_err err = VTAP_ERR_NULL;

	if (step_is_due(applying, interface, step))
		step_note(applying, interface, step,
			vtap_step_apply(applying, interface, step, &err), &err);
}

/* ---- the turn ---- */

static int wishes_copy(const struct vtap_interfaces *set, struct vtap_wish **ret_wishes)
{
	struct vtap_wish *wishes = calloc(set->n + 1, sizeof(*wishes));

	if (wishes == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < set->n; i++)
		wishes[i] = set->interface[i]->wish;
	*ret_wishes = wishes;
	return 0;
}

static int turn_plan(struct vtap_interfaces *set, struct vtap_plan *ret_plan)
{
	_auto_free struct vtap_wish *wishes = NULL;
	int r = wishes_copy(set, &wishes);

	return r < 0 ? r : vtap_plan_make(wishes, set->n, &set->devices, ret_plan);
}

/* Interfaces that the plan says nothing about are as they should be. */
static void states_settle(struct vtap_applying *applying, const struct vtap_plan *plan)
{
	struct vtap_interfaces *set = applying->set;
	size_t i_step = 0;

	for (size_t i = 0; i < set->n; i++) {
		while (i_step < plan->n && (plan->step[i_step].kind == VTAP_STEP_REMOVE ||
						   plan->step[i_step].i_wish < i))
			i_step++;
		if ((i_step == plan->n || plan->step[i_step].i_wish != i) &&
			set->interface[i]->state != VTAP_STATE_READY)
			vtap_interface_set_ready(applying, set->interface[i]);
		if (i_step == plan->n || plan->step[i_step].i_wish != i)
			set->interface[i]->is_reconfigured = set->interface[i]->is_awaiting = false;
	}
}

static void plan_apply(struct vtap_applying *applying, const struct vtap_plan *plan)
{
	struct vtap_interfaces *set = applying->set;
	size_t i = 0;

	for (; i < plan->n && applying->n_steps < STEPS_MAX; i++)
		if (plan->step[i].kind != VTAP_STEP_REMOVE &&
			plan->step[i].i_wish != applying->i_failed)
			step_run(applying, set->interface[plan->step[i].i_wish], &plan->step[i]);
	applying->turn->has_more = i < plan->n;
	applying->turn->is_unfinished = applying->turn->has_more || applying->n_steps > 0;
	vtap_told_fold_if_due(set, applying->turn->is_unfinished, applying->now_ns);
}

static uint64_t retry_first(const struct vtap_interfaces *set, uint64_t now_ns)
{
	uint64_t first_ns = UINT64_MAX;

	for (size_t i = 0; i < set->n; i++) {
		const struct vtap_interface *interface = set->interface[i];

		if (interface->state == VTAP_STATE_WAITING &&
			interface->backoff.retry_at_ns > now_ns &&
			interface->backoff.retry_at_ns < first_ns)
			first_ns = interface->backoff.retry_at_ns;
	}
	return first_ns;
}

int vtap_interfaces_turn(struct vtap_interfaces *set, const struct vtap_occasion *occasion,
	struct vtap_turn *ret_turn)
{
	struct vtap_turn turn = { 0 };
	struct vtap_applying applying = {
		.i_failed = SIZE_MAX,
		.set = set,
		.turn = &turn,
		.occasion = occasion,
		.now_ns = occasion->now_ns,
	};
	struct vtap_plan plan = { 0 };
	int r = turn_plan(set, &plan);

	if (r == 0)
		r = vtap_removals_keep(set, &plan);
	if (r == 0) {
		vtap_removals_early(&applying);
		states_settle(&applying, &plan);
		plan_apply(&applying, &plan);
		turn.n_steps = plan.n;
		turn.has_removals = set->n_removals > 0;
		turn.retry_at_ns = retry_first(set, occasion->now_ns);
		*ret_turn = turn;
	}
	vtap_plan_done(&plan);
	return r;
}
