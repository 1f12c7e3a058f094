// SPDX-License-Identifier: Apache-2.0
#include "daemon/interfaces.h"

#include <assert.h>
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "daemon/conflict.h"
#include "daemon/interfaces_state.h"
#include "daemon/log.h"
#include "netlink/dump.h"
#include "netlink/link.h"
#include "tap/tap.h"

/* Steps of one turn; a TAP takes 0.3 ms to make and dress, so the loop answers within some 20 ms.
 */
#define STEPS_MAX 64

/* More repairs than this in one run become one line: somebody restarted a network manager. */
#define FOLD_MIN 16

/* A run that does not end is told of all the same. */
#define FOLD_NS (5 * VTAP_NS_PER_S)

/* Bytes of the names in one line. */
#define NAMES_BYTES 400

/* Looks in one turn while devices are being renamed. */
#define LOOKS_MAX 3

static const char *const STATE_NAMES[] = {
	[VTAP_STATE_ABSENT] = "absent",
	[VTAP_STATE_CREATING] = "creating",
	[VTAP_STATE_READY] = "ready",
	[VTAP_STATE_WAITING] = "waiting",
};
static_assert(VTAP_ARRAY_LEN(STATE_NAMES) == VTAP_STATE_COUNT, "every state has a name");

const char *vtap_state_name(enum vtap_state state)
{
	return STATE_NAMES[state];
}

/* ---- the set ---- */

int vtap_interfaces_new(struct vtap_nl *nl, struct vtap_interfaces **ret_set)
{
	struct vtap_interfaces *set = calloc(1, sizeof(*set));

	if (set == NULL)
		return -ENOMEM;
	set->nl = set->guards.nl = nl;
	*ret_set = set;
	return 0;
}

static void interface_free(struct vtap_interface *interface)
{
	if (interface == NULL)
		return;
	(void)vtap_fd_close(interface->fd);
	free(interface->sessions);
	free(interface->vnis);
	free(interface);
}
VTAP_FREEP(interface, struct vtap_interface, interface_free)

void vtap_interfaces_free(struct vtap_interfaces *set)
{
	if (set == NULL)
		return;
	for (size_t i = 0; i < set->n; i++)
		interface_free(set->interface[i]);
	for (size_t i = 0; i < set->n_closed; i++)
		(void)vtap_fd_close(set->closed[i]);
	free(set->interface);
	free(set->closed);
	free(set->removal);
	vtap_guards_done(&set->guards);
	vtap_devices_done(&set->devices);
	free(set);
}

static int name_compare(const void *name, const void *element)
{
	return strcmp(name, (*(struct vtap_interface *const *)element)->wish.name);
}

static struct vtap_interface *set_find(const struct vtap_interfaces *set, const char *name)
{
	struct vtap_interface *const *found =
		set->n == 0 ? NULL
			    : bsearch(name, set->interface, set->n, sizeof(*set->interface),
				      name_compare);

	return found != NULL ? *found : NULL;
}

const struct vtap_interface *vtap_interfaces_find(
	const struct vtap_interfaces *set, const char *name)
{
	return set_find(set, name);
}

const struct vtap_devices *vtap_interfaces_devices(const struct vtap_interfaces *set)
{
	return &set->devices;
}

uint64_t vtap_interfaces_n_repairs(const struct vtap_interfaces *set)
{
	return set->n_repairs;
}

int vtap_interfaces_own_indexes(const struct vtap_interfaces *set, int **ret_indexes, size_t *ret_n)
{
	int *indexes = calloc(set->n + 1, sizeof(*indexes));
	size_t n = 0;

	if (indexes == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < set->n; i++)
		if (set->interface[i]->wish.held_index != 0)
			indexes[n++] = set->interface[i]->wish.held_index;
	*ret_indexes = indexes;
	*ret_n = n;
	return 0;
}

int vtap_interfaces_take_closed(struct vtap_interfaces *set)
{
	return set->n_closed > 0 ? set->closed[--set->n_closed] : -1;
}

/* ---- wishes ---- */

