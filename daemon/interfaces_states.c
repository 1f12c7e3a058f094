// SPDX-License-Identifier: Apache-2.0
/* How an interface stands after a step, and what the journal is told of it: one line for each
 * change of state, and at the end of a run one for all that had none of their own. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "daemon/conflict.h"
#include "daemon/interfaces_state.h"
#include "daemon/log.h"

/* More repairs than this in one run become one line: somebody restarted a network manager. */
#define FOLD_MIN 16

/* A run that does not end is told of all the same. */
#define FOLD_NS (5 * VTAP_NS_PER_S)

bool vtap_interface_waits_for(const struct vtap_interface *interface, const char *reason)
{
	return interface->reason != NULL && strcmp(interface->reason, reason) == 0;
}

static struct vtap_log_context log_context(const struct vtap_interface *interface, int error)
{
	return (struct vtap_log_context){
		.sessions = interface->sessions,
		.vnis = interface->vnis,
		.interface = interface->wish.name,
		.error = error,
	};
}

/* It waited, and what it waited for is over: that is the news, whatever was done for it. Whoever is
 * given way is not waited for. */
static bool is_told_as_ready(const struct vtap_interface *interface)
{
	return interface->state == VTAP_STATE_WAITING &&
	       !vtap_interface_waits_for(interface, "repair-loop");
}

void vtap_interface_set_ready(struct vtap_applying *applying, struct vtap_interface *interface)
{
	struct vtap_log_context context = log_context(interface, 0);

	context.because = interface->reason;
	if (is_told_as_ready(interface) && ++applying->set->told.n_readied <= FOLD_MIN)
		vtap_log(LOG_NOTICE, VTAP_EVENT_SESSION_READY, &context, "%s: ready, %s",
			interface->sessions, interface->wish.name);
	interface->state = VTAP_STATE_READY;
	interface->is_shown = interface->is_untold = false;
	interface->blocker_index = 0;
	interface->reason = NULL;
	interface->message[0] = '\0';
}

bool vtap_step_is_harmless(const struct vtap_step *step)
{
	return step->kind == VTAP_STEP_SET &&
	       (step->settings & ~(unsigned)VTAP_SETTINGS_HARMLESS) == 0;
}

/* Of somebody who keeps undoing it one line is enough, and one more when he goes so far that
 * nothing is shown. */
static bool is_said(const struct vtap_interface *interface, bool is_shown)
{
	return interface->is_given_way && (is_shown || interface->is_loss_said);
}

void vtap_interface_put_off(struct vtap_applying *applying, struct vtap_interface *interface,
	const char *reason, int error, const char *message, bool is_shown)
{
	struct vtap_log_context context = log_context(interface, error);
	bool is_new = !vtap_interface_waits_for(interface, reason) ||
		      strcmp(interface->message, message) != 0;
	bool is_old = strcmp(reason, "repair-loop") == 0 && is_said(interface, is_shown);
	uint64_t wait_ns = interface->backoff.retry_at_ns - applying->now_ns;

	context.condition = reason;
	interface->state = VTAP_STATE_WAITING;
	interface->is_shown = is_shown;
	interface->reason = reason;
	(void)snprintf(
		interface->message, sizeof(interface->message), "%s", message); /* same size */
	if (!is_new || is_old)
		return;
	interface->is_untold = ++applying->set->told.n_put_off > FOLD_MIN;
	if (!interface->is_untold)
		vtap_log(vtap_log_priority(reason), VTAP_EVENT_SESSION_WAITING, &context,
			"%s: %s, %s; next try in %.0f s", interface->sessions,
			is_shown ? "shown as it is" : "waiting", message,
			(double)wait_ns / (double)VTAP_NS_PER_S);
}

void vtap_interface_set_waiting(struct vtap_applying *applying, struct vtap_interface *interface,
	const char *reason, int error, const char *message)
{
	vtap_interface_put_off(applying, interface, reason, error, message, false);
}

/* Who has its port: looked for once in a turn, which may refuse thousands. */
static void port_conflict(struct vtap_applying *applying, const struct vtap_wish *wish)
{
	const struct vtap_devices *devices = &applying->set->devices;
	const struct vtap_device *holder;

	if (applying->conflict_port == wish->port && applying->conflict_family == wish->family)
		return;
	vtap_conflict_port(devices, wish->port, wish, applying->conflict);
	holder = vtap_conflict_find_port(devices, wish);
	applying->conflict_index = holder != NULL ? holder->index : 0;
	applying->conflict_port = wish->port;
	applying->conflict_family = wish->family;
}

