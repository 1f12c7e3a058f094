// SPDX-License-Identifier: Apache-2.0
/* How targets and tap interfaces fare, for people and machines. */
#include <errno.h>

#include "daemon/manager.h"
#include "daemon/steering.h"
#include "daemon/steering_state.h"

/* Which of its underlays have the program, and why one has not. Return: underlays that it has. */
static size_t underlays_ask(
	const struct vtap_steering *steering, size_t i_target, struct vtap_steering_status *status)
{
	size_t n_wanted = 0;

	for (size_t i = 0; i < steering->n_underlays; i++) {
		const struct vtap_underlay *underlay = &steering->underlay[i];
		bool is_wanted = false;

		for (size_t j = 0; j < underlay->n_targets; j++)
			is_wanted = is_wanted || underlay->i_targets[j] == i_target;
		n_wanted += is_wanted;
		if (is_wanted && underlay->program_id != 0)
			status->on[status->n_on++] = underlay->name;
		else if (is_wanted && underlay->why[0] != '\0')
			status->off_why = underlay->why;
	}
	return n_wanted;
}

int vtap_steering_status(const struct vtap_manager *manager, size_t i_target,
	struct vtap_steering_status *ret_status)
{
	const struct vtap_steering *steering = manager->steering;
	const struct vtap_target *target = &manager->conf->targets[i_target];
	struct vtap_steering_status status = {
		.on = calloc(VTAP_UNDERLAYS_MAX, sizeof(*status.on)),
	};

	if (status.on == NULL)
		return -ENOMEM;
	if (target->fastpath != VTAP_FASTPATH_OFF && steering->off_why.text[0] != '\0')
		status.off_why = steering->off_why.text;
	else if (target->fastpath != VTAP_FASTPATH_OFF && i_target >= VTAP_STEER_TARGETS_MAX)
		status.off_why = "only the first 64 targets can have it";
	else if (target->fastpath != VTAP_FASTPATH_OFF &&
		 underlays_ask(steering, i_target, &status) == 0 && target->n_underlays == 0)
		status.idle_why = "no packet from outside has arrived yet";
	if (steering->fastpath != NULL &&
		steering->watched[i_target].n_bypassed >= VTAP_BYPASS_SAMPLES)
		status.bypassed_by = steering->watched[i_target].by;
	status.is_fast = status.n_on > 0 && status.bypassed_by == NULL;
	*ret_status = status;
	return 0;
}

void vtap_steering_format(const struct vtap_steering *steering, char *ret_text, size_t size)
{
	size_t used = 0;

	ret_text[0] = '\0';
	for (size_t i = 0; i < steering->n_underlays && used < size; i++)
		if (steering->underlay[i].program_id != 0)
			used += (size_t)snprintf(ret_text + used, size - used,
				"%s%s", /* cut is fine */
				used == 0 ? "; fast path on " : ", ", steering->underlay[i].name);
}

const char *vtap_steering_guard_off_why(const struct vtap_manager *manager)
{
	size_t n_guarded, n = vtap_interfaces_count(manager->interfaces, &n_guarded);
	const char *why;

	if (manager->steering->fastpath == NULL)
		return manager->steering->off_why.text;
	if (n_guarded == n)
		return NULL;
	why = vtap_guards_why(vtap_interfaces_guards(manager->interfaces));
	return why != NULL ? why : "somebody else's filter has the place of the guard";
}

const char *vtap_steering_talks_off_why(const struct vtap_manager *manager)
{
	const struct vtap_steering *steering = manager->steering;

	return steering->fastpath == NULL ? steering->off_why.text
					  : vtap_fastpath_talks_refused(steering->fastpath);
}

uint64_t vtap_steering_since(const struct vtap_steering *steering)
{
	return steering->fastpath != NULL ? vtap_fastpath_since(steering->fastpath) : 0;
}

const struct vtap_fastpath *vtap_steering_fastpath(const struct vtap_steering *steering)
{
	return steering->fastpath;
}

bool vtap_steering_holds_port(const struct vtap_manager *manager, size_t i_target)
{
	for (size_t i = 0; i < manager->steering->n_underlays; i++)
		if (vtap_steering_is_attached(
			    manager->steering, i_target, manager->steering->underlay[i].index))
			return true;
	return false;
}