static int session_compare(const void *a, const void *b)
{
	const struct vtap_session *left = *(const struct vtap_session *const *)a;
	const struct vtap_session *right = *(const struct vtap_session *const *)b;
	int r = strcmp(left->interface, right->interface);

	return r != 0 ? r : (left > right) - (left < right);
}

static char *names_join(const struct vtap_session *const *sessions, size_t n, const char *between)
{
	_auto_free char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		return NULL;
	for (size_t i = 0; i < n; i++)
		(void)fprintf(
			out, "%s%s", i > 0 ? between : "", sessions[i]->name); /* fclose tells */
	return fclose(out) == 0 ? vtap_steal(&text) : NULL;
}

/* @n sessions that share an interface. */
static int interface_new(const struct vtap_conf *conf, const struct vtap_session *const *sessions,
	size_t n, struct vtap_interface **ret_interface)
{
	const struct vtap_target *target = &conf->targets[sessions[0]->i_target];
	_auto(interface) struct vtap_interface *interface = calloc(1, sizeof(*interface));
	_auto_free char *marked = NULL;

	if (interface == NULL)
		return -ENOMEM;
	interface->fd = -1;

	interface->sessions = names_join(sessions, n, ", ");
	interface->vnis = vtap_session_format_vnis(sessions[0]);
	marked = names_join(sessions, n, ",");
	if (interface->sessions == NULL || interface->vnis == NULL || marked == NULL)
		return -ENOMEM;
	interface->wish = (struct vtap_wish){
		.mode = target->mode,
		.mtu_bytes = sessions[0]->mtu_bytes,
		.uid = geteuid(),
		.gid = getegid(),
	};
	if (target->mode == VTAP_MODE_VXLAN) {
		interface->wish.vni = sessions[0]->vnis[0].first; /* the only one: config/check.c */
		interface->wish.port = target->port;
		interface->wish.family = sessions[0]->family;
	}
	memcpy(interface->wish.name, sessions[0]->interface, sizeof(interface->wish.name));
	vtap_ifname_mac(interface->wish.name, interface->wish.mac);
	(void)snprintf(interface->wish.alias, sizeof(interface->wish.alias), "%s%.240s",
		VTAP_ALIAS_MARK, marked); /* cut is documented: the names are for people */
	*ret_interface = vtap_steal(&interface);
	return 0;
}

struct interface_list {
	struct vtap_interface **interface;
	size_t n;
};

static void list_done(struct interface_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		interface_free(list->interface[i]);
	free(list->interface);
}

/* What the configuration wants, as fresh interfaces sorted by name. */
static int list_from_conf(const struct vtap_conf *conf, struct interface_list *ret_list)
{
	_auto_free const struct vtap_session **sorted =
		calloc(conf->n_sessions + 1, sizeof(*sorted));
	size_t first = 0;

	ret_list->interface = calloc(conf->n_sessions + 1, sizeof(*ret_list->interface));
	if (sorted == NULL || ret_list->interface == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < conf->n_sessions; i++)
		sorted[i] = &conf->sessions[i];
	qsort(sorted, conf->n_sessions, sizeof(*sorted), session_compare);
	for (size_t i = 1; i <= conf->n_sessions; i++) {
		int r;

		if (i < conf->n_sessions &&
			strcmp(sorted[i]->interface, sorted[first]->interface) == 0)
			continue;
		r = interface_new(
			conf, &sorted[first], i - first, &ret_list->interface[ret_list->n]);
		if (r < 0)
			return r;
		ret_list->n++;
		first = i;
	}
	return 0;
}

static bool tunnels_are_equal(const struct vtap_wish *a, const struct vtap_wish *b)
{
	return a->vni == b->vni && a->port == b->port && a->family == b->family;
}

/* What is known of an interface of that name goes on in the new one. A device of the other kind is
 * not its own any more: it is removed, and its descriptor given up. */