/* Who is in the way of a vxlan device, where that is the reason. Return: its id, or NULL. */
static const char *conflict_find(struct vtap_applying *applying, struct vtap_interface *interface,
	int error, char ret_text[static VTAP_ERR_MAX])
{
	const struct vtap_devices *devices = &applying->set->devices;
	const struct vtap_wish *wish = &interface->wish;
	const struct vtap_device *holder;

	interface->blocker_index = 0;
	if (wish->mode != VTAP_MODE_VXLAN)
		return NULL;
	if (error == -EADDRINUSE) {
		port_conflict(applying, wish);
		(void)snprintf(ret_text, VTAP_ERR_MAX, "%s", applying->conflict); /* same size */
		interface->blocker_index = applying->conflict_index;
		return "port-taken";
	}
	if (error != -EEXIST || !vtap_conflict_vni(devices, wish, ret_text))
		return NULL;
	holder = vtap_conflict_find_vni(devices, wish);
	interface->blocker_index = holder != NULL ? holder->index : 0;
	return "vni-taken";
}

void vtap_interface_refuse(struct vtap_applying *applying, struct vtap_interface *interface,
	int error, const struct vtap_err *err)
{
	char conflict[VTAP_ERR_MAX];
	const char *reason = conflict_find(applying, interface, error, conflict);

	vtap_backoff_delay(&interface->backoff, applying->now_ns);
	if (reason != NULL)
		vtap_interface_set_waiting(applying, interface, reason, error, conflict);
	else
		vtap_interface_set_waiting(
			applying, interface, "session-waiting", error, vtap_err_text(err, error));
}

void vtap_interface_note_repair(struct vtap_applying *applying, struct vtap_interface *interface,
	const struct vtap_step *step)
{
	struct vtap_log_context context = log_context(interface, 0);
	uint64_t took_ns = vtap_clock_mono_ns() - applying->occasion->noticed_ns;

	interface->n_repairs++;
	applying->set->n_repairs++;
	if (!is_said(interface, vtap_step_is_harmless(step)) && !is_told_as_ready(interface) &&
		++applying->set->told.n_repaired <= FOLD_MIN)
		vtap_log(LOG_NOTICE, VTAP_EVENT_REPAIRED, &context,
			"%s: %s %s; repaired in %s%llu ms", interface->sessions,
			interface->wish.name, step->reason,
			took_ns < VTAP_NS_PER_MS ? "less than " : "",
			took_ns < VTAP_NS_PER_MS ? 1ULL : took_ns / VTAP_NS_PER_MS);
}

/* ---- the end of a run ---- */

static void names_log(size_t n, const char *names, const char *reason)
{
	const struct vtap_log_context context = { .sessions = names, .condition = reason };

	if (n > 0)
		vtap_log(vtap_log_priority(reason), VTAP_EVENT_SESSION_WAITING, &context,
			"%zu more wait, %s: %s", n, reason, names);
}

/* Those that have had no line of their own, all that wait for one reason: as many in a line as fit.
 */
static void untold_log(struct vtap_interfaces *set, const char *reason)
{
	char names[VTAP_NAMES_BYTES] = "";
	size_t used = 0, n = 0;

	for (size_t i = 0; i < set->n; i++) {
		struct vtap_interface *interface = set->interface[i];

		if (!interface->is_untold || !vtap_interface_waits_for(interface, reason))
			continue;
		if (used + strlen(interface->sessions) + sizeof(", ") > sizeof(names)) {
			names_log(n, names, reason);
			used = n = 0;
		}
		used += (size_t)snprintf(names + used, sizeof(names) - used, /* cut: one alone */
			"%s%s", n > 0 ? ", " : "", interface->sessions);
		used = used < sizeof(names) ? used : sizeof(names) - 1;
		interface->is_untold = false;
		n++;
	}
	names_log(n, names, reason);
}

/* At the end of a run more than a handful of lines of one kind become one. Who waits is named all
 * the same. */
static void log_folded(struct vtap_interfaces *set)
{
	const struct vtap_told told = set->told;

	set->told = (struct vtap_told){ 0 };
	if (told.n_repaired > FOLD_MIN)
		vtap_log(LOG_NOTICE, VTAP_EVENT_REPAIRED, NULL, "%u more interfaces repaired",
			told.n_repaired - FOLD_MIN);
	if (told.n_readied > FOLD_MIN)
		vtap_log(LOG_NOTICE, VTAP_EVENT_SESSION_READY, NULL, "%u more interfaces ready",
			told.n_readied - FOLD_MIN);
	for (size_t i = 0; i < set->n; i++)
		if (set->interface[i]->is_untold && set->interface[i]->reason != NULL)
			untold_log(set, set->interface[i]->reason);
}

void vtap_told_fold_if_due(struct vtap_interfaces *set, bool is_unfinished, uint64_t now_ns)
{
	if (set->told.since_ns == 0)
		set->told.since_ns = now_ns;
	if (!is_unfinished || now_ns - set->told.since_ns > FOLD_NS)
		log_folded(set);
}