static void interface_continue(struct vtap_interface *fresh, struct vtap_interface *old)
{
	fresh->n_repairs = old->n_repairs;
	if (fresh->wish.mode != old->wish.mode) {
		fresh->is_reconfigured = true;
		return;
	}
	fresh->wish.held_index = old->wish.held_index;
	fresh->wish.was_held = old->wish.was_held;
	fresh->fd = vtap_steal_fd(&old->fd);
	fresh->state = old->state;
	fresh->reason = old->reason;
	memcpy(fresh->message, old->message, sizeof(fresh->message));
	fresh->backoff = old->backoff;
	fresh->is_given_way = old->is_given_way;
	fresh->is_loss_said = old->is_loss_said;
	fresh->is_untold = old->is_untold;
	fresh->is_shown = old->is_shown;
	fresh->backoff.retry_at_ns = 0; /* a reload is a reason to try at once */
	fresh->is_reconfigured = old->is_reconfigured ||
				 fresh->wish.mtu_bytes != old->wish.mtu_bytes ||
				 strcmp(fresh->wish.alias, old->wish.alias) != 0 ||
				 !tunnels_are_equal(&fresh->wish, &old->wish);
}

int vtap_interfaces_want(struct vtap_interfaces *set, const struct vtap_conf *conf)
{
	__attribute__((cleanup(list_done))) struct interface_list list = { 0 };
	struct vtap_interface **old = set->interface;
	size_t n_old = set->n;
	int r = list_from_conf(conf, &list);

	if (r < 0)
		return r;
	for (size_t i = 0; i < list.n; i++) {
		struct vtap_interface *before = set_find(set, list.interface[i]->wish.name);

		if (before != NULL)
			interface_continue(list.interface[i], before);
	}
	for (size_t i = 0; i < n_old; i++)
		vtap_interfaces_give_up(set, &old[i]->fd); /* of those that nobody continues */
	set->interface = vtap_steal(&list.interface);
	set->n = list.n;
	list = (struct interface_list){ .interface = old, .n = n_old };
	return 0;
}

/* ---- states ---- */

static bool reason_is(const struct vtap_interface *interface, const char *reason)
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
	return interface->state == VTAP_STATE_WAITING && !reason_is(interface, "repair-loop");
}

static void state_set_ready(struct vtap_applying *applying, struct vtap_interface *interface)
{
	struct vtap_log_context context = log_context(interface, 0);

	context.because = interface->reason;
	if (is_told_as_ready(interface) && ++applying->set->told.n_readied <= FOLD_MIN)
		vtap_log(LOG_NOTICE, VTAP_EVENT_SESSION_READY, &context, "%s: ready, %s",
			interface->sessions, interface->wish.name);
	interface->state = VTAP_STATE_READY;
	interface->is_shown = interface->is_untold = false;
	interface->reason = NULL;
	interface->message[0] = '\0';
}

/* Are frames shown all the same while it is not done? */
static bool step_is_harmless(const struct vtap_step *step)
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

/* It must wait. One line when it begins, or when the reason changes; the later tries are silent,
 * and so is what was said before the last repair. */
static void state_put_off(struct vtap_applying *applying, struct vtap_interface *interface,
	const char *reason, int error, const char *message, bool is_shown)
{
	struct vtap_log_context context = log_context(interface, error);
	bool is_new = !reason_is(interface, reason) || strcmp(interface->message, message) != 0;
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

static void state_set_waiting(struct vtap_applying *applying, struct vtap_interface *interface,
	const char *reason, int error, const char *message)
{
	state_put_off(applying, interface, reason, error, message, false);
}

/* Who has its port: looked for once in a turn, which may refuse thousands. */
static const char *port_conflict(struct vtap_applying *applying, const struct vtap_wish *wish)
{
	if (applying->conflict_port != wish->port || applying->conflict_family != wish->family)
		vtap_conflict_port(&applying->set->devices, wish->port, wish, applying->conflict);
	applying->conflict_port = wish->port;
	applying->conflict_family = wish->family;
	return applying->conflict;
}

/* Who is in the way of a vxlan device, where that is the reason. Return: its id, or NULL. */
static const char *conflict_find(struct vtap_applying *applying, const struct vtap_wish *wish,
	int error, char ret_text[static VTAP_ERR_MAX])
{
	if (wish->mode != VTAP_MODE_VXLAN)
		return NULL;
	if (error == -EADDRINUSE) {
		(void)snprintf(
			ret_text, VTAP_ERR_MAX, "%s", port_conflict(applying, wish)); /* fits */
		return "port-taken";
	}
	if (error == -EEXIST && vtap_conflict_vni(&applying->set->devices, wish, ret_text))
		return "vni-taken";
	return NULL;
}

static void refuse(struct vtap_applying *applying, struct vtap_interface *interface, int error,
	const struct vtap_err *err)
{
	char conflict[VTAP_ERR_MAX];
	const char *reason = conflict_find(applying, &interface->wish, error, conflict);

	vtap_backoff_delay(&interface->backoff, applying->now_ns);
	if (reason != NULL)
		state_set_waiting(applying, interface, reason, error, conflict);
	else
		state_set_waiting(applying, interface, "session-waiting", error,
			err->text[0] != '\0' ? err->text : vtap_errno_text(error));
}

static void repaired(struct vtap_applying *applying, struct vtap_interface *interface,
	const struct vtap_step *step)
{
	struct vtap_log_context context = log_context(interface, 0);
	uint64_t took_ns = vtap_clock_mono_ns() - applying->occasion->noticed_ns;

	interface->n_repairs++;
	applying->set->n_repairs++;
	if (!is_said(interface, step_is_harmless(step)) && !is_told_as_ready(interface) &&
		++applying->set->told.n_repaired <= FOLD_MIN)
		vtap_log(LOG_NOTICE, VTAP_EVENT_REPAIRED, &context,
			"%s: %s %s; repaired in %s%llu ms", interface->sessions,
			interface->wish.name, step->reason,
			took_ns < VTAP_NS_PER_MS ? "less than " : "",
			took_ns < VTAP_NS_PER_MS ? 1ULL : took_ns / VTAP_NS_PER_MS);
}

/* ---- guards ---- */

/* Not while it is being made, or the guard put back: that takes milliseconds, or is told otherwise.
 */
static bool is_bare(const struct vtap_interfaces *set, int index)
{
	const struct vtap_device *device = vtap_devices_find_index(&set->devices, index);

	if (!set->guards.has_programs)
		return true;
	return !vtap_guards_is_on(&set->guards, index) && device != NULL &&
	       device->guard == VTAP_UNKNOWN;
}

size_t vtap_interfaces_count(const struct vtap_interfaces *set, size_t *ret_n_guarded)
{
	size_t n = 0, n_guarded = 0;

	for (size_t i = 0; i < set->n; i++) {
		int index = set->interface[i]->wish.held_index;

		n += index != 0;
		n_guarded += index != 0 && !is_bare(set, index);
	}
	*ret_n_guarded = n_guarded;
	return n;
}

void vtap_interfaces_guard_with(struct vtap_interfaces *set, const struct vtap_guard *guard)
{
	vtap_guards_use(&set->guards, guard);
	for (size_t i = 0; i < set->n; i++)
		set->interface[i]->is_reconfigured = true; /* what follows is no repair */
}

struct vtap_guards *vtap_interfaces_guards(struct vtap_interfaces *set)
{
	return &set->guards;
}

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
	state_set_waiting(applying, interface, "interface-foreign", 0, message);
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
	state_set_waiting(applying, interface, "session-waiting", 0, message);
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
	state_set_waiting(applying, interface, "port-taken", -EADDRINUSE, err->text);
}

/* Somebody keeps undoing what we do: he is asked to stop, in words, and repairs get rarer. */
static void step_give_way(struct vtap_applying *applying, struct vtap_interface *interface,
	const struct vtap_step *step)
{
	bool is_shown = step_is_harmless(step);
	char message[VTAP_ERR_MAX];

	(void)snprintf(message, sizeof(message), "somebody keeps changing %s, last: %s", /* fits */
		interface->wish.name, step->reason);
	if (reason_is(interface, "repair-loop") && interface->is_shown == is_shown)
		memcpy(message, interface->message, sizeof(message)); /* said once */
	state_put_off(applying, interface, "repair-loop", 0, message, is_shown);
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
	if (reason_is(interface, "interface-foreign") && step->kind != VTAP_STEP_FOREIGN)
		vtap_backoff_clear(&interface->backoff); /* so it is here */
	if (!vtap_backoff_is_due(&interface->backoff, applying->now_ns) &&
		(!interface->is_shown || step_is_harmless(step))) { /* else it got worse */
		if (interface->state == VTAP_STATE_READY || interface->is_shown)
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
		refuse(applying, interface, r, err);
		return;
	}
	if (is_repair)
		repaired(applying, interface, step);
	else
		vtap_backoff_clear(&interface->backoff);
	if (step->kind != VTAP_STEP_RENAME) /* a SET may follow in this turn */
		interface->is_reconfigured = false;
	state_set_ready(applying, interface);
}

static void step_run(struct vtap_applying *applying, struct vtap_interface *interface,
	const struct vtap_step *step)
{
	struct vtap_err err = VTAP_ERR_NULL;

	if (step_is_due(applying, interface, step))
		step_note(applying, interface, step,
			vtap_step_apply(applying, interface, step, &err), &err);
}

/* ---- a turn ---- */

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

static int removals_keep(struct vtap_interfaces *set, const struct vtap_plan *plan)
{
	int *removal = calloc(plan->n + 1, sizeof(*removal));

	if (removal == NULL)
		return -ENOMEM;
	free(set->removal);
	set->removal = removal;
	set->n_removals = 0;
	for (size_t i = 0; i < plan->n; i++)
		if (plan->step[i].kind == VTAP_STEP_REMOVE)
			removal[set->n_removals++] = plan->step[i].index;
	return 0;
}

/* Does this removal not wait for the end? @ret_blocked: the interface that wants its name, or NULL.
 */
static bool removal_is_early(const struct vtap_interfaces *set, int index, uint64_t now_ns,
	struct vtap_interface **ret_blocked)
{
	const struct vtap_device *device = vtap_devices_find_index(&set->devices, index);

	*ret_blocked = set_find(set, device->name);
	if (*ret_blocked != NULL)
		return vtap_backoff_is_due(&(*ret_blocked)->backoff, now_ns);
	return device->is_vxlan;
}

/* Those whose name is wanted are made anew, and told of then. As many are named as fit. */
static void log_removed(const struct vtap_interfaces *set, const int *indexes, size_t n_indexes)
{
	char names[NAMES_BYTES] = "";
	size_t used = 0, n = 0, n_named = 0;

	for (size_t i = 0; i < n_indexes; i++) {
		const struct vtap_device *device =
			vtap_devices_find_index(&set->devices, indexes[i]);

		if (set_find(set, device->name) != NULL)
			continue;
		n++;
		if (used + strlen(device->name) + sizeof(", ") > sizeof(names))
			continue;
		used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s", /* fits */
			used > 0 ? ", " : "", device->name);
		n_named++;
	}
	if (n > 0)
		vtap_log(LOG_INFO, VTAP_EVENT_INTERFACE_REMOVED,
			&(struct vtap_log_context){ .interface = names },
			"removed %zu %s that no session has: %s%s", n,
			n == 1 ? "interface" : "interfaces", names, n_named < n ? ", ..." : "");
}

/* One by one, where all together were refused. Whose name stays taken waits; the others go on.
 * Those that block nobody: see vtap_interfaces_remove(), which tells. */
static void removals_unblock(struct vtap_applying *applying)
{
	struct vtap_interfaces *set = applying->set;

	for (size_t i = 0; i < set->n_removals; i++) {
		struct vtap_err err = VTAP_ERR_NULL;
		struct vtap_interface *blocked;
		int r;

		if (!removal_is_early(set, set->removal[i], applying->now_ns, &blocked) ||
			blocked == NULL)
			continue;
		r = vtap_links_delete(set->nl, &set->removal[i], 1, &err);
		if (r == 0) {
			applying->n_steps++;
			continue;
		}
		(void)vtap_err_add(&err, r, "remove the former %s", blocked->wish.name);
		refuse(applying, blocked, r, &err);
	}
}

/* Nothing comes in any more on vxlan devices that go, before their counters are read for the last
 * time. Refused: a few frames are not counted. */
static void removals_count(struct vtap_applying *applying, const int *indexes, size_t n)
{
	struct vtap_interfaces *set = applying->set;
	bool has_vxlans = false;

	for (size_t i = 0; i < n; i++) {
		const struct vtap_device *device =
			vtap_devices_find_index(&set->devices, indexes[i]);

		if (!device->is_vxlan || !vtap_link_is_still(set->nl, device))
			continue;
		has_vxlans = true;
		(void)vtap_link_set_down(set->nl, device->index, NULL);
	}
	if (has_vxlans && applying->occasion->count != NULL)
		applying->occasion->count(applying->occasion->arg);
}

/* Removals that cannot wait for the end: what has a name that is wanted, and vxlan devices, which
 * have a VNI and a port besides. All together: by a link group a thousand take no longer than some.
 */
static void removals_early(struct vtap_applying *applying)
{
	struct vtap_interfaces *set = applying->set;
	_auto_free int *early = calloc(set->n_removals + 1, sizeof(*early));
	size_t n = 0, n_left = 0;

	for (size_t i = 0; i < set->n_removals && early != NULL; i++) {
		struct vtap_interface *blocked;
		int index = set->removal[i];

		if (!removal_is_early(set, index, applying->now_ns, &blocked)) {
			set->removal[n_left++] = index;
			continue;
		}
		early[n++] = index;
	}
	if (n == 0)
		return;
	removals_count(applying, early, n);
	if (vtap_links_delete(set->nl, early, n, NULL) < 0) {
		memcpy(&set->removal[n_left], early, n * sizeof(*early));
		removals_unblock(applying);
		return;
	}
	applying->n_steps++;
	set->n_removals = n_left;
	log_removed(set, early, n);
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
			state_set_ready(applying, set->interface[i]);
		if (i_step == plan->n || plan->step[i_step].i_wish != i)
			set->interface[i]->is_reconfigured = set->interface[i]->is_awaiting = false;
	}
}

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
	char names[NAMES_BYTES] = "";
	size_t used = 0, n = 0;

	for (size_t i = 0; i < set->n; i++) {
		struct vtap_interface *interface = set->interface[i];

		if (!interface->is_untold || !reason_is(interface, reason))
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

static void fold_if_due(struct vtap_interfaces *set, bool is_unfinished, uint64_t now_ns)
{
	if (set->told.since_ns == 0)
		set->told.since_ns = now_ns;
	if (!is_unfinished || now_ns - set->told.since_ns > FOLD_NS)
		log_folded(set);
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
	fold_if_due(set, applying->turn->is_unfinished, applying->now_ns);
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

/* Somebody may take the mark off a device of ours, or change its MAC. Without both it is not known
 * for ours: its index may have been given again, also to a device that comes from elsewhere. */
static bool vxlan_is_known(const struct vtap_wish *wish, const struct vtap_device *device)
{
	return device->is_vxlan && (vtap_device_is_ours(device) ||
					   memcmp(device->mac, wish->mac, sizeof(wish->mac)) == 0);
}

/* Is the device with that index still the one behind our descriptor? An index may be given again.
 */
static bool held_is_there(const struct vtap_interfaces *set, const struct vtap_interface *interface,
	bool *ret_is_moving)
{
	const struct vtap_device *device =
		vtap_devices_find_index(&set->devices, interface->wish.held_index);
	char name[VTAP_TAP_NAME_MAX];

	if (interface->wish.mode == VTAP_MODE_VXLAN)
		return device != NULL && vxlan_is_known(&interface->wish, device);
	if (device == NULL || !device->is_tap || vtap_tap_name(interface->fd, name) < 0)
		return false;
	if (strcmp(name, device->name) == 0)
		return true;
	*ret_is_moving =
		true; /* renamed since the look, or in another namespace and the index reused */
	return false;
}

/* Forget devices that were deleted. Return: did one of them change its name since the look? */
static bool held_check(struct vtap_interfaces *set)
{
	bool is_moving = false;

	for (size_t i = 0; i < set->n; i++) {
		struct vtap_interface *interface = set->interface[i];
		bool is_this_moving = false;

		if (interface->wish.held_index != 0 &&
			!held_is_there(set, interface, &is_this_moving) && !is_this_moving)
			interface->wish.held_index = 0;
		is_moving = is_moving || is_this_moving;
	}
	return is_moving;
}

void vtap_interfaces_offload_with(struct vtap_interfaces *set, struct vtap_offload *offload)
{
	set->offload = offload;
	set->note_err.text[0] = '\0';
}

const char *vtap_interfaces_unknown_merging(const struct vtap_interfaces *set)
{
	return set->note_err.text[0] != '\0' ? set->note_err.text : NULL;
}

/* A look is worth something without: told when it begins, or for another reason. */
static void merging_note(struct vtap_interfaces *set, struct vtap_devices *devices)
{
	const struct vtap_err none = VTAP_ERR_NULL;
	struct vtap_err err = none;
	int r = set->offload != NULL ? vtap_offload_note(set->offload, devices, &err) : 0;

	if (r < 0 && err.text[0] == '\0')
		(void)vtap_err_set(&err, r, "%s", vtap_errno_text(r)); /* returns it */
	if (r < 0 && strcmp(err.text, set->note_err.text) != 0)
		vtap_log(LOG_WARNING, VTAP_EVENT_TROUBLE, &(struct vtap_log_context){ .error = r },
			"whether frames are merged is not known, and it is not switched off: %s; "
			"tried again every second",
			err.text);
	set->note_err = r < 0 ? err : none;
}

static int look_once(struct vtap_interfaces *set, struct vtap_err *err)
{
	struct vtap_devices devices = { 0 };
	int r = vtap_links_dump(set->nl, &devices, err);

	if (r < 0)
		return r;
	merging_note(set, &devices);
	vtap_devices_done(&set->devices);
	set->devices = devices;
	return 0;
}

/* Until nobody was renamed meanwhile. */
int vtap_interfaces_look(struct vtap_interfaces *set, struct vtap_err *err)
{
	bool is_moving = true;

	for (int i = 0; i < LOOKS_MAX && is_moving; i++) {
		int r = look_once(set, err);

		if (r < 0)
			return r;
		is_moving = held_check(set);
	}
	for (size_t i = 0; i < set->n && is_moving; i++) {
		struct vtap_interface *interface = set->interface[i];

		/* it keeps its other name while we look: somebody moved it to another namespace */
		if (interface->wish.held_index != 0 && !held_is_there(set, interface, &is_moving))
			interface->wish.held_index = 0;
	}
	vtap_guards_note(&set->guards, &set->devices, vtap_clock_mono_ns());
	return 0;
}

bool vtap_interfaces_release_port(struct vtap_interfaces *set, uint16_t port)
{
	bool has_any = false;

	for (size_t i = 0; i < set->devices.n; i++) {
		const struct vtap_device *device = &set->devices.device[i];

		if (!device->is_vxlan || device->vxlan.port != port ||
			(device->flags & IFF_UP) == 0 || !vtap_device_is_ours(device) ||
			!vtap_link_is_still(set->nl, device))
			continue;
		has_any = true;
		(void)vtap_link_set_down(set->nl, device->index, NULL); /* see the header */
	}
	return has_any;
}

static int turn_plan(struct vtap_interfaces *set, struct vtap_plan *ret_plan)
{
	_auto_free struct vtap_wish *wishes = NULL;
	int r = wishes_copy(set, &wishes);

	return r < 0 ? r : vtap_plan_make(wishes, set->n, &set->devices, ret_plan);
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
		r = removals_keep(set, &plan);
	if (r == 0) {
		removals_early(&applying);
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

int vtap_interfaces_remove(struct vtap_interfaces *set, struct vtap_err *err)
{
	size_t n = set->n_removals;
	int r = n == 0 ? 0 : vtap_links_delete(set->nl, set->removal, n, err);

	if (r < 0)
		return r;
	log_removed(set, set->removal, n);
	set->n_removals = 0;
	return 0;
}
